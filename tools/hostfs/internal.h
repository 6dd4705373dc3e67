#pragma once
/* What the files of the shim share with each other only. */
#include "fs/host.h"

/* The test has found a fault: says which, and what every thread holds. */
void host_die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
