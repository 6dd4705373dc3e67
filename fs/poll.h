#pragma once
/*
 * Waiting for several files at once. A file's poll operation says what holds
 * now, and hands its wait queues to the table; the table's owner sleeps until
 * one of them is woken and then asks all files again.
 */
#include "fs/vfs.h"

#define POLL_INLINE 8

struct poll_chunk;

struct poll_table {
	struct waiter inline_waiters[POLL_INLINE];
	unsigned n;
	struct poll_chunk *more;
	int err; /* -ENOMEM: some queue could not be waited for */
};

/* In a poll operation, with no spinlock held. t may be NULL. */
void poll_wait(struct poll_table *t, struct wait_queue *q);

struct pollfd;
/*
 * ppoll: fds is kernel memory; deadline in monotonic ns (0: only look, or
 * WAIT_FOREVER). Number of entries with revents, 0 at the deadline, -EINTR,
 * -ENOMEM.
 */
int poll_files(struct pollfd *fds, unsigned n, uint64_t deadline);
