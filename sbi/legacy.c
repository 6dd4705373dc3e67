/*
 * The legacy calls: one extension number each, no function number. The error
 * that a firmware without them returns is that of an unknown extension.
 */
#include "sbi/legacy.h"

#define WORD_BITS (8 * sizeof(unsigned long))

bool sbi_legacy_mask(struct sbi_hartmask harts, struct sbi_legacy_mask *mask,
		     const unsigned long **out)
{
	unsigned long id;
	size_t i;

	*out = NULL;
	if (harts.base == SBI_HARTMASK_ALL.base)
		return true;
	*mask = (struct sbi_legacy_mask){ 0 };
	for (i = 0; i < WORD_BITS; i++) {
		if (!(harts.mask >> i & 1))
			continue;
		if (harts.base >= SBI_LEGACY_HARTS - i)
			return false;
		id = harts.base + i;
		mask->word[id / WORD_BITS] |= 1UL << id % WORD_BITS;
	}
	*out = mask->word;
	return true;
}

long sbi_legacy_set_timer(uint64_t time)
{
	return sbi_ecall1(SBI_EXT_LEGACY_SET_TIMER, 0, time).error;
}

long sbi_legacy_console_putchar(unsigned char c)
{
	return sbi_ecall1(SBI_EXT_LEGACY_PUTCHAR, 0, c).error;
}

long sbi_legacy_console_getchar(void)
{
	return sbi_ecall0(SBI_EXT_LEGACY_GETCHAR, 0).error;
}

long sbi_legacy_clear_ipi(void)
{
	return sbi_ecall0(SBI_EXT_LEGACY_CLEAR_IPI, 0).error;
}

long sbi_legacy_send_ipi(const unsigned long *mask)
{
	return sbi_ecall1(SBI_EXT_LEGACY_SEND_IPI, 0, (uintptr_t)mask).error;
}

long sbi_legacy_remote_fence_i(const unsigned long *mask)
{
	return sbi_ecall1(SBI_EXT_LEGACY_FENCE_I, 0, (uintptr_t)mask).error;
}

long sbi_legacy_remote_sfence_vma(const unsigned long *mask,
				  unsigned long start, unsigned long size)
{
	return sbi_ecall3(SBI_EXT_LEGACY_SFENCE_VMA, 0, (uintptr_t)mask, start,
			  size)
		.error;
}

long sbi_legacy_remote_sfence_vma_asid(const unsigned long *mask,
				       unsigned long start, unsigned long size,
				       unsigned long asid)
{
	return sbi_ecall(SBI_EXT_LEGACY_SFENCE_VMA_ASID, 0, (uintptr_t)mask,
			 start, size, asid, 0, 0)
		.error;
}

void sbi_legacy_shutdown(void)
{
	sbi_ecall0(SBI_EXT_LEGACY_SHUTDOWN, 0);
}
