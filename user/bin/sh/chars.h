/*
 * Classes of characters as the shell grammar has them: ASCII, whatever the
 * locale.
 */
#pragma once

#include <stdbool.h>

static inline bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_name_start(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool is_name(int c)
{
	return is_name_start(c) || is_digit(c);
}

/* Ends a word that is not quoted. */
static inline bool is_meta(int c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '\n':
	case ';':
	case '&':
	case '|':
	case '<':
	case '>':
	case '(':
	case ')':
		return true;
	}
	return false;
}

static inline int hex_value(int c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What \c stands for in C, or -1. */
static inline int escape_value(int c)
{
	switch (c) {
	case 'a':
		return '\a';
	case 'b':
		return '\b';
	case 'e':
		return 27;
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'v':
		return '\v';
	case '\\':
	case '\'':
	case '"':
	case '?':
		return c;
	}
	return -1;
}

/* Bytes of the name that s starts with, 0 if none. */
static inline int name_len(const char *s)
{
	int n = 0;

	if (!is_name_start(s[0]))
		return 0;
	while (is_name(s[n]))
		n++;
	return n;
}
