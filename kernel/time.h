#pragma once
/*
 * Time. The `time` CSR ticks at the device tree's timebase-frequency; all the
 * kernel counts in nanoseconds since boot (monotonic) and keeps one offset to
 * real time. There is no periodic tick: each hart keeps its timeouts in order
 * and programs the comparator (Sstc, else SBI TIME) only when the first
 * deadline is earlier than the one armed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/rbtree.h"

#define NSEC_PER_SEC  1000000000ul
#define NSEC_PER_MSEC 1000000ul
#define NSEC_PER_USEC 1000ul

/* Nanoseconds since boot. */
uint64_t time_now(void);
/* Nanoseconds since 1970-01-01 UTC (from the RTC if there is one, else from
 * zero at boot until somebody sets it). */
uint64_t time_real(void);
void time_set_real(uint64_t ns);

/* Ticks of the `time` CSR, and both ways. */
uint64_t time_to_ticks(uint64_t ns);
uint64_t ticks_to_time(uint64_t ticks);

/* A call in the future, made from the hart's timer interrupt (so it must not
 * sleep). Set and cancelled from any hart. */
struct timeout {
	struct rb_node node;
	uint64_t deadline; /* in ticks of `time` once it is set */
	void (*fn)(struct timeout *t);
	int hart;     /* index of the hart where it was set, or -1 */
	bool pending; /* [that hart's timeout_lock] */
};

void timeout_init(struct timeout *t, void (*fn)(struct timeout *));
/* deadline: ns since boot. Fires on this hart; set again it moves. */
void timeout_set(struct timeout *t, uint64_t deadline);
/* True if it was still pending. After return fn is not running anywhere. */
bool timeout_cancel(struct timeout *t);

struct hart;
struct timespec;
/*
 * The deadline of the system call that runs: a span from now, saturated. ts is
 * valid and not negative; NULL: none. When the call is made again because a
 * stop or the like interrupted it, the span began at the first time.
 */
uint64_t deadline_after(const struct timespec *ts);
/* A point on the monotonic or real-time clock as a deadline. */
uint64_t deadline_at(const struct timespec *ts, bool realtime);

/* Busy wait, for drivers at start-up only. */
void time_delay(uint64_t ns);

/* Bring-up. use_sstc: the tree says that every hart has it. */
void time_init(uint64_t timebase_hz, bool use_sstc);
void time_init_hart(void);
/* The timeouts of a hart that has stopped fire on this one. */
void time_take_over(struct hart *from);
/* The comparator of a hart that is about to stop: for `ticks` alone. */
void time_leave_hart(uint64_t ticks);
void time_interrupt(void); /* STIP is pending */
/* Somebody else has used this hart's comparator: it is armed as it was. */
void time_rearm(void);
/* Arms this hart's comparator for `ticks` too, if that is earlier than what it
 * is armed for. An interrupt that comes too early is ignored. */
void time_arm(uint64_t ticks);
/* A hart that goes away or idles: looks whether its first deadline changed. */
bool time_uses_sstc(void);
