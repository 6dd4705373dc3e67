/*
 * The disk of the shim: memory (of a file's private mapping) behind the
 * interface that drivers have. A request that is deferred waits in a queue
 * until the shim takes interrupts, so that completion from interrupt context
 * and several requests in flight are exercised without real devices.
 */
#include "disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static bool request_is_bad(struct host_disk *d, const struct blk_request *rq,
			   uint64_t bytes)
{
	if (d->fail_nth && !--d->fail_nth)
		return true;
	if (!d->bad_times || !(d->bad_ops & 1u << rq->op))
		return false;
	if (rq->op != BLK_FLUSH &&
	    (rq->sector >= d->bad_end ||
	     rq->sector + bytes / BLK_SECTOR <= d->bad_first))
		return false;
	d->bad_times--;
	return true;
}

static void request_do(struct host_disk *d, struct blk_request *rq)
{
	uint64_t bytes = 0, pos;

	for (unsigned i = 0; i < rq->nsegs; i++) {
		if (!rq->segs[i].len || rq->segs[i].len % BLK_SECTOR)
			panic("disk: a segment of %u bytes\n", rq->segs[i].len);
		bytes += rq->segs[i].len;
	}
	if (rq->nsegs > d->bd.max_segs || bytes > d->bd.max_bytes)
		panic("disk: request too large: %u segments, %lu bytes\n",
		      rq->nsegs, (unsigned long)bytes);
	d->n_requests++;
	d->n_bytes += bytes;
	rq->err = -EIO;
	if (request_is_bad(d, rq, bytes))
		return;
	pos = rq->sector * BLK_SECTOR;
	if (rq->sector > d->bd.sectors || bytes > d->bytes - pos)
		return;
	rq->err = 0;
	if (rq->op != BLK_READ && d->bd.read_only) {
		rq->err = -EROFS;
		return;
	}
	for (unsigned i = 0; i < rq->nsegs && rq->op != BLK_FLUSH; i++) {
		const struct blk_seg *s = &rq->segs[i];

		if (rq->op == BLK_READ)
			memcpy(s->va, d->data + pos, s->len);
		else
			memcpy(d->data + pos, s->va, s->len);
		pos += s->len;
	}
	d->n_flushes += rq->op == BLK_FLUSH;
	if (rq->op != BLK_READ && d->on_write)
		d->on_write(d, rq);
	if (rq->op == BLK_READ && d->on_read)
		d->on_read(d, rq);
}

static void disk_complete(void *arg)
{
	struct host_disk *d = arg;

	d->irq_pending = false;
	while (!list_empty(&d->queue)) {
		struct blk_request *rq;

		if (d->shuffle_seed) {
			unsigned n;

			d->shuffle_seed = d->shuffle_seed * 1103515245 + 12345;
			n = (d->shuffle_seed >> 16) & 7;
			while (n--)
				list_move_tail(d->queue.next, &d->queue);
		}
		rq = list_first_entry(&d->queue, struct blk_request, link);
		list_del(&rq->link);
		d->in_flight--;
		request_do(d, rq);
		rq->done(rq);
	}
}

static void disk_submit(struct blkdev *bd, struct blk_request *rq)
{
	struct host_disk *d = bd->priv;

	if (!d->deferred) {
		request_do(d, rq);
		rq->done(rq);
		return;
	}
	list_add_tail(&rq->link, &d->queue);
	d->in_flight++;
	d->max_in_flight = MAX(d->max_in_flight, d->in_flight);
	if (!d->irq_pending) {
		d->irq_pending = true;
		host_interrupt(disk_complete, d);
	}
}

void host_disk_memory(struct host_disk *d, void *data, uint64_t bytes)
{
	memset(d, 0, sizeof(*d));
	strlcpy(d->bd.name, "vda", sizeof(d->bd.name));
	d->bd.dev = (uint32_t)ABI_DEV(254, 0);
	d->bd.sectors = bytes / BLK_SECTOR;
	d->bd.block_size = BLK_SECTOR;
	d->bd.has_flush = true;
	d->bd.max_segs = 64;
	d->bd.max_bytes = 256u << 10;
	d->bd.submit = disk_submit;
	d->bd.priv = d;
	list_init(&d->bd.link);
	list_init(&d->queue);
	d->data = data;
	d->bytes = bytes;
}

int host_disk_open(struct host_disk *d, const char *path)
{
	int fd = open(path, O_RDONLY);
	off_t size;
	void *p;

	if (fd < 0)
		return -ENOENT;
	size = lseek(fd, 0, SEEK_END);
	p = size > 0 ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_NORESERVE, fd, 0)
		     : MAP_FAILED;
	close(fd);
	if (p == MAP_FAILED)
		return -EIO;
	host_disk_memory(d, p, (uint64_t)size);
	d->mapped = true;
	return 0;
}

void host_disk_close(struct host_disk *d)
{
	if (d->in_flight)
		panic("disk: closed with %u requests in flight\n",
		      d->in_flight);
	if (d->mapped)
		munmap(d->data, d->bytes);
	d->data = NULL;
}
