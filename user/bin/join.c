/*
 * join: lines of two files, sorted by a field, that have that field in common.
 * -1 -2 -j: which field; -a: lines without partner too, -v: only those; -o:
 * what to print; -e: for what is not there; -t: what separates fields.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct field {
	const char *s;
	size_t n;
};

struct line {
	char *text;
	size_t cap, n;
	struct field *fields;
	size_t nfields, fields_cap;
};

/* Lines with the same key, and one that was read too far. */
struct side {
	const char *name;
	FILE *f;
	struct line *lines;
	size_t n, cap; /* n: those with one key; lines[n]: the next one */
	int ended;
	size_t key; /* field, from 0 */
	int all;    /* -a */
	int disorder;
};

struct item {
	int side; /* 0: the key */
	size_t field;
};

static struct side sides[2];
static struct item *items;
static size_t nitems;
static int automatic; /* -o auto */
static int tab = -1, only_unpaired, ignore_case, unpaired_seen;
static const char *empty = "";

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(1, NULL);
	return p;
}

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: join [-i] [-a 1|2] [-v 1|2] [-1 field] [-2 field] "
		   "[-j field] [-o list]\n            [-e text] [-t char] "
		   "file1 file2\n");
	exit(status);
}

static void add_field(struct line *l, const char *s, const char *end)
{
	if (l->nfields == l->fields_cap) {
		l->fields_cap = l->fields_cap * 2 + 8;
		l->fields = grow(l->fields, l->fields_cap * sizeof(*l->fields));
	}
	l->fields[l->nfields++] = (struct field){ s, (size_t)(end - s) };
}

static void split(struct line *l)
{
	const char *p = l->text, *end = p + l->n, *stop;

	l->nfields = 0;
	if (tab >= 0) {
		for (; (stop = memchr(p, tab, (size_t)(end - p))); p = stop + 1)
			add_field(l, p, stop);
		add_field(l, p, end);
		return;
	}
	while (p < end && isblank((unsigned char)*p))
		p++;
	/* Blanks at the end have an empty field behind them. */
	while (l->n) {
		for (stop = p; stop < end && !isblank((unsigned char)*stop);)
			stop++;
		add_field(l, p, stop);
		if (stop == end)
			return;
		for (p = stop; p < end && isblank((unsigned char)*p);)
			p++;
	}
}

static struct field get(const struct line *l, size_t i)
{
	static const struct field none = { "", 0 };

	return i < l->nfields ? l->fields[i] : none;
}

static int compare(const struct line *a, size_t i, const struct line *b,
		   size_t j)
{
	struct field x = get(a, i), y = get(b, j);
	size_t k, n = x.n < y.n ? x.n : y.n;
	int d = 0;

	if (ignore_case)
		for (k = 0; k < n && !d; k++)
			d = toupper((unsigned char)x.s[k]) -
			    toupper((unsigned char)y.s[k]);
	else
		d = memcmp(x.s, y.s, n);
	return d ? d : (x.n > y.n) - (x.n < y.n);
}

/* Read the line behind those that are there. */
static void read_next(struct side *s)
{
	struct line *l, *before;
	ssize_t n;

	if (s->n + 1 >= s->cap) {
		size_t cap = s->cap * 2 + 4;

		s->lines = grow(s->lines, cap * sizeof(*s->lines));
		memset(s->lines + s->cap, 0, (cap - s->cap) * sizeof(*l));
		s->cap = cap;
	}
	l = &s->lines[s->n];
	n = getline(&l->text, &l->cap, s->f);
	if (n < 0) {
		if (ferror(s->f))
			err(1, "%s", s->name);
		s->ended = 1;
		return;
	}
	l->n = (size_t)n - (l->text[n - 1] == '\n');
	split(l);
	before = s->n ? &s->lines[s->n - 1] : NULL;
	if (before && compare(before, s->key, l, s->key) > 0)
		s->disorder = 1;
}

/* Take all lines that have the next key; 0: there is none. */
static int take_group(struct side *s)
{
	struct line t = s->lines[0];

	if (s->n) {
		s->lines[0] = s->lines[s->n];
		s->lines[s->n] = t;
	}
	s->n = 0;
	if (s->ended)
		return 0;
	do {
		s->n++;
		read_next(s);
	} while (!s->ended &&
		 !compare(&s->lines[0], s->key, &s->lines[s->n], s->key));
	return 1;
}

static void put_field(struct field f, int *first)
{
	if (!*first)
		putchar(tab >= 0 ? tab : ' ');
	*first = 0;
	if (f.n)
		fwrite(f.s, 1, f.n, stdout);
	else
		fputs(empty, stdout);
}

static void put_rest(const struct line *l, size_t key, int *first)
{
	size_t i;

	for (i = 0; i < l->nfields; i++)
		if (i != key)
			put_field(l->fields[i], first);
}

/* a or b is null for a line without partner. */
static void put_pair(const struct line *a, const struct line *b)
{
	static const struct line none;
	int first = 1;
	size_t i;

	for (i = 0; i < nitems; i++) {
		const struct item *it = &items[i];
		const struct line *l = it->side == 1 ? a : b;
		size_t field = it->field;

		if (!it->side) {
			l = a ? a : b;
			field = sides[!a].key;
		}
		put_field(get(l ? l : &none, field), &first);
	}
	if (!nitems) {
		put_field(a ? get(a, sides[0].key) : get(b, sides[1].key),
			  &first);
		if (a)
			put_rest(a, sides[0].key, &first);
		if (b)
			put_rest(b, sides[1].key, &first);
	}
	putchar('\n');
	if (ferror(stdout))
		err(1, "write error");
}

static size_t number(const char *s)
{
	unsigned long n;
	char *end;

	n = strtoul(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end || !n)
		errx(1, "%s: not the number of a field", s);
	return n - 1;
}

static int file_number(const char *s)
{
	if ((*s != '1' && *s != '2') || s[1])
		errx(1, "%s: the files are 1 and 2", s);
	return *s - '1';
}

static struct item *add_item(int side, size_t field)
{
	items = grow(items, (nitems + 1) * sizeof(*items));
	items[nitems] = (struct item){ side, field };
	return &items[nitems++];
}

/* -o auto: the key, and of each file what its first line has besides. */
static void choose_items(void)
{
	size_t k;
	int i;

	add_item(0, 0);
	for (i = 0; i < 2; i++)
		for (k = 0; k < sides[i].lines[0].nfields; k++)
			if (k != sides[i].key)
				add_item(i + 1, k);
}

static void read_items(char *list)
{
	struct item *it;
	char *word;

	automatic = !strcmp(list, "auto");
	if (automatic)
		return;
	for (word = strtok(list, ", \t"); word; word = strtok(NULL, ", \t")) {
		it = add_item(*word - '0', 0);
		if (!strcmp(word, "0"))
			continue;
		if ((it->side != 1 && it->side != 2) || word[1] != '.')
			errx(1, "%s: not 0, 1.field or 2.field", word);
		it->field = number(word + 2);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "ignore-case", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, d, have[2];
	size_t j, k;

	while ((c = getopt_long(argc, argv, "1:2:a:e:ij:o:t:v:", longs,
				NULL)) != -1) {
		switch (c) {
		case '1':
		case '2':
			sides[c - '1'].key = number(optarg);
			break;
		case 'a':
			sides[file_number(optarg)].all = 1;
			break;
		case 'e':
			empty = optarg;
			break;
		case 'i':
			ignore_case = 1;
			break;
		case 'j':
			sides[0].key = sides[1].key = number(optarg);
			break;
		case 'o':
			read_items(optarg);
			/* The list may go on in words of its own. */
			while (optind < argc && strchr("012", *argv[optind]) &&
			       (argv[optind][1] == '.' ||
				!strcmp(argv[optind], "0")) &&
			       argc - optind > 2)
				read_items(argv[optind++]);
			break;
		case 't':
			if (!strcmp(optarg, "\\0"))
				optarg[0] = optarg[1] = 0;
			else if (*optarg && optarg[1])
				errx(1, "'%s' is not one character", optarg);
			/* Nothing: the line is one field. */
			tab = *optarg ? (unsigned char)*optarg : '\n';
			break;
		case 'v':
			sides[file_number(optarg)].all = 1;
			only_unpaired = 1;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (argc - optind != 2)
		usage(stderr, 1);
	for (i = 0; i < 2; i++) {
		sides[i].name = argv[optind + i];
		sides[i].f = strcmp(sides[i].name, "-")
				     ? fopen(sides[i].name, "r")
				     : stdin;
		if (!sides[i].f)
			err(1, "%s", sides[i].name);
	}
	if (sides[0].f == sides[1].f)
		errx(1, "both files are standard input");
	for (i = 0; i < 2; i++) {
		read_next(&sides[i]);
		have[i] = take_group(&sides[i]);
	}
	if (automatic)
		choose_items();
	while (have[0] || have[1]) {
		if (have[0] && have[1])
			d = compare(&sides[0].lines[0], sides[0].key,
				    &sides[1].lines[0], sides[1].key);
		else
			d = have[0] ? -1 : 1;
		if (!d) {
			for (j = 0; j < sides[0].n && !only_unpaired; j++)
				for (k = 0; k < sides[1].n; k++)
					put_pair(&sides[0].lines[j],
						 &sides[1].lines[k]);
		} else {
			struct side *s = &sides[d > 0];

			unpaired_seen |= have[0] && have[1];
			for (j = 0; j < s->n && s->all; j++)
				put_pair(d < 0 ? &s->lines[j] : NULL,
					 d < 0 ? NULL : &s->lines[j]);
		}
		if (d <= 0)
			have[0] = take_group(&sides[0]);
		if (d >= 0)
			have[1] = take_group(&sides[1]);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	/* It does no harm while all find their partners. */
	for (c = i = 0; i < 2 && unpaired_seen; i++) {
		if (!sides[i].disorder)
			continue;
		warnx("%s is not sorted", sides[i].name);
		c = 1;
	}
	return c;
}
