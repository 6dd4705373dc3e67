/*
 * comm: what two sorted files have in common: lines of the first, of the
 * second, of both, in three columns; -1 -2 -3 leave a column out.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct side {
	const char *name;
	FILE *f;
	char *line, *before;
	size_t cap, before_cap;
	ssize_t n, before_n; /* -1: no line */
	int disorder;
};

static int hide[3], unpaired;
static const char *separator = "\t";

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: comm [-123] [--output-delimiter=text] file1 "
		   "file2\n");
	exit(status);
}

static int compare(const char *a, ssize_t an, const char *b, ssize_t bn)
{
	int d = memcmp(a, b, (size_t)(an < bn ? an : bn));

	return d ? d : (an > bn) - (an < bn);
}

static void next(struct side *s)
{
	char *t = s->before;
	size_t cap = s->before_cap;

	s->before = s->line;
	s->before_cap = s->cap;
	s->before_n = s->n;
	s->line = t;
	s->cap = cap;
	s->n = getline(&s->line, &s->cap, s->f);
	if (s->n < 0) {
		if (ferror(s->f))
			err(1, "%s", s->name);
		return;
	}
	s->n -= s->line[s->n - 1] == '\n';
	if (s->before && s->before_n >= 0 &&
	    compare(s->before, s->before_n, s->line, s->n) > 0)
		s->disorder = 1;
}

static void show(const struct side *s, int column)
{
	int i;

	if (hide[column])
		return;
	for (i = 0; i < column; i++)
		if (!hide[i])
			fputs(separator, stdout);
	fwrite(s->line, 1, (size_t)s->n, stdout);
	putchar('\n');
	if (ferror(stdout))
		err(1, "write error");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "output-delimiter", required_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	struct side s[2];
	int c, i, d;

	while ((c = getopt_long(argc, argv, "123", longs, NULL)) != -1) {
		if (c >= '1' && c <= '3')
			hide[c - '1'] = 1;
		else if (c == 'd')
			separator = optarg;
		else
			usage(c == 'h' ? stdout : stderr, c != 'h');
	}
	if (argc - optind != 2)
		usage(stderr, 1);
	memset(s, 0, sizeof(s));
	for (i = 0; i < 2; i++) {
		s[i].name = argv[optind + i];
		s[i].f = strcmp(s[i].name, "-") ? fopen(s[i].name, "r") : stdin;
		if (!s[i].f)
			err(1, "%s", s[i].name);
		s[i].n = -1;
		next(&s[i]);
	}
	while (s[0].n >= 0 || s[1].n >= 0) {
		d = s[0].n < 0 ? 1
		    : s[1].n < 0
			    ? -1
			    : compare(s[0].line, s[0].n, s[1].line, s[1].n);
		show(&s[d > 0], d < 0 ? 0 : d > 0 ? 1 : 2);
		if (d)
			unpaired = 1;
		if (d <= 0)
			next(&s[0]);
		if (d >= 0)
			next(&s[1]);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	/* It does no harm to files that are equal. */
	for (c = i = 0; i < 2 && unpaired; i++) {
		if (!s[i].disorder)
			continue;
		warnx("%s is not sorted", s[i].name);
		c = 1;
	}
	return c;
}
