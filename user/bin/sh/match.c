/*
 * Matching by one loop with one point to go back to: when something after a
 * star does not fit, the latest star takes one byte more. Earlier stars need
 * never be looked at again, so the time is length times length at worst.
 * Path names are matched one component after the other. See match.h.
 */
#include "user/bin/sh/match.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"

static bool in_class(const char *name, size_t len, int c)
{
	bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
	bool digit = is_digit(c), graph = c > 32 && c < 127;
	const struct {
		const char *name;
		bool yes;
	} classes[] = {
		{ "alnum", upper || lower || digit },
		{ "alpha", upper || lower },
		{ "blank", c == ' ' || c == '\t' },
		{ "cntrl", c < 32 || c == 127 },
		{ "digit", digit },
		{ "graph", graph },
		{ "lower", lower },
		{ "print", graph || c == ' ' },
		{ "punct", graph && !(upper || lower || digit) },
		{ "space", c == ' ' || (c >= '\t' && c <= '\r') },
		{ "upper", upper },
		{ "xdigit", hex_value(c) >= 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strncmp(classes[i].name, name, len) == 0 &&
		    !classes[i].name[len])
			return classes[i].yes;
	return false;
}

/* One member of a set, quoted or not; *p moves behind it. */
static int set_char(const char **p)
{
	if ((**p == PAT_QUOTE || **p == '\\') && (*p)[1])
		(*p)++;
	return (unsigned char)*(*p)++;
}

/*
 * A [set] that starts at p. Returns the byte behind it, or NULL when there
 * is no closing bracket and the "[" is itself.
 */
static const char *match_set(const char *p, int c, bool *yes)
{
	bool negate, first = true;
	const char *end;
	int lo, hi;

	p++;
	negate = *p == '!' || *p == '^';
	if (negate)
		p++;
	*yes = false;
	for (;; first = false) {
		if (!*p)
			return NULL;
		if (*p == ']' && !first)
			break;
		if (p[0] == '[' && p[1] == ':' && (end = strstr(p + 2, ":]"))) {
			if (in_class(p + 2, (size_t)(end - p - 2), c))
				*yes = true;
			p = end + 2;
			continue;
		}
		if (p[0] == '[' && (p[1] == '.' || p[1] == '=') && p[2] &&
		    p[3] == p[1] && p[4] == ']') {
			lo = (unsigned char)p[2];
			p += 5;
		} else {
			lo = set_char(&p);
		}
		hi = lo;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			hi = set_char(&p);
		}
		if (c >= lo && c <= hi)
			*yes = true;
	}
	*yes ^= negate;
	return p + 1;
}

bool match(const char *pat, const char *s, size_t len)
{
	const char *end = s + len, *star = NULL, *from = NULL, *next;
	bool yes;

	for (;;) {
		if (*pat == '*') {
			do
				pat++;
			while (*pat == '*');
			if (!*pat)
				return true;
			star = pat;
			from = s;
			continue;
		}
		if (s == end && !*pat)
			return true;
		if (s < end && *pat) {
			yes = false;
			next = pat + 1;
			if (*pat == '?') {
				yes = true;
			} else if (*pat == '[' &&
				   (next = match_set(pat, (unsigned char)*s,
						     &yes))) {
				;
			} else {
				next = pat;
				if ((*next == PAT_QUOTE || *next == '\\') &&
				    next[1])
					next++;
				yes = *next == *s;
				next++;
			}
			if (yes) {
				pat = next;
				s++;
				continue;
			}
		}
		if (!star || from == end)
			return false;
		pat = star;
		s = ++from;
	}
}

bool match_is_pattern(const char *pat)
{
	for (; *pat; pat++) {
		/* The command [ is no pattern. */
		if (*pat == '*' || *pat == '?' ||
		    (*pat == '[' && strchr(pat + 1, ']')))
			return true;
		if ((*pat == PAT_QUOTE || *pat == '\\') && pat[1])
			pat++;
	}
	return false;
}

char *match_unquote(char *s)
{
	char *from = s, *to = s;

	while (*from) {
		if (*from == PAT_QUOTE && from[1])
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return s;
}

/* The name that a component without active characters stands for. */
static char *unescape(char *s)
{
	char *from = s, *to = s;

	while (*from) {
		if ((*from == PAT_QUOTE || *from == '\\') && from[1])
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	return s;
}

/* path[0..len) is what is fixed so far; pat the rest. */
static void walk(struct strbuf *path, const char *pat, struct args *out)
{
	const char *slash = strchr(pat, '/');
	size_t plen = slash ? (size_t)(slash - pat) : strlen(pat);
	char *part = arena_dup(&cmd_arena, pat, plen);
	size_t len = path->len;
	struct args names = { 0 };
	struct dirent *de;
	struct stat st;
	DIR *dir;
	int i;

	if (!match_is_pattern(part)) {
		sb_puts(path, unescape(part));
		while (slash && *slash == '/') {
			sb_putc(path, '/');
			slash++;
		}
		if (slash && *slash)
			walk(path, slash, out);
		else if (lstat(sb_str(path), &st) == 0)
			args_add(out,
				 arena_dup(&cmd_arena, path->p, path->len));
		path->len = len;
		return;
	}
	dir = opendir(len ? sb_str(path) : ".");
	if (!dir)
		return;
	while ((de = readdir(dir))) {
		if (de->d_name[0] == '.' && part[0] != '.' &&
		    !(part[0] == PAT_QUOTE && part[1] == '.'))
			continue;
		if (match(part, de->d_name, strlen(de->d_name)))
			args_add(&names, arena_dup(&cmd_arena, de->d_name,
						   strlen(de->d_name)));
	}
	closedir(dir);
	for (i = 0; i < names.n; i++) {
		const char *rest = slash;

		path->len = len;
		sb_puts(path, names.v[i]);
		if (!rest) {
			args_add(out,
				 arena_dup(&cmd_arena, path->p, path->len));
			continue;
		}
		if (stat(sb_str(path), &st) < 0 || !S_ISDIR(st.st_mode))
			continue;
		while (*rest == '/')
			sb_putc(path, *rest++);
		if (*rest)
			walk(path, rest, out);
		else
			args_add(out,
				 arena_dup(&cmd_arena, path->p, path->len));
	}
	path->len = len;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int match_paths(const char *pat, struct args *out)
{
	struct strbuf path = { 0 };
	int before = out->n;
	int saved = errno;

	while (*pat == '/')
		sb_putc(&path, *pat++);
	walk(&path, pat, out);
	errno = saved;
	if (out->n > before + 1)
		qsort(out->v + before, (size_t)(out->n - before),
		      sizeof(*out->v), compare);
	return out->n - before;
}
