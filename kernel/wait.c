/*
 * Sleeping and waking. The order that loses no wake-up: the sleeper says that
 * it sleeps (thread_sleep_prepare), is put on the queue, looks at its
 * condition for the last time, and only then gives the hart away; a waker
 * changes the condition first and looks at the queue after. A wake-up between
 * the two finds the sleeper's state and turns it back to running.
 */
#include "kernel/wait.h"

#include "kernel/abi/errno.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/signal.h"
#include "kernel/thread.h"
#include "kernel/time.h"

void wait_queue_init(struct wait_queue *q)
{
	spin_init(&q->lock, "wait queue", RANK_WAIT);
	list_init(&q->waiters);
}

void wait_add(struct wait_queue *q, struct waiter *w)
{
	w->thread = current_thread();
	w->queue = q;
	w->woken = false;
	spin_lock(&q->lock);
	list_add_tail(&w->link, &q->waiters);
	spin_unlock(&q->lock);
	smp_mb(); /* on the queue before the condition is read again */
}

/* The lock is taken even when the waker has taken w off already: after that
 * the waker is done with the queue, whose memory may now go away. */
void wait_remove(struct waiter *w)
{
	spin_lock(&w->queue->lock);
	if (!w->woken)
		list_del(&w->link);
	spin_unlock(&w->queue->lock);
}

static void wake_first(struct wait_queue *q)
{
	struct waiter *w = container_of(q->waiters.next, struct waiter, link);
	struct thread *t = w->thread;

	list_del(&w->link);
	w->woken = true;
	thread_wake(t);
}

void wait_wake_one(struct wait_queue *q)
{
	smp_mb(); /* the condition before the look at the queue */
	if (list_empty(&q->waiters))
		return;
	spin_lock(&q->lock);
	if (!list_empty(&q->waiters))
		wake_first(q);
	spin_unlock(&q->lock);
}

void wait_wake_all(struct wait_queue *q)
{
	smp_mb();
	if (list_empty(&q->waiters))
		return;
	spin_lock(&q->lock);
	while (!list_empty(&q->waiters))
		wake_first(q);
	spin_unlock(&q->lock);
}

void thread_sleep_prepare(int mode)
{
	struct thread *t = current_thread();

	t->sleep_mode = mode;
	t->wake_err = 0;
	/* Who sees it asleep sees how it sleeps. */
	__atomic_store_n(&t->state, THREAD_SLEEPING, __ATOMIC_RELEASE);
	smp_mb();
}

void thread_sleep_cancel(void)
{
	WRITE_ONCE(current_thread()->state, THREAD_RUNNING);
}

struct sleep_timeout {
	struct timeout timeout;
	struct thread *thread;
};

static void sleep_expired(struct timeout *t)
{
	thread_wake_timeout(
		container_of(t, struct sleep_timeout, timeout)->thread);
}

static bool signal_ends_sleep(struct thread *t)
{
	if (t->sleep_mode == WAIT_INTERRUPTIBLE)
		return signal_pending(t);
	return t->sleep_mode == WAIT_KILLABLE && signal_fatal_pending(t);
}

int thread_sleep(uint64_t deadline)
{
	struct thread *t = current_thread();
	struct sleep_timeout st;

	if (t->sleep_mode != WAIT_UNINTERRUPTIBLE && signal_ends_sleep(t)) {
		thread_sleep_cancel();
		return -EINTR;
	}
	if (deadline == WAIT_FOREVER) {
		schedule();
		return t->wake_err;
	}
	st.thread = t;
	timeout_init(&st.timeout, sleep_expired);
	timeout_set(&st.timeout, deadline);
	schedule();
	timeout_cancel(&st.timeout);
	return t->wake_err;
}

int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
	       uint64_t deadline)
{
	struct waiter w;
	int err;

	thread_sleep_prepare(mode);
	wait_add(q, &w);
	if (held)
		spin_unlock(held);
	err = thread_sleep(deadline);
	wait_remove(&w);
	if (held)
		spin_lock(held);
	return err;
}
