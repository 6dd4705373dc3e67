/*
 * The table of all calls, and a call as text. Names are those of the SBI
 * specification 3.0; its function lists give the numbers.
 */
#include "sbi/calls.h"
#include "sbi/base.h"
#include "sbi/text.h"

#define X(id, spec_name, major, minor, purpose)                                \
	{ SBI_EXT_##id, SBI_SPEC(major, minor), spec_name, purpose },
static const struct sbi_extension extensions[] = { SBI_EXTENSIONS(X) };
#undef X

#define MASK  "hart_mask:m hart_mask_base:b"
#define RANGE MASK " start_addr:v size:n"
#define SHMEM "shmem_phys_lo:a shmem_phys_hi:x flags:f"

static const struct sbi_function functions[] = {
	{ SBI_EXT_LEGACY_SET_TIMER, 0, "legacy_set_timer", "stime_value:t" },
	{ SBI_EXT_LEGACY_PUTCHAR, 0, "legacy_console_putchar", "ch:x" },
	{ SBI_EXT_LEGACY_GETCHAR, 0, "legacy_console_getchar", " = !n" },
	{ SBI_EXT_LEGACY_CLEAR_IPI, 0, "legacy_clear_ipi", " = !n" },
	{ SBI_EXT_LEGACY_SEND_IPI, 0, "legacy_send_ipi", "hart_mask:v" },
	{ SBI_EXT_LEGACY_FENCE_I, 0, "legacy_remote_fence_i", "hart_mask:v" },
	{ SBI_EXT_LEGACY_SFENCE_VMA, 0, "legacy_remote_sfence_vma",
	  "hart_mask:v start:v size:n" },
	{ SBI_EXT_LEGACY_SFENCE_VMA_ASID, 0, "legacy_remote_sfence_vma_asid",
	  "hart_mask:v start:v size:n asid:n" },
	{ SBI_EXT_LEGACY_SHUTDOWN, 0, "legacy_shutdown", "" },
	{ SBI_EXT_BASE, 0, "get_spec_version", " = x" },
	{ SBI_EXT_BASE, 1, "get_impl_id", " = n" },
	{ SBI_EXT_BASE, 2, "get_impl_version", " = x" },
	{ SBI_EXT_BASE, 3, "probe_extension", "extension_id:x = n" },
	{ SBI_EXT_BASE, 4, "get_mvendorid", " = x" },
	{ SBI_EXT_BASE, 5, "get_marchid", " = x" },
	{ SBI_EXT_BASE, 6, "get_mimpid", " = x" },
	{ SBI_EXT_TIME, 0, "set_timer", "stime_value:t" },
	{ SBI_EXT_IPI, 0, "send_ipi", MASK },
	{ SBI_EXT_RFENCE, 0, "remote_fence_i", MASK },
	{ SBI_EXT_RFENCE, 1, "remote_sfence_vma", RANGE },
	{ SBI_EXT_RFENCE, 2, "remote_sfence_vma_asid", RANGE " asid:n" },
	{ SBI_EXT_RFENCE, 3, "remote_hfence_gvma_vmid", RANGE " vmid:n" },
	{ SBI_EXT_RFENCE, 4, "remote_hfence_gvma", RANGE },
	{ SBI_EXT_RFENCE, 5, "remote_hfence_vvma_asid", RANGE " asid:n" },
	{ SBI_EXT_RFENCE, 6, "remote_hfence_vvma", RANGE },
	{ SBI_EXT_HSM, 0, "hart_start", "hartid:h start_addr:a opaque:x" },
	{ SBI_EXT_HSM, 1, "hart_stop", "" },
	{ SBI_EXT_HSM, 2, "hart_get_status", "hartid:h = n" },
	{ SBI_EXT_HSM, 3, "hart_suspend",
	  "suspend_type:x resume_addr:a opaque:x" },
	{ SBI_EXT_SRST, 0, "system_reset", "reset_type:x reset_reason:x" },
	{ SBI_EXT_PMU, 0, "pmu_num_counters", " = n" },
	{ SBI_EXT_PMU, 1, "pmu_counter_get_info", "counter_idx:n = x" },
	{ SBI_EXT_PMU, 2, "pmu_counter_config_matching",
	  "counter_idx_base:b counter_idx_mask:m config_flags:f event_idx:e "
	  "event_data:x = n" },
	{ SBI_EXT_PMU, 3, "pmu_counter_start",
	  "counter_idx_base:b counter_idx_mask:m start_flags:f "
	  "initial_value:n" },
	{ SBI_EXT_PMU, 4, "pmu_counter_stop",
	  "counter_idx_base:b counter_idx_mask:m stop_flags:f" },
	{ SBI_EXT_PMU, 5, "pmu_counter_fw_read", "counter_idx:n = n" },
	{ SBI_EXT_PMU, 6, "pmu_counter_fw_read_hi", "counter_idx:n = n" },
	{ SBI_EXT_PMU, 7, "pmu_snapshot_set_shmem", SHMEM },
	{ SBI_EXT_PMU, 8, "pmu_event_get_info",
	  "shmem_phys_lo:a shmem_phys_hi:x num_entries:n flags:f" },
	{ SBI_EXT_DBCN, 0, "debug_console_write",
	  "num_bytes:n base_addr_lo:a base_addr_hi:x = n" },
	{ SBI_EXT_DBCN, 1, "debug_console_read",
	  "num_bytes:n base_addr_lo:a base_addr_hi:x = n" },
	{ SBI_EXT_DBCN, 2, "debug_console_write_byte", "byte:x" },
	{ SBI_EXT_SUSP, 0, "system_suspend",
	  "sleep_type:x resume_addr:a opaque:x" },
	{ SBI_EXT_CPPC, 0, "cppc_probe", "cppc_reg_id:e = n" },
	{ SBI_EXT_CPPC, 1, "cppc_read", "cppc_reg_id:e = x" },
	{ SBI_EXT_CPPC, 2, "cppc_read_hi", "cppc_reg_id:e = x" },
	{ SBI_EXT_CPPC, 3, "cppc_write", "cppc_reg_id:e val:x" },
	{ SBI_EXT_NACL, 0, "nacl_probe_feature", "feature_id:e = n" },
	{ SBI_EXT_NACL, 1, "nacl_set_shmem", SHMEM },
	{ SBI_EXT_NACL, 2, "nacl_sync_csr", "csr_num:e" },
	{ SBI_EXT_NACL, 3, "nacl_sync_hfence", "entry_index:n" },
	{ SBI_EXT_NACL, 4, "nacl_sync_sret", "" },
	{ SBI_EXT_STA, 0, "steal_time_set_shmem", SHMEM },
	{ SBI_EXT_SSE, 0, "sse_read_attrs",
	  "event_id:e base_attr_id:n attr_count:n output_phys_lo:a "
	  "output_phys_hi:x" },
	{ SBI_EXT_SSE, 1, "sse_write_attrs",
	  "event_id:e base_attr_id:n attr_count:n input_phys_lo:a "
	  "input_phys_hi:x" },
	{ SBI_EXT_SSE, 2, "sse_register",
	  "event_id:e handler_entry_pc:v handler_entry_arg:x" },
	{ SBI_EXT_SSE, 3, "sse_unregister", "event_id:e" },
	{ SBI_EXT_SSE, 4, "sse_enable", "event_id:e" },
	{ SBI_EXT_SSE, 5, "sse_disable", "event_id:e" },
	{ SBI_EXT_SSE, 6, "sse_complete", "" },
	{ SBI_EXT_SSE, 7, "sse_inject", "event_id:e hart_id:h" },
	{ SBI_EXT_SSE, 8, "sse_hart_unmask", "" },
	{ SBI_EXT_SSE, 9, "sse_hart_mask", "" },
	{ SBI_EXT_FWFT, 0, "fwft_set", "feature:e value:x flags:f" },
	{ SBI_EXT_FWFT, 1, "fwft_get", "feature:e = x" },
	{ SBI_EXT_DBTR, 0, "debug_num_triggers", "trig_tdata1:x = n" },
	{ SBI_EXT_DBTR, 1, "debug_set_shmem", SHMEM },
	{ SBI_EXT_DBTR, 2, "debug_read_triggers",
	  "trig_idx_base:b trig_count:n" },
	{ SBI_EXT_DBTR, 3, "debug_install_triggers", "trig_count:n = n" },
	{ SBI_EXT_DBTR, 4, "debug_update_triggers", "trig_count:n = n" },
	{ SBI_EXT_DBTR, 5, "debug_uninstall_triggers",
	  "trig_idx_base:b trig_idx_mask:m" },
	{ SBI_EXT_DBTR, 6, "debug_enable_triggers",
	  "trig_idx_base:b trig_idx_mask:m" },
	{ SBI_EXT_DBTR, 7, "debug_disable_triggers",
	  "trig_idx_base:b trig_idx_mask:m" },
	{ SBI_EXT_MPXY, 0, "mpxy_get_shmem_size", " = n" },
	{ SBI_EXT_MPXY, 1, "mpxy_set_shmem", SHMEM },
	{ SBI_EXT_MPXY, 2, "mpxy_get_channel_ids", "start_index:n" },
	{ SBI_EXT_MPXY, 3, "mpxy_read_attributes",
	  "channel_id:e base_attribute_id:x attribute_count:n" },
	{ SBI_EXT_MPXY, 4, "mpxy_write_attributes",
	  "channel_id:e base_attribute_id:x attribute_count:n" },
	{ SBI_EXT_MPXY, 5, "mpxy_send_message_with_response",
	  "channel_id:e message_id:e message_data_len:n = n" },
	{ SBI_EXT_MPXY, 6, "mpxy_send_message_without_response",
	  "channel_id:e message_id:e message_data_len:n" },
	{ SBI_EXT_MPXY, 7, "mpxy_get_notification_events", "channel_id:e = n" },
};

#define COUNT(array) (sizeof(array) / sizeof(array[0]))

const struct sbi_extension *sbi_extension_get(size_t i)
{
	return i < COUNT(extensions) ? &extensions[i] : NULL;
}

const struct sbi_function *sbi_function_get(size_t i)
{
	return i < COUNT(functions) ? &functions[i] : NULL;
}

/* The legacy calls have no function number: what is in a6 means nothing. */
int sbi_function_index(uint32_t eid, uint32_t fid)
{
	size_t i;

	for (i = 0; i < COUNT(functions); i++)
		if (functions[i].eid == eid &&
		    (functions[i].fid == fid || eid <= SBI_EXT_LEGACY_SHUTDOWN))
			return (int)i;
	return -1;
}

/* One argument from *p on: writes "name=", leaves *p behind it. */
static char argument(const char **p, struct sbi_text *t)
{
	char kind;

	for (; **p != ':'; ++*p)
		sbi_text_char(t, **p);
	sbi_text_char(t, '=');
	kind = (*p)[1];
	*p += 2;
	return kind;
}

static void value(struct sbi_text *t, char kind, unsigned long v)
{
	bool decimal = kind == 'n' || kind == 'h' || kind == 't' || kind == 'b';

	if (v == ~0UL) {
		sbi_text_string(t, "-1");
		return;
	}
	if (!decimal)
		sbi_text_string(t, "0x");
	sbi_text_number(t, v, decimal ? 10 : 16);
}

char sbi_function_result(const struct sbi_function *function)
{
	const char *p = function->args;

	for (; *p; p++)
		if (*p == '=')
			return p[2];
	return '\0';
}

static unsigned long magnitude(long v)
{
	return v < 0 ? 0 - (unsigned long)v : (unsigned long)v;
}

static void unknown(struct sbi_text *t, const struct sbi_call *call)
{
	size_t i;

	sbi_text_string(t, "call(");
	value(t, 'x', call->eid);
	sbi_text_string(t, ", ");
	value(t, 'n', call->fid);
	for (i = 0; i < 6; i++) {
		sbi_text_string(t, ", ");
		value(t, 'x', call->args[i]);
	}
}

size_t sbi_call_text(const struct sbi_call *call, char *buf, size_t size)
{
	int at = sbi_function_index(call->eid, call->fid);
	struct sbi_text t = { buf, size, 0 };
	char kind = '\0', result = '\0';
	const char *p;
	size_t i;

	if (at < 0) {
		unknown(&t, call);
	} else {
		sbi_text_string(&t, functions[at].name);
		sbi_text_char(&t, '(');
		p = functions[at].args;
		for (i = 0; *p && *p != ' '; i++) {
			kind = argument(&p, &t);
			value(&t, kind, call->args[i]);
			if (p[0] != ' ' || p[1] == '=')
				break;
			sbi_text_string(&t, ", ");
			p++;
		}
		result = sbi_function_result(&functions[at]);
	}
	sbi_text_string(&t, ") = ");
	if (result == '!') {
		if (call->ret.error < 0)
			sbi_text_char(&t, '-');
		value(&t, 'n', magnitude(call->ret.error));
		return t.len;
	}
	sbi_text_string(&t, sbi_error_name(call->ret.error));
	if (result && !call->ret.error) {
		sbi_text_string(&t, ", ");
		value(&t, result, call->ret.value);
	}
	return t.len;
}
