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
 *
 * The checksum of a bitmap stands in the group's descriptor. It is changed with
 * the bits, by what the flipped bits alone add to it.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/bitmap.h"
#include "fs/ext4/crc32c.h"

#define TRY_GROUPS 16u /* searched for a run as long as was wanted */
#define MAPS_MIN   64u

/* ---- bitmaps ---- */

uint32_t ext4_bitmap_csum_flip(uint32_t crc, uint32_t len, uint32_t first,
			       uint32_t end)
{
	static const unsigned char ones[64] = { [0 ... 63] = 0xff };
	uint32_t at = first / 8, last = (end - 1) / 8, d = 0;
	unsigned char b;

	if (first >= end || last >= len)
		return crc;
	b = (unsigned char)(0xff << (first % 8));
	if (at == last)
		b &= (unsigned char)(0xff >> (7 - (end - 1) % 8));
	d = crc32c(0, &b, 1);
	while (++at < last) {
		uint32_t n = MIN(last - at, (uint32_t)sizeof(ones));

		d = crc32c(d, ones, n);
		at += n - 1;
	}
	if (at == last) {
		b = (unsigned char)(0xff >> (7 - (end - 1) % 8));
		d = crc32c(d, &b, 1);
	}
	return crc ^ crc32c_zeros(d, len - 1 - last);
}

/* The bits of group g that [block, block + n) has. */
static void bits_within(const struct ext4_group *g, uint64_t block, uint64_t n,
			uint32_t *first, uint32_t *end)
{
	uint64_t a = block > g->first_block ? block - g->first_block : 0;
	uint64_t b = block + n > g->first_block ? block + n - g->first_block
						: 0;

	*first = (uint32_t)MIN(a, (uint64_t)g->n_bits);
	*end = (uint32_t)MIN(b, (uint64_t)g->n_bits);
}

/* A bitmap that was never written: the group's own tables, and nothing. */
static void fill_uninit(struct ext4_sb *es, const struct ext4_group *g,
			uint64_t *map, uint32_t bits)
{
	uint32_t a, b;

	memset(map, 0, bits / 8);
	bitmap_set(map, 0,
		   MIN(ext4_group_base_blocks(es, g->index), g->n_bits));
	bits_within(g, g->block_bitmap, 1, &a, &b);
	bitmap_set(map, a, b);
	bits_within(g, g->inode_bitmap, 1, &a, &b);
	bitmap_set(map, a, b);
	bits_within(g, g->inode_table, es->itable_blocks, &a, &b);
	bitmap_set(map, a, b);
	bitmap_set(map, g->n_bits, bits);
}

static bool block_uninit(const struct ext4_sb *es,
			 const struct ext4_group_desc *raw)
{
	return ext4_lazy_groups(es) && raw->bg_flags & EXT4_BG_BLOCK_UNINIT;
}

/* NULL, or what is wrong with the bitmap; g is locked. */
static const char *bitmap_fault(struct ext4_sb *es, const struct ext4_group *g,
				const struct ext4_group_desc *raw,
				const struct buf *bp)
{
	const uint64_t *map = bp->data;
	uint32_t a, b, c;

	if (es->has_csum &&
	    !ext4_buf_checked(bp, EXT4_CHECKED(EXT4_KIND_BLOCK_BITMAP,
					       g->index))) {
		c = crc32c(es->csum_seed, map, es->blocks_per_group / 8);
		if ((c ^ EXT4_DESC_GET(es, raw, bg_block_bitmap_csum)) &
		    ext4_desc_csum_mask(es))
			return "bad checksum";
	}
	bits_within(g, g->block_bitmap, 1, &a, &b);
	if (bitmap_next_clear(map, a, b) < b)
		return "its own block is free";
	bits_within(g, g->inode_bitmap, 1, &a, &b);
	if (bitmap_next_clear(map, a, b) < b)
		return "the bitmap of inodes is free";
	bits_within(g, g->inode_table, es->itable_blocks, &a, &b);
	if (bitmap_next_clear(map, a, b) < b)
		return "the table of inodes is free";
	if (bitmap_next_clear(map, 0, ext4_group_base_blocks(es, g->index)) <
	    ext4_group_base_blocks(es, g->index))
		return "the super block's copy is free";
	if (bitmap_count_clear(map, g->n_bits) !=
	    EXT4_DESC_GET(es, raw, bg_free_blocks_count))
		return "another number of free blocks than its descriptor";
	return NULL;
}

/*
 * The buffer of g's block bitmap, and the descriptor in its buffer. The content
 * of one that was never written is made up here.
 */
static int bitmap_get(struct ext4_sb *es, struct ext4_group *g,
		      struct buf **out, struct buf **dbp,
		      struct ext4_group_desc **raw)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_BLOCK_BITMAP, g->index);
	bool uninit;
	int err = ext4_group_desc_buf(es, g->index, dbp, raw);

	if (err)
		return err;
again:
	uninit = block_uninit(es, *raw);
	err = uninit ? bcache_get(es->bc, g->block_bitmap, out)
		     : ext4_read_block(es, g->block_bitmap, "block bitmap",
				       out);
	if (err) {
		buf_put(*dbp);
		*dbp = NULL;
		return err;
	}
	if (!uninit)
		return 0;
	spin_lock(&g->lock);
	if (!block_uninit(es, *raw)) {
		/* Written by now, and perhaps out of memory since. */
		spin_unlock(&g->lock);
		buf_put(*out);
		goto again;
	}
	if (!ext4_buf_checked(*out, as)) {
		fill_uninit(es, g, (*out)->data, es->block_size * 8);
		ext4_buf_set_checked(*out, as);
	}
	spin_unlock(&g->lock);
	return 0;
}

/* ---- groups ---- */

static void counts_add(struct alloc *a, int64_t free, int64_t freeing,
		       int64_t disk)
{
	spin_lock(&a->lock);
	a->free += (uint64_t)free;
	a->freeing += (uint64_t)freeing;
	a->disk_free += (uint64_t)disk;
	spin_unlock(&a->lock);
}

/* g's blocks are left alone from now on. */
static void group_spoil(struct ext4_sb *es, struct ext4_group *g,
			const char *why)
{
	uint32_t free = 0;
	bool told;

	spin_lock(&g->lock);
	told = g->bad;
	g->bad = true;
	if (g->map)
		free = g->free;
	spin_unlock(&g->lock);
	if (told)
		return;
	ext4_corrupt(es, "block bitmap of group %u (block %llu): %s", g->index,
		     (unsigned long long)g->block_bitmap, why);
	spin_lock(&es->alloc->lock);
	es->alloc->free -= MIN(es->alloc->free, (uint64_t)free);
	spin_unlock(&es->alloc->lock);
	ext4_mark_errors(es, -EFSCORRUPTED);
}

/* Where tables of groups of g's flexible group lie in g. */
static int find_tables(struct ext4_sb *es, struct ext4_group *g)
{
	uint32_t per = 1, first, end, a, b;

	if (es->incompat & EXT4_IN_FLEX_BG &&
	    es->raw.s_log_groups_per_flex < 32)
		per = 1u << es->raw.s_log_groups_per_flex;
	first = (uint32_t)round_down(g->index, per);
	end = (uint32_t)MIN((uint64_t)first + per, (uint64_t)es->n_groups);
	g->meta_first = g->n_bits;
	g->meta_end = 0;
	for (; first < end; first++) {
		struct ext4_group_desc gd;
		uint64_t at[3], n[3] = { 1, 1, es->itable_blocks };
		int err = ext4_group_desc(es, first, &gd);

		if (err == -EFSCORRUPTED)
			continue;
		if (err)
			return err;
		at[0] = gd.bg_block_bitmap |
			(uint64_t)gd.bg_block_bitmap_hi << 32;
		at[1] = gd.bg_inode_bitmap |
			(uint64_t)gd.bg_inode_bitmap_hi << 32;
		at[2] = gd.bg_inode_table |
			(uint64_t)gd.bg_inode_table_hi << 32;
		for (unsigned i = 0; i < 3; i++) {
			bits_within(g, at[i], n[i], &a, &b);
			if (a >= b)
				continue;
			g->meta_first = MIN(g->meta_first, a);
			g->meta_end = MAX(g->meta_end, b);
		}
	}
	return 0;
}

static int group_make(struct ext4_sb *es, uint32_t n, struct ext4_group **out)
{
	struct ext4_group_desc gd;
	struct ext4_group *g;
	uint64_t left;
	int err = ext4_group_desc(es, n, &gd);

	if (err)
		return err;
	g = kzalloc(sizeof(*g), GFP_NOFS);
	if (!g)
		return -ENOMEM;
	spin_init(&g->lock, "ext4_group", RANK_TREE);
	g->index = n;
	g->first_block = es->first_data_block +
			 (uint64_t)n * es->blocks_per_group;
	left = es->n_blocks - g->first_block;
	g->n_bits = (uint32_t)MIN(left, (uint64_t)es->blocks_per_group);
	/* The upper halves are zeroes where the disk has none. */
	g->block_bitmap =
		gd.bg_block_bitmap | (uint64_t)gd.bg_block_bitmap_hi << 32;
	g->inode_bitmap =
		gd.bg_inode_bitmap | (uint64_t)gd.bg_inode_bitmap_hi << 32;
	g->inode_table =
		gd.bg_inode_table | (uint64_t)gd.bg_inode_table_hi << 32;
	if (!ext4_blocks_ok(es, g->block_bitmap, 1) ||
	    !ext4_blocks_ok(es, g->inode_bitmap, 1) ||
	    !ext4_blocks_ok(es, g->inode_table, es->itable_blocks))
		err = ext4_corrupt(es, "descriptor of group %u: bad blocks", n);
	if (!err)
		err = find_tables(es, g);
	if (err) {
		kfree(g);
		return err;
	}
	*out = g;
	return 0;
}

int ext4_group_get(struct ext4_sb *es, uint32_t n, struct ext4_group **out)
{
	struct alloc *a = es->alloc;
	struct ext4_group **chunk, *g = NULL;
	int err = 0;

	if (n >= es->n_groups)
		return -EINVAL;
	chunk = __atomic_load_n(&a->chunks[n / GROUPS_PER_CHUNK],
				__ATOMIC_ACQUIRE);
	if (chunk)
		g = __atomic_load_n(&chunk[n % GROUPS_PER_CHUNK],
				    __ATOMIC_ACQUIRE);
	if (g) {
		*out = g;
		return 0;
	}
	mutex_lock(&a->load_lock);
	chunk = a->chunks[n / GROUPS_PER_CHUNK];
	if (!chunk) {
		chunk = kzalloc(GROUPS_PER_CHUNK * sizeof(*chunk), GFP_NOFS);
		err = chunk ? 0 : -ENOMEM;
		if (!err)
			__atomic_store_n(&a->chunks[n / GROUPS_PER_CHUNK],
					 chunk, __ATOMIC_RELEASE);
	}
	if (!err) {
		g = chunk[n % GROUPS_PER_CHUNK];
		if (!g) {
			err = group_make(es, n, &g);
			if (!err)
				__atomic_store_n(&chunk[n % GROUPS_PER_CHUNK],
						 g, __ATOMIC_RELEASE);
		}
	}
	mutex_unlock(&a->load_lock);
	*out = g;
	return err;
}

/* Throws maps away that say no more than their bitmaps. load_lock is held. */
static void drop_maps(struct ext4_sb *es)
{
	struct alloc *a = es->alloc;
	uint64_t most = MAX((uint64_t)MAPS_MIN, host_total_pages() / 64);

	for (uint32_t i = 0; i < 1024 && a->n_maps >= most; i++) {
		uint32_t n = a->hand++ % es->n_groups;
		struct ext4_group **chunk = a->chunks[n / GROUPS_PER_CHUNK];
		struct ext4_group *g;
		void *map = NULL;

		if (!chunk) { /* to the end of the chunk */
			a->hand = (uint32_t)round_up((uint64_t)n + 1,
						     GROUPS_PER_CHUNK);
			continue;
		}
		g = chunk[n % GROUPS_PER_CHUNK];
		if (!g)
			continue;
		spin_lock(&g->lock);
		if (g->map && !g->claimed && !g->freeing && !g->busy) {
			map = g->map;
			g->map = NULL;
		}
		spin_unlock(&g->lock);
		if (map) {
			kfree(map);
			a->n_maps--;
		}
	}
}

/* Makes g's map. Nobody changes the bitmap while there is no map. */
static int group_load(struct ext4_sb *es, struct ext4_group *g)
{
	struct alloc *a = es->alloc;
	struct ext4_group_desc *raw;
	struct buf *bp, *dbp;
	const char *fault = NULL;
	uint64_t *map = NULL;
	int err = 0;

	mutex_lock(&a->load_lock);
	spin_lock(&g->lock);
	map = g->map;
	spin_unlock(&g->lock);
	if (map)
		goto unlock;
	drop_maps(es);
	err = bitmap_get(es, g, &bp, &dbp, &raw);
	if (err)
		goto unlock;
	map = kmalloc(round_up(g->n_bits, 64) / 8, GFP_NOFS);
	if (!map) {
		err = -ENOMEM;
		goto put;
	}
	spin_lock(&g->lock);
	if (!block_uninit(es, raw))
		fault = bitmap_fault(es, g, raw, bp);
	if (!fault) {
		ext4_buf_set_checked(bp, EXT4_CHECKED(EXT4_KIND_BLOCK_BITMAP,
						      g->index));
		memcpy(map, bp->data, round_up(g->n_bits, 64) / 8);
		g->free = bitmap_count_clear(map, g->n_bits);
		g->first = bitmap_next_clear(map, 0, g->n_bits);
		g->largest = g->free;
		g->map = map;
		a->n_maps++;
	}
	spin_unlock(&g->lock);
	if (fault) {
		kfree(map);
		err = -EFSCORRUPTED;
	}
put:
	buf_put(bp);
	buf_put(dbp);
unlock:
	mutex_unlock(&a->load_lock);
	if (fault)
		group_spoil(es, g, fault);
	return err;
}

/* Locks g with its map made. */
static int group_lock(struct ext4_sb *es, struct ext4_group *g)
{
	int err;

	for (;;) {
		spin_lock(&g->lock);
		if (g->bad) {
			spin_unlock(&g->lock);
			return -EFSCORRUPTED;
		}
		if (g->map)
			return 0;
		spin_unlock(&g->lock);
		err = group_load(es, g);
		if (err)
			return err;
	}
}

/* ---- opening, counts ---- */

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
	a->free = a->disk_free;
	es->alloc = a;
	return 0;
}

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
	return with_root ? n : n - MIN(n, a->for_root);
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

	if (!a || es->sb->read_only)
		return -EROFS;
	root = caller_is_root(es);
	for (unsigned i = 0; i < 2; i++) {
		spin_lock(&a->lock);
		if (available(a, root) >= n) {
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
	err = group_lock(es, g);
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
	bitmap_set(g->map, run.first, run.first + run.len);
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

	if (!es->alloc || es->sb->read_only)
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
	bitmap_clear(g->map, bit, bit + len);
	g->free += len;
	g->largest = g->free;
	g->first = MIN(g->first, bit);
}

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
	int err = bitmap_get(h->es, g, bp, dbp, raw);

	if (err)
		return err;
	err = journal_write_access(h, *bp);
	if (!err)
		err = journal_write_access(h, *dbp);
	if (err) {
		buf_put(*bp);
		buf_put(*dbp);
	}
	return err;
}

/* A bitmap that was never written begins to count. g is locked. */
static void bitmap_begin(struct ext4_sb *es, struct ext4_group *g,
			 struct buf *bp, struct ext4_group_desc *raw)
{
	if (!block_uninit(es, raw))
		return;
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

	if (set)
		bitmap_set(bp->data, bit, bit + len);
	else
		bitmap_clear(bp->data, bit, bit + len);
	n = set ? n - MIN(n, len) : n + len;
	EXT4_DESC_SET(es, raw, bg_free_blocks_count, n);
	if (es->has_csum) {
		c = EXT4_DESC_GET(es, raw, bg_block_bitmap_csum);
		c = ext4_bitmap_csum_flip(c, es->blocks_per_group / 8, bit,
					  bit + len);
		EXT4_DESC_SET(es, raw, bg_block_bitmap_csum, c);
	}
}

int ext4_group_init_bitmap(struct handle *h, struct ext4_group *g)
{
	struct ext4_group_desc *raw;
	struct buf *bp, *dbp;
	bool uninit;
	int err;

	err = ext4_group_desc_buf(h->es, g->index, &dbp, &raw);
	if (err)
		return err;
	uninit = block_uninit(h->es, raw);
	buf_put(dbp);
	if (!uninit)
		return 0;
	err = bitmap_access(h, g, &bp, &dbp, &raw);
	if (err)
		return err;
	spin_lock(&g->lock);
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
		group_spoil(es, g, "used blocks were free before");
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

/* Do bits of g hold tables of this group or of others? */
static bool has_tables(struct ext4_sb *es, struct ext4_group *g, uint32_t bit,
		       uint32_t len)
{
	uint32_t per = 1, first, end, a, b;

	if (bit < ext4_group_base_blocks(es, g->index))
		return true;
	if (bit >= g->meta_end || bit + len <= g->meta_first)
		return false;
	if (es->incompat & EXT4_IN_FLEX_BG &&
	    es->raw.s_log_groups_per_flex < 32)
		per = 1u << es->raw.s_log_groups_per_flex;
	first = (uint32_t)round_down(g->index, per);
	end = (uint32_t)MIN((uint64_t)first + per, (uint64_t)es->n_groups);
	for (; first < end; first++) {
		struct ext4_group *o;

		if (ext4_group_get(es, first, &o))
			continue;
		bits_within(g, o->block_bitmap, 1, &a, &b);
		if (a < bit + len && bit < b)
			return true;
		bits_within(g, o->inode_bitmap, 1, &a, &b);
		if (a < bit + len && bit < b)
			return true;
		bits_within(g, o->inode_table, es->itable_blocks, &a, &b);
		if (a < bit + len && bit < b)
			return true;
	}
	return false;
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
	err = group_lock(es, g);
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
	int err;

	if (!es->alloc || es->sb->read_only)
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
			return err;
		n = (uint32_t)MIN(len, (uint64_t)(g->n_bits - bit));
		if (has_tables(es, g, bit, n)) {
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
			return err;
		for (uint32_t i = 0; meta && i < n; i++) {
			err = journal_forget(h, start + i, NULL);
			if (err)
				return err;
		}
		start += n;
		len -= n;
	}
	return 0;

damaged:
	ext4_mark_errors(es, -EFSCORRUPTED);
	return -EFSCORRUPTED;
}
