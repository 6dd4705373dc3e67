/* The file of who is logged in: read, written in place, appended to. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include "user/lib/test/check.h"

static char path[] = "/tmp/utmpx-XXXXXX";

static void put(int type, const char *id, const char *line, const char *user)
{
	struct utmpx u;

	memset(&u, 0, sizeof(u));
	u.ut_type = (short)type;
	u.ut_pid = 7;
	strncpy(u.ut_id, id, sizeof(u.ut_id));
	strncpy(u.ut_line, line, sizeof(u.ut_line));
	strncpy(u.ut_user, user, sizeof(u.ut_user));
	setutxent();
	CHECK(pututxline(&u) != NULL);
	endutxent();
}

static long records(void)
{
	struct stat st;

	CHECK(stat(path, &st) == 0);
	CHECK(st.st_size % 384 == 0);
	return (long)(st.st_size / 384);
}

static void test_records(void)
{
	struct utmpx want, *u;

	put(BOOT_TIME, "~~", "~", "reboot");
	put(USER_PROCESS, "tty1", "tty1", "ann");
	put(USER_PROCESS, "tty2", "tty2", "bob");
	CHECK(records() == 3);
	/* One that went leaves its place to the next. */
	put(DEAD_PROCESS, "tty1", "tty1", "");
	put(LOGIN_PROCESS, "tty1", "tty1", "LOGIN");
	put(USER_PROCESS, "tty1", "tty1", "cid");
	put(BOOT_TIME, "~~", "~", "reboot");
	CHECK(records() == 3);
	memset(&want, 0, sizeof(want));
	setutxent();
	u = getutxent();
	CHECK(u && u->ut_type == BOOT_TIME);
	u = getutxent();
	CHECK(u && !strcmp(u->ut_user, "cid"));
	u = getutxent();
	CHECK(u && !strcmp(u->ut_user, "bob") && u->ut_pid == 7);
	CHECK(!getutxent());
	setutxent();
	strcpy(want.ut_line, "tty2");
	u = getutxline(&want);
	CHECK(u && !strcmp(u->ut_user, "bob"));
	CHECK(!getutxline(&want));
	setutxent();
	memcpy(want.ut_id, "tty1", 4);
	want.ut_type = DEAD_PROCESS;
	u = getutxid(&want);
	CHECK(u && !strcmp(u->ut_user, "cid"));
	CHECK(!getutxid(&want));
	setutxent();
	want.ut_type = RUN_LVL;
	CHECK(!getutxid(&want));
	endutxent();
}

/* The place is found behind others that were read, and again for the one that
 * was read last. */
static void test_place(void)
{
	struct utmpx want, *u;

	memset(&want, 0, sizeof(want));
	strcpy(want.ut_line, "tty2");
	setutxent();
	u = getutxline(&want);
	CHECK(u != NULL);
	want = *u;
	want.ut_type = DEAD_PROCESS;
	memset(want.ut_user, 0, sizeof(want.ut_user));
	CHECK(pututxline(&want) != NULL);
	endutxent();
	CHECK(records() == 3);
	CHECK(!getutxline(&want));
	endutxent();
}

int main(void)
{
	struct utmpx none;
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	CHECK(utmpxname(path) == 0);
	CHECK(!getutxent());
	test_records();
	test_place();
	/* A piece at the end is none. */
	CHECK(lseek(fd, 0, SEEK_END) == 3 * 384 && write(fd, "rest", 4) == 4);
	put(USER_PROCESS, "p/0", "pts/0", "dan");
	CHECK(records() == 4);
	updwtmpx(path, (memset(&none, 0, sizeof(none)), &none));
	CHECK(records() == 5);
	unlink(path);
	updwtmpx(path, &none);
	CHECK(access(path, F_OK) < 0);
	memset(&none, 0, sizeof(none));
	none.ut_type = USER_PROCESS;
	endutxent();
	CHECK(!pututxline(&none));
	puts(check_failed ? "failed" : "ok");
	return check_failed;
}
