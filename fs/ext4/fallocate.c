/*
 * Space for a file without data (fallocate), holes made in it, and finding
 * holes and data (SEEK_DATA, SEEK_HOLE).
 *
 * Space that is allocated ahead is unwritten extents: it reads as zeroes, and
 * write-back converts what it writes to. What is dirty in the range is written
 * before the map is changed, and write-back is kept away until it is done, so
 * the two never place the same block.
 */
#include "fs/ext4/data.h"
#include "fs/writeback.h"

/* ---- allocating ---- */

static int tell_size(struct handle *h, struct inode *ip, uint64_t size)
{
	struct ext4_inode_info *info = ext4_info(ip);
	int err;

	rwsem_write_lock(&info->map_lock);
	info->disk_size = MAX(info->disk_size, size);
	err = ext4_inode_dirty(h, ip, true);
	rwsem_write_unlock(&info->map_lock);
	return err;
}

/* Places up to max blocks at lblk, which is a hole: how many, or an error. */
static int allocate_run(struct inode *ip, uint32_t lblk, uint32_t max,
			uint64_t size)
{
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	uint64_t block;
	uint32_t len;
	int err;

	max = MIN(max, ext4_map_max_run(ip));
	err = ext4_claim(es, ip, ext4_data_goal(ip, lblk), max, false, &block,
			 &len);
	if (err)
		return err;
	err = handle_start(es, &h,
			   ext4_map_credits(ip, 1) + EXT4_CREDITS_ALLOC + 1);
	if (err) {
		ext4_unclaim(es, block, len);
		return err;
	}
	err = ext4_claim_commit(&h, block, len);
	if (err) {
		ext4_unclaim(es, block, len);
		goto stop;
	}
	rwsem_write_lock(&info->map_lock);
	err = ext4_map_insert(&h, ip, lblk, block, len, true);
	rwsem_write_unlock(&info->map_lock);
	if (err)
		ext4_free_blocks(&h, ip, block, len, false);
	else if (size > (uint64_t)ip->size) {
		/* As far as it got, should the next piece fail. */
		size = MIN(size, ((uint64_t)lblk + len) << es->block_bits);
		if (size > (uint64_t)ip->size) {
			err = tell_size(&h, ip, size);
			if (!err)
				__atomic_store_n(&ip->size, (off_t)size,
						 __ATOMIC_RELEASE);
		}
	}
stop:
	handle_stop(&h);
	return err ? err : (int)len;
}

/* size: of the file afterwards, if that is more than now. */
static int allocate(struct inode *ip, uint64_t off, uint64_t end, uint64_t size)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	uint32_t lblk = (uint32_t)(off >> es->block_bits);
	uint32_t stop = (uint32_t)div_round_up(end, es->block_size);
	struct handle h;
	int err = 0;

	while (lblk < stop && !err) {
		struct ext4_run run;

		err = ext4_map(ip, lblk, stop - lblk, &run);
		if (err)
			break;
		if (run.kind == EXT4_RUN_HOLE) {
			err = allocate_run(ip, lblk, run.len, size);
			if (err > 0) {
				run.len = (uint32_t)err;
				err = 0;
			}
		}
		lblk += run.len;
		if (!err && host_fatal_signal_pending())
			err = -EINTR;
		resched_point();
	}
	if (err || size <= (uint64_t)ip->size)
		return err;
	err = handle_start(es, &h, 2);
	if (err)
		return err;
	err = tell_size(&h, ip, size);
	handle_stop(&h);
	if (!err)
		__atomic_store_n(&ip->size, (off_t)size, __ATOMIC_RELEASE);
	return err;
}

static int do_allocate(struct inode *ip, uint64_t off, uint64_t end,
		       bool keep_size)
{
	uint64_t size = keep_size ? 0 : end;
	int err = 0;

	if (size > (uint64_t)ip->size)
		err = ext4_grow_from(ip);
	for (unsigned i = 0; !err; i++) {
		err = ext4_write_pages(&ip->mapping, off >> PAGE_SHIFT,
				       (end - 1) >> PAGE_SHIFT, true);
		if (err)
			break;
		writeback_freeze(&ip->mapping);
		err = allocate(ip, off, end, size);
		writeback_thaw(&ip->mapping);
		if (err != -ENOSPC || i)
			break;
		/* Promises in excess, and what commits will free. */
		ext4_make_room(ip);
		err = journal_sync(ext4_sb(ip->sb), false);
	}
	return err;
}

/* ---- holes ---- */

/* Zeroes bytes of one page through the cache, if there are any. */
static int zero_bytes(struct inode *ip, uint64_t from, uint64_t to)
{
	/* Never written; not const, or the image would have them. */
	static char zeroes[1024];

	/* Only inside one block: what is a hole there stays one. */
	while (from < to) {
		const struct ext4_sb *es = ext4_sb(ip->sb);
		struct ext4_run run;
		struct iovec iov;
		struct uio u;
		ssize_t n;
		int err;

		err = ext4_map(ip, from >> es->block_bits, 1, &run);
		if (err)
			return err;
		if (run.kind != EXT4_RUN_MAPPED)
			return 0;
		uio_init_kernel(&u, &iov, zeroes,
				MIN(to - from, sizeof(zeroes)));
		n = ext4_write_batch(ip, &u, (off_t)from);
		if (n < 0)
			return (int)n;
		from += (uint64_t)n;
	}
	return 0;
}

/* The page at index has lost blocks [first, end) of the file. */
static void drop_page_part(struct inode *ip, uint64_t index, uint64_t first,
			   uint64_t end)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	struct page *pg = pagecache_find(&ip->mapping, index);
	uint64_t base = index << page_block_shift(es);
	unsigned a, b;

	if (!pg)
		return;
	page_lock(pg);
	page_wait_writeback(pg);
	if (pg->mapping == &ip->mapping) {
		a = (unsigned)(MAX(first, base) - base);
		b = (unsigned)(MIN(end, base + (1u << page_block_shift(es))) -
			       base);
		if (!list_empty(&ip->mapping.regions))
			host_unmap_range(&ip->mapping, index, index, true);
		if (page_test(pg, PG_UPTODATE))
			memset((char *)page_to_va(pg) +
				       ((size_t)a << es->block_bits),
			       0, (size_t)(b - a) << es->block_bits);
		ext4_page_drop_blocks(ip, pg, (1u << b) - (1u << a));
	}
	page_unlock(pg);
	page_put(pg);
}

/* Pages and parts of pages that hold blocks [first, end). */
static void drop_pages(struct inode *ip, uint64_t first, uint64_t end)
{
	unsigned shift = page_block_shift(ext4_sb(ip->sb));
	uint64_t a = first >> shift, b = end >> shift;
	uint64_t whole = (first + (1u << shift) - 1) >> shift;

	if (whole < b)
		pagecache_truncate(&ip->mapping, whole, b - 1);
	if (a != whole)
		drop_page_part(ip, a, first, end);
	if (b << shift != end && (b != a || a == whole))
		drop_page_part(ip, b, first, end);
}

static int punch_blocks(struct inode *ip, uint32_t first, uint32_t end)
{
	struct ext4_inode_info *info = ext4_info(ip);
	unsigned credits = ext4_map_credits(ip, 1) + 33;
	struct handle h;
	int err;

	err = handle_start(ext4_sb(ip->sb), &h, credits);
	if (err)
		return err;
	for (;;) {
		rwsem_write_lock(&info->map_lock);
		err = ext4_map_punch(&h, ip, first, end - 1);
		rwsem_write_unlock(&info->map_lock);
		if (err <= 0)
			break;
		err = handle_restart(&h, credits);
		if (err)
			return err;
		resched_point();
	}
	handle_stop(&h);
	return err;
}

static int do_punch(struct inode *ip, uint64_t off, uint64_t end)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t size = (uint64_t)ip->size, first, stop;
	int err;

	/* What is behind the end is no content; a block that the end is in
	 * goes as a whole. */
	if (off >= size)
		return 0;
	if (end >= size)
		end = round_up(size, es->block_size);
	first = round_up(off, es->block_size);
	stop = round_down(end, es->block_size);
	/* It may be dirty and have no place yet. */
	err = ext4_write_pages(&ip->mapping, off >> PAGE_SHIFT,
			       (end - 1) >> PAGE_SHIFT, true);
	if (!err && first > off) {
		uint64_t head = MIN(first, end);

		err = zero_bytes(ip, off, MIN(head, size));
	}
	if (!err && stop >= first && end > stop)
		err = zero_bytes(ip, stop, MIN(end, size));
	if (err || first >= stop)
		return err;
	first >>= es->block_bits;
	stop >>= es->block_bits;
	writeback_freeze(&ip->mapping);
	drop_pages(ip, first, stop);
	err = punch_blocks(ip, (uint32_t)first, (uint32_t)stop);
	/* What was read meanwhile has the old blocks. */
	drop_pages(ip, first, stop);
	writeback_thaw(&ip->mapping);
	return err;
}

int ext4_file_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	struct inode *ip = f->inode;
	uint64_t from = (uint64_t)off, end = from + (uint64_t)len;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	int what = mode & ~FALLOC_FL_KEEP_SIZE;
	int err;

	if (what && what != FALLOC_FL_PUNCH_HOLE &&
	    what != FALLOC_FL_ZERO_RANGE)
		return -EOPNOTSUPP;
	/* A block map cannot say that a block was never written. */
	if (!(ip->flags & EXT4_FL_EXTENTS) && what != FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	rwsem_write_lock(&ip->lock);
	err = ext4_want_write(ip);
	if (!err && ip->flags & EXT4_FL_IMMUTABLE)
		err = -EPERM;
	if (!err && what)
		err = do_punch(ip, from, end);
	if (!err && what != FALLOC_FL_PUNCH_HOLE)
		err = do_allocate(ip, from, end, keep);
	if (!err)
		ext4_touch_written(ip);
	rwsem_write_unlock(&ip->lock);
	return err;
}

/* ---- finding ---- */

static off_t seek_map(struct inode *ip, uint64_t off, bool data)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	uint64_t size = (uint64_t)ip->size, at;
	struct ext4_run run;
	int err;

	/* What has no place yet, or is just getting one, looks like a hole. */
	err = ext4_write_pages(&ip->mapping, off >> PAGE_SHIFT, UINT64_MAX,
			       true);
	if (err)
		return err;
	for (at = off; at < size;) {
		uint64_t lblk = at >> es->block_bits;
		uint64_t left = div_round_up(size, es->block_size) - lblk;

		err = ext4_map(ip, lblk, (uint32_t)left, &run);
		if (err)
			return err;
		if ((run.kind == EXT4_RUN_MAPPED) == data)
			return (off_t)at;
		at = (lblk + run.len) << es->block_bits;
		if (host_fatal_signal_pending())
			return -EINTR;
		resched_point();
	}
	return data ? -ENXIO : (off_t)size;
}

off_t ext4_file_seek(struct file *f, off_t off, int whence)
{
	struct inode *ip = f->inode;
	off_t base = 0, size = READ_ONCE(ip->size);

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0 || off >= size)
			return -ENXIO;
		rwsem_read_lock(&ip->lock);
		off = seek_map(ip, (uint64_t)off, whence == SEEK_DATA);
		rwsem_read_unlock(&ip->lock);
		return off;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	return off < 0 ? -EINVAL : off;
}
