/*
 * The SUSP extension.
 */
#include "sbi/susp.h"

#define SUSP_SYSTEM_SUSPEND 0

long sbi_system_suspend(uint32_t type, uint64_t resume_pa, unsigned long opaque)
{
	return sbi_ecall3(SBI_EXT_SUSP, SUSP_SYSTEM_SUSPEND, type, resume_pa,
			  opaque)
		.error;
}
