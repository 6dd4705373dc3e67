/*
 * The super block and the group descriptors while the disk is written, and
 * the two ends of that: ext4_writing_start and ext4_writing_stop.
 *
 * A disk that is remounted read-only comes to rest: it looks as if unmounted,
 * but nothing is freed, for others are inside (ext4_writing_pause).
 *
 * With a journal, the disk says "recovery wanted" from the start to the stop;
 * without one it says "not clean". The free counts in the super block are only
 * made right at the stop: they would put a block more into every transaction,
 * and whoever finds a disk that was not stopped sums up the descriptors anyway.
 *
 * What is changed in a handle goes through the super block's buffer. Start and
 * stop, when there is no handle, and marks of damage, which must not wait for
 * one, change what is on the disk itself: 1 KiB (or a sector) is read, changed
 * and written, and the buffer changed likewise, so that the one never carries
 * what a running transaction did in the other.
 *
 * Descriptors lose their checksum when they are changed and get it back when
 * their block is frozen: one that is 0 then is made.
 */
#include "fs/ext4/alloc.h"
#include "fs/ext4/crc32c.h"
#include "fs/writeback.h"

#define ERRORS_CONTINUE 1
#define ERRORS_PANIC    3

static struct ext4_super_block *super_in(const struct ext4_sb *es,
					 const struct buf *bp, void *data)
{
	return (void *)((char *)data +
			(bp->block ? 0 : EXT4_SUPER_OFFSET % es->block_size));
}

struct ext4_super_block *ext4_super_raw(const struct ext4_sb *es)
{
	return super_in(es, es->super_bp, es->super_bp->data);
}

/* Four bytes, such that their bits change the sum of a block by d when
 * `behind` bytes follow them. */
static uint32_t bits_for(uint32_t d, size_t behind)
{
	uint32_t sums[32] = { 0 }, from[32], x = 0;

	for (unsigned i = 0; i < 32; i++) {
		uint32_t bits = 1u << i;
		uint32_t sum = crc32c_zeros(crc32c(0, &bits, 4), behind);

		for (unsigned top = 32; top--;) {
			if (!(sum >> top & 1))
				continue;
			if (!sums[top]) {
				sums[top] = sum;
				from[top] = bits;
				break;
			}
			sum ^= sums[top];
			bits ^= from[top];
		}
	}
	for (unsigned top = 32; top--;) {
		if (!(d >> top & 1))
			continue;
		d ^= sums[top];
		x ^= from[top];
	}
	return x;
}

/*
 * The power may go between the two sectors of the super block, and a disk
 * whose super block has a bad checksum is lost. So all that we change is in the
 * first sector, and the checksum in the second one stays as it is: the last
 * four bytes of the text that says where the disk was mounted, behind its end,
 * are chosen such that it is right.
 */
static void super_csum(const struct ext4_sb *es, struct ext4_super_block *raw)
{
	const size_t sum_at = offsetof(struct ext4_super_block, s_checksum);
	const size_t at = offsetof(struct ext4_super_block, s_last_mounted) +
			  sizeof(raw->s_last_mounted) - 4;
	uint32_t bits;

	if (!es->has_csum)
		return;
	raw->s_last_mounted[sizeof(raw->s_last_mounted) - 5] = 0;
	bits = bits_for(crc32c(~0u, raw, sum_at) ^ raw->s_checksum,
			sum_at - at - 4);
	for (unsigned i = 0; i < 4; i++)
		((char *)raw)[at + i] ^= (char)(bits >> 8 * i);
}

void ext4_super_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		     uint64_t arg)
{
	super_csum(es, super_in(es, bp, data));
}

static uint64_t now_seconds(void)
{
	return time_real() / NSEC_PER_SEC;
}

/* ---- without a handle ---- */

/* Changes what is on the disk, and what is in memory. */
static int super_change(struct ext4_sb *es,
			void (*change)(struct ext4_sb *es,
				       struct ext4_super_block *raw, int arg),
			int arg)
{
	struct blkdev *bd = es->sb->bdev;
	uint32_t unit = MAX(bd->block_size, 1024u);
	uint64_t sector = EXT4_SUPER_OFFSET / unit * (unit / BLK_SECTOR);
	struct ext4_super_block *raw;
	char *mem = kmalloc(unit, GFP_NOFS);
	int err;

	if (!mem)
		return -ENOMEM;
	raw = (void *)(mem + EXT4_SUPER_OFFSET % unit);
	err = blk_rw(bd, BLK_READ, sector, mem, unit);
	if (!err && raw->s_magic != EXT4_MAGIC)
		err = -EFSCORRUPTED;
	if (!err) {
		change(es, raw, arg);
		super_csum(es, raw);
		err = blk_rw(bd, BLK_WRITE, sector, mem, unit);
	}
	if (!err)
		err = blk_flush(bd);
	kfree(mem);
	if (es->super_bp) {
		change(es, ext4_super_raw(es), arg);
		super_csum(es, ext4_super_raw(es));
	}
	if (err)
		ext4_message(es, "cannot write the super block (%d)", err);
	return err;
}

static void set_wtime(struct ext4_super_block *raw)
{
	uint64_t now = now_seconds();

	raw->s_wtime = (uint32_t)now;
	raw->s_time_hi[0] = (uint8_t)(now >> 32);
}

static void change_begin(struct ext4_sb *es, struct ext4_super_block *raw,
			 int arg)
{
	uint64_t now = now_seconds();

	set_wtime(raw);
	raw->s_mtime = (uint32_t)now;
	raw->s_time_hi[1] = (uint8_t)(now >> 32);
	raw->s_mnt_count++;
	if (es->compat & EXT4_COMPAT_HAS_JOURNAL)
		raw->s_feature_incompat |= EXT4_IN_RECOVER;
	else
		raw->s_state &= (uint16_t)~EXT4_STATE_CLEAN;
}

/* arg: whether all went well. */
static void change_end(struct ext4_sb *es, struct ext4_super_block *raw,
		       int arg)
{
	struct alloc *a = es->alloc;

	set_wtime(raw);
	if (a) {
		raw->s_free_blocks_count = (uint32_t)a->disk_free;
		if (es->incompat & EXT4_IN_64BIT)
			raw->s_free_blocks_count_hi =
				(uint32_t)(a->disk_free >> 32);
		raw->s_free_inodes_count = (uint32_t)a->disk_inodes;
	}
	if (!arg)
		return;
	raw->s_feature_incompat &= ~(uint32_t)EXT4_IN_RECOVER;
	if (es->was_state & EXT4_STATE_CLEAN &&
	    !__atomic_load_n(&es->error, __ATOMIC_RELAXED))
		raw->s_state |= EXT4_STATE_CLEAN;
}

static void change_error(struct ext4_sb *es, struct ext4_super_block *raw,
			 int err)
{
	uint64_t now = now_seconds();
	static const char who[] = "octopos";

	/* Not s_error_code, which is in the second sector. */
	raw->s_state |= EXT4_STATE_ERRORS;
	raw->s_state &= (uint16_t)~EXT4_STATE_CLEAN;
	if (!raw->s_error_count || !raw->s_first_error_time) {
		raw->s_first_error_time = (uint32_t)now;
		raw->s_time_hi[4] = (uint8_t)(now >> 32);
		raw->s_first_error_ino = 0;
		raw->s_first_error_line = 0;
		raw->s_first_error_block = 0;
		memset(raw->s_first_error_func, 0,
		       sizeof(raw->s_first_error_func));
		memcpy(raw->s_first_error_func, who, sizeof(who));
	}
	raw->s_error_count++;
	raw->s_last_error_time = (uint32_t)now;
	raw->s_time_hi[5] = (uint8_t)(now >> 32);
	raw->s_last_error_ino = 0;
	raw->s_last_error_line = 0;
	raw->s_last_error_block = 0;
	memset(raw->s_last_error_func, 0, sizeof(raw->s_last_error_func));
	memcpy(raw->s_last_error_func, who, sizeof(who));
}

/* ---- in handles ---- */

int ext4_super_write(struct ext4_sb *es, struct handle *h)
{
	int err;

	if (!h)
		return super_change(
			es, es->sb->read_only ? change_end : change_begin, 1);
	err = journal_write_access(h, es->super_bp);
	if (err)
		return err;
	journal_dirty(h, es->super_bp, ext4_super_seal, 0);
	return 0;
}

int ext4_set_ro_feature(struct handle *h, uint32_t bit)
{
	struct ext4_sb *es = h->es;
	int err;

	if (es->ro_compat & bit)
		return 0;
	err = journal_write_access(h, es->super_bp);
	if (err)
		return err;
	__atomic_fetch_or(&ext4_super_raw(es)->s_feature_ro_compat, bit,
			  __ATOMIC_RELAXED);
	__atomic_fetch_or(&es->ro_compat, bit, __ATOMIC_RELAXED);
	journal_dirty(h, es->super_bp, ext4_super_seal, 0);
	return 0;
}

int ext4_clear_ro_feature(struct handle *h, uint32_t bit)
{
	struct ext4_sb *es = h->es;
	int err;

	if (!(es->ro_compat & bit))
		return 0;
	err = journal_write_access(h, es->super_bp);
	if (err)
		return err;
	__atomic_fetch_and(&ext4_super_raw(es)->s_feature_ro_compat, ~bit,
			   __ATOMIC_RELAXED);
	__atomic_fetch_and(&es->ro_compat, ~bit, __ATOMIC_RELAXED);
	journal_dirty(h, es->super_bp, ext4_super_seal, 0);
	return 0;
}

/* arg: the first group of the block. */
static void desc_seal(struct ext4_sb *es, const struct buf *bp, void *data,
		      uint64_t arg)
{
	for (uint32_t i = 0; i < es->descs_per_block; i++) {
		char *desc = (char *)data + i * es->desc_size;
		struct ext4_group_desc *raw = (void *)desc;

		if (arg + i >= es->n_groups)
			return;
		if (!raw->bg_checksum)
			raw->bg_checksum =
				ext4_desc_csum(es, (uint32_t)arg + i, desc);
	}
}

void ext4_desc_dirty(struct handle *h, struct buf *bp, uint32_t group)
{
	struct ext4_sb *es = h->es;
	uint32_t i = group % es->descs_per_block;
	struct ext4_group_desc *raw =
		(void *)((char *)bp->data + i * es->desc_size);

	if (ext4_lazy_groups(es)) {
		raw->bg_checksum = 0;
		journal_dirty(h, bp, desc_seal, group - i);
	} else {
		journal_dirty(h, bp, NULL, 0);
	}
	buf_put(bp);
}

/* ---- damage ---- */

void ext4_mark_errors(struct ext4_sb *es, int err)
{
	uint32_t first = __atomic_exchange_n(&es->error, (uint32_t)-err,
					     __ATOMIC_ACQ_REL);

	if (ext4_writing_ended(es) || !es->alloc)
		return;
	/* A disk that is full of damage is not written to for each piece. */
	if (!first)
		super_change(es, change_error, err);
	if (es->raw.s_errors <= ERRORS_CONTINUE)
		return;
	if (!journal_error(es))
		journal_abort(es, err);
	es->sb->read_only = true;
	if (vfs_errors_panic && es->raw.s_errors == ERRORS_PANIC)
		panic("ext4 %s: damaged, and errors=panic", es->sb->source);
	if (!first)
		ext4_message(es, "is read-only from now on");
}

/* ---- start and stop ---- */

/* Fields that decide how everything else is found must be what they were. */
static bool same_disk(const struct ext4_super_block *a,
		      const struct ext4_super_block *b)
{
	return a->s_magic == b->s_magic &&
	       a->s_inodes_count == b->s_inodes_count &&
	       a->s_blocks_count == b->s_blocks_count &&
	       a->s_blocks_count_hi == b->s_blocks_count_hi &&
	       a->s_first_data_block == b->s_first_data_block &&
	       a->s_log_block_size == b->s_log_block_size &&
	       a->s_log_cluster_size == b->s_log_cluster_size &&
	       a->s_blocks_per_group == b->s_blocks_per_group &&
	       a->s_inodes_per_group == b->s_inodes_per_group &&
	       a->s_rev_level == b->s_rev_level &&
	       a->s_first_ino == b->s_first_ino &&
	       a->s_inode_size == b->s_inode_size &&
	       a->s_desc_size == b->s_desc_size &&
	       a->s_reserved_gdt_blocks == b->s_reserved_gdt_blocks &&
	       a->s_log_groups_per_flex == b->s_log_groups_per_flex &&
	       a->s_checksum_seed == b->s_checksum_seed &&
	       a->s_checksum_type == b->s_checksum_type &&
	       !memcmp(a->s_uuid, b->s_uuid, sizeof(a->s_uuid)) &&
	       a->s_feature_compat == b->s_feature_compat &&
	       (a->s_feature_incompat | EXT4_IN_RECOVER) ==
		       (b->s_feature_incompat | EXT4_IN_RECOVER);
}

/* Recovery may have brought a newer super block. */
static int super_reload(struct ext4_sb *es)
{
	struct ext4_super_block *raw;
	struct buf *bp;
	int err = ext4_read_block(es, EXT4_SUPER_OFFSET / es->block_size,
				  "super block", &bp);

	if (err)
		return err;
	raw = super_in(es, bp, bp->data);
	if (es->has_csum &&
	    crc32c(~0u, raw, offsetof(struct ext4_super_block, s_checksum)) !=
		    raw->s_checksum) {
		buf_put(bp);
		return ext4_corrupt(es, "super block: bad checksum");
	}
	if (!same_disk(&es->raw, raw) ||
	    (es->raw.s_feature_ro_compat ^ raw->s_feature_ro_compat) &
		    ~(uint32_t)(EXT4_RO_ORPHAN_PRESENT | EXT4_RO_LARGE_FILE |
				EXT4_RO_DIR_NLINK)) {
		buf_put(bp);
		return ext4_corrupt(es, "super block: its journal makes it "
					"another disk");
	}
	es->raw = *raw;
	es->was_state = raw->s_state;
	if (raw->s_rev_level)
		es->ro_compat = raw->s_feature_ro_compat;
	es->super_bp = bp;
	return 0;
}

static void super_unload(struct ext4_sb *es)
{
	buf_put(es->super_bp);
	es->super_bp = NULL;
}

int ext4_super_note_error(struct ext4_sb *es)
{
	return super_change(es, change_error, -EIO);
}

int ext4_recover_only(struct ext4_sb *es)
{
	int err = journal_recover(es);

	if (!err)
		err = super_reload(es);
	if (!err)
		err = ext4_alloc_open(es); /* counts what is free */
	if (!err)
		err = super_change(es, change_end, 1);
	if (!err) {
		es->incompat &= ~(uint32_t)EXT4_IN_RECOVER;
		es->raw = *ext4_super_raw(es);
	}
	ext4_alloc_close(es);
	super_unload(es);
	return err;
}

int ext4_writing_start(struct ext4_sb *es)
{
	struct super *sb = es->sb;
	unsigned dying = sb->flags & SUPER_DYING;
	int err;

	err = writeback_open(sb);
	if (err)
		return err;
	/* What mount looks at (journal, orphans) is not kept in memory. */
	sb->flags |= SUPER_DYING;
	err = journal_open(es);
	if (err)
		goto flags;
	err = super_reload(es);
	if (err)
		goto close_journal;
	err = ext4_alloc_open(es);
	if (err)
		goto unload;
	err = ext4_orphan_open(es);
	if (err)
		goto close_alloc;
	sb->read_only = false;
	err = ext4_super_write(es, NULL);
	if (err)
		goto close_orphans;
	es->incompat |= es->compat & EXT4_COMPAT_HAS_JOURNAL ? EXT4_IN_RECOVER
							     : 0;
	if (!(es->compat & EXT4_COMPAT_HAS_JOURNAL))
		pr_warn("ext4 %s: has no journal: a power cut may damage it\n",
			sb->source);
	err = ext4_orphan_cleanup(es);
	if (err && err != -EFSCORRUPTED) {
		/* It was begun; what is left is for the next mount. */
		ext4_writing_stop(es);
		goto flags;
	}
	sb->flags = (sb->flags & ~SUPER_DYING) | dying;
	return 0;

close_orphans:
	sb->read_only = true;
	ext4_orphan_close(es);
close_alloc:
	ext4_alloc_close(es);
unload:
	super_unload(es);
close_journal:
	journal_close(es);
flags:
	sb->flags = (sb->flags & ~SUPER_DYING) | dying;
	return err;
}

int ext4_writing_stop(struct ext4_sb *es)
{
	struct super *sb = es->sb;
	unsigned dying = sb->flags & SUPER_DYING;
	int err, err2;

	sb->flags |= SUPER_DYING;
	if (!sb->read_only)
		ext4_orphan_retry(es);
	sb->flags = (sb->flags & ~SUPER_DYING) | dying;
	err = journal_close(es);
	sb->read_only = true;
	if (err)
		__atomic_store_n(&es->error, (uint32_t)-err, __ATOMIC_RELAXED);
	/* After an abort the disk stays as a crash would leave it. */
	err2 = err || es->at_rest ? 0 : super_change(es, change_end, 1);
	if (!err && !err2)
		es->incompat &= ~(uint32_t)EXT4_IN_RECOVER;
	if (es->super_bp) {
		es->raw = *ext4_super_raw(es);
		es->was_state = es->raw.s_state;
	}
	ext4_orphan_close(es);
	ext4_alloc_close(es);
	super_unload(es);
	return err ? err : err2;
}

int ext4_writing_pause(struct ext4_sb *es)
{
	int err = journal_pause(es);

	if (!err && ext4_has_orphans(es))
		err = -EBUSY;
	if (!err) {
		err = super_change(es, change_end, 1);
		if (err)
			super_change(es, change_begin, 1);
	}
	WRITE_ONCE(es->at_rest, !err);
	/* Handles that wait are refused then, or go on. */
	journal_resume(es);
	return err;
}

int ext4_writing_resume(struct ext4_sb *es)
{
	int err = 0;

	if (es->at_rest && __atomic_load_n(&es->error, __ATOMIC_RELAXED))
		err = -EROFS;
	else if (es->at_rest)
		err = super_change(es, change_begin, 1);
	if (err)
		return err;
	WRITE_ONCE(es->at_rest, false);
	es->sb->read_only = false;
	/* It may have been aborted, even this moment. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!journal_error(es))
		return 0;
	es->sb->read_only = true;
	return -EROFS;
}
