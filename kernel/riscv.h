/*
 * What the hart offers to S-mode: control registers, page-table bits, fences,
 * memory ordering.
 *
 * Registers are reached by name (csr_read(satp)), never by number, so that a
 * reader finds every use with one search. The constants are visible to
 * assembly too. Whatever touches memory order clobbers "memory": the compiler
 * must not move accesses over it.
 *
 * Atomic operations are gcc's __atomic builtins on 4- and 8-byte objects.
 * Smaller objects would call a run-time library that is not linked.
 */
#pragma once

#ifdef __ASSEMBLER__
#define RV_UL(x) x
#else
#include <stdbool.h>
#include <stdint.h>
#define RV_UL(x) x##UL
#endif

/* sstatus */
#define SSTATUS_SIE      (RV_UL(1) << 1) /* interrupts on in S-mode */
#define SSTATUS_SPIE     (RV_UL(1) << 5) /* what sret puts into SIE */
#define SSTATUS_UBE      (RV_UL(1) << 6)
#define SSTATUS_SPP      (RV_UL(1) << 8) /* 1: trap came from S-mode */
#define SSTATUS_VS       (RV_UL(3) << 9)
#define SSTATUS_FS       (RV_UL(3) << 13)
#define SSTATUS_FS_OFF   (RV_UL(0) << 13)
#define SSTATUS_FS_INIT  (RV_UL(1) << 13)
#define SSTATUS_FS_CLEAN (RV_UL(2) << 13)
#define SSTATUS_FS_DIRTY (RV_UL(3) << 13)
#define SSTATUS_VS_INIT  (RV_UL(1) << 9)
#define SSTATUS_VS_CLEAN (RV_UL(2) << 9)
#define SSTATUS_VS_DIRTY (RV_UL(3) << 9)
#define SSTATUS_XS       (RV_UL(3) << 15)
#define SSTATUS_SUM      (RV_UL(1) << 18) /* S-mode may touch U pages */
#define SSTATUS_MXR      (RV_UL(1) << 19)
#define SSTATUS_UXL      (RV_UL(3) << 32)
#define SSTATUS_UXL_64   (RV_UL(2) << 32)
#define SSTATUS_SD       (RV_UL(1) << 63)

/* sie and sip */
#define SIE_SSIE   (RV_UL(1) << 1)  /* software: an IPI */
#define SIE_STIE   (RV_UL(1) << 5)  /* timer */
#define SIE_SEIE   (RV_UL(1) << 9)  /* external: the interrupt controller */
#define SIE_LCOFIE (RV_UL(1) << 13) /* a counter overflowed */
#define SIP_SSIP   SIE_SSIE
#define SIP_STIP   SIE_STIE
#define SIP_SEIP   SIE_SEIE
#define SIP_LCOFIP SIE_LCOFIE

/* scause: the top bit tells interrupts from exceptions */
#define SCAUSE_INTERRUPT (RV_UL(1) << 63)
#define IRQ_S_SOFT       1
#define IRQ_S_TIMER      5
#define IRQ_S_EXT        9
#define IRQ_LCOF         13

#define EXC_INST_MISALIGNED  0
#define EXC_INST_ACCESS      1
#define EXC_ILLEGAL_INST     2
#define EXC_BREAKPOINT       3
#define EXC_LOAD_MISALIGNED  4
#define EXC_LOAD_ACCESS      5
#define EXC_STORE_MISALIGNED 6
#define EXC_STORE_ACCESS     7
#define EXC_ECALL_U          8
#define EXC_ECALL_S          9
#define EXC_INST_PAGE_FAULT  12
#define EXC_LOAD_PAGE_FAULT  13
#define EXC_STORE_PAGE_FAULT 15
#define EXC_DOUBLE_TRAP      16
#define EXC_SOFTWARE_CHECK   18
#define EXC_HARDWARE_ERROR   19

/* scounteren: which counters user mode may read */
#define SCOUNTEREN_CY (RV_UL(1) << 0)
#define SCOUNTEREN_TM (RV_UL(1) << 1)
#define SCOUNTEREN_IR (RV_UL(1) << 2)

/* satp */
#define SATP_MODE_SHIFT 60
#define SATP_MODE_BARE  (RV_UL(0) << 60)
#define SATP_MODE_SV39  (RV_UL(8) << 60)
#define SATP_MODE_SV48  (RV_UL(9) << 60)
#define SATP_MODE_SV57  (RV_UL(10) << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_BITS  16
#define SATP_ASID_MASK  RV_UL(0xffff)
#define SATP_PPN_MASK   ((RV_UL(1) << 44) - 1)

/* Page-table entries, the same in every paging mode */
#define PTE_V         (RV_UL(1) << 0)
#define PTE_R         (RV_UL(1) << 1)
#define PTE_W         (RV_UL(1) << 2)
#define PTE_X         (RV_UL(1) << 3)
#define PTE_U         (RV_UL(1) << 4)
#define PTE_G         (RV_UL(1) << 5)
#define PTE_A         (RV_UL(1) << 6)
#define PTE_D         (RV_UL(1) << 7)
#define PTE_RSW0      (RV_UL(1) << 8) /* left to software */
#define PTE_RSW1      (RV_UL(1) << 9)
#define PTE_PPN_SHIFT 10
#define PTE_PPN_MASK  (((RV_UL(1) << 44) - 1) << 10)
/* Svpbmt: only where the hart has it */
#define PTE_PBMT_MASK (RV_UL(3) << 61)
#define PTE_PBMT_PMA  (RV_UL(0) << 61)
#define PTE_PBMT_NC   (RV_UL(1) << 61)
#define PTE_PBMT_IO   (RV_UL(2) << 61)
#define PTE_N         (RV_UL(1) << 63) /* Svnapot */
/* T-Head's own, where these are on: cacheable, bufferable and shareable; in
 * strict order and shareable. Entries that point to tables have none. */
#define MVENDORID_THEAD  0x5b7
#define PTE_THEAD_MEMORY (RV_UL(7) << 60)
#define PTE_THEAD_IO     (RV_UL(9) << 60)

#ifndef __ASSEMBLER__

typedef uint64_t pte_t;

/* A leaf when any of R, W, X is set; otherwise it points to a table. */
#define PTE_LEAF_MASK (PTE_R | PTE_W | PTE_X)

static inline pte_t pte_make(uint64_t pa, uint64_t bits)
{
	return (pa >> 12) << PTE_PPN_SHIFT | bits;
}

static inline uint64_t pte_pa(pte_t pte)
{
	return ((pte & PTE_PPN_MASK) >> PTE_PPN_SHIFT) << 12;
}

#define csr_read(csr)                                                          \
	({                                                                     \
		uint64_t csr_v_;                                               \
		__asm__ __volatile__("csrr %0, " #csr                          \
				     : "=r"(csr_v_)                            \
				     :                                         \
				     : "memory");                              \
		csr_v_;                                                        \
	})

#define csr_write(csr, val)                                                    \
	do {                                                                   \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrw " #csr ", %0"                       \
				     :                                         \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
	} while (0)

/* Sets / clears the bits of `val`; the form that returns nothing. */
#define csr_set(csr, val)                                                      \
	do {                                                                   \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrs " #csr ", %0"                       \
				     :                                         \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
	} while (0)

#define csr_clear(csr, val)                                                    \
	do {                                                                   \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrc " #csr ", %0"                       \
				     :                                         \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
	} while (0)

/* Writes `val`, returns what stood there; one instruction. */
#define csr_swap(csr, val)                                                     \
	({                                                                     \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrrw %0, " #csr ", %1"                  \
				     : "=r"(csr_v_)                            \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
		csr_v_;                                                        \
	})

/* Sets / clears the bits of `val`, returns the old value. */
#define csr_read_set(csr, val)                                                 \
	({                                                                     \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrrs %0, " #csr ", %1"                  \
				     : "=r"(csr_v_)                            \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
		csr_v_;                                                        \
	})

#define csr_read_clear(csr, val)                                               \
	({                                                                     \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		__asm__ __volatile__("csrrc %0, " #csr ", %1"                  \
				     : "=r"(csr_v_)                            \
				     : "rK"(csr_v_)                            \
				     : "memory");                              \
		csr_v_;                                                        \
	})

/*
 * Write `val`, or read, where that may trap: false when it did, and nothing
 * happened. Who uses them includes kernel/mm/usercopy.h for the fix-up.
 */
#define csr_try_write(csr, val)                                                \
	({                                                                     \
		uint64_t csr_v_ = (uint64_t)(val);                             \
		bool csr_works_ = false;                                       \
		__asm__ __volatile__("1:	csrw	" #csr ", %1\n"            \
				     "	li	%0, 1\n"                            \
				     "2:\n" FIXUP("1b", "2b")                  \
				     : "+r"(csr_works_)                        \
				     : "r"(csr_v_)                             \
				     : "memory");                              \
		csr_works_;                                                    \
	})

#define csr_try_read(csr)                                                      \
	({                                                                     \
		bool csr_works_ = false;                                       \
		__asm__ __volatile__("1:	csrr	zero, " #csr "\n"          \
				     "	li	%0, 1\n"                            \
				     "2:\n" FIXUP("1b", "2b")                  \
				     : "+r"(csr_works_)                        \
				     :                                         \
				     : "memory");                              \
		csr_works_;                                                    \
	})

/* The wall-clock counter; its rate is /cpus/timebase-frequency. */
static inline uint64_t rdtime(void)
{
	uint64_t t;

	__asm__ __volatile__("rdtime %0" : "=r"(t));
	return t;
}

static inline uint64_t rdcycle(void)
{
	uint64_t t;

	__asm__ __volatile__("rdcycle %0" : "=r"(t));
	return t;
}

static inline uint64_t rdinstret(void)
{
	uint64_t t;

	__asm__ __volatile__("rdinstret %0" : "=r"(t));
	return t;
}

/* Sleeps until an interrupt enabled in sie is pending (or for no reason). */
static inline void wfi(void)
{
	__asm__ __volatile__("wfi" : : : "memory");
}

/*
 * In a spin loop. The pause hint, as a word because the assembler knows its
 * name only with Zihintpause; harts without it see a fence that does nothing.
 */
static inline void cpu_relax(void)
{
	__asm__ __volatile__(".word 0x0100000f" : : : "memory");
}

/* Keeps the compiler, not the hart, from moving accesses. */
static inline void barrier(void)
{
	__asm__ __volatile__("" : : : "memory");
}

/*
 * Translation fences of this hart. They also order earlier page-table writes
 * before later walks. Only the shoot-down code calls the forms with an
 * address: some cores need the full form there.
 */
static inline void sfence_vma_all(void)
{
	__asm__ __volatile__("sfence.vma" : : : "memory");
}

static inline void sfence_vma_asid(uint64_t asid)
{
	__asm__ __volatile__("sfence.vma x0, %0" : : "r"(asid) : "memory");
}

/* One page in every address space, global entries included. */
static inline void sfence_vma_addr(uint64_t va)
{
	__asm__ __volatile__("sfence.vma %0, x0" : : "r"(va) : "memory");
}

static inline void sfence_vma_addr_asid(uint64_t va, uint64_t asid)
{
	__asm__ __volatile__("sfence.vma %0, %1"
			     :
			     : "r"(va), "r"(asid)
			     : "memory");
}

/* Makes this hart fetch what was stored before. */
static inline void fence_i(void)
{
	__asm__ __volatile__("fence.i" : : : "memory");
}

/* Zicbom: writes the line of `va` back and drops it, in all caches; false when
 * the hart refuses. Who uses it includes kernel/mm/usercopy.h for the fix-up. */
#define cbo_flush(va)                                                          \
	({                                                                     \
		bool cbo_works_ = false;                                       \
		__asm__ __volatile__(".option	push\n"                        \
				     ".option	arch, +zicbom\n"               \
				     "1:	cbo.flush	(%1)\n"            \
				     ".option	pop\n"                         \
				     "	li	%0, 1\n"                           \
				     "2:\n" FIXUP("1b", "2b")                  \
				     : "+r"(cbo_works_)                        \
				     : "r"((uintptr_t)(va))                    \
				     : "memory");                              \
		cbo_works_;                                                    \
	})

/* Order between harts, ordinary memory only. */
static inline void smp_mb(void)
{
	__asm__ __volatile__("fence rw, rw" : : : "memory");
}

static inline void smp_rmb(void)
{
	__asm__ __volatile__("fence r, r" : : : "memory");
}

static inline void smp_wmb(void)
{
	__asm__ __volatile__("fence w, w" : : : "memory");
}

/*
 * Order with devices: io_wmb before the register write that tells a device to
 * look at memory, io_rmb between the register read that tells of new data and
 * the reads of that data, io_mb where both matter.
 */
static inline void io_mb(void)
{
	__asm__ __volatile__("fence iorw, iorw" : : : "memory");
}

static inline void io_rmb(void)
{
	__asm__ __volatile__("fence ir, ir" : : : "memory");
}

static inline void io_wmb(void)
{
	__asm__ __volatile__("fence ow, ow" : : : "memory");
}

/* One access of the object's own size, neither repeated nor left out. */
#define READ_ONCE(x)       (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#define smp_load_acquire(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, val) __atomic_store_n((p), (val), __ATOMIC_RELEASE)

#endif /* __ASSEMBLER__ */
