/*
 * The platform-level interrupt controller (RISC-V PLIC specification 1.0).
 *
 * A context is a hart in a mode; each has a set of enabled sources, a
 * threshold, and a register that hands out the next source (claim) and takes
 * it back (complete). Firmware leaves sources enabled in contexts that nobody
 * serves, so all of them are disabled first, in every context that is ours.
 * One lock, the chip's, guards the enable words.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/plic_context.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/smp.h"

#define PLIC_PRIORITY(s)     (4u * (s))
#define PLIC_ENABLE(c, word) (0x2000u + 0x80u * (c) + 4u * (word))
#define PLIC_THRESHOLD(c)    (0x200000u + 0x1000u * (c))
#define PLIC_CLAIM(c)        (0x200004u + 0x1000u * (c))
#define PLIC_MAX_SOURCES     1023u
#define PLIC_MAX_CONTEXTS    15872u

struct plic {
	struct irq_chip chip;
	volatile char *base;
	int context[]; /* per hart index, -1: none */
};

static struct plic *to_plic(struct irq_chip *c)
{
	return container_of(c, struct plic, chip);
}

static int plic_translate(struct irq_chip *c, const uint32_t *cells,
			  unsigned n_cells)
{
	/* One cell; a second one would be the trigger, which the gateway
	 * knows. */
	if (n_cells < 1 || cells[0] < 1 || cells[0] > c->n_sources)
		return -EINVAL;
	return (int)cells[0];
}

static void plic_set(struct plic *p, unsigned source, int hart, bool on)
{
	volatile char *word;
	uint32_t v;

	if (p->context[hart] < 0)
		return;
	word = p->base + PLIC_ENABLE((unsigned)p->context[hart], source / 32);
	v = mmio_read32(word);
	if (on)
		v |= 1u << source % 32;
	else
		v &= ~(1u << source % 32);
	mmio_write32(word, v);
}

static void plic_enable(struct irq_chip *c, unsigned source, int hart)
{
	struct plic *p = to_plic(c);

	mmio_write32(p->base + PLIC_PRIORITY(source), 1);
	plic_set(p, source, hart, true);
}

static void plic_disable(struct irq_chip *c, unsigned source, int hart)
{
	plic_set(to_plic(c), source, hart, false);
}

static unsigned plic_claim(struct irq_chip *c, int hart)
{
	struct plic *p = to_plic(c);
	unsigned source;

	source = mmio_read32(p->base + PLIC_CLAIM((unsigned)p->context[hart]));
	/* What the handler reads is not older than the claim. */
	dma_rmb();
	return source;
}

static void plic_complete(struct irq_chip *c, int hart, unsigned source)
{
	struct plic *p = to_plic(c);

	/* What the handler wrote to its device is there before the gateway
	 * opens again. */
	dma_mb();
	mmio_write32(p->base + PLIC_CLAIM((unsigned)p->context[hart]), source);
}

static bool plic_init_hart(struct irq_chip *c, int hart)
{
	struct plic *p = to_plic(c);
	unsigned context;

	if (p->context[hart] < 0)
		return false;
	context = (unsigned)p->context[hart];
	for (unsigned w = 0; w <= c->n_sources / 32; w++)
		mmio_write32(p->base + PLIC_ENABLE(context, w), 0);
	mmio_write32(p->base + PLIC_THRESHOLD(context), 0);
	return true;
}

static const struct irq_chip_ops plic_ops = {
	.name = "plic",
	.translate = plic_translate,
	.enable = plic_enable,
	.disable = plic_disable,
	.claim = plic_claim,
	.complete = plic_complete,
	.init_hart = plic_init_hart,
};

static int plic_probe(struct device *dev)
{
	struct fdt_prop inputs;
	struct plic *p;
	uint32_t ndev = device_u32(dev, "riscv,ndev", 0);
	unsigned found = 0;

	if (ndev < 1 || ndev > PLIC_MAX_SOURCES) {
		pr_err("%s: %u interrupt sources\n", dev->name, ndev);
		return -EINVAL;
	}
	if (!fdt_prop(&machine_tree, &dev->node, "interrupts-extended",
		      &inputs)) {
		pr_err("%s: serves no hart\n", dev->name);
		return -EINVAL;
	}
	p = kzalloc(sizeof(*p) + nharts * sizeof(p->context[0]), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->base = device_reg(dev, 0, PLIC_THRESHOLD(0) + 8);
	if (!p->base || mmio_read32(p->base + PLIC_PRIORITY(1)) == UINT32_MAX)
		goto bad; /* it would never interrupt */
	for (unsigned i = 0; i < nharts; i++) {
		int c = plic_context_find(inputs.data, inputs.len,
					  harts[i].intc_phandle);

		/* The registers of the context must be there. */
		if (c >= (int)PLIC_MAX_CONTEXTS ||
		    (c >= 0 &&
		     PLIC_CLAIM((unsigned)c) + 4ull > dev->regs[0].size))
			c = -1;
		p->context[i] = c;
		found += c >= 0;
	}
	if (!found)
		goto bad;
	for (unsigned s = 1; s <= ndev; s++)
		mmio_write32(p->base + PLIC_PRIORITY(s), 0);
	p->chip.ops = &plic_ops;
	p->chip.phandle = fdt_phandle(&machine_tree, &dev->node);
	p->chip.n_sources = ndev;
	if (irq_chip_add(&p->chip))
		goto bad;
	dev->priv = p;
	pr_info("%s: %u sources, %u of %u harts\n", dev->name, ndev, found,
		nharts);
	return 0;
bad:
	kfree(p);
	return -EINVAL;
}

static const char *const plic_compatible[] = {
	"sifive,plic-1.0.0",
	"riscv,plic0",
	"thead,c900-plic",
	"andestech,nceplic100",
	NULL,
};

const struct driver plic_driver = {
	.name = "plic",
	.compatible = plic_compatible,
	.probe = plic_probe,
};
