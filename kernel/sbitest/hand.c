/*
 * The side of the hart that asks; the other one is hand.S.
 */
#include "kernel/sbitest/hand.h"

#include "kernel/riscv.h"
#include "kernel/string.h"
#include "sbi/ipi.h"

/* A hart that has said STOPPED may not have settled yet: OpenSBI before 1.3
 * would take the address of its last start for that of the next. */
#define SETTLE NSEC_PER_MSEC

struct sleeper sleeper;

#define OFFSET(type, field, offset)                                            \
	_Static_assert(offsetof(struct type, field) == (offset), "hand.S")
OFFSET(hand, here, HAND_HERE);
OFFSET(hand, a0, HAND_A0);
OFFSET(hand, a1, HAND_A1);
OFFSET(hand, satp, HAND_SATP);
OFFSET(hand, sstatus, HAND_SSTATUS);
OFFSET(hand, asked, HAND_ASKED);
OFFSET(hand, done, HAND_DONE);
OFFSET(hand, sie, HAND_SIE);
OFFSET(hand, reg, HAND_REG);
OFFSET(hand, error, HAND_RET);
OFFSET(sleeper, satp, SLEEPER_SATP);
OFFSET(sleeper, awake, SLEEPER_AWAKE);
OFFSET(sleeper, stvec, SLEEPER_STVEC);
OFFSET(sleeper, reg, SLEEPER_REG);
OFFSET(sleeper, a0, SLEEPER_A0);
OFFSET(sleeper, a1, SLEEPER_A1);
OFFSET(sleeper, found_satp, SLEEPER_FSATP);
OFFSET(sleeper, found_sstatus, SLEEPER_FSTATUS);
OFFSET(sleeper, tp, SLEEPER_TP);
_Static_assert(sizeof(struct hand) == 1 << HAND_SHIFT, "hand.S");
_Static_assert(HAND_SLOTS << HAND_SHIFT <= SBITEST_PAGES * PAGE_SIZE, "");

void hand_reset(struct sbitest *t)
{
	memset(t->memory, 0, HAND_SLOTS << HAND_SHIFT);
	hand_table = t->memory_pa;
	__atomic_store_n(&hand_next, 0, __ATOMIC_SEQ_CST);
	smp_mb();
}

unsigned hand_arrivals(void)
{
	return __atomic_load_n(&hand_next, __ATOMIC_SEQ_CST);
}

struct hand *hand_arrival(struct sbitest *t, unsigned n)
{
	struct hand *h = (struct hand *)t->memory + n;

	if (n >= HAND_SLOTS ||
	    !SBITEST_UNTIL(__atomic_load_n(&h->here, __ATOMIC_ACQUIRE),
			   SBITEST_PATIENCE))
		return NULL;
	return h;
}

void hand_order(struct hand *h, unsigned long hartid, unsigned long eid,
		unsigned long fid, unsigned long a0, unsigned long a1,
		unsigned long a2)
{
	struct sbi_hartmask one = { 1, hartid };

	h->reg[0] = a0;
	h->reg[1] = a1;
	h->reg[2] = a2;
	h->reg[6] = fid;
	h->reg[7] = eid;
	h->sie = SIE_SSIE;
	__atomic_fetch_add(&h->asked, 1, __ATOMIC_SEQ_CST);
	sbi_send_ipi(one);
}

bool hand_wait(struct hand *h)
{
	return SBITEST_UNTIL(__atomic_load_n(&h->done, __ATOMIC_ACQUIRE) ==
				     h->asked,
			     SBITEST_PATIENCE);
}

bool hand_is(unsigned long hartid, enum sbi_hsm_state state)
{
	enum sbi_hsm_state now;

	return !sbi_hart_status(hartid, &now) && now == state;
}

/*
 * Its record, or NULL when it does not come. *straight: it did not go where it
 * was started before, and stop there by itself (see boot/head.S).
 */
struct hand *hand_start(struct sbitest *t, unsigned long hartid,
			unsigned long opaque, long *err, bool *straight)
{
	uint64_t pa = image_va_to_pa(hand_entry);
	unsigned n = hand_arrivals();
	struct hand *h = NULL;

	*straight = true;
	SBITEST_UNTIL(false, SETTLE);
	*err = sbi_hart_start(hartid, pa, opaque);
	if (*err)
		return NULL;
	h = hand_arrival(t, n);
	if (!h && hand_is(hartid, SBI_HSM_STOPPED)) {
		*straight = false;
		if (!sbi_hart_start(hartid, pa, opaque))
			h = hand_arrival(t, n);
	}
	return h;
}

bool hand_stop(struct hand *h, unsigned long hartid)
{
	hand_order(h, hartid, SBI_EXT_HSM, SBI_HSM_HART_STOP, 0, 0, 0);
	return SBITEST_UNTIL(hand_is(hartid, SBI_HSM_STOPPED),
			     SBITEST_PATIENCE);
}
