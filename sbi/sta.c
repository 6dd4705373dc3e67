/*
 * The STA extension.
 */
#include "sbi/sta.h"

#define STA_SET_SHMEM 0

_Static_assert(sizeof(struct sbi_sta) == 64, "");

long sbi_sta_set_shmem(uint64_t pa)
{
	return sbi_ecall_shmem(SBI_EXT_STA, STA_SET_SHMEM, pa, 0);
}

bool sbi_sta_steal(const struct sbi_sta *sta, uint64_t *ns)
{
	uint32_t before = __atomic_load_n(&sta->sequence, __ATOMIC_ACQUIRE);
	uint64_t steal = __atomic_load_n(&sta->steal, __ATOMIC_RELAXED);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (before % 2 ||
	    __atomic_load_n(&sta->sequence, __ATOMIC_RELAXED) != before)
		return false;
	*ns = steal;
	return true;
}
