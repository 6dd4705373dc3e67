/* rmdir: remove empty directories.  -p: then those above them too. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shown.h"

static int parents, verbose, ignore_full;

static int remove_all(char *path)
{
	char *slash;

	for (;;) {
		if (verbose)
			shown_print(stdout, "rmdir: removing directory, '%s'\n",
				    path);
		if (rmdir(path) < 0) {
			if (ignore_full &&
			    (errno == ENOTEMPTY || errno == EEXIST))
				return 0;
			warn("failed to remove '%s'", path);
			return 1;
		}
		if (!parents)
			return 0;
		for (slash = path + strlen(path);
		     slash > path && slash[-1] == '/';)
			*--slash = 0;
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return 0;
		while (slash > path && slash[-1] == '/')
			slash--;
		*slash = 0;
	}
}

static int usage(int status)
{
	fputs("usage: rmdir [-pv] [--ignore-fail-on-non-empty] directory...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "parents", no_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "ignore-fail-on-non-empty", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "pv", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			parents = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'i':
			ignore_full = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc) {
		warnx("missing operand");
		return usage(1);
	}
	for (; optind < argc; optind++)
		failed |= remove_all(argv[optind]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
