/*
 * expand: turn tabs into spaces; -i: only those in front of text; -t: where the
 * tab stops are, one width or a list.
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

static int initial;

static void convert(FILE *f)
{
	static size_t column;
	static int text;
	size_t stop;
	int c;

	while ((c = getc(f)) != EOF) {
		if (c == '\t' && !(initial && text)) {
			stop = next_stop(column);
			if (!stop)
				stop = column + 1;
			for (; column < stop; column++)
				putchar(' ');
			continue;
		}
		putchar(c);
		if (c == '\n') {
			column = 0;
			text = 0;
		} else if (c == '\b') {
			column -= column > 0;
		} else {
			column++;
		}
		if (c != ' ' && c != '\n')
			text = 1;
		if (ferror(stdout))
			err(1, "write error");
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "initial", no_argument, NULL, 'i' },
		{ "tabs", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, failed = 0;
	FILE *f;

	read_stops("8");
	while ((c = getopt_long(argc, argv, "it:", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			initial = 1;
			break;
		case 't':
			read_stops(optarg);
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: expand [-i] [-t list] [file...]\n");
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
