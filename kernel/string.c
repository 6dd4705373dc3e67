/*
 * Memory and string functions.
 *
 * Copying and clearing pages is where a kernel of this size spends much of
 * its time, so memcpy and memset move 64-bit words, 32 of them an iteration,
 * then eight: one loop instruction for a dozen of work would be a tenth of the
 * time. Cores that these kernels meet trap into the firmware on a
 * misaligned access, so a copy between addresses that differ modulo 8 reads
 * aligned words and shifts them together. Reading whole aligned words never
 * reaches a page that the copy itself does not need.
 *
 * The compiler must not see through the loops and call the very functions
 * that they implement: the file is built without that pass.
 */
#include "kernel/string.h"

#include <stdbool.h>
#include <stdint.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

#define WORD sizeof(uint64_t)

/* May alias anything. */
typedef uint64_t __attribute__((may_alias)) word_t;

static inline bool word_aligned(const void *a, const void *b)
{
	return !(((uintptr_t)a | (uintptr_t)b) & (WORD - 1));
}

/*
 * Eight words; the loads all come first, so that a slow load delays once. The
 * fence for the compiler keeps it from loading the next eight as well, for
 * which there are no registers.
 */
static inline __attribute__((always_inline)) void copy8(word_t *d,
							const word_t *s)
{
	word_t a = s[0], b = s[1], c = s[2], e = s[3];
	word_t f = s[4], g = s[5], h = s[6], i = s[7];

	d[0] = a;
	d[1] = b;
	d[2] = c;
	d[3] = e;
	d[4] = f;
	d[5] = g;
	d[6] = h;
	d[7] = i;
	__asm__ __volatile__("" : : : "memory");
}

/* `dst` is aligned, `src` is not; copies the whole words of n upwards. */
static void copy_shifted(unsigned char *dst, const unsigned char *src, size_t n)
{
	unsigned int off = (uintptr_t)src & (WORD - 1);
	unsigned int right = off * 8, left = 64 - right;
	const word_t *s = (const word_t *)(src - off);
	word_t *d = (word_t *)dst;
	word_t low = *s++, high;

	for (; n >= 2 * WORD; n -= 2 * WORD) {
		high = s[0];
		d[0] = low >> right | high << left;
		low = s[1];
		d[1] = high >> right | low << left;
		s += 2;
		d += 2;
	}
	if (n >= WORD)
		*d = low >> right | *s << left;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;
	size_t words;

	if (n >= 2 * WORD && !word_aligned(d, s)) {
		while ((uintptr_t)d & (WORD - 1)) {
			*d++ = *s++;
			n--;
		}
		if ((uintptr_t)s & (WORD - 1)) {
			words = n & ~(WORD - 1);
			copy_shifted(d, s, words);
			d += words;
			s += words;
			n -= words;
		}
	}
	if (word_aligned(d, s)) {
		for (; n >= 32 * WORD; n -= 32 * WORD) {
			copy8((word_t *)d, (const word_t *)s);
			copy8((word_t *)d + 8, (const word_t *)s + 8);
			copy8((word_t *)d + 16, (const word_t *)s + 16);
			copy8((word_t *)d + 24, (const word_t *)s + 24);
			d += 32 * WORD;
			s += 32 * WORD;
		}
		for (; n >= 8 * WORD; n -= 8 * WORD) {
			copy8((word_t *)d, (const word_t *)s);
			d += 8 * WORD;
			s += 8 * WORD;
		}
		for (; n >= WORD; n -= WORD) {
			*(word_t *)d = *(const word_t *)s;
			d += WORD;
			s += WORD;
		}
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	/* Upwards is right unless dst begins inside src. */
	if ((uintptr_t)d - (uintptr_t)s >= n) {
		if ((uintptr_t)s - (uintptr_t)d >= n)
			return memcpy(dst, src, n);
		/* Overlapping: memcpy may read words before it writes. */
		if (word_aligned(d, s)) {
			for (; n >= WORD; n -= WORD) {
				*(word_t *)d = *(const word_t *)s;
				d += WORD;
				s += WORD;
			}
		}
		while (n--)
			*d++ = *s++;
		return dst;
	}
	d += n;
	s += n;
	if (!(((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1))) {
		while (n && (uintptr_t)d & (WORD - 1)) {
			*--d = *--s;
			n--;
		}
		for (; n >= WORD; n -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word_t *)d = *(const word_t *)s;
		}
	}
	while (n--)
		*--d = *--s;
	return dst;
}

static inline __attribute__((always_inline)) void set8(word_t *d, word_t w)
{
	d[0] = d[1] = d[2] = d[3] = w;
	d[4] = d[5] = d[6] = d[7] = w;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	word_t w;

	if (n >= 2 * WORD) {
		w = (unsigned char)c * UINT64_C(0x0101010101010101);
		while ((uintptr_t)d & (WORD - 1)) {
			*d++ = (unsigned char)c;
			n--;
		}
		for (; n >= 32 * WORD; n -= 32 * WORD) {
			set8((word_t *)d, w);
			set8((word_t *)d + 8, w);
			set8((word_t *)d + 16, w);
			set8((word_t *)d + 24, w);
			d += 32 * WORD;
		}
		for (; n >= 8 * WORD; n -= 8 * WORD) {
			set8((word_t *)d, w);
			d += 8 * WORD;
		}
		for (; n >= WORD; n -= WORD) {
			*(word_t *)d = w;
			d += WORD;
		}
	}
	while (n--)
		*d++ = (unsigned char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	if (word_aligned(x, y)) {
		for (; n >= WORD; n -= WORD) {
			if (*(const word_t *)x != *(const word_t *)y)
				break;
			x += WORD;
			y += WORD;
		}
	}
	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			return 0;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)found;
	}
}

char *strstr(const char *s, const char *needle)
{
	size_t n = strlen(needle);

	for (; *s || !n; s++) {
		if (!strncmp(s, needle, n))
			return (char *)s;
	}
	return NULL;
}
