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
 * own read is. Written ones are gathered, since nobody waits for just one; if
 * there is no memory for that they go one by one, for writing is how memory
 * becomes free.
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

__attribute__((cold))
static uint64_t bcache_shrink(uint64_t want, bool may_write);

static void flags_set(struct buf *bp, uint32_t bits)
{
	__atomic_fetch_or(&bp->flags, bits, __ATOMIC_RELEASE);
}

static void flags_clear(struct buf *bp, uint32_t bits)
{
	__atomic_fetch_and(&bp->flags, ~bits, __ATOMIC_RELEASE);
}

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

__attribute__((cold))
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
	kfree(bp->journal);
	kfree(bp->data);
	kfree(bp);
}

__attribute__((cold))
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
	if (!rq->err)
		flags_set(bp, BUF_UPTODATE);
	flags_clear(bp, BUF_IO);
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
	blk_submit(bc->bd, &bp->rq);
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

/*
 * The buffer of a block, up to date or not, with a reference and the cache's
 * lock held. *spare: one that was not needed, to be freed later.
 */
static struct buf *buf_open(struct bcache *bc, uint64_t block,
			    struct buf **spare, bool *crowded)
{
	struct buf *bp, *made = NULL;

	spin_lock(&bc->lock);
	bp = find(bc, block);
	if (!bp) {
		spin_unlock(&bc->lock);
		made = buf_alloc(bc, block, GFP_NOFS);
		if (!made)
			return NULL;
		spin_lock(&bc->lock);
		bp = find(bc, block);
	}
	if (bp) {
		buf_get(bp);
		if (!(bp->flags & BUF_REFERENCED))
			flags_set(bp, BUF_REFERENCED);
	} else {
		bp = made;
		made = NULL;
		insert(bc, bp);
		*crowded = bc->n_bufs > 2 * bc->n_buckets &&
			   bc->n_buckets < BUCKETS_MAX;
	}
	*spare = made;
	return bp;
}

/* The way of nearly every look-up. */
static inline struct buf *hit(struct bcache *bc, uint64_t block)
{
	struct buf *bp;

	spin_lock(&bc->lock);
	bp = find(bc, block);
	if (bp && bp->flags & BUF_UPTODATE) {
		buf_get(bp);
		if (!(bp->flags & BUF_REFERENCED))
			flags_set(bp, BUF_REFERENCED);
	} else {
		bp = NULL;
	}
	spin_unlock(&bc->lock);
	return bp;
}

static __attribute__((noinline)) int
__attribute__((cold))
read_missed(struct bcache *bc, uint64_t block, struct buf **out)
{
	struct buf *bp, *spare = NULL;
	bool crowded = false;

	if (block >= bc->n_blocks)
		return -EIO;
	bp = buf_open(bc, block, &spare, &crowded);
	if (!bp)
		return -ENOMEM;
	/* One read that fails is enough for all who wait for it. */
	bp->err = bp->flags & BUF_IO ? bp->err : 0;
	while (!(bp->flags & BUF_UPTODATE) && !bp->err) {
		if (!(bp->flags & BUF_IO)) {
			flags_set(bp, BUF_IO);
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
	if (spare)
		buf_free(spare);
	if (crowded)
		grow(bc);
	if (!bp)
		return -EIO;
	*out = bp;
	return 0;
}

int bcache_read(struct bcache *bc, uint64_t block, struct buf **out)
{
	*out = hit(bc, block);
	return *out ? 0 : read_missed(bc, block, out);
}

int bcache_get(struct bcache *bc, uint64_t block, struct buf **out)
{
	struct buf *bp, *spare = NULL;
	bool crowded = false;

	*out = NULL;
	if (block >= bc->n_blocks)
		return -EIO;
	bp = buf_open(bc, block, &spare, &crowded);
	if (!bp)
		return -ENOMEM;
	while (bp->flags & BUF_IO)
		wait_sleep(&bc->wait, &bc->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	if (!(bp->flags & BUF_UPTODATE)) {
		memset(bp->data, 0, bc->block_size);
		bp->verified = 0;
		flags_set(bp, BUF_UPTODATE);
	}
	spin_unlock(&bc->lock);
	if (spare)
		buf_free(spare);
	if (crowded)
		grow(bc);
	*out = bp;
	return 0;
}

struct buf *bcache_find(struct bcache *bc, uint64_t block)
{
	return hit(bc, block);
}

__attribute__((cold))
void bcache_forget(struct bcache *bc, uint64_t block)
{
	struct buf *bp;

	spin_lock(&bc->lock);
	bp = find(bc, block);
	if (bp && (__atomic_load_n(&bp->refs, __ATOMIC_ACQUIRE) ||
		   bp->flags & (BUF_IO | BUF_DIRTY)))
		bp = NULL;
	if (bp)
		buf_unlink(bc, bp);
	spin_unlock(&bc->lock);
	if (bp)
		buf_free(bp);
}

/* ---- writing ---- */

struct write_batch {
	struct bcache *bc;
	unsigned pending; /* [cache lock] requests */
};

static void write_done(struct blk_request *rq)
{
	struct write_batch *b = rq->arg;
	struct bcache *bc = b->bc;

	spin_lock(&bc->lock);
	b->pending--;
	wait_wake_all(&bc->wait);
	spin_unlock(&bc->lock);
}

/* Shell sort by block number: short arrays, no memory. */
static void sort_bufs(struct buf **bufs, unsigned n)
{
	for (unsigned gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11) {
		for (unsigned i = gap; i < n; i++) {
			struct buf *bp = bufs[i];
			unsigned k = i;

			for (; k >= gap && bufs[k - gap]->block > bp->block;
			     k -= gap)
				bufs[k] = bufs[k - gap];
			bufs[k] = bp;
		}
	}
}

/* Sends the first of bufs, and those behind it that fit into its request. The
 * request is the first one's; segs is NULL when there was no memory. */
static unsigned write_run(struct write_batch *b, struct buf **bufs, unsigned n,
			  struct blk_seg *segs)
{
	struct bcache *bc = b->bc;
	struct buf *bp = bufs[0];
	unsigned max = MIN(bc->bd->max_segs,
			   bc->bd->max_bytes / bc->block_size), k;

	if (!segs) {
		segs = &bp->seg;
		max = 1;
	}
	for (k = 0; k < MIN(n, max); k++) {
		if (bufs[k]->block != bp->block + k)
			break;
		segs[k].va = bufs[k]->data;
		segs[k].len = bc->block_size;
	}
	memset(&bp->rq, 0, sizeof(bp->rq));
	bp->rq.op = BLK_WRITE;
	bp->rq.sector = bp->block * (bc->block_size / BLK_SECTOR);
	bp->rq.segs = segs;
	bp->rq.nsegs = k;
	bp->rq.done = write_done;
	bp->rq.arg = b;
	spin_lock(&bc->lock);
	b->pending++;
	spin_unlock(&bc->lock);
	blk_submit(bc->bd, &bp->rq);
	return k;
}

int bcache_write(struct bcache *bc, struct buf **bufs, unsigned n)
{
	struct write_batch b = { .bc = bc };
	struct blk_seg *segs;
	unsigned i, k;
	int err = 0;

	sort_bufs(bufs, n);
	segs = kmalloc(n * sizeof(*segs), GFP_NOFS);
	spin_lock(&bc->lock);
	for (i = 0; i < n; i++) {
		while (bufs[i]->flags & BUF_IO)
			wait_sleep(&bc->wait, &bc->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
		flags_set(bufs[i], BUF_IO);
	}
	spin_unlock(&bc->lock);
	for (i = 0; i < n; i += k)
		k = write_run(&b, bufs + i, n - i, segs ? segs + i : NULL);
	spin_lock(&bc->lock);
	while (b.pending)
		wait_sleep(&bc->wait, &bc->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	for (i = 0; i < n; i += k) {
		int failed = bufs[i]->rq.err;

		k = bufs[i]->rq.nsegs;
		if (failed && !err)
			err = failed;
		for (unsigned j = i; j < i + k; j++) {
			if (!failed)
				buf_mark_clean(bufs[j]);
			flags_clear(bufs[j], BUF_IO);
		}
	}
	wait_wake_all(&bc->wait);
	spin_unlock(&bc->lock);
	kfree(segs);
	return err;
}

bool bcache_has(struct bcache *bc, uint64_t block)
{
	bool has;

	spin_lock(&bc->lock);
	has = find(bc, block);
	spin_unlock(&bc->lock);
	return has;
}

__attribute__((cold))
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
			flags_clear(bp, BUF_REFERENCED);
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
