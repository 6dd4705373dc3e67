/*
 * The SPI controller of SiFive's chips: two FIFOs of eight bytes behind 32-bit
 * registers. Only slots for SD cards are looked for behind it; flash memory
 * and others are left alone.
 *
 * The tree does not tell the frequency that the clock is divided from, only
 * whose it is. So the highest one that such chips are run at is taken for it:
 * the line is never faster than wanted.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/mmc_spi.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define REG_SCKDIV  0x00 /* line = input / (2 * (this + 1)) */
#define REG_SCKMODE 0x04
#define REG_CSID    0x10
#define REG_CSMODE  0x18
#define REG_FMT     0x40
#define REG_TXDATA  0x48
#define REG_RXDATA  0x4c
#define REG_FCTRL   0x60
#define REG_IE      0x70
#define REG_SIZE    0x78

#define SCKDIV_MAX  0xfffu
#define CSMODE_HOLD 2u /* selected until it is told otherwise */
#define CSMODE_OFF  3u
#define FMT_BYTES   0x80000u /* 8 bits, highest first, one line */
#define RX_EMPTY    (1u << 31)

#define INPUT_HZ 500000000u
#define FIFO     8u
/* Eight bytes at the lowest speed take 160 microseconds. */
#define STUCK_NS (100 * NSEC_PER_MSEC)

struct spi_sifive {
	struct spi_port port;
	volatile char *base;
};

static int take_byte(struct spi_sifive *s, uint8_t *to)
{
	uint64_t start = 0;

	for (;;) {
		uint32_t v = mmio_read32(s->base + REG_RXDATA);

		if (!(v & RX_EMPTY)) {
			*to = (uint8_t)v;
			return 0;
		}
		if (!start)
			start = time_now();
		else if (time_now() - start > STUCK_NS)
			return -EIO;
		cpu_relax();
	}
}

static int spi_exchange(struct spi_port *p, const uint8_t *out, uint8_t *in,
			size_t n)
{
	struct spi_sifive *s = container_of(p, struct spi_sifive, port);
	int err = 0;

	for (size_t i = 0; i < n && !err; i += FIFO) {
		size_t some = MIN(n - i, (size_t)FIFO);
		uint8_t b;

		/* All is taken before more is given, so there is room. */
		for (size_t k = i; k < i + some; k++)
			mmio_write32(s->base + REG_TXDATA, out ? out[k] : 0xff);
		for (size_t k = i; k < i + some && !err; k++) {
			err = take_byte(s, &b);
			if (in && !err)
				in[k] = b;
		}
	}
	return err;
}

static void spi_select(struct spi_port *p, bool on)
{
	struct spi_sifive *s = container_of(p, struct spi_sifive, port);

	mmio_write32(s->base + REG_CSMODE, on ? CSMODE_HOLD : CSMODE_OFF);
}

static void spi_set_clock(struct spi_port *p, uint32_t hz)
{
	struct spi_sifive *s = container_of(p, struct spi_sifive, port);
	uint32_t div = (uint32_t)div_round_up(INPUT_HZ, 2 * (uint64_t)hz) - 1;

	mmio_write32(s->base + REG_SCKDIV, MIN(div, SCKDIV_MAX));
}

/* The first slot for a card behind dev, and the number of its select line. */
static bool find_slot(const struct device *dev, struct fdt_node *n,
		      uint32_t *line)
{
	bool more = fdt_first_child(&machine_tree, &dev->node, n);

	for (; more; more = fdt_next_sibling(&machine_tree, n))
		if (fdt_is_compatible(&machine_tree, n, "mmc-spi-slot") &&
		    fdt_is_enabled(&machine_tree, n) &&
		    fdt_prop_u32(&machine_tree, n, "reg", line))
			return true;
	return false;
}

static int spi_probe(struct device *dev)
{
	struct spi_sifive *s;
	struct fdt_node slot;
	uint32_t line, hz = 0;
	uint8_t b;
	int err = -EINVAL;

	if (!find_slot(dev, &slot, &line))
		return -ENODEV;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->base = device_reg(dev, 0, REG_SIZE);
	if (!s->base)
		goto bad;
	mmio_write32(s->base + REG_IE, 0);
	mmio_write32(s->base + REG_FCTRL, 0); /* not as memory */
	mmio_write32(s->base + REG_SCKMODE, 0);
	mmio_write32(s->base + REG_CSID, line);
	mmio_write32(s->base + REG_CSMODE, CSMODE_OFF);
	mmio_write32(s->base + REG_FMT, FMT_BYTES);
	/* What the firmware left behind. */
	for (unsigned i = 0; i < FIFO; i++)
		if (mmio_read32(s->base + REG_RXDATA) & RX_EMPTY)
			break;
	fdt_prop_u32(&machine_tree, &slot, "spi-max-frequency", &hz);
	s->port.exchange = spi_exchange;
	s->port.select = spi_select;
	s->port.set_clock = spi_set_clock;
	spi_set_clock(&s->port, 1000000);
	err = spi_exchange(&s->port, NULL, &b, 1);
	if (!err)
		err = mmc_spi_add(&s->port, dev->name, hz);
	if (err)
		goto bad;
	dev->priv = s;
	return 0;
bad:
	kfree(s);
	return err;
}

static const char *const spi_compatible[] = { "sifive,spi0", NULL };

const struct driver spi_sifive_driver = {
	.name = "spi_sifive",
	.compatible = spi_compatible,
	.probe = spi_probe,
};
