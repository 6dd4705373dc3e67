/*
 * The RFENCE extension. All seven functions begin with a hart mask and a
 * range, so one routine makes the call; behind the first three are the legacy
 * calls. That the extension is there is remembered.
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

static bool have_rfence;

static long fence(unsigned long mask, unsigned long base, unsigned long start,
		  unsigned long size, unsigned long id, enum rfence_fid fid);

static __attribute__((noinline)) long
fence_otherwise(unsigned long mask, unsigned long base, unsigned long start,
		unsigned long size, unsigned long id, enum rfence_fid fid)
{
	struct sbi_hartmask harts = { mask, base };
	struct sbi_legacy_mask space;
	const unsigned long *vector;

	have_rfence = sbi_probe(SBI_EXT_RFENCE);
	if (have_rfence)
		return fence(mask, base, start, size, id, fid);
	if (!sbi_legacy_mask(harts, &space, &vector))
		return SBI_ERR_INVALID_PARAM;
	switch (fid) {
	case RFENCE_FENCE_I:
		return sbi_legacy_remote_fence_i(vector);
	case RFENCE_SFENCE_VMA:
		return sbi_legacy_remote_sfence_vma(vector, start, size);
	case RFENCE_SFENCE_VMA_ASID:
		return sbi_legacy_remote_sfence_vma_asid(vector, start, size,
							 id);
	default:
		return SBI_ERR_NOT_SUPPORTED;
	}
}

/* Inline, and in this order, as the arguments are in their registers then. */
static inline __attribute__((always_inline)) long
fence(unsigned long mask, unsigned long base, unsigned long start,
      unsigned long size, unsigned long id, enum rfence_fid fid)
{
	if (!have_rfence)
		return fence_otherwise(mask, base, start, size, id, fid);
	return sbi_ecall(SBI_EXT_RFENCE, fid, mask, base, start, size, id,
			 sbi_any())
		.error;
}

static long fence_many(enum rfence_fid fid, const struct sbi_harts *harts,
		       unsigned long start, unsigned long size,
		       unsigned long id)
{
	struct sbi_hartmask part;
	long err, first = 0;
	size_t at = 0;

	while (sbi_harts_next(harts, &at, &part)) {
		err = fence(part.mask, part.base, start, size, id, fid);
		if (!first)
			first = err;
	}
	return first;
}

long sbi_remote_fence_i(struct sbi_hartmask harts)
{
	return fence(harts.mask, harts.base, sbi_any(), sbi_any(), sbi_any(),
		     RFENCE_FENCE_I);
}

long sbi_remote_sfence_vma(struct sbi_hartmask harts, unsigned long start,
			   unsigned long size)
{
	return fence(harts.mask, harts.base, start, size, sbi_any(),
		     RFENCE_SFENCE_VMA);
}

long sbi_remote_sfence_vma_asid(struct sbi_hartmask harts, unsigned long start,
				unsigned long size, unsigned long asid)
{
	return fence(harts.mask, harts.base, start, size, asid,
		     RFENCE_SFENCE_VMA_ASID);
}

long sbi_remote_hfence_gvma_vmid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long vmid)
{
	return fence(harts.mask, harts.base, start, size, vmid,
		     RFENCE_HFENCE_GVMA_VMID);
}

long sbi_remote_hfence_gvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size)
{
	return fence(harts.mask, harts.base, start, size, 0,
		     RFENCE_HFENCE_GVMA);
}

long sbi_remote_hfence_vvma_asid(struct sbi_hartmask harts, unsigned long start,
				 unsigned long size, unsigned long asid)
{
	return fence(harts.mask, harts.base, start, size, asid,
		     RFENCE_HFENCE_VVMA_ASID);
}

long sbi_remote_hfence_vvma(struct sbi_hartmask harts, unsigned long start,
			    unsigned long size)
{
	return fence(harts.mask, harts.base, start, size, 0,
		     RFENCE_HFENCE_VVMA);
}

long sbi_remote_fence_i_many(const struct sbi_harts *harts)
{
	return fence_many(RFENCE_FENCE_I, harts, 0, 0, 0);
}

long sbi_remote_sfence_vma_many(const struct sbi_harts *harts,
				unsigned long start, unsigned long size)
{
	return fence_many(RFENCE_SFENCE_VMA, harts, start, size, 0);
}

long sbi_remote_sfence_vma_asid_many(const struct sbi_harts *harts,
				     unsigned long start, unsigned long size,
				     unsigned long asid)
{
	return fence_many(RFENCE_SFENCE_VMA_ASID, harts, start, size, asid);
}
