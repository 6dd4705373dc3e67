/*
 * The regions of an address space: a tree by address, and for those that map a
 * file a place in the list of the file's mapping, so that truncation finds
 * them. What is in the page tables is not looked at here.
 */
#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace_impl.h"

static struct kmem_cache *region_cache;
/* In one space: as many as on Linux, or as the memory has pages. What looks for
 * a gap goes over all of them. */
static uint64_t most_regions; /* fixed at start */

int region_init(void)
{
	most_regions = MAX(65530ul, host_total_pages());
	region_cache = kmem_cache_create("region", sizeof(struct region), 0);
	return region_cache ? 0 : -ENOMEM;
}

bool regions_fit(const struct vmspace *vs, unsigned more)
{
	return vs->n_regions + more <= most_regions;
}

struct region *region_new(unsigned flags)
{
	return kmem_cache_alloc(region_cache, flags);
}

struct region *region_alloc(struct vmspace *vs, unsigned flags)
{
	return regions_fit(vs, 1) ? region_new(flags) : NULL;
}

void region_free(struct region *r)
{
	kmem_cache_free(region_cache, r);
}

struct region *region_find(struct vmspace *vs, uaddr_t va)
{
	struct rb_node *n = vs->regions.top;
	struct region *best = NULL;

	while (n) {
		struct region *r = container_of(n, struct region, node);

		if (va < r->end) {
			best = r;
			if (va >= r->start)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct region *region_next(struct region *r)
{
	struct rb_node *n = rb_next(&r->node);

	return n ? container_of(n, struct region, node) : NULL;
}

struct region *region_prev(struct region *r)
{
	struct rb_node *n = rb_prev(&r->node);

	return n ? container_of(n, struct region, node) : NULL;
}

void region_link(struct vmspace *vs, struct region *r)
{
	struct rb_node **slot = &vs->regions.top, *parent = NULL;
	struct mapping *m = region_mapping(r);

	while (*slot) {
		struct region *x = container_of(*slot, struct region, node);

		parent = *slot;
		slot = r->start < x->start ? &parent->left : &parent->right;
	}
	rb_insert(&vs->regions, &r->node, parent, slot);
	vs->n_regions++;
	vs->total_pages += (r->end - r->start) >> PAGE_SHIFT;
	if (m) {
		spin_lock(&m->regions_lock);
		list_add(&r->map_link, &m->regions);
		spin_unlock(&m->regions_lock);
	}
}

void region_unlink(struct vmspace *vs, struct region *r, struct list_head *dead)
{
	struct mapping *m = region_mapping(r);

	rb_remove(&vs->regions, &r->node);
	vs->n_regions--;
	vs->total_pages -= (r->end - r->start) >> PAGE_SHIFT;
	if (vs->last_hit == r)
		vs->last_hit = NULL;
	if (m) {
		spin_lock(&m->regions_lock);
		list_del(&r->map_link);
		spin_unlock(&m->regions_lock);
	}
	list_add(&r->map_link, dead);
}

void regions_free(struct list_head *dead)
{
	while (!list_empty(dead)) {
		struct region *r =
			list_first_entry(dead, struct region, map_link);

		list_del(&r->map_link);
		if (r->file)
			file_put(r->file);
		region_free(r);
	}
}

void region_resize(struct vmspace *vs, struct region *r, uaddr_t start,
		   uaddr_t end)
{
	struct mapping *m = region_mapping(r);

	vs->total_pages += (end - start) >> PAGE_SHIFT;
	vs->total_pages -= (r->end - r->start) >> PAGE_SHIFT;
	if (m)
		spin_lock(&m->regions_lock);
	if (r->file)
		r->pgoff += (start - r->start) >> PAGE_SHIFT;
	r->start = start;
	r->end = end;
	if (m)
		spin_unlock(&m->regions_lock);
}

void region_split(struct vmspace *vs, struct region *r, uaddr_t va,
		  struct region *upper)
{
	*upper = *r;
	upper->start = va;
	if (r->file) {
		upper->pgoff += (va - r->start) >> PAGE_SHIFT;
		file_get(r->file);
	}
	region_resize(vs, r, r->start, va);
	region_link(vs, upper);
}

void region_join(struct vmspace *vs, struct region *r, struct list_head *dead)
{
	struct region *x = region_next(r);
	uaddr_t end;

	if (x && region_may_join(r, x)) {
		end = x->end;
		region_unlink(vs, x, dead);
		region_resize(vs, r, r->start, end);
	}
	x = region_prev(r);
	if (x && region_may_join(x, r)) {
		end = r->end;
		region_unlink(vs, r, dead);
		region_resize(vs, x, x->start, end);
	}
}
