/*
 * expr: evaluate an expression of words: | & = != < <= > >= + - * / % : and
 * parentheses, with match, substr, index and length.  The status is 0 when the
 * result is neither empty nor 0, 1 when it is, 2 for a wrong expression.
 *
 * A rule for each level, lowest first.  What | and & decide without their
 * right side is still read, but not computed: `live` tells.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **words;

static char *need(char *s)
{
	if (!s)
		err(3, NULL);
	return s;
}

static int next_is(const char *s)
{
	if (!*words || strcmp(*words, s) != 0)
		return 0;
	words++;
	return 1;
}

static char *from_number(intmax_t n)
{
	char *s;

	if (asprintf(&s, "%jd", n) < 0)
		err(3, NULL);
	return s;
}

/* Whether it is a number; -2: one that is too large. */
static int is_number(const char *s, intmax_t *n)
{
	const char *p = s + (*s == '-');

	if (!*p || p[strspn(p, "0123456789")])
		return 0;
	errno = 0;
	*n = strtoimax(s, NULL, 10);
	return errno ? -2 : 1;
}

static intmax_t to_number(const char *s)
{
	intmax_t n;
	int ret = is_number(s, &n);

	if (!ret)
		errx(2, "non-integer argument");
	if (ret < 0)
		errx(2, "%s: number out of range", s);
	return n;
}

static int is_null(const char *s)
{
	const char *p = s + (*s == '-');

	/* "-0" and "00" are 0 as well. */
	return !*s || (*p && !p[strspn(p, "0")]);
}

static char *match(const char *s, const char *pattern, int live)
{
	regmatch_t m[2];
	regex_t re;
	char text[200];
	char *anchored, *ret;
	int code;

	if (!live)
		return need(strdup(""));
	code = regcomp(&re, pattern, 0);
	if (code) {
		regerror(code, &re, text, sizeof(text));
		errx(2, "%s", text);
	}
	/* The pattern is bound to the beginning: "a\|b" as a whole. */
	anchored = NULL;
	code = regexec(&re, s, 2, m, 0);
	if (!code && m[0].rm_so != 0) {
		size_t groups = re.re_nsub;

		/* A later match was longer or first; ask for one at 0. */
		regfree(&re);
		if (asprintf(&anchored, "^\\(%s\\)", pattern) < 0)
			err(3, NULL);
		code = regcomp(&re, anchored, 0);
		if (code)
			errx(2, "invalid regular expression");
		if (groups) {
			regmatch_t n[3];

			code = regexec(&re, s, 3, n, 0);
			m[0] = n[0];
			m[1] = n[2];
		} else {
			code = regexec(&re, s, 1, m, 0);
		}
		re.re_nsub = groups;
	}
	if (re.re_nsub)
		ret = code || m[1].rm_so < 0
			      ? need(strdup(""))
			      : need(strndup(
					s + m[1].rm_so,
					(size_t)(m[1].rm_eo - m[1].rm_so)));
	else
		ret = from_number(code ? 0 : m[0].rm_eo);
	regfree(&re);
	free(anchored);
	return ret;
}

static char *read_or(int live);

static char *read_primary(int live)
{
	char *a, *b, *c, *ret;
	intmax_t at, n;
	size_t len;

	if (!*words)
		errx(2, "syntax error: missing argument");
	if (next_is("(")) {
		a = read_or(live);
		if (!next_is(")"))
			errx(2, "syntax error: expecting ')'");
		return a;
	}
	if (!strcmp(*words, ")"))
		errx(2, "syntax error: unexpected ')'");
	if (next_is("+")) {
		/* What follows is a word, even if it is a keyword. */
		if (!*words)
			errx(2, "syntax error: missing argument after '+'");
		return need(strdup(*words++));
	}
	if (next_is("length")) {
		a = read_primary(live);
		ret = from_number((intmax_t)strlen(a));
		free(a);
		return ret;
	}
	if (next_is("match")) {
		a = read_primary(live);
		b = read_primary(live);
		ret = match(a, b, live);
		free(a);
		free(b);
		return ret;
	}
	if (next_is("index")) {
		a = read_primary(live);
		b = read_primary(live);
		len = strcspn(a, b);
		ret = from_number(a[len] ? (intmax_t)len + 1 : 0);
		free(a);
		free(b);
		return ret;
	}
	if (next_is("substr")) {
		a = read_primary(live);
		b = read_primary(live);
		c = read_primary(live);
		len = strlen(a);
		if (is_number(b, &at) != 1 || is_number(c, &n) != 1 || at < 1 ||
		    n < 1 || at > (intmax_t)len)
			ret = need(strdup(""));
		else
			ret = need(strndup(a + at - 1, (size_t)n));
		free(a);
		free(b);
		free(c);
		return ret;
	}
	return need(strdup(*words++));
}

static char *read_match(int live)
{
	char *a = read_primary(live), *b, *ret;

	while (next_is(":")) {
		b = read_primary(live);
		ret = match(a, b, live);
		free(a);
		free(b);
		a = ret;
	}
	return a;
}

static char *compute(char *a, char op, char *b)
{
	intmax_t x = to_number(a), y = to_number(b), n = 0;
	int wrong = 0;

	switch (op) {
	case '+':
		wrong = __builtin_add_overflow(x, y, &n);
		break;
	case '-':
		wrong = __builtin_sub_overflow(x, y, &n);
		break;
	case '*':
		wrong = __builtin_mul_overflow(x, y, &n);
		break;
	case '/':
	case '%':
		if (!y)
			errx(2, "division by zero");
		/* The one quotient that does not fit. */
		if (x == INTMAX_MIN && y == -1)
			wrong = op == '/';
		else
			n = op == '/' ? x / y : x % y;
		break;
	}
	if (wrong)
		errx(2, "%s %c %s: number out of range", a, op, b);
	free(a);
	free(b);
	return from_number(n);
}

static char *read_product(int live)
{
	char *a = read_match(live), *b;
	char op;

	while (*words && strlen(*words) == 1 && strchr("*/%", **words)) {
		op = *(*words++);
		b = read_match(live);
		if (live)
			a = compute(a, op, b);
		else
			free(b);
	}
	return a;
}

static char *read_sum(int live)
{
	char *a = read_product(live), *b;
	char op;

	while (*words && strlen(*words) == 1 && strchr("+-", **words)) {
		op = *(*words++);
		b = read_product(live);
		if (live)
			a = compute(a, op, b);
		else
			free(b);
	}
	return a;
}

static char *read_comparison(int live)
{
	static const char *const ops[] = { "<",  "<=", "=", "==",
					   "!=", ">=", ">", NULL };
	char *a = read_sum(live), *b;
	intmax_t x, y;
	int i, order, yes;

	for (;;) {
		for (i = 0; ops[i] && !next_is(ops[i]); i++)
			;
		if (!ops[i])
			return a;
		b = read_sum(live);
		if (is_number(a, &x) == 1 && is_number(b, &y) == 1)
			order = (x > y) - (x < y);
		else
			order = strcoll(a, b);
		yes = i == 0   ? order < 0
		      : i == 1 ? order <= 0
		      : i <= 3 ? order == 0
		      : i == 4 ? order != 0
		      : i == 5 ? order >= 0
			       : order > 0;
		free(a);
		free(b);
		a = from_number(yes);
	}
}

static char *read_and(int live)
{
	char *a = read_comparison(live), *b;

	while (next_is("&")) {
		b = read_comparison(live && !is_null(a));
		if (is_null(a) || is_null(b)) {
			free(a);
			a = from_number(0);
		}
		free(b);
	}
	return a;
}

static char *read_or(int live)
{
	char *a = read_and(live), *b;

	while (next_is("|")) {
		b = read_and(live && is_null(a));
		if (is_null(a)) {
			free(a);
			a = is_null(b) ? from_number(0) : need(strdup(b));
		}
		free(b);
	}
	return a;
}

static int usage(int status)
{
	fputs("usage: expr expression\n"
	      "lowest first: |  &  < <= = != >= >  + -  * / %  text : pattern\n"
	      "match text pattern, substr text at length, index text letters, "
	      "length text,\n"
	      "+ word, ( expression )\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	char *result;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(0);
	words = argv + 1;
	if (*words && !strcmp(*words, "--"))
		words++;
	if (!*words) {
		warnx("missing operand");
		return usage(2);
	}
	result = read_or(1);
	if (*words)
		errx(2, "syntax error: unexpected argument '%s'", *words);
	if (puts(result) == EOF || fflush(stdout))
		err(3, "write error");
	return is_null(result);
}
