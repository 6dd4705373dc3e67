/*
 * Harts as remote hands, for when they have no kernel to come back to: started
 * by the firmware, paging off. Each arrival takes the next record of a table
 * in memory, writes down what it found, and then makes the calls that this
 * hart asks it for, one for each IPI. A hart that stops, or sleeps and forgets,
 * arrives anew. Nothing of what the firmware hands over is trusted to find the
 * record: that is what is in doubt.
 */
#pragma once

/* Offsets into struct hand */
#define HAND_HERE    0
#define HAND_A0      8
#define HAND_A1      16
#define HAND_SATP    24
#define HAND_SSTATUS 32
#define HAND_ASKED   40
#define HAND_DONE    48
#define HAND_SIE     56
#define HAND_REG     64
#define HAND_RET     128
#define HAND_SHIFT   8
#define HAND_SLOTS   64

/* Offsets into struct sleeper */
#define SLEEPER_SATP    0
#define SLEEPER_AWAKE   8
#define SLEEPER_STVEC   16
#define SLEEPER_REG     24
#define SLEEPER_A0      136
#define SLEEPER_A1      144
#define SLEEPER_FSATP   152
#define SLEEPER_FSTATUS 160
#define SLEEPER_TP      168

#ifndef __ASSEMBLER__
#include "kernel/sbitest/sbitest.h"
#include "sbi/hsm.h"

struct hand {
	uint64_t here;          /* 1: it has arrived */
	uint64_t a0, a1;        /* as it found them, */
	uint64_t satp, sstatus; /* all four */
	uint64_t asked, done;   /* calls */
	uint64_t sie;           /* during the call */
	uint64_t reg[8];        /* a0 to a7 of the call */
	uint64_t error, value;  /* what came back */
	uint64_t pad[14];
};

/* What this hart leaves behind while the firmware has it sleep, and found. */
struct sleeper {
	uint64_t satp, awake, stvec;
	uint64_t reg[14]; /* ra, sp, s0 to s11 */
	uint64_t a0, a1, found_satp, found_sstatus;
	uint64_t tp;
};

/* hand.S. hand_entry: code, for its physical address. */
extern char hand_entry[], hand_resume[];
extern uint64_t hand_table;
extern uint32_t hand_next;
extern struct sleeper sleeper;

/*
 * The calling hart asks for sleep of this type, by call fid of extension eid,
 * to arrive at hand_resume. The error, or 1 when it is back: with sie = 0,
 * sscratch anything, and `sleeper` filled.
 */
long hand_sleep(unsigned long eid, unsigned long fid, unsigned long type,
		unsigned long opaque, uint64_t resume_pa);

/* The table is empty again. No other hart may be in it. */
void hand_reset(struct sbitest *t);
/* The n-th arrival since then; NULL after SBITEST_PATIENCE. */
struct hand *hand_arrival(struct sbitest *t, unsigned n);
/* How many there have been. */
unsigned hand_arrivals(void);

/* A call of the hart, which begins at once. */
void hand_order(struct hand *h, unsigned long hartid, unsigned long eid,
		unsigned long fid, unsigned long a0, unsigned long a1,
		unsigned long a2);
/* Has it come back? Waits for at most SBITEST_PATIENCE. */
bool hand_wait(struct hand *h);

/* hsm_alone.c: the other harts stop, for good as far as the kernel goes. */
void sbitest_stop_others(struct sbitest *t);

/* One of them starts as a hand, and stops: what HSM and SUSP share. */
bool hand_is(unsigned long hartid, enum sbi_hsm_state state);
struct hand *hand_start(struct sbitest *t, unsigned long hartid,
			unsigned long opaque, long *err, bool *straight);
bool hand_stop(struct hand *h, unsigned long hartid);
#endif
