/*
 * What the SBI functions do beside the call itself, against a modelled
 * firmware: names, probing, sets of harts, which way they fall back, and that
 * calls can be watched. The call itself is the matter of calls_test.c.
 */
#include "sbi/model_test.h"

static void test_names(void)
{
	CHECK(!strcmp(sbi_error_name(0), "SUCCESS"));
	CHECK(!strcmp(sbi_error_name(SBI_ERR_DENIED), "DENIED"));
	CHECK(!strcmp(sbi_error_name(SBI_ERR_DENIED_LOCKED), "DENIED_LOCKED"));
	CHECK(!strcmp(sbi_error_name(-15), "UNKNOWN"));
	CHECK(!strcmp(sbi_error_name(1), "UNKNOWN"));
	CHECK(!strcmp(sbi_error_name(INT64_MIN), "UNKNOWN"));
	CHECK(!strcmp(sbi_hsm_state_name(SBI_HSM_SUSPENDED), "suspended"));
	CHECK(!strcmp(sbi_hsm_state_name((enum sbi_hsm_state)7),
		      "unknown state"));
	CHECK(!strcmp(sbi_impl_name(1), "OpenSBI"));
	CHECK(!strcmp(sbi_impl_name(11), "bhyve") && !sbi_impl_name(12));
	CHECK(sbi_extension_get(0)->eid == 0);
	CHECK(sbi_extension_get(24)->eid == SBI_EXT_MPXY &&
	      sbi_extension_get(24)->since == SBI_SPEC(3, 0) &&
	      !strcmp(sbi_extension_get(24)->name, "MPXY"));
	CHECK(!sbi_extension_get(25));
	CHECK(!strcmp(sbi_fwft_feature_name(5), "pointer masking") &&
	      !sbi_fwft_feature_name(6));
	CHECK(!strcmp(sbi_cppc_register_name(0), "highest performance") &&
	      !strcmp(sbi_cppc_register_name(0x14), "nominal frequency") &&
	      !strcmp(sbi_cppc_register_name(0x80000000),
		      "transition latency") &&
	      !sbi_cppc_register_name(0x15));
	CHECK(!strcmp(sbi_sse_event_name(0xffff8000), "global software") &&
	      !sbi_sse_event_name(2));
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

static void test_hide(void)
{
	firmware(true, true, true);
	CHECK(sbi_hide(SBI_EXT_TIME) && !sbi_probe(SBI_EXT_TIME));
	CHECK(nprobes == 0 && sbi_probe(SBI_EXT_IPI));
	CHECK(!sbi_hide(0x0b000000));
	sbi_set_timer(5);
	CHECK(called(0, SBI_EXT_LEGACY_SET_TIMER, 0, 5, 0));
}

/* What had other numbers before 3.0 is there from 3.0 on. */
static void test_probe_draft(void)
{
	static const uint32_t drafts[] = { SBI_EXT_SSE, SBI_EXT_FWFT,
					   SBI_EXT_DBTR, SBI_EXT_MPXY };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		firmware(true, true, true);
		answer.value = SBI_SPEC(2, 0);
		CHECK(!sbi_probe(drafts[i]) && !sbi_probe(drafts[i]));
		CHECK(sbi_base_probe(drafts[i]) == 1);
		CHECK(sbi_probe(SBI_EXT_STA));
		firmware(true, true, true);
		answer.value = SBI_SPEC(3, 0);
		CHECK(sbi_probe(drafts[i]) && sbi_probe(drafts[i]));
		CHECK(ncalls == 1);
		firmware(true, true, true);
		answer.value = SBI_SPEC(3, 0);
		absent = drafts[i];
		CHECK(!sbi_probe(drafts[i]));
	}
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

/* A set of these, added in this order, in room for `max`. */
static struct sbi_harts set_of(const unsigned long *ids, size_t n, size_t max)
{
	static unsigned long room[64];
	struct sbi_harts set = { room, 0, max };

	while (n--)
		sbi_harts_add(&set, *ids++);
	return set;
}

static void test_harts(void)
{
	static const unsigned long dense[] = { 0, 1, 2, 3, 63 };
	static const unsigned long sparse[] = { 3, 66, 67, 1000, ~1ul };
	static const unsigned long mixed[] = { 7, 5, 6, 4, 5, 7 };
	struct sbi_harts set = set_of(dense, 5, 64);
	struct sbi_hartmask m;
	size_t at = 0;

	CHECK(sbi_harts_next(&set, &at, &m) && m.base == 0 &&
	      m.mask == (0xful | 1ul << 63));
	CHECK(!sbi_harts_next(&set, &at, &m));
	at = 0;
	set = set_of(sparse, 5, 64);
	CHECK(sbi_harts_next(&set, &at, &m) && m.base == 3 &&
	      m.mask == (1ul | 1ul << 63));
	CHECK(sbi_harts_next(&set, &at, &m) && m.base == 67 && m.mask == 1);
	CHECK(sbi_harts_next(&set, &at, &m) && m.base == 1000);
	CHECK(sbi_harts_next(&set, &at, &m) && m.base == ~1ul && m.mask == 1);
	CHECK(!sbi_harts_next(&set, &at, &m));
	/* Any order and any number of times: each once, in one call. */
	at = 0;
	set = set_of(mixed, 6, 64);
	CHECK(set.n == 4 && sbi_harts_next(&set, &at, &m) && m.base == 4 &&
	      m.mask == 15);
	/* Full, but for what is there; and no hart that would mean "all". */
	set = set_of(mixed, 3, 3);
	CHECK(!sbi_harts_add(&set, 9) && sbi_harts_add(&set, 6) && set.n == 3);
	set = set_of(mixed, 3, 64);
	CHECK(!sbi_harts_add(&set, ~0ul) && set.n == 3);
}

static void test_ipi_many(void)
{
	static const unsigned long sparse[] = { 3, 66, 67, 1000, ~1ul };
	struct sbi_harts set = set_of(sparse, 5, 64);
	unsigned int round;

	firmware(true, true, true);
	CHECK(sbi_send_ipi_many(&set) == 0 && ncalls == 4);
	CHECK(called(0, SBI_EXT_IPI, 0, 1ul | 1ul << 63, 3));
	CHECK(called(1, SBI_EXT_IPI, 0, 1, 67));
	CHECK(called(2, SBI_EXT_IPI, 0, 1, 1000));
	CHECK(called(3, SBI_EXT_IPI, 0, 1, ~1ul));
	answer.error = SBI_ERR_INVALID_PARAM;
	CHECK(sbi_send_ipi_many(&set) == SBI_ERR_INVALID_PARAM && ncalls == 8);
	set.n = 0;
	CHECK(sbi_send_ipi_many(&set) == 0 && ncalls == 8);
	/* Every set, added from its end: all ids once, no others. */
	for (round = 0; round < 200; round++) {
		unsigned long ids[64], back[64], n = 1 + round % 64, total = 0,
						 i, b;

		for (i = 0; i < n; i++) {
			ids[i] = (i ? ids[i - 1] : 0) + 1 + (round * i) % 37;
			back[n - 1 - i] = ids[i];
		}
		set = set_of(back, n, 64);
		firmware(true, true, true);
		sbi_remote_fence_i_many(&set);
		for (i = 0; i < ncalls; i++)
			for (b = 0; b < 64; b++)
				if (calls[i].a[0] >> b & 1)
					CHECK(ids[total++] ==
					      calls[i].a[1] + b);
		CHECK(total == n);
	}
}

static void test_ipi_legacy(void)
{
	static const unsigned long ids[] = { 1, 3, 70, 1023, 1024 };
	struct sbi_harts set = set_of(ids, 2, 64);
	struct sbi_hartmask wide = { 1ul << 63 | 1, 63 };

	firmware(false, false, true);
	CHECK(sbi_send_ipi_many(&set) == 0);
	CHECK(called(0, SBI_EXT_LEGACY_SEND_IPI, 0, 10, 0));
	set = set_of(ids, 4, 64);
	CHECK(sbi_send_ipi_many(&set) == 0 && ncalls == 4);
	CHECK(legacy_mask[15] == 1ul << 63 && legacy_mask[0] == 0);
	CHECK(sbi_send_ipi(wide) == 0 && legacy_mask[0] == 1ul << 63 &&
	      legacy_mask[1] == 1ul << 62 && legacy_mask[2] == 0);
	set = set_of(ids, 5, 64);
	CHECK(sbi_send_ipi_many(&set) == SBI_ERR_INVALID_PARAM);
	wide.base = 1000;
	CHECK(sbi_send_ipi(wide) == SBI_ERR_INVALID_PARAM);
	wide.base = ~1ul;
	CHECK(sbi_send_ipi(wide) == SBI_ERR_INVALID_PARAM);
	CHECK(sbi_send_ipi(SBI_HARTMASK_ALL) == 0);
	CHECK(called(ncalls - 1, SBI_EXT_LEGACY_SEND_IPI, 0, 0, 0));
}

static void test_rfence(void)
{
	struct sbi_hartmask m = { 5, 2 };
	static const unsigned long ids[] = { 2, 4 };
	struct sbi_harts set = set_of(ids, 2, 64);

	firmware(true, true, true);
	CHECK(sbi_remote_sfence_vma_asid_many(&set, 1, 2, 3) == 0);
	CHECK(sbi_remote_sfence_vma_many(&set, 1, 2) == 0);
	CHECK(called(0, SBI_EXT_RFENCE, 2, 5, 2) && calls[0].a[4] == 3);
	CHECK(called(1, SBI_EXT_RFENCE, 1, 5, 2) && calls[1].a[3] == 2);
	CHECK(nprobes == 1);

	firmware(false, false, true);
	sbi_remote_fence_i(m);
	sbi_remote_sfence_vma_many(&set, 0, ~0ul);
	sbi_remote_sfence_vma_asid(SBI_HARTMASK_ALL, 1, 2, 3);
	CHECK(called(0, SBI_EXT_LEGACY_FENCE_I, 0, 20, 0));
	CHECK(called(1, SBI_EXT_LEGACY_SFENCE_VMA, 0, 20, 0) &&
	      calls[1].a[2] == ~0ul);
	CHECK(called(2, SBI_EXT_LEGACY_SFENCE_VMA_ASID, 0, 0, 1) &&
	      calls[2].a[3] == 3);
	CHECK(sbi_remote_hfence_gvma(m, 0, 0) == SBI_ERR_NOT_SUPPORTED);
	CHECK(ncalls == 3);
	m.base = 1022;
	CHECK(sbi_remote_fence_i(m) == SBI_ERR_INVALID_PARAM && ncalls == 3);
}

static void test_srst(void)
{
	firmware(true, true, true);
	answer.error = SBI_ERR_NOT_SUPPORTED;
	CHECK(sbi_shutdown(SBI_SRST_REASON_FAILURE) == SBI_ERR_NOT_SUPPORTED);
	CHECK(called(0, SBI_EXT_SRST, 0, 0, 1));
	CHECK(ncalls == 1);
	CHECK(sbi_reboot(SBI_SRST_REASON_NONE) == SBI_ERR_NOT_SUPPORTED);
	CHECK(called(1, SBI_EXT_SRST, 0, 1, 0));
	CHECK(called(2, SBI_EXT_SRST, 0, 2, 0) && ncalls == 3);
	firmware(true, true, false);
	absent = SBI_EXT_SRST;
	CHECK(sbi_shutdown(0) == SBI_ERR_NOT_SUPPORTED && ncalls == 0);
	CHECK(sbi_reboot(0) == SBI_ERR_NOT_SUPPORTED && ncalls == 0);
	firmware(false, false, true);
	CHECK(sbi_shutdown(0) == SBI_ERR_NOT_SUPPORTED && ncalls == 0);
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

static const char *event(unsigned long event_idx)
{
	static char text[48];

	return sbi_pmu_event_text(event_idx, text, sizeof(text));
}

static void test_pmu(void)
{
	struct sbi_pmu_counter info;
	unsigned long type, code, longest = 0;

	firmware(true, true, true);
	answer.value = 0xc03 | 63ul << 12;
	CHECK(!sbi_pmu_counter_get_info(3, &info) && !info.firmware &&
	      info.csr == 0xc03 && info.width == 64);
	answer.value = 1ul << 63;
	CHECK(!sbi_pmu_counter_get_info(3, &info) && info.firmware);
	CHECK(!strcmp(event(1), "cycles"));
	CHECK(!strcmp(event(10), "reference cycles"));
	CHECK(!strcmp(event(11), "event 0xb"));
	CHECK(!strcmp(
		event(SBI_PMU_CACHE_EVENT(SBI_PMU_DTLB, SBI_PMU_WRITE, 1)),
		"DTLB write misses"));
	CHECK(!strcmp(event(0x10000), "L1D read accesses"));
	CHECK(!strcmp(event(0x10006), "event 0x10006"));
	CHECK(!strcmp(event(0x10038), "event 0x10038"));
	CHECK(!strcmp(event(0xf0005), "firmware set_timer"));
	CHECK(!strcmp(event(0xf0006), "firmware IPI sent"));
	CHECK(!strcmp(event(0xf0015), "firmware hfence.vvma asid received"));
	CHECK(!strcmp(event(0xf0016), "event 0xf0016"));
	for (type = 0; type < 17; type++)
		for (code = 0; code < 64; code++)
			if (strlen(event(type << 16 | code)) > longest)
				longest = strlen(event(type << 16 | code));
	CHECK(longest > 30 && longest < 47);
}

static void test_sta(void)
{
	struct sbi_sta sta = { .sequence = 2, .steal = 77 };
	uint64_t ns = 0;

	CHECK(sbi_sta_steal(&sta, &ns) && ns == 77);
	sta.sequence = 3;
	sta.steal = 78;
	CHECK(!sbi_sta_steal(&sta, &ns) && ns == 77);
}

static void test_layout(void)
{
	CHECK(sbi_nacl_hfence_config(SBI_NACL_VVMA_ASID, 9, 3, 5) ==
	      (1ull << 63 | 6ull << 56 | 9ull << 48 | 3ull << 16 | 5));
	CHECK(SBI_NACL_CSR(0x200) == 0 && SBI_NACL_CSR(0x6c1) == 0x1c1 &&
	      SBI_NACL_CSR(0xe12) == 0x312);
	CHECK(SBI_SSE_STATE(0xfffffffau) == SBI_SSE_ENABLED &&
	      !SBI_SSE_PENDING(0xfffffffau) && SBI_SSE_CAN_INJECT(8));
	CHECK(SBI_SSE_IS_GLOBAL(SBI_SSE_GLOBAL_SOFTWARE) &&
	      !SBI_SSE_IS_GLOBAL(SBI_SSE_LOCAL_SOFTWARE));
}

static struct sbi_call seen;
static unsigned int nseen;

static void watch(const struct sbi_call *call)
{
	seen = *call;
	nseen++;
}

static void test_hook(void)
{
	unsigned long a[] = { 3, 0x1000, 7, 0, 0, 0 };

	firmware(true, true, true);
	answer = (struct sbiret){ SBI_ERR_ALREADY_STARTED, 9 };
	sbi_hart_start(3, 0x1000, 7);
	CHECK(nseen == 0);
	sbi_trace_hook = watch;
	CHECK(sbi_hart_start(3, 0x1000, 7) == SBI_ERR_ALREADY_STARTED);
	sbi_trace_hook = NULL;
	CHECK(nseen == 1 && ncalls == 2 &&
	      called(1, SBI_EXT_HSM, 0, 3, 0x1000));
	CHECK(seen.eid == SBI_EXT_HSM && seen.fid == 0 &&
	      !memcmp(seen.args, a, sizeof(a)));
	CHECK(seen.ret.error == SBI_ERR_ALREADY_STARTED && seen.ret.value == 9);
	CHECK(seen.end == seen.start + 5);
	/* Taken away between the look and the call. */
	CHECK(sbi_ecall_traced(3, 0x1000, 7, 0, 0, 0, 0, SBI_EXT_HSM).value ==
	      9);
	CHECK(nseen == 1 && ncalls == 3);
}

int main(void)
{
	test_names();
	test_base();
	test_probe();
	test_hide();
	test_probe_draft();
	test_time();
	test_harts();
	test_ipi_many();
	test_ipi_legacy();
	test_rfence();
	test_srst();
	test_console();
	test_pmu();
	test_sta();
	test_layout();
	test_hook();
	printf("%s\n", failures ? "FAIL" : "sbi: all well");
	return failures != 0;
}
