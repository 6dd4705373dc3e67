/*
 * Checksums by tables, and with a machine that multiplies without carries,
 * against the definition bit by bit.
 */
// host-test: -Itools/hostfs

#define host_clmul test_clmul
#include "fs/ext4/crc32c.c"

#include <stdio.h>
#include <stdlib.h>

static bool has_clmul;

static uint32_t by_bits(uint32_t crc, const unsigned char *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		for (unsigned k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return crc;
}

static uint64_t multiply_words(uint64_t a, uint64_t b)
{
	uint64_t r = 0;

	for (unsigned i = 0; i < 64; i++)
		r ^= b >> i & 1 ? a << i : 0;
	return r;
}

static uint32_t crc_words(uint32_t crc, const void *p, size_t n)
{
	if ((uintptr_t)p & 7) {
		printf("FAIL: words that are not aligned\n");
		exit(1);
	}
	return by_bits(crc, p, n * 8);
}

const struct host_clmul *host_clmul(void)
{
	static const struct host_clmul ops = { multiply_words, crc_words };

	return has_clmul ? &ops : NULL;
}

static void check(const char *what, uint32_t got, uint32_t want, size_t n)
{
	if (got == want)
		return;
	printf("FAIL: %s of %zu bytes, clmul %d: %08x, not %08x\n", what, n,
	       has_clmul, got, want);
	exit(1);
}

int main(void)
{
	static _Alignas(8) unsigned char data[200];
	static unsigned char zeros[8192];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(rand() >> 7);
	for (unsigned mode = 0; mode < 2; mode++) {
		has_clmul = mode;
		ready = 0;
		/* The value that RFC 3720 gives for 32 bytes of zeroes. */
		check("zeroes", ~crc32c(~0u, zeros, 32), 0x8a9136aau, 32);
		for (unsigned at = 0; at < 9; at++)
			for (size_t n = 0; n + at <= sizeof(data); n++) {
				uint32_t from = (uint32_t)rand() * 3u;

				check("sum", crc32c(from, data + at, n),
				      by_bits(from, data + at, n), n);
			}
		for (size_t n = 0; n < sizeof(zeros); n += 1 + n / 64) {
			uint32_t from = (uint32_t)rand() * 3u;

			check("zeroes", crc32c_zeros(from, n),
			      by_bits(from, zeros, n), n);
		}
	}
	printf("ok\n");
	return 0;
}
