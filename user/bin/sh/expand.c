/*
 * One "struct exp" is one word on its way. Characters go in through three
 * doors: quoted (never split, never a pattern), literal (a pattern, not
 * split), and value (both). When a field is complete it becomes path names
 * if it has an active pattern in it. See expand.h.
 */
#include "user/bin/sh/expand.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/sh/arith.h"
#include "user/bin/sh/ast.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/lex.h"
#include "user/bin/sh/match.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/trap.h"
#include "user/bin/sh/var.h"

enum {
	EXP_FIELDS = 1,  /* split, and expand path names */
	EXP_PATTERN = 2, /* keep marks on what was quoted */
	EXP_COLON = 4,   /* a tilde may also follow a colon */
};

struct exp {
	int flags;
	struct strbuf cur;
	bool have;  /* the field is there even if it is empty */
	bool glob;  /* it has an active pattern character */
	bool space; /* white space has just ended a field */
	const char *ifs;
	struct args *out;
};

static void expand_parts(struct exp *e, struct part *p, bool operand);

static void end_field(struct exp *e)
{
	char *s;

	if (!e->have)
		return;
	s = sb_str(&e->cur);
	if (e->glob && !sh.opt[OPT_NOGLOB] && match_is_pattern(s) &&
	    match_paths(s, e->out))
		;
	else
		args_add(e->out, match_unquote(s));
	memset(&e->cur, 0, sizeof(e->cur));
	e->have = false;
	e->glob = false;
}

/* Is the character one that a pattern could take for something else? */
static bool needs_mark(int c)
{
	switch (c) {
	case '*':
	case '?':
	case '[':
	case ']':
	case '-':
	case '!':
	case '^':
	case ':':
	case '\\':
	case PAT_QUOTE:
		return true;
	}
	return false;
}

static void put_quoted(struct exp *e, const char *s, size_t len)
{
	e->have = true;
	e->space = false;
	if (!(e->flags & (EXP_FIELDS | EXP_PATTERN))) {
		sb_put(&e->cur, s, len);
		return;
	}
	for (; len; len--, s++) {
		if (needs_mark(*s))
			sb_putc(&e->cur, PAT_QUOTE);
		sb_putc(&e->cur, *s);
	}
}

static void put_literal_char(struct exp *e, int c)
{
	if (e->flags & (EXP_FIELDS | EXP_PATTERN)) {
		if (c == '*' || c == '?' || c == '[')
			e->glob = true;
		else if (c == PAT_QUOTE)
			sb_putc(&e->cur, PAT_QUOTE);
	}
	sb_putc(&e->cur, c);
}

static void put_literal(struct exp *e, const char *s, size_t len)
{
	if (len) {
		e->have = true;
		e->space = false;
	}
	for (; len; len--, s++)
		put_literal_char(e, *s);
}

static bool is_ifs_space(int c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static void put_value(struct exp *e, const char *s, size_t len)
{
	if (!(e->flags & EXP_FIELDS)) {
		put_literal(e, s, len);
		return;
	}
	for (; len; len--, s++) {
		if (!strchr(e->ifs, *s)) {
			e->have = true;
			e->space = false;
			put_literal_char(e, *s);
		} else if (is_ifs_space(*s)) {
			if (e->have) {
				end_field(e);
				e->space = true;
			}
		} else if (e->space) {
			/* It belongs to the white space before it. */
			e->space = false;
		} else {
			e->have = true;
			end_field(e);
		}
	}
}

static void put(struct exp *e, const char *s, bool quoted)
{
	if (quoted)
		put_quoted(e, s, strlen(s));
	else
		put_value(e, s, strlen(s));
}

/* The home directory of a user, from /etc/passwd; NULL if there is none. */
static const char *home_of(const char *user, size_t len)
{
	struct strbuf line = { 0 };
	char *home = NULL, *p;
	char buf[512];
	ssize_t n, i;
	int fd, field;

	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (!home && (n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n && !home; i++) {
			if (buf[i] != '\n') {
				sb_putc(&line, buf[i]);
				continue;
			}
			p = sb_str(&line);
			if (strncmp(p, user, len) == 0 && p[len] == ':') {
				for (field = 0; p && field < 5; field++) {
					p = strchr(p, ':');
					if (p)
						p++;
				}
				home = p;
				if (p && strchr(p, ':'))
					*strchr(p, ':') = '\0';
			}
			if (!home)
				line.len = 0;
		}
	}
	close(fd);
	return home;
}

/*
 * A tilde at s: puts the directory and returns how much of s was used; 0 if
 * there is none. more: other parts follow, so the end of s is not the end.
 */
static size_t put_tilde(struct exp *e, const char *s, bool more)
{
	size_t n = 1;
	const char *home;

	if (s[0] != '~')
		return 0;
	while (s[n] && s[n] != '/' && !((e->flags & EXP_COLON) && s[n] == ':'))
		n++;
	if (!s[n] && more)
		return 0;
	home = n == 1 ? var_get("HOME") : home_of(s + 1, n - 1);
	if (!home)
		return 0;
	put_quoted(e, home, strlen(home));
	return n;
}

static void put_text(struct exp *e, struct part *p, bool first, bool operand)
{
	const char *s = p->text;
	size_t n;

	if (p->quoted) {
		put_quoted(e, s, strlen(s));
		return;
	}
	if (first)
		s += put_tilde(e, s, p->next);
	if (operand) {
		put(e, s, false);
		return;
	}
	if (!(e->flags & EXP_COLON)) {
		put_literal(e, s, strlen(s));
		return;
	}
	while (*s) {
		n = strcspn(s, ":");
		if (s[n])
			n++;
		put_literal(e, s, n);
		s += n;
		if (n && s[-1] == ':')
			s += put_tilde(e, s, p->next);
	}
}

/* $* and $@ in all their forms; op is applied to each when it is a trim. */
static void put_all(struct exp *e, struct part *p,
		    const char *(*trim)(struct part *, const char *))
{
	bool star = p->text[0] == '*';
	const char *ifs = e->ifs;
	int i;

	if (p->quoted && (star || !(e->flags & EXP_FIELDS))) {
		if (star)
			e->have = true;
		for (i = 0; i < sh.params.n; i++) {
			const char *s = sh.params.v[i];

			if (i && ifs[0])
				put_quoted(e, ifs, 1);
			put(e, trim ? trim(p, s) : s, true);
		}
		return;
	}
	for (i = 0; i < sh.params.n; i++) {
		const char *s = sh.params.v[i];

		if (i) {
			if (e->flags & EXP_FIELDS) {
				end_field(e);
				e->space = false;
			} else {
				put_value(e, ifs, ifs[0] != '\0');
			}
		}
		put(e, trim ? trim(p, s) : s, p->quoted);
	}
}

static const char *trimmed(struct part *p, const char *val)
{
	char *pat = expand_pattern(p->word);
	size_t len = strlen(val), i, n;
	bool suffix = p->op == OP_SUFFIX || p->op == OP_SUFFIX_LONG;
	bool longest = p->op == OP_PREFIX_LONG || p->op == OP_SUFFIX_LONG;

	for (i = 0; i <= len; i++) {
		n = longest ? len - i : i;
		if (suffix) {
			if (match(pat, val + len - n, n))
				return arena_dup(&cmd_arena, val, len - n);
		} else if (match(pat, val, n)) {
			return arena_dup(&cmd_arena, val + n, len - n);
		}
	}
	return arena_dup(&cmd_arena, val, len);
}

/* ${name/pattern/text}: the longest match at the leftmost place. */
static const char *replaced(struct part *p, const char *val)
{
	char *pat = expand_pattern(p->word);
	const char *text = p->word2 ? expand_string(p->word2) : "";
	const char *end = val + strlen(val);
	struct strbuf sb = { 0 };
	size_t n;
	bool at_start = false, at_end = false, found;

	if (p->op == OP_SUBST && (*pat == '#' || *pat == '%')) {
		at_start = *pat == '#';
		at_end = !at_start;
		pat++;
	}
	if (val == end && *pat && match(pat, val, 0))
		return text;
	while (*pat && val < end) {
		found = false;
		for (n = (size_t)(end - val); n > 0; n--) {
			if (match(pat, val, n)) {
				found = true;
				break;
			}
			if (at_end)
				break;
		}
		if (found) {
			sb_puts(&sb, text);
			val += n;
			if (p->op == OP_SUBST)
				break;
		} else {
			if (at_start)
				break;
			sb_putc(&sb, *val++);
		}
	}
	sb_put(&sb, val, (size_t)(end - val));
	return sb_str(&sb);
}

static const char *slice(struct part *p, const char *val)
{
	long len = (long)strlen(val), from, n;

	if (!p->word && !p->colon) {
		err_fatal("Bad substitution");
		return "";
	}
	if (arith_eval(expand_string(p->word), &from) < 0)
		return "";
	if (from < 0)
		from += len;
	if (from < 0 || from > len)
		return "";
	n = len - from;
	if (p->colon) {
		if (arith_eval(expand_string(p->word2), &n) < 0)
			return "";
		if (n < 0)
			n += len - from;
		if (n < 0)
			n = 0;
	}
	if (n > len - from)
		n = len - from;
	return arena_dup(&cmd_arena, val + from, (size_t)n);
}

const char *expand_param_value(const char *name, char *buf)
{
	static const char letters[] = "abCefimnsuvxI";
	static const unsigned char options[] = {
		OPT_ALLEXPORT, OPT_NOTIFY,      OPT_NOCLOBBER, OPT_ERREXIT,
		OPT_NOGLOB,    OPT_INTERACTIVE, OPT_MONITOR,   OPT_NOEXEC,
		OPT_STDIN,     OPT_NOUNSET,     OPT_VERBOSE,   OPT_XTRACE,
		OPT_IGNOREEOF,
	};
	int i, n;

	if (is_name_start(name[0]))
		return var_get(name);
	switch (name[0]) {
	case '?':
		return num_text(buf, sh.status);
	case '$':
		return num_text(buf, sh.pid);
	case '#':
		return num_text(buf, sh.params.n);
	case '!':
		return sh.last_bg ? num_text(buf, sh.last_bg) : NULL;
	case '-':
		for (i = n = 0; letters[i]; i++)
			if (sh.opt[options[i]])
				buf[n++] = letters[i];
		buf[n] = '\0';
		return buf;
	}
	for (n = i = 0; is_digit(name[i]); i++) {
		if (n > 100000000)
			return NULL;
		n = n * 10 + name[i] - '0';
	}
	if (n == 0)
		return sh.name;
	return n <= sh.params.n ? sh.params.v[n - 1] : NULL;
}

static void complain(struct part *p)
{
	char *text;

	if (p->word) {
		text = expand_string(p->word);
		if (!sh.skip)
			err_fatal("%s: %s", p->text, text);
		return;
	}
	err_fatal("%s: parameter not set%s", p->text,
		  p->colon ? " or null" : "");
}

static bool assign_default(struct part *p, char **val)
{
	*val = expand_assign(p->word);
	if (sh.skip)
		return false;
	if (!is_name_start(p->text[0])) {
		err_fatal("%s: bad variable name", p->text);
		return false;
	}
	return var_set(p->text, *val, 0) == 0;
}

static void put_param(struct exp *e, struct part *p)
{
	bool all = p->text[0] == '@' || p->text[0] == '*';
	const char *val;
	char buf[32];
	char *set;
	bool unset, colon = p->colon && p->op <= OP_PLUS;

	if (p->op == OP_BAD) {
		err_fatal("Bad substitution");
		return;
	}
	if (all) {
		if (p->op == OP_LEN) {
			put(e, num_text(buf, sh.params.n), p->quoted);
			return;
		}
		val = sh.params.n ? sh.params.v[0] : NULL;
		if (colon && sh.params.n > 1)
			val = "set";
	} else {
		val = expand_param_value(p->text, buf);
	}
	unset = !val || (colon && !*val);
	switch (p->op) {
	case OP_MINUS:
		if (unset) {
			expand_parts(e, p->word, true);
			/* "${x-}" is a field, as "" is. */
			if (p->quoted && !p->word)
				e->have = true;
			return;
		}
		break;
	case OP_PLUS:
		if (!unset)
			expand_parts(e, p->word, true);
		if (p->quoted && (unset || !p->word))
			e->have = true;
		return;
	case OP_ASSIGN:
		if (unset) {
			if (assign_default(p, &set))
				put(e, set, p->quoted);
			return;
		}
		break;
	case OP_QUESTION:
		if (unset) {
			complain(p);
			return;
		}
		break;
	default:
		if (!val && sh.opt[OPT_NOUNSET] && !all) {
			err_fatal("%s: parameter not set", p->text);
			return;
		}
	}
	if (all) {
		const char *(*trim)(struct part *, const char *) = NULL;

		if (p->op >= OP_PREFIX && p->op <= OP_SUFFIX_LONG)
			trim = trimmed;
		else if (p->op == OP_SUBST || p->op == OP_SUBST_ALL)
			trim = replaced;
		put_all(e, p, trim);
		return;
	}
	if (!val)
		val = "";
	switch (p->op) {
	case OP_LEN:
		val = num_text(buf, (long)strlen(val));
		break;
	case OP_PREFIX:
	case OP_PREFIX_LONG:
	case OP_SUFFIX:
	case OP_SUFFIX_LONG:
		/* The pattern may change the variable. */
		val = arena_dup(&cmd_arena, val, strlen(val));
		val = trimmed(p, val);
		break;
	case OP_SUBST:
	case OP_SUBST_ALL:
		if (unset)
			break; /* there is nothing in it, not even the end */
		val = arena_dup(&cmd_arena, val, strlen(val));
		val = replaced(p, val);
		break;
	case OP_SLICE:
		val = arena_dup(&cmd_arena, val, strlen(val));
		val = slice(p, val);
		break;
	}
	put(e, val, p->quoted);
}

static void put_command(struct exp *e, struct part *p)
{
	struct strbuf sb = { 0 };

	exec_capture(p->cmd, &sb);
	while (sb.len && sb.p[sb.len - 1] == '\n')
		sb.len--;
	put(e, sb_str(&sb), p->quoted);
}

static void put_arith(struct exp *e, struct part *p)
{
	char *text = expand_string(p->word);
	char buf[24];
	long n;

	if (sh.skip || arith_eval(text, &n) < 0)
		return;
	put(e, num_text(buf, n), p->quoted);
}

static void expand_parts(struct exp *e, struct part *p, bool operand)
{
	bool first = true;

	for (; p && !sh.skip; p = p->next, first = false) {
		switch (p->type) {
		case PART_TEXT:
			put_text(e, p, first, operand);
			break;
		case PART_PARAM:
			put_param(e, p);
			break;
		case PART_CMD:
			put_command(e, p);
			break;
		case PART_ARITH:
			put_arith(e, p);
			break;
		}
	}
}

static void exp_init(struct exp *e, int flags, struct args *out)
{
	memset(e, 0, sizeof(*e));
	e->flags = flags;
	e->out = out;
	e->ifs = var_get("IFS");
	if (!e->ifs)
		e->ifs = " \t\n";
	else /* ${IFS:=x} in the same word may free it */
		e->ifs = arena_dup(&cmd_arena, e->ifs, strlen(e->ifs));
}

/* A word that is plain text needs nothing done to it. */
static bool is_plain(const struct part *p)
{
	if (!p || p->next || p->type != PART_TEXT)
		return false;
	return p->quoted || (p->text[0] != '~' && !strchr(p->text, PAT_QUOTE) &&
			     !match_is_pattern(p->text));
}

void expand_words(struct word *w, struct args *out)
{
	struct exp e;

	for (; w && !sh.skip; w = w->next) {
		if (is_plain(w->parts)) {
			args_add(out, w->parts->text);
			continue;
		}
		exp_init(&e, EXP_FIELDS, out);
		expand_parts(&e, w->parts, false);
		end_field(&e);
	}
}

static char *expand_one(struct part *parts, int flags)
{
	struct exp e;

	if (is_plain(parts) && !flags)
		return (char *)parts->text;
	exp_init(&e, flags, NULL);
	expand_parts(&e, parts, false);
	return sb_str(&e.cur);
}

char *expand_assign(struct part *parts)
{
	return expand_one(parts, EXP_COLON);
}

char *expand_string(struct part *parts)
{
	return expand_one(parts, 0);
}

char *expand_pattern(struct part *parts)
{
	return expand_one(parts, EXP_PATTERN);
}

const char *expand_prompt(const char *text)
{
	int saved = sh.status;
	const char *s = text;
	struct part *parts;

	if (lex_text_parts(text, &parts))
		s = expand_string(parts);
	if (sh.skip && sh.at_prompt) {
		/* Then no line that is typed would ever be obeyed. */
		sh.skip = SKIP_NONE;
		trap_run_pending();
		sh.skip = SKIP_NONE;
		s = text;
	}
	sh.status = saved;
	return s;
}

/* Takes one field from p, its marks removed; returns where it ends. */
static const char *read_field(struct strbuf *sb, const char *p, const char *ifs)
{
	memset(sb, 0, sizeof(*sb));
	for (; *p && !strchr(ifs, *p); p++) {
		if (*p == PAT_QUOTE && p[1])
			p++;
		sb_putc(sb, *p);
	}
	return p;
}

static const char *skip_space(const char *p, const char *ifs)
{
	while (*p && is_ifs_space(*p) && strchr(ifs, *p))
		p++;
	return p;
}

/* White space, or one other separator with white space around it. */
static const char *skip_separator(const char *p, const char *ifs)
{
	p = skip_space(p, ifs);
	if (*p && !is_ifs_space(*p) && strchr(ifs, *p))
		p = skip_space(p + 1, ifs);
	return p;
}

void expand_read_fields(const char *text, int max, struct args *out)
{
	const char *ifs = var_get("IFS");
	struct strbuf sb = { 0 };
	const char *p, *end;
	size_t keep = 0;

	if (!ifs)
		ifs = " \t\n";
	p = skip_space(text, ifs);
	while (*p) {
		end = read_field(&sb, p, ifs);
		end = skip_separator(end, ifs);
		if (out->n + 1 < max || !*end) {
			args_add(out, sb_str(&sb));
			p = end;
			continue;
		}
		/* The rest as it is, but for white space at its end. */
		memset(&sb, 0, sizeof(sb));
		for (; *p; p++) {
			bool marked = *p == PAT_QUOTE && p[1];

			if (marked)
				p++;
			sb_putc(&sb, *p);
			if (marked || !is_ifs_space(*p) || !strchr(ifs, *p))
				keep = sb.len;
		}
		sb.len = keep;
		args_add(out, sb_str(&sb));
	}
}
