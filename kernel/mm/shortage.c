/*
 * What is done when memory is short. Who finds no page asks the shrinkers itself;
 * when they have nothing either, the answer is NULL, or for a user page the
 * death of the greediest process (which one that is: proc.c). Those who wait
 * sleep in a queue until something came back. A few pages are kept back for
 * those whose work frees memory, for the kernel and for root (page_impl.h),
 * and a new process is not begun where it could not go on.
 */
#include "kernel/mm/page.h"

#include "kernel/bits.h"
#include "kernel/mm/page_impl.h"
#include "kernel/mm/pagetable.h"
#include "kernel/proc.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/time.h"
#include "kernel/users.h"
#include "kernel/wait.h"

static struct list_head shrinkers = LIST_INIT(shrinkers);
static struct thread *reclaimer; /* one at a time; atomic */
unsigned page_hungry;

/* Who waits for pages: root's, and all others. The first one is woken when some
 * come back, and wakes the next one when it has got one. Many who look all the
 * time, each with a timer and a round of the shrinkers, leave nothing of the
 * machine to those who could give pages back. */
static struct wait_queue hungry[] = {
	{ SPINLOCK_INIT("hungry", RANK_WAIT), LIST_INIT(hungry[0].waiters) },
	{ SPINLOCK_INIT("hungry", RANK_WAIT), LIST_INIT(hungry[1].waiters) },
};

/* The shrinkers had nothing: users' requests do not ask again so soon. */
#define BARREN_NS (10 * NSEC_PER_MSEC)
static uint64_t barren_at; /* when it was; atomic */

static bool is_users(void)
{
	return current_thread()->queue;
}

uint64_t page_left_to_root(void)
{
	return is_users() ? buddy.total / 32 : 0;
}

static void wake_hungry(void)
{
	wait_wake_one(&hungry[list_empty(&hungry[0].waiters)]);
}

void page_came_back(void)
{
	page_drain_hart(mm_hart());
	wake_hungry();
}

/* For at most so long, or until there is one that such a request may have; or
 * as mode says. */
static void wait_for_page(unsigned gfp, unsigned ms, int mode)
{
	__atomic_fetch_add(&page_hungry, 1, __ATOMIC_RELAXED);
	wait_event_mode(&hungry[is_users()],
			READ_ONCE(buddy.n_free) > page_floor(gfp), mode,
			time_now() + ms * NSEC_PER_MSEC);
	__atomic_fetch_sub(&page_hungry, 1, __ATOMIC_RELAXED);
}

/*
 * Asks for `want` pages, on behalf of such a request; how many came. A shrinker
 * that allocates must not start another round, so a nested call finds nothing.
 * Whoever comes while another one is at it waits a little: what that one frees
 * serves both.
 */
static uint64_t reclaim(uint64_t want, unsigned gfp)
{
	struct thread *me = current_thread(), *none = NULL;
	bool may_write = !(gfp & GFP_NOFS);
	struct shrinker *s;
	uint64_t freed = 0;

	if (!__atomic_compare_exchange_n(&reclaimer, &none, me, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (none == me)
			return 0;
		wait_for_page(gfp, 10, WAIT_UNINTERRUPTIBLE);
		return 1;
	}
	list_for_each_entry (s, &shrinkers, link) {
		freed += s->shrink(want - MIN(freed, want), may_write);
		if (freed >= want)
			break;
	}
	if (!freed && may_write)
		WRITE_ONCE(barren_at, time_now());
	__atomic_store_n(&reclaimer, NULL, __ATOMIC_RELEASE);
	if (freed)
		wake_hungry();
	return freed;
}

static bool is_barren(void)
{
	return time_now() - READ_ONCE(barren_at) < BARREN_NS;
}

/* Somebody has been killed; is it us? Then rather fail than wait. */
static bool told_to_die(void)
{
	return current_thread()->proc && host_fatal_signal_pending();
}

/* ---- one more page ---- */

#define KILL_NS   (20 * NSEC_PER_MSEC) /* from one to the next, at least */
#define HUNGER_NS (10 * NSEC_PER_SEC)  /* then one is told: there is none */

/* For those who may not have somebody killed: if somebody else has just done
 * it, there is soon memory again. */
static uint64_t last_kill; /* when; atomic */

static struct page *take_later(unsigned order, unsigned gfp)
{
	struct page *pg = NULL;

	for (unsigned i = 0; i < 100 && !pg && !told_to_die(); i++) {
		uint64_t then = READ_ONCE(last_kill);

		if (!then || time_now() - then > NSEC_PER_SEC)
			break;
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(time_now() + 2 * NSEC_PER_MSEC);
		reclaim(2 * PAGE_BATCH, GFP_NOFS);
		pg = page_take_block(mm_hart(), order, gfp);
	}
	return pg;
}

static void kill_greediest(void)
{
	uint64_t then = READ_ONCE(last_kill), now = time_now();

	if (now - then >= KILL_NS &&
	    __atomic_compare_exchange_n(&last_kill, &then, now, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		oom_kill();
}

static struct page *take_harder(unsigned order, unsigned gfp)
{
	bool users = gfp & GFP_USER && !order;
	struct mm_hart *mh;
	struct page *pg;
	uint64_t since;
	unsigned ms = KILL_NS / NSEC_PER_MSEC;

	assert_may_sleep();
	/* Pages in the pockets of this hart may complete a block. */
	mh = mm_hart();
	if (mh) {
		pagetable_drain_hart(mh);
		page_drain_hart(mh);
		pg = page_take_block(mm_hart(), order, gfp);
		if (pg)
			return pg;
	}
	/* More each time: objects give their pages back when the last one of a
	 * slab goes, so in the end all are asked for. But not for a block that
	 * may not come of it. While another one is at it, which may wait for a
	 * lock of ours, it is no round of ours. */
	for (unsigned round = 0, i = 0; round < 16 && i < 40; i++) {
		bool busy = READ_ONCE(reclaimer);
		uint64_t want = 2ull * PAGE_BATCH << (order > 3 ? 0 : round);
		uint64_t freed;

		if (users && is_barren())
			break;
		freed = reclaim(MAX(want, 1ull << order), gfp);
		round += !busy;

		mh = mm_hart();
		if (mh && order)
			page_drain_hart(mh);
		pg = page_take_block(mh, order, gfp);
		if (pg)
			return pg;
		if (!freed)
			break;
	}
	if (!users)
		return take_later(order, gfp);
	/* Nobody dies before the harts on which somebody ends have seen that
	 * pages are wanted: until then what comes back stays in their pockets,
	 * half a thousand pages with eight of them. */
	since = time_now();
	do {
		wait_for_page(gfp, ms, WAIT_KILLABLE);
		if (told_to_die())
			break;
		if (!READ_ONCE(reclaimer) && !is_barren())
			reclaim(2 * PAGE_BATCH, gfp);
		pg = page_take_block(mm_hart(), order, gfp);
		if (!pg && time_now() - since >= KILL_NS) {
			kill_greediest();
			ms = 100;
		}
	} while (!pg && time_now() - since < HUNGER_NS);
	return pg;
}

struct page *page_take_hard(unsigned order, unsigned gfp)
{
	struct page *pg = take_harder(order, gfp);

	if (pg)
		wake_hungry();
	return pg;
}

/* The shrinkers have been asked, and what they gave is gone: it may be the very
 * pages that are read again each time. Whoever comes back waits for what the
 * killed one leaves (take_later). */
bool page_make_room(unsigned tries)
{
	if (tries >= 16 || told_to_die())
		return false;
	kill_greediest();
	return true;
}

/* ---- one more process ---- */

/* When the caller's user was last told that there is too little; now, if not 0:
 * is told. With the lock, for another thread of the process may change users
 * any time, and the record go with that. */
static uint64_t user_short_at(uint64_t now)
{
	struct user *u;

	spin_lock(&proc_tree.lock);
	u = current_proc()->user;
	if (now)
		u->short_at = now;
	now = u->short_at;
	spin_unlock(&proc_tree.lock);
	return now;
}

/* Each who asks takes from others what they read again: not again at once. */
static bool just_told(void)
{
	return time_now() - user_short_at(0) < BARREN_NS;
}

/* Who forks and finds too little goes on alone, among root's and among all
 * others': a storm of them, each with rounds of its own and a look at every
 * process with the tree's lock held, leaves nothing of the machine to those who
 * are to end. The ones behind take what came, or the same answer. */
static struct gate {
	struct wait_queue queue;
	int shut; /* atomic */
} gates[] = {
	{ { SPINLOCK_INIT("fork gate", RANK_WAIT),
	    LIST_INIT(gates[0].queue.waiters) }, 0 },
	{ { SPINLOCK_INIT("fork gate", RANK_WAIT),
	    LIST_INIT(gates[1].queue.waiters) }, 0 },
};

static void nap(uint64_t ns)
{
	thread_sleep_prepare(WAIT_KILLABLE);
	thread_sleep(time_now() + ns);
}

/* Behind the gate: can so many frames be left free? */
static bool can_leave(uint64_t keep)
{
	uint64_t n;

	for (unsigned round = 0, i = 0; round < 16 && i < 100; i++) {
		n = READ_ONCE(buddy.n_free);
		if (n >= keep)
			return true;
		if (told_to_die())
			return false;
		/* But a round of slabs may not give a page; and what another
		 * one gets serves both. */
		if (READ_ONCE(reclaimer))
			nap(BARREN_NS);
		else if (!reclaim(MAX(keep - n, 2ull * PAGE_BATCH) << round++,
				  GFP_KERNEL))
			break;
	}
	/* Nor is what another user hoards a reason to refuse. */
	for (unsigned i = 0; i < 50; i++) {
		if (READ_ONCE(buddy.n_free) >= keep)
			return true;
		if (told_to_die() || !oom_kill_other())
			break;
		nap(KILL_NS);
	}
	return false;
}

/*
 * What those who run already need to go on, and who has begun and not yet
 * touched its pages. For root a 128th of all, and what lies in the harts'
 * pockets, as far as that is no more again; for users a 64th, beside what they
 * leave to root and for the kernel's part of a process the same once more. All
 * of it beside what programs may not have in any case.
 */
bool page_is_short(void)
{
	uint64_t few = buddy.total / 128;
	uint64_t keep = buddy.reserve + few + MIN(few, nharts * PAGE_BATCH);
	struct gate *g = &gates[is_users()];
	bool is_short;

	if (is_users())
		keep = buddy.reserve + 2 * few + 2 * page_left_to_root();
	if (__builtin_expect(READ_ONCE(buddy.n_free) >= keep, 1))
		return false;
	if (just_told())
		return true;
	if (wait_event_mode(&g->queue,
			    !__atomic_exchange_n(&g->shut, 1, __ATOMIC_ACQUIRE),
			    WAIT_KILLABLE, WAIT_FOREVER))
		return true;
	if (just_told()) {
		is_short = READ_ONCE(buddy.n_free) < keep;
	} else {
		is_short = !can_leave(keep);
		if (is_short)
			user_short_at(time_now());
	}
	__atomic_store_n(&g->shut, 0, __ATOMIC_RELEASE);
	wait_wake_one(&g->queue);
	return is_short;
}

/* ---- all that can be had ---- */

void shrinker_register(struct shrinker *s)
{
	list_add_tail(&s->link, &shrinkers);
}

void reclaim_all(void)
{
	assert_may_sleep();
	for (unsigned round = 0; round < 16; round++)
		if (!reclaim(UINT64_MAX, GFP_KERNEL))
			break;
	smp_call_others(page_drain_this_hart, NULL);
	page_drain_this_hart(NULL);
	slab_reap();
	page_drain_this_hart(NULL);
}
