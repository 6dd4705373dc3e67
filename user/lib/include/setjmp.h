/*
 * Jumps out of nested calls.  All registers that a call keeps are saved, those
 * of floating point too: a program that never uses setjmp never touches them.
 * Neither setjmp nor _setjmp keeps the signal mask; sigsetjmp does on request.
 */
#pragma once

#include "kernel/abi/signal.h"

typedef struct {
	unsigned long regs[14]; /* ra, sp, s0-s11 */
	unsigned long fregs[12];
	unsigned long has_mask;
	sigset_t mask;
} jmp_buf[1];
typedef jmp_buf sigjmp_buf;

__attribute__((returns_twice)) int setjmp(jmp_buf env);
__attribute__((returns_twice)) int _setjmp(jmp_buf env);
__attribute__((returns_twice)) int sigsetjmp(sigjmp_buf env, int save_mask);
_Noreturn void longjmp(jmp_buf env, int value);
_Noreturn void _longjmp(jmp_buf env, int value);
_Noreturn void siglongjmp(sigjmp_buf env, int value);
