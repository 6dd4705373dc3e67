/* Capabilities, as capget and capset have them. */
#pragma once

#include "kernel/abi/types.h"

#define CAP_VERSION_1 0x19980330u /* one word for each set */
#define CAP_VERSION_2 0x20071026u /* two */
#define CAP_VERSION_3 0x20080522u
#define CAP_LAST      40
#define CAP_ALL       ((2ull << CAP_LAST) - 1)
/* chown, the four of files' rights, immutable, mknod, MAC override. */
#define CAP_FILES     (0x1full | 1ull << 9 | 1ull << 27 | 1ull << 32)

struct cap_header {
	uint32_t version;
	int32_t pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};
