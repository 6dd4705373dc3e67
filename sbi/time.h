/*
 * TIME (SBI 3.0, chapter "Timer Extension", EID 0x54494D45): the supervisor
 * timer of the calling hart. With Sstc the kernel writes stimecmp itself and
 * needs none of this.
 */
#pragma once

#include <stdint.h>

/* No timer interrupt at all. */
#define SBI_TIME_NEVER UINT64_MAX

/*
 * The timer interrupt comes when `time` reaches this absolute count (ticks
 * of /cpus/timebase-frequency). A count in the future takes back a pending
 * timer interrupt, one in the past makes it pending at once. Falls back on
 * the legacy call; cannot fail where one of the two is there.
 */
long sbi_set_timer(uint64_t time);
