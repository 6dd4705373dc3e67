/*
 * suspend: the machine sleeps, its memory kept, until a key is pressed or,
 * when a number of seconds is given, the time is over.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "/proc/sbi/suspend"

static void usage(FILE *to)
{
	fprintf(to, "usage: suspend [seconds]\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *seconds = "";
	char order[32];
	int c, fd, n;

	c = getopt_long(argc, argv, "h", options, NULL);
	if (c != -1 || optind + 1 < argc) {
		usage(c == 'h' ? stdout : stderr);
		return c != 'h';
	}
	if (optind < argc)
		seconds = argv[optind];
	n = snprintf(order, sizeof(order), "mem%s%s", *seconds ? " " : "",
		     seconds);
	if (strspn(seconds, "0123456789") != strlen(seconds) ||
	    n >= (int)sizeof(order))
		errx(1, "%s: not a number of seconds", seconds);
	fd = open(FILE_NAME, O_WRONLY);
	if (fd < 0)
		err(1, FILE_NAME);
	if (write(fd, order, (size_t)n) >= 0)
		return 0;
	switch (errno) {
	case EOPNOTSUPP:
		errx(1, "the firmware cannot suspend this machine");
	case EINVAL:
		errx(1, "nothing would wake the machine: name fewer seconds, "
			"or some");
	case EBUSY:
		errx(1, "a device does not come to rest");
	default:
		err(1, "the machine does not suspend");
	}
}
