/* Users, groups, passwords: the files' lines, and how a password is hashed. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/test/check.h"

static FILE *file(const char *text)
{
	FILE *f = fmemopen((void *)(size_t)text, strlen(text), "r");

	if (!f)
		exit(1);
	return f;
}

static void test_passwd(void)
{
	FILE *f = file("root:x:0:0:root:/root:/bin/sh\n"
		       "\n"
		       "ann:x:1000:1001:Ann, of 7:/home/ann:\n"
		       "bad:x:10\n"
		       "worse:x:abc:0::/:/bin/sh\n"
		       "last:x:7:8:::/bin/false");
	struct passwd *p = fgetpwent(f);
	char *text;
	size_t n;

	CHECK(p && p->pw_uid == 0 && p->pw_gid == 0);
	CHECK_STR(p->pw_name, "root");
	CHECK_STR(p->pw_shell, "/bin/sh");
	p = fgetpwent(f);
	CHECK(p && p->pw_uid == 1000 && p->pw_gid == 1001);
	CHECK_STR(p->pw_gecos, "Ann, of 7");
	CHECK_STR(p->pw_dir, "/home/ann");
	CHECK_STR(p->pw_shell, "");
	p = fgetpwent(f);
	/* No number is not the number 0. */
	CHECK(p && p->pw_uid == 7);
	CHECK_STR(p->pw_name, "last");
	CHECK(!fgetpwent(f));
	f = open_memstream(&text, &n);
	CHECK(putpwent(p, f) == 0);
	fflush(f);
	CHECK_STR(text, "last:x:7:8:::/bin/false\n");
	p->pw_dir = (char *)(size_t) "/a:b";
	errno = 0;
	CHECK(putpwent(p, f) == -1 && errno == EINVAL);
	p->pw_dir = (char *)(size_t) "/a\nroot2:x:0:0:::";
	CHECK(putpwent(p, f) == -1 && errno == EINVAL);
	CHECK(getpwuid(0) && !getpwuid(0x7ffffff0));
	CHECK(!getpwnam("no such user") && getpwnam("root"));
}

static void test_group(void)
{
	FILE *f = file("root:x:0:\nmany:x:50:a,bc,,d\nbad:x:-1:\n"
		       "none:x:51:\n");
	struct group *g = fgetgrent(f);
	char *text;
	size_t n;

	CHECK(g && g->gr_gid == 0 && !g->gr_mem[0]);
	g = fgetgrent(f);
	CHECK(g && g->gr_gid == 50);
	CHECK_STR(g->gr_mem[0], "a");
	CHECK_STR(g->gr_mem[1], "bc");
	CHECK_STR(g->gr_mem[2], "d");
	CHECK(!g->gr_mem[3]);
	f = open_memstream(&text, &n);
	CHECK(putgrent(g, f) == 0);
	fflush(f);
	CHECK_STR(text, "many:x:50:a,bc,d\n");
	g->gr_name = (char *)(size_t) "a:b";
	errno = 0;
	CHECK(putgrent(g, f) == -1 && errno == EINVAL);
	CHECK(getgrgid(0) && !getgrgid(0x7ffffff0));
	CHECK(!getgrnam("no such group"));
}

static void test_group_list(void)
{
	gid_t list[4] = { 9, 9, 9, 9 };
	int n = 4;

	CHECK(getgrouplist("no such user", 77, list, &n) == 1);
	CHECK(n == 1 && list[0] == 77 && list[1] == 9);
	n = 0;
	list[0] = 9;
	CHECK(getgrouplist("no such user", 77, list, &n) == -1);
	CHECK(n == 1 && list[0] == 9);
}

static void test_shadow(void)
{
	FILE *f = file("ann:$6$x$y:19000:0:99999:7:::\nlow:*:::::::\n"
		       "short:x\n");
	struct spwd *s = fgetspent(f), bad;
	char *text;
	size_t n;

	CHECK(s && s->sp_lstchg == 19000 && s->sp_min == 0 &&
	      s->sp_max == 99999 && s->sp_warn == 7 && s->sp_inact == -1 &&
	      s->sp_expire == -1 && s->sp_flag == (unsigned long)-1);
	CHECK_STR(s->sp_pwdp, "$6$x$y");
	bad = *s;
	f = open_memstream(&text, &n);
	CHECK(putspent(s, f) == 0);
	fflush(f);
	CHECK_STR(text, "ann:$6$x$y:19000:0:99999:7:::\n");
	bad.sp_pwdp = (char *)(size_t) "a:b";
	errno = 0;
	CHECK(putspent(&bad, f) == -1 && errno == EINVAL);
}

int main(void)
{
	test_passwd();
	test_group();
	test_group_list();
	test_shadow();
	puts(check_failed ? "failed" : "ok");
	return check_failed;
}
