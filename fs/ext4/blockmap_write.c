/*
 * Changing a map of the ext2 and ext3 kind: tables of block numbers, of tables,
 * and of tables of tables. Tables are made when the first block below them is
 * put in, and go with the last one.
 *
 * A number that is put in or taken out is one word in one block, so each step
 * is legal on its own: new tables are filled before they are hung in, blocks
 * are freed and then no longer named, both within one handle.
 */
#include "fs/ext4/ext4.h"
#include "fs/ext4/map_write.h"
#include "fs/ext4/write.h"

#define LEVELS 3u

static unsigned table_bits(const struct ext4_sb *es)
{
	return es->block_bits - 2;
}

static int bad_number(struct inode *ip, uint32_t block)
{
	return ext4_corrupt(ext4_sb(ip->sb),
			    "inode %llu: map: bad number %u",
			    (unsigned long long)ip->ino, block);
}

static void table_dirty(struct handle *h, struct buf *bp)
{
	if (bp) /* else it is i_block, which goes with the inode */
		journal_dirty(h, bp, NULL, 0);
}

/*
 * The way to block lblk: at[0] is its place in i_block, at[1] to at[levels]
 * those in the tables below. Returns levels, or -EFBIG.
 */
static int find_place(const struct ext4_sb *es, uint64_t lblk,
		      uint32_t at[LEVELS + 1])
{
	unsigned bits = table_bits(es), levels;
	uint64_t n = lblk;

	if (n < EXT4_NDIR_BLOCKS) {
		at[0] = (uint32_t)n;
		return 0;
	}
	n -= EXT4_NDIR_BLOCKS;
	for (levels = 1; levels <= LEVELS && n >> levels * bits; levels++)
		n -= 1ull << levels * bits;
	if (levels > LEVELS)
		return -EFBIG;
	at[0] = EXT4_NDIR_BLOCKS + levels - 1;
	for (unsigned i = 1; i <= levels; i++)
		at[i] = (uint32_t)(n >> (levels - i) * bits) &
			((1u << bits) - 1);
	return (int)levels;
}

/* How many blocks from lblk on have their numbers in one table. */
static uint32_t table_rest(const struct ext4_sb *es, uint32_t lblk)
{
	uint32_t n = 1u << table_bits(es);

	if (lblk < EXT4_NDIR_BLOCKS)
		return EXT4_NDIR_BLOCKS - lblk;
	return n - (lblk - EXT4_NDIR_BLOCKS) % n;
}

static bool all_zero(const uint32_t *p, uint32_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

/* ---- putting in ---- */

/* Goes down as far as there are tables. *slot: the last number on the way, in
 * *bp (NULL: in i_block); returns how many tables were gone through. */
static int go_down(struct inode *ip, const uint32_t *at, unsigned levels,
		   struct buf **bp, uint32_t **slot)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	unsigned depth = 0;
	struct buf *next;
	int err;

	*bp = NULL;
	*slot = &ext4_info(ip)->block[at[0]];
	for (; depth < levels && **slot; depth++) {
		err = ext4_blocks_ok(es, **slot, 1)
			      ? ext4_read_block(es, **slot, "block map", &next)
			      : bad_number(ip, **slot);
		buf_put(*bp);
		*bp = NULL;
		if (err)
			return err;
		*bp = next;
		*slot = (uint32_t *)next->data + at[depth + 1];
	}
	return (int)depth;
}

static void tables_put(struct handle *h, struct inode *ip, struct buf **made,
		       unsigned n, bool undo)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t block = made[i]->block;
		int err = 0;

		buf_put(made[i]);
		if (undo)
			err = ext4_free_blocks(h, ip, block, 1, true);
		if (err)
			journal_abort(h->es, err);
	}
}

/* n tables, each of which names the next one; at[] says where in it. */
static int tables_make(struct handle *h, struct inode *ip, const uint32_t *at,
		       struct buf **made, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t goal = i ? made[i - 1]->block + 1 : 0;
		int err = ext4_new_meta_block(h, ip, goal, &made[i]);

		if (!err && made[i]->block > UINT32_MAX) {
			i++;
			err = -ENOSPC;
		}
		if (err) {
			tables_put(h, ip, made, i, true);
			return err;
		}
	}
	for (unsigned i = 0; i + 1 < n; i++)
		((uint32_t *)made[i]->data)[at[i]] =
			(uint32_t)made[i + 1]->block;
	return 0;
}

/* Blocks whose numbers are in one table. */
static int insert_piece(struct handle *h, struct inode *ip, uint32_t lblk,
			uint32_t pblk, uint32_t len)
{
	uint32_t at[LEVELS + 1], *slot, *fill;
	struct buf *bp, *made[LEVELS];
	int levels, depth, err = 0;
	unsigned n;

	levels = find_place(h->es, lblk, at);
	if (levels < 0)
		return levels;
	depth = go_down(ip, at, (unsigned)levels, &bp, &slot);
	if (depth < 0)
		return depth;
	n = (unsigned)(levels - depth);
	fill = slot;
	if (!n && !all_zero(slot, len))
		err = ext4_corrupt(h->es,
				   "inode %llu: blocks from %u on are there "
				   "already",
				   (unsigned long long)ip->ino, lblk);
	if (!err && bp)
		err = journal_write_access(h, bp);
	if (!err && n) {
		err = tables_make(h, ip, at + depth + 1, made, n);
		if (!err)
			fill = (uint32_t *)made[n - 1]->data + at[levels];
	}
	if (!err) {
		for (uint32_t i = 0; i < len; i++)
			fill[i] = pblk + i;
		for (unsigned i = 0; i < n; i++)
			table_dirty(h, made[i]);
		if (n) {
			*slot = (uint32_t)made[0]->block;
			tables_put(h, ip, made, n, false);
		}
		table_dirty(h, bp);
		ext4_add_blocks(ip, (int64_t)len + n);
	}
	buf_put(bp);
	return err;
}

/* Takes the numbers of a piece out again. Its tables are in memory and in the
 * handle; what is empty by now stays for the next one. */
static int remove_piece(struct handle *h, struct inode *ip, uint32_t lblk,
			uint32_t len)
{
	uint32_t at[LEVELS + 1], *slot;
	int levels, depth, err = 0;
	struct buf *bp;

	levels = find_place(h->es, lblk, at);
	if (levels < 0)
		return levels;
	depth = go_down(ip, at, (unsigned)levels, &bp, &slot);
	if (depth < 0)
		return depth;
	if (bp)
		err = journal_write_access(h, bp);
	if (!err) {
		memset(slot, 0, len * sizeof(*slot));
		table_dirty(h, bp);
		ext4_add_blocks(ip, -(int64_t)len);
	}
	buf_put(bp);
	return err;
}

int ext4_blockmap_insert(struct handle *h, struct inode *ip, uint32_t lblk,
			 uint64_t pblk, uint32_t len)
{
	uint32_t done = 0, n;
	int err = 0;

	if (pblk + len - 1 > UINT32_MAX)
		return -EFBIG;
	while (!err && done < len) {
		n = MIN(len - done, table_rest(h->es, lblk + done));
		err = insert_piece(h, ip, lblk + done, (uint32_t)pblk + done,
				   n);
		if (!err)
			done += n;
	}
	/* Pieces that went in before one that did not. */
	for (uint32_t at = 0; err && at < done; at += n) {
		int r;

		n = MIN(done - at, table_rest(h->es, lblk + at));
		r = remove_piece(h, ip, lblk + at, n);
		if (r)
			journal_abort(h->es, r);
	}
	return err;
}

/* ---- taking out ---- */

struct punch {
	struct handle *h;
	struct inode *ip;
	uint64_t first, last;
	unsigned steps; /* done */
};

/* Room for one more step? -EAGAIN: in another handle. */
static int punch_next(struct punch *c, unsigned credits)
{
	struct handle *h = c->h;
	unsigned n = c->steps++;

	if (n == EXT4_PUNCH_STEPS || (n && h->credits < credits))
		return -EAGAIN;
	if (h->credits >= credits)
		return 0;
	return handle_extend(h, credits - h->credits);
}

/* Are two blocks in one group of the disk? */
static bool one_group(const struct ext4_sb *es, uint32_t a, uint32_t b)
{
	return (a - es->first_data_block) / es->blocks_per_group ==
	       (b - es->first_data_block) / es->blocks_per_group;
}

/* Frees what numbers [lo, hi] of a table, in bp or i_block, name, from the end
 * on. 1: the credits are used up. */
static int punch_numbers(struct punch *c, struct buf *bp, uint32_t *table,
			 uint32_t lo, uint32_t hi)
{
	struct ext4_sb *es = c->h->es;
	uint32_t end = hi + 1, n, revokes = ext4_map_revokes(c->ip);
	int err;

	while (end > lo) {
		uint32_t block = table[end - 1];

		if (!block) {
			end--;
			continue;
		}
		if (!ext4_blocks_ok(es, block, 1))
			return bad_number(c->ip, block);
		for (n = 1; end - n > lo && (!revokes || n < revokes); n++) {
			uint32_t x = table[end - n - 1];

			if (x != block - n || !ext4_blocks_ok(es, x, 1) ||
			    !one_group(es, x, block))
				break;
		}
		err = punch_next(c, 1 + EXT4_CREDITS_ALLOC + revokes);
		if (!err && bp)
			err = journal_write_access(c->h, bp);
		if (!err)
			err = ext4_free_blocks(c->h, c->ip, block - (n - 1), n,
					       revokes);
		if (err)
			return err == -EAGAIN ? 1 : err;
		end -= n;
		memset(table + end, 0, n * sizeof(*table));
		table_dirty(c->h, bp);
		ext4_add_blocks(c->ip, -(int64_t)n);
	}
	return 0;
}

/* The table that *slot, in holder or i_block, names is empty: it goes. */
static int drop_table(struct punch *c, struct buf *holder, uint32_t *slot)
{
	int err = punch_next(c, 1 + EXT4_CREDITS_ALLOC + 1);

	if (!err && holder)
		err = journal_write_access(c->h, holder);
	if (!err)
		err = ext4_free_blocks(c->h, c->ip, *slot, 1, true);
	if (err)
		return err == -EAGAIN ? 1 : err;
	*slot = 0;
	table_dirty(c->h, holder);
	ext4_add_blocks(c->ip, -1);
	return 0;
}

/*
 * Empties the tree below *slot as far as c says; its tables have `level` levels
 * and its first number is that of file block `base`. As deep as there are
 * levels: three.
 */
static int punch_tree(struct punch *c, struct buf *holder, uint32_t *slot,
		      unsigned level, uint64_t base)
{
	struct ext4_sb *es = c->h->es;
	unsigned bits = table_bits(es), shift = (level - 1) * bits;
	uint64_t end = base + (1ull << level * bits);
	uint32_t *table, lo, hi;
	struct buf *bp;
	int err;

	if (!*slot || c->last < base || c->first >= end)
		return 0;
	err = ext4_blocks_ok(es, *slot, 1)
		      ? ext4_read_block(es, *slot, "block map", &bp)
		      : bad_number(c->ip, *slot);
	if (err)
		return err;
	table = bp->data;
	lo = (uint32_t)((MAX(c->first, base) - base) >> shift);
	hi = (uint32_t)((MIN(c->last, end - 1) - base) >> shift);
	if (level == 1)
		err = punch_numbers(c, bp, table, lo, hi);
	else
		for (uint32_t i = hi + 1; i-- > lo && !err;)
			err = punch_tree(c, bp, &table[i], level - 1,
					 base + ((uint64_t)i << shift));
	if (!err && all_zero(table, 1u << bits)) {
		buf_put(bp);
		return drop_table(c, holder, slot);
	}
	buf_put(bp);
	return err;
}

int ext4_blockmap_punch(struct handle *h, struct inode *ip, uint32_t first,
			uint32_t last)
{
	uint32_t *roots = ext4_info(ip)->block;
	unsigned bits = table_bits(h->es);
	struct punch c = { h, ip, first, last, 0 };
	uint64_t base = EXT4_NDIR_BLOCKS;
	uint64_t bases[LEVELS];
	int err = 0;

	for (unsigned i = 0; i < LEVELS; i++) {
		bases[i] = base;
		base += 1ull << (i + 1) * bits;
	}
	for (unsigned i = LEVELS; i-- > 0 && !err;)
		err = punch_tree(&c, NULL, &roots[EXT4_NDIR_BLOCKS + i], i + 1,
				 bases[i]);
	if (!err && first < EXT4_NDIR_BLOCKS)
		err = punch_numbers(&c, NULL, roots, first,
				    MIN(last, EXT4_NDIR_BLOCKS - 1u));
	return err;
}
