/*
 * HSM (SBI 3.0, chapter "Hart State Management Extension", EID 0x48534D):
 * starting, stopping and suspending harts.
 *
 * A started hart arrives in S-mode at a *physical* address with paging and
 * interrupts off, a0 = its id, a1 = the opaque word, everything else
 * undefined.
 */
#pragma once

#include "sbi/sbi.h"

enum sbi_hsm_state {
	SBI_HSM_STARTED,
	SBI_HSM_STOPPED,
	SBI_HSM_START_PENDING,
	SBI_HSM_STOP_PENDING,
	SBI_HSM_SUSPENDED,
	SBI_HSM_SUSPEND_PENDING,
	SBI_HSM_RESUME_PENDING,
};

/* Suspend types; the ranges between belong to the platform. */
#define SBI_HSM_SUSPEND_RETENTIVE     0x00000000u
#define SBI_HSM_SUSPEND_NON_RETENTIVE 0x80000000u

/*
 * Returns before the hart runs. Errors: INVALID_ADDRESS (not executable for
 * S-mode), INVALID_PARAM (no such hart), ALREADY_AVAILABLE (it runs), FAILED.
 * Success is no proof: a hart that S-mode cannot use may never arrive, so
 * wait with a limit.
 */
long sbi_hart_start(unsigned long hartid, uint64_t start_pa,
		    unsigned long opaque);

/* The calling hart, with interrupts off. Returns only on failure. */
long sbi_hart_stop(void);

/* A snapshot. Errors: INVALID_PARAM. */
long sbi_hart_status(unsigned long hartid, enum sbi_hsm_state *state);

/*
 * The calling hart, until an interrupt that sie enables is pending. A
 * retentive type returns here; another one arrives at `resume_pa` as a
 * started hart does. Errors: INVALID_PARAM, NOT_SUPPORTED, INVALID_ADDRESS,
 * FAILED.
 */
long sbi_hart_suspend(uint32_t type, uint64_t resume_pa, unsigned long opaque);

/* "started" and so on. */
const char *sbi_hsm_state_name(enum sbi_hsm_state state);
