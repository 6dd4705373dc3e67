/*
 * The HSM extension.
 */
#include "sbi/hsm.h"

enum hsm_fid { HSM_START, HSM_STOP, HSM_STATUS, HSM_SUSPEND };

static const char *const state_names[] = {
	[SBI_HSM_STARTED] = "started",
	[SBI_HSM_STOPPED] = "stopped",
	[SBI_HSM_START_PENDING] = "start pending",
	[SBI_HSM_STOP_PENDING] = "stop pending",
	[SBI_HSM_SUSPENDED] = "suspended",
	[SBI_HSM_SUSPEND_PENDING] = "suspend pending",
	[SBI_HSM_RESUME_PENDING] = "resume pending",
};

long sbi_hart_start(unsigned long hartid, uint64_t start_pa,
		    unsigned long opaque)
{
	return sbi_ecall3(SBI_EXT_HSM, HSM_START, hartid, start_pa, opaque)
		.error;
}

long sbi_hart_stop(void)
{
	return sbi_ecall0(SBI_EXT_HSM, HSM_STOP).error;
}

long sbi_hart_status(unsigned long hartid, enum sbi_hsm_state *state)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_HSM, HSM_STATUS, hartid);

	if (!ret.error)
		*state = (enum sbi_hsm_state)ret.value;
	return ret.error;
}

long sbi_hart_suspend(uint32_t type, uint64_t resume_pa, unsigned long opaque)
{
	return sbi_ecall3(SBI_EXT_HSM, HSM_SUSPEND, type, resume_pa, opaque)
		.error;
}

const char *sbi_hsm_state_name(enum sbi_hsm_state state)
{
	if (state >= sizeof(state_names) / sizeof(state_names[0]))
		return "unknown state";
	return state_names[state];
}
