/*
 * Records and fields, and the files and commands that are read and written.
 * A record is split when a field or NF is asked for, and put together again
 * when $0 is asked for after a field has changed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bin/awk/awk.h"

#define READ_SIZE  65536
#define FIELDS_MAX 50000000

struct reader {
	int fd;
	char *buf;
	size_t cap, start, end;
	int eof;
};

struct stream {
	int how; /* '<' a file, 'c' a command's output, '>' 'a' '|' */
	struct str *name;
	FILE *f;
	struct reader r;
	struct stream *next;
};

int input_failed;

static struct value record; /* $0 */
static int record_valid = 1, split_done = 1;
static struct value *fields; /* from 1 */
static size_t nf, fields_cap;
static struct stream *streams;
static struct reader main_reader;
static int main_open, arg_index = 1, any_file;

static struct str *special(int index)
{
	return to_str(&globals[index].v);
}

/*
 * Splitting.
 */
static void field_add(void *to, const char *s, size_t len)
{
	if (nf + 1 >= fields_cap) {
		size_t cap = fields_cap * 2 + 64;

		fields = grow(fields, cap * sizeof(*fields));
		memset(fields + fields_cap, 0,
		       (cap - fields_cap) * sizeof(*fields));
		fields_cap = cap;
	}
	nf++;
	value_free(&fields[nf]);
	fields[nf] = input(s, len);
}

static void element_add(void *to, const char *s, size_t len)
{
	struct array *a = to;
	char text[32];
	struct str *key;
	struct cell *c;

	key = str_new(text, (size_t)snprintf(text, sizeof(text), "%zu",
					     array_count(a) + 1));
	c = array_get(a, key);
	c->v = input(s, len);
	str_put(key);
}

/* re: that expression, whatever it looks like; lines: newlines separate, too.
 */
static void split(const char *s, size_t len, struct str *fs, regex_t *re,
		  int lines, void (*add)(void *to, const char *s, size_t len),
		  void *to)
{
	const char *end = s + len, *p;
	size_t from = 0, start = 0;
	struct str *both = NULL;
	regmatch_t pm;

	if (!len)
		return;
	if (!re && fs->len == 1 && *fs->s == ' ') {
		for (;;) {
			while (s < end &&
			       (*s == ' ' || *s == '\t' || *s == '\n'))
				s++;
			if (s == end)
				return;
			for (p = s;
			     p < end && *p != ' ' && *p != '\t' && *p != '\n';
			     p++)
				;
			add(to, s, (size_t)(p - s));
			s = p;
		}
	}
	if (!re && !fs->len) {
		for (; s < end; s++)
			add(to, s, 1);
		return;
	}
	if (!re && fs->len == 1) {
		for (p = s; p < end; p++)
			if (*p == *fs->s || (lines && *p == '\n')) {
				add(to, s, (size_t)(p - s));
				s = p + 1;
			}
		add(to, s, (size_t)(end - s));
		return;
	}
	if (!re && lines) {
		both = str_new("(", 1);
		both = str_append(both, fs->s, fs->len);
		both = str_append(both, ")|\n", 3);
	}
	if (!re)
		re = regex_of(both ? both : fs);
	while (from <= len && regex_run(re, s, from, len, &pm)) {
		if (pm.rm_eo == pm.rm_so) {
			/* Nothing separates nothing. */
			from = (size_t)pm.rm_eo + 1;
			continue;
		}
		add(to, s + start, (size_t)pm.rm_so - start);
		from = start = (size_t)pm.rm_eo;
	}
	add(to, s + start, len - start);
	str_put(both);
}

double split_into(struct array *a, const struct str *s, const struct str *fs,
		  regex_t *re)
{
	struct str *f = fs ? str_new(fs->s, fs->len) : special(V_FS);

	array_clear(a);
	split(s->s, s->len, f, re, 0, element_add, a);
	str_put(f);
	return (double)array_count(a);
}

static void nf_known(void)
{
	value_free(&globals[V_NF].v);
	globals[V_NF].v = number((double)nf);
}

void fields_split(void)
{
	struct str *fs, *rs, *text;

	if (split_done)
		return;
	split_done = 1;
	nf = 0;
	fs = special(V_FS);
	rs = special(V_RS);
	text = to_str(&record);
	split(text->s, text->len, fs, NULL, !rs->len, field_add, NULL);
	str_put(text);
	str_put(fs);
	str_put(rs);
	nf_known();
}

void record_set(const char *s, size_t len)
{
	struct value v = input(s, len);

	value_free(&record);
	record = v;
	record_valid = 1;
	split_done = 0;
}

static void record_join(void)
{
	struct str *ofs = special(V_OFS), *s = str_new("", 0), *t;
	size_t i;

	for (i = 1; i <= nf; i++) {
		if (i > 1)
			s = str_append(s, ofs->s, ofs->len);
		t = to_str(&fields[i]);
		s = str_append(s, t->s, t->len);
		str_put(t);
	}
	str_put(ofs);
	value_free(&record);
	/* What was put together is a text, even where it looks like a number. */
	record = (struct value){ STRING, 0, s };
	record_valid = 1;
}

static size_t field_index(double index)
{
	if (!(index > -1))
		fatal("a field before $0 is asked for");
	if (index >= FIELDS_MAX)
		fatal("a field beyond $%d is asked for", FIELDS_MAX);
	return (size_t)index;
}

struct value *field_get(double index)
{
	static struct value none;
	size_t i = field_index(index);

	if (!i) {
		if (!record_valid)
			record_join();
		return &record;
	}
	fields_split();
	none.kind = UNSET;
	return i <= nf ? &fields[i] : &none;
}

void nf_set(double n)
{
	size_t want = field_index(n);

	fields_split();
	while (nf < want)
		field_add(NULL, "", 0);
	nf = want;
	record_valid = 0;
	nf_known();
}

/* Takes over the value. */
void field_set(double index, struct value v)
{
	size_t i = field_index(index);
	struct str *s;

	if (!i) {
		s = to_str(&v);
		record_set(s->s, s->len);
		str_put(s);
		value_free(&v);
		return;
	}
	fields_split();
	if (i > nf)
		nf_set((double)i);
	value_free(&fields[i]);
	fields[i] = v;
	record_valid = 0;
}

/*
 * Reading records.
 */

/* More text behind what is there; 0: the end, -1: error. */
static int reader_fill(struct reader *r)
{
	ssize_t n;

	if (r->eof)
		return 0;
	if (r->start) {
		memmove(r->buf, r->buf + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (r->cap - r->end < READ_SIZE) {
		r->cap = r->cap * 2 + READ_SIZE;
		r->buf = grow(r->buf, r->cap);
	}
	do
		n = read(r->fd, r->buf + r->end, READ_SIZE);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	r->eof = !n;
	r->end += (size_t)n;
	return n > 0;
}

/* A record that ends with one byte. */
static int read_line(struct reader *r, int sep, const char **s, size_t *len)
{
	size_t scanned = 0;
	char *stop;
	int ret;

	for (;;) {
		stop = r->buf ? memchr(r->buf + r->start + scanned, sep,
				       r->end - r->start - scanned)
			      : NULL;
		if (stop)
			break;
		scanned = r->end - r->start;
		ret = reader_fill(r);
		if (ret < 0)
			return -1;
		if (!ret)
			break;
	}
	if (!stop && r->start == r->end)
		return 0;
	*s = r->buf + r->start;
	*len = stop ? (size_t)(stop - *s) : r->end - r->start;
	r->start += *len + !!stop;
	return 1;
}

/* Empty lines separate. */
static int read_paragraph(struct reader *r, const char **s, size_t *len)
{
	size_t scanned = 0;
	char *stop;
	int ret;

	for (;;) {
		while (r->start < r->end && r->buf[r->start] == '\n')
			r->start++;
		if (r->start < r->end)
			break;
		ret = reader_fill(r);
		if (ret <= 0)
			return ret;
	}
	for (;;) {
		stop = memmem(r->buf + r->start + scanned,
			      r->end - r->start - scanned, "\n\n", 2);
		if (stop)
			break;
		scanned = r->end - r->start - 1;
		ret = reader_fill(r);
		if (ret < 0)
			return -1;
		if (!ret)
			break;
	}
	*s = r->buf + r->start;
	*len = stop ? (size_t)(stop - *s) : r->end - r->start;
	r->start += *len;
	if (!stop && *len && (*s)[*len - 1] == '\n')
		--*len;
	return 1;
}

/* An expression separates; a match at the end of what is there may go on. */
static int read_until(struct reader *r, struct str *rs, const char **s,
		      size_t *len)
{
	size_t from = 0, tried = 0, n;
	regmatch_t pm;
	int ret;

	for (;;) {
		n = r->end - r->start;
		if (n && (n >= tried * 2 || r->eof)) {
			tried = n;
			from = 0;
			while (from < n &&
			       regex_run(regex_of(rs), r->buf + r->start, from,
					 n, &pm)) {
				if (pm.rm_so == pm.rm_eo) {
					from = (size_t)pm.rm_eo + 1;
					continue;
				}
				if ((size_t)pm.rm_eo == n && !r->eof)
					break;
				*s = r->buf + r->start;
				*len = (size_t)pm.rm_so;
				r->start += (size_t)pm.rm_eo;
				return 1;
			}
		}
		if (r->eof)
			break;
		ret = reader_fill(r);
		if (ret < 0)
			return -1;
	}
	if (!n)
		return 0;
	*s = r->buf + r->start;
	*len = n;
	r->start = r->end;
	return 1;
}

static int read_record(struct reader *r, const char **s, size_t *len)
{
	struct str *rs = special(V_RS);
	int ret;

	if (!rs->len)
		ret = read_paragraph(r, s, len);
	else if (rs->len == 1)
		ret = read_line(r, *rs->s, s, len);
	else
		ret = read_until(r, rs, s, len);
	str_put(rs);
	return ret;
}

void main_next_file(void)
{
	if (!main_open)
		return;
	if (main_reader.fd)
		close(main_reader.fd);
	main_reader.start = main_reader.end = 0;
	main_reader.eof = 0;
	main_open = 0;
}

static struct str *argument(int i)
{
	char text[32];
	struct str *key, *s = NULL;
	struct array *argv = globals[V_ARGV].a;

	key = str_new(text, (size_t)snprintf(text, sizeof(text), "%d", i));
	if (array_has(argv, key))
		s = to_str(&array_get(argv, key)->v);
	str_put(key);
	return s;
}

static void open_main(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;

	any_file = 1;
	if (fd < 0) {
		fflush(stdout);
		warn("%s", name);
		input_failed = 1;
		return;
	}
	main_reader.fd = fd;
	main_open = 1;
	global_set(V_FNR, number(0));
}

/* name=value? */
static int is_assignment(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return 0;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return *s == '=';
}

/* The next record of the files named, or of standard input; 0: the end. */
int main_record(const char **s, size_t *len)
{
	struct str *arg;
	int ret;

	for (;;) {
		if (main_open) {
			ret = read_record(&main_reader, s, len);
			if (ret > 0)
				return 1;
			if (ret < 0) {
				arg = special(V_FILENAME);
				fflush(stdout);
				warn("%s", arg->len ? arg->s : "-");
				str_put(arg);
				input_failed = 1;
			}
			main_next_file();
			continue;
		}
		if (arg_index < to_number(&globals[V_ARGC].v)) {
			arg = argument(arg_index++);
			if (!arg)
				continue;
			if (is_assignment(arg->s)) {
				assign_operand(arg->s);
			} else if (arg->len) {
				global_set(V_FILENAME, string(str_get(arg)));
				open_main(arg->s);
			}
			str_put(arg);
			continue;
		}
		if (any_file)
			return 0;
		global_set(V_FILENAME, string(str_new("-", 1)));
		open_main("-");
	}
}

/*
 * Streams.
 */
static struct stream *stream_new(int how, const struct str *name)
{
	struct stream *st = grow(NULL, sizeof(*st));

	memset(st, 0, sizeof(*st));
	st->how = how;
	st->name = str_new(name->s, name->len);
	st->next = streams;
	streams = st;
	return st;
}

static struct stream *stream_named(int how, const struct str *name)
{
	struct stream *st;

	for (st = streams; st; st = st->next)
		if (st->how == how && st->name->len == name->len &&
		    !memcmp(st->name->s, name->s, name->len))
			return st;
	return NULL;
}

/* 1 and a record, 0 at the end, -1: it cannot be read. */
int getline_from(int is_command, const struct str *name, const char **s,
		 size_t *len)
{
	int how = is_command ? 'c' : '<', fd = 0;
	struct stream *st = stream_named(how, name);
	FILE *f = NULL;

	if (!st) {
		if (is_command) {
			streams_flush(NULL);
			f = popen(name->s, "r");
			if (!f)
				return -1;
			fd = fileno(f);
		} else if (strcmp(name->s, "-") &&
			   strcmp(name->s, "/dev/stdin")) {
			fd = open(name->s, O_RDONLY | O_CLOEXEC);
			if (fd < 0)
				return -1;
		}
		st = stream_new(how, name);
		st->f = f;
		st->r.fd = fd;
	}
	return read_record(&st->r, s, len);
}

FILE *output_for(int how, const struct str *name)
{
	struct stream *st;

	if (how == T_APPEND)
		how = 'a';
	if (how != '|' && !strcmp(name->s, "/dev/stdout"))
		return stdout;
	if (how != '|' && !strcmp(name->s, "/dev/stderr"))
		return stderr;
	st = stream_named(how, name);
	if (!st && how != '|')
		/* > and >> of one file are the same once it is open. */
		st = stream_named(how == 'a' ? '>' : 'a', name);
	if (!st) {
		FILE *f;

		if (how == '|') {
			streams_flush(NULL);
			f = popen(name->s, "w");
		} else {
			f = fopen(name->s, how == 'a' ? "ae" : "we");
		}
		if (!f)
			fatal("%s: %s", name->s, strerror(errno));
		st = stream_new(how, name);
		st->f = f;
	}
	return st->f;
}

static int status_of(int status)
{
	if (status < 0)
		return -1;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int stream_end(struct stream *st)
{
	int ret = 0;

	if (st->how == 'c' || st->how == '|') {
		ret = status_of(pclose(st->f));
	} else if (st->f) {
		int wrong = ferror(st->f);

		if (fclose(st->f) || wrong) {
			warn("%s", st->name->s);
			input_failed = 1;
			ret = -1;
		}
	} else if (st->r.fd) {
		close(st->r.fd);
	}
	free(st->r.buf);
	str_put(st->name);
	free(st);
	return ret;
}

int stream_close(const struct str *name)
{
	struct stream **p = &streams, *st;
	int ret = -1;

	while ((st = *p)) {
		if (st->name->len != name->len ||
		    memcmp(st->name->s, name->s, name->len)) {
			p = &st->next;
			continue;
		}
		*p = st->next;
		ret = stream_end(st);
	}
	return ret;
}

/* Write out what waits for one name, or for all. */
int streams_flush(const struct str *name)
{
	struct stream *st;
	int ret = name ? -1 : 0;

	if (!name && fflush(stdout))
		fatal("write error: %s", strerror(errno));
	for (st = streams; st; st = st->next) {
		if (st->how == '<' || st->how == 'c')
			continue;
		if (name && (st->name->len != name->len ||
			     memcmp(st->name->s, name->s, name->len)))
			continue;
		ret = fflush(st->f) ? -1 : 0;
	}
	return ret;
}

void streams_end(void)
{
	struct stream *st;

	while ((st = streams)) {
		streams = st->next;
		stream_end(st);
	}
}
