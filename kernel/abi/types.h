/*
 * The scalar types of the system-call interface.
 *
 * Everything under kernel/abi is the border between the kernel and programs:
 * numbers and layouts as Linux has them for riscv64, so that a program built
 * by a stock cross compiler runs unchanged.  The files hold no code and need
 * no C library, only the compiler's own <stdint.h> and <stddef.h>; the kernel,
 * fs/ and user/lib include the same text.  Sizes and offsets are asserted in
 * each file.  Types whose width differs between riscv64 and the build machine
 * (nlink_t, blksize_t) are left to user/lib, so that fs/ also builds there.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef int32_t pid_t;
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef uint32_t mode_t;
typedef uint64_t dev_t;
typedef uint64_t ino_t;
typedef int64_t off_t;
typedef int64_t loff_t;
typedef int64_t ssize_t;
typedef int64_t time_t;
typedef int32_t clockid_t;
typedef int64_t clock_t;
typedef int64_t suseconds_t;
typedef int64_t blkcnt_t;

/*
 * Device numbers cross the border in the 32-bit form: minor low byte, twelve
 * bits of major, then the rest of the minor.
 */
#define ABI_DEV(major, minor)                                                  \
	((((uint64_t)(minor)&0xffu) | (((uint64_t)(major)&0xfffu) << 8)) |     \
	 (((uint64_t)(minor)&0xfff00u) << 12))
#define ABI_DEV_MAJOR(dev) ((unsigned int)(((dev) >> 8) & 0xfffu))
#define ABI_DEV_MINOR(dev)                                                     \
	((unsigned int)(((dev)&0xffu) | (((dev) >> 12) & 0xfff00u)))
