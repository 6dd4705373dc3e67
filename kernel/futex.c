/*
 * A table of chains of sleepers, by a hash of the word's name. Whoever waits
 * is on its chain before the word is read for the last time, and whoever wakes
 * has written the word before it looks at the chain.
 *
 * All words are named by (address space, address). Words in memory that is
 * shared between processes are therefore not found from another process; no
 * program needs that before there are process-shared locks in shared files,
 * and fork leaves nobody asleep in the child.
 */
#include "kernel/futex.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/futex.h"
#include "kernel/abi/time.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/mm/usercopy.h"
#include "kernel/mm/vmspace.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/thread.h"
#include "kernel/time.h"
#include "kernel/wait.h"

#define CHAINS 256
#define ROBUST_LIMIT 2048 /* entries looked at; a list may be a ring */

struct chain {
	struct spinlock lock;
	struct list_head sleepers;
};

struct sleeper {
	struct list_head link;
	struct vmspace *vs;
	uaddr_t addr;
	uint32_t bits;
	struct thread *thread;
	struct chain *chain; /* changes when it is moved to another word */
	bool woken;
};

static struct chain chains[CHAINS];

void futex_init(void)
{
	for (unsigned i = 0; i < CHAINS; i++) {
		spin_init(&chains[i].lock, "futex chain", RANK_WAIT);
		list_init(&chains[i].sleepers);
	}
}

static struct chain *chain_of(struct vmspace *vs, uaddr_t addr)
{
	uint64_t h = (addr >> 2) ^ ((uint64_t)vs >> 6);

	h *= 0x9e3779b97f4a7c15ull;
	return &chains[h >> 56];
}

static int wake(uaddr_t addr, unsigned n, uint32_t bits)
{
	struct vmspace *vs = current_thread()->vmspace;
	struct chain *c = chain_of(vs, addr);
	struct sleeper *s, *next;
	unsigned woken = 0;

	spin_lock(&c->lock);
	list_for_each_entry_safe(s, next, &c->sleepers, link) {
		struct thread *t = s->thread;

		if (woken >= n)
			break;
		if (s->vs != vs || s->addr != addr || !(s->bits & bits))
			continue;
		list_del(&s->link);
		s->woken = true; /* from here on s may be gone after wake */
		thread_wake(t);
		woken++;
	}
	spin_unlock(&c->lock);
	return (int)woken;
}

int futex_wake_address(uaddr_t addr, unsigned n)
{
	return wake(addr, n, ~0u);
}

/* Its chain may change while nobody holds a lock: look again. */
static struct chain *lock_chain_of(struct sleeper *s)
{
	for (;;) {
		struct chain *c = __atomic_load_n(&s->chain, __ATOMIC_ACQUIRE);

		spin_lock(&c->lock);
		if (s->chain == c)
			return c;
		spin_unlock(&c->lock);
	}
}

static int wait_on(uaddr_t addr, uint32_t expect, uint32_t bits,
		   uint64_t deadline)
{
	struct thread *t = current_thread();
	struct sleeper s = { .vs = t->vmspace, .addr = addr, .bits = bits,
			     .thread = t };
	struct chain *c = chain_of(s.vs, addr);
	uint32_t now;
	int err;

	if (!bits)
		return -EINVAL;
	s.chain = c;
	for (;;) {
		spin_lock(&c->lock);
		if (!copy_from_user_nofault(&now, addr, sizeof(now)))
			break;
		spin_unlock(&c->lock);
		if (copy_from_user(&now, addr, sizeof(now)))
			return -EFAULT;
	}
	if (now != expect) {
		spin_unlock(&c->lock);
		return -EAGAIN;
	}
	list_add_tail(&s.link, &c->sleepers);
	do {
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
		spin_unlock(&c->lock);
		err = thread_sleep(deadline);
		c = lock_chain_of(&s);
	} while (!s.woken && !err);
	if (s.woken)
		err = 0;
	else
		list_del(&s.link);
	spin_unlock(&c->lock);
	return err;
}

static void lock_two(struct chain *a, struct chain *b)
{
	if (a == b) {
		spin_lock(&a->lock);
	} else if (a < b) {
		spin_lock(&a->lock);
		spin_lock_nested(&b->lock);
	} else {
		spin_lock(&b->lock);
		spin_lock_nested(&a->lock);
	}
}

/* Wakes n, moves up to `move` more to the word at addr2. */
static long requeue(uaddr_t addr, unsigned n, uaddr_t addr2, unsigned move,
		    bool compare, uint32_t expect)
{
	struct vmspace *vs = current_thread()->vmspace;
	struct chain *a = chain_of(vs, addr), *b = chain_of(vs, addr2);
	struct sleeper *s, *next;
	unsigned done = 0, moved = 0;
	uint32_t now;

	for (;;) {
		lock_two(a, b);
		if (!compare ||
		    !copy_from_user_nofault(&now, addr, sizeof(now)))
			break;
		if (b != a)
			spin_unlock(&b->lock);
		spin_unlock(&a->lock);
		if (copy_from_user(&now, addr, sizeof(now)))
			return -EFAULT;
	}
	if (compare && now != expect) {
		if (b != a)
			spin_unlock(&b->lock);
		spin_unlock(&a->lock);
		return -EAGAIN;
	}
	list_for_each_entry_safe(s, next, &a->sleepers, link) {
		if (s->vs != vs || s->addr != addr)
			continue;
		if (done < n) {
			struct thread *t = s->thread;

			list_del(&s->link);
			s->woken = true;
			thread_wake(t);
			done++;
		} else if (moved < move) {
			moved++;
			if (addr2 == addr) /* moved behind us it would come again */
				continue;
			list_del(&s->link);
			s->addr = addr2;
			list_add_tail(&s->link, &b->sleepers);
			__atomic_store_n(&s->chain, b, __ATOMIC_RELEASE);
		} else {
			break;
		}
	}
	if (b != a)
		spin_unlock(&b->lock);
	spin_unlock(&a->lock);
	return done + moved;
}

/* The wait calls' time: a span for FUTEX_WAIT, a point for WAIT_BITSET. */
static int read_deadline(uaddr_t utime, bool absolute, bool realtime,
			 uint64_t *deadline)
{
	struct timespec ts;

	if (!utime) {
		*deadline = deadline_after(NULL);
		return 0;
	}
	if (get_user(ts, utime))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
		return -EINVAL;
	if (absolute)
		*deadline = deadline_at(&ts, realtime);
	else
		*deadline = deadline_after(&ts);
	return 0;
}

SYSCALL6(futex, uaddr_t, addr, int, op, uint32_t, val, uint64_t, utime_or_val2,
	 uaddr_t, addr2, uint32_t, val3)
{
	int cmd = op & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	uint64_t deadline;
	int err;

	if (addr % 4 || !user_range_ok(addr, 4))
		return addr % 4 ? -EINVAL : -EFAULT;
	switch (cmd) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		err = read_deadline(utime_or_val2, cmd == FUTEX_WAIT_BITSET,
				    op & FUTEX_CLOCK_REALTIME, &deadline);
		if (err)
			return err;
		return wait_on(addr, val, cmd == FUTEX_WAIT ? ~0u : val3,
			       deadline);
	case FUTEX_WAKE:
		return wake(addr, val, ~0u);
	case FUTEX_WAKE_BITSET:
		return val3 ? wake(addr, val, val3) : -EINVAL;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		if (addr2 % 4 || !user_range_ok(addr2, 4))
			return -EINVAL;
		return requeue(addr, val, addr2, (unsigned)utime_or_val2,
			       cmd == FUTEX_CMP_REQUEUE, val3);
	default:
		return -ENOSYS;
	}
}

SYSCALL2(set_robust_list, uaddr_t, head, size_t, len)
{
	if (len != sizeof(struct robust_list_head))
		return -EINVAL;
	current_thread()->robust_list = head;
	return 0;
}

/* A lock word whose owner ended: say so, and wake one who waits for it. */
static void mark_owner_died(uaddr_t addr, int tid)
{
	uint32_t old, want, seen;

	if (addr % 4 || get_user(old, addr))
		return;
	while ((old & FUTEX_TID_MASK) == (uint32_t)tid) {
		want = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (cmpxchg_user_u32(addr, old, want, &seen))
			return;
		if (seen == old) {
			if (old & FUTEX_WAITERS)
				wake(addr, 1, ~0u);
			return;
		}
		old = seen;
	}
}

void futex_exit_robust(struct thread *t)
{
	struct robust_list_head head;
	uaddr_t entry, next;

	if (!t->robust_list || !t->vmspace ||
	    get_user(head, t->robust_list))
		return;
	entry = (uaddr_t)head.list.next;
	for (unsigned i = 0; i < ROBUST_LIMIT && entry != t->robust_list; i++) {
		if (get_user(next, entry & ~1ull))
			break;
		if (entry != (uaddr_t)head.list_op_pending)
			mark_owner_died((entry & ~1ull) +
						(uint64_t)head.futex_offset,
					t->tid);
		entry = next;
	}
	if (head.list_op_pending)
		mark_owner_died(((uaddr_t)head.list_op_pending & ~1ull) +
					(uint64_t)head.futex_offset,
				t->tid);
}
