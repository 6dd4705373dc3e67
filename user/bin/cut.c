/*
 * cut: bytes (-b), characters (-c, which are bytes here) or fields (-f) of
 * lines.  A list such as 1,3-5,7- names them; they come in the line's order.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct range {
	size_t first, last; /* from 1 */
};

static struct range *ranges;
static size_t nranges;
static const char *joiner;
static size_t joiner_len;
static int delim = '\t', only_delimited, complement, sep = '\n';

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: cut -b list [-nz] [file...]\n"
		   "       cut -c list [-z] [file...]\n"
		   "       cut -f list [-sz] [-d char] [file...]\n"
		   "       --complement, --output-delimiter=text\n");
	exit(status);
}

static int compare(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void add_range(size_t first, size_t last)
{
	ranges = realloc(ranges, (nranges + 1) * sizeof(*ranges));
	if (!ranges)
		err(1, NULL);
	ranges[nranges++] = (struct range){ first, last };
}

static size_t number(const char **p)
{
	char *end;
	size_t n;

	errno = 0;
	n = strtoul(*p, &end, 10);
	if (errno || !n)
		errx(1, "places count from 1, and not so far: '%s'", *p);
	*p = end;
	return n;
}

static void read_list(const char *p)
{
	size_t first, last, i, n;

	for (;;) {
		first = 1;
		last = SIZE_MAX;
		if (isdigit((unsigned char)*p))
			first = last = number(&p);
		else if (*p != '-' || !isdigit((unsigned char)p[1]))
			errx(1, "'%s': not a list of places", p);
		if (*p == '-') {
			p++;
			last = SIZE_MAX;
			if (isdigit((unsigned char)*p))
				last = number(&p);
		}
		if (last < first)
			errx(1, "a range goes backwards");
		add_range(first, last);
		if (!*p)
			break;
		if (*p != ',' && !isblank((unsigned char)*p))
			errx(1, "'%s': not a list of places", p);
		p++;
	}
	qsort(ranges, nranges, sizeof(*ranges), compare);
	/* Those that overlap become one; 1-2,3-4 stays two. */
	for (i = 1, n = 0; i < nranges; i++) {
		if (ranges[i].first <= ranges[n].last) {
			if (ranges[i].last > ranges[n].last)
				ranges[n].last = ranges[i].last;
		} else {
			ranges[++n] = ranges[i];
		}
	}
	nranges = n + 1;
	if (!complement)
		return;
	for (i = n = 0, first = 1; i < nranges; i++) {
		size_t next = ranges[i].last;

		if (ranges[i].first > first)
			ranges[n++] =
				(struct range){ first, ranges[i].first - 1 };
		first = next == SIZE_MAX ? SIZE_MAX : next + 1;
	}
	nranges = n;
	if (first != SIZE_MAX)
		add_range(first, SIZE_MAX);
}

static void put(const char *s, size_t n)
{
	if (n && fwrite(s, 1, n, stdout) != n)
		err(1, "write error");
}

static void cut_bytes(const char *s, size_t n)
{
	size_t i, last, any = 0;

	for (i = 0; i < nranges && ranges[i].first <= n; i++) {
		last = ranges[i].last < n ? ranges[i].last : n;
		if (any++ && joiner)
			put(joiner, joiner_len);
		put(s + ranges[i].first - 1, last - ranges[i].first + 1);
	}
}

static int cut_fields(const char *s, size_t n)
{
	const char *end = s + n, *stop;
	char d = (char)delim;
	size_t field, i = 0, any = 0;

	if (!memchr(s, delim, n)) {
		if (only_delimited)
			return 0;
		put(s, n);
		return 1;
	}
	for (field = 1;; field++) {
		stop = memchr(s, delim, (size_t)(end - s));
		if (!stop)
			stop = end;
		while (i < nranges && ranges[i].last < field)
			i++;
		if (i == nranges)
			break;
		if (ranges[i].first <= field) {
			if (any++)
				put(joiner ? joiner : &d,
				    joiner ? joiner_len : 1);
			put(s, (size_t)(stop - s));
		}
		if (stop == end)
			break;
		s = stop + 1;
	}
	return 1;
}

static int cut_file(const char *name, int fields)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	static char *line;
	static size_t cap;
	char end = (char)sep;
	ssize_t n;

	if (!f) {
		warn("%s", name);
		return 1;
	}
	while ((n = getdelim(&line, &cap, sep, f)) > 0) {
		if (line[n - 1] == sep)
			n--;
		if (fields) {
			if (!cut_fields(line, (size_t)n))
				continue;
		} else {
			cut_bytes(line, (size_t)n);
		}
		put(&end, 1);
	}
	if (ferror(f)) {
		warn("%s", name);
		clearerr(f);
		if (f != stdin)
			fclose(f);
		return 1;
	}
	if (f != stdin)
		fclose(f);
	else
		clearerr(f);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "complement", no_argument, NULL, 'C' },
		{ "output-delimiter", required_argument, NULL, 'o' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "characters", required_argument, NULL, 'c' },
		{ "fields", required_argument, NULL, 'f' },
		{ "delimiter", required_argument, NULL, 'd' },
		{ "only-delimited", no_argument, NULL, 's' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, what = 0, failed = 0, given = 0;
	const char *list = NULL;

	while ((c = getopt_long(argc, argv, "b:c:d:f:nsz", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
		case 'c':
		case 'f':
			if (list)
				errx(1, "one list is enough");
			what = c;
			list = optarg;
			break;
		case 'C':
			complement = 1;
			break;
		case 'd':
			if (*optarg && optarg[1])
				errx(1, "'%s' is not one character", optarg);
			delim = (unsigned char)*optarg;
			given = 1;
			break;
		case 'n':
			break;
		case 'o':
			joiner = optarg;
			joiner_len = *optarg ? strlen(optarg) : 1;
			break;
		case 's':
			only_delimited = 1;
			break;
		case 'z':
			sep = 0;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (!list)
		usage(stderr, 1);
	if (what != 'f' && (given || only_delimited))
		errx(1, "-d and -s go with -f");
	read_list(list);
	for (i = optind; i < argc || i == optind; i++)
		failed |= cut_file(i < argc ? argv[i] : "-", what == 'f');
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
