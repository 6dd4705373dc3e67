#pragma once
/*
 * Threads: what runs. A thread has a kernel stack, a saved context and, if it
 * belongs to a process, user registers at the top of that stack. tp points at
 * the current one while the kernel runs; sscratch holds it in user mode.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/trapframe.h"

/* Offsets that the assembly knows; asserted below. */
#define THREAD_KSTACK_TOP 0
#define THREAD_USER_TP    8
#define THREAD_HART       16
#define THREAD_CONTEXT    24
#define THREAD_WORK       136

#ifndef __ASSEMBLER__
struct hart;
struct proc;
struct vmspace;
struct fpstate;

enum thread_state {
	THREAD_RUNNING, /* on a hart */
	THREAD_RUNNABLE, /* in a run queue */
	THREAD_SLEEPING,
	THREAD_STOPPED, /* by a signal */
	THREAD_DEAD,
};

/* Callee-saved registers at a switch. */
struct context {
	uint64_t ra, sp, s[12];
};

/* Reasons to leave the fast way back to user mode. */
#define WORK_SIGNAL  (1u << 0) /* a signal may be deliverable */
#define WORK_RESCHED (1u << 1) /* the slice is over */
#define WORK_EXIT    (1u << 2) /* the process is ending */
#define WORK_TRACE   (1u << 3)

struct thread {
	uint64_t kstack_top; /* [I] sp at entry from user mode */
	uint64_t scratch;    /* trap entry's */
	struct hart *hart;   /* the hart it runs on, or whose queue it is in */
	struct context context;
	uint32_t work;       /* WORK_*, atomic; checked before user mode */
	uint8_t state;       /* enum thread_state [rq_lock of hart] */
	uint8_t sleep_mode;  /* WAIT_* while it sleeps */
	uint8_t nofault;     /* depth of "do not fault pages in" */
	uint8_t timed_out;

	struct list_head rq_link;
	struct proc *proc;   /* [I] NULL: a kernel thread */
	struct vmspace *vmspace; /* NULL: a kernel thread, borrows */
	int tid;             /* [I] */
	struct list_head proc_link; /* proc.threads */
	struct trapframe *tf; /* [I] user registers */

	/* FP state, saved when dirty at a switch; NULL until first use. */
	struct fpstate *fp;

	uint64_t sigmask;    /* [o] blocked */
	uint64_t sigpending; /* [proc->sig_lock] for this thread */
	uint64_t saved_sigmask; /* [o] to restore after sigsuspend, ppoll */
	bool restore_sigmask;

	uint64_t clear_child_tid; /* user address or 0 */
	uint64_t robust_list;
	uint64_t affinity; /* bit per hart index; ~0 any */

	uint64_t run_start, run_ns, user_ns; /* accounting */
	char name[16];
	int exit_code;

	const char *waiting_for; /* what it sleeps for, for the dump */
	void (*start)(void *);   /* kernel threads */
	void *start_arg;
#if CONFIG_DEBUG
	struct spinlock *held_spins;
	struct mutex *held_mutexes;
	unsigned n_held;
#endif
};
_Static_assert(offsetof(struct thread, kstack_top) == THREAD_KSTACK_TOP, "");
_Static_assert(offsetof(struct thread, scratch) == THREAD_USER_TP, "");
_Static_assert(offsetof(struct thread, hart) == THREAD_HART, "");
_Static_assert(offsetof(struct thread, context) == THREAD_CONTEXT, "");
_Static_assert(offsetof(struct thread, work) == THREAD_WORK, "");

register struct thread *current_thread_register __asm__("tp");

static inline struct thread *current_thread(void)
{
	return current_thread_register;
}

/* A kernel thread that runs start(arg); it is runnable at once. 0/-ENOMEM. */
int kthread_create(const char *name, void (*start)(void *), void *arg,
                   struct thread **out);
/* The end of the current thread; a process's last one ends the process. */
void thread_exit(void) __attribute__((noreturn));

/* Memory for a thread with its stack; not yet known to the scheduler. */
struct thread *thread_alloc(void);
void thread_free(struct thread *t);
#endif
