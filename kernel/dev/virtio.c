/*
 * See virtio.h. Here too is the MMIO transport with both layouts of registers
 * (virtio 1.2, sections 4.2.2 and 4.2.4): version 1 knows pages, one address
 * for a queue and 32 feature bits; version 2 has three addresses, 64 bits and
 * a device that confirms the features.
 */
#include "kernel/dev/virtio.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER      2u
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_FAILED      128u

#define RESET_NS (100 * NSEC_PER_MSEC)

/* Used ring of the old layout, and a good place for the new one's. */
#define QUEUE_ALIGN PAGE_SIZE

enum {
	MMIO_MAGIC = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_DEVICE_FEATURES = 0x010,
	MMIO_DEVICE_FEATURES_SEL = 0x014,
	MMIO_DRIVER_FEATURES = 0x020,
	MMIO_DRIVER_FEATURES_SEL = 0x024,
	MMIO_GUEST_PAGE_SIZE = 0x028, /* version 1 */
	MMIO_QUEUE_SEL = 0x030,
	MMIO_QUEUE_NUM_MAX = 0x034,
	MMIO_QUEUE_NUM = 0x038,
	MMIO_QUEUE_ALIGN = 0x03c, /* version 1 */
	MMIO_QUEUE_PFN = 0x040,   /* version 1 */
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPT_STATUS = 0x060,
	MMIO_INTERRUPT_ACK = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESC = 0x080, /* low, high word */
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_CONFIG_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
};
/* With as much of the configuration as any driver reads. */
#define MMIO_SIZE        (MMIO_CONFIG + 0x20u)
#define MMIO_MAGIC_VALUE 0x74726976u /* "virt" */

static const struct virtio_driver *const virtio_drivers[] = {
	&virtio_blk_driver,
	&virtio_rng_driver,
};

/* ---- the same on all transports ---- */

static bool virtio_reset(struct virtio_device *vd)
{
	uint64_t end = time_now() + RESET_NS;

	vd->transport->set_status(vd, 0);
	while (vd->transport->get_status(vd) != 0)
		if (time_now() > end)
			return false;
	return true;
}

static void status_add(struct virtio_device *vd, uint8_t bits)
{
	vd->transport->set_status(vd, vd->transport->get_status(vd) | bits);
}

int virtio_start(struct virtio_device *vd, uint64_t wanted)
{
	uint64_t offered;

	if (!virtio_reset(vd)) {
		pr_err("%s: does not answer\n", vd->dev->name);
		return -EIO;
	}
	status_add(vd, STATUS_ACKNOWLEDGE);
	status_add(vd, STATUS_DRIVER);
	offered = vd->transport->get_features(vd);
	if (vd->legacy) {
		wanted &= UINT32_MAX;
	} else {
		wanted |= VIRTIO_F_VERSION_1;
		if (!(offered & VIRTIO_F_VERSION_1)) {
			virtio_fail(vd, "neither old nor new");
			return -EOPNOTSUPP;
		}
	}
	vd->features = offered & wanted;
	vd->transport->set_features(vd, vd->features);
	if (vd->legacy)
		return 0;
	status_add(vd, STATUS_FEATURES_OK);
	if (!(vd->transport->get_status(vd) & STATUS_FEATURES_OK)) {
		virtio_fail(vd, "refuses the features");
		return -EOPNOTSUPP;
	}
	return 0;
}

int virtio_queue_make(struct virtio_device *vd, unsigned index, unsigned max,
		      struct virtq *q)
{
	unsigned size = vd->transport->queue_max(vd, index), order;
	struct page *pg;
	size_t bytes;
	int err;

	if (!size)
		return -ENODEV;
	size = MIN(size, max);
	size = MIN(size, VIRTQ_MAX_SIZE);
	size = 1u << ilog2(size);
	bytes = virtq_bytes(size, QUEUE_ALIGN);
	order = ilog2_up(div_round_up(bytes, PAGE_SIZE));
	pg = page_alloc(order, GFP_ZERO, PAGE_KERNEL);
	if (!pg)
		return -ENOMEM;
	virtq_init(q, size, page_to_va(pg), QUEUE_ALIGN);
	dma_wmb();
	err = vd->transport->queue_set(vd, index, q);
	if (err)
		page_free(pg, order);
	return err;
}

void virtio_run(struct virtio_device *vd)
{
	dma_mb();
	status_add(vd, STATUS_DRIVER_OK);
}

void virtio_fail(struct virtio_device *vd, const char *why)
{
	pr_err("%s: %s; it is given up\n", vd->dev->name, why);
	status_add(vd, STATUS_FAILED);
	if (!virtio_reset(vd))
		pr_err("%s: does not even reset\n", vd->dev->name);
	dma_mb();
}

uint32_t virtio_config32(struct virtio_device *vd, unsigned offset)
{
	return vd->transport->config32(vd, offset);
}

uint64_t virtio_config64(struct virtio_device *vd, unsigned offset)
{
	uint32_t lo, hi, before, after;
	unsigned tries = 0;

	do {
		before = vd->transport->config_generation(vd);
		lo = vd->transport->config32(vd, offset);
		hi = vd->transport->config32(vd, offset + 4);
		after = vd->transport->config_generation(vd);
	} while (before != after && ++tries < 100);
	return (uint64_t)hi << 32 | lo;
}

int virtio_probe(struct virtio_device *vd)
{
	for (unsigned i = 0; i < ARRAY_SIZE(virtio_drivers); i++) {
		int err;

		if (virtio_drivers[i]->id != vd->id)
			continue;
		err = virtio_drivers[i]->probe(vd);
		if (err)
			virtio_fail(vd, "not usable");
		return err;
	}
	pr_info("%s: virtio device %u has no driver\n", vd->dev->name, vd->id);
	return -ENODEV;
}

/* ---- MMIO ---- */

static uint32_t rd(struct virtio_device *vd, unsigned reg)
{
	return mmio_read32(vd->base + reg);
}

static void wr(struct virtio_device *vd, unsigned reg, uint32_t v)
{
	mmio_write32(vd->base + reg, v);
}

static void wr64(struct virtio_device *vd, unsigned reg, uint64_t v)
{
	wr(vd, reg, (uint32_t)v);
	wr(vd, reg + 4, (uint32_t)(v >> 32));
}

static uint8_t mmio_get_status(struct virtio_device *vd)
{
	return (uint8_t)rd(vd, MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *vd, uint8_t status)
{
	wr(vd, MMIO_STATUS, status);
	/* A reset forgets this too. */
	if (vd->legacy && status == 0)
		wr(vd, MMIO_GUEST_PAGE_SIZE, PAGE_SIZE);
}

static uint64_t mmio_get_features(struct virtio_device *vd)
{
	uint64_t f;

	wr(vd, MMIO_DEVICE_FEATURES_SEL, 0);
	f = rd(vd, MMIO_DEVICE_FEATURES);
	if (!vd->legacy) {
		wr(vd, MMIO_DEVICE_FEATURES_SEL, 1);
		f |= (uint64_t)rd(vd, MMIO_DEVICE_FEATURES) << 32;
	}
	return f;
}

static void mmio_set_features(struct virtio_device *vd, uint64_t features)
{
	wr(vd, MMIO_DRIVER_FEATURES_SEL, 0);
	wr(vd, MMIO_DRIVER_FEATURES, (uint32_t)features);
	if (!vd->legacy) {
		wr(vd, MMIO_DRIVER_FEATURES_SEL, 1);
		wr(vd, MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
	}
}

static unsigned mmio_queue_max(struct virtio_device *vd, unsigned index)
{
	wr(vd, MMIO_QUEUE_SEL, index);
	return rd(vd, MMIO_QUEUE_NUM_MAX);
}

static int mmio_queue_set(struct virtio_device *vd, unsigned index,
			  const struct virtq *q)
{
	uint64_t desc = dma_map(q->desc);

	wr(vd, MMIO_QUEUE_SEL, index);
	if (vd->legacy) {
		if (rd(vd, MMIO_QUEUE_PFN) || desc >> (PAGE_SHIFT + 32))
			return -EIO;
		wr(vd, MMIO_QUEUE_NUM, q->size);
		wr(vd, MMIO_QUEUE_ALIGN, QUEUE_ALIGN);
		wr(vd, MMIO_QUEUE_PFN, (uint32_t)(desc >> PAGE_SHIFT));
		return 0;
	}
	if (rd(vd, MMIO_QUEUE_READY))
		return -EIO;
	wr(vd, MMIO_QUEUE_NUM, q->size);
	wr64(vd, MMIO_QUEUE_DESC, desc);
	wr64(vd, MMIO_QUEUE_DRIVER, dma_map(q->avail));
	wr64(vd, MMIO_QUEUE_DEVICE, dma_map(q->used));
	wr(vd, MMIO_QUEUE_READY, 1);
	return rd(vd, MMIO_QUEUE_READY) ? 0 : -EIO;
}

static void mmio_notify(struct virtio_device *vd, unsigned index)
{
	wr(vd, MMIO_QUEUE_NOTIFY, index);
}

static uint32_t mmio_interrupt_take(struct virtio_device *vd)
{
	uint32_t why = rd(vd, MMIO_INTERRUPT_STATUS);

	if (why) {
		wr(vd, MMIO_INTERRUPT_ACK, why);
		/* The used rings are looked at after the acknowledgement, so
		 * what comes in between interrupts again. */
		dma_mb();
	}
	return why;
}

static uint32_t mmio_config32(struct virtio_device *vd, unsigned offset)
{
	return rd(vd, MMIO_CONFIG + offset);
}

static uint32_t mmio_config_generation(struct virtio_device *vd)
{
	return vd->legacy ? 0 : rd(vd, MMIO_CONFIG_GENERATION);
}

static const struct virtio_transport mmio_transport = {
	.name = "mmio",
	.get_status = mmio_get_status,
	.set_status = mmio_set_status,
	.get_features = mmio_get_features,
	.set_features = mmio_set_features,
	.queue_max = mmio_queue_max,
	.queue_set = mmio_queue_set,
	.notify = mmio_notify,
	.interrupt_take = mmio_interrupt_take,
	.config32 = mmio_config32,
	.config_generation = mmio_config_generation,
};

static int virtio_mmio_probe(struct device *dev)
{
	struct virtio_device *vd;
	volatile char *base = device_reg(dev, 0, MMIO_SIZE);
	uint32_t version, id;
	int err;

	if (!base)
		return -EINVAL;
	if (mmio_read32(base + MMIO_MAGIC) != MMIO_MAGIC_VALUE) {
		pr_warn("%s: no virtio device answers\n", dev->name);
		return -ENODEV;
	}
	version = mmio_read32(base + MMIO_VERSION);
	id = mmio_read32(base + MMIO_DEVICE_ID);
	if (!id)
		return -ENODEV; /* an empty slot */
	if (version != 1 && version != 2) {
		pr_warn("%s: virtio layout %u is not known\n", dev->name,
			version);
		return -ENODEV;
	}
	vd = kzalloc(sizeof(*vd), GFP_KERNEL);
	if (!vd)
		return -ENOMEM;
	vd->dev = dev;
	vd->transport = &mmio_transport;
	vd->base = base;
	vd->id = id;
	vd->legacy = version == 1;
	dev->priv = vd;
	err = virtio_probe(vd);
	if (err)
		kfree(vd);
	return err;
}

static const char *const virtio_mmio_compatible[] = { "virtio,mmio", NULL };

const struct driver virtio_mmio_driver = {
	.name = "virtio",
	.compatible = virtio_mmio_compatible,
	.probe = virtio_mmio_probe,
};
