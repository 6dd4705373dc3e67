#pragma once
/*
 * What page.c and shortage.c share: the free frames and how many of them there
 * are, and how many must stay behind for a request.
 */
#include "kernel/lock.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/page.h"

#define PAGE_BATCH (HART_PAGES / 2) /* between the lists and a hart's stack */

struct buddy {
	struct spinlock lock;
	struct list_head free[PAGE_MAX_ORDER + 1]; /* [lock] */
	uint32_t nonempty;                         /* [lock] bit per order */
	uint64_t n_free;             /* [lock] frames in the lists */
	uint64_t total;              /* [lock] frames that were ever given */
	uint64_t reserve;            /* frames kept back */
	int64_t by_kind[PAGE_KINDS]; /* [lock] by harts without a cache */
};
extern struct buddy buddy;

/* What users may not take: with it root can still look what they do, and end
 * it. 0 for root. */
uint64_t page_left_to_root(void);

/*
 * Frames that must stay behind for a request of this kind. Programs come to
 * their end first (and to somebody's death), so that what the kernel needs to
 * serve the others, to read a page for instance, is still to be had.
 */
static inline uint64_t page_floor(unsigned gfp)
{
	if (gfp & GFP_RESERVE)
		return 0;
	if (gfp & GFP_USER)
		return buddy.reserve + page_left_to_root();
	if (gfp & GFP_NOWAIT)
		return buddy.reserve / 4;
	return buddy.reserve / 2 +
	       (gfp & GFP_NOFS ? 0 : page_left_to_root());
}

/* 2^order pages from this hart's stack or the lists, as far as page_floor
 * allows; NULL: there are none now. */
struct page *page_take_block(struct mm_hart *mh, unsigned order, unsigned gfp);
/* There were none: gives back what is not needed, waits, has somebody killed.
 * NULL: there are none. Sleeps. */
struct page *page_take_hard(unsigned order, unsigned gfp);
/* All that this hart keeps for itself goes to the common lists. */
void page_drain_this_hart(void *unused);
