#pragma once
/*
 * Traps: what trapvec.S calls. Interrupts are taken in user mode through the
 * vector, and polled for in the kernel (sched.c); so a trap inside the kernel
 * is a fault on user memory, or a bug.
 */
#include "kernel/trapframe.h"

extern char trap_vector[];
/* By hart index: tops of the stacks for a trap without one. */
extern uint64_t *emergency_stacks;

void trap_user(struct trapframe *tf);   /* not a system call */
void trap_work(struct trapframe *tf);   /* until nothing is left to do */
void syscall_return_work(struct trapframe *tf);
void trap_kernel(struct trapframe *tf);
void trap_stack_overflow(struct trapframe *tf) __attribute__((noreturn));
