/*
 * Tests of slab.c, on page.c.
 *
 * host-test: kernel/mm/memrange.c
 */
#include "kernel/mm/mm_testshim.h"

#include "kernel/mm/page.c"
#undef BATCH
#include "kernel/mm/slab.c"

static uint64_t free_now(void)
{
	struct page_counts c;

	page_count(&c);
	return c.free;
}

static void release_all(void)
{
	if (hart_ready)
		slab_drain_hart(&test_hart);
	slab_reap();
}

static uint64_t total_in_use;
static void add_in_use(void *arg, const char *name, size_t size,
		       uint64_t in_use, uint64_t pages)
{
	CHECK((int64_t)in_use >= 0);
	total_in_use += in_use;
	if (arg)
		CHECK(!pages);
}

static uint64_t in_use(void)
{
	total_in_use = 0;
	kmem_cache_walk(add_in_use, NULL);
	return total_in_use;
}

/* Each object holds its own number, at both ends. */
static void fill(unsigned char *p, size_t n, unsigned tag)
{
	memset(p, (int)(tag % 251), n);
}
static void verify(const unsigned char *p, size_t n, unsigned tag)
{
	for (size_t i = 0; i < n; i++)
		CHECK(p[i] == tag % 251);
}

static void test_random(unsigned rounds)
{
	enum { SLOTS = 3000 };
	static struct {
		unsigned char *p;
		size_t n;
	} s[SLOTS];
	uint64_t count = 0;

	for (unsigned i = 0; i < rounds; i++) {
		unsigned k = (unsigned)rand() % SLOTS;

		if (s[k].p) {
			verify(s[k].p, s[k].n, k);
			kfree(s[k].p);
			s[k].p = NULL;
			count--;
			continue;
		}
		s[k].n = 1 + (size_t)rand() % (rand() & 7 ? 300 : 2048);
		if (rand() & 1) {
			s[k].p = kzalloc(s[k].n, GFP_KERNEL);
			CHECK(s[k].p);
			verify(s[k].p, s[k].n, 0);
		} else {
			s[k].p = kmalloc(s[k].n, GFP_KERNEL);
			CHECK(s[k].p);
		}
		if (s[k].n >= 512 && !(s[k].n & (s[k].n - 1)))
			CHECK(!((uint64_t)s[k].p & (s[k].n - 1)));
		CHECK(!((uint64_t)s[k].p & 15));
		fill(s[k].p, s[k].n, k);
		count++;
		if (i % 1000 == 0)
			CHECK(in_use() == count);
	}
	for (unsigned k = 0; k < SLOTS; k++) {
		if (!s[k].p)
			continue;
		verify(s[k].p, s[k].n, k);
		kfree(s[k].p);
		s[k].p = NULL;
	}
	CHECK(in_use() == 0);
}

int main(void)
{
	static const struct mem_range ram = { RAM_LOW, 64 << 20 };
	struct kmem_cache *c;
	void *p[3000], *q;
	uint64_t all;
	unsigned n = 0;

	shim_init();
	page_init(&ram, 1, NULL, 0);
	slab_init();
	all = free_now();
	test_random(50000);
	release_all();
	CHECK(free_now() == all);
	mm_harts = &test_hart;
	hart_ready = true;
	test_random(400000);
	release_all();
	CHECK(free_now() == all);
	kmem_cache_walk(add_in_use, &all);

	/* Sizes at the edges, and by whole pages. */
	kfree(NULL);
	for (size_t size = 0; size <= 2049; size++) {
		q = kmalloc(size, 0);
		CHECK(q);
		memset(q, 0xff, size);
		kfree(q);
	}
	q = kzalloc(4 << 20, 0);
	CHECK(q && !((uint64_t)q & PAGE_MASK));
	verify(q, 4 << 20, 0);
	kfree(q);
	q = kmalloc(5000, 0);
	CHECK(q);
	memset(q, 1, 8192);
	kfree(q);
	CHECK(!kmalloc((4 << 20) + 1, 0));
	CHECK(!kmalloc(SIZE_MAX, 0));

	/* A cache with an odd size and alignment, until memory ends. */
	c = kmem_cache_create("odd", 1000, 64);
	CHECK(c && c->size == 1024);
	while (n < 3000 && (p[n] = kmem_cache_alloc(c, 0))) {
		CHECK(!((uint64_t)p[n] & 63));
		fill(p[n], 1000, n);
		n++;
	}
	CHECK(n == 3000);
	while (n--) {
		verify(p[n], 1000, n);
		kmem_cache_free(c, p[n]);
	}
	release_all();
	CHECK(free_now() == all);
	c = kmem_cache_create("large", 9000, 0);
	CHECK(c && c->order == 3);
	q = kmem_cache_alloc(c, GFP_ZERO);
	verify(q, 9000, 0);
	kfree(q); /* finds its cache by the page, any page of the slab */
	CHECK(!kmem_cache_create("huge", 40000, 0));

	/* Faults of callers are found. */
	q = kmalloc(100, 0);
	kfree(q);
	CHECK_PANICS(kfree(q));
	q = kmalloc(200, 0);
	CHECK_PANICS(kfree((char *)q + 8));
	kfree(q);
	((char *)q)[50] = 1;
	CHECK_PANICS(kmalloc(200, 0));
	printf("slab_test: passed\n");
	return 0;
}
