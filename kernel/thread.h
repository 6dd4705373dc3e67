#pragma once
/*
 * Threads: what runs. A thread has a kernel stack, a saved context and, if it
 * belongs to a process, user registers at the top of that stack. tp points at
 * the current one while the kernel runs; sscratch holds it in user mode.
 */

/* Offsets that the assembly knows; asserted below. */
#define THREAD_KSTACK_TOP 0
#define THREAD_SCRATCH    8
#define THREAD_HART       16
#define THREAD_CONTEXT    24
#define THREAD_WORK       136
#define THREAD_CALL_LIMIT 148
#define HART_INDEX        24 /* in struct hart */

/* Rows of the dispatch table in syscall.c: SYSCALL_LIMIT, for assembly. */
#define SYSCALL_TABLE_SIZE 440

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/trapframe.h"

struct hart;
struct proc;
struct trace;
struct vmspace;

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

struct fpstate {
	uint64_t f[32];
	uint32_t fcsr;
	uint32_t pad;
};

/* Signals that wait: a set, and what is known about them. */
struct sigpend {
	uint64_t set;
	struct list_head queue; /* struct sigqueue */
};

/* Reasons to leave the fast way back to user mode. */
#define WORK_SIGNAL  (1u << 0) /* a signal may be deliverable */
#define WORK_RESCHED (1u << 1) /* the slice is over */
#define WORK_EXIT    (1u << 2) /* the process is ending */
#define WORK_TRACE   (1u << 3) /* a tracer is to see the end of this call */
#define WORK_CPUTIME (1u << 4) /* a timer of CPU time may be due */

struct thread {
	uint64_t kstack_top; /* [I] sp at entry from user mode, above the frame */
	uint64_t scratch;    /* trap entry's */
	struct hart *hart;   /* the hart it runs on, or whose queue it is in */
	struct context context;
	uint32_t work;       /* WORK_*, atomic; checked before user mode */
	uint8_t state;       /* enum thread_state [rq_lock of hart] */
	uint8_t sleep_mode;  /* WAIT_* while it sleeps */
	uint8_t nofault;     /* depth of "do not fault pages in" */
	bool migrate;        /* its hart may not run it any more */
	bool cpu_timed;      /* [proc_tree.lock] CPU timers or a limit to watch */
	int8_t wake_err;     /* why the sleep ended: 0, -EINTR, -ETIMEDOUT */
	uint32_t call_limit; /* SYSCALL_TABLE_SIZE; 0: calls go by the tracer */
	uint8_t queue;       /* [proc_tree.lock] of a hart's, the user's */
	uint32_t slice;      /* [proc_tree.lock] in ticks, by proc.nice */

	struct list_head rq_link;
	struct proc *proc;   /* [I] NULL: a kernel thread */
	const struct cred *cred; /* [o] proc's, but in access(2) */
	struct vmspace *vmspace; /* NULL: a kernel thread, borrows */
	int tid;             /* [proc_tree.lock], changes at exec alone */
	struct hlist_node tid_link; /* [proc_tree.lock] */
	struct list_head proc_link; /* proc.threads */
	struct trapframe *tf; /* [I] user registers */

	/* FP state, saved when dirty at a switch; NULL until first use. */
	struct fpstate *fp;

	uint64_t sigmask;    /* [o] blocked */
	struct sigpend pending; /* [proc->sig_lock] for this thread alone */
	uint64_t altstack_sp, altstack_size; /* [o] */
	uint32_t altstack_flags;
	uint64_t sigwait;    /* [proc->sig_lock] sigtimedwait waits for these */
	uint64_t saved_sigmask; /* [o] to restore after sigsuspend, ppoll */
	bool restore_sigmask;
	bool in_syscall; /* [o] on the way back from one (restart) */
	uint32_t again;  /* [o] number of the timed call that is made again */
	uint64_t deadline; /* [o] of the last timed call: deadline_after */

	struct trace *trace; /* [proc_tree.lock] NULL: never traced */
	struct proc *vfork_child; /* [proc_tree.lock] whom it waits for */
	uint64_t clear_child_tid; /* user address or 0 */
	uint64_t robust_list;
	uint64_t affinity; /* bit per hart index; ~0 any */

	uint64_t run_start, run_ticks; /* accounting, in ticks of `time` */
	char name[16];
	int exit_code;

	const char *waiting_for; /* what it sleeps for, for the dump */
	void (*start)(void *);   /* kernel threads */
	void *start_arg;
#if CONFIG_DEBUG
	struct spinlock *held_spins;
	uint8_t held_ranks[16]; /* sleeping locks held, by rank */
#endif
};
_Static_assert(offsetof(struct thread, kstack_top) == THREAD_KSTACK_TOP, "");
_Static_assert(offsetof(struct thread, scratch) == THREAD_SCRATCH, "");
_Static_assert(offsetof(struct thread, hart) == THREAD_HART, "");
_Static_assert(offsetof(struct thread, context) == THREAD_CONTEXT, "");
_Static_assert(offsetof(struct thread, work) == THREAD_WORK, "");
_Static_assert(offsetof(struct thread, call_limit) == THREAD_CALL_LIMIT, "");

#ifdef __riscv
register struct thread *current_thread_register __asm__("tp");
#else
extern struct thread *current_thread_register; /* tools/board */
#endif

static inline struct thread *current_thread(void)
{
	return current_thread_register;
}

/* A kernel thread that runs start(arg); it is runnable at once. 0/-ENOMEM. */
int kthread_create(const char *name, void (*start)(void *), void *arg,
                   struct thread **out);
/* The end of the current thread; a process's last one ends the process. */
void thread_exit(void) __attribute__((noreturn));

/* Memory for a thread with its stack, whose first switch goes to `entry`; not
 * yet known to the scheduler. NULL: no memory. */
struct thread *thread_alloc(void (*entry)(void));
void thread_free(struct thread *t);
void thread_init(void); /* makes the caller's context the boot thread */
/* The first thread of hart h (its idle loop), for kernel/smp.c. */
struct thread *thread_create_idle(struct hart *h);

/* trapvec.S: first code of new threads, and the way to user mode. */
void thread_first_kernel(void);
void thread_first_user(void);
void thread_enter_user(struct trapframe *tf) __attribute__((noreturn));

/* switch.S */
void switch_context(struct context *from, const struct context *to);
void fp_save(struct fpstate *fp);
void fp_restore(const struct fpstate *fp);
#endif
