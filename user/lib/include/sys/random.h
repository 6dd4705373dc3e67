/* Random bytes from the kernel. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/prctl.h"

ssize_t getrandom(void *buf, size_t n, unsigned int flags);
