/*
 * The instruction by itself, for assembly that has the arguments in their
 * registers already: where there is no C, or where it would be in the way of
 * looking at all registers. Not watched. Its address may be a physical one.
 */
	.globl	sbi_ecall_from_assembly
	.section .text.sbi_ecall_from_assembly, "ax"
	.type	sbi_ecall_from_assembly, @function
sbi_ecall_from_assembly:
	ecall
	ret
	.size	sbi_ecall_from_assembly, . - sbi_ecall_from_assembly
	.section .note.GNU-stack, "", @progbits
