/*
 * System calls about signals: actions, masks, waiting for signals, and sending
 * them. A table of actions is shared by fork until somebody changes it.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/sigtimer.h"
#include "kernel/string.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "kernel/wait.h"

/* What sigaction takes; a program finds out by reading the action back. */
#define SA_KNOWN                                                               \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS |        \
	 SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

static struct kmem_cache *actions_cache;

void sigactions_init(void)
{
	actions_cache =
		kmem_cache_create("sigactions", sizeof(struct sigactions), 0);
	if (!actions_cache)
		boot_stop("no memory for the first objects");
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

struct sigactions *sigactions_own_lock(struct proc *p)
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
	/* Those who share the table change it in place. */
	bool any = p->actions_shared;
	struct sigactions *a;

	for (int sig = 1; sig <= ABI_NSIG; sig++) {
		const struct sigaction *act = &p->actions->action[sig];

		any |= act->sa_flags ||
		       (act->sa_handler != SIG_DFL &&
			act->sa_handler != SIG_IGN);
	}
	signal_disarm_altstack(current_thread());
	p->actions_shared = false;
	sigtimer_end(p, false);
	if (!any)
		return 0;
	a = sigactions_own_lock(p);
	if (!a)
		return -ENOMEM;
	for (int sig = 1; sig <= ABI_NSIG; sig++) {
		if (a->action[sig].sa_handler != SIG_IGN)
			a->action[sig].sa_handler = SIG_DFL;
		a->action[sig].sa_flags = 0;
		a->action[sig].sa_mask.bits[0] = 0;
	}
	spin_unlock(&p->sig_lock);
	return 0;
}

/* What waits is forgotten where it is ignored from now on. */
__attribute__((cold)) static void forget_ignored(struct proc *p, int sig)
{
	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	if (signal_is_ignored(p, sig))
		signal_discard_all_locked(p, SIGBIT(sig));
	signal_recalc(current_thread());
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
}

struct sigaction signal_action(struct proc *p, int sig)
{
	struct sigaction act;

	spin_lock(&p->sig_lock);
	act = p->actions->action[sig];
	spin_unlock(&p->sig_lock);
	return act;
}

SYSCALL4(rt_sigaction, int, sig, uaddr_t, uact, uaddr_t, uold, size_t, size)
{
	struct proc *p = current_proc();
	struct sigaction act, old;
	struct sigactions *a;
	bool ignored;

	if (size != sizeof(uint64_t) || sig < 1 || sig > ABI_NSIG)
		return -EINVAL;
	if (!uact) {
		old = signal_action(p, sig);
	} else {
		if (SIGBIT(sig) & SIG_UNBLOCKABLE)
			return -EINVAL;
		if (get_user(act, uact))
			return -EFAULT;
		*(uint64_t *)&act.sa_mask &= ~SIG_UNBLOCKABLE;
		act.sa_flags &= SA_KNOWN;
		a = sigactions_own_lock(p);
		if (!a)
			return -ENOMEM;
		old = a->action[sig];
		a->action[sig] = act;
		ignored = signal_is_ignored(p, sig);
		spin_unlock(&p->sig_lock);
		if (ignored)
			forget_ignored(p, sig);
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

SYSCALL4(rt_sigtimedwait, uaddr_t, uset, uaddr_t, uinfo, uaddr_t, utime, size_t,
	 size)
{
	struct thread *t = current_thread();
	struct proc *p = t->proc;
	uint64_t want, deadline = WAIT_FOREVER, old = t->sigmask;
	struct timespec ts;
	struct siginfo info = { 0 };
	long res;

	if (size != sizeof(uint64_t))
		return -EINVAL;
	if (get_user(want, uset))
		return -EFAULT;
	want &= ~SIG_UNBLOCKABLE;
	if (utime) {
		if (get_user(ts, utime))
			return -EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
			return -EINVAL;
		deadline = deadline_after(&ts);
	}
	/* While it waits they count as not blocked, so that one wakes it. */
	for (;;) {
		struct sigpend *from;
		uint64_t set;
		bool left;

		spin_lock(&p->sig_lock);
		/* What was sent to this thread goes first. */
		from = t->pending.set & want ? &t->pending : &p->pending;
		set = from->set & want;
		if (set) {
			res = (long)ctz64(set) + 1;
			signal_dequeue(from, (int)res,
				       (struct siginfo_kept *)&info);
			t->sigwait = 0;
			left = signal_set_mask_locked(t, old);
			spin_unlock(&p->sig_lock);
			if (left)
				signal_leave_to_others(p);
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

int signal_set_altstack(struct thread *t, const stack_t *ss, uint64_t sp)
{
	uint32_t mode = (uint32_t)ss->ss_flags & ~SS_AUTODISARM;

	if (signal_on_altstack(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode != SS_DISABLE && ss->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack_flags = (uint32_t)ss->ss_flags;
	t->altstack_sp = mode == SS_DISABLE ? 0 : (uint64_t)ss->ss_sp;
	t->altstack_size = mode == SS_DISABLE ? 0 : ss->ss_size;
	return 0;
}

SYSCALL2(sigaltstack, uaddr_t, unew, uaddr_t, uold)
{
	struct thread *t = current_thread();
	uint64_t sp = t->tf->sp;
	stack_t ss, old = signal_altstack(t);
	int err;

	old.ss_flags = (int32_t)((t->altstack_flags & SS_AUTODISARM) |
				 (!t->altstack_size           ? SS_DISABLE
				  : signal_on_altstack(t, sp) ? SS_ONSTACK
							      : 0));
	if (unew) {
		if (get_user(ss, unew))
			return -EFAULT;
		err = signal_set_altstack(t, &ss, sp);
		if (err)
			return err;
	}
	if (uold && put_user(old, uold))
		return -EFAULT;
	return 0;
}

struct sigactions *sigactions_create(void)
{
	struct sigactions *a = kmem_cache_alloc(actions_cache, GFP_ZERO);

	if (a)
		a->refs = 1;
	return a;
}

/* ---- signals to others ---- */

bool signal_allowed(const struct proc *p, int sig)
{
	const struct cred *c = &current_proc()->cred, *o = &p->cred;

	return !c->euid || c->euid == o->uid || c->euid == o->suid ||
	       c->uid == o->uid || c->uid == o->suid ||
	       (sig == SIGCONT && p->sid == current_proc()->sid);
}

static void user_info(struct siginfo *info, int sig, int code)
{
	*(struct siginfo_kept *)info = (struct siginfo_kept){ { 0 } };
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = current_proc()->pid;
	info->si_uid = current_proc()->cred.uid;
}

/* To each process of a group, or with -1 to all but init and the caller. The
 * errno that POSIX wants; with -1 the caller is not told of those that it may
 * not signal. proc_tree.lock held. */
__attribute__((cold, noinline)) static long
kill_many(int pgid, int sig, const struct siginfo *info)
{
	struct proc *p, *me = current_proc();
	bool found = false, sent = false;

	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (pgid == -1 ? p->pid == 1 || p == me : p->pgid != pgid)
			continue;
		found = true;
		if (!signal_allowed(p, sig))
			continue;
		sent = true;
		if (sig)
			signal_send_many_locked(p, sig, info);
	}
	return sent || (found && pgid == -1) ? 0 : found ? -EPERM : -ESRCH;
}

/* To the process that pid is, or has a thread of that id. */
static inline long kill_one(int pid, int sig, const struct siginfo *info)
{
	struct proc *p = proc_find_locked(pid);
	struct thread *t;

	if (!p) {
		t = thread_find_locked(pid);
		p = t ? t->proc : NULL;
	}
	if (!p)
		return -ESRCH;
	if (sig < 0 || sig > ABI_NSIG)
		return -EINVAL;
	if (!signal_allowed(p, sig))
		return -EPERM;
	return sig ? signal_send_locked(p, sig, info) : 0;
}

SYSCALL2(kill, int, pid, int, sig)
{
	struct siginfo info;
	bool walks = pid <= 0 && proc_walk_begin();
	long res;

	user_info(&info, sig, SI_USER);
	spin_lock(&proc_tree.lock);
	if (pid > 0)
		res = kill_one(pid, sig, &info);
	else if (pid == INT32_MIN)
		res = -ESRCH;
	else if (sig < 0 || sig > ABI_NSIG)
		res = -EINVAL;
	else
		res = kill_many(pid == 0    ? current_proc()->pgid
				: pid == -1 ? -1
					    : -pid,
				sig, &info);
	spin_unlock(&proc_tree.lock);
	proc_walk_end(walks);
	return res;
}

/* tgid 0: whatever process the thread is of. */
static long kill_thread(int tgid, int tid, int sig, const struct siginfo *info)
{
	struct thread *t;
	long res;

	if (tid <= 0 || tgid < 0)
		return -EINVAL;
	spin_lock(&proc_tree.lock);
	t = thread_find_locked(tid);
	if (!t || (tgid && t->proc->pid != tgid))
		res = -ESRCH;
	else if (sig < 0 || sig > ABI_NSIG)
		res = -EINVAL;
	else if (!signal_allowed(t->proc, sig))
		res = -EPERM;
	else
		res = sig ? signal_send_thread_locked(t, sig, info) : 0;
	spin_unlock(&proc_tree.lock);
	return res;
}

SYSCALL2(tkill, int, tid, int, sig)
{
	struct siginfo info;

	user_info(&info, sig, SI_TKILL);
	return kill_thread(0, tid, sig, &info);
}

SYSCALL3(tgkill, int, tgid, int, tid, int, sig)
{
	struct siginfo info;

	user_info(&info, sig, SI_TKILL);
	return tgid <= 0 ? -EINVAL : kill_thread(tgid, tid, sig, &info);
}

/* A program may tell others what it likes, but not that the kernel says so, or
 * that it was kill or tkill. */
static int queued_info(struct siginfo *info, uaddr_t from, int sig, int to)
{
	if (get_user(*info, from))
		return -EFAULT;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) &&
	    to != current_thread()->tid)
		return -EPERM;
	info->si_signo = sig;
	return 0;
}

SYSCALL3(rt_sigqueueinfo, int, pid, int, sig, uaddr_t, uinfo)
{
	struct siginfo info;
	long res = queued_info(&info, uinfo, sig, pid);

	if (res)
		return res;
	spin_lock(&proc_tree.lock);
	res = kill_one(pid, sig, &info);
	spin_unlock(&proc_tree.lock);
	return res;
}

SYSCALL4(rt_tgsigqueueinfo, int, tgid, int, tid, int, sig, uaddr_t, uinfo)
{
	struct siginfo info;
	long res;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	res = queued_info(&info, uinfo, sig, tid);
	return res ? res : kill_thread(tgid, tid, sig, &info);
}
