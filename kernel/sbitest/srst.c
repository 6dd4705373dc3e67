/*
 * SRST: what is refused. Wrong reasons are for the end of the boot mode: if
 * one is not refused, the machine is off.
 */
#include "sbi/srst.h"
#include "kernel/bits.h"
#include "kernel/sbitest/sbitest.h"

/* The first and the last reserved ones. */
static const uint32_t types[] = { 3, 0xefffffff };
static const uint32_t reasons[] = { 2, 0xdfffffff };

void sbitest_srst(struct sbitest *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		sbitest_error(
			t, sbi_system_reset(types[i], SBI_SRST_REASON_NONE),
			SBI_ERR_INVALID_PARAM,
			"reserved type %#x gives INVALID_PARAM", types[i]);
}

void sbitest_srst_alone(struct sbitest *t)
{
	for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++)
		sbitest_error(
			t, sbi_system_reset(SBI_SRST_TYPE_SHUTDOWN, reasons[i]),
			SBI_ERR_INVALID_PARAM,
			"reserved reason %#x gives INVALID_PARAM", reasons[i]);
}
