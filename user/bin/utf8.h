/*
 * Characters of more than one byte, as far as a terminal and a pattern need
 * to know them: UTF-8 as RFC 3629 has it, no overlong forms, no surrogates,
 * nothing beyond 10FFFF. A byte that begins no valid character counts as one
 * by itself, so that any name can be shown and edited.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* How many bytes a character has that begins with c; 1 if none does. */
static inline size_t utf8_expect(int c)
{
	c &= 255;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 1;
}

/*
 * The character that s begins with; n bytes are there, at least one. Returns
 * its bytes; *code is its number, or -1 for a byte that is no character.
 */
static inline size_t utf8_get(const char *s, size_t n, int *code)
{
	static const int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)*s;
	size_t want = utf8_expect(c), i;
	int v;

	*code = c < 0x80 ? c : -1;
	if (want == 1 || want > n)
		return 1;
	v = c & (0x7f >> want);
	for (i = 1; i < want; i++) {
		c = (unsigned char)s[i];
		if ((c & 0xc0) != 0x80)
			return 1;
		v = v << 6 | (c & 0x3f);
	}
	if (v < least[want] || v > 0x10ffff || (v >= 0xd800 && v < 0xe000))
		return 1;
	*code = v;
	return want;
}

/* Columns that a character takes on a terminal: 0, 1 or 2. */
static inline int utf8_width(int code)
{
	/* The ranges that matter: marks that combine, and East Asian ones. */
	static const struct {
		int from, to, width;
	} odd[] = {
		{ 0x0300, 0x036f, 0 },   { 0x0483, 0x0489, 0 },
		{ 0x0591, 0x05bd, 0 },   { 0x0610, 0x061a, 0 },
		{ 0x064b, 0x065f, 0 },   { 0x0e31, 0x0e31, 0 },
		{ 0x0e34, 0x0e3a, 0 },   { 0x1100, 0x115f, 2 },
		{ 0x1ab0, 0x1aff, 0 },   { 0x1dc0, 0x1dff, 0 },
		{ 0x200b, 0x200f, 0 },   { 0x20d0, 0x20ff, 0 },
		{ 0x2e80, 0x303e, 2 },   { 0x3041, 0xa4cf, 2 },
		{ 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },
		{ 0xfe00, 0xfe0f, 0 },   { 0xfe20, 0xfe2f, 0 },
		{ 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 },
		{ 0x1f680, 0x1f6ff, 2 }, { 0x1f900, 0x1f9ff, 2 },
		{ 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
	};
	size_t i;

	if (code < odd[0].from)
		return 1;
	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		if (code >= odd[i].from && code <= odd[i].to)
			return odd[i].width;
	return 1;
}

/* Where the character before offset at begins. */
static inline size_t utf8_back(const char *s, size_t at)
{
	size_t n;
	int code;

	for (n = 1; n <= 4 && n <= at; n++)
		if (((unsigned char)s[at - n] & 0xc0) != 0x80)
			break;
	if (n > 4 || n > at || utf8_get(s + at - n, n, &code) != n)
		n = 1;
	return at ? at - n : 0;
}
