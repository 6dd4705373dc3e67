/*
 * The table and tree of processes, their credentials, and what fs/ asks about
 * the caller.
 */
#include "kernel/proc.h"

#include "fs/fdtable.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/ptrace.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/users.h"

#define PID_HASH 1024 /* chains; ids are dense, so the low bits spread well */
#define PID_MAX  0x400000

struct proc_tree proc_tree = {
	.lock = SPINLOCK_INIT("process tree", RANK_PROCTREE),
	.all = LIST_INIT(proc_tree.all),
};

static struct hlist_head pid_hash[PID_HASH]; /* [proc_tree.lock] */
static struct hlist_head tid_hash[PID_HASH]; /* the same of threads */

static struct hlist_head *pid_chain(int pid)
{
	return &pid_hash[(unsigned)pid % PID_HASH];
}

struct proc *proc_find_locked(int pid)
{
	struct proc *p;

	hlist_for_each_entry (p, pid_chain(pid), pid_link)
		if (p->pid == pid)
			return p;
	return NULL;
}

struct thread *thread_find_locked(int tid)
{
	struct thread *t;

	hlist_for_each_entry (t, &tid_hash[(unsigned)tid % PID_HASH], tid_link)
		if (t->tid == tid)
			return t;
	return NULL;
}

void thread_insert_locked(struct proc *p, struct thread *t, int tid)
{
	t->proc = p;
	t->cred = &p->cred;
	t->tid = tid;
	hlist_add_head(&t->tid_link, &tid_hash[(unsigned)tid % PID_HASH]);
	list_add_tail(&t->proc_link, &p->threads);
	p->nthreads++;
}

void thread_rename_locked(struct thread *t, int tid)
{
	hlist_del(&t->tid_link);
	t->tid = tid;
	hlist_add_head(&t->tid_link, &tid_hash[(unsigned)tid % PID_HASH]);
}

bool thread_remove_locked(struct thread *t)
{
	hlist_del(&t->tid_link);
	list_del(&t->proc_link);
	return --t->proc->nthreads == 0;
}

static struct mutex walkers;

bool proc_walk_begin(void)
{
	if (!current_proc()->cred.uid)
		return false;
	mutex_lock(&walkers);
	return true;
}

void proc_walk_end(bool begun)
{
	if (begun)
		mutex_unlock(&walkers);
}

/* Is it a process, a group or a session, or a thread that is not the first? */
static bool pid_in_use(int pid)
{
	struct proc *p;

	if (proc_find_locked(pid))
		return true;
	if (proc_tree.last_pid < PID_MAX && !proc_tree.wrapped)
		return false; /* never handed out before */
	list_for_each_entry (p, &proc_tree.all, all_link)
		if (p->pgid == pid || p->sid == pid)
			return true;
	return thread_find_locked(pid) != NULL;
}

int pid_alloc_locked(void)
{
	do {
		if (++proc_tree.last_pid >= PID_MAX) {
			proc_tree.last_pid =
				300; /* leave the daemons' ids alone */
			proc_tree.wrapped = true;
		}
	} while (pid_in_use(proc_tree.last_pid));
	return proc_tree.last_pid;
}

void proc_insert_locked(struct proc *p)
{
	hlist_add_head(&p->pid_link, pid_chain(p->pid));
	list_add_tail(&p->all_link, &proc_tree.all);
	proc_tree.count++;
	user_add_locked(p->user);
}

void proc_remove_locked(struct proc *p)
{
	hlist_del(&p->pid_link);
	list_del(&p->all_link);
	proc_tree.count--;
	user_drop_locked(p->user);
}

bool proc_is_mine(const struct proc *p)
{
	const struct cred *c = &current_proc()->cred, *o = &p->cred;

	return p == current_proc() || !c->euid ||
	       (c->uid == o->uid && c->uid == o->euid && c->uid == o->suid &&
		c->gid == o->gid && c->gid == o->egid && c->gid == o->sgid);
}

bool proc_may_schedule(const struct proc *p)
{
	const struct cred *c = &current_proc()->cred, *o = &p->cred;

	if (!c->euid)
		return true;
	if (c->euid != o->uid && c->euid != o->euid)
		return false;
	return (o->uid && o->euid && o->suid) || !c->uid || !c->suid;
}

bool proc_may_look(const struct proc *p)
{
	const struct cred *c = &current_proc()->cred, *o = &p->cred;

	return p == current_proc() || !c->euid ||
	       (p->dumpable && c->fsuid == o->uid && c->fsuid == o->euid &&
		c->fsuid == o->suid && c->fsgid == o->gid &&
		c->fsgid == o->egid && c->fsgid == o->sgid);
}

/* ---- what fs/ asks ---- */

static const struct cred kernel_cred; /* root */
/* Of kernel threads; made at start. */
static struct fs_context *kernel_fs;
static struct fdtable *kernel_files;

const struct cred *host_cred(void)
{
	const struct cred *c = current_thread()->cred;

	return c ? c : &kernel_cred;
}

struct fs_context *host_fs(void)
{
	struct proc *p = current_proc();

	return p ? p->fs : kernel_fs;
}

struct fdtable *host_files(void)
{
	struct proc *p = current_proc();

	return p ? p->files : kernel_files;
}

bool host_signal_pending(void)
{
	return signal_pending(current_thread());
}

bool host_fatal_signal_pending(void)
{
	return signal_fatal_pending(current_thread());
}

int host_pid(void)
{
	struct proc *p = current_proc();

	return p ? p->pid : 0;
}

static uint64_t limit(unsigned which)
{
	struct proc *p = current_proc();

	return p ? p->rlimits[which].rlim_cur : RLIM_INFINITY;
}

uint64_t host_file_size_limit(void)
{
	return limit(RLIMIT_FSIZE);
}

unsigned host_fd_limit(void)
{
	uint64_t n = limit(RLIMIT_NOFILE);

	return n < 0x100000 ? (unsigned)n : 0x100000;
}

void host_send_signal(int sig)
{
	struct siginfo info = { .si_signo = sig, .si_code = SI_USER };
	struct proc *p = current_proc();

	if (!p)
		return;
	info.si_pid = p->pid; /* its own doing */
	info.si_uid = p->cred.uid;
	spin_lock(&proc_tree.lock);
	signal_send_thread_locked(current_thread(), sig, &info);
	spin_unlock(&proc_tree.lock);
}

void proc_init(void)
{
	mutex_init(&walkers, "walk of processes", RANK_SLEEP_LEAF);
	fork_init();
	kernel_fs = fs_context_create();
	kernel_files = fdtable_create();
	if (!kernel_fs || !kernel_files)
		boot_stop("no memory for the first objects");
}

/* ---- looking at all of them ---- */

static const char *state_name(const struct thread *t)
{
	switch (t->state) {
	case THREAD_RUNNING:
		return "runs";
	case THREAD_RUNNABLE:
		return "ready";
	case THREAD_SLEEPING:
		return "sleeps";
	case THREAD_DEAD:
		return "ends";
	default:
		return "?";
	}
}

/* A sleeping thread is best told by the call that it made. */
static void dump_thread(const struct proc *p, const struct thread *t)
{
	const char *call = NULL;
	char buf[32];

	if (t->state == THREAD_SLEEPING)
		call = syscall_name((unsigned)t->tf->a7, buf, sizeof(buf));
	pr_emerg("%5d %5d %5d %-7s %4d %s%s%s%s\n", t->tid, p->ppid, p->pgid,
		 p->stopped ? "stopped" : state_name(t),
		 t->hart ? t->hart->index : -1, t->name, call ? " in " : "",
		 call ? call : "",
		 t->state == THREAD_SLEEPING &&
				 t->sleep_mode == WAIT_UNINTERRUPTIBLE
			 ? ", no signal wakes it"
			 : "");
}

/*
 * Meant for a system that looks stuck, so it takes the lock only if it can,
 * and reads the rest as it stands.
 */
void proc_dump(void)
{
	bool locked = spin_trylock(&proc_tree.lock);
	struct proc *p;
	struct thread *t;

	pr_emerg("  pid  ppid  pgid state   hart name\n");
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->zombie) {
			pr_emerg("%5d %5d %5d zombie     - %s\n", p->pid,
				 p->ppid, p->pgid, p->name);
			continue;
		}
		list_for_each_entry (t, &p->threads, proc_link)
			dump_thread(p, t);
	}
	if (locked)
		spin_unlock(&proc_tree.lock);
}

/* ---- memory is out ---- */

#define OOM_FEW 16 /* who wait for memory, for each process that dies */

/* And soon: who ends by itself may be kept by its tracer as long as that one
 * likes, unless it is killed. proc_tree.lock held. */
static bool is_dying(const struct proc *p)
{
	const struct thread *t;

	if (p->pending.set & SIGBIT(SIGKILL))
		return true;
	if (!p->group_exit)
		return false;
	list_for_each_entry (t, &p->threads, proc_link)
		if (t->trace && t->trace->stopped)
			return false;
	return true;
}

#define LOOK_AT 256u /* descriptors of a table */

/*
 * Pages that a process holds: its own, its regions, and what it has open. Each
 * end of a pipe counts for half of a full one, and a file as if nobody else had
 * it. Without these a user would take all memory and seem to have none.
 *
 * Of a large table a few descriptors stand for all, or a user's tables would
 * keep every hart waiting for seconds; which ones they are is left to chance,
 * so that nobody can leave just those empty. proc_tree.lock held.
 */
static uint64_t pages_held(const struct proc *p)
{
	uint64_t n = READ_ONCE(p->vmspace->resident), open = 0;
	struct fdtable *t = p->files;
	unsigned step;
	mode_t mode;

	n += READ_ONCE(p->vmspace->n_regions) * sizeof(struct region) /
	     PAGE_SIZE;
	if (!t || READ_ONCE(t->cap) <= FD_INLINE) /* few: not worth the lock */
		return n;
	spin_lock(&t->lock);
	step = MAX(t->cap / LOOK_AT, 1u);
	for (unsigned i = (unsigned)rdtime() % step; i < t->cap; i += step) {
		if (!t->files[i])
			continue;
		mode = t->files[i]->inode->mode;
		open += sizeof(struct file);
		if (S_ISFIFO(mode))
			open += 8 * PAGE_SIZE;
		else if (S_ISREG(mode) || S_ISDIR(mode))
			open += sizeof(struct inode) + sizeof(struct dentry);
	}
	spin_unlock(&t->lock);
	return n + open * step / PAGE_SIZE;
}

/*
 * Of the user who holds most, the process that holds most: many small ones are
 * not better than a large one, and do not cost others theirs.
 */
static bool kill_most(bool other)
{
	struct proc *p, *worst = NULL;
	uint64_t most = 0, pages;
	struct user *u = NULL;
	char name[sizeof(p->name)];
	unsigned dying = 0;
	struct thread *t;
	int pid = 0;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link)
		p->user->resident = 0;
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->pid == 1 || p->zombie)
			continue;
		if (is_dying(p)) {
			dying++;
			continue;
		}
		if (!p->vmspace)
			continue;
		p->user->resident += pages_held(p);
		if (!u || p->user->resident > u->resident)
			u = p->user;
	}
	/* One is dying already: that will help, unless many want something. */
	if (dying > READ_ONCE(page_hungry) / OOM_FEW ||
	    (other && u && (u == &root_user || u == current_proc()->user ||
			    u->resident < host_total_pages() / 4)))
		u = NULL;
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (!u)
			break;
		if (p->pid == 1 || !p->vmspace || p->user != u || is_dying(p))
			continue;
		pages = pages_held(p);
		if (pages > most) {
			most = pages;
			worst = p;
		}
	}
	if (worst) {
		pid = worst->pid;
		memcpy(name, worst->name, sizeof(name));
		signal_send_locked(worst, SIGKILL, NULL);
		list_for_each_entry (t, &worst->threads, proc_link)
			sched_hurry(t);
	}
	spin_unlock(&proc_tree.lock);
	if (worst) /* a console may be slow: with no lock held */
		pr_err("out of memory: killing %s[%d], which holds %lu KiB\n",
		       name, pid, most * 4);
	return worst || dying;
}

void oom_kill(void)
{
	kill_most(false);
}

bool oom_kill_other(void)
{
	return kill_most(true);
}
