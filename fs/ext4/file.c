/*
 * Content of files: pages filled from the disk, and symbolic links.
 *
 * A call to fill n pages becomes as few requests as the disk's layout allows:
 * blocks that follow each other go into one, up to what the device takes. All
 * are under way before anybody waits. A page may need several (blocks smaller
 * than a page, or a file in pieces), so each page counts what it waits for,
 * and the last completion unlocks it. Holes, unwritten blocks and what lies
 * behind the end of the file are zeroes.
 */
#include "fs/ext4/data.h"

/* Requests of one call to read_pages, and the call itself, hold it. */
struct read_batch {
	int32_t refs;
	unsigned n;
	uint64_t size; /* of the file: beyond it there are zeroes */
	struct read_page {
		struct page *pg;
		int32_t pending;
		int32_t failed; /* 0 or an error */
	} pages[];
};

struct read_request {
	struct blk_request rq;
	struct read_batch *batch;
	unsigned first, last; /* pages that it fills a part of */
	uint32_t bytes;
	unsigned max_segs;
	uint64_t block;      /* on the disk, the first */
	uint64_t next_block; /* that could be added */
	struct blk_seg segs[];
};

/* One part of the page is there (or failed); the last one ends it. */
static void page_part_done(struct read_batch *b, unsigned i)
{
	struct read_page *p = &b->pages[i];
	uint64_t start = p->pg->index << PAGE_SHIFT;
	int err;

	if (__atomic_sub_fetch(&p->pending, 1, __ATOMIC_ACQ_REL))
		return;
	err = __atomic_load_n(&p->failed, __ATOMIC_RELAXED);
	if (err) {
		/* No memory says nothing about the disk: others may try. */
		if (err != -ENOMEM)
			page_set_bits(p->pg, PG_ERROR);
	} else {
		/* The disk may hold anything behind the end of the file. */
		if (start + PAGE_SIZE > b->size) {
			uint64_t keep = b->size > start ? b->size - start : 0;

			memset((char *)page_to_va(p->pg) + keep, 0,
			       PAGE_SIZE - keep);
		}
		page_clear_bits(p->pg, PG_ERROR);
		page_set_bits(p->pg, PG_UPTODATE);
	}
	page_unlock(p->pg);
}

static void batch_put(struct read_batch *b)
{
	if (!__atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		kfree(b);
}

/* From an interrupt handler. */
static void request_done(struct blk_request *rq)
{
	struct read_request *r = container_of(rq, struct read_request, rq);
	struct read_batch *b = r->batch;
	const struct inode *ip = b->pages[r->first].pg->mapping->inode;
	struct ext4_sb *es = ext4_sb(ip->sb);

	if (rq->err)
		ext4_message(es,
			     "inode %llu: cannot read block %llu or behind it "
			     "(data)",
			     (unsigned long long)ip->ino,
			     (unsigned long long)r->block);
	for (unsigned i = r->first; i <= r->last; i++) {
		if (rq->err)
			__atomic_store_n(&b->pages[i].failed, rq->err,
					 __ATOMIC_RELAXED);
		page_part_done(b, i);
	}
	kfree(r);
	batch_put(b);
}

static void request_submit(struct ext4_sb *es, struct read_request *r)
{
	struct blkdev *bd = es->sb->bdev;

	if (r)
		blk_submit(bd, &r->rq);
}

static struct read_request *request_alloc(struct ext4_sb *es,
					  struct read_batch *b, unsigned page,
					  uint64_t block)
{
	/* At worst each block of what is left is a piece of its own. */
	uint64_t segs = (uint64_t)(b->n - page)
			<< (PAGE_SHIFT - es->block_bits);
	struct read_request *r;

	segs = MIN(segs, (uint64_t)es->sb->bdev->max_segs);
	r = kmalloc(sizeof(*r) + segs * sizeof(r->segs[0]),
		    GFP_NOFS | GFP_ZERO);
	if (!r)
		return NULL;
	r->batch = b;
	r->first = page;
	r->last = page;
	r->max_segs = (unsigned)segs;
	r->block = block;
	r->next_block = block;
	r->rq.op = BLK_READ;
	r->rq.sector = block << (es->block_bits - 9);
	r->rq.segs = r->segs;
	r->rq.done = request_done;
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&b->pages[page].pending, 1, __ATOMIC_RELAXED);
	return r;
}

/* Adds a part of page i, which begins at `block` on the disk; false: no. */
static bool request_add(struct ext4_sb *es, struct read_request *r, unsigned i,
			uint64_t block, char *va, uint32_t len)
{
	struct blk_seg *s = r->rq.nsegs ? &r->segs[r->rq.nsegs - 1] : NULL;

	/* No page is left out between the first and the last. */
	if (block != r->next_block || i - r->last > 1 ||
	    len > es->sb->bdev->max_bytes - r->bytes)
		return false;
	if (s && (char *)s->va + s->len == va) {
		s->len += len;
	} else {
		if (r->rq.nsegs == r->max_segs)
			return false;
		s = &r->segs[r->rq.nsegs++];
		s->va = va;
		s->len = len;
	}
	if (i != r->last) {
		r->last = i;
		__atomic_add_fetch(&r->batch->pages[i].pending, 1,
				   __ATOMIC_RELAXED);
	}
	r->bytes += len;
	r->next_block += len >> es->block_bits;
	return true;
}

struct reader {
	struct ext4_sb *es;
	struct inode *ip;
	struct read_batch *batch;
	struct read_request *open; /* being put together */
	struct ext4_run run;       /* what lies at run_lblk */
	uint64_t run_lblk;
};

/* Makes rd->run say what lies at lblk (and perhaps behind it). */
static int reader_map(struct reader *rd, uint64_t lblk, uint64_t end)
{
	uint64_t skip = lblk - rd->run_lblk;

	if (lblk >= rd->run_lblk && skip < rd->run.len) {
		if (rd->run.kind != EXT4_RUN_HOLE)
			rd->run.block += skip;
		rd->run.len -= (uint32_t)skip;
		rd->run_lblk = lblk;
		return 0;
	}
	rd->run_lblk = lblk;
	rd->run.len = 0;
	return ext4_map(rd->ip, lblk, (uint32_t)MIN(end - lblk, 1ull << 20),
			&rd->run);
}

/* Puts what page i needs from the disk into requests. */
static int reader_page(struct reader *rd, unsigned i, uint64_t end)
{
	struct ext4_sb *es = rd->es;
	struct page *pg = rd->batch->pages[i].pg;
	unsigned shift = PAGE_SHIFT - es->block_bits;
	uint64_t lblk = pg->index << shift;
	uint64_t stop = lblk + (1u << shift);
	char *va = page_to_va(pg);

	/* What is read has nothing dirty and nothing promised. */
	pg->value = 0;
	while (lblk < stop) {
		uint64_t n = stop - lblk;
		uint32_t len;
		int err;

		if (lblk >= end) { /* behind the end of the file */
			memset(va, 0, n << es->block_bits);
			return 0;
		}
		err = reader_map(rd, lblk, end);
		if (err)
			return err;
		n = MIN(n, (uint64_t)rd->run.len);
		if (rd->run.kind != EXT4_RUN_HOLE)
			state_set(pg, STATE_THERE,
				  ((1u << n) - 1)
					  << (lblk & ((1u << shift) - 1)));
		if (rd->run.kind != EXT4_RUN_MAPPED) {
			len = (uint32_t)n << es->block_bits;
			memset(va, 0, len);
		} else {
			len = es->block_size;
			n = 1;
			if (!rd->open || !request_add(es, rd->open, i,
						      rd->run.block, va, len)) {
				request_submit(es, rd->open);
				rd->open = request_alloc(es, rd->batch, i,
							 rd->run.block);
				if (!rd->open)
					return -ENOMEM;
				request_add(es, rd->open, i, rd->run.block, va,
					    len);
			}
		}
		lblk += n;
		va += len;
	}
	return 0;
}

static int ext4_read_pages(struct mapping *m, struct page **pages, unsigned n)
{
	struct inode *ip = m->inode;
	struct reader rd = { .es = ext4_sb(ip->sb), .ip = ip };
	uint64_t size = (uint64_t)READ_ONCE(ip->size), end;
	struct read_batch *b;
	int err = 0;

	b = kmalloc(sizeof(*b) + n * sizeof(b->pages[0]), GFP_NOFS);
	if (!b) {
		for (unsigned i = 0; i < n; i++)
			page_unlock(pages[i]);
		return -ENOMEM;
	}
	b->refs = 1;
	b->n = n;
	b->size = size;
	/* Each page counts one for us, so none is unlocked half-way. */
	for (unsigned i = 0; i < n; i++)
		b->pages[i] = (struct read_page){ pages[i], 1, 0 };
	rd.batch = b;
	end = (size + rd.es->block_size - 1) >> rd.es->block_bits;
	for (unsigned i = 0; i < n; i++) {
		int page_err = reader_page(&rd, i, end);

		if (page_err)
			__atomic_store_n(&b->pages[i].failed, page_err,
					 __ATOMIC_RELAXED);
		/* The others were read ahead: who wants one asks again. */
		if (!i)
			err = page_err;
	}
	request_submit(rd.es, rd.open);
	for (unsigned i = 0; i < n; i++)
		page_part_done(b, i);
	batch_put(b);
	return err;
}

const struct mapping_ops ext4_mapping_ops = {
	.read_pages = ext4_read_pages,
	.write_pages = ext4_write_pages,
	.make_writable = ext4_make_writable,
	.discard = ext4_discard,
};

static int ext4_file_mmap(struct file *f, unsigned vm_flags)
{
	return 0;
}

const struct file_ops ext4_file_ops = {
	.read = pagecache_file_read,
	.write = ext4_file_write,
	.mmap = ext4_file_mmap,
	.fsync = ext4_file_fsync,
	.fallocate = ext4_file_fallocate,
	.seek = ext4_file_seek,
};

const struct inode_ops ext4_file_inode_ops = {
	.setattr = ext4_setattr,
	.truncate = ext4_truncate,
};

/* The text is in the inode or, when it is longer than that, in one block. */
static ssize_t ext4_readlink(struct inode *ip, char *buf, size_t size)
{
	struct ext4_sb *es = ext4_sb(ip->sb);
	size_t len = (size_t)ip->size;
	struct ext4_run run;
	struct buf *bp;
	int err;

	if (ext4_link_inside(ip)) {
		len = MIN(len, size);
		memcpy(buf, ext4_info(ip)->block, len);
		return (ssize_t)len;
	}
	err = ext4_map(ip, 0, 1, &run);
	if (err)
		return err;
	if (run.kind != EXT4_RUN_MAPPED)
		return ext4_corrupt(es, "inode %llu: link without text",
				    (unsigned long long)ip->ino);
	err = ext4_read_block(es, run.block, "symbolic link", &bp);
	if (err)
		return err;
	len = MIN(len, size);
	memcpy(buf, bp->data, len);
	buf_put(bp);
	return (ssize_t)len;
}

const struct inode_ops ext4_symlink_inode_ops = {
	.readlink = ext4_readlink,
	.setattr = ext4_setattr,
};
