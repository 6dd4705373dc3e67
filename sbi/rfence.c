/*
 * The RFENCE extension. All seven functions begin with a hart mask and a
 * range, so one routine makes the call; the legacy calls behind the first
 * three take the address of a bit vector from hart 0 on.
 */
#include "sbi/rfence.h"
#include "sbi/legacy.h"

enum rfence_fid {
	RFENCE_FENCE_I,
	RFENCE_SFENCE_VMA,
	RFENCE_SFENCE_VMA_ASID,
	RFENCE_HFENCE_GVMA_VMID,
	RFENCE_HFENCE_GVMA,
	RFENCE_HFENCE_VVMA_ASID,
	RFENCE_HFENCE_VVMA,
};

#define WORD_BITS (8 * sizeof(unsigned long))

static long legacy_fence(enum rfence_fid fid, struct sbi_hartmask harts,
			 unsigned long start, unsigned long size,
			 unsigned long id)
{
	unsigned long word, *mask = &word;

	if (harts.base == ~0UL) {
		mask = NULL;
	} else {
		if (harts.base >= WORD_BITS)
			return SBI_ERR_INVALID_PARAM;
		word = harts.mask << harts.base;
		if (word >> harts.base != harts.mask)
			return SBI_ERR_INVALID_PARAM;
	}
	switch (fid) {
	case RFENCE_FENCE_I:
		return sbi_legacy_remote_fence_i(mask);
	case RFENCE_SFENCE_VMA:
		return sbi_legacy_remote_sfence_vma(mask, start, size);
	case RFENCE_SFENCE_VMA_ASID:
		return sbi_legacy_remote_sfence_vma_asid(mask, start, size, id);
	default:
		return SBI_ERR_NOT_SUPPORTED;
	}
}

static long fence(enum rfence_fid fid, struct sbi_hartmask harts,
		  unsigned long start, unsigned long size, unsigned long id)
{
	if (!sbi_probe(SBI_EXT_RFENCE))
		return legacy_fence(fid, harts, start, size, id);
	return sbi_ecall(SBI_EXT_RFENCE, fid, harts.mask, harts.base, start,
			 size, id, 0)
		.error;
}

static long fence_many(enum rfence_fid fid, const unsigned long *ids, size_t n,
		       unsigned long start, unsigned long size,
		       unsigned long id)
{
	struct sbi_hartmask harts;
	long err, first = 0;
	size_t done;

	for (; n; ids += done, n -= done) {
		done = sbi_hartmask_pack(ids, n, &harts);
		err = fence(fid, harts, start, size, id);
		if (!first)
			first = err;
	}
	return first;
}

long sbi_remote_fence_i(struct sbi_hartmask harts)
{
	return fence(RFENCE_FENCE_I, harts, 0, 0, 0);
}

long sbi_remote_sfence_vma(struct sbi_hartmask harts, unsigned long start,
			   unsigned long size)
{
	return fence(RFENCE_SFENCE_VMA, harts, start, size, 0);
}

long sbi_remote_sfence_vma_asid(struct sbi_hartmask harts, unsigned long start,
				unsigned long size, unsigned long asid)
{
	return fence(RFENCE_SFENCE_VMA_ASID, harts, start, size, asid);
}

long sbi_remote_hfence_gvma_vmid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long vmid)
{
	return fence(RFENCE_HFENCE_GVMA_VMID, harts, start, size, vmid);
}

long sbi_remote_hfence_gvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size)
{
	return fence(RFENCE_HFENCE_GVMA, harts, start, size, 0);
}

long sbi_remote_hfence_vvma_asid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long asid)
{
	return fence(RFENCE_HFENCE_VVMA_ASID, harts, start, size, asid);
}

long sbi_remote_hfence_vvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size)
{
	return fence(RFENCE_HFENCE_VVMA, harts, start, size, 0);
}

long sbi_remote_fence_i_many(const unsigned long *ids, size_t n)
{
	return fence_many(RFENCE_FENCE_I, ids, n, 0, 0, 0);
}

long sbi_remote_sfence_vma_many(const unsigned long *ids, size_t n,
				unsigned long start, unsigned long size)
{
	return fence_many(RFENCE_SFENCE_VMA, ids, n, start, size, 0);
}

long sbi_remote_sfence_vma_asid_many(const unsigned long *ids, size_t n,
				     unsigned long start, unsigned long size,
				     unsigned long asid)
{
	return fence_many(RFENCE_SFENCE_VMA_ASID, ids, n, start, size, asid);
}
