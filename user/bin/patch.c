/*
 * patch: make the changes that a diff tells of.
 *
 * The whole diff is read first and taken apart file by file; a file is changed
 * in memory and takes the place of the old one when it is complete.  A hunk
 * whose lines are not where it says is looked for before and behind (offset),
 * then with fewer lines of context (fuzz); what fits nowhere goes to FILE.rej.
 *
 * Diffs come from strangers.  Names that they give stay below the directory
 * of work: none is absolute or has a "..", and neither the file nor a
 * directory on the way to it may be a symbolic link.  A name on the command
 * line is the user's own word.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"
#include "shown.h"
#include "temp.h"

struct line {
	const char *p;
	size_t n; /* with the newline, when there is one */
};

struct text {
	char *buf;
	size_t size;
	struct line *line;
	int lines;
};

/* A line of a hunk: ' ' in both files, '-' in the old, '+' in the new one. */
struct part {
	char op;
	struct line line;
};

struct hunk {
	int old, old_count, new, new_count; /* as a unified header has them */
	int at;                             /* its line in the diff */
	struct part *part;
	int parts, cap;
	char *function; /* what stands behind the header's @@ or stars */
	char command;   /* of an ed script: for the lines old .. old_count */
};

enum { OLD, NEW, INDEX };

/* All that a diff says about one file. */
struct change {
	int form;        /* u, c, n, or e: an ed script */
	char *name[3];   /* NULL: not given */
	char *header[2]; /* the rest of the header's lines: a time */
	int absent[2];   /* the old or new file is none */
	struct hunk *hunk;
	int hunks, cap;
	int from, at; /* lines of the diff: of the words before, of the hunks */
};

/* A file below a directory that is open; nobody can lead it elsewhere. */
struct place {
	int dir;
	const char *base;
	char *path; /* as it is shown */
	struct stat st;
	int exists;
};

static int strip = -1, reverse, forward, dry, silent, force, batch;
static int remove_empty, backup, ignore_blanks, max_fuzz = 2;
static int backup_if_mismatch = 1, only_form;
static const char *out_name, *reject_name, *operand, *define;
static FILE *say;
static int status;
static struct text diff;
static int at; /* the line of the diff that is read next */

static void *grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		errx(2, "out of memory");
	return p;
}

static _Noreturn void usage(int to)
{
	fprintf(to ? stderr : stdout,
		"usage: patch [-bcEeflNnRstu] [-D name] [-d dir] [-F fuzz] "
		"[-i diff] [-o out]\n"
		"             [-p strip] [-r rejects] [--dry-run] "
		"[--no-backup-if-mismatch]\n"
		"             [file [diff]]\n");
	exit(to);
}

/* A file's name that the diff may have said, amid what is told of it. */
static void tell_name(const char *before, const char *name, const char *after)
{
	fputs(before, say);
	shown_name(say, name);
	fputs(after, say);
}

static _Noreturn void malformed(int line)
{
	const struct line *l = &diff.line[line < diff.lines ? line : 0];
	size_t n = l->n;

	fflush(say);
	if (line >= diff.lines)
		errx(2, "**** unexpected end of file in patch");
	while (n && (l->p[n - 1] == '\n' || l->p[n - 1] == '\r'))
		n--;
	errx(2, "**** malformed patch at line %d: %.*s", line + 1,
	     (int)(n < 200 ? n : 200), l->p);
}

/* --- Texts ------------------------------------------------------------- */

/* Read all of a file; 0, or -1 with errno. */
static int text_read(struct text *t, int fd)
{
	size_t cap = 65536;
	const char *p, *end, *stop;
	ssize_t n;

	memset(t, 0, sizeof(*t));
	t->buf = grow(NULL, cap, 1);
	while ((n = read(fd, t->buf + t->size, cap - t->size)) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		t->size += (size_t)n;
		if (t->size == cap) {
			cap *= 2;
			t->buf = grow(t->buf, cap, 1);
		}
	}
	cap = 0;
	end = t->buf + t->size;
	for (p = t->buf; p < end; p = stop) {
		if ((size_t)t->lines == cap) {
			cap = cap ? cap * 2 : 256;
			if (cap > INT_MAX / 4)
				errx(2, "too many lines");
			t->line = grow(t->line, cap, sizeof(*t->line));
		}
		stop = memchr(p, '\n', (size_t)(end - p));
		stop = stop ? stop + 1 : end;
		t->line[t->lines].p = p;
		t->line[t->lines++].n = (size_t)(stop - p);
	}
	return 0;
}

static void text_free(struct text *t)
{
	free(t->buf);
	free(t->line);
	memset(t, 0, sizeof(*t));
}

static int line_is(const struct line *l, const struct line *m)
{
	const char *p = l->p, *q = m->p, *p_end = p + l->n, *q_end = q + m->n;

	if (!ignore_blanks)
		return l->n == m->n && !memcmp(p, q, l->n);
	/* -l: any run of blanks is as good as another, none at the end. */
	while (p_end > p && isspace((unsigned char)p_end[-1]))
		p_end--;
	while (q_end > q && isspace((unsigned char)q_end[-1]))
		q_end--;
	while (p < p_end && q < q_end) {
		if (isspace((unsigned char)*p) && isspace((unsigned char)*q)) {
			while (isspace((unsigned char)*p))
				p++;
			while (isspace((unsigned char)*q))
				q++;
		} else if (*p++ != *q++) {
			return 0;
		}
	}
	return p == p_end && q == q_end;
}

/* --- Reading the diff -------------------------------------------------- */

static int begins(int line, const char *with)
{
	size_t n = strlen(with);

	return line < diff.lines && diff.line[line].n >= n &&
	       !memcmp(diff.line[line].p, with, n);
}

/* A number of a header: at most INT_MAX / 4, or the diff is bad. */
static int take_number(const char **p, const char *end, int line)
{
	int n = 0;

	if (*p == end || !isdigit((unsigned char)**p))
		malformed(line);
	for (; *p < end && isdigit((unsigned char)**p); ++*p) {
		n = n * 10 + (**p - '0');
		if (n > INT_MAX / 40)
			malformed(line);
	}
	return n;
}

static struct hunk *add_hunk(struct change *c)
{
	struct hunk *h;

	if (c->hunks == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 8;
		c->hunk = grow(c->hunk, (size_t)c->cap, sizeof(*c->hunk));
	}
	h = &c->hunk[c->hunks++];
	memset(h, 0, sizeof(*h));
	h->at = at;
	return h;
}

static void add_part(struct hunk *h, char op, const char *p, size_t n)
{
	if (h->parts == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->part = grow(h->part, (size_t)h->cap, sizeof(*h->part));
	}
	h->part[h->parts].op = op;
	h->part[h->parts].line.p = p;
	h->part[h->parts++].line.n = n;
}

/* "\ No newline at end of file": take it off what was read last. */
static void cut_newline(struct hunk *h)
{
	struct line *l;

	if (!h->parts)
		return;
	l = &h->part[h->parts - 1].line;
	if (l->n && l->p[l->n - 1] == '\n')
		l->n--;
}

static char *rest_of_line(const char *p, const char *end)
{
	char *s;

	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	s = strndup(p, (size_t)(end - p));
	if (!s)
		errx(2, "out of memory");
	return s;
}

/* "@@ -first[,count] +first[,count] @@" and its lines. */
static void read_unified(struct change *c)
{
	const struct line *l = &diff.line[at];
	const char *p = l->p + 4, *end = l->p + l->n;
	struct hunk *h = add_hunk(c);
	int old, new;

	h->old = take_number(&p, end, at);
	h->old_count = 1;
	if (p < end && *p == ',') {
		p++;
		h->old_count = take_number(&p, end, at);
	}
	if (end - p < 2 || p[0] != ' ' || p[1] != '+')
		malformed(at);
	p += 2;
	h->new = take_number(&p, end, at);
	h->new_count = 1;
	if (p < end && *p == ',') {
		p++;
		h->new_count = take_number(&p, end, at);
	}
	if (end - p < 3 || memcmp(p, " @@", 3))
		malformed(at);
	h->function = rest_of_line(p + 3, end);
	at++;
	old = h->old_count;
	new = h->new_count;
	while (old || new || begins(at, "\\")) {
		if (at == diff.lines)
			malformed(at);
		l = &diff.line[at];
		switch (*l->p) {
		case '\n': /* a blank that something has cut off */
			add_part(h, ' ', l->p, l->n);
			old--;
			new --;
			break;
		case ' ':
			add_part(h, ' ', l->p + 1, l->n - 1);
			old--;
			new --;
			break;
		case '-':
			add_part(h, '-', l->p + 1, l->n - 1);
			old--;
			break;
		case '+':
			add_part(h, '+', l->p + 1, l->n - 1);
			new --;
			break;
		case '\\':
			cut_newline(h);
			break;
		default:
			malformed(at);
		}
		if (old < 0 || new < 0)
			malformed(at);
		at++;
	}
}

/* "*** 3,7 ****" or "--- 3,7 ----": the lines from .. to. */
static void read_range(int *from, int *to)
{
	const char *p = diff.line[at].p + 4, *end = p - 4 + diff.line[at].n;

	*from = *to = take_number(&p, end, at);
	if (p < end && *p == ',') {
		p++;
		*to = take_number(&p, end, at);
	}
	at++;
}

/* One half of a context hunk; its lines keep their marks ' ', '!', '-', '+'. */
static void read_half(struct hunk *half, const char *marks, int most)
{
	const struct line *l;

	for (; at < diff.lines; at++) {
		l = &diff.line[at];
		if (*l->p == '\\')
			cut_newline(half);
		else if (half->parts >= most)
			break;
		else if (*l->p == '\n')
			add_part(half, ' ', l->p, l->n);
		else if (strchr(marks, *l->p) && l->n > 1 &&
			 (l->p[1] == ' ' || l->p[1] == '\t'))
			add_part(half, *l->p, l->p + 2, l->n - 2);
		else
			break;
	}
}

/* Both halves side by side become one list of lines. */
static void join_halves(struct hunk *h, const struct hunk *old,
			const struct hunk *new)
{
	int i = 0, k = 0;

	/* A half without changes is left out, and is the other's context. */
	while (i < old->parts || k < new->parts) {
		const struct part *a = &old->part[i], *b = &new->part[k];

		if (i < old->parts && a->op != ' ') {
			add_part(h, '-', a->line.p, a->line.n);
			i++;
		} else if (k < new->parts && b->op != ' ') {
			add_part(h, '+', b->line.p, b->line.n);
			k++;
		} else {
			if (old->parts && new->parts &&
			    (i == old->parts || k == new->parts ||
			     !line_is(&a->line, &b->line)))
				malformed(h->at);
			if (i < old->parts)
				add_part(h, ' ', a->line.p, a->line.n);
			else
				add_part(h, ' ', b->line.p, b->line.n);
			i += i < old->parts;
			k += k < new->parts;
		}
	}
}

static void count_parts(struct hunk *h)
{
	int i;

	h->old_count = h->new_count = 0;
	for (i = 0; i < h->parts; i++) {
		h->old_count += h->part[i].op != '+';
		h->new_count += h->part[i].op != '-';
	}
}

static void read_context(struct change *c)
{
	struct hunk *h = add_hunk(c), old = { 0 }, new = { 0 };
	const struct line *l = &diff.line[at];
	int old_to, new_to;

	h->function = rest_of_line(l->p + 15, l->p + l->n);
	at++;
	if (!begins(at, "*** "))
		malformed(at);
	read_range(&h->old, &old_to);
	read_half(&old, " !-", h->old ? old_to - h->old + 1 : old_to);
	if (!begins(at, "--- "))
		malformed(at);
	read_range(&h->new, &new_to);
	read_half(&new, " !+", h->new ? new_to - h->new + 1 : new_to);
	if (!old.parts && !new.parts)
		malformed(h->at);
	join_halves(h, &old, &new);
	count_parts(h);
	if ((old.parts && h->old && h->old_count &&
	     h->old_count != old_to - h->old + 1) ||
	    (new.parts && h->new && h->new_count &&
	     h->new_count != new_to - h->new + 1))
		malformed(h->at);
	free(old.part);
	free(new.part);
}

/* "3,4c3,5" and the like: returns the letter, or 0 when it is none. */
static int is_normal(int line)
{
	const struct line *l;
	size_t i = 0;
	int op;

	if (line >= diff.lines)
		return 0;
	l = &diff.line[line];
	while (i < l->n && isdigit((unsigned char)l->p[i]))
		i++;
	if (!i)
		return 0;
	if (i < l->n && l->p[i] == ',')
		for (i++; i < l->n && isdigit((unsigned char)l->p[i]); i++)
			;
	if (i >= l->n || !strchr("acd", l->p[i]) || i + 1 >= l->n ||
	    !isdigit((unsigned char)l->p[i + 1]))
		return 0;
	op = l->p[i];
	for (i++;
	     i < l->n && (isdigit((unsigned char)l->p[i]) || l->p[i] == ',');
	     i++)
		;
	if (i < l->n && l->p[i] != '\n')
		return 0;
	return begins(line + 1, op == 'a' ? "> " : "< ") ? op : 0;
}

static void read_marked(struct hunk *h, const char *mark, char op, int n)
{
	for (; n--; at++) {
		if (!begins(at, mark))
			malformed(at);
		add_part(h, op, diff.line[at].p + 2, diff.line[at].n - 2);
	}
	if (begins(at, "\\")) {
		cut_newline(h);
		at++;
	}
}

static void read_normal(struct change *c)
{
	const char *p = diff.line[at].p, *end = p + diff.line[at].n;
	int op = is_normal(at), to;
	struct hunk *h = add_hunk(c);

	h->old = to = take_number(&p, end, at);
	if (*p == ',') {
		p++;
		to = take_number(&p, end, at);
	}
	h->old_count = op == 'a' ? 0 : to - h->old + 1;
	p++;
	h->new = to = take_number(&p, end, at);
	if (p < end && *p == ',') {
		p++;
		to = take_number(&p, end, at);
	}
	h->new_count = op == 'd' ? 0 : to - h->new + 1;
	if (h->old_count < 0 || h->new_count < 0)
		malformed(at);
	at++;
	read_marked(h, "< ", '-', h->old_count);
	if (op == 'c') {
		if (!begins(at, "---"))
			malformed(at);
		at++;
	}
	read_marked(h, "> ", '+', h->new_count);
}

/* A number that may as well be a word of the text before a diff. */
static int number_at(const char **p, const char *end)
{
	int n = 0;

	for (; *p < end && isdigit((unsigned char)**p); ++*p)
		n = n < INT_MAX / 40 ? n * 10 + (**p - '0') : INT_MAX / 4;
	return n;
}

static int is_dot(const struct line *l)
{
	return l->p[0] == '.' && (l->n == 1 || (l->n == 2 && l->p[1] == '\n'));
}

/*
 * A command of those that diff -e writes: "3,5c", "7a", "s/.//" and the like.
 * Returns its letter and the lines it is for (-1: the current one), or 0.
 */
static int ed_command(int line, int *from, int *to)
{
	const char *p, *end;
	int op;

	if (line >= diff.lines)
		return 0;
	p = diff.line[line].p;
	end = p + diff.line[line].n;
	*from = *to = -1;
	if (p < end && isdigit((unsigned char)*p)) {
		*from = *to = number_at(&p, end);
		if (end - p > 1 && *p == ',' && isdigit((unsigned char)p[1])) {
			p++;
			*to = number_at(&p, end);
		}
	}
	if (end > p && end[-1] == '\n')
		end--;
	op = p < end ? *p : 0;
	if (end - p == 1 && (op == 'c' || op == 'd' ||
			     ((op == 'a' || op == 'i') && *from == *to)))
		return op;
	return end - p == 5 && !memcmp(p, "s/.//", 5) ? 's' : 0;
}

/* An ed script, as far as nothing else stands there. */
static void read_script(struct change *c)
{
	const struct line *l;
	struct hunk *h;
	int op, from, to;

	while ((op = ed_command(at, &from, &to)) != 0) {
		h = add_hunk(c);
		h->command = (char)op;
		h->old = from;
		h->old_count = to;
		at++;
		if (op == 'd' || op == 's')
			continue;
		for (;; at++) {
			if (at == diff.lines)
				malformed(at);
			l = &diff.line[at];
			if (is_dot(l))
				break;
			add_part(h, '+', l->p, l->n);
		}
		at++;
	}
}

/* Is this the time with which diff -N marks a file that is not there? */
static int is_epoch(const char *s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int year, month, day, h, m, sec, zone = 0, n = 0;
	char name[4], sign;
	const char *found;
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (sscanf(s, "%d-%d-%d %d:%d:%d%n", &year, &month, &day, &h, &m, &sec,
		   &n) >= 6) {
		month--;
		s += n;
		if (*s == '.')
			for (s++; isdigit((unsigned char)*s); s++)
				if (*s != '0')
					return 0;
		if (sscanf(s, " %c%4d", &sign, &zone) == 2) {
			zone = (zone / 100 * 60 + zone % 100) * 60;
			if (sign == '-')
				zone = -zone;
		}
	} else if (sscanf(s, "%*3s %3s %d %d:%d:%d %d", name, &day, &h, &m,
			  &sec, &year) == 6) {
		found = strstr(months, name);
		month = found ? (int)(found - months) / 3 : 0;
	} else {
		return 0;
	}
	if (year < 1969 || year > 1970 || month < 0 || month > 11)
		return 0;
	tm.tm_year = year - 1900;
	tm.tm_mon = month;
	tm.tm_mday = day;
	tm.tm_hour = h;
	tm.tm_min = m;
	tm.tm_sec = sec;
	return timegm(&tm) == zone;
}

static void read_name(struct change *c, int which, const struct line *l,
		      size_t skip)
{
	const char *p = l->p + skip, *end = l->p + l->n, *stop;

	free(c->name[which]);
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	stop = memchr(p, '\t', (size_t)(end - p));
	c->name[which] = rest_of_line(p, stop ? stop : end);
	if (which == INDEX)
		return;
	free(c->header[which]);
	c->header[which] = rest_of_line(stop ? stop : end, end);
	c->absent[which] = !strcmp(c->name[which], "/dev/null") ||
			   (stop && is_epoch(stop + 1));
}

static void change_free(struct change *c)
{
	int i;

	for (i = 0; i < c->hunks; i++) {
		free(c->hunk[i].part);
		free(c->hunk[i].function);
	}
	free(c->hunk);
	for (i = 0; i < 3; i++)
		free(c->name[i]);
	free(c->header[0]);
	free(c->header[1]);
	memset(c, 0, sizeof(*c));
}

/* Find the next file's header, and say of what form; 0 at the end. */
static int find_change(struct change *c)
{
	int script = -1, from, to;

	memset(c, 0, sizeof(*c));
	c->from = at;
	for (; at < diff.lines; at++) {
		const struct line *l = &diff.line[at];

		if (begins(at, "Index:")) {
			read_name(c, INDEX, l, 6);
		} else if ((!only_form || only_form == 'u') &&
			   begins(at, "--- ") && begins(at + 1, "+++ ") &&
			   begins(at + 2, "@@ -")) {
			read_name(c, OLD, l, 4);
			read_name(c, NEW, l + 1, 4);
			at += 2;
			return c->form = 'u';
		} else if ((!only_form || only_form == 'u') &&
			   begins(at, "@@ -")) {
			return c->form = 'u';
		} else if ((!only_form || only_form == 'c') &&
			   begins(at, "*** ") && begins(at + 1, "--- ") &&
			   begins(at + 2, "***************")) {
			read_name(c, OLD, l, 4);
			read_name(c, NEW, l + 1, 4);
			at += 2;
			return c->form = 'c';
		} else if ((!only_form || only_form == 'n') && is_normal(at)) {
			return c->form = 'n';
		} else if (only_form && only_form != 'e') {
			continue;
		} else if (script < 0 && ed_command(at, &from, &to)) {
			/* Words may look so; a dot, or the end, decides. */
			script = at;
			if (only_form == 'e')
				break;
		} else if (script >= 0 && is_dot(l)) {
			break;
		}
	}
	/* Without a dot it may also be a word behind another file's part. */
	if (script < 0 || (at == diff.lines && c->from && !only_form))
		return 0;
	at = script;
	return c->form = 'e';
}

static void read_hunks(struct change *c)
{
	c->at = at;
	if (c->form == 'u')
		while (begins(at, "@@ -"))
			read_unified(c);
	else if (c->form == 'c')
		while (begins(at, "***************") && begins(at + 1, "*** "))
			read_context(c);
	else if (c->form == 'n')
		while (is_normal(at))
			read_normal(c);
	else
		read_script(c);
	/* A time alone says little; only the whole of a file comes or goes. */
	if (c->hunks != 1 || c->hunk[0].old_count || c->hunk[0].old)
		c->absent[0] = 0;
	if (c->hunks != 1 || c->hunk[0].new_count || c->hunk[0].new)
		c->absent[1] = 0;
}

static void turn(struct change *c)
{
	int i, k, n, m, end;
	struct part *run;
	struct hunk *h;
	char *s;

	s = c->name[OLD], c->name[OLD] = c->name[NEW], c->name[NEW] = s;
	s = c->header[0], c->header[0] = c->header[1], c->header[1] = s;
	n = c->absent[0], c->absent[0] = c->absent[1], c->absent[1] = n;
	for (i = 0; i < c->hunks; i++) {
		h = &c->hunk[i];
		n = h->old, h->old = h->new, h->new = n;
		n = h->old_count;
		h->old_count = h->new_count;
		h->new_count = n;
		/* Removed lines keep standing before those that come. */
		run = grow(NULL, (size_t)h->parts, sizeof(*run));
		for (k = 0; k < h->parts; k = end) {
			for (end = k; end < h->parts && h->part[end].op != ' ';)
				end++;
			for (n = k, m = 0; n < end; n++)
				if (h->part[n].op == '+')
					run[m++] = h->part[n];
			for (n = k; n < end; n++)
				if (h->part[n].op == '-')
					run[m++] = h->part[n];
			for (n = 0; n < m; n++) {
				run[n].op = run[n].op == '+' ? '-' : '+';
				h->part[k + n] = run[n];
			}
			end += end == k;
		}
		free(run);
	}
}

/* --- Names ------------------------------------------------------------- */

/* Without `strip` leading directories (-1: without all); NULL if too few. */
static const char *stripped(const char *name)
{
	int left = strip;

	if (!name || !strcmp(name, "/dev/null"))
		return NULL;
	if (strip < 0) {
		const char *slash = strrchr(name, '/');

		name = slash ? slash + 1 : name;
	}
	while (left-- > 0) {
		name = strchr(name, '/');
		if (!name)
			return NULL;
		name += strspn(name, "/");
	}
	if (!*name)
		return NULL;
	return name;
}

/* As inside_open_parent, but for a name that the user gave: follows links. */
static int open_given(const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	*base = slash ? slash + 1 : path;
	if (!slash)
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!folder)
		errx(2, "out of memory");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return fd;
}

static void place_close(struct place *p)
{
	if (p->dir >= 0)
		close(p->dir);
	free(p->path);
	p->dir = -1;
	p->path = NULL;
}

/* Where the name leads, without making anything; -1 with errno. */
static int place_find(struct place *p, const char *path, int given, int make)
{
	memset(p, 0, sizeof(*p));
	p->path = strdup(path);
	if (!p->path)
		errx(2, "out of memory");
	p->dir = given ? open_given(p->path, &p->base)
		       : inside_open_parent(AT_FDCWD, p->path, &p->base, make);
	if (p->dir < 0)
		return -1;
	p->exists = fstatat(p->dir, p->base, &p->st, AT_SYMLINK_NOFOLLOW) == 0;
	if (p->exists && given && S_ISLNK(p->st.st_mode) &&
	    fstatat(p->dir, p->base, &p->st, 0) < 0)
		p->exists = 0;
	return 0;
}

static int parts_of(const char *name)
{
	int n = 1;

	for (; *name; name++)
		n += *name == '/' && name[1] != '/';
	return n;
}

static size_t base_length(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strlen(slash ? slash + 1 : name);
}

/* Of the names in the header that which POSIX and sense prefer, or NULL. */
static const char *choose_name(const struct change *c)
{
	const char *best = NULL, *name, *fallback = NULL;
	struct place p;
	int i, found;

	/* As the header has them, whichever way it is read. */
	for (i = 0; i < 3; i++) {
		name = stripped(c->name[i < INDEX && reverse ? !i : i]);
		if (!name)
			continue;
		if (*name == '/' || inside_climbs(name)) {
			fprintf(say,
				"Ignoring potentially dangerous file name %s\n",
				name);
			continue;
		}
		found = place_find(&p, name, 0, 0) == 0 && p.exists;
		place_close(&p);
		if (found && (!best || parts_of(name) < parts_of(best) ||
			      (parts_of(name) == parts_of(best) &&
			       (base_length(name) < base_length(best) ||
				(base_length(name) == base_length(best) &&
				 strlen(name) < strlen(best))))))
			best = name;
		if (c->absent[0] &&
		    (!fallback || parts_of(name) < parts_of(fallback) ||
		     (parts_of(name) == parts_of(fallback) &&
		      base_length(name) < base_length(fallback))))
			fallback = name;
	}
	return best ? best : fallback;
}

/* --- Asking ------------------------------------------------------------ */

/* What the user says at the terminal; an empty line where there is none. */
static void ask(const char *question, char *answer, int size)
{
	static FILE *tty;
	static int tried;

	if (!tried) {
		tty = fopen("/dev/tty", "r");
		tried = 1;
	}
	fputs(question, say);
	fflush(say);
	if (!tty || !fgets(answer, size, tty)) {
		*answer = 0;
		putc('\n', say);
	}
	answer[strcspn(answer, "\n")] = 0;
}

static int agreed(const char *question)
{
	char answer[80];

	ask(question, answer, sizeof(answer));
	return *answer == 'y' || *answer == 'Y';
}

/*
 * The diff seems to be in already, or to be the wrong way round: `what` tells.
 * 1: turn it, 0: go on as it is, -1: leave the file out.
 */
static int ask_reverse(const char *what)
{
	if (force)
		return 0;
	fputs(what, say);
	if (forward) {
		fputs("  Skipping patch.\n", say);
		return -1;
	}
	if (batch) {
		fputs(reverse ? "  Ignoring -R.\n" : "  Assuming -R.\n", say);
		return 1;
	}
	if (agreed(reverse ? "  Ignore -R? [n] " : "  Assume -R? [n] "))
		return 1;
	if (agreed("Apply anyway? [n] "))
		return 0;
	if (!silent)
		fputs("Skipping patch.\n", say);
	return -1;
}

/* --- Applying ---------------------------------------------------------- */

struct output {
	FILE *f;
	char *buf;
	size_t size;
	int lines;
	int unended; /* the last line has no end */
};

static void put_line(struct output *o, const struct line *l)
{
	fwrite(l->p, 1, l->n, o->f);
	o->unended = l->n && l->p[l->n - 1] != '\n';
}

static void put(struct output *o, const struct line *l)
{
	put_line(o, l);
	o->lines++;
}

/*
 * -D: lines of both files stand in the result, and the compiler chooses.  From
 * lines of one kind (' ', '-', '+') on to those of the next.
 */
static void put_condition(struct output *o, char *kind, char next)
{
	if (*kind == next)
		return;
	if (o->unended)
		putc('\n', o->f);
	o->unended = 0;
	if (*kind == '-' && next == '+') {
		fputs("#else\n", o->f);
	} else {
		if (*kind != ' ')
			fputs("#endif\n", o->f);
		if (next != ' ')
			fprintf(o->f, "#%s %s\n",
				next == '-' ? "ifndef" : "ifdef", define);
	}
	*kind = next;
}

/* Do the old lines of the hunk stand at line `from` of the input? */
static int fits(const struct hunk *h, const struct text *in, int from, int head,
		int tail)
{
	int i, line = from, old = 0;

	for (i = 0; i < h->parts; i++) {
		if (h->part[i].op == '+')
			continue;
		if (old >= head && old < h->old_count - tail &&
		    (line < 0 || line >= in->lines ||
		     !line_is(&h->part[i].line, &in->line[line])))
			return 0;
		old++;
		line++;
	}
	return 1;
}

static void measure_context(const struct hunk *h, int *head, int *tail)
{
	int i;

	for (i = 0; i < h->parts && h->part[i].op == ' '; i++)
		;
	*head = i;
	for (i = h->parts; i > *head && h->part[i - 1].op == ' '; i--)
		;
	*tail = h->parts - i;
}

/*
 * The line where the hunk fits, with `fuzz` lines of context left out at
 * either end; -1 if nowhere behind line `done`.  Fewer lines of context on
 * one side mean that there the file begins or ends.
 */
static int locate(const struct hunk *h, const struct text *in, int guess,
		  int done, int fuzz)
{
	int head, tail, most, off, skip, lose, first, last;

	measure_context(h, &head, &tail);
	most = head > tail ? head : tail;
	skip = fuzz + head - most;
	lose = fuzz + tail - most;
	if (!h->old_count)
		return guess >= done && guess <= in->lines ? guess : -1;
	/* Where its first line may be, with all that is compared inside. */
	first = done - (skip > 0 ? skip : 0);
	last = in->lines - h->old_count + (lose > 0 ? lose : 0);
	if (skip < 0 && h->old <= 1) {
		first = first > 0 ? first : 0;
		last = last < 0 ? last : 0;
	}
	if (lose < 0) {
		if (first < in->lines - h->old_count)
			first = in->lines - h->old_count;
		if (last > in->lines - h->old_count)
			last = in->lines - h->old_count;
	}
	skip = skip > 0 ? skip : 0;
	lose = lose > 0 ? lose : 0;
	if (skip + lose >= h->old_count && h->old_count == head)
		return -1;
	for (off = 0; guess + off <= last || guess - off >= first; off++) {
		if (guess + off >= first && guess + off <= last &&
		    fits(h, in, guess + off, skip, lose))
			return guess + off;
		if (off && guess - off >= first && guess - off <= last &&
		    fits(h, in, guess - off, skip, lose))
			return guess - off;
	}
	return -1;
}

static void put_hunk(const struct hunk *h, const struct text *in, int where,
		     int fuzz, struct output *o, int *done)
{
	int i, head, tail, most, skip, lose, old = 0;
	char kind = ' ';

	measure_context(h, &head, &tail);
	most = head > tail ? head : tail;
	skip = fuzz + head - most;
	lose = fuzz + tail - most;
	skip = skip > 0 ? skip : 0;
	lose = lose > 0 ? lose : 0;
	if (skip > head)
		skip = head;
	while (*done < where + skip)
		put(o, &in->line[(*done)++]);
	for (i = 0; i < h->parts; i++) {
		const struct part *p = &h->part[i];

		if (define && (p->op == '+' ||
			       (old >= skip && old < h->old_count - lose)))
			put_condition(o, &kind, p->op);
		if (p->op == '+') {
			put(o, &p->line);
			continue;
		}
		if (old >= skip && old < h->old_count - lose) {
			/* As the file has it: -l lets blanks differ. */
			if (p->op == ' ')
				put(o, &in->line[*done]);
			else if (define)
				put_line(o, &in->line[*done]);
			++*done;
		}
		old++;
	}
	if (define)
		put_condition(o, &kind, ' ');
}

static const char *header_name(const struct change *c, int which)
{
	const char *name = c->name[which];

	if (!name)
		return "/dev/null";
	if (strip > 0 && stripped(name))
		return stripped(name);
	return name;
}

static void put_marked(FILE *f, const char *mark, const struct line *l)
{
	fputs(mark, f);
	fwrite(l->p, 1, l->n, f);
	if (!l->n || l->p[l->n - 1] != '\n')
		fputs("\n\\ No newline at end of file\n", f);
}

static void put_count(FILE *f, int first, int count)
{
	fprintf(f, "%d", first);
	if (count != 1)
		fprintf(f, ",%d", count);
}

static void reject_unified(FILE *f, const struct hunk *h, int moved)
{
	int i;

	fputs("@@ -", f);
	put_count(f, h->old + moved, h->old_count);
	fputs(" +", f);
	put_count(f, h->new + moved, h->new_count);
	fprintf(f, " @@%s\n", h->function);
	for (i = 0; i < h->parts; i++)
		put_marked(f, (char[]){ h->part[i].op, 0 }, &h->part[i].line);
}

static void put_span(FILE *f, int first, int count)
{
	if (count > 1)
		fprintf(f, "%d,%d", first, first + count - 1);
	else
		fprintf(f, "%d", first);
}

/* Lines that are gone and lines that come in one place are "! ". */
static int has_pair(const struct hunk *h, int i)
{
	int from = i, to = i, gone = 0, come = 0;

	while (from && h->part[from - 1].op != ' ')
		from--;
	while (to < h->parts && h->part[to].op != ' ')
		to++;
	for (; from < to; from++) {
		gone |= h->part[from].op == '-';
		come |= h->part[from].op == '+';
	}
	return gone && come;
}

static void reject_context(FILE *f, const struct hunk *h, int moved)
{
	int i, gone = 0, come = 0;

	for (i = 0; i < h->parts; i++) {
		gone |= h->part[i].op == '-';
		come |= h->part[i].op == '+';
	}
	fprintf(f, "***************%s\n*** ", h->function ? h->function : "");
	put_span(f, h->old + moved, h->old_count);
	fputs(" ****\n", f);
	for (i = 0; gone && i < h->parts; i++)
		if (h->part[i].op != '+')
			put_marked(f,
				   h->part[i].op == ' ' ? "  "
				   : has_pair(h, i)     ? "! "
							: "- ",
				   &h->part[i].line);
	fputs("--- ", f);
	put_span(f, h->new + moved, h->new_count);
	fputs(" ----\n", f);
	for (i = 0; come && i < h->parts; i++)
		if (h->part[i].op != '-')
			put_marked(f,
				   h->part[i].op == ' ' ? "  "
				   : has_pair(h, i)     ? "! "
							: "+ ",
				   &h->part[i].line);
}

static void reject(struct output *r, const struct change *c,
		   const struct hunk *h, int moved)
{
	if (!r->lines++)
		fprintf(r->f, "%s %s%s\n%s %s%s\n",
			c->form == 'u' ? "---" : "***", header_name(c, OLD),
			c->header[0] ? c->header[0] : "",
			c->form == 'u' ? "+++" : "---", header_name(c, NEW),
			c->header[1] ? c->header[1] : "");
	if (c->form == 'u')
		reject_unified(r->f, h, moved);
	else
		reject_context(r->f, h, moved);
}

static void output_open(struct output *o)
{
	memset(o, 0, sizeof(*o));
	o->f = open_memstream(&o->buf, &o->size);
	if (!o->f)
		errx(2, "out of memory");
}

/* What a signal takes away, and the directory it is in. */
static char temporary[48];
static int temporary_in = -1;

static void drop_temporary(void)
{
	if (*temporary)
		unlinkat(temporary_in, temporary, 0);
}

/* Write a file beside its place, complete, and only then put it there; with the
 * permissions of the old one, if there is one, and its owner as far as one may.
 */
static void write_file(int dir, const char *base, const char *path,
		       const char *buf, size_t n, const struct stat *old)
{
	int fd, i;
	ssize_t put;

	temp_hold(1);
	temporary_in = dir;

	for (i = 0;; i++) {
		snprintf(temporary, sizeof(temporary), ".patch%d.%d",
			 (int)getpid(), i);
		fd = openat(dir, temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			    old ? 0600 : 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd < 0)
		*temporary = 0;
	temp_hold(0);
	if (fd < 0)
		err(2, "**** can't create a file beside %s", path);
	while (n) {
		put = write(fd, buf, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			goto fail;
		buf += put;
		n -= (size_t)put;
	}
	if (old && fchown(fd, old->st_uid, old->st_gid) < 0 &&
	    fchown(fd, (uid_t)-1, old->st_gid) < 0 && errno != EPERM)
		goto fail;
	if (old && fchmod(fd, old->st_mode & 0777) < 0)
		goto fail;
	if (close(fd) < 0 || renameat(dir, temporary, dir, base) < 0)
		goto fail;
	*temporary = 0;
	return;

fail:
	i = errno;
	unlinkat(dir, temporary, 0);
	errno = i;
	err(2, "**** can't write %s", path);
}

/* Directories that the removal left empty go, too. */
static void remove_parents(const char *path)
{
	char *copy = strdup(path), *slash;
	const char *base;
	int dir;

	while (copy && (slash = strrchr(copy, '/'))) {
		while (slash > copy && slash[-1] == '/')
			slash--;
		*slash = 0;
		dir = *copy ? inside_open_parent(AT_FDCWD, copy, &base, 0) : -1;
		if (dir < 0)
			break;
		if (unlinkat(dir, base, AT_REMOVEDIR) < 0) {
			close(dir);
			break;
		}
		close(dir);
	}
	free(copy);
}

static void keep_backup(const struct place *p, const struct text *in, int copy)
{
	char *name;

	if (asprintf(&name, "%s.orig", p->base) < 0)
		errx(2, "out of memory");
	if (copy) {
		write_file(p->dir, name, name, in->buf, in->size, &p->st);
		free(name);
		return;
	}
	unlinkat(p->dir, name, 0);
	if (linkat(p->dir, p->base, p->dir, name, 0) < 0 &&
	    renameat(p->dir, p->base, p->dir, name) < 0)
		err(2, "**** can't make %s.orig", p->path);
	free(name);
}

static void write_rejects(const struct place *p, struct output *r)
{
	struct place to;
	char *name;

	if (reject_name && !strcmp(reject_name, "-"))
		return;
	if (reject_name || out_name) {
		if (asprintf(&name, "%s%s",
			     reject_name ? reject_name : out_name,
			     reject_name ? "" : ".rej") < 0)
			errx(2, "out of memory");
		if (place_find(&to, name, 1, 0) < 0)
			err(2, "**** can't write %s", name);
		write_file(to.dir, to.base, name, r->buf, r->size, NULL);
		place_close(&to);
	} else {
		if (asprintf(&name, "%s.rej", p->base) < 0)
			errx(2, "out of memory");
		write_file(p->dir, name, name, r->buf, r->size, NULL);
	}
	free(name);
}

static const char *plural(int n)
{
	return n == 1 ? "" : "s";
}

/* Do what an ed script says; ends the program where it cannot be done. */
static void run_script(const struct change *c, const struct text *in,
		       struct output *out)
{
	struct line *l = NULL;
	int n = in->lines, cap = n, here = n, i, k, from, to, come;

	l = grow(NULL, (size_t)cap, sizeof(*l));
	if (n)
		memcpy(l, in->line, (size_t)n * sizeof(*l));
	for (i = 0; i < c->hunks; i++) {
		const struct hunk *h = &c->hunk[i];

		from = h->old < 0 ? here : h->old;
		to = h->old < 0 ? here : h->old_count;
		if (h->command == 'i' && from)
			from = --to;
		if (from > to || to > n ||
		    (!from && h->command != 'a' && h->command != 'i'))
			errx(2, "**** no such line, for the script's line %d",
			     h->at + 1);
		if (h->command == 's') {
			here = to;
			if (l[to - 1].n < 2)
				errx(2, "**** nothing to take from line %d",
				     to);
			l[to - 1].p++;
			l[to - 1].n--;
			continue;
		}
		/* Lines from .. to - 1, counted from 0, go for those of h. */
		if (h->command == 'c' || h->command == 'd')
			from--;
		come = h->parts;
		if (n - (to - from) > INT_MAX / 4 - come)
			errx(2, "too many lines");
		if (n - (to - from) + come > cap) {
			cap = (n + come) * 2;
			l = grow(l, (size_t)cap, sizeof(*l));
		}
		memmove(l + from + come, l + to, (size_t)(n - to) * sizeof(*l));
		for (k = 0; k < come; k++)
			l[from + k] = h->part[k].line;
		n += come - (to - from);
		here = from + come;
		if (!come && here < n)
			here++;
	}
	/* As ed has it, every line has an end. */
	for (i = 0; i < n; i++) {
		put(out, &l[i]);
		if (out->unended)
			putc('\n', out->f);
	}
	free(l);
}

/*
 * Apply the hunks of a change to the input.  Returns how many failed; -1 when
 * the file is to be left out, with all of them in the rejects.
 */
static int apply(struct change *c, const struct text *in, struct output *out,
		 struct output *rej, int *mismatch)
{
	int i, fuzz, where, done = 0, moved = 0, failed = 0, head, tail, answer;
	int guess, most;

	for (i = 0; i < c->hunks; i++) {
		struct hunk *h = &c->hunk[i];

		guess = (h->old_count ? h->old - 1 : h->old) + moved;
		measure_context(h, &head, &tail);
		most = head > tail ? head : tail;
		if (most > max_fuzz)
			most = max_fuzz;
		for (fuzz = 0, where = -1; fuzz <= most; fuzz++) {
			where = locate(h, in, guess, done, fuzz);
			if (where >= 0)
				break;
			if (i || fuzz > 0)
				continue;
			/* Perhaps it is in already? */
			turn(c);
			guess = h->old_count ? h->old - 1 : h->old;
			if (locate(h, in, guess, done, 0) >= 0) {
				answer = ask_reverse(
					reverse ? "Unreversed patch detected!"
						: "Reversed (or previously "
						  "applied) patch detected!");
				if (answer > 0) {
					*mismatch = 1;
					fuzz = -1;
					continue;
				}
				turn(c);
				if (answer < 0)
					goto leave_out;
			} else {
				turn(c);
			}
			guess = h->old_count ? h->old - 1 : h->old;
		}
		if (where < 0) {
			if (!silent)
				fprintf(say, "Hunk #%d FAILED at %d.\n", i + 1,
					h->old + out->lines - done);
			reject(rej, c, h, out->lines - done);
			failed++;
			continue;
		}
		/* Numbers in messages are those of lines in the output. */
		moved += where - guess;
		if (moved || fuzz)
			*mismatch = 1;
		if ((moved || fuzz) && !silent) {
			fprintf(say, "Hunk #%d succeeded at %d", i + 1,
				where + 1 + out->lines - done);
			if (fuzz)
				fprintf(say, " with fuzz %d", fuzz);
			if (moved)
				fprintf(say, " (offset %d line%s)", moved,
					plural(moved));
			fputs(".\n", say);
		}
		put_hunk(h, in, where, fuzz, out, &done);
	}
	while (done < in->lines)
		put(out, &in->line[done++]);
	if (failed)
		*mismatch = 1;
	return failed;

leave_out:
	for (i = 0; i < c->hunks; i++)
		reject(rej, c, &c->hunk[i], 0);
	return -1;
}

static void tell_failed(const struct change *c, int failed, int saved,
			const char *path)
{
	int n = failed < 0 ? c->hunks : failed;

	fprintf(say, "%d out of %d hunk%s %s", n, c->hunks, plural(c->hunks),
		failed < 0 ? "ignored" : "FAILED");
	if (saved && !dry && !(reject_name && !strcmp(reject_name, "-"))) {
		tell_name(" -- saving rejects to file ",
			  reject_name ? reject_name :
			  out_name    ? out_name :
					path,
			  reject_name ? "" : ".rej");
	}
	fputs("\n", say);
	status = 1;
}

/* The header does not name a file that is there: ask for one. */
static char *ask_name(const struct change *c)
{
	char answer[PATH_MAX];
	int i;

	if (!force && !batch) {
		fprintf(say, "can't find file to patch at input line %d\n",
			c->at + 1);
		if (c->from < c->at) {
			fprintf(say,
				"Perhaps you %s -p or --strip option?\n"
				"The text leading up to this was:\n"
				"--------------------------\n",
				strip < 0 ? "should have used the"
					  : "used the wrong");
			for (i = c->from; i < c->at; i++) {
				putc('|', say);
				fwrite(diff.line[i].p, 1, diff.line[i].n, say);
			}
			fputs("--------------------------\n", say);
		}
		ask("File to patch: ", answer, sizeof(answer));
		if (*answer) {
			char *name = strdup(answer);

			if (!name)
				errx(2, "out of memory");
			return name;
		}
		ask("Skip this patch? [y] ", answer, sizeof(answer));
		fputs("Skipping patch.\n", say);
	} else {
		fputs("No file to patch.  Skipping patch.\n", say);
	}
	return NULL;
}

/* The empty file where the diff tells of a new one that is there, and so on. */
static int check_existence(struct change *c, const struct place *p)
{
	char *text;
	int answer;

	if (c->absent[0] && p->exists && p->st.st_size && c->hunks == 1 &&
	    !c->hunk[0].old_count) {
		if (asprintf(&text,
			     "The next patch would create the file %s,\n"
			     "which already exists!",
			     p->path) < 0)
			errx(2, "out of memory");
	} else if (c->absent[1] && !p->exists && !c->absent[0]) {
		if (asprintf(&text,
			     "The next patch would delete the file %s,\n"
			     "which does not exist!",
			     p->path) < 0)
			errx(2, "out of memory");
	} else {
		return 0;
	}
	answer = ask_reverse(text);
	free(text);
	if (answer > 0)
		turn(c);
	return answer < 0 ? -1 : 0;
}

static void finish(struct change *c, struct place *p, const struct text *in,
		   struct output *out, int failed, int mismatch, int given)
{
	static int out_begun;
	int fd;

	if (out_name) {
		if (!strcmp(out_name, "-")) {
			fwrite(out->buf, 1, out->size, stdout);
			return;
		}
		/* Several files' results follow each other. */
		fd = open(out_name,
			  O_WRONLY | O_CREAT | (out_begun ? O_APPEND : O_TRUNC),
			  0666);
		out_begun = 1;
		if (fd < 0 ||
		    write(fd, out->buf, out->size) != (ssize_t)out->size ||
		    close(fd) < 0)
			err(2, "**** can't write %s", out_name);
		return;
	}
	if (p->exists && (backup || (mismatch && backup_if_mismatch)))
		keep_backup(p, in, failed == c->hunks);
	if ((c->absent[1] || remove_empty) && !out->size && !failed) {
		if (p->exists && unlinkat(p->dir, p->base, 0) < 0)
			err(2, "**** can't remove %s", p->path);
		if (!given)
			remove_parents(p->path);
		return;
	}
	if (c->absent[1] && !failed) {
		tell_name("Not deleting file ", p->path,
			  " as content differs from patch\n");
		status = 1;
	}
	if (p->exists && failed == c->hunks)
		return;
	write_file(p->dir, p->base, p->path, out->buf, out->size,
		   p->exists ? &p->st : NULL);
}

static void patch_file(struct change *c)
{
	struct output out, rej;
	struct text in = { 0 };
	struct place p;
	const char *chosen;
	char *name = NULL;
	int fd, failed, mismatch = 0, given = operand != NULL;

	if (c->form == 'e' && reverse)
		errx(2, "**** an ed script cannot be undone");
	if (c->form == 'e' && define)
		errx(2, "**** -D does nothing with ed scripts");
	if (reverse)
		turn(c);
	chosen = operand ? operand : choose_name(c);
	if (!chosen) {
		chosen = name = ask_name(c);
		given = 1;
		if (!chosen) {
			tell_failed(c, -1, 0, NULL);
			return;
		}
	}
	if (place_find(&p, chosen, given, 0) < 0) {
		if (given || errno != ENOENT) {
			warn("can't reach %s", chosen);
			tell_failed(c, -1, 0, NULL);
			goto done;
		}
		/* Directories for a new file; not for a mere trial. */
		place_close(&p);
		if (!dry && place_find(&p, chosen, 0, 1) < 0)
			err(2, "**** can't make the directory of %s", chosen);
		if (dry) {
			p.dir = -1;
			p.exists = 0;
			p.path = strdup(chosen);
			if (!p.path)
				errx(2, "out of memory");
		}
	}
	output_open(&out);
	output_open(&rej);
	if (p.exists && !S_ISREG(p.st.st_mode)) {
		tell_name("File ", p.path,
			  " is not a regular file -- refusing to patch\n");
		if (c->form == 'e') {
			tell_failed(c, -1, 0, NULL);
			goto close;
		}
		for (fd = 0; fd < c->hunks; fd++)
			reject(&rej, c, &c->hunk[fd], 0);
		failed = -1;
		goto rejects;
	}
	if (given && !p.exists && !c->absent[0] && c->form != 'e')
		err(2, "**** can't find file %s", p.path);
	if (check_existence(c, &p) < 0) {
		tell_failed(c, -1, 0, NULL);
		goto close;
	}
	if (p.exists) {
		fd = openat(p.dir, p.base,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK |
				    (given ? 0 : O_NOFOLLOW));
		if (fd < 0 || text_read(&in, fd) < 0)
			err(2, "**** can't read %s", p.path);
		close(fd);
	}
	if (!silent && c->form != 'e') {
		tell_name(dry ? "checking file " : "patching file ",
			  out_name ? out_name : p.path, "");
		if (out_name)
			tell_name(" (read from ", p.path, ")");
		fputs("\n", say);
	}
	if (c->form == 'e') {
		failed = 0;
		run_script(c, &in, &out);
	} else {
		failed = apply(c, &in, &out, &rej, &mismatch);
	}
	if (fflush(out.f))
		errx(2, "out of memory");
	if (!dry && failed >= 0)
		finish(c, &p, &in, &out, failed, mismatch, given);
rejects:
	if (failed) {
		tell_failed(c, failed, 1, p.path);
		if (fflush(rej.f))
			errx(2, "out of memory");
		if (!dry)
			write_rejects(&p, &rej);
	}
close:
	fclose(out.f);
	fclose(rej.f);
	free(out.buf);
	free(rej.buf);
	text_free(&in);
done:
	place_close(&p);
	free(name);
}

static int small_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s || *end || n < 0 || n > INT_MAX / 2)
		errx(2, "**** strip count or fuzz %s is not a number", s);
	return (int)n;
}

int main(int argc, char **argv)
{
	enum { HELP = 256, DRY, NO_BACKUP, YES_BACKUP };
	static const struct option longs[] = {
		{ "backup", no_argument, NULL, 'b' },
		{ "context", no_argument, NULL, 'c' },
		{ "ifdef", required_argument, NULL, 'D' },
		{ "directory", required_argument, NULL, 'd' },
		{ "ed", no_argument, NULL, 'e' },
		{ "remove-empty-files", no_argument, NULL, 'E' },
		{ "force", no_argument, NULL, 'f' },
		{ "fuzz", required_argument, NULL, 'F' },
		{ "input", required_argument, NULL, 'i' },
		{ "ignore-whitespace", no_argument, NULL, 'l' },
		{ "normal", no_argument, NULL, 'n' },
		{ "forward", no_argument, NULL, 'N' },
		{ "output", required_argument, NULL, 'o' },
		{ "strip", required_argument, NULL, 'p' },
		{ "reject-file", required_argument, NULL, 'r' },
		{ "reverse", no_argument, NULL, 'R' },
		{ "quiet", no_argument, NULL, 's' },
		{ "silent", no_argument, NULL, 's' },
		{ "batch", no_argument, NULL, 't' },
		{ "unified", no_argument, NULL, 'u' },
		{ "dry-run", no_argument, NULL, DRY },
		{ "backup-if-mismatch", no_argument, NULL, YES_BACKUP },
		{ "no-backup-if-mismatch", no_argument, NULL, NO_BACKUP },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	const char *input = NULL, *folder = NULL;
	struct change c;
	int o, fd = 0, found = 0;

	temp_guard(drop_temporary);
	while ((o = getopt_long(argc, argv, "bcD:d:EefF:i:lnNo:p:r:Rstu", longs,
				NULL)) != -1) {
		switch (o) {
		case 'b':
			backup = 1;
			break;
		case 'c':
		case 'e':
		case 'n':
		case 'u':
			only_form = o;
			break;
		case 'D':
			define = optarg;
			break;
		case 'd':
			folder = optarg;
			break;
		case 'E':
			remove_empty = 1;
			break;
		case 'f':
			force = 1;
			break;
		case 'F':
			max_fuzz = small_number(optarg);
			break;
		case 'i':
			input = optarg;
			break;
		case 'l':
			ignore_blanks = 1;
			break;
		case 'N':
			forward = 1;
			break;
		case 'o':
			out_name = optarg;
			break;
		case 'p':
			strip = small_number(optarg);
			break;
		case 'r':
			reject_name = optarg;
			break;
		case 'R':
			reverse = 1;
			break;
		case 's':
			silent = 1;
			break;
		case 't':
			batch = 1;
			break;
		case DRY:
			dry = 1;
			break;
		case NO_BACKUP:
			backup_if_mismatch = 0;
			break;
		case YES_BACKUP:
			backup_if_mismatch = 1;
			break;
		case HELP:
			usage(0);
		default:
			usage(2);
		}
	}
	if (argc - optind > 2)
		usage(2);
	if (optind < argc)
		operand = argv[optind];
	if (optind + 1 < argc)
		input = argv[optind + 1];
	say = out_name && !strcmp(out_name, "-") ? stderr : stdout;
	if (folder && chdir(folder) < 0)
		err(2, "**** can't change to directory %s", folder);
	if (input && strcmp(input, "-"))
		fd = open(input, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || text_read(&diff, fd) < 0)
		err(2, "**** can't read the patch file %s",
		    input ? input : "-");
	while (find_change(&c)) {
		found = 1;
		read_hunks(&c);
		patch_file(&c);
		change_free(&c);
	}
	if (!found && diff.size)
		errx(2, "**** Only garbage was found in the patch input.");
	if (fflush(stdout))
		err(2, "write error");
	return status;
}
