/*
 * STA: the record in which a hypervisor counts the time that it took from a
 * hart: that the call zeroes it, that it can be read, that it never runs
 * backwards, and that nobody writes to it any more once it is taken back.
 */
#include "sbi/sta.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/string.h"

#define SET_SHMEM 0
#define WHILE     (2 * NSEC_PER_MSEC)

static void test_record(struct sbitest *t, struct sbi_sta *sta)
{
	uint64_t first, second;

	sbitest_value(t, sta->flags, 0, "flags are 0");
	sbitest_check(t, !sta->preempted, "the hart that asks is running");
	if (!sbitest_check(
		    t,
		    SBITEST_UNTIL(sbi_sta_steal(sta, &first), SBITEST_PATIENCE),
		    "the record can be read"))
		return;
	SBITEST_UNTIL(false, WHILE);
	if (sbitest_check(t,
			  SBITEST_UNTIL(sbi_sta_steal(sta, &second),
					SBITEST_PATIENCE),
			  "the record can be read again"))
		sbitest_check(t, second >= first, "steal time does not shrink");
}

void sbitest_sta(struct sbitest *t)
{
	struct sbi_sta *sta = (struct sbi_sta *)t->memory;
	char *pad = (char *)sta->pad;

	sbitest_error(t, sbi_sta_set_shmem(t->memory_pa + 8),
		      SBI_ERR_INVALID_PARAM, "set_shmem: misaligned");
	sbitest_error(t,
		      sbi_ecall_shmem(SBI_EXT_STA, SET_SHMEM, t->memory_pa, 1),
		      SBI_ERR_INVALID_PARAM, "set_shmem: a flag");
	memset(sta, 0xff, sizeof(*sta));
	if (!sbitest_error(t, sbi_sta_set_shmem(t->memory_pa), 0, "set_shmem"))
		return;
	sbitest_check(t, !pad[0] && !pad[sizeof(sta->pad) - 1],
		      "set_shmem zeroes the record");
	test_record(t, sta);
	if (!sbitest_error(t, sbi_sta_set_shmem(SBI_SHMEM_OFF), 0,
			   "set_shmem: none any more")) {
		t->keep = true;
		return;
	}
	memset(sta, 0xff, sizeof(*sta));
	SBITEST_UNTIL(false, WHILE);
	sbitest_check(t,
		      sta->sequence == UINT32_MAX && sta->steal == UINT64_MAX,
		      "taken back, the record is left alone");
}
