/*
 * paste: put lines of files side by side, or (-s) all lines of each in one.
 * -d: what stands between them, in turn; \n \t \\ \0 (nothing).
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static short *delims; /* -1: none */
static size_t ndelims;
static int sep = '\n';

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: paste [-sz] [-d list] [file...]\n");
	exit(status);
}

static void read_delims(const char *s)
{
	static const char from[] = "0bfnrtv\\", to[] = "\0\b\f\n\r\t\v\\";
	const char *at;

	delims = realloc(delims, (strlen(s) + 1) * sizeof(*delims));
	if (!delims)
		err(1, NULL);
	for (ndelims = 0; *s; s++) {
		if (*s != '\\') {
			delims[ndelims++] = (unsigned char)*s;
			continue;
		}
		if (!*++s)
			errx(1, "a backslash ends the list");
		at = strchr(from, *s);
		delims[ndelims++] = *s == '0' ? -1
				    : at      ? to[at - from]
					      : (unsigned char)*s;
	}
	if (!ndelims)
		delims[ndelims++] = -1;
}

static void put_delim(size_t i)
{
	int c = delims[i % ndelims];

	if (c >= 0)
		putchar(c);
}

/* Copy a line without its end; gives 0 when there was none. */
static int copy_line(FILE *f)
{
	int c = getc(f);

	if (c == EOF)
		return 0;
	for (; c != EOF && c != sep; c = getc(f))
		putchar(c);
	return 1;
}

static FILE *open_file(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;

	if (!f)
		warn("%s", name);
	return f;
}

static int serial(const char *name)
{
	FILE *f = open_file(name);
	int failed = 0, c;
	size_t i = 0;

	if (!f)
		return 1;
	while ((c = getc(f)) != EOF) {
		if (c == sep) {
			c = getc(f);
			if (c == EOF)
				break;
			ungetc(c, f);
			put_delim(i++);
		} else {
			putchar(c);
		}
		if (ferror(stdout))
			err(1, "write error");
	}
	putchar(sep);
	if (ferror(f)) {
		warn("%s", name);
		failed = 1;
	}
	if (f != stdin)
		fclose(f);
	return failed;
}

static int parallel(char **names, size_t n)
{
	FILE **f = calloc(n, sizeof(*f));
	size_t open = n, i, skipped;
	int failed = 0, c;

	if (!f)
		err(1, NULL);
	for (i = 0; i < n; i++) {
		f[i] = open_file(names[i]);
		if (!f[i])
			exit(1);
	}
	while (open) {
		/* Nothing is put before a file is known to have a line. */
		skipped = 0;
		for (i = 0; i < n; i++) {
			if (f[i]) {
				c = getc(f[i]);
				if (c != EOF) {
					ungetc(c, f[i]);
					for (; skipped < i; skipped++)
						put_delim(skipped);
					copy_line(f[i]);
					continue;
				}
				if (ferror(f[i])) {
					warn("%s", names[i]);
					failed = 1;
				}
				if (f[i] != stdin)
					fclose(f[i]);
				f[i] = NULL;
				open--;
			}
		}
		if (!open && !skipped) {
			/* All ended at once, or this was the last of them. */
			break;
		}
		for (; skipped < n - 1; skipped++)
			put_delim(skipped);
		putchar(sep);
		if (ferror(stdout))
			err(1, "write error");
	}
	free(f);
	return failed;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "serial", no_argument, NULL, 's' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ "delimiters", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	int c, i, in_row = 0, failed = 0;
	char **names;

	read_delims("\t");
	while ((c = getopt_long(argc, argv, "d:sz", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			read_delims(optarg);
			break;
		case 's':
			in_row = 1;
			break;
		case 'z':
			sep = 0;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	names = optind < argc ? argv + optind : standard_input;
	argc = optind < argc ? argc - optind : 1;
	if (in_row)
		for (i = 0; i < argc; i++)
			failed |= serial(names[i]);
	else
		failed = parallel(names, (size_t)argc);
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
