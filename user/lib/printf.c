/*
 * printf and its kin.  One engine writes pieces to a sink, which is a stream or
 * a string.  Floating point goes through the exact digits of double.c; nothing
 * here uses a floating-point register, except in passing a double on, so a
 * program that prints only whole numbers leaves the unit off.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/lib/libc.h"
#include "user/lib/stdio.h"

struct sink {
	FILE *f;    /* to here, */
	char *buf;  /* or to here, */
	size_t cap; /* with this much room */
	size_t total;
	int failed;
	int shown; /* strings do nothing to a terminal */
};

struct spec {
	int left, plus, space, alt, zero;
	int width, prec; /* prec < 0: not given */
	int quoted;      /* a ' stands before it */
	char conv;
};

static void sink_put(struct sink *k, const char *s, size_t n)
{
	if (k->f) {
		if (n && __stdio_write(k->f, s, n) != n)
			k->failed = 1;
	} else if (k->total < k->cap) {
		size_t room = k->cap - k->total;

		memcpy(k->buf + k->total, s, n < room ? n : room);
	}
	k->total += n;
}

static void sink_fill(struct sink *k, char c, int n)
{
	char block[32];

	if (n <= 0)
		return;
	memset(block, c, sizeof(block));
	for (; n > (int)sizeof(block); n -= (int)sizeof(block))
		sink_put(k, block, sizeof(block));
	sink_put(k, block, (size_t)n);
}

/* Prefix, zeros and body in a field: the padding's place depends on flags. */
static void put_field(struct sink *k, const struct spec *sp, const char *prefix,
		      int zeros, const char *body, size_t n)
{
	int prefix_len = (int)strlen(prefix);
	int pad = sp->width - prefix_len - zeros - (int)n;

	if (!sp->left && !sp->zero)
		sink_fill(k, ' ', pad);
	sink_put(k, prefix, (size_t)prefix_len);
	if (!sp->left && sp->zero)
		sink_fill(k, '0', pad);
	sink_fill(k, '0', zeros);
	sink_put(k, body, n);
	if (sp->left)
		sink_fill(k, ' ', pad);
}

static void put_integer(struct sink *k, struct spec *sp, uint64_t v,
			int negative)
{
	const char *set =
		sp->conv == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	const char *prefix = "";
	char buf[24], *p = buf + sizeof(buf);
	int zeros, n;
	uint64_t x = v;

	switch (sp->conv) {
	case 'o':
		for (; x; x >>= 3)
			*--p = (char)('0' + (x & 7));
		break;
	case 'x':
	case 'X':
	case 'p':
		for (; x; x >>= 4)
			*--p = set[x & 15];
		if ((sp->alt && v) || sp->conv == 'p')
			prefix = sp->conv == 'X' ? "0X" : "0x";
		break;
	default:
		for (; x; x /= 10)
			*--p = (char)('0' + x % 10);
		if (sp->conv != 'u')
			prefix = negative    ? "-"
				 : sp->plus  ? "+"
				 : sp->space ? " "
					     : "";
	}
	n = (int)(buf + sizeof(buf) - p);
	zeros = (sp->prec < 0 ? 1 : sp->prec) - n;
	if (zeros < 0)
		zeros = 0;
	if (sp->conv == 'o' && sp->alt && !zeros && (v || sp->prec == 0))
		zeros = 1;
	if (sp->prec >= 0)
		sp->zero = 0;
	put_field(k, sp, prefix, zeros, p, (size_t)n);
}

/* Round to `keep` digits, half to even; keep may be 0 or less. */
static int digits_round(char *digits, int count, int keep, int *point)
{
	int i, up = 0;

	if (keep >= count)
		return count;
	if (keep >= 0) {
		char d = digits[keep];

		if (d != '5')
			up = d > '5';
		else if (keep + 1 < count)
			up = 1; /* there are no zeros at the end */
		else
			up = keep > 0 && (digits[keep - 1] & 1);
	}
	if (keep < 0)
		keep = 0;
	count = keep;
	if (up) {
		for (i = count - 1; i >= 0 && digits[i] == '9'; i--)
			;
		if (i < 0) {
			digits[0] = '1';
			*point += 1;
			return 1;
		}
		digits[i]++;
		count = i + 1;
	}
	while (count && digits[count - 1] == '0')
		count--;
	return count;
}

/* Digits first .. last - 1 of the number, zeros where there are none. */
static void put_digits(struct sink *k, const char *digits, int count, int first,
		       int last)
{
	if (first < 0 && first < last) {
		int zeros = (last < 0 ? last : 0) - first;

		sink_fill(k, '0', zeros);
		first += zeros;
	}
	if (first < last && first < count) {
		int n = (last < count ? last : count) - first;

		sink_put(k, digits + first, (size_t)n);
		first += n;
	}
	sink_fill(k, '0', last - first);
}

static void put_hex_double(struct sink *k, struct spec *sp, uint64_t bits,
			   const char *sign)
{
	const char *set =
		sp->conv == 'A' ? "0123456789ABCDEF" : "0123456789abcdef";
	uint64_t m = bits & ((1ul << 52) - 1);
	int e = (int)(bits >> 52) & 0x7ff, n = 0, lead, digit, pe, i;
	char body[32], prefix[8], expo[8];
	int zeros = sp->prec > 13 ? sp->prec - 13 : 0, pad;

	lead = e ? 1 : 0;
	e = e ? e - 1023 : m ? -1022 : 0;
	if (sp->prec >= 0 && sp->prec < 13) {
		int drop = 52 - 4 * sp->prec;
		uint64_t half = 1ul << (drop - 1), rest;

		m |= (uint64_t)lead << 52;
		rest = m & ((half << 1) - 1);
		m >>= drop;
		if (rest > half || (rest == half && (m & 1)))
			m++;
		m <<= drop;
		lead = (int)(m >> 52);
		m &= (1ul << 52) - 1;
	}
	body[n++] = (char)('0' + lead);
	for (i = 0; i < 13; i++) {
		if (sp->prec < 0 ? !(m & ((1ul << (52 - 4 * i)) - 1))
				 : i >= sp->prec)
			break;
		if (i == 0)
			body[n++] = '.';
		digit = (int)(m >> (48 - 4 * i)) & 15;
		body[n++] = set[digit];
	}
	if (n == 1 && sp->alt)
		body[n++] = '.';
	pe = 0;
	expo[pe++] = sp->conv == 'A' ? 'P' : 'p';
	expo[pe++] = e < 0 ? '-' : '+';
	if (e < 0)
		e = -e;
	for (i = e > 999 ? 1000 : e > 99 ? 100 : e > 9 ? 10 : 1; i; i /= 10)
		expo[pe++] = (char)('0' + e / i % 10);
	strcpy(stpcpy(prefix, sign), sp->conv == 'A' ? "0X" : "0x");
	pad = sp->width - (int)strlen(prefix) - n - zeros - pe;
	if (!sp->left && !sp->zero)
		sink_fill(k, ' ', pad);
	sink_put(k, prefix, strlen(prefix));
	if (!sp->left && sp->zero)
		sink_fill(k, '0', pad);
	sink_put(k, body, (size_t)n);
	sink_fill(k, '0', zeros);
	sink_put(k, expo, (size_t)pe);
	if (sp->left)
		sink_fill(k, ' ', pad);
}

static void put_double(struct sink *k, struct spec *sp, double value)
{
	char digits[DOUBLE_DIGITS_MAX], expo[8];
	const char *sign;
	int count, point, prec = sp->prec, conv = sp->conv | 32, trim = 0;
	int e = 0, expo_len = 0, whole, len, pad;
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	sign = bits >> 63 ? "-" : sp->plus ? "+" : sp->space ? " " : "";
	if (((bits >> 52) & 0x7ff) == 0x7ff) {
		const char *word = bits << 12 ? "nan" : "inf";

		if (!(sp->conv & 32))
			word = bits << 12 ? "NAN" : "INF";
		sp->zero = 0;
		put_field(k, sp, sign, 0, word, 3);
		return;
	}
	if (conv == 'a') {
		put_hex_double(k, sp, bits, sign);
		return;
	}
	count = __double_digits(value, digits, &point);
	if (prec < 0)
		prec = 6;
	if (conv == 'g') {
		if (prec == 0)
			prec = 1;
		count = digits_round(digits, count, prec, &point);
		e = count ? point - 1 : 0;
		trim = !sp->alt;
		if (e < -4 || e >= prec) {
			conv = 'e';
			prec--;
		} else {
			conv = 'f';
			prec -= e + 1;
		}
	} else if (conv == 'e') {
		count = digits_round(digits, count, prec + 1, &point);
	} else {
		count = digits_round(digits, count, point + prec, &point);
	}
	if (!count)
		point = conv == 'e' ? 1 : 0;
	if (trim) {
		/* %g drops zeros at the end: as many places as there are. */
		int places = conv == 'e' ? count - 1 : count - point;

		if (places < 0)
			places = 0;
		if (places < prec)
			prec = places;
	}
	if (conv == 'e') {
		e = point - 1;
		expo[expo_len++] = sp->conv & 32 ? 'e' : 'E';
		expo[expo_len++] = e < 0 ? '-' : '+';
		if (e < 0)
			e = -e;
		if (e > 99)
			expo[expo_len++] = (char)('0' + e / 100);
		expo[expo_len++] = (char)('0' + e / 10 % 10);
		expo[expo_len++] = (char)('0' + e % 10);
		point = 1;
	}
	whole = point > 0 ? point : 1;
	len = (int)strlen(sign) + whole + (prec || sp->alt) + prec + expo_len;
	pad = sp->width - len;
	if (!sp->left && !sp->zero)
		sink_fill(k, ' ', pad);
	sink_put(k, sign, strlen(sign));
	if (!sp->left && sp->zero)
		sink_fill(k, '0', pad);
	if (point > 0)
		put_digits(k, digits, count, 0, point);
	else
		sink_put(k, "0", 1);
	if (prec || sp->alt)
		sink_put(k, ".", 1);
	put_digits(k, digits, count, point, point + prec);
	sink_put(k, expo, (size_t)expo_len);
	if (sp->left)
		sink_fill(k, ' ', pad);
}

/* A 128-bit long double as the double that is nearest. */
static double long_double_near(const uint64_t *q)
{
	/* The upper bits below the leading one, and whether others are set. */
	uint64_t m = q[1] << 16 >> 1 | q[0] >> 49 | (q[0] << 15 != 0);
	uint64_t bits = 0x7fful << 52, rest;
	int e = (int)(q[1] >> 48) & 0x7fff, drop = 11;
	double d;

	if (e == 0x7fff) {
		bits |= (uint64_t)(m != 0) << 51;
		goto out;
	}
	m |= (uint64_t)(e != 0) << 63;
	e += 1023 - 16383; /* as a double has it */
	if (e < 1) {
		drop += 1 - e; /* a subnormal has fewer bits */
		e = 1;
	}
	if (drop > 63) {
		drop = 63;
		m = m != 0;
	}
	if (e < 0x7ff) {
		/* The leading one, and a carry, move into the exponent. */
		bits = (m >> drop) + ((uint64_t)(e - 1) << 52);
		rest = m << (64 - drop);
		bits += rest > 1ul << 63 || (rest == 1ul << 63 && (bits & 1));
	}
out:
	bits |= q[1] >> 63 << 63;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* How many bits of an argument's word an integer of this size leaves. */
static int unused_bits(int size)
{
	return size > 0 ? 0 : 64 - (32 >> -size);
}

/* What is too large for an int is INT_MAX. */
static int parse_digits(const char **fmt)
{
	int n = 0;

	for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
		n = n > (INT_MAX - 9) / 10 ? INT_MAX : n * 10 + (**fmt - '0');
	return n;
}

/* What goes to the argument that "3$" means: all are of one word here, but for
 * long double, which this does not step over. */
static void choose(va_list *ap, va_list *all, int n)
{
	va_end(*ap);
	va_copy(*ap, *all);
	while (--n > 0)
		(void)va_arg(*ap, long);
}

/* "3$" stands here: 3, otherwise 0. */
static int parse_position(const char **fmt)
{
	const char *p = *fmt;
	int n = parse_digits(&p);

	if (*p != '$')
		return 0;
	*fmt = p + 1;
	return n;
}

static int parse_number(const char **fmt, va_list *ap, va_list *all)
{
	int n;

	if (**fmt != '*')
		return parse_digits(fmt);
	++*fmt;
	n = parse_position(fmt);
	if (n)
		choose(ap, all, n);
	return va_arg(*ap, int);
}

/* Wide characters, of which the locale "C" has those that are a byte. */
static void put_wide(struct sink *k, const struct spec *sp, const wchar_t *s,
		     size_t n)
{
	int pad = sp->width - (int)n;
	char c;

	if (!sp->left)
		sink_fill(k, ' ', pad);
	for (; n--; s++) {
		c = (char)*s;
		if (*s != (unsigned char)c) {
			errno = EILSEQ;
			k->failed = 1;
			return;
		}
		sink_put(k, &c, 1);
	}
	if (sp->left)
		sink_fill(k, ' ', pad);
}

/* Would a terminal obey it? Of UTF-8 that are C0, DEL and C1, and of bytes that
 * are no UTF-8 those that an older terminal takes for C1. */
static int is_control(const char *s, size_t i)
{
	unsigned char c = (unsigned char)s[i];
	unsigned char before = i ? (unsigned char)s[i - 1] : 0;

	return c < 32 || c == 127 ||
	       ((c & 0xe0) == 0x80 && (before < 0x80 || before == 0xc2));
}

/* As one word of the shell: a'$'\n''b, in quotes unless they are there. */
static void put_shown(struct sink *k, const char *s, size_t n, int quoted)
{
	int control, before = 0;
	size_t i;

	if (!quoted)
		sink_put(k, "'", 1);
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char octal[4] = { '\\', (char)('0' + (c >> 6)),
				  (char)('0' + (c >> 3 & 7)),
				  (char)('0' + (c & 7)) };

		control = is_control(s, i);
		if (control > before)
			sink_put(k, "'$'", 3);
		else if (control < before)
			sink_put(k, "''", 2);
		before = control;
		if (c >= 7 && c <= 13) {
			octal[1] = "abtnvfr"[c - 7];
			sink_put(k, octal, 2);
		} else if (control) {
			sink_put(k, octal, 4);
		} else {
			sink_put(k, c == '\'' ? "'\\''" : s + i,
				 c == '\'' ? 4 : 1);
		}
	}
	if (!quoted)
		sink_put(k, "'", 1);
}

static void print_one(struct sink *k, struct spec *sp, int size, va_list *ap,
		      int saved_errno)
{
	const wchar_t *wide;
	wchar_t one;
	const char *s;
	size_t n, i;
	char c;

	if (size == 1 && (sp->conv == 'c' || sp->conv == 's'))
		sp->conv -= 'a' - 'A';
	switch (sp->conv) {
	case 'C':
		one = (wchar_t)va_arg(*ap, unsigned int);
		put_wide(k, sp, &one, 1);
		break;
	case 'd':
	case 'i': {
		int64_t v = va_arg(*ap, long) << unused_bits(size) >>
			    unused_bits(size);

		put_integer(k, sp, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0);
		break;
	}
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_integer(k, sp,
			    va_arg(*ap, unsigned long) << unused_bits(size) >>
				    unused_bits(size),
			    0);
		break;
	case 'p':
		put_integer(k, sp, (uintptr_t)va_arg(*ap, void *), 0);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		sp->zero = 0;
		if (k->shown && is_control(&c, 0))
			put_shown(k, &c, 1, sp->quoted);
		else
			put_field(k, sp, "", 0, &c, 1);
		break;
	case 's':
	case 'S':
	case 'm':
		s = sp->conv == 'm' ? strerror(saved_errno)
				    : va_arg(*ap, const char *);
		if (!s) {
			s = "(null)";
		} else if (sp->conv == 'S') {
			wide = (const wchar_t *)(const void *)s;
			for (n = 0; n != (size_t)sp->prec && wide[n];)
				n++;
			put_wide(k, sp, wide, n);
			break;
		}
		sp->zero = 0;
		n = sp->prec < 0 ? strlen(s) : strnlen(s, (size_t)sp->prec);
		for (i = 0; k->shown && i < n; i++) {
			if (is_control(s, i)) {
				put_shown(k, s, n, sp->quoted);
				return;
			}
		}
		put_field(k, sp, "", 0, s, n);
		break;
	case 'n':
		memcpy(va_arg(*ap, void *), &k->total,
		       size > 0 ? sizeof(long) : (size_t)4 >> -size);
		break;
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		if (size == 3) {
			union {
				long double ld;
				uint64_t q[2];
			} u;

			u.ld = va_arg(*ap, long double);
			put_double(k, sp, long_double_near(u.q));
		} else {
			put_double(k, sp, va_arg(*ap, double));
		}
		break;
	default: /* not a conversion: shown as it is */
		sink_put(k, "%", 1);
		sink_put(k, &sp->conv, 1);
	}
}

static int print(struct sink *k, const char *fmt, va_list *all)
{
	int saved_errno = errno, size, position, quoted;
	const char *p;
	struct spec sp;
	va_list ap;

	va_copy(ap, *all);

	for (;;) {
		p = strchrnul(fmt, '%');
		if (p != fmt)
			sink_put(k, fmt, (size_t)(p - fmt));
		if (!*p)
			break;
		quoted = p != fmt && p[-1] == '\'';
		fmt = p + 1;
		if (*fmt == '%') {
			sink_put(k, fmt++, 1);
			continue;
		}
		memset(&sp, 0, sizeof(sp));
		sp.quoted = quoted;
		position = parse_position(&fmt);
		for (;; fmt++) {
			if (*fmt == '-')
				sp.left = 1;
			else if (*fmt == '+')
				sp.plus = 1;
			else if (*fmt == ' ')
				sp.space = 1;
			else if (*fmt == '#')
				sp.alt = 1;
			else if (*fmt == '0')
				sp.zero = 1;
			else if (*fmt != '\'')
				break;
		}
		sp.width = parse_number(&fmt, &ap, all);
		if (sp.width < 0) {
			sp.left = 1;
			sp.width = sp.width < -INT_MAX ? INT_MAX : -sp.width;
		}
		sp.prec = -1;
		if (*fmt == '.') {
			fmt++;
			sp.prec = parse_number(&fmt, &ap, all);
		}
		for (size = 0;; fmt++) {
			if (*fmt == 'h')
				size--;
			else if (*fmt == 'l')
				size++;
			else if (*fmt == 'j' || *fmt == 'z' || *fmt == 't' ||
				 *fmt == 'q')
				size = 1;
			else if (*fmt == 'L')
				size = 3;
			else
				break;
		}
		if (!*fmt)
			break;
		if (sp.width == INT_MAX || sp.prec == INT_MAX) {
			errno = EOVERFLOW;
			k->failed = 1;
			break;
		}
		sp.conv = *fmt++;
		if (position)
			choose(&ap, all, position);
		print_one(k, &sp, size, &ap, saved_errno);
	}
	va_end(ap);
	if (k->failed)
		return -1;
	if (k->total > INT_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	return (int)k->total;
}

int vfprintf(FILE *restrict f, const char *restrict fmt, va_list ap)
{
	struct sink k = { .f = f, .shown = f->flags & F_SHOWN };
	unsigned char *buf, small[256];
	size_t size;
	va_list args;
	int ret;

	va_copy(args, ap);
	if (f->flags & F_NOBUF) {
		/* One write for the whole text, not one for each piece. */
		if (__stdio_to_write(f))
			return -1;
		buf = f->buf;
		size = f->size;
		f->buf = f->wpos = small;
		f->wend = small + sizeof(small);
		f->size = sizeof(small);
		f->flags &= ~F_NOBUF;
		ret = print(&k, fmt, &args);
		if (__stdio_flush(f))
			ret = -1;
		f->flags |= F_NOBUF;
		f->buf = f->wpos = buf;
		f->size = size;
		f->wend = buf + size;
	} else {
		ret = print(&k, fmt, &args);
	}
	va_end(args);
	return ret;
}

int vsnprintf(char *restrict s, size_t n, const char *restrict fmt, va_list ap)
{
	struct sink k = { .buf = s, .cap = n };
	va_list args;
	int ret;

	va_copy(args, ap);
	ret = print(&k, fmt, &args);
	va_end(args);
	if (n)
		s[k.total < n ? k.total : n - 1] = 0;
	return ret;
}

int vsprintf(char *restrict s, const char *restrict fmt, va_list ap)
{
	return vsnprintf(s, INT_MAX, fmt, ap);
}

int vprintf(const char *restrict fmt, va_list ap)
{
	return vfprintf(stdout, fmt, ap);
}

int vasprintf(char **s, const char *fmt, va_list ap)
{
	int n = vsnprintf(NULL, 0, fmt, ap);

	*s = NULL;
	if (n < 0)
		return -1;
	*s = malloc((size_t)n + 1);
	if (!*s)
		return -1;
	return vsnprintf(*s, (size_t)n + 1, fmt, ap);
}

int vdprintf(int fd, const char *restrict fmt, va_list ap)
{
	char small[256], *s = small;
	int n = vsnprintf(small, sizeof(small), fmt, ap), done;
	ssize_t put;

	if (n >= (int)sizeof(small) && vasprintf(&s, fmt, ap) < 0)
		return -1;
	for (done = 0; done < n; done += (int)put) {
		put = write(fd, s + done, (size_t)(n - done));
		if (put < 0) {
			n = -1;
			break;
		}
	}
	if (s != small)
		free(s);
	return n;
}

int printf(const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vfprintf(stdout, fmt, ap);
	va_end(ap);
	return ret;
}

int fprintf(FILE *restrict f, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vfprintf(f, fmt, ap);
	va_end(ap);
	return ret;
}

int dprintf(int fd, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vdprintf(fd, fmt, ap);
	va_end(ap);
	return ret;
}

int sprintf(char *restrict s, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vsprintf(s, fmt, ap);
	va_end(ap);
	return ret;
}

int snprintf(char *restrict s, size_t n, const char *restrict fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vsnprintf(s, n, fmt, ap);
	va_end(ap);
	return ret;
}

int asprintf(char **s, const char *fmt, ...)
{
	va_list ap;
	int ret;

	va_start(ap, fmt);
	ret = vasprintf(s, fmt, ap);
	va_end(ap);
	return ret;
}
