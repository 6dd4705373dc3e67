/*
 * ptrace: what a tracer may ask. All but the first requests are of a tracee
 * that stands still (ptrace.c), and most are done under the lock under which it
 * does.
 *
 * As on Linux, but any thread of the tracer may make them. There is no step by
 * single instructions: riscv64 has no such thing, and debuggers put a
 * breakpoint behind the instruction instead.
 *
 * Nothing that a tracer writes needs to be believed. Registers are the 32 that
 * a program sets for itself; the program counter may be anything, and faults in
 * user mode if it is nonsense. Memory is written as the program could, or into
 * a private copy.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/ptrace.h"
#include "kernel/abi/uio.h"
#include "kernel/abi/wait.h"
#include "kernel/cpu.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/ptrace.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

#define KNOWN_OPTIONS (0x7fu | PTRACE_O_EXITKILL)

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
	trace_begin_locked(r, t, me);
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
	fresh = trace_alloc();
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
	struct trace *fresh = trace_alloc();
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
		trace_begin_locked(r, t, t->proc->parent);
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
	/* What was brought in may be gone again: then it is brought once more.
	 */
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

static long get_locked(struct trace *r, long request, union words *w, size_t *n)
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

	if (request == PTRACE_SETSIGINFO   ? get_user(w.info, data)
	    : request == PTRACE_SETSIGMASK ? get_user(w.word, data)
					   : 0)
		return -EFAULT;
	if (request == PTRACE_SETSIGMASK   ? addr != sizeof(w.word)
	    : request == PTRACE_SETOPTIONS ? data & ~(uint64_t)KNOWN_OPTIONS
					   : 0)
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
			trace_let_go_locked(r);
		} else {
			if (is_group_stop(r))
				r->passed = r->proc->stopped;
			trace_show_calls_locked(r->thread,
						request == PTRACE_SYSCALL,
						r->at == TRACE_AT_EVENT);
			trace_resume_locked(r);
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
			trace_resume_locked(r);
		trace_make_look_locked(r);
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
			trace_resume_locked(r);
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
