/*
 * readlink: what symbolic links say; -f, -e, -m: the path behind all of them,
 * where the last part, nothing, or any part may be missing.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canonical.h"
#include "shown.h"

static int usage(int status)
{
	fputs("usage: readlink [-femnqsvz] file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "canonicalize", no_argument, NULL, 'f' },
		{ "canonicalize-existing", no_argument, NULL, 'e' },
		{ "canonicalize-missing", no_argument, NULL, 'm' },
		{ "no-newline", no_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "silent", no_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "zero", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, how = 0, newline = 1, verbose = 0, end = '\n', failed = 0;
	char text[PATH_MAX], *whole;
	const char *show;
	ssize_t n;

	while ((c = getopt_long(argc, argv, "femnqsvz", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
		case 'e':
		case 'm':
			how = c;
			break;
		case 'n':
			newline = 0;
			break;
		case 'q':
		case 's':
			verbose = 0;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'z':
			end = 0;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc)
		return usage(1);
	if (!newline && argc - optind > 1) {
		warnx("-n is left out: there is more than one file");
		newline = 1;
	}
	for (; optind < argc; optind++) {
		whole = NULL;
		show = NULL;
		if (how) {
			show = whole = canonical(argv[optind], how, 1);
		} else {
			n = readlink(argv[optind], text, sizeof(text) - 1);
			if (n >= 0) {
				text[n] = 0;
				show = text;
			}
		}
		if (!show) {
			if (verbose)
				warn("%s", argv[optind]);
			failed = 1;
			continue;
		}
		if (end)
			shown_name(stdout, show);
		else
			fputs(show, stdout);
		if (newline)
			putchar(end);
		free(whole);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
