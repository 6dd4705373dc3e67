/*
 * Groups while the disk is written: their bitmaps of blocks, checked when they
 * are read in or made up when they never were written, and the maps of what may
 * be given out (alloc.h says what for).
 *
 * A bitmap that cannot be right spoils its group only: its blocks are left
 * alone from then on, and the disk is marked as damaged.
 *
 * The checksum of a bitmap stands in the group's descriptor. It is changed with
 * the bits, by what the flipped bits alone add to it.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/bitmap.h"
#include "fs/ext4/crc32c.h"

#ifndef MAPS_MIN /* as for DCACHE_BUCKETS */
#define MAPS_MIN 64u
#endif

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
	bitmap_put(map, 0,
		   MIN(ext4_group_base_blocks(es, g->index), g->n_bits), true);
	bits_within(g, g->block_bitmap, 1, &a, &b);
	bitmap_put(map, a, b, true);
	bits_within(g, g->inode_bitmap, 1, &a, &b);
	bitmap_put(map, a, b, true);
	bits_within(g, g->inode_table, es->itable_blocks, &a, &b);
	bitmap_put(map, a, b, true);
	bitmap_put(map, g->n_bits, bits, true);
}

/* NULL, or what is wrong with the bitmap; g is locked. */
__attribute__((cold))
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

int ext4_join_both(struct handle *h, struct buf *bitmap, struct buf *desc)
{
	int err = journal_write_access(h, bitmap);

	if (!err)
		err = journal_write_access(h, desc);
	if (err) {
		buf_put(bitmap);
		buf_put(desc);
	}
	return err;
}

/*
 * The buffer of g's block bitmap, and the descriptor in its buffer. The content
 * of one that was never written is made up here.
 */
int ext4_block_bitmap_get(struct ext4_sb *es, struct ext4_group *g,
		      struct buf **out, struct buf **dbp,
		      struct ext4_group_desc **raw)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_BLOCK_BITMAP, g->index);
	bool uninit;
	int err = ext4_group_desc_buf(es, g->index, dbp, raw);

	if (err)
		return err;
again:
	uninit = ext4_blocks_uninit(es, *raw);
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
	if (!ext4_blocks_uninit(es, *raw)) {
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

/* g's blocks are left alone from now on. */
void ext4_group_spoil(struct ext4_sb *es, struct ext4_group *g,
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
__attribute__((cold))
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
__attribute__((cold))
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
	err = ext4_block_bitmap_get(es, g, &bp, &dbp, &raw);
	if (err)
		goto unlock;
	map = kmalloc(round_up(g->n_bits, 64) / 8, GFP_NOFS);
	if (!map) {
		err = -ENOMEM;
		goto put;
	}
	spin_lock(&g->lock);
	if (!ext4_blocks_uninit(es, raw))
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
		ext4_group_spoil(es, g, fault);
	return err;
}

/* Locks g with its map made. */
int ext4_group_lock(struct ext4_sb *es, struct ext4_group *g)
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

/* Do bits of g hold tables of this group or of others? */
bool ext4_group_has_tables(struct ext4_sb *es, struct ext4_group *g, uint32_t bit,
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
