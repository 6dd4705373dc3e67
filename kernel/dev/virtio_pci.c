/*
 * Virtio over PCI (virtio 1.2, section 4.1): capabilities tell in which of
 * the device's registers its structures lie. A transitional device has the old
 * layout, in I/O ports, beside them, and is driven the new way all the same;
 * one that has only the old is left alone.
 *
 * What capabilities say is checked once, here; behind that no access leaves
 * what they gave.
 */
#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/virtio.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"

#define VENDOR_VIRTIO   0x1af4u
#define ID_TRANSITIONAL 0x1000u /* the kind is the subsystem's number */
#define ID_MODERN       0x1040u /* the kind is added to it */
#define ID_END          0x1080u

/* A capability. */
enum {
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_LENGTH = 12,
	CAP_NOTIFY_MULTIPLIER = 16,
};

enum {
	TYPE_COMMON = 1,
	TYPE_NOTIFY = 2,
	TYPE_ISR = 3,
	TYPE_DEVICE = 4,
};

/* The common structure. */
enum {
	PCI_DEVICE_FEATURES_SEL = 0x00,
	PCI_DEVICE_FEATURES = 0x04,
	PCI_DRIVER_FEATURES_SEL = 0x08,
	PCI_DRIVER_FEATURES = 0x0c,
	PCI_STATUS = 0x14,
	PCI_CONFIG_GENERATION = 0x15,
	PCI_QUEUE_SEL = 0x16,
	PCI_QUEUE_SIZE = 0x18,
	PCI_QUEUE_ENABLE = 0x1c,
	PCI_QUEUE_NOTIFY_OFF = 0x1e,
	PCI_QUEUE_DESC = 0x20, /* low, high word */
	PCI_QUEUE_DRIVER = 0x28,
	PCI_QUEUE_DEVICE = 0x30,
	PCI_COMMON_SIZE = 0x38,
};

#define QUEUES_MAX 4u

struct area {
	volatile char *va; /* NULL: there is none */
	uint32_t size;
};

struct virtio_pci {
	struct virtio_device vd; /* base: the common structure */
	struct area notify, isr, config;
	uint32_t notify_multiplier;
	volatile char *doorbell[QUEUES_MAX];
};

static struct virtio_pci *to_pci(struct virtio_device *vd)
{
	return container_of(vd, struct virtio_pci, vd);
}

static void wr64(struct virtio_device *vd, unsigned reg, uint64_t v)
{
	mmio_write32(vd->base + reg, (uint32_t)v);
	mmio_write32(vd->base + reg + 4, (uint32_t)(v >> 32));
}

static uint8_t pci_get_status(struct virtio_device *vd)
{
	return mmio_read8(vd->base + PCI_STATUS);
}

static void pci_set_status(struct virtio_device *vd, uint8_t status)
{
	mmio_write8(vd->base + PCI_STATUS, status);
}

static uint64_t pci_get_features(struct virtio_device *vd)
{
	uint64_t f;

	mmio_write32(vd->base + PCI_DEVICE_FEATURES_SEL, 1);
	f = (uint64_t)mmio_read32(vd->base + PCI_DEVICE_FEATURES) << 32;
	mmio_write32(vd->base + PCI_DEVICE_FEATURES_SEL, 0);
	return f | mmio_read32(vd->base + PCI_DEVICE_FEATURES);
}

static void pci_set_features(struct virtio_device *vd, uint64_t features)
{
	for (unsigned word = 0; word < 2; word++) {
		mmio_write32(vd->base + PCI_DRIVER_FEATURES_SEL, word);
		mmio_write32(vd->base + PCI_DRIVER_FEATURES,
			     (uint32_t)(features >> 32 * word));
	}
}

static unsigned pci_queue_max(struct virtio_device *vd, unsigned index)
{
	if (index >= QUEUES_MAX)
		return 0;
	mmio_write16(vd->base + PCI_QUEUE_SEL, (uint16_t)index);
	return mmio_read16(vd->base + PCI_QUEUE_SIZE);
}

static int pci_queue_set(struct virtio_device *vd, unsigned index,
			 const struct virtq *q)
{
	struct virtio_pci *vp = to_pci(vd);
	uint64_t bell;

	mmio_write16(vd->base + PCI_QUEUE_SEL, (uint16_t)index);
	bell = mmio_read16(vd->base + PCI_QUEUE_NOTIFY_OFF) *
	       (uint64_t)vp->notify_multiplier;
	if (mmio_read16(vd->base + PCI_QUEUE_ENABLE) || bell % 2 ||
	    bell + 2 > vp->notify.size)
		return -EIO;
	vp->doorbell[index] = vp->notify.va + bell;
	mmio_write16(vd->base + PCI_QUEUE_SIZE, q->size);
	wr64(vd, PCI_QUEUE_DESC, dma_map(q->desc));
	wr64(vd, PCI_QUEUE_DRIVER, dma_map(q->avail));
	wr64(vd, PCI_QUEUE_DEVICE, dma_map(q->used));
	mmio_write16(vd->base + PCI_QUEUE_ENABLE, 1);
	return mmio_read16(vd->base + PCI_QUEUE_ENABLE) ? 0 : -EIO;
}

static void pci_notify(struct virtio_device *vd, unsigned index)
{
	mmio_write16(to_pci(vd)->doorbell[index], (uint16_t)index);
}

/* Reading it is the acknowledgement. */
static uint32_t pci_interrupt_take(struct virtio_device *vd)
{
	uint32_t why = mmio_read8(to_pci(vd)->isr.va);

	if (why)
		dma_mb(); /* the used rings are looked at after it */
	return why;
}

/* Behind its end configuration is zero: features do without. */
static uint32_t pci_config32(struct virtio_device *vd, unsigned offset)
{
	const struct area *a = &to_pci(vd)->config;

	return offset + 4 <= a->size ? mmio_read32(a->va + offset) : 0;
}

static uint32_t pci_config_generation(struct virtio_device *vd)
{
	return mmio_read8(vd->base + PCI_CONFIG_GENERATION);
}

static const struct virtio_transport pci_transport = {
	.name = "pci",
	.get_status = pci_get_status,
	.set_status = pci_set_status,
	.get_features = pci_get_features,
	.set_features = pci_set_features,
	.queue_max = pci_queue_max,
	.queue_set = pci_queue_set,
	.notify = pci_notify,
	.interrupt_take = pci_interrupt_take,
	.config32 = pci_config32,
	.config_generation = pci_config_generation,
};

/*
 * The first structure of this type that is usable: of at least `want` bytes,
 * inside a register that is there. *cap: its capability. False: none.
 */
static bool find_area(struct pci_function *f, unsigned type, uint32_t want,
		      struct area *a, unsigned *cap)
{
	for (unsigned n = 0; (*cap = pci_capability(f, PCI_CAP_VENDOR, n));
	     n++) {
		volatile char *c = f->config + *cap;
		unsigned bar = mmio_read8(c + CAP_BAR);
		uint32_t offset = mmio_read32(c + CAP_OFFSET);
		uint32_t size = mmio_read32(c + CAP_LENGTH);
		volatile char *va;
		uint64_t room;

		if (mmio_read8(c + CAP_TYPE) != type || bar >= f->dev.n_regs)
			continue;
		room = f->dev.regs[bar].size;
		if (offset % 4 || size < want || offset > room ||
		    size > room - offset)
			continue;
		va = device_reg(&f->dev, bar, 4);
		if (!va)
			continue;
		a->va = va + offset;
		a->size = size;
		return true;
	}
	return false;
}

static bool virtio_pci_knows(const struct pci_function *f)
{
	return f->vendor == VENDOR_VIRTIO && f->id >= ID_TRANSITIONAL &&
	       f->id < ID_END;
}

static int virtio_pci_probe(struct pci_function *f)
{
	struct virtio_pci *vp = kzalloc(sizeof(*vp), GFP_KERNEL);
	struct area common;
	unsigned cap;
	int err;

	if (!vp)
		return -ENOMEM;
	if (!find_area(f, TYPE_COMMON, PCI_COMMON_SIZE, &common, &cap)) {
		pr_warn("%s: a virtio device of before version 1 is left "
			"alone\n",
			f->dev.name);
		kfree(vp);
		return -ENODEV;
	}
	/* Not every kind has a configuration. */
	find_area(f, TYPE_DEVICE, 1, &vp->config, &cap);
	if (!find_area(f, TYPE_ISR, 1, &vp->isr, &cap) ||
	    !find_area(f, TYPE_NOTIFY, 2, &vp->notify, &cap)) {
		pr_err("%s: its capabilities are not whole\n", f->dev.name);
		kfree(vp);
		return -EINVAL;
	}
	vp->notify_multiplier =
		mmio_read32(f->config + cap + CAP_NOTIFY_MULTIPLIER);
	vp->vd.dev = &f->dev;
	vp->vd.transport = &pci_transport;
	vp->vd.base = common.va;
	vp->vd.id = f->id >= ID_MODERN
			    ? f->id - ID_MODERN
			    : mmio_read16(f->config + PCI_SUBSYSTEM_ID);
	f->dev.priv = &vp->vd;
	err = virtio_probe(&vp->vd);
	if (err)
		kfree(vp);
	return err;
}

const struct pci_driver virtio_pci_driver = {
	.name = "virtio_pci",
	.knows = virtio_pci_knows,
	.probe = virtio_pci_probe,
};
