/*
 * The groups that no firmware here has a use for: CPPC, NACL, STA, MPXY. A
 * modelled firmware that keeps to the specification passes all their checks;
 * one fault at a time, and exactly the check that is for it fails.
 */
#define SBI_HOST_TEST
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/riscv.h"

/* The clock of the model; the hypervisor works while one looks at it. */
static uint64_t model_time(void);
#define rdtime()    model_time()
#define cpu_relax() ((void)0)

#include "kernel/sbitest/sbitest.h"

#include "sbi/cppc.c"
#include "sbi/mpxy.c"
#include "sbi/nacl.c"
#include "sbi/sta.c"

#include "kernel/sbitest/cppc.c"
#include "kernel/sbitest/mpxy.c"
#include "kernel/sbitest/nacl.c"
#include "kernel/sbitest/sta.c"

/* One of these at a time is what the model gets wrong. */
enum fault {
	NONE,
	F_CPPC_RESERVED,
	F_CPPC_WIDTH,
	F_CPPC_WIDE_VALUE,
	F_CPPC_UPPER_HALF,
	F_CPPC_WRITABLE,
	F_CPPC_MISSING_READ,
	F_CPPC_MISSING_WRITE,
	F_CPPC_PROBE,
	F_CPPC_SCALE,
	F_CPPC_FORGETS,
	F_NACL_NOTHING,
	F_NACL_ANY_FEATURE,
	F_NACL_ALIGN,
	F_NACL_FLAG,
	F_NACL_NO_SHMEM,
	F_NACL_SRET,
	F_NACL_CSR,
	F_NACL_ENTRY,
	F_NACL_KEEPS,
	F_STA_ALIGN,
	F_STA_FLAG,
	F_STA_ZERO,
	F_STA_FLAGS,
	F_STA_PREEMPTED,
	F_STA_ODD,
	F_STA_BACKWARDS,
	F_STA_GOES_ON,
	F_STA_KEEPS,
	F_MPXY_SIZE,
	F_MPXY_NO_SHMEM,
	F_MPXY_ALIGN,
	F_MPXY_FLAG,
	F_MPXY_OLD,
	F_MPXY_LIST,
	F_MPXY_EMPTY,
	F_MPXY_TWICE,
	F_MPXY_INDEX,
	F_MPXY_LEN,
	F_MPXY_CAPABILITY,
	F_MPXY_SSE,
	F_MPXY_MSI,
	F_MPXY_STATE,
	F_MPXY_SINGLE,
	F_MPXY_COUNT,
	F_MPXY_RANGE,
	F_MPXY_READ_ONLY,
	F_MPXY_TOO_LONG,
	F_MPXY_NOTIFICATIONS,
	F_MPXY_UNKNOWN,
	F_MPXY_KEEPS,
};

static enum fault fault;

static struct sbiret give(long error, unsigned long value)
{
	return (struct sbiret){ error, value };
}

/* `right`, but for a model with this fault. */
static struct sbiret unless(enum fault f, long right)
{
	return give(fault == f ? 0 : right, 0);
}

/* ---- CPPC: a register that is not there, and one that is only written ---- */

#define NOT_THERE  SBI_CPPC_GUARANTEED_PERF
#define WRITE_ONLY SBI_CPPC_AUTONOMOUS_WINDOW

static uint64_t desired;

static uint64_t cppc_value(uint32_t reg)
{
	if (reg == SBI_CPPC_DESIRED_PERF)
		return desired;
	if (reg == SBI_CPPC_LOWEST_PERF)
		return fault == F_CPPC_SCALE ? 1000 : 10;
	if (reg == SBI_CPPC_NOMINAL_MHZ && fault == F_CPPC_WIDE_VALUE)
		return 1ull << 40;
	return reg == SBI_CPPC_DELIVERED_COUNTER ? 1ull << 40 : 100;
}

static struct sbiret model_cppc(uint32_t fid, const unsigned long *a)
{
	uint32_t reg = (uint32_t)a[0];

	if (reg >= SBI_CPPC_REGISTERS && reg != SBI_CPPC_TRANSITION_LATENCY)
		return unless(F_CPPC_RESERVED, SBI_ERR_INVALID_PARAM);
	if (fid == 0 && fault == F_CPPC_PROBE && reg == 7)
		return give(SBI_ERR_FAILED, 0);
	if (fid == 0 && reg == NOT_THERE)
		return give(0, 0);
	if (fid == 0 && fault == F_CPPC_WIDTH)
		return give(0, 16);
	if (fid == 0)
		return give(0, reg == SBI_CPPC_DELIVERED_COUNTER ? 64 : 32);
	if (reg == NOT_THERE)
		return unless(fid == 3 ? F_CPPC_MISSING_WRITE
				       : F_CPPC_MISSING_READ,
			      SBI_ERR_NOT_SUPPORTED);
	if (fid != 3 && reg == WRITE_ONLY)
		return give(SBI_ERR_DENIED, 0);
	if (fid == 1)
		return give(0, cppc_value(reg));
	if (fid == 2)
		return give(0, fault == F_CPPC_UPPER_HALF);
	if (read_only(reg))
		return unless(F_CPPC_WRITABLE, SBI_ERR_DENIED);
	if (reg == SBI_CPPC_DESIRED_PERF)
		desired = fault == F_CPPC_FORGETS ? 0 : a[1];
	return give(0, 0);
}

/* ---- shared memory ---- */

#define OFF ((unsigned long)SBI_SHMEM_OFF)

static unsigned long nacl_at, sta_at, mpxy_at;
static unsigned features; /* of NACL */

static struct sbiret set_memory(unsigned long *at, const unsigned long *a,
				unsigned long align, enum fault unaligned,
				enum fault flags, enum fault keeps)
{
	if (a[0] == OFF && a[1] == OFF) {
		if (fault == keeps)
			return give(SBI_ERR_FAILED, 0);
		*at = OFF;
		return give(0, 0);
	}
	if (a[2])
		return unless(flags, SBI_ERR_INVALID_PARAM);
	if (a[0] % align)
		return unless(unaligned, SBI_ERR_INVALID_PARAM);
	*at = a[0];
	return give(0, 0);
}

/* ---- NACL ---- */

static struct sbiret model_nacl(uint32_t fid, const unsigned long *a)
{
	static const unsigned feature_of[] = { 0, 0, 0, 1, 2 };

	if (fid == 0 && fault == F_NACL_NOTHING)
		return give(0, 0);
	if (fid == 0)
		return give(0, fault == F_NACL_ANY_FEATURE ||
				       (a[0] < 4 && features >> a[0] & 1));
	if (fid == 1)
		return set_memory(&nacl_at, a, 4096, F_NACL_ALIGN, F_NACL_FLAG,
				  F_NACL_KEEPS);
	if (!(features >> feature_of[fid] & 1) || fault == F_NACL_NOTHING)
		return give(SBI_ERR_NOT_SUPPORTED, 0);
	if (nacl_at == OFF && fid == 4)
		return unless(F_NACL_SRET, SBI_ERR_NO_SHMEM);
	if (nacl_at == OFF)
		return unless(F_NACL_NO_SHMEM, SBI_ERR_NO_SHMEM);
	if (fid == 2 && a[0] != OFF && (a[0] & 0x300) != 0x200)
		return unless(F_NACL_CSR, SBI_ERR_INVALID_PARAM);
	if (fid == 3 && a[0] != OFF && a[0] >= SBI_NACL_HFENCES)
		return unless(F_NACL_ENTRY, SBI_ERR_INVALID_PARAM);
	return give(0, 0);
}

/* ---- STA ---- */

static uint64_t now, stolen;

static uint64_t model_time(void)
{
	struct sbi_sta *sta = (struct sbi_sta *)sta_at;

	now++;
	if (sta_at == OFF)
		return now;
	stolen = fault == F_STA_BACKWARDS ? stolen - 1 : stolen + 3;
	sta->sequence += fault == F_STA_ODD ? sta->sequence % 2 ? 0 : 1 : 2;
	sta->steal = stolen;
	return now;
}

static struct sbiret model_sta(const unsigned long *a)
{
	unsigned long before = sta_at;
	struct sbiret ret = set_memory(&sta_at, a, 64, F_STA_ALIGN, F_STA_FLAG,
				       F_STA_KEEPS);
	struct sbi_sta *sta = (struct sbi_sta *)sta_at;

	if (fault == F_STA_GOES_ON && sta_at == OFF)
		sta_at = before;
	else if (!ret.error && sta_at != OFF && !a[2] && !(a[0] % 64)) {
		if (fault != F_STA_ZERO)
			memset(sta, 0, sizeof(*sta));
		sta->sequence = 0;
		sta->flags = fault == F_STA_FLAGS;
		sta->preempted = fault == F_STA_PREEMPTED;
	}
	return ret;
}

/* ---- MPXY: three channels, of which a call lists two ---- */

#define CHANNELS 3
#define PART     2

static const uint32_t can[CHANNELS] = { 0x38, SBI_MPXY_CAP_WITH_RESPONSE,
					0x3f };

static uint32_t mpxy_id(unsigned long i)
{
	return fault == F_MPXY_TWICE ? 7 : (uint32_t)(0x1000 * i + 5);
}

/* -1: there is no such channel */
static int mpxy_index(unsigned long id)
{
	for (int i = 0; i < CHANNELS; i++)
		if (mpxy_id((unsigned long)i) == id)
			return i;
	return -1;
}

static uint32_t mpxy_attr(int i, uint32_t attr)
{
	switch (attr) {
	case SBI_MPXY_PROTOCOL_VERSION:
		return 1 << 16;
	case SBI_MPXY_MAX_LEN:
		return fault == F_MPXY_LEN ? 5000 : 64;
	case SBI_MPXY_CAPABILITY:
		if (fault == F_MPXY_CAPABILITY)
			return can[i] | 64;
		return can[i] | (fault == F_MPXY_SSE ? SBI_MPXY_CAP_SSE : 0);
	case SBI_MPXY_MSI_DATA:
		return fault == F_MPXY_MSI || i == 2 ? 9 : 0;
	case SBI_MPXY_EVENTS_STATE:
		return fault == F_MPXY_STATE || i == 2;
	default:
		return 0;
	}
}

static struct sbiret mpxy_list(unsigned long first)
{
	uint32_t *word = (uint32_t *)mpxy_at;
	unsigned long n = CHANNELS;

	if (fault == F_MPXY_LIST)
		return give(SBI_ERR_DENIED, 0);
	if (fault == F_MPXY_EMPTY)
		n = 0;
	if (first > n)
		return unless(F_MPXY_INDEX, SBI_ERR_INVALID_PARAM);
	word[1] = (uint32_t)(n - first < PART ? n - first : PART);
	word[0] = (uint32_t)(n - first) - word[1];
	for (uint32_t i = 0; i < word[1]; i++)
		word[2 + i] = mpxy_id(first + i);
	return give(0, 0);
}

static struct sbiret mpxy_attrs(int i, const unsigned long *a, bool write)
{
	uint32_t *word = (uint32_t *)mpxy_at;

	if (!a[2] || a[2] > 1024)
		return unless(F_MPXY_COUNT, SBI_ERR_INVALID_PARAM);
	if (a[1] >= SBI_MPXY_ATTRS)
		return unless(F_MPXY_RANGE, SBI_ERR_INVALID_PARAM);
	if (a[1] + a[2] > SBI_MPXY_ATTRS)
		return unless(F_MPXY_RANGE, SBI_ERR_BAD_RANGE);
	if (write && a[1] < SBI_MPXY_MSI_CONTROL)
		return unless(F_MPXY_READ_ONLY, SBI_ERR_BAD_RANGE);
	for (uint32_t k = 0; k < a[2] && !write; k++)
		word[k] = mpxy_attr(i, (uint32_t)a[1] + k) +
			  (fault == F_MPXY_SINGLE && a[2] == 1);
	return give(0, 0);
}

static struct sbiret model_mpxy(uint32_t fid, const unsigned long *a)
{
	unsigned long old = mpxy_at;
	static const uint32_t need[] = { SBI_MPXY_CAP_WITH_RESPONSE,
					 SBI_MPXY_CAP_NO_RESPONSE,
					 SBI_MPXY_CAP_NOTIFICATIONS };
	struct sbiret ret;
	int i;

	if (fid == 0)
		return give(0, fault == F_MPXY_SIZE ? 100 : 4096);
	if (fid == 1) {
		unsigned long rest[] = { a[0], a[1], a[2] & ~1ul };

		ret = set_memory(&mpxy_at, rest, 4096, F_MPXY_ALIGN,
				 F_MPXY_FLAG, F_MPXY_KEEPS);
		if (!ret.error && a[2] == SBI_MPXY_RETURN_OLD &&
		    fault != F_MPXY_OLD) {
			((uint64_t *)mpxy_at)[0] = old;
			((uint64_t *)mpxy_at)[1] = old == OFF ? OFF : 0;
		}
		return ret;
	}
	if (mpxy_at == OFF)
		return unless(F_MPXY_NO_SHMEM, SBI_ERR_NO_SHMEM);
	if (fid == 2)
		return mpxy_list(a[0]);
	i = mpxy_index(a[0]);
	if (i < 0)
		return unless(F_MPXY_UNKNOWN, SBI_ERR_NOT_SUPPORTED);
	if (fid <= 4)
		return mpxy_attrs(i, a, fid == 4);
	if (!(can[i] & need[fid - 5]))
		return unless(F_MPXY_NOTIFICATIONS, SBI_ERR_NOT_SUPPORTED);
	if (a[2] > 64)
		return unless(F_MPXY_TOO_LONG, SBI_ERR_INVALID_PARAM);
	return give(0, 0);
}

/* ---- the call ---- */

struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5)
{
	unsigned long a[] = { arg0, arg1, arg2, arg3, arg4, arg5 };

	switch (eid) {
	case SBI_EXT_CPPC:
		return model_cppc(fid, a);
	case SBI_EXT_NACL:
		return model_nacl(fid, a);
	case SBI_EXT_STA:
		return model_sta(a);
	case SBI_EXT_MPXY:
		return model_mpxy(fid, a);
	}
	return give(SBI_ERR_NOT_SUPPORTED, 0);
}

unsigned long sbi_any(void)
{
	return 0;
}

uint64_t time_to_ticks(uint64_t ns)
{
	return ns / 100000;
}

/* ---- the lines ---- */

static const char *expected; /* in the name of a check that may fail */
static unsigned passed, as_expected, unexpected;

static bool line(bool ok, const char *fmt, va_list ap)
{
	char name[128];

	vsnprintf(name, sizeof(name), fmt, ap);
	if (strlen(name) > 80) {
		printf("FAIL: too long: %s\n", name);
		unexpected++;
	}
	if (ok) {
		passed++;
	} else if (expected && strstr(name, expected)) {
		as_expected++;
	} else {
		printf("FAIL with fault %d: %s\n", fault, name);
		unexpected++;
	}
	return ok;
}

bool sbitest_check(struct sbitest *t, bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(ok, fmt, ap);
	va_end(ap);
	return ok;
}

bool sbitest_error(struct sbitest *t, long got, long wanted, const char *fmt,
		   ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(got == wanted, fmt, ap);
	va_end(ap);
	return got == wanted;
}

bool sbitest_value(struct sbitest *t, uint64_t got, uint64_t wanted,
		   const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(got == wanted, fmt, ap);
	va_end(ap);
	return got == wanted;
}

void sbitest_skip(struct sbitest *t, const char *why, const char *fmt, ...)
{
	t->skipped++;
}

/* ---- the runs ---- */

static struct sbitest run(void (*group)(struct sbitest *), enum fault f,
			  const char *may_fail)
{
	size_t size = SBITEST_PAGES * PAGE_SIZE;
	struct sbitest t = { .memory = aligned_alloc(size, size) };

	memset(t.memory, 0, size);
	t.memory_pa = (paddr_t)t.memory;
	fault = f;
	expected = may_fail;
	desired = 50;
	stolen = 1000;
	nacl_at = sta_at = mpxy_at = OFF;
	passed = as_expected = 0;
	group(&t);
	if (may_fail && !as_expected) {
		printf("FAIL: fault %d is not seen by '%s'\n", f, may_fail);
		unexpected++;
	}
	sta_at = OFF;
	free(t.memory);
	return t;
}

static const struct {
	enum fault fault;
	void (*group)(struct sbitest *);
	const char *check;
} faults[] = {
	{ F_CPPC_RESERVED, sbitest_cppc, "" },
	{ F_CPPC_PROBE, sbitest_cppc, "maximum performance: probe" },
	{ F_CPPC_WIDTH, sbitest_cppc, "" },
	{ F_CPPC_WIDE_VALUE, sbitest_cppc, "nominal frequency: no more bits" },
	{ F_CPPC_UPPER_HALF, sbitest_cppc, "" },
	{ F_CPPC_WRITABLE, sbitest_cppc, "" },
	{ F_CPPC_MISSING_READ, sbitest_cppc,
	  "guaranteed performance is not there: read" },
	{ F_CPPC_MISSING_WRITE, sbitest_cppc,
	  "guaranteed performance is not there: write" },
	{ F_CPPC_SCALE, sbitest_cppc, "the scale" },
	{ F_CPPC_FORGETS, sbitest_cppc, "desired performance: as it was" },
	{ F_NACL_NOTHING, sbitest_nacl, "it has a feature" },
	{ F_NACL_ANY_FEATURE, sbitest_nacl, "a feature that there is not" },
	{ F_NACL_ALIGN, sbitest_nacl, "set_shmem: misaligned" },
	{ F_NACL_FLAG, sbitest_nacl, "set_shmem: a flag" },
	{ F_NACL_NO_SHMEM, sbitest_nacl, "sync_" },
	{ F_NACL_SRET, sbitest_nacl, "sync_sret without" },
	{ F_NACL_CSR, sbitest_nacl, "sync_csr of another" },
	{ F_NACL_ENTRY, sbitest_nacl, "sync_hfence of an entry" },
	{ F_NACL_KEEPS, sbitest_nacl, "set_shmem: none" },
	{ F_STA_ALIGN, sbitest_sta, "set_shmem: misaligned" },
	{ F_STA_FLAG, sbitest_sta, "set_shmem: a flag" },
	{ F_STA_ZERO, sbitest_sta, "set_shmem zeroes" },
	{ F_STA_FLAGS, sbitest_sta, "flags are 0" },
	{ F_STA_PREEMPTED, sbitest_sta, "the hart that asks" },
	{ F_STA_ODD, sbitest_sta, "the record can be read" },
	{ F_STA_BACKWARDS, sbitest_sta, "steal time does not" },
	{ F_STA_GOES_ON, sbitest_sta, "taken back" },
	{ F_STA_KEEPS, sbitest_sta, "set_shmem: none any more" },
	{ F_MPXY_SIZE, sbitest_mpxy, "its memory" },
	{ F_MPXY_NO_SHMEM, sbitest_mpxy, "" },
	{ F_MPXY_ALIGN, sbitest_mpxy, "set_shmem: misaligned" },
	{ F_MPXY_FLAG, sbitest_mpxy, "set_shmem: flag" },
	{ F_MPXY_OLD, sbitest_mpxy, "the old one's low" },
	{ F_MPXY_LIST, sbitest_mpxy, "list of the channels" },
	{ F_MPXY_EMPTY, sbitest_mpxy, "there is a channel" },
	{ F_MPXY_TWICE, sbitest_mpxy, ": it is listed once" },
	{ F_MPXY_INDEX, sbitest_mpxy, "list from behind" },
	{ F_MPXY_LEN, sbitest_mpxy, ": its longest" },
	{ F_MPXY_CAPABILITY, sbitest_mpxy, ": no reserved" },
	{ F_MPXY_SSE, sbitest_mpxy, ": nothing of what" },
	{ F_MPXY_MSI, sbitest_mpxy, " without MSI: attribute 10" },
	{ F_MPXY_STATE, sbitest_mpxy, " without events state" },
	{ F_MPXY_SINGLE, sbitest_mpxy, ": each attribute" },
	{ F_MPXY_COUNT, sbitest_mpxy, "channel 0x" },
	{ F_MPXY_RANGE, sbitest_mpxy, "channel 0x" },
	{ F_MPXY_READ_ONLY, sbitest_mpxy, ": write of attribute" },
	{ F_MPXY_TOO_LONG, sbitest_mpxy, ": send with" },
	{ F_MPXY_NOTIFICATIONS, sbitest_mpxy, "channel 0x" },
	{ F_MPXY_UNKNOWN, sbitest_mpxy, "no channel: " },
	{ F_MPXY_KEEPS, sbitest_mpxy, "set_shmem: none" },
};

int main(void)
{
	struct sbitest t;

	t = run(sbitest_cppc, NONE, NULL);
	/* What is only written cannot be read. */
	if (passed < 100 || t.skipped != 1)
		printf("FAIL: CPPC: %u, %u\n", passed, t.skipped), unexpected++;
	for (features = 1; features < 16; features++) {
		run(sbitest_nacl, NONE, features & 7 ? NULL : "it has");
		if (passed < 10)
			printf("FAIL: NACL: %u\n", passed), unexpected++;
	}
	features = 15;
	t = run(sbitest_sta, NONE, NULL);
	if (passed != 11 || t.skipped)
		printf("FAIL: STA: %u, %u\n", passed, t.skipped), unexpected++;
	t = run(sbitest_mpxy, NONE, NULL);
	if (passed < 80 || t.skipped)
		printf("FAIL: MPXY: %u, %u\n", passed, t.skipped), unexpected++;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		t = run(faults[i].group, faults[i].fault, faults[i].check);
		/* What the firmware has not given back nobody else gets. */
		if (t.keep != (faults[i].fault == F_NACL_KEEPS ||
			       faults[i].fault == F_STA_KEEPS ||
			       faults[i].fault == F_MPXY_KEEPS)) {
			printf("FAIL: fault %d: keep\n", faults[i].fault);
			unexpected++;
		}
	}
	printf("%s\n", unexpected ? "FAIL" : "rare groups: all well");
	return unexpected != 0;
}
