/*
 * Names in memory.
 *
 * One hash table for all directories, because a walk asks for one name in one
 * directory and nothing else: the hash of the name, mixed with the address of
 * the directory's dentry, finds the chain in one step. A lock guards a stripe
 * of chains; it is held for a handful of instructions.
 *
 * Names that nobody holds are the cache proper. They are given back by a hand
 * that goes round over the chains and takes what was not used since it passed
 * last; children go before their parents because they hold them.
 */
#include "fs/dcache.h"

#define DENTRY_MAX 16384 /* more than this, and new ones push out old ones */

struct hlist_head dcache_buckets[DCACHE_BUCKETS];
struct spinlock dcache_stripes[DCACHE_STRIPES];
static struct kmem_cache *dentry_cache;
static int32_t dentry_count;
static uint32_t hand; /* atomic */
/* Those who have taken names out of their chain, and still hold what these held:
 * an unmount waits for them. Atomic. */
static uint32_t collectors;
struct spinlock dcache_move_lock;

void name_key_init(struct name_key *k, const char *s, unsigned len)
{
	k->s = s;
	k->len = len;
	k->hash = (uint64_t)name_hash(s, len) << 32;
	memset(k->w, 0, (len + 7) & ~7u);
	memcpy(k->w, s, len);
}

uint32_t name_hash(const char *s, unsigned len)
{
	uint64_t h = 0, word = 0;
	unsigned shift = 0;

	while (len--) {
		word |= (uint64_t)(unsigned char)*s++ << shift;
		shift += 8;
		if (shift == 64) {
			h = name_hash_add(h, word);
			word = 0;
			shift = 0;
		}
	}
	if (shift)
		h = name_hash_add(h, word);
	return (uint32_t)(h >> 32);
}

static inline uint32_t bucket_of(uint32_t hash)
{
	return hash % DCACHE_BUCKETS;
}

static inline struct spinlock *stripe_of(uint32_t hash)
{
	return &dcache_stripes[hash % DCACHE_STRIPES];
}

/* The lock of d's chain; d may be renamed until it is held. */
static struct spinlock *dentry_lock(struct dentry *d)
{
	for (;;) {
		struct spinlock *l = stripe_of(READ_ONCE(d->hash));

		spin_lock(l);
		if (l == stripe_of(d->hash))
			return l;
		spin_unlock(l);
	}
}

static void dentry_free(struct dentry *d)
{
	if (d->name != d->inline_name)
		kfree(d->name);
	kmem_cache_free(dentry_cache, d);
	__atomic_fetch_sub(&dentry_count, 1, __ATOMIC_RELAXED);
}

void dentry_put_last(struct dentry *d)
{
	for (;;) {
		struct spinlock *l = dentry_lock(d);
		struct dentry *parent;
		struct inode *ip;
		int32_t left;

		left = __atomic_sub_fetch(&d->refs, 1, __ATOMIC_ACQ_REL);
		if (left || !hlist_unhashed(&d->hash_link)) {
			spin_unlock(l);
			return;
		}
		spin_unlock(l);
		/* In no table and held by nobody: it is ours alone. */
		parent = d->parent;
		ip = d->inode;
		if (parent == d)
			parent = NULL;
		dentry_free(d);
		if (ip)
			inode_put(ip);
		if (!parent)
			return;
		/* The same as dentry_put(parent), without recursion. */
		d = parent;
	}
}

/* Takes what matches out of one chain, into the list at *out. */
__attribute__((cold))
static unsigned chain_collect(uint32_t b, struct super *sb,
			      struct dentry *parent, bool spare_used,
			      struct hlist_head *out)
{
	struct spinlock *l = &dcache_stripes[b % DCACHE_STRIPES];
	struct hlist_node *tmp;
	struct dentry *d;
	unsigned n = 0;

	spin_lock(l);
	hlist_for_each_entry_safe (d, tmp, &dcache_buckets[b], hash_link) {
		if (sb ? d->sb != sb : d->sb->flags & SUPER_DYING)
			continue;
		if (parent && d->parent != parent)
			continue;
		if (__atomic_load_n(&d->refs, __ATOMIC_ACQUIRE))
			continue;
		/* A damaged disk's, with more names than it counts: its end is
		 * a change, for which reclaim may hold too much already. */
		if (spare_used && d->inode && !d->inode->nlink)
			continue;
		if (spare_used && d->flags & DENTRY_REFERENCED) {
			__atomic_fetch_and(&d->flags,
					   ~(uint32_t)DENTRY_REFERENCED,
					   __ATOMIC_RELAXED);
			continue;
		}
		hlist_del(&d->hash_link);
		hlist_add_head(&d->hash_link, out);
		n++;
	}
	spin_unlock(l);
	return n;
}

/* Frees what matches in one chain and is held by nobody: how many. */
__attribute__((cold))
static unsigned chain_free(uint32_t b, struct super *sb, struct dentry *parent,
			   bool spare_used)
{
	struct hlist_head list = { NULL };
	unsigned n;

	if (!READ_ONCE(dcache_buckets[b].first))
		return 0;
	__atomic_fetch_add(&collectors, 1, __ATOMIC_SEQ_CST);
	n = chain_collect(b, sb, parent, spare_used, &list);
	while (list.first) {
		struct dentry *d =
			hlist_entry(list.first, struct dentry, hash_link);
		struct dentry *up = d->parent;
		struct inode *ip = d->inode;

		hlist_del(&d->hash_link);
		dentry_free(d);
		if (ip)
			inode_put(ip);
		dentry_put(up);
	}
	__atomic_fetch_sub(&collectors, 1, __ATOMIC_RELEASE);
	return n;
}

__attribute__((cold))
unsigned dcache_prune(struct super *sb, struct dentry *parent)
{
	unsigned total = 0, n;

	/* For an unmount: who begins from now on sees that sb dies, and leaves
	 * all of it to us. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (!parent && sb && __atomic_load_n(&collectors, __ATOMIC_SEQ_CST))
		sched_yield_now();
	/* A pass frees leaves; their parents are the next pass's leaves. */
	do {
		n = 0;
		for (uint32_t b = 0; b < DCACHE_BUCKETS; b++)
			n += chain_free(b, sb, parent, false);
		total += n;
	} while (n && !parent);
	return total;
}

/* Moves the hand over `steps` chains, or until `want` were freed. */
__attribute__((cold))
static uint64_t dcache_shrink(uint64_t want, unsigned steps)
{
	uint64_t n = 0;

	while (n < want && steps--) {
		uint32_t b = __atomic_fetch_add(&hand, 1, __ATOMIC_RELAXED);

		n += chain_free(b % DCACHE_BUCKETS, NULL, NULL, true);
	}
	return n;
}

static uint64_t dcache_reclaim(uint64_t want, bool may_write)
{
	unsigned steps = 8 * (unsigned)MIN(want, DCACHE_BUCKETS / 4ull);
	uint64_t n;

	if (want == UINT64_MAX)
		return dcache_prune(NULL, NULL) != 0;
	n = dcache_shrink(want * 8, steps) / 8;
	/* So many pages come when their inodes go, the next time; until then
	 * nothing that is worth more has to. Or there are more names than were
	 * looked at. */
	return n || steps == 2 * DCACHE_BUCKETS ? n : 1;
}

static struct dentry *dentry_alloc(struct dentry *parent,
				   const struct name_key *k)
{
	struct dentry *d;
	uint64_t *name;

	if (__atomic_add_fetch(&dentry_count, 1, __ATOMIC_RELAXED) > DENTRY_MAX)
		dcache_shrink(4, 64);
	d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);
	if (!d)
		goto uncount;
	d->name = d->inline_name;
	if (k->len >= DENTRY_INLINE) {
		d->name = kmalloc((k->len + 8) & ~(size_t)7, GFP_KERNEL);
		if (!d->name) {
			kmem_cache_free(dentry_cache, d);
			goto uncount;
		}
	}
	name = (uint64_t *)(void *)d->name;
	for (unsigned i = 0; i < (k->len + 7) / 8; i++)
		name[i] = k->w[i];
	d->name[k->len] = '\0';
	d->len = (uint32_t)k->len;
	hlist_node_init(&d->hash_link);
	d->inode = NULL;
	d->refs = 1;
	d->flags = 0;
	d->mounted = NULL;
	if (parent) {
		d->parent = parent;
		d->sb = parent->sb;
		d->hash = dcache_hash(parent, k->hash);
		dentry_get(parent);
	} else {
		d->parent = d;
		d->sb = NULL;
		d->hash = 0;
	}
	return d;
uncount:
	__atomic_fetch_sub(&dentry_count, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* Puts d, made for k, into the table, unless the name is there already: then
 * that one is returned and d is dropped. */
static struct dentry *dentry_insert(struct dentry *d, const struct name_key *k)
{
	struct spinlock *l = stripe_of(d->hash);
	struct dentry *old;

	if (d->sb->flags & SUPER_NO_DCACHE)
		return d;
	spin_lock(l);
	old = dcache_find_locked(d->hash, d->parent, k);
	if (!old)
		hlist_add_head(&d->hash_link,
			       &dcache_buckets[bucket_of(d->hash)]);
	spin_unlock(l);
	if (!old)
		return d;
	dentry_put(d);
	return old;
}

int dcache_lookup(struct dentry *parent, const struct name_key *k, bool locked,
		  struct dentry **out)
{
	struct inode *dir = parent->inode, *ip = NULL;
	struct dentry *d;
	int err;

	if (!(parent->sb->flags & SUPER_NO_DCACHE)) {
		d = dcache_find(parent, k);
		if (d) {
			*out = d;
			return 0;
		}
	}
	if (!dir->ops->lookup)
		return -ENOTDIR;
	d = dentry_alloc(parent, k);
	if (!d)
		return -ENOMEM;
	/* Whoever makes or removes names has the lock for writing, so what
	 * lookup says is still true when it goes into the table. */
	if (!locked)
		rwsem_read_lock(&dir->lock);
	err = dir->ops->lookup(dir, k->s, (unsigned)k->len, &ip);
	if (err == -ENOENT) {
		ip = NULL;
		err = 0;
	}
	if (!err) {
		d->inode = ip;
		/* Two that look for one name find the same inode. */
		d = dentry_insert(d, k);
	}
	if (!locked)
		rwsem_read_unlock(&dir->lock);
	if (err) {
		dentry_put(d);
		return err;
	}
	*out = d;
	return 0;
}

struct dentry *dcache_make_root(struct super *sb, struct inode *ip)
{
	struct name_key k;
	struct dentry *d;

	name_key_init(&k, "/", 1);
	d = dentry_alloc(NULL, &k);
	if (!d)
		return NULL;
	d->sb = sb;
	d->inode = ip;
	return d;
}

void dentry_instantiate(struct dentry *d, struct inode *ip)
{
	__atomic_store_n(&d->inode, ip, __ATOMIC_RELEASE);
}

void dentry_removed(struct dentry *d)
{
	struct spinlock *l = dentry_lock(d);
	struct inode *ip = NULL;

	if (__atomic_load_n(&d->refs, __ATOMIC_ACQUIRE) == 1) {
		/* Ours alone: the name is now known not to be there. */
		ip = d->inode;
		d->inode = NULL;
	} else {
		hlist_del(&d->hash_link);
	}
	spin_unlock(l);
	if (ip)
		inode_put(ip);
}

static void swap_names(struct dentry *a, struct dentry *b)
{
	char *an = a->name, *bn = b->name, tmp[DENTRY_INLINE];
	uint32_t len = a->len;

	memcpy(tmp, a->inline_name, sizeof(tmp));
	memcpy(a->inline_name, b->inline_name, sizeof(tmp));
	memcpy(b->inline_name, tmp, sizeof(tmp));
	a->name = bn == b->inline_name ? a->inline_name : bn;
	b->name = an == a->inline_name ? b->inline_name : an;
	a->len = b->len;
	b->len = len;
}

void dentry_move(struct dentry *from, struct dentry *to, bool exchange)
{
	struct spinlock *a = stripe_of(from->hash), *b = stripe_of(to->hash);
	struct dentry *parent;
	uint32_t hash;

	if (from == to)
		return;
	if (a > b) {
		struct spinlock *t = a;

		a = b;
		b = t;
	}
	/* Two stripes: by address. */
	spin_lock(&dcache_move_lock);
	spin_lock_nested(a);
	if (a != b)
		spin_lock_nested(b);
	hlist_del(&from->hash_link);
	hlist_del(&to->hash_link);
	swap_names(from, to);
	/* Each parent's reference goes with the pointer. */
	parent = from->parent;
	from->parent = to->parent;
	to->parent = parent;
	hash = from->hash;
	from->hash = to->hash;
	to->hash = hash;
	hlist_add_head(&from->hash_link,
		       &dcache_buckets[bucket_of(from->hash)]);
	if (exchange)
		hlist_add_head(&to->hash_link,
			       &dcache_buckets[bucket_of(to->hash)]);
	if (a != b)
		spin_unlock(b);
	spin_unlock(a);
	spin_unlock(&dcache_move_lock);
}

bool dentry_is_above(const struct dentry *up, const struct dentry *d)
{
	bool found = false;

	spin_lock(&dcache_move_lock);
	for (;; d = d->parent) {
		if (d == up) {
			found = true;
			break;
		}
		if (d->parent == d)
			break;
	}
	spin_unlock(&dcache_move_lock);
	return found;
}

void dcache_init(void)
{
	static struct shrinker shrinker = {
		.name = "dcache",
		.shrink = dcache_reclaim,
	};

	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0);
	if (!dentry_cache)
		panic("dcache: no memory");
	for (unsigned i = 0; i < DCACHE_STRIPES; i++)
		spin_init(&dcache_stripes[i], "dcache", RANK_FILES);
	spin_init(&dcache_move_lock, "dcache_move", RANK_FILES);
	shrinker_register(&shrinker);
}
