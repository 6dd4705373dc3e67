/*
 * See irq.h. A source belongs to one hart at a time. It is handed to another
 * only by the hart that has it, and never between claim and complete, because
 * a controller may ignore a completion by a hart that the source is no longer
 * enabled for, and the source would be dead. So a new owner is only noted
 * (line.want) and takes over at the next interrupt.
 */
#include "kernel/dev/irq.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/random.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/time.h"

/* Calls in a row that found nothing to do: the source is out of its mind. */
#define STORM_LIMIT 20000u
/* Claims by one call of irq_external; then others may run. */
#define CLAIM_LIMIT 64u

#define POLL_SLOW (10 * NSEC_PER_MSEC)
#define POLL_FAST (1 * NSEC_PER_MSEC)
/* How long polling stays fast after something was handled. */
#define POLL_FAST_TIME (20 * NSEC_PER_MSEC)

struct irq_line {
	irq_handler fn;
	void *arg;
	const char *name;
	int hart;         /* that has it; -1: disabled */
	int want;         /* that shall have it */
	unsigned order;   /* of request, for the distribution */
	unsigned useless; /* calls in a row with nothing to do */
	uint64_t *counts; /* per hart */
};

struct poller {
	struct list_head link;
	irq_handler fn;
	void *arg;
	const char *name;
};

/* One of several devices on a line. */
struct irq_share {
	irq_handler fn;
	void *arg;
	struct irq_share *next;
};

bool irq_polling;

/* Chips and pollers are only ever added, at probe time or by a storm. */
static struct list_head chips = LIST_INIT(chips);
static struct list_head pollers = LIST_INIT(pollers);
static struct spinlock poll_lock = SPINLOCK_INIT("irq_poll", RANK_DEVICE);
static uint32_t poll_busy;
static uint64_t poll_fast_until;
static struct timeout poll_timer;
static unsigned n_requested;
static uint64_t n_spurious;

/* ---- polling ---- */

static void poll_tick(struct timeout *t)
{
	uint64_t now;

	dev_poll();
	now = time_now();
	timeout_set(t, now + (now < READ_ONCE(poll_fast_until) ? POLL_FAST
							       : POLL_SLOW));
}

int irq_poll_add(irq_handler fn, void *arg, const char *name)
{
	struct poller *p = kmalloc(sizeof(*p), GFP_NOWAIT);
	bool first;

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->arg = arg;
	p->name = name;
	spin_lock(&poll_lock);
	first = list_empty(&pollers);
	/* dev_poll walks without the lock: the link is whole before it is
	 * seen. */
	p->link.next = &pollers;
	p->link.prev = pollers.prev;
	smp_wmb();
	WRITE_ONCE(pollers.prev->next, &p->link);
	pollers.prev = &p->link;
	spin_unlock(&poll_lock);
	WRITE_ONCE(irq_polling, true);
	if (first) {
		timeout_init(&poll_timer, poll_tick);
		timeout_set(&poll_timer, time_now() + POLL_SLOW);
	}
	return 0;
}

bool dev_poll(void)
{
	struct poller *p;
	bool useful = false;
	uint64_t now;

	if (!READ_ONCE(irq_polling))
		return false;
	if (__atomic_exchange_n(&poll_busy, 1, __ATOMIC_ACQUIRE))
		return false;
	list_for_each_entry (p, &pollers, link)
		useful |= p->fn(p->arg);
	__atomic_store_n(&poll_busy, 0, __ATOMIC_RELEASE);
	now = time_now();
	if (useful)
		WRITE_ONCE(poll_fast_until, now + POLL_FAST_TIME);
	return now < READ_ONCE(poll_fast_until);
}

void irq_poll_soon(void)
{
	if (READ_ONCE(irq_polling))
		WRITE_ONCE(poll_fast_until, time_now() + POLL_FAST_TIME);
}

/* ---- controllers ---- */

int irq_chip_add(struct irq_chip *c)
{
	struct irq_line *lines;

	lines = kzalloc((c->n_sources + 1) * sizeof(*lines), GFP_KERNEL);
	if (!lines)
		return -ENOMEM;
	for (unsigned i = 0; i <= c->n_sources; i++) {
		lines[i].hart = -1;
		lines[i].want = -1;
	}
	c->lines = lines;
	c->harts = 0;
	spin_init(&c->lock, "irq_chip", RANK_DEVICE);
	if (c->ops->init_hart(c, this_hart()->index))
		c->harts |= BIT(this_hart()->index);
	smp_wmb();
	list_add_tail(&c->link, &chips);
	return 0;
}

static struct irq_chip *chip_find(uint32_t phandle)
{
	struct irq_chip *c;

	list_for_each_entry (c, &chips, link)
		if (c->phandle == phandle)
			return c;
	return NULL;
}

static bool share_call(void *arg)
{
	bool useful = false;

	for (struct irq_share *s = arg; s; s = s->next)
		useful |= s->fn(s->arg);
	return useful;
}

/* One handler more for a line that has some. The calling hart is the only one
 * that runs, and takes no interrupt now. */
static int line_share(struct irq_line *line, irq_handler fn, void *arg,
		      const char *name)
{
	struct irq_share *s = kmalloc(2 * sizeof(*s), GFP_KERNEL);
	size_t size = strlen(line->name) + strlen(name) + 3;
	char *both = kmalloc(size, GFP_KERNEL);

	if (!s || !both) {
		kfree(s);
		kfree(both);
		return -ENOMEM;
	}
	snprintf(both, size, "%s, %s", line->name, name);
	s[0] = (struct irq_share){ fn, arg, &s[1] };
	s[1] = (struct irq_share){ line->fn, line->arg, NULL };
	line->name = both;
	line->arg = s;
	line->fn = share_call;
	return 0;
}

int irq_request(struct device *dev, unsigned n, irq_handler fn, void *arg,
		const char *name)
{
	const struct fdt_irq *spec;
	struct irq_chip *c;
	struct irq_line *line;
	int source, err;

	if (n >= dev->n_irqs)
		return -ENOENT;
	spec = &dev->irqs[n];
	c = chip_find(spec->parent);
	if (!c || !c->harts) {
		pr_warn("%s: no usable interrupt controller, polling\n",
			dev->name);
		err = irq_poll_add(fn, arg, name);
		return err ? err : 1;
	}
	source = c->ops->translate(c, spec->cell, spec->ncells);
	if (source <= 0 || (unsigned)source > c->n_sources) {
		pr_warn("%s: absurd interrupt %u\n", dev->name, spec->cell[0]);
		return -EINVAL;
	}
	line = &c->lines[source];
	if (line->fn)
		return line_share(line, fn, arg, name);
	line->counts = kzalloc(nharts * sizeof(*line->counts), GFP_KERNEL);
	if (!line->counts)
		return -ENOMEM;
	spin_lock(&c->lock);
	line->arg = arg;
	line->name = name;
	line->order = n_requested++;
	line->hart = (int)ctz64(c->harts);
	line->want = line->hart;
	smp_store_release(&line->fn, fn);
	c->ops->enable(c, (unsigned)source, line->hart);
	spin_unlock(&c->lock);
	return 0;
}

static void line_stop(struct irq_chip *c, unsigned source)
{
	struct irq_line *line = &c->lines[source];

	spin_lock(&c->lock);
	if (line->hart >= 0)
		c->ops->disable(c, source, line->hart);
	line->hart = -1;
	spin_unlock(&c->lock);
}

/* To the hart that shall have it. c->lock is held. */
static void line_move(struct irq_chip *c, unsigned source)
{
	struct irq_line *line = &c->lines[source];

	c->ops->disable(c, source, line->hart);
	line->hart = line->want;
	c->ops->enable(c, source, line->hart);
}

/* Deals the lines out to the harts of the chip, in turn. c->lock is held. */
static void deal_out(struct irq_chip *c)
{
	for (unsigned s = 1; s <= c->n_sources; s++) {
		struct irq_line *line = &c->lines[s];
		uint64_t harts_left = c->harts;

		if (!line->fn || line->hart < 0)
			continue;
		for (unsigned n = line->order % popcount64(c->harts); n; n--)
			harts_left &= harts_left - 1;
		WRITE_ONCE(line->want, (int)ctz64(harts_left));
	}
}

static void chip_serve(struct irq_chip *c, int hart)
{
	struct irq_line *line;
	unsigned source;

	for (unsigned i = 0; i < CLAIM_LIMIT; i++) {
		source = c->ops->claim(c, hart);
		if (!source)
			return;
		line = source <= c->n_sources ? &c->lines[source] : NULL;
		if (!line || !smp_load_acquire(&line->fn)) {
			__atomic_fetch_add(&n_spurious, 1, __ATOMIC_RELAXED);
			c->ops->complete(c, hart, source);
			spin_lock(&c->lock);
			if (line)
				c->ops->disable(c, source, hart);
			spin_unlock(&c->lock);
			continue;
		}
		line->counts[hart]++;
		if (line->fn(line->arg))
			line->useless = 0;
		else
			line->useless++;
		c->ops->complete(c, hart, source);
		if (line->useless > STORM_LIMIT) {
			line->useless = 0;
			line_stop(c, source);
			pr_err("irq %u (%s): a storm; polled from now on\n",
			       source, line->name);
			irq_poll_add(line->fn, line->arg, line->name);
			continue;
		}
		if (READ_ONCE(line->want) == line->hart)
			continue;
		spin_lock(&c->lock);
		line_move(c, source);
		spin_unlock(&c->lock);
	}
}

void irq_external(void)
{
	struct hart *h = this_hart();
	struct irq_chip *c;

	h->n_irq++;
	random_event();
	list_for_each_entry (c, &chips, link)
		if (c->harts & BIT(h->index))
			chip_serve(c, h->index);
}

void irq_init_hart(void)
{
	int hart = this_hart()->index;
	struct irq_chip *c;

	list_for_each_entry (c, &chips, link) {
		spin_lock(&c->lock);
		if (c->ops->init_hart(c, hart)) {
			c->harts |= BIT(hart);
			deal_out(c);
			/* It may have had some, and slept with the machine. */
			for (unsigned s = 1; s <= c->n_sources; s++)
				if (c->lines[s].hart == hart)
					c->ops->enable(c, s, hart);
		}
		spin_unlock(&c->lock);
	}
	csr_set(sie, SIE_SEIE);
}

void irq_leave_hart(void)
{
	int hart = this_hart()->index;
	struct irq_chip *c;

	list_for_each_entry (c, &chips, link) {
		spin_lock(&c->lock);
		c->harts &= ~BIT(hart);
		if (c->harts)
			deal_out(c);
		for (unsigned s = 1; c->harts && s <= c->n_sources; s++)
			if (c->lines[s].hart == hart)
				line_move(c, s);
		spin_unlock(&c->lock);
	}
}

bool irq_only_hart(int hart)
{
	struct irq_chip *c;

	list_for_each_entry (c, &chips, link)
		if (c->harts == BIT(hart))
			return true;
	return false;
}

/* ---- for /proc ---- */

void irq_walk(void (*fn)(void *arg, const char *chip, unsigned source,
			 const char *name, const uint64_t *counts),
	      void *arg)
{
	struct irq_chip *c;

	list_for_each_entry (c, &chips, link)
		for (unsigned s = 1; s <= c->n_sources; s++)
			if (smp_load_acquire(&c->lines[s].fn))
				fn(arg, c->ops->name, s, c->lines[s].name,
				   c->lines[s].counts);
}

uint64_t irq_spurious(void)
{
	return READ_ONCE(n_spurious);
}
