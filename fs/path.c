/*
 * Paths the other way round, from a place to its name; and what of a process
 * is about paths: its root, current directory and umask.
 */
#include "fs/namei.h"

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
