/*
 * factor: the prime factors of numbers up to 2^128 - 1: small ones by division,
 * the others by Pollard's rho, with Miller and Rabin's test.  For the first
 * thirteen primes that is exact below 3.3e24; beyond, where thirty are taken,
 * no composite number of 128 bits is known that passes.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 number_t;

/*
 * What all that follows is counted by, with what P. Montgomery's product wants
 * ("Modular Multiplication Without Trial Division", 1985): a number x stands
 * for x * 2^-128 mod n, and no division is needed.
 */
static number_t modulus, inverse, one; /* odd; inverse * n = 1 mod 2^128 */

/* a * b: the lower half, and in *high the upper one. */
static number_t wide(number_t a, number_t b, number_t *high)
{
	uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
	uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
	number_t low = (number_t)a0 * b0, x = (number_t)a0 * b1;
	number_t y = (number_t)a1 * b0;
	number_t middle = (low >> 64) + (uint64_t)x + (uint64_t)y;

	*high = (number_t)a1 * b1 + (x >> 64) + (y >> 64) + (middle >> 64);
	return middle << 64 | (uint64_t)low;
}

static number_t mul(number_t a, number_t b)
{
	number_t high, low = wide(a, b, &high), rest;

	wide(low * inverse, modulus, &rest);
	return high >= rest ? high - rest : high - rest + modulus;
}

static number_t add(number_t a, number_t b)
{
	return a >= modulus - b ? a - (modulus - b) : a + b;
}

static void set_modulus(number_t n)
{
	int i;

	modulus = n;
	/* Newton's way: each step doubles the bits that are right, from 3 on.
	 */
	for (inverse = n, i = 3; i < 128; i *= 2)
		inverse *= 2 - n * inverse;
	one = -n % n;
}

static const unsigned char bases[] = { 2,  3,   5,   7,   11,  13, 17, 19,
				       23, 29,  31,  37,  41,  43, 47, 53,
				       59, 61,  67,  71,  73,  79, 83, 89,
				       97, 101, 103, 107, 109, 113 };
#define BASES (sizeof(bases) / sizeof(*bases))

/* Of an odd number without a divisor among the bases. */
static int is_prime(number_t n)
{
	number_t d = n - 1, x, e, power, minus_one;
	unsigned int i, k, twos = 0;

	set_modulus(n);
	minus_one = n - one;
	for (; !(d & 1); d >>= 1)
		twos++;
	for (i = 0; i < BASES; i++) {
		for (power = 0, k = 0; k < bases[i]; k++)
			power = add(power, one);
		for (x = one, e = d; e; e >>= 1, power = mul(power, power))
			if (e & 1)
				x = mul(x, power);
		if (x == one || x == minus_one)
			continue;
		for (k = 1; k < twos && x != minus_one; k++)
			x = mul(x, x);
		if (x != minus_one)
			return 0;
	}
	return 1;
}

static number_t gcd(number_t a, number_t b)
{
	number_t t;

	for (; b; a = b, b = t)
		t = a % b;
	return a;
}

static number_t next(number_t x, number_t c)
{
	return add(mul(x, x), c);
}

/* A divisor of n, which is odd, no prime, and the modulus. */
static number_t divisor(number_t n)
{
	number_t x, y, c, d, product;
	int i;

	for (c = 1;; c++) {
		x = y = 2;
		d = 1;
		/* Many differences are multiplied for one gcd. */
		while (d == 1) {
			product = one;
			for (i = 0; i < 64; i++) {
				x = next(x, c);
				y = next(next(y, c), c);
				product = mul(product, x > y ? x - y : y - x);
			}
			d = gcd(product, n);
		}
		if (d != n)
			return d;
		/* Both factors at once: again, one difference at a time. */
		x = y = 2;
		do {
			x = next(x, c);
			y = next(next(y, c), c);
			d = gcd(x > y ? x - y : y - x, n);
		} while (d == 1);
		if (d != n)
			return d;
	}
}

static number_t found[128];
static int found_n;

static void split(number_t n)
{
	number_t d;

	if (n == 1)
		return;
	if (is_prime(n)) {
		found[found_n++] = n;
		return;
	}
	d = divisor(n);
	split(d);
	split(n / d);
}

static int compare(const void *a, const void *b)
{
	const number_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void put(number_t n)
{
	if (n > 9)
		put(n / 10);
	putchar('0' + (int)(n % 10));
}

static int exponents;

static int show(const char *s)
{
	number_t n = 0, d, rest;
	const char *p;
	int i, k, wrong = 0;

	s += strspn(s, " \t");
	if (*s == '+')
		s++;
	for (p = s; isdigit((unsigned char)*p); p++)
		wrong |= __builtin_mul_overflow(n, (number_t)10, &n) ||
			 __builtin_add_overflow(n, (number_t)(*p - '0'), &n);
	if (p == s || *p) {
		warnx("'%s' is not a valid positive integer", s);
		return 1;
	}
	if (wrong) {
		warnx("'%s' is too large", s);
		return 1;
	}
	put(n);
	putchar(':');
	found_n = 0;
	rest = n;
	for (d = 2; n && d < 1000 && d * d <= rest; d += 1 + (d > 2))
		for (; rest % d == 0; rest /= d)
			found[found_n++] = d;
	/* What is below the square of the last divisor is prime. */
	if (rest > 1 && d * d > rest)
		found[found_n++] = rest;
	else if (n)
		split(rest);
	qsort(found, (size_t)found_n, sizeof(*found), compare);
	for (i = 0; i < found_n; i += exponents ? k : 1) {
		for (k = 1; i + k < found_n && found[i + k] == found[i]; k++)
			;
		putchar(' ');
		put(found[i]);
		if (exponents && k > 1)
			printf("^%d", k);
	}
	putchar('\n');
	return 0;
}

static int usage(int status)
{
	fputs("usage: factor [-h] [number...]\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "exponents", no_argument, NULL, 'h' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c, failed = 0;
	size_t cap = 0;
	char *line = NULL, *word, *save;

	while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			exponents = 1;
			break;
		case 'H':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind < argc) {
		for (; optind < argc; optind++)
			failed |= show(argv[optind]);
	} else {
		while (getline(&line, &cap, stdin) > 0) {
			for (word = strtok_r(line, " \t\n", &save); word;
			     word = strtok_r(NULL, " \t\n", &save))
				failed |= show(word);
			/* Whoever asks line by line waits for the answer. */
			fflush(stdout);
		}
		if (ferror(stdin))
			err(1, "read error");
		free(line);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
