/*
 * PCI behind a generic host bridge: configuration space is memory, 4 KiB a
 * function (ECAM; PCI Express base specification, section 7.2.2), and all else
 * is in the tree.
 *
 * Firmware leaves the bus as it found it, or as it liked it, so registers are
 * given addresses here, from the windows of the tree. First everything is
 * switched off, then what has a driver is set up, one function after another.
 *
 * Left out: what is behind bridges (they are closed and named), I/O ports,
 * and messages as interrupts: the pins do, through whatever controller.
 */
#include "kernel/dev/pci.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/string.h"

#define PCI_ID          0x00u
#define PCI_COMMAND     0x04u
#define PCI_STATUS      0x06u
#define PCI_CLASS       0x0bu /* the highest of its three bytes */
#define PCI_HEADER_TYPE 0x0eu
#define PCI_BAR(n)      (0x10u + 4u * (n))
#define PCI_CAP_FIRST   0x34u
#define PCI_PIN         0x3du

#define COMMAND_IO     0x001u
#define COMMAND_MEMORY 0x002u
#define COMMAND_MASTER 0x004u
#define COMMAND_NO_PIN 0x400u

#define STATUS_CAPS 0x10u

#define HEADER_KIND   0x7fu
#define HEADER_BRIDGE 1u
#define HEADER_MULTI  0x80u
#define CLASS_BRIDGE  6u

#define BAR_IO         1u
#define BAR_KIND_MASK  6u
#define BAR_KIND_64    4u
#define BAR_FLAGS_MASK 15u

#define BARS      6u
#define SLOTS     32u
#define FUNCTIONS 8u
/* One bus. */
#define ECAM_SIZE (SLOTS * FUNCTIONS << 12)
/* Where the list of capabilities lies, and how many have room there. */
#define CAPS_BEGIN 0x40u
#define CAPS_MAX   48u

#define WINDOWS_MAX 8u

struct pci_host {
	struct device *dev;
	unsigned number;
	volatile char *ecam;
	unsigned n_windows;
	struct fdt_pci_window windows[WINDOWS_MAX]; /* what is left of them */
	unsigned n_found, n_driven;
};

static const struct pci_driver *const pci_drivers[] = { &virtio_pci_driver };

static unsigned n_hosts;

unsigned pci_capability(const struct pci_function *f, uint8_t kind, unsigned n)
{
	unsigned at = PCI_CAP_FIRST - 1;

	if (!(mmio_read16(f->config + PCI_STATUS) & STATUS_CAPS))
		return 0;
	/* A list that goes round ends too. */
	for (unsigned i = 0; i < CAPS_MAX; i++) {
		at = mmio_read8(f->config + at + 1) & ~3u;
		if (at < CAPS_BEGIN)
			return 0;
		if (mmio_read8(f->config + at) == kind && !n--)
			return at;
	}
	return 0;
}

/* Room on the bus for `size` bytes, a power of two. wide: it may be above
 * 4 GiB. */
static bool window_take(struct pci_host *h, uint64_t size, bool wide,
			uint64_t *pci, paddr_t *base)
{
	for (unsigned i = 0; i < h->n_windows; i++) {
		struct fdt_pci_window *w = &h->windows[i];
		uint64_t align = MAX(size, (uint64_t)PAGE_SIZE), at, skip;

		/* Address 0 is no address. */
		at = round_up(w->pci ? w->pci : 1, align);
		skip = at - w->pci;
		if (at < w->pci || skip > w->size || size > w->size - skip ||
		    (!wide && at + size - 1 > UINT32_MAX))
			continue;
		*pci = at;
		*base = w->base + skip;
		w->pci += skip + size;
		w->base += skip + size;
		w->size -= skip + size;
		return true;
	}
	return false;
}

/* Gives base address register n a place, and notes it. Decoding is off. The
 * registers that it is made of. */
static unsigned bar_assign(struct pci_host *h, struct pci_function *f,
			   unsigned n)
{
	volatile char *bar = f->config + PCI_BAR(n);
	struct dev_reg *r = &f->dev.regs[n];
	uint64_t mask, size, pci;
	uint32_t low;
	bool wide;

	mmio_write32(bar, UINT32_MAX);
	low = mmio_read32(bar);
	if (low & BAR_IO)
		return 1;
	wide = (low & BAR_KIND_MASK) == BAR_KIND_64 && n + 1 < BARS;
	mask = low & ~BAR_FLAGS_MASK;
	if (wide) {
		mmio_write32(bar + 4, UINT32_MAX);
		mask |= (uint64_t)mmio_read32(bar + 4) << 32;
	}
	size = mask & -mask;
	if (!size)
		return wide ? 2 : 1;
	if (!window_take(h, size, wide, &pci, &r->base)) {
		pr_err("%s: no room for register %u, %llu KiB\n", f->dev.name,
		       n, (unsigned long long)(size >> 10));
		return wide ? 2 : 1;
	}
	mmio_write32(bar, (uint32_t)pci);
	if (wide)
		mmio_write32(bar + 4, (uint32_t)(pci >> 32));
	if ((mmio_read32(bar) & ~BAR_FLAGS_MASK) == (uint32_t)pci)
		r->size = size;
	return wide ? 2 : 1;
}

static void function_set_up(struct pci_host *h, struct pci_function *f,
			    unsigned devfn)
{
	uint8_t pin = mmio_read8(f->config + PCI_PIN);
	uint16_t command;

	snprintf(f->name, sizeof(f->name), "pci%u:%02x.%u", h->number,
		 devfn / FUNCTIONS, devfn % FUNCTIONS);
	f->dev.name = f->name;
	f->dev.node = h->dev->node;
	f->dev.driver = h->dev->driver;
	f->dev.n_regs = BARS;
	for (unsigned n = 0; n < BARS;)
		n += bar_assign(h, f, n);
	if (pin >= 1 && pin <= 4 &&
	    !fdt_pci_irq(&machine_tree, &h->dev->node, devfn << 8, pin,
			 &f->dev.irqs[0]))
		f->dev.n_irqs = 1;
	command = mmio_read16(f->config + PCI_COMMAND);
	command &= (uint16_t)~COMMAND_NO_PIN;
	mmio_write16(f->config + PCI_COMMAND,
		     command | COMMAND_MEMORY | COMMAND_MASTER);
}

static void switch_off(volatile char *config)
{
	uint16_t command = mmio_read16(config + PCI_COMMAND);

	command &= (uint16_t) ~(COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER);
	mmio_write16(config + PCI_COMMAND, command | COMMAND_NO_PIN);
}

static void function_probe(struct pci_host *h, unsigned devfn)
{
	volatile char *config = h->ecam + (devfn << 12);
	const struct pci_driver *d = NULL;
	struct pci_function *f;
	int err;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f) {
		pr_err("%s: no memory\n", h->dev->name);
		return;
	}
	f->config = config;
	f->vendor = mmio_read16(config + PCI_ID);
	f->id = mmio_read16(config + PCI_ID + 2);
	for (unsigned i = 0; i < ARRAY_SIZE(pci_drivers) && !d; i++)
		if (pci_drivers[i]->knows(f))
			d = pci_drivers[i];
	if (!d) {
		pr_info("%s: %04x:%04x in slot %u has no driver\n",
			h->dev->name, f->vendor, f->id, devfn / FUNCTIONS);
		kfree(f);
		return;
	}
	function_set_up(h, f, devfn);
	err = d->probe(f);
	if (!err) {
		h->n_driven++;
		return;
	}
	switch_off(config);
	if (err != -ENODEV)
		pr_err("%s: %s: error %d\n", f->dev.name, d->name, -err);
	kfree(f);
}

/*
 * One pass over all functions that are there: with `off` they are switched
 * off, without it probed.
 */
static void bus_walk(struct pci_host *h, bool off)
{
	for (unsigned devfn = 0; devfn < SLOTS * FUNCTIONS; devfn++) {
		volatile char *config = h->ecam + (devfn << 12);
		uint32_t id = mmio_read32(config + PCI_ID) & 0xffff;
		uint8_t header = mmio_read8(config + PCI_HEADER_TYPE);
		bool bridge = (header & HEADER_KIND) == HEADER_BRIDGE;

		if (!id || id == 0xffff) {
			/* Without a first function there are no others. */
			if (devfn % FUNCTIONS == 0)
				devfn += FUNCTIONS - 1;
			continue;
		}
		if (off)
			h->n_found++;
		if (bridge && off)
			pr_info("%s: the bridge in slot %u stays closed\n",
				h->dev->name, devfn / FUNCTIONS);
		/* The host bridge sees itself, and is left as it is. */
		if (off &&
		    (bridge || mmio_read8(config + PCI_CLASS) != CLASS_BRIDGE))
			switch_off(config);
		if (!off && !(header & HEADER_KIND) &&
		    mmio_read8(config + PCI_CLASS) != CLASS_BRIDGE)
			function_probe(h, devfn);
		if (devfn % FUNCTIONS == 0 && !(header & HEADER_MULTI))
			devfn += FUNCTIONS - 1;
	}
}

static void windows_read(struct pci_host *h)
{
	struct fdt_pci_window *w;
	int err = 0;

	for (unsigned i = 0; h->n_windows < WINDOWS_MAX; i++) {
		w = &h->windows[h->n_windows];
		err = fdt_pci_window(&machine_tree, &h->dev->node, i, w);
		if (err == -ENOENT || err == -EINVAL)
			return;
		if (!err && (FDT_PCI_KIND(w->space) == FDT_PCI_MEMORY32 ||
			     FDT_PCI_KIND(w->space) == FDT_PCI_MEMORY64))
			h->n_windows++;
	}
}

static int pci_probe(struct device *dev)
{
	struct pci_host h = { .dev = dev, .number = n_hosts };

	/* One bus of up to 256. */
	if (dev->n_regs && dev->regs[0].size > ECAM_SIZE)
		dev->regs[0].size = ECAM_SIZE;
	h.ecam = device_reg(dev, 0, ECAM_SIZE);
	if (!h.ecam)
		return -EINVAL;
	n_hosts++;
	windows_read(&h);
	bus_walk(&h, true);
	bus_walk(&h, false);
	pr_info("%s: pci%u, %u functions, %u with a driver\n", dev->name,
		h.number, h.n_found, h.n_driven);
	return 0;
}

static const char *const pci_compatible[] = { "pci-host-ecam-generic", NULL };

const struct driver pci_driver = {
	.name = "pci",
	.compatible = pci_compatible,
	.probe = pci_probe,
};
