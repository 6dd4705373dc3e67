/*
 * Every extension and every call of the SBI, as a table: for who lists what
 * the firmware has, counts calls, or shows them by name.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * X(SBI_EXT_ name, name as the specification writes it, major and minor of the
 * specification that brought it, what it is for), in the specification's order
 */
#define SBI_EXTENSIONS(X)                                                      \
	X(LEGACY_SET_TIMER, "legacy set_timer", 0, 1, "timer")                 \
	X(LEGACY_PUTCHAR, "legacy console_putchar", 0, 1, "console")           \
	X(LEGACY_GETCHAR, "legacy console_getchar", 0, 1, "console")           \
	X(LEGACY_CLEAR_IPI, "legacy clear_ipi", 0, 1, "IPI taken back")        \
	X(LEGACY_SEND_IPI, "legacy send_ipi", 0, 1, "IPI")                     \
	X(LEGACY_FENCE_I, "legacy remote_fence_i", 0, 1, "remote fence")       \
	X(LEGACY_SFENCE_VMA, "legacy remote_sfence_vma", 0, 1, "remote fence") \
	X(LEGACY_SFENCE_VMA_ASID, "legacy remote_sfence_vma_asid", 0, 1,       \
	  "remote fence")                                                      \
	X(LEGACY_SHUTDOWN, "legacy shutdown", 0, 1, "power off")               \
	X(BASE, "BASE", 0, 2, "who the firmware is, what it has")              \
	X(TIME, "TIME", 0, 2, "timer of a hart")                               \
	X(IPI, "IPI", 0, 2, "software interrupt to other harts")               \
	X(RFENCE, "RFENCE", 0, 2, "fences on other harts")                     \
	X(HSM, "HSM", 0, 2, "harts start, stop, suspend")                      \
	X(SRST, "SRST", 0, 3, "power off, restart")                            \
	X(PMU, "PMU", 0, 3, "performance counters")                            \
	X(DBCN, "DBCN", 2, 0, "console of the firmware")                       \
	X(SUSP, "SUSP", 2, 0, "suspend the machine")                           \
	X(CPPC, "CPPC", 2, 0, "speed of a hart")                               \
	X(NACL, "NACL", 2, 0, "hypervisors within hypervisors")                \
	X(STA, "STA", 2, 0, "time that a hypervisor took")                     \
	X(SSE, "SSE", 3, 0, "events that interrupts off do not keep out")      \
	X(FWFT, "FWFT", 3, 0, "switches in firmware and hart")                 \
	X(DBTR, "DBTR", 3, 0, "breakpoints and watchpoints")                   \
	X(MPXY, "MPXY", 3, 0, "messages to other processors")

struct sbi_extension {
	uint32_t eid;
	uint32_t since; /* as sbi_base_spec_version() has it */
	const char *name;
	const char *purpose;
};

/* The i-th extension, or NULL behind the last. */
const struct sbi_extension *sbi_extension_get(size_t i);

/*
 * A call. Each argument stands in `args` as "name:kind", with a space between
 * two; behind them, where the call has a result, " = kind". The kinds:
 *	m	mask		b	base of a mask
 *	h	hart		a	physical address
 *	v	address		t	time
 *	e	event, feature, register, channel or the like
 *	f	flags		n	number
 *	x	any word
 * "= !n" is the result of an old call that stands where the error is today.
 */
struct sbi_function {
	uint32_t eid;
	uint32_t fid;
	const char *name; /* the specification's, less "sbi_" */
	const char *args;
};

/* The i-th call, or NULL behind the last. */
const struct sbi_function *sbi_function_get(size_t i);
/* Which one this is; -1 for a number that the specification does not know. */
int sbi_function_index(uint32_t eid, uint32_t fid);

/* What has a result of its own, by the kind in `args`; '\0' without one. */
char sbi_function_result(const struct sbi_function *function);

/*
 * "hart_start(hartid=2, start_addr=0x80200000, opaque=0x0) = SUCCESS", with
 * the result behind it where the call has one. All ones is shown as -1. What
 * is in no table is shown by number. `buf` of SBI_CALL_TEXT always suffices.
 * Returns the length.
 */
#define SBI_CALL_TEXT 256
size_t sbi_call_text(const struct sbi_call *call, char *buf, size_t size);
