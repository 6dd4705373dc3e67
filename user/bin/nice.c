/* nice: run a program with another priority, or tell one's own. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int usage(int status)
{
	fputs("usage: nice [-n change] [command [argument...]]\n",
	      status ? stderr : stdout);
	return status;
}

static long number(const char *s)
{
	char *end;
	long n;

	n = strtol(s, &end, 10);
	if (*end || end == s)
		errx(125, "invalid change '%s'", s);
	/* More than this is the end of the scale in any case. */
	return n < -40 ? -40 : n > 40 ? 40 : n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "adjustment", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long change = 10;
	int c, given = 0;
	const char *s;

	/* nice -5, nice --5: as it was before -n. */
	while (optind < argc && argv[optind][0] == '-') {
		s = argv[optind] + 1;
		if (!s[*s == '-' || *s == '+'] ||
		    strspn(s + (*s == '-' || *s == '+'), "0123456789") !=
			    strlen(s + (*s == '-' || *s == '+')))
			break;
		change = number(s);
		given = 1;
		optind++;
	}
	while (!given &&
	       (c = getopt_long(argc, argv, "+n:", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			change = number(optarg);
			break;
		case 'h':
			return usage(0);
		default:
			return usage(125);
		}
		if (optind == argc && c == 'n') {
			warnx("a command must be given with a change");
			return usage(125);
		}
	}
	errno = 0;
	if (optind == argc) {
		if (given) {
			warnx("a command must be given with a change");
			return usage(125);
		}
		c = getpriority(PRIO_PROCESS, 0);
		if (c == -1 && errno)
			err(125, "cannot get the priority");
		printf("%d\n", c);
		if (fflush(stdout))
			err(125, "write error");
		return 0;
	}
	/* The program runs all the same when it may not be preferred. */
	if (nice((int)change) == -1 && errno) {
		if (errno != EPERM && errno != EACCES)
			err(125, "cannot set the priority");
		warn("cannot set the priority");
	}
	execvp(argv[optind], argv + optind);
	c = errno == ENOENT ? 127 : 126;
	err(c, "%s", argv[optind]);
}
