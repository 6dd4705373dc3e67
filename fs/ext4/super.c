/*
 * Mounting an ext4 disk: the super block, what its features mean for us, and
 * the group descriptors.
 *
 * Nothing is read at mount but the super block and the root inode: descriptors
 * are read when an inode of their group is wanted, so a disk of terabytes is
 * mounted as quickly as a small one. Every number that later arithmetic uses
 * is bounded here.
 *
 * A disk that is to be written is first looked at for what writers must know
 * (features, geometry); if something is beyond this one, it is named and the
 * disk is mounted for reading. A journal that was not replayed is replayed
 * before anything else is read, whenever the device can be written; where it
 * cannot, it is left alone, with a message, since what is on the disk is then a
 * mixture of old and new.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/write.h"

#include "fs/writeback.h"
#include "kernel/abi/statfs.h"

struct feature {
	uint32_t bit;
	const char *name;
};

static const struct feature incompat_names[] = {
	{ EXT4_IN_COMPRESSION, "compression" },
	{ EXT4_IN_FILETYPE, "filetype" },
	{ EXT4_IN_RECOVER, "needs_recovery" },
	{ EXT4_IN_JOURNAL_DEV, "journal_dev" },
	{ EXT4_IN_META_BG, "meta_bg" },
	{ EXT4_IN_EXTENTS, "extent" },
	{ EXT4_IN_64BIT, "64bit" },
	{ EXT4_IN_MMP, "mmp" },
	{ EXT4_IN_FLEX_BG, "flex_bg" },
	{ EXT4_IN_EA_INODE, "ea_inode" },
	{ EXT4_IN_DIRDATA, "dirdata" },
	{ EXT4_IN_CSUM_SEED, "metadata_csum_seed" },
	{ EXT4_IN_LARGE_DIR, "large_dir" },
	{ EXT4_IN_INLINE_DATA, "inline_data" },
	{ EXT4_IN_ENCRYPT, "encrypt" },
	{ EXT4_IN_CASEFOLD, "casefold" },
	{ 0, NULL },
};

static const struct feature ro_compat_names[] = {
	{ EXT4_RO_BTREE_DIR, "btree_dir" },
	{ EXT4_RO_QUOTA, "quota" },
	{ EXT4_RO_BIGALLOC, "bigalloc" },
	{ EXT4_RO_REPLICA, "replica" },
	{ EXT4_RO_READONLY, "read-only" },
	{ EXT4_RO_PROJECT, "project" },
	{ EXT4_RO_SHARED_BLOCKS, "shared_blocks" },
	{ EXT4_RO_VERITY, "verity" },
	{ 0, NULL },
};

/*
 * Those that a reader understands or need not know: mmp guards writers,
 * ea_inode is about attributes.
 */
#define INCOMPAT_READABLE                                                      \
	(EXT4_IN_FILETYPE | EXT4_IN_RECOVER | EXT4_IN_META_BG |                \
	 EXT4_IN_EXTENTS | EXT4_IN_64BIT | EXT4_IN_MMP | EXT4_IN_FLEX_BG |     \
	 EXT4_IN_EA_INODE | EXT4_IN_CSUM_SEED | EXT4_IN_LARGE_DIR)
#define RO_COMPAT_KNOWN                                                        \
	(EXT4_RO_SPARSE_SUPER | EXT4_RO_LARGE_FILE | EXT4_RO_HUGE_FILE |       \
	 EXT4_RO_GDT_CSUM | EXT4_RO_DIR_NLINK | EXT4_RO_EXTRA_ISIZE |          \
	 EXT4_RO_METADATA_CSUM | EXT4_RO_ORPHAN_PRESENT)

/* What writers of this folder understand. */
#define INCOMPAT_WRITABLE                                                      \
	(EXT4_IN_FILETYPE | EXT4_IN_RECOVER | EXT4_IN_EXTENTS |                \
	 EXT4_IN_64BIT | EXT4_IN_FLEX_BG | EXT4_IN_CSUM_SEED)

#define MESSAGES_MAX 10u /* in a window of so many nanoseconds: */
#define MESSAGES_NS  (5 * NSEC_PER_SEC)

static void message(struct ext4_sb *es, const char *fmt, va_list ap)
{
	uint64_t now = time_now();
	char line[200];
	uint32_t n;

	if (now - __atomic_load_n(&es->msg_window, __ATOMIC_RELAXED) >
	    MESSAGES_NS) {
		__atomic_store_n(&es->msg_window, now, __ATOMIC_RELAXED);
		__atomic_store_n(&es->msg_count, 0, __ATOMIC_RELAXED);
	}
	n = __atomic_fetch_add(&es->msg_count, 1, __ATOMIC_RELAXED);
	if (n == MESSAGES_MAX)
		pr_err("ext4 %s: more errors, not shown\n", es->sb->source);
	if (n >= MESSAGES_MAX)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	pr_err("ext4 %s: %s\n", es->sb->source, line);
}

void ext4_message(struct ext4_sb *es, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(es, fmt, ap);
	va_end(ap);
}

int ext4_corrupt(struct ext4_sb *es, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(es, fmt, ap);
	va_end(ap);
	ext4_mark_errors(es, -EFSCORRUPTED);
	return -EFSCORRUPTED;
}

int ext4_read_failed(struct ext4_sb *es, uint64_t block, const char *what,
		     int err)
{
	if (err == -EIO)
		ext4_message(es, "cannot read block %llu (%s)",
			     (unsigned long long)block, what);
	return err;
}

/* ---- group descriptors ---- */

/* Has this group a copy of the super block and the descriptors? */
static bool group_has_super(const struct ext4_sb *es, uint32_t group)
{
	if (es->compat & EXT4_COMPAT_SPARSE_SUPER2)
		return !group || group == es->raw.s_backup_bgs[0] ||
		       group == es->raw.s_backup_bgs[1];
	if (group <= 1 || !(es->ro_compat & EXT4_RO_SPARSE_SUPER))
		return true;
	/* Otherwise in the powers of 3, 5 and 7. */
	for (uint32_t base = 3; base <= 7; base += 2) {
		uint64_t n = base;

		while (n < group)
			n *= base;
		if (n == group)
			return true;
	}
	return false;
}

uint32_t ext4_group_base_blocks(const struct ext4_sb *es, uint32_t group)
{
	if (!group_has_super(es, group))
		return 0;
	return 1 + (uint32_t)div_round_up(es->n_groups, es->descs_per_block) +
	       es->raw.s_reserved_gdt_blocks;
}

/* The block that holds the nth block of descriptors. */
static uint64_t descs_block(const struct ext4_sb *es, uint32_t n)
{
	uint64_t group = (uint64_t)n * es->descs_per_block;

	/* Behind the super block, or beside the groups that it describes. */
	if (!n || !(es->incompat & EXT4_IN_META_BG) ||
	    n < es->raw.s_first_meta_bg)
		return EXT4_SUPER_OFFSET / es->block_size + 1 + (uint64_t)n;
	return es->first_data_block + group * es->blocks_per_group +
	       group_has_super(es, (uint32_t)group);
}

uint16_t ext4_desc_csum(const struct ext4_sb *es, uint32_t group,
			const void *desc)
{
	const size_t at = offsetof(struct ext4_group_desc, bg_checksum);
	size_t n = MIN((size_t)es->desc_size, sizeof(struct ext4_group_desc));
	struct { /* what is summed up; the copy is aligned as desc is */
		_Alignas(8) uint32_t pad;
		uint32_t group;
		struct ext4_group_desc desc;
	} sum;
	uint32_t c;

	if (es->has_csum) {
		sum.group = group;
		memcpy(&sum.desc, desc, n);
		sum.desc.bg_checksum = 0;
		c = crc32c(es->csum_seed, &sum.group, sizeof(group) + n);
		if (n < es->desc_size)
			c = crc32c(c, (const char *)desc + n,
				   es->desc_size - n);
		return (uint16_t)c;
	}
	c = crc16(0xffff, es->raw.s_uuid, sizeof(es->raw.s_uuid));
	c = crc16((uint16_t)c, &group, 4);
	c = crc16((uint16_t)c, desc, at);
	return crc16((uint16_t)c, (const char *)desc + at + 2,
		     es->desc_size - at - 2);
}

static bool desc_csum_ok(const struct ext4_sb *es, uint32_t group,
			 const unsigned char *desc)
{
	const size_t at = offsetof(struct ext4_group_desc, bg_checksum);

	return (!es->has_csum && !es->has_gdt_csum) ||
	       ext4_desc_csum(es, group, desc) == get_le16(desc + at);
}

int ext4_group_desc_buf(struct ext4_sb *es, uint32_t group, struct buf **out,
			struct ext4_group_desc **raw)
{
	uint32_t n = group / es->descs_per_block;
	uint32_t i = group % es->descs_per_block;
	uint64_t as = EXT4_CHECKED(EXT4_KIND_DESCS, n);
	unsigned char *desc;
	struct buf *bp;
	int err;

	*out = NULL;
	if (group >= es->n_groups)
		return -EINVAL;
	err = ext4_read_block(es, descs_block(es, n), "group descriptors", &bp);
	if (err)
		return err;
	desc = bp->data;
	if (!ext4_buf_checked(bp, as)) {
		uint32_t first = n * es->descs_per_block, k;

		for (k = 0; k < es->descs_per_block; k++) {
			if (first + k < es->n_groups &&
			    !desc_csum_ok(es, first + k,
					  desc + k * es->desc_size))
				break;
		}
		/* One that is bad spoils only itself. */
		if (k == es->descs_per_block)
			ext4_buf_set_checked(bp, as);
		else if (!desc_csum_ok(es, group, desc + i * es->desc_size))
			err = ext4_corrupt(
				es, "descriptor of group %u: bad checksum",
				group);
	}
	if (err) {
		buf_put(bp);
		return err;
	}
	*raw = (void *)(desc + i * es->desc_size);
	*out = bp;
	return 0;
}

int ext4_group_desc(struct ext4_sb *es, uint32_t group,
		    struct ext4_group_desc *out)
{
	struct ext4_group_desc *raw;
	struct buf *bp;
	int err = ext4_group_desc_buf(es, group, &bp, &raw);

	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	memcpy(out, raw, MIN((size_t)es->desc_size, sizeof(*out)));
	buf_put(bp);
	return 0;
}

/* Names the bits of `set`; those that have none as a number. */
static void name_features(char *buf, size_t size, uint32_t set,
			  const struct feature *f)
{
	size_t n = 0;

	buf[0] = 0;
	for (; f->name && n < size; f++) {
		if (set & f->bit)
			n += (size_t)snprintf(buf + n, size - n, " %s",
					      f->name);
		set &= ~f->bit;
	}
	if (set && n < size)
		snprintf(buf + n, size - n, " 0x%x", set);
}

/* Can the disk be written? If not, it is said why. */
static bool may_write(struct ext4_sb *es)
{
	const char *name = es->sb->source, *why = NULL;
	uint32_t bad = es->incompat & ~INCOMPAT_WRITABLE;
	char names[160];

	if (es->ro_compat & ~RO_COMPAT_KNOWN)
		return false; /* said by read_features */
	if (bad) {
		name_features(names, sizeof(names), bad, incompat_names);
		pr_warn("ext4 %s: can only be read, for its features:%s\n",
			name, names);
		return false;
	}
	if (es->sb->bdev->read_only)
		why = "its device can only be read";
	else if (es->first_data_block != (es->block_size == 1024 ? 1u : 0u) ||
		 es->blocks_per_group % 8 || es->inodes_per_group % 8 ||
		 es->desc_size > 64)
		why = "its geometry is unusual";
	else if (ext4_group_base_blocks(es, 0) >= es->blocks_per_group)
		why = "its descriptors fill a group";
	if (why)
		pr_warn("ext4 %s: can only be read: %s\n", name, why);
	return !why;
}

/* ---- super operations ---- */

static int ext4_statfs(struct super *sb, struct statfs *out)
{
	struct ext4_sb *es = ext4_sb(sb);
	const struct ext4_super_block *raw = &es->raw;
	bool wide = es->incompat & EXT4_IN_64BIT;
	uint64_t overhead, free, avail, reserved, files;

	overhead = (uint64_t)raw->s_overhead_clusters *
		   (es->cluster_size >> es->block_bits);
	free = raw->s_free_blocks_count;
	reserved = raw->s_r_blocks_count;
	if (wide) {
		free |= (uint64_t)raw->s_free_blocks_count_hi << 32;
		reserved |= (uint64_t)raw->s_r_blocks_count_hi << 32;
	}
	files = raw->s_free_inodes_count;
	if (es->alloc) {
		free = ext4_free_blocks_count(es, true);
		avail = ext4_free_blocks_count(es, false);
		files = ext4_free_inodes_count(es);
	} else {
		avail = free - MIN(reserved, free);
	}
	memset(out, 0, sizeof(*out));
	out->f_type = EXT4_SUPER_MAGIC;
	out->f_bsize = es->block_size;
	out->f_frsize = es->block_size;
	out->f_blocks = es->n_blocks - MIN(overhead, es->n_blocks);
	out->f_bfree = MIN(free, out->f_blocks);
	out->f_bavail = MIN(avail, out->f_bfree);
	out->f_files = es->n_inodes;
	out->f_ffree = MIN(files, es->n_inodes);
	out->f_namelen = NAME_MAX_BYTES;
	memcpy(&out->f_fsid, raw->s_uuid, sizeof(out->f_fsid));
	return 0;
}

static void ext4_free(struct ext4_sb *es)
{
	if (es->bc)
		bcache_destroy(es->bc);
	kfree(es);
}

static void ext4_put(struct super *sb)
{
	struct ext4_sb *es = ext4_sb(sb);

	if (es->alloc)
		ext4_writing_stop(es);
	ext4_free(es);
	sb->priv = NULL;
}

/*
 * The disk comes to rest while others are inside, and may be gone on with
 * later. First nothing new begins (read_only), while what is dirty is still
 * written; then the journal ends.
 */
static int end_writing(struct super *sb, bool force)
{
	struct ext4_sb *es = ext4_sb(sb);
	int err;

	/* Files without a name that are open have to be deleted one day. */
	if (ext4_has_orphans(es))
		return -EBUSY;
	err = ext4_sync(sb, true);
	if (err)
		return err;
	sb->read_only = true;
	/* Who writes has the file open, then looks at read_only. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = !force && super_is_written(sb) ? -EBUSY : ext4_sync(sb, true);
	if (!err)
		err = ext4_writing_pause(es);
	if (err)
		ext4_writing_resume(es);
	return err;
}

static int ext4_remount(struct super *sb, bool read_only, bool force)
{
	struct ext4_sb *es = ext4_sb(sb);

	if (read_only == sb->read_only)
		return 0;
	if (read_only)
		return end_writing(sb, force);
	if (es->alloc)
		return ext4_writing_resume(es);
	/* Damaged: not before it was unmounted. */
	if (__atomic_load_n(&es->error, __ATOMIC_RELAXED))
		return -EROFS;
	return may_write(es) ? ext4_writing_start(es) : -EROFS;
}

static const struct super_ops ext4_super_ops = {
	.evict = ext4_evict,
	.statfs = ext4_statfs,
	.sync = ext4_sync,
	.write_inode = ext4_write_inode,
	.put = ext4_put,
	.remount = ext4_remount,
};

/* ---- mounting ---- */

static int refuse(struct ext4_sb *es, const char *why)
{
	pr_err("ext4 %s: not mounted: %s\n", es->sb->source, why);
	return -EINVAL;
}

static int read_features(struct ext4_sb *es)
{
	const struct ext4_super_block *raw = &es->raw;
	uint32_t bad;
	char names[160];

	if (raw->s_rev_level > 1)
		return refuse(es, "a revision of the format that is not known");
	if (raw->s_rev_level == 1) {
		es->compat = raw->s_feature_compat;
		es->incompat = raw->s_feature_incompat;
		es->ro_compat = raw->s_feature_ro_compat;
	}
	if (es->incompat & EXT4_IN_JOURNAL_DEV)
		return refuse(es, "it is the journal of another disk");
	bad = es->incompat & ~INCOMPAT_READABLE;
	if (bad) {
		name_features(names, sizeof(names), bad, incompat_names);
		pr_err("ext4 %s: not mounted: features that are not known:%s\n",
		       es->sb->source, names);
		return -EINVAL;
	}
	bad = es->ro_compat & ~RO_COMPAT_KNOWN;
	if (bad) {
		name_features(names, sizeof(names), bad, ro_compat_names);
		pr_warn("ext4 %s: can only be read, for its features:%s\n",
			es->sb->source, names);
	}
	es->has_csum = es->ro_compat & EXT4_RO_METADATA_CSUM;
	es->has_gdt_csum = es->ro_compat & EXT4_RO_GDT_CSUM && !es->has_csum;
	if (!es->has_csum)
		return 0;
	if (raw->s_checksum_type != 1)
		return refuse(es, "a kind of checksum that is not known");
	if (crc32c(~0u, raw, offsetof(struct ext4_super_block, s_checksum)) !=
	    raw->s_checksum) {
		refuse(es, "super block: bad checksum");
		return -EFSCORRUPTED;
	}
	es->csum_seed = es->incompat & EXT4_IN_CSUM_SEED
				? raw->s_checksum_seed
				: crc32c(~0u, raw->s_uuid, sizeof(raw->s_uuid));
	return 0;
}

/* Whatever is divided by, shifted by or multiplied later gets its bounds. */
static int read_geometry(struct ext4_sb *es)
{
	const struct ext4_super_block *raw = &es->raw;
	uint64_t disk_blocks, groups;

	if (raw->s_log_block_size > 2)
		return refuse(es, "blocks of more than 4 KiB");
	es->block_bits = 10 + raw->s_log_block_size;
	es->block_size = 1u << es->block_bits;
	if (es->block_size < es->sb->bdev->block_size)
		return refuse(es, "blocks smaller than the disk's sectors");
	if (!es->sb->bdev->max_segs || es->sb->bdev->max_bytes < es->block_size)
		return refuse(es, "the disk does not take requests of a block");
	es->n_blocks = raw->s_blocks_count;
	es->desc_size = EXT4_DESC_SIZE_MIN;
	if (es->incompat & EXT4_IN_64BIT) {
		es->n_blocks |= (uint64_t)raw->s_blocks_count_hi << 32;
		es->desc_size = raw->s_desc_size;
		if (!is_power_of_2(es->desc_size) || es->desc_size < 64 ||
		    es->desc_size > 1024)
			return refuse(es, "super block: bad s_desc_size");
	}
	es->descs_per_block = es->block_size / es->desc_size;
	es->inode_size = EXT4_INODE_SIZE_MIN;
	es->first_ino = EXT4_FIRST_INO_OLD;
	if (raw->s_rev_level) {
		es->inode_size = raw->s_inode_size;
		es->first_ino = raw->s_first_ino;
	}
	if (!is_power_of_2(es->inode_size) ||
	    es->inode_size < EXT4_INODE_SIZE_MIN ||
	    es->inode_size > es->block_size)
		return refuse(es, "super block: bad s_inode_size");
	if (es->first_ino < EXT4_FIRST_INO_OLD)
		return refuse(es, "super block: bad s_first_ino");

	es->first_data_block = raw->s_first_data_block;
	if (es->first_data_block > (es->block_size == 1024 ? 1u : 0u))
		return refuse(es, "super block: bad s_first_data_block");
	disk_blocks = es->sb->bdev->sectors / (es->block_size / BLK_SECTOR);
	if (es->n_blocks > disk_blocks) {
		pr_err("ext4 %s: not mounted: %llu blocks, the disk has %llu\n",
		       es->sb->source, (unsigned long long)es->n_blocks,
		       (unsigned long long)disk_blocks);
		return -EINVAL;
	}
	if (es->n_blocks <= (uint64_t)es->first_data_block + 1)
		return refuse(es, "super block: bad s_blocks_count");

	es->blocks_per_group = raw->s_blocks_per_group;
	es->cluster_size = es->block_size;
	if (es->ro_compat & EXT4_RO_BIGALLOC) {
		uint64_t ratio;

		if (raw->s_log_cluster_size < raw->s_log_block_size ||
		    raw->s_log_cluster_size - raw->s_log_block_size > 16)
			return refuse(es, "super block: bad cluster size");
		ratio = 1ull
			<< (raw->s_log_cluster_size - raw->s_log_block_size);
		if (!raw->s_clusters_per_group ||
		    raw->s_clusters_per_group > es->block_size * 8 ||
		    raw->s_clusters_per_group * ratio != es->blocks_per_group)
			return refuse(es, "super block: bad cluster counts");
		es->cluster_size *= (uint32_t)ratio;
	} else if (es->blocks_per_group > es->block_size * 8) {
		return refuse(es, "super block: bad s_blocks_per_group");
	}
	if (es->blocks_per_group < 8)
		return refuse(es, "super block: bad s_blocks_per_group");
	es->inodes_per_group = raw->s_inodes_per_group;
	if (es->inodes_per_group < es->block_size / es->inode_size ||
	    es->inodes_per_group > es->block_size * 8)
		return refuse(es, "super block: bad s_inodes_per_group");
	es->itable_blocks = (uint32_t)div_round_up(
		(uint64_t)es->inodes_per_group * es->inode_size,
		es->block_size);
	groups = div_round_up(es->n_blocks - es->first_data_block,
			      es->blocks_per_group);
	es->n_inodes = raw->s_inodes_count;
	if (groups * es->inodes_per_group != es->n_inodes)
		return refuse(es, "super block: bad s_inodes_count");
	es->n_groups = (uint32_t)groups;
	if (es->n_inodes < es->first_ino)
		return refuse(es, "super block: bad s_inodes_count");
	return 0;
}

/* What is not as after a clean end, and what that means. */
static void tell_state(struct ext4_sb *es)
{
	const char *name = es->sb->source;

	if (es->raw.s_state & EXT4_STATE_ERRORS)
		pr_warn("ext4 %s: marked as damaged: check it with e2fsck\n",
			name);
	else if (!(es->raw.s_state & EXT4_STATE_CLEAN) &&
		 !(es->incompat & EXT4_IN_RECOVER))
		pr_warn("ext4 %s: was not unmounted: check it with e2fsck\n",
			name);
}

static int read_super(struct ext4_sb *es)
{
	struct blkdev *bd = es->sb->bdev;
	uint32_t unit = MAX(bd->block_size, 1024u);
	struct bcache *bc;
	struct buf *bp;
	int err;

	/* Its block size stands in the super block itself, so that is read
	 * in a cache of its own. */
	err = bcache_create(bd, unit, &bc);
	if (err)
		return refuse(es, "sectors larger than a page");
	err = bcache_read(bc, EXT4_SUPER_OFFSET / unit, &bp);
	if (!err) {
		memcpy(&es->raw, (char *)bp->data + EXT4_SUPER_OFFSET % unit,
		       sizeof(es->raw));
		buf_put(bp);
	}
	bcache_destroy(bc);
	if (err) {
		pr_err("ext4 %s: not mounted: cannot read the super block\n",
		       es->sb->source);
		return err;
	}
	if (es->raw.s_magic != EXT4_MAGIC)
		return refuse(es, "not an ext2, ext3 or ext4 disk");
	err = read_features(es);
	if (!err)
		err = read_geometry(es);
	return err;
}

static int ext4_mount(const struct fs_type *t, struct blkdev *bd,
		      bool read_only, const char *data, struct super **out)
{
	struct ext4_sb *es;
	struct super *sb;
	int err;

	err = ext4_inode_init();
	if (err)
		return err;
	sb = super_alloc(t, bd);
	if (!sb)
		return -ENOMEM;
	es = kzalloc(sizeof(*es), GFP_KERNEL);
	if (!es) {
		super_free(sb);
		return -ENOMEM;
	}
	es->sb = sb;
	sb->priv = es;
	sb->ops = &ext4_super_ops;
	sb->read_only = true;
	err = read_super(es);
	if (err)
		goto free_super;
	err = bcache_create(bd, es->block_size, &es->bc);
	if (err)
		goto free_super;
	memcpy(es->hash_seed, es->raw.s_hash_seed, sizeof(es->hash_seed));
	host_random(es->alias_seed, sizeof(es->alias_seed));
	es->unsigned_hash = es->raw.s_flags & EXT4_FLAGS_UNSIGNED_HASH;
	sb->block_size = es->block_size;
	sb->max_file_size = es->incompat & EXT4_IN_EXTENTS
				    ? (uint64_t)UINT32_MAX << es->block_bits
				    : ext4_blockmap_max_size(es);
	/* Every block of a page has a number. */
	sb->max_file_size = round_down(sb->max_file_size, PAGE_SIZE);
	tell_state(es);
	/* Recovery comes first, whatever the disk is mounted for. */
	if ((!read_only || es->incompat & EXT4_IN_RECOVER) && may_write(es)) {
		err = read_only ? ext4_recover_only(es)
				: ext4_writing_start(es);
		if (err) {
			pr_err("ext4 %s: not mounted (%d)\n", sb->source,
			       err);
			goto free_super;
		}
	} else if (es->incompat & EXT4_IN_RECOVER) {
		pr_warn("ext4 %s: its journal was not replayed: what is read "
			"may be older than what was written\n",
			sb->source);
	}
	err = ext4_inode_get(sb, EXT4_ROOT_INO, &sb->root);
	if (!err && !S_ISDIR(sb->root->mode)) {
		sb->flags |= SUPER_DYING;
		inode_put(sb->root);
		err = -EFSCORRUPTED;
	}
	if (err) {
		pr_err("ext4 %s: not mounted: no root directory (%d)\n",
		       sb->source, err);
		if (es->alloc)
			ext4_writing_stop(es);
		goto free_super;
	}
	*out = sb;
	return 0;

free_super:
	writeback_close(sb);
	ext4_free(es);
	super_free(sb);
	return err;
}

const struct fs_type ext4_type = {
	.name = "ext4",
	.needs_dev = true,
	.mount = ext4_mount,
};
