/*
 * PMU: which counters there are, and that those of the firmware count what was
 * done. A counter of hardware is read by no check: what it should say nobody
 * knows, and on some firmware the wrong one is fatal. Cycles and instructions
 * belong to everybody and are left alone.
 */
#include "sbi/pmu.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbi_info.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "sbi/base.h"
#include "sbi/ipi.h"
#include "sbi/rfence.h"
#include "sbi/time.h"

enum { PMU_NUM_COUNTERS, PMU_EVENT_GET_INFO = 8 };

#define CALLS 3

/* Reserved: between the last type that there is and the firmware's; and the
 * first code behind the firmware's events. */
#define NO_TYPE SBI_PMU_EVENT(14, 0)
#define NO_CODE SBI_PMU_EVENT(SBI_PMU_TYPE_FW, SBI_PMU_FW_EVENTS)

#define EVENT_TIMER SBI_PMU_EVENT(SBI_PMU_TYPE_FW, SBI_PMU_FW_SET_TIMER)
#define EVENT_DTLB  SBI_PMU_CACHE_EVENT(SBI_PMU_DTLB, SBI_PMU_READ, 1)

/* Of the first 64, by index. */
struct counters {
	unsigned long n;
	struct sbi_pmu_counters hardware, firmware;
};

static struct sbi_pmu_counters one(unsigned long idx)
{
	return (struct sbi_pmu_counters){ idx, 1 };
}

static void check_info(struct sbitest *t, struct counters *all)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_PMU, PMU_NUM_COUNTERS);
	bool errors = true, csrs = true;
	struct sbi_pmu_counter c;
	long err;

	*all = (struct counters){ .n = ret.value };
	sbitest_error(t, ret.error, SBI_SUCCESS, "num_counters gives SUCCESS");
	sbitest_check(t, all->n && all->n < 4096, "there are counters");
	for (unsigned long i = 0; i < MIN(all->n, 64ul); i++) {
		err = sbi_pmu_counter_get_info(i, &c);
		errors &= !err || err == SBI_ERR_INVALID_PARAM;
		if (err)
			continue;
		if (c.firmware) {
			all->firmware.mask |= BIT(i);
		} else {
			all->hardware.mask |= BIT(i);
			csrs &= c.csr >= 0xc00 && c.csr < 0xc20;
		}
	}
	sbitest_check(t, errors,
		      "get_info of each gives SUCCESS or INVALID_PARAM");
	sbitest_check(t, csrs, "get_info names a counter's CSR");
	sbitest_error(t, sbi_pmu_counter_get_info(all->n + 64, &c),
		      SBI_ERR_INVALID_PARAM,
		      "get_info of an unknown counter gives INVALID_PARAM");
}

static void set_timers(unsigned n)
{
	while (n--)
		sbi_set_timer(SBI_TIME_NEVER);
}

static void check_count(struct sbitest *t, unsigned long idx, uint64_t wanted,
			const char *what)
{
	uint64_t value = ~0ull;
	long err = sbi_pmu_fw_read(idx, &value);

	if (err)
		sbitest_error(t, err, SBI_SUCCESS, "%s", what);
	else
		sbitest_value(t, value, wanted, "%s", what);
}

/* The life of a counter, with set_timer as what is counted. */
static void check_life(struct sbitest *t, const struct counters *all)
{
	unsigned long idx = ~0ul;
	long err = sbi_pmu_config_matching(all->firmware, SBI_PMU_CFG_CLEAR,
					   EVENT_TIMER, 0, &idx);

	if (!sbitest_error(t, err, SBI_SUCCESS,
			   "config_matching, set_timer: gives SUCCESS"))
		return;
	if (!sbitest_check(t, idx < 64 && all->firmware.mask >> idx & 1,
			   "config_matching gives one of the counters"))
		return;
	set_timers(1);
	check_count(t, idx, 0, "it does not count before it is started");
	sbitest_error(t, sbi_pmu_stop(one(idx), 0), SBI_ERR_ALREADY_STOPPED,
		      "stop before start gives ALREADY_STOPPED");
	sbitest_error(t, sbi_pmu_start(one(idx), 0, 0), SBI_SUCCESS,
		      "start gives SUCCESS");
	sbitest_error(t, sbi_pmu_start(one(idx), 0, 0), SBI_ERR_ALREADY_STARTED,
		      "start again gives ALREADY_STARTED");
	set_timers(CALLS);
	check_count(t, idx, CALLS, "it counts the calls");
	sbitest_error(t, sbi_pmu_stop(one(idx), 0), SBI_SUCCESS,
		      "stop gives SUCCESS");
	sbitest_error(t, sbi_pmu_stop(one(idx), 0), SBI_ERR_ALREADY_STOPPED,
		      "stop again gives ALREADY_STOPPED");
	set_timers(1);
	check_count(t, idx, CALLS, "it does not count while it is stopped");
	sbi_pmu_start(one(idx), 0, 0x999);
	set_timers(1);
	check_count(t, idx, CALLS + 1, "start without a value goes on");
	sbi_pmu_stop(one(idx), 0);
	sbi_pmu_start(one(idx), SBI_PMU_START_SET_VALUE, 1000);
	set_timers(1);
	check_count(t, idx, 1001, "start with a value begins there");
	sbitest_error(t, sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET),
		      SBI_SUCCESS, "stop with reset gives SUCCESS");
	err = sbi_pmu_config_matching(
		all->firmware, SBI_PMU_CFG_CLEAR | SBI_PMU_CFG_AUTO_START,
		EVENT_TIMER, 0, &idx);
	sbitest_error(t, err, SBI_SUCCESS,
		      "config_matching, auto start: gives SUCCESS");
	if (err)
		return;
	set_timers(2);
	check_count(t, idx, 2, "it counts from 0 then");
	sbitest_error(t, sbi_pmu_start(one(idx), 0, 0), SBI_ERR_ALREADY_STARTED,
		      "and is started already");
	sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
}

/* ---- what goes to another hart ---- */

static long send_ipi(struct sbi_hartmask mask)
{
	return sbi_send_ipi(mask);
}

static long send_sfence(struct sbi_hartmask mask)
{
	return sbi_remote_sfence_vma(mask, 0, PAGE_SIZE);
}

static long send_sfence_asid(struct sbi_hartmask mask)
{
	return sbi_remote_sfence_vma_asid(mask, 0, PAGE_SIZE, 0);
}

static const struct sent {
	const char *name;
	unsigned code; /* of "sent"; "received" is the next */
	long (*send)(struct sbi_hartmask mask);
} sents[] = {
	{ "IPI", SBI_PMU_FW_IPI_SENT, send_ipi },
	{ "fence.i", SBI_PMU_FW_FENCE_I_SENT, sbi_remote_fence_i },
	{ "sfence.vma", SBI_PMU_FW_SFENCE_VMA_SENT, send_sfence },
	{ "sfence.vma asid", SBI_PMU_FW_SFENCE_VMA_ASID_SENT,
	  send_sfence_asid },
};

/* On another hart: what it has received until it is told to look. */
struct receiver {
	struct sbi_pmu_counters counters;
	unsigned code;
	uint32_t ready, ipis, stop;
	long err;
	uint64_t count;
};

static void receive(void *arg)
{
	struct receiver *r = arg;
	unsigned long idx;

	r->err = sbi_pmu_config_matching(
		r->counters, SBI_PMU_CFG_CLEAR | SBI_PMU_CFG_AUTO_START,
		SBI_PMU_EVENT(SBI_PMU_TYPE_FW, r->code), 0, &idx);
	csr_clear(sip, SIP_SSIP);
	__atomic_store_n(&r->ready, 1, __ATOMIC_SEQ_CST);
	SBITEST_UNTIL(({
			      if (csr_read(sip) & SIP_SSIP) {
				      csr_clear(sip, SIP_SSIP);
				      __atomic_fetch_add(&r->ipis, 1,
							 __ATOMIC_SEQ_CST);
			      }
			      __atomic_load_n(&r->stop, __ATOMIC_SEQ_CST);
		      }),
		      SBITEST_PATIENCE);
	if (r->err)
		return;
	r->err = sbi_pmu_fw_read(idx, &r->count);
	sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
}

static void check_sent(struct sbitest *t, const struct counters *all,
		       const struct sent *s)
{
	struct sbi_hartmask to = { 1, sbitest_hart(t, 0)->hartid };
	struct receiver r = { .counters = all->firmware, .code = s->code + 1 };
	unsigned long idx;
	uint64_t sent = 0;
	bool answered;
	long err;

	sbitest_on(t, 0, receive, &r);
	SBITEST_UNTIL(__atomic_load_n(&r.ready, __ATOMIC_SEQ_CST),
		      SBITEST_PATIENCE);
	err = sbi_pmu_config_matching(
		all->firmware, SBI_PMU_CFG_CLEAR | SBI_PMU_CFG_AUTO_START,
		SBI_PMU_EVENT(SBI_PMU_TYPE_FW, s->code), 0, &idx);
	for (unsigned i = 1; i <= CALLS; i++) {
		s->send(to);
		/* Two at a time may be one to the other hart. */
		if (s->code == SBI_PMU_FW_IPI_SENT)
			SBITEST_UNTIL(
				__atomic_load_n(&r.ipis, __ATOMIC_SEQ_CST) >= i,
				SBITEST_PATIENCE);
	}
	if (!err) {
		err = sbi_pmu_fw_read(idx, &sent);
		sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
	}
	__atomic_store_n(&r.stop, 1, __ATOMIC_SEQ_CST);
	answered = sbitest_wait(t, 0);
	if (sbitest_error(t, err, SBI_SUCCESS, "%s: sent can be counted",
			  s->name))
		sbitest_value(t, sent, CALLS, "%s: those sent are counted",
			      s->name);
	if (sbitest_check(t, answered && !r.err, "%s: received can be counted",
			  s->name))
		sbitest_value(t, r.count, CALLS,
			      "%s: the other hart counts those received",
			      s->name);
}

/* ---- what is wrong, and what is newer ---- */

/* Neither a success nor an error that is none of its own. */
static void check_no_event(struct sbitest *t, const struct counters *all,
			   unsigned long event)
{
	unsigned long idx;
	long err = sbi_pmu_config_matching(all->firmware, SBI_PMU_CFG_CLEAR,
					   event, 0, &idx);

	sbitest_check(
		t, err == SBI_ERR_NOT_SUPPORTED || err == SBI_ERR_INVALID_PARAM,
		"config_matching, reserved event %#lx: refused", event);
	if (!err)
		sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
}

static void check_errors(struct sbitest *t, const struct counters *all)
{
	struct sbi_pmu_counters none = { all->n + 64, 1 };
	unsigned long idx;
	uint64_t value;

	sbitest_error(t, sbi_pmu_config_matching(none, 0, EVENT_TIMER, 0, &idx),
		      SBI_ERR_INVALID_PARAM,
		      "config_matching, unknown counter: INVALID_PARAM");
	sbitest_error(t, sbi_pmu_start(none, 0, 0), SBI_ERR_INVALID_PARAM,
		      "start, unknown counter: INVALID_PARAM");
	sbitest_error(t, sbi_pmu_stop(none, 0), SBI_ERR_INVALID_PARAM,
		      "stop, unknown counter: INVALID_PARAM");
	sbitest_error(t, sbi_pmu_fw_read(none.base, &value),
		      SBI_ERR_INVALID_PARAM,
		      "fw_read, unknown counter: INVALID_PARAM");
	if (all->hardware.mask)
		sbitest_error(
			t, sbi_pmu_fw_read(ctz64(all->hardware.mask), &value),
			SBI_ERR_INVALID_PARAM,
			"fw_read, counter of hardware: INVALID_PARAM");
	check_no_event(t, all, NO_TYPE);
	check_no_event(t, all, NO_CODE);
}

/* A counter of hardware, without a look at its value. */
static void check_hardware(struct sbitest *t, const struct counters *all)
{
	unsigned long idx;
	long err = sbi_pmu_config_matching(all->hardware, SBI_PMU_CFG_CLEAR,
					   EVENT_DTLB, 0, &idx);

	if (err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "the hart counts none of that",
			     "DTLB read misses");
		return;
	}
	if (!sbitest_error(t, err, SBI_SUCCESS,
			   "DTLB read misses: can be counted"))
		return;
	sbitest_check(t, idx < 64 && all->hardware.mask >> idx & 1,
		      "DTLB read misses: by one of the counters");
	sbitest_error(t, sbi_pmu_start(one(idx), 0, 0), SBI_SUCCESS,
		      "DTLB read misses: start gives SUCCESS");
	sbitest_error(t, sbi_pmu_start(one(idx), 0, 0), SBI_ERR_ALREADY_STARTED,
		      "DTLB read misses: again: ALREADY_STARTED");
	sbitest_error(t, sbi_pmu_stop(one(idx), 0), SBI_SUCCESS,
		      "DTLB read misses: stop gives SUCCESS");
	sbitest_error(t, sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET),
		      SBI_ERR_ALREADY_STOPPED,
		      "DTLB read misses: again: ALREADY_STOPPED");
}

static void check_read_hi(struct sbitest *t, const struct counters *all)
{
	uint64_t value = ~0ull;
	unsigned long idx;
	long err;

	if (sbi_base_spec_version() < SBI_SPEC(2, 0)) {
		sbitest_skip(t, "since 2.0", "fw_read_hi");
		return;
	}
	if (sbi_pmu_config_matching(all->firmware, SBI_PMU_CFG_CLEAR,
				    EVENT_TIMER, 0, &idx))
		return; /* told already */
	err = sbi_pmu_fw_read_hi(idx, &value);
	sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
	if (sbitest_error(t, err, SBI_SUCCESS, "fw_read_hi gives SUCCESS"))
		sbitest_value(t, value, 0, "fw_read_hi gives 0");
}

static void check_snapshot(struct sbitest *t, const struct counters *all)
{
	struct sbi_pmu_snapshot *page = (void *)t->memory;
	unsigned long idx;
	long err;

	if (sbi_base_spec_version() < SBI_SPEC(2, 0)) {
		sbitest_skip(t, "since 2.0", "snapshot");
		return;
	}
	err = sbi_pmu_snapshot_set_shmem(t->memory_pa);
	if (err == SBI_ERR_NOT_SUPPORTED) {
		sbitest_skip(t, "the firmware has none", "snapshot");
		return;
	}
	sbitest_error(t, err, SBI_SUCCESS, "snapshot: set_shmem gives SUCCESS");
	sbitest_error(t, sbi_pmu_snapshot_set_shmem(t->memory_pa + 8),
		      SBI_ERR_INVALID_PARAM,
		      "snapshot: a page that is not aligned: INVALID_PARAM");
	if (!sbi_pmu_config_matching(all->firmware,
				     SBI_PMU_CFG_CLEAR | SBI_PMU_CFG_AUTO_START,
				     EVENT_TIMER, 0, &idx)) {
		set_timers(CALLS);
		sbitest_error(t, sbi_pmu_stop(one(idx), SBI_PMU_STOP_SNAPSHOT),
			      SBI_SUCCESS, "snapshot: stop gives SUCCESS");
		sbitest_value(t, page->value[0], CALLS,
			      "snapshot: it has the count");
		page->value[0] = 500;
		sbitest_error(
			t, sbi_pmu_start(one(idx), SBI_PMU_START_SNAPSHOT, 0),
			SBI_SUCCESS, "snapshot: start gives SUCCESS");
		set_timers(1);
		check_count(t, idx, 501, "snapshot: it counts from there");
		sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
	}
	sbitest_error(t, sbi_pmu_snapshot_set_shmem(SBI_SHMEM_OFF), SBI_SUCCESS,
		      "snapshot: off gives SUCCESS");
}

/* As config_matching says it, too. */
static void check_event_info(struct sbitest *t, const struct counters *all)
{
	static const uint32_t events[] = {
		EVENT_TIMER, EVENT_DTLB,
		SBI_PMU_CACHE_EVENT(SBI_PMU_NODE, SBI_PMU_WRITE, 1)
	};
	struct sbi_pmu_event_info *info = (void *)t->memory;
	struct sbi_pmu_counters any = { 0, all->firmware.mask |
						   all->hardware.mask };
	char name[48];
	long err;

	for (unsigned i = 0; i < ARRAY_SIZE(events); i++)
		info[i] =
			(struct sbi_pmu_event_info){ events[i], 0xfffffffe, 0 };
	err = sbi_pmu_event_get_info(t->memory_pa, ARRAY_SIZE(events));
	if (err == SBI_ERR_NOT_SUPPORTED &&
	    sbi_base_spec_version() < SBI_SPEC(3, 0)) {
		sbitest_skip(t, "since 3.0", "event_get_info");
		return;
	}
	if (!sbitest_error(t, err, SBI_SUCCESS, "event_get_info gives SUCCESS"))
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(events); i++) {
		unsigned long idx;

		err = sbi_pmu_config_matching(any, SBI_PMU_CFG_CLEAR, events[i],
					      0, &idx);
		if (!err)
			sbi_pmu_stop(one(idx), SBI_PMU_STOP_RESET);
		sbitest_value(
			t, info[i].supported, !err,
			"event_get_info agrees on %s",
			sbi_pmu_event_text(events[i], name, sizeof(name)));
	}
	sbitest_error(t, sbi_pmu_event_get_info(t->memory_pa + 8, 1),
		      SBI_ERR_INVALID_PARAM,
		      "event_get_info, not aligned: INVALID_PARAM");
	sbitest_error(t,
		      sbi_ecall(SBI_EXT_PMU, PMU_EVENT_GET_INFO, t->memory_pa,
				0, 1, 1, 0, 0)
			      .error,
		      SBI_ERR_INVALID_PARAM,
		      "event_get_info, reserved flag: INVALID_PARAM");
}

void sbitest_pmu(struct sbitest *t)
{
	struct counters all;

	check_info(t, &all);
	/* Of two that count the same, only one may be told. */
	if (sbi_pmu_in_use()) {
		sbitest_skip(t, "somebody counts just now", "counting");
		return;
	}
	if (!all.firmware.mask) {
		sbitest_skip(t, "none of the first 64 is the firmware's",
			     "counting");
		return;
	}
	check_life(t, &all);
	for (unsigned i = 0; i < ARRAY_SIZE(sents); i++) {
		if (t->others)
			check_sent(t, &all, &sents[i]);
		else
			sbitest_skip(t, "there is no other hart", "%s",
				     sents[i].name);
	}
	check_hardware(t, &all);
	check_errors(t, &all);
	check_read_hi(t, &all);
	check_snapshot(t, &all);
	check_event_info(t, &all);
}
