/*
 * What a driver needs to share memory with a device: the address that the
 * device uses for a buffer, and the order of accesses.
 *
 * Devices are taken to be coherent with the harts' caches, and to see physical
 * addresses. Only memory from the page or object allocator may be handed out:
 * it lies in the direct map, so the address is a subtraction. On the build
 * machine, where unit tests run, pointers stand for themselves.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

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
