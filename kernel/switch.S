/*
 * What C cannot say: changing from one kernel stack to another, and the
 * floating-point registers, which the kernel itself is compiled without.
 */
	.text

/*
 * void switch_context(struct context *from, const struct context *to)
 * Saves the callee-saved registers in from, loads those of to, and returns
 * to where that thread called from. tp (the current thread) is not among
 * them: struct context lies inside struct thread.
 */
#include "kernel/thread.h"

	.globl switch_context
switch_context:
	sd	ra, 0(a0)
	sd	sp, 8(a0)
	sd	s0, 16(a0)
	sd	s1, 24(a0)
	sd	s2, 32(a0)
	sd	s3, 40(a0)
	sd	s4, 48(a0)
	sd	s5, 56(a0)
	sd	s6, 64(a0)
	sd	s7, 72(a0)
	sd	s8, 80(a0)
	sd	s9, 88(a0)
	sd	s10, 96(a0)
	sd	s11, 104(a0)
	ld	ra, 0(a1)
	ld	sp, 8(a1)
	ld	s0, 16(a1)
	ld	s1, 24(a1)
	ld	s2, 32(a1)
	ld	s3, 40(a1)
	ld	s4, 48(a1)
	ld	s5, 56(a1)
	ld	s6, 64(a1)
	ld	s7, 72(a1)
	ld	s8, 80(a1)
	ld	s9, 88(a1)
	ld	s10, 96(a1)
	ld	s11, 104(a1)
	addi	tp, a1, -THREAD_CONTEXT
	ret

	.option push
	.option arch, +d

/* void fp_save(struct fpstate *): sstatus.FS must not be off. */
	.globl fp_save
fp_save:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	fsd	f\n, (\n * 8)(a0)
	.endr
	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fsd	f\n, (\n * 8)(a0)
	.endr
	frcsr	t0
	sw	t0, 256(a0)
	ret

/* void fp_restore(const struct fpstate *) */
	.globl fp_restore
fp_restore:
	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	fld	f\n, (\n * 8)(a0)
	.endr
	.irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	fld	f\n, (\n * 8)(a0)
	.endr
	lw	t0, 256(a0)
	fscsr	t0
	ret
	.option pop
