#pragma once
/*
 * Names in memory. A dentry says "this name in this directory is that inode",
 * or "is not there" (negative: inode NULL). Path walks find dentries in one
 * hash table and look into a directory only for names seen for the first time.
 *
 * A dentry holds a reference to its parent and to its inode. One that nobody
 * holds stays in the table until memory is wanted; one that is in no table
 * (its name was removed, or its file system does not want names kept) is freed
 * by its last put.
 *
 * Locks: each bucket's lock (RANK_FILES) guards its chain, and the step of a
 * count from or to zero. parent and name change only by rename, under
 * dcache_move_lock and the locks of both buckets. A positive dentry that
 * somebody else holds never becomes negative: it loses its place in the table
 * instead, so who has a reference may use d->inode without a lock.
 */
#include "fs/vfs.h"

#define DENTRY_INLINE 40

#define DENTRY_MOUNTED    (1u << 0) /* something is mounted here */
#define DENTRY_REFERENCED (1u << 1) /* found since the hand passed */

struct dentry {
	struct hlist_node hash_link; /* [bucket] */
	struct dentry *parent;       /* itself for the root of a file system */
	struct inode *inode;
	struct super *sb; /* [I] */
	uint32_t hash;    /* of name and parent */
	int32_t refs;     /* 0 <-> 1 under the bucket's lock */
	uint32_t flags;   /* DENTRY_*, atomic */
	uint32_t len;
	/* inline_name, or kmalloc'ed: whole words, the last one filled up with
	 * zeroes, then a NUL. */
	char *name;
	struct mount *mounted; /* a hint: what was mounted here last */
	char inline_name[DENTRY_INLINE] __attribute__((aligned(8)));
};

/* Guards the shape of the tree for those who look upwards. */
extern struct spinlock dcache_move_lock;

/*
 * A name to look for: its bytes in words too (zeroes behind the end), so that
 * hashing and comparing take a word at a time wherever the name lies.
 */
struct name_key {
	const char *s;
	size_t len;
	uint64_t hash;
	uint64_t w[256 / 8];
};
#define NAME_HASH_MUL UINT64_C(0x9e3779b97f4a7c15)
static inline uint64_t name_hash_add(uint64_t h, uint64_t word)
{
	return (h + word) * NAME_HASH_MUL;
}
/*
 * Makes k from the path at s, up to a slash or the end; returns where that
 * is. NULL: the name has more than 255 bytes. Unrolled: this is most of the
 * work of a walk.
 */
static inline const char *name_key_scan(struct name_key *k, const char *s)
{
	uint64_t h = 0, word, *w = k->w;
	unsigned n;

	k->s = s;
	for (;;) {
		unsigned char c;

		word = 0;
#define NAME_BYTE(i)                                                           \
	c = (unsigned char)s[i];                                               \
	n = (i);                                                               \
	if (!c || c == '/')                                                    \
		break;                                                         \
	word |= (uint64_t)c << 8 * (i)
		NAME_BYTE(0);
		NAME_BYTE(1);
		NAME_BYTE(2);
		NAME_BYTE(3);
		NAME_BYTE(4);
		NAME_BYTE(5);
		NAME_BYTE(6);
		NAME_BYTE(7);
#undef NAME_BYTE
		*w++ = word;
		h = name_hash_add(h, word);
		s += 8;
		if (__builtin_expect(w == k->w + ARRAY_SIZE(k->w), 0))
			return NULL;
	}
	if (n) {
		*w = word;
		h = name_hash_add(h, word);
		s += n;
	}
	k->len = (size_t)(s - k->s);
	k->hash = h;
	return s;
}

/* len: 1 to NAME_MAX_BYTES. */
void name_key_init(struct name_key *k, const char *s, unsigned len);
/* The key's hash alone. */
uint32_t name_hash(const char *s, unsigned len);

static inline bool dentry_negative(const struct dentry *d)
{
	return !__atomic_load_n(&d->inode, __ATOMIC_ACQUIRE);
}

static inline void dentry_get(struct dentry *d)
{
	__atomic_fetch_add(&d->refs, 1, __ATOMIC_RELAXED);
}
void dentry_put_last(struct dentry *d);
/* Nothing is locked: the last put may free the inode. */
static inline void dentry_put(struct dentry *d)
{
	int32_t n = __atomic_load_n(&d->refs, __ATOMIC_RELAXED);

	while (n > 1) {
		if (__atomic_compare_exchange_n(&d->refs, &n, n - 1, true,
						__ATOMIC_RELEASE,
						__ATOMIC_RELAXED))
			return;
	}
	dentry_put_last(d);
}

/* The table, for the look-up below only. */
#ifndef DCACHE_BUCKETS /* the fuzzer, which unmounts all the time, wants few */
#define DCACHE_BUCKETS 4096u
#endif
#define DCACHE_STRIPES 64u
extern struct hlist_head dcache_buckets[DCACHE_BUCKETS];
extern struct spinlock dcache_stripes[DCACHE_STRIPES];

/* The names' hashes are well mixed; addresses of directories differ in the
 * bits above their size. */
static inline uint32_t dcache_hash(const struct dentry *parent, uint64_t hash)
{
	return (uint32_t)(hash >> 32) ^ (uint32_t)((uintptr_t)parent >> 6);
}

static inline struct dentry *
dcache_find_locked(uint32_t h, struct dentry *parent, const struct name_key *k)
{
	struct hlist_node *n = dcache_buckets[h % DCACHE_BUCKETS].first;

	for (; n; n = n->next) {
		struct dentry *d = hlist_entry(n, struct dentry, hash_link);
		const uint64_t *a, *b, *end;

		if (d->hash != h || d->parent != parent || d->len != k->len)
			continue;
		a = (const uint64_t *)(const void *)d->name;
		b = k->w;
		end = b + (k->len + 7) / 8;
		while (*a == *b) {
			a++;
			if (++b != end)
				continue;
			dentry_get(d);
			if (!(d->flags & DENTRY_REFERENCED))
				__atomic_fetch_or(&d->flags, DENTRY_REFERENCED,
						  __ATOMIC_RELAXED);
			return d;
		}
	}
	return NULL;
}

/* In memory, with a reference, or NULL. In line: it is every step of a walk. */
static inline struct dentry *dcache_find(struct dentry *parent,
					 const struct name_key *k)
{
	uint32_t h = dcache_hash(parent, k->hash);
	struct spinlock *l = &dcache_stripes[h % DCACHE_STRIPES];
	struct dentry *d;

	spin_lock(l);
	d = dcache_find_locked(h, parent, k);
	spin_unlock(l);
	return d;
}
/*
 * The name, asked from the directory when it is not in memory. Takes the
 * directory's lock for reading; `locked`: the caller has it. *out is
 * referenced and may be negative. -ENOMEM, -EIO, what lookup says.
 */
int dcache_lookup(struct dentry *parent, const struct name_key *k, bool locked,
		  struct dentry **out);
/* A dentry for the root of a file system; takes over the reference to ip. */
struct dentry *dcache_make_root(struct super *sb, struct inode *ip);

/* Directory locked for writing in all of these. */
/* The name of a negative d was made; takes over the reference to ip. */
void dentry_instantiate(struct dentry *d, struct inode *ip);
/* The name of d was removed. */
void dentry_removed(struct dentry *d);
/* from now has the name and parent of to, which goes out of the table;
 * exchange: and the other way round. Cannot fail: the long names that this
 * wants are just swapped. */
void dentry_move(struct dentry *from, struct dentry *to, bool exchange);

/* Is `up` `d` itself or above it? */
bool dentry_is_above(const struct dentry *up, const struct dentry *d);

/* Frees what nobody holds: of one super, below one directory, or (NULL, NULL)
 * all of them. Returns how many. */
unsigned dcache_prune(struct super *sb, struct dentry *parent);

void dcache_init(void);
