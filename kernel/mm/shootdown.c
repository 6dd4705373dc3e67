/*
 * Which hart has which translations, and how they are made to forget them.
 *
 * Each hart numbers address spaces for itself (ASIDs): when its numbers run
 * out it forgets everything and begins again in the next generation. A hart
 * without ASID bits does so at each switch; it is the same code. A space
 * remembers for each hart its number and generation there.
 *
 * A shoot-down asks, through the firmware, the harts whose satp names the
 * space, and marks it stale for those that ran it before: they flush when they
 * take it up again. A hart that waits for work keeps the space it ran last,
 * but is left asleep: it counts as one of the latter, unless tables are about
 * to be freed, which its page-table walker might still read. The remote fence
 * carries addresses but no ASID, since every hart has its own.
 *
 * Instruction caches: a counter, the epoch, moves on whenever pages that were
 * written become executable. Each hart remembers the epoch of its last
 * fence.i, and fences when it takes up a space in an older one. A page that
 * has been through this is marked PG_ICACHE and needs no new epoch.
 */
#include "kernel/bits.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/smp.h"
#include "sbi/base.h"
#include "sbi/rfence.h"

/* More pages than this: everything that is not global goes. */
#define FLUSH_PAGES 16

static bool addr_fence_broken;    /* [I] sfence.vma with an address is */
static uint64_t icache_epoch = 1; /* atomic */

/* ---- this hart ---- */

void tlb_flush_local_page(vaddr_t va)
{
	if (__builtin_expect(addr_fence_broken, 0))
		sfence_vma_all();
	else
		sfence_vma_addr(va);
}

static void flush_local(uint64_t context, uaddr_t start, uaddr_t end)
{
	if (end - start > FLUSH_PAGES * PAGE_SIZE) {
		sfence_vma_asid(context & SATP_ASID_MASK);
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		tlb_flush_local_page(start);
}

/* ---- others ---- */

/* Those of mask that are online: some firmware refuses a mask that names one
 * which is not, and that one holds nothing. Between ask_begin and ask_end. */
static void hart_ids(uint64_t mask, struct sbi_harts *set)
{
	for (mask &= online_harts; mask; mask &= mask - 1)
		sbi_harts_add(set, harts[ctz64(mask)].hartid);
}

/*
 * One asks at a time. The firmware queues requests behind ticket locks, which
 * askers that wait for each other take over and over; where harts are more
 * than the machine has cores, nearly nothing comes of that. Who waits here can
 * still be asked: that is the firmware's interrupt, not ours.
 */
static int asking;

static void ask_begin(void)
{
	while (__atomic_exchange_n(&asking, 1, __ATOMIC_ACQUIRE))
		while (READ_ONCE(asking))
			cpu_relax();
}

static void ask_end(void)
{
	__atomic_store_n(&asking, 0, __ATOMIC_RELEASE);
}

static void remote_sfence(uint64_t mask, vaddr_t start, uint64_t size)
{
	unsigned long ids[MAX_HARTS];
	struct sbi_harts set = { ids, 0, MAX_HARTS };
	long err;

	ask_begin();
	hart_ids(mask, &set);
	err = sbi_remote_sfence_vma_many(&set, start, size);
	ask_end();
	if (err)
		panic("remote sfence.vma: %s", sbi_error_name(err));
}

/* Those of mask that have fenced. */
static uint64_t remote_fence_i(uint64_t mask)
{
	unsigned long ids[MAX_HARTS];
	struct sbi_harts set = { ids, 0, MAX_HARTS };
	long err;

	ask_begin();
	mask &= online_harts;
	hart_ids(mask, &set);
	err = sbi_remote_fence_i_many(&set);
	ask_end();
	if (err)
		panic("remote fence.i: %s", sbi_error_name(err));
	return mask;
}

long tlb_try_fences(void)
{
	struct sbi_hartmask me = { 1, this_hart()->hartid };
	long err;

	err = sbi_remote_sfence_vma(me, IMAGE_BASE, PAGE_SIZE);
	if (!err)
		err = sbi_remote_sfence_vma(me, 0, UINT64_MAX);
	if (!err)
		err = sbi_remote_fence_i(me);
	return err;
}

void tlb_hart_leaves(void)
{
	ask_begin();
	__atomic_fetch_and(&online_harts, ~(1ull << this_hart()->index),
			   __ATOMIC_SEQ_CST);
	ask_end();
}

void tlb_hart_joins(void)
{
	struct hart *h = this_hart();

	h->asid_generation++;
	h->asid_next = 0;
	__atomic_fetch_or(&online_harts, 1ull << h->index, __ATOMIC_SEQ_CST);
	/* Who changed entries before that has not asked this hart. */
	sfence_vma_all();
	fence_i();
}

/* ---- user space ---- */

void tlb_shoot(struct vmspace *vs, uaddr_t start, uaddr_t end, bool tables)
{
	struct vmspace_harts *vh = vs->harts;
	struct hart *h = this_hart();
	uint64_t me = 1ull << h->index, others, running, idle = 0;

	smp_mb(); /* entries before `ran` */
	others = __atomic_load_n(&vh->ran, __ATOMIC_RELAXED);
	if (others & me) {
		if (h->vmspace == vs)
			flush_local(vh->context[h->index], start, end);
		else
			__atomic_fetch_or(&vh->stale, me, __ATOMIC_RELAXED);
	}
	others &= ~me;
	if (__builtin_expect(!others, 1))
		return;
	if (!tables)
		idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED);
	running = __atomic_load_n(&vh->on, __ATOMIC_RELAXED) & ~idle;
	__atomic_fetch_or(&vh->stale, others & ~running, __ATOMIC_SEQ_CST);
	smp_mb();
	/* Who came up in between may not have seen the mark. */
	if (!tables)
		idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED);
	running |= __atomic_load_n(&vh->on, __ATOMIC_RELAXED) & ~idle;
	running &= ~me;
	if (!running)
		return;
	if (end - start > FLUSH_PAGES * PAGE_SIZE)
		remote_sfence(running, 0, UINT64_MAX);
	else
		remote_sfence(running, start, end - start);
}

static void detect_asids(struct mm_hart *mh)
{
	uint64_t satp = csr_read(satp);
	uint64_t got;

	csr_write(satp, satp | SATP_ASID_MASK << SATP_ASID_SHIFT);
	got = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
	csr_write(satp, satp);
	sfence_vma_all();
	mh->asid_max = (uint32_t)got;
	mh->asid_known = 1;
}

/* A number on this hart. *forget: the TLB must be emptied once satp has it. */
static uint64_t context_new(struct hart *h, bool *forget)
{
	struct mm_hart *mh = h->page_cache;

	if (!mh->asid_known)
		detect_asids(mh);
	if (h->asid_next >= mh->asid_max) {
		h->asid_generation++;
		h->asid_next = 0;
		*forget = true;
	}
	if (mh->asid_max)
		h->asid_next++;
	return (h->asid_generation + 1) << SATP_ASID_BITS | h->asid_next;
}

/* What this hart missed while it had another space, or slept. */
static inline void catch_up(struct vmspace_harts *vh, struct mm_hart *mh,
			    uint64_t me, uint64_t context)
{
	uint64_t epoch;

	smp_mb(); /* `on` (or leaving idle_harts) before `stale` */
	if (__builtin_expect(READ_ONCE(vh->stale) & me, 0)) {
		__atomic_fetch_and(&vh->stale, ~me, __ATOMIC_SEQ_CST);
		sfence_vma_asid(context & SATP_ASID_MASK);
	}
	epoch = __atomic_load_n(&icache_epoch, __ATOMIC_ACQUIRE);
	if (__builtin_expect(mh->icache_epoch != epoch, 0)) {
		fence_i();
		WRITE_ONCE(mh->icache_epoch, epoch);
	}
}

static void set_off(struct vmspace *old, uint64_t me)
{
	__atomic_fetch_and(&old->harts->on, ~me, __ATOMIC_RELEASE);
	vmspace_release(old);
}

void vmspace_switch(struct vmspace *vs)
{
	struct hart *h = this_hart();
	struct vmspace *old = h->vmspace;
	struct vmspace_harts *vh;
	struct mm_hart *mh = h->page_cache;
	uint64_t me = 1ull << h->index, context;
	bool forget = false;

	if (!vs || vs == old)
		return;
	vh = vs->harts;
	__atomic_fetch_add(&vs->refs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&vh->on, me, __ATOMIC_SEQ_CST);
	context = vh->context[h->index];
	if (context >> SATP_ASID_BITS != h->asid_generation + 1) {
		context = context_new(h, &forget);
		vh->context[h->index] = context;
		__atomic_fetch_or(&vh->ran, me, __ATOMIC_SEQ_CST);
		__atomic_fetch_and(&vh->stale, ~me, __ATOMIC_SEQ_CST);
		/* The root's entries before its first use here. */
		sfence_vma_asid(context & SATP_ASID_MASK);
	}
	csr_write(satp,
		  vs->satp | (context & SATP_ASID_MASK) << SATP_ASID_SHIFT);
	if (__builtin_expect(forget, 0))
		sfence_vma_all();
	catch_up(vh, mh, me, context);
	h->vmspace = vs;
	if (old)
		set_off(old, me);
}

void vmspace_resume(void)
{
	struct hart *h = this_hart();
	struct vmspace_harts *vh = h->vmspace->harts;

	catch_up(vh, h->page_cache, 1ull << h->index, vh->context[h->index]);
}

void vmspace_unborrow(void)
{
	struct hart *h = this_hart();
	struct vmspace *old = h->vmspace;

	if (!old)
		return;
	csr_write(satp, kernel_satp());
	/* Without ASIDs (or with the number 0) what is cached has no name. */
	sfence_vma_asid(0);
	h->vmspace = NULL;
	set_off(old, 1ull << h->index);
}

/* reclaim_all: a space whose program has ended is kept by the harts only. */
void shootdown_drain_hart(void)
{
	struct vmspace *vs = this_hart()->vmspace;

	if (vs && !__atomic_load_n(&vs->users, __ATOMIC_ACQUIRE))
		vmspace_unborrow();
}

/* ---- instruction caches ---- */

void icache_sync(struct vmspace *vs, bool fresh)
{
	struct hart *h = this_hart();
	struct mm_hart *mh = h->page_cache;
	uint64_t running, behind = 0;
	uint64_t epoch;

	if (fresh)
		epoch = __atomic_add_fetch(&icache_epoch, 1, __ATOMIC_SEQ_CST);
	else
		epoch = __atomic_load_n(&icache_epoch, __ATOMIC_SEQ_CST);
	if (mh->icache_epoch != epoch) {
		fence_i();
		WRITE_ONCE(mh->icache_epoch, epoch);
	}
	smp_mb(); /* the epoch before `on` and idle_harts */
	running = __atomic_load_n(&vs->harts->on, __ATOMIC_RELAXED) &
		  ~__atomic_load_n(&idle_harts, __ATOMIC_RELAXED) &
		  ~(1ull << h->index);
	for (uint64_t m = running; m; m &= m - 1) {
		struct mm_hart *other = harts[ctz64(m)].page_cache;

		if (READ_ONCE(other->icache_epoch) < epoch)
			behind |= m & -m;
	}
	if (!behind)
		return;
	behind = remote_fence_i(behind);
	/* They have fenced; unless one has gone further by itself since. */
	for (uint64_t m = behind; m; m &= m - 1) {
		struct mm_hart *other = harts[ctz64(m)].page_cache;
		uint64_t old = READ_ONCE(other->icache_epoch);

		if (old < epoch)
			__atomic_compare_exchange_n(
				&other->icache_epoch, &old, epoch, false,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

void vmspace_flush_icache(struct vmspace *vs)
{
	icache_sync(vs, true);
}

/* ---- the kernel's half ---- */

void tlb_flush_kernel(vaddr_t va, uint64_t size)
{
	uint64_t others;

	smp_mb();
	if (size > FLUSH_PAGES * PAGE_SIZE)
		sfence_vma_all();
	else
		for (uint64_t off = 0; off < size; off += PAGE_SIZE)
			tlb_flush_local_page(va + off);
	others = online_harts & ~(1ull << this_hart()->index);
	if (others)
		remote_sfence(others, va, size);
}

/*
 * SiFive's errata CIP-1200: sfence.vma with an address may miss entries on
 * cores of the 7 series made before a certain day.
 */
static bool is_cip1200(void)
{
	uint64_t arch, imp;

	if (sbi_base_mvendorid() != 0x489)
		return false;
	arch = sbi_base_marchid();
	imp = sbi_base_mimpid();
	if (arch != 0x8000000000000007ull && arch != 1)
		return false;
	return (imp & 0xffffff) <= 0x200630 && imp != 0x01200626;
}

void shootdown_init(void)
{
	addr_fence_broken = is_cip1200();
	if (addr_fence_broken)
		pr_info("sfence.vma by address is not to be trusted here\n");
}
