/*
 * CPPC (SBI 3.0, chapter "CPPC Extension", EID 0x43505043): the registers by
 * which a hart and what manages its power agree on a speed. They are those of
 * ACPI 6.5, 8.4.6.1. Performance is on a scale of the machine's own, from
 * LOWEST to HIGHEST; it runs at NOMINAL for as long as one likes.
 *
 * All calls concern the calling hart.
 */
#pragma once

#include "sbi/sbi.h"

enum sbi_cppc_register {
	SBI_CPPC_HIGHEST_PERF,
	SBI_CPPC_NOMINAL_PERF,
	SBI_CPPC_LOWEST_NONLINEAR_PERF, /* below it nothing more is saved */
	SBI_CPPC_LOWEST_PERF,
	SBI_CPPC_GUARANTEED_PERF,
	SBI_CPPC_DESIRED_PERF, /* from here to TIME_WINDOW: written */
	SBI_CPPC_MIN_PERF,
	SBI_CPPC_MAX_PERF,
	SBI_CPPC_PERF_REDUCTION_TOLERANCE,
	SBI_CPPC_TIME_WINDOW,
	SBI_CPPC_COUNTER_WRAPAROUND, /* seconds */
	SBI_CPPC_REFERENCE_COUNTER,  /* counts at REFERENCE_PERF */
	SBI_CPPC_DELIVERED_COUNTER,  /* counts at the speed that there is */
	SBI_CPPC_PERF_LIMITED, /* from here to ENERGY_PREFERENCE: written */
	SBI_CPPC_ENABLE,
	SBI_CPPC_AUTONOMOUS_ENABLE,
	SBI_CPPC_AUTONOMOUS_WINDOW,
	SBI_CPPC_ENERGY_PREFERENCE,
	SBI_CPPC_REFERENCE_PERF,
	SBI_CPPC_LOWEST_MHZ,
	SBI_CPPC_NOMINAL_MHZ,
	SBI_CPPC_REGISTERS, /* how many of these there are */
};

/* The SBI's own: nanoseconds that a change of speed takes at most. */
#define SBI_CPPC_TRANSITION_LATENCY 0x80000000u

/*
 * Width in bits, 32 or 64; 0 where the machine does not have the register.
 * Errors: INVALID_PARAM (reserved register), FAILED.
 */
long sbi_cppc_probe(uint32_t reg, unsigned int *width);
/*
 * The second reads the upper half on a 32-bit hart and gives 0 here. Errors:
 * INVALID_PARAM, NOT_SUPPORTED, DENIED (only written), FAILED.
 */
long sbi_cppc_read(uint32_t reg, uint64_t *value);
long sbi_cppc_read_hi(uint32_t reg, uint64_t *value);
/* Errors: INVALID_PARAM, NOT_SUPPORTED, DENIED (only read), FAILED. */
long sbi_cppc_write(uint32_t reg, uint64_t value);

/* "nominal performance" and so on; NULL for a reserved one. */
const char *sbi_cppc_register_name(uint32_t reg);
