/*
 * What the kernel maps for itself once it runs: device windows and kernel
 * stacks. Both areas grow and never shrink, and every root has the tables of
 * their gigabytes since vm_init, so a new mapping is an entry in a table that
 * all address spaces share.
 *
 * A stack that is given back stays mapped in a pool and is handed out again.
 * A new one is one more reason for each hart to fence before it takes up a
 * thread the next time (kstack_epoch); asked at once, all of them would have to
 * answer, for every few forks of a storm.
 *
 * What a crowd has left in the pool is given back when memory is short. All
 * harts are asked then, once for many stacks, and the slots are used again.
 */
#include "kernel/bits.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/smp.h"

#define STACK_PAGES (KSTACK_SIZE >> PAGE_SHIFT)
#define STACK_BATCH 31 /* made at once, at most */
#define STACK_FEW   16 /* not worth asking all harts */
#define STACK_MANY  64 /* given back at once, at most */

static struct {
	struct spinlock lock; /* also of the tables of both areas */
	uint64_t device_used; /* [lock] bytes from DEVICE_BASE */
	uint64_t stack_area;  /* [I] bytes that have tables */
	uint64_t n_slots;     /* [lock] that ever held a stack */
	uint64_t n_stacks;    /* [lock] in use or in the pool */
	uint64_t n_free;      /* [lock] in the pool */
	void **free;          /* [lock] their lowest words, chained */
	uint64_t empty;       /* [lock] a slot without a stack, + 1; 0: none */
} kernel_maps = { .lock = SPINLOCK_INIT("kernel maps", RANK_SLAB) };

uint64_t kstack_epoch; /* atomic */

/* A large window keeps its offset inside 2 MiB, so large pages fit. */
volatile void *device_map(paddr_t pa, size_t size)
{
	paddr_t base = round_down(pa, PAGE_SIZE);
	uint64_t bytes, align = PAGE_SIZE, at;
	pte_t bits = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G;
	bool done;

	if (!size || pa + size < pa || pa + size > 1ull << 56)
		return NULL;
	bytes = round_up(pa + size, PAGE_SIZE) - base;
	if (bytes > DEVICE_SIZE)
		return NULL;
	for (uint64_t off = 0; off < bytes; off += PAGE_SIZE)
		if (pa_is_ram(base + off))
			return NULL;
	if (bytes >= MEGAPAGE_SIZE)
		align = MEGAPAGE_SIZE;
	spin_lock(&kernel_maps.lock);
	at = round_up(kernel_maps.device_used, align) + base % align;
	done = at + bytes <= DEVICE_SIZE;
	if (done) {
		kernel_maps.device_used = at + bytes;
		done = kernel_map(DEVICE_BASE + at, base, bytes,
				  bits | pte_io_bits);
	}
	spin_unlock(&kernel_maps.lock);
	if (!done)
		return NULL;
	tlb_flush_kernel(DEVICE_BASE + at, bytes);
	return (volatile void *)(DEVICE_BASE + at + (pa - base));
}

/*
 * The tree tells that the hart has Svpbmt; whether S-mode may use it is the
 * firmware's to say (menvcfg.PBMTE), and without that the bits are reserved
 * and their use is a page fault. So one load that may fail tries an entry,
 * where the next device will be; no other hart runs yet.
 */
bool vm_pbmt_works(void)
{
	bool works = false;
	unsigned level;
	vaddr_t va;

	spin_lock(&kernel_maps.lock);
	va = DEVICE_BASE + round_up(kernel_maps.device_used, PAGE_SIZE);
	if (kernel_map(va, va_to_pa(kernel_root), PAGE_SIZE,
		       PTE_V | PTE_R | PTE_A | PTE_G | PTE_PBMT_NC)) {
		sfence_vma_all();
		__asm__ volatile("1:	lbu	zero, (%1)\n"
				 "	li	%0, 1\n"
				 "2:\n"
				 FIXUP("1b", "2b")
				 : "+r"(works)
				 : "r"(va)
				 : "memory");
		WRITE_ONCE(*kernel_walk(va, &level), 0);
		sfence_vma_all();
	}
	spin_unlock(&kernel_maps.lock);
	return works;
}

static vaddr_t stack_in(uint64_t slot)
{
	return KSTACK_BASE + slot * KSTACK_SLOT + (KSTACK_SLOT - KSTACK_SIZE);
}

/* What stands in the first entry of an empty slot, which is not valid: the
 * next one as in `empty`. */
static pte_t empty_entry(uint64_t next)
{
	return next << PTE_PPN_SHIFT | PTE_R;
}

/* The lower end of a stack that was not there before, not yet fenced; 0: no
 * memory. */
static vaddr_t stack_map(unsigned gfp)
{
	pte_t bits = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G;
	struct page *pages[STACK_PAGES];
	unsigned n, level;
	vaddr_t va = 0;
	uint64_t slot;
	pte_t *pte;

	for (n = 0; n < STACK_PAGES; n++) {
		pages[n] = page_alloc(0, gfp, PAGE_KERNEL);
		if (!pages[n])
			goto free;
	}
	spin_lock(&kernel_maps.lock);
	slot = kernel_maps.n_slots;
	if (kernel_maps.empty) {
		slot = kernel_maps.empty - 1;
		pte = kernel_walk(stack_in(slot), &level);
		kernel_maps.empty = *pte >> PTE_PPN_SHIFT;
		*pte = 0;
	}
	if ((slot + 1) * KSTACK_SLOT <= kernel_maps.stack_area) {
		va = stack_in(slot);
		/* Only the first of a new slot can want for a table. */
		for (unsigned i = 0; i < STACK_PAGES && va; i++)
			if (!kernel_map(va + i * PAGE_SIZE,
					page_to_pa(pages[i]), PAGE_SIZE,
					bits | pte_memory_bits))
				va = 0;
		if (va) {
			kernel_maps.n_stacks++;
			kernel_maps.n_slots =
				MAX(kernel_maps.n_slots, slot + 1);
		}
	}
	spin_unlock(&kernel_maps.lock);
	if (va)
		return va;
free:
	while (n)
		page_put(pages[--n]);
	return 0;
}

/* Several at once, since all harts fence for them: the top of one, and others
 * for those who come next, an eighth of what there are, as long as they cost no
 * effort. */
static void *stacks_create(void)
{
	vaddr_t vas[STACK_BATCH], va;
	uint64_t want;
	unsigned n = 0;

	va = stack_map(GFP_KERNEL);
	if (!va)
		return NULL;
	want = MIN(MAX(READ_ONCE(kernel_maps.n_stacks) / 8, 7ul),
		   (uint64_t)STACK_BATCH);
	while (n < want && (vas[n] = stack_map(GFP_NOWAIT)))
		n++;
	__atomic_fetch_add(&kstack_epoch, 1, __ATOMIC_SEQ_CST);
	kstack_learn(this_hart());
	while (n)
		kstack_free((void *)(vas[--n] + KSTACK_SIZE));
	return (void *)(va + KSTACK_SIZE);
}

void kstack_learn(struct hart *h)
{
	/* The number first: what is mapped later is another one. */
	h->kstack_epoch = __atomic_load_n(&kstack_epoch, __ATOMIC_ACQUIRE);
	sfence_vma_all();
}

bool kstack_fault(vaddr_t va)
{
	unsigned level;
	pte_t *pte;

	if (va - KSTACK_BASE >= kernel_maps.stack_area)
		return false;
	pte = kernel_walk(va, &level);
	if (!pte || !(READ_ONCE(*pte) & PTE_V))
		return false;
	sfence_vma_all();
	return true;
}

void *kstack_alloc(void)
{
	void **low;

	spin_lock(&kernel_maps.lock);
	low = kernel_maps.free;
	if (low) {
		kernel_maps.free = *low;
		kernel_maps.n_free--;
	}
	spin_unlock(&kernel_maps.lock);
	if (low)
		return (char *)low + KSTACK_SIZE;
	return stacks_create();
}

void kstack_free(void *top)
{
	void **low = (void **)((char *)top - KSTACK_SIZE);

	spin_lock(&kernel_maps.lock);
	*low = kernel_maps.free;
	kernel_maps.free = low;
	kernel_maps.n_free++;
	spin_unlock(&kernel_maps.lock);
}

void kstack_pool_count(uint64_t *stack_pages, uint64_t *table_pages)
{
	uint64_t per_table = MEGAPAGE_SIZE / KSTACK_SLOT;

	spin_lock(&kernel_maps.lock);
	*stack_pages = kernel_maps.n_free * STACK_PAGES;
	*table_pages = div_round_up(kernel_maps.n_slots, per_table);
	spin_unlock(&kernel_maps.lock);
}

/* Gives back what the pool has beyond an eighth of those in use and a few: the
 * pages, or 0. A slot may not be taken, nor a frame be freed, before no hart
 * remembers the stack that was there. */
static uint64_t stacks_give_back(void)
{
	struct list_head frames = LIST_INIT(frames);
	uint64_t first = 0, n = 0, keep;
	pte_t *pte, *last = NULL;
	struct page *pg, *next;
	unsigned level;

	spin_lock(&kernel_maps.lock);
	keep = STACK_FEW + (kernel_maps.n_stacks - kernel_maps.n_free) / 8;
	if (kernel_maps.n_free >= keep + STACK_FEW)
		n = MIN(kernel_maps.n_free - keep, (uint64_t)STACK_MANY);
	for (uint64_t i = 0; i < n; i++) {
		void **low = kernel_maps.free;

		kernel_maps.free = *low;
		pte = kernel_walk((vaddr_t)low, &level);
		for (unsigned j = 0; j < STACK_PAGES; j++) {
			list_add(&pte_page(pte[j])->link, &frames);
			WRITE_ONCE(pte[j], 0);
		}
		if (!last)
			last = pte;
		WRITE_ONCE(*pte, empty_entry(first));
		first = ((vaddr_t)low - KSTACK_BASE) / KSTACK_SLOT + 1;
	}
	kernel_maps.n_free -= n;
	kernel_maps.n_stacks -= n;
	spin_unlock(&kernel_maps.lock);
	if (!n)
		return 0;
	tlb_flush_kernel(KSTACK_BASE, kernel_maps.stack_area);
	spin_lock(&kernel_maps.lock);
	WRITE_ONCE(*last, empty_entry(kernel_maps.empty));
	kernel_maps.empty = first;
	spin_unlock(&kernel_maps.lock);
	list_for_each_entry_safe (pg, next, &frames, link)
		page_put(pg);
	return n * STACK_PAGES;
}

static uint64_t tables_shrink(uint64_t want, bool may_write)
{
	struct mm_hart *mh = mm_hart();
	uint64_t n = 0, more;

	if (mh) {
		n = mh->n_tables + mh->n_roots;
		pagetable_drain_hart(mh);
	}
	while (n < want && (more = stacks_give_back()))
		n += more;
	return n;
}

void vm_init(const struct mem_range *ram, unsigned n_ram,
	     const struct mem_range *holes, unsigned n_holes)
{
	static struct shrinker shrinker = { .name = "tables and stacks",
					    .shrink = tables_shrink };

	kernel_maps.stack_area = pagetable_init(ram, n_ram, holes, n_holes);
	shootdown_init();
	page_init_harts();
	shrinker_register(&shrinker);
#if CONFIG_DEBUG
	pagetable_check(holes, n_holes);
#endif
}
