/*
 * The end of threads and processes, and waiting for it.
 *
 * A thread that ends gives back what it alone has; the last of a process gives
 * back what they shared, hands the children to init, and leaves a zombie: the
 * few words that wait wants. After `zombie` is set (under proc_tree.lock) the
 * process may vanish at any time, so its last thread does not look at it again.
 */
#include "fs/fdtable.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/futex.h"
#include "kernel/abi/ptrace.h"
#include "kernel/abi/time.h"
#include "kernel/abi/wait.h"
#include "kernel/dev/tty.h"
#include "kernel/futex.h"
#include "kernel/init.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/sigtimer.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/users.h"

/* Off the tree for good; proc_tree.lock held, then freed without it. */
static void reap_locked(struct proc *p)
{
	proc_remove_locked(p);
	list_del_init(&p->sibling);
}

static void reaped_free(struct proc *p)
{
	sigactions_put(p->actions);
	proc_free(p);
}

static clock_t clock_ticks(uint64_t ticks)
{
	return (clock_t)(ticks_to_time(ticks) / (NSEC_PER_SEC / ABI_CLK_TCK));
}

void proc_child_info(const struct proc *p, int code, int status,
		     struct siginfo *info)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_code = code;
	info->si_pid = p->pid;
	info->si_uid = p->cred.uid;
	info->si_status = status;
	info->si_utime = clock_ticks(p->run_ticks);
}

/* True: the parent will not wait, so p is to be reaped. A SIGCHLD that it
 * ignores is not sent, so none waits where it is blocked as well. */
static bool notify_parent(struct proc *p)
{
	int status = p->exit_status;
	bool deaf = false, unwanted = false;
	struct siginfo info;

	if (p->exit_signal == SIGCHLD) {
		struct sigaction act = signal_action(p->parent, SIGCHLD);

		deaf = act.sa_handler == SIG_IGN;
		unwanted = deaf || act.sa_flags & SA_NOCLDWAIT;
	}
	if (WIFEXITED(status))
		proc_child_info(p, CLD_EXITED, WEXITSTATUS(status), &info);
	else
		proc_child_info(p, CLD_KILLED, WTERMSIG(status), &info);
	info.si_signo = p->exit_signal;
	if (p->exit_signal && !deaf)
		signal_send_locked(p->parent, p->exit_signal, &info);
	wait_wake_all(&p->parent->child_wait);
	return unwanted;
}

/* The children go to init; those that are zombies already, init is told of. If
 * it ignores that too, they are gone. */
static void give_children_away(struct proc *p)
{
	struct proc *c, *next, *init = proc_tree.init;

	list_for_each_entry_safe(c, next, &p->children, sibling) {
		list_del(&c->sibling);
		list_add_tail(&c->sibling, &init->children);
		c->parent = init;
		c->ppid = init->pid;
		c->exit_signal = SIGCHLD;
		if (c->pgid != p->pgid && c->sid == p->sid)
			proc_orphan_group_locked(c->pgid, c->sid, NULL);
		if (c->zombie && notify_parent(c)) {
			reap_locked(c);
			reaped_free(c);
		}
	}
}

/* The last thread is here: all that the process owned goes. */
static void proc_end(struct proc *p, struct thread *t)
{
	bool orphaning, auto_reap;
	struct fdtable *files;
	struct fs_context *fs;
	struct vmspace *vs;

	if (p->pid == p->sid && p->leads_tty)
		tty_session_end(p->pid, p->hung_pgrp);
	vfork_finish(p);
	sigtimer_end(p, true);
	spin_lock(&proc_tree.lock); /* /proc may be looking at us */
	files = p->files;
	vs = p->vmspace;
	p->files = NULL;
	p->vmspace = NULL;
	spin_unlock(&proc_tree.lock);
	fdtable_put(files); /* releasing files may ask for our directories */
	vmspace_put(vs);
	/* Before anybody hears of the end: who waited may unmount. */
	spin_lock(&proc_tree.lock);
	fs = p->fs;
	p->fs = NULL;
	spin_unlock(&proc_tree.lock);
	fs_context_put(fs);

	spin_lock(&proc_tree.lock);
	trace_end_locked(p);
	give_children_away(p);
	p->exit_status = p->group_exit ? p->group_status : t->exit_code;
	/* What was sent since; from here on nobody sends. */
	signal_flush(p);
	orphaning = p->parent->pgid != p->pgid && p->parent->sid == p->sid;
	p->zombie = true;
	if (orphaning)
		proc_orphan_group_locked(p->pgid, p->sid, p);
	trace_proc_gone_locked(p);
	auto_reap = notify_parent(p);
	t->proc = NULL;
	t->cred = NULL;
	if (auto_reap)
		reap_locked(p);
	spin_unlock(&proc_tree.lock);
	if (auto_reap)
		reaped_free(p);
}

static void clear_tid(struct thread *t)
{
	uint32_t zero = 0;

	if (!t->clear_child_tid || !t->vmspace)
		return;
	if (!put_user(zero, t->clear_child_tid))
		futex_wake_address(t->clear_child_tid, 1);
}

void thread_exit(void)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct vmspace *vs = t->vmspace;

	if (p) {
		bool last;

		/* Who is killed, by whomever, waits for no tracer. */
		if (t->exit_code != SIGKILL)
			trace_event(PTRACE_EVENT_EXIT, (uint64_t)t->exit_code);
		futex_exit_robust(t);
		clear_tid(t);
		/* From here on it is in no address space: what runs next on
		 * this hart may borrow the old one, with its own reference. */
		t->vmspace = NULL;
		vmspace_put(vs);
		spin_lock(&proc_tree.lock);
		if (p == proc_tree.init && p->nthreads == 1) {
			spin_unlock(&proc_tree.lock);
			t->vmspace = p->vmspace; /* once more */
			vmspace_get(t->vmspace);
			init_restart(p->group_exit ? p->group_status :
						     t->exit_code);
		}
		p->run_ticks += t->run_ticks + (rdtime() - t->run_start);
		last = thread_remove_locked(t);
		signal_thread_gone_locked(p, t);
		trace_thread_gone_locked(p, t);
		if (!last) {
			t->proc = NULL;
			t->cred = NULL;
			user_drop_locked(p->user);
			fdtable_leave(p->files);
			wait_wake_all(&p->stop_wait); /* exec may wait */
		}
		spin_unlock(&proc_tree.lock);
		if (last)
			proc_end(p, t);
	}
	t->work = 0;
	WRITE_ONCE(t->state, THREAD_DEAD);
	schedule();
	panic("a dead thread runs");
}

/* Sets the end in motion for all threads but the caller; both locks held. */
static void end_others(struct proc *p)
{
	struct thread *t;

	p->stopped = false;
	p->stop_untold = 0;
	wait_wake_all(&p->stop_wait);
	list_for_each_entry(t, &p->threads, proc_link) {
		if (t == current_thread())
			continue;
		__atomic_fetch_or(&t->work, WORK_EXIT, __ATOMIC_SEQ_CST);
		thread_wake_for_signal(t, true);
	}
}

void proc_decide_end_locked(struct proc *p, int status)
{
	if (p->group_exit && !p->group_exec)
		return;
	p->group_exit = true;
	p->group_exec = false;
	p->group_status = status;
}

void proc_exit_group(int status)
{
	struct proc *p = current_proc();

	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	proc_decide_end_locked(p, status);
	end_others(p);
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
	current_thread()->exit_code = status;
	thread_exit();
}

int proc_kill_other_threads(void)
{
	struct proc *p = current_proc();
	bool alone;

	if (READ_ONCE(p->nthreads) == 1)
		return 0;
	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	alone = !p->group_exit;
	if (alone) {
		p->group_exit = p->group_exec = true;
		end_others(p);
	}
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
	if (!alone)
		return -EINTR;
	wait_event(&p->stop_wait, READ_ONCE(p->nthreads) == 1);
	spin_lock(&p->sig_lock);
	alone = p->group_exec;
	if (alone)
		p->group_exit = p->group_exec = false;
	spin_unlock(&p->sig_lock);
	return alone ? 0 : -EINTR;
}

SYSCALL1(exit, int, status)
{
	current_thread()->exit_code = (status & 0xff) << 8;
	thread_exit();
}

SYSCALL1(exit_group, int, status)
{
	proc_exit_group((status & 0xff) << 8);
}

/* ---- waiting ---- */

/* Which children; all threads of a process share theirs, so __WNOTHREAD makes no
 * difference. */
#define WAIT_KINDS ((int)(__WNOTHREAD | __WALL | __WCLONE))

struct wait_result {
	int pid;
	int status;
	bool trapped; /* a tracee has stopped */
	uid_t uid;
	struct rusage usage;
};

static void usage_of(const struct proc *c, struct rusage *ru)
{
	uint64_t ns = ticks_to_time(c->run_ticks + c->child_ticks);

	memset(ru, 0, sizeof(*ru));
	ru->ru_utime.tv_sec = (time_t)(ns / NSEC_PER_SEC);
	ru->ru_utime.tv_usec = (suseconds_t)(ns % NSEC_PER_SEC / 1000);
}

/* idtype as waitid's; P_PGID with id is the group. A child whose end is told by
 * another signal than SIGCHLD, or none, is waited for by those who say so. */
static bool is_wanted(const struct proc *c, int idtype, int id, int options)
{
	if (!(options & __WALL) && (c->exit_signal != SIGCHLD) !=
					   !!(options & (int)__WCLONE))
		return false;
	switch (idtype) {
	case P_ALL:
		return true;
	case P_PID:
		return c->pid == id;
	default:
		return c->pgid == id;
	}
}

/* What there is to report of this child, of what options name: a status as
 * wait4 gives it. Not if it is only looked at, it is reported once. */
static bool report_of(struct proc *c, int options, int *status)
{
	bool keep = options & WNOWAIT;

	if (c->zombie) {
		*status = c->exit_status;
		return true;
	}
	if (c->stop_report && options & WSTOPPED) {
		*status = c->stop_report;
		if (!keep)
			c->stop_report = 0;
		return true;
	}
	if (c->continue_report && options & WCONTINUED) {
		*status = ABI_W_CONTINUED;
		if (!keep)
			c->continue_report = false;
		return true;
	}
	return false;
}

/*
 * Looks once at the children; proc_tree.lock held. 1: *out is filled (and
 * *reaped is to be freed, if set); 0: nothing yet; -ECHILD.
 */
static int look_at_children(struct proc *p, int idtype, int id, int options,
			    struct wait_result *out, struct proc **reaped)
{
	struct proc *c;
	bool any = false;

	list_for_each_entry(c, &p->children, sibling) {
		if (!is_wanted(c, idtype, id, options) ||
		    (c->zombie && !(options & WEXITED)))
			continue;
		any = true;
		if (!report_of(c, options, &out->status))
			continue;
		out->pid = c->pid;
		out->uid = c->cred.uid;
		usage_of(c, &out->usage);
		if (c->zombie && !(options & WNOWAIT)) {
			p->child_ticks += c->run_ticks + c->child_ticks;
			reap_locked(c);
			*reaped = c;
		}
		return 1;
	}
	return any ? 0 : -ECHILD;
}

/* ... and at those whom p traces; the threads of a child before the child. */
static int look_at_all(struct proc *p, int idtype, int id, int options,
		       struct wait_result *out, struct proc **reaped)
{
	int traced = -ECHILD, res;
	struct trace r;

	if (!list_empty(&p->tracees))
		traced = trace_wait_locked(p, idtype, id, options, &r);
	if (traced != 1) {
		out->trapped = false;
		res = look_at_children(p, idtype, id, options, out, reaped);
		return res == 1 ? res : res && traced ? -ECHILD : 0;
	}
	out->pid = r.tid;
	out->status = r.status;
	out->trapped = !r.dead;
	out->uid = r.uid;
	if (r.proc)
		usage_of(r.proc, &out->usage);
	else
		memset(&out->usage, 0, sizeof(out->usage));
	return 1;
}

/* Result as look_at_children, or -EINTR. */
static int do_wait(int idtype, int id, int options, struct wait_result *out)
{
	struct proc *p = current_proc(), *reaped = NULL;
	int res;

	spin_lock(&proc_tree.lock);
	for (;;) {
		res = look_at_all(p, idtype, id, options, out, &reaped);
		if (res || options & WNOHANG)
			break;
		res = wait_sleep(&p->child_wait, &proc_tree.lock,
				 WAIT_INTERRUPTIBLE, WAIT_FOREVER);
		if (res) {
			/* A child may have ended at the same time. */
			if (look_at_all(p, idtype, id, options, out, &reaped) ==
			    1)
				res = 1;
			break;
		}
	}
	spin_unlock(&proc_tree.lock);
	if (reaped)
		reaped_free(reaped);
	return res;
}

SYSCALL4(wait4, int, pid, uaddr_t, ustatus, int, options, uaddr_t, urusage)
{
	struct wait_result r;
	int idtype = P_PID, id = pid, res;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WAIT_KINDS))
		return -EINVAL;
	if (pid == -1) {
		idtype = P_ALL;
	} else if (pid <= 0) {
		if (pid == INT32_MIN)
			return -ESRCH;
		idtype = P_PGID;
		id = pid ? -pid : current_proc()->pgid;
	}
	/* A bad pointer is told before the child is gone. */
	if (ustatus && fault_in_user(ustatus, sizeof(int), true))
		return -EFAULT;
	res = do_wait(idtype, id, options | WEXITED, &r);
	if (res <= 0)
		return res;
	if (ustatus && put_user(r.status, ustatus))
		return -EFAULT;
	if (urusage && put_user(r.usage, urusage))
		return -EFAULT;
	return r.pid;
}

SYSCALL5(waitid, int, idtype, int, id, uaddr_t, uinfo, int, options, uaddr_t,
	 urusage)
{
	struct siginfo info;
	struct wait_result r;
	int res;

	if (idtype != P_ALL && idtype != P_PID && idtype != P_PGID)
		return -EINVAL;
	if (idtype != P_ALL && id < (idtype == P_PGID ? 0 : 1))
		return -EINVAL;
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) ||
	    options & ~(WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT |
			WAIT_KINDS))
		return -EINVAL;
	if (idtype == P_PGID && !id)
		id = current_proc()->pgid;
	if (uinfo && fault_in_user(uinfo, sizeof(info), true))
		return -EFAULT;
	res = do_wait(idtype, id, options, &r);
	if (res < 0)
		return res;
	memset(&info, 0, sizeof(info));
	if (res) {
		info.si_signo = SIGCHLD;
		info.si_pid = r.pid;
		info.si_uid = r.uid;
		if (r.status == 0xffff) {
			info.si_code = CLD_CONTINUED;
			info.si_status = SIGCONT;
		} else if ((r.status & 0xff) == 0x7f) {
			info.si_code = r.trapped ? CLD_TRAPPED : CLD_STOPPED;
			info.si_status = r.status >> 8;
		} else if (WIFEXITED(r.status)) {
			info.si_code = CLD_EXITED;
			info.si_status = WEXITSTATUS(r.status);
		} else {
			info.si_code = CLD_KILLED;
			info.si_status = WTERMSIG(r.status);
		}
		if (urusage && put_user(r.usage, urusage))
			return -EFAULT;
	}
	if (uinfo && put_user(info, uinfo))
		return -EFAULT;
	return 0;
}
