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

static struct {
	struct spinlock lock; /* also of the tables of both areas */
	uint64_t device_used; /* [lock] bytes from DEVICE_BASE */
	uint64_t stack_area;  /* [I] bytes that have tables */
	uint64_t n_stacks;    /* [lock] slots in use or in the pool */
	uint64_t n_free;      /* [lock] in the pool */
	void **free;          /* [lock] their lowest words, chained */
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

/* The lower end of a stack that was never there before, not yet fenced; 0: no
 * memory. */
static vaddr_t stack_map(unsigned gfp)
{
	pte_t bits = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G;
	struct page *pages[STACK_PAGES];
	vaddr_t va = 0;
	unsigned n;

	for (n = 0; n < STACK_PAGES; n++) {
		pages[n] = page_alloc(0, gfp, PAGE_KERNEL);
		if (!pages[n])
			goto free;
	}
	spin_lock(&kernel_maps.lock);
	if ((kernel_maps.n_stacks + 1) * KSTACK_SLOT <=
	    kernel_maps.stack_area) {
		va = KSTACK_BASE + kernel_maps.n_stacks * KSTACK_SLOT +
		     (KSTACK_SLOT - KSTACK_SIZE);
		/* Only the first can want for a table. */
		for (unsigned i = 0; i < STACK_PAGES && va; i++)
			if (!kernel_map(va + i * PAGE_SIZE,
					page_to_pa(pages[i]), PAGE_SIZE,
					bits | pte_memory_bits))
				va = 0;
		if (va)
			kernel_maps.n_stacks++;
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

	if (va - KSTACK_BASE >= kernel_maps.stack_area ||
	    !kernel_walk(va, &level))
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
	*table_pages = div_round_up(kernel_maps.n_stacks, per_table);
	spin_unlock(&kernel_maps.lock);
}

static uint64_t tables_shrink(uint64_t want, bool may_write)
{
	struct mm_hart *mh = mm_hart();
	uint64_t n;

	if (!mh)
		return 0;
	n = mh->n_tables + mh->n_roots;
	pagetable_drain_hart(mh);
	return n;
}

void vm_init(const struct mem_range *ram, unsigned n_ram,
	     const struct mem_range *holes, unsigned n_holes)
{
	static struct shrinker shrinker = { .name = "page tables",
					    .shrink = tables_shrink };

	kernel_maps.stack_area = pagetable_init(ram, n_ram, holes, n_holes);
	shootdown_init();
	page_init_harts();
	shrinker_register(&shrinker);
#if CONFIG_DEBUG
	pagetable_check(holes, n_holes);
#endif
}
