#pragma once
/*
 * For cases that let many do something at moments that chance picks, for a
 * while, or as much longer as -t SECONDS says.
 */
#include "user/test/test.h"

#include <time.h>

static uint64_t seed; /* 0 in a child that is to have chances of its own */

static unsigned chance(unsigned n)
{
	if (!seed)
		seed = (uint64_t)now_ns() * 2654435761u + (uint64_t)getpid();
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static void nap_us(unsigned us)
{
	struct timespec t = { 0, us * 1000l };

	nanosleep(&t, NULL);
}

static long long end_of_case(void)
{
	return now_ns() + 600000000ll + test_seconds * 1000000000ll;
}
