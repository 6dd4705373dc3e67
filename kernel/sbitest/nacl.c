/*
 * NACL: what a hypervisor offers to one inside it. The memory that is shared,
 * and that nothing is done without it; no register and no fence is handed
 * over, as there is no guest here that they could concern.
 */
#include "sbi/nacl.h"
#include "kernel/sbitest/sbitest.h"

enum { SET_SHMEM = 1 };

#define ALL       (~0ul)
#define CSR_WRONG 0x100ul /* sstatus: not one of the H extension's */

_Static_assert(sizeof(struct sbi_nacl_shmem) <= SBITEST_PAGES * PAGE_SIZE, "");

static void test_off(struct sbitest *t, bool csr, bool hfence, bool sret)
{
	sbitest_error(t, sbi_nacl_set_shmem(SBI_SHMEM_OFF), 0,
		      "set_shmem: none");
	sbitest_error(t, sbi_nacl_sync_csr(ALL),
		      csr ? SBI_ERR_NO_SHMEM : SBI_ERR_NOT_SUPPORTED,
		      "sync_csr without memory");
	sbitest_error(t, sbi_nacl_sync_hfence(ALL),
		      hfence ? SBI_ERR_NO_SHMEM : SBI_ERR_NOT_SUPPORTED,
		      "sync_hfence without memory");
	sbitest_error(t, sbi_nacl_sync_sret(),
		      sret ? SBI_ERR_NO_SHMEM : SBI_ERR_NOT_SUPPORTED,
		      "sync_sret without memory");
}

/* Nothing is marked as changed in it, so "all" is nothing. */
static void test_on(struct sbitest *t, bool csr, bool hfence)
{
	if (csr) {
		sbitest_error(t, sbi_nacl_sync_csr(ALL), 0,
			      "sync_csr of all that changed: nothing");
		sbitest_error(t, sbi_nacl_sync_csr(CSR_WRONG),
			      SBI_ERR_INVALID_PARAM,
			      "sync_csr of another register");
	} else {
		sbitest_error(t, sbi_nacl_sync_csr(ALL), SBI_ERR_NOT_SUPPORTED,
			      "sync_csr without the feature");
	}
	if (hfence) {
		sbitest_error(t, sbi_nacl_sync_hfence(ALL), 0,
			      "sync_hfence of all that wait: none");
		sbitest_error(t, sbi_nacl_sync_hfence(SBI_NACL_HFENCES),
			      SBI_ERR_INVALID_PARAM,
			      "sync_hfence of an entry that there is not");
	} else {
		sbitest_error(t, sbi_nacl_sync_hfence(ALL),
			      SBI_ERR_NOT_SUPPORTED,
			      "sync_hfence without the feature");
	}
}

void sbitest_nacl(struct sbitest *t)
{
	bool csr = sbi_nacl_probe_feature(SBI_NACL_SYNC_CSR);
	bool hfence = sbi_nacl_probe_feature(SBI_NACL_SYNC_HFENCE);
	bool sret = sbi_nacl_probe_feature(SBI_NACL_SYNC_SRET);

	sbitest_check(t, csr || hfence || sret, "it has a feature");
	sbitest_check(t, !sbi_nacl_probe_feature(SBI_NACL_AUTOSWAP_CSR + 1),
		      "a feature that there is not");
	test_off(t, csr, hfence, sret);
	sbitest_error(t, sbi_nacl_set_shmem(t->memory_pa + 8),
		      SBI_ERR_INVALID_PARAM, "set_shmem: misaligned");
	sbitest_error(t,
		      sbi_ecall_shmem(SBI_EXT_NACL, SET_SHMEM, t->memory_pa, 1),
		      SBI_ERR_INVALID_PARAM, "set_shmem: a flag");
	if (!sbitest_error(t, sbi_nacl_set_shmem(t->memory_pa), 0, "set_shmem"))
		return;
	test_on(t, csr, hfence);
	t->keep |= !sbitest_error(t, sbi_nacl_set_shmem(SBI_SHMEM_OFF), 0,
				  "set_shmem: none any more");
}
