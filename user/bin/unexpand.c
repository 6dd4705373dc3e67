/*
 * unexpand: turn spaces in front of text into tabs; -a, -t: all where two or
 * more reach a tab stop; -t: where those are, one width or a list.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t *stops; /* of -t, or one width */
static size_t nstops;

static void read_stops(const char *list)
{
	const char *p = list;
	char *end;

	for (nstops = 0; *p; p = end) {
		while (*p == ',' || isblank((unsigned char)*p))
			p++;
		if (!*p)
			break;
		stops = realloc(stops, (nstops + 1) * sizeof(*stops));
		if (!stops)
			err(1, NULL);
		stops[nstops] = strtoul(p, &end, 10);
		if (!isdigit((unsigned char)*p) || !stops[nstops] ||
		    (*end && *end != ',' && !isblank((unsigned char)*end)))
			errx(1, "%s: not a list of tab stops", list);
		if (nstops && stops[nstops] <= stops[nstops - 1])
			errx(1, "%s: tab stops go upwards", list);
		nstops++;
	}
	if (!nstops) {
		stops = realloc(stops, sizeof(*stops));
		if (!stops)
			err(1, NULL);
		stops[nstops++] = 8;
	}
}

/* The next tab stop behind a column; 0: there is none. */
static size_t next_stop(size_t column)
{
	size_t i;

	if (nstops == 1)
		return column + stops[0] - column % stops[0];
	for (i = 0; i < nstops; i++)
		if (stops[i] > column)
			return stops[i];
	return 0;
}

static int all;

/*
 * Blanks wait until what follows them is known: at a tab stop they become a
 * tab, in front of text they stay as they are.  A single space in front of a
 * tab stop becomes a tab only if more blanks follow.
 */
static void convert(FILE *f)
{
	static size_t column, waiting; /* spaces */
	static int text;
	size_t stop;
	int c, tab = 0;

	while ((c = getc(f)) != EOF) {
		stop = c == ' ' || c == '\t' ? next_stop(column) : 0;
		if ((text && !all) || !stop) {
			if (tab && waiting == 1) {
				putchar(' ');
				waiting = 0;
			} else if (tab) {
				putchar('\t');
				waiting = 0;
			}
			tab = 0;
			for (; waiting; waiting--)
				putchar(' ');
			putchar(c);
			column++;
			if (c == '\b')
				column -= column > 1 ? 2 : 1;
			if (c != ' ' && c != '\t')
				text = 1;
			if (c == '\n') {
				column = 0;
				text = 0;
			}
			if (ferror(stdout))
				err(1, "write error");
			continue;
		}
		/* More blanks follow those that reached the stop. */
		if (tab) {
			putchar('\t');
			waiting = 0;
			tab = 0;
		}
		if (c == '\t') {
			waiting = 0;
			putchar('\t');
			column = stop;
			continue;
		}
		waiting++;
		column++;
		tab = column == stop;
	}
	if (tab && waiting > 1) {
		putchar('\t');
		waiting = 0;
	}
	for (; waiting; waiting--)
		putchar(' ');
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "all", no_argument, NULL, 'a' },
		{ "first-only", no_argument, NULL, '1' },
		{ "tabs", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, failed = 0, first_only = 0;
	FILE *f;

	read_stops("8");
	while ((c = getopt_long(argc, argv, "at:", longs, NULL)) != -1) {
		switch (c) {
		case 'a':
			all = 1;
			break;
		case '1':
			first_only = 1;
			break;
		case 't':
			read_stops(optarg);
			all = 1;
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: unexpand [-a] [-t list] [file...]\n");
			return c != 'h';
		}
	}
	if (first_only)
		all = 0;
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		f = strcmp(name, "-") ? fopen(name, "r") : stdin;
		if (!f) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		convert(f);
		if (ferror(f)) {
			warn("%s", name);
			clearerr(f);
			failed = 1;
		}
		if (f != stdin)
			fclose(f);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
