/* head: the first lines (-n) or bytes (-c) of files. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void copy(FILE *f, long count, int bytes)
{
	int c;

	while (count > 0 && (c = getc(f)) != EOF) {
		if (putchar(c) == EOF)
			err(1, "write error");
		if (bytes || c == '\n')
			count--;
	}
}

int main(int argc, char **argv)
{
	int c, i, bytes = 0, quiet = 0, titles = 0, failed = 0;
	long count = 10;
	char *end;
	FILE *f;

	/* head -5 is head -n 5 */
	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' &&
	    argv[1][1] <= '9') {
		count = strtol(argv[1] + 1, &end, 10);
		if (*end)
			goto usage;
		argv++;
		argc--;
	}
	while ((c = getopt(argc, argv, "n:c:qv")) != -1) {
		switch (c) {
		case 'n':
		case 'c':
			bytes = c == 'c';
			count = strtol(optarg, &end, 10);
			if (*end == 'k' || *end == 'K') {
				count *= 1024;
				end++;
			}
			if (*end || !*optarg || count < 0)
				errx(1, "%s: not a number", optarg);
			break;
		case 'q':
			quiet = 1;
			break;
		case 'v':
			titles = 1;
			break;
		default:
			goto usage;
		}
	}
	if (argc - optind > 1 && !quiet)
		titles = 1;
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		f = strcmp(name, "-") ? fopen(name, "r") : stdin;
		if (!f) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		if (titles)
			printf("%s==> %s <==\n", i > optind ? "\n" : "",
			       f == stdin ? "standard input" : name);
		copy(f, count, bytes);
		if (ferror(f)) {
			warn("%s", name);
			failed = 1;
		}
		if (f != stdin)
			fclose(f);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;

usage:
	fprintf(stderr, "usage: head [-qv] [-n lines | -c bytes] [file...]\n");
	return 1;
}
