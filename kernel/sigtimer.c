/*
 * Timers that send signals. See sigtimer.h for how they are kept from making
 * storms.
 *
 * A sleeping lock of the process orders those who make, set and delete timers.
 * The firing function runs in the timer interrupt and takes the locks of the
 * process tree and of the signals; so whoever holds one of them must not wait
 * for it. A timer is therefore first disarmed, then its timeout is cancelled
 * with no spinlock held, then it is changed. From the queue (sig_lock held) a
 * timer is only set for its next time when it has fired, and has nothing more
 * to do with locks.
 */
#include "kernel/sigtimer.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/proc_info.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/signal_impl.h"
#include "kernel/smp.h"

/* A timer comes no oftener, so that its program gets on; what it has missed
 * counts as overrun. */
#define GRAIN_NS   100000ull
/* The same where nobody wants its signal, which costs the program nothing: so
 * much for each that the user has. */
#define IGNORED_NS 1000000ull
/* Of a process, for they are in no order; an alarm, or a sleep, is never one
 * too many. */
#define TIMERS_MAX 1000
#define REST       32 /* so many times as long as timers were looked at */

void sigtimer_lock(void)
{
	mutex_lock(&current_proc()->timers_lock);
}

void sigtimer_unlock(void)
{
	mutex_unlock(&current_proc()->timers_lock);
}

static bool sends(const struct sigtimer *t)
{
	return t->entry && t->entry->sig;
}

static uint64_t cpu_time(struct proc *p, int tid)
{
	return ticks_to_time(proc_ticks(p, tid));
}

uint64_t sigtimer_clock(const struct sigtimer *t)
{
	return t->cpu ? cpu_time(t->proc, t->cpu_tid) : time_now();
}

/* To the next time behind now; how many there were before it. */
static uint64_t advance(struct sigtimer *t, uint64_t now)
{
	uint64_t n = 0;

	if (now >= t->next)
		n = (now - t->next) / t->interval;
	t->next += (n + 1) * t->interval;
	return n;
}

static void count_missed(struct sigtimer *t, uint64_t n)
{
	t->missed = n < (uint64_t)(INT32_MAX - t->missed) ? t->missed + (int)n
							  : INT32_MAX;
}

/* Both locks held. Is somebody going to take its signal? */
static bool send_it(struct sigtimer *t)
{
	struct thread *to = NULL, *each;

	if (t->sleeper)
		thread_wake(t->sleeper);
	if (!sends(t))
		return false;
	if (t->tid) {
		list_for_each_entry (each, &t->proc->threads, proc_link)
			if (each->tid == t->tid)
				to = each;
		if (!to)
			return false;
	}
	return signal_queue_entry_locked(t->proc, to, t->entry);
}

static void fire_wall(struct timeout *timeout)
{
	struct sigtimer *t = container_of(timeout, struct sigtimer, timeout);
	struct proc *p = t->proc;

	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	if (t->armed && send_it(t)) {
		t->waiting = t->interval;
		t->armed = t->interval;
	} else if (t->armed && !t->interval) {
		t->armed = false;
	} else if (t->armed) {
		/* Nobody wants it now; perhaps later, but not very often. */
		advance(t, time_now() +
				   MIN(signal_entries_like(t->entry) * IGNORED_NS,
				       NSEC_PER_SEC));
		timeout_set(&t->timeout, t->next);
	}
	spin_unlock(&p->sig_lock);
	spin_unlock(&proc_tree.lock);
}

void sigtimer_taken_locked(struct sigtimer *t, struct siginfo_kept *info)
{
	uint64_t from = time_now();

	if (t->waiting) {
		t->waiting = false;
		if (t->interval < GRAIN_NS)
			from += GRAIN_NS - t->interval;
		count_missed(t, advance(t, from));
		timeout_set(&t->timeout, t->next);
	}
	t->overrun = t->missed;
	t->missed = 0;
	if (t->id >= 0)
		info->word[2] = (uint32_t)t->id | (uint64_t)t->overrun << 32;
}

int sigtimer_create(int id, int sig, bool cpu, struct sigtimer **out)
{
	struct proc *p = current_proc();
	struct sigtimer *t;

	if (id >= 0 && p->n_timers >= TIMERS_MAX)
		return -EAGAIN;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	t->id = id;
	if (id != SIGTIMER_SLEEPER) {
		/* Also where it sends none: it counts. */
		t->entry = signal_entry_alloc(p, sig, t);
		if (!t->entry) {
			kfree(t);
			return -EAGAIN;
		}
	}
	t->proc = p;
	t->cpu = cpu;
	timeout_init(&t->timeout, fire_wall);
	spin_lock(&p->sig_lock);
	list_add_tail(&t->link, &p->timers);
	p->n_timers++;
	spin_unlock(&p->sig_lock);
	*out = t;
	return 0;
}

struct sigtimer *sigtimer_find(int id)
{
	struct sigtimer *t;

	list_for_each_entry (t, &current_proc()->timers, link)
		if (t->id == id)
			return t;
	return NULL;
}

static void disarm(struct sigtimer *t)
{
	spin_lock(&t->proc->sig_lock);
	t->armed = t->waiting = false;
	t->missed = 0;
	spin_unlock(&t->proc->sig_lock);
	timeout_cancel(&t->timeout);
}

void sigtimer_delete(struct sigtimer *t)
{
	disarm(t);
	spin_lock(&t->proc->sig_lock);
	list_del(&t->link);
	t->proc->n_timers--;
	if (t->entry) /* what is sent already is not taken back */
		signal_entry_leave_locked(t->entry);
	spin_unlock(&t->proc->sig_lock);
	kfree(t);
}

void sigtimer_watch_cpu_locked(struct proc *p)
{
	struct thread *t;

	list_for_each_entry (t, &p->threads, proc_link) {
		t->cpu_timed = true;
		__atomic_fetch_or(&t->work, WORK_CPUTIME, __ATOMIC_SEQ_CST);
		thread_kick(t);
	}
}

void sigtimer_set(struct sigtimer *t, uint64_t next, uint64_t interval)
{
	disarm(t);
	if (!next)
		return;
	spin_lock(&t->proc->sig_lock);
	t->next = next;
	t->interval = interval;
	t->armed = true;
	if (t->cpu)
		t->proc->cpu_due = 0;
	spin_unlock(&t->proc->sig_lock);
	if (t->cpu) {
		spin_lock(&proc_tree.lock);
		sigtimer_watch_cpu_locked(t->proc);
		spin_unlock(&proc_tree.lock);
	} else if (sends(t)) {
		timeout_set(&t->timeout, next);
	}
}

void sigtimer_get(struct sigtimer *t, uint64_t *left, uint64_t *interval)
{
	uint64_t now = sigtimer_clock(t), next;
	bool armed;

	spin_lock(&t->proc->sig_lock);
	armed = t->armed && now;
	next = t->next;
	*interval = armed ? t->interval : 0;
	*left = 0;
	if (armed && now < next)
		*left = next - now;
	else if (armed && t->interval)
		*left = t->interval - (now - next) % t->interval;
	else if (armed && sends(t))
		*left = 1; /* is about to fire */
	spin_unlock(&t->proc->sig_lock);
}

void sigtimer_end(struct proc *p, bool all)
{
	struct sigtimer *t, *next;

	if (list_empty(&p->timers))
		return;
	sigtimer_lock();
	list_for_each_entry_safe (t, next, &p->timers, link) {
		if (all || t->id >= 0)
			sigtimer_delete(t);
		resched_point();
	}
	sigtimer_unlock();
}

/* ---- CPU time ---- */

static void fire_cpu(struct sigtimer *t, uint64_t now)
{
	if (!send_it(t))
		t->missed = 0;
	else if (t->waiting)
		count_missed(t, 1);
	if (t->interval)
		count_missed(t, advance(t, now));
	else
		t->armed = false;
}

/* Fires what is due. False: none is armed any more; else *least gets ns until
 * the first that p's running brings nearer. Both locks held, so who has many
 * timers is looked at less often: they are late rather than others. */
static bool check_cpu(struct proc *p, uint64_t all, uint64_t *least)
{
	uint64_t due = MAX(p->cpu_due, p->cpu_rest), begun = time_now();
	struct sigtimer *t;

	if (all < due) {
		*least = due - all;
		return true;
	}
	p->cpu_due = UINT64_MAX;
	list_for_each_entry (t, &p->timers, link) {
		uint64_t now = all;

		if (!t->cpu || !t->armed)
			continue;
		if (t->cpu_tid)
			now = ticks_to_time(proc_ticks_locked(p, t->cpu_tid));
		if (!now)
			t->armed = false; /* its thread has ended */
		else if (t->next <= now)
			fire_cpu(t, now);
		if (t->armed)
			p->cpu_due = MIN(p->cpu_due, all + (t->next - now));
	}
	/* But no longer than that: the time may be the firmware's, or whose
	 * machine this hart is. */
	p->cpu_rest = all + MIN((time_now() - begun) * REST, NSEC_PER_SEC / 5);
	if (p->cpu_due == UINT64_MAX)
		return false;
	*least = MAX(p->cpu_due, p->cpu_rest) - all;
	return true;
}

int sigtimer_sleep_cpu(uint64_t until)
{
	struct proc *p = current_proc();
	struct sigtimer *t;
	int err;

	sigtimer_lock();
	err = sigtimer_create(SIGTIMER_SLEEPER, 0, true, &t);
	if (!err) {
		t->sleeper = current_thread();
		sigtimer_set(t, until ? until : 1, 0);
	}
	sigtimer_unlock();
	if (err)
		return err;
	do {
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
		if (cpu_time(p, 0) >= until) {
			thread_sleep_cancel();
			err = 0;
			break;
		}
		err = thread_sleep(WAIT_FOREVER);
	} while (!err);
	sigtimer_lock();
	sigtimer_delete(t);
	sigtimer_unlock();
	return err;
}

/* At its limit the process is told once a second, and killed at the hard one.
 * ns until then; UINT64_MAX: it has none. */
static uint64_t check_limit(struct proc *p, uint64_t now)
{
	struct rlimit *l = &p->rlimits[RLIMIT_CPU];
	uint64_t seconds = now / NSEC_PER_SEC;

	if (l->rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	if (seconds >= l->rlim_max) {
		signal_send_locked(p, SIGKILL, NULL);
		return UINT64_MAX;
	}
	if (seconds >= l->rlim_cur) {
		signal_send_locked(p, SIGXCPU, NULL);
		l->rlim_cur++;
	}
	if (seconds >= l->rlim_cur)
		return 0;
	if (l->rlim_cur > UINT64_MAX / NSEC_PER_SEC)
		return UINT64_MAX - 1;
	return l->rlim_cur * NSEC_PER_SEC - now;
}

void sigtimer_check_cpu(void)
{
	struct thread *self = current_thread(), *t;
	struct hart *h = self->hart;
	struct proc *p = self->proc;
	uint64_t now = cpu_time(p, 0), left = UINT64_MAX, limit;
	bool watch;

	__atomic_fetch_and(&self->work, ~WORK_CPUTIME, __ATOMIC_SEQ_CST);
	spin_lock(&proc_tree.lock);
	spin_lock(&p->sig_lock);
	watch = check_cpu(p, now, &left);
	spin_unlock(&p->sig_lock);
	limit = check_limit(p, now);
	watch |= limit != UINT64_MAX;
	left = MIN(left, limit);
	list_for_each_entry (t, &p->threads, proc_link)
		t->cpu_timed = watch;
	if (left != UINT64_MAX)
		left /= p->nthreads; /* they may all be running */
	spin_unlock(&proc_tree.lock);
	if (!watch || left == UINT64_MAX)
		return;
	if (left < GRAIN_NS)
		left = GRAIN_NS;
	h->cpu_end = rdtime() + time_to_ticks(left);
	time_arm(h->cpu_end);
}
