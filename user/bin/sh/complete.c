/*
 * The line is read from its start with the quoting rules of the shell, but
 * for good or bad: it is not finished yet, so an error is no error. See
 * complete.h.
 */
#include "user/bin/sh/complete.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/alias.h"
#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/exec.h"
#include "user/bin/sh/var.h"

/* The word before the cursor, and what stands around it. */
struct typed {
	bool command;       /* it is a command's name */
	const char *of;     /* the command whose argument it is, or "" */
	size_t start;       /* where it begins */
	struct strbuf text; /* what it says, without its quotes */
	size_t base;        /* where its last component begins: in the line, */
	size_t base_text;   /* and in text */
	char base_quote;    /* the quote that is open there: ' " $ or 0 */
	size_t dollar;      /* where a variable's name begins in the line, */
	size_t dollar_text; /* and in text; 0 if there is none */
};

static bool stays_command(const char *word)
{
	static const char *const openers[] = {
		"!", "do", "elif", "else", "if", "{", "then", "until", "while",
	};
	size_t i;

	for (i = 0; i < sizeof(openers) / sizeof(*openers); i++)
		if (strcmp(word, openers[i]) == 0)
			return true;
	i = (size_t)name_len(word);
	return i && word[i] == '=';
}

/* The character that $'\...' means at s; *used bytes. */
static int dollar_quoted(const char *s, size_t n, size_t *used)
{
	size_t i;
	int v = 0;

	if (n > 1 && s[1] >= '0' && s[1] <= '7') {
		for (i = 1; i < n && i < 4 && s[i] >= '0' && s[i] <= '7'; i++)
			v = v * 8 + s[i] - '0';
		*used = i;
		return v & 255;
	}
	*used = n > 1 ? 2 : 1;
	v = n > 1 ? escape_value(s[1]) : -1;
	return v < 0 ? s[n > 1] : v;
}

static void put(struct typed *t, size_t next, int c, char quote)
{
	sb_putc(&t->text, c);
	if (c == '/') {
		t->base = next;
		t->base_text = t->text.len;
		t->base_quote = quote;
	}
	if (!is_name(c))
		t->dollar = 0;
}

/* A quote that opens or closes before the last component has anything. */
static void open_quote(struct typed *t, size_t next, char quote)
{
	if (t->text.len != t->base_text)
		return;
	t->base = next;
	t->base_quote = quote;
}

static void read_typed(struct typed *t, const char *s, size_t pos)
{
	bool redirect = false, in_word = false;
	char quote = 0;
	size_t i, used;
	int c;

	memset(t, 0, sizeof(*t));
	t->command = true;
	t->of = "";
	for (i = 0; i < pos; i += used) {
		used = 1;
		c = s[i];
		if (!quote && is_meta(c)) {
			/* The end of a word. */
			if (in_word && !redirect && t->command) {
				t->command = stays_command(sb_str(&t->text));
				if (!t->command)
					t->of = arena_dup(&cmd_arena, t->text.p,
							  t->text.len);
			}
			if (in_word)
				redirect = false;
			if (c == '<' || c == '>') {
				redirect = true;
			} else if (c == '&' && i &&
				   (s[i - 1] == '>' || s[i - 1] == '<')) {
				redirect = true; /* as in 2>&1 */
			} else if (c != ' ' && c != '\t' && c != ')') {
				t->command = true;
				t->of = "";
				redirect = false;
			}
			in_word = false;
			continue;
		}
		if (!in_word) {
			in_word = true;
			t->text.len = 0;
			t->start = t->base = i;
			t->base_text = 0;
			t->base_quote = 0;
			t->dollar = 0;
		}
		if (quote == '$' && c == '\\') {
			c = dollar_quoted(s + i, pos - i, &used);
			put(t, i + used, c, quote);
		} else if (quote) {
			if (c == (quote == '$' ? '\'' : quote)) {
				open_quote(t, i + 1, quote = 0);
				continue;
			}
			if (c == '\\' && quote == '"' && i + 1 < pos &&
			    strchr("\"\\$`", s[i + 1])) {
				used = 2;
				c = s[i + 1];
			} else if (c == '$' && quote == '"') {
				put(t, i + 1, c, quote);
				t->dollar = i + 1;
				t->dollar_text = t->text.len;
				continue;
			}
			put(t, i + used, c, quote);
		} else if (c == '\\') {
			if (i + 1 < pos) {
				used = 2;
				if (s[i + 1] != '\n')
					put(t, i + 2, s[i + 1], quote);
			}
		} else if (c == '$' && i + 1 < pos && s[i + 1] == '\'') {
			open_quote(t, i + 2, quote = '$');
			used = 2;
		} else if (c == '\'' || c == '"') {
			open_quote(t, i + 1, quote = (char)c);
		} else if (c == '`') {
			t->command = true;
			t->of = "";
			in_word = false;
		} else {
			put(t, i + 1, c, quote);
			if (c == '$') {
				t->dollar = i + 1;
				t->dollar_text = t->text.len;
			}
		}
	}
	if (!in_word) {
		t->text.len = 0;
		t->start = t->base = pos;
		t->base_text = 0;
		t->base_quote = 0;
		t->dollar = 0;
	}
	t->command &= !redirect;
	sb_str(&t->text);
}

/* ---- what there is ---- */

/* The directory part of the word, with ~ and $NAME replaced. */
static const char *directory(const struct typed *t)
{
	struct strbuf sb = { 0 };
	const char *p = t->text.p, *end = p + t->base_text, *value;
	size_t n;

	if (p == end)
		return ".";
	if (p[0] == '~' && p[1] == '/' && (value = var_get("HOME"))) {
		sb_puts(&sb, value);
		p++;
	}
	while (p < end) {
		n = p[0] == '$' ? (size_t)name_len(p + 1) : 0;
		if (n && (value = var_get(arena_dup(&cmd_arena, p + 1, n)))) {
			sb_puts(&sb, value);
			p += n + 1;
		} else {
			sb_putc(&sb, *p++);
		}
	}
	return sb_str(&sb);
}

static bool is_directory(const char *dir, const struct dirent *d)
{
	struct strbuf sb = { 0 };
	struct stat st;

	if (d->d_type == DT_DIR)
		return true;
	if (d->d_type != DT_LNK && d->d_type != DT_UNKNOWN)
		return false;
	sb_puts(&sb, dir);
	sb_putc(&sb, '/');
	sb_puts(&sb, d->d_name);
	return stat(sb_str(&sb), &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_program(const char *dir, const char *name)
{
	struct strbuf sb = { 0 };
	struct stat st;

	sb_puts(&sb, dir);
	sb_putc(&sb, '/');
	sb_puts(&sb, name);
	return stat(sb_str(&sb), &st) == 0 && S_ISREG(st.st_mode) &&
	       access(sb.p, X_OK) == 0;
}

static bool wanted(const char *name, const char *prefix)
{
	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	if (name[0] != '.')
		return true;
	/* Hidden ones when asked for; .. when it is all there. */
	if (strcmp(name, ".") == 0)
		return false;
	return prefix[0] == '.' &&
	       (strcmp(name, "..") != 0 || strcmp(prefix, "..") == 0);
}

enum kind {
	ANY,
	DIRECTORIES,
	PROGRAMS, /* and directories, to go on from */
	PROGRAMS_OF_PATH,
};

/* Adds what a directory has, directories with a slash. */
static void add_files(struct args *out, const char *dir, const char *prefix,
		      enum kind kind)
{
	DIR *d = opendir(*dir ? dir : ".");
	struct strbuf sb = { 0 };
	struct dirent *e;
	bool folder;

	if (!d)
		return;
	while ((e = readdir(d))) {
		if (!wanted(e->d_name, prefix))
			continue;
		folder = kind != PROGRAMS_OF_PATH && is_directory(dir, e);
		if (!folder && (kind == DIRECTORIES ||
				(kind != ANY && !is_program(dir, e->d_name))))
			continue;
		memset(&sb, 0, sizeof(sb));
		sb_puts(&sb, e->d_name);
		if (folder)
			sb_putc(&sb, '/');
		args_add(out, sb_str(&sb));
	}
	closedir(d);
}

static void keep_wanted(struct args *names, const char *prefix)
{
	int i, n = 0;

	for (i = 0; i < names->n; i++)
		if (strncmp(names->v[i], prefix, strlen(prefix)) == 0)
			names->v[n++] = names->v[i];
	names->n = n;
}

static void add_commands(struct args *out, const char *prefix)
{
	const char *path = var_get("PATH"), *end;

	alias_names(out);
	func_names(out);
	builtin_names(out);
	keep_wanted(out, prefix);
	for (; path; path = *end ? end + 1 : NULL) {
		end = path + strcspn(path, ":");
		add_files(out,
			  end == path ? "."
				      : arena_dup(&cmd_arena, path,
						  (size_t)(end - path)),
			  prefix, PROGRAMS_OF_PATH);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct args *a)
{
	int i, n = 0;

	if (!a->n)
		return;
	qsort(a->v, (size_t)a->n, sizeof(*a->v), compare);
	for (i = 1; i < a->n; i++)
		if (strcmp(a->v[n], a->v[i]) != 0)
			a->v[++n] = a->v[i];
	a->n = n + 1;
}

/* How many bytes all of them begin with; no character is cut. */
static size_t common(const struct args *a)
{
	size_t n = strlen(a->v[0]);
	int i;

	for (i = 1; i < a->n; i++)
		while (strncmp(a->v[0], a->v[i], n) != 0)
			n--;
	while (n && ((unsigned char)a->v[0][n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* ---- as it is typed ---- */

static void put_dollar(struct strbuf *sb, const char *s, size_t n)
{
	sb_puts(sb, "$'");
	for (; n; n--, s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == 127) {
			sb_putc(sb, '\\');
			sb_putc(sb, '0' + (c >> 6));
			sb_putc(sb, '0' + (c >> 3 & 7));
			sb_putc(sb, '0' + (c & 7));
			continue;
		}
		if (c == '\'' || c == '\\')
			sb_putc(sb, '\\');
		sb_putc(sb, c);
	}
	sb_putc(sb, '\'');
}

/* Appends n bytes quoted as quote says; returns the quote that stays open. */
static char put_quoted(struct strbuf *sb, const char *s, size_t n, char quote,
		       bool first)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127)
			break;
	if (i < n || quote == '$') {
		if (quote)
			sb_putc(sb, quote == '$' ? '\'' : quote);
		put_dollar(sb, s, n);
		return 0;
	}
	for (; n; n--, s++, first = false) {
		if (quote == '\'') {
			if (*s == '\'')
				sb_puts(sb, "'\\'");
		} else if (quote == '"') {
			if (strchr("\"\\$`", *s))
				sb_putc(sb, '\\');
		} else if (strchr(" \t|&;<>()$`\\\"'*?[]#=!{}", *s) &&
			   (first || !strchr("#={}", *s))) {
			sb_putc(sb, '\\');
		} else if (first && *s == '~') {
			sb_putc(sb, '\\');
		}
		sb_putc(sb, *s);
	}
	return quote;
}

static void complete_variable(struct typed *t, struct completion *c)
{
	const char *prefix = t->text.p + t->dollar_text;
	size_t n;

	c->from = t->dollar;
	var_names(&c->names);
	keep_wanted(&c->names, prefix);
	sort_names(&c->names);
	if (!c->names.n)
		return;
	n = common(&c->names);
	if (n > strlen(prefix))
		c->text = arena_dup(&cmd_arena, c->names.v[0], n);
}

void complete(const char *line, size_t pos, struct completion *c)
{
	struct strbuf sb = { 0 };
	const char *prefix;
	struct typed t;
	bool folder;
	size_t n;
	char quote;

	memset(c, 0, sizeof(*c));
	read_typed(&t, line, pos);
	if (t.dollar && t.dollar_text >= t.base_text) {
		complete_variable(&t, c);
		return;
	}
	prefix = t.text.p + t.base_text;
	c->from = t.base;
	if (t.command && !t.base_text && t.text.p[0] != '~')
		add_commands(&c->names, prefix);
	if (!c->names.n)
		add_files(&c->names, directory(&t), prefix,
			  t.command ? PROGRAMS
			  : strcmp(t.of, "cd") == 0 ||
					  strcmp(t.of, "rmdir") == 0
				  ? DIRECTORIES
				  : ANY);
	sort_names(&c->names);
	if (!c->names.n)
		return;
	n = common(&c->names);
	if (c->names.n > 1 && n <= strlen(prefix))
		return;
	folder = c->names.n == 1 && c->names.v[0][n - 1] == '/';
	quote = put_quoted(&sb, c->names.v[0], n - folder, t.base_quote,
			   t.base == t.start);
	if (folder) {
		sb_putc(&sb, '/');
	} else if (c->names.n == 1) {
		if (quote)
			sb_putc(&sb, quote);
		sb_putc(&sb, ' ');
	}
	c->text = sb_str(&sb);
}
