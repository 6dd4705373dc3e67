/*
 * What kernel/riscv.h is to the kernel, for the parts of it that are built
 * for this machine by board.c: the same constants, no control registers (they
 * read as zero), and the order of this machine.
 */
#pragma once

#ifdef __ASSEMBLER__
#error "for C"
#endif
#define __ASSEMBLER__
#include "../../../kernel/riscv.h"
#undef __ASSEMBLER__
#undef RV_UL
#define RV_UL(x) x##UL

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t pte_t;

static inline pte_t pte_make(uint64_t pa, uint64_t bits)
{
	return (pa >> 12) << PTE_PPN_SHIFT | bits;
}

static inline uint64_t pte_pa(pte_t pte)
{
	return ((pte & PTE_PPN_MASK) >> PTE_PPN_SHIFT) << 12;
}

#define csr_read(csr)           UINT64_C(0)
#define csr_write(csr, val)     ((void)(val))
#define csr_set(csr, val)       ((void)(val))
#define csr_clear(csr, val)     ((void)(val))
#define csr_swap(csr, val)      ((void)(val), UINT64_C(0))
#define csr_try_read(csr)       true
#define csr_try_write(csr, val) ((void)(val), true)
#define cbo_flush(va)           ((void)(va), true)

uint64_t rdtime(void);

static inline void cpu_relax(void)
{
}

static inline void smp_mb(void)
{
	__sync_synchronize();
}

static inline void smp_rmb(void)
{
	__sync_synchronize();
}

static inline void smp_wmb(void)
{
	__sync_synchronize();
}

#define READ_ONCE(x)       (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#define smp_load_acquire(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, val) __atomic_store_n((p), (val), __ATOMIC_RELEASE)
