/*
 * Dice for the programs of this folder.  Each prints what the C library makes
 * of N cases that the dice throw, one a line, the same for a seed whatever the
 * library: so that the output with ours and with Linux's must be equal.
 *
 *	PROGRAM SEED N
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define PICK(a)  ((a)[dice(COUNT(a))])

static uint64_t dice_state;

/* 64 bits: splitmix64's shape, so that seeds that are near lie far apart. */
static uint64_t dice_bits(void)
{
	uint64_t x = dice_state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* 0 .. n - 1. */
static inline unsigned int dice(size_t n)
{
	return (unsigned int)((dice_bits() >> 16) % n);
}

/* Up to `most` bytes of the alphabet. */
static inline char *dice_text(char *buf, const char *alphabet, size_t most)
{
	size_t n = dice(most + 1), i, kinds = strlen(alphabet);

	for (i = 0; i < n; i++)
		buf[i] = alphabet[dice(kinds)];
	buf[n] = 0;
	return buf;
}

/* A text as it would stand in C, so that each case stays on its line. */
static inline void dice_show(const char *s, size_t n)
{
	putchar('"');
	for (; n; n--, s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if (*s >= ' ' && *s < 127)
			putchar(*s);
		else
			printf("\\%03o", (unsigned char)*s);
	}
	putchar('"');
}

/* A double of one of the kinds that are hard on a library. */
static inline double dice_double(void)
{
	uint64_t bits = dice_bits();
	static const double odd[] = {
		0,      0.5,         1.5,    2.5,     0.125, 1e15, 1e16,
		1e17,   123456789.5, 1e-5,   1,       9.995, 99.5, 1e22,
		1e23,   0.1,         0.0001, 0.00001, 1e5,   1e6,  1e7,
		999999, 9.5,         0.05,   5e-324
	};
	double d = (double)(bits >> 40) / (double)(1 << dice(24));

	switch (dice(8)) {
	case 0:
		memcpy(&d, &bits, sizeof(d)); /* any at all */
		if (d != d)
			d = 1 / 0.0;
		break;
	case 1:
		d = PICK(odd);
		break;
	case 2:
		d = (double)(bits >> 50) / 1000;
		break;
	case 3:
		bits = (bits >> 12 & 0x000fffffffffffff) |
		       (uint64_t)(1003 + dice(80)) << 52;
		memcpy(&d, &bits, sizeof(d)); /* 1e-6 to 1e18 */
		break;
	case 4:
		d = (double)(bits >> 30);
		break;
	case 5:
		bits >>= 12 + dice(50);
		memcpy(&d, &bits, sizeof(d)); /* subnormal */
		break;
	}
	return dice(4) ? d : -d;
}

static inline unsigned long dice_begin(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s SEED N\n", argv[0]);
		exit(2);
	}
	dice_state = strtoul(argv[1], NULL, 10) << 32;
	return strtoul(argv[2], NULL, 10);
}
