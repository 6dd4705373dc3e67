/* errno.  Programs here have one thread, so it is a plain variable. */
#pragma once

#include "kernel/abi/errno.h"

extern int errno;
extern char *program_invocation_name;
extern char *program_invocation_short_name;
