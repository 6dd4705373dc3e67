/*
 * Clocks and intervals.  The guard names around timespec and timeval are those
 * that the build machine's own headers use, so that host tests of fs/ may
 * include both.
 */
#pragma once

#include "kernel/abi/types.h"

#ifndef _STRUCT_TIMESPEC
#define _STRUCT_TIMESPEC 1
struct timespec {
	time_t tv_sec;
	int64_t tv_nsec;
};
#endif

#ifndef __timeval_defined
#define __timeval_defined 1
struct timeval {
	time_t tv_sec;
	suseconds_t tv_usec;
};
#endif

#ifndef _SYS_TIME_H
struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};

struct timezone {
	int tz_minuteswest;
	int tz_dsttime;
};
#endif

#ifndef __itimerspec_defined
#define __itimerspec_defined 1
struct itimerspec {
	struct timespec it_interval;
	struct timespec it_value;
};
#endif

/* times(2): in ticks of 1 / ABI_CLK_TCK seconds */
#define ABI_CLK_TCK 100

#ifndef _SYS_TIMES_H
struct tms {
	clock_t tms_utime;
	clock_t tms_stime;
	clock_t tms_cutime;
	clock_t tms_cstime;
};

_Static_assert(sizeof(struct tms) == 32, "struct tms");
#endif

_Static_assert(sizeof(struct timespec) == 16, "struct timespec");
_Static_assert(sizeof(struct timeval) == 16, "struct timeval");

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define CLOCK_MONOTONIC_RAW      4
#define CLOCK_REALTIME_COARSE    5
#define CLOCK_MONOTONIC_COARSE   6
#define CLOCK_BOOTTIME           7

#define TIMER_ABSTIME 1

#define ITIMER_REAL    0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF    2

/* tv_nsec values of utimensat with a meaning of their own */
#define UTIME_NOW  ((1L << 30) - 1L)
#define UTIME_OMIT ((1L << 30) - 2L)
