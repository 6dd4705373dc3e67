/* renice: give programs that run another niceness. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "plain.h"

static const char text[] =
	"usage: renice -n change [-p | -g | -u] id...\n"
	"       renice niceness [-p | -g | -u] id...\n";

static int failed;

static long number(const char *s, const char *what)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (*end || end == s || errno || n < INT_MIN || n > INT_MAX)
		errx(1, "invalid %s '%s'", what, s);
	return n;
}

static id_t id_of(int which, const char *s)
{
	struct passwd *pw = which == PRIO_USER ? getpwnam(s) : NULL;
	long n;

	if (pw)
		return pw->pw_uid;
	n = number(s, which == PRIO_USER ? "user" : "number");
	/* 0 would be this program's own, but for users. */
	if (n < (which != PRIO_USER))
		errx(1, "invalid number '%s'", s);
	return (id_t)n;
}

/* by: add to what it has now. */
static void change(int which, const char *s, long value, int by)
{
	id_t id = id_of(which, s);

	errno = 0;
	if (by)
		value += getpriority(which, id);
	/* More than the ends of the scale is the end. */
	if (errno || setpriority(which, id, value < -20  ? -20
					    : value > 19 ? 19
							 : (int)value) < 0) {
		warn("%s", s);
		failed = 1;
	}
}

static int usage(void)
{
	fputs(text, stderr);
	return 1;
}

int main(int argc, char **argv)
{
	int which = PRIO_PROCESS, by = 0, given = 0, ids = 0;
	long value = 0;
	const char *s;

	plain_help(argc, argv, text);
	/* Options may stand among the ids; each is for those behind it. */
	for (int i = 1; i < argc; i++) {
		s = argv[i];
		if (!strcmp(s, "-p") || !strcmp(s, "--pid")) {
			which = PRIO_PROCESS;
		} else if (!strcmp(s, "-g") || !strcmp(s, "--pgrp")) {
			which = PRIO_PGRP;
		} else if (!strcmp(s, "-u") || !strcmp(s, "--user")) {
			which = PRIO_USER;
		} else if (!strncmp(s, "-n", 2) && !given) {
			s = s[2] ? s + 2 : argv[++i];
			if (!s)
				return usage();
			value = number(s, "change");
			by = given = 1;
		} else if (!given) {
			if (*s == '-' && (s[1] < '0' || s[1] > '9'))
				return usage();
			value = number(s, "niceness");
			given = 1;
		} else if (*s == '-') {
			return usage();
		} else {
			change(which, s, value, by);
			ids++;
		}
	}
	return given && ids ? failed : usage();
}
