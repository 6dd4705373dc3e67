/* Device numbers. */
#pragma once

#include "kernel/abi/types.h"

#define major(dev)      ABI_DEV_MAJOR(dev)
#define minor(dev)      ABI_DEV_MINOR(dev)
#define makedev(ma, mi) ABI_DEV(ma, mi)
