#pragma once
/*
 * Wait queues: a thread sleeps until what it waits for may be true. A wake-up
 * costs what it wakes, and is never lost: the sleeper is on the queue before
 * it looks at the condition for the last time.
 *
 * Two ways to use one:
 *  - wait_sleep(): the condition is guarded by a spinlock that the caller
 *    holds; it is let go while asleep and held again on return. The caller
 *    loops until its condition holds.
 *  - wait_event(): the condition is an expression read without a lock.
 * poll() puts one waiter on each of several queues: wait_add/wait_remove
 * around thread_sleep().
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/list.h"
#include "kernel/lock.h"

struct thread;

struct wait_queue {
	struct spinlock lock;
	struct list_head waiters; /* [lock] struct waiter */
};

struct waiter {
	struct list_head link;
	struct thread *thread;
	struct wait_queue *queue;
	bool woken; /* [queue->lock] taken off the queue by a wake-up */
};

#define WAIT_UNINTERRUPTIBLE 0
#define WAIT_INTERRUPTIBLE   1 /* a signal that is not blocked ends it */
#define WAIT_KILLABLE        2 /* only a fatal signal ends it */

#define WAIT_FOREVER UINT64_MAX

void wait_queue_init(struct wait_queue *q);

/*
 * Sleeps on q until woken, deadline (ns on the monotonic clock, or
 * WAIT_FOREVER) or, as mode says, a signal. Wants held, which guards the
 * condition and is let go meanwhile; NULL if there is none (then the caller
 * must use wait_event). Returns 0 (woken, perhaps for nothing: look again),
 * -EINTR or -ETIMEDOUT.
 */
int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
               uint64_t deadline);

/* Wake one (the first) or all sleepers. Callable under spinlocks of a rank
 * below RANK_WAIT and from interrupt handlers. Cheap when q is empty. */
void wait_wake_one(struct wait_queue *q);
void wait_wake_all(struct wait_queue *q);

/* For several queues at once. wait_add puts w (of the current thread) on q;
 * after thread_sleep, wait_remove takes it off wherever it still is. */
void wait_add(struct wait_queue *q, struct waiter *w);
void wait_remove(struct waiter *w);

/*
 * The current thread says that it is about to sleep; from then on a wake-up
 * makes thread_sleep return at once. Between the two it looks at its
 * conditions; if one holds it calls thread_sleep_cancel instead.
 */
void thread_sleep_prepare(int mode);
int thread_sleep(uint64_t deadline); /* 0, -EINTR, -ETIMEDOUT */
void thread_sleep_cancel(void);

#define wait_event_mode(q, cond, mode, deadline)                          \
	({                                                                \
		struct waiter w_;                                         \
		int err_ = 0;                                             \
		while (!(cond)) {                                         \
			thread_sleep_prepare(mode);                       \
			wait_add(q, &w_);                                 \
			if (cond) {                                       \
				wait_remove(&w_);                         \
				thread_sleep_cancel();                    \
				break;                                    \
			}                                                 \
			err_ = thread_sleep(deadline);                    \
			wait_remove(&w_);                                 \
			if (err_) {                                       \
				if (cond)                                 \
					err_ = 0;                         \
				break;                                    \
			}                                                 \
		}                                                         \
		err_;                                                     \
	})
#define wait_event(q, cond) \
	((void)wait_event_mode(q, cond, WAIT_UNINTERRUPTIBLE, WAIT_FOREVER))
#define wait_event_interruptible(q, cond) \
	wait_event_mode(q, cond, WAIT_INTERRUPTIBLE, WAIT_FOREVER)
