/*
 * Reading a regular expression (POSIX, XBD 9): pattern, tree, code.
 *
 * Intervals are written out: a{2,4} becomes a, a and up to two a more, which
 * is why the number of nodes has a bound.  Sequences and alternatives are
 * lists, so that only what is nested in the pattern is nested in the tree.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/lib/regex.h"

struct parser {
	struct re *re;
	const unsigned char *p;
	int extended;
	int closed; /* bit n: group n is complete, \n may follow */
	int error;
};

static int fail(struct parser *ps, int error)
{
	if (!ps->error)
		ps->error = error;
	return -1;
}

static int node_new(struct parser *ps, int type, int arg, int child)
{
	struct re *re = ps->re;
	struct node *n;
	int depth = 0, groups = 0, c;

	if (ps->error)
		return -1;
	if (re->nnodes == re->nodes_cap) {
		int cap = re->nodes_cap ? re->nodes_cap * 2 : 32;

		if (cap > RE_NODES_MAX)
			return fail(ps, REG_ESPACE);
		n = realloc(re->nodes, (size_t)cap * sizeof(*n));
		if (!n)
			return fail(ps, REG_ESPACE);
		re->nodes = n;
		re->nodes_cap = cap;
	}
	for (c = child; c >= 0; c = re->nodes[c].next) {
		if (re->nodes[c].depth > depth)
			depth = re->nodes[c].depth;
		groups |= re->nodes[c].groups;
	}
	if (depth >= RE_DEPTH_MAX)
		return fail(ps, REG_ESPACE);
	n = &re->nodes[re->nnodes];
	*n = (struct node){ .type = (unsigned char)type,
			    .groups =
				    (unsigned char)(groups || type == N_GROUP),
			    .depth = (unsigned short)(depth + 1),
			    .arg = arg,
			    .first = child,
			    .next = -1 };
	return re->nnodes++;
}

static int node_copy(struct parser *ps, int from)
{
	int to, child, last = -1, c;
	struct node *n;

	to = node_new(ps, ps->re->nodes[from].type, ps->re->nodes[from].arg,
		      -1);
	if (to < 0)
		return -1;
	for (c = ps->re->nodes[from].first; c >= 0; c = ps->re->nodes[c].next) {
		child = node_copy(ps, c);
		if (child < 0)
			return -1;
		if (last < 0)
			ps->re->nodes[to].first = child;
		else
			ps->re->nodes[last].next = child;
		last = child;
	}
	n = ps->re->nodes;
	n[to].groups = n[from].groups;
	n[to].depth = n[from].depth;
	return to;
}

static void set_add(re_set set, int c)
{
	set[c >> 3] |= (unsigned char)(1 << (c & 7));
}

/* A set into the tree, with both cases of its letters if those are the same. */
static int set_node(struct parser *ps, re_set set, int negate)
{
	struct re *re = ps->re;
	re_set *more;
	int c, i;

	if (re->flags & REG_ICASE)
		for (c = 'a'; c <= 'z'; c++)
			if (IN_SET(set, c) || IN_SET(set, toupper(c))) {
				set_add(set, c);
				set_add(set, toupper(c));
			}
	if (negate) {
		if (re->flags & REG_NEWLINE)
			set_add(set, '\n');
		for (i = 0; i < 32; i++)
			set[i] = (unsigned char)~set[i];
	}
	for (i = 0; i < re->nsets && i < 64; i++)
		if (!memcmp(re->sets[i], set, sizeof(re_set)))
			return node_new(ps, N_SET, i, -1);
	if (re->nsets == re->sets_cap) {
		re->sets_cap = re->sets_cap ? re->sets_cap * 2 : 8;
		more = realloc(re->sets, (size_t)re->sets_cap * sizeof(*more));
		if (!more)
			return fail(ps, REG_ESPACE);
		re->sets = more;
	}
	memcpy(re->sets[re->nsets], set, sizeof(re_set));
	return node_new(ps, N_SET, re->nsets++, -1);
}

static int byte_node(struct parser *ps, int c)
{
	re_set set = { 0 };

	if (!(ps->re->flags & REG_ICASE) || !isalpha(c))
		return node_new(ps, N_BYTE, c, -1);
	set_add(set, c);
	return set_node(ps, set, 0);
}

static int assert_node(struct parser *ps, int what)
{
	ps->re->asserts = 1;
	return node_new(ps, N_ASSERT, what, -1);
}

static int class_test(struct parser *ps, re_set set, const char *name, size_t n)
{
	static const struct {
		char name[8];
		int (*test)(int);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha },
		{ "blank", isblank }, { "cntrl", iscntrl },
		{ "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint },
		{ "punct", ispunct }, { "space", isspace },
		{ "upper", isupper }, { "xdigit", isxdigit },
	};
	size_t i;
	int c;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (strlen(classes[i].name) != n ||
		    memcmp(classes[i].name, name, n))
			continue;
		for (c = 0; c < 256; c++)
			if (classes[i].test(c))
				set_add(set, c);
		return 0;
	}
	return fail(ps, REG_ECTYPE);
}

/*
 * An element of a bracket expression: a byte, [.x.], or (as -2) a class or
 * [=x=], which went into the set and can begin no range.
 */
static int bracket_element(struct parser *ps, re_set set)
{
	const unsigned char *end;
	int kind = ps->p[0] == '[' ? ps->p[1] : 0;

	if (!*ps->p)
		return fail(ps, REG_EBRACK);
	if (kind != ':' && kind != '.' && kind != '=')
		return *ps->p++;
	ps->p += 2;
	for (end = ps->p; *end && !(end[0] == kind && end[1] == ']'); end++)
		;
	/* [.].] and [=]=] */
	if (!*end)
		return fail(ps, REG_EBRACK);
	if (kind == ':') {
		if (class_test(ps, set, (const char *)ps->p,
			       (size_t)(end - ps->p)) < 0)
			return -1;
		ps->p = end + 2;
		return -2;
	}
	if (end != ps->p + 1)
		return fail(ps, REG_ECOLLATE);
	ps->p = end + 2;
	if (kind == '.')
		return end[-1];
	set_add(set, end[-1]);
	return -2;
}

/* Behind the '['. */
static int parse_bracket(struct parser *ps)
{
	re_set set = { 0 };
	int negate = 0, first = 1, a, b;

	if (*ps->p == '^') {
		negate = 1;
		ps->p++;
	}
	for (; first || *ps->p != ']'; first = 0) {
		a = bracket_element(ps, set);
		if (a == -1)
			return -1;
		if (ps->p[0] != '-' || ps->p[1] == ']' || !ps->p[1]) {
			if (a >= 0)
				set_add(set, a);
			continue;
		}
		ps->p++;
		b = bracket_element(ps, set);
		if (b == -1)
			return -1;
		if (a < 0 || b < 0 || a > b)
			return fail(ps, REG_ERANGE);
		for (; a <= b; a++)
			set_add(set, a);
	}
	ps->p++;
	return set_node(ps, set, negate);
}

/* Behind a backslash that introduces no operator. */
static int parse_escape(struct parser *ps)
{
	static const char asserts[] = "^$<>bB`'"; /* as in enum assertion */
	re_set set = { 0 };
	const char *at;
	int c = *ps->p, i;

	if (!c)
		return fail(ps, REG_EESCAPE);
	ps->p++;
	if (c >= '1' && c <= '9') {
		if (!(ps->closed & 1 << (c - '0')))
			return fail(ps, REG_ESUBREG);
		ps->re->backrefs |= 1 << (c - '0');
		return node_new(ps, N_BACKREF, c - '0', -1);
	}
	at = strchr(asserts + A_WORD_START, c);
	if (at)
		return assert_node(ps, (int)(at - asserts));
	if (!strchr("wWsS", c))
		return byte_node(ps, c);
	for (i = 0; i < 256; i++)
		if (tolower(c) == 'w' ? isalnum(i) || i == '_' : isspace(i))
			set_add(set, i);
	return set_node(ps, set, isupper(c));
}

/* A number of an interval, or -1 when there is none. */
static int parse_number(struct parser *ps)
{
	int n = 0;

	if (!isdigit(*ps->p))
		return -1;
	for (; isdigit(*ps->p); ps->p++)
		if (n <= RE_DUP_MAX)
			n = n * 10 + *ps->p - '0';
	return n;
}

/* node{min,max}, max < 0: any number. */
static int repeat(struct parser *ps, int node, int min, int max)
{
	int i, first = -1, last = -1, part, more = -1, more_last = -1;

	if (node < 0 || (min == 1 && max == 1))
		return node;
	if (min <= 1 && max < 0)
		return node_new(ps, min ? N_PLUS : N_STAR, 0, node);
	if (min == 0 && max <= 1)
		return max ? node_new(ps, N_OPT, 0, node)
			   : node_new(ps, N_EMPTY, 0, -1);
	for (i = 0; i < (max < 0 ? min : max); i++) {
		part = i ? node_copy(ps, node) : node;
		if (max < 0 && i == min - 1)
			part = node_new(ps, N_PLUS, 0, part);
		if (part < 0)
			return -1;
		if (i >= min) {
			if (more < 0)
				more = part;
			else
				ps->re->nodes[more_last].next = part;
			more_last = part;
			continue;
		}
		if (first < 0)
			first = part;
		else
			ps->re->nodes[last].next = part;
		last = part;
	}
	if (more >= 0) {
		part = node_new(ps, N_UPTO, min == 0, more);
		if (part < 0)
			return -1;
		if (first < 0)
			return part;
		ps->re->nodes[last].next = part;
	}
	return node_new(ps, N_CAT, 0, first);
}

/* Behind the '{'. */
static int parse_interval(struct parser *ps, int node)
{
	int min, max;

	min = max = parse_number(ps);
	if (*ps->p == ',') {
		ps->p++;
		max = parse_number(ps);
		if (min < 0)
			min = 0;
	} else if (min < 0) {
		return fail(ps, *ps->p ? REG_BADBR : REG_EBRACE);
	}
	if (!ps->extended && *ps->p == '\\')
		ps->p++;
	else if (!ps->extended)
		return fail(ps, *ps->p ? REG_BADBR : REG_EBRACE);
	if (*ps->p != '}')
		return fail(ps, *ps->p ? REG_BADBR : REG_EBRACE);
	ps->p++;
	if ((max >= 0 && min > max))
		return fail(ps, REG_BADBR);
	if (min > RE_DUP_MAX || max > RE_DUP_MAX)
		return fail(ps, REG_BADBR);
	return repeat(ps, node, min, max);
}

/* The operator at p: its character, or 0; a backslash is skipped with it. */
static int operator_at(const struct parser *ps, int *len)
{
	int c = ps->p[0];

	*len = 1;
	if (ps->extended)
		return c && strchr("()|*+?{", c) ? c : 0;
	if (c == '*')
		return c;
	*len = 2;
	return c == '\\' && ps->p[1] && strchr("(){|+?", ps->p[1]) ? ps->p[1]
								   : 0;
}

static int parse_alternatives(struct parser *ps, int depth);

static int parse_group(struct parser *ps, int depth)
{
	int number, node, len;

	if (depth >= RE_DEPTH_MAX / 2)
		return fail(ps, REG_ESPACE);
	number = ++ps->re->ngroups;
	node = parse_alternatives(ps, depth + 1);
	if (node < 0)
		return -1;
	if (operator_at(ps, &len) != ')')
		return fail(ps, REG_EPAREN);
	ps->p += len;
	if (number < 10)
		ps->closed |= 1 << number;
	return node_new(ps, N_GROUP, number, node);
}

/* start: nothing but ^ stands before it in this sequence. */
static int parse_atom(struct parser *ps, int depth, int empty, int start)
{
	re_set none = { 0 };
	int len, op = operator_at(ps, &len), c;

	if (op == '(') {
		ps->p += len;
		return parse_group(ps, depth);
	}
	if (op && start && op != ')') {
		if (ps->extended || op == '{')
			return fail(ps, REG_BADRPT);
		ps->p += len;
		return byte_node(ps, op);
	}
	c = *ps->p++;
	switch (c) {
	case '[':
		return parse_bracket(ps);
	case '.':
		return set_node(ps, none, 1);
	case '\\':
		return parse_escape(ps);
	case '^':
		if (ps->extended || empty)
			return assert_node(ps, A_BOL);
		break;
	case '$':
		op = operator_at(ps, &len);
		if (ps->extended || !*ps->p || op == ')' || op == '|')
			return assert_node(ps, A_EOL);
		break;
	}
	return byte_node(ps, c);
}

static int parse_sequence(struct parser *ps, int depth)
{
	int first = -1, last = -1, atom, op, len, start = 1;

	while (*ps->p) {
		op = operator_at(ps, &len);
		if (op == '|' || (op == ')' && depth))
			break;
		/* Of an extended one that pairs with none, POSIX says it is
		 * a byte as others. */
		if (op == ')' && !ps->extended)
			return fail(ps, REG_EPAREN);
		atom = parse_atom(ps, depth, first < 0, start);
		if (atom < 0)
			return -1;
		if (ps->extended || ps->re->nodes[atom].type != N_ASSERT ||
		    ps->re->nodes[atom].arg != A_BOL)
			start = 0;
		while (!start) {
			op = operator_at(ps, &len);
			if (!op || !strchr("*+?{", op))
				break;
			ps->p += len;
			if (op == '{')
				atom = parse_interval(ps, atom);
			else
				atom = repeat(ps, atom, op == '+',
					      op == '?' ? 1 : -1);
			if (atom < 0)
				return -1;
		}
		if (first < 0)
			first = atom;
		else
			ps->re->nodes[last].next = atom;
		last = atom;
	}
	if (first < 0)
		return node_new(ps, N_EMPTY, 0, -1);
	return first == last ? first : node_new(ps, N_CAT, 0, first);
}

static int parse_alternatives(struct parser *ps, int depth)
{
	int first, last, part, len;

	first = last = parse_sequence(ps, depth);
	if (first < 0)
		return -1;
	while (operator_at(ps, &len) == '|') {
		ps->p += len;
		part = parse_sequence(ps, depth);
		if (part < 0)
			return -1;
		ps->re->nodes[last].next = part;
		last = part;
	}
	return first == last ? first : node_new(ps, N_ALT, 0, first);
}

/* What a node's match may be long, and how much code it becomes. */
static int measure(struct re *re, int at)
{
	struct node *n = &re->nodes[at];
	int c, size = 0, fixed = -2, nullable;

	nullable = n->type == N_ALT ? 0 : 1;
	for (c = n->first; c >= 0; c = re->nodes[c].next) {
		struct node *child = &re->nodes[c];

		size += measure(re, c);
		if (n->type == N_ALT) {
			fixed = fixed == -2 || fixed == child->fixed
					? child->fixed
					: -1;
			nullable |= child->nullable;
		} else {
			if (fixed != -1)
				fixed = child->fixed < 0
						? -1
						: (fixed < 0 ? 0 : fixed) +
							  child->fixed;
			nullable &= child->nullable;
		}
		size += n->type == N_ALT ? 2 : n->type == N_UPTO;
	}
	switch (n->type) {
	case N_BYTE:
	case N_SET:
		fixed = 1;
		nullable = 0;
		size++;
		break;
	case N_EMPTY:
	case N_ASSERT:
		fixed = 0;
		size++;
		break;
	case N_BACKREF:
		fixed = -1;
		size++;
		break;
	case N_STAR:
	case N_OPT:
	case N_UPTO:
		nullable = 1;
		/* fall through */
	case N_PLUS:
		fixed = -1;
		break;
	}
	n->fixed = fixed;
	n->nullable = (unsigned char)nullable;
	return size + 4;
}

static int emit(struct re *re, int op, int x, int y)
{
	re->code[re->ncode] =
		(struct insn){ .op = (unsigned char)op, .x = x, .y = y };
	return re->ncode++;
}

static void generate(struct re *re, int at)
{
	struct node *n = &re->nodes[at];
	int c, split = -1, jumps = -1, i, slot = -1;

	n->lo = re->ncode;
	/* Only the backtracking matcher could read nothing for ever. */
	if ((n->type == N_STAR || n->type == N_PLUS) && re->backrefs &&
	    re->nodes[n->first].nullable)
		slot = re->nslots++;
	switch (n->type) {
	case N_BYTE:
		emit(re, I_BYTE, n->arg, 0);
		break;
	case N_SET:
		emit(re, I_SET, n->arg, 0);
		break;
	case N_ASSERT:
		emit(re, I_ASSERT, n->arg, 0);
		break;
	case N_BACKREF:
		emit(re, I_BACKREF, n->arg, 0);
		break;
	case N_GROUP:
		if (re->backrefs)
			emit(re, I_SAVE, 2 * n->arg, 0);
		generate(re, n->first);
		if (re->backrefs)
			emit(re, I_SAVE, 2 * n->arg + 1, 0);
		break;
	case N_CAT:
		for (c = n->first; c >= 0; c = re->nodes[c].next)
			generate(re, c);
		break;
	case N_ALT:
		for (c = n->first; c >= 0; c = re->nodes[c].next) {
			if (re->nodes[c].next < 0) {
				generate(re, c);
				break;
			}
			split = emit(re, I_SPLIT, re->ncode + 1, 0);
			generate(re, c);
			jumps = emit(re, I_JUMP, jumps, 0);
			re->code[split].y = re->ncode;
		}
		while (jumps >= 0) {
			i = re->code[jumps].x;
			re->code[jumps].x = re->ncode;
			jumps = i;
		}
		break;
	case N_STAR:
		split = emit(re, I_SPLIT, re->ncode + 1, 0);
		if (slot >= 0)
			emit(re, I_SAVE, slot, 0);
		generate(re, n->first);
		if (slot >= 0) {
			i = emit(re, I_CHECK, split, re->ncode + 1);
			re->code[i].slot = slot;
		} else {
			emit(re, I_JUMP, split, 0);
		}
		re->code[split].y = re->ncode;
		break;
	case N_PLUS:
		if (slot >= 0)
			emit(re, I_SAVE, slot, 0);
		generate(re, n->first);
		i = emit(re, slot >= 0 ? I_CHECK : I_SPLIT, n->lo,
			 re->ncode + 1);
		re->code[i].slot = slot;
		break;
	case N_OPT:
	case N_UPTO:
		/* The splits are chained by y until the end is known. */
		for (c = n->first; c >= 0; c = re->nodes[c].next) {
			split = emit(re, I_SPLIT, re->ncode + 1, split);
			generate(re, c);
		}
		while (split >= 0) {
			i = re->code[split].y;
			re->code[split].y = re->ncode;
			split = i;
		}
		break;
	}
	re->nodes[at].hi = re->ncode;
}

int regcomp(regex_t *restrict preg, const char *restrict pattern, int flags)
{
	struct parser ps = { .p = (const unsigned char *)pattern,
			     .extended = flags & REG_EXTENDED };
	struct re *re = calloc(1, sizeof(*re));
	int size;

	preg->__re = NULL;
	preg->re_nsub = 0;
	if (!re)
		return REG_ESPACE;
	ps.re = re;
	re->flags = flags;
	re->root = parse_alternatives(&ps, 0);
	if (re->root < 0)
		goto free_re;
	re->nslots = 2 * (re->ngroups + 1);
	size = measure(re, re->root);
	re->code = malloc(((size_t)size + 1) * sizeof(*re->code));
	if (!re->code)
		goto no_memory;
	generate(re, re->root);
	if (__re_prepare(re))
		goto no_memory;
	preg->__re = re;
	preg->re_nsub = (size_t)re->ngroups;
	return 0;

no_memory:
	ps.error = REG_ESPACE;
free_re:
	preg->__re = re;
	regfree(preg);
	return ps.error;
}

void regfree(regex_t *preg)
{
	struct re *re = preg->__re;

	if (!re)
		return;
	__re_forget(re);
	free(re->nodes);
	free(re->code);
	free(re->sets);
	free(re);
	preg->__re = NULL;
}

size_t regerror(int code, const regex_t *restrict preg, char *restrict buf,
		size_t size)
{
	static const char *const text[] = {
		[0] = "no error",
		[REG_NOMATCH] = "no match",
		[REG_BADPAT] = "invalid regular expression",
		[REG_ECOLLATE] = "unknown collating element",
		[REG_ECTYPE] = "unknown character class",
		[REG_EESCAPE] = "backslash at the end",
		[REG_ESUBREG] = "back-reference to no group",
		[REG_EBRACK] = "[ without ]",
		[REG_EPAREN] = "( and ) do not pair",
		[REG_EBRACE] = "{ without }",
		[REG_BADBR] = "invalid interval in { }",
		[REG_ERANGE] = "invalid end of a range",
		[REG_ESPACE] = "out of memory, or expression too large",
		[REG_BADRPT] = "nothing to repeat",
	};
	const char *s = "unknown error";

	if (code >= 0 && code < (int)(sizeof(text) / sizeof(*text)))
		s = text[code];
	return (size_t)snprintf(buf, size, "%s", s) + 1;
}
