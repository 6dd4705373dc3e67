/*
 * The ChaCha20 block function (RFC 8439, section 2.3), apart so that the unit
 * test can compare it with the RFC's vectors.
 */
#pragma once

#include <stdint.h>

static inline uint32_t chacha_rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static inline void chacha_quarter(uint32_t *s, unsigned a, unsigned b,
				  unsigned c, unsigned d)
{
	s[a] += s[b];
	s[d] = chacha_rotl(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = chacha_rotl(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = chacha_rotl(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = chacha_rotl(s[b] ^ s[c], 7);
}

/* 16 words of key stream from a key, a block counter and a nonce. */
static inline void chacha20_block(const uint32_t key[8], uint32_t counter,
				  const uint32_t nonce[3], uint32_t out[16])
{
	static const uint32_t constants[4] = { 0x61707865, 0x3320646e,
					       0x79622d32, 0x6b206574 };
	uint32_t s[16];

	for (unsigned i = 0; i < 4; i++)
		s[i] = constants[i];
	for (unsigned i = 0; i < 8; i++)
		s[4 + i] = key[i];
	s[12] = counter;
	for (unsigned i = 0; i < 3; i++)
		s[13 + i] = nonce[i];
	for (unsigned i = 0; i < 16; i++)
		out[i] = s[i];
	for (unsigned round = 0; round < 10; round++) {
		chacha_quarter(s, 0, 4, 8, 12);
		chacha_quarter(s, 1, 5, 9, 13);
		chacha_quarter(s, 2, 6, 10, 14);
		chacha_quarter(s, 3, 7, 11, 15);
		chacha_quarter(s, 0, 5, 10, 15);
		chacha_quarter(s, 1, 6, 11, 12);
		chacha_quarter(s, 2, 7, 8, 13);
		chacha_quarter(s, 3, 4, 9, 14);
	}
	for (unsigned i = 0; i < 16; i++)
		out[i] += s[i];
}
