/*
 * Modes as chmod, mkdir, install and find read them: in octal, or as in
 * u+rwX,go-w.  For those programs only, so the code is here.
 */
#pragma once

#include <string.h>
#include <sys/stat.h>

#define MODE_ALL   07777
#define MODE_SPLIT (S_ISUID | S_ISGID)

/* Digits, with nothing behind them.  Fewer than five leave a directory's set-id
 * bits alone. */
static inline int mode_octal(const char *s, mode_t old, int dir, mode_t *result)
{
	size_t n = strspn(s, "01234567");
	unsigned int m = 0;

	for (; *s >= '0' && *s <= '7'; s++) {
		m = m * 8 + (unsigned int)(*s - '0');
		if (m > MODE_ALL)
			return -1;
	}
	if (*s || !n)
		return -1;
	*result = m | (dir && n < 5 ? old & MODE_SPLIT : 0);
	return 0;
}

/*
 * What the text makes of the mode `old`; `dir`: of a directory; `mask`: the
 * bits that an operation without "ugoa" leaves alone.  -1: not a mode.
 */
static inline int mode_change(const char *s, mode_t old, int dir, mode_t mask,
			      mode_t *result)
{
	mode_t m = old & MODE_ALL, who, bits, kept;
	char op;

	if (*s >= '0' && *s <= '7')
		return mode_octal(s, m, dir, result);
	for (;;) {
		who = 0;
		for (; *s && strchr("ugoa", *s); s++)
			who |= *s == 'u'   ? 04700
			       : *s == 'g' ? 02070
			       : *s == 'o' ? 01007
					   : MODE_ALL;
		if (!*s || !strchr("+-=", *s))
			return -1;
		while (*s && strchr("+-=", *s)) {
			op = *s++;
			bits = 0;
			if (*s && strchr("ugo", *s)) {
				bits = *s == 'u'   ? m >> 6
				       : *s == 'g' ? m >> 3
						   : m;
				bits = (bits & 7) * 0111;
				s++;
			} else {
				for (; *s && strchr("rwxXst", *s); s++)
					bits |= *s == 'r'           ? 0444
						: *s == 'w'         ? 0222
						: *s == 'x'         ? 0111
						: *s == 's'         ? 06000
						: *s == 't'         ? 01000
						: dir || (m & 0111) ? 0111
								    : 0;
			}
			/* A directory's set-id bits want to be named. */
			kept = dir && !(bits & MODE_SPLIT & who) ? MODE_SPLIT
								 : 0;
			bits &= who ? who : ~mask;
			if (op == '+')
				m |= bits;
			else if (op == '-')
				m &= ~bits;
			else
				m = (m & ((who ? ~who : 0) | kept)) | bits;
		}
		if (!*s)
			break;
		if (*s++ != ',')
			return -1;
	}
	*result = m & MODE_ALL;
	return 0;
}

/* The letters of ls -l: eleven bytes with the final zero. */
static inline void mode_letters(mode_t m, char *s)
{
	static const char kinds[] = "?pc?d?b?-?l?s???";
	int i;

	*s++ = kinds[(m & S_IFMT) >> 12];
	for (i = 8; i >= 0; i--)
		*s++ = (m >> i) & 1 ? "xwr"[i % 3] : '-';
	*s = 0;
	if (m & S_ISUID)
		s[-7] = m & S_IXUSR ? 's' : 'S';
	if (m & S_ISGID)
		s[-4] = m & S_IXGRP ? 's' : 'S';
	if (m & S_ISVTX)
		s[-1] = m & S_IXOTH ? 't' : 'T';
}
