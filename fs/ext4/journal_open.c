/*
 * The two ends of the journal's life, and of its thread's.
 *
 * Opening plays what an earlier life left, then marks the log as empty, with
 * the features that this kernel writes (block numbers and checksums as wide as
 * the disk's other metadata), and flushes that: only then may a block of the
 * log be used again. Closing does the same from the other side, unless the
 * journal was aborted: then the disk stays as a power cut would leave it.
 *
 * Without a journal there is all of this but the log.
 */
#include "fs/ext4/journal_impl.h"
#include "fs/ext4/write.h"

static void discard_list(struct list_head *list, bool places)
{
	while (!list_empty(list)) {
		struct jbuf *jb;
		struct buf *bp;

		jb = places ? list_first_entry(list, struct jbuf, place_link)
			    : list_first_entry(list, struct jbuf, link);
		bp = jb->bp;
		if (places) {
			list_del_init(&jb->place_link);
			jb->logged = NULL;
		} else {
			list_del_init(&jb->link);
			jb->tx = NULL;
			jb->forgotten = false;
		}
		if (journal_release_locked(jb))
			buf_put(bp);
	}
}

/* Everything that is not on the disk is given up. After an abort that may be
 * much, otherwise it is an empty transaction. */
static void discard(struct journal *j)
{
	struct transaction *tx, *next;

	tx = j->running;
	if (tx) {
		discard_list(&tx->bufs, false);
		discard_list(&tx->forgotten, false);
		while (!list_empty(&tx->callbacks)) {
			struct journal_callback *cb = list_first_entry(
				&tx->callbacks, struct journal_callback, link);

			list_del(&cb->link);
			cb->fn(cb, j->err ? j->err : -EIO);
		}
		j->running = NULL;
		journal_tx_free(tx);
	}
	list_for_each_entry_safe (tx, next, &j->logged, link) {
		discard_list(&tx->places, true);
		discard_list(&tx->bufs, false);
		discard_list(&tx->forgotten, false);
		list_del(&tx->link);
		journal_tx_free(tx);
	}
}

static void journal_free(struct journal *j)
{
	journal_unmap_log(j);
	stage_close(j);
	kfree(j->sort);
	kfree(j);
}

static struct journal *journal_alloc(struct ext4_sb *es)
{
	struct journal *j = kzalloc(sizeof(*j), GFP_KERNEL);

	if (!j)
		return NULL;
	j->es = es;
	j->bd = es->sb->bdev;
	j->block_size = es->block_size;
	spin_init(&j->lock, "journal", RANK_JOURNAL);
	wait_queue_init(&j->work);
	wait_queue_init(&j->room);
	wait_queue_init(&j->commits);
	wait_queue_init(&j->bufs);
	wait_queue_init(&j->io);
	list_init(&j->logged);
	j->next_tid = 1;
	return j;
}

/* Plays the log and leaves it empty, with the features of now. */
static int recover(struct journal *j, tid_t *next)
{
	struct ext4_sb *es = j->es;
	int err = journal_map_log(j);

	if (!err)
		err = journal_replay(j, next);
	if (!err && j->was_aborted)
		err = ext4_super_note_error(es);
	if (err)
		return err;
	j->incompat = JBD2_INCOMPAT_REVOKE;
	if (es->incompat & EXT4_IN_64BIT)
		j->incompat |= JBD2_INCOMPAT_64BIT;
	j->csum = es->has_csum;
	if (j->csum)
		j->incompat |= JBD2_INCOMPAT_CSUM_V3;
	err = journal_write_super(j, 0, *next);
	/* Before a block of the log is used again. */
	return err ? err : blk_flush(j->bd);
}

int journal_recover(struct ext4_sb *es)
{
	struct journal *j;
	tid_t next;
	int err;

	if (!(es->compat & EXT4_COMPAT_HAS_JOURNAL))
		return 0;
	j = journal_alloc(es);
	if (!j)
		return -ENOMEM;
	err = stage_open(j);
	if (!err)
		err = recover(j, &next);
	journal_free(j);
	return err;
}

/* How many blocks are a part of the memory that the machine has. */
static unsigned memory_share(const struct journal *j, unsigned part)
{
	uint64_t n = host_total_pages() / part * (PAGE_SIZE / j->block_size);

	return (unsigned)MIN(MAX(n, UINT64_C(256)), UINT64_C(1) << 16);
}

static int open_log(struct journal *j)
{
	tid_t next;
	int err = recover(j, &next);

	if (err)
		return err;
	j->has_log = true;
	j->next_tid = next;
	j->committed = next - 1;
	j->head = j->first;
	j->free = j->end - j->first - 1;
	j->max_tx = MIN(j->free / 4, j->max_tx);
	return 0;
}

int journal_open(struct ext4_sb *es)
{
	struct journal *j = journal_alloc(es);
	char name[24];
	int err;

	if (!j)
		return -ENOMEM;
	err = stage_open(j);
	j->sort = kmalloc(SORT_MAX * sizeof(*j->sort), GFP_KERNEL);
	if (!err && !j->sort)
		err = -ENOMEM;
	/* All of one may be in memory only, and of another that commits. */
	j->max_tx = memory_share(j, 16);
	if (!err && es->compat & EXT4_COMPAT_HAS_JOURNAL)
		err = open_log(j);
	if (err)
		goto free_journal;
	j->max_places = memory_share(j, 8);
	snprintf(name, sizeof(name), "jbd/%s", j->bd->name);
	err = kthread_create(name, journal_thread, j, NULL);
	if (err)
		goto free_journal;
	es->handles = j;
	es->journal = j->has_log ? j : NULL;
	return 0;

free_journal:
	journal_free(j);
	return err;
}

int journal_close(struct ext4_sb *es)
{
	struct journal *j = es->handles;
	int err;

	if (!j)
		return 0;
	err = journal_pause(es);
	spin_lock(&j->lock);
	j->stop = true;
	wait_wake_all(&j->work);
	while (!j->stopped)
		wait_sleep(&j->commits, &j->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&j->lock);
	discard(j);
	es->handles = NULL;
	es->journal = NULL;
	journal_free(j);
	return err;
}
