/*
 * Blocks: which are free, and who gets which.
 *
 * Three numbers say how much there is: what is free, what of it is promised to
 * pages that will be written, and what will be free once a transaction is on
 * the disk. Where it is, the groups' maps say (alloc.h). A map is made when its
 * group is first used, so nothing depends on the size of the disk.
 *
 * A search begins at the goal, which for the next piece of a file is the block
 * behind the last one; when that is taken, it looks for a run as long as what
 * is wanted, first in that group, then in those behind it, and takes a shorter
 * one only when a number of groups has none. `largest` spares groups that were
 * searched in vain. A claim is in memory only; ext4_claim_commit makes it part
 * of the bitmap, in the same handle that makes it part of a file.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/bitmap.h"
#include "fs/ext4/crc32c.h"

#define TRY_GROUPS    16u  /* searched for a run as long as was wanted */
#define FOR_NODES_MAX 128u /* blocks kept for maps of files */

/* ---- opening, counts ---- */

static void counts_add(struct alloc *a, int64_t free, int64_t freeing,
		       int64_t disk)
{
	spin_lock(&a->lock);
	a->free += (uint64_t)free;
	a->freeing += (uint64_t)freeing;
	a->disk_free += (uint64_t)disk;
	spin_unlock(&a->lock);
}

/* What the super block says is right only after a clean end. */
static int count_all(struct ext4_sb *es, uint64_t *blocks, uint64_t *inodes)
{
	*blocks = 0;
	*inodes = 0;
	for (uint32_t n = 0; n < es->n_groups; n++) {
		struct ext4_group_desc gd;
		int err = ext4_group_desc(es, n, &gd);

		if (err == -EFSCORRUPTED)
			continue; /* found again when it is used */
		if (err)
			return err;
		*blocks += EXT4_DESC_GET(es, &gd, bg_free_blocks_count);
		*inodes += EXT4_DESC_GET(es, &gd, bg_free_inodes_count);
		resched_point();
	}
	return 0;
}

__attribute__((cold))
int ext4_alloc_open(struct ext4_sb *es)
{
	const struct ext4_super_block *raw = &es->raw;
	uint32_t n = (uint32_t)div_round_up(es->n_groups, GROUPS_PER_CHUNK);
	bool wide = es->incompat & EXT4_IN_64BIT;
	struct alloc *a;
	int err = 0;

	a = kzalloc(sizeof(*a) + n * sizeof(a->chunks[0]), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->es = es;
	a->n_chunks = n;
	spin_init(&a->lock, "ext4_counts", RANK_TREE);
	mutex_init(&a->load_lock, "ext4_load", RANK_SLEEP_LEAF);
	mutex_init(&a->inode_lock, "ext4_inodes", RANK_BUFFER);
	host_random(&a->generation, sizeof(a->generation));
	a->disk_free = raw->s_free_blocks_count;
	a->disk_inodes = raw->s_free_inodes_count;
	a->for_root = raw->s_r_blocks_count;
	if (wide) {
		a->disk_free |= (uint64_t)raw->s_free_blocks_count_hi << 32;
		a->for_root |= (uint64_t)raw->s_r_blocks_count_hi << 32;
	}
	if (es->incompat & EXT4_IN_RECOVER ||
	    es->was_state & EXT4_STATE_ERRORS ||
	    !(es->was_state & EXT4_STATE_CLEAN))
		err = count_all(es, &a->disk_free, &a->disk_inodes);
	if (err) {
		kfree(a);
		return err;
	}
	a->disk_free = MIN(a->disk_free, es->n_blocks);
	a->disk_inodes = MIN(a->disk_inodes, (uint64_t)es->n_inodes);
	a->for_root = MIN(a->for_root, es->n_blocks);
	a->for_nodes = MIN(es->n_blocks >> 8, (uint64_t)FOR_NODES_MAX);
	a->free = a->disk_free;
	es->alloc = a;
	return 0;
}

__attribute__((cold))
void ext4_alloc_close(struct ext4_sb *es)
{
	struct alloc *a = es->alloc;

	es->alloc = NULL;
	if (!a)
		return;
	for (uint32_t i = 0; i < a->n_chunks; i++) {
		for (uint32_t k = 0; a->chunks[i] && k < GROUPS_PER_CHUNK;
		     k++) {
			if (a->chunks[i][k])
				kfree(a->chunks[i][k]->map);
			kfree(a->chunks[i][k]);
		}
		kfree(a->chunks[i]);
	}
	kfree(a);
}

uint64_t ext4_free_blocks_count(struct ext4_sb *es, bool with_root)
{
	struct alloc *a = es->alloc;
	uint64_t n;

	spin_lock(&a->lock);
	n = a->free + a->freeing;
	n -= MIN(n, a->reserved);
	spin_unlock(&a->lock);
	return with_root ? n : n - MIN(n, a->for_root + a->for_nodes);
}

/* May the caller use what is kept for root? */
static bool caller_is_root(const struct ext4_sb *es)
{
	const struct cred *c = host_cred();

	return !c->fsuid || c->fsuid == es->raw.s_def_resuid ||
	       (es->raw.s_def_resgid &&
		cred_in_group(c, es->raw.s_def_resgid));
}

/* Blocks that may be promised or taken. a->lock is held. */
static uint64_t available(const struct alloc *a, bool root)
{
	uint64_t n = a->free - MIN(a->free, a->reserved);

	return root ? n : n - MIN(n, a->for_root);
}

int ext4_reserve(struct ext4_sb *es, uint64_t n)
{
	struct alloc *a = es->alloc;
	bool root, soon;

	if (!a || ext4_writing_ended(es))
		return -EROFS;
	root = caller_is_root(es);
	for (unsigned i = 0; i < 2; i++) {
		spin_lock(&a->lock);
		if (!n || available(a, root) >= n + a->for_nodes) {
			a->reserved += n;
			spin_unlock(&a->lock);
			return 0;
		}
		soon = a->freeing > 0;
		spin_unlock(&a->lock);
		if (!soon || journal_sync(es, false))
			break;
	}
	return -ENOSPC;
}

void ext4_unreserve(struct ext4_sb *es, uint64_t n)
{
	struct alloc *a = es->alloc;

	spin_lock(&a->lock);
	KASSERT(a->reserved >= n);
	a->reserved -= n;
	spin_unlock(&a->lock);
}

/* ---- claiming ---- */

enum whose {
	PROMISED, /* reserved before */
	ANYBODYS,
	METADATA, /* promises to data count what its metadata needs */
};

/* Takes up to want blocks out of the counts: how many. */
static uint32_t counts_take(struct ext4_sb *es, uint32_t want, enum whose w)
{
	struct alloc *a = es->alloc;
	bool root = w == METADATA || caller_is_root(es);
	uint64_t n;

	spin_lock(&a->lock);
	n = available(a, root);
	if (w == ANYBODYS)
		n -= MIN(n, a->for_nodes);
	if (w == PROMISED) {
		KASSERT(a->reserved >= want);
		n = a->free;
	} else if (w == METADATA && !n) {
		n = a->free;
	}
	n = MIN(n, (uint64_t)want);
	a->free -= n;
	if (w == PROMISED)
		a->reserved -= n;
	spin_unlock(&a->lock);
	return (uint32_t)n;
}

static void counts_give_back(struct ext4_sb *es, uint32_t n, enum whose w)
{
	struct alloc *a = es->alloc;

	spin_lock(&a->lock);
	a->free += n;
	if (w == PROMISED)
		a->reserved += n;
	spin_unlock(&a->lock);
}

struct run {
	uint32_t first, len;
};

/*
 * A run of clear bits in g, which is locked: at goal if that is clear, else
 * one that is long enough, else the longest.
 */
static void find_run(struct ext4_group *g, uint32_t goal, uint32_t want,
		     struct run *best)
{
	uint32_t at, end, stop = g->n_bits;

	best->len = 0;
	if (!g->free)
		return;
	if (goal < g->n_bits && !bitmap_test(g->map, goal)) {
		end = MIN(goal + want, g->n_bits);
		best->first = goal;
		best->len = bitmap_next_set(g->map, goal, end) - goal;
		return;
	}
	g->first = bitmap_next_clear(g->map, g->first, g->n_bits);
	at = goal < g->n_bits ? MAX(goal, g->first) : g->first;
	for (unsigned round = 0; round < 2; round++) {
		while (at < stop) {
			at = bitmap_next_clear(g->map, at, stop);
			if (at == stop)
				break;
			end = bitmap_next_set(g->map, at,
					      MIN(at + want, g->n_bits));
			if (end - at > best->len) {
				best->first = at;
				best->len = end - at;
			}
			if (best->len == want)
				return;
			at = end;
		}
		/* Then what lies before the goal. No run spans it. */
		stop = goal < g->n_bits ? goal : 0;
		at = g->first;
	}
	g->largest = best->len;
}

/* Takes a run of g of at least `least`: -ENOSPC when there is none. */
static int claim_in_group(struct ext4_sb *es, uint32_t n, uint32_t goal,
			  uint32_t want, uint32_t least, uint64_t *start,
			  uint32_t *len)
{
	struct ext4_group *g;
	struct run run;
	int err = ext4_group_get(es, n, &g);

	if (err)
		return err;
	/* One whose map is not there: what its descriptor says is enough. */
	if (!READ_ONCE(g->map)) {
		struct ext4_group_desc gd;

		err = ext4_group_desc(es, n, &gd);
		if (err)
			return err;
		if (EXT4_DESC_GET(es, &gd, bg_free_blocks_count) < least)
			return -ENOSPC;
	}
	err = ext4_group_lock(es, g);
	if (err)
		return err;
	run.len = 0;
	if (g->largest >= least)
		find_run(g, goal, want, &run);
	/* What follows the last piece is good at any length. */
	if (!run.len || (run.len < least && run.first != goal)) {
		spin_unlock(&g->lock);
		return -ENOSPC;
	}
	bitmap_put(g->map, run.first, run.first + run.len, true);
	g->free -= run.len;
	g->claimed += run.len;
	if (run.first == g->first)
		g->first += run.len;
	spin_unlock(&g->lock);
	*start = g->first_block + run.first;
	*len = run.len;
	return 0;
}

/* goal is a block of the disk. */
static int search(struct ext4_sb *es, uint64_t goal, uint32_t want,
		  uint64_t *start, uint32_t *len)
{
	uint64_t rel = goal - es->first_data_block;
	uint32_t home = (uint32_t)(rel / es->blocks_per_group);
	uint32_t bit = (uint32_t)(rel % es->blocks_per_group);
	uint32_t n = es->n_groups, tried, least;
	bool damaged = false;
	int err;

	want = MIN(want, es->blocks_per_group);
	/* First a run as long as wanted, from a number of groups; then
	 * any. */
	for (unsigned pass = 0; pass < 2; pass++) {
		least = pass ? 1 : want;
		tried = pass ? n : MIN(n, TRY_GROUPS);
		for (uint32_t i = 0; i < tried; i++) {
			uint32_t g = (uint32_t)(((uint64_t)home + i) % n);

			err = claim_in_group(es, g, i ? UINT32_MAX : bit, want,
					     least, start, len);
			if (!err)
				return 0;
			if (err == -EFSCORRUPTED)
				damaged = true;
			else if (err != -ENOSPC)
				return err;
			if (i % 64 == 63)
				resched_point();
		}
	}
	return damaged ? -EFSCORRUPTED : -ENOSPC;
}

static uint64_t inode_goal(struct ext4_sb *es, const struct inode *ip)
{
	uint64_t group = ip ? (ip->ino - 1) / es->inodes_per_group : 0;

	return es->first_data_block + group * es->blocks_per_group;
}

static int claim(struct ext4_sb *es, struct inode *ip, uint64_t goal,
		 uint32_t want, enum whose w, uint64_t *start, uint32_t *len)
{
	uint32_t got;
	int err;

	if (!es->alloc || ext4_writing_ended(es))
		return -EROFS;
	if (!ext4_blocks_ok(es, goal, 1))
		goal = inode_goal(es, ip);
	got = counts_take(es, MAX(want, 1u), w);
	if (!got)
		return -ENOSPC;
	err = search(es, goal, got, start, len);
	if (err)
		*len = 0;
	counts_give_back(es, got - *len, w);
	return err;
}

int ext4_claim(struct ext4_sb *es, struct inode *ip, uint64_t goal,
	       uint32_t want, bool reserved, uint64_t *start, uint32_t *len)
{
	return claim(es, ip, goal, want, reserved ? PROMISED : ANYBODYS, start,
		     len);
}

static struct ext4_group *group_of(struct ext4_sb *es, uint64_t block,
				   uint32_t *bit)
{
	uint64_t rel = block - es->first_data_block;
	struct ext4_group *g = NULL;

	*bit = (uint32_t)(rel % es->blocks_per_group);
	/* It was claimed: its group is in memory. */
	ext4_group_get(es, (uint32_t)(rel / es->blocks_per_group), &g);
	return g;
}

/* Clears bits of g's map; g is locked. */
static void map_release(struct ext4_group *g, uint32_t bit, uint32_t len)
{
	bitmap_put(g->map, bit, bit + len, false);
	g->free += len;
	g->largest = g->free;
	g->first = MIN(g->first, bit);
}

__attribute__((cold))
void ext4_unclaim(struct ext4_sb *es, uint64_t start, uint32_t len)
{
	uint32_t bit;
	struct ext4_group *g = group_of(es, start, &bit);

	if (!len)
		return;
	spin_lock(&g->lock);
	KASSERT(g->map && g->claimed >= len);
	g->claimed -= len;
	map_release(g, bit, len);
	if (g->bad)
		len = 0;
	spin_unlock(&g->lock);
	counts_add(es->alloc, len, 0, 0);
}

/* ---- the disk ---- */

/*
 * Joins g's block bitmap and descriptor to h. Both buffers are the caller's to
 * put, which ext4_desc_dirty does for the second.
 */
static int bitmap_access(struct handle *h, struct ext4_group *g,
			 struct buf **bp, struct buf **dbp,
			 struct ext4_group_desc **raw)
{
	int err = ext4_block_bitmap_get(h->es, g, bp, dbp, raw);

	return err ? err : ext4_join_both(h, *bp, *dbp);
}

/* A bitmap that was never written begins to count. g is locked. */
__attribute__((cold))
static void bitmap_begin(struct ext4_sb *es, const struct ext4_group *g,
			 struct buf *bp, struct ext4_group_desc *raw)
{
	raw->bg_flags &= (uint16_t)~EXT4_BG_BLOCK_UNINIT;
	EXT4_DESC_SET(es, raw, bg_free_blocks_count,
		      bitmap_count_clear(bp->data, g->n_bits));
	if (es->has_csum)
		EXT4_DESC_SET(es, raw, bg_block_bitmap_csum,
			      crc32c(es->csum_seed, bp->data,
				     es->blocks_per_group / 8));
}

/* Flips bits, which are all the same now; g is locked. */
static void bitmap_flip(struct ext4_sb *es, struct ext4_group_desc *raw,
			struct buf *bp, uint32_t bit, uint32_t len, bool set)
{
	uint32_t n = EXT4_DESC_GET(es, raw, bg_free_blocks_count), c;

	bitmap_put(bp->data, bit, bit + len, set);
	n = set ? n - MIN(n, len) : n + len;
	EXT4_DESC_SET(es, raw, bg_free_blocks_count, n);
	if (es->has_csum) {
		c = EXT4_DESC_GET(es, raw, bg_block_bitmap_csum);
		c = ext4_bitmap_csum_flip(c, es->blocks_per_group / 8, bit,
					  bit + len);
		EXT4_DESC_SET(es, raw, bg_block_bitmap_csum, c);
	}
}

__attribute__((cold))
int ext4_group_init_bitmap(struct handle *h, struct ext4_group *g)
{
	struct ext4_group_desc *raw;
	struct buf *bp, *dbp;
	int err = bitmap_access(h, g, &bp, &dbp, &raw);

	if (err)
		return err;
	spin_lock(&g->lock);
	if (ext4_blocks_uninit(h->es, raw))
		bitmap_begin(h->es, g, bp, raw);
	spin_unlock(&g->lock);
	journal_dirty(h, bp, NULL, 0);
	buf_put(bp);
	ext4_desc_dirty(h, dbp, g->index);
	return 0;
}

int ext4_claim_commit(struct handle *h, uint64_t start, uint32_t len)
{
	struct ext4_sb *es = h->es;
	struct ext4_group_desc *raw;
	struct buf *bp, *dbp;
	uint32_t bit;
	struct ext4_group *g = group_of(es, start, &bit);
	bool fits;
	int err;

	err = bitmap_access(h, g, &bp, &dbp, &raw);
	if (err)
		return err;
	spin_lock(&g->lock);
	KASSERT(g->map && g->claimed >= len);
	if (ext4_blocks_uninit(es, raw))
		bitmap_begin(es, g, bp, raw);
	fits = bitmap_next_set(bp->data, bit, bit + len) == bit + len;
	if (fits) {
		bitmap_flip(es, raw, bp, bit, len, true);
		g->claimed -= len;
	}
	spin_unlock(&g->lock);
	journal_dirty(h, bp, NULL, 0);
	buf_put(bp);
	ext4_desc_dirty(h, dbp, g->index);
	if (!fits) {
		ext4_group_spoil(es, g, "used blocks were free before");
		return -EFSCORRUPTED;
	}
	counts_add(es->alloc, 0, 0, -(int64_t)len);
	return 0;
}

int ext4_new_meta_block(struct handle *h, struct inode *ip, uint64_t goal,
			struct buf **out)
{
	struct ext4_sb *es = h->es;
	struct buf *bp;
	uint64_t block;
	uint32_t len;
	int err;

	err = claim(es, ip, goal, 1, METADATA, &block, &len);
	if (err)
		return err;
	err = bcache_get(es->bc, block, &bp);
	if (err)
		goto unclaim;
	err = journal_create_access(h, bp);
	if (!err)
		err = ext4_claim_commit(h, block, 1);
	if (err) {
		buf_put(bp);
		goto unclaim;
	}
	memset(bp->data, 0, es->block_size);
	*out = bp;
	return 0;

unclaim:
	ext4_unclaim(es, block, len);
	return err;
}

/* ---- freeing ---- */

struct freed {
	struct journal_callback cb;
	struct ext4_sb *es;
	struct ext4_group *g;
	uint32_t bit, len;
};

/* The transaction that freed them is on the disk: they may be given out. When
 * it was lost, nothing is ever given out again. */
__attribute__((cold))
static void freed_done(struct journal_callback *cb, int err)
{
	struct freed *f = container_of(cb, struct freed, cb);
	struct ext4_group *g = f->g;

	if (!err) {
		spin_lock(&g->lock);
		g->freeing -= f->len;
		map_release(g, f->bit, f->len);
		if (g->bad)
			f->len = 0;
		spin_unlock(&g->lock);
		counts_add(f->es->alloc, f->len, -(int64_t)f->len, 0);
	}
	kfree(f);
}

static int free_in_group(struct handle *h, struct ext4_group *g, uint32_t bit,
			 uint32_t len)
{
	struct ext4_sb *es = h->es;
	struct ext4_group_desc *raw;
	struct buf *bp, *dbp;
	struct freed *f;
	bool used;
	int err;

	f = kmalloc(sizeof(*f), GFP_NOFS);
	if (!f)
		return -ENOMEM;
	f->cb.fn = freed_done;
	f->es = es;
	f->g = g;
	f->bit = bit;
	f->len = len;
	err = ext4_group_lock(es, g);
	if (err)
		goto free;
	g->busy++;
	spin_unlock(&g->lock);
	err = bitmap_access(h, g, &bp, &dbp, &raw);
	if (err) {
		spin_lock(&g->lock);
		g->busy--;
		spin_unlock(&g->lock);
		goto free;
	}
	spin_lock(&g->lock);
	g->busy--;
	if (ext4_blocks_uninit(es, raw))
		bitmap_begin(es, g, bp, raw);
	used = bitmap_next_clear(bp->data, bit, bit + len) == bit + len;
	if (used) {
		bitmap_flip(es, raw, bp, bit, len, false);
		g->freeing += len;
	}
	spin_unlock(&g->lock);
	journal_dirty(h, bp, NULL, 0);
	buf_put(bp);
	ext4_desc_dirty(h, dbp, g->index);
	if (!used) {
		err = -EFSCORRUPTED;
		goto free;
	}
	counts_add(es->alloc, 0, len, len);
	journal_on_commit(h, &f->cb);
	return 0;

free:
	kfree(f);
	return err;
}

int ext4_free_blocks(struct handle *h, struct inode *ip, uint64_t start,
		     uint64_t len, bool meta)
{
	struct ext4_sb *es = h->es;
	unsigned long long ino = ip ? ip->ino : 0, at = start;
	bool begun = false;
	int err;

	if (!es->alloc || ext4_writing_ended(es))
		return -EROFS;
	if (!len)
		return 0;
	if (!ext4_blocks_ok(es, start, len)) {
		ext4_corrupt(es, "inode %llu: blocks %llu and %llu more are "
				 "none",
			     ino, at, (unsigned long long)len - 1);
		goto damaged;
	}
	while (len) {
		uint64_t rel = start - es->first_data_block;
		uint32_t bit = (uint32_t)(rel % es->blocks_per_group), n;
		struct ext4_group *g;

		err = ext4_group_get(es, (uint32_t)(rel / es->blocks_per_group),
				     &g);
		if (err)
			goto half_done;
		n = (uint32_t)MIN(len, (uint64_t)(g->n_bits - bit));
		if (ext4_group_has_tables(es, g, bit, n)) {
			ext4_corrupt(es, "inode %llu: block %llu belongs to "
					 "the disk's tables",
				     ino, at);
			goto damaged;
		}
		err = free_in_group(h, g, bit, n);
		if (err == -EFSCORRUPTED) {
			ext4_corrupt(es, "inode %llu: block %llu or one of %u "
					 "behind it is free already",
				     ino, (unsigned long long)start, n - 1);
			goto damaged;
		}
		if (err)
			goto half_done;
		begun = true;
		for (uint32_t i = 0; meta && i < n; i++) {
			err = journal_forget(h, start + i, NULL);
			if (err)
				goto half_done;
		}
		start += n;
		len -= n;
	}
	return 0;

damaged:
	err = -EFSCORRUPTED;
half_done:
	/* A part cannot be freed: neither the caller nor we can go back. */
	if (begun && !journal_error(es))
		journal_abort(es, err);
	return err;
}
