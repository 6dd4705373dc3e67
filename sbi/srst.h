/*
 * SRST (SBI 3.0, chapter "System Reset Extension", EID 0x53525354): power
 * off and restart.
 */
#pragma once

#include "sbi/sbi.h"

/* Types beside SBI_SRST_TYPE_SHUTDOWN; from 0xf0000000 on the platform's */
#define SBI_SRST_TYPE_COLD_REBOOT 1
#define SBI_SRST_TYPE_WARM_REBOOT 2
/* Reasons beside SBI_SRST_REASON_FAILURE */
#define SBI_SRST_REASON_NONE 0

/*
 * Returns only on failure: NOT_SUPPORTED (this machine cannot do that type),
 * INVALID_PARAM (reserved type or reason), FAILED.
 */
long sbi_system_reset(uint32_t type, uint32_t reason);

/*
 * Power off / restart by SRST, a restart first cold, then warm. They return,
 * with the reason, when the machine can do none of it. (The legacy call is the
 * very last resort: it may stop the hart for ever instead.)
 */
long sbi_shutdown(uint32_t reason);
long sbi_reboot(uint32_t reason);
