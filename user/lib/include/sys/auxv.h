/* What the kernel told the program at its start. */
#pragma once

#include "kernel/abi/elf.h"

unsigned long getauxval(unsigned long type);
