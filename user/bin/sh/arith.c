/*
 * Precedence climbing straight over the text; there is no tree because every
 * expression is evaluated once. The side of && || ?: that does not count is
 * parsed with "quiet" set: nothing is assigned and nothing divides by zero.
 */
#include "user/bin/sh/arith.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/var.h"

#define DEPTH_MAX 256

struct expr {
	const char *p;
	const char *text; /* all of it, for messages */
	const char *error;
	int quiet;
	int depth; /* of parentheses and of variables in variables */
};

struct value {
	long n;
	const char *name; /* what it can be assigned to, or NULL */
	size_t len;
};

static struct value comma(struct expr *e);
static struct value assign(struct expr *e);

static void fail(struct expr *e, const char *why)
{
	if (!e->error)
		e->error = why;
	/* Nothing follows: callers look two bytes ahead. */
	e->p = "\0\0\0";
}

static int peek(struct expr *e)
{
	while (*e->p == ' ' || *e->p == '\t' || *e->p == '\n')
		e->p++;
	return (unsigned char)*e->p;
}

static long number(struct expr *e)
{
	unsigned long n = 0;
	unsigned int base = 10;
	int d;

	if (*e->p == '0') {
		base = 8;
		if (e->p[1] == 'x' || e->p[1] == 'X') {
			base = 16;
			e->p += 2;
			if (hex_value(*e->p) < 0)
				fail(e, "bad number");
		}
	}
	for (;; e->p++) {
		if (*e->p == '#' && base == 10 && n >= 2 && n <= 64) {
			base = (unsigned int)n;
			n = 0;
			continue;
		}
		d = hex_value(*e->p);
		if (base > 16) {
			if (*e->p >= 'a' && *e->p <= 'z')
				d = *e->p - 'a' + 10;
			else if (*e->p >= 'A' && *e->p <= 'Z')
				d = *e->p - 'A' + (base > 36 ? 36 : 10);
			else if (*e->p == '@')
				d = 62;
			else if (*e->p == '_')
				d = 63;
		}
		if (d < 0)
			break;
		if ((unsigned int)d >= base) {
			fail(e, "bad number");
			return 0;
		}
		n = n * base + (unsigned int)d;
	}
	if (is_name(*e->p))
		fail(e, "bad number");
	return (long)n;
}

/* The value of a variable, which may be an expression. */
static long variable(struct expr *e, const char *name, size_t len)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	const char *text = var_get(arena_dup(&cmd_arena, name, len));
	struct expr inner = { 0 };
	long n = 0;

	/* On the side that does not count, its value does not either. */
	if (text && *text && !e->quiet) {
		inner.p = text = arena_dup(&cmd_arena, text, strlen(text));
		inner.text = text;
		inner.depth = e->depth + 1;
		inner.quiet = e->quiet;
		if (inner.depth > DEPTH_MAX)
			fail(e, "expression recursion loop detected");
		else
			n = comma(&inner).n;
		if (!inner.error && peek(&inner))
			inner.error = "bad number";
		if (inner.error)
			fail(e, inner.error);
	} else if (!text && sh.opt[OPT_NOUNSET] && !e->quiet) {
		fail(e, "parameter not set");
	}
	arena_release(&cmd_arena, m);
	return n;
}

static void store(struct expr *e, const struct value *v, long n)
{
	char buf[24];

	if (!e->quiet && !e->error)
		if (var_set_len(v->name, v->len, num_text(buf, n), 0) < 0)
			fail(e, "");
}

static struct value primary(struct expr *e)
{
	struct value v = { 0 };
	int c = peek(e);

	if (c == '(') {
		if (++e->depth > DEPTH_MAX) {
			fail(e, "nested too deeply");
			return v;
		}
		e->p++;
		v = comma(e);
		v.name = NULL;
		if (peek(e) != ')')
			fail(e, "expecting ')'");
		else
			e->p++;
		e->depth--;
		return v;
	}
	if (is_digit(c)) {
		v.n = number(e);
		return v;
	}
	v.len = (size_t)name_len(e->p);
	if (!v.len) {
		fail(e, "expecting primary");
		return v;
	}
	v.name = e->p;
	e->p += v.len;
	c = peek(e);
	if (c == '=' && e->p[1] != '=')
		return v; /* its old value does not matter */
	v.n = variable(e, v.name, v.len);
	if ((c == '+' || c == '-') && e->p[1] == c) {
		e->p += 2;
		store(e, &v,
		      (long)((unsigned long)v.n + (c == '+' ? 1UL : -1UL)));
		v.name = NULL;
	}
	return v;
}

static struct value unary(struct expr *e)
{
	struct value v = { 0 };
	int c = peek(e);

	if (c != '+' && c != '-' && c != '!' && c != '~')
		return primary(e);
	if (++e->depth > DEPTH_MAX) {
		fail(e, "nested too deeply");
		return v;
	}
	if ((c == '+' || c == '-') && e->p[1] == c) {
		const char *at = e->p;

		e->p += 2;
		if (is_name_start(peek(e))) {
			v = primary(e);
			v.n = (long)((unsigned long)v.n +
				     (c == '+' ? 1UL : -1UL));
			if (v.name)
				store(e, &v, v.n);
			v.name = NULL;
			e->depth--;
			return v;
		}
		e->p = at; /* two signs */
	}
	e->p++;
	v = unary(e);
	v.name = NULL;
	if (c == '-')
		v.n = (long)(0 - (unsigned long)v.n);
	else if (c == '!')
		v.n = !v.n;
	else if (c == '~')
		v.n = ~v.n;
	e->depth--;
	return v;
}

enum {
	LEVEL_OR = 1,
	LEVEL_AND,
	LEVEL_BOR,
	LEVEL_BXOR,
	LEVEL_BAND,
	LEVEL_EQ,
	LEVEL_REL,
	LEVEL_SHIFT,
	LEVEL_ADD,
	LEVEL_MUL,
	LEVEL_POW,
};

/*
 * The binary operator at p: its level, with its length and a letter for it
 * in *op; 0 if there is none or it is an assignment like "+=".
 */
static int find_operator(const char *p, int *len, int *op)
{
	int c = p[0], d = p[1], level = 0;

	*op = c;
	*len = 1;
	switch (c) {
	case '|':
	case '&':
		if (d == c) {
			*len = 2;
			*op = c == '|' ? 'o' : 'a';
			return c == '|' ? LEVEL_OR : LEVEL_AND;
		}
		level = c == '|' ? LEVEL_BOR : LEVEL_BAND;
		break;
	case '^':
		level = LEVEL_BXOR;
		break;
	case '=':
	case '!':
		*len = 2;
		return d == '=' ? LEVEL_EQ : 0;
	case '<':
	case '>':
		if (d == c) {
			*len = 2;
			*op = c == '<' ? 'l' : 'r';
			level = LEVEL_SHIFT;
			break;
		}
		if (d == '=') {
			*len = 2;
			*op = c == '<' ? 'L' : 'G';
		}
		return LEVEL_REL;
	case '+':
	case '-':
		level = LEVEL_ADD;
		break;
	case '*':
		if (d == '*') {
			*len = 2;
			*op = 'p';
			level = LEVEL_POW;
			break;
		}
		level = LEVEL_MUL;
		break;
	case '/':
	case '%':
		level = LEVEL_MUL;
		break;
	}
	return level && p[*len] == '=' ? 0 : level;
}

static long power(long x, long n)
{
	unsigned long r = 1, b = (unsigned long)x;

	for (; n > 0; n >>= 1) {
		if (n & 1)
			r *= b;
		b *= b;
	}
	return (long)r;
}

static long apply(struct expr *e, int op, long a, long b)
{
	unsigned long x = (unsigned long)a, y = (unsigned long)b;

	switch (op) {
	case '+':
		return (long)(x + y);
	case '-':
		return (long)(x - y);
	case '*':
		return (long)(x * y);
	case '/':
	case '%':
		if (!b) {
			if (!e->quiet)
				fail(e, "division by zero");
			return 0;
		}
		if (b == -1)
			return op == '/' ? (long)(0 - x) : 0;
		return op == '/' ? a / b : a % b;
	case 'p':
		if (b < 0 && !e->quiet)
			fail(e, "exponent less than 0");
		return power(a, b);
	case 'l':
		return (long)(x << (y & 63));
	case 'r':
		return a >> (y & 63);
	case '<':
		return a < b;
	case '>':
		return a > b;
	case 'L':
		return a <= b;
	case 'G':
		return a >= b;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '&':
		return a & b;
	case '^':
		return a ^ b;
	case '|':
		return a | b;
	}
	return 0;
}

static struct value binary(struct expr *e, int min)
{
	struct value v = unary(e), w;
	int len, op, level, skip;

	for (;;) {
		peek(e);
		level = find_operator(e->p, &len, &op);
		if (!level || level < min)
			return v;
		e->p += len;
		skip = (op == 'o' && v.n) || (op == 'a' && !v.n);
		e->quiet += skip;
		/* Powers group from the right, all others from the left. */
		w = binary(e, level == LEVEL_POW ? level : level + 1);
		e->quiet -= skip;
		if (op == 'o')
			v.n = v.n || w.n;
		else if (op == 'a')
			v.n = v.n && w.n;
		else
			v.n = apply(e, op, v.n, w.n);
		v.name = NULL;
	}
}

static struct value ternary(struct expr *e)
{
	struct value v = binary(e, LEVEL_OR), a, b;

	if (peek(e) != '?')
		return v;
	if (++e->depth > DEPTH_MAX) {
		fail(e, "nested too deeply");
		return v;
	}
	e->p++;
	e->quiet += !v.n;
	a = comma(e);
	e->quiet -= !v.n;
	if (peek(e) != ':') {
		fail(e, "expecting ':'");
		e->depth--;
		return v;
	}
	e->p++;
	e->quiet += v.n != 0;
	b = ternary(e);
	e->quiet -= v.n != 0;
	e->depth--;
	v.n = v.n ? a.n : b.n;
	v.name = NULL;
	return v;
}

static struct value assign(struct expr *e)
{
	struct value v = ternary(e), w;
	const char *p;
	int c = peek(e), op = 0;

	if (!c || e->error)
		return v;
	p = e->p;
	if (c == '=' && p[1] != '=') {
		p++;
	} else if (strchr("+-*/%&^|", c) && p[1] == '=') {
		op = c;
		p += 2;
	} else if ((c == '<' || c == '>') && p[1] == c && p[2] == '=') {
		op = c == '<' ? 'l' : 'r';
		p += 3;
	} else {
		return v;
	}
	if (!v.name || ++e->depth > DEPTH_MAX) {
		fail(e, "expecting EOF");
		return v;
	}
	e->p = p;
	w = assign(e);
	e->depth--;
	v.n = op ? apply(e, op, v.n, w.n) : w.n;
	store(e, &v, v.n);
	v.name = NULL;
	return v;
}

static struct value comma(struct expr *e)
{
	struct value v = assign(e);

	while (peek(e) == ',') {
		e->p++;
		v = assign(e);
		v.name = NULL;
	}
	return v;
}

int arith_eval(const char *text, long *result)
{
	struct expr e = { 0 };

	e.p = e.text = text;
	*result = 0;
	if (!peek(&e))
		return 0;
	*result = comma(&e).n;
	if (!e.error && peek(&e))
		e.error = "expecting EOF";
	if (!e.error)
		return 0;
	if (!sh.skip)
		err_fatal("arithmetic expression: %s: \"%s\"", e.error, text);
	return -1;
}
