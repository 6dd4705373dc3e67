/*
 * expr: evaluate an expression of words: | & = != < <= > >= + - * / % : and
 * parentheses, with match, substr, index and length.  The status is 0 when the
 * result is neither empty nor 0, 1 when it is, 2 for a wrong expression.
 *
 * A rule for each level, lowest first.  What | and & decide without their
 * right side is still read, but not computed: `live` tells.  Numbers may be as
 * large as the memory.
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

/* Whether it is a number; -2: one that is too large, *n as near as can be. */
static int is_number(const char *s, intmax_t *n)
{
	const char *p = s + (*s == '-');

	if (!*p || p[strspn(p, "0123456789")])
		return 0;
	errno = 0;
	*n = strtoimax(s, NULL, 10);
	return errno ? -2 : 1;
}

/*
 * Numbers that are too large for the machine are reckoned digit by digit, as
 * on paper. Of what follows a and b are digits alone, without zeros in front.
 */
static const char *digits_of(const char *s)
{
	s += *s == '-';
	return s + strspn(s, "0");
}

static int compare_digits(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	return n != m ? (n > m) - (n < m) : strcmp(a, b);
}

/* a + b, or for a sign of -1 a - b, where a is the larger one. */
static char *add_digits(const char *a, const char *b, int sign)
{
	size_t n = strlen(a), m = strlen(b), size = (n > m ? n : m) + 1, i;
	char *sum = need(malloc(size + 1));
	int d = 0;

	sum[size] = 0;
	for (i = 0; i < size; i++) {
		d += i < n ? a[n - 1 - i] - '0' : 0;
		d += i < m ? sign * (b[m - 1 - i] - '0') : 0;
		sum[size - 1 - i] = (char)('0' + (d + 10) % 10);
		d = d < 0 ? -1 : d / 10;
	}
	return sum;
}

static char *multiply_digits(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), i, k;
	char *product = need(malloc(n + m + 1));
	int d;

	memset(product, '0', n + m);
	product[n + m] = 0;
	for (i = n; i--;) {
		for (d = 0, k = m; k--; d /= 10) {
			d += (a[i] - '0') * (b[k] - '0') + product[i + k + 1] -
			     '0';
			product[i + k + 1] = (char)('0' + d % 10);
		}
		product[i] = (char)('0' + d);
	}
	return product;
}

/* a / b, and *rest. */
static char *divide_digits(const char *a, const char *b, char **rest)
{
	char *quotient = need(strdup(a)), *q, *r = need(strdup("")), *less;

	for (q = quotient; *q; q++) {
		char digit[2] = { *q, 0 };

		if (asprintf(&less, "%s%s", digits_of(r), digit) < 0)
			err(3, NULL);
		free(r);
		r = less;
		for (*q = '0'; compare_digits(digits_of(r), b) >= 0; ++*q) {
			less = add_digits(digits_of(r), b, -1);
			free(r);
			r = less;
		}
	}
	*rest = r;
	return quotient;
}

static char *compute_large(const char *x, char op, const char *y)
{
	const char *a = digits_of(x), *b = digits_of(y);
	int negative = *x == '-', other = *y == '-';
	char *digits, *rest, *result;

	if (op == '-')
		other = !other;
	if (op == '*') {
		digits = multiply_digits(a, b);
		negative ^= other;
	} else if (op == '/' || op == '%') {
		digits = divide_digits(a, b, &rest);
		if (op == '/')
			negative ^= other;
		result = op == '/' ? rest : digits;
		digits = op == '/' ? digits : rest;
		free(result);
	} else if (negative == other) {
		digits = add_digits(a, b, 1);
	} else if (compare_digits(a, b) >= 0) {
		digits = add_digits(a, b, -1);
	} else {
		digits = add_digits(b, a, -1);
		negative = other;
	}
	a = digits_of(digits);
	if (asprintf(&result, "%s%s", negative && *a ? "-" : "", *a ? a : "0") <
	    0)
		err(3, NULL);
	free(digits);
	return result;
}

/* As with strcmp; both are numbers. */
static int compare_numbers(const char *x, const char *y)
{
	const char *a = digits_of(x), *b = digits_of(y);
	int negative = *x == '-' && *a, other = *y == '-' && *b;

	if (negative != other)
		return other - negative;
	return negative ? compare_digits(b, a) : compare_digits(a, b);
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
		if (!is_number(b, &at) || !is_number(c, &n) || at < 1 ||
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
	intmax_t x, y, n = 0;
	int is_x = is_number(a, &x), is_y = is_number(b, &y), large;
	char *result;

	if (!is_x || !is_y)
		errx(2, "non-integer argument");
	large = is_x < 0 || is_y < 0;
	if ((op == '/' || op == '%') && !*digits_of(b))
		errx(2, "division by zero");
	switch (large ? 0 : op) {
	case '+':
		large = __builtin_add_overflow(x, y, &n);
		break;
	case '-':
		large = __builtin_sub_overflow(x, y, &n);
		break;
	case '*':
		large = __builtin_mul_overflow(x, y, &n);
		break;
	case '/':
	case '%':
		/* The one quotient that does not fit. */
		if (x == INTMAX_MIN && y == -1)
			large = 1;
		else
			n = op == '/' ? x / y : x % y;
		break;
	}
	result = large ? compute_large(a, op, b) : from_number(n);
	free(a);
	free(b);
	return result;
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
	intmax_t x;
	int i, order, yes;

	for (;;) {
		for (i = 0; ops[i] && !next_is(ops[i]); i++)
			;
		if (!ops[i])
			return a;
		b = read_sum(live);
		if (is_number(a, &x) && is_number(b, &x))
			order = compare_numbers(a, b);
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
