#pragma once
/*
 * Does the firmware do what the SBI specification says? Each extension has a
 * group of checks, in a file of its own; a group is a row of the table in
 * sbitest.c. README.md says how they are run and what the lines mean.
 *
 * A group is called on one hart, with interrupts off as everywhere in the
 * kernel. It must not sleep, and each wait in it has a limit. It may change
 * sie, stvec, sscratch, sstatus.SUM and the timer: they are put back behind it.
 * What else it changes in the firmware (masks, features, events, triggers,
 * counters, shared memory) it puts back itself. No check may make a call that
 * some firmware answers by hanging: see sbi/README.md, "What firmware makes of
 * it".
 */
#include "kernel/memlayout.h"
#include "kernel/time.h"
#include "sbi/sbi.h"

struct hart;
struct sbitest;

struct sbitest_group {
	const char *name; /* the extension, as calls.h has it; or "legacy" */
	uint32_t eid;
	void (*run)(struct sbitest *t);
	bool alone; /* stops the other harts: only as the system's last act */
};

#define SBITEST_PAGES 4
/* Whatever has not happened by then does not. */
#define SBITEST_PATIENCE (2 * NSEC_PER_SEC)

/* One run. */
struct sbitest {
	/* For groups: memory to hand to the firmware, SBITEST_PAGES of it,
	 * zero when the group begins, aligned to its size. */
	char *memory;
	paddr_t memory_pa;
	unsigned others; /* harts that sbitest_on() can be asked for */
	bool alone;      /* the boot mode */
	/* Two pages, the second of them at 4 GiB; 0: there are none. */
	paddr_t edge_pa;
	/* Set by a group that could not take the memory back from the firmware:
	 * nobody else gets it then. */
	bool keep;

	/* sbitest.c's own */
	const struct sbitest_group *group;
	unsigned passed, failed, skipped, known;
	struct helper *helper;
	bool leave;
	bool lost; /* lines for which there was no room */
	char *text;
	size_t len;
};

/*
 * A line each. The text names what is expected ("set_timer(-1) gives 0") and
 * is the same in each run: tests and the table of known faults go by it. At
 * most 80 bytes. These return whether the check has passed.
 */
bool sbitest_check(struct sbitest *t, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Two SBI errors; the line of a failure names both. */
bool sbitest_error(struct sbitest *t, long got, long wanted, const char *fmt,
		   ...) __attribute__((format(printf, 4, 5)));
/* Two words; the line of a failure has both, in hex. */
bool sbitest_value(struct sbitest *t, uint64_t got, uint64_t wanted,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A check that cannot be made, and why. */
void sbitest_skip(struct sbitest *t, const char *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The i-th of the other harts calls fn(arg), with interrupts off: it must not
 * sleep, and be done within SBITEST_PATIENCE or little more. sbitest_wait waits
 * for that, several times as long, and says false when the hart is lost. Only
 * while t->others is not 0.
 */
void sbitest_on(struct sbitest *t, unsigned i, void (*fn)(void *), void *arg);
bool sbitest_wait(struct sbitest *t, unsigned i);
struct hart *sbitest_hart(const struct sbitest *t, unsigned i);
static inline bool sbitest_call(struct sbitest *t, unsigned i,
				void (*fn)(void *), void *arg)
{
	sbitest_on(t, i, fn, arg);
	return sbitest_wait(t, i);
}

/*
 * A word that names no hart that the device tree knows, usable or not: above
 * all of them by less than 64.
 */
unsigned long sbitest_no_hart(void);
/* An address in the firmware's own memory, 0 if the tree does not tell. */
paddr_t sbitest_firmware(void);

/*
 * Waits until the condition holds, at most for `ns`, and is its value. The
 * clock is looked at first: whoever was not let run for long still sees it.
 */
#define SBITEST_UNTIL(condition, ns)                                           \
	({                                                                     \
		uint64_t until_ = rdtime() + time_to_ticks(ns);                \
		bool late_, is_;                                               \
		do {                                                           \
			late_ = rdtime() >= until_;                            \
			is_ = (condition);                                     \
			cpu_relax();                                           \
		} while (!is_ && !late_);                                      \
		is_;                                                           \
	})

/*
 * Between catch and release this hart's traps are written down here (trap.S),
 * in the place of a panic. An interrupt comes back with interrupts off; an
 * exception behind the instruction that made it, and one of a fetch to where
 * `ra` points. To take interrupts: set the bits of sie that are wanted and no
 * other, then sstatus.SIE. One for each hart that does this.
 */
struct sbitest_trap {
	uint64_t count, cause, epc, tval; /* of the last one */
	uint64_t sip;                     /* as it was then */
	uint64_t scratch[3];
	uint64_t stvec;
};

void sbitest_catch(struct sbitest_trap *trap);
void sbitest_release(struct sbitest_trap *trap);

/* registers.S: the call, and the registers that it has not kept: bit n, xn. */
unsigned long sbitest_registers(unsigned long eid, unsigned long fid,
				unsigned long arg0, unsigned long arg1);

/* edge.c: the pages of edge_pa, or 0. May sleep. */
paddr_t sbitest_edge_get(void);
void sbitest_edge_put(void);

/* What is wrong, when this is a known fault of the firmware that runs. */
const char *sbitest_known(const char *group, const char *check);

/* The groups. */
void sbitest_base(struct sbitest *t);
void sbitest_time(struct sbitest *t);
void sbitest_ipi(struct sbitest *t);
void sbitest_rfence(struct sbitest *t);
void sbitest_hsm(struct sbitest *t);
void sbitest_srst(struct sbitest *t);
void sbitest_pmu(struct sbitest *t);
void sbitest_dbcn(struct sbitest *t);
void sbitest_legacy(struct sbitest *t);
void sbitest_hsm_alone(struct sbitest *t);
void sbitest_susp(struct sbitest *t);
void sbitest_srst_alone(struct sbitest *t);
void sbitest_cppc(struct sbitest *t);
void sbitest_nacl(struct sbitest *t);
void sbitest_sta(struct sbitest *t);
void sbitest_sse(struct sbitest *t);
void sbitest_sse_alone(struct sbitest *t);
void sbitest_fwft(struct sbitest *t);
void sbitest_fwft_alone(struct sbitest *t);
void sbitest_dbtr(struct sbitest *t);
void sbitest_mpxy(struct sbitest *t);

/* /proc/sbi/test, once /proc takes rows. */
void sbitest_init(void);
/* All there is, on the console; then the machine is off. "sbitest". */
void sbitest_boot(void) __attribute__((noreturn));
