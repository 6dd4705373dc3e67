/*
 * paste: put lines of files side by side, or (-s) all lines of each in one.
 * -d: what stands between them, in turn; \n \t \\ \0 (nothing).
 * As column: lines next to each other, or (-t) their words below each other.
 */
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "plain.h"
#include "utf8.h"

static short *delims; /* -1: none */
static size_t ndelims;
static int sep = '\n';

static void usage(FILE *f, int status)
{
	fputs("usage: paste [-sz] [-d list] [file...]\n"
	      "       column [-Lx] [-c width] [file...]\n"
	      "       column -t [-L] [-s separators] [-o text] [-N names] "
	      "[-R columns]\n"
	      "              [-l columns] [file...]\n",
	      f);
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

/* --- column ------------------------------------------------------------- */

static char **lines;
static size_t line_count, line_room;
static int keep_empty;

static void add_line(char *line)
{
	if (line_count == line_room) {
		line_room = line_room * 2 + 64;
		lines = reallocarray(lines, line_room, sizeof(*lines));
	}
	if (!lines || !line)
		err(1, NULL);
	lines[line_count++] = line;
}

static int read_lines(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int blank;

	if (!f) {
		warn("%s", name);
		return 1;
	}
	while ((n = getline(&line, &cap, f)) >= 0) {
		if (n && line[n - 1] == '\n')
			line[n - 1] = 0;
		blank = !line[strspn(line, " \t\r\f\v")];
		if (keep_empty || !blank)
			add_line(strdup(blank ? "" : line));
	}
	n = ferror(f);
	if (n)
		warn("%s", name);
	free(line);
	if (f != stdin)
		fclose(f);
	return n != 0;
}

/* Columns that a text takes. */
static size_t width_of(const char *s)
{
	size_t n = strlen(s), used, width = 0;
	int code;

	for (; n; s += used, n -= used) {
		used = utf8_get(s, n, &code);
		width += (size_t)(code < 128 ? 1 : utf8_width(code));
	}
	return width;
}

/* One below the other, as many of them side by side as there is room for. */
static void put_columns(size_t room, int by_row)
{
	size_t most = 0, i, rows, across, row, at, width, x;

	for (i = 0; i < line_count; i++) {
		width = width_of(lines[i]);
		most = width > most ? width : most;
	}
	most = most / 8 * 8 + 8;
	across = room / most ? room / most : 1;
	rows = (line_count + across - 1) / across;
	for (row = 0; row < rows; row++) {
		for (x = i = 0; i < across; i++) {
			at = by_row ? row * across + i : i * rows + row;
			if (at >= line_count)
				break;
			for (; x < i * most; x = x / 8 * 8 + 8)
				putchar('\t');
			fputs(lines[at], stdout);
			x += width_of(lines[at]);
		}
		putchar('\n');
	}
}

struct table {
	const char *separators, *between;
	char *names, *right;
	size_t limit, count;
	size_t *width;
	char *is_right;
};

/* The cell that *s begins with, cut out; *s is what follows, or NULL. */
static char *next_cell(const struct table *t, char **s, size_t number)
{
	char *cell = *s;

	if (!t->separators)
		cell += strspn(cell, " \t");
	*s = NULL;
	if (number < t->limit) {
		*s = strpbrk(cell, t->separators ? t->separators : " \t");
		if (*s) {
			*(*s)++ = 0;
			if (!t->separators && !(*s)[strspn(*s, " \t")])
				*s = NULL;
		}
	}
	return cell;
}

/* Which column is meant: by its number or by its name. */
static void set_right(struct table *t, char *names)
{
	size_t i, n;
	char *list, *at, *copy;

	while ((list = strsep(&t->right, ","))) {
		n = strtoul(list, &at, 10);
		copy = names ? strdup(names) : NULL;
		for (i = 1; *at && (at = strsep(&copy, ",")); i++)
			if (!strcmp(at, list))
				n = i;
		if (!n)
			errx(1, "there is no column '%s'", list);
		if (n <= t->count)
			t->is_right[n - 1] = 1;
	}
}

static void widen(struct table *t, size_t column, const char *cell)
{
	size_t width = width_of(cell);

	if (column == t->count) {
		t->width =
			reallocarray(t->width, column + 1, sizeof(*t->width));
		if (!t->width)
			err(1, NULL);
		t->width[t->count++] = 0;
	}
	if (width > t->width[column])
		t->width[column] = width;
}

static void put_table(struct table *t)
{
	char *names = t->names ? strdup(t->names) : NULL, *s, *cell;
	size_t i, n, k, width;

	for (i = 0; i < line_count; i++) {
		s = strdup(lines[i]);
		for (n = 0; s; n++)
			widen(t, n, next_cell(t, &s, n + 1));
	}
	for (n = 0; (cell = strsep(&names, ",")); n++)
		widen(t, n, cell);
	t->is_right = calloc(t->count + 1, 1);
	if (!t->is_right)
		err(1, NULL);
	if (t->right)
		set_right(t, t->names);
	for (i = t->names ? 0 : 1; i <= line_count; i++) {
		s = i ? lines[i - 1] : t->names;
		for (n = 0; n < t->count; n++) {
			cell = s ? i ? next_cell(t, &s, n + 1) : strsep(&s, ",")
				 : NULL;
			width = cell ? width_of(cell) : 0;
			if (n)
				fputs(t->between, stdout);
			/* Nothing stands behind the last. */
			if (!width && n + 1 == t->count)
				continue;
			for (k = width; k < t->width[n] && t->is_right[n]; k++)
				putchar(' ');
			if (cell)
				fputs(cell, stdout);
			for (k = width; k < t->width[n] && !t->is_right[n] &&
					n + 1 < t->count;
			     k++)
				putchar(' ');
		}
		putchar('\n');
	}
}

static size_t count_of(const char *s)
{
	char *end;
	size_t n = strtoul(s, &end, 10);

	if (!n || *end || *s == '-')
		errx(1, "'%s' is no number of columns", s);
	return n;
}

static int column_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "output-width", required_argument, NULL, 'c' },
		{ "table-columns-limit", required_argument, NULL, 'l' },
		{ "keep-empty-lines", no_argument, NULL, 'L' },
		{ "table-columns", required_argument, NULL, 'N' },
		{ "output-separator", required_argument, NULL, 'o' },
		{ "table-right", required_argument, NULL, 'R' },
		{ "separator", required_argument, NULL, 's' },
		{ "table", no_argument, NULL, 't' },
		{ "fillrows", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct table t = { .between = "  ", .limit = SIZE_MAX };
	const char *columns = getenv("COLUMNS");
	int c, i, as_table = 0, by_row = 0, failed = 0;
	size_t width = columns ? strtoul(columns, NULL, 10) : 0;
	struct winsize w;

	if (!width && isatty(1) && ioctl(1, TIOCGWINSZ, &w) == 0)
		width = w.ws_col;
	while ((c = getopt_long(argc, argv, "c:l:LN:o:R:s:tx", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			width = count_of(optarg);
			break;
		case 'l':
			t.limit = count_of(optarg);
			break;
		case 'L':
			keep_empty = 1;
			break;
		case 'N':
			t.names = optarg;
			break;
		case 'o':
			t.between = optarg;
			break;
		case 'R':
			t.right = optarg;
			break;
		case 's':
			t.separators = optarg;
			break;
		case 't':
			as_table = 1;
			break;
		case 'x':
			by_row = 1;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	for (i = optind; i < argc || i == optind; i++)
		failed |= read_lines(i < argc ? argv[i] : "-");
	if (as_table)
		put_table(&t);
	else
		put_columns(width ? width : 80, by_row);
	return plain_end(failed, 1);
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

	if (plain_named(argv, "column"))
		return column_main(argc, argv);
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
