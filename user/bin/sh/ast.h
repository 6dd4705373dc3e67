/*
 * The tree that a command is parsed into. A word keeps its quoting: it is a
 * list of parts, each a piece of text or something to expand, each marked
 * when it stood in quotes. Expansion needs no second look at the source.
 * Lists, and-or chains and pipelines are linked through "next" so that their
 * length costs no stack.
 */
#pragma once

#include <stdbool.h>

enum part_type {
	PART_TEXT,  /* text */
	PART_PARAM, /* $name, ${name op word} */
	PART_CMD,   /* $(cmd), `cmd` */
	PART_ARITH, /* $((word)) */
};

enum param_op {
	OP_NONE,
	OP_LEN,         /* ${#name} */
	OP_MINUS,       /* ${name-word} */
	OP_ASSIGN,      /* = */
	OP_QUESTION,    /* ? */
	OP_PLUS,        /* + */
	OP_PREFIX,      /* # */
	OP_PREFIX_LONG, /* ## */
	OP_SUFFIX,      /* % */
	OP_SUFFIX_LONG, /* %% */
	OP_SLICE,       /* ${name:word:word2} */
	OP_SUBST,       /* ${name/word/word2} */
	OP_SUBST_ALL,   /* ${name//word/word2} */
	OP_BAD,         /* none of these: an error when it is expanded */
};

struct part {
	struct part *next;
	unsigned char type;
	unsigned char op;
	bool quoted;
	bool colon; /* ${name:-word}: empty counts as unset; word2 is there */
	const char *text;
	struct part *word, *word2;
	struct node *cmd;
};

struct word {
	struct word *next;
	struct part *parts;
};

enum redir_type {
	REDIR_IN,      /* < */
	REDIR_OUT,     /* > */
	REDIR_CLOBBER, /* >| */
	REDIR_APPEND,  /* >> */
	REDIR_RDWR,    /* <> */
	REDIR_DUP,     /* <& and >& */
	REDIR_HERE,    /* << with its text in target */
};

struct redir {
	struct redir *next;
	struct redir *next_here; /* here-documents still to be read */
	unsigned char type;
	bool strip;  /* <<- */
	bool quoted; /* << with a quoted delimiter */
	int fd;
	struct part *target;
	const char *delim;
	const char *value; /* target, expanded for the run at hand */
};

enum node_type {
	NODE_CMD,
	NODE_LIST,  /* body: and-or lists, "background" where & stood */
	NODE_ANDOR, /* body: pipelines, "or_else" where || stood before */
	NODE_PIPE,  /* body: commands */
	NODE_NOT,   /* ! body */
	NODE_SUBSHELL,
	NODE_GROUP, /* { body } */
	NODE_IF,
	NODE_WHILE,
	NODE_UNTIL,
	NODE_FOR,
	NODE_CASE,
	NODE_FUNC,
};

struct case_item {
	struct case_item *next;
	struct word *patterns;
	struct node *body;
	bool fall; /* ended by ;& */
};

struct node {
	struct node *next;
	unsigned char type;
	bool background;
	bool or_else;
	bool has_in; /* NODE_FOR */
	int line;
	struct redir *redirs;
	struct node *body, *cond, *other;
	union {
		struct word *assigns;
		const char *name; /* NODE_FOR, NODE_FUNC */
		struct case_item *items;
	};
	struct word *words; /* NODE_CMD, NODE_FOR, NODE_CASE */
};

struct arena;

/* A copy that lives in another arena (the body of a function). */
struct node *node_copy(struct arena *a, const struct node *n);
