/*
 * The form of malloc that finds mistakes: `MALLOC_DEBUG=1 program`.  A block
 * stands between a head and bytes that nobody may change; new blocks are full
 * of one pattern and freed ones of another.  A freed block is kept back until
 * many others have been freed, and then must still hold its pattern.  So a
 * block that is freed twice, written past its end, or written after it was
 * freed ends the program with a message, at the latest when it or its neighbour
 * is freed.
 *
 * It costs 48 bytes a block and the time to fill them.  Reading past the end,
 * or what a program forgets to free, it does not see.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/malloc.h"

#define LIVE  0x6c6976656c697665ul
#define DEAD  0x6465616464656164ul
#define GUARD 16              /* bytes behind the block */
#define KEPT  256             /* freed blocks, */
#define BYTES (1024ul * 1024) /* and as many of them as have this much */

#define NEW_FILL   0xa5
#define FREE_FILL  0xdb
#define GUARD_FILL 0x5a

struct head {
	void *base; /* what the heap gave */
	size_t size;
	size_t unused;
	uint64_t magic; /* next to the block: it is a guard as well */
};

static struct head *kept[KEPT]; /* a ring, the oldest first */
static unsigned int oldest, count;
static size_t kept_bytes;

static int all_are(const unsigned char *p, int byte, size_t n)
{
	for (; n && *p == byte; n--)
		p++;
	return !n;
}

void *__debug_alloc(size_t align, size_t n)
{
	struct head *h;
	uintptr_t at;
	char *base;

	if (n > PTRDIFF_MAX - align - 65536) {
		errno = ENOMEM;
		return NULL;
	}
	base = __heap_alloc(n + sizeof(*h) + align + GUARD);
	if (!base)
		return NULL;
	at = ((uintptr_t)base + sizeof(*h) + align - 1) & -align;
	h = (struct head *)at - 1;
	h->base = base;
	h->size = n;
	h->magic = LIVE;
	memset(h + 1, NEW_FILL, n);
	memset((char *)(h + 1) + n, GUARD_FILL, GUARD);
	return h + 1;
}

/* The head of a block that the program has. */
static struct head *head_of(void *p)
{
	struct head *h = (struct head *)p - 1;

	if ((uintptr_t)p & 15)
		__malloc_wrong("not an allocated block\n");
	if (h->magic == DEAD)
		__malloc_wrong("this block was freed before\n");
	if (h->magic != LIVE)
		__malloc_wrong("not an allocated block, or one that was "
			       "written before its start\n");
	if (!all_are((unsigned char *)p + h->size, GUARD_FILL, GUARD))
		__malloc_wrong("this block was written past its end\n");
	return h;
}

size_t __debug_size(void *p)
{
	return head_of(p)->size;
}

static void give_oldest_back(void)
{
	struct head *h = kept[oldest];

	oldest = (oldest + 1) % KEPT;
	count--;
	kept_bytes -= h->size;
	if (h->magic != DEAD ||
	    !all_are((unsigned char *)(h + 1), FREE_FILL, h->size))
		__malloc_wrong("a block was written after it was freed\n");
	h->magic = 0;
	__heap_free(h->base);
}

void __debug_free(void *p)
{
	struct head *h = head_of(p);

	memset(p, FREE_FILL, h->size);
	h->magic = DEAD;
	if (count == KEPT)
		give_oldest_back();
	kept[(oldest + count++) % KEPT] = h;
	kept_bytes += h->size;
	while (kept_bytes > BYTES)
		give_oldest_back();
}
