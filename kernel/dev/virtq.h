/*
 * Split virtqueues (virtio 1.2, section 2.7): the rings through which a driver
 * hands buffers to a virtio device and gets them back.
 *
 * The device is not trusted. The driver keeps its own copy of everything that
 * it must know later (which descriptors a chain has, what it was for), and
 * never reads back a descriptor. What the device writes, the used ring, is
 * checked against that copy: an index that moved too far, an id that is not in
 * flight, marks the queue broken and nothing more is taken from it.
 *
 * Pure memory: no registers, no locks, no allocation, so that the unit test
 * drives it against a model of a device. The caller serialises.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTQ_MAX_SIZE 256u

#define VIRTQ_DESC_NEXT     1u
#define VIRTQ_DESC_WRITE    2u
#define VIRTQ_DESC_INDIRECT 4u

#define VIRTQ_AVAIL_NO_INTERRUPT 1u
#define VIRTQ_USED_NO_NOTIFY     1u

/* As the device sees it; little endian, as the hart is. */
struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
_Static_assert(sizeof(struct virtq_desc) == 16, "descriptor");

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];
};

/* One piece of a chain; the address is the device's (dma_map). */
struct virtq_buf {
	uint64_t addr;
	uint32_t len;
};

struct virtq {
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint16_t size; /* a power of two */
	uint16_t free; /* first free descriptor, if any */
	uint16_t num_free;
	uint16_t avail_idx; /* what avail->idx is or will be */
	uint16_t published; /* what avail->idx is */
	uint16_t used_idx;  /* next used entry to look at */
	uint16_t in_flight; /* chains */
	bool broken;
	const char *why; /* if broken */
	struct virtq_own {
		void *token;    /* not NULL: head of a chain in flight */
		uint16_t next;  /* in the chain or the free list */
		uint16_t count; /* descriptors, on a head */
	} own[VIRTQ_MAX_SIZE];
};

/* Bytes that the rings take, with the used ring at a multiple of `align`. */
size_t virtq_bytes(unsigned size, size_t align);

/* mem: virtq_bytes() zeroed bytes, aligned to `align`. */
void virtq_init(struct virtq *q, unsigned size, void *mem, size_t align);

/*
 * Offers a chain: n_out pieces that the device reads, then n_in that it
 * writes. token (not NULL) comes back from virtq_take. table: where to build
 * an indirect table of n_out + n_in entries (the chain then takes a single
 * descriptor), or NULL. -ENOSPC: no room now. -EIO: the queue is broken. The
 * device sees it after virtq_publish.
 */
int virtq_add(struct virtq *q, const struct virtq_buf *bufs, unsigned n_out,
	      unsigned n_in, struct virtq_desc *table, void *token);

/* Shows the device what was added; true: it wants to be notified. */
bool virtq_publish(struct virtq *q);

/* A chain that the device is done with: its token, *len bytes written as the
 * device says (at most what it was given is believable: the caller checks).
 * NULL: none, or broken. */
void *virtq_take(struct virtq *q, uint32_t *len);

/* After an error: the token of any chain that is in flight, which then is so
 * no longer. NULL: none left. For use after the device was reset. */
void *virtq_abandon(struct virtq *q);

/* Interrupts wanted or not: a hint only. virtq_irq_on returns true when
 * something is there already, so that none is missed. */
void virtq_irq_off(struct virtq *q);
bool virtq_irq_on(struct virtq *q);
