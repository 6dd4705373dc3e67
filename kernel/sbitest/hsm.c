/*
 * HSM while the system runs: states, errors, and sleep that returns. What
 * starts and stops harts is in hsm_alone.c.
 */
#include "sbi/hsm.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/smp.h"
#include "sbi/ipi.h"
#include "sbi/time.h"

static bool is_in(unsigned long hartid, enum sbi_hsm_state state)
{
	enum sbi_hsm_state now;

	return !sbi_hart_status(hartid, &now) && now == state;
}

static void check_errors(struct sbitest *t)
{
	unsigned long none = sbitest_no_hart(), self = this_hart()->hartid;
	paddr_t entry = image_va_to_pa(__image_start);
	enum sbi_hsm_state state;

	sbitest_error(t, sbi_hart_status(none, &state), SBI_ERR_INVALID_PARAM,
		      "get_status of an unknown hart gives INVALID_PARAM");
	sbitest_error(t, sbi_hart_start(none, entry, 0), SBI_ERR_INVALID_PARAM,
		      "start of an unknown hart gives INVALID_PARAM");
	sbitest_error(t, sbi_hart_start(~0ul, entry, 0), SBI_ERR_INVALID_PARAM,
		      "start of hart -1 gives INVALID_PARAM");
	sbitest_error(t, sbi_hart_start(self, entry, 0),
		      SBI_ERR_ALREADY_AVAILABLE,
		      "start of itself gives ALREADY_AVAILABLE");
	if (t->others)
		sbitest_error(
			t, sbi_hart_start(sbitest_hart(t, 0)->hartid, entry, 0),
			SBI_ERR_ALREADY_AVAILABLE,
			"start of a running hart gives "
			"ALREADY_AVAILABLE");
	csr_write(sie, SIE_STIE); /* should it sleep, it wakes */
	sbi_set_timer(rdtime() + time_to_ticks(NSEC_PER_SEC));
	sbitest_error(t, sbi_hart_suspend(1, entry, 0), SBI_ERR_INVALID_PARAM,
		      "suspend, reserved type 0x1: INVALID_PARAM");
	sbitest_error(t, sbi_hart_suspend(0x0fffffff, entry, 0),
		      SBI_ERR_INVALID_PARAM,
		      "suspend, reserved type 0xfffffff: INVALID_PARAM");
	sbi_set_timer(SBI_TIME_NEVER);
}

/* This hart, until its timer wakes it. */
static void check_timer(struct sbitest *t)
{
	uint64_t when = rdtime() + time_to_ticks(20 * NSEC_PER_MSEC);
	long err;

	csr_write(sie, SIE_STIE);
	sbi_set_timer(when);
	err = sbi_hart_suspend(SBI_HSM_SUSPEND_RETENTIVE, 0, 0);
	if (err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "not supported",
			     "retentive suspend until the timer");
		return;
	}
	sbitest_error(t, err, SBI_SUCCESS,
		      "retentive suspend until the timer gives SUCCESS");
	sbitest_check(t, rdtime() >= when, "it wakes no sooner");
	sbitest_check(t, csr_read(sip) & SIP_STIP, "it wakes with STIP set");
	sbi_set_timer(SBI_TIME_NEVER);
	csr_write(sie, 0);
}

struct nap {
	long err;
	bool ipi;
};

/* The IPI that called this is over; sie has SSIE alone. */
static void sleep_there(void *arg)
{
	struct nap *n = arg;

	n->err = sbi_hart_suspend(SBI_HSM_SUSPEND_RETENTIVE, 0, 0);
	n->ipi = csr_read(sip) & SIP_SSIP;
	csr_clear(sip, SIP_SSIP);
}

static void check_ipi(struct sbitest *t)
{
	struct nap nap = { .err = 1 };
	struct sbi_hartmask one = { 1, 0 };
	bool asleep;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart",
			     "retentive suspend of another hart");
		return;
	}
	one.base = sbitest_hart(t, 0)->hartid;
	sbitest_on(t, 0, sleep_there, &nap);
	asleep = SBITEST_UNTIL(is_in(one.base, SBI_HSM_SUSPENDED),
			       SBITEST_PATIENCE);
	sbi_send_ipi(one);
	if (!sbitest_check(t, sbitest_wait(t, 0),
			   "another hart comes back from suspend"))
		return;
	if (nap.err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "not supported",
			     "retentive suspend of another hart");
		return;
	}
	sbitest_check(t, asleep, "another hart is SUSPENDED meanwhile");
	sbitest_error(t, nap.err, SBI_SUCCESS,
		      "suspend of another hart gives SUCCESS");
	sbitest_check(t, nap.ipi, "an IPI wakes it, with SSIP set");
	sbitest_check(t, is_in(one.base, SBI_HSM_STARTED),
		      "it is STARTED again");
}

void sbitest_hsm(struct sbitest *t)
{
	for (unsigned i = 0; i < nharts; i++)
		if (hart_in(&online_harts, &harts[i]))
			sbitest_check(t,
				      is_in(harts[i].hartid, SBI_HSM_STARTED),
				      "hart %lu is STARTED", harts[i].hartid);
	check_errors(t);
	check_timer(t);
	check_ipi(t);
}
