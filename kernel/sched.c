/*
 * The scheduler. A hart gives users a turn each, and their threads in the order
 * in which they came: a thousand of one's do not keep root from its shell. Who
 * is alone has all of it.
 *
 * A hart's run queue lock guards the states of the threads
 * that belong to that hart, and is held across a switch: whoever wakes a
 * thread takes the lock of its hart first, so it finds the thread either still
 * running (and just turns its state back) or wholly saved.
 *
 * Nobody ticks. A slice is armed when somebody waits to run on a hart that is
 * busy; an idle hart first looks for work at the others, and then waits in
 * wfi, its bit set in idle_harts, until an IPI says that there is some.
 */
#include "kernel/sched.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/hotplug.h"
#include "kernel/mm/pagetable.h"
#include "kernel/mm/vmspace.h"
#include "kernel/panic.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "kernel/wait.h"
#include "sbi/hsm.h"

#define STEAL_TRIES 64 /* looks at a lock that somebody holds */

uint64_t idle_harts;
static bool idle_suspends; /* by a call of the firmware */

uint64_t sched_allowed(const struct thread *t)
{
	uint64_t active = __atomic_load_n(&active_harts, __ATOMIC_RELAXED);
	uint64_t wanted = t->affinity & active;

	return wanted ? wanted : active;
}

static bool may_run_on(const struct thread *t, const struct hart *h)
{
	return sched_allowed(t) >> h->index & 1;
}

static void enqueue(struct hart *h, struct thread *t)
{
	unsigned q = READ_ONCE(t->queue); /* another user's any time */

	t->hart = h;
	t->state = THREAD_RUNNABLE;
	list_add_tail(&t->rq_link, &h->rq[q]);
	h->rq_filled |= 1u << q;
	h->rq_len++;
}

/* Off h's queue q. */
static void take_out(struct hart *h, unsigned q, struct thread *t)
{
	list_del(&t->rq_link);
	if (list_empty(&h->rq[q]))
		h->rq_filled &= ~(1u << q);
	h->rq_len--;
}

static struct thread *dequeue(struct hart *h)
{
	struct thread *t;
	unsigned later, q;

	if (!h->rq_len)
		return NULL;
	q = 0;
	if (__builtin_expect(h->rq_filled != 1, 0)) { /* not only root's */
		/* Behind the last one served, else from the first one on. */
		later = h->rq_filled & ~(h->rq_turn * 2 - 1);
		q = ctz64(later ? later : h->rq_filled);
	}
	h->rq_turn = 1u << q;
	t = container_of(h->rq[q].next, struct thread, rq_link);
	take_out(h, q, t);
	return t;
}

/* Somebody waits for this busy hart: its present thread gets one slice more. */
static void start_slice(struct hart *h)
{
	if (h->slice_end || h->current == h->idle)
		return;
	h->slice_end = rdtime() + READ_ONCE(h->current->slice);
	time_arm(h->slice_end);
}

/* Takes the first thread out of victim's queues that may run on h. */
static struct thread *first_for(struct hart *victim, const struct hart *h)
{
	struct thread *t;

	for (unsigned m = victim->rq_filled; m; m &= m - 1) {
		unsigned q = ctz64(m);

		list_for_each_entry (t, &victim->rq[q], rq_link) {
			if (may_run_on(t, h)) {
				take_out(victim, q, t);
				return t;
			}
		}
	}
	return NULL;
}

/* Takes one thread from the longest queue. h's lock is held; the victims' are
 * only tried, so there is no order among run queues. */
static struct thread *steal(struct hart *h)
{
	struct hart *victim = NULL;
	struct thread *t;
	unsigned longest = 0;

	for (unsigned i = 0; i < nharts; i++) {
		unsigned len = READ_ONCE(harts[i].rq_len);

		if (len > longest && &harts[i] != h) {
			longest = len;
			victim = &harts[i];
		}
	}
	if (!victim)
		return NULL;
	/* Its holder is about to let go; but it may be at this very place. */
	for (unsigned tries = STEAL_TRIES; !spin_trylock(&victim->rq_lock);) {
		if (!--tries)
			return NULL;
		cpu_relax();
	}
	t = first_for(victim, h);
	if (t)
		t->hart = h;
	spin_unlock(&victim->rq_lock);
	return t;
}

static void fp_switch(struct thread *prev, struct thread *next)
{
	if ((csr_read(sstatus) & SSTATUS_FS) == SSTATUS_FS_DIRTY && prev->fp)
		fp_save(prev->fp);
	csr_clear(sstatus, SSTATUS_FS);
	if (next->fp) {
		csr_set(sstatus, SSTATUS_FS_INIT);
		fp_restore(next->fp);
		csr_clear(sstatus, SSTATUS_FS);
		csr_set(sstatus, SSTATUS_FS_CLEAN);
	}
}

/* The run queue lock is held, and let go on the other side. */
static void switch_to(struct hart *h, struct thread *prev, struct thread *next)
{
	uint64_t now = rdtime();

	h->slice_end = h->cpu_end = 0;
	if (next->cpu_timed)
		/* It looks on its way to user mode, and arms the hart there. */
		__atomic_fetch_or(&next->work, WORK_CPUTIME, __ATOMIC_RELAXED);
	if (h->rq_len && next != h->idle) {
		h->slice_end = now + READ_ONCE(next->slice);
		time_arm(h->slice_end);
	}
	next->state = THREAD_RUNNING;
	if (prev == next) {
		spin_unlock(&h->rq_lock);
		return;
	}
	prev->run_ticks += now - prev->run_start;
	next->run_start = now;
	h->current = next;
	/* thread_kick: work is set before `current` is read; here `current` is
	 * set before work is read on the way to user mode. */
	smp_mb();
	h->switched_from = prev;
	h->n_switch++;
	if (prev->fp || next->fp)
		fp_switch(prev, next);
	if (__builtin_expect(READ_ONCE(kstack_epoch) != h->kstack_epoch, 0))
		kstack_learn(h);
	if (next->vmspace && next->vmspace != h->vmspace)
		vmspace_switch(next->vmspace);
	else if (prev == h->idle && h->vmspace)
		vmspace_resume();
	switch_context(&prev->context, &next->context);
	sched_finish_switch();
}

void sched_finish_switch(void)
{
	struct hart *h = this_hart();
	struct thread *prev = h->switched_from;
	bool dead = prev->state == THREAD_DEAD;
	bool migrate = prev->migrate;

#if CONFIG_DEBUG
	/* The lock was taken on the thread that went away. */
	prev->held_spins = NULL;
	h->rq_lock.holder = current_thread();
	h->rq_lock.held_next = NULL;
	current_thread()->held_spins = &h->rq_lock;
#endif
	spin_unlock(&h->rq_lock);
	if (dead) {
		thread_free(prev);
	} else if (migrate) {
		prev->migrate = false;
		thread_wake(prev);
	}
}

static void pick_and_switch(struct hart *h, struct thread *prev)
{
	struct thread *next = NULL;

	if (__builtin_expect(!READ_ONCE(h->plug), 1)) {
		next = dequeue(h);
		if (!next && nharts > 1)
			next = steal(h);
	}
	if (!next)
		next = h->idle;
	switch_to(h, prev, next);
}

void schedule(void)
{
	struct thread *prev = current_thread();
	struct hart *h = prev->hart;

	assert_may_sleep();
	spin_lock(&h->rq_lock);
	if (prev->state == THREAD_RUNNING) /* woken before it slept */
		spin_unlock(&h->rq_lock);
	else
		pick_and_switch(h, prev);
}

/* h has more than it can run, and t could run elsewhere: a hart that found
 * nothing to steal when it looked, looks again. */
static void call_idle_hart(struct hart *h, const struct thread *t)
{
	uint64_t idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED) &
			sched_allowed(t);

	if (idle)
		ipi_send(&harts[ctz64(idle)], IPI_RESCHED);
}

void sched_yield_now(void)
{
	struct thread *prev = current_thread();
	struct hart *h = prev->hart;

	assert_may_sleep();
	__atomic_fetch_and(&prev->work, ~WORK_RESCHED, __ATOMIC_RELAXED);
	spin_lock(&h->rq_lock);
	if (!h->rq_len && may_run_on(prev, h) && !READ_ONCE(h->plug)) {
		h->slice_end = 0;
		spin_unlock(&h->rq_lock);
		return;
	}
	if (may_run_on(prev, h)) {
		enqueue(h, prev);
		call_idle_hart(h, prev);
		pick_and_switch(h, prev);
		return;
	}
	/* It may not stay: leave through its state, then be woken elsewhere. */
	prev->state = THREAD_SLEEPING;
	prev->sleep_mode = WAIT_UNINTERRUPTIBLE;
	prev->migrate = true;
	pick_and_switch(h, prev);
}

/* An idle hart that may run t, its last one first; else its last one, or
 * where the fewest wait. */
static struct hart *choose_hart(struct thread *t)
{
	uint64_t allowed = sched_allowed(t);
	uint64_t idle =
		__atomic_load_n(&idle_harts, __ATOMIC_RELAXED) & allowed;
	struct hart *best;

	if (nharts == 1)
		return t->hart;
	if (idle) {
		if (idle >> t->hart->index & 1)
			return t->hart;
		return &harts[ctz64(idle)];
	}
	if (allowed >> t->hart->index & 1)
		return t->hart;
	best = &harts[ctz64(allowed)];
	while (allowed &= allowed - 1) {
		struct hart *h = &harts[ctz64(allowed)];

		if (READ_ONCE(h->rq_len) < READ_ONCE(best->rq_len))
			best = h;
	}
	return best;
}

/* h's lock is held; t has just been put into its queue. */
static void tell_hart(struct hart *h)
{
	if (h == this_hart())
		start_slice(h);
	else if (!h->slice_end)
		ipi_send(h, IPI_RESCHED);
}

/* t is in no queue, and nobody else will put it into one. */
static void place(struct thread *t, struct hart *h)
{
	spin_lock_nested(&h->rq_lock);
	while (!hart_in(&active_harts, h)) {
		spin_unlock(&h->rq_lock);
		h = choose_hart(t);
		spin_lock_nested(&h->rq_lock);
	}
	enqueue(h, t);
	tell_hart(h);
	spin_unlock(&h->rq_lock);
}

__attribute__((cold))
void sched_activate(struct hart *h, bool on)
{
	uint64_t bit = 1ull << h->index;

	spin_lock(&h->rq_lock);
	if (on)
		__atomic_fetch_or(&active_harts, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&active_harts, ~bit, __ATOMIC_SEQ_CST);
	spin_unlock(&h->rq_lock);
}

static void leave_if_wrong(struct hart *h, struct thread *t)
{
	if (t != h->idle && !may_run_on(t, h))
		__atomic_fetch_or(&t->work, WORK_RESCHED, __ATOMIC_RELAXED);
}

__attribute__((cold))
void sched_rebind(void)
{
	for (unsigned i = 0; i < nharts; i++) {
		struct hart *h = &harts[i];
		struct thread *t;

		spin_lock(&h->rq_lock);
		leave_if_wrong(h, h->current);
		for (unsigned q = 0; q < RUN_QUEUES; q++)
			list_for_each_entry (t, &h->rq[q], rq_link)
				leave_if_wrong(h, t);
		spin_unlock(&h->rq_lock);
		if (h != this_hart())
			ipi_send(h, IPI_RESCHED);
	}
}

__attribute__((cold))
void sched_take_over(struct hart *h)
{
	struct thread *t;

	for (;;) {
		spin_lock(&h->rq_lock);
		t = dequeue(h);
		if (t)
			t->hart = choose_hart(t);
		spin_unlock(&h->rq_lock);
		if (!t)
			return;
		place(t, t->hart);
	}
}

/* Takes the lock that guards t's state: the hart whose it is. */
static struct hart *lock_hart_of(struct thread *t)
{
	struct hart *h;

	for (;;) {
		h = READ_ONCE(t->hart);
		spin_lock_nested(&h->rq_lock);
		if (t->hart == h)
			return h;
		spin_unlock(&h->rq_lock);
	}
}

static bool wake(struct thread *t, int err, int min_mode)
{
	struct hart *h = lock_hart_of(t), *target;

	if (t->state != THREAD_SLEEPING ||
	    (min_mode && (!t->sleep_mode || t->sleep_mode > min_mode))) {
		spin_unlock(&h->rq_lock);
		return false;
	}
	t->wake_err = err;
	if (h->current == t) { /* about to sleep, or just looking */
		t->state = THREAD_RUNNING;
		spin_unlock(&h->rq_lock);
		return true;
	}
	target = choose_hart(t);
	if (target == h) {
		enqueue(h, t);
		tell_hart(h);
		spin_unlock(&h->rq_lock);
		return true;
	}
	t->state = THREAD_RUNNABLE;
	t->hart = target;
	spin_unlock(&h->rq_lock);
	place(t, target);
	return true;
}

bool thread_wake(struct thread *t)
{
	return wake(t, 0, 0);
}

bool thread_wake_timeout(struct thread *t)
{
	return wake(t, -ETIMEDOUT, 0);
}

bool thread_wake_for_signal(struct thread *t, bool fatal)
{
	if (wake(t, -EINTR, fatal ? WAIT_KILLABLE : WAIT_INTERRUPTIBLE))
		return true;
	thread_kick(t);
	return false;
}

__attribute__((cold))
void sched_hurry(struct thread *t)
{
	struct hart *h = lock_hart_of(t);

	/* Or it is on its way to another queue. */
	if (t->state == THREAD_RUNNABLE && t->rq_link.next &&
	    !list_empty(&t->rq_link)) {
		/* Which need not be the one that it is in: its user may have
		 * changed since it came. */
		list_move(&t->rq_link, &h->rq[READ_ONCE(t->queue)]);
		h->rq_filled = 0;
		for (unsigned q = 0; q < RUN_QUEUES; q++)
			if (!list_empty(&h->rq[q]))
				h->rq_filled |= 1u << q;
	}
	spin_unlock(&h->rq_lock);
}

void thread_kick(struct thread *t)
{
	struct hart *h = READ_ONCE(t->hart);

	if (h != this_hart() && READ_ONCE(h->current) == t)
		ipi_send(h, IPI_RESCHED);
}

void sched_start(struct thread *t)
{
	if (!t->hart)
		t->hart = this_hart();
	t->state = THREAD_RUNNABLE;
	place(t, choose_hart(t));
}

void sched_ipi(void)
{
	struct hart *h = this_hart();

	/* In idle the loop will look; else whoever came gets its turn. */
	if (h->current == h->idle)
		return;
	if (READ_ONCE(h->plug))
		__atomic_fetch_or(&h->current->work, WORK_RESCHED,
				  __ATOMIC_RELAXED);
	else if (READ_ONCE(h->rq_len))
		start_slice(h);
}

void interrupts_poll(void)
{
	uint64_t pending = csr_read(sip) & csr_read(sie);

	if (pending & SIP_SSIP)
		ipi_interrupt();
	/* Devices before the clock, which looks whether they have answered. */
	if (pending & SIP_SEIP)
		irq_external();
	if (pending & SIP_STIP)
		time_interrupt();
}

void resched_point(void)
{
	if (csr_read(sip) & (SIP_SSIP | SIP_STIP | SIP_SEIP))
		interrupts_poll();
	if (current_thread()->work & WORK_RESCHED)
		sched_yield_now();
}

/* Until an interrupt is pending. */
static void idle_wait(void)
{
	long err;

	if (idle_suspends) {
		err = sbi_hart_suspend(SBI_HSM_SUSPEND_RETENTIVE, 0, 0);
		if (!err)
			return;
		idle_suspends = false;
		pr_warn("idle harts wait without the firmware: %s\n",
			sbi_error_name(err));
	}
	wfi();
}

void sched_idle(void)
{
	struct hart *h = this_hart();
	struct thread *self = current_thread();
	uint64_t bit = 1ull << h->index;
	bool soon;

	for (;;) {
		if (READ_ONCE(h->plug))
			hart_leave();
		spin_lock(&h->rq_lock);
		self->state = THREAD_RUNNABLE; /* but in no queue */
		pick_and_switch(h, self);

		/* Handlers may make work: before the bit is set. */
		soon = READ_ONCE(irq_polling) && dev_poll();
		__atomic_fetch_or(&idle_harts, bit, __ATOMIC_SEQ_CST);
		WRITE_ONCE(h->idle_ticks, h->idle_ticks - (int64_t)rdtime());
		/* Work that came before the bit was set has sent no IPI. */
		if (!READ_ONCE(h->rq_len) && !soon && !READ_ONCE(h->plug))
			idle_wait();
		__atomic_fetch_and(&idle_harts, ~bit, __ATOMIC_SEQ_CST);
		WRITE_ONCE(h->idle_ticks, h->idle_ticks + (int64_t)rdtime());
		interrupts_poll();
	}
}

/* A step is a quarter of the hart's time more or less. The ends are where others
 * would wait too long, or switches were most of what is done. */
__attribute__((cold)) uint32_t sched_slice(int nice)
{
	uint64_t ns = SLICE_NS;

	for (; nice < 0; nice++)
		ns = ns * 5 / 4;
	for (; nice > 0; nice--)
		ns = ns * 4 / 5;
	return (uint32_t)time_to_ticks(MAX(MIN(ns, SLICE_NS_MAX), SLICE_NS_MIN));
}

__attribute__((cold))
void sched_init(void)
{
	char value[16];

	idle_suspends = bootarg("idle", value, sizeof(value)) &&
			!strcmp(value, "suspend");
}
