/*
 * Counting bits, rounding, byte order: small things that every layer needs.
 *
 * rv64imac has no instructions for them and the compiler's builtins would
 * call a run-time library that is not linked, so they are written out here.
 * Plain C: fs/ and the tests use them on the build machine too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(n)        (UINT64_C(1) << (n))

#define MIN(a, b)                                                              \
	({                                                                     \
		__typeof__(a) min_a_ = (a);                                    \
		__typeof__(b) min_b_ = (b);                                    \
		min_a_ < min_b_ ? min_a_ : min_b_;                             \
	})
#define MAX(a, b)                                                              \
	({                                                                     \
		__typeof__(a) max_a_ = (a);                                    \
		__typeof__(b) max_b_ = (b);                                    \
		max_a_ > max_b_ ? max_a_ : max_b_;                             \
	})

/* `align` is a power of two; `x` is 64 bits wide at most. */
static inline uint64_t round_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

/* Wraps to 0 when the result does not fit. */
static inline uint64_t round_up(uint64_t x, uint64_t align)
{
	return (x + align - 1) & ~(align - 1);
}

static inline bool is_aligned(uint64_t x, uint64_t align)
{
	return !(x & (align - 1));
}

/* Any divisor, no overflow. */
static inline uint64_t div_round_up(uint64_t x, uint64_t by)
{
	return x / by + (x % by != 0);
}

static inline bool is_power_of_2(uint64_t x)
{
	return x && !(x & (x - 1));
}

static inline unsigned popcount64(uint64_t x)
{
	x -= x >> 1 & UINT64_C(0x5555555555555555);
	x = (x & UINT64_C(0x3333333333333333)) +
	    (x >> 2 & UINT64_C(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(x * UINT64_C(0x0101010101010101) >> 56);
}

static inline unsigned popcount32(uint32_t x)
{
	return popcount64(x);
}

/*
 * Number of zeros below the lowest one; 64 for 0. The lowest one alone times
 * a sequence in which every 6-bit window is different gives that window.
 */
static inline unsigned ctz64(uint64_t x)
{
	static const unsigned char pos[64] = {
		0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28,
		62, 5,  39, 46, 44, 42, 22, 9,  24, 35, 59, 56, 49, 18, 29, 11,
		63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10,
		51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	if (!x)
		return 64;
	return pos[(x & -x) * UINT64_C(0x022fdd63cc95386d) >> 58];
}

static inline unsigned ctz32(uint32_t x)
{
	return x ? ctz64(x) : 32;
}

/* Position of the highest one counted from 1; 0 for 0. */
static inline unsigned fls64(uint64_t x)
{
	unsigned n = 0;

	if (!x)
		return 0;
	if (x >> 32) {
		x >>= 32;
		n += 32;
	}
	if (x >> 16) {
		x >>= 16;
		n += 16;
	}
	if (x >> 8) {
		x >>= 8;
		n += 8;
	}
	if (x >> 4) {
		x >>= 4;
		n += 4;
	}
	/* What is left is 1..15: its length stands in a nibble each. */
	return n + (unsigned)(UINT64_C(0x4444444433332210) >> (x * 4) & 15);
}

static inline unsigned fls32(uint32_t x)
{
	return fls64(x);
}

/* Position of the lowest one counted from 1; 0 for 0. */
static inline unsigned ffs64(uint64_t x)
{
	return x ? ctz64(x) + 1 : 0;
}

/* Number of zeros above the highest one; 64 (32) for 0. */
static inline unsigned clz64(uint64_t x)
{
	return 64 - fls64(x);
}

static inline unsigned clz32(uint32_t x)
{
	return 32 - fls64(x);
}

/* Rounded down; `x` is not 0. */
static inline unsigned ilog2(uint64_t x)
{
	return fls64(x) - 1;
}

/* Smallest n with (1 << n) >= x. */
static inline unsigned ilog2_up(uint64_t x)
{
	return x <= 1 ? 0 : fls64(x - 1);
}

static inline uint16_t bswap16(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static inline uint32_t bswap32(uint32_t x)
{
	x = (x & 0x00ff00ffu) << 8 | (x >> 8 & 0x00ff00ffu);
	return x << 16 | x >> 16;
}

static inline uint64_t bswap64(uint64_t x)
{
	return (uint64_t)bswap32((uint32_t)x) << 32 | bswap32(x >> 32);
}

/* Numbers at any address, in a stated byte order, byte by byte. */
static inline uint16_t get_le16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t get_le32(const void *p)
{
	const unsigned char *b = p;

	return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

static inline uint64_t get_le64(const void *p)
{
	const unsigned char *b = p;

	return get_le32(b) | (uint64_t)get_le32(b + 4) << 32;
}

static inline uint16_t get_be16(const void *p)
{
	const unsigned char *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t get_be32(const void *p)
{
	const unsigned char *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t get_be64(const void *p)
{
	const unsigned char *b = p;

	return (uint64_t)get_be32(b) << 32 | get_be32(b + 4);
}

static inline void put_le16(void *p, uint16_t x)
{
	unsigned char *b = p;

	b[0] = (unsigned char)x;
	b[1] = (unsigned char)(x >> 8);
}

static inline void put_le32(void *p, uint32_t x)
{
	put_le16(p, (uint16_t)x);
	put_le16((unsigned char *)p + 2, (uint16_t)(x >> 16));
}

static inline void put_le64(void *p, uint64_t x)
{
	put_le32(p, (uint32_t)x);
	put_le32((unsigned char *)p + 4, (uint32_t)(x >> 32));
}
