/*
 * Recovery: what the log holds is played to its places.
 *
 * Three passes over the log. The first finds its end: transactions follow each
 * other by number, and the one that has no commit block never happened. It
 * also checks every checksum, so what is wrong is known before anything is
 * written. The second collects what was revoked, the third plays the rest.
 *
 * A block with the right number and a wrong checksum is what a power cut in
 * the middle of a write leaves, and ends the log; unless the commit block of
 * its transaction, or of a later one, is good: then it was complete once and
 * the disk has lost something. That is told, and nothing is played.
 *
 * The log is not read through the cache of blocks, since later it is not
 * written through it. Nothing in it is trusted: tags that do not fit, places
 * outside of the disk or inside of the journal are damage, and no more blocks
 * are visited than the log has.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/journal_impl.h"

enum pass { SCAN, REVOKES, PLAY };

#ifndef REPLAY_BUCKETS /* as for DCACHE_BUCKETS */
#define REPLAY_BUCKETS 4096u
#endif
#define BATCH_MAX 256u

struct revoked {
	struct hlist_node hash;
	uint64_t block;
	tid_t tid; /* the last that revoked it */
};

struct replay {
	struct journal *j;
	enum pass pass;
	uint32_t at;      /* the next block of the log */
	uint32_t visited; /* blocks in this pass */
	tid_t tid;        /* expected */
	tid_t end;        /* the first that is not complete */
	bool torn;        /* the log ended with a bad checksum */
	const char *fault; /* of this transaction, if it turns out complete */
	/* Blocks [win_first, win_first + win_n) of the log are in win. */
	char *win;
	uint32_t win_first, win_n;
	char *desc; /* a copy of the descriptor that is being walked */
	struct hlist_head *revoked;
	uint64_t n_revoked;
	struct buf **batch; /* to be written; all of them dirty */
	unsigned n_batch;
	uint64_t n_played;
};

static int bad(struct replay *r, const char *what)
{
	return ext4_corrupt(r->j->es, "journal: transaction %u: %s", r->tid,
			    what);
}

/* ---- reading the log ---- */

static int log_read(struct replay *r, uint32_t n, char **out)
{
	struct journal *j = r->j;
	uint64_t block;
	uint32_t len = 1;
	int err;

	if (n - r->win_first >= r->win_n) {
		block = journal_log_block(j, n);
		while (len < j->stage_blocks && n + len < j->end &&
		       journal_log_block(j, n + len) == block + len)
			len++;
		r->win_n = 0;
		err = blk_rw(j->bd, BLK_READ,
			     block * (j->block_size / BLK_SECTOR), r->win,
			     (size_t)len * j->block_size);
		if (err) {
			ext4_message(j->es, "cannot read block %llu (journal)",
				     (unsigned long long)block);
			return err;
		}
		r->win_first = n;
		r->win_n = len;
	}
	*out = r->win + (size_t)(n - r->win_first) * j->block_size;
	return 0;
}

/* The next block; NULL: that would be more than the log has. */
static int log_next(struct replay *r, char **out)
{
	struct journal *j = r->j;
	uint32_t n = r->at;

	*out = NULL;
	if (r->visited == j->end - j->first)
		return 0;
	r->visited++;
	if (++r->at == j->end)
		r->at = j->first;
	return log_read(r, n, out);
}

/* ---- checksums ---- */

/* The sum of a block of which the four bytes at `at` count as zeroes. */
static bool sum_ok(const struct journal *j, const char *p, unsigned at)
{
	const uint32_t zero = 0;
	uint32_t c;

	if (!j->csum)
		return true;
	c = crc32c(j->csum_seed, p, at);
	c = crc32c(c, &zero, 4);
	c = crc32c(c, p + at + 4, j->block_size - at - 4);
	return c == get_be32(p + at);
}

static bool tail_ok(const struct journal *j, const char *p)
{
	return sum_ok(j, p, j->block_size - JBD2_TAIL_BYTES);
}

static bool commit_ok(const struct journal *j, const char *p)
{
	return sum_ok(j, p, offsetof(struct jbd2_commit, c_chksum));
}

/* ---- tags ---- */

struct tag {
	uint64_t block;
	uint32_t flags, sum;
};

static unsigned tag_bytes(const struct journal *j)
{
	if (j->incompat & JBD2_INCOMPAT_CSUM_V3)
		return sizeof(struct jbd2_tag3);
	return (j->incompat & JBD2_INCOMPAT_64BIT ? 12 : 8) +
	       (j->incompat & JBD2_INCOMPAT_CSUM_V2 ? 2 : 0);
}

/* The tag at *used, which moves on. False: there is no room for one. */
static bool tag_next(const struct replay *r, unsigned *used, struct tag *t)
{
	const struct journal *j = r->j;
	unsigned end = j->block_size - (j->csum ? JBD2_TAIL_BYTES : 0);
	bool v3 = j->incompat & JBD2_INCOMPAT_CSUM_V3;
	const char *p = r->desc + *used;

	if (*used + tag_bytes(j) > end)
		return false;
	t->block = get_be32(p);
	t->flags = v3 ? get_be32(p + 4) : get_be16(p + 6);
	t->sum = v3 ? get_be32(p + 12) : get_be16(p + 4);
	if (j->incompat & JBD2_INCOMPAT_64BIT)
		t->block |= (uint64_t)get_be32(p + 8) << 32;
	*used += tag_bytes(j);
	if (!(t->flags & JBD2_TAG_SAME_UUID))
		*used += JBD2_UUID_BYTES;
	return true;
}

static bool data_ok(const struct replay *r, const struct tag *t,
		    const char *data)
{
	const struct journal *j = r->j;
	uint32_t seq = bswap32(r->tid), c;

	if (!j->csum)
		return true;
	c = crc32c(j->csum_seed, &seq, 4);
	c = crc32c(c, data, j->block_size);
	return t->sum ==
	       (j->incompat & JBD2_INCOMPAT_CSUM_V3 ? c : (c & 0xffff));
}

/* ---- what was revoked ---- */

static struct hlist_head *revoked_bucket(struct replay *r, uint64_t block)
{
	return &r->revoked[(block * UINT64_C(0x9e3779b97f4a7c15) >> 40) %
			   REPLAY_BUCKETS];
}

static struct revoked *revoked_find(struct replay *r, uint64_t block)
{
	struct revoked *x;

	hlist_for_each_entry (x, revoked_bucket(r, block), hash) {
		if (x->block == block)
			return x;
	}
	return NULL;
}

static int revoked_add(struct replay *r, uint64_t block)
{
	struct revoked *x = revoked_find(r, block);

	if (x) {
		/* Transactions come in order. */
		x->tid = r->tid;
		return 0;
	}
	/* No log that somebody made comes near an eighth of the memory. */
	if (r->n_revoked * sizeof(*x) > host_total_pages() * PAGE_SIZE / 8)
		return -ENOMEM;
	x = kzalloc(sizeof(*x), GFP_KERNEL);
	if (!x)
		return -ENOMEM;
	x->block = block;
	x->tid = r->tid;
	hlist_add_head(&x->hash, revoked_bucket(r, block));
	r->n_revoked++;
	return 0;
}

static int revoke_block(struct replay *r, const char *p)
{
	const struct journal *j = r->j;
	bool wide = j->incompat & JBD2_INCOMPAT_64BIT;
	unsigned at = sizeof(struct jbd2_revoke_header);
	uint32_t count;
	int err;

	count = get_be32(p + offsetof(struct jbd2_revoke_header, r_count));
	if (count < at ||
	    count > j->block_size - (j->csum ? JBD2_TAIL_BYTES : 0)) {
		r->fault = "a revoke block with a bad count";
		return 0;
	}
	if (r->pass != REVOKES)
		return 0;
	for (; at + (wide ? 8 : 4) <= count; at += wide ? 8 : 4) {
		err = revoked_add(r, wide ? get_be64(p + at)
					  : get_be32(p + at));
		if (err)
			return err;
	}
	return 0;
}

/* ---- playing ---- */

static int batch_write(struct replay *r)
{
	int err = bcache_write(r->j->es->bc, r->batch, r->n_batch);

	for (unsigned i = 0; i < r->n_batch; i++) {
		/* After an error the mount fails; the log still has it. */
		buf_mark_clean(r->batch[i]);
		buf_put(r->batch[i]);
	}
	r->n_batch = 0;
	if (err)
		pr_err("ext4 %s: cannot write what the journal holds\n",
		       r->j->es->sb->source);
	return err;
}

static int play(struct replay *r, const struct tag *t, const char *data)
{
	struct journal *j = r->j;
	struct revoked *x = revoked_find(r, t->block);
	struct buf *bp;
	int err;

	if (x && !tid_after(r->tid, x->tid))
		return 0;
	err = bcache_get(j->es->bc, t->block, &bp);
	if (err)
		return err;
	memcpy(bp->data, data, j->block_size);
	if (t->flags & JBD2_TAG_ESCAPED)
		*(uint32_t *)bp->data = bswap32(JBD2_MAGIC);
	bp->verified = 0;
	r->n_played++;
	/* A dirty one is in the batch already. */
	if (buf_is_dirty(bp)) {
		buf_put(bp);
		return 0;
	}
	buf_mark_dirty(bp);
	r->batch[r->n_batch++] = bp;
	return r->n_batch == BATCH_MAX ? batch_write(r) : 0;
}

static int descriptor(struct replay *r, const char *p)
{
	struct journal *j = r->j;
	unsigned used = sizeof(struct jbd2_header);
	struct tag t;
	char *data;
	int err;

	memcpy(r->desc, p, j->block_size);
	do {
		if (!tag_next(r, &used, &t))
			return 0;
		err = log_next(r, &data);
		if (err)
			return err;
		/* Longer than the log: it has no commit block either. */
		if (!data)
			return 0;
		if (r->pass == SCAN) {
			if (!data_ok(r, &t, data))
				r->fault = "a block with a bad checksum";
			if (t.block >= j->es->n_blocks ||
			    journal_log_has(j, t.block))
				r->fault = "a block that belongs nowhere";
		} else if (r->pass == PLAY) {
			/* It may have changed since it was looked at. */
			if (!data_ok(r, &t, data) ||
			    t.block >= j->es->n_blocks ||
			    journal_log_has(j, t.block))
				return bad(r, "it changed while it was read");
			err = play(r, &t, data);
			if (err)
				return err;
		}
	} while (!(t.flags & JBD2_TAG_LAST));
	return 0;
}

/* ---- passes ---- */

/* 1: the log goes on; 0: it ends before this block; or an error. */
static int one_block(struct replay *r)
{
	struct journal *j = r->j;
	char *p;
	int err;

	err = log_next(r, &p);
	if (err || !p)
		return err;
	if (get_be32(p) != JBD2_MAGIC || get_be32(p + 8) != r->tid)
		return 0;
	switch (get_be32(p + 4)) {
	case JBD2_DESCRIPTOR:
		r->torn = !tail_ok(j, p);
		err = r->torn ? 0 : descriptor(r, p);
		break;
	case JBD2_REVOKE:
		r->torn = !tail_ok(j, p);
		err = r->torn ? 0 : revoke_block(r, p);
		break;
	case JBD2_COMMIT:
		r->torn = !commit_ok(j, p);
		if (r->torn)
			return 0;
		/* Did its commit block not wait for the others? */
		if (r->fault && j->incompat & JBD2_INCOMPAT_ASYNC)
			return 0;
		if (r->fault)
			return bad(r, r->fault);
		r->tid++;
		break;
	default:
		return 0;
	}
	return err ? err : !r->torn;
}

/* The log ended with a block that is damaged. Was its transaction, or a later
 * one, complete once? */
static int look_behind(struct replay *r)
{
	struct journal *j = r->j;
	char *p;
	int err;

	for (;;) {
		err = log_next(r, &p);
		if (err || !p)
			return err;
		if (get_be32(p) != JBD2_MAGIC ||
		    get_be32(p + 4) != JBD2_COMMIT)
			continue;
		if (get_be32(p + 8) - r->end < j->end && commit_ok(j, p))
			return bad(r, "damaged, and there is more behind it");
	}
}

static int walk(struct replay *r, enum pass pass)
{
	const struct jbd2_super *s = r->j->super_bp->data;
	int err;

	r->pass = pass;
	r->at = bswap32(s->s_start);
	r->tid = bswap32(s->s_sequence);
	r->visited = 0;
	r->torn = false;
	r->fault = NULL;
	do {
		if (pass != SCAN && r->tid == r->end)
			return 0;
		err = one_block(r);
	} while (err > 0);
	if (err)
		return err;
	if (pass != SCAN)
		return bad(r, "it changed while it was read");
	r->end = r->tid;
	return r->torn ? look_behind(r) : 0;
}

static void replay_free(struct replay *r)
{
	struct hlist_node *tmp;
	struct revoked *x;

	for (unsigned i = 0; r->revoked && i < REPLAY_BUCKETS; i++) {
		hlist_for_each_entry_safe (x, tmp, &r->revoked[i], hash)
			kfree(x);
	}
	for (unsigned i = 0; i < r->n_batch; i++) {
		buf_mark_clean(r->batch[i]);
		buf_put(r->batch[i]);
	}
	kfree(r->revoked);
	kfree(r->batch);
	kfree(r->desc);
	kfree(r);
}

int journal_replay(struct journal *j, tid_t *next)
{
	const struct jbd2_super *s = j->super_bp->data;
	struct replay *r;
	int err = -ENOMEM;

	*next = bswap32(s->s_sequence);
	if (!s->s_start) {
		*next = *next ? *next : 1;
		return 0;
	}
	r = kzalloc(sizeof(*r), GFP_KERNEL);
	if (!r)
		return -ENOMEM;
	r->j = j;
	r->win = j->stages[0].mem;
	r->desc = kmalloc(j->block_size, GFP_KERNEL);
	r->batch = kmalloc(BATCH_MAX * sizeof(*r->batch), GFP_KERNEL);
	r->revoked = kzalloc(REPLAY_BUCKETS * sizeof(*r->revoked), GFP_KERNEL);
	if (!r->desc || !r->batch || !r->revoked)
		goto free_replay;
	err = walk(r, SCAN);
	if (!err)
		err = walk(r, REVOKES);
	if (!err)
		err = walk(r, PLAY);
	if (!err && r->n_batch)
		err = batch_write(r);
	if (!err)
		err = blk_flush(j->bd);
	if (err)
		goto free_replay;
	if (r->n_played)
		pr_info("ext4 %s: recovered: %llu blocks of %u transactions\n",
			j->es->sb->source, (unsigned long long)r->n_played,
			r->end - bswap32(s->s_sequence));
	/* The number of the one that was lost is not used again: parts of it
	 * may still be found in the log. */
	*next = r->end + 1;
	*next = *next ? *next : 1;
free_replay:
	replay_free(r);
	return err;
}
