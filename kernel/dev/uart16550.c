/*
 * UARTs of the 16550 family, with registers at any distance and of any width.
 *
 * The firmware has set speed and format, and it knew the clock; this driver
 * leaves the divisor and the line control register alone. (Writing the latter
 * also provokes the endless "busy" interrupt of the DesignWare kind, which is
 * handled all the same, should it come.) What is set: FIFOs, modem lines,
 * interrupts.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/time.h"

enum {
	REG_DATA = 0, /* RBR, THR */
	REG_IER = 1,
	REG_IIR = 2, /* read */
	REG_FCR = 2, /* written */
	REG_MCR = 4,
	REG_LSR = 5,
	REG_SCR = 7,
	REG_DW_USR = 31, /* DesignWare: status */
};

#define IER_RX          0x01u
#define IER_TX          0x02u
#define IER_PXA_TIMEOUT 0x10u /* the pause behind less than 8 bytes */
#define IER_PXA_ON      0x40u /* without it the unit does nothing */

#define IIR_NONE    0x01u
#define IIR_ID      0x0fu
#define IIR_TIMEOUT 0x0cu
#define IIR_DW_BUSY 0x07u
#define IIR_FIFOS   0xc0u

#define FCR_ENABLE 0x01u
#define FCR_RX_8   0x80u /* interrupt at 8 bytes, or after a pause */

#define MCR_DTR  0x01u
#define MCR_RTS  0x02u
#define MCR_OUT2 0x08u /* gates the interrupt on some boards */

#define LSR_DATA  0x01u
#define LSR_OVER  0x02u
#define LSR_BREAK 0x10u
#define LSR_BAD   0x0cu /* parity, framing */
#define LSR_THRE  0x20u
#define LSR_TEMT  0x40u

struct uart16550 {
	struct serial_port port;
	volatile char *base;
	unsigned shift;
	unsigned width; /* bytes of an access */
	unsigned fifo;  /* depth, transmit */
	bool dw;
	bool pxa; /* has two more bits in IER */
	/* Told by an earlier look at the status: a break is in what the chip
	 * holds, the next byte of it is damaged. */
	bool break_ahead, bad_ahead;
	uint64_t n_overruns;
};

static uint32_t uart_read(const struct uart16550 *u, unsigned reg)
{
	volatile char *p = u->base + (reg << u->shift);

	switch (u->width) {
	case 4:
		return mmio_read32(p) & 0xff;
	case 2:
		return mmio_read16(p) & 0xff;
	default:
		return mmio_read8(p);
	}
}

static void uart_write(const struct uart16550 *u, unsigned reg, uint32_t v)
{
	volatile char *p = u->base + (reg << u->shift);

	switch (u->width) {
	case 4:
		mmio_write32(p, v);
		break;
	case 2:
		mmio_write16(p, (uint16_t)v);
		break;
	default:
		mmio_write8(p, (uint8_t)v);
		break;
	}
}

/* The line status. Some of its bits are told once, whoever asks, so they are
 * kept for the receiver. */
static uint32_t uart_status(struct uart16550 *u)
{
	uint32_t lsr = uart_read(u, REG_LSR);

	/* All ones: there is no device behind the address. */
	if (lsr == 0xff)
		return 0;
	if (lsr & LSR_BREAK)
		WRITE_ONCE(u->break_ahead, true);
	else if (lsr & LSR_BAD)
		WRITE_ONCE(u->bad_ahead, true);
	if (lsr & LSR_OVER)
		u->n_overruns++;
	return lsr;
}

static unsigned uart_send(struct serial_port *port, const unsigned char *p,
			  unsigned n)
{
	struct uart16550 *u = port->priv;

	/* THRE means that the whole FIFO is empty. */
	if (!(uart_status(u) & LSR_THRE))
		return 0;
	if (n > u->fifo)
		n = u->fifo;
	for (unsigned i = 0; i < n; i++)
		uart_write(u, REG_DATA, p[i]);
	return n;
}

/*
 * A break is a zero byte with a mark. QEMU's mark comes before the bytes that
 * wait in front of that zero; then it is remembered until the zero is met, or
 * nothing more is there.
 */
static unsigned uart_receive(struct serial_port *port, unsigned char *p,
			     unsigned n)
{
	struct uart16550 *u = port->priv;
	unsigned got = 0;

	while (got < n) {
		bool data = uart_status(u) & LSR_DATA;
		unsigned char c = 0;

		if (data)
			c = (unsigned char)uart_read(u, REG_DATA);
		if (u->break_ahead && !c) {
			u->break_ahead = false;
			port->rx_what = SERIAL_BREAK;
			break;
		}
		if (!data)
			break;
		if (u->bad_ahead) {
			u->bad_ahead = false;
			port->rx_what = SERIAL_BAD;
			port->rx_bad = c;
			break;
		}
		p[got++] = c;
	}
	return got;
}

static void uart_interrupts(struct serial_port *port, bool rx, bool tx)
{
	struct uart16550 *u = port->priv;

	uart_write(u, REG_IER,
		   (u->pxa ? IER_PXA_ON : 0) | (rx ? IER_RX : 0) |
			   (rx && u->pxa ? IER_PXA_TIMEOUT : 0) |
			   (tx ? IER_TX : 0));
}

static bool uart_pending(struct serial_port *port)
{
	struct uart16550 *u = port->priv;
	uint32_t iir = uart_read(u, REG_IIR);

	if (u->dw && (iir & IIR_ID) == IIR_DW_BUSY)
		uart_read(u, REG_DW_USR);
	/* Some chips time out over an empty FIFO; only a read ends that. */
	if ((iir & IIR_ID) == IIR_TIMEOUT && !(uart_status(u) & LSR_DATA))
		uart_read(u, REG_DATA);
	return !(iir & IIR_NONE);
}

static const struct serial_ops uart_ops = {
	.send = uart_send,
	.receive = uart_receive,
	.interrupts = uart_interrupts,
	.pending = uart_pending,
};

static void uart_setup(struct uart16550 *u)
{
	uint64_t end = time_now() + 20 * NSEC_PER_MSEC;

	uart_interrupts(&u->port, false, false);
	/* Switching the FIFOs on empties them: let the firmware's last words
	 * out first. */
	while (!(uart_read(u, REG_LSR) & LSR_TEMT) && time_now() < end)
		cpu_relax();
	uart_write(u, REG_FCR, FCR_ENABLE | FCR_RX_8);
	uart_write(u, REG_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	u->fifo = (uart_read(u, REG_IIR) & IIR_FIFOS) == IIR_FIFOS ? 16 : 1;
}

static int uart_probe(struct device *dev)
{
	struct uart16550 *u = kzalloc(sizeof(*u), GFP_KERNEL);
	uint32_t shift = device_u32(dev, "reg-shift", 0);
	uint32_t width = device_u32(dev, "reg-io-width", 1);
	uint32_t offset = device_u32(dev, "reg-offset", 0);
	int err = -EINVAL;

	if (!u)
		return -ENOMEM;
	u->dw = fdt_is_compatible(&machine_tree, &dev->node,
				  "snps,dw-apb-uart");
	u->pxa = fdt_is_compatible(&machine_tree, &dev->node,
				   "intel,xscale-uart");
	/* Wide registers lie that far apart even where the tree forgets. */
	if (!fdt_has_prop(&machine_tree, &dev->node, "reg-shift") && width == 4)
		shift = 2;
	if (shift > 4 || (width != 1 && width != 2 && width != 4) ||
	    width > 1u << shift || offset > 0x1000 || offset % width) {
		pr_err("%s: registers of %u bytes, shift %u\n", dev->name,
		       width, shift);
		goto bad;
	}
	u->base = device_reg(dev, 0, offset + (8u << shift));
	if (!u->base)
		goto bad;
	u->base += offset;
	u->shift = shift;
	u->width = width;
	if (u->dw && dev->regs[0].size < offset + (32u << shift))
		u->dw = false;
	if (uart_read(u, REG_LSR) == 0xff) {
		pr_err("%s: no answer\n", dev->name);
		err = -ENODEV;
		goto bad;
	}
	u->port.priv = u;
	uart_setup(u);
	u->port.ops = &uart_ops;
	u->port.node = fdt_node_id(&dev->node);
	u->port.kind = u->dw ? "dw-apb" : "ns16550";
	err = serial_add(&u->port);
	if (err)
		goto bad;
	dev->priv = u;
	err = irq_request(dev, 0, serial_interrupt, &u->port, dev->name);
	if (err == 0) {
		u->port.has_irq = true;
		uart_interrupts(&u->port, true, false);
	} else if (err < 0) {
		pr_warn("%s: no interrupt (%d), polling\n", dev->name, -err);
		irq_poll_add(serial_interrupt, &u->port, dev->name);
	}
	return 0;
bad:
	kfree(u);
	return err;
}

static const char *const uart_compatible[] = {
	"ns16550a",         "ns16550",           "ns8250",
	"snps,dw-apb-uart", "intel,xscale-uart", NULL,
};

const struct driver uart16550_driver = {
	.name = "uart16550",
	.compatible = uart_compatible,
	.probe = uart_probe,
};
