/*
 * See hand.h.
 */
#include "kernel/riscv.h"
#include "kernel/sbitest/hand.h"

	.option norelax
	.text

/* From the firmware, paging off: all addresses are relative to pc. */
	.balign 4
	.globl hand_entry
hand_entry:
	csrr	t0, satp
	csrr	t1, sstatus
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	lla	t2, lost
	csrw	stvec, t2
	/* The next record */
	lla	t2, hand_next
	li	t3, 1
	amoadd.w t3, t3, (t2)
	li	t4, HAND_SLOTS
	bgeu	t3, t4, lost
	slli	t3, t3, HAND_SHIFT
	lla	t2, hand_table
	ld	s0, (t2)
	add	s0, s0, t3
	/* What was found */
	sd	a0, HAND_A0(s0)
	sd	a1, HAND_A1(s0)
	sd	t0, HAND_SATP(s0)
	sd	t1, HAND_SSTATUS(s0)
	fence	rw, rw
	li	t0, 1
	sd	t0, HAND_HERE(s0)

	/* For an IPI, and only then a look whether there is an order */
idle:
	li	t0, SIE_SSIE
	csrw	sie, t0
1:	csrr	t0, sip
	andi	t0, t0, SIP_SSIP
	bnez	t0, 2f
	wfi
	j	1b
2:	csrci	sip, SIP_SSIP
	fence	rw, rw
	ld	t0, HAND_ASKED(s0)
	ld	t1, HAND_DONE(s0)
	beq	t0, t1, 1b
	ld	t1, HAND_SIE(s0)
	csrw	sie, t1
	.irp	n, 0,1,2,3,4,5,6,7
	ld	a\n, HAND_REG + 8 * \n(s0)
	.endr
	call	sbi_ecall_from_assembly
	sd	a0, HAND_RET(s0)
	sd	a1, HAND_RET + 8(s0)
	fence	rw, rw
	ld	t0, HAND_ASKED(s0)
	sd	t0, HAND_DONE(s0)
	j	idle

	/* A trap, or one arrival too many */
	.balign 4
lost:
	csrw	sie, zero
	wfi
	j	lost

/* long hand_sleep(eid, fid, type, opaque, resume_pa) */
	.globl hand_sleep
hand_sleep:
	lla	t0, sleeper
	csrr	t1, satp
	sd	t1, SLEEPER_SATP(t0)
	csrr	t1, stvec
	sd	t1, SLEEPER_STVEC(t0)
	lla	t1, awake
	sd	t1, SLEEPER_AWAKE(t0)
	sd	ra, SLEEPER_REG(t0)
	sd	sp, SLEEPER_REG + 8(t0)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	sd	s\n, SLEEPER_REG + 16 + 8 * \n(t0)
	.endr
	sd	tp, SLEEPER_TP(t0)
	mv	a7, a0
	mv	a6, a1
	mv	a0, a2
	mv	a1, a4
	mv	a2, a3
	call	sbi_ecall_from_assembly
	ld	ra, SLEEPER_REG(t0)
	ret

/* Paging off again */
	.balign 4
	.globl hand_resume
hand_resume:
	csrr	t1, satp
	csrr	t2, sstatus
	csrw	sie, zero
	csrci	sstatus, SSTATUS_SIE
	lla	t0, sleeper
	sd	a0, SLEEPER_A0(t0)
	sd	a1, SLEEPER_A1(t0)
	sd	t1, SLEEPER_FSATP(t0)
	sd	t2, SLEEPER_FSTATUS(t0)
	/* The fault of the next fetch is the jump. */
	ld	t1, SLEEPER_AWAKE(t0)
	csrw	stvec, t1
	ld	t1, SLEEPER_SATP(t0)
	sfence.vma
	csrw	satp, t1
	j	lost

	.balign 4
awake:
	lla	t0, sleeper
	ld	t1, SLEEPER_STVEC(t0)
	csrw	stvec, t1
	ld	ra, SLEEPER_REG(t0)
	ld	sp, SLEEPER_REG + 8(t0)
	.irp	n, 0,1,2,3,4,5,6,7,8,9,10,11
	ld	s\n, SLEEPER_REG + 16 + 8 * \n(t0)
	.endr
	ld	tp, SLEEPER_TP(t0)
	li	a0, 1
	ret

	.section .data.hand, "aw"
	.balign 8
	.globl hand_table
hand_table:
	.dword	0
	.globl hand_next
hand_next:
	.word	0
