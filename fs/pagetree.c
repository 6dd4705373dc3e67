/*
 * The tree of a mapping's pages. A level is added on top when a page with a
 * larger number comes; a node goes when its last page goes. Nothing is
 * allocated in here, for a spinlock is held: nodes come from a list of spare
 * ones that the caller fills when it is asked to.
 */
#include "fs/pagetree.h"

static struct kmem_cache *node_cache;

struct pagetree_node *pagetree_node_alloc(unsigned gfp)
{
	return kmem_cache_alloc(node_cache, gfp);
}

void pagetree_node_free(struct pagetree_node *n)
{
	kmem_cache_free(node_cache, n);
}

void pagetree_init(void)
{
	node_cache = kmem_cache_create("pagecache_node",
				       sizeof(struct pagetree_node), 0);
	if (!node_cache)
		panic("pagecache: no memory");
}

static struct pagetree_node *spare_take(struct pagetree_node **spare)
{
	struct pagetree_node *n = *spare;

	if (n) {
		*spare = n->next_spare;
		memset(n, 0, sizeof(*n));
	}
	return n;
}

/* Makes the tree so high that index fits. */
static int grow(struct mapping *m, uint64_t index, struct pagetree_node **spare)
{
	while (index > pagetree_limit(m->tree_height)) {
		if (m->tree) {
			struct pagetree_node *n = spare_take(spare);

			if (!n)
				return -EAGAIN;
			n->slot[0] = m->tree;
			n->count = 1;
			if (m->tree_height)
				n->dirty = ((struct pagetree_node *)m->tree)
							   ->dirty
						   ? 1
						   : 0;
			else
				n->dirty = page_test(m->tree, PG_DIRTY);
			m->tree = n;
		}
		m->tree_height++;
	}
	return 0;
}

int pagetree_insert(struct mapping *m, uint64_t index, struct page **pages,
		    unsigned n, struct pagetree_node **spare)
{
	unsigned done = 0;

	if (grow(m, index + n - 1, spare))
		return -EAGAIN;
	while (done < n) {
		struct pagetree_node *up = NULL;
		void **slot = &m->tree;
		unsigned at = 0, put = 0;

		for (unsigned h = m->tree_height; h; h--) {
			if (!*slot) {
				struct pagetree_node *made = spare_take(spare);

				if (!made)
					return done ? (int)done : -EAGAIN;
				*slot = made;
				if (up)
					up->count++;
			}
			up = *slot;
			at = pagetree_slot(index + done, h - 1);
			slot = &up->slot[at];
		}
		if (!up) { /* one page, no node */
			if (*slot)
				return -EEXIST;
			*slot = pages[0];
			m->npages++;
			return 1;
		}
		while (done + put < n && at + put < PAGETREE_SLOTS &&
		       !slot[put]) {
			slot[put] = pages[done + put];
			put++;
		}
		up->count += put;
		m->npages += put;
		done += put;
		if (!put || (done < n && at + put < PAGETREE_SLOTS))
			break;
	}
	return done ? (int)done : -EEXIST;
}

/* The nodes on the way to index, lowest first. */
static void find_way(const struct mapping *m, uint64_t index,
		     struct pagetree_node **way)
{
	void *p = m->tree;

	for (unsigned h = m->tree_height; h; h--) {
		way[h - 1] = p;
		p = way[h - 1]->slot[pagetree_slot(index, h - 1)];
	}
}

static void clear_dirty(const struct mapping *m, struct pagetree_node **way,
			uint64_t index, uint64_t mask)
{
	way[0]->dirty &= ~mask;
	for (unsigned h = 1; h < m->tree_height && !way[h - 1]->dirty; h++)
		way[h]->dirty &= ~BIT(pagetree_slot(index, h));
}

void pagetree_delete(struct mapping *m, uint64_t index)
{
	struct pagetree_node *way[64 / PAGETREE_BITS + 1];
	unsigned h;

	find_way(m, index, way);
	if (m->tree_height)
		clear_dirty(m, way, index, BIT(pagetree_slot(index, 0)));
	for (h = 0; h < m->tree_height; h++) {
		struct pagetree_node *n = way[h];

		n->slot[pagetree_slot(index, h)] = NULL;
		if (--n->count)
			break;
		pagetree_node_free(n);
	}
	if (h == m->tree_height) {
		m->tree = NULL;
		m->tree_height = 0;
	}
	m->npages--;
}

struct page *pagetree_next(const struct mapping *m, uint64_t index,
			   uint64_t *at)
{
	unsigned h = m->tree_height;

	if (!m->tree || index > pagetree_limit(h))
		return NULL;
	for (;;) {
		void *p = m->tree;
		unsigned level = h;
		uint64_t step;

		while (level && p) {
			const struct pagetree_node *n = p;

			p = n->slot[pagetree_slot(index, level - 1)];
			level--;
		}
		if (p) {
			*at = index;
			return p;
		}
		/* Nothing below this slot: on to the one behind it. */
		if (level * PAGETREE_BITS >= 64)
			return NULL;
		step = UINT64_C(1) << level * PAGETREE_BITS;
		index = (index & ~(step - 1)) + step;
		if (!index || index > pagetree_limit(h))
			return NULL;
	}
}

struct page *pagetree_next_dirty(const struct mapping *m, uint64_t index,
				 uint64_t *at)
{
	unsigned h = m->tree_height;

	if (!m->tree || index > pagetree_limit(h))
		return NULL;
	if (!h) {
		*at = 0;
		return page_test(m->tree, PG_DIRTY) ? m->tree : NULL;
	}
	for (;;) {
		void *p = m->tree;
		unsigned level = h;
		uint64_t step;

		while (level) {
			const struct pagetree_node *n = p;
			unsigned slot = pagetree_slot(index, level - 1);
			unsigned shift = (level - 1) * PAGETREE_BITS, skip;

			if (!(n->dirty >> slot))
				break;
			skip = ctz64(n->dirty >> slot);
			if (skip)
				index = ((index >> shift) + skip) << shift;
			p = n->slot[slot + skip];
			level--;
		}
		if (!level) {
			*at = index;
			return p;
		}
		/* Nothing in the rest of this node: on behind it. */
		if (level * PAGETREE_BITS >= 64)
			return NULL;
		step = UINT64_C(1) << level * PAGETREE_BITS;
		index = (index & ~(step - 1)) + step;
		if (!index || index > pagetree_limit(h))
			return NULL;
	}
}

void pagetree_mark(struct mapping *m, uint64_t first, unsigned n, bool dirty)
{
	struct pagetree_node *way[64 / PAGETREE_BITS + 1];

	while (n && m->tree_height) {
		unsigned slot = pagetree_slot(first, 0);
		unsigned run = MIN(n, PAGETREE_SLOTS - slot);
		uint64_t mask = (run == 64 ? UINT64_MAX : BIT(run) - 1) << slot;

		find_way(m, first, way);
		if (dirty) {
			way[0]->dirty |= mask;
			for (unsigned h = 1; h < m->tree_height; h++)
				way[h]->dirty |= BIT(pagetree_slot(first, h));
		} else {
			clear_dirty(m, way, first, mask);
		}
		first += run;
		n -= run;
	}
}

__attribute__((cold))
static void free_below(struct pagetree_node *n, unsigned height)
{
	for (unsigned i = 0; height > 1 && i < PAGETREE_SLOTS; i++) {
		if (n->slot[i])
			free_below(n->slot[i], height - 1);
	}
	pagetree_node_free(n);
}

void pagetree_free(struct mapping *m)
{
	if (m->tree && m->tree_height)
		free_below(m->tree, m->tree_height);
	m->tree = NULL;
	m->tree_height = 0;
}
