/* rev: each line backwards. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int rev_file(FILE *f, const char *name)
{
	static char *line;
	static size_t cap;
	ssize_t n, i;
	int end;

	while ((n = getline(&line, &cap, f)) > 0) {
		end = line[n - 1] == '\n';
		for (i = n - end; i > 0; i--)
			putchar((unsigned char)line[i - 1]);
		if (end)
			putchar('\n');
		if (ferror(stdout))
			err(1, "write error");
	}
	if (!ferror(f))
		return 0;
	warn("%s", name);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, failed = 0;
	FILE *f;

	c = getopt_long(argc, argv, "", longs, NULL);
	if (c != -1) {
		fprintf(c == 'h' ? stdout : stderr, "usage: rev [file...]\n");
		return c != 'h';
	}
	if (optind == argc)
		failed = rev_file(stdin, "standard input");
	for (; optind < argc; optind++) {
		f = fopen(argv[optind], "r");
		if (!f) {
			warn("%s", argv[optind]);
			failed = 1;
			continue;
		}
		failed |= rev_file(f, argv[optind]);
		fclose(f);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
