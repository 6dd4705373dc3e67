/*
 * NACL (SBI 3.0, chapter "Nested Acceleration Extension", EID 0x4E41434C):
 * for a hypervisor that runs inside another one. Its accesses to the H
 * extension's registers and its fences would each trap into the outer one;
 * here it writes many of them into memory that both share, and asks once.
 *
 * The memory is one hart's. Firmware on a machine that has the H extension
 * should not offer this: whoever answers here is a hypervisor.
 */
#pragma once

#include "sbi/sbi.h"

enum sbi_nacl_feature {
	SBI_NACL_SYNC_CSR,
	SBI_NACL_SYNC_HFENCE,
	SBI_NACL_SYNC_SRET,
	SBI_NACL_AUTOSWAP_CSR,
};

/* A fence of the shared memory; `config` by sbi_nacl_hfence_config(). */
struct sbi_nacl_hfence {
	uint64_t config;
	uint64_t page_number; /* address >> (12 + order) */
	uint64_t reserved;
	uint64_t page_count;
};

enum sbi_nacl_hfence_type {
	SBI_NACL_GVMA,
	SBI_NACL_GVMA_ALL,
	SBI_NACL_GVMA_VMID,
	SBI_NACL_GVMA_VMID_ALL,
	SBI_NACL_VVMA,
	SBI_NACL_VVMA_ALL,
	SBI_NACL_VVMA_ASID,
	SBI_NACL_VVMA_ASID_ALL,
};

#define SBI_NACL_HFENCES        60
#define SBI_NACL_HFENCE_PENDING (1ull << 63) /* the outer one clears it */

/* Pages of 1 << (12 + order) bytes. Fields that a type ignores must be 0. */
static inline uint64_t sbi_nacl_hfence_config(enum sbi_nacl_hfence_type type,
					      unsigned int order,
					      unsigned int vmid,
					      unsigned int asid)
{
	return SBI_NACL_HFENCE_PENDING | (uint64_t)type << 56 |
	       (uint64_t)(order & 0x7f) << 48 |
	       (uint64_t)(vmid & 0x3fff) << 16 | (asid & 0xffff);
}

/* The shared memory of one hart: 4096-byte aligned. */
struct sbi_nacl_shmem {
	uint64_t sret_x[64];     /* SYNC_SRET: x1 to x31, the rest 0 */
	uint64_t autoswap_flags; /* AUTOSWAP_CSR: bit 0: swap hstatus */
	uint64_t autoswap_hstatus;
	uint64_t autoswap_reserved[14];
	uint64_t reserved[176];
	struct sbi_nacl_hfence hfence[SBI_NACL_HFENCES]; /* SYNC_HFENCE */
	uint64_t csr_dirty[16]; /* SYNC_CSR: a bit for each of these: */
	uint64_t csr[1024];
};

/* Where a register of the H extension stands in csr[]. */
#define SBI_NACL_CSR(number) (((number)&0xc00) >> 2 | ((number)&0xff))

/* Cannot fail. */
bool sbi_nacl_probe_feature(enum sbi_nacl_feature feature);
/* SBI_SHMEM_OFF ends it. Errors: INVALID_PARAM, INVALID_ADDRESS, FAILED. */
long sbi_nacl_set_shmem(uint64_t pa);
/*
 * One register by number, one fence by index, or ~0 for all of them. Errors:
 * NOT_SUPPORTED (no such feature), INVALID_PARAM, NO_SHMEM.
 */
long sbi_nacl_sync_csr(unsigned long number);
long sbi_nacl_sync_hfence(unsigned long index);
/*
 * Both of these for all, then `sret` with the registers of sret_x. Returns
 * only on failure: NOT_SUPPORTED, NO_SHMEM.
 */
long sbi_nacl_sync_sret(void);
