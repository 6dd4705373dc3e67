/* See bitmap.h. */
#include "fs/ext4/bitmap.h"

uint32_t bitmap_next(const uint64_t *map, uint32_t from, uint32_t end,
		     uint64_t invert)
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

/* The bits of word i that lie in [first, end). */
static uint64_t word_mask(uint32_t i, uint32_t first, uint32_t end)
{
	uint64_t m = UINT64_MAX;

	if (first > i * 64)
		m <<= first % 64;
	if (end < (i + 1) * 64)
		m &= UINT64_MAX >> (64 - end % 64);
	return m;
}

void bitmap_put(uint64_t *map, uint32_t first, uint32_t end, bool set)
{
	for (uint32_t i = first / 64; first < end && i * 64 < end; i++) {
		uint64_t m = word_mask(i, first, end);

		map[i] = set ? map[i] | m : map[i] & ~m;
	}
}

uint32_t bitmap_count_clear(const uint64_t *map, uint32_t end)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i * 64 < end; i++)
		n += popcount64(~map[i] & word_mask(i, 0, end));
	return n;
}
