/*
 * The inside of regex_t, for the files that make regular expressions:
 * regcomp.c reads a pattern into a tree and the tree into code, regexec.c runs
 * the code over a text.
 */
#pragma once

#include <regex.h>
#include <stdint.h>

/*
 * What a pattern may need: a{255}{255}{255} is short but large.  The tree's
 * depth bounds every recursion over it.
 */
#define RE_NODES_MAX 262144 /* a power of two */
#define RE_DEPTH_MAX 1000

enum node_type {
	N_EMPTY,
	N_BYTE,
	N_SET,
	N_ASSERT,
	N_BACKREF,
	N_GROUP,
	N_CAT,
	N_ALT,
	N_STAR,
	N_PLUS,
	N_OPT,
	N_UPTO, /* each child at most, one behind the other: a{0,3} */
};

struct node {
	unsigned char type;
	unsigned char groups;   /* there is a group in it */
	unsigned char nullable; /* it may match nothing at all */
	unsigned short depth;
	int arg;         /* byte, set, assertion, number of the group */
	int first, next; /* child, sibling, or -1 */
	int lo, hi;      /* its code */
	int fixed;       /* bytes in whatever it matches, or -1 */
};

enum assertion {
	A_BOL,
	A_EOL,
	A_WORD_START,
	A_WORD_END,
	A_EDGE,
	A_INSIDE,
	A_TEXT_START,
	A_TEXT_END,
};

/*
 * The code of a node is entered at its first instruction and left behind its
 * last one; no jump of it goes elsewhere.
 */
enum op {
	I_BYTE,    /* the byte x */
	I_SET,     /* a byte of set x */
	I_BACKREF, /* what group x matched */
	I_ASSERT,
	I_SAVE,  /* slot x is the place in the text */
	I_CHECK, /* like I_SPLIT, but only to y if nothing was read since */
	I_JUMP,  /* to x */
	I_SPLIT, /* to x, or else to y */
};

struct insn {
	unsigned char op;
	int x, y;
	int slot;
};

typedef unsigned char re_set[32];

#define IN_SET(set, c) ((set)[(c) >> 3] >> ((c)&7) & 1)

struct dstate;

/* A list of instructions, each at most once. */
struct ilist {
	int *at;
	unsigned int *mark; /* generation in which it was added */
	unsigned int generation;
	int n;
};

struct re {
	int flags;
	struct node *nodes;
	int nnodes, nodes_cap;
	struct insn *code;
	int ncode;
	re_set *sets;
	int nsets, sets_cap;
	int root;
	int ngroups;
	int backrefs;     /* bit n: \n is used */
	int nslots;       /* places that the backtracking matcher saves */
	int asserts;      /* some assertion is used */
	re_set first;     /* bytes that a match may begin with */
	int can_be_empty; /* a match may need no byte at all */
	/* For walking backwards: who jumps to an instruction. */
	int *pred_at, *pred;
	struct ilist a, b;
	int *stack;
	/* The automaton made so far. */
	unsigned char class_of[256], byte_of[256];
	int nclasses;
	struct dstate **hash;
	struct dstate *start[16];
	size_t dbytes;
	unsigned int flushes;
};

int __re_prepare(struct re *re);
void __re_forget(struct re *re);
