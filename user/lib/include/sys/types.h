/* The types of the system, and those that differ between machines. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/types.h"

typedef uint32_t nlink_t;
typedef int32_t blksize_t;
typedef uint64_t fsblkcnt_t;
typedef uint64_t fsfilcnt_t;
typedef uint32_t id_t;
typedef uint32_t useconds_t;
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef unsigned int uint;
