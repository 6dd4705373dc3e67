/*
 * The tokens of POSIX 2.10.1. One token of look-ahead; a word comes with its
 * parts, quoting kept (ast.h). Reserved words and aliases are the parser's
 * business, for they depend on where a word stands.
 *
 * An error prints one message, sets lex.failed and makes every further token
 * TOK_EOF, so that the parser runs out by itself.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "user/bin/sh/ast.h"

enum token {
	TOK_EOF,
	TOK_NEWLINE,
	TOK_WORD,
	TOK_SEMI,
	TOK_AMP,
	TOK_PIPE,
	TOK_LPAREN,
	TOK_RPAREN,
	TOK_AND_IF,
	TOK_OR_IF,
	TOK_DSEMI,
	TOK_SEMI_AND, /* ;& */
	TOK_REDIR,    /* an operator, with its number if there was one */
};

struct lexer {
	enum token tok; /* valid while "have" */
	bool have;
	bool failed;
	struct part *word;   /* TOK_WORD */
	struct redir *redir; /* TOK_REDIR, without target */
	int line;            /* where the token began */
	bool after_alias;    /* it follows an alias that ends in a blank */
	struct redir *here, **here_tail; /* wanted here-documents */
	bool raw;  /* $ and ` in words are text: the end of a here-document */
	int depth; /* nesting, bounded for the stack's sake */
};

extern struct lexer lex;

enum token lex_peek(void);
/* Takes the token that lex_peek showed. */
void lex_skip(void);
/* The text of the current word if it is one unquoted piece, or NULL. */
const char *lex_literal(void);
/* A redirection << was parsed: its text follows the next newline. */
void lex_want_here(struct redir *r);

void lex_error(const char *text);
/* The current token is not what the grammar wants; want may be NULL. */
void lex_unexpected(const char *want);

/* Nesting of any kind; false after a message when it is too deep. */
bool lex_enter(void);
void lex_leave(void);

/* Parts of a text as between double quotes (prompts and the like); false after
 * the message about a syntax error in it. */
bool lex_text_parts(const char *text, struct part **parts);
