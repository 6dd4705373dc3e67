/*
 * Address spaces: how they begin, how fork copies them, how they end. Filling
 * pages in is fault.c's; taking them out is zap.c's; fences are shootdown.c's.
 *
 * A space that has no user left is taken apart at once: its root's lower half
 * is emptied, one fence, and nobody can reach anything.
 *
 * The walks that fork and exit make over every page are the tight loops here;
 * they go by the groups of eight entries that are noted in a table's struct
 * page, and take the lock once a table.
 */
#include "kernel/mm/vmspace.h"

#include "fs/pagecache.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/bits.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"

#define MMAP_GAP (256ul << 20) /* kept for a stack where exec sets none */

static struct kmem_cache *vmspace_cache;

/* ---- walking down, making tables ---- */

/* Hangs a new table into slot, unless somebody was quicker. */
static bool table_add(struct vmspace *vs, pte_t *slot)
{
	struct page *t = pt_alloc(GFP_USER);

	if (!t)
		return false;
	spin_lock(&vs->pt_lock);
	if (!*slot) {
		pt_set(va_to_page(slot), slot, pte_for(t, PTE_V));
		t = NULL;
	}
	spin_unlock(&vs->pt_lock);
	if (t)
		pt_free(t);
	return true;
}

pte_t *vmspace_walk_alloc(struct vmspace *vs, uaddr_t va)
{
	pte_t *slot = &vs->root[pt_index(va, 2)];

	if (!READ_ONCE(*slot) && !table_add(vs, slot))
		return NULL;
	slot = &pte_table(*slot)[pt_index(va, 1)];
	if (!READ_ONCE(*slot) && !table_add(vs, slot))
		return NULL;
	return &pte_table(*slot)[pt_index(va, 0)];
}

/* ---- life ---- */

static void caches_create(void)
{
	page_init_harts();
	if (region_init())
		return;
	vmspace_cache = kmem_cache_create(
		"vmspace",
		sizeof(struct vmspace) + sizeof(struct vmspace_harts) +
			MAX(nharts, 1u) * sizeof(uint64_t),
		0);
}

int vmspace_create(struct vmspace **out)
{
	struct vmspace *vs;

	/* The first space is made before there are two to make one. */
	if (!vmspace_cache)
		caches_create();
	if (!vmspace_cache)
		return -ENOMEM;
	vs = kmem_cache_alloc(vmspace_cache, GFP_KERNEL | GFP_ZERO);
	if (!vs)
		return -ENOMEM;
	vs->root_page = pt_root_alloc();
	if (!vs->root_page) {
		kmem_cache_free(vmspace_cache, vs);
		return -ENOMEM;
	}
	vs->root = page_to_va(vs->root_page);
	vs->satp = vs->root_page->b;
	vs->harts = (struct vmspace_harts *)(vs + 1);
	vs->users = 1;
	vs->refs = 1;
	vs->mmap_base = USER_TOP - MMAP_GAP;
	rwsem_init(&vs->lock, "vmspace", RANK_VMSPACE);
	spin_init(&vs->pt_lock, "page table", RANK_PAGETABLE);
	*out = vs;
	return 0;
}

void vmspace_get(struct vmspace *vs)
{
	__atomic_fetch_add(&vs->users, 1, __ATOMIC_RELAXED);
}

void vmspace_release(struct vmspace *vs)
{
	if (__atomic_fetch_sub(&vs->refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	pt_root_free(vs->root_page);
	kmem_cache_free(vmspace_cache, vs);
}

/* Entries of a leaf table that nobody can reach any more. */
static void leaf_free(struct page *tp)
{
	uint64_t groups = tp->a;
	pte_t *t = page_to_va(tp);

	tp->a = 0;
	for (; groups; groups >>= 1, t += 8) {
		if (!(groups & 1)) {
			if (!(groups & 0xff)) {
				groups >>= 7;
				t += 7 * 8;
			}
			continue;
		}
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			pte_t pte = t[i];

			if (!pte)
				continue;
			t[i] = 0;
			page_put(pte_page(pte));
		}
	}
	pt_free(tp);
}

static void middle_free(struct page *tp)
{
	uint64_t groups = tp->a;
	pte_t *t = page_to_va(tp);

	tp->a = 0;
	for (; groups; groups >>= 1, t += 8) {
		if (!(groups & 1))
			continue;
		for (unsigned i = 0; i < 8; i++) {
			if (!t[i])
				continue;
			leaf_free(pte_page(t[i]));
			t[i] = 0;
			resched_point();
		}
	}
	pt_free(tp);
}

/* Everything below the root. Tables are cut off before they are freed. */
static void tables_free(struct vmspace *vs)
{
	struct page *tables[24];

	while (vs->root_page->a) {
		unsigned n = 0;

		while (vs->root_page->a && n + 8 <= ARRAY_SIZE(tables)) {
			unsigned group = ctz64(vs->root_page->a);
			pte_t *t = &vs->root[group * 8];

			vs->root_page->a &= ~(1ull << group);
			for (unsigned i = 0; i < 8; i++) {
				if (!t[i])
					continue;
				tables[n++] = pte_page(t[i]);
				WRITE_ONCE(t[i], 0);
			}
		}
		tlb_shoot(vs, 0, USER_TOP, true);
		while (n)
			middle_free(tables[--n]);
	}
	vs->resident = 0;
}

void vmspace_put(struct vmspace *vs)
{
	struct list_head dead = LIST_INIT(dead);
	struct rb_node *n, *next;

	if (__atomic_fetch_sub(&vs->users, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	/* Out of the mappings' lists first: nobody finds the space then. */
	for (n = rb_first(&vs->regions); n; n = next) {
		struct region *r = container_of(n, struct region, node);
		struct mapping *m = region_mapping(r);

		next = rb_next(n);
		if (m) {
			spin_lock(&m->regions_lock);
			list_del(&r->map_link);
			spin_unlock(&m->regions_lock);
		}
		list_add(&r->map_link, &dead);
	}
	vs->regions.top = NULL;
	vs->last_hit = NULL;
	tables_free(vs);
	regions_free(&dead);
	if (__builtin_expect(READ_ONCE(page_hungry), 0))
		page_came_back();
	if (vs->exe)
		file_put(vs->exe);
	vs->exe = NULL;
	vmspace_release(vs);
}

/* ---- fork ---- */

/*
 * Copies the anonymous entries of a leaf table, read-only on both sides, into
 * a table that is zero. How many there were. [src's pt_lock]
 */
static uint64_t copy_leaf(struct page *from, struct page *to)
{
	uint64_t groups = from->a, n = 0, copied = 0;
	pte_t *s = page_to_va(from), *d = page_to_va(to);
	const pte_t keep = ~(PTE_W | PTE_D);

	for (uint64_t bit = 1; groups;
	     groups >>= 1, s += 8, d += 8, bit <<= 1) {
		uint64_t before = n;

		if (!(groups & 1)) {
			if (!(groups & 0xff)) {
				groups >>= 7;
				bit <<= 7;
				s += 7 * 8;
				d += 7 * 8;
			}
			continue;
		}
#pragma GCC unroll 8
		for (unsigned i = 0; i < 8; i++) {
			pte_t pte = s[i];

			if (!(pte & PTE_ANON))
				continue;
			pte &= keep;
			s[i] = pte;
			d[i] = pte;
			n++;
			page_get(pte_page(pte));
		}
		if (n != before)
			copied |= bit;
	}
	to->a = copied;
	return n;
}

static int copy_tables(struct vmspace *src, struct vmspace *dst)
{
	struct page *spare = NULL;

	for (unsigned i2 = 0; i2 < PT_USER_ROOT; i2++) {
		pte_t *middle, *d2 = &dst->root[i2];

		if (!(src->root_page->a >> i2 / 8 & 1)) {
			i2 |= 7;
			continue;
		}
		if (!src->root[i2])
			continue;
		middle = pte_table(src->root[i2]);
		for (unsigned i1 = 0; i1 < PT_ENTRIES; i1++) {
			uint64_t n;
			pte_t *d1;

			if (!(va_to_page(middle)->a >> i1 / 8 & 1)) {
				i1 |= 7;
				continue;
			}
			if (!middle[i1])
				continue;
			if (!*d2) {
				struct page *t = pt_alloc(GFP_USER);

				if (!t)
					goto no_memory;
				pt_set(dst->root_page, d2, pte_for(t, PTE_V));
			}
			if (!spare)
				spare = pt_alloc(GFP_USER);
			if (!spare)
				goto no_memory;
			spin_lock(&src->pt_lock);
			n = copy_leaf(pte_page(middle[i1]), spare);
			spin_unlock(&src->pt_lock);
			if (n) {
				d1 = &pte_table(*d2)[i1];
				pt_set(va_to_page(d1), d1,
				       pte_for(spare, PTE_V));
				spare = NULL;
				dst->resident += n;
			}
			resched_point();
		}
	}
	if (spare)
		pt_free(spare);
	return 0;

no_memory:
	if (spare)
		pt_free(spare);
	return -ENOMEM;
}

/* Both will write to the page of their stack at once: saves two faults. */
static void copy_stack_page(struct vmspace *src, struct vmspace *dst,
			    uaddr_t sp)
{
	struct region *r;
	pte_t *s, *d;
	struct page *pg, *old;

	if (sp >= USER_TOP)
		return;
	r = region_find(src, sp);
	s = pt_walk(src->root, sp);
	d = pt_walk(dst->root, sp);
	if (!r || sp < r->start || !(r->flags & VM_WRITE) || !s || !d ||
	    (*d & (PTE_V | PTE_ANON)) != (PTE_V | PTE_ANON))
		return;
	pg = page_alloc(0, GFP_NOWAIT, PAGE_ANON);
	if (!pg)
		return;
	old = pte_page(*d);
	page_copy(page_to_va(pg), page_to_va(old));
	*d = pte_for(pg, (*d & ~PTE_PPN_MASK) | PTE_W | PTE_D);
	page_put(old);
	spin_lock(&src->pt_lock);
	if (__atomic_load_n(&old->refs, __ATOMIC_ACQUIRE) == 1)
		WRITE_ONCE(*s, *s | PTE_W | PTE_D);
	spin_unlock(&src->pt_lock);
}

static int copy_regions(struct vmspace *src, struct vmspace *dst)
{
	struct rb_node *n, *last = NULL;

	for (n = rb_first(&src->regions); n; n = rb_next(n)) {
		struct region *r = container_of(n, struct region, node);
		struct region *c = region_new(GFP_KERNEL);
		struct mapping *m = region_mapping(r);

		if (!c)
			return -ENOMEM;
		*c = *r;
		c->vs = dst;
		if (c->file)
			file_get(c->file);
		rb_insert(&dst->regions, &c->node, last,
			  last ? &last->right : &dst->regions.top);
		last = &c->node;
		if (m) {
			spin_lock(&m->regions_lock);
			list_add(&c->map_link, &m->regions);
			spin_unlock(&m->regions_lock);
		}
	}
	dst->n_regions = src->n_regions;
	return 0;
}

int vmspace_fork(struct vmspace *vs, uaddr_t sp, struct vmspace **out)
{
	struct vmspace *c;
	int err = vmspace_create(&c);

	if (err)
		return err;
	rwsem_write_lock(&vs->lock);
	c->brk_start = vs->brk_start;
	c->brk = vs->brk;
	c->mmap_base = vs->mmap_base;
	c->total_pages = vs->total_pages;
	c->stack_size = vs->stack_size;
	c->stack_max = vs->stack_max;
	c->arg_start = vs->arg_start;
	c->arg_end = vs->arg_end;
	c->env_start = vs->env_start;
	c->env_end = vs->env_end;
	c->exe = vs->exe;
	if (c->exe)
		file_get(c->exe);
	err = copy_regions(vs, c);
	if (!err)
		err = copy_tables(vs, c);
	if (!err)
		copy_stack_page(vs, c, sp);
	/* The parent has lost W on all that the child got; even if the child
	 * is given up, its entries say so already. */
	tlb_shoot(vs, 0, USER_TOP, false);
	rwsem_write_unlock(&vs->lock);
	if (err) {
		vmspace_put(c);
		return err;
	}
	*out = c;
	return 0;
}

void vmspace_walk(struct vmspace *vs,
		  void (*fn)(void *arg, const struct region *r), void *arg)
{
	rwsem_read_lock(&vs->lock);
	for (struct rb_node *n = rb_first(&vs->regions); n; n = rb_next(n))
		fn(arg, container_of(n, struct region, node));
	rwsem_read_unlock(&vs->lock);
}
