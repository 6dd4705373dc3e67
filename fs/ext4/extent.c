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
#include "fs/ext4/extent.h"

#include "fs/ext4/crc32c.h"

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
		const struct ext4_extent_idx *x = ext4_indexes(h);

		if (!h->eh_entries)
			return "no entries";
		for (unsigned i = 0; i < h->eh_entries; i++, x++) {
			if (x->ei_block < next)
				return "entries out of order";
			if (!ext4_blocks_ok(es, ext4_index_block(x), 1))
				return "bad child";
			next = (uint64_t)x->ei_block + 1;
		}
		return NULL;
	}
	for (unsigned i = 0; i < h->eh_entries; i++) {
		const struct ext4_extent *x = &ext4_extents(h)[i];
		uint32_t len = ext4_extent_len(x);

		if (x->ee_block < next)
			return "extents out of order";
		if (!len || !ext4_blocks_ok(es, ext4_extent_start(x), len))
			return "bad extent";
		next = (uint64_t)x->ee_block + len;
		if (next > EXT4_FILE_BLOCKS_END)
			return "extent beyond the end";
	}
	return NULL;
}

int ext4_extent_check_root(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	const char *fault;

	fault = node_fault(es, ext4_root(ip), EXT4_ROOT_ENTRIES);
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

	if (__atomic_load_n(&bp->verified, __ATOMIC_ACQUIRE) == as)
		return 0;
	/* Dirty ones are not exempt: a damaged disk may use one block twice,
	 * and it was made dirty as something else. Their checksum is made when
	 * they are written. */
	fault = node_fault(es, h, ext4_node_room(es));
	if (!fault && es->has_csum && !buf_is_dirty(bp) &&
	    crc32c(ext4_info(ip)->csum_seed, h, ext4_node_tail(h)) !=
		    get_le32((const char *)bp->data + ext4_node_tail(h)))
		fault = "bad checksum";
	if (fault)
		return ext4_corrupt(es, "inode %llu: extents in block %llu: %s",
				    (unsigned long long)ip->ino,
				    (unsigned long long)bp->block, fault);
	ext4_buf_set_checked(bp, as);
	return 0;
}

int ext4_node_read(struct inode *ip, uint64_t block, unsigned depth,
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
		     (h->eh_entries && ext4_extents(h)->ee_block < first)))
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

unsigned ext4_node_search(const struct ext4_extent_header *h, uint64_t lblk)
{
	unsigned lo = 0, hi = h->eh_entries;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (ext4_extents(h)[mid].ee_block <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void leaf_map(const struct ext4_extent_header *h, uint64_t lblk,
		     uint64_t end, struct ext4_run *out)
{
	unsigned n = ext4_node_search(h, lblk);
	const struct ext4_extent *x = ext4_extents(h) + n;
	uint64_t skip;

	if (n < h->eh_entries)
		end = MIN(end, (uint64_t)x->ee_block);
	out->kind = EXT4_RUN_HOLE;
	out->block = 0;
	if (n) {
		x--;
		skip = lblk - x->ee_block;
		if (skip < ext4_extent_len(x)) {
			out->kind = ext4_extent_unwritten(x)
					    ? EXT4_RUN_UNWRITTEN
					    : EXT4_RUN_MAPPED;
			out->block = ext4_extent_start(x) + skip;
			end = MIN(end, ext4_extent_end(x));
		}
	}
	out->len = (uint32_t)(end - lblk);
}

int ext4_extent_map(struct inode *ip, uint64_t lblk, uint32_t max,
		    struct ext4_run *out)
{
	const struct ext4_extent_header *h = ext4_root(ip);
	uint64_t end = MIN(lblk + max, EXT4_FILE_BLOCKS_END);
	struct buf *bp = NULL, *child;
	unsigned depth;
	int err;

	if (lblk >= EXT4_FILE_BLOCKS_END) {
		*out = (struct ext4_run){ EXT4_RUN_HOLE, 0, max };
		return 0;
	}
	for (depth = h->eh_depth; depth; depth--) {
		unsigned n = ext4_node_search(h, lblk);
		const struct ext4_extent_idx *x = ext4_indexes(h) + n;

		if (n < h->eh_entries)
			end = MIN(end, (uint64_t)x->ei_block);
		if (!n)
			break;
		x--;
		err = ext4_node_read(ip, ext4_index_block(x), depth - 1,
				     x->ei_block, &child);
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

int ext4_map_locked(struct inode *ip, uint64_t lblk, uint32_t max,
		    struct ext4_run *out)
{
	if (ip->flags & EXT4_FL_EXTENTS)
		return ext4_extent_map(ip, lblk, max, out);
	return ext4_blockmap_map(ip, lblk, max, out);
}

int ext4_map(struct inode *ip, uint64_t lblk, uint32_t max,
	     struct ext4_run *out)
{
	struct ext4_inode_info *info = ext4_info(ip);
	int err;

	rwsem_read_lock(&info->map_lock);
	err = ext4_map_locked(ip, lblk, max, out);
	rwsem_read_unlock(&info->map_lock);
	return err;
}
