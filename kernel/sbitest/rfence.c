/*
 * RFENCE, by its effect. A page at the end of the area for devices gets a page
 * table of its own for the time of the check, so nothing of it stays.
 *
 * Where memory, caches and TLB agree at all times, as new code and old on QEMU
 * do, only the call itself is checked; the lines are the same.
 */
#include "sbi/rfence.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/mm/pagetable.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/rfence.h"
#include "kernel/smp.h"

#define WINDOW (DEVICE_BASE + DEVICE_SIZE - PAGE_SIZE)
#define OLD    0x01d
#define NEW    0x4e3
#define TRIES  5

#define CODE_LI_A0_1 0x00100513
#define CODE_LI_A0_2 0x00200513
#define CODE_RET     0x00008067

/* Pages of t->memory */
enum { PAGE_TABLE, PAGE_OLD, PAGE_NEW };

static paddr_t frame(struct sbitest *t, unsigned n)
{
	return t->memory_pa + n * PAGE_SIZE;
}

/* What leads to the page; NULL when something else is there already. */
static pte_t *window_open(struct sbitest *t)
{
	pte_t *l1 = pte_table(kernel_l2[pt_index(WINDOW, 2)]);
	pte_t *slot = &l1[pt_index(WINDOW, 1)];

	*(uint64_t *)(t->memory + PAGE_OLD * PAGE_SIZE) = OLD;
	*(uint64_t *)(t->memory + PAGE_NEW * PAGE_SIZE) = NEW;
	if (*slot)
		return NULL;
	WRITE_ONCE(*slot, pte_make(frame(t, PAGE_TABLE), PTE_V));
	return (pte_t *)t->memory + pt_index(WINDOW, 0);
}

static void forget(void *arg)
{
	sfence_vma_all();
}

/* Each hart forgets it by itself, as RFENCE is what is in doubt. */
static void window_close(struct sbitest *t)
{
	pte_t *l1 = pte_table(kernel_l2[pt_index(WINDOW, 2)]);

	WRITE_ONCE(l1[pt_index(WINDOW, 1)], 0);
	smp_mb();
	forget(NULL);
	for (unsigned i = 0; i < t->others; i++)
		sbitest_call(t, i, forget, NULL);
}

static void map(pte_t *pte, paddr_t pa, uint64_t more)
{
	WRITE_ONCE(*pte, pte_make(pa, PTE_V | PTE_R | PTE_A | more |
					      pte_memory_bits));
	smp_mb();
}

/* What the other hart sees: at first, once the page is another one, and once
 * it was to fence. They take turns. */
struct look {
	uint64_t (*get)(void);
	uint32_t turn; /* odd: the other hart's is over */
	unsigned long asid;
	uint64_t first, stale, fenced;
};

static uint64_t get_data(void)
{
	return READ_ONCE(*(uint64_t *)WINDOW);
}

static uint64_t get_code(void)
{
	return ((uint64_t(*)(void))WINDOW)();
}

static bool turn_is(struct look *l, uint32_t turn)
{
	return SBITEST_UNTIL(__atomic_load_n(&l->turn, __ATOMIC_ACQUIRE) >=
				     turn,
			     SBITEST_PATIENCE / 4);
}

static void next_turn(struct look *l, uint32_t turn)
{
	__atomic_store_n(&l->turn, turn, __ATOMIC_SEQ_CST);
}

static void look_there(void *arg)
{
	struct look *l = arg;

	l->asid = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
	/* It may remember the page, and what this frame held, from before. */
	sfence_vma_all();
	fence_i();
	l->first = l->get();
	next_turn(l, 1);
	if (!turn_is(l, 2))
		return;
	l->stale = l->get();
	next_turn(l, 3);
	if (!turn_is(l, 4))
		return;
	l->fenced = l->get();
}

/* One try; false when the other hart got lost. */
static bool try_fence(struct sbitest *t, pte_t *pte,
		      const struct sbitest_range *r, sbitest_fence_fn fence,
		      struct look *l, long *err)
{
	uint64_t global = r->local ? 0 : PTE_G;
	struct sbi_hartmask one = { 1, sbitest_hart(t, 0)->hartid };

	*l = (struct look){ .get = get_data };
	map(pte, frame(t, PAGE_OLD), global);
	sbitest_on(t, 0, look_there, l);
	if (turn_is(l, 1)) {
		map(pte, frame(t, PAGE_NEW), global);
		next_turn(l, 2);
		turn_is(l, 3);
		*err = fence(one, r->whole ? r->start : WINDOW + r->start,
			     r->size, l->asid);
		next_turn(l, 4);
	}
	return sbitest_wait(t, 0) && l->first == OLD;
}

void sbitest_check_fence(struct sbitest *t, const struct sbitest_range *r,
			 sbitest_fence_fn fence)
{
	pte_t *pte;
	struct look l;
	long err = 1;
	bool there;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart", "%s", r->name);
		return;
	}
	pte = window_open(t);
	if (!pte) {
		sbitest_skip(t, "there is no address for it", "%s", r->name);
		return;
	}
	for (unsigned i = 0; i < TRIES; i++) {
		there = try_fence(t, pte, r, fence, &l, &err);
		if (!there || err || l.stale == OLD)
			break;
	}
	window_close(t);
	if (!sbitest_check(t, there, "%s: another hart reads the page",
			   r->name))
		return;
	sbitest_error(t, err, SBI_SUCCESS, "%s: gives SUCCESS", r->name);
	if (l.stale != OLD)
		sbitest_skip(t, "that hart forgets the old page by itself",
			     "%s: the other hart sees the new page", r->name);
	else
		sbitest_value(t, l.fenced, NEW,
			      "%s: the other hart sees the new page", r->name);
}

void sbitest_check_fence_i(struct sbitest *t,
			   long (*fence)(struct sbi_hartmask mask))
{
	uint32_t *code = (uint32_t *)(t->memory + PAGE_OLD * PAGE_SIZE);
	struct look l = { .get = get_code };
	struct sbi_hartmask one = { 1, 0 };
	long err = 1;
	bool there;
	pte_t *pte;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart", "fence.i");
		return;
	}
	one.base = sbitest_hart(t, 0)->hartid;
	pte = window_open(t);
	if (!pte) {
		sbitest_skip(t, "there is no address for it", "fence.i");
		return;
	}
	code[0] = CODE_LI_A0_1;
	code[1] = CODE_RET;
	map(pte, frame(t, PAGE_OLD), PTE_X | PTE_G);
	sbitest_on(t, 0, look_there, &l);
	if (turn_is(&l, 1)) {
		WRITE_ONCE(code[0], CODE_LI_A0_2);
		smp_mb();
		next_turn(&l, 2);
		turn_is(&l, 3);
		err = fence(one);
		next_turn(&l, 4);
	}
	there = sbitest_wait(t, 0) && l.first == 1;
	window_close(t);
	if (!sbitest_check(t, there, "fence.i: another hart runs the code"))
		return;
	sbitest_error(t, err, SBI_SUCCESS, "fence.i: gives SUCCESS");
	sbitest_value(t, l.fenced, 2,
		      "fence.i: the other hart runs the new code");
}

/* This hart is one of "all": it fences, too. */
static void check_itself(struct sbitest *t)
{
	pte_t *pte = window_open(t);
	uint64_t before, after;
	long err;

	if (!pte) {
		sbitest_skip(t, "there is no address for it", "itself");
		return;
	}
	map(pte, frame(t, PAGE_OLD), PTE_G);
	sfence_vma_all();
	before = get_data();
	map(pte, frame(t, PAGE_NEW), PTE_G);
	err = sbi_remote_sfence_vma(SBI_HARTMASK_ALL, WINDOW, PAGE_SIZE);
	after = get_data();
	window_close(t);
	sbitest_error(t, err, SBI_SUCCESS, "all harts: gives SUCCESS");
	sbitest_check(t, before == OLD && after == NEW,
		      "all harts: this one sees the new page");
}

static long by_address(struct sbi_hartmask mask, unsigned long start,
		       unsigned long size, unsigned long asid)
{
	return sbi_remote_sfence_vma(mask, start, size);
}

static bool has_h(void)
{
	struct fdt_cpu cpu;

	return fdt_cpu(&machine_tree, 0, &cpu) && fdt_cpu_has(&cpu, "h");
}

static void check_hypervisor(struct sbitest *t)
{
	struct sbi_hartmask self = { 1, this_hart()->hartid };
	long wanted = has_h() ? SBI_SUCCESS : SBI_ERR_NOT_SUPPORTED;
	const char *name = sbi_error_name(wanted);

	sbitest_error(t, sbi_remote_hfence_gvma_vmid(self, 0, PAGE_SIZE, 1),
		      wanted, "hfence_gvma_vmid gives %s", name);
	sbitest_error(t, sbi_remote_hfence_gvma(self, 0, PAGE_SIZE), wanted,
		      "hfence_gvma gives %s", name);
	sbitest_error(t, sbi_remote_hfence_vvma_asid(self, 0, PAGE_SIZE, 1),
		      wanted, "hfence_vvma_asid gives %s", name);
	sbitest_error(t, sbi_remote_hfence_vvma(self, 0, PAGE_SIZE), wanted,
		      "hfence_vvma gives %s", name);
}

static void check_harts(struct sbitest *t)
{
	unsigned long none = sbitest_no_hart();
	struct sbi_hartmask empty = { 0, this_hart()->hartid },
			    base = { 1, none }, mask = { 2, none - 1 };

	sbitest_error(t, sbi_remote_fence_i(empty), SBI_SUCCESS,
		      "no hart: fence_i gives SUCCESS");
	sbitest_error(t, sbi_remote_sfence_vma(empty, 0, 0), SBI_SUCCESS,
		      "no hart: sfence_vma gives SUCCESS");
	sbitest_error(t, sbi_remote_fence_i(base), SBI_ERR_INVALID_PARAM,
		      "an unknown hart as base: fence_i: INVALID_PARAM");
	sbitest_error(t, sbi_remote_fence_i(mask), SBI_ERR_INVALID_PARAM,
		      "an unknown hart in the mask: fence_i: INVALID_PARAM");
	sbitest_error(t, sbi_remote_sfence_vma(base, 0, 0),
		      SBI_ERR_INVALID_PARAM,
		      "an unknown hart as base: sfence_vma: INVALID_PARAM");
	sbitest_error(t, sbi_remote_sfence_vma(mask, 0, 0),
		      SBI_ERR_INVALID_PARAM,
		      "an unknown hart in the mask: sfence_vma: INVALID_PARAM");
	sbitest_error(t, sbi_remote_sfence_vma_asid(mask, 0, 0, 0),
		      SBI_ERR_INVALID_PARAM,
		      "an unknown hart in the mask: sfence_vma_asid: "
		      "INVALID_PARAM");
}

void sbitest_rfence(struct sbitest *t)
{
	static const struct sbitest_range by_addr[] = {
		{ "sfence_vma, one page", 0, PAGE_SIZE, false, false },
		{ "sfence_vma, 16 pages", -8 * PAGE_SIZE, 16 * PAGE_SIZE, false,
		  false },
		{ "sfence_vma, start = size = 0", 0, 0, true, false },
		{ "sfence_vma, size = -1", 0, ~0ul, true, false },
	};
	static const struct sbitest_range by_asid[] = {
		{ "sfence_vma_asid, one page", 0, PAGE_SIZE, false, true },
		{ "sfence_vma_asid, start = size = 0", 0, 0, true, true },
		{ "sfence_vma_asid, size = -1", 0, ~0ul, true, true },
	};

	sbitest_check_fence_i(t, sbi_remote_fence_i);
	for (unsigned i = 0; i < ARRAY_SIZE(by_addr); i++)
		sbitest_check_fence(t, &by_addr[i], by_address);
	for (unsigned i = 0; i < ARRAY_SIZE(by_asid); i++)
		sbitest_check_fence(t, &by_asid[i], sbi_remote_sfence_vma_asid);
	check_itself(t);
	check_hypervisor(t);
	check_harts(t);
}
