/*
 * Making room in the log: what was committed is written to its place, then the
 * tail moves over it.
 *
 * Only a buffer that no later transaction has joined may be written: its
 * content is what was committed last. One that the running transaction has
 * must wait for that one's commit, which takes it over; so the worst that can
 * happen is one commit more.
 *
 *	places written | FLUSH | super block with the new tail | FLUSH
 *
 * Then, and not before, the log blocks between the old and the new tail may be
 * used again. Since this happens only when a good part of the log is used,
 * the two flushes are shared by many transactions.
 */
#include "fs/ext4/journal_impl.h"

/* The oldest transactions that are in their places leave the log. */
static int move_tail(struct journal *j, bool all)
{
	struct transaction *tx, *tail = NULL, *next;
	uint32_t freed = 0;
	int err;

	list_for_each_entry (tx, &j->logged, link) {
		tail = tx;
		if (!list_empty(&tx->places))
			break;
		freed += tx->log_blocks;
		tail = NULL;
	}
	if (!freed && !(all && !tail && !j->empty_on_disk))
		return 0;
	err = blk_flush(j->bd);
	if (err)
		return err;
	if (tail)
		err = journal_write_super(j, tail->log_start, tail->tid);
	else if (all)
		err = journal_write_super(j, 0, j->committed + 1);
	else
		err = journal_write_super(j, j->head, j->committed + 1);
	if (!err)
		err = blk_flush(j->bd);
	if (err)
		return err;
	list_for_each_entry_safe (tx, next, &j->logged, link) {
		if (tx == tail)
			break;
		spin_lock(&j->lock);
		list_del(&tx->link);
		j->free += tx->log_blocks;
		spin_unlock(&j->lock);
		journal_tx_free(tx);
	}
	spin_lock(&j->lock);
	wait_wake_all(&j->room);
	spin_unlock(&j->lock);
	return 1;
}

/* Buffers that may be written, with a reference each, up to SORT_MAX, of the
 * oldest transactions first. */
static unsigned gather(struct journal *j)
{
	struct transaction *tx;
	unsigned n = 0;
	struct jbuf *jb;

	spin_lock(&j->lock);
	list_for_each_entry (tx, &j->logged, link) {
		list_for_each_entry (jb, &tx->places, place_link) {
			if (n == SORT_MAX)
				break;
			if (jb->tx)
				continue;
			buf_get(jb->bp);
			j->sort[n++] = jb;
		}
	}
	spin_unlock(&j->lock);
	return n;
}

int journal_checkpoint(struct journal *j, bool all)
{
	unsigned n;
	int err;

	if (!j->has_log)
		return 0;
	n = gather(j);
	err = journal_write_places(j, NULL, j->sort, n);
	if (err)
		return err;
	if (all && n == SORT_MAX)
		return 1;
	err = move_tail(j, all);
	return err < 0 ? err : err || n;
}
