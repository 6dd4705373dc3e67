/*
 * SSE (SBI 3.0, chapter "Supervisor Software Events Extension", EID
 * 0x535345): the firmware calls a function of the kernel, and interrupts off
 * do not keep it out. Made for failing memory, double traps, and a profiler
 * that sees into critical sections.
 *
 * A local event is each hart's own; a global one is registered once and taken
 * by any hart. An event is UNUSED, REGISTERED (it has a handler), ENABLED, or
 * RUNNING. Harts begin masked: sbi_sse_hart_unmask() lets events in.
 *
 * The handler starts in S-mode with a6 = hart, a7 = the argument, interrupts
 * off, sepc and sstatus.SPP and SPIE those of what was interrupted, and satp
 * and *all other registers as they were*: it has no stack until it takes one.
 * It ends with sbi_sse_complete() and by no other way.
 *
 * Only from specification 3.0 on: 1.5.1 of OpenSBI has a6 and a7 the other way
 * round and no mask, 1.6 has the errors of the masks exchanged. sbi_probe()
 * says no there.
 */
#pragma once

#include "sbi/sbi.h"

/* Events: bit 15 says global, bit 14 the platform's own */
#define SBI_SSE_LOCAL_RAS_HIGH   0x00000000u
#define SBI_SSE_LOCAL_DOUBLE     0x00000001u /* a trap within a trap: FWFT */
#define SBI_SSE_GLOBAL_RAS_HIGH  0x00008000u
#define SBI_SSE_LOCAL_PMU        0x00010000u /* a counter overflowed */
#define SBI_SSE_LOCAL_RAS_LOW    0x00100000u
#define SBI_SSE_GLOBAL_RAS_LOW   0x00108000u
#define SBI_SSE_LOCAL_SOFTWARE   0xffff0000u /* injected by the kernel */
#define SBI_SSE_GLOBAL_SOFTWARE  0xffff8000u
#define SBI_SSE_IS_GLOBAL(event) ((event) >> 15 & 1)

enum sbi_sse_attr {
	SBI_SSE_STATUS,         /* read only: see below */
	SBI_SSE_PRIORITY,       /* the lower one wins, then the lower event */
	SBI_SSE_CONFIG,         /* bit 0: one shot, disabled when complete */
	SBI_SSE_PREFERRED_HART, /* written for global events only */
	SBI_SSE_ENTRY_PC,       /* read only, this and the next */
	SBI_SSE_ENTRY_ARG,
	SBI_SSE_INTERRUPTED_SEPC, /* from here on: written while it runs */
	SBI_SSE_INTERRUPTED_FLAGS,
	SBI_SSE_INTERRUPTED_A6,
	SBI_SSE_INTERRUPTED_A7,
	SBI_SSE_ATTRS, /* how many there are */
};

enum sbi_sse_state {
	SBI_SSE_UNUSED,
	SBI_SSE_REGISTERED,
	SBI_SSE_ENABLED,
	SBI_SSE_RUNNING,
};

/* SBI_SSE_STATUS; older firmware leaves rubbish in the other bits */
#define SBI_SSE_STATE(status)      ((enum sbi_sse_state)((status)&3))
#define SBI_SSE_PENDING(status)    ((status) >> 2 & 1)
#define SBI_SSE_CAN_INJECT(status) ((status) >> 3 & 1)

/* SBI_SSE_INTERRUPTED_FLAGS: bits of the interrupted state */
#define SBI_SSE_SPP   (1UL << 0)
#define SBI_SSE_SPIE  (1UL << 1)
#define SBI_SSE_SPV   (1UL << 2)
#define SBI_SSE_SPVP  (1UL << 3)
#define SBI_SSE_SPELP (1UL << 4)
#define SBI_SSE_SDT   (1UL << 5)

/*
 * `n` attributes from `first` on, from and to n words at `pa`, 8-byte aligned.
 * The specification puts attribute i at word i, OpenSBI at word i - first: ask
 * from 0 on, and both mean the same. Errors: NOT_SUPPORTED (no such event
 * here), INVALID_PARAM, BAD_RANGE (no such attribute), INVALID_ADDRESS, FAILED;
 * of the second also DENIED (read only) and INVALID_STATE.
 */
long sbi_sse_read_attrs(uint32_t event, uint32_t first, uint32_t n,
			uint64_t pa);
long sbi_sse_write_attrs(uint32_t event, uint32_t first, uint32_t n,
			 uint64_t pa);

/*
 * The four steps. `pc` is a *virtual* address, as satp is not touched, and
 * even. Errors: NOT_SUPPORTED, INVALID_PARAM, INVALID_STATE.
 */
long sbi_sse_register(uint32_t event, unsigned long pc, unsigned long arg);
long sbi_sse_enable(uint32_t event);
long sbi_sse_disable(uint32_t event);
long sbi_sse_unregister(uint32_t event);

/*
 * Back to what was interrupted. Returns 0 when no event was running, and
 * else to elsewhere.
 */
long sbi_sse_complete(void);

/*
 * `hartid` means nothing for a global event. Errors: NOT_SUPPORTED,
 * INVALID_PARAM (event, hart), FAILED.
 */
long sbi_sse_inject(uint32_t event, unsigned long hartid);

/* The calling hart. Errors: ALREADY_STARTED, FAILED. */
long sbi_sse_hart_unmask(void);
/* Errors: ALREADY_STOPPED, FAILED. */
long sbi_sse_hart_mask(void);

/* "local software" and so on; NULL for what is reserved or a platform's. */
const char *sbi_sse_event_name(uint32_t event);
