/*
 * Directories: names to inode numbers.
 *
 * A block is checked record by record when it is read in. A directory with an
 * index is asked through it (htree.c); when the index turns out damaged, the
 * blocks are searched one after the other, which needs no index: its nodes
 * look like blocks without names. A name that is not found while some block
 * could not be read is an error, not an absence.
 */
#include "fs/ext4/dir.h"

#include "fs/ext4/crc32c.h"
#include "fs/ext4/write.h"

#define DIR_PREFETCH 16u

int ext4_dir_damaged(const struct inode *dir, uint64_t lblk, const char *what)
{
	return ext4_corrupt(ext4_sb(dir->sb), "directory %llu: block %llu: %s",
			    (unsigned long long)dir->ino,
			    (unsigned long long)lblk, what);
}

bool ext4_dir_is_node(const struct inode *dir, uint64_t lblk,
		      const struct buf *bp)
{
	const struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dirent *de = bp->data;

	if (!ext4_dir_indexed(dir))
		return false;
	if (!lblk)
		return true;
	/* An empty leaf looks the same when it has no checksum. */
	return !de->ino && de->rec_len == es->block_size &&
	       (es->has_csum ||
		ext4_dx_counts(lblk, bp->data)->limit == ext4_dx_limit(es, lblk));
}

/* The records fill the block: NULL, or what is wrong. */
static const char *records_fault(const struct ext4_sb *es, const struct buf *bp,
				 unsigned end)
{
	const struct ext4_dirent *de;
	unsigned off = 0, len;

	for (; off < end; off += len) {
		len = ext4_dirent_len(bp, off, end);
		if (!len)
			return "bad record or name length";
		de = ext4_dirent_at(bp, off);
		if (de->ino && !de->name_len)
			return "record without a name";
		if (de->ino > es->n_inodes)
			return "bad inode number";
	}
	return NULL;
}

static const char *leaf_fault(const struct ext4_sb *es, const struct inode *dir,
			      const struct buf *bp)
{
	unsigned end = ext4_leaf_end(es);
	const struct ext4_dirent_tail *t;

	if (es->has_csum) {
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

	/* What we made ourselves is marked, too: a block that is only dirty
	 * may be somebody else's on a damaged disk. */
	if (__atomic_load_n(&bp->verified, __ATOMIC_ACQUIRE) == as)
		return 0;
	if (ext4_dir_is_node(dir, lblk, bp)) {
		err = ext4_dx_check(dir, lblk, bp);
		if (err)
			return err;
		fault = records_fault(es, bp, es->block_size);
	} else {
		fault = leaf_fault(es, dir, bp);
	}
	if (fault)
		return ext4_dir_damaged(dir, lblk, fault);
	ext4_buf_set_checked(bp, as);
	return 0;
}

int ext4_dir_read_run(struct inode *dir, uint64_t lblk, struct buf **out,
		      uint32_t *hole)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	uint64_t left = ext4_dir_blocks(dir) - lblk;
	struct ext4_run run;
	int err;

	*out = NULL;
	err = ext4_map(dir, lblk, (uint32_t)MIN(left, 1ull << 20), &run);
	if (err)
		return err;
	if (run.kind != EXT4_RUN_MAPPED) {
		ext4_dir_damaged(dir, lblk, "not there");
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

	return ext4_dir_read_run(dir, lblk, out, &hole);
}

/* Looks for name in block lblk, which s->bp is: 1, 0 or -EFSCORRUPTED. */
static int block_search(const struct inode *dir, uint64_t lblk,
			const char *name, unsigned len, struct ext4_dir_slot *s)
{
	unsigned end = ext4_sb(dir->sb)->block_size, off = 0, rec;
	const struct ext4_dirent *de;

	for (; off < end; off += rec) {
		rec = ext4_dirent_len(s->bp, off, end);
		if (!rec)
			return ext4_dir_damaged(dir, lblk, "it changed");
		de = ext4_dirent_at(s->bp, off);
		/* Names in one directory often begin alike. */
		if (de->name_len == len && de->ino &&
		    de->name[len - 1] == name[len - 1] &&
		    !memcmp(de->name, name, len)) {
			s->off = off;
			s->lblk = (uint32_t)lblk;
			return 1;
		}
	}
	return 0;
}

bool ext4_dir_must_stop(void)
{
	resched_point();
	return host_fatal_signal_pending();
}

/* Looks into every block. */
static int search_all(struct inode *dir, const char *name, unsigned len,
		      struct ext4_dir_slot *s)
{
	uint64_t n = ext4_dir_blocks(dir);
	int err, damage = 0;

	for (uint64_t lblk = 0; lblk < n; lblk++) {
		uint32_t skip = 1;

		err = ext4_dir_read_run(dir, lblk, &s->bp, &skip);
		if (!err) {
			err = block_search(dir, lblk, name, len, s);
			if (err == 1)
				return 0;
			ext4_dir_slot_put(s);
		}
		if (err == -ENODATA || err == -EFSCORRUPTED) {
			damage = -EFSCORRUPTED;
			lblk += skip - 1;
		} else if (err) {
			return err;
		}
		if (ext4_dir_must_stop())
			return -EINTR;
	}
	return damage ? damage : -ENOENT;
}

/* Asks the index. -EFSCORRUPTED: it is damaged; look everywhere. */
static int search_index(struct inode *dir, const char *name, unsigned len,
			struct ext4_dir_slot *s)
{
	struct ext4_dx_path path;
	int err;

	err = ext4_dx_open(dir, name, len, &path);
	if (err)
		return err;
	for (;;) {
		uint32_t leaf = ext4_dx_leaf(&path);

		err = ext4_dir_read(dir, leaf, &s->bp);
		if (err) {
			err = err == -ENODATA ? -EFSCORRUPTED : err;
			break;
		}
		err = block_search(dir, leaf, name, len, s);
		if (err == 1) {
			err = 0;
			break;
		}
		ext4_dir_slot_put(s);
		if (!err && ext4_dir_must_stop())
			err = -EINTR;
		if (!err)
			err = ext4_dx_next(dir, &path);
		if (err <= 0) {
			err = err ? err : -ENOENT;
			break;
		}
	}
	ext4_dx_close(&path);
	return err;
}

int ext4_dir_search(struct inode *dir, const char *name, unsigned len,
		    struct ext4_dir_slot *out)
{
	bool dots = name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
	int err = -EFSCORRUPTED;

	out->bp = NULL;
	/* "." and ".." are in the first block, whatever their hash. */
	if (ext4_dir_indexed(dir) && !dots)
		err = search_index(dir, name, len, out);
	if (err == -EFSCORRUPTED)
		err = search_all(dir, name, len, out);
	return err;
}

/*
 * On a damaged disk a directory may have names in several others, or in one
 * below itself. Its ".." says which one counts: then directories are a tree,
 * which the order of their locks relies on. Only looks at the record, without
 * ip's lock, which would be taken out of order if this is what is wrong: while
 * dir is locked, nobody changes it.
 */
static int check_parent(const struct inode *dir, struct inode *ip)
{
	struct ext4_sb *es = ext4_sb(dir->sb);
	const struct ext4_dirent *de;
	struct ext4_run run;
	struct buf *bp;
	unsigned len;
	bool good;
	int err;

	err = ext4_map(ip, 0, 1, &run);
	if (err)
		return err;
	good = run.kind == EXT4_RUN_MAPPED && ip->ino != EXT4_ROOT_INO;
	if (good) {
		err = ext4_read_block(es, run.block, "directory", &bp);
		if (err)
			return err;
		len = ext4_dirent_len(bp, 0, es->block_size);
		good = len && ext4_dirent_len(bp, len, es->block_size);
		de = ext4_dirent_at(bp, len);
		good = good && READ_ONCE(de->ino) == dir->ino &&
		       de->name_len == 2 && ext4_name_is_dots(de);
		buf_put(bp);
	}
	if (!good)
		return ext4_corrupt(es,
				    "directory %llu is not below %llu, which "
				    "has a name of it",
				    (unsigned long long)ip->ino,
				    (unsigned long long)dir->ino);
	return 0;
}

/*
 * Nor may a directory have two names in its parent: both would be locked, and
 * are the same. Which one it has is remembered, as a hash that nobody can
 * foresee, while the inode is in memory, and so as long as a name is.
 */
static uint64_t alias_of(const struct inode *ip, const char *name, unsigned len)
{
	uint32_t both[2] = { 0, 0 };

	ext4_dir_hashes(name, len, EXT4_HASH_HALF_MD4,
			ext4_sb(ip->sb)->alias_seed, both);
	return ((uint64_t)both[0] << 32 | both[1]) | 1u << 31;
}

void ext4_dir_named(struct inode *ip, const char *name, unsigned len)
{
	__atomic_store_n(&ext4_info(ip)->alias, alias_of(ip, name, len),
			 __ATOMIC_RELAXED);
}

static int check_alias(const struct inode *dir, struct inode *ip,
		       const char *name, unsigned len)
{
	uint64_t old = 0, now = alias_of(ip, name, len);

	if (__atomic_compare_exchange_n(&ext4_info(ip)->alias, &old, now, false,
					__ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
	    old == now)
		return 0;
	return ext4_corrupt(ext4_sb(dir->sb),
			    "directory %llu has two names in %llu",
			    (unsigned long long)ip->ino,
			    (unsigned long long)dir->ino);
}

static int ext4_lookup(struct inode *dir, const char *name, unsigned len,
		       struct inode **out)
{
	struct ext4_dir_slot s;
	uint32_t ino;
	int err;

	*out = NULL;
	if (!len || len > NAME_MAX_BYTES)
		return -ENAMETOOLONG;
	err = ext4_dir_search(dir, name, len, &s);
	if (err)
		return err;
	ino = ext4_dirent_at(s.bp, s.off)->ino;
	ext4_dir_slot_put(&s);
	err = ext4_inode_get(dir->sb, ino, out);
	if (!err && S_ISDIR((*out)->mode)) {
		if (!dir->sb->read_only)
			err = check_parent(dir, *out);
		if (!err)
			err = check_alias(dir, *out, name, len);
		if (err) {
			inode_put(*out);
			*out = NULL;
		}
	}
	return err;
}

static int ext4_dir_fsync(struct file *f, bool data_only)
{
	struct inode *dir = f->inode;
	struct ext4_sb *es = ext4_sb(dir->sb);
	tid_t tid;

	if (ext4_writing_ended(es))
		return journal_error(es);
	tid = READ_ONCE(ext4_info(dir)->tid_meta);
	return tid ? journal_commit_wait(es, tid) : journal_error(es);
}

const struct file_ops ext4_dir_ops = {
	.iterate = ext4_dir_iterate,
	.fsync = ext4_dir_fsync,
};

const struct inode_ops ext4_dir_inode_ops = {
	.lookup = ext4_lookup,
	.create = ext4_create,
	.link = ext4_link,
	.unlink = ext4_unlink,
	.rename = ext4_rename,
	.setattr = ext4_setattr,
};
