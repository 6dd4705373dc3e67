/*
 * What all SBI extensions share: names of errors, probing, and sets of harts.
 *
 * Probing is lazy and remembered. Two harts may ask at the same time; both
 * get the same answer from the firmware and write the same byte, so there is
 * no lock.
 */
#include "sbi/sbi.h"
#include "sbi/base.h"
#include "sbi/calls.h"

#define MASK_BITS (8 * sizeof(unsigned long))

#define X(id, spec_name, major, minor, purpose)                                \
	{ SBI_EXT_##id, SBI_SPEC(major, minor) },
static const struct {
	uint32_t eid, since;
} known[] = { SBI_EXTENSIONS(X) };
#undef X

#define EXTENSIONS (sizeof(known) / sizeof(known[0]))

enum probe_state { PROBE_UNKNOWN, PROBE_ABSENT, PROBE_PRESENT };

static uint8_t probed[EXTENSIONS];

static const char *const error_names[] = {
	"SUCCESS",
	"FAILED",
	"NOT_SUPPORTED",
	"INVALID_PARAM",
	"DENIED",
	"INVALID_ADDRESS",
	"ALREADY_AVAILABLE",
	"ALREADY_STARTED",
	"ALREADY_STOPPED",
	"NO_SHMEM",
	"INVALID_STATE",
	"BAD_RANGE",
	"TIMEOUT",
	"IO",
	"DENIED_LOCKED",
};

const char *sbi_error_name(long err)
{
	unsigned long i = 0 - (unsigned long)err;

	if (i >= sizeof(error_names) / sizeof(error_names[0]))
		return "UNKNOWN";
	return error_names[i];
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

/* Where the extension stands in the table; EXTENSIONS when it does not. */
static size_t find(uint32_t eid)
{
	size_t i;

	for (i = 0; i < EXTENSIONS; i++)
		if (known[i].eid == eid)
			break;
	return i;
}

bool sbi_probe(uint32_t eid)
{
	size_t i = find(eid);
	bool there;

	if (i == EXTENSIONS)
		return probe_firmware(eid);
	if (probed[i] == PROBE_UNKNOWN) {
		there = probe_firmware(eid);
		if (there && known[i].since >= SBI_SPEC(3, 0))
			there = sbi_base_spec_version() >= known[i].since;
		probed[i] = there ? PROBE_PRESENT : PROBE_ABSENT;
	}
	return probed[i] == PROBE_PRESENT;
}

bool sbi_hide(uint32_t eid)
{
	size_t i = find(eid);

	if (i == EXTENSIONS)
		return false;
	probed[i] = PROBE_ABSENT;
	return true;
}

bool sbi_harts_add(struct sbi_harts *harts, unsigned long hartid)
{
	size_t at = harts->n, i;

	while (at && harts->ids[at - 1] > hartid)
		at--;
	if (at && harts->ids[at - 1] == hartid)
		return true;
	if (harts->n == harts->max || hartid == SBI_HARTMASK_ALL.base)
		return false;
	for (i = harts->n++; i > at; i--)
		harts->ids[i] = harts->ids[i - 1];
	harts->ids[at] = hartid;
	return true;
}

bool sbi_harts_next(const struct sbi_harts *harts, size_t *at,
		    struct sbi_hartmask *out)
{
	size_t i = *at;

	if (i >= harts->n)
		return false;
	out->base = harts->ids[i];
	out->mask = 0;
	for (; i < harts->n && harts->ids[i] - out->base < MASK_BITS; i++)
		out->mask |= 1UL << (harts->ids[i] - out->base);
	*at = i;
	return true;
}
