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
#define SBI_PMU_TYPE_HW           0 /* general: cycles, instructions... */
#define SBI_PMU_TYPE_CACHE        1 /* cache_id << 3 | op << 1 | result */
#define SBI_PMU_TYPE_RAW          2 /* data: mhpmevent[47:0], code 0 */
#define SBI_PMU_TYPE_RAW_V2       3 /* data: mhpmevent[55:0], since 3.0 */
#define SBI_PMU_TYPE_FW           15

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
/* A firmware counter. Errors: INVALID_PARAM. The second, 2.0, is 0 here. */
long sbi_pmu_fw_read(unsigned long idx, uint64_t *value);
long sbi_pmu_fw_read_hi(unsigned long idx, uint64_t *value);
/* 4 KiB aligned page; ~0 turns it off. 2.0, optional. */
long sbi_pmu_snapshot_set_shmem(uint64_t pa);
/* `n` entries of 16 bytes, 16-byte aligned: which events exist. 3.0. */
long sbi_pmu_event_get_info(uint64_t pa, unsigned long n);
