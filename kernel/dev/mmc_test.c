/*
 * SD cards against models of them: one that speaks the SPI mode byte by byte,
 * with checksums of its own making, and one that answers commands as behind a
 * native host. Good ones of all kinds are read and written; bad ones refuse,
 * garble, stay busy, vanish and lie: a request then ends in bounded time with
 * -EIO, or with the right data.
 */
// host-test: fs/*.c fs/ext4/*.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/blk.c"
#include "kernel/dev/mmc.c"
#include "kernel/dev/mmc_spi.c"

#include <stdio.h>
#include <stdlib.h>

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

#define SECTORS 1024u /* 512 KiB: one unit of the CSD's second version */

static uint8_t content[SECTORS * 512];
static uint32_t rand_state;

static uint32_t rnd(uint32_t below)
{
	rand_state = rand_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(rand_state >> 8) * below >> 24);
}

/* A number comes down to 0 once. */
static bool now_is(unsigned *n)
{
	return *n && !--*n;
}

/* What both models have. */
static struct card {
	/* What it is. */
	bool absent, old, bytes, locked, no_csd;
	unsigned slow; /* times it says that it is not ready yet */
	/* What goes wrong: at the nth, counted from 1; 0: never. */
	unsigned gone;   /* byte, or command: it is pulled out */
	unsigned bad;    /* block read: garbled */
	unsigned refuse; /* block written: not taken */
	unsigned lies;   /* one byte (or answer) in so many is random */
	bool hangs;      /* busy for ever after a write */
	/* Where it is. */
	bool idle, app;
	unsigned not_ready;
} card;

static void csd_of(uint8_t *csd)
{
	memset(csd, 0, 16);
	if (card.bytes) {
		/* 64 times 2^4 blocks of 2^9. */
		csd[5] = 9;
		csd[6] = 0;
		csd[7] = 63 >> 2;
		csd[8] = (63 & 3) << 6;
		csd[9] = 1;
		csd[10] = 0;
	} else {
		csd[0] = 0x40;
		csd[9] = SECTORS / 1024 - 1;
	}
	csd[14] = card.locked ? 0x10 : 0;
}

/* ---- the SPI mode ---- */

static struct {
	bool selected, sums, reading, writing, many;
	uint8_t frame[6];
	unsigned n_frame;
	uint8_t out[600];
	unsigned n_out, at_out;
	unsigned busy;
	uint8_t block[514];
	unsigned n_block; /* 1: the token has come */
	uint32_t sector;
} spi;

/* Bit by bit, as the specification draws it. */
static unsigned sum7(const uint8_t *p, unsigned n)
{
	unsigned r = 0;

	for (unsigned i = 0; i < n * 8; i++) {
		unsigned in = p[i / 8] >> (7 - i % 8) & 1;
		unsigned top = (r >> 6 & 1) ^ in;

		r = (r << 1 & 0x7f) ^ (top ? 0x09 : 0);
	}
	return r;
}

static unsigned sum16(const uint8_t *p, unsigned n)
{
	unsigned r = 0;

	for (unsigned i = 0; i < n * 8; i++) {
		unsigned in = p[i / 8] >> (7 - i % 8) & 1;
		unsigned top = (r >> 15 & 1) ^ in;

		r = (r << 1 & 0xffff) ^ (top ? 0x1021 : 0);
	}
	return r;
}

static void say(unsigned byte)
{
	if (spi.n_out < sizeof(spi.out))
		spi.out[spi.n_out++] = (uint8_t)byte;
}

static void say_data(const uint8_t *p, unsigned n)
{
	unsigned sum = sum16(p, n);

	say(0xff);
	say(0xfe);
	for (unsigned i = 0; i < n; i++)
		say(p[i]);
	say(sum >> 8);
	say(sum);
	if (now_is(&card.bad))
		spi.out[spi.n_out - 9] ^= 4;
}

static void say_block(void)
{
	spi.n_out = spi.at_out = 0;
	if (spi.sector >= SECTORS)
		say(0x08); /* out of range */
	else
		say_data(content + spi.sector++ * 512, 512);
}

static bool spi_address(uint32_t arg)
{
	spi.sector = card.bytes ? arg / 512 : arg;
	return spi.sector < SECTORS && !(card.bytes && arg % 512);
}

static void spi_execute(void)
{
	unsigned index = spi.frame[0] & 0x3f, r1 = card.idle;
	uint32_t arg = get_be32(spi.frame + 1);
	bool app = card.app;
	uint8_t csd[16];

	spi.n_out = spi.at_out = 0;
	card.app = false;
	if (index == 12)
		say(0x3f); /* in the middle of a block */
	say(0xff);
	if (index == 0) {
		card.idle = true;
		spi.sums = spi.reading = spi.writing = false;
		card.not_ready = card.slow;
		r1 = 1;
	}
	if ((spi.sums || index == 0 || index == 8) &&
	    spi.frame[5] != (sum7(spi.frame, 5) << 1 | 1)) {
		say(r1 | 8);
		return;
	}
	spi.reading = spi.reading && index != 12;
	switch (app ? index + 100 : index) {
	case 0:
	case 16:
		break;
	case 8:
		if (card.old)
			break;
		say(r1);
		say(0);
		say(0);
		say(1);
		say(0xaa);
		return;
	case 12:
		spi.busy = 3;
		break;
	case 13:
		say(r1);
		say(0);
		return;
	case 55:
		card.app = true;
		break;
	case 58:
		say(r1);
		say(0x80 | (card.bytes ? 0 : 0x40));
		say(0xff);
		say(0x80);
		say(0);
		return;
	case 59:
		spi.sums = arg & 1;
		break;
	case 141:
		if (card.not_ready)
			card.not_ready--;
		else
			card.idle = false;
		r1 = card.idle;
		break;
	case 9:
		if (card.no_csd)
			break;
		say(r1);
		csd_of(csd);
		say_data(csd, 16);
		return;
	case 17:
	case 18:
		if (card.idle || !spi_address(arg)) {
			say(0x20);
			return;
		}
		say(0);
		if (index == 18)
			spi.reading = true;
		else
			say_data(content + spi.sector * 512, 512);
		return;
	case 24:
	case 25:
		if (card.idle || !spi_address(arg)) {
			say(0x20);
			return;
		}
		spi.writing = true;
		spi.many = index == 25;
		spi.n_block = 0;
		break;
	default:
		r1 |= 4;
	}
	if ((index == 8 && card.old) || (index == 9 && card.no_csd))
		r1 |= 4;
	say(r1);
}

static void spi_write_byte(uint8_t in)
{
	if (!spi.n_block) {
		if (in == 0xfd && spi.many) {
			spi.writing = false;
			spi.n_out = spi.at_out = 0;
			say(0xff);
			spi.busy = card.hangs ? ~0u : 5;
		} else if (in == (spi.many ? 0xfc : 0xfe)) {
			spi.n_block = 1;
		}
		return;
	}
	spi.block[spi.n_block++ - 1] = in;
	if (spi.n_block <= 514)
		return;
	spi.n_block = 0;
	spi.n_out = spi.at_out = 0;
	spi.writing = spi.many;
	if (get_be16(spi.block + 512) != sum16(spi.block, 512)) {
		say(0x0b);
		return;
	}
	if (now_is(&card.refuse) || spi.sector >= SECTORS) {
		say(0x0d);
		return;
	}
	memcpy(content + spi.sector++ * 512, spi.block, 512);
	say(0xe5);
	spi.busy = card.hangs ? ~0u : 9;
}

static uint8_t spi_byte(uint8_t in)
{
	uint8_t out = 0xff;

	if (now_is(&card.gone))
		card.absent = true;
	if (card.absent)
		return 0xff;
	if (!spi.selected)
		return 0xff;
	if (spi.reading && spi.at_out == spi.n_out)
		say_block();
	if (spi.at_out < spi.n_out)
		out = spi.out[spi.at_out++];
	else if (spi.busy)
		out = 0;
	if (spi.busy && spi.at_out == spi.n_out && spi.busy != ~0u)
		spi.busy--;
	if (spi.writing && !spi.n_frame &&
	    (spi.n_block || (in & 0xc0) != 0x40)) {
		spi_write_byte(in);
	} else if (spi.n_frame || (in & 0xc0) == 0x40) {
		spi.frame[spi.n_frame++] = in;
		if (spi.n_frame == 6) {
			spi.n_frame = 0;
			spi.writing = false;
			spi_execute();
		}
	}
	if (card.lies && !rnd(card.lies))
		out = rnd(2) ? (uint8_t)rnd(256) : rnd(2) ? 0 : 0xff;
	return out;
}

static bool port_stuck;

static int port_exchange(struct spi_port *p, const uint8_t *out, uint8_t *in,
			 size_t n)
{
	if (port_stuck)
		return -EIO;
	for (size_t i = 0; i < n; i++) {
		uint8_t b = spi_byte(out ? out[i] : 0xff);

		if (in)
			in[i] = b;
		time_now(); /* which costs time */
	}
	return 0;
}

static void port_select(struct spi_port *p, bool on)
{
	spi.selected = on;
	if (!on)
		spi.n_frame = 0;
}

static void port_clock(struct spi_port *p, uint32_t hz)
{
	CHECK(hz && hz <= MMC_HZ_DEFAULT);
}

static struct spi_port port = { port_exchange, port_select, port_clock };

/* ---- the native mode ---- */

enum { N_IDLE, N_READY, N_IDENT, N_STANDBY, N_TRAN, N_DATA };

static struct {
	unsigned state, status;
	uint32_t rca;
	bool wide;
} native;

static int native_data(struct mmc_data *d, uint32_t sector)
{
	for (unsigned i = 0; i < d->blocks; i++) {
		uint8_t *p = (uint8_t *)mmc_block(d, i);

		if (sector >= SECTORS || now_is(d->write ? &card.refuse
							 : &card.bad)) {
			native.state = N_DATA;
			return d->write ? -EIO : -EILSEQ;
		}
		if (d->write)
			memcpy(content + sector++ * 512, p, 512);
		else
			memcpy(p, content + sector++ * 512, 512);
	}
	if (d->write && card.hangs)
		native.state = N_DATA;
	return 0;
}

static int native_answer(struct mmc_cmd *c, struct mmc_data *d)
{
	bool mine = c->arg >> 16 == native.rca >> 16, app = card.app;
	uint32_t sector = card.bytes ? c->arg / 512 : c->arg;
	uint8_t csd[16];

	card.app = false;
	c->resp[0] = native.state << 9 | 0x100;
	switch (app ? c->index + 100 : c->index) {
	case 0:
		native.state = N_IDLE;
		native.rca = 0;
		native.wide = false;
		card.not_ready = card.slow;
		return 0;
	case 8:
		c->resp[0] = 0x1aa;
		return card.old ? -ETIMEDOUT : 0;
	case 55:
		card.app = mine;
		return mine ? 0 : -ETIMEDOUT;
	case 141:
		c->resp[0] = 0x00ff8000 | (card.bytes ? 0 : 1u << 30);
		if (card.not_ready) {
			card.not_ready--;
		} else {
			c->resp[0] |= 1u << 31;
			native.state = N_READY;
		}
		return 0;
	case 2:
		native.state = N_IDENT;
		return 0;
	case 3:
		native.state = N_STANDBY;
		native.rca = 0x1234u << 16;
		c->resp[0] = native.rca | 0x500;
		return 0;
	case 9:
		csd_of(csd);
		for (unsigned i = 0; i < 4; i++)
			c->resp[i] = get_be32(csd + 4 * i);
		return native.state == N_STANDBY && mine ? 0 : -ETIMEDOUT;
	case 7:
		native.state = N_TRAN;
		return mine ? 0 : -ETIMEDOUT;
	case 151:
		memset(d->segs[0].va, 0, 8);
		((uint8_t *)d->segs[0].va)[1] = 5;
		CHECK(d->block_size == 8 && d->blocks == 1);
		return 0;
	case 106:
		native.wide = true;
		return 0;
	case 12:
		if (!card.hangs && native.state == N_DATA)
			native.state = N_TRAN;
		return 0;
	case 13:
		return mine && native.state >= N_STANDBY ? 0 : -ETIMEDOUT;
	case 16:
		return 0;
	case 17:
	case 18:
	case 24:
	case 25:
		CHECK(d && (d->blocks > 1) == (c->index == 18 || c->index == 25));
		return native.state == N_TRAN ? native_data(d, sector)
					      : -ETIMEDOUT;
	default:
		return -ETIMEDOUT;
	}
}

static int native_request(struct mmc_host *h, struct mmc_cmd *c,
			  struct mmc_data *d)
{
	int err;

	if (now_is(&card.gone))
		card.absent = true;
	err = !card.absent		 ? native_answer(c, d)
	      : c->answer == MMC_NONE ? 0
				      : -ETIMEDOUT;
	if (card.lies && !rnd(card.lies))
		for (unsigned i = 0; i < 4; i++)
			c->resp[i] = rnd(2) ? rnd(1 << 24) << 8 : ~0u;
	if (card.lies && !rnd(card.lies))
		err = rnd(2) ? -EILSEQ : 0;
	mmc_nap(1000);
	return err;
}

static int native_reset(struct mmc_host *h)
{
	return 0;
}

static int native_clock(struct mmc_host *h, uint32_t hz)
{
	return 0;
}

static void native_wide(struct mmc_host *h)
{
	CHECK(native.wide || card.lies);
}

static const struct mmc_host_ops native_ops = {
	.request = native_request,
	.reset = native_reset,
	.set_clock = native_clock,
	.set_wide = native_wide,
};

/* ---- one slot of each kind ---- */

static struct mmc_host native_host = { .ops = &native_ops, .device = "slot" };
static uint8_t *buf; /* 256 KiB that a device could reach */

/* Puts a card in; is it taken? */
static struct blkdev *insert(unsigned slot, struct card c)
{
	struct mmc_host *h = hosts[slot];
	uint64_t start = time_now();

	list_init(&disks);
	card = c;
	memset(&spi, 0, sizeof(spi));
	memset(&native, 0, sizeof(native));
	for (unsigned i = 0; i < n_hosts; i++)
		hosts[i]->ready = i != slot;
	h->dead = false;
	h->told = 0;
	h->bd.sectors = 0;
	mmc_settle(true);
	CHECK(time_now() - start < 60 * NSEC_PER_SEC);
	return h->ready ? &h->bd : NULL;
}

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 512 * 13 + i / 65536);
}

static int timed_rw(struct blkdev *bd, enum blk_op op, uint64_t sector,
		    unsigned n)
{
	uint64_t start = time_now();
	int err = blk_rw(bd, op, sector, buf, n * 512);

	CHECK(time_now() - start < 120 * NSEC_PER_SEC);
	return err;
}

static void works(struct blkdev *bd)
{
	fill();
	CHECK(!timed_rw(bd, BLK_READ, 0, 1));
	CHECK(!memcmp(buf, content, 512));
	CHECK(!timed_rw(bd, BLK_READ, 5, 300));
	CHECK(!memcmp(buf, content + 5 * 512, 300 * 512));
	CHECK(!timed_rw(bd, BLK_READ, SECTORS - 1, 1));
	CHECK(!memcmp(buf, content + sizeof(content) - 512, 512));
	if (bd->read_only) {
		CHECK(timed_rw(bd, BLK_WRITE, 0, 1) == -EROFS);
		return;
	}
	memset(buf, 0x5a, 300 * 512);
	CHECK(!timed_rw(bd, BLK_WRITE, 7, 300));
	CHECK(!memcmp(content + 7 * 512, buf, 300 * 512));
	CHECK(content[7 * 512 - 1] != 0x5a || content[307 * 512] != 0x5a);
	memset(buf, 0xa5, 512);
	CHECK(!timed_rw(bd, BLK_WRITE, SECTORS - 1, 1));
	CHECK(!memcmp(content + sizeof(content) - 512, buf, 512));
	CHECK(!blk_flush(bd) && !bd->has_flush);
}

static void test_good(unsigned slot)
{
	static const struct card kinds[] = {
		{ .slow = 3 }, { .bytes = true }, { .old = true, .bytes = true },
		{ .locked = true },
	};
	struct blkdev *bd;

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		bd = insert(slot, kinds[i]);
		CHECK(bd && bd->sectors == SECTORS);
		CHECK(bd && bd->read_only == kinds[i].locked);
		if (bd)
			works(bd);
	}
	CHECK(!insert(slot, (struct card){ .absent = true }));
	CHECK(!insert(slot, (struct card){ .slow = 1000000 }));
}

static void test_no_csd(unsigned slot)
{
	struct blkdev *bd = insert(slot, (struct card){ .no_csd = true });

	CHECK(bd && bd->sectors == SECTORS);
	if (bd)
		works(bd);
	bd = insert(slot, (struct card){ .no_csd = true, .bytes = true });
	CHECK(bd && bd->sectors == SECTORS);
}

/* One block goes wrong: nobody hears of it. All do: an error, and the card is
 * still there. */
static void test_errors(unsigned slot)
{
	struct blkdev *bd = insert(slot, (struct card){ 0 });

	fill();
	for (unsigned n = 1; n < 9; n++) {
		card.bad = n;
		CHECK(!timed_rw(bd, BLK_READ, 3, n) && !card.bad);
		CHECK(!memcmp(buf, content + 3 * 512, n * 512));
		memset(buf, (int)n, 512 * 9);
		card.refuse = n;
		CHECK(!timed_rw(bd, BLK_WRITE, 20, n) && !card.refuse);
		CHECK(!memcmp(buf, content + 20 * 512, n * 512));
	}
	CHECK(!hosts[slot]->dead);
}

static int last_err;

static void note_done(struct blk_request *rq)
{
	last_err = rq->err;
}

static int submit_one(struct blkdev *bd, uint64_t sector, void *va, uint32_t n)
{
	struct blk_seg seg = { va, n };
	struct blk_request rq = {
		.op = BLK_READ,
		.sector = sector,
		.segs = &seg,
		.nsegs = 1,
		.done = note_done,
	};

	last_err = 1;
	bd->submit(bd, &rq);
	while (last_err == 1)
		mmc_nap(1000);
	return last_err;
}

static void test_bad_requests(unsigned slot)
{
	struct blkdev *bd = insert(slot, (struct card){ 0 });

	CHECK(submit_one(bd, SECTORS, buf, 512) == -EIO);
	CHECK(submit_one(bd, SECTORS - 1, buf, 1024) == -EIO);
	CHECK(submit_one(bd, UINT64_MAX, buf, 512) == -EIO);
	CHECK(submit_one(bd, 0, buf, 0) == -EINVAL);
	CHECK(submit_one(bd, 0, buf, 100) == -EINVAL);
	CHECK(submit_one(bd, 0, buf + 2, 512) == -EINVAL);
	CHECK(submit_one(bd, 0, buf, 256 << 10) == 0);
}

static void test_gone(unsigned slot)
{
	for (unsigned n = 1; n < 3000; n += slot ? 1 : 37) {
		struct blkdev *bd = insert(slot, (struct card){ 0 });

		if (slot && n > 40)
			break;
		fill();
		card.gone = n;
		for (unsigned i = 0; i < 4; i++) {
			int err = timed_rw(bd, i & 1 ? BLK_WRITE : BLK_READ,
					   2, 3);

			CHECK(err == (card.absent && err ? -EIO : 0));
		}
		if (!card.absent)
			continue;
		CHECK(timed_rw(bd, BLK_READ, 0, 1) == -EIO);
		CHECK(hosts[slot]->dead && !card_busy(bd));
		/* Back again: it is not believed to be the same. */
		card.absent = false;
		CHECK(timed_rw(bd, BLK_WRITE, 0, 1) == -EIO);
	}
}

static void test_hangs(unsigned slot)
{
	struct blkdev *bd = insert(slot, (struct card){ 0 });

	card.hangs = true;
	CHECK(timed_rw(bd, BLK_WRITE, 0, 8) == -EIO);
	CHECK(timed_rw(bd, BLK_WRITE, 0, 1) == -EIO);
}

static void test_lies(unsigned slot)
{
	unsigned taken = 0, read = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct card c = { .lies = 3 + round * (slot ? 1 : 20) };
		bool bytes = round & 1, honest = round & 2;
		struct blkdev *bd;

		rand_state = round;
		c.bytes = bytes;
		if (honest)
			c.lies = 0;
		bd = insert(slot, c);
		if (!bd)
			continue;
		taken++;
		card.lies = c.lies ? c.lies : 3 + round * 10;
		fill();
		for (unsigned i = 0; i < 3; i++) {
			unsigned at = rnd(900);

			if (timed_rw(bd, BLK_READ, at, 1 + rnd(20)))
				continue;
			read++;
			timed_rw(bd, BLK_WRITE, at, 1);
		}
	}
	CHECK(taken > 100 && read > 100);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(unsigned slot);
	} tests[] = {
		{ "good cards", test_good },
		{ "errors", test_errors },
		{ "bad requests", test_bad_requests },
		{ "gone", test_gone },
		{ "hangs", test_hangs },
		{ "lies", test_lies },
	};
	uint64_t start;

	setvbuf(stdout, NULL, _IOLBF, 0);
	host_set_log_level(0);
	vfs_init();
	buf = page_to_va(page_alloc(6, GFP_KERNEL, PAGE_KERNEL));
	card.absent = true;
	CHECK(!mmc_spi_add(&port, "spi", 20000000));
	CHECK(!mmc_host_add(&native_host));
	mmc_settle(false);
	CHECK(host_log_has("spi: no SD card") &&
	      host_log_has("slot: no SD card"));
	for (unsigned slot = 0; slot < 2; slot++)
		for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
			int before = failures;

			tests[i].fn(slot);
			printf("%s %s %s\n", failures == before ? "ok" : "FAIL",
			       slot ? "native" : "SPI", tests[i].name);
		}
	test_no_csd(0);
	/* The controller itself does not answer. */
	port_stuck = true;
	start = time_now();
	CHECK(!insert(0, (struct card){ 0 }));
	CHECK(time_now() - start < NSEC_PER_SEC);
	return failures ? 1 : 0;
}
