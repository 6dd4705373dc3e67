/*
 * What all SBI extensions share: names of errors and extensions, probing,
 * and hart masks.
 *
 * Probing is lazy and remembered. Two harts may ask at the same time; both
 * get the same answer from the firmware and write the same byte, so there is
 * no lock.
 */
#include "sbi/sbi.h"

static const struct sbi_extension extensions[] = {
	{ SBI_EXT_LEGACY_SET_TIMER, "legacy set timer", "0.1" },
	{ SBI_EXT_LEGACY_PUTCHAR, "legacy console putchar", "0.1" },
	{ SBI_EXT_LEGACY_GETCHAR, "legacy console getchar", "0.1" },
	{ SBI_EXT_LEGACY_CLEAR_IPI, "legacy clear IPI", "0.1" },
	{ SBI_EXT_LEGACY_SEND_IPI, "legacy send IPI", "0.1" },
	{ SBI_EXT_LEGACY_FENCE_I, "legacy remote fence.i", "0.1" },
	{ SBI_EXT_LEGACY_SFENCE_VMA, "legacy remote sfence.vma", "0.1" },
	{ SBI_EXT_LEGACY_SFENCE_VMA_ASID, "legacy remote sfence.vma asid",
	  "0.1" },
	{ SBI_EXT_LEGACY_SHUTDOWN, "legacy shutdown", "0.1" },
	{ SBI_EXT_BASE, "BASE", "0.2" },
	{ SBI_EXT_TIME, "TIME", "0.2" },
	{ SBI_EXT_IPI, "IPI", "0.2" },
	{ SBI_EXT_RFENCE, "RFENCE", "0.2" },
	{ SBI_EXT_HSM, "HSM", "0.2" },
	{ SBI_EXT_SRST, "SRST", "0.3" },
	{ SBI_EXT_PMU, "PMU", "0.3" },
	{ SBI_EXT_DBCN, "DBCN", "2.0" },
	{ SBI_EXT_SUSP, "SUSP", "2.0" },
	{ SBI_EXT_CPPC, "CPPC", "2.0" },
	{ SBI_EXT_NACL, "NACL", "2.0" },
	{ SBI_EXT_STA, "STA", "2.0" },
	{ SBI_EXT_SSE, "SSE", "3.0" },
	{ SBI_EXT_FWFT, "FWFT", "3.0" },
	{ SBI_EXT_DBTR, "DBTR", "3.0" },
	{ SBI_EXT_MPXY, "MPXY", "3.0" },
};

#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

enum probe_state { PROBE_UNKNOWN, PROBE_ABSENT, PROBE_PRESENT };

static uint8_t probed[EXTENSIONS];

static const char *const error_names[] = {
	"success",
	"failed",
	"not supported",
	"invalid parameter",
	"denied",
	"invalid address",
	"already available",
	"already started",
	"already stopped",
	"no shared memory",
	"invalid state",
	"bad range",
	"timeout",
	"input/output error",
	"denied, locked",
};

const char *sbi_error_name(long err)
{
	unsigned long i = 0 - (unsigned long)err;

	if (i >= sizeof(error_names) / sizeof(error_names[0]))
		return "unknown error";
	return error_names[i];
}

const struct sbi_extension *sbi_extension_get(size_t i)
{
	return i < EXTENSIONS ? &extensions[i] : NULL;
}

/*
 * Firmware of specification 0.1 answers the BASE extension itself with an
 * error. It cannot be asked what it has; it has the legacy calls.
 */
static bool probe_firmware(uint32_t eid)
{
	struct sbiret ret = sbi_ecall1(SBI_EXT_BASE, SBI_BASE_PROBE, eid);

	if (ret.error)
		return eid <= SBI_EXT_LEGACY_SHUTDOWN;
	return ret.value != 0;
}

bool sbi_probe(uint32_t eid)
{
	size_t i;

	for (i = 0; i < EXTENSIONS; i++) {
		if (extensions[i].eid != eid)
			continue;
		if (probed[i] == PROBE_UNKNOWN)
			probed[i] = probe_firmware(eid) ? PROBE_PRESENT
							: PROBE_ABSENT;
		return probed[i] == PROBE_PRESENT;
	}
	return probe_firmware(eid);
}

size_t sbi_hartmask_pack(const unsigned long *ids, size_t n,
			 struct sbi_hartmask *out)
{
	size_t i;

	out->base = ids[0];
	out->mask = 1;
	for (i = 1; i < n; i++) {
		/* Also ends the run when the order descends: it wraps. */
		if (ids[i] - out->base >= 8 * sizeof(out->mask))
			break;
		out->mask |= 1UL << (ids[i] - out->base);
	}
	return i;
}
