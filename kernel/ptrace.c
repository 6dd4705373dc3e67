/*
 * How threads that are traced stop, and what becomes of their records when
 * somebody begins or ends. ptrace.h says who owns what; the requests of tracers
 * are in sys_ptrace.c.
 *
 * As on Linux, but what has ended is told to the tracer and to the parent at
 * the same time.
 */
#include "kernel/ptrace.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/ptrace.h"
#include "kernel/abi/sched.h"
#include "kernel/abi/wait.h"
#include "kernel/mm/slab.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"

/* ---- records ---- */

struct trace *trace_alloc(void)
{
	struct trace *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (r) {
		list_init(&r->link);
		wait_queue_init(&r->wait);
	}
	return r;
}

static void record_drop(struct trace *r)
{
	if (r->dead)
		r->tracer->dead_tracees--;
	list_del(&r->link);
	kfree(r);
}

void trace_begin_locked(struct trace *r, struct thread *t, struct proc *tracer)
{
	r->thread = t;
	r->proc = t->proc;
	r->tid = t->tid;
	r->tracer = tracer;
	list_add_tail(&r->link, &tracer->tracees);
	__atomic_store_n(&t->trace, r, __ATOMIC_RELEASE);
}

void trace_show_calls_locked(struct thread *t, bool stops, bool inside)
{
	if (stops && inside)
		__atomic_fetch_or(&t->work, WORK_TRACE, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&t->work, ~WORK_TRACE, __ATOMIC_SEQ_CST);
	WRITE_ONCE(t->call_limit, stops ? 0 : SYSCALL_TABLE_SIZE);
}

void trace_resume_locked(struct trace *r)
{
	r->stopped = r->listening = r->untold = false;
	wait_wake_all(&r->wait);
}

void trace_make_look_locked(struct trace *r)
{
	spin_lock(&r->proc->sig_lock);
	signal_tell_thread(r->thread, SIGSTOP);
	spin_unlock(&r->proc->sig_lock);
}

void trace_let_go_locked(struct trace *r)
{
	list_del_init(&r->link);
	r->tracer = NULL;
	r->options = 0;
	r->seized = r->interrupt = r->notify = r->passed = false;
	trace_show_calls_locked(r->thread, false, false);
	trace_resume_locked(r);
	if (r->proc->stopped)
		trace_make_look_locked(r);
}

bool trace_is_traced_locked(const struct proc *p, const struct proc *by)
{
	struct thread *t;

	list_for_each_entry (t, &p->threads, proc_link)
		if (thread_traced(t) && (!by || t->trace->tracer == by))
			return true;
	return false;
}

bool trace_holds_ids_locked(const struct proc *p)
{
	struct thread *t;

	list_for_each_entry (t, &p->threads, proc_link)
		if (thread_traced(t) && !t->trace->privileged)
			return true;
	return false;
}

/* ---- stopping ---- */

static void tell_tracer(struct trace *r, int code)
{
	struct proc *tracer = r->tracer;
	struct siginfo info = { .si_signo = SIGCHLD, .si_code = code };
	bool silent;

	info.si_pid = r->tid;
	info.si_uid = r->uid;
	info.si_status = code == CLD_EXITED   ? WEXITSTATUS(r->status)
			 : code == CLD_KILLED ? WTERMSIG(r->status)
					      : r->status >> 8 & 0x7f;
	spin_lock(&tracer->sig_lock);
	silent = code == CLD_TRAPPED &&
		 tracer->actions->action[SIGCHLD].sa_flags & SA_NOCLDSTOP;
	spin_unlock(&tracer->sig_lock);
	if (!silent)
		signal_send_locked(tracer, SIGCHLD, &info);
	wait_wake_all(&tracer->child_wait);
}

/* The FP registers go to where a tracer finds them, and come from there: it may
 * look before this thread has left its hart. */
static void fp_lend(struct thread *t)
{
	if (t->fp && (csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY) {
		fp_save(t->fp);
		csr_clear(sstatus, SSTATUS_FS);
		csr_set(sstatus, SSTATUS_FS_CLEAN);
	}
}

static void fp_take_back(struct thread *t)
{
	if (t->fp) {
		csr_set(sstatus, SSTATUS_FS_INIT);
		fp_restore(t->fp);
		csr_clear(sstatus, SSTATUS_FS);
		csr_set(sstatus, SSTATUS_FS_CLEAN);
	}
}

/*
 * The current thread stops until it may go on. status: what stands above 0x7f
 * in the word that wait gives. proc_tree.lock held; it is let go meanwhile. The
 * caller looks at r->resume_signal. False: it did not stop.
 */
static bool stop_locked(struct trace *r, enum trace_at at, int status)
{
	struct thread *t = current_thread();

	if (!r || !r->tracer || signal_fatal_pending(t))
		return false;
	r->interrupt = false;
	if (at >= TRACE_AT_STOP)
		r->notify = false;
	r->at = (uint8_t)at;
	r->status = status << 8 | 0x7f;
	r->uid = t->proc->cred.uid;
	if (at == TRACE_AT_ENTRY || at == TRACE_AT_EXIT)
		r->message = at == TRACE_AT_EXIT ? 2 : 1;
	if (at != TRACE_AT_SIGNAL) {
		struct siginfo info = { .si_signo = SIGTRAP };

		info.si_signo = status & 0x7f;
		info.si_code = status;
		info.si_pid = t->tid;
		info.si_uid = t->proc->cred.uid;
		r->info = *(struct siginfo_kept *)&info;
		r->resume_signal = 0;
	}
	fp_lend(t);
	r->stopped = r->untold = true;
	tell_tracer(r, CLD_TRAPPED);
	while (r->stopped && !signal_fatal_pending(t))
		wait_sleep(&r->wait, &proc_tree.lock, WAIT_KILLABLE,
			   WAIT_FOREVER);
	r->stopped = r->listening = r->untold = false;
	fp_take_back(t);
	return true;
}

/* What the tracer lets it go on with, if that is no signal's stop. */
static void take_signal_given(struct trace *r)
{
	struct siginfo info = { .si_signo = r->resume_signal,
				.si_code = SI_USER };

	if (!r->resume_signal || !r->tracer)
		return;
	info.si_pid = r->tracer->pid;
	info.si_uid = r->tracer->cred.uid;
	signal_send_thread_locked(current_thread(), r->resume_signal, &info);
	r->resume_signal = 0;
}

static void stop_at(enum trace_at at, int status)
{
	struct trace *r = current_thread()->trace;

	spin_lock(&proc_tree.lock);
	if (stop_locked(r, at, status))
		take_signal_given(r);
	spin_unlock(&proc_tree.lock);
}

int trace_signal(int sig, struct siginfo_kept *info)
{
	struct thread *t = current_thread();
	struct trace *r = t->trace;

	spin_lock(&proc_tree.lock);
	r->info = *info;
	r->resume_signal = (uint8_t)sig; /* if the tracer ends */
	if (!stop_locked(r, TRACE_AT_SIGNAL, sig)) {
		spin_unlock(&proc_tree.lock);
		return sig;
	}
	*info = r->info;
	if (r->resume_signal != sig) {
		struct siginfo other = { .si_signo = r->resume_signal,
					 .si_code = SI_USER };

		if (r->tracer) {
			other.si_pid = r->tracer->pid;
			other.si_uid = r->tracer->cred.uid;
		}
		*info = *(struct siginfo_kept *)&other;
	}
	sig = r->resume_signal;
	if (sig && sig != SIGKILL && signal_is_blocked(t, sig)) {
		struct siginfo later = { 0 };

		*(struct siginfo_kept *)&later = *info;
		signal_send_thread_locked(t, sig, &later);
		sig = 0;
	}
	spin_unlock(&proc_tree.lock);
	return sig;
}

void trace_syscall(enum trace_at at)
{
	struct trace *r = current_thread()->trace;

	__atomic_fetch_and(&current_thread()->work, ~WORK_TRACE,
			   __ATOMIC_SEQ_CST);
	stop_at(at,
		r->options & PTRACE_O_TRACESYSGOOD ? SIGTRAP | 0x80 : SIGTRAP);
}

bool trace_event(unsigned event, uint64_t message)
{
	struct trace *r = current_thread()->trace;
	bool wanted;

	if (!r)
		return false;
	spin_lock(&proc_tree.lock);
	wanted = r->options >> event & 1;
	if (wanted) {
		r->message = message;
		if (stop_locked(r, TRACE_AT_EVENT, (int)(SIGTRAP | event << 8)))
			take_signal_given(r);
	}
	spin_unlock(&proc_tree.lock);
	return wanted;
}

void trace_exec(int tid)
{
	struct thread *t = current_thread();

	if (!trace_event(PTRACE_EVENT_EXEC, (uint64_t)tid) &&
	    thread_traced(t) && !t->trace->seized)
		host_send_signal(SIGTRAP);
}

void trace_stop(void)
{
	stop_at(TRACE_AT_STOP, SIGTRAP | PTRACE_EVENT_STOP << 8);
}

void trace_group_stop(int sig)
{
	struct thread *t = current_thread();
	struct trace *r = t->trace;
	bool stops;

	spin_lock(&proc_tree.lock);
	/* Else SIGCONT was quicker: who listens would not hear of it again. */
	stops = trace_joins_stop(t);
	if (stops && r->seized)
		stops = stop_locked(r, TRACE_AT_STOP,
				    sig | PTRACE_EVENT_STOP << 8);
	else if (stops)
		stops = stop_locked(r, TRACE_AT_GROUP, sig);
	if (stops)
		take_signal_given(r);
	spin_unlock(&proc_tree.lock);
}

/* ---- threads that come and go ---- */

int trace_clone(uint64_t flags, struct trace **out)
{
	const struct trace *r = current_thread()->trace;
	unsigned event = PTRACE_EVENT_FORK;

	*out = NULL;
	if (!thread_traced(current_thread()) || flags & CLONE_UNTRACED)
		return 0;
	if (flags & CLONE_VFORK)
		event = PTRACE_EVENT_VFORK;
	else if ((flags & CSIGNAL) != SIGCHLD)
		event = PTRACE_EVENT_CLONE;
	if (!(r->options >> event & 1))
		event = 0;
	if (!event && !(flags & CLONE_PTRACE))
		return 0;
	*out = trace_alloc();
	return *out ? (int)event : -ENOMEM;
}

void trace_child_locked(struct thread *t, struct trace *r)
{
	const struct trace *mine = current_thread()->trace;

	if (!r)
		return;
	if (!mine->tracer) { /* it has ended meanwhile */
		kfree(r);
		return;
	}
	r->options = mine->options;
	r->seized = mine->seized;
	r->privileged = mine->privileged;
	trace_begin_locked(r, t, mine->tracer);
	r->interrupt = r->seized;
	if (r->seized)
		trace_make_look_locked(r);
	else
		signal_send_thread_locked(t, SIGSTOP, NULL);
}

/* What has ended is told once more at the end of the list: behind its other
 * threads. A tracer that never waits is told of as many as it may have
 * processes. */
static void tell_death(struct trace *r)
{
	struct proc *tracer = r->tracer;

	if (tracer->dead_tracees >= tracer->rlimits[RLIMIT_NPROC].rlim_cur) {
		wait_wake_all(&tracer->child_wait);
		record_drop(r);
		return;
	}
	tracer->dead_tracees++;
	r->uid = r->proc->cred.uid;
	r->pgid = r->proc->pgid;
	r->proc = NULL;
	r->dead = r->untold = true;
	list_del(&r->link);
	list_add_tail(&r->link, &tracer->tracees);
	tell_tracer(r, WIFEXITED(r->status) ? CLD_EXITED : CLD_KILLED);
}

void trace_thread_gone_locked(struct proc *p, struct thread *t)
{
	struct trace *r = t->trace;

	if (!r)
		return;
	t->trace = NULL;
	if (!r->tracer) {
		kfree(r);
		return;
	}
	r->thread = NULL;
	r->stopped = r->untold = false;
	r->status = p->group_exit && !p->group_exec ? p->group_status
						    : t->exit_code;
	if (r->tid == p->pid)
		p->first_trace = r; /* it stands for the whole process */
	else
		tell_death(r);
}

void trace_proc_gone_locked(struct proc *p)
{
	struct trace *r = p->first_trace;

	if (!r)
		return;
	p->first_trace = NULL;
	r->status = p->exit_status;
	if (r->tracer == p->parent)
		record_drop(r); /* it hears of its child as of any other */
	else
		tell_death(r);
}

void trace_renamed_locked(struct proc *p)
{
	struct trace *r = p->first_trace;

	if (r) {
		wait_wake_all(&r->tracer->child_wait);
		record_drop(r);
		p->first_trace = NULL;
	}
	if (current_thread()->trace)
		current_thread()->trace->tid = p->pid;
}

void trace_end_locked(struct proc *p)
{
	struct trace *r, *next;

	list_for_each_entry_safe (r, next, &p->tracees, link) {
		if (r->thread) {
			bool kill = r->options & PTRACE_O_EXITKILL;

			trace_let_go_locked(r);
			if (kill)
				signal_send_locked(r->proc, SIGKILL, NULL);
			continue;
		}
		if (r->proc)
			r->proc->first_trace = NULL;
		record_drop(r);
	}
}

void trace_continued_locked(struct proc *p)
{
	struct thread *t;

	list_for_each_entry (t, &p->threads, proc_link) {
		struct trace *r = t->trace;

		if (!r || !r->tracer)
			continue;
		r->passed = false;
		if (!r->seized)
			continue;
		r->notify = true;
		if (r->listening)
			trace_resume_locked(r);
		signal_tell_thread(t, SIGCONT);
	}
}

/* ---- the tracer's wait ---- */

static bool is_wanted(const struct trace *r, int idtype, int id)
{
	if (idtype == P_PID)
		return r->tid == id;
	return idtype == P_ALL || (r->proc ? r->proc->pgid : r->pgid) == id;
}

int trace_wait_locked(struct proc *p, int idtype, int id, int options,
		      struct trace *out)
{
	struct trace *r;
	bool any = false;

	list_for_each_entry (r, &p->tracees, link) {
		if (!is_wanted(r, idtype, id))
			continue;
		any = true;
		if (!r->untold || (r->dead && !(options & WEXITED)))
			continue;
		*out = *r;
		if (options & WNOWAIT)
			return 1;
		r->untold = false;
		if (r->dead)
			record_drop(r);
		return 1;
	}
	return any ? 0 : -ECHILD;
}
