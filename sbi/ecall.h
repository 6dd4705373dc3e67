/*
 * The one instruction by which the kernel asks the firmware for something.
 *
 * SBI specification, chapter "Binary Encoding": a7 holds the extension, a6
 * the function, a0-a5 the arguments; a0 comes back as the error and a1 as the
 * value. Every other register is preserved. Extension and function numbers
 * are 32 bits wide. Memory is clobbered: the firmware reads and writes
 * buffers, and starts harts that must see what was stored before.
 *
 * The unit tests put a model of a firmware in its place.
 */
#pragma once

#include <stdint.h>

/* error: 0 or a negative SBI_ERR_*; value: means something when error is 0 */
struct sbiret {
	long error;
	unsigned long value;
};

#ifdef SBI_HOST_TEST
struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5);
#else
static inline struct sbiret sbi_ecall(uint32_t eid, uint32_t fid,
				      unsigned long arg0, unsigned long arg1,
				      unsigned long arg2, unsigned long arg3,
				      unsigned long arg4, unsigned long arg5)
{
	register unsigned long a0 __asm__("a0") = arg0;
	register unsigned long a1 __asm__("a1") = arg1;
	register unsigned long a2 __asm__("a2") = arg2;
	register unsigned long a3 __asm__("a3") = arg3;
	register unsigned long a4 __asm__("a4") = arg4;
	register unsigned long a5 __asm__("a5") = arg5;
	register unsigned long a6 __asm__("a6") = fid;
	register unsigned long a7 __asm__("a7") = eid;
	struct sbiret ret;

	__asm__ __volatile__("ecall"
			     : "+r"(a0), "+r"(a1)
			     : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6),
			       "r"(a7)
			     : "memory");
	ret.error = (long)a0;
	ret.value = a1;
	return ret;
}
#endif

static inline struct sbiret sbi_ecall0(uint32_t eid, uint32_t fid)
{
	return sbi_ecall(eid, fid, 0, 0, 0, 0, 0, 0);
}

static inline struct sbiret sbi_ecall1(uint32_t eid, uint32_t fid,
				       unsigned long a)
{
	return sbi_ecall(eid, fid, a, 0, 0, 0, 0, 0);
}

static inline struct sbiret sbi_ecall2(uint32_t eid, uint32_t fid,
				       unsigned long a, unsigned long b)
{
	return sbi_ecall(eid, fid, a, b, 0, 0, 0, 0);
}

static inline struct sbiret sbi_ecall3(uint32_t eid, uint32_t fid,
				       unsigned long a, unsigned long b,
				       unsigned long c)
{
	return sbi_ecall(eid, fid, a, b, c, 0, 0, 0);
}
