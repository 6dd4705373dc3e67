/*
 * echo and printf. echo leaves backslashes alone unless -e is given, so that
 * it prints what a variable holds; printf knows all conversions but those for
 * floating point.
 * See builtin.h.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"

/*
 * The escape behind a backslash at *p, which moves behind it. In echo and
 * %b an octal number may start with a zero more. -1: \c, print nothing more;
 * -2: no escape.
 */
static int escape(const char **p, bool zero)
{
	int c = (unsigned char)**p, n = 0, i;

	switch (c) {
	case 'c':
		if (!zero)
			break;
		return -1;
	case '\\':
	case 'a':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
	case 'v':
		(*p)++;
		return escape_value(c);
	}
	if (c == 'x' && hex_value((*p)[1]) >= 0) {
		(*p)++;
		for (i = 0; i < 2 && hex_value((unsigned char)**p) >= 0; i++)
			n = n * 16 + hex_value((unsigned char)*(*p)++);
		return n;
	}
	if (c >= '0' && c <= '7') {
		if (zero && c == '0')
			(*p)++;
		for (i = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
			n = n * 8 + *(*p)++ - '0';
		return n & 255;
	}
	return -2;
}

/* false: a \c was met. */
static bool put_escaped(struct strbuf *sb, const char *s)
{
	int c;

	while (*s) {
		if (*s != '\\') {
			sb_putc(sb, *s++);
			continue;
		}
		s++;
		c = escape(&s, true);
		if (c == -1)
			return false;
		sb_putc(sb, c == -2 ? '\\' : c);
	}
	return true;
}

int bi_echo(int argc, char **argv)
{
	bool newline = true, escapes = false;
	struct strbuf sb = { 0 };
	const char *p;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (argv[i][1 + strspn(argv[i] + 1, "neE")])
			break;
		for (p = argv[i] + 1; *p; p++) {
			newline &= *p != 'n';
			escapes = *p == 'e' || (escapes && *p != 'E');
		}
	}
	for (; i < argc; i++) {
		if (!escapes) {
			sb_puts(&sb, argv[i]);
		} else if (!put_escaped(&sb, argv[i])) {
			out_put(sb.p, sb.len);
			return 0;
		}
		if (i + 1 < argc)
			sb_putc(&sb, ' ');
	}
	if (newline)
		sb_putc(&sb, '\n');
	if (sb.len)
		out_put(sb.p, sb.len);
	return 0;
}

struct conversion {
	bool left, zero, plus, space, alt;
	int width, prec; /* prec -1: none */
};

static void pad(int n, int c)
{
	while (n-- > 0)
		out_putc(c);
}

static void put_field(const struct conversion *cv, const char *s, size_t len)
{
	if (cv->prec >= 0 && len > (size_t)cv->prec)
		len = (size_t)cv->prec;
	if (!cv->left)
		pad(cv->width - (int)len, ' ');
	out_put(s, len);
	if (cv->left)
		pad(cv->width - (int)len, ' ');
}

static void put_integer(const struct conversion *cv, int type, long n)
{
	unsigned long u = (unsigned long)n;
	const char *digits =
		type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = type == 'o' ? 8 : strchr("xX", type) ? 16 : 10;
	char buf[72], *p = buf + sizeof(buf);
	const char *sign = "";
	int len, zeros, total;

	if (type == 'd' || type == 'i') {
		if (n < 0) {
			u = 0 - u;
			sign = "-";
		} else if (cv->plus) {
			sign = "+";
		} else if (cv->space) {
			sign = " ";
		}
	} else if (cv->alt && base == 16 && u) {
		sign = type == 'x' ? "0x" : "0X";
	}
	while (u) {
		*--p = digits[u % base];
		u /= base;
	}
	len = (int)(buf + sizeof(buf) - p);
	zeros = cv->prec < 0 ? !len : cv->prec - len;
	if (cv->alt && base == 8 && zeros <= 0)
		zeros = 1;
	if (zeros < 0)
		zeros = 0;
	total = (int)strlen(sign) + zeros + len;
	if (cv->zero && !cv->left && cv->prec < 0 && total < cv->width) {
		zeros += cv->width - total;
		total = cv->width;
	}
	if (!cv->left)
		pad(cv->width - total, ' ');
	out_puts(sign);
	pad(zeros, '0');
	out_put(p, (size_t)len);
	if (cv->left)
		pad(cv->width - total, ' ');
}

/* A number as an argument: C's forms, or 'c for the code of a character. The
 * nearest one that there is where it is too large for its type. */
static long argument(const char *s, int type, int *status)
{
	const char *p = s;
	unsigned long n = 0, max = ULONG_MAX;
	unsigned int base = 10;
	bool minus, large = false;
	int d;

	if (!s || !*s)
		return 0;
	if (*p == '\'' || *p == '"')
		return (unsigned char)p[1];
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	minus = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	if (*p == '0') {
		base = 8;
		if (p[1] == 'x' || p[1] == 'X') {
			base = 16;
			p += 2;
		}
	}
	if (hex_value(*p) < 0 || (unsigned int)hex_value(*p) >= base) {
		err_print("printf: %s: expected numeric value", s);
		*status = 1;
		return 0;
	}
	if (type == 'd' || type == 'i')
		max = (unsigned long)LONG_MAX + minus;
	while ((d = hex_value(*p)) >= 0 && (unsigned int)d < base) {
		large |= n > (max - (unsigned int)d) / base;
		n = n * base + (unsigned int)d;
		p++;
	}
	if (large) {
		err_print("printf: %s: %s", s, strerror(ERANGE));
		*status = 1;
		n = max;
	}
	if (*p) {
		err_print("printf: %s: not completely converted", s);
		*status = 1;
	}
	return (long)(minus ? 0 - n : n);
}

static int digits(const char **p)
{
	int n = 0;

	while (is_digit(**p)) {
		if (n < 100000)
			n = n * 10 + **p - '0';
		(*p)++;
	}
	return n;
}

static const char *next_arg(char ***argv)
{
	return **argv ? *(*argv)++ : NULL;
}

/* A width or precision that is an argument. */
static int star(char ***argv, int *status)
{
	long n = argument(next_arg(argv), 'd', status);

	return n > 999999 ? 999999 : n < -999999 ? -999999 : (int)n;
}

/* Once through the format; 1: stop (\c or an error). */
static int print_once(const char *f, char ***argv, int *status)
{
	struct conversion cv;
	struct strbuf sb;
	const char *s;
	int c;

	while ((c = (unsigned char)*f++)) {
		if (c == '\\') {
			c = escape(&f, false);
			out_putc(c < 0 ? '\\' : c);
			continue;
		}
		if (c != '%' || *f == '%') {
			f += c == '%';
			out_putc(c);
			continue;
		}
		memset(&cv, 0, sizeof(cv));
		for (;; f++) {
			if (*f == '-')
				cv.left = true;
			else if (*f == '0')
				cv.zero = true;
			else if (*f == '+')
				cv.plus = true;
			else if (*f == ' ')
				cv.space = true;
			else if (*f == '#')
				cv.alt = true;
			else
				break;
		}
		if (*f == '*') {
			f++;
			cv.width = star(argv, status);
			if (cv.width < 0) {
				cv.left = true;
				cv.width = -cv.width;
			}
		} else {
			cv.width = digits(&f);
		}
		cv.prec = -1;
		if (*f == '.') {
			f++;
			if (*f == '*') {
				f++;
				cv.prec = star(argv, status);
			} else {
				cv.prec = digits(&f);
			}
		}
		switch (*f) {
		case 'd':
		case 'i':
		case 'o':
		case 'u':
		case 'x':
		case 'X':
			put_integer(&cv, *f,
				    argument(next_arg(argv), *f, status));
			break;
		case 'c':
			s = next_arg(argv);
			put_field(&cv, s ? s : "", s && *s);
			break;
		case 's':
			s = next_arg(argv);
			put_field(&cv, s ? s : "", s ? strlen(s) : 0);
			break;
		case 'b':
			memset(&sb, 0, sizeof(sb));
			s = next_arg(argv);
			if (!put_escaped(&sb, s ? s : "")) {
				put_field(&cv, sb_str(&sb), sb.len);
				return 1;
			}
			put_field(&cv, sb_str(&sb), sb.len);
			break;
		default:
			if (*f)
				err_print("printf: %%%c: invalid directive",
					  *f);
			else
				err_print("printf: missing format character");
			*status = 2;
			return 1;
		}
		f++;
	}
	return 0;
}

int bi_printf(int argc, char **argv)
{
	char **args, **before;
	int status = 0, i = 1;

	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc) {
		err_print("printf: usage: printf format [arg ...]");
		return 2;
	}
	args = argv + i + 1;
	do {
		before = args;
		if (print_once(argv[i], &args, &status))
			break;
	} while (*args && args != before);
	return status;
}
