/*
 * The PMU extension.
 */
#include "sbi/pmu.h"
#include "sbi/text.h"

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

_Static_assert(sizeof(struct sbi_pmu_snapshot) == 4096, "");
_Static_assert(sizeof(struct sbi_pmu_event_info) == 16, "");

static const char *const hw_names[SBI_PMU_HW_EVENTS] = {
	"none",
	"cycles",
	"instructions",
	"cache references",
	"cache misses",
	"branches",
	"branch misses",
	"bus cycles",
	"stalled cycles, front end",
	"stalled cycles, back end",
	"reference cycles",
};

static const char *const cache_names[SBI_PMU_CACHES] = {
	"L1D", "L1I", "last level", "DTLB", "ITLB", "BPU", "node",
};

static const char *const op_names[SBI_PMU_CACHE_OPS] = {
	"read",
	"write",
	"prefetch",
};

/* The first six are one each; the others go in pairs, sent and received. */
static const char *const fw_names[] = {
	"misaligned load",     "misaligned store",    "access fault, load",
	"access fault, store", "illegal instruction", "set_timer",
};

static const char *const fw_pairs[] = {
	"IPI",         "fence.i",          "sfence.vma",  "sfence.vma asid",
	"hfence.gvma", "hfence.gvma vmid", "hfence.vvma", "hfence.vvma asid",
};

static void fw_text(struct sbi_text *t, unsigned long code)
{
	sbi_text_string(t, "firmware ");
	if (code <= SBI_PMU_FW_SET_TIMER) {
		sbi_text_string(t, fw_names[code]);
		return;
	}
	code -= SBI_PMU_FW_IPI_SENT;
	sbi_text_string(t, fw_pairs[code / 2]);
	sbi_text_string(t, code % 2 ? " received" : " sent");
}

static void cache_text(struct sbi_text *t, unsigned long code)
{
	sbi_text_string(t, cache_names[code >> 3]);
	sbi_text_char(t, ' ');
	sbi_text_string(t, op_names[code >> 1 & 3]);
	sbi_text_string(t, code & 1 ? " misses" : " accesses");
}

char *sbi_pmu_event_text(unsigned long event, char *buf, size_t size)
{
	struct sbi_text t = { buf, size, 0 };
	unsigned long type = event >> 16, code = event & 0xffff;

	if (type == SBI_PMU_TYPE_HW && code < SBI_PMU_HW_EVENTS) {
		sbi_text_string(&t, hw_names[code]);
	} else if (type == SBI_PMU_TYPE_CACHE && code >> 3 < SBI_PMU_CACHES &&
		   (code >> 1 & 3) < SBI_PMU_CACHE_OPS) {
		cache_text(&t, code);
	} else if (type == SBI_PMU_TYPE_FW && code < SBI_PMU_FW_EVENTS) {
		fw_text(&t, code);
	} else {
		sbi_text_string(&t, "event 0x");
		sbi_text_number(&t, event, 16);
	}
	return buf;
}

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
	return sbi_ecall_shmem(SBI_EXT_PMU, PMU_SNAPSHOT_SET_SHMEM, pa, 0);
}

long sbi_pmu_event_get_info(uint64_t pa, unsigned long n)
{
	return sbi_ecall(SBI_EXT_PMU, PMU_EVENT_GET_INFO, pa, 0, n, 0, 0, 0)
		.error;
}
