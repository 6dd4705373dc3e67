/*
 * tsort: an order in which each of the pairs read stands first word first.
 * Where a circle makes that impossible it is named, and broken at one place.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct item {
	char *name;
	size_t before; /* how many wait in front of it */
	struct link *after;
	struct item *next; /* in the row of those that wait for nobody */
	int done;
	struct item *from; /* while a circle is looked for */
};

struct link {
	struct item *to;
	struct link *next;
};

static struct item **items; /* by name */
static size_t nitems, cap;

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(1, NULL);
	return p;
}

/* The words as they came get items when all of them are sorted. */
static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_items(const void *name, const void *item)
{
	return strcmp(name, (*(struct item *const *)item)->name);
}

static struct item *find(const char *name)
{
	struct item **p =
		bsearch(name, items, nitems, sizeof(*items), compare_items);

	return p ? *p : NULL;
}

/* Walk against the arrows: what waits must come round to itself. */
static void break_circle(const char *file)
{
	struct item *p, *q, *start;
	struct link **l, *gone;
	size_t i;

	for (i = 0; i < nitems; i++)
		items[i]->from = NULL;
	/* For each that waits, one in front of it. */
	for (i = 0; i < nitems; i++)
		if (!items[i]->done)
			for (l = &items[i]->after; *l; l = &(*l)->next)
				(*l)->to->from = items[i];
	for (i = 0; i < nitems && (items[i]->done || !items[i]->from); i++)
		;
	/* After as many steps as there are items it is in the circle. */
	start = items[i];
	for (i = 0; i < nitems; i++)
		start = start->from;
	warnx("%s: there is a circle:", file);
	p = start;
	do {
		warnx("%s", p->name);
		q = p;
		p = p->from;
	} while (p != start);
	/* q is behind start: the arrow from start to it goes. */
	for (l = &start->after; (*l)->to != q; l = &(*l)->next)
		;
	gone = *l;
	*l = gone->next;
	free(gone);
	q->before--;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct item *row = NULL, **last = &row, *p;
	size_t i, nwords = 0, words_cap = 0, left;
	char **words = NULL, **sorted, *line = NULL, *word, *save;
	const char *file = "-";
	size_t line_cap = 0;
	int c, failed = 0;
	struct link *l;

	c = getopt_long(argc, argv, "", longs, NULL);
	if (c != -1 || argc - optind > 1) {
		fprintf(c == 'h' ? stdout : stderr, "usage: tsort [file]\n");
		return c != 'h';
	}
	if (optind < argc)
		file = argv[optind];
	if (strcmp(file, "-") && !freopen(file, "r", stdin))
		err(1, "%s", file);
	while (getline(&line, &line_cap, stdin) > 0) {
		for (word = strtok_r(line, " \t\n", &save); word;
		     word = strtok_r(NULL, " \t\n", &save)) {
			if (nwords == words_cap) {
				words_cap = words_cap * 2 + 64;
				words = grow(words, words_cap * sizeof(*words));
			}
			words[nwords] = strdup(word);
			if (!words[nwords++])
				err(1, NULL);
		}
	}
	if (ferror(stdin))
		err(1, "%s", file);
	if (nwords % 2)
		errx(1, "%s: the words do not pair", file);
	sorted = grow(NULL, nwords * sizeof(*sorted) + 1);
	if (nwords)
		memcpy(sorted, words, nwords * sizeof(*sorted));
	qsort(sorted, nwords, sizeof(*sorted), compare_names);
	for (i = 0; i < nwords; i++) {
		if (i && !strcmp(sorted[i - 1], sorted[i]))
			continue;
		if (nitems == cap) {
			cap = cap * 2 + 64;
			items = grow(items, cap * sizeof(struct item *));
		}
		p = grow(NULL, sizeof(*p));
		memset(p, 0, sizeof(*p));
		p->name = sorted[i];
		items[nitems++] = p;
	}
	for (i = 0; i < nwords; i += 2) {
		if (!strcmp(words[i], words[i + 1]))
			continue;
		p = find(words[i]);
		l = grow(NULL, sizeof(*l));
		l->to = find(words[i + 1]);
		l->to->before++;
		l->next = p->after;
		p->after = l;
	}
	for (left = nitems; left;) {
		for (i = 0; i < nitems; i++) {
			if (items[i]->before || items[i]->done)
				continue;
			items[i]->done = 1;
			*last = items[i];
			last = &items[i]->next;
		}
		if (!row) {
			break_circle(file);
			failed = 1;
			continue;
		}
		for (; row; row = row->next) {
			puts(row->name);
			left--;
			for (l = row->after; l; l = l->next) {
				if (--l->to->before)
					continue;
				l->to->done = 1;
				*last = l->to;
				last = &l->to->next;
			}
		}
		last = &row;
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
