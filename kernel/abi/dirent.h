/* The records of getdents64; the name ends with a zero byte. */
#pragma once

#include "kernel/abi/types.h"

struct linux_dirent64 {
	ino_t d_ino;
	off_t d_off;       /* where the next record begins, for lseek */
	uint16_t d_reclen; /* bytes, a multiple of 8 */
	uint8_t d_type;
	char d_name[];
};

_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "dirent64");

#define DT_UNKNOWN 0
#define DT_FIFO    1
#define DT_CHR     2
#define DT_DIR     4
#define DT_BLK     6
#define DT_REG     8
#define DT_LNK     10
#define DT_SOCK    12
#define DT_WHT     14
