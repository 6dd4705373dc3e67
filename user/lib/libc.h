/* What the files of this library need of each other, and programs do not. */
#pragma once

#include <stddef.h>

#include "kernel/abi/types.h"

void __atexit_run(void);
void __stdio_exit(void);
extern char **__libc_argv;

extern const char __day_names[7][10], __month_names[12][10];

/* Exact decimal digits of a double, most significant first.  The value is
 * 0.d1d2d3... times ten to the power *point; returns how many digits. */
int __double_digits(double value, char *digits, int *point);
#define DOUBLE_DIGITS_MAX 800
