/* See driver.h, which has the list of drivers too. */
#include "kernel/dev/driver.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/ramdisk.h"
#include "kernel/dev/serial.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace.h"
#include "kernel/printk.h"

/* Registers beyond this are windows into something, not a device. */
#define DEV_REG_MAX_SIZE (UINT64_C(64) << 20)

#define DRIVER_ROW(name) &name##_driver,
static const struct driver *const drivers[] = { DRIVERS(DRIVER_ROW) };

static struct list_head devices = LIST_INIT(devices);
uint64_t device_faults;

static bool driver_matches(const struct driver *d,
			   const struct fdt_prop *compatible)
{
	for (const char *const *c = d->compatible; *c; c++)
		if (fdt_string_index(compatible, *c) >= 0)
			return true;
	return false;
}

static void device_read_regs(struct device *dev)
{
	while (dev->n_regs < DEV_REGS_MAX) {
		struct dev_reg *r = &dev->regs[dev->n_regs];
		int err = fdt_reg(&machine_tree, &dev->node, dev->n_regs,
				  &r->base, &r->size);

		if (err == -ENOENT)
			return;
		if (err || !r->size || r->base + r->size < r->base) {
			/* Kept as a hole, so that the others keep their
			 * numbers; device_reg tells. */
			r->base = 0;
			r->size = 0;
		}
		r->va = NULL;
		dev->n_regs++;
	}
}

static void device_read_irqs(struct device *dev)
{
	while (dev->n_irqs < DEV_IRQS_MAX) {
		int err = fdt_irq(&machine_tree, &dev->node, dev->n_irqs,
				  &dev->irqs[dev->n_irqs]);

		if (err == -ENOENT)
			return;
		if (err) {
			pr_warn("%s: interrupt %u makes no sense\n", dev->name,
				dev->n_irqs);
			return;
		}
		dev->n_irqs++;
	}
}

/* Every node that says what it is compatible with. */
static void find_devices(struct list_head *found)
{
	struct fdt_prop compatible;
	struct fdt_node n;

	if (!fdt_root(&machine_tree, &n)) {
		pr_err("the device tree cannot be read\n");
		return;
	}
	while (fdt_next(&machine_tree, &n)) {
		struct device *dev;

		if (!fdt_prop(&machine_tree, &n, "compatible", &compatible))
			continue;
		dev = kzalloc(sizeof(*dev), GFP_KERNEL);
		if (!dev) {
			pr_err("no memory for %s\n",
			       fdt_name(&machine_tree, &n));
			continue;
		}
		dev->node = n;
		dev->name = fdt_name(&machine_tree, &n);
		dev->compatible = compatible;
		list_add_tail(&dev->link, found);
	}
}

/* Does d take it? Another driver may have been asked before. */
static bool device_probe(const struct driver *d, struct device *dev)
{
	uint64_t faults = device_faults;
	int err;

	dev->driver = d;
	device_read_regs(dev);
	device_read_irqs(dev);
	device_switch_on(dev);
	err = d->probe(dev);
	if (device_faults != faults)
		pr_warn("%s: nothing answers at its registers\n", dev->name);
	if (err && err != -ENODEV)
		pr_err("%s: %s: error %d\n", dev->name, d->name, -err);
	return !err;
}

void dev_probe_all(void)
{
	struct list_head found = LIST_INIT(found);
	struct device *dev, *next;
	struct fdt_node out;
	bool stdout_known = fdt_stdout(&machine_tree, &out, NULL);
	bool leave = stdout_known && serial_left_to_firmware();

	find_devices(&found);
	for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
		list_for_each_entry_safe (dev, next, &found, link) {
			if (driver_matches(drivers[i], &dev->compatible) &&
			    fdt_is_enabled(&machine_tree, &dev->node) &&
			    !(leave && fdt_same_node(&dev->node, &out)) &&
			    device_probe(drivers[i], dev))
				list_move_tail(&dev->link, &devices);
		}
	}
	list_for_each_entry_safe (dev, next, &found, link)
		kfree(dev);
	serial_choose_console(stdout_known ? fdt_node_id(&out) : -1);
	ramdisk_probe();
}

volatile void *device_reg(struct device *dev, unsigned n, size_t want)
{
	struct dev_reg *r = &dev->regs[n];

	if (n >= dev->n_regs) {
		pr_warn("%s: no registers (%u)\n", dev->name, n);
		return NULL;
	}
	if (r->va)
		return r->va;
	if (r->size < want || r->size > DEV_REG_MAX_SIZE || r->base % 4) {
		pr_warn("%s: absurd registers 0x%llx + 0x%llx\n", dev->name,
			(unsigned long long)r->base,
			(unsigned long long)r->size);
		return NULL;
	}
	if (pa_is_ram(r->base) || pa_is_ram(r->base + r->size - 1)) {
		pr_warn("%s: registers at 0x%llx would be in RAM\n", dev->name,
			(unsigned long long)r->base);
		return NULL;
	}
	r->va = device_map(r->base, r->size);
	if (!r->va)
		pr_warn("%s: cannot map its registers\n", dev->name);
	return r->va;
}

uint32_t device_u32(const struct device *dev, const char *property,
		    uint32_t otherwise)
{
	uint32_t v;

	return fdt_prop_u32(&machine_tree, &dev->node, property, &v)
		       ? v
		       : otherwise;
}
