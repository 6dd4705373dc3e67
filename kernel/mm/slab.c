/*
 * Small objects. A slab is a naturally aligned block of pages cut into objects
 * of one size; a cache is a set of slabs. Everything about a slab stands in
 * its struct pages, so objects begin at the page and keep the alignment that
 * their size has:
 *
 *	bits     number of the cache (on each page of the slab)
 *	private  first free object; a free object's first word is the next
 *	refs     objects that are handed out (or wait in a hart's stack)
 *	link     in the cache's list of partial or empty slabs; full ones are
 *	         on none
 *
 * Each hart has a short stack of free objects for each of the first
 * HART_CACHES caches, so the usual allocation takes no lock. What lies in such
 * a stack counts as free.
 */
#include "kernel/mm/slab.h"

#include "kernel/bits.h"
#include "kernel/mm/mmhart.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define MAX_CACHES     128
#define MAX_SLAB_ORDER 3
#define KEEP_EMPTY     2 /* empty slabs that a cache keeps */
#define BATCH          (HART_OBJECTS / 2 + 1)
#define KMALLOC_MAX    2048

#define POISON     0x6b
#define POISON_END 0xa5 /* last byte of a free object */

struct kmem_cache {
	const char *name;
	uint32_t size; /* of an object, rounded up to its alignment */
	uint16_t id;
	uint8_t order; /* of a slab */
	uint16_t per_slab;
	struct spinlock lock;
	struct list_head partial; /* [lock] */
	struct list_head empty;   /* [lock] */
	unsigned n_empty;         /* [lock] */
	uint64_t n_slabs;         /* [lock] */
	uint64_t n_out;           /* [lock] objects in use or in stacks */
};

static struct kmem_cache caches[MAX_CACHES];
static unsigned n_caches;
static struct spinlock caches_lock = SPINLOCK_INIT("slab caches", RANK_SLAB);

/* The ladder of kmalloc: sizes up to 2 KiB, found by (size - 1) / 16. */
static const uint16_t sizes[] = {
	16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
};
static const char *const size_names[ARRAY_SIZE(sizes)] = {
	"kmalloc-16",   "kmalloc-32",   "kmalloc-48",  "kmalloc-64",
	"kmalloc-96",   "kmalloc-128",  "kmalloc-192", "kmalloc-256",
	"kmalloc-384",  "kmalloc-512",  "kmalloc-768", "kmalloc-1024",
	"kmalloc-1536", "kmalloc-2048",
};
static struct kmem_cache *by_size[ARRAY_SIZE(sizes)];
static uint8_t size_index[KMALLOC_MAX / 16];

__attribute__((cold))
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align)
{
	struct kmem_cache *c = NULL;
	unsigned order = 0;

	if (!align)
		align = 8;
	if (size < 16)
		size = 16;
	size = round_up(size, align);
	/* Eight to a slab, or little waste, up to 32 KiB. */
	while (order < MAX_SLAB_ORDER) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / size >= 8 ||
		    (bytes >= size && bytes % size <= bytes / 16))
			break;
		order++;
	}
	if (size > PAGE_SIZE << order)
		return NULL;
	spin_lock(&caches_lock);
	if (n_caches < MAX_CACHES) {
		c = &caches[n_caches];
		c->id = (uint16_t)n_caches;
		c->name = name;
		c->size = (uint32_t)size;
		c->order = (uint8_t)order;
		c->per_slab = (uint16_t)((PAGE_SIZE << order) / size);
		spin_init(&c->lock, name, RANK_SLAB);
		list_init(&c->partial);
		list_init(&c->empty);
		__atomic_store_n(&n_caches, n_caches + 1, __ATOMIC_RELEASE);
	}
	spin_unlock(&caches_lock);
	return c;
}

/* ---- the debug build's marks ---- */

static inline void poison(struct kmem_cache *c, void *obj)
{
#if CONFIG_DEBUG
	memset(obj, POISON, c->size - 1);
	((unsigned char *)obj)[c->size - 1] = POISON_END;
#endif
}

#if CONFIG_DEBUG
/* Is all of it, but the word that links free objects, as poison left it? */
static bool poison_intact(const struct kmem_cache *c, const void *obj)
{
	const unsigned char *b = obj;

	for (unsigned i = sizeof(void *); i < c->size - 1; i++)
		if (b[i] != POISON)
			return false;
	return b[c->size - 1] == POISON_END;
}
#endif

static inline void check_free(struct kmem_cache *c, void *obj)
{
#if CONFIG_DEBUG
	if (!poison_intact(c, obj))
		panic("%s: object %p was written to after it was freed",
		      c->name, obj);
#endif
}

static inline void check_used(struct kmem_cache *c, void *obj)
{
#if CONFIG_DEBUG
	struct page *pg = va_to_page(obj);
	uint64_t off = (uint64_t)obj & ((PAGE_SIZE << c->order) - 1);

	if (pg->kind != PAGE_SLAB || pg->bits != c->id || off % c->size)
		panic("%s: %p is no object of this cache", c->name, obj);
	if (c->size >= 32 && poison_intact(c, obj))
		panic("%s: object %p freed twice", c->name, obj);
#endif
}

/* ---- slabs ---- */

static struct page *slab_of(struct kmem_cache *c, void *obj)
{
	uint64_t block = (PAGE_SIZE << c->order) - 1;

	return va_to_page((void *)((uint64_t)obj & ~block));
}

static struct page *slab_create(struct kmem_cache *c, unsigned gfp)
{
	struct page *pg = page_alloc(c->order, gfp & ~GFP_ZERO, PAGE_SLAB);
	char *base, *next = NULL;

	if (!pg)
		return NULL;
	base = page_to_va(pg);
	for (unsigned i = 0; i < 1u << c->order; i++) {
		pg[i].kind = PAGE_SLAB;
		pg[i].bits = c->id;
	}
	/* Chained so that the lowest address is handed out first. */
	for (unsigned i = c->per_slab; i-- > 0;) {
		char *obj = base + (uint64_t)i * c->size;

		poison(c, obj);
		*(void **)obj = next;
		next = obj;
	}
	pg->private = next;
	pg->refs = 0;
	return pg;
}

static void slab_destroy(struct kmem_cache *c, struct page *pg)
{
	for (unsigned i = 1; i < 1u << c->order; i++) {
		pg[i].kind = PAGE_FREE;
		pg[i].bits = 0;
	}
	page_free(pg, c->order);
}

/* One object of the cache's slabs, or NULL if none is free. [lock] */
static void *take_locked(struct kmem_cache *c)
{
	struct page *pg;
	void *obj;

	if (!list_empty(&c->partial)) {
		pg = list_first_entry(&c->partial, struct page, link);
	} else if (!list_empty(&c->empty)) {
		pg = list_first_entry(&c->empty, struct page, link);
		list_move(&pg->link, &c->partial);
		c->n_empty--;
	} else {
		return NULL;
	}
	obj = pg->private;
	pg->private = *(void **)obj;
	pg->refs++;
	c->n_out++;
	if (!pg->private)
		list_del(&pg->link);
	return obj;
}

/* Gives one back; a slab that became one empty slab too many goes onto
 * `excess`. [lock] */
static void give_locked(struct kmem_cache *c, void *obj,
			struct list_head *excess)
{
	struct page *pg = slab_of(c, obj);
	bool was_full = !pg->private;

	*(void **)obj = pg->private;
	pg->private = obj;
	pg->refs--;
	c->n_out--;
	if (pg->refs == 0) {
		if (!was_full)
			list_del(&pg->link);
		if (c->n_empty < KEEP_EMPTY) {
			list_add(&pg->link, &c->empty);
			c->n_empty++;
		} else {
			c->n_slabs--;
			list_add(&pg->link, excess);
		}
	} else if (was_full) {
		list_add(&pg->link, &c->partial);
	}
}

static void destroy_all(struct kmem_cache *c, struct list_head *slabs)
{
	while (!list_empty(slabs)) {
		struct page *pg = list_first_entry(slabs, struct page, link);

		list_del(&pg->link);
		slab_destroy(c, pg);
	}
}

/* ---- objects ---- */

static struct object_stack *stack_of(struct kmem_cache *c)
{
	struct mm_hart *mh = mm_hart();

	return mh && c->id < HART_CACHES ? &mh->stacks[c->id] : NULL;
}

static void *alloc_slow(struct kmem_cache *c, unsigned gfp)
{
	struct object_stack *s;
	void *obj;

	for (;;) {
		struct page *pg;

		spin_lock(&c->lock);
		obj = take_locked(c);
		s = stack_of(c);
		while (obj && s && s->n < BATCH) {
			void *more = take_locked(c);

			if (!more)
				break;
			s->object[s->n++] = more;
		}
		spin_unlock(&c->lock);
		if (obj)
			return obj;
		pg = slab_create(c, gfp);
		if (!pg)
			return NULL;
		spin_lock(&c->lock);
		list_add(&pg->link, &c->empty);
		c->n_empty++;
		c->n_slabs++;
		spin_unlock(&c->lock);
	}
}

void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp)
{
	struct object_stack *s = stack_of(c);
	void *obj;

	/* It does not sleep today, but it may: see that at the first time. */
	if (!(gfp & GFP_NOWAIT))
		assert_may_sleep();
	if (__builtin_expect(s && s->n, 1)) {
		obj = s->object[--s->n];
	} else {
		obj = alloc_slow(c, gfp);
		if (!obj)
			return NULL;
	}
	check_free(c, obj);
	if (gfp & GFP_ZERO)
		memset(obj, 0, c->size);
#if CONFIG_DEBUG
	else
		((unsigned char *)obj)[c->size - 1] = POISON;
#endif
	return obj;
}

/* n objects from the top of the stack go back to their slabs. */
static void flush_stack(struct kmem_cache *c, struct object_stack *s,
			unsigned n)
{
	struct list_head excess = LIST_INIT(excess);

	spin_lock(&c->lock);
	while (n-- && s->n)
		give_locked(c, s->object[--s->n], &excess);
	spin_unlock(&c->lock);
	destroy_all(c, &excess);
}

void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	struct object_stack *s = stack_of(c);

	check_used(c, obj);
	poison(c, obj);
	if (__builtin_expect(!s, 0)) {
		struct list_head excess = LIST_INIT(excess);

		spin_lock(&c->lock);
		give_locked(c, obj, &excess);
		spin_unlock(&c->lock);
		destroy_all(c, &excess);
		return;
	}
	if (s->n == HART_OBJECTS)
		flush_stack(c, s, BATCH);
	s->object[s->n++] = obj;
}

void *kmalloc(size_t size, unsigned gfp)
{
	struct page *pg;

	if (__builtin_expect(size <= KMALLOC_MAX, 1))
		return kmem_cache_alloc(
			by_size[size_index[(size - !!size) / 16]], gfp);
	if (size > (size_t)PAGE_SIZE << PAGE_MAX_ORDER)
		return NULL;
	pg = page_alloc(ilog2_up(div_round_up(size, PAGE_SIZE)), gfp,
			PAGE_KERNEL);
	return pg ? page_to_va(pg) : NULL;
}

void kfree(void *p)
{
	struct page *pg;

	if (!p)
		return;
	pg = va_to_page(p);
	if (pg->kind == PAGE_SLAB) {
		kmem_cache_free(&caches[pg->bits], p);
		return;
	}
#if CONFIG_DEBUG
	if (pg->kind != PAGE_KERNEL || (uint64_t)p & PAGE_MASK)
		panic("kfree: %p was not allocated (kind %u)", p, pg->kind);
#endif
	page_free(pg, pg->order);
}

/* ---- giving back, counting ---- */

__attribute__((cold))
void slab_drain_hart(struct mm_hart *mh)
{
	for (unsigned i = 0; i < MIN(n_caches, HART_CACHES); i++)
		if (mh->stacks[i].n)
			flush_stack(&caches[i], &mh->stacks[i], HART_OBJECTS);
}

uint64_t slab_reap(void)
{
	uint64_t pages = 0;

	for (unsigned i = 0; i < n_caches; i++) {
		struct kmem_cache *c = &caches[i];
		struct list_head slabs = LIST_INIT(slabs);

		spin_lock(&c->lock);
		list_splice(&c->empty, &slabs);
		pages += (uint64_t)c->n_empty << c->order;
		c->n_slabs -= c->n_empty;
		c->n_empty = 0;
		spin_unlock(&c->lock);
		destroy_all(c, &slabs);
	}
	return pages;
}

static uint64_t slab_shrink(uint64_t want, bool may_write)
{
	struct mm_hart *mh = mm_hart();

	if (mh)
		slab_drain_hart(mh);
	return slab_reap();
}

__attribute__((cold))
void kmem_cache_walk(void (*fn)(void *arg, const char *name, size_t size,
				uint64_t in_use, uint64_t pages),
		     void *arg)
{
	unsigned n = __atomic_load_n(&n_caches, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < n; i++) {
		struct kmem_cache *c = &caches[i];
		uint64_t in_use, pages;

		spin_lock(&c->lock);
		in_use = c->n_out;
		pages = c->n_slabs << c->order;
		spin_unlock(&c->lock);
		for (struct mm_hart *mh = mm_harts; mh && i < HART_CACHES;
		     mh = mh->next)
			in_use -= READ_ONCE(mh->stacks[i].n);
		fn(arg, c->name, c->size, in_use, pages);
	}
}

__attribute__((cold))
void slab_init(void)
{
	static struct shrinker shrinker = { .name = "slab",
					    .shrink = slab_shrink };
	unsigned k = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		by_size[i] = kmem_cache_create(size_names[i], sizes[i], 16);
		for (; k < sizes[i] / 16; k++)
			size_index[k] = (uint8_t)i;
	}
	shrinker_register(&shrinker);
}
