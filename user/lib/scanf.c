/*
 * scanf and its kin.  Numbers are first gathered as text, as far as they can
 * belong to a number, and then given to strtol or strtod.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/stdio.h"

struct source {
	FILE *f;
	long count; /* bytes consumed */
};

static int source_get(struct source *s)
{
	int c = fgetc(s->f);

	if (c != EOF)
		s->count++;
	return c;
}

static void source_unget(struct source *s, int c)
{
	if (c == EOF)
		return;
	ungetc(c, s->f);
	s->count--;
}

static int skip_space(struct source *s)
{
	int c;

	while (isspace(c = source_get(s)))
		;
	source_unget(s, c);
	return c;
}

/*
 * One item of the input as text: no more bytes are taken than the width allows,
 * and `c` is the one that comes next, NOTHING where the width ends.
 */
#define NOTHING (-2)

struct item {
	struct source *s;
	char *buf;
	char **grown; /* where more room than buf may be noted; to be freed */
	int n, room, width, c;
};

static void item_begin(struct item *t, struct source *s, char *buf, int room,
		       int width)
{
	*t = (struct item){ s, buf, NULL, 0, room, width > 0 ? width : INT_MAX,
			    0 };
	t->c = source_get(s);
}

static void item_grow(struct item *t)
{
	char *p = t->room > INT_MAX / 2
			  ? NULL
			  : realloc(*t->grown, (size_t)t->room * 2);

	if (!p)
		return;
	if (!*t->grown)
		memcpy(p, t->buf, (size_t)t->n);
	t->buf = *t->grown = p;
	t->room *= 2;
}

/* Step over the next byte, and keep it where there is room. */
static void item_take(struct item *t, int keep)
{
	if (keep && t->grown && t->n == t->room - 1)
		item_grow(t);
	if (keep && t->n < t->room - 1)
		t->buf[t->n++] = (char)t->c;
	t->c = --t->width ? source_get(t->s) : NOTHING;
}

static void item_end(struct item *t)
{
	if (t->c != NOTHING)
		source_unget(t->s, t->c);
	t->buf[t->n] = 0;
}

/* A whole number; 0 when there is none. What does not fit stays too large. */
static int gather_integer(struct source *s, char *buf, int room, int width,
			  int *base)
{
	int digits = 0, leading = 1;
	struct item t;

	item_begin(&t, s, buf, room, width);
	if (t.c == '+' || t.c == '-')
		item_take(&t, 1);
	if (t.c == '0' && (*base == 0 || *base == 16)) {
		item_take(&t, 1);
		digits = 1;
		if ((t.c | 32) == 'x') {
			item_take(&t, 1);
			*base = 16;
			digits = 0;
		} else if (*base == 0) {
			*base = 8;
		}
	}
	if (*base == 0)
		*base = 10;
	for (;;) {
		int d = isdigit(t.c)   ? t.c - '0'
			: isalpha(t.c) ? (t.c | 32) - 'a' + 10
				       : 99;

		if (d >= *base)
			break;
		/* Zeros in front take no room, but for one of them. */
		if (d)
			leading = 0;
		item_take(&t, !leading || !digits);
		digits = 1;
	}
	item_end(&t);
	return digits;
}

/* The letters of a word, as far as they come. */
static size_t gather_word(struct item *t, const char *word)
{
	size_t n = 0;

	for (; word[n] && (t->c | 32) == word[n]; n++)
		item_take(t, 1);
	return n;
}

/* A floating-point number, or the beginning of one: then 0. Of a long one each
 * digit counts; it stands in *grown, which is to be freed. */
static int gather_double(struct source *s, char *buf, int room, int width,
			 char **grown)
{
	int digits = 0, point = 0, hex = 0;
	struct item t;
	size_t n;

	item_begin(&t, s, buf, room, width);
	t.grown = grown;
	if (t.c == '+' || t.c == '-')
		item_take(&t, 1);
	if ((t.c | 32) == 'i') {
		n = gather_word(&t, "infinity");
		item_end(&t);
		return n == 3 || n == 8;
	}
	if ((t.c | 32) == 'n') {
		n = gather_word(&t, "nan");
		if (n == 3 && t.c == '(') {
			do
				item_take(&t, 1);
			while (isalnum(t.c) || t.c == '_');
			n = t.c == ')' ? 3 : 0;
			if (n)
				item_take(&t, 1);
		}
		item_end(&t);
		return n == 3;
	}
	if (t.c == '0') {
		item_take(&t, 1);
		digits = 1;
		if ((t.c | 32) == 'x') {
			item_take(&t, 1);
			hex = 1;
			digits = 0;
		}
	}
	for (; (hex ? isxdigit(t.c) : isdigit(t.c)) || (t.c == '.' && !point);
	     item_take(&t, 1)) {
		if (t.c == '.')
			point = 1;
		else
			digits = 1;
	}
	if (digits && (t.c | 32) == (hex ? 'p' : 'e')) {
		item_take(&t, 1);
		if (t.c == '+' || t.c == '-')
			item_take(&t, 1);
		for (digits = 0; isdigit(t.c); digits = 1)
			item_take(&t, 1);
	}
	item_end(&t);
	return digits;
}

static void store_integer(void *to, int size, unsigned long v)
{
	switch (size) {
	case -2:
		*(char *)to = (char)v;
		break;
	case -1:
		*(short *)to = (short)v;
		break;
	case 0:
		*(int *)to = (int)v;
		break;
	default:
		*(long *)to = (long)v;
	}
}

static void store_double(void *to, int size, const char *number)
{
	if (size == 3)
		*(long double *)to = strtod(number, NULL);
	else if (size >= 1)
		*(double *)to = strtod(number, NULL);
	else
		*(float *)to = strtof(number, NULL);
}

/* Fill a table of the bytes that %[...] takes; gives what follows it. */
static const char *parse_set(const char *fmt, unsigned char *set)
{
	int negate = 0, first = 1, a, b;

	if (*fmt == '^') {
		negate = 1;
		fmt++;
	}
	memset(set, negate, 256);
	for (; *fmt && (first || *fmt != ']'); first = 0) {
		a = b = (unsigned char)*fmt++;
		if (fmt[0] == '-' && fmt[1] && fmt[1] != ']') {
			b = (unsigned char)fmt[1];
			fmt += 2;
		}
		for (; a <= b; a++)
			set[a] = !negate;
	}
	return *fmt ? fmt + 1 : fmt;
}

/* %s, %c and %[...]: bytes into an array, or one that %m allocates; with an l
 * each becomes a wide character. */
static int scan_text(struct source *s, int width, const unsigned char *set,
		     int terminate, int alloc, int wide, void *to)
{
	size_t n = 0, cap = 0, unit = wide ? sizeof(wchar_t) : 1;
	char *out = alloc ? NULL : to, *bigger;
	int c;

	for (;;) {
		c = width && (int)n >= width ? EOF : source_get(s);
		if (c == EOF)
			break;
		if (set && !set[c]) {
			source_unget(s, c);
			break;
		}
		if (alloc && n + 2 > cap) {
			cap = cap ? cap * 2 : 32;
			bigger = reallocarray(out, cap, unit);
			if (!bigger) {
				free(out);
				return -1;
			}
			out = bigger;
		}
		if (out && wide)
			((wchar_t *)(void *)out)[n] = c;
		else if (out)
			out[n] = (char)c;
		n++;
	}
	if (!n || (!terminate && (int)n < width)) {
		if (alloc)
			free(out);
		return 0;
	}
	if (out && terminate)
		memset(out + n * unit, 0, unit);
	if (alloc)
		*(char **)to = out;
	return 1;
}

static int parse_width(const char **fmt)
{
	int n = 0;

	for (; isdigit((unsigned char)**fmt); ++*fmt)
		if (n < INT_MAX / 10)
			n = n * 10 + (**fmt - '0');
	return n;
}

static int scan(FILE *f, const char *fmt, va_list *ap, va_list *all)
{
	struct source s = { .f = f };
	unsigned char set[256];
	int c, width, size, skip, alloc, base, got = 0, conv, ret, i, wide;
	char buf[512], *number;
	void *to;

	for (; *fmt; fmt++) {
		if (isspace((unsigned char)*fmt)) {
			skip_space(&s);
			continue;
		}
		if (*fmt != '%' || fmt[1] == '%') {
			if (*fmt == '%') {
				fmt++;
				skip_space(&s);
			}
			c = source_get(&s);
			if (c == EOF)
				goto input_failed;
			if (c != (unsigned char)*fmt) {
				source_unget(&s, c);
				return got;
			}
			continue;
		}
		fmt++;
		skip = alloc = size = 0;
		width = parse_width(&fmt);
		if (*fmt == '$') {
			/* "3$": that argument; each is one word. */
			fmt++;
			va_end(*ap);
			va_copy(*ap, *all);
			while (--width > 0)
				(void)va_arg(*ap, void *);
			width = parse_width(&fmt);
		} else if (*fmt == '*' && !width) {
			skip = 1;
			fmt++;
			width = parse_width(&fmt);
		}
		for (;; fmt++) {
			if (*fmt == 'm')
				alloc = 1;
			else if (*fmt == 'h')
				size--;
			else if (*fmt == 'l')
				size++;
			else if (*fmt == 'j' || *fmt == 'z' || *fmt == 't')
				size = 2;
			else if (*fmt == 'L')
				size = 3;
			else
				break;
		}
		conv = *fmt;
		if (!conv)
			return got;
		if (conv == 'C' || conv == 'S') {
			conv += 'a' - 'A';
			size = 1;
		}
		wide = size == 1;
		if (conv == 'n') {
			if (!skip)
				store_integer(va_arg(*ap, void *), size,
					      (unsigned long)s.count);
			continue;
		}
		if (conv != 'c' && conv != '[') {
			if (skip_space(&s) == EOF)
				goto input_failed;
		} else {
			c = source_get(&s);
			if (c == EOF)
				goto input_failed;
			source_unget(&s, c);
		}
		to = skip ? NULL : va_arg(*ap, void *);
		base = 10;
		switch (conv) {
		case 'x':
		case 'X':
		case 'p':
			base = 16;
			/* fallthrough */
		case 'o':
			if (conv == 'o')
				base = 8;
			/* fallthrough */
		case 'i':
			if (conv == 'i')
				base = 0;
			/* fallthrough */
		case 'd':
		case 'u':
			if (!gather_integer(&s, buf, sizeof(buf), width, &base))
				return got;
			if (conv == 'p')
				size = 2;
			if (to)
				store_integer(
					to, size,
					conv == 'd' || conv == 'i'
						? (unsigned long)strtol(
							  buf, NULL, base)
						: strtoul(buf, NULL, base));
			break;
		case 'e':
		case 'E':
		case 'f':
		case 'F':
		case 'g':
		case 'G':
		case 'a':
		case 'A':
			number = NULL;
			ret = gather_double(&s, buf, sizeof(buf), width,
					    &number);
			if (ret && to)
				store_double(to, size, number ? number : buf);
			free(number);
			if (!ret)
				return got;
			break;
		case 'c':
			ret = scan_text(&s, width ? width : 1, NULL, 0,
					alloc && !skip, wide, to);
			if (ret <= 0)
				return got;
			break;
		case 's':
			for (i = 0; i < 256; i++)
				set[i] = !isspace(i);
			ret = scan_text(&s, width, set, 1, alloc && !skip, wide,
					to);
			if (ret <= 0)
				return got;
			break;
		case '[':
			fmt = parse_set(fmt + 1, set) - 1;
			ret = scan_text(&s, width, set, 1, alloc && !skip, wide,
					to);
			if (ret <= 0)
				return got;
			break;
		default:
			return got;
		}
		if (!skip)
			got++;
	}
	return got;

input_failed:
	return got ? got : EOF;
}

int vfscanf(FILE *restrict f, const char *restrict fmt, va_list ap)
{
	va_list args, all;
	int ret;

	va_copy(all, ap);
	va_copy(args, ap);
	ret = scan(f, fmt, &args, &all);
	va_end(args);
	va_end(all);
	return ret;
}

static ssize_t no_more(FILE *f, void *p, size_t n)
{
	return 0;
}

int vsscanf(const char *restrict s, const char *restrict fmt, va_list ap)
{
	unsigned char *text = (unsigned char *)(uintptr_t)s;
	/* Nothing is pushed back but what was there: s is not written. */
	FILE f = { .fd = -1,
		   .flags = F_READ | F_STATIC | F_MODE | F_LISTED,
		   .buf = text,
		   .size = 1,
		   .rpos = text,
		   .rend = text + strlen(s),
		   .read = no_more };

	return vfscanf(&f, fmt, ap);
}

int sscanf(const char *restrict s, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vsscanf(s, fmt, ap);
	va_end(ap);
	return ret;
}

int fscanf(FILE *restrict f, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vfscanf(f, fmt, ap);
	va_end(ap);
	return ret;
}

int vscanf(const char *restrict fmt, va_list ap)
{
	return vfscanf(stdin, fmt, ap);
}

int scanf(const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vfscanf(stdin, fmt, ap);
	va_end(ap);
	return ret;
}
