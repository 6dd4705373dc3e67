/*
 * Virtqueues against a model of a device that was written from the
 * specification: chains and indirect tables arrive as they were meant, answers
 * in any order find their requests, the ring wraps for a long time. Then
 * devices that lie: nothing may be believed, nothing touched that is not ours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/chacha.h"
#include "kernel/dev/plic_context.h"
#include "kernel/dev/virtq.c"
#include "kernel/list.h"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

#define ALIGN 4096

/* ---- a device ---- */

struct model {
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	unsigned size;
	uint16_t seen; /* of avail */
	uint16_t heads[256];
	unsigned n_heads; /* taken, not yet answered */
};

static void model_init(struct model *m, const struct virtq *q)
{
	memset(m, 0, sizeof(*m));
	m->desc = q->desc;
	m->avail = q->avail;
	m->used = q->used;
	m->size = q->size;
}

static void model_take_all(struct model *m)
{
	while (m->seen != m->avail->idx) {
		CHECK(m->n_heads < m->size);
		m->heads[m->n_heads++] = m->avail->ring[m->seen % m->size];
		m->seen++;
	}
}

/* Walks the chain as a device would: sums of the lengths, and the order of
 * readable before writable pieces. Number of pieces, 0: damaged. */
static unsigned model_walk(struct model *m, uint16_t head, uint64_t *out,
			   uint64_t *in, void **last)
{
	const struct virtq_desc *table = m->desc;
	unsigned limit = m->size, i = head, n = 0;
	bool writing = false;

	*out = *in = 0;
	if (table[i].flags & VIRTQ_DESC_INDIRECT) {
		if (table[i].flags & VIRTQ_DESC_NEXT || table[i].len % 16)
			return 0;
		limit = table[i].len / 16;
		table = (void *)(uintptr_t)table[i].addr;
		i = 0;
	}
	for (;;) {
		const struct virtq_desc *d = &table[i];

		if (i >= limit || n++ > limit)
			return 0;
		if (d->flags & VIRTQ_DESC_WRITE) {
			writing = true;
			*in += d->len;
		} else {
			if (writing)
				return 0;
			*out += d->len;
		}
		*last = (void *)(uintptr_t)d->addr;
		if (!(d->flags & VIRTQ_DESC_NEXT))
			return n;
		i = d->next;
	}
}

static void model_answer(struct model *m, unsigned which, uint32_t len)
{
	struct virtq_used_elem *e = &m->used->ring[m->used->idx % m->size];

	e->id = m->heads[which];
	e->len = len;
	m->heads[which] = m->heads[--m->n_heads];
	m->used->idx++;
}

/* ---- an honest device ---- */

struct request {
	unsigned n_out, n_in;
	uint64_t out, in;
	bool busy;
	struct virtq_desc table[16];
	unsigned char last;
};

static struct virtq *queue_make(unsigned size, void **mem)
{
	struct virtq *q = calloc(1, sizeof(*q));

	*mem = aligned_alloc(ALIGN, round_up(virtq_bytes(size, ALIGN), ALIGN));
	memset(*mem, 0, virtq_bytes(size, ALIGN));
	virtq_init(q, size, *mem, ALIGN);
	return q;
}

static void test_honest(unsigned size, bool indirect)
{
	void *mem;
	struct virtq *q = queue_make(size, &mem);
	struct request *rqs = calloc(size, sizeof(*rqs));
	struct model m;
	unsigned long done = 0, offered = 0;

	model_init(&m, q);
	/* Layout of the old interface: the used ring on a page of its own. */
	CHECK((char *)q->avail == (char *)mem + 16 * size);
	CHECK(((uintptr_t)q->used - (uintptr_t)mem) % ALIGN == 0);
	srand(size + indirect);
	for (unsigned step = 0; step < 200000; step++) {
		if (rand() % 2) {
			struct request *r = &rqs[rand() % size];
			struct virtq_buf bufs[16];
			unsigned n;
			int err;

			if (r->busy)
				continue;
			r->n_out = rand() % 8;
			r->n_in = 1 + rand() % 7;
			n = r->n_out + r->n_in;
			if (n > size && !indirect)
				continue;
			r->out = r->in = 0;
			for (unsigned i = 0; i < n; i++) {
				bufs[i].addr = (uintptr_t)&r->last;
				bufs[i].len = 1 + rand() % 4096;
				*(i < r->n_out ? &r->out : &r->in) +=
					bufs[i].len;
			}
			err = virtq_add(q, bufs, r->n_out, r->n_in,
					indirect ? r->table : NULL, r);
			CHECK(err == 0 || err == -ENOSPC);
			CHECK(q->num_free <= size);
			if (!err) {
				r->busy = true;
				offered++;
			}
			if (rand() % 3 == 0)
				virtq_publish(q);
		} else {
			uint64_t out, in;
			void *last;
			uint32_t len = 0;
			struct request *r;

			virtq_publish(q);
			model_take_all(&m);
			for (unsigned k = rand() % (m.n_heads + 1); k; k--) {
				unsigned w = rand() % m.n_heads;

				CHECK(model_walk(&m, m.heads[w], &out, &in,
						 &last));
				r = container_of((unsigned char *)last,
						 struct request, last);
				CHECK(r->busy && r->out == out && r->in == in);
				model_answer(&m, w, (uint32_t)in);
			}
			while (rand() % 4 && (r = virtq_take(q, &len))) {
				CHECK(r->busy && len == r->in);
				r->busy = false;
				done++;
			}
		}
	}
	virtq_publish(q);
	model_take_all(&m);
	while (m.n_heads)
		model_answer(&m, 0, 1);
	for (struct request *r; (r = virtq_take(q, &(uint32_t){ 0 }));) {
		r->busy = false;
		done++;
	}
	CHECK(done == offered && done > 10000);
	CHECK(q->num_free == size && q->in_flight == 0 && !q->broken);
	free(rqs);
	free(mem);
	free(q);
}

static void test_notify(void)
{
	void *mem;
	struct virtq *q = queue_make(8, &mem);
	struct virtq_buf b = { .addr = 1, .len = 1 };

	CHECK(!virtq_publish(q));
	CHECK(!virtq_add(q, &b, 1, 0, NULL, &b));
	CHECK(q->avail->idx == 0);
	CHECK(virtq_publish(q));
	CHECK(q->avail->idx == 1);
	CHECK(!virtq_publish(q));
	q->used->flags = VIRTQ_USED_NO_NOTIFY;
	CHECK(!virtq_add(q, &b, 1, 0, NULL, &b));
	CHECK(!virtq_publish(q));
	CHECK(q->avail->idx == 2);
	CHECK(!virtq_irq_on(q));
	q->used->idx = 1;
	CHECK(virtq_irq_on(q));
	CHECK(virtq_add(q, &b, 9, 0, NULL, &b) == -EINVAL);
	CHECK(virtq_add(q, &b, 0, 0, NULL, &b) == -EINVAL);
	free(mem);
	free(q);
}

/* ---- devices that lie ---- */

static void test_hostile(void)
{
	for (unsigned kind = 0; kind < 6; kind++) {
		void *mem;
		struct virtq *q = queue_make(8, &mem);
		struct virtq_buf b[2] = { { 1, 1 }, { 2, 2 } };
		uint32_t len;
		unsigned n;
		int tokens[3];

		for (n = 0; n < 3; n++)
			CHECK(!virtq_add(q, b, 1, 1, NULL, &tokens[n]));
		virtq_publish(q);
		switch (kind) {
		case 0: /* more answers than requests */
			q->used->idx = 4;
			break;
		case 1: /* backwards */
			q->used->idx = (uint16_t)-1;
			break;
		case 2: /* no descriptor */
			q->used->ring[0].id = 8;
			q->used->idx = 1;
			break;
		case 3:
			q->used->ring[0].id = 0xffffffff;
			q->used->idx = 1;
			break;
		case 4: /* the middle of a chain */
			q->used->ring[0].id = 1;
			q->used->idx = 1;
			break;
		case 5: /* the same one twice */
			q->used->ring[0].id = 0;
			q->used->ring[1].id = 0;
			q->used->idx = 2;
			CHECK(virtq_take(q, &len) == &tokens[0]);
			break;
		}
		CHECK(!virtq_take(q, &len));
		CHECK(q->broken && q->why);
		/* Stays so, whatever comes. */
		q->used->ring[0].id = 0;
		q->used->idx = 1;
		CHECK(!virtq_take(q, &len));
		CHECK(virtq_add(q, b, 1, 1, NULL, tokens) == -EIO);
		for (n = 0; virtq_abandon(q); n++)
			;
		CHECK(n == (kind == 5 ? 2 : 3));
		CHECK(q->in_flight == 0 && q->num_free == 8);
		free(mem);
		free(q);
	}
}

/* A device that writes chance into all memory that it shares. */
static void test_noise(void)
{
	for (unsigned seed = 0; seed < 3000; seed++) {
		void *mem;
		struct virtq *q = queue_make(16, &mem);
		size_t bytes = virtq_bytes(16, ALIGN);
		struct virtq_buf b[3] = { { 1, 1 }, { 2, 2 }, { 3, 3 } };
		bool out[64] = { false };
		char tokens[64];
		unsigned given = 0, back = 0;
		char *t;
		uint32_t len;

		srand(seed);
		for (unsigned step = 0; step < 60; step++) {
			if (given < 64 && !virtq_add(q, b, 1, rand() % 3, NULL,
						     &tokens[given]))
				out[given++] = true;
			virtq_publish(q);
			for (unsigned k = rand() % 8; k; k--)
				((char *)mem)[rand() % bytes] = rand();
			if (rand() % 2)
				q->used->idx = q->used_idx + rand() % 3;
			while ((t = virtq_take(q, &len))) {
				CHECK(t >= tokens && t < tokens + given &&
				      out[t - tokens]);
				out[t - tokens] = false;
				back++;
			}
		}
		while ((t = virtq_abandon(q))) {
			CHECK(out[t - tokens]);
			out[t - tokens] = false;
			back++;
		}
		CHECK(back == given && q->num_free == 16);
		free(mem);
		free(q);
	}
}

/* ---- the contexts of interrupt controllers ---- */

static void put_pair(uint8_t *p, uint32_t phandle, uint32_t cause)
{
	for (unsigned i = 0; i < 4; i++) {
		p[i] = phandle >> (24 - 8 * i);
		p[4 + i] = cause >> (24 - 8 * i);
	}
}

static void test_plic(void)
{
	uint8_t prop[16 * 8];
	unsigned n = 0;

	/* QEMU virt: M and S of each hart. */
	for (unsigned h = 0; h < 4; h++) {
		put_pair(prop + 8 * n++, 10 + h, 11);
		put_pair(prop + 8 * n++, 10 + h, 9);
	}
	for (unsigned h = 0; h < 4; h++)
		CHECK(plic_context_find(prop, 8 * n, 10 + h) ==
		      (int)(2 * h + 1));
	/* FU540: the first hart has no S. */
	n = 0;
	put_pair(prop + 8 * n++, 2, 11);
	for (unsigned h = 1; h < 5; h++) {
		put_pair(prop + 8 * n++, 2 * h + 2, 11);
		put_pair(prop + 8 * n++, 2 * h + 2, 9);
	}
	CHECK(plic_context_find(prop, 8 * n, 2) == -1);
	for (unsigned h = 1; h < 5; h++)
		CHECK(plic_context_find(prop, 8 * n, 2 * h + 2) ==
		      (int)(2 * h));
	/* M disabled by the firmware: cause -1 in its place. */
	put_pair(prop, 7, 0xffffffff);
	put_pair(prop + 8, 7, 9);
	CHECK(plic_context_find(prop, 16, 7) == 1);
	CHECK(plic_context_find(prop, 15, 7) == -1);
	CHECK(plic_context_find(prop, 16, 8) == -1);
	CHECK(plic_context_find(prop, 0, 7) == -1);
	put_pair(prop, 0, 9);
	CHECK(plic_context_find(prop, 16, 0) == -1);
}

/* RFC 8439, section 2.3.2. */
static void test_chacha(void)
{
	uint32_t key[8], out[16];
	static const uint32_t nonce[3] = { 0x09000000, 0x4a000000, 0 };
	static const uint32_t want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
		0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	unsigned char k[32];

	for (unsigned i = 0; i < 32; i++)
		k[i] = i;
	for (unsigned i = 0; i < 8; i++)
		key[i] = get_le32(k + 4 * i);
	chacha20_block(key, 1, nonce, out);
	CHECK(!memcmp(out, want, sizeof(want)));
}

int main(void)
{
	for (unsigned size = 1; size <= 256; size *= 2) {
		test_honest(size, true);
		if (size >= 8)
			test_honest(size, false);
	}
	test_notify();
	test_hostile();
	test_noise();
	test_plic();
	test_chacha();
	if (!failures)
		printf("virtq_test: ok\n");
	return failures != 0;
}
