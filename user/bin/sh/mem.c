/*
 * Chunks of memory used as a stack, and the growing strings and vectors on
 * top of it. One chunk that became empty is kept, so that a loop whose body
 * crosses the end of a chunk does not ask the heap for one at every turn.
 */
#include "user/bin/sh/mem.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/sh/out.h"

#define CHUNK_BYTES 4000
#define ALIGN_BYTES 8

struct chunk {
	struct chunk *down;
	size_t size, used;
	char data[];
};

struct arena cmd_arena;
static struct chunk *spare;

void *mem_heap(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p) {
		err_print("Out of space");
		_exit(2);
	}
	return p;
}

char *mem_dup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(mem_heap(NULL, len), s, len);
}

static void chunk_add(struct arena *a, size_t size)
{
	struct chunk *c = spare;

	if (c && size <= CHUNK_BYTES) {
		spare = NULL;
	} else {
		if (size < CHUNK_BYTES)
			size = CHUNK_BYTES;
		c = mem_heap(NULL, sizeof(*c) + size);
		c->size = size;
	}
	c->used = 0;
	c->down = a->top;
	a->top = c;
}

static void chunk_drop(struct arena *a)
{
	struct chunk *c = a->top;

	a->top = c->down;
	if (!spare && c->size == CHUNK_BYTES)
		spare = c;
	else
		free(c);
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	size = (size + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	if (!a->top || a->top->size - a->top->used < size)
		chunk_add(a, size);
	p = a->top->data + a->top->used;
	a->top->used += size;
	return p;
}

char *arena_dup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

struct arena_mark arena_mark(struct arena *a)
{
	struct arena_mark m = { a->top, a->top ? a->top->used : 0 };

	return m;
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->top != m.chunk)
		chunk_drop(a);
	if (m.chunk)
		m.chunk->used = m.used;
}

void arena_free(struct arena *a)
{
	while (a->top)
		chunk_drop(a);
}

void sb_grow(struct strbuf *sb, size_t need)
{
	struct chunk *c = cmd_arena.top;
	size_t cap = sb->cap ? sb->cap * 2 : 64;
	char *p;

	while (cap < sb->len + need + 1)
		cap *= 2;
	cap = (cap + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
	/* The newest object of the arena grows where it is. */
	if (sb->p && sb->p + sb->cap == c->data + c->used &&
	    c->size - c->used >= cap - sb->cap) {
		c->used += cap - sb->cap;
		sb->cap = cap;
		return;
	}
	p = arena_alloc(&cmd_arena, cap);
	if (sb->len)
		memcpy(p, sb->p, sb->len);
	sb->p = p;
	sb->cap = cap;
}

void sb_put(struct strbuf *sb, const char *s, size_t len)
{
	if (sb->len + len + 1 >= sb->cap)
		sb_grow(sb, len + 1);
	memcpy(sb->p + sb->len, s, len);
	sb->len += len;
}

void sb_puts(struct strbuf *sb, const char *s)
{
	sb_put(sb, s, strlen(s));
}

void sb_putnum(struct strbuf *sb, long n)
{
	char buf[24];

	sb_puts(sb, num_text(buf, n));
}

void args_add(struct args *a, const char *s)
{
	if (a->n + 1 >= a->cap) {
		int cap = a->cap ? a->cap * 2 : 8;
		char **v = arena_alloc(&cmd_arena, (size_t)cap * sizeof(*v));

		if (a->n)
			memcpy(v, a->v, (size_t)a->n * sizeof(*v));
		a->v = v;
		a->cap = cap;
	}
	a->v[a->n++] = (char *)s;
}

char **args_end(struct args *a)
{
	args_add(a, NULL);
	a->n--;
	return a->v;
}

char *num_text(char *buf, long n)
{
	unsigned long u = n < 0 ? 0 - (unsigned long)n : (unsigned long)n;
	char *p = buf + 23;

	*p = '\0';
	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (n < 0)
		*--p = '-';
	return p;
}
