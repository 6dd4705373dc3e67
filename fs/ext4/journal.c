/*
 * Handles: joining buffers to the running transaction, and waiting for it.
 *
 * The frequent case costs little: a buffer that is in the running transaction
 * already is recognised without a lock, since its membership cannot end while
 * the caller's handle lives. Otherwise one spinlock guards everything here; it
 * is never held while a block is sealed or the disk is waited for.
 *
 * Room in the log is promised before a handle starts: what it may need at
 * worst, with its share of descriptors, must fit into the free part of the
 * log, so a commit never finds the log full. Only handle_start waits for
 * room, and those who wait hold no handle, so the thread can always get on.
 */
#include "fs/ext4/journal_impl.h"

#define PATIENCE_TRIES 64u
#define PATIENCE_NS    (10 * NSEC_PER_MSEC)

/* ---- transactions ---- */

struct transaction *journal_tx_alloc(void)
{
	struct transaction *tx = kzalloc(sizeof(*tx), GFP_NOFS);

	if (!tx)
		return NULL;
	list_init(&tx->bufs);
	list_init(&tx->forgotten);
	list_init(&tx->frozen);
	list_init(&tx->callbacks);
	list_init(&tx->link);
	list_init(&tx->places);
	tx->began = time_now();
	return tx;
}

void journal_tx_free(struct transaction *tx)
{
	struct hlist_node *tmp;
	struct revoke *r;

	for (unsigned i = 0; tx->revokes && i < REVOKE_BUCKETS; i++) {
		hlist_for_each_entry_safe (r, tmp, &tx->revokes[i], hash)
			kfree(r);
	}
	kfree(tx->revokes);
	kfree(tx);
}

unsigned journal_log_need(const struct journal *j, unsigned n_bufs,
			  unsigned n_revokes)
{
	unsigned room = j->block_size - sizeof(struct jbd2_header) -
			JBD2_TAIL_BYTES - JBD2_UUID_BYTES;
	unsigned tags = room / (unsigned)sizeof(struct jbd2_tag3);
	unsigned ids = (j->block_size -
			(unsigned)sizeof(struct jbd2_revoke_header) -
			JBD2_TAIL_BYTES) / 8;
	unsigned revokes = (n_revokes + ids - 1) / ids;
	/* A descriptor ends when it is full and when its stage is, and at
	 * least half of a stage are blocks that are not descriptors. */
	unsigned stages = (n_bufs + revokes) / (j->stage_blocks / 2) + 1;

	return n_bufs + revokes + n_bufs / tags + stages + 1 + 1;
}

/* What the running transaction takes if all handles use all that they have
 * and one with `more` joins it. */
static unsigned tx_need(const struct journal *j, const struct transaction *tx,
			unsigned more)
{
	/* A credit may become a buffer or a revoke, whatever costs more. */
	return journal_log_need(j, tx->n_bufs + tx->credits + more,
				tx->n_revokes);
}

static void want_commit_locked(struct journal *j)
{
	/* One that is locked is on its way; the next is not meant. */
	if (j->want_commit || !j->running || j->running->locked)
		return;
	j->want_commit = true;
	wait_wake_all(&j->work);
}

/* ---- handles ---- */

/*
 * The running transaction, open to a handle of that many credits: 0. It may
 * have waited; then *tx may be another one than before. Lock held.
 */
static int tx_open_locked(struct journal *j, unsigned credits)
{
	struct transaction *tx, *made = NULL;
	int err = 0;

	for (;;) {
		bool room = false;
		unsigned need;

		if (j->err || j->es->at_rest) {
			err = -EROFS;
			break;
		}
		if (j->paused) {
			wait_sleep(&j->room, &j->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
			continue;
		}
		tx = j->running;
		if (!tx && !made) {
			spin_unlock(&j->lock);
			made = journal_tx_alloc();
			spin_lock(&j->lock);
			if (!made) {
				err = -ENOMEM;
				break;
			}
			continue;
		}
		if (!tx) {
			tx = made;
			made = NULL;
			tx->tid = j->next_tid++;
			j->running = tx;
		}
		need = tx_need(j, tx, credits);
		if (!tx->locked && need <= j->max_tx &&
		    (!j->has_log || need <= j->free))
			break;
		if (journal_log_need(j, credits, 0) > j->max_tx) {
			pr_err("ext4 %s: an operation wants %u blocks of the "
			       "journal, more than it has\n",
			       j->es->sb->source, credits);
			err = -ENOSPC;
			break;
		}
		if (!tx->locked && need > j->max_tx)
			want_commit_locked(j);
		else if (!tx->locked)
			room = true;
		if (room) {
			j->n_want_room++;
			wait_wake_all(&j->work);
		}
		wait_sleep(&j->room, &j->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
		if (room)
			j->n_want_room--;
	}
	kfree(made);
	return err;
}

int handle_start(struct ext4_sb *es, struct handle *h, unsigned credits)
{
	struct journal *j = es->handles;
	int err;

	*h = (struct handle){ .es = es };
	if (!j)
		return -EROFS;
	assert_may_sleep();
	spin_lock(&j->lock);
	err = tx_open_locked(j, credits);
	if (!err) {
		if (journal_tx_is_empty(j->running)) {
			/* The thread has a new deadline. */
			j->running->began = time_now();
			wait_wake_all(&j->work);
		}
		h->tx = j->running;
		h->credits = credits;
		h->tx->n_handles++;
		h->tx->credits += credits;
	}
	spin_unlock(&j->lock);
	return err;
}

int handle_extend(struct handle *h, unsigned credits)
{
	struct journal *j = h->es->handles;
	struct transaction *tx = h->tx;
	unsigned need;
	int err = -EAGAIN;

	spin_lock(&j->lock);
	need = tx_need(j, tx, credits);
	if (j->err) {
		err = -EROFS;
	} else if (need <= j->max_tx && (!j->has_log || need <= j->free)) {
		h->credits += credits;
		tx->credits += credits;
		err = 0;
	}
	spin_unlock(&j->lock);
	return err;
}

tid_t handle_stop(struct handle *h)
{
	struct transaction *tx = h->tx;
	struct journal *j;
	tid_t tid;

	if (!tx)
		return 0;
	j = h->es->handles;
	spin_lock(&j->lock);
	tid = tx->tid;
	tx->credits -= h->credits;
	tx->n_handles--;
	if (tx->locked && !tx->n_handles)
		wait_wake_all(&j->work);
	/* One that is nearly full goes now, so that the next handle finds an
	 * open one. */
	if (h->sync || journal_log_need(j, tx->n_bufs, tx->n_revokes) >
			       j->max_tx / 4 * 3)
		want_commit_locked(j);
	spin_unlock(&j->lock);
	h->tx = NULL;
	h->credits = 0;
	return tid;
}

int handle_restart(struct handle *h, unsigned credits)
{
	struct ext4_sb *es = h->es;
	bool sync = h->sync;
	int err;

	handle_stop(h);
	err = handle_start(es, h, credits);
	h->sync = sync;
	return err;
}

/* ---- buffers ---- */

bool journal_release_locked(struct jbuf *jb)
{
	bool held = jb->held;

	if (jb->tx || jb->logged || jb->busy)
		return false;
	buf_mark_clean(jb->bp);
	jb->held = false;
	return held;
}

static struct jbuf *jbuf_of(struct journal *j, struct buf *bp)
{
	struct jbuf *jb = __atomic_load_n(
		(struct jbuf **)(void *)&bp->journal, __ATOMIC_ACQUIRE);
	struct jbuf *made;

	if (jb)
		return jb;
	made = kzalloc(sizeof(*made), GFP_NOFS);
	if (!made)
		return NULL;
	made->bp = bp;
	list_init(&made->link);
	list_init(&made->place_link);
	spin_lock(&j->lock);
	jb = bp->journal;
	if (!jb)
		__atomic_store_n((struct jbuf **)(void *)&bp->journal, made,
				 __ATOMIC_RELEASE);
	spin_unlock(&j->lock);
	if (jb)
		kfree(made);
	return jb ? jb : made;
}

/*
 * The committing transaction has jb and has not copied it yet: it gets a copy
 * of its own. spare has the memory. Lock held.
 */
static void put_aside_locked(struct journal *j, struct jbuf *jb,
			     struct frozen *spare)
{
	buf_get(jb->bp); /* it may be forgotten before it is copied */
	spare->bp = jb->bp;
	spare->seal = jb->sealed ? NULL : jb->seal;
	spare->arg = jb->arg;
	memcpy(spare->data, jb->bp->data, j->block_size);
	list_add_tail(&spare->link, &jb->tx->frozen);
	/* It must be written to its place some day, if this is its last. */
	if (!jb->logged)
		j->n_places += j->has_log;
	else
		list_del_init(&jb->place_link);
	if (j->has_log) {
		jb->logged = jb->tx;
		list_add_tail(&jb->place_link, &jb->tx->places);
	}
}

static struct frozen *frozen_alloc(struct journal *j)
{
	struct frozen *f = kmalloc(sizeof(*f), GFP_NOFS | GFP_RESERVE);

	if (!f)
		return NULL;
	f->data = kmalloc(j->block_size, GFP_NOFS | GFP_RESERVE);
	if (!f->data) {
		kfree(f);
		return NULL;
	}
	return f;
}

/* bp's, whatever it belongs to, joins h. */
static __attribute__((noinline)) int join(struct handle *h, struct buf *bp)
{
	struct journal *j = h->es->handles;
	struct transaction *tx = h->tx;
	struct frozen *spare = NULL;
	bool tried = false;
	struct jbuf *jb;
	int err = 0;

	if (!tx || READ_ONCE(j->err))
		return -EROFS;
	jb = jbuf_of(j, bp);
	if (!jb)
		return -ENOMEM;
	spin_lock(&j->lock);
	while (jb->tx != tx || jb->forgotten) {
		if (j->err) {
			err = -EROFS;
			break;
		}
		if (!h->credits) {
			err = -ENOSPC;
			break;
		}
		if (jb->busy) {
			wait_sleep(&j->bufs, &j->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
			continue;
		}
		if (jb->tx && jb->tx != tx && jb->modified) {
			if (!spare && !tried) {
				spin_unlock(&j->lock);
				spare = frozen_alloc(j);
				tried = true;
				spin_lock(&j->lock);
				continue;
			}
			if (!spare) {
				/* No memory: until the commit has copied. */
				wait_sleep(&j->bufs, &j->lock,
					   WAIT_UNINTERRUPTIBLE, WAIT_FOREVER);
				continue;
			}
			put_aside_locked(j, jb, spare);
			spare = NULL;
		}
		list_del_init(&jb->link);
		list_add_tail(&jb->link, &tx->bufs);
		WRITE_ONCE(jb->modified, false);
		WRITE_ONCE(jb->forgotten, false);
		__atomic_store_n(&jb->tx, tx, __ATOMIC_RELEASE);
		if (!jb->held) {
			jb->held = true;
			buf_get(jb->bp);
		}
		tx->n_bufs++;
		tx->credits--;
		h->credits--;
	}
	spin_unlock(&j->lock);
	if (spare) {
		kfree(spare->data);
		kfree(spare);
	}
	if (err == -ENOSPC)
		pr_err("ext4 %s: an operation changes more blocks than it "
		       "said\n", h->es->sb->source);
	return err;
}

int journal_write_access(struct handle *h, struct buf *bp)
{
	struct jbuf *jb = __atomic_load_n(
		(struct jbuf **)(void *)&bp->journal, __ATOMIC_ACQUIRE);

	if (jb && h->tx &&
	    __atomic_load_n(&jb->tx, __ATOMIC_ACQUIRE) == h->tx &&
	    !READ_ONCE(jb->forgotten) && !READ_ONCE(h->es->handles->err))
		return 0;
	return join(h, bp);
}

static struct hlist_head *revoke_bucket(struct transaction *tx, uint64_t block)
{
	return &tx->revokes[(block * UINT64_C(0x9e3779b97f4a7c15) >> 40) %
			    REVOKE_BUCKETS];
}

static struct revoke *revoke_find(struct transaction *tx, uint64_t block)
{
	struct revoke *r;

	if (!tx->revokes)
		return NULL;
	hlist_for_each_entry (r, revoke_bucket(tx, block), hash) {
		if (r->block == block)
			return r;
	}
	return NULL;
}

int journal_create_access(struct handle *h, struct buf *bp)
{
	struct journal *j = h->es->handles;
	struct revoke *r;
	int err = journal_write_access(h, bp);

	if (err)
		return err;
	spin_lock(&j->lock);
	r = revoke_find(h->tx, bp->block);
	if (r) {
		hlist_del(&r->hash);
		h->tx->n_revokes--;
	}
	spin_unlock(&j->lock);
	kfree(r);
	bp->verified = 0;
	return 0;
}

void journal_dirty(struct handle *h, struct buf *bp, journal_seal_fn *seal,
		   uint64_t arg)
{
	struct jbuf *jb = bp->journal;

	if (!h->tx || !jb || jb->tx != h->tx) {
		/* After an abort there is nothing to keep. */
		if (!journal_error(h->es)) {
			pr_err("ext4 %s: block %llu was changed outside of "
			       "the journal\n", h->es->sb->source,
			       (unsigned long long)bp->block);
			journal_abort(h->es, -EIO);
		}
		return;
	}
	WRITE_ONCE(jb->seal, seal);
	WRITE_ONCE(jb->arg, arg);
	WRITE_ONCE(jb->sealed, false);
	WRITE_ONCE(jb->modified, true);
	if (!buf_is_dirty(bp))
		buf_mark_dirty(bp);
}

/* Zeroed memory for what is freed: half of it is done already, so it is worth
 * waiting for. NULL after a while all the same. */
static void *alloc_patiently(size_t size)
{
	void *p;

	for (unsigned tries = 0; tries < PATIENCE_TRIES; tries++) {
		p = kzalloc(size, GFP_NOFS | GFP_RESERVE);
		if (p)
			return p;
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
		thread_sleep(time_now() + PATIENCE_NS);
	}
	return NULL;
}

static int revoke_add(struct journal *j, struct handle *h, uint64_t block)
{
	struct transaction *tx = h->tx;
	struct hlist_head *table = NULL;
	struct revoke *r = alloc_patiently(sizeof(*r));
	int err = 0;

	if (r && !READ_ONCE(tx->revokes))
		table = alloc_patiently(REVOKE_BUCKETS * sizeof(*table));
	spin_lock(&j->lock);
	if (!tx->revokes) {
		tx->revokes = table;
		table = NULL;
	}
	if (!r || !tx->revokes) {
		err = -ENOMEM;
	} else if (!revoke_find(tx, block)) {
		if (h->credits) {
			h->credits--;
			tx->credits--;
			r->block = block;
			hlist_add_head(&r->hash, revoke_bucket(tx, block));
			tx->n_revokes++;
			r = NULL;
		} else {
			err = -ENOSPC;
		}
	}
	spin_unlock(&j->lock);
	kfree(r);
	kfree(table);
	return err;
}

int journal_forget(struct handle *h, uint64_t block, struct buf *bp)
{
	struct journal *j = h->es->handles;
	struct jbuf *jb;
	bool held = false;
	int err;

	err = !h->tx || READ_ONCE(j->err) ? -EROFS : revoke_add(j, h, block);
	if (err) {
		if (err == -ENOSPC)
			pr_err("ext4 %s: an operation frees more blocks than "
			       "it said\n", h->es->sb->source);
		buf_put(bp);
		return err;
	}
	if (!bp)
		bp = bcache_find(h->es->bc, block);
	if (!bp)
		return 0;
	spin_lock(&j->lock);
	jb = bp->journal;
	if (jb && jb->tx == h->tx && !jb->forgotten) {
		list_del_init(&jb->link);
		jb->modified = false;
		jb->tx->n_bufs--;
		h->credits++;
		h->tx->credits++;
		if (jb->logged) {
			/* Its content is newer than what is logged, so it
			 * must not be written to its place. */
			jb->forgotten = true;
			list_add_tail(&jb->link, &h->tx->forgotten);
		} else {
			jb->tx = NULL;
			held = journal_release_locked(jb);
		}
	}
	spin_unlock(&j->lock);
	if (held)
		buf_put(bp);
	buf_put(bp);
	bcache_forget(h->es->bc, block);
	return 0;
}

void journal_on_commit(struct handle *h, struct journal_callback *cb)
{
	struct journal *j = h->es->handles;

	spin_lock(&j->lock);
	list_add_tail(&cb->link, &h->tx->callbacks);
	spin_unlock(&j->lock);
}

/* ---- waiting ---- */

int journal_error(const struct ext4_sb *es)
{
	return es->handles ? READ_ONCE(es->handles->err) : 0;
}

bool journal_committed(struct ext4_sb *es, tid_t tid)
{
	struct journal *j = es->handles;
	bool done = true;

	if (!j)
		return true;
	spin_lock(&j->lock);
	if (j->committing && j->committing->tid == tid)
		done = false;
	if (j->running && j->running->tid == tid &&
	    !journal_tx_is_empty(j->running))
		done = false;
	/* It may also be lost. */
	if (j->err && tid_after(tid, j->committed))
		done = false;
	spin_unlock(&j->lock);
	return done;
}

tid_t journal_newest(struct ext4_sb *es)
{
	struct journal *j = es->handles;
	tid_t tid = 0;

	if (!j)
		return 0;
	spin_lock(&j->lock);
	if (j->running && !journal_tx_is_empty(j->running))
		tid = j->running->tid;
	else if (j->committing)
		tid = j->committing->tid;
	spin_unlock(&j->lock);
	return tid;
}

void journal_commit_start(struct ext4_sb *es, tid_t tid)
{
	struct journal *j = es->handles;

	if (!j)
		return;
	spin_lock(&j->lock);
	if (j->running && j->running->tid == tid &&
	    !journal_tx_is_empty(j->running))
		want_commit_locked(j);
	spin_unlock(&j->lock);
}

/* Transactions that are neither running nor committing are done, or lost. */
static int commit_wait_locked(struct journal *j, tid_t tid)
{
	for (;;) {
		struct transaction *tx = j->running;

		if (tx && tx->tid == tid && !journal_tx_is_empty(tx) && !j->err)
			want_commit_locked(j);
		else if (!j->committing || j->committing->tid != tid)
			break;
		wait_sleep(&j->commits, &j->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	}
	return tid_after(tid, j->committed) ? j->err : 0;
}

int journal_commit_wait(struct ext4_sb *es, tid_t tid)
{
	struct journal *j = es->handles;
	int err;

	if (!j)
		return 0;
	assert_may_sleep();
	spin_lock(&j->lock);
	err = commit_wait_locked(j, tid);
	spin_unlock(&j->lock);
	return err;
}

int journal_sync(struct ext4_sb *es, bool checkpoint)
{
	struct journal *j = es->handles;
	int err;

	if (!j)
		return 0;
	assert_may_sleep();
	spin_lock(&j->lock);
	if (j->committing)
		commit_wait_locked(j, j->committing->tid);
	if (j->running)
		commit_wait_locked(j, j->running->tid);
	if (checkpoint) {
		j->want_all = !j->err;
		j->all_tid = j->next_tid - 1;
		wait_wake_all(&j->work);
		while (j->want_all && !j->err)
			wait_sleep(&j->commits, &j->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
	}
	err = j->err;
	spin_unlock(&j->lock);
	return err;
}

static void set_paused(struct journal *j, bool paused)
{
	spin_lock(&j->lock);
	j->paused = paused;
	wait_wake_all(&j->room);
	spin_unlock(&j->lock);
}

int journal_pause(struct ext4_sb *es)
{
	set_paused(es->handles, true);
	return journal_sync(es, true);
}

void journal_resume(struct ext4_sb *es)
{
	set_paused(es->handles, false);
}

__attribute__((cold))
void journal_abort(struct ext4_sb *es, int err)
{
	struct journal *j = es->handles;
	bool first;

	if (!j) {
		es->sb->read_only = true;
		return;
	}
	spin_lock(&j->lock);
	first = !j->err;
	if (first)
		WRITE_ONCE(j->err, err);
	/* In this order: see ext4_writing_resume. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	es->sb->read_only = true;
	wait_wake_all(&j->work);
	wait_wake_all(&j->room);
	wait_wake_all(&j->commits);
	wait_wake_all(&j->bufs);
	spin_unlock(&j->lock);
	if (first)
		pr_err("ext4 %s: the journal ends with error %d; the file "
		       "system can only be read from now on\n",
		       es->sb->source, err);
}
