/*
 * sort: sort, merge or check lines.
 *
 * Text is read until it and its lines fill a part of memory.  If that was not
 * all, it is sorted and put into a temporary file, a run, that has no name;
 * runs are merged sixteen at a time, each as often as a counter to base sixteen
 * carries.  With -o the file is replaced when the new one is complete, so that
 * no full disk takes what was in it.
 *
 * As shuf: lines in an order that chance makes.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"
#include "temp.h"

#define READ_SIZE 65536
#define MERGE_MAX 16

struct options {
	int numeric, human, reverse, fold, dictionary, printable;
	int general, month, version, random;
};

struct key {
	size_t first_field, first_char; /* from 0 */
	size_t last_field, last_char;   /* last_char 0: all of the field */
	int to_end;                     /* no last field was given */
	int skip_first, skip_last;      /* b */
	int own;                        /* options of its own */
	struct options o;
};

struct line {
	const char *s;
	size_t n;
	const char *key; /* the first key */
	size_t key_len;
};

/* Lines from a file, one at a time. */
struct reader {
	int fd;
	const char *name;
	char *buf;
	size_t cap, start, end;
	int eof;
	struct line line;
};

struct run {
	int fd;
	int level;
};

static int trouble = 2; /* the status for it */
static struct key *keys;
static size_t nkeys;
static struct options global;
static int global_blanks, unique, stable, sep = '\n', tab = -1;
static const char *temp_dir;
static size_t bound;

static char *text; /* what was read, and is not in a run */
static size_t text_len, text_cap, text_lines;
static struct run *runs;
static size_t nruns;

static int out_fd = 1;
static const char *out_name; /* of -o */
static char *temp_name;      /* what will take its place */
static char out_buf[READ_SIZE];
static size_t out_len;

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(trouble, NULL);
	return p;
}

static void drop_temp(void)
{
	if (temp_name)
		unlink(temp_name);
}

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: sort [-bCcdfghiMmnRrsuVz] [-k key]... [-t char] "
		   "[-o file] [-S size]\n            [-T folder] [file...]\n"
		   "       shuf [-rz] [-n count] [-o file] [file | -e "
		   "word... | -i low-high]\n");
	if (!status)
		fprintf(f,
			"  -k F[.C][bdfghiMnRrV][,F[.C][...]]  sort by fields "
			"F "
			"to "
			"F, from character C\n"
			"  -t      what separates fields, instead of blanks\n"
			"  -n -h   by numbers; numbers with K, M, G and so on\n"
			"  -g -M   numbers of any form, 1e3; names of months\n"
			"  -V      names with numbers in them\n"
			"  -f      small letters are as capital ones\n"
			"  -d -i   letters, digits and blanks only; printable "
			"characters only\n"
			"  -b      blanks in front of a key do not count\n"
			"  -r -R   backwards; by chance, equal ones "
			"together\n"
			"  -u -s   one of equal lines; leave those as they "
			"stand\n"
			"  -c -C   say whether it is sorted; say it by the "
			"status only\n"
			"  -m      merge files that are sorted\n"
			"  -o      write to a file, which may be one of those "
			"that are read\n"
			"  -S -T   memory to use (K, M, G); where temporary "
			"files go\n"
			"  -z      lines end with a zero byte\n");
	exit(status);
}

/*
 * Comparing.
 */
static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* Behind a field, which has its blanks in front; with -t at the separator. */
static const char *skip_field(const char *p, const char *end)
{
	if (tab >= 0) {
		p = memchr(p, tab, (size_t)(end - p));
		return p ? p : end;
	}
	p = skip_blanks(p, end);
	while (p < end && !is_blank(*p))
		p++;
	return p;
}

static const char *skip_chars(const char *p, const char *end, size_t n)
{
	return (size_t)(end - p) < n ? end : p + n;
}

static void find_key(const struct key *k, const char *s, size_t n,
		     const char **key, size_t *len)
{
	const char *end = s + n, *p = s, *q = s;
	size_t i;

	for (i = 0; i < k->first_field && p < end; i++) {
		p = skip_field(p, end);
		if (tab >= 0 && p < end)
			p++;
	}
	if (k->skip_first)
		p = skip_blanks(p, end);
	p = skip_chars(p, end, k->first_char);
	*key = p;
	if (k->to_end) {
		*len = (size_t)(end - p);
		return;
	}
	for (i = 0; i < k->last_field && q < end; i++) {
		q = skip_field(q, end);
		if (tab >= 0 && q < end)
			q++;
	}
	if (!k->last_char) {
		q = skip_field(q, end);
	} else {
		if (k->skip_last)
			q = skip_blanks(q, end);
		q = skip_chars(q, end, k->last_char);
	}
	*len = q > p ? (size_t)(q - p) : 0;
}

/* A number as it is written: sign, digits, fraction. */
struct number {
	int sign; /* -1, 0, 1 */
	const char *digits, *fraction;
	size_t ndigits, nfraction;
	int unit; /* 1 for K, 2 for M ... */
};

static void take_number(const char *p, size_t n, struct number *x)
{
	static const char units[] = "KMGTPEZYRQ";
	const char *end = p + n, *u;
	int minus;

	p = skip_blanks(p, end);
	minus = p < end && *p == '-';
	p += minus;
	while (p < end && *p == '0')
		p++;
	x->digits = p;
	while (p < end && isdigit((unsigned char)*p))
		p++;
	x->ndigits = (size_t)(p - x->digits);
	x->fraction = p;
	x->nfraction = 0;
	if (p < end && *p == '.') {
		x->fraction = ++p;
		while (p < end && isdigit((unsigned char)*p))
			p++;
		x->nfraction = (size_t)(p - x->fraction);
	}
	x->unit = 0;
	if (p < end && *p) {
		u = strchr(units, *p == 'k' ? 'K' : *p);
		if (u)
			x->unit = (int)(u - units) + 1;
	}
	while (x->nfraction && x->fraction[x->nfraction - 1] == '0')
		x->nfraction--;
	x->sign = !x->ndigits && !x->nfraction ? 0 : minus ? -1 : 1;
}

static int compare_numbers(const char *a, size_t an, const char *b, size_t bn,
			   int human)
{
	struct number x, y;
	size_t n;
	int d;

	take_number(a, an, &x);
	take_number(b, bn, &y);
	if (x.sign != y.sign)
		return x.sign < y.sign ? -1 : 1;
	if (!x.sign)
		return 0;
	if (human && x.unit != y.unit)
		return x.unit < y.unit ? -x.sign : x.sign;
	if (x.ndigits != y.ndigits)
		return x.ndigits < y.ndigits ? -x.sign : x.sign;
	d = memcmp(x.digits, y.digits, x.ndigits);
	if (!d) {
		n = x.nfraction < y.nfraction ? x.nfraction : y.nfraction;
		d = memcmp(x.fraction, y.fraction, n);
		if (!d)
			d = (x.nfraction > n) - (y.nfraction > n);
	}
	return d < 0 ? -x.sign : d ? x.sign : 0;
}

static int compare_bytes(const char *a, size_t an, const char *b, size_t bn)
{
	int d = memcmp(a, b, an < bn ? an : bn);

	return d ? d : (an > bn) - (an < bn);
}

/*
 * -g: whatever strtod takes; what is no number comes first, then NaN. Not one
 * of the usual ways, since floating point costs a program at each switch.
 */
static int compare_general(const char *a, size_t an, const char *b, size_t bn)
{
	double v[2];
	int i, kind[2];

	for (i = 0; i < 2; i++) {
		char number[400], *end;
		size_t n = i ? bn : an;

		n = n < sizeof(number) ? n : sizeof(number) - 1;
		memcpy(number, i ? b : a, n);
		number[n] = 0;
		v[i] = strtod(number, &end);
		kind[i] = end == number ? 0 : v[i] != v[i] ? 1 : 2;
	}
	if (kind[0] != kind[1] || kind[0] != 2)
		return kind[0] - kind[1];
	return (v[0] > v[1]) - (v[0] < v[1]);
}

/* -M: 1 to 12; 0 is none. */
static int month_of(const char *s, size_t n)
{
	static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
	int i;

	for (; n && isblank((unsigned char)*s); s++)
		n--;
	for (i = 0; n >= 3 && i < 12; i++)
		if (!strncasecmp(s, names + i * 3, 3))
			return i + 1;
	return 0;
}

/* In versions, where '~' is even before the end, and letters are before others.
 */
static int rank(const char *s, const char *end)
{
	int c = s < end ? (unsigned char)*s : 0;

	if (s == end)
		return -1;
	return isdigit(c) ? 0 : isalpha(c) ? c : c == '~' ? -2 : c + 256;
}

static int digit_at(const char *s, const char *end)
{
	return s < end && isdigit((unsigned char)*s);
}

/* By turns what is no digit, and numbers of any length. */
static int compare_parts(const char *a, const char *aend, const char *b,
			 const char *bend)
{
	int d;

	while (a < aend || b < bend) {
		while ((a < aend && !digit_at(a, aend)) ||
		       (b < bend && !digit_at(b, bend))) {
			d = rank(a, aend) - rank(b, bend);
			if (d)
				return d;
			a++;
			b++;
		}
		while (a < aend && *a == '0')
			a++;
		while (b < bend && *b == '0')
			b++;
		for (d = 0; digit_at(a, aend) && digit_at(b, bend); a++, b++)
			if (!d)
				d = *a - *b;
		if (digit_at(a, aend) || digit_at(b, bend))
			return digit_at(a, aend) ? 1 : -1;
		if (d)
			return d;
	}
	return 0;
}

/* Without endings such as .tar.gz. */
static const char *version_end(const char *s, size_t n)
{
	size_t i = 0, end;

	do {
		if (i == n)
			return s + n;
		end = ++i;
		while (i + 1 < n && s[i] == '.' &&
		       (isalpha((unsigned char)s[i + 1]) || s[i + 1] == '~'))
			for (i += 2; i < n && (isalnum((unsigned char)s[i]) ||
					       s[i] == '~');)
				i++;
	} while (i < n);
	return s + end;
}

/* -V: what is empty, ".", ".." and hidden names before the others. */
static int compare_versions(const char *a, size_t an, const char *b, size_t bn)
{
	const char *aend, *bend;
	int x, y, d;

	if (!an || !bn)
		return (an != 0) - (bn != 0);
	x = *a != '.' ? 3 : an == 1 ? 0 : an == 2 && a[1] == '.' ? 1 : 2;
	y = *b != '.' ? 3 : bn == 1 ? 0 : bn == 2 && b[1] == '.' ? 1 : 2;
	if (x != y)
		return x - y;
	aend = version_end(a, an);
	bend = version_end(b, bn);
	d = compare_parts(a, aend, b, bend);
	if (d || (aend == a + an && bend == b + bn))
		return d;
	return compare_parts(a, a + an, b, b + bn);
}

static int counts(const struct options *o, int c)
{
	return (!o->dictionary || isalnum(c) || isblank(c)) &&
	       (!o->printable || isprint(c));
}

/* A number between 0 and n - 1, each as likely; n 0: any. */
static uint64_t chance(uint64_t n)
{
	uint64_t x;

	do {
		if (getrandom(&x, sizeof(x), 0) != sizeof(x))
			err(trouble, "random numbers");
	} while (n && x >= UINT64_MAX - UINT64_MAX % n);
	return n ? x % n : x;
}

/* What a key is in an order that is another each time. */
static uint64_t lot(const struct options *o, const char *s, const char *end)
{
	static uint64_t seed[2];
	uint64_t h;

	if (!seed[0]) {
		seed[0] = chance(0) | 1;
		seed[1] = chance(0);
	}
	for (h = seed[1]; s < end; s++) {
		if (!counts(o, (unsigned char)*s))
			continue;
		h ^= (unsigned char)(o->fold ? toupper((unsigned char)*s) : *s);
		h *= seed[0];
		h ^= h >> 29;
	}
	h *= 0x9e3779b97f4a7c15;
	return h ^ h >> 32;
}

static int compare_keys(const struct options *o, const char *a, size_t an,
			const char *b, size_t bn)
{
	const char *aend = a + an, *bend = b + bn;
	int c, d;

	if (o->numeric || o->human)
		return compare_numbers(a, an, b, bn, o->human);
	if (o->general)
		return compare_general(a, an, b, bn);
	if (o->month)
		return month_of(a, an) - month_of(b, bn);
	if (o->version)
		return compare_versions(a, an, b, bn);
	if (o->random) {
		uint64_t x = lot(o, a, aend), y = lot(o, b, bend);

		if (x != y)
			return x < y ? -1 : 1;
	}
	if (!o->fold && !o->dictionary && !o->printable)
		return compare_bytes(a, an, b, bn);
	for (;; a++, b++) {
		while (a < aend && !counts(o, (unsigned char)*a))
			a++;
		while (b < bend && !counts(o, (unsigned char)*b))
			b++;
		if (a == aend || b == bend)
			return (a < aend) - (b < bend);
		c = (unsigned char)*a;
		d = (unsigned char)*b;
		if (o->fold) {
			c = toupper(c);
			d = toupper(d);
		}
		if (c != d)
			return c - d;
	}
}

static int compare(const struct line *a, const struct line *b)
{
	const char *p, *q;
	size_t i, m, n;
	int d;

	for (i = 0; i < nkeys; i++) {
		if (!i) {
			p = a->key;
			m = a->key_len;
			q = b->key;
			n = b->key_len;
		} else {
			find_key(&keys[i], a->s, a->n, &p, &m);
			find_key(&keys[i], b->s, b->n, &q, &n);
		}
		d = compare_keys(&keys[i].o, p, m, q, n);
		if (d)
			return keys[i].o.reverse ? -d : d;
	}
	if (nkeys && (unique || stable))
		return 0;
	d = compare_bytes(a->s, a->n, b->s, b->n);
	return global.reverse ? -d : d;
}

static void line_set(struct line *l, const char *s, size_t n)
{
	l->s = l->key = s;
	l->n = l->key_len = n;
	if (nkeys)
		find_key(&keys[0], s, n, &l->key, &l->key_len);
}

/*
 * Writing.
 */
static void flush_out(void)
{
	size_t done = 0;
	ssize_t n;

	while (done < out_len) {
		n = write(out_fd, out_buf + done, out_len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(trouble, "%s", out_name ? out_name : "write error");
		done += (size_t)n;
	}
	out_len = 0;
}

static void put(const char *s, size_t n)
{
	size_t part;

	while (n) {
		part = sizeof(out_buf) - out_len;
		if (part > n)
			part = n;
		memcpy(out_buf + out_len, s, part);
		out_len += part;
		s += part;
		n -= part;
		if (out_len == sizeof(out_buf))
			flush_out();
	}
}

/* With -u, a line that equals the one before is left out. */
static void put_line(const struct line *l, int first)
{
	static char *copy;
	static size_t cap;
	static struct line before;
	char end = (char)sep;

	if (unique) {
		if (!first && !compare(&before, l))
			return;
		if (l->n > cap || !copy) {
			cap = l->n * 2 + 80;
			copy = grow(copy, cap);
		}
		memcpy(copy, l->s, l->n);
		line_set(&before, copy, l->n);
	}
	put(l->s, l->n);
	put(&end, 1);
}

/* A file without a name, which goes when it is closed. */
static int temp_file(void)
{
	char *name;
	int fd;

	if (asprintf(&name, "%s/sortXXXXXX", temp_dir) < 0)
		err(trouble, NULL);
	temp_hold(1);
	fd = mkstemp(name);
	if (fd < 0)
		err(trouble, "%s", name);
	unlink(name);
	temp_hold(0);
	free(name);
	return fd;
}

/*
 * Reading a line at a time.
 */
static void reader_open(struct reader *r, int fd, const char *name)
{
	memset(r, 0, sizeof(*r));
	r->fd = fd;
	r->name = name;
}

static int reader_next(struct reader *r)
{
	size_t scanned = r->start, len;
	char *end;
	ssize_t n;

	for (;;) {
		end = r->buf ? memchr(r->buf + scanned, sep, r->end - scanned)
			     : NULL;
		if (end || r->eof)
			break;
		if (r->start) {
			memmove(r->buf, r->buf + r->start, r->end - r->start);
			r->end -= r->start;
			r->start = 0;
		}
		scanned = r->end;
		if (r->end == r->cap) {
			r->cap = r->cap ? r->cap * 2 : READ_SIZE;
			r->buf = grow(r->buf, r->cap);
		}
		n = read(r->fd, r->buf + r->end, r->cap - r->end);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(trouble, "%s", r->name);
		r->eof = !n;
		r->end += (size_t)n;
	}
	if (r->start == r->end)
		return 0;
	len = end ? (size_t)(end - r->buf) - r->start : r->end - r->start;
	line_set(&r->line, r->buf + r->start, len);
	r->start += len + !!end;
	return 1;
}

static void reader_close(struct reader *r)
{
	if (r->fd)
		close(r->fd);
	free(r->buf);
}

/* Merge what readers give; of equal lines that of the first goes first. */
static void merge(struct reader *r, size_t n)
{
	struct reader **row = grow(NULL, n * sizeof(*row) + 1), *top;
	size_t in_row = 0, i, k;
	int first = 1;

	for (i = 0; i < n; i++) {
		if (!reader_next(&r[i]))
			continue;
		for (k = in_row++;
		     k && compare(&row[k - 1]->line, &r[i].line) > 0; k--)
			row[k] = row[k - 1];
		row[k] = &r[i];
	}
	while (in_row) {
		top = row[0];
		put_line(&top->line, first);
		first = 0;
		if (!reader_next(top)) {
			in_row--;
			memmove(row, row + 1, in_row * sizeof(*row));
			continue;
		}
		for (k = 0; k + 1 < in_row; k++) {
			int d = compare(&row[k + 1]->line, &top->line);

			if (d > 0 || (!d && row[k + 1] > top))
				break;
			row[k] = row[k + 1];
		}
		row[k] = top;
	}
	free(row);
	for (i = 0; i < n; i++)
		reader_close(&r[i]);
}

static void merge_runs(size_t from)
{
	struct reader r[MERGE_MAX];
	size_t i;

	for (i = from; i < nruns; i++) {
		if (lseek(runs[i].fd, 0, SEEK_SET) < 0)
			err(trouble, "temporary file");
		reader_open(&r[i - from], runs[i].fd, "temporary file");
	}
	merge(r, nruns - from);
	nruns = from;
}

static void add_run(int fd, int level)
{
	runs = grow(runs, (nruns + 1) * sizeof(*runs));
	runs[nruns++] = (struct run){ fd, level };
}

/* Sixteen runs of one size become one of the next. */
static void merge_full_levels(void)
{
	int to = out_fd, level, fd;

	while (nruns >= MERGE_MAX &&
	       runs[nruns - MERGE_MAX].level == runs[nruns - 1].level) {
		level = runs[nruns - 1].level;
		out_fd = fd = temp_file();
		merge_runs(nruns - MERGE_MAX);
		flush_out();
		add_run(fd, level + 1);
	}
	out_fd = to;
}

/* All that is left, into the output. */
static void merge_rest(void)
{
	int to = out_fd, fd, level;

	while (nruns > MERGE_MAX) {
		size_t n = (nruns - 1) % (MERGE_MAX - 1) + 1;

		if (n == 1)
			n = MERGE_MAX;
		level = runs[nruns - n].level;
		out_fd = fd = temp_file();
		merge_runs(nruns - n);
		flush_out();
		add_run(fd, level + 1);
		out_fd = to;
	}
	merge_runs(0);
}

/* A stable merge sort of pointers; tmp has room for half of them. */
static void sort_lines(const struct line **a, size_t n, const struct line **tmp)
{
	size_t half = n / 2, i, j, k;

	if (n <= 6) {
		for (i = 1; i < n; i++) {
			const struct line *l = a[i];

			for (j = i; j && compare(a[j - 1], l) > 0; j--)
				a[j] = a[j - 1];
			a[j] = l;
		}
		return;
	}
	sort_lines(a, half, tmp);
	sort_lines(a + half, n - half, tmp);
	if (compare(a[half - 1], a[half]) <= 0)
		return;
	memcpy(tmp, a, half * sizeof(*tmp));
	for (i = k = 0, j = half; i < half; k++)
		a[k] = j < n && compare(tmp[i], a[j]) > 0 ? a[j++] : tmp[i++];
}

/* Sort and write the complete lines of the text; what is left of it stays. */
static void sort_text(void)
{
	const struct line **order, **tmp;
	struct line *lines;
	char *p = text, *end;
	size_t i;

	lines = grow(NULL, text_lines * sizeof(*lines) + 1);
	order = grow(NULL, text_lines * sizeof(*order) + 1);
	tmp = grow(NULL, text_lines / 2 * sizeof(*tmp) + 1);
	for (i = 0; i < text_lines; i++) {
		end = memchr(p, sep, text_len - (size_t)(p - text));
		line_set(&lines[i], p, (size_t)(end - p));
		order[i] = &lines[i];
		p = end + 1;
	}
	sort_lines(order, text_lines, tmp);
	for (i = 0; i < text_lines; i++)
		put_line(order[i], !i);
	free(lines);
	free(order);
	free(tmp);
	text_len -= (size_t)(p - text);
	memmove(text, p, text_len);
	text_lines = 0;
}

static void text_to_run(void)
{
	int to = out_fd, fd;

	out_fd = fd = temp_file();
	sort_text();
	flush_out();
	out_fd = to;
	add_run(fd, 0);
	merge_full_levels();
}

static size_t text_cost(void)
{
	return text_len +
	       text_lines * (sizeof(struct line) + 2 * sizeof(struct line *));
}

static void read_text(int fd, const char *name)
{
	size_t len_before = text_len, cap;
	char *more, *p;
	ssize_t n;

	for (;;) {
		/* Room for a read, and for the newline that may be missing. */
		if (text_cap - text_len < READ_SIZE + 1 || !text) {
			if (text_lines && text_cost() > bound) {
				text_to_run();
				len_before = 0;
				continue;
			}
			cap = text_cap * 2 + READ_SIZE + 1;
			more = realloc(text, cap);
			if (!more && text_lines) {
				text_to_run();
				len_before = 0;
				continue;
			}
			if (!more)
				err(trouble, NULL);
			text = more;
			text_cap = cap;
		}
		n = read(fd, text + text_len, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(trouble, "%s", name);
		if (!n)
			break;
		for (p = text + text_len; n; p++, text_lines++) {
			char *end = memchr(p, sep, (size_t)n);

			if (!end)
				break;
			n -= end + 1 - p;
			text_len += (size_t)(end + 1 - p);
			p = end;
		}
		text_len += (size_t)n;
		if (text_lines && text_cost() > bound) {
			text_to_run();
			len_before = 0;
		}
	}
	if (text_len > len_before && text[text_len - 1] != sep) {
		text[text_len++] = (char)sep;
		text_lines++;
	}
}

static int open_input(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(trouble, "%s", name);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		err(trouble, "%s", name);
	}
	return fd;
}

static int check(const char *name, int silent)
{
	struct line before = { NULL, 0, NULL, 0 };
	struct reader r;
	char *copy = NULL;
	size_t cap = 0;
	unsigned long number = 0;
	int d;

	reader_open(&r, open_input(name), name);
	while (reader_next(&r)) {
		if (number++) {
			d = compare(&before, &r.line);
			if (d > 0 || (!d && unique)) {
				if (!silent)
					warnx("%s:%lu: disorder: %.*s", name,
					      number, (int)r.line.n, r.line.s);
				return 1;
			}
		}
		if (r.line.n > cap || !copy) {
			cap = r.line.n * 2 + 80;
			copy = grow(copy, cap);
		}
		memcpy(copy, r.line.s, r.line.n);
		line_set(&before, copy, r.line.n);
	}
	return 0;
}

/*
 * The file of -o.  A new one takes its place where that is possible; a file
 * with several names, a device, or one in a folder that cannot be written to
 * is written over.
 */
static void open_output(void)
{
	struct stat st, now;
	char *path, *copy;
	int exists;

	if (!out_name)
		return;
	exists = stat(out_name, &st) == 0;
	if (exists && access(out_name, W_OK) < 0)
		err(trouble, "%s", out_name);
	/* /dev/stdout may be a regular file, but whoever opened it has it. */
	if (exists && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    strncmp(out_name, "/dev/", 5)) {
		path = realpath(out_name, NULL);
		copy = path ? strdup(path) : NULL;
		if (!copy ||
		    asprintf(&temp_name, "%s/sortXXXXXX", dirname(copy)) < 0)
			err(trouble, "%s", out_name);
		free(copy);
		out_fd = mkstemp(temp_name);
		/* Where there is no room beside it, there is none in it. */
		if (out_fd < 0 && errno == ENOSPC)
			err(trouble, "%s", out_name);
		if (out_fd >= 0 &&
		    (fstat(out_fd, &now) < 0 ||
		     ((now.st_uid != st.st_uid || now.st_gid != st.st_gid) &&
		      fchown(out_fd, st.st_uid, st.st_gid) < 0) ||
		     fchmod(out_fd, st.st_mode & 07777) < 0)) {
			close(out_fd);
			unlink(temp_name);
			out_fd = -1;
		}
		if (out_fd >= 0) {
			out_name = path;
			return;
		}
		free(temp_name);
		free(path);
		temp_name = NULL;
	}
	out_fd = open(out_name, O_WRONLY | O_CREAT, 0666);
	if (out_fd < 0)
		err(trouble, "%s", out_name);
}

static void close_output(void)
{
	struct stat st;
	off_t end;

	flush_out();
	if (!out_name)
		return;
	/* Written over: what was longer ends here. */
	if (!temp_name && fstat(out_fd, &st) == 0 && S_ISREG(st.st_mode)) {
		end = lseek(out_fd, 0, SEEK_CUR);
		if (end < 0 || ftruncate(out_fd, end) < 0)
			err(trouble, "%s", out_name);
	}
	if (close(out_fd) < 0)
		err(trouble, "%s", out_name);
	if (temp_name) {
		if (rename(temp_name, out_name) < 0)
			err(trouble, "%s", out_name);
		temp_hold(1);
		free(temp_name);
		temp_name = NULL;
		temp_hold(0);
	}
}

/*
 * Options.
 */
static int set_option(struct options *o, int c)
{
	switch (c) {
	case 'd':
		o->dictionary = 1;
		break;
	case 'f':
		o->fold = 1;
		break;
	case 'g':
		o->general = 1;
		break;
	case 'h':
		o->human = 1;
		break;
	case 'i':
		o->printable = 1;
		break;
	case 'M':
		o->month = 1;
		break;
	case 'n':
		o->numeric = 1;
		break;
	case 'r':
		o->reverse = 1;
		break;
	case 'R':
		o->random = 1;
		break;
	case 'V':
		o->version = 1;
		break;
	default:
		return 0;
	}
	return 1;
}

static size_t take_count(const char **p, const char *spec, int least)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)**p))
		errx(trouble, "%s: not a key", spec);
	n = strtoul(*p, &end, 10);
	if (n < (unsigned long)least)
		errx(trouble, "%s: fields and characters count from 1", spec);
	*p = end;
	return n;
}

static void add_key(const char *spec)
{
	const char *p = spec;
	struct key *k;

	keys = grow(keys, (nkeys + 1) * sizeof(*keys));
	k = &keys[nkeys++];
	memset(k, 0, sizeof(*k));
	k->first_field = take_count(&p, spec, 1) - 1;
	if (*p == '.') {
		p++;
		k->first_char = take_count(&p, spec, 1) - 1;
	}
	for (; *p && *p != ','; p++) {
		k->own = 1;
		if (*p == 'b')
			k->skip_first = 1;
		else if (!set_option(&k->o, *p))
			errx(trouble, "%s: not a key", spec);
	}
	k->to_end = !*p;
	if (*p++ != ',')
		return;
	k->last_field = take_count(&p, spec, 1) - 1;
	if (*p == '.') {
		p++;
		k->last_char = take_count(&p, spec, 0);
	}
	for (; *p; p++) {
		k->own = 1;
		if (*p == 'b')
			k->skip_last = 1;
		else if (!set_option(&k->o, *p))
			errx(trouble, "%s: not a key", spec);
	}
}

static size_t take_size(const char *s)
{
	static const char units[] = "bKMGT";
	const char *unit;
	double size;
	char *end;
	int i;

	size = (double)strtoul(s, &end, 10);
	unit = *end ? strchr(units, *end == 'k' ? 'K' : *end) : units + 1;
	if (end == s || !unit || (*end && end[1]))
		errx(trouble, "%s: not a size", s);
	for (i = (int)(unit - units); i; i--)
		size *= 1024;
	return size > 1e15 ? (size_t)1 << 50 : (size_t)size;
}

static size_t usual_bound(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	size_t n = pages > 0 && size > 0 ? (size_t)pages * (size_t)size / 8 : 0;

	return n < 2u << 20 ? 2u << 20 : n > 128u << 20 ? 128u << 20 : n;
}

static void check_options(const struct options *o)
{
	if (o->numeric + o->human + o->general + o->month + o->random +
		    (o->version || o->dictionary || o->printable) >
	    1)
		errx(trouble,
		     "-n, -h, -g, -M, -R, -V and -d or -i do not go together");
	if (o->version && (o->fold || o->dictionary || o->printable))
		errx(trouble, "-V takes all letters as they are");
}

static void settle_keys(void)
{
	size_t i;

	check_options(&global);
	/* Without keys the whole line is one, if there is more to it. */
	if (!nkeys &&
	    (global.numeric || global.human || global.general || global.month ||
	     global.version || global.fold || global.dictionary ||
	     global.printable || global.random || global_blanks))
		add_key("1");
	for (i = 0; i < nkeys; i++) {
		if (!keys[i].own) {
			keys[i].o = global;
			keys[i].skip_first = keys[i].skip_last = global_blanks;
		}
		check_options(&keys[i].o);
	}
}

static void sort_files(char **files, int n)
{
	int i, fd;

	for (i = 0; i < n; i++) {
		fd = open_input(files[i]);
		read_text(fd, files[i]);
		if (fd)
			close(fd);
	}
	if (nruns && text_lines)
		text_to_run();
	open_output();
	if (nruns)
		merge_rest();
	else
		sort_text();
}

static void merge_files(char **files, int n)
{
	struct reader r[MERGE_MAX];
	int i, k, fd;

	open_output();
	/* A file that is written over might be one of those that are read. */
	if (n > MERGE_MAX || (out_name && !temp_name)) {
		for (i = 0; i < n; i += k) {
			int to = out_fd;

			for (k = 0; k < MERGE_MAX && i + k < n; k++)
				reader_open(&r[k], open_input(files[i + k]),
					    files[i + k]);
			out_fd = fd = temp_file();
			merge(r, (size_t)k);
			flush_out();
			out_fd = to;
			add_run(fd, 0);
			merge_full_levels();
		}
		merge_rest();
		return;
	}
	for (i = 0; i < n; i++)
		reader_open(&r[i], open_input(files[i]), files[i]);
	merge(r, (size_t)n);
}

/* --- shuf --------------------------------------------------------------- */

/* What there is to choose from: texts, or the numbers from low on. */
static struct line *choices;
static uint64_t choice_count, low;
static size_t choice_room;

static void add_choice(const char *s, size_t n)
{
	char *copy = grow(NULL, n + 1);

	memcpy(copy, s, n);
	if (choice_count == choice_room) {
		choice_room = choice_room * 2 + 256;
		choices = grow(choices, choice_room * sizeof(*choices));
	}
	choices[choice_count].s = copy;
	choices[choice_count++].n = n;
}

static void put_choice(uint64_t i)
{
	char number[24], end = (char)sep;

	if (choices)
		put(choices[i].s, choices[i].n);
	else
		put(number, (size_t)sprintf(number, "%" PRIu64, low + i));
	put(&end, 1);
}

/* Of a few among very many numbers those that had their turn are remembered. */
static void put_few(uint64_t wanted)
{
	uint64_t *done = grow(NULL, (size_t)wanted * sizeof(*done)), n = 0, i,
		 x;

	while (n < wanted) {
		x = chance(choice_count);
		for (i = 0; i < n && done[i] != x; i++)
			;
		if (i < n)
			continue;
		done[n++] = x;
		put_choice(x);
	}
	free(done);
}

static void put_some(uint64_t wanted)
{
	uint64_t *row, i, k, t;

	if (wanted < 1000 && choice_count / 64 > wanted) {
		put_few(wanted);
		return;
	}
	if (choice_count > SIZE_MAX / sizeof(*row))
		errx(trouble, "too many numbers");
	row = grow(NULL, (size_t)choice_count * sizeof(*row) + 1);
	for (i = 0; i < choice_count; i++)
		row[i] = i;
	for (i = 0; i < wanted; i++) {
		k = i + chance(choice_count - i);
		t = row[k];
		row[k] = row[i];
		row[i] = t;
		put_choice(t);
	}
	free(row);
}

static void take_range(const char *s)
{
	char *end;

	low = strtoull(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end != '-' ||
	    !isdigit((unsigned char)end[1]))
		errx(trouble, "invalid range '%s'", s);
	choice_count = strtoull(end + 1, &end, 10);
	if (*end || choice_count + 1 < low)
		errx(trouble, "invalid range '%s'", s);
	choice_count = choice_count + 1 - low;
	if (!choice_count && !low)
		errx(trouble, "too many numbers");
}

static int shuf_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "echo", no_argument, NULL, 'e' },
		{ "input-range", required_argument, NULL, 'i' },
		{ "head-count", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "repeat", no_argument, NULL, 'r' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c, words = 0, range = 0, again = 0;
	uint64_t most = UINT64_MAX, n;
	struct reader r;
	char *end;

	trouble = 1;
	while ((c = getopt_long(argc, argv, "ei:n:o:rz", longs, NULL)) != -1) {
		switch (c) {
		case 'e':
			words = 1;
			break;
		case 'i':
			if (range++)
				errx(1, "-i is given twice");
			take_range(optarg);
			break;
		case 'n':
			n = strtoull(optarg, &end, 10);
			if (!isdigit((unsigned char)*optarg) || *end)
				errx(1, "invalid number of lines '%s'", optarg);
			most = n < most ? n : most;
			break;
		case 'o':
			out_name = optarg;
			break;
		case 'r':
			again = 1;
			break;
		case 'z':
			sep = 0;
			break;
		default:
			usage(c == 'H' ? stdout : stderr, c != 'H');
		}
	}
	argv += optind;
	if ((words && range) || (range && *argv) ||
	    (!words && *argv && argv[1])) {
		warnx("extra operand '%s'", *argv ? argv[!range] : "-e");
		usage(stderr, 1);
	}
	if (words) {
		for (; *argv; argv++)
			add_choice(*argv, strlen(*argv));
	} else if (!range && most) {
		reader_open(&r, *argv ? open_input(*argv) : 0,
			    *argv ? *argv : "-");
		while (reader_next(&r))
			add_choice(r.line.s, r.line.n);
		reader_close(&r);
	}
	atexit(drop_temp);
	temp_guard(drop_temp);
	open_output();
	if (again && most && !choice_count)
		errx(1, "there is nothing to repeat");
	for (n = 0; again && n < most; n++)
		put_choice(chance(choice_count));
	if (!again)
		put_some(most < choice_count ? most : choice_count);
	close_output();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ "key", required_argument, NULL, 'k' },
		{ "field-separator", required_argument, NULL, 't' },
		{ "numeric-sort", no_argument, NULL, 'n' },
		{ "human-numeric-sort", no_argument, NULL, 'h' },
		{ "general-numeric-sort", no_argument, NULL, 'g' },
		{ "month-sort", no_argument, NULL, 'M' },
		{ "version-sort", no_argument, NULL, 'V' },
		{ "ignore-case", no_argument, NULL, 'f' },
		{ "dictionary-order", no_argument, NULL, 'd' },
		{ "ignore-nonprinting", no_argument, NULL, 'i' },
		{ "ignore-leading-blanks", no_argument, NULL, 'b' },
		{ "random-sort", no_argument, NULL, 'R' },
		{ "reverse", no_argument, NULL, 'r' },
		{ "unique", no_argument, NULL, 'u' },
		{ "stable", no_argument, NULL, 's' },
		{ "merge", no_argument, NULL, 'm' },
		{ "check", optional_argument, NULL, 'c' },
		{ "sort", required_argument, NULL, '=' },
		{ "parallel", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "buffer-size", required_argument, NULL, 'S' },
		{ "temporary-directory", required_argument, NULL, 'T' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	int c, checking = 0, merging = 0, n, i;
	const char *word;
	char **files;

	if (plain_named(argv, "shuf"))
		return shuf_main(argc, argv);
	while ((c = getopt_long(argc, argv, "bCcdfghik:Mmno:RrsS:t:T:uVz",
				longs, NULL)) != -1) {
		switch (c) {
		case 'b':
			global_blanks = 1;
			break;
		case 'C':
		case 'c':
			checking = optarg && *optarg != 'd' ? 'C' : c;
			if (optarg && strcmp(optarg, "silent") &&
			    strcmp(optarg, "quiet") &&
			    strcmp(optarg, "diagnose-first"))
				usage(stderr, 1);
			break;
		case '=':
			/* --sort=general-numeric and so on. */
			for (i = 0; longs[i].name; i++)
				if ((word = strstr(longs[i].name, "-sort")) &&
				    strlen(optarg) ==
					    (size_t)(word - longs[i].name) &&
				    !strncmp(longs[i].name, optarg,
					     strlen(optarg)))
					break;
			if (!set_option(&global, longs[i].val))
				usage(stderr, 1);
			break;
		case 'p':
			break;
		case 'k':
			add_key(optarg);
			break;
		case 'm':
			merging = 1;
			break;
		case 'o':
			out_name = optarg;
			break;
		case 's':
			stable = 1;
			break;
		case 'S':
			bound = take_size(optarg);
			break;
		case 't':
			tab = (unsigned char)optarg[0];
			if (!strcmp(optarg, "\\0"))
				tab = 0;
			else if (!*optarg || optarg[1])
				errx(trouble, "'%s' is not one character",
				     optarg);
			break;
		case 'T':
			temp_dir = optarg;
			break;
		case 'u':
			unique = 1;
			break;
		case 'z':
			sep = 0;
			break;
		case 'H':
			usage(stdout, 0);
			break;
		default:
			if (!set_option(&global, c))
				usage(stderr, 2);
		}
	}
	settle_keys();
	if (!temp_dir)
		temp_dir = getenv("TMPDIR");
	if (!temp_dir || !*temp_dir)
		temp_dir = "/tmp";
	if (!bound)
		bound = usual_bound();
	files = argv + optind;
	n = argc - optind;
	if (!n) {
		files = standard_input;
		n = 1;
	}
	if (checking) {
		if (n > 1)
			errx(trouble, "one file can be checked at a time");
		return check(files[0], checking == 'C');
	}
	atexit(drop_temp);
	temp_guard(drop_temp);
	if (merging)
		merge_files(files, n);
	else
		sort_files(files, n);
	close_output();
	return 0;
}
