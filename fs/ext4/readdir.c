/*
 * Lists of directories.
 *
 * A position has to keep its meaning while names are made and removed. Where
 * records never move it is their byte offset. In an indexed directory a full
 * leaf is split and half of its names move, so there, and in one of a single
 * block that may get an index, names are given in the order of their hash: the
 * position is made from two hashes of the name, and what moves keeps its place
 * in the order.
 *
 *	0 "."   1 ".."   2 + key: the names   PLAIN + offset / 4: see below
 *
 * A leaf, with those that go on with its last hash, is looked through for the
 * names that come next, which are sorted and given. If they are too many at
 * once, the smallest are taken, and it is looked through again. Two names
 * whose keys are the same are told apart by their place, which the open file
 * remembers; only that is lost by a seek.
 *
 * When the index turns out damaged, all blocks are read in their order, without
 * the names that were given before.
 */
#include "fs/ext4/dir.h"

#include "kernel/abi/dirent.h"

#define POS_FIRST 2
#define POS_PLAIN 0x7fffffff00000100
#define KEY_END   0x7fffffff00000000 /* greater than all keys */

/* file.ra_next while blocks are read in their order: names with smaller keys
 * have been given. */
#define PLAIN_FROM (UINT64_C(1) << 63)

#define ITEMS_MAX 256u

/* One name that comes next. */
struct item {
	uint64_t key;
	uint64_t place; /* block << 16 | offset, + 1 */
};

struct lister {
	struct inode *dir;
	struct file *f;
	struct dir_context *c;
	off_t *pos;
	unsigned version;
	bool given;     /* something was, so an error can wait */
	struct item from; /* the first that is wanted */
	/* A heap, the greatest first; later sorted. */
	struct item *items;
	unsigned n;
	bool cut; /* there were more */
};

static uint64_t key_of(const uint32_t hashes[2])
{
	return (uint64_t)(hashes[0] >> 1) << 32 | hashes[1];
}

static bool item_less(const struct item *a, const struct item *b)
{
	return a->key < b->key || (a->key == b->key && a->place < b->place);
}

/* ---- what is the same for both orders ---- */

static unsigned record_type(const struct ext4_sb *es,
			    const struct ext4_dirent *de)
{
	static const uint8_t types[] = {
		[EXT4_FT_UNKNOWN] = DT_UNKNOWN, [EXT4_FT_REG] = DT_REG,
		[EXT4_FT_DIR] = DT_DIR,         [EXT4_FT_CHR] = DT_CHR,
		[EXT4_FT_BLK] = DT_BLK,         [EXT4_FT_FIFO] = DT_FIFO,
		[EXT4_FT_SOCK] = DT_SOCK,       [EXT4_FT_LNK] = DT_LNK,
	};

	if (!(es->incompat & EXT4_IN_FILETYPE) ||
	    de->file_type >= ARRAY_SIZE(types))
		return DT_UNKNOWN;
	return types[de->file_type];
}

/* Gives one name; false: the receiver is full. */
static bool give(struct lister *l, const struct ext4_dirent *de, off_t next)
{
	const struct ext4_sb *es = ext4_sb(l->dir->sb);

	/* The block was checked when it was read; on a damaged disk it may
	 * belong to something else as well, which has written to it since. */
	if (!de->name_len || memchr(de->name, '/', de->name_len) ||
	    memchr(de->name, 0, de->name_len)) {
		ext4_corrupt(ext4_sb(l->dir->sb),
			     "directory %llu: an empty name, a slash or a zero",
			     (unsigned long long)l->dir->ino);
		return true;
	}
	if (!l->c->emit(l->c, de->name, de->name_len, de->ino,
			record_type(es, de), next))
		return false;
	l->given = true;
	return true;
}

/* ---- block by block ---- */

/* A directory whose index is damaged: positions apart from the keys. */
static off_t plain_pos(const struct lister *l, uint64_t off, bool instead)
{
	return instead ? (off_t)(POS_PLAIN + (off >> 2)) : (off_t)off;
}

/* Was this name given before the damage was met? */
static bool given_before(const struct lister *l, const struct ext4_dirent *de)
{
	uint32_t hashes[2];
	uint64_t from = l->f->ra_next;

	if (ext4_name_is_dots(de))
		return true;
	return from & PLAIN_FROM &&
	       !ext4_dir_hashes(de->name, de->name_len, l->version,
				ext4_sb(l->dir->sb)->hash_seed, hashes) &&
	       key_of(hashes) < (from & ~PLAIN_FROM);
}

/*
 * Gives the records of a block from offset `from` on; 1: the receiver is full.
 * `from` may come from lseek, so records are always found from the start.
 */
static int plain_block(struct lister *l, const struct buf *bp, uint64_t base,
		       unsigned from, bool instead)
{
	unsigned end = ext4_sb(l->dir->sb)->block_size, len;
	const struct ext4_dirent *de;

	for (unsigned off = 0; off < end; off += len) {
		off_t next;

		len = ext4_dirent_len(bp, off, end);
		if (!len)
			return -EFSCORRUPTED;
		if (off < from)
			continue;
		de = ext4_dirent_at(bp, off);
		next = plain_pos(l, base + off + len, instead);
		if (de->ino && !(instead && given_before(l, de)) &&
		    !give(l, de, next))
			return 1;
		*l->pos = next;
	}
	return 0;
}

static int list_plain(struct lister *l, bool instead)
{
	struct inode *dir = l->dir;
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t mask = es->block_size - 1;
	uint64_t off = (uint64_t)*l->pos;
	struct buf *bp;
	int err;

	if (instead)
		off = (off - POS_PLAIN) << 2;
	while (off < (uint64_t)dir->size) {
		uint64_t base = off & ~mask;
		uint32_t skip = 1;

		err = ext4_dir_read_run(dir, base >> es->block_bits, &bp,
					&skip);
		if (!err) {
			err = plain_block(l, bp, base, (unsigned)(off & mask),
					  instead);
			buf_put(bp);
			if (err > 0)
				return 0;
		}
		if (err && err != -ENODATA && err != -EFSCORRUPTED)
			return err;
		/* Damage was told; what can be read is shown. */
		off = base + ((uint64_t)skip << es->block_bits);
		*l->pos = plain_pos(l, off, instead);
		if (ext4_dir_must_stop())
			return -EINTR;
	}
	return 0;
}

/* ---- in the order of hashes ---- */

static void sift_down(struct item *items, unsigned n, unsigned i)
{
	struct item it = items[i];

	for (;;) {
		unsigned k = 2 * i + 1;

		if (k >= n)
			break;
		if (k + 1 < n && item_less(&items[k], &items[k + 1]))
			k++;
		if (!item_less(&it, &items[k]))
			break;
		items[i] = items[k];
		i = k;
	}
	items[i] = it;
}

static void sort_items(struct lister *l)
{
	for (unsigned n = l->n; n > 1; n--) {
		struct item top = l->items[0];

		l->items[0] = l->items[n - 1];
		l->items[n - 1] = top;
		sift_down(l->items, n - 1, 0);
	}
}

static void take_item(struct lister *l, const struct item *it)
{
	unsigned i;

	if (item_less(it, &l->from))
		return;
	if (l->n == ITEMS_MAX) {
		l->cut = true;
		if (item_less(it, &l->items[0])) {
			l->items[0] = *it;
			sift_down(l->items, l->n, 0);
		}
		return;
	}
	for (i = l->n++; i && item_less(&l->items[(i - 1) / 2], it);
	     i = (i - 1) / 2)
		l->items[i] = l->items[(i - 1) / 2];
	l->items[i] = *it;
}

/* Takes the names of leaf lblk, whose keys are in [low, high): one that is in
 * the wrong leaf counts as if it belonged there. */
static int take_leaf(struct lister *l, uint32_t lblk, uint64_t low,
		     uint64_t high)
{
	struct inode *dir = l->dir;
	const struct ext4_sb *es = ext4_sb(dir->sb);
	unsigned end = ext4_leaf_end(es), len;
	const struct ext4_dirent *de;
	uint32_t hashes[2];
	struct buf *bp;
	int err;

	err = ext4_dir_read(dir, lblk, &bp);
	/* Damage was told; what can be read is shown. */
	if (err == -ENODATA || err == -EFSCORRUPTED)
		return 0;
	if (err)
		return err;
	if (ext4_dir_is_node(dir, lblk, bp))
		end = 0;
	for (unsigned off = 0; off < end; off += len) {
		struct item it;

		len = ext4_dirent_len(bp, off, end);
		if (!len)
			break;
		de = ext4_dirent_at(bp, off);
		if (!de->ino || ext4_name_is_dots(de))
			continue;
		ext4_dir_hashes(de->name, de->name_len, l->version,
				es->hash_seed, hashes);
		it.key = key_of(hashes);
		it.key = MIN(MAX(it.key, low), high - 1);
		it.place = ((uint64_t)lblk << 16 | off) + 1;
		take_item(l, &it);
	}
	buf_put(bp);
	return 0;
}

/* The position is where l->from is. A place in it says only which names of one
 * key were given: what moves must not pass it. */
static void set_pos(struct lister *l)
{
	*l->pos = (off_t)l->from.key + POS_FIRST;
	l->f->ra_next = (uint64_t)*l->pos;
	l->f->ra_size = l->from.place;
}

/* Gives what was taken; 1: the receiver is full. */
static int give_items(struct lister *l)
{
	const struct ext4_sb *es = ext4_sb(l->dir->sb);
	uint32_t held = UINT32_MAX;
	struct buf *bp = NULL;
	int err = 0;

	sort_items(l);
	for (unsigned i = 0; i < l->n; i++) {
		const struct item *it = &l->items[i];
		uint32_t lblk = (uint32_t)((it->place - 1) >> 16);
		unsigned off = (it->place - 1) & 0xffff;
		const struct ext4_dirent *de;
		off_t next = (off_t)it->key + POS_FIRST;

		if (lblk != held) {
			buf_put(bp);
			err = ext4_dir_read(l->dir, lblk, &bp);
			if (err)
				return err == -ENODATA ? -EFSCORRUPTED : err;
			held = lblk;
		}
		/* Behind the last one with its key. */
		if (i + 1 == l->n ? !l->cut : it[1].key != it->key)
			next++;
		de = ext4_dirent_at(bp, off);
		if (ext4_dirent_len(bp, off, es->block_size) && de->ino &&
		    !give(l, de, next)) {
			err = 1;
			break;
		}
		l->from.key = (uint64_t)next - POS_FIRST;
		l->from.place = l->from.key == it->key ? it->place + 1 : 0;
		set_pos(l);
	}
	buf_put(bp);
	return err;
}

/* A directory of one block, without an index. */
static int list_block(struct lister *l)
{
	int err;

	do {
		l->n = 0;
		l->cut = false;
		err = take_leaf(l, 0, 0, KEY_END);
		if (!err)
			err = give_items(l);
		if (!err && ext4_dir_must_stop())
			err = -EINTR;
	} while (!err && l->cut);
	if (!err)
		*l->pos = KEY_END + POS_FIRST;
	return err;
}

/* Gives the names of a leaf and of those that go on with its last hash. The
 * path ends at the last of them. */
static int list_leaves(struct lister *l, struct ext4_dx_path *path)
{
	uint32_t hash = 0;
	uint64_t low, high;
	bool more;
	int err;

	l->n = 0;
	l->cut = false;
	for (;;) {
		low = (uint64_t)(ext4_dx_low(path) >> 1) << 32;
		more = ext4_dx_high(path, &hash);
		high = more ? ((uint64_t)(hash >> 1) + (hash & 1)) << 32
			    : (uint64_t)KEY_END;
		err = take_leaf(l, ext4_dx_leaf(path), low, MAX(high, low + 1));
		if (err)
			return err;
		/* Nothing in the leaves behind comes before what was taken. */
		if (!more || !(hash & 1) ||
		    (l->cut &&
		     (uint64_t)(hash >> 1) << 32 > l->items[0].key))
			break;
		if (ext4_dir_must_stop())
			return -EINTR;
		err = ext4_dx_advance(l->dir, path);
		if (err)
			return err;
	}
	err = give_items(l);
	if (!err && !l->cut) {
		l->from.key = MAX(l->from.key, more ? high : (uint64_t)KEY_END);
		l->from.place = 0;
		set_pos(l);
	}
	return err;
}

static int list_index(struct lister *l)
{
	struct ext4_dx_path path;
	int err;

	while (l->from.key < KEY_END) {
		err = ext4_dx_seek(l->dir, (uint32_t)(l->from.key >> 32) << 1,
				   &path);
		if (err)
			return err;
		l->version = path.version;
		for (;;) {
			err = list_leaves(l, &path);
			if (!err && ext4_dir_must_stop())
				err = -EINTR;
			if (err || l->cut || l->from.key >= KEY_END)
				break;
			err = ext4_dx_advance(l->dir, &path);
			if (err)
				break;
		}
		ext4_dx_close(&path);
		if (err)
			return err;
	}
	return 0;
}

static int list_dots(struct lister *l)
{
	struct inode *dir = l->dir;
	struct ext4_dir_slot s;
	int err;

	if (*l->pos == 0) {
		if (!l->c->emit(l->c, ".", 1, dir->ino, DT_DIR, 1))
			return 1;
		l->given = true;
		*l->pos = 1;
	}
	if (*l->pos == 1) {
		ino_t up;

		err = ext4_dir_search(dir, "..", 2, &s);
		if (err == -ENOENT || err == -EFSCORRUPTED) {
			*l->pos = POS_FIRST;
			return 0;
		}
		if (err)
			return err;
		up = ext4_dirent_at(s.bp, s.off)->ino;
		ext4_dir_slot_put(&s);
		if (!l->c->emit(l->c, "..", 2, up, DT_DIR, POS_FIRST))
			return 1;
		l->given = true;
		*l->pos = POS_FIRST;
	}
	return 0;
}

static int list_hashed(struct lister *l)
{
	struct file *f = l->f;
	int err;

	l->items = kmalloc(ITEMS_MAX * sizeof(l->items[0]), GFP_KERNEL);
	if (!l->items)
		return -ENOMEM;
	l->from.key = (uint64_t)*l->pos - POS_FIRST;
	if (f->ra_next == (uint64_t)*l->pos)
		l->from.place = f->ra_size;
	err = ext4_dir_indexed(l->dir) ? list_index(l) : list_block(l);
	kfree(l->items);
	if (err == -EFSCORRUPTED) {
		*l->pos = POS_PLAIN;
		f->ra_next = PLAIN_FROM | l->from.key;
		err = 0;
	}
	return err < 0 ? err : 0;
}

int ext4_dir_iterate(struct file *f, struct dir_context *c, off_t *pos)
{
	struct lister l = { .dir = f->inode, .f = f, .c = c, .pos = pos };
	int version = ext4_dir_default_hash(ext4_sb(f->inode->sb)), err = 0;

	if (*pos < 0)
		return -EINVAL;
	l.version = (unsigned)version;
	if (!ext4_dir_indexed(l.dir) &&
	    (version < 0 || ext4_dir_blocks(l.dir) != 1)) {
		err = list_plain(&l, false);
	} else {
		if (*pos < POS_FIRST)
			err = list_dots(&l);
		if (!err && *pos < KEY_END + POS_FIRST)
			err = list_hashed(&l);
		else if (err > 0)
			return 0;
		if (!err && *pos >= POS_PLAIN)
			err = list_plain(&l, true);
	}
	return l.given && err != -EFAULT ? 0 : err;
}
