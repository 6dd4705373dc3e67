/*
 * Changes of directories.
 *
 * Each change has two halves. The first finds the record (ext4_dir_find) or
 * makes room for one (ext4_dir_make_room) and joins what will change to the
 * handle; it may fail, and whatever it has done by then (a longer directory, a
 * split leaf) is legal and changes no name. The second puts the name in, takes
 * it out or lets it name another inode; it cannot fail. So an operation on
 * several names prepares all of them and then changes all of them.
 *
 * A name that goes leaves its record to the one before it, or, at the start of
 * a block, a free record. Nothing is moved in a directory without an index:
 * positions of who reads it are byte offsets. Blocks are never given back.
 */
#include "fs/ext4/dir.h"

#include "fs/ext4/crc32c.h"
#include "fs/ext4/write.h"

#define DX_BLOCK_MAX 0x0fffffffu

/* ---- checksums, made when a block is frozen ---- */

static void seal_leaf(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	unsigned end = ext4_leaf_end(es);
	struct ext4_dirent_tail *t = (void *)((char *)data + end);

	t->checksum = crc32c((uint32_t)arg, data, end);
}

static void seal_index(void *data, uint64_t lblk, uint32_t seed)
{
	struct ext4_dx_count *n = ext4_dx_counts(lblk, data);
	struct ext4_dx_tail *t =
		(void *)((struct ext4_dx_entry *)(void *)n + n->limit);

	t->checksum = ext4_dx_csum(data, lblk, seed);
}

static void seal_root(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	seal_index(data, 0, (uint32_t)arg);
}

static void seal_node(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	seal_index(data, 1, (uint32_t)arg);
}

void ext4_dir_dirty(struct handle *h, struct inode *dir, uint64_t lblk,
		    struct buf *bp)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	journal_seal_fn *seal = NULL;

	if (es->has_csum) {
		seal = seal_leaf;
		if (ext4_dir_is_node(dir, lblk, bp))
			seal = lblk ? seal_node : seal_root;
	}
	ext4_buf_set_checked(bp, EXT4_CHECKED(EXT4_KIND_DIR, dir->ino));
	journal_dirty(h, bp, seal, ext4_info(dir)->csum_seed);
}

/* ---- leaves ---- */

void ext4_leaf_init(const struct ext4_sb *es, void *data)
{
	struct ext4_dirent *de = data;
	struct ext4_dirent_tail *t;
	unsigned end = ext4_leaf_end(es);

	memset(data, 0, es->block_size);
	de->rec_len = (uint16_t)end;
	if (es->has_csum) {
		t = (void *)((char *)data + end);
		t->rec_len = sizeof(*t);
		t->type = EXT4_FT_TAIL;
	}
}

static unsigned used_size(const struct ext4_dirent *de)
{
	return de->ino ? EXT4_DIRENT_SIZE(de->name_len) : 0;
}

int ext4_leaf_room(struct inode *dir, uint64_t lblk, const struct buf *bp,
		   unsigned need, unsigned *off, unsigned *used)
{
	unsigned end = ext4_leaf_end(ext4_sb(dir->sb)), len, size;

	*used = 0;
	for (unsigned at = 0; at < end; at += len) {
		len = ext4_dirent_len(bp, at, end);
		if (!len)
			return ext4_dir_damaged(dir, lblk, "no leaf");
		size = used_size(ext4_dirent_at(bp, at));
		if (len - size >= need) {
			*off = at;
			return 1;
		}
		*used += size;
	}
	return 0;
}

int ext4_leaf_copy_make(const struct ext4_sb *es, struct ext4_leaf_copy *c)
{
	size_t names = es->block_size / EXT4_DIRENT_MIN * sizeof(c->names[0]);

	c->names = kmalloc(names + es->block_size, GFP_NOFS);
	if (!c->names)
		return -ENOMEM;
	c->data = (char *)c->names + names;
	c->n = 0;
	return 0;
}

void ext4_leaf_copy_free(struct ext4_leaf_copy *c)
{
	kfree(c->names);
}

int ext4_leaf_take(struct inode *dir, uint64_t lblk, const struct buf *bp,
		   unsigned from, unsigned end, struct ext4_leaf_copy *c)
{
	struct buf copy = { .data = c->data };
	unsigned len, size;

	memcpy(c->data, bp->data, ext4_sb(dir->sb)->block_size);
	c->n = 0;
	for (unsigned off = from; off < end; off += len) {
		len = ext4_dirent_len(&copy, off, end);
		if (!len)
			return ext4_dir_damaged(dir, lblk, "no leaf");
		size = used_size(ext4_dirent_at(&copy, off));
		if (size)
			c->names[c->n++] = (struct ext4_leaf_name){
				.off = (uint16_t)off,
				.size = (uint16_t)size,
			};
	}
	return 0;
}

void ext4_leaf_build(const struct ext4_sb *es, void *data,
		     const struct ext4_leaf_copy *c, unsigned first,
		     unsigned last)
{
	unsigned end = ext4_leaf_end(es), off = 0;
	struct ext4_dirent *de = data;

	ext4_leaf_init(es, data);
	for (unsigned i = first; i < last; i++) {
		const struct ext4_leaf_name *n = &c->names[i];

		de = (void *)((char *)data + off);
		memcpy(de, c->data + n->off, n->size);
		de->rec_len = n->size;
		off += n->size;
	}
	if (off)
		de->rec_len = (uint16_t)(end - off + de->rec_len);
}

/* ---- blocks ---- */

int ext4_meta_append(struct handle *h, struct inode *ip, uint32_t lblk,
		     struct buf **out)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint64_t goal = 0, block;
	struct ext4_run run;
	int err, undo;

	if (lblk && !ext4_map(ip, lblk - 1, 1, &run) &&
	    run.kind == EXT4_RUN_MAPPED)
		goal = run.block + 1;
	err = ext4_new_meta_block(h, ip, goal, out);
	if (err)
		return err;
	block = (*out)->block;
	rwsem_write_lock(&info->map_lock);
	err = ext4_map_insert(h, ip, lblk, block, 1, false);
	rwsem_write_unlock(&info->map_lock);
	if (!err)
		return 0;
	buf_put(*out);
	*out = NULL;
	undo = ext4_free_blocks(h, ip, block, 1, true);
	if (undo)
		journal_abort(ext4_sb(ip->sb), undo);
	return err;
}

int ext4_dir_append(struct handle *h, struct inode *dir, struct buf **out,
		    uint32_t *lblk)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t n = ext4_dir_blocks(dir), size = (n + 1) << es->block_bits;
	int err;

	*out = NULL;
	/* i_size of a directory has 32 bits, and an index fewer for blocks. */
	if (size > UINT32_MAX || n > DX_BLOCK_MAX ||
	    (!(dir->flags & EXT4_FL_EXTENTS) &&
	     size > ext4_blockmap_max_size(es)))
		return -ENOSPC;
	err = ext4_meta_append(h, dir, (uint32_t)n, out);
	if (err)
		return err;
	dir->size = (off_t)size;
	ext4_info(dir)->disk_size = size;
	/* It was joined before, so this does not fail but with the journal. */
	err = ext4_inode_dirty(h, dir, true);
	if (err) {
		journal_abort(es, err);
		buf_put(*out);
		*out = NULL;
		return err;
	}
	*lblk = (uint32_t)n;
	return 0;
}

static uint8_t file_type(const struct ext4_sb *es, mode_t mode)
{
	static const uint8_t types[16] = {
		[S_IFIFO >> 12] = EXT4_FT_FIFO, [S_IFCHR >> 12] = EXT4_FT_CHR,
		[S_IFDIR >> 12] = EXT4_FT_DIR,  [S_IFBLK >> 12] = EXT4_FT_BLK,
		[S_IFREG >> 12] = EXT4_FT_REG,  [S_IFLNK >> 12] = EXT4_FT_LNK,
		[S_IFSOCK >> 12] = EXT4_FT_SOCK,
	};

	return es->incompat & EXT4_IN_FILETYPE ? types[mode >> 12 & 15] : 0;
}

static void record_fill(const struct ext4_sb *es, struct ext4_dirent *de,
			const char *name, unsigned len, const struct inode *ip)
{
	de->ino = (uint32_t)ip->ino;
	de->name_len = (uint8_t)len;
	de->file_type = file_type(es, ip->mode);
	memcpy(de->name, name, len);
	memset(de->name + len, 0, EXT4_DIRENT_SIZE(len) - 8 - len);
}

__attribute__((cold))
int ext4_dir_init(struct handle *h, struct inode *dir,
		  const struct inode *parent)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_dirent *de;
	struct buf *bp;
	uint32_t lblk;
	int err;

	err = ext4_dir_append(h, dir, &bp, &lblk);
	if (err)
		return err;
	ext4_leaf_init(es, bp->data);
	de = bp->data;
	record_fill(es, de, ".", 1, dir);
	de->rec_len = EXT4_DIRENT_MIN;
	de = ext4_dirent_at(bp, EXT4_DIRENT_MIN);
	record_fill(es, de, "..", 2, parent);
	de->rec_len = (uint16_t)(ext4_leaf_end(es) - EXT4_DIRENT_MIN);
	ext4_dir_dirty(h, dir, lblk, bp);
	buf_put(bp);
	return 0;
}

/* ---- the half that may fail ---- */

/* A block of names can be changed: its slot is joined to h. */
static int slot_join(struct handle *h, struct ext4_dir_slot *s)
{
	int err = journal_write_access(h, s->bp);

	if (err)
		ext4_dir_slot_put(s);
	return err;
}

static int append_room(struct handle *h, struct inode *dir,
		       struct ext4_dir_slot *out)
{
	int err = ext4_dir_append(h, dir, &out->bp, &out->lblk);

	if (err)
		return err;
	ext4_leaf_init(ext4_sb(dir->sb), out->bp->data);
	ext4_dir_dirty(h, dir, out->lblk, out->bp);
	out->off = 0;
	return 0;
}

static int linear_room(struct handle *h, struct inode *dir, const char *name,
		       unsigned len, struct ext4_dir_slot *out)
{
	uint64_t n = ext4_dir_blocks(dir);
	unsigned used;
	int err;

	/* An index that the disk does not have (any more) would not know of
	 * the name. */
	dir->flags &= ~EXT4_FL_INDEX;
	for (uint64_t lblk = 0; lblk < n; lblk++) {
		err = ext4_dir_read(dir, lblk, &out->bp);
		if (err)
			return err == -ENODATA ? -EFSCORRUPTED : err;
		out->lblk = (uint32_t)lblk;
		err = ext4_leaf_room(dir, lblk, out->bp, EXT4_DIRENT_SIZE(len),
				     &out->off, &used);
		if (err == 1)
			return slot_join(h, out);
		ext4_dir_slot_put(out);
		if (err)
			return err;
		if (ext4_dir_must_stop())
			return -EINTR;
	}
	if (n == 1 && ext4_dir_default_hash(ext4_sb(dir->sb)) >= 0) {
		err = ext4_dx_make(h, dir);
		if (err < 0)
			return err;
		if (!err)
			return ext4_dx_make_room(h, dir, name, len, out);
	}
	return append_room(h, dir, out);
}

int ext4_dir_make_room(struct handle *h, struct inode *dir, const char *name,
		       unsigned len, struct ext4_dir_slot *out)
{
	int err;

	out->bp = NULL;
	if (!len || len > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	/* A directory has its first block, or there is no "..". */
	if (!ext4_dir_blocks(dir))
		return ext4_dir_damaged(dir, 0, "not there");
	/* So that what is done by then cannot fail to be told. */
	err = ext4_inode_join(h, dir);
	if (err)
		return err;
	if (ext4_dir_indexed(dir))
		return ext4_dx_make_room(h, dir, name, len, out);
	return linear_room(h, dir, name, len, out);
}

int ext4_dir_find(struct handle *h, struct inode *dir, const char *name,
		  unsigned len, const struct inode *ip,
		  struct ext4_dir_slot *out)
{
	int err = ext4_dir_search(dir, name, len, out);

	if (!err && ext4_dirent_at(out->bp, out->off)->ino != ip->ino)
		err = ext4_dir_damaged(dir, out->lblk,
				       "a name of another inode");
	if (err) {
		ext4_dir_slot_put(out);
		/* Who asks has seen the name. */
		return err == -ENOENT ? -EFSCORRUPTED : err;
	}
	return slot_join(h, out);
}

/* ---- the half that does not fail ---- */

/*
 * The record of a slot, `need` bytes of which are free or end with its name.
 * NULL: it is not what it was. That happens only when a damaged disk has two
 * uses for one block, and then nothing more is written.
 */
static struct ext4_dirent *slot_record(struct inode *dir,
				       const struct ext4_dir_slot *s,
				       unsigned need)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_dirent *de = ext4_dirent_at(s->bp, s->off);
	unsigned len = ext4_dirent_len(s->bp, s->off, es->block_size);

	if (len && len >= need)
		return de;
	journal_abort(es, ext4_dir_damaged(dir, s->lblk, "it changed"));
	return NULL;
}

void ext4_dir_put(struct handle *h, struct inode *dir, struct ext4_dir_slot *s,
		  const char *name, unsigned len, const struct inode *ip)
{
	unsigned size = used_size(ext4_dirent_at(s->bp, s->off));
	struct ext4_dirent *de =
		slot_record(dir, s, size + EXT4_DIRENT_SIZE(len));
	unsigned rec;

	if (!de)
		return;
	rec = de->rec_len;
	if (size) {
		de->rec_len = (uint16_t)size;
		s->off += size;
		de = ext4_dirent_at(s->bp, s->off);
		de->rec_len = (uint16_t)(rec - size);
	}
	record_fill(ext4_sb(dir->sb), de, name, len, ip);
	ext4_dir_dirty(h, dir, s->lblk, s->bp);
}

void ext4_dir_clear(struct handle *h, struct inode *dir,
		    struct ext4_dir_slot *s)
{
	unsigned end = ext4_sb(dir->sb)->block_size, before = end, len;
	struct ext4_dirent *de = slot_record(dir, s, 0), *prev;

	if (!de)
		return;
	/* Which record is before it can have changed since it was found. */
	for (unsigned off = 0; off < s->off; off += len) {
		len = ext4_dirent_len(s->bp, off, end);
		if (!len)
			break;
		before = off;
	}
	len = de->rec_len;
	memset(de, 0, used_size(de));
	de->rec_len = (uint16_t)len;
	if (before != end) {
		prev = ext4_dirent_at(s->bp, before);
		if (before + prev->rec_len == s->off) {
			de->rec_len = 0;
			prev->rec_len = (uint16_t)(prev->rec_len + len);
		}
	}
	ext4_dir_dirty(h, dir, s->lblk, s->bp);
}

void ext4_dir_set(struct handle *h, struct inode *dir, struct ext4_dir_slot *s,
		  const struct inode *ip)
{
	struct ext4_dirent *de = slot_record(dir, s, 0);

	if (!de)
		return;
	de->ino = (uint32_t)ip->ino;
	de->file_type = file_type(ext4_sb(dir->sb), ip->mode);
	ext4_dir_dirty(h, dir, s->lblk, s->bp);
}

/* ---- questions ---- */

int ext4_dir_empty(struct inode *dir)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t n = ext4_dir_blocks(dir);
	unsigned end = es->block_size, len;
	const struct ext4_dirent *de;
	struct buf *bp;
	bool empty = true;
	int err;

	if (!n)
		return ext4_dir_damaged(dir, 0, "not there");
	for (uint64_t lblk = 0; lblk < n && empty; lblk++) {
		err = ext4_dir_read(dir, lblk, &bp);
		if (err)
			return err == -ENODATA ? -EFSCORRUPTED : err;
		for (unsigned off = 0; off < end && empty; off += len) {
			len = ext4_dirent_len(bp, off, end);
			if (!len)
				break;
			de = ext4_dirent_at(bp, off);
			empty = !de->ino || ext4_name_is_dots(de);
		}
		buf_put(bp);
		if (ext4_dir_must_stop())
			return -EINTR;
	}
	return empty;
}

unsigned ext4_dir_credits(const struct inode *dir)
{
	/*
	 * At most two blocks are new: a leaf, and a node for its entry. The
	 * others: the leaf and the node that are split, and the root.
	 */
	return 1 + 5 + ext4_map_credits(dir, 2) + 2 * EXT4_CREDITS_ALLOC;
}
