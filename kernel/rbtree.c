/*
 * Red-black trees. An empty pointer counts as a black leaf. The two long
 * functions follow the case analysis of the textbook; each case says which.
 */
#include "kernel/rbtree.h"

static void replace_child(struct rb_root *root, struct rb_node *parent,
			  struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->top = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

static void rotate_left(struct rb_root *root, struct rb_node *x)
{
	struct rb_node *y = x->right;

	x->right = y->left;
	if (y->left)
		y->left->parent = x;
	y->parent = x->parent;
	replace_child(root, x->parent, x, y);
	y->left = x;
	x->parent = y;
}

static void rotate_right(struct rb_root *root, struct rb_node *x)
{
	struct rb_node *y = x->left;

	x->left = y->right;
	if (y->right)
		y->right->parent = x;
	y->parent = x->parent;
	replace_child(root, x->parent, x, y);
	y->right = x;
	x->parent = y;
}

void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent,
	       struct rb_node **slot)
{
	n->parent = parent;
	n->left = n->right = NULL;
	n->red = 1;
	*slot = n;
	while (n->parent && n->parent->red) {
		struct rb_node *p = n->parent;
		struct rb_node *g = p->parent; /* p is red, so not the root */
		int on_left = p == g->left;
		struct rb_node *uncle = on_left ? g->right : g->left;

		if (uncle && uncle->red) { /* recolour, go up */
			p->red = uncle->red = 0;
			g->red = 1;
			n = g;
			continue;
		}
		if (on_left) {
			if (n == p->right) { /* inner child: make it outer */
				rotate_left(root, p);
				p = n;
			}
			p->red = 0;
			g->red = 1;
			rotate_right(root, g);
		} else {
			if (n == p->left) {
				rotate_right(root, p);
				p = n;
			}
			p->red = 0;
			g->red = 1;
			rotate_left(root, g);
		}
		break;
	}
	root->top->red = 0;
}

/* x (perhaps empty) stands where a black node is missing, below parent. */
static void remove_fixup(struct rb_root *root, struct rb_node *x,
			 struct rb_node *parent)
{
	while (x != root->top && (!x || !x->red)) {
		int on_left = x == parent->left;
		struct rb_node *w = on_left ? parent->right : parent->left;

		if (w->red) { /* a red sibling: make it black, look again */
			w->red = 0;
			parent->red = 1;
			if (on_left) {
				rotate_left(root, parent);
				w = parent->right;
			} else {
				rotate_right(root, parent);
				w = parent->left;
			}
		}
		if ((!w->left || !w->left->red) &&
		    (!w->right || !w->right->red)) { /* both nephews black */
			w->red = 1;
			x = parent;
			parent = x->parent;
			continue;
		}
		if (on_left) {
			if (!w->right || !w->right->red) { /* near one red */
				w->left->red = 0;
				w->red = 1;
				rotate_right(root, w);
				w = parent->right;
			}
			w->red = parent->red;
			parent->red = 0;
			w->right->red = 0;
			rotate_left(root, parent);
		} else {
			if (!w->left || !w->left->red) {
				w->right->red = 0;
				w->red = 1;
				rotate_left(root, w);
				w = parent->left;
			}
			w->red = parent->red;
			parent->red = 0;
			w->left->red = 0;
			rotate_right(root, parent);
		}
		x = root->top;
	}
	if (x)
		x->red = 0;
}

void rb_remove(struct rb_root *root, struct rb_node *n)
{
	struct rb_node *child, *parent;
	int removed_red;

	if (n->left && n->right) { /* its successor takes its place */
		struct rb_node *s = n->right;

		while (s->left)
			s = s->left;
		child = s->right;
		parent = s->parent;
		removed_red = s->red;
		if (parent == n) {
			parent = s;
		} else {
			parent->left = child;
			if (child)
				child->parent = parent;
			s->right = n->right;
			s->right->parent = s;
		}
		s->left = n->left;
		s->left->parent = s;
		s->parent = n->parent;
		s->red = n->red;
		replace_child(root, n->parent, n, s);
	} else {
		child = n->left ? n->left : n->right;
		parent = n->parent;
		removed_red = n->red;
		if (child)
			child->parent = parent;
		replace_child(root, parent, n, child);
	}
	if (!removed_red && root->top)
		remove_fixup(root, child, parent);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *n = root->top;

	while (n && n->left)
		n = n->left;
	return n;
}

struct rb_node *rb_last(const struct rb_root *root)
{
	struct rb_node *n = root->top;

	while (n && n->right)
		n = n->right;
	return n;
}

struct rb_node *rb_next(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->right) {
		n = n->right;
		while (n->left)
			n = n->left;
		return (struct rb_node *)n;
	}
	for (p = n->parent; p && n == p->right; p = p->parent)
		n = p;
	return p;
}

struct rb_node *rb_prev(const struct rb_node *n)
{
	struct rb_node *p;

	if (n->left) {
		n = n->left;
		while (n->right)
			n = n->right;
		return (struct rb_node *)n;
	}
	for (p = n->parent; p && n == p->left; p = p->parent)
		n = p;
	return p;
}
