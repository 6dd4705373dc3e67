/* Scheduling. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/sched.h"

#define CPU_SETSIZE 1024

typedef struct {
	unsigned long bits[CPU_SETSIZE / 64];
} cpu_set_t;

#define CPU_ZERO(s)                                                            \
	do {                                                                   \
		for (int i_ = 0; i_ < CPU_SETSIZE / 64; i_++)                  \
			(s)->bits[i_] = 0;                                     \
	} while (0)
#define CPU_SET(c, s)   ((void)((s)->bits[(c) / 64] |= 1ul << ((c) % 64)))
#define CPU_CLR(c, s)   ((void)((s)->bits[(c) / 64] &= ~(1ul << ((c) % 64))))
#define CPU_ISSET(c, s) (((s)->bits[(c) / 64] >> ((c) % 64)) & 1)
#define CPU_COUNT(s)    __cpu_count(s)

int sched_yield(void);
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set);
int sched_getcpu(void);
int __cpu_count(const cpu_set_t *set);
