/*
 * Users, from /etc/passwd, read anew at each question.  Where the file is
 * missing or has no line for it, number 0 is still called root.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "user/lib/users.h"

#define PASSWD "/etc/passwd"

static struct users_line line;
static struct passwd found;
static FILE *all;

static struct passwd *next(FILE *f)
{
	if (__users_next(f, &line, 7, 1u << 2 | 1u << 3) <= 0)
		return NULL;
	found.pw_name = line.fields[0];
	found.pw_passwd = line.fields[1];
	found.pw_uid = __users_number(line.fields[2]);
	found.pw_gid = __users_number(line.fields[3]);
	found.pw_gecos = line.fields[4];
	found.pw_dir = line.fields[5];
	found.pw_shell = line.fields[6];
	return &found;
}

struct passwd *fgetpwent(FILE *f)
{
	return next(f);
}

int putpwent(const struct passwd *p, FILE *f)
{
	if (!*p->pw_name || !__users_plain(p->pw_name) ||
	    !__users_plain(p->pw_passwd) || !__users_plain(p->pw_gecos) ||
	    !__users_plain(p->pw_dir) || !__users_plain(p->pw_shell)) {
		errno = EINVAL;
		return -1;
	}
	return fprintf(f, "%s:%s:%u:%u:%s:%s:%s\n", p->pw_name,
		       p->pw_passwd ? p->pw_passwd : "", p->pw_uid, p->pw_gid,
		       p->pw_gecos ? p->pw_gecos : "",
		       p->pw_dir ? p->pw_dir : "",
		       p->pw_shell ? p->pw_shell : "") < 0
		       ? -1
		       : 0;
}

void setpwent(void)
{
	if (all)
		rewind(all);
}

void endpwent(void)
{
	if (all)
		fclose(all);
	all = NULL;
}

struct passwd *getpwent(void)
{
	if (!all)
		all = fopen(PASSWD, "re");
	return all ? next(all) : NULL;
}

static struct passwd *lookup(const char *name, uid_t uid)
{
	static char root[] = "root", x[] = "x", home[] = "/root",
		    shell[] = "/bin/sh";
	FILE *f = fopen(PASSWD, "re");
	struct passwd *p = NULL;

	while (f && (p = next(f)))
		if (name ? !strcmp(p->pw_name, name) : p->pw_uid == uid)
			break;
	if (f)
		fclose(f);
	if (p || (name ? strcmp(name, "root") != 0 : uid != 0))
		return p;
	found = (struct passwd){ root, x, 0, 0, root, home, shell };
	return &found;
}

struct passwd *getpwuid(uid_t uid)
{
	return lookup(NULL, uid);
}

struct passwd *getpwnam(const char *name)
{
	return lookup(name, 0);
}
