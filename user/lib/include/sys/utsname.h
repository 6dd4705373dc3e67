/* The names of the system. */
#pragma once

#include "kernel/abi/utsname.h"

int uname(struct utsname *names);
