/*
 * From dirty pages to the disk.
 *
 * Dirty pages that follow each other make a run. Its blocks are looked up in
 * the file's map; those that have no place yet get one, in memory only, right
 * behind what comes before them in the file. All is written in requests as
 * large as the disk takes, and waited for. Then, piece by piece, a handle makes
 * the new blocks part of the file and moves its size on the disk. So what a
 * crash leaves is the old file or the new one, never a block with something
 * else in it. Blocks that had a place are just written.
 *
 * From being taken to the end of all this the pages are PG_WRITEBACK: nobody
 * changes or removes them, so their state (data.h) is ours and the map cannot
 * lose the blocks that we write to.
 *
 * What cannot be written is given up after its error was noted: the page stays
 * as it is in memory, but is not dirty any more. Memory that runs out is waited
 * for, and a small output area is kept for that case.
 */
#include "fs/ext4/data.h"
#include "fs/writeback.h"

#define RUN_PAGES  256u
#define FEW_PAGES  16u /* of the area that is kept */
#define PIECES     16u
#define REQUESTS   16u
#define TRIES      64u /* for memory, RETRY_MS apart */
#define RETRY_MS   10u

/* Blocks of the file that lie side by side, there and on the disk. */
struct piece {
	uint64_t block;
	uint32_t lblk, len;
	uint32_t promised;       /* blocks whose promise ends with it */
	enum ext4_run_kind kind; /* when it was looked up */
	int err;
};

struct out;

struct out_request {
	struct blk_request rq;
	struct out *out;
	unsigned first_piece, last_piece;
	unsigned first_seg;
	uint32_t bytes;
};

/* One call's writing. */
struct out {
	struct ext4_sb *es;
	struct inode *ip;
	unsigned shift; /* log2 of blocks in a page */
	unsigned max_pages;
	bool kept;      /* it is the small one */
	struct flight flight;

	/* The run. */
	uint64_t first;  /* page number */
	unsigned n;      /* pages */
	uint64_t end;    /* bytes of the file that count */
	uint32_t next;   /* block of the file that comes next */
	struct page **pages;
	uint8_t *todo;   /* of each page: blocks that were dirty */
	int err;         /* the first one */

	/* What is on its way. */
	struct spinlock lock;
	struct wait_queue queue;
	unsigned pending; /* [lock] requests */
	unsigned n_pieces, n_rqs, n_segs;
	struct out_request *open; /* being put together */
	uint64_t next_block;      /* on the disk, that open could take */
	struct blk_seg *segs;
	struct piece pieces[PIECES];
	struct out_request rqs[REQUESTS];
};

/* ---- promises ---- */

/* The blocks that the map may need for n blocks in the worst order. */
static uint32_t metadata_for(const struct inode *ip, uint32_t n)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);

	if (!n)
		return 0;
	/* A leaf that is split leaves halves; and the nodes above. */
	if (ip->flags & EXT4_FL_EXTENTS)
		return 5 + (uint32_t)((uint64_t)n * 3 /
				      ((es->block_size - 12) / 12));
	/* Each in a table of its own, and that in one of its own. */
	return 3 + 2 * n;
}

int ext4_data_reserve(struct inode *ip, uint32_t n)
{
	uint32_t old = __atomic_load_n(&ip->promised, __ATOMIC_RELAXED), more;
	int err;

	for (;;) {
		if (old + n < old)
			return -ENOSPC;
		more = n + metadata_for(ip, old + n) - metadata_for(ip, old);
		err = ext4_reserve(ext4_sb(ip->sb), more);
		if (err)
			return err;
		if (__atomic_compare_exchange_n(&ip->promised, &old, old + n,
						false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return 0;
		ext4_unreserve(ext4_sb(ip->sb), more);
	}
}

void ext4_data_release(struct inode *ip, uint32_t n, uint32_t used)
{
	uint32_t old;

	if (!n)
		return;
	old = __atomic_fetch_sub(&ip->promised, n, __ATOMIC_RELAXED);
	KASSERT(old >= n && n >= used);
	ext4_unreserve(ext4_sb(ip->sb), n - used + metadata_for(ip, old) -
						metadata_for(ip, old - n));
}

void ext4_page_drop_blocks(struct inode *ip, struct page *pg, unsigned blocks)
{
	unsigned promised = state_get(pg, STATE_RESERVED) & blocks;

	state_clear(pg, STATE_DIRTY, blocks);
	state_clear(pg, STATE_RESERVED, blocks);
	state_clear(pg, STATE_THERE, blocks);
	ext4_data_release(ip, popcount32(promised), 0);
}

__attribute__((cold))
void ext4_discard(struct mapping *m, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ext4_page_drop_blocks(m->inode, pages[i], 15);
}

/* ---- the output area ---- */

static struct mutex kept_lock;
static struct out kept_out; /* [kept_lock] */
static struct page *kept_pages[FEW_PAGES];
static uint8_t kept_todo[FEW_PAGES];
static struct blk_seg kept_segs[FEW_PAGES + PIECES];
static uint32_t kept_ready; /* atomic: 0, 1 (being made), 2 */

static void kept_init(void)
{
	uint32_t none = 0;

	if (__atomic_compare_exchange_n(&kept_ready, &none, 1, false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		mutex_init(&kept_lock, "ext4_output", RANK_VMSPACE);
		__atomic_store_n(&kept_ready, 2, __ATOMIC_RELEASE);
	}
	while (__atomic_load_n(&kept_ready, __ATOMIC_ACQUIRE) != 2)
		resched_point();
}

static struct out *out_alloc(struct inode *ip, unsigned pages)
{
	struct out *o;

	pages = MIN(MAX(pages, FEW_PAGES), RUN_PAGES);
	o = kmalloc(sizeof(*o) + (pages + PIECES) * sizeof(o->segs[0]) +
			    pages * (sizeof(o->pages[0]) + 1),
		    GFP_NOFS | GFP_RESERVE);
	if (o) {
		o->kept = false;
		o->segs = (struct blk_seg *)(o + 1);
		o->pages = (struct page **)(o->segs + pages + PIECES);
		o->todo = (uint8_t *)(o->pages + pages);
	} else {
		kept_init();
		mutex_lock(&kept_lock);
		o = &kept_out;
		o->kept = true;
		o->segs = kept_segs;
		o->pages = kept_pages;
		o->todo = kept_todo;
		pages = FEW_PAGES;
	}
	o->es = ext4_sb(ip->sb);
	o->ip = ip;
	o->shift = page_block_shift(o->es);
	o->max_pages = pages;
	o->err = 0;
	o->pending = 0;
	o->n_pieces = 0;
	o->n_rqs = 0;
	o->n_segs = 0;
	o->open = NULL;
	spin_init(&o->lock, "ext4_output", RANK_TTY);
	wait_queue_init(&o->queue);
	return o;
}

static void out_free(struct out *o)
{
	if (o->kept)
		mutex_unlock(&kept_lock);
	else
		kfree(o);
}

/* Shall what failed with err be tried again? Waits a little, then. */
static bool out_retry(int err, unsigned *tries)
{
	if (err != -ENOMEM || ++*tries > TRIES)
		return false;
	thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
	thread_sleep(time_now() + RETRY_MS * NSEC_PER_MSEC);
	return true;
}

/* ---- requests ---- */

/* From an interrupt handler. */
static void request_done(struct blk_request *rq)
{
	struct out_request *r = container_of(rq, struct out_request, rq);
	struct out *o = r->out;

	spin_lock(&o->lock);
	for (unsigned i = r->first_piece; rq->err && i <= r->last_piece; i++)
		o->pieces[i].err = rq->err;
	if (!--o->pending)
		wait_wake_all(&o->queue);
	spin_unlock(&o->lock);
}

static void request_submit(struct out *o)
{
	struct blkdev *bd = o->es->sb->bdev;
	struct out_request *r = o->open;

	if (!r)
		return;
	o->open = NULL;
	spin_lock(&o->lock);
	o->pending++;
	spin_unlock(&o->lock);
	r->rq.segs = &o->segs[r->first_seg];
	blk_submit(bd, &r->rq);
}

/* Everything is on the disk (or has failed); segments are free again. */
static void requests_wait(struct out *o)
{
	request_submit(o);
	spin_lock(&o->lock);
	while (o->pending)
		wait_sleep(&o->queue, &o->lock, WAIT_UNINTERRUPTIBLE,
			   WAIT_FOREVER);
	spin_unlock(&o->lock);
	o->n_rqs = 0;
	o->n_segs = 0;
}

static void request_open(struct out *o, uint64_t block)
{
	struct out_request *r;

	request_submit(o);
	if (o->n_rqs == REQUESTS || o->n_segs == o->max_pages + PIECES)
		requests_wait(o);
	r = &o->rqs[o->n_rqs++];
	memset(&r->rq, 0, sizeof(r->rq));
	r->rq.op = BLK_WRITE;
	r->rq.sector = block << (o->es->block_bits - 9);
	r->rq.done = request_done;
	r->out = o;
	r->first_piece = o->n_pieces - 1;
	r->first_seg = o->n_segs;
	r->bytes = 0;
	o->open = r;
	o->next_block = block;
}

/* Adds len bytes at va, whose place is `block`, to the last piece's. */
static void request_add(struct out *o, uint64_t block, char *va, uint32_t len)
{
	const struct blkdev *bd = o->es->sb->bdev;
	struct out_request *r = o->open;
	struct blk_seg *s = NULL;

	if (r && r->rq.nsegs)
		s = &o->segs[o->n_segs - 1];
	if (!r || block != o->next_block || len > bd->max_bytes - r->bytes ||
	    ((!s || (char *)s->va + s->len != va) &&
	     (r->rq.nsegs == bd->max_segs ||
	      o->n_segs == o->max_pages + PIECES))) {
		request_open(o, block);
		r = o->open;
		s = NULL;
	}
	if (s && (char *)s->va + s->len == va) {
		s->len += len;
	} else {
		s = &o->segs[o->n_segs++];
		s->va = va;
		s->len = len;
		r->rq.nsegs++;
	}
	r->last_piece = o->n_pieces - 1;
	r->bytes += len;
	o->next_block += len >> o->es->block_bits;
}

/* ---- pieces ---- */

static inline struct page *page_of(const struct out *o, uint32_t lblk,
				   unsigned *i, unsigned *bit)
{
	*i = (unsigned)((lblk >> o->shift) - o->first);
	*bit = 1u << (lblk & ((1u << o->shift) - 1));
	return o->pages[*i];
}

static bool block_promised(const struct out *o, uint32_t lblk)
{
	unsigned i, bit;
	struct page *pg = page_of(o, lblk, &i, &bit);

	return state_get(pg, STATE_RESERVED) & bit;
}

/* Are lblk, and the blocks behind it in its page, to be written, promised as
 * said? How many of them, from lblk on. */
static uint32_t blocks_alike(const struct out *o, uint32_t lblk, bool promised)
{
	uint32_t in = lblk & ((1u << o->shift) - 1);
	unsigned i = (unsigned)((lblk >> o->shift) - o->first);
	unsigned yes = state_get(o->pages[i], STATE_RESERVED);

	yes = (o->todo[i] & (promised ? yes : ~yes)) >> in;
	if (!o->shift)
		return yes & 1;
	return ctz32(~yes);
}

/* The end of the run in blocks. */
static uint32_t run_end(const struct out *o)
{
	return (uint32_t)((o->first + o->n) << o->shift);
}

/* The next blocks to write, [lblk, lblk + len), all promised or none. */
static bool next_blocks(struct out *o, uint32_t *lblk, uint32_t *len)
{
	uint32_t end = run_end(o), at = o->next, n;
	bool promised = true;

	for (; at < end; at++) {
		promised = block_promised(o, at);
		if (blocks_alike(o, at, promised))
			break;
	}
	if (at == end)
		return false;
	*lblk = at;
	do {
		n = blocks_alike(o, at, promised);
		at += n;
		/* Did it go on to the end of the page? */
	} while (n && at < end && !(at & ((1u << o->shift) - 1)));
	*len = at - *lblk;
	return true;
}

uint64_t ext4_data_goal(struct inode *ip, uint32_t lblk)
{
	struct ext4_run run;

	if (!lblk || !ip->blocks ||
	    ext4_map(ip, (uint64_t)lblk - 1, 1, &run) ||
	    run.kind == EXT4_RUN_HOLE)
		return 0;
	return run.block + 1;
}

/* Where the last piece ends, if lblk comes right behind it. */
static uint64_t piece_goal(struct out *o, uint32_t lblk)
{
	if (o->n_pieces) {
		const struct piece *p = &o->pieces[o->n_pieces - 1];

		if (p->lblk + p->len == lblk)
			return p->block + p->len;
	}
	return ext4_data_goal(o->ip, lblk);
}

/* A place for blocks that have none. */
static int piece_claim(struct out *o, struct piece *p, bool promised)
{
	uint32_t want = MIN(p->len, ext4_map_max_run(o->ip));
	uint64_t goal = piece_goal(o, p->lblk);
	unsigned tries = 0;
	int err;

	do {
		err = ext4_claim(o->es, o->ip, goal, want, promised, &p->block,
				 &p->len);
	} while (out_retry(err, &tries));
	return err;
}

/* Ends the promises of a piece and says what its pages have from now on. */
static void piece_done(struct out *o, const struct piece *p, bool claimed)
{
	for (uint32_t at = p->lblk; at < p->lblk + p->len;) {
		uint32_t in = at & ((1u << o->shift) - 1), n;
		struct page *pg = o->pages[(at >> o->shift) - o->first];
		unsigned blocks;

		n = MIN(p->lblk + p->len - at, (1u << o->shift) - in);
		blocks = ((1u << n) - 1) << in;
		state_clear(pg, STATE_RESERVED, blocks);
		if (!p->err)
			state_set(pg, STATE_THERE, blocks);
		at += n;
	}
	ext4_data_release(o->ip, p->promised, claimed ? p->promised : 0);
	if (!p->err)
		return;
	/* Maybe nobody has it open who could be told. */
	ext4_message(o->es, "inode %llu: its data from block %u on is lost (%d)",
		     (unsigned long long)o->ip->ino, p->lblk, p->err);
	writeback_set_error(&o->ip->mapping, p->err);
	if (!o->err)
		o->err = p->err;
}

/* Looks up and places the next blocks, and puts them into requests. */
static void piece_make(struct out *o, uint32_t lblk, uint32_t len)
{
	bool promised = block_promised(o, lblk), claimed = false;
	struct piece *p = &o->pieces[o->n_pieces];
	struct ext4_run run;
	unsigned tries = 0;
	int err;

	p->lblk = lblk;
	p->len = len;
	p->block = 0;
	p->kind = EXT4_RUN_HOLE;
	do {
		err = o->ip->blocks ? ext4_map(o->ip, lblk, len, &run) : 0;
	} while (out_retry(err, &tries));
	if (!err && o->ip->blocks) {
		p->kind = run.kind;
		p->len = MIN(len, run.len);
		p->block = run.block;
	}
	if (!err && p->kind == EXT4_RUN_HOLE) {
		p->block = 0;
		err = piece_claim(o, p, promised);
		claimed = !err;
		if (err)
			p->len = len;
	}
	p->promised = promised ? p->len : 0;
	p->err = err;
	o->next = lblk + p->len;
	if (err) {
		piece_done(o, p, claimed);
		return;
	}
	o->n_pieces++;
	for (uint32_t at = 0; at < p->len;) {
		unsigned i, bit, in;
		struct page *pg = page_of(o, p->lblk + at, &i, &bit);
		uint32_t n;

		in = (p->lblk + at) & ((1u << o->shift) - 1);
		n = MIN(p->len - at, (1u << o->shift) - in);
		request_add(o, p->block + at,
			    (char *)page_to_va(pg) +
				    ((size_t)in << o->es->block_bits),
			    n << o->es->block_bits);
		at += n;
	}
}

/* ---- making it part of the file ---- */

/* Room in h for one more piece. */
static int piece_handle(struct out *o, struct handle *h, bool *open,
			unsigned credits)
{
	unsigned tries = 0;
	int err;

	if (*open) {
		err = handle_extend(h, credits);
		if (err != -EAGAIN)
			return err;
		err = handle_restart(h, credits);
		*open = !err;
		return err;
	}
	do {
		err = handle_start(o->es, h, credits);
	} while (out_retry(err, &tries));
	*open = !err;
	return err;
}

/* The piece is on the disk: now the file has it. map_lock is held. */
static int piece_insert(struct out *o, struct handle *h, struct piece *p)
{
	struct inode *ip = o->ip;
	unsigned tries = 0;
	int err;

	switch (p->kind) {
	case EXT4_RUN_HOLE:
		do {
			err = ext4_claim_commit(h, p->block, p->len);
		} while (out_retry(err, &tries));
		if (err) {
			ext4_unclaim(o->es, p->block, p->len);
			return err;
		}
		do {
			err = ext4_map_insert(h, ip, p->lblk, p->block, p->len,
					      false);
		} while (out_retry(err, &tries));
		if (err)
			ext4_free_blocks(h, ip, p->block, p->len, false);
		return err;
	case EXT4_RUN_UNWRITTEN:
		do {
			err = ext4_map_convert(h, ip, p->lblk, p->len);
		} while (out_retry(err, &tries));
		return err;
	default:
		return ext4_inode_dirty(h, ip, true);
	}
}

static int piece_commit(struct out *o, struct handle *h, bool *open,
			struct piece *p)
{
	struct ext4_inode_info *info = ext4_info(o->ip);
	uint64_t end = ((uint64_t)p->lblk + p->len) << o->es->block_bits, was;
	unsigned credits = ext4_map_credits(o->ip, 1) + EXT4_CREDITS_ALLOC + 1;
	int err;

	end = MIN(end, o->end);
	if (p->kind == EXT4_RUN_MAPPED && end <= READ_ONCE(info->disk_size))
		return 0;
	err = piece_handle(o, h, open, credits);
	if (err) {
		if (p->kind == EXT4_RUN_HOLE)
			ext4_unclaim(o->es, p->block, p->len);
		return err;
	}
	do {
		rwsem_write_lock(&info->map_lock);
		/* The inode goes into its table with the change of the map. */
		was = info->disk_size;
		info->disk_size = MAX(was, end);
		__atomic_store_n(&o->ip->dirty_attr, 0, __ATOMIC_RELAXED);
		err = piece_insert(o, h, p);
		if (err && err != -EAGAIN) {
			info->disk_size = was;
			writeback_attr(o->ip);
		}
		rwsem_write_unlock(&info->map_lock);
		if (err != -EAGAIN)
			return err;
		err = handle_restart(h, credits);
		*open = !err;
	} while (!err);
	return err;
}

/* All requests are done: commits the pieces one after the other. */
static void pieces_commit(struct out *o)
{
	struct handle h;
	bool open = false;

	for (unsigned i = 0; i < o->n_pieces; i++) {
		struct piece *p = &o->pieces[i];

		if (!p->err)
			p->err = piece_commit(o, &h, &open, p);
		else if (p->kind == EXT4_RUN_HOLE)
			ext4_unclaim(o->es, p->block, p->len);
	}
	if (open)
		handle_stop(&h);
	/* The pages last: a promise for metadata holds until here. */
	for (unsigned i = 0; i < o->n_pieces; i++)
		piece_done(o, &o->pieces[i],
			   o->pieces[i].kind == EXT4_RUN_HOLE);
	o->n_pieces = 0;
}

/* ---- runs ---- */

/* The pages are locked: which blocks are to be written, and what else. */
static void run_begin(struct out *o)
{
	uint64_t size = (uint64_t)READ_ONCE(o->ip->size);

	o->end = MIN(size, (o->first + o->n) << PAGE_SHIFT);
	o->next = (uint32_t)(o->first << o->shift);
	for (unsigned i = 0; i < o->n; i++) {
		struct page *pg = o->pages[i];
		uint64_t at = (o->first + i) << PAGE_SHIFT;
		unsigned dirty = state_get(pg, STATE_DIRTY), keep = 0;

		if (at + PAGE_SIZE <= size) {
			keep = 15;
		} else if (at < size) {
			unsigned in = (unsigned)(size - at);

			/* A mapping may have been written to behind the end. */
			memset((char *)page_to_va(pg) + in, 0, PAGE_SIZE - in);
			keep = page_blocks(o->es, 0, in);
		}
		state_clear(pg, STATE_DIRTY, 15);
		o->todo[i] = (uint8_t)(dirty & keep);
		if (dirty & ~keep)
			ext4_page_drop_blocks(o->ip, pg, dirty & ~keep);
	}
}

/* Nothing of the run can be written. */
static void run_fail(struct out *o, int err)
{
	uint32_t lblk, len;

	while (next_blocks(o, &lblk, &len)) {
		struct piece p = { .lblk = lblk, .len = len, .err = err };

		p.promised = block_promised(o, lblk) ? len : 0;
		piece_done(o, &p, false);
		o->next = lblk + len;
	}
}

static void note_written(struct out *o)
{
	struct ext4_inode_info *info = ext4_info(o->ip);
	uint32_t mark = blk_flush_mark(o->es->sb->bdev);
	uint32_t old = __atomic_load_n(&info->flush_mark, __ATOMIC_RELAXED);

	while ((int32_t)(mark - old) > 0 &&
	       !__atomic_compare_exchange_n(&info->flush_mark, &old, mark,
					    false, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED))
		;
	__atomic_store_n(&info->unflushed, 1, __ATOMIC_RELEASE);
}

/* Pages o->pages[0..n) from o->first on are locked. */
static void run_write(struct out *o)
{
	struct mapping *m = &o->ip->mapping;
	uint32_t lblk, len;

	run_begin(o);
	writeback_take(m, o->pages, o->n);
	if (ext4_writing_ended(o->es))
		run_fail(o, -EIO);
	while (next_blocks(o, &lblk, &len)) {
		piece_make(o, lblk, len);
		if (o->n_pieces < PIECES)
			continue;
		requests_wait(o);
		note_written(o);
		pieces_commit(o);
	}
	if (o->n_pieces) {
		requests_wait(o);
		note_written(o);
		pieces_commit(o);
	}
	writeback_end(m, o->pages, o->n);
}

static int write_range(struct inode *ip, uint64_t first, uint64_t last)
{
	struct mapping *m = &ip->mapping;
	uint64_t n = READ_ONCE(m->n_dirty);
	struct out *o;
	int err;

	if (!n)
		return 0;
	/* Somebody who appends is not followed page by page. */
	last = MIN(last, (uint64_t)READ_ONCE(ip->size) >> PAGE_SHIFT);
	o = out_alloc(ip, (unsigned)MIN(n, (uint64_t)RUN_PAGES));
	flight_begin(m, &o->flight, first, last);
	while (first <= last &&
	       (o->n = writeback_lock(m, &first, last, o->pages,
				      o->max_pages))) {
		o->first = first;
		run_write(o);
		first += o->n;
		resched_point();
	}
	flight_end(m, &o->flight);
	err = o->err;
	out_free(o);
	return err;
}

int ext4_write_pages(struct mapping *m, uint64_t first, uint64_t last,
		     bool wait)
{
	struct inode *ip = m->inode;
	int err;

	if (!wait) {
		if (READ_ONCE(m->n_dirty))
			writeback_start(ip->sb);
		return 0;
	}
	err = write_range(ip, first, last);
	/* And what others are just writing. */
	flight_wait(m, first, last);
	return err;
}
