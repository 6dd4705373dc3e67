#pragma once
/*
 * What the parts of the signal code know of each other: signal.c sends and
 * queues, sigframe.c delivers, jobs.c stops and continues, sys_signal.c has the
 * calls and the tables of actions.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/proc.h"
#include "kernel/signal.h"

struct sigtimer;

#define SIG_IGNORED_BY_DEFAULT                                                 \
	(SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) | SIGBIT(SIGCONT))
#define SIG_STOPS                                                              \
	(SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU))

static inline sighandler_t signal_handler_of(const struct proc *p, int sig)
{
	return p->actions->action[sig].sa_handler;
}

static inline bool signal_is_blocked(const struct thread *t, int sig)
{
	return t->sigmask & SIGBIT(sig);
}

/* The other stack of a thread (sigaltstack). */
static inline bool signal_on_altstack(const struct thread *t, uint64_t sp)
{
	/* Its top counts as on it, for stacks grow down. */
	return !(t->altstack_flags & SS_AUTODISARM) && sp > t->altstack_sp &&
	       sp - t->altstack_sp <= t->altstack_size;
}

static inline stack_t signal_altstack(const struct thread *t)
{
	int32_t flags =
		t->altstack_size ? (int32_t)t->altstack_flags : SS_DISABLE;

	return (stack_t){ (void *)t->altstack_sp, flags, t->altstack_size };
}

static inline void signal_disarm_altstack(struct thread *t)
{
	t->altstack_sp = t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE;
}

/* As sigaltstack does it, for a thread whose stack pointer is sp. */
int signal_set_altstack(struct thread *t, const stack_t *ss, uint64_t sp);

/* These with the process's sig_lock held. */
bool signal_is_ignored(const struct proc *p, int sig);
void signal_dequeue(struct sigpend *q, int sig, struct siginfo_kept *info);
void signal_discard(struct sigpend *q, uint64_t set);
/* The process's and its threads'; proc_tree.lock held too. */
void signal_discard_all_locked(struct proc *p, uint64_t set);
void signal_tell_thread(struct thread *t, int sig);
/* True: the caller lets go of sig_lock and calls signal_leave_to_others, since
 * t will not take what waits for the process. */
bool signal_set_mask_locked(struct thread *t, uint64_t mask);

/*
 * A signal that a timer of p sends again and again (sig 0: none, and it is
 * never queued): its entry, or NULL when p's user has too many (one of
 * setitimer is never too many), or there is no memory. Queued once at a time,
 * with both locks held; false if nobody wants it. When its timer goes away it
 * leaves the entry to the queue that it is in. signal_entries_like: how many
 * its user has, of timers and of signals that wait.
 */
struct sigqueue *signal_entry_alloc(struct proc *p, int sig,
				    struct sigtimer *timer);
bool signal_queue_entry_locked(struct proc *p, struct thread *to,
			       struct sigqueue *e);
uint32_t signal_entries_like(const struct sigqueue *e);
void signal_entry_leave_locked(struct sigqueue *e);

/* No spinlock held. */
void signal_leave_to_others(struct proc *p);
/* The lock of the process tree held, sig_lock not. */
void signal_tell_others_locked(struct proc *p);
/* What SIGCONT and SIGKILL do when they are sent, with sig_lock and
 * proc_tree.lock held. 0: p was not stopped. Else what its parent is told after
 * a SIGCONT: CLD_CONTINUED; CLD_STOPPED if it has not heard of the stop yet. */
int jobs_continue_locked(struct proc *p);
/* Has the last thread of p stopped just now, or ended while the others have?
 * True: the caller tells p's parent, that is CLD_STOPPED, what stop_report
 * says. Both locks held. */
bool jobs_stopped_locked(struct proc *p);
/* CLD_STOPPED or CLD_CONTINUED: SIGCHLD, unless the parent has no wish for it
 * (SA_NOCLDSTOP), and its wait. proc_tree.lock held, sig_lock not. */
void jobs_tell_parent_locked(struct proc *p, int code, int status);

/*
 * The current thread stops here until SIGCONT or SIGKILL. sig is what stops the
 * process, taken when it had been continued so many times: if one more SIGCONT
 * came since, that one was later, and there is no stop. sig 0: it is stopped
 * already. No lock held.
 */
void jobs_stop_here(struct proc *p, int sig, unsigned continues);

/*
 * The process's own table of actions, to change it; its threads may come at the
 * same time, and fork, so sig_lock is held on return. NULL: no memory, and no
 * lock.
 */
struct sigactions *sigactions_own_lock(struct proc *p);
void sigactions_init(void);
void vdso_init(void);
