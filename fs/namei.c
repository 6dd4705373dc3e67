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
#include "fs/namei.h"

#include "fs/fdtable.h"
#include "fs/file.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/signal.h"

enum last_type { LAST_NORM, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

struct walk {
	struct path path;        /* where it stands, referenced */
	const struct path *root; /* of the process */
	const struct cred *cred;
	const char *rest; /* what is left of the name */
	char *buf;        /* text of links, or NULL */
	unsigned links;
	/* The last name, when the walk stands in front of it. */
	enum last_type type;
	struct name_key key;
	bool last_slash; /* slashes behind it */
	bool jumped;     /* some link led straight to a place */
};

/* A walk that begins at neither the root nor the current directory. */
static int walk_begin_at(struct walk *w, int dirfd)
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

static inline int walk_begin(struct walk *w, int dirfd, const char *name)
{
	struct fs_context *fs = host_fs();

	w->root = &fs->root;
	w->cred = host_cred();
	w->rest = name;
	w->buf = NULL;
	w->links = 0;
	w->jumped = false;
	if (*name == '/') {
		w->path = fs->root;
		path_get(&w->path);
		return 0;
	}
	if (!*name)
		return -ENOENT;
	if (dirfd != AT_FDCWD)
		return walk_begin_at(w, dirfd);
	spin_lock(&fs->lock);
	w->path = fs->cwd;
	path_get(&w->path);
	spin_unlock(&fs->lock);
	return 0;
}

static inline void walk_end(struct walk *w)
{
	path_put(&w->path);
	if (w->buf)
		kfree(w->buf);
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

/*
 * How far a walk goes: to the directory of the last name, which stays in
 * w->key; or over the last name too, and then over a link that it is, or not.
 */
enum walk_end { WALK_PARENT, WALK_LINK, WALK_TARGET };

static int walk(struct walk *w, enum walk_end end)
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

/* ---- rights over names ---- */

/* May the caller make a name in dir, which is locked? */
static int may_create(const struct walk *w, const struct inode *dir)
{
	if (!dir->nlink)
		return -ENOENT;
	return inode_permission_for(w->cred, dir, 3);
}

/* May the caller remove the name of ip from dir? */
static int may_delete(const struct walk *w, const struct inode *dir,
		      const struct inode *ip)
{
	const struct cred *c = w->cred;
	int err = inode_permission_for(c, dir, 3);

	if (err)
		return err;
	if (dir->mode & S_ISVTX && c->fsuid && c->fsuid != ip->uid &&
	    c->fsuid != dir->uid)
		return -EPERM;
	return 0;
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
	rwsem_write_lock(&ip->lock);
	err = ip->ops->truncate(ip, 0);
	rwsem_write_unlock(&ip->lock);
	return err;
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
				       (mode & ~host_fs()->umask & 07777) |
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
 * dentry. After an error nothing is held.
 */
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
	if (!err)
		err = may_create(w, dir);
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
	err = -EPERM;
	if (dir->ops->create)
		err = dir->ops->create(dir, w.key.s, w.key.len, mode, rdev,
				       target, &ip);
	if (!err)
		dentry_instantiate(d, ip);
	create_end(&w, d);
	return err;
}

int vfs_mknod(int dirfd, const char *name, mode_t mode, dev_t rdev)
{
	mode_t umask = host_fs()->umask;

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
		if (host_cred()->fsuid)
			return -EPERM;
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return create_name(dirfd, name, mode & ~(umask & 0777u), rdev, NULL);
}

int vfs_mkdir(int dirfd, const char *name, mode_t mode)
{
	mode &= (0777 | S_ISVTX) & ~host_fs()->umask;
	return create_name(dirfd, name, mode | S_IFDIR, 0, NULL);
}

int vfs_symlink(const char *target, int dirfd, const char *name)
{
	if (!*target)
		return -ENOENT;
	return create_name(dirfd, name, S_IFLNK | 0777, 0, target);
}

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
	else if (S_ISDIR(ip->mode) || !dir->ops->link)
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
	err = path_want_write(&w->path);
	if (!err)
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

/* ---- names that move ---- */

/* Locks two directories of one file system, parents first. */
static void dirs_lock(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		rwsem_write_lock(&a->inode->lock);
		return;
	}
	/* While rename_lock is held nobody becomes anybody's parent. */
	mutex_lock(&a->sb->rename_lock);
	if (dentry_is_above(b, a) || (!dentry_is_above(a, b) && b < a)) {
		rwsem_write_lock(&b->inode->lock);
		rwsem_write_lock_nested(&a->inode->lock);
	} else {
		rwsem_write_lock(&a->inode->lock);
		rwsem_write_lock_nested(&b->inode->lock);
	}
}

static void dirs_unlock(struct dentry *a, struct dentry *b)
{
	rwsem_write_unlock(&a->inode->lock);
	if (a == b)
		return;
	rwsem_write_unlock(&b->inode->lock);
	mutex_unlock(&a->sb->rename_lock);
}

/* Locks the inodes that move: directories before files, else by address. */
static void moved_lock(struct inode *a, struct inode *b)
{
	if (b && (S_ISDIR(b->mode) > S_ISDIR(a->mode) ||
		  (S_ISDIR(b->mode) == S_ISDIR(a->mode) && b < a))) {
		struct inode *t = a;

		a = b;
		b = t;
	}
	if (S_ISDIR(a->mode))
		rwsem_write_lock_nested(&a->lock);
	else
		rwsem_write_lock(&a->lock);
	if (!b)
		return;
	if (S_ISDIR(b->mode) == S_ISDIR(a->mode))
		rwsem_write_lock_nested(&b->lock);
	else
		rwsem_write_lock(&b->lock);
}

static void moved_unlock(struct inode *a, struct inode *b)
{
	rwsem_write_unlock(&a->lock);
	if (b)
		rwsem_write_unlock(&b->lock);
}

/* Everything about the two names is known and their directories are locked. */
static int rename_check(struct walk *ow, struct walk *nw, struct dentry *od,
			struct dentry *nd, unsigned flags)
{
	struct inode *odir = ow->path.dentry->inode;
	struct inode *ndir = nw->path.dentry->inode;
	bool exchange = flags & RENAME_EXCHANGE, dir, target_dir = false;
	struct inode *ip, *target;
	int err;

	if (dentry_negative(od))
		return -ENOENT;
	ip = od->inode;
	target = nd->inode;
	if (flags & RENAME_NOREPLACE && target)
		return -EEXIST;
	if (exchange && !target)
		return -ENOENT;
	dir = S_ISDIR(ip->mode);
	if (target)
		target_dir = S_ISDIR(target->mode);
	if (exchange && !target_dir && nw->last_slash)
		return -ENOTDIR;
	if (!dir && (ow->last_slash || (!exchange && nw->last_slash)))
		return -ENOTDIR;
	/* A directory cannot go below itself, nor replace what it is in. */
	if (dentry_is_above(od, nw->path.dentry))
		return -EINVAL;
	if (dentry_is_above(nd, ow->path.dentry))
		return exchange ? -EINVAL : -ENOTEMPTY;
	if (ip == target)
		return 0;
	err = may_delete(ow, odir, ip);
	if (!err)
		err = target ? may_delete(nw, ndir, target)
			     : may_create(nw, ndir);
	if (err)
		return err;
	if (target && !exchange && dir != target_dir)
		return dir ? -ENOTDIR : -EISDIR;
	/* A new parent means a new "..", written into the directory. */
	if (odir != ndir) {
		if (dir)
			err = inode_permission_for(ow->cred, ip, 2);
		if (!err && exchange && target_dir)
			err = inode_permission_for(ow->cred, target, 2);
		if (err)
			return err;
	}
	if ((od->flags | nd->flags) & DENTRY_MOUNTED)
		return -EBUSY;
	return odir->ops->rename ? 0 : -EPERM;
}

static int rename_locked(struct walk *ow, struct walk *nw, unsigned flags,
			 struct dentry **od, struct dentry **nd)
{
	struct inode *odir = ow->path.dentry->inode;
	struct inode *ndir = nw->path.dentry->inode;
	bool exchange = flags & RENAME_EXCHANGE;
	struct inode *ip, *target;
	int err;

	err = dcache_lookup(ow->path.dentry, &ow->key, true, od);
	if (err)
		return err;
	err = dcache_lookup(nw->path.dentry, &nw->key, true, nd);
	if (err)
		return err;
	err = rename_check(ow, nw, *od, *nd, flags);
	if (err)
		return err;
	ip = (*od)->inode;
	target = (*nd)->inode;
	if (ip == target)
		return 0;
	if (target && S_ISDIR(target->mode) && READ_ONCE((*nd)->refs) > 1)
		dcache_prune((*nd)->sb, *nd);
	moved_lock(ip, target);
	err = odir->ops->rename(odir, ow->key.s, ow->key.len, ip, ndir,
				nw->key.s, nw->key.len, target, exchange);
	moved_unlock(ip, target);
	if (!err)
		dentry_move(*od, *nd, exchange);
	return err;
}

int vfs_rename(int olddirfd, const char *oldname, int newdirfd,
	       const char *newname, unsigned flags)
{
	struct dentry *od = NULL, *nd = NULL;
	struct walk ow, nw;
	int err;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	err = walk_begin(&ow, olddirfd, oldname);
	if (err)
		return err;
	err = walk(&ow, WALK_PARENT);
	if (err)
		goto end_old;
	err = walk_begin(&nw, newdirfd, newname);
	if (err)
		goto end_old;
	err = walk(&nw, WALK_PARENT);
	if (err)
		goto end;
	if (ow.path.mnt != nw.path.mnt)
		err = -EXDEV;
	else if (ow.type != LAST_NORM)
		err = -EBUSY;
	else if (nw.type != LAST_NORM)
		err = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	else
		err = path_want_write(&ow.path);
	if (err)
		goto end;
	dirs_lock(ow.path.dentry, nw.path.dentry);
	err = rename_locked(&ow, &nw, flags, &od, &nd);
	dirs_unlock(ow.path.dentry, nw.path.dentry);
	/* What was replaced goes here, with nothing locked. */
	if (od)
		dentry_put(od);
	if (nd)
		dentry_put(nd);
end:
	walk_end(&nw);
end_old:
	walk_end(&ow);
	return err;
}

/* ---- what is known about a name ---- */

ssize_t vfs_readlink(int dirfd, const char *name, char *buf, size_t size)
{
	struct inode *ip;
	struct path p;
	ssize_t n;
	int err = path_lookup(dirfd, name, WALK_NOFOLLOW | WALK_EMPTY, &p);

	if (err)
		return err;
	ip = p.dentry->inode;
	if (!S_ISLNK(ip->mode))
		n = *name ? -EINVAL : -ENOENT;
	else if (!ip->ops->readlink)
		n = -EINVAL;
	else
		n = ip->ops->readlink(ip, buf, size);
	if (n >= 0)
		inode_touch_atime(ip);
	path_put(&p);
	return n;
}

int vfs_chdir(const struct path *p)
{
	struct fs_context *fs = host_fs();
	struct path old;
	int err;

	if (!S_ISDIR(p->dentry->inode->mode))
		return -ENOTDIR;
	err = inode_permission(p->dentry->inode, 1);
	if (err)
		return err;
	path_get(p);
	spin_lock(&fs->lock);
	old = fs->cwd;
	fs->cwd = *p;
	spin_unlock(&fs->lock);
	path_put(&old);
	return 0;
}

/* ---- attributes ---- */

int vfs_truncate(const struct path *p, struct inode *ip, off_t size)
{
	int err;

	if (size < 0)
		return -EINVAL;
	if (S_ISDIR(ip->mode))
		return -EISDIR;
	if (!S_ISREG(ip->mode) || !ip->ops->truncate)
		return -EINVAL;
	err = p->dentry ? path_want_write(p) : 0;
	if (err)
		return err;
	if ((uint64_t)size > host_file_size_limit()) {
		host_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	if ((uint64_t)size > ip->sb->max_file_size)
		return -EFBIG;
	if (READ_ONCE(ip->writers) < 0)
		return -ETXTBSY;
	rwsem_write_lock(&ip->lock);
	err = ip->ops->truncate(ip, size);
	rwsem_write_unlock(&ip->lock);
	return err;
}

static void inode_lock_write(struct inode *ip)
{
	rwsem_write_lock(&ip->lock);
}

static int attr_done(struct inode *ip)
{
	int err = 0;

	ip->ctime = vfs_now();
	if (ip->ops->setattr)
		err = ip->ops->setattr(ip);
	rwsem_write_unlock(&ip->lock);
	return err;
}

int vfs_chmod(const struct path *p, mode_t mode)
{
	struct inode *ip = p->dentry->inode;
	const struct cred *c = host_cred();
	int err = path_want_write(p);

	if (err)
		return err;
	if (S_ISLNK(ip->mode))
		return -EOPNOTSUPP;
	inode_lock_write(ip);
	if (c->fsuid && c->fsuid != ip->uid) {
		rwsem_write_unlock(&ip->lock);
		return -EPERM;
	}
	mode &= 07777;
	if (c->fsuid && !cred_in_group(c, ip->gid))
		mode &= ~(mode_t)S_ISGID;
	ip->mode = (ip->mode & S_IFMT) | mode;
	return attr_done(ip);
}

int vfs_chown(const struct path *p, uid_t uid, gid_t gid)
{
	struct inode *ip = p->dentry->inode;
	const struct cred *c = host_cred();
	int err = path_want_write(p);

	if (err)
		return err;
	inode_lock_write(ip);
	if (uid == (uid_t)-1)
		uid = ip->uid;
	if (gid == (gid_t)-1)
		gid = ip->gid;
	/* An owner may give a file to another group of its own. */
	if (c->fsuid && (c->fsuid != ip->uid || uid != ip->uid ||
			 (gid != ip->gid && !cred_in_group(c, gid)))) {
		rwsem_write_unlock(&ip->lock);
		return -EPERM;
	}
	ip->uid = uid;
	ip->gid = gid;
	if (!S_ISDIR(ip->mode)) {
		ip->mode &= ~(mode_t)S_ISUID;
		if (ip->mode & S_IXGRP)
			ip->mode &= ~(mode_t)S_ISGID;
	}
	return attr_done(ip);
}

static bool time_ok(const struct timespec *t)
{
	return (t->tv_nsec >= 0 && t->tv_nsec < (int64_t)NSEC_PER_SEC) ||
	       t->tv_nsec == UTIME_NOW || t->tv_nsec == UTIME_OMIT;
}

static void time_set(struct timespec *to, const struct timespec *t,
		     const struct timespec *now)
{
	if (t->tv_nsec == UTIME_NOW)
		*to = *now;
	else if (t->tv_nsec != UTIME_OMIT)
		*to = *t;
}

int vfs_utimes(const struct path *p, const struct timespec times[2])
{
	static const struct timespec both_now[2] = { { 0, UTIME_NOW },
						     { 0, UTIME_NOW } };
	struct inode *ip = p->dentry->inode;
	const struct cred *c = host_cred();
	struct timespec now;
	int err;

	if (!times)
		times = both_now;
	if (!time_ok(&times[0]) || !time_ok(&times[1]))
		return -EINVAL;
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	err = path_want_write(p);
	if (err)
		return err;
	inode_lock_write(ip);
	if (c->fsuid && c->fsuid != ip->uid) {
		/* Who may write may say "now", and nothing else. */
		if (times[0].tv_nsec == UTIME_NOW &&
		    times[1].tv_nsec == UTIME_NOW)
			err = inode_permission_for(c, ip, 2);
		else
			err = -EPERM;
		if (err) {
			rwsem_write_unlock(&ip->lock);
			return err;
		}
	}
	now = vfs_now();
	time_set(&ip->atime, &times[0], &now);
	time_set(&ip->mtime, &times[1], &now);
	return attr_done(ip);
}

/* ---- from dentries to path names ---- */

static bool name_prepend(char **at, const char *low, const char *s, size_t len)
{
	if ((size_t)(*at - low) < len)
		return false;
	*at -= len;
	memcpy(*at, s, len);
	return true;
}

ssize_t path_name(const struct path *p, const struct path *root, char *buf,
		  size_t size, bool deleted_ok, char **out)
{
	static const char gone[] = " (deleted)";
	struct dentry *d = p->dentry;
	struct mount *m = p->mnt;
	char *end = buf + size - 1, *at = end;
	bool fits = true, any = false, reached = true;

	*at = '\0';
	if (!root)
		root = &vfs_root;
	spin_lock(&mount_lock);
	spin_lock_nested(&dcache_move_lock);
	if (d->parent != d && hlist_unhashed(&d->hash_link) &&
	    !(d->sb->flags & SUPER_NO_DCACHE)) {
		if (deleted_ok)
			fits = name_prepend(&at, buf, gone, sizeof(gone) - 1);
		else
			reached = false;
	}
	while (fits && reached && (d != root->dentry || m != root->mnt)) {
		if (d == m->root) {
			if (!m->parent) {
				reached = deleted_ok;
				break;
			}
			d = m->mountpoint;
			m = m->parent;
			continue;
		}
		if (d->parent == d)
			break;
		fits = name_prepend(&at, buf, d->name, d->len) &&
		       name_prepend(&at, buf, "/", 1);
		any = true;
		d = d->parent;
	}
	spin_unlock(&dcache_move_lock);
	spin_unlock(&mount_lock);
	if (!reached)
		return -ENOENT;
	if (fits && !any)
		fits = name_prepend(&at, buf, "/", 1);
	if (!fits)
		return -ENAMETOOLONG;
	*out = at;
	return end - at;
}

/* ---- what of a process is about paths ---- */

struct fs_context *fs_context_create(void)
{
	struct fs_context *fs = kmalloc(sizeof(*fs), GFP_KERNEL);

	if (!fs)
		return NULL;
	fs->refs = 1;
	spin_init(&fs->lock, "fs_context", RANK_FILES);
	fs->root = vfs_root;
	fs->cwd = vfs_root;
	path_get(&fs->root);
	path_get(&fs->cwd);
	fs->umask = 022;
	return fs;
}

struct fs_context *fs_context_fork(struct fs_context *old)
{
	struct fs_context *fs = kmalloc(sizeof(*fs), GFP_KERNEL);

	if (!fs)
		return NULL;
	fs->refs = 1;
	spin_init(&fs->lock, "fs_context", RANK_FILES);
	spin_lock(&old->lock);
	fs->root = old->root;
	fs->cwd = old->cwd;
	path_get(&fs->root);
	path_get(&fs->cwd);
	fs->umask = old->umask;
	spin_unlock(&old->lock);
	return fs;
}

void fs_context_put(struct fs_context *fs)
{
	if (__atomic_sub_fetch(&fs->refs, 1, __ATOMIC_ACQ_REL))
		return;
	path_put(&fs->root);
	path_put(&fs->cwd);
	kfree(fs);
}
