/*
 * Address spaces: the regions, and what happens to page tables when they
 * change. Filling pages in is fault.c's; fences are shootdown.c's.
 *
 * Pages that are taken out of a table are gathered first, then all harts are
 * made to forget them, and only then are they let go: a frame is never used
 * for something else while somebody could still reach it. A space that has no
 * user left is taken apart without that: its root's lower half is emptied, one
 * fence, and nobody can reach anything.
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

#define LEAF_SPAN   MEGAPAGE_SIZE /* what one leaf table maps */
#define USER_BOTTOM PAGE_SIZE     /* page 0 is never mapped */
#define MMAP_GAP    (256ul << 20) /* kept for a stack where exec sets none */
#define STACK_GUARD (1ul << 20)   /* nothing is placed this near below one */

static struct kmem_cache *vmspace_cache, *region_cache;

/* ---- regions ---- */

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

static struct region *region_next(struct region *r)
{
	struct rb_node *n = rb_next(&r->node);

	return n ? container_of(n, struct region, node) : NULL;
}

static struct region *region_prev(struct region *r)
{
	struct rb_node *n = rb_prev(&r->node);

	return n ? container_of(n, struct region, node) : NULL;
}

/* A file's mapping, for what must be under its regions_lock. */
static struct mapping *region_mapping(const struct region *r)
{
	return r->file ? &r->file->inode->mapping : NULL;
}

static void region_link(struct vmspace *vs, struct region *r)
{
	struct rb_node **slot = &vs->regions.top, *parent = NULL;
	struct mapping *m = region_mapping(r);

	while (*slot) {
		struct region *x = container_of(*slot, struct region, node);

		parent = *slot;
		slot = r->start < x->start ? &parent->left : &parent->right;
	}
	rb_insert(&vs->regions, &r->node, parent, slot);
	vs->total_pages += (r->end - r->start) >> PAGE_SHIFT;
	if (m) {
		spin_lock(&m->regions_lock);
		list_add(&r->map_link, &m->regions);
		spin_unlock(&m->regions_lock);
	}
}

/* Out of the tree and its mapping's list, onto `dead`. */
static void region_unlink(struct vmspace *vs, struct region *r,
			  struct list_head *dead)
{
	struct mapping *m = region_mapping(r);

	rb_remove(&vs->regions, &r->node);
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

/* No lock held: files may be closed. */
static void regions_free(struct list_head *dead)
{
	while (!list_empty(dead)) {
		struct region *r =
			list_first_entry(dead, struct region, map_link);

		list_del(&r->map_link);
		if (r->file)
			file_put(r->file);
		kmem_cache_free(region_cache, r);
	}
}

/* Moves an edge of r inwards or outwards. */
static void region_resize(struct vmspace *vs, struct region *r, uaddr_t start,
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

/* r ends at va, `upper` (fresh memory) takes what is above. */
static void region_split(struct vmspace *vs, struct region *r, uaddr_t va,
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

/* Anonymous neighbours that are alike become one. */
static bool region_may_join(const struct region *a, const struct region *b)
{
	return a->end == b->start && !a->file && !b->file &&
	       a->flags == b->flags && !(a->flags & VM_STACK);
}

static void region_join(struct vmspace *vs, struct region *r,
			struct list_head *dead)
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

/* ---- taking pages out ---- */

/* Pages on the way out; see the top of the file. */
struct gather {
	struct vmspace *vs;
	uaddr_t low, high; /* what must be flushed */
	unsigned n, cap;
	struct page **pages;
	struct page *big;    /* room for many, or NULL */
	struct page *tables; /* empty ones, chained by private */
	struct page *small[32];
};

static void gather_init(struct gather *g, struct vmspace *vs, uint64_t pages)
{
	g->vs = vs;
	g->low = UINT64_MAX;
	g->high = 0;
	g->n = 0;
	g->tables = NULL;
	g->pages = g->small;
	g->cap = ARRAY_SIZE(g->small);
	g->big = NULL;
	if (pages > g->cap)
		g->big = page_alloc(0, GFP_NOWAIT, PAGE_KERNEL);
	if (g->big) {
		g->pages = page_to_va(g->big);
		g->cap = PAGE_SIZE / sizeof(*g->pages);
	}
}

static void gather_flush(struct gather *g)
{
	if (g->high > g->low)
		tlb_shoot(g->vs, g->low, g->high, g->tables != NULL);
	for (unsigned i = 0; i < g->n; i++)
		page_put(g->pages[i]);
	while (g->tables) {
		struct page *t = g->tables;

		g->tables = t->private;
		t->private = NULL;
		pt_free(t);
	}
	g->n = 0;
	g->low = UINT64_MAX;
	g->high = 0;
}

static void gather_end(struct gather *g)
{
	gather_flush(g);
	if (g->big)
		page_put(g->big);
}

/* What to do to the entries of a range. */
enum pt_change {
	PT_ZAP,      /* take everything out, empty tables too [lock: write] */
	PT_ZAP_FILE, /* take a mapping's pages out */
	PT_NO_WRITE, /* a mapping's pages lose W */
	PT_NARROW,   /* no more rights than `allow` */
};

/*
 * Entries of one leaf table from va up to end (in that table). Returns how
 * far it came: less than end when the gathering is full. [pt_lock]
 */
static uaddr_t change_leaf(struct gather *g, pte_t *t, uaddr_t va, uaddr_t end,
			   enum pt_change what, pte_t allow)
{
	struct page *tp = va_to_page(t);
	struct vmspace *vs = g->vs;

	while (va < end) {
		unsigned i = pt_index(va, 0), group = i / 8;
		uaddr_t stop = (va & ~(8 * PAGE_SIZE - 1)) + 8 * PAGE_SIZE;
		uint64_t left = 0;

		if (stop > end)
			stop = end;
		if (!(tp->a >> group & 1)) {
			va = stop;
			continue;
		}
		for (; va < stop; va += PAGE_SIZE, i++) {
			pte_t pte = t[i], new;

			if (!pte)
				continue;
			if (what != PT_ZAP && what != PT_NARROW &&
			    pte & PTE_ANON)
				continue;
			if (what == PT_NO_WRITE) {
				new = pte & ~(PTE_W | PTE_D);
			} else if (what == PT_NARROW) {
				new = pte &allow;
			} else {
				if (g->n == g->cap)
					return va;
				g->pages[g->n++] = pte_page(pte);
				vs->resident--;
				new = 0;
			}
			if (new == pte)
				continue;
			WRITE_ONCE(t[i], new);
			if (!(pte & PTE_V))
				continue;
			if (va < g->low)
				g->low = va;
			if (va + PAGE_SIZE > g->high)
				g->high = va + PAGE_SIZE;
		}
		if (what != PT_ZAP && what != PT_ZAP_FILE)
			continue;
		for (unsigned k = 0; k < 8; k++)
			left |= t[group * 8 + k];
		if (!left)
			tp->a &= ~(1ull << group);
	}
	return va;
}

/* Nobody else holds the lock for long, but the range may be long. */
static void change_range(struct gather *g, uaddr_t start, uaddr_t end,
			 enum pt_change what, pte_t allow, bool may_yield)
{
	struct vmspace *vs = g->vs;
	uaddr_t va = start;

	while (va < end) {
		uaddr_t stop = round_down(va, LEAF_SPAN) + LEAF_SPAN;
		pte_t l2, *slot, *t;
		uaddr_t done;

		if (stop > end)
			stop = end;
		spin_lock(&vs->pt_lock);
		l2 = vs->root[pt_index(va, 2)];
		if (!l2) {
			spin_unlock(&vs->pt_lock);
			va = round_down(va, GIGAPAGE_SIZE) + GIGAPAGE_SIZE;
			continue;
		}
		slot = &pte_table(l2)[pt_index(va, 1)];
		if (!*slot) {
			spin_unlock(&vs->pt_lock);
			va = stop;
			continue;
		}
		t = pte_table(*slot);
		done = change_leaf(g, t, va, stop, what, allow);
		if (what == PT_ZAP && !va_to_page(t)->a) {
			struct page *tp = va_to_page(t);
			uaddr_t base = round_down(va, LEAF_SPAN);

			/* Harts may have the pointer to it cached. */
			WRITE_ONCE(*slot, 0);
			tp->private = g->tables;
			g->tables = tp;
			if (base < g->low)
				g->low = base;
			if (base + LEAF_SPAN > g->high)
				g->high = base + LEAF_SPAN;
		}
		spin_unlock(&vs->pt_lock);
		va = done;
		if (done < stop)
			gather_flush(g);
		if (may_yield)
			resched_point();
	}
}

static void zap_range(struct vmspace *vs, uaddr_t start, uaddr_t end)
{
	struct gather g;

	gather_init(&g, vs, MIN((end - start) >> PAGE_SHIFT, vs->resident));
	change_range(&g, start, end, PT_ZAP, 0, true);
	gather_end(&g);
}

void vm_unmap_mapping(struct mapping *m, uint64_t first, uint64_t last,
		      bool write_protect_only)
{
	enum pt_change what = write_protect_only ? PT_NO_WRITE : PT_ZAP_FILE;
	struct region *r;

	/* The list's lock keeps the regions, and with them their spaces. */
	spin_lock(&m->regions_lock);
	list_for_each_entry (r, &m->regions, map_link) {
		uint64_t n = (r->end - r->start) >> PAGE_SHIFT;
		uint64_t from = 0, to = n;
		struct gather g;

		if (last < r->pgoff || first >= r->pgoff + n)
			continue;
		if (write_protect_only && !(r->flags & VM_SHARED))
			continue;
		if (first > r->pgoff)
			from = first - r->pgoff;
		if (last - r->pgoff < n - 1)
			to = last - r->pgoff + 1;
		gather_init(&g, r->vs, 0);
		change_range(&g, r->start + (from << PAGE_SHIFT),
			     r->start + (to << PAGE_SHIFT), what, 0, false);
		gather_end(&g);
	}
	spin_unlock(&m->regions_lock);
}

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
	region_cache = kmem_cache_create("region", sizeof(struct region), 0);
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
	if (!vmspace_cache || !region_cache)
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
		struct region *c = kmem_cache_alloc(region_cache, GFP_KERNEL);
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

/* ---- mapping and unmapping ---- */

/*
 * Takes [start, end) out. All that can fail is done first. Dead regions go
 * onto the list, to be freed without the lock. [lock: write]
 */
static int unmap_locked(struct vmspace *vs, uaddr_t start, uaddr_t end,
			struct list_head *dead)
{
	struct region *r = region_find(vs, start), *next, *upper;

	if (!r || r->start >= end)
		return 0;
	if (r->start < start && r->end > end) {
		upper = kmem_cache_alloc(region_cache, GFP_KERNEL);
		if (!upper)
			return -ENOMEM;
		region_split(vs, r, end, upper);
	}
	for (; r && r->start < end; r = next) {
		next = region_next(r);
		if (r->start < start) /* keeps its lower part */
			region_resize(vs, r, r->start, start);
		else if (r->end > end)
			region_resize(vs, r, end, r->end);
		else
			region_unlink(vs, r, dead);
	}
	zap_range(vs, start, end);
	return 0;
}

/* A gap of len bytes that ends as high as possible below mmap_base; 0: none. */
static uaddr_t find_gap(struct vmspace *vs, uint64_t len)
{
	uaddr_t top = vs->mmap_base;
	struct region *r = region_find(vs, top);

	if (len > top)
		return 0;
	if (r) {
		if (r->start < top)
			top = r->start;
		r = region_prev(r);
	} else {
		struct rb_node *n = rb_last(&vs->regions);

		r = n ? container_of(n, struct region, node) : NULL;
	}
	for (; r; r = region_prev(r)) {
		if (r->end <= top && top - r->end >= len)
			break;
		if (r->start < top)
			top = r->start;
	}
	if (top < len || top - len < USER_BOTTOM)
		return 0;
	return top - len;
}

static bool range_free(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	struct region *r = region_find(vs, start);

	return !r || r->start >= start + len;
}

int vmspace_map(struct vmspace *vs, uaddr_t start, uint64_t len, unsigned flags,
		bool fixed, struct file *file, uint64_t pgoff,
		uint64_t file_bytes, uaddr_t *out)
{
	struct list_head dead = LIST_INIT(dead);
	struct region *r;
	int err = 0;

	if (!len || start & PAGE_MASK)
		return -EINVAL;
	if (len > USER_TOP)
		return -ENOMEM;
	len = round_up(len, PAGE_SIZE);
	if (fixed && start < USER_BOTTOM)
		return -EPERM;
	if (start > USER_TOP - len) {
		if (fixed)
			return -ENOMEM;
		start = 0;
	}
	r = kmem_cache_alloc(region_cache, GFP_KERNEL | GFP_ZERO);
	if (!r)
		return -ENOMEM;
	rwsem_write_lock(&vs->lock);
	if (!fixed) {
		if (start < USER_BOTTOM || !range_free(vs, start, len))
			start = find_gap(vs, len);
		if (!start)
			err = -ENOMEM;
	} else if (flags & VM_NOREPLACE) {
		if (!range_free(vs, start, len))
			err = -EEXIST;
	} else {
		err = unmap_locked(vs, start, start + len, &dead);
	}
	if (err) {
		kmem_cache_free(region_cache, r);
	} else {
		r->start = start;
		r->end = start + len;
		r->flags = flags & ~VM_NOREPLACE;
		r->vs = vs;
		r->file = file;
		r->pgoff = pgoff;
		r->file_end = UINT64_MAX;
		if (file) {
			file_get(file);
			if (file_bytes)
				r->file_end = start + file_bytes;
		}
		region_link(vs, r);
		if (!file)
			region_join(vs, r, &dead);
		if (out)
			*out = start;
	}
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

int vmspace_unmap(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	struct list_head dead = LIST_INIT(dead);
	int err;

	if (!len || start & PAGE_MASK || start > USER_TOP ||
	    len > USER_TOP - start)
		return -EINVAL;
	len = round_up(len, PAGE_SIZE);
	rwsem_write_lock(&vs->lock);
	err = unmap_locked(vs, start, start + len, &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

/* Is all of [start, end) in regions? [lock] */
static bool range_mapped(struct vmspace *vs, uaddr_t start, uaddr_t end)
{
	struct region *r = region_find(vs, start);

	while (start < end) {
		if (!r || r->start > start)
			return false;
		start = r->end;
		r = region_next(r);
	}
	return true;
}

bool vmspace_range_mapped(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	bool mapped;

	if (start > USER_TOP || len > USER_TOP - start)
		return false;
	rwsem_read_lock(&vs->lock);
	mapped = range_mapped(vs, start, start + len);
	rwsem_read_unlock(&vs->lock);
	return mapped;
}

/* ---- protection ---- */

/* Entries of r lose what its flags do not allow; faults add what they do. */
static void narrow_region(struct vmspace *vs, struct region *r)
{
	pte_t allow = ~(PTE_V | PTE_R | PTE_W | PTE_X | PTE_D);
	struct gather g;

	allow |= region_pte_bits(r) & (PTE_V | PTE_R | PTE_X);
	if (r->flags & VM_WRITE)
		allow |= PTE_W | PTE_D;
	gather_init(&g, vs, 0);
	change_range(&g, r->start, r->end, PT_NARROW, allow, true);
	gather_end(&g);
}

static int may_protect(const struct region *r, unsigned prot)
{
	if (!r->file)
		return 0;
	if (prot & VM_WRITE && r->flags & VM_SHARED && !r->file->writable)
		return -EACCES;
	return 0;
}

int vmspace_protect(struct vmspace *vs, uaddr_t start, uint64_t len,
		    unsigned prot)
{
	struct list_head dead = LIST_INIT(dead);
	struct region *r, *next, *spare[2] = { NULL, NULL };
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	if (!len)
		return 0;
	end = start + round_up(len, PAGE_SIZE);
	for (unsigned i = 0; i < 2; i++) {
		spare[i] = kmem_cache_alloc(region_cache, GFP_KERNEL);
		if (!spare[i])
			err = -ENOMEM;
	}
	rwsem_write_lock(&vs->lock);
	if (!err && !range_mapped(vs, start, end))
		err = -ENOMEM;
	r = region_find(vs, start);
	for (struct region *x = r; !err && x && x->start < end;
	     x = region_next(x))
		err = may_protect(x, prot);
	if (err)
		goto out;
	if (r->start < start) {
		region_split(vs, r, start, spare[0]);
		r = spare[0];
		spare[0] = NULL;
	}
	for (; r && r->start < end; r = next) {
		unsigned old = r->flags;

		if (r->end > end) {
			region_split(vs, r, end, spare[1]);
			spare[1] = NULL;
		}
		r->flags = (old & ~VM_PROT) | (prot & VM_PROT);
		if (old & VM_PROT & ~prot)
			narrow_region(vs, r);
		next = region_next(r);
		/* A neighbour above is joined on its own turn, if at all. */
		if (!r->file && (!next || next->start >= end))
			region_join(vs, r, &dead);
		else if (!r->file && region_prev(r) &&
			 region_may_join(region_prev(r), r)) {
			struct region *low = region_prev(r);
			uaddr_t high = r->end;

			region_unlink(vs, r, &dead);
			region_resize(vs, low, low->start, high);
		}
	}
out:
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	for (unsigned i = 0; i < 2; i++)
		if (spare[i])
			kmem_cache_free(region_cache, spare[i]);
	return err;
}

/* ---- stack and heap ---- */

int vmspace_map_stack(struct vmspace *vs, uaddr_t top, uint64_t size)
{
	int err;

	size = round_up(size, PAGE_SIZE);
	if (top & PAGE_MASK || top > USER_TOP || size + STACK_GUARD >= top)
		return -ENOMEM;
	err = vmspace_map(vs, top - size, size, VM_READ | VM_WRITE | VM_STACK,
			  true, NULL, 0, 0, NULL);
	if (!err)
		vs->mmap_base = top - size - STACK_GUARD;
	return err;
}

void vmspace_set_brk(struct vmspace *vs, uaddr_t start)
{
	start = round_up(start, PAGE_SIZE);
	vs->brk_start = start;
	vs->brk = start;
}

static uaddr_t brk_locked(struct vmspace *vs, uaddr_t end,
			  struct list_head *dead)
{
	uaddr_t from = round_up(vs->brk, PAGE_SIZE);
	uaddr_t to = round_up(end, PAGE_SIZE);
	struct region *r;

	if (end < vs->brk_start || end > USER_TOP)
		return vs->brk;
	if (to > from) {
		/* One page stays free above, so an overrun is seen. */
		if (!range_free(vs, from, to - from + PAGE_SIZE))
			return vs->brk;
		r = from > vs->brk_start ? region_find(vs, from - 1) : NULL;
		if (r && r->flags & VM_BRK && r->end == from) {
			region_resize(vs, r, r->start, to);
		} else {
			r = kmem_cache_alloc(region_cache,
					     GFP_KERNEL | GFP_ZERO);
			if (!r)
				return vs->brk;
			r->start = from;
			r->end = to;
			r->flags = VM_READ | VM_WRITE | VM_BRK;
			r->vs = vs;
			r->file_end = UINT64_MAX;
			region_link(vs, r);
		}
	} else if (to < from) {
		if (unmap_locked(vs, to, from, dead))
			return vs->brk;
	}
	vs->brk = end;
	return end;
}

uaddr_t vmspace_brk(struct vmspace *vs, uaddr_t end)
{
	struct list_head dead = LIST_INIT(dead);
	uaddr_t now;

	rwsem_write_lock(&vs->lock);
	now = brk_locked(vs, end, &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return now;
}

/* ---- mremap ---- */

/* Room for [start, start+len) to have its entries moved in: all the tables. */
static bool tables_prepare(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	uaddr_t va = start;

	while (va < start + len) {
		if (!vmspace_walk_alloc(vs, va))
			return false;
		va = round_down(va, LEAF_SPAN) + LEAF_SPAN;
	}
	return true;
}

/* The tables are there. Old translations are forgotten at the end; until then
 * they show the same pages. [lock: write] */
static void move_entries(struct vmspace *vs, uaddr_t from, uaddr_t to,
			 uint64_t len)
{
	for (uint64_t off = 0; off < len; off += PAGE_SIZE) {
		pte_t *s, *d;

		spin_lock(&vs->pt_lock);
		s = pt_walk(vs->root, from + off);
		if (!s) {
			spin_unlock(&vs->pt_lock);
			off = round_down(from + off, LEAF_SPAN) + LEAF_SPAN -
			      from - PAGE_SIZE;
			continue;
		}
		if (*s) {
			d = pt_walk(vs->root, to + off);
			pt_set(va_to_page(d), d, *s);
			WRITE_ONCE(*s, 0);
		}
		spin_unlock(&vs->pt_lock);
	}
	tlb_shoot(vs, from, from + len, false);
}

/* Moves (and resizes) what is at [old, old+old_len), all in region r, to
 * `to`, which is free. [lock: write] */
static int move_region(struct vmspace *vs, struct region *r, uaddr_t old,
		       uint64_t old_len, uaddr_t to, uint64_t new_len,
		       struct list_head *dead)
{
	uint64_t keep = MIN(old_len, new_len);
	struct region *n;

	n = kmem_cache_alloc(region_cache, GFP_KERNEL);
	if (!n)
		return -ENOMEM;
	if (!tables_prepare(vs, to, keep)) {
		kmem_cache_free(region_cache, n);
		return -ENOMEM;
	}
	*n = *r;
	n->start = to;
	n->end = to + new_len;
	n->flags &= ~(VM_BRK | VM_STACK);
	if (n->file) {
		n->pgoff = region_index(r, old);
		if (n->file_end != UINT64_MAX)
			n->file_end =
				n->file_end > old ? n->file_end - old + to : to;
		file_get(n->file);
	}
	region_link(vs, n);
	move_entries(vs, old, to, keep);
	/* Cannot fail for want of a split's memory: see vmspace_remap. */
	return unmap_locked(vs, old, old + old_len, dead);
}

static int remap_locked(struct vmspace *vs, uaddr_t old, uint64_t old_len,
			uint64_t new_len, unsigned flags, uaddr_t new_addr,
			uaddr_t *out, struct list_head *dead)
{
	struct region *r = region_find(vs, old), *upper;
	uaddr_t end = old + old_len;
	int err;

	if (!r || old < r->start || end > r->end)
		return -EFAULT;
	if (!(flags & MREMAP_FIXED)) {
		*out = old;
		if (new_len == old_len)
			return 0;
		if (new_len < old_len)
			return unmap_locked(vs, old + new_len, end, dead);
		if (end == r->end && new_len <= USER_TOP - old &&
		    range_free(vs, end, new_len - old_len)) {
			region_resize(vs, r, r->start, old + new_len);
			return 0;
		}
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
		new_addr = find_gap(vs, new_len);
		if (!new_addr)
			return -ENOMEM;
	} else {
		err = unmap_locked(vs, new_addr, new_addr + new_len, dead);
		if (err)
			return err;
		/* The target may have been a part of the same region. */
		r = region_find(vs, old);
	}
	/* The part becomes a region of its own, so that taking it out later
	 * needs no memory. */
	if (end < r->end) {
		upper = kmem_cache_alloc(region_cache, GFP_KERNEL);
		if (!upper)
			return -ENOMEM;
		region_split(vs, r, end, upper);
	}
	err = move_region(vs, r, old, old_len, new_addr, new_len, dead);
	if (!err)
		*out = new_addr;
	return err;
}

int vmspace_remap(struct vmspace *vs, uaddr_t old, uint64_t old_len,
		  uint64_t new_len, unsigned flags, uaddr_t new_addr,
		  uaddr_t *out)
{
	struct list_head dead = LIST_INIT(dead);
	int err;

	if (old & PAGE_MASK || !new_len || !old_len || old > USER_TOP ||
	    old_len > USER_TOP - old)
		return -EINVAL;
	if (new_len > USER_TOP)
		return -ENOMEM;
	old_len = round_up(old_len, PAGE_SIZE);
	new_len = round_up(new_len, PAGE_SIZE);
	if (flags & MREMAP_FIXED) {
		if (!(flags & MREMAP_MAYMOVE) || new_addr & PAGE_MASK ||
		    new_addr > USER_TOP - new_len || new_addr < USER_BOTTOM)
			return -EINVAL;
		if (new_addr < old + old_len && old < new_addr + new_len)
			return -EINVAL;
	}
	rwsem_write_lock(&vs->lock);
	err = remap_locked(vs, old, old_len, new_len, flags, new_addr, out,
			   &dead);
	rwsem_write_unlock(&vs->lock);
	regions_free(&dead);
	return err;
}

/* ---- advice, writing back ---- */

int vmspace_discard(struct vmspace *vs, uaddr_t start, uint64_t len)
{
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	end = start + round_up(len, PAGE_SIZE);
	rwsem_write_lock(&vs->lock);
	if (!range_mapped(vs, start, end))
		err = -ENOMEM;
	zap_range(vs, start, end);
	rwsem_write_unlock(&vs->lock);
	return err;
}

int vmspace_sync(struct vmspace *vs, uaddr_t start, uint64_t len, bool wait)
{
	uaddr_t end;
	int err = 0;

	if (start & PAGE_MASK)
		return -EINVAL;
	if (start > USER_TOP || len > USER_TOP - start)
		return -ENOMEM;
	end = start + round_up(len, PAGE_SIZE);
	while (start < end) {
		struct file *f = NULL;
		struct region *r;
		int e;

		rwsem_read_lock(&vs->lock);
		r = region_find(vs, start);
		if (!r || r->start >= end) {
			err = err ? err : -ENOMEM;
			start = end;
		} else {
			if (r->start > start) {
				err = err ? err : -ENOMEM;
				start = r->start;
			}
			if (r->file && r->flags & VM_SHARED) {
				f = r->file;
				file_get(f);
			}
			start = r->end;
		}
		rwsem_read_unlock(&vs->lock);
		if (!f)
			continue;
		/* All of the file, which is more than was asked for. What is
		 * not waited for is dirty already, and written soon. */
		e = wait && f->ops->fsync ? f->ops->fsync(f, true) : 0;
		if (e)
			err = e;
		file_put(f);
	}
	return err;
}

void vmspace_walk(struct vmspace *vs,
		  void (*fn)(void *arg, const struct region *r), void *arg)
{
	rwsem_read_lock(&vs->lock);
	for (struct rb_node *n = rb_first(&vs->regions); n; n = rb_next(n))
		fn(arg, container_of(n, struct region, node));
	rwsem_read_unlock(&vs->lock);
}
