#pragma once
/*
 * Where the pages of a mapping are: a radix tree of 64-way nodes, by page
 * number; a file of one page needs no node at all. Each node knows below which
 * of its slots there are dirty pages, so write-back of a few pages of a large
 * file costs what it writes. For pagecache.c and writeback.c only.
 *
 * All calls: the mapping's tree_lock is held.
 */
#include "fs/pagecache.h"

#define PAGETREE_BITS  6
#define PAGETREE_SLOTS (1u << PAGETREE_BITS)

struct pagetree_node {
	void *slot[PAGETREE_SLOTS];
	uint64_t dirty; /* slots with a dirty page, or one below them */
	unsigned count; /* slots that are not NULL */
	struct pagetree_node *next_spare;
};

static inline uint64_t pagetree_limit(unsigned height)
{
	if (height * PAGETREE_BITS >= 64)
		return UINT64_MAX;
	return (UINT64_C(1) << height * PAGETREE_BITS) - 1;
}

/* The slot of a node, whose slots lie `level` levels above pages. */
static inline unsigned pagetree_slot(uint64_t index, unsigned level)
{
	return (unsigned)(index >> level * PAGETREE_BITS) &
	       (PAGETREE_SLOTS - 1);
}

static inline struct page *pagetree_find(const struct mapping *m,
					 uint64_t index)
{
	void *p = m->tree;

	if (index > pagetree_limit(m->tree_height))
		return NULL;
	for (unsigned h = m->tree_height; h && p; h--) {
		const struct pagetree_node *n = p;

		p = n->slot[pagetree_slot(index, h - 1)];
	}
	return p;
}

/* The node that index's page hangs in, or NULL; the tree has nodes. */
static inline struct pagetree_node *pagetree_leaf(const struct mapping *m,
						  uint64_t index)
{
	void *p = m->tree;

	if (index > pagetree_limit(m->tree_height))
		return NULL;
	for (unsigned h = m->tree_height; h > 1 && p; h--) {
		const struct pagetree_node *n = p;

		p = n->slot[pagetree_slot(index, h - 1)];
	}
	return p;
}

/*
 * Puts n pages in from index on, as many as there are free places: how many
 * (one at least), or -EEXIST: the first place is taken; -EAGAIN: a node is
 * wanted in the list *spare (next_spare), and nothing was put in.
 */
int pagetree_insert(struct mapping *m, uint64_t index, struct page **pages,
		    unsigned n, struct pagetree_node **spare);
/* The page at index is there. */
void pagetree_delete(struct mapping *m, uint64_t index);
/* The first page at or after index, or NULL; *at gets its number. */
struct page *pagetree_next(const struct mapping *m, uint64_t index,
			   uint64_t *at);
/* The same of those that are dirty. */
struct page *pagetree_next_dirty(const struct mapping *m, uint64_t index,
				 uint64_t *at);
/* Pages [first, first+n) are all there and dirty (or clean) from now on;
 * PG_DIRTY is the caller's. */
void pagetree_mark(struct mapping *m, uint64_t first, unsigned n, bool dirty);
/* All nodes, where no page is left in them. */
void pagetree_free(struct mapping *m);

struct pagetree_node *pagetree_node_alloc(unsigned gfp);
void pagetree_node_free(struct pagetree_node *n);
void pagetree_init(void);
