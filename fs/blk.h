#pragma once
/*
 * A disk as fs/ sees it: a size, a sector size and a queue of requests that
 * complete whenever they complete. Drivers fill in struct blkdev and register
 * it; file systems submit requests.
 *
 * A partition is a disk too (kernel/dev/partition.h), and so is an SD card,
 * whose writes are durable when they complete: it has no flush.
 *
 * Memory of a request comes from the page or object allocator (it may be
 * handed to a device as it is).
 */
#include "fs/host.h"

#define BLK_SECTOR 512u /* the unit of `sector` everywhere */

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH };

struct blk_seg {
	void *va; /* direct map */
	uint32_t len; /* multiple of 512 */
};

struct blk_request {
	enum blk_op op;
	bool fua;                /* the write is durable when it completes */
	uint64_t sector;         /* changed by submit, on a partition */
	const struct blk_seg *segs;
	unsigned nsegs;
	int err;                 /* result: 0, -EIO, ... */
	/* Called once, from an interrupt handler or the submitter, with err
	 * set: it may queue and wake, never sleep. */
	void (*done)(struct blk_request *rq);
	void *arg;
	struct list_head link;   /* the driver's queue while it is in flight */
};

struct super;

struct blkdev {
	char name[16];           /* "vda" */
	uint32_t dev;            /* device number, ABI_DEV */
	uint64_t sectors;
	uint32_t block_size;     /* logical, bytes */
	bool read_only;
	bool has_flush;          /* a volatile cache that FLUSH empties */
	unsigned max_segs;       /* per request */
	uint32_t max_bytes;      /* per request */
	/* Takes the request or completes it with an error; never sleeps.
	 * Requests that the hardware queue has no room for wait in order. */
	void (*submit)(struct blkdev *bd, struct blk_request *rq);
	/* Has it taken requests that are not complete? A look without locks.
	 * NULL: it completes them at once. */
	bool (*busy)(struct blkdev *bd);
	void *priv;
	struct list_head link;   /* all disks */
	uint32_t flushes_begun;  /* atomic: numbers given to flushes */
	uint32_t flushes_done;   /* atomic: the largest that has succeeded */
	/* What was asked for so far; by op, BLK_READ and BLK_WRITE. Atomic. */
	uint64_t n_requests[2], n_sectors[2];
	struct super *super;     /* vfs.c: the file system that has it, or NULL */
};

void blk_register(struct blkdev *bd);
/* By name ("vda", "/dev/vda") or NULL. */
struct blkdev *blk_find(const char *name);
struct blkdev *blk_find_dev(uint32_t dev);
struct blkdev *blk_first(void);
struct blkdev *blk_next(struct blkdev *bd);

/* bd->submit, counted. */
static inline void blk_submit(struct blkdev *bd, struct blk_request *rq)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < rq->nsegs; i++)
		bytes += rq->segs[i].len;
	if (rq->op != BLK_FLUSH) {
		__atomic_fetch_add(&bd->n_requests[rq->op], 1,
				   __ATOMIC_RELAXED);
		__atomic_fetch_add(&bd->n_sectors[rq->op], bytes / BLK_SECTOR,
				   __ATOMIC_RELAXED);
	}
	bd->submit(bd, rq);
}

/* One request, waited for. buf: direct map. Bytes: multiples of 512 inside
 * the disk, else -EINVAL; -EIO from the device; any length (it is split). */
int blk_rw(struct blkdev *bd, enum blk_op op, uint64_t sector, void *buf,
           size_t bytes);
int blk_flush(struct blkdev *bd);
/*
 * What was written before blk_flush_mark was called is durable once
 * blk_flushed_since says so of that mark: a flush began later and is done,
 * whoever asked for it.
 */
uint32_t blk_flush_mark(struct blkdev *bd);
bool blk_flushed_since(struct blkdev *bd, uint32_t mark);
