/* A few old constants and macros. */
#pragma once

#include <limits.h>

#define MAXPATHLEN PATH_MAX
#define NBBY       8
#define HZ         100
#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#define howmany(x, y) (((x) + ((y)-1)) / (y))
#define roundup(x, y) (howmany(x, y) * (y))
