/*
 * The advanced platform-level interrupt controller (RISC-V Advanced Interrupt
 * Architecture 1.0, chapter 4), the domain that supervisor mode has.
 *
 * Either it delivers by itself: each hart has a small set of registers here,
 * from which it claims. Or it sends messages to the harts' IMSICs. Then a
 * level that is still there when its handler is done must be sent again, for
 * which the controller is asked to look; and a message that is on its way
 * while its source moves to another hart is dropped, and sent there.
 *
 * A machine has two of them, and the one of machine mode is the firmware's:
 * nothing is touched before it is clear whose it is.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/imsic.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/plic_context.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/smp.h"

#define APLIC_DOMAINCFG        0x0000u
#define APLIC_SOURCECFG(s)     (4u * (s))
#define APLIC_SETIPNUM         0x1cdcu
#define APLIC_INPUT(word)      (0x1d00u + 4u * (word))
#define APLIC_SETIENUM         0x1edcu
#define APLIC_CLRIE(word)      (0x1f00u + 4u * (word))
#define APLIC_CLRIENUM         0x1fdcu
#define APLIC_TARGET(s)        (0x3000u + 4u * (s))
#define APLIC_IDELIVERY(hart)  (0x4000u + 32u * (hart))
#define APLIC_ITHRESHOLD(hart) (0x4008u + 32u * (hart))
#define APLIC_CLAIMI(hart)     (0x401cu + 32u * (hart))

#define DOMAINCFG_IE  0x100u
#define DOMAINCFG_MSI 0x004u

#define SOURCE_EDGE_UP    4u
#define SOURCE_EDGE_DOWN  5u
#define SOURCE_LEVEL_HIGH 6u
#define SOURCE_LEVEL_LOW  7u

#define CLAIM_SOURCE(v) ((v) >> 16 & 0x3ff)
#define TARGET_HART     18u /* where that field begins */
#define TARGET_PRIORITY 1u

#define SOURCES_MAX 1023u
#define PLACE_MAX   16383

struct aplic {
	struct irq_chip chip;
	volatile char *base;
	bool msi;
	uint32_t level[SOURCES_MAX / 32 + 1]; /* bit per source, others: edge */
	/* By hart index: its place in the registers, or that of its IMSIC;
	 * -1: none. */
	int place[];
};

static struct aplic *to_aplic(struct irq_chip *c)
{
	return container_of(c, struct aplic, chip);
}

static uint32_t rd(const struct aplic *a, unsigned reg)
{
	return mmio_read32(a->base + reg);
}

static void wr(const struct aplic *a, unsigned reg, uint32_t v)
{
	mmio_write32(a->base + reg, v);
}

/* Number and trigger, as the tree's other controllers count those. */
static int aplic_translate(struct irq_chip *c, const uint32_t *cells,
			   unsigned n_cells)
{
	struct aplic *a = to_aplic(c);
	uint32_t mode = SOURCE_LEVEL_HIGH, source = cells[0];

	if (source < 1 || source > c->n_sources)
		return -EINVAL;
	if (n_cells > 1 && cells[1] == 1)
		mode = SOURCE_EDGE_UP;
	else if (n_cells > 1 && cells[1] == 2)
		mode = SOURCE_EDGE_DOWN;
	else if (n_cells > 1 && cells[1] == 8)
		mode = SOURCE_LEVEL_LOW;
	if (a->msi && !imsic_identity(c, source))
		return -EINVAL;
	/* Another device may be on the line already. */
	if (!rd(a, APLIC_SOURCECFG(source))) {
		wr(a, APLIC_SOURCECFG(source), mode);
		if (mode >= SOURCE_LEVEL_HIGH)
			a->level[source / 32] |= 1u << source % 32;
	}
	/* Zero: it was not handed down to this domain. */
	return rd(a, APLIC_SOURCECFG(source)) ? (int)source : -EINVAL;
}

/* Makes a message of what may be waiting: of an edge always, of a level when
 * it is there. (QEMU before 9.0 sends one whatever the level is.) */
static void send_again(const struct aplic *a, unsigned source)
{
	uint32_t bit = 1u << source % 32;

	if (!(a->level[source / 32] & bit) ||
	    rd(a, APLIC_INPUT(source / 32)) & bit)
		wr(a, APLIC_SETIPNUM, source);
}

static void aplic_enable(struct irq_chip *c, unsigned source, int hart)
{
	struct aplic *a = to_aplic(c);
	unsigned what = TARGET_PRIORITY;

	if (a->place[hart] < 0)
		return;
	if (a->msi)
		what = imsic_identity(c, source);
	wr(a, APLIC_TARGET(source),
	   (uint32_t)a->place[hart] << TARGET_HART | what);
	wr(a, APLIC_SETIENUM, source);
	/* What came to the hart that had it before. One too many does no
	 * harm. */
	if (a->msi)
		send_again(a, source);
}

static void aplic_disable(struct irq_chip *c, unsigned source, int hart)
{
	struct aplic *a = to_aplic(c);

	if (source < 1 || source > c->n_sources)
		return;
	wr(a, APLIC_CLRIENUM, source);
	if (a->msi) {
		dma_mb();
		/* A read answers when what was sent before has arrived. */
		rd(a, APLIC_DOMAINCFG);
		imsic_forget(imsic_identity(c, source));
	}
}

static unsigned aplic_claim(struct irq_chip *c, int hart)
{
	struct aplic *a = to_aplic(c);
	unsigned source;

	if (a->msi)
		source = imsic_claim(c);
	else
		source = CLAIM_SOURCE(
			rd(a, APLIC_CLAIMI((unsigned)a->place[hart])));
	/* What the handler reads is not older than the claim. */
	dma_rmb();
	return source;
}

static void aplic_complete(struct irq_chip *c, int hart, unsigned source)
{
	struct aplic *a = to_aplic(c);

	if (!a->msi || source > c->n_sources)
		return;
	/* What the handler wrote to its device comes first. */
	dma_mb();
	if (a->level[source / 32] & 1u << source % 32)
		send_again(a, source);
}

static bool aplic_init_hart(struct irq_chip *c, int hart)
{
	struct aplic *a = to_aplic(c);
	unsigned place = (unsigned)a->place[hart];

	if (a->place[hart] < 0)
		return false;
	if (a->msi)
		return imsic_init_hart(hart);
	wr(a, APLIC_ITHRESHOLD(place), 0);
	wr(a, APLIC_IDELIVERY(place), 1);
	return true;
}

static const struct irq_chip_ops aplic_ops = {
	.name = "aplic",
	.translate = aplic_translate,
	.enable = aplic_enable,
	.disable = aplic_disable,
	.claim = aplic_claim,
	.complete = aplic_complete,
	.init_hart = aplic_init_hart,
};

/* Where each hart is served; how many are. */
static unsigned find_places(struct aplic *a, const struct device *dev)
{
	struct fdt_prop inputs, indexes;
	unsigned found = 0;

	if (!fdt_prop(&machine_tree, &dev->node, "interrupts-extended",
		      &inputs))
		inputs.len = 0;
	if (!fdt_prop(&machine_tree, &dev->node, "riscv,hart-indexes",
		      &indexes))
		indexes.len = 0;
	for (unsigned i = 0; i < nharts; i++) {
		int place = plic_context_find(inputs.data, inputs.len,
					      harts[i].intc_phandle);
		uint32_t v;

		if (a->msi)
			place = imsic_place((int)i);
		else if (place >= 0 && fdt_cell(&indexes, (uint32_t)place, &v))
			place = v <= PLACE_MAX ? (int)v : -1;
		/* Its registers must be there. */
		if (!a->msi && place >= 0 &&
		    APLIC_CLAIMI((unsigned)place) + 4ull > dev->regs[0].size)
			place = -1;
		a->place[i] = place;
		found += place >= 0;
	}
	return found;
}

static int aplic_probe(struct device *dev)
{
	uint32_t n = device_u32(dev, "riscv,num-sources", 0);
	uint32_t config = DOMAINCFG_IE;
	struct aplic *a;
	unsigned found;

	a = kzalloc(sizeof(*a) + nharts * sizeof(a->place[0]), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->msi = imsic_is(device_u32(dev, "msi-parent", 0));
	found = dev->n_regs ? find_places(a, dev) : 0;
	if (!found) {
		kfree(a);
		return -ENODEV; /* machine mode's */
	}
	if (n < 1 || n > SOURCES_MAX) {
		pr_err("%s: %u interrupt sources\n", dev->name, n);
		goto bad;
	}
	a->base = device_reg(dev, 0, APLIC_IDELIVERY(0));
	if (!a->base || rd(a, APLIC_DOMAINCFG) == UINT32_MAX)
		goto bad; /* it would never interrupt */
	wr(a, APLIC_DOMAINCFG, 0);
	for (unsigned word = 0; word <= n / 32; word++)
		wr(a, APLIC_CLRIE(word), UINT32_MAX);
	for (unsigned s = 1; s <= n; s++)
		wr(a, APLIC_SOURCECFG(s), 0);
	if (a->msi)
		config |= DOMAINCFG_MSI;
	wr(a, APLIC_DOMAINCFG, config);
	if ((rd(a, APLIC_DOMAINCFG) & DOMAINCFG_MSI) !=
	    (config & DOMAINCFG_MSI)) {
		pr_err("%s: cannot deliver as the tree says\n", dev->name);
		goto bad;
	}
	a->chip.ops = &aplic_ops;
	a->chip.phandle = fdt_phandle(&machine_tree, &dev->node);
	a->chip.n_sources = n;
	if (irq_chip_add(&a->chip))
		goto bad;
	dev->priv = a;
	pr_info("%s: %u sources, %s %u of %u harts\n", dev->name, n,
		a->msi ? "messages to" : "to", found, nharts);
	return 0;
bad:
	kfree(a);
	return -EINVAL;
}

static const char *const aplic_compatible[] = { "riscv,aplic", NULL };

const struct driver aplic_driver = {
	.name = "aplic",
	.compatible = aplic_compatible,
	.probe = aplic_probe,
};
