/*
 * head: the first lines (-n) or bytes (-c) of files; with a - before the number
 * all but the last ones.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "shown.h"
#include "size.h"

static int bytes, end = '\n', but_last;
static off_t count = 10;

/* What stands above a file when there are several. */
static void put_title(int empty_line, const char *name)
{
	fputs(empty_line ? "\n==> " : "==> ", stdout);
	shown_name(stdout, name);
	puts(" <==");
}

static void put(const char *p, size_t n)
{
	if (n && fwrite(p, 1, n, stdout) != n)
		err(1, "write error");
}

/* What is behind the last line is given back, where the file can do that. */
static void copy_first(FILE *f)
{
	off_t left = count;
	int c;

	while (left > 0 && (c = getc(f)) != EOF) {
		if (putchar(c) == EOF)
			err(1, "write error");
		if (bytes || c == end)
			left--;
	}
	if (f == stdin)
		fflush(stdin);
}

/* The last `count` bytes wait in a ring until there are more. */
static void copy_but_bytes(FILE *f)
{
	size_t n = (size_t)count, at = 0;
	char *ring = malloc(n ? n : 1);
	int c, full = 0;

	if (!ring)
		err(1, NULL);
	while ((c = getc(f)) != EOF) {
		if (!n) {
			putchar(c);
			continue;
		}
		if (full)
			putchar((unsigned char)ring[at]);
		ring[at++] = (char)c;
		if (at == n) {
			at = 0;
			full = 1;
		}
	}
	free(ring);
}

struct line {
	struct line *next;
	size_t n;
	char text[];
};

static void copy_but_lines(FILE *f)
{
	struct line *first = NULL, **last = &first, *l;
	off_t held = 0;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getdelim(&text, &cap, end, f)) > 0) {
		if (!count) {
			put(text, (size_t)n);
			continue;
		}
		l = malloc(sizeof(*l) + (size_t)n);
		if (!l)
			err(1, NULL);
		l->next = NULL;
		l->n = (size_t)n;
		memcpy(l->text, text, (size_t)n);
		*last = l;
		last = &l->next;
		if (held++ < count)
			continue;
		l = first;
		put(l->text, l->n);
		first = l->next;
		free(l);
		held--;
	}
	while ((l = first)) {
		first = l->next;
		free(l);
	}
	free(text);
}

static void set_count(const char *s, int is_bytes)
{
	const char *p = s;

	bytes = is_bytes;
	but_last = *p == '-';
	p += *p == '-' || *p == '+';
	if (size_parse(p, &count) < 0)
		errx(1, "invalid number of %s: '%s'",
		     is_bytes ? "bytes" : "lines", s);
}

static int usage(int status)
{
	fputs("usage: head [-qvz] [-n [-]lines | -c [-]bytes] [file...]\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "bytes", required_argument, NULL, 'c' },
		{ "lines", required_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "silent", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, titles = 0, failed = 0, shown = 0;
	char old[32];
	FILE *f;

	/* head -5, head -5v: the number first, options behind it. */
	if (argc > 1 && argv[1][0] == '-' &&
	    isdigit((unsigned char)argv[1][1])) {
		size_t n = strspn(argv[1] + 1, "0123456789");

		if (n >= sizeof(old))
			errx(1, "invalid number of lines: '%s'", argv[1] + 1);
		memcpy(old, argv[1] + 1, n);
		old[n] = 0;
		set_count(old, 0);
		argv[1] += n;
		*argv[1] = '-';
		if (!argv[1][1]) {
			argv[1] = argv[0];
			argv++;
			argc--;
		}
	}
	while ((c = getopt_long(argc, argv, "n:c:qvz", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
		case 'c':
			set_count(optarg, c == 'c');
			break;
		case 'q':
			titles = -1;
			break;
		case 'v':
			titles = 1;
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
	if (argc - optind > 1 && !titles)
		titles = 1;
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		f = strcmp(name, "-") ? fopen(name, "r") : stdin;
		if (!f) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		if (titles > 0)
			put_title(shown, f == stdin ? "standard input" : name);
		shown = 1;
		if (!but_last)
			copy_first(f);
		else if (bytes)
			copy_but_bytes(f);
		else
			copy_but_lines(f);
		if (ferror(f)) {
			warn("%s", name);
			failed = 1;
		}
		if (f != stdin)
			fclose(f);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
