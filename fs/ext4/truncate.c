/*
 * The size of a file changes.
 *
 * A file that grows gets a number. One that shrinks gives blocks back, perhaps
 * more than a transaction holds, so it is done in steps, and a crash between
 * them must lead to the end: the inode is an orphan, with its new size, from
 * the first step to the last.
 *
 * What is behind the new end in the last block must be zeroes on the disk
 * before the file can grow again. It is data, so no transaction carries it. It
 * may not be written before the new size is committed (the file still had these
 * bytes), nor may the inode leave the orphans before it is (whoever recovers
 * zeroes it, too). So where there are such bytes, and only there, the commit is
 * waited for.
 */
#include "fs/ext4/write.h"

/* Of each step: more than one extent's worth. */
#define STEP_CREDITS(ip) (ext4_map_credits(ip, 1) + EXT4_CREDITS_ORPHAN + 33)

/* Does i_block say where blocks are? */
static bool has_map(const struct inode *ip)
{
	return S_ISREG(ip->mode) || S_ISDIR(ip->mode) ||
	       (S_ISLNK(ip->mode) && !ext4_link_inside(ip));
}

static bool map_is_empty(const struct inode *ip)
{
	const uint32_t *block = ext4_info(ip)->block;
	uint32_t any = 0;

	if (ip->flags & EXT4_FL_EXTENTS)
		return !((const struct ext4_extent_header *)block)->eh_entries;
	for (unsigned i = 0; i < EXT4_N_BLOCKS; i++)
		any |= block[i];
	return !any;
}

static uint32_t blocks_of(const struct ext4_sb *es, uint64_t size)
{
	return (uint32_t)(div_round_up(size, es->block_size));
}

/* Frees blocks from `first` on; then, if asked, ip is no orphan any more. */
static int remove_blocks(struct inode *ip, uint32_t first, bool end_orphan)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err;

	err = handle_start(es, &h, STEP_CREDITS(ip));
	if (err)
		return err;
	for (;;) {
		rwsem_write_lock(&info->map_lock);
		err = ext4_map_truncate(&h, ip, first);
		rwsem_write_unlock(&info->map_lock);
		if (err <= 0)
			break;
		err = handle_restart(&h, STEP_CREDITS(ip));
		if (err)
			return err;
		resched_point();
	}
	if (!err && end_orphan) {
		if (h.credits < EXT4_CREDITS_ORPHAN + 1)
			err = handle_restart(&h, EXT4_CREDITS_ORPHAN + 1);
		if (err)
			return err;
		err = ext4_orphan_del(&h, ip);
		if (!err)
			err = ext4_inode_dirty(&h, ip, true);
	}
	handle_stop(&h);
	return err;
}

int ext4_truncate_blocks(struct inode *ip, uint32_t first)
{
	if (!has_map(ip) || map_is_empty(ip))
		return 0;
	return remove_blocks(ip, first, false);
}

/* ---- the last block ---- */

static bool all_zero(const char *p, size_t n)
{
	while (n && !*p) {
		p++;
		n--;
	}
	return !n;
}

/* Has the disk, behind a file of this size, bytes that the file had? 1: yes. */
static int tail_is_old(struct inode *ip, off_t size)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	off_t end = (off_t)round_up((uint64_t)size, es->block_size);
	struct ext4_run run;
	struct page *pg;
	bool zero;
	int err;

	end = MIN(end, ip->size);
	if (end <= size)
		return 0;
	err = ext4_map(ip, (uint64_t)size >> es->block_bits, 1, &run);
	if (err || run.kind != EXT4_RUN_MAPPED)
		return err;
	err = pagecache_get(&ip->mapping, (uint64_t)size >> PAGE_SHIFT, &pg);
	if (err)
		return err;
	zero = all_zero((char *)page_to_va(pg) + (size & (off_t)PAGE_MASK),
			(size_t)(end - size));
	page_put(pg);
	return !zero;
}

int ext4_truncate_orphan(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t size = S_ISREG(ip->mode) ? ext4_info(ip)->disk_size
					  : (uint64_t)ip->size;
	size_t off = size & (es->block_size - 1);
	struct ext4_run run;
	int err = 0;
	char *buf;

	if (off && S_ISREG(ip->mode)) {
		err = ext4_map(ip, size >> es->block_bits, 1, &run);
		if (err)
			return err;
		if (run.kind == EXT4_RUN_MAPPED) {
			uint64_t at = run.block << (es->block_bits - 9);

			buf = kmalloc(es->block_size, GFP_KERNEL);
			if (!buf)
				return -ENOMEM;
			err = blk_rw(es->sb->bdev, BLK_READ, at, buf,
				     es->block_size);
			if (!err && !all_zero(buf + off, es->block_size - off)) {
				memset(buf + off, 0, es->block_size - off);
				err = blk_rw(es->sb->bdev, BLK_WRITE, at, buf,
					     es->block_size);
			}
			kfree(buf);
		}
	}
	if (err)
		return err;
	return ext4_truncate_blocks(ip, blocks_of(es, size));
}

/* ---- in either direction ---- */

/* The sizes on the disk and, with it, times; one handle. */
static int write_size(struct inode *ip, uint64_t disk_size, bool begin_orphan,
		      tid_t *tid)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t old = info->disk_size;
	struct handle h;
	int err;

	/* A first file beyond 2 GiB marks the super block. */
	err = handle_start(ext4_sb(ip->sb), &h, EXT4_CREDITS_ORPHAN + 2);
	if (err)
		return err;
	if (begin_orphan)
		err = ext4_orphan_add(&h, ip);
	if (!err) {
		info->disk_size = disk_size;
		ip->mtime = vfs_now();
		ip->ctime = ip->mtime;
		err = ext4_inode_dirty(&h, ip, true);
		if (err)
			info->disk_size = old;
		if (err && begin_orphan)
			ext4_orphan_del(&h, ip);
	}
	*tid = handle_stop(&h);
	return err;
}

static int grow(struct inode *ip, off_t size)
{
	off_t old = ip->size;
	tid_t tid;
	int err;

	err = ext4_truncate_pages(ip, size);
	if (err)
		return err;
	err = write_size(ip, (uint64_t)size, false, &tid);
	if (err && ext4_truncate_pages(ip, old))
		__atomic_store_n(&ip->size, old, __ATOMIC_RELEASE);
	return err;
}

/*
 * Shrinking did not get to its end. What blocks are left must not lie behind
 * the file, so it has the size again that covers them; the pages are gone.
 */
static void shrink_undo(struct inode *ip, off_t size, uint64_t disk_size)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err;

	if (READ_ONCE(ip->size) != size && ext4_truncate_pages(ip, size))
		__atomic_store_n(&ip->size, size, __ATOMIC_RELEASE);
	if (journal_error(es))
		return;
	err = handle_start(es, &h, EXT4_CREDITS_ORPHAN + 1);
	if (!err) {
		info->disk_size = disk_size;
		err = ext4_orphan_del(&h, ip);
		if (!err)
			err = ext4_inode_dirty(&h, ip, true);
		handle_stop(&h);
	}
	if (err)
		journal_abort(es, err);
}

static int shrink(struct inode *ip, off_t size)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t disk_size = info->disk_size;
	uint64_t last = (uint64_t)size >> PAGE_SHIFT;
	off_t old = ip->size;
	int err, tail, io = 0;
	tid_t tid;

	tail = tail_is_old(ip, size);
	if (tail < 0)
		return tail;
	err = write_size(ip, MIN(disk_size, (uint64_t)size), true, &tid);
	if (err)
		return err;
	if (tail && es->journal)
		err = journal_commit_wait(es, tid);
	if (!err)
		err = ext4_truncate_pages(ip, size);
	if (err) {
		shrink_undo(ip, old, disk_size);
		return err;
	}
	/* A page that was just being written out may have moved it. */
	disk_size = MAX(disk_size, info->disk_size);
	info->disk_size = MIN(info->disk_size, (uint64_t)size);
	if (tail)
		io = ext4_write_pages(&ip->mapping, last, last, true);
	err = remove_blocks(ip, blocks_of(es, (uint64_t)size), true);
	if (err) {
		shrink_undo(ip, (off_t)disk_size, disk_size);
		return err;
	}
	return io;
}

int ext4_truncate(struct inode *ip, off_t size)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t max = es->sb->max_file_size;
	tid_t tid;

	if (es->sb->read_only)
		return -EROFS;
	if (ip->flags & (EXT4_FL_IMMUTABLE | EXT4_FL_APPEND))
		return -EPERM;
	if (size < 0)
		return -EINVAL;
	if (!(ip->flags & EXT4_FL_EXTENTS))
		max = MIN(max, ext4_blockmap_max_size(es));
	if ((uint64_t)size > max)
		return -EFBIG;
	if (size > ip->size)
		return grow(ip, size);
	/* Nothing on the disk and nothing on its way there: an empty one that
	 * is opened to be emptied. */
	if (size == ip->size && map_is_empty(ip) && !ip->mapping.npages)
		return write_size(ip, (uint64_t)size, false, &tid);
	return shrink(ip, size);
}
