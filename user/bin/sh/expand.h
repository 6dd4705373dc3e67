/*
 * From words to strings (POSIX 2.6): tilde, parameters, command substitution
 * and arithmetic; then fields; then path names; quotes never get that far,
 * for the parts of a word say what was quoted.
 *
 * After an error sh.skip is set and the result is of no use.
 */
#pragma once

#include <stdbool.h>

struct args;
struct part;
struct word;

/* All the steps, for the words of a command. */
void expand_words(struct word *w, struct args *out);
/* One string without fields and path names; tilde also after ":". */
char *expand_assign(struct part *parts);
/* The same with the tilde only at the start: for redirections, case. */
char *expand_string(struct part *parts);
/* A pattern: what was quoted is marked (match.h). */
char *expand_pattern(struct part *parts);
/* $ expansions in a prompt; the text as it is when they cannot be done. */
const char *expand_prompt(const char *text);
/* The value of a parameter, NULL when unset; buf holds 32 bytes. */
const char *expand_param_value(const char *name, char *buf);
/*
 * Splits text at IFS as the read builtin does it, into at most max fields;
 * the last gets the rest. A byte after PAT_QUOTE is no separator.
 */
void expand_read_fields(const char *text, int max, struct args *out);
