/*
 * Patterns: * ? [set] [!set] [[:class:]]. A byte after PAT_QUOTE stands for
 * itself (that is how expansion marks what was quoted), and so does one after
 * a backslash that came out of a variable.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PAT_QUOTE '\001'

struct args;

/* Does the whole of s (len bytes) match? */
bool match(const char *pat, const char *s, size_t len);
/* Is there anything in it that is not literal? */
bool match_is_pattern(const char *pat);
/* Takes the quoting marks out, in place. */
char *match_unquote(char *s);
/*
 * Adds the path names that the pattern matches, sorted; returns how many.
 * Names that start with a dot want it written.
 */
int match_paths(const char *pat, struct args *out);
