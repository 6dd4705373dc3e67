/*
 * Who is logged in, for who, users and uptime (utmpx.h): a record is believed
 * as long as its process runs; in a file that was named, always.
 */
#pragma once

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <utmpx.h>

#ifndef UT_NAMESIZE
#define UT_NAMESIZE sizeof(((struct utmpx *)0)->ut_user)
#endif
#ifndef UT_LINESIZE
#define UT_LINESIZE sizeof(((struct utmpx *)0)->ut_line)
#endif
#ifndef UT_HOSTSIZE
#define UT_HOSTSIZE sizeof(((struct utmpx *)0)->ut_host)
#endif

/* Fields need not end; and nothing of them reaches the terminal that obeys. */
static inline void field_text(char *out, const char *field, size_t size)
{
	size_t n = strnlen(field, size), i;

	for (i = 0; i < n; i++)
		out[i] = iscntrl((unsigned char)field[i]) ? '?' : field[i];
	out[n] = 0;
}

static inline int login_is_there(const struct utmpx *u, const char *file)
{
	return u->ut_type == USER_PROCESS && *u->ut_user &&
	       (file || u->ut_pid <= 0 || kill(u->ut_pid, 0) == 0 ||
		errno != ESRCH);
}

/* NULL: the system's own file, where a missing one says that nobody is there. */
static inline void login_open(const char *file)
{
	FILE *f = file ? fopen(file, "re") : NULL;

	if (file && (!f || utmpxname(file) < 0))
		err(1, "%s", file);
	if (f)
		fclose(f);
	setutxent();
}

static inline struct utmpx *login_next(const char *file)
{
	struct utmpx *u;

	while ((u = getutxent()))
		if (login_is_there(u, file))
			break;
	return u;
}
