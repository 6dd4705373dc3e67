/* The older time calls. */
#pragma once

#include "kernel/abi/time.h"

int gettimeofday(struct timeval *restrict tv, void *restrict zone);
int settimeofday(const struct timeval *tv, const struct timezone *zone);
int getitimer(int which, struct itimerval *old);
int setitimer(int which, const struct itimerval *restrict value,
	      struct itimerval *restrict old);
int utimes(const char *path, const struct timeval times[2]);

#define timerisset(t) ((t)->tv_sec || (t)->tv_usec)
#define timerclear(t) ((t)->tv_sec = (t)->tv_usec = 0)
#define timeradd(a, b, r)                                                      \
	do {                                                                   \
		(r)->tv_sec = (a)->tv_sec + (b)->tv_sec;                       \
		(r)->tv_usec = (a)->tv_usec + (b)->tv_usec;                    \
		if ((r)->tv_usec >= 1000000) {                                 \
			(r)->tv_sec++;                                         \
			(r)->tv_usec -= 1000000;                               \
		}                                                              \
	} while (0)
#define timersub(a, b, r)                                                      \
	do {                                                                   \
		(r)->tv_sec = (a)->tv_sec - (b)->tv_sec;                       \
		(r)->tv_usec = (a)->tv_usec - (b)->tv_usec;                    \
		if ((r)->tv_usec < 0) {                                        \
			(r)->tv_sec--;                                         \
			(r)->tv_usec += 1000000;                               \
		}                                                              \
	} while (0)
