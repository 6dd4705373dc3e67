/*
 * Lists whose links lie inside the objects, so that putting something on a
 * list never needs memory and taking it off never needs a search.
 *
 * struct list_head is a ring: the head is an element without an object. A
 * structure that is on several lists has one link for each. struct hlist_head
 * is one pointer wide, for hash tables; its elements know who points at them,
 * so they too are taken off without a search.
 *
 * Nothing here locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The object of type `type` whose field `member` is at `ptr`. */
#define container_of(ptr, type, member)                                        \
	((type *)((char *)(ptr)-offsetof(type, member)))

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

/* static struct list_head x = LIST_INIT(x); */
#define LIST_INIT(name)                                                        \
	{                                                                      \
		&(name), &(name)                                               \
	}

/* An empty list, or an element that is on none (list_empty says so). */
static inline void list_init(struct list_head *h)
{
	h->next = h;
	h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return h->next == h;
}

static inline void list_insert_between(struct list_head *n,
				       struct list_head *before,
				       struct list_head *after)
{
	n->prev = before;
	n->next = after;
	before->next = n;
	after->prev = n;
}

/* As the first of list `h`, or behind the element `h`. */
static inline void list_add(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h, h->next);
}

/* As the last of list `h`, or in front of the element `h`. */
static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_insert_between(n, h->prev, h);
}

/*
 * Takes `n` off. Afterwards its links are NULL, so a second list_del faults
 * at once; where list_empty(n) shall be true, list_del_init.
 */
static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = NULL;
	n->prev = NULL;
}

static inline void list_del_init(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

static inline void list_move(struct list_head *n, struct list_head *h)
{
	list_del(n);
	list_add(n, h);
}

static inline void list_move_tail(struct list_head *n, struct list_head *h)
{
	list_del(n);
	list_add_tail(n, h);
}

/* All of `from`, in order, to the end of `to`; `from` is empty afterwards. */
static inline void list_splice_tail(struct list_head *from,
				    struct list_head *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* All of `from`, in order, to the front of `to`; `from` is empty afterwards. */
static inline void list_splice(struct list_head *from, struct list_head *to)
{
	list_splice_tail(from, to->next);
}

static inline bool list_is_singular(const struct list_head *h)
{
	return h->next != h && h->next == h->prev;
}

static inline bool list_is_last(const struct list_head *n,
				const struct list_head *h)
{
	return n->next == h;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)

/* The list must not be empty. */
#define list_first_entry(h, type, member) list_entry((h)->next, type, member)
#define list_last_entry(h, type, member)  list_entry((h)->prev, type, member)

/* NULL when it is. */
#define list_first_entry_or_null(h, type, member)                              \
	(list_empty(h) ? NULL : list_first_entry(h, type, member))

#define list_next_entry(pos, member)                                           \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member)                                           \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(pos, h)                                                  \
	for ((pos) = (h)->next; (pos) != (h); (pos) = (pos)->next)

/* `pos` walks over the objects; the body must not take `pos` off. */
#define list_for_each_entry(pos, h, member)                                    \
	for ((pos) = list_entry((h)->next, __typeof__(*(pos)), member);        \
	     &(pos)->member != (h); (pos) = list_next_entry(pos, member))

#define list_for_each_entry_reverse(pos, h, member)                            \
	for ((pos) = list_entry((h)->prev, __typeof__(*(pos)), member);        \
	     &(pos)->member != (h); (pos) = list_prev_entry(pos, member))

/* The body may take `pos` off (and free it), but not `tmp`. */
#define list_for_each_entry_safe(pos, tmp, h, member)                          \
	for ((pos) = list_entry((h)->next, __typeof__(*(pos)), member),        \
	    (tmp) = list_next_entry(pos, member);                              \
	     &(pos)->member != (h);                                            \
	     (pos) = (tmp), (tmp) = list_next_entry(tmp, member))

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **link; /* what points here; NULL: on no list */
};

static inline void hlist_node_init(struct hlist_node *n)
{
	n->next = NULL;
	n->link = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return !n->link;
}

static inline bool hlist_empty(const struct hlist_head *h)
{
	return !h->first;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->link = &h->first;
	if (n->next)
		n->next->link = &n->next;
	h->first = n;
}

/* Takes `n` off; nothing happens when it is on no list. */
static inline void hlist_del(struct hlist_node *n)
{
	if (!n->link)
		return;
	*n->link = n->next;
	if (n->next)
		n->next->link = n->link;
	hlist_node_init(n);
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_or_null(ptr, type, member)                                 \
	((ptr) ? hlist_entry(ptr, type, member) : NULL)

#define hlist_for_each_entry(pos, h, member)                                   \
	for ((pos) = hlist_entry_or_null((h)->first, __typeof__(*(pos)),       \
					 member);                              \
	     (pos); (pos) = hlist_entry_or_null((pos)->member.next,            \
						__typeof__(*(pos)), member))

/* `tmp` is a struct hlist_node *; the body may take `pos` off. */
#define hlist_for_each_entry_safe(pos, tmp, h, member)                         \
	for ((pos) = hlist_entry_or_null((h)->first, __typeof__(*(pos)),       \
					 member);                              \
	     (pos) && ((tmp) = (pos)->member.next, 1);                         \
	     (pos) = hlist_entry_or_null(tmp, __typeof__(*(pos)), member))
