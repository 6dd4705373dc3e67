#pragma once
/*
 * Between vmspace.c, region.c, mmap.c, zap.c, fault.c and shootdown.c only.
 */
#include "fs/file.h"
#include "fs/vfs.h"
#include "kernel/mm/page.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/vmspace.h"

/*
 * Where a space has run. Bit i of a mask is hart i (atomic). A hart sets its
 * bit in `on`, then looks at `stale`; whoever changes entries writes them,
 * then sets `stale`, then reads `on`: so one of the two sees the other.
 */
struct vmspace_harts {
	uint64_t on;        /* satp names it */
	uint64_t ran;       /* may hold translations of it */
	uint64_t stale;     /* must flush when it comes back */
	uint64_t context[]; /* per hart: its generation + 1, ASID (16 bits) */
};

/* Lets go of a reference (not a use). Any context. */
void vmspace_release(struct vmspace *vs);

/* All harts forget [start, end) of vs, or will before they use it again. The
 * entries have been written already. tables: page tables that were in use
 * there are freed next. Spinlocks may be held. */
void tlb_shoot(struct vmspace *vs, uaddr_t start, uaddr_t end, bool tables);

/* Pages are about to become executable in vs. fresh: some of them were
 * written since instruction caches were last made to agree with them. */
void icache_sync(struct vmspace *vs, bool fresh);
void shootdown_init(void);

static inline pte_t region_pte_bits(const struct region *r)
{
	pte_t bits = PTE_U | PTE_A | pte_memory_bits;

	if (r->flags & VM_PROT)
		bits |= PTE_V;
	if (r->flags & (VM_READ | VM_WRITE))
		bits |= PTE_R;
	if (r->flags & VM_EXEC)
		bits |= PTE_X;
	return bits;
}

/* The page of its file that is at va. */
static inline uint64_t region_index(const struct region *r, uaddr_t va)
{
	return r->pgoff + ((va - r->start) >> PAGE_SHIFT);
}

#define LEAF_SPAN MEGAPAGE_SIZE /* what one leaf table maps */

/* ---- region.c; [lock: write] unless said otherwise ---- */

int region_init(void); /* 0 or -ENOMEM */
/* May vs have so many more? [lock] */
bool regions_fit(const struct vmspace *vs, unsigned more);
struct region *region_new(unsigned flags); /* memory for one; NULL: none */
/* The same for vs, also NULL when it has as many as a space may have. */
struct region *region_alloc(struct vmspace *vs, unsigned flags);
void region_free(struct region *r); /* that is in no space */

/* The region that ends behind va first, or NULL. [lock] */
struct region *region_find(struct vmspace *vs, uaddr_t va);
/* The neighbours, or NULL. [lock] */
struct region *region_next(struct region *r);
struct region *region_prev(struct region *r);

/* A file's mapping, for what must be under its regions_lock. */
static inline struct mapping *region_mapping(const struct region *r)
{
	return r->file ? &r->file->inode->mapping : NULL;
}

void region_link(struct vmspace *vs, struct region *r);
/* Out of the tree and its mapping's list, onto `dead`. */
void region_unlink(struct vmspace *vs, struct region *r,
		   struct list_head *dead);
/* Frees what is on the list. No lock held: files may be closed. */
void regions_free(struct list_head *dead);
/* Moves an edge of r inwards or outwards. */
void region_resize(struct vmspace *vs, struct region *r, uaddr_t start,
		   uaddr_t end);
/* r ends at va, `upper` (fresh memory) takes what is above. */
void region_split(struct vmspace *vs, struct region *r, uaddr_t va,
		  struct region *upper);
/* Two neighbours that need not be two: anonymous and alike. */
static inline bool region_may_join(const struct region *a, const struct region *b)
{
	return a->end == b->start && !a->file && !b->file &&
	       a->flags == b->flags && !(a->flags & VM_STACK);
}

/* Anonymous neighbours of r that are like it become one with it. */
void region_join(struct vmspace *vs, struct region *r, struct list_head *dead);

/* ---- zap.c ---- */

/* Takes all pages of the range out. [lock: write] */
void vmspace_zap(struct vmspace *vs, uaddr_t start, uaddr_t end);
/* Entries of r lose what its flags do not allow; faults add what they do.
 * [lock: write] */
void vmspace_narrow(struct vmspace *vs, struct region *r);

/* ---- vmspace.c, fault.c ---- */

/* The leaf entry for va; makes the tables. NULL: no memory. [lock, either
 * way, not pt_lock] */
pte_t *vmspace_walk_alloc(struct vmspace *vs, uaddr_t va);

/* As vmspace_fault, with the lock held. force: write even where the region
 * does not allow it (a private copy is made). */
int vmspace_fault_locked(struct vmspace *vs, uaddr_t va, unsigned access,
			 bool force, int *code);
