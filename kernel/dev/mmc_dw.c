/*
 * SD cards behind the DesignWare mobile storage host (snps,dw-mshc, and the
 * JH7110's). Data go through the FIFO, by the slot's thread: the controller
 * stops the card's clock when the FIFO is full (empty), so a thread that is
 * interrupted loses time and no byte. Neither interrupts nor the internal DMA
 * are used; commands end within microseconds, and for what lasts longer (the
 * first block of a read, a card that programs) the thread naps.
 *
 * Clocks, pins and power of the slot are as the firmware left them. What feeds
 * the controller's divider is taken from the tree, else assumed to be fast.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/mmc.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time.h"

enum {
	REG_CTRL = 0x00,
	REG_PWREN = 0x04,
	REG_CLKDIV = 0x08,
	REG_CLKSRC = 0x0c,
	REG_CLKENA = 0x10,
	REG_TMOUT = 0x14,
	REG_CTYPE = 0x18,
	REG_BLKSIZ = 0x1c,
	REG_BYTCNT = 0x20,
	REG_INTMASK = 0x24,
	REG_CMDARG = 0x28,
	REG_CMD = 0x2c,
	REG_RESP0 = 0x30,
	REG_RESP1 = 0x34, /* also what answers the automatic stop */
	REG_RINTSTS = 0x44,
	REG_STATUS = 0x48,
	REG_FIFOTH = 0x4c,
	REG_CDETECT = 0x50,
	REG_WRTPRT = 0x54,
	REG_VERID = 0x6c,
	REG_HCON = 0x70,
	REG_UHS = 0x74,
	REG_BMOD = 0x80,
	/* The FIFO: any address from here on, in older ones from 0x100 on. */
	REG_FIFO = 0x200,
	REG_FIFO_OLD = 0x100,
};

#define CTRL_RESET      0x1u
#define CTRL_FIFO_RESET 0x2u
#define CTRL_DMA_RESET  0x4u
#define CTRL_RESETS     (CTRL_RESET | CTRL_FIFO_RESET | CTRL_DMA_RESET)

#define CMD_RESPONSE   (1u << 6)
#define CMD_LONG       (1u << 7)
#define CMD_CHECK_CRC  (1u << 8)
#define CMD_DATA       (1u << 9)
#define CMD_WRITE      (1u << 10)
#define CMD_AUTO_STOP  (1u << 12)
#define CMD_WAIT_DATA  (1u << 13)
#define CMD_STOP       (1u << 14)
#define CMD_INIT       (1u << 15) /* 80 clocks first */
#define CMD_CLOCK_ONLY (1u << 21)
#define CMD_HOLD       (1u << 29)
#define CMD_START      (1u << 31)

#define INT_RESPONSE (1u << 1) /* an error in it */
#define INT_DONE     (1u << 2) /* command */
#define INT_DATA     (1u << 3) /* all data are over */
#define INT_RESP_CRC (1u << 6)
#define INT_DATA_CRC (1u << 7)
#define INT_NO_RESP  (1u << 8)
#define INT_NO_DATA  (1u << 9)
#define INT_STARVED  (1u << 10)
#define INT_OVERRUN  (1u << 11)
#define INT_LOCKED   (1u << 12) /* a register was written too early */
#define INT_START    (1u << 13)
#define INT_AUTO     (1u << 14) /* the automatic stop is over */
#define INT_END      (1u << 15)
#define INT_COMMAND_ERRORS \
	(INT_RESPONSE | INT_RESP_CRC | INT_NO_RESP | INT_LOCKED)
#define INT_DATA_ERRORS                                            \
	(INT_DATA_CRC | INT_NO_DATA | INT_STARVED | INT_OVERRUN | \
	 INT_START | INT_END)

#define STATUS_BUSY     (1u << 9)
#define STATUS_COUNT(s) ((s) >> 17 & 0x1fffu) /* words in the FIFO */

#define VERID_2_40A 0x240au

#define FIFO_WIDTH         4u      /* bytes; HCON says so by a 1 */
#define FIFO_DEPTH_MAX     4096u
#define FIFO_DEPTH_DEFAULT 16u     /* the least that is built */
#define DIVIDER_MAX        255u
#define INPUT_HZ_DEFAULT   100000000u
#define RESET_NS           (100 * NSEC_PER_MSEC)
#define SPIN_NS            (50 * NSEC_PER_USEC)
/* Until the supply has risen, and 1 ms (SD 6.4.1). */
#define POWER_NS           (36 * NSEC_PER_MSEC)

#define OUT_OF_RANGE (1u << 31) /* of a card's status */

#define CMD_STOP_TRANSMISSION 12
#define CMD_GO_IDLE           0
#define CMD_SEND_STATUS       13

struct mmc_dw {
	struct mmc_host host;
	volatile char *base;
	volatile char *fifo;
	unsigned depth;    /* words */
	uint32_t input_hz; /* before the divider */
};

static uint32_t get(const struct mmc_dw *d, unsigned reg)
{
	return mmio_read32(d->base + reg);
}

static void put(struct mmc_dw *d, unsigned reg, uint32_t v)
{
	mmio_write32(d->base + reg, v);
}

/* Between two looks at a register: naps when it has lasted some time. */
static void pause(uint64_t since)
{
	if (time_now() - since > SPIN_NS)
		mmc_nap(SPIN_NS);
}

/* Waits until the bits of a register are clear. */
static int wait_clear(struct mmc_dw *d, unsigned reg, uint32_t bits,
		      uint64_t ns)
{
	uint64_t since = time_now();

	while (get(d, reg) & bits) {
		if (time_now() - since > ns)
			return -ETIMEDOUT;
		pause(since);
	}
	return 0;
}

static int clear_fifo(struct mmc_dw *d)
{
	put(d, REG_CTRL, CTRL_FIFO_RESET);
	return wait_clear(d, REG_CTRL, CTRL_FIFO_RESET, RESET_NS);
}

/* ---- data ---- */

static int data_error(uint32_t ints)
{
	if (ints & INT_NO_DATA)
		return -ETIMEDOUT;
	return ints & (INT_DATA_CRC | INT_END) ? -EILSEQ : -EIO;
}

static int command_error(uint32_t ints)
{
	if (ints & INT_NO_RESP)
		return -ETIMEDOUT;
	return ints & INT_RESP_CRC ? -EILSEQ : -EIO;
}

/* Moves all blocks, as the FIFO has data or room. */
static int transfer(struct mmc_dw *d, const struct mmc_data *data)
{
	uint64_t limit = data->write ? MMC_WRITE_NS : MMC_READ_NS;
	uint64_t since = time_now();
	unsigned block = 0, at = 0;
	char *p = mmc_block(data, 0);

	while (block < data->blocks) {
		uint32_t ints = get(d, REG_RINTSTS);
		unsigned n = STATUS_COUNT(get(d, REG_STATUS));

		if (ints & INT_DATA_ERRORS)
			return data_error(ints);
		/* It may be deeper than the tree says. */
		if (n > (data->write ? d->depth : FIFO_DEPTH_MAX))
			return -EIO;
		if (data->write)
			n = d->depth - n;
		if (!n) {
			if (time_now() - since > limit)
				return -ETIMEDOUT;
			pause(since);
			continue;
		}
		for (; n && block < data->blocks; n--) {
			uint32_t *word = (uint32_t *)(p + at);

			if (data->write)
				mmio_write32(d->fifo, *word);
			else
				*word = mmio_read32(d->fifo);
			at += FIFO_WIDTH;
			if (at < data->block_size)
				continue;
			at = 0;
			if (++block < data->blocks)
				p = mmc_block(data, block);
		}
		since = time_now();
	}
	return 0;
}

/*
 * Waits until the bus has taken or given all of it, and the stop is over. A
 * card tells an error once, so those in the answer to the stop are added to
 * the command's; but a read of the last block may well end out of range.
 */
static int transfer_end(struct mmc_dw *d, struct mmc_cmd *c,
			const struct mmc_data *data)
{
	uint32_t want = INT_DATA | (data->blocks > 1 ? INT_AUTO : 0);
	uint64_t since = time_now();
	uint32_t ints;

	for (;;) {
		ints = get(d, REG_RINTSTS);
		if (ints & INT_DATA_ERRORS)
			return data_error(ints);
		if ((ints & want) == want)
			break;
		if (time_now() - since > MMC_WRITE_NS)
			return -ETIMEDOUT;
		pause(since);
	}
	/* The command itself had none. */
	if (ints & INT_COMMAND_ERRORS)
		return command_error(ints);
	if (data->blocks > 1)
		c->resp[0] |= get(d, REG_RESP1) &
			      ~(data->write ? 0 : OUT_OF_RANGE);
	return wait_clear(d, REG_STATUS, STATUS_BUSY, MMC_WRITE_NS);
}

/* ---- commands ---- */

/* Hands a command over: the controller clears the bit when it has it. */
static int start(struct mmc_dw *d, uint32_t arg, uint32_t cmd)
{
	put(d, REG_CMDARG, arg);
	put(d, REG_CMD, cmd | CMD_HOLD | CMD_START);
	return wait_clear(d, REG_CMD, CMD_START, MMC_COMMAND_NS);
}

/* The clock's registers count when such a command says so. */
static int clock_update(struct mmc_dw *d, uint32_t wait)
{
	put(d, REG_CMD, CMD_CLOCK_ONLY | wait | CMD_HOLD | CMD_START);
	return wait_clear(d, REG_CMD, CMD_START, MMC_COMMAND_NS);
}

/*
 * Out of a transfer, or a command, that has not come to its end: what is left
 * of it would hold up the next. The registers outlive it, except that the
 * clock's have to be made to count again. A card that is still busy is not
 * waited for: the clock is what brings it on.
 */
__attribute__((cold))
static void give_up(struct mmc_dw *d)
{
	put(d, REG_CTRL, CTRL_RESETS);
	if (!wait_clear(d, REG_CTRL, CTRL_RESETS, RESET_NS))
		clock_update(d, 0);
}

static uint32_t command_bits(const struct mmc_cmd *c,
			     const struct mmc_data *data)
{
	uint32_t bits = c->index;

	if (c->answer != MMC_NONE)
		bits |= CMD_RESPONSE;
	if (c->answer == MMC_R2)
		bits |= CMD_LONG;
	if (c->answer != MMC_NONE && c->answer != MMC_R3)
		bits |= CMD_CHECK_CRC;
	if (c->index == CMD_GO_IDLE)
		bits |= CMD_INIT;
	if (c->index == CMD_STOP_TRANSMISSION)
		bits |= CMD_STOP;
	else if (c->index != CMD_SEND_STATUS)
		bits |= CMD_WAIT_DATA;
	if (data)
		bits |= CMD_DATA | (data->write ? CMD_WRITE : 0) |
			(data->blocks > 1 ? CMD_AUTO_STOP : 0);
	return bits;
}

static int answer(struct mmc_dw *d, struct mmc_cmd *c)
{
	uint64_t since = time_now();
	uint32_t ints;

	while (!((ints = get(d, REG_RINTSTS)) & (INT_DONE | INT_LOCKED))) {
		if (time_now() - since > MMC_COMMAND_NS)
			return -ETIMEDOUT;
		pause(since);
	}
	if (ints & INT_COMMAND_ERRORS)
		return command_error(ints);
	if (c->answer == MMC_R2)
		for (unsigned i = 0; i < 4; i++)
			c->resp[i] = get(d, REG_RESP0 + 4 * (3 - i));
	else
		c->resp[0] = get(d, REG_RESP0);
	return 0;
}

static int dw_request(struct mmc_host *h, struct mmc_cmd *c,
		      struct mmc_data *data)
{
	struct mmc_dw *d = container_of(h, struct mmc_dw, host);
	uint32_t bits = command_bits(c, data);
	int err = 0;

	if (bits & CMD_WAIT_DATA)
		err = wait_clear(d, REG_STATUS, STATUS_BUSY, MMC_WRITE_NS);
	if (!err && data)
		err = clear_fifo(d);
	if (err)
		return err;
	put(d, REG_RINTSTS, UINT32_MAX);
	if (data) {
		put(d, REG_BLKSIZ, data->block_size);
		put(d, REG_BYTCNT, data->block_size * data->blocks);
	}
	err = start(d, c->arg, bits);
	if (!err)
		err = answer(d, c);
	if (!err && data)
		err = transfer(d, data);
	if (!err && data)
		err = transfer_end(d, c, data);
	if (!err && c->answer == MMC_R1B)
		err = wait_clear(d, REG_STATUS, STATUS_BUSY, MMC_WRITE_NS);
	if (err && (data || !(get(d, REG_RINTSTS) & INT_DONE)))
		give_up(d);
	return err;
}

/* ---- the slot ---- */

static int dw_set_clock(struct mmc_host *h, uint32_t hz)
{
	struct mmc_dw *d = container_of(h, struct mmc_dw, host);
	uint32_t half = 0; /* 0: not divided; n: by 2n */
	int err;

	if (d->input_hz > hz)
		half = (d->input_hz - 1) / (2 * hz) + 1;
	if (half > DIVIDER_MAX)
		return -ERANGE;
	put(d, REG_CLKENA, 0);
	err = clock_update(d, CMD_WAIT_DATA);
	if (err)
		return err;
	put(d, REG_CLKSRC, 0);
	put(d, REG_CLKDIV, half);
	err = clock_update(d, CMD_WAIT_DATA);
	if (err)
		return err;
	put(d, REG_CLKENA, 1);
	return clock_update(d, CMD_WAIT_DATA);
}

static void dw_set_wide(struct mmc_host *h)
{
	put(container_of(h, struct mmc_dw, host), REG_CTYPE, 1);
}

static int dw_reset(struct mmc_host *h)
{
	struct mmc_dw *d = container_of(h, struct mmc_dw, host);
	int err;

	put(d, REG_CTRL, CTRL_RESETS);
	err = wait_clear(d, REG_CTRL, CTRL_RESETS, RESET_NS);
	if (err)
		return err;
	if (!(get(d, REG_PWREN) & 1)) {
		put(d, REG_PWREN, 1);
		mmc_nap(POWER_NS);
	}
	put(d, REG_INTMASK, 0);
	put(d, REG_RINTSTS, UINT32_MAX);
	put(d, REG_BMOD, 0);
	put(d, REG_TMOUT, UINT32_MAX);
	put(d, REG_FIFOTH, (d->depth / 2 - 1) << 16 | d->depth / 2);
	put(d, REG_CTYPE, 0);
	put(d, REG_UHS, 0);
	return dw_set_clock(h, MMC_HZ_IDENTIFY);
}

static bool dw_present(struct mmc_host *h)
{
	struct mmc_dw *d = container_of(h, struct mmc_dw, host);

	return !(get(d, REG_CDETECT) & 1);
}

static bool dw_locked(struct mmc_host *h)
{
	struct mmc_dw *d = container_of(h, struct mmc_dw, host);

	return get(d, REG_WRTPRT) & 1;
}

static const struct mmc_host_ops dw_ops = {
	.request = dw_request,
	.reset = dw_reset,
	.set_clock = dw_set_clock,
	.set_wide = dw_set_wide,
};

/* The contacts of the slot go to the controller. */
static const struct mmc_host_ops dw_ops_contacts = {
	.request = dw_request,
	.reset = dw_reset,
	.set_clock = dw_set_clock,
	.set_wide = dw_set_wide,
	.present = dw_present,
	.locked = dw_locked,
};

static bool has_contacts(const struct device *dev)
{
	static const char *const otherwise[] = { "cd-gpios", "broken-cd",
						 "non-removable" };

	for (unsigned i = 0; i < ARRAY_SIZE(otherwise); i++)
		if (fdt_has_prop(&machine_tree, &dev->node, otherwise[i]))
			return false;
	return true;
}

static int dw_probe(struct device *dev)
{
	struct mmc_dw *d = kzalloc(sizeof(*d), GFP_KERNEL);
	uint32_t data_width;
	unsigned fifo;
	int err = -EINVAL;

	if (!d)
		return -ENOMEM;
	d->base = device_reg(dev, 0, REG_FIFO + 8);
	if (!d->base)
		goto bad;
	/* Soldered chips are eMMC, which nobody here can talk to. */
	err = -ENODEV;
	if (fdt_has_prop(&machine_tree, &dev->node, "no-sd"))
		goto bad;
	data_width = get(d, REG_HCON) >> 7 & 7;
	if (data_width != 1) {
		pr_warn("%s: the FIFO is not 32 bits wide (%u)\n", dev->name,
			data_width);
		goto bad;
	}
	fifo = (get(d, REG_VERID) & 0xffff) < VERID_2_40A ? REG_FIFO_OLD :
							     REG_FIFO;
	d->fifo = d->base + fifo;
	d->depth = device_u32(dev, "fifo-depth", FIFO_DEPTH_DEFAULT);
	if (d->depth < 8 || d->depth > FIFO_DEPTH_MAX)
		d->depth = FIFO_DEPTH_DEFAULT;
	d->input_hz = device_u32(dev, "clock-frequency", 0);
	if (!d->input_hz)
		d->input_hz = device_u32(dev, "assigned-clock-rates",
					 INPUT_HZ_DEFAULT);
	d->host.ops = has_contacts(dev) ? &dw_ops_contacts : &dw_ops;
	d->host.device = dev->name;
	d->host.max_hz = device_u32(dev, "max-frequency", 0);
	err = mmc_host_add(&d->host);
	if (err)
		goto bad;
	dev->priv = d;
	return 0;
bad:
	kfree(d);
	return err;
}

static const char *const dw_compatible[] = {
	"snps,dw-mshc", "starfive,jh7110-mmc", NULL,
};

const struct driver mmc_dw_driver = {
	.name = "mmc_dw",
	.compatible = dw_compatible,
	.probe = dw_probe,
};
