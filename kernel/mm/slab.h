#pragma once
/*
 * Small objects: a cache for each hot type and a ladder of sizes behind
 * kmalloc. A cache keeps objects of one size in slabs of one or a few pages,
 * with a short stack of free objects per hart in front. All memory is in the
 * direct map. The debug build poisons what is freed and checks it when it is
 * handed out again.
 */
#include <stddef.h>
#include <stdint.h>

#include "kernel/lock.h"
#include "kernel/mm/page.h"

struct kmem_cache;

/* NULL: no memory. name: a literal. align: 0 for the natural one. */
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align);
void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp);
void kmem_cache_free(struct kmem_cache *c, void *obj);

/* Up to 4 MiB; larger than 2 KiB come as whole pages. NULL: no memory. */
void *kmalloc(size_t size, unsigned gfp);
static inline void *kzalloc(size_t size, unsigned gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}
void kfree(void *p); /* NULL is fine */

/* One line for each cache: name, object size, objects in use, pages. Calls fn
 * under no lock. */
void kmem_cache_walk(void (*fn)(void *arg, const char *name, size_t size,
				uint64_t in_use, uint64_t pages),
		     void *arg);
void slab_init(void);
