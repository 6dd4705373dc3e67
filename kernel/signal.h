#pragma once
/*
 * Signals. A signal is sent to a process or to a thread, stays pending while
 * it is blocked, and is acted on by a thread of the process on its way to user
 * mode: default action, or a handler whose frame is put on the user stack as
 * Linux lays it out. A signal that would be ignored is dropped when sent.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/signal.h"
#include "kernel/thread.h"

struct proc;
struct sigactions;
struct trapframe;
struct vmspace;

#define SIGBIT(sig) (1ull << ((sig)-1))
#define SIG_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

/* Is there something that ends an interruptible sleep of t? */
static inline bool signal_pending(const struct thread *t)
{
	return __atomic_load_n(&t->work, __ATOMIC_RELAXED) &
	       (WORK_SIGNAL | WORK_EXIT);
}
bool signal_fatal_pending(const struct thread *t);
/* Does a signal wait that t would take, whoever was told of it? */
bool signal_waits_locked(struct thread *t);

/* What p does at sig; its sig_lock is not held. */
struct sigaction signal_action(struct proc *p, int sig);

/* To a process; info NULL: from the kernel. proc_tree.lock held. */
int signal_send_locked(struct proc *p, int sig, const struct siginfo *info);
/* As this, to each of several processes: one that is being made by p is to have
 * it too, so the fork begins again. */
void signal_send_many_locked(struct proc *p, int sig,
			     const struct siginfo *info);
/* To one thread. proc_tree.lock held. */
int signal_send_thread_locked(struct thread *t, int sig,
                              const struct siginfo *info);
/* May the caller send sig (0: any) to p? proc_tree.lock held. */
bool signal_allowed(const struct proc *p, int sig);
/* The current thread did something wrong: sig cannot be blocked away. */
void signal_fault(int sig, int code, uint64_t addr);

/* On the way to user mode, until nothing is deliverable. */
void signal_deliver(struct trapframe *tf);
/* The mask or an action changed: is WORK_SIGNAL still right? */
void signal_recalc(struct thread *t);
void signal_set_mask(struct thread *t, uint64_t mask);

/* fork and exec. NULL: no memory. */
struct sigactions *sigactions_create(void);
struct sigactions *sigactions_get(struct sigactions *a);
void sigactions_put(struct sigactions *a);
int signal_exec(struct proc *p);
/* A process that ends; the last thread calls it. */
void signal_flush(struct proc *p);
/* t is off p's list: what was its own to act on goes to others. The lock of
 * the process tree is held. */
void signal_thread_gone_locked(struct proc *p, struct thread *t);
/* The page that handlers return through; made once at start. */
int signal_map_vdso(struct vmspace *vs, uint64_t *base);
void signal_init(void);
