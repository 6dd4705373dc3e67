/*
 * /dev/pts: a file system with a node for each pseudo terminal there is. They
 * come and go with the terminals, so no names are kept; owner and mode are in
 * the inode, which lives as long as its name.
 *
 * There is one for all mounts. The options say whose group new nodes have, and
 * with which mode: "gid=5,mode=620" where programs that write to others'
 * terminals are of that group.
 */
#include "fs/devpts.h"

#include "fs/namei.h"
#include "kernel/abi/dirent.h"

#define ROOT_INO 1

static const struct inode_ops pts_inode_ops;

static struct super *pts_super;
static struct spinlock pts_lock;
static struct list_head pts_nodes; /* [pts_lock] struct node, by minor */
static mode_t pts_mode = 0600;     /* of new nodes */
static gid_t pts_gid = (gid_t)-1;  /* -1: the maker's */

struct node {
	struct list_head link;
	struct inode *ip; /* a reference */
};

static unsigned minor_of(const struct inode *ip)
{
	return ABI_DEV_MINOR(ip->rdev);
}

/* The first node whose number is not smaller; pts_lock is held. */
static struct node *node_from(unsigned minor)
{
	struct node *n;

	list_for_each_entry (n, &pts_nodes, link)
		if (minor_of(n->ip) >= minor)
			return n;
	return NULL;
}

int devpts_add(dev_t rdev, const struct file_ops *ops, struct inode **out)
{
	struct node *n, *next;
	struct inode *ip;
	int err;

	if (!pts_super)
		return -ENOMEM;
	n = kmalloc(sizeof(*n), GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	err = inode_alloc(pts_super, S_IFCHR, &ip);
	if (err) {
		kfree(n);
		return err;
	}
	inode_init_owner(ip, NULL, S_IFCHR | READ_ONCE(pts_mode));
	if (READ_ONCE(pts_gid) != (gid_t)-1)
		ip->gid = READ_ONCE(pts_gid);
	ip->ino = ROOT_INO + 2 + ABI_DEV_MINOR(rdev);
	ip->rdev = rdev;
	ip->ops = &pts_inode_ops;
	ip->fops = ops;
	inode_get(ip);
	n->ip = ip;
	spin_lock(&pts_lock);
	next = node_from(ABI_DEV_MINOR(rdev));
	list_add_tail(&n->link, next ? &next->link : &pts_nodes);
	spin_unlock(&pts_lock);
	*out = ip;
	return 0;
}

void devpts_remove(struct inode *ip)
{
	struct node *n;

	spin_lock(&pts_lock);
	n = node_from(minor_of(ip));
	list_del(&n->link);
	spin_unlock(&pts_lock);
	ip->nlink = 0;
	kfree(n);
	inode_put(ip);
	inode_put(ip);
}

/* ---- the file system ---- */

static int pts_lookup(struct inode *dir, const char *name, unsigned len,
		      struct inode **out)
{
	unsigned minor = 0;
	struct node *n;

	/* As it would be printed. */
	if (len > 6 || (name[0] == '0' && len > 1))
		return -ENOENT;
	for (unsigned i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -ENOENT;
		minor = minor * 10 + (unsigned)(name[i] - '0');
	}
	spin_lock(&pts_lock);
	n = node_from(minor);
	if (n && minor_of(n->ip) != minor)
		n = NULL;
	if (n) {
		*out = n->ip;
		inode_get(n->ip);
	}
	spin_unlock(&pts_lock);
	return n ? 0 : -ENOENT;
}

/* Position 2 and those behind it: the next number, and 2. */
static int pts_iterate(struct file *f, struct dir_context *c, off_t *pos)
{
	if (*pos == 0) {
		if (!c->emit(c, ".", 1, ROOT_INO, DT_DIR, 1))
			return 0;
		*pos = 1;
	}
	if (*pos == 1) {
		if (!c->emit(c, "..", 2, ROOT_INO, DT_DIR, 2))
			return 0;
		*pos = 2;
	}
	while (*pos >= 2 && *pos < INT32_MAX) {
		unsigned minor = 0;
		struct node *n;
		char name[12];
		ino_t ino = 0;
		int len;

		spin_lock(&pts_lock);
		n = node_from((unsigned)*pos - 2);
		if (n) {
			minor = minor_of(n->ip);
			ino = n->ip->ino;
		}
		spin_unlock(&pts_lock);
		if (!n)
			break;
		len = snprintf(name, sizeof(name), "%u", minor);
		if (!c->emit(c, name, (unsigned)len, ino, DT_CHR, minor + 3))
			break;
		*pos = minor + 3;
		resched_point();
	}
	return 0;
}

static const struct inode_ops pts_root_inode_ops = {
	.lookup = pts_lookup,
};
/* No operations: owner and mode need no more than memory. */
static const struct inode_ops pts_inode_ops = { .lookup = NULL };
static const struct file_ops pts_root_ops = {
	.iterate = pts_iterate,
};

static int pts_statfs(struct super *sb, struct statfs *st)
{
	st->f_type = DEVPTS_SUPER_MAGIC;
	st->f_namelen = NAME_MAX_BYTES;
	return 0;
}

static const struct super_ops pts_super_ops = {
	.statfs = pts_statfs,
};

static uint64_t number(const char **s, unsigned base)
{
	uint64_t n = 0;

	while (**s >= '0' && **s < (char)('0' + base) && n < BIT(40))
		n = n * base + (uint64_t)(*(*s)++ - '0');
	return n;
}

static int pts_options(const char *s)
{
	mode_t mode = 0600;
	gid_t gid = (gid_t)-1;

	while (s && *s) {
		if (!strncmp(s, "gid=", 4)) {
			s += 4;
			gid = (gid_t)number(&s, 10);
		} else if (!strncmp(s, "mode=", 5)) {
			s += 5;
			mode = (mode_t)number(&s, 8) & 0777;
		} else {
			return -EINVAL;
		}
		if (*s && *s++ != ',')
			return -EINVAL;
	}
	WRITE_ONCE(pts_mode, mode);
	WRITE_ONCE(pts_gid, gid);
	return 0;
}

static int devpts_mount(const struct fs_type *type, struct blkdev *bd,
			bool read_only, const char *data, struct super **out)
{
	int err;

	if (!pts_super)
		return -ENODEV;
	err = pts_options(data);
	if (!err)
		*out = pts_super;
	return err;
}

const struct fs_type devpts_type = {
	.name = "devpts",
	.mount = devpts_mount,
};

void devpts_init(void)
{
	struct super *sb = super_alloc(&devpts_type, NULL);

	spin_init(&pts_lock, "devpts", RANK_TREE);
	list_init(&pts_nodes);
	if (!sb)
		return;
	sb->ops = &pts_super_ops;
	sb->flags |= SUPER_KEEP | SUPER_NO_DCACHE;
	sb->refs = 1;
	if (inode_alloc(sb, S_IFDIR | 0755, &sb->root)) {
		super_free(sb);
		return;
	}
	sb->root->ino = ROOT_INO;
	sb->root->nlink = 2;
	sb->root->ops = &pts_root_inode_ops;
	sb->root->fops = &pts_root_ops;
	sb->root->atime = sb->root->mtime = sb->root->ctime = vfs_now();
	pts_super = sb;
}
