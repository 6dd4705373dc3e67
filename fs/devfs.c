/*
 * /dev, and the table of character devices.
 *
 * The file system is one instance of tmpfs, shared by all its mounts, in which
 * the kernel makes the nodes: for what registered before the first mount at
 * that time, for later ones at once. So one can also make directories, links
 * and nodes there, and remove them.
 *
 * Here also are the devices that need no hardware: null, zero, full, random
 * and urandom.
 */
#include "fs/devfs.h"

#include "fs/dcache.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "kernel/abi/poll.h"

struct chrdev {
	struct chrdev *next;
	dev_t dev;
	const char *name;
	const struct file_ops *ops;
	void *priv;
};

/* Entries are only ever added, at the front, fully made: read without lock. */
static struct chrdev *chrdevs;
static struct super *devfs_super;
static struct mutex devfs_lock;
static bool devfs_ready;

static void devfs_setup(void)
{
	if (devfs_ready)
		return;
	/* At start-up, on one hart, by whoever comes first. */
	mutex_init(&devfs_lock, "devfs", RANK_RENAME);
	devfs_ready = true;
}

static struct chrdev *chrdev_of(dev_t dev)
{
	struct chrdev *c = __atomic_load_n(&chrdevs, __ATOMIC_ACQUIRE);

	while (c && c->dev != dev)
		c = c->next;
	return c;
}

int chrdev_find(dev_t rdev, const struct file_ops **ops, void **priv)
{
	struct chrdev *c = chrdev_of(rdev);

	if (!c)
		return -ENXIO;
	*ops = c->ops;
	*priv = c->priv;
	return 0;
}

/* Makes a name under the root of /dev, if it is not there. Lock held. */
static int devfs_make(const char *name, mode_t mode, dev_t rdev,
		      const char *target)
{
	struct dentry *root = devfs_super->droot, *d = NULL;
	struct inode *dir = devfs_super->root, *ip;
	unsigned len = (unsigned)strlen(name);
	struct name_key k;
	int err;

	rwsem_write_lock(&dir->lock);
	err = dir->ops->lookup(dir, name, len, &ip);
	if (err == -ENOENT)
		err = tmpfs_create(dir, name, len, mode, rdev, target, &ip);
	rwsem_write_unlock(&dir->lock);
	if (err)
		return err;
	/* Somebody may have looked for it in vain. */
	name_key_init(&k, name, len);
	if (root)
		d = dcache_find(root, &k);
	if (d && dentry_negative(d)) {
		inode_get(ip);
		dentry_instantiate(d, ip);
	}
	if (d)
		dentry_put(d);
	inode_put(ip);
	return 0;
}

static mode_t chrdev_mode(const struct chrdev *c)
{
	unsigned major = ABI_DEV_MAJOR(c->dev);

	/* Memory devices, the controlling terminal and the making of pseudo
	 * terminals are everybody's. */
	if (major == 1 || c->dev == ABI_DEV(5, 0) || c->dev == ABI_DEV(5, 2))
		return S_IFCHR | 0666;
	return S_IFCHR | 0620;
}

int chrdev_register(unsigned major, unsigned minor, const char *name,
		    const struct file_ops *ops, void *priv)
{
	dev_t dev = ABI_DEV(major, minor);
	struct chrdev *c;
	int err = 0;

	devfs_setup();
	c = kmalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->dev = dev;
	c->name = name;
	c->ops = ops;
	c->priv = priv;
	mutex_lock(&devfs_lock);
	if (chrdev_of(dev)) {
		kfree(c);
		err = -EEXIST;
	} else {
		c->next = chrdevs;
		__atomic_store_n(&chrdevs, c, __ATOMIC_RELEASE);
		if (devfs_super)
			err = devfs_make(name, chrdev_mode(c), dev, NULL);
	}
	mutex_unlock(&devfs_lock);
	return err;
}

void devfs_add_disk(struct blkdev *bd)
{
	devfs_setup();
	mutex_lock(&devfs_lock);
	if (devfs_super)
		devfs_make(bd->name, S_IFBLK | 0660, bd->dev, NULL);
	mutex_unlock(&devfs_lock);
}

/* ---- devices without hardware ---- */

enum {
	MEM_NULL = 3,
	MEM_ZERO = 5,
	MEM_FULL = 7,
	MEM_RANDOM = 8,
	MEM_URANDOM = 9
};

static ssize_t null_read(struct file *f, struct uio *u, off_t pos)
{
	return 0;
}

static ssize_t null_write(struct file *f, struct uio *u, off_t *pos)
{
	ssize_t n = (ssize_t)u->resid;

	uio_advance(u, u->resid);
	return n;
}

static ssize_t full_write(struct file *f, struct uio *u, off_t *pos)
{
	return u->resid ? -ENOSPC : 0;
}

static ssize_t zero_read(struct file *f, struct uio *u, off_t pos)
{
	ssize_t done = 0;

	while (u->resid) {
		size_t want = MIN(u->resid, (size_t)65536);
		size_t c = uio_zero_to(u, want);

		done += (ssize_t)c;
		if (c < want)
			return done ? done : -EFAULT;
		if (host_fatal_signal_pending())
			break;
		resched_point();
	}
	return done;
}

static ssize_t random_read(struct file *f, struct uio *u, off_t pos)
{
	unsigned char buf[256];
	ssize_t done = 0;

	while (u->resid) {
		size_t want = MIN(u->resid, sizeof(buf)), c;

		host_random(buf, want);
		c = uio_copy_to(u, buf, want);
		done += (ssize_t)c;
		if (c < want)
			return done ? done : -EFAULT;
		if (host_signal_pending())
			break;
		resched_point();
	}
	return done;
}

static off_t mem_seek(struct file *f, off_t off, int whence)
{
	return 0;
}

static const struct file_ops null_ops = {
	.read = null_read,
	.write = null_write,
	.seek = mem_seek,
};
static const struct file_ops zero_ops = {
	.read = zero_read,
	.write = null_write,
	.seek = mem_seek,
};
static const struct file_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.seek = mem_seek,
};
static const struct file_ops random_ops = {
	.read = random_read,
	.write = null_write,
	.seek = mem_seek,
};

static void mem_devices_register(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	chrdev_register(1, MEM_NULL, "null", &null_ops, NULL);
	chrdev_register(1, MEM_ZERO, "zero", &zero_ops, NULL);
	chrdev_register(1, MEM_FULL, "full", &full_ops, NULL);
	chrdev_register(1, MEM_RANDOM, "random", &random_ops, NULL);
	chrdev_register(1, MEM_URANDOM, "urandom", &random_ops, NULL);
}

void devfs_init(void)
{
	devfs_setup();
	mem_devices_register();
}

/* ---- the file system ---- */

static int devfs_fill(void)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	int err = 0;

	for (struct chrdev *c = chrdevs; c && !err; c = c->next)
		err = devfs_make(c->name, chrdev_mode(c), c->dev, NULL);
	for (struct blkdev *bd = blk_first(); bd && !err; bd = blk_next(bd))
		err = devfs_make(bd->name, S_IFBLK | 0660, bd->dev, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(links) && !err; i++)
		err = devfs_make(links[i].name, S_IFLNK | 0777, 0,
				 links[i].target);
	/* Where devpts goes. */
	if (!err)
		err = devfs_make("pts", S_IFDIR | 0755, 0, NULL);
	return err;
}

static int devfs_mount(const struct fs_type *t, struct blkdev *bd,
		       bool read_only, const char *data, struct super **out)
{
	int err = 0;

	devfs_setup();
	/* Inside the lock of mounting. */
	mutex_lock_nested(&devfs_lock);
	if (!devfs_super) {
		struct super *sb;

		err = tmpfs_mount(t, NULL, false, "mode=755", &sb);
		if (!err) {
			sb->flags |= SUPER_KEEP;
			sb->refs = 1;
			devfs_super = sb;
			err = devfs_fill();
		}
	}
	mutex_unlock(&devfs_lock);
	if (!err)
		*out = devfs_super;
	return err;
}

const struct fs_type devfs_type = {
	.name = "devfs",
	.mount = devfs_mount,
};
