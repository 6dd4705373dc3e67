/*
 * The standard controller's driver and the card layer against a model of the
 * controller with a card behind it, which is strict: broken rules fail the test
 * as wrong data do. Cards are found, read and written, by DMA, by a bounce
 * buffer and by words; each thing that can go wrong does, at each point: the
 * right error, in bounded time, and all works afterwards.
 */
// host-test: -iquotetools/board -iquotekernel -DCONFIG_DEBUG=0 kernel/strl.c

#include "kernel/dev/mmc.c"
#include "kernel/dev/sdhci.c"

#include "kernel/smp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kernel/dev/sdhci_model_test.h"

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
static bool woken, no_low_memory, no_irq, mmc_pio;
/* One look at the clock in so many, others have the hart for a while. */
static unsigned lag;

/* ---- memory that a device reaches, and some that it does not ---- */

#define LOW_SIZE (8u << 20)

static uint8_t *low;
static size_t low_used;
static uint8_t *high; /* behind 4 GiB */

static void memory_init(void)
{
	low = mmap(NULL, LOW_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	high = aligned_alloc(4096, MMC_BYTES_MAX);
	if (low == MAP_FAILED || !high || (uintptr_t)high < BIT(32)) {
		printf("FAIL no memory where it is wanted\n");
		exit(1);
	}
}

static bool dma_allowed(uint64_t at, unsigned n)
{
	uint64_t begin = (uintptr_t)low;

	return at >= begin && at + n <= begin + low_used;
}

void *kmalloc(size_t size, unsigned gfp)
{
	void *p = low + low_used;

	if (no_low_memory)
		return gfp & GFP_LOW ? NULL : calloc(1, size);
	low_used += (size + 127) & ~(size_t)63; /* and a gap */
	if (low_used > LOW_SIZE)
		abort();
	memset(p, 0, size);
	return p;
}

void kfree(void *p)
{
	if (p && ((uint8_t *)p < low || (uint8_t *)p >= low + LOW_SIZE))
		free(p);
}

uint64_t time_now(void)
{
	static unsigned looks;

	time_passes(now + (lag && ++looks % lag == 0 ? 3000000 : CLOCK_NS));
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
	spin_unlock(held);
	woken = false;
	while (!woken && now < deadline)
		time_passes(MAX(now, MIN(next_event(), deadline)));
	spin_lock(held);
	return woken ? 0 : -ETIMEDOUT;
}

void wait_queue_init(struct wait_queue *q)
{
}

void wait_wake_all(struct wait_queue *q)
{
	woken = true;
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

void printk(enum printk_level level, const char *fmt, ...)
{
}

bool bootarg(const char *name, char *buf, size_t size)
{
	if (!mmc_pio || strcmp(name, "mmc"))
		return false;
	strlcpy(buf, "pio", size);
	return true;
}

int irq_request(struct device *dev, unsigned n, irq_handler fn, void *arg,
		const char *name)
{
	if (no_irq)
		return -ENOENT;
	model_handler = fn;
	model_handler_arg = arg;
	return 0;
}

int irq_poll_add(irq_handler fn, void *arg, const char *name)
{
	return 0; /* and it is never called: the driver looks by itself */
}

void irq_poll_soon(void)
{
}

/* The device tree's node, as far as the driver asks. */
static struct {
	uint32_t max, lanes;
	bool fixed, noncoherent;
} node;

/* Is there a way to empty caches, and how often was it gone? */
static bool can_sync;
static unsigned syncs;

volatile void *device_reg(struct device *dev, unsigned n, size_t want)
{
	return n || want > 0x300 ? NULL : REGS;
}

uint32_t device_u32(const struct device *dev, const char *property,
		    uint32_t otherwise)
{
	uint32_t v = !strcmp(property, "max-frequency") ? node.max
		     : !strcmp(property, "bus-width")   ? node.lanes
							: 0;

	return v ? v : otherwise;
}

bool fdt_has_prop(const struct fdt *t, const struct fdt_node *n,
		  const char *name)
{
	return node.fixed && !strcmp(name, "non-removable");
}

bool dma_is_coherent(const struct device *dev)
{
	return !node.noncoherent;
}

bool dma_can_sync(void)
{
	return can_sync;
}

bool dma_owns_lines(const void *va, size_t len)
{
	return !(((uintptr_t)va | len) & 63);
}

void dma_sync(const void *va, size_t len)
{
	CHECK(can_sync);
	syncs++;
}

/* ---- the tests ---- */

static struct mmc_host *host;
static struct device device;
static uint32_t *page; /* MMC_BYTES_MAX that the device reaches */

/* How data go. */
enum way { BY_DMA, BY_BOUNCE, BY_WORDS, BY_POLLING, WAYS };

static const char *const way_names[] = { "DMA", "bounce", "words", "polling" };
static enum way way;

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i * 7 + i / 512 * 13 + i / 65536);
}

static bool interrupts_wait(void)
{
	const struct sdhci *s = device.priv;

	return s && s->lock.locked;
}

/* Nothing that the specification forbids was done. */
static void rules_kept(void)
{
	if (m.n_broken)
		printf("FAIL %s: broken rule: %s, %u in all\n", doing, m.broken,
		       m.n_broken);
	failures += m.n_broken != 0;
	m.n_broken = 0;
}

/* Probes a controller that was just switched on: 0, or the driver's error. */
static int probe(unsigned version, uint32_t caps)
{
	int err;

	model_handler = NULL;
	low_used = 0;
	page = (uint32_t *)high;
	if (way != BY_BOUNCE && !no_low_memory)
		page = kmalloc(MMC_BYTES_MAX, GFP_KERNEL);
	no_irq = way == BY_POLLING;
	mmc_pio = way == BY_WORDS;
	model_power_on(version, caps);
	n_hosts = 0;
	host = NULL;
	memset(&device, 0, sizeof(device));
	device.name = "mmc";
	err = sdhci_cadence_driver.probe(&device);
	host = err ? NULL : hosts[0];
	return err;
}

/* A controller with a card that is ready to be read. */
static void begin(const char *what)
{
	static char text[100];

	snprintf(text, sizeof(text), "%s, by %s", what, way_names[way]);
	doing = text;
	memset(&node, 0, sizeof(node));
	node.lanes = 4;
	fill();
	CHECK(!probe(1, CAPS));
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
	CHECK(now - began < 15 * NSEC_PER_SEC);
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
	memset(page, 0, MMC_BYTES_MAX);
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
	unsigned dma = m.dma_commands, data = m.data_commands;

	read_works(3, 1);
	read_works(SECTORS - 1, 1);
	read_works(7, 64);
	write_works(9, 1);
	write_works(100, 64);
	read_works(90, 256);
	rules_kept();
	CHECK(m.data_commands == data + 6);
	CHECK(m.dma_commands - dma == (way == BY_WORDS ? 0 : 6));
}

static void test_identify(void)
{
	begin("identify");
	CHECK(host->bd.sectors == SECTORS && host->by_block);
	CHECK(host->rca == 0xb368u << 16 && card.state == C_TRAN);
	CHECK(card.wide && lanes() == 4);
	CHECK(m.max_hz <= 25000000 && m.max_hz > 12000000);
	CHECK(!host->bd.read_only);
	works();
	CHECK(m.autos == 3);
}

/* Firmware has used the slot in its own way, and stopped in the middle. */
static void test_firmware(void)
{
	begin("left by firmware");
	model_power_on(1, CAPS);
	m.reg[S_POWER] = 0x0f;
	set(S_CLOCK, 2, 0x0107);
	m.reg[S_HOST] = 0x3a;
	set(S_ENABLE, 4, ~0u);
	set(S_SIGNAL, 4, 0);
	set(S_STATUS, 4, 0x00100003);
	m.hrs[0x18] = 3; /* eMMC */
	card.state = C_DATA;
	m.moving = true;
	m.mode = 0x10;
	m.blocks_left = 3;
	n_hosts = 0;
	CHECK(!sdhci_cadence_driver.probe(&device));
	host = hosts[0];
	CHECK(!identify(host));
	CHECK(!(m.hrs[0x18] & 7) && lanes() == 4);
	works();
}

/* Versions, clocks and what else a controller may have or not. */
static void test_kinds(void)
{
	static const struct {
		unsigned version;
		uint32_t caps;
	} kinds[] = {
		{ 0, CAPS },       { 1, CAPS },       { 2, CAPS },
		{ 3, 0x0578c8b4 }, { 2, 0x0578ffb2 }, { 1, 0x05783fb2 },
		{ 1, 0x057801b0 }, { 2, 0x05780a8a }, { 1, 0x01080aa1 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		begin("kinds");
		CHECK(!probe(kinds[i].version, kinds[i].caps));
		CHECK(!identify(host));
		works();
		lag = 3 + i;
		works();
		lag = 0;
	}
	/* One that tells no clock, and no ADMA2. */
	begin("no ADMA2");
	CHECK(!probe(2, CAPS & ~CAP_ADMA2));
	CHECK(!identify(host));
	read_works(3, 20);
	CHECK(!m.dma_commands);
	begin("caches are not seen");
	node.noncoherent = true;
	syncs = 0;
	CHECK(!probe(2, CAPS));
	CHECK(!identify(host));
	write_works(3, 20);
	CHECK(!m.dma_commands && !syncs);
	begin("caches are emptied");
	node.noncoherent = can_sync = true;
	CHECK(!probe(2, CAPS));
	CHECK(!identify(host));
	works();
	/* The table and the data before, the data after what was read. */
	CHECK(way == BY_WORDS ? !syncs
			      : m.dma_commands && syncs > 2 * m.dma_commands);
	can_sync = false;
	begin("one lane");
	node.lanes = 1;
	CHECK(!probe(1, CAPS));
	CHECK(!identify(host) && lanes() == 1 && !card.wide);
	works();
	begin("no memory below 4 GiB");
	no_low_memory = true;
	CHECK(!probe(1, CAPS));
	no_low_memory = false;
	CHECK(!((struct sdhci *)device.priv)->table);
	CHECK(!identify(host));
	write_works(3, 20);
	kfree(container_of(host, struct sdhci, host)->bounce);
	kfree(host->small);
	kfree(device.priv);
	device.priv = NULL;
}

/* Pieces of many sizes: the words go where they belong, and no further. */
static void test_scattered(void)
{
	struct blk_seg segs[16];
	uint8_t *piece[16];
	unsigned blocks = 0;

	begin("scattered");
	for (unsigned i = 0; i < 16; i++) {
		segs[i].len = 512 * (1 + i * 3 % 5);
		piece[i] = kmalloc(segs[i].len + 8, GFP_KERNEL);
		memset(piece[i], 0xcc, segs[i].len + 8);
		segs[i].va = piece[i] + 4;
		if (i == 9 && way == BY_BOUNCE)
			segs[i].va = high;
		blocks += 1 + i * 3 % 5;
	}
	CHECK(!transfer_segs(segs, 16, 40, blocks, false));
	for (unsigned i = 0, at = 40; i < 16; i++) {
		CHECK(!memcmp(segs[i].va, content + 512 * at, segs[i].len));
		CHECK(get_be32(piece[i]) == 0xcccccccc);
		CHECK(get_be32(piece[i] + 4 + segs[i].len) == 0xcccccccc);
		at += segs[i].len / 512;
	}
	CHECK(!transfer_segs(segs, 16, 1000, blocks, true));
	CHECK(!wait_programmed(host));
	CHECK(!memcmp(content + 40 * 512, content + 1000 * 512, 512 * blocks));
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
		{ "read, response CRC", 1, false, { .crc = 1 }, -EILSEQ },
		{ "read, response end", 1, false, { .end = 1 }, -EIO },
		{ "read, other index", 1, false, { .index = 1 }, -EIO },
		{ "reads, no response", 8, false, { .mute = 1 }, -ETIMEDOUT },
		{ "reads, response CRC", 8, false, { .crc = 1 }, -EILSEQ },
		{ "read, never done", 1, false, { .hang = 1 }, -ETIMEDOUT },
		{ "read, CRC", 1, false, { .dcrc = 1 }, -EILSEQ },
		{ "reads, CRC first", 8, false, { .dcrc = 1 }, -EILSEQ },
		{ "reads, CRC middle", 8, false, { .dcrc = 4 }, -EILSEQ },
		{ "reads, CRC last", 8, false, { .dcrc = 8 }, -EILSEQ },
		{ "read, end bit", 1, false, { .dend = 1 }, -EIO },
		{ "reads, end bit", 8, false, { .dend = 3 }, -EIO },
		{ "read, no data", 1, false, { .late = 1 }, -ETIMEDOUT },
		{ "reads, no data", 8, false, { .late = 5 }, -ETIMEDOUT },
		{ "read stands still", 1, false, { .silent = 1 }, -ETIMEDOUT },
		{ "reads stand still", 8, false, { .silent = 7 }, -ETIMEDOUT },
		{ "reads, stop mute", 8, false, { .auto_mute = 1 }, -EIO },
		{ "reads, stop CRC", 8, false, { .auto_crc = 1 }, -EIO },
		{ "reads, no stop", 8, false, { .auto_none = 1 }, -EIO },
		{ "write, no response", 1, true, { .mute = 1 }, -ETIMEDOUT },
		{ "write, response CRC", 1, true, { .crc = 1 }, -EILSEQ },
		{ "writes, response end", 8, true, { .end = 1 }, -EIO },
		{ "writes, never done", 8, true, { .hang = 1 }, -ETIMEDOUT },
		{ "write, CRC", 1, true, { .dcrc = 1 }, -EILSEQ },
		{ "writes, CRC first", 8, true, { .dcrc = 1 }, -EILSEQ },
		{ "writes, CRC last", 8, true, { .dcrc = 8 }, -EILSEQ },
		{ "write, no status", 1, true, { .dend = 1 }, -EIO },
		{ "writes, no status", 8, true, { .dend = 2 }, -EIO },
		{ "write stands still", 1, true, { .silent = 1 }, -ETIMEDOUT },
		{ "writes stand still", 8, true, { .silent = 6 }, -ETIMEDOUT },
		{ "writes, stop mute", 8, true, { .auto_mute = 1 }, -EIO },
		{ "writes, stop CRC", 8, true, { .auto_crc = 1 }, -EIO },
		{ "writes, no stop", 8, true, { .auto_none = 1 }, -EIO },
		{ "pulled in a read", 8, false, { .pull = 3 }, -ETIMEDOUT },
		{ "pulled in a write", 8, true, { .pull = 3 }, -EIO },
	};

	for (unsigned i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		unsigned k = i / 2;
		int err;

		begin(cases[k].name);
		fault = cases[k].f;
		fault.both = i & 1;
		err = transfer_one(20, cases[k].blocks, cases[k].write);
		if (err != cases[k].err)
			printf("%s: %d\n", doing, err);
		CHECK(err == cases[k].err);
		rules_kept();
		if (fault.pulled) {
			CHECK(!host->ops->present(host));
			CHECK(transfer_one(20, 1, false) == -ETIMEDOUT);
			CHECK(identify(host) == -ENOMEDIUM);
			rules_kept();
			memset(&fault, 0, sizeof(fault));
			CHECK(!identify(host));
		} else {
			memset(&fault, 0, sizeof(fault));
			recover();
			rules_kept();
		}
		works();
	}
}

/* ADMA's own error: a line of the table that the controller takes for bad. */
static void test_adma(void)
{
	for (unsigned n = 1; n < 4; n++)
		for (unsigned write = 0; write < 2; write++) {
			struct part p = { .segs = { { page, 128 * 512 } },
					  .nsegs = 1,
					  .blocks = 128 };

			begin("ADMA error");
			p.segs[0].va = (char *)page;
			fault.adma = n;
			CHECK(transfer_one(20, 128, write) ==
			      (way == BY_WORDS || n > 2 ? 0 : -EIO));
			memset(&fault, 0, sizeof(fault));
			rules_kept();
			recover();
			works();
			/* The card layer tries again, by itself. */
			fault.adma = n;
			CHECK(!part_transfer(host, &p, 20, write));
			CHECK(!host->dead);
			memset(&fault, 0, sizeof(fault));
			works();
		}
}

/* Interrupts that nobody hears of: slower, and as good. */
static void test_lost(void)
{
	for (unsigned n = 1; n < 12; n++) {
		begin("lost interrupt");
		fault.lost = n;
		works();
		CHECK(fault.lost == 0 || way == BY_POLLING);
	}
}

/* The same points, and all others, seen from the disk: the card layer tries
 * again and nobody hears of it. */
static void test_retries(void)
{
	for (unsigned kind = 0; kind < 12; kind++)
		for (unsigned n = 1; n < 9; n++)
			for (unsigned write = 0; write < 2; write++) {
				struct part p = { .nsegs = 1, .blocks = 8 };
				char what[60];

				snprintf(what, sizeof(what), "retry %u %u %u",
					 kind, n, write);
				begin(what);
				p.segs[0] = (struct blk_seg){ page, 8 * 512 };
				read_works(7, 8);
				fault.mute = kind == 0 ? n : 0;
				fault.crc = kind == 1 ? n : 0;
				fault.end = kind == 2 ? n : 0;
				fault.index = kind == 3 ? n : 0;
				fault.hang = kind == 4 ? n : 0;
				fault.dcrc = kind == 5 ? n : 0;
				fault.dend = kind == 6 ? n : 0;
				fault.late = kind == 7 ? n : 0;
				fault.auto_mute = kind == 8 ? n : 0;
				fault.auto_crc = kind == 9 ? n : 0;
				fault.auto_none = kind == 10 ? n : 0;
				fault.fails = kind == 11 ? n : 0;
				for (unsigned i = 0; i < 8 * 512 / 4; i++)
					page[i] = write ? i + n : 0;
				CHECK(!part_transfer(host, &p, 30, write));
				CHECK(!memcmp(page, content + 30 * 512,
					      8 * 512));
				CHECK(!host->dead);
				memset(&fault, 0, sizeof(fault));
				works();
			}
}

/* A fault at any point while the card is identified: an error in bounded time,
 * or a card; and the next look finds it. */
static void test_identify_faults(void)
{
	for (unsigned kind = 0; kind < 9; kind++)
		for (unsigned n = 1; n < 20; n++) {
			char what[60];
			uint64_t began;
			int err;

			snprintf(what, sizeof(what), "identify %u %u", kind, n);
			begin(what);
			CHECK(!probe(1, CAPS));
			fault.mute = kind == 0 ? n : 0;
			fault.crc = kind == 1 ? n : 0;
			fault.end = kind == 2 ? n : 0;
			fault.hang = kind == 3 ? n : 0;
			fault.index = kind == 4 ? n : 0;
			fault.dcrc = kind == 5 ? n : 0;
			fault.late = kind == 6 ? n : 0;
			fault.silent = kind == 7 ? n : 0;
			fault.lost = kind == 8 ? n : 0;
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

/* The last sectors with one command, though the card says, when it is stopped,
 * that it would have gone on out of its range. */
static void test_last(void)
{
	struct part p = { .nsegs = 1, .blocks = 8 };
	unsigned before;

	begin("last sectors");
	p.segs[0] = (struct blk_seg){ page, 8 * 512 };
	before = m.data_commands;
	CHECK(!part_transfer(host, &p, SECTORS - 8, false));
	CHECK(!memcmp(page, content + (SECTORS - 8) * 512, 8 * 512));
	CHECK(m.data_commands == before + 1);
	rules_kept();
}

/* Controllers and cards with which nothing can be done. */
static void test_dead(void)
{
	uint64_t began;

	begin("busy for ever");
	fault.stays = 1;
	CHECK(transfer_one(20, 1, true) < 0);
	CHECK(transfer_one(20, 1, true) < 0);
	m.n_broken = 0;
	card.busy_until = 0;
	recover();
	works();

	begin("pulled");
	pull();
	CHECK(!host->ops->present(host));
	CHECK(transfer_one(20, 1, false) == -ETIMEDOUT);
	CHECK(transfer_one(20, 8, true) == -ETIMEDOUT);
	CHECK(identify(host) == -ENOMEDIUM);
	rules_kept();

	/* The contacts are of no use, so the card has to be asked. */
	begin("pulled, no contacts");
	node.fixed = true;
	CHECK(!probe(1, CAPS));
	CHECK(!identify(host));
	pull();
	CHECK(host->ops->present(host));
	CHECK(transfer_one(20, 8, true) < 0);
	CHECK(identify(host) < 0);

	for (unsigned kind = 0; kind < 4; kind++) {
		static const char *const names[] = { "ones", "zeros", "resets",
						     "clock" };

		begin(names[kind]);
		fault.ones = kind == 0;
		fault.zeros = kind == 1;
		fault.sticky_resets = kind == 2;
		fault.unstable = kind == 3;
		began = now;
		if (kind < 2) {
			CHECK(transfer_one(20, 8, false) < 0);
			CHECK(transfer_one(20, 8, true) < 0);
		}
		CHECK(identify(host) < 0);
		CHECK(now - began < 60 * NSEC_PER_SEC);
		m.n_broken = 0;
		memset(&fault, 0, sizeof(fault));
		CHECK(!identify(host));
		works();
	}
}

/* Registers that read as anything now and then: an end in bounded time, and
 * all works once it is over. */
static void test_lies(void)
{
	unsigned good = 0;

	for (unsigned round = 0; round < 150; round++) {
		struct part p = { .nsegs = 1, .blocks = 8 };
		uint64_t began;

		begin("lies");
		p.segs[0] = (struct blk_seg){ page, 8 * 512 };
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
	CHECK(good > 50);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {
		{ "identify", test_identify },
		{ "left by firmware", test_firmware },
		{ "kinds", test_kinds },
		{ "scattered", test_scattered },
		{ "faults", test_faults },
		{ "ADMA", test_adma },
		{ "lost interrupts", test_lost },
		{ "retries", test_retries },
		{ "last sectors", test_last },
		{ "identify with faults", test_identify_faults },
		{ "dead", test_dead },
		{ "lies", test_lies },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	memory_init();
	for (way = 0; way < WAYS; way++)
		for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
			int before = failures;

			tests[i].fn();
			printf("%s %s by %s\n",
			       failures == before ? "ok" : "FAIL",
			       tests[i].name, way_names[way]);
		}
	free(high);
	return failures ? 1 : 0;
}
