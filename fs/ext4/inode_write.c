/*
 * Inodes back to the table on the disk, and the end of those without names.
 *
 * Of an inode that was read, only the fields that are known here are changed in
 * its slot; the rest (versions, attributes behind the fields, what a newer
 * format may add) stays. A slot of a new inode is ours as a whole. The slot's
 * checksum is set to 0 at each change; when the block is frozen for the
 * journal, those that are 0 are made, so a busy inode costs one checksum for
 * each transaction.
 *
 * Deletion: the blocks go first, in as many steps as they need, while the inode
 * is an orphan; then attributes, number and orphan's entry in one handle.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/crc32c.h"
#include "fs/ext4/journal_impl.h"

#define XATTR_MAGIC 0xea020000u

struct xattr_header {
	uint32_t h_magic;
	uint32_t h_refcount; /* inodes that share the block */
	uint32_t h_blocks;
	uint32_t h_hash;
	uint32_t h_checksum;
	uint32_t h_reserved[3];
};

/* What i_blocks without the huge_file feature can say. */
#define BLOCKS_MAX_32 ((uint64_t)UINT32_MAX)
#define BLOCKS_MAX_48 ((1ull << 48) - 1)

/* ---- checksums ---- */

static bool csum_wanted(const struct ext4_sb *es, const struct ext4_inode *raw)
{
	if (raw->i_checksum ||
	    (EXT4_HAS_FIELD(es, raw, i_checksum_hi) && raw->i_checksum_hi))
		return false;
	/* All zeroes: it was never used. */
	return raw->i_mode || raw->i_links_count || raw->i_dtime;
}

void ext4_itable_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	uint32_t ino = (uint32_t)arg;

	for (uint32_t off = 0; off < es->block_size;
	     off += es->inode_size, ino++) {
		struct ext4_inode *raw = (void *)((char *)data + off);
		uint32_t c;

		if (!csum_wanted(es, raw))
			continue;
		if (es->inode_size > EXT4_INODE_SIZE_MIN &&
		    raw->i_extra_isize >
			    es->inode_size - EXT4_INODE_SIZE_MIN)
			continue; /* damaged, and not by us */
		c = crc32c(es->csum_seed, &ino, 4);
		c = crc32c(c, &raw->i_generation, 4);
		c = ext4_inode_csum(es, c, raw);
		raw->i_checksum = (uint16_t)c;
		if (EXT4_HAS_FIELD(es, raw, i_checksum_hi))
			raw->i_checksum_hi = (uint16_t)(c >> 16);
	}
}

/* ---- fields ---- */

/* Seconds of 32 bits, and where there is room two more, with nanoseconds. */
static void put_time(const struct timespec *ts, uint32_t *sec, uint32_t *extra)
{
	int64_t s = ts->tv_sec;

	s = MAX(s, (int64_t)INT32_MIN);
	s = MIN(s, (extra ? (int64_t)3 << 32 : 0) + INT32_MAX);
	*sec = (uint32_t)s;
	/* What the lower half, which has a sign, lacks. */
	if (extra)
		*extra = ((uint32_t)((s - INT32_MIN) >> 32) & 3) |
			 (uint32_t)ts->tv_nsec << 2;
}

static void put_times(const struct ext4_sb *es, struct ext4_inode *raw,
		      const struct inode *ip, bool fresh)
{
	/* They lie side by side; a slot has all of them, but in odd cases. */
	bool all = EXT4_HAS_FIELD(es, raw, i_atime_extra);
	bool c = all || EXT4_HAS_FIELD(es, raw, i_ctime_extra);
	bool m = all || EXT4_HAS_FIELD(es, raw, i_mtime_extra);

	put_time(&ip->ctime, &raw->i_ctime, c ? &raw->i_ctime_extra : NULL);
	put_time(&ip->mtime, &raw->i_mtime, m ? &raw->i_mtime_extra : NULL);
	put_time(&ip->atime, &raw->i_atime, all ? &raw->i_atime_extra : NULL);
	if (fresh && EXT4_HAS_FIELD(es, raw, i_crtime))
		put_time(&ip->btime, &raw->i_crtime,
			 EXT4_HAS_FIELD(es, raw, i_crtime_extra)
				 ? &raw->i_crtime_extra
				 : NULL);
}

/* 0; -EFBIG: more blocks than the disk's format can say. */
static int put_blocks(const struct ext4_sb *es, struct ext4_inode *raw,
		      struct inode *ip)
{
	uint64_t n = ip->blocks;

	if (!(es->ro_compat & EXT4_RO_HUGE_FILE)) {
		if (n > BLOCKS_MAX_32)
			return -EFBIG;
		raw->i_blocks = (uint32_t)n;
		return 0;
	}
	ip->flags &= ~(uint32_t)EXT4_FL_HUGE_FILE;
	if (n > BLOCKS_MAX_48) {
		ip->flags |= EXT4_FL_HUGE_FILE;
		n >>= es->block_bits - 9;
	}
	raw->i_blocks = (uint32_t)n;
	raw->i_blocks_hi = (uint16_t)(n >> 32);
	return 0;
}

void ext4_add_blocks(struct inode *ip, int64_t n)
{
	uint64_t sectors = (uint64_t)n << (ext4_sb(ip->sb)->block_bits - 9);

	/* A damaged disk may count fewer than there are. */
	if (n < 0 && ip->blocks < -sectors)
		sectors = -ip->blocks;
	WRITE_ONCE(ip->blocks, ip->blocks + sectors);
}

static int put_fields(struct ext4_sb *es, struct ext4_inode *raw,
		      struct inode *ip)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t size = S_ISREG(ip->mode) ? info->disk_size
					  : (uint64_t)ip->size;
	int err;

	if (info->new_inode) {
		memset(raw, 0, es->inode_size);
		if (es->inode_size > EXT4_INODE_SIZE_MIN)
			raw->i_extra_isize = (uint16_t)MIN(
				es->inode_size - EXT4_INODE_SIZE_MIN,
				(uint32_t)(sizeof(*raw) - EXT4_INODE_SIZE_MIN));
	}
	err = put_blocks(es, raw, ip);
	if (err)
		return err;
	raw->i_mode = (uint16_t)ip->mode;
	raw->i_links_count = (uint16_t)ip->nlink;
	raw->i_uid = (uint16_t)ip->uid;
	raw->i_uid_hi = (uint16_t)(ip->uid >> 16);
	raw->i_gid = (uint16_t)ip->gid;
	raw->i_gid_hi = (uint16_t)(ip->gid >> 16);
	raw->i_size = (uint32_t)size;
	if (S_ISREG(ip->mode) || S_ISDIR(ip->mode))
		raw->i_size_hi = (uint32_t)(size >> 32);
	raw->i_flags = ip->flags;
	raw->i_generation = ip->generation;
	raw->i_file_acl = (uint32_t)info->xattr_block;
	if (es->incompat & EXT4_IN_64BIT)
		raw->i_file_acl_hi = (uint16_t)(info->xattr_block >> 32);
	/* In line. */
	__builtin_memcpy(__builtin_assume_aligned(&raw->i_block[0], 8),
			 __builtin_assume_aligned(&info->block[0], 8),
			 sizeof(info->block));
	put_times(es, raw, ip, info->new_inode);
	if (info->orphan)
		ext4_orphan_put_dtime(ip, raw);
	else
		raw->i_dtime = info->dtime;
	raw->i_checksum = 0;
	if (EXT4_HAS_FIELD(es, raw, i_checksum_hi))
		raw->i_checksum_hi = 0;
	info->new_inode = false;
	return 0;
}

/* The block of ip's slot, joined to h; the caller lets it go. */
static int slot_access(struct handle *h, struct inode *ip, struct buf **bp)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t block = __atomic_load_n(&info->table_block, __ATOMIC_ACQUIRE);
	int err;

	if (!block) {
		err = ext4_inode_place(h->es, (uint32_t)ip->ino, &block,
				       &info->table_off);
		if (err)
			return err;
		__atomic_store_n(&info->table_block, block, __ATOMIC_RELEASE);
	}
	err = ext4_read_block(h->es, block, "inode table", bp);
	if (err)
		return err;
	err = journal_write_access(h, *bp);
	if (err)
		buf_put(*bp);
	return err;
}

int ext4_inode_join(struct handle *h, struct inode *ip)
{
	struct buf *bp;
	int err = slot_access(h, ip, &bp);

	if (!err)
		buf_put(bp);
	return err;
}

int ext4_inode_dirty(struct handle *h, struct inode *ip, bool data_too)
{
	struct ext4_sb *es = h->es;
	struct ext4_inode_info *info = ext4_info(ip);
	uint32_t off, ino = (uint32_t)ip->ino;
	struct buf *bp;
	int err;

	if (info->freed)
		return -EFSCORRUPTED; /* the slot is somebody else's */
	if (S_ISREG(ip->mode) && info->disk_size > INT32_MAX &&
	    !(es->ro_compat & EXT4_RO_LARGE_FILE)) {
		err = handle_extend(h, 1);
		if (!err)
			err = ext4_set_ro_feature(h, EXT4_RO_LARGE_FILE);
		if (err && err != -EAGAIN)
			return err; /* -EAGAIN: the next one does it */
	}
	err = slot_access(h, ip, &bp);
	if (err)
		return err;
	off = info->table_off;
	spin_lock(&info->raw_lock);
	err = put_fields(es, (void *)((char *)bp->data + off), ip);
	spin_unlock(&info->raw_lock);
	if (!err) {
		journal_dirty(h, bp, es->has_csum ? ext4_itable_seal : NULL,
			      ino - off / es->inode_size);
		info->tid_meta = h->tx->tid;
		if (data_too)
			info->tid_data = h->tx->tid;
	}
	buf_put(bp);
	return err;
}

int ext4_setattr(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err;

	err = handle_start(es, &h, 2);
	if (err)
		return err;
	err = ext4_inode_dirty(&h, ip, false);
	handle_stop(&h);
	return err;
}

/* ---- the end ---- */

/* arg: unused. The number of the block is part of the sum. */
static void xattr_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		       uint64_t arg)
{
	const size_t at = offsetof(struct xattr_header, h_checksum);
	struct xattr_header *x = data;
	const uint32_t zero = 0;
	uint64_t block = bp->block;
	uint32_t c;

	c = crc32c(es->csum_seed, &block, 8);
	c = crc32c(c, data, at);
	c = crc32c(c, &zero, 4);
	c = crc32c(c, (char *)data + at + 4, es->block_size - at - 4);
	x->h_checksum = c;
}

static bool xattr_ok(struct ext4_sb *es, const struct buf *bp)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_XATTR, 0);
	const struct xattr_header *x = bp->data;
	struct xattr_header *copy;
	bool ok = x->h_magic == XATTR_MAGIC && x->h_blocks == 1 &&
		  x->h_refcount;

	if (!ok || !es->has_csum ||
	    __atomic_load_n(&bp->verified, __ATOMIC_ACQUIRE) == as ||
	    buf_is_dirty(bp))
		return ok;
	copy = kmalloc(es->block_size, GFP_NOFS);
	if (!copy)
		return true; /* its header is as it should be */
	memcpy(copy, x, es->block_size);
	xattr_seal(es, bp, copy, 0);
	ok = copy->h_checksum == x->h_checksum;
	kfree(copy);
	return ok;
}

/* ip's block of attributes has one owner less. */
static int xattr_drop(struct handle *h, struct inode *ip)
{
	struct ext4_sb *es = h->es;
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t block = info->xattr_block;
	struct xattr_header *x;
	struct buf *bp;
	uint32_t left;
	int err;

	if (!block)
		return 0;
	if (!ext4_blocks_ok(es, block, 1))
		return ext4_corrupt(es, "inode %llu: bad attribute block %llu",
				    (unsigned long long)ip->ino,
				    (unsigned long long)block);
	err = ext4_read_block(es, block, "attributes", &bp);
	if (err)
		return err;
	if (!xattr_ok(es, bp)) {
		buf_put(bp);
		return ext4_corrupt(es, "attribute block %llu: damaged",
				    (unsigned long long)block);
	}
	err = journal_write_access(h, bp);
	if (err) {
		buf_put(bp);
		return err;
	}
	/* Owners may go at the same time. */
	x = bp->data;
	spin_lock(&es->alloc->lock);
	left = x->h_refcount ? --x->h_refcount : 0;
	spin_unlock(&es->alloc->lock);
	if (left)
		journal_dirty(h, bp, es->has_csum ? xattr_seal : NULL, 0);
	buf_put(bp);
	if (!left)
		err = ext4_free_blocks(h, ip, block, 1, true);
	if (!err) {
		info->xattr_block = 0;
		ext4_add_blocks(ip, -1);
	}
	return err;
}

/* Blocks that the inode still owns besides its attributes. */
static bool owns_blocks(const struct inode *ip)
{
	if (S_ISLNK(ip->mode))
		return !ext4_link_inside(ip);
	return S_ISREG(ip->mode) || S_ISDIR(ip->mode);
}

static int delete_blocks(struct inode *ip)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err;

	if (!owns_blocks(ip))
		return 0;
	if (!info->orphan) {
		err = handle_start(es, &h, EXT4_CREDITS_ORPHAN + 1);
		if (err)
			return err;
		err = ext4_orphan_add(&h, ip);
		handle_stop(&h);
		if (err)
			return err;
	}
	return ext4_truncate_blocks(ip, 0);
}

static int delete_inode(struct inode *ip)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err = delete_blocks(ip);

	if (err)
		return err;
	err = handle_start(es, &h,
			   EXT4_CREDITS_ORPHAN + 2 * EXT4_CREDITS_ALLOC + 4);
	if (err)
		return err;
	err = xattr_drop(&h, ip);
	if (err == -EFSCORRUPTED)
		err = 0; /* lost, but no reason to keep the rest */
	if (!err)
		err = ext4_orphan_remove(&h, ip);
	if (!err) {
		/* e2fsck takes a small one for the number of an inode in the
		 * list of orphans, and a machine without a clock begins in
		 * 1970. */
		info->dtime = MAX((uint32_t)(time_real() / NSEC_PER_SEC),
				  es->n_inodes);
		info->disk_size = 0;
		ip->size = 0;
		err = ext4_inode_dirty(&h, ip, true);
	}
	/* The last thing: from now on the number may be somebody else's. */
	if (!err) {
		err = ext4_free_inode(&h, ip);
		if (err) /* unmount tries again, or the next mount */
			ext4_orphan_add(&h, ip);
	}
	handle_stop(&h);
	return err;
}

void ext4_evict(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	int err = 0;

	if (!ip->priv)
		return;
	if (!ip->nlink && !ext4_info(ip)->freed && es->alloc &&
	    !ext4_writing_ended(es))
		err = delete_inode(ip);
	if (err && err != -EROFS) {
		ext4_message(es, "inode %llu: cannot be deleted (%d)",
			     (unsigned long long)ip->ino, err);
		if (err == -EFSCORRUPTED || err == -EIO)
			ext4_mark_errors(es, err);
	}
	if (ext4_info(ip)->orphan)
		ext4_orphan_abandon(ip);
	ext4_inode_info_free(ip);
}
