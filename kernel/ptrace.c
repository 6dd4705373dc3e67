/*
 * ptrace: how a thread that is traced stops, and what its tracer may do with it
 * then. ptrace.h says who owns what.
 *
 * As on Linux, but: any thread of the tracer may make the requests, and what
 * has ended is told to the tracer and to the parent at the same time. There is
 * no step by single instructions: riscv64 has no such thing, and debuggers put
 * a breakpoint behind the instruction instead.
 *
 * Nothing that a tracer writes needs to be believed. Registers are the 32 that
 * a program sets for itself; the program counter may be anything, and faults in
 * user mode if it is nonsense. Memory is written as the program could, or into
 * a private copy.
 */
#include "kernel/ptrace.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/ptrace.h"
#include "kernel/abi/sched.h"
#include "kernel/abi/uio.h"
#include "kernel/abi/wait.h"
#include "kernel/cpu.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

#define KNOWN_OPTIONS (0x7fu | PTRACE_O_EXITKILL)

/* ---- records ---- */

static struct trace *record_alloc(void)
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
	list_del(&r->link);
	kfree(r);
}

/* t is traced from now on; r is its record already or becomes that. */
static void begin(struct trace *r, struct thread *t, struct proc *tracer)
{
	r->thread = t;
	r->proc = t->proc;
	r->tid = t->tid;
	r->tracer = tracer;
	list_add_tail(&r->link, &tracer->tracees);
	__atomic_store_n(&t->trace, r, __ATOMIC_RELEASE);
}

/* Whether the thread stops at its next system calls. */
static void set_calls(struct thread *t, bool stops)
{
	if (stops)
		__atomic_fetch_or(&t->work, WORK_TRACE, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&t->work, ~WORK_TRACE, __ATOMIC_SEQ_CST);
	WRITE_ONCE(t->call_limit, stops ? 0 : SYSCALL_TABLE_SIZE);
}

static void resume(struct trace *r)
{
	r->stopped = r->listening = r->untold = false;
	wait_wake_all(&r->wait);
}

/* It looks on its way to user mode, even if it has to leave a sleep. */
static void make_look(struct trace *r)
{
	spin_lock(&r->proc->sig_lock);
	signal_tell_thread(r->thread, SIGSTOP);
	spin_unlock(&r->proc->sig_lock);
}

/* The thread goes its own way. One whose process is stopped stops. */
static void let_go(struct trace *r)
{
	list_del_init(&r->link);
	r->tracer = NULL;
	r->options = 0;
	r->seized = r->interrupt = r->notify = r->passed = false;
	set_calls(r->thread, false);
	resume(r);
	if (r->proc->stopped)
		make_look(r);
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
	info.si_status = code == CLD_EXITED ? WEXITSTATUS(r->status) :
			 code == CLD_KILLED ? WTERMSIG(r->status) :
					      r->status >> 8 & 0x7f;
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

	stop_at(at, r->options & PTRACE_O_TRACESYSGOOD ? SIGTRAP | 0x80 :
							 SIGTRAP);
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
		if (stop_locked(r, TRACE_AT_EVENT,
				(int)(SIGTRAP | event << 8)))
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
	struct trace *r = current_thread()->trace;

	if (r->seized)
		stop_at(TRACE_AT_STOP, sig | PTRACE_EVENT_STOP << 8);
	else
		stop_at(TRACE_AT_GROUP, sig);
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
	*out = record_alloc();
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
	begin(r, t, mine->tracer);
	r->interrupt = r->seized;
	if (r->seized)
		make_look(r);
	else
		signal_send_thread_locked(t, SIGSTOP, NULL);
}

/* What has ended is told once more at the end of the list: behind its other
 * threads. */
static void tell_death(struct trace *r)
{
	r->uid = r->proc->cred.uid;
	r->pgid = r->proc->pgid;
	r->proc = NULL;
	r->dead = r->untold = true;
	list_del(&r->link);
	list_add_tail(&r->link, &r->tracer->tracees);
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
	r->status = p->group_exit && !p->group_exec ? p->group_status :
						      t->exit_code;
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

			let_go(r);
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
			resume(r);
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

/* ---- who may ---- */

/* Whoever has no right that the tracer has not; with init nobody may. The
 * tracer's real ids count: those of the user who runs it. */
static bool may_trace(const struct proc *tracer, const struct proc *p)
{
	const struct cred *c = &tracer->cred, *o = &p->cred;

	if (p->pid == 1 || tracer->pid == 1 || tracer == p)
		return false;
	if (!c->euid)
		return true;
	return c->uid == o->uid && c->uid == o->euid && c->uid == o->suid &&
	       c->gid == o->gid && c->gid == o->egid && c->gid == o->sgid &&
	       p->dumpable;
}

static long attach_locked(struct thread *t, struct trace **fresh, bool seize,
			  unsigned options)
{
	struct proc *me = current_proc(), *p;
	struct trace *r;

	if (!t)
		return -ESRCH;
	p = t->proc;
	if (!may_trace(me, p) || thread_traced(t) ||
	    (p->group_exit && !p->group_exec))
		return -EPERM;
	r = t->trace;
	if (!r) {
		r = *fresh;
		*fresh = NULL;
	}
	r->seized = seize;
	r->options = options;
	r->privileged = !me->cred.euid;
	begin(r, t, me);
	if (p->parent == me)
		p->stop_report = 0; /* told of as a stop of its tracee's */
	if (!seize)
		signal_send_thread_locked(t, SIGSTOP, NULL);
	/* If it has stopped: to stop anew, for us. */
	spin_lock(&p->sig_lock);
	wait_wake_all(&p->stop_wait);
	spin_unlock(&p->sig_lock);
	return 0;
}

static long attach(int tid, bool seize, uint64_t addr, uint64_t options)
{
	struct trace *fresh;
	long res;

	if (seize && (addr || options & ~(uint64_t)KNOWN_OPTIONS))
		return -EIO;
	fresh = record_alloc();
	if (!fresh)
		return -ENOMEM;
	spin_lock(&proc_tree.lock);
	res = attach_locked(thread_find_locked(tid), &fresh, seize,
			    seize ? (unsigned)options : 0);
	spin_unlock(&proc_tree.lock);
	kfree(fresh);
	return res;
}

/* PTRACE_TRACEME: by the parent. It has asked for nothing, so it is never taken
 * for one who may trace what gets more rights. */
static long trace_me(void)
{
	struct thread *t = current_thread();
	struct trace *fresh = record_alloc();
	long res = -EPERM;

	if (!fresh)
		return -ENOMEM;
	spin_lock(&proc_tree.lock);
	if (!thread_traced(t) && may_trace(t->proc->parent, t->proc)) {
		struct trace *r = t->trace;

		if (!r) {
			r = fresh;
			fresh = NULL;
		}
		r->privileged = false;
		begin(r, t, t->proc->parent);
		res = 0;
	}
	spin_unlock(&proc_tree.lock);
	kfree(fresh);
	return res;
}

/* The record of a tracee of the caller's that runs, or NULL. */
static struct trace *find_any(int tid)
{
	struct trace *r;

	list_for_each_entry (r, &current_proc()->tracees, link)
		if (r->tid == tid && r->thread)
			return r;
	return NULL;
}

/* ... that stands still until the caller lets it go. */
static struct trace *find(int tid)
{
	struct trace *r = find_any(tid);

	return r && r->stopped && !r->listening ? r : NULL;
}

/* ---- memory ---- */

/* The space of a tracee, with a use of it: no lock is held while its memory is
 * reached. NULL: no such tracee. Nobody but root sees into a program that its
 * user may run and not read. */
static long space_of(int tid, struct vmspace **vs, uint64_t *vdso)
{
	struct trace *r;
	long res = -ESRCH;

	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (r) {
		res = -EIO;
		if (r->proc->dumpable || !host_cred()->euid) {
			*vs = r->thread->vmspace;
			*vdso = r->proc->vdso_base;
			vmspace_get(*vs);
			res = 0;
		}
	}
	spin_unlock(&proc_tree.lock);
	return res;
}

static long peek(int tid, uaddr_t from, uaddr_t to)
{
	struct vmspace *vs;
	uint64_t word, vdso;
	size_t done = 0;
	long res;
	int code;

	if (!user_range_ok(from, sizeof(word)))
		return -EIO;
	res = space_of(tid, &vs, &vdso);
	if (res)
		return res;
	/* What was brought in may be gone again: then it is brought once more. */
	for (;;) {
		done += vmspace_read(vs, (char *)&word + done, from + done,
				     sizeof(word) - done);
		if (done == sizeof(word))
			break;
		if (vmspace_fault(vs, from + done, VM_READ, &code) &&
		    vmspace_fault(vs, from + done, VM_EXEC, &code)) {
			res = -EIO;
			break;
		}
		resched_point();
	}
	vmspace_put(vs);
	return res ? res : put_user(word, to);
}

static long poke(int tid, uaddr_t to, uint64_t word)
{
	struct vmspace *vs;
	uint64_t vdso;
	long res = space_of(tid, &vs, &vdso);

	if (res)
		return res;
	/* The way back from handlers is everybody's. */
	if (to + sizeof(word) > vdso && to < vdso + PAGE_SIZE)
		res = -EIO;
	else if (vmspace_write(vs, to, &word, sizeof(word)))
		res = -EIO;
	else
		vmspace_flush_icache(vs);
	vmspace_put(vs);
	return res;
}

/* ---- what one asks of a tracee that stands still ---- */

union words {
	uint64_t regs[32];
	struct fpstate fp;
	struct siginfo info;
	struct ptrace_syscall_info call;
	uint64_t word;
};

/* How many bytes a set of registers has; 0: there is no such set. */
static size_t regset_size(uint64_t set)
{
	if (set == NT_PRSTATUS)
		return 32 * 8;
	return set == NT_PRFPREG && cpu_has.d ? sizeof(struct fpstate) : 0;
}

static void get_regs(const struct trace *r, uint64_t set, union words *w)
{
	const struct thread *t = r->thread;

	if (set == NT_PRSTATUS)
		memcpy(w->regs, t->tf->x, sizeof(w->regs));
	else if (t->fp)
		w->fp = *t->fp;
}

/* fresh: FP state for a thread that has none. */
static void set_regs(struct trace *r, uint64_t set, const union words *w,
		     size_t n, struct fpstate **fresh)
{
	struct thread *t = r->thread;

	if (set == NT_PRSTATUS) {
		memcpy(t->tf->x, w->regs, n);
		return;
	}
	if (!t->fp) {
		t->fp = *fresh;
		*fresh = NULL;
	}
	memcpy(t->fp, &w->fp, n);
	t->fp->fcsr &= 0xff;
}

static long regset(int tid, uint64_t set, uaddr_t uiov, bool write)
{
	size_t size = regset_size(set);
	struct fpstate *fresh = NULL;
	union words w = { { 0 } };
	struct iovec iov;
	struct trace *r;
	long res = 0;

	if (get_user(iov, uiov))
		return -EFAULT;
	if (!size || iov.iov_len % 8)
		return -EINVAL;
	if (iov.iov_len > size)
		iov.iov_len = size;
	if (write) {
		if (copy_from_user(&w, (uaddr_t)iov.iov_base, iov.iov_len))
			return -EFAULT;
		if (set == NT_PRFPREG) {
			fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
			if (!fresh)
				return -ENOMEM;
		}
	}
	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (!r)
		res = -ESRCH;
	else if (write)
		set_regs(r, set, &w, iov.iov_len, &fresh);
	else
		get_regs(r, set, &w);
	spin_unlock(&proc_tree.lock);
	kfree(fresh);
	if (res)
		return res;
	if (!write && copy_to_user((uaddr_t)iov.iov_base, &w, iov.iov_len))
		return -EFAULT;
	return put_user(iov, uiov);
}

/* How much of it there is. */
static size_t call_info(const struct trace *r, struct ptrace_syscall_info *c)
{
	const struct trapframe *tf = r->thread->tf;

	c->arch = ABI_AUDIT_ARCH;
	c->instruction_pointer = tf->sepc;
	c->stack_pointer = tf->sp;
	switch (r->at) {
	case TRACE_AT_ENTRY:
		c->op = PTRACE_SYSCALL_INFO_ENTRY;
		c->entry.nr = tf->a7;
		memcpy(c->entry.args, &tf->x[10], sizeof(c->entry.args));
		c->entry.args[0] = tf->orig_a0;
		return sizeof(*c);
	case TRACE_AT_EXIT:
		c->op = PTRACE_SYSCALL_INFO_EXIT;
		c->exit.rval = (int64_t)tf->a0;
		c->exit.is_error = tf->a0 > -ABI_ERRNO_MAX - 1ull;
		return offsetof(struct ptrace_syscall_info, exit.is_error) + 1;
	default:
		return offsetof(struct ptrace_syscall_info, entry);
	}
}

static void set_mask(struct trace *r, uint64_t mask)
{
	struct thread *t = r->thread;
	bool left;

	t->restore_sigmask = false;
	spin_lock(&r->proc->sig_lock);
	left = signal_set_mask_locked(t, mask);
	spin_unlock(&r->proc->sig_lock);
	if (left)
		signal_tell_others_locked(r->proc);
}

static long get_locked(struct trace *r, long request, union words *w,
		       size_t *n)
{
	const struct thread *t = r->thread;

	*n = sizeof(w->word);
	switch (request) {
	case PTRACE_GETEVENTMSG:
		w->word = r->message;
		break;
	case PTRACE_GETSIGMASK:
		w->word = t->restore_sigmask ? t->saved_sigmask : t->sigmask;
		break;
	case PTRACE_GET_SYSCALL_INFO:
		*n = call_info(r, &w->call);
		break;
	default: /* PTRACE_GETSIGINFO */
		if (r->at == TRACE_AT_GROUP)
			return -EINVAL; /* so one tells it from a signal's */
		*(struct siginfo_kept *)&w->info = r->info;
		*n = sizeof(w->info);
	}
	return 0;
}

static long get(int tid, long request, uint64_t addr, uaddr_t data)
{
	union words w = { { 0 } };
	struct trace *r;
	long res = -ESRCH;
	size_t n = 0;

	if (request == PTRACE_GETSIGMASK && addr != sizeof(uint64_t))
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (r)
		res = get_locked(r, request, &w, &n);
	spin_unlock(&proc_tree.lock);
	if (res)
		return res;
	if (request != PTRACE_GET_SYSCALL_INFO)
		return copy_to_user(data, &w, n);
	return copy_to_user(data, &w, MIN(n, addr)) ? -EFAULT : (long)n;
}

static long set(int tid, long request, uint64_t addr, uaddr_t data)
{
	union words w;
	struct trace *r;
	long res = 0;

	if (request == PTRACE_SETSIGINFO ? get_user(w.info, data) :
	    request == PTRACE_SETSIGMASK ? get_user(w.word, data) :
					   0)
		return -EFAULT;
	if (request == PTRACE_SETSIGMASK ? addr != sizeof(w.word) :
	    request == PTRACE_SETOPTIONS ? data & ~(uint64_t)KNOWN_OPTIONS :
					   0)
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (!r)
		res = -ESRCH;
	else if (request == PTRACE_SETOPTIONS)
		r->options = (unsigned)data;
	else if (request == PTRACE_SETSIGMASK)
		set_mask(r, w.word);
	else if (r->at == TRACE_AT_GROUP)
		res = -EINVAL;
	else
		r->info = *(struct siginfo_kept *)&w.info;
	spin_unlock(&proc_tree.lock);
	return res;
}

/* ---- letting it go, and stopping it ---- */

/* Does it stand still because its process does? */
static bool is_group_stop(const struct trace *r)
{
	return r->at == TRACE_AT_GROUP ||
	       (r->at == TRACE_AT_STOP && WSTOPSIG(r->status) != SIGTRAP);
}

static long go_on(int tid, long request, uint64_t sig)
{
	struct trace *r;

	if (sig > ABI_NSIG)
		return -EIO;
	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (r) {
		r->resume_signal = (uint8_t)sig;
		if (request == PTRACE_DETACH) {
			let_go(r);
		} else {
			if (is_group_stop(r))
				r->passed = r->proc->stopped;
			set_calls(r->thread, request == PTRACE_SYSCALL);
			resume(r);
		}
	}
	spin_unlock(&proc_tree.lock);
	return r ? 0 : -ESRCH;
}

static long interrupt(int tid)
{
	struct trace *r;
	long res = -ESRCH;

	spin_lock(&proc_tree.lock);
	r = find_any(tid);
	if (r && !r->seized) {
		res = -EIO;
	} else if (r) {
		r->interrupt = true;
		if (r->listening)
			resume(r);
		make_look(r);
		res = 0;
	}
	spin_unlock(&proc_tree.lock);
	return res;
}

/* It stays where it is, but stops anew when its process is continued. */
static long listen(int tid)
{
	struct trace *r;
	long res = -ESRCH;

	spin_lock(&proc_tree.lock);
	r = find(tid);
	if (r && (!r->seized || r->at != TRACE_AT_STOP)) {
		res = -EIO;
	} else if (r) {
		r->listening = true;
		if (r->notify)
			resume(r);
		res = 0;
	}
	spin_unlock(&proc_tree.lock);
	return res;
}

static long kill_tracee(int tid)
{
	struct trace *r;

	spin_lock(&proc_tree.lock);
	r = find_any(tid);
	if (r)
		signal_send_locked(r->proc, SIGKILL, NULL);
	spin_unlock(&proc_tree.lock);
	return r ? 0 : -ESRCH;
}

/* An unknown request: is it at least one of a tracee? */
static long refuse(int tid)
{
	struct trace *r;

	spin_lock(&proc_tree.lock);
	r = find(tid);
	spin_unlock(&proc_tree.lock);
	return r ? -EIO : -ESRCH;
}

SYSCALL4(ptrace, long, request, int, tid, uint64_t, addr, uint64_t, data)
{
	switch (request) {
	case PTRACE_TRACEME:
		return trace_me();
	case PTRACE_ATTACH:
	case PTRACE_SEIZE:
		return attach(tid, request == PTRACE_SEIZE, addr, data);
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
		return peek(tid, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return poke(tid, addr, data);
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return regset(tid, addr, data, request == PTRACE_SETREGSET);
	case PTRACE_GETEVENTMSG:
	case PTRACE_GETSIGINFO:
	case PTRACE_GETSIGMASK:
	case PTRACE_GET_SYSCALL_INFO:
		return get(tid, request, addr, data);
	case PTRACE_SETOPTIONS:
	case PTRACE_SETSIGINFO:
	case PTRACE_SETSIGMASK:
		return set(tid, request, addr, data);
	case PTRACE_CONT:
	case PTRACE_SYSCALL:
	case PTRACE_DETACH:
		return go_on(tid, request, data);
	case PTRACE_INTERRUPT:
		return interrupt(tid);
	case PTRACE_LISTEN:
		return listen(tid);
	case PTRACE_KILL:
		return kill_tracee(tid);
	default:
		return refuse(tid);
	}
}
