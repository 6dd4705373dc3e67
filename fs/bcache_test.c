/*
 * The cache of metadata blocks: each block is read once however many want it,
 * an error is told and tried again, what nobody holds is given back; and what
 * is written goes out in order, in few requests.
 */
// host-test: fs/bcache.c tools/hostfs/*.c kernel/strl.c -Itools/hostfs

#include "fs/bcache.h"

#include "disk.h"

#include <stdio.h>

#define BLOCKS 1000u
#define SIZE   1024u

static unsigned char data[BLOCKS * SIZE];
static struct host_disk disk;
static struct bcache *bc;
static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL line %d: %s\n", __LINE__, #cond);         \
			failures++;                                            \
		}                                                              \
	} while (0)

static bool good(const struct buf *bp, uint64_t block)
{
	const unsigned char *p = bp->data;

	return bp->block == block && p[0] == (unsigned char)block &&
	       p[SIZE - 1] == (unsigned char)(block >> 8);
}

static void start(bool deferred)
{
	for (unsigned i = 0; i < BLOCKS; i++) {
		data[i * SIZE] = (unsigned char)i;
		data[i * SIZE + SIZE - 1] = (unsigned char)(i >> 8);
	}
	host_disk_memory(&disk, data, sizeof(data));
	disk.deferred = deferred;
	CHECK(!bcache_create(&disk.bd, SIZE, &bc));
}

static void test_once(bool deferred)
{
	uint64_t objects = host_objects_in_use(), left;
	struct buf *bp, *held;

	start(deferred);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < BLOCKS; i++) {
			CHECK(!bcache_read(bc, i, &bp) && good(bp, i));
			buf_put(bp);
		}
		CHECK(disk.n_requests == BLOCKS);
	}
	CHECK(bcache_read(bc, BLOCKS, &bp) == -EIO);
	CHECK(bcache_read(bc, UINT64_MAX, &bp) == -EIO);
	CHECK(!bcache_read(bc, 5, &held));
	held->verified = 77;
	left = host_objects_in_use();
	reclaim_all();
	/* A buffer is two objects. */
	CHECK(left - host_objects_in_use() == 2 * (BLOCKS - 1));
	CHECK(good(held, 5) && held->verified == 77);
	buf_put(held);
	reclaim_all();
	CHECK(!bcache_read(bc, 5, &held) && !held->verified);
	buf_put(held);
	bcache_destroy(bc);
	CHECK(host_objects_in_use() == objects);
}

static void test_errors(bool deferred)
{
	struct buf *bp;

	start(deferred);
	disk.fail_nth = 1;
	CHECK(bcache_read(bc, 7, &bp) == -EIO && !bp);
	CHECK(!bcache_read(bc, 7, &bp) && good(bp, 7));
	buf_put(bp);
	disk.fail_nth = 2;
	bcache_prefetch(bc, 20, 4);
	for (unsigned i = 20; i < 24; i++) {
		CHECK(bcache_has(bc, i));
		CHECK(!bcache_read(bc, i, &bp) && good(bp, i));
		buf_put(bp);
	}
	host_fail_alloc(1);
	CHECK(bcache_read(bc, 30, &bp) == -ENOMEM);
	host_fail_alloc(2);
	CHECK(bcache_read(bc, 30, &bp) == -ENOMEM);
	host_fail_alloc(2);
	bcache_prefetch(bc, 40, 4);
	host_fail_alloc(0);
	bcache_prefetch(bc, BLOCKS - 2, 100);
	bcache_prefetch(bc, BLOCKS + 2, 100);
	/* With reads in flight. */
	bcache_prefetch(bc, 100, 50);
	bcache_destroy(bc);
	CHECK(bcache_create(&disk.bd, 3000, &bc) == -EINVAL);
	CHECK(bcache_create(&disk.bd, 8192, &bc) == -EINVAL);
	disk.bd.block_size = 4096;
	CHECK(bcache_create(&disk.bd, 1024, &bc) == -EINVAL);
	CHECK(!bcache_create(&disk.bd, 4096, &bc));
	bcache_destroy(bc);
}

/* ---- writing ---- */

static uint64_t last_pos;

static void in_order(struct host_disk *d, const struct blk_request *rq)
{
	CHECK(rq->sector >= last_pos);
	last_pos = rq->sector;
}

static void test_write(bool deferred)
{
	static const unsigned order[] = { 90, 10, 11, 13, 12, 500, 91 };
	uint64_t objects = host_objects_in_use();
	struct buf *bp, *bufs[600];

	start(deferred);
	/* Without reading: zeroes, unless it is there already. */
	CHECK(!bcache_get(bc, 7, &bp) && !disk.n_requests);
	CHECK(!((unsigned char *)bp->data)[0] && bp->flags & BUF_UPTODATE);
	buf_put(bp);
	CHECK(!bcache_read(bc, 8, &bp));
	buf_put(bp);
	CHECK(!bcache_get(bc, 8, &bp) && good(bp, 8));
	buf_put(bp);
	CHECK(bcache_get(bc, BLOCKS, &bp) == -EIO);
	bcache_prefetch(bc, 9, 1);
	CHECK(!bcache_get(bc, 9, &bp) && good(bp, 9));
	CHECK(bcache_find(bc, 9) == bp && !bcache_find(bc, 77));
	buf_put(bp);
	bcache_forget(bc, 9);
	CHECK(bcache_has(bc, 9)); /* it is held */
	buf_mark_dirty(bp);
	buf_put(bp);
	bcache_forget(bc, 9);
	reclaim_all();
	CHECK(bcache_has(bc, 9) && buf_is_dirty(bp));
	buf_mark_clean(bp);
	bcache_forget(bc, 9);
	CHECK(!bcache_has(bc, 9));

	/* Sorted, neighbours together. */
	disk.n_requests = 0;
	last_pos = 0;
	disk.on_write = in_order;
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		CHECK(!bcache_get(bc, order[i], &bufs[i]));
		memset(bufs[i]->data, (int)order[i] + 1, SIZE);
		buf_mark_dirty(bufs[i]);
	}
	CHECK(!bcache_write(bc, bufs, ARRAY_SIZE(order)));
	CHECK(disk.n_requests == 3);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		CHECK(!buf_is_dirty(bufs[i]));
		CHECK(data[order[i] * SIZE] == (unsigned char)(order[i] + 1));
		buf_put(bufs[i]);
	}
	/* More than a request holds; then without memory, and with errors. */
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 600; i++) {
			CHECK(!bcache_get(bc, 900 - i, &bufs[i]));
			memset(bufs[i]->data, (int)(i + round), SIZE);
			buf_mark_dirty(bufs[i]);
		}
		disk.n_requests = 0;
		last_pos = 0;
		if (round == 1)
			host_fail_alloc(1);
		if (round == 2)
			disk.fail_nth = 2;
		CHECK(bcache_write(bc, bufs, 600) ==
		      (round == 2 ? -EIO : 0));
		CHECK(disk.n_requests == (round == 1 ? 600 : 10));
		for (unsigned i = 0; i < 600; i++) {
			/* The second request of 64 blocks failed. */
			bool failed = round == 2 && i >= 64 && i < 128;

			CHECK(buf_is_dirty(bufs[i]) == failed);
			CHECK(failed ||
			      data[bufs[i]->block * SIZE + 5] ==
				      (unsigned char)(900 - bufs[i]->block +
						      round));
			buf_mark_clean(bufs[i]);
			buf_put(bufs[i]);
		}
	}
	disk.on_write = NULL;
	for (unsigned n = 1; n < 3; n++) {
		host_fail_alloc(n);
		CHECK(bcache_get(bc, 950, &bp) == -ENOMEM);
	}
	bcache_destroy(bc);
	CHECK(host_objects_in_use() == objects);
}

static unsigned running;

static void reader(void *arg)
{
	unsigned x = (unsigned)(uintptr_t)arg;
	struct buf *bp;

	for (unsigned i = 0; i < 3000; i++) {
		unsigned block;

		x = x * 1103515245 + 12345;
		block = (x >> 16) % 300;
		if (x >> 28 == 1)
			bcache_prefetch(bc, block, 16);
		if (!bcache_read(bc, block, &bp)) {
			CHECK(good(bp, block));
			buf_put(bp);
		}
		if (x >> 24 == 3)
			reclaim_all();
	}
	running--;
}

static void test_many(unsigned seed)
{
	start(true);
	disk.shuffle_seed = seed;
	disk.bad_ops = 1u << BLK_READ;
	disk.bad_first = 100;
	disk.bad_end = 150;
	disk.bad_times = 50;
	host_set_chaos(seed);
	for (unsigned i = 0; i < 4; i++) {
		running++;
		CHECK(!kthread_create("reader", reader,
				      (void *)(uintptr_t)(seed + i), NULL));
	}
	while (running)
		resched_point();
	host_set_chaos(0);
	CHECK(disk.max_in_flight > 1);
	bcache_destroy(bc);
}

int main(void)
{
	for (unsigned d = 0; d < 2; d++) {
		test_once(d);
		test_errors(d);
		test_write(d);
	}
	for (unsigned seed = 1; seed < 8; seed++)
		test_many(seed * 1000);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
