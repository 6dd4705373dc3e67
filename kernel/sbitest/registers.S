/*
 * unsigned long sbitest_registers(eid, fid, arg0, arg1)
 *
 * Makes the call, with a pattern in each register that the firmware is to
 * keep, and gives the set of those that it has not kept: bit n for xn. ra, gp
 * and tp are not looked at: with a wrong one nobody would read this.
 */
#include "kernel/riscv.h"

#define PATTERN(n) (0x5b100 + (n) * 0x111)

	.text
	.globl sbitest_registers
sbitest_registers:
	addi	sp, sp, -128
	sd	ra, 0(sp)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	sd	s\n, 8 + 8 * \n(sp)
	.endr
	sd	a0, 104(sp)
	sd	a1, 112(sp)
	mv	a7, a0
	mv	a6, a1
	mv	a0, a2
	mv	a1, a3
	.irp	n, 5,6,7,8,9,12,13,14,15,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	li	x\n, PATTERN(\n)
	.endr
	csrw	sscratch, sp
	call	sbi_ecall_from_assembly
	/* a0 and a1 are free: one collects, one compares. */
	csrrw	a1, sscratch, zero
	xor	a1, a1, sp
	snez	a1, a1
	slli	a0, a1, 2
	.irp	n, 5,6,7,8,9,12,13,14,15,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	li	a1, PATTERN(\n)
	xor	a1, a1, x\n
	snez	a1, a1
	slli	a1, a1, \n
	or	a0, a0, a1
	.endr
	ld	a1, 112(sp)
	xor	a1, a1, a6
	snez	a1, a1
	slli	a1, a1, 16
	or	a0, a0, a1
	ld	a1, 104(sp)
	xor	a1, a1, a7
	snez	a1, a1
	slli	a1, a1, 17
	or	a0, a0, a1
	ld	ra, 0(sp)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	ld	s\n, 8 + 8 * \n(sp)
	.endr
	addi	sp, sp, 128
	ret
