#pragma once
/*
 * The walk along a path, for those in fs/ who make, remove or move names.
 * walk_begin, walk, then what the caller wants with w->path and w->key, then
 * walk_end. No lock is held; references are those of w->path.
 */
#include "fs/dcache.h"
#include "fs/namei.h"
#include "kernel/abi/fcntl.h"

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

/* A walk that begins at an open directory. -EBADF, -ENOTDIR. */
int walk_begin_at(struct walk *w, int dirfd);

/* After an error nothing is held. */
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

/*
 * How far a walk goes: to the directory of the last name, which stays in
 * w->key; or over the last name too, and then over a link that it is, or not.
 */
enum walk_end { WALK_PARENT, WALK_LINK, WALK_TARGET };

/* On an error w->path is still held. -ENOENT, -ENOTDIR, -EACCES, -ELOOP,
 * -ENAMETOOLONG, -ENOMEM, -EIO. */
int walk(struct walk *w, enum walk_end end);

/* May the caller make a name in dir, which is locked? */
static inline int may_create(const struct walk *w, const struct inode *dir)
{
	if (!dir->nlink)
		return -ENOENT;
	return inode_permission_for(w->cred, dir, 3);
}

/* May the caller remove the name of ip from dir? */
static inline int may_delete(const struct walk *w, const struct inode *dir,
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
