/*
 * Job control: processes that are stopped and continued, and the groups that
 * a shell moves between foreground and background. A group that nobody could
 * continue is orphaned: its members do not stop at the terminal's word, and
 * those that are stopped when it becomes one are hung up.
 *
 * The first thread that takes the signal tells the others to stop. The parent
 * hears of it from the last one that does: until then some of the program runs.
 */
#include "kernel/abi/errno.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/wait.h"

int jobs_continue_locked(struct proc *p)
{
	int code = p->stop_untold ? CLD_STOPPED : CLD_CONTINUED;

	p->continues++;
	signal_discard_all_locked(p, SIG_STOPS);
	if (!p->stopped)
		return 0;
	p->stopped = false;
	p->stop_untold = 0;
	p->stop_report = 0;
	wait_wake_all(&p->stop_wait);
	trace_continued_locked(p);
	return code;
}

bool jobs_stopped_locked(struct proc *p)
{
	if (!p->stop_untold || !p->nthreads || p->nstopped < p->nthreads)
		return false;
	if (trace_is_traced_locked(p, p->parent)) {
		p->stop_untold = 0; /* a tracer hears of each thread's */
		return false;
	}
	p->stop_report = p->stop_untold << 8 | 0x7f;
	p->continue_report = false;
	p->stop_untold = 0;
	return true;
}

void jobs_tell_parent_locked(struct proc *p, int code, int status)
{
	struct proc *parent = p->parent;
	struct sigaction act;
	struct siginfo info;

	if (!parent)
		return;
	act = signal_action(parent, SIGCHLD);
	if (act.sa_handler != SIG_IGN && !(act.sa_flags & SA_NOCLDSTOP)) {
		proc_child_info(p, code, status, &info);
		signal_send_locked(parent, SIGCHLD, &info);
	}
	wait_wake_all(&parent->child_wait);
}

/* See proc_group_is_orphaned. leaving: one who does not count any more, or
 * NULL. */
static bool group_is_orphaned(int pgid, int sid, const struct proc *leaving)
{
	struct proc *p;

	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->pgid != pgid || p == leaving || p->zombie || !p->parent)
			continue;
		if (p->parent->pgid != pgid && p->parent->sid == sid)
			return false;
	}
	return true;
}

bool proc_group_is_orphaned(int pgid, int sid)
{
	bool orphaned;

	spin_lock(&proc_tree.lock);
	orphaned = group_is_orphaned(pgid, sid, NULL);
	spin_unlock(&proc_tree.lock);
	return orphaned;
}

static bool group_has_stopped(int pgid)
{
	struct proc *p;

	list_for_each_entry (p, &proc_tree.all, all_link)
		if (p->pgid == pgid && p->stopped)
			return true;
	return false;
}

static void signal_group_locked(int pgid, int sig)
{
	struct proc *p;

	list_for_each_entry (p, &proc_tree.all, all_link)
		if (p->pgid == pgid)
			signal_send_many_locked(p, sig, NULL);
}

void proc_orphan_group_locked(int pgid, int sid, const struct proc *leaving)
{
	if (!group_has_stopped(pgid) || !group_is_orphaned(pgid, sid, leaving))
		return;
	signal_group_locked(pgid, SIGHUP);
	signal_group_locked(pgid, SIGCONT);
}

void proc_signal_group(int pgid, int sig)
{
	spin_lock(&proc_tree.lock);
	signal_group_locked(pgid, sig);
	spin_unlock(&proc_tree.lock);
}

int proc_stop_background(int sig)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	bool deaf;

	if (p->pid == 1)
		return 0;
	spin_lock(&p->sig_lock);
	deaf = signal_is_blocked(t, sig) || signal_is_ignored(p, sig);
	spin_unlock(&p->sig_lock);
	if (deaf)
		return sig == SIGTTIN ? -EIO : 0;
	if (proc_group_is_orphaned(p->pgid, p->sid))
		return -EIO;
	proc_signal_group(p->pgid, sig);
	return -EINTR;
}
/* Whoever could be continued by nobody does not stop at a terminal's word. */
static bool may_stop(struct proc *p, int sig, unsigned continues)
{
	if (p->stopped || p->group_exit || p->continues != continues)
		return false;
	return sig == SIGSTOP || !group_is_orphaned(p->pgid, p->sid, NULL);
}

void jobs_stop_here(struct proc *p, int sig, unsigned continues)
{
	struct thread *self = current_thread(), *t;

	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	if (sig)
		p->stopping--;
	if (sig && may_stop(p, sig, continues)) {
		p->stopped = true;
		p->stop_untold = p->stop_signal = sig;
		list_for_each_entry (t, &p->threads, proc_link)
			if (t != self)
				signal_tell_thread(t, SIGSTOP);
	}
	if (sig && self->trace)
		self->trace->passed = false;
	p->nstopped++;
	if (jobs_stopped_locked(p)) {
		spin_unlock(&p->sig_lock);
		jobs_tell_parent_locked(p, CLD_STOPPED, p->stop_report >> 8);
		spin_lock(&p->sig_lock);
	}
	spin_unlock(&proc_tree.lock);
	while (trace_joins_stop(self) && !signal_fatal_pending(self)) {
		if (!thread_traced(self)) {
			wait_sleep(&p->stop_wait, &p->sig_lock, WAIT_KILLABLE,
				   WAIT_FOREVER);
			continue;
		}
		sig = p->stop_signal;
		spin_unlock(&p->sig_lock);
		trace_group_stop(sig);
		spin_lock(&p->sig_lock);
	}
	p->nstopped--;
	signal_recalc(self);
	spin_unlock(&p->sig_lock);
}
