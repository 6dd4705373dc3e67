/*
 * Every function against the registers of its call: one line each, with the
 * name of the call in the specification, the arguments that must be in a0 and
 * on, and what becomes of the value. Each is made to see success and every
 * error. The table of calls.c must know the call under that name and with
 * that many arguments; and every call of that table must have a line here.
 */
#include "sbi/model_test.h"

#define SENTINEL 0x5a /* what a result holds that was not written */
#define VALUE    0x21 /* what the firmware returns beside the error */

/* What a function makes of the error and the value. */
enum kind {
	ERROR, /* returns the error; the call has no value */
	GIVES, /* the same, and writes the value on success only */
	COUNT, /* the same, and writes 0 on an error */
	INDEX, /* the same, and writes the value on an error, 9 on success */
	IS,    /* returns the value, on an error 0 */
	IS_1,  /* the same, but 1 */
	FLAG,  /* returns whether the value is not 0; on an error false */
	VOID,  /* returns nothing */
};

static unsigned long out;

/* A function that writes its result through its last argument, `&v`. */
#define OUT(type, call)                                                        \
	({                                                                     \
		type v = (type)SENTINEL;                                       \
		long err = call;                                               \
		out = (unsigned long)v;                                        \
		err;                                                           \
	})

static const unsigned long vector[16];
#define VECTOR   ((unsigned long)vector)
#define HARTS    ((struct sbi_hartmask){ 5, 2 })
#define SET      ((struct sbi_pmu_counters){ 3, 0xf0 })
#define TRIGGERS ((struct sbi_dbtr_triggers){ 3, 0xf0 })
#define OFF      ~0UL

#define LIST(...) __VA_ARGS__

/* One call: its number and name, what must be in a0 and on, what it makes. */
#define CALL(ext, number, name, arguments, kind, call)                         \
	do {                                                                   \
		unsigned long want[] = { LIST arguments };                     \
		long error;                                                    \
                                                                               \
		for (error = 0; error >= SBI_ERR_DENIED_LOCKED - 1; error--) { \
			ask(error);                                            \
			judge(__LINE__, error, kind, (unsigned long)(call));   \
			arrived(__LINE__, SBI_EXT_##ext, number, name, want,   \
				sizeof(want) / sizeof(want[0]));               \
		}                                                              \
	} while (0)

static bool covered[256];

static void fail(int line, const char *what)
{
	printf("FAIL %s:%d: %s\n", __FILE__, line, what);
	failures++;
}

/* The firmware has everything, and this is its answer. */
static void ask(long error)
{
	firmware(true, true, true);
	plain = true;
	memset(probed, PROBE_PRESENT, sizeof(probed));
	answer = (struct sbiret){ error, VALUE };
	out = SENTINEL;
}

static void judge(int line, long error, enum kind kind, unsigned long got)
{
	unsigned long result = error ? (unsigned long)error : 0;
	unsigned long written = SENTINEL;

	switch (kind) {
	case ERROR:
		break;
	case GIVES:
		written = error ? SENTINEL : VALUE;
		break;
	case COUNT:
		written = error ? 0 : VALUE;
		break;
	case INDEX:
		written = error ? VALUE : 9;
		break;
	case IS:
		result = error ? 0 : VALUE;
		break;
	case IS_1:
		result = error ? 1 : VALUE;
		break;
	case FLAG:
		result = !error;
		break;
	case VOID:
		result = 0;
		break;
	}
	if (got != result)
		fail(line, "another result");
	if (out != written)
		fail(line, "another value written");
}

static size_t count(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

static void arrived(int line, uint32_t eid, uint32_t fid, const char *name,
		    const unsigned long *args, size_t nargs)
{
	int at = sbi_function_index(eid, fid);
	size_t i;

	if (ncalls != 1 || calls[0].eid != eid || calls[0].fid != fid)
		fail(line, "another call, or not one");
	for (i = 0; i < 6; i++)
		if (calls[0].a[i] != (i < nargs ? args[i] : 0))
			fail(line, "another argument");
	if (at < 0 || strcmp(sbi_function_get((size_t)at)->name, name) ||
	    count(sbi_function_get((size_t)at)->args, ':') != nargs)
		fail(line, "calls.c has it otherwise");
	else
		covered[at] = true;
}

static void test_legacy(void)
{
	CALL(LEGACY_SET_TIMER, 0, "legacy_set_timer", (9), ERROR,
	     sbi_legacy_set_timer(9));
	CALL(LEGACY_PUTCHAR, 0, "legacy_console_putchar", (0xe4), ERROR,
	     sbi_legacy_console_putchar(0xe4));
	CALL(LEGACY_GETCHAR, 0, "legacy_console_getchar", (), ERROR,
	     sbi_legacy_console_getchar());
	CALL(LEGACY_CLEAR_IPI, 0, "legacy_clear_ipi", (), ERROR,
	     sbi_legacy_clear_ipi());
	CALL(LEGACY_SEND_IPI, 0, "legacy_send_ipi", (VECTOR), ERROR,
	     sbi_legacy_send_ipi(vector));
	CALL(LEGACY_FENCE_I, 0, "legacy_remote_fence_i", (VECTOR), ERROR,
	     sbi_legacy_remote_fence_i(vector));
	CALL(LEGACY_SFENCE_VMA, 0, "legacy_remote_sfence_vma", (VECTOR, 1, 2),
	     ERROR, sbi_legacy_remote_sfence_vma(vector, 1, 2));
	CALL(LEGACY_SFENCE_VMA_ASID, 0, "legacy_remote_sfence_vma_asid",
	     (VECTOR, 1, 2, 3), ERROR,
	     sbi_legacy_remote_sfence_vma_asid(vector, 1, 2, 3));
	CALL(LEGACY_SHUTDOWN, 0, "legacy_shutdown", (), VOID,
	     (sbi_legacy_shutdown(), 0));
}

static void test_base_to_srst(void)
{
	CALL(BASE, 0, "get_spec_version", (), IS_1, sbi_base_spec_version());
	CALL(BASE, 1, "get_impl_id", (), IS, sbi_base_impl_id());
	CALL(BASE, 2, "get_impl_version", (), IS, sbi_base_impl_version());
	CALL(BASE, 3, "probe_extension", (0xa000001), IS,
	     sbi_base_probe(0xa000001));
	CALL(BASE, 4, "get_mvendorid", (), IS, sbi_base_mvendorid());
	CALL(BASE, 5, "get_marchid", (), IS, sbi_base_marchid());
	CALL(BASE, 6, "get_mimpid", (), IS, sbi_base_mimpid());
	CALL(TIME, 0, "set_timer", (1ul << 40), ERROR,
	     sbi_set_timer(1ul << 40));
	CALL(IPI, 0, "send_ipi", (5, 2), ERROR, sbi_send_ipi(HARTS));
	CALL(RFENCE, 0, "remote_fence_i", (5, 2), ERROR,
	     sbi_remote_fence_i(HARTS));
	CALL(RFENCE, 1, "remote_sfence_vma", (5, 2, 7, 8), ERROR,
	     sbi_remote_sfence_vma(HARTS, 7, 8));
	CALL(RFENCE, 2, "remote_sfence_vma_asid", (5, 2, 7, 8, 9), ERROR,
	     sbi_remote_sfence_vma_asid(HARTS, 7, 8, 9));
	CALL(RFENCE, 3, "remote_hfence_gvma_vmid", (5, 2, 7, 8, 9), ERROR,
	     sbi_remote_hfence_gvma_vmid(HARTS, 7, 8, 9));
	CALL(RFENCE, 4, "remote_hfence_gvma", (5, 2, 7, 8), ERROR,
	     sbi_remote_hfence_gvma(HARTS, 7, 8));
	CALL(RFENCE, 5, "remote_hfence_vvma_asid", (5, 2, 7, 8, 9), ERROR,
	     sbi_remote_hfence_vvma_asid(HARTS, 7, 8, 9));
	CALL(RFENCE, 6, "remote_hfence_vvma", (5, 2, 7, 8), ERROR,
	     sbi_remote_hfence_vvma(HARTS, 7, 8));
	CALL(HSM, 0, "hart_start", (3, 0x1000, 7), ERROR,
	     sbi_hart_start(3, 0x1000, 7));
	CALL(HSM, 1, "hart_stop", (), ERROR, sbi_hart_stop());
	CALL(HSM, 2, "hart_get_status", (3), GIVES,
	     OUT(enum sbi_hsm_state, sbi_hart_status(3, &v)));
	CALL(HSM, 3, "hart_suspend", (0x80000000, 0x1000, 7), ERROR,
	     sbi_hart_suspend(SBI_HSM_SUSPEND_NON_RETENTIVE, 0x1000, 7));
	CALL(SRST, 0, "system_reset", (2, 1), ERROR,
	     sbi_system_reset(SBI_SRST_TYPE_WARM_REBOOT,
			      SBI_SRST_REASON_FAILURE));
}

static void test_pmu(void)
{
	CALL(PMU, 0, "pmu_num_counters", (), IS, sbi_pmu_num_counters());
	CALL(PMU, 1, "pmu_counter_get_info", (4), GIVES, ({
		     struct sbi_pmu_counter c = { .csr = SENTINEL };
		     long err = sbi_pmu_counter_get_info(4, &c);
		     out = c.csr;
		     err;
	     }));
	CALL(PMU, 2, "pmu_counter_config_matching", (3, 0xf0, 4, 0xf0005, 6),
	     GIVES,
	     OUT(unsigned long,
		 sbi_pmu_config_matching(SET, SBI_PMU_CFG_AUTO_START,
					 SBI_PMU_EVENT(SBI_PMU_TYPE_FW, 5), 6,
					 &v)));
	CALL(PMU, 3, "pmu_counter_start", (3, 0xf0, 1, 8), ERROR,
	     sbi_pmu_start(SET, SBI_PMU_START_SET_VALUE, 8));
	CALL(PMU, 4, "pmu_counter_stop", (3, 0xf0, 3), ERROR,
	     sbi_pmu_stop(SET, SBI_PMU_STOP_RESET | SBI_PMU_STOP_SNAPSHOT));
	CALL(PMU, 5, "pmu_counter_fw_read", (7), GIVES,
	     OUT(uint64_t, sbi_pmu_fw_read(7, &v)));
	CALL(PMU, 6, "pmu_counter_fw_read_hi", (7), GIVES,
	     OUT(uint64_t, sbi_pmu_fw_read_hi(7, &v)));
	CALL(PMU, 7, "pmu_snapshot_set_shmem", (0x1000, 0, 0), ERROR,
	     sbi_pmu_snapshot_set_shmem(0x1000));
	CALL(PMU, 7, "pmu_snapshot_set_shmem", (OFF, OFF, 0), ERROR,
	     sbi_pmu_snapshot_set_shmem(SBI_SHMEM_OFF));
	CALL(PMU, 8, "pmu_event_get_info", (0x1000, 0, 4, 0), ERROR,
	     sbi_pmu_event_get_info(0x1000, 4));
}

static void test_dbcn_to_sta(void)
{
	CALL(DBCN, 0, "debug_console_write", (64, 0x1000, 0), COUNT,
	     OUT(size_t, sbi_dbcn_write(0x1000, 64, &v)));
	CALL(DBCN, 1, "debug_console_read", (64, 0x1000, 0), COUNT,
	     OUT(size_t, sbi_dbcn_read(0x1000, 64, &v)));
	CALL(DBCN, 2, "debug_console_write_byte", (0xe4), ERROR,
	     sbi_dbcn_write_byte(0xe4));
	CALL(SUSP, 0, "system_suspend", (0x80000001, 0x1000, 7), ERROR,
	     sbi_system_suspend(0x80000001, 0x1000, 7));
	CALL(CPPC, 0, "cppc_probe", (5), GIVES,
	     OUT(unsigned int, sbi_cppc_probe(SBI_CPPC_DESIRED_PERF, &v)));
	CALL(CPPC, 1, "cppc_read", (0x80000000), GIVES,
	     OUT(uint64_t, sbi_cppc_read(SBI_CPPC_TRANSITION_LATENCY, &v)));
	CALL(CPPC, 2, "cppc_read_hi", (0x14), GIVES,
	     OUT(uint64_t, sbi_cppc_read_hi(SBI_CPPC_NOMINAL_MHZ, &v)));
	CALL(CPPC, 3, "cppc_write", (0xe, 1ul << 40), ERROR,
	     sbi_cppc_write(SBI_CPPC_ENABLE, 1ul << 40));
	CALL(NACL, 0, "nacl_probe_feature", (3), FLAG,
	     sbi_nacl_probe_feature(SBI_NACL_AUTOSWAP_CSR));
	CALL(NACL, 1, "nacl_set_shmem", (0x1000, 0, 0), ERROR,
	     sbi_nacl_set_shmem(0x1000));
	CALL(NACL, 1, "nacl_set_shmem", (OFF, OFF, 0), ERROR,
	     sbi_nacl_set_shmem(SBI_SHMEM_OFF));
	CALL(NACL, 2, "nacl_sync_csr", (0x600), ERROR,
	     sbi_nacl_sync_csr(0x600));
	CALL(NACL, 3, "nacl_sync_hfence", (OFF), ERROR,
	     sbi_nacl_sync_hfence(OFF));
	CALL(NACL, 4, "nacl_sync_sret", (), ERROR, sbi_nacl_sync_sret());
	CALL(STA, 0, "steal_time_set_shmem", (0x1040, 0, 0), ERROR,
	     sbi_sta_set_shmem(0x1040));
	CALL(STA, 0, "steal_time_set_shmem", (OFF, OFF, 0), ERROR,
	     sbi_sta_set_shmem(SBI_SHMEM_OFF));
}

static void test_sse_to_mpxy(void)
{
	CALL(SSE, 0, "sse_read_attrs", (0xffff8000, 2, 3, 0x1008, 0), ERROR,
	     sbi_sse_read_attrs(SBI_SSE_GLOBAL_SOFTWARE, 2, 3, 0x1008));
	CALL(SSE, 1, "sse_write_attrs", (0x10000, 1, 1, 0x1008, 0), ERROR,
	     sbi_sse_write_attrs(SBI_SSE_LOCAL_PMU, SBI_SSE_PRIORITY, 1,
				 0x1008));
	CALL(SSE, 2, "sse_register", (0xffff0000, 0x1002, 7), ERROR,
	     sbi_sse_register(SBI_SSE_LOCAL_SOFTWARE, 0x1002, 7));
	CALL(SSE, 3, "sse_unregister", (0x8000), ERROR,
	     sbi_sse_unregister(SBI_SSE_GLOBAL_RAS_HIGH));
	CALL(SSE, 4, "sse_enable", (0x100000), ERROR,
	     sbi_sse_enable(SBI_SSE_LOCAL_RAS_LOW));
	CALL(SSE, 5, "sse_disable", (0x108000), ERROR,
	     sbi_sse_disable(SBI_SSE_GLOBAL_RAS_LOW));
	CALL(SSE, 6, "sse_complete", (), ERROR, sbi_sse_complete());
	CALL(SSE, 7, "sse_inject", (1, 70), ERROR,
	     sbi_sse_inject(SBI_SSE_LOCAL_DOUBLE, 70));
	CALL(SSE, 8, "sse_hart_unmask", (), ERROR, sbi_sse_hart_unmask());
	CALL(SSE, 9, "sse_hart_mask", (), ERROR, sbi_sse_hart_mask());
	CALL(FWFT, 0, "fwft_set", (4, 6, 1), ERROR,
	     sbi_fwft_set(SBI_FWFT_PTE_AD_HW_UPDATING, 6, SBI_FWFT_LOCK));
	CALL(FWFT, 1, "fwft_get", (0xc0000000), GIVES,
	     OUT(unsigned long, sbi_fwft_get(0xc0000000, &v)));
	CALL(DBTR, 0, "debug_num_triggers", (6ul << 60), IS,
	     sbi_dbtr_num_triggers(6ul << 60));
	CALL(DBTR, 1, "debug_set_shmem", (0x1008, 0, 0), ERROR,
	     sbi_dbtr_set_shmem(0x1008));
	CALL(DBTR, 1, "debug_set_shmem", (OFF, OFF, 0), ERROR,
	     sbi_dbtr_set_shmem(SBI_SHMEM_OFF));
	CALL(DBTR, 2, "debug_read_triggers", (1, 2), ERROR,
	     sbi_dbtr_read(1, 2));
	CALL(DBTR, 3, "debug_install_triggers", (9), INDEX,
	     OUT(unsigned long, sbi_dbtr_install(9, &v)));
	CALL(DBTR, 3, "debug_install_triggers", (9), ERROR,
	     sbi_dbtr_install(9, NULL));
	CALL(DBTR, 4, "debug_update_triggers", (9), INDEX,
	     OUT(unsigned long, sbi_dbtr_update(9, &v)));
	CALL(DBTR, 5, "debug_uninstall_triggers", (3, 0xf0), ERROR,
	     sbi_dbtr_uninstall(TRIGGERS));
	CALL(DBTR, 6, "debug_enable_triggers", (3, 0xf0), ERROR,
	     sbi_dbtr_enable(TRIGGERS));
	CALL(DBTR, 7, "debug_disable_triggers", (3, 0xf0), ERROR,
	     sbi_dbtr_disable(TRIGGERS));
	CALL(MPXY, 0, "mpxy_get_shmem_size", (), IS, sbi_mpxy_get_shmem_size());
	CALL(MPXY, 1, "mpxy_set_shmem", (0x1000, 0, 1), ERROR,
	     sbi_mpxy_set_shmem(0x1000, SBI_MPXY_RETURN_OLD));
	CALL(MPXY, 1, "mpxy_set_shmem", (OFF, OFF, 0), ERROR,
	     sbi_mpxy_set_shmem(SBI_SHMEM_OFF, 0));
	CALL(MPXY, 2, "mpxy_get_channel_ids", (4), ERROR,
	     sbi_mpxy_get_channel_ids(4));
	CALL(MPXY, 3, "mpxy_read_attributes", (3, 0x80000000, 2), ERROR,
	     sbi_mpxy_read_attrs(3, 0x80000000, 2));
	CALL(MPXY, 4, "mpxy_write_attributes", (3, 7, 2), ERROR,
	     sbi_mpxy_write_attrs(3, SBI_MPXY_MSI_CONTROL, 2));
	CALL(MPXY, 5, "mpxy_send_message_with_response", (3, 4, 5), GIVES,
	     OUT(unsigned long, sbi_mpxy_send_with_response(3, 4, 5, &v)));
	CALL(MPXY, 6, "mpxy_send_message_without_response", (3, 4, 5), ERROR,
	     sbi_mpxy_send_without_response(3, 4, 5));
	CALL(MPXY, 7, "mpxy_get_notification_events", (3), GIVES,
	     OUT(unsigned long, sbi_mpxy_get_notifications(3, &v)));
}

static void test_covered(void)
{
	size_t i, j;

	for (i = 0; sbi_function_get(i); i++) {
		if (!covered[i])
			printf("FAIL no test of %s\n",
			       sbi_function_get(i)->name);
		failures += !covered[i];
		for (j = 0; j < i; j++)
			CHECK(strcmp(sbi_function_get(i)->name,
				     sbi_function_get(j)->name));
	}
	CHECK(i == 81);
	CHECK(sbi_function_index(SBI_EXT_SUSP, 1) == -1);
	CHECK(sbi_function_index(0x0a000001, 0) == -1);
	CHECK(sbi_function_index(SBI_EXT_LEGACY_PUTCHAR, 77) == 1);
}

/* A call, its answer, and what it must look like. */
static void test_text(void)
{
	static const struct {
		struct sbi_call call;
		const char *text;
	} rows[] = {
		{ { SBI_EXT_HSM, 0, { 2, 0x80200000 }, { -6, 0 }, 0, 0 },
		  "hart_start(hartid=2, start_addr=0x80200000, opaque=0x0) = "
		  "ALREADY_AVAILABLE" },
		{ { SBI_EXT_HSM, 2, { 70 }, { 0, 1 }, 0, 0 },
		  "hart_get_status(hartid=70) = SUCCESS, 1" },
		{ { SBI_EXT_HSM, 2, { 71 }, { -3, 1 }, 0, 0 },
		  "hart_get_status(hartid=71) = INVALID_PARAM" },
		{ { SBI_EXT_HSM, 1, { 7, 7, 7 }, { -1, 1 }, 0, 0 },
		  "hart_stop() = FAILED" },
		{ { SBI_EXT_TIME, 0, { ~0ul }, { 0, 1 }, 0, 0 },
		  "set_timer(stime_value=-1) = SUCCESS" },
		{ { SBI_EXT_IPI, 0, { 5, 66 }, { 0, 1 }, 0, 0 },
		  "send_ipi(hart_mask=0x5, hart_mask_base=66) = SUCCESS" },
		{ { SBI_EXT_BASE, 0, { 0 }, { 0, 0x3000000 }, 0, 0 },
		  "get_spec_version() = SUCCESS, 0x3000000" },
		{ { SBI_EXT_LEGACY_GETCHAR, 9, { 0 }, { -1, 1 }, 0, 0 },
		  "legacy_console_getchar() = -1" },
		{ { SBI_EXT_LEGACY_GETCHAR, 0, { 0 }, { 65, 1 }, 0, 0 },
		  "legacy_console_getchar() = 65" },
		{ { 0x0a000001, 3, { 1, 2, 3, 4, 5, ~0ul }, { -2, 0 }, 0, 0 },
		  "call(0xa000001, 3, 0x1, 0x2, 0x3, 0x4, 0x5, -1) = "
		  "NOT_SUPPORTED" },
	};
	char text[SBI_CALL_TEXT], small[12];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(sbi_call_text(&rows[i].call, text, sizeof(text)) ==
		      strlen(rows[i].text));
		CHECK(!strcmp(text, rows[i].text));
	}
	CHECK(sbi_call_text(&rows[0].call, small, sizeof(small)) == 11 &&
	      !strcmp(small, "hart_start("));
}

/* The widest numbers everywhere: it all fits. */
static void test_text_fits(void)
{
	struct sbi_call call = { .ret = { 0, ~1ul } };
	char text[SBI_CALL_TEXT];
	size_t i, len, longest = 0;

	memset(call.args, 0xfe, sizeof(call.args));
	for (i = 0; sbi_function_get(i); i++) {
		call.eid = sbi_function_get(i)->eid;
		call.fid = sbi_function_get(i)->fid;
		len = sbi_call_text(&call, text, sizeof(text));
		CHECK(len == strlen(text));
		CHECK(count(text, '=') ==
		      count(sbi_function_get(i)->args, ':') + 1);
		if (len > longest)
			longest = len;
	}
	CHECK(longest > 150 && longest < SBI_CALL_TEXT - 1);
	call.eid = call.fid = ~1u;
	CHECK(sbi_call_text(&call, text, sizeof(text)) < SBI_CALL_TEXT - 1);
}

int main(void)
{
	test_legacy();
	test_base_to_srst();
	test_pmu();
	test_dbcn_to_sta();
	test_sse_to_mpxy();
	test_covered();
	test_text();
	test_text_fits();
	printf("%s\n", failures ? "FAIL" : "calls: all well");
	return failures != 0;
}
