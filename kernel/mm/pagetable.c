/*
 * Page tables: where they come from, and the kernel's half of them.
 *
 * The kernel's half is built in two steps. page_init wants the free RAM in the
 * direct map before there is an allocator, so the first tables are made in one
 * chunk of 2 MiB that is hung into the table that boot left. vm_init adds what
 * is neither free nor a hole (an initrd, say), the image's own frames with the
 * image's rights, and a table for every gigabyte that kernel stacks and device
 * windows may ever need, so that roots never change afterwards and each new
 * address space can simply copy their upper half.
 *
 * A range is mapped by the largest pages that fit inside it; what surrounds a
 * hole is thereby mapped by pages that end at it.
 */
#include "kernel/mm/pagetable.h"

#include "boot/boot.h"
#include "kernel/bits.h"
#include "kernel/mm/memrange.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/string.h"

#define KPTE_COMMON (PTE_V | PTE_A | PTE_G)
#define KPTE_R      (KPTE_COMMON | PTE_R)
#define KPTE_RW     (KPTE_COMMON | PTE_R | PTE_W | PTE_D)
#define KPTE_RX     (KPTE_COMMON | PTE_R | PTE_X)

pte_t pte_memory_bits, pte_io_bits;
unsigned pt_levels = PT_LEVELS;
pte_t *kernel_root, *kernel_l2;
static uint64_t satp_mode = SATP_MODE_SV39;

/* The entries of the kernel's half that are in use, to copy no more. */
static uint16_t root_used[PT_USER_ROOT];
static unsigned n_root_used;

/* ---- tables ---- */

struct page *pt_alloc(unsigned gfp)
{
	struct mm_hart *mh = mm_hart();

	if (mh && mh->n_tables)
		return mh->tables[--mh->n_tables];
	return page_alloc(0, gfp | GFP_ZERO, PAGE_PAGETABLE);
}

void pt_free(struct page *table)
{
	struct mm_hart *mh = mm_hart();

#if CONFIG_DEBUG
	uint64_t *w = page_to_va(table);

	for (unsigned i = 0; i < PT_ENTRIES; i++)
		if (w[i])
			panic("page table freed with entry %u = %#lx", i,
			      (unsigned long)w[i]);
	if (table->a)
		panic("page table freed with groups %#lx",
		      (unsigned long)table->a);
#endif
	if (mh && mh->n_tables < HART_TABLES)
		mh->tables[mh->n_tables++] = table;
	else
		page_free(table, 0);
}

struct page *pt_root_alloc(void)
{
	struct mm_hart *mh = mm_hart();
	struct page *l2, *root;
	pte_t *t;

	if (mh && mh->n_roots)
		return mh->roots[--mh->n_roots];
	root = l2 = pt_alloc(GFP_USER);
	if (l2 && pt_levels > PT_LEVELS) {
		root = pt_alloc(GFP_USER);
		if (!root)
			pt_free(l2);
	}
	if (!root)
		return NULL;
	t = page_to_va(root);
	for (unsigned i = 0; i < n_root_used; i++)
		t[root_used[i]] = kernel_root[root_used[i]];
	if (root != l2)
		t[0] = pte_for(l2, PTE_V);
	l2->b = satp_mode | page_to_pfn(root);
	return l2;
}

static void root_free(struct page *l2)
{
	struct page *root = pfn_to_page(l2->b & SATP_PPN_MASK);

	if (root != l2)
		page_free(root, 0);
	page_free(l2, 0);
}

/* The user's half is zero. */
void pt_root_free(struct page *l2)
{
	struct mm_hart *mh = mm_hart();

#if CONFIG_DEBUG
	uint64_t *w = page_to_va(l2);

	for (unsigned i = 0; i < PT_USER_ROOT; i++)
		if (w[i])
			panic("root freed with entry %u", i);
#endif
	if (mh && mh->n_roots < HART_ROOTS)
		mh->roots[mh->n_roots++] = l2;
	else
		root_free(l2);
}

__attribute__((cold))
void pagetable_drain_hart(struct mm_hart *mh)
{
	while (mh->n_tables)
		page_free(mh->tables[--mh->n_tables], 0);
	while (mh->n_roots)
		root_free(mh->roots[--mh->n_roots]);
}

/* ---- the kernel's half ---- */

/* While the direct map is not complete, tables come from the chunk. */
static pte_t *table_new(void)
{
	struct page *pg;
	pte_t *t;

	if (!page_ready) {
		t = pa_to_va(page_boot_take(PAGE_SIZE, PAGE_SIZE));
		page_zero(t);
		return t;
	}
	pg = page_alloc(0, GFP_NOWAIT | GFP_ZERO, PAGE_PAGETABLE);
	return pg ? page_to_va(pg) : NULL;
}

static pte_t pte_table_entry(pte_t *table)
{
	return pte_make(va_to_pa(table), PTE_V);
}

__attribute__((cold))
bool kernel_map(vaddr_t va, paddr_t pa, uint64_t size, pte_t bits)
{
	while (size) {
		pte_t *t = kernel_root, *slot;
		unsigned level = pt_levels - 1;
		uint64_t step;

		for (;; level--) {
			slot = &t[pt_index(va, level)];
			step = PAGE_SIZE << 9 * level;
			if (!*slot && size >= step && is_aligned(va | pa, step))
				break;
			if (*slot & PTE_LEAF_MASK || !level)
				panic("kernel address %#lx mapped twice",
				      (unsigned long)va);
			if (!*slot) {
				pte_t *sub = table_new();

				if (!sub)
					return false;
				*slot = pte_table_entry(sub);
			}
			t = pte_table(*slot);
		}
		WRITE_ONCE(*slot, pte_make(pa, bits));
		va += step;
		pa += step;
		size -= step;
	}
	return true;
}

pte_t *kernel_walk(vaddr_t va, unsigned *level)
{
	pte_t *t = kernel_root;

	for (unsigned l = pt_levels; l-- > 0;) {
		pte_t *slot = &t[pt_index(va, l)];

		if (!*slot)
			return NULL;
		if (*slot & PTE_LEAF_MASK) {
			*level = l;
			return slot;
		}
		t = pte_table(*slot);
	}
	return NULL;
}

static void boot_map(vaddr_t va, paddr_t pa, uint64_t size, pte_t bits)
{
	if (size && !kernel_map(va, pa, size, bits | pte_memory_bits))
		boot_stop("no memory for the kernel's page tables");
}

/* The image's parts: rights, and whether the direct map shows them too. */
__attribute__((cold))
static void map_image_at(vaddr_t base)
{
	static const struct {
		char *start, *end;
		pte_t bits;
	} parts[] = {
		{ __text_start, __text_end, KPTE_RX },
		{ __rodata_start, __rodata_end, KPTE_R },
		{ __data_start, __bss_end, KPTE_RW },
	};
	bool direct = base != IMAGE_BASE;

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		char *start = parts[i].start, *end = parts[i].end;
		char *guard = __boot_stack_slot;
		char *guard_end = guard + (KSTACK_SLOT - KSTACK_SIZE);
		pte_t bits = parts[i].bits;

		if (direct) /* the same frames, never executable here */
			bits &= ~PTE_X;
		/* In pages of 4 KiB, so that no right spills over an edge. */
		for (char *p = start; p < end; p += PAGE_SIZE) {
			if (!direct && p >= guard && p < guard_end)
				continue;
			boot_map(base + (uint64_t)(p - __image_start),
				 image_va_to_pa(p), PAGE_SIZE, bits);
		}
	}
}

/* Is there memory at p? It keeps what it holds. What is behind a bus may answer
 * without an error and keep nothing. */
static bool answers(volatile uint64_t *p)
{
	uint64_t word, other, kept;
	long there = 0;

	asm volatile("1:	ld	%0, (%4)\n"
		     "	not	%1, %0\n"
		     "2:	sd	%1, (%4)\n"
		     "	ld	%2, (%4)\n"
		     "	sd	%0, (%4)\n"
		     "	li	%3, 1\n"
		     "3:\n"
		     FIXUP("1b", "3b")
		     FIXUP("2b", "3b")
		     : "=&r"(word), "=&r"(other), "=&r"(kept), "+&r"(there)
		     : "r"(p)
		     : "memory");
	return there && kept == other;
}

__attribute__((cold))
bool pagetable_boot_probe(paddr_t pa)
{
	pte_t *slot = &boot_page_table[pt_index(DIRECT_SV39, 2)];
	bool there;

	*slot = pte_make(round_down(pa, GIGAPAGE_SIZE),
			 KPTE_RW | pte_memory_bits);
	sfence_vma_all();
	there = answers((void *)(DIRECT_SV39 + pa % GIGAPAGE_SIZE));
	*slot = 0;
	sfence_vma_all();
	return there;
}

/* boot's table as what the last entry of an Sv48 root leads to: the same
 * addresses as before. A hart that lacks the mode takes nothing of the word. */
__attribute__((cold))
paddr_t pagetable_reach(paddr_t end)
{
	pte_t *root;

	if (end <= DIRECT_SV39_SIZE)
		return DIRECT_SV39_SIZE;
	root = early_alloc(PAGE_SIZE, PAGE_SIZE);
	root[PT_ENTRIES - 1] = pte_make(image_va_to_pa(boot_page_table), PTE_V);
	csr_write(satp, SATP_MODE_SV48 | image_va_to_pa(root) >> PAGE_SHIFT);
	sfence_vma_all();
	if (csr_read(satp) >> SATP_MODE_SHIFT !=
	    SATP_MODE_SV48 >> SATP_MODE_SHIFT)
		return DIRECT_SV39_SIZE;
	satp_mode = SATP_MODE_SV48;
	pt_levels = PT_LEVELS + 1;
	*(vaddr_t *)&direct_base = DIRECT_SV48;
	pr_info("paging is Sv48: there is memory up to %#lx\n",
		(unsigned long)end);
	return DIRECT_SV48_SIZE;
}

__attribute__((cold))
void pagetable_boot(paddr_t chunk, const struct mem_range *free, unsigned n)
{
	paddr_t early_pa = (csr_read(satp) & SATP_PPN_MASK) << PAGE_SHIFT;
	pte_t *t = image_pa_to_va(early_pa);
	vaddr_t chunk_va = (vaddr_t)pa_to_va(chunk);
	pte_t *early_l1, *l1;

	/* The chunk becomes reachable where the direct map will have it. */
	for (unsigned level = pt_levels; --level > 1;) {
		pte_t *sub = early_alloc(PAGE_SIZE, PAGE_SIZE);

		t[pt_index(chunk_va, level)] =
			pte_make(image_va_to_pa(sub), PTE_V);
		t = sub;
	}
	t[pt_index(chunk_va, 1)] = pte_make(chunk, KPTE_RW | pte_memory_bits);
	sfence_vma_all();

	kernel_root = kernel_l2 = table_new();
	if (pt_levels > PT_LEVELS) {
		kernel_l2 = table_new();
		kernel_root[PT_ENTRIES - 1] = pte_table_entry(kernel_l2);
	}
	map_image_at(IMAGE_BASE);
	/* What boot showed of the device tree stays in view until vm_init. */
	early_l1 = image_pa_to_va(
		pte_pa(boot_page_table[pt_index(IMAGE_BASE, 2)]));
	l1 = pte_table(kernel_l2[pt_index(IMAGE_BASE, 2)]);
	for (unsigned i = 0; i < FDT_WINDOW_SIZE >> MEGAPAGE_SHIFT; i++) {
		unsigned slot = pt_index(FDT_WINDOW_BASE, 1) + i;

		l1[slot] = early_l1[slot];
	}
	for (unsigned i = 0; i < n; i++)
		boot_map((vaddr_t)pa_to_va(free[i].base), free[i].base,
			 free[i].size, KPTE_RW);
	sfence_vma_all();
	csr_write(satp, kernel_satp());
	sfence_vma_all();
}

__attribute__((cold))
void pagetable_boot_vmemmap(uint64_t pfn, uint64_t n)
{
	vaddr_t va = (vaddr_t)pfn_to_page(pfn);
	vaddr_t end = (vaddr_t)pfn_to_page(pfn + n);

	while (va < end) {
		uint64_t step = PAGE_SIZE;
		paddr_t pa = 0;

		if (is_aligned(va, MEGAPAGE_SIZE) &&
		    end - va >= MEGAPAGE_SIZE) {
			pa = page_boot_take(MEGAPAGE_SIZE, MEGAPAGE_SIZE);
			if (pa)
				step = MEGAPAGE_SIZE;
		}
		if (!pa)
			pa = page_boot_take(PAGE_SIZE, PAGE_SIZE);
		for (uint64_t off = 0; off < step; off += PAGE_SIZE)
			page_zero((char *)pa_to_va(pa) + off);
		boot_map(va, pa, step, KPTE_RW);
		va += step;
	}
	sfence_vma_all();
}

/* A table for each gigabyte of [va, va+size): roots are final then. */
__attribute__((cold))
static void reserve_gigabytes(vaddr_t va, uint64_t size)
{
	for (uint64_t off = 0; off < size; off += GIGAPAGE_SIZE) {
		pte_t *slot = &kernel_l2[pt_index(va + off, 2)];
		pte_t *t;

		if (*slot)
			continue;
		t = table_new();
		if (!t)
			boot_stop("no memory for the kernel's page tables");
		*slot = pte_table_entry(t);
	}
}

__attribute__((cold))
uint64_t pagetable_init(const struct mem_range *ram, unsigned n_ram,
			const struct mem_range *holes, unsigned n_holes)
{
	struct mem_range image = { image_pa,
				   (uint64_t)(__image_end - __image_start) };
	struct mem_range *out, *visible;
	unsigned n_out, n_visible;
	uint64_t stacks = 0;
	pte_t *l1;

	out = kmalloc((n_holes + 1) * sizeof(*out), GFP_KERNEL);
	visible = kmalloc((page_n_banks + n_holes + 1) * sizeof(*visible),
			  GFP_KERNEL);
	if (!out || !visible)
		boot_stop("no memory for the memory map");
	for (unsigned i = 0; i < n_holes; i++)
		out[i] = holes[i];
	out[n_holes] = image;
	n_out = mem_range_normalize(out, n_holes + 1, false);
	n_visible = mem_range_subtract(visible, page_banks, page_n_banks, out,
				       n_out);
	/* Page by page: most of it is mapped already, in large pages. */
	for (unsigned i = 0; i < n_visible; i++) {
		paddr_t pa = visible[i].base;
		paddr_t end = pa + visible[i].size;

		while (pa < end) {
			paddr_t from = pa;
			unsigned level;
			pte_t *pte;

			/* As far as nothing is mapped, in one go. */
			while (pa < end &&
			       !kernel_walk((vaddr_t)pa_to_va(pa), &level))
				pa += PAGE_SIZE;
			boot_map((vaddr_t)pa_to_va(from), from, pa - from,
				 KPTE_RW);
			while (pa < end &&
			       (pte = kernel_walk((vaddr_t)pa_to_va(pa),
						  &level))) {
				uint64_t step = PAGE_SIZE << 9 * level;

				pa = round_down(pa, step) + step;
			}
		}
	}
	kfree(visible);
	kfree(out);
	map_image_at((vaddr_t)pa_to_va(image_pa));

	for (unsigned i = 0; i < page_n_banks; i++)
		stacks += page_banks[i].size / KSTACK_SIZE;
	stacks =
		MIN(round_up(stacks * KSTACK_SLOT, GIGAPAGE_SIZE), KSTACK_AREA);
	reserve_gigabytes(KSTACK_BASE, stacks);
	reserve_gigabytes(DEVICE_BASE, DEVICE_SIZE);

	l1 = pte_table(kernel_l2[pt_index(IMAGE_BASE, 2)]);
	for (unsigned i = 0; i < FDT_WINDOW_SIZE >> MEGAPAGE_SHIFT; i++)
		l1[pt_index(FDT_WINDOW_BASE, 1) + i] = 0;
	sfence_vma_all();

	for (unsigned i = PT_USER_ROOT; i < PT_ENTRIES; i++)
		if (kernel_root[i])
			root_used[n_root_used++] = (uint16_t)i;
	return stacks;
}

uint64_t kernel_satp(void)
{
	return satp_mode | va_to_pa(kernel_root) >> PAGE_SHIFT;
}

/* ---- looking for what must not be ---- */

static bool holds_text(paddr_t pa, uint64_t size)
{
	return pa < image_va_to_pa(__text_end) &&
	       pa + size > image_va_to_pa(__text_start);
}

static void check_leaf(vaddr_t va, pte_t pte, uint64_t size,
		       const struct mem_range *holes, unsigned n_holes)
{
	paddr_t pa = pte_pa(pte);

	if (pte & PTE_U || !(pte & PTE_A) || !(pte & PTE_G) ||
	    !(pte & PTE_W) != !(pte & PTE_D))
		panic("kernel entry for %#lx: wrong bits %#lx",
		      (unsigned long)va, (unsigned long)pte);
	if (pte & PTE_W && pte & PTE_X)
		panic("kernel entry for %#lx: writable and executable",
		      (unsigned long)va);
	if (pte & PTE_W && holds_text(pa, size))
		panic("kernel entry for %#lx: writable text",
		      (unsigned long)va);
	if (pte & PTE_X && !(va_is_image((void *)va) && holds_text(pa, size)))
		panic("kernel entry for %#lx: executable", (unsigned long)va);
	for (unsigned i = 0; i < n_holes; i++)
		if (holes[i].base < pa + size &&
		    pa < holes[i].base + holes[i].size)
			panic("kernel entry for %#lx touches the hole at %#lx",
			      (unsigned long)va, (unsigned long)holes[i].base);
}

static void check_table(const pte_t *t, unsigned level, vaddr_t va,
			unsigned first, const struct mem_range *holes,
			unsigned n_holes)
{
	uint64_t step = PAGE_SIZE << 9 * level;

	for (unsigned i = first; i < PT_ENTRIES; i++) {
		vaddr_t at = va + i * step;

		if (!t[i])
			continue;
		if (t[i] & PTE_LEAF_MASK)
			check_leaf(at, t[i], step, holes, n_holes);
		else
			check_table(pte_table(t[i]), level - 1, at, 0, holes,
				    n_holes);
	}
}

void pagetable_check(const struct mem_range *holes, unsigned n_holes)
{
	vaddr_t base = ~0ull << (PAGE_SHIFT + 9 * pt_levels);

	check_table(kernel_root, pt_levels - 1, base, PT_USER_ROOT, holes,
		    n_holes);
}
