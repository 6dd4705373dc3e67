/*
 * CPPC: which registers there are, that they can be read or say why not, and
 * that nobody writes what is only read. The speed that is wished for is
 * written as it is, and not changed.
 */
#include "sbi/cppc.h"
#include "kernel/sbitest/sbitest.h"

static bool read_only(uint32_t reg)
{
	switch (reg) {
	case SBI_CPPC_HIGHEST_PERF:
	case SBI_CPPC_NOMINAL_PERF:
	case SBI_CPPC_LOWEST_NONLINEAR_PERF:
	case SBI_CPPC_LOWEST_PERF:
	case SBI_CPPC_GUARANTEED_PERF:
	case SBI_CPPC_COUNTER_WRAPAROUND:
	case SBI_CPPC_REFERENCE_COUNTER:
	case SBI_CPPC_DELIVERED_COUNTER:
	case SBI_CPPC_REFERENCE_PERF:
	case SBI_CPPC_LOWEST_MHZ:
	case SBI_CPPC_NOMINAL_MHZ:
	case SBI_CPPC_TRANSITION_LATENCY:
		return true;
	default:
		return false;
	}
}

static void test_reserved(struct sbitest *t)
{
	static const uint32_t regs[] = { SBI_CPPC_REGISTERS, 0x7fffffff,
					 SBI_CPPC_TRANSITION_LATENCY + 1 };
	uint64_t value;
	unsigned width;

	for (unsigned i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		sbitest_error(t, sbi_cppc_probe(regs[i], &width),
			      SBI_ERR_INVALID_PARAM, "probe of reserved 0x%x",
			      regs[i]);
		sbitest_error(t, sbi_cppc_read(regs[i], &value),
			      SBI_ERR_INVALID_PARAM, "read of reserved 0x%x",
			      regs[i]);
		sbitest_error(t, sbi_cppc_write(regs[i], 0),
			      SBI_ERR_INVALID_PARAM, "write of reserved 0x%x",
			      regs[i]);
	}
}

static void test_missing(struct sbitest *t, uint32_t reg, const char *name)
{
	uint64_t value;

	sbitest_error(t, sbi_cppc_read(reg, &value), SBI_ERR_NOT_SUPPORTED,
		      "%s is not there: read", name);
	sbitest_error(t, sbi_cppc_write(reg, 0), SBI_ERR_NOT_SUPPORTED,
		      "%s is not there: write", name);
}

static void test_there(struct sbitest *t, uint32_t reg, unsigned width,
		       const char *name)
{
	uint64_t value = 0, upper = 0;
	long err = sbi_cppc_read(reg, &value);

	sbitest_check(t, width == 32 || width == 64, "%s: 32 or 64 bits", name);
	if (err == SBI_ERR_DENIED && !read_only(reg)) {
		sbitest_skip(t, "it is only written", "%s: read", name);
		return;
	}
	if (!sbitest_error(t, err, 0, "%s: read", name))
		return;
	sbitest_check(t, width == 64 || value <= UINT32_MAX,
		      "%s: no more bits than it has", name);
	sbitest_error(t, sbi_cppc_read_hi(reg, &upper), 0, "%s: read_hi", name);
	sbitest_value(t, upper, 0, "%s: no upper half on a 64-bit hart", name);
	if (read_only(reg))
		sbitest_error(t, sbi_cppc_write(reg, value), SBI_ERR_DENIED,
			      "%s: write", name);
}

static void test_register(struct sbitest *t, uint32_t reg)
{
	const char *name = sbi_cppc_register_name(reg);
	unsigned width = 0;

	if (!sbitest_error(t, sbi_cppc_probe(reg, &width), 0, "%s: probe",
			   name))
		return;
	if (width)
		test_there(t, reg, width, name);
	else
		test_missing(t, reg, name);
}

/* It may be anything between the two ends of the scale. */
static void test_desired(struct sbitest *t)
{
	uint64_t value, again, low, high;

	if (sbi_cppc_read(SBI_CPPC_DESIRED_PERF, &value) ||
	    sbi_cppc_read(SBI_CPPC_LOWEST_PERF, &low) ||
	    sbi_cppc_read(SBI_CPPC_HIGHEST_PERF, &high)) {
		sbitest_skip(t, "there are no such registers",
			     "a speed to wish for");
		return;
	}
	sbitest_check(t, low <= high, "the scale has a lower and an upper end");
	sbitest_error(t, sbi_cppc_write(SBI_CPPC_DESIRED_PERF, value), 0,
		      "desired performance: write of what it is");
	sbitest_error(t, sbi_cppc_read(SBI_CPPC_DESIRED_PERF, &again), 0,
		      "desired performance: read behind it");
	sbitest_value(t, again, value, "desired performance: as it was");
}

void sbitest_cppc(struct sbitest *t)
{
	test_reserved(t);
	for (uint32_t reg = 0; reg < SBI_CPPC_REGISTERS; reg++)
		test_register(t, reg);
	test_register(t, SBI_CPPC_TRANSITION_LATENCY);
	test_desired(t);
}
