/*
 * The index of large directories: a tree over hashes of names, at most four
 * nodes deep, whose leaves are ordinary directory blocks.
 *
 * Names with equal hashes may go on into the next leaf, which
 * the lowest bit of that leaf's entry tells.
 */
#include "fs/ext4/dir.h"

#include "fs/ext4/crc32c.h"

bool ext4_dir_indexed(const struct inode *dir)
{
	return dir->flags & EXT4_FL_INDEX &&
	       ext4_sb(dir->sb)->compat & EXT4_COMPAT_DIR_INDEX;
}

/* ---- nodes ---- */

static int damaged(struct inode *dir, uint64_t lblk, const char *what)
{
	return ext4_corrupt(
		ext4_sb(dir->sb), "directory %llu: index in block %llu: %s",
		(unsigned long long)dir->ino, (unsigned long long)lblk, what);
}

static const struct ext4_dx_info *root_info(const struct buf *bp)
{
	return (const void *)((const char *)bp->data + EXT4_DX_ROOT_INFO);
}

/* The counts take the place of the first hash. */
static unsigned counts_offset(uint64_t lblk)
{
	return lblk ? EXT4_DX_NODE_COUNT
		    : EXT4_DX_ROOT_INFO + (unsigned)sizeof(struct ext4_dx_info);
}

struct ext4_dx_count *ext4_dx_counts(uint64_t lblk, const void *data)
{
	return (void *)((char *)(uintptr_t)data + counts_offset(lblk));
}

unsigned ext4_dx_limit(const struct ext4_sb *es, uint64_t lblk)
{
	unsigned room = es->block_size - counts_offset(lblk);

	if (es->has_csum)
		room -= (unsigned)sizeof(struct ext4_dx_tail);
	return room / (unsigned)sizeof(struct ext4_dx_entry);
}

uint32_t ext4_dx_csum(const void *data, uint64_t lblk, uint32_t seed)
{
	const char *p = (const char *)data + counts_offset(lblk);
	const struct ext4_dx_count *n = (const void *)p;
	const struct ext4_dx_tail *t =
		(const void *)((const struct ext4_dx_entry *)n + n->limit);
	const uint32_t zero = 0;
	uint32_t c;

	c = crc32c(seed, data,
		   counts_offset(lblk) +
			   n->count * sizeof(struct ext4_dx_entry));
	c = crc32c(c, &t->reserved, sizeof(t->reserved));
	return crc32c(c, &zero, sizeof(zero));
}

int ext4_dx_check(struct inode *dir, uint64_t lblk, struct buf *bp)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dx_count *n = ext4_dx_counts(lblk, bp->data);
	uint64_t as = EXT4_CHECKED(EXT4_KIND_DIR, dir->ino);
	const struct ext4_dirent *de = bp->data;

	if (!lblk) {
		const struct ext4_dirent *up = ext4_dirent_at(bp, 12);

		if (de->rec_len != 12 || up->rec_len != es->block_size - 12)
			return damaged(dir, lblk, "no room for a root");
		if (root_info(bp)->info_len != sizeof(struct ext4_dx_info))
			return damaged(dir, lblk, "bad root");
	} else if (de->ino || de->rec_len != es->block_size) {
		return damaged(dir, lblk, "no node");
	}
	if (n->limit != ext4_dx_limit(es, lblk) || !n->count ||
	    n->count > n->limit)
		return damaged(dir, lblk, "bad counts");
	/* A block of names that was found good does not pass the above; what
	 * was found good is a node, and its checksum was right. */
	if (__atomic_load_n(&bp->verified, __ATOMIC_ACQUIRE) == as)
		return 0;
	if (es->has_csum) {
		const struct ext4_dx_tail *t =
			(const void *)((const struct ext4_dx_entry *)n +
				       n->limit);

		if (ext4_dx_csum(bp->data, lblk, ext4_info(dir)->csum_seed) !=
		    t->checksum)
			return damaged(dir, lblk, "bad checksum");
	}
	ext4_buf_set_checked(bp, as);
	return 0;
}

/* Stands on the last entry whose hash is not above; entry 0 has none. */
static void frame_seek(struct ext4_dx_frame *f, uint32_t hash)
{
	unsigned lo = 1, hi = f->count;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (f->entries[mid].hash <= hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	f->at = lo - 1;
}

/* Reads node lblk into f and stands on its first entry. */
static int frame_read(struct inode *dir, uint64_t lblk, struct ext4_dx_frame *f)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_run run;
	struct buf *bp;
	int err;

	if (lblk >= ext4_dir_blocks(dir))
		return damaged(dir, lblk, "beyond the end");
	err = ext4_map(dir, lblk, 1, &run);
	if (err)
		return err;
	if (run.kind != EXT4_RUN_MAPPED)
		return damaged(dir, lblk, "not there");
	err = ext4_read_block(es, run.block, "directory index", &bp);
	if (err)
		return err;
	err = ext4_dx_check(dir, lblk, bp);
	if (err) {
		buf_put(bp);
		return err;
	}
	f->bp = bp;
	f->entries = (const void *)ext4_dx_counts(lblk, bp->data);
	f->count = MIN(READ_ONCE(ext4_dx_counts(lblk, bp->data)->count),
		       ext4_dx_limit(es, lblk));
	f->at = 0;
	return 0;
}

static uint32_t frame_block(const struct ext4_dx_frame *f)
{
	return f->entries[f->at].block & 0x0fffffff;
}

/* name NULL: path->hash is wanted. */
static int descend(struct inode *dir, const char *name, unsigned len,
		   struct ext4_dx_path *path)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dx_info *info;
	struct ext4_dx_frame *f = path->frames;
	unsigned levels;
	int err;

	path->steps = (uint32_t)MIN(ext4_dir_blocks(dir), (uint64_t)UINT32_MAX);
	err = frame_read(dir, 0, f);
	if (err)
		return err;
	info = root_info(f->bp);
	path->version = ext4_dir_hash_version(es, info->hash_version);
	levels = info->levels;
	if (info->flags & 1 || path->version > EXT4_HASH_TEA_UNSIGNED ||
	    levels > (es->incompat & EXT4_IN_LARGE_DIR ? EXT4_DX_LEVELS_LARGE
						       : EXT4_DX_LEVELS) ||
	    (name && ext4_dir_hash(name, len, path->version, es->hash_seed,
				   &path->hash))) {
		err = damaged(dir, 0, "unknown kind");
		goto close;
	}
	frame_seek(f, path->hash);
	for (; !err && levels; levels--) {
		uint32_t lblk = frame_block(f);

		f = &path->frames[++path->depth];
		err = frame_read(dir, lblk, f);
		if (!err)
			frame_seek(f, path->hash);
	}
	if (!err && frame_block(f) >= ext4_dir_blocks(dir))
		err = damaged(dir, frame_block(f), "leaf beyond the end");
	if (!err)
		return 0;
close:
	ext4_dx_close(path);
	return err;
}

int ext4_dx_open(struct inode *dir, const char *name, unsigned len,
		 struct ext4_dx_path *path)
{
	memset(path, 0, sizeof(*path));
	return descend(dir, name, len, path);
}

int ext4_dx_seek(struct inode *dir, uint32_t hash, struct ext4_dx_path *path)
{
	memset(path, 0, sizeof(*path));
	path->hash = hash;
	return descend(dir, NULL, 0, path);
}

uint32_t ext4_dx_leaf(const struct ext4_dx_path *path)
{
	return frame_block(&path->frames[path->depth]);
}

uint32_t ext4_dx_low(const struct ext4_dx_path *path)
{
	for (unsigned d = path->depth;; d--) {
		const struct ext4_dx_frame *f = &path->frames[d];

		if (f->at)
			return f->entries[f->at].hash;
		if (!d)
			return 0;
	}
}

/* The deepest node that has an entry behind ours; -1: none. */
static int frame_to_move(const struct ext4_dx_path *path)
{
	int d = (int)path->depth;

	while (d >= 0 && path->frames[d].at + 1 >= path->frames[d].count)
		d--;
	return d;
}

bool ext4_dx_high(const struct ext4_dx_path *path, uint32_t *hash)
{
	int d = frame_to_move(path);
	const struct ext4_dx_frame *f;

	if (d < 0)
		return false;
	f = &path->frames[d];
	*hash = f->entries[f->at + 1].hash;
	return true;
}

int ext4_dx_advance(struct inode *dir, struct ext4_dx_path *path)
{
	int d = frame_to_move(path);
	struct ext4_dx_frame *f;
	int err;

	/* A sound index does not have more leaves than there are blocks. */
	if (d < 0 || !path->steps--)
		return damaged(dir, 0, "endless");
	f = &path->frames[d];
	f->at++;
	while (d < (int)path->depth) {
		uint32_t lblk = frame_block(f);

		f = &path->frames[++d];
		buf_put(f->bp);
		f->bp = NULL;
		err = frame_read(dir, lblk, f);
		if (err)
			return err;
	}
	if (frame_block(f) >= ext4_dir_blocks(dir))
		return damaged(dir, frame_block(f), "leaf beyond the end");
	return 0;
}

int ext4_dx_next(struct inode *dir, struct ext4_dx_path *path)
{
	uint32_t hash;
	int err;

	if (!ext4_dx_high(path, &hash) || !(hash & 1) ||
	    (hash & ~1u) != path->hash)
		return 0;
	err = ext4_dx_advance(dir, path);
	return err ? err : 1;
}

void ext4_dx_close(struct ext4_dx_path *path)
{
	for (unsigned i = 0; i <= path->depth; i++) {
		buf_put(path->frames[i].bp);
		path->frames[i].bp = NULL;
	}
}
