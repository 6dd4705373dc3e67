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

/* Does a terminal act on it, or show nothing for it? */
static inline bool utf8_hidden(int code)
{
	static const int hidden[][2] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};
	size_t i;

	for (i = 0; i < sizeof(hidden) / sizeof(*hidden); i++)
		if (code >= hidden[i][0] && code <= hidden[i][1])
			return true;
	return false;
}

/*
 * What to show for the character at s, of which n bytes are there: itself, or
 * ^X, <9B>, <U+202E> for what would do something to the terminal. Returns its
 * bytes in s; *width is the columns of what is shown.
 */
static inline size_t utf8_shown(const char *s, size_t n, char shown[16],
				int *width)
{
	size_t used;
	int code;

	if (*s >= ' ' && *s < 127) {
		shown[0] = *s;
		shown[1] = 0;
		*width = 1;
		return 1;
	}
	used = utf8_get(s, n, &code);
	if (code < 0) {
		*width = snprintf(shown, 16, "<%02X>", (unsigned char)*s);
	} else if (code < 32 || code == 127) {
		*width = snprintf(shown, 16, "^%c", code ^ 64);
	} else if (utf8_hidden(code)) {
		*width = snprintf(shown, 16, "<U+%04X>", (unsigned int)code);
	} else {
		memcpy(shown, s, used);
		shown[used] = 0;
		*width = utf8_width(code);
	}
	return used;
}

/*
 * Print a text so that it does nothing to a terminal, in at most so many
 * columns. Returns how many it took.
 */
static inline int utf8_put(const char *s, int columns, FILE *f)
{
	size_t n = strlen(s), used;
	int width, column = 0;
	char shown[16];

	for (; n; s += used, n -= used) {
		used = utf8_shown(s, n, shown, &width);
		if (column + width > columns)
			break;
		fputs(shown, f);
		column += width;
	}
	return column;
}
