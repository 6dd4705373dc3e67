/*
 * sed: edit a stream of text.
 *
 * The script becomes a row of commands; braces and branches are places in it.
 * A line more than the current one is looked for ahead, as $ is the last line
 * of all files.  The last line's missing newline is missing in the output too,
 * unless something follows.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temp.h"

/* Wrong usage, a file that cannot be read, trouble while running. */
#define BAD_USAGE 1
#define BAD_INPUT 2
#define TROUBLE   4

struct buf {
	char *p;
	size_t n, cap;
	int no_newline; /* the line came without one */
};

struct source;
struct output {
	char *name;
	FILE *f;
	int no_newline; /* the last line written has no end yet */
	struct output *next;
};

enum addr_type {
	ADDR_NONE,
	ADDR_LINE,
	ADDR_STEP, /* first~step */
	ADDR_LAST,
	ADDR_RE,
	ADDR_PLUS,  /* ,+n */
	ADDR_ROUND, /* ,~n: to the next multiple of n */
};

struct addr {
	enum addr_type type;
	unsigned long n, step;
	regex_t *re; /* null: the last one used */
};

/* A piece of what s puts: text, then a group or a change of case. */
struct part {
	char *text;
	size_t len;
	int group;  /* 0 to 9, or -1 */
	int change; /* U L u l E, or 0; it holds from behind the group */
};

struct subst {
	regex_t *re;
	struct part *parts;
	size_t nparts;
	int global, print;
	unsigned long nth;
	struct output *file;
};

struct command {
	struct addr a1, a2;
	int negate;
	int name;
	int active; /* within a range */
	int begun;  /* it has been, in this file */
	unsigned long range_end;
	char *text; /* a i c; r: file; b t :: label; y: table */
	size_t len;
	size_t target; /* } behind {, label */
	long number;   /* q Q l */
	struct subst *s;
	struct output *file;
	struct source *source;
};

/* A file of which R takes a line at a time. */
struct source {
	const char *name;
	FILE *f;
	struct source *next;
};

/* What is to be put out at the end of the cycle. */
struct append {
	const struct command *c;
	int is_file;
	char *line; /* what R has read, or NULL */
	size_t len;
};

static struct command *script;
static size_t ncommands, commands_cap;
static int quiet, extended, separate, in_place, unbuffered, sep = '\n';
static const char *suffix;
static long wrap = 70;

static char *text; /* of the script */
static size_t text_len;
static const char *at; /* where it is read */
static const char *text_end;

static struct buf space, hold;
static struct append *appends;
static size_t nappends, appends_cap;
static regex_t *last_re;
static int replaced; /* since the line was read, for t */
static int failed;

static char **files;
static int nfiles, file_index;
static FILE *in;
static const char *in_name;
static unsigned long line_number;
static struct output standard, *out = &standard, *outputs;
static struct source *sources;
static char *temp_name; /* of the file that -i writes */

static void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(TROUBLE, NULL);
	return p;
}

static void drop_temp(void)
{
	if (temp_name)
		unlink(temp_name);
}

static void buf_add(struct buf *b, const char *s, size_t n)
{
	if (b->n + n + 1 > b->cap) {
		b->cap = (b->n + n + 1) * 2;
		b->p = grow(b->p, b->cap);
	}
	if (n)
		memcpy(b->p + b->n, s, n);
	b->n += n;
	b->p[b->n] = 0;
}

static void buf_add_char(struct buf *b, int c)
{
	char ch = (char)c;

	buf_add(b, &ch, 1);
}

static void buf_copy(struct buf *to, const struct buf *from)
{
	to->n = 0;
	buf_add(to, from->p, from->n);
	to->no_newline = from->no_newline;
}

/*
 * Reading the script.
 */
_Noreturn static void bad(const char *why)
{
	unsigned long line = 1;
	const char *p;

	for (p = text; p < at && p < text_end; p++)
		line += *p == '\n';
	errx(BAD_USAGE, "line %lu of the script: %s", line, why);
}

static int peek(void)
{
	return at < text_end ? (unsigned char)*at : EOF;
}

static int take(void)
{
	return at < text_end ? (unsigned char)*at++ : EOF;
}

static void skip_blanks(void)
{
	while (peek() == ' ' || peek() == '\t')
		at++;
}

static unsigned long take_number(void)
{
	unsigned long n = 0;

	while (isdigit(peek())) {
		int digit = take() - '0';

		n = n > (ULONG_MAX - 9) / 10 ? ULONG_MAX
					     : n * 10 + (unsigned long)digit;
	}
	return n;
}

/* The byte that \c means everywhere, or -1; p is behind the backslash. */
static int escape_value(const char **p, const char *end)
{
	static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
	int base, digits, v = 0, i, c;
	const char *k, *s = *p;

	if (s == end || !*s)
		return -1;
	k = strchr(from, *s);
	if (k) {
		*p = s + 1;
		return to[k - from];
	}
	if (*s == 'c' && s + 1 < end) {
		*p = s + 2;
		return toupper((unsigned char)s[1]) ^ 0x40;
	}
	base = *s == 'x' ? 16 : *s == 'o' ? 8 : *s == 'd' ? 10 : 0;
	digits = base == 16 ? 2 : 3;
	if (!base)
		return -1;
	for (i = 0, s++; i < digits && s < end; i++, s++) {
		c = isdigit((unsigned char)*s)    ? *s - '0'
		    : isxdigit((unsigned char)*s) ? tolower(*s) - 'a' + 10
						  : 99;
		if (c >= base)
			break;
		v = v * base + c;
	}
	if (!i)
		return -1;
	*p = s;
	return v & 255;
}

/* Up to the delimiter, which as \x loses its backslash; keeps other escapes. */
static int take_until(struct buf *b, int delim, int is_re)
{
	int c;

	b->n = 0;
	buf_add(b, "", 0);
	while ((c = take()) != delim) {
		if (c == EOF || (c == '\n' && is_re))
			return -1;
		if (c == '\\') {
			c = take();
			if (c == EOF)
				return -1;
			if (c != delim || (!is_re && c == '&'))
				buf_add_char(b, '\\');
			else if (c == 'n' && is_re)
				buf_add_char(b, '\\');
		}
		buf_add_char(b, c);
		/* A delimiter in a bracket expression is none. */
		if (c == '[' && is_re && b->p[b->n - 1] == '[' &&
		    (b->n < 2 || b->p[b->n - 2] != '\\')) {
			const char *s = at, *close;

			if (s < text_end && *s == '^')
				s++;
			if (s < text_end && *s == ']')
				s++;
			for (close = s; close < text_end && *close != ']' &&
					*close != '\n';
			     close++)
				if (*close == '[' && close + 1 < text_end &&
				    strchr(".:=", close[1])) {
					const char *e = close + 2;

					while (e + 1 < text_end && *e != '\n' &&
					       !(*e == close[1] && e[1] == ']'))
						e++;
					if (e + 1 < text_end && *e == close[1])
						close = e + 1;
				}
			if (close < text_end && *close == ']') {
				buf_add(b, at, (size_t)(close - at));
				at = close;
			}
		}
	}
	return 0;
}

static regex_t *compile(const struct buf *src, int flags)
{
	const char *p = src->p, *end = src->p + src->n, *next;
	struct buf b = { NULL, 0, 0, 0 };
	char why[100];
	regex_t *re;
	int c, ret;

	if (!src->n) {
		if (flags)
			bad("an empty expression takes no flags");
		return NULL;
	}
	while (p < end) {
		if (*p != '\\' || p + 1 == end) {
			buf_add_char(&b, *p++);
			continue;
		}
		next = p + 1;
		c = escape_value(&next, end);
		if (c < 0) {
			buf_add(&b, p, 2);
			p += 2;
			continue;
		}
		/* A zero byte would end it: what is no other byte. */
		if (!c)
			buf_add(&b, "[^\1-\377]", 7);
		/* Written as a number it is no operator. */
		if (c && strchr("\\.[*^$+?(){|", c) &&
		    (extended || strchr("\\.[*^$", c)))
			buf_add_char(&b, '\\');
		if (c)
			buf_add_char(&b, c);
		p = next;
	}
	re = grow(NULL, sizeof(*re));
	ret = regcomp(re, b.p, (extended ? REG_EXTENDED : 0) | flags);
	if (ret) {
		regerror(ret, re, why, sizeof(why));
		bad(why);
	}
	free(b.p);
	return re;
}

static int take_address(struct addr *a, int second)
{
	struct buf b = { NULL, 0, 0, 0 };
	int c = peek(), flags = 0;

	a->type = ADDR_NONE;
	if (isdigit(c)) {
		a->type = ADDR_LINE;
		a->n = take_number();
		if (peek() == '~' && !second) {
			at++;
			a->type = ADDR_STEP;
			a->step = take_number();
			if (!a->n && !a->step)
				bad("there is no line 0");
		}
	} else if (c == '$') {
		at++;
		a->type = ADDR_LAST;
	} else if (second && (c == '+' || c == '~')) {
		at++;
		if (!isdigit(peek()))
			bad("a number should follow + and ~");
		a->type = c == '+' ? ADDR_PLUS : ADDR_ROUND;
		a->n = take_number();
	} else if (c == '/' || c == '\\') {
		at++;
		if (c == '\\')
			c = take();
		if (c == EOF || c == '\n' || c == '\\' ||
		    take_until(&b, c, 1) < 0)
			bad("an address has no end");
		for (; peek() == 'I' || peek() == 'M'; at++)
			flags |= *at == 'I' ? REG_ICASE : REG_NEWLINE;
		a->type = ADDR_RE;
		a->re = compile(&b, flags);
		free(b.p);
	}
	return a->type != ADDR_NONE;
}

/* A file for w; the same name is the same file. */
static struct output *open_output(const char *name)
{
	struct output *o;

	if (!strcmp(name, "/dev/stdout"))
		return &standard;
	for (o = outputs; o; o = o->next)
		if (!strcmp(o->name, name))
			return o;
	o = grow(NULL, sizeof(*o));
	memset(o, 0, sizeof(*o));
	o->name = strdup(name);
	o->f = strcmp(name, "/dev/stderr") ? fopen(name, "w") : stderr;
	if (!o->name || !o->f)
		err(TROUBLE, "%s", name);
	o->next = outputs;
	outputs = o;
	return o;
}

/* A file for R, opened when it is first read; the same name is the same file.
 */
static struct source *open_source(const char *name)
{
	struct source *s;

	for (s = sources; s; s = s->next)
		if (!strcmp(s->name, name))
			return s;
	s = grow(NULL, sizeof(*s));
	s->name = name;
	/* What cannot be read is empty. */
	s->f = strcmp(name, "/dev/stdin") ? fopen(name, "r") : stdin;
	s->next = sources;
	sources = s;
	return s;
}

static char *take_file_name(void)
{
	struct buf b = { NULL, 0, 0, 0 };

	skip_blanks();
	while (peek() != EOF && peek() != '\n')
		buf_add_char(&b, take());
	if (!b.n)
		bad("a file name is missing");
	return b.p;
}

static char *take_label(void)
{
	struct buf b = { NULL, 0, 0, 0 };

	skip_blanks();
	while (peek() != EOF && !isspace(peek()) && peek() != ';')
		buf_add_char(&b, take());
	buf_add(&b, "", 0);
	return b.p;
}

/* The text of a, i and c. */
static void take_text(struct command *c)
{
	struct buf b = { NULL, 0, 0, 0 };
	int ch;

	skip_blanks();
	if (peek() == EOF || peek() == '\n')
		bad("a, i and c want a text");
	if (peek() == '\\') {
		at++;
		skip_blanks();
		if (peek() == '\n')
			at++;
		else if (peek() != EOF)
			/* a\  text: the blanks are part of it. */
			while (at[-1] == ' ' || at[-1] == '\t')
				at--;
	}
	buf_add(&b, "", 0);
	while ((ch = take()) != EOF && ch != '\n') {
		if (ch == '\\') {
			int v = escape_value(&at, text_end);

			ch = v >= 0 ? v : take();
			if (ch == EOF)
				break;
		}
		buf_add_char(&b, ch);
	}
	if (b.n || ch == '\n')
		buf_add_char(&b, '\n');
	c->text = b.p;
	c->len = b.n;
}

static void add_part(struct subst *s, struct buf *b, int group, int change)
{
	struct part *p;

	s->parts = grow(s->parts, (s->nparts + 1) * sizeof(*s->parts));
	p = &s->parts[s->nparts++];
	p->text = grow(NULL, b->n + 1);
	if (b->n)
		memcpy(p->text, b->p, b->n);
	p->len = b->n;
	p->group = group;
	p->change = change;
	b->n = 0;
}

/* What s puts; gives the largest group that it names. */
static int take_replacement(struct subst *s, const struct buf *src)
{
	const char *p = src->p, *end = src->p + src->n;
	struct buf b = { NULL, 0, 0, 0 };
	int most = 0, c;

	while (p < end) {
		if (*p == '&') {
			add_part(s, &b, 0, 0);
			p++;
			continue;
		}
		if (*p != '\\' || p + 1 == end) {
			buf_add_char(&b, *p++);
			continue;
		}
		p++;
		if (isdigit((unsigned char)*p)) {
			add_part(s, &b, *p - '0', 0);
			if (*p - '0' > most)
				most = *p - '0';
			p++;
		} else if (strchr("ULulE", *p)) {
			add_part(s, &b, -1, *p++);
		} else {
			c = escape_value(&p, end);
			buf_add_char(&b, c >= 0 ? c : *p++);
		}
	}
	add_part(s, &b, -1, 0);
	free(b.p);
	return most;
}

static void take_subst(struct command *c)
{
	struct buf re = { NULL, 0, 0, 0 }, to = { NULL, 0, 0, 0 };
	struct subst *s = grow(NULL, sizeof(*s));
	int delim = take(), most, flags = 0, f;

	memset(s, 0, sizeof(*s));
	if (delim == EOF || delim == '\n' || delim == '\\' ||
	    take_until(&re, delim, 1) < 0 || take_until(&to, delim, 0) < 0)
		bad("s has no end");
	most = take_replacement(s, &to);
	for (;;) {
		f = peek();
		if (f == 'g') {
			if (s->global)
				bad("g is there twice");
			s->global = 1;
		} else if (f == 'p') {
			if (s->print)
				bad("p is there twice");
			s->print = 1;
		} else if (f == 'i' || f == 'I') {
			flags |= REG_ICASE;
		} else if (f == 'm' || f == 'M') {
			flags |= REG_NEWLINE;
		} else if (isdigit(f)) {
			if (s->nth)
				bad("s has two numbers");
			s->nth = take_number();
			if (!s->nth)
				bad("the number of s is 0");
			continue;
		} else {
			break;
		}
		at++;
	}
	if (f == 'w') {
		char *name;

		at++;
		name = take_file_name();
		s->file = open_output(name);
		free(name);
	}
	s->re = compile(&re, flags);
	if (s->re && (size_t)most > s->re->re_nsub)
		bad("s puts a group that is not there");
	free(re.p);
	free(to.p);
	c->s = s;
}

static void take_table(struct command *c)
{
	struct buf side[2] = { { NULL, 0, 0, 0 }, { NULL, 0, 0, 0 } };
	int delim = take(), i, k, v;
	size_t n[2];

	if (delim == EOF || delim == '\n' || delim == '\\')
		bad("y has no delimiter");
	for (i = 0; i < 2; i++) {
		const char *p, *end;

		if (take_until(&side[i], delim, 0) < 0)
			bad("y has no end");
		p = side[i].p;
		end = p + side[i].n;
		for (n[i] = 0; p < end;) {
			k = (unsigned char)*p++;
			if (k == '\\' && p < end) {
				v = escape_value(&p, end);
				if (v < 0 && *p != '\\' && *p != '&')
					bad("y knows no such escape");
				k = v >= 0 ? v : *p++;
			}
			side[i].p[n[i]++] = (char)k;
		}
	}
	if (n[0] != n[1])
		bad("the sides of y differ in length");
	c->text = grow(NULL, 256);
	for (i = 0; i < 256; i++)
		c->text[i] = (char)i;
	for (i = (int)n[0] - 1; i >= 0; i--)
		c->text[(unsigned char)side[0].p[i]] = side[1].p[i];
	free(side[0].p);
	free(side[1].p);
}

/* Behind a command: nothing, or what separates it from the next. */
static void end_command(void)
{
	skip_blanks();
	if (peek() == ';' || peek() == '\n')
		at++;
	else if (peek() != EOF && peek() != '}' && peek() != '#')
		bad("something follows a command");
}

static void take_command(struct command *c, size_t *open, size_t *nopen)
{
	switch (c->name) {
	case '{':
		open[(*nopen)++] = ncommands;
		return;
	case '}':
		if (!*nopen)
			bad("} without {");
		if (c->a1.type != ADDR_NONE)
			bad("} takes no address");
		script[open[--*nopen]].target = ncommands;
		break;
	case ':':
		if (c->a1.type != ADDR_NONE)
			bad(": takes no address");
		c->text = take_label();
		if (!*c->text)
			bad(": wants a label");
		break;
	case 'b':
	case 't':
	case 'T':
		c->text = take_label();
		break;
	case 'a':
	case 'i':
	case 'c':
		take_text(c);
		return;
	case 'r':
		c->text = take_file_name();
		break;
	case 'R':
		c->text = take_file_name();
		c->source = open_source(c->text);
		break;
	case 'w':
	case 'W':
		c->text = take_file_name();
		c->file = open_output(c->text);
		break;
	case 's':
		take_subst(c);
		break;
	case 'y':
		take_table(c);
		break;
	case 'q':
	case 'Q':
		if (c->a2.type != ADDR_NONE)
			bad("q takes one address");
		/* fall through */
	case 'l':
		skip_blanks();
		c->number = isdigit(peek())  ? (long)take_number()
			    : c->name == 'l' ? -1
					     : 0;
		break;
	case '=':
	case 'd':
	case 'D':
	case 'F':
	case 'g':
	case 'G':
	case 'h':
	case 'H':
	case 'n':
	case 'N':
	case 'p':
	case 'P':
	case 'x':
	case 'z':
		break;
	default:
		bad(c->name == EOF ? "a command is missing"
				   : "unknown command");
	}
	end_command();
}

static void parse(void)
{
	size_t *open = NULL, nopen = 0, i, k;
	struct command *c;

	at = text;
	text_end = text + text_len;
	if (text_len >= 2 && !memcmp(text, "#n", 2) &&
	    (text_len == 2 || text[2] == '\n'))
		quiet = 1;
	for (;;) {
		while (peek() == ';' || (peek() != EOF && isspace(peek())))
			at++;
		if (peek() == EOF)
			break;
		if (peek() == '#') {
			while (peek() != EOF && peek() != '\n')
				at++;
			continue;
		}
		if (ncommands == commands_cap) {
			commands_cap = commands_cap * 2 + 16;
			script = grow(script, commands_cap * sizeof(*script));
			open = grow(open, commands_cap * sizeof(*open));
		}
		c = &script[ncommands];
		memset(c, 0, sizeof(*c));
		if (take_address(&c->a1, 0)) {
			skip_blanks();
			if (peek() == ',') {
				at++;
				skip_blanks();
				if (!take_address(&c->a2, 1))
					bad("no address follows the comma");
				skip_blanks();
			}
		}
		if (c->a1.type == ADDR_LINE && !c->a1.n) {
			if (c->a2.type != ADDR_RE)
				bad("line 0 goes with an expression only");
			c->active = 1;
		}
		skip_blanks();
		if (peek() == '!') {
			c->negate = 1;
			at++;
			skip_blanks();
			if (peek() == '!')
				bad("more than one !");
		}
		c->name = take();
		take_command(c, open, &nopen);
		ncommands++;
	}
	if (nopen)
		bad("{ without }");
	free(open);
	for (i = 0; i < ncommands; i++) {
		c = &script[i];
		if (!strchr("btT", c->name))
			continue;
		if (!*c->text) {
			c->target = ncommands;
			continue;
		}
		for (k = 0; k < ncommands; k++)
			if (script[k].name == ':' &&
			    !strcmp(script[k].text, c->text))
				break;
		if (k == ncommands)
			errx(TROUBLE, "no label '%s'", c->text);
		c->target = k;
	}
}

/*
 * Output.
 */
static void put(struct output *o, const char *s, size_t n)
{
	if (o->no_newline) {
		o->no_newline = 0;
		if (putc(sep, o->f) == EOF)
			err(TROUBLE, "write error");
	}
	if (n && fwrite(s, 1, n, o->f) != n)
		err(TROUBLE, "%s", o->name ? o->name : "write error");
}

static void put_done(struct output *o)
{
	if ((o != out || unbuffered) && fflush(o->f))
		err(TROUBLE, "%s", o->name ? o->name : "write error");
}

static void put_line(struct output *o, const char *s, size_t n, int no_newline)
{
	char end = (char)sep;

	put(o, s, n);
	if (no_newline)
		o->no_newline = 1;
	else
		put(o, &end, 1);
	put_done(o);
}

static void put_file(struct output *o, const char *name)
{
	static char buf[16384];
	FILE *f = strcmp(name, "/dev/stdin") ? fopen(name, "r") : stdin;
	size_t n;

	/* What cannot be read is empty, but comes behind a whole line. */
	put(o, "", 0);
	if (!f)
		return;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		put(o, buf, n);
	if (f != stdin)
		fclose(f);
}

static void put_appends(void)
{
	size_t i;

	for (i = 0; i < nappends; i++) {
		if (appends[i].line) {
			put_line(out, appends[i].line, appends[i].len, 0);
			free(appends[i].line);
		} else if (appends[i].is_file)
			put_file(out, appends[i].c->text);
		else
			put(out, appends[i].c->text, appends[i].c->len);
	}
	if (nappends)
		put_done(out);
	nappends = 0;
}

static void append_later(const struct command *c, int is_file)
{
	if (nappends == appends_cap) {
		appends_cap = appends_cap * 2 + 8;
		appends = grow(appends, appends_cap * sizeof(*appends));
	}
	appends[nappends++] = (struct append){ c, is_file, NULL, 0 };
}

/* R: the next line of its file, when there is one. */
static void append_line(const struct command *c)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	n = c->source->f ? getdelim(&line, &cap, sep, c->source->f) : -1;
	if (n < 0) {
		free(line);
		return;
	}
	append_later(c, 0);
	appends[nappends - 1].line = line;
	appends[nappends - 1].len = (size_t)n - (line[n - 1] == sep);
}

/* The pattern space, such that everything can be seen. */
static void put_visible(long width)
{
	static const char from[] = "\\\a\b\f\n\r\t\v", to[] = "\\abfnrtv";
	long column = 0, n;
	char piece[8];
	const char *k;
	size_t i;

	for (i = 0; i < space.n; i++) {
		int c = (unsigned char)space.p[i];

		k = c ? strchr(from, c) : NULL;
		if (k)
			n = sprintf(piece, "\\%c", to[k - from]);
		else if (isprint(c))
			n = sprintf(piece, "%c", c);
		else
			n = sprintf(piece, "\\%03o", c);
		if (width > 1 && column + n > width - 1) {
			put(out, "\\\n", 2);
			column = 0;
		}
		put(out, piece, (size_t)n);
		column += n;
	}
	put(out, "$\n", 2);
	put_done(out);
}

/*
 * Input.
 */
static int open_next(void)
{
	struct stat st;
	const char *dir;
	char *copy;
	int fd;

	while (file_index < nfiles) {
		in_name = files[file_index++];
		if (!strcmp(in_name, "-") && !in_place) {
			in = stdin;
			return 1;
		}
		/* To open a pipe would be to wait for its other end. */
		if (in_place && stat(in_name, &st) == 0 &&
		    !S_ISREG(st.st_mode)) {
			warnx("%s: not a regular file", in_name);
			failed = TROUBLE;
			continue;
		}
		in = fopen(in_name, "r");
		if (in && (fstat(fileno(in), &st) < 0 || S_ISDIR(st.st_mode))) {
			fclose(in);
			in = NULL;
			errno = EISDIR;
		}
		if (!in) {
			warn("%s", in_name);
			failed = BAD_INPUT;
			continue;
		}
		if (!in_place)
			return 1;
		if (!S_ISREG(st.st_mode)) {
			warnx("%s: not a regular file", in_name);
			failed = TROUBLE;
			fclose(in);
			in = NULL;
			continue;
		}
		copy = strdup(in_name);
		dir = copy ? dirname(copy) : NULL;
		if (!dir || asprintf(&temp_name, "%s/sedXXXXXX", dir) < 0)
			err(TROUBLE, NULL);
		free(copy);
		fd = mkstemp(temp_name);
		if (fd < 0) {
			free(temp_name);
			temp_name = NULL;
			err(TROUBLE, "%s", in_name);
		}
		if (fchown(fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
			err(TROUBLE, "%s", temp_name);
		if (fchmod(fd, st.st_mode & 07777) < 0)
			err(TROUBLE, "%s", temp_name);
		out = grow(NULL, sizeof(*out));
		memset(out, 0, sizeof(*out));
		out->f = fdopen(fd, "w");
		if (!out->f)
			err(TROUBLE, NULL);
		return 1;
	}
	return 0;
}

/* dir/name with its suffix: name.bak, or where * stands for the name. */
static char *backup_name(const char *path)
{
	struct buf b = { NULL, 0, 0, 0 };
	const char *slash = strrchr(path, '/'), *p;
	const char *base = slash ? slash + 1 : path;

	if (!strchr(suffix, '/'))
		buf_add(&b, path, (size_t)(base - path));
	if (!strchr(suffix, '*'))
		buf_add(&b, base, strlen(base));
	for (p = suffix; *p; p++) {
		if (*p == '*')
			buf_add(&b, base, strlen(base));
		else
			buf_add_char(&b, *p);
	}
	return b.p;
}

static void close_input(void)
{
	char *backup;

	if (ferror(in)) {
		warn("%s", in_name);
		failed = BAD_INPUT;
		if (in_place)
			exit(TROUBLE);
	}
	if (in != stdin)
		fclose(in);
	in = NULL;
	if (!temp_name)
		return;
	if (fclose(out->f))
		err(TROUBLE, "%s", in_name);
	if (suffix) {
		backup = backup_name(in_name);
		if (rename(in_name, backup) < 0)
			err(TROUBLE, "%s", backup);
		free(backup);
	}
	if (rename(temp_name, in_name) < 0)
		err(TROUBLE, "%s", in_name);
	temp_hold(1);
	free(temp_name);
	temp_name = NULL;
	temp_hold(0);
	free(out);
	out = &standard;
}

/* With -s and -i each file begins as if it were the only one. */
static void begin_file(void)
{
	struct source *s;
	struct addr *a;
	size_t i;

	line_number = 0;
	hold.n = 0;
	for (i = 0; i < ncommands; i++) {
		a = &script[i].a1;
		script[i].active = a->type == ADDR_LINE && !a->n;
		script[i].begun = 0;
	}
	for (s = sources; s; s = s->next)
		if (s->f)
			rewind(s->f);
}

/* Is there a byte more in this file? */
static int more_in_file(void)
{
	int c = getc(in);

	if (c != EOF)
		ungetc(c, in);
	return c != EOF;
}

/* Is there a line more?  Without -s and -i all files are one. */
static int more_input(void)
{
	for (;;) {
		if (in && more_in_file())
			return 1;
		if (separate && in)
			return 0;
		if (in)
			close_input();
		if (!open_next())
			return 0;
		if (separate)
			begin_file();
	}
}

/* The next line, behind what is in the pattern space; 0: there is none. */
static int read_line(void)
{
	static char *line;
	static size_t cap;
	ssize_t n;

	put_appends();
	replaced = 0;
	for (;;) {
		if (!more_input()) {
			if (!in)
				return 0;
			close_input();
			continue;
		}
		n = getdelim(&line, &cap, sep, in);
		if (n > 0)
			break;
		if (!ferror(in))
			continue;
		if (errno == ENOMEM)
			err(TROUBLE, NULL);
	}
	space.no_newline = sep == '\n' && line[n - 1] != sep;
	buf_add(&space, line, (size_t)n - (line[n - 1] == sep));
	line_number++;
	return 1;
}

/* For n and N: separate files each end the input. */
static int input_follows(void)
{
	if (in && more_in_file())
		return 1;
	return separate ? 0 : more_input();
}

static int is_last(void)
{
	return separate ? !more_in_file() : !more_input();
}

/*
 * Running.
 */
static int run_re(regex_t *re, size_t from, regmatch_t *pm, size_t n)
{
	int ret;

	if (re)
		last_re = re;
	else if (!last_re)
		errx(BAD_USAGE, "no expression was used before an empty one");
	pm[0].rm_so = (regoff_t)from;
	pm[0].rm_eo = (regoff_t)space.n;
	ret = regexec(last_re, space.p, n, pm, REG_STARTEND);
	if (ret && ret != REG_NOMATCH)
		errx(TROUBLE, "out of memory");
	return !ret;
}

static int matches(const struct addr *a)
{
	regmatch_t pm;

	switch (a->type) {
	case ADDR_LINE:
		return line_number == a->n;
	case ADDR_STEP:
		if (!a->step)
			return line_number == a->n;
		return line_number >= a->n &&
		       (line_number - a->n) % a->step == 0;
	case ADDR_LAST:
		return is_last();
	case ADDR_RE:
		return run_re(a->re, 0, &pm, 0);
	default:
		return 1;
	}
}

static int selected(struct command *c)
{
	if (c->a2.type == ADDR_NONE)
		return matches(&c->a1);
	if (!c->active) {
		/* A range from a line that went by unseen begins late. */
		if (c->a1.type == ADDR_LINE
			    ? c->begun || !c->a1.n || line_number < c->a1.n
			    : !matches(&c->a1))
			return 0;
		c->begun = 1;
		switch (c->a2.type) {
		case ADDR_LINE:
			c->range_end = c->a2.n;
			if (c->a1.type == ADDR_LINE && line_number > c->a1.n &&
			    line_number > c->range_end)
				return 0;
			break;
		case ADDR_PLUS:
			c->range_end = line_number + c->a2.n;
			break;
		case ADDR_ROUND:
			c->range_end = line_number;
			if (c->a2.n && line_number % c->a2.n)
				c->range_end += c->a2.n - line_number % c->a2.n;
			break;
		default:
			c->active = c->a2.type != ADDR_LAST || !is_last();
			return 1;
		}
		c->active = c->range_end > line_number;
		return 1;
	}
	if (c->a2.type == ADDR_RE || c->a2.type == ADDR_LAST) {
		c->active = !matches(&c->a2);
		return 1;
	}
	c->active = line_number < c->range_end;
	return c->a2.type != ADDR_LINE || line_number <= c->range_end;
}

/* Text to the result of s, in the case that \U and the like asked for. */
static void put_case(struct buf *b, const char *s, size_t n, int all, int *one)
{
	size_t from = b->n, i;

	buf_add(b, s, n);
	for (i = from; i < b->n && (all || *one); i++) {
		int c = (unsigned char)b->p[i];

		if (*one == 'u' || (!*one && all == 'U'))
			c = toupper(c);
		else
			c = tolower(c);
		*one = 0;
		b->p[i] = (char)c;
	}
}

static int substitute(const struct subst *s)
{
	static struct buf result;
	size_t from = 0, copied = 0, i, last_end = (size_t)-1;
	unsigned long count = 0;
	int any = 0, all = 0, one = 0;
	regmatch_t pm[10];
	struct buf t;

	result.n = 0;
	while (from <= space.n && run_re(s->re, from, pm, 10)) {
		size_t so = (size_t)pm[0].rm_so, eo = (size_t)pm[0].rm_eo;

		/* Nothing, right behind a match, is none. */
		if (so == eo && so == last_end) {
			from = eo + 1;
			continue;
		}
		last_end = eo;
		from = eo + (so == eo);
		if (++count < s->nth)
			continue;
		any = 1;
		buf_add(&result, space.p + copied, so - copied);
		for (i = 0; i < s->nparts; i++) {
			const struct part *p = &s->parts[i];

			put_case(&result, p->text, p->len, all, &one);
			if (p->group >= 0 && pm[p->group].rm_so >= 0)
				put_case(&result, space.p + pm[p->group].rm_so,
					 (size_t)(pm[p->group].rm_eo -
						  pm[p->group].rm_so),
					 all, &one);
			if (p->change == 'u' || p->change == 'l')
				one = p->change;
			else if (p->change)
				all = p->change == 'E' ? 0 : p->change;
		}
		all = one = 0;
		copied = eo;
		if (!s->global)
			break;
	}
	if (!any)
		return 0;
	buf_add(&result, space.p + copied, space.n - copied);
	result.no_newline = space.no_newline;
	t = space;
	space = result;
	result = t;
	replaced = 1;
	if (s->print)
		put_line(out, space.p, space.n, space.no_newline);
	if (s->file)
		put_line(s->file, space.p, space.n, space.no_newline);
	return 1;
}

enum after { NEXT, NO_PRINT, AGAIN, QUIT, QUIT_SILENT };

/* One cycle; what follows it. */
static enum after run(int *status)
{
	struct command *c;
	char number[32];
	struct buf t;
	size_t i, n;
	char *nl;

	for (i = 0; i < ncommands; i++) {
		c = &script[i];
		if (c->name == ':' || c->name == '}')
			continue;
		if (selected(c) == c->negate) {
			if (c->name == '{')
				i = c->target;
			continue;
		}
		switch (c->name) {
		case '=':
			n = (size_t)sprintf(number, "%lu\n", line_number);
			put(out, number, n);
			put_done(out);
			break;
		case 'a':
			append_later(c, 0);
			break;
		case 'i':
			put(out, c->text, c->len);
			put_done(out);
			break;
		case 'c':
			if (c->a2.type == ADDR_NONE || !c->active || c->negate)
				put(out, c->text, c->len);
			put_done(out);
			return NO_PRINT;
		case 'b':
			i = c->target - 1;
			break;
		case 't':
			if (replaced)
				i = c->target - 1;
			replaced = 0;
			break;
		case 'T':
			if (!replaced)
				i = c->target - 1;
			replaced = 0;
			break;
		case 'd':
			return NO_PRINT;
		case 'D':
			nl = memchr(space.p, '\n', space.n);
			if (!nl)
				return NO_PRINT;
			n = (size_t)(nl + 1 - space.p);
			memmove(space.p, nl + 1, space.n - n + 1);
			space.n -= n;
			return AGAIN;
		case 'F':
			put(out, in_name, strlen(in_name));
			put(out, "\n", 1);
			put_done(out);
			break;
		case 'g':
			buf_copy(&space, &hold);
			space.no_newline = hold.no_newline;
			break;
		case 'G':
			buf_add_char(&space, sep);
			buf_add(&space, hold.p, hold.n);
			space.no_newline = hold.no_newline;
			break;
		case 'h':
			buf_copy(&hold, &space);
			hold.no_newline = space.no_newline;
			break;
		case 'H':
			buf_add_char(&hold, sep);
			buf_add(&hold, space.p, space.n);
			hold.no_newline = space.no_newline;
			break;
		case 'l':
			put_visible(c->number >= 0 ? c->number : wrap);
			break;
		case 'n':
			if (!input_follows())
				return separate ? NEXT : QUIT;
			if (!quiet)
				put_line(out, space.p, space.n,
					 space.no_newline);
			space.n = 0;
			if (!read_line())
				return QUIT_SILENT;
			break;
		case 'N':
			if (!input_follows())
				return separate ? NEXT : QUIT;
			buf_add_char(&space, sep);
			if (!read_line()) {
				space.n--;
				return QUIT;
			}
			break;
		case 'p':
			put_line(out, space.p, space.n, space.no_newline);
			break;
		case 'P':
		case 'W':
			nl = memchr(space.p, '\n', space.n);
			put_line(c->name == 'P' ? out : c->file, space.p,
				 nl ? (size_t)(nl - space.p) : space.n,
				 nl ? 0 : space.no_newline);
			break;
		case 'q':
		case 'Q':
			*status = (int)c->number;
			return c->name == 'q' ? QUIT : QUIT_SILENT;
		case 'r':
			append_later(c, 1);
			break;
		case 'R':
			append_line(c);
			break;
		case 's':
			substitute(c->s);
			break;
		case 'w':
			put_line(c->file, space.p, space.n, space.no_newline);
			break;
		case 'x':
			t = space;
			space = hold;
			hold = t;
			break;
		case 'y':
			for (n = 0; n < space.n; n++)
				space.p[n] = c->text[(unsigned char)space.p[n]];
			break;
		case 'z':
			space.n = 0;
			break;
		}
	}
	return NEXT;
}

static int edit(void)
{
	enum after after = NEXT;
	int status = 0;

	buf_add(&space, "", 0);
	buf_add(&hold, "", 0);
	do {
		if (after != AGAIN) {
			space.n = 0;
			if (!read_line())
				break;
		}
		after = run(&status);
		if (!quiet && (after == NEXT || after == QUIT))
			put_line(out, space.p, space.n, space.no_newline);
		if (after != QUIT_SILENT)
			put_appends();
	} while (after != QUIT && after != QUIT_SILENT);
	if (in)
		close_input();
	return status;
}

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: sed [-Ensuz] [-i[suffix]] [-l n] script [file...]\n"
		   "       sed [-Ensuz] [-i[suffix]] [-l n] [-e script] "
		   "[-f file] [file...]\n");
	if (!status)
		fprintf(f, "  -n      print only what p and the like print\n"
			   "  -E, -r  extended regular expressions\n"
			   "  -e, -f  commands; a file with commands\n"
			   "  -i      write to the files themselves; with a "
			   "suffix, keep them too\n"
			   "  -s      each file has its own last line\n"
			   "  -l      where the command l breaks lines (70)\n"
			   "  -u -z   write at once; lines end with a zero "
			   "byte\n");
	exit(status);
}

static void add_script(const char *s, size_t n)
{
	static struct buf b;

	/* Each piece ends with a newline, whatever it is. */
	if (b.n)
		buf_add_char(&b, '\n');
	buf_add(&b, s, n);
	text = b.p;
	text_len = b.n;
}

static void add_script_file(const char *name)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "r") : stdin;
	struct buf b = { NULL, 0, 0, 0 };
	char piece[4096];
	size_t n;

	if (!f)
		err(TROUBLE, "%s", name);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, piece, n);
	if (ferror(f))
		err(TROUBLE, "%s", name);
	if (f != stdin)
		fclose(f);
	if (b.n && b.p[b.n - 1] == '\n')
		b.n--;
	add_script(b.p ? b.p : "", b.n);
	free(b.p);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "quiet", no_argument, NULL, 'n' },
		{ "silent", no_argument, NULL, 'n' },
		{ "expression", required_argument, NULL, 'e' },
		{ "file", required_argument, NULL, 'f' },
		{ "in-place", optional_argument, NULL, 'i' },
		{ "regexp-extended", no_argument, NULL, 'E' },
		{ "separate", no_argument, NULL, 's' },
		{ "line-length", required_argument, NULL, 'l' },
		{ "unbuffered", no_argument, NULL, 'u' },
		{ "null-data", no_argument, NULL, 'z' },
		{ NULL, 0, NULL, 0 },
	};
	static char dash[] = "-", *standard_input[] = { dash, NULL };
	struct output *o;
	int c, given = 0, status;
	char *end;

	while ((c = getopt_long(argc, argv, "Ee:f:i::l:nrsuz", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'E':
		case 'r':
			extended = 1;
			break;
		case 'e':
			add_script(optarg, strlen(optarg));
			given = 1;
			break;
		case 'f':
			add_script_file(optarg);
			given = 1;
			break;
		case 'i':
			in_place = separate = 1;
			suffix = optarg && *optarg ? optarg : NULL;
			break;
		case 'l':
			wrap = strtol(optarg, &end, 10);
			if (*end || end == optarg || wrap < 0)
				errx(BAD_USAGE, "%s: not a length", optarg);
			break;
		case 'n':
			quiet = 1;
			break;
		case 's':
			separate = 1;
			break;
		case 'u':
			unbuffered = 1;
			break;
		case 'z':
			sep = 0;
			break;
		case 'h':
			usage(stdout, 0);
			break;
		default:
			usage(stderr, BAD_USAGE);
		}
	}
	if (!given) {
		if (optind == argc)
			usage(stderr, BAD_USAGE);
		add_script(argv[optind], strlen(argv[optind]));
		optind++;
	}
	standard.f = stdout;
	parse();
	files = argv + optind;
	nfiles = argc - optind;
	if (!nfiles) {
		files = standard_input;
		nfiles = 1;
	}
	atexit(drop_temp);
	if (in_place)
		temp_guard(drop_temp);
	status = edit();
	for (o = outputs; o; o = o->next)
		if (fclose(o->f))
			err(TROUBLE, "%s", o->name);
	if (fflush(stdout) || ferror(stdout))
		err(TROUBLE, "write error");
	return status ? status : failed;
}
