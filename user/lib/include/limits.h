/* Ranges of the integer types, and the system's limits. */
#pragma once

#define CHAR_BIT   __CHAR_BIT__
#define SCHAR_MAX  __SCHAR_MAX__
#define SCHAR_MIN  (-SCHAR_MAX - 1)
#define UCHAR_MAX  (SCHAR_MAX * 2 + 1)
#define CHAR_MIN   0 /* char is unsigned on RISC-V */
#define CHAR_MAX   UCHAR_MAX
#define SHRT_MAX   __SHRT_MAX__
#define SHRT_MIN   (-SHRT_MAX - 1)
#define USHRT_MAX  (SHRT_MAX * 2 + 1)
#define INT_MAX    __INT_MAX__
#define INT_MIN    (-INT_MAX - 1)
#define UINT_MAX   (INT_MAX * 2u + 1u)
#define LONG_MAX   __LONG_MAX__
#define LONG_MIN   (-LONG_MAX - 1l)
#define ULONG_MAX  (LONG_MAX * 2ul + 1ul)
#define LLONG_MAX  __LONG_LONG_MAX__
#define LLONG_MIN  (-LLONG_MAX - 1ll)
#define ULLONG_MAX (LLONG_MAX * 2ull + 1ull)
#define SSIZE_MAX  LONG_MAX
#define MB_LEN_MAX 4

#include "kernel/abi/limits.h"

#define HOST_NAME_MAX  64
#define LOGIN_NAME_MAX 256
#define TTY_NAME_MAX   32
#define OPEN_MAX       1024
#define CHILD_MAX      1024
#define LINE_MAX       2048
#define RE_DUP_MAX     32767
#define PAGE_SIZE      4096
#define PAGESIZE       PAGE_SIZE

#define _POSIX_PIPE_BUF 512
#define _POSIX_PATH_MAX 256
#define _POSIX_ARG_MAX  4096
