/* The numbers of the system calls, for syscall(). */
#pragma once

#include "kernel/abi/syscalls.h"
