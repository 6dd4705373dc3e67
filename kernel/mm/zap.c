/*
 * Taking pages out of an address space, or rights from its entries.
 *
 * Pages that are taken out of a table are gathered first, then all harts are
 * made to forget them, and only then are they let go: a frame is never used
 * for something else while somebody could still reach it.
 */
#include "fs/pagecache.h"
#include "kernel/bits.h"
#include "kernel/mm/vmspace_impl.h"
#include "kernel/sched.h"

/* Pages on the way out. */
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

void vmspace_zap(struct vmspace *vs, uaddr_t start, uaddr_t end)
{
	struct gather g;

	gather_init(&g, vs, MIN((end - start) >> PAGE_SHIFT, vs->resident));
	change_range(&g, start, end, PT_ZAP, 0, true);
	gather_end(&g);
}

void vmspace_narrow(struct vmspace *vs, struct region *r)
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
