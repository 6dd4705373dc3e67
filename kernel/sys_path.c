/*
 * System calls that take path names. A name is copied into the kernel first:
 * short ones into the stack frame, longer ones (up to 4095 bytes) into a page.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/statfs.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

struct name {
	char *s;
	char small[176];
};

static inline int name_get(struct name *n, uaddr_t user)
{
	long len = strncpy_from_user(n->small, user, sizeof(n->small));

	n->s = n->small;
	if (__builtin_expect(len != -ENAMETOOLONG, 1))
		return len < 0 ? (int)len : 0;
	n->s = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!n->s)
		return -ENOMEM;
	len = strncpy_from_user(n->s, user, PATH_MAX);
	if (len < 0) {
		kfree(n->s);
		return (int)len;
	}
	return 0;
}

static inline void name_put(struct name *n)
{
	if (n->s != n->small)
		kfree(n->s);
}

/* ---- open ---- */

SYSCALL4(openat, int, dirfd, uaddr_t, path, unsigned, flags, mode_t, mode)
{
	struct fdtable *t = host_files();
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

SYSCALL3(symlinkat, uaddr_t, target, int, dirfd, uaddr_t, path)
{
	struct name to, name;
	int err = name_get(&to, target);

	if (err)
		return err;
	err = name_get(&name, path);
	if (!err) {
		err = vfs_symlink(to.s, dirfd, name.s);
		name_put(&name);
	}
	name_put(&to);
	return err;
}

SYSCALL5(linkat, int, olddirfd, uaddr_t, oldpath, int, newdirfd, uaddr_t,
	 newpath, unsigned, flags)
{
	struct name old, new;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = name_get(&old, oldpath);
	if (err)
		return err;
	err = name_get(&new, newpath);
	if (!err) {
		err = vfs_link(olddirfd, old.s, newdirfd, new.s, flags);
		name_put(&new);
	}
	name_put(&old);
	return err;
}

SYSCALL5(renameat2, int, olddirfd, uaddr_t, oldpath, int, newdirfd, uaddr_t,
	 newpath, unsigned, flags)
{
	struct name old, new;
	int err = name_get(&old, oldpath);

	if (err)
		return err;
	err = name_get(&new, newpath);
	if (!err) {
		err = vfs_rename(olddirfd, old.s, newdirfd, new.s, flags);
		name_put(&new);
	}
	name_put(&old);
	return err;
}

SYSCALL4(readlinkat, int, dirfd, uaddr_t, path, uaddr_t, buf, int, size)
{
	struct name name;
	char *text;
	ssize_t n;
	int err;

	if (size <= 0)
		return -EINVAL;
	err = name_get(&name, path);
	if (err)
		return err;
	n = -ENOMEM;
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (text) {
		n = vfs_readlink(dirfd, name.s, text, PATH_MAX);
		n = MIN(n, (ssize_t)size);
		if (n > 0 && copy_to_user(buf, text, (size_t)n))
			n = -EFAULT;
		kfree(text);
	}
	name_put(&name);
	return n;
}

/* ---- what is known about a name ---- */

static unsigned walk_flags(unsigned at)
{
	return (at & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
	       (at & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

/*
 * What dirfd, path and flags name. With an empty path (AT_EMPTY_PATH) that is
 * the open file itself, which may have no name.
 */
struct target {
	struct inode *ip;
	struct path path; /* or mnt NULL, and */
	struct fdref file;
};

static inline int target_get(struct target *t, int dirfd, uaddr_t path,
			     unsigned at)
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
	x->stx_blocks = READ_ONCE(ip->blocks) +
			(uint64_t)READ_ONCE(ip->promised) *
				(ip->sb->block_size / 512);
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

static int statfs_out(struct super *sb, unsigned mount_flags, uaddr_t buf)
{
	struct statfs st;
	int err = 0;

	memset(&st, 0, sizeof(st));
	st.f_bsize = sb->block_size;
	st.f_frsize = sb->block_size;
	st.f_namelen = NAME_MAX;
	st.f_fsid.val[0] = (int32_t)sb->dev;
	if (sb->ops->statfs)
		err = sb->ops->statfs(sb, &st);
	if (err)
		return err;
	/* The bits of ST_ are those of MS_. */
	st.f_flags = (int64_t)(mount_flags & 0x1fu) | ABI_ST_VALID;
	if (sb->read_only)
		st.f_flags |= ST_RDONLY;
	return copy_to_user(buf, &st, sizeof(st));
}

SYSCALL2(statfs, uaddr_t, path, uaddr_t, buf)
{
	struct name name;
	struct path p;
	int err = name_get(&name, path);

	if (err)
		return err;
	err = path_lookup(AT_FDCWD, name.s, 0, &p);
	name_put(&name);
	if (err)
		return err;
	err = statfs_out(p.dentry->sb, p.mnt->flags, buf);
	path_put(&p);
	return err;
}

SYSCALL2(fstatfs, int, fd, uaddr_t, buf)
{
	struct fdref r = fd_ref(fd);
	int err;

	if (!r.file)
		return -EBADF;
	err = statfs_out(r.file->inode->sb,
			 r.file->mnt ? r.file->mnt->flags : 0, buf);
	fd_unref(r);
	return err;
}

/* With the real ids, as access(2) wants, not the effective ones. */
SYSCALL3(faccessat, int, dirfd, uaddr_t, path, int, mode)
{
	struct name name;
	struct inode *ip;
	struct cred real;
	struct path p;
	int err;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	err = name_get(&name, path);
	if (err)
		return err;
	err = path_lookup(dirfd, name.s, 0, &p);
	name_put(&name);
	if (err)
		return err;
	ip = p.dentry->inode;
	if (mode) {
		real = *host_cred();
		real.fsuid = real.uid;
		real.fsgid = real.gid;
		if (mode & X_OK && S_ISREG(ip->mode) &&
		    p.mnt->flags & MS_NOEXEC)
			err = -EACCES;
		if (!err)
			err = inode_permission_for(&real, ip, mode);
		if (!err && mode & W_OK &&
		    (S_ISREG(ip->mode) || S_ISDIR(ip->mode) ||
		     S_ISLNK(ip->mode)))
			err = path_want_write(&p);
	}
	path_put(&p);
	return err;
}

/* ---- attributes ---- */

/* A place by name, or an open file's; with the walk's flags. */
static int path_at(int dirfd, uaddr_t path, unsigned at, struct path *out)
{
	struct name name;
	int err = name_get(&name, path);

	if (err)
		return err;
	err = path_lookup(dirfd, name.s, walk_flags(at), out);
	name_put(&name);
	return err;
}

/* Of a descriptor; -EBADF also for O_PATH. Files without a name have no
 * attributes that one could change. */
static int path_of(int fd, struct path *out)
{
	struct fdref r = fd_ref(fd);
	int err = 0;

	if (!r.file)
		return -EBADF;
	if (r.file->flags & O_PATH) {
		err = -EBADF;
	} else if (!r.file->dentry) {
		err = -EPERM;
	} else {
		out->mnt = r.file->mnt;
		out->dentry = r.file->dentry;
		path_get(out);
	}
	fd_unref(r);
	return err;
}

SYSCALL2(fchmod, int, fd, mode_t, mode)
{
	struct path p;
	int err = path_of(fd, &p);

	if (err)
		return err;
	err = vfs_chmod(&p, mode);
	path_put(&p);
	return err;
}

SYSCALL3(fchmodat, int, dirfd, uaddr_t, path, mode_t, mode)
{
	struct path p;
	int err = path_at(dirfd, path, 0, &p);

	if (err)
		return err;
	err = vfs_chmod(&p, mode);
	path_put(&p);
	return err;
}

SYSCALL5(fchownat, int, dirfd, uaddr_t, path, uid_t, uid, gid_t, gid, unsigned,
	 flags)
{
	struct path p;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = path_at(dirfd, path, flags, &p);
	if (err)
		return err;
	err = vfs_chown(&p, uid, gid);
	path_put(&p);
	return err;
}

SYSCALL3(fchown, int, fd, uid_t, uid, gid_t, gid)
{
	struct path p;
	int err = path_of(fd, &p);

	if (err)
		return err;
	err = vfs_chown(&p, uid, gid);
	path_put(&p);
	return err;
}

SYSCALL4(utimensat, int, dirfd, uaddr_t, path, uaddr_t, times, unsigned, flags)
{
	struct timespec ts[2];
	struct path p;
	int err;

	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times) {
		err = copy_from_user(ts, times, sizeof(ts));
		if (err)
			return err;
	}
	/* No path: the open file dirfd, which futimens wants. */
	err = path ? path_at(dirfd, path, flags, &p) : path_of(dirfd, &p);
	if (err)
		return err;
	err = vfs_utimes(&p, times ? ts : NULL);
	path_put(&p);
	return err;
}

SYSCALL2(truncate, uaddr_t, path, off_t, size)
{
	struct path p;
	int err;

	if (size < 0)
		return -EINVAL;
	err = path_at(AT_FDCWD, path, 0, &p);
	if (err)
		return err;
	err = 0;
	if (!S_ISDIR(p.dentry->inode->mode))
		err = inode_permission(p.dentry->inode, 2);
	if (!err)
		err = vfs_truncate(&p, p.dentry->inode, size);
	path_put(&p);
	return err;
}

/* ---- the current directory ---- */

SYSCALL1(chdir, uaddr_t, path)
{
	struct name name;
	struct path p;
	int err = name_get(&name, path);

	if (err)
		return err;
	err = path_lookup(AT_FDCWD, name.s, WALK_DIRECTORY, &p);
	name_put(&name);
	if (err)
		return err;
	err = vfs_chdir(&p);
	path_put(&p);
	return err;
}

SYSCALL1(fchdir, int, fd)
{
	struct fdref r = fd_ref(fd);
	struct path p;
	int err = -ENOTDIR;

	if (!r.file)
		return -EBADF;
	if (r.file->dentry) {
		p.mnt = r.file->mnt;
		p.dentry = r.file->dentry;
		err = vfs_chdir(&p);
	}
	fd_unref(r);
	return err;
}

SYSCALL2(getcwd, uaddr_t, buf, size_t, size)
{
	struct fs_context *fs = host_fs();
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *s;
	struct path cwd;
	ssize_t n;

	if (!page)
		return -ENOMEM;
	spin_lock(&fs->lock);
	cwd = fs->cwd;
	path_get(&cwd);
	spin_unlock(&fs->lock);
	n = path_name(&cwd, &fs->root, page, PATH_MAX, false, &s);
	path_put(&cwd);
	if (n >= 0) {
		n++; /* the NUL counts */
		if ((size_t)n > size)
			n = -ERANGE;
		else if (copy_to_user(buf, s, (size_t)n))
			n = -EFAULT;
	}
	kfree(page);
	return n;
}

SYSCALL1(umask, mode_t, mask)
{
	struct fs_context *fs = host_fs();
	mode_t old;

	spin_lock(&fs->lock);
	old = fs->umask;
	fs->umask = mask & 0777;
	spin_unlock(&fs->lock);
	return (long)old;
}

/* ---- mounts ---- */

/* An optional string of at most a page, or NULL. */
static int string_get(uaddr_t user, char **out)
{
	long n;

	*out = NULL;
	if (!user)
		return 0;
	*out = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!*out)
		return -ENOMEM;
	n = strncpy_from_user(*out, user, PATH_MAX);
	return n < 0 ? (int)n : 0;
}

SYSCALL5(mount, uaddr_t, source, uaddr_t, target, uaddr_t, type, uint64_t,
	 flags, uaddr_t, data)
{
	char *src = NULL, *opts = NULL, *kind = NULL;
	struct name name;
	int err;

	if (host_cred()->euid)
		return -EPERM;
	err = name_get(&name, target);
	if (err)
		return err;
	err = string_get(type, &kind);
	if (!err)
		err = string_get(source, &src);
	if (!err)
		err = string_get(data, &opts);
	if (!err)
		err = vfs_mount(src, name.s, kind, (unsigned)flags, opts);
	kfree(kind);
	kfree(src);
	kfree(opts);
	name_put(&name);
	return err;
}

SYSCALL2(umount2, uaddr_t, target, unsigned, flags)
{
	struct name name;
	int err;

	if (host_cred()->euid)
		return -EPERM;
	err = name_get(&name, target);
	if (err)
		return err;
	err = vfs_umount(name.s, flags);
	name_put(&name);
	return err;
}
