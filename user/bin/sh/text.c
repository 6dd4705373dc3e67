/*
 * Walks a tree and writes shell source. See text.h.
 */
#include "user/bin/sh/text.h"

#include <string.h>

#include "user/bin/sh/ast.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"

static void put_list(struct strbuf *sb, const struct node *n);

/* $x needs no braces: no operator, and nothing behind it that joins on. */
static bool stands_alone(const struct part *p)
{
	const struct part *next = p->next;

	if (p->op != OP_NONE || (is_digit(p->text[0]) && p->text[1]))
		return false;
	return !next || next->type != PART_TEXT || !is_name(next->text[0]);
}

static void put_parts(struct strbuf *sb, const struct part *p)
{
	static const char *const ops[] = {
		"",   "",  "-",  "=", "?", "+",  "#",
		"##", "%", "%%", ":", "/", "//", "",
	};

	for (; p; p = p->next) {
		if (p->quoted && p->type == PART_TEXT) {
			sb_putc(sb, '"');
			sb_puts(sb, p->text);
			sb_putc(sb, '"');
			continue;
		}
		if (p->quoted)
			sb_putc(sb, '"');
		switch (p->type) {
		case PART_TEXT:
			sb_puts(sb, p->text);
			break;
		case PART_PARAM:
			if (stands_alone(p)) {
				sb_putc(sb, '$');
				sb_puts(sb, p->text);
				break;
			}
			sb_puts(sb, p->op == OP_LEN ? "${#" : "${");
			sb_puts(sb, p->text);
			if (p->colon && p->op <= OP_PLUS)
				sb_putc(sb, ':');
			sb_puts(sb, ops[p->op]);
			put_parts(sb, p->word);
			/* There are two, of a slice or a replacement. */
			if (p->colon && p->op > OP_PLUS) {
				sb_putc(sb, p->op == OP_SLICE ? ':' : '/');
				put_parts(sb, p->word2);
			}
			sb_putc(sb, '}');
			break;
		case PART_CMD:
			sb_puts(sb, "$(");
			put_list(sb, p->cmd);
			sb_putc(sb, ')');
			break;
		case PART_ARITH:
			sb_puts(sb, "$((");
			put_parts(sb, p->word);
			sb_puts(sb, "))");
			break;
		}
		if (p->quoted)
			sb_putc(sb, '"');
	}
}

static void put_words(struct strbuf *sb, const struct word *w)
{
	for (; w; w = w->next) {
		if (sb->len && sb->p[sb->len - 1] != ' ')
			sb_putc(sb, ' ');
		put_parts(sb, w->parts);
	}
}

static void put_redirs(struct strbuf *sb, const struct redir *r)
{
	static const char *const signs[] = {
		"<", ">", ">|", ">>", "<>", ">&", "<<",
	};
	const char *sign;

	for (; r; r = r->next) {
		sb_putc(sb, ' ');
		sign = signs[r->type];
		if (r->type == REDIR_DUP && r->fd == 0)
			sign = "<&";
		if (r->fd != (sign[0] == '>'))
			sb_putnum(sb, r->fd);
		sb_puts(sb, sign);
		if (r->type == REDIR_HERE)
			sb_puts(sb, r->delim);
		else
			put_parts(sb, r->target);
	}
}

static void put_node(struct strbuf *sb, const struct node *n)
{
	const struct node *c;

	switch (n->type) {
	case NODE_CMD:
		put_words(sb, n->assigns);
		put_words(sb, n->words);
		break;
	case NODE_LIST:
		put_list(sb, n->body);
		break;
	case NODE_ANDOR:
	case NODE_PIPE:
		for (c = n->body; c; c = c->next) {
			if (c != n->body)
				sb_puts(sb, n->type == NODE_PIPE ? " | "
					    : c->or_else         ? " || "
								 : " && ");
			put_node(sb, c);
		}
		break;
	case NODE_NOT:
		sb_puts(sb, "! ");
		put_node(sb, n->body);
		break;
	case NODE_SUBSHELL:
		sb_putc(sb, '(');
		put_list(sb, n->body);
		sb_putc(sb, ')');
		break;
	case NODE_GROUP:
		sb_puts(sb, "{ ");
		put_list(sb, n->body);
		sb_puts(sb, "; }");
		break;
	case NODE_IF:
		sb_puts(sb, "if ");
		put_list(sb, n->cond);
		sb_puts(sb, "; then ");
		put_list(sb, n->body);
		if (n->other) {
			sb_puts(sb, "; else ");
			put_list(sb, n->other);
		}
		sb_puts(sb, "; fi");
		break;
	case NODE_WHILE:
	case NODE_UNTIL:
		sb_puts(sb, n->type == NODE_WHILE ? "while " : "until ");
		put_list(sb, n->cond);
		sb_puts(sb, "; do ");
		put_list(sb, n->body);
		sb_puts(sb, "; done");
		break;
	case NODE_FOR:
		sb_puts(sb, "for ");
		sb_puts(sb, n->name);
		if (n->has_in)
			sb_puts(sb, " in ");
		put_words(sb, n->words);
		sb_puts(sb, "; do ");
		put_list(sb, n->body);
		sb_puts(sb, "; done");
		break;
	case NODE_CASE:
		sb_puts(sb, "case ");
		put_words(sb, n->words);
		sb_puts(sb, " in ... esac");
		break;
	case NODE_FUNC:
		sb_puts(sb, n->name);
		sb_puts(sb, "() { ... }");
		break;
	}
	put_redirs(sb, n->redirs);
}

static void put_list(struct strbuf *sb, const struct node *n)
{
	for (; n; n = n->next) {
		put_node(sb, n);
		if (n->next)
			sb_puts(sb, n->background ? " & " : "; ");
	}
}

char *text_of_node(const struct node *n)
{
	struct arena_mark m = arena_mark(&cmd_arena);
	struct strbuf sb = { 0 };
	char *s;

	put_node(&sb, n);
	s = mem_dup(sb_str(&sb));
	arena_release(&cmd_arena, m);
	return s;
}
