/*
 * BASE: the calls that cannot fail, and what probing says.
 */
#include "sbi/base.h"
#include "kernel/bits.h"
#include "kernel/sbitest/sbitest.h"
#include "kernel/smp.h"
#include "sbi/calls.h"

/* Which no implementation has: between the firmware's numbers and the rest. */
#define NO_EXTENSION 0x0b000000

static void check_values(struct sbitest *t)
{
	static const uint32_t fids[] = { 0, 1, 2, 4, 5, 6 };

	for (unsigned i = 0; i < ARRAY_SIZE(fids); i++) {
		int at = sbi_function_index(SBI_EXT_BASE, fids[i]);
		const char *name = sbi_function_get((size_t)at)->name;
		struct sbiret ret = sbi_ecall0(SBI_EXT_BASE, fids[i]);

		sbitest_error(t, ret.error, SBI_SUCCESS, "%s gives SUCCESS",
			      name);
		sbitest_value(t, sbi_ecall0(SBI_EXT_BASE, fids[i]).value,
			      ret.value, "%s gives the same again", name);
	}
}

/* Every other register but a0 and a1 comes back as it was (SBI 3.0, chapter
 * "Binary Encoding"). */
static void check_registers(struct sbitest *t)
{
	unsigned long self = this_hart()->hartid;
	const struct {
		uint32_t eid, fid;
		unsigned long arg0, arg1;
	} calls[] = {
		{ SBI_EXT_BASE, 0, 0, 0 },   { SBI_EXT_TIME, 0, ~0ul, 0 },
		{ SBI_EXT_IPI, 0, 0, self }, { SBI_EXT_RFENCE, 0, 0, self },
		{ SBI_EXT_HSM, 2, self, 0 }, { SBI_EXT_PMU, 0, 0, 0 },
		{ SBI_EXT_DBCN, 0, 0, 0 },   { NO_EXTENSION, 0, 0, 0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(calls); i++) {
		int at = sbi_function_index(calls[i].eid, calls[i].fid);

		if (at >= 0 && !sbi_probe(calls[i].eid))
			continue;
		sbitest_value(t,
			      sbitest_registers(calls[i].eid, calls[i].fid,
						calls[i].arg0, calls[i].arg1),
			      0, "%s keeps the registers",
			      at < 0 ? "a call that is unknown"
				     : sbi_function_get((size_t)at)->name);
	}
}

struct answer {
	unsigned long spec, impl, version, vendor;
};

static void ask(void *arg)
{
	struct answer *a = arg;

	a->spec = sbi_base_spec_version();
	a->impl = sbi_base_impl_id();
	a->version = sbi_base_impl_version();
	a->vendor = sbi_base_mvendorid();
}

static void check_other_hart(struct sbitest *t)
{
	struct answer here, there = { 0 };

	if (!t->others) {
		sbitest_skip(t, "there is no other hart",
			     "another hart hears the same versions");
		return;
	}
	ask(&here);
	if (!sbitest_check(t, sbitest_call(t, 0, ask, &there),
			   "another hart gets an answer"))
		return;
	sbitest_check(t,
		      here.spec == there.spec && here.impl == there.impl &&
			      here.version == there.version,
		      "another hart hears the same versions");
}

void sbitest_base(struct sbitest *t)
{
	struct sbiret spec = sbi_ecall0(SBI_EXT_BASE, 0);
	struct sbiret ret;

	check_values(t);
	sbitest_value(t, spec.value >> 31, 0,
		      "get_spec_version has bits 31 and above clear");
	sbitest_check(t, spec.value >= SBI_SPEC(0, 2),
		      "get_spec_version is 0.2 at least");
	sbitest_value(t, sbi_base_mvendorid() >> 32, 0,
		      "get_mvendorid fits 32 bits");
	ret = sbi_ecall1(SBI_EXT_BASE, SBI_BASE_PROBE, SBI_EXT_BASE);
	sbitest_error(t, ret.error, SBI_SUCCESS, "probe of BASE gives SUCCESS");
	sbitest_check(t, ret.value != 0, "probe finds BASE");
	ret = sbi_ecall1(SBI_EXT_BASE, SBI_BASE_PROBE, NO_EXTENSION);
	sbitest_error(t, ret.error, SBI_SUCCESS, "probe of %#x gives SUCCESS",
		      NO_EXTENSION);
	sbitest_value(t, ret.value, 0, "probe does not find %#x", NO_EXTENSION);
	sbitest_error(t, sbi_ecall0(NO_EXTENSION, 0).error,
		      SBI_ERR_NOT_SUPPORTED,
		      "a call of %#x gives NOT_SUPPORTED", NO_EXTENSION);
	check_registers(t);
	check_other_hart(t);
}
