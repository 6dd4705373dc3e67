#pragma once
/*
 * Physical pages: one struct page for each frame of RAM, at VMEMMAP_BASE
 * indexed by frame number (so both directions are a shift and an add), mapped
 * only where there is RAM. A buddy allocator hands out 2^order frames; a cache
 * of single pages per hart stands in front of it.
 *
 * A page is counted: page_alloc gives it with one reference, page_put of the
 * last one frees it. What the other fields mean is its owner's business, told
 * by the kind in `flags`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"

enum page_kind {
	PAGE_FREE,
	PAGE_RESERVED, /* firmware, holes, the image: never allocated */
	PAGE_KERNEL,   /* stacks, tables of the kernel, what page_alloc gave */
	PAGE_SLAB,
	PAGE_PAGETABLE,
	PAGE_ANON,  /* private memory of user programs */
	PAGE_CACHE, /* belongs to a mapping: file pages, tmpfs, device blocks */
	PAGE_PIPE,
	PAGE_KINDS
};

/* Bits in `bits`, changed with atomic operations only. */
#define PG_UPTODATE   (1u << 0) /* content is what it should be */
#define PG_LOCKED     (1u << 1) /* somebody fills it or writes it out */
#define PG_WAITERS    (1u << 2) /* somebody sleeps for PG_LOCKED */
#define PG_DIRTY      (1u << 3)
#define PG_WRITEBACK  (1u << 4)
#define PG_ERROR      (1u << 5)
#define PG_REFERENCED (1u << 6) /* used since the reclaim hand passed */
#define PG_ICACHE                                                              \
	(1u << 7)           /* instruction caches agree with it; whoever       \
			     * writes to the page afterwards clears it */
#define PG_BUDDY (1u << 15) /* page.c: first page of a free block */

struct mapping;

struct page {
	uint8_t kind;  /* enum page_kind */
	uint8_t order; /* of a free or allocated block, on its first page */
	uint16_t bits; /* PG_* */
	int32_t refs;
	union {
		struct list_head link; /* free lists, slabs, owner's lists */
		struct {               /* PAGE_CACHE */
			struct mapping *mapping; /* NULL once it was removed */
			uint64_t index;          /* page number in the file */
		};
		struct { /* PAGE_PAGETABLE, and free use */
			uint64_t a, b;
		};
	};
	union {
		void *private; /* owner's; buffer state, slab free list, ... */
		uint64_t value;
	};
};
_Static_assert(sizeof(struct page) == 32, "one descriptor is 32 bytes");

#define PAGE_MAX_ORDER 10 /* largest block: 4 MiB */

/* How hard an allocation tries. Combined by |. */
#define GFP_KERNEL  0         /* may sleep, reclaim, write back */
#define GFP_NOWAIT  (1u << 0) /* under a spinlock or in a handler: may fail */
#define GFP_NOFS    (1u << 1) /* inside a handle: reclaims clean pages only */
#define GFP_ZERO    (1u << 2)
#define GFP_RESERVE (1u << 3) /* write-back, commit, a dying process */
#define GFP_USER    (1u << 4) /* may make the caller the one that is killed */
#define GFP_LOW     (1u << 5) /* several pages, below 4 GiB: for a device */

static inline struct page *pfn_to_page(uint64_t pfn)
{
	return (struct page *)VMEMMAP_BASE + pfn;
}
static inline uint64_t page_to_pfn(const struct page *pg)
{
	return (uint64_t)(pg - (struct page *)VMEMMAP_BASE);
}
static inline paddr_t page_to_pa(const struct page *pg)
{
	return page_to_pfn(pg) << PAGE_SHIFT;
}
static inline struct page *pa_to_page(paddr_t pa)
{
	return pfn_to_page(pa >> PAGE_SHIFT);
}
static inline void *page_to_va(const struct page *pg)
{
	return pa_to_va(page_to_pa(pg));
}
/* va: in the direct map. */
static inline struct page *va_to_page(const void *va)
{
	return pa_to_page(va_to_pa(va));
}

/*
 * 2^order pages, physically contiguous and aligned to their size, kind as
 * given, one reference; NULL when there are none. Sleeps unless GFP_NOWAIT.
 * The first page's other fields are zero; kind is set on the first page only.
 */
struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind);
/* Frees a block whatever its count; order as allocated. */
void page_free(struct page *pg, unsigned order);

static inline void page_get(struct page *pg)
{
	__atomic_fetch_add(&pg->refs, 1, __ATOMIC_RELAXED);
}
void page_free_last(struct page *pg);
/*
 * For a program whose call or fault found no memory where it could not be
 * waited for: has the greediest killed, unless somebody is dying already, and
 * the caller tries again. tries: how often it has done so. false: there is
 * none to be had, or the caller is to die itself. With no lock held.
 */
bool page_make_room(unsigned tries);
/* Somebody's memory has been given back, by this hart: those who wait for pages
 * look again. With no spinlock held. */
void page_came_back(void);
extern unsigned page_hungry; /* how many do; atomic */
/* Is so little left that nothing new should be begun? Tries to give back what
 * nobody uses first. Sleeps. */
bool page_is_short(void);
static inline void page_put(struct page *pg)
{
	if (__atomic_fetch_sub(&pg->refs, 1, __ATOMIC_ACQ_REL) == 1)
		page_free_last(pg);
}

/* Is this physical address RAM that has a struct page? */
bool pa_is_ram(paddr_t pa);

/* Whole pages in the direct map; quick. */
void page_zero(void *page);
void page_copy(void *dst, const void *src);

/* The pool of kernel stacks counts as free: they are handed out again, or given
 * back when memory is short.
 * by_kind[PAGE_RESERVED] is all RAM that the allocator was not given. */
struct page_counts {
	uint64_t total; /* frames of RAM that the allocator was given */
	uint64_t free;  /* in the buddy lists and the harts' caches */
	uint64_t by_kind[PAGE_KINDS];
};
void page_count(struct page_counts *out);

/*
 * Things that can give pages back register here; run in order of registration
 * until enough is freed. shrink tries to free `want` pages and returns how
 * many it freed, or 1 when that was none and asking once more, or for more, may
 * bring some; may_write: it may start write-back. Objects count as their part
 * of a page. It runs in the thread that wants memory, whatever sleeping locks
 * that holds: it tries locks of these kinds, or waits for a time.
 */
struct shrinker {
	struct list_head link;
	const char *name;
	uint64_t (*shrink)(uint64_t want, bool may_write);
};
void shrinker_register(struct shrinker *s);
/* Frees all that can be freed: caches, empty slabs, harts' page caches. */
void reclaim_all(void);
/* This hart is about to stop: it gives back what it keeps for itself, and the
 * space that it has borrowed. */
void page_leave_hart(void);

/*
 * Bring-up, by kernel/start.c, on one hart, in this order: page_init (the
 * free RAM becomes reachable through the direct map, on page tables of C's
 * own; the struct pages, the free lists), slab_init, vm_init (the rest).
 *
 * early_alloc gives zeroed memory inside the image's bss, for the little that
 * is needed before page_init; it is never freed. ram and reserved come as the
 * device tree has them: any order, overlapping, ragged. reserved: everything
 * that must not be allocated; the image is left out without being named.
 * RAM beyond what the direct map can reach is left unused.
 */
struct mem_range {
	paddr_t base, size;
};
void *early_alloc(size_t size, size_t align);
void page_init(const struct mem_range *ram, unsigned n_ram,
	       const struct mem_range *reserved, unsigned n_reserved);
/* Per-hart caches for every hart in harts[]; called once that table is
 * there. Before it, and without it, allocation works, but slower. */
void page_init_harts(void);
/* Returns pages that were reserved for bring-up to the allocator. Only whole
 * pages inside RAM, mapped in the direct map (no hole). */
void page_release_range(paddr_t base, paddr_t size);

/* For pagetable.c while page_init runs: RAM that is taken for good, not yet
 * zeroed; panics when there is none. */
paddr_t page_boot_take(uint64_t size, uint64_t align);
/* Has page_init come so far that page_alloc works? */
extern bool page_ready;
/* The banks: RAM in whole pages, sorted, clipped to the direct map. */
extern const struct mem_range *page_banks;
extern unsigned page_n_banks;
