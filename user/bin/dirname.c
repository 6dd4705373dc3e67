/* dirname: paths without their last part. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(int status)
{
	fputs("usage: dirname [-z] path...\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "zero", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, end = '\n';
	const char *dir;

	while ((c = getopt_long(argc, argv, "+z", longs, NULL)) != -1) {
		switch (c) {
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
	for (; optind < argc; optind++) {
		dir = dirname(argv[optind]);
		/* Two slashes alone may be another place; not here. */
		fputs(strcmp(dir, "//") ? dir : "/", stdout);
		putchar(end);
	}
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
