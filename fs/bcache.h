#pragma once
/*
 * Metadata blocks of a disk in memory: super blocks, tables, directories, maps
 * of files; data of files is in the page cache. A block is found by its number
 * in the file system's block size.
 *
 * A buffer with a reference stays where it is and keeps its content. Without
 * one it is still there for the next reader, until memory is wanted. What a
 * block holds is checked once for each time it is read in: the checker leaves
 * a word in `verified` that says as what it was found good, and reading the
 * block again clears it. A dirty buffer is never given back and its content is
 * what we made of it, so it is not checked either.
 *
 * Writing: who changes a block says so (buf_mark_dirty) and says when the disk
 * has it (buf_mark_clean); in between lies what the file system wants: a
 * journal, an order, a checksum. bcache_write is for those that want nothing of
 * the kind.
 *
 * No call may be made under a spinlock, except those that are inline here.
 */
#include "fs/blk.h"
#include "fs/host.h"

#define BUF_UPTODATE   (1u << 0) /* holds what the disk has, or newer */
#define BUF_IO         (1u << 1) /* being read or written: the sleeping lock */
#define BUF_DIRTY      (1u << 2) /* newer than the disk; not given back */
#define BUF_REFERENCED (1u << 3) /* used since the reclaim hand passed */

struct bcache;

struct buf {
	struct hlist_node hash; /* [cache lock] */
	struct list_head lru;   /* [cache lock] oldest last */
	struct bcache *cache;   /* [I] */
	uint64_t block;         /* [I] */
	void *data;             /* [I] block_size bytes */
	int32_t refs;           /* from 0 only under the cache lock */
	uint32_t flags;         /* changed atomically; BUF_IO: [cache lock] */
	int err;                /* of the last read */
	uint64_t verified;      /* the checker's; 0: not checked */
	void *journal;          /* the file system's own, from kmalloc; it is
				 * freed with the buffer */
	struct blk_seg seg;
	struct blk_request rq;
};

/*
 * A cache of bd in blocks of `block_size` (a power of two, at least the
 * disk's own and at most PAGE_SIZE). 0, -EINVAL, -ENOMEM.
 */
int bcache_create(struct blkdev *bd, uint32_t block_size, struct bcache **out);
/* Waits for reads in flight. Nobody holds a buffer and none is dirty. */
void bcache_destroy(struct bcache *bc);

/*
 * The block, up to date and with a reference. -EIO: the device says so or the
 * block is beyond its end; the next call tries again. -ENOMEM. Sleeps.
 */
int bcache_read(struct bcache *bc, uint64_t block, struct buf **out);
/*
 * The block with a reference and without reading it, for one that will be
 * filled: what is in memory already, or else zeroes; up to date from now on.
 * -EIO (beyond the end), -ENOMEM. Sleeps.
 */
int bcache_get(struct bcache *bc, uint64_t block, struct buf **out);
/*
 * Writes n buffers to their places, sorted (the array is), neighbours in one
 * request, and waits; those that got there are clean. No flush. The caller
 * holds references and keeps others from changing them. The first error.
 */
int bcache_write(struct bcache *bc, struct buf **bufs, unsigned n);
/* The block's content is of no interest any more; it goes, unless somebody
 * holds it or it is dirty. */
void bcache_forget(struct bcache *bc, uint64_t block);
/* The block with a reference if it is in memory and up to date, or NULL. */
struct buf *bcache_find(struct bcache *bc, uint64_t block);
/* Is it in memory, or being read? */
bool bcache_has(struct bcache *bc, uint64_t block);
/* Starts to read n blocks that will be wanted soon. Never fails, never waits
 * for the disk. */
void bcache_prefetch(struct bcache *bc, uint64_t block, unsigned n);

static inline void buf_get(struct buf *bp)
{
	__atomic_fetch_add(&bp->refs, 1, __ATOMIC_RELAXED);
}
/* NULL is fine. */
static inline void buf_put(struct buf *bp)
{
	if (bp)
		__atomic_fetch_sub(&bp->refs, 1, __ATOMIC_RELEASE);
}

/* The caller has a reference, and a right to change the content. */
static inline void buf_mark_dirty(struct buf *bp)
{
	__atomic_fetch_or(&bp->flags, BUF_DIRTY, __ATOMIC_RELEASE);
}
static inline void buf_mark_clean(struct buf *bp)
{
	__atomic_fetch_and(&bp->flags, ~BUF_DIRTY, __ATOMIC_RELEASE);
}
static inline bool buf_is_dirty(const struct buf *bp)
{
	return __atomic_load_n(&bp->flags, __ATOMIC_RELAXED) & BUF_DIRTY;
}
