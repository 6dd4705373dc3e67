/* How a check says that it failed: with the place and what it saw. */
#pragma once

#include <stdio.h>
#include <string.h>

static int check_failed;

#define CHECK(e)                                                               \
	do {                                                                   \
		if (!(e)) {                                                    \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #e);         \
			check_failed = 1;                                      \
		}                                                              \
	} while (0)

#define CHECK_STR(got, want)                                                   \
	do {                                                                   \
		const char *got_ = (got), *want_ = (want);                     \
		if (strcmp(got_, want_) != 0) {                                \
			printf("%s:%d: \"%s\", not \"%s\"\n", __FILE__,        \
			       __LINE__, got_, want_);                         \
			check_failed = 1;                                      \
		}                                                              \
	} while (0)
