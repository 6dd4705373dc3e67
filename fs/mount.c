/*
 * Mounts: which file system is where. There are few, so a list under one lock
 * does; a walk looks at it only at a dentry that says that something is
 * mounted there. Also here: mount(2), umount2(2), and the root of everything.
 */
#include "fs/namei.h"

#include "fs/file.h"
#include "fs/initramfs.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"

#define MOUNT_FLAGS                                                            \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |           \
	 MS_NODIRATIME | MS_RELATIME)

struct spinlock mount_lock;
static struct list_head mounts; /* [mount_lock] in the order of mounting */
static int next_id;             /* [mount_lock] */
/* One mount or unmount at a time. */
static struct mutex mount_mutex;
struct path vfs_root;
bool vfs_errors_panic;

__attribute__((cold, noinline))
static int mount_put_last(struct mount *m)
{
	int err;

	dentry_put(m->root);
	err = super_put(m->sb);
	kfree(m);
	return err;
}

int mount_put(struct mount *m)
{
	if (__atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL))
		return 0;
	return mount_put_last(m);
}

static struct mount *mount_at(const struct mount *parent,
			      const struct dentry *d)
{
	struct mount *m;

	list_for_each_entry (m, &mounts, link) {
		if (m->mountpoint == d && m->parent == parent)
			return m;
	}
	return NULL;
}

/* Steps over one mount; false: there is none (any more). */
static bool mount_step(struct path *p)
{
	struct mount *under = p->mnt, *m;
	struct dentry *d = p->dentry;

	spin_lock(&mount_lock);
	m = d->mounted;
	if (!m || m->mountpoint != d || m->parent != under)
		m = mount_at(under, d);
	if (m) {
		p->mnt = m;
		p->dentry = m->root;
		path_get(p);
	}
	spin_unlock(&mount_lock);
	if (!m)
		return false;
	dentry_put(d);
	mount_put(under);
	return true;
}

void mount_follow(struct path *p)
{
	/* Mostly there is one: no loop around it in line. */
	if (!(p->dentry->flags & DENTRY_MOUNTED) || !mount_step(p))
		return;
	if (__builtin_expect(p->dentry->flags & DENTRY_MOUNTED, 0))
		mount_follow(p);
}

bool mount_ascend(struct path *p)
{
	struct path old = *p;

	spin_lock(&mount_lock);
	if (old.mnt->parent) {
		p->mnt = old.mnt->parent;
		p->dentry = old.mnt->mountpoint;
		path_get(p);
	}
	spin_unlock(&mount_lock);
	if (p->mnt == old.mnt)
		return false;
	path_put(&old);
	return true;
}

/* A mount of sb (whose reference it takes over when it succeeds) with root d
 * (NULL: that of sb); in no place yet. */
static int mount_make(struct super *sb, struct dentry *d, unsigned flags,
		      struct mount **out)
{
	struct mount *m;

	if (!sb->droot) {
		inode_get(sb->root);
		sb->droot = dcache_make_root(sb, sb->root);
		if (!sb->droot) {
			inode_put(sb->root);
			return -ENOMEM;
		}
	}
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->sb = sb;
	m->root = d ? d : sb->droot;
	dentry_get(m->root);
	m->flags = flags & MOUNT_FLAGS;
	m->refs = 1;
	*out = m;
	return 0;
}

__attribute__((cold))
int mount_private(struct super *sb, struct mount **out)
{
	sb->refs++;
	return mount_make(sb, NULL, 0, out);
}

/* Puts m on top of where; takes references of its own. */
__attribute__((cold))
static void mount_attach(struct mount *m, const struct path *where)
{
	if (where) {
		path_get(where);
		__atomic_fetch_or(&where->dentry->flags, DENTRY_MOUNTED,
				  __ATOMIC_RELAXED);
	}
	spin_lock(&mount_lock);
	if (where) {
		m->parent = where->mnt;
		m->mountpoint = where->dentry;
		where->dentry->mounted = m;
	}
	m->id = ++next_id;
	list_add_tail(&m->link, &mounts);
	spin_unlock(&mount_lock);
}

static int mount_add(struct super *sb, struct dentry *d, unsigned flags,
		     const struct path *where)
{
	struct mount *m;
	int err;

	__atomic_fetch_add(&sb->refs, 1, __ATOMIC_RELAXED);
	err = mount_make(sb, d, flags, &m);
	if (err) {
		super_put(sb);
		return err;
	}
	mount_attach(m, where);
	return 0;
}

static const struct fs_type *type_find(const char *name)
{
	if (!strcmp(name, "devtmpfs"))
		name = "devfs";
	else if (!strcmp(name, "ramfs"))
		name = "tmpfs";
	for (unsigned i = 0; fs_types[i]; i++) {
		if (!strcmp(fs_types[i]->name, name))
			return fs_types[i];
	}
	return NULL;
}

static int disk_find(const char *source, struct blkdev **out)
{
	struct path p;
	struct inode *ip;
	int err = path_lookup(AT_FDCWD, source, 0, &p);

	if (err)
		return err;
	ip = p.dentry->inode;
	err = -ENOTBLK;
	if (S_ISBLK(ip->mode)) {
		*out = blk_find_dev((uint32_t)ip->rdev);
		err = *out ? 0 : -ENXIO;
	}
	path_put(&p);
	return err;
}

static int mount_new(const char *source, const char *type, unsigned flags,
		     const char *data, const struct path *where)
{
	const struct fs_type *t = type_find(type);
	bool read_only = flags & MS_RDONLY;
	struct blkdev *bd = NULL;
	struct super *sb = NULL;
	int err;

	if (!t)
		return -ENODEV;
	if (!S_ISDIR(where->dentry->inode->mode))
		return -ENOTDIR;
	if (t->needs_dev) {
		err = disk_find(source, &bd);
		if (err)
			return err;
		/* It may be in no place, and still have files open. */
		sb = super_of_disk(bd, false, true);
		if (sb && !read_only && sb->read_only) {
			super_put(sb);
			return -EBUSY;
		}
	}
	if (!sb) {
		err = t->mount(t, bd, read_only, data, &sb);
		if (err)
			return err;
		if (!bd && source && *source)
			strlcpy(sb->source, source, sizeof(sb->source));
		__atomic_fetch_add(&sb->refs, 1, __ATOMIC_RELAXED);
	}
	/* Not over itself. */
	if (where->mnt->sb == sb && where->dentry == where->mnt->root)
		err = -EBUSY;
	else
		err = mount_add(sb, NULL, flags, where);
	super_put(sb);
	return err;
}

static int mount_change(const struct path *where, unsigned flags)
{
	struct mount *m = where->mnt;
	struct super *sb = m->sb;
	bool read_only = flags & MS_RDONLY;
	int err = 0;

	if (where->dentry != m->root)
		return -EINVAL;
	if (read_only && !sb->read_only && sb->ops->remount && !(flags & MS_BIND))
		err = super_is_written(sb) ? -EBUSY
					   : sb->ops->remount(sb, true, false);
	if (!read_only && sb->read_only) {
		if (!sb->ops->remount)
			return -EROFS;
		err = sb->ops->remount(sb, false, false);
	}
	if (!err)
		m->flags = flags & MOUNT_FLAGS;
	return err;
}

static int mount_bind(const char *source, unsigned flags,
		      const struct path *where)
{
	struct path from;
	int err = path_lookup(AT_FDCWD, source, 0, &from);

	if (err)
		return err;
	if (S_ISDIR(from.dentry->inode->mode) !=
	    S_ISDIR(where->dentry->inode->mode))
		err = -ENOTDIR;
	else
		err = mount_add(from.mnt->sb, from.dentry, from.mnt->flags,
				where);
	path_put(&from);
	return err;
}

__attribute__((cold))
int vfs_mount(const char *source, const char *target, const char *type,
	      unsigned flags, const char *data)
{
	struct path where;
	int err = path_lookup(AT_FDCWD, target, 0, &where);

	if (err)
		return err;
	if (host_cred()->euid) {
		path_put(&where);
		return -EPERM;
	}
	mutex_lock(&mount_mutex);
	/* Somebody may have mounted there while we waited. */
	mount_follow(&where);
	if (flags & MS_REMOUNT)
		err = mount_change(&where, flags);
	else if (flags & MS_BIND)
		err = source ? mount_bind(source, flags, &where) : -EINVAL;
	else if (flags & (MS_MOVE | MS_SHARED | MS_SLAVE))
		err = -EINVAL;
	else if (flags & MS_PRIVATE)
		err = 0; /* they all are */
	else
		err = type ? mount_new(source, type, flags, data, &where)
			   : -EINVAL;
	mutex_unlock(&mount_mutex);
	path_put(&where);
	return err;
}

/* Takes m out of its place; mount_lock is held. What it held there goes to
 * *was. */
static void mount_detach_locked(struct mount *m, struct path *was)
{
	struct mount *other;
	bool more = false;

	was->mnt = m->parent;
	was->dentry = m->mountpoint;
	m->parent = NULL;
	m->mountpoint = NULL;
	if (was->dentry->mounted == m)
		was->dentry->mounted = NULL;
	list_del(&m->link);
	list_for_each_entry (other, &mounts, link)
		more |= other->mountpoint == was->dentry;
	if (!more)
		__atomic_fetch_and(&was->dentry->flags,
				   ~(uint32_t)DENTRY_MOUNTED, __ATOMIC_RELAXED);
}

__attribute__((cold))
int vfs_umount(const char *target, unsigned flags)
{
	unsigned walk = flags & UMOUNT_NOFOLLOW ? WALK_NOFOLLOW : 0;
	struct mount *m, *other;
	struct path p, was;
	int err;

	if (flags & ~(unsigned)(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	err = path_lookup(AT_FDCWD, target, walk, &p);
	if (err)
		return err;
	m = p.mnt;
	if (host_cred()->euid)
		err = -EPERM;
	else if (p.dentry != m->root)
		err = -EINVAL;
	if (err) {
		path_put(&p);
		return err;
	}
	mutex_lock(&mount_mutex);
	dentry_put(p.dentry);
	spin_lock(&mount_lock);
	if (!m->parent)
		err = m == vfs_root.mnt ? -EBUSY : -EINVAL;
	list_for_each_entry (other, &mounts, link) {
		if (other->parent == m)
			err = -EBUSY;
	}
	/* One for being mounted, one is ours. */
	if (!err && !(flags & MNT_DETACH) &&
	    __atomic_load_n(&m->refs, __ATOMIC_ACQUIRE) > 2)
		err = -EBUSY;
	if (!err)
		mount_detach_locked(m, &was);
	spin_unlock(&mount_lock);
	mutex_unlock(&mount_mutex);
	if (err) {
		mount_put(m);
		return err;
	}
	mount_put(m); /* for being mounted */
	path_put(&was);
	return mount_put(m);
}

/* The mount with the smallest number above id, with a reference. */
__attribute__((cold))
static struct mount *mount_next(int id)
{
	struct mount *m, *found = NULL;

	spin_lock(&mount_lock);
	list_for_each_entry (m, &mounts, link) {
		if (m->id > id) {
			found = m;
			__atomic_fetch_add(&m->refs, 1, __ATOMIC_RELAXED);
			break;
		}
	}
	spin_unlock(&mount_lock);
	return found;
}

__attribute__((cold))
void mount_walk(void (*fn)(void *arg, struct mount *m, const char *where),
		void *arg)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL), *where;
	struct mount *m;
	int id = 0;

	if (!buf)
		return;
	while ((m = mount_next(id))) {
		struct path p = { m, m->root };

		id = m->id;
		/* Not what another root hides. */
		if (path_name(&p, NULL, buf, PATH_MAX, false, &where) >= 0)
			fn(arg, m, where);
		mount_put(m);
	}
	kfree(buf);
}

/* Writes all disks out; or, at the end, leaves them as after an unmount, and
 * lets what is just being unmounted end first. */
__attribute__((cold))
static void write_all(bool end)
{
	struct super *sb;
	int err;

	for (struct blkdev *bd = blk_first(); bd; bd = blk_next(bd)) {
		sb = super_of_disk(bd, true, end);
		if (!sb)
			continue;
		if (!end)
			err = sb->ops->sync(sb, true);
		else
			err = sb->read_only ? 0
					    : sb->ops->remount(sb, true, true);
		if (end && err)
			pr_warn("%s: not left clean\n", sb->source);
		super_unpin(sb);
	}
}

__attribute__((cold))
void vfs_sync_all(void)
{
	write_all(false);
}

__attribute__((cold))
void vfs_shutdown(void)
{
	vfs_sync_all();
	mutex_lock(&mount_mutex);
	write_all(true);
	mutex_unlock(&mount_mutex);
}

/* ---- the root of everything ---- */

__attribute__((cold))
int vfs_mount_root(struct blkdev *bd, bool read_only)
{
	struct path p = vfs_root;
	struct super *sb;
	struct mount *m;
	int err;

	err = ext4_type.mount(&ext4_type, bd, read_only, NULL, &sb);
	if (err) {
		pr_err("vfs: %s cannot be the root (error %d): it stays in "
		       "RAM\n",
		       bd->name, -err);
		return err;
	}
	sb->refs = 1;
	err = mount_make(sb, NULL, sb->read_only ? MS_RDONLY : 0, &m);
	if (err) {
		super_put(sb);
		return err;
	}
	mount_attach(m, &p);
	/* From now on "/" means the disk; what is below stays, empty. */
	m->refs++;
	dentry_get(m->root);
	vfs_root.mnt = m;
	vfs_root.dentry = m->root;
	path_put(&p);
	pr_info("vfs: root is ext4 on %s%s\n", bd->name,
		sb->read_only ? ", read-only" : "");
	return 0;
}

__attribute__((cold))
int vfs_root_to_ram(void)
{
	struct path old = vfs_root, was;
	struct mount *ram;

	mutex_lock(&mount_mutex);
	spin_lock(&mount_lock);
	ram = old.mnt->parent;
	if (ram) {
		mount_detach_locked(old.mnt, &was);
		vfs_root.mnt = ram;
		vfs_root.dentry = ram->root;
		path_get(&vfs_root);
	}
	spin_unlock(&mount_lock);
	mutex_unlock(&mount_mutex);
	if (!ram)
		return -EINVAL;
	path_put(&old);
	path_put(&was);
	mount_put(old.mnt); /* for being mounted */
	return 0;
}

int initramfs_unpack(const void *data, size_t size)
{
	return size ? cpio_unpack(vfs_root.dentry->inode, data, size) : 0;
}

__attribute__((cold))
void mount_init(void)
{
	struct super *sb;
	struct mount *m;

	spin_init(&mount_lock, "mounts", RANK_FILES);
	list_init(&mounts);
	mutex_init(&mount_mutex, "mount", RANK_RENAME);
	if (tmpfs_type.mount(&tmpfs_type, NULL, false, "mode=755", &sb))
		panic("vfs: no memory for a root");
	strlcpy(sb->source, "rootfs", sizeof(sb->source));
	sb->refs = 1;
	if (mount_make(sb, NULL, 0, &m))
		panic("vfs: no memory for a root");
	mount_attach(m, NULL);
	vfs_root.mnt = m;
	vfs_root.dentry = m->root;
	path_get(&vfs_root);
}
