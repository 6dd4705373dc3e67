/*
 * The SBI wrappers against a modelled firmware: which registers a call loads,
 * what it makes of the answer, and which way it falls back.
 */
#define SBI_HOST_TEST

#include <stdio.h>
#include <string.h>

#include "sbi/base.c"
#include "sbi/dbcn.c"
#include "sbi/hsm.c"
#include "sbi/ipi.c"
#include "sbi/legacy.c"
#include "sbi/pmu.c"
#include "sbi/rfence.c"
#include "sbi/sbi.c"
#include "sbi/srst.c"
#include "sbi/time.c"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

/* The model: what it has, what it was asked, what it answers. */
struct call {
	uint32_t eid, fid;
	unsigned long a[6];
};

#define CALLS 512

static struct call calls[CALLS];
static unsigned int ncalls, nprobes;
static bool has_base, has_new; /* BASE; extensions beside the legacy ones */
static bool has_legacy;
static uint32_t absent; /* one extension that is missing anyway */
static struct sbiret answer;
static size_t console_takes; /* bytes that one DBCN write takes */
static long console_error;
static char console[256];
static size_t console_len;
static const char *input;

static struct sbiret not_supported(void)
{
	return (struct sbiret){ SBI_ERR_NOT_SUPPORTED, 0 };
}

static struct sbiret model_dbcn(uint32_t fid, const unsigned long *a)
{
	size_t n = a[0] < console_takes ? a[0] : console_takes;

	switch (fid) {
	case 0:
		if (console_error)
			return (struct sbiret){ console_error, 0 };
		memcpy(console + console_len, (const char *)a[1], n);
		console_len += n;
		return (struct sbiret){ 0, n };
	case 1:
		n = strlen(input) < a[0] ? strlen(input) : a[0];
		memcpy((char *)a[1], input, n);
		input += n;
		return (struct sbiret){ 0, n };
	default:
		console[console_len++] = (char)a[0];
		return (struct sbiret){ console_error, 0 };
	}
}

struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5)
{
	unsigned long a[6] = { arg0, arg1, arg2, arg3, arg4, arg5 };

	if (eid == SBI_EXT_BASE && fid == SBI_BASE_PROBE && has_base) {
		nprobes++;
		if (arg0 == absent)
			return (struct sbiret){ 0, 0 };
		if (arg0 <= SBI_EXT_LEGACY_SHUTDOWN)
			return (struct sbiret){ 0, has_legacy };
		return (struct sbiret){ 0, has_new };
	}
	if (eid == SBI_EXT_BASE && !has_base)
		return not_supported();
	if (ncalls < CALLS) {
		calls[ncalls].eid = eid;
		calls[ncalls].fid = fid;
		memcpy(calls[ncalls].a, a, sizeof(a));
		/* The mask lives on the caller's stack. */
		if (eid >= SBI_EXT_LEGACY_SEND_IPI &&
		    eid <= SBI_EXT_LEGACY_SFENCE_VMA_ASID && arg0)
			calls[ncalls].a[0] = *(unsigned long *)arg0;
	}
	ncalls++;
	if (eid == SBI_EXT_DBCN)
		return model_dbcn(fid, a);
	if (eid == SBI_EXT_LEGACY_PUTCHAR) {
		console[console_len++] = (char)arg0;
		return (struct sbiret){ 0, 0 };
	}
	if (eid == SBI_EXT_LEGACY_GETCHAR)
		return (struct sbiret){ *input ? *input++ : -1, 0 };
	return answer;
}

static void firmware(bool base, bool newer, bool legacy)
{
	has_base = base;
	has_new = newer;
	has_legacy = legacy;
	absent = ~0u;
	answer = (struct sbiret){ 0, 0 };
	ncalls = nprobes = 0;
	console_len = 0;
	console_error = 0;
	console_takes = 1000;
	memset(probed, 0, sizeof(probed));
	timer_way = WAY_UNKNOWN;
}

static bool called(unsigned int i, uint32_t eid, uint32_t fid, unsigned long a0,
		   unsigned long a1)
{
	return i < ncalls && calls[i].eid == eid && calls[i].fid == fid &&
	       calls[i].a[0] == a0 && calls[i].a[1] == a1;
}

static void test_names(void)
{
	CHECK(!strcmp(sbi_error_name(0), "success"));
	CHECK(!strcmp(sbi_error_name(SBI_ERR_DENIED), "denied"));
	CHECK(!strcmp(sbi_error_name(SBI_ERR_DENIED_LOCKED), "denied, locked"));
	CHECK(!strcmp(sbi_error_name(-15), "unknown error"));
	CHECK(!strcmp(sbi_error_name(1), "unknown error"));
	CHECK(!strcmp(sbi_error_name(INT64_MIN), "unknown error"));
	CHECK(!strcmp(sbi_hsm_state_name(SBI_HSM_SUSPENDED), "suspended"));
	CHECK(!strcmp(sbi_hsm_state_name((enum sbi_hsm_state)7),
		      "unknown state"));
	CHECK(!strcmp(sbi_impl_name(1), "OpenSBI"));
	CHECK(!strcmp(sbi_impl_name(11), "bhyve") && !sbi_impl_name(12));
	CHECK(sbi_extension_get(0)->eid == 0);
	CHECK(sbi_extension_get(24)->eid == SBI_EXT_MPXY);
	CHECK(!sbi_extension_get(25));
}

static void test_base(void)
{
	char text[24], tiny[3];

	firmware(true, true, true);
	answer.value = 0x2000001;
	CHECK(SBI_SPEC_MAJOR(sbi_base_spec_version()) == 2);
	CHECK(SBI_SPEC_MINOR(sbi_base_spec_version()) == 1);
	CHECK(sbi_spec_major() == 2 && sbi_spec_minor() == 1);
	answer.value = 1;
	CHECK(!strcmp(sbi_impl_name_now(), "OpenSBI"));
	answer.value = 77;
	CHECK(!strcmp(sbi_impl_name_now(), "unknown firmware"));
	ncalls = 2;
	CHECK(sbi_base_impl_id() == 77 && sbi_base_impl_version() == 77 &&
	      sbi_base_mvendorid() == 77 && sbi_base_marchid() == 77 &&
	      sbi_base_mimpid() == 77);
	for (unsigned int i = 0; i < 5; i++)
		CHECK(calls[2 + i].fid == (i < 2 ? 1 + i : 2 + i));
	CHECK(!strcmp(sbi_impl_version_text(1, 0x10005, text, 24), "1.5"));
	CHECK(!strcmp(sbi_impl_version_text(4, 0x10203, text, 24), "1.2.3"));
	CHECK(!strcmp(sbi_impl_version_text(9, 0xabc, text, 24), "0xabc"));
	CHECK(!strcmp(sbi_impl_version_text(9, ~0ul, text, 24),
		      "0xffffffffffffffff"));
	CHECK(!strcmp(sbi_impl_version_text(1, 0x10005, tiny, 3), "1."));
	firmware(false, false, true);
	CHECK(sbi_base_spec_version() == 1 && sbi_base_impl_id() == 0);
	CHECK(!strcmp(sbi_impl_name_now(), "unknown firmware"));
}

static void test_probe(void)
{
	firmware(true, true, true);
	CHECK(sbi_probe(SBI_EXT_HSM) && sbi_probe(SBI_EXT_HSM));
	CHECK(nprobes == 1);
	absent = SBI_EXT_DBCN;
	CHECK(!sbi_probe(SBI_EXT_DBCN) && !sbi_probe(SBI_EXT_DBCN));
	CHECK(nprobes == 2);
	CHECK(sbi_probe(0x0b000000) && sbi_probe(0x0b000000) && nprobes == 4);
	firmware(false, false, true);
	CHECK(!sbi_probe(SBI_EXT_TIME) && sbi_probe(SBI_EXT_LEGACY_PUTCHAR));
	CHECK(!sbi_probe(SBI_EXT_BASE));
}

static void test_time(void)
{
	firmware(true, true, true);
	sbi_set_timer(123);
	sbi_set_timer(SBI_TIME_NEVER);
	CHECK(called(0, SBI_EXT_TIME, 0, 123, 0));
	CHECK(called(1, SBI_EXT_TIME, 0, UINT64_MAX, 0));
	firmware(false, false, true);
	sbi_set_timer(5);
	sbi_set_timer(6);
	CHECK(called(0, SBI_EXT_LEGACY_SET_TIMER, 0, 5, 0));
	CHECK(called(1, SBI_EXT_LEGACY_SET_TIMER, 0, 6, 0) && ncalls == 2);
}

static void test_hartmask(void)
{
	static const unsigned long dense[] = { 0, 1, 2, 3, 63 };
	static const unsigned long sparse[] = { 3, 66, 67, 1000, ~1ul };
	static const unsigned long mixed[] = { 7, 5, 6, 4 };
	struct sbi_hartmask m;

	CHECK(sbi_hartmask_pack(dense, 5, &m) == 5 && m.base == 0 &&
	      m.mask == (0xful | 1ul << 63));
	CHECK(sbi_hartmask_pack(sparse, 5, &m) == 2 && m.base == 3 &&
	      m.mask == (1ul | 1ul << 63));
	CHECK(sbi_hartmask_pack(sparse + 2, 3, &m) == 1 && m.base == 67);
	CHECK(sbi_hartmask_pack(sparse + 4, 1, &m) == 1 && m.base == ~1ul);
	CHECK(sbi_hartmask_pack(mixed, 4, &m) == 1 && m.base == 7);
	CHECK(sbi_hartmask_pack(mixed + 1, 3, &m) == 2 && m.mask == 3);

	firmware(true, true, true);
	CHECK(sbi_send_ipi_many(sparse, 5) == 0 && ncalls == 4);
	CHECK(called(0, SBI_EXT_IPI, 0, 1ul | 1ul << 63, 3));
	CHECK(called(1, SBI_EXT_IPI, 0, 1, 67));
	CHECK(called(2, SBI_EXT_IPI, 0, 1, 1000));
	CHECK(called(3, SBI_EXT_IPI, 0, 1, ~1ul));
	CHECK(sbi_send_ipi_many(sparse, 0) == 0 && ncalls == 4);
	answer.error = SBI_ERR_INVALID_PARAM;
	CHECK(sbi_send_ipi_many(sparse, 5) == SBI_ERR_INVALID_PARAM &&
	      ncalls == 8);
	/* Every set: all ids once, no others. */
	for (unsigned int round = 0; round < 200; round++) {
		unsigned long ids[64], n = 1 + round % 64, total = 0, i;

		for (i = 0; i < n; i++)
			ids[i] = (i ? ids[i - 1] : 0) + 1 + (round * i) % 37;
		firmware(true, true, true);
		sbi_remote_fence_i_many(ids, n);
		for (i = 0; i < ncalls; i++)
			for (unsigned long b = 0; b < 64; b++)
				if (calls[i].a[0] >> b & 1)
					CHECK(ids[total++] ==
					      calls[i].a[1] + b);
		CHECK(total == n);
	}
}

static void test_ipi_legacy(void)
{
	static const unsigned long ids[] = { 1, 3, 70 };

	firmware(false, false, true);
	CHECK(sbi_send_ipi_many(ids, 2) == 0);
	CHECK(called(0, SBI_EXT_LEGACY_SEND_IPI, 0, 10, 0));
	CHECK(sbi_send_ipi_many(ids, 3) == SBI_ERR_INVALID_PARAM);
	CHECK(sbi_send_ipi(SBI_HARTMASK_ALL) == 0);
	CHECK(called(ncalls - 1, SBI_EXT_LEGACY_SEND_IPI, 0, 0, 0));
}

static void test_rfence(void)
{
	struct sbi_hartmask m = { 5, 2 };
	static const unsigned long ids[] = { 2, 4 };
	unsigned int i;

	firmware(true, true, true);
	sbi_remote_fence_i(m);
	sbi_remote_sfence_vma(m, 0x1000, 0x2000);
	sbi_remote_sfence_vma_asid(m, 0x1000, 0x2000, 9);
	sbi_remote_hfence_gvma_vmid(m, 0x1000, 0x2000, 9);
	sbi_remote_hfence_gvma(m, 0x1000, 0x2000);
	sbi_remote_hfence_vvma_asid(m, 0x1000, 0x2000, 9);
	sbi_remote_hfence_vvma(m, 0x1000, 0x2000);
	CHECK(ncalls == 7);
	for (i = 0; i < 7; i++) {
		CHECK(called(i, SBI_EXT_RFENCE, i, 5, 2));
		CHECK(calls[i].a[2] == (i ? 0x1000 : 0));
		CHECK(calls[i].a[3] == (i ? 0x2000 : 0));
		CHECK(calls[i].a[4] == (i == 2 || i == 3 || i == 5 ? 9 : 0));
	}
	CHECK(sbi_remote_sfence_vma_asid_many(ids, 2, 1, 2, 3) == 0);
	CHECK(called(7, SBI_EXT_RFENCE, 2, 5, 2) && calls[7].a[4] == 3);

	firmware(false, false, true);
	sbi_remote_fence_i(m);
	sbi_remote_sfence_vma_many(ids, 2, 0, ~0ul);
	sbi_remote_sfence_vma_asid(SBI_HARTMASK_ALL, 1, 2, 3);
	CHECK(called(0, SBI_EXT_LEGACY_FENCE_I, 0, 20, 0));
	CHECK(called(1, SBI_EXT_LEGACY_SFENCE_VMA, 0, 20, 0) &&
	      calls[1].a[2] == ~0ul);
	CHECK(called(2, SBI_EXT_LEGACY_SFENCE_VMA_ASID, 0, 0, 1) &&
	      calls[2].a[3] == 3);
	CHECK(sbi_remote_hfence_gvma(m, 0, 0) == SBI_ERR_NOT_SUPPORTED);
	m.base = 63;
	CHECK(sbi_remote_fence_i(m) == SBI_ERR_INVALID_PARAM);
}

static void test_hsm(void)
{
	enum sbi_hsm_state state = SBI_HSM_STARTED;

	firmware(true, true, true);
	CHECK(sbi_hart_start(3, 0x80200000, 0x1234) == 0);
	CHECK(called(0, SBI_EXT_HSM, 0, 3, 0x80200000) &&
	      calls[0].a[2] == 0x1234);
	answer.value = SBI_HSM_STOPPED;
	CHECK(!sbi_hart_status(3, &state) && state == SBI_HSM_STOPPED);
	sbi_hart_suspend(SBI_HSM_SUSPEND_NON_RETENTIVE, 0x1000, 7);
	CHECK(called(2, SBI_EXT_HSM, 3, 0x80000000, 0x1000) &&
	      calls[2].a[2] == 7);
	answer.error = SBI_ERR_FAILED;
	CHECK(sbi_hart_stop() == SBI_ERR_FAILED);
	state = SBI_HSM_SUSPENDED;
	CHECK(sbi_hart_status(9, &state) && state == SBI_HSM_SUSPENDED);
}

static void test_srst(void)
{
	firmware(true, true, true);
	answer.error = SBI_ERR_NOT_SUPPORTED;
	CHECK(sbi_shutdown(SBI_SRST_REASON_FAILURE) == SBI_ERR_NOT_SUPPORTED);
	CHECK(called(0, SBI_EXT_SRST, 0, 0, 1));
	CHECK(called(1, SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0) && ncalls == 2);
	CHECK(sbi_reboot(SBI_SRST_REASON_NONE) == SBI_ERR_NOT_SUPPORTED);
	CHECK(called(2, SBI_EXT_SRST, 0, 1, 0));
	CHECK(called(3, SBI_EXT_SRST, 0, 2, 0) && ncalls == 4);
	firmware(true, true, false);
	absent = SBI_EXT_SRST;
	CHECK(sbi_shutdown(0) == SBI_ERR_NOT_SUPPORTED && ncalls == 0);
	CHECK(sbi_reboot(0) == SBI_ERR_NOT_SUPPORTED && ncalls == 0);
	firmware(false, false, true);
	sbi_shutdown(0);
	CHECK(called(0, SBI_EXT_LEGACY_SHUTDOWN, 0, 0, 0) && ncalls == 1);
}

static void test_console(void)
{
	static const char text[] = "a longer line\n";
	char buf[8];

	firmware(true, true, true);
	console_takes = 5;
	sbi_console_write(text, (uint64_t)text, sizeof(text) - 1);
	CHECK(console_len == 14 && !memcmp(console, text, 14) && ncalls == 3);
	/* Takes nothing: byte by byte. */
	firmware(true, true, true);
	console_takes = 0;
	sbi_console_write(text, (uint64_t)text, sizeof(text) - 1);
	CHECK(console_len == 14 && !memcmp(console, text, 14));
	/* Broken: given up, not tried for ever. */
	firmware(true, true, true);
	console_error = SBI_ERR_FAILED;
	sbi_console_write(text, (uint64_t)text, sizeof(text) - 1);
	CHECK(ncalls == 2);
	input = "abcdefghij";
	firmware(true, true, true);
	CHECK(sbi_console_read(buf, (uint64_t)buf, 8) == 8 &&
	      !memcmp(buf, "abcdefgh", 8));
	CHECK(sbi_console_read(buf, (uint64_t)buf, 8) == 2);
	CHECK(sbi_console_read(buf, (uint64_t)buf, 8) == 0);

	firmware(true, true, true);
	absent = SBI_EXT_DBCN;
	sbi_console_write(text, 0, sizeof(text) - 1);
	CHECK(console_len == 14 && !memcmp(console, text, 14) && ncalls == 14);
	input = "xy";
	CHECK(sbi_console_read(buf, 0, 8) == 2 && buf[1] == 'y');
	CHECK(sbi_console_read(buf, 0, 8) == 0);
}

static void test_pmu(void)
{
	struct sbi_pmu_counters set = { 3, 0xff };
	struct sbi_pmu_counter info;
	unsigned long idx = 0;
	uint64_t v;

	firmware(true, true, true);
	answer.value = 0xc03 | 63ul << 12;
	CHECK(!sbi_pmu_counter_get_info(3, &info) && !info.firmware &&
	      info.csr == 0xc03 && info.width == 64);
	answer.value = 1ul << 63;
	CHECK(!sbi_pmu_counter_get_info(3, &info) && info.firmware);
	answer.value = 5;
	CHECK(sbi_pmu_num_counters() == 5);
	CHECK(!sbi_pmu_config_matching(set, SBI_PMU_CFG_AUTO_START,
				       SBI_PMU_EVENT(SBI_PMU_TYPE_FW, 5), 6,
				       &idx) &&
	      idx == 5);
	CHECK(called(3, SBI_EXT_PMU, 2, 3, 0xff) && calls[3].a[2] == 4 &&
	      calls[3].a[3] == 0xf0005 && calls[3].a[4] == 6);
	sbi_pmu_start(set, SBI_PMU_START_SET_VALUE, 8);
	CHECK(called(4, SBI_EXT_PMU, 3, 3, 0xff) && calls[4].a[3] == 8);
	sbi_pmu_stop(set, SBI_PMU_STOP_RESET);
	CHECK(called(5, SBI_EXT_PMU, 4, 3, 0xff) && calls[5].a[2] == 1);
	CHECK(!sbi_pmu_fw_read(7, &v) && v == 5);
	CHECK(!sbi_pmu_fw_read_hi(7, &v) && calls[7].fid == 6);
	sbi_pmu_snapshot_set_shmem(UINT64_MAX);
	CHECK(called(8, SBI_EXT_PMU, 7, ~0ul, ~0ul));
	sbi_pmu_snapshot_set_shmem(0x1000);
	CHECK(called(9, SBI_EXT_PMU, 7, 0x1000, 0));
	sbi_pmu_event_get_info(0x1000, 4);
	CHECK(called(10, SBI_EXT_PMU, 8, 0x1000, 0) && calls[10].a[2] == 4);
	answer.error = SBI_ERR_NOT_SUPPORTED;
	CHECK(sbi_pmu_num_counters() == 0);
	CHECK(sbi_pmu_config_matching(set, 0, 0, 0, &idx) ==
		      SBI_ERR_NOT_SUPPORTED &&
	      idx == 5);
}

static void test_legacy(void)
{
	unsigned long mask = 6;

	firmware(false, false, true);
	sbi_legacy_set_timer(9);
	sbi_legacy_clear_ipi();
	sbi_legacy_send_ipi(&mask);
	sbi_legacy_remote_fence_i(&mask);
	sbi_legacy_remote_sfence_vma(&mask, 1, 2);
	sbi_legacy_remote_sfence_vma_asid(&mask, 1, 2, 3);
	sbi_legacy_shutdown();
	CHECK(called(0, 0, 0, 9, 0) && called(1, 3, 0, 0, 0) &&
	      called(2, 4, 0, 6, 0) && called(3, 5, 0, 6, 0) &&
	      called(4, 6, 0, 6, 1) && called(5, 7, 0, 6, 1) &&
	      called(6, 8, 0, 0, 0) && ncalls == 7);
	CHECK(calls[5].a[3] == 3);
}

int main(void)
{
	test_names();
	test_base();
	test_probe();
	test_time();
	test_hartmask();
	test_ipi_legacy();
	test_rfence();
	test_hsm();
	test_srst();
	test_console();
	test_pmu();
	test_legacy();
	printf("%s\n", failures ? "FAIL" : "sbi: all well");
	return failures != 0;
}
