/*
 * The entropy device of virtio (section 5.4): one queue of buffers that come
 * back filled. One buffer is asked for at start and mixed into the generator
 * when it comes; then again every few minutes.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/dma.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/random.h"
#include "kernel/dev/virtio.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time.h"

#define RNG_BYTES 64u
#define RNG_AGAIN (300 * NSEC_PER_SEC)

struct virtio_rng {
	unsigned char data[RNG_BYTES]; /* the device's while in flight */
	struct virtio_device *vd;
	struct spinlock lock;
	struct virtq q; /* [lock] */
	struct timeout again;
};

/* r->lock is held. */
static void rng_ask(struct virtio_rng *r)
{
	struct virtq_buf buf = { .addr = dma_map(r->data), .len = RNG_BYTES };

	if (!virtq_add(&r->q, &buf, 0, 1, NULL, r))
		virtio_kick(r->vd, &r->q, 0);
}

static bool rng_interrupt(void *arg)
{
	struct virtio_rng *r = arg;
	bool useful, got;
	uint32_t len;

	useful = r->vd->transport->interrupt_take(r->vd) != 0;
	spin_lock(&r->lock);
	got = virtq_take(&r->q, &len) != NULL;
	if (got)
		random_add(r->data, RNG_BYTES, len >= 32);
	spin_unlock(&r->lock);
	if (got)
		timeout_set(&r->again, time_now() + RNG_AGAIN);
	return useful || got;
}

static void rng_again(struct timeout *t)
{
	struct virtio_rng *r = container_of(t, struct virtio_rng, again);

	spin_lock(&r->lock);
	rng_ask(r);
	spin_unlock(&r->lock);
}

static int rng_probe(struct virtio_device *vd)
{
	struct virtio_rng *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r)
		return -ENOMEM;
	r->vd = vd;
	vd->priv = r;
	spin_init(&r->lock, "virtio_rng", RANK_DEVICE);
	timeout_init(&r->again, rng_again);
	err = virtio_start(vd, 0);
	if (!err)
		err = virtio_queue_make(vd, 0, 8, &r->q);
	if (!err)
		err = irq_request(vd->dev, 0, rng_interrupt, r, vd->dev->name);
	if (err < 0) {
		kfree(r);
		return err;
	}
	virtio_run(vd);
	spin_lock(&r->lock);
	rng_ask(r);
	spin_unlock(&r->lock);
	return 0;
}

const struct virtio_driver virtio_rng_driver = {
	.name = "virtio_rng",
	.id = VIRTIO_ID_RNG,
	.probe = rng_probe,
};
