/*
 * Formatting into a buffer.
 *
 * One pass: parse a conversion, make its digits at the end of a small array,
 * then pad and copy. Output beyond the buffer is counted but not written,
 * which gives the standard's return value without a second pass. There is no
 * floating point in the kernel, hence none here, and no %n: nothing should
 * be able to write through a format.
 */
#include "kernel/string.h"

#include <stdbool.h>
#include <stdint.h>

struct out {
	char *buf;
	size_t size;
	size_t len; /* wanted so far */
};

struct spec {
	bool left, plus, space, alt, zero;
	int width;
	int precision; /* -1: none given */
	int size;      /* bytes of the integer argument */
};

/* 64 bits in octal, and the sign or prefix is written apart. */
#define DIGITS_MAX 24

static void out_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void out_pad(struct out *o, char c, int n)
{
	while (n-- > 0)
		out_char(o, c);
}

static void out_bytes(struct out *o, const char *s, size_t n)
{
	while (n--)
		out_char(o, *s++);
}

static void out_text(struct out *o, const struct spec *sp, const char *s,
		     size_t n)
{
	int pad = sp->width - (int)n;

	if (!sp->left)
		out_pad(o, ' ', pad);
	out_bytes(o, s, n);
	if (sp->left)
		out_pad(o, ' ', pad);
}

static void out_number(struct out *o, const struct spec *sp, uint64_t v,
		       unsigned int base, bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[DIGITS_MAX];
	int n = 0, zeros = 0, pad;
	int prefix_len = (int)strlen(prefix);

	if (base == 10 && v <= UINT32_MAX) {
		/* The usual case, by the shorter division. */
		uint32_t w = (uint32_t)v;

		for (; w; w /= 10)
			text[DIGITS_MAX - ++n] = digits[w % 10];
	} else {
		for (; v; v /= base)
			text[DIGITS_MAX - ++n] = digits[v % base];
	}
	if (!n && sp->precision)
		text[DIGITS_MAX - ++n] = '0';
	if (sp->precision > n)
		zeros = sp->precision - n;
	else if (base == 8 && sp->alt && (!n || text[DIGITS_MAX - n] != '0'))
		zeros = 1;
	if (sp->zero && !sp->left && sp->precision < 0 &&
	    sp->width > n + zeros + prefix_len)
		zeros = sp->width - n - prefix_len;
	pad = sp->width - n - zeros - prefix_len;
	if (!sp->left)
		out_pad(o, ' ', pad);
	out_bytes(o, prefix, (size_t)prefix_len);
	out_pad(o, '0', zeros);
	out_bytes(o, text + DIGITS_MAX - n, (size_t)n);
	if (sp->left)
		out_pad(o, ' ', pad);
}

static int parse_int(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++)
		if (n < 100000)
			n = n * 10 + (**fmt - '0');
	return n;
}

static void parse_flags(const char **fmt, struct spec *sp)
{
	for (;; (*fmt)++) {
		switch (**fmt) {
		case '-':
			sp->left = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		case '#':
			sp->alt = true;
			break;
		case '0':
			sp->zero = true;
			break;
		default:
			return;
		}
	}
}

static void parse_size(const char **fmt, struct spec *sp)
{
	sp->size = sizeof(int);
	switch (**fmt) {
	case 'h':
		sp->size = 2;
		if (*++*fmt == 'h') {
			sp->size = 1;
			++*fmt;
		}
		break;
	case 'l':
		sp->size = sizeof(long);
		if (*++*fmt == 'l') {
			sp->size = sizeof(long long);
			++*fmt;
		}
		break;
	case 'j':
	case 'z':
	case 't':
		sp->size = sizeof(long);
		++*fmt;
		break;
	}
}

static void format_signed(struct out *o, const struct spec *sp, int64_t v)
{
	const char *sign;

	if (sp->size == 1)
		v = (signed char)v;
	else if (sp->size == 2)
		v = (short)v;
	sign = v < 0 ? "-" : sp->plus ? "+" : sp->space ? " " : "";
	out_number(o, sp, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, false,
		   sign);
}

static void format_unsigned(struct out *o, const struct spec *sp, uint64_t v,
			    char conv)
{
	const char *prefix = "";

	if (sp->size < 8)
		v &= (UINT64_C(1) << sp->size * 8) - 1;
	if (conv == 'u') {
		out_number(o, sp, v, 10, false, prefix);
		return;
	}
	if (conv == 'o') {
		out_number(o, sp, v, 8, false, prefix);
		return;
	}
	if (sp->alt && v)
		prefix = conv == 'X' ? "0X" : "0x";
	out_number(o, sp, v, 16, conv == 'X', prefix);
}

static void format_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	out_text(o, sp, s,
		 sp->precision < 0 ? strlen(s)
				   : strnlen(s, (size_t)sp->precision));
}

int vsnprintf(char *restrict buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	char c;

	while (*fmt) {
		struct spec sp = { .precision = -1 };

		if (*fmt != '%') {
			out_char(&o, *fmt++);
			continue;
		}
		fmt++;
		parse_flags(&fmt, &sp);
		if (*fmt == '*') {
			fmt++;
			sp.width = va_arg(ap, int);
			if (sp.width < 0) {
				sp.left = true;
				sp.width = -sp.width;
			}
		} else {
			sp.width = parse_int(&fmt);
		}
		if (*fmt == '.') {
			fmt++;
			if (*fmt == '*') {
				fmt++;
				sp.precision = va_arg(ap, int);
			} else {
				sp.precision = parse_int(&fmt);
			}
		}
		parse_size(&fmt, &sp);
		switch (*fmt) {
		case 'd':
		case 'i':
			format_signed(&o, &sp,
				      sp.size == 8 ? va_arg(ap, int64_t)
						   : va_arg(ap, int));
			break;
		case 'u':
		case 'x':
		case 'X':
		case 'o':
			format_unsigned(&o, &sp,
					sp.size == 8 ? va_arg(ap, uint64_t)
						     : va_arg(ap, unsigned int),
					*fmt);
			break;
		case 'p':
			sp.alt = true;
			sp.size = 8;
			format_unsigned(&o, &sp, (uintptr_t)va_arg(ap, void *),
					'x');
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			out_text(&o, &sp, &c, 1);
			break;
		case 's':
			format_string(&o, &sp, va_arg(ap, const char *));
			break;
		case '%':
			out_char(&o, '%');
			break;
		case '\0':
			continue;
		default:
			/* Unknown: shown as it stands, which is noticed. */
			out_char(&o, '%');
			out_char(&o, *fmt);
			break;
		}
		fmt++;
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int snprintf(char *restrict buf, size_t size, const char *restrict fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
