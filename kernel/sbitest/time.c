/*
 * TIME: an interrupt at the given time, no sooner, once, and taken back.
 */
#include "sbi/time.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/sbitest.h"

#define DELAY  (20 * NSEC_PER_MSEC)
#define MARGIN SBITEST_PATIENCE /* a busy machine below this one */
#define QUIET  (5 * NSEC_PER_MSEC)

static bool pending(void)
{
	return csr_read(sip) & SIP_STIP;
}

/* STIP is seen before its time: looked at first, and the clock then. */
static bool early(uint64_t when)
{
	bool is;

	do {
		is = pending();
		if (rdtime() >= when)
			return false;
	} while (!is);
	return true;
}

/* One interrupt. mask: the handler shuts it out, else it takes it back. */
static void check_interrupt(struct sbitest *t, bool mask)
{
	const char *how = mask ? "STIE off" : "set_timer(-1)";
	uint64_t when = rdtime() + time_to_ticks(DELAY), came;
	struct sbitest_trap trap;
	bool is_early, is;

	csr_write(sie, SIE_STIE);
	sbitest_error(t, sbi_set_timer(when), SBI_SUCCESS,
		      "%s: set_timer gives SUCCESS", how);
	is_early = early(when);
	sbitest_catch(&trap);
	csr_set(sstatus, SSTATUS_SIE);
	is = SBITEST_UNTIL(READ_ONCE(trap.count), DELAY + MARGIN);
	came = rdtime();
	csr_clear(sstatus, SSTATUS_SIE);
	if (mask)
		csr_write(sie, 0);
	else
		sbi_set_timer(SBI_TIME_NEVER);
	sbitest_check(t, !is_early, "%s: nothing comes before its time", how);
	sbitest_check(t, is, "%s: an interrupt comes", how);
	if (is) {
		sbitest_value(t, trap.cause, SCAUSE_INTERRUPT | 5,
			      "%s: it is the timer's", how);
		sbitest_check(t, trap.sip & SIP_STIP,
			      "%s: STIP is set in the handler", how);
		sbitest_check(t, came - when < time_to_ticks(MARGIN),
			      "%s: it comes in time", how);
	}
	if (!mask)
		sbitest_check(t, !pending(), "%s: takes it back", how);
	csr_set(sstatus, SSTATUS_SIE);
	SBITEST_UNTIL(READ_ONCE(trap.count) > 1, QUIET);
	sbitest_release(&trap);
	sbitest_value(t, trap.count, 1, "%s: it comes once", how);
	csr_write(sie, 0);
	sbi_set_timer(SBI_TIME_NEVER);
}

static void check_masked(struct sbitest *t)
{
	csr_write(sie, 0);
	sbitest_error(t, sbi_set_timer(0), SBI_SUCCESS,
		      "masked: set_timer(0) gives SUCCESS");
	sbitest_check(t, SBITEST_UNTIL(pending(), MARGIN),
		      "masked: set_timer(0) makes STIP pending");
	sbi_set_timer(rdtime() + time_to_ticks(3600 * NSEC_PER_SEC));
	sbitest_check(t, !pending(), "masked: a time in the future clears it");
	sbi_set_timer(0);
	SBITEST_UNTIL(pending(), MARGIN);
	sbitest_error(t, sbi_set_timer(SBI_TIME_NEVER), SBI_SUCCESS,
		      "masked: set_timer(-1) gives SUCCESS");
	sbitest_check(t, !pending(), "masked: set_timer(-1) clears it");
}

static void check_wfi(struct sbitest *t)
{
	uint64_t when = rdtime() + time_to_ticks(DELAY);

	csr_write(sie, SIE_STIE);
	sbi_set_timer(when);
	while (!pending() && rdtime() < when + time_to_ticks(MARGIN))
		wfi();
	sbitest_check(t, pending(), "a hart in wfi wakes with STIP set");
	sbi_set_timer(SBI_TIME_NEVER);
	csr_write(sie, 0);
}

static void arm_there(void *arg)
{
	bool *came = arg;

	sbi_set_timer(0);
	*came = SBITEST_UNTIL(pending(), MARGIN);
	sbi_set_timer(SBI_TIME_NEVER);
}

static void check_other_hart(struct sbitest *t)
{
	bool there = false, answered;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart",
			     "another hart's timer is its own");
		return;
	}
	answered = sbitest_call(t, 0, arm_there, &there);
	sbitest_check(t, answered && there, "another hart's timer fires there");
	sbitest_check(t, !pending(), "another hart's timer is its own");
}

void sbitest_time(struct sbitest *t)
{
	unsigned failed = t->failed;

	check_interrupt(t, false);
	csr_write(sie, 0);
	if (csr_read(sie) & SIE_STIE)
		sbitest_skip(t, "sie.STIE cannot be written", "STIE off: all");
	else
		check_interrupt(t, true);
	check_masked(t);
	/* Who waits for a timer that does not work waits for ever. */
	if (t->failed == failed)
		check_wfi(t);
	else
		sbitest_skip(t, "the timer does not work",
			     "a hart in wfi wakes with STIP set");
	check_other_hart(t);
}
