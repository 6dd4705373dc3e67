#pragma once
/*
 * What fs/host.h asks for, on the build machine: the whole of fs/ compiles
 * against this shim (-Itools/hostfs -I.) as an ordinary program, with the
 * sanitizers, for unit tests, fuzzing and crash exploration.
 *
 * The model is one hart. Kernel threads are stacks of one host thread; another
 * runs when one sleeps, so runs are repeatable. The
 * clock is virtual: it jumps to the next deadline when everybody sleeps. A
 * sleep that nothing can end is reported and aborts, as are locks taken out
 * of order, sleeping under a spinlock or in an interrupt handler, and pages
 * used after they were freed (with the address sanitizer).
 *
 * Include fs/ headers before the C library's: both can then be used in one
 * file. The numbers of flags and kinds are those of kernel/mm/page.h.
 */
#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 1
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/types.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/time.h"
#include "kernel/wait.h"

#ifndef READ_ONCE
#define READ_ONCE(x)       (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))
#endif

/* ---- pages ---- */
#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ul << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)

enum page_kind {
	PAGE_FREE,
	PAGE_RESERVED,
	PAGE_KERNEL,
	PAGE_SLAB,
	PAGE_PAGETABLE,
	PAGE_ANON,
	PAGE_CACHE,
	PAGE_PIPE,
	PAGE_KINDS
};

#define PG_UPTODATE   (1u << 0)
#define PG_LOCKED     (1u << 1)
#define PG_WAITERS    (1u << 2)
#define PG_DIRTY      (1u << 3)
#define PG_WRITEBACK  (1u << 4)
#define PG_ERROR      (1u << 5)
#define PG_REFERENCED (1u << 6)
#define PG_ICACHE     (1u << 7)

struct mapping;

struct page {
	uint8_t kind;
	uint8_t order;
	uint16_t bits;
	int32_t refs;
	union {
		struct list_head link;
		struct {
			struct mapping *mapping;
			uint64_t index;
		};
		struct {
			uint64_t a, b;
		};
	};
	union {
		void *private;
		uint64_t value;
	};
};

#define PAGE_MAX_ORDER 10

#define GFP_KERNEL  0
#define GFP_NOWAIT  (1u << 0)
#define GFP_NOFS    (1u << 1)
#define GFP_ZERO    (1u << 2)
#define GFP_RESERVE (1u << 3)
#define GFP_USER    (1u << 4)

extern struct page *host_pages; /* one for each page of host_arena */
extern char *host_arena;

static inline void *page_to_va(const struct page *pg)
{
	return host_arena + ((uint64_t)(pg - host_pages) << PAGE_SHIFT);
}
static inline struct page *va_to_page(const void *va)
{
	return host_pages +
	       ((uint64_t)((const char *)va - host_arena) >> PAGE_SHIFT);
}
static inline uint64_t page_to_pfn(const struct page *pg)
{
	return (uint64_t)(pg - host_pages);
}

struct page *page_alloc(unsigned order, unsigned gfp, enum page_kind kind);
void page_free(struct page *pg, unsigned order);
static inline void page_get(struct page *pg)
{
	__atomic_fetch_add(&pg->refs, 1, __ATOMIC_RELAXED);
}
void page_free_last(struct page *pg);
static inline void page_put(struct page *pg)
{
	if (__atomic_fetch_sub(&pg->refs, 1, __ATOMIC_ACQ_REL) == 1)
		page_free_last(pg);
}

struct page_counts {
	uint64_t total, free;
	uint64_t by_kind[PAGE_KINDS];
};
void page_count(struct page_counts *out);

struct shrinker {
	struct list_head link;
	const char *name;
	uint64_t (*shrink)(uint64_t want, bool may_write);
};
void shrinker_register(struct shrinker *s);
void reclaim_all(void);

/* ---- objects ---- */
struct kmem_cache;
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align);
void *kmem_cache_alloc(struct kmem_cache *c, unsigned gfp);
void kmem_cache_free(struct kmem_cache *c, void *obj);
void *kmalloc(size_t size, unsigned gfp);
static inline void *kzalloc(size_t size, unsigned gfp)
{
	return kmalloc(size, gfp | GFP_ZERO);
}
void kfree(void *p);
void kmem_cache_walk(void (*fn)(void *arg, const char *name, size_t size,
				uint64_t in_use, uint64_t pages),
		     void *arg);

/* ---- printing ---- */
#define HOST_LOG_EMERG  0
#define HOST_LOG_ERR    3
#define HOST_LOG_WARN   4
#define HOST_LOG_NOTICE 5
#define HOST_LOG_INFO   6
#define HOST_LOG_DEBUG  7
void host_printk(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
#define pr_emerg(...)  host_printk(HOST_LOG_EMERG, __VA_ARGS__)
#define pr_err(...)    host_printk(HOST_LOG_ERR, __VA_ARGS__)
#define pr_warn(...)   host_printk(HOST_LOG_WARN, __VA_ARGS__)
#define pr_notice(...) host_printk(HOST_LOG_NOTICE, __VA_ARGS__)
#define pr_info(...)   host_printk(HOST_LOG_INFO, __VA_ARGS__)
#define pr_debug(...)  host_printk(HOST_LOG_DEBUG, __VA_ARGS__)
void panic(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
#define KASSERT(cond)                                                          \
	do {                                                                   \
		if (__builtin_expect(!(cond), 0))                              \
			panic("%s:%d: %s", __FILE__, __LINE__, #cond);         \
	} while (0)

/* ---- threads ---- */
struct thread;
struct thread *current_thread(void);
int kthread_create(const char *name, void (*start)(void *), void *arg,
		   struct thread **out);
void thread_exit(void) __attribute__((noreturn));
void resched_point(void);
void sched_yield_now(void);
bool thread_wake(struct thread *t);

/* ---- for tests only ---- */
/* Waits until every thread made by kthread_create has ended or sleeps with
 * nothing that could wake it. */
void host_settle(void);
/* Disks call this: fn(arg) runs at the next chance, as an interrupt would. */
void host_interrupt(void (*fn)(void *arg), void *arg);
/* The nth (1: the next) allocation from now on fails; 0: none does. */
void host_fail_alloc(unsigned n);
/* Objects come from a pool from now on: quicker than the C library, with the
 * address sanitizer, which then sees misuse as well as before but cannot say who
 * allocated and who freed. Before the first object. */
void host_use_pool(void);
/* Pages that may be in use at once; beyond it shrinkers run, then NULL. */
void host_set_page_limit(uint64_t pages);
/* seed != 0: threads are switched and interrupts taken at random wherever a
 * second hart could come in between (at spinlocks). */
void host_set_chaos(unsigned seed);
/* Messages of a level above this are not shown (default HOST_LOG_WARN). */
void host_set_log_level(int level);
/* Does a recent message contain s? (All are kept, shown or not.) */
bool host_log_has(const char *s);
void host_log_clear(void);
/* The current thread has (no) signal pending; sleepers end with -EINTR. */
void host_set_signal(struct thread *t, bool pending, bool fatal);
/* Signals that host_send_signal got since the last call, as a mask. */
uint64_t host_take_sent_signals(void);
/* User addresses in [from, to) are bad (uio copies stop there); those in
 * the nofault range are only not there yet, until uio_fault_in. */
void host_set_bad_range(uint64_t from, uint64_t to);
void host_set_absent_range(uint64_t from, uint64_t to);
/* Who the caller is; all ids are 0 at the start. */
struct cred;
struct cred *host_cred_edit(void);
void host_set_file_size_limit(uint64_t n);
void host_set_fd_limit(unsigned n);
/* What host_fs and host_files give from now on. */
struct fs_context;
struct fdtable;
void host_set_process(struct fs_context *fs, struct fdtable *files);
/* Objects (kmalloc and caches) that are allocated now. */
uint64_t host_objects_in_use(void);
uint64_t host_pages_in_use(void);
