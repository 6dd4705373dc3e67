/*
 * uniq: of equal lines that follow each other, show one; -c: with their number,
 * -d: only if there are several, -D: then all of them, -u: only if there is
 * one.  What is compared begins behind -f fields and -s characters, and is -w
 * characters long.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct line {
	char *s;
	size_t cap, n;
};

static unsigned long fields, chars, width = ULONG_MAX;
static int count, repeated, all, single, ignore_case, sep = '\n';

static unsigned long number(const char *s)
{
	unsigned long n;
	char *end;

	n = strtoul(s, &end, 10);
	if (end == s || *end || !isdigit((unsigned char)*s))
		errx(1, "%s: not a number", s);
	return n;
}

static int next(struct line *l, const char *name)
{
	ssize_t n = getdelim(&l->s, &l->cap, sep, stdin);

	if (n < 0) {
		if (ferror(stdin))
			err(1, "%s", name);
		return 0;
	}
	l->n = (size_t)n - (l->s[n - 1] == sep);
	return 1;
}

/* What of a line is compared. */
static const char *part(const struct line *l, size_t *n)
{
	const char *p = l->s, *end = p + l->n;
	unsigned long i;

	for (i = 0; i < fields && p < end; i++) {
		while (p < end && (isblank((unsigned char)*p) || *p == '\n'))
			p++;
		while (p < end && !isblank((unsigned char)*p) && *p != '\n')
			p++;
	}
	p = (unsigned long)(end - p) < chars ? end : p + chars;
	*n = (unsigned long)(end - p) < width ? (size_t)(end - p) : width;
	return p;
}

static int equal(const struct line *a, const struct line *b)
{
	size_t m, n, i;
	const char *p = part(a, &m), *q = part(b, &n);

	if (m != n)
		return 0;
	if (!ignore_case)
		return !memcmp(p, q, n);
	for (i = 0; i < n; i++)
		if (tolower((unsigned char)p[i]) !=
		    tolower((unsigned char)q[i]))
			return 0;
	return 1;
}

static void show(const struct line *l, unsigned long times)
{
	if (times > 1 ? single : repeated)
		return;
	if (count)
		printf("%7lu ", times);
	fwrite(l->s, 1, l->n, stdout);
	putchar(sep);
	if (ferror(stdout))
		err(1, "write error");
}

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: uniq [-c|-d|-D|-u] [-iz] [-f fields] [-s chars] "
		   "[-w chars] [input [output]]\n");
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "count", no_argument, NULL, 'c' },
		{ "repeated", no_argument, NULL, 'd' },
		{ "all-repeated", no_argument, NULL, 'D' },
		{ "unique", no_argument, NULL, 'u' },
		{ "skip-fields", required_argument, NULL, 'f' },
		{ "skip-chars", required_argument, NULL, 's' },
		{ "check-chars", required_argument, NULL, 'w' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ "ignore-case", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	struct line a = { NULL, 0, 0 }, b = { NULL, 0, 0 }, t;
	const char *name = "-";
	unsigned long times = 0;
	int c;

	while ((c = getopt_long(argc, argv, "cdDf:is:uw:z", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			count = 1;
			break;
		case 'd':
			repeated = 1;
			break;
		case 'D':
			all = 1;
			break;
		case 'f':
			fields = number(optarg);
			break;
		case 'i':
			ignore_case = 1;
			break;
		case 's':
			chars = number(optarg);
			break;
		case 'u':
			single = 1;
			break;
		case 'w':
			width = number(optarg);
			break;
		case 'z':
			sep = 0;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (argc - optind > 2)
		usage(stderr, 1);
	if (all && count)
		errx(1, "-c and -D do not go together");
	if (optind < argc && strcmp(argv[optind], "-")) {
		name = argv[optind];
		if (!freopen(name, "r", stdin))
			err(1, "%s", name);
	}
	if (argc - optind == 2 && strcmp(argv[optind + 1], "-") &&
	    !freopen(argv[optind + 1], "w", stdout))
		err(1, "%s", argv[optind + 1]);
	while (next(&b, name)) {
		if (times && equal(&a, &b)) {
			times++;
			if (all && times == 2)
				show(&a, times);
			if (all)
				show(&b, times);
			continue;
		}
		if (times && !all)
			show(&a, times);
		t = a;
		a = b;
		b = t;
		times = 1;
	}
	if (times && !all)
		show(&a, times);
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return 0;
}
