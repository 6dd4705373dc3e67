/*
 * ppoll over wait queues.
 *
 * Each queue gets a waiter once, in the first round. Waking takes a waiter off
 * its queue, so before each sleep those that were woken are put on again; a
 * wake-up that comes in between is seen because the waiter says so, and one
 * that comes later ends the sleep.
 */
#include "fs/poll.h"

#include "fs/fdtable.h"
#include "fs/file.h"
#include "kernel/abi/poll.h"

#define CHUNK_WAITERS 64

struct poll_chunk {
	struct poll_chunk *next;
	struct waiter waiters[CHUNK_WAITERS];
};

static struct waiter *table_slot(struct poll_table *t, unsigned i)
{
	struct poll_chunk *c = t->more;

	if (i < POLL_INLINE)
		return &t->inline_waiters[i];
	i -= POLL_INLINE;
	/* The newest chunk is the first of the list. */
	for (unsigned skip = (t->n - POLL_INLINE - 1) / CHUNK_WAITERS -
			     i / CHUNK_WAITERS;
	     skip; skip--)
		c = c->next;
	return &c->waiters[i % CHUNK_WAITERS];
}

void poll_wait(struct poll_table *t, struct wait_queue *q)
{
	struct waiter *w;

	if (!t || t->err)
		return;
	if (t->n >= POLL_INLINE && (t->n - POLL_INLINE) % CHUNK_WAITERS == 0) {
		struct poll_chunk *c = kmalloc(sizeof(*c), GFP_KERNEL);

		if (!c) {
			t->err = -ENOMEM;
			return;
		}
		c->next = t->more;
		t->more = c;
	}
	t->n++;
	w = table_slot(t, t->n - 1);
	memset(w, 0, sizeof(*w));
	wait_add(q, w);
	w->queue = q;
}

/* fn over all waiters, chunk by chunk. */
static bool table_any_woken(struct poll_table *t)
{
	unsigned n = MIN(t->n, (unsigned)POLL_INLINE);
	unsigned left = t->n - n, in_first;

	for (unsigned i = 0; i < n; i++) {
		if (READ_ONCE(t->inline_waiters[i].woken))
			return true;
	}
	in_first = left ? (left - 1) % CHUNK_WAITERS + 1 : 0;
	for (struct poll_chunk *c = t->more; c; c = c->next) {
		for (unsigned i = 0; i < in_first; i++) {
			if (READ_ONCE(c->waiters[i].woken))
				return true;
		}
		in_first = CHUNK_WAITERS;
	}
	return false;
}

static bool waiter_rearm(struct waiter *w)
{
	struct wait_queue *q = w->queue;

	if (!READ_ONCE(w->woken))
		return false;
	wait_remove(w);
	memset(w, 0, sizeof(*w));
	wait_add(q, w);
	w->queue = q;
	return true;
}

/* True: some were not on their queues, so the files have to be asked again. */
static bool table_rearm(struct poll_table *t)
{
	unsigned n = MIN(t->n, (unsigned)POLL_INLINE);
	unsigned left = t->n - n, in_first;
	bool any = false;

	for (unsigned i = 0; i < n; i++)
		any |= waiter_rearm(&t->inline_waiters[i]);
	in_first = left ? (left - 1) % CHUNK_WAITERS + 1 : 0;
	for (struct poll_chunk *c = t->more; c; c = c->next) {
		for (unsigned i = 0; i < in_first; i++)
			any |= waiter_rearm(&c->waiters[i]);
		in_first = CHUNK_WAITERS;
	}
	return any;
}

static void table_free(struct poll_table *t)
{
	unsigned n = MIN(t->n, (unsigned)POLL_INLINE);
	unsigned left = t->n - n, in_first;

	for (unsigned i = 0; i < n; i++)
		wait_remove(&t->inline_waiters[i]);
	in_first = left ? (left - 1) % CHUNK_WAITERS + 1 : 0;
	while (t->more) {
		struct poll_chunk *c = t->more;

		t->more = c->next;
		for (unsigned i = 0; i < in_first; i++)
			wait_remove(&c->waiters[i]);
		in_first = CHUNK_WAITERS;
		kfree(c);
	}
}

/* held: the files, where waiters were or may be put on their queues; the table
 * of descriptors may say something else by now. NULL: as the table says. */
static int poll_round(struct pollfd *fds, unsigned n, struct file **held,
		      struct poll_table *t)
{
	int ready = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned want = (uint16_t)fds[i].events | POLLERR | POLLHUP;
		unsigned mask = POLLNVAL;
		struct file *f;

		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		if (held)
			f = held[i];
		else
			f = fdtable_get_file(host_files(), (unsigned)fds[i].fd);
		if (f)
			mask = file_poll(f, t) & (want | POLLNVAL);
		if (f && !held)
			file_put(f);
		fds[i].revents = (int16_t)mask;
		if (mask) {
			ready++;
			/* It will not sleep: no more queues. */
			t = NULL;
		}
	}
	return ready;
}

/*
 * The waiters stand on queues inside files, so those must not go away: every
 * file is held for the whole call.
 */
static int hold_files(struct pollfd *fds, unsigned n, struct file ***out)
{
	struct file **held = NULL;

	if (n) {
		held = kmalloc(n * sizeof(*held), GFP_KERNEL);
		if (!held)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++)
		held[i] = fds[i].fd < 0 ? NULL
					: fdtable_get_file(host_files(),
							   (unsigned)fds[i].fd);
	*out = held;
	return 0;
}

static void drop_files(struct file **held, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (held[i])
			file_put(held[i]);
	}
	kfree(held);
}

int poll_files(struct pollfd *fds, unsigned n, uint64_t deadline)
{
	struct poll_table t = { .n = 0 };
	struct file **held = NULL;
	int ready, err;

	if (!deadline)
		return poll_round(fds, n, NULL, NULL);
	err = hold_files(fds, n, &held);
	if (err)
		return err;
	ready = poll_round(fds, n, held, &t);
	err = t.err;
	while (!ready && !err) {
		if (table_rearm(&t)) {
			ready = poll_round(fds, n, held, NULL);
			continue;
		}
		thread_sleep_prepare(WAIT_INTERRUPTIBLE);
		if (table_any_woken(&t))
			thread_sleep_cancel();
		else
			err = thread_sleep(deadline);
		ready = poll_round(fds, n, held, NULL);
	}
	table_free(&t);
	drop_files(held, n);
	if (ready)
		return ready;
	return err == -ETIMEDOUT ? 0 : err;
}
