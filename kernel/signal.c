/*
 * Sending signals, and the queue where they wait.
 *
 * A signal that is to be ignored is dropped when it is sent, so a pending one
 * always means something. Sending marks it pending and wakes one thread that
 * may take it; that thread acts on it on its way to user mode (sigframe.c).
 */
#include "kernel/signal.h"

#include "kernel/abi/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "kernel/proc.h"
#include "kernel/ptrace.h"
#include "kernel/sched.h"
#include "kernel/signal_impl.h"
#include "kernel/sigtimer.h"
#include "kernel/string.h"

static struct kmem_cache *queue_cache;

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

bool signal_is_ignored(const struct proc *p, int sig)
{
	sighandler_t h = signal_handler_of(p, sig);

	/* Init takes only what it has a handler for. */
	return h == SIG_IGN ||
	       (h == SIG_DFL &&
		(p->pid == 1 || SIGBIT(sig) & SIG_IGNORED_BY_DEFAULT));
}

void signal_recalc(struct thread *t)
{
	uint64_t set = t->pending.set | t->proc->pending.set;

	if (set & ~t->sigmask || t->proc->stopping || trace_must_stop(t))
		__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&t->work, ~WORK_SIGNAL, __ATOMIC_SEQ_CST);
}

bool signal_waits_locked(struct thread *t)
{
	spin_lock(&t->proc->sig_lock);
	signal_recalc(t);
	spin_unlock(&t->proc->sig_lock);
	return signal_pending(t);
}

bool signal_set_mask_locked(struct thread *t, uint64_t mask)
{
	struct proc *p = t->proc;
	uint64_t left;

	mask &= ~SIG_UNBLOCKABLE;
	left = p->pending.set & mask & ~t->sigmask;
	t->sigmask = mask;
	signal_recalc(t);
	return left && READ_ONCE(p->nthreads) > 1;
}

void signal_leave_to_others(struct proc *p)
{
	spin_lock(&proc_tree.lock);
	signal_tell_others_locked(p);
	spin_unlock(&proc_tree.lock);
}

void signal_set_mask(struct thread *t, uint64_t mask)
{
	struct proc *p = t->proc;
	bool left;

	spin_lock(&p->sig_lock);
	left = signal_set_mask_locked(t, mask);
	spin_unlock(&p->sig_lock);
	if (left)
		signal_leave_to_others(p);
}

/* ---- the queue ---- */

/* How many signals are queued to processes of a user (RLIMIT_SIGPENDING); those
 * whose numbers end alike are counted together. */
static uint32_t queued_to[256];

static void entry_free(struct sigqueue *e)
{
	__atomic_fetch_sub(&queued_to[e->user], 1, __ATOMIC_RELAXED);
	kmem_cache_free(queue_cache, e);
}

/* NULL: no memory, or the user has as many as p's limit allows; one that is
 * `due` is not limited. */
static struct sigqueue *entry_alloc(const struct proc *p, bool due)
{
	uint8_t user = (uint8_t)p->cred.uid;
	uint32_t n = __atomic_add_fetch(&queued_to[user], 1, __ATOMIC_RELAXED);
	struct sigqueue *e = NULL;

	if (due || n <= p->rlimits[RLIMIT_SIGPENDING].rlim_cur)
		e = kmem_cache_alloc(queue_cache, GFP_NOWAIT);
	if (e) {
		e->user = user;
		e->timer = NULL;
	} else {
		__atomic_fetch_sub(&queued_to[user], 1, __ATOMIC_RELAXED);
	}
	return e;
}

/* Off its queue. A timer's comes again. */
static inline void entry_drop(struct sigqueue *e, struct siginfo_kept *info)
{
	if (__builtin_expect(e->timer != NULL, 0)) {
		list_del_init(&e->link);
		sigtimer_taken_locked(e->timer, info);
		return;
	}
	list_del(&e->link);
	entry_free(e);
}

/* Standard signals wait once; real-time ones each time. A value that somebody
 * queued does not get lost silently. */
static int enqueue(const struct proc *p, struct sigpend *q, int sig,
		   const struct siginfo *info)
{
	struct sigqueue *e;

	if (sig < ABI_SIGRTMIN && q->set & SIGBIT(sig))
		return 0;
	e = entry_alloc(p, sig < ABI_SIGRTMIN && (!info || info->si_code >= 0));
	if (!e && sig >= ABI_SIGRTMIN && info && info->si_code != SI_USER)
		return -EAGAIN;
	q->set |= SIGBIT(sig);
	if (!e)
		return 0; /* the signal counts, what is known of it is lost */
	e->sig = (uint8_t)sig;
	if (info)
		e->info = *(const struct siginfo_kept *)info;
	else
		e->info = (struct siginfo_kept){ { (uint64_t)sig, SI_KERNEL } };
	list_add_tail(&e->link, &q->queue);
	return 0;
}

void signal_dequeue(struct sigpend *q, int sig, struct siginfo_kept *info)
{
	struct sigqueue *e, *found = NULL;
	bool more = false;

	list_for_each_entry (e, &q->queue, link) {
		if (e->sig != sig)
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
		*info = (struct siginfo_kept){ { (uint64_t)sig } };
		return;
	}
	*info = found->info;
	entry_drop(found, info);
}

void signal_discard(struct sigpend *q, uint64_t set)
{
	struct siginfo_kept unused;
	struct sigqueue *e, *next;

	if (!(q->set & set))
		return;
	q->set &= ~set;
	list_for_each_entry_safe (e, next, &q->queue, link) {
		if (SIGBIT(e->sig) & set)
			entry_drop(e, &unused);
	}
}

void signal_discard_all_locked(struct proc *p, uint64_t set)
{
	struct thread *t;

	signal_discard(&p->pending, set);
	list_for_each_entry (t, &p->threads, proc_link)
		signal_discard(&t->pending, set);
}

void signal_flush(struct proc *p)
{
	struct thread *t = current_thread();

	spin_lock(&p->sig_lock);
	signal_discard(&p->pending, ~0ull);
	if (t->proc == p)
		signal_discard(&t->pending, ~0ull);
	spin_unlock(&p->sig_lock);
}

/* ---- sending ---- */

void signal_tell_thread(struct thread *t, int sig)
{
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	if (t != current_thread()) /* who will look by itself */
		thread_wake_for_signal(t, sig == SIGKILL);
}

/* A thread that may take it: one that does not block it. */
static void tell_process(struct proc *p, int sig)
{
	struct thread *t;

	list_for_each_entry (t, &p->threads, proc_link) {
		if (!signal_is_blocked(t, sig)) {
			signal_tell_thread(t, sig);
			/* One thread may be where it does not look for long;
			 * all of them are to end. */
			if (sig != SIGKILL)
				return;
		}
	}
}

/* A thread that was told of the process's signals will not take them now: it
 * blocks them, or ends. proc_tree.lock held. */
void signal_tell_others_locked(struct proc *p)
{
	spin_lock(&p->sig_lock);
	for (int sig = 1; sig <= ABI_NSIG; sig++)
		if (p->pending.set & SIGBIT(sig))
			tell_process(p, sig);
	spin_unlock(&p->sig_lock);
}

void signal_thread_gone_locked(struct proc *p, struct thread *t)
{
	bool stopped;

	spin_lock(&p->sig_lock);
	signal_discard(&t->pending, ~0ull);
	stopped = jobs_stopped_locked(p);
	spin_unlock(&p->sig_lock);
	if (stopped)
		jobs_tell_parent_locked(p, CLD_STOPPED, p->stop_report >> 8);
	if (p->pending.set && p->nthreads)
		signal_tell_others_locked(p);
}

/* Does nobody want it? A blocked signal waits even if it is ignored, for its
 * action may change, and so does one that sigtimedwait waits for. */
static bool is_dropped(struct proc *p, struct thread *to, int sig)
{
	struct thread *t;

	if (!signal_is_ignored(p, sig))
		return false;
	if (trace_is_traced_locked(p, NULL))
		return false; /* its tracer is to see it */
	if (to)
		return !signal_is_blocked(to, sig) &&
		       !(to->sigwait & SIGBIT(sig));
	list_for_each_entry (t, &p->threads, proc_link)
		if (t->sigwait & SIGBIT(sig))
			return false;
	return list_empty(&p->threads) ||
	       !signal_is_blocked(
		       container_of(p->threads.next, struct thread, proc_link),
		       sig);
}

static int send(struct proc *p, struct thread *t, int sig,
		const struct siginfo *info)
{
	int continued = 0, err = 0;

	spin_lock(&p->sig_lock);
	if (sig == SIGCONT || sig == SIGKILL)
		continued = jobs_continue_locked(p);
	if (SIGBIT(sig) & SIG_STOPS)
		signal_discard_all_locked(p, SIGBIT(SIGCONT));
	if (is_dropped(p, t, sig))
		goto out;
	err = enqueue(p, t ? &t->pending : &p->pending, sig, info);
	if (err)
		goto out;
	if (t && !signal_is_blocked(t, sig))
		signal_tell_thread(t, sig);
	else if (!t)
		tell_process(p, sig);
out:
	spin_unlock(&p->sig_lock);
	if (continued && sig == SIGCONT) {
		p->continue_report = true;
		jobs_tell_parent_locked(p, continued,
					continued == CLD_STOPPED ? 0 : SIGCONT);
	}
	return err;
}

struct sigqueue *signal_entry_alloc(struct proc *p, int sig,
				    struct sigtimer *timer)
{
	struct sigqueue *e = entry_alloc(p, timer->id < 0);

	if (!e)
		return NULL;
	list_init(&e->link);
	e->timer = timer;
	e->sig = (uint8_t)sig;
	e->info = (struct siginfo_kept){ { (uint64_t)sig, SI_KERNEL } };
	return e;
}

uint32_t signal_entries_like(const struct sigqueue *e)
{
	return READ_ONCE(queued_to[e->user]);
}

bool signal_queue_entry_locked(struct proc *p, struct thread *to,
			       struct sigqueue *e)
{
	struct sigpend *q = to ? &to->pending : &p->pending;

	if (!list_empty(&e->link))
		return true;
	if (is_dropped(p, to, e->sig))
		return false;
	list_add_tail(&e->link, &q->queue);
	q->set |= SIGBIT(e->sig);
	if (!to)
		tell_process(p, e->sig);
	else if (!signal_is_blocked(to, e->sig))
		signal_tell_thread(to, e->sig);
	return true;
}

void signal_entry_leave_locked(struct sigqueue *e)
{
	e->timer = NULL;
	if (list_empty(&e->link))
		entry_free(e);
}

int signal_send_locked(struct proc *p, int sig, const struct siginfo *info)
{
	if (p->zombie)
		return 0;
	return send(p, NULL, sig, info);
}

void signal_send_many_locked(struct proc *p, int sig,
			     const struct siginfo *info)
{
	p->sent_to_many++;
	signal_send_locked(p, sig, info);
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
	if (signal_is_blocked(t, sig) || signal_is_ignored(p, sig)) {
		struct sigactions *own = NULL;

		spin_unlock(&p->sig_lock);
		if (thread_traced(t))
			own = sigactions_own_lock(p);
		if (!own)
			proc_exit_group(sig);
		/* ... once the tracer has seen it. */
		own->action[sig].sa_handler = SIG_DFL;
		t->sigmask &= ~SIGBIT(sig);
	}
	enqueue(p, &t->pending, sig, &info);
	__atomic_fetch_or(&t->work, WORK_SIGNAL, __ATOMIC_SEQ_CST);
	spin_unlock(&p->sig_lock);
}

void signal_init(void)
{
	queue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue), 0);
	if (!queue_cache)
		boot_stop("no memory for the first objects");
	sigactions_init();
	vdso_init();
}
