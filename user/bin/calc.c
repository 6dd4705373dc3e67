/*
 * calc: a calculator of any precision, for sums as bc does them.
 *
 * Numbers are decimal, as long as they need be (up to DIGITS_MAX).  Sums and
 * products keep their digits behind the point as bc does; quotients and roots
 * get `scale` of them, cut off, not rounded: 0 unless -s or scale= says another
 * number.  There are + - * / % ^ ( ), sqrt(x), abs(x) and variables; as in bc
 * a minus before a number binds closer than ^.
 */
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 20000
#define DEPTH_MAX  200

/* digit[0] is the lowest; `scale` of them stand behind the point. */
struct num {
	int neg, len, scale;
	unsigned char digit[];
};

/* Numbers live until the end of their statement. */
struct piece {
	struct piece *next;
	struct num num;
};

struct variable {
	struct variable *next;
	struct num *value;
	char name[17];
};

static struct piece *pieces;
static struct variable *variables;
static int scale, status, depth;
static const char *p;
static unsigned long line_number;
static jmp_buf on_error;

static _Noreturn void wrong(const char *what)
{
	fflush(stdout);
	if (line_number)
		warnx("line %lu: %s", line_number, what);
	else
		warnx("%s", what);
	status = 1;
	longjmp(on_error, 1);
}

static struct num *make(int len, int with_scale)
{
	struct piece *piece;

	if (len > DIGITS_MAX || with_scale > DIGITS_MAX)
		wrong("number too long");
	if (len < with_scale)
		len = with_scale;
	piece = calloc(1, sizeof(*piece) + (size_t)len + 1);
	if (!piece)
		err(1, NULL);
	piece->next = pieces;
	pieces = piece;
	piece->num.len = len;
	piece->num.scale = with_scale;
	return &piece->num;
}

static void free_pieces(void)
{
	struct piece *next;

	for (; pieces; pieces = next) {
		next = pieces->next;
		free(pieces);
	}
}

/* Drop leading zeros; zero has no sign. */
static struct num *tidy(struct num *a)
{
	while (a->len && !a->digit[a->len - 1])
		a->len--;
	if (!a->len)
		a->neg = 0;
	return a;
}

/* The same number with so many digits behind the point; cut off if less. */
static struct num *with_scale(const struct num *a, int s)
{
	int by = s - a->scale, i;
	struct num *r = make(a->len + by > 0 ? a->len + by : 0, s);

	for (i = 0; i < a->len; i++)
		if (i + by >= 0)
			r->digit[i + by] = a->digit[i];
	r->neg = a->neg;
	return tidy(r);
}

/* Of the digits alone, whatever the scale. */
static int compare(const struct num *a, const struct num *b)
{
	int i;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (i = a->len; i-- > 0;)
		if (a->digit[i] != b->digit[i])
			return a->digit[i] < b->digit[i] ? -1 : 1;
	return 0;
}

static struct num *add(const struct num *x, const struct num *y, int minus)
{
	int s = x->scale > y->scale ? x->scale : y->scale, i, v, carry = 0;
	struct num *a = with_scale(x, s), *b = with_scale(y, s), *r, *t;

	b->neg ^= minus;
	if (a->neg != b->neg && compare(a, b) < 0)
		t = a, a = b, b = t;
	r = make((a->len > b->len ? a->len : b->len) + 1, s);
	r->neg = a->neg;
	for (i = 0; i < r->len; i++) {
		v = i < a->len ? a->digit[i] : 0;
		if (a->neg == b->neg)
			v += (i < b->len ? b->digit[i] : 0) + carry;
		else
			v -= (i < b->len ? b->digit[i] : 0) + carry;
		carry = v < 0 || v > 9;
		r->digit[i] = (unsigned char)((v + 10) % 10);
	}
	return tidy(r);
}

/* With all its digits; the caller cuts. */
static struct num *multiply(const struct num *a, const struct num *b)
{
	struct num *r = make(a->len + b->len, a->scale + b->scale);
	int i, k, v;

	for (i = 0; i < a->len; i++) {
		v = 0;
		for (k = 0; k < b->len || v; k++) {
			v += r->digit[i + k] +
			     a->digit[i] * (k < b->len ? b->digit[k] : 0);
			r->digit[i + k] = (unsigned char)(v % 10);
			v /= 10;
		}
	}
	r->neg = a->neg ^ b->neg;
	return tidy(r);
}

static struct num *product(const struct num *a, const struct num *b)
{
	int most = a->scale > b->scale ? a->scale : b->scale;
	struct num *r = multiply(a, b);

	if (scale > most)
		most = scale;
	return r->scale > most ? with_scale(r, most) : r;
}

/* a / b with s digits behind the point, digit by digit as by hand. */
static struct num *divide(const struct num *x, const struct num *y, int s)
{
	int by = s + y->scale - x->scale, i, k, v, borrow;
	struct num *a, *b, *q, *rest;

	if (!y->len)
		wrong("division by zero");
	/* Only the digits count from here on. */
	a = with_scale(x, x->scale + (by > 0 ? by : 0));
	b = with_scale(y, y->scale + (by < 0 ? -by : 0));
	q = make(a->len, s);
	rest = make(b->len + 1, 0);
	rest->len = 0;
	for (i = a->len; i-- > 0;) {
		memmove(rest->digit + 1, rest->digit, (size_t)rest->len);
		rest->digit[0] = a->digit[i];
		rest->len++;
		tidy(rest);
		while (compare(rest, b) >= 0) {
			for (k = borrow = 0; k < rest->len; k++) {
				v = rest->digit[k] - borrow -
				    (k < b->len ? b->digit[k] : 0);
				borrow = v < 0;
				rest->digit[k] =
					(unsigned char)(v + 10 * borrow);
			}
			tidy(rest);
			q->digit[i]++;
		}
	}
	q->neg = x->neg ^ y->neg;
	return tidy(q);
}

static struct num *remainder_of(const struct num *a, const struct num *b)
{
	struct num *q = divide(a, b, scale), *r;
	int s = scale + b->scale > a->scale ? scale + b->scale : a->scale;

	r = add(a, multiply(q, b), 1);
	return with_scale(r, s);
}

static struct num *from_int(int v)
{
	struct num *r = make(10, 0);
	int i;

	for (i = 0; i < 10; i++, v /= 10)
		r->digit[i] = (unsigned char)(v % 10);
	return tidy(r);
}

/* The value as an int between 0 and INT_MAX / 10, or -1. */
static int to_int(const struct num *a)
{
	int v = 0, i;

	for (i = a->len; i-- > a->scale;) {
		if (v > INT_MAX / 100)
			return -1;
		v = v * 10 + a->digit[i];
	}
	return v;
}

static struct num *power(const struct num *a, const struct num *b)
{
	int n = to_int(b), i, keep;
	struct num *r = from_int(1), *square = with_scale(a, a->scale);

	for (i = 0; i < b->scale && i < b->len; i++)
		if (b->digit[i])
			wrong("the exponent must be a whole number");
	if (n < 0)
		wrong("number too long");
	keep = a->scale > scale ? a->scale : scale;
	if ((long)a->scale * n < keep)
		keep = a->scale * n;
	while (n) {
		if (n & 1)
			r = multiply(r, square);
		n >>= 1;
		if (n)
			square = multiply(square, square);
	}
	if (b->neg)
		return divide(from_int(1), r, scale);
	return r->scale > keep ? with_scale(r, keep) : r;
}

/* Newton's way from above, on whole numbers. */
static struct num *root(const struct num *a)
{
	int s = a->scale > scale ? a->scale : scale;
	struct num *n, *x, *y, *two = from_int(2);

	if (a->neg)
		wrong("square root of a negative number");
	if (!a->len)
		return make(0, 0);
	n = with_scale(a, 2 * s);
	n->scale = 0;
	x = make((n->len + 1) / 2 + 1, 0);
	x->digit[x->len - 1] = 1;
	for (;;) {
		y = divide(add(x, divide(n, x, 0), 0), two, 0);
		if (compare(y, x) >= 0)
			break;
		x = y;
	}
	x = with_scale(x, 0);
	x->scale = s;
	return x;
}

/* --- What is typed ----------------------------------------------------- */

static struct num *expression(void);

static void skip_blanks(void)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
}

static int next_is(char c)
{
	skip_blanks();
	if (*p != c)
		return 0;
	p++;
	return 1;
}

static void expect(char c)
{
	char text[] = "'x' is missing";

	text[1] = c;
	if (!next_is(c))
		wrong(text);
}

static struct variable *find(const char *name)
{
	struct variable *v;

	for (v = variables; v; v = v->next)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static int take_name(char *name, size_t size)
{
	size_t n = 0;

	skip_blanks();
	if (!isalpha((unsigned char)*p) && *p != '_')
		return 0;
	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	if (n >= size)
		wrong("name too long");
	memcpy(name, p, n);
	name[n] = 0;
	p += n;
	return 1;
}

static struct num *number(void)
{
	const char *from = p;
	int whole = 0, behind = 0, i;
	struct num *r;

	while (isdigit((unsigned char)p[whole]) && whole <= DIGITS_MAX)
		whole++;
	p += whole;
	if (*p == '.') {
		p++;
		while (isdigit((unsigned char)p[behind]) &&
		       behind <= DIGITS_MAX)
			behind++;
		p += behind;
	}
	if (!whole && !behind)
		wrong(*p ? "this cannot be read" : "something is missing");
	r = make(whole + behind, behind);
	for (i = 0; i < whole; i++)
		r->digit[behind + whole - 1 - i] =
			(unsigned char)(from[i] - '0');
	for (i = 0; i < behind; i++)
		r->digit[behind - 1 - i] =
			(unsigned char)(from[whole + 1 + i] - '0');
	return tidy(r);
}

static struct num *primary(void)
{
	struct variable *v;
	struct num *r;
	char name[17];

	if (++depth > DEPTH_MAX)
		wrong("too deep");
	if (next_is('-')) {
		r = primary();
		r = with_scale(r, r->scale);
		r->neg = r->len && !r->neg;
	} else if (next_is('(')) {
		r = expression();
		expect(')');
	} else if (take_name(name, sizeof(name))) {
		if (next_is('(')) {
			r = expression();
			expect(')');
			if (!strcmp(name, "sqrt")) {
				r = root(r);
			} else if (!strcmp(name, "abs")) {
				r = with_scale(r, r->scale);
				r->neg = 0;
			} else {
				wrong("there is no such function");
			}
		} else if (!strcmp(name, "scale")) {
			r = from_int(scale);
		} else {
			v = find(name);
			r = v ? v->value : make(0, 0);
		}
	} else {
		r = number();
	}
	depth--;
	return r;
}

/* 2^3^2 is 2^(3^2). */
static struct num *powers(void)
{
	struct num *a = primary();

	if (!next_is('^'))
		return a;
	if (++depth > DEPTH_MAX)
		wrong("too deep");
	a = power(a, powers());
	depth--;
	return a;
}

static struct num *term(void)
{
	struct num *a = powers();

	for (;;) {
		if (next_is('*'))
			a = product(a, powers());
		else if (next_is('/'))
			a = divide(a, powers(), scale);
		else if (next_is('%'))
			a = remainder_of(a, powers());
		else
			return a;
	}
}

static struct num *expression(void)
{
	struct num *a = term();

	for (;;) {
		if (next_is('+'))
			a = add(a, term(), 0);
		else if (next_is('-'))
			a = add(a, term(), 1);
		else
			return a;
	}
}

static void assign(const char *name, const struct num *a)
{
	size_t size = sizeof(*a) + (size_t)a->len + 1;
	struct variable *v;

	if (!strcmp(name, "scale")) {
		if (a->neg || to_int(a) < 0 || to_int(a) > DIGITS_MAX / 4)
			wrong("scale out of range");
		scale = to_int(a);
		return;
	}
	v = find(name);
	if (!v) {
		v = calloc(1, sizeof(*v));
		if (!v)
			err(1, NULL);
		strcpy(v->name, name);
		v->next = variables;
		variables = v;
	}
	free(v->value);
	v->value = malloc(size);
	if (!v->value)
		err(1, NULL);
	memcpy(v->value, a, size);
}

static void print(const struct num *a)
{
	int i, len = a->len > a->scale ? a->len : a->scale;

	if (a->neg)
		putchar('-');
	if (!a->len) {
		puts("0");
		return;
	}
	for (i = len; i-- > 0;) {
		if (i == a->scale - 1)
			putchar('.');
		putchar('0' + (i < a->len ? a->digit[i] : 0));
	}
	putchar('\n');
}

static void statement(void)
{
	const char *from = p;
	struct num *a;
	char name[17];

	skip_blanks();
	if (!*p || *p == ';' || *p == '#')
		return;
	if (take_name(name, sizeof(name)) && next_is('=')) {
		assign(name, expression());
		return;
	}
	p = from;
	a = expression();
	skip_blanks();
	if (*p && *p != ';' && *p != '#')
		wrong("this cannot be read");
	print(a);
}

static void evaluate(const char *s)
{
	p = s;
	if (!setjmp(on_error)) {
		for (;;) {
			depth = 0;
			statement();
			free_pieces();
			skip_blanks();
			if (*p == '#' || !*p)
				break;
			if (*p++ != ';')
				wrong("this cannot be read");
		}
	}
	free_pieces();
	fflush(stdout);
}

static void usage(FILE *f)
{
	fprintf(f, "usage: calc [-s scale] [expression...]\n"
		   "+ - * / %% ^ ( ) sqrt(x) abs(x) name=... scale=...\n");
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "scale", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	char *line = NULL, *end;
	size_t cap = 0;
	ssize_t n;
	long v;
	int c;

	/* An expression may begin with a minus and a digit. */
	while (optind < argc && argv[optind][0] == '-' &&
	       (isalpha((unsigned char)argv[optind][1]) ||
		argv[optind][1] == '-') &&
	       (c = getopt_long(argc, argv, "+s:", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			v = strtol(optarg, &end, 10);
			if (end == optarg || *end || v < 0 ||
			    v > DIGITS_MAX / 4)
				errx(2, "scale out of range");
			scale = (int)v;
			break;
		case HELP:
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		for (; optind < argc; optind++)
			evaluate(argv[optind]);
	} else {
		while ((n = getline(&line, &cap, stdin)) > 0) {
			line_number++;
			if (line[n - 1] == '\n')
				line[n - 1] = 0;
			if (!strcmp(line, "quit"))
				break;
			evaluate(line);
		}
		if (ferror(stdin))
			err(1, "standard input");
		free(line);
	}
	if (ferror(stdout))
		err(1, "write error");
	return status;
}
