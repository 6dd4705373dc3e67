/*
 * Memory, strings, and formatting into a buffer: the standard functions under
 * their standard names and promises.
 *
 * The kernel has its own in string.c and vsnprintf.c. On the build machine,
 * where fs/ runs too, the C library provides them, so this header declares
 * and defines nothing else (kernel/strl.c is for libraries without strlcpy).
 * No function touches memory by a misaligned access.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *needle);

/*
 * Copy or append to a buffer of `size` bytes, always ended by a 0 byte when
 * size > 0. Return the length that was wanted: >= size means it was cut.
 */
size_t strlcpy(char *restrict dst, const char *restrict src, size_t size);
size_t strlcat(char *restrict dst, const char *restrict src, size_t size);

/*
 * As in the C standard, without floating point: %d %i %u %x %X %o %c %s %p %%
 * with flags "-+ #0", width, precision (both may be *), hh h l ll z t j.
 * Return the length that was wanted; at most `size` bytes are written, the
 * last one a 0 byte.
 */
int vsnprintf(char *restrict buf, size_t size, const char *restrict fmt,
	      va_list ap) __attribute__((format(printf, 3, 0)));
int snprintf(char *restrict buf, size_t size, const char *restrict fmt, ...)
	__attribute__((format(printf, 3, 4)));
