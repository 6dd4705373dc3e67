/*
 * The index of large directories, changed: made when a directory outgrows its
 * first block, a leaf split when it is full, and above it nodes.
 *
 * One step at a time, from above: where the way down to the leaf has no room
 * for another entry, the lowest node that stops it is split or the tree made
 * higher, and the search begins anew. Each step needs one new block and leaves
 * a sound index, so whatever fails later, nothing has to be undone.
 *
 * A leaf is split in the middle of its bytes, in the order of hashes. When the
 * middle lies between names of one hash, the lowest bit of the new entry says
 * that its leaf goes on with the hash that the one before ends with.
 */
#include "fs/ext4/dir.h"

#include "fs/ext4/write.h"

/* Nodes between root and leaves that we make; more need large_dir. */
#define LEVELS_MAX 1u

static int damaged(struct inode *dir, const struct ext4_dx_path *path,
		   const char *what)
{
	return ext4_corrupt(ext4_sb(dir->sb),
			    "directory %llu: index above block %lu: %s",
			    (unsigned long long)dir->ino,
			    (unsigned long)ext4_dx_leaf(path), what);
}

/* Number, in the directory, of the block of a frame. */
static uint32_t frame_lblk(const struct ext4_dx_path *path, unsigned d)
{
	const struct ext4_dx_frame *up;

	if (!d)
		return 0;
	up = &path->frames[d - 1];
	return up->entries[up->at].block & 0x0fffffff;
}

static struct ext4_dx_count *frame_counts(const struct ext4_dx_path *path,
					  unsigned d)
{
	return ext4_dx_counts(frame_lblk(path, d), path->frames[d].bp->data);
}

static unsigned frame_limit(const struct ext4_dx_path *path, unsigned d,
			    const struct ext4_sb *es)
{
	return ext4_dx_limit(es, frame_lblk(path, d));
}

/* Is bp none of the blocks on the way, nor the leaf? On a damaged disk, one
 * block may be several of them. */
static bool is_apart(const struct ext4_dx_path *path, const struct buf *leaf,
		     const struct buf *bp)
{
	for (unsigned d = 0; d <= path->depth; d++) {
		if (path->frames[d].bp == bp)
			return false;
	}
	return leaf != bp;
}

static int check_apart(struct inode *dir, const struct ext4_dx_path *path,
		       const struct buf *leaf)
{
	if (!ext4_dx_leaf(path) || !is_apart(path, NULL, leaf) ||
	    ext4_dir_is_node(dir, ext4_dx_leaf(path), leaf))
		return damaged(dir, path, "a node as a leaf");
	for (unsigned d = 1; d <= path->depth; d++) {
		for (unsigned e = 0; e < d; e++) {
			if (path->frames[d].bp == path->frames[e].bp)
				return damaged(dir, path, "a node twice");
		}
	}
	return 0;
}

/* ext4_dir_append, which on a damaged disk may return a block in use. */
static int append_apart(struct handle *h, struct inode *dir,
			const struct ext4_dx_path *path, const struct buf *leaf,
			struct buf **out, uint32_t *lblk)
{
	int err = ext4_dir_append(h, dir, out, lblk);

	if (err || is_apart(path, leaf, *out))
		return err;
	err = damaged(dir, path, "a block in use was free");
	journal_abort(ext4_sb(dir->sb), err);
	buf_put(*out);
	return err;
}

/* Puts an entry behind the one that frame d stands on; there is room. */
static void entry_insert(struct handle *h, struct inode *dir,
			 struct ext4_dx_path *path, unsigned d, uint32_t hash,
			 uint32_t lblk)
{
	struct ext4_dx_frame *f = &path->frames[d];
	struct ext4_dx_count *counts = frame_counts(path, d);
	struct ext4_dx_entry *e = (struct ext4_dx_entry *)(void *)counts +
				  f->at + 1;

	memmove(e + 1, e, (f->count - f->at - 1) * sizeof(*e));
	e->hash = hash;
	e->block = lblk;
	f->count++;
	counts->count = (uint16_t)f->count;
	ext4_dir_dirty(h, dir, frame_lblk(path, d), f->bp);
}

/* Makes a node of n entries, which come from `from`. */
static void node_init(const struct ext4_sb *es, struct buf *bp,
		      const struct ext4_dx_entry *from, unsigned n)
{
	struct ext4_dx_count *counts = ext4_dx_counts(1, bp->data);
	struct ext4_dirent *de = bp->data;

	memset(bp->data, 0, es->block_size);
	de->rec_len = (uint16_t)es->block_size;
	memcpy(counts, from, n * sizeof(*from));
	counts->limit = (uint16_t)ext4_dx_limit(es, 1);
	counts->count = (uint16_t)n;
}

/* ---- from one block to an index ---- */

int ext4_dx_make(struct handle *h, struct inode *dir)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_leaf_copy copy;
	struct ext4_dx_count *counts;
	struct ext4_dx_info *info;
	struct ext4_dirent *de;
	struct buf *bp, *leaf;
	unsigned first, second;
	uint32_t lblk;
	int err;

	err = ext4_dir_read(dir, 0, &bp);
	if (err)
		return err == -ENODATA ? -EFSCORRUPTED : err;
	/* The root takes the place behind ".." at the start of the block. */
	first = ext4_dirent_len(bp, 0, es->block_size);
	second = ext4_dirent_len(bp, EXT4_DIRENT_MIN, es->block_size);
	de = ext4_dirent_at(bp, EXT4_DIRENT_MIN);
	if (first != EXT4_DIRENT_MIN || !second || de->name_len != 2 ||
	    !ext4_name_is_dots(de)) {
		buf_put(bp);
		return 1;
	}
	err = journal_write_access(h, bp);
	if (err)
		goto put;
	err = ext4_leaf_copy_make(es, &copy);
	if (err)
		goto put;
	err = ext4_leaf_take(dir, 0, bp, EXT4_DIRENT_MIN + second,
			     ext4_leaf_end(es), &copy);
	if (!err)
		err = ext4_dir_append(h, dir, &leaf, &lblk);
	if (err)
		goto free;
	if (leaf == bp) {
		err = ext4_dir_damaged(dir, 0, "a block in use was free");
		journal_abort(es, err);
		goto put_leaf;
	}
	ext4_leaf_build(es, leaf->data, &copy, 0, copy.n);
	ext4_dir_dirty(h, dir, lblk, leaf);

	/* Who looks for ".." without our lock finds it all the time. */
	memset((char *)bp->data + EXT4_DX_ROOT_INFO, 0,
	       es->block_size - EXT4_DX_ROOT_INFO);
	de->rec_len = (uint16_t)(es->block_size - EXT4_DIRENT_MIN);
	info = (void *)((char *)bp->data + EXT4_DX_ROOT_INFO);
	info->hash_version = es->raw.s_def_hash_version;
	info->info_len = sizeof(*info);
	counts = ext4_dx_counts(0, bp->data);
	counts->limit = (uint16_t)ext4_dx_limit(es, 0);
	counts->count = 1;
	counts->block = lblk;
	dir->flags |= EXT4_FL_INDEX;
	ext4_dir_dirty(h, dir, 0, bp);
	err = ext4_inode_dirty(h, dir, true);
	if (err)
		journal_abort(es, err);
put_leaf:
	buf_put(leaf);
free:
	ext4_leaf_copy_free(&copy);
put:
	buf_put(bp);
	return err;
}

/* ---- nodes ---- */

/* All entries of the root move into a node below it. */
static int grow_tree(struct handle *h, struct inode *dir,
		     struct ext4_dx_path *path, struct buf *leaf)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_dx_frame *f = &path->frames[0];
	struct ext4_dx_info *info =
		(void *)((char *)f->bp->data + EXT4_DX_ROOT_INFO);
	struct ext4_dx_count *counts = frame_counts(path, 0);
	struct buf *bp;
	uint32_t lblk;
	int err;

	if (path->depth >= LEVELS_MAX) {
		ext4_message(es, "directory %llu: its index is full",
			     (unsigned long long)dir->ino);
		return -ENOSPC;
	}
	err = journal_write_access(h, f->bp);
	if (!err)
		err = append_apart(h, dir, path, leaf, &bp, &lblk);
	if (err)
		return err;
	/* A node has room for more entries than a root. */
	node_init(es, bp, f->entries, f->count);
	ext4_dir_dirty(h, dir, lblk, bp);
	buf_put(bp);
	counts->count = 1;
	counts->block = lblk;
	info->levels++;
	ext4_dir_dirty(h, dir, 0, f->bp);
	return 0;
}

/* The upper half of frame d moves to a new node; frame d - 1 has room. */
static int split_node(struct handle *h, struct inode *dir,
		      struct ext4_dx_path *path, unsigned d, struct buf *leaf)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_dx_frame *f = &path->frames[d];
	struct ext4_dx_count *counts = frame_counts(path, d);
	unsigned keep = f->count / 2;
	struct buf *bp;
	uint32_t lblk, hash;
	int err;

	hash = f->entries[keep].hash;
	err = journal_write_access(h, path->frames[d - 1].bp);
	if (!err)
		err = journal_write_access(h, f->bp);
	if (!err)
		err = append_apart(h, dir, path, leaf, &bp, &lblk);
	if (err)
		return err;
	node_init(es, bp, f->entries + keep, f->count - keep);
	ext4_dir_dirty(h, dir, lblk, bp);
	buf_put(bp);
	counts->count = (uint16_t)keep;
	ext4_dir_dirty(h, dir, frame_lblk(path, d), f->bp);
	entry_insert(h, dir, path, d - 1, hash, lblk);
	return 0;
}

/* ---- leaves ---- */

/* By hash; a leaf has few names, so the simple way does. */
static void sort_names(struct ext4_leaf_copy *c)
{
	struct ext4_leaf_name *n = c->names, t;

	for (unsigned gap = c->n / 2; gap; gap /= 2) {
		for (unsigned i = gap, k; i < c->n; i++) {
			t = n[i];
			for (k = i; k >= gap && n[k - gap].hash > t.hash;
			     k -= gap)
				n[k] = n[k - gap];
			n[k] = t;
		}
	}
}

/* How many of the sorted names stay: about half of their bytes. */
static unsigned find_middle(const struct ext4_leaf_copy *c, unsigned used)
{
	unsigned bytes = 0, i;

	for (i = 0; i < c->n; i++) {
		if (bytes + c->names[i].size / 2u > used / 2)
			break;
		bytes += c->names[i].size;
	}
	return MIN(MAX(i, 1u), c->n - 1);
}

static int split_leaf(struct handle *h, struct inode *dir,
		      struct ext4_dx_path *path, struct buf *leaf,
		      unsigned used, struct ext4_leaf_copy *c)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint32_t lblk, hash, low = ext4_dx_low(path), high;
	struct buf *bp;
	unsigned keep;
	int err;

	for (unsigned i = 0; i < c->n; i++) {
		const struct ext4_dirent *de =
			(const void *)(c->data + c->names[i].off);

		ext4_dir_hash(de->name, de->name_len, path->version,
			      es->hash_seed, &c->names[i].hash);
	}
	sort_names(c);
	if (!ext4_dx_high(path, &high))
		high = UINT32_MAX;
	if (c->n < 2 || c->names[0].hash < (low & ~1u) ||
	    c->names[c->n - 1].hash > (high & ~1u))
		return damaged(dir, path, "names that do not belong there");
	keep = find_middle(c, used);
	hash = c->names[keep].hash;
	if (hash == c->names[keep - 1].hash)
		hash |= 1;
	err = journal_write_access(h, path->frames[path->depth].bp);
	if (!err)
		err = append_apart(h, dir, path, leaf, &bp, &lblk);
	if (err)
		return err;
	ext4_leaf_build(es, leaf->data, c, 0, keep);
	ext4_dir_dirty(h, dir, ext4_dx_leaf(path), leaf);
	ext4_leaf_build(es, bp->data, c, keep, c->n);
	ext4_dir_dirty(h, dir, lblk, bp);
	buf_put(bp);
	entry_insert(h, dir, path, path->depth, hash, lblk);
	return 0;
}

/* The leaf has no record that is long enough: its records are pushed together,
 * or it is split, or the nodes above are made ready for that. */
static int leaf_is_full(struct handle *h, struct inode *dir,
			struct ext4_dx_path *path, struct buf *leaf,
			unsigned used, unsigned need)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint32_t lblk = ext4_dx_leaf(path);
	unsigned d = path->depth;
	struct ext4_leaf_copy copy;
	int err;

	if (used + need > ext4_leaf_end(es) &&
	    path->frames[d].count >= frame_limit(path, d, es)) {
		while (d && path->frames[d - 1].count >=
				    frame_limit(path, d - 1, es))
			d--;
		return d ? split_node(h, dir, path, d, leaf)
			 : grow_tree(h, dir, path, leaf);
	}
	err = journal_write_access(h, leaf);
	if (!err)
		err = ext4_leaf_copy_make(es, &copy);
	if (err)
		return err;
	err = ext4_leaf_take(dir, lblk, leaf, 0, ext4_leaf_end(es), &copy);
	if (!err && used + need > ext4_leaf_end(es)) {
		err = split_leaf(h, dir, path, leaf, used, &copy);
	} else if (!err) {
		ext4_leaf_build(es, leaf->data, &copy, 0, copy.n);
		ext4_dir_dirty(h, dir, lblk, leaf);
	}
	ext4_leaf_copy_free(&copy);
	return err;
}

/* 1: there is room now, in *out; 0: one step towards it was done. */
static int room_step(struct handle *h, struct inode *dir, const char *name,
		     unsigned len, struct ext4_dir_slot *out)
{
	struct ext4_dx_path path;
	unsigned used;
	int err;

	err = ext4_dx_open(dir, name, len, &path);
	if (err)
		return err;
	out->lblk = ext4_dx_leaf(&path);
	err = ext4_dir_read(dir, out->lblk, &out->bp);
	if (err) {
		err = err == -ENODATA ? -EFSCORRUPTED : err;
		goto close;
	}
	err = check_apart(dir, &path, out->bp);
	if (!err)
		err = ext4_leaf_room(dir, out->lblk, out->bp,
				     EXT4_DIRENT_SIZE(len), &out->off, &used);
	if (err == 1) {
		err = journal_write_access(h, out->bp);
		err = err ? err : 1;
	} else if (!err) {
		err = leaf_is_full(h, dir, &path, out->bp, used,
				   EXT4_DIRENT_SIZE(len));
	}
	if (err != 1)
		ext4_dir_slot_put(out);
close:
	ext4_dx_close(&path);
	return err;
}

int ext4_dx_make_room(struct handle *h, struct inode *dir, const char *name,
		      unsigned len, struct ext4_dir_slot *out)
{
	/* A node, a leaf, and the name fits; one more to see it. */
	for (unsigned steps = 0; steps < 2 * (LEVELS_MAX + 2); steps++) {
		int err = room_step(h, dir, name, len, out);

		if (err)
			return err < 0 ? err : 0;
	}
	return ext4_dir_damaged(dir, 0, "a split made no room");
}
