/* statfs: the state of a mounted file system. */
#pragma once

#include "kernel/abi/types.h"

struct statfs {
	int64_t f_type;
	int64_t f_bsize;
	uint64_t f_blocks;
	uint64_t f_bfree;
	uint64_t f_bavail;
	uint64_t f_files;
	uint64_t f_ffree;
	struct {
		int32_t val[2];
	} f_fsid;
	int64_t f_namelen;
	int64_t f_frsize;
	int64_t f_flags;
	int64_t f_spare[4];
};

_Static_assert(sizeof(struct statfs) == 120, "struct statfs");
_Static_assert(offsetof(struct statfs, f_namelen) == 64, "struct statfs");

/* f_type */
#define EXT4_SUPER_MAGIC  0xef53
#define TMPFS_MAGIC       0x01021994
#define PROC_SUPER_MAGIC  0x9fa0
#define DEVPTS_SUPER_MAGIC 0x1cd1
#define DEVFS_SUPER_MAGIC 0x1373
#define RAMFS_MAGIC       0x858458f6
#define PIPEFS_MAGIC      0x50495045

/* f_flags */
#define ST_RDONLY      1
#define ST_NOSUID      2
#define ST_NODEV       4
#define ST_NOEXEC      8
#define ST_SYNCHRONOUS 16
#define ST_NOATIME     1024
#define ST_NODIRATIME  2048
#define ST_RELATIME    4096
#define ABI_ST_VALID   32 /* the kernel sets it: f_flags means something */
