#pragma once
/*
 * System calls. The list in kernel/abi/syscalls.h makes the dispatch table;
 * each row is a function sys_NAME somewhere in kernel/sys_*.c, defined with
 * one of the macros below.
 *
 * A program may leave anything in the upper half of an argument register,
 * while the compiler takes an int to be sign-extended. So the outer function
 * takes whole registers, and narrows them before the body sees its types.
 */
#include <stdint.h>

#include "kernel/abi/errno.h"
#include "kernel/abi/types.h"

typedef uint64_t uaddr_t;

#define SYSCALL0(name)           \
	long sys_##name(void);   \
	long sys_##name(void)
#define SYSCALL1(name, t1, a1)                                 \
	static inline long do_##name(t1 a1);                   \
	long sys_##name(uint64_t);                             \
	long sys_##name(uint64_t r1)                           \
	{                                                      \
		return do_##name((t1)r1);                      \
	}                                                      \
	static inline long do_##name(t1 a1)
#define SYSCALL2(name, t1, a1, t2, a2)                         \
	static inline long do_##name(t1 a1, t2 a2);            \
	long sys_##name(uint64_t, uint64_t);                   \
	long sys_##name(uint64_t r1, uint64_t r2)              \
	{                                                      \
		return do_##name((t1)r1, (t2)r2);              \
	}                                                      \
	static inline long do_##name(t1 a1, t2 a2)
#define SYSCALL3(name, t1, a1, t2, a2, t3, a3)                   \
	static inline long do_##name(t1 a1, t2 a2, t3 a3);       \
	long sys_##name(uint64_t, uint64_t, uint64_t);           \
	long sys_##name(uint64_t r1, uint64_t r2, uint64_t r3)   \
	{                                                        \
		return do_##name((t1)r1, (t2)r2, (t3)r3);        \
	}                                                        \
	static inline long do_##name(t1 a1, t2 a2, t3 a3)
#define SYSCALL4(name, t1, a1, t2, a2, t3, a3, t4, a4)                        \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4);             \
	long sys_##name(uint64_t, uint64_t, uint64_t, uint64_t);              \
	long sys_##name(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4)   \
	{                                                                     \
		return do_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4);             \
	}                                                                     \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4)
#define SYSCALL5(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5)                \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);      \
	long sys_##name(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);    \
	long sys_##name(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,   \
	                uint64_t r5)                                          \
	{                                                                     \
		return do_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4, (t5)r5);     \
	}                                                                     \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5)
#define SYSCALL6(name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6)        \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5,       \
	                             t6 a6);                                  \
	long sys_##name(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,     \
	                uint64_t);                                            \
	long sys_##name(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4,   \
	                uint64_t r5, uint64_t r6)                             \
	{                                                                     \
		return do_##name((t1)r1, (t2)r2, (t3)r3, (t4)r4, (t5)r5,      \
		                 (t6)r6);                                     \
	}                                                                     \
	static inline long do_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6)

struct trapframe;

/* The name of a call for messages, made in buf, or NULL. */
const char *syscall_name(unsigned number, char *buf, size_t size);
/* Called once per program and number: says which call is missing. */
long syscall_missing(void);
/* trapvec.S: a call of no known number, or of a traced thread. */
long syscall_odd(void);
