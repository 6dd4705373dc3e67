/*
 * Spinlocks, mutexes and reader-writer locks. The plain spinlock paths are
 * inline in the header; here are the slow ways, the sleeping locks, and the
 * checks of the debug build: every thread keeps a chain of the spinlocks and a
 * count of the sleeping locks that it holds, so that a lock taken out of
 * order, twice, by sleeping under a spinlock, or let go by somebody else is a
 * panic with both places, the first time it happens and not only when two
 * harts meet.
 */
#include "kernel/lock.h"

#include "kernel/abi/errno.h"
#include "kernel/panic.h"
#include "kernel/riscv.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "kernel/wait.h"

/* Somebody waits in the order that they came; the releaser hands over. */
struct lock_waiter {
	struct list_head link;
	struct thread *thread;
	bool write;
	bool granted;
};

void spin_lock_contended(struct spinlock *l)
{
	uint64_t spins = 0;

	do {
		do {
			cpu_relax();
			spins++;
			/* A panicking hart may hold the lock for ever. */
			if (panic_in_progress())
				panic_park();
		} while (__atomic_load_n(&l->locked, __ATOMIC_RELAXED));
	} while (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE));
	this_hart()->spins += spins;
	this_hart()->contended++;
}

#if CONFIG_DEBUG
static bool checking(void)
{
	return current_thread() && !panic_in_progress();
}

static void check_order(struct spinlock *l, bool nested, void *site)
{
	for (struct spinlock *h = current_thread()->held_spins; h;
	     h = h->held_next) {
		if (h == l)
			panic("lock %s taken twice, at %p and %p", l->name,
			      h->site, site);
		if (h->rank > l->rank || (h->rank == l->rank && !nested))
			panic("lock order: %s (at %p) is held, %s wanted at %p",
			      h->name, h->site, l->name, site);
	}
}

static void note_held(struct spinlock *l, void *site)
{
	struct thread *t = current_thread();

	l->site = site;
	l->holder = t;
	if (t) {
		l->held_next = t->held_spins;
		t->held_spins = l;
		this_hart()->acquisitions++;
	}
}

static void spin_lock_at(struct spinlock *l, bool nested, void *site)
{
	if (checking())
		check_order(l, nested, site);
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		spin_lock_contended(l);
	note_held(l, site);
}

void spin_lock(struct spinlock *l)
{
	spin_lock_at(l, false, __builtin_return_address(0));
}

void spin_lock_nested(struct spinlock *l)
{
	spin_lock_at(l, true, __builtin_return_address(0));
}

bool spin_trylock(struct spinlock *l)
{
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	note_held(l, __builtin_return_address(0));
	return true;
}

void spin_unlock(struct spinlock *l)
{
	struct spinlock **link;

	if (checking()) {
		if (!spin_is_held(l))
			panic("lock %s let go by another, at %p", l->name,
			      __builtin_return_address(0));
		for (link = &current_thread()->held_spins; *link != l;
		     link = &(*link)->held_next)
			;
		*link = l->held_next;
	}
	l->holder = NULL;
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

bool spin_is_held(const struct spinlock *l)
{
	return l->locked && l->holder == current_thread();
}

void spin_assert_held(const struct spinlock *l)
{
	if (checking() && !spin_is_held(l))
		panic("lock %s should be held at %p", l->name,
		      __builtin_return_address(0));
}

void assert_may_sleep(void)
{
	struct spinlock *h = current_thread()->held_spins;

	if (h && checking())
		panic("sleeping at %p under lock %s (taken at %p)",
		      __builtin_return_address(0), h->name, h->site);
}

/* Sleeping locks: a stack of ranks a thread holds, by a bit mask is enough to
 * see the order; equal ranks are allowed to the nested calls only. */
static void note_sleep_lock(uint32_t rank, const char *name, bool nested)
{
	struct thread *t = current_thread();

	assert_may_sleep();
	if (checking()) {
		for (unsigned r = rank + (nested ? 1 : 0); r < RANK_REGION; r++)
			if (t->held_ranks[r])
				panic("lock order: a lock of rank %u is held, "
				      "%s (rank %u) wanted",
				      r, name, rank);
	}
	t->held_ranks[rank]++;
}

static void forget_sleep_lock(uint32_t rank)
{
	struct thread *t = current_thread();

	if (checking() && !t->held_ranks[rank])
		panic("a sleeping lock of rank %u let go by another", rank);
	if (t->held_ranks[rank])
		t->held_ranks[rank]--;
}
#else
static inline void note_sleep_lock(uint32_t rank, const char *name, bool nested)
{
}
static inline void forget_sleep_lock(uint32_t rank)
{
}
#endif

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	l->locked = 0;
#if CONFIG_DEBUG
	l->rank = rank;
	l->name = name;
	l->holder = NULL;
	l->held_next = NULL;
	l->site = NULL;
#endif
}

/* Sleeps until granted; guard is held, and let go meanwhile. */
static void wait_for_grant(struct spinlock *guard, struct lock_waiter *w)
{
	while (!w->granted) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		spin_unlock(guard);
		thread_sleep(WAIT_FOREVER);
		spin_lock(guard);
	}
}

static void grant(struct lock_waiter *w)
{
	struct thread *t = w->thread;

	list_del(&w->link);
	w->granted = true;
	thread_wake(t); /* w is gone once its thread runs */
}

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	spin_init(&m->guard, name, RANK_WAIT);
	m->owner = NULL;
	list_init(&m->waiters);
	m->rank = rank;
	m->name = name;
}

static void mutex_lock_mode(struct mutex *m, bool nested)
{
	struct lock_waiter w;

	note_sleep_lock(m->rank, m->name, nested);
	spin_lock(&m->guard);
	if (!m->owner) {
		m->owner = current_thread();
	} else {
		w.thread = current_thread();
		w.granted = false;
		list_add_tail(&w.link, &m->waiters);
		wait_for_grant(&m->guard, &w);
	}
	spin_unlock(&m->guard);
}

void mutex_lock(struct mutex *m)
{
	mutex_lock_mode(m, false);
}

void mutex_lock_nested(struct mutex *m)
{
	mutex_lock_mode(m, true);
}

void mutex_unlock(struct mutex *m)
{
	struct lock_waiter *w;

	forget_sleep_lock(m->rank);
	spin_lock(&m->guard);
	if (list_empty(&m->waiters)) {
		m->owner = NULL;
	} else {
		w = container_of(m->waiters.next, struct lock_waiter, link);
		m->owner = w->thread;
		grant(w);
	}
	spin_unlock(&m->guard);
}

void rwsem_init(struct rwsem *s, const char *name, enum lock_rank rank)
{
	spin_init(&s->guard, name, RANK_WAIT);
	s->readers = 0;
	s->writer = NULL;
	list_init(&s->waiters);
	s->rank = rank;
	s->name = name;
}

static void rwsem_lock(struct rwsem *s, bool write)
{
	struct lock_waiter w = { .thread = current_thread(), .write = write };

	list_add_tail(&w.link, &s->waiters);
	wait_for_grant(&s->guard, &w);
}

/* Lets in the first of the queue: one writer, or readers up to a writer. */
static void rwsem_pass_on(struct rwsem *s)
{
	while (!list_empty(&s->waiters) && !s->writer) {
		struct lock_waiter *w = container_of(
			s->waiters.next, struct lock_waiter, link);

		if (w->write) {
			if (s->readers)
				break;
			s->writer = w->thread;
		} else {
			s->readers++;
		}
		grant(w);
	}
}

void rwsem_read_lock(struct rwsem *s)
{
	note_sleep_lock(s->rank, s->name, false);
	spin_lock(&s->guard);
	if (!s->writer && list_empty(&s->waiters))
		s->readers++;
	else
		rwsem_lock(s, false);
	spin_unlock(&s->guard);
}

void rwsem_read_unlock(struct rwsem *s)
{
	forget_sleep_lock(s->rank);
	spin_lock(&s->guard);
	if (--s->readers == 0 && !list_empty(&s->waiters))
		rwsem_pass_on(s);
	spin_unlock(&s->guard);
}

static void rwsem_write_lock_mode(struct rwsem *s, bool nested)
{
	note_sleep_lock(s->rank, s->name, nested);
	spin_lock(&s->guard);
	if (!s->writer && !s->readers && list_empty(&s->waiters))
		s->writer = current_thread();
	else
		rwsem_lock(s, true);
	spin_unlock(&s->guard);
}

void rwsem_write_lock(struct rwsem *s)
{
	rwsem_write_lock_mode(s, false);
}

void rwsem_write_lock_nested(struct rwsem *s)
{
	rwsem_write_lock_mode(s, true);
}

void rwsem_write_unlock(struct rwsem *s)
{
	forget_sleep_lock(s->rank);
	spin_lock(&s->guard);
	s->writer = NULL;
	if (!list_empty(&s->waiters))
		rwsem_pass_on(s);
	spin_unlock(&s->guard);
}
