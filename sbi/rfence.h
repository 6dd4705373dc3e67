/*
 * RFENCE (SBI 3.0, chapter "RFENCE Extension", EID 0x52464E43): fences on
 * other harts. When a call returns, the fences have been done.
 *
 * Ranges are in bytes; start = size = 0, or size = ~0, means all addresses.
 * Errors: INVALID_PARAM (a hart is unknown or, on newer firmware, stopped),
 * INVALID_ADDRESS (range), NOT_SUPPORTED (a hypervisor's fence on a hart
 * without H), FAILED. The first three functions fall back on the legacy calls
 * where the extension is missing; a hart id from 1024 on is INVALID_PARAM
 * there.
 */
#pragma once

#include "sbi/sbi.h"

long sbi_remote_fence_i(struct sbi_hartmask harts);
long sbi_remote_sfence_vma(struct sbi_hartmask harts, unsigned long start,
			   unsigned long size);
long sbi_remote_sfence_vma_asid(struct sbi_hartmask harts, unsigned long start,
				unsigned long size, unsigned long asid);
/* For hypervisors: guest-physical, then guest-virtual translations. */
long sbi_remote_hfence_gvma_vmid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long vmid);
long sbi_remote_hfence_gvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size);
long sbi_remote_hfence_vvma_asid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long asid);
long sbi_remote_hfence_vvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size);

/*
 * The three that a kernel needs, for any set of harts in as few calls as
 * possible. They go on after an error and return the first one.
 */
long sbi_remote_fence_i_many(const struct sbi_harts *harts);
long sbi_remote_sfence_vma_many(const struct sbi_harts *harts,
				unsigned long start, unsigned long size);
long sbi_remote_sfence_vma_asid_many(const struct sbi_harts *harts,
				     unsigned long start, unsigned long size,
				     unsigned long asid);
