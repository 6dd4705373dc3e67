/* The state of mounted file systems, in the form of POSIX. */
#pragma once

#include <sys/types.h>

#include "kernel/abi/statfs.h"

struct statvfs {
	unsigned long f_bsize;
	unsigned long f_frsize;
	fsblkcnt_t f_blocks;
	fsblkcnt_t f_bfree;
	fsblkcnt_t f_bavail;
	fsfilcnt_t f_files;
	fsfilcnt_t f_ffree;
	fsfilcnt_t f_favail;
	unsigned long f_fsid;
	unsigned long f_flag;
	unsigned long f_namemax;
};

int statvfs(const char *restrict path, struct statvfs *restrict st);
int fstatvfs(int fd, struct statvfs *st);
