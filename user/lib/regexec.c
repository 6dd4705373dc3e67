/*
 * Running a regular expression over a text.
 *
 * Without back-references nothing is ever tried twice.  An automaton, made
 * state by state as the text asks for it and forgotten when it has become too
 * large, tells whether there is a match, and how far one reaches that begins
 * at a given place.  Where groups begin and end is found from the tree, from
 * the outside in: an element of a sequence gets the most that it can match and
 * that lets the rest match what remains, and the places where the rest can are
 * found by one walk backwards.  So the time is at most the length of the text
 * times that of the expression, for each group.
 *
 * A back-reference is beyond automata.  For those a search with a stack of its
 * own tries everything, with a note of what it tried before, after the
 * automaton (to which a back-reference is "anything") has said that it may be
 * worth it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/regex.h"

/* The automaton is forgotten at this size. */
#define DFA_BYTES_MAX (2u << 20)
#define DFA_HASH      1024

/* The search with back-references may need 24 bytes for each of these. */
#define STACK_MAX (1u << 21)
/* ... and notes up to so many words of what it tried. */
#define NOTES_MAX (1u << 20)

/* What stands before a place, and what behind it. */
#define BEFORE_BOL   1
#define BEFORE_WORD  2
#define BEFORE_START 4
#define AFTER_EOL    8
#define AFTER_WORD   16
#define AFTER_END    32

struct match {
	struct re *re;
	const unsigned char *s;
	size_t len;
	int flags;
};

/* A state of the automaton: where in the code the threads are. */
struct dstate {
	struct dstate *chain;
	unsigned int hash;
	unsigned char before; /* what was read last */
	unsigned char search; /* a match may begin here, too */
	int n;
	int *at;
	/* By class of bytes, then the two ends of text; bit 0: a match ends
	 * in front of that byte. */
	uintptr_t next[];
};

static int is_word(int c)
{
	return isalnum(c) || c == '_';
}

static unsigned int before_byte(const struct re *re, int c)
{
	return (is_word(c) ? BEFORE_WORD : 0u) |
	       (c == '\n' && re->flags & REG_NEWLINE ? BEFORE_BOL : 0u);
}

static unsigned int after_byte(const struct re *re, int c)
{
	return (is_word(c) ? AFTER_WORD : 0u) |
	       (c == '\n' && re->flags & REG_NEWLINE ? AFTER_EOL : 0u);
}

static unsigned int before_at(const struct match *m, size_t k)
{
	if (k)
		return before_byte(m->re, m->s[k - 1]);
	return BEFORE_START | (m->flags & REG_NOTBOL ? 0u : BEFORE_BOL);
}

static unsigned int after_at(const struct match *m, size_t k)
{
	if (k < m->len)
		return after_byte(m->re, m->s[k]);
	return AFTER_END | (m->flags & REG_NOTEOL ? 0u : AFTER_EOL);
}

static int holds(int what, unsigned int near)
{
	int word = !!(near & BEFORE_WORD), next = !!(near & AFTER_WORD);

	switch (what) {
	case A_BOL:
		return !!(near & BEFORE_BOL);
	case A_EOL:
		return !!(near & AFTER_EOL);
	case A_WORD_START:
		return !word && next;
	case A_WORD_END:
		return word && !next;
	case A_EDGE:
		return word != next;
	case A_INSIDE:
		return word == next;
	case A_TEXT_START:
		return !!(near & BEFORE_START);
	default:
		return !!(near & AFTER_END);
	}
}

static int takes(const struct re *re, const struct insn *in, int c)
{
	return in->op == I_BYTE ? in->x == c : IN_SET(re->sets[in->x], c);
}

static void list_clear(struct ilist *l)
{
	l->n = 0;
	l->generation++;
}

static int list_has(const struct ilist *l, int pc)
{
	return l->mark[pc] == l->generation;
}

/*
 * Follow the code from pc without reading: what wants to read goes into the
 * list.  Gives 1 when the end was reached.
 */
static int follow(struct re *re, struct ilist *l, int pc, int end,
		  unsigned int near)
{
	int n = 0, ended = 0, *stack = re->stack;
	const struct insn *in;

	stack[n++] = pc;
	while (n) {
		pc = stack[--n];
		if (pc == end) {
			ended = 1;
			continue;
		}
		if (list_has(l, pc))
			continue;
		l->mark[pc] = l->generation;
		in = &re->code[pc];
		switch (in->op) {
		case I_JUMP:
			stack[n++] = in->x;
			break;
		case I_SPLIT:
		case I_CHECK:
			stack[n++] = in->y;
			stack[n++] = in->x;
			break;
		case I_ASSERT:
			if (holds(in->x, near))
				stack[n++] = pc + 1;
			break;
		case I_SAVE:
			stack[n++] = pc + 1;
			break;
		case I_BACKREF:
			stack[n++] = pc + 1;
			/* fall through */
		default:
			l->at[l->n++] = pc;
		}
	}
	return ended;
}

/* All of one list that can read c, each moved on, into another list. */
static void advance(struct re *re, const struct ilist *from, struct ilist *to,
		    int c)
{
	const struct insn *in;
	int i, pc;

	list_clear(to);
	for (i = 0; i < from->n; i++) {
		pc = from->at[i];
		in = &re->code[pc];
		if (in->op != I_BACKREF) {
			if (!takes(re, in, c))
				continue;
			pc++;
		}
		if (list_has(to, pc))
			continue;
		to->mark[pc] = to->generation;
		to->at[to->n++] = pc;
	}
}

/* Bytes that no part of the expression tells apart are one class. */
static void make_classes(struct re *re)
{
	unsigned char *class = re->class_of;
	unsigned char alone[256] = { 0 };
	short split[256];
	int i, c, n;
	re_set one;

	n = 1;
	for (i = -3; i < re->ncode + re->nsets; i++) {
		memset(one, 0, sizeof(one));
		if (i < 0) {
			if (!re->asserts)
				continue;
			for (c = 0; c < 256; c++)
				if (i == -3 ? is_word(c) : c == '\n')
					one[c >> 3] |=
						(unsigned char)(1 << (c & 7));
		} else if (i < re->ncode) {
			if (re->code[i].op != I_BYTE)
				continue;
			c = re->code[i].x;
			if (alone[c])
				continue;
			alone[c] = 1;
			one[c >> 3] = (unsigned char)(1 << (c & 7));
		} else {
			memcpy(one, re->sets[i - re->ncode], sizeof(one));
		}
		/* A class that is part inside, part outside becomes two. */
		for (c = 0; c < 256; c++)
			split[c] = -1;
		for (c = 0; c < 256; c++)
			if (!IN_SET(one, c))
				split[class[c]] = -2;
		for (c = 0; c < 256 && n < 256; c++) {
			int k = class[c];

			if (!IN_SET(one, c) || split[k] == -1)
				continue;
			if (split[k] == -2)
				split[k] = (short)n++;
			class[c] = (unsigned char)split[k];
		}
	}
	re->nclasses = n;
	for (c = 255; c >= 0; c--)
		re->byte_of[class[c]] = (unsigned char)c;
}

static int list_new(struct ilist *l, size_t n)
{
	l->at = malloc(n * sizeof(*l->at));
	l->mark = calloc(n, sizeof(*l->mark));
	return l->at && l->mark ? 0 : -1;
}

/* What regcomp leaves to be found out from the code; -1: no memory. */
int __re_prepare(struct re *re)
{
	size_t n = (size_t)re->ncode + 2;
	const struct insn *in;
	int i, c, pass, *count;

	re->stack = malloc(2 * n * sizeof(*re->stack));
	re->pred_at = calloc(n + 1, sizeof(*re->pred_at));
	re->pred = malloc(2 * n * sizeof(*re->pred));
	re->hash = calloc(DFA_HASH, sizeof(struct dstate *));
	if (!re->stack || !re->pred_at || !re->pred || !re->hash ||
	    list_new(&re->a, n) || list_new(&re->b, n))
		return -1;
	/* Count who jumps where, then sort them in. */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < re->ncode; i++) {
			in = &re->code[i];
			if (in->op < I_CHECK)
				continue;
			count = &re->pred_at[in->x + !pass];
			if (pass)
				re->pred[*count] = i;
			++*count;
			if (in->op == I_JUMP)
				continue;
			count = &re->pred_at[in->y + !pass];
			if (pass)
				re->pred[*count] = i;
			++*count;
		}
		if (!pass)
			for (i = 1; i <= re->ncode + 1; i++)
				re->pred_at[i] += re->pred_at[i - 1];
	}
	for (i = re->ncode + 1; i > 0; i--)
		re->pred_at[i] = re->pred_at[i - 1];
	re->pred_at[0] = 0;
	make_classes(re);
	/* The first byte of a match, whatever stands around it. */
	for (i = 0; i < 4; i++) {
		list_clear(&re->a);
		re->can_be_empty |= follow(
			re, &re->a, 0, re->ncode,
			(i & 1 ? BEFORE_BOL : 0u) | (i & 2 ? BEFORE_WORD : 0u) |
				BEFORE_START | AFTER_EOL | AFTER_END);
		for (c = 0; c < re->a.n; c++) {
			in = &re->code[re->a.at[c]];
			re->can_be_empty |= in->op == I_BACKREF;
		}
	}
	for (c = 0; c < 256; c++) {
		unsigned int near = after_byte(re, c);

		for (pass = 0; pass < 4; pass++) {
			list_clear(&re->a);
			re->can_be_empty |=
				follow(re, &re->a, 0, re->ncode,
				       near | (pass & 1 ? BEFORE_BOL : 0u) |
					       (pass & 2 ? BEFORE_WORD : 0u) |
					       BEFORE_START);
			for (i = 0; i < re->a.n; i++) {
				in = &re->code[re->a.at[i]];
				if (in->op == I_BACKREF || takes(re, in, c))
					re->first[c >> 3] |=
						(unsigned char)(1 << (c & 7));
			}
			if (!re->asserts)
				break;
		}
		if (re->can_be_empty)
			break;
	}
	return 0;
}

static void dfa_flush(struct re *re)
{
	struct dstate *d, *next;
	int i;

	for (i = 0; i < DFA_HASH; i++) {
		for (d = re->hash[i]; d; d = next) {
			next = d->chain;
			free(d);
		}
		re->hash[i] = NULL;
	}
	memset(re->start, 0, sizeof(re->start));
	re->dbytes = 0;
	re->flushes++;
}

void __re_forget(struct re *re)
{
	if (re->hash)
		dfa_flush(re);
	free(re->hash);
	free(re->stack);
	free(re->pred_at);
	free(re->pred);
	free(re->a.at);
	free(re->a.mark);
	free(re->b.at);
	free(re->b.mark);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The state with these threads; NULL: no memory. */
static struct dstate *dfa_state(struct re *re, int *at, int n,
				unsigned int before, int search)
{
	size_t links = (size_t)re->nclasses + 2;
	size_t size = sizeof(struct dstate) + links * sizeof(uintptr_t) +
		      (size_t)n * sizeof(int);
	unsigned int hash = before * 2 + (unsigned int)search;
	struct dstate *d, **head;
	int i;

	for (i = 1; i < n; i++)
		if (at[i - 1] > at[i]) {
			qsort(at, (size_t)n, sizeof(*at), compare_ints);
			break;
		}
	for (i = 0; i < n; i++)
		hash = (hash ^ (unsigned int)at[i]) * 0x9e3779b1u;
	hash ^= hash >> 15;
	head = &re->hash[hash % DFA_HASH];
	for (d = *head; d; d = d->chain)
		if (d->hash == hash && d->n == n && d->before == before &&
		    d->search == search &&
		    !memcmp(d->at, at, (size_t)n * sizeof(*at)))
			return d;
	if (re->dbytes + size > DFA_BYTES_MAX)
		dfa_flush(re);
	d = calloc(1, size);
	if (!d) {
		dfa_flush(re);
		d = calloc(1, size);
		if (!d)
			return NULL;
	}
	d->hash = hash;
	d->before = (unsigned char)before;
	d->search = (unsigned char)search;
	d->n = n;
	d->at = (int *)(d->next + links);
	memcpy(d->at, at, (size_t)n * sizeof(*at));
	d->chain = *head;
	*head = d;
	re->dbytes += size;
	return d;
}

/*
 * Where the automaton goes from d; symbol: a class, or nclasses for the end of
 * the text and of a line, or nclasses + 1 for the end of the text alone.  Gives
 * the state with bit 0 set when a match ends before the symbol, 0: no memory.
 */
static uintptr_t dfa_step(struct re *re, struct dstate *d, int symbol)
{
	unsigned int near = d->before, before = 0;
	int c = symbol < re->nclasses ? re->byte_of[symbol] : -1;
	struct dstate *to;
	unsigned int flushes = re->flushes;
	uintptr_t link;
	int i, ended = 0;

	if (c >= 0)
		near |= after_byte(re, c);
	else
		near |= AFTER_END | (symbol == re->nclasses ? AFTER_EOL : 0u);
	list_clear(&re->a);
	for (i = 0; i < d->n; i++)
		ended |= follow(re, &re->a, d->at[i], re->ncode, near);
	if (d->search)
		ended |= follow(re, &re->a, 0, re->ncode, near);
	if (c >= 0) {
		advance(re, &re->a, &re->b, c);
		if (re->asserts)
			before = before_byte(re, c);
	} else {
		list_clear(&re->b);
	}
	to = dfa_state(re, re->b.at, re->b.n, before, c >= 0 ? d->search : 0);
	if (!to)
		return 0;
	link = (uintptr_t)to | (uintptr_t)ended;
	/* Unless it was forgotten meanwhile. */
	if (re->flushes == flushes)
		d->next[symbol] = link;
	return link;
}

/*
 * Run from a place.  search: the match may begin there or later, else there.
 * any: the end of the first that ends will do, else of the longest one.
 * Gives 1 and the end, 0, or -1 (no memory); *stop is where reading stopped.
 */
static int scan(const struct match *m, size_t from, int search, int any,
		size_t *end, size_t *stop)
{
	struct re *re = m->re;
	unsigned int before = re->asserts ? before_at(m, from) : 0;
	const unsigned char *s = m->s;
	size_t k = from, len = m->len;
	int found = 0, zero = 0, symbol;
	struct dstate *d = re->start[before * 2 + (unsigned int)search];
	uintptr_t link;

	if (!d) {
		d = dfa_state(re, &zero, !search, before, search);
		if (!d)
			return -1;
		re->start[before * 2 + (unsigned int)search] = d;
	}
	for (;; k++) {
		if (k < len)
			symbol = re->class_of[s[k]];
		else
			symbol = re->nclasses + !!(m->flags & REG_NOTEOL);
		link = d->next[symbol];
		if (!link) {
			link = dfa_step(re, d, symbol);
			if (!link)
				return -1;
		}
		if (link & 1) {
			*end = k;
			found = 1;
			if (any)
				break;
		}
		d = (struct dstate *)(link & ~(uintptr_t)1);
		if (k >= len || (!d->n && !d->search))
			break;
	}
	*stop = k;
	return found;
}

#define BIT(bits, k) ((bits)[(k) >> 3] >> ((k)&7) & 1)

static unsigned char *bits_new(size_t n)
{
	return calloc(1, n / 8 + 1);
}

/*
 * The longest match of the code lo .. end that begins at from and ends at most
 * at to, at a place whose bit (from `base` on) is set.  Gives its end, or -1.
 */
static long longest(const struct match *m, int lo, int end, size_t from,
		    size_t to, const unsigned char *allowed, size_t base)
{
	struct re *re = m->re;
	struct ilist *now = &re->a, *then = &re->b;
	long best = -1;
	size_t k;
	int i, ended;

	list_clear(now);
	now->at[now->n++] = lo;
	for (k = from;; k++) {
		unsigned int near = before_at(m, k) | after_at(m, k);

		list_clear(then);
		ended = 0;
		for (i = 0; i < now->n; i++)
			ended |= follow(re, then, now->at[i], end, near);
		if (ended && (!allowed || BIT(allowed, k - base)))
			best = (long)k;
		if (k == to || !then->n)
			return best;
		advance(re, then, now, m->s[k]);
	}
}

/* Backwards, without reading: everything that leads to pc goes into the list.
 */
static void precede(struct re *re, struct ilist *l, int pc, int lo, int end,
		    unsigned int near)
{
	int n = 0, i, from, *stack = re->stack;

	/* Marked when it is pushed, so that the stack is large enough. */
	if (list_has(l, pc))
		return;
	l->mark[pc] = l->generation;
	stack[n++] = pc;
	while (n) {
		pc = stack[--n];
		l->at[l->n++] = pc;
		if (pc > lo) {
			const struct insn *in = &re->code[pc - 1];

			if (((in->op == I_ASSERT && holds(in->x, near)) ||
			     in->op == I_SAVE) &&
			    !list_has(l, pc - 1)) {
				l->mark[pc - 1] = l->generation;
				stack[n++] = pc - 1;
			}
		}
		for (i = re->pred_at[pc]; i < re->pred_at[pc + 1]; i++) {
			from = re->pred[i];
			if (from < lo || from >= end || list_has(l, from))
				continue;
			l->mark[from] = l->generation;
			stack[n++] = from;
		}
	}
}

/*
 * Walk back from `to` down to `from`: set the bit of each place where a match
 * of the code lo .. end can begin that ends at `to`, or (anywhere) wherever it
 * likes.  *least is the first such place.  Gives 1 when there is one.
 */
static int begins(const struct match *m, int lo, int end, size_t from,
		  size_t to, int anywhere, unsigned char *bits, size_t *least)
{
	struct re *re = m->re;
	struct ilist *now = &re->a, *then = &re->b, *t;
	int i, pc, found = 0;
	size_t k;

	list_clear(now);
	for (k = to;; k--) {
		unsigned int near = before_at(m, k) | after_at(m, k);

		list_clear(then);
		if (k == to || anywhere)
			precede(re, then, end, lo, end, near);
		for (i = 0; i < now->n; i++) {
			const struct insn *in;

			pc = now->at[i];
			if (pc == lo)
				continue;
			in = &re->code[pc - 1];
			if ((in->op == I_BYTE || in->op == I_SET) &&
			    takes(re, in, m->s[k]))
				precede(re, then, pc - 1, lo, end, near);
		}
		if (list_has(then, lo)) {
			found = 1;
			*least = k;
			if (bits)
				bits[(k - from) >> 3] |=
					(unsigned char)(1 << ((k - from) & 7));
		}
		if (k == from || (!anywhere && !then->n))
			return found;
		t = now;
		now = then;
		then = t;
	}
}

static int dissect(const struct match *m, int at, size_t i, size_t j,
		   regmatch_t *pm);

/* Groups of an iteration before do not count in the next one. */
static void forget_groups(const struct re *re, int at, regmatch_t *pm)
{
	const struct node *n = &re->nodes[at];
	int c;

	if (!n->groups)
		return;
	if (n->type == N_GROUP)
		pm[n->arg].rm_so = pm[n->arg].rm_eo = -1;
	for (c = n->first; c >= 0; c = re->nodes[c].next)
		forget_groups(re, c, pm);
}

static int matches_nothing(const struct match *m, int at, size_t i)
{
	const struct node *n = &m->re->nodes[at];

	return n->nullable && longest(m, n->lo, n->hi, i, i, NULL, 0) >= 0;
}

/* x* or x+: only the last round is seen from outside. */
static int dissect_rounds(const struct match *m, const struct node *n, size_t i,
			  size_t j, regmatch_t *pm)
{
	const struct node *child = &m->re->nodes[n->first];
	unsigned char *rest;
	size_t k = i, least;
	long next;

	if (i == j)
		return matches_nothing(m, n->first, i)
			       ? dissect(m, n->first, i, i, pm)
			       : 0;
	if (child->fixed > 0)
		return dissect(m, n->first, j - (size_t)child->fixed, j, pm);
	rest = bits_new(j - i);
	if (!rest)
		return REG_ESPACE;
	begins(m, n->lo, n->hi, i, j, 0, rest, &least);
	rest[(j - i) >> 3] |= (unsigned char)(1 << ((j - i) & 7));
	/* A round of nothing gets no further. */
	for (;;) {
		next = longest(m, child->lo, child->hi, k, j, rest, i);
		if (next < 0 || (size_t)next == k || (size_t)next == j)
			break;
		k = (size_t)next;
	}
	free(rest);
	return dissect(m, n->first, k, j, pm);
}

/* The length of all that stands from c on, or -1 when it is not known. */
static long fixed_length(const struct re *re, int c)
{
	long sum = 0;

	for (; c >= 0; c = re->nodes[c].next) {
		if (re->nodes[c].fixed < 0)
			return -1;
		sum += re->nodes[c].fixed;
	}
	return sum;
}

/*
 * Elements one behind the other.  In a{0,3} (upto) each is there only while
 * something is left for it.
 */
static int dissect_sequence(const struct match *m, const struct node *n,
			    size_t i, size_t j, regmatch_t *pm)
{
	const struct node *nodes = m->re->nodes, *child;
	int c, k, upto = n->type == N_UPTO, err;
	unsigned char *rest;
	size_t least;
	long next;

	for (c = n->first; c >= 0; c = k) {
		child = &nodes[c];
		k = child->next;
		if (upto && i == j)
			break;
		if (!child->groups && k < 0)
			break;
		if (k < 0) {
			next = (long)j;
		} else if (child->fixed >= 0) {
			next = (long)i + child->fixed;
		} else if (!upto && fixed_length(m->re, k) >= 0) {
			next = (long)j - fixed_length(m->re, k);
		} else {
			rest = bits_new(j - i);
			if (!rest)
				return REG_ESPACE;
			begins(m, child->hi, n->hi, i, j, 0, rest, &least);
			next = longest(m, child->lo, child->hi, i, j, rest, i);
			free(rest);
			if (next < 0)
				return REG_ESPACE; /* cannot be */
		}
		if (child->groups) {
			if (upto)
				forget_groups(m->re, c, pm);
			err = dissect(m, c, i, (size_t)next, pm);
			if (err)
				return err;
		}
		i = (size_t)next;
	}
	return 0;
}

/* Set the groups of a node that matches i .. j; 0 or REG_ESPACE. */
static int dissect(const struct match *m, int at, size_t i, size_t j,
		   regmatch_t *pm)
{
	const struct re *re = m->re;
	const struct node *n = &re->nodes[at], *child;
	int c;

	if (!n->groups)
		return 0;
	switch (n->type) {
	case N_GROUP:
		pm[n->arg].rm_so = (regoff_t)i;
		pm[n->arg].rm_eo = (regoff_t)j;
		return dissect(m, n->first, i, j, pm);
	case N_ALT:
		/* The first that matches all of it. */
		for (c = n->first; re->nodes[c].next >= 0;
		     c = re->nodes[c].next) {
			child = &re->nodes[c];
			if (child->fixed >= 0 && (size_t)child->fixed != j - i)
				continue;
			if (longest(m, child->lo, child->hi, i, j, NULL, 0) ==
			    (long)j)
				break;
		}
		return dissect(m, c, i, j, pm);
	case N_STAR:
	case N_PLUS:
		return dissect_rounds(m, n, i, j, pm);
	case N_OPT:
		if (i == j && !matches_nothing(m, n->first, i))
			return 0;
		return dissect(m, n->first, i, j, pm);
	case N_UPTO:
		/* As with x?, one round of nothing counts if it is the first.
		 */
		if (i == j && n->arg && matches_nothing(m, n->first, i))
			return dissect(m, n->first, i, i, pm);
		return dissect_sequence(m, n, i, j, pm);
	case N_CAT:
		return dissect_sequence(m, n, i, j, pm);
	}
	return 0;
}

/* The search for expressions with back-references. */
struct choice {
	int pc;      /* go on here, or -1: put a slot back */
	size_t at;   /* from this place; or the slot */
	size_t slot; /* its old value */
};

struct search {
	const struct match *m;
	struct choice *stack;
	size_t n, cap;
	size_t *slot, *best;
	/* Which states were tried: rows of `width` words, found by hash. */
	size_t *notes, width, nnotes, notes_max;
	unsigned int *table;
	size_t table_size;
	size_t from;
};

static int search_push(struct search *st, int pc, size_t at, size_t slot)
{
	struct choice *more;

	if (st->n == st->cap) {
		size_t cap = st->cap ? st->cap * 2 : 256;

		if (cap > STACK_MAX)
			return REG_ESPACE;
		more = realloc(st->stack, cap * sizeof(*more));
		if (!more)
			return REG_ESPACE;
		st->stack = more;
		st->cap = cap;
	}
	st->stack[st->n++] = (struct choice){ pc, at, slot };
	return 0;
}

/* 1: the same was tried before.  Full notes are begun anew. */
static int search_tried(struct search *st, int pc, size_t at)
{
	const struct re *re = st->m->re;
	size_t w = st->width, *row, h, i, n = 3;

	if (st->nnotes == st->notes_max) {
		memset(st->table, 0, st->table_size * sizeof(*st->table));
		st->nnotes = 0;
	}
	row = st->notes + st->nnotes * w;
	row[0] = (size_t)pc;
	row[1] = at;
	row[2] = st->from;
	for (i = 0; i < (size_t)re->nslots; i++)
		if (i >= 2 * (size_t)(re->ngroups + 1) ||
		    (i < 20 && re->backrefs >> (i / 2) & 1))
			row[n++] = st->slot[i];
	for (h = i = 0; i < w; i++)
		h = (h ^ row[i]) * 0x9e3779b97f4a7c15ul;
	for (h ^= h >> 31;; h++) {
		h &= st->table_size - 1;
		if (!st->table[h])
			break;
		if (!memcmp(st->notes + (st->table[h] - 1) * w, row,
			    w * sizeof(*row)))
			return 1;
	}
	st->table[h] = (unsigned int)++st->nnotes;
	return 0;
}

static int same_text(const struct match *m, size_t a, size_t b, size_t n)
{
	size_t i;

	if (!(m->re->flags & REG_ICASE))
		return !memcmp(m->s + a, m->s + b, n);
	for (i = 0; i < n; i++)
		if (tolower(m->s[a + i]) != tolower(m->s[b + i]))
			return 0;
	return 1;
}

/* Set a slot, and see to it that it gets its value back. */
static int search_save(struct search *st, size_t slot, size_t at)
{
	if (search_push(st, -1, slot, st->slot[slot]))
		return REG_ESPACE;
	st->slot[slot] = at;
	return 0;
}

/*
 * The longest match that begins at `from`, its places in st->best; 0,
 * REG_NOMATCH or REG_ESPACE.
 */
static int search_from(struct search *st, size_t from)
{
	const struct match *m = st->m;
	const struct re *re = m->re;
	size_t slots = (size_t)re->nslots, k, n, g;
	const struct insn *in;
	struct choice ch;
	int pc, found = REG_NOMATCH, err;

	for (n = 0; n < slots; n++)
		st->slot[n] = (size_t)-1;
	st->n = 0;
	st->from = from;
	err = search_push(st, 0, from, 0);
	while (!err && st->n) {
		ch = st->stack[--st->n];
		if (ch.pc < 0) {
			st->slot[ch.at] = ch.slot;
			continue;
		}
		pc = ch.pc;
		k = ch.at;
		for (;;) {
			if (pc == re->ncode) {
				if (found || k > st->best[1]) {
					memcpy(st->best, st->slot,
					       slots * sizeof(*st->best));
					st->best[0] = from;
					st->best[1] = k;
					found = 0;
				}
				/* It cannot become longer. */
				if (k == m->len)
					return 0;
				break;
			}
			in = &re->code[pc];
			if (in->op == I_BYTE || in->op == I_SET) {
				if (k == m->len || !takes(re, in, m->s[k]))
					break;
				k++;
				pc++;
			} else if (in->op == I_ASSERT) {
				if (!holds(in->x,
					   before_at(m, k) | after_at(m, k)))
					break;
				pc++;
			} else if (in->op == I_BACKREF) {
				g = st->slot[2 * in->x];
				n = st->slot[2 * in->x + 1];
				if (g == (size_t)-1 || n == (size_t)-1)
					break;
				n -= g;
				if (n > m->len - k || !same_text(m, g, k, n))
					break;
				k += n;
				pc++;
			} else if (in->op == I_SAVE) {
				err = search_save(st, (size_t)in->x, k);
				if (err)
					break;
				pc++;
			} else if (in->op == I_CHECK) {
				if (st->slot[in->slot] == k) {
					pc = in->y;
					continue;
				}
				if (search_tried(st, pc, k))
					break;
				err = search_push(st, in->y, k, 0);
				if (err)
					break;
				pc = in->x;
			} else if (in->op == I_JUMP) {
				pc = in->x;
			} else {
				if (search_tried(st, pc, k))
					break;
				err = search_push(st, in->y, k, 0);
				if (err)
					break;
				pc = in->x;
			}
		}
	}
	return err ? err : found;
}

static int may_begin(const struct match *m, size_t k)
{
	const struct re *re = m->re;

	return re->can_be_empty || (k < m->len && IN_SET(re->first, m->s[k]));
}

static int search_all(const struct match *m, size_t from, regmatch_t *pm)
{
	const struct re *re = m->re;
	size_t slots = (size_t)re->nslots, k, end, stop;
	struct search st = { .m = m, .width = 3 };
	int ret = REG_NOMATCH, i, may;

	for (i = 0; i < re->nslots; i++)
		if (i >= 2 * (re->ngroups + 1) ||
		    (i < 20 && re->backrefs >> (i / 2) & 1))
			st.width++;
	st.slot = calloc(2 * slots, sizeof(*st.slot));
	if (!st.slot)
		return REG_ESPACE;
	st.best = st.slot + slots;
	/* Short texts need few notes. */
	for (st.table_size = 64; st.table_size < 16 * m->len &&
				 st.table_size * st.width < NOTES_MAX;)
		st.table_size *= 2;
	st.notes_max = st.table_size / 2;
	st.notes = malloc((st.notes_max + 1) * st.width * sizeof(*st.notes));
	st.table = calloc(st.table_size, sizeof(*st.table));
	if (!st.notes || !st.table) {
		ret = REG_ESPACE;
		goto free_all;
	}
	for (k = from; k <= m->len && ret == REG_NOMATCH; k++) {
		if (!may_begin(m, k))
			continue;
		may = scan(m, k, 0, 1, &end, &stop);
		ret = may < 0 ? REG_ESPACE
		      : may   ? search_from(&st, k)
			      : REG_NOMATCH;
	}
	for (i = 0; !ret && i <= re->ngroups; i++) {
		size_t so = st.best[2 * i], eo = st.best[2 * i + 1];

		if (so == (size_t)-1 || eo == (size_t)-1)
			so = eo = (size_t)-1;
		pm[i].rm_so = (regoff_t)so;
		pm[i].rm_eo = (regoff_t)eo;
	}
free_all:
	free(st.notes);
	free(st.table);
	free(st.stack);
	free(st.slot);
	return ret;
}

/* The leftmost match and its length; one ends at `first`, at the latest. */
static int leftmost(const struct match *m, size_t from, size_t first,
		    size_t *so, size_t *eo)
{
	size_t k, stop, spent = 0, budget = 8 * (first - from) + 1024;
	int found;

	for (k = from; k <= first && spent <= budget; k++) {
		if (!may_begin(m, k))
			continue;
		found = scan(m, k, 0, 0, eo, &stop);
		if (found < 0)
			return REG_ESPACE;
		if (found) {
			*so = k;
			return 0;
		}
		spent += stop - k;
	}
	/* Too many began well: find all beginnings at once. */
	if (!begins(m, 0, m->re->ncode, k, m->len, 1, NULL, so))
		return REG_ESPACE; /* cannot be */
	return scan(m, *so, 0, 0, eo, &stop) < 0 ? REG_ESPACE : 0;
}

int regexec(const regex_t *restrict preg, const char *restrict text,
	    size_t nmatch, regmatch_t *restrict pmatch, int flags)
{
	struct re *re = preg->__re;
	struct match m = { re, (const unsigned char *)text, 0, flags };
	size_t from = 0, end, so, eo, stop, i;
	regmatch_t few[10], *pm = few;
	int found, ret;

	if (flags & REG_STARTEND) {
		from = (size_t)pmatch[0].rm_so;
		m.len = (size_t)pmatch[0].rm_eo;
	} else {
		m.len = strlen(text);
	}
	if (re->flags & REG_NOSUB)
		nmatch = 0;
	found = scan(&m, from, 1, 1, &end, &stop);
	if (found <= 0)
		return found ? REG_ESPACE : REG_NOMATCH;
	if (!nmatch && !re->backrefs)
		return 0;
	if (re->ngroups >= 10 && (nmatch > 1 || re->backrefs)) {
		pm = malloc(((size_t)re->ngroups + 1) * sizeof(*pm));
		if (!pm)
			return REG_ESPACE;
	}
	if (re->backrefs) {
		ret = search_all(&m, from, pm);
	} else {
		ret = leftmost(&m, from, end, &so, &eo);
		if (!ret) {
			pm[0].rm_so = (regoff_t)so;
			pm[0].rm_eo = (regoff_t)eo;
			if (nmatch > 1) {
				for (i = 1; i <= (size_t)re->ngroups; i++)
					pm[i].rm_so = pm[i].rm_eo = -1;
				ret = dissect(&m, re->root, so, eo, pm);
			}
		}
	}
	for (i = 0; !ret && i < nmatch; i++) {
		if (i <= (size_t)re->ngroups)
			pmatch[i] = pm[i];
		else
			pmatch[i].rm_so = pmatch[i].rm_eo = -1;
	}
	if (pm != few)
		free(pm);
	return ret;
}
