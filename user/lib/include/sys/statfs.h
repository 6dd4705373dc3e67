/* The state of mounted file systems. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/statfs.h"

int statfs(const char *path, struct statfs *st);
int fstatfs(int fd, struct statfs *st);
