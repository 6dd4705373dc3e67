/*
 * Arithmetic on lists of ranges. Insertion sort: the lists are short, and what
 * comes from firmware is nearly sorted already.
 */
#include "kernel/mm/memrange.h"

#include "kernel/bits.h"

unsigned mem_range_normalize(struct mem_range *r, unsigned n, bool inwards)
{
	unsigned kept = 0, out = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t start = r[i].base;
		uint64_t end = start + r[i].size;

		if (end < start)
			end = round_down(UINT64_MAX, PAGE_SIZE);
		if (inwards) {
			start = round_up(start, PAGE_SIZE);
			end = round_down(end, PAGE_SIZE);
			if (start < r[i].base)
				continue;
		} else if (r[i].size) {
			start = round_down(start, PAGE_SIZE);
			if (end > round_down(UINT64_MAX, PAGE_SIZE))
				end = round_down(UINT64_MAX, PAGE_SIZE);
			end = round_up(end, PAGE_SIZE);
		}
		if (end > start)
			r[kept++] = (struct mem_range){ start, end - start };
	}
	for (unsigned i = 1; i < kept; i++) {
		struct mem_range x = r[i];
		unsigned j = i;

		for (; j && r[j - 1].base > x.base; j--)
			r[j] = r[j - 1];
		r[j] = x;
	}
	for (unsigned i = 0; i < kept; i++) {
		struct mem_range *last = &r[out ? out - 1 : 0];

		if (out && r[i].base <= last->base + last->size) {
			uint64_t end = r[i].base + r[i].size;

			if (end > last->base + last->size)
				last->size = end - last->base;
		} else {
			r[out++] = r[i];
		}
	}
	return out;
}

unsigned mem_range_subtract(struct mem_range *out, const struct mem_range *a,
			    unsigned n_a, const struct mem_range *b,
			    unsigned n_b)
{
	unsigned n = 0, j = 0;

	for (unsigned i = 0; i < n_a; i++) {
		uint64_t start = a[i].base;
		uint64_t end = start + a[i].size;

		while (j < n_b && b[j].base + b[j].size <= start)
			j++;
		for (unsigned k = j; k < n_b && b[k].base < end; k++) {
			if (b[k].base > start)
				out[n++] =
					(struct mem_range){ start,
							    b[k].base - start };
			start = b[k].base + b[k].size;
		}
		if (start < end)
			out[n++] = (struct mem_range){ start, end - start };
	}
	return n;
}
