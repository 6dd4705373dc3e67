/*
 * The IPI extension. The legacy call behind it takes the address of a bit
 * vector from hart 0 on; one word of it is all that such firmware is used
 * with.
 */
#include "sbi/ipi.h"
#include "sbi/legacy.h"

#define IPI_SEND_IPI 0
#define WORD_BITS    (8 * sizeof(unsigned long))

static bool to_legacy_mask(struct sbi_hartmask harts, unsigned long *mask)
{
	if (harts.base >= WORD_BITS)
		return false;
	*mask = harts.mask << harts.base;
	return *mask >> harts.base == harts.mask;
}

long sbi_send_ipi(struct sbi_hartmask harts)
{
	unsigned long mask;

	if (sbi_probe(SBI_EXT_IPI))
		return sbi_ecall2(SBI_EXT_IPI, IPI_SEND_IPI, harts.mask,
				  harts.base)
			.error;
	if (harts.base == ~0UL)
		return sbi_legacy_send_ipi(NULL);
	if (!to_legacy_mask(harts, &mask))
		return SBI_ERR_INVALID_PARAM;
	return sbi_legacy_send_ipi(&mask);
}

long sbi_send_ipi_many(const unsigned long *ids, size_t n)
{
	struct sbi_hartmask harts;
	long err, first = 0;
	size_t done;

	for (; n; ids += done, n -= done) {
		done = sbi_hartmask_pack(ids, n, &harts);
		err = sbi_send_ipi(harts);
		if (!first)
			first = err;
	}
	return first;
}
