#pragma once
/*
 * Tracing: one process (strace, a debugger) watches and steers threads of
 * others with ptrace, as Linux's does for riscv64.
 *
 * A traced thread has a record, which is also on its tracer's list. At certain
 * points on its way to user mode, and inside of clone, execve and exit, the
 * thread stops: it says so in the record, tells the tracer, which finds it with
 * wait, and sleeps until the tracer lets it go, the tracer ends, or it is
 * killed. All of that is under proc_tree.lock; so whoever holds the lock and
 * sees a thread stopped may look at its registers and change them.
 *
 * A record lives as long as its thread once that was traced. When the thread
 * ends before its tracer it stays until the tracer has heard of it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/proc.h"
#include "kernel/thread.h"
#include "kernel/wait.h"

/* What a stopped thread is at. */
enum trace_at {
	TRACE_AT_SIGNAL, /* a signal, which has not acted yet */
	TRACE_AT_ENTRY,  /* a system call, not made yet */
	TRACE_AT_EXIT,   /* ... and made */
	TRACE_AT_EVENT,  /* PTRACE_EVENT_* */
	TRACE_AT_STOP,   /* PTRACE_EVENT_STOP */
	TRACE_AT_GROUP,  /* its process is stopped; attached, not seized */
};

/* All of it [proc_tree.lock]. */
struct trace {
	struct list_head link; /* tracer->tracees */
	struct proc *tracer;   /* NULL: not traced (any more) */
	struct thread *thread; /* NULL: has ended */
	struct proc *proc;     /* NULL: has ended as a whole */
	int tid;
	unsigned options;        /* PTRACE_O_* */
	bool privileged;         /* the tracer was root when it began */
	bool seized;             /* PTRACE_SEIZE */
	bool stopped, listening; /* it sleeps at `at`; PTRACE_LISTEN */
	bool untold;             /* the tracer's wait has not seen `status` */
	bool dead;               /* `status` is the thread's last */
	bool interrupt, notify;  /* it is to stop: PTRACE_INTERRUPT, SIGCONT */
	bool passed;             /* let go although its process is stopped */
	uint8_t at;              /* enum trace_at */
	uint8_t resume_signal;   /* what it goes on with; 0: none */
	int status;              /* as wait gives it */
	int pgid;                /* of the dead */
	uid_t uid;
	uint64_t message; /* PTRACE_GETEVENTMSG */
	struct siginfo_kept info;
	struct wait_queue wait; /* the thread sleeps here */
};

/* Does somebody trace t? Without the lock for the current thread only, and
 * then the tracer may end at any time. */
static inline bool thread_traced(const struct thread *t)
{
	return __builtin_expect(t->trace != NULL, 0) &&
	       READ_ONCE(t->trace->tracer);
}

/* Is t to stop once more, whatever signals wait? The lock of its signals. */
static inline bool trace_wants_stop(const struct thread *t)
{
	return t->trace && (t->trace->interrupt || t->trace->notify);
}

/* Is t to stop because its process is? */
static inline bool trace_joins_stop(const struct thread *t)
{
	return t->proc->stopped && !(t->trace && t->trace->passed);
}

/* One or the other. */
static inline bool trace_must_stop(const struct thread *t)
{
	if (__builtin_expect(!t->trace, 1))
		return t->proc->stopped;
	return trace_wants_stop(t) || trace_joins_stop(t);
}

/*
 * The stops of the current thread, which is traced or was a moment ago; no lock
 * held. Each returns at once when nobody is there to see it, or the thread is
 * to die.
 */
/* At a signal that it has taken: the one to act on, or 0. *info is changed to
 * what is known of that. */
int trace_signal(int sig, struct siginfo_kept *info);
/* At a system call that it makes, or has made. */
void trace_syscall(enum trace_at at);
/* PTRACE_EVENT_*, if the tracer has asked for it. False: it has not. */
bool trace_event(unsigned event, uint64_t message);
/* execve has made it a new program; tid: what it was called before. */
void trace_exec(int tid);
/* It was interrupted, or its process continued. */
void trace_stop(void);
/* Its process was stopped by sig. */
void trace_group_stop(int sig);

/*
 * A new thread, made by the current one with these CLONE_* flags: what event
 * that is, or 0. Where it is to be traced as well *out gets a record for it,
 * else NULL. -ENOMEM.
 */
int trace_clone(uint64_t flags, struct trace **out);

/* From here on proc_tree.lock is held. The new thread t, which does not run
 * yet, is traced by whom the current one is. NULL is fine. */
void trace_child_locked(struct thread *t, struct trace *r);
/* t is off its process's list. */
void trace_thread_gone_locked(struct proc *p, struct thread *t);
/* p is a zombie from now on, and its parent is told. */
void trace_proc_gone_locked(struct proc *p);
/* The current thread has got the name of its process, in execve. */
void trace_renamed_locked(struct proc *p);
/* p traces nobody any more. */
void trace_end_locked(struct proc *p);
/* SIGCONT was sent to p, which was stopped. Its sig_lock is held too. */
void trace_continued_locked(struct proc *p);
/* Is a thread of p traced by `by`, or NULL: by anybody? */
bool trace_is_traced_locked(const struct proc *p, const struct proc *by);
/* Does somebody trace p who may not get what a set-id program gives? */
bool trace_holds_ids_locked(const struct proc *p);
/* What p's wait finds among the tracees, as look_at_children in exit.c: a copy
 * of the record. id, idtype and options are waitid's. */
int trace_wait_locked(struct proc *p, int idtype, int id, int options,
		      struct trace *out);

/* ---- between ptrace.c and sys_ptrace.c ---- */

/* NULL: no memory. */
struct trace *trace_alloc(void);
/* t is traced from now on; r is its record already, or becomes that. */
void trace_begin_locked(struct trace *r, struct thread *t, struct proc *tracer);
/* Does it stop at its system calls from now on? inside: it is in one now. */
void trace_show_calls_locked(struct thread *t, bool stops, bool inside);
/* It goes on, for its tracer or for good. One that is let go and whose process
 * is stopped stops again. */
void trace_resume_locked(struct trace *r);
void trace_let_go_locked(struct trace *r);
/* It looks on its way to user mode, even if it has to leave a sleep. */
void trace_make_look_locked(struct trace *r);
