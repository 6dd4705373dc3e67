/*
 * What a driver needs to share memory with a device: the address that the
 * device uses for a buffer, the order of accesses, and the caches.
 *
 * Devices see physical addresses. Most see the harts' caches too; where the
 * tree says that they do not, a driver calls dma_sync around each transfer, or
 * moves the words itself. (A virtio device sees memory as the harts do, unless
 * VIRTIO_F_ACCESS_PLATFORM is agreed on, which no driver here does.) Only memory
 * from the page or object allocator may be handed out: it lies in the direct
 * map, so the address is a subtraction. On the build machine, where unit tests
 * run, pointers stand for themselves.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

/* No device can reach this memory. */
#define DMA_NONE UINT64_MAX

#ifdef __riscv
#include "kernel/memlayout.h"
#include "kernel/riscv.h"

static inline uint64_t dma_map(const void *va)
{
	return va_is_direct(va) ? va_to_pa(va) : DMA_NONE;
}

/* Before a device may see what was stored, and after it told of its data. */
static inline void dma_wmb(void)
{
	io_wmb();
}

static inline void dma_rmb(void)
{
	io_rmb();
}

static inline void dma_mb(void)
{
	io_mb();
}
#else
static inline uint64_t dma_map(const void *va)
{
	return (uint64_t)(uintptr_t)va;
}

static inline void dma_wmb(void)
{
	__sync_synchronize();
}

static inline void dma_rmb(void)
{
	__sync_synchronize();
}

static inline void dma_mb(void)
{
	__sync_synchronize();
}
#endif

/* Does the device see the caches? What the tree says at its node, or else at
 * the nearest bus above that says something. */
bool dma_is_coherent(const struct device *dev);
/* Can it be made up for, by dma_sync? */
bool dma_can_sync(void);
/* Only where dma_can_sync: does no other data share lines with these? A buffer
 * that a device writes to must own its lines. */
bool dma_owns_lines(const void *va, size_t len);
/* Before a device's transfer to or from va, and again when it wrote there: no
 * line of it is in any cache afterwards, and memory has what was stored. */
void dma_sync(const void *va, size_t len);
