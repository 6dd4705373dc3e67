/* ELF64 structures. */
#pragma once

#include "kernel/abi/elf.h"
