/* env: run a program in a changed environment, or show the environment. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *f)
{
	fputs("usage: env [-i] [-u name] [-C folder] [name=value]... "
	      "[command ...]\n",
	      f);
	return f == stderr ? 125 : 0;
}

int main(int argc, char **argv)
{
	char **e;
	int c;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	while ((c = getopt(argc, argv, "+iu:C:")) != -1) {
		switch (c) {
		case 'i':
			clearenv();
			break;
		case 'u':
			if (unsetenv(optarg) < 0)
				err(125, "%s", optarg);
			break;
		case 'C':
			if (chdir(optarg) < 0)
				err(125, "%s", optarg);
			break;
		default:
			return usage(stderr);
		}
	}
	if (optind < argc && !strcmp(argv[optind], "-")) {
		clearenv();
		optind++;
	}
	for (; optind < argc && strchr(argv[optind], '='); optind++)
		if (putenv(argv[optind]))
			err(125, "%s", argv[optind]);
	if (optind == argc) {
		for (e = environ; e && *e; e++)
			puts(*e);
		return 0;
	}
	execvp(argv[optind], argv + optind);
	c = errno == ENOENT ? 127 : 126;
	err(c, "%s", argv[optind]);
}
