/*
 * From tokens to a tree, one function for each level of precedence.  In the
 * list of print, > is no comparison, and in the head of for, in is no operator:
 * two flags say so, and parentheses reset them.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/awk/awk.h"

#define DEPTH_MAX 2000

struct name {
	char *text;
	int index;
	struct name *next;
};

#define NAMES 256

static struct name *names[NAMES];
static struct program prog;
static struct function *current; /* while its body is read */
static int no_gt, no_in, depth, loops;

static struct node *expression(void);
static struct node *ternary(void);
static struct node *concatenation(void);
static struct node *unary(void);
static struct node *primary(void);
static struct node *statement(void);

static unsigned int hash(const char *s, size_t len)
{
	unsigned int h = 0;

	while (len--)
		h = h * 31 + (unsigned char)*s++;
	return h % NAMES;
}

static struct name *global(const char *s, size_t len)
{
	struct name **head = &names[hash(s, len)], *n;

	for (n = *head; n; n = n->next)
		if (strlen(n->text) == len && !memcmp(n->text, s, len))
			return n;
	n = grow(NULL, sizeof(*n));
	n->text = grow(NULL, len + 1);
	memcpy(n->text, s, len);
	n->text[len] = 0;
	n->index = prog.nglobals++;
	n->next = *head;
	*head = n;
	return n;
}

/* The index of a variable, or -1: the program has none of that name. */
int global_named(const char *s, size_t len)
{
	struct name *n;

	for (n = names[hash(s, len)]; n; n = n->next)
		if (strlen(n->text) == len && !memcmp(n->text, s, len))
			return n->index;
	return -1;
}

static struct node *node(enum node_type type, struct node *a, struct node *b)
{
	struct node *n = grow(NULL, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->type = type;
	n->line = token_line;
	n->a = a;
	n->b = b;
	return n;
}

static void skip_newlines(void)
{
	while (token == T_NEWLINE)
		lex_next();
}

static void expect(int what, const char *message)
{
	if (token != what)
		syntax_error(message);
	lex_next();
}

static void enter(void)
{
	if (++depth > DEPTH_MAX)
		syntax_error("nested too deeply");
}

static int function_named(const char *s, size_t len)
{
	int i;

	for (i = 0; i < prog.nfunctions; i++)
		if (strlen(prog.functions[i].name) == len &&
		    !memcmp(prog.functions[i].name, s, len))
			return i;
	prog.functions = grow(prog.functions, ((size_t)prog.nfunctions + 1) *
						      sizeof(struct function));
	memset(&prog.functions[i], 0, sizeof(struct function));
	prog.functions[i].name = strndup(s, len);
	if (!prog.functions[i].name)
		err(2, NULL);
	prog.functions[i].line = token_line;
	return prog.nfunctions++;
}

static struct node *variable(void)
{
	struct node *n;
	int i;

	if (current)
		for (i = 0; i < current->nparams; i++)
			if (!strcmp(current->params[i], token_text->s)) {
				n = node(N_LOCAL, NULL, NULL);
				n->index = i;
				lex_next();
				return n;
			}
	n = node(N_VAR, NULL, NULL);
	n->index = global(token_text->s, token_text->len)->index;
	lex_next();
	return n;
}

static struct node *list(int end)
{
	struct node *first = NULL, **last = &first;

	while (token != end) {
		*last = expression();
		last = &(*last)->next;
		if (token != ',')
			break;
		lex_next();
		skip_newlines();
	}
	return first;
}

static int is_lvalue(const struct node *n)
{
	return !n->paren && (n->type == N_VAR || n->type == N_LOCAL ||
			     n->type == N_INDEX || n->type == N_FIELD);
}

static struct node *regex_node(void)
{
	struct node *n;

	lex_regex();
	n = node(N_REGEX, NULL, NULL);
	n->re = regex_new(token_text);
	n->v = string(str_get(token_text));
	lex_next();
	return n;
}

static struct node *builtin(void)
{
	struct node *n = node(N_BUILTIN, NULL, NULL), *a;
	int save_gt = no_gt, save_in = no_in, count = 0;
	int least, most;

	n->op = token;
	lex_next();
	if (token != '(' && n->op == T_LENGTH)
		return n;
	expect('(', "( is missing behind a function");
	no_gt = no_in = 0;
	n->a = list(')');
	no_gt = save_gt;
	no_in = save_in;
	skip_newlines();
	expect(')', ") is missing behind a function");
	for (a = n->a; a; a = a->next)
		count++;
	least = most = 1;
	switch (n->op) {
	case T_RAND:
		least = most = 0;
		break;
	case T_SRAND:
	case T_LENGTH:
	case T_FFLUSH:
		least = 0;
		break;
	case T_CLOSE:
	case T_ATAN2:
	case T_INDEX:
	case T_MATCH:
		most = 2;
		least = n->op == T_CLOSE ? 1 : 2;
		break;
	case T_GSUB:
	case T_SUB:
	case T_SPLIT:
	case T_SUBSTR:
		least = 2;
		most = 3;
		break;
	case T_SPRINTF:
		most = 1 << 30;
		break;
	}
	if (count < least || count > most)
		syntax_error("wrong number of arguments of a function");
	if ((n->op == T_SUB || n->op == T_GSUB) && count == 3 &&
	    !is_lvalue(n->a->next->next))
		syntax_error("sub and gsub want a variable to change");
	if (n->op == T_SPLIT && n->a->next->type != N_VAR &&
	    n->a->next->type != N_LOCAL)
		syntax_error("split wants an array");
	return n;
}

/* Behind getline: what is read into. */
static struct node *getline_target(void)
{
	struct node *n;

	if (token == '$') {
		lex_next();
		enter();
		n = node(N_FIELD, primary(), NULL);
		depth--;
		return n;
	}
	if (token != T_NAME)
		return NULL;
	n = variable();
	if (token == '[') {
		int save_in = no_in;

		lex_next();
		no_in = 0;
		n = node(N_INDEX, n, list(']'));
		no_in = save_in;
		expect(']', "] is missing");
	}
	return n;
}

static struct node *grouping(void)
{
	int save_gt = no_gt, save_in = no_in;
	struct node *n, *l;

	lex_next();
	no_gt = no_in = 0;
	skip_newlines();
	n = expression();
	skip_newlines();
	if (token == ',') {
		l = n;
		while (token == ',') {
			lex_next();
			skip_newlines();
			l->next = expression();
			l = l->next;
			skip_newlines();
		}
		n = node(N_LIST, n, NULL);
	} else {
		n->paren = 1; /* (x) = 1 is wrong */
	}
	no_gt = save_gt;
	no_in = save_in;
	expect(')', ") is missing");
	if (n->type == N_LIST && token == T_IN && !no_in) {
		lex_next();
		if (token != T_NAME)
			syntax_error("an array should follow in");
		return node(N_IN, n->a, variable());
	}
	return n;
}

static struct node *primary(void)
{
	struct node *n;
	int save_in;

	switch (token) {
	case T_NUMBER:
		n = node(N_NUMBER, NULL, NULL);
		n->v = number(token_number);
		lex_next();
		return n;
	case T_STRING:
		n = node(N_STRING, NULL, NULL);
		n->v = string(str_get(token_text));
		lex_next();
		return n;
	case '/':
	case T_DIV_ASSIGN:
		return regex_node();
	case '(':
		return grouping();
	case '$':
		lex_next();
		enter();
		if (token == T_INC || token == T_DEC) {
			n = node(N_PRE, NULL, NULL);
			n->op = token == T_INC ? 1 : -1;
			lex_next();
			n->a = primary();
			if (!is_lvalue(n->a))
				syntax_error("++ and -- want a variable");
		} else if (token == '-' || token == '+' || token == '!') {
			n = unary();
		} else {
			n = primary();
		}
		depth--;
		return node(N_FIELD, n, NULL);
	case T_GETLINE:
		n = node(N_GETLINE, NULL, NULL);
		lex_next();
		n->a = getline_target();
		if (token == '<') {
			lex_next();
			n->op = '<';
			enter();
			n->b = primary();
			depth--;
		}
		return n;
	case T_NAME:
		n = variable();
		if (token != '[')
			return n;
		lex_next();
		save_in = no_in;
		no_in = 0;
		n = node(N_INDEX, n, list(']'));
		no_in = save_in;
		if (!n->b)
			syntax_error("a subscript is missing");
		expect(']', "] is missing");
		return n;
	case T_FUNC_NAME: {
		int save_gt = no_gt;
		struct node *a;

		n = node(N_CALL, NULL, NULL);
		n->index = function_named(token_text->s, token_text->len);
		lex_next();
		lex_next();
		save_in = no_in;
		no_gt = no_in = 0;
		skip_newlines();
		n->a = list(')');
		skip_newlines();
		no_gt = save_gt;
		no_in = save_in;
		expect(')', ") is missing behind a function");
		for (a = n->a; a; a = a->next)
			n->op++;
		return n;
	}
	default:
		if (token >= T_ATAN2)
			return builtin();
		syntax_error(token == T_NEWLINE || token == T_EOF
				     ? "a line ends too early"
				     : "this is no value");
	}
}

static struct node *postfix(void)
{
	struct node *n = primary(), *p;

	if ((token != T_INC && token != T_DEC) || !is_lvalue(n))
		return n;
	p = node(N_POST, n, NULL);
	p->op = token == T_INC ? 1 : -1;
	lex_next();
	return p;
}

static struct node *power(void)
{
	struct node *n, *p;

	if (token == T_INC || token == T_DEC) {
		p = node(N_PRE, NULL, NULL);
		p->op = token == T_INC ? 1 : -1;
		lex_next();
		p->a = primary();
		if (!is_lvalue(p->a))
			syntax_error("++ and -- want a variable");
		n = p;
	} else {
		n = postfix();
	}
	if (token != '^')
		return n;
	lex_next();
	enter();
	/* From the right; the sign of an exponent belongs to it. */
	p = node(N_BINARY, n,
		 token == '-' || token == '+' || token == '!' ? unary()
							      : power());
	depth--;
	p->op = '^';
	return p;
}

static struct node *unary(void)
{
	struct node *n;
	int op = token;

	if (op != '!' && op != '-' && op != '+')
		return power();
	lex_next();
	enter();
	n = node(op == '!'   ? N_NOT
		 : op == '-' ? N_MINUS
			     : N_PLUS,
		 unary(), NULL);
	depth--;
	return n;
}

static struct node *product(void)
{
	struct node *n = unary();

	while (token == '*' || token == '/' || token == '%') {
		int op = token;

		lex_next();
		n = node(N_BINARY, n, unary());
		n->op = op;
	}
	return n;
}

static struct node *sum(void)
{
	struct node *n = product();

	while (token == '+' || token == '-') {
		int op = token;

		lex_next();
		n = node(N_BINARY, n, product());
		n->op = op;
	}
	return n;
}

static int begins_value(void)
{
	switch (token) {
	case T_NUMBER:
	case T_STRING:
	case T_NAME:
	case T_FUNC_NAME:
	case '$':
	case '!':
	case '(':
	case '-':
	case '+':
	case T_INC:
	case T_DEC:
		return 1;
	}
	return token >= T_ATAN2;
}

static struct node *concatenation(void)
{
	struct node *n = sum();

	while (begins_value())
		n = node(N_CONCAT, n, sum());
	return n;
}

/* "command" | getline, which binds as comparisons do. */
static struct node *piped(void)
{
	struct node *n = concatenation(), *g;

	/* Otherwise it is that of print. */
	while (token == '|' && lex_at_getline()) {
		lex_next();
		lex_next();
		g = node(N_GETLINE, getline_target(), n);
		g->op = '|';
		n = g;
	}
	return n;
}

static struct node *comparison(void)
{
	struct node *n = piped();
	int op = token;

	if (op == '<' || op == T_LE || op == T_EQ || op == T_NE || op == T_GE ||
	    (op == '>' && !no_gt)) {
		lex_next();
		n = node(N_COMPARE, n, piped());
		n->op = op;
	}
	return n;
}

static struct node *matching(void)
{
	struct node *n = comparison();

	while (token == '~' || token == T_NOMATCH) {
		int op = token == T_NOMATCH;

		lex_next();
		n = node(N_MATCH, n, comparison());
		n->op = op;
	}
	return n;
}

static struct node *membership(void)
{
	struct node *n = matching();

	while (token == T_IN && !no_in) {
		lex_next();
		if (token != T_NAME)
			syntax_error("an array should follow in");
		n = node(N_IN, n, variable());
	}
	return n;
}

static struct node * and (void)
{
	struct node *n = membership();

	while (token == T_AND) {
		lex_next();
		skip_newlines();
		n = node(N_AND, n, membership());
	}
	return n;
}

static struct node * or (void)
{
	struct node *n = and();

	while (token == T_OR) {
		lex_next();
		skip_newlines();
		n = node(N_OR, n, and());
	}
	return n;
}

static struct node *ternary(void)
{
	struct node *n = or ();

	if (token != '?')
		return n;
	lex_next();
	skip_newlines();
	enter();
	n = node(N_COND, n, ternary());
	skip_newlines();
	expect(':', ": is missing behind ?");
	skip_newlines();
	n->c = ternary();
	depth--;
	return n;
}

/*
 * Assignments are of the lowest precedence, but a variable may follow an
 * operator, as in 1 + x = 2 or !x = y: then the last operand is what is
 * assigned to.
 */
static struct node *assign_to_last(struct node *n, struct node *(*make)(void),
				   int op)
{
	struct node **last = &n, *a;

	while (!is_lvalue(*last)) {
		switch ((*last)->paren ? N_LIST : (*last)->type) {
		case N_PLUS:
		case N_NOT:
		case N_MINUS:
			last = &(*last)->a;
			break;
		case N_COND:
			last = &(*last)->c;
			break;
		case N_AND:
		case N_OR:
		case N_COMPARE:
		case N_MATCH:
		case N_CONCAT:
		case N_BINARY:
			last = &(*last)->b;
			break;
		default:
			syntax_error("only variables can be assigned");
		}
	}
	a = node(N_ASSIGN, *last, make());
	a->op = op;
	*last = a;
	return n;
}

static struct node *expression(void)
{
	static const struct {
		int token, op;
	} ops[] = {
		{ '=', 0 },
		{ T_ADD_ASSIGN, '+' },
		{ T_SUB_ASSIGN, '-' },
		{ T_MUL_ASSIGN, '*' },
		{ T_DIV_ASSIGN, '/' },
		{ T_MOD_ASSIGN, '%' },
		{ T_POW_ASSIGN, '^' },
	};
	struct node *n;
	size_t i;

	enter();
	n = ternary();
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (token == ops[i].token) {
			lex_next();
			skip_newlines();
			n = assign_to_last(n, expression, ops[i].op);
			break;
		}
	depth--;
	return n;
}

static struct node *print(void)
{
	struct node *n =
		node(token == T_PRINT ? N_PRINT : N_PRINTF, NULL, NULL);

	lex_next();
	no_gt = 1;
	if (token != T_NEWLINE && token != ';' && token != '}' &&
	    token != T_EOF && token != '>' && token != T_APPEND &&
	    token != '|') {
		n->a = expression();
		if (n->a->type == N_LIST && token != ',')
			n->a = n->a->a;
		else if (token == ',') {
			lex_next();
			skip_newlines();
			n->a->next = list(T_NEWLINE);
		}
	}
	if (token == '>' || token == T_APPEND || token == '|') {
		n->op = token;
		lex_next();
	}
	if (n->op)
		n->b = concatenation();
	no_gt = 0;
	if (n->type == N_PRINTF && !n->a)
		syntax_error("printf wants a format");
	return n;
}

static void end_statement(void)
{
	if (token == ';' || token == T_NEWLINE) {
		lex_next();
		skip_newlines();
	} else if (token != '}' && token != T_EOF) {
		syntax_error("something follows a statement");
	}
}

static struct node *simple(void)
{
	struct node *n, *v;
	int save_in = no_in;

	if (token == T_PRINT || token == T_PRINTF)
		return print();
	if (token == T_DELETE) {
		lex_next();
		if (token != T_NAME)
			syntax_error("delete wants an array");
		v = variable();
		n = node(N_DELETE, v, NULL);
		if (token == '[') {
			lex_next();
			no_in = 0;
			n->b = list(']');
			no_in = save_in;
			expect(']', "] is missing");
		}
		return n;
	}
	return node(N_EXPR, expression(), NULL);
}

static struct node *block(void)
{
	struct node *n = node(N_BLOCK, NULL, NULL), **last = &n->a;

	expect('{', "{ is missing");
	for (;;) {
		while (token == T_NEWLINE || token == ';')
			lex_next();
		if (token == '}')
			break;
		if (token == T_EOF)
			syntax_error("} is missing");
		*last = statement();
		last = &(*last)->next;
	}
	lex_next();
	return n;
}

/* What is run by if, while and so on. */
static struct node *body(void)
{
	skip_newlines();
	if (token == ';') {
		lex_next();
		return node(N_BLOCK, NULL, NULL);
	}
	return statement();
}

static struct node *condition(void)
{
	struct node *n;

	expect('(', "( is missing");
	skip_newlines();
	n = expression();
	skip_newlines();
	expect(')', ") is missing");
	return n;
}

static struct node *for_statement(void)
{
	struct node *n, *first = NULL;

	lex_next();
	expect('(', "( is missing behind for");
	if (token != ';') {
		no_in = 1;
		first = simple();
		no_in = 0;
	}
	if (token == T_IN && first && first->type == N_EXPR &&
	    is_lvalue(first->a)) {
		lex_next();
		if (token != T_NAME)
			syntax_error("an array should follow in");
		n = node(N_FORIN, first->a, variable());
		expect(')', ") is missing");
		loops++;
		n->c = body();
		loops--;
		return n;
	}
	if (token == T_IN && first && first->type == N_EXPR &&
	    first->a->type == N_LIST) {
		/* for ((i, j) in a; ...) is a condition, not a loop. */
		syntax_error("for wants a variable before in");
	}
	expect(';', "; is missing in for");
	skip_newlines();
	n = node(N_FOR, first, NULL);
	if (token != ';')
		n->b = expression();
	expect(';', "; is missing in for");
	skip_newlines();
	if (token != ')')
		n->c = simple();
	expect(')', ") is missing");
	loops++;
	n->d = body();
	loops--;
	return n;
}

static struct node *statement(void)
{
	struct node *n;

	enter();
	switch (token) {
	case '{':
		n = block();
		skip_newlines();
		depth--;
		return n;
	case T_IF:
		lex_next();
		n = node(N_IF, condition(), NULL);
		n->b = body();
		while (token == T_NEWLINE || token == ';') {
			/* Both may stand before else. */
			lex_next();
		}
		if (token == T_ELSE) {
			lex_next();
			n->c = body();
		}
		depth--;
		return n;
	case T_WHILE:
		lex_next();
		n = node(N_WHILE, condition(), NULL);
		loops++;
		n->b = body();
		loops--;
		depth--;
		return n;
	case T_FOR:
		n = for_statement();
		depth--;
		return n;
	case T_DO:
		lex_next();
		n = node(N_DO, NULL, NULL);
		loops++;
		n->b = body();
		loops--;
		while (token == T_NEWLINE || token == ';')
			lex_next();
		expect(T_WHILE, "while is missing behind do");
		n->a = condition();
		break;
	case T_BREAK:
	case T_CONTINUE:
		if (!loops)
			syntax_error("break and continue belong in loops");
		n = node(token == T_BREAK ? N_BREAK : N_CONTINUE, NULL, NULL);
		lex_next();
		break;
	case T_NEXT:
	case T_NEXTFILE:
		n = node(token == T_NEXT ? N_NEXT : N_NEXTFILE, NULL, NULL);
		lex_next();
		break;
	case T_EXIT:
	case T_RETURN:
		if (token == T_RETURN && !current)
			syntax_error("return belongs in functions");
		n = node(token == T_EXIT ? N_EXIT : N_RETURN, NULL, NULL);
		lex_next();
		if (token != ';' && token != T_NEWLINE && token != '}' &&
		    token != T_EOF)
			n->a = expression();
		break;
	default:
		n = simple();
	}
	end_statement();
	depth--;
	return n;
}

static void function(void)
{
	struct function *f;
	int i, n = 0;

	lex_next();
	if (token != T_NAME && token != T_FUNC_NAME)
		syntax_error("a function wants a name");
	i = function_named(token_text->s, token_text->len);
	if (prog.functions[i].defined)
		syntax_error("a function is there twice");
	prog.functions[i].defined = 1;
	lex_next();
	expect('(', "( is missing behind a function's name");
	while (token == T_NAME) {
		f = &prog.functions[i];
		f->params =
			grow(f->params, ((size_t)n + 1) * sizeof(*f->params));
		f->params[n] = strdup(token_text->s);
		if (!f->params[n++])
			err(2, NULL);
		lex_next();
		if (token != ',')
			break;
		lex_next();
		skip_newlines();
	}
	expect(')', ") is missing behind parameters");
	skip_newlines();
	prog.functions[i].nparams = n;
	/* The table may move while the body is read. */
	f = grow(NULL, sizeof(*f));
	*f = prog.functions[i];
	current = f;
	f->body = block();
	current = NULL;
	prog.functions[i].body = f->body;
	free(f);
}

static void add_rule(struct node *pattern, struct node *end)
{
	struct rule *r;

	prog.rules = grow(prog.rules, (prog.nrules + 1) * sizeof(*r));
	r = &prog.rules[prog.nrules++];
	memset(r, 0, sizeof(*r));
	r->pattern = pattern;
	r->end = end;
	if (token == '{')
		r->body = block();
	else if (!pattern)
		syntax_error("a pattern or { is missing");
}

struct program *parse(void)
{
	/* In the order of enum special. */
	static const char *const specials[] = {
		"NF",      "NR",      "FNR",     "FS",   "RS",       "OFS",
		"ORS",     "SUBSEP",  "CONVFMT", "OFMT", "FILENAME", "RSTART",
		"RLENGTH", "ENVIRON", "ARGC",    "ARGV",
	};
	struct node **begin = &prog.begin, **end = &prog.end, *pattern, *stop;
	int i;

	for (i = 0; i < V_SPECIALS; i++)
		global(specials[i], strlen(specials[i]));
	lex_next();
	for (;;) {
		while (token == T_NEWLINE || token == ';')
			lex_next();
		if (token == T_EOF)
			break;
		if (token == T_FUNCTION) {
			function();
		} else if (token == T_BEGIN) {
			lex_next();
			*begin = block();
			begin = &(*begin)->next;
		} else if (token == T_END) {
			lex_next();
			*end = block();
			end = &(*end)->next;
		} else if (token == '{') {
			add_rule(NULL, NULL);
		} else {
			pattern = expression();
			stop = NULL;
			if (token == ',') {
				lex_next();
				skip_newlines();
				stop = expression();
			}
			add_rule(pattern, stop);
		}
		if (token != T_NEWLINE && token != ';' && token != T_EOF &&
		    token != '{' && token != T_FUNCTION && token != T_BEGIN &&
		    token != T_END && !begins_value() && token != '/')
			syntax_error("something follows a rule");
	}
	for (i = 0; i < prog.nfunctions; i++)
		if (!prog.functions[i].defined)
			errx(2, "line %d of the program: no function %s",
			     prog.functions[i].line, prog.functions[i].name);
	return &prog;
}
