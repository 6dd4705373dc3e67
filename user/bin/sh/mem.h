/*
 * Memory that lives as long as a command does.
 *
 * Parsing and expanding a command makes hundreds of little objects that all
 * die together when the command is done. They come from a stack of chunks:
 * take a mark, allocate, run, go back to the mark. Nothing is freed singly
 * and nothing can leak on an error path. What must outlive the command
 * (variables, functions, traps, jobs) comes from mem_dup and mem_heap.
 *
 * There is no memory left: the shell says so and exits with status 2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct chunk;

struct arena {
	struct chunk *top;
};

struct arena_mark {
	struct chunk *chunk;
	size_t used;
};

/* The arena of the command that is being parsed or run. */
extern struct arena cmd_arena;

void *arena_alloc(struct arena *a, size_t size);
char *arena_dup(struct arena *a, const char *s, size_t len);
struct arena_mark arena_mark(struct arena *a);
void arena_release(struct arena *a, struct arena_mark m);
void arena_free(struct arena *a);

/* The heap, with the check for "no memory" done. */
void *mem_heap(void *old, size_t size);
char *mem_dup(const char *s);

/* A byte string that grows, on the command's arena. */
struct strbuf {
	char *p;
	size_t len, cap;
};

void sb_grow(struct strbuf *sb, size_t need);
void sb_put(struct strbuf *sb, const char *s, size_t len);
void sb_puts(struct strbuf *sb, const char *s);
void sb_putnum(struct strbuf *sb, long n);

static inline void sb_putc(struct strbuf *sb, int c)
{
	if (sb->len + 1 >= sb->cap)
		sb_grow(sb, 1);
	sb->p[sb->len++] = (char)c;
}

/* The text as a C string; the buffer may go on growing afterwards. */
static inline char *sb_str(struct strbuf *sb)
{
	if (sb->len + 1 >= sb->cap)
		sb_grow(sb, 1);
	sb->p[sb->len] = '\0';
	return sb->p;
}

/* A vector of strings that grows, on the command's arena. */
struct args {
	char **v;
	int n, cap;
};

void args_add(struct args *a, const char *s);
/* The vector closed with a NULL that is not counted. */
char **args_end(struct args *a);

/* Decimal text of n; buf holds at least 24 bytes; returns its start. */
char *num_text(char *buf, long n);
