/*
 * The SRST extension.
 */
#include "sbi/srst.h"

long sbi_system_reset(uint32_t type, uint32_t reason)
{
	return sbi_ecall2(SBI_EXT_SRST, SBI_SRST_SYSTEM_RESET, type, reason)
		.error;
}

long sbi_shutdown(uint32_t reason)
{
	if (!sbi_probe(SBI_EXT_SRST))
		return SBI_ERR_NOT_SUPPORTED;
	return sbi_system_reset(SBI_SRST_TYPE_SHUTDOWN, reason);
}

long sbi_reboot(uint32_t reason)
{
	long err;

	if (!sbi_probe(SBI_EXT_SRST))
		return SBI_ERR_NOT_SUPPORTED;
	err = sbi_system_reset(SBI_SRST_TYPE_COLD_REBOOT, reason);
	sbi_system_reset(SBI_SRST_TYPE_WARM_REBOOT, reason);
	return err;
}
