/*
 * Characters of more than one byte, as far as a terminal and a pattern need
 * to know them. A byte that begins no valid character counts as one by
 * itself, so that any name can be shown and edited.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The character that s begins with; n bytes are there, at least one. Returns
 * its bytes; *code is its number, or -1 for a byte that is no character.
 */
size_t utf8_get(const char *s, size_t n, int *code);
/* Columns that a character takes on a terminal: 0, 1 or 2. */
int utf8_width(int code);
/* How many bytes a character has that begins with c; 1 if none does. */
size_t utf8_expect(int c);
/* Where the character before offset at begins. */
size_t utf8_back(const char *s, size_t at);
