/*
 * Regular expressions: what matches, where, and where the groups are; what is
 * wrong; what would take for ever if something were tried twice.
 */
#include <regex.h>
#include <stdlib.h>

#include "user/lib/test/check.h"

#define E REG_EXTENDED
#define I REG_ICASE
#define N REG_NEWLINE

/* The places as "0-3 1-2 -", as many as there are groups. */
static const char *places(const char *re, int flags, const char *text, int how)
{
	static char out[400];
	regmatch_t pm[12];
	regex_t preg;
	size_t i, n = 0;
	int ret;

	ret = regcomp(&preg, re, flags);
	if (ret) {
		snprintf(out, sizeof(out), "error %d", ret);
		return out;
	}
	ret = regexec(&preg, text, 12, pm, how);
	if (ret == REG_NOMATCH)
		strcpy(out, "no");
	else if (ret)
		snprintf(out, sizeof(out), "failed %d", ret);
	for (i = 0; !ret && i <= preg.re_nsub && i < 12; i++) {
		if (i)
			out[n++] = ' ';
		if (pm[i].rm_so < 0)
			n += (size_t)sprintf(out + n, "-");
		else
			n += (size_t)sprintf(out + n, "%d-%d", (int)pm[i].rm_so,
					     (int)pm[i].rm_eo);
	}
	/* Without places the answer has to be the same. */
	if ((regexec(&preg, text, 0, NULL, how) == REG_NOMATCH) !=
	    (ret == REG_NOMATCH))
		strcat(out, " (otherwise without places)");
	regfree(&preg);
	return out;
}

static void test_places(void)
{
	static const struct {
		const char *re;
		int flags;
		const char *text, *want;
	} t[] = {
		{ "abc", 0, "xabcy", "1-4" },
		{ "abc", 0, "xaby", "no" },
		{ "", 0, "abc", "0-0" },
		{ "a*", 0, "baaa", "0-0" },
		{ "b*c", 0, "abbbcc", "1-5" },
		{ ".", 0, "\n", "0-1" },
		{ "a.c", 0, "abc", "0-3" },
		/* Anchors. */
		{ "^abc$", 0, "abc", "0-3" },
		{ "^b", 0, "ab", "no" },
		{ "a$b", 0, "a$b", "0-3" },
		{ "a^b", 0, "a^b", "0-3" },
		{ "^*a", 0, "*a", "0-2" },
		{ "^^a", 0, "^a", "0-2" },
		{ "\\(^a\\)", 0, "ba", "no" },
		{ "\\(a$\\)", 0, "ba", "1-2 1-2" },
		{ "^$", 0, "", "0-0" },
		{ "a|^b|c$", E, "xcb", "no" },
		{ "a|^b|b$", E, "xcb", "2-3" },
		{ "^a", N, "b\na", "2-3" },
		{ "b$", N, "b\na", "0-1" },
		{ "b$", 0, "b\na", "no" },
		{ "b.a", N, "b\na", "no" },
		{ "b[^x]a", N, "b\na", "no" },
		{ "b[^x]a", 0, "b\na", "0-3" },
		{ "x*$", N, "ab\nxx", "2-2" },
		/* Stars and intervals. */
		{ "*a", 0, "b*a", "1-3" },
		{ "\\(*a\\)", 0, "*a", "0-2 0-2" },
		{ "a\\{2,3\\}", 0, "aaaa", "0-3" },
		{ "a\\{2\\}", 0, "aaaa", "0-2" },
		{ "a\\{2,\\}", 0, "baaaa", "1-5" },
		{ "a{0}b", E, "aab", "2-3" },
		{ "a{,2}b", E, "aaab", "1-4" },
		{ "(ab){2}", E, "ababab", "0-4 2-4" },
		{ "(a{2}){2}", E, "aaaaa", "0-4 2-4" },
		{ "a+b?c", E, "aac", "0-3" },
		{ "(a|b){3,4}c", E, "ababac", "1-6 4-5" },
		{ "x(a{0,2})(a*)", E, "xaaaa", "0-5 1-3 3-5" },
		{ "[ab]{255}", E, "ab", "no" },
		/* The longest, whatever stands first. */
		{ "a|ab|abc", E, "abcd", "0-3" },
#ifndef __GLIBC__ /* it takes the first that matches, here */
		{ "(a|ab)(c|bcd)(d*)", E, "abcd", "0-4 0-2 2-3 3-4" },
		{ "(a|ab)(bcd|c)(d*)", E, "abcd", "0-4 0-2 2-3 3-4" },
#endif
		{ "(ab|a)(c|bcd)(d*)", E, "abcd", "0-4 0-2 2-3 3-4" },
		{ "(a*)(ab)*(b*)", E, "abb", "0-3 0-1 - 1-3" },
		{ "(a*)(b|abc)(c*)", E, "abc", "0-3 0-1 1-2 2-3" },
		{ "xyz|z|zyx", E, "azyx", "1-4" },
		/* Groups. */
		{ "(.*)-(.*)", E, "a-b-c", "0-5 0-3 4-5" },
		{ "([0-9]+)-([0-9]+)", E, "x12-345", "1-7 1-3 4-7" },
		{ "(a*)*", E, "b", "0-0 0-0" },
		{ "(a*)+", E, "b", "0-0 0-0" },
		{ "(a|b)*", E, "abab", "0-4 3-4" },
		{ "(a)|(b)", E, "b", "0-1 - 0-1" },
		{ "()b", E, "ab", "1-2 1-1" },
		{ "((a)(b))?c", E, "c", "0-1 - - -" },
		{ "((a)(b))?c", E, "abc", "0-3 0-2 0-1 1-2" },
		{ "\\(a\\)\\(b\\)", 0, "ab", "0-2 0-1 1-2" },
		{ "(a|)b", E, "b", "0-1 0-0" },
		{ "(((((((((a)))))))))", E, "a",
		  "0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1 0-1" },
		{ "(foo|bar)+(x)?", E, "foobarx", "0-7 3-6 6-7" },
		/* Brackets. */
		{ "[]a]*", 0, "]a]", "0-3" },
		{ "[^]a]", 0, "]ab", "2-3" },
		{ "[a-c]*", 0, "abcd", "0-3" },
		{ "[a-]*", 0, "a-b", "0-2" },
		{ "[-a]*", 0, "a-b", "0-2" },
		{ "[+--]*", 0, "+,-.", "0-3" },
		{ "[\\n]*", 0, "\\n", "0-2" },
		{ "[[:digit:][:upper:]x]*", 0, "1Ax_", "0-3" },
		{ "[^[:space:]]*", 0, "ab c", "0-2" },
		{ "[[.-.]a]*", 0, "a-b", "0-2" },
		{ "[[=a=]b]*", 0, "abc", "0-2" },
		{ "[[.a.]-c]*", 0, "abcd", "0-3" },
		{ "[a\\]]", 0, "\\]", "0-2" },
		/* Case. */
		{ "aBc", I, "xAbC", "1-4" },
		{ "[a-c]*", I, "aBCd", "0-3" },
		{ "[^a]", I, "Ab", "1-2" },
		{ "[[:upper:]]", I, "a", "0-1" },
		{ "\\(a\\)\\1", I, "aA", "0-2 0-1" },
		/* Back-references. */
		{ "\\(a*\\)b\\1", 0, "aabaa", "0-5 0-2" },
		{ "\\(.\\)\\1", 0, "abccd", "2-4 2-3" },
		{ "\\(ab\\)*\\1", 0, "ababab", "0-6 2-4" },
		{ "^\\(.*\\)\\n\\1$", 0, "abnab", "0-5 0-2" },
		{ "^\\(.*\\)-\\1$", 0, "ab-ab", "0-5 0-2" },
		{ "\\(.\\)\\(.\\)\\2\\1", 0, "xabba", "1-5 1-2 2-3" },
		{ "\\([a-c]*\\)\\1x", 0, "abcabcx", "0-7 0-3" },
		/* What others know, too. */
		{ "\\<b", 0, "ab b", "3-4" },
		{ "a\\>", 0, "ab a", "3-4" },
		{ "\\bfoo\\b", 0, "afoo foo", "5-8" },
		{ "o\\B", 0, "o oo", "2-3" },
		{ "\\w*", 0, "a_1-", "0-3" },
		{ "\\W", 0, "a_1-", "3-4" },
		{ "\\s\\S", 0, "ab cd", "2-4" },
		{ "a\\|b", 0, "xb", "1-2" },
		{ "a\\+b\\?", 0, "xaab", "1-4" },
		{ "\\.\\*\\[", 0, "a.*[", "1-4" },
		{ "\377\200", 0, "a\377\200", "1-3" },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		const char *got = places(t[i].re, t[i].flags, t[i].text, 0);

		if (strcmp(got, t[i].want)) {
			printf("%s on \"%s\": %s, not %s\n", t[i].re, t[i].text,
			       got, t[i].want);
			check_failed = 1;
		}
	}
}

static void test_errors(void)
{
	static const struct {
		const char *re;
		int flags, want;
	} t[] = {
		{ "a\\", 0, REG_EESCAPE },
		{ "[a", 0, REG_EBRACK },
		{ "[[:alpha:", 0, REG_EBRACK },
		{ "[[:nonsense:]]", 0, REG_ECTYPE },
		{ "[z-a]", 0, REG_ERANGE },
		{ "\\(a", 0, REG_EPAREN },
		{ "(a", E, REG_EPAREN },
		{ "a\\)", 0, REG_EPAREN },
		{ "\\1", 0, REG_ESUBREG },
		{ "\\(a\\1\\)", 0, REG_ESUBREG },
		{ "a\\{2", 0, REG_EBRACE },
		{ "a\\{3,2\\}", 0, REG_BADBR },
		{ "a\\{99999\\}", 0, 0 },
		{ "*", E, REG_BADRPT },
		{ "a|*", E, REG_BADRPT },
		{ "(+a)", E, REG_BADRPT },
	};
	char text[100];
	regex_t preg;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		ret = regcomp(&preg, t[i].re, t[i].flags);
		/* Too large a number is one error or another. */
		if (t[i].want ? ret != t[i].want : !ret) {
			printf("%s: error %d, not %d\n", t[i].re, ret,
			       t[i].want);
			check_failed = 1;
		}
		CHECK(regerror(ret, &preg, text, sizeof(text)) ==
		      strlen(text) + 1);
		if (!ret)
			regfree(&preg);
	}
	ret = regcomp(&preg, "[a", 0);
	i = regerror(ret, &preg, NULL, 0);
	CHECK(i > 3 && regerror(ret, &preg, text, 4) == i && strlen(text) == 3);
}

static void test_flags(void)
{
	regmatch_t pm[2] = { { 2, 5 } };
	regex_t preg;

	CHECK_STR(places("^a", 0, "a", REG_NOTBOL), "no");
	CHECK_STR(places("a$", 0, "a", REG_NOTEOL), "no");
	CHECK_STR(places("^a", N, "b\na", REG_NOTBOL), "2-3");
	CHECK_STR(places("a$", N, "a\nb", REG_NOTEOL), "0-1");
	CHECK(regcomp(&preg, "a\\(b\\)", REG_NOSUB) == 0);
	CHECK(preg.re_nsub == 1);
	CHECK(regexec(&preg, "xab", 0, NULL, 0) == 0);
	CHECK(regexec(&preg, "xaxb", 0, NULL, 0) == REG_NOMATCH);
	regfree(&preg);
#ifdef REG_STARTEND
	/* Part of a text; a zero byte is a byte. */
	CHECK(regcomp(&preg, "b[^a]c", 0) == 0);
	CHECK(regexec(&preg, "bxb\0cx", 2, pm, REG_STARTEND) == 0);
	CHECK(pm[0].rm_so == 2 && pm[0].rm_eo == 5 && pm[1].rm_so == -1);
	pm[0].rm_so = 0;
	pm[0].rm_eo = 4;
	CHECK(regexec(&preg, "bxb\0cx", 1, pm, REG_STARTEND) == REG_NOMATCH);
	regfree(&preg);
	/* What stands before it counts. */
	CHECK(regcomp(&preg, "^a\\|\\<b", 0) == 0);
	pm[0].rm_so = 1;
	pm[0].rm_eo = 3;
	CHECK(regexec(&preg, "aab", 1, pm, REG_STARTEND) == REG_NOMATCH);
	regfree(&preg);
#endif
}

/* Each of these has taken some matcher longer than anybody waits. */
static void test_effort(void)
{
	static char text[20001];
	regmatch_t pm[4];
	regex_t preg;

	memset(text, 'a', sizeof(text) - 1);
	CHECK(regcomp(&preg, "^(a*)*(b|c)$", E) == 0);
	CHECK(regexec(&preg, text, 0, NULL, 0) == REG_NOMATCH);
	regfree(&preg);
	CHECK(regcomp(&preg, "(a|aa)+x|(a+a+)+y|(((a?)*)*)z", E | REG_NOSUB) ==
	      0);
	CHECK(regexec(&preg, text, 0, NULL, 0) == REG_NOMATCH);
	regfree(&preg);
	text[300] = 0;
	CHECK(regcomp(&preg, "(a?){100}(a*)", E) == 0);
	CHECK(regexec(&preg, text, 3, pm, 0) == 0);
	CHECK(pm[0].rm_eo == 300 && pm[1].rm_eo == 100 && pm[2].rm_so == 100);
	regfree(&preg);
}

int main(void)
{
	test_places();
	test_errors();
	test_flags();
	test_effort();
	puts(check_failed ? "regex: failed" : "regex: ok");
	return check_failed;
}
