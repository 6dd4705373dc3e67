/*
 * A file system in memory.
 *
 * File data are pages of the inode's mapping, which are never given back
 * while the file exists; what was never written is a hole and costs nothing.
 * A directory is a hash table that grows with its entries, and a list of them
 * in the order of their making: an entry's number in that order is its
 * position for readdir, so a directory can be read while it is changed and no
 * entry that stays is missed or seen twice.
 *
 * Each name holds a reference to its inode. Pages and inodes are counted
 * against limits of the mount (half of RAM by default): -ENOSPC.
 */
#include "fs/tmpfs.h"

#include "fs/dcache.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "kernel/abi/dirent.h"
#include "kernel/abi/mount.h"

#define DIR_INLINE 8u /* buckets */

struct tentry {
	struct hlist_node hash_link;
	struct list_head link;
	struct inode *ip;
	uint64_t cookie;
	uint32_t hash;
	uint32_t len;
	char name[];
};

/* priv of a directory; all under the directory's lock. */
struct tdir {
	struct hlist_head *table;
	unsigned buckets; /* a power of two */
	unsigned count;
	struct list_head entries;
	uint64_t next_cookie;
	struct tentry *hint; /* where the last reader stopped; atomic */
	struct inode *parent;
	struct hlist_head inline_table[DIR_INLINE];
};

static const struct inode_ops tmpfs_inode_ops;
static const struct file_ops tmpfs_dir_ops;

/* ---- inodes ---- */

int tmpfs_inode(struct super *sb, const struct inode *dir, mode_t mode,
		dev_t rdev, struct inode **out)
{
	struct tmpfs *t = sb->priv;
	struct inode *ip;
	int err;

	if (!tmpfs_count_up(&t->used_inodes, t->max_inodes))
		return -ENOSPC;
	err = inode_alloc(sb, mode, &ip);
	if (err)
		goto uncount;
	ip->ino = __atomic_add_fetch(&t->next_ino, 1, __ATOMIC_RELAXED);
	ip->ops = &tmpfs_inode_ops;
	inode_init_owner(ip, dir, mode);
	ip->rdev = rdev;
	if (S_ISREG(mode)) {
		ip->fops = &tmpfs_file_ops;
		ip->mapping.ops = &tmpfs_mapping_ops;
		ip->mapping.flags |= MAPPING_NO_RECLAIM;
	} else if (S_ISDIR(mode)) {
		struct tdir *td = kzalloc(sizeof(*td), GFP_KERNEL);

		if (!td) {
			/* evict takes the count back. */
			ip->mode = S_IFREG;
			inode_put(ip);
			return -ENOMEM;
		}
		td->table = td->inline_table;
		td->buckets = DIR_INLINE;
		list_init(&td->entries);
		td->next_cookie = 2; /* behind "." and ".." */
		td->parent = ip;
		ip->priv = td;
		ip->fops = &tmpfs_dir_ops;
		ip->nlink = 2;
	}
	*out = ip;
	return 0;
uncount:
	__atomic_fetch_sub(&t->used_inodes, 1, __ATOMIC_RELAXED);
	return err;
}

/* At the unmount: all entries of all directories, without recursion. */
static void tmpfs_drop_tree(struct super *sb)
{
	struct list_head all = LIST_INIT(all);
	struct inode *ip;

	spin_lock(&sb->inodes_lock);
	list_for_each_entry (ip, &sb->inodes, sb_link) {
		struct tdir *td = ip->priv;

		if (!S_ISDIR(ip->mode) || !td)
			continue;
		list_splice_tail(&td->entries, &all);
		td->count = 0;
	}
	spin_unlock(&sb->inodes_lock);
	while (!list_empty(&all)) {
		struct tentry *e = list_first_entry(&all, struct tentry, link);

		list_del(&e->link);
		inode_put(e->ip);
		kfree(e);
		resched_point();
	}
}

static void tmpfs_evict(struct inode *ip)
{
	struct tmpfs *t = tmpfs_of(ip);

	if (S_ISDIR(ip->mode)) {
		struct tdir *td = ip->priv;

		if (td->count)
			tmpfs_drop_tree(ip->sb);
		if (td->table != td->inline_table)
			kfree(td->table);
		kfree(td);
	} else if (S_ISLNK(ip->mode)) {
		kfree(ip->priv);
	} else {
		tmpfs_uncharge(ip, ip->blocks / (PAGE_SIZE / 512));
	}
	__atomic_fetch_sub(&t->used_inodes, 1, __ATOMIC_RELAXED);
}

/* ---- directories ---- */

static struct tentry *dir_find(const struct tdir *td, const char *name,
			       unsigned len, uint32_t hash)
{
	struct tentry *e;

	hlist_for_each_entry (e, &td->table[hash % td->buckets], hash_link) {
		if (e->hash == hash && e->len == len &&
		    !memcmp(e->name, name, len))
			return e;
	}
	return NULL;
}

static void dir_grow(struct tdir *td)
{
	unsigned n = td->buckets * 4;
	struct hlist_head *table = kzalloc(n * sizeof(*table), GFP_KERNEL);
	struct tentry *e;

	/* Without memory the chains just get longer. */
	if (!table)
		return;
	list_for_each_entry (e, &td->entries, link) {
		hlist_del(&e->hash_link);
		hlist_add_head(&e->hash_link, &table[e->hash % n]);
	}
	if (td->table != td->inline_table)
		kfree(td->table);
	td->table = table;
	td->buckets = n;
}

static void dir_changed(struct inode *dir)
{
	struct tdir *td = dir->priv;

	dir->size = (off_t)(td->count + 2) * 32;
	dir->mtime = vfs_now();
	dir->ctime = dir->mtime;
}

/* The new entry takes over a reference to ip. */
static int dir_add(struct inode *dir, const char *name, unsigned len,
		   struct inode *ip)
{
	struct tdir *td = dir->priv;
	struct tentry *e = kmalloc(sizeof(*e) + len + 1, GFP_KERNEL);

	if (!e)
		return -ENOMEM;
	if (td->count >= td->buckets * 2)
		dir_grow(td);
	e->ip = ip;
	e->cookie = td->next_cookie++;
	e->hash = name_hash(name, len);
	e->len = len;
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	hlist_add_head(&e->hash_link, &td->table[e->hash % td->buckets]);
	list_add_tail(&e->link, &td->entries);
	td->count++;
	dir_changed(dir);
	return 0;
}

/* The reference to the inode goes to the caller. */
static void dir_remove(struct inode *dir, struct tentry *e)
{
	struct tdir *td = dir->priv;

	hlist_del(&e->hash_link);
	list_del(&e->link);
	td->hint = NULL;
	td->count--;
	kfree(e);
	dir_changed(dir);
}

static int tmpfs_lookup(struct inode *dir, const char *name, unsigned len,
			struct inode **out)
{
	struct tentry *e = dir_find(dir->priv, name, len, name_hash(name, len));

	if (!e)
		return -ENOENT;
	inode_get(e->ip);
	*out = e->ip;
	return 0;
}

int tmpfs_create(struct inode *dir, const char *name, unsigned len, mode_t mode,
		 dev_t rdev, const char *target, struct inode **out)
{
	struct inode *ip;
	int err = tmpfs_inode(dir->sb, dir, mode, rdev, &ip);

	if (err)
		return err;
	if (S_ISLNK(mode)) {
		size_t n = strlen(target);
		char *copy = kmalloc(n + 1, GFP_KERNEL);

		if (!copy) {
			err = -ENOMEM;
			goto drop;
		}
		memcpy(copy, target, n + 1);
		ip->priv = copy;
		ip->size = (off_t)n;
	}
	err = dir_add(dir, name, len, ip);
	if (err)
		goto drop;
	if (S_ISDIR(mode)) {
		((struct tdir *)ip->priv)->parent = dir;
		dir_changed(ip);
		dir->nlink++;
	}
	inode_get(ip);
	*out = ip;
	return 0;
drop:
	ip->nlink = 0;
	inode_put(ip);
	return err;
}

static int tmpfs_link(struct inode *dir, const char *name, unsigned len,
		      struct inode *ip)
{
	int err;

	if (ip->nlink == UINT32_MAX)
		return -EMLINK;
	err = dir_add(dir, name, len, ip);
	if (err)
		return err;
	inode_get(ip);
	ip->nlink++;
	ip->ctime = dir->ctime;
	return 0;
}

/* ip loses a name in dir; the reference of that name is dropped too, which
 * is never the last one: the caller of the operation holds another. */
static void name_gone(struct inode *dir, struct inode *ip)
{
	if (S_ISDIR(ip->mode)) {
		ip->nlink = 0;
		dir->nlink--;
	} else {
		ip->nlink--;
	}
	ip->ctime = dir->ctime;
	inode_put(ip);
}

static bool dir_busy(const struct inode *ip)
{
	return S_ISDIR(ip->mode) && ((const struct tdir *)ip->priv)->count;
}

static int tmpfs_unlink(struct inode *dir, const char *name, unsigned len,
			struct inode *ip)
{
	struct tentry *e = dir_find(dir->priv, name, len, name_hash(name, len));

	if (!e)
		return -ENOENT;
	if (dir_busy(ip))
		return -ENOTEMPTY;
	dir_remove(dir, e);
	name_gone(dir, ip);
	return 0;
}

/* A directory changed its parent. */
static void dir_reparent(struct inode *ip, struct inode *from, struct inode *to)
{
	if (!S_ISDIR(ip->mode) || from == to)
		return;
	((struct tdir *)ip->priv)->parent = to;
	from->nlink--;
	to->nlink++;
}

static int tmpfs_rename(struct inode *od, const char *oname, unsigned olen,
			struct inode *ip, struct inode *nd, const char *nname,
			unsigned nlen, struct inode *target, bool exchange)
{
	struct tentry *oe =
		dir_find(od->priv, oname, olen, name_hash(oname, olen));
	struct tentry *ne =
		dir_find(nd->priv, nname, nlen, name_hash(nname, nlen));
	int err;

	if (!oe || !ne != !target)
		return -ENOENT;
	if (exchange) {
		oe->ip = target;
		ne->ip = ip;
		dir_changed(od);
		dir_changed(nd);
		dir_reparent(ip, od, nd);
		dir_reparent(target, nd, od);
		target->ctime = nd->ctime;
	} else if (target) {
		if (dir_busy(target))
			return -ENOTEMPTY;
		/* The old name's reference becomes the new one's. */
		ne->ip = ip;
		dir_remove(od, oe);
		dir_changed(nd);
		name_gone(nd, target);
		dir_reparent(ip, od, nd);
	} else {
		err = dir_add(nd, nname, nlen, ip);
		if (err)
			return err;
		dir_remove(od, oe);
		dir_reparent(ip, od, nd);
	}
	ip->ctime = nd->ctime;
	return 0;
}

static ssize_t tmpfs_readlink(struct inode *ip, char *buf, size_t size)
{
	size_t n = MIN(size, (size_t)ip->size);

	memcpy(buf, ip->priv, n);
	return (ssize_t)n;
}

static int tmpfs_iterate(struct file *f, struct dir_context *c, off_t *pos)
{
	struct inode *dir = f->inode;
	struct tdir *td = dir->priv;
	struct tentry *e;

	/*
	 * What is made after the reading began is not in it: a reader that
	 * makes a name for each that it sees would never come to an end.
	 */
	if (*pos == 0 || !f->ra_next)
		f->ra_next = td->next_cookie;
	if (*pos == 0) {
		if (!c->emit(c, ".", 1, dir->ino, DT_DIR, 1))
			return 0;
		*pos = 1;
	}
	if (*pos == 1) {
		if (!c->emit(c, "..", 2, td->parent->ino, DT_DIR, 2))
			return 0;
		*pos = 2;
	}
	e = __atomic_load_n(&td->hint, __ATOMIC_RELAXED);
	if (!e || e->cookie > (uint64_t)*pos)
		e = list_first_entry(&td->entries, struct tentry, link);
	for (; &e->link != &td->entries; e = list_next_entry(e, link)) {
		off_t next = (off_t)e->cookie + 1;

		if (e->cookie < (uint64_t)*pos)
			continue;
		if (e->cookie >= f->ra_next)
			break;
		if (!c->emit(c, e->name, e->len, e->ip->ino,
			     (e->ip->mode & S_IFMT) >> 12, next)) {
			__atomic_store_n(&td->hint, e, __ATOMIC_RELAXED);
			break;
		}
		*pos = next;
	}
	return 0;
}

/* ---- the file system ---- */

static int tmpfs_statfs(struct super *sb, struct statfs *st)
{
	struct tmpfs *t = sb->priv;
	uint64_t used = READ_ONCE(t->used_pages);
	uint64_t inodes = READ_ONCE(t->used_inodes);

	st->f_type = TMPFS_MAGIC;
	st->f_bsize = (int64_t)PAGE_SIZE;
	st->f_blocks = t->max_pages;
	st->f_bfree = used < t->max_pages ? t->max_pages - used : 0;
	st->f_bavail = st->f_bfree;
	st->f_files = t->max_inodes;
	st->f_ffree = inodes < t->max_inodes ? t->max_inodes - inodes : 0;
	st->f_namelen = NAME_MAX_BYTES;
	st->f_frsize = (int64_t)PAGE_SIZE;
	return 0;
}

static void tmpfs_put(struct super *sb)
{
	kfree(sb->priv);
}

static int tmpfs_remount(struct super *sb, bool read_only, bool force)
{
	sb->read_only = read_only;
	return 0;
}

static const struct super_ops tmpfs_super_ops = {
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.put = tmpfs_put,
	.remount = tmpfs_remount,
};

/* A number with a suffix of k, m, g; *end is where it stopped. */
static uint64_t parse_size(const char *s, unsigned base, const char **end)
{
	uint64_t n = 0;

	while (*s >= '0' && *s < (char)('0' + base) && n < BIT(52))
		n = n * base + (uint64_t)(*s++ - '0');
	if (base == 10) {
		if (*s == 'k' || *s == 'K')
			n <<= 10, s++;
		else if (*s == 'm' || *s == 'M')
			n <<= 20, s++;
		else if (*s == 'g' || *s == 'G')
			n <<= 30, s++;
	}
	*end = s;
	return n;
}

static int parse_options(struct tmpfs *t, struct inode *root, const char *s)
{
	while (s && *s) {
		const char *end;
		uint64_t n;

		if (!strncmp(s, "size=", 5)) {
			n = parse_size(s + 5, 10, &end);
			if (*end == '%') {
				n = host_total_pages() * MIN(n, 100ul) / 100;
				end++;
			} else {
				n = div_round_up(n, PAGE_SIZE);
			}
			if (n)
				t->max_pages = n;
		} else if (!strncmp(s, "nr_inodes=", 10)) {
			n = parse_size(s + 10, 10, &end);
			if (n)
				t->max_inodes = n;
		} else if (!strncmp(s, "mode=", 5)) {
			n = parse_size(s + 5, 8, &end);
			root->mode = S_IFDIR | (n & 07777);
		} else if (!strncmp(s, "uid=", 4)) {
			root->uid = (uid_t)parse_size(s + 4, 10, &end);
		} else if (!strncmp(s, "gid=", 4)) {
			root->gid = (gid_t)parse_size(s + 4, 10, &end);
		} else {
			return -EINVAL;
		}
		if (*end && *end != ',')
			return -EINVAL;
		s = *end ? end + 1 : end;
	}
	return 0;
}

int tmpfs_mount(const struct fs_type *type, struct blkdev *bd, bool read_only,
		const char *data, struct super **out)
{
	struct super *sb = super_alloc(type, NULL);
	struct tmpfs *t;
	int err;

	if (!sb)
		return -ENOMEM;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t) {
		super_free(sb);
		return -ENOMEM;
	}
	t->max_pages = host_total_pages() / 2;
	t->max_inodes = host_total_pages() / 2;
	sb->priv = t;
	sb->ops = &tmpfs_super_ops;
	sb->read_only = read_only;
	err = tmpfs_inode(sb, NULL, S_IFDIR | 01777, 0, &sb->root);
	if (!err) {
		dir_changed(sb->root);
		err = parse_options(t, sb->root, data);
		if (!err) {
			*out = sb;
			return 0;
		}
		inode_put(sb->root);
	}
	kfree(t);
	super_free(sb);
	return err;
}

int vfs_anonymous_file(const char *name, struct file **out)
{
	struct super *sb = vfs_root.dentry->sb;
	struct dentry *d;
	struct inode *ip;
	int err = tmpfs_inode(sb, NULL, S_IFREG | 0444, 0, &ip);

	if (err)
		return err;
	ip->nlink = 0;
	ip->size = (off_t)PAGE_SIZE;
	d = dcache_make_root(sb, ip);
	if (!d) {
		inode_put(ip);
		return -ENOMEM;
	}
	strlcpy(d->inline_name, name, sizeof(d->inline_name));
	d->len = (uint32_t)strlen(d->inline_name);
	err = file_open_path(&(struct path){ NULL, d }, O_RDONLY, out);
	if (err)
		dentry_put(d);
	return err;
}

static const struct inode_ops tmpfs_inode_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rename = tmpfs_rename,
	.readlink = tmpfs_readlink,
	.truncate = tmpfs_truncate,
};

static const struct file_ops tmpfs_dir_ops = {
	.iterate = tmpfs_iterate,
};

const struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.mount = tmpfs_mount,
};
