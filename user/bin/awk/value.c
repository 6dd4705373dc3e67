/* Text, values, arrays and expressions. */
#include <ctype.h>
#include <err.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/awk/awk.h"

struct element {
	struct str *key;
	unsigned long hash;
	struct cell cell;
	struct element *next;
};

struct array {
	struct element **table;
	size_t size, count;
};

void *grow(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		err(2, NULL);
	return p;
}

struct str *str_room(size_t cap)
{
	struct str *s = grow(NULL, sizeof(*s) + cap + 1);

	s->refs = 1;
	s->len = 0;
	s->cap = cap;
	s->s[0] = 0;
	return s;
}

struct str *str_new(const char *text, size_t len)
{
	struct str *s = str_room(len);

	if (len)
		memcpy(s->s, text, len);
	s->s[len] = 0;
	s->len = len;
	return s;
}

/* a with more at its end; a itself if nobody else holds it. */
struct str *str_append(struct str *a, const char *text, size_t len)
{
	struct str *s = a;
	size_t cap;

	if (a->refs > 1) {
		s = str_room((a->len + len) * 2);
		memcpy(s->s, a->s, a->len);
		s->len = a->len;
		a->refs--;
	} else if (a->len + len > a->cap) {
		cap = (a->len + len) * 2;
		s = grow(a, sizeof(*s) + cap + 1);
		s->cap = cap;
	}
	if (len)
		memcpy(s->s + s->len, text, len);
	s->len += len;
	s->s[s->len] = 0;
	return s;
}

struct str *str_get(struct str *s)
{
	s->refs++;
	return s;
}

void str_put(struct str *s)
{
	if (s && !--s->refs)
		free(s);
}

struct value number(double n)
{
	return (struct value){ NUMBER, n, NULL };
}

/* Takes over the caller's hold of s. */
struct value string(struct str *s)
{
	return (struct value){ STRING, 0, s };
}

struct value input(const char *s, size_t len)
{
	return (struct value){ INPUT, 0, str_new(s, len) };
}

struct value value_copy(const struct value *v)
{
	if (v->s)
		v->s->refs++;
	return *v;
}

void value_free(struct value *v)
{
	str_put(v->s);
	v->s = NULL;
	v->kind = UNSET;
}

/* The decimal number that text begins with; *all: blanks aside, it is one. */
static double text_number(const struct str *t, int *all)
{
	const char *s = t->s, *end = s + t->len, *p, *digits;
	double n = 0;
	int any, plain;
	char *stop;

	*all = 0;
	while (s < end && isspace((unsigned char)*s))
		s++;
	p = s;
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	digits = p;
	while (p < end && isdigit((unsigned char)*p))
		p++;
	any = p > digits;
	plain = p - digits < 16;
	if (p < end && *p == '.') {
		digits = ++p;
		while (p < end && isdigit((unsigned char)*p))
			p++;
		any |= p > digits;
		plain = 0;
	}
	if (!any)
		return 0;
	if (p + 1 < end && (*p == 'e' || *p == 'E')) {
		const char *e = p + 1;

		if (*e == '-' || *e == '+')
			e++;
		if (e < end && isdigit((unsigned char)*e)) {
			while (e < end && isdigit((unsigned char)*e))
				e++;
			p = e;
			plain = 0;
		}
	}
	if (plain) {
		long k = 0;

		for (digits = s; digits < p; digits++)
			if (isdigit((unsigned char)*digits))
				k = k * 10 + *digits - '0';
		n = *s == '-' ? -(double)k : (double)k;
	} else if (*p != 'x' && *p != 'X') {
		n = strtod(s, &stop);
	} else {
		/* 0x10 is 0 here. */
		struct str *copy = str_new(s, (size_t)(p - s));

		n = strtod(copy->s, &stop);
		str_put(copy);
	}
	while (p < end && isspace((unsigned char)*p))
		p++;
	*all = p == end;
	return n;
}

static void settle(struct value *v)
{
	int all;

	if (v->kind != INPUT)
		return;
	v->n = text_number(v->s, &all);
	v->kind = all ? NUMERIC : STRING;
}

double to_number(struct value *v)
{
	int all;

	switch (v->kind) {
	case UNSET:
		return 0;
	case NUMBER:
	case NUMERIC:
		return v->n;
	case INPUT:
		settle(v);
		if (v->kind == NUMERIC)
			return v->n;
		/* fall through */
	default:
		return text_number(v->s, &all);
	}
}

static struct str *number_text(double n, int how)
{
	char text[400];
	struct value args[2];
	struct str *s;
	int len;

	if (isfinite(n) && fabs(n) < 1e18 && n == (double)(long)n) {
		len = snprintf(text, sizeof(text), "%ld", (long)n);
		return str_new(text, (size_t)len);
	}
	if (isnan(n) || isinf(n)) {
		len = snprintf(text, sizeof(text), "%s%s",
			       signbit(n) ? "-" : "+",
			       isnan(n) ? "nan" : "inf");
		return str_new(text, (size_t)len);
	}
	if (fabs(n) >= 1e18) {
		len = snprintf(text, sizeof(text), "%.0f", n);
		return str_new(text, (size_t)len);
	}
	args[0] = globals[how].v;
	args[1] = number(n);
	/* A format that is a number would ask for itself. */
	if (!args[0].s || args[0].kind == NUMBER) {
		len = snprintf(text, sizeof(text), "%.6g", n);
		return str_new(text, (size_t)len);
	}
	s = format(args, 2);
	return s;
}

struct str *to_str(const struct value *v)
{
	if (v->s)
		return str_get(v->s);
	if (v->kind == NUMBER)
		return number_text(v->n, V_CONVFMT);
	return str_new("", 0);
}

/* As print shows it. */
struct str *to_output(const struct value *v)
{
	return v->kind == NUMBER ? number_text(v->n, V_OFMT) : to_str(v);
}

int to_truth(struct value *v)
{
	settle(v);
	switch (v->kind) {
	case UNSET:
		return 0;
	case STRING:
		return v->s->len > 0;
	default:
		return v->n != 0;
	}
}

int value_compare(struct value *a, struct value *b)
{
	struct str *x, *y;
	int d;

	settle(a);
	settle(b);
	if (a->kind != STRING && b->kind != STRING) {
		double m = a->kind == UNSET ? 0 : a->n;
		double n = b->kind == UNSET ? 0 : b->n;

		return (m > n) - (m < n);
	}
	x = to_str(a);
	y = to_str(b);
	d = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
	if (!d)
		d = (x->len > y->len) - (x->len < y->len);
	str_put(x);
	str_put(y);
	return d;
}

/*
 * Arrays.
 */
static unsigned long hash(const struct str *key)
{
	unsigned long h = 5381;
	size_t i;

	for (i = 0; i < key->len; i++)
		h = (h ^ (unsigned char)key->s[i]) * 0x100000001b3ul;
	return h ^ h >> 29;
}

struct array *array_new(void)
{
	struct array *a = grow(NULL, sizeof(*a));

	a->size = 16;
	a->count = 0;
	a->table = calloc(a->size, sizeof(*a->table));
	if (!a->table)
		err(2, NULL);
	return a;
}

void array_clear(struct array *a)
{
	struct element *e, *next;
	size_t i;

	for (i = 0; i < a->size && a->count; i++) {
		for (e = a->table[i]; e; e = next) {
			next = e->next;
			str_put(e->key);
			value_free(&e->cell.v);
			free(e);
			a->count--;
		}
		a->table[i] = NULL;
	}
}

void array_free(struct array *a)
{
	array_clear(a);
	free(a->table);
	free(a);
}

size_t array_count(const struct array *a)
{
	return a->count;
}

static struct element **find(const struct array *a, const struct str *key,
			     unsigned long h)
{
	struct element **p;

	for (p = &a->table[h & (a->size - 1)]; *p; p = &(*p)->next)
		if ((*p)->hash == h && (*p)->key->len == key->len &&
		    !memcmp((*p)->key->s, key->s, key->len))
			break;
	return p;
}

static void rehash(struct array *a)
{
	struct element **old = a->table, *e, *next, **head;
	size_t n = a->size, i;

	a->table = calloc(n * 4, sizeof(*a->table));
	if (!a->table)
		err(2, NULL);
	a->size = n * 4;
	for (i = 0; i < n; i++)
		for (e = old[i]; e; e = next) {
			next = e->next;
			head = &a->table[e->hash & (a->size - 1)];
			e->next = *head;
			*head = e;
		}
	free(old);
}

/* The element, made if it is not there. */
struct cell *array_get(struct array *a, struct str *key)
{
	unsigned long h = hash(key);
	struct element **p = find(a, key, h), *e;

	if (*p)
		return &(*p)->cell;
	if (a->count > a->size * 2)
		rehash(a);
	p = find(a, key, h);
	e = grow(NULL, sizeof(*e));
	memset(e, 0, sizeof(*e));
	e->key = str_get(key);
	e->hash = h;
	e->cell.kind = SCALAR;
	*p = e;
	a->count++;
	return &e->cell;
}

int array_has(const struct array *a, const struct str *key)
{
	return *find(a, key, hash(key)) != NULL;
}

void array_delete(struct array *a, const struct str *key)
{
	struct element **p = find(a, key, hash(key)), *e = *p;

	if (!e)
		return;
	*p = e->next;
	str_put(e->key);
	value_free(&e->cell.v);
	free(e);
	a->count--;
}

/* All keys, each held; the caller lets them and the list go. */
struct str **array_keys(const struct array *a, size_t *n)
{
	struct str **keys = grow(NULL, a->count * sizeof(struct str *) + 1);
	const struct element *e;
	size_t i;

	*n = 0;
	for (i = 0; i < a->size; i++)
		for (e = a->table[i]; e; e = e->next)
			keys[(*n)++] = str_get(e->key);
	return keys;
}

/*
 * Expressions: what awk allows, in the words of regcomp.
 */
static size_t interval(const char *p, const char *end)
{
	const char *s = p + 1;

	if (s == end || !isdigit((unsigned char)*s))
		return 0;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	if (s < end && *s == ',')
		for (s++; s < end && isdigit((unsigned char)*s); s++)
			;
	return s < end && *s == '}' ? (size_t)(s + 1 - p) : 0;
}

/* [...] at p, where a backslash is one as elsewhere. */
static const char *bracket(struct str **out, const char *p, const char *end)
{
	struct str *o = *out;
	int first = 1;

	o = str_append(o, p++, 1);
	if (p < end && *p == '^')
		o = str_append(o, p++, 1);
	for (; p < end && (first || *p != ']'); first = 0) {
		if (*p == '\\' && p + 1 < end) {
			p++;
			/* As itself, whatever it is. */
			if (strchr("]^-[", *p) && *p) {
				o = str_append(o, "[.", 2);
				o = str_append(o, p++, 1);
				o = str_append(o, ".]", 2);
			} else {
				o = str_append(o, p++, 1);
			}
		} else if (*p == '[' && p + 1 < end &&
			   (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			char what = p[1];

			o = str_append(o, p, 2);
			for (p += 2; p < end; p++) {
				if (*p == what && p + 1 < end && p[1] == ']')
					break;
				o = str_append(o, p, 1);
			}
			if (p < end) {
				o = str_append(o, p, 2);
				p += 2;
			}
		} else {
			o = str_append(o, p++, 1);
		}
	}
	if (p < end)
		o = str_append(o, p++, 1);
	*out = o;
	return p;
}

static struct str *translate(const struct str *s)
{
	const char *p = s->s, *end = p + s->len;
	struct str *o = str_room(s->len + 16);
	int start = 1; /* nothing that could be repeated stands before */
	size_t n;

	while (p < end) {
		n = *p == '{' ? interval(p, end) : 0;
		if ((*p == '{' && !n) ||
		    (start && (*p == '*' || *p == '+' || *p == '?' || n))) {
			o = str_append(o, "\\", 1);
			o = str_append(o, p++, 1);
			start = 0;
			continue;
		}
		start = *p == '(' || *p == '|' || (*p == '^' && start);
		if (*p == '[') {
			p = bracket(&o, p, end);
		} else if (!*p) {
			/* What is no other byte. */
			o = str_append(o, "[^\1-\377]", 7);
			p++;
		} else if (*p == '\\' && p + 1 < end) {
			p++;
			if (*p == 'y')
				o = str_append(o, "\\b", 2);
			else if (strchr("\\.[]*^$+?(){}|/<>BwWsS`'", *p) && *p)
				o = str_append(str_append(o, "\\", 1), p, 1);
			else
				o = str_append(o, p, 1);
			p++;
		} else if (*p == '\\') {
			o = str_append(o, "\\\\", 2);
			p++;
		} else {
			o = str_append(o, p++, 1);
		}
	}
	return o;
}

static void compile(regex_t *re, const struct str *s, int status)
{
	struct str *text = translate(s);
	char why[100];
	int ret;

	ret = regcomp(re, text->s, REG_EXTENDED);
	if (ret) {
		regerror(ret, re, why, sizeof(why));
		errx(status, "/%s/: %s", s->s, why);
	}
	str_put(text);
}

regex_t *regex_new(const struct str *s)
{
	regex_t *re = grow(NULL, sizeof(*re));

	compile(re, s, 1);
	return re;
}

/* The same, valid until the next call only; those last used are kept. */
regex_t *regex_of(struct str *s)
{
	static struct {
		struct str *s;
		regex_t re;
	} known[64], *k;

	k = &known[hash(s) % 64];
	if (k->s && k->s->len == s->len && !memcmp(k->s->s, s->s, s->len))
		return &k->re;
	if (k->s) {
		regfree(&k->re);
		str_put(k->s);
	}
	/* A copy, as the other may be appended to. */
	k->s = str_new(s->s, s->len);
	compile(&k->re, s, 2);
	return &k->re;
}

/* Search s[from .. len); gives 1 and the place. */
int regex_run(regex_t *re, const char *s, size_t from, size_t len,
	      regmatch_t *pm)
{
	int ret;

	pm->rm_so = (regoff_t)from;
	pm->rm_eo = (regoff_t)len;
	ret = regexec(re, s, 1, pm, REG_STARTEND);
	if (ret && ret != REG_NOMATCH)
		errx(2, "out of memory");
	return !ret;
}
