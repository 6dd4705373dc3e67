/*
 * From characters to tokens and word parts. The nested constructs are read
 * by recursion: $( ) calls the parser, which calls back here, so nothing has
 * to guess where one ends. See lex.h.
 */
#include "user/bin/sh/lex.h"

#include <stdlib.h>
#include <string.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/input.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/parse.h"
#include "user/bin/sh/sh.h"

#define NEST_MAX 400

struct lexer lex;

/* A word being put together. */
struct builder {
	struct part *head, **tail;
	struct strbuf text; /* the piece of text at the end, */
	bool have;          /* if there is one, */
	bool quoted;        /* and whether it is quoted */
};

/* What ends the text that read_quoted reads. */
enum quote_end {
	END_DQUOTE, /* " */
	END_BRACE,  /* } of "${...}" */
	END_ARITH,  /* )) */
	END_INPUT,  /* a here-document */
};

static void read_brace_word(struct builder *b, const char *stops);

void lex_error(const char *text)
{
	if (lex.failed)
		return;
	lex.failed = true;
	lex.tok = TOK_EOF;
	lex.have = true;
	/* ^C ends the input as well; that is no error. */
	if (sh.skip)
		return;
	sh.line = input_line();
	err_print("Syntax error: %s", text);
}

bool lex_enter(void)
{
	if (++lex.depth > NEST_MAX) {
		lex_error("nested too deeply");
		return false;
	}
	return true;
}

void lex_leave(void)
{
	lex.depth--;
}

/* The next character with backslash-newline pairs taken out. */
static int get(void)
{
	int c;

	while ((c = input_getc()) == '\\') {
		c = input_getc();
		if (c != '\n') {
			input_ungetc(c);
			return '\\';
		}
	}
	return c;
}

static void builder_init(struct builder *b)
{
	memset(b, 0, sizeof(*b));
	b->tail = &b->head;
}

static struct part *add_part(struct builder *b, enum part_type type,
			     bool quoted)
{
	struct part *p = arena_alloc(&cmd_arena, sizeof(*p));

	memset(p, 0, sizeof(*p));
	p->type = (unsigned char)type;
	p->quoted = quoted;
	*b->tail = p;
	b->tail = &p->next;
	return p;
}

static void end_text(struct builder *b)
{
	struct part *p;

	if (!b->have)
		return;
	b->have = false;
	p = add_part(b, PART_TEXT, b->quoted);
	p->text = arena_dup(&cmd_arena, sb_str(&b->text), b->text.len);
	b->text.len = 0;
}

static void begin_text(struct builder *b, bool quoted)
{
	if (b->have && b->quoted != quoted)
		end_text(b);
	b->have = true;
	b->quoted = quoted;
}

static void add_char(struct builder *b, int c, bool quoted)
{
	begin_text(b, quoted);
	sb_putc(&b->text, c);
}

static struct part *finish(struct builder *b)
{
	end_text(b);
	return b->head;
}

/* Parses what input is on top, up to ")" or its end. */
static struct node *read_commands(enum token end)
{
	struct lexer saved = lex;
	struct redir *r, *next;
	struct node *n;

	lex.have = false;
	lex.here = NULL;
	lex.here_tail = &lex.here;
	n = parse_inner(end);
	saved.failed = lex.failed;
	r = lex.here;
	lex = saved;
	/* A here-document may begin inside and have its text outside. */
	for (; r; r = next) {
		next = r->next_here;
		lex_want_here(r);
	}
	if (lex.failed) {
		lex.tok = TOK_EOF;
		lex.have = true;
	}
	return n;
}

static void read_backquote(struct builder *b, bool quoted, bool dquote)
{
	struct strbuf sb = { 0 };
	int line = input_line();
	struct input in;
	struct part *p;
	int c;

	if (lex.raw) {
		add_char(b, '`', quoted);
		return;
	}
	end_text(b);
	while ((c = input_getc()) != '`') {
		if (c == INPUT_EOF) {
			lex_error("EOF in backquote substitution");
			return;
		}
		if (c == '\\') {
			c = input_getc();
			if (c == '\n')
				continue;
			if (c == INPUT_EOF) {
				sb_putc(&sb, '\\');
				continue;
			}
			if (c != '$' && c != '`' && c != '\\' &&
			    !(dquote && c == '"'))
				sb_putc(&sb, '\\');
		}
		sb_putc(&sb, c);
	}
	if (!lex_enter())
		return;
	p = add_part(b, PART_CMD, quoted);
	input_push_string(&in, sb_str(&sb), sb.len, line);
	p->cmd = read_commands(TOK_EOF);
	input_pop_to(&in);
	input_pop();
	lex_leave();
}

static void read_dollar(struct builder *b, bool quoted);

/*
 * Text in which only $ ` and \ are special. Inside "${x-...}" and $((...))
 * double quotes only come and go: everything is quoted already.
 */
static void read_quoted(struct builder *b, enum quote_end end,
			const char *stops)
{
	int parens = 0;
	int c;

	while (!lex.failed) {
		c = get();
		switch (c) {
		case INPUT_EOF:
			if (end == END_ARITH)
				lex_error("Missing '))'");
			else if (end == END_BRACE)
				lex_error("Missing '}'");
			else if (end == END_DQUOTE)
				lex_error("Unterminated quoted string");
			return;
		case '\\':
			c = input_getc();
			if (c == INPUT_EOF) {
				add_char(b, '\\', true);
				break;
			}
			if (c != '$' && c != '`' && c != '\\' &&
			    !(c == '"' && end != END_INPUT) &&
			    !(c == '}' && end == END_BRACE))
				add_char(b, '\\', true);
			add_char(b, c, true);
			break;
		case '$':
			read_dollar(b, true);
			break;
		case '`':
			read_backquote(b, true, end != END_INPUT);
			break;
		case '"':
			if (end == END_DQUOTE)
				return;
			if (end == END_INPUT)
				add_char(b, c, true);
			break;
		case '}':
			if (end == END_BRACE) {
				input_ungetc(c);
				return;
			}
			add_char(b, c, true);
			break;
		case '(':
			parens++;
			add_char(b, c, true);
			break;
		case ')':
			if (end == END_ARITH && parens == 0) {
				c = get();
				if (c == ')')
					return;
				input_ungetc(c);
				add_char(b, ')', true);
				break;
			}
			parens--;
			add_char(b, c, true);
			break;
		default:
			if (stops && strchr(stops, c)) {
				input_ungetc(c);
				return;
			}
			add_char(b, c, true);
		}
	}
}

static void read_squote(struct builder *b)
{
	int c;

	begin_text(b, true);
	while ((c = input_getc()) != '\'') {
		if (c == INPUT_EOF) {
			lex_error("Unterminated quoted string");
			return;
		}
		sb_putc(&b->text, c);
	}
}

/* $'...': escapes as in C. */
static void read_dollar_squote(struct builder *b)
{
	int c, i, n;

	begin_text(b, true);
	while ((c = input_getc()) != '\'') {
		if (c == INPUT_EOF) {
			lex_error("Unterminated quoted string");
			return;
		}
		if (c == '\\') {
			c = input_getc();
			if (c >= '0' && c <= '7') {
				n = 0;
				for (i = 0; i < 3 && c >= '0' && c <= '7';
				     i++) {
					n = n * 8 + c - '0';
					c = input_getc();
				}
				input_ungetc(c);
				c = n & 255;
			} else if (c == 'x') {
				n = 0;
				for (i = 0; i < 2; i++) {
					c = input_getc();
					if (hex_value(c) < 0)
						break;
					n = n * 16 + hex_value(c);
				}
				if (i < 2)
					input_ungetc(c);
				if (i == 0) {
					sb_putc(&b->text, '\\');
					n = 'x';
				}
				c = n;
			} else if (c == 'c') {
				c = input_getc() & 31;
			} else if (c != INPUT_EOF) {
				i = escape_value(c);
				if (i < 0)
					sb_putc(&b->text, '\\');
				else
					c = i;
			}
			if (c == INPUT_EOF || c == 0)
				continue;
		}
		sb_putc(&b->text, c);
	}
}

static void read_dquote(struct builder *b)
{
	struct part **tail;

	end_text(b);
	tail = b->tail;
	read_quoted(b, END_DQUOTE, NULL);
	/* "" alone is still a word. */
	if (!b->have && b->tail == tail)
		begin_text(b, true);
}

/* The name after "$" or "${" that starts with c; NULL if there is none. */
static const char *read_name(int c, bool braces)
{
	struct strbuf sb = { 0 };

	if (is_name_start(c)) {
		do {
			sb_putc(&sb, c);
			c = get();
		} while (is_name(c));
		input_ungetc(c);
	} else if (is_digit(c)) {
		do {
			sb_putc(&sb, c);
			c = braces ? get() : INPUT_EOF;
		} while (is_digit(c));
		input_ungetc(c);
	} else if (c > 0 && strchr("@*#?-$!", c)) {
		sb_putc(&sb, c);
	} else {
		input_ungetc(c);
		return NULL;
	}
	return sb_str(&sb);
}

static enum param_op read_op(struct part *p)
{
	int c = get();
	int d;

	switch (c) {
	case ':':
		d = get();
		if (d > 0 && strchr("-=?+", d)) {
			p->colon = true;
			c = d;
			break;
		}
		input_ungetc(d);
		return OP_SLICE;
	case '#':
	case '%':
		d = get();
		if (d == c)
			return c == '#' ? OP_PREFIX_LONG : OP_SUFFIX_LONG;
		input_ungetc(d);
		return c == '#' ? OP_PREFIX : OP_SUFFIX;
	case '/':
		d = get();
		if (d == '/')
			return OP_SUBST_ALL;
		input_ungetc(d);
		return OP_SUBST;
	}
	switch (c) {
	case '-':
		return OP_MINUS;
	case '=':
		return OP_ASSIGN;
	case '?':
		return OP_QUESTION;
	case '+':
		return OP_PLUS;
	}
	input_ungetc(c);
	return OP_BAD;
}

/* The operand of ${name op operand}; the closing } is left in the input. */
static struct part *read_operand(struct part *p, const char *stops)
{
	struct builder b;
	int c;

	builder_init(&b);
	if (stops && *stops == '/') {
		/* ${x//y}, ${x///y}: a slash that comes first is pattern. */
		c = get();
		if (c == '/')
			add_char(&b, c, false);
		else
			input_ungetc(c);
	}
	if (p->quoted &&
	    (p->op == OP_MINUS || p->op == OP_ASSIGN || p->op == OP_QUESTION ||
	     p->op == OP_PLUS || p->op == OP_SLICE))
		read_quoted(&b, END_BRACE, stops);
	else
		read_brace_word(&b, stops);
	return finish(&b);
}

static void read_param(struct builder *b, bool quoted)
{
	struct part *p;
	int c, d;

	end_text(b);
	p = add_part(b, PART_PARAM, quoted);
	if (!lex_enter())
		return;
	c = get();
	if (c == '#') {
		/* ${#}, ${#-x} and ${##x} are $#; ${#x}, ${#-} a length. */
		d = get();
		if (d == '}') {
			p->text = "#";
			lex_leave();
			return;
		}
		if (d > 0 && (is_name(d) || strchr("@*?-$!#", d))) {
			c = get();
			input_ungetc(c);
			if (is_name(d) || c == '}')
				p->op = OP_LEN;
		}
		if (p->op == OP_LEN) {
			c = d;
		} else {
			input_ungetc(d);
			c = '#';
		}
	}
	p->text = read_name(c, true);
	if (!p->text) {
		p->op = OP_BAD;
		p->text = "";
	}
	c = get();
	if (c != '}') {
		input_ungetc(c);
		if (p->op == OP_NONE)
			p->op = (unsigned char)read_op(p);
		else
			p->op = OP_BAD;
		if (p->op == OP_SLICE || p->op == OP_SUBST ||
		    p->op == OP_SUBST_ALL) {
			p->word =
				read_operand(p, p->op == OP_SLICE ? ":" : "/");
			c = get();
			if (c == ':' || c == '/') {
				p->colon = true;
				p->word2 = read_operand(p, NULL);
			} else {
				input_ungetc(c);
			}
		} else {
			p->word = read_operand(p, NULL);
		}
		c = get();
		if (c != '}')
			lex_error("Missing '}'");
	}
	lex_leave();
}

static void read_arith(struct builder *b, bool quoted)
{
	struct builder inner;
	struct part *p;

	end_text(b);
	p = add_part(b, PART_ARITH, quoted);
	if (!lex_enter())
		return;
	builder_init(&inner);
	read_quoted(&inner, END_ARITH, NULL);
	p->word = finish(&inner);
	lex_leave();
}

static void read_dollar(struct builder *b, bool quoted)
{
	struct part *p;
	const char *name;
	int c;

	if (lex.raw) {
		add_char(b, '$', quoted);
		return;
	}
	c = get();
	if (c == '{') {
		read_param(b, quoted);
		return;
	}
	if (c == '(') {
		c = get();
		if (c == '(') {
			read_arith(b, quoted);
			return;
		}
		input_ungetc(c);
		end_text(b);
		p = add_part(b, PART_CMD, quoted);
		if (lex_enter())
			p->cmd = read_commands(TOK_RPAREN);
		lex_leave();
		return;
	}
	if (c == '\'' && !quoted) {
		read_dollar_squote(b);
		return;
	}
	name = read_name(c, false);
	if (!name) {
		add_char(b, '$', quoted);
		return;
	}
	end_text(b);
	p = add_part(b, PART_PARAM, quoted);
	p->text = name;
}

/* One character of unquoted text; false when it is not part of the word. */
static bool read_char(struct builder *b, int c)
{
	switch (c) {
	case '\\':
		c = input_getc();
		if (c == INPUT_EOF) {
			add_char(b, '\\', true);
			break;
		}
		add_char(b, c, true);
		break;
	case '\'':
		read_squote(b);
		break;
	case '"':
		read_dquote(b);
		break;
	case '$':
		read_dollar(b, false);
		break;
	case '`':
		read_backquote(b, false, false);
		break;
	default:
		add_char(b, c, false);
	}
	return !lex.failed;
}

static void read_brace_word(struct builder *b, const char *stops)
{
	int c;

	for (;;) {
		c = get();
		if (c == INPUT_EOF) {
			lex_error("Missing '}'");
			return;
		}
		if (c == '}' || (stops && strchr(stops, c))) {
			input_ungetc(c);
			return;
		}
		if (!read_char(b, c))
			return;
	}
}

bool lex_text_parts(const char *text, struct part **parts)
{
	struct lexer saved = lex;
	struct builder b;
	struct input in;
	bool good;

	memset(&lex, 0, sizeof(lex));
	lex.depth = saved.depth;
	input_push_string(&in, text, strlen(text), input_line());
	builder_init(&b);
	read_quoted(&b, END_INPUT, NULL);
	input_pop_to(&in);
	input_pop();
	*parts = finish(&b);
	good = !lex.failed;
	lex = saved;
	return good;
}

/*
 * Reads one line without its newline; false at the end of the input. raw: a
 * backslash at the end of the line does not join the next one to it.
 */
static bool read_line(struct strbuf *sb, bool strip, bool raw)
{
	int c;

	sb->len = 0;
	do
		c = input_getc();
	while (strip && c == '\t');
	if (c == INPUT_EOF)
		return false;
	for (; c != INPUT_EOF && c != '\n'; c = input_getc()) {
		if (c == '\\' && !raw) {
			c = input_getc();
			if (c == '\n')
				continue;
			sb_putc(sb, '\\');
			if (c == INPUT_EOF)
				break;
		}
		sb_putc(sb, c);
	}
	sb_str(sb);
	return true;
}

static void read_here(struct redir *r)
{
	struct strbuf line = { 0 }, body = { 0 };
	int at = input_line();
	struct builder b;
	struct input in;
	struct part *p;

	while (read_line(&line, r->strip, r->quoted)) {
		if (strcmp(line.p, r->delim) == 0)
			break;
		sb_put(&body, line.p, line.len);
		sb_putc(&body, '\n');
	}
	builder_init(&b);
	if (r->quoted) {
		p = add_part(&b, PART_TEXT, true);
		p->text = sb_str(&body);
	} else {
		input_push_string(&in, sb_str(&body), body.len, at);
		read_quoted(&b, END_INPUT, NULL);
		input_pop_to(&in);
		input_pop();
	}
	r->target = finish(&b);
}

static void read_heres(void)
{
	struct redir *r;

	while ((r = lex.here) && !lex.failed) {
		lex.here = r->next_here;
		read_here(r);
	}
	lex.here = NULL;
	lex.here_tail = &lex.here;
}

void lex_want_here(struct redir *r)
{
	if (!lex.here)
		lex.here_tail = &lex.here;
	r->next_here = NULL;
	*lex.here_tail = r;
	lex.here_tail = &r->next_here;
}

static enum token read_redir(int c, int fd)
{
	struct redir *r = arena_alloc(&cmd_arena, sizeof(*r));
	int d = get();

	memset(r, 0, sizeof(*r));
	r->fd = fd >= 0 ? fd : c == '>';
	lex.redir = r;
	if (d == '&') {
		r->type = REDIR_DUP;
	} else if (c == '<' && d == '>') {
		r->type = REDIR_RDWR;
	} else if (c == '<' && d == '<') {
		r->type = REDIR_HERE;
		d = get();
		r->strip = d == '-';
		if (!r->strip)
			input_ungetc(d);
	} else if (c == '>' && d == '>') {
		r->type = REDIR_APPEND;
	} else if (c == '>' && d == '|') {
		r->type = REDIR_CLOBBER;
	} else {
		r->type = c == '<' ? REDIR_IN : REDIR_OUT;
		input_ungetc(d);
	}
	return TOK_REDIR;
}

static bool is_io_number(const struct part *p)
{
	int i;

	if (!p || p->next || p->type != PART_TEXT || p->quoted)
		return false;
	for (i = 0; is_digit(p->text[i]); i++)
		;
	return i && i <= 4 && !p->text[i];
}

static enum token read_word(int c)
{
	struct builder b;
	struct part *p;

	builder_init(&b);
	do {
		if (!read_char(&b, c))
			return TOK_EOF;
		c = get();
	} while (c != INPUT_EOF && !is_meta(c));
	input_ungetc(c);
	p = finish(&b);
	if ((c == '<' || c == '>') && is_io_number(p))
		return read_redir(get(), atoi(p->text));
	lex.word = p;
	return TOK_WORD;
}

static enum token pick(int next, enum token two, enum token one)
{
	int c = get();

	if (c == next)
		return two;
	input_ungetc(c);
	return one;
}

static enum token read_token(void)
{
	int c;

	input_alias_blank = false;
	input_end_aliases();
	do
		c = get();
	while (c == ' ' || c == '\t');
	lex.after_alias = input_alias_blank;
	if (c == '#') {
		do
			c = input_getc();
		while (c != INPUT_EOF && c != '\n');
	}
	lex.line = input_line();
	switch (c) {
	case INPUT_EOF:
		read_heres();
		return TOK_EOF;
	case '\n':
		read_heres();
		return TOK_NEWLINE;
	case ';':
		c = get();
		if (c == ';')
			return TOK_DSEMI;
		if (c == '&')
			return TOK_SEMI_AND;
		input_ungetc(c);
		return TOK_SEMI;
	case '&':
		return pick('&', TOK_AND_IF, TOK_AMP);
	case '|':
		return pick('|', TOK_OR_IF, TOK_PIPE);
	case '(':
		return TOK_LPAREN;
	case ')':
		return TOK_RPAREN;
	case '<':
	case '>':
		return read_redir(c, -1);
	}
	return read_word(c);
}

enum token lex_peek(void)
{
	enum token t;

	if (!lex.have) {
		t = read_token();
		lex.have = true;
		lex.tok = lex.failed || sh.skip ? TOK_EOF : t;
	}
	return lex.tok;
}

void lex_skip(void)
{
	if (!lex.failed)
		lex.have = false;
}

const char *lex_literal(void)
{
	struct part *p = lex.word;

	if (lex_peek() != TOK_WORD)
		return NULL;
	p = lex.word;
	if (p->next || p->type != PART_TEXT || p->quoted)
		return NULL;
	return p->text;
}

void lex_unexpected(const char *want)
{
	static const char *const names[] = {
		[TOK_EOF] = "end of file",   [TOK_NEWLINE] = "newline",
		[TOK_WORD] = "word",         [TOK_SEMI] = "\";\"",
		[TOK_AMP] = "\"&\"",         [TOK_PIPE] = "\"|\"",
		[TOK_LPAREN] = "\"(\"",      [TOK_RPAREN] = "\")\"",
		[TOK_AND_IF] = "\"&&\"",     [TOK_OR_IF] = "\"||\"",
		[TOK_DSEMI] = "\";;\"",      [TOK_SEMI_AND] = "\";&\"",
		[TOK_REDIR] = "redirection",
	};
	struct strbuf sb = { 0 };
	const char *word = lex_literal();

	if (word && parse_is_reserved(word)) {
		sb_putc(&sb, '"');
		sb_puts(&sb, word);
		sb_putc(&sb, '"');
	} else {
		sb_puts(&sb, names[lex_peek()]);
	}
	sb_puts(&sb, " unexpected");
	if (want) {
		sb_puts(&sb, " (expecting \"");
		sb_puts(&sb, want);
		sb_puts(&sb, "\")");
	}
	lex_error(sb_str(&sb));
}
