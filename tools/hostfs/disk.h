#pragma once
/*
 * A disk for tests: a struct blkdev over an image file or over memory, whose
 * requests complete later and in another order when asked to, and which fails
 * where it is told to.
 */
#include "fs/blk.h"

struct host_disk {
	struct blkdev bd;
	unsigned char *data; /* the whole content */
	uint64_t bytes;
	bool mapped; /* data is a private mapping of a file */

	/* How requests complete: at once in submit, or as interrupts later;
	 * with a seed, those that are waiting come in a random order. */
	bool deferred;
	unsigned shuffle_seed;

	/* What fails: the nth request from now on (1: the next), and all that
	 * touch [bad_first, bad_end) with an op of bad_ops (bit per blk_op),
	 * bad_times times (0: never). */
	unsigned fail_nth;
	uint64_t bad_first, bad_end; /* sectors */
	unsigned bad_ops, bad_times;

	/* Called for every write and flush that takes effect, and for every
	 * read, or NULL. */
	void (*on_write)(struct host_disk *d, const struct blk_request *rq);
	void (*on_read)(struct host_disk *d, const struct blk_request *rq);
	void *arg;

	uint64_t n_requests, n_bytes, n_flushes; /* counted */
	unsigned in_flight, max_in_flight;
	struct list_head queue;
	bool irq_pending;
};

/* The image file's content; writes stay in memory. 0 or negative errno. */
int host_disk_open(struct host_disk *d, const char *path);
/* data stays the caller's. */
void host_disk_memory(struct host_disk *d, void *data, uint64_t bytes);
/* Requests must be finished. */
void host_disk_close(struct host_disk *d);
