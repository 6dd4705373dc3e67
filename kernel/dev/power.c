/*
 * See power.h: the tree's syscon-poweroff and syscon-reboot nodes, each "write
 * this value there". The register block is another node's, named by phandle.
 */
#include "kernel/dev/power.h"

#include "kernel/abi/errno.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/vmspace.h"
#include "kernel/printk.h"
#include "kernel/time.h"
#include "sbi/legacy.h"
#include "sbi/sbi.h"

struct syscon_write {
	volatile char *reg;
	uint32_t value;
	uint32_t mask; /* bits that are changed */
};

static struct syscon_write off, restart;

static void syscon_do(const struct syscon_write *w)
{
	uint32_t v;

	if (!w->reg)
		return;
	v = w->mask == UINT32_MAX ? 0 : mmio_read32(w->reg) & ~w->mask;
	mmio_write32(w->reg, v | (w->value & w->mask));
	dma_mb();
	time_delay(100 * NSEC_PER_MSEC);
}

void power_off_by_device(void)
{
	syscon_do(&off);
	if (sbi_probe(SBI_EXT_LEGACY_SHUTDOWN))
		sbi_legacy_shutdown();
}

void power_restart_by_device(void)
{
	syscon_do(&restart);
}

static int syscon_probe(struct device *dev, struct syscon_write *w)
{
	uint32_t phandle = device_u32(dev, "regmap", 0);
	uint32_t offset = device_u32(dev, "offset", 0);
	uint64_t base, size;
	struct fdt_node block;

	w->mask = device_u32(dev, "mask", UINT32_MAX);
	/* The older form has a mask that is the value. */
	w->value = device_u32(dev, "value", w->mask);
	if (!fdt_find_phandle(&machine_tree, phandle, &block) ||
	    fdt_reg(&machine_tree, &block, 0, &base, &size) ||
	    (base + offset) % 4 || size < 4 || offset > size - 4 ||
	    base + size < base) {
		pr_warn("%s: leads nowhere\n", dev->name);
		return -ENODEV;
	}
	w->reg = device_map(base + offset, 4);
	return w->reg ? 0 : -ENOMEM;
}

static int poweroff_probe(struct device *dev)
{
	return syscon_probe(dev, &off);
}

static int reboot_probe(struct device *dev)
{
	return syscon_probe(dev, &restart);
}

static const char *const poweroff_compatible[] = { "syscon-poweroff", NULL };
static const char *const reboot_compatible[] = { "syscon-reboot", NULL };

const struct driver syscon_poweroff_driver = {
	.name = "syscon_poweroff",
	.compatible = poweroff_compatible,
	.probe = poweroff_probe,
};

const struct driver syscon_reboot_driver = {
	.name = "syscon_reboot",
	.compatible = reboot_compatible,
	.probe = reboot_probe,
};
