/*
 * The IPI extension, with the legacy call behind it. That the extension is
 * there is remembered: the call is on the way of every wake-up.
 */
#include "sbi/ipi.h"
#include "sbi/legacy.h"

#define IPI_SEND_IPI 0

static bool have_ipi;

static __attribute__((noinline)) long send_ipi_otherwise(unsigned long mask,
							 unsigned long base)
{
	struct sbi_hartmask harts = { mask, base };
	struct sbi_legacy_mask space;
	const unsigned long *vector;

	have_ipi = sbi_probe(SBI_EXT_IPI);
	if (have_ipi)
		return sbi_send_ipi(harts);
	if (!sbi_legacy_mask(harts, &space, &vector))
		return SBI_ERR_INVALID_PARAM;
	return sbi_legacy_send_ipi(vector);
}

long sbi_send_ipi(struct sbi_hartmask harts)
{
	if (!have_ipi)
		return send_ipi_otherwise(harts.mask, harts.base);
	return sbi_ecall2(SBI_EXT_IPI, IPI_SEND_IPI, harts.mask, harts.base)
		.error;
}

long sbi_send_ipi_many(const struct sbi_harts *harts)
{
	struct sbi_hartmask mask;
	long err, first = 0;
	size_t at = 0;

	while (sbi_harts_next(harts, &at, &mask)) {
		err = sbi_send_ipi(mask);
		if (!first)
			first = err;
	}
	return first;
}
