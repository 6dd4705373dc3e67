#pragma once
/*
 * What a trap saves: all integer registers of the interrupted context and the
 * trap's own CSRs, at the top of the thread's kernel stack (or, for a trap
 * inside the kernel, wherever sp was). Assembly and C share the offsets
 * below; the assertions keep them equal.
 */
#define TF_RA      (1 * 8)
#define TF_SP      (2 * 8)
#define TF_GP      (3 * 8)
#define TF_TP      (4 * 8)
#define TF_X(n)    ((n) * 8)
#define TF_A0      (10 * 8)
#define TF_SEPC    (0 * 8) /* the slot of x0 */
#define TF_SSTATUS (32 * 8)
#define TF_SCAUSE  (33 * 8)
#define TF_STVAL   (34 * 8)
#define TF_ORIG_A0 (35 * 8) /* a0 as it was at a system call's entry */
#define TF_SIZE    (36 * 8)

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct trapframe {
	union {
		uint64_t x[32]; /* x[n] is register xn; x[0] holds sepc */
		struct {
			uint64_t sepc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
			uint64_t a0, a1, a2, a3, a4, a5, a6, a7;
			uint64_t s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
			uint64_t t3, t4, t5, t6;
		};
	};
	uint64_t sstatus;
	uint64_t scause;
	uint64_t stval;
	uint64_t orig_a0;
};

_Static_assert(sizeof(struct trapframe) == TF_SIZE, "trap frame size");
_Static_assert(TF_SIZE % 16 == 0, "sp stays 16-byte aligned");
_Static_assert(offsetof(struct trapframe, a0) == TF_A0, "a0");
_Static_assert(offsetof(struct trapframe, t6) == TF_X(31), "t6");
_Static_assert(offsetof(struct trapframe, sstatus) == TF_SSTATUS, "sstatus");
_Static_assert(offsetof(struct trapframe, stval) == TF_STVAL, "stval");
#endif
