/*
 * The grammar of POSIX 2.10.2 by recursive descent. A complete command (one
 * line, or as many as its constructs span) becomes one tree on the command's
 * arena; the caller runs it and parses the next. Here-documents and nested
 * substitutions are part of the tree.
 */
#pragma once

#include <stdbool.h>

#include "user/bin/sh/lex.h"

enum parse_result {
	PARSE_OK,    /* *out is the command, NULL for an empty line */
	PARSE_END,   /* no more input */
	PARSE_ERROR, /* the message is out */
};

enum parse_result parse_command(struct node **out);
/* The inside of a substitution, up to end, which is taken. */
struct node *parse_inner(enum token end);
bool parse_is_reserved(const char *word);
