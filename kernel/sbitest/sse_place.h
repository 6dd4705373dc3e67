/*
 * Handlers of software events (SSE): what sse_entry.S needs to know of
 * struct sse_place. Such a handler starts without a stack, with a6 = the hart
 * and a7 = what was registered: here the address of its place.
 */
#pragma once

#define PLACE_X(n)   ((n)*8)
#define PLACE_STACK  0 /* the slot of x0 */
#define PLACE_THREAD (32 * 8)
#define PLACE_FN     (33 * 8)
#define PLACE_SIZE   2048

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sbi/sse.h"

struct thread;

/*
 * One event on one hart: what was interrupted, the stack for the handler, and
 * what it is to do. In memory that the firmware can be handed.
 */
struct sse_place {
	uint64_t x[32];        /* saved registers; x[0]: top of the stack */
	struct thread *thread; /* for tp: any that is this hart's */
	void (*fn)(struct sse_place *place, unsigned long hartid);
	uint32_t event;
	uint32_t count;       /* how often it has run; last of all */
	unsigned long hartid; /* that it ran on, as the firmware says */
	struct sse_place *other;
	char name;
	uint64_t words[SBI_SSE_ATTRS + 2]; /* for attributes */
	uint64_t stack[];
};

_Static_assert(offsetof(struct sse_place, thread) == PLACE_THREAD, "");
_Static_assert(offsetof(struct sse_place, fn) == PLACE_FN, "");

/* The entry that is registered. */
extern char sse_entry[];
/*
 * Injects, and stays with a6 and a7 as they were at the call until *count is
 * not `before` any more or `ticks` have passed. The call's error.
 */
long sse_provoke(uint32_t event, unsigned long hartid, const uint32_t *count,
		 uint32_t before, uint64_t ticks);
/*
 * Makes a trap while sstatus.SDT says that one is being handled. The event's
 * handler must set sepc four bytes on.
 */
void sse_double_trap(void);

/* ---- sse.c ---- */

/* Those of the specification; each has the place of its index. */
#define SSE_EVENTS 8
extern const uint32_t sse_events[SSE_EVENTS];

struct sbitest;

struct sse_place *sse_place_at(struct sbitest *t, unsigned i);
/* For an event of this hart: empty, with the i-th letter as its name. */
void sse_place_init(struct sbitest *t, unsigned i, uint32_t event,
		    void (*fn)(struct sse_place *, unsigned long));

/*
 * An attribute of the place's event, through the place's words; so not while
 * its handler may be doing the same. SBI errors.
 */
long sse_get(struct sse_place *p, uint32_t attr, uint64_t *value);
long sse_set(struct sse_place *p, uint32_t attr, uint64_t value);
/* The value, or SSE_NOTHING when it cannot be read. */
#define SSE_NOTHING 0x5eed5eed5eed5eedul
uint64_t sse_attr(struct sse_place *p, uint32_t attr);
enum sbi_sse_state sse_state(struct sse_place *p);

long sse_register_place(struct sse_place *p);
/* Whatever state it is in, to the unused one. */
void sse_take_back(struct sse_place *p);

/* ---- sse_event.c ---- */

/* The i-th event, which can be injected, on this hart. */
void sse_test_software(struct sbitest *t, unsigned i);
/* Two at a time; there[i]: the machine has it. */
void sse_test_priorities(struct sbitest *t, const bool *there);
void sse_test_harts(struct sbitest *t);
#endif
