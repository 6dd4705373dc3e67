/*
 * Entry and end of the handlers of software events: see sse_place.h.
 */
#include "kernel/sbitest/sse_place.h"
#include "sbi/sbi.h"

#define SSTATUS_SDT (1 << 24)
#define SSE_INJECT  7

	.text
	/* All that C may change; a6 and a7 are the firmware's to give back. */
	.macro	each what
	\what	x1, PLACE_X(1)(a7)
	.irp	n, 3,4,5,6,7,8,10,11,12,13,14,15,28,29,30,31
	\what	x\n, PLACE_X(\n)(a7)
	.endr
	.endm

	.balign 4
	.globl sse_entry
sse_entry:
	sd	sp, PLACE_X(2)(a7)
	each	sd
	ld	sp, PLACE_STACK(a7)
	ld	tp, PLACE_THREAD(a7)
	ld	t0, PLACE_FN(a7)
	mv	s0, a7
	mv	a0, a7
	mv	a1, a6
	jalr	t0
	mv	a7, s0
	ld	sp, PLACE_X(2)(a7)
	each	ld
	j	sbi_sse_complete_from_assembly

	.globl sse_provoke
sse_provoke:
	mv	t2, ra
	li	a6, SSE_INJECT
	li	a7, SBI_EXT_SSE
	call	sbi_ecall_from_assembly
	mv	ra, t2
	rdtime	t0
	add	a4, a4, t0
1:	lw	t1, 0(a2)
	bne	t1, a3, 2f
	rdtime	t0
	bltu	t0, a4, 1b
2:	ret

	.globl sse_double_trap
sse_double_trap:
	li	t0, SSTATUS_SDT
	csrs	sstatus, t0
	.option	push
	.option	norvc
	ld	t1, 0(zero)
	.option	pop
	csrc	sstatus, t0
	ret
	.section .note.GNU-stack, "", @progbits
