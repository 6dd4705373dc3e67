/*
 * The UART of SiFive's chips: two FIFOs of eight bytes behind 32-bit
 * registers, an interrupt each when the level passes a watermark. The firmware
 * has set the speed.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/serial.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define REG_TXDATA 0x00
#define REG_RXDATA 0x04
#define REG_TXCTRL 0x08
#define REG_RXCTRL 0x0c
#define REG_IE     0x10
#define REG_IP     0x14
#define REG_SIZE   0x1c

#define TX_FULL      (1u << 31)
#define RX_EMPTY     (1u << 31)
#define CTRL_ENABLE  1u
#define CTRL_MARK(n) ((uint32_t)(n) << 16)
#define INT_TX       1u /* fewer than txmark bytes wait */
#define INT_RX       2u /* more than rxmark bytes are there */

struct uart_sifive {
	struct serial_port port;
	volatile char *base;
};

static unsigned uart_send(struct serial_port *port, const unsigned char *p,
			  unsigned n)
{
	struct uart_sifive *u = port->priv;
	unsigned i = 0;

	while (i < n && !(mmio_read32(u->base + REG_TXDATA) & TX_FULL))
		mmio_write32(u->base + REG_TXDATA, p[i++]);
	return i;
}

static unsigned uart_receive(struct serial_port *port, unsigned char *p,
			     unsigned n)
{
	struct uart_sifive *u = port->priv;
	unsigned got = 0;

	while (got < n) {
		uint32_t v = mmio_read32(u->base + REG_RXDATA);

		if (v & RX_EMPTY)
			break;
		p[got++] = (unsigned char)v;
	}
	return got;
}

static void uart_interrupts(struct serial_port *port, bool rx, bool tx)
{
	struct uart_sifive *u = port->priv;

	mmio_write32(u->base + REG_IE, (rx ? INT_RX : 0) | (tx ? INT_TX : 0));
}

static bool uart_pending(struct serial_port *port)
{
	struct uart_sifive *u = port->priv;

	return mmio_read32(u->base + REG_IP) & mmio_read32(u->base + REG_IE);
}

static const struct serial_ops uart_ops = {
	.send = uart_send,
	.receive = uart_receive,
	.interrupts = uart_interrupts,
	.pending = uart_pending,
};

static int uart_probe(struct device *dev)
{
	struct uart_sifive *u = kzalloc(sizeof(*u), GFP_KERNEL);
	int err = -EINVAL;

	if (!u)
		return -ENOMEM;
	u->base = device_reg(dev, 0, REG_SIZE);
	if (!u->base)
		goto bad;
	mmio_write32(u->base + REG_IE, 0);
	mmio_write32(u->base + REG_TXCTRL, CTRL_ENABLE | CTRL_MARK(1));
	mmio_write32(u->base + REG_RXCTRL, CTRL_ENABLE | CTRL_MARK(0));
	u->port.ops = &uart_ops;
	u->port.priv = u;
	u->port.node = fdt_node_id(&dev->node);
	u->port.kind = "sifive";
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

static const char *const uart_compatible[] = { "sifive,uart0", NULL };

const struct driver uart_sifive_driver = {
	.name = "uart_sifive",
	.compatible = uart_compatible,
	.probe = uart_probe,
};
