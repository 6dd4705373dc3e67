/*
 * The system calls on path names that programs live by: open, make, remove,
 * look. Links are in sys_link.c, what else a name has in sys_attr.c.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/mm/usercopy.h"
#include "kernel/pathname.h"
#include "kernel/proc.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

/* ---- open ---- */

SYSCALL4(openat, int, dirfd, uaddr_t, path, unsigned, flags, mode_t, mode)
{
	struct fdtable *t = current_files();
	struct name name;
	struct file *f;
	int fd, err;

	err = name_get(&name, path);
	if (err)
		return err;
	fd = fd_alloc(t, 0, flags & O_CLOEXEC);
	if (fd >= 0) {
		err = vfs_open(dirfd, name.s, flags, mode, &f);
		if (err) {
			fd_release(t, fd);
			fd = err;
		} else {
			fd_install(t, fd, f);
		}
	}
	name_put(&name);
	return fd;
}

/* ---- making and removing names ---- */

SYSCALL4(mknodat, int, dirfd, uaddr_t, path, mode_t, mode, unsigned, dev)
{
	struct name name;
	int err = name_get(&name, path);

	if (err)
		return err;
	err = vfs_mknod(dirfd, name.s, mode, dev);
	name_put(&name);
	return err;
}

SYSCALL3(mkdirat, int, dirfd, uaddr_t, path, mode_t, mode)
{
	struct name name;
	int err = name_get(&name, path);

	if (err)
		return err;
	err = vfs_mkdir(dirfd, name.s, mode);
	name_put(&name);
	return err;
}

SYSCALL3(unlinkat, int, dirfd, uaddr_t, path, unsigned, flags)
{
	struct name name;
	int err;

	if (flags & ~(unsigned)AT_REMOVEDIR)
		return -EINVAL;
	err = name_get(&name, path);
	if (err)
		return err;
	err = vfs_unlink(dirfd, name.s, flags & AT_REMOVEDIR);
	name_put(&name);
	return err;
}

/* ---- what is known about a name ---- */

/*
 * What dirfd, path and flags name. With an empty path (AT_EMPTY_PATH) that is
 * the open file itself, which may have no name.
 */
struct target {
	struct inode *ip;
	struct path path; /* or mnt NULL, and */
	struct fdref file;
};

static inline __attribute__((always_inline)) int
target_get(struct target *t, int dirfd, uaddr_t path, unsigned at)
{
	struct name name;
	int err = name_get(&name, path);

	if (err)
		return err;
	t->path.mnt = NULL;
	if (!*name.s && at & AT_EMPTY_PATH && dirfd != AT_FDCWD) {
		t->file = fd_ref(dirfd);
		if (!t->file.file)
			return -EBADF;
		t->ip = t->file.file->inode;
		return 0;
	}
	err = path_lookup(dirfd, name.s, walk_flags(at), &t->path);
	name_put(&name);
	if (!err)
		t->ip = t->path.dentry->inode;
	return err;
}

static inline void target_put(struct target *t)
{
	if (t->path.mnt)
		path_put(&t->path);
	else
		fd_unref(t->file);
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)

SYSCALL4(newfstatat, int, dirfd, uaddr_t, path, uaddr_t, buf, unsigned, flags)
{
	struct target t;
	struct stat st;
	int err;

	if (flags & ~(unsigned)STAT_FLAGS)
		return -EINVAL;
	err = target_get(&t, dirfd, path, flags);
	if (err)
		return err;
	inode_fill_stat(t.ip, &st);
	target_put(&t);
	return copy_to_user(buf, &st, sizeof(st));
}

static void statx_time(struct statx_timestamp *to, const struct timespec *ts)
{
	to->tv_sec = ts->tv_sec;
	to->tv_nsec = (uint32_t)ts->tv_nsec;
	to->tv_pad = 0;
}

static void statx_fill(struct statx *x, struct inode *ip)
{
	memset(x, 0, sizeof(*x));
	x->stx_mask = STATX_BASIC_STATS;
	x->stx_blksize = ip->sb->block_size;
	x->stx_nlink = ip->nlink;
	x->stx_uid = ip->uid;
	x->stx_gid = ip->gid;
	x->stx_mode = (uint16_t)ip->mode;
	x->stx_ino = ip->ino;
	x->stx_size = (uint64_t)READ_ONCE(ip->size);
	x->stx_blocks =
		READ_ONCE(ip->blocks) +
		(uint64_t)READ_ONCE(ip->promised) * (ip->sb->block_size / 512);
	statx_time(&x->stx_atime, &ip->atime);
	statx_time(&x->stx_ctime, &ip->ctime);
	statx_time(&x->stx_mtime, &ip->mtime);
	if (ip->btime.tv_sec || ip->btime.tv_nsec) {
		statx_time(&x->stx_btime, &ip->btime);
		x->stx_mask |= STATX_BTIME;
	}
	x->stx_rdev_major = ABI_DEV_MAJOR(ip->rdev);
	x->stx_rdev_minor = ABI_DEV_MINOR(ip->rdev);
	x->stx_dev_major = ABI_DEV_MAJOR(ip->sb->dev);
	x->stx_dev_minor = ABI_DEV_MINOR(ip->sb->dev);
}

SYSCALL5(statx, int, dirfd, uaddr_t, path, unsigned, flags, unsigned, mask,
	 uaddr_t, buf)
{
	struct target t;
	struct statx x;
	int err;

	if (mask & STATX_RESERVED ||
	    flags & ~(unsigned)(STAT_FLAGS | AT_STATX_SYNC_TYPE) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = target_get(&t, dirfd, path, flags);
	if (err)
		return err;
	statx_fill(&x, t.ip);
	target_put(&t);
	return copy_to_user(buf, &x, sizeof(x));
}
