/*
 * How this library asks the kernel.  SYS(name, ...) makes the call with up to
 * six arguments and gives what the kernel gave: a result, or a negative errno.
 * syscall_result() is the one border where that becomes -1 and errno.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/abi/syscalls.h"

long __syscall_fail(long err);

static inline long syscall_result(long ret)
{
	if (__builtin_expect((unsigned long)ret > -ABI_ERRNO_MAX - 1ul, 0))
		return __syscall_fail(ret);
	return ret;
}

static inline long syscall0(long n)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0");

	__asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
	return a0;
}

static inline long syscall1(long n, long a)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
	return a0;
}

static inline long syscall2(long n, long a, long b)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1) : "memory");
	return a0;
}

static inline long syscall3(long n, long a, long b, long c)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2)
			 : "memory");
	return a0;
}

static inline long syscall4(long n, long a, long b, long c, long d)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3)
			 : "memory");
	return a0;
}

static inline long syscall5(long n, long a, long b, long c, long d, long e)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4)
			 : "memory");
	return a0;
}

static inline long syscall6(long n, long a, long b, long c, long d, long e,
			    long f)
{
	register long a7 __asm__("a7") = n;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}

/* Pick the function by the number of arguments; pointers become long. */
#define SYS_0(n)          syscall0(n)
#define SYS_1(n, a)       syscall1(n, (long)(a))
#define SYS_2(n, a, b)    syscall2(n, (long)(a), (long)(b))
#define SYS_3(n, a, b, c) syscall3(n, (long)(a), (long)(b), (long)(c))
#define SYS_4(n, a, b, c, d)                                                   \
	syscall4(n, (long)(a), (long)(b), (long)(c), (long)(d))
#define SYS_5(n, a, b, c, d, e)                                                \
	syscall5(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define SYS_6(n, a, b, c, d, e, f)                                             \
	syscall6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e),     \
		 (long)(f))
#define SYS_PICK(n, a, b, c, d, e, f, which, ...) which
#define SYS_RAW(...)                                                           \
	SYS_PICK(__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1, SYS_0, \
		 0)                                                            \
	(__VA_ARGS__)

/* SYS: the kernel's answer.  CALL: the same with errno set on failure. */
#define SYS(name, ...)  SYS_RAW(SYS_##name, ##__VA_ARGS__)
#define CALL(name, ...) syscall_result(SYS(name, ##__VA_ARGS__))
