/*
 * Virtio devices: finding them, agreeing on features, making queues. What is
 * common to all kinds of device (virtio 1.2, chapters 2 and 3), over a table
 * of operations of the transport, so that PCI stands beside MMIO.
 *
 * The life of a device: virtio_start (reset, features), virtio_queue_make for
 * each queue, virtio_run. When anything goes wrong virtio_fail resets it: a
 * device that is not running does not touch memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/dev/irq.h"
#include "kernel/dev/virtq.h"

struct device;
struct virtio_device;

/* Feature bits that belong to no kind of device. */
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_VERSION_1     (UINT64_C(1) << 32)

#define VIRTIO_ID_BLOCK 2u
#define VIRTIO_ID_RNG   4u

struct virtio_transport {
	const char *name;
	uint8_t (*get_status)(struct virtio_device *vd);
	void (*set_status)(struct virtio_device *vd, uint8_t status);
	uint64_t (*get_features)(struct virtio_device *vd);
	void (*set_features)(struct virtio_device *vd, uint64_t features);
	/* The most entries of queue `index`, 0: there is no such queue. */
	unsigned (*queue_max)(struct virtio_device *vd, unsigned index);
	/* q is filled in and its memory zeroed. */
	int (*queue_set)(struct virtio_device *vd, unsigned index,
			 const struct virtq *q);
	void (*notify)(struct virtio_device *vd, unsigned index);
	/* Reasons of the interrupt, acknowledged; bit 0: queues. */
	uint32_t (*interrupt_take)(struct virtio_device *vd);
	uint32_t (*config32)(struct virtio_device *vd, unsigned offset);
	uint32_t (*config_generation)(struct virtio_device *vd);
};

struct virtio_device {
	struct device *dev;
	const struct virtio_transport *transport;
	volatile char *base;
	uint32_t id;       /* kind of device */
	bool legacy;       /* registers of before version 1 */
	uint64_t features; /* agreed on */
	void *priv;        /* the driver's */
};

struct virtio_driver {
	const char *name;
	uint32_t id;
	/* 0: taken; the device runs. Otherwise it is reset. */
	int (*probe)(struct virtio_device *vd);
};
extern const struct virtio_driver virtio_blk_driver, virtio_rng_driver;

/* For a transport that has found a device and filled in vd: probes its driver.
 * 0, -ENODEV (there is none, which is told), or the driver's error; after that
 * nobody has vd, and the device does not touch memory. */
int virtio_probe(struct virtio_device *vd);

/* Resets the device and agrees on those features of `wanted` that it has, into
 * vd->features. 0, -EIO (it does not answer), -EOPNOTSUPP (it insists). */
int virtio_start(struct virtio_device *vd, uint64_t wanted);

/* Makes queue `index` with at most `max` entries; its memory stays for ever.
 * q is zeroed by the caller. -ENODEV, -ENOMEM, -EIO. */
int virtio_queue_make(struct virtio_device *vd, unsigned index, unsigned max,
		      struct virtq *q);

/* The driver is ready: from here on the device works. */
void virtio_run(struct virtio_device *vd);

/* Something is badly wrong: told, and the device is reset. Afterwards it does
 * not touch memory (if it keeps to that). */
void virtio_fail(struct virtio_device *vd, const char *why);

/* Configuration; the 64-bit form is consistent. */
uint32_t virtio_config32(struct virtio_device *vd, unsigned offset);
uint64_t virtio_config64(struct virtio_device *vd, unsigned offset);

/* Tells the device that queue `index` has something, if it wants to know. */
static inline void virtio_kick(struct virtio_device *vd, struct virtq *q,
			       unsigned index)
{
	if (virtq_publish(q))
		vd->transport->notify(vd, index);
}
