/*
 * System calls for the attributes of files and file systems, the current
 * directory, and mounts.
 */
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/statfs.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/pathname.h"
#include "kernel/proc.h"
#include "kernel/string.h"
#include "kernel/syscall.h"

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

/* With the real ids, as access(2) wants, on the way there, too; or, with
 * AT_EACCESS, with those that opening would go by. */
static int access_at(int dirfd, uaddr_t path, int mode, unsigned flags)
{
	struct thread *t = current_thread();
	struct cred as = t->proc->cred;
	struct name name;
	struct inode *ip;
	struct path p;
	int err;

	if (mode & ~(R_OK | W_OK | X_OK) ||
	    flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = name_get(&name, path);
	if (err)
		return err;
	if (!(flags & AT_EACCESS)) {
		as.fsuid = as.uid;
		as.fsgid = as.gid;
	}
	t->cred = &as;
	err = path_lookup(dirfd, name.s, walk_flags(flags), &p);
	t->cred = &t->proc->cred;
	name_put(&name);
	if (err)
		return err;
	ip = p.dentry->inode;
	if (mode) {
		if (mode & X_OK && S_ISREG(ip->mode) &&
		    p.mnt->flags & MS_NOEXEC)
			err = -EACCES;
		if (!err)
			err = inode_permission_for(&as, ip, mode);
		if (!err && mode & W_OK &&
		    (S_ISREG(ip->mode) || S_ISDIR(ip->mode) ||
		     S_ISLNK(ip->mode)))
			err = path_want_write(&p);
	}
	path_put(&p);
	return err;
}

SYSCALL3(faccessat, int, dirfd, uaddr_t, path, int, mode)
{
	return access_at(dirfd, path, mode, 0);
}

SYSCALL4(faccessat2, int, dirfd, uaddr_t, path, int, mode, unsigned, flags)
{
	return access_at(dirfd, path, mode, flags);
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
	bool by_fd;
	int err;

	if (times) {
		err = copy_from_user(ts, times, sizeof(ts));
		if (err)
			return err;
		/* Nothing to do, and so nothing to look at. */
		if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
			return 0;
	}
	/* No path: the open file dirfd, which futimens wants. */
	by_fd = !path && dirfd != AT_FDCWD;
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) ||
	    (by_fd && flags))
		return -EINVAL;
	err = by_fd ? path_of(dirfd, &p) : path_at(dirfd, path, flags, &p);
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
	if (S_ISREG(p.dentry->inode->mode))
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
	int err = name_get(&name, target);

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
	int err = name_get(&name, target);

	if (err)
		return err;
	err = vfs_umount(name.s, flags);
	name_put(&name);
	return err;
}
