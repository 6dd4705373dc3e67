/* Settings of the calling process. */
#pragma once

#include "kernel/abi/prctl.h"

int prctl(int option, ...);
