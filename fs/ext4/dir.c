/*
 * Directories: names to inode numbers.
 *
 * A block is checked record by record when it is read in, so the searches may
 * walk it without looking at its bounds again. A directory with an index is
 * asked through it (htree.c); when the index turns out damaged, the blocks are
 * searched one after the other, which needs no index: its nodes look like
 * blocks without names. A name that is not found while some block could not
 * be read is an error, not an absence.
 *
 * Positions of iterate are byte offsets in the directory.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/ext4.h"

#include "kernel/abi/dirent.h"

#define DIR_PREFETCH 16u

static struct ext4_dirent *record_at(const struct buf *bp, unsigned off)
{
	return (struct ext4_dirent *)(void *)((char *)bp->data + off);
}

/* A root or an inner node of the index, rather than a block of names? */
static bool is_index_block(const struct inode *dir, uint64_t lblk,
			   const struct buf *bp)
{
	const struct ext4_dirent *de = bp->data;

	return ext4_dir_indexed(dir) &&
	       (!lblk ||
		(!de->ino && de->rec_len == ext4_sb(dir->sb)->block_size));
}

/* The records fill the block: NULL, or what is wrong. */
static const char *records_fault(const struct ext4_sb *es, const struct buf *bp,
				 unsigned end)
{
	const struct ext4_dirent *de;
	unsigned off = 0;

	while (off < end) {
		de = record_at(bp, off);
		if (end - off < EXT4_DIRENT_MIN ||
		    de->rec_len < EXT4_DIRENT_MIN || de->rec_len & 3 ||
		    de->rec_len > end - off)
			return "bad record length";
		if (EXT4_DIRENT_SIZE(de->name_len) > de->rec_len)
			return "bad name length";
		if (de->ino && !de->name_len)
			return "record without a name";
		if (de->ino > es->n_inodes)
			return "bad inode number";
		off += de->rec_len;
	}
	return NULL;
}

static const char *leaf_fault(const struct ext4_sb *es, const struct inode *dir,
			      const struct buf *bp)
{
	unsigned end = es->block_size;
	const struct ext4_dirent_tail *t;

	if (es->has_csum) {
		end -= sizeof(*t);
		t = (const void *)((const char *)bp->data + end);
		if (t->zero || t->rec_len != sizeof(*t) || t->zero_len ||
		    t->type != EXT4_FT_TAIL)
			return "no checksum";
		if (crc32c(ext4_info(dir)->csum_seed, bp->data, end) !=
		    t->checksum)
			return "bad checksum";
	}
	return records_fault(es, bp, end);
}

static int block_check(struct inode *dir, uint64_t lblk, struct buf *bp)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t as = EXT4_CHECKED(EXT4_KIND_DIR, dir->ino);
	const char *fault;
	int err;

	if (ext4_buf_checked(bp, as))
		return 0;
	if (is_index_block(dir, lblk, bp)) {
		err = ext4_dx_check(dir, lblk, bp);
		if (err)
			return err;
		fault = records_fault(es, bp, es->block_size);
	} else {
		fault = leaf_fault(es, dir, bp);
	}
	if (fault)
		return ext4_corrupt(es, "directory %llu: block %llu: %s",
				    (unsigned long long)dir->ino,
				    (unsigned long long)lblk, fault);
	ext4_buf_set_checked(bp, as);
	return 0;
}

static int dir_read_run(struct inode *dir, uint64_t lblk, struct buf **out,
			uint32_t *hole)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	struct ext4_run run;
	uint64_t left = ((uint64_t)dir->size >> es->block_bits) - lblk;
	int err;

	err = ext4_map(dir, lblk, (uint32_t)MIN(left, 1ull << 20), &run);
	if (err)
		return err;
	if (run.kind != EXT4_RUN_MAPPED) {
		ext4_corrupt(es, "directory %llu: block %llu: not there",
			     (unsigned long long)dir->ino,
			     (unsigned long long)lblk);
		*hole = run.len;
		return -ENODATA;
	}
	if (run.len > 1 && !bcache_has(es->bc, run.block))
		bcache_prefetch(es->bc, run.block, MIN(run.len, DIR_PREFETCH));
	err = ext4_read_block(es, run.block, "directory", out);
	if (err)
		return err;
	err = block_check(dir, lblk, *out);
	if (err) {
		buf_put(*out);
		*out = NULL;
	}
	return err;
}

int ext4_dir_read(struct inode *dir, uint64_t lblk, struct buf **out)
{
	uint32_t hole;

	return dir_read_run(dir, lblk, out, &hole);
}

/* The record of name in a checked block, or NULL. */
static const struct ext4_dirent *block_search(const struct ext4_sb *es,
					      const struct buf *bp,
					      const char *name, unsigned len)
{
	const struct ext4_dirent *de;

	for (unsigned off = 0; off < es->block_size; off += de->rec_len) {
		de = record_at(bp, off);
		if (de->name_len == len && de->ino &&
		    !memcmp(de->name, name, len))
			return de;
	}
	return NULL;
}

/* Something long: lets others run, ends when the caller is killed. */
static bool must_stop(void)
{
	resched_point();
	return host_fatal_signal_pending();
}

/* Looks into every block. */
static int search_all(struct inode *dir, const char *name, unsigned len,
		      uint64_t *ino)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t n = (uint64_t)dir->size >> es->block_bits;
	const struct ext4_dirent *de;
	struct buf *bp;
	int err, damage = 0;

	for (uint64_t lblk = 0; lblk < n; lblk++) {
		uint32_t skip = 1;

		err = dir_read_run(dir, lblk, &bp, &skip);
		if (err == -ENODATA) {
			damage = -EFSCORRUPTED;
			lblk += skip - 1;
			continue;
		}
		if (err == -EFSCORRUPTED) {
			damage = err;
			if (must_stop())
				return -EINTR;
			continue;
		}
		if (err)
			return err;
		de = block_search(es, bp, name, len);
		if (de)
			*ino = de->ino;
		buf_put(bp);
		if (de)
			return 0;
		if (must_stop())
			return -EINTR;
	}
	return damage ? damage : -ENOENT;
}

/* Asks the index. -EFSCORRUPTED: it is damaged; look everywhere. */
static int search_index(struct inode *dir, const char *name, unsigned len,
			uint64_t *ino)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dirent *de;
	struct ext4_dx_path path;
	struct buf *bp;
	int err;

	err = ext4_dx_open(dir, name, len, &path);
	if (err)
		return err;
	for (;;) {
		err = ext4_dir_read(dir, ext4_dx_leaf(&path), &bp);
		if (err) {
			err = err == -ENODATA ? -EFSCORRUPTED : err;
			break;
		}
		de = block_search(es, bp, name, len);
		if (de)
			*ino = de->ino;
		buf_put(bp);
		if (de)
			break;
		if (must_stop()) {
			err = -EINTR;
			break;
		}
		err = ext4_dx_next(dir, &path);
		if (err <= 0) {
			err = err ? err : -ENOENT;
			break;
		}
	}
	ext4_dx_close(&path);
	return err;
}

static int ext4_lookup(struct inode *dir, const char *name, unsigned len,
		       struct inode **out)
{
	uint64_t ino = 0;
	int err;

	*out = NULL;
	if (!len || len > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	err = -EFSCORRUPTED;
	if (ext4_dir_indexed(dir))
		err = search_index(dir, name, len, &ino);
	if (err == -EFSCORRUPTED)
		err = search_all(dir, name, len, &ino);
	if (err)
		return err;
	return ext4_inode_get(dir->sb, ino, out);
}

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

/*
 * Gives the records of a block from offset `from` on; 1: the receiver is full.
 * `from` may come from lseek, so records are always found from the start.
 */
static int block_emit(struct inode *dir, const struct buf *bp, off_t base,
		      unsigned from, struct dir_context *c, off_t *pos)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dirent *de;

	for (unsigned off = 0; off < es->block_size; off += de->rec_len) {
		off_t next;

		de = record_at(bp, off);
		next = base + off + de->rec_len;
		if (off < from)
			continue;
		if (de->ino) {
			if (memchr(de->name, '/', de->name_len) ||
			    memchr(de->name, 0, de->name_len))
				ext4_corrupt(es,
					     "directory %llu: a name with a "
					     "slash or a zero at %llu",
					     (unsigned long long)dir->ino,
					     (unsigned long long)base + off);
			else if (!c->emit(c, de->name, de->name_len, de->ino,
					  record_type(es, de), next))
				return 1;
		}
		*pos = next;
	}
	return 0;
}

static int ext4_iterate(struct file *f, struct dir_context *c, off_t *pos)
{
	struct inode *dir = f->inode;
	struct ext4_sb *es = ext4_sb(dir->sb);
	off_t mask = (off_t)es->block_size - 1;
	struct buf *bp;
	int err;

	if (*pos < 0)
		return -EINVAL;
	while (*pos < dir->size) {
		off_t base = *pos & ~mask;
		uint32_t skip = 1;

		err = dir_read_run(dir, (uint64_t)base >> es->block_bits, &bp,
				   &skip);
		if (!err) {
			err = block_emit(dir, bp, base, (unsigned)(*pos & mask),
					 c, pos);
			buf_put(bp);
			if (err)
				return 0;
		} else if (err != -ENODATA && err != -EFSCORRUPTED) {
			return err;
		}
		/* Damage was told; what can be read is shown. */
		*pos = base + ((off_t)skip << es->block_bits);
		if (must_stop())
			return -EINTR;
	}
	return 0;
}

static int ext4_dir_fsync(struct file *f, bool data_only)
{
	return 0;
}

const struct file_ops ext4_dir_ops = {
	.iterate = ext4_iterate,
	.fsync = ext4_dir_fsync,
};

const struct inode_ops ext4_dir_inode_ops = {
	.lookup = ext4_lookup,
};
