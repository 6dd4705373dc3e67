/*
 * The shim's threads, which take turns, its locks, which check themselves, and
 * its clock. See host_impl.h for the model.
 *
 * Threads are stacks of one host thread, which jumps from one to the other
 * in sched_switch and nowhere else. So nothing in here needs locks or atomics,
 * and a switch costs next to nothing. The address sanitizer is told of each.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#ifdef HOST_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

/* ---- threads ---- */
#define MAX_HELD    32
#define STACK_BYTES (256u << 10)
#define STACK_DIRTY (16u << 10) /* more than the frames of who ends */

enum { RUNNABLE, SLEEPING, DEAD };

struct thread {
	void *jump[5]; /* where it goes on; started: it has run before */
	bool started;
	const void *stack;
	size_t stack_bytes;
	void *fake; /* the sanitizer's */
	struct list_head all, rq;
	int state, mode;
	bool on_rq;
	uint64_t deadline;
	int wake_result;
	bool signal, fatal;
	char name[16];
	void (*start)(void *);
	void *arg;
	struct {
		const void *lock;
		const char *name;
		unsigned rank;
		bool spin;
	} held[MAX_HELD];
	unsigned n_held, n_spins;
};

static struct list_head all_threads;
static struct thread main_thread = { .started = true,
				     .all = { &all_threads, &all_threads },
				     .name = "main" };
static struct thread *running = &main_thread;
/* The one that gave the last turn away, and those that have ended. */
static struct thread *before;
static struct list_head ended = LIST_INIT(ended);
static struct list_head all_threads = { &main_thread.all, &main_thread.all };
static struct list_head rq = LIST_INIT(rq);
static unsigned in_interrupt;
static uint64_t now_ns = NSEC_PER_SEC;
static unsigned chaos;

struct interrupt {
	struct list_head link;
	void (*fn)(void *);
	void *arg;
};
static struct list_head interrupts = LIST_INIT(interrupts);
static struct list_head spare_interrupts = LIST_INIT(spare_interrupts);

void host_die(const char *fmt, ...)
{
	struct thread *t;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "hostfs: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	list_for_each_entry (t, &all_threads, all) {
		fprintf(stderr, "  thread %s: %s%s, holds:", t->name,
			t->state == SLEEPING ? "sleeps" : "runs",
			t == running ? " (current)" : "");
		for (unsigned i = 0; i < t->n_held; i++)
			fprintf(stderr, " %s", t->held[i].name);
		fprintf(stderr, "\n");
	}
	abort();
}

static unsigned chaos_next(void)
{
	chaos ^= chaos << 13;
	chaos ^= chaos >> 17;
	chaos ^= chaos << 5;
	return chaos;
}

struct thread *current_thread(void)
{
	return running;
}

static void make_runnable(struct thread *t)
{
	t->state = RUNNABLE;
	if (!t->on_rq && t != running) {
		t->on_rq = true;
		list_add_tail(&t->rq, &rq);
	}
}

void host_interrupt(void (*fn)(void *arg), void *arg)
{
	struct interrupt *i = list_first_entry_or_null(&spare_interrupts,
						       struct interrupt, link);

	if (i)
		list_del(&i->link);
	else
		i = malloc(sizeof(*i));
	i->fn = fn;
	i->arg = arg;
	list_add_tail(&i->link, &interrupts);
}

static bool take_interrupts(void)
{
	bool any = false;

	if (in_interrupt)
		return false;
	while (!list_empty(&interrupts)) {
		struct interrupt *i =
			list_first_entry(&interrupts, struct interrupt, link);
		unsigned spins = current_thread()->n_spins;

		list_del(&i->link);
		in_interrupt++;
		i->fn(i->arg);
		in_interrupt--;
		if (current_thread()->n_spins != spins)
			host_die("an interrupt handler left a spinlock held");
		list_add(&i->link, &spare_interrupts);
		any = true;
	}
	return any;
}

/* Wakes those whose time has come; jumps there if nothing else can happen. */
static bool take_timeouts(bool jump)
{
	struct thread *t;
	uint64_t first = WAIT_FOREVER;
	bool any = false;

	list_for_each_entry (t, &all_threads, all) {
		if (t->state == SLEEPING)
			first = MIN(first, t->deadline);
	}
	if (first == WAIT_FOREVER || (!jump && first > now_ns))
		return false;
	now_ns = MAX(now_ns, first);
	list_for_each_entry (t, &all_threads, all) {
		if (t->state != SLEEPING || t->deadline > now_ns)
			continue;
		t->wake_result = -ETIMEDOUT;
		make_runnable(t);
		any = true;
	}
	return any;
}

/* ---- turns ---- */

/* The turn was taken: the sanitizer learns on which stack we are. */
static void turn_taken(void)
{
#ifdef HOST_ASAN
	const void *stack;
	size_t bytes;

	__sanitizer_finish_switch_fiber(running->fake, &stack, &bytes);
	before->stack = stack;
	before->stack_bytes = bytes;
#endif
}

static void thread_main(void)
{
	turn_taken();
	running->start(running->arg);
	thread_exit();
}

/* On a stack of its own from the beginning. This frame is never left: the
 * sanitizer may not mark it. */
static __attribute__((noinline, no_sanitize_address)) void
thread_begin(struct thread *t)
{
	ucontext_t c;

	t->started = true;
	getcontext(&c);
	c.uc_stack.ss_sp = (void *)(uintptr_t)t->stack;
	c.uc_stack.ss_size = t->stack_bytes;
	c.uc_link = NULL;
	makecontext(&c, thread_main, 0);
	setcontext(&c);
}

/* Not in one function with what it jumps to. */
static __attribute__((noinline, no_sanitize_address)) void
thread_resume(struct thread *t)
{
	if (!t->started)
		thread_begin(t);
	__builtin_longjmp(t->jump, 1);
}

static __attribute__((noinline, no_sanitize_address)) void
turn_give(struct thread *self, struct thread *next)
{
	before = self;
	running = next;
#ifdef HOST_ASAN
	__sanitizer_start_switch_fiber(self->state == DEAD ? NULL : &self->fake,
				       next->stack, next->stack_bytes);
#endif
	if (!__builtin_setjmp(self->jump))
		thread_resume(next);
	turn_taken();
}

static bool settling;

/* The current thread is asleep, dead or on the run queue. */
static void sched_switch(void)
{
	struct thread *self = current_thread(), *next;

	take_timeouts(false);
	while (list_empty(&rq) && self->state != RUNNABLE) {
		if (take_interrupts() || (!settling && take_timeouts(true)))
			continue;
		if (settling && main_thread.state == SLEEPING) {
			make_runnable(&main_thread);
			continue;
		}
		host_die("every thread sleeps and nothing can wake one");
	}
	if (list_empty(&rq))
		return;
	/* A timeout or an interrupt has just woken the one that goes. */
	if (self->state == RUNNABLE && !self->on_rq) {
		self->on_rq = true;
		list_add_tail(&self->rq, &rq);
	}
	next = list_first_entry(&rq, struct thread, rq);
	list_del(&next->rq);
	next->on_rq = false;
	if (next == self)
		return;
	turn_give(self, next);
}

void sched_yield_now(void)
{
	struct thread *t = current_thread();

	if (list_empty(&rq))
		return;
	t->on_rq = true;
	list_add_tail(&t->rq, &rq);
	sched_switch();
}

void resched_point(void)
{
	assert_may_sleep();
	take_interrupts();
	sched_yield_now();
}

void assert_may_sleep(void)
{
	if (in_interrupt)
		host_die("an interrupt handler may sleep");
	if (current_thread()->n_spins)
		host_die("may sleep under a spinlock");
}

bool thread_wake(struct thread *t)
{
	if (t->state != SLEEPING)
		return false;
	t->wake_result = 0;
	make_runnable(t);
	return true;
}

void thread_sleep_prepare(int mode)
{
	struct thread *t = current_thread();

	assert_may_sleep();
	t->state = SLEEPING;
	t->mode = mode;
	t->deadline = WAIT_FOREVER;
	t->wake_result = 0;
}

static bool signal_ends(const struct thread *t)
{
	return t->mode == WAIT_UNINTERRUPTIBLE ? false
	       : t->mode == WAIT_INTERRUPTIBLE ? t->signal || t->fatal
					       : t->fatal;
}

int thread_sleep(uint64_t deadline)
{
	struct thread *t = current_thread();

	assert_may_sleep();
	if (t->state != SLEEPING)
		return t->wake_result;
	if (signal_ends(t)) {
		t->state = RUNNABLE;
		return -EINTR;
	}
	if (deadline <= now_ns) {
		t->state = RUNNABLE;
		return -ETIMEDOUT;
	}
	t->deadline = deadline;
	sched_switch();
	return t->wake_result;
}

void thread_sleep_cancel(void)
{
	current_thread()->state = RUNNABLE;
}

int kthread_create(const char *name, void (*start)(void *), void *arg,
		   struct thread **out)
{
	struct thread *t = list_first_entry_or_null(&ended, struct thread, all);
	void *stack;

	if (t) {
		list_del(&t->all);
		stack = (void *)(uintptr_t)t->stack;
		/* Who ended left the sanitizer's marks there. */
		host_unpoison((char *)stack + STACK_BYTES - STACK_DIRTY,
			      STACK_DIRTY);
	} else {
		t = malloc(sizeof(*t));
		stack = aligned_alloc(16, STACK_BYTES);
	}
	memset(t, 0, sizeof(*t));
	t->stack = stack;
	t->stack_bytes = STACK_BYTES;
	strncpy(t->name, name, sizeof(t->name) - 1);
	t->start = start;
	t->arg = arg;
	list_add_tail(&t->all, &all_threads);
	make_runnable(t);
	if (out)
		*out = t;
	return 0;
}

void thread_exit(void)
{
	struct thread *t = current_thread();

	if (t == &main_thread)
		exit(0);
	if (t->n_held)
		host_die("thread %s ends with %s held", t->name,
			 t->held[0].name);
	t->state = DEAD;
	list_del(&t->all);
	list_add(&t->all, &ended);
	sched_switch();
	abort();
}

void host_settle(void)
{
	if (current_thread() != &main_thread)
		host_die("host_settle: not the main thread");
	settling = true;
	while (!list_empty(&rq) || !list_empty(&interrupts)) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(WAIT_FOREVER);
	}
	settling = false;
}

void host_set_chaos(unsigned seed)
{
	chaos = seed;
}

static void chaos_come(void)
{
	if (in_interrupt || current_thread()->n_spins)
		return;
	if (!(chaos_next() & 7))
		take_interrupts();
	if (!(chaos_next() & 7))
		sched_yield_now();
}

static inline void chaos_point(void)
{
	if (chaos)
		chaos_come();
}

/* ---- locks ---- */
/* In these two the sanitizer is off: they are all over, and touch nothing but
 * held[], whose end they look at. */
static __attribute__((no_sanitize_address)) void
held_push(const void *lock, const char *name, unsigned rank, bool spin,
	  bool nested, bool try)
{
	struct thread *t = current_thread();

	for (unsigned i = 0; i < t->n_held; i++) {
		if (t->held[i].lock == lock)
			host_die("%s is taken twice", name);
		if (try || in_interrupt)
			continue;
		if (t->held[i].rank > rank ||
		    (t->held[i].rank == rank && !nested))
			host_die("%s (rank %u) is taken under %s (rank %u)",
				 name, rank, t->held[i].name, t->held[i].rank);
	}
	if (t->n_held == MAX_HELD)
		host_die("too many locks held, the last one is %s", name);
	t->held[t->n_held].lock = lock;
	t->held[t->n_held].name = name;
	t->held[t->n_held].rank = rank;
	t->held[t->n_held].spin = spin;
	t->n_held++;
	t->n_spins += spin;
}

static bool held_has(const void *lock)
{
	struct thread *t = current_thread();

	for (unsigned i = 0; i < t->n_held; i++) {
		if (t->held[i].lock == lock)
			return true;
	}
	return false;
}

static __attribute__((no_sanitize_address)) void held_pop(const void *lock,
							  const char *name)
{
	struct thread *t = current_thread();

	for (unsigned i = t->n_held; i--;) {
		if (t->held[i].lock != lock)
			continue;
		t->n_spins -= t->held[i].spin;
		t->n_held--;
		for (; i < t->n_held; i++)
			t->held[i] = t->held[i + 1];
		return;
	}
	host_die("%s is let go by a thread that does not hold it",
		 name ? name : "a lock");
}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	memset(l, 0, sizeof(*l));
	l->name = name;
	l->rank = rank;
}

static void spin_take(struct spinlock *l, bool nested)
{
	if (!l->rank)
		host_die("a spinlock that was never initialised is taken");
	chaos_point();
	held_push(l, l->name, l->rank, true, nested, false);
	/* A thread never stops while it holds one. */
	if (l->locked)
		host_die("spinlock %s is held by a thread that sleeps",
			 l->name);
	l->locked = 1;
	l->holder = current_thread();
}

void spin_lock_contended(struct spinlock *l)
{
	spin_take(l, false);
}

void spin_lock(struct spinlock *l)
{
	spin_take(l, false);
}

void spin_lock_nested(struct spinlock *l)
{
	spin_take(l, true);
}

bool spin_trylock(struct spinlock *l)
{
	if (l->locked)
		return false;
	held_push(l, l->name, l->rank, true, true, true);
	l->locked = 1;
	l->holder = current_thread();
	return true;
}

void spin_unlock(struct spinlock *l)
{
	held_pop(l, l->name);
	l->holder = NULL;
	l->locked = 0;
	chaos_point();
}

bool spin_is_held(const struct spinlock *l)
{
	return held_has(l);
}

void spin_assert_held(const struct spinlock *l)
{
	if (!held_has(l))
		host_die("spinlock %s should be held", l->name);
}

struct lock_waiter {
	struct list_head link;
	struct thread *thread;
	bool write, granted;
};

static void lock_wait(struct list_head *list, bool write)
{
	struct lock_waiter w = { .thread = current_thread(), .write = write };

	list_add_tail(&w.link, list);
	while (!w.granted) {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(WAIT_FOREVER);
	}
}

static void lock_grant(struct lock_waiter *w)
{
	list_del(&w->link);
	w->granted = true;
	thread_wake(w->thread);
}

void mutex_init(struct mutex *m, const char *name, enum lock_rank rank)
{
	memset(m, 0, sizeof(*m));
	list_init(&m->waiters);
	m->name = name;
	m->rank = rank;
}

static void mutex_take(struct mutex *m, bool nested)
{
	assert_may_sleep();
	chaos_point();
	held_push(m, m->name, m->rank, false, nested, false);
	if (m->owner)
		lock_wait(&m->waiters, true);
	m->owner = current_thread();
}

void mutex_lock(struct mutex *m)
{
	mutex_take(m, false);
}

void mutex_lock_nested(struct mutex *m)
{
	mutex_take(m, true);
}

void mutex_unlock(struct mutex *m)
{
	held_pop(m, m->name);
	m->owner = NULL;
	if (!list_empty(&m->waiters)) {
		struct lock_waiter *w =
			list_first_entry(&m->waiters, struct lock_waiter, link);

		m->owner = w->thread;
		lock_grant(w);
	}
	chaos_point();
}

void rwsem_init(struct rwsem *s, const char *name, enum lock_rank rank)
{
	memset(s, 0, sizeof(*s));
	list_init(&s->waiters);
	s->name = name;
	s->rank = rank;
}

static void rwsem_grant(struct rwsem *s)
{
	while (!list_empty(&s->waiters) && !s->writer) {
		struct lock_waiter *w =
			list_first_entry(&s->waiters, struct lock_waiter, link);

		if (w->write && s->readers)
			return;
		if (w->write)
			s->writer = w->thread;
		else
			s->readers++;
		lock_grant(w);
	}
}

void rwsem_read_lock(struct rwsem *s)
{
	assert_may_sleep();
	chaos_point();
	held_push(s, s->name, s->rank, false, false, false);
	if (s->writer || !list_empty(&s->waiters))
		lock_wait(&s->waiters, false);
	else
		s->readers++;
}

void rwsem_read_unlock(struct rwsem *s)
{
	held_pop(s, s->name);
	if (s->readers <= 0)
		host_die("rwsem %s: no reader lets go", s->name);
	s->readers--;
	rwsem_grant(s);
	chaos_point();
}

static void rwsem_write_take(struct rwsem *s, bool nested)
{
	assert_may_sleep();
	chaos_point();
	held_push(s, s->name, s->rank, false, nested, false);
	if (s->writer || s->readers || !list_empty(&s->waiters))
		lock_wait(&s->waiters, true);
	else
		s->writer = current_thread();
}

void rwsem_write_lock(struct rwsem *s)
{
	rwsem_write_take(s, false);
}

void rwsem_write_lock_nested(struct rwsem *s)
{
	rwsem_write_take(s, true);
}

void rwsem_write_unlock(struct rwsem *s)
{
	held_pop(s, s->name);
	if (s->writer != current_thread())
		host_die("rwsem %s: not the writer lets go", s->name);
	s->writer = NULL;
	rwsem_grant(s);
	chaos_point();
}

/* ---- wait queues ---- */
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
}

void wait_remove(struct waiter *w)
{
	if (w->woken)
		return;
	spin_lock(&w->queue->lock);
	if (!w->woken)
		list_del(&w->link);
	spin_unlock(&w->queue->lock);
}

void wait_wake_all(struct wait_queue *q)
{
	spin_lock(&q->lock);
	while (!list_empty(&q->waiters)) {
		struct waiter *w =
			list_first_entry(&q->waiters, struct waiter, link);

		list_del(&w->link);
		w->woken = true;
		thread_wake(w->thread);
	}
	spin_unlock(&q->lock);
}

int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
	       uint64_t deadline)
{
	struct waiter w = { .thread = current_thread(), .queue = q };
	int err;

	if (held)
		spin_assert_held(held);
	if (current_thread()->n_spins > (held ? 1u : 0u))
		host_die("sleeps under a second spinlock");
	/* Not by wait_add: nothing may come in between here. */
	list_add_tail(&w.link, &q->waiters);
	current_thread()->state = SLEEPING;
	current_thread()->mode = mode;
	current_thread()->deadline = WAIT_FOREVER;
	current_thread()->wake_result = 0;
	if (held) {
		unsigned save = chaos;

		chaos = 0;
		spin_unlock(held);
		chaos = save;
	}
	err = thread_sleep(deadline);
	wait_remove(&w);
	if (held)
		spin_lock(held);
	return err;
}

/* ---- signals, time ---- */
bool host_signal_pending(void)
{
	return current_thread()->signal || current_thread()->fatal;
}

bool host_fatal_signal_pending(void)
{
	return current_thread()->fatal;
}

void host_set_signal(struct thread *t, bool pending, bool fatal)
{
	t->signal = pending;
	t->fatal = fatal;
	if (t->state == SLEEPING && t != running && signal_ends(t)) {
		t->wake_result = -EINTR;
		make_runnable(t);
	}
}

uint64_t time_now(void)
{
	return now_ns += 100;
}

uint64_t time_real(void)
{
	return time_now() + 1700000000ull * NSEC_PER_SEC;
}
