#pragma once
/*
 * Locks. Interrupts are off in the kernel and nothing preempts it, so a
 * spinlock is just the lock word; handlers run only where no spinlock is held.
 *
 * The order, outermost first, is the order of enum lock_rank: nobody waits
 * for a lock of a smaller rank than one that is held. Two locks of one rank
 * are taken only by the _nested calls, whose callers say why that is safe
 * (directories parent first, pages ascending, run queues by address).
 * A build with CONFIG_DEBUG checks order, holder and sleeping under a
 * spinlock, and panics with both call sites.
 *
 * Spinlocks are test-and-test-and-set: on virtual harts a queue lock's next
 * in line is often not running. Sections stay short; nobody sleeps in them.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel/list.h"

struct thread;

enum lock_rank {
	RANK_TIMERS = 1, /* sleeping locks */
	RANK_RENAME,
	RANK_DIR,
	RANK_INODE,
	RANK_VMSPACE,
	RANK_HANDLE,
	RANK_PAGE,
	RANK_BUFFER,
	RANK_SLEEP_LEAF, /* sleeping locks under which no other is taken */
	RANK_REGION,     /* spinlocks from here on */
	RANK_PAGETABLE,
	RANK_PROCTREE, /* parents, children, process groups */
	RANK_SIGNAL,   /* one process's signal state */
	RANK_FILES,    /* descriptor tables, open files, pipes, dcache */
	RANK_TREE,     /* page cache trees, inode lists */
	RANK_JOURNAL,
	RANK_DEVICE,  /* a driver's own queue */
	RANK_TTY,     /* line discipline */
	RANK_WAIT,    /* wait queues: inside anything that wakes */
	RANK_TIMEOUT, /* a hart's list of timeouts */
	RANK_RUNQUEUE,
	RANK_SLAB,
	RANK_BUDDY,
	RANK_CONSOLE,
};

struct spinlock {
	uint32_t locked;
#if CONFIG_DEBUG
	uint32_t rank;
	const char *name;
	void *holder; /* struct thread */
	void *site;
	struct spinlock *held_next; /* chain of the locks a hart holds */
#endif
};

#if CONFIG_DEBUG
#define SPINLOCK_INIT(n, r) { 0, (r), (n), 0, 0, 0 }
#else
#define SPINLOCK_INIT(n, r) { 0 }
#endif

/* Makes l a free lock. name: a literal, for messages; rank: its place. */
void spin_init(struct spinlock *l, const char *name, enum lock_rank rank);

void spin_lock_contended(struct spinlock *l);
#if CONFIG_DEBUG
void spin_lock(struct spinlock *l);
void spin_lock_nested(struct spinlock *l);
bool spin_trylock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
bool spin_is_held(const struct spinlock *l); /* by this thread */
void spin_assert_held(const struct spinlock *l);
void assert_may_sleep(void);
#else
static inline bool spin_trylock(struct spinlock *l)
{
	return __atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE) == 0;
}
static inline void spin_lock(struct spinlock *l)
{
	if (__builtin_expect(!spin_trylock(l), 0))
		spin_lock_contended(l);
}
static inline void spin_lock_nested(struct spinlock *l)
{
	spin_lock(l);
}
static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}
static inline bool spin_is_held(const struct spinlock *l)
{
	return __atomic_load_n(&l->locked, __ATOMIC_RELAXED);
}
static inline void spin_assert_held(const struct spinlock *l)
{
}
static inline void assert_may_sleep(void)
{
}
#endif

/* A sleeping lock with an owner. Not recursive. */
struct mutex {
	struct spinlock guard;
	struct thread *owner;    /* [guard] */
	struct list_head waiters; /* [guard] struct lock_waiter */
	uint32_t rank;
	const char *name;
};

/*
 * Makes m a free lock. mutex_lock sleeps (no spinlock may be held) and cannot
 * be interrupted by a signal.
 */
void mutex_init(struct mutex *m, const char *name, enum lock_rank rank);
void mutex_lock(struct mutex *m);
void mutex_lock_nested(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* Many readers or one writer; sleeping; writers go before later readers. */
struct rwsem {
	struct spinlock guard;
	int readers;             /* [guard] */
	struct thread *writer;   /* [guard] */
	struct list_head waiters; /* [guard] struct lock_waiter, in order */
	uint32_t rank;
	const char *name;
};

void rwsem_init(struct rwsem *s, const char *name, enum lock_rank rank);
void rwsem_read_lock(struct rwsem *s);
void rwsem_read_unlock(struct rwsem *s);
void rwsem_write_lock(struct rwsem *s);
void rwsem_write_lock_nested(struct rwsem *s);
void rwsem_write_unlock(struct rwsem *s);
