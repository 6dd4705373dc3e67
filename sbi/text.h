/*
 * Numbers and words put together in a buffer: this folder includes nothing
 * from the rest of the kernel. What does not fit is left out.
 */
#pragma once

#include <stddef.h>

struct sbi_text {
	char *buf;
	size_t size, len;
};

static inline void sbi_text_char(struct sbi_text *t, char c)
{
	if (t->len + 1 < t->size)
		t->buf[t->len++] = c;
	if (t->size)
		t->buf[t->len] = '\0';
}

static inline void sbi_text_string(struct sbi_text *t, const char *s)
{
	while (*s)
		sbi_text_char(t, *s++);
}

static inline void sbi_text_number(struct sbi_text *t, unsigned long v,
				   unsigned int base)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		sbi_text_char(t, digits[--n]);
}
