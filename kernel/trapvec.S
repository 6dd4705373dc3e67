/*
 * Trap entry and return.
 *
 * In user mode sscratch holds the current thread, in the kernel zero; so one
 * swap with tp tells where the trap came from. The registers go to the top of
 * the thread's kernel stack. System calls are dispatched right here: they need
 * nothing but their arguments, which are still in the registers.
 *
 * While C runs, sstatus has SIE = 0 (no interrupts in the kernel), SPP = 0 and
 * SPIE = 1, so sret goes to user mode without anything being written; a trap
 * inside the kernel (a fault on user memory, or a bug) puts its own SPP and
 * SPIE back just before its sret.
 */
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "kernel/thread.h"
#include "kernel/trapframe.h"

	.macro save_most
	sd	ra, TF_RA(sp)
	sd	gp, TF_GP(sp)
	.irp n,5,6,7,8,9,10,11,12,13,14,15,16,17
	sd	x\n, TF_X(\n)(sp)
	.endr
	.irp n,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	sd	x\n, TF_X(\n)(sp)
	.endr
	.endm

	.macro load_most
	ld	ra, TF_RA(sp)
	ld	gp, TF_GP(sp)
	.irp n,5,6,7,8,9,10,11,12,13,14,15,16,17
	ld	x\n, TF_X(\n)(sp)
	.endr
	.irp n,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	ld	x\n, TF_X(\n)(sp)
	.endr
	.endm

	.text
	.balign 64
	.globl trap_vector
trap_vector:
	csrrw	tp, sscratch, tp
	beqz	tp, from_kernel

	sd	sp, THREAD_SCRATCH(tp)
	ld	sp, THREAD_KSTACK_TOP(tp)
	addi	sp, sp, -TF_SIZE
	save_most
	ld	t0, THREAD_SCRATCH(tp)
	csrrw	t1, sscratch, zero
	csrr	t2, sepc
	csrr	t3, scause
	sd	t0, TF_SP(sp)
	sd	t1, TF_TP(sp)
	li	t0, EXC_ECALL_U
	bne	t3, t0, not_a_syscall

	/* System call a7 with arguments a0 to a5. */
	addi	t2, t2, 4
	sd	a0, TF_ORIG_A0(sp)
	sd	t2, TF_SEPC(sp)
	lw	t0, THREAD_CALL_LIMIT(tp)
	lla	t1, syscall_table
	bgeu	a7, t0, 2f
	slli	t0, a7, 3
	add	t1, t1, t0
	ld	t1, 0(t1)
1:	jalr	t1
	sd	a0, TF_A0(sp)
	lw	t0, THREAD_WORK(tp)
	bnez	t0, syscall_work
	csrw	sscratch, tp
	ld	t0, TF_SEPC(sp)
	csrw	sepc, t0
	ld	tp, TF_TP(sp)
	load_most
	ld	sp, TF_SP(sp)
	sret
2:	lla	t1, syscall_odd
	j	1b

	/* An interrupt or a fault in user mode. */
not_a_syscall:
	csrr	t0, sstatus
	csrr	t1, stval
	sd	t2, TF_SEPC(sp)
	sd	t3, TF_SCAUSE(sp)
	sd	t0, TF_SSTATUS(sp)
	sd	t1, TF_STVAL(sp)
	mv	a0, sp
	call	trap_user
	lw	t0, THREAD_WORK(tp)
	beqz	t0, user_return
	mv	a0, sp
	call	trap_work
	.globl user_return
user_return:
	csrw	sscratch, tp
	ld	t0, TF_SEPC(sp)
	csrw	sepc, t0
	ld	tp, TF_TP(sp)
	load_most
	ld	sp, TF_SP(sp)
	sret

	/* A call that must not go straight back: signals, slices, tracing. */
syscall_work:
	mv	a0, sp
	call	syscall_return_work
	j	user_return

	/*
	 * A trap inside the kernel. The stack is looked at first: bit 14 of a
	 * good stack pointer is set, the guard below clears it.
	 */
from_kernel:
	csrrw	tp, sscratch, tp
	addi	sp, sp, -TF_SIZE
	csrw	sscratch, t0
	slli	t0, sp, 63 - KSTACK_SHIFT
	bgez	t0, stack_overflow
	csrrw	t0, sscratch, zero
	save_most
	sd	tp, TF_TP(sp)
	addi	t0, sp, TF_SIZE
	sd	t0, TF_SP(sp)
	csrr	t2, sepc
	csrr	t3, scause
	csrr	t4, sstatus
	csrr	t5, stval
	sd	t2, TF_SEPC(sp)
	sd	t3, TF_SCAUSE(sp)
	sd	t4, TF_SSTATUS(sp)
	sd	t5, TF_STVAL(sp)
	li	t0, SSTATUS_SPP
	csrc	sstatus, t0
	li	t0, SSTATUS_SPIE
	csrs	sstatus, t0
	mv	a0, sp
	call	trap_kernel
	li	t0, SSTATUS_SPIE
	csrc	sstatus, t0
	li	t0, SSTATUS_SPP
	csrs	sstatus, t0
	ld	t0, TF_SEPC(sp)
	csrw	sepc, t0
	load_most
	ld	sp, TF_SP(sp)
	sret

	/* No stack to save on: take the hart's emergency stack; t0 is in
	 * sscratch. This ends in a panic. */
stack_overflow:
	lla	t0, emergency_stacks
	ld	t0, 0(t0)
	beqz	t0, 3f
	addi	sp, sp, TF_SIZE
	sd	sp, THREAD_SCRATCH(tp)
	mv	sp, t0
	ld	t0, THREAD_HART(tp)
	lw	t0, HART_INDEX(t0)
	slli	t0, t0, 3
	add	sp, sp, t0
	ld	sp, 0(sp)
	addi	sp, sp, -TF_SIZE
	csrrw	t0, sscratch, zero
	save_most
	sd	tp, TF_TP(sp)
	ld	t0, THREAD_SCRATCH(tp)
	sd	t0, TF_SP(sp)
	csrr	t2, sepc
	csrr	t3, scause
	csrr	t4, sstatus
	csrr	t5, stval
	sd	t2, TF_SEPC(sp)
	sd	t3, TF_SCAUSE(sp)
	sd	t4, TF_SSTATUS(sp)
	sd	t5, TF_STVAL(sp)
	mv	a0, sp
	call	trap_stack_overflow
3:	wfi
	j	3b

	/* Where a thread's first switch lands. */
	.globl thread_first_kernel
thread_first_kernel:
	call	sched_finish_switch
	call	thread_run_kernel

	.globl thread_first_user
thread_first_user:
	call	sched_finish_switch
	lw	t0, THREAD_WORK(tp)
	beqz	t0, user_return
	mv	a0, sp
	call	trap_work
	j	user_return

	/* void thread_enter_user(struct trapframe *tf): a kernel thread that
	 * has exec'ed; tf is the frame at the top of its stack. */
	.globl thread_enter_user
thread_enter_user:
	mv	sp, a0
	j	user_return
