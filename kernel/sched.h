#pragma once
/*
 * The scheduler: each hart has a run queue, first come first served with time
 * slices; an idle hart steals from the longest queue and then waits in wfi; a
 * wake-up of an idle hart is one IPI. A slice is armed only when somebody
 * waits to run. A thread is moved between harts only while it is queued.
 */
#include <stdbool.h>

struct thread;

/* Gives the hart away. The thread's state says what becomes of it. */
void schedule(void);
/* To the end of the queue. */
void sched_yield_now(void);
/* Makes a new thread runnable for the first time. */
void sched_start(struct thread *t);
/* Ends a sleep, if it sleeps (in mode `WAIT_INTERRUPTIBLE` only, if
 * interruptible_only). True if it did. Any context. */
bool thread_wake(struct thread *t);
bool thread_wake_for_signal(struct thread *t, bool fatal);
/* In loops that may be long: takes pending interrupts, and lets others run.
 * No spinlock held. */
void resched_point(void);
/* The idle loop; never returns. */
void sched_idle(void) __attribute__((noreturn));
void sched_init(void);
