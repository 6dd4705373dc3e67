/*
 * SUSP (SBI 3.0, chapter "System Suspend Extension", EID 0x53555350): the
 * whole machine sleeps, its memory kept.
 */
#pragma once

#include "sbi/sbi.h"

/* Sleep types; from 0x80000000 on they are the platform's */
#define SBI_SUSP_TO_RAM 0u

/*
 * Every other hart must be stopped (HSM). What wakes the machine is for the
 * caller to arrange; the device tree says what can. On success the hart
 * arrives at the *physical* `resume_pa` as a started one does: paging and
 * interrupts off, a0 = its id, a1 = `opaque`, everything else lost. A return
 * is an error: INVALID_PARAM (type), NOT_SUPPORTED, INVALID_ADDRESS, DENIED
 * (a hart still runs), FAILED.
 */
long sbi_system_suspend(uint32_t type, uint64_t resume_pa,
			unsigned long opaque);
