#pragma once
/*
 * For page_test.c and slab_test.c: the pieces of the kernel under the page and
 * object allocators, on the build machine. Physical memory is one mapping of
 * the host, struct pages another; page tables are not played. The debug
 * build's checks are on. (Empty in the kernel's own build.)
 */
#ifdef HOST_TEST
#ifndef CONFIG_DEBUG
#define CONFIG_DEBUG 1
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/riscv.h"
/* Constants only; what lies where is ours to say. */
#define __ASSEMBLER__
#include "kernel/memlayout.h"
#undef __ASSEMBLER__
typedef uint64_t paddr_t;
typedef uint64_t vaddr_t;

#define RAM_LOW  0x80000000ull /* lowest and highest address in the tests */
#define RAM_HIGH 0xa0000000ull

static uint64_t test_direct, test_vmemmap;
#undef VMEMMAP_BASE
#define VMEMMAP_BASE test_vmemmap

static paddr_t image_pa = RAM_LOW + 0x200000;
static char __image_start[0x3000];
#define __image_end (__image_start + sizeof(__image_start))

static inline void *pa_to_va(paddr_t pa)
{
	return (void *)(test_direct + pa);
}
static inline paddr_t va_to_pa(const void *va)
{
	return (vaddr_t)va - test_direct;
}

#include "kernel/bits.h"
#include "kernel/mm/page.h"

#include "kernel/lock.h"
#include "kernel/mm/memrange.h"
#include "kernel/mm/mmhart.h"
#include "kernel/mm/pagetable.h"
#include "kernel/panic.h"
#include "kernel/printk.h"

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			exit(1);                                               \
		}                                                              \
	} while (0)

static uint64_t map_aligned(uint64_t size, uint64_t align)
{
	char *p = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	return ((uint64_t)p + align - 1) & ~(align - 1);
}

static void shim_init(void)
{
	test_direct = map_aligned(RAM_HIGH - RAM_LOW, 4 << 20) - RAM_LOW;
	test_vmemmap = map_aligned(
		(RAM_HIGH >> PAGE_SHIFT) * sizeof(struct page), 1 << 20);
}

/* A panic that a test waits for comes back to it. */
static jmp_buf *expected_panic;

void panic(const char *fmt, ...)
{
	va_list ap;

	if (expected_panic)
		longjmp(*expected_panic, 1);
	va_start(ap, fmt);
	printf("FAIL panic: ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	exit(1);
}

void printk(enum printk_level level, const char *fmt, ...)
{
}

#define CHECK_PANICS(what)                                                     \
	do {                                                                   \
		jmp_buf env_;                                                  \
		expected_panic = &env_;                                        \
		if (!setjmp(env_)) {                                           \
			what;                                                  \
			printf("FAIL %s:%d: no panic: %s\n", __FILE__,         \
			       __LINE__, #what);                               \
			exit(1);                                               \
		}                                                              \
		expected_panic = NULL;                                         \
	} while (0)

#if CONFIG_DEBUG
static int locks_held;
void spin_lock(struct spinlock *l)
{
	CHECK(!l->locked);
	l->locked = 1;
	locks_held++;
}
void spin_unlock(struct spinlock *l)
{
	CHECK(l->locked);
	l->locked = 0;
	locks_held--;
}
void assert_may_sleep(void)
{
	CHECK(!locks_held);
}
#endif
void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	*l = (struct spinlock){ .locked = 0 };
}

void page_zero(void *p)
{
	memset(p, 0, PAGE_SIZE);
}

static struct mm_hart test_hart;
static bool hart_ready;
struct mm_hart *mm_hart(void)
{
	return hart_ready ? &test_hart : NULL;
}

void kstack_pool_count(uint64_t *stack_pages, uint64_t *table_pages)
{
	*stack_pages = 0;
	*table_pages = 0;
}

/* What page_init wants of pagetable.c. */
static paddr_t reach_asked;
paddr_t pagetable_reach(paddr_t end)
{
	reach_asked = end;
	return 192ull << 30;
}
void pagetable_boot(paddr_t chunk, const struct mem_range *free, unsigned n)
{
	for (unsigned i = 0; i < 10; i++)
		CHECK(page_boot_take(PAGE_SIZE, PAGE_SIZE));
}
void pagetable_boot_vmemmap(uint64_t pfn, uint64_t n)
{
	CHECK(page_boot_take(PAGE_SIZE, PAGE_SIZE));
}

static unsigned hard_calls;
struct page *page_take_hard(unsigned order, unsigned gfp);
struct page *page_take_hard(unsigned order, unsigned gfp)
{
	hard_calls++;
	return NULL;
}
uint64_t page_left_to_root(void);
uint64_t page_left_to_root(void)
{
	return 0;
}
void shrinker_register(struct shrinker *s)
{
}
#endif /* HOST_TEST */
