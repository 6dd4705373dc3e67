/*
 * Stages: how the journal writes. Blocks are copied into a piece of memory,
 * and go to the disk from there in as few requests as their places allow, each
 * of them of up to 128 KiB; while one stage is on its way the other is filled.
 *
 * The copy costs a few hundred instructions for each block and buys that
 * nobody ever waits for the disk in order to change a buffer, and that blocks
 * which are scattered in memory make one segment.
 *
 * Only the journal's thread uses them (and mount, before it runs), so nothing
 * but the count of requests in flight needs a lock.
 */
#include "fs/ext4/journal_impl.h"

#ifndef STAGE_ORDER
#define STAGE_ORDER 5u /* 128 KiB */
#endif

int stage_open(struct journal *j)
{
	unsigned order = STAGE_ORDER;

	for (unsigned i = 0; i < 2; i++) {
		struct stage *s = &j->stages[i];
		struct page *pg = NULL;

		/* Both are of the size that the first one got. */
		while (!(pg = page_alloc(order, GFP_KERNEL, PAGE_KERNEL))) {
			if (i || (PAGE_SIZE << order) <= 4 * j->block_size)
				return -ENOMEM;
			order--;
		}
		s->j = j;
		s->mem = page_to_va(pg);
		j->stage_order = order;
		j->stage_blocks = (unsigned)((PAGE_SIZE << order) /
					     j->block_size);
		s->rqs = kzalloc(j->stage_blocks * sizeof(*s->rqs),
				 GFP_KERNEL);
		if (!s->rqs)
			return -ENOMEM;
	}
	return 0;
}

void stage_close(struct journal *j)
{
	for (unsigned i = 0; i < 2; i++) {
		struct stage *s = &j->stages[i];

		if (s->mem)
			page_free(va_to_page(s->mem), j->stage_order);
		kfree(s->rqs);
		s->mem = NULL;
		s->rqs = NULL;
	}
}

static void stage_done(struct blk_request *rq)
{
	struct stage *s = rq->arg;
	struct journal *j = s->j;

	spin_lock(&j->lock);
	if (rq->err && !s->err)
		s->err = rq->err;
	if (!--s->in_flight)
		wait_wake_all(&j->io);
	spin_unlock(&j->lock);
}

static void stage_send(struct journal *j, struct stage *s)
{
	unsigned n = s->n_rqs;

	spin_lock(&j->lock);
	s->in_flight += n;
	spin_unlock(&j->lock);
	for (unsigned i = 0; i < n; i++)
		blk_submit(j->bd, &s->rqs[i].rq);
}

static void stage_wait(struct journal *j, struct stage *s)
{
	spin_lock(&j->lock);
	while (s->in_flight)
		wait_sleep(&j->io, &j->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&j->lock);
	s->n = 0;
	s->n_rqs = 0;
}

void stage_next(struct journal *j)
{
	if (!j->stages[j->stage].n)
		return;
	stage_send(j, &j->stages[j->stage]);
	j->stage ^= 1;
	stage_wait(j, &j->stages[j->stage]);
}

unsigned stage_room(const struct journal *j)
{
	return j->stage_blocks - j->stages[j->stage].n;
}

void *stage_block(struct journal *j, uint64_t block)
{
	struct stage *s;
	struct stage_rq *r;
	char *va;

	if (!stage_room(j))
		stage_next(j);
	s = &j->stages[j->stage];
	va = s->mem + (size_t)s->n * j->block_size;
	r = s->n_rqs ? &s->rqs[s->n_rqs - 1] : NULL;
	if (r && block == s->next &&
	    r->seg.len + j->block_size <= j->bd->max_bytes) {
		r->seg.len += j->block_size;
	} else {
		r = &s->rqs[s->n_rqs++];
		memset(r, 0, sizeof(*r));
		r->seg.va = va;
		r->seg.len = j->block_size;
		r->rq.op = BLK_WRITE;
		r->rq.sector = block * (j->block_size / BLK_SECTOR);
		r->rq.segs = &r->seg;
		r->rq.nsegs = 1;
		r->rq.done = stage_done;
		r->rq.arg = s;
	}
	s->next = block + 1;
	s->n++;
	return va;
}

int stage_finish(struct journal *j)
{
	int err = 0;

	stage_next(j);
	for (unsigned i = 0; i < 2; i++) {
		struct stage *s = &j->stages[i];

		stage_wait(j, s);
		if (!err)
			err = s->err;
		s->err = 0;
	}
	return err;
}
