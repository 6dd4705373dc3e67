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

/* The first bit in [from, end) that is set (invert 0) or clear (~0); end if
 * there is none. */
static inline uint32_t bitmap_next(const uint64_t *map, uint32_t from,
				   uint32_t end, uint64_t invert)
{
	uint64_t w;
	uint32_t i = from / 64;

	if (from >= end)
		return end;
	w = (map[i] ^ invert) & (UINT64_MAX << (from % 64));
	while (!w) {
		if (++i * 64 >= end)
			return end;
		w = map[i] ^ invert;
	}
	from = i * 64 + ctz64(w);
	return MIN(from, end);
}

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

/* The bits of word i that lie in [first, end). */
static inline uint64_t bitmap_mask(uint32_t i, uint32_t first, uint32_t end)
{
	uint64_t m = UINT64_MAX;

	if (first > i * 64)
		m <<= first % 64;
	if (end < (i + 1) * 64)
		m &= UINT64_MAX >> (64 - end % 64);
	return m;
}

static inline void bitmap_set(uint64_t *map, uint32_t first, uint32_t end)
{
	for (uint32_t i = first / 64; first < end && i * 64 < end; i++)
		map[i] |= bitmap_mask(i, first, end);
}

static inline void bitmap_clear(uint64_t *map, uint32_t first, uint32_t end)
{
	for (uint32_t i = first / 64; first < end && i * 64 < end; i++)
		map[i] &= ~bitmap_mask(i, first, end);
}

static inline uint32_t bitmap_count_clear(const uint64_t *map, uint32_t end)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i * 64 < end; i++)
		n += popcount64(~map[i] & bitmap_mask(i, 0, end));
	return n;
}
