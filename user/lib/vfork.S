/*
 * vfork: the child runs on the parent's stack until it execs or ends, so the
 * return address has to be in a register, and no frame may be made here.
 */
	.section .text.vfork, "ax"
	.globl	vfork
	.type	vfork, @function
vfork:
	li	a0, 0x4111		/* CLONE_VM | CLONE_VFORK | SIGCHLD */
	li	a1, 0			/* same stack */
	li	a7, 220			/* clone */
	ecall
	bltz	a0, 1f
	ret
1:	tail	__syscall_fail
	.size	vfork, . - vfork

	.section .note.GNU-stack, "", @progbits
