#pragma once
/*
 * Red-black trees whose nodes live inside the objects (CLRS chapter 13). The
 * caller walks down and links; the tree rebalances. Used for timeouts and for
 * the regions of an address space.
 */
#include <stddef.h>

struct rb_node {
	struct rb_node *parent, *left, *right;
	int red;
};

struct rb_root {
	struct rb_node *top;
};

/* Links n as a child of parent at *slot (both found by the caller's walk; for
 * an empty tree NULL and &root->top), then rebalances. */
void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
               struct rb_node **slot);
void rb_remove(struct rb_root *root, struct rb_node *n);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *n);
struct rb_node *rb_prev(const struct rb_node *n);
