/*
 * How functions of files that are made small (COLD in the Makefile) begin and
 * end: gcc's -msave-restore calls these instead of saving registers in place.
 * As the RISC-V psABI's toolchain conventions have them: `call t0,
 * __riscv_save_N` pushes ra and s0 to s(N-1), and whoever jumps to
 * __riscv_restore_N pops them and returns. The stack stays a multiple of 16;
 * t1 is free.
 */
	.section .text.save, "ax"

	.macro	entry name
	.globl	\name
	.type	\name, @function
\name:
	.endm

	entry	__riscv_save_12
	addi	sp, sp, -112
	li	t1, 0
	sd	s11, 8(sp)
	j	1f
	entry	__riscv_save_11
	entry	__riscv_save_10
	addi	sp, sp, -112
	li	t1, 16
1:	sd	s10, 16(sp)
	sd	s9, 24(sp)
	j	1f
	entry	__riscv_save_9
	entry	__riscv_save_8
	addi	sp, sp, -112
	li	t1, 32
1:	sd	s8, 32(sp)
	sd	s7, 40(sp)
	j	1f
	entry	__riscv_save_7
	entry	__riscv_save_6
	addi	sp, sp, -112
	li	t1, 48
1:	sd	s6, 48(sp)
	sd	s5, 56(sp)
	j	1f
	entry	__riscv_save_5
	entry	__riscv_save_4
	addi	sp, sp, -112
	li	t1, 64
1:	sd	s4, 64(sp)
	sd	s3, 72(sp)
	j	1f
	entry	__riscv_save_3
	entry	__riscv_save_2
	addi	sp, sp, -112
	li	t1, 80
1:	sd	s2, 80(sp)
	sd	s1, 88(sp)
	sd	s0, 96(sp)
	sd	ra, 104(sp)
	/* What was not saved goes back; only now, for a trap may come. */
	add	sp, sp, t1
	jr	t0

	entry	__riscv_save_1
	entry	__riscv_save_0
	addi	sp, sp, -16
	sd	s0, 0(sp)
	sd	ra, 8(sp)
	jr	t0

	entry	__riscv_restore_12
	ld	s11, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_11
	entry	__riscv_restore_10
	ld	s10, 0(sp)
	ld	s9, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_9
	entry	__riscv_restore_8
	ld	s8, 0(sp)
	ld	s7, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_7
	entry	__riscv_restore_6
	ld	s6, 0(sp)
	ld	s5, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_5
	entry	__riscv_restore_4
	ld	s4, 0(sp)
	ld	s3, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_3
	entry	__riscv_restore_2
	ld	s2, 0(sp)
	ld	s1, 8(sp)
	addi	sp, sp, 16
	entry	__riscv_restore_1
	entry	__riscv_restore_0
	ld	s0, 0(sp)
	ld	ra, 8(sp)
	addi	sp, sp, 16
	ret
