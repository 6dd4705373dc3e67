#pragma once
/*
 * Lists of physical ranges, as firmware and device tree give them: unsorted,
 * overlapping, with ragged edges. Bring-up makes sense of them here. Pure
 * arithmetic, no locks, no memory of its own.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/mm/page.h"

/*
 * Sorts by address, rounds to pages (inwards for what may be used, outwards
 * for what must be kept out), drops what is empty, merges what touches.
 * Returns how many are left. A range that wraps is cut at the top.
 */
unsigned mem_range_normalize(struct mem_range *r, unsigned n, bool inwards);

/*
 * a without b; both as normalize leaves them. out has room for n_a + n_b and
 * is neither. Returns how many there are.
 */
unsigned mem_range_subtract(struct mem_range *out, const struct mem_range *a,
			    unsigned n_a, const struct mem_range *b,
			    unsigned n_b);
