/*
 * The NACL extension.
 */
#include "sbi/nacl.h"

enum nacl_fid {
	NACL_PROBE_FEATURE,
	NACL_SET_SHMEM,
	NACL_SYNC_CSR,
	NACL_SYNC_HFENCE,
	NACL_SYNC_SRET,
};

_Static_assert(offsetof(struct sbi_nacl_shmem, autoswap_flags) == 0x200, "");
_Static_assert(offsetof(struct sbi_nacl_shmem, hfence) == 0x800, "");
_Static_assert(offsetof(struct sbi_nacl_shmem, csr_dirty) == 0xf80, "");
_Static_assert(offsetof(struct sbi_nacl_shmem, csr) == 0x1000, "");
_Static_assert(sizeof(struct sbi_nacl_shmem) == 4096 + 1024 * 8, "");

bool sbi_nacl_probe_feature(enum sbi_nacl_feature feature)
{
	struct sbiret ret =
		sbi_ecall1(SBI_EXT_NACL, NACL_PROBE_FEATURE, feature);

	return !ret.error && ret.value;
}

long sbi_nacl_set_shmem(uint64_t pa)
{
	return sbi_ecall_shmem(SBI_EXT_NACL, NACL_SET_SHMEM, pa, 0);
}

long sbi_nacl_sync_csr(unsigned long number)
{
	return sbi_ecall1(SBI_EXT_NACL, NACL_SYNC_CSR, number).error;
}

long sbi_nacl_sync_hfence(unsigned long index)
{
	return sbi_ecall1(SBI_EXT_NACL, NACL_SYNC_HFENCE, index).error;
}

long sbi_nacl_sync_sret(void)
{
	return sbi_ecall0(SBI_EXT_NACL, NACL_SYNC_SRET).error;
}
