/*
 * The DesignWare host driver and the card layer against a model of the
 * controller with a card behind it, which is strict: broken rules fail the
 * test as wrong data do. Cards are found, read and written; each thing that can
 * go wrong does, at each point: the right error, in bounded time, and all works
 * afterwards.
 */
// host-test: -iquotetools/board -iquotekernel -DCONFIG_DEBUG=0 kernel/strl.c

#include "kernel/dev/mmc.c"
#include "kernel/dev/mmc_dw.c"

#include "kernel/smp.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/mmc_dw_model_test.h"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s (%s)\n", __FILE__, __LINE__,    \
			       #cond, doing);                                  \
			failures++;                                            \
		}                                                              \
	} while (0)

static const char *doing = "";

/* ---- the rest of the kernel: one thread, and the test's time ---- */

static struct hart first_hart;
static struct thread this_thread = { .hart = &first_hart };
struct thread *current_thread_register = &this_thread;
struct fdt machine_tree;

static unsigned disks;
static char last_line[200];

/* One look at the clock in so many, others have the hart for a while. */
static unsigned lag;

uint64_t time_now(void)
{
	static unsigned looks;

	time_passes(now + (lag && ++looks % lag == 0 ? 3000000 : LOOK_NS));
	return now;
}

void thread_sleep_prepare(int mode)
{
}

void thread_sleep_cancel(void)
{
}

int thread_sleep(uint64_t deadline)
{
	time_passes(MAX(now, deadline));
	return -ETIMEDOUT;
}

int wait_sleep(struct wait_queue *q, struct spinlock *held, int mode,
	       uint64_t deadline)
{
	abort(); /* nobody would wake it */
}

void wait_queue_init(struct wait_queue *q)
{
}

void wait_wake_all(struct wait_queue *q)
{
}

void wait_add(struct wait_queue *q, struct waiter *w)
{
}

void wait_remove(struct waiter *w)
{
}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	l->locked = 0;
}

void spin_lock_contended(struct spinlock *l)
{
	abort();
}

int kthread_create(const char *name, void (*start_fn)(void *), void *arg,
		   struct thread **out)
{
	return 0;
}

void blk_register(struct blkdev *bd)
{
	disks++;
}

void *kmalloc(size_t size, unsigned gfp)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

void printk(enum printk_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_line, sizeof(last_line), fmt, ap);
	va_end(ap);
}

/* The device tree's node, as far as the driver asks. */
static struct {
	uint32_t depth, rate, max;
	bool broken_cd, no_sd;
} node;

volatile void *device_reg(struct device *dev, unsigned n, size_t want)
{
	return n ? NULL : REGS;
}

uint32_t device_u32(const struct device *dev, const char *property,
		    uint32_t otherwise)
{
	uint32_t v = !strcmp(property, "fifo-depth")             ? node.depth
		     : !strcmp(property, "assigned-clock-rates") ? node.rate
		     : !strcmp(property, "max-frequency")        ? node.max
								 : 0;

	return v ? v : otherwise;
}

bool fdt_has_prop(const struct fdt *t, const struct fdt_node *n,
		  const char *name)
{
	return (node.broken_cd && !strcmp(name, "broken-cd")) ||
	       (node.no_sd && !strcmp(name, "no-sd"));
}

/* ---- the tests ---- */

#define MODERN 0x5342290au
#define OLD    0x5342230au

static struct mmc_host *host;
static struct device device;
static uint32_t page[64 << 10 >> 2]; /* 64 KiB */

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 512 * 13 + i / 65536);
}

/* Nothing that a manual forbids was done. */
static void rules_kept(void)
{
	if (m.n_broken)
		printf("FAIL %s: broken rule: %s, %u in all\n", doing, m.broken,
		       m.n_broken);
	failures += m.n_broken != 0;
	m.n_broken = 0;
}

/* Probes a controller that was just switched on: 0, or the driver's error. */
static int probe(unsigned depth, uint32_t version)
{
	struct mmc_host *old = host;
	int err;

	if (old) {
		free(old->small);
		free(container_of(old, struct mmc_dw, host));
	}
	model_power_on(depth, version);
	n_hosts = 0;
	host = NULL;
	memset(&device, 0, sizeof(device));
	device.name = "mmc";
	err = mmc_dw_driver.probe(&device);
	host = err ? NULL : hosts[0];
	return err;
}

/* A controller with a card that is ready to be read. */
static void begin(const char *what)
{
	doing = what;
	node.depth = 32;
	node.rate = CIU_HZ;
	node.max = 0;
	fill();
	CHECK(!probe(32, MODERN));
	CHECK(!identify(host));
	rules_kept();
}

static int transfer_segs(const struct blk_seg *segs, unsigned nsegs,
			 uint32_t sector, unsigned blocks, bool write)
{
	struct mmc_cmd c = { .answer = MMC_R1, .arg = sector };
	struct mmc_data d = {
		.segs = segs,
		.nsegs = nsegs,
		.block_size = 512,
		.blocks = blocks,
		.write = write,
	};
	uint64_t began = now;
	int err;

	c.index = write ? (blocks > 1 ? 25 : 24) : (blocks > 1 ? 18 : 17);
	err = host->ops->request(host, &c, &d);
	CHECK(now - began < 10 * NSEC_PER_SEC);
	return err;
}

static int transfer_one(uint32_t sector, unsigned blocks, bool write)
{
	struct blk_seg seg = { page, blocks * 512 };

	return transfer_segs(&seg, 1, sector, blocks, write);
}

/* The way that the card layer goes after an error, and no other. */
static void recover(void)
{
	host->dead = false;
	card_recover(host);
	CHECK(!host->dead);
}

static void read_works(unsigned sector, unsigned blocks)
{
	memset(page, 0, sizeof(page));
	CHECK(!transfer_one(sector, blocks, false));
	CHECK(!memcmp(page, content + 512 * sector, 512 * blocks));
}

static void write_works(unsigned sector, unsigned blocks)
{
	for (unsigned i = 0; i < 512 * blocks / 4; i++)
		page[i] = i * 0x9e3779b9u + sector;
	CHECK(!transfer_one(sector, blocks, true));
	CHECK(!wait_programmed(host));
	CHECK(!memcmp(page, content + 512 * sector, 512 * blocks));
}

static void works(void)
{
	read_works(3, 1);
	read_works(SECTORS - 1, 1);
	read_works(7, 64);
	write_works(9, 1);
	write_works(100, 64);
	read_works(90, 100);
	rules_kept();
}

static void test_identify(void)
{
	begin("identify");
	CHECK(host->bd.sectors == SECTORS && host->by_block);
	CHECK(host->rca == 0xb368u << 16 && card.state == C_TRAN);
	CHECK(card.wide && lanes() == 4);
	CHECK(m.max_hz == 25000000);
	CHECK(!host->bd.read_only);
	works();
	CHECK(m.stops == 3);
}

/* Firmware has used the slot in its own way, and stopped in the middle. */
static void test_firmware(void)
{
	begin("left by firmware");
	REG(M_CTRL) = 1u << 25 | 1u << 5 | 1u << 4;
	REG(M_BMOD) = 1u << 7 | 1u << 1;
	REG(M_UHS) = 1u << 16;
	REG(M_INTMASK) = ~0u;
	REG(M_RINTSTS) = M_CD | M_DTO | M_RXDR;
	REG(M_TMOUT) = 0x200;
	REG(M_FIFOTH) = 0x7f0000;
	m.count = 5;
	m.writing = false;
	m.moving = true;
	m.left = 512;
	m.word_at = now;
	card.state = C_DATA;
	CHECK(!identify(host));
	CHECK(!(REG(M_UHS) || REG(M_INTMASK)));
	works();
}

/* Depth of the FIFO, whether or not the tree tells it; where it is. */
static void test_fifos(void)
{
	static const struct {
		unsigned depth, told;
		uint32_t version;
	} kinds[] = {
		{ 32, 32, OLD },  { 32, 0, MODERN },    { 16, 16, MODERN },
		{ 128, 0, OLD },  { 256, 256, MODERN }, { 1024, 1024, MODERN },
		{ 8, 8, 0x240a }, { 64, 64, 0x2409 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		char what[60];

		snprintf(what, sizeof(what), "FIFO of %u, told %u",
			 kinds[i].depth, kinds[i].told);
		doing = what;
		node.depth = kinds[i].told;
		fill();
		CHECK(!probe(kinds[i].depth, kinds[i].version));
		CHECK(!identify(host));
		works();
		lag = 3 + i;
		works();
		lag = 0;
	}
	doing = "HCON";
	for (unsigned width = 0; width < 8; width++) {
		model_power_on(32, MODERN);
		REG(M_HCON) = (REG(M_HCON) & ~(7u << 7)) | width << 7;
		if (width != 1)
			CHECK(mmc_dw_driver.probe(&device));
	}
	rules_kept();
}

/* Pieces of many sizes: the words go where they belong, and no further. */
static void test_scattered(void)
{
	static uint32_t piece[16][5 * 512 / 4 + 2];
	struct blk_seg segs[16];
	unsigned blocks = 0;

	begin("scattered");
	memset(piece, 0xcc, sizeof(piece));
	for (unsigned i = 0; i < 16; i++) {
		segs[i].va = piece[i] + 1;
		segs[i].len = 512 * (1 + i * 3 % 5);
		blocks += 1 + i * 3 % 5;
	}
	CHECK(!transfer_segs(segs, 16, 40, blocks, false));
	for (unsigned i = 0, at = 40; i < 16; i++) {
		CHECK(!memcmp(segs[i].va, content + 512 * at, segs[i].len));
		CHECK(piece[i][0] == 0xcccccccc);
		CHECK(piece[i][1 + segs[i].len / 4] == 0xcccccccc);
		at += segs[i].len / 512;
	}
	CHECK(!transfer_segs(segs, 16, 1000, blocks, true));
	CHECK(!wait_programmed(host));
	CHECK(!memcmp(content + 40 * 512, content + 1000 * 512, 512 * blocks));
	rules_kept();
}

static void test_clock(void)
{
	static const uint32_t rates[] = { 400000,    24000000,  50000000,
					  100000000, 198000000, 204000000 };

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++)
		for (uint32_t hz = 400000; hz <= 200000000; hz += 3700001) {
			begin("clock");
			((struct mmc_dw *)container_of(host, struct mmc_dw,
						       host))
				->input_hz = rates[i];
			CHECK(!host->ops->set_clock(host, hz));
			CHECK((m.div ? rates[i] / (2 * m.div) : rates[i]) <=
			      hz);
			CHECK(m.div < 2 || rates[i] / (2 * (m.div - 1)) > hz);
			CHECK(m.ena & 1);
			rules_kept();
		}
	begin("clock too fast for its divider");
	((struct mmc_dw *)container_of(host, struct mmc_dw, host))->input_hz =
		400000000;
	CHECK(host->ops->set_clock(host, MMC_HZ_IDENTIFY));
	rules_kept();
}

/* One fault at one point: the right error, and all works afterwards. */
static void test_faults(void)
{
	static const struct {
		const char *name;
		unsigned blocks;
		bool write;
		struct faults f;
		int err;
	} cases[] = {
		{ "read, no response", 1, false, { .mute = 1 }, -ETIMEDOUT },
		{ "read, response CRC", 1, false, { .rcrc = 1 }, -EILSEQ },
		{ "read, response error", 1, false, { .re = 1 }, -EIO },
		{ "reads, no response", 8, false, { .mute = 1 }, -ETIMEDOUT },
		{ "reads, response CRC", 8, false, { .rcrc = 1 }, -EILSEQ },
		{ "read, CRC", 1, false, { .dcrc = 1 }, -EILSEQ },
		{ "reads, CRC first", 8, false, { .dcrc = 1 }, -EILSEQ },
		{ "reads, CRC middle", 8, false, { .dcrc = 4 }, -EILSEQ },
		{ "reads, CRC last", 8, false, { .dcrc = 8 }, -EILSEQ },
		{ "read, end bit", 1, false, { .ebe = 1 }, -EILSEQ },
		{ "reads, end bit", 8, false, { .ebe = 3 }, -EILSEQ },
		{ "reads, start bit", 8, false, { .sbe = 3 }, -ETIMEDOUT },
		{ "read, no data", 1, false, { .late = 1 }, -ETIMEDOUT },
		{ "reads, no data", 8, false, { .late = 5 }, -ETIMEDOUT },
		{ "read stands still", 1, false, { .silent = 1 }, -ETIMEDOUT },
		{ "reads stand still", 8, false, { .silent = 7 }, -ETIMEDOUT },
		{ "write, no response", 1, true, { .mute = 1 }, -ETIMEDOUT },
		{ "write, response CRC", 1, true, { .rcrc = 1 }, -EILSEQ },
		{ "writes, response CRC", 8, true, { .rcrc = 1 }, -EILSEQ },
		{ "write, CRC", 1, true, { .dcrc = 1 }, -EILSEQ },
		{ "writes, CRC first", 8, true, { .dcrc = 1 }, -EILSEQ },
		{ "writes, CRC last", 8, true, { .dcrc = 8 }, -EILSEQ },
		{ "write, no status", 1, true, { .ebe = 1 }, -EILSEQ },
		{ "writes, no status", 8, true, { .ebe = 2 }, -EILSEQ },
		{ "write stands still", 1, true, { .silent = 1 }, -ETIMEDOUT },
		{ "writes stand still", 8, true, { .silent = 6 }, -ETIMEDOUT },
		{ "write, never taken", 1, true, { .held = 1 }, -ETIMEDOUT },
		{ "read, never taken", 1, false, { .held = 1 }, -ETIMEDOUT },
		{ "read, never done", 1, false, { .hang = 1 }, -ETIMEDOUT },
		{ "writes, never done", 8, true, { .hang = 1 }, -ETIMEDOUT },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		int err;

		begin(cases[i].name);
		fault = cases[i].f;
		err = transfer_one(20, cases[i].blocks, cases[i].write);
		if (err != cases[i].err)
			printf("%s: %d\n", doing, err);
		CHECK(err == cases[i].err);
		memset(&fault, 0, sizeof(fault));
		rules_kept();
		recover();
		rules_kept();
		works();
	}
}

/* The same points, and all others, seen from the disk: the card layer tries
 * again and nobody hears of it. */
static void test_retries(void)
{
	struct part p = { .segs = { { page, 8 * 512 } },
			  .nsegs = 1,
			  .blocks = 8 };

	for (unsigned kind = 0; kind < 10; kind++)
		for (unsigned n = 1; n < 9; n++)
			for (unsigned write = 0; write < 2; write++) {
				char what[60];

				snprintf(what, sizeof(what), "retry %u %u %u",
					 kind, n, write);
				begin(what);
				read_works(7, 8); /* a status in RESP1 */
				fault.mute = kind == 0 ? n : 0;
				fault.rcrc = kind == 1 ? n : 0;
				fault.stop_mute = kind == 2 ? n : 0;
				fault.stop_rcrc = kind == 3 ? n : 0;
				fault.dcrc = kind == 4 ? n : 0;
				fault.ebe = kind == 5 ? n : 0;
				fault.sbe = kind == 6 ? n : 0;
				fault.late = kind == 7 ? n : 0;
				fault.hang = kind == 8 ? n : 0;
				fault.fails = kind == 9 ? n : 0;
				for (unsigned i = 0; i < sizeof(page) / 4; i++)
					page[i] = write ? i + n : 0;
				CHECK(!part_transfer(host, &p, 30, write));
				CHECK(!memcmp(page, content + 30 * 512,
					      8 * 512));
				CHECK(!host->dead);
				memset(&fault, 0, sizeof(fault));
				works();
			}
}

/* The thread comes back so late that the controller has given up. */
static void test_starved(void)
{
	for (unsigned write = 0; write < 2; write++) {
		begin(write ? "starved write" : "starved read");
		REG(M_TMOUT) = 0x1000 << 8 | 0x40;
		lag = 5;
		CHECK(transfer_one(20, 64, write) == -EIO);
		lag = 0;
		rules_kept();
		recover();
		works();
	}
}

/* The last sectors with one command, though the card says, when it is stopped,
 * that it would have gone on out of its range. */
static void test_last(void)
{
	struct part p = { .segs = { { page, 8 * 512 } },
			  .nsegs = 1,
			  .blocks = 8 };
	unsigned before;

	begin("last sectors");
	before = m.data_commands;
	CHECK(!part_transfer(host, &p, SECTORS - 8, false));
	CHECK(!memcmp(page, content + (SECTORS - 8) * 512, 8 * 512));
	CHECK(m.data_commands == before + 1);
	rules_kept();
}

/* A fault at any point while the card is identified: an error in bounded time,
 * or a card; and the next look finds it. */
static void test_identify_faults(void)
{
	node.depth = 32;
	for (unsigned kind = 0; kind < 8; kind++)
		for (unsigned n = 1; n < 20; n++) {
			char what[60];
			uint64_t began;
			int err;

			snprintf(what, sizeof(what), "identify %u %u", kind, n);
			doing = what;
			CHECK(!probe(32, MODERN));
			fault.mute = kind == 0 ? n : 0;
			fault.rcrc = kind == 1 ? n : 0;
			fault.re = kind == 2 ? n : 0;
			fault.hang = kind == 3 ? n : 0;
			fault.held = kind == 4 ? n : 0;
			fault.dcrc = kind == 5 ? n : 0;
			fault.late = kind == 6 ? n : 0;
			fault.silent = kind == 7 ? n : 0;
			began = now;
			err = identify(host);
			CHECK(now - began < 20 * NSEC_PER_SEC);
			memset(&fault, 0, sizeof(fault));
			if (!err)
				works();
			CHECK(!identify(host));
			works();
		}
}

/* Controllers and cards with which nothing can be done. */
static void test_dead(void)
{
	uint64_t began;

	begin("busy for ever");
	fault.busy = 1;
	CHECK(transfer_one(20, 1, true) == -ETIMEDOUT);
	CHECK(transfer_one(20, 1, true) == -ETIMEDOUT);
	rules_kept();
	card.busy_until = 0;
	recover();
	works();

	begin("pulled");
	fault.pulled = true;
	CHECK(!host->ops->present(host));
	CHECK(transfer_one(20, 1, false) == -ETIMEDOUT);
	CHECK(transfer_one(20, 8, true) == -ETIMEDOUT);
	CHECK(identify(host) == -ENOMEDIUM);
	rules_kept();

	begin("no contacts, and no card");
	node.broken_cd = true;
	CHECK(!probe(32, MODERN) && !host->ops->present);
	fault.pulled = true;
	CHECK(identify(host) == -ENOMEDIUM);
	rules_kept();
	node.broken_cd = false;

	for (unsigned kind = 0; kind < 4; kind++) {
		static const char *const names[] = { "ones", "zeros", "resets",
						     "FIFO lies" };

		begin(names[kind]);
		fault.ones = kind == 0;
		fault.zeros = kind == 1;
		fault.sticky_resets = kind == 2;
		fault.liar = kind == 3;
		began = now;
		CHECK(transfer_one(20, 8, false) < 0);
		CHECK(transfer_one(20, 8, true) < 0);
		CHECK(host->ops->reset(host) < 0 || kind == 1 || kind == 3);
		CHECK(identify(host) < 0 || kind == 3);
		CHECK(now - began < 60 * NSEC_PER_SEC);
		m.n_broken = 0; /* a register that is locked, and such */
		memset(&fault, 0, sizeof(fault));
		CHECK(!identify(host));
		works();
	}
	doing = "nothing there";
	model_power_on(32, MODERN);
	fault.ones = true;
	CHECK(mmc_dw_driver.probe(&device));
	fault.ones = false;
	node.no_sd = true;
	CHECK(mmc_dw_driver.probe(&device) == -ENODEV);
	node.no_sd = false;
}

/* Registers that read as anything now and then: an end in bounded time, and
 * all works once it is over. */
static void test_lies(void)
{
	struct part p = { .segs = { { page, 8 * 512 } },
			  .nsegs = 1,
			  .blocks = 8 };
	unsigned good = 0;

	for (unsigned round = 0; round < 300; round++) {
		uint64_t began;

		begin("lies");
		rand_state = round;
		fault.lies = 2 + round * 20;
		began = now;
		for (unsigned i = 0; i < 4; i++)
			good += !part_transfer(host, &p, 30, i & 1);
		identify(host);
		CHECK(now - began < 300 * NSEC_PER_SEC);
		memset(&fault, 0, sizeof(fault));
		m.n_broken = 0; /* it was told that it may */
		host->dead = false;
		card.busy_until = 0;
		CHECK(!identify(host));
		works();
	}
	CHECK(good > 100);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {
		{ "identify", test_identify },
		{ "left by firmware", test_firmware },
		{ "FIFOs", test_fifos },
		{ "scattered", test_scattered },
		{ "clock", test_clock },
		{ "faults", test_faults },
		{ "retries", test_retries },
		{ "starved", test_starved },
		{ "last sectors", test_last },
		{ "identify with faults", test_identify_faults },
		{ "dead", test_dead },
		{ "lies", test_lies },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		int before = failures;

		tests[i].fn();
		printf("%s %s\n", failures == before ? "ok" : "FAIL",
		       tests[i].name);
	}
	if (host) {
		free(host->small);
		free(container_of(host, struct mmc_dw, host));
	}
	return failures ? 1 : 0;
}
