/*
 * The nine calls of SBI 0.1 (SBI 3.0, chapter "Legacy Extensions", EIDs 0 to
 * 8). Deprecated, and optional since 0.2, but every OpenSBI up to 1.9 has
 * them, and older firmware has nothing else for the console.
 *
 * They return only a0, and their hart masks are *virtual* addresses of a bit
 * vector that the firmware reads through the caller's translation; a fault
 * there arrives at the ecall instruction. NULL means all harts.
 */
#pragma once

#include "sbi/sbi.h"

/*
 * A set of harts as these calls read it: bit i of the whole is hart i. The
 * firmware reads as many words as it has harts for.
 */
#define SBI_LEGACY_HARTS 1024
struct sbi_legacy_mask {
	unsigned long word[SBI_LEGACY_HARTS / (8 * sizeof(unsigned long))];
};

/*
 * `mask` filled with these harts; the pointer to pass then comes back, NULL
 * for all harts. False when one of them has too high an id.
 */
bool sbi_legacy_mask(struct sbi_hartmask harts, struct sbi_legacy_mask *mask,
		     const unsigned long **out);

/* `time` at which the timer interrupt comes; ~0 for never. */
long sbi_legacy_set_timer(uint64_t time);
/* Waits until the byte is out; without a console it is dropped. */
long sbi_legacy_console_putchar(unsigned char c);
/* A byte, or a negative number when none is there. Does not wait. */
long sbi_legacy_console_getchar(void);
/* 1 when an IPI was pending; OpenSBI says 0 always. sip.SSIP is simpler. */
long sbi_legacy_clear_ipi(void);
long sbi_legacy_send_ipi(const unsigned long *mask);
long sbi_legacy_remote_fence_i(const unsigned long *mask);
/* start = size = 0, or size = ~0: all addresses. In bytes. */
long sbi_legacy_remote_sfence_vma(const unsigned long *mask,
				  unsigned long start, unsigned long size);
long sbi_legacy_remote_sfence_vma_asid(const unsigned long *mask,
				       unsigned long start, unsigned long size,
				       unsigned long asid);
/* Comes back only when the firmware does not know the call. */
void sbi_legacy_shutdown(void);
