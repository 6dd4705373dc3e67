/*
 * Hashes of names, by which directories are indexed.
 *
 * Three kinds exist, each in two variants: old systems took characters as
 * signed or unsigned as their compiler did, and the super block remembers which
 * it was.
 */
#include "fs/ext4/dir.h"

#include "fs/ext4/crc32c.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* The three functions of MD4 and its last two constants, over 8 words. */
static void half_md4(uint32_t state[4], const uint32_t in[8])
{
	static const uint8_t order[3][8] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7 },
		{ 1, 3, 5, 7, 0, 2, 4, 6 },
		{ 3, 7, 2, 6, 1, 5, 0, 4 },
	};
	static const uint8_t turn[3][4] = {
		{ 3, 7, 11, 19 },
		{ 3, 5, 9, 13 },
		{ 3, 9, 11, 15 },
	};
	static const uint32_t add[3] = { 0, 0x5a827999, 0x6ed9eba1 };
	uint32_t s[4] = { state[0], state[1], state[2], state[3] };

	/* Unrolled, the tables are gone and s is in registers. */
#pragma GCC unroll 3
	for (unsigned round = 0; round < 3; round++) {
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			/* a is the word that changes: 0, 3, 2, 1, 0, ... */
			uint32_t *a = &s[(4 - i) & 3];
			uint32_t x = s[(5 - i) & 3], y = s[(6 - i) & 3];
			uint32_t z = s[(7 - i) & 3], f;

			if (round == 0)
				f = z ^ (x & (y ^ z));
			else if (round == 1)
				f = (x & y) + ((x ^ y) & z);
			else
				f = x ^ y ^ z;
			*a = rotate(*a + f + in[order[round][i]] + add[round],
				    turn[round][i & 3]);
		}
	}
	for (unsigned i = 0; i < 4; i++)
		state[i] += s[i];
}

/* The Tiny Encryption Algorithm with the name as key, 16 rounds. */
static void tea(uint32_t state[4], const uint32_t in[4])
{
	uint32_t sum = 0, x = state[0], y = state[1];

	for (unsigned i = 0; i < 16; i++) {
		sum += 0x9e3779b9;
		x += ((y << 4) + in[0]) ^ (y + sum) ^ ((y >> 5) + in[1]);
		y += ((x << 4) + in[2]) ^ (x + sum) ^ ((x >> 5) + in[3]);
	}
	state[0] += x;
	state[1] += y;
}

static uint32_t char_value(char c, bool is_unsigned)
{
	return is_unsigned ? (unsigned char)c
			   : (uint32_t)(int32_t)(signed char)c;
}

static uint32_t legacy(const char *name, unsigned len, bool is_unsigned)
{
	uint32_t now, h0 = 0x12a3fe2d, h1 = 0x37abe8f9;

	while (len--) {
		now = h1 + (h0 ^ (char_value(*name++, is_unsigned) * 7152373));
		if (now & 0x80000000)
			now -= 0x7fffffff;
		h1 = h0;
		h0 = now;
	}
	return h0 << 1;
}

/*
 * The next words of the name: four characters each, the earliest uppermost,
 * and where the name ends its length in every byte.
 */
static void take_words(const char *name, unsigned len, bool is_unsigned,
		       uint32_t *out, unsigned words)
{
	uint32_t pad = len | len << 8, v;

	pad |= pad << 16;
	for (unsigned i = 0; i < words; i++) {
		v = pad;
		for (unsigned k = i * 4; k < i * 4 + 4 && k < len; k++)
			v = (v << 8) + char_value(name[k], is_unsigned);
		out[i] = v;
	}
}

int ext4_dir_hashes(const char *name, unsigned len, unsigned version,
		    const uint32_t seed[4], uint32_t out[2])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	bool is_unsigned = version >= EXT4_HASH_LEGACY_UNSIGNED;
	unsigned kind =
		is_unsigned ? version - EXT4_HASH_LEGACY_UNSIGNED : version;
	unsigned words = kind == EXT4_HASH_TEA ? 4 : 8;
	uint32_t in[8], hash, other;

	if (version > EXT4_HASH_TEA_UNSIGNED)
		return -EINVAL;
	if (seed[0] | seed[1] | seed[2] | seed[3])
		memcpy(state, seed, sizeof(state));
	if (kind == EXT4_HASH_LEGACY) {
		hash = legacy(name, len, is_unsigned);
		other = crc32c(~0u, name, len);
	} else {
		while (len) {
			unsigned n = MIN(len, words * 4);

			take_words(name, len, is_unsigned, in, words);
			if (kind == EXT4_HASH_TEA)
				tea(state, in);
			else
				half_md4(state, in);
			name += n;
			len -= n;
		}
		hash = kind == EXT4_HASH_TEA ? state[0] : state[1];
		other = kind == EXT4_HASH_TEA ? state[1] : state[2];
	}
	hash &= ~1u;
	/* The greatest value marks the end for those who walk by hash. */
	if (hash == 0xfffffffe)
		hash = 0xfffffffc;
	out[0] = hash;
	out[1] = other;
	return 0;
}

int ext4_dir_hash(const char *name, unsigned len, unsigned version,
		  const uint32_t seed[4], uint32_t *out)
{
	uint32_t both[2];
	int err = ext4_dir_hashes(name, len, version, seed, both);

	if (!err)
		*out = both[0];
	return err;
}

unsigned ext4_dir_hash_version(const struct ext4_sb *es, unsigned version)
{
	if (version <= EXT4_HASH_TEA && es->unsigned_hash)
		version += EXT4_HASH_LEGACY_UNSIGNED;
	return version;
}

int ext4_dir_default_hash(const struct ext4_sb *es)
{
	unsigned version = es->raw.s_def_hash_version;

	if (!(es->compat & EXT4_COMPAT_DIR_INDEX) || version > EXT4_HASH_TEA)
		return -EINVAL;
	return (int)ext4_dir_hash_version(es, version);
}
