/*
 * HSM, with harts that stop, start, sleep and wake. They leave the kernel for
 * that, so it is the last thing that happens to it.
 */
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/hand.h"
#include "kernel/smp.h"
#include "sbi/ipi.h"

enum { HSM_START, HSM_SUSPEND = 3 };

#define HANDS_MAX 16
#define OPAQUE    0x5b1000ul
/* Of a type, the 32 lower bits count. */
#define UPPER (1ul << 63)

struct other {
	unsigned long hartid;
	struct hand *hand; /* NULL: it is lost */
	bool stays;        /* it cannot be stopped */
};

static struct other others[MAX_HARTS];
static unsigned n_others;

/* Until it is in `end`, and through no state but these. */
static bool goes(unsigned long hartid, unsigned through, enum sbi_hsm_state end)
{
	enum sbi_hsm_state now = end;

	SBITEST_UNTIL(({
			      if (sbi_hart_status(hartid, &now))
				      now = SBI_HSM_RESUME_PENDING + 1;
			      now == end || !(through >> now & 1);
		      }),
		      SBITEST_PATIENCE);
	return now == end;
}

static void stop_itself(void *arg)
{
	csr_write(sie, 0);
	*(long *)arg = sbi_hart_stop();
}

/* The kernel's way out, for each of the other harts. */
void sbitest_stop_others(struct sbitest *t)
{
	unsigned long self = BIT(this_hart()->index);
	static long err;

	for (n_others = 0; n_others < t->others; n_others++)
		others[n_others] = (struct other){
			.hartid = sbitest_hart(t, n_others)->hartid
		};
	for (unsigned i = 0; i < n_others; i++) {
		unsigned long id = others[i].hartid;

		err = 0;
		sbitest_on(t, i, stop_itself, &err);
		others[i].stays = !sbitest_check(
			t,
			goes(id,
			     BIT(SBI_HSM_STARTED) | BIT(SBI_HSM_STOP_PENDING),
			     SBI_HSM_STOPPED),
			"hart %lu: stops, by STOP_PENDING at most", id);
	}
	/* From here on the kernel knows of no other hart. */
	__atomic_store_n(&online_harts, self, __ATOMIC_SEQ_CST);
	__atomic_store_n(&active_harts, self, __ATOMIC_SEQ_CST);
	t->others = 0;
}

/* What a hart must find where it arrives. */
static void check_found(struct sbitest *t, const struct hand *h,
			unsigned long hartid, unsigned long opaque,
			const char *how)
{
	sbitest_value(t, h->a0, hartid, "hart %lu: %s: a0 is its id", hartid,
		      how);
	sbitest_value(t, h->a1, opaque, "hart %lu: %s: a1 is the opaque word",
		      hartid, how);
	sbitest_value(t, h->satp, 0, "hart %lu: %s: satp is 0", hartid, how);
	sbitest_value(t, h->sstatus & SSTATUS_SIE, 0,
		      "hart %lu: %s: sstatus.SIE is 0", hartid, how);
}

static void start(struct sbitest *t, struct other *o, unsigned long opaque,
		  const char *how)
{
	bool straight;
	long err;

	o->hand = hand_start(t, o->hartid, opaque, &err, &straight);
	sbitest_error(t, err, SBI_SUCCESS, "hart %lu: %s gives SUCCESS",
		      o->hartid, how);
	if (err)
		return;
	if (!sbitest_check(t, o->hand && straight,
			   "it arrives where it should: hart %lu, %s",
			   o->hartid, how) &&
	    !o->hand)
		return;
	sbitest_check(t, hand_is(o->hartid, SBI_HSM_STARTED),
		      "hart %lu: %s: it is STARTED", o->hartid, how);
	check_found(t, o->hand, o->hartid, opaque, how);
	hand_order(o->hand, o->hartid, SBI_EXT_HSM, HSM_START, o->hartid,
		   image_va_to_pa(hand_entry), 0);
	if (sbitest_check(t, hand_wait(o->hand),
			  "hart %lu: %s: it does as it is told", o->hartid,
			  how))
		sbitest_error(t, (long)o->hand->error,
			      SBI_ERR_ALREADY_AVAILABLE,
			      "hart %lu: %s: of itself: ALREADY_AVAILABLE",
			      o->hartid, how);
	else
		o->hand = NULL;
}

static void stop(struct sbitest *t, struct other *o, const char *how)
{
	if (!o->hand)
		return;
	hand_order(o->hand, o->hartid, SBI_EXT_HSM, SBI_HSM_HART_STOP, 0, 0, 0);
	sbitest_check(t,
		      goes(o->hartid,
			   BIT(SBI_HSM_STARTED) | BIT(SBI_HSM_STOP_PENDING),
			   SBI_HSM_STOPPED),
		      "hart %lu: %s", o->hartid, how);
	o->hand = NULL;
}

/* False: not supported, or it does not sleep. */
static bool falls_asleep(struct sbitest *t, struct other *o, unsigned long type,
			 unsigned long opaque, const char *how)
{
	bool asleep;

	hand_order(o->hand, o->hartid, SBI_EXT_HSM, HSM_SUSPEND, type,
		   image_va_to_pa(hand_entry), opaque);
	asleep = SBITEST_UNTIL(hand_is(o->hartid, SBI_HSM_SUSPENDED) ||
				       o->hand->done == o->hand->asked,
			       SBITEST_PATIENCE);
	if (asleep && READ_ONCE(o->hand->done) == o->hand->asked &&
	    (long)o->hand->error == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "not supported", "hart %lu: %s", o->hartid,
			     how);
		return false;
	}
	return sbitest_check(t, hand_is(o->hartid, SBI_HSM_SUSPENDED),
			     "hart %lu: %s: it is SUSPENDED", o->hartid, how);
}

static void wake(const struct other *o)
{
	struct sbi_hartmask one = { 1, o->hartid };

	sbi_send_ipi(one);
}

static void wakes_retentive(struct sbitest *t, struct other *o, const char *how)
{
	wake(o);
	if (!sbitest_check(t, hand_wait(o->hand),
			   "hart %lu: %s: an IPI wakes it", o->hartid, how)) {
		o->hand = NULL;
		return;
	}
	sbitest_error(t, (long)o->hand->error, SBI_SUCCESS,
		      "hart %lu: %s: suspend gives SUCCESS", o->hartid, how);
	sbitest_check(t, hand_is(o->hartid, SBI_HSM_STARTED),
		      "hart %lu: %s: it is STARTED again", o->hartid, how);
}

static void wakes_anew(struct sbitest *t, struct other *o, unsigned long opaque,
		       const char *how)
{
	unsigned n = hand_arrivals();

	wake(o);
	o->hand = hand_arrival(t, n);
	if (!sbitest_check(t, o->hand, "hart %lu: %s: an IPI resumes it",
			   o->hartid, how))
		return;
	sbitest_check(t, hand_is(o->hartid, SBI_HSM_STARTED),
		      "hart %lu: %s: it is STARTED again", o->hartid, how);
	check_found(t, o->hand, o->hartid, opaque, how);
}

/* All sleep at the same time. */
static void check_suspend(struct sbitest *t, unsigned n, unsigned long type,
			  const char *how)
{
	bool asleep[HANDS_MAX];

	for (unsigned i = 0; i < n; i++)
		asleep[i] =
			others[i].hand &&
			falls_asleep(t, &others[i], type, OPAQUE + 64 + i, how);
	for (unsigned i = 0; i < n; i++) {
		if (!asleep[i])
			continue;
		if ((uint32_t)type == SBI_HSM_SUSPEND_RETENTIVE)
			wakes_retentive(t, &others[i], how);
		else
			wakes_anew(t, &others[i], OPAQUE + 64 + i, how);
	}
}

/* Should the hart sleep all the same, it is left asleep. */
static void check_bad_address(struct sbitest *t, struct other *o)
{
	paddr_t firmware = sbitest_firmware();

	if (!firmware) {
		sbitest_skip(t, "the device tree does not tell where it is",
			     "the firmware's memory");
		return;
	}
	hand_order(o->hand, o->hartid, SBI_EXT_HSM, HSM_SUSPEND,
		   SBI_HSM_SUSPEND_NON_RETENTIVE, firmware, 0);
	if (sbitest_check(t, hand_wait(o->hand),
			  "suspend, resume in the firmware: does not sleep"))
		sbitest_error(t, (long)o->hand->error, SBI_ERR_INVALID_ADDRESS,
			      "suspend, resume in the firmware: "
			      "INVALID_ADDRESS");
	else
		o->hand = NULL;
}

/* The last of all, as the hart may be gone. */
static void check_bad_start(struct sbitest *t, const struct other *o)
{
	paddr_t firmware = sbitest_firmware();

	if (firmware)
		sbitest_error(t, sbi_hart_start(o->hartid, firmware, 0),
			      SBI_ERR_INVALID_ADDRESS,
			      "start in the firmware: INVALID_ADDRESS");
}

void sbitest_hsm_alone(struct sbitest *t)
{
	unsigned n;

	if (!t->others) {
		sbitest_skip(t, "there is no other hart",
			     "harts that start, stop and sleep");
		return;
	}
	sbitest_stop_others(t);
	hand_reset(t);
	n = MIN(n_others, (unsigned)HANDS_MAX);
	for (unsigned i = 0; i < n; i++)
		if (!others[i].stays)
			start(t, &others[i], OPAQUE + i, "start");
	check_suspend(t, n, SBI_HSM_SUSPEND_RETENTIVE, "retentive");
	check_suspend(t, n, SBI_HSM_SUSPEND_NON_RETENTIVE, "non-retentive");
	check_suspend(t, 1, UPPER | SBI_HSM_SUSPEND_RETENTIVE,
		      "retentive, bit 63 set");
	check_suspend(t, 1, UPPER | SBI_HSM_SUSPEND_NON_RETENTIVE,
		      "non-retentive, bit 63 set");
	if (others[0].hand)
		check_bad_address(t, &others[0]);
	for (unsigned i = 0; i < n; i++)
		stop(t, &others[i], "stops again");
	if (hand_is(others[0].hartid, SBI_HSM_STOPPED)) {
		start(t, &others[0], OPAQUE + 32, "start again");
		stop(t, &others[0], "stops once more");
		check_bad_start(t, &others[0]);
	}
}
