/*
 * Delivering signals: what a thread does on its way to user mode, where its
 * registers are all in the trap frame.
 *
 * Handlers run on a frame as Linux puts it on the stack (siginfo, ucontext with
 * all registers and the FP state) and return through two instructions on a
 * page that every address space maps. rt_sigreturn takes back only what a
 * program may set for itself, so a forged frame gains nothing.
 */
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/syscalls.h"
#include "kernel/bits.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/riscv.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/trap.h"

static struct file *vdso_file;

/* What a thread has done itself: if several signals wait, these go first, so
 * that their frame tells where it was done. */
#define SIG_OF_FAULTS                                                          \
	(SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) | \
	 SIGBIT(SIGFPE) | SIGBIT(SIGSYS))

/* orig_a0 after rt_sigreturn: what came back in a0 is no call's answer. No call
 * that may be made again has such a first argument. */
#define NO_CALL (1ull << 63)

/* A signal that was taken, to be acted on. */
struct delivery {
	int sig;
	unsigned continues; /* p->continues at that time */
	struct sigaction act;
	struct siginfo_kept info;
	uint64_t mask; /* as it was */
};

/* A handler runs with what its action says blocked as well, and with its own
 * signal; what does not have one changes no mask. Lets go of sig_lock. */
static void set_handler_mask(struct thread *t, const struct delivery *d)
{
	uint64_t mask = t->sigmask;
	bool left;

	if (d->act.sa_handler != SIG_DFL && d->act.sa_handler != SIG_IGN) {
		mask |= *(const uint64_t *)&d->act.sa_mask;
		if (!(d->act.sa_flags & SA_NODEFER))
			mask |= SIGBIT(d->sig);
	}
	left = signal_set_mask_locked(t, mask);
	spin_unlock(&t->proc->sig_lock);
	if (left)
		signal_leave_to_others(t->proc);
}

static inline bool ends_process(const struct proc *p, const struct delivery *d)
{
	return d->act.sa_handler == SIG_DFL && p->pid != 1 &&
	       !(SIGBIT(d->sig) & (SIG_IGNORED_BY_DEFAULT | SIG_STOPS));
}

static inline bool stops_process(const struct proc *p, const struct delivery *d)
{
	return d->act.sa_handler == SIG_DFL && p->pid != 1 &&
	       SIGBIT(d->sig) & SIG_STOPS;
}

/* Takes a signal: faults, then what was sent to this thread, then to the
 * process, the lowest number each time; SIGKILL before all. A tracer, if there is
 * one, may make another of it, or nothing. False: none. */
static bool take_signal(struct thread *t, struct delivery *d)
{
	struct proc *p = t->proc;
	uint64_t own, all, first;

again:
	spin_lock(&p->sig_lock);
	own = t->pending.set & ~t->sigmask;
	all = own | (p->pending.set & ~t->sigmask);
	if (!all) {
		signal_recalc(t);
		spin_unlock(&p->sig_lock);
		return false;
	}
	first = all & SIGBIT(SIGKILL);
	if (!first)
		first = own & SIG_OF_FAULTS;
	if (!first)
		first = own ? own : all;
	d->sig = (int)ctz64(first) + 1;
	signal_dequeue(own & SIGBIT(d->sig) ? &t->pending : &p->pending, d->sig,
		       &d->info);
	d->continues = p->continues;
	if (thread_traced(t) && d->sig != SIGKILL) {
		spin_unlock(&p->sig_lock);
		d->sig = trace_signal(d->sig, &d->info);
		if (!d->sig)
			goto again;
		spin_lock(&p->sig_lock);
	}
	d->act = p->actions->action[d->sig];
	d->mask = t->sigmask;
	/* It waits no more, so an exec or fork that comes now is to know. */
	if (ends_process(p, d))
		proc_decide_end_locked(p, d->sig);
	if (stops_process(p, d))
		p->stopping++;
	set_handler_mask(t, d);
	return true;
}

/* ---- the frame ---- */

/*
 * Where the frame goes; 0: nowhere. A handler with SA_ONSTACK begins at the top
 * of the other stack, unless the thread is on it already: then the frame goes
 * below, and what would leave that stack at its lower end does not fit.
 */
static uint64_t frame_address(const struct thread *t, uint64_t sp,
			      const struct sigaction *act)
{
	const uint64_t size = sizeof(struct rt_sigframe);

	if (signal_on_altstack(t, sp)) {
		if (!signal_on_altstack(t, sp - size))
			return 0;
	} else if (act->sa_flags & SA_ONSTACK && t->altstack_size) {
		sp = t->altstack_sp + t->altstack_size;
	}
	return (sp - size) & ~15ull;
}

/* As fp_save_to_user and fp_restore_from_user, for a thread that has not used
 * FP registers: they are all zero, and whatever comes back is not looked at. */
static int save_no_fp(uaddr_t to)
{
	return clear_user(to, sizeof(struct sigcontext_q));
}

static int restore_no_fp(uaddr_t from)
{
	/* fcsr's word as well: then they are words at their natural place. */
	uint64_t last[2];

	_Static_assert(offsetof(struct sigcontext_q, reserved) ==
			       sizeof(struct sigcontext_q) - sizeof(last) + 4,
		       "the last words of an FP state");
	if (copy_from_user(last,
			   from + sizeof(struct sigcontext_q) - sizeof(last),
			   sizeof(last)))
		return -EFAULT;
	return last[0] >> 32 | last[1] ? -EINVAL : 0;
}

/* Straight to user memory; registers change only when all of it is there. */
static int push_frame(struct thread *t, struct trapframe *tf,
		      const struct delivery *d, uint64_t mask)
{
	uaddr_t at = frame_address(t, tf->sp, &d->act);
	struct rt_sigframe *f = (struct rt_sigframe *)at;
	struct {
		struct siginfo_kept info;
		uint64_t rest[(sizeof(f->info) - sizeof(d->info)) / 8];
		uint64_t flags, link;
		stack_t stack;
		uint64_t mask;
	} head = {
		.info = d->info, .stack = signal_altstack(t), .mask = mask
	};

	_Static_assert(sizeof(head) ==
			       offsetof(struct rt_sigframe, uc.uc_unused),
		       "a frame up to the end of the mask");
	if (!at || copy_to_user(at, &head, sizeof(head)) ||
	    copy_to_user((uaddr_t)f->uc.uc_mcontext.gregs, tf->x,
			 sizeof(tf->x)) ||
	    (t->fp ? fp_save_to_user((uaddr_t)&f->uc.uc_mcontext.fp)
		   : save_no_fp((uaddr_t)&f->uc.uc_mcontext.fp)))
		return -EFAULT;
	if (t->altstack_flags & SS_AUTODISARM)
		signal_disarm_altstack(t);
	tf->sp = at;
	tf->sepc = (uint64_t)d->act.sa_handler;
	tf->ra = t->proc->vdso_base;
	tf->a0 = (uint64_t)d->sig;
	tf->a1 = (uint64_t)&f->info;
	tf->a2 = (uint64_t)&f->uc;
	return 0;
}

static int pop_frame(struct thread *t, struct trapframe *tf, uint64_t *mask)
{
	const struct rt_sigframe *f = (const struct rt_sigframe *)tf->sp;
	const struct sigcontext *mc = &f->uc.uc_mcontext;
	uaddr_t fp = (uaddr_t)&mc->fp;
	struct {
		stack_t stack;
		uint64_t mask;
	} head;

	if (fp & 7 || (t->fp ? fp_restore_from_user(fp) : restore_no_fp(fp)) ||
	    copy_from_user(&head, (uaddr_t)&f->uc.uc_stack, sizeof(head)) ||
	    copy_from_user(tf->x, (uaddr_t)mc->gregs, sizeof(tf->x)))
		return -EFAULT;
	/* The handler may have set another; nonsense is left aside. */
	if ((uint64_t)head.stack.ss_sp != t->altstack_sp ||
	    head.stack.ss_size != t->altstack_size ||
	    (uint32_t)head.stack.ss_flags != t->altstack_flags)
		signal_set_altstack(t, &head.stack, tf->sp);
	*mask = head.mask;
	return 0;
}

SYSCALL0(rt_sigreturn)
{
	struct thread *t = current_thread();
	struct trapframe *tf = t->tf;
	uint64_t mask;

	tf->orig_a0 = NO_CALL;
	if (pop_frame(t, tf, &mask)) {
		signal_fault(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	signal_set_mask(t, mask);
	return (long)tf->a0; /* of the frame, whatever it looks like */
}

/* ---- calls that were interrupted ---- */

/*
 * What becomes of a call that a signal has ended with -EINTR, having done
 * nothing yet: after a handler with SA_RESTART it is made again (RESTARTS), or
 * never (CONTINUES, and all that are not named). When no handler runs, because
 * the program was only stopped for a while or another thread took the signal,
 * both are made again, and their time counts on. A fork only lets the signal go
 * first (ALWAYS).
 */
enum { ENDS, CONTINUES, RESTARTS, ALWAYS };

static int kind_of_call(const struct trapframe *tf)
{
	switch (tf->a7) {
	case SYS_clone:
		return ALWAYS;
	case SYS_read:
	case SYS_readv:
	case SYS_write:
	case SYS_writev:
	case SYS_sendfile:
	case SYS_openat:
	case SYS_ioctl:
	case SYS_fcntl:
	case SYS_flock:
	case SYS_wait4:
	case SYS_waitid:
		return RESTARTS;
	case SYS_futex: /* with a limit of time it is a sleep */
		return tf->a3 ? CONTINUES : RESTARTS;
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_rt_sigsuspend:
		return CONTINUES;
	default:
		return ENDS;
	}
}

/* act NULL: no handler runs. */
static void call_again(struct thread *t, struct trapframe *tf,
		       const struct sigaction *act)
{
	int least = CONTINUES;

	if (act)
		least = act->sa_flags & SA_RESTART ? RESTARTS : ALWAYS;
	if (tf->orig_a0 == NO_CALL || kind_of_call(tf) < least)
		return;
	tf->a0 = tf->orig_a0;
	tf->sepc -= 4;
	t->again = act ? 0 : (uint32_t)tf->a7;
}

static inline void restart_call(struct thread *t, struct trapframe *tf,
				const struct sigaction *act)
{
	bool in_syscall = t->in_syscall;

	t->in_syscall = false;
	if (in_syscall && (long)tf->a0 == -EINTR)
		call_again(t, tf, act);
}

/*
 * A tracer is to see a call that will be made again as one that is yet to be
 * made, so that it may run something else in between. 0, or where the call is.
 */
__attribute__((cold)) static uint64_t
rewind_call(const struct thread *t, struct trapframe *tf)
{
	if (!t->in_syscall || (long)tf->a0 != -EINTR ||
	    tf->orig_a0 == NO_CALL || kind_of_call(tf) == ENDS)
		return 0;
	tf->a0 = tf->orig_a0;
	tf->sepc -= 4;
	return tf->sepc;
}

/* The tracer is done; unless it has sent the thread elsewhere, it is decided
 * now whether the call is made again. */
__attribute__((cold)) static void
unwind_call(struct thread *t, struct trapframe *tf, uint64_t call)
{
	if (tf->sepc != call) {
		t->in_syscall = false;
		return;
	}
	tf->orig_a0 = tf->a0;
	tf->a0 = (uint64_t)-EINTR;
	tf->sepc += 4;
}

/* ---- delivery ---- */

static void run_handler(struct thread *t, struct trapframe *tf,
			const struct delivery *d)
{
	restart_call(t, tf, &d->act);
	t->again = 0; /* the handler's calls come first */
	if (push_frame(t, tf, d,
		       t->restore_sigmask ? t->saved_sigmask : d->mask)) {
		/* Is there a stack for SIGSEGV? Else this is the end. */
		if (d->sig == SIGSEGV)
			proc_exit_group(SIGSEGV);
		signal_set_mask(t, d->mask);
		signal_fault(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	t->restore_sigmask = false;
}

/* Once was enough. The table may still be shared with a child or parent. */
static void reset_handler(struct proc *p, int sig)
{
	struct sigactions *own = sigactions_own_lock(p);

	if (!own)
		return; /* no memory: it stays for the next time */
	own->action[sig].sa_handler = SIG_DFL;
	spin_unlock(&p->sig_lock);
}

/* What a signal does that the program does not handle: nothing, a stop, or the
 * end. False: it has a handler. */
static bool acts_without_handler(struct proc *p, const struct delivery *d)
{
	if (d->act.sa_handler != SIG_DFL)
		return d->act.sa_handler == SIG_IGN;
	if (ends_process(p, d))
		proc_exit_group(d->sig);
	if (stops_process(p, d))
		jobs_stop_here(p, d->sig, d->continues);
	return true;
}

__attribute__((cold)) static void stop_here(struct thread *t)
{
	if (trace_wants_stop(t))
		trace_stop();
	if (trace_joins_stop(t))
		jobs_stop_here(t->proc, 0, 0);
}

void signal_deliver(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	uint64_t call = thread_traced(t) ? rewind_call(t, tf) : 0;
	struct delivery d;
	bool found;

	do {
		if (trace_must_stop(t))
			stop_here(t);
		found = take_signal(t, &d);
	} while (found && acts_without_handler(p, &d));
	if (call)
		unwind_call(t, tf, call);
	if (found) {
		if (d.act.sa_flags & SA_RESETHAND)
			reset_handler(p, d.sig);
		run_handler(t, tf, &d);
		return;
	}
	/* No handler runs: a call that was interrupted goes on, and a mask that
	 * was set for it is put back. */
	restart_call(t, tf, NULL);
	if (t->restore_sigmask) {
		t->restore_sigmask = false;
		signal_set_mask(t, t->saved_sigmask);
	}
}

/* ---- the page that handlers return through ---- */

int signal_map_vdso(struct vmspace *vs, uint64_t *base)
{
	return vmspace_map(vs, 0, PAGE_SIZE, VM_READ | VM_EXEC, false,
			   vdso_file, 0, 0, base);
}

void vdso_init(void)
{
	static const uint32_t code[] = {
		0x08b00893, /* li a7, 139 (rt_sigreturn) */
		0x00000073, /* ecall: this one is made in user mode */
	};
	struct page *pg;

	if (vfs_anonymous_file("[vdso]", &vdso_file) ||
	    pagecache_grab(&vdso_file->inode->mapping, 0, &pg))
		panic("no memory for the first objects");
	memcpy(page_to_va(pg), code, sizeof(code));
	page_set_bits(pg, PG_UPTODATE);
	page_unlock(pg);
	page_put(pg);
}
