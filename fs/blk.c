/*
 * Disks: the list of them, requests that are waited for, and what reading and
 * writing a disk's node does.
 *
 * A node has a page cache of its own, held by the files that have it open (a
 * file system keeps its metadata elsewhere, so what a node shows of a mounted
 * disk may be older than what the file system has in memory). Writing goes
 * through to the disk at once.
 */
#include "fs/blk.h"

#include "fs/devfs.h"
#include "fs/file.h"
#include "fs/vfs.h"
#include "kernel/abi/ioctl.h"

static struct spinlock blk_lock;
static struct list_head disks; /* [blk_lock] in order of registration */
static bool ready;

static void blk_setup(void)
{
	if (ready)
		return;
	/* Drivers register before or after vfs_init, on one hart. */
	spin_init(&blk_lock, "disks", RANK_FILES);
	list_init(&disks);
	ready = true;
}

__attribute__((cold))
void blk_register(struct blkdev *bd)
{
	blk_setup();
	spin_lock(&blk_lock);
	list_add_tail(&bd->link, &disks);
	spin_unlock(&blk_lock);
	devfs_add_disk(bd);
}

__attribute__((cold))
struct blkdev *blk_first(void)
{
	struct blkdev *bd;

	blk_setup();
	spin_lock(&blk_lock);
	bd = list_first_entry_or_null(&disks, struct blkdev, link);
	spin_unlock(&blk_lock);
	return bd;
}

__attribute__((cold))
struct blkdev *blk_next(struct blkdev *bd)
{
	struct blkdev *next;

	spin_lock(&blk_lock);
	next = list_is_last(&bd->link, &disks) ? NULL
					       : list_next_entry(bd, link);
	spin_unlock(&blk_lock);
	return next;
}

__attribute__((cold))
struct blkdev *blk_find(const char *name)
{
	struct blkdev *bd;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	for (bd = blk_first(); bd; bd = blk_next(bd)) {
		if (!strcmp(bd->name, name))
			return bd;
	}
	return NULL;
}

__attribute__((cold))
struct blkdev *blk_find_dev(uint32_t dev)
{
	struct blkdev *bd;

	for (bd = blk_first(); bd; bd = blk_next(bd)) {
		if (bd->dev == dev)
			return bd;
	}
	return NULL;
}

/* ---- requests that are waited for ---- */

struct blk_wait {
	struct spinlock lock;
	struct wait_queue queue;
	bool done; /* [lock] */
};

static void blk_wait_done(struct blk_request *rq)
{
	struct blk_wait *w = rq->arg;

	/* It lies on the sleeper's stack: gone once the lock is free. */
	spin_lock(&w->lock);
	w->done = true;
	wait_wake_all(&w->queue);
	spin_unlock(&w->lock);
}

static int blk_submit_wait(struct blkdev *bd, struct blk_request *rq)
{
	struct blk_wait w;

	w.done = false;
	spin_init(&w.lock, "blk_wait", RANK_TTY);
	wait_queue_init(&w.queue);
	rq->err = 0;
	rq->done = blk_wait_done;
	rq->arg = &w;
	blk_submit(bd, rq);
	spin_lock(&w.lock);
	while (!w.done)
		wait_sleep(&w.queue, &w.lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&w.lock);
	return rq->err;
}

int blk_rw(struct blkdev *bd, enum blk_op op, uint64_t sector, void *buf,
	   size_t bytes)
{
	size_t most = bd->max_bytes ? bd->max_bytes : 65536;
	char *p = buf;

	if (!bytes || bytes % BLK_SECTOR || op == BLK_FLUSH ||
	    sector > bd->sectors || bytes / BLK_SECTOR > bd->sectors - sector)
		return -EINVAL;
	if (op == BLK_WRITE && bd->read_only)
		return -EROFS;
	while (bytes) {
		struct blk_seg seg = { p, (uint32_t)MIN(bytes, most) };
		struct blk_request rq = {
			.op = op,
			.sector = sector,
			.segs = &seg,
			.nsegs = 1,
		};
		int err = blk_submit_wait(bd, &rq);

		if (err)
			return err;
		p += seg.len;
		bytes -= seg.len;
		sector += seg.len / BLK_SECTOR;
	}
	return 0;
}

int blk_flush(struct blkdev *bd)
{
	struct blk_request rq = { .op = BLK_FLUSH };
	uint32_t seq, done;
	int err = 0;

	/* The number comes first, so whoever took its mark before that had
	 * its writes finished before the flush begins. */
	seq = __atomic_add_fetch(&bd->flushes_begun, 1, __ATOMIC_SEQ_CST);
	if (bd->has_flush)
		err = blk_submit_wait(bd, &rq);
	if (err)
		return err;
	done = __atomic_load_n(&bd->flushes_done, __ATOMIC_RELAXED);
	while ((int32_t)(seq - done) > 0 &&
	       !__atomic_compare_exchange_n(&bd->flushes_done, &done, seq, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return 0;
}

uint32_t blk_flush_mark(struct blkdev *bd)
{
	return __atomic_load_n(&bd->flushes_begun, __ATOMIC_SEQ_CST);
}

bool blk_flushed_since(struct blkdev *bd, uint32_t mark)
{
	return (int32_t)(__atomic_load_n(&bd->flushes_done, __ATOMIC_ACQUIRE) -
			 mark) > 0;
}

/* ---- nodes ---- */

/*
 * What is behind all open files of one disk: an inode of no file system, whose
 * mapping is the node's page cache. Freed with its last file.
 */
static struct super *bdev_super;

static int bdev_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct blkdev *bd = m->inode->priv;
	int first_err = 0;

	for (unsigned i = 0; i < n; i++) {
		uint64_t sector = pages[i]->index * (PAGE_SIZE / BLK_SECTOR);
		uint64_t have = sector < bd->sectors ? bd->sectors - sector : 0;
		size_t bytes =
			(size_t)MIN((uint64_t)PAGE_SIZE, have * BLK_SECTOR);
		char *va = page_to_va(pages[i]);
		int err = -ENXIO;

		if (bytes) {
			memset(va + bytes, 0, PAGE_SIZE - bytes);
			err = blk_rw(bd, BLK_READ, sector, va, bytes);
		}
		page_set_bits(pages[i], err ? PG_ERROR : PG_UPTODATE);
		page_unlock(pages[i]);
		if (err && !first_err)
			first_err = err;
	}
	return first_err;
}

static const struct mapping_ops bdev_mapping_ops = {
	.read_pages = bdev_read_pages,
};

static int bdev_super_make(void)
{
	static const struct fs_type bdev_type = { .name = "bdev" };
	static const struct super_ops no_ops;
	struct super *sb = super_alloc(&bdev_type, NULL), *none = NULL;

	if (!sb)
		return -ENOMEM;
	sb->ops = &no_ops;
	sb->refs = 1;
	sb->flags |= SUPER_KEEP;
	if (!__atomic_compare_exchange_n(&bdev_super, &none, sb, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		super_free(sb);
	return 0;
}

/* The inode of bd, kept in memory under its device number. */
static int bdev_inode(struct blkdev *bd, struct inode **out)
{
	struct inode *ip;
	bool fresh;
	int err = bdev_super ? 0 : bdev_super_make();

	if (!err)
		err = inode_lookup(bdev_super, bd->dev, &ip, &fresh);
	if (err)
		return err;
	if (fresh) {
		ip->mode = S_IFREG;
		ip->priv = bd;
		ip->size = (off_t)(bd->sectors * BLK_SECTOR);
		ip->mapping.ops = &bdev_mapping_ops;
		/* Goes, with its pages, when the last file is closed. */
		ip->nlink = 0;
		inode_unlock_new(ip);
	}
	*out = ip;
	return 0;
}

__attribute__((cold))
static int blkdev_open(struct inode *ip, struct file *f)
{
	struct blkdev *bd = blk_find_dev((uint32_t)ip->rdev);
	struct inode *bip;
	int err;

	if (!bd)
		return -ENXIO;
	if (f->writable && bd->read_only)
		return -EROFS;
	err = bdev_inode(bd, &bip);
	if (err)
		return err;
	f->priv = bip;
	return 0;
}

static void blkdev_release(struct file *f)
{
	inode_put(f->priv);
}

static ssize_t blkdev_read(struct file *f, struct uio *u, off_t pos)
{
	return pagecache_read(f->priv, f, u, pos);
}

static ssize_t blkdev_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *bip = f->priv;
	struct blkdev *bd = bip->priv;
	struct mapping *m = &bip->mapping;
	ssize_t done = 0;
	int err = 0;

	rwsem_write_lock(&bip->lock);
	while (u->resid && !err) {
		unsigned off = (unsigned)((uint64_t)*pos & PAGE_MASK);
		size_t want = MIN((size_t)PAGE_SIZE - off, u->resid), c;
		uint64_t index = (uint64_t)*pos >> PAGE_SHIFT;
		unsigned from, to;
		struct page *pg;

		if (*pos >= bip->size) {
			err = -ENOSPC;
			break;
		}
		want = MIN(want, (size_t)(bip->size - *pos));
		err = pagecache_get(m, index, &pg);
		if (err)
			break;
		c = uio_copy_from(u, (char *)page_to_va(pg) + off, want);
		if (c < want)
			err = -EFAULT;
		if (c) {
			/* The sectors that were touched. */
			from = off & ~(BLK_SECTOR - 1);
			to = (unsigned)round_up(off + c, BLK_SECTOR);
			int io = blk_rw(bd, BLK_WRITE,
					index * (PAGE_SIZE / BLK_SECTOR) +
						from / BLK_SECTOR,
					(char *)page_to_va(pg) + from,
					to - from);
			if (io) {
				err = io;
			} else {
				*pos += (off_t)c;
				done += (ssize_t)c;
			}
		}
		page_put(pg);
		if (host_fatal_signal_pending())
			break;
		resched_point();
	}
	rwsem_write_unlock(&bip->lock);
	return done ? done : err;
}

static off_t blkdev_seek(struct file *f, off_t off, int whence)
{
	struct inode *bip = f->priv;
	off_t base = whence == SEEK_CUR   ? f->pos
		     : whence == SEEK_END ? bip->size
					  : 0;

	if (whence < SEEK_SET || whence > SEEK_END)
		return -EINVAL;
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	return off < 0 ? -EINVAL : off;
}

__attribute__((cold))
static long blkdev_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct inode *bip = f->priv;
	struct blkdev *bd = bip->priv;
	uint64_t bytes = bd->sectors * BLK_SECTOR;
	uint32_t word;

	switch (cmd) {
	case BLKGETSIZE64:
		return host_copy_to_user(arg, &bytes, sizeof(bytes));
	case BLKGETSIZE:
		return host_copy_to_user(arg, &bd->sectors,
					 sizeof(bd->sectors));
	case BLKSSZGET:
		word = bd->block_size;
		return host_copy_to_user(arg, &word, sizeof(word));
	case BLKBSZGET:
		word = (uint32_t)PAGE_SIZE;
		return host_copy_to_user(arg, &word, sizeof(word));
	case BLKROGET:
		word = bd->read_only;
		return host_copy_to_user(arg, &word, sizeof(word));
	case BLKFLSBUF:
		return blk_flush(bd);
	default:
		return -ENOTTY;
	}
}

static int blkdev_fsync(struct file *f, bool data_only)
{
	struct inode *bip = f->priv;

	return blk_flush(bip->priv);
}

const struct file_ops blkdev_file_ops = {
	.open = blkdev_open,
	.release = blkdev_release,
	.read = blkdev_read,
	.write = blkdev_write,
	.ioctl = blkdev_ioctl,
	.fsync = blkdev_fsync,
	.seek = blkdev_seek,
};
