/*
 * A table of chains of sleepers, by a hash of the word's name. Whoever waits
 * is on its chain before the word is read for the last time, and whoever wakes
 * has written the word before it looks at the chain.
 *
 * A word of private memory is named by address space and address, one in a
 * shared mapping by the file behind it and the place there, so that processes
 * find each other. FUTEX_PRIVATE_FLAG says that it is of the first kind and
 * saves the look at the regions. A name holds no reference: a file that goes
 * away and comes again as another one costs a wake-up too many at most.
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

struct place {
	const void *space; /* struct vmspace, or struct mapping */
	uint64_t at;       /* address, or offset in the file */
};

struct sleeper {
	struct list_head link;
	struct place place;
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

static struct place place_of(uaddr_t addr, bool private)
{
	struct vmspace *vs = current_thread()->vmspace;
	struct place p = { vs, addr };

	if (!private)
		vmspace_shared_place(vs, addr, &p.space, &p.at);
	return p;
}

static inline bool same_place(const struct place *a, const struct place *b)
{
	return a->space == b->space && a->at == b->at;
}

static struct chain *chain_of(const struct place *p)
{
	uint64_t h = (p->at >> 2) ^ ((uint64_t)p->space >> 6);

	h *= 0x9e3779b97f4a7c15ull;
	return &chains[h >> 56];
}

static int wake(struct place place, unsigned n, uint32_t bits)
{
	struct chain *c = chain_of(&place);
	struct sleeper *s, *next;
	unsigned woken = 0;

	spin_lock(&c->lock);
	list_for_each_entry_safe(s, next, &c->sleepers, link) {
		struct thread *t = s->thread;

		if (woken >= n)
			break;
		if (!same_place(&s->place, &place) || !(s->bits & bits))
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
	return wake(place_of(addr, false), n, ~0u);
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

static int wait_on(uaddr_t addr, bool private, uint32_t expect, uint32_t bits,
		   uint64_t deadline)
{
	struct thread *t = current_thread();
	struct sleeper s = { .place = place_of(addr, private), .bits = bits,
			     .thread = t };
	struct chain *c = chain_of(&s.place);
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
static long requeue(uaddr_t addr, bool private, unsigned n, uaddr_t addr2,
		    unsigned move, bool compare, uint32_t expect)
{
	struct place from = place_of(addr, private);
	struct place to = place_of(addr2, private);
	struct chain *a = chain_of(&from), *b = chain_of(&to);
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
		if (!same_place(&s->place, &from))
			continue;
		if (done < n) {
			struct thread *t = s->thread;

			list_del(&s->link);
			s->woken = true;
			thread_wake(t);
			done++;
		} else if (moved < move) {
			moved++;
			if (same_place(&from, &to)) /* moved behind us it would come again */
				continue;
			list_del(&s->link);
			s->place = to;
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
	bool private = op & FUTEX_PRIVATE_FLAG;
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
		return wait_on(addr, private, val, cmd == FUTEX_WAIT ? ~0u : val3,
			       deadline);
	case FUTEX_WAKE:
		return wake(place_of(addr, private), val, ~0u);
	case FUTEX_WAKE_BITSET:
		return val3 ? wake(place_of(addr, private), val, val3) :
			      -EINVAL;
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		if (addr2 % 4 || !user_range_ok(addr2, 4))
			return -EINVAL;
		return requeue(addr, private, val, addr2, (unsigned)utime_or_val2,
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
				futex_wake_address(addr, 1);
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
