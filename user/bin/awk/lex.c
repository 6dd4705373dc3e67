/* From text to tokens.  Whether / divides or begins a pattern only the parser
 * knows; it calls lex_regex when it finds a / where a value should stand. */
#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/awk/awk.h"

int token;
struct str *token_text;
double token_number;
int token_line;

static const char *at, *end;
static int line = 1;

void lex_start(const char *text, size_t len)
{
	at = text;
	end = text + len;
}

_Noreturn void syntax_error(const char *what)
{
	errx(1, "line %d of the program: %s", token_line, what);
}

static void set_text(struct str *s)
{
	str_put(token_text);
	token_text = s;
}

/*
 * Replace what a backslash means.  In an expression most stay for regcomp, and
 * what comes from a number must not become an operator.
 */
struct str *unescape(const char *s, size_t len, int is_regex)
{
	static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
	struct str *out = str_room(len);
	const char *stop = s + len, *k;
	int c, i;

	while (s < stop) {
		if (*s != '\\' || s + 1 == stop) {
			out = str_append(out, s++, 1);
			continue;
		}
		s++;
		k = strchr(from, *s);
		if (*s && k) {
			out = str_append(out, &to[k - from], 1);
			s++;
		} else if (*s >= '0' && *s <= '7') {
			char ch;

			for (i = c = 0;
			     i < 3 && s < stop && *s >= '0' && *s <= '7'; i++)
				c = c * 8 + *s++ - '0';
			ch = (char)c;
			if (is_regex && c && strchr("\\.[]*^$+?(){}|/", c))
				out = str_append(out, "\\", 1);
			out = str_append(out, &ch, 1);
		} else if (*s == '\n') {
			s++;
			line++;
		} else if (is_regex && *s != '/' && *s != '"') {
			out = str_append(out, s - 1, 2);
			s++;
		} else if (*s == '\\' || *s == '/' || *s == '"') {
			out = str_append(out, s++, 1);
		} else {
			/* Kept: "\." is often meant for an expression. */
			out = str_append(out, s - 1, 2);
			s++;
		}
	}
	return out;
}

/* Behind the / where a value should stand. */
void lex_regex(void)
{
	const char *start = at - (token == T_DIV_ASSIGN);
	int bracket = 0;

	for (at = start; at < end && *at != '\n'; at++) {
		if (*at == '\\' && at + 1 < end && at[1] != '\n') {
			at++;
			bracket = bracket ? 2 : 0;
		} else if (bracket) {
			/* [/] and []/] hold no end; [[:x:]] has two brackets */
			if (*at == '[' && at + 1 < end && at[1] == ':') {
				const char *close = at + 2;

				while (close < end && *close != ']' &&
				       *close != '\n')
					close++;
				if (close < end && *close == ']' &&
				    close[-1] == ':')
					at = close;
			} else if (*at == ']' && bracket != 1) {
				bracket = 0;
				continue;
			}
			bracket = *at == '^' && bracket == 1 ? 1 : 2;
		} else if (*at == '[') {
			bracket = 1;
		} else if (*at == '/') {
			break;
		}
	}
	if (at >= end || *at != '/')
		syntax_error("an expression has no end");
	set_text(unescape(start, (size_t)(at - start), 1));
	at++;
	token = T_REGEX;
}

static void lex_string(void)
{
	const char *start = at;

	for (; at < end && *at != '"'; at++) {
		if (*at == '\n')
			syntax_error("a string has no end");
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	if (at >= end)
		syntax_error("a string has no end");
	set_text(unescape(start, (size_t)(at - start), 0));
	at++;
	token = T_STRING;
}

static void lex_word(void)
{
	static const struct {
		const char *word;
		int token;
	} words[] = {
		{ "BEGIN", T_BEGIN },
		{ "END", T_END },
		{ "function", T_FUNCTION },
		{ "func", T_FUNCTION },
		{ "if", T_IF },
		{ "else", T_ELSE },
		{ "while", T_WHILE },
		{ "for", T_FOR },
		{ "do", T_DO },
		{ "break", T_BREAK },
		{ "continue", T_CONTINUE },
		{ "next", T_NEXT },
		{ "nextfile", T_NEXTFILE },
		{ "exit", T_EXIT },
		{ "return", T_RETURN },
		{ "delete", T_DELETE },
		{ "in", T_IN },
		{ "getline", T_GETLINE },
		{ "print", T_PRINT },
		{ "printf", T_PRINTF },
		{ "atan2", T_ATAN2 },
		{ "cos", T_COS },
		{ "exp", T_EXP },
		{ "int", T_INT },
		{ "log", T_LOG },
		{ "rand", T_RAND },
		{ "sin", T_SIN },
		{ "sqrt", T_SQRT },
		{ "srand", T_SRAND },
		{ "gsub", T_GSUB },
		{ "index", T_INDEX },
		{ "length", T_LENGTH },
		{ "match", T_MATCH },
		{ "split", T_SPLIT },
		{ "sprintf", T_SPRINTF },
		{ "sub", T_SUB },
		{ "substr", T_SUBSTR },
		{ "tolower", T_TOLOWER },
		{ "toupper", T_TOUPPER },
		{ "close", T_CLOSE },
		{ "fflush", T_FFLUSH },
		{ "system", T_SYSTEM },
	};
	const char *start = at - 1;
	size_t len, i;

	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	len = (size_t)(at - start);
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == len &&
		    !memcmp(words[i].word, start, len)) {
			token = words[i].token;
			return;
		}
	set_text(str_new(start, len));
	token = at < end && *at == '(' ? T_FUNC_NAME : T_NAME;
}

static void lex_number(void)
{
	const char *start = --at, *p;
	struct str *s;

	while (at < end && isdigit((unsigned char)*at))
		at++;
	if (at < end && *at == '.')
		at++;
	while (at < end && isdigit((unsigned char)*at))
		at++;
	if (at < end && (*at == 'e' || *at == 'E')) {
		p = at + 1;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if (p < end && isdigit((unsigned char)*p)) {
			while (p < end && isdigit((unsigned char)*p))
				p++;
			at = p;
		}
	}
	s = str_new(start, (size_t)(at - start));
	token_number = strtod(s->s, NULL);
	str_put(s);
	token = T_NUMBER;
}

/* Is the next token getline? */
int lex_at_getline(void)
{
	const char *p = at;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return end - p >= 7 && !memcmp(p, "getline", 7) &&
	       (end - p == 7 || !(isalnum((unsigned char)p[7]) || p[7] == '_'));
}

static int follows(int c)
{
	if (at >= end || *at != c)
		return 0;
	at++;
	return 1;
}

void lex_next(void)
{
	int c;

	for (;;) {
		while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
			at++;
		if (at + 1 < end && *at == '\\' && at[1] == '\n') {
			at += 2;
			line++;
		} else if (at + 2 < end && *at == '\\' && at[1] == '\r' &&
			   at[2] == '\n') {
			at += 3;
			line++;
		} else if (at < end && *at == '#') {
			while (at < end && *at != '\n')
				at++;
		} else {
			break;
		}
	}
	token_line = line;
	if (at >= end) {
		token = T_EOF;
		return;
	}
	c = (unsigned char)*at++;
	if (isalpha(c) || c == '_') {
		lex_word();
		return;
	}
	if (isdigit(c) ||
	    (c == '.' && at < end && isdigit((unsigned char)*at))) {
		lex_number();
		return;
	}
	token = c;
	switch (c) {
	case '\n':
		line++;
		token = T_NEWLINE;
		break;
	case '"':
		lex_string();
		break;
	case '&':
		if (follows('&'))
			token = T_AND;
		break;
	case '|':
		if (follows('|'))
			token = T_OR;
		break;
	case '!':
		token = follows('=') ? T_NE : follows('~') ? T_NOMATCH : '!';
		break;
	case '=':
		if (follows('='))
			token = T_EQ;
		break;
	case '<':
		if (follows('='))
			token = T_LE;
		break;
	case '>':
		token = follows('=') ? T_GE : follows('>') ? T_APPEND : '>';
		break;
	case '+':
		token = follows('+') ? T_INC : follows('=') ? T_ADD_ASSIGN : c;
		break;
	case '-':
		token = follows('-') ? T_DEC : follows('=') ? T_SUB_ASSIGN : c;
		break;
	case '*':
		if (follows('*'))
			token = follows('=') ? T_POW_ASSIGN : '^';
		else if (follows('='))
			token = T_MUL_ASSIGN;
		break;
	case '/':
		if (follows('='))
			token = T_DIV_ASSIGN;
		break;
	case '%':
		if (follows('='))
			token = T_MOD_ASSIGN;
		break;
	case '^':
		if (follows('='))
			token = T_POW_ASSIGN;
		break;
	default:
		if (!strchr("{}()[];,~?:$", c) || !c)
			syntax_error("a character that means nothing here");
	}
}
