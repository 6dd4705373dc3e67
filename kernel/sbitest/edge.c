/*
 * Memory on both sides of 4 GiB, where a firmware that reckons with 32 bits
 * goes wrong. The allocator knows no addresses, so it is asked for one block
 * after the other until these two come, and gets the others back at once. All
 * others may have to do without for that moment: nothing is begun unless half
 * as much again is free as lies below 4 GiB.
 */
#include "kernel/mm/page.h"
#include "kernel/sbitest/sbitest.h"

#define EDGE  (1ul << 32)
#define BLOCK (PAGE_SIZE << PAGE_MAX_ORDER)

static bool enough(void)
{
	struct page_counts c;

	page_count(&c);
	return c.free > 3 * ((EDGE - page_banks[0].base) / PAGE_SIZE) / 2;
}

paddr_t sbitest_edge_get(void)
{
	struct page *below = pa_to_page(EDGE - BLOCK),
		    *above = pa_to_page(EDGE);
	struct list_head taken = LIST_INIT(taken);
	bool has_below = false, has_above = false;
	struct page *pg;

	if (!pa_is_ram(EDGE - BLOCK) || !pa_is_ram(EDGE) || !enough())
		return 0;
	for (unsigned n = 0; n < EDGE / BLOCK; n++) {
		pg = page_alloc(PAGE_MAX_ORDER, GFP_NOWAIT, PAGE_KERNEL);
		if (!pg)
			break;
		list_add(&pg->link, &taken);
		has_below |= pg == below;
		has_above |= pg == above;
		if (has_below && has_above)
			break;
	}
	while (!list_empty(&taken)) {
		pg = container_of(taken.next, struct page, link);
		list_del(&pg->link);
		if (!(has_below && has_above) || (pg != below && pg != above))
			page_free(pg, PAGE_MAX_ORDER);
	}
	return has_below && has_above ? EDGE - PAGE_SIZE : 0;
}

void sbitest_edge_put(void)
{
	page_free(pa_to_page(EDGE - BLOCK), PAGE_MAX_ORDER);
	page_free(pa_to_page(EDGE), PAGE_MAX_ORDER);
}
