/* Patterns: fnmatch, glob in the folder where it is started, and regex. */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <glob.h>
#include <regex.h>

#include "user/lib/dice/dice.h"

static char *joined(char *s, const char *const *pieces, size_t kinds,
		    size_t most)
{
	size_t n;

	*s = 0;
	for (n = dice(most + 1); n; n--)
		strcat(s, pieces[dice(kinds)]);
	return s;
}

static const char *const globs[] = {
	"a",    "b",    ".",    "/",           "*",
	"?",    "[ab]", "[!a]", "[^.b]",       "[a-c]",
	"[]a]", "\\*",  "\\a",  "[[:alpha:]]", "[[:digit:][:space:]]",
	"ab",   "A",    "**",   "[b-]",        "[\\]a]",
	"1"
};

static void names(void)
{
	char pattern[200], name[20];
	int flags = 0;

	flags |= dice(2) ? FNM_PATHNAME : 0;
	flags |= dice(3) ? 0 : FNM_PERIOD;
	flags |= dice(4) ? 0 : FNM_NOESCAPE;
	flags |= dice(4) ? 0 : FNM_CASEFOLD;
	flags |= dice(5) ? 0 : FNM_LEADING_DIR;
	joined(pattern, globs, COUNT(globs), 6);
	dice_text(name, "aab.b/cA1*[]\\", 7);
	printf("fnmatch ");
	dice_show(pattern, strlen(pattern));
	putchar(' ');
	dice_show(name, strlen(name));
	printf(" %x: %d", (unsigned int)flags, fnmatch(pattern, name, flags));
}

/* The test has made files here; see there. */
static void files(void)
{
	static const char *const pieces[] = { "*",   "?",    "a",    "b",
					      ".",   "/",    "[ab]", "[!a]",
					      "dir", "link", "*/",   "./",
					      "\\*", "sub",  "none" };
	char pattern[100];
	int flags = 0, ret;
	glob_t g;
	size_t i;

	flags |= dice(2) ? GLOB_MARK : 0;
	flags |= dice(3) ? 0 : GLOB_NOCHECK;
	flags |= dice(4) ? 0 : GLOB_NOESCAPE;
	flags |= dice(4) ? 0 : GLOB_DOOFFS;
	/* Only what is here; and a slash at the end glibc drops or doubles. */
	do
		joined(pattern, pieces, COUNT(pieces), 5);
	while (*pattern == '/' || !*pattern || strstr(pattern, "//") ||
	       strchr(pattern, 0)[-1] == '/');
	memset(&g, 0, sizeof(g));
	g.gl_offs = 2;
	ret = glob(pattern, flags, NULL, &g);
	if (ret == 0 && dice(4) == 0)
		ret = glob("a*", flags | GLOB_APPEND, NULL, &g);
	printf("glob %s %x: %d %zu", pattern, (unsigned int)flags, ret,
	       g.gl_pathc);
	for (i = 0; ret == 0 && i < g.gl_pathc; i++)
		printf(" %s",
		       g.gl_pathv[i + (flags & GLOB_DOOFFS ? g.gl_offs : 0)]);
	if (ret == 0)
		globfree(&g);
}

/* Without what POSIX leaves undefined, as * behind nothing. */
static void pattern_of(char *s, int extended, int depth, int *groups)
{
	static const char *const atoms[] = {
		"a",      "b",    "c",           ".",       "ab",
		"[ab]",   "[^a]", "[[:alpha:]]", "[a-c1]",  "[]a]",
		"[^]b-]", "\\.",  "\\*",         "[[.a.]]", "[[=b=]]",
		"\\[",    "1",    " ",           "A"
	};
	static const char *const basic[] = { "*", "\\{2\\}", "\\{1,2\\}",
					     "\\{0,\\}", "\\{0\\}" };
	static const char *const more[] = { "*",     "+",    "?",   "{2}",
					    "{1,3}", "{0,}", "{0}", "{1,}" };
	int n = 1 + (int)dice(4);

	while (n--) {
		if (depth && dice(4) == 0) {
			strcat(s, extended ? "(" : "\\(");
			pattern_of(s, extended, depth - 1, groups);
			strcat(s, extended ? ")" : "\\)");
			++*groups;
		} else {
			strcat(s, PICK(atoms));
		}
		if (dice(3) == 0)
			strcat(s, extended ? PICK(more) : PICK(basic));
		if (extended && n && dice(6) == 0)
			strcat(s, "|");
	}
}

static void regular(void)
{
	static const char *const broken[] = {
		"(",     ")",        "a)b",      "[",         "[a",     "\\(",
		"\\)",   "a{1",      "a{2,1}",   "[[:foo:]]", "[b-a]",  "\\",
		"*",     "+",        "?",        "a|",        "|a",     "()",
		"a||b",  "(*a)",     "[[.",      "[[=a",      "{",      "a{,2}",
		"a\\{1", "\\{1\\}",  "a{99999}", "\\1",       "(a)\\2", "",
		"^",     "$",        "a^b",      "a$b",       "(^a)",   "(a$)",
		"[]",    "[^]",      "[a",       "a]",        "}",      "a}",
		"[a-]",  "\\(^a\\)", "\\(*a\\)"
	};
	int extended = (int)dice(2), flags = 0, eflags = 0, groups = 0, ret;
	char pattern[600] = "", text[20];
	regmatch_t m[2];
	regex_t re;

	if (dice(12) == 0) {
		strcpy(pattern, PICK(broken));
	} else {
		if (dice(6) == 0)
			strcat(pattern, "^");
		pattern_of(pattern, extended, 2, &groups);
		/* What a group that was repeated holds, glibc may forget. */
		if (!extended && groups && !strstr(pattern, "\\)*") &&
		    !strstr(pattern, "\\)\\{") && dice(6) == 0)
			strcat(pattern, "\\1");
		if (dice(6) == 0)
			strcat(pattern, "$");
	}
	flags |= extended ? REG_EXTENDED : 0;
	flags |= dice(5) ? 0 : REG_ICASE;
	flags |= dice(5) ? 0 : REG_NEWLINE;
	eflags |= dice(8) ? 0 : REG_NOTBOL;
	eflags |= dice(8) ? 0 : REG_NOTEOL;
	dice_text(text, "aaabbbc1A. \n[]*", 12);
	ret = regcomp(&re, pattern, flags);
	printf("regex ");
	dice_show(pattern, strlen(pattern));
	putchar(' ');
	dice_show(text, strlen(text));
	printf(" %x %x: %s", (unsigned int)flags, (unsigned int)eflags,
	       ret ? "wrong" : "good");
	if (ret)
		return;
	m[0].rm_so = m[0].rm_eo = -1;
	printf(" %zu", re.re_nsub);
	ret = regexec(&re, text, 1, m, eflags);
	printf(" %s", ret == 0             ? "match"
		      : ret == REG_NOMATCH ? "no"
					   : "failed");
	if (ret == 0)
		printf(" %d-%d", (int)m[0].rm_so, (int)m[0].rm_eo);
	regfree(&re);
}

int main(int argc, char **argv)
{
	unsigned long cases = dice_begin(argc, argv);

	while (cases--) {
		switch (dice(5)) {
		case 0:
			names();
			break;
		case 1:
			files();
			break;
		default:
			regular();
		}
		putchar('\n');
	}
	return 0;
}
