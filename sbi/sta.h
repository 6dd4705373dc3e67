/*
 * STA (SBI 3.0, chapter "Steal-time Accounting Extension", EID 0x535441): how
 * long this hart was ready to run while a hypervisor ran something else in
 * its place. Firmware on a machine of its own does not have it.
 */
#pragma once

#include "sbi/sbi.h"

/* What the hypervisor keeps up to date, for one hart. */
struct sbi_sta {
	uint32_t sequence; /* odd while it is being written */
	uint32_t flags;    /* 0 */
	uint64_t steal;    /* nanoseconds */
	uint8_t preempted; /* not 0: the hart does not run at the moment */
	uint8_t pad[47];
} __attribute__((aligned(64)));

/*
 * Where the calling hart's record lies: 64-byte aligned, zeroed by the call;
 * SBI_SHMEM_OFF ends it. Errors: INVALID_PARAM, INVALID_ADDRESS, FAILED.
 */
long sbi_sta_set_shmem(uint64_t pa);

/* False while the record is being written: ask again. */
bool sbi_sta_steal(const struct sbi_sta *sta, uint64_t *ns);
