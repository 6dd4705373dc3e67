/* Opening files and acting on descriptors. */
#pragma once

#include "kernel/abi/fcntl.h"
#include <sys/stat.h>

int open(const char *path, int flags, ...);
int openat(int dir, const char *path, int flags, ...);
int creat(const char *path, mode_t mode);
int fcntl(int fd, int cmd, ...);
int fallocate(int fd, int mode, off_t off, off_t len);
int posix_fallocate(int fd, off_t off, off_t len);
