/*
 * FWFT (SBI 3.0, chapter "SBI Firmware Features Extension", EID 0x46574654):
 * what only M-mode can switch on a hart, switched for the kernel.
 *
 * A feature with bit 31 is the whole machine's, any other the calling hart's:
 * each hart sets it for itself, and again when it was stopped. Bit 30 says
 * that it is the platform's own. Values last over a suspend.
 *
 * Only from specification 3.0 on: before, firmware answered a locked feature
 * with DENIED. sbi_probe() says no there.
 */
#pragma once

#include "sbi/sbi.h"

enum sbi_fwft_feature {
	/* 1: a misaligned access traps to S-mode, 0: firmware does it */
	SBI_FWFT_MISALIGNED_DELEG,
	/* 1: an indirect jump must end at a landing pad (Zicfilp) */
	SBI_FWFT_LANDING_PAD,
	/* 1: return addresses are kept a second time (Zicfiss) */
	SBI_FWFT_SHADOW_STACK,
	/* 1: a trap within a trap is told apart (Ssdbltrp) */
	SBI_FWFT_DOUBLE_TRAP,
	/* 1: the hart sets A and D in page tables itself (Svadu) */
	SBI_FWFT_PTE_AD_HW_UPDATING,
	/* how many upper bits of an address are ignored: 0, 7, 16 (Ssnpm) */
	SBI_FWFT_POINTER_MASKING_PMLEN,
	SBI_FWFT_FEATURES, /* how many there are */
};

/* The value stays until the hart, or the machine, is reset. */
#define SBI_FWFT_LOCK (1UL << 0)

/*
 * Errors: NOT_SUPPORTED (the machine cannot), INVALID_PARAM (value, flags),
 * DENIED (reserved, or forbidden), DENIED_LOCKED, FAILED.
 */
long sbi_fwft_set(uint32_t feature, unsigned long value, unsigned long flags);
/* Errors: NOT_SUPPORTED, DENIED, FAILED. */
long sbi_fwft_get(uint32_t feature, unsigned long *value);

/* "misaligned delegation" and so on; NULL for a reserved one. */
const char *sbi_fwft_feature_name(uint32_t feature);
