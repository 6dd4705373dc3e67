/*
 * The TIME extension, with the legacy call behind it. That the extension is
 * there is remembered: the call is on the way of every time slice.
 */
#include "sbi/time.h"
#include "sbi/legacy.h"
#include "sbi/sbi.h"

#define TIME_SET_TIMER 0

static bool have_time;

static __attribute__((noinline)) long set_timer_otherwise(uint64_t time)
{
	have_time = sbi_probe(SBI_EXT_TIME);
	return have_time ? sbi_set_timer(time) : sbi_legacy_set_timer(time);
}

long sbi_set_timer(uint64_t time)
{
	if (!have_time)
		return set_timer_otherwise(time);
	return sbi_ecall1(SBI_EXT_TIME, TIME_SET_TIMER, time).error;
}
