/*
 * The one instruction by which the kernel asks the firmware for something.
 *
 * SBI specification, chapter "Binary Encoding": a7 holds the extension, a6
 * the function, a0-a5 the arguments; a0 comes back as the error and a1 as the
 * value. Every other register is preserved. Extension and function numbers
 * are 32 bits wide. Memory is clobbered: the firmware reads and writes
 * buffers, and starts harts that must see what was stored before.
 *
 * Every call can be watched. While nobody does, that costs the look at one
 * pointer: three instructions, and a register.
 *
 * The unit tests put a model of a firmware in the place of the instruction.
 */
#pragma once

#include <stdint.h>

/* error: 0 or a negative SBI_ERR_*; value: means something when error is 0 */
struct sbiret {
	long error;
	unsigned long value;
};

/*
 * A call that was made: what was asked, what came back, and when. What the
 * call does not define of `args` is anything.
 */
struct sbi_call {
	uint32_t eid, fid;
	unsigned long args[6];
	struct sbiret ret;
	uint64_t start, end; /* ticks of the `time` register */
};

/*
 * While this is set, every call that comes back is shown to it, on the hart
 * that made it, with interrupts as they were. It must make no call itself.
 * What does not return is not shown: a hart that stops, a reset. Set back to
 * NULL, it may still be running, or about to, on another hart.
 */
extern void (*sbi_trace_hook)(const struct sbi_call *call);

/*
 * A watched call. The arguments stand as those of the firmware do, so that
 * none has to be moved.
 */
struct sbiret sbi_ecall_traced(unsigned long arg0, unsigned long arg1,
			       unsigned long arg2, unsigned long arg3,
			       unsigned long arg4, unsigned long arg5,
			       unsigned long fid, unsigned long eid);

#ifdef SBI_HOST_TEST
struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5);
struct sbiret sbi_ecall_bare(uint32_t eid, uint32_t fid, unsigned long arg0,
			     unsigned long arg1, unsigned long arg2,
			     unsigned long arg3, unsigned long arg4,
			     unsigned long arg5);
uint64_t sbi_time_now(void);
unsigned long sbi_any(void);
#else
#define SBI_ECALL(instructions)                                                \
	register unsigned long a0 __asm__("a0") = arg0;                        \
	register unsigned long a1 __asm__("a1") = arg1;                        \
	register unsigned long a2 __asm__("a2") = arg2;                        \
	register unsigned long a3 __asm__("a3") = arg3;                        \
	register unsigned long a4 __asm__("a4") = arg4;                        \
	register unsigned long a5 __asm__("a5") = arg5;                        \
	register unsigned long a6 __asm__("a6") = fid;                         \
	register unsigned long a7 __asm__("a7") = eid;                         \
	struct sbiret ret;                                                     \
                                                                               \
	__asm__ __volatile__(instructions                                      \
			     : "+r"(a0), "+r"(a1)                              \
			     : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6),    \
			       "r"(a7)                                         \
			     : "t6", "memory");                                \
	ret.error = (long)a0;                                                  \
	ret.value = a1;                                                        \
	return ret

/* All functions of this folder make their calls through here. */
static inline struct sbiret sbi_ecall(uint32_t eid, uint32_t fid,
				      unsigned long arg0, unsigned long arg1,
				      unsigned long arg2, unsigned long arg3,
				      unsigned long arg4, unsigned long arg5)
{
	SBI_ECALL("	ld	t6, sbi_trace_hook\n"
		  "	beqz	t6, 1f\n"
		  "	la	t6, sbi_ecall_watched\n"
		  "	jalr	t6, t6\n"
		  "	j	2f\n"
		  "1:	ecall\n"
		  "2:");
}

/* The watched call itself. */
static inline struct sbiret
sbi_ecall_bare(uint32_t eid, uint32_t fid, unsigned long arg0,
	       unsigned long arg1, unsigned long arg2, unsigned long arg3,
	       unsigned long arg4, unsigned long arg5)
{
	SBI_ECALL("ecall");
}

static inline uint64_t sbi_time_now(void)
{
	uint64_t now;

	__asm__ __volatile__("rdtime %0" : "=r"(now) : : "memory");
	return now;
}

/* What happens to be in a register. */
static inline unsigned long sbi_any(void)
{
	unsigned long any;

	__asm__ __volatile__("" : "=r"(any));
	return any;
}
#endif

/* The registers that a call does not use are left as they are. */
static inline struct sbiret sbi_ecall3(uint32_t eid, uint32_t fid,
				       unsigned long a, unsigned long b,
				       unsigned long c)
{
	return sbi_ecall(eid, fid, a, b, c, sbi_any(), sbi_any(), sbi_any());
}

static inline struct sbiret sbi_ecall2(uint32_t eid, uint32_t fid,
				       unsigned long a, unsigned long b)
{
	return sbi_ecall3(eid, fid, a, b, sbi_any());
}

static inline struct sbiret sbi_ecall1(uint32_t eid, uint32_t fid,
				       unsigned long a)
{
	return sbi_ecall2(eid, fid, a, sbi_any());
}

static inline struct sbiret sbi_ecall0(uint32_t eid, uint32_t fid)
{
	return sbi_ecall1(eid, fid, sbi_any());
}

/*
 * The call that five extensions have: `pa` is where the memory lies that this
 * hart shares with the firmware, SBI_SHMEM_OFF takes it back. It goes over as
 * low and high word; "off" is all ones in both. Firmware checks the address
 * and refuses what S-mode may not touch.
 */
#define SBI_SHMEM_OFF UINT64_MAX

static inline long sbi_ecall_shmem(uint32_t eid, uint32_t fid, uint64_t pa,
				   unsigned long flags)
{
	return sbi_ecall3(eid, fid, pa, pa == SBI_SHMEM_OFF ? ~0UL : 0, flags)
		.error;
}
