/*
 * Inodes: from the table on the disk into struct inode, once, with everything
 * that stat and open will want, so that neither comes back here.
 *
 * Older disks have inodes of 128 bytes: seconds only, 32 bits. Newer ones add
 * nanoseconds and two more bits of seconds, a birth time and the upper half of
 * the checksum, as far as i_extra_isize says.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/crc32c.h"

/* How much of the inode table is read at once: neighbours are wanted next. */
#define ITABLE_PREFETCH 16u

static struct kmem_cache *info_cache;

int ext4_inode_init(void)
{
	struct kmem_cache *c, *none = NULL;

	if (__atomic_load_n(&info_cache, __ATOMIC_ACQUIRE))
		return 0;
	c = kmem_cache_create("ext4_inode", sizeof(struct ext4_inode_info), 0);
	if (!c)
		return -ENOMEM;
	/* Two mounts at once: the second cache stays empty. */
	__atomic_compare_exchange_n(&info_cache, &none, c, false,
				    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	return 0;
}

uint32_t ext4_inode_csum_seed(const struct ext4_sb *es, uint32_t ino,
			      uint32_t generation)
{
	/* As on the disk, one behind the other. */
	uint64_t both = (uint64_t)generation << 32 | ino;

	return crc32c(es->csum_seed, &both, sizeof(both));
}

uint32_t ext4_inode_csum(const struct ext4_sb *es, uint32_t seed,
			 const struct ext4_inode *raw)
{
	const size_t lo = offsetof(struct ext4_inode, i_checksum);
	const size_t hi = offsetof(struct ext4_inode, i_checksum_hi);
	const unsigned char *p = (const unsigned char *)raw;
	const uint16_t zero = 0;
	size_t rest = EXT4_INODE_SIZE_MIN;
	uint32_t c;

	c = crc32c(seed, p, lo);
	c = crc32c(c, &zero, 2);
	c = crc32c(c, p + lo + 2, EXT4_INODE_SIZE_MIN - lo - 2);
	if (EXT4_HAS_FIELD(es, raw, i_checksum_hi)) {
		c = crc32c(c, p + rest, hi - rest);
		c = crc32c(c, &zero, 2);
		rest = hi + 2;
		return crc32c(c, p + rest, es->inode_size - rest);
	}
	return crc32c(c, p + rest, es->inode_size - rest) & 0xffff;
}

static bool inode_csum_ok(const struct ext4_sb *es, const struct inode *ip,
			  const struct ext4_inode *raw)
{
	uint32_t have = raw->i_checksum;

	if (EXT4_HAS_FIELD(es, raw, i_checksum_hi))
		have |= (uint32_t)raw->i_checksum_hi << 16;
	return ext4_inode_csum(es, ext4_info(ip)->csum_seed, raw) == have;
}

static struct timespec make_time(uint32_t sec, uint32_t extra)
{
	struct timespec ts = {
		.tv_sec = (int64_t)(int32_t)sec + ((int64_t)(extra & 3) << 32),
		.tv_nsec = extra >> 2,
	};

	if (ts.tv_nsec >= (int64_t)NSEC_PER_SEC)
		ts.tv_nsec = 0;
	return ts;
}

static void fill_times(const struct ext4_sb *es, const struct ext4_inode *raw,
		       struct inode *ip)
{
	uint32_t a = 0, m = 0, c = 0, b = 0;

	if (EXT4_HAS_FIELD(es, raw, i_ctime_extra))
		c = raw->i_ctime_extra;
	if (EXT4_HAS_FIELD(es, raw, i_mtime_extra))
		m = raw->i_mtime_extra;
	if (EXT4_HAS_FIELD(es, raw, i_atime_extra))
		a = raw->i_atime_extra;
	ip->atime = make_time(raw->i_atime, a);
	ip->mtime = make_time(raw->i_mtime, m);
	ip->ctime = make_time(raw->i_ctime, c);
	if (EXT4_HAS_FIELD(es, raw, i_crtime)) {
		if (EXT4_HAS_FIELD(es, raw, i_crtime_extra))
			b = raw->i_crtime_extra;
		ip->btime = make_time(raw->i_crtime, b);
	}
}

static uint64_t block_count(const struct ext4_sb *es,
			    const struct ext4_inode *raw)
{
	uint64_t n = raw->i_blocks;

	if (!(es->ro_compat & EXT4_RO_HUGE_FILE))
		return n;
	n |= (uint64_t)raw->i_blocks_hi << 32;
	if (raw->i_flags & EXT4_FL_HUGE_FILE)
		n <<= es->block_bits - 9;
	return n;
}

static int check_size(struct ext4_sb *es, struct inode *ip,
		      const struct ext4_inode *raw)
{
	uint64_t size = raw->i_size, max;

	if (S_ISREG(ip->mode) ||
	    (S_ISDIR(ip->mode) && es->incompat & EXT4_IN_LARGE_DIR))
		size |= (uint64_t)raw->i_size_hi << 32;
	max = raw->i_flags & EXT4_FL_EXTENTS
		      ? (uint64_t)UINT32_MAX << es->block_bits
		      : ext4_blockmap_max_size(es);
	/* Directories have no holes, so they cannot be larger than all. */
	if (S_ISDIR(ip->mode)) {
		if (size & (es->block_size - 1))
			max = 0;
		else
			max = MIN(max, es->n_blocks << es->block_bits);
	}
	if (S_ISLNK(ip->mode))
		max = MIN((uint64_t)es->block_size, PAGE_SIZE) - 1;
	if (size > max)
		return ext4_corrupt(es, "inode %llu: bad size %llu",
				    (unsigned long long)ip->ino,
				    (unsigned long long)size);
	ip->size = (off_t)size;
	return 0;
}

bool ext4_link_inside(const struct inode *ip)
{
	/* Then it owns no block, but perhaps one of attributes. */
	uint64_t others = ext4_info(ip)->xattr_block
				  ? ext4_sb(ip->sb)->cluster_size / BLK_SECTOR
				  : 0;

	return !(ip->flags & EXT4_FL_EXTENTS) && ip->blocks <= others;
}

/* What can be done with it. */
int ext4_inode_set_kind(struct ext4_sb *es, struct inode *ip)
{
	switch (ip->mode & S_IFMT) {
	case S_IFREG:
		ip->ops = &ext4_file_inode_ops;
		ip->fops = &ext4_file_ops;
		ip->mapping.ops = &ext4_mapping_ops;
		return 0;
	case S_IFDIR:
		ip->ops = &ext4_dir_inode_ops;
		ip->fops = &ext4_dir_ops;
		return 0;
	case S_IFLNK:
		ip->ops = &ext4_symlink_inode_ops;
		return 0;
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		ip->ops = &ext4_file_inode_ops;
		return 0;
	}
	return ext4_corrupt(es, "inode %llu: bad mode %o",
			    (unsigned long long)ip->ino, (unsigned)ip->mode);
}

/* The layout of i_block. */
static int check_block(struct ext4_sb *es, struct inode *ip)
{
	const uint32_t *block = ext4_info(ip)->block;

	switch (ip->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
		break;
	case S_IFLNK:
		/* One that is being deleted may have lost its text. */
		if (!ip->size && ip->nlink)
			return ext4_corrupt(es, "inode %llu: empty link",
					    (unsigned long long)ip->ino);
		if (!ext4_link_inside(ip))
			break;
		if ((uint64_t)ip->size >= EXT4_N_BLOCKS * 4)
			return ext4_corrupt(es, "inode %llu: bad link",
					    (unsigned long long)ip->ino);
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		/* The old form of numbers, else the wide one. */
		ip->rdev = block[0] ? ABI_DEV(block[0] >> 8 & 0xff,
					      block[0] & 0xff)
				    : block[1];
		return 0;
	default:
		return 0;
	}
	if (ip->flags & EXT4_FL_EXTENTS)
		return ext4_extent_check_root(ip);
	return 0;
}

static int inode_fill(struct ext4_sb *es, struct inode *ip,
		      const struct ext4_inode *raw, bool trusted, bool any)
{
	struct ext4_inode_info *info = ext4_info(ip);
	uint32_t ino = (uint32_t)ip->ino;
	int err;

	if ((!raw->i_links_count && !any) || !raw->i_mode)
		return ext4_corrupt(es, "inode %u is free but used", ino);
	if (es->inode_size > EXT4_INODE_SIZE_MIN &&
	    (raw->i_extra_isize & 3 ||
	     raw->i_extra_isize > es->inode_size - EXT4_INODE_SIZE_MIN))
		return ext4_corrupt(es, "inode %u: bad i_extra_isize %u", ino,
				    raw->i_extra_isize);
	if (es->has_csum) {
		info->csum_seed =
			ext4_inode_csum_seed(es, ino, raw->i_generation);
		if (!trusted && !inode_csum_ok(es, ip, raw))
			return ext4_corrupt(es, "inode %u: bad checksum", ino);
	}
	if (raw->i_flags & (EXT4_FL_INLINE_DATA | EXT4_FL_ENCRYPT))
		return ext4_corrupt(es, "inode %u: unknown flags 0x%x", ino,
				    raw->i_flags);
	ip->mode = raw->i_mode;
	ip->nlink = raw->i_links_count;
	ip->uid = raw->i_uid | (uint32_t)raw->i_uid_hi << 16;
	ip->gid = raw->i_gid | (uint32_t)raw->i_gid_hi << 16;
	ip->generation = raw->i_generation;
	ip->flags = raw->i_flags;
	ip->blocks = block_count(es, raw);
	fill_times(es, raw, ip);
	memcpy(info->block, raw->i_block, sizeof(info->block));
	info->xattr_block = raw->i_file_acl;
	if (es->incompat & EXT4_IN_64BIT)
		info->xattr_block |= (uint64_t)raw->i_file_acl_hi << 32;
	info->dtime = raw->i_dtime;
	err = check_size(es, ip, raw);
	info->disk_size = (uint64_t)ip->size;
	if (!err)
		err = ext4_inode_set_kind(es, ip);
	if (!err)
		err = check_block(es, ip);
	return err;
}

int ext4_inode_place(struct ext4_sb *es, uint32_t ino, uint64_t *block,
		     uint32_t *off)
{
	uint32_t group = (ino - 1) / es->inodes_per_group;
	uint32_t index = (ino - 1) % es->inodes_per_group;
	uint64_t byte = (uint64_t)index * es->inode_size;
	uint64_t table;
	int err;

	if (es->alloc) {
		struct ext4_group *g;

		err = ext4_group_get(es, group, &g);
		if (err)
			return err;
		table = g->inode_table;
	} else {
		struct ext4_group_desc gd;

		err = ext4_group_desc(es, group, &gd);
		if (err)
			return err;
		table = gd.bg_inode_table;
		if (es->incompat & EXT4_IN_64BIT)
			table |= (uint64_t)gd.bg_inode_table_hi << 32;
		if (!ext4_blocks_ok(es, table, es->itable_blocks))
			return ext4_corrupt(
				es, "descriptor of group %u: bad table %llu",
				group, (unsigned long long)table);
	}
	*block = table + (byte >> es->block_bits);
	*off = (uint32_t)(byte & (es->block_size - 1));
	return 0;
}

static int inode_read_raw(struct ext4_sb *es, uint32_t ino, struct buf **out,
			  const struct ext4_inode **raw)
{
	uint32_t index = (ino - 1) % es->inodes_per_group, off, n, first;
	uint64_t block;
	int err = ext4_inode_place(es, ino, &block, &off);

	if (err)
		return err;
	if (!bcache_has(es->bc, block)) {
		n = (uint32_t)((uint64_t)index * es->inode_size >>
			       es->block_bits);
		first = (uint32_t)round_down(n, ITABLE_PREFETCH);
		bcache_prefetch(
			es->bc, block - n + first,
			MIN(ITABLE_PREFETCH, es->itable_blocks - first));
	}
	err = ext4_read_block(es, block, "inode table", out);
	if (err)
		return err;
	*raw = (const struct ext4_inode *)((const char *)(*out)->data + off);
	return 0;
}

int ext4_inode_info_make(struct inode *ip)
{
	struct ext4_inode_info *info;

	info = kmem_cache_alloc(info_cache, GFP_NOFS | GFP_ZERO);
	if (!info)
		return -ENOMEM;
	rwsem_init(&info->map_lock, "ext4_map", RANK_BUFFER);
	spin_init(&info->raw_lock, "ext4_raw", RANK_FILES);
	ip->priv = info;
	return 0;
}

void ext4_inode_info_free(struct inode *ip)
{
	if (ip->priv)
		kmem_cache_free(info_cache, ip->priv);
	ip->priv = NULL;
}

static int inode_get_checked(struct super *sb, uint64_t ino, bool any,
			     struct inode **out)
{
	struct ext4_sb *es = ext4_sb(sb);
	const struct ext4_inode *raw = NULL;
	struct inode *ip;
	struct buf *bp;
	bool fresh;
	int err;

	*out = NULL;
	if (!ino || ino > es->n_inodes ||
	    (!any && ino < es->first_ino && ino != EXT4_ROOT_INO))
		return ext4_corrupt(es, "inode %llu: no such number",
				    (unsigned long long)ino);
	err = inode_lookup(sb, ino, &ip, &fresh);
	if (err)
		return err;
	if (!fresh) {
		*out = ip;
		return 0;
	}
	err = ext4_inode_info_make(ip);
	if (err)
		goto fail;
	err = inode_read_raw(es, (uint32_t)ino, &bp, &raw);
	if (err)
		goto fail;
	err = inode_fill(es, ip, raw, buf_is_dirty(bp), any);
	buf_put(bp);
	if (err)
		goto fail;
	/* It may have been in memory before, and been changed then: what fsync
	 * has to wait for is not known any more, so it waits for everything. */
	ext4_info(ip)->tid_meta = ext4_info(ip)->tid_data = journal_newest(es);
	ext4_info(ip)->unflushed = 1;
	ext4_info(ip)->flush_mark = blk_flush_mark(sb->bdev);
	inode_unlock_new(ip);
	*out = ip;
	return 0;

fail:
	ext4_inode_info_free(ip);
	inode_fail_new(ip);
	return err;
}

int ext4_inode_get(struct super *sb, uint64_t ino, struct inode **out)
{
	return inode_get_checked(sb, ino, false, out);
}

int ext4_inode_get_any(struct super *sb, uint64_t ino, struct inode **out)
{
	return inode_get_checked(sb, ino, true, out);
}
