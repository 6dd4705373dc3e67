/*
 * What is known about a file and may be changed: its size, mode, owner and
 * times; and what a link says. The rights to do so are checked here, under the
 * inode's lock, so that who loses them in between does not slip through.
 */
#include "fs/namei.h"

#include "kernel/abi/signal.h"

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

/* The mode of ip, a file, when it has changed under the rights that it lends.
 * The group's bit without its right to run is a mark for locking, and stays
 * where the caller is of the group. */
static mode_t without_set_id(const struct cred *c, const struct inode *ip)
{
	mode_t gone = S_ISUID;

	if (ip->mode & S_IXGRP || (c->fsuid && !cred_in_group(c, ip->gid)))
		gone |= S_ISGID;
	return ip->mode & ~gone;
}

bool inode_drop_set_id(struct inode *ip)
{
	mode_t old = ip->mode;

	if (!(old & (S_ISUID | S_ISGID)) || !host_cred()->fsuid)
		return false;
	ip->mode = without_set_id(host_cred(), ip);
	return ip->mode != old;
}

int inode_truncate(struct inode *ip, off_t size)
{
	mode_t old;
	bool dropped;
	int err;

	rwsem_write_lock(&ip->lock);
	old = ip->mode;
	dropped = inode_drop_set_id(ip);
	err = ip->ops->truncate(ip, size);
	if (err)
		ip->mode = old;
	else if (dropped && ip->ops->setattr)
		err = ip->ops->setattr(ip);
	rwsem_write_unlock(&ip->lock);
	return err;
}

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
	if (READ_ONCE(ip->writers) < 0)
		return -ETXTBSY;
	if ((uint64_t)size > host_file_size_limit()) {
		host_send_signal(SIGXFSZ);
		return -EFBIG;
	}
	if ((uint64_t)size > ip->sb->max_file_size)
		return -EFBIG;
	return inode_truncate(ip, size);
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
	bool set_uid = uid != (uid_t)-1, set_gid = gid != (gid_t)-1;
	mode_t mode;
	int err = path_want_write(p);

	if (err)
		return err;
	inode_lock_write(ip);
	mode = S_ISDIR(ip->mode) ? ip->mode : without_set_id(c, ip);
	/* An owner may give a file to another group of its own. Who asks for
	 * nothing, of a file that lends no rights, is refused nothing. */
	if (c->fsuid && (set_uid || set_gid || mode != ip->mode) &&
	    (c->fsuid != ip->uid || (set_uid && uid != ip->uid) ||
	     (set_gid && gid != ip->gid && !cred_in_group(c, gid)))) {
		rwsem_write_unlock(&ip->lock);
		return -EPERM;
	}
	if (set_uid)
		ip->uid = uid;
	if (set_gid)
		ip->gid = gid;
	/* No right to a group that the new owner has not. */
	if (mode != ip->mode && c->fsuid && !cred_in_group(c, ip->gid))
		mode &= ~(mode_t)S_ISGID;
	ip->mode = mode;
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
