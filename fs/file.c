/*
 * Open files: what read, write, lseek and their relations do before and after
 * the operations of a file's kind.
 *
 * A file that only this call can use (one reference, and a descriptor table
 * that no other thread shares) needs no lock for its position, which is the
 * common case and saves two lock operations a call.
 */
#include "fs/file.h"

#include "fs/fdtable.h"
#include "fs/flock.h"
#include "fs/namei.h"
#include "fs/pipe.h"
#include "fs/writeback.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"

/* One request moves at most this much, as on Linux. */
#define RW_MAX ((size_t)0x7ffff000)

static struct kmem_cache *file_cache;

/* Also inside the opens below, where it saves a call. */
static inline __attribute__((always_inline)) int file_make(struct file **out)
{
	struct file *f = kmem_cache_alloc(file_cache, GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	/* Field by field: half of what a memset of it all takes. */
	f->ops = NULL;
	f->inode = NULL;
	f->dentry = NULL;
	f->mnt = NULL;
	f->refs = 1;
	f->flags = 0;
	f->readable = false;
	f->writable = false;
	f->deny_write = false;
	f->pos = 0;
	f->ra_next = 0;
	f->ra_size = 0;
	f->priv = NULL;
	mutex_init(&f->pos_lock, "file_pos", RANK_RENAME);
	*out = f;
	return 0;
}

int file_alloc(struct file **out)
{
	int err = file_make(out);

	/* Who opens something sets these. */
	if (!err) {
		(*out)->wb_error_seq = 0;
		(*out)->sb_error_seq = 0;
	}
	return err;
}

static void file_free(struct file *f)
{
	kmem_cache_free(file_cache, f);
}

/* Counts a writer, or (step -1) somebody who wants none. */
static int writers_enter(struct inode *ip, int step)
{
	int32_t n = __atomic_load_n(&ip->writers, __ATOMIC_RELAXED);

	do {
		if (step > 0 ? n < 0 : n > 0)
			return -ETXTBSY;
	} while (!__atomic_compare_exchange_n(&ip->writers, &n, n + step, true,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_RELAXED));
	return 0;
}

static void writers_leave(struct inode *ip, int step)
{
	__atomic_fetch_sub(&ip->writers, step, __ATOMIC_RELEASE);
}

static void file_drop(struct file *f)
{
	struct inode *ip = f->inode;

	if (f->writable && S_ISREG(ip->mode))
		writers_leave(ip, 1);
	if (f->deny_write)
		writers_leave(ip, -1);
	/* The name holds the inode. */
	if (f->dentry)
		dentry_put(f->dentry);
	else
		inode_put(ip);
	/* Last: it may take the whole file system with it. */
	if (f->mnt)
		mount_put(f->mnt);
	file_free(f);
}

void file_put(struct file *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL))
		return;
	flock_forget(f->inode, f);
	if (f->ops && f->ops->release)
		f->ops->release(f);
	file_drop(f);
}

static inline int file_set_ops(struct file *f)
{
	struct inode *ip = f->inode;

	/* Files and directories have their file system's, and nothing else
	 * has any. */
	f->ops = ip->fops;
	if (f->ops)
		return 0;
	switch (ip->mode & S_IFMT) {
	case S_IFCHR:
		if (f->mnt && f->mnt->flags & MS_NODEV)
			return -EACCES;
		return chrdev_find(ip->rdev, &f->ops, &f->priv);
	case S_IFBLK:
		if (f->mnt && f->mnt->flags & MS_NODEV)
			return -EACCES;
		f->ops = &blkdev_file_ops;
		return 0;
	case S_IFIFO:
		f->ops = &fifo_file_ops;
		return 0;
	default:
		return -ENXIO;
	}
}

/* f has its inode; on failure that stays the caller's. */
static inline __attribute__((always_inline)) int file_open_rest(struct file *f,
								unsigned flags)
{
	struct inode *ip = f->inode;
	unsigned acc = flags & O_ACCMODE;
	int err;

	/* O_NOCTTY is for the open below alone. */
	f->flags = flags & ~(unsigned)(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
	if (flags & O_PATH) {
		static const struct file_ops none;

		f->flags &= ~(unsigned)O_NOCTTY;
		f->ops = &none;
		return 0;
	}
	/* The access mode 3 reads and writes nothing, for ioctl. */
	f->readable = acc == O_RDONLY || acc == O_RDWR;
	if (acc == O_WRONLY || acc == O_RDWR) {
		if (S_ISREG(ip->mode)) {
			err = writers_enter(ip, 1);
			if (err)
				return err;
		}
		f->writable = true;
	}
	writeback_open_file(f);
	err = file_set_ops(f);
	if (!err && f->ops->open)
		err = f->ops->open(ip, f);
	f->flags &= ~(unsigned)O_NOCTTY;
	if (err && f->writable && S_ISREG(ip->mode))
		writers_leave(ip, 1);
	return err;
}

int file_open_path(const struct path *path, unsigned flags, struct file **out)
{
	struct file *f;
	int err = file_make(&f);

	if (err)
		return err;
	f->inode = path->dentry->inode;
	f->dentry = path->dentry;
	f->mnt = path->mnt;
	err = file_open_rest(f, flags);
	if (err)
		file_free(f);
	else
		*out = f;
	return err;
}

int file_open_anon(struct inode *ip, const struct file_ops *ops, unsigned flags,
		   void *priv, struct file **out)
{
	struct file *f;
	int err = file_alloc(&f);

	if (err)
		return err;
	f->ops = ops;
	f->inode = ip;
	f->flags = flags;
	f->readable = (flags & O_ACCMODE) != O_WRONLY;
	f->writable = (flags & O_ACCMODE) != O_RDONLY;
	f->priv = priv;
	if (f->writable && S_ISREG(ip->mode))
		writers_enter(ip, 1);
	*out = f;
	return 0;
}

/* Must the position be locked? Streams have none. */
static inline bool pos_shared(const struct file *f)
{
	return !f->ops->stream && (f->refs != 1 || host_files()->refs != 1);
}

ssize_t file_read(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n;
	bool lock;

	if (!f->readable)
		return -EBADF;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!f->ops->read)
		return -EINVAL;
	if (pos) {
		if (f->ops->stream)
			return -ESPIPE;
		if (*pos < 0)
			return -EINVAL;
		n = f->ops->read(f, u, *pos);
		if (n > 0)
			*pos += n;
		return n;
	}
	if (f->ops->stream)
		return f->ops->read(f, u, -1);
	lock = pos_shared(f);
	if (lock)
		mutex_lock(&f->pos_lock);
	n = f->ops->read(f, u, f->pos);
	if (n > 0)
		f->pos += n;
	if (lock)
		mutex_unlock(&f->pos_lock);
	return n;
}

/* Cuts a write of a regular file at the limits; 0 or -EFBIG. */
static int write_limit(struct file *f, struct uio *u, off_t pos)
{
	uint64_t limit = host_file_size_limit(),
		 max = f->inode->sb->max_file_size;

	if (f->flags & O_APPEND)
		pos = READ_ONCE(f->inode->size);
	if ((uint64_t)pos >= limit && u->resid) {
		host_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	limit = MIN(limit, max);
	if ((uint64_t)pos >= limit && u->resid)
		return -EFBIG;
	if (u->resid > limit - (uint64_t)pos)
		u->resid = limit - (uint64_t)pos;
	return 0;
}

ssize_t file_write(struct file *f, struct uio *u, off_t *pos)
{
	off_t none = -1;
	ssize_t n;
	bool lock;

	if (!f->writable)
		return -EBADF;
	if (!f->ops->write)
		return -EINVAL;
	if (f->ops->stream) {
		if (pos)
			return -ESPIPE;
		return f->ops->write(f, u, &none);
	}
	if (pos && *pos < 0)
		return -EINVAL;
	lock = !pos && pos_shared(f);
	if (lock)
		mutex_lock(&f->pos_lock);
	if (!pos)
		pos = &f->pos;
	n = 0;
	if (S_ISREG(f->inode->mode))
		n = write_limit(f, u, *pos);
	if (!n)
		n = f->ops->write(f, u, pos);
	if (lock)
		mutex_unlock(&f->pos_lock);
	if (n > 0 && f->flags & (O_DSYNC | O_SYNC) && f->ops->fsync) {
		int err = f->ops->fsync(f, (f->flags & O_SYNC) != O_SYNC);

		if (err)
			return err;
	}
	return n;
}

static off_t seek_generic(struct file *f, off_t off, int whence)
{
	off_t base, size = READ_ONCE(f->inode->size);

	switch (whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = f->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		/* All is data, with a hole behind the end. */
		if (off < 0 || off >= size)
			return -ENXIO;
		return whence == SEEK_DATA ? off : size;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	return off < 0 ? -EINVAL : off;
}

off_t file_seek(struct file *f, off_t off, int whence)
{
	bool lock;

	if (f->flags & O_PATH)
		return -EBADF;
	if (f->ops->stream)
		return -ESPIPE;
	lock = pos_shared(f);
	if (lock)
		mutex_lock(&f->pos_lock);
	off = f->ops->seek ? f->ops->seek(f, off, whence)
			   : seek_generic(f, off, whence);
	if (off >= 0)
		f->pos = off;
	if (lock)
		mutex_unlock(&f->pos_lock);
	return off;
}

int file_iterate(struct file *f, struct dir_context *c)
{
	struct inode *dir = f->inode;
	bool lock = pos_shared(f);
	off_t pos;
	int err;

	if (f->flags & O_PATH)
		return -EBADF;
	if (!S_ISDIR(dir->mode) || !f->ops->iterate)
		return -ENOTDIR;
	if (lock)
		mutex_lock(&f->pos_lock);
	pos = f->pos;
	rwsem_read_lock(&dir->lock);
	err = -ENOENT;
	if (dir->nlink)
		err = f->ops->iterate(f, c, &pos);
	rwsem_read_unlock(&dir->lock);
	if (!err && c->deliver)
		err = c->deliver(c);
	if (!err)
		f->pos = pos;
	if (lock)
		mutex_unlock(&f->pos_lock);
	if (!err)
		inode_touch_atime(dir);
	return err;
}

int file_fsync(struct file *f, bool data_only)
{
	if (f->flags & O_PATH)
		return -EBADF;
	if (f->ops->fsync)
		return f->ops->fsync(f, data_only);
	/* Nothing is behind a memory file; a stream cannot be synced. */
	if (S_ISREG(f->inode->mode) || S_ISDIR(f->inode->mode))
		return 0;
	return -EINVAL;
}

int file_syncfs(struct file *f)
{
	struct super *sb = f->inode->sb;
	int err = 0, e;

	if (f->flags & O_PATH)
		return -EBADF;
	/* One that can only be read says how that came. */
	if (sb->ops && sb->ops->sync)
		err = sb->ops->sync(sb, true);
	e = writeback_check_super(f);
	return err ? err : e;
}

int file_truncate(struct file *f, off_t size)
{
	struct path p = { f->mnt, f->dentry };

	if (size < 0)
		return -EINVAL;
	if (f->flags & O_PATH)
		return -EBADF;
	if (!f->writable || !S_ISREG(f->inode->mode))
		return -EINVAL;
	return vfs_truncate(&p, f->inode, size);
}

int file_fallocate(struct file *f, int mode, off_t off, off_t len)
{
	off_t end;
	int err;

	if (off < 0 || len <= 0)
		return -EINVAL;
	if (f->flags & O_PATH || !f->writable)
		return -EBADF;
	if (f->ops->stream)
		return -ESPIPE;
	if (S_ISDIR(f->inode->mode))
		return -EISDIR;
	if (!S_ISREG(f->inode->mode))
		return -ENODEV;
	if (mode & FALLOC_FL_PUNCH_HOLE && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (__builtin_add_overflow(off, len, &end) ||
	    (uint64_t)end > f->inode->sb->max_file_size)
		return -EFBIG;
	if (!(mode & FALLOC_FL_KEEP_SIZE) &&
	    (uint64_t)end > host_file_size_limit()) {
		host_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	if (!f->ops->fallocate)
		return -EOPNOTSUPP;
	err = f->ops->fallocate(f, mode, off, len);
	return err;
}

unsigned file_poll(struct file *f, struct poll_table *t)
{
	if (f->flags & O_PATH)
		return POLLNVAL;
	if (f->ops->poll)
		return f->ops->poll(f, t);
	return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

ssize_t file_send(struct file *out, struct file *in, off_t *in_pos, size_t n)
{
	ssize_t done = 0;
	char *buf;

	if (!in->readable || !out->writable)
		return -EBADF;
	if (in->ops->stream && in_pos)
		return -ESPIPE;
	if (!S_ISREG(in->inode->mode) && !S_ISBLK(in->inode->mode))
		return -EINVAL;
	if (out->flags & O_APPEND)
		return -EINVAL;
	buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	n = MIN(n, RW_MAX);
	while (n) {
		size_t chunk = MIN(n, (size_t)PAGE_SIZE);
		off_t pos = in_pos ? *in_pos : in->pos;
		ssize_t got = file_read_kernel(in, buf, chunk, pos), put;
		struct iovec iov;
		struct uio u;

		if (got <= 0) {
			if (!done)
				done = got;
			break;
		}
		uio_init_kernel(&u, &iov, buf, (size_t)got);
		put = file_write(out, &u, NULL);
		if (put < 0) {
			if (!done)
				done = put;
			break;
		}
		/* Only what went out was read. */
		if (in_pos)
			*in_pos = pos + put;
		else
			in->pos = pos + put;
		done += put;
		n -= (size_t)put;
		if (put < got || host_signal_pending())
			break;
		resched_point();
	}
	kfree(buf);
	return done;
}

int file_open_exec(int dirfd, const char *name, unsigned at_flags,
		   struct file **out)
{
	unsigned walk = 0;
	struct path p;
	struct inode *ip;
	int err;

	if (at_flags & AT_SYMLINK_NOFOLLOW)
		walk |= WALK_NOFOLLOW;
	if (at_flags & AT_EMPTY_PATH)
		walk |= WALK_EMPTY;
	err = path_lookup(dirfd, name, walk, &p);
	if (err)
		return err;
	ip = p.dentry->inode;
	err = -EACCES;
	if (S_ISLNK(ip->mode))
		err = -ELOOP;
	else if (S_ISREG(ip->mode) && !(p.mnt->flags & MS_NOEXEC))
		err = inode_permission(ip, 1);
	if (!err)
		err = writers_enter(ip, -1);
	if (err)
		goto put;
	err = file_open_path(&p, O_RDONLY, out);
	if (!err) {
		(*out)->deny_write = true;
		return 0;
	}
	writers_leave(ip, -1);
put:
	path_put(&p);
	return err;
}

ssize_t file_read_kernel(struct file *f, void *buf, size_t n, off_t pos)
{
	struct iovec iov;
	struct uio u;
	size_t done = 0;

	if (!f->ops->read)
		return -EINVAL;
	while (done < n) {
		ssize_t got;

		uio_init_kernel(&u, &iov, (char *)buf + done, n - done);
		got = f->ops->read(f, &u, pos + (off_t)done);
		if (got < 0)
			return done ? (ssize_t)done : got;
		if (!got)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

ssize_t file_write_kernel(struct file *f, const void *buf, size_t n, off_t *pos)
{
	struct iovec iov;
	struct uio u;

	uio_init_kernel(&u, &iov, (void *)(uintptr_t)buf, n);
	return file_write(f, &u, pos);
}

size_t uio_zero_to(struct uio *u, size_t n)
{
	/* Never written; not const, or the image would have them. */
	static char zeroes[4096] __attribute__((aligned(64)));
	size_t done = 0;

	while (done < n) {
		size_t want = MIN(n - done, sizeof(zeroes));
		size_t c = uio_copy_to(u, zeroes, want);

		done += c;
		if (c < want)
			break;
	}
	return done;
}

ssize_t file_name(struct file *f, char *buf, size_t size, char **out)
{
	struct path p = { f->mnt, f->dentry };
	const char *kind = S_ISFIFO(f->inode->mode) ? "pipe" : "anon";
	int n;

	if (p.mnt && p.dentry && p.mnt->root->sb->flags & SUPER_NAMELESS)
		p.dentry = NULL;
	if (p.mnt && p.dentry)
		return path_name(&p, &host_fs()->root, buf, size, true, out);
	if (p.dentry)
		n = snprintf(buf, size, "%s", p.dentry->name);
	else
		n = snprintf(buf, size, "%s:[%llu]", kind,
			     (unsigned long long)f->inode->ino);
	*out = buf;
	return (size_t)n < size ? n : -ENAMETOOLONG;
}

void file_init(void)
{
	file_cache = kmem_cache_create("file", sizeof(struct file), 0);
	if (!file_cache)
		panic("file: no memory");
}
