/*
 * Clocks and timeouts. Inside, deadlines are kept in ticks of the `time` CSR,
 * so the hot paths compare without converting; the border converts with one
 * multiplication by a fixed-point factor (a 128-bit product, so it does not
 * overflow in centuries).
 */
#include "kernel/time.h"

#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "sbi/time.h"

#define NEVER        UINT64_MAX

static uint64_t hz = 10000000;
static uint64_t ns_per_tick; /* 32.32 fixed point */
static uint64_t tick_per_ns; /* 0.64 fixed point, hz below 1 GHz */
static uint64_t boot_ticks;
static uint64_t real_offset; /* ns; added to time_now() */
static bool sstc;

uint64_t ticks_to_time(uint64_t ticks)
{
	return (unsigned __int128)ticks * ns_per_tick >> 32;
}

uint64_t time_to_ticks(uint64_t ns)
{
	if (hz == NSEC_PER_SEC)
		return ns;
	return (unsigned __int128)ns * tick_per_ns >> 64;
}

uint64_t time_now(void)
{
	return ticks_to_time(rdtime() - boot_ticks);
}

uint64_t time_real(void)
{
	return time_now() + READ_ONCE(real_offset);
}

void time_set_real(uint64_t ns)
{
	WRITE_ONCE(real_offset, ns - time_now());
}

bool time_uses_sstc(void)
{
	return sstc;
}

void time_delay(uint64_t ns)
{
	uint64_t end = rdtime() + time_to_ticks(ns) + 1;

	while (rdtime() < end)
		cpu_relax();
}

static void program(struct hart *h, uint64_t ticks)
{
	h->armed = ticks;
	if (sstc)
		csr_write(0x14d, ticks); /* stimecmp; a name too new for some */
	else
		sbi_set_timer(ticks);
}

void time_arm(uint64_t ticks)
{
	struct hart *h = this_hart();

	if (ticks < h->armed)
		program(h, ticks);
}

static uint64_t first_deadline(struct hart *h)
{
	struct rb_node *n = rb_first(&h->timeouts);

	return n ? container_of(n, struct timeout, node)->deadline : NEVER;
}

void timeout_init(struct timeout *t, void (*fn)(struct timeout *))
{
	t->fn = fn;
	t->hart = -1;
	t->pending = false;
}

/* h->timeout_lock is held. */
static void timeout_insert(struct hart *h, struct timeout *t)
{
	struct rb_node **slot = &h->timeouts.top, *parent = NULL;

	t->hart = h->index;
	while (*slot) {
		parent = *slot;
		if (t->deadline <
		    container_of(parent, struct timeout, node)->deadline)
			slot = &parent->left;
		else
			slot = &parent->right;
	}
	rb_insert(&h->timeouts, &t->node, parent, slot);
}

/* t->deadline is in ticks from here on. */
void timeout_set(struct timeout *t, uint64_t deadline)
{
	struct hart *h = this_hart();
	uint64_t ticks = NEVER;

	/* Far beyond any uptime: never. One tick late, never early. */
	if (deadline < NEVER / 2)
		ticks = boot_ticks + time_to_ticks(deadline) + 1;
	timeout_cancel(t);
	spin_lock(&h->timeout_lock);
	t->deadline = ticks;
	t->pending = true;
	timeout_insert(h, t);
	spin_unlock(&h->timeout_lock);
	time_arm(ticks);
}

bool timeout_cancel(struct timeout *t)
{
	for (;;) {
		int index = READ_ONCE(t->hart);
		struct hart *h;
		bool running, moved;

		if (index < 0)
			return false;
		h = &harts[index];
		spin_lock(&h->timeout_lock);
		if (t->pending && t->hart == index) {
			rb_remove(&h->timeouts, &t->node);
			t->pending = false;
			spin_unlock(&h->timeout_lock);
			return true;
		}
		running = h->timeout_running == t;
		moved = t->hart != index; /* its hart has gone */
		spin_unlock(&h->timeout_lock);
		if (moved)
			continue;
		if (!running || h == this_hart())
			return false;
		cpu_relax(); /* its function runs over there: soon done */
	}
}

void time_interrupt(void)
{
	struct hart *h = this_hart();
	uint64_t now = rdtime();
	uint64_t next;

	h->n_timer++;
	spin_lock(&h->timeout_lock);
	while ((next = first_deadline(h)) <= now) {
		struct timeout *t =
			container_of(rb_first(&h->timeouts), struct timeout,
				     node);
		void (*fn)(struct timeout *) = t->fn;

		rb_remove(&h->timeouts, &t->node);
		t->pending = false;
		h->timeout_running = t;
		spin_unlock(&h->timeout_lock);
		fn(t); /* may set t again; after it t's memory may be gone */
		spin_lock(&h->timeout_lock);
		h->timeout_running = NULL;
		now = rdtime();
	}
	spin_unlock(&h->timeout_lock);
	if (h->slice_end && h->slice_end <= now) {
		__atomic_fetch_or(&h->current->work, WORK_RESCHED,
				  __ATOMIC_RELAXED);
		h->slice_end = 0;
	}
	if (h->slice_end && h->slice_end < next)
		next = h->slice_end;
	if (h->cpu_end && h->cpu_end <= now) {
		__atomic_fetch_or(&h->current->work, WORK_CPUTIME,
				  __ATOMIC_RELAXED);
		h->cpu_end = 0;
	}
	if (h->cpu_end && h->cpu_end < next)
		next = h->cpu_end;
	program(h, next);
}

__attribute__((cold))
void time_init(uint64_t timebase_hz, bool use_sstc)
{
	hz = timebase_hz;
	ns_per_tick = (NSEC_PER_SEC << 32) / hz;
	/* hz * 2^64 / 10^9 in two steps of 32 bits, each rounded up or exact. */
	if (hz < NSEC_PER_SEC) {
		uint64_t high = (hz << 32) / NSEC_PER_SEC;
		uint64_t rest = (hz << 32) % NSEC_PER_SEC;

		tick_per_ns = (high << 32) + (rest << 32) / NSEC_PER_SEC + 1;
	}
	sstc = use_sstc;
	boot_ticks = boot_entry_time;
}

__attribute__((cold))
void time_init_hart(void)
{
	struct hart *h = this_hart();

	spin_lock(&h->timeout_lock);
	program(h, first_deadline(h));
	spin_unlock(&h->timeout_lock);
	csr_set(sie, SIE_STIE);
}

void time_rearm(void)
{
	program(this_hart(), this_hart()->armed);
}

void time_leave_hart(uint64_t ticks)
{
	program(this_hart(), ticks);
}

__attribute__((cold))
void time_take_over(struct hart *from)
{
	struct hart *h = this_hart();
	struct rb_node *n;

	spin_lock(&from->timeout_lock);
	spin_lock_nested(&h->timeout_lock);
	while ((n = rb_first(&from->timeouts))) {
		rb_remove(&from->timeouts, n);
		timeout_insert(h, container_of(n, struct timeout, node));
	}
	spin_unlock(&h->timeout_lock);
	spin_unlock(&from->timeout_lock);
	time_arm(first_deadline(h));
}
