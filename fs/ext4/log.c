/*
 * The journal's file: where its blocks are, and its super block.
 *
 * The file never changes while it is a journal, so its map is read once, into
 * an array of runs (one, on most disks). Everything in its super block is held
 * against the file's size and against what is known here; a feature that is
 * not known is named, and the disk is refused before anything of it is
 * written.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/journal_impl.h"

#define LOG_BLOCKS_MIN 1024u
#define LOG_RUNS_MAX   8192u
#define INCOMPAT_KNOWN                                                         \
	(JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_ASYNC |    \
	 JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3)

static int refuse(struct journal *j, const char *why)
{
	pr_err("ext4 %s: journal: %s\n", j->es->sb->source, why);
	return -EOPNOTSUPP;
}

static int damaged(struct journal *j, const char *what)
{
	return ext4_corrupt(j->es, "journal: bad %s", what);
}

static int runs_add(struct journal *j, uint32_t first, uint64_t block,
		    uint32_t len)
{
	struct log_run *r = j->n_runs ? &j->runs[j->n_runs - 1] : NULL;

	if (r && r->block + r->len == block) {
		r->len += len;
		return 0;
	}
	if (j->n_runs == LOG_RUNS_MAX)
		return refuse(j, "in too many pieces");
	if (is_power_of_2(j->n_runs) || !j->n_runs) {
		struct log_run *more;

		more = kmalloc(MAX(2 * j->n_runs, 1u) * sizeof(*more),
			       GFP_KERNEL);
		if (!more)
			return -ENOMEM;
		if (j->n_runs)
			memcpy(more, j->runs, j->n_runs * sizeof(*more));
		kfree(j->runs);
		j->runs = more;
	}
	j->runs[j->n_runs++] = (struct log_run){ first, len, block };
	return 0;
}

static int map_file(struct journal *j, struct inode *ip)
{
	uint64_t n = (uint64_t)ip->size / j->block_size, at = 0;
	struct ext4_run run;
	int err;

	if (!S_ISREG(ip->mode) || n < LOG_BLOCKS_MIN || n > UINT32_MAX / 2)
		return damaged(j, "inode");
	while (at < n) {
		err = ext4_map(ip, at, (uint32_t)(n - at), &run);
		if (err)
			return err;
		if (run.kind != EXT4_RUN_MAPPED ||
		    !ext4_blocks_ok(j->es, run.block, run.len))
			return damaged(j, "map");
		err = runs_add(j, (uint32_t)at, run.block, run.len);
		if (err)
			return err;
		at += run.len;
	}
	j->end = (uint32_t)n;
	return 0;
}

uint64_t journal_log_block(const struct journal *j, uint32_t n)
{
	unsigned lo = 0, hi = j->n_runs;

	while (hi - lo > 1) {
		unsigned mid = (lo + hi) / 2;

		if (j->runs[mid].first <= n)
			lo = mid;
		else
			hi = mid;
	}
	return j->runs[lo].block + (n - j->runs[lo].first);
}

bool journal_log_has(const struct journal *j, uint64_t block)
{
	for (unsigned i = 0; i < j->n_runs; i++) {
		if (block - j->runs[i].block < j->runs[i].len)
			return true;
	}
	return false;
}

static int check_features(struct journal *j, const struct jbd2_super *s)
{
	uint32_t in = bswap32(s->s_feature_incompat);
	uint32_t csums = in & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3);
	struct jbd2_super *copy;
	uint32_t sum;

	if (in & JBD2_INCOMPAT_FAST_COMMIT)
		return refuse(j, "fast_commit is not known");
	if (in & ~INCOMPAT_KNOWN || s->s_feature_ro_compat)
		return refuse(j, "features that are not known");
	j->incompat = in;
	j->csum = csums;
	if (!csums)
		return 0;
	if (csums & (csums - 1) ||
	    s->s_feature_compat & bswap32(JBD2_COMPAT_CHECKSUM))
		return damaged(j, "features: two kinds of checksums");
	if (s->s_checksum_type != JBD2_CHECKSUM_CRC32C)
		return refuse(j, "a kind of checksum that is not known");
	copy = kmalloc(sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	*copy = *s;
	copy->s_checksum = 0;
	sum = crc32c(~0u, copy, sizeof(*copy));
	kfree(copy);
	if (sum != bswap32(s->s_checksum))
		return damaged(j, "super block: checksum");
	return 0;
}

static int check_super(struct journal *j, const struct jbd2_super *s)
{
	uint32_t type = bswap32(s->s_header.h_blocktype);
	uint32_t maxlen = bswap32(s->s_maxlen), start = bswap32(s->s_start);
	int err;

	if (s->s_header.h_magic != bswap32(JBD2_MAGIC))
		return damaged(j, "super block: magic");
	if (type == JBD2_SUPER_V1)
		return refuse(j, "of version 1");
	if (type != JBD2_SUPER_V2)
		return damaged(j, "super block: kind");
	err = check_features(j, s);
	if (err)
		return err;
	if (bswap32(s->s_blocksize) != j->block_size)
		return damaged(j, "s_blocksize");
	if (maxlen < LOG_BLOCKS_MIN || maxlen > j->end)
		return damaged(j, "s_maxlen");
	j->end = maxlen;
	j->first = bswap32(s->s_first);
	if (!j->first || j->first > j->end - LOG_BLOCKS_MIN / 2)
		return damaged(j, "s_first");
	if (start && (start < j->first || start >= j->end))
		return damaged(j, "s_start");
	memcpy(j->uuid, s->s_uuid, sizeof(j->uuid));
	j->csum_seed = crc32c(~0u, j->uuid, sizeof(j->uuid));
	j->was_aborted = s->s_errno;
	if (s->s_errno)
		pr_warn("ext4 %s: its journal ended with error %d once: check "
			"it with e2fsck\n",
			j->es->sb->source, (int)bswap32(s->s_errno));
	return 0;
}

int journal_map_log(struct journal *j)
{
	struct ext4_sb *es = j->es;
	unsigned flags = es->sb->flags;
	struct inode *ip;
	int err;

	if (!es->raw.s_journal_inum || es->raw.s_journal_dev)
		return refuse(j, "on another disk");
	/* It is wanted just once: its last reference takes it away. */
	es->sb->flags |= SUPER_DYING;
	err = ext4_inode_get_any(es->sb, es->raw.s_journal_inum, &ip);
	if (!err) {
		err = map_file(j, ip);
		inode_put(ip);
	}
	es->sb->flags = flags;
	if (!err)
		err = ext4_read_block(es, journal_log_block(j, 0),
				      "journal's super block", &j->super_bp);
	return err ? err : check_super(j, j->super_bp->data);
}

void journal_unmap_log(struct journal *j)
{
	buf_put(j->super_bp);
	kfree(j->runs);
	j->super_bp = NULL;
	j->runs = NULL;
}

static int super_write(struct journal *j)
{
	struct jbd2_super *s = j->super_bp->data;
	int err;

	s->s_checksum = 0;
	s->s_checksum_type = j->csum ? JBD2_CHECKSUM_CRC32C : 0;
	if (j->csum)
		s->s_checksum = bswap32(crc32c(~0u, s, sizeof(*s)));
	err = bcache_write(j->es->bc, &j->super_bp, 1);
	if (err)
		pr_err("ext4 %s: cannot write the journal's super block\n",
		       j->es->sb->source);
	return err;
}

int journal_write_super(struct journal *j, uint32_t start, tid_t tid)
{
	struct jbd2_super *s = j->super_bp->data;
	int err;

	s->s_start = bswap32(start);
	s->s_sequence = bswap32(tid);
	s->s_errno = 0;
	s->s_feature_incompat = bswap32(j->incompat);
	s->s_feature_compat &= ~bswap32(JBD2_COMPAT_CHECKSUM);
	err = super_write(j);
	if (!err)
		j->empty_on_disk = !start;
	return err;
}

void journal_write_errno(struct journal *j)
{
	struct jbd2_super *s = j->super_bp->data;

	/* Negative, as Linux has it. */
	s->s_errno = bswap32((uint32_t)j->err);
	super_write(j);
}
