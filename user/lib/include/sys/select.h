/* Waiting for descriptors, the older way; made of ppoll. */
#pragma once

#include "kernel/abi/signal.h"
#include "kernel/abi/time.h"
#include "kernel/abi/types.h"

#define FD_SETSIZE 1024

typedef struct {
	unsigned long bits[FD_SETSIZE / 64];
} fd_set;

#define FD_ZERO(s)                                                             \
	do {                                                                   \
		for (int i_ = 0; i_ < FD_SETSIZE / 64; i_++)                   \
			(s)->bits[i_] = 0;                                     \
	} while (0)
#define FD_SET(fd, s)   ((void)((s)->bits[(fd) / 64] |= 1ul << ((fd) % 64)))
#define FD_CLR(fd, s)   ((void)((s)->bits[(fd) / 64] &= ~(1ul << ((fd) % 64))))
#define FD_ISSET(fd, s) (((s)->bits[(fd) / 64] >> ((fd) % 64)) & 1)

int pselect(int n, fd_set *restrict rd, fd_set *restrict wr,
	    fd_set *restrict ex, const struct timespec *restrict timeout,
	    const sigset_t *restrict mask);
int select(int n, fd_set *restrict rd, fd_set *restrict wr, fd_set *restrict ex,
	   struct timeval *restrict timeout);
