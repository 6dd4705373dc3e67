#pragma once
/* What the files of the shim share with each other only. */
#include "fs/host.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#endif
#ifdef HOST_ASAN
#include <sanitizer/asan_interface.h>
#define host_poison(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define host_unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define host_poison(p, n)   ((void)0)
#define host_unpoison(p, n) ((void)0)
#endif

/* The test has found a fault: says which, and what every thread holds. */
void host_die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
