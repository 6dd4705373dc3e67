/*
 * SUSP: the machine sleeps and the timer wakes it; and what keeps it from that.
 * The other harts have stopped: HSM's checks come before.
 */
#include "sbi/susp.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/hand.h"
#include "kernel/smp.h"
#include "sbi/time.h"

enum { SUSP_SYSTEM_SUSPEND };

#define OPAQUE 0x5b2000ul

static void check_sleep(struct sbitest *t, unsigned long type, const char *how)
{
	long back;

	csr_write(sie, SIE_STIE);
	sbi_set_timer(rdtime() + time_to_ticks(NSEC_PER_SEC));
	back = hand_sleep(SBI_EXT_SUSP, SUSP_SYSTEM_SUSPEND, type, OPAQUE,
			  image_va_to_pa(hand_resume));
	if (back == 1)
		hart_init_csrs();
	sbi_set_timer(SBI_TIME_NEVER);
	csr_write(sie, 0);
	if (!sbitest_check(t, back == 1, "%s: it sleeps and resumes", how)) {
		sbitest_error(t, back, SBI_SUCCESS, "%s: is not refused", how);
		return;
	}
	sbitest_value(t, sleeper.a0, this_hart()->hartid, "%s: a0 is its id",
		      how);
	sbitest_value(t, sleeper.a1, OPAQUE, "%s: a1 is the opaque word", how);
	sbitest_value(t, sleeper.found_satp, 0, "%s: satp is 0", how);
	sbitest_value(t, sleeper.found_sstatus & SSTATUS_SIE, 0,
		      "%s: sstatus.SIE is 0", how);
}

/* What is refused; what is not sleeps for a second, and resumes. */
static void check_refused(struct sbitest *t, unsigned long type, uint64_t pa,
			  long wanted, const char *what)
{
	long err;

	csr_write(sie, SIE_STIE);
	sbi_set_timer(rdtime() + time_to_ticks(NSEC_PER_SEC));
	err = hand_sleep(SBI_EXT_SUSP, SUSP_SYSTEM_SUSPEND, type, OPAQUE, pa);
	if (err == 1)
		hart_init_csrs();
	sbi_set_timer(SBI_TIME_NEVER);
	csr_write(sie, 0);
	sbitest_error(t, err, wanted, "%s gives %s", what,
		      sbi_error_name(wanted));
}

/* A hart that runs keeps the machine awake. */
static void check_other_hart(struct sbitest *t, uint64_t resume)
{
	struct hart *other = NULL;
	bool straight;
	struct hand *h;
	long err;

	for (unsigned i = 0; i < nharts && !other; i++)
		if (&harts[i] != this_hart() &&
		    hand_is(harts[i].hartid, SBI_HSM_STOPPED))
			other = &harts[i];
	if (!other) {
		sbitest_skip(t, "there is no other hart",
			     "while another hart runs");
		return;
	}
	hand_reset(t);
	h = hand_start(t, other->hartid, 0, &err, &straight);
	if (!sbitest_check(t, h, "another hart starts"))
		return;
	check_refused(t, SBI_SUSP_TO_RAM, resume, SBI_ERR_DENIED,
		      "while another hart runs: suspend");
	sbitest_check(t, hand_stop(h, other->hartid), "that hart stops");
}

void sbitest_susp(struct sbitest *t)
{
	uint64_t resume = image_va_to_pa(hand_resume);
	paddr_t firmware = sbitest_firmware();

	if (t->others)
		sbitest_stop_others(t);
	sbitest_error(t, sbi_ecall3(SBI_EXT_SUSP, 1, 0, resume, 0).error,
		      SBI_ERR_NOT_SUPPORTED, "function 1 gives NOT_SUPPORTED");
	check_refused(t, 1, resume, SBI_ERR_INVALID_PARAM, "reserved type 0x1");
	check_other_hart(t, resume);
	if (firmware)
		check_refused(t, SBI_SUSP_TO_RAM, firmware,
			      SBI_ERR_INVALID_ADDRESS,
			      "resume in the firmware");
	check_sleep(t, SBI_SUSP_TO_RAM, "to RAM");
	check_sleep(t, 1ul << 32 | SBI_SUSP_TO_RAM, "to RAM, bit 32 set");
}
