/*
 * PMU (SBI 3.0, chapter "Performance Monitoring Unit Extension", EID
 * 0x504D55): the firmware programs the event selectors, which are M-mode
 * registers, and counts its own events.
 *
 * A counter is an index below sbi_pmu_num_counters(). Hardware counters are
 * read as CSRs, and only the listed ones may be touched: on some firmware the
 * read of another one crashes it. Firmware counters are read by a call.
 * Everything concerns the calling hart.
 */
#pragma once

#include "sbi/sbi.h"

/* Event index: type in bits 19:16, code in 15:0 */
#define SBI_PMU_EVENT(type, code) ((unsigned long)(type) << 16 | (code))
#define SBI_PMU_TYPE_HW           0  /* general: cycles, instructions... */
#define SBI_PMU_TYPE_CACHE        1  /* cache_id << 3 | op << 1 | result */
#define SBI_PMU_TYPE_RAW          2  /* data: mhpmevent[47:0], code 0 */
#define SBI_PMU_TYPE_RAW_V2       3  /* data: mhpmevent[55:0], since 3.0 */
#define SBI_PMU_TYPE_FW           15 /* data: for FW_PLATFORM only */

enum sbi_pmu_hw_event {
	SBI_PMU_HW_NONE,
	SBI_PMU_HW_CYCLES,
	SBI_PMU_HW_INSTRUCTIONS,
	SBI_PMU_HW_CACHE_REFERENCES,
	SBI_PMU_HW_CACHE_MISSES,
	SBI_PMU_HW_BRANCHES,
	SBI_PMU_HW_BRANCH_MISSES,
	SBI_PMU_HW_BUS_CYCLES,
	SBI_PMU_HW_STALLED_FRONTEND,
	SBI_PMU_HW_STALLED_BACKEND,
	SBI_PMU_HW_REF_CYCLES, /* at a fixed rate */
	SBI_PMU_HW_EVENTS,
};

enum sbi_pmu_cache {
	SBI_PMU_L1D,
	SBI_PMU_L1I,
	SBI_PMU_LL,
	SBI_PMU_DTLB,
	SBI_PMU_ITLB,
	SBI_PMU_BPU,
	SBI_PMU_NODE,
	SBI_PMU_CACHES,
};
enum sbi_pmu_cache_op {
	SBI_PMU_READ,
	SBI_PMU_WRITE,
	SBI_PMU_PREFETCH,
	SBI_PMU_CACHE_OPS,
};
/* `miss`: 0 counts accesses, 1 misses */
#define SBI_PMU_CACHE_EVENT(cache, op, miss)                                   \
	SBI_PMU_EVENT(SBI_PMU_TYPE_CACHE, (cache) << 3 | (op) << 1 | (miss))

/* Events of the firmware; from 256 to 65534 the implementation's own */
enum sbi_pmu_fw_event {
	SBI_PMU_FW_MISALIGNED_LOAD,
	SBI_PMU_FW_MISALIGNED_STORE,
	SBI_PMU_FW_ACCESS_LOAD,
	SBI_PMU_FW_ACCESS_STORE,
	SBI_PMU_FW_ILLEGAL_INSN,
	SBI_PMU_FW_SET_TIMER,
	SBI_PMU_FW_IPI_SENT,
	SBI_PMU_FW_IPI_RECEIVED,
	SBI_PMU_FW_FENCE_I_SENT,
	SBI_PMU_FW_FENCE_I_RECEIVED,
	SBI_PMU_FW_SFENCE_VMA_SENT,
	SBI_PMU_FW_SFENCE_VMA_RECEIVED,
	SBI_PMU_FW_SFENCE_VMA_ASID_SENT,
	SBI_PMU_FW_SFENCE_VMA_ASID_RECEIVED,
	SBI_PMU_FW_HFENCE_GVMA_SENT,
	SBI_PMU_FW_HFENCE_GVMA_RECEIVED,
	SBI_PMU_FW_HFENCE_GVMA_VMID_SENT,
	SBI_PMU_FW_HFENCE_GVMA_VMID_RECEIVED,
	SBI_PMU_FW_HFENCE_VVMA_SENT,
	SBI_PMU_FW_HFENCE_VVMA_RECEIVED,
	SBI_PMU_FW_HFENCE_VVMA_ASID_SENT,
	SBI_PMU_FW_HFENCE_VVMA_ASID_RECEIVED,
	SBI_PMU_FW_EVENTS,
	SBI_PMU_FW_PLATFORM = 65535,
};

/*
 * "cycles", "DTLB read misses", "firmware IPI sent"; in hex what has no name.
 * `buf` of 48 bytes always suffices. Returns `buf`.
 */
char *sbi_pmu_event_text(unsigned long event, char *buf, size_t size);

/* Flags of config_matching */
#define SBI_PMU_CFG_SKIP_MATCH (1UL << 0)
#define SBI_PMU_CFG_CLEAR      (1UL << 1)
#define SBI_PMU_CFG_AUTO_START (1UL << 2)
#define SBI_PMU_CFG_NO_VU      (1UL << 3)
#define SBI_PMU_CFG_NO_VS      (1UL << 4)
#define SBI_PMU_CFG_NO_U       (1UL << 5)
#define SBI_PMU_CFG_NO_S       (1UL << 6)
#define SBI_PMU_CFG_NO_M       (1UL << 7)
/* Flags of start and stop */
#define SBI_PMU_START_SET_VALUE (1UL << 0)
#define SBI_PMU_START_SNAPSHOT  (1UL << 1)
#define SBI_PMU_STOP_RESET      (1UL << 0)
#define SBI_PMU_STOP_SNAPSHOT   (1UL << 1)

struct sbi_pmu_counter {
	bool firmware; /* the other fields mean nothing then */
	uint16_t csr;  /* number of the CSR that holds it */
	uint8_t width; /* in bits */
};

/* Counters as base + bits, as harts are in a hart mask. */
struct sbi_pmu_counters {
	unsigned long base;
	unsigned long mask;
};

/* A page of counters: start takes values from it, stop writes them to it. */
struct sbi_pmu_snapshot {
	uint64_t overflowed; /* bit i, and value i: counter base + i */
	uint64_t value[64];
	uint8_t reserved[3576];
};

/* A question to sbi_pmu_event_get_info(), and room for the answer. */
struct sbi_pmu_event_info {
	uint32_t event;
	uint32_t supported; /* written: bit 0 */
	uint64_t event_data;
};

/* Cannot fail; 0 without the extension. */
unsigned long sbi_pmu_num_counters(void);
/* Errors: INVALID_PARAM. */
long sbi_pmu_counter_get_info(unsigned long idx, struct sbi_pmu_counter *info);
/*
 * Finds one of the counters that can count the event and sets it up.
 * `event_data` is for raw and platform events. Errors: INVALID_PARAM,
 * NOT_SUPPORTED (none of them can).
 */
long sbi_pmu_config_matching(struct sbi_pmu_counters counters,
			     unsigned long flags, unsigned long event,
			     uint64_t event_data, unsigned long *idx);
/* Errors: INVALID_PARAM, ALREADY_STARTED, NO_SHMEM. */
long sbi_pmu_start(struct sbi_pmu_counters counters, unsigned long flags,
		   uint64_t initial);
/* Errors: INVALID_PARAM, ALREADY_STOPPED, NO_SHMEM. */
long sbi_pmu_stop(struct sbi_pmu_counters counters, unsigned long flags);
/*
 * A firmware counter. Errors: INVALID_PARAM. The second, since 2.0, reads the
 * upper half on a 32-bit hart and gives 0 here.
 */
long sbi_pmu_fw_read(unsigned long idx, uint64_t *value);
long sbi_pmu_fw_read_hi(unsigned long idx, uint64_t *value);
/*
 * Where the calling hart's snapshot page lies, 4096-byte aligned;
 * SBI_SHMEM_OFF ends it. Since 2.0, optional: no OpenSBI up to 1.9 has it.
 * Errors: NOT_SUPPORTED, INVALID_PARAM, INVALID_ADDRESS, FAILED.
 */
long sbi_pmu_snapshot_set_shmem(uint64_t pa);
/*
 * `n` of struct sbi_pmu_event_info, 16-byte aligned: which events exist. Since
 * 3.0, and in OpenSBI 1.6. Errors: NOT_SUPPORTED, INVALID_PARAM,
 * INVALID_ADDRESS, FAILED.
 */
long sbi_pmu_event_get_info(uint64_t pa, unsigned long n);
