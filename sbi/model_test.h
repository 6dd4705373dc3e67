/*
 * A modelled firmware for the unit tests of this folder: what it was asked is
 * recorded, what it answers is set by the test.
 */
#pragma once

#define SBI_HOST_TEST

#include <stdio.h>
#include <string.h>

#include "sbi/base.c"
#include "sbi/calls.c"
#include "sbi/cppc.c"
#include "sbi/dbcn.c"
#include "sbi/dbtr.c"
#include "sbi/ecall.c"
#include "sbi/fwft.c"
#include "sbi/hsm.c"
#include "sbi/ipi.c"
#include "sbi/legacy.c"
#include "sbi/mpxy.c"
#include "sbi/nacl.c"
#include "sbi/pmu.c"
#include "sbi/rfence.c"
#include "sbi/sbi.c"
#include "sbi/srst.c"
#include "sbi/sse.c"
#include "sbi/sta.c"
#include "sbi/susp.c"
#include "sbi/time.c"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

/* The model: what it has, what it was asked, what it answers. */
struct call {
	uint32_t eid, fid;
	unsigned long a[6];
};

#define CALLS 512

static struct call calls[CALLS];
static unsigned int ncalls, nprobes;
static bool has_base, has_new; /* BASE; extensions beside the legacy ones */
static bool has_legacy;
static uint32_t absent; /* one extension that is missing anyway */
static struct sbiret answer;
static size_t console_takes; /* bytes that one DBCN write takes */
static long console_error;
static char console[256];
static size_t console_len;
static const char *input;

static bool plain; /* no model: every call is recorded and gets the answer */
static unsigned long legacy_mask[SBI_LEGACY_HARTS / 64];
static uint64_t model_time;

static void record(uint32_t eid, uint32_t fid, const unsigned long *a)
{
	if (ncalls < CALLS) {
		calls[ncalls].eid = eid;
		calls[ncalls].fid = fid;
		memcpy(calls[ncalls].a, a, sizeof(calls[ncalls].a));
	}
	ncalls++;
}

static struct sbiret not_supported(void)
{
	return (struct sbiret){ SBI_ERR_NOT_SUPPORTED, 0 };
}

static struct sbiret model_dbcn(uint32_t fid, const unsigned long *a)
{
	size_t n = a[0] < console_takes ? a[0] : console_takes;

	switch (fid) {
	case 0:
		if (console_error)
			return (struct sbiret){ console_error, 0 };
		memcpy(console + console_len, (const char *)a[1], n);
		console_len += n;
		return (struct sbiret){ 0, n };
	case 1:
		n = strlen(input) < a[0] ? strlen(input) : a[0];
		memcpy((char *)a[1], input, n);
		input += n;
		return (struct sbiret){ 0, n };
	default:
		console[console_len++] = (char)a[0];
		return (struct sbiret){ console_error, 0 };
	}
}

struct sbiret sbi_ecall_bare(uint32_t eid, uint32_t fid, unsigned long arg0,
			     unsigned long arg1, unsigned long arg2,
			     unsigned long arg3, unsigned long arg4,
			     unsigned long arg5)
{
	unsigned long a[6] = { arg0, arg1, arg2, arg3, arg4, arg5 };

	if (plain) {
		record(eid, fid, a);
		return answer;
	}
	if (eid == SBI_EXT_BASE && fid == SBI_BASE_PROBE && has_base) {
		nprobes++;
		if (arg0 == absent)
			return (struct sbiret){ 0, 0 };
		if (arg0 <= SBI_EXT_LEGACY_SHUTDOWN)
			return (struct sbiret){ 0, has_legacy };
		return (struct sbiret){ 0, has_new };
	}
	if (eid == SBI_EXT_BASE && !has_base)
		return not_supported();
	/* The mask lives on the caller's stack. */
	if (eid >= SBI_EXT_LEGACY_SEND_IPI &&
	    eid <= SBI_EXT_LEGACY_SFENCE_VMA_ASID && arg0) {
		memcpy(legacy_mask, (void *)arg0, sizeof(legacy_mask));
		a[0] = legacy_mask[0];
	}
	record(eid, fid, a);
	if (eid == SBI_EXT_DBCN)
		return model_dbcn(fid, a);
	if (eid == SBI_EXT_LEGACY_PUTCHAR) {
		console[console_len++] = (char)arg0;
		return (struct sbiret){ 0, 0 };
	}
	if (eid == SBI_EXT_LEGACY_GETCHAR)
		return (struct sbiret){ *input ? *input++ : -1, 0 };
	return answer;
}

struct sbiret sbi_ecall(uint32_t eid, uint32_t fid, unsigned long arg0,
			unsigned long arg1, unsigned long arg2,
			unsigned long arg3, unsigned long arg4,
			unsigned long arg5)
{
	if (sbi_trace_hook)
		return sbi_ecall_traced(arg0, arg1, arg2, arg3, arg4, arg5, fid,
					eid);
	return sbi_ecall_bare(eid, fid, arg0, arg1, arg2, arg3, arg4, arg5);
}

uint64_t sbi_time_now(void)
{
	return model_time += 5;
}

unsigned long sbi_any(void)
{
	return 0;
}

static inline void firmware(bool base, bool newer, bool legacy)
{
	has_base = base;
	has_new = newer;
	has_legacy = legacy;
	absent = ~0u;
	answer = (struct sbiret){ 0, 0 };
	ncalls = nprobes = 0;
	console_len = 0;
	console_error = 0;
	console_takes = 1000;
	memset(probed, 0, sizeof(probed));
	have_time = have_ipi = have_rfence = false;
	plain = false;
}

static inline bool called(unsigned int i, uint32_t eid, uint32_t fid,
			  unsigned long a0, unsigned long a1)
{
	return i < ncalls && calls[i].eid == eid && calls[i].fid == fid &&
	       calls[i].a[0] == a0 && calls[i].a[1] == a1;
}
