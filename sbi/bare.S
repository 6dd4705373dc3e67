/*
 * The instruction by itself, for assembly that has the arguments in their
 * registers already: where there is no C, or where it would be in the way of
 * looking at all registers. Not watched. Its address may be a physical one.
 */
#include "sbi/sbi.h"

#define SSE_COMPLETE 6

	.globl	sbi_ecall_from_assembly
	.section .text.sbi_ecall_from_assembly, "ax"
	.type	sbi_ecall_from_assembly, @function
sbi_ecall_from_assembly:
	ecall
	ret
	.size	sbi_ecall_from_assembly, . - sbi_ecall_from_assembly

/*
 * The end of an SSE handler, to be jumped to: all registers as they were when
 * it began, but a6 and a7, which the firmware gives back. It comes back from
 * that only if the firmware refuses, and there is no other way.
 */
	.globl	sbi_sse_complete_from_assembly
	.section .text.sbi_sse_complete_from_assembly, "ax"
	.type	sbi_sse_complete_from_assembly, @function
sbi_sse_complete_from_assembly:
	li	a6, SSE_COMPLETE
	li	a7, SBI_EXT_SSE
	ecall
1:	wfi
	j	1b
	.size	sbi_sse_complete_from_assembly, . - sbi_sse_complete_from_assembly
	.section .note.GNU-stack, "", @progbits
