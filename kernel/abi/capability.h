/* Capabilities, as capget and capset have them. */
#pragma once

#include "kernel/abi/types.h"

#define CAP_VERSION_1 0x19980330u /* one word for each set */
#define CAP_VERSION_2 0x20071026u /* two */
#define CAP_VERSION_3 0x20080522u
#define CAP_LAST      40
#define CAP_ALL       ((2ull << CAP_LAST) - 1)

struct cap_header {
	uint32_t version;
	int32_t pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};
