/*
 * The nine calls of 0.1, but for the one that switches off. They have no
 * function number and one answer, and take masks by virtual address.
 */
#include "sbi/legacy.h"
#include "kernel/bits.h"
#include "kernel/riscv.h"
#include "kernel/sbitest/rfence.h"
#include "kernel/smp.h"
#include "sbi/calls.h"
#include "sbi/ipi.h"

static struct sbi_legacy_mask space;

static const unsigned long *vector(struct sbi_hartmask mask)
{
	const unsigned long *v = NULL;

	return sbi_legacy_mask(mask, &space, &v) ? v : NULL;
}

static long remote_fence_i(struct sbi_hartmask mask)
{
	return sbi_legacy_remote_fence_i(vector(mask));
}

static long by_address(struct sbi_hartmask mask, unsigned long start,
		       unsigned long size, unsigned long asid)
{
	return sbi_legacy_remote_sfence_vma(vector(mask), start, size);
}

static long by_asid(struct sbi_hartmask mask, unsigned long start,
		    unsigned long size, unsigned long asid)
{
	return sbi_legacy_remote_sfence_vma_asid(vector(mask), start, size,
						 asid);
}

static void check_timer(struct sbitest *t)
{
	csr_write(sie, 0);
	sbitest_error(t, sbi_legacy_set_timer(0), SBI_SUCCESS,
		      "set_timer(0) gives 0");
	sbitest_check(t,
		      SBITEST_UNTIL(csr_read(sip) & SIP_STIP, SBITEST_PATIENCE),
		      "set_timer(0) makes STIP pending");
	sbitest_error(t, sbi_legacy_set_timer(UINT64_MAX), SBI_SUCCESS,
		      "set_timer(-1) gives 0");
	sbitest_check(t, !(csr_read(sip) & SIP_STIP),
		      "set_timer(-1) clears it");
}

static void check_ipi(struct sbitest *t)
{
	struct sbi_hartmask self = { 1, this_hart()->hartid };

	csr_clear(sip, SIP_SSIP);
	sbitest_error(t, sbi_legacy_send_ipi(vector(self)), SBI_SUCCESS,
		      "send_ipi gives 0");
	sbitest_check(t,
		      SBITEST_UNTIL(csr_read(sip) & SIP_SSIP, SBITEST_PATIENCE),
		      "send_ipi makes SSIP pending");
	sbitest_check(t, sbi_legacy_clear_ipi() > 0,
		      "clear_ipi says that one was pending");
	sbitest_check(t, !(csr_read(sip) & SIP_SSIP), "clear_ipi clears it");
	sbitest_value(t, (uint64_t)sbi_legacy_clear_ipi(), 0,
		      "clear_ipi says that none was pending");
}

static void check_console(struct sbitest *t)
{
	const char *text = "sbi test: a line written by the legacy call\n";
	bool success = true;
	long c;

	for (; *text; text++)
		success &= !sbi_legacy_console_putchar((unsigned char)*text);
	sbitest_check(t, success, "console_putchar gives 0");
	c = sbi_legacy_console_getchar();
	if (c >= 0 && !t->alone)
		sbitest_skip(t, "somebody has typed something",
			     "console_getchar without input gives -1");
	else
		sbitest_value(t, (uint64_t)c, UINT64_MAX,
			      "console_getchar without input gives -1");
}

/* a1 is no result of theirs, and stays. */
static void check_register(struct sbitest *t)
{
	struct sbiret ret = sbi_ecall(SBI_EXT_LEGACY_SET_TIMER, 0, UINT64_MAX,
				      0x5b1, 0, 0, 0, 0);

	sbitest_value(t, ret.value, 0x5b1, "a1 stays as it was");
}

void sbitest_legacy(struct sbitest *t)
{
	static const struct sbitest_range all = { "remote_sfence_vma", 0,
						  PAGE_SIZE, false, false };
	static const struct sbitest_range asid = { "remote_sfence_vma_asid", 0,
						   PAGE_SIZE, false, true };

	for (uint32_t eid = 0; eid <= SBI_EXT_LEGACY_SHUTDOWN; eid++)
		if (!sbi_probe(eid)) {
			sbitest_skip(t, "the firmware does not have all nine",
				     "all");
			return;
		}
	check_timer(t);
	check_console(t);
	check_register(t);
	if (sbitest_no_hart() > SBI_LEGACY_HARTS) {
		sbitest_skip(t, "a hart's id is too large",
			     "what takes a mask");
		return;
	}
	check_ipi(t);
	sbitest_check_fence_i(t, remote_fence_i);
	sbitest_check_fence(t, &all, by_address);
	sbitest_check_fence(t, &asid, by_asid);
}
