/*
 * RFENCE (SBI 3.0, chapter "RFENCE Extension", EID 0x52464E43): fences on
 * other harts. When a call returns, the fences have been done.
 *
 * Ranges are in bytes; start = size = 0, or size = ~0, means all addresses.
 * Errors: SBI_ERR_INVALID_PARAM for an unknown (newer firmware: also for a
 * stopped) hart, SBI_ERR_INVALID_ADDRESS for a bad range,
 * SBI_ERR_NOT_SUPPORTED for the hypervisor's fences on a hart without H.
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
 * The three that a kernel needs, for any set of harts by their ids in as few
 * calls as possible (ascending ids are best). They go on after an error and
 * return the first one; they fall back on the legacy calls for ids below 64.
 */
long sbi_remote_fence_i_many(const unsigned long *ids, size_t n);
long sbi_remote_sfence_vma_many(const unsigned long *ids, size_t n,
				unsigned long start, unsigned long size);
long sbi_remote_sfence_vma_asid_many(const unsigned long *ids, size_t n,
				     unsigned long start, unsigned long size,
				     unsigned long asid);
