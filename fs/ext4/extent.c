/*
 * Where the blocks of a file are, when they are kept as extents: a tree whose
 * root is in the inode and whose nodes are sorted, so a look-up is a binary
 * search in each of at most six nodes.
 *
 * A node is checked as a whole when it is read in: entries in order, not
 * overlapping, inside the disk. What depends on the way that led to it (its
 * depth, that it begins where its parent says) is checked at each visit. Depth
 * goes down by one a step, so no damage makes a walk endless.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"

#define FILE_BLOCKS_END ((uint64_t)UINT32_MAX)

static const struct ext4_extent_idx *
node_indexes(const struct ext4_extent_header *h)
{
	return (const struct ext4_extent_idx *)(h + 1);
}

static const struct ext4_extent *
node_extents(const struct ext4_extent_header *h)
{
	return (const struct ext4_extent *)(h + 1);
}

static uint64_t index_block(const struct ext4_extent_idx *x)
{
	return x->ei_leaf | (uint64_t)x->ei_leaf_hi << 32;
}

static uint64_t extent_start(const struct ext4_extent *x)
{
	return x->ee_start | (uint64_t)x->ee_start_hi << 32;
}

static bool extent_unwritten(const struct ext4_extent *x)
{
	return x->ee_len > EXT4_EXT_INIT_MAX;
}

static uint32_t extent_len(const struct ext4_extent *x)
{
	return extent_unwritten(x) ? x->ee_len - EXT4_EXT_INIT_MAX : x->ee_len;
}

/* NULL, or what is wrong with a node that has room for `room` entries. */
static const char *node_fault(const struct ext4_sb *es,
			      const struct ext4_extent_header *h, unsigned room)
{
	uint64_t next = 0;

	if (h->eh_magic != EXT4_EXT_MAGIC)
		return "bad magic";
	if (!h->eh_max || h->eh_max > room || h->eh_entries > h->eh_max)
		return "bad counts";
	if (h->eh_depth > EXT4_EXT_MAX_DEPTH)
		return "too deep";
	if (h->eh_depth) {
		const struct ext4_extent_idx *x = node_indexes(h);

		if (!h->eh_entries)
			return "no entries";
		for (unsigned i = 0; i < h->eh_entries; i++, x++) {
			if (x->ei_block < next)
				return "entries out of order";
			if (!ext4_blocks_ok(es, index_block(x), 1))
				return "bad child";
			next = (uint64_t)x->ei_block + 1;
		}
		return NULL;
	}
	for (unsigned i = 0; i < h->eh_entries; i++) {
		const struct ext4_extent *x = &node_extents(h)[i];
		uint32_t len = extent_len(x);

		if (x->ee_block < next)
			return "extents out of order";
		if (!len || !ext4_blocks_ok(es, extent_start(x), len))
			return "bad extent";
		next = (uint64_t)x->ee_block + len;
		if (next > FILE_BLOCKS_END)
			return "extent beyond the end";
	}
	return NULL;
}

int ext4_extent_check_root(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	const char *fault;

	fault = node_fault(
		es, (const void *)ext4_info(ip)->block,
		(EXT4_N_BLOCKS * 4 - sizeof(struct ext4_extent_header)) /
			sizeof(struct ext4_extent));
	if (fault)
		return ext4_corrupt(es, "inode %llu: extents: %s",
				    (unsigned long long)ip->ino, fault);
	return 0;
}

static int node_check(struct inode *ip, struct buf *bp)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	const struct ext4_extent_header *h = bp->data;
	uint64_t as = EXT4_CHECKED(EXT4_KIND_EXTENTS, ip->ino);
	const char *fault;
	size_t used;

	if (ext4_buf_checked(bp, as))
		return 0;
	fault = node_fault(es, h,
			   (es->block_size - sizeof(*h)) /
				   sizeof(struct ext4_extent));
	if (!fault && es->has_csum) {
		used = sizeof(*h) + h->eh_max * sizeof(struct ext4_extent);
		/* Blocks are powers of two, so 4 bytes are always left. */
		if (crc32c(ext4_info(ip)->csum_seed, h, used) !=
		    get_le32((const char *)bp->data + used))
			fault = "bad checksum";
	}
	if (fault)
		return ext4_corrupt(es, "inode %llu: extents in block %llu: %s",
				    (unsigned long long)ip->ino,
				    (unsigned long long)bp->block, fault);
	ext4_buf_set_checked(bp, as);
	return 0;
}

/* A node of this depth whose entries begin at file block `first` or later. */
static int node_read(struct inode *ip, uint64_t block, unsigned depth,
		     uint32_t first, struct buf **out)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	const struct ext4_extent_header *h;
	struct buf *bp;
	int err;

	err = ext4_read_block(es, block, "extents", &bp);
	if (err)
		return err;
	err = node_check(ip, bp);
	h = bp->data;
	/* Both kinds of entries begin with their file block. */
	if (!err && (h->eh_depth != depth ||
		     (h->eh_entries && node_extents(h)->ee_block < first)))
		err = ext4_corrupt(es,
				   "inode %llu: extents in block %llu: not "
				   "below its parent",
				   (unsigned long long)ip->ino,
				   (unsigned long long)block);
	if (err) {
		buf_put(bp);
		return err;
	}
	*out = bp;
	return 0;
}

/* How many entries begin at lblk or before. */
static unsigned node_search(const struct ext4_extent_header *h, uint64_t lblk)
{
	unsigned lo = 0, hi = h->eh_entries;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (node_extents(h)[mid].ee_block <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void leaf_map(const struct ext4_extent_header *h, uint64_t lblk,
		     uint64_t end, struct ext4_run *out)
{
	unsigned n = node_search(h, lblk);
	const struct ext4_extent *x = node_extents(h) + n;
	uint64_t skip;

	if (n < h->eh_entries)
		end = MIN(end, (uint64_t)x->ee_block);
	out->kind = EXT4_RUN_HOLE;
	out->block = 0;
	if (n) {
		x--;
		skip = lblk - x->ee_block;
		if (skip < extent_len(x)) {
			out->kind = extent_unwritten(x) ? EXT4_RUN_UNWRITTEN
							: EXT4_RUN_MAPPED;
			out->block = extent_start(x) + skip;
			end = MIN(end, (uint64_t)x->ee_block + extent_len(x));
		}
	}
	out->len = (uint32_t)(end - lblk);
}

int ext4_extent_map(struct inode *ip, uint64_t lblk, uint32_t max,
		    struct ext4_run *out)
{
	const struct ext4_extent_header *h = (const void *)ext4_info(ip)->block;
	uint64_t end = MIN(lblk + max, FILE_BLOCKS_END);
	struct buf *bp = NULL, *child;
	unsigned depth;
	int err;

	if (lblk >= FILE_BLOCKS_END) {
		*out = (struct ext4_run){ EXT4_RUN_HOLE, 0, max };
		return 0;
	}
	for (depth = h->eh_depth; depth; depth--) {
		unsigned n = node_search(h, lblk);
		const struct ext4_extent_idx *x = node_indexes(h) + n;

		if (n < h->eh_entries)
			end = MIN(end, (uint64_t)x->ei_block);
		if (!n)
			break;
		x--;
		err = node_read(ip, index_block(x), depth - 1, x->ei_block,
				&child);
		buf_put(bp);
		if (err)
			return err;
		bp = child;
		h = bp->data;
	}
	if (depth)
		*out = (struct ext4_run){ EXT4_RUN_HOLE, 0,
					  (uint32_t)(end - lblk) };
	else
		leaf_map(h, lblk, end, out);
	buf_put(bp);
	return 0;
}

int ext4_map(struct inode *ip, uint64_t lblk, uint32_t max,
	     struct ext4_run *out)
{
	if (ip->flags & EXT4_FL_EXTENTS)
		return ext4_extent_map(ip, lblk, max, out);
	return ext4_blockmap_map(ip, lblk, max, out);
}
