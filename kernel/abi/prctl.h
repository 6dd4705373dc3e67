/* prctl operations, getrandom flags, riscv_hwprobe keys. */
#pragma once

#include "kernel/abi/types.h"

#define PR_SET_PDEATHSIG       1
#define PR_GET_PDEATHSIG       2
#define PR_GET_DUMPABLE        3
#define PR_SET_DUMPABLE        4
#define PR_GET_KEEPCAPS        7
#define PR_SET_KEEPCAPS        8
#define PR_SET_NAME            15
#define PR_GET_NAME            16
#define PR_CAPBSET_READ        23
#define PR_CAPBSET_DROP        24
#define PR_GET_SECUREBITS      27
#define PR_SET_SECUREBITS      28
#define PR_SET_TIMERSLACK      29
#define PR_GET_TIMERSLACK      30
#define PR_SET_CHILD_SUBREAPER 36
#define PR_GET_CHILD_SUBREAPER 37
#define PR_SET_NO_NEW_PRIVS    38
#define PR_GET_NO_NEW_PRIVS    39
#define PR_CAP_AMBIENT         47
#define PR_CAP_AMBIENT_IS_SET  1
#define PR_CAP_AMBIENT_RAISE   2
#define PR_CAP_AMBIENT_LOWER   3
#define PR_CAP_AMBIENT_CLEAR   4
#define ABI_COMM_LEN           16 /* a thread's name, with the zero */

#define GRND_NONBLOCK 1
#define GRND_RANDOM   2
#define GRND_INSECURE 4

struct riscv_hwprobe {
	int64_t key;
	uint64_t value;
};

#define RISCV_HWPROBE_KEY_MVENDORID      0
#define RISCV_HWPROBE_KEY_MARCHID        1
#define RISCV_HWPROBE_KEY_MIMPID         2
#define RISCV_HWPROBE_KEY_BASE_BEHAVIOR  3
#define RISCV_HWPROBE_BASE_BEHAVIOR_IMA  (1u << 0)
#define RISCV_HWPROBE_KEY_IMA_EXT_0      4
#define RISCV_HWPROBE_IMA_FD             (1u << 0)
#define RISCV_HWPROBE_IMA_C              (1u << 1)
#define RISCV_HWPROBE_IMA_V              (1u << 2)
#define RISCV_HWPROBE_KEY_CPUPERF_0      5
#define RISCV_HWPROBE_MISALIGNED_UNKNOWN 0

#define RISCV_FLUSH_ICACHE_LOCAL 1ul
