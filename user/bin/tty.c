/*
 * tty: the name of the terminal that is the standard input.  As logname: who
 * has logged in at it.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "login.h"
#include "plain.h"

static const char usage_text[] = "usage: tty [-s]\n       logname\n";

static int login_name(void)
{
	const char *line = ttyname(0);
	char user[UT_NAMESIZE + 1];
	struct utmpx *u = NULL, key = { 0 };

	if (line && !strncmp(line, "/dev/", 5)) {
		strncpy(key.ut_line, line + 5, sizeof(key.ut_line) - 1);
		setutxent();
		u = getutxline(&key);
	}
	if (!u || !login_is_there(u, NULL)) {
		warnx("no login name");
		return 1;
	}
	field_text(user, u->ut_user, sizeof(u->ut_user));
	puts(user);
	return plain_end(0, 1);
}

int main(int argc, char **argv)
{
	int silent = 0, c;
	const char *name;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv,
			   plain_named(argv, "logname") ? "" : "s")) != -1) {
		if (c != 's')
			goto usage;
		silent = 1;
	}
	if (optind != argc)
		goto usage;
	if (plain_named(argv, "logname"))
		return login_name();
	name = isatty(0) ? ttyname(0) : NULL;
	if (!silent)
		puts(name ? name : "not a tty");
	return plain_end(name == NULL, 3);
usage:
	fputs(usage_text, stderr);
	return 2;
}
