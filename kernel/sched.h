#pragma once
/*
 * The scheduler: each hart has a run queue, first come first served with time
 * slices, longer or shorter ones by niceness; an idle hart steals from the
 * longest queue and then waits in wfi; a wake-up of an idle hart is one IPI. A
 * slice is armed only when somebody waits to run. A thread is moved between
 * harts only while it is queued.
 */
#include <stdbool.h>
#include <stdint.h>

struct hart;
struct thread;

/* Gives the hart away. The thread's state says what becomes of it. */
void schedule(void);
/* To the end of the queue. */
void sched_yield_now(void);
/* Makes a new thread runnable for the first time. */
void sched_start(struct thread *t);
/* Ends a sleep, if it sleeps; true if it did. Any context. */
bool thread_wake(struct thread *t);
/* The same for a signal: only a sleep that signals (or, if fatal, killable
 * ones) may end. A thread in user mode on another hart is made to look. */
bool thread_wake_for_signal(struct thread *t, bool fatal);
/* Ends a sleep because its deadline has come. */
bool thread_wake_timeout(struct thread *t);
/* If it waits to run, it is the next one of its queue. */
void sched_hurry(struct thread *t);
/* Makes the thread look at its `work` soon, wherever it runs. */
void thread_kick(struct thread *t);
/* In loops that may be long: takes pending interrupts, and lets others run.
 * No spinlock held. */
void resched_point(void);
/* Where t may run now: where its program wants it, or anywhere as long as
 * none of those harts is active. */
uint64_t sched_allowed(const struct thread *t);
/* h takes threads, or takes no more (at once and for good, even while another
 * hart wakes one). What it runs and has queued stays for the time being. */
void sched_activate(struct hart *h, bool on);
/* After a hart has come: threads that are bound to it leave others, each at its
 * next look. */
void sched_rebind(void);
/* The threads that are queued on a hart that has stopped go to others. */
void sched_take_over(struct hart *h);
/* The idle loop; never returns. */
void sched_idle(void) __attribute__((noreturn));
/* On the new thread's side of a switch: lets the old one go. */
void sched_finish_switch(void);
void sched_init(void);
/* IPI_RESCHED has come: somebody may wait for this hart. */
void sched_ipi(void);
/* Takes interrupts that are pending, as function calls. */
void interrupts_poll(void);
/* How long a slice is, in nanoseconds, of a thread that is not nice. */
#define SLICE_NS     (4 * 1000000ull)
#define SLICE_NS_MIN (SLICE_NS / 40)
#define SLICE_NS_MAX (SLICE_NS * 10)
/* In ticks, for a niceness from -20 to 19. */
uint32_t sched_slice(int nice);
