/* mkfifo: make named pipes. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mode.h"

static int usage(int status)
{
	fputs("usage: mkfifo [-m mode] name...\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	mode_t mask = umask(0), mode = 0666;
	int c, given = 0, failed = 0;

	umask(mask);
	while ((c = getopt_long(argc, argv, "m:", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (mode_change(optarg, 0666, 0, mask, &mode) < 0)
				errx(1, "invalid mode '%s'", optarg);
			if (mode & ~0777u)
				errx(1, "'%s' has more than rwx", optarg);
			given = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc)
		return usage(1);
	/* What was asked for is not for the mask to change. */
	if (given)
		umask(0);
	for (; optind < argc; optind++) {
		if (mkfifo(argv[optind], mode) < 0) {
			warn("%s", argv[optind]);
			failed = 1;
		}
	}
	return failed;
}
