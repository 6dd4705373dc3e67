/*
 * The controller for SD cards that the SD Association has specified (SD Host
 * Controller Simplified Specification 4.20, from here on "SDHC"), as far as it
 * was in version 2.00: any that is newer does that too.
 *
 * Data go by ADMA2 with 32-bit addresses: a table of the pieces of memory,
 * which the controller walks by itself. What lies above 4 GiB goes through a
 * buffer below it, and so does what shares lines of the caches with other data,
 * where DMA does not see these. Without ADMA2, without memory below 4 GiB,
 * without a way to empty the caches, or with "mmc=pio", the thread moves each
 * word itself.
 *
 * Version 2.00 knows no tuning and no 1.8 V: the card runs at its default
 * speed. What a chip has beside the standard registers is in the table of
 * kinds at the end; PHY delays and the like are as the firmware left them.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/mmc.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/wait.h"

/* Registers (SDHC 2.1), with their width in bits. */
#define BLOCK_SIZE    0x04 /* 16 */
#define BLOCK_COUNT   0x06 /* 16 */
#define ARGUMENT      0x08 /* 32 */
#define TRANSFER_MODE 0x0c /* 16 */
#define COMMAND       0x0e /* 16: writing it starts the command */
#define RESPONSE      0x10 /* 4 times 32, the lowest bits first */
#define BUFFER        0x20 /* 32 */
#define PRESENT       0x24 /* 32 */
#define HOST_CONTROL  0x28 /* 8 */
#define POWER         0x29 /* 8 */
#define CLOCK         0x2c /* 16 */
#define TIMEOUT       0x2e /* 8 */
#define RESET         0x2f /* 8 */
#define INT_STATUS    0x30 /* 32; ones written clear */
#define INT_ENABLE    0x34 /* 32: what appears in INT_STATUS */
#define INT_SIGNAL    0x38 /* 32: what interrupts */
#define CAPABILITIES  0x40 /* 32 */
#define ADMA_TABLE    0x58 /* 32 */
#define VERSION       0xfe /* 16 */
#define REG_SIZE      0x100

#define MODE_DMA   0x01u
#define MODE_COUNT 0x02u
#define MODE_STOP  0x04u /* CMD12 behind the last block */
#define MODE_READ  0x10u
#define MODE_MANY  0x20u

#define COMMAND_DATA      0x20u
#define COMMAND_NO_ANSWER 0x00u
#define COMMAND_136       0x09u /* with the checksum looked at */
#define COMMAND_48        0x02u
#define COMMAND_48_SAFE   0x1au /* and checksum and index looked at */
#define COMMAND_48_BUSY   0x1bu
#define COMMAND_ABORT     0xc0u /* CMD12 that was not sent by itself */

#define PRESENT_COMMAND  (1u << 0) /* the command line is in use */
#define PRESENT_DATA     (1u << 1)
#define PRESENT_CARD     (1u << 16)
#define PRESENT_WRITABLE (1u << 19)

#define CONTROL_WIDE  0x02u
#define CONTROL_DMA   0x18u
#define CONTROL_ADMA2 0x10u

#define POWER_ON   1u
#define CLOCK_RUN  1u
#define CLOCK_GOOD 2u
#define CLOCK_CARD 4u
#define RESET_ALL  1u
#define RESET_LINE 6u /* of commands and of data */

#define TIMEOUT_MOST 0xeu

#define OUT_OF_RANGE (1u << 31) /* of a card's status */

#define INT_COMMAND      (1u << 0)
#define INT_TRANSFER     (1u << 1)
#define INT_WRITE        (1u << 4) /* room for a block */
#define INT_READ         (1u << 5) /* a block is there */
#define INT_CMD_TIMEOUT  (1u << 16)
#define INT_CMD_CRC      (1u << 17)
#define INT_DATA_TIMEOUT (1u << 20)
#define INT_DATA_CRC     (1u << 21)
#define INT_ERRORS       0xffff0000u
#define INT_ALL                                                                \
	(0x03ff0000u | INT_COMMAND | INT_TRANSFER | INT_WRITE | INT_READ)

#define CAP_ADMA2   (1u << 19)
#define CAP_VOLTAGE 24 /* 3.3, 3.0 and 1.8 V */

/* The pieces of ADMA2 (SDHC 1.13): valid, a transfer, and the end. */
#define ADMA_VALID 0x01u
#define ADMA_END   0x02u
#define ADMA_MOVE  0x20u
#define ADMA_MOST  (32u << 10)
#define ADMA_ROWS  (MMC_SEGS_MAX + MMC_BYTES_MAX / ADMA_MOST)
/* Of memory for the table: the least that GFP_LOW gives. */
#define TABLE_SIZE (2 * PAGE_SIZE)

struct adma_row {
	uint16_t attributes;
	uint16_t len;
	uint32_t addr;
};

/* Where the clock's frequency is not told: the highest one that is likely. */
#define BASE_HZ_UNKNOWN 200000000u

/* A reset, a clock that becomes stable. */
#define SETTLE_NS (150 * NSEC_PER_MSEC)
/* The whole of a transfer; a block that takes too long the controller itself
 * gives up. */
#define TRANSFER_NS (10 * NSEC_PER_SEC)
/* An interrupt that does not come is looked for so often. */
#define LOOK_NS (20 * NSEC_PER_MSEC)

struct sdhci {
	struct mmc_host host;
	volatile char *regs;
	struct spinlock lock;
	struct wait_queue wake;
	uint32_t status;  /* [lock] INT_* that came and are not used up */
	bool active;      /* [lock] a command is on its way */
	bool polled;      /* [I] it does not interrupt */
	bool fixed;       /* [I] the tree: a card that cannot be taken out */
	bool no_lock;     /* [I] the tree: no switch against writing */
	bool version3;    /* [I] */
	uint32_t base_hz; /* [I] */
	uint8_t power;    /* [I] */
	struct adma_row *table; /* [I] NULL: no DMA */
	char *bounce;           /* [I] below 4 GiB, MMC_BYTES_MAX */
	bool sync;              /* [I] DMA does not see the caches */
};

/* ---- interrupts ---- */

/* Takes what the controller has to say. s->lock is held. */
static bool sdhci_take(struct sdhci *s)
{
	uint32_t v = mmio_read32(s->regs + INT_STATUS);

	/* All ones: there is no controller any more. */
	if (v == UINT32_MAX || !(v & INT_ALL))
		return false;
	mmio_write32(s->regs + INT_STATUS, v);
	s->status |= v;
	wait_wake_all(&s->wake);
	return s->active;
}

static bool sdhci_interrupt(void *arg)
{
	struct sdhci *s = arg;
	bool useful;

	spin_lock(&s->lock);
	useful = sdhci_take(s);
	spin_unlock(&s->lock);
	return useful;
}

static int status_error(uint32_t status)
{
	if (status & (INT_CMD_CRC | INT_DATA_CRC))
		return -EILSEQ;
	if (status & (INT_CMD_TIMEOUT | INT_DATA_TIMEOUT))
		return -ETIMEDOUT;
	return -EIO;
}

/* Waits for `want`, an error, or the end of patience. */
static int sdhci_wait(struct sdhci *s, uint32_t want, uint64_t ns)
{
	uint64_t now = time_now(), until = now + ns;
	uint32_t got;

	spin_lock(&s->lock);
	while (!(s->status & (want | INT_ERRORS)) && now < until) {
		if (s->polled)
			irq_poll_soon();
		if (wait_sleep(&s->wake, &s->lock, WAIT_UNINTERRUPTIBLE,
			       MIN(until, now + LOOK_NS)))
			sdhci_take(s);
		now = time_now();
	}
	got = s->status;
	s->status &= ~want;
	spin_unlock(&s->lock);
	if (got & INT_ERRORS)
		return status_error(got);
	return got & want ? 0 : -ETIMEDOUT;
}

/* Waits until bits of a register are as wanted: the hardware's own affair. */
static int wait_bits(struct sdhci *s, unsigned reg, uint32_t mask,
		     uint32_t want, uint64_t ns)
{
	uint64_t until = time_now() + ns;
	bool last;

	for (;;) {
		/* The registers that are waited for are not at a multiple of
		 * four, but the word around each may be read. */
		uint32_t v = mmio_read32(s->regs + (reg & ~3u));

		last = time_now() >= until;
		if (v != UINT32_MAX && ((v >> reg % 4 * 8) & mask) == want)
			return 0;
		if (last)
			return -ETIMEDOUT;
		mmc_nap(50 * NSEC_PER_USEC);
	}
}

static int sdhci_reset_part(struct sdhci *s, uint8_t what)
{
	mmio_write8(s->regs + RESET, what);
	return wait_bits(s, RESET, what, 0, SETTLE_NS);
}

/* ---- data ---- */

static bool in_reach(const struct sdhci *s, const struct mmc_data *d)
{
	for (unsigned i = 0; i < d->nsegs; i++) {
		const struct blk_seg *seg = &d->segs[i];

		if (dma_map(seg->va) + seg->len > BIT(32) ||
		    (s->sync && !dma_owns_lines(seg->va, seg->len)))
			return false;
	}
	return true;
}

/* Around a transfer: what DMA reads or writes is in memory and nowhere else. */
static void sync_data(struct sdhci *s, const struct mmc_data *d, bool bounced)
{
	if (!s->sync)
		return;
	dma_sync(s->table, ADMA_ROWS * sizeof(*s->table));
	if (bounced)
		dma_sync(s->bounce, d->blocks * d->block_size);
	for (unsigned i = 0; !bounced && i < d->nsegs; i++)
		dma_sync(d->segs[i].va, d->segs[i].len);
}

static void bounce_copy(struct sdhci *s, const struct mmc_data *d, bool in)
{
	char *p = s->bounce;

	for (unsigned i = 0; i < d->nsegs; i++) {
		if (in)
			memcpy(d->segs[i].va, p, d->segs[i].len);
		else
			memcpy(p, d->segs[i].va, d->segs[i].len);
		p += d->segs[i].len;
	}
}

/* Rows for one piece of memory, behind `row`. */
static struct adma_row *adma_add(struct adma_row *row, const void *va,
				 uint32_t len)
{
	uint32_t addr = (uint32_t)dma_map(va);

	while (len) {
		uint32_t n = MIN(len, ADMA_MOST);

		*row++ = (struct adma_row){
			.attributes = ADMA_VALID | ADMA_MOVE,
			.len = (uint16_t)n,
			.addr = addr,
		};
		addr += n;
		len -= n;
	}
	return row;
}

static void adma_set(struct sdhci *s, const struct mmc_data *d, bool bounced)
{
	struct adma_row *row = s->table;
	uint8_t control = mmio_read8(s->regs + HOST_CONTROL);

	if (bounced)
		row = adma_add(row, s->bounce, d->blocks * d->block_size);
	for (unsigned i = 0; !bounced && i < d->nsegs; i++)
		row = adma_add(row, d->segs[i].va, d->segs[i].len);
	row[-1].attributes |= ADMA_END;
	sync_data(s, d, bounced);
	mmio_write8(s->regs + HOST_CONTROL,
		    (uint8_t)((control & ~CONTROL_DMA) | CONTROL_ADMA2));
	mmio_write32(s->regs + ADMA_TABLE, (uint32_t)dma_map(s->table));
	dma_wmb();
}

/* Moves the words of each block, when the controller is ready for it. */
static int pio(struct sdhci *s, const struct mmc_data *d)
{
	int err = 0;

	for (unsigned i = 0; i < d->blocks && !err; i++) {
		uint32_t *p = (uint32_t *)mmc_block(d, i);

		err = sdhci_wait(s, d->write ? INT_WRITE : INT_READ,
				 d->write ? MMC_WRITE_NS : MMC_READ_NS);
		for (unsigned k = 0; k < d->block_size / 4 && !err; k++)
			if (d->write)
				mmio_write32(s->regs + BUFFER, p[k]);
			else
				p[k] = mmio_read32(s->regs + BUFFER);
	}
	return err;
}

/* ---- commands ---- */

static unsigned command_bits(const struct mmc_cmd *c)
{
	switch (c->answer) {
	case MMC_NONE:
		return COMMAND_NO_ANSWER;
	case MMC_R1B:
		return COMMAND_48_BUSY | (c->index == 12 ? COMMAND_ABORT : 0);
	case MMC_R2:
		return COMMAND_136;
	case MMC_R3:
		return COMMAND_48;
	default:
		return COMMAND_48_SAFE;
	}
}

static void take_answer(struct sdhci *s, struct mmc_cmd *c)
{
	uint32_t r[4];

	for (unsigned i = 0; i < 4; i++)
		r[i] = mmio_read32(s->regs + RESPONSE + 4 * i);
	c->resp[0] = r[0];
	/* The checksum at the end of the 128 bits is left out. */
	for (unsigned i = 0; c->answer == MMC_R2 && i < 4; i++)
		c->resp[i] = r[3 - i] << 8 | (i < 3 ? r[2 - i] >> 24 : 0);
}

/* Starts c: all that it needs is in the registers. */
static void start(struct sdhci *s, const struct mmc_cmd *c,
		  const struct mmc_data *d, bool dma)
{
	unsigned mode = 0, bits = command_bits(c);

	if (d) {
		mode = MODE_COUNT | (dma ? MODE_DMA : 0) |
		       (d->write ? 0 : MODE_READ) |
		       (d->blocks > 1 ? MODE_MANY | MODE_STOP : 0);
		bits |= COMMAND_DATA;
		mmio_write16(s->regs + BLOCK_SIZE, (uint16_t)d->block_size);
		mmio_write16(s->regs + BLOCK_COUNT, (uint16_t)d->blocks);
	}
	spin_lock(&s->lock);
	mmio_write32(s->regs + INT_STATUS, INT_ALL);
	s->status = 0;
	s->active = true;
	spin_unlock(&s->lock);
	mmio_write32(s->regs + ARGUMENT, c->arg);
	mmio_write16(s->regs + TRANSFER_MODE, (uint16_t)mode);
	mmio_write16(s->regs + COMMAND, (uint16_t)(c->index << 8 | bits));
}

static int run(struct sdhci *s, struct mmc_cmd *c, struct mmc_data *d)
{
	uint32_t lines = PRESENT_COMMAND;
	bool dma = d && s->table && d->block_size == BLK_SECTOR;
	bool bounced = dma && !in_reach(s, d);
	int err;

	if (d || c->answer == MMC_R1B)
		lines |= PRESENT_DATA;
	err = wait_bits(s, PRESENT, lines, 0, MMC_COMMAND_NS);
	if (err)
		return err;
	if (bounced && d->write)
		bounce_copy(s, d, false);
	if (dma)
		adma_set(s, d, bounced);
	start(s, c, d, dma);
	err = sdhci_wait(s, INT_COMMAND, MMC_COMMAND_NS);
	if (err)
		return err;
	take_answer(s, c);
	if (d && !dma)
		err = pio(s, d);
	if (!err && (d || c->answer == MMC_R1B))
		err = sdhci_wait(s, INT_TRANSFER,
				 d ? TRANSFER_NS : MMC_WRITE_NS);
	/* A card tells an error once: here in its answer to the stop. A read of
	 * the last block may well end out of range. */
	if (!err && d && d->blocks > 1)
		c->resp[0] |= mmio_read32(s->regs + RESPONSE + 12) &
			      ~(d->write ? 0 : OUT_OF_RANGE);
	dma_rmb();
	if (dma && !d->write)
		sync_data(s, d, bounced);
	if (!err && bounced && !d->write)
		bounce_copy(s, d, true);
	return err;
}

static bool sdhci_present(struct mmc_host *h)
{
	struct sdhci *s = container_of(h, struct sdhci, host);
	uint32_t v = mmio_read32(s->regs + PRESENT);

	return v != UINT32_MAX && (s->fixed || v & PRESENT_CARD);
}

static int sdhci_request(struct mmc_host *h, struct mmc_cmd *c,
			 struct mmc_data *d)
{
	struct sdhci *s = container_of(h, struct sdhci, host);
	int err = sdhci_present(h) ? run(s, c, d) : -ETIMEDOUT;

	/* A command that failed may still hold the lines, and its DMA may go
	 * on, until they are reset. */
	if (err)
		sdhci_reset_part(s, RESET_LINE);
	spin_lock(&s->lock);
	s->active = false;
	spin_unlock(&s->lock);
	return err;
}

/* ---- the slot ---- */

/* The divider of the clock, in the bits of CLOCK (SDHC 2.2.14). */
static uint16_t clock_bits(const struct sdhci *s, uint32_t hz)
{
	uint32_t n;

	if (hz >= s->base_hz)
		return 0;
	/* base / 2n; before version 3 n is a power of two up to 128. */
	n = (uint32_t)div_round_up(s->base_hz, 2 * (uint64_t)hz);
	if (s->version3) {
		n = MIN(n, 0x3ffu);
	} else {
		uint32_t up = 1;

		while (up < n && up < 128)
			up *= 2;
		n = up;
	}
	return (uint16_t)((n & 0xff) << 8 | (n >> 8) << 6);
}

static int sdhci_set_clock(struct mmc_host *h, uint32_t hz)
{
	struct sdhci *s = container_of(h, struct sdhci, host);
	uint16_t bits = clock_bits(s, hz) | CLOCK_RUN;
	int err;

	mmio_write16(s->regs + CLOCK, 0);
	mmio_write16(s->regs + CLOCK, bits);
	err = wait_bits(s, CLOCK, CLOCK_GOOD, CLOCK_GOOD, SETTLE_NS);
	if (!err)
		mmio_write16(s->regs + CLOCK, bits | CLOCK_CARD);
	return err;
}

static void sdhci_set_wide(struct mmc_host *h)
{
	struct sdhci *s = container_of(h, struct sdhci, host);

	mmio_write8(s->regs + HOST_CONTROL,
		    mmio_read8(s->regs + HOST_CONTROL) | CONTROL_WIDE);
}

static int sdhci_reset(struct mmc_host *h)
{
	struct sdhci *s = container_of(h, struct sdhci, host);
	int err = sdhci_reset_part(s, RESET_ALL);

	if (err)
		return err;
	mmc_nap(10 * NSEC_PER_MSEC);
	mmio_write8(s->regs + POWER, s->power);
	mmio_write8(s->regs + POWER, s->power | POWER_ON);
	mmio_write8(s->regs + TIMEOUT, TIMEOUT_MOST);
	mmio_write32(s->regs + INT_STATUS, UINT32_MAX);
	mmio_write32(s->regs + INT_ENABLE, INT_ALL);
	mmio_write32(s->regs + INT_SIGNAL, INT_ALL);
	mmc_nap(10 * NSEC_PER_MSEC);
	err = sdhci_set_clock(h, MMC_HZ_IDENTIFY);
	mmc_nap(NSEC_PER_MSEC);
	return err;
}

static bool sdhci_locked(struct mmc_host *h)
{
	struct sdhci *s = container_of(h, struct sdhci, host);

	return !s->no_lock &&
	       !(mmio_read32(s->regs + PRESENT) & PRESENT_WRITABLE);
}

static const struct mmc_host_ops sdhci_narrow_ops = {
	.request = sdhci_request,
	.reset = sdhci_reset,
	.set_clock = sdhci_set_clock,
	.present = sdhci_present,
	.locked = sdhci_locked,
};

static const struct mmc_host_ops sdhci_ops = {
	.request = sdhci_request,
	.reset = sdhci_reset,
	.set_clock = sdhci_set_clock,
	.set_wide = sdhci_set_wide,
	.present = sdhci_present,
	.locked = sdhci_locked,
};

/* ---- probe ---- */

/* Memory for DMA where it can be; without it all goes by PIO. */
static void prepare_dma(struct sdhci *s, const struct device *dev,
			uint32_t caps)
{
	char how[8] = "";

	bootarg("mmc", how, sizeof(how));
	if (!strcmp(how, "pio") || !(caps & CAP_ADMA2))
		return;
	s->sync = !dma_is_coherent(dev);
	if (s->sync && !dma_can_sync())
		return;
	s->bounce = kmalloc(MMC_BYTES_MAX, GFP_NOWAIT | GFP_LOW);
	if (s->bounce)
		s->table = kmalloc(TABLE_SIZE, GFP_NOWAIT | GFP_LOW);
}

static void sdhci_read_caps(struct sdhci *s, const struct device *dev)
{
	uint32_t caps = mmio_read32(s->regs + CAPABILITIES);
	uint32_t mhz;

	s->version3 = (mmio_read16(s->regs + VERSION) & 0xff) >= 2;
	mhz = caps >> 8 & (s->version3 ? 0xff : 0x3f);
	s->base_hz = mhz ? mhz * 1000000 : BASE_HZ_UNKNOWN;
	/* 3.3 V if there is that, else what is next below it. */
	s->power = 7 << 1;
	for (unsigned i = 0; i < 3; i++)
		if (caps >> (CAP_VOLTAGE + i) & 1) {
			s->power = (uint8_t)((7 - i) << 1);
			break;
		}
	prepare_dma(s, dev, caps);
}

static bool has(const struct device *dev, const char *property)
{
	return fdt_has_prop(&machine_tree, &dev->node, property);
}

static int add(struct sdhci *s, struct device *dev)
{
	int err;

	s->host.device = dev->name;
	s->host.max_hz = device_u32(dev, "max-frequency", 0);
	s->host.ops = device_u32(dev, "bus-width", 1) >= 4 ? &sdhci_ops
							   : &sdhci_narrow_ops;
	s->fixed = has(dev, "non-removable") || has(dev, "broken-cd") ||
		   has(dev, "cd-gpios");
	s->no_lock = has(dev, "disable-wp") || has(dev, "wp-gpios");
	spin_init(&s->lock, "sdhci", RANK_DEVICE);
	wait_queue_init(&s->wake);
	mmio_write32(s->regs + INT_SIGNAL, 0);
	sdhci_read_caps(s, dev);
	err = mmc_host_add(&s->host);
	if (err)
		return err;
	/* It stays for ever from here on; the thread does not run yet. */
	err = irq_request(dev, 0, sdhci_interrupt, s, dev->name);
	s->polled = err;
	if (err < 0 && irq_poll_add(sdhci_interrupt, s, dev->name))
		pr_warn("%s: no interrupt, slow\n", dev->name);
	return 0;
}

/*
 * Cadence's SD4HC: registers of its own in front of the standard ones. The
 * kind of card is in one of them, 0 for SD.
 */
#define CADENCE_STANDARD 0x200
#define CADENCE_MODE     0x18
#define CADENCE_MODE_SD  (~7u)

static int cadence_probe(struct device *dev)
{
	volatile char *base = device_reg(dev, 0, CADENCE_STANDARD + REG_SIZE);
	struct sdhci *s;
	int err;

	if (!base)
		return -EINVAL;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	mmio_write32(base + CADENCE_MODE,
		     mmio_read32(base + CADENCE_MODE) & CADENCE_MODE_SD);
	s->regs = base + CADENCE_STANDARD;
	dev->priv = s;
	err = add(s, dev);
	if (err) {
		kfree(s->bounce);
		kfree(s->table);
		kfree(s);
	}
	return err;
}

static const char *const cadence_compatible[] = { "cdns,sd4hc", NULL };

const struct driver sdhci_cadence_driver = {
	.name = "sdhci_cadence",
	.compatible = cadence_compatible,
	.probe = cadence_probe,
};
