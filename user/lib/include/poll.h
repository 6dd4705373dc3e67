/* Waiting for descriptors. */
#pragma once

#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/time.h"

typedef unsigned long nfds_t;

int poll(struct pollfd *fds, nfds_t n, int timeout);
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
	  const sigset_t *mask);
