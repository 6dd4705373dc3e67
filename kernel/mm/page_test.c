/*
 * Tests of page.c and memrange.c.
 *
 * host-test: kernel/mm/memrange.c
 */
#include "kernel/mm/mm_testshim.h"

#define LOW_END (RAM_LOW + 0x4000000)
#include "kernel/mm/page.c"

/* ---- ranges, against a map of pages ---- */

#define MAP_PAGES 64

static uint64_t map_of(const struct mem_range *r, unsigned n)
{
	uint64_t map = 0;

	for (unsigned i = 0; i < n; i++) {
		CHECK(!((r[i].base | r[i].size) & PAGE_MASK));
		CHECK(r[i].size);
		CHECK(!i || r[i].base > r[i - 1].base + r[i - 1].size ||
		      r[i].base >= r[i - 1].base + r[i - 1].size);
		for (uint64_t p = r[i].base >> PAGE_SHIFT;
		     p < (r[i].base + r[i].size) >> PAGE_SHIFT; p++)
			map |= 1ull << p;
	}
	return map;
}

static uint64_t bytes_map(const struct mem_range *r, unsigned n, bool inwards)
{
	uint64_t map = 0;

	for (unsigned i = 0; i < n; i++) {
		for (unsigned p = 0; p < MAP_PAGES; p++) {
			uint64_t from = (uint64_t)p << PAGE_SHIFT;
			uint64_t to = from + PAGE_SIZE;
			uint64_t end = r[i].base + r[i].size;

			if (!r[i].size)
				continue;
			if (inwards ? r[i].base <= from && end >= to
				    : r[i].base < to && end > from)
				map |= 1ull << p;
		}
	}
	return map;
}

static void random_ranges(struct mem_range *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		r[i].base = (uint64_t)rand() % (60ull << PAGE_SHIFT);
		r[i].size = (uint64_t)rand() % (4ull << PAGE_SHIFT);
		if (rand() & 1) {
			r[i].base &= ~PAGE_MASK;
			r[i].size &= ~PAGE_MASK;
		}
	}
}

static void test_ranges(void)
{
	for (unsigned round = 0; round < 20000; round++) {
		struct mem_range a[8], b[8], out[16];
		unsigned n_a = (unsigned)rand() % 8, n_b = (unsigned)rand() % 8;
		uint64_t map_a, map_b;

		random_ranges(a, n_a);
		random_ranges(b, n_b);
		map_a = bytes_map(a, n_a, true);
		map_b = bytes_map(b, n_b, false);
		n_a = mem_range_normalize(a, n_a, true);
		n_b = mem_range_normalize(b, n_b, false);
		CHECK(map_of(a, n_a) == map_a);
		CHECK(map_of(b, n_b) == map_b);
		n_a = mem_range_subtract(out, a, n_a, b, n_b);
		CHECK(map_of(out, n_a) == (map_a & ~map_b));
	}
	/* At the end of the address space. */
	struct mem_range r[2] = { { UINT64_MAX - 100, 50 },
				  { UINT64_MAX - 4096, 9999 } };

	CHECK(mem_range_normalize(r, 2, true) == 0);
	r[0] = (struct mem_range){ 0x1000, UINT64_MAX };
	CHECK(mem_range_normalize(r, 1, true) == 1);
	CHECK(r[0].base == 0x1000 && r[0].size == UINT64_MAX - 0x1fff);
}

static void test_clip(void)
{
	struct mem_range r[] = { { 0x1000, 0x1000 }, { 0x4000, 0x4000 } };

	CHECK(end_of(r, 2) == 0x8000 && end_of(r, 0) == 0);
	CHECK(clip(r, 2, 0x8000) == 2 && end_of(r, 2) == 0x8000);
	CHECK(clip(r, 2, 0x6000) == 2 && end_of(r, 2) == 0x6000);
	CHECK(clip(r, 2, 0x4000) == 1 && end_of(r, 1) == 0x2000);
	CHECK(clip(r, 1, 0x1000) == 0 && clip(r, 0, 0x1000) == 0);
}

/* ---- pages ---- */

static const struct mem_range test_ram[] = {
	{ RAM_LOW + 0x8000000, 0x2000123 }, /* ragged end */
	{ RAM_LOW, 0x4000000 },
	{ RAM_LOW + 0x4000000, 0x7f000 }, /* touches the one before */
	{ RAM_LOW + 0xf001000, 0x5000 },  /* a few pages in a block */
	{ DIRECT_SV48_SIZE, 0x100000 },   /* which no mode reaches */
};
static const struct mem_range test_reserved[] = {
	{ RAM_LOW, 0x80000 },
	{ RAM_LOW + 0x1234567, 0x10 },
	{ RAM_LOW + 0x9000000, 0x300000 },
	{ RAM_LOW + 0x40000000, 0x1000 }, /* not in RAM */
};

static bool usable(paddr_t pa)
{
	bool ram = false;

	for (unsigned i = 0; i < ARRAY_SIZE(test_ram); i++)
		if (pa >= test_ram[i].base &&
		    pa + PAGE_SIZE <= test_ram[i].base + test_ram[i].size)
			ram = true;
	for (unsigned i = 0; i < ARRAY_SIZE(test_reserved); i++)
		if (pa + PAGE_SIZE > test_reserved[i].base &&
		    pa < test_reserved[i].base + test_reserved[i].size)
			return false;
	if (pa >= image_pa && pa < image_pa + sizeof(__image_start))
		return false;
	return ram;
}

static uint64_t free_now(void)
{
	struct page_counts c;

	page_count(&c);
	for (unsigned k = 2; k < PAGE_KINDS; k++)
		CHECK((int64_t)c.by_kind[k] >= 0);
	return c.free;
}

static void check_lists(void)
{
	uint64_t n = 0;

	for (unsigned o = 0; o <= PAGE_MAX_ORDER; o++) {
		struct page *pg;

		CHECK(!(buddy.nonempty >> o & 1) == list_empty(&buddy.free[o]));
		list_for_each_entry (pg, &buddy.free[o], link) {
			uint64_t pfn = page_to_pfn(pg);
			struct page *b = pfn_to_page(pfn ^ 1ull << o);

			CHECK(pg->kind == PAGE_FREE && pg->order == o);
			CHECK(pg->bits == PG_BUDDY);
			CHECK(!(pfn & ((1ull << o) - 1)));
			/* Two free buddies would have merged. */
			CHECK(o == PAGE_MAX_ORDER ||
			      !(b->bits & PG_BUDDY && b->order == o &&
				b->kind == PAGE_FREE));
			n += 1ull << o;
		}
	}
	CHECK(n == buddy.n_free);
}

static unsigned count_blocks(void)
{
	unsigned blocks = 0;
	struct page *pg;

	for (unsigned o = 0; o <= PAGE_MAX_ORDER; o++)
		list_for_each_entry (pg, &buddy.free[o], link)
			blocks++;
	return blocks;
}

static void test_exhaust(void)
{
	uint64_t all = free_now(), n = 0;
	struct page *list = NULL, *pg;

	hard_calls = 0;
	while ((pg = page_alloc(0, GFP_KERNEL, PAGE_ANON))) {
		paddr_t pa = page_to_pa(pg);

		CHECK(usable(pa));
		CHECK(pa_is_ram(pa));
		CHECK(pg->refs == 1 && pg->kind == PAGE_ANON && !pg->bits);
		*(uint64_t *)page_to_va(pg) = pa;
		pg->private = list;
		list = pg;
		n++;
	}
	CHECK(hard_calls == 1);
	CHECK(n + buddy.reserve >= all && n < all);
	/* The reserve is for some, and to its last page. */
	pg = page_alloc(0, GFP_NOWAIT, PAGE_ANON);
	CHECK(pg && hard_calls == 1);
	page_put(pg);
	while ((pg = page_alloc(0, GFP_RESERVE | GFP_NOWAIT, PAGE_ANON))) {
		*(uint64_t *)page_to_va(pg) = page_to_pa(pg);
		pg->private = list;
		list = pg;
		n++;
	}
	CHECK(n == all);
	CHECK(free_now() == 0);
	while (list) {
		pg = list;
		list = pg->private;
		CHECK(*(uint64_t *)page_to_va(pg) == page_to_pa(pg));
		page_put(pg);
	}
	CHECK(free_now() == all);
}

static void test_random(unsigned rounds)
{
	enum { SLOTS = 500 };
	static struct {
		struct page *pg;
		unsigned order;
		uint64_t tag;
	} s[SLOTS];
	uint64_t all = free_now();

	for (unsigned i = 0; i < rounds; i++) {
		unsigned k = (unsigned)rand() % SLOTS;
		uint64_t *w;

		if (s[k].pg) {
			w = page_to_va(s[k].pg);
			for (unsigned p = 0; p < 1u << s[k].order; p++)
				CHECK(w[p * 512] == s[k].tag + p);
			CHECK(s[k].pg->order == s[k].order);
			if (rand() & 1)
				page_put(s[k].pg);
			else
				page_free(s[k].pg, s[k].order);
			s[k].pg = NULL;
			continue;
		}
		s[k].order = rand() & 3 ? 0 : (unsigned)rand() % 8;
		s[k].tag = (uint64_t)rand() << 16;
		s[k].pg = page_alloc(s[k].order,
				     rand() & 1 ? GFP_KERNEL : GFP_ZERO,
				     PAGE_KERNEL);
		CHECK(s[k].pg);
		CHECK(!(page_to_pfn(s[k].pg) & ((1ull << s[k].order) - 1)));
		w = page_to_va(s[k].pg);
		for (unsigned p = 0; p < 1u << s[k].order; p++)
			w[p * 512] = s[k].tag + p;
		if (i % 1000 == 0)
			check_lists();
	}
	for (unsigned k = 0; k < SLOTS; k++) {
		if (s[k].pg)
			page_put(s[k].pg);
		s[k].pg = NULL;
	}
	CHECK(free_now() == all);
}

/* All that there is below the limit, in blocks of several sizes, and no more. */
static void test_low(void)
{
	uint64_t all = free_now(), pages = 0, want = 0;
	struct page *list = NULL, *pg;

	for (paddr_t pa = RAM_LOW; pa < LOW_END; pa += PAGE_SIZE) {
		pg = pa_to_page(pa);
		want += usable(pa) && (pg->kind == PAGE_FREE || mm_harts);
	}
	for (int order = PAGE_MAX_ORDER; order > 0; order--)
		while ((pg = page_alloc((unsigned)order, GFP_LOW | GFP_NOWAIT,
					PAGE_KERNEL))) {
			CHECK(page_to_pa(pg) + (PAGE_SIZE << order) <= LOW_END);
			pg->private = list;
			list = pg;
			pages += 1ull << order;
		}
	check_lists();
	/* Single pages, and what tables took, are left. */
	CHECK(pages <= want && pages + 32 > want);
	CHECK(free_now() == all - pages);
	CHECK((pg = page_alloc(1, GFP_KERNEL, PAGE_KERNEL)));
	CHECK(page_to_pa(pg) >= LOW_END);
	page_put(pg);
	while ((pg = list)) {
		list = pg->private;
		page_put(pg);
	}
	CHECK(free_now() == all);
}

int main(void)
{
	struct page_counts c;
	unsigned blocks;
	uint64_t expect = 0, all;
	struct page *pg;

	shim_init();
	test_ranges();
	test_clip();

	page_init(test_ram, ARRAY_SIZE(test_ram), test_reserved,
		  ARRAY_SIZE(test_reserved));
	CHECK(reach_asked == RAM_LOW + 0xf006000);
	CHECK(page_n_banks == 3 && !pa_is_ram(DIRECT_SV48_SIZE));
	check_lists();
	blocks = count_blocks();
	for (paddr_t pa = RAM_LOW; pa < RAM_HIGH; pa += PAGE_SIZE)
		expect += usable(pa);
	all = free_now();
	/* The tables and struct pages that the shim's page tables took. */
	CHECK(expect - all == 13);
	page_count(&c);
	CHECK(c.total == all);

	/* Without and with the hart's stack in front. */
	test_random(20000);
	test_low();
	test_exhaust();
	check_lists();
	mm_harts = &test_hart;
	hart_ready = true;
	test_random(100000);
	test_exhaust();
	test_random(20000);
	page_drain_hart(&test_hart);
	check_lists();
	CHECK(free_now() == all);
	CHECK(count_blocks() == blocks); /* all has merged again */

	/* Kinds are counted; zero is zero; too large is refused. */
	pg = page_alloc(3, GFP_ZERO, PAGE_PIPE);
	page_count(&c);
	CHECK(c.by_kind[PAGE_PIPE] == 8 && c.free == all - 8);
	for (unsigned i = 0; i < 8 * PAGE_SIZE; i++)
		CHECK(((char *)page_to_va(pg))[i] == 0);
	page_put(pg);
	CHECK(!page_alloc(PAGE_MAX_ORDER + 1, 0, PAGE_KERNEL));
	pg = page_alloc(PAGE_MAX_ORDER, 0, PAGE_KERNEL);
	CHECK(pg);
	page_put(pg);

	/* What was reserved may come later. */
	page_release_range(test_reserved[2].base + 1,
			   test_reserved[2].size - 1);
	CHECK(free_now() == all + 0x300 - 1);
	page_release_range(test_reserved[2].base, test_reserved[2].size);
	page_release_range(RAM_LOW - 0x100000, 0x1000);
	CHECK(free_now() == all + 0x300);
	page_drain_hart(&test_hart);
	check_lists();

	/* Faults of callers are found. */
	pg = page_alloc(0, 0, PAGE_KERNEL);
	page_put(pg);
	CHECK_PANICS(page_free(pg, 0));
	pg = page_alloc(1, 0, PAGE_KERNEL);
	CHECK_PANICS(page_free(pg, 0));
	page_free(pg, 1);
	pg = page_alloc(0, 0, PAGE_KERNEL);
	page_put(pg);
	((uint64_t *)page_to_va(pg))[61] = 1;
	CHECK_PANICS(page_alloc(0, 0, PAGE_KERNEL));
	printf("page_test: passed\n");
	return 0;
}
