/*
 * setjmp and longjmp.  The layout is jmp_buf's in <setjmp.h>: ra, sp, s0-s11,
 * fs0-fs11, then whether a signal mask was kept, and the mask.
 */
	.section .text.setjmp, "ax"
	.globl	setjmp
	.globl	_setjmp
	.globl	__setjmp_regs
	.type	setjmp, @function
	.type	_setjmp, @function
setjmp:
_setjmp:
	sd	zero, 208(a0)		/* no mask kept */
__setjmp_regs:
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
	fsd	fs0, 112(a0)
	fsd	fs1, 120(a0)
	fsd	fs2, 128(a0)
	fsd	fs3, 136(a0)
	fsd	fs4, 144(a0)
	fsd	fs5, 152(a0)
	fsd	fs6, 160(a0)
	fsd	fs7, 168(a0)
	fsd	fs8, 176(a0)
	fsd	fs9, 184(a0)
	fsd	fs10, 192(a0)
	fsd	fs11, 200(a0)
	li	a0, 0
	ret
	.size	setjmp, . - setjmp

	.section .text.sigsetjmp, "ax"
	.globl	sigsetjmp
	.type	sigsetjmp, @function
sigsetjmp:
	sd	a1, 208(a0)
	beqz	a1, 1f
	addi	sp, sp, -16
	sd	ra, 0(sp)
	sd	a0, 8(sp)
	addi	a2, a0, 216		/* sigprocmask(SIG_BLOCK, 0, &mask) */
	li	a1, 0
	li	a0, 0
	call	sigprocmask
	ld	ra, 0(sp)
	ld	a0, 8(sp)
	addi	sp, sp, 16
1:	tail	__setjmp_regs
	.size	sigsetjmp, . - sigsetjmp

	.section .text.longjmp, "ax"
	.globl	longjmp
	.globl	_longjmp
	.globl	siglongjmp
	.type	longjmp, @function
	.type	_longjmp, @function
	.type	siglongjmp, @function
longjmp:
_longjmp:
siglongjmp:
	mv	s0, a0			/* s0, s1 are reloaded below */
	mv	s1, a1
	ld	t0, 208(a0)
	beqz	t0, 1f
	addi	a1, a0, 216		/* sigprocmask(SIG_SETMASK, &mask, 0) */
	li	a2, 0
	li	a0, 2
	call	sigprocmask
1:	mv	a1, s0
	seqz	a0, s1			/* a value of 0 becomes 1 */
	add	a0, a0, s1
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
	fld	fs0, 112(a1)
	fld	fs1, 120(a1)
	fld	fs2, 128(a1)
	fld	fs3, 136(a1)
	fld	fs4, 144(a1)
	fld	fs5, 152(a1)
	fld	fs6, 160(a1)
	fld	fs7, 168(a1)
	fld	fs8, 176(a1)
	fld	fs9, 184(a1)
	fld	fs10, 192(a1)
	fld	fs11, 200(a1)
	ret
	.size	longjmp, . - longjmp

	.section .note.GNU-stack, "", @progbits
