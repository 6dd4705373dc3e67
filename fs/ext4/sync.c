/*
 * What fsync, fdatasync, syncfs and sync promise, and what is done for an inode
 * whose turn it is.
 *
 * Data first: it is written and waited for, and what that did to the map and
 * the size is in a transaction then. That is waited for if it is not durable
 * yet; its commit begins with a flush, which makes the data durable too. Where
 * nothing had to be committed after the data was written, one flush of the disk
 * does it; and where somebody has flushed since, none.
 */
#include "fs/ext4/data.h"
#include "fs/writeback.h"

/* Times, owner and mode, if they are newer than the disk. */
static int write_attr(struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct handle h;
	int err;

	if (!READ_ONCE(ip->dirty_attr))
		return 0;
	err = handle_start(es, &h, 1);
	/* Refused: but somebody has done it before the disk came to rest? */
	if (err && !READ_ONCE(ip->dirty_attr))
		return 0;
	if (!err) {
		/* Not clean before its transaction is known: see newest_tid. */
		rwsem_write_lock(&ext4_info(ip)->map_lock);
		if (__atomic_exchange_n(&ip->dirty_attr, 0, __ATOMIC_ACQ_REL))
			err = ext4_inode_dirty(&h, ip, false);
		rwsem_write_unlock(&ext4_info(ip)->map_lock);
		handle_stop(&h);
	}
	if (err == -ENOMEM)
		writeback_attr(ip);
	else if (err)
		__atomic_store_n(&ip->dirty_attr, 0, __ATOMIC_RELAXED);
	return err;
}

/*
 * All that is dirty, and then the size: of a file that was written to behind
 * its end and cut before that was written out, no page may be left that moves
 * the size on the disk.
 */
static int write_data(struct inode *ip)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t size = (uint64_t)READ_ONCE(ip->size);
	struct handle h;
	int err;

	if (!S_ISREG(ip->mode))
		return 0;
	err = ext4_write_pages(&ip->mapping, 0, UINT64_MAX, true);
	if (err || READ_ONCE(info->disk_size) >= size)
		return err;
	err = handle_start(ext4_sb(ip->sb), &h, 2);
	if (err)
		return READ_ONCE(info->disk_size) < size ? err : 0;
	rwsem_write_lock(&info->map_lock);
	size = MIN(size, (uint64_t)READ_ONCE(ip->size));
	if (info->disk_size < size) {
		info->disk_size = size;
		err = ext4_inode_dirty(&h, ip, true);
	}
	rwsem_write_unlock(&info->map_lock);
	handle_stop(&h);
	return err;
}

int ext4_write_inode(struct inode *ip)
{
	int err = write_data(ip);
	int attr_err = write_attr(ip);

	return err ? err : attr_err;
}

/* Waits until transaction tid is durable, if there is such a one. */
static int commit_wait(struct ext4_sb *es, tid_t tid)
{
	if (!tid || journal_committed(es, tid))
		return journal_error(es);
	return journal_commit_wait(es, tid);
}

/* The transaction that an fsync has to wait for. Somebody else may just be
 * putting into it what is not dirty any more. */
static tid_t newest_tid(struct inode *ip, bool data_only)
{
	struct ext4_inode_info *info = ext4_info(ip);
	tid_t tid;

	rwsem_read_lock(&info->map_lock);
	tid = info->tid_data;
	if (!data_only && info->tid_meta &&
	    (!tid || tid_after(info->tid_meta, tid)))
		tid = info->tid_meta;
	rwsem_read_unlock(&info->map_lock);
	return tid;
}

int ext4_file_fsync(struct file *f, bool data_only)
{
	struct inode *ip = f->inode;
	struct ext4_inode_info *info = ext4_info(ip);
	struct ext4_sb *es = ext4_sb(ip->sb);
	struct blkdev *bd = ip->sb->bdev;
	int err, e;

	if (ext4_writing_ended(es)) {
		/* If writing ended with an error, what was last changed is
		 * nowhere. */
		e = writeback_check_error(f);
		return e ? e : journal_error(es);
	}
	err = write_data(ip);
	if (!data_only) {
		e = write_attr(ip);
		err = err ? err : e;
	}
	e = commit_wait(es, newest_tid(ip, data_only));
	err = err ? err : e;
	/* A commit began with a flush, unless it was under way before. */
	if (__atomic_load_n(&info->unflushed, __ATOMIC_ACQUIRE) &&
	    !blk_flushed_since(bd, READ_ONCE(info->flush_mark))) {
		e = blk_flush(bd);
		err = err ? err : e;
	}
	e = writeback_check_error(f);
	return e ? e : err;
}

int ext4_sync(struct super *sb, bool wait)
{
	struct ext4_sb *es = ext4_sb(sb);
	uint32_t mark;
	int err, e;

	if (ext4_writing_ended(es))
		return journal_error(es);
	if (!wait) {
		writeback_start(sb);
		return 0;
	}
	err = writeback_sync(sb);
	mark = blk_flush_mark(sb->bdev);
	e = journal_sync(es, false);
	err = err ? err : e;
	if (!blk_flushed_since(sb->bdev, mark)) {
		e = blk_flush(sb->bdev);
		err = err ? err : e;
	}
	return err;
}
