/*
 * Disks behind virtio (virtio 1.2, section 5.2).
 *
 * A request takes one of a fixed number of slots: header, status byte and room
 * for an indirect table. What a request asks for may be more than the device
 * takes at once (seg_max, size_max); then the slot carries it out in parts,
 * one after the other. Requests that find no slot wait in order.
 *
 * The device is not trusted. A damaged used ring, or a request that is not
 * answered, and the disk is dead: it is reset, and all its requests, now and
 * later, fail with -EIO.
 *
 * When is it not answered? The clock alone does not tell: it goes on while the
 * device's side is stopped, and where time is a count of instructions it jumps
 * as soon as all harts wait. So a request must be old by the clock, and then
 * the ring is looked at a thousand times more, each time for some ten thousand
 * steps of a hart. "disk_timeout=" is the age in seconds; with 0 a disk is
 * waited for without end, and no timer runs.
 */
#include "fs/blk.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/virtio.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/time.h"

#define F_SIZE_MAX (UINT64_C(1) << 1)
#define F_SEG_MAX  (UINT64_C(1) << 2)
#define F_RO       (UINT64_C(1) << 5)
#define F_BLK_SIZE (UINT64_C(1) << 6)
#define F_FLUSH    (UINT64_C(1) << 9)

#define CONFIG_CAPACITY 0
#define CONFIG_SIZE_MAX 8
#define CONFIG_SEG_MAX  12
#define CONFIG_BLK_SIZE 20

#define TYPE_IN    0u
#define TYPE_OUT   1u
#define TYPE_FLUSH 4u

#define STATUS_OK     0u
#define STATUS_IOERR  1u
#define STATUS_UNSUPP 2u
#define STATUS_NONE   0xffu /* what we put there before */

#define SEGS_MAX  32u /* data pieces of one part */
#define SLOTS_MAX 32u /* requests at the device */

#define DEAD_SECONDS 60u /* without "disk_timeout=" */
/* Of a request that is old by the clock. */
#define LAST_CHECKS   1000u
#define LAST_CHECK_NS (1 * NSEC_PER_MSEC)
#define LOOK_TURNS    10000u

#define VIRTIO_BLK_MAJOR 254

struct blk_slot {
	/* Read and written by the device. */
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	uint8_t status;
	struct virtq_desc table[SEGS_MAX + 2];

	/* Ours. */
	struct blk_request *rq;
	unsigned seg; /* what the next part begins with */
	uint32_t seg_off;
	uint64_t sector;
	bool flushing; /* the flush behind a FUA write */
	bool warned;
	uint64_t started;      /* ns; 0: not at the device */
	struct list_head link; /* free or ready */
};

struct virtio_blk {
	struct blkdev bd;
	struct virtio_device *vd;
	struct spinlock lock;
	struct virtq q;           /* [lock] */
	bool dead;                /* [lock] */
	bool checking;            /* [lock] the timeout is set */
	bool lost_told;           /* [lock] */
	bool polled;              /* [I] it does not interrupt */
	unsigned last_checks;     /* [lock] in a row */
	unsigned max_segs;        /* [I] */
	uint32_t size_max;        /* [I] bytes of a piece */
	struct list_head free;    /* [lock] slots */
	struct list_head ready;   /* [lock] slots to hand to the device */
	struct list_head waiting; /* [lock] requests */
	struct timeout check;
	struct blk_slot *slots[SLOTS_MAX]; /* [I] */
	unsigned n_slots;                  /* [I] */
	uint64_t n_requests;               /* [lock] */
};

static unsigned n_disks;
static uint64_t dead_ns; /* 0: never */

/* ---- one part ---- */

/*
 * Describes the next part of the slot's request: as many pieces as the device
 * takes, neighbours in memory joined. Moves the slot on. Number of pieces.
 */
static unsigned part_build(struct virtio_blk *vb, struct blk_slot *s,
			   struct virtq_buf *bufs)
{
	const struct blk_request *rq = s->rq;
	unsigned n = 0;

	while (s->seg < rq->nsegs) {
		const struct blk_seg *seg = &rq->segs[s->seg];
		uint64_t addr = dma_map(seg->va) + s->seg_off;
		uint32_t len = MIN(seg->len - s->seg_off, vb->size_max);
		struct virtq_buf *last = n ? &bufs[n - 1] : NULL;

		if (last && last->addr + last->len == addr &&
		    last->len < vb->size_max) {
			len = MIN(len, vb->size_max - last->len);
			last->len += len;
		} else if (n < vb->max_segs) {
			bufs[n].addr = addr;
			bufs[n].len = len;
			n++;
		} else {
			break;
		}
		s->sector += len / BLK_SECTOR;
		s->seg_off += len;
		if (s->seg_off == seg->len) {
			s->seg++;
			s->seg_off = 0;
		}
	}
	return n;
}

/* Hands the slot's next part to the queue: 0, -ENOSPC (nothing happened), or
 * another error. vb->lock is held. */
static int slot_issue(struct virtio_blk *vb, struct blk_slot *s)
{
	struct virtq_buf bufs[SEGS_MAX + 2];
	unsigned seg = s->seg, n = 0;
	uint32_t seg_off = s->seg_off;
	uint64_t sector = s->sector;
	bool indirect, in;
	int err;

	s->header.reserved = 0;
	s->header.sector = 0;
	in = s->rq->op == BLK_READ;
	if (s->flushing || s->rq->op == BLK_FLUSH) {
		s->header.type = TYPE_FLUSH;
	} else {
		s->header.type = in ? TYPE_IN : TYPE_OUT;
		s->header.sector = sector;
		n = part_build(vb, s, bufs + 1);
	}
	s->status = STATUS_NONE;
	bufs[0].addr = dma_map(&s->header);
	bufs[0].len = sizeof(s->header);
	bufs[n + 1].addr = dma_map(&s->status);
	bufs[n + 1].len = 1;
	indirect = vb->vd->features & VIRTIO_F_INDIRECT_DESC;
	err = virtq_add(&vb->q, bufs, in ? 1 : 1 + n, in ? n + 1 : 1,
			indirect ? s->table : NULL, s);
	if (err) {
		s->seg = seg;
		s->seg_off = seg_off;
		s->sector = sector;
		return err;
	}
	s->started = time_now();
	s->warned = false;
	return 0;
}

static bool slot_has_more(const struct virtio_blk *vb, struct blk_slot *s)
{
	if (s->flushing || s->rq->op == BLK_FLUSH)
		return false;
	if (s->seg < s->rq->nsegs)
		return true;
	if (s->rq->op == BLK_WRITE && s->rq->fua && vb->bd.has_flush) {
		s->flushing = true;
		return true;
	}
	return false;
}

/* ---- the disk ---- */

static void finish(struct blk_request *rq, int err, struct list_head *done)
{
	rq->err = err;
	list_add_tail(&rq->link, done);
}

/* Calls back what is done; no lock is held. */
static void call_done(struct list_head *done)
{
	while (!list_empty(done)) {
		struct blk_request *rq =
			list_first_entry(done, struct blk_request, link);

		list_del(&rq->link);
		rq->done(rq);
	}
}

/* vb->lock is held. */
__attribute__((cold))
static void disk_die(struct virtio_blk *vb, const char *why,
		     struct list_head *done)
{
	struct blk_slot *s;

	if (vb->dead)
		return;
	vb->dead = true;
	pr_err("%s: %s\n", vb->bd.name, why);
	virtio_fail(vb->vd, "broken");
	while ((s = virtq_abandon(&vb->q)))
		finish(s->rq, -EIO, done);
	list_for_each_entry (s, &vb->ready, link)
		finish(s->rq, -EIO, done);
	list_init(&vb->ready);
	list_splice_tail(&vb->waiting, done);
}

/* Hands over what there is room for. vb->lock is held. */
static void disk_start(struct virtio_blk *vb, struct list_head *done)
{
	while (!vb->dead) {
		struct blk_slot *s;
		int err;

		if (list_empty(&vb->ready)) {
			struct blk_request *rq;

			if (list_empty(&vb->waiting) || list_empty(&vb->free))
				break;
			rq = list_first_entry(&vb->waiting, struct blk_request,
					      link);
			list_del(&rq->link);
			s = list_first_entry(&vb->free, struct blk_slot, link);
			list_move_tail(&s->link, &vb->ready);
			s->rq = rq;
			s->seg = 0;
			s->seg_off = 0;
			s->sector = rq->sector;
			s->flushing = false;
		}
		s = list_first_entry(&vb->ready, struct blk_slot, link);
		err = slot_issue(vb, s);
		if (err == -ENOSPC)
			break; /* an answer will make room */
		if (err) {
			disk_die(vb, "cannot queue a request", done);
			break;
		}
		list_del(&s->link);
	}
	if (vb->dead)
		return;
	virtio_kick(vb->vd, &vb->q, 0);
	if (vb->polled)
		irq_poll_soon();
}

static int status_error(uint8_t status)
{
	switch (status) {
	case STATUS_OK:
		return 0;
	case STATUS_UNSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/* Takes what the device has answered. vb->lock is held. */
static bool disk_take(struct virtio_blk *vb, struct list_head *done)
{
	struct blk_slot *s;
	uint32_t len;
	bool any = false;

	while ((s = virtq_take(&vb->q, &len))) {
		int err = status_error(READ_ONCE(s->status));

		any = true;
		s->started = 0;
		if (!err && slot_has_more(vb, s)) {
			list_add_tail(&s->link, &vb->ready);
			continue;
		}
		finish(s->rq, err, done);
		s->rq = NULL;
		list_add_tail(&s->link, &vb->free);
	}
	if (vb->q.broken && !vb->dead) {
		disk_die(vb, vb->q.why ? vb->q.why : "broken queue", done);
		any = true;
	}
	return any;
}

static bool disk_interrupt(void *arg)
{
	struct virtio_blk *vb = arg;
	struct list_head done = LIST_INIT(done);
	bool useful;

	useful = vb->vd->transport->interrupt_take(vb->vd) != 0;
	spin_lock(&vb->lock);
	if (disk_take(vb, &done)) {
		useful = true;
		disk_start(vb, &done);
	}
	spin_unlock(&vb->lock);
	call_done(&done);
	return useful;
}

/* The age of the oldest request. vb->lock is held. */
static uint64_t disk_age(const struct virtio_blk *vb, uint64_t now,
			 struct blk_slot **oldest)
{
	uint64_t age = 0;

	*oldest = NULL;
	for (unsigned i = 0; i < vb->n_slots; i++) {
		struct blk_slot *s = vb->slots[i];

		/* It may have begun since `now`. */
		if (s->started && now > s->started && now - s->started > age) {
			age = now - s->started;
			*oldest = s;
		}
	}
	return age;
}

/* Waits for an answer, for a time that is counted in steps. */
static bool disk_look(struct virtio_blk *vb, struct list_head *done)
{
	for (unsigned i = 0; i < LOOK_TURNS; i++) {
		if (disk_take(vb, done))
			return true;
		cpu_relax();
	}
	return false;
}

/*
 * A few times while requests are at the device. The flag `checking` is
 * cleared under the lock by this function alone, so that nobody sets the
 * timeout while it still runs with the lock wanted.
 */
__attribute__((cold))
static void disk_check(struct timeout *t)
{
	struct virtio_blk *vb = container_of(t, struct virtio_blk, check);
	struct list_head done = LIST_INIT(done);
	uint64_t now = time_now(), next = dead_ns / 6, age;
	struct blk_slot *s;
	bool again, any, late;

	spin_lock(&vb->lock);
	/* A young answer has an interrupt that is on its way. */
	late = disk_age(vb, now, &s) >= next;
	any = disk_take(vb, &done);
	if (!any && late)
		any = disk_look(vb, &done);
	if (any) {
		if (late && !vb->lost_told && !vb->polled && !vb->dead)
			pr_warn("%s: an interrupt was late or lost\n",
				vb->bd.name);
		vb->lost_told |= late;
		disk_start(vb, &done);
	}
	age = disk_age(vb, now, &s);
	if (!any && age >= dead_ns) {
		next = LAST_CHECK_NS;
		if (++vb->last_checks > LAST_CHECKS)
			disk_die(vb, "a request is not answered", &done);
	} else {
		vb->last_checks = 0;
	}
	if (!vb->dead && age >= dead_ns / 2 && !s->warned) {
		s->warned = true;
		pr_warn("%s: waits for sector %llu since %u s\n", vb->bd.name,
			(unsigned long long)s->header.sector,
			(unsigned)(age / NSEC_PER_SEC));
	}
	again = !vb->dead && vb->q.in_flight;
	vb->checking = again;
	spin_unlock(&vb->lock);
	if (again)
		timeout_set(&vb->check, time_now() + next);
	call_done(&done);
}

/* 0 if the request can be carried out at all. */
static int request_check(const struct virtio_blk *vb,
			 const struct blk_request *rq)
{
	uint64_t sectors = 0;

	if (rq->op == BLK_FLUSH)
		return 0;
	if (rq->op == BLK_WRITE && vb->bd.read_only)
		return -EROFS;
	for (unsigned i = 0; i < rq->nsegs; i++) {
		const struct blk_seg *seg = &rq->segs[i];

		if (!seg->len || seg->len % BLK_SECTOR ||
		    dma_map(seg->va) == DMA_NONE)
			return -EINVAL;
		sectors += seg->len / BLK_SECTOR;
	}
	if (rq->sector > vb->bd.sectors ||
	    sectors > vb->bd.sectors - rq->sector)
		return -EIO;
	return sectors ? 0 : -EINVAL;
}

static bool disk_busy(struct blkdev *bd)
{
	struct virtio_blk *vb = bd->priv;

	return !vb->dead &&
	       (READ_ONCE(vb->q.in_flight) || !list_empty(&vb->waiting));
}

static void disk_submit(struct blkdev *bd, struct blk_request *rq)
{
	struct virtio_blk *vb = bd->priv;
	struct list_head done = LIST_INIT(done);
	bool watch = false;

	rq->err = request_check(vb, rq);
	/* Without a volatile cache there is nothing to flush. */
	if (rq->err || (rq->op == BLK_FLUSH && !bd->has_flush)) {
		rq->done(rq);
		return;
	}
	spin_lock(&vb->lock);
	if (vb->dead) {
		spin_unlock(&vb->lock);
		rq->err = -EIO;
		rq->done(rq);
		return;
	}
	vb->n_requests++;
	/* Should the disk die with the request in the queue. */
	rq->err = -EIO;
	list_add_tail(&rq->link, &vb->waiting);
	disk_start(vb, &done);
	if (dead_ns && !vb->checking && !vb->dead) {
		vb->checking = true;
		watch = true;
	}
	spin_unlock(&vb->lock);
	if (watch)
		timeout_set(&vb->check, time_now() + dead_ns / 6);
	call_done(&done);
}

/* ---- probe ---- */

static int disk_limits(struct virtio_blk *vb)
{
	struct virtio_device *vd = vb->vd;
	uint32_t v;

	vb->max_segs = SEGS_MAX;
	if (vd->features & F_SEG_MAX) {
		v = virtio_config32(vd, CONFIG_SEG_MAX);
		if (v)
			vb->max_segs = MIN(vb->max_segs, v);
	}
	if (!(vd->features & VIRTIO_F_INDIRECT_DESC)) {
		if (vb->q.size < 3) {
			pr_err("%s: a queue of %u\n", vd->dev->name,
			       vb->q.size);
			return -EINVAL;
		}
		vb->max_segs = MIN(vb->max_segs, vb->q.size - 2u);
	}
	vb->size_max = 1u << 20;
	if (vd->features & F_SIZE_MAX) {
		v = virtio_config32(vd, CONFIG_SIZE_MAX);
		if (v)
			vb->size_max = MIN(vb->size_max, v);
	}
	/* Pieces stay whole sectors. */
	vb->size_max = (uint32_t)round_down(vb->size_max, BLK_SECTOR);
	if (!vb->size_max) {
		pr_err("%s: pieces below a sector\n", vd->dev->name);
		return -EINVAL;
	}
	vb->bd.block_size = BLK_SECTOR;
	if (vd->features & F_BLK_SIZE) {
		v = virtio_config32(vd, CONFIG_BLK_SIZE);
		if (v < BLK_SECTOR || v > PAGE_SIZE || !is_power_of_2(v)) {
			pr_err("%s: blocks of %u bytes\n", vd->dev->name, v);
			return -EINVAL;
		}
		vb->bd.block_size = v;
	}
	vb->bd.sectors = virtio_config64(vd, CONFIG_CAPACITY);
	if (vb->bd.sectors > UINT64_C(1) << 54) {
		pr_err("%s: absurd size\n", vd->dev->name);
		return -EINVAL;
	}
	vb->bd.read_only = vd->features & F_RO;
	vb->bd.has_flush = vd->features & F_FLUSH;
	vb->bd.max_segs = vb->max_segs;
	vb->bd.max_bytes = 1u << 20;
	return 0;
}

static void disk_free(struct virtio_blk *vb)
{
	for (unsigned i = 0; i < vb->n_slots; i++)
		kfree(vb->slots[i]);
	kfree(vb);
}

static int disk_slots(struct virtio_blk *vb)
{
	unsigned n = MIN(SLOTS_MAX, (unsigned)vb->q.size);

	while (vb->n_slots < n) {
		struct blk_slot *s = kzalloc(sizeof(*s), GFP_KERNEL);

		if (!s)
			return -ENOMEM;
		vb->slots[vb->n_slots++] = s;
		list_add_tail(&s->link, &vb->free);
	}
	return 0;
}

static void read_options(void)
{
	uint64_t seconds = DEAD_SECONDS;
	char text[8];

	if (bootarg("disk_timeout", text, sizeof(text)) && *text) {
		seconds = 0;
		for (const char *c = text; *c >= '0' && *c <= '9'; c++)
			seconds = seconds * 10 + (uint64_t)(*c - '0');
	}
	dead_ns = seconds * NSEC_PER_SEC;
}

/* A device whose interrupt the tree does not tell is polled. */
static int disk_interrupts(struct virtio_blk *vb)
{
	struct device *dev = vb->vd->dev;
	int err = irq_request(dev, 0, disk_interrupt, vb, dev->name);

	vb->polled = err != 0;
	if (err == -ENOENT || err == -EINVAL)
		err = irq_poll_add(disk_interrupt, vb, dev->name);
	return err;
}

__attribute__((cold))
static int disk_probe(struct virtio_device *vd)
{
	struct virtio_blk *vb = kzalloc(sizeof(*vb), GFP_KERNEL);
	int err;

	if (!vb)
		return -ENOMEM;
	read_options();
	vb->vd = vd;
	vd->priv = vb;
	spin_init(&vb->lock, "virtio_blk", RANK_DEVICE);
	list_init(&vb->free);
	list_init(&vb->ready);
	list_init(&vb->waiting);
	timeout_init(&vb->check, disk_check);
	err = virtio_start(vd, F_SIZE_MAX | F_SEG_MAX | F_RO | F_BLK_SIZE |
				       F_FLUSH | VIRTIO_F_INDIRECT_DESC);
	if (!err)
		err = virtio_queue_make(vd, 0, VIRTQ_MAX_SIZE, &vb->q);
	if (!err)
		err = disk_limits(vb);
	if (!err)
		err = disk_slots(vb);
	if (!err)
		err = disk_interrupts(vb);
	if (err < 0) {
		disk_free(vb);
		return err;
	}
	snprintf(vb->bd.name, sizeof(vb->bd.name), "vd%c",
		 (char)('a' + n_disks % 26));
	vb->bd.dev = (uint32_t)ABI_DEV(VIRTIO_BLK_MAJOR, 16 * n_disks);
	n_disks++;
	vb->bd.submit = disk_submit;
	vb->bd.busy = disk_busy;
	vb->bd.priv = vb;
	virtio_run(vd);
	blk_register(&vb->bd);
	pr_info("%s: %llu MiB%s%s, virtio %s by %s, queue of %u%s\n",
		vb->bd.name, (unsigned long long)(vb->bd.sectors >> 11),
		vb->bd.read_only ? ", read-only" : "",
		vb->bd.has_flush ? ", write cache" : "",
		vd->legacy ? "legacy" : "1.x", vd->transport->name, vb->q.size,
		vd->features & VIRTIO_F_INDIRECT_DESC ? ", indirect" : "");
	return 0;
}

const struct virtio_driver virtio_blk_driver = {
	.name = "virtio_blk",
	.id = VIRTIO_ID_BLOCK,
	.probe = disk_probe,
};
