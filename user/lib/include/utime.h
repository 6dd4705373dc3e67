/* Setting a file's times to the second. */
#pragma once

#include "kernel/abi/types.h"

struct utimbuf {
	time_t actime;
	time_t modtime;
};

int utime(const char *path, const struct utimbuf *times);
