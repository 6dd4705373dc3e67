/* Scattered reads and writes. */
#pragma once

#include "kernel/abi/types.h"

#ifndef __iovec_defined
#define __iovec_defined 1
struct iovec {
	void *iov_base;
	size_t iov_len;
};
#endif

_Static_assert(sizeof(struct iovec) == 16, "struct iovec");

#define UIO_MAXIOV 1024
