/*
 * See mmc.h. A slot has a thread, which looks for a card, and then takes one
 * request of the disk after the other: a card does one thing at a time.
 *
 * What is not here: MMC and eMMC, which are identified in another way; speeds
 * above 25 MHz and 1.8 V, which want a controller to be tuned to its board;
 * cards that are put in while the system runs (a slot that was empty is looked
 * at again only while the root is waited for).
 *
 * The card is not trusted. A request that fails is tried again, then it is
 * -EIO; a card that does not even tell its status any more has been taken out
 * and is dead: all its requests, now and later, are -EIO at once, and another
 * card in its place, or the same, is never written to as if it were this one.
 *
 * No FLUSH: a card says that it is no longer busy when what was written is
 * programmed (SD 4.3.4), and its cache (SD 4.17) is off unless it is asked
 * for. So a write that is complete is durable, as far as the card is honest.
 */
#include "kernel/dev/mmc.h"

#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"
#include "kernel/string.h"

#define MMC_MAJOR  179
#define HOSTS_MAX  8
#define TRIES      3
#define TOLD_MAX   10
#define SMALL_SIZE 64u

/* Commands (SD 4.7.4). */
enum {
	GO_IDLE = 0,
	ALL_SEND_CID = 2,
	SEND_RELATIVE_ADDR = 3,
	SELECT_CARD = 7,
	SEND_IF_COND = 8,
	SEND_CSD = 9,
	STOP_TRANSMISSION = 12,
	SEND_STATUS = 13,
	SET_BLOCKLEN = 16,
	READ_SINGLE = 17,
	READ_MULTIPLE = 18,
	WRITE_BLOCK = 24,
	WRITE_MULTIPLE = 25,
	APP_CMD = 55,
	READ_OCR = 58,
	CRC_ON_OFF = 59,
	APP_SET_BUS_WIDTH = 6,
	APP_SEND_OP_COND = 41,
	APP_SEND_SCR = 51,
};

#define IF_COND 0x1aau /* 2.7 to 3.6 V, and a pattern to give back */

#define OCR_READY   (1u << 31)
#define OCR_BLOCKS  (1u << 30) /* addressed in blocks: SDHC, SDXC */
#define OCR_VOLTAGE 0x00ff8000u

/* Card status (SD 4.10.1). */
#define STATUS_ERRORS   0xfdf98008u
#define STATUS_READY    (1u << 8)
#define STATUS_STATE(s) ((s) >> 9 & 15)
#define STATE_TRAN      4u

#define R1_IDLE 1u /* SPI mode: it is being identified (again) */

#define IDENTIFY_NS (1 * NSEC_PER_SEC) /* SD 4.2.3 */
#define FIND_NS     (10 * NSEC_PER_SEC)

static unsigned n_hosts;
static struct mmc_host *hosts[HOSTS_MAX];
static unsigned n_looking; /* atomic */
static struct wait_queue settled;

void mmc_nap(uint64_t ns)
{
	uint64_t until = time_now() + ns;

	do {
		thread_sleep_prepare(WAIT_UNINTERRUPTIBLE);
	} while (thread_sleep(until) != -ETIMEDOUT && time_now() < until);
}

/* ---- commands ---- */

/* resp: what was answered ([0], also with an error in it), or NULL. */
static int command(struct mmc_host *h, unsigned index, uint32_t arg,
		   enum mmc_answer answer, uint32_t *resp)
{
	struct mmc_cmd c = {
		.index = (uint8_t)index,
		.arg = arg,
		.answer = (uint8_t)answer,
	};
	int err = h->ops->request(h, &c, NULL);

	if (resp)
		*resp = c.resp[0];
	return err;
}

static int app_command(struct mmc_host *h, unsigned index, uint32_t arg,
		       enum mmc_answer answer, uint32_t *resp)
{
	int err = command(h, APP_CMD, h->rca, MMC_R1, NULL);

	return err ? err : command(h, index, arg, answer, resp);
}

/* A command that brings n bytes, which go to h->small. */
static int command_small(struct mmc_host *h, unsigned index, uint32_t arg,
			 unsigned n)
{
	struct blk_seg seg = { h->small, n };
	struct mmc_cmd c = {
		.index = (uint8_t)index,
		.arg = arg,
		.answer = MMC_R1,
	};
	struct mmc_data d = {
		.segs = &seg,
		.nsegs = 1,
		.block_size = n,
		.blocks = 1,
	};

	return h->ops->request(h, &c, &d);
}

static bool is_present(struct mmc_host *h)
{
	return !h->ops->present || h->ops->present(h);
}

static int ask_status(struct mmc_host *h, uint32_t *status)
{
	int err = command(h, SEND_STATUS, h->rca, h->spi ? MMC_STATUS : MMC_R1,
			  status);

	/* The card of QEMU 10 does not know this command in SPI mode. */
	if (err == -EOPNOTSUPP && !(*status & R1_IDLE)) {
		*status = 0;
		err = 0;
	}
	return err;
}

/* Waits until the card has programmed what it got, and hears how that went. */
static int wait_programmed(struct mmc_host *h)
{
	uint64_t until = time_now() + MMC_WRITE_NS;
	uint32_t status;
	int err;

	if (h->spi) {
		/* The host has waited while the card was busy. */
		err = ask_status(h, &status);
		return err ? err : status ? -EIO : 0;
	}
	for (;;) {
		err = ask_status(h, &status);
		if (err)
			return err;
		if (status & STATUS_ERRORS)
			return -EIO;
		if (status & STATUS_READY && STATUS_STATE(status) == STATE_TRAN)
			return 0;
		if (time_now() >= until)
			return -ETIMEDOUT;
		mmc_nap(NSEC_PER_MSEC);
	}
}

/* ---- reading and writing ---- */

/* Neighbouring sectors from and to a few pieces of memory. */
struct part {
	struct blk_seg segs[MMC_SEGS_MAX];
	unsigned nsegs, blocks;
};

/* What of rq comes next, behind `done` bytes of its piece `at`: moves on. */
static void part_build(const struct blk_request *rq, unsigned *at,
		       uint32_t *done, struct part *p)
{
	uint32_t room = MMC_BYTES_MAX;

	p->nsegs = 0;
	while (*at < rq->nsegs && room && p->nsegs < MMC_SEGS_MAX) {
		const struct blk_seg *s = &rq->segs[*at];
		uint32_t n = MIN(s->len - *done, room);

		p->segs[p->nsegs].va = (char *)s->va + *done;
		p->segs[p->nsegs++].len = n;
		room -= n;
		*done += n;
		if (*done == s->len) {
			(*at)++;
			*done = 0;
		}
	}
	p->blocks = (MMC_BYTES_MAX - room) / BLK_SECTOR;
}

static int part_try(struct mmc_host *h, const struct part *p, uint64_t sector,
		    bool write)
{
	struct mmc_cmd c = { .answer = MMC_R1 };
	struct mmc_data d = {
		.segs = p->segs,
		.nsegs = p->nsegs,
		.block_size = BLK_SECTOR,
		.blocks = p->blocks,
		.write = write,
	};
	int err;

	if (!is_present(h))
		return -ENOMEDIUM;
	if (write)
		c.index = p->blocks > 1 ? WRITE_MULTIPLE : WRITE_BLOCK;
	else
		c.index = p->blocks > 1 ? READ_MULTIPLE : READ_SINGLE;
	c.arg = (uint32_t)(h->by_block ? sector : sector * BLK_SECTOR);
	err = h->ops->request(h, &c, &d);
	if (!err && !h->spi && c.resp[0] & STATUS_ERRORS)
		err = -EIO;
	if (!err && write)
		err = wait_programmed(h);
	return err;
}

__attribute__((cold))
static void card_die(struct mmc_host *h)
{
	struct list_head all = LIST_INIT(all);

	pr_err("%s: the card does not answer any more\n", h->bd.name);
	spin_lock(&h->lock);
	h->dead = true;
	list_splice_tail(&h->waiting, &all);
	spin_unlock(&h->lock);
	while (!list_empty(&all)) {
		struct blk_request *rq =
			list_first_entry(&all, struct blk_request, link);

		list_del(&rq->link);
		rq->err = -EIO;
		rq->done(rq);
	}
}

/* After a failure: out of the transfer, if it is in one. Or is it gone? */
__attribute__((cold))
static void card_recover(struct mmc_host *h)
{
	for (unsigned i = 0; i < TRIES && is_present(h); i++) {
		uint32_t status;

		/* In SPI mode the host has ended it. */
		if (!h->spi)
			command(h, STOP_TRANSMISSION, 0, MMC_R1B, NULL);
		/* One that was put back in has no address, or is idle. */
		if (!ask_status(h, &status) &&
		    !(h->spi && status >> 8 & R1_IDLE))
			return;
	}
	card_die(h);
}

static int part_transfer(struct mmc_host *h, const struct part *p,
			 uint64_t sector, bool write)
{
	int err = 0;

	for (unsigned i = 0; i < TRIES && !h->dead; i++) {
		err = part_try(h, p, sector, write);
		if (!err)
			return 0;
		card_recover(h);
	}
	if (!h->dead && h->told < TOLD_MAX) {
		h->told++;
		pr_err("%s: cannot %s sector %llu (error %d)\n", h->bd.name,
		       write ? "write" : "read", (unsigned long long)sector,
		       -err);
	}
	return -EIO;
}

static void serve(struct mmc_host *h, struct blk_request *rq)
{
	uint64_t sector = rq->sector;
	uint32_t done = 0;
	unsigned at = 0;
	struct part p;
	int err = 0;

	while (!err && at < rq->nsegs) {
		part_build(rq, &at, &done, &p);
		err = part_transfer(h, &p, sector, rq->op == BLK_WRITE);
		sector += p.blocks;
	}
	rq->err = err;
	rq->done(rq);
}

/* 0 if the request can be carried out at all. */
static int request_check(const struct blkdev *bd, const struct blk_request *rq)
{
	uint64_t sectors = 0;

	if (rq->op == BLK_WRITE && bd->read_only)
		return -EROFS;
	for (unsigned i = 0; i < rq->nsegs; i++) {
		const struct blk_seg *seg = &rq->segs[i];

		if (!seg->len || seg->len % BLK_SECTOR ||
		    (uintptr_t)seg->va % 4 || dma_map(seg->va) == DMA_NONE)
			return -EINVAL;
		sectors += seg->len / BLK_SECTOR;
	}
	if (rq->sector > bd->sectors || sectors > bd->sectors - rq->sector)
		return -EIO;
	return sectors ? 0 : -EINVAL;
}

static void card_submit(struct blkdev *bd, struct blk_request *rq)
{
	struct mmc_host *h = bd->priv;
	bool queued = false;

	rq->err = rq->op == BLK_FLUSH ? 0 : request_check(bd, rq);
	if (!rq->err && rq->op != BLK_FLUSH) {
		spin_lock(&h->lock);
		rq->err = -EIO;
		if (!h->dead) {
			list_add_tail(&rq->link, &h->waiting);
			wait_wake_all(&h->wake);
			queued = true;
		}
		spin_unlock(&h->lock);
	}
	if (!queued)
		rq->done(rq);
}

static bool card_busy(struct blkdev *bd)
{
	struct mmc_host *h = bd->priv;

	return READ_ONCE(h->serving) || !list_empty(&h->waiting);
}

/* ---- identification (SD 4.2, in SPI mode 7.2.1) ---- */

/* Bits [high, low] of the CSD. */
static uint32_t csd_bits(const struct mmc_host *h, unsigned high, unsigned low)
{
	uint32_t v = 0;

	for (unsigned i = high + 1; i-- > low;)
		v = v << 1 | (h->csd[3 - i / 32] >> i % 32 & 1);
	return v;
}

/* The size in sectors; 0 if the CSD makes no sense (SD 5.3). */
static uint64_t csd_sectors(const struct mmc_host *h)
{
	uint32_t bits;

	switch (csd_bits(h, 127, 126)) {
	case 0:
		bits = csd_bits(h, 83, 80) + csd_bits(h, 49, 47) + 2;
		if (bits < 9 || bits > 11 + 9)
			return 0;
		return (uint64_t)(csd_bits(h, 73, 62) + 1) << (bits - 9);
	case 1:
		return (uint64_t)(csd_bits(h, 69, 48) + 1) << 10;
	default:
		return 0;
	}
}

static int read_csd(struct mmc_host *h)
{
	struct mmc_cmd c = {
		.index = SEND_CSD,
		.answer = MMC_R2,
		.arg = h->rca,
	};
	int err;

	if (!h->spi) {
		err = h->ops->request(h, &c, NULL);
		memcpy(h->csd, c.resp, sizeof(h->csd));
		return err;
	}
	err = command_small(h, SEND_CSD, 0, 16);
	for (unsigned i = 0; i < 4; i++)
		h->csd[i] = get_be32(h->small + 4 * i);
	return err;
}

/* Waits until the card has come up: what it can, as in the OCR. */
static int wait_up(struct mmc_host *h, uint32_t *ocr)
{
	uint32_t arg = (h->version2 ? OCR_BLOCKS : 0) |
		       (h->spi ? 0 : OCR_VOLTAGE);
	uint64_t until = time_now() + IDENTIFY_NS;

	for (;;) {
		uint32_t r;
		int err = app_command(h, APP_SEND_OP_COND, arg,
				      h->spi ? MMC_R1 : MMC_R3, &r);

		if (err)
			return err;
		if (h->spi && !(r & R1_IDLE))
			return command(h, READ_OCR, 0, MMC_R3, ocr);
		if (!h->spi && r & OCR_READY) {
			*ocr = r;
			return 0;
		}
		if (time_now() >= until)
			return -ETIMEDOUT;
		mmc_nap(5 * NSEC_PER_MSEC);
	}
}

/* Native mode: takes an address, tells its size, becomes the selected one. */
static int take_address(struct mmc_host *h)
{
	uint32_t r;
	int err = command(h, ALL_SEND_CID, 0, MMC_R2, NULL);

	if (!err)
		err = command(h, SEND_RELATIVE_ADDR, 0, MMC_R6, &r);
	if (err)
		return err;
	h->rca = r & 0xffff0000;
	err = read_csd(h);
	return err ? err : command(h, SELECT_CARD, h->rca, MMC_R1B, NULL);
}

/*
 * Native mode: four lines where both sides have them. An error when it is not
 * known how many the card has from now on; a card that does not tell what it
 * can keeps one.
 */
static int widen(struct mmc_host *h, bool *wide)
{
	int err;

	if (!h->ops->set_wide || command(h, APP_CMD, h->rca, MMC_R1, NULL) ||
	    command_small(h, APP_SEND_SCR, 0, 8) || !(h->small[1] & 4))
		return 0;
	err = app_command(h, APP_SET_BUS_WIDTH, 2, MMC_R1, NULL);
	if (err)
		return err;
	h->ops->set_wide(h);
	*wide = true;
	return 0;
}

static bool can_read(struct mmc_host *h, uint64_t sector, void *page)
{
	struct part p = { .segs = { { page, BLK_SECTOR } },
			  .nsegs = 1,
			  .blocks = 1 };
	uint32_t status;

	if (!part_try(h, &p, sector, false))
		return true;
	/* The next command is not to hear of it. */
	if (!h->spi)
		command(h, STOP_TRANSMISSION, 0, MMC_R1B, NULL);
	ask_status(h, &status);
	return false;
}

/* A card that does not tell its size: how far can it be read? */
__attribute__((cold))
static uint64_t find_end(struct mmc_host *h)
{
	uint64_t low = 0, high = h->by_block ? BIT(32) : BIT(23);
	uint64_t until = time_now() + FIND_NS;
	void *page = kmalloc(PAGE_SIZE, GFP_KERNEL);

	if (!page)
		return 0;
	/* The first `low` can be read, sector `high` cannot. */
	while (low < high && time_now() < until) {
		uint64_t mid = low + (high - low) / 2;

		if (can_read(h, mid, page))
			low = mid + 1;
		else
			high = mid;
	}
	kfree(page);
	if (low)
		pr_warn("%s: the card does not tell its size\n", h->device);
	return low;
}

/* From power-on to a card that can be read. -ENOMEDIUM: there is none. */
static int identify(struct mmc_host *h)
{
	uint32_t r = 0, ocr, hz;
	bool wide = false;
	int err;

	if (!is_present(h))
		return -ENOMEDIUM;
	err = h->ops->reset(h);
	if (err)
		return err;
	h->rca = 0;
	for (unsigned i = 0; i < TRIES; i++) {
		err = command(h, GO_IDLE, 0, h->spi ? MMC_R1 : MMC_NONE, &r);
		if (!err && h->spi && r != R1_IDLE)
			err = -EIO;
		if (!err)
			break;
		mmc_nap(NSEC_PER_MSEC);
	}
	if (err)
		return h->spi ? -ENOMEDIUM : err;
	err = command(h, SEND_IF_COND, IF_COND, MMC_R7, &r);
	if (!err && (r & 0xfff) != IF_COND)
		return -EIO;
	/* Cards of the first version do not know it. */
	h->version2 = !err;
	/* With checksums from now on; only then is an answer one. */
	if (h->spi)
		err = command(h, CRC_ON_OFF, 1, MMC_R1, NULL);
	if (err && h->spi)
		return err;
	err = wait_up(h, &ocr);
	if (err)
		return h->version2 ? err : -ENOMEDIUM;
	h->by_block = h->version2 && ocr & OCR_BLOCKS;
	if (!h->spi)
		err = take_address(h);
	if (err)
		return err;
	hz = MMC_HZ_DEFAULT;
	if (h->max_hz && h->max_hz < hz)
		hz = h->max_hz;
	err = h->ops->set_clock(h, hz);
	if (!err && !h->spi)
		err = widen(h, &wide);
	if (!err && !h->by_block)
		err = command(h, SET_BLOCKLEN, BLK_SECTOR, MMC_R1, NULL);
	if (err)
		return err;
	if (!h->spi || !read_csd(h))
		h->bd.sectors = csd_sectors(h);
	else
		ask_status(h, &r);
	if (!h->by_block)
		h->bd.sectors = MIN(h->bd.sectors, BIT(23));
	if (!h->bd.sectors)
		h->bd.sectors = find_end(h);
	if (!h->bd.sectors)
		return -EIO;
	h->bd.read_only = csd_bits(h, 13, 12) ||
			  (h->ops->locked && h->ops->locked(h));
	pr_info("%s: %llu MiB SD card%s, %s at up to %u kHz%s\n", h->bd.name,
		(unsigned long long)(h->bd.sectors >> 11),
		h->by_block ? "" : " (standard capacity)",
		h->spi ? "SPI" : wide ? "4 lines" : "1 line", hz / 1000,
		h->bd.read_only ? ", write-protected" : "");
	return 0;
}

/* Looks into the slot; what was there last time is not told again. */
static void look(struct mmc_host *h)
{
	int err = identify(h);

	if (!err) {
		h->ready = true;
		blk_register(&h->bd);
	} else if (err == h->found) {
		/* still */
	} else if (err == -ENOMEDIUM) {
		pr_info("%s: no SD card\n", h->device);
	} else {
		pr_warn("%s: cannot use the card (error %d)\n", h->device,
			-err);
	}
	h->found = err;
	spin_lock(&h->lock);
	h->look = false;
	spin_unlock(&h->lock);
	__atomic_fetch_sub(&n_looking, 1, __ATOMIC_ACQ_REL);
	wait_wake_all(&settled);
}

static void slot_main(void *arg)
{
	struct mmc_host *h = arg;

	for (;;) {
		struct blk_request *rq;

		spin_lock(&h->lock);
		h->serving = false;
		while (!h->look && list_empty(&h->waiting))
			wait_sleep(&h->wake, &h->lock, WAIT_UNINTERRUPTIBLE,
				   WAIT_FOREVER);
		rq = list_first_entry_or_null(&h->waiting, struct blk_request,
					      link);
		if (rq) {
			list_del(&rq->link);
			h->serving = true;
		}
		spin_unlock(&h->lock);
		if (rq)
			serve(h, rq);
		else
			look(h);
	}
}

int mmc_host_add(struct mmc_host *h)
{
	char name[16];
	int err;

	if (n_hosts == HOSTS_MAX) {
		pr_warn("%s: too many slots for cards\n", h->device);
		return -ENOMEM;
	}
	if (!n_hosts)
		wait_queue_init(&settled);
	h->small = kzalloc(SMALL_SIZE, GFP_KERNEL);
	if (!h->small)
		return -ENOMEM;
	spin_init(&h->lock, "mmc", RANK_DEVICE);
	wait_queue_init(&h->wake);
	list_init(&h->waiting);
	h->number = n_hosts;
	snprintf(name, sizeof(name), "mmc%u", h->number);
	snprintf(h->bd.name, sizeof(h->bd.name), "mmcblk%u", h->number);
	h->bd.dev = (uint32_t)ABI_DEV(MMC_MAJOR, 16 * h->number);
	h->bd.block_size = BLK_SECTOR;
	h->bd.max_segs = MMC_SEGS_MAX;
	h->bd.max_bytes = MMC_BYTES_MAX;
	h->bd.submit = card_submit;
	h->bd.busy = card_busy;
	h->bd.priv = h;
	h->look = true;
	__atomic_fetch_add(&n_looking, 1, __ATOMIC_RELAXED);
	err = kthread_create(name, slot_main, h, NULL);
	if (err) {
		__atomic_fetch_sub(&n_looking, 1, __ATOMIC_RELAXED);
		kfree(h->small);
		return err;
	}
	hosts[n_hosts++] = h;
	return 0;
}

void mmc_settle(bool again)
{
	for (unsigned i = 0; again && i < n_hosts; i++) {
		struct mmc_host *h = hosts[i];

		spin_lock(&h->lock);
		if (!h->ready && !h->look) {
			h->look = true;
			__atomic_fetch_add(&n_looking, 1, __ATOMIC_RELAXED);
			wait_wake_all(&h->wake);
		}
		spin_unlock(&h->lock);
	}
	if (n_hosts)
		wait_event(&settled,
			   !__atomic_load_n(&n_looking, __ATOMIC_ACQUIRE));
}
