/*
 * One function for each rule of the grammar. They return NULL when the rule
 * cannot be met, after lex_error has said so; see lex.h for how the error
 * then ends the parse. Reserved words are recognised here, where the grammar
 * allows them, and only when no part of them is quoted.
 */
#include "user/bin/sh/parse.h"

#include <string.h>

#include "user/bin/sh/alias.h"
#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/expand.h"
#include "user/bin/sh/input.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/sh.h"

static struct node *parse_list(const char *want);
static struct node *parse_one(void);

static const char *const openers[] = {
	"!", "case", "for", "if", "until", "while", "{",
};

/* Words that end a list and begin nothing. */
static const char *const closers[] = {
	"do", "done", "elif", "else", "esac", "fi", "then", "}",
};

static bool in_table(const char *word, const char *const *table, size_t n)
{
	while (n--)
		if (strcmp(word, table[n]) == 0)
			return true;
	return false;
}

static bool is_closer(const char *word)
{
	/* Most words start with none of these letters. */
	if (!strchr("det}f", word[0]))
		return false;
	return in_table(word, closers, sizeof(closers) / sizeof(*closers));
}

bool parse_is_reserved(const char *word)
{
	return is_closer(word) || strcmp(word, "in") == 0 ||
	       in_table(word, openers, sizeof(openers) / sizeof(*openers));
}

static bool at_word(const char *text)
{
	const char *word = lex_literal();

	return word && strcmp(word, text) == 0;
}

static bool want_word(const char *text)
{
	if (!at_word(text)) {
		lex_unexpected(text);
		return false;
	}
	lex_skip();
	return true;
}

static void skip_newlines(void)
{
	while (lex_peek() == TOK_NEWLINE)
		lex_skip();
}

static struct node *node_new(enum node_type type)
{
	struct node *n = arena_alloc(&cmd_arena, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->type = (unsigned char)type;
	n->line = lex.line;
	return n;
}

static struct word *word_take(void)
{
	struct word *w = arena_alloc(&cmd_arena, sizeof(*w));

	w->next = NULL;
	w->parts = lex.word;
	lex_skip();
	return w;
}

/* Replaces an alias in command position by its text. */
static void expand_alias(void)
{
	const char *word;
	struct alias *al;

	while ((word = lex_literal()) && !parse_is_reserved(word) &&
	       (al = alias_find(word))) {
		lex_skip();
		input_push_alias(al);
	}
}

/* What the word says without its quotes; sets *quoted if it had any. */
static const char *unquoted_text(const struct part *p, bool *quoted)
{
	struct strbuf sb = { 0 };

	for (; p; p = p->next) {
		if (p->quoted)
			*quoted = true;
		sb_puts(&sb, p->text);
	}
	return sb_str(&sb);
}

static bool parse_redir(struct redir ***tail)
{
	struct redir *r = lex.redir;

	lex_skip();
	lex.raw = r->type == REDIR_HERE;
	if (lex_peek() != TOK_WORD) {
		lex_unexpected(NULL);
		return false;
	}
	lex.raw = false;
	if (r->type == REDIR_HERE) {
		r->delim = unquoted_text(lex.word, &r->quoted);
		lex_want_here(r);
	} else {
		r->target = lex.word;
	}
	lex_skip();
	**tail = r;
	*tail = &r->next;
	return true;
}

static bool is_assignment(const struct part *p)
{
	int n;

	if (!p || p->type != PART_TEXT || p->quoted)
		return false;
	n = name_len(p->text);
	return n && p->text[n] == '=';
}

static struct node *parse_function(const struct part *name)
{
	struct node *n = node_new(NODE_FUNC);

	lex_skip();
	if (lex_peek() != TOK_RPAREN) {
		lex_unexpected(")");
		return NULL;
	}
	lex_skip();
	if (name->next || name->type != PART_TEXT || name->quoted ||
	    strchr(name->text, '=') || builtin_is_special(name->text)) {
		lex_error("Bad function name");
		return NULL;
	}
	n->name = name->text;
	skip_newlines();
	if (!lex_enter())
		return NULL;
	n->body = parse_one();
	lex_leave();
	return n->body ? n : NULL;
}

static struct node *parse_simple(void)
{
	struct node *n = node_new(NODE_CMD);
	struct word **words = &n->words, **assigns = &n->assigns;
	struct redir **redirs = &n->redirs;
	enum token t;

	for (;;) {
		t = lex_peek();
		if (t == TOK_REDIR) {
			if (!parse_redir(&redirs))
				return NULL;
			continue;
		}
		if (t == TOK_LPAREN && n->words && !n->words->next &&
		    !n->assigns && !n->redirs)
			return parse_function(n->words->parts);
		if (t != TOK_WORD)
			break;
		if (!n->words || lex.after_alias) {
			expand_alias();
			if (lex_peek() != TOK_WORD)
				continue;
		}
		if (!n->words && is_assignment(lex.word)) {
			*assigns = word_take();
			assigns = &(*assigns)->next;
		} else {
			*words = word_take();
			words = &(*words)->next;
		}
	}
	if (!n->words && !n->assigns && !n->redirs) {
		lex_unexpected(NULL);
		return NULL;
	}
	return lex.failed ? NULL : n;
}

/* if, and the same from elif on: the last "other" decides. */
static struct node *parse_if(void)
{
	struct node *first = node_new(NODE_IF);
	struct node *n = first;

	for (;;) {
		lex_skip();
		n->cond = parse_list("then");
		if (!n->cond || !want_word("then"))
			return NULL;
		n->body = parse_list("fi");
		if (!n->body)
			return NULL;
		if (!at_word("elif"))
			break;
		n->other = node_new(NODE_IF);
		n = n->other;
	}
	if (at_word("else")) {
		lex_skip();
		n->other = parse_list("fi");
		if (!n->other)
			return NULL;
	}
	return want_word("fi") ? first : NULL;
}

static struct node *parse_do(void)
{
	struct node *body;

	if (!want_word("do"))
		return NULL;
	body = parse_list("done");
	if (!body || !want_word("done"))
		return NULL;
	return body;
}

static struct node *parse_while(enum node_type type)
{
	struct node *n = node_new(type);

	lex_skip();
	n->cond = parse_list("do");
	if (!n->cond)
		return NULL;
	n->body = parse_do();
	return n->body ? n : NULL;
}

static struct node *parse_for(void)
{
	struct node *n = node_new(NODE_FOR);
	struct word **tail = &n->words;
	const char *name;

	lex_skip();
	name = lex_literal();
	if (!name || !name_len(name) || name[name_len(name)]) {
		lex_error("Bad for loop variable");
		return NULL;
	}
	n->name = name;
	lex_skip();
	skip_newlines();
	if (at_word("in")) {
		n->has_in = true;
		lex_skip();
		while (lex_peek() == TOK_WORD) {
			*tail = word_take();
			tail = &(*tail)->next;
		}
		if (lex_peek() != TOK_SEMI && lex_peek() != TOK_NEWLINE) {
			lex_unexpected(NULL);
			return NULL;
		}
		lex_skip();
	} else if (lex_peek() == TOK_SEMI) {
		lex_skip();
	}
	skip_newlines();
	n->body = parse_do();
	return n->body ? n : NULL;
}

static struct case_item *parse_case_item(void)
{
	struct case_item *it = arena_alloc(&cmd_arena, sizeof(*it));
	struct word **tail = &it->patterns;

	memset(it, 0, sizeof(*it));
	if (lex_peek() == TOK_LPAREN)
		lex_skip();
	for (;;) {
		if (lex_peek() != TOK_WORD) {
			lex_unexpected(lex_peek() == TOK_EOF ? ")" : NULL);
			return NULL;
		}
		*tail = word_take();
		tail = &(*tail)->next;
		if (lex_peek() != TOK_PIPE)
			break;
		lex_skip();
	}
	if (lex_peek() != TOK_RPAREN) {
		lex_unexpected(")");
		return NULL;
	}
	lex_skip();
	skip_newlines();
	if (lex_peek() != TOK_DSEMI && lex_peek() != TOK_SEMI_AND &&
	    !at_word("esac")) {
		it->body = parse_list(";;");
		if (!it->body)
			return NULL;
	}
	return it;
}

static struct node *parse_case(void)
{
	struct node *n = node_new(NODE_CASE);
	struct case_item **tail = &n->items;

	lex_skip();
	if (lex_peek() != TOK_WORD) {
		lex_unexpected(NULL);
		return NULL;
	}
	n->words = word_take();
	skip_newlines();
	if (!want_word("in"))
		return NULL;
	skip_newlines();
	while (!at_word("esac")) {
		*tail = parse_case_item();
		if (!*tail)
			return NULL;
		if (lex_peek() == TOK_DSEMI || lex_peek() == TOK_SEMI_AND) {
			(*tail)->fall = lex_peek() == TOK_SEMI_AND;
			lex_skip();
			skip_newlines();
		} else if (!at_word("esac")) {
			lex_unexpected(";;");
			return NULL;
		}
		tail = &(*tail)->next;
	}
	lex_skip();
	return n;
}

static struct node *parse_group(void)
{
	struct node *n = node_new(NODE_GROUP);

	lex_skip();
	n->body = parse_list("}");
	return n->body && want_word("}") ? n : NULL;
}

static struct node *parse_subshell(void)
{
	struct node *n = node_new(NODE_SUBSHELL);

	lex_skip();
	n->body = parse_list(")");
	if (!n->body)
		return NULL;
	if (lex_peek() != TOK_RPAREN) {
		lex_unexpected(")");
		return NULL;
	}
	lex_skip();
	return n;
}

static struct node *parse_compound(const char *word)
{
	if (!word)
		return parse_subshell();
	switch (word[0]) {
	case 'i':
		return parse_if();
	case 'w':
		return parse_while(NODE_WHILE);
	case 'u':
		return parse_while(NODE_UNTIL);
	case 'f':
		return parse_for();
	case 'c':
		return parse_case();
	}
	return parse_group();
}

static struct node *parse_one(void)
{
	const char *word = NULL;
	struct redir **tail;
	struct node *n;

	if (lex_peek() == TOK_WORD) {
		expand_alias();
		word = lex_literal();
		if (word && is_closer(word)) {
			lex_unexpected(NULL);
			return NULL;
		}
		if (!word || word[0] == '!' ||
		    !in_table(word, openers,
			      sizeof(openers) / sizeof(*openers)))
			return parse_simple();
	}
	if (lex_peek() != TOK_WORD && lex_peek() != TOK_LPAREN)
		return parse_simple();
	n = parse_compound(word);
	if (!n)
		return NULL;
	tail = &n->redirs;
	while (lex_peek() == TOK_REDIR)
		if (!parse_redir(&tail))
			return NULL;
	return n;
}

static struct node *not_node(struct node *body)
{
	struct node *n = node_new(NODE_NOT);

	n->line = body->line;
	n->body = body;
	return n;
}

static struct node *parse_pipeline(void)
{
	struct node *n, *list, **tail;
	bool negate = false, any = false;

	if (!lex_enter())
		return NULL;
	expand_alias();
	while (at_word("!")) {
		lex_skip();
		negate = !negate;
		any = true;
	}
	n = parse_one();
	if (n && lex_peek() == TOK_PIPE) {
		list = n;
		tail = &list->next;
		n = node_new(NODE_PIPE);
		n->line = list->line;
		n->body = list;
		while (lex_peek() == TOK_PIPE) {
			lex_skip();
			skip_newlines();
			*tail = parse_one();
			if (!*tail) {
				n = NULL;
				break;
			}
			tail = &(*tail)->next;
		}
	}
	lex_leave();
	/* ! twice is not nothing: the status becomes 0 or 1. */
	if (n && any && !negate)
		n = not_node(n);
	if (n && any)
		n = not_node(n);
	return n;
}

static struct node *parse_andor(void)
{
	struct node *n = parse_pipeline();
	struct node *list, **tail;
	bool or_else;

	if (!n || (lex_peek() != TOK_AND_IF && lex_peek() != TOK_OR_IF))
		return n;
	list = n;
	tail = &list->next;
	n = node_new(NODE_ANDOR);
	n->body = list;
	while (lex_peek() == TOK_AND_IF || lex_peek() == TOK_OR_IF) {
		or_else = lex_peek() == TOK_OR_IF;
		lex_skip();
		skip_newlines();
		*tail = parse_pipeline();
		if (!*tail)
			return NULL;
		(*tail)->or_else = or_else;
		tail = &(*tail)->next;
	}
	return n;
}

static bool at_list_end(void)
{
	const char *word;

	expand_alias();
	switch (lex_peek()) {
	case TOK_EOF:
	case TOK_RPAREN:
	case TOK_DSEMI:
	case TOK_SEMI_AND:
		return true;
	case TOK_WORD:
		word = lex_literal();
		return word && is_closer(word);
	default:
		return false;
	}
}

/* A list of one command is that command. */
static struct node *list_node(struct node *head)
{
	struct node *n;

	if (!head->next && !head->background)
		return head;
	n = node_new(NODE_LIST);
	n->line = head->line;
	n->body = head;
	return n;
}

/*
 * What stands inside a construct: commands over any number of lines. want is
 * what the construct goes on with.
 */
static struct node *parse_list(const char *want)
{
	struct node *head = NULL, **tail = &head;
	struct node *n;
	enum token t;

	skip_newlines();
	while (!at_list_end()) {
		n = parse_andor();
		if (!n)
			return NULL;
		*tail = n;
		tail = &n->next;
		t = lex_peek();
		if (t != TOK_SEMI && t != TOK_AMP && t != TOK_NEWLINE)
			break;
		n->background = t == TOK_AMP;
		lex_skip();
		skip_newlines();
	}
	if (!head) {
		lex_unexpected(lex_peek() == TOK_EOF ? want : NULL);
		return NULL;
	}
	return lex.failed ? NULL : list_node(head);
}

struct node *parse_inner(enum token end)
{
	struct node *n = NULL;

	skip_newlines();
	if (lex_peek() != end)
		n = parse_list(end == TOK_RPAREN ? ")" : NULL);
	if (lex.failed)
		return NULL;
	if (lex_peek() != end) {
		lex_unexpected(end == TOK_RPAREN ? ")" : NULL);
		return NULL;
	}
	lex_skip();
	return n;
}

enum parse_result parse_command(struct node **out)
{
	struct node *head = NULL, **tail = &head;
	struct node *n;
	enum token t;

	memset(&lex, 0, sizeof(lex));
	lex.here_tail = &lex.here;
	*out = NULL;
	input_more = false;
	t = lex_peek();
	if (t == TOK_NEWLINE)
		return PARSE_OK;
	if (t == TOK_EOF)
		return lex.failed ? PARSE_ERROR : PARSE_END;
	do {
		n = parse_andor();
		if (!n)
			return PARSE_ERROR;
		*tail = n;
		tail = &n->next;
		t = lex_peek();
		if (t != TOK_SEMI && t != TOK_AMP)
			break;
		n->background = t == TOK_AMP;
		lex_skip();
		t = lex_peek();
	} while (t != TOK_NEWLINE && t != TOK_EOF);
	if (t != TOK_NEWLINE && t != TOK_EOF) {
		lex_unexpected(NULL);
		return PARSE_ERROR;
	}
	if (lex.failed)
		return PARSE_ERROR;
	*out = list_node(head);
	return PARSE_OK;
}
