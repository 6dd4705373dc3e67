/*
 * Inodes: which numbers are free, and which one a new file gets.
 *
 * A file comes near its directory: in the directory's group, else in one that a
 * hash of the directory's number leads to, else in the next with room. Data is
 * put into the group of its inode, so a directory's files lie together. That
 * only works if groups do not fill up with directories: those at the top are
 * spread over the disk, to groups with few directories and much room; those
 * below stay in their parent's group as long as it has room for files, too.
 *
 * Numbers are taken under one mutex: what a group's bitmap and its table still
 * lack (they may never have been written) is then made once. A block of the
 * table of which no inode is in use is not read before it is written.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/bitmap.h"
#include "fs/ext4/crc32c.h"

#define SPREAD_LOOKS 32u /* groups looked at for a directory at the top */

#define FL_SYNC    0x00000008
#define FL_NODUMP  0x00000040
#define FL_NOATIME 0x00000080
#define FL_DIRSYNC 0x00010000

uint64_t ext4_free_inodes_count(struct ext4_sb *es)
{
	uint64_t n;

	spin_lock(&es->alloc->lock);
	n = es->alloc->disk_inodes;
	spin_unlock(&es->alloc->lock);
	return n;
}

static bool inodes_uninit(const struct ext4_sb *es,
			  const struct ext4_group_desc *raw)
{
	return ext4_lazy_groups(es) && raw->bg_flags & EXT4_BG_INODE_UNINIT;
}

/* Inodes of the group that were ever used: those behind were never looked at
 * by anybody. */
static uint32_t used_limit(const struct ext4_sb *es,
			   const struct ext4_group_desc *raw)
{
	uint32_t unused = EXT4_DESC_GET(es, raw, bg_itable_unused);

	if (!ext4_lazy_groups(es))
		return es->inodes_per_group;
	if (inodes_uninit(es, raw))
		return 0;
	return es->inodes_per_group - MIN(unused, es->inodes_per_group);
}

static void inodes_spoil(struct ext4_sb *es, struct ext4_group *g,
			 const char *why)
{
	bool told;

	spin_lock(&g->lock);
	told = g->ino_bad;
	g->ino_bad = true;
	spin_unlock(&g->lock);
	if (told)
		return;
	ext4_corrupt(es, "inode bitmap of group %u (block %llu): %s", g->index,
		     (unsigned long long)g->inode_bitmap, why);
}

/* NULL, or what is wrong; g is locked. */
__attribute__((cold))
static const char *bitmap_fault(struct ext4_sb *es, struct ext4_group *g,
				const struct ext4_group_desc *raw,
				struct buf *bp)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_INODE_BITMAP, g->index);
	uint32_t c;

	if (ext4_buf_checked(bp, as))
		return NULL;
	if (es->has_csum) {
		c = crc32c(es->csum_seed, bp->data, es->inodes_per_group / 8);
		if ((c ^ EXT4_DESC_GET(es, raw, bg_inode_bitmap_csum)) &
		    ext4_desc_csum_mask(es))
			return "bad checksum";
	}
	if (bitmap_count_clear(bp->data, es->inodes_per_group) !=
	    EXT4_DESC_GET(es, raw, bg_free_inodes_count))
		return "another number of free inodes than its descriptor";
	ext4_buf_set_checked(bp, as);
	return NULL;
}

/* g's inode bitmap; raw: the descriptor in its buffer. */
static int bitmap_read(struct ext4_sb *es, struct ext4_group *g,
		       const struct ext4_group_desc *raw, struct buf **bp)
{
	uint64_t as = EXT4_CHECKED(EXT4_KIND_INODE_BITMAP, g->index);
	const char *fault = NULL;
	bool uninit;
	int err;

again:
	uninit = inodes_uninit(es, raw);
	err = uninit ? bcache_get(es->bc, g->inode_bitmap, bp)
		     : ext4_read_block(es, g->inode_bitmap, "inode bitmap", bp);
	if (err)
		return err;
	spin_lock(&g->lock);
	if (uninit && !inodes_uninit(es, raw)) {
		spin_unlock(&g->lock);
		buf_put(*bp);
		goto again;
	}
	if (!uninit) {
		fault = bitmap_fault(es, g, raw, *bp);
	} else if (!ext4_buf_checked(*bp, as)) {
		memset((*bp)->data, 0, es->block_size);
		bitmap_put((*bp)->data, es->inodes_per_group,
			   es->block_size * 8, true);
		ext4_buf_set_checked(*bp, as);
	}
	spin_unlock(&g->lock);
	if (!fault)
		return 0;
	inodes_spoil(es, g, fault);
	buf_put(*bp);
	return -EFSCORRUPTED;
}

/* That, and its descriptor; see balloc.c's. */
static int bitmap_get(struct ext4_sb *es, struct ext4_group *g, struct buf **bp,
		      struct buf **dbp, struct ext4_group_desc **raw)
{
	int err = ext4_group_desc_buf(es, g->index, dbp, raw);

	if (!err) {
		err = bitmap_read(es, g, *raw, bp);
		if (err)
			buf_put(*dbp);
	}
	return err;
}

static int bitmap_access(struct handle *h, struct ext4_group *g,
			 struct buf **bp, struct buf **dbp,
			 struct ext4_group_desc **raw)
{
	int err = bitmap_get(h->es, g, bp, dbp, raw);

	return err ? err : ext4_join_both(h, *bp, *dbp);
}

int ext4_inode_check_used(struct ext4_sb *es, uint32_t ino)
{
	uint32_t index = (ino - 1) % es->inodes_per_group;
	struct ext4_group_desc *raw;
	struct ext4_group *g;
	struct buf *bp, *dbp;
	bool used;
	int err;

	err = ext4_group_get(es, (ino - 1) / es->inodes_per_group, &g);
	if (!err)
		err = bitmap_get(es, g, &bp, &dbp, &raw);
	if (err)
		return err;
	spin_lock(&g->lock);
	used = bitmap_test(bp->data, index);
	spin_unlock(&g->lock);
	buf_put(bp);
	buf_put(dbp);
	return used ? 0 : ext4_corrupt(es, "inode %u: is free", ino);
}

/* A bitmap that was never written begins to count. Its group is locked. */
__attribute__((cold))
static void bitmap_begin(struct ext4_sb *es, struct buf *bp,
			 struct ext4_group_desc *raw)
{
	raw->bg_flags &= (uint16_t)~EXT4_BG_INODE_UNINIT;
	EXT4_DESC_SET(es, raw, bg_itable_unused, es->inodes_per_group);
	if (es->has_csum)
		EXT4_DESC_SET(es, raw, bg_inode_bitmap_csum,
			      crc32c(es->csum_seed, bp->data,
				     es->inodes_per_group / 8));
}

/* Inode `index` of g becomes used or free; g is locked. */
static void bitmap_flip(struct ext4_sb *es, struct ext4_group_desc *raw,
			struct buf *bp, uint32_t index, bool used, bool dir)
{
	uint32_t n = EXT4_DESC_GET(es, raw, bg_free_inodes_count);
	uint32_t dirs = EXT4_DESC_GET(es, raw, bg_used_dirs_count), c;

	if (inodes_uninit(es, raw))
		bitmap_begin(es, bp, raw);
	if (used && index >= used_limit(es, raw))
		EXT4_DESC_SET(es, raw, bg_itable_unused,
			      es->inodes_per_group - index - 1);
	bitmap_put_one(bp->data, index, used);
	n = used ? n - MIN(n, 1u) : n + 1;
	EXT4_DESC_SET(es, raw, bg_free_inodes_count, n);
	if (dir) {
		dirs = used ? dirs + 1 : dirs - MIN(dirs, 1u);
		EXT4_DESC_SET(es, raw, bg_used_dirs_count, dirs);
	}
	if (es->has_csum) {
		c = EXT4_DESC_GET(es, raw, bg_inode_bitmap_csum);
		c = ext4_bitmap_csum_flip(c, es->inodes_per_group / 8, index,
					  index + 1);
		EXT4_DESC_SET(es, raw, bg_inode_bitmap_csum, c);
	}
}

/* ---- which group ---- */

struct room {
	uint32_t inodes, blocks, dirs;
};

/* What the descriptor says; nothing for a group that is damaged. */
static int group_room(struct ext4_sb *es, uint32_t n, struct room *r)
{
	struct ext4_group_desc gd;
	int err = ext4_group_desc(es, n, &gd);

	memset(r, 0, sizeof(*r));
	if (err)
		return err == -EFSCORRUPTED ? 0 : err;
	r->inodes = EXT4_DESC_GET(es, &gd, bg_free_inodes_count);
	r->blocks = EXT4_DESC_GET(es, &gd, bg_free_blocks_count);
	r->dirs = EXT4_DESC_GET(es, &gd, bg_used_dirs_count);
	return 0;
}

/* For a directory at the top: of a number of groups from anywhere, the one with
 * the fewest directories that has its share of inodes and blocks. */
static int spread_group(struct ext4_sb *es, uint32_t *out)
{
	uint32_t n = es->n_groups, looks = MIN(n, SPREAD_LOOKS), from;
	uint64_t inodes = ext4_free_inodes_count(es) / n;
	uint64_t blocks = ext4_free_blocks_count(es, true) / n;
	uint32_t best = UINT32_MAX;
	int err;

	host_random(&from, sizeof(from));
	from %= n;
	*out = from;
	for (uint32_t i = 0; i < looks; i++) {
		uint32_t g = (uint32_t)(((uint64_t)from + i) % n);
		struct room r;

		err = group_room(es, g, &r);
		if (err)
			return err;
		if (!r.inodes || r.inodes < inodes || r.blocks < blocks ||
		    r.dirs >= best)
			continue;
		best = r.dirs;
		*out = g;
	}
	return 0;
}

/* For one below: the parent's, or one behind it, with room for files, too. */
static int below_group(struct ext4_sb *es, uint32_t parent, uint32_t *out)
{
	uint32_t n = es->n_groups, looks = MIN(n, SPREAD_LOOKS);
	uint32_t inodes = MAX(es->inodes_per_group / 8, 1u);
	uint32_t blocks = es->blocks_per_group / 16;
	int err;

	*out = parent;
	for (uint32_t i = 0; i < looks; i++) {
		uint32_t g = (uint32_t)(((uint64_t)parent + i) % n);
		struct room r;

		err = group_room(es, g, &r);
		if (err)
			return err;
		if (r.inodes >= inodes && r.blocks >= blocks) {
			*out = g;
			return 0;
		}
	}
	return 0;
}

/* The nth group to look at for a file. */
static uint32_t probe(const struct ext4_sb *es, uint32_t home, uint64_t dir,
		      uint32_t i)
{
	uint32_t n = es->n_groups, steps = ilog2_up(n) + 1;

	if (!i)
		return home;
	/* By doubling steps from where the directory's number leads to, so
	 * that many directories of a full group do not all fill one other. */
	if (i <= steps)
		return (uint32_t)((home + dir % n + (1ull << (i - 1))) % n);
	return (uint32_t)(((uint64_t)home + i - steps) % n);
}

/* ---- taking a number ---- */

/*
 * Makes the block of the table that holds inode `index` of g, when nothing in
 * it is in use: then it need not be read, and may never have been written.
 */
static int table_block_make(struct handle *h, struct ext4_group *g,
			    const struct ext4_group_desc *raw,
			    const uint64_t *map, uint32_t index)
{
	struct ext4_sb *es = h->es;
	uint32_t per = es->block_size / es->inode_size;
	uint32_t first = (uint32_t)round_down(index, per);
	uint32_t end = MIN(first + per, es->inodes_per_group);
	uint64_t block = g->inode_table + first / per;
	bool never = ext4_lazy_groups(es) && first >= used_limit(es, raw);
	struct buf *bp;
	int err;

	if (bitmap_next_set(map, first, end) < end)
		return 0;
	if (!never && bcache_has(es->bc, block))
		return 0;
	err = bcache_get(es->bc, block, &bp);
	if (err)
		return err;
	err = journal_create_access(h, bp);
	if (!err) {
		memset(bp->data, 0, es->block_size);
		journal_dirty(h, bp, NULL, 0);
	}
	buf_put(bp);
	return err;
}

/* A free inode of group n; -ENOSPC if it has none. inode_lock is held. */
static int claim_in_group(struct handle *h, uint32_t n, bool dir, uint32_t *ino)
{
	struct ext4_sb *es = h->es;
	struct ext4_group_desc *raw;
	struct ext4_group *g;
	struct buf *bp, *dbp;
	uint32_t index, end;
	int err;

	err = ext4_group_desc_buf(es, n, &dbp, &raw);
	if (err)
		return err;
	/* A bitmap that has nothing is not read. */
	if (!EXT4_DESC_GET(es, raw, bg_free_inodes_count))
		err = -ENOSPC;
	if (!err)
		err = ext4_group_get(es, n, &g);
	if (!err)
		err = g->ino_bad ? -ENOSPC : bitmap_read(es, g, raw, &bp);
	if (err) {
		buf_put(dbp);
		return err;
	}
	spin_lock(&g->lock);
	end = es->inodes_per_group;
	/* A table that was not zeroed is begun block by block. */
	if (ext4_lazy_groups(es) && !(raw->bg_flags & EXT4_BG_INODE_ZEROED))
		end = MIN(end, used_limit(es, raw) + 1);
	/* Reserved numbers are in use whatever the bitmap says. */
	if (!n)
		g->ino_from = MAX(g->ino_from, es->first_ino - 1);
	index = bitmap_next_clear(bp->data, g->ino_from, end);
	spin_unlock(&g->lock);
	err = index < end ? journal_write_access(h, bp) : -ENOSPC;
	if (!err)
		err = journal_write_access(h, dbp);
	if (!err && ext4_blocks_uninit(es, raw))
		err = ext4_group_init_bitmap(h, g);
	if (!err)
		err = table_block_make(h, g, raw, bp->data, index);
	if (err) {
		buf_put(bp);
		buf_put(dbp);
		return err;
	}
	spin_lock(&g->lock);
	bitmap_flip(es, raw, bp, index, true, dir);
	g->ino_from = index + 1;
	spin_unlock(&g->lock);
	journal_dirty(h, bp, NULL, 0);
	buf_put(bp);
	ext4_desc_dirty(h, dbp, n);
	*ino = n * es->inodes_per_group + index + 1;
	return 0;
}

int ext4_inode_claim(struct handle *h, struct inode *dir, mode_t mode,
		     uint32_t *ino)
{
	struct ext4_sb *es = h->es;
	uint32_t home = (uint32_t)((dir->ino - 1) / es->inodes_per_group);
	uint32_t n = es->n_groups + ilog2_up(es->n_groups) + 2;
	bool damaged = false;
	int err = 0;

	if (!es->alloc || ext4_writing_ended(es))
		return -EROFS;
	if (!ext4_free_inodes_count(es))
		return -ENOSPC;
	if (S_ISDIR(mode))
		err = dir->ino == EXT4_ROOT_INO
			      ? spread_group(es, &home)
			      : below_group(es, home, &home);
	if (err)
		return err;
	mutex_lock(&es->alloc->inode_lock);
	err = -ENOSPC;
	for (uint32_t i = 0; i < n; i++) {
		err = claim_in_group(h, probe(es, home, dir->ino, i),
				     S_ISDIR(mode), ino);
		damaged |= err == -EFSCORRUPTED;
		if (err != -ENOSPC && err != -EFSCORRUPTED)
			break;
		err = damaged ? -EFSCORRUPTED : -ENOSPC;
		if (i % 64 == 63)
			resched_point();
	}
	mutex_unlock(&es->alloc->inode_lock);
	if (!err) {
		spin_lock(&es->alloc->lock);
		es->alloc->disk_inodes -= !!es->alloc->disk_inodes;
		spin_unlock(&es->alloc->lock);
	}
	return err;
}

static int number_free(struct handle *h, uint32_t ino, bool dir)
{
	struct ext4_sb *es = h->es;
	uint32_t index = (ino - 1) % es->inodes_per_group;
	struct ext4_group_desc *raw;
	struct ext4_group *g;
	struct buf *bp, *dbp;
	bool used;
	int err;

	if (!es->alloc)
		return -EROFS;
	err = ext4_group_get(es, (ino - 1) / es->inodes_per_group, &g);
	if (!err)
		err = bitmap_access(h, g, &bp, &dbp, &raw);
	if (err)
		return err;
	spin_lock(&g->lock);
	used = bitmap_test(bp->data, index) && !inodes_uninit(es, raw);
	if (used) {
		bitmap_flip(es, raw, bp, index, false, dir);
		g->ino_from = MIN(g->ino_from, index);
	}
	spin_unlock(&g->lock);
	journal_dirty(h, bp, NULL, 0);
	buf_put(bp);
	ext4_desc_dirty(h, dbp, g->index);
	if (!used)
		return ext4_corrupt(es, "inode %u: is free already", ino);
	spin_lock(&es->alloc->lock);
	es->alloc->disk_inodes++;
	spin_unlock(&es->alloc->lock);
	return 0;
}

int ext4_free_inode(struct handle *h, struct inode *ip)
{
	struct ext4_inode_info *info = ext4_info(ip);
	int err = number_free(h, (uint32_t)ip->ino, S_ISDIR(ip->mode));

	if (!err)
		info->freed = true;
	return err;
}

/* ---- a new inode ---- */

static int new_fill(struct handle *h, struct inode *ip, struct inode *dir,
		    mode_t mode, dev_t rdev, uint32_t nlink)
{
	struct ext4_sb *es = h->es;
	struct ext4_inode_info *info;
	uint32_t ino = (uint32_t)ip->ino;
	int err = ext4_inode_info_make(ip);

	if (err)
		return err;
	info = ext4_info(ip);
	info->new_inode = true;
	inode_init_owner(ip, dir, mode);
	ip->nlink = nlink;
	ip->rdev = rdev;
	/* Only that a number's next file has another one matters. */
	ip->generation = __atomic_fetch_add(&es->alloc->generation, 1,
					    __ATOMIC_RELAXED);
	if (es->has_csum)
		info->csum_seed = ext4_inode_csum_seed(es, ino, ip->generation);
	ip->flags = dir->flags & (FL_SYNC | FL_NODUMP | FL_NOATIME);
	if (S_ISDIR(mode))
		ip->flags |= dir->flags & FL_DIRSYNC;
	if (S_ISREG(mode) || S_ISDIR(mode)) {
		ext4_map_init(es, ip);
	} else if (S_ISCHR(mode) || S_ISBLK(mode)) {
		uint32_t major = ABI_DEV_MAJOR(rdev), minor = ABI_DEV_MINOR(rdev);

		/* The old form where it fits, as readers expect it. */
		if (major < 256 && minor < 256)
			info->block[0] = major << 8 | minor;
		else
			info->block[1] = (uint32_t)rdev;
	}
	err = ext4_inode_set_kind(es, ip);
	if (!err)
		err = ext4_inode_dirty(h, ip, true);
	return err;
}

int ext4_new_inode(struct handle *h, struct inode *dir, mode_t mode,
		   dev_t rdev, uint32_t nlink, struct inode **out)
{
	struct ext4_sb *es = h->es;
	struct inode *ip;
	uint32_t ino;
	bool fresh;
	int err;

	*out = NULL;
	err = ext4_inode_claim(h, dir, mode, &ino);
	if (err)
		return err;
	err = inode_lookup(es->sb, ino, &ip, &fresh);
	if (!err && !fresh) {
		/* Somebody uses a number that the bitmap said is free. */
		inode_put(ip);
		return ext4_corrupt(es, "inode %u: is in use, but was free",
				    ino);
	}
	if (err)
		goto free_number;
	err = new_fill(h, ip, dir, mode, rdev, nlink);
	if (err)
		goto drop;
	inode_unlock_new(ip);
	*out = ip;
	return 0;

drop:
	ext4_inode_info_free(ip);
	inode_fail_new(ip);
free_number:
	if (number_free(h, ino, S_ISDIR(mode)) && !journal_error(es))
		journal_abort(es, err);
	return err;
}
