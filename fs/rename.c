/*
 * Renaming, with all its cases: both directories locked, parents first; then
 * everything is looked up and checked; then one operation of the file system,
 * which is told what it replaces or swaps; then the dentries follow.
 */
#include "fs/walk.h"

/* Locks two directories of one file system, parents first. Two of which neither
 * is above the other go by the address of the inode, as in moved_lock: within
 * their parent somebody may rename the one to the other meanwhile. */
static void dirs_lock(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		rwsem_write_lock(&a->inode->lock);
		return;
	}
	/* While rename_lock is held nobody becomes anybody's parent. */
	mutex_lock(&a->sb->rename_lock);
	if (dentry_is_above(b, a) ||
	    (!dentry_is_above(a, b) && b->inode < a->inode)) {
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
