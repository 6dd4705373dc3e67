/*
 * The PMU extension.
 */
#include "sbi/pmu.h"

enum pmu_fid {
	PMU_NUM_COUNTERS,
	PMU_COUNTER_GET_INFO,
	PMU_CONFIG_MATCHING,
	PMU_START,
	PMU_STOP,
	PMU_FW_READ,
	PMU_FW_READ_HI,
	PMU_SNAPSHOT_SET_SHMEM,
	PMU_EVENT_GET_INFO,
};

unsigned long sbi_pmu_num_counters(void)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_PMU, PMU_NUM_COUNTERS);

	return ret.error ? 0 : ret.value;
}

long sbi_pmu_counter_get_info(unsigned long idx, struct sbi_pmu_counter *info)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_PMU, PMU_COUNTER_GET_INFO, idx);

	if (ret.error)
		return ret.error;
	info->firmware = ret.value >> (8 * sizeof(ret.value) - 1);
	info->csr = ret.value & 0xfff;
	info->width = (ret.value >> 12 & 0x3f) + 1;
	return 0;
}

long sbi_pmu_config_matching(struct sbi_pmu_counters counters,
			     unsigned long flags, unsigned long event,
			     uint64_t event_data, unsigned long *idx)
{
	struct sbiret ret =
		sbi_ecall(SBI_EXT_PMU, PMU_CONFIG_MATCHING, counters.base,
			  counters.mask, flags, event, event_data, 0);

	if (!ret.error)
		*idx = ret.value;
	return ret.error;
}

long sbi_pmu_start(struct sbi_pmu_counters counters, unsigned long flags,
		   uint64_t initial)
{
	return sbi_ecall(SBI_EXT_PMU, PMU_START, counters.base, counters.mask,
			 flags, initial, 0, 0)
		.error;
}

long sbi_pmu_stop(struct sbi_pmu_counters counters, unsigned long flags)
{
	return sbi_ecall3(SBI_EXT_PMU, PMU_STOP, counters.base, counters.mask,
			  flags)
		.error;
}

static long fw_read(enum pmu_fid fid, unsigned long idx, uint64_t *value)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_PMU, fid, idx);

	if (!ret.error)
		*value = ret.value;
	return ret.error;
}

long sbi_pmu_fw_read(unsigned long idx, uint64_t *value)
{
	return fw_read(PMU_FW_READ, idx, value);
}

long sbi_pmu_fw_read_hi(unsigned long idx, uint64_t *value)
{
	return fw_read(PMU_FW_READ_HI, idx, value);
}

long sbi_pmu_snapshot_set_shmem(uint64_t pa)
{
	/* "Off" is all ones in both words. */
	return sbi_ecall3(SBI_EXT_PMU, PMU_SNAPSHOT_SET_SHMEM, pa,
			  pa == UINT64_MAX ? ~0UL : 0, 0)
		.error;
}

long sbi_pmu_event_get_info(uint64_t pa, unsigned long n)
{
	return sbi_ecall(SBI_EXT_PMU, PMU_EVENT_GET_INFO, pa, 0, n, 0, 0, 0)
		.error;
}
