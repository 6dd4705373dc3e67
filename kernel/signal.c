/*
 * Sending and delivering signals.
 *
 * A signal that is to be ignored is dropped when it is sent, so a pending one
 * always means something. Sending marks it pending and wakes one thread that
 * may take it; that thread acts on it on its way to user mode, where its
 * registers are all in the trap frame.
 *
 * Handlers run on a frame as Linux puts it on the stack (siginfo, ucontext with
 * all registers and the FP state) and return through two instructions on a
 * page that every address space maps. rt_sigreturn takes back only what a
 * program may set for itself, so a forged frame gains nothing.
 */
#include "kernel/signal.h"

#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/syscalls.h"
#include "kernel/abi/wait.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/trap.h"

#define SIG_IGNORED_BY_DEFAULT                                  \
	(SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) |  \
	 SIGBIT(SIGCONT))
#define SIG_STOPS                                               \
	(SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) |  \
	 SIGBIT(SIGTTOU))
#define SIGRTMIN_ABI 32

static struct kmem_cache *queue_cache;
static struct kmem_cache *actions_cache;
static struct file *vdso_file;

bool signal_fatal_pending(const struct thread *t)
{
	uint64_t set;

	if (__atomic_load_n(&t->work, __ATOMIC_RELAXED) & WORK_EXIT)
		return true;
	if (!t->proc)
		return false;
	set = READ_ONCE(t->pending.set) | READ_ONCE(t->proc->pending.set);
	return set & SIGBIT(SIGKILL);
}

static sighandler_t handler_of(const struct proc *p, int sig)
{
	return p->actions->action[sig].sa_handler;
}

static bool is_ignored(const struct proc *p, int sig)
{
	sighandler_t h = handler_of(p, sig);

	return h == SIG_IGN ||
	       (h == SIG_DFL && SIGBIT(sig) & SIG_IGNORED_BY_DEFAULT);
}

static void tell_others(struct proc *p);

static bool is_blocked(const struct thread *t, int sig)
{
	return t->sigmask & SIGBIT(sig);
}

void signal_recalc(struct thread *t)
{
	uint64_t set = t->pending.set | t->proc->pending.set;

	if (set & ~t->sigmask || t->proc->stopped)
		__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&t->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

void signal_set_mask(struct thread *t, uint64_t mask)
{
	struct proc *p = t->proc;
	uint64_t left;

	spin_lock(&p->sig_lock);
	left = p->pending.set & mask & ~t->sigmask & ~SIG_UNBLOCKABLE;
	t->sigmask = mask & ~SIG_UNBLOCKABLE;
	signal_recalc(t);
	spin_unlock(&p->sig_lock);
	if (left && READ_ONCE(p->nthreads) > 1) {
		spin_lock(&proc_tree.lock);
		tell_others(p);
		spin_unlock(&proc_tree.lock);
	}
}

/* ---- the queue ---- */

/* Standard signals wait once; real-time ones each time. */
static int enqueue(struct sigpend *q, int sig, const struct siginfo *info)
{
	struct sigqueue *e;

	if (sig < SIGRTMIN_ABI && q->set & SIGBIT(sig))
		return 0;
	e = kmem_cache_alloc(queue_cache, GFP_NOWAIT);
	if (!e && sig >= SIGRTMIN_ABI && info && info->si_code < 0)
		return -EAGAIN; /* a queued value may not get lost silently */
	q->set |= SIGBIT(sig);
	if (!e)
		return 0; /* the signal counts, what is known of it is lost */
	if (info) {
		e->info = *info;
	} else {
		memset(&e->info, 0, sizeof(e->info));
		e->info.si_signo = sig;
		e->info.si_code = SI_KERNEL;
	}
	list_add_tail(&e->link, &q->queue);
	return 0;
}

static void dequeue(struct sigpend *q, int sig, struct siginfo *info)
{
	struct sigqueue *e, *found = NULL;
	bool more = false;

	list_for_each_entry(e, &q->queue, link) {
		if (e->info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = e;
	}
	if (!more)
		q->set &= ~SIGBIT(sig);
	if (!found) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		return;
	}
	*info = found->info;
	list_del(&found->link);
	kmem_cache_free(queue_cache, found);
}

static void discard(struct sigpend *q, uint64_t set)
{
	struct sigqueue *e, *next;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_entry_safe(e, next, &q->queue, link) {
		if (SIGBIT(e->info.si_signo) & set) {
			list_del(&e->link);
			kmem_cache_free(queue_cache, e);
		}
	}
}

void signal_flush(struct proc *p)
{
	struct thread *t = current_thread();

	spin_lock(&p->sig_lock);
	discard(&p->pending, ~0ull);
	if (t->proc == p)
		discard(&t->pending, ~0ull);
	spin_unlock(&p->sig_lock);
}

/* ---- sending ---- */

static void tell_thread(struct thread *t, int sig)
{
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	thread_wake_for_signal(t, sig == SIGKILL);
}

/* A thread that may take it: one that does not block it. */
static void tell_process(struct proc *p, int sig)
{
	struct thread *t;

	list_for_each_entry(t, &p->threads, proc_link) {
		if (!is_blocked(t, sig)) {
			tell_thread(t, sig);
			/* One thread may be where it does not look for long;
			 * all of them are to end. */
			if (sig != SIGKILL)
				return;
		}
	}
}

/* A thread that was told of the process's signals will not take them now: it
 * blocks them, or ends. proc_tree.lock held. */
static void tell_others(struct proc *p)
{
	spin_lock(&p->sig_lock);
	for (int sig = 1; sig <= ABI_NSIG; sig++)
		if (p->pending.set & SIGBIT(sig))
			tell_process(p, sig);
	spin_unlock(&p->sig_lock);
}

void signal_thread_gone_locked(struct proc *p, struct thread *t)
{
	spin_lock(&p->sig_lock);
	discard(&t->pending, ~0ull);
	spin_unlock(&p->sig_lock);
	if (p->pending.set && p->nthreads)
		tell_others(p);
}

static void send_continue(struct proc *p)
{
	struct thread *t;

	p->continues++;
	discard(&p->pending, SIG_STOPS);
	list_for_each_entry(t, &p->threads, proc_link)
		discard(&t->pending, SIG_STOPS);
	if (!p->stopped)
		return;
	p->stopped = false;
	p->continue_report = true;
	p->stop_report = 0;
	wait_wake_all(&p->stop_wait);
	if (p->parent)
		wait_wake_all(&p->parent->child_wait);
}

/* Does nobody want it? A blocked signal waits even if it is ignored, for its
 * action may change, and so does one that sigtimedwait waits for. */
static bool is_dropped(struct proc *p, struct thread *to, int sig)
{
	struct thread *t;

	if (!is_ignored(p, sig))
		return false;
	if (to)
		return !is_blocked(to, sig) && !(to->sigwait & SIGBIT(sig));
	list_for_each_entry(t, &p->threads, proc_link)
		if (t->sigwait & SIGBIT(sig))
			return false;
	return list_empty(&p->threads) ||
	       !is_blocked(container_of(p->threads.next, struct thread,
					proc_link),
			   sig);
}

static int send(struct proc *p, struct thread *t, int sig,
		const struct siginfo *info)
{
	int err = 0;

	spin_lock(&p->sig_lock);
	if (sig == SIGCONT || sig == SIGKILL)
		send_continue(p);
	if (SIGBIT(sig) & SIG_STOPS) {
		discard(&p->pending, SIGBIT(SIGCONT));
		if (p->pid == 1)
			goto out;
	}
	/* Init takes only what it has a handler for. */
	if (p->pid == 1 && handler_of(p, sig) == SIG_DFL)
		goto out;
	if (is_dropped(p, t, sig))
		goto out;
	err = enqueue(t ? &t->pending : &p->pending, sig, info);
	if (err)
		goto out;
	if (t && !is_blocked(t, sig))
		tell_thread(t, sig);
	else if (!t)
		tell_process(p, sig);
out:
	spin_unlock(&p->sig_lock);
	return err;
}

int signal_send_locked(struct proc *p, int sig, const struct siginfo *info)
{
	if (p->zombie)
		return 0;
	return send(p, NULL, sig, info);
}

int signal_send_thread_locked(struct thread *t, int sig,
			      const struct siginfo *info)
{
	return send(t->proc, t, sig, info);
}

void signal_fault(int sig, int code, uint64_t addr)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct siginfo info = { .si_signo = sig, .si_code = code };

	info.si_addr = (void *)addr;
	spin_lock(&p->sig_lock);
	/* It cannot wait: blocked or ignored means the default, the end. */
	if (is_blocked(t, sig) || is_ignored(p, sig)) {
		spin_unlock(&p->sig_lock);
		proc_exit_group(sig);
	}
	enqueue(&t->pending, sig, &info);
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	spin_unlock(&p->sig_lock);
}

void proc_signal_group(int pgid, int sig)
{
	struct proc *p;

	spin_lock(&proc_tree.lock);
	list_for_each_entry(p, &proc_tree.all, all_link)
		if (p->pgid == pgid)
			signal_send_locked(p, sig, NULL);
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
	deaf = is_blocked(t, sig) || is_ignored(p, sig);
	spin_unlock(&p->sig_lock);
	if (deaf)
		return sig == SIGTTIN ? -EIO : 0;
	if (proc_group_is_orphaned(p->pgid, p->sid))
		return -EIO;
	proc_signal_group(p->pgid, sig);
	return -EINTR;
}

/* ---- delivering ---- */

static struct sigactions *actions_own_lock(struct proc *p);

static void tell_parent_of_stop(struct proc *p, int sig)
{
	struct siginfo info = { .si_signo = SIGCHLD, .si_code = CLD_STOPPED };
	bool silent;

	info.si_pid = p->pid;
	info.si_status = sig;
	spin_lock(&p->parent->sig_lock);
	silent = p->parent->actions->action[SIGCHLD].sa_flags & SA_NOCLDSTOP;
	spin_unlock(&p->parent->sig_lock);
	if (!silent)
		signal_send_locked(p->parent, SIGCHLD, &info);
	wait_wake_all(&p->parent->child_wait);
}

/* Stops here until SIGCONT or SIGKILL. sig is what stops the process, taken
 * when it had been continued so many times: if one more SIGCONT came since,
 * that one was later, and there is no stop. sig 0: it is stopped already. */
__attribute__((cold))
static void stop_here(struct proc *p, int sig, unsigned continues)
{
	struct thread *t;

	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	if (sig && !p->stopped && !p->group_exit && p->continues == continues) {
		p->stopped = true;
		p->stop_report = sig << 8 | 0x7f;
		p->continue_report = false;
		list_for_each_entry(t, &p->threads, proc_link)
			if (t != current_thread())
				tell_thread(t, SIGSTOP);
		spin_unlock(&p->sig_lock);
		if (p->parent)
			tell_parent_of_stop(p, sig);
		spin_lock(&p->sig_lock);
	}
	spin_unlock(&proc_tree.lock);
	while (p->stopped && !signal_fatal_pending(current_thread()))
		wait_sleep(&p->stop_wait, &p->sig_lock, WAIT_KILLABLE,
			   WAIT_FOREVER);
	signal_recalc(current_thread());
	spin_unlock(&p->sig_lock);
}

/* The lowest deliverable signal; synchronous faults have low numbers of their
 * thread, and those come first. 0: none. */
static int take_signal(struct thread *t, struct siginfo *info,
		       struct sigaction *act, unsigned *continues)
{
	struct proc *p = t->proc;
	uint64_t own, all;
	int sig = 0;

	spin_lock(&p->sig_lock);
	own = t->pending.set & ~t->sigmask;
	all = own | (p->pending.set & ~t->sigmask);
	if (all & SIGBIT(SIGKILL)) {
		sig = SIGKILL;
	} else if (all) {
		uint64_t first = own ? own : all;

		while (!(first & SIGBIT(sig + 1)))
			sig++;
		sig++;
	}
	if (sig) {
		dequeue(own & SIGBIT(sig) ? &t->pending : &p->pending, sig,
			info);
		*act = p->actions->action[sig];
	}
	*continues = p->continues;
	signal_recalc(t);
	spin_unlock(&p->sig_lock);
	return sig;
}

static uint64_t frame_address(struct thread *t, struct trapframe *tf,
			      const struct sigaction *act)
{
	uint64_t sp = tf->sp;
	bool on_alt = sp - t->altstack_sp < t->altstack_size;

	if (act->sa_flags & SA_ONSTACK && t->altstack_size && !on_alt)
		sp = t->altstack_sp + t->altstack_size;
	return (sp - sizeof(struct rt_sigframe)) & ~15ull;
}

static int push_frame(struct thread *t, struct trapframe *tf, int sig,
		      const struct siginfo *info, const struct sigaction *act,
		      uint64_t mask)
{
	uint64_t addr = frame_address(t, tf, act);
	struct rt_sigframe *f;
	int err;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->info = *info;
	f->uc.uc_stack.ss_sp = (void *)t->altstack_sp;
	f->uc.uc_stack.ss_size = t->altstack_size;
	f->uc.uc_stack.ss_flags = t->altstack_size ? 0 : SS_DISABLE;
	if (tf->sp - t->altstack_sp < t->altstack_size)
		f->uc.uc_stack.ss_flags = SS_ONSTACK;
	memcpy(&f->uc.uc_sigmask, &mask, sizeof(mask));
	memcpy(f->uc.uc_mcontext.gregs, tf->x, sizeof(tf->x));
	if (t->fp) {
		if ((csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY)
			fp_save(t->fp);
		memcpy(&f->uc.uc_mcontext.fp.d, t->fp, 32 * 8 + 4);
	}
	err = copy_to_user(addr, f, sizeof(*f));
	kfree(f);
	if (err)
		return err;
	tf->sp = addr;
	tf->sepc = (uint64_t)act->sa_handler;
	tf->ra = t->proc->vdso_base;
	tf->a0 = (uint64_t)sig;
	tf->a1 = addr + offsetof(struct rt_sigframe, info);
	tf->a2 = addr + offsetof(struct rt_sigframe, uc);
	return 0;
}

/* Calls that are made again after a handler with SA_RESTART. They return
 * -EINTR only when they have done nothing. */
static bool call_restarts(uint64_t number)
{
	switch (number) {
	case SYS_read:
	case SYS_readv:
	case SYS_write:
	case SYS_writev:
	case SYS_openat:
	case SYS_ioctl:
	case SYS_wait4:
	case SYS_waitid:
	case SYS_futex:
		return true;
	default:
		return false;
	}
}

/* Calls that end with -EINTR after any handler, and go on when none runs: the
 * program was only stopped for a while. Their time counts on. */
static bool call_continues(uint64_t number)
{
	switch (number) {
	case SYS_nanosleep:
	case SYS_clock_nanosleep:
	case SYS_ppoll:
	case SYS_pselect6:
	case SYS_rt_sigsuspend:
		return true;
	default:
		return call_restarts(number);
	}
}

/* act NULL: no handler runs, so the call goes on whatever the flags. */
static void restart_call(struct thread *t, struct trapframe *tf,
			 const struct sigaction *act)
{
	if (!t->in_syscall || (long)tf->a0 != -EINTR)
		return;
	if (act ? act->sa_flags & SA_RESTART && call_restarts(tf->a7) :
		  call_continues(tf->a7)) {
		tf->a0 = tf->orig_a0;
		tf->sepc -= 4;
		t->again = act ? 0 : (uint32_t)tf->a7;
	}
	t->in_syscall = false;
}

static void run_handler(struct thread *t, struct trapframe *tf, int sig,
			const struct siginfo *info, const struct sigaction *act)
{
	uint64_t mask = t->sigmask, block;

	restart_call(t, tf, act);
	t->again = 0; /* the handler's calls come first */
	if (t->restore_sigmask) {
		mask = t->saved_sigmask;
		t->restore_sigmask = false;
	}
	if (push_frame(t, tf, sig, info, act, mask)) {
		/* No stack to run it on: as if SIGSEGV were not handled. */
		proc_exit_group(SIGSEGV);
	}
	memcpy(&block, &act->sa_mask, sizeof(block));
	if (!(act->sa_flags & SA_NODEFER))
		block |= SIGBIT(sig);
	signal_set_mask(t, t->sigmask | block);
}

/* Once was enough. The table may still be shared with a child or parent. */
static void reset_handler(struct proc *p, int sig)
{
	struct sigactions *own = actions_own_lock(p);

	if (!own)
		return; /* no memory: it stays for the next time */
	own->action[sig].sa_handler = SIG_DFL;
	spin_unlock(&p->sig_lock);
}

/* What a signal does that the program does not handle: nothing, a stop, or the
 * end. False: it has a handler. */
static bool acts_without_handler(struct proc *p, int sig,
				 const struct sigaction *act,
				 unsigned continues)
{
	if (act->sa_handler != SIG_DFL)
		return act->sa_handler == SIG_IGN;
	if (SIGBIT(sig) & SIG_IGNORED_BY_DEFAULT)
		return true;
	if (!(SIGBIT(sig) & SIG_STOPS))
		proc_exit_group(sig);
	stop_here(p, sig, continues);
	return true;
}

void signal_deliver(struct trapframe *tf)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct siginfo info;
	struct sigaction act;
	unsigned continues;
	int sig;

	do {
		if (p->stopped)
			stop_here(p, 0, 0);
		sig = take_signal(t, &info, &act, &continues);
	} while (sig && acts_without_handler(p, sig, &act, continues));
	if (sig) {
		if (act.sa_flags & SA_RESETHAND)
			reset_handler(p, sig);
		run_handler(t, tf, sig, &info, &act);
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

/* ---- actions ---- */

struct sigactions *sigactions_get(struct sigactions *a)
{
	__atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
	return a;
}

void sigactions_put(struct sigactions *a)
{
	if (__atomic_fetch_sub(&a->refs, 1, __ATOMIC_ACQ_REL) == 1)
		kmem_cache_free(actions_cache, a);
}

/*
 * The process's own table, to change it; its threads may come at the same time,
 * and fork, so the lock is held on return. NULL: no memory, and no lock.
 */
static struct sigactions *actions_own_lock(struct proc *p)
{
	struct sigactions *a, *copy = NULL;

	for (;;) {
		spin_lock(&p->sig_lock);
		a = p->actions;
		if (__atomic_load_n(&a->refs, __ATOMIC_ACQUIRE) == 1 ||
		    p->actions_shared)
			break;
		if (copy) {
			memcpy(copy, a, sizeof(*copy));
			copy->refs = 1;
			p->actions = copy;
			sigactions_put(a);
			return copy;
		}
		spin_unlock(&p->sig_lock);
		copy = kmem_cache_alloc(actions_cache, GFP_KERNEL);
		if (!copy)
			return NULL;
	}
	if (copy) /* another thread was quicker */
		kmem_cache_free(actions_cache, copy);
	return a;
}

int signal_exec(struct proc *p)
{
	bool any = false;
	struct sigactions *a;

	for (int sig = 1; sig <= ABI_NSIG; sig++) {
		sighandler_t h = handler_of(p, sig);

		any |= h != SIG_DFL && h != SIG_IGN;
	}
	current_thread()->altstack_size = 0;
	current_thread()->altstack_sp = 0;
	p->actions_shared = false;
	if (!any)
		return 0;
	a = actions_own_lock(p);
	if (!a)
		return -ENOMEM;
	for (int sig = 1; sig <= ABI_NSIG; sig++) {
		if (a->action[sig].sa_handler != SIG_IGN)
			a->action[sig].sa_handler = SIG_DFL;
		a->action[sig].sa_flags = 0;
	}
	spin_unlock(&p->sig_lock);
	return 0;
}

SYSCALL4(rt_sigaction, int, sig, uaddr_t, uact, uaddr_t, uold, size_t, size)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	struct sigaction act, old;
	struct sigactions *a;

	if (size != sizeof(uint64_t) || sig < 1 || sig > ABI_NSIG)
		return -EINVAL;
	if (uact) {
		if (SIGBIT(sig) & SIG_UNBLOCKABLE)
			return -EINVAL;
		if (get_user(act, uact))
			return -EFAULT;
	}
	if (!uact) {
		spin_lock(&p->sig_lock);
		old = p->actions->action[sig];
		spin_unlock(&p->sig_lock);
	} else {
		uint64_t *mask = (uint64_t *)&act.sa_mask;

		*mask &= ~SIG_UNBLOCKABLE;
		a = actions_own_lock(p);
		if (!a)
			return -ENOMEM;
		old = a->action[sig];
		a->action[sig] = act;
		if (is_ignored(p, sig)) {
			discard(&p->pending, SIGBIT(sig));
			discard(&t->pending, SIGBIT(sig));
			signal_recalc(t);
		}
		spin_unlock(&p->sig_lock);
	}
	if (uold && put_user(old, uold))
		return -EFAULT;
	return 0;
}

SYSCALL4(rt_sigprocmask, int, how, uaddr_t, uset, uaddr_t, uold, size_t, size)
{
	struct thread *t = current_thread();
	uint64_t set, old = t->sigmask;

	if (size != sizeof(uint64_t))
		return -EINVAL;
	if (uset) {
		if (get_user(set, uset))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK:
			set |= old;
			break;
		case SIG_UNBLOCK:
			set = old & ~set;
			break;
		case SIG_SETMASK:
			break;
		default:
			return -EINVAL;
		}
		signal_set_mask(t, set);
	}
	if (uold && put_user(old, uold))
		return -EFAULT;
	return 0;
}

SYSCALL2(rt_sigpending, uaddr_t, uset, size_t, size)
{
	struct thread *t = current_thread();
	uint64_t set = (t->pending.set | t->proc->pending.set) & t->sigmask;

	if (size != sizeof(uint64_t))
		return -EINVAL;
	return put_user(set, uset);
}

SYSCALL2(rt_sigsuspend, uaddr_t, uset, size_t, size)
{
	struct thread *t = current_thread();
	uint64_t set;

	if (size != sizeof(uint64_t))
		return -EINVAL;
	if (get_user(set, uset))
		return -EFAULT;
	t->saved_sigmask = t->sigmask;
	t->restore_sigmask = true;
	signal_set_mask(t, set);
	do {
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
	} while (thread_sleep(WAIT_FOREVER) != -EINTR);
	return -EINTR;
}

SYSCALL4(rt_sigtimedwait, uaddr_t, uset, uaddr_t, uinfo, uaddr_t, utime,
	 size_t, size)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	uint64_t want, deadline = WAIT_FOREVER, old = t->sigmask;
	struct timespec ts;
	struct siginfo info;
	long res;

	if (size != sizeof(uint64_t))
		return -EINVAL;
	if (get_user(want, uset))
		return -EFAULT;
	want &= ~SIG_UNBLOCKABLE;
	if (utime) {
		if (get_user(ts, utime))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 ||
		    ts.tv_nsec >= 1000000000)
			return -EINVAL;
		deadline = deadline_after(&ts);
	}
	/* While it waits they count as not blocked, so that one wakes it. */
	for (;;) {
		uint64_t set;

		spin_lock(&p->sig_lock);
		set = (t->pending.set | p->pending.set) & want;
		if (set) {
			int sig = 1;

			while (!(set & SIGBIT(sig)))
				sig++;
			dequeue(t->pending.set & SIGBIT(sig) ? &t->pending :
							       &p->pending,
				sig, &info);
			t->sigmask = old;
			t->sigwait = 0;
			signal_recalc(t);
			spin_unlock(&p->sig_lock);
			res = sig;
			break;
		}
		t->sigmask = old & ~want;
		t->sigwait = want;
		signal_recalc(t);
		spin_unlock(&p->sig_lock);
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
		res = thread_sleep(deadline);
		if (res == -EINTR &&
		    !((t->pending.set | p->pending.set) & want))
			break;
		if (res == -ETIMEDOUT) {
			res = -EAGAIN;
			if (!((t->pending.set | p->pending.set) & want))
				break;
		}
	}
	if (res < 0) {
		t->sigwait = 0;
		signal_set_mask(t, old);
	}
	if (res > 0 && uinfo && put_user(info, uinfo))
		return -EFAULT;
	return res;
}

SYSCALL2(sigaltstack, uaddr_t, unew, uaddr_t, uold)
{
	struct thread *t = current_thread();
	bool on = t->tf->sp - t->altstack_sp < t->altstack_size;
	stack_t ss, old = { 0 };

	old.ss_sp = (void *)t->altstack_sp;
	old.ss_size = t->altstack_size;
	old.ss_flags = !t->altstack_size ? SS_DISABLE : on ? SS_ONSTACK : 0;
	if (unew) {
		if (get_user(ss, unew))
			return -EFAULT;
		if (on)
			return -EPERM;
		if (ss.ss_flags & ~(SS_DISABLE | SS_ONSTACK))
			return -EINVAL;
		if (ss.ss_flags & SS_DISABLE) {
			t->altstack_sp = t->altstack_size = 0;
		} else {
			if (ss.ss_size < MINSIGSTKSZ)
				return -ENOMEM;
			t->altstack_sp = (uint64_t)ss.ss_sp;
			t->altstack_size = ss.ss_size;
		}
	}
	if (uold && put_user(old, uold))
		return -EFAULT;
	return 0;
}

SYSCALL0(rt_sigreturn)
{
	struct thread *t = current_thread();
	struct trapframe *tf = t->tf;
	struct rt_sigframe *f;
	uint64_t mask;
	long ret;

	f = kmalloc(sizeof(*f), GFP_KERNEL);
	if (!f || copy_from_user(f, tf->sp, sizeof(*f)) ||
	    f->uc.uc_mcontext.fp.q.reserved[0] ||
	    f->uc.uc_mcontext.fp.q.reserved[1] ||
	    f->uc.uc_mcontext.fp.q.reserved[2]) {
		kfree(f);
		signal_fault(SIGSEGV, SEGV_MAPERR, tf->sp);
		return 0;
	}
	memcpy(tf->x, f->uc.uc_mcontext.gregs, sizeof(tf->x));
	if (t->fp) {
		memcpy(t->fp, &f->uc.uc_mcontext.fp.d, 32 * 8 + 4);
		csr_set(sstatus, SSTATUS_FS_INIT);
		fp_restore(t->fp);
	}
	memcpy(&mask, &f->uc.uc_sigmask, sizeof(mask));
	kfree(f);
	signal_set_mask(t, mask);
	ret = (long)tf->a0;
	return ret; /* a0 of the frame, whatever it looks like */
}

/* ---- the page that handlers return through ---- */

int signal_map_vdso(struct vmspace *vs, uint64_t *base)
{
	return vmspace_map(vs, 0, PAGE_SIZE, VM_READ | VM_EXEC, false,
			   vdso_file, 0, 0, base);
}

void signal_init(void)
{
	static const uint32_t code[] = {
		0x08b00893, /* li a7, 139 (rt_sigreturn) */
		0x00000073, /* ecall: this one is made in user mode */
	};
	struct page *pg;

	queue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 0);
	actions_cache =
		kmem_cache_create("sigactions", sizeof(struct sigactions), 0);
	if (!queue_cache || !actions_cache ||
	    vfs_anonymous_file("[vdso]", &vdso_file) ||
	    pagecache_grab(&vdso_file->inode->mapping, 0, &pg))
		panic("no memory for the first objects");
	memcpy(page_to_va(pg), code, sizeof(code));
	page_set_bits(pg, PG_UPTODATE);
	page_unlock(pg);
	page_put(pg);
}

struct sigactions *sigactions_create(void)
{
	struct sigactions *a = kmem_cache_alloc(actions_cache, GFP_ZERO);

	if (a)
		a->refs = 1;
	return a;
}
