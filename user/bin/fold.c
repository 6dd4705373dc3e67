/*
 * fold: break lines at a width (-w, 80); -s: behind a blank where there is one;
 * -b: count bytes, not columns.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t width = 80;
static int bytes, at_blanks;

static size_t advance(size_t column, int c)
{
	if (bytes)
		return column + 1;
	switch (c) {
	case '\b':
		return column ? column - 1 : 0;
	case '\r':
		return 0;
	case '\t':
		return column + 8 - column % 8;
	}
	return column + 1;
}

static void put(const char *s, size_t n)
{
	if (n && fwrite(s, 1, n, stdout) != n)
		err(1, "write error");
}

static int fold_file(FILE *f, const char *name)
{
	static char *line;
	static size_t cap;
	size_t n = 0, column = 0, cut, i;
	int c;

	while ((c = getc(f)) != EOF) {
		if (n + 1 >= cap) {
			cap = cap * 2 + 256;
			line = realloc(line, cap);
			if (!line)
				err(1, NULL);
		}
		if (c == '\n') {
			line[n++] = '\n';
			put(line, n);
			n = column = 0;
			continue;
		}
		while (n && advance(column, c) > width) {
			cut = n;
			for (i = n; at_blanks && i > 0; i--)
				if (isblank((unsigned char)line[i - 1])) {
					cut = i;
					break;
				}
			put(line, cut);
			put("\n", 1);
			memmove(line, line + cut, n - cut);
			n -= cut;
			for (i = column = 0; i < n; i++)
				column =
					advance(column, (unsigned char)line[i]);
		}
		column = advance(column, c);
		line[n++] = (char)c;
	}
	put(line, n);
	if (!ferror(f))
		return 0;
	warn("%s", name);
	clearerr(f);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "bytes", no_argument, NULL, 'b' },
		{ "spaces", no_argument, NULL, 's' },
		{ "width", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	static char digits[24];
	int c, i, failed = 0;
	const char *arg;
	char *end;
	FILE *f;

	while ((c = getopt_long(argc, argv, "bsw:0123456789", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
			bytes = 1;
			break;
		case 's':
			at_blanks = 1;
			break;
		case '0' ... '9':
			/* fold -72 */
			i = (int)strlen(digits);
			if (i < 20)
				digits[i] = (char)c;
			/* fall through */
		case 'w':
			arg = c == 'w' ? optarg : digits;
			width = strtoul(arg, &end, 10);
			if (!isdigit((unsigned char)*arg) || *end || !width)
				errx(1, "%s: not a width", arg);
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: fold [-bs] [-w width] [file...]\n");
			return c != 'h';
		}
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		f = strcmp(name, "-") ? fopen(name, "r") : stdin;
		if (!f) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		failed |= fold_file(f, name);
		if (f != stdin)
			fclose(f);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
