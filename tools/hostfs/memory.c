/*
 * The shim's memory: pages from an arena with a descriptor each, objects from
 * the C library, or from a pool that is quicker and knows less. New memory
 * holds rubbish, what was freed is poisoned for the address sanitizer, and any
 * allocation can be told to fail.
 */
#define _GNU_SOURCE
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- pages ---- */
#define ARENA_PAGES   (1ul << 20) /* 4 GiB of address space, used as needed */
#define RESERVE_PAGES 64u         /* beyond the limit, for GFP_RESERVE */

struct page *host_pages;
char *host_arena;
static struct list_head free_pages[PAGE_MAX_ORDER + 1];
static uint64_t arena_next, pages_used, page_limit = 1ul << 17;
static uint64_t pages_by_kind[PAGE_KINDS];
static unsigned fail_alloc;
static struct list_head shrinkers = LIST_INIT(shrinkers);
static bool shrinking;

static void *map_lazily(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		host_die("no memory for the arena");
	return p;
}

static __attribute__((constructor)) void arena_init(void)
{
	host_arena = map_lazily(ARENA_PAGES << PAGE_SHIFT);
	host_pages = map_lazily(ARENA_PAGES * sizeof(struct page));
	for (unsigned i = 0; i <= PAGE_MAX_ORDER; i++)
		list_init(&free_pages[i]);
}

void host_fail_alloc(unsigned n)
{
	fail_alloc = n;
}

static bool alloc_fails(void)
{
	return fail_alloc && !--fail_alloc;
}

void host_set_page_limit(uint64_t pages)
{
	page_limit = pages;
}

void shrinker_register(struct shrinker *s)
{
	list_add_tail(&s->link, &shrinkers);
}

static uint64_t shrink(uint64_t want, bool may_write)
{
	struct shrinker *s;
	uint64_t got = 0;

	if (shrinking)
		return 0;
	shrinking = true;
	list_for_each_entry (s, &shrinkers, link) {
		if (got < want)
			got += s->shrink(want - got, may_write);
	}
	shrinking = false;
	return got;
}

void reclaim_all(void)
{
	while (shrink(UINT64_MAX / 2, true))
		;
}

static struct page *take_free(unsigned order)
{
	struct page *pg;
	unsigned o = order;

	while (o <= PAGE_MAX_ORDER && list_empty(&free_pages[o]))
		o++;
	if (o > PAGE_MAX_ORDER) {
		arena_next = round_up(arena_next, 1ul << order);
		if (arena_next + (1ul << order) > ARENA_PAGES)
			return NULL;
		pg = host_pages + arena_next;
		arena_next += 1ul << order;
		return pg;
	}
	pg = list_first_entry(&free_pages[o], struct page, link);
	list_del(&pg->link);
	while (o > order) {
		o--;
		list_add(&pg[1ul << o].link, &free_pages[o]);
	}
	return pg;
}

struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind)
{
	struct page *pg;
	size_t bytes = PAGE_SIZE << order;
	uint64_t limit;

	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (alloc_fails())
		return NULL;
	limit = page_limit + (gfp & GFP_RESERVE ? RESERVE_PAGES : 0);
	if (pages_used + (1ul << order) > limit) {
		if (!(gfp & GFP_NOWAIT))
			shrink(32 + (1ul << order), !(gfp & GFP_NOFS));
		if (pages_used + (1ul << order) > limit)
			return NULL;
	}
	pg = take_free(order);
	if (!pg)
		return NULL;
	pages_used += 1ul << order;
	pages_by_kind[kind] += 1ul << order;
	memset(pg, 0, sizeof(*pg));
	pg->kind = kind;
	pg->order = order;
	pg->refs = 1;
	host_unpoison(page_to_va(pg), bytes);
	memset(page_to_va(pg), gfp & GFP_ZERO ? 0 : 0xa5, bytes);
	return pg;
}

void page_free(struct page *pg, unsigned order)
{
	if (pg->kind == PAGE_FREE || pg->order != order)
		host_die("page freed twice, or with another order");
	if (pg->bits & (PG_LOCKED | PG_WRITEBACK))
		host_die("a locked page is freed");
	pages_used -= 1ul << order;
	pages_by_kind[pg->kind] -= 1ul << order;
	pg->kind = PAGE_FREE;
	host_poison(page_to_va(pg), PAGE_SIZE << order);
	/* At the end: a freed page is seen for as long as possible. */
	list_add_tail(&pg->link, &free_pages[order]);
}

void page_free_last(struct page *pg)
{
	page_free(pg, pg->order);
}

void page_count(struct page_counts *out)
{
	out->total = page_limit;
	out->free = page_limit - pages_used;
	memcpy(out->by_kind, pages_by_kind, sizeof(out->by_kind));
}

uint64_t host_total_pages(void)
{
	return page_limit;
}

uint64_t host_pages_in_use(void)
{
	return pages_used;
}

/* ---- objects ---- */
struct kmem_cache {
	struct list_head link;
	const char *name;
	size_t size, align;
	uint64_t in_use;
};
static struct list_head caches = LIST_INIT(caches);
static uint64_t objects;

/*
 * The pool: chunks of each size, a multiple of CHUNK_HEAD. The head is always
 * poisoned, and so is what lies behind the object, so whoever leaves an object
 * is seen within CHUNK_HEAD bytes. A freed chunk waits until POOL_KEEPS others
 * of its size have been freed, and is the next one to be used then: the caches
 * still know it.
 */
#define POOL_BYTES (1ul << 30) /* of address space */
#define POOL_MAX   32768ul     /* greater ones come from the C library */
#define POOL_KEEPS 32u
#define POOL_STEP  (128ul << 10)
#define CHUNK_HEAD 64ul

struct chunk {
	struct chunk *next; /* when it is free */
	size_t size;        /* of the object's room */
	bool used;
};

struct pool {
	struct chunk *first, *last; /* those that wait */
	unsigned n;
	struct chunk *next; /* those that may be used */
};

static struct pool pools[POOL_MAX / CHUNK_HEAD + 1];
static char *pool_base, *pool_next, *pool_end;

void host_use_pool(void)
{
	if (objects)
		host_die("host_use_pool: there are objects already");
	pool_base = pool_next = pool_end = map_lazily(POOL_BYTES);
}

static __attribute__((no_sanitize_address)) struct chunk *
pool_carve(size_t size)
{
	size_t n = size + CHUNK_HEAD;
	struct chunk *c;

	/* One more head stands behind the last chunk. */
	if (pool_next + n + CHUNK_HEAD > pool_end) {
		if (pool_end + POOL_STEP > pool_base + POOL_BYTES)
			return NULL;
		host_poison(pool_end, POOL_STEP);
		pool_end += POOL_STEP;
	}
	c = (struct chunk *)(void *)pool_next;
	pool_next += n;
	c->size = size;
	return c;
}

static __attribute__((no_sanitize_address)) void *pool_alloc(size_t size)
{
	size_t room = round_up(MAX(size, 1ul), CHUNK_HEAD);
	struct pool *pool = &pools[room / CHUNK_HEAD];
	struct chunk *c = pool->next;

	if (c) {
		pool->next = c->next;
	} else {
		c = pool_carve(room);
		if (!c)
			return NULL;
	}
	c->used = true;
	host_unpoison((char *)c + CHUNK_HEAD, size);
	return (char *)c + CHUNK_HEAD;
}

static __attribute__((no_sanitize_address)) void pool_free(void *p)
{
	struct chunk *c = (void *)((char *)p - CHUNK_HEAD);
	struct pool *pool;

	if (((char *)p - pool_base) % CHUNK_HEAD || !c->used)
		host_die("freed twice, or never allocated: %p", p);
	c->used = false;
	host_poison(p, c->size);
	pool = &pools[c->size / CHUNK_HEAD];
	c->next = NULL;
	if (pool->n++)
		pool->last->next = c;
	else
		pool->first = c;
	pool->last = c;
	if (pool->n > POOL_KEEPS) {
		c = pool->first;
		pool->first = c->next;
		pool->n--;
		c->next = pool->next;
		pool->next = c;
	}
}

static void object_free(void *p)
{
	objects--;
	if ((char *)p >= pool_base && (char *)p < pool_next)
		pool_free(p);
	else
		free(p);
}

static void *object_alloc(size_t size, size_t align, unsigned gfp)
{
	void *p;

	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (alloc_fails())
		return NULL;
	if (pool_base && size <= POOL_MAX && align <= CHUNK_HEAD)
		p = pool_alloc(size);
	/* The kernel's largest object; then whatever the host has. */
	else if (size > (4ul << 20) ||
		 posix_memalign(&p, MAX(align, 16ul), size))
		return NULL;
	if (!p)
		return NULL;
	memset(p, gfp & GFP_ZERO ? 0 : 0xa5, size);
	objects++;
	return p;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align)
{
	struct kmem_cache *c = calloc(1, sizeof(*c));

	c->name = name;
	c->size = size;
	c->align = align;
	list_add_tail(&c->link, &caches);
	return c;
}

void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp)
{
	void *p = object_alloc(c->size, c->align, gfp);

	if (p)
		c->in_use++;
	return p;
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	if (!obj || !c->in_use)
		host_die("cache %s: bad free", c->name);
	c->in_use--;
	object_free(obj);
}

void *kmalloc(size_t size, unsigned gfp)
{
	return object_alloc(size, 16, gfp);
}

void kfree(void *p)
{
	if (p)
		object_free(p);
}

void kmem_cache_walk(void (*fn)(void *arg, const char *name, size_t size,
				uint64_t in_use, uint64_t pages),
		     void *arg)
{
	struct kmem_cache *c;

	list_for_each_entry (c, &caches, link)
		fn(arg, c->name, c->size, c->in_use, 0);
}

uint64_t host_objects_in_use(void)
{
	return objects;
}
