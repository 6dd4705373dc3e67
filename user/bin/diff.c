/*
 * diff: what has to be changed to make one file, or tree, of another.
 *
 * Lines are numbered by what they hold, equal ones alike (and what -i -b -w
 * ignore makes them equal).  On the rows of numbers works the algorithm of
 * E. Myers, "An O(ND) Difference Algorithm and Its Variations", in the form
 * that needs linear space: from both ends it looks for the middle of a shortest
 * way, and does the two halves in the same manner.  Where that takes more
 * than COST_MAX steps of edit the best place so far is taken, so very unlike
 * files are done soon, with an answer that is right and may be longer (-d: the
 * shortest whatever it takes).
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shown.h"
#include "utf8.h"

#define COST_MAX 512

struct line {
	const char *p;
	size_t n; /* with its newline, which the last may lack */
};

struct file {
	const char *name; /* as it is shown */
	const char *label;
	struct stat st;
	int absent; /* taken as empty, by -N */
	char *text;
	size_t size;
	struct line *line;
	int lines;
	int *class;    /* of each line: equal numbers, equal lines */
	char *changed; /* of each line; with a zero before and behind */
};

/* Lines from .. to - 1 of the first become those of the second file. */
struct change {
	int a, a_end, b, b_end;
	int ignored; /* -B, and there is nothing but empty lines in it */
};

struct ancestor {
	const struct ancestor *up;
	dev_t dev;
	ino_t ino;
};

static int format = 'n'; /* n normal, c context, u unified, e ed, f ed forward,
			    y side by side, q only whether */
static int context = 3, recursive, new_files, same_too, as_text, minimal;
static int fold_case, fold_blanks, no_blanks, skip_empty, show_function;
static int no_last_blanks, strip_cr, width = 130, changed_only, left_only;
static int coloured;
static const char *labels[2];
static const char *excluded[256];
static int label_count, excluded_count;
static char *options; /* as they were given, for the lines of -r */

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		err(2, NULL);
	return p;
}

static int trouble(const char *name)
{
	warn("%s", name);
	return 2;
}

static char *join(const char *folder, const char *name)
{
	size_t n = strlen(folder);
	char *path;

	if (asprintf(&path, "%s%s%s", folder,
		     n && folder[n - 1] == '/' ? "" : "/", name) < 0)
		err(2, NULL);
	return path;
}

/* --- Lines ------------------------------------------------------------- */

/* The next character that counts of a line, or -1. */
static int next_char(const char **p, const char *end)
{
	int c;

	if (*p == end)
		return -1;
	c = (unsigned char)*(*p)++;
	if (isspace(c) && (fold_blanks || no_blanks)) {
		while (*p < end && isspace((unsigned char)**p))
			++*p;
		if (*p == end)
			return -1;
		c = no_blanks ? (unsigned char)*(*p)++ : ' ';
	}
	return fold_case ? tolower(c) : c;
}

/* Where what counts of a line ends, but for what next_char() leaves out. */
static const char *line_end(const struct line *l)
{
	const char *end = l->p + l->n;

	while (no_last_blanks && end > l->p && isspace((unsigned char)end[-1]))
		end--;
	return end;
}

static uint64_t line_hash(const struct line *l)
{
	const char *p = l->p, *end = line_end(l);
	uint64_t h = 14695981039346656037u;
	int c;

	while ((c = next_char(&p, end)) >= 0)
		h = (h ^ (uint64_t)c) * 1099511628211u;
	return h ^ h >> 29;
}

static int line_equal(const struct line *l, const struct line *m)
{
	const char *p = l->p, *q = m->p, *p_end = line_end(l);
	const char *q_end = line_end(m);
	int c;

	if (!fold_case && !fold_blanks && !no_blanks && !no_last_blanks)
		return l->n == m->n && !memcmp(p, q, l->n);
	do {
		c = next_char(&p, p_end);
		if (c != next_char(&q, q_end))
			return 0;
	} while (c >= 0);
	return 1;
}

static void split_lines(struct file *f)
{
	const char *p = f->text, *end = p + f->size, *stop;
	size_t n = 0, cap = 0;

	while (p < end) {
		if (n == cap) {
			cap = cap ? cap * 2 : 256;
			if (cap > INT_MAX / 4)
				errx(2, "%s: too many lines", f->name);
			f->line = grow(f->line, cap, sizeof(*f->line));
		}
		stop = memchr(p, '\n', (size_t)(end - p));
		stop = stop ? stop + 1 : end;
		f->line[n].p = p;
		f->line[n++].n = (size_t)(stop - p);
		p = stop;
	}
	f->lines = (int)n;
	f->class = grow(NULL, n, sizeof(*f->class));
	f->changed = calloc(n + 2, 1);
	if (!f->changed)
		err(2, NULL);
	f->changed++;
}

/* Number the lines of both; returns how many numbers there are. */
static int number_lines(struct file *f)
{
	struct known {
		uint64_t hash;
		const struct line *line;
		int next;
	} * known;
	size_t slots = 64, s;
	int *head, i, k, which, count = 0;
	uint64_t h;

	while (slots < (size_t)f[0].lines + (size_t)f[1].lines)
		slots *= 2;
	head = grow(NULL, slots, sizeof(*head));
	known = grow(NULL, (size_t)f[0].lines + (size_t)f[1].lines,
		     sizeof(*known));
	for (s = 0; s < slots; s++)
		head[s] = -1;
	for (which = 0; which < 2; which++) {
		for (i = 0; i < f[which].lines; i++) {
			const struct line *l = &f[which].line[i];

			h = line_hash(l);
			s = (size_t)h & (slots - 1);
			for (k = head[s]; k >= 0; k = known[k].next)
				if (known[k].hash == h &&
				    line_equal(known[k].line, l))
					break;
			if (k < 0) {
				k = count++;
				known[k].hash = h;
				known[k].line = l;
				known[k].next = head[s];
				head[s] = k;
			}
			f[which].class[i] = k;
		}
	}
	free(head);
	free(known);
	return count;
}

/* --- The algorithm ----------------------------------------------------- */

/* What is left of a file: numbers, and which lines they are. */
struct row {
	int *class;
	int *line;
	int n;
	char *changed;
};

static const int *row_a, *row_b;
static int *forth, *back; /* by diagonal x - y: how far x has come */
static int cost_max;

struct point {
	int x, y;
};

/*
 * A point on a way from (x, y) to (x_end, y_end) of which both parts are
 * shorter.  The ways from the start with `cost` edits end at forth[], those
 * from the end at back[]; where they meet is the middle.
 */
static struct point middle(int x, int y, int x_end, int y_end)
{
	int low = x - y_end, high = x_end - y; /* the diagonals there are */
	int from = x - y, to = x_end - y_end;
	int f_low = from, f_high = from, b_low = to, b_high = to;
	int odd = (from - to) & 1, cost, d, i, k;

	forth[from] = x;
	back[to] = x_end;
	for (cost = 1;; cost++) {
		if (f_low > low)
			forth[--f_low - 1] = -1;
		else
			f_low++;
		if (f_high < high)
			forth[++f_high + 1] = -1;
		else
			f_high--;
		for (d = f_high; d >= f_low; d -= 2) {
			i = forth[d - 1] < forth[d + 1] ? forth[d + 1]
							: forth[d - 1] + 1;
			for (k = i - d;
			     i < x_end && k < y_end && row_a[i] == row_b[k];
			     i++, k++)
				;
			forth[d] = i;
			if (odd && b_low <= d && d <= b_high && back[d] <= i)
				return (struct point){ i, k };
		}
		if (b_low > low)
			back[--b_low - 1] = INT_MAX;
		else
			b_low++;
		if (b_high < high)
			back[++b_high + 1] = INT_MAX;
		else
			b_high--;
		for (d = b_high; d >= b_low; d -= 2) {
			i = back[d - 1] < back[d + 1] ? back[d - 1]
						      : back[d + 1] - 1;
			for (k = i - d;
			     i > x && k > y && row_a[i - 1] == row_b[k - 1];
			     i--, k--)
				;
			back[d] = i;
			if (!odd && f_low <= d && d <= f_high && i <= forth[d])
				return (struct point){ i, k };
		}
		if (cost >= cost_max) {
			struct point best = { x, y }, far = { x_end, y_end };
			int gone = -1, left = INT_MAX;

			/* Whichever of the two ways has come farther. */
			for (d = f_high; d >= f_low; d -= 2) {
				i = forth[d] < x_end ? forth[d] : x_end;
				if (i - d > y_end)
					i = y_end + d;
				if (i + i - d > gone) {
					gone = i + i - d;
					best = (struct point){ i, i - d };
				}
			}
			for (d = b_high; d >= b_low; d -= 2) {
				i = back[d] > x ? back[d] : x;
				if (i - d < y)
					i = y + d;
				if (i + i - d < left) {
					left = i + i - d;
					far = (struct point){ i, i - d };
				}
			}
			return x_end + y_end - left > gone - (x + y) ? far
								     : best;
		}
	}
}

/* Recursion goes into the smaller part, so its depth is a logarithm. */
static void compare_rows(struct row *a, struct row *b, int x, int y, int x_end,
			 int y_end)
{
	struct point m;

	for (;;) {
		while (x < x_end && y < y_end && row_a[x] == row_b[y])
			x++, y++;
		while (x < x_end && y < y_end &&
		       row_a[x_end - 1] == row_b[y_end - 1])
			x_end--, y_end--;
		if (x == x_end || y == y_end)
			break;
		m = middle(x, y, x_end, y_end);
		if ((m.x - x) + (m.y - y) < (x_end - m.x) + (y_end - m.y)) {
			compare_rows(a, b, x, y, m.x, m.y);
			x = m.x;
			y = m.y;
		} else {
			compare_rows(a, b, m.x, m.y, x_end, y_end);
			x_end = m.x;
			y_end = m.y;
		}
	}
	for (; x < x_end; x++)
		a->changed[a->line[x]] = 1;
	for (; y < y_end; y++)
		b->changed[b->line[y]] = 1;
}

/* Lines that the other file has nowhere are changed, and out of the race. */
static void make_row(struct row *r, struct file *f, int from, int to,
		     const int *in_other)
{
	int i;

	r->n = 0;
	r->changed = f->changed;
	r->class = grow(NULL, (size_t)(to - from), sizeof(int));
	r->line = grow(NULL, (size_t)(to - from), sizeof(int));
	for (i = from; i < to; i++) {
		if (!in_other[f->class[i]]) {
			f->changed[i] = 1;
			continue;
		}
		r->class[r->n] = f->class[i];
		r->line[r->n++] = i;
	}
}

static void mark_changes(struct file *f)
{
	int classes = number_lines(f), start = 0, i, *in[2], *space;
	int end[2] = { f[0].lines, f[1].lines };
	struct row r[2];
	size_t span;

	while (start < end[0] && start < end[1] &&
	       f[0].class[start] == f[1].class[start])
		start++;
	while (end[0] > start && end[1] > start &&
	       f[0].class[end[0] - 1] == f[1].class[end[1] - 1])
		end[0]--, end[1]--;
	in[0] = calloc((size_t)classes + 1, sizeof(int));
	in[1] = calloc((size_t)classes + 1, sizeof(int));
	if (!in[0] || !in[1])
		err(2, NULL);
	for (i = start; i < end[0]; i++)
		in[0][f[0].class[i]] = 1;
	for (i = start; i < end[1]; i++)
		in[1][f[1].class[i]] = 1;
	make_row(&r[0], &f[0], start, end[0], in[1]);
	make_row(&r[1], &f[1], start, end[1], in[0]);
	/* Diagonals run from -r[1].n - 1 to r[0].n + 1. */
	span = (size_t)r[0].n + (size_t)r[1].n + 3;
	space = grow(NULL, span, 2 * sizeof(int));
	forth = space + r[1].n + 1;
	back = forth + span;
	row_a = r[0].class;
	row_b = r[1].class;
	cost_max = minimal ? INT_MAX : COST_MAX;
	compare_rows(&r[0], &r[1], 0, 0, r[0].n, r[1].n);
	for (i = 0; i < 2; i++) {
		free(r[i].class);
		free(r[i].line);
		free(in[i]);
	}
	free(space);
}

/*
 * A run of changed lines can often be moved up or down and say the same: when
 * the line before it equals its last.  Runs are moved up as far as they go, so
 * that those that touch become one, then down, and stay where the other file
 * has a change, too, if there is such a place.
 */
static void settle_runs(struct file *f, const struct file *other)
{
	char *changed = f->changed;
	const char *there = other->changed;
	const int *class = f->class;
	int i = 0, k = 0, start, length, meets, n = f->lines;

	for (;;) {
		/* To the next run; unchanged lines keep step in both. */
		while (i < n && !changed[i]) {
			while (there[k++])
				;
			i++;
		}
		if (i == n)
			return;
		start = i;
		while (changed[++i])
			;
		while (there[k])
			k++;
		do {
			length = i - start;
			while (start && class[start - 1] == class[i - 1]) {
				changed[--start] = 1;
				changed[--i] = 0;
				while (changed[start - 1])
					start--;
				while (there[--k])
					;
			}
			meets = there[k - 1] ? i : n;
			while (i != n && class[start] == class[i]) {
				changed[start++] = 0;
				changed[i++] = 1;
				while (changed[i])
					i++;
				while (there[++k])
					meets = i;
			}
		} while (length != i - start);
		while (meets < i) {
			changed[--start] = 1;
			changed[--i] = 0;
			while (there[--k])
				;
		}
	}
}

static int is_empty(const struct line *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (fold_blanks || no_blanks || no_last_blanks
			    ? !isspace((unsigned char)l->p[i])
			    : l->p[i] != '\n')
			return 0;
	return 1;
}

static int only_empty(const struct file *f, int from, int to)
{
	for (; from < to; from++)
		if (!is_empty(&f->line[from]))
			return 0;
	return 1;
}

/* The changes in order; returns how many. */
static int list_changes(struct file *f, struct change **list)
{
	int i = 0, k = 0, n = 0, cap = 0;
	struct change *c;

	*list = NULL;
	while (i < f[0].lines || k < f[1].lines) {
		if (!f[0].changed[i] && !f[1].changed[k]) {
			i++;
			k++;
			continue;
		}
		if (n == cap) {
			cap = cap ? cap * 2 : 64;
			*list = grow(*list, (size_t)cap, sizeof(**list));
		}
		c = &(*list)[n++];
		c->a = i;
		c->b = k;
		while (f[0].changed[i])
			i++;
		while (f[1].changed[k])
			k++;
		c->a_end = i;
		c->b_end = k;
		c->ignored = skip_empty && only_empty(&f[0], c->a, i) &&
			     only_empty(&f[1], c->b, k);
	}
	return n;
}

/* --- Output ------------------------------------------------------------ */

/* What is to be written in a colour: names bold, places, lines that go, come */
#define OF_NAME  "1"
#define OF_PLACE "36"
#define OF_GONE  "31"
#define OF_COME  "32"

static void colour(const char *c)
{
	if (coloured && c)
		printf("\33[%sm", c);
}

static void plain(const char *c)
{
	if (coloured && c)
		fputs("\33[0m", stdout);
}

static void put_line(const char *mark, const struct file *f, int i,
		     const char *c)
{
	const struct line *l = &f->line[i];
	size_t n = l->n - (l->p[l->n - 1] == '\n');

	colour(c);
	fputs(mark, stdout);
	fwrite(l->p, 1, n, stdout);
	plain(c);
	putchar('\n');
	if (n == l->n)
		puts("\\ No newline at end of file");
}

/* Lines first .. end - 1 as normal and context formats write them. */
static void put_range(int first, int end)
{
	if (end - first > 1)
		printf("%d,%d", first + 1, end);
	else
		printf("%d", end);
}

static void put_normal(const struct file *f, const struct change *c)
{
	int i;

	colour(OF_PLACE);
	put_range(c->a, c->a_end);
	putchar(c->a == c->a_end ? 'a' : c->b == c->b_end ? 'd' : 'c');
	put_range(c->b, c->b_end);
	plain(OF_PLACE);
	putchar('\n');
	for (i = c->a; i < c->a_end; i++)
		put_line("< ", &f[0], i, OF_GONE);
	if (c->a < c->a_end && c->b < c->b_end)
		puts("---");
	for (i = c->b; i < c->b_end; i++)
		put_line("> ", &f[1], i, OF_COME);
}

/*
 * As commands of ed, from the last change to the first, so that no number is
 * moved by what went before.  A line that is a dot would end the text: it goes
 * in as two, of which one is taken away.
 */
static void put_ed(const struct file *f, const struct change *c)
{
	int i, inside = 1;

	put_range(c->a, c->a_end);
	puts(c->a == c->a_end ? "a" : c->b == c->b_end ? "d" : "c");
	if (c->b == c->b_end)
		return;
	for (i = c->b; i < c->b_end; i++) {
		const struct line *l = &f[1].line[i];

		if (!inside)
			puts("a");
		inside = l->n != 2 || memcmp(l->p, ".\n", 2) != 0;
		if (!inside) {
			puts("..\n.\ns/.//");
			continue;
		}
		fwrite(l->p, 1, l->n, stdout);
		if (l->p[l->n - 1] != '\n')
			putchar('\n');
	}
	if (inside)
		puts(".");
}

/* The same from the first to the last, for people and not for ed. */
static void put_forward(const struct file *f, const struct change *c)
{
	int i;

	putchar(c->a == c->a_end ? 'a' : c->b == c->b_end ? 'd' : 'c');
	if (c->a_end - c->a > 1)
		printf("%d ", c->a + 1);
	printf("%d\n", c->a_end);
	if (c->b == c->b_end)
		return;
	for (i = c->b; i < c->b_end; i++) {
		fwrite(f[1].line[i].p, 1, f[1].line[i].n, stdout);
		if (f[1].line[i].p[f[1].line[i].n - 1] != '\n')
			putchar('\n');
	}
	puts(".");
}

/* ed cannot make a last line without an end: 2 where there is one. */
static int put_commands(const struct file *f, const struct change *c, int n)
{
	int i, status = 1;

	for (i = 0; i < n; i++) {
		const struct change *one = &c[format == 'e' ? n - 1 - i : i];

		if (!one->ignored)
			(format == 'e' ? put_ed : put_forward)(f, one);
	}
	for (i = 0; i < 2; i++) {
		if (!f[i].size || f[i].text[f[i].size - 1] == '\n')
			continue;
		fflush(stdout);
		warnx("%s: No newline at end of file", f[i].name);
		status = 2;
	}
	return status;
}

static void put_header(const struct file *f)
{
	static const char *const marks[2][2] = { { "***", "---" },
						 { "---", "+++" } };
	char when[64], zone[8];
	struct tm tm;
	int i;

	for (i = 0; i < 2; i++) {
		colour(OF_NAME);
		printf("%s ", marks[format == 'u'][i]);
		if (f[i].label) {
			shown_name(stdout, f[i].label);
			plain(OF_NAME);
			putchar('\n');
			continue;
		}
		localtime_r(&f[i].st.st_mtim.tv_sec, &tm);
		if (format == 'c') {
			strftime(when, sizeof(when), "%a %b %e %T %Y", &tm);
			shown_name(stdout, f[i].name);
			printf("\t%s", when);
		} else {
			strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
			strftime(zone, sizeof(zone), "%z", &tm);
			shown_name(stdout, f[i].name);
			printf("\t%s.%09ld %s", when,
			       (long)f[i].st.st_mtim.tv_nsec, zone);
		}
		plain(OF_NAME);
		putchar('\n');
	}
}

/* -p: the last line before that begins like a function's. */
static void put_function(const struct file *f, int before)
{
	const struct line *l;
	size_t n;

	while (--before >= 0) {
		l = &f->line[before];
		if (isalpha((unsigned char)*l->p) || *l->p == '_' ||
		    *l->p == '$')
			break;
	}
	if (before < 0)
		return;
	n = l->n < 40 ? l->n : 40;
	while (n && isspace((unsigned char)l->p[n - 1]))
		n--;
	putchar(' ');
	fwrite(l->p, 1, n, stdout);
}

static void put_unified_range(int first, int end)
{
	if (end - first == 1)
		printf("%d", end);
	else
		printf("%d,%d", end == first ? end : first + 1, end - first);
}

/* Changes c[0 .. n - 1] with the lines a .. a_end and b .. b_end about them. */
static void put_unified(const struct file *f, const struct change *c, int n,
			int a, int a_end, int b, int b_end)
{
	int i;

	colour(OF_PLACE);
	fputs("@@ -", stdout);
	put_unified_range(a, a_end);
	fputs(" +", stdout);
	put_unified_range(b, b_end);
	fputs(" @@", stdout);
	plain(OF_PLACE);
	if (show_function)
		put_function(&f[0], a);
	putchar('\n');
	for (; n--; c++) {
		for (; a < c->a; a++)
			put_line(" ", &f[0], a, NULL);
		for (; a < c->a_end; a++)
			put_line("-", &f[0], a, OF_GONE);
		for (i = c->b; i < c->b_end; i++)
			put_line("+", &f[1], i, OF_COME);
	}
	for (; a < a_end; a++)
		put_line(" ", &f[0], a, NULL);
}

static void put_context(const struct file *f, const struct change *c, int n,
			int a, int a_end, int b, int b_end)
{
	int i, gone = 0, come = 0;

	for (i = 0; i < n; i++) {
		gone |= c[i].a < c[i].a_end;
		come |= c[i].b < c[i].b_end;
	}
	fputs("***************", stdout);
	if (show_function)
		put_function(&f[0], a);
	putchar('\n');
	colour(OF_PLACE);
	fputs("*** ", stdout);
	put_range(a, a_end);
	fputs(" ****", stdout);
	plain(OF_PLACE);
	putchar('\n');
	for (i = 0; gone && i <= n; i++) {
		for (; a < (i < n ? c[i].a : a_end); a++)
			put_line("  ", &f[0], a, OF_GONE);
		for (; i < n && a < c[i].a_end; a++)
			put_line(c[i].b < c[i].b_end ? "! " : "- ", &f[0], a,
				 OF_GONE);
	}
	colour(OF_PLACE);
	fputs("--- ", stdout);
	put_range(b, b_end);
	fputs(" ----", stdout);
	plain(OF_PLACE);
	putchar('\n');
	for (i = 0; come && i <= n; i++) {
		for (; b < (i < n ? c[i].b : b_end); b++)
			put_line("  ", &f[1], b, OF_COME);
		for (; i < n && b < c[i].b_end; b++)
			put_line(c[i].a < c[i].a_end ? "! " : "+ ", &f[1], b,
				 OF_COME);
	}
}

/* Changes that are near each other share the lines between them. */
static void put_groups(const struct file *f, const struct change *c, int n)
{
	int i, last, before, behind, all_ignored;

	for (i = 0; i < n; i = last) {
		all_ignored = c[i].ignored;
		for (last = i + 1; last < n; last++) {
			int most = c[last].ignored ? context - 1 : 2 * context;

			if (c[last].a - c[last - 1].a_end > most)
				break;
			all_ignored &= c[last].ignored;
		}
		if (all_ignored)
			continue;
		before = c[i].a < context ? c[i].a : context;
		behind = f[0].lines - c[last - 1].a_end;
		if (behind > context)
			behind = context;
		(format == 'u' ? put_unified : put_context)(
			f, c + i, last - i, c[i].a - before,
			c[last - 1].a_end + behind, c[i].b - before,
			c[last - 1].b_end + behind);
	}
}

/* --- Side by side ------------------------------------------------------ */

/* Tabs and blanks from one column to another. */
static int go_to(int from, int to)
{
	for (; from - from % 8 + 8 <= to; from += 8 - from % 8)
		putchar('\t');
	for (; from < to; from++)
		putchar(' ');
	return to;
}

/*
 * As much of a line as `room` columns hold. A tab is one if nothing was cut
 * off before it and what it leads to is still inside. Returns the column that
 * was reached.
 */
static int put_half(const struct line *l, int room)
{
	const char *p = l->p, *end = p + l->n - (l->p[l->n - 1] == '\n');
	int at = 0, out = 0, code, next;
	size_t n;

	for (; p < end; p += n) {
		n = utf8_get(p, (size_t)(end - p), &code);
		next = code == '\t' ? at - at % 8 + 8
				    : at + (code < 0     ? 1
					    : code < ' ' ? 0
							 : utf8_width(code));
		if (code == '\t' ? at == out && next < room : next <= room) {
			fwrite(p, 1, n, stdout);
			out = next;
		}
		at = next < INT_MAX - 8 ? next : at;
	}
	return out;
}

/* One row; lines of -1 are not there. What is between says how they differ. */
static void put_row(const struct file *f, int a, int b, char between)
{
	/* The second half begins at a tab, and both are of the same width. */
	int second = (width + 11) / 16 * 8, half = second - 3, at = 0;
	const struct line *l = a < 0 ? NULL : &f[0].line[a];
	const struct line *r = b < 0 ? NULL : &f[1].line[b];
	int l_end = l && l->p[l->n - 1] == '\n';
	int r_end = r && r->p[r->n - 1] == '\n';
	const char *c = between == '<'   ? OF_GONE
			: between == '>' ? OF_COME
					 : NULL;

	if (width - second < half)
		half = width - second;
	if (half <= 0) {
		half = 0;
		second = width;
	}
	colour(c);
	if (l)
		at = put_half(l, half);
	if (between != ' ') {
		at = go_to(at, (half + second - 1) / 2) + 1;
		if (between == '|' && l_end != r_end)
			between = l_end ? '/' : '\\';
		putchar(between);
	}
	if (r && *r->p != '\n') {
		go_to(at, second);
		put_half(r, half);
	}
	if (l_end || r_end)
		putchar('\n');
	plain(c);
}

/* Lines that are not changed, or whose change does not count. */
static void put_same(const struct file *f, int a, int a_end, int b, int b_end)
{
	if (changed_only)
		return;
	while (a < a_end && b < b_end) {
		put_row(f, a, left_only ? -1 : b, left_only ? '(' : ' ');
		a++;
		b++;
	}
	for (; b < b_end; b++)
		put_row(f, -1, b, ')');
	for (; a < a_end; a++)
		put_row(f, a, -1, '(');
}

static void put_sides(const struct file *f, const struct change *c, int n)
{
	int a = 0, b = 0;

	for (; n--; c++) {
		if (c->ignored)
			continue;
		put_same(f, a, c->a, b, c->b);
		for (a = c->a, b = c->b; a < c->a_end && b < c->b_end;)
			put_row(f, a++, b++, '|');
		while (b < c->b_end)
			put_row(f, -1, b++, '>');
		while (a < c->a_end)
			put_row(f, a++, -1, '<');
	}
	put_same(f, a, f[0].lines, b, f[1].lines);
}

/* --- Files ------------------------------------------------------------- */

static int read_file(struct file *f)
{
	size_t cap = 0;
	ssize_t n;
	int fd;

	f->text = NULL;
	f->size = 0;
	if (f->absent)
		return 0;
	fd = strcmp(f->name, "-") ? open(f->name, O_RDONLY) : 0;
	if (fd < 0)
		return trouble(f->name);
	if (S_ISREG(f->st.st_mode) && f->st.st_size < SSIZE_MAX)
		cap = (size_t)f->st.st_size + 1;
	if (cap < 4096)
		cap = 4096;
	f->text = malloc(cap);
	for (;;) {
		if (f->text && f->size == cap) {
			char *more = realloc(f->text, cap * 2);

			if (!more)
				free(f->text);
			f->text = more;
			cap *= 2;
		}
		if (!f->text)
			errx(2, "%s: not enough memory", f->name);
		n = read(fd, f->text + f->size, cap - f->size);
		if (n == 0)
			break;
		if (n > 0) {
			f->size += (size_t)n;
		} else if (errno != EINTR) {
			trouble(f->name);
			if (fd)
				close(fd);
			return 2;
		}
	}
	if (fd)
		close(fd);
	return 0;
}

/* A CR before the end of a line is none. */
static void strip_returns(struct file *f)
{
	size_t i, n = 0;

	for (i = 0; i < f->size; i++)
		if (f->text[i] != '\r' || i + 1 == f->size ||
		    f->text[i + 1] != '\n')
			f->text[n++] = f->text[i];
	f->size = n;
}

static int is_binary(const struct file *f)
{
	return !as_text && f->size &&
	       memchr(f->text, 0, f->size < 32768 ? f->size : 32768);
}

static const char *title(const struct file *f)
{
	return f->label ? f->label : f->name;
}

static void put_both(const struct file *f, const char *what, const char *how)
{
	printf("%s ", what);
	shown_name(stdout, title(&f[0]));
	fputs(" and ", stdout);
	shown_name(stdout, title(&f[1]));
	printf(" %s\n", how);
}

static int print_changes(struct file *f, int nested)
{
	int i, n, counted = 0, status = 1;
	struct change *c;

	split_lines(&f[0]);
	split_lines(&f[1]);
	mark_changes(f);
	settle_runs(&f[0], &f[1]);
	settle_runs(&f[1], &f[0]);
	n = list_changes(f, &c);
	for (i = 0; i < n; i++)
		counted += !c[i].ignored;
	if (counted && format == 'q') {
		put_both(f, "Files", "differ");
	} else if (counted || (format == 'y' && !changed_only)) {
		if (nested) {
			printf("diff%s ", options);
			shown_name(stdout, f[0].name);
			putchar(' ');
			shown_name(stdout, f[1].name);
			putchar('\n');
		}
		if (format == 'y') {
			put_sides(f, c, n);
		} else if (format == 'n') {
			for (i = 0; i < n; i++)
				if (!c[i].ignored)
					put_normal(f, &c[i]);
		} else if (format == 'e' || format == 'f') {
			status = put_commands(f, c, n);
		} else {
			put_header(f);
			put_groups(f, c, n);
		}
	}
	free(c);
	for (i = 0; i < 2; i++) {
		free(f[i].line);
		free(f[i].class);
		free(f[i].changed - 1);
	}
	return counted ? status : 0;
}

/* 0 alike, 1 not, 2 trouble. */
static int compare_contents(struct file *f, int nested)
{
	int status, same = f[0].st.st_dev == f[1].st.st_dev &&
			   f[0].st.st_ino == f[1].st.st_ino && !f[0].absent &&
			   !f[1].absent;

	int show_same = format == 'y' && !changed_only;

	/* No need to read what is one and the same. */
	if (same && (!show_same || !strcmp(f[0].name, "-"))) {
		status = 0;
		goto out;
	}
	status = read_file(&f[0]);
	if (status)
		return status;
	status = read_file(&f[1]);
	if (status) {
		free(f[0].text);
		return status;
	}
	if (strip_cr) {
		strip_returns(&f[0]);
		strip_returns(&f[1]);
	}
	if (!show_same && f[0].size == f[1].size &&
	    (!f[0].size || !memcmp(f[0].text, f[1].text, f[0].size))) {
		status = 0;
	} else if (is_binary(&f[0]) || is_binary(&f[1])) {
		status = f[0].size != f[1].size ||
			 memcmp(f[0].text, f[1].text, f[0].size) != 0;
		if (status)
			put_both(f, format == 'q' ? "Files" : "Binary files",
				 "differ");
	} else if (format == 'q' && !fold_case && !fold_blanks && !no_blanks &&
		   !no_last_blanks && !skip_empty) {
		put_both(f, "Files", "differ");
		status = 1;
	} else {
		status = print_changes(f, nested);
	}
	free(f[0].text);
	free(f[1].text);
out:
	if (!status && same_too)
		put_both(f, "Files", "are identical");
	if (ferror(stdout))
		err(2, "write error");
	return status;
}

static const char *kind(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		return st->st_size ? "regular file" : "regular empty file";
	case S_IFDIR:
		return "directory";
	case S_IFCHR:
		return "character special file";
	case S_IFBLK:
		return "block special file";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	}
	return "weird file";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int is_excluded(const char *name)
{
	int i;

	for (i = 0; i < excluded_count; i++)
		if (!fnmatch(excluded[i], name, 0))
			return 1;
	return 0;
}

/* The names in a directory, sorted, with a null behind them. */
static int list_names(const char *path, char ***out)
{
	size_t n = 0, cap = 64;
	char **names = grow(NULL, cap, sizeof(*names));
	struct dirent *e;
	DIR *d;

	*out = names;
	names[0] = NULL;
	d = opendir(path);
	if (!d)
		return trouble(path);
	while (errno = 0, (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    is_excluded(e->d_name))
			continue;
		if (n + 1 == cap) {
			cap *= 2;
			names = grow(names, cap, sizeof(*names));
		}
		names[n] = strdup(e->d_name);
		if (!names[n++])
			err(2, NULL);
	}
	if (errno)
		warn("%s", path);
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	names[n] = NULL;
	*out = names;
	return 0;
}

static void free_names(char **names)
{
	char **p;

	for (p = names; *p; p++)
		free(*p);
	free(names);
}

static int compare(const char *a, const char *b, int absent_ok,
		   const struct ancestor *up_a, const struct ancestor *up_b,
		   int nested);

static int is_loop(const struct ancestor *a, const char *path)
{
	const struct ancestor *up;

	for (up = a->up; up; up = up->up) {
		if (up->dev == a->dev && up->ino == a->ino) {
			warnx("%s: recursive directory loop", path);
			return 1;
		}
	}
	return 0;
}

static int compare_folders(const struct file *f, const struct ancestor *up_a,
			   const struct ancestor *up_b)
{
	const struct ancestor here[2] = {
		{ up_a, f[0].st.st_dev, f[0].st.st_ino },
		{ up_b, f[1].st.st_dev, f[1].st.st_ino },
	};
	static char *none[] = { NULL };
	char **names[2] = { none, none }, **n[2];
	int i, order, ret, status = 0;

	for (i = 0; i < 2; i++) {
		if (f[i].absent)
			continue;
		if (is_loop(&here[i], f[i].name) ||
		    list_names(f[i].name, &names[i]))
			status = 2;
	}
	n[0] = names[0];
	n[1] = names[1];
	while (!(status == 2 && (names[0] == none || names[1] == none)) &&
	       (*n[0] || *n[1])) {
		order = !*n[0] ? 1 : !*n[1] ? -1 : strcmp(*n[0], *n[1]);
		if (order && !new_files) {
			i = order > 0;
			fputs("Only in ", stdout);
			shown_name(stdout, f[i].name);
			fputs(": ", stdout);
			shown_name(stdout, *n[i]);
			putchar('\n');
			ret = 1;
		} else {
			const char *name = order > 0 ? *n[1] : *n[0];
			char *a = join(f[0].name, name);
			char *b = join(f[1].name, name);

			ret = compare(a, b, 1, &here[0], &here[1], 1);
			free(a);
			free(b);
		}
		if (ret > status)
			status = ret;
		n[0] += order <= 0;
		n[1] += order >= 0;
	}
	for (i = 0; i < 2; i++)
		if (names[i] != none)
			free_names(names[i]);
	return status;
}

static int look(struct file *f, const char *name, int absent_ok)
{
	memset(f, 0, sizeof(*f));
	f->name = name;
	if (strcmp(name, "-") ? stat(name, &f->st) == 0
			      : fstat(0, &f->st) == 0) {
		if (!strcmp(name, "-"))
			clock_gettime(CLOCK_REALTIME, &f->st.st_mtim);
		return 0;
	}
	if (errno == ENOENT && absent_ok) {
		f->absent = 1;
		return 0;
	}
	return trouble(name);
}

static int compare(const char *a, const char *b, int absent_ok,
		   const struct ancestor *up_a, const struct ancestor *up_b,
		   int nested)
{
	struct file f[2];
	int i, status;

	status = look(&f[0], a, absent_ok) | look(&f[1], b, absent_ok);
	if (status)
		return status;
	if (f[0].absent && f[1].absent) {
		errno = ENOENT;
		return trouble(a) | trouble(b);
	}
	for (i = 0; i < 2; i++) {
		if (f[i].absent)
			f[i].st.st_mode = f[!i].st.st_mode;
		if (!nested)
			f[i].label = labels[i];
	}
	/* What is one and the same needs no walk. */
	if (nested && f[0].st.st_dev == f[1].st.st_dev &&
	    f[0].st.st_ino == f[1].st.st_ino && !S_ISREG(f[0].st.st_mode))
		return 0;
	if (S_ISDIR(f[0].st.st_mode) && S_ISDIR(f[1].st.st_mode)) {
		if (nested && !recursive) {
			printf("Common subdirectories: %s and %s\n", a, b);
			return 0;
		}
		return compare_folders(f, up_a, up_b);
	}
	if (nested ? !S_ISREG(f[0].st.st_mode) || !S_ISREG(f[1].st.st_mode)
		   : S_ISDIR(f[0].st.st_mode) || S_ISDIR(f[1].st.st_mode)) {
		fputs("File ", stdout);
		shown_name(stdout, title(&f[0]));
		printf(" is a %s while file ", kind(&f[0].st));
		shown_name(stdout, title(&f[1]));
		printf(" is a %s\n", kind(&f[1].st));
		return 1;
	}
	return compare_contents(f, nested);
}

/* A file against a directory is compared with its namesake there. */
static int compare_operands(const char *a, const char *b)
{
	struct stat st[2];
	const char *base;
	int dir[2], status;
	char *path;

	dir[0] = strcmp(a, "-") && !stat(a, &st[0]) && S_ISDIR(st[0].st_mode);
	dir[1] = strcmp(b, "-") && !stat(b, &st[1]) && S_ISDIR(st[1].st_mode);
	if (dir[0] == dir[1] || access(dir[0] ? b : a, F_OK))
		return compare(a, b, new_files, NULL, NULL, 0);
	if (!strcmp(dir[0] ? b : a, "-"))
		errx(2, "cannot compare '-' to a directory");
	base = strrchr(dir[0] ? b : a, '/');
	base = base ? base + 1 : dir[0] ? b : a;
	path = join(dir[0] ? a : b, base);
	status = dir[0] ? compare(path, b, new_files, NULL, NULL, 0)
			: compare(a, path, new_files, NULL, NULL, 0);
	free(path);
	return status;
}

static int lines_of(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (end == s || *end || n < 0)
		errx(2, "invalid context length '%s'", s);
	return errno || n > INT_MAX / 4 ? INT_MAX / 4 : (int)n;
}

static void set_format(int to)
{
	if (format != 'n' && format != 'q' && format != to)
		errx(2, "conflicting output style options");
	if (format != 'q')
		format = to;
}

/* Names to leave out, one a line. */
static void exclude(char *pattern)
{
	if (excluded_count == (int)(sizeof(excluded) / sizeof(*excluded)))
		errx(2, "too many names to leave out");
	excluded[excluded_count++] = pattern;
}

static void exclude_from(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		err(2, "%s", name);
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		exclude(line);
		line = NULL;
		cap = 0;
	}
	if (ferror(f))
		err(2, "%s", name);
	free(line);
	if (f != stdin)
		fclose(f);
}

static void set_colour(const char *when)
{
	const char *term = getenv("TERM");

	coloured = !strcmp(when, "always") ||
		   (!strcmp(when, "auto") && isatty(1) && term &&
		    strcmp(term, "dumb") != 0);
	if (!coloured && strcmp(when, "auto") != 0 &&
	    strcmp(when, "never") != 0)
		errx(2, "invalid colour '%s'", when);
}

static void keep_options(int n, char **argv)
{
	size_t size;
	FILE *f = open_memstream(&options, &size);
	const char *p;
	int i;

	if (!f)
		err(2, NULL);
	for (i = 1; i < n; i++) {
		p = argv[i];
		if (*p && !p[strcspn(p, " \t\n!\"#$&'()*;<=>?[\\]^`{|}~")]) {
			fprintf(f, " %s", p);
			continue;
		}
		fputs(" '", f);
		for (; *p; p++)
			fputs(*p == '\'' ? "'\\''" : (char[]){ *p, 0 }, f);
		fputc('\'', f);
	}
	if (fclose(f))
		err(2, NULL);
}

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: diff [-abBdefiNpqrsuwyZ] [-U lines | -c | -C lines] "
		"[-L label]...\n            [-W columns] [-x pattern]... "
		"[-X file]... file1 file2\n");
	exit(status);
}

int main(int argc, char **argv)
{
	enum { HELP = 256, LABEL, NORMAL, COLOR };
	static const struct option longs[] = {
		{ "text", no_argument, NULL, 'a' },
		{ "ignore-space-change", no_argument, NULL, 'b' },
		{ "ignore-blank-lines", no_argument, NULL, 'B' },
		{ "context", optional_argument, NULL, 'c' },
		{ "minimal", no_argument, NULL, 'd' },
		{ "ed", no_argument, NULL, 'e' },
		{ "forward-ed", no_argument, NULL, 'f' },
		{ "ignore-case", no_argument, NULL, 'i' },
		{ "new-file", no_argument, NULL, 'N' },
		{ "show-c-function", no_argument, NULL, 'p' },
		{ "brief", no_argument, NULL, 'q' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "report-identical-files", no_argument, NULL, 's' },
		{ "unified", optional_argument, NULL, 'u' },
		{ "ignore-all-space", no_argument, NULL, 'w' },
		{ "exclude", required_argument, NULL, 'x' },
		{ "exclude-from", required_argument, NULL, 'X' },
		{ "side-by-side", no_argument, NULL, 'y' },
		{ "width", required_argument, NULL, 'W' },
		{ "suppress-common-lines", no_argument, &changed_only, 1 },
		{ "left-column", no_argument, &left_only, 1 },
		{ "ignore-trailing-space", no_argument, NULL, 'Z' },
		{ "strip-trailing-cr", no_argument, &strip_cr, 1 },
		{ "color", optional_argument, NULL, COLOR },
		{ "label", required_argument, NULL, LABEL },
		{ "normal", no_argument, NULL, NORMAL },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c, status, brief = 0, explicit = -1;
	char *end;

	while ((c = getopt_long(argc, argv,
				"abBcC:defiL:NpqrsuU:wW:x:X:yZ0123456789",
				longs, NULL)) != -1) {
		switch (c) {
		case 'a':
			as_text = 1;
			break;
		case 'b':
			fold_blanks = 1;
			break;
		case 'B':
			skip_empty = 1;
			break;
		case 'c':
		case 'C':
		case 'e':
		case 'f':
		case 'u':
		case 'U':
		case 'y':
			set_format(tolower(c));
			if (optarg && lines_of(optarg) > explicit)
				explicit = lines_of(optarg);
			break;
		case 'd':
			minimal = 1;
			break;
		case 'i':
			fold_case = 1;
			break;
		case 'N':
			new_files = 1;
			break;
		case 'p':
			show_function = 1;
			break;
		case 'q':
			brief = 1;
			break;
		case 'r':
			recursive = 1;
			break;
		case 's':
			same_too = 1;
			break;
		case 'w':
			no_blanks = 1;
			break;
		case 'x':
			exclude(optarg);
			break;
		case 'X':
			exclude_from(optarg);
			break;
		case '0' ... '9':
			/* diff -u10 */
			if (explicit < 0)
				explicit = 0;
			if (explicit < INT_MAX / 40)
				explicit = explicit * 10 + c - '0';
			break;
		case 'W':
			errno = 0;
			width = (int)strtol(optarg, &end, 10);
			if (errno || *end || width < 1 || width > INT_MAX / 4)
				errx(2, "invalid width '%s'", optarg);
			break;
		case 'Z':
			no_last_blanks = 1;
			break;
		case COLOR:
			set_colour(optarg ? optarg : "auto");
			break;
		case 0:
			break;
		case 'L':
		case LABEL:
			if (label_count == 2)
				errx(2, "too many file label options");
			labels[label_count++] = optarg;
			break;
		case NORMAL:
			break;
		case HELP:
			usage(0);
		default:
			usage(2);
		}
	}
	if (argc - optind != 2)
		usage(2);
	if (explicit >= 0)
		context = explicit;
	if (show_function && format == 'n')
		format = 'c';
	if (brief)
		format = 'q';
	keep_options(optind, argv);
	status = compare_operands(argv[optind], argv[optind + 1]);
	if (fflush(stdout))
		err(2, "write error");
	return status;
}
