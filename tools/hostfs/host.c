/*
 * The shim: threads that take turns, locks that check themselves, pages from
 * an arena, and the caller's memory. See host_impl.h for the model.
 *
 * One host mutex (the hart) is held by whoever runs; a thread gives it away
 * only in sched_switch. So nothing in here needs locks or atomics.
 */
#define _GNU_SOURCE
#include "fs/host.h"
#include "fs/pagecache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#endif
#ifdef HOST_ASAN
#include <sanitizer/asan_interface.h>
#define poison(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define poison(p, n)   ((void)0)
#define unpoison(p, n) ((void)0)
#endif

/* ---- threads ---- */
#define MAX_HELD 32

enum { RUNNABLE, SLEEPING, DEAD };

struct thread {
	pthread_t pthread;
	pthread_cond_t turn;
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

static pthread_mutex_t hart = PTHREAD_MUTEX_INITIALIZER;
static struct thread main_thread;
static struct thread *running;
static struct list_head all_threads = LIST_INIT(all_threads);
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

static void die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
	struct thread *t;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "hostfs: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	list_for_each_entry(t, &all_threads, all) {
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
	if (!running) {
		pthread_mutex_lock(&hart);
		running = &main_thread;
		strcpy(main_thread.name, "main");
		main_thread.pthread = pthread_self();
		pthread_cond_init(&main_thread.turn, NULL);
		list_add_tail(&main_thread.all, &all_threads);
	}
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
	struct interrupt *i = malloc(sizeof(*i));

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
			die("an interrupt handler left a spinlock held");
		free(i);
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

	list_for_each_entry(t, &all_threads, all) {
		if (t->state == SLEEPING)
			first = MIN(first, t->deadline);
	}
	if (first == WAIT_FOREVER || (!jump && first > now_ns))
		return false;
	now_ns = MAX(now_ns, first);
	list_for_each_entry(t, &all_threads, all) {
		if (t->state != SLEEPING || t->deadline > now_ns)
			continue;
		t->wake_result = -ETIMEDOUT;
		make_runnable(t);
		any = true;
	}
	return any;
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
		die("every thread sleeps and nothing can wake one");
	}
	if (list_empty(&rq))
		return;
	next = list_first_entry(&rq, struct thread, rq);
	list_del(&next->rq);
	next->on_rq = false;
	if (next == self)
		return;
	running = next;
	pthread_cond_signal(&next->turn);
	if (self->state == DEAD)
		return;
	while (running != self)
		pthread_cond_wait(&self->turn, &hart);
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
		die("an interrupt handler may sleep");
	if (current_thread()->n_spins)
		die("may sleep under a spinlock");
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
	return t->mode == WAIT_UNINTERRUPTIBLE ? false :
	       t->mode == WAIT_INTERRUPTIBLE   ? t->signal || t->fatal :
						 t->fatal;
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

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	pthread_mutex_lock(&hart);
	while (running != t)
		pthread_cond_wait(&t->turn, &hart);
	t->start(t->arg);
	thread_exit();
}

int kthread_create(const char *name, void (*start)(void *), void *arg,
		   struct thread **out)
{
	struct thread *t = calloc(1, sizeof(*t));

	current_thread();
	strncpy(t->name, name, sizeof(t->name) - 1);
	t->start = start;
	t->arg = arg;
	pthread_cond_init(&t->turn, NULL);
	list_add_tail(&t->all, &all_threads);
	make_runnable(t);
	if (pthread_create(&t->pthread, NULL, thread_main, t))
		die("no host thread for %s", name);
	pthread_detach(t->pthread);
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
		die("thread %s ends with %s held", t->name, t->held[0].name);
	t->state = DEAD;
	list_del(&t->all);
	sched_switch();
	/* Whoever was given the turn waits for the mutex. */
	free(t);
	pthread_mutex_unlock(&hart);
	pthread_exit(NULL);
}

void host_settle(void)
{
	if (current_thread() != &main_thread)
		die("host_settle: not the main thread");
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

static void chaos_point(void)
{
	if (!chaos || in_interrupt || current_thread()->n_spins)
		return;
	if (!(chaos_next() & 7))
		take_interrupts();
	if (!(chaos_next() & 7))
		sched_yield_now();
}

/* ---- locks ---- */
static void held_push(const void *lock, const char *name, unsigned rank,
		      bool spin, bool nested, bool try)
{
	struct thread *t = current_thread();

	for (unsigned i = 0; i < t->n_held; i++) {
		if (t->held[i].lock == lock)
			die("%s is taken twice", name);
		if (try || in_interrupt)
			continue;
		if (t->held[i].rank > rank ||
		    (t->held[i].rank == rank && !nested))
			die("%s (rank %u) is taken under %s (rank %u)", name,
			    rank, t->held[i].name, t->held[i].rank);
	}
	if (t->n_held == MAX_HELD)
		die("too many locks held, the last one is %s", name);
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

static void held_pop(const void *lock, const char *name)
{
	struct thread *t = current_thread();

	for (unsigned i = t->n_held; i--;) {
		if (t->held[i].lock != lock)
			continue;
		t->n_spins -= t->held[i].spin;
		t->n_held--;
		memmove(&t->held[i], &t->held[i + 1],
			(t->n_held - i) * sizeof(t->held[0]));
		return;
	}
	die("%s is let go by a thread that does not hold it",
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
		die("a spinlock that was never initialised is taken");
	chaos_point();
	held_push(l, l->name, l->rank, true, nested, false);
	/* A thread never stops while it holds one. */
	if (l->locked)
		die("spinlock %s is held by a thread that sleeps", l->name);
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
		die("spinlock %s should be held", l->name);
}

struct lock_waiter {
	struct list_head link;
	struct thread *thread;
	bool write, granted;
};

static int lock_wait(struct list_head *list, bool write, int mode)
{
	struct lock_waiter w = { .thread = current_thread(), .write = write };
	int err = 0;

	list_add_tail(&w.link, list);
	while (!w.granted) {
		thread_sleep_prepare(mode);
		err = thread_sleep(WAIT_FOREVER);
		if (err && !w.granted) {
			list_del(&w.link);
			return err;
		}
	}
	return 0;
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

static int mutex_take(struct mutex *m, bool nested, int mode)
{
	int err = 0;

	assert_may_sleep();
	chaos_point();
	held_push(m, m->name, m->rank, false, nested, false);
	if (m->owner)
		err = lock_wait(&m->waiters, true, mode);
	if (err)
		held_pop(m, m->name);
	else
		m->owner = current_thread();
	return err;
}

void mutex_lock(struct mutex *m)
{
	mutex_take(m, false, WAIT_UNINTERRUPTIBLE);
}

void mutex_lock_nested(struct mutex *m)
{
	mutex_take(m, true, WAIT_UNINTERRUPTIBLE);
}

int mutex_lock_interruptible(struct mutex *m)
{
	return mutex_take(m, false, WAIT_INTERRUPTIBLE);
}

bool mutex_trylock(struct mutex *m)
{
	if (m->owner)
		return false;
	held_push(m, m->name, m->rank, false, true, true);
	m->owner = current_thread();
	return true;
}

void mutex_unlock(struct mutex *m)
{
	held_pop(m, m->name);
	m->owner = NULL;
	if (!list_empty(&m->waiters)) {
		struct lock_waiter *w = list_first_entry(
			&m->waiters, struct lock_waiter, link);

		m->owner = w->thread;
		lock_grant(w);
	}
	chaos_point();
}

bool mutex_is_held(const struct mutex *m)
{
	return held_has(m);
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
		struct lock_waiter *w = list_first_entry(
			&s->waiters, struct lock_waiter, link);

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
		lock_wait(&s->waiters, false, WAIT_UNINTERRUPTIBLE);
	else
		s->readers++;
}

bool rwsem_read_trylock(struct rwsem *s)
{
	if (s->writer || !list_empty(&s->waiters))
		return false;
	held_push(s, s->name, s->rank, false, true, true);
	s->readers++;
	return true;
}

void rwsem_read_unlock(struct rwsem *s)
{
	held_pop(s, s->name);
	if (s->readers <= 0)
		die("rwsem %s: no reader lets go", s->name);
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
		lock_wait(&s->waiters, true, WAIT_UNINTERRUPTIBLE);
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

bool rwsem_write_trylock(struct rwsem *s)
{
	if (s->writer || s->readers || !list_empty(&s->waiters))
		return false;
	held_push(s, s->name, s->rank, false, true, true);
	s->writer = current_thread();
	return true;
}

void rwsem_write_unlock(struct rwsem *s)
{
	held_pop(s, s->name);
	if (s->writer != current_thread())
		die("rwsem %s: not the writer lets go", s->name);
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

static void wake(struct wait_queue *q, bool all)
{
	spin_lock(&q->lock);
	while (!list_empty(&q->waiters)) {
		struct waiter *w =
			list_first_entry(&q->waiters, struct waiter, link);

		list_del(&w->link);
		w->woken = true;
		thread_wake(w->thread);
		if (!all)
			break;
	}
	spin_unlock(&q->lock);
}

void wait_wake_one(struct wait_queue *q)
{
	wake(q, false);
}

void wait_wake_all(struct wait_queue *q)
{
	wake(q, true);
}

int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
	       uint64_t deadline)
{
	struct waiter w = { .thread = current_thread(), .queue = q };
	int err;

	if (held)
		spin_assert_held(held);
	if (current_thread()->n_spins > (held ? 1u : 0u))
		die("sleeps under a second spinlock");
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

/* ---- pages ---- */
#define ARENA_PAGES (1ul << 20) /* 4 GiB of address space, used as needed */

struct page *host_pages;
char *host_arena;
static struct list_head free_pages[PAGE_MAX_ORDER + 1];
static uint64_t arena_next, pages_used, page_limit = 1ul << 17;
static uint64_t pages_by_kind[PAGE_KINDS];
static unsigned fail_alloc;
static struct list_head shrinkers = LIST_INIT(shrinkers);
static bool shrinking;

static void *map_lazily(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("no memory for the arena");
	return p;
}

static __attribute__((constructor)) void arena_init(void)
{
	host_arena = map_lazily(ARENA_PAGES << PAGE_SHIFT);
	host_pages = map_lazily(ARENA_PAGES * sizeof(struct page));
	for (unsigned i = 0; i <= PAGE_MAX_ORDER; i++)
		list_init(&free_pages[i]);
}

void host_fail_alloc(unsigned n)
{
	fail_alloc = n;
}

static bool alloc_fails(void)
{
	return fail_alloc && !--fail_alloc;
}

void host_set_page_limit(uint64_t pages)
{
	page_limit = pages;
}

void shrinker_register(struct shrinker *s)
{
	list_add_tail(&s->link, &shrinkers);
}

static uint64_t shrink(uint64_t want, bool may_write)
{
	struct shrinker *s;
	uint64_t got = 0;

	if (shrinking)
		return 0;
	shrinking = true;
	list_for_each_entry(s, &shrinkers, link) {
		if (got < want)
			got += s->shrink(want - got, may_write);
	}
	shrinking = false;
	return got;
}

void reclaim_all(void)
{
	while (shrink(UINT64_MAX / 2, true))
		;
}

static struct page *take_free(unsigned order)
{
	struct page *pg;
	unsigned o = order;

	while (o <= PAGE_MAX_ORDER && list_empty(&free_pages[o]))
		o++;
	if (o > PAGE_MAX_ORDER) {
		arena_next = round_up(arena_next, 1ul << order);
		if (arena_next + (1ul << order) > ARENA_PAGES)
			return NULL;
		pg = host_pages + arena_next;
		arena_next += 1ul << order;
		return pg;
	}
	pg = list_first_entry(&free_pages[o], struct page, link);
	list_del(&pg->link);
	while (o > order) {
		o--;
		list_add(&pg[1ul << o].link, &free_pages[o]);
	}
	return pg;
}

struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind)
{
	struct page *pg;
	size_t bytes = PAGE_SIZE << order;

	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (alloc_fails())
		return NULL;
	if (pages_used + (1ul << order) > page_limit) {
		if (!(gfp & GFP_NOWAIT))
			shrink(32 + (1ul << order), !(gfp & GFP_NOFS));
		if (pages_used + (1ul << order) > page_limit)
			return NULL;
	}
	pg = take_free(order);
	if (!pg)
		return NULL;
	pages_used += 1ul << order;
	pages_by_kind[kind] += 1ul << order;
	memset(pg, 0, sizeof(*pg));
	pg->kind = kind;
	pg->order = order;
	pg->refs = 1;
	unpoison(page_to_va(pg), bytes);
	memset(page_to_va(pg), gfp & GFP_ZERO ? 0 : 0xa5, bytes);
	return pg;
}

void page_free(struct page *pg, unsigned order)
{
	if (pg->kind == PAGE_FREE || pg->order != order)
		die("page freed twice, or with another order");
	if (pg->bits & (PG_LOCKED | PG_WRITEBACK))
		die("a locked page is freed");
	pages_used -= 1ul << order;
	pages_by_kind[pg->kind] -= 1ul << order;
	pg->kind = PAGE_FREE;
	poison(page_to_va(pg), PAGE_SIZE << order);
	/* At the end: a freed page is seen for as long as possible. */
	list_add_tail(&pg->link, &free_pages[order]);
}

void page_free_last(struct page *pg)
{
	page_free(pg, pg->order);
}

void page_count(struct page_counts *out)
{
	out->total = page_limit;
	out->free = page_limit - pages_used;
	memcpy(out->by_kind, pages_by_kind, sizeof(out->by_kind));
}

uint64_t host_pages_in_use(void)
{
	return pages_used;
}

/* ---- objects ---- */
struct kmem_cache {
	struct list_head link;
	const char *name;
	size_t size, align;
	uint64_t in_use;
};
static struct list_head caches = LIST_INIT(caches);
static uint64_t objects;

static void *object_alloc(size_t size, size_t align, unsigned gfp)
{
	void *p;

	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (alloc_fails())
		return NULL;
	/* The kernel's largest object; then whatever the host has. */
	if (size > (4ul << 20) || posix_memalign(&p, MAX(align, 16ul), size))
		return NULL;
	memset(p, gfp & GFP_ZERO ? 0 : 0xa5, size);
	objects++;
	return p;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));

	c->name = name;
	c->size = size;
	c->align = align;
	list_add_tail(&c->link, &caches);
	return c;
}

void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp)
{
	void *p = object_alloc(c->size, c->align, gfp);

	if (p)
		c->in_use++;
	return p;
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	if (!obj || !c->in_use)
		die("cache %s: bad free", c->name);
	c->in_use--;
	objects--;
	free(obj);
}

void *kmalloc(size_t size, unsigned gfp)
{
	return object_alloc(size, 16, gfp);
}

void kfree(void *p)
{
	if (!p)
		return;
	objects--;
	free(p);
}

void kmem_cache_walk(void (*fn)(void *arg, const char *name, size_t size,
				uint64_t in_use, uint64_t pages),
		     void *arg)
{
	struct kmem_cache *c;

	list_for_each_entry(c, &caches, link)
		fn(arg, c->name, c->size, c->in_use, 0);
}

uint64_t host_objects_in_use(void)
{
	return objects;
}

/* ---- printing ---- */
static char log_ring[1 << 16];
static size_t log_len;
static int log_level = HOST_LOG_WARN;

void host_printk(int level, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	if (!n || line[n - 1] != '\n')
		strcpy(line + n, "\n");
	if (level <= log_level)
		fprintf(stderr, "<%d>%s", level, line);
	n = strlen(line);
	if (log_len + n >= sizeof(log_ring)) {
		size_t cut = sizeof(log_ring) / 2;

		if (cut > log_len)
			cut = log_len;
		memmove(log_ring, log_ring + cut, log_len - cut);
		log_len -= cut;
	}
	memcpy(log_ring + log_len, line, n + 1);
	log_len += n;
}

void host_set_log_level(int level)
{
	log_level = level;
}

bool host_log_has(const char *s)
{
	return strstr(log_ring, s);
}

void host_log_clear(void)
{
	log_len = 0;
	log_ring[0] = 0;
}

void panic(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	die("panic: %s", line);
}

/* ---- time ---- */
uint64_t time_now(void)
{
	return now_ns += 100;
}

uint64_t time_real(void)
{
	return time_now() + 1700000000ull * NSEC_PER_SEC;
}

/* ---- the caller ---- */
static struct cred cred;
static unsigned fd_limit = 1024;
static struct fs_context *caller_fs;
static struct fdtable *caller_files;
static uint64_t file_size_limit = UINT64_MAX;
static uint64_t sent_signals;

const struct cred *host_cred(void)
{
	return &cred;
}

struct cred *host_cred_edit(void)
{
	return &cred;
}

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

int host_pid(void)
{
	return 1;
}

uint64_t host_file_size_limit(void)
{
	return file_size_limit;
}

void host_set_file_size_limit(uint64_t n)
{
	file_size_limit = n;
}

unsigned host_fd_limit(void)
{
	return fd_limit;
}

void host_set_fd_limit(unsigned n)
{
	fd_limit = n;
}

struct fs_context *host_fs(void)
{
	return caller_fs;
}

struct fdtable *host_files(void)
{
	return caller_files;
}

void host_set_process(struct fs_context *fs, struct fdtable *files)
{
	caller_fs = fs;
	caller_files = files;
}

uint64_t host_total_pages(void)
{
	return page_limit;
}

void host_send_signal(int sig)
{
	sent_signals |= 1ull << sig;
}

uint64_t host_take_sent_signals(void)
{
	uint64_t s = sent_signals;

	sent_signals = 0;
	return s;
}

/* ---- data of the caller ---- */
static uint64_t bad_from, bad_to, absent_from, absent_to;

void host_set_bad_range(uint64_t from, uint64_t to)
{
	bad_from = from;
	bad_to = to;
}

void host_set_absent_range(uint64_t from, uint64_t to)
{
	absent_from = from;
	absent_to = to;
}

/* How many of n bytes at p come before [from, to). */
static size_t before(uint64_t p, size_t n, uint64_t from, uint64_t to)
{
	if (p >= to || p + n <= from)
		return n;
	return p >= from ? 0 : from - p;
}

static size_t reachable(const struct uio *u, uint64_t p, size_t n, bool fault)
{
	if (u->kernel)
		return n;
	if (p < PAGE_SIZE)
		return 0;
	n = before(p, n, bad_from, bad_to);
	return fault ? n : before(p, n, absent_from, absent_to);
}

void uio_init_kernel(struct uio *u, struct iovec *iov, void *buf, size_t n)
{
	iov->iov_base = buf;
	iov->iov_len = n;
	memset(u, 0, sizeof(*u));
	u->iov = iov;
	u->iovcnt = 1;
	u->resid = n;
	u->kernel = true;
}

static void skip_empty(struct uio *u)
{
	while (u->cur < u->iovcnt && u->off == u->iov[u->cur].iov_len) {
		u->cur++;
		u->off = 0;
	}
}

static size_t copy(struct uio *u, char *buf, size_t n, bool to, bool fault)
{
	size_t done = 0;

	if (fault && !u->kernel)
		assert_may_sleep();
	n = MIN(n, u->resid);
	while (done < n) {
		const struct iovec *v;
		size_t part, ok;
		char *p;

		skip_empty(u);
		if (u->cur == u->iovcnt)
			break;
		v = &u->iov[u->cur];
		p = (char *)v->iov_base + u->off;
		part = MIN(n - done, v->iov_len - u->off);
		ok = reachable(u, (uintptr_t)p, part, fault);
		if (to)
			memcpy(p, buf + done, ok);
		else
			memcpy(buf + done, p, ok);
		done += ok;
		u->off += ok;
		u->resid -= ok;
		if (ok < part)
			break;
	}
	skip_empty(u);
	return done;
}

size_t uio_copy_to(struct uio *u, const void *src, size_t n)
{
	return copy(u, (char *)(uintptr_t)src, n, true, true);
}

size_t uio_copy_from(struct uio *u, void *dst, size_t n)
{
	return copy(u, dst, n, false, true);
}

size_t uio_copy_to_nofault(struct uio *u, const void *src, size_t n)
{
	return copy(u, (char *)(uintptr_t)src, n, true, false);
}

size_t uio_copy_from_nofault(struct uio *u, void *dst, size_t n)
{
	return copy(u, dst, n, false, false);
}

int uio_fault_in(struct uio *u, size_t n, bool to_user)
{
	uint64_t p;

	assert_may_sleep();
	skip_empty(u);
	if (u->cur == u->iovcnt)
		return 0;
	p = (uintptr_t)u->iov[u->cur].iov_base + u->off;
	if (!reachable(u, p, 1, true))
		return -EFAULT;
	/* One page comes in. */
	if (p >= absent_from && p < absent_to)
		absent_from = MIN(absent_to, round_down(p, PAGE_SIZE) +
						     PAGE_SIZE);
	return 0;
}

void uio_advance(struct uio *u, size_t n)
{
	n = MIN(n, u->resid);
	u->resid -= n;
	while (n) {
		size_t part;

		skip_empty(u);
		part = MIN(n, u->iov[u->cur].iov_len - u->off);
		u->off += part;
		n -= part;
	}
	skip_empty(u);
}

int host_copy_to_user(uint64_t to, const void *from, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)to, n };
	struct uio u = { .iov = &v, .iovcnt = 1, .resid = n };

	return uio_copy_to(&u, from, n) == n ? 0 : -EFAULT;
}

int host_copy_from_user(void *to, uint64_t from, size_t n)
{
	struct iovec v = { (void *)(uintptr_t)from, n };
	struct uio u = { .iov = &v, .iovcnt = 1, .resid = n };

	return uio_copy_from(&u, to, n) == n ? 0 : -EFAULT;
}

/* ---- the rest ---- */
/* Nobody maps files here; a test may put its own in its place. */
__attribute__((weak)) void host_unmap_range(struct mapping *m, uint64_t first,
					    uint64_t last,
					    bool write_protect_only)
{
}

void host_random(void *buf, size_t n)
{
	static uint64_t x = 0x9e3779b97f4a7c15ull;
	unsigned char *p = buf;

	while (n--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		*p++ = (unsigned char)(x >> 24);
	}
}
