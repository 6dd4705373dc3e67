/*
 * Doubles to decimal digits and back, exactly.
 *
 * A double is m * 2^e.  For e >= 0 that is a whole number; for e < 0 it is
 * m * 5^-e with the decimal point moved -e places.  Either way it is a whole
 * number of at most 767 digits, kept in limbs of nine decimal digits, so that
 * printing needs no further division and rounding is done on true digits.
 *
 * The way back compares whole numbers too: digits * 10^x against m * 2^e.  The
 * quotient of the two is found bit by bit, 55 bits of it, and rounded to even.
 * Small cases, which are nearly all, are one multiplication or division of
 * exact doubles.  It is slow only for numbers that nobody writes.
 */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/lib/libc.h"

#define LIMB        1000000000u
#define LIMB_DIGITS 9
#define LIMBS_MAX   90

static int limbs_multiply(uint32_t *limb, int n, uint32_t by)
{
	uint64_t carry = 0;
	int i;

	for (i = 0; i < n; i++) {
		carry += (uint64_t)limb[i] * by;
		limb[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	if (carry)
		limb[n++] = (uint32_t)carry;
	return n;
}

int __double_digits(double value, char *digits, int *point)
{
	uint32_t limb[LIMBS_MAX];
	uint64_t bits, m;
	int e, n, i, k, count = 0, places = 0;
	char group[LIMB_DIGITS];

	memcpy(&bits, &value, sizeof(bits));
	m = bits & ((1ul << 52) - 1);
	e = (int)(bits >> 52) & 0x7ff;
	if (e)
		m |= 1ul << 52;
	else
		e = 1;
	e -= 1075;
	*point = 0;
	if (!m)
		return 0;
	for (; !(m & 1) && e < 0; e++)
		m >>= 1;
	for (n = 0; m; m /= LIMB)
		limb[n++] = (uint32_t)(m % LIMB);
	if (e < 0) {
		places = -e;
		for (k = -e; k >= 12; k -= 12)
			n = limbs_multiply(limb, n, 244140625);
		for (; k; k--)
			n = limbs_multiply(limb, n, 5);
	} else {
		for (k = e; k >= 28; k -= 28)
			n = limbs_multiply(limb, n, 1u << 28);
		if (k)
			n = limbs_multiply(limb, n, 1u << k);
	}
	for (i = n - 1; i >= 0; i--) {
		uint32_t v = limb[i];

		for (k = LIMB_DIGITS - 1; k >= 0; k--, v /= 10)
			group[k] = (char)('0' + v % 10);
		for (k = 0; k < LIMB_DIGITS; k++)
			if (count || group[k] != '0')
				digits[count++] = group[k];
	}
	*point = count - places;
	while (count && digits[count - 1] == '0')
		count--;
	return count;
}

/* Big binary numbers, for reading. */
#define BIG_WORDS 160

struct big {
	int n; /* words in use, the highest not zero */
	uint32_t w[BIG_WORDS];
};

static void big_multiply_add(struct big *b, uint32_t by, uint32_t add)
{
	uint64_t carry = add;
	int i;

	for (i = 0; i < b->n; i++) {
		carry += (uint64_t)b->w[i] * by;
		b->w[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		b->w[b->n++] = (uint32_t)carry;
}

static void big_power_of_ten(struct big *b, int x)
{
	for (; x >= 9; x -= 9)
		big_multiply_add(b, 1000000000, 0);
	for (; x; x--)
		big_multiply_add(b, 10, 0);
}

static int big_bits(const struct big *b)
{
	uint32_t top;
	int bits;

	if (!b->n)
		return 0;
	bits = (b->n - 1) * 32;
	for (top = b->w[b->n - 1]; top; top >>= 1)
		bits++;
	return bits;
}

static void big_shift_left(struct big *b, int by)
{
	int words = by / 32, bits = by % 32, i;

	if (!b->n || !by)
		return;
	b->w[b->n] = 0;
	for (i = b->n; i >= 0; i--) {
		uint32_t high = b->w[i] << bits;

		if (bits && i)
			high |= b->w[i - 1] >> (32 - bits);
		b->w[i + words] = high;
	}
	for (i = 0; i < words; i++)
		b->w[i] = 0;
	b->n += words + 1;
	while (b->n && !b->w[b->n - 1])
		b->n--;
}

static int big_compare(const struct big *a, const struct big *b)
{
	int i;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (i = a->n - 1; i >= 0; i--)
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i] ? -1 : 1;
	return 0;
}

static void big_subtract(struct big *a, const struct big *b)
{
	int64_t borrow = 0;
	int i;

	for (i = 0; i < a->n; i++) {
		borrow += (int64_t)a->w[i] - (i < b->n ? b->w[i] : 0);
		a->w[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (a->n && !a->w[a->n - 1])
		a->n--;
}

/* How the last number was rounded: 1 away from zero, -1 towards it, 0 not. */
static int rounded;
/* Not by the arithmetic of doubles, which does not say how it rounded. */
static int slowly;

static double double_make(int negative, uint64_t bits)
{
	double d;

	bits |= (uint64_t) !!negative << 63;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* m * 2^e, with m of exactly 55 bits and `more` for bits below: rounded. */
static double double_round(int negative, uint64_t m, int e, int more)
{
	int drop = 2, biased = e + 54 + 1023;
	uint64_t half, rest;

	if (biased < 1) {
		drop += 1 - biased; /* a subnormal has fewer bits */
		biased = 0;
		if (drop > 56)
			drop = 56;
	}
	if (biased > 0x7ff)
		biased = 0x7ff; /* as much too large, and no carry beyond */
	half = 1ul << (drop - 1);
	rest = m & ((half << 1) - 1);
	m >>= drop;
	rounded = rest || more ? -1 : 0;
	if (rest > half || (rest == half && (more || (m & 1)))) {
		m++;
		rounded = 1;
	}
	/* A carry out of m moves into the exponent, as it should. */
	if (biased)
		m += (uint64_t)(biased - 1) << 52;
	if (m >= 0x7fful << 52) {
		errno = ERANGE;
		m = 0x7fful << 52;
	} else if (m < 1ul << 52 && (rest || more || !m)) {
		errno = ERANGE;
	}
	return double_make(negative, m);
}

/* digits * 10^x, the digits taken as a whole number; more: not all given. */
static double double_from_digits(int negative, const char *digits, int count,
				 int x, int more)
{
	static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
				       1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
				       1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
				       1e18, 1e19, 1e20, 1e21, 1e22 };
	struct big num, den;
	uint64_t m = 0;
	double d;
	int i, shift;

	if (count + x > 310)
		return double_round(negative, 1ul << 54, 2000, 0);
	if (count + x < -330)
		return double_round(negative, 1ul << 54, -2000, 1);
	if (!slowly && count <= 15 && x >= -22 && x <= 22) {
		for (i = 0; i < count; i++)
			m = m * 10 + (uint64_t)(digits[i] - '0');
		d = (double)m;
		d = x < 0 ? d / tens[-x] : d * tens[x];
		return negative ? -d : d;
	}
	num.n = 0;
	den.n = 1;
	den.w[0] = 1;
	for (i = 0; i < count; i++)
		big_multiply_add(&num, 10, (uint32_t)(digits[i] - '0'));
	if (x > 0)
		big_power_of_ten(&num, x);
	else
		big_power_of_ten(&den, -x);
	/* Bring the quotient to 55 or 56 bits. */
	shift = 56 - (big_bits(&num) - big_bits(&den));
	if (shift > 0)
		big_shift_left(&num, shift);
	else
		big_shift_left(&den, -shift);
	/* Long division, from the highest possible bit down. */
	big_shift_left(&den, 57);
	for (i = 57; i >= 0; i--) {
		m <<= 1;
		if (big_compare(&num, &den) >= 0) {
			big_subtract(&num, &den);
			m |= 1;
		}
		/* Halving den would lose bits: double num instead. */
		if (i)
			big_shift_left(&num, 1);
	}
	if (num.n)
		more = 1;
	for (; m >> 55; m >>= 1, shift--)
		more |= (int)(m & 1);
	return double_round(negative, m, -shift, more);
}

static int match_word(const char *s, const char *word)
{
	size_t n = strlen(word);

	return strncasecmp(s, word, n) == 0 ? (int)n : 0;
}

/* What stands behind 0x: hexadecimal digits, a point, p and a power of two. */
static double double_from_hex(int negative, const char *s, const char **end)
{
	const char *p;
	uint64_t m = 0;
	int e = 0, seen_point = 0, more = 0, d, power = 0, neg;

	for (;; s++) {
		if (*s == '.' && !seen_point) {
			seen_point = 1;
			continue;
		}
		if (!isxdigit((unsigned char)*s))
			break;
		d = isdigit((unsigned char)*s) ? *s - '0'
					       : (*s | 32) - 'a' + 10;
		if (m >> 60) {
			more |= d != 0;
			e += seen_point ? 0 : 4;
		} else {
			m = m << 4 | (unsigned int)d;
			e -= seen_point ? 4 : 0;
		}
	}
	if ((*s | 32) == 'p') {
		p = s + 1;
		neg = *p == '-';
		p += *p == '-' || *p == '+';
		if (isdigit((unsigned char)*p)) {
			for (; isdigit((unsigned char)*p); p++)
				if (power < 100000)
					power = power * 10 + (*p - '0');
			e += neg ? -power : power;
			s = p;
		}
	}
	*end = s;
	if (!m)
		return double_make(negative, 0);
	for (; !(m >> 54); m <<= 1)
		e--;
	for (; m >> 55; m >>= 1, e++)
		more |= (int)(m & 1);
	return double_round(negative, m, e, more);
}

double strtod(const char *restrict s, char **restrict end)
{
	char digits[DOUBLE_DIGITS_MAX];
	const char *start = s, *p;
	int negative = 0, count = 0, x = 0, any = 0, point = 0, more = 0;
	int power = 0, neg, n;
	double d = 0;

	while (isspace((unsigned char)*s))
		s++;
	if (*s == '+' || *s == '-')
		negative = *s++ == '-';
	if ((n = match_word(s, "infinity")) || (n = match_word(s, "inf"))) {
		d = double_make(negative, 0x7fful << 52);
		s += n;
		goto out;
	}
	if ((n = match_word(s, "nan"))) {
		d = double_make(negative, 0xffful << 51);
		s += n;
		/* What stands in parentheses may follow, and says nothing. */
		for (p = s + 1;
		     *s == '(' && (isalnum((unsigned char)*p) || *p == '_');)
			p++;
		if (*s == '(' && *p == ')')
			s = p + 1;
		goto out;
	}
	if (s[0] == '0' && (s[1] | 32) == 'x' &&
	    (isxdigit((unsigned char)s[2]) ||
	     (s[2] == '.' && isxdigit((unsigned char)s[3])))) {
		d = double_from_hex(negative, s + 2, &p);
		s = p;
		goto out;
	}
	for (;; s++) {
		if (*s == '.' && !point) {
			point = 1;
			continue;
		}
		if (!isdigit((unsigned char)*s))
			break;
		any = 1;
		if (!count && *s == '0') {
			x -= point;
		} else if (count < DOUBLE_DIGITS_MAX) {
			digits[count++] = *s;
			x -= point;
		} else {
			more |= *s != '0';
			x += !point;
		}
	}
	if (!any) {
		s = start;
		goto out;
	}
	if ((*s | 32) == 'e') {
		p = s + 1;
		neg = *p == '-';
		p += *p == '-' || *p == '+';
		if (isdigit((unsigned char)*p)) {
			for (; isdigit((unsigned char)*p); p++)
				if (power < 100000)
					power = power * 10 + (*p - '0');
			x += neg ? -power : power;
			s = p;
		}
	}
	while (count && digits[count - 1] == '0') {
		count--;
		x++;
	}
	if (count)
		d = double_from_digits(negative, digits, count, x, more);
	else
		d = double_make(negative, 0);
out:
	if (end)
		*end = (char *)(uintptr_t)s;
	return d;
}

float strtof(const char *restrict s, char **restrict end)
{
	union {
		double d;
		uint64_t bits;
	} u;
	float f;

	/* Rounded twice; the second time to where the number itself lies. */
	slowly = 1;
	rounded = 0;
	u.d = strtod(s, end);
	slowly = 0;
	f = (float)u.d;
	if (u.d != u.d) /* hardware forgets the sign */
		return u.bits >> 63 ? -__builtin_nanf("") : __builtin_nanf("");
	if (u.d == 0 || u.d == (double)f * 2)
		return f;
	if (rounded && (u.bits & 0xfffffff) == 0 && (double)f != u.d) {
		u.bits += rounded < 0 ? 1 : -1ul;
		f = (float)u.d;
	}
	if ((f - f != 0 && u.d - u.d == 0) ||
	    (f < FLT_MIN && f > -FLT_MIN && ((double)f != u.d || rounded)))
		errno = ERANGE;
	return f;
}
