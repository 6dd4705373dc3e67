/*
 * FWFT: switches of the hart. Each that the machine has is set to all its
 * values and back, and looked at by what it does where that can be seen: who
 * gets a misaligned access, who sets A and D in page tables, which bits of a
 * pointer are ignored. A machine or firmware that does not know one says
 * NOT_SUPPORTED, which is a skip.
 *
 * In the boot mode also what a running kernel cannot bear or take back:
 * landing pads, and the lock.
 */
#include "sbi/fwft.h"
#include "kernel/bits.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/vmspace.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/string.h"

#define FWFT_SET 0
#define UPPER    (1ul << 32) /* of an argument that has 32 bits */

static const char *const names[SBI_FWFT_FEATURES] = {
	"misaligned delegation", "landing pad",    "shadow stack",
	"double trap",           "page table A/D", "pointer masking",
};

static unsigned long value_now(uint32_t feature)
{
	unsigned long value;

	return sbi_fwft_get(feature, &value) ? ~0ul : value;
}

/* Sets, and looks at it. */
static bool set(struct sbitest *t, uint32_t feature, unsigned long value)
{
	return sbitest_error(t, sbi_fwft_set(feature, value, 0), 0,
			     "%s: set to %lu", names[feature], value) &&
	       sbitest_value(t, value_now(feature), value, "%s: is %lu",
			     names[feature], value);
}

/* Is it there? Else a skip, or a failure. */
static bool have(struct sbitest *t, uint32_t feature, unsigned long *value)
{
	long err = sbi_fwft_get(feature, value);

	if (err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "the machine does not have it", "%s",
			     names[feature]);
		return false;
	}
	return sbitest_error(t, err, 0, "%s: get", names[feature]);
}

/* ---- what the hart does ---- */

static uint64_t cause_of(const struct sbitest_trap *trap, uint64_t before)
{
	return trap->count == before ? 0 : trap->cause;
}

/* Causes of the trap that the access makes; 0: none. */
static uint64_t try_load(uint64_t at)
{
	struct sbitest_trap trap;
	uint64_t before, value;

	sbitest_catch(&trap);
	before = trap.count;
	__asm__ __volatile__("ld %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");
	sbitest_release(&trap);
	return cause_of(&trap, before);
}

static uint64_t try_store(uint64_t at)
{
	struct sbitest_trap trap;
	uint64_t before;

	sbitest_catch(&trap);
	before = trap.count;
	__asm__ __volatile__("sd zero, 0(%0)" : : "r"(at) : "memory");
	sbitest_release(&trap);
	return cause_of(&trap, before);
}

/* ---- misaligned accesses ---- */

static void test_misaligned(struct sbitest *t)
{
	static const unsigned long bad[] = { 2, UINT32_MAX, 1ul << 32 };
	uint32_t f = SBI_FWFT_MISALIGNED_DELEG;
	uint64_t at = (uint64_t)t->memory + 1, cause;
	unsigned long was;

	if (!have(t, f, &was))
		return;
	sbitest_check(t, was <= 1, "%s: 0 or 1", names[f]);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		sbitest_error(t, sbi_fwft_set(f, bad[i], 0),
			      SBI_ERR_INVALID_PARAM, "%s: set to 0x%lx",
			      names[f], bad[i]);
	sbitest_error(t, sbi_fwft_set(f, was, 2), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 1", names[f]);
	sbitest_error(t, sbi_fwft_set(f, was, 1ul << 32), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 32", names[f]);
	sbitest_value(t, value_now(f), was, "%s: what is refused sets nothing",
		      names[f]);
	if (set(t, f, 0))
		sbitest_value(t, try_load(at), 0,
			      "%s: 0, and a load makes no trap", names[f]);
	if (set(t, f, 1)) {
		cause = try_load(at);
		if (!cause)
			sbitest_skip(t, "the hart does misaligned loads itself",
				     "%s: 1, and a load makes a trap",
				     names[f]);
		else
			sbitest_value(t, cause, EXC_LOAD_MISALIGNED,
				      "%s: 1, and a load makes a trap",
				      names[f]);
	}
	sbi_fwft_set(f, was, 0);
}

/* ---- A and D ---- */

/* A page at this address, in an address space that lasts as long as the check:
 * the first entry of the root leads to the root again, on all levels but the
 * last two. */
#define PAGE_AT MEGAPAGE_SIZE

enum { ROOT, LEAF, DATA };

static char *page_of(struct sbitest *t, unsigned i)
{
	return t->memory + i * PAGE_SIZE;
}

static uint64_t page_pa(struct sbitest *t, unsigned i)
{
	return t->memory_pa + i * PAGE_SIZE;
}

static void build_tables(struct sbitest *t)
{
	memcpy(page_of(t, ROOT), kernel_root, PAGE_SIZE);
	memset(page_of(t, LEAF), 0, PAGE_SIZE);
	((pte_t *)page_of(t, ROOT))[0] = pte_make(page_pa(t, ROOT), PTE_V);
	((pte_t *)page_of(t, ROOT))[pt_index(PAGE_AT, 1)] =
		pte_make(page_pa(t, LEAF), PTE_V);
}

/*
 * The access with an entry that has these of A and D. What it has then is put
 * into *bits.
 */
static uint64_t try_entry(struct sbitest *t, pte_t *bits, bool store)
{
	pte_t *slot = (pte_t *)page_of(t, LEAF) + pt_index(PAGE_AT, 0);
	uint64_t satp = csr_read(satp), cause;

	*slot = pte_make(page_pa(t, DATA),
			 PTE_V | PTE_R | PTE_W | pte_memory_bits | *bits);
	csr_write(satp, (kernel_satp() & ~SATP_PPN_MASK) |
				page_pa(t, ROOT) >> PAGE_SHIFT);
	sfence_vma_all();
	cause = store ? try_store(PAGE_AT) : try_load(PAGE_AT);
	csr_write(satp, satp);
	sfence_vma_all();
	*bits = READ_ONCE(*slot) & (PTE_A | PTE_D);
	return cause;
}

static void check_entry(struct sbitest *t, bool by_hart, pte_t bits, bool store,
			const char *when)
{
	bool enough = bits & PTE_A && (!store || bits & PTE_D);
	uint64_t fault = store ? EXC_STORE_PAGE_FAULT : EXC_LOAD_PAGE_FAULT;
	const char *with = !bits ? "neither" : bits & PTE_D ? "both" : "A";
	const char *what = store ? "store" : "load";
	pte_t wanted = bits;
	uint64_t cause;

	if (by_hart)
		wanted |= PTE_A | (store ? PTE_D : 0);
	cause = try_entry(t, &bits, store);
	sbitest_value(t, cause, by_hart || enough ? 0 : fault,
		      "page table A/D, %s: %d, a %s with %s", when, by_hart,
		      what, with);
	sbitest_value(t, bits, wanted,
		      "page table A/D, %s: %d, the entry behind a %s with %s",
		      when, by_hart, what, with);
}

static void check_entries(struct sbitest *t, bool by_hart, const char *when)
{
	static const pte_t bits[] = { 0, PTE_A, PTE_A | PTE_D };

	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
		for (int store = 0; store < 2; store++)
			check_entry(t, by_hart, bits[i], store, when);
}

static void test_ad(struct sbitest *t)
{
	static const char *const times[] = { "once", "twice", "upper half",
					     "upper half twice" };
	uint32_t f = SBI_FWFT_PTE_AD_HW_UPDATING;
	unsigned long was, now;

	if (!have(t, f, &was) ||
	    !sbitest_value(t, was, 0, "%s: 0 at reset", names[f]))
		return;
	build_tables(t);
	check_entries(t, was, "at first");
	for (unsigned i = 0; i < ARRAY_SIZE(times); i++) {
		now = i & 1 ? was : !was;
		sbitest_error(t,
			      sbi_ecall3(SBI_EXT_FWFT, FWFT_SET,
					 f | (i & 2 ? UPPER : 0), now, 0)
				      .error,
			      0, "%s, %s: set to %lu", names[f], times[i], now);
		sbitest_value(t, value_now(f), now, "%s, %s: is %lu", names[f],
			      times[i], now);
		check_entries(t, now, times[i]);
	}
	sbitest_error(t, sbi_fwft_set(f, 2, 0), SBI_ERR_INVALID_PARAM,
		      "%s: set to 2", names[f]);
	sbitest_error(t, sbi_fwft_set(f, was, 2), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 1", names[f]);
	sbi_fwft_set(f, was, 0);
}

/* ---- pointer masking ---- */

/* All of a kernel's pointer's upper bits the other way round. */
static uint64_t with_tag(const void *p, unsigned bits)
{
	return (uint64_t)p ^ ~0ul << (64 - bits);
}

/* The machine may ignore more bits than it was asked to; then it says so. */
static void check_masking(struct sbitest *t, unsigned bits)
{
	uint32_t f = SBI_FWFT_POINTER_MASKING_PMLEN;
	unsigned long now = value_now(f);

	if (!sbitest_check(t, now >= bits && now < 32, "%s: at least %u bits",
			   names[f], bits))
		return;
	sbitest_value(t, try_load(with_tag(t->memory, (unsigned)now)), 0,
		      "%s: %u bits, they are ignored", names[f], bits);
	sbitest_value(t, try_load(with_tag(t->memory, (unsigned)now + 1)),
		      EXC_LOAD_PAGE_FAULT, "%s: %u bits, no more are ignored",
		      names[f], bits);
}

static void test_masking(struct sbitest *t)
{
	uint32_t f = SBI_FWFT_POINTER_MASKING_PMLEN;
	static const unsigned bits[] = { 7, 16 };
	unsigned long was;
	long err;

	if (!have(t, f, &was) ||
	    !sbitest_value(t, was, 0, "%s: 0 at reset", names[f]))
		return;
	sbitest_error(t, sbi_fwft_set(f, 0, 2), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 1", names[f]);
	sbitest_error(t, sbi_fwft_set(f, 64, 0), SBI_ERR_INVALID_PARAM,
		      "%s: set to 64", names[f]);
	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++) {
		err = sbi_fwft_set(f, bits[i], 0);
		if (err == SBI_ERR_INVALID_PARAM) {
			sbitest_skip(t, "the hart cannot", "%s: %u bits",
				     names[f], bits[i]);
			continue;
		}
		if (sbitest_error(t, err, 0, "%s: set to %u", names[f],
				  bits[i]))
			check_masking(t, bits[i]);
	}
	if (set(t, f, 0))
		sbitest_value(t, try_load(with_tag(t->memory, 7)),
			      EXC_LOAD_PAGE_FAULT,
			      "%s: 0, and no bit is ignored", names[f]);
	sbi_fwft_set(f, was, 0);
}

/* ---- what only has values ---- */

static void test_switch(struct sbitest *t, uint32_t f)
{
	unsigned long was;

	/* Nobody has set it since, who would not have set it back; and it must
	 * not be left on. */
	if (!have(t, f, &was) ||
	    !sbitest_value(t, was, 0, "%s: 0 at reset", names[f]))
		return;
	set(t, f, !was);
	set(t, f, was);
	sbitest_error(t, sbi_fwft_set(f, 2, 0), SBI_ERR_INVALID_PARAM,
		      "%s: set to 2", names[f]);
	sbitest_error(t, sbi_fwft_set(f, was, 2), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 1", names[f]);
	sbitest_value(t, value_now(f), was, "%s: what is refused sets nothing",
		      names[f]);
}

/*
 * While it is on, each jump through a pointer must end at a landing pad, and
 * this kernel has none: so nothing is told before it is off again.
 */
static void test_landing_pad(struct sbitest *t)
{
	uint32_t f = SBI_FWFT_LANDING_PAD;
	unsigned long was, on = 0, off = 0;
	long errs[4];

	if (!have(t, f, &was))
		return;
	if (!sbitest_value(t, was, 0, "%s: 0 at reset", names[f]))
		return;
	errs[0] = sbi_fwft_set(f, 1, 0);
	errs[1] = sbi_fwft_get(f, &on);
	errs[2] = sbi_fwft_set(f, 0, 0);
	errs[3] = sbi_fwft_get(f, &off);
	for (unsigned i = 0; i < ARRAY_SIZE(errs); i++)
		sbitest_error(t, errs[i], 0, "%s: %s of %d", names[f],
			      i & 1 ? "get" : "set", i < 2);
	sbitest_value(t, on, 1, "%s: is 1", names[f]);
	sbitest_value(t, off, 0, "%s: is 0", names[f]);
	sbitest_error(t, sbi_fwft_set(f, 2, 0), SBI_ERR_INVALID_PARAM,
		      "%s: set to 2", names[f]);
	sbitest_error(t, sbi_fwft_set(f, 0, 2), SBI_ERR_INVALID_PARAM,
		      "%s: set with flag 1", names[f]);
}

static void test_reserved(struct sbitest *t)
{
	static const uint32_t ids[] = { SBI_FWFT_FEATURES, 0x3fffffff,
					0x80000000, 0xbfffffff };
	unsigned long value;

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		sbitest_error(t, sbi_fwft_get(ids[i], &value), SBI_ERR_DENIED,
			      "get of reserved 0x%x", ids[i]);
		sbitest_error(t, sbi_fwft_set(ids[i], 1, 0), SBI_ERR_DENIED,
			      "set of reserved 0x%x", ids[i]);
	}
}

void sbitest_fwft(struct sbitest *t)
{
	test_reserved(t);
	test_misaligned(t);
	test_switch(t, SBI_FWFT_DOUBLE_TRAP);
	test_ad(t);
	test_masking(t);
}

/* The value stays as it is for ever. */
static void test_lock(struct sbitest *t, uint32_t f, unsigned long value,
		      unsigned long other)
{
	if (value_now(f) == ~0ul)
		return; /* not there, as has been said */
	sbitest_error(t, sbi_fwft_set(f, value, SBI_FWFT_LOCK), 0,
		      "%s: locked at %lu", names[f], value);
	sbitest_error(t, sbi_fwft_set(f, value, 0), SBI_ERR_DENIED_LOCKED,
		      "%s: locked, set to %lu", names[f], value);
	sbitest_error(t, sbi_fwft_set(f, other, 0), SBI_ERR_DENIED_LOCKED,
		      "%s: locked, set to %lu", names[f], other);
	sbitest_error(t, sbi_fwft_set(f, other, SBI_FWFT_LOCK),
		      SBI_ERR_DENIED_LOCKED, "%s: locked, locked at %lu",
		      names[f], other);
	sbitest_value(t, value_now(f), value, "%s: locked, and still %lu",
		      names[f], value);
}

/* This hart's last act may be to lock them. */
void sbitest_fwft_alone(struct sbitest *t)
{
	test_landing_pad(t);
	test_switch(t, SBI_FWFT_SHADOW_STACK);
	test_lock(t, SBI_FWFT_MISALIGNED_DELEG, 0, 1);
	test_lock(t, SBI_FWFT_LANDING_PAD, 0, 1);
	test_lock(t, SBI_FWFT_SHADOW_STACK, 0, 1);
	test_lock(t, SBI_FWFT_DOUBLE_TRAP, 0, 1);
	test_lock(t, SBI_FWFT_PTE_AD_HW_UPDATING, 1, 0);
	if (value_now(SBI_FWFT_PTE_AD_HW_UPDATING) == 1) {
		build_tables(t);
		check_entries(t, true, "locked");
	}
	test_lock(t, SBI_FWFT_POINTER_MASKING_PMLEN, 0, 7);
}
