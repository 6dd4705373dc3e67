/*
 * factor: the prime factors of numbers up to 2^64 - 1: small ones by division,
 * the others by Pollard's rho, with Miller and Rabin's test, which is exact in
 * this range for the first twelve primes.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t mul(uint64_t a, uint64_t b, uint64_t n)
{
	uint64_t hi, lo, r, i;
	unsigned __int128 p = (unsigned __int128)a * b;

	hi = (uint64_t)(p >> 64);
	lo = (uint64_t)p;
	if (!hi)
		return lo % n;
	/* A bit at a time; hi is below n, as a and b are. */
	for (r = hi, i = 64; i--;) {
		uint64_t top = r >> 63;

		r = r << 1 | (lo >> i & 1);
		if (top || r >= n)
			r -= n;
	}
	return r;
}

static uint64_t power(uint64_t a, uint64_t e, uint64_t n)
{
	uint64_t r = 1;

	for (a %= n; e; e >>= 1, a = mul(a, a, n))
		if (e & 1)
			r = mul(r, a, n);
	return r;
}

static int is_prime(uint64_t n)
{
	static const uint64_t bases[] = { 2,  3,  5,  7,  11, 13,
					  17, 19, 23, 29, 31, 37 };
	uint64_t d = n - 1, x;
	unsigned int i, k, twos = 0;

	for (i = 0; i < sizeof(bases) / sizeof(*bases); i++)
		if (n % bases[i] == 0)
			return n == bases[i];
	if (n < 2)
		return 0;
	for (; !(d & 1); d >>= 1)
		twos++;
	for (i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		x = power(bases[i], d, n);
		if (x == 1 || x == n - 1)
			continue;
		for (k = 1; k < twos && x != n - 1; k++)
			x = mul(x, x, n);
		if (x != n - 1)
			return 0;
	}
	return 1;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	uint64_t t;

	for (; b; a = b, b = t)
		t = a % b;
	return a;
}

static uint64_t next(uint64_t x, uint64_t c, uint64_t n)
{
	x = mul(x, x, n);
	return x >= n - c ? x - (n - c) : x + c;
}

/* A divisor of n, which is odd and no prime. */
static uint64_t divisor(uint64_t n)
{
	uint64_t x, y, c, d, product;
	int i;

	for (c = 1;; c++) {
		x = y = 2;
		d = 1;
		/* Many differences are multiplied for one gcd. */
		while (d == 1) {
			product = 1;
			for (i = 0; i < 64; i++) {
				x = next(x, c, n);
				y = next(next(y, c, n), c, n);
				product =
					mul(product, x > y ? x - y : y - x, n);
			}
			d = gcd(product, n);
		}
		if (d != n)
			return d;
		/* Both factors at once: again, one difference at a time. */
		x = y = 2;
		do {
			x = next(x, c, n);
			y = next(next(y, c, n), c, n);
			d = gcd(x > y ? x - y : y - x, n);
		} while (d == 1);
		if (d != n)
			return d;
	}
}

static uint64_t found[64];
static int found_n;

static void split(uint64_t n)
{
	uint64_t d;

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
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int exponents;

static int show(const char *s)
{
	uint64_t n, d, rest;
	char *end;
	int i, k;

	s += strspn(s, " \t");
	if (*s == '+')
		s++;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end) {
		warnx("'%s' is not a valid positive integer", s);
		return 1;
	}
	if (errno) {
		warnx("'%s' is too large", s);
		return 1;
	}
	printf("%ju:", (uintmax_t)n);
	found_n = 0;
	rest = n;
	for (d = 2; n && d < 1000 && d * d <= rest; d += 1 + (d > 2))
		for (; rest % d == 0; rest /= d)
			found[found_n++] = d;
	if (n)
		split(rest);
	qsort(found, (size_t)found_n, sizeof(*found), compare);
	for (i = 0; i < found_n; i += exponents ? k : 1) {
		for (k = 1; i + k < found_n && found[i + k] == found[i]; k++)
			;
		printf(" %ju", (uintmax_t)found[i]);
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
