/*
 * DBTR (SBI 3.0, chapter "Debug Triggers Extension", EID 0x44425452): the
 * hart's breakpoints and watchpoints (Sdtrig), whose registers are M-mode's.
 * A hit is an ordinary breakpoint trap (scause 3).
 *
 * A trigger is an index from 0 on. All of this concerns the calling hart, and
 * goes through memory that it shares with the firmware: one record for each
 * trigger, from the start of it.
 *
 * Only from specification 3.0 on; sbi_probe() says no before.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * tdata1 to tdata3 as Sdtrig has them, with `dmode` and `m` 0. `state` is
 * what read gives; install and update have the index there instead.
 */
struct sbi_dbtr_trigger {
	unsigned long state;
	unsigned long tdata1;
	unsigned long tdata2;
	unsigned long tdata3;
};

#define SBI_DBTR_MAPPED    (1UL << 0) /* a trigger of the hart serves it */
#define SBI_DBTR_U         (1UL << 1) /* the modes that it is set for */
#define SBI_DBTR_S         (1UL << 2)
#define SBI_DBTR_VU        (1UL << 3)
#define SBI_DBTR_VS        (1UL << 4)
#define SBI_DBTR_HAVE_HW   (1UL << 5) /* the next line holds */
#define SBI_DBTR_HW(state) ((state) >> 8)

/* Triggers as base + bits, as harts are in a hart mask. */
struct sbi_dbtr_triggers {
	unsigned long base;
	unsigned long mask;
};

/* How many there are that can do this; all of them for 0. Cannot fail. */
unsigned long sbi_dbtr_num_triggers(unsigned long tdata1);
/*
 * Memory for that many records, 8-byte aligned; SBI_SHMEM_OFF takes it back.
 * Errors: INVALID_PARAM, INVALID_ADDRESS, FAILED.
 */
long sbi_dbtr_set_shmem(uint64_t pa);
/* Into the first `n` records. Errors: NO_SHMEM, BAD_RANGE. */
long sbi_dbtr_read(unsigned long first, unsigned long n);
/*
 * The first `n` records, in order; install writes the index that each got.
 * On an error `*done` says how many were done before the one that failed, if
 * it is given. Errors: NO_SHMEM, BAD_RANGE, INVALID_PARAM, FAILED (no trigger
 * is free; none has this index), NOT_SUPPORTED (the hart's cannot do this).
 */
long sbi_dbtr_install(unsigned long n, unsigned long *done);
long sbi_dbtr_update(unsigned long n, unsigned long *done);
/* Errors: INVALID_PARAM (one of them is not installed). */
long sbi_dbtr_uninstall(struct sbi_dbtr_triggers triggers);
long sbi_dbtr_enable(struct sbi_dbtr_triggers triggers);
long sbi_dbtr_disable(struct sbi_dbtr_triggers triggers);
