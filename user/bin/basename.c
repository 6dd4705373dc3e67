/* basename: the last part of a path, without a suffix if that is given. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int end = '\n';

static void show(const char *path, const char *suffix)
{
	size_t n = strlen(path), k = strlen(suffix);
	const char *p;

	while (n > 1 && path[n - 1] == '/')
		n--;
	for (p = path + n; p > path && p[-1] != '/'; p--)
		;
	/* Nothing but slashes is one. */
	if (n && p == path + n)
		p = path;
	n -= (size_t)(p - path);
	if (k < n && !memcmp(p + n - k, suffix, k))
		n -= k;
	fwrite(p, 1, n, stdout);
	putchar(end);
}

static int usage(int status)
{
	fputs("usage: basename path [suffix]\n"
	      "       basename [-az] [-s suffix] path...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "multiple", no_argument, NULL, 'a' },
		{ "suffix", required_argument, NULL, 's' },
		{ "zero", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *suffix = "";
	int c, many = 0;

	while ((c = getopt_long(argc, argv, "+as:z", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			suffix = optarg;
			many = 1;
			break;
		case 'a':
			many = 1;
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
	if (optind == argc || (!many && argc - optind > 2))
		return usage(1);
	if (!many)
		show(argv[optind], optind + 1 < argc ? argv[optind + 1] : "");
	for (; many && optind < argc; optind++)
		show(argv[optind], suffix);
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
