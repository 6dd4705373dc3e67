#pragma once
/*
 * Processes: what threads of one program share. The threads run; a process
 * owns the address space, descriptors, directories, signals and children.
 *
 * Life: fork makes it with one thread; when its last thread exits it becomes a
 * zombie, which its parent's wait takes away. Its children go to init.
 *
 * proc_tree.lock guards the tree, the table of ids, process groups and
 * sessions. Everything else has its own lock, named at the field.
 */
#include <stdbool.h>
#include <stdint.h>

#include "fs/host.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/types.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/thread.h"
#include "kernel/wait.h"

struct fdtable;
struct fs_context;
struct trace;
struct user;
struct vmspace;

/* How each signal is handled; shared by fork until somebody changes it. */
struct sigactions {
	int32_t refs;
	struct sigaction action[ABI_NSIG + 1]; /* [1..ABI_NSIG] */
};

/* The part of a siginfo that any kind of it uses; the rest is zero. */
struct siginfo_kept {
	uint64_t word[6];
};
_Static_assert(sizeof(struct siginfo_kept) ==
		       offsetof(struct siginfo, si_stime) + sizeof(clock_t),
	       "siginfo");

/* A queued signal with its information. */
struct sigqueue {
	struct list_head link;
	uint8_t sig;
	uint8_t user; /* see queued_to in signal.c */
	struct sigtimer *timer; /* it is this one's, and comes again; or NULL */
	struct siginfo_kept info;
};

/* I fixed at creation   t proc_tree.lock   s sig_lock   o its own threads */
struct proc {
	int pid;                     /* [I] */
	int ppid;                    /* [t] read without */
	int pgid, sid;               /* [t] */
	struct proc *parent;         /* [t] */
	struct list_head children;   /* [t] proc.sibling */
	struct list_head sibling;    /* [t] */
	struct list_head all_link;   /* [t] proc_tree.all */
	struct hlist_node pid_link;  /* [t] */
	struct list_head threads;    /* [t] thread.proc_link */
	unsigned nthreads;           /* [t] not yet past thread_exit */
	bool zombie;                 /* [t] */
	int exit_status;             /* [t] as wait gives it */
	int exit_signal;             /* [t] to the parent, SIGCHLD or 0 */
	struct wait_queue child_wait; /* the parent sleeps here */

	struct vmspace *vmspace;     /* [o] a use */
	struct fdtable *files;       /* [o] */
	struct fs_context *fs;       /* [o] */
	struct cred cred;            /* [o] changed in place */
	struct user *user;           /* [t] whose real user id it has */
	bool crowded;                /* [t] exec asks the limit of that user */
	bool dumpable;               /* [o] others of its user may look into it */
	bool no_new_privs;           /* [o] exec heeds no set-id bits */
	bool leads_tty;              /* [t] its session may have a terminal */
	bool no_tty;                 /* [o] that is not its own any more */
	int8_t nice;                 /* [t] -20 to 19; thread.slice follows */
	int hung_pgrp;               /* [t] was in front when it hung up */
	struct rlimit rlimits[RLIMIT_NLIMITS]; /* [t] */

	struct spinlock sig_lock;
	struct sigactions *actions;  /* [s] */
	bool actions_shared;         /* [o] CLONE_SIGHAND without CLONE_THREAD */
	struct sigpend pending;      /* [s] for any thread */
	bool group_exit;             /* [s] every thread is to end */
	bool group_exec;             /* [s] but the one that execs */
	int group_status;            /* [s] exit status then */
	uint16_t stopped;            /* [s] true: its threads stop, or have */
	uint16_t stopping;           /* [s] that took a stop, to act on it */
	int stop_signal;             /* [s] by this one, the last time */
	unsigned nstopped;           /* [s] that have */
	int stop_untold;             /* [s] by this signal; 0: it was told of */
	unsigned continues;          /* [s] SIGCONT and SIGKILL sent so far */
	unsigned sent_to_many;       /* [t] signals that others got as well */
	int stop_report;             /* [t] status for wait, 0: none */
	bool continue_report;        /* [t] */
	struct wait_queue stop_wait;
	struct wait_queue vfork_wait;
	struct thread *vfork_parent; /* [t] sleeps until we exec or end */

	struct list_head tracees;    /* [t] struct trace: whom it traces */
	unsigned dead_tracees;       /* [t] of them, that wait has not seen */
	struct trace *first_trace;   /* [t] of its first thread, which ended */

	struct mutex cred_lock;      /* who changes cred, which others read */
	struct mutex timers_lock;    /* who makes, sets, deletes timers */
	struct list_head timers;     /* [s] struct sigtimer */
	unsigned n_timers;           /* [s] */
	uint64_t cpu_due, cpu_rest;  /* [s] CPU time when one of them may be due,
				      * and before which none is looked at */
	int next_timer;              /* [timers_lock] perhaps a free id */

	uint64_t start_time;         /* [I] ns since boot */
	uint64_t run_ticks;          /* [t] of threads that ended */
	uint64_t child_ticks;        /* [t] of children waited for */
	uint64_t min_faults, max_faults;
	uint64_t vdso_base;          /* [o] signal handlers return there */
	uint64_t missing_seen;       /* syscall_missing: what was named */
	char name[16];
	bool execed;                 /* setpgid by the parent is refused */
};

struct proc_tree {
	struct spinlock lock;
	struct list_head all;        /* [lock] proc.all_link */
	unsigned count;              /* [lock] */
	int last_pid;                /* [lock] handed out last */
	bool wrapped;                /* [lock] ids are used a second time */
	struct proc *init;           /* [I] once it runs */
};
extern struct proc_tree proc_tree;

static inline struct proc *current_proc(void)
{
	return current_thread()->proc;
}
/* The descriptors of a system call, which always has a process. */
static inline struct fdtable *current_files(void)
{
	return current_proc()->files;
}

/* Has the caller the rights of root? */
static inline bool proc_is_root(void)
{
	return current_proc()->cred.euid == 0;
}
/* May the caller look into the process by way of /proc (its memory, what it has
 * open)? All three ids of both kinds must be those that the caller has for
 * files, and the process must not be one that has secrets from its user
 * (dumpable); or it is the caller's, or the caller is root. proc_tree.lock held. */
bool proc_may_look(const struct proc *p);
/* May it change the limits? All ids must be the caller's real ones, or the caller
 * is root. proc_tree.lock held. */
bool proc_is_mine(const struct proc *p);
/* May the caller say when and where the process runs? Its real or effective
 * user must be the caller's effective one, and the process must not be one that
 * can become root where the caller cannot. proc_tree.lock held. */
bool proc_may_schedule(const struct proc *p);
/* sys_cred.c: bits of CAP_ALL (kernel/abi/capability.h). */
void cred_capabilities(const struct cred *c, uint64_t *effective,
		       uint64_t *permitted);

void proc_init(void);
void fork_init(void); /* the caches of fork.c, by proc_init */
/* Makes pid 1, whose thread begins with start(NULL). 0 or -ENOMEM. */
int proc_start_init(void (*start)(void *));

/* A new process id that is nobody's process, group or session. */
int pid_alloc_locked(void);
void proc_insert_locked(struct proc *p);
void proc_remove_locked(struct proc *p);
/* proc_tree.lock held. NULL: no such process. */
struct proc *proc_find_locked(int pid);
struct thread *thread_find_locked(int tid);
/* A thread of p, of this number; and the end of one: was it p's last? */
void thread_insert_locked(struct proc *p, struct thread *t, int tid);
void thread_rename_locked(struct thread *t, int tid);
bool thread_remove_locked(struct thread *t);
/*
 * Around a walk of all processes, with proc_tree.lock, that a program can repeat
 * as often as it likes: users' go one at a time. Else a thousand processes that
 * do nothing but walk leave the lock to nobody, and root's ps never ends. Sleeps;
 * end gets what begin gave.
 */
bool proc_walk_begin(void);
void proc_walk_end(bool begun);

/* The end of p is decided, unless it is already; an exec that waits for other
 * threads has come too late. sig_lock held. */
void proc_decide_end_locked(struct proc *p, int status);
/* Ends the process (all its threads); status as wait gives it. */
void proc_exit_group(int status) __attribute__((noreturn));
/* Makes every other thread of the process end, and waits for it (exec).
 * -EINTR: somebody else does the same. */
int proc_kill_other_threads(void);

/* What is told of a child: code CLD_*, the status that goes with it.
 * proc_tree.lock held. */
void proc_child_info(const struct proc *p, int code, int status,
		     struct siginfo *info);

/* fork.c: frees what is left of a process that is in no table any more. */
void proc_free(struct proc *p);

/* The memory borrowed from a vfork parent is given back. */
void vfork_finish(struct proc *p);

struct fork_args {
	uint64_t flags;      /* CLONE_*, low byte the exit signal */
	uint64_t stack;      /* 0: the parent's */
	uint64_t parent_tid; /* user addresses */
	uint64_t child_tid;
	uint64_t tls;
};
/* The new process's or thread's id, or negative errno. */
long proc_fork(const struct fork_args *a);

/* Replaces the program. On success the thread's frame enters the new one. */
struct exec_args {
	const char *path;
	char *strings;      /* argv then envp, each ended by NUL */
	size_t len, size;   /* used, allocated */
	unsigned argc, envc;
};
/* 0, or negative errno with everything as before. */
int proc_exec(struct exec_args *a);

/* Prints every process and thread (^P). Any context. */
void proc_dump(void);
/* Kills the process that holds most memory, of the user who does. */
void oom_kill(void);
/* The same, where that user is neither root nor the caller's and holds a
 * quarter of all. False: nobody is killed, nor dies already. */
bool oom_kill_other(void);

/* The tty's: a signal to a process group. */
void proc_signal_group(int pgid, int sig);
/*
 * The tty's: the caller's group does in the background what stops it there.
 * sig: SIGTTIN or SIGTTOU, sent to the group, -EINTR; -EIO when the caller does
 * not want to hear of it, or nobody could continue it. Whoever ignores or
 * blocks SIGTTOU, and init, may: 0.
 */
int proc_stop_background(int sig);
/* A group that has no member left whose parent is in the session but outside
 * of the group is orphaned; its stopped members would never be continued. */
bool proc_group_is_orphaned(int pgid, int sid);
/* If the group is orphaned once `leaving` (NULL: nobody) does not count any
 * more and has stopped members, they are hung up and continued.
 * proc_tree.lock held. */
void proc_orphan_group_locked(int pgid, int sid, const struct proc *leaving);
