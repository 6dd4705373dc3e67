/*
 * See virtq.h. Fences stand where section 2.7.13 wants them: descriptors
 * before the index that offers them, that index before the look at the
 * device's notification flag, the used index before the used elements.
 */
#include "kernel/dev/virtq.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/dma.h"

/* The device and the hart access these at the same time. */
#define SHARED_LOAD(x)     (*(const volatile __typeof__(x) *)&(x))
#define SHARED_STORE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

size_t virtq_bytes(unsigned size, size_t align)
{
	/* Both rings end with a word for event indices. */
	return round_up(size * sizeof(struct virtq_desc) + 2 * (3 + size),
			align) +
	       round_up(2 * 3 + size * sizeof(struct virtq_used_elem), align);
}

void virtq_init(struct virtq *q, unsigned size, void *mem, size_t align)
{
	char *p = mem;

	q->desc = mem;
	q->avail = (void *)(p + size * sizeof(struct virtq_desc));
	q->used = (void *)(p + round_up(size * sizeof(struct virtq_desc) +
						2 * (3 + size),
					align));
	q->size = (uint16_t)size;
	q->num_free = (uint16_t)size;
	q->free = 0;
	q->avail_idx = 0;
	q->published = 0;
	q->used_idx = 0;
	q->in_flight = 0;
	q->broken = false;
	q->why = NULL;
	for (unsigned i = 0; i < size; i++) {
		q->own[i].token = NULL;
		q->own[i].next = (uint16_t)(i + 1);
		q->own[i].count = 0;
	}
}

static void fill(struct virtq_desc *d, const struct virtq_buf *b, bool write,
		 bool more, unsigned next)
{
	d->addr = b->addr;
	d->len = b->len;
	d->flags = (uint16_t)((write ? VIRTQ_DESC_WRITE : 0) |
			      (more ? VIRTQ_DESC_NEXT : 0));
	d->next = (uint16_t)(more ? next : 0);
}

int virtq_add(struct virtq *q, const struct virtq_buf *bufs, unsigned n_out,
	      unsigned n_in, struct virtq_desc *table, void *token)
{
	unsigned n = n_out + n_in, need = table ? 1 : n;
	uint16_t head = q->free, d = head;

	if (q->broken)
		return -EIO;
	if (n == 0 || need > q->size)
		return -EINVAL;
	if (need > q->num_free)
		return -ENOSPC;
	if (table) {
		struct virtq_buf whole = {
			.addr = dma_map(table),
			.len = n * (uint32_t)sizeof(*table),
		};

		if (whole.addr == DMA_NONE)
			return -EINVAL;
		for (unsigned i = 0; i < n; i++)
			fill(&table[i], &bufs[i], i >= n_out, i + 1 < n, i + 1);
		fill(&q->desc[d], &whole, false, false, 0);
		q->desc[d].flags = VIRTQ_DESC_INDIRECT;
		d = q->own[d].next;
	} else {
		for (unsigned i = 0; i < n; i++) {
			fill(&q->desc[d], &bufs[i], i >= n_out, i + 1 < n,
			     q->own[d].next);
			d = q->own[d].next;
		}
	}
	q->free = d;
	q->num_free = (uint16_t)(q->num_free - need);
	q->own[head].token = token;
	q->own[head].count = (uint16_t)need;
	q->in_flight++;
	SHARED_STORE(q->avail->ring[q->avail_idx & (q->size - 1)], head);
	q->avail_idx++;
	return 0;
}

bool virtq_publish(struct virtq *q)
{
	if (q->published == q->avail_idx)
		return false;
	dma_wmb();
	SHARED_STORE(q->avail->idx, q->avail_idx);
	q->published = q->avail_idx;
	dma_mb();
	return !(SHARED_LOAD(q->used->flags) & VIRTQ_USED_NO_NOTIFY);
}

static void *virtq_break(struct virtq *q, const char *why)
{
	q->broken = true;
	q->why = why;
	return NULL;
}

/* Gives the descriptors of the chain back to the free list. */
static void *chain_free(struct virtq *q, uint16_t head)
{
	void *token = q->own[head].token;
	uint16_t last = head;

	for (unsigned i = 1; i < q->own[head].count; i++)
		last = q->own[last].next;
	q->own[last].next = q->free;
	q->free = head;
	q->num_free = (uint16_t)(q->num_free + q->own[head].count);
	q->own[head].token = NULL;
	q->own[head].count = 0;
	q->in_flight--;
	return token;
}

void *virtq_take(struct virtq *q, uint32_t *len)
{
	const struct virtq_used_elem *e;
	uint16_t idx;
	uint32_t id;

	if (q->broken)
		return NULL;
	idx = SHARED_LOAD(q->used->idx);
	if (idx == q->used_idx)
		return NULL;
	if ((uint16_t)(idx - q->used_idx) > q->in_flight)
		return virtq_break(q, "used index is too far");
	dma_rmb();
	e = &q->used->ring[q->used_idx & (q->size - 1)];
	id = SHARED_LOAD(e->id);
	*len = SHARED_LOAD(e->len);
	if (id >= q->size)
		return virtq_break(q, "used id is no descriptor");
	if (!q->own[id].token)
		return virtq_break(q, "used id is not in flight");
	q->used_idx++;
	return chain_free(q, (uint16_t)id);
}

void *virtq_abandon(struct virtq *q)
{
	q->broken = true;
	for (unsigned i = 0; i < q->size && q->in_flight; i++)
		if (q->own[i].token)
			return chain_free(q, (uint16_t)i);
	return NULL;
}

void virtq_irq_off(struct virtq *q)
{
	SHARED_STORE(q->avail->flags, VIRTQ_AVAIL_NO_INTERRUPT);
}

bool virtq_irq_on(struct virtq *q)
{
	SHARED_STORE(q->avail->flags, 0);
	dma_mb();
	return SHARED_LOAD(q->used->idx) != q->used_idx;
}
