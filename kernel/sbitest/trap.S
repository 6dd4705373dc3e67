/*
 * Traps that a check expects: see struct sbitest_trap, which sscratch points
 * to meanwhile.
 */
#include "kernel/riscv.h"
#include "kernel/sbitest/trap.h"

	.text
	.balign 4
	.globl sbitest_vector
sbitest_vector:
	csrrw	t0, sscratch, t0
	sd	t1, TRAP_T1(t0)
	sd	t2, TRAP_T2(t0)
	ld	t1, TRAP_COUNT(t0)
	addi	t1, t1, 1
	sd	t1, TRAP_COUNT(t0)
	csrr	t1, stval
	sd	t1, TRAP_TVAL(t0)
	csrr	t1, sip
	sd	t1, TRAP_SIP(t0)
	csrr	t2, sepc
	sd	t2, TRAP_EPC(t0)
	csrr	t1, scause
	sd	t1, TRAP_CAUSE(t0)
	bltz	t1, interrupt
	/* Nothing could be fetched there: as if the function had returned. */
	li	t2, EXC_INST_ACCESS
	beq	t1, t2, fetch
	li	t2, EXC_INST_PAGE_FAULT
	beq	t1, t2, fetch
	/* Past the instruction: 2 bytes long, or 4 when the low bits are 3. */
	csrr	t2, sepc
	lhu	t1, (t2)
	addi	t2, t2, 2
	andi	t1, t1, 3
	addi	t1, t1, -3
	bnez	t1, 1f
	addi	t2, t2, 2
1:	csrw	sepc, t2
	j	back
fetch:
	csrw	sepc, ra
	j	back
interrupt:
	li	t1, SSTATUS_SPIE
	csrc	sstatus, t1
back:
	ld	t1, TRAP_T1(t0)
	ld	t2, TRAP_T2(t0)
	csrrw	t0, sscratch, t0
	sret
