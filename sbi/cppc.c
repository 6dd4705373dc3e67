/*
 * The CPPC extension.
 */
#include "sbi/cppc.h"

enum cppc_fid { CPPC_PROBE, CPPC_READ, CPPC_READ_HI, CPPC_WRITE };

static const char *const register_names[SBI_CPPC_REGISTERS] = {
	"highest performance",
	"nominal performance",
	"lowest nonlinear performance",
	"lowest performance",
	"guaranteed performance",
	"desired performance",
	"minimum performance",
	"maximum performance",
	"performance reduction tolerance",
	"time window",
	"counter wraparound time",
	"reference performance counter",
	"delivered performance counter",
	"performance limited",
	"CPPC enable",
	"autonomous selection enable",
	"autonomous activity window",
	"energy performance preference",
	"reference performance",
	"lowest frequency",
	"nominal frequency",
};

const char *sbi_cppc_register_name(uint32_t reg)
{
	if (reg == SBI_CPPC_TRANSITION_LATENCY)
		return "transition latency";
	return reg < SBI_CPPC_REGISTERS ? register_names[reg] : NULL;
}

long sbi_cppc_probe(uint32_t reg, unsigned int *width)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_CPPC, CPPC_PROBE, reg);

	if (!ret.error)
		*width = (unsigned int)ret.value;
	return ret.error;
}

static long cppc_read(enum cppc_fid fid, uint32_t reg, uint64_t *value)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_CPPC, fid, reg);

	if (!ret.error)
		*value = ret.value;
	return ret.error;
}

long sbi_cppc_read(uint32_t reg, uint64_t *value)
{
	return cppc_read(CPPC_READ, reg, value);
}

long sbi_cppc_read_hi(uint32_t reg, uint64_t *value)
{
	return cppc_read(CPPC_READ_HI, reg, value);
}

long sbi_cppc_write(uint32_t reg, uint64_t value)
{
	return sbi_ecall2(SBI_EXT_CPPC, CPPC_WRITE, reg, value).error;
}
