/*
 * Supers and inodes in memory, and what is the same for every file system:
 * permissions, struct stat, times, the table of file system types, character
 * devices.
 *
 * Inodes of file systems on a disk are found by (super, number) in one hash
 * table and stay there when nobody holds them, with their pages: that is the
 * cache of files that were closed. An inode that lost its last name goes at
 * its last put. Those of memory file systems are in no table; their names hold
 * them.
 *
 * When memory is wanted those go that nobody holds, in the order in which they
 * came: what came together lies in the same slabs, and a slab becomes free as a
 * whole only. Taken in the order of the table, half of them can go and hardly a
 * page comes back.
 */
#include "fs/vfs.h"

#include "fs/dcache.h"
#include "fs/devfs.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/pipe.h"
#include "fs/procfs.h"
#include "fs/writeback.h"

#define INODE_HASHED     (1u << 0)
#define INODE_NEW        (1u << 1) /* being filled by its file system */
#define INODE_FREEING    (1u << 2) /* on its way out; look-ups wait */
#define INODE_FAILED     (1u << 3) /* could not be read */
#define INODE_REFERENCED (1u << 4)

#ifndef ICACHE_BUCKETS /* as for DCACHE_BUCKETS */
#define ICACHE_BUCKETS 1024u
#endif
#define ICACHE_STRIPES 16u

static struct hlist_head icache[ICACHE_BUCKETS];
static struct spinlock icache_locks[ICACHE_STRIPES];
static struct wait_queue icache_wait; /* NEW or FREEING has ended somewhere */
static struct kmem_cache *inode_cache;

/* Supers with inodes in the table, for reclaim, which asks them in turn. */
static struct spinlock cached_lock; /* also of blkdev.super */
static struct list_head cached; /* [cached_lock] super.cached_link */
static struct wait_queue disk_free; /* a blkdev.super is NULL again, or a pin
				     * is gone */

const struct fs_type *const fs_types[] = {
	&ext4_type, &tmpfs_type, &devfs_type, &devpts_type, &procfs_type, NULL,
};

/* ---- supers ---- */

__attribute__((cold))
struct super *super_alloc(const struct fs_type *t, struct blkdev *bd)
{
	static uint32_t next_dev;
	struct super *sb = kzalloc(sizeof(*sb), GFP_KERNEL);

	if (!sb)
		return NULL;
	sb->type = t->name;
	sb->fs_type = t;
	sb->bdev = bd;
	/* Without a disk: major 0, as everywhere. */
	sb->dev =
		bd ? bd->dev
		   : (uint32_t)ABI_DEV(0, __atomic_add_fetch(&next_dev, 1,
							     __ATOMIC_RELAXED));
	sb->block_size = PAGE_SIZE;
	sb->max_file_size = INT64_MAX;
	mutex_init(&sb->rename_lock, "rename", RANK_RENAME);
	spin_init(&sb->inodes_lock, "super_inodes", RANK_TREE);
	list_init(&sb->inodes);
	list_init(&sb->cached_link);
	if (bd) {
		snprintf(sb->source, sizeof(sb->source), "/dev/%s", bd->name);
		spin_lock(&cached_lock);
		bd->super = sb;
		spin_unlock(&cached_lock);
	} else {
		strlcpy(sb->source, t->name, sizeof(sb->source));
	}
	return sb;
}

void super_free(struct super *sb)
{
	writeback_close(sb);
	spin_lock(&cached_lock);
	list_del(&sb->cached_link);
	if (sb->bdev && sb->bdev->super == sb)
		sb->bdev->super = NULL;
	spin_unlock(&cached_lock);
	wait_wake_all(&disk_free);
	kfree(sb->wb);
	kfree(sb);
}

__attribute__((cold))
static struct super *super_try(struct blkdev *bd, bool pin)
{
	struct super *sb;
	int32_t n = 0;

	spin_lock(&cached_lock);
	sb = bd->super;
	if (sb)
		n = __atomic_load_n(&sb->refs, __ATOMIC_RELAXED);
	if (n && pin)
		sb->pins++;
	while (n && !pin &&
	       !__atomic_compare_exchange_n(&sb->refs, &n, n + 1, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	spin_unlock(&cached_lock);
	return n ? sb : NULL;
}

__attribute__((cold))
struct super *super_of_disk(struct blkdev *bd, bool pin, bool wait)
{
	struct super *sb = NULL;

	wait_event(&disk_free, (sb = super_try(bd, pin)) || !wait ||
				       !READ_ONCE(bd->super));
	return sb;
}

__attribute__((cold))
void super_unpin(struct super *sb)
{
	spin_lock(&cached_lock);
	sb->pins--;
	spin_unlock(&cached_lock);
	wait_wake_all(&disk_free);
}

/* ---- inodes ---- */

static int inode_make(struct super *sb, mode_t mode, struct inode **out)
{
	struct inode *ip = kmem_cache_alloc(inode_cache, GFP_NOFS);

	if (!ip)
		return -ENOMEM;
	memset(ip, 0, sizeof(*ip));
	ip->sb = sb;
	ip->mode = mode;
	ip->refs = 1;
	ip->nlink = 1;
	if (S_ISDIR(mode))
		rwsem_init(&ip->lock, "dir", RANK_DIR);
	else
		rwsem_init(&ip->lock, "inode", RANK_INODE);
	mapping_init(&ip->mapping, ip, NULL);
	spin_lock(&sb->inodes_lock);
	list_add(&ip->sb_link, &sb->inodes);
	sb->n_inodes++;
	spin_unlock(&sb->inodes_lock);
	*out = ip;
	return 0;
}

int inode_alloc(struct super *sb, mode_t mode, struct inode **out)
{
	return inode_make(sb, mode, out);
}

static unsigned icache_bucket(const struct super *sb, ino_t ino)
{
	uint64_t h = ino + ((uintptr_t)sb >> 6);

	return (uint32_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 32) %
	       ICACHE_BUCKETS;
}

static struct spinlock *icache_lock(unsigned bucket)
{
	return &icache_locks[bucket % ICACHE_STRIPES];
}

static struct inode *icache_find(unsigned b, struct super *sb, ino_t ino)
{
	struct inode *ip;

	hlist_for_each_entry (ip, &icache[b], hash_link) {
		if (ip->ino == ino && ip->sb == sb)
			return ip;
	}
	return NULL;
}

static unsigned inode_state(const struct inode *ip)
{
	return __atomic_load_n(&ip->state, __ATOMIC_ACQUIRE);
}

/* The last step is to leave the table: who waits for that (super_put) may free
 * the super then. */
static void inode_free(struct inode *ip)
{
	struct super *sb = ip->sb;

	spin_lock(&sb->inodes_lock);
	list_del(&ip->sb_link);
	sb->n_inodes--;
	spin_unlock(&sb->inodes_lock);
	if (ip->state & INODE_HASHED) {
		unsigned b = icache_bucket(sb, ip->ino);

		spin_lock(icache_lock(b));
		hlist_del(&ip->hash_link);
		spin_unlock(icache_lock(b));
		wait_wake_all(&icache_wait);
	}
	kmem_cache_free(inode_cache, ip);
}

__attribute__((cold))
static void cached_join(struct super *sb)
{
	spin_lock(&cached_lock);
	if (list_empty(&sb->cached_link))
		list_add(&sb->cached_link, &cached);
	spin_unlock(&cached_lock);
}

/* Is (sb, ino) not on its way out any more? */
__attribute__((cold))
static bool icache_settled(struct super *sb, ino_t ino)
{
	unsigned b = icache_bucket(sb, ino);
	struct inode *ip;
	bool settled;

	spin_lock(icache_lock(b));
	ip = icache_find(b, sb, ino);
	settled = !ip || !(ip->state & INODE_FREEING);
	spin_unlock(icache_lock(b));
	return settled;
}

int inode_lookup(struct super *sb, ino_t ino, struct inode **out, bool *fresh)
{
	unsigned b = icache_bucket(sb, ino);
	struct inode *ip, *made = NULL;
	int err;

	for (;;) {
		spin_lock(icache_lock(b));
		ip = icache_find(b, sb, ino);
		if (!ip && made) {
			hlist_add_head(&made->hash_link, &icache[b]);
			/* Its number comes before: inode_claim. */
			__atomic_store_n(&made->state, INODE_HASHED | INODE_NEW,
					 __ATOMIC_RELEASE);
			spin_unlock(icache_lock(b));
			if (list_empty(&sb->cached_link))
				cached_join(sb);
			*out = made;
			*fresh = true;
			return 0;
		}
		if (!ip) {
			spin_unlock(icache_lock(b));
			/* The kind of its lock is set when its mode is
			 * known: see inode_unlock_new. */
			err = inode_make(sb, 0, &made);
			if (err)
				return err;
			made->ino = ino;
			continue;
		}
		if (ip->state & INODE_FREEING) {
			spin_unlock(icache_lock(b));
			wait_event(&icache_wait, icache_settled(sb, ino));
			continue;
		}
		inode_get(ip);
		ip->state |= INODE_REFERENCED;
		spin_unlock(icache_lock(b));
		if (inode_state(ip) & INODE_NEW)
			wait_event(&icache_wait,
				   !(inode_state(ip) & INODE_NEW));
		if (!(inode_state(ip) & INODE_FAILED))
			break;
		inode_put(ip);
	}
	if (made)
		inode_free(made);
	*out = ip;
	*fresh = false;
	return 0;
}

static void inode_settle(struct inode *ip, bool ok)
{
	unsigned b = icache_bucket(ip->sb, ip->ino);

	spin_lock(icache_lock(b));
	ip->state &= ~INODE_NEW;
	if (!ok) {
		hlist_del(&ip->hash_link);
		ip->state = INODE_FAILED;
	}
	spin_unlock(icache_lock(b));
	wait_wake_all(&icache_wait);
}

void inode_unlock_new(struct inode *ip)
{
	if (S_ISDIR(ip->mode))
		rwsem_init(&ip->lock, "dir", RANK_DIR);
	inode_settle(ip, true);
}

__attribute__((cold))
void inode_fail_new(struct inode *ip)
{
	inode_settle(ip, false);
	inode_put(ip);
}

bool inode_try_get(struct inode *ip)
{
	struct spinlock *l = icache_lock(icache_bucket(ip->sb, ip->ino));
	bool ok;

	spin_lock(l);
	ok = !(ip->state & INODE_FREEING);
	if (ok)
		inode_get(ip);
	spin_unlock(l);
	return ok;
}

/* What nobody holds, but is newer than the disk, or would have been, which
 * nobody was told yet? */
static bool inode_is_dirty(const struct inode *ip)
{
	const struct mapping *m = &ip->mapping;

	return (!list_empty(&m->dirty_link) ||
		m->errors.seq != m->errors.seen) &&
	       ip->nlink && !(ip->sb->flags & SUPER_DYING);
}

/* Nobody holds ip and nobody can find it. */
static void inode_evict(struct inode *ip)
{
	if (ip->mapping.npages)
		pagecache_truncate(&ip->mapping, 0, UINT64_MAX);
	mapping_destroy(&ip->mapping);
	if (ip->sb->ops && ip->sb->ops->evict && !(ip->state & INODE_FAILED))
		ip->sb->ops->evict(ip);
	inode_free(ip);
}

void inode_put(struct inode *ip)
{
	int32_t n = __atomic_load_n(&ip->refs, __ATOMIC_RELAXED);
	struct spinlock *l;

	while (n > 1) {
		if (__atomic_compare_exchange_n(&ip->refs, &n, n - 1, true,
						__ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return;
	}
	if (!(ip->state & INODE_HASHED)) {
		if (!__atomic_sub_fetch(&ip->refs, 1, __ATOMIC_ACQ_REL))
			inode_evict(ip);
		return;
	}
	/* A look-up may take it out of the table until the count is 0 and
	 * FREEING is seen. */
	l = icache_lock(icache_bucket(ip->sb, ip->ino));
	spin_lock(l);
	n = __atomic_sub_fetch(&ip->refs, 1, __ATOMIC_ACQ_REL);
	if (n || (ip->nlink && !(ip->sb->flags & SUPER_DYING))) {
		spin_unlock(l);
		return;
	}
	ip->state |= INODE_FREEING;
	spin_unlock(l);
	inode_evict(ip);
}

/* Frees the inodes of a super that dies, but those that it holds itself; waits
 * for those that reclaim is just freeing. */
__attribute__((cold))
static void icache_clear(struct super *sb)
{
	for (unsigned b = 0; b < ICACHE_BUCKETS; b++) {
		struct inode *ip;

again:
		if (!READ_ONCE(icache[b].first))
			continue;
		spin_lock(icache_lock(b));
		hlist_for_each_entry (ip, &icache[b], hash_link) {
			ino_t ino = ip->ino;
			bool going = ip->state & INODE_FREEING;

			if (ip->sb != sb ||
			    (!going &&
			     __atomic_load_n(&ip->refs, __ATOMIC_ACQUIRE)))
				continue;
			ip->state |= INODE_FREEING;
			spin_unlock(icache_lock(b));
			if (going)
				wait_event(&icache_wait,
					   icache_settled(sb, ino));
			else
				inode_evict(ip);
			goto again;
		}
		spin_unlock(icache_lock(b));
	}
}

/* Does nobody hold ip, and is nothing lost with it? Then it is ours to evict.
 * Its super's inodes_lock is held; the locks of chains are only taken inside. */
__attribute__((cold))
static bool inode_claim(struct inode *ip, bool spare_used)
{
	struct spinlock *l;
	bool ours = false;

	if (!(inode_state(ip) & INODE_HASHED))
		return false;
	l = icache_lock(icache_bucket(ip->sb, ip->ino));
	spin_lock_nested(l);
	if ((ip->state & (INODE_HASHED | INODE_FREEING)) == INODE_HASHED &&
	    !__atomic_load_n(&ip->refs, __ATOMIC_ACQUIRE) &&
	    !inode_is_dirty(ip)) {
		ours = !spare_used || !(ip->state & INODE_REFERENCED);
		ip->state &= ~INODE_REFERENCED;
		if (ours)
			ip->state |= INODE_FREEING;
	}
	spin_unlock(l);
	return ours;
}

#define CLAIM 16u

/* The oldest of the next super, CLAIM at most; what stays is as new. */
__attribute__((cold))
static unsigned claim_oldest(struct inode **out, uint64_t *looks,
			     bool spare_used)
{
	struct super *sb;
	struct inode *ip;
	unsigned n = 0;

	spin_lock(&cached_lock);
	if (list_empty(&cached)) {
		*looks = 0;
		goto unlock;
	}
	sb = list_first_entry(&cached, struct super, cached_link);
	list_move_tail(&sb->cached_link, &cached);
	spin_lock(&sb->inodes_lock);
	for (uint64_t max = MIN(sb->n_inodes, 4 * CLAIM) + 1;
	     --max && *looks && n < CLAIM; --*looks) {
		ip = list_last_entry(&sb->inodes, struct inode, sb_link);
		list_move(&ip->sb_link, &sb->inodes);
		if (inode_claim(ip, spare_used))
			out[n++] = ip;
	}
	spin_unlock(&sb->inodes_lock);
unlock:
	spin_unlock(&cached_lock);
	return n;
}

/* How many are looked at for a page that is wanted, about twice what fills it.
 * Where most are held, pages come from elsewhere sooner than from them. */
#define LOOKS 16

/* Goes over all of them twice at most: the first time may only see that they
 * were used. An inode counts as its part of a page. */
__attribute__((cold))
static uint64_t icache_reclaim(uint64_t want, bool may_write)
{
	bool spare_used = want != UINT64_MAX, more;
	uint64_t pages = 0, bytes = 0, total = 1, looks;
	struct inode *ours[CLAIM];
	struct super *sb;

	spin_lock(&cached_lock);
	list_for_each_entry (sb, &cached, cached_link)
		total += 2 * READ_ONCE(sb->n_inodes) + 1;
	spin_unlock(&cached_lock);
	more = want < total / LOOKS;
	looks = more ? want * LOOKS : total;
	while (looks && pages + bytes / PAGE_SIZE < want) {
		unsigned n = claim_oldest(ours, &looks, spare_used);

		looks -= !!looks; /* ends where there are none, too */
		while (n--) {
			pages += ours[n]->mapping.npages;
			bytes += sizeof(*ours[n]);
			inode_evict(ours[n]);
		}
	}
	pages += bytes / PAGE_SIZE;
	return pages || !more ? pages : 1;
}

__attribute__((cold))
int super_put(struct super *sb)
{
	struct dentry *droot;
	int err = 0;

	if (__atomic_sub_fetch(&sb->refs, 1, __ATOMIC_ACQ_REL) ||
	    sb->flags & SUPER_KEEP)
		return 0;
	spin_lock(&cached_lock);
	while (sb->pins)
		wait_sleep(&disk_free, &cached_lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&cached_lock);
	if (sb->ops->sync)
		err = sb->ops->sync(sb, true);
	if (!err && sb->errors.seq != sb->errors.seen)
		err = sb->errors.err;
	writeback_close(sb);
	/* Not before: what dies is given back dirty, too. And from now on
	 * nobody else has inodes of it. */
	sb->flags |= SUPER_DYING;
	dcache_prune(sb, NULL);
	droot = sb->droot;
	sb->droot = NULL;
	if (droot)
		dentry_put(droot);
	if (sb->root)
		inode_put(sb->root);
	sb->root = NULL;
	icache_clear(sb);
	if (sb->ops->put)
		sb->ops->put(sb);
	super_free(sb);
	return err;
}

bool super_is_written(struct super *sb)
{
	bool found = false;
	struct inode *ip;

	spin_lock(&sb->inodes_lock);
	list_for_each_entry (ip, &sb->inodes, sb_link) {
		if (READ_ONCE(ip->writers) > 0) {
			found = true;
			break;
		}
	}
	spin_unlock(&sb->inodes_lock);
	return found;
}

/* ---- permissions, times, stat ---- */

bool cred_in_group(const struct cred *c, gid_t gid)
{
	if (c->fsgid == gid)
		return true;
	for (unsigned i = 0; i < c->ngroups; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

int inode_permission_for(const struct cred *c, const struct inode *ip, int want)
{
	mode_t mode = ip->mode;

	if (want & 2 && ip->sb->read_only &&
	    (S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode)))
		return -EROFS;
	if (!c->fsuid) {
		/* Root may do all, but execute only what somebody may. */
		if (want & 1 && !S_ISDIR(mode) && !(mode & 0111))
			return -EACCES;
		return 0;
	}
	if (c->fsuid == ip->uid)
		mode >>= 6;
	else if (cred_in_group(c, ip->gid))
		mode >>= 3;
	if ((int)(mode & 7 & (mode_t)want) == want)
		return 0;
	return ip->ops && ip->ops->allow && ip->ops->allow(ip) ? 0 : -EACCES;
}

int inode_permission(const struct inode *ip, int want)
{
	return inode_permission_for(host_cred(), ip, want);
}

struct timespec vfs_now(void)
{
	uint64_t ns = time_real();
	struct timespec ts = {
		.tv_sec = (time_t)(ns / NSEC_PER_SEC),
		.tv_nsec = (int64_t)(ns % NSEC_PER_SEC),
	};

	return ts;
}

mode_t inode_new_mode(const struct inode *dir, mode_t mode)
{
	const mode_t lends = S_ISGID | S_IXGRP;
	const struct cred *c = host_cred();

	/* A directory that hands its group on gives nobody that group's rights. */
	if ((mode & lends) == lends && dir->mode & S_ISGID && c->fsuid &&
	    !cred_in_group(c, dir->gid))
		mode &= ~(mode_t)S_ISGID;
	return mode & ~(host_fs()->umask & 0777);
}

void inode_init_owner(struct inode *ip, const struct inode *dir, mode_t mode)
{
	const struct cred *c = host_cred();

	ip->uid = c->fsuid;
	ip->gid = c->fsgid;
	if (dir && dir->mode & S_ISGID) {
		/* A directory whose group its content has. */
		ip->gid = dir->gid;
		if (S_ISDIR(mode))
			mode |= S_ISGID;
	}
	ip->mode = mode;
	ip->atime = vfs_now();
	ip->mtime = ip->atime;
	ip->ctime = ip->atime;
	ip->btime = ip->atime;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec ||
	       (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

void inode_touch_atime(struct inode *ip)
{
	struct timespec now;

	if (ip->sb->read_only)
		return;
	if (later(&ip->atime, &ip->mtime) && later(&ip->atime, &ip->ctime))
		return;
	now = vfs_now();
	/* The clock may stand still between two calls; then it is done. */
	if (later(&now, &ip->atime))
		ip->atime = now;
}

void inode_fill_stat(struct inode *ip, struct stat *st)
{
	/* Every field, and those that fill up: it all goes to the caller. */
	st->st_dev = ip->sb->dev;
	st->st_ino = ip->ino;
	st->st_mode = ip->mode;
	st->st_nlink = ip->nlink;
	st->st_uid = ip->uid;
	st->st_gid = ip->gid;
	st->st_rdev = ip->rdev;
	st->st_size = READ_ONCE(ip->size);
	st->st_blksize = (int32_t)ip->sb->block_size;
	st->st_blocks = (blkcnt_t)(READ_ONCE(ip->blocks) +
				   (uint64_t)READ_ONCE(ip->promised) *
					   (ip->sb->block_size / 512));
	st->st_atim = ip->atime;
	st->st_mtim = ip->mtime;
	st->st_ctim = ip->ctime;
	st->st_pad1 = 0;
	st->st_pad2 = 0;
	st->st_unused[0] = 0;
	st->st_unused[1] = 0;
}

/* ---- bring-up ---- */

__attribute__((cold))
void vfs_init(void)
{
	static struct shrinker shrinker = {
		.name = "icache",
		.shrink = icache_reclaim,
	};

	inode_cache = kmem_cache_create("inode", sizeof(struct inode), 0);
	if (!inode_cache)
		panic("vfs: no memory");
	for (unsigned i = 0; i < ICACHE_STRIPES; i++)
		spin_init(&icache_locks[i], "icache", RANK_TREE);
	wait_queue_init(&icache_wait);
	spin_init(&cached_lock, "cached_supers", RANK_FILES);
	list_init(&cached);
	wait_queue_init(&disk_free);
	/* In this order they are shrunk: names, which hold inodes, when inodes
	 * that no name holds are not enough; then pages of those that stay. */
	shrinker_register(&shrinker);
	dcache_init();
	pagecache_init();
	file_init();
	fdtable_init();
	pipe_init();
	devfs_init();
	procfs_init();
	mount_init();
}
