/*
 * The FWFT extension.
 */
#include "sbi/fwft.h"

enum fwft_fid { FWFT_SET, FWFT_GET };

static const char *const feature_names[SBI_FWFT_FEATURES] = {
	"misaligned delegation", "landing pad",    "shadow stack",
	"double trap",           "page table A/D", "pointer masking",
};

const char *sbi_fwft_feature_name(uint32_t feature)
{
	return feature < SBI_FWFT_FEATURES ? feature_names[feature] : NULL;
}

long sbi_fwft_set(uint32_t feature, unsigned long value, unsigned long flags)
{
	return sbi_ecall3(SBI_EXT_FWFT, FWFT_SET, feature, value, flags).error;
}

long sbi_fwft_get(uint32_t feature, unsigned long *value)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_FWFT, FWFT_GET, feature);

	if (!ret.error)
		*value = ret.value;
	return ret.error;
}
