/*
 * Writing into files: from the caller's memory, or through a mapping, into
 * pages of the cache. Nothing here goes to the disk; but what it will take
 * there is promised before anything is changed, so a full disk is told to the
 * one who writes.
 *
 * A write goes in batches of pages that are locked together. The caller's
 * memory is copied without faulting: it may be a mapping of these very pages.
 * When that falls short, all is let go, the memory is faulted in, and the rest
 * is tried again. A page that is not covered whole is read first, unless it
 * lies behind the end of the file.
 */
#include "fs/ext4/data.h"
#include "fs/writeback.h"

#define FAULT_TRIES 16u
#define ROOM_TRIES  3u

struct batch {
	struct page *pages[PAGECACHE_GRAB_MAX];
	uint8_t touched[PAGECACHE_GRAB_MAX]; /* blocks that are written to */
	uint8_t fresh[PAGECACHE_GRAB_MAX];   /* of these, promised just now */
	unsigned n;
	uint64_t first; /* page number */
	unsigned off;   /* where in the first page it begins */
	size_t len;     /* bytes */
	bool careful;   /* the caller's memory may end in the middle of a page,
			 * so none is overwritten without having been read */
	size_t missing; /* how far behind the uio's place its memory ends */
};

/* Where in page i of the batch it begins and ends. */
static inline void batch_part(const struct batch *b, unsigned i, unsigned *from,
			      unsigned *to)
{
	size_t end = b->off + b->len - ((size_t)i << PAGE_SHIFT);

	*from = i ? 0 : b->off;
	*to = (unsigned)MIN(end, (size_t)PAGE_SIZE);
}

static void batch_unlock(struct batch *b)
{
	for (unsigned i = 0; i < b->n; i++) {
		page_unlock(b->pages[i]);
		page_put(b->pages[i]);
	}
	b->n = 0;
}

/* Does block lblk have a place? *run, what was looked up last, may tell. */
static int block_is_there(struct inode *ip, uint32_t lblk, uint32_t max,
			  struct ext4_run *run, uint32_t *run_lblk, bool *there)
{
	int err;

	if (lblk < *run_lblk || lblk - *run_lblk >= run->len) {
		err = ext4_map(ip, lblk, max, run);
		if (err)
			return err;
		*run_lblk = lblk;
	}
	*there = run->kind != EXT4_RUN_HOLE;
	return 0;
}

/*
 * Makes sure that every block that the batch touches has a place or a promise.
 * On error nothing has changed.
 */
static int batch_reserve(struct inode *ip, struct batch *b)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	unsigned shift = page_block_shift(es);
	uint32_t n = 0, run_lblk = 0;
	struct ext4_run run = { .len = 0 };
	/* A file without any block has none here. */
	bool empty = !READ_ONCE(ip->blocks);
	int err = 0;

	for (unsigned i = 0; i < b->n; i++) {
		struct page *pg = b->pages[i];
		unsigned from, to, lack;

		b->touched[i] = 1;
		if (shift) {
			batch_part(b, i, &from, &to);
			b->touched[i] = (uint8_t)page_blocks(es, from, to);
		}
		b->fresh[i] = 0;
		lack = b->touched[i] & ~(unsigned)(pg->value >> STATE_RESERVED |
						   pg->value >> STATE_THERE);
		if (lack && empty) {
			b->fresh[i] = (uint8_t)lack;
			n += shift ? popcount32(lack) : 1;
			continue;
		}
		while (lack) {
			unsigned k = ctz32(lack), at;
			bool there;

			at = (i << shift) + k;
			lack &= lack - 1;
			err = block_is_there(
				ip, (uint32_t)(b->first << shift) + at,
				(b->n << shift) - at, &run, &run_lblk, &there);
			if (err)
				return err;
			if (there) {
				state_set(pg, STATE_THERE, 1u << k);
			} else {
				b->fresh[i] |= (uint8_t)(1u << k);
				n++;
			}
		}
	}
	if (n)
		err = ext4_data_reserve(ip, n);
	if (err)
		return err;
	for (unsigned i = 0; n && i < b->n; i++)
		state_set(b->pages[i], STATE_RESERVED, b->fresh[i]);
	return 0;
}

/* Promises for blocks of page i that `used` has not are taken back. */
static uint32_t batch_unused(struct batch *b, unsigned i, unsigned used)
{
	unsigned back = b->fresh[i] & ~used;

	if (!back)
		return 0;
	state_clear(b->pages[i], STATE_RESERVED, back);
	return popcount32(back);
}

/* Must the page be read, before [from, to) of it is written? */
static bool must_read(const struct batch *b, uint64_t index, unsigned from,
		      unsigned to, uint64_t size)
{
	uint64_t start = index << PAGE_SHIFT;

	if (start >= size)
		return false;
	if (!from && (to == PAGE_SIZE || start + to >= size))
		return b->careful;
	return true;
}

static int page_read_in(struct inode *ip, uint64_t index)
{
	struct page *pg;
	int err = pagecache_get(&ip->mapping, index, &pg);

	if (!err)
		page_put(pg);
	return err;
}

/* The pages of the batch, locked and ready to be written to; b->len becomes
 * less when there are fewer. */
static int batch_lock(struct inode *ip, struct batch *b)
{
	uint64_t size = (uint64_t)ip->size;
	unsigned from, to, n;
	int got, err;

again:
	n = (unsigned)((b->off + b->len + PAGE_SIZE - 1) >> PAGE_SHIFT);
	for (unsigned i = 0; i < n; i += MAX(n - 1, 1u)) {
		batch_part(b, i, &from, &to);
		if (!must_read(b, b->first + i, from, to, size))
			continue;
		err = page_read_in(ip, b->first + i);
		if (err)
			return err;
	}
	got = pagecache_grab_range(&ip->mapping, b->first, n, b->pages);
	if (got < 0)
		return got;
	b->n = (unsigned)got;
	b->len = MIN(b->len, ((size_t)b->n << PAGE_SHIFT) - b->off);
	for (unsigned i = 0; i < b->n; i++) {
		struct page *pg = b->pages[i];

		page_wait_writeback(pg);
		batch_part(b, i, &from, &to);
		if (!page_test(pg, PG_UPTODATE) &&
		    must_read(b, b->first + i, from, to, size)) {
			/* It was given back meanwhile. */
			batch_unlock(b);
			goto again;
		}
	}
	return 0;
}

/* Copies into page i: bytes. Short: the caller's memory is not there. */
static unsigned batch_copy(struct batch *b, unsigned i, struct uio *u,
			   unsigned *used)
{
	struct page *pg = b->pages[i];
	char *va = page_to_va(pg);
	unsigned from, to, c, want;

	batch_part(b, i, &from, &to);
	want = to - from;
	if (page_test(pg, PG_UPTODATE)) {
		c = (unsigned)uio_copy_from_nofault(u, va + from, to - from);
	} else {
		/* Nobody may see half of it: zeroes around are right behind the
		 * end of the file only. */
		struct uio before = *u;

		c = (unsigned)uio_copy_from_nofault(u, va + from, to - from);
		if (c < to - from &&
		    (!c || must_read(b, b->first + i, from, from + c,
				     (uint64_t)pg->mapping->inode->size))) {
			*u = before;
			b->missing = c;
			*used = 0;
			return 0;
		}
		to = from + c;
		if (from)
			memset(va, 0, from);
		if (to < PAGE_SIZE)
			memset(va + to, 0, PAGE_SIZE - to);
	}
	*used = b->touched[i];
	if (c < want)
		*used = c ? page_blocks(ext4_sb(pg->mapping->inode->sb), from,
					from + c)
			  : 0;
	state_set(pg, STATE_DIRTY, *used);
	/* It may have been executed: not this content. */
	if (page_test(pg, PG_ICACHE))
		page_clear_bits(pg, PG_ICACHE);
	return c;
}

/*
 * Writes what fits into one batch of up to max pages: bytes, or an error. 0:
 * the caller's memory has to be faulted in, *missing bytes from u's place on.
 */
static ssize_t write_batch(struct inode *ip, struct uio *u, off_t pos,
			   unsigned max, bool careful, size_t *missing)
{
	struct batch b;
	unsigned done = 0, dirty = 0;
	uint32_t back = 0;
	bool stop;
	int err;

	b.first = (uint64_t)pos >> PAGE_SHIFT;
	b.off = (unsigned)((uint64_t)pos & PAGE_MASK);
	b.careful = careful;
	b.len = MIN(u->resid, ((size_t)max << PAGE_SHIFT) - b.off);
	b.missing = 0;
	err = batch_lock(ip, &b);
	if (err)
		return err;
	err = batch_reserve(ip, &b);
	stop = err;
	for (unsigned i = 0; !err && i < b.n; i++) {
		unsigned used = 0, from, to, c;

		if (!stop) {
			batch_part(&b, i, &from, &to);
			c = batch_copy(&b, i, u, &used);
			done += c;
			if (used)
				dirty = i + 1;
			stop = c < to - from;
		}
		back += batch_unused(&b, i, used);
	}
	if (dirty)
		writeback_dirty(&ip->mapping, b.pages, dirty);
	if (back)
		ext4_data_release(ip, back, 0);
	/* Before somebody may write them out: what is behind the end is not. */
	if (done && pos + (off_t)done > ip->size)
		__atomic_store_n(&ip->size, pos + (off_t)done,
				 __ATOMIC_RELEASE);
	for (unsigned i = dirty; i < b.n; i++) {
		/* A page behind the end would stay there for nobody. */
		if (!page_test(b.pages[i], PG_UPTODATE) &&
		    (off_t)((b.first + i) << PAGE_SHIFT) >= ip->size)
			pagecache_remove(&ip->mapping, b.pages[i]);
	}
	batch_unlock(&b);
	*missing = b.missing;
	return err ? err : (ssize_t)done;
}

ssize_t ext4_write_batch(struct inode *ip, struct uio *u, off_t pos)
{
	size_t missing;

	return write_batch(ip, u, pos, 1, false, &missing);
}

void ext4_make_room(struct inode *ip)
{
	writeback_sync(ip->sb);
}

static int write_all(struct inode *ip, struct uio *u, off_t *pos, ssize_t *done)
{
	unsigned max = PAGECACHE_GRAB_MAX, faults = 0, rooms = 0;
	unsigned tries = 0;
	bool careful = false;
	size_t missing;

	while (u->resid) {
		ssize_t n = write_batch(ip, u, *pos, careful ? 1 : max,
					careful, &missing);
		int err;

		if (n > 0) {
			*pos += n;
			*done += n;
			faults = 0;
			careful = false;
			err = writeback_throttle(ip->sb);
			if (err || (u->resid && host_fatal_signal_pending()))
				return -EINTR;
			resched_point();
		} else if (!n) {
			struct uio at = *u;

			uio_advance(&at, missing);
			if (++faults > FAULT_TRIES)
				return -EFAULT;
			if (!uio_fault_in(&at, MIN(at.resid, (size_t)PAGE_SIZE),
					  false))
				continue;
			/* Up to there, it may be written. */
			if (careful || !missing)
				return -EFAULT;
			careful = true;
		} else if (n == -ENOSPC && rooms < ROOM_TRIES) {
			/* Then in small steps, to the last block. */
			if (rooms++)
				max = 1;
			ext4_make_room(ip);
		} else if (n == -ENOMEM && tries++ < 4 && max > 1) {
			max = 1;
			writeback_relieve();
		} else {
			return (int)n;
		}
	}
	return 0;
}

void ext4_touch_written(struct inode *ip)
{
	ip->mtime = vfs_now();
	ip->ctime = ip->mtime;
	inode_drop_set_id(ip);
	writeback_attr(ip);
}

/* Cuts a write at the size that this inode's map can have. */
static int limit_size(const struct inode *ip, struct uio *u, off_t pos)
{
	uint64_t max = ip->sb->max_file_size;

	if (!(ip->flags & EXT4_FL_EXTENTS))
		max = MIN(max, ext4_blockmap_max_size(ext4_sb(ip->sb)));
	if ((uint64_t)pos >= max)
		return u->resid ? -EFBIG : 0;
	u->resid = MIN(u->resid, max - (uint64_t)pos);
	return 0;
}

ssize_t ext4_file_write(struct file *f, struct uio *u, off_t *pos)
{
	struct inode *ip = f->inode;
	ssize_t done = 0;
	int err;

	rwsem_write_lock(&ip->lock);
	if (f->flags & O_APPEND)
		*pos = ip->size;
	err = ext4_want_write(ip);
	if (!err && ip->flags & EXT4_FL_IMMUTABLE)
		err = -EPERM;
	if (!err)
		err = limit_size(ip, u, *pos);
	if (!err && u->resid && *pos > ip->size)
		err = ext4_grow_from(ip);
	if (!err)
		err = write_all(ip, u, pos, &done);
	if (done)
		ext4_touch_written(ip);
	rwsem_write_unlock(&ip->lock);
	return done ? done : err;
}

int ext4_make_writable(struct mapping *m, struct page *pg)
{
	struct inode *ip = m->inode;
	uint64_t size = (uint64_t)READ_ONCE(ip->size);
	uint64_t at = pg->index << PAGE_SHIFT;
	struct batch b = { .n = 1, .first = pg->index };
	int err = ext4_want_write(ip);

	if (err)
		return err;
	if (at >= size)
		return -ENXIO;
	page_wait_writeback(pg);
	b.pages[0] = pg;
	b.len = MIN(PAGE_SIZE, size - at);
	err = batch_reserve(ip, &b);
	if (err)
		return err;
	state_set(pg, STATE_DIRTY, b.touched[0]);
	writeback_dirty(m, &pg, 1);
	ip->mtime = vfs_now();
	ip->ctime = ip->mtime;
	writeback_attr(ip);
	return 0;
}

/* ---- the end of a file moves ---- */

/*
 * The page that holds the byte at `from`, locked, if its blocks may hold
 * something: it is in memory, or (unless from begins a block) on the disk. NULL
 * in *out: neither.
 */
static int tail_page(struct inode *ip, uint64_t from, struct page **out)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	struct mapping *m = &ip->mapping;
	struct ext4_run run;
	int err;

	for (;;) {
		*out = pagecache_find(m, from >> PAGE_SHIFT);
		if (!*out || !page_test(*out, PG_UPTODATE)) {
			bool here = *out;

			if (here)
				page_put(*out);
			*out = NULL;
			run.kind = EXT4_RUN_HOLE;
			if (from & (es->block_size - 1)) {
				err = ext4_map(ip, from >> es->block_bits, 1,
					       &run);
				if (err)
					return err;
			}
			/* One that is there without content, somebody is
			 * about to read. */
			if (run.kind != EXT4_RUN_MAPPED && !here)
				return 0;
			err = pagecache_get(m, from >> PAGE_SHIFT, out);
			if (err == -ENXIO)
				return 0;
			if (err)
				return err;
		}
		page_lock(*out);
		if ((*out)->mapping == m && page_test(*out, PG_UPTODATE)) {
			page_wait_writeback(*out);
			return 0;
		}
		page_unlock(*out);
		page_put(*out);
	}
}

/* Zeroes a locked page from `off` on; does the disk have to hear of it? */
static bool tail_zero(struct inode *ip, struct page *pg, unsigned off)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	unsigned block = 1u << (off >> es->block_bits);

	if (!list_empty(&ip->mapping.regions))
		host_unmap_range(&ip->mapping, pg->index, pg->index, true);
	memset((char *)page_to_va(pg) + off, 0, PAGE_SIZE - off);
	if (page_test(pg, PG_ICACHE))
		page_clear_bits(pg, PG_ICACHE);
	if (!(off & (es->block_size - 1)))
		return false;
	if (!((state_get(pg, STATE_THERE) | state_get(pg, STATE_RESERVED)) &
	      block))
		return false; /* a hole */
	state_set(pg, STATE_DIRTY, block);
	writeback_dirty(&ip->mapping, &pg, 1);
	return state_get(pg, STATE_THERE) & block;
}

int ext4_grow_from(struct inode *ip)
{
	uint64_t size = (uint64_t)ip->size;
	unsigned off = (unsigned)(size & PAGE_MASK);
	struct page *pg;
	bool write;
	int err;

	if (!off)
		return 0;
	err = tail_page(ip, size, &pg);
	if (err || !pg)
		return err;
	write = tail_zero(ip, pg, off);
	page_unlock(pg);
	page_put(pg);
	/* What the disk has behind the end must not come to light. */
	if (write)
		err = ext4_write_pages(&ip->mapping, size >> PAGE_SHIFT,
				       size >> PAGE_SHIFT, true);
	return err;
}

int ext4_truncate_pages(struct inode *ip, off_t size)
{
	const struct ext4_sb *es = ext4_sb(ip->sb);
	struct mapping *m = &ip->mapping;
	unsigned off = (unsigned)((uint64_t)size & PAGE_MASK), first;
	struct page *pg = NULL;
	off_t old = ip->size;
	int err;

	if (size >= old) {
		err = size > old ? ext4_grow_from(ip) : 0;
		if (!err)
			__atomic_store_n(&ip->size, size, __ATOMIC_RELEASE);
		return err;
	}
	if (off) {
		err = tail_page(ip, (uint64_t)size, &pg);
		if (err)
			return err;
	}
	/* The size first: a fault that comes too late sees it. */
	__atomic_store_n(&ip->size, size, __ATOMIC_RELEASE);
	if (pg) {
		tail_zero(ip, pg, off);
		/* Blocks that lie behind the end will be gone. */
		first = (off + es->block_size - 1) >> es->block_bits;
		ext4_page_drop_blocks(ip, pg, 15u & ~((1u << first) - 1));
		page_unlock(pg);
		page_put(pg);
	}
	pagecache_truncate(m, div_round_up((uint64_t)size, PAGE_SIZE),
			   UINT64_MAX);
	return 0;
}
