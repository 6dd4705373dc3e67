/*
 * /proc/sbi/pmu and /proc/sbi/events: the performance counters, as far as
 * they are counters; there is no sampling.
 *
 * "on 1 2 f0005" begins to count these events (numbers in hex, as in `events`)
 * on every hart; reading gives a line for each event and hart, event, hart and
 * the count so far, or the error's name; "off" lets go of the counters. One
 * user at a time: "on" is -EBUSY for a second. A hart that comes later, or
 * comes back, does not count.
 *
 * This hart begins last and is read first: the interrupts that ask the others
 * are not counted as sent, though as received.
 *
 * Cycles and instructions are the counters of the ISA that never stop. They
 * are never the firmware's to give: to let go of one would stop it, and
 * programs read them. Other counters are read by the CSR that the firmware
 * names for them and by no other: some firmware does not survive that.
 */
#include "fs/procfs.h"
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/riscv.h"
#include "kernel/sbi_info.h"
#include "sbi/pmu.h"

#define EVENTS_MAX  32
#define CSR_CYCLE   0xc00
#define CSR_INSTRET 0xc02

#define EVENT_CYCLES SBI_PMU_EVENT(SBI_PMU_TYPE_HW, SBI_PMU_HW_CYCLES)
#define EVENT_INSTRUCTIONS                                                     \
	SBI_PMU_EVENT(SBI_PMU_TYPE_HW, SBI_PMU_HW_INSTRUCTIONS)

struct tally {
	long err; /* 1: nobody has begun */
	unsigned long index;
	struct sbi_pmu_counter counter;
	bool taken; /* from the firmware */
	uint64_t first, now;
};

/* [sbi_files_lock]; other harts look while they are asked to */
static unsigned long events[EVENTS_MAX];
static unsigned n_events;
static struct tally *tallies; /* [nharts][n_events]; NULL: off */

static struct tally *mine(void)
{
	return tallies + (unsigned)this_hart()->index * n_events;
}

static uint64_t read_csr(unsigned csr)
{
#define ONE(n)                                                                 \
	case n:                                                                \
		return csr_read(n)
#define FOUR(n)                                                                \
	ONE(n);                                                                \
	ONE(n + 1);                                                            \
	ONE(n + 2);                                                            \
	ONE(n + 3)
	switch (csr) {
		FOUR(0xc00);
		FOUR(0xc04);
		FOUR(0xc08);
		FOUR(0xc0c);
		FOUR(0xc10);
		FOUR(0xc14);
		FOUR(0xc18);
		FOUR(0xc1c);
	}
	return 0;
}

static long read_counter(const struct tally *t, uint64_t *value)
{
	if (t->counter.firmware)
		return sbi_pmu_fw_read(t->index, value);
	*value = read_csr(t->counter.csr);
	return 0;
}

static long find_csr(unsigned csr, struct tally *t)
{
	unsigned long n = sbi_pmu_num_counters();

	for (t->index = 0; t->index < n; t->index++)
		if (!sbi_pmu_counter_get_info(t->index, &t->counter) &&
		    !t->counter.firmware && t->counter.csr == csr)
			return 0;
	return SBI_ERR_NOT_SUPPORTED;
}

static long get_counter(unsigned long event, struct tally *t)
{
	unsigned long n = sbi_pmu_num_counters();
	struct sbi_pmu_counters all = { 0, n < 64 ? BIT(n) - 1 : ~0ul };
	long err;

	t->taken = false;
	if (event == EVENT_CYCLES)
		return find_csr(CSR_CYCLE, t);
	if (event == EVENT_INSTRUCTIONS)
		return find_csr(CSR_INSTRET, t);
	err = sbi_pmu_config_matching(all, SBI_PMU_CFG_CLEAR, event, 0,
				      &t->index);
	t->taken = !err;
	return err ? err : sbi_pmu_counter_get_info(t->index, &t->counter);
}

static void let_go(struct tally *t)
{
	struct sbi_pmu_counters one = { t->index, 1 };

	if (t->taken)
		sbi_pmu_stop(one, SBI_PMU_STOP_RESET);
	t->taken = false;
}

static void begin(void *arg)
{
	struct tally *t = mine();

	for (unsigned i = 0; i < n_events; i++, t++) {
		struct sbi_pmu_counters one;

		t->err = get_counter(events[i], t);
		one = (struct sbi_pmu_counters){ t->index, 1 };
		if (!t->err && t->taken)
			t->err = sbi_pmu_start(one, SBI_PMU_START_SET_VALUE, 0);
		if (!t->err)
			t->err = read_counter(t, &t->first);
		t->now = t->first;
	}
}

static void look(void *arg)
{
	struct tally *t = mine();

	for (unsigned i = 0; i < n_events; i++, t++)
		if (!t->err)
			t->err = read_counter(t, &t->now);
}

static void end(void *arg)
{
	struct tally *t = mine();

	for (unsigned i = 0; i < n_events; i++)
		let_go(&t[i]);
}

bool sbi_pmu_in_use(void)
{
	return READ_ONCE(tallies);
}

/* "1 2 f0005": how many, or -EINVAL. */
static int parse(const char *text, unsigned long *out)
{
	unsigned n = 0;

	while (*text) {
		unsigned long v = 0;
		unsigned digits = 0;

		for (; *text && *text != ' '; text++, digits++) {
			if (*text >= '0' && *text <= '9')
				v = v << 4 | (unsigned long)(*text - '0');
			else if (*text >= 'a' && *text <= 'f')
				v = v << 4 | (unsigned long)(*text - 'a' + 10);
			else
				return -EINVAL;
		}
		if (!digits || digits > 5 || n == EVENTS_MAX)
			return -EINVAL;
		out[n++] = v;
		if (*text)
			text++;
	}
	return n ? (int)n : -EINVAL;
}

static int switch_on(const char *text)
{
	unsigned long wanted[EVENTS_MAX];
	int n = parse(text, wanted);
	unsigned i;

	if (n < 0)
		return n;
	if (!sbi_probe(SBI_EXT_PMU))
		return -EOPNOTSUPP;
	if (tallies)
		return -EBUSY;
	tallies = kzalloc(nharts * (unsigned)n * sizeof(*tallies), GFP_KERNEL);
	if (!tallies)
		return -ENOMEM;
	for (n_events = 0; n_events < (unsigned)n; n_events++)
		events[n_events] = wanted[n_events];
	for (i = 0; i < nharts * n_events; i++)
		tallies[i].err = 1;
	sbi_on_each_hart(begin, NULL);
	return 0;
}

int sbi_write_pmu(char *text)
{
	int err = 0;

	mutex_lock(&sbi_files_lock);
	if (!strncmp(text, "on ", 3)) {
		err = switch_on(text + 3);
	} else if (strcmp(text, "off")) {
		err = -EINVAL;
	} else if (tallies) {
		sbi_on_each_hart(end, NULL);
		kfree(tallies);
		tallies = NULL;
	}
	mutex_unlock(&sbi_files_lock);
	return err;
}

static void show_tally(struct proc_text *t, unsigned long event,
		       const struct tally *c, uint64_t hartid)
{
	uint64_t count = c->now - c->first;

	if (c->err > 0)
		return;
	proc_printf(t, "%lx\t%lu\t", event, hartid);
	if (c->err) {
		proc_printf(t, "%s\n", sbi_error_name(c->err));
		return;
	}
	if (!c->counter.firmware && c->counter.width < 64)
		count &= BIT(c->counter.width) - 1;
	proc_printf(t, "%lu\n", count);
}

int sbi_show_pmu(struct proc_text *t)
{
	struct hart *here;

	mutex_lock(&sbi_files_lock);
	here = this_hart();
	if (tallies) {
		look(NULL);
		smp_call_others(look, NULL);
		if (this_hart() != here) /* it waited, and was moved */
			look(NULL);
	}
	for (unsigned e = 0; tallies && e < n_events; e++)
		for (unsigned i = 0; i < nharts; i++)
			show_tally(t, events[e], &tallies[i * n_events + e],
				   harts[i].hartid);
	mutex_unlock(&sbi_files_lock);
	return 0;
}

static void show_event(struct proc_text *t, unsigned long event)
{
	struct tally c = { .taken = false };
	long err = get_counter(event, &c);
	char text[48];

	let_go(&c);
	proc_printf(t, "%lx\t%s\t%s\n", event,
		    sbi_pmu_event_text(event, text, sizeof(text)),
		    err ? sbi_error_name(err) : "yes");
}

/* Each is tried on this hart, while nobody counts. */
int sbi_show_events(struct proc_text *t)
{
	int err = 0;

	mutex_lock(&sbi_files_lock);
	if (tallies)
		err = -EBUSY;
	if (err || !sbi_probe(SBI_EXT_PMU))
		goto unlock;
	for (unsigned e = SBI_PMU_HW_CYCLES; e < SBI_PMU_HW_EVENTS; e++)
		show_event(t, SBI_PMU_EVENT(SBI_PMU_TYPE_HW, e));
	for (unsigned c = 0; c < SBI_PMU_CACHES; c++)
		for (unsigned op = 0; op < 2 * SBI_PMU_CACHE_OPS; op++)
			show_event(t, SBI_PMU_CACHE_EVENT(c, op >> 1, op & 1));
	for (unsigned e = 0; e < SBI_PMU_FW_EVENTS; e++)
		show_event(t, SBI_PMU_EVENT(SBI_PMU_TYPE_FW, e));
unlock:
	mutex_unlock(&sbi_files_lock);
	return err;
}
