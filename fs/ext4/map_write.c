/*
 * Changing where the blocks of a file are: the calls that the rest of the
 * writing half makes, for both kinds of maps.
 *
 * i_block is in the inode, and so is the number of blocks, so each change ends
 * with the inode. Its buffer is joined to the handle before anything else
 * happens: joining may fail, and doing it again cannot.
 */
#include "fs/ext4/extent.h"
#include "fs/ext4/map_write.h"
#include "fs/ext4/write.h"

static bool has_extents(const struct inode *ip)
{
	return ip->flags & EXT4_FL_EXTENTS;
}

static int map_begin(struct handle *h, struct inode *ip)
{
	KASSERT(ext4_info(ip)->map_lock.writer == current_thread());
	return ext4_inode_dirty(h, ip, true);
}

/* Even after an error: what was done before it stands. */
static int map_end(struct handle *h, struct inode *ip, int result)
{
	int err = ext4_inode_dirty(h, ip, true);

	if (err)
		journal_abort(h->es, err);
	return result < 0 || !err ? result : err;
}

/* Can i_blocks say that there are n more, and some nodes? */
static bool count_fits(const struct inode *ip, uint32_t n)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t more = (uint64_t)(n + 8) << (es->block_bits - 9);

	return es->ro_compat & EXT4_RO_HUGE_FILE ||
	       ip->blocks + more <= UINT32_MAX;
}

uint32_t ext4_map_max_run(const struct inode *ip)
{
	return has_extents(ip) ? EXT4_EXT_INIT_MAX
			       : ext4_sb(ip->sb)->block_size / 4;
}

int ext4_map_insert(struct handle *h, struct inode *ip, uint32_t lblk,
		    uint64_t pblk, uint32_t len, bool unwritten)
{
	int err;

	if (!len || len > ext4_map_max_run(ip))
		return -EINVAL;
	if (unwritten && !has_extents(ip))
		return -EOPNOTSUPP;
	if (!count_fits(ip, len))
		return -EFBIG;
	err = map_begin(h, ip);
	if (err)
		return err;
	err = has_extents(ip)
		      ? ext4_extent_insert(h, ip, lblk, pblk, len, unwritten)
		      : ext4_blockmap_insert(h, ip, lblk, pblk, len);
	return map_end(h, ip, err);
}

int ext4_map_convert(struct handle *h, struct inode *ip, uint32_t lblk,
		     uint32_t len)
{
	int err;

	if (!has_extents(ip)) /* nothing is unwritten there */
		return 0;
	err = map_begin(h, ip);
	if (!err)
		err = map_end(h, ip, ext4_extent_convert(h, ip, lblk, len));
	return err;
}

int ext4_map_punch(struct handle *h, struct inode *ip, uint32_t first,
		   uint32_t last)
{
	int err;

	if (last < first)
		return 0;
	err = map_begin(h, ip);
	if (err)
		return err;
	err = has_extents(ip) ? ext4_extent_punch(h, ip, first, last)
			      : ext4_blockmap_punch(h, ip, first, last);
	return map_end(h, ip, err);
}

int ext4_map_truncate(struct handle *h, struct inode *ip, uint32_t first)
{
	return ext4_map_punch(h, ip, first, UINT32_MAX);
}

unsigned ext4_map_credits(const struct inode *ip, unsigned n)
{
	/* A new node or table: itself, its group, and a revoke record for the
	 * case that it is taken back. */
	const unsigned fresh = 1 + EXT4_CREDITS_ALLOC + 1;
	unsigned depth, each;

	if (has_extents(ip)) {
		depth = READ_ONCE(ext4_root(ip)->eh_depth) + 1u;
		depth = MIN(depth, (unsigned)EXT4_EXT_MAX_DEPTH);
		each = depth + (depth + 1) * fresh;
	} else {
		/* A run that goes from one tree's end into the next one. */
		each = 5 * fresh;
	}
	return n * (each + EXT4_CREDITS_ALLOC) + ext4_map_revokes(ip) + 1;
}

void ext4_map_init(struct ext4_sb *es, struct inode *ip)
{
	struct ext4_extent_header *root = ext4_root(ip);

	if (!(es->incompat & EXT4_IN_EXTENTS)) {
		ip->flags &= ~(uint32_t)EXT4_FL_EXTENTS;
		return;
	}
	ip->flags |= EXT4_FL_EXTENTS;
	root->eh_magic = EXT4_EXT_MAGIC;
	root->eh_max = EXT4_ROOT_ENTRIES;
}
