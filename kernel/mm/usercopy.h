#pragma once
/*
 * The only way to user memory. It is reached in place (SUM stays set); an
 * access that faults and cannot be mended lands in the fix-up table instead
 * of a panic. Every address is checked against USER_TOP first.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/types.h"

typedef uint64_t uaddr_t;

/* 0 or -EFAULT. They may sleep (the fault may read a file): no spinlock, page
 * lock or handle is held. */
int copy_from_user(void *dst, uaddr_t src, size_t n);
int copy_to_user(uaddr_t dst, const void *src, size_t n);
int clear_user(uaddr_t dst, size_t n);
/* Copies a string with its NUL; length without it, -EFAULT, or
 * -ENAMETOOLONG when no NUL is found in n bytes. */
long strncpy_from_user(char *dst, uaddr_t src, size_t n);

/* Never sleep, never fault pages in: usable under locks. Number of bytes that
 * were NOT copied. */
size_t copy_from_user_nofault(void *dst, uaddr_t src, size_t n);
size_t copy_to_user_nofault(uaddr_t dst, const void *src, size_t n);
/* Faults in the pages of [p, p+n) so that a nofault copy is likely to work;
 * -EFAULT if the first byte cannot be reached. */
int fault_in_user(uaddr_t p, size_t n, bool write);

/* Is [p, p+n) inside user space (whether mapped or not)? */
bool user_range_ok(uaddr_t p, size_t n);

#define get_user(var, p) copy_from_user(&(var), (uaddr_t)(p), sizeof(var))
#define put_user(val, p)                                                       \
	({                                                                     \
		__typeof__(val) v_ = (val);                                    \
		copy_to_user((uaddr_t)(p), &v_, sizeof(v_));                   \
	})

/*
 * The FP registers of the current thread, which has used some (thread.fp), to
 * and from a struct sigcontext_q in user memory at p, a multiple of 8. 0,
 * -EFAULT (some registers may have changed then), or -EINVAL: the words that
 * must be zero are not.
 */
int fp_save_to_user(uaddr_t p);
int fp_restore_from_user(uaddr_t p);

/* Atomic compare-and-exchange of a 32-bit word in user memory, for futexes;
 * *old gets what was there. 0 or -EFAULT. */
int cmpxchg_user_u32(uaddr_t p, uint32_t expect, uint32_t desired,
		     uint32_t *old);

/* Looks up a faulting kernel pc in the fix-up table: the pc to go on at, or
 * 0. Called by the trap code. */
uint64_t usercopy_fixup(uint64_t pc);

/* A row of that table, in the assembly of a C file; both are labels. */
#define FIXUP(insn, to)                         \
	"	.pushsection __ex_table, \"a\"\n" \
	"	.balign	4\n"                     \
	"	.4byte	" insn " - .\n"           \
	"	.4byte	" to " - .\n"             \
	"	.popsection\n"
