/* Tracing other processes. PTRACE_PEEKTEXT and PTRACE_PEEKDATA give the word,
 * which may be -1: errno tells. */
#pragma once

#include "kernel/abi/ptrace.h"

long ptrace(int request, ...);
