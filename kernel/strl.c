/*
 * strlcpy and strlcat, apart from string.c because the build machine's C
 * library may lack just these two: a host build of fs/ adds this file. They
 * are weak so that a library that has them wins.
 */
#include "kernel/string.h"

__attribute__((weak)) size_t strlcpy(char *restrict dst,
				     const char *restrict src, size_t size)
{
	size_t len = strlen(src), n;

	if (size) {
		n = len < size ? len : size - 1;
		memcpy(dst, src, n);
		dst[n] = '\0';
	}
	return len;
}

__attribute__((weak)) size_t strlcat(char *restrict dst,
				     const char *restrict src, size_t size)
{
	size_t used = strnlen(dst, size);

	if (used == size)
		return size + strlen(src);
	return used + strlcpy(dst + used, src, size - used);
}
