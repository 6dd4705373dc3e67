#pragma once
/*
 * Timers that send signals: the three of setitimer, and those of timer_create.
 *
 * A wall timer is a timeout. When it has fired it waits until its signal is
 * taken, and only then is set for its next time; what it missed is its overrun.
 * So no interval, however short, makes more interrupts than the program takes
 * signals, or keeps it from doing anything else. A timer of CPU time is looked
 * at where its program runs: the hart arms its comparator after a switch to one
 * that has such timers.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/proc.h"
#include "kernel/time.h"

/* Ids of those of setitimer, and of whoever sleeps; the others count from 0. */
#define SIGTIMER_ITIMER(which) (-1 - (which))
#define SIGTIMER_SLEEPER       (-4)

struct sigtimer {
	struct timeout timeout;
	struct list_head link;  /* [s] proc.timers */
	struct proc *proc;      /* [I] */
	struct sigqueue *entry; /* [I] its signal, or sig 0; NULL: a sleeper's */
	int id;                 /* [I] */
	int tid;           /* [I] to this thread alone; 0: to the process */
	bool cpu;          /* [I] its clock is the process's CPU time, */
	int cpu_tid;       /* [I] or that of this thread alone */
	struct thread *sleeper; /* [I] is woken, instead of a signal */
	bool realtime;     /* [I] points in time are on that clock */
	bool armed;        /* [s] */
	bool waiting;      /* [s] has fired, its signal is not taken yet */
	uint64_t next;     /* [s] ns of its clock: when it fires */
	uint64_t interval; /* [s] ns; 0: fires once */
	int overrun;       /* [s] of the signal that was taken last */
	int missed;        /* [s] since it has fired */
};

/* ns on its clock; 0: of a thread that has ended. */
uint64_t sigtimer_clock(const struct sigtimer *t);

/*
 * A timer of the current process that sends sig (0: nothing), not armed. *out
 * stays valid until it is deleted. 0, -EAGAIN (too many), -ENOMEM. The caller
 * holds the lock of timers, as for the next five.
 */
int sigtimer_create(int id, int sig, bool cpu, struct sigtimer **out);
struct sigtimer *sigtimer_find(int id);
void sigtimer_delete(struct sigtimer *t);
/* next 0: disarmed. */
void sigtimer_set(struct sigtimer *t, uint64_t next, uint64_t interval);
/* How long until it fires, 0: it is not armed; and its interval; in ns. */
void sigtimer_get(struct sigtimer *t, uint64_t *left, uint64_t *interval);

/* That of the current process. */
void sigtimer_lock(void);
void sigtimer_unlock(void);

/* The process ends (all), or becomes another program (those of timer_create).
 */
void sigtimer_end(struct proc *p, bool all);
/* Its signal e is taken off a queue, to be acted on; sig_lock held. */
void sigtimer_taken_locked(struct sigtimer *t, struct siginfo_kept *info);

/* The current process's timers of CPU time and its limit of that (RLIMIT_CPU),
 * on the way to user mode. */
void sigtimer_check_cpu(void);
/* Sleeps until the process has used so many ns of CPU time. 0, -EINTR, or as
 * sigtimer_create. No lock held. */
int sigtimer_sleep_cpu(uint64_t until);
/* All threads of p are to do so from now on; proc_tree.lock held. */
void sigtimer_watch_cpu_locked(struct proc *p);
