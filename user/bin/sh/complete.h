/*
 * What Tab does: finds what the word before the cursor may be going to be. In
 * the place of a command these are aliases, functions, builtins and the
 * programs of PATH; behind a "$" the variables; elsewhere files, directories
 * with a "/" behind them, and for cd only those.
 *
 * What is found is quoted as the word already is, or with backslashes; a name
 * with control characters as $'...'. All results are on the command's arena.
 */
#pragma once

#include <stddef.h>

#include "user/bin/sh/mem.h"

struct completion {
	size_t from;       /* the bytes from here to the cursor become */
	const char *text;  /* this, or stay as they are (NULL) */
	struct args names; /* all that it may be, sorted */
};

/* pos: where the cursor is; what stands behind it does not matter. */
void complete(const char *line, size_t pos, struct completion *c);
