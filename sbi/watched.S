/*
 * The call that is watched. It is called in the place of an `ecall` and keeps
 * its promise: every register but a0 and a1 comes back as it was, so that
 * whoever calls the firmware has nothing to save for it. The way back is in
 * t6, whose value is the one thing that may be lost.
 */
	.globl	sbi_ecall_watched
	.section .text.sbi_ecall_watched, "ax"
	.type	sbi_ecall_watched, @function
sbi_ecall_watched:
	addi	sp, sp, -112
	sd	ra, 0(sp)
	.irp	n, 5,6,7
	sd	x\n, (\n - 4) * 8(sp)
	.endr
	.irp	n, 12,13,14,15,16,17
	sd	x\n, (\n - 8) * 8(sp)
	.endr
	.irp	n, 28,29,30,31
	sd	x\n, (\n - 18) * 8(sp)
	.endr
	/* a0 to a5, a6 and a7 are the arguments of the C function, too. */
	call	sbi_ecall_traced
	ld	ra, 0(sp)
	.irp	n, 5,6,7
	ld	x\n, (\n - 4) * 8(sp)
	.endr
	.irp	n, 12,13,14,15,16,17
	ld	x\n, (\n - 8) * 8(sp)
	.endr
	.irp	n, 28,29,30,31
	ld	x\n, (\n - 18) * 8(sp)
	.endr
	addi	sp, sp, 112
	jr	t6
	.size	sbi_ecall_watched, . - sbi_ecall_watched
	.section .note.GNU-stack, "", @progbits
