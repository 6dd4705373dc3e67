/*
 * The TIME extension, with the legacy call behind it. What is there is looked
 * up once: the call is on the way of every time slice.
 */
#include "sbi/time.h"
#include "sbi/legacy.h"
#include "sbi/sbi.h"

#define TIME_SET_TIMER 0

enum timer_way { WAY_UNKNOWN, WAY_TIME, WAY_LEGACY };

static uint8_t timer_way;

long sbi_set_timer(uint64_t time)
{
	if (timer_way == WAY_TIME)
		return sbi_ecall1(SBI_EXT_TIME, TIME_SET_TIMER, time).error;
	if (timer_way == WAY_UNKNOWN) {
		timer_way = sbi_probe(SBI_EXT_TIME) ? WAY_TIME : WAY_LEGACY;
		return sbi_set_timer(time);
	}
	return sbi_legacy_set_timer(time);
}
