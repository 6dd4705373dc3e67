/* Sizes as people write them: 10, 4K, 2MiB, 1GB. */
#pragma once

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/*
 * What follows the digits: b is 512, K KiB k are 1024, KB is 1000, and so on
 * to E.  *n is multiplied.  -1: none of these, or too large.
 */
static inline int size_suffix(const char *s, off_t *n)
{
	static const char units[] = "KMGTPE";
	const char *p;
	off_t scale;
	long i;

	if (!*s)
		return 0;
	if (*s == 'b' && !s[1])
		return __builtin_mul_overflow(*n, 512, n) ? -1 : 0;
	p = strchr(units, *s == 'k' ? 'K' : *s == 'm' ? 'M' : *s);
	if (!p)
		return -1;
	s++;
	scale = 1024;
	if (!strcmp(s, "B"))
		scale = 1000;
	else if (*s && strcmp(s, "iB") != 0)
		return -1;
	for (i = p - units; i >= 0; i--)
		if (__builtin_mul_overflow(*n, scale, n))
			return -1;
	return 0;
}

static inline int size_parse(const char *s, off_t *n)
{
	char *end;

	errno = 0;
	*n = strtoll(s, &end, 10);
	if (*s < '0' || *s > '9' || errno)
		return -1;
	return size_suffix(end, n);
}
