/*
 * Copying a tree into an arena of its own, for functions. See ast.h.
 */
#include "user/bin/sh/ast.h"

#include <string.h>

#include "user/bin/sh/mem.h"

static const char *copy_text(struct arena *a, const char *s)
{
	return s ? arena_dup(a, s, strlen(s)) : NULL;
}

static void *copy_bytes(struct arena *a, const void *p, size_t size)
{
	return memcpy(arena_alloc(a, size), p, size);
}

static struct part *copy_parts(struct arena *a, const struct part *p)
{
	struct part *head = NULL, **tail = &head;

	for (; p; p = p->next) {
		struct part *c = copy_bytes(a, p, sizeof(*p));

		c->text = copy_text(a, p->text);
		c->word = copy_parts(a, p->word);
		c->word2 = copy_parts(a, p->word2);
		if (p->cmd)
			c->cmd = node_copy(a, p->cmd);
		*tail = c;
		tail = &c->next;
	}
	return head;
}

static struct word *copy_words(struct arena *a, const struct word *w)
{
	struct word *head = NULL, **tail = &head;

	for (; w; w = w->next) {
		struct word *c = copy_bytes(a, w, sizeof(*w));

		c->parts = copy_parts(a, w->parts);
		*tail = c;
		tail = &c->next;
	}
	return head;
}

static struct redir *copy_redirs(struct arena *a, const struct redir *r)
{
	struct redir *head = NULL, **tail = &head;

	for (; r; r = r->next) {
		struct redir *c = copy_bytes(a, r, sizeof(*r));

		c->delim = copy_text(a, r->delim);
		c->target = copy_parts(a, r->target);
		*tail = c;
		tail = &c->next;
	}
	return head;
}

static struct case_item *copy_items(struct arena *a, const struct case_item *it)
{
	struct case_item *head = NULL, **tail = &head;

	for (; it; it = it->next) {
		struct case_item *c = copy_bytes(a, it, sizeof(*it));

		c->patterns = copy_words(a, it->patterns);
		c->body = node_copy(a, it->body);
		*tail = c;
		tail = &c->next;
	}
	return head;
}

struct node *node_copy(struct arena *a, const struct node *n)
{
	struct node *head = NULL, **tail = &head;

	for (; n; n = n->next) {
		struct node *c = copy_bytes(a, n, sizeof(*n));

		c->redirs = copy_redirs(a, n->redirs);
		c->body = node_copy(a, n->body);
		c->cond = node_copy(a, n->cond);
		c->other = node_copy(a, n->other);
		c->words = copy_words(a, n->words);
		if (n->type == NODE_CASE)
			c->items = copy_items(a, n->items);
		else if (n->type == NODE_FOR || n->type == NODE_FUNC)
			c->name = copy_text(a, n->name);
		else
			c->assigns = copy_words(a, n->assigns);
		*tail = c;
		tail = &c->next;
	}
	return head;
}
