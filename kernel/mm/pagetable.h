#pragma once
/*
 * Page tables, Sv39: three levels of 512 entries. Level 2 is the root; leaves
 * are at level 0 in user space and at any level in the kernel's half.
 *
 * In Sv48 there is one level more, of which only this module knows: the first
 * entry of a root (level 3) leads to the table that is a space's root in Sv39,
 * and stays; the last one to a table of level 2 that all roots share.
 *
 * User entries. An entry that is not zero holds one reference to its page,
 * valid (V) or not: a page under PROT_NONE stays in place with V clear. A is
 * set in every valid entry, D exactly when W. PTE_ANON marks a page that
 * belongs to the address space (or to several, copy-on-write); without it the
 * page is a mapping's. All entries are written under vmspace.pt_lock.
 *
 * Which parts of a table are in use stands in its struct page: bit i of `a`
 * is set if any of the entries 8i to 8i+7 may be not zero. So walking a
 * sparse table costs what is in it. A table that is given back is zero all
 * over, and is handed out again without being zeroed.
 *
 * The kernel's half is the same in all roots, entry for entry: no entry of a
 * root changes once vm_init is done.
 */
#include "kernel/mm/page.h"
#include "kernel/riscv.h"

#define PT_ENTRIES   512
#define PT_LEVELS    3                /* of a space's tables, in each mode */
#define PT_USER_ROOT (PT_ENTRIES / 2) /* entries of level 2 below this */

#define PTE_ANON PTE_RSW0

static inline unsigned pt_index(vaddr_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * level) & (PT_ENTRIES - 1);
}

/* What harts want in each leaf entry for memory and for device registers (the
 * memory type of Svpbmt and its like). boot/head.S sets both before the first
 * table, cpu_init the second once more before the first device. */
extern pte_t pte_memory_bits, pte_io_bits;

/* Frame number to struct page without leaving the register: an entry's page. */
static inline struct page *pte_page(pte_t pte)
{
	return (struct page *)VMEMMAP_BASE + (pte << 10 >> 20);
}
static inline pte_t pte_for(const struct page *pg, pte_t bits)
{
	return page_to_pfn(pg) << PTE_PPN_SHIFT | bits;
}

/* The table that an entry above level 0 points to. */
static inline pte_t *pte_table(pte_t pte)
{
	return pa_to_va(pte_pa(pte));
}

/* Writes an entry and notes it in its table's page. [pt_lock] */
static inline void pt_set(struct page *table, pte_t *slot, pte_t pte)
{
	unsigned group = (uint64_t)slot >> 6 & 63;

	table->a |= 1ull << group;
	WRITE_ONCE(*slot, pte);
}

/* A table of zeroes; NULL: no memory. May sleep. */
struct page *pt_alloc(unsigned gfp);
/* It is zero all over again, and no hart can walk it any more. */
void pt_free(struct page *table);
/* A table of level 2 for a space, with a root that has the kernel's half in
 * place; the user's half is zero. `b` of the page: satp, without an ASID. */
struct page *pt_root_alloc(void);
void pt_root_free(struct page *root);

/* The leaf entry for va, or NULL if its table is not there. Tables stay as
 * long as vmspace.lock is held (either way) or pt_lock is. */
static inline pte_t *pt_walk(pte_t *root, vaddr_t va)
{
	pte_t pte = READ_ONCE(root[pt_index(va, 2)]);

	if (!pte)
		return NULL;
	pte = READ_ONCE(pte_table(pte)[pt_index(va, 1)]);
	if (!pte)
		return NULL;
	return &pte_table(pte)[pt_index(va, 0)];
}

/* ---- the kernel's half ---- */

extern unsigned pt_levels; /* of the kernel's: 3 in Sv39, 4 in Sv48 */
extern pte_t *kernel_root;
/* Level 2 of all in the kernel's half but Sv48's direct map. */
extern pte_t *kernel_l2;

/* Maps [pa, pa+size) at va with the largest pages that fit; everything page
 * aligned, nothing mapped there yet. False: no memory for a table (what was
 * mapped stays). Serialised by the caller, under a spinlock or none. */
bool kernel_map(vaddr_t va, paddr_t pa, uint64_t size, pte_t bits);
/* The leaf entry that maps va in the kernel's half, or NULL; its level. */
pte_t *kernel_walk(vaddr_t va, unsigned *level);

/* Is there memory at pa? It keeps what it holds; nobody else runs. Before
 * page_init. */
bool pagetable_boot_probe(paddr_t pa);
/* Steps of page_init. There is free RAM up to end: goes over to Sv48 if Sv39's
 * direct map does not reach that far and the hart has it. How far it does. */
paddr_t pagetable_reach(paddr_t end);
/* chunk: 2 MiB of free RAM, to build the first tables in; then the direct map
 * of what is free, the image with its rights, satp. */
void pagetable_boot(paddr_t chunk, const struct mem_range *free, unsigned n);
/* struct pages for frames [pfn, pfn+n), zeroed. */
void pagetable_boot_vmemmap(uint64_t pfn, uint64_t n);
/* The steps of vm_init that concern tables. Returns how much of the area of
 * kernel stacks has tables. */
uint64_t pagetable_init(const struct mem_range *ram, unsigned n_ram,
			const struct mem_range *holes, unsigned n_holes);

/* What a wrong table would be seen by: walks the kernel's half and panics when
 * a page is writable and executable by any of its addresses, when an entry
 * touches a hole, or lacks A, G or (when writable) D. */
void pagetable_check(const struct mem_range *holes, unsigned n_holes);

/* ---- fences (shootdown.c) ---- */

/* One page, or all that is not global, on this hart. The only place that
 * knows sfence.vma with an address. */
void tlb_flush_local_page(vaddr_t va);
/* A part of the kernel's half that was invalid has become valid: harts that
 * remember the old state are told, everywhere. */
void tlb_flush_kernel(vaddr_t va, uint64_t size);

/* ---- new kernel stacks (vm.c) ---- */

/* Moves when stacks have been mapped, before anybody can have one. A hart whose
 * own number is another one calls kstack_learn before it goes over to a stack:
 * a fault there could not be mended. One that meets the stack of a thread
 * elsewhere faults, and kstack_fault says whether the access may be tried
 * again. */
extern uint64_t kstack_epoch;
struct hart;
/* h: this hart. */
void kstack_learn(struct hart *h);
bool kstack_fault(vaddr_t va);
