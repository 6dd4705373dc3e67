/*
 * The path walk, and the calls that make, remove and move names.
 *
 * A walk goes from directory to directory along the names, holding a
 * reference to where it stands and no lock. A symbolic link on the way is
 * replaced by its text in front of what is left of the path, in a new buffer,
 * so there is no recursion and 40 links cost no stack.
 *
 * Calls that change a directory walk to the parent and take its lock for
 * writing; only then is the last name looked up, so what is decided about it
 * stays true. The order of the checks decides which error a program sees when
 * several things are wrong; it is Linux's.
 */
#include "fs/walk.h"

#include "fs/fdtable.h"
#include "fs/file.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/signal.h"

/* A walk that begins at neither the root nor the current directory. */
int walk_begin_at(struct walk *w, int dirfd)
{
	struct fdref r = fd_ref(dirfd);
	int err = 0;

	if (!r.file)
		return -EBADF;
	if (!r.file->dentry || !S_ISDIR(r.file->inode->mode)) {
		err = -ENOTDIR;
	} else {
		w->path.mnt = r.file->mnt;
		w->path.dentry = r.file->dentry;
		path_get(&w->path);
	}
	fd_unref(r);
	return err;
}

static inline int may_search(const struct walk *w, const struct inode *dir)
{
	if (!S_ISDIR(dir->mode))
		return -ENOTDIR;
	return w->cred->fsuid ? inode_permission_for(w->cred, dir, 1) : 0;
}

/* To the parent, not above the root of the process. */
static void walk_up(struct walk *w)
{
	struct path *p = &w->path;
	struct dentry *up;

	for (;;) {
		if (p->dentry == w->root->dentry && p->mnt == w->root->mnt)
			break;
		if (p->dentry == p->mnt->root) {
			if (!mount_ascend(p))
				break;
			continue;
		}
		spin_lock(&dcache_move_lock);
		up = p->dentry->parent;
		dentry_get(up);
		spin_unlock(&dcache_move_lock);
		dentry_put(p->dentry);
		p->dentry = up;
		break;
	}
	mount_follow(p);
}

/* Goes to d, whose reference it takes over. */
static inline void walk_to(struct walk *w, struct dentry *d)
{
	struct dentry *old = w->path.dentry;

	w->path.dentry = d;
	dentry_put(old);
	if (__builtin_expect(d->flags & DENTRY_MOUNTED, 0))
		mount_follow(&w->path);
}

/*
 * Puts the text of the link d in front of what is left (rest). Afterwards the
 * walk stands where the text begins. Takes over d's reference.
 */
static int walk_link(struct walk *w, struct dentry *d, const char *rest)
{
	struct inode *ip = d->inode;
	size_t left = strlen(rest), room;
	struct path to;
	char *buf;
	ssize_t n;
	int err = -ELOOP;

	if (++w->links > SYMLOOP_MAX)
		goto put;
	room = ip->size > 0 && ip->size < PATH_MAX ? (size_t)ip->size
						   : PATH_MAX;
	err = -ENOMEM;
	buf = kmalloc(room + left + 2, GFP_KERNEL);
	if (!buf)
		goto put;
	if (ip->ops->follow) {
		err = ip->ops->follow(ip, &to);
		if (err) {
			kfree(buf);
			goto put;
		}
		path_put(&w->path);
		w->path = to;
		w->jumped = true;
		n = 0;
	} else {
		err = -EINVAL;
		n = ip->ops->readlink ? ip->ops->readlink(ip, buf, room) : err;
		if (n <= 0) {
			err = n ? (int)n : -ENOENT;
			kfree(buf);
			goto put;
		}
		if (buf[0] == '/') {
			path_put(&w->path);
			w->path = *w->root;
			path_get(&w->path);
		}
		if (left)
			buf[n++] = '/';
	}
	memcpy(buf + n, rest, left + 1);
	/* rest may lie in the old buffer. */
	if (w->buf)
		kfree(w->buf);
	w->buf = buf;
	w->rest = buf;
	err = 0;
put:
	dentry_put(d);
	return err;
}

int walk(struct walk *w, enum walk_end end)
{
	bool must_dir = false, last;
	const char *s = w->rest;

restart:
	while (*s == '/')
		s++;
	if (!*s) {
		/* The root, or where a link led that was all. */
		w->type = LAST_ROOT;
		w->last_slash = false;
		goto done;
	}
	for (;;) {
		struct dentry *dir = w->path.dentry, *d;
		int err = may_search(w, dir->inode);

		if (__builtin_expect(err, 0))
			return err;
		s = name_key_scan(&w->key, s);
		if (__builtin_expect(!s, 0))
			return -ENAMETOOLONG;
		last = true;
		w->last_slash = false;
		if (*s) {
			while (*++s == '/')
				;
			last = !*s;
			w->last_slash = last;
		}
		if (__builtin_expect((unsigned char)w->key.w[0] == '.', 0) &&
		    (w->key.len == 1 ||
		     (w->key.len == 2 && w->key.s[1] == '.'))) {
			w->type = w->key.len == 1 ? LAST_DOT : LAST_DOTDOT;
			if (last && end == WALK_PARENT)
				return 0;
			if (w->type == LAST_DOTDOT)
				walk_up(w);
			if (last)
				goto done;
			continue;
		}
		if (last) {
			w->type = LAST_NORM;
			if (end == WALK_PARENT)
				return 0;
		}
		d = dcache_find(dir, &w->key);
		if (__builtin_expect(!d, 0)) {
			err = dcache_lookup(dir, &w->key, false, &d);
			if (err)
				return err;
		}
		if (__builtin_expect(dentry_negative(d), 0)) {
			dentry_put(d);
			return -ENOENT;
		}
		if (__builtin_expect(S_ISLNK(d->inode->mode), 0) &&
		    (!last || end == WALK_TARGET || w->last_slash)) {
			/* A slash behind it is asked of what it leads to. */
			must_dir |= w->last_slash;
			err = walk_link(w, d, s);
			if (err)
				return err;
			s = w->rest;
			goto restart;
		}
		walk_to(w, d);
		if (last)
			break;
	}
	must_dir |= w->last_slash;
done:
	if (__builtin_expect(must_dir, 0) && end != WALK_PARENT &&
	    !S_ISDIR(w->path.dentry->inode->mode))
		return -ENOTDIR;
	return 0;
}

/* Where dirfd itself is. */
static int path_of_fd(int dirfd, struct path *out)
{
	struct fs_context *fs = host_fs();
	struct fdref r;
	int err = 0;

	if (dirfd == AT_FDCWD) {
		spin_lock(&fs->lock);
		*out = fs->cwd;
		path_get(out);
		spin_unlock(&fs->lock);
		return 0;
	}
	r = fd_ref(dirfd);
	if (!r.file)
		return -EBADF;
	if (r.file->dentry) {
		out->mnt = r.file->mnt;
		out->dentry = r.file->dentry;
		path_get(out);
	} else {
		err = -ENOENT;
	}
	fd_unref(r);
	return err;
}

int path_lookup(int dirfd, const char *name, unsigned flags, struct path *out)
{
	struct walk w;
	int err;

	if (!*name && flags & WALK_EMPTY) {
		err = path_of_fd(dirfd, out);
		if (err)
			return err;
		if (flags & WALK_DIRECTORY &&
		    !S_ISDIR(out->dentry->inode->mode)) {
			path_put(out);
			return -ENOTDIR;
		}
		return 0;
	}
	err = walk_begin(&w, dirfd, name);
	if (err)
		return err;
	err = walk(&w, flags & WALK_NOFOLLOW ? WALK_LINK : WALK_TARGET);
	if (!err && flags & WALK_DIRECTORY &&
	    !S_ISDIR(w.path.dentry->inode->mode))
		err = -ENOTDIR;
	if (err) {
		walk_end(&w);
		return err;
	}
	if (w.buf)
		kfree(w.buf);
	*out = w.path;
	return 0;
}

int path_want_write(const struct path *p)
{
	if (p->mnt && p->mnt->flags & MS_RDONLY)
		return -EROFS;
	return p->dentry->sb->read_only ? -EROFS : 0;
}

/* ---- open ---- */

static int open_truncate(const struct path *p, struct inode *ip)
{
	int err = path_want_write(p);

	if (!err && READ_ONCE(ip->writers) < 0)
		err = -ETXTBSY;
	if (err)
		return err;
	if (!ip->ops->truncate)
		return -EINVAL;
	return inode_truncate(ip, 0);
}

/* Rights, kinds and read-only file systems; p exists. */
static int may_open(const struct walk *w, const struct path *p, unsigned flags)
{
	struct inode *ip = p->dentry->inode;
	unsigned acc = flags & O_ACCMODE;
	int want = acc == O_RDONLY ? 4 : acc == O_WRONLY ? 2 : 6;
	int err;

	if (flags & O_TRUNC)
		want |= 2;
	switch (ip->mode & S_IFMT) {
	case S_IFLNK:
		return -ELOOP;
	case S_IFDIR:
		if (want & 2)
			return -EISDIR;
		break;
	case S_IFREG:
		if (want & 2) {
			err = path_want_write(p);
			if (err)
				return err;
		}
		break;
	}
	err = inode_permission_for(w->cred, ip, want);
	if (!err && flags & O_NOATIME && w->cred->fsuid &&
	    w->cred->fsuid != ip->uid)
		err = -EPERM;
	return err;
}

/* Makes the last name, a regular file. 0: made; -EEXIST: it is there now. */
static int open_create(struct walk *w, mode_t mode, struct dentry **out)
{
	struct dentry *parent = w->path.dentry, *d;
	struct inode *dir = parent->inode, *ip;
	int err;

	rwsem_write_lock(&dir->lock);
	err = dcache_lookup(parent, &w->key, true, &d);
	if (err)
		goto unlock;
	if (!dentry_negative(d)) {
		err = -EEXIST;
		goto unlock;
	}
	err = path_want_write(&w->path);
	if (!err)
		err = may_create(w, dir);
	if (!err && !dir->ops->create)
		err = -EACCES;
	if (!err)
		err = dir->ops->create(dir, w->key.s, w->key.len,
				       inode_new_mode(dir, mode & 07777) |
					       S_IFREG,
				       0, NULL, &ip);
	if (err)
		dentry_put(d);
	else
		dentry_instantiate(d, ip);
unlock:
	rwsem_write_unlock(&dir->lock);
	*out = d;
	return err;
}

/* Walks to what open with O_CREAT shall open. *created: it was made. */
static int open_walk_create(struct walk *w, unsigned flags, mode_t mode,
			    bool *created)
{
	struct dentry *d;
	int err;

	for (;;) {
		err = walk(w, WALK_PARENT);
		if (err)
			return err;
		if (w->type == LAST_ROOT && w->jumped)
			return S_ISDIR(w->path.dentry->inode->mode) ? -EISDIR
								    : 0;
		if (w->type != LAST_NORM || w->last_slash)
			return flags & O_EXCL && w->type != LAST_NORM ? -EEXIST
								      : -EISDIR;
		err = dcache_lookup(w->path.dentry, &w->key, false, &d);
		if (err)
			return err;
		if (dentry_negative(d)) {
			dentry_put(d);
			err = open_create(w, mode, &d);
			if (!err) {
				*created = true;
				walk_to(w, d);
				return 0;
			}
			if (err != -EEXIST)
				return err;
		}
		if (flags & O_EXCL) {
			dentry_put(d);
			return -EEXIST;
		}
		if (!S_ISLNK(d->inode->mode)) {
			walk_to(w, d);
			return S_ISDIR(w->path.dentry->inode->mode) ? -EISDIR
								    : 0;
		}
		if (flags & O_NOFOLLOW) {
			dentry_put(d);
			return -ELOOP;
		}
		err = walk_link(w, d, "");
		if (err)
			return err;
	}
}

int vfs_open(int dirfd, const char *name, unsigned flags, mode_t mode,
	     struct file **out)
{
	bool created = false;
	struct inode *ip;
	struct walk w;
	int err;

	if (flags & O_PATH)
		flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	if (flags & O_CREAT && flags & O_DIRECTORY)
		return -EINVAL;
	err = walk_begin(&w, dirfd, name);
	if (err)
		return err;
	if (flags & O_CREAT)
		err = open_walk_create(&w, flags, mode, &created);
	else
		err = walk(&w, flags & O_NOFOLLOW ? WALK_LINK : WALK_TARGET);
	if (err)
		goto end;
	ip = w.path.dentry->inode;
	if (flags & O_DIRECTORY && !S_ISDIR(ip->mode)) {
		err = -ENOTDIR;
		goto end;
	}
	if (!created && !(flags & O_PATH)) {
		err = may_open(&w, &w.path, flags);
		if (err)
			goto end;
		if (flags & O_TRUNC && S_ISREG(ip->mode)) {
			err = open_truncate(&w.path, ip);
			if (err)
				goto end;
		}
	}
	/* The place where the walk stands becomes the file's. */
	err = file_open_path(&w.path, flags, out);
	if (!err)
		goto end_buf;
end:
	path_put(&w.path);
end_buf:
	if (w.buf)
		kfree(w.buf);
	return err;
}

/* ---- names that are made ---- */

/*
 * Walks to the parent of a name to be made and locks it; *out is the negative
 * dentry. Whether the caller may make it is not looked at. After an error
 * nothing is held.
 */
__attribute__((cold))
static int create_begin(struct walk *w, int dirfd, const char *name,
			bool directory, struct dentry **out)
{
	struct inode *dir;
	struct dentry *d;
	int err = walk_begin(w, dirfd, name);

	if (err)
		return err;
	err = walk(w, WALK_PARENT);
	if (!err && w->type != LAST_NORM)
		err = -EEXIST;
	if (err)
		goto end;
	dir = w->path.dentry->inode;
	rwsem_write_lock(&dir->lock);
	err = dcache_lookup(w->path.dentry, &w->key, true, &d);
	if (err)
		goto unlock;
	if (!dentry_negative(d))
		err = -EEXIST;
	else if (w->last_slash && !directory)
		err = -ENOENT;
	if (!err)
		err = path_want_write(&w->path);
	if (!err) {
		*out = d;
		return 0;
	}
	dentry_put(d);
unlock:
	rwsem_write_unlock(&dir->lock);
end:
	walk_end(w);
	return err;
}

static void create_end(struct walk *w, struct dentry *d)
{
	rwsem_write_unlock(&w->path.dentry->inode->lock);
	dentry_put(d);
	walk_end(w);
}

__attribute__((cold))
static int create_name(int dirfd, const char *name, mode_t mode, dev_t rdev,
		       const char *target)
{
	struct inode *dir, *ip;
	struct dentry *d;
	struct walk w;
	int err = create_begin(&w, dirfd, name, S_ISDIR(mode), &d);

	if (err)
		return err;
	dir = w.path.dentry->inode;
	err = may_create(&w, dir);
	if (!err && !dir->ops->create)
		err = -EPERM;
	/* Only root makes devices. Number 0 of characters is none. */
	if (!err && w.cred->fsuid &&
	    (S_ISBLK(mode) || (S_ISCHR(mode) && rdev)))
		err = -EPERM;
	if (!target)
		mode = inode_new_mode(dir, mode);
	if (!err)
		err = dir->ops->create(dir, w.key.s, w.key.len, mode, rdev,
				       target, &ip);
	if (!err)
		dentry_instantiate(d, ip);
	create_end(&w, d);
	return err;
}

int vfs_mknod(int dirfd, const char *name, mode_t mode, dev_t rdev)
{
	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		rdev = 0;
		break;
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		rdev = 0;
		break;
	case S_IFCHR:
	case S_IFBLK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return create_name(dirfd, name, mode, rdev, NULL);
}

int vfs_mkdir(int dirfd, const char *name, mode_t mode)
{
	mode &= 0777 | S_ISVTX;
	return create_name(dirfd, name, mode | S_IFDIR, 0, NULL);
}

int vfs_symlink(const char *target, int dirfd, const char *name)
{
	if (!*target)
		return -ENOENT;
	return create_name(dirfd, name, S_IFLNK | 0777, 0, target);
}

/* A further name would outlive what its owner does with the first: so another
 * user makes one only where it could write the file too, and never of a program
 * that lends rights. As Linux with fs.protected_hardlinks. */
__attribute__((cold))
static bool may_name(const struct inode *ip)
{
	const struct cred *c = host_cred();

	if (!c->fsuid || c->fsuid == ip->uid)
		return true;
	return S_ISREG(ip->mode) && !(ip->mode & S_ISUID) &&
	       (~ip->mode & (S_ISGID | S_IXGRP)) &&
	       !inode_permission_for(c, ip, 6);
}

__attribute__((cold))
int vfs_link(int olddirfd, const char *oldname, int newdirfd,
	     const char *newname, unsigned at_flags)
{
	unsigned walk = at_flags & AT_SYMLINK_FOLLOW ? 0 : WALK_NOFOLLOW;
	struct inode *dir, *ip;
	struct path old;
	struct dentry *d;
	struct walk w;
	int err;

	if (at_flags & AT_EMPTY_PATH)
		walk |= WALK_EMPTY;
	err = path_lookup(olddirfd, oldname, walk, &old);
	if (err)
		return err;
	err = create_begin(&w, newdirfd, newname, false, &d);
	if (err)
		goto put;
	ip = old.dentry->inode;
	dir = w.path.dentry->inode;
	if (old.mnt != w.path.mnt)
		err = -EXDEV;
	else if (!may_name(ip))
		err = -EPERM;
	else
		err = may_create(&w, dir);
	if (!err && (S_ISDIR(ip->mode) || !dir->ops->link))
		err = -EPERM;
	if (!err) {
		rwsem_write_lock(&ip->lock);
		/* What lost its last name does not come back. */
		err = ip->nlink ? dir->ops->link(dir, w.key.s, w.key.len, ip)
				: -ENOENT;
		rwsem_write_unlock(&ip->lock);
	}
	if (!err) {
		inode_get(ip);
		dentry_instantiate(d, ip);
	}
	create_end(&w, d);
put:
	path_put(&old);
	return err;
}

/* ---- names that go ---- */

static int unlink_locked(struct walk *w, struct dentry *d, bool directory)
{
	struct inode *dir = w->path.dentry->inode, *ip = d->inode;
	int err;

	if (w->last_slash && !directory)
		return S_ISDIR(ip->mode) ? -EISDIR : -ENOTDIR;
	err = may_delete(w, dir, ip);
	if (err)
		return err;
	if (directory && !S_ISDIR(ip->mode))
		return -ENOTDIR;
	if (!directory && S_ISDIR(ip->mode))
		return -EISDIR;
	if (d->flags & DENTRY_MOUNTED)
		return -EBUSY;
	if (!dir->ops->unlink)
		return -EPERM;
	if (directory) {
		/* Below its parent, which is locked. */
		rwsem_write_lock_nested(&ip->lock);
		/* Names known not to be in it would keep it in memory. */
		if (READ_ONCE(d->refs) > 1)
			dcache_prune(d->sb, d);
	} else {
		rwsem_write_lock(&ip->lock);
	}
	err = dir->ops->unlink(dir, w->key.s, w->key.len, ip);
	rwsem_write_unlock(&ip->lock);
	if (!err)
		dentry_removed(d);
	return err;
}

int vfs_unlink(int dirfd, const char *name, bool directory)
{
	struct inode *dir, *ip = NULL;
	struct dentry *d;
	struct walk w;
	int err = walk_begin(&w, dirfd, name);

	if (err)
		return err;
	err = walk(&w, WALK_PARENT);
	if (err)
		goto end;
	if (w.type != LAST_NORM) {
		err = !directory              ? -EISDIR
		      : w.type == LAST_DOT    ? -EINVAL
		      : w.type == LAST_DOTDOT ? -ENOTEMPTY
					      : -EBUSY;
		goto end;
	}
	err = path_want_write(&w.path);
	if (err)
		goto end;
	dir = w.path.dentry->inode;
	rwsem_write_lock(&dir->lock);
	err = dcache_lookup(w.path.dentry, &w.key, true, &d);
	if (err) {
		rwsem_write_unlock(&dir->lock);
		goto end;
	}
	if (dentry_negative(d)) {
		err = -ENOENT;
	} else {
		ip = d->inode;
		inode_get(ip);
		err = unlink_locked(&w, d, directory);
	}
	rwsem_write_unlock(&dir->lock);
	dentry_put(d);
	if (ip)
		inode_put(ip);
end:
	walk_end(&w);
	return err;
}
