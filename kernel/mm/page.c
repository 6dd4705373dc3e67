/*
 * The allocator of physical pages. Blocks of 2^order frames in a buddy system:
 * a block and its buddy differ in one bit of the frame number, so neighbours
 * merge again without a search. Nearly every request is for one page, and is
 * served from a stack of pages that each hart keeps for itself; the buddy lock
 * is taken once for a batch.
 *
 * struct pages are mapped for whole blocks of the largest order, so looking at
 * a buddy never faults; frames of such a block that are no RAM, or not ours,
 * are PAGE_RESERVED and never free.
 *
 * What happens when a request finds none is shortage.c's.
 */
#include "kernel/mm/page.h"

#include "kernel/bits.h"
#include "kernel/mm/memrange.h"
#include "kernel/mm/page_impl.h"
#include "kernel/mm/pagetable.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/string.h"

#ifndef HOST_TEST
#include "kernel/mm/vmspace.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#else
#define boot_stop panic
#endif

#define BLOCK_PAGES (1u << PAGE_MAX_ORDER)
#define BLOCK_SIZE  ((uint64_t)BLOCK_PAGES << PAGE_SHIFT)
#define EARLY_SIZE  (96ul << 10)
#ifndef LOW_END
#define LOW_END (1ull << 32) /* of GFP_LOW */
#endif

#define POISON_FREE 0x6b6b6b6b6b6b6b6bull

struct buddy buddy = { .lock = SPINLOCK_INIT("buddy", RANK_BUDDY) };

struct mm_hart *mm_harts;
bool page_ready;
const struct mem_range *page_banks;
unsigned page_n_banks;

static uint64_t ram_pages; /* in the banks */

/* ---- bring-up ---- */

static char early_pool[EARLY_SIZE] __attribute__((aligned(4096)));
static size_t early_used;

void *early_alloc(size_t size, size_t align)
{
	size_t at = round_up(early_used, align ? align : 8);

	if (at > EARLY_SIZE || size > EARLY_SIZE - at)
		boot_stop("memory for bring-up: %lu bytes do not fit",
			  (unsigned long)size);
	early_used = at + size;
	return early_pool + at;
}

static struct {
	struct mem_range *free; /* unsorted; gaps of alignment at the end */
	unsigned n, cap;
	paddr_t chunk, chunk_end; /* first source: mapped before all else */
} boot;

/* 0: none. From the end of the last range that has room. */
__attribute__((cold))
static paddr_t boot_carve(uint64_t size, uint64_t align)
{
	for (unsigned i = boot.n; i-- > 0;) {
		struct mem_range *r = &boot.free[i];
		paddr_t end = r->base + r->size, pa;

		if (r->size < size)
			continue;
		pa = round_down(end - size, align);
		if (pa < r->base)
			continue;
		if (pa + size < end && boot.n == boot.cap)
			continue;
		r->size = pa - r->base;
		if (pa + size < end)
			boot.free[boot.n++] =
				(struct mem_range){ pa + size,
						    end - (pa + size) };
		return pa;
	}
	return 0;
}

__attribute__((cold))
paddr_t page_boot_take(uint64_t size, uint64_t align)
{
	paddr_t pa;

	if (boot.chunk + size <= boot.chunk_end && align == PAGE_SIZE) {
		pa = boot.chunk;
		boot.chunk += size;
		return pa;
	}
	if (boot.chunk_end)
		boot_stop("memory for the kernel's page tables: 2 MiB are gone");
	pa = boot_carve(size, align);
	if (!pa && align == PAGE_SIZE)
		boot_stop("not enough memory to describe the memory");
	return pa;
}

static struct mem_range *range_copy(const struct mem_range *r, unsigned n,
				    unsigned extra)
{
	struct mem_range *out = early_alloc((n + extra) * sizeof(*out), 8);

	for (unsigned i = 0; i < n; i++)
		out[i] = r[i];
	return out;
}

/* Where the last of n sorted ranges ends. */
static paddr_t end_of(const struct mem_range *r, unsigned n)
{
	return n ? r[n - 1].base + r[n - 1].size : 0;
}

/* Only what is below `reach`. */
static unsigned clip(struct mem_range *r, unsigned n, paddr_t reach)
{
	while (n && r[n - 1].base >= reach)
		n--;
	if (end_of(r, n) > reach)
		r[n - 1].size = reach - r[n - 1].base;
	return n;
}

static void buddy_give(struct page *pg, unsigned order);

/* Frames that nobody uses, cut into the largest aligned blocks. */
__attribute__((cold))
static void buddy_add_range(uint64_t pfn, uint64_t end)
{
	buddy.total += end - pfn;
	while (pfn < end) {
		unsigned order =
			MIN(ctz64(pfn | BLOCK_PAGES), ilog2(end - pfn));

		buddy_give(pfn_to_page(pfn), order);
		pfn += 1ull << order;
	}
}

__attribute__((cold))
void page_init(const struct mem_range *ram, unsigned n_ram,
	       const struct mem_range *reserved, unsigned n_reserved)
{
	struct mem_range *banks, *resv, *all_free, *blocks, *holes;
	unsigned n_resv, n_free, n_blocks, n_holes;
	paddr_t reach;

	banks = range_copy(ram, n_ram, 0);
	n_ram = mem_range_normalize(banks, n_ram, true);
	resv = range_copy(reserved, n_reserved, 2);
	resv[n_reserved] =
		(struct mem_range){ image_pa,
				    (uint64_t)(__image_end - __image_start) };
	/* Address 0 as a frame would read like "none". */
	resv[n_reserved + 1] = (struct mem_range){ 0, PAGE_SIZE };
	n_resv = mem_range_normalize(resv, n_reserved + 2, false);

	all_free = early_alloc((n_ram + n_resv) * sizeof(*all_free), 8);
	n_free = mem_range_subtract(all_free, banks, n_ram, resv, n_resv);

	/* More than the widest mode has room for is no reason to take it. */
	reach = pagetable_reach(
		end_of(all_free, clip(all_free, n_free, DIRECT_SV48_SIZE)));
	if (end_of(banks, n_ram) > reach)
		pr_warn("memory beyond %#lx is left unused\n",
			(unsigned long)reach);
	n_free = clip(all_free, n_free, reach);
	n_ram = clip(banks, n_ram, reach);
	page_banks = banks;
	page_n_banks = n_ram;
	for (unsigned i = 0; i < n_ram; i++)
		ram_pages += banks[i].size >> PAGE_SHIFT;

	boot.cap = n_free + 32;
	boot.free = range_copy(all_free, n_free, 32);
	boot.n = n_free;

	boot.chunk = boot_carve(MEGAPAGE_SIZE, MEGAPAGE_SIZE);
	if (!boot.chunk)
		boot_stop("there is no free memory");
	boot.chunk_end = boot.chunk + MEGAPAGE_SIZE;
	pagetable_boot(boot.chunk, all_free, n_free);
	boot.free[boot.n++] =
		(struct mem_range){ boot.chunk, boot.chunk_end - boot.chunk };
	boot.chunk = boot.chunk_end = 0;

	blocks = range_copy(banks, n_ram, 0);
	for (unsigned i = 0; i < n_ram; i++) {
		paddr_t end =
			round_up(blocks[i].base + blocks[i].size, BLOCK_SIZE);

		blocks[i].base = round_down(blocks[i].base, BLOCK_SIZE);
		blocks[i].size = end - blocks[i].base;
	}
	n_blocks = mem_range_normalize(blocks, n_ram, true);
	for (unsigned i = 0; i < n_blocks; i++)
		pagetable_boot_vmemmap(blocks[i].base >> PAGE_SHIFT,
				       blocks[i].size >> PAGE_SHIFT);

	boot.n = mem_range_normalize(boot.free, boot.n, true);
	holes = early_alloc((n_blocks + boot.n) * sizeof(*holes), 8);
	n_holes =
		mem_range_subtract(holes, blocks, n_blocks, boot.free, boot.n);
	for (unsigned i = 0; i < n_holes; i++) {
		struct page *pg = pa_to_page(holes[i].base);
		struct page *end = pg + (holes[i].size >> PAGE_SHIFT);

		for (; pg < end; pg++) {
			pg->kind = PAGE_RESERVED;
			pg->refs = 1;
		}
	}
	for (unsigned i = 0; i <= PAGE_MAX_ORDER; i++)
		list_init(&buddy.free[i]);
	for (unsigned i = 0; i < boot.n; i++)
		buddy_add_range(boot.free[i].base >> PAGE_SHIFT,
				(boot.free[i].base + boot.free[i].size) >>
					PAGE_SHIFT);
	buddy.reserve = MIN(buddy.total / 32, 2048ul);
	page_ready = true;
}

void page_release_range(paddr_t base, paddr_t size)
{
	uint64_t pfn = round_up(base, PAGE_SIZE) >> PAGE_SHIFT;
	uint64_t end = (base + size) >> PAGE_SHIFT;

	for (; pfn < end; pfn++) {
		struct page *pg;

		if (!pa_is_ram(pfn << PAGE_SHIFT))
			continue;
		pg = pfn_to_page(pfn);
		if (pg->kind != PAGE_RESERVED)
			continue;
		spin_lock(&buddy.lock);
		pg->kind = PAGE_FREE;
		pg->refs = 0;
		buddy_add_range(pfn, pfn + 1);
		spin_unlock(&buddy.lock);
	}
}

bool pa_is_ram(paddr_t pa)
{
	for (unsigned i = 0; i < page_n_banks; i++)
		if (pa - page_banks[i].base < page_banks[i].size)
			return true;
	return false;
}

/* ---- blocks; the lock is held (or nobody else runs yet) ---- */

static void buddy_push(struct page *pg, unsigned order)
{
	pg->kind = PAGE_FREE;
	pg->order = (uint8_t)order;
	pg->bits = PG_BUDDY;
	list_add(&pg->link, &buddy.free[order]);
	buddy.nonempty |= 1u << order;
}

static void buddy_unlink(struct page *pg, unsigned order)
{
	list_del(&pg->link);
	pg->bits = 0;
	if (list_empty(&buddy.free[order]))
		buddy.nonempty &= ~(1u << order);
}

static void buddy_give(struct page *pg, unsigned order)
{
	uint64_t pfn = page_to_pfn(pg);

	buddy.n_free += 1ull << order;
	while (order < PAGE_MAX_ORDER) {
		struct page *b = pfn_to_page(pfn ^ 1ull << order);

		if (!(b->bits & PG_BUDDY) || b->order != order ||
		    b->kind != PAGE_FREE)
			break;
		buddy_unlink(b, order);
		pfn &= ~(1ull << order);
		order++;
	}
	buddy_push(pfn_to_page(pfn), order);
}

/* A block of order o out of its list, and of it the first 2^order pages. */
static struct page *buddy_cut(struct page *pg, unsigned o, unsigned order)
{
	buddy_unlink(pg, o);
	while (o > order) {
		o--;
		buddy_push(pg + (1u << o), o);
	}
	buddy.n_free -= 1ull << order;
	return pg;
}

static struct page *buddy_take(unsigned order)
{
	uint32_t mask = buddy.nonempty >> order;
	unsigned o;

	if (!mask)
		return NULL;
	o = order + ctz32(mask);
	return buddy_cut(list_first_entry(&buddy.free[o], struct page, link), o,
			 order);
}

/* The search is long only where much lies above, in many pieces. */
__attribute__((cold))
static struct page *buddy_take_low(unsigned order)
{
	struct page *pg;

	for (unsigned o = order; o <= PAGE_MAX_ORDER; o++)
		list_for_each_entry (pg, &buddy.free[o], link)
			if (page_to_pa(pg) < LOW_END)
				return buddy_cut(pg, o, order);
	return NULL;
}

/* ---- the harts' stacks of single pages ---- */

/* The order of pages on the stack: the low addresses come out first. */
static struct page *refill(struct mm_hart *mh, unsigned gfp)
{
	uint64_t left = page_floor(gfp);
	struct page *pg = NULL;

	spin_lock(&buddy.lock);
	while (mh->n_pages < PAGE_BATCH) {
		unsigned order = PAGE_BATCH - mh->n_pages >= 16 ? 4 : 0;
		uint32_t small = buddy.nonempty & 15;

		if (small) /* use up the crumbs first */
			order = ctz32(small);
		if (mh->n_pages + (1u << order) > HART_PAGES ||
		    buddy.n_free < left + 16)
			order = 0;
		if (buddy.n_free <= left)
			break;
		pg = buddy_take(order);
		if (!pg)
			break;
		for (unsigned i = 1u << order; i-- > 0;)
			mh->pages[mh->n_pages++] = pg + i;
	}
	spin_unlock(&buddy.lock);
	return mh->n_pages ? mh->pages[--mh->n_pages] : NULL;
}

static void drain(struct mm_hart *mh, unsigned keep)
{
	spin_lock(&buddy.lock);
	while (mh->n_pages > keep)
		buddy_give(mh->pages[--mh->n_pages], 0);
	spin_unlock(&buddy.lock);
}

void page_drain_hart(struct mm_hart *mh)
{
	drain(mh, 0);
}

struct page *page_take_block(struct mm_hart *mh, unsigned order, unsigned gfp)
{
	struct page *pg = NULL;

	if (mh && order == 0)
		return mh->n_pages ? mh->pages[--mh->n_pages] : refill(mh, gfp);
	spin_lock(&buddy.lock);
	if (buddy.n_free >= page_floor(gfp) + (1ull << order))
		pg = gfp & GFP_LOW ? buddy_take_low(order) : buddy_take(order);
	spin_unlock(&buddy.lock);
	return pg;
}

/* ---- the calls ---- */

struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind)
{
	struct mm_hart *mh = mm_hart();
	struct page *pg;

	/* It does not sleep often, but it may: see that at the first time. */
	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (__builtin_expect(order == 0 && mh && mh->n_pages, 1)) {
		pg = mh->pages[--mh->n_pages];
	} else {
		if (order > PAGE_MAX_ORDER)
			return NULL;
		pg = page_take_block(mh, order, gfp);
		if (!pg && !(gfp & GFP_NOWAIT)) {
			pg = page_take_hard(order, gfp);
			mh = mm_hart();
		}
		if (!pg)
			return NULL;
	}
	if (mh) {
		mh->by_kind[kind] += 1ll << order;
	} else {
		spin_lock(&buddy.lock);
		buddy.by_kind[kind] += 1ll << order;
		spin_unlock(&buddy.lock);
	}
#if CONFIG_DEBUG
	if (pg->refs || pg->kind != PAGE_FREE)
		panic("page %#lx: allocated while in use (kind %u, refs %d)",
		      (unsigned long)page_to_pa(pg), pg->kind, pg->refs);
	for (unsigned i = 0; i < PAGE_SIZE / 8; i += 61) {
		uint64_t *w = page_to_va(pg);

		if (pg->value == POISON_FREE && w[i] != POISON_FREE)
			panic("page %#lx: written to after it was freed",
			      (unsigned long)page_to_pa(pg));
	}
#endif
	pg->kind = (uint8_t)kind;
	pg->order = (uint8_t)order;
	pg->bits = 0;
	pg->refs = 1;
	pg->a = 0;
	pg->b = 0;
	pg->value = 0;
	if (gfp & GFP_ZERO) {
		char *va = page_to_va(pg);

		for (unsigned i = 0; i < 1u << order; i++)
			page_zero(va + i * PAGE_SIZE);
	}
	return pg;
}

void page_free(struct page *pg, unsigned order)
{
	struct mm_hart *mh = mm_hart();
	unsigned kind = pg->kind;

#if CONFIG_DEBUG
	if (kind == PAGE_FREE || kind == PAGE_RESERVED || kind >= PAGE_KINDS)
		panic("page %#lx: freed while free or not ours (kind %u)",
		      (unsigned long)page_to_pa(pg), kind);
	if (pg->order != order)
		panic("page %#lx: freed with order %u, allocated with %u",
		      (unsigned long)page_to_pa(pg), order, pg->order);
	for (unsigned i = 0; i < 1u << order; i++) {
		uint64_t *w = page_to_va(pg + i);

		for (unsigned j = 0; j < PAGE_SIZE / 8; j++)
			w[j] = POISON_FREE;
		pg[i].value = POISON_FREE;
	}
#endif
	pg->kind = PAGE_FREE;
	pg->bits = 0;
	pg->refs = 0;
	if (__builtin_expect(!mh, 0)) {
		spin_lock(&buddy.lock);
		buddy.by_kind[kind] -= 1ll << order;
		buddy_give(pg, order);
		spin_unlock(&buddy.lock);
		return;
	}
	mh->by_kind[kind] -= 1ll << order;
	if (order) {
		spin_lock(&buddy.lock);
		buddy_give(pg, order);
		spin_unlock(&buddy.lock);
		return;
	}
	if (mh->n_pages == HART_PAGES)
		drain(mh, HART_PAGES - PAGE_BATCH);
	mh->pages[mh->n_pages++] = pg;
}

void page_free_last(struct page *pg)
{
	page_free(pg, pg->order);
}

/* ---- what is known about it all ---- */

void page_count(struct page_counts *out)
{
	uint64_t stacks, tables;
	int64_t free;

	memset(out, 0, sizeof(*out));
	spin_lock(&buddy.lock);
	out->total = buddy.total;
	free = (int64_t)buddy.n_free;
	for (unsigned k = 0; k < PAGE_KINDS; k++)
		out->by_kind[k] = (uint64_t)buddy.by_kind[k];
	spin_unlock(&buddy.lock);
	for (struct mm_hart *mh = mm_harts; mh; mh = mh->next) {
		free += READ_ONCE(mh->n_pages);
		for (unsigned k = 0; k < PAGE_KINDS; k++)
			out->by_kind[k] += (uint64_t)READ_ONCE(mh->by_kind[k]);
	}
	kstack_pool_count(&stacks, &tables);
	out->by_kind[PAGE_KERNEL] -= stacks;
	out->by_kind[PAGE_PAGETABLE] -= tables;
	out->free = (uint64_t)free + stacks + tables;
	out->by_kind[PAGE_FREE] = out->free;
	out->by_kind[PAGE_RESERVED] = ram_pages - out->total;
}

#ifndef HOST_TEST
static struct mm_hart boot_hart;

static struct mm_hart *mm_hart_create(struct hart *h)
{
	struct mm_hart *mh;

	if (!mm_harts) {
		mh = &boot_hart;
	} else {
		struct page *pg =
			page_alloc(1, GFP_NOWAIT | GFP_ZERO, PAGE_KERNEL);

		if (!pg)
			return NULL;
		mh = page_to_va(pg);
	}
	mh->next = mm_harts;
	mm_harts = mh;
	h->slab_cache = mh->stacks;
	h->page_cache = mh;
	return mh;
}

__attribute__((cold))
void page_init_harts(void)
{
	struct thread *t = current_thread();

	/* The boot hart first: its part lies in the image. */
	if (t && t->hart && !t->hart->page_cache)
		mm_hart_create(t->hart);
	for (unsigned i = 0; i < nharts; i++)
		if (!harts[i].page_cache && !mm_hart_create(&harts[i]))
			pr_warn("hart %u: no memory for its caches\n", i);
}

void page_drain_this_hart(void *unused)
{
	struct mm_hart *mh = mm_hart();

	shootdown_drain_hart();
	if (!mh)
		return;
	slab_drain_hart(mh);
	pagetable_drain_hart(mh);
	page_drain_hart(mh);
}

void page_leave_hart(void)
{
	vmspace_unborrow();
	page_drain_this_hart(NULL);
}
#endif
