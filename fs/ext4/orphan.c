/*
 * Orphans: inodes with something left to do that a crash must not forget. One
 * without names is to be deleted, one with names is to be cut to its size.
 *
 * Older disks keep them as a list: the super block has the number of the last
 * one added, and each has that of the one before in the place of its time of
 * deletion. The list in memory is in the same order, so the neighbour whose
 * number must change is known even when its inode is not in memory any more.
 * With orphan_file a file without name has blocks full of numbers, 0 for a free
 * place; each block has a checksum. The disk says that something is in it
 * (orphan_present) just as long as that is so. When it is full, the list does.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/crc32c.h"

#define ORPHAN_MAGIC 0x0b10ca04u

/* The end of a block of the orphan file. */
struct orphan_tail {
	uint32_t magic;
	uint32_t checksum;
};

struct orphan {
	struct list_head link; /* [lock] in the list, the last added first */
	struct inode *ip;      /* [spin] NULL: it left memory undeleted */
	uint32_t ino;          /* [I] */
	uint32_t next;         /* [lock] of the list on the disk */
	uint32_t slot;         /* [I] in the file, from 1; 0: in the list */
};

struct orphans {
	struct mutex lock;
	struct spinlock spin;   /* of i_dtime, in memory and in the table */
	struct list_head list;  /* [lock] those of the list on the disk */
	struct list_head placed; /* [lock] those in the file */
	uint32_t count;         /* atomic: all */
	struct inode *file;     /* [I] or NULL */
	uint32_t csum_seed;     /* [I] of its blocks */
	uint32_t n_blocks;      /* [I] */
	uint32_t per_block;     /* [I] */
	uint32_t *used;         /* [lock] places taken, of each block */
	uint32_t in_file;       /* [lock] in all */
	uint64_t blocks[];      /* [I] */
};

#define FILE_BLOCKS_MAX 4096u

bool ext4_has_orphans(struct ext4_sb *es)
{
	return es->orphans &&
	       __atomic_load_n(&es->orphans->count, __ATOMIC_ACQUIRE);
}

void ext4_orphan_put_dtime(struct inode *ip, struct ext4_inode *raw)
{
	struct orphans *os = ext4_sb(ip->sb)->orphans;

	spin_lock(&os->spin);
	raw->i_dtime = ext4_info(ip)->dtime;
	spin_unlock(&os->spin);
}

/* ---- the file ---- */

static struct orphan_tail *tail_of(const struct ext4_sb *es, void *data)
{
	return (void *)((char *)data + es->block_size -
			sizeof(struct orphan_tail));
}

static uint32_t block_csum(struct ext4_sb *es, const struct buf *bp,
			   const void *data)
{
	uint64_t block = bp->block;
	uint32_t c = crc32c(es->orphans->csum_seed, &block, 8);

	return crc32c(c, data, es->orphans->per_block * 4);
}

static void file_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	tail_of(es, data)->checksum = block_csum(es, bp, data);
}

static int file_block(struct ext4_sb *es, uint32_t i, struct buf **out)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_ORPHANS, i);
	struct orphan_tail *t;
	struct buf *bp;
	int err = ext4_read_block(es, es->orphans->blocks[i], "orphan file",
				  &bp);

	if (err)
		return err;
	t = tail_of(es, bp->data);
	if (!ext4_buf_checked(bp, as)) {
		if (t->magic != ORPHAN_MAGIC ||
		    (es->has_csum && t->checksum != block_csum(es, bp,
							       bp->data))) {
			buf_put(bp);
			return ext4_corrupt(
				es, "orphan file: block %llu is damaged",
				(unsigned long long)es->orphans->blocks[i]);
		}
		ext4_buf_set_checked(bp, as);
	}
	*out = bp;
	return 0;
}

/* Writes `value` where `old` is. lock is held. */
static int file_set(struct handle *h, uint32_t slot, uint32_t old,
		    uint32_t value)
{
	struct ext4_sb *es = h->es;
	struct orphans *os = es->orphans;
	uint32_t block = (slot - 1) / os->per_block;
	uint32_t *p;
	struct buf *bp;
	int err = file_block(es, block, &bp);

	if (err)
		return err;
	p = (uint32_t *)bp->data + (slot - 1) % os->per_block;
	err = *p == old ? journal_write_access(h, bp)
			: ext4_corrupt(es, "orphan file: place %u has changed",
				       slot);
	if (!err && value)
		err = ext4_set_ro_feature(h, EXT4_RO_ORPHAN_PRESENT);
	else if (!err && os->in_file == 1)
		err = ext4_clear_ro_feature(h, EXT4_RO_ORPHAN_PRESENT);
	if (!err) {
		*p = value;
		os->used[block] += value ? 1 : UINT32_MAX;
		os->in_file += value ? 1 : UINT32_MAX;
		journal_dirty(h, bp, es->has_csum ? file_seal : NULL, 0);
	}
	buf_put(bp);
	return err;
}

/* A free place, or 0. lock is held. */
static int file_find(struct ext4_sb *es, uint32_t *slot)
{
	struct orphans *os = es->orphans;
	struct buf *bp;

	*slot = 0;
	for (uint32_t i = 0; i < os->n_blocks; i++) {
		const uint32_t *p;
		int err;

		if (os->used[i] >= os->per_block)
			continue;
		err = file_block(es, i, &bp);
		if (err)
			return err;
		p = bp->data;
		for (uint32_t k = 0; k < os->per_block && !*slot; k++) {
			if (!p[k])
				*slot = i * os->per_block + k + 1;
		}
		buf_put(bp);
		if (*slot)
			return 0;
		os->used[i] = os->per_block;
	}
	return 0;
}

/* ---- the list ---- */

static int list_set_head(struct handle *h, uint32_t ino)
{
	struct ext4_sb *es = h->es;
	int err = journal_write_access(h, es->super_bp);

	if (err)
		return err;
	ext4_super_raw(es)->s_last_orphan = ino;
	journal_dirty(h, es->super_bp, ext4_super_seal, 0);
	return 0;
}

/* The i_dtime of o becomes `next`, in the table and in memory. */
static int list_set_next(struct handle *h, struct orphan *o, uint32_t next)
{
	struct ext4_sb *es = h->es;
	struct ext4_inode *raw;
	struct buf *bp;
	uint64_t block;
	uint32_t off;
	int err = ext4_inode_place(es, o->ino, &block, &off);

	if (!err)
		err = ext4_read_block(es, block, "inode table", &bp);
	if (err)
		return err;
	err = journal_write_access(h, bp);
	if (!err) {
		raw = (void *)((char *)bp->data + off);
		o->next = next;
		spin_lock(&es->orphans->spin);
		if (o->ip)
			ext4_info(o->ip)->dtime = next;
		raw->i_dtime = next;
		raw->i_checksum = 0;
		if (EXT4_HAS_FIELD(es, raw, i_checksum_hi))
			raw->i_checksum_hi = 0;
		spin_unlock(&es->orphans->spin);
		journal_dirty(h, bp, es->has_csum ? ext4_itable_seal : NULL,
			      o->ino - off / es->inode_size);
	}
	buf_put(bp);
	return err;
}

static int list_remove(struct handle *h, struct orphan *o)
{
	struct orphans *os = h->es->orphans;

	if (os->list.next == &o->link)
		return list_set_head(h, o->next);
	return list_set_next(h, list_entry(o->link.prev, struct orphan, link),
			     o->next);
}

/* ---- both ---- */

static struct orphan *orphan_make(struct inode *ip, uint32_t slot)
{
	struct orphans *os = ext4_sb(ip->sb)->orphans;
	struct orphan *o = kmalloc(sizeof(*o), GFP_NOFS | GFP_ZERO);

	if (!o)
		return NULL;
	o->ip = ip;
	o->ino = (uint32_t)ip->ino;
	o->slot = slot;
	if (!slot)
		o->next = ext4_info(ip)->dtime;
	list_add(&o->link, slot ? &os->placed : &os->list);
	ext4_info(ip)->orphan = o;
	__atomic_fetch_add(&os->count, 1, __ATOMIC_RELEASE);
	return o;
}

static void orphan_free(struct orphans *os, struct orphan *o)
{
	list_del(&o->link);
	if (o->ip)
		ext4_info(o->ip)->orphan = NULL;
	__atomic_fetch_sub(&os->count, 1, __ATOMIC_RELEASE);
	kfree(o);
}

static int add_locked(struct handle *h, struct inode *ip, bool write)
{
	struct ext4_sb *es = h->es;
	struct orphans *os = es->orphans;
	struct orphan *o;
	uint32_t slot, head;
	int err = file_find(es, &slot);

	if (err && err != -EFSCORRUPTED)
		return err;
	head = ext4_super_raw(es)->s_last_orphan;
	if (!slot)
		ext4_info(ip)->dtime = head;
	o = orphan_make(ip, slot);
	if (!o) {
		ext4_info(ip)->dtime = 0;
		return -ENOMEM;
	}
	if (slot) {
		err = file_set(h, slot, 0, o->ino);
	} else {
		/* The inode first: the head never points at one without. And
		 * what may fail before either changes. */
		err = journal_write_access(h, es->super_bp);
		if (!err && write)
			err = ext4_inode_dirty(h, ip, false);
		if (!err)
			err = list_set_head(h, o->ino);
	}
	if (err) {
		ext4_info(ip)->dtime = 0;
		orphan_free(os, o);
	}
	return err;
}

static int add(struct handle *h, struct inode *ip, bool write)
{
	struct orphans *os = h->es->orphans;
	int err;

	if (!os)
		return -EROFS;
	mutex_lock(&os->lock);
	err = ext4_info(ip)->orphan ? 0 : add_locked(h, ip, write);
	mutex_unlock(&os->lock);
	return err;
}

int ext4_orphan_add(struct handle *h, struct inode *ip)
{
	return add(h, ip, true);
}

int ext4_orphan_insert(struct handle *h, struct inode *ip)
{
	return add(h, ip, false);
}

int ext4_orphan_remove(struct handle *h, struct inode *ip)
{
	struct orphans *os = h->es->orphans;
	struct orphan *o;
	int err = 0;

	if (!os)
		return -EROFS;
	mutex_lock(&os->lock);
	o = ext4_info(ip)->orphan;
	if (o) {
		err = o->slot ? file_set(h, o->slot, o->ino, 0)
			      : list_remove(h, o);
		if (!err) {
			orphan_free(os, o);
			ext4_info(ip)->dtime = 0;
		}
	}
	mutex_unlock(&os->lock);
	return err;
}

int ext4_orphan_del(struct handle *h, struct inode *ip)
{
	bool was = ext4_info(ip)->orphan;
	int err = ext4_orphan_remove(h, ip);

	return !err && was ? ext4_inode_dirty(h, ip, false) : err;
}

void ext4_orphan_abandon(struct inode *ip)
{
	struct orphans *os = ext4_sb(ip->sb)->orphans;
	struct orphan *o = ext4_info(ip)->orphan;

	if (!o)
		return;
	ext4_info(ip)->orphan = NULL;
	if (!os)
		return;
	spin_lock(&os->spin);
	o->ip = NULL;
	spin_unlock(&os->spin);
}

/* ---- mounting ---- */

static int file_open(struct ext4_sb *es, struct inode *ip,
		     struct orphans **out)
{
	uint64_t n = (uint64_t)ip->size >> es->block_bits;
	struct orphans *os;

	if (!S_ISREG(ip->mode) || !n || n > FILE_BLOCKS_MAX)
		return ext4_corrupt(es, "orphan file: inode %llu is none",
				    (unsigned long long)ip->ino);
	os = kzalloc(sizeof(*os) + n * sizeof(os->blocks[0]), GFP_KERNEL);
	if (!os)
		return -ENOMEM;
	os->used = kzalloc(n * sizeof(os->used[0]), GFP_KERNEL);
	if (!os->used) {
		kfree(os);
		return -ENOMEM;
	}
	os->n_blocks = (uint32_t)n;
	os->per_block = (es->block_size - sizeof(struct orphan_tail)) / 4;
	os->csum_seed = ext4_info(ip)->csum_seed;
	for (uint32_t i = 0; i < n; i++) {
		struct ext4_run run;
		int err = ext4_map(ip, i, 1, &run);

		if (!err && run.kind != EXT4_RUN_MAPPED)
			err = ext4_corrupt(es, "orphan file: has a hole");
		if (err) {
			kfree(os->used);
			kfree(os);
			return err;
		}
		os->blocks[i] = run.block;
	}
	os->file = ip;
	*out = os;
	return 0;
}

__attribute__((cold))
int ext4_orphan_open(struct ext4_sb *es)
{
	struct orphans *os = NULL;
	struct inode *ip = NULL;
	int err = 0;

	if (es->compat & EXT4_COMPAT_ORPHAN_FILE) {
		err = ext4_inode_get_any(es->sb, es->raw.s_orphan_file_inum,
					 &ip);
		if (!err)
			err = file_open(es, ip, &os);
		if (err && ip)
			inode_put(ip);
	} else {
		os = kzalloc(sizeof(*os), GFP_KERNEL);
		if (!os)
			err = -ENOMEM;
	}
	if (err)
		return err;
	mutex_init(&os->lock, "ext4_orphans", RANK_BUFFER);
	spin_init(&os->spin, "ext4_dtime", RANK_TREE);
	list_init(&os->list);
	list_init(&os->placed);
	es->orphans = os;
	return 0;
}

static void drop_all(struct list_head *list)
{
	while (!list_empty(list)) {
		struct orphan *o = list_first_entry(list, struct orphan, link);

		list_del(&o->link);
		kfree(o);
	}
}

__attribute__((cold))
void ext4_orphan_close(struct ext4_sb *es)
{
	struct orphans *os = es->orphans;

	if (!os)
		return;
	drop_all(&os->list);
	drop_all(&os->placed);
	if (os->file) {
		unsigned dying = es->sb->flags & SUPER_DYING;

		es->sb->flags |= SUPER_DYING;
		inode_put(os->file);
		es->sb->flags = (es->sb->flags & ~SUPER_DYING) | dying;
	}
	es->orphans = NULL;
	kfree(os->used);
	kfree(os);
}

/* ---- after a crash, and at unmount ---- */

/* What was left to be done with ino, which is at `slot` or at the list's head.
 */
static int finish(struct ext4_sb *es, uint32_t ino, uint32_t slot,
		  unsigned counts[2])
{
	struct orphans *os = es->orphans;
	struct ext4_inode_info *info;
	struct inode *ip;
	struct handle h;
	int err;

	if (ino < es->first_ino || ino > es->n_inodes ||
	    (os->file && ino == os->file->ino))
		return ext4_corrupt(es, "orphan %u: no such inode", ino);
	err = ext4_inode_check_used(es, ino);
	if (!err)
		err = ext4_inode_get_any(es->sb, ino, &ip);
	if (err)
		return err;
	info = ext4_info(ip);
	if (info->orphan) {
		inode_put(ip);
		return ext4_corrupt(es, "orphan %u: is one twice", ino);
	}
	if (!orphan_make(ip, slot)) {
		inode_put(ip);
		return -ENOMEM;
	}
	if (!ip->nlink) {
		counts[0]++;
		inode_put(ip); /* this deletes it */
		return 0;
	}
	if (S_ISREG(ip->mode) || S_ISDIR(ip->mode)) {
		rwsem_write_lock(&ip->lock);
		err = ext4_truncate_orphan(ip);
		rwsem_write_unlock(&ip->lock);
	}
	if (!err)
		err = handle_start(es, &h, EXT4_CREDITS_ORPHAN + 1);
	if (!err) {
		err = ext4_orphan_del(&h, ip);
		handle_stop(&h);
	}
	counts[1]++;
	inode_put(ip);
	return err;
}

/* Tries once more to delete those that could not be when they left memory. */
__attribute__((cold))
void ext4_orphan_retry(struct ext4_sb *es)
{
	struct orphans *os = es->orphans;
	struct list_head *lists[2] = { &os->list, &os->placed };
	struct list_head *l, *next;

	for (unsigned i = 0; i < 2; i++) {
		for (l = lists[i]->next; l != lists[i]; l = next) {
			struct orphan *o = list_entry(l, struct orphan, link);
			struct inode *ip;

			next = l->next;
			if (o->ip ||
			    ext4_inode_get_any(es->sb, o->ino, &ip))
				continue;
			if (!ext4_info(ip)->orphan) {
				o->ip = ip;
				ext4_info(ip)->orphan = o;
			}
			inode_put(ip);
		}
	}
}

static int cleanup_list(struct ext4_sb *es, unsigned counts[2])
{
	uint32_t ino, before = 0;
	struct handle h;
	int err = 0, err2;

	while ((ino = ext4_super_raw(es)->s_last_orphan)) {
		/* One that stayed at the head could not be finished. */
		err = ino == before ? -EFSCORRUPTED
				    : finish(es, ino, 0, counts);
		if (err)
			break;
		before = ino;
		resched_point();
	}
	if (err != -EFSCORRUPTED)
		return err;
	ext4_corrupt(es, "the list of orphans is damaged at inode %u", ino);
	err2 = handle_start(es, &h, 1);
	if (err2)
		return err2;
	err2 = list_set_head(&h, 0);
	handle_stop(&h);
	return err2 ? err2 : err;
}

/* Goes through the file: counts what is in it, or finishes it. */
__attribute__((cold))
static int walk_file(struct ext4_sb *es, bool count, unsigned counts[2])
{
	struct orphans *os = es->orphans;
	int err = 0, bad = 0;

	for (uint32_t i = 0; i < os->n_blocks && !err; i++) {
		struct buf *bp;

		if (!count && !os->used[i])
			continue;
		err = file_block(es, i, &bp);
		if (err)
			break;
		for (uint32_t k = 0; k < os->per_block && !err; k++) {
			uint32_t ino = ((uint32_t *)bp->data)[k];

			if (!ino)
				continue;
			if (count) {
				os->used[i]++;
				os->in_file++;
				continue;
			}
			err = finish(es, ino, i * os->per_block + k + 1,
				     counts);
			/* It is not to be believed, but the others are. */
			if (err == -EFSCORRUPTED) {
				bad = err;
				err = 0;
			}
		}
		buf_put(bp);
	}
	return err ? err : bad;
}

static int cleanup_file(struct ext4_sb *es, unsigned counts[2])
{
	struct orphans *os = es->orphans;
	struct handle h;
	int err;

	if (!os->n_blocks || !(es->ro_compat & EXT4_RO_ORPHAN_PRESENT))
		return 0;
	err = walk_file(es, true, counts);
	if (!err)
		err = walk_file(es, false, counts);
	if (err || os->in_file)
		return err;
	/* Said to have some, and has none. */
	err = handle_start(es, &h, 1);
	if (err)
		return err;
	err = ext4_clear_ro_feature(&h, EXT4_RO_ORPHAN_PRESENT);
	handle_stop(&h);
	return err;
}

__attribute__((cold))
int ext4_orphan_cleanup(struct ext4_sb *es)
{
	unsigned counts[2] = { 0, 0 };
	struct handle h;
	int err, err2;

	if (es->was_state & EXT4_STATE_ERRORS) {
		/* What hangs on the list cannot be believed. */
		if (!ext4_super_raw(es)->s_last_orphan)
			return 0;
		ext4_message(es, "is damaged: its orphans are left to e2fsck");
		err = handle_start(es, &h, 1);
		if (err)
			return err;
		err = list_set_head(&h, 0);
		handle_stop(&h);
		return err;
	}
	err = cleanup_file(es, counts);
	err2 = cleanup_list(es, counts);
	if (counts[0] || counts[1])
		pr_info("ext4 %s: %u inodes deleted and %u cut, as was begun "
			"before\n",
			es->sb->source, counts[0], counts[1]);
	return err ? err : err2;
}
