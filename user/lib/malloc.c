/*
 * Memory for programs.  Chunks lie side by side in the data segment; free ones
 * are joined with their neighbours at once and kept in lists by size, exact
 * ones below 1 KiB and by powers of two above.  The chunk at the end (top) is
 * in no list; when it grows large it is given back to the kernel.  Requests of
 * 256 KiB and more are mappings of their own and go back when freed.
 *
 * A chunk's first word belongs to the chunk before it while that is in use, so
 * a request costs 8 bytes.  What is left out: threads.
 *
 * With MALLOC_DEBUG in the environment malloc_debug.c stands between the
 * program and what is here; it looks for what the program does wrong.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/lib/malloc.h"

#define CHUNK_USED      1ul /* this chunk */
#define CHUNK_PREV_USED 2ul /* the chunk before it */
#define CHUNK_MAPPED    4ul /* a mapping of its own */
#define CHUNK_FLAGS     15ul
#define CHUNK_MIN       32ul
#define CHUNK_HEAD      16ul /* from the chunk to what the program gets */

#define MAP_THRESHOLD (256ul * 1024)
#define TRIM_ABOVE    (256ul * 1024)
#define GROW_STEP     (64ul * 1024)
#define EXACT_BINS    64
#define BINS          (EXACT_BINS + 40)

struct chunk {
	size_t prev_size;          /* valid while the chunk before is free */
	size_t size;               /* with flags */
	struct chunk *next, *prev; /* only in a free chunk */
};

static struct chunk *bins[BINS];
static struct chunk *top; /* the last chunk: free, in no list */
static char *heap_end;    /* where top ends */

static size_t chunk_size(const struct chunk *c)
{
	return c->size & ~CHUNK_FLAGS;
}

static struct chunk *chunk_at(struct chunk *c, size_t off)
{
	return (struct chunk *)((char *)c + off);
}

static void *chunk_mem(struct chunk *c)
{
	return (char *)c + CHUNK_HEAD;
}

static struct chunk *mem_chunk(void *p)
{
	return (struct chunk *)((char *)p - CHUNK_HEAD);
}

static int bin_index(size_t size)
{
	int bin = EXACT_BINS;

	if (size < EXACT_BINS * 16)
		return (int)(size / 16);
	for (size >>= 11; size; size >>= 1)
		bin++;
	return bin < BINS ? bin : BINS - 1;
}

static void bin_insert(struct chunk *c)
{
	struct chunk **head = &bins[bin_index(chunk_size(c))];

	c->prev = NULL;
	c->next = *head;
	if (*head)
		(*head)->prev = c;
	*head = c;
}

static void bin_remove(struct chunk *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		bins[bin_index(chunk_size(c))] = c->next;
	if (c->next)
		c->next->prev = c->prev;
}

/* Write a free chunk's size where it and the next chunk look for it. */
static void chunk_set_free(struct chunk *c, size_t size)
{
	struct chunk *next = chunk_at(c, size);

	c->size = size | CHUNK_PREV_USED;
	next->prev_size = size;
	next->size &= ~CHUNK_PREV_USED;
}

static void heap_trim(void)
{
	size_t keep = CHUNK_MIN + GROW_STEP;
	size_t give;

	if (chunk_size(top) < TRIM_ABOVE || sbrk(0) != heap_end)
		return;
	give = (chunk_size(top) - keep) & ~4095ul;
	if (sbrk(-(intptr_t)give) == (void *)-1)
		return;
	heap_end -= give;
	top->size -= give;
}

/* Free a chunk of the heap: join it with what is free beside it. */
static void chunk_release(struct chunk *c)
{
	size_t size = chunk_size(c);
	struct chunk *next = chunk_at(c, size);

	/* Whoever frees it again is found out, wherever its start is then. */
	c->size &= ~CHUNK_USED;
	if (!(c->size & CHUNK_PREV_USED)) {
		size_t before = c->prev_size;

		c = (struct chunk *)((char *)c - before);
		bin_remove(c);
		size += before;
	}
	if (next == top) {
		top = c;
		top->size = (size + chunk_size(next)) | CHUNK_PREV_USED;
		heap_trim();
		return;
	}
	if (!(next->size & CHUNK_USED)) {
		bin_remove(next);
		size += chunk_size(next);
	}
	chunk_set_free(c, size);
	bin_insert(c);
}

/* Cut a used chunk to `size`; what is left over becomes free. */
static void chunk_cut(struct chunk *c, size_t size)
{
	size_t rest = chunk_size(c) - size;
	struct chunk *r;

	if (rest < CHUNK_MIN)
		return;
	c->size = size | (c->size & CHUNK_FLAGS);
	r = chunk_at(c, size);
	r->size = rest | CHUNK_USED | CHUNK_PREV_USED;
	chunk_release(r);
}

/* Make top at least `size` and a minimal chunk large. */
static int heap_grow(size_t size)
{
	size_t have = top ? chunk_size(top) : 0;
	size_t step, skew;
	char *start, *now;
	struct chunk *c;

	if (size > PTRDIFF_MAX - 2 * GROW_STEP)
		goto no_memory;
	now = sbrk(0);
	if (top && now == heap_end) {
		step = (size + CHUNK_MIN - have + GROW_STEP - 1) &
		       ~(GROW_STEP - 1);
		if (sbrk((intptr_t)step) == (void *)-1)
			goto no_memory;
		heap_end += step;
		top->size += step;
		return 0;
	}
	/*
	 * The first growth, or the program moved the break itself: begin
	 * anew, and close what was top with a chunk that is never free.
	 */
	skew = -(uintptr_t)now & 15;
	step = ((size + CHUNK_MIN + GROW_STEP - 1) & ~(GROW_STEP - 1)) + skew;
	start = sbrk((intptr_t)step);
	if (start == (char *)-1)
		goto no_memory;
	if (top) {
		struct chunk *old = top;

		top = NULL;
		have -= CHUNK_HEAD;
		c = chunk_at(old, have);
		c->size = CHUNK_HEAD | CHUNK_USED;
		if (have >= CHUNK_MIN) {
			chunk_set_free(old, have);
			bin_insert(old);
		} else {
			/* too small to be of use: lost */
			old->size = have | CHUNK_USED | CHUNK_PREV_USED;
			c->size |= CHUNK_PREV_USED;
		}
	}
	top = (struct chunk *)(start + skew);
	top->size = (step - skew) | CHUNK_PREV_USED;
	heap_end = start + step;
	return 0;

no_memory:
	errno = ENOMEM;
	return -1;
}

static void *map_alloc(size_t n)
{
	size_t len = (n + CHUNK_HEAD + 4095) & ~4095ul;
	struct chunk *c;

	c = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		 -1, 0);
	if (c == MAP_FAILED)
		return NULL;
	c->prev_size = 0; /* from the start of the mapping to the chunk */
	c->size = len | CHUNK_USED | CHUNK_MAPPED;
	return chunk_mem(c);
}

void *__heap_alloc(size_t n)
{
	struct chunk *c;
	size_t size;
	int bin;

	if (n > PTRDIFF_MAX - 65536) {
		errno = ENOMEM;
		return NULL;
	}
	if (n >= MAP_THRESHOLD)
		return map_alloc(n);
	size = (n + 8 + 15) & ~15ul;
	if (size < CHUNK_MIN)
		size = CHUNK_MIN;
	for (bin = bin_index(size); bin < BINS; bin++)
		for (c = bins[bin]; c; c = c->next)
			if (chunk_size(c) >= size)
				goto found;
	if (!top || chunk_size(top) < size + CHUNK_MIN)
		if (heap_grow(size) < 0)
			return NULL;
	c = top;
	top = chunk_at(c, size);
	top->size = (chunk_size(c) - size) | CHUNK_PREV_USED;
	c->size = size | CHUNK_USED | CHUNK_PREV_USED;
	return chunk_mem(c);

found:
	bin_remove(c);
	c->size |= CHUNK_USED;
	chunk_at(c, chunk_size(c))->size |= CHUNK_PREV_USED;
	chunk_cut(c, size);
	return chunk_mem(c);
}

void __heap_free(void *p)
{
	struct chunk *c = mem_chunk(p);

	if (((uintptr_t)p & 15) || !(c->size & CHUNK_USED))
		__malloc_wrong("not an allocated block\n");
	if (c->size & CHUNK_MAPPED)
		munmap((char *)c - c->prev_size, chunk_size(c) + c->prev_size);
	else
		chunk_release(c);
}

_Noreturn void __malloc_wrong(const char *what)
{
	char text[100] = "free: ";

	/* One write, whatever else goes to the same place. */
	strncat(text, what, sizeof(text) - 8);
	if (write(2, text, strlen(text)) < 0)
		abort();
	abort();
}

/* Whether malloc_debug.c is asked for; the first call lays it down. */
static int debugs(void)
{
	static int known;

	if (!known)
		known = getenv("MALLOC_DEBUG") ? 2 : 1;
	return known == 2;
}

void *malloc(size_t n)
{
	return debugs() ? __debug_alloc(16, n) : __heap_alloc(n);
}

void free(void *p)
{
	int saved = errno;

	if (!p)
		return;
	if (debugs())
		__debug_free(p);
	else
		__heap_free(p);
	errno = saved;
}

size_t malloc_usable_size(void *p)
{
	struct chunk *c = mem_chunk(p);

	if (!p)
		return 0;
	if (debugs())
		return __debug_size(p);
	return chunk_size(c) - (c->size & CHUNK_MAPPED ? CHUNK_HEAD : 8);
}

void *calloc(size_t n, size_t size)
{
	size_t total;
	void *p;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	/* The compiler would make calloc of malloc and memset. */
	p = debugs() ? __debug_alloc(16, total) : __heap_alloc(total);
	if (p && (debugs() || !(mem_chunk(p)->size & CHUNK_MAPPED)))
		memset(p, 0, total);
	return p;
}

void *realloc(void *p, size_t n)
{
	struct chunk *c, *next;
	size_t size, have;
	void *q;

	if (!p)
		return malloc(n);
	if (n > PTRDIFF_MAX - 65536) {
		errno = ENOMEM;
		return NULL;
	}
	if (debugs())
		goto copy;
	c = mem_chunk(p);
	if (c->size & CHUNK_MAPPED) {
		if (n >= MAP_THRESHOLD && c->prev_size == 0) {
			size = (n + CHUNK_HEAD + 4095) & ~4095ul;
			c = mremap(c, chunk_size(c), size, MREMAP_MAYMOVE);
			if (c != MAP_FAILED) {
				c->size = size | CHUNK_USED | CHUNK_MAPPED;
				return chunk_mem(c);
			}
		}
	} else {
		size = (n + 8 + 15) & ~15ul;
		if (size < CHUNK_MIN)
			size = CHUNK_MIN;
		next = chunk_at(c, chunk_size(c));
		if (size <= chunk_size(c)) {
			chunk_cut(c, size);
			return p;
		}
		have = chunk_size(c) + chunk_size(next);
		if (next == top && have >= size + CHUNK_MIN) {
			top = chunk_at(c, size);
			top->size = (have - size) | CHUNK_PREV_USED;
			c->size = size | (c->size & CHUNK_FLAGS);
			return p;
		}
		if (next != top && !(next->size & CHUNK_USED) && have >= size) {
			bin_remove(next);
			c->size = have | (c->size & CHUNK_FLAGS);
			chunk_at(c, have)->size |= CHUNK_PREV_USED;
			chunk_cut(c, size);
			return p;
		}
	}
copy:
	q = malloc(n);
	if (!q)
		return NULL;
	have = malloc_usable_size(p);
	memcpy(q, p, n < have ? n : have);
	free(p);
	return q;
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, total);
}

void *aligned_alloc(size_t align, size_t n)
{
	struct chunk *c, *a;
	size_t skip;
	char *p;

	if (!align || (align & (align - 1))) {
		errno = EINVAL;
		return NULL;
	}
	if (align <= 16)
		return malloc(n);
	if (align > PTRDIFF_MAX / 2 || n > PTRDIFF_MAX - align - 65536) {
		errno = ENOMEM;
		return NULL;
	}
	if (debugs())
		return __debug_alloc(align, n);
	p = __heap_alloc(n + align + CHUNK_MIN);
	if (!p || ((uintptr_t)p & (align - 1)) == 0)
		return p;
	/* The part in front must be able to be a chunk. */
	skip = -(uintptr_t)p & (align - 1);
	if (skip < CHUNK_MIN)
		skip += align;
	c = mem_chunk(p);
	a = chunk_at(c, skip);
	if (c->size & CHUNK_MAPPED) {
		a->prev_size = c->prev_size + skip;
		a->size = c->size - skip;
	} else {
		a->size = (chunk_size(c) - skip) | CHUNK_USED | CHUNK_PREV_USED;
		c->size = skip | (c->size & CHUNK_FLAGS);
		chunk_release(c);
	}
	return chunk_mem(a);
}

int posix_memalign(void **out, size_t align, size_t n)
{
	int saved = errno;
	void *p;

	if (align % sizeof(void *) || !align || (align & (align - 1)))
		return EINVAL;
	p = aligned_alloc(align, n);
	errno = saved;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}
