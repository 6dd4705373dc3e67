/*
 * The journal's thread, and what it does most: commits.
 *
 * A commit locks the running transaction, waits for its last handles, and lets
 * the next one begin. Then it copies every buffer once, sealed, into a stage:
 * 128 KiB of memory that goes to the log in one request where the log is in
 * one piece. Each stage begins with its own descriptor, so nothing has to be
 * known before it is copied. Once it is copied, a buffer is free to change.
 *
 *	log blocks written, waited for | FLUSH | commit block | FLUSH
 *
 * The first flush also makes durable what was written to data blocks before
 * their handle began, so an appending fsync costs two. Where the disk has no
 * volatile cache there are none. (The block layer cannot tell a device that
 * can write through from one for which the driver flushes, so the second flush
 * is not replaced by FUA.)
 *
 * Nothing here needs memory: stages and the array for sorting were made when
 * the disk was mounted.
 */
#include "fs/ext4/crc32c.h"
#include "fs/ext4/journal_impl.h"

#define COMMIT_INTERVAL (5 * NSEC_PER_SEC)

/* ---- taking buffers ---- */

void journal_copy_busy(struct journal *j, struct jbuf *jb, void *dst)
{
	struct buf *bp = jb->bp;

	if (!jb->sealed && jb->seal)
		jb->seal(j->es, bp, bp->data, jb->arg);
	jb->sealed = true;
	memcpy(dst, bp->data, j->block_size);
}

/* Is there more to take? Buffers that nobody modified are let go. */
static bool has_more(struct journal *j, struct transaction *tx)
{
	struct jbuf *jb;
	bool more;

	spin_lock(&j->lock);
	while ((jb = list_first_entry_or_null(&tx->bufs, struct jbuf, link)) &&
	       !jb->modified) {
		struct buf *bp = jb->bp;
		bool held;

		list_del_init(&jb->link);
		jb->tx = NULL;
		/* One that an older transaction logged stays dirty. */
		held = journal_release_locked(jb);
		if (held)
			buf_put(bp);
	}
	more = jb || !list_empty(&tx->frozen);
	spin_unlock(&j->lock);
	return more;
}

/* The next buffer of tx, which has more, marked busy; NULL: it was put aside
 * this moment, take that. */
static struct jbuf *take_next(struct journal *j, struct transaction *tx)
{
	struct jbuf *jb;

	spin_lock(&j->lock);
	jb = list_first_entry_or_null(&tx->bufs, struct jbuf, link);
	if (jb && jb->modified)
		jb->busy = true;
	else
		jb = NULL;
	spin_unlock(&j->lock);
	return jb;
}

/* jb was copied for the log: what is left is to write it to its place. */
static void took_for_log(struct journal *j, struct transaction *tx,
			 struct jbuf *jb)
{
	spin_lock(&j->lock);
	jb->busy = false;
	list_del_init(&jb->link);
	jb->tx = NULL;
	if (jb->logged)
		list_del_init(&jb->place_link);
	else
		j->n_places++;
	jb->logged = tx;
	list_add_tail(&jb->place_link, &tx->places);
	wait_wake_all(&j->bufs);
	spin_unlock(&j->lock);
}

static struct frozen *take_frozen(struct journal *j, struct transaction *tx)
{
	struct frozen *f;

	spin_lock(&j->lock);
	f = list_first_entry_or_null(&tx->frozen, struct frozen, link);
	if (f)
		list_del(&f->link);
	spin_unlock(&j->lock);
	return f;
}

static void frozen_copy(struct journal *j, struct frozen *f, void *dst)
{
	memcpy(dst, f->data, j->block_size);
	if (f->seal)
		f->seal(j->es, f->bp, dst, f->arg);
	buf_put(f->bp);
	kfree(f->data);
	kfree(f);
}

/* ---- writing the log ---- */

struct log_writer {
	struct journal *j;
	struct transaction *tx;
	uint32_t n;    /* blocks so far */
	char *desc;    /* being filled, in the stage; NULL: none */
	unsigned used; /* bytes of it */
	unsigned n_tags;
};

static void *log_block(struct log_writer *w)
{
	struct journal *j = w->j;
	uint64_t block = journal_log_block(j, j->head);

	if (++j->head == j->end)
		j->head = j->first;
	w->n++;
	return stage_block(j, block);
}

static void header_make(struct log_writer *w, void *p, uint32_t type)
{
	struct jbd2_header *h = p;

	h->h_magic = bswap32(JBD2_MAGIC);
	h->h_blocktype = bswap32(type);
	h->h_sequence = bswap32(w->tx->tid);
}

static void tail_seal(struct journal *j, char *p)
{
	uint32_t *tail = (void *)(p + j->block_size - JBD2_TAIL_BYTES);

	if (!j->csum)
		return;
	*tail = 0;
	*tail = bswap32(crc32c(j->csum_seed, p, j->block_size));
}

static unsigned tag_bytes(const struct journal *j)
{
	if (j->csum)
		return sizeof(struct jbd2_tag3);
	return j->incompat & JBD2_INCOMPAT_64BIT ? 12 : 8;
}

static void desc_end(struct log_writer *w)
{
	unsigned at = w->used - tag_bytes(w->j);

	if (!w->desc)
		return;
	if (w->n_tags == 1)
		at -= JBD2_UUID_BYTES;
	if (w->j->csum) {
		struct jbd2_tag3 *t = (void *)(w->desc + at);

		t->t_flags |= bswap32(JBD2_TAG_LAST);
	} else {
		struct jbd2_tag *t = (void *)(w->desc + at);

		t->t_flags |= bswap16(JBD2_TAG_LAST);
	}
	tail_seal(w->j, w->desc);
	w->desc = NULL;
}

/* Makes sure that the stage has a descriptor with room for a tag, and room for
 * its block; this may wait for the disk. */
static void desc_ready(struct log_writer *w)
{
	struct journal *j = w->j;
	unsigned end = j->block_size - (j->csum ? JBD2_TAIL_BYTES : 0);

	if (w->desc && (!stage_room(j) || w->used + tag_bytes(j) > end))
		desc_end(w);
	if (w->desc)
		return;
	if (stage_room(j) < 2)
		stage_next(j);
	w->desc = log_block(w);
	memset(w->desc, 0, j->block_size);
	header_make(w, w->desc, JBD2_DESCRIPTOR);
	w->used = sizeof(struct jbd2_header);
	w->n_tags = 0;
}

/* The tag of the block that was put at p. */
static void data_tag(struct log_writer *w, uint64_t block, void *p)
{
	struct journal *j = w->j;
	uint32_t seq = bswap32(w->tx->tid), *first = p, flags = 0;
	char *at = w->desc + w->used;

	if (*first == bswap32(JBD2_MAGIC)) {
		*first = 0;
		flags |= JBD2_TAG_ESCAPED;
	}
	if (w->n_tags)
		flags |= JBD2_TAG_SAME_UUID;
	if (j->csum) {
		struct jbd2_tag3 *t = (void *)at;
		uint32_t c = crc32c(j->csum_seed, &seq, 4);

		t->t_blocknr = bswap32((uint32_t)block);
		t->t_flags = bswap32(flags);
		if (j->incompat & JBD2_INCOMPAT_64BIT)
			t->t_blocknr_high = bswap32((uint32_t)(block >> 32));
		t->t_checksum = bswap32(crc32c(c, p, j->block_size));
	} else {
		struct jbd2_tag *t = (void *)at;

		t->t_blocknr = bswap32((uint32_t)block);
		t->t_flags = bswap16((uint16_t)flags);
		if (j->incompat & JBD2_INCOMPAT_64BIT)
			t->t_blocknr_high = bswap32((uint32_t)(block >> 32));
	}
	w->used += tag_bytes(j);
	if (!w->n_tags++) {
		memcpy(w->desc + w->used, j->uuid, JBD2_UUID_BYTES);
		w->used += JBD2_UUID_BYTES;
	}
}

static void log_revokes(struct log_writer *w)
{
	struct journal *j = w->j;
	bool wide = j->incompat & JBD2_INCOMPAT_64BIT;
	unsigned bytes = wide ? 8 : 4, used = 0;
	unsigned end = j->block_size - (j->csum ? JBD2_TAIL_BYTES : 0);
	struct jbd2_revoke_header *h = NULL;
	struct revoke *r;

	for (unsigned i = 0; w->tx->revokes && i < REVOKE_BUCKETS; i++) {
		hlist_for_each_entry (r, &w->tx->revokes[i], hash) {
			char *p;

			if (h && used + bytes > end) {
				h->r_count = bswap32(used);
				tail_seal(j, (char *)h);
				h = NULL;
			}
			if (!h) {
				h = log_block(w);
				memset(h, 0, j->block_size);
				header_make(w, h, JBD2_REVOKE);
				used = sizeof(*h);
			}
			p = (char *)h + used;
			if (wide) {
				*(uint32_t *)(void *)p =
					bswap32((uint32_t)(r->block >> 32));
				p += 4;
			}
			*(uint32_t *)(void *)p = bswap32((uint32_t)r->block);
			used += bytes;
		}
	}
	if (h) {
		h->r_count = bswap32(used);
		tail_seal(j, (char *)h);
	}
}

static void log_commit_block(struct log_writer *w)
{
	struct journal *j = w->j;
	struct jbd2_commit *c = log_block(w);
	uint64_t now = time_real();

	memset(c, 0, j->block_size);
	header_make(w, c, JBD2_COMMIT);
	c->c_sec = bswap64(now / NSEC_PER_SEC);
	c->c_nsec = bswap32((uint32_t)(now % NSEC_PER_SEC));
	if (j->csum)
		c->c_chksum[0] =
			bswap32(crc32c(j->csum_seed, c, j->block_size));
}

static int log_write(struct journal *j, struct transaction *tx)
{
	struct log_writer w = { .j = j, .tx = tx };
	struct frozen *f;
	struct jbuf *jb;
	uint64_t block;
	void *p;
	int err = 0;

	tx->log_start = j->head;
	if (j->empty_on_disk)
		err = journal_write_super(j, j->head, tx->tid);
	if (err)
		return err;
	log_revokes(&w);
	while (has_more(j, tx)) {
		desc_ready(&w);
		jb = take_next(j, tx);
		f = jb ? NULL : take_frozen(j, tx);
		p = log_block(&w);
		block = jb ? jb->bp->block : f->bp->block;
		if (jb) {
			journal_copy_busy(j, jb, p);
			took_for_log(j, tx, jb);
		} else {
			frozen_copy(j, f, p);
		}
		data_tag(&w, block, p);
	}
	desc_end(&w);
	/* The place of the commit block is emptied first. When only a part of
	 * that block reaches the disk, its rest is zero then as it ought to be:
	 * over old content, e2fsck would take the torn block for damage and not
	 * finish the orphans. */
	memset(stage_block(j, journal_log_block(j, j->head)), 0, j->block_size);
	err = stage_finish(j);
	if (!err)
		err = blk_flush(j->bd);
	if (err)
		return err;
	log_commit_block(&w);
	err = stage_finish(j);
	if (!err)
		err = blk_flush(j->bd);
	spin_lock(&j->lock);
	KASSERT(w.n <= tx->log_blocks);
	j->free += tx->log_blocks - w.n;
	tx->log_blocks = w.n;
	spin_unlock(&j->lock);
	return err;
}

/* ---- the places ---- */

static void sort_jbufs(struct jbuf **jbs, unsigned n)
{
	for (unsigned gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11) {
		for (unsigned i = gap; i < n; i++) {
			struct jbuf *jb = jbs[i];
			unsigned k = i;

			for (; k >= gap &&
			       jbs[k - gap]->bp->block > jb->bp->block;
			     k -= gap)
				jbs[k] = jbs[k - gap];
			jbs[k] = jb;
		}
	}
}

int journal_write_places(struct journal *j, const struct transaction *tx,
			 struct jbuf **jbs, unsigned n)
{
	unsigned kept = 0;
	int err;

	sort_jbufs(jbs, n);
	for (unsigned i = 0; i < n; i++) {
		struct jbuf *jb = jbs[i];
		bool ours, held = false;

		/* Nobody waits for the disk because of a busy one. */
		if (!stage_room(j))
			stage_next(j);
		/* One that somebody joined meanwhile is not for us any more:
		 * what we want of it is put aside, or comes later. */
		spin_lock(&j->lock);
		ours = jb->tx == tx;
		if (ours && tx) {
			list_del_init(&jb->link);
			jb->tx = NULL;
			if (!jb->modified) {
				held = journal_release_locked(jb);
				ours = false;
			}
		}
		jb->busy = ours;
		spin_unlock(&j->lock);
		if (held)
			buf_put(jb->bp);
		if (!ours) {
			buf_put(jb->bp);
			continue;
		}
		journal_copy_busy(j, jb, stage_block(j, jb->bp->block));
		spin_lock(&j->lock);
		jb->busy = false;
		wait_wake_all(&j->bufs);
		spin_unlock(&j->lock);
		jbs[kept++] = jb;
	}
	err = stage_finish(j);
	for (unsigned i = 0; i < kept; i++) {
		struct jbuf *jb = jbs[i];
		struct buf *bp = jb->bp;
		bool held;

		spin_lock(&j->lock);
		if (jb->logged && !err) {
			list_del_init(&jb->place_link);
			jb->logged = NULL;
			j->n_places--;
		}
		held = journal_release_locked(jb);
		spin_unlock(&j->lock);
		if (held)
			buf_put(bp);
		buf_put(bp);
	}
	return err;
}

/* A commit on a disk without a journal. */
static int place_write(struct journal *j, struct transaction *tx)
{
	struct frozen *f;
	struct jbuf *jb;
	int err = 0, got;
	unsigned n;

	do {
		n = 0;
		spin_lock(&j->lock);
		list_for_each_entry (jb, &tx->bufs, link) {
			if (n == SORT_MAX)
				break;
			buf_get(jb->bp);
			j->sort[n++] = jb;
		}
		spin_unlock(&j->lock);
		got = journal_write_places(j, tx, j->sort, n);
		if (!err)
			err = got;
	} while (n);
	while ((f = take_frozen(j, tx)))
		frozen_copy(j, f, stage_block(j, f->bp->block));
	got = stage_finish(j);
	if (!err)
		err = got;
	return err ? err : blk_flush(j->bd);
}

/* ---- commits ---- */

/*
 * Blocks that this transaction freed may belong to anybody from now on: no
 * older content of them is written to its place any more.
 */
static void drop_revoked(struct journal *j, struct transaction *tx)
{
	struct revoke *r;
	struct jbuf *jb;

	for (unsigned i = 0; tx->revokes && i < REVOKE_BUCKETS; i++) {
		hlist_for_each_entry (r, &tx->revokes[i], hash) {
			struct buf *bp = bcache_find(j->es->bc, r->block);
			bool held = false;

			if (!bp)
				continue;
			spin_lock(&j->lock);
			jb = bp->journal;
			if (jb && jb->logged) {
				list_del_init(&jb->place_link);
				jb->logged = NULL;
				j->n_places--;
			}
			if (jb && jb->tx == tx) {
				list_del_init(&jb->link);
				jb->tx = NULL;
				jb->forgotten = false;
			}
			if (jb)
				held = journal_release_locked(jb);
			spin_unlock(&j->lock);
			if (held)
				buf_put(bp);
			buf_put(bp);
			bcache_forget(j->es->bc, r->block);
		}
	}
}

static void commit_end(struct journal *j, struct transaction *tx, int err)
{
	struct frozen *f;

	if (err) {
		journal_abort(j->es, err);
		err = journal_error(j->es);
		while ((f = take_frozen(j, tx))) {
			buf_put(f->bp);
			kfree(f->data);
			kfree(f);
		}
	}
	if (!err)
		drop_revoked(j, tx);
	while (!list_empty(&tx->callbacks)) {
		struct journal_callback *cb = list_first_entry(
			&tx->callbacks, struct journal_callback, link);

		list_del(&cb->link);
		cb->fn(cb, err);
	}
	spin_lock(&j->lock);
	j->committing = NULL;
	if (!err)
		j->committed = tx->tid;
	if (j->has_log || err)
		list_add_tail(&tx->link, &j->logged);
	wait_wake_all(&j->commits);
	spin_unlock(&j->lock);
	if (!j->has_log && !err)
		journal_tx_free(tx);
}

static void commit(struct journal *j)
{
	struct transaction *tx;
	int err;

	spin_lock(&j->lock);
	tx = j->running;
	j->want_commit = false;
	if (!tx) {
		spin_unlock(&j->lock);
		return;
	}
	tx->locked = true;
	while (tx->n_handles)
		wait_sleep(&j->work, &j->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	if (!j->err && journal_tx_is_empty(tx)) {
		tx->locked = false;
		wait_wake_all(&j->room);
		wait_wake_all(&j->commits);
		spin_unlock(&j->lock);
		return;
	}
	j->committing = tx;
	j->running = NULL;
	if (j->has_log) {
		tx->log_blocks =
			journal_log_need(j, tx->n_bufs, tx->n_revokes);
		KASSERT(tx->log_blocks <= j->free);
		j->free -= tx->log_blocks;
	}
	err = j->err;
	wait_wake_all(&j->room);
	spin_unlock(&j->lock);
	if (!err)
		err = j->has_log ? log_write(j, tx) : place_write(j, tx);
	commit_end(j, tx, err);
}

/* ---- the thread ---- */

static uint64_t next_commit_locked(const struct journal *j)
{
	const struct transaction *tx = j->running;

	return tx && !journal_tx_is_empty(tx) ? tx->began + COMMIT_INTERVAL
					      : WAIT_FOREVER;
}

/* Is there a running transaction with something in it? */
static bool is_busy_locked(const struct journal *j)
{
	return j->running && !journal_tx_is_empty(j->running);
}

/* Must something be done now? */
static bool is_wanted_locked(const struct journal *j)
{
	if (j->err)
		return is_busy_locked(j) || j->want_all || j->stop ||
		       !j->errno_noted;
	return j->want_commit || j->want_all || j->stop ||
	       (j->n_want_room && j->free < j->max_tx) ||
	       next_commit_locked(j) <= time_now();
}

/* Would it be good to write to the places? */
static bool is_crowded_locked(const struct journal *j)
{
	return !j->err && !list_empty(&j->logged) &&
	       (j->free < 2 * j->max_tx || j->n_places > j->max_places);
}

/* Everything up to j->all_tid to its place; true: there is more to do. */
static bool work_all(struct journal *j)
{
	int err = journal_checkpoint(j, true);
	struct transaction *oldest;

	if (err < 0) {
		journal_abort(j->es, err);
		return false;
	}
	if (err)
		return true;
	spin_lock(&j->lock);
	oldest = list_first_entry_or_null(&j->logged, struct transaction, link);
	if (!oldest || tid_after(oldest->tid, j->all_tid))
		j->want_all = false;
	else
		j->want_commit = true; /* what is in the running one, too */
	wait_wake_all(&j->commits);
	spin_unlock(&j->lock);
	return true;
}

/* One thing that is to be done, the most urgent one; false: nothing is. */
static bool work(struct journal *j)
{
	bool commits, room, crowded, all;
	int err;

	if (READ_ONCE(j->err) && !j->errno_noted) {
		j->errno_noted = true;
		if (j->has_log)
			journal_write_errno(j);
	}
	spin_lock(&j->lock);
	commits = j->want_commit || next_commit_locked(j) <= time_now() ||
		  (is_busy_locked(j) && (j->stop || j->err));
	room = j->n_want_room && j->free < j->max_tx && !j->err;
	crowded = is_crowded_locked(j);
	if (j->err && j->want_all) {
		j->want_all = false;
		wait_wake_all(&j->commits);
	}
	all = j->want_all;
	spin_unlock(&j->lock);
	if (commits) {
		commit(j);
		return true;
	}
	if (all)
		return work_all(j);
	if (!room && !crowded)
		return false;
	err = journal_checkpoint(j, false);
	if (err < 0)
		journal_abort(j->es, err);
	else if (!err && room)
		/* What fills the log is in the running transaction, too. */
		commit(j);
	return err || room;
}

void journal_thread(void *arg)
{
	struct journal *j = arg;

	for (;;) {
		while (work(j))
			resched_point();
		spin_lock(&j->lock);
		if (j->stop && !is_busy_locked(j))
			break;
		if (!is_wanted_locked(j))
			wait_sleep(&j->work, &j->lock, WAIT_UNINTERRUPTIBLE,
				   next_commit_locked(j));
		spin_unlock(&j->lock);
	}
	j->stopped = true;
	wait_wake_all(&j->commits);
	spin_unlock(&j->lock);
	thread_exit();
}
