/*
 * Weak stand-ins for calls of write.h and journal.h that are not there yet, so
 * that everything links meanwhile: each says that it cannot be done. The real
 * ones replace them by being there. This file goes when the last one is.
 */
#include "fs/ext4/write.h"

#define WEAK __attribute__((weak))

WEAK int journal_open(struct ext4_sb *es)
{
	return es->compat & EXT4_COMPAT_HAS_JOURNAL ? -EOPNOTSUPP : 0;
}
WEAK int journal_recover(struct ext4_sb *es)
{
	return -EOPNOTSUPP;
}
WEAK int journal_close(struct ext4_sb *es)
{
	return 0;
}
WEAK int handle_start(struct ext4_sb *es, struct handle *h, unsigned credits)
{
	return -EROFS;
}
WEAK int handle_extend(struct handle *h, unsigned credits)
{
	return -EAGAIN;
}
WEAK int handle_restart(struct handle *h, unsigned credits)
{
	return -EROFS;
}
WEAK tid_t handle_stop(struct handle *h)
{
	return 0;
}
WEAK int journal_write_access(struct handle *h, struct buf *bp)
{
	return -EROFS;
}
WEAK int journal_create_access(struct handle *h, struct buf *bp)
{
	return -EROFS;
}
WEAK void journal_dirty(struct handle *h, struct buf *bp, journal_seal_fn *seal,
			uint64_t arg)
{
}
WEAK int journal_forget(struct handle *h, uint64_t block, struct buf *bp)
{
	return -EROFS;
}
WEAK void journal_on_commit(struct handle *h, struct journal_callback *cb)
{
	cb->fn(cb, -EROFS);
}
WEAK bool journal_committed(struct ext4_sb *es, tid_t tid)
{
	return false;
}
WEAK int journal_commit_wait(struct ext4_sb *es, tid_t tid)
{
	return -EROFS;
}
WEAK void journal_commit_start(struct ext4_sb *es, tid_t tid)
{
}
WEAK int journal_sync(struct ext4_sb *es, bool checkpoint)
{
	return -EROFS;
}
WEAK void journal_abort(struct ext4_sb *es, int err)
{
}
WEAK int journal_error(const struct ext4_sb *es)
{
	return 0;
}
WEAK int ext4_truncate_blocks(struct inode *ip, uint32_t first)
{
	return -EROFS;
}
WEAK void ext4_map_init(struct ext4_sb *es, struct inode *ip)
{
}
WEAK int ext4_sync(struct super *sb, bool wait)
{
	return journal_sync(ext4_sb(sb), false);
}
WEAK int ext4_truncate_pages(struct inode *ip, off_t size)
{
	return 0;
}
WEAK int ext4_write_pages(struct mapping *m, uint64_t first, uint64_t last,
			  bool wait)
{
	return -EROFS;
}
