/*
 * IPI: whom it reaches, and whom it does not.
 */
#include "sbi/ipi.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/smp.h"

/* The IPI that is not to come is waited for as long. */
#define QUIET    (5 * NSEC_PER_MSEC)
#define WATCHERS 3u

struct watch {
	uint32_t ready, stop; /* atomic */
	bool came;
};

static bool pending(void)
{
	return csr_read(sip) & SIP_SSIP;
}

/* On another hart: does an IPI come until it is told to stop? */
static void watch(void *arg)
{
	struct watch *w = arg;

	csr_clear(sip, SIP_SSIP);
	__atomic_store_n(&w->ready, 1, __ATOMIC_RELEASE);
	SBITEST_UNTIL(pending() || __atomic_load_n(&w->stop, __ATOMIC_ACQUIRE),
		      SBITEST_PATIENCE);
	w->came = pending();
	csr_clear(sip, SIP_SSIP);
}

/*
 * Sends to `harts`. Of the first others, up to WATCHERS, those with a bit in
 * `to` are to get it; this hart, too, if `self`.
 */
static void check_reach(struct sbitest *t, struct sbi_hartmask mask,
			unsigned to, bool self, const char *what)
{
	unsigned n = MIN(t->others, WATCHERS), reached = 0, i;
	struct watch w[WATCHERS] = { 0 };
	bool ready = true;

	for (i = 0; i < n; i++)
		sbitest_on(t, i, watch, &w[i]);
	for (i = 0; i < n; i++)
		ready &= SBITEST_UNTIL(
			__atomic_load_n(&w[i].ready, __ATOMIC_ACQUIRE),
			SBITEST_PATIENCE);
	csr_clear(sip, SIP_SSIP);
	sbitest_error(t, sbi_send_ipi(mask), SBI_SUCCESS,
		      "%s: send_ipi gives SUCCESS", what);
	if (self)
		SBITEST_UNTIL(pending(), SBITEST_PATIENCE);
	for (i = 0; i < n; i++)
		if (to >> i & 1)
			ready &= sbitest_wait(t, i);
	SBITEST_UNTIL(false, QUIET);
	for (i = 0; i < n; i++) {
		__atomic_store_n(&w[i].stop, 1, __ATOMIC_RELEASE);
		ready &= sbitest_wait(t, i);
		reached |= (unsigned)w[i].came << i;
	}
	if (n)
		sbitest_check(t, ready, "%s: the other harts answer", what);
	if (to)
		sbitest_value(t, reached & to, to, "%s: it arrives", what);
	if (~to & (BIT(n) - 1))
		sbitest_value(t, reached & ~to, 0, "%s: and nowhere else",
			      what);
	if (self)
		sbitest_check(t, pending(), "%s: and here", what);
	else
		sbitest_check(t, !pending(), "%s: and not here", what);
	csr_clear(sip, SIP_SSIP);
}

static void check_others(struct sbitest *t)
{
	unsigned long a, b, base;
	unsigned all = BIT(MIN(t->others, WATCHERS)) - 1;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart", "one hart");
		sbitest_skip(t, "there is no other hart", "two harts");
	} else {
		a = sbitest_hart(t, 0)->hartid;
		check_reach(t, (struct sbi_hartmask){ 1, a }, 1, false,
			    "one hart");
		b = t->others > 1 ? sbitest_hart(t, 1)->hartid : a;
		base = MIN(a, b);
		if (a == b)
			sbitest_skip(t, "there are no three harts",
				     "two harts");
		else if (MAX(a, b) - base >= 64)
			sbitest_skip(t, "no mask can name both", "two harts");
		else
			check_reach(
				t,
				(struct sbi_hartmask){
					BIT(a - base) | BIT(b - base), base },
				3, false, "two harts");
	}
	check_reach(t, SBI_HARTMASK_ALL, all, true, "all harts");
	check_reach(t, (struct sbi_hartmask){ 1, this_hart()->hartid }, 0, true,
		    "itself");
	check_reach(t, (struct sbi_hartmask){ 0, this_hart()->hartid }, 0,
		    false, "no hart from this one on");
	check_reach(t, (struct sbi_hartmask){ 0, sbitest_no_hart() }, 0, false,
		    "no hart from an unknown one on");
}

static void check_interrupt(struct sbitest *t)
{
	struct sbi_hartmask self = { 1, this_hart()->hartid };
	struct sbitest_trap trap;

	sbitest_catch(&trap);
	csr_write(sie, SIE_SSIE);
	sbi_send_ipi(self);
	csr_set(sstatus, SSTATUS_SIE);
	SBITEST_UNTIL(READ_ONCE(trap.count), SBITEST_PATIENCE);
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sip, SIP_SSIP);
	sbitest_value(t, trap.cause, SCAUSE_INTERRUPT | 1,
		      "it interrupts, as software interrupt");
	sbitest_check(t, !pending(), "S-mode can clear it");
	csr_set(sstatus, SSTATUS_SIE);
	SBITEST_UNTIL(READ_ONCE(trap.count) > 1, QUIET);
	sbitest_release(&trap);
	csr_write(sie, 0);
	sbitest_value(t, trap.count, 1, "it interrupts once");
}

void sbitest_ipi(struct sbitest *t)
{
	unsigned long none = sbitest_no_hart();

	check_others(t);
	check_interrupt(t);
	sbitest_error(t, sbi_send_ipi((struct sbi_hartmask){ 1, none }),
		      SBI_ERR_INVALID_PARAM,
		      "an unknown hart as base gives INVALID_PARAM");
	sbitest_error(t, sbi_send_ipi((struct sbi_hartmask){ 2, none - 1 }),
		      SBI_ERR_INVALID_PARAM,
		      "an unknown hart in the mask gives INVALID_PARAM");
	csr_clear(sip, SIP_SSIP);
}
