/*
 * Where the blocks of a file are, in the way of ext2 and ext3: i_block holds
 * twelve block numbers, then one of a block full of numbers, one of a block of
 * such blocks, and one with a level more. 0 is a hole. The format has no room
 * for checksums here; each number that is used is held against the size of
 * the disk, and the number of levels is fixed, so loops cannot happen.
 */
#include "fs/ext4/ext4.h"

uint64_t ext4_blockmap_max_size(const struct ext4_sb *es)
{
	unsigned bits = es->block_bits - 2;
	uint64_t n = EXT4_NDIR_BLOCKS + (1ull << bits) + (1ull << 2 * bits) +
		     (1ull << 3 * bits);

	return MIN(n, (uint64_t)UINT32_MAX) << es->block_bits;
}

static int bad_number(struct inode *ip, uint64_t lblk, uint32_t block)
{
	return ext4_corrupt(ext4_sb(ip->sb),
			    "inode %llu: map: bad number %u for block %llu",
			    (unsigned long long)ip->ino, block,
			    (unsigned long long)lblk);
}

/* The run that begins at table[0]; max entries of it count. */
static int table_run(struct inode *ip, const uint32_t *table, uint64_t lblk,
		     uint32_t max, struct ext4_run *out)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	uint32_t n = 1;

	out->kind = table[0] ? EXT4_RUN_MAPPED : EXT4_RUN_HOLE;
	out->block = table[0];
	if (table[0]) {
		if (!ext4_blocks_ok(es, table[0], 1))
			return bad_number(ip, lblk, table[0]);
		while (n < max && table[n] == table[0] + n &&
		       ext4_blocks_ok(es, table[n], 1))
			n++;
	} else {
		while (n < max && !table[n])
			n++;
	}
	out->len = n;
	return 0;
}

int ext4_blockmap_map(struct inode *ip, uint64_t lblk, uint32_t max,
		      struct ext4_run *out)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	const uint32_t *roots = ext4_info(ip)->block;
	unsigned bits = es->block_bits - 2, level;
	uint64_t n = lblk, i;
	const uint32_t *table;
	struct buf *bp = NULL;
	uint32_t block;
	int err;

	if (n < EXT4_NDIR_BLOCKS) {
		i = EXT4_NDIR_BLOCKS - n;
		return table_run(ip, roots + n, lblk,
				 (uint32_t)MIN((uint64_t)max, i), out);
	}
	n -= EXT4_NDIR_BLOCKS;
	for (level = 1; level <= 3 && n >> level * bits; level++)
		n -= 1ull << level * bits;
	if (level > 3) {
		*out = (struct ext4_run){ EXT4_RUN_HOLE, 0, max };
		return 0;
	}
	/* n counts within the tree below roots[11 + level]. */
	block = roots[EXT4_NDIR_BLOCKS + level - 1];
	for (; block; level--) {
		struct buf *next;

		err = ext4_blocks_ok(es, block, 1)
			      ? ext4_read_block(es, block, "block map", &next)
			      : bad_number(ip, lblk, block);
		buf_put(bp);
		if (err)
			return err;
		bp = next;
		table = bp->data;
		i = n >> (level - 1) * bits & ((1u << bits) - 1);
		if (level == 1) {
			n = (1ull << bits) - i;
			err = table_run(ip, table + i, lblk,
					(uint32_t)MIN((uint64_t)max, n), out);
			buf_put(bp);
			return err;
		}
		block = table[i];
	}
	/* Nothing below: a hole to the end of this subtree. */
	buf_put(bp);
	i = 1ull << level * bits;
	n = i - (n & (i - 1));
	*out = (struct ext4_run){ EXT4_RUN_HOLE, 0,
				  (uint32_t)MIN((uint64_t)max, n) };
	return 0;
}
