/*
 * See imsic.h. A hart's file of interrupts is in control registers of its own,
 * so nothing here has a lock: all identities are enabled once and stay so, and
 * where a source goes is said in the APLIC alone. Identities are handed out
 * while drivers are probed.
 */
#include "kernel/dev/imsic.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/plic_context.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/smp.h"

/* Behind siselect and sireg. */
#define EIDELIVERY  0x70u
#define EITHRESHOLD 0x72u
#define EIP(id)     (0x80u + (id) / 64 * 2)
#define EIE(id)     (0xc0u + (id) / 64 * 2)

#define STOPEI_ID(v) ((unsigned)((v) >> 16) & 0x7ff)

#define IDS_MAX    2047u
#define PAGE_BITS  12u
#define PLACE_BITS 14u /* of the hart field of an APLIC */

struct owner {
	struct irq_chip *chip;
	unsigned source;
};

static struct {
	uint32_t phandle;
	unsigned n_ids;       /* 1 .. n_ids; 0: there is no IMSIC */
	struct owner *owners; /* [n_ids + 1] */
	int place[MAX_HARTS]; /* by hart index; -1: none */
} imsic;

bool imsic_is(uint32_t phandle)
{
	return imsic.n_ids && imsic.phandle == phandle;
}

int imsic_place(int hart)
{
	return imsic.place[hart];
}

unsigned imsic_identity(struct irq_chip *c, unsigned source)
{
	for (unsigned id = 1; id <= imsic.n_ids; id++) {
		struct owner *o = &imsic.owners[id];

		if (!o->chip) {
			o->source = source;
			o->chip = c;
		}
		if (o->chip == c && o->source == source)
			return id;
	}
	return 0;
}

/* Firmware may keep the registers from S-mode: the first access decides. */
static bool registers_work(void)
{
	return csr_try_write(siselect, EIDELIVERY) && csr_try_read(sireg) &&
	       csr_try_read(stopei);
}

bool imsic_init_hart(int hart)
{
	if (imsic.place[hart] < 0 || !registers_work())
		return false;
	for (unsigned id = 0; id <= imsic.n_ids; id += 64) {
		csr_write(siselect, EIE(id));
		csr_write(sireg, UINT64_MAX);
	}
	csr_write(siselect, EITHRESHOLD);
	csr_write(sireg, 0);
	csr_write(siselect, EIDELIVERY);
	csr_write(sireg, 1);
	return true;
}

unsigned imsic_claim(struct irq_chip *c)
{
	unsigned id = STOPEI_ID(csr_swap(stopei, 0));
	const struct owner *o = &imsic.owners[id];

	if (!id)
		return 0;
	if (id > imsic.n_ids || !o->chip)
		return c->n_sources + 1;
	if (o->chip == c)
		return o->source;
	csr_write(siselect, EIP(id));
	csr_set(sireg, BIT(id % 64));
	return 0;
}

void imsic_forget(unsigned id)
{
	csr_write(siselect, EIP(id));
	csr_clear(sireg, BIT(id % 64));
}

/*
 * The place of the hart's file among those of all harts: by address, as the
 * APLIC makes one from it. Files follow each other in the order of
 * interrupts-extended through all of the register ranges. -1: nowhere.
 */
static int find_place(const struct device *dev, const struct fdt_prop *inputs,
		      uint32_t intc)
{
	unsigned guests = device_u32(dev, "riscv,guest-index-bits", 0);
	unsigned groups = device_u32(dev, "riscv,group-index-bits", 0);
	unsigned shift = device_u32(dev, "riscv,group-index-shift", 24);
	unsigned harts_bits = fls64(inputs->len / 8 - 1);
	int n = plic_context_find(inputs->data, inputs->len, intc);
	uint64_t offset, page, group, place;

	harts_bits = device_u32(dev, "riscv,hart-index-bits", harts_bits);
	if (n < 0 || guests > 7 || groups > 7 || harts_bits > PLACE_BITS ||
	    shift < PAGE_BITS || shift > 55)
		return -1;
	offset = (uint64_t)n << (guests + PAGE_BITS);
	for (unsigned i = 0; i < dev->n_regs; i++) {
		if (offset >= dev->regs[i].size) {
			offset -= round_up(dev->regs[i].size,
					   BIT(guests + PAGE_BITS));
			continue;
		}
		page = (dev->regs[i].base + offset) >> PAGE_BITS;
		group = page >> (shift - PAGE_BITS) & (BIT(groups) - 1);
		place = (page >> guests & (BIT(harts_bits) - 1)) |
			group << harts_bits;
		return place < BIT(PLACE_BITS) ? (int)place : -1;
	}
	return -1;
}

static int imsic_probe(struct device *dev)
{
	uint32_t n_ids = device_u32(dev, "riscv,num-ids", 0);
	struct fdt_prop inputs;
	unsigned found = 0;

	if (!fdt_prop(&machine_tree, &dev->node, "interrupts-extended",
		      &inputs) ||
	    inputs.len < 8)
		return -EINVAL;
	if (imsic.n_ids)
		return -ENODEV;
	for (unsigned i = 0; i < nharts; i++) {
		imsic.place[i] =
			find_place(dev, &inputs, harts[i].intc_phandle);
		found += imsic.place[i] >= 0;
	}
	if (!found)
		return -ENODEV; /* machine mode has one too */
	if (n_ids < 63 || n_ids > IDS_MAX) {
		pr_err("%s: %u identities\n", dev->name, n_ids);
		return -EINVAL;
	}
	if (!registers_work()) {
		pr_err("%s: the firmware keeps it for itself\n", dev->name);
		return -EINVAL;
	}
	/* All that a hart may name. */
	imsic.owners =
		kzalloc((IDS_MAX + 1) * sizeof(struct owner), GFP_KERNEL);
	if (!imsic.owners)
		return -ENOMEM;
	imsic.phandle = fdt_phandle(&machine_tree, &dev->node);
	imsic.n_ids = n_ids;
	pr_info("%s: %u identities, %u of %u harts\n", dev->name, n_ids, found,
		nharts);
	return 0;
}

static const char *const imsic_compatible[] = { "riscv,imsics", NULL };

const struct driver imsic_driver = {
	.name = "imsic",
	.compatible = imsic_compatible,
	.probe = imsic_probe,
};
