/*
 * The cache of metadata blocks: each block is read once however many want it,
 * an error is told and tried again, what nobody holds is given back.
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
	}
	for (unsigned seed = 1; seed < 8; seed++)
		test_many(seed * 1000);
	printf("%s\n", failures ? "FAIL" : "ok");
	return failures != 0;
}
