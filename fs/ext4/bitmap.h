#pragma once
/*
 * Bitmaps as they are on the disk, in words of 64 bits: the machine's byte
 * order is the disk's, so bit n of the map is bit n % 64 of word n / 64.
 */
#include "kernel/bits.h"

static inline bool bitmap_test(const uint64_t *map, uint32_t n)
{
	return map[n / 64] >> (n % 64) & 1;
}

static inline void bitmap_put_one(uint64_t *map, uint32_t n, bool set)
{
	map[n / 64] &= ~(UINT64_C(1) << (n % 64));
	map[n / 64] |= (uint64_t)set << (n % 64);
}

/* The first bit in [from, end) that is set (invert 0) or clear (~0); end if
 * there is none. */
uint32_t bitmap_next(const uint64_t *map, uint32_t from, uint32_t end,
		     uint64_t invert);

static inline uint32_t bitmap_next_set(const uint64_t *map, uint32_t from,
				       uint32_t end)
{
	return bitmap_next(map, from, end, 0);
}

static inline uint32_t bitmap_next_clear(const uint64_t *map, uint32_t from,
					 uint32_t end)
{
	return bitmap_next(map, from, end, UINT64_MAX);
}

/* The bits of [first, end) become ones (set) or zeroes. */
void bitmap_put(uint64_t *map, uint32_t first, uint32_t end, bool set);
/* How many of [0, end) are clear. */
uint32_t bitmap_count_clear(const uint64_t *map, uint32_t end);
