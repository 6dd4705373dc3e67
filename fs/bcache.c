/*
 * Metadata blocks: a hash table of buffers for each mounted disk.
 *
 * A hit costs one spinlock and a walk over a short chain. BUF_IO is a sleeping
 * lock that an interrupt handler can let go: who finds it set waits on the
 * cache's queue (one for all; a wake-up for another's block costs little,
 * since there are few readers). Reclaim gives each buffer a second chance, so
 * a look-up moves nothing between lists.
 *
 * Neighbouring blocks that are prefetched go out as single requests each: the
 * driver takes many, and a buffer that is asked for is ready as soon as its
 * own read is.
 */
#include "fs/bcache.h"

#define BUCKETS_MIN  64u
#define BUCKETS_MAX  (1u << 16)
#define PREFETCH_MAX 64u

struct bcache {
	struct blkdev *bd;   /* [I] */
	uint32_t block_size; /* [I] */
	uint64_t n_blocks;   /* [I] that the disk has */
	struct spinlock lock;
	struct hlist_head *buckets; /* [lock] */
	uint32_t n_buckets;         /* [lock] a power of two */
	uint64_t n_bufs;            /* [lock] */
	struct list_head lru;       /* [lock] all buffers */
	struct wait_queue wait;     /* some BUF_IO was cleared */
	struct list_head link;      /* [caches_lock] */
};

static struct spinlock caches_lock = SPINLOCK_INIT("bcaches", RANK_TREE);
static struct list_head caches = LIST_INIT(caches);

static uint64_t bcache_shrink(uint64_t want, bool may_write);

static struct hlist_head *bucket(struct bcache *bc, uint64_t block)
{
	uint64_t h = block * UINT64_C(0x9e3779b97f4a7c15);

	return &bc->buckets[(h >> 40) & (bc->n_buckets - 1)];
}

static struct buf *find(struct bcache *bc, uint64_t block)
{
	struct buf *bp;

	hlist_for_each_entry (bp, bucket(bc, block), hash) {
		if (bp->block == block)
			return bp;
	}
	return NULL;
}

int bcache_create(struct blkdev *bd, uint32_t block_size, struct bcache **out)
{
	static struct shrinker shrinker = {
		.name = "bcache",
		.shrink = bcache_shrink,
	};
	static uint32_t
		registered; /* a word: the hart has no smaller atomics */
	struct bcache *bc;

	if (!is_power_of_2(block_size) || block_size < BLK_SECTOR ||
	    block_size > PAGE_SIZE || block_size < bd->block_size)
		return -EINVAL;
	bc = kzalloc(sizeof(*bc), GFP_KERNEL);
	if (!bc)
		return -ENOMEM;
	bc->buckets = kzalloc(BUCKETS_MIN * sizeof(*bc->buckets), GFP_KERNEL);
	if (!bc->buckets) {
		kfree(bc);
		return -ENOMEM;
	}
	bc->n_buckets = BUCKETS_MIN;
	bc->bd = bd;
	bc->block_size = block_size;
	bc->n_blocks = bd->sectors / (block_size / BLK_SECTOR);
	spin_init(&bc->lock, "bcache", RANK_TREE);
	list_init(&bc->lru);
	wait_queue_init(&bc->wait);
	if (!__atomic_exchange_n(&registered, 1, __ATOMIC_ACQ_REL))
		shrinker_register(&shrinker);
	spin_lock(&caches_lock);
	list_add(&bc->link, &caches);
	spin_unlock(&caches_lock);
	*out = bc;
	return 0;
}

static void buf_unlink(struct bcache *bc, struct buf *bp)
{
	hlist_del(&bp->hash);
	list_del(&bp->lru);
	bc->n_bufs--;
}

static void buf_free(struct buf *bp)
{
	kfree(bp->data);
	kfree(bp);
}

void bcache_destroy(struct bcache *bc)
{
	struct buf *bp;

	spin_lock(&caches_lock);
	list_del(&bc->link);
	spin_unlock(&caches_lock);
	spin_lock(&bc->lock);
	while (!list_empty(&bc->lru)) {
		bp = list_first_entry(&bc->lru, struct buf, lru);
		while (bp->flags & BUF_IO)
			wait_sleep(&bc->wait, &bc->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
		KASSERT(!__atomic_load_n(&bp->refs, __ATOMIC_ACQUIRE));
		KASSERT(!(bp->flags & BUF_DIRTY));
		buf_unlink(bc, bp);
		buf_free(bp);
	}
	spin_unlock(&bc->lock);
	kfree(bc->buckets);
	kfree(bc);
}

/* Makes the table larger when chains grow long; if it cannot, they do. */
static void grow(struct bcache *bc)
{
	uint32_t n = READ_ONCE(bc->n_buckets) * 4;
	struct hlist_head *table, *old;
	struct buf *bp;

	table = kzalloc(n * sizeof(*table), GFP_NOFS);
	if (!table)
		return;
	spin_lock(&bc->lock);
	if (bc->n_buckets * 4 != n) {
		spin_unlock(&bc->lock);
		kfree(table);
		return;
	}
	old = bc->buckets;
	bc->buckets = table;
	bc->n_buckets = n;
	list_for_each_entry (bp, &bc->lru, lru)
		hlist_add_head(&bp->hash, bucket(bc, bp->block));
	spin_unlock(&bc->lock);
	kfree(old);
}

static void read_done(struct blk_request *rq)
{
	struct buf *bp = rq->arg;
	struct bcache *bc = bp->cache;

	spin_lock(&bc->lock);
	bp->err = rq->err;
	bp->verified = 0;
	__atomic_store_n(&bp->flags,
			 (bp->flags & ~BUF_IO) | (rq->err ? 0 : BUF_UPTODATE),
			 __ATOMIC_RELEASE);
	/* Under the lock: the cache may be destroyed once BUF_IO is clear. */
	wait_wake_all(&bc->wait);
	spin_unlock(&bc->lock);
}

/* The caller has set BUF_IO. */
static void read_start(struct bcache *bc, struct buf *bp)
{
	memset(&bp->rq, 0, sizeof(bp->rq));
	bp->seg.va = bp->data;
	bp->seg.len = bc->block_size;
	bp->rq.op = BLK_READ;
	bp->rq.sector = bp->block * (bc->block_size / BLK_SECTOR);
	bp->rq.segs = &bp->seg;
	bp->rq.nsegs = 1;
	bp->rq.done = read_done;
	bp->rq.arg = bp;
	bc->bd->submit(bc->bd, &bp->rq);
}

/* A buffer that is in no table. */
static struct buf *buf_alloc(struct bcache *bc, uint64_t block, unsigned gfp)
{
	struct buf *bp = kzalloc(sizeof(*bp), gfp);

	if (!bp)
		return NULL;
	bp->data = kmalloc(bc->block_size, gfp);
	if (!bp->data) {
		kfree(bp);
		return NULL;
	}
	bp->cache = bc;
	bp->block = block;
	bp->refs = 1;
	return bp;
}

static void insert(struct bcache *bc, struct buf *bp)
{
	hlist_add_head(&bp->hash, bucket(bc, bp->block));
	list_add(&bp->lru, &bc->lru);
	bc->n_bufs++;
}

int bcache_read(struct bcache *bc, uint64_t block, struct buf **out)
{
	struct buf *bp, *made = NULL;
	bool crowded = false;

	*out = NULL;
	if (block >= bc->n_blocks)
		return -EIO;
	spin_lock(&bc->lock);
	bp = find(bc, block);
	if (!bp) {
		spin_unlock(&bc->lock);
		made = buf_alloc(bc, block, GFP_NOFS);
		if (!made)
			return -ENOMEM;
		spin_lock(&bc->lock);
		bp = find(bc, block);
	}
	if (bp) {
		buf_get(bp);
		bp->flags |= BUF_REFERENCED;
	} else {
		bp = made;
		made = NULL;
		insert(bc, bp);
		crowded = bc->n_bufs > 2 * bc->n_buckets &&
			  bc->n_buckets < BUCKETS_MAX;
	}
	/* One read that fails is enough for all who wait for it. */
	bp->err = bp->flags & BUF_IO ? bp->err : 0;
	while (!(bp->flags & BUF_UPTODATE) && !bp->err) {
		if (!(bp->flags & BUF_IO)) {
			bp->flags |= BUF_IO;
			spin_unlock(&bc->lock);
			read_start(bc, bp);
			spin_lock(&bc->lock);
			continue;
		}
		wait_sleep(&bc->wait, &bc->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	}
	if (!(bp->flags & BUF_UPTODATE)) {
		buf_put(bp);
		bp = NULL;
	}
	spin_unlock(&bc->lock);
	if (made)
		buf_free(made);
	if (crowded)
		grow(bc);
	if (!bp)
		return -EIO;
	*out = bp;
	return 0;
}

bool bcache_has(struct bcache *bc, uint64_t block)
{
	bool has;

	spin_lock(&bc->lock);
	has = find(bc, block);
	spin_unlock(&bc->lock);
	return has;
}

void bcache_prefetch(struct bcache *bc, uint64_t block, unsigned n)
{
	struct buf *bp, *made = NULL;

	if (block >= bc->n_blocks)
		return;
	n = MIN(n, PREFETCH_MAX);
	if (n > bc->n_blocks - block)
		n = (unsigned)(bc->n_blocks - block);
	for (; n; n--, block++) {
		if (!made)
			made = buf_alloc(bc, block, GFP_NOFS);
		if (!made)
			return;
		spin_lock(&bc->lock);
		bp = find(bc, block);
		if (!bp) {
			bp = made;
			made = NULL;
			bp->block = block;
			bp->flags = BUF_IO;
			insert(bc, bp);
			spin_unlock(&bc->lock);
			read_start(bc, bp);
			buf_put(bp);
			continue;
		}
		spin_unlock(&bc->lock);
	}
	if (made)
		buf_free(made);
}

/* Frees buffers until their bytes reach want; looks at no more than `left`. */
static uint64_t reclaim(struct bcache *bc, uint64_t want, uint64_t left)
{
	struct buf *bp;
	uint64_t bytes = 0;

	while (left-- && bytes < want) {
		bp = list_last_entry(&bc->lru, struct buf, lru);
		if (__atomic_load_n(&bp->refs, __ATOMIC_ACQUIRE) ||
		    bp->flags & (BUF_IO | BUF_DIRTY | BUF_REFERENCED)) {
			bp->flags &= ~BUF_REFERENCED;
			list_move(&bp->lru, &bc->lru);
			continue;
		}
		buf_unlink(bc, bp);
		buf_free(bp);
		bytes += bc->block_size;
		/* The first time around may only take second chances away;
		 * what is freed is not looked at again. */
		left = MIN(left, 2 * bc->n_bufs);
	}
	return bytes;
}

static uint64_t bcache_shrink(uint64_t want, bool may_write)
{
	struct bcache *bc;
	uint64_t bytes = 0;

	want = MIN(want, UINT64_MAX / PAGE_SIZE) * PAGE_SIZE;
	spin_lock(&caches_lock);
	list_for_each_entry (bc, &caches, link) {
		spin_lock_nested(&bc->lock); /* a cache's: only from here */
		bytes += reclaim(bc, want - MIN(want, bytes), 2 * bc->n_bufs);
		spin_unlock(&bc->lock);
	}
	spin_unlock(&caches_lock);
	return div_round_up(bytes, PAGE_SIZE);
}
