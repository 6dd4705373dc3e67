/* realpath: absolute paths without links, dots and doubled slashes. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "canonical.h"
#include "shown.h"

static char end = '\n';

static void put(const char *path)
{
	if (end)
		shown_name(stdout, path);
	else
		fputs(path, stdout);
}

/* `path` as it is reached from `base`; both are canonical. */
static void show_relative(const char *path, const char *base)
{
	size_t i, same = 0;
	const char *p;
	int up = 0;

	for (i = 0; path[i] && path[i] == base[i]; i++)
		if (path[i] == '/')
			same = i;
	/* One may be the beginning of the other. */
	if ((!path[i] || path[i] == '/') && (!base[i] || base[i] == '/'))
		same = i;
	for (p = base + same; *p; p++)
		up += *p == '/' && p[1] && p[1] != '/';
	p = path + same;
	p += strspn(p, "/");
	if (!up && !*p)
		putchar('.');
	for (i = 0; i < (size_t)up; i++)
		printf("%s..", i ? "/" : "");
	fputs(up && *p ? "/" : "", stdout);
	put(p);
}

static int below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return !strcmp(top, "/") ||
	       (!strncmp(path, top, n) && (!path[n] || path[n] == '/'));
}

static int usage(int status)
{
	fputs("usage: realpath [-emPqsz] [--relative-to=dir] "
	      "[--relative-base=dir] file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "canonicalize-existing", no_argument, NULL, 'e' },
		{ "canonicalize-missing", no_argument, NULL, 'm' },
		{ "physical", no_argument, NULL, 'P' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "strip", no_argument, NULL, 's' },
		{ "no-symlinks", no_argument, NULL, 's' },
		{ "zero", no_argument, NULL, 'z' },
		{ "relative-to", required_argument, NULL, 'T' },
		{ "relative-base", required_argument, NULL, 'B' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *to = NULL, *base = NULL, *from = NULL;
	int c, how = 'f', links = 1, quiet = 0, failed = 0;
	char *path;

	while ((c = getopt_long(argc, argv, "emPqsz", longs, NULL)) != -1) {
		switch (c) {
		case 'e':
		case 'm':
			how = c;
			break;
		case 'P':
			links = 1;
			break;
		case 'q':
			quiet = 1;
			break;
		case 's':
			links = 0;
			break;
		case 'z':
			end = 0;
			break;
		case 'T':
			to = optarg;
			break;
		case 'B':
			base = optarg;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc)
		return usage(1);
	if (base && !(base = canonical(base, how, links)))
		err(1, "--relative-base");
	if (to && !(to = canonical(to, how, links)))
		err(1, "--relative-to");
	from = to ? to : base;
	if (base && !below(from, base))
		from = NULL;
	for (; optind < argc; optind++) {
		path = canonical(argv[optind], how, links);
		if (!path) {
			if (!quiet)
				warn("%s", argv[optind]);
			failed = 1;
			continue;
		}
		if (from && (!base || below(path, base)))
			show_relative(path, from);
		else
			put(path);
		putchar(end);
		free(path);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
