#pragma once
/*
 * What each hart keeps for itself of the memory system, so that the common
 * allocation takes no lock and touches no other hart's cache lines: a stack of
 * free pages, one of zeroed page tables, one of objects for each cache, and
 * its share of the counters. Only the hart itself touches its own (others sum
 * the counters, which may be a little stale then).
 *
 * The kernel is not preempted: between mm_hart() and the next sleep the
 * pointer stays right. Do not keep it over anything that may sleep.
 */
#include <stdint.h>

#include "kernel/mm/page.h"

#define HART_PAGES   64u /* free pages */
#define HART_TABLES  32u /* page tables, zero all over */
#define HART_ROOTS   8u  /* as pt_root_alloc gives them */
#define HART_CACHES  48u /* caches (by number) that have a stack here */
#define HART_OBJECTS 15u

struct object_stack {
	uint64_t n;
	void *object[HART_OBJECTS];
};

struct mm_hart {
	struct mm_hart *next; /* all of them, for sums */
	uint32_t n_pages, n_tables, n_roots;
	uint32_t asid_max; /* 0 with asid_known: no ASIDs here */
	uint32_t asid_known;
	uint64_t icache_epoch;       /* shootdown.c; atomic */
	int64_t by_kind[PAGE_KINDS]; /* pages taken minus given back, here */
	struct page *pages[HART_PAGES];
	struct page *tables[HART_TABLES];
	struct page *roots[HART_ROOTS];
	struct object_stack stacks[HART_CACHES];
};
_Static_assert(sizeof(struct mm_hart) <= 2 * PAGE_SIZE, "order 1");

#ifdef HOST_TEST
struct mm_hart *mm_hart(void);
#else
#include "kernel/smp.h"

/* This hart's, or NULL early in bring-up. */
static inline struct mm_hart *mm_hart(void)
{
	struct thread *t = current_thread();

	if (__builtin_expect(!t || !t->hart, 0))
		return NULL;
	return t->hart->page_cache;
}
#endif

/* The list of all, through `next`; grows only, readable without a lock. */
extern struct mm_hart *mm_harts;

/* Gives back to the common lists what this hart holds (each by its owner). */
void page_drain_hart(struct mm_hart *mh);
void slab_drain_hart(struct mm_hart *mh);
void pagetable_drain_hart(struct mm_hart *mh);
void shootdown_drain_hart(void);
/* Frees slabs that have no object in use; returns pages. */
uint64_t slab_reap(void);
/* Pages that lie in the pool of kernel stacks, the tables that map the pool
 * included. */
void kstack_pool_count(uint64_t *stack_pages, uint64_t *table_pages);
