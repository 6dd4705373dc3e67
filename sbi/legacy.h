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

#include <stdint.h>

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
