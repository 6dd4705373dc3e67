/*
 * See search.h.  The tree is a treap: each node has a number that hashing its
 * own place gives, and none stands above a larger one, so that the order in
 * which keys come does not matter.  The table is open, at most half full, and
 * grows.
 */
#include <errno.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct node {
	const void *key;
	struct node *side[2];
	uint32_t weight;
};

static ENTRY *table;
static size_t table_size, table_used;

int hcreate(size_t n)
{
	size_t size = 16;

	if (table) {
		errno = EINVAL;
		return 0;
	}
	while (size / 2 < n) {
		if (size > SIZE_MAX / 4) {
			errno = ENOMEM;
			return 0;
		}
		size *= 2;
	}
	table = calloc(size, sizeof(*table));
	if (!table)
		return 0;
	table_size = size;
	table_used = 0;
	return 1;
}

void hdestroy(void)
{
	free(table);
	table = NULL;
	table_size = 0;
}

/* Where the key is, or would be. */
static ENTRY *place(const char *key)
{
	uint64_t hash = 0xcbf29ce484222325;
	const char *p;
	size_t i;

	for (p = key; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
	for (i = (size_t)hash & (table_size - 1); table[i].key;
	     i = (i + 1) & (table_size - 1))
		if (!strcmp(table[i].key, key))
			break;
	return &table[i];
}

ENTRY *hsearch(ENTRY item, ACTION action)
{
	ENTRY *e = table ? place(item.key) : NULL, *old = table;
	size_t i, size = table_size;

	if (e && e->key)
		return e;
	if (action == FIND || !table) {
		errno = ESRCH;
		return NULL;
	}
	if (table_used * 2 >= table_size) {
		table = calloc(size * 2, sizeof(*table));
		if (!table) {
			table = old;
			return NULL;
		}
		table_size = size * 2;
		for (i = 0; i < size; i++)
			if (old[i].key)
				*place(old[i].key) = old[i];
		free(old);
		e = place(item.key);
	}
	table_used++;
	*e = item;
	return e;
}

static struct node *turned(struct node *n, int side)
{
	struct node *up = n->side[side];

	n->side[side] = up->side[!side];
	up->side[!side] = n;
	return up;
}

/* Puts the new node in below *at; the way there is as long as the tree is high.
 */
static struct node *put(struct node *at, struct node *new,
			int (*cmp)(const void *, const void *))
{
	struct node **link = &at, *rest, **less, **more;

	/* Down to where no weight is larger, then the rest is cut in two. */
	while (*link && (*link)->weight >= new->weight)
		link = &(*link)->side[cmp(new->key, (*link)->key) > 0];
	rest = *link;
	*link = new;
	less = &new->side[0];
	more = &new->side[1];
	while (rest) {
		if (cmp(new->key, rest->key) > 0) {
			*less = rest;
			less = &rest->side[1];
			rest = *less;
		} else {
			*more = rest;
			more = &rest->side[0];
			rest = *more;
		}
	}
	*less = *more = NULL;
	return at;
}

void *tfind(const void *key, void *const *root,
	    int (*cmp)(const void *, const void *))
{
	struct node *n = root ? *root : NULL;
	int order;

	for (; n; n = n->side[order > 0]) {
		order = cmp(key, n->key);
		if (!order)
			return n;
	}
	return NULL;
}

void *tsearch(const void *key, void **root,
	      int (*cmp)(const void *, const void *))
{
	struct node *n = tfind(key, root, cmp);

	if (n || !root)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->key = key;
	n->weight = (uint32_t)(((uintptr_t)n * 0x9e3779b97f4a7c15) >> 32);
	*root = put(*root, n, cmp);
	return n;
}

void *tdelete(const void *restrict key, void **restrict root,
	      int (*cmp)(const void *, const void *))
{
	struct node **link = (struct node **)root, *above = NULL, *n;
	int order, side;

	for (; link && *link; link = &above->side[order > 0]) {
		order = cmp(key, (*link)->key);
		if (!order)
			break;
		above = *link;
	}
	if (!link || !*link)
		return NULL;
	n = *link;
	while (n->side[0] && n->side[1]) {
		side = n->side[1]->weight > n->side[0]->weight;
		*link = turned(n, side);
		link = &(*link)->side[!side];
	}
	*link = n->side[0] ? n->side[0] : n->side[1];
	free(n);
	return above ? (void *)above : (void *)root;
}

static void walk(const struct node *n, int level,
		 void (*action)(const void *, VISIT, int))
{
	if (!n->side[0] && !n->side[1]) {
		action(n, leaf, level);
		return;
	}
	action(n, preorder, level);
	if (n->side[0])
		walk(n->side[0], level + 1, action);
	action(n, postorder, level);
	if (n->side[1])
		walk(n->side[1], level + 1, action);
	action(n, endorder, level);
}

void twalk(const void *root, void (*action)(const void *, VISIT, int))
{
	if (root && action)
		walk(root, 0, action);
}

void *lfind(const void *key, const void *base, size_t *n, size_t size,
	    int (*cmp)(const void *, const void *))
{
	const char *p = base;
	size_t i;

	for (i = 0; i < *n; i++, p += size)
		if (!cmp(key, p))
			return (void *)(uintptr_t)p;
	return NULL;
}

void *lsearch(const void *key, void *base, size_t *n, size_t size,
	      int (*cmp)(const void *, const void *))
{
	void *found = lfind(key, base, n, size, cmp);

	if (found)
		return found;
	return memcpy((char *)base + (*n)++ * size, key, size);
}

struct element {
	struct element *next, *before;
};

void insque(void *element, void *before)
{
	struct element *e = element, *b = before;

	e->before = b;
	e->next = b ? b->next : NULL;
	if (e->next)
		e->next->before = e;
	if (b)
		b->next = e;
}

void remque(void *element)
{
	struct element *e = element;

	if (e->next)
		e->next->before = e->before;
	if (e->before)
		e->before->next = e->next;
}
