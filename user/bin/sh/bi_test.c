/*
 * test and [: by the number of arguments up to four, as POSIX says, so that
 * no operand can be taken for an operator; longer ones by a small grammar
 * with -a, -o, ! and parentheses. See builtin.h.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/builtin.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/redir.h"

struct test {
	char **v;
	int n, at;
	const char *who;
	bool error;
};

static bool or_expr(struct test *t, int depth);

static void fail(struct test *t, const char *arg, const char *why)
{
	if (!t->error)
		err_print("%s: %s%s%s", t->who, arg, *arg ? ": " : "", why);
	t->error = true;
}

static long number(struct test *t, const char *s)
{
	const char *p = s;
	unsigned long n = 0, max;
	bool minus, good;

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	minus = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	max = (unsigned long)LONG_MAX + minus;
	good = is_digit(*p);
	for (; is_digit(*p) && good; p++) {
		unsigned long d = (unsigned long)(*p - '0');

		good = n <= (max - d) / 10;
		n = n * 10 + d;
	}
	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	if (*p || !good)
		fail(t, "Illegal number", s);
	return (long)(minus ? 0 - n : n);
}

static bool is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] &&
	       strchr("bcdefghknprstuwxzGLOS", s[1]);
}

static bool unary(struct test *t, int op, const char *s)
{
	struct stat st;

	switch (op) {
	case 'n':
		return *s;
	case 'z':
		return !*s;
	case 't':
		return isatty((int)number(t, s));
	case 'r':
		return access(s, R_OK) == 0;
	case 'w':
		return access(s, W_OK) == 0;
	case 'x':
		return access(s, X_OK) == 0;
	case 'h':
	case 'L':
		return lstat(s, &st) == 0 && S_ISLNK(st.st_mode);
	}
	if (stat(s, &st) < 0)
		return false;
	switch (op) {
	case 'b':
		return S_ISBLK(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode);
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'f':
		return S_ISREG(st.st_mode);
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 'S':
		return S_ISSOCK(st.st_mode);
	case 's':
		return st.st_size > 0;
	case 'u':
		return st.st_mode & S_ISUID;
	case 'g':
		return st.st_mode & S_ISGID;
	case 'k':
		return st.st_mode & S_ISVTX;
	case 'O':
		return st.st_uid == geteuid();
	case 'G':
		return st.st_gid == getegid();
	}
	return true; /* -e */
}

static const char *const binaries[] = {
	"=",   "==",  "!=",  "<",   ">",   "-eq", "-ne",
	"-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef",
};

static int binary_op(const char *s)
{
	int i;

	for (i = 0; i < (int)(sizeof(binaries) / sizeof(*binaries)); i++)
		if (strcmp(binaries[i], s) == 0)
			return i;
	return -1;
}

static bool newer(const struct stat *a, const struct stat *b)
{
	if (a->st_mtim.tv_sec != b->st_mtim.tv_sec)
		return a->st_mtim.tv_sec > b->st_mtim.tv_sec;
	return a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static bool files(int op, const char *a, const char *b)
{
	struct stat x, y;
	bool have_x = stat(a, &x) == 0, have_y = stat(b, &y) == 0;

	if (op == 11)
		return have_x && (!have_y || newer(&x, &y));
	if (op == 12)
		return have_y && (!have_x || newer(&y, &x));
	return have_x && have_y && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool binary(struct test *t, int op, const char *a, const char *b)
{
	long x, y;
	int c;

	if (op <= 4) {
		c = strcmp(a, b);
		return op <= 1   ? c == 0
		       : op == 2 ? c != 0
		       : op == 3 ? c < 0
				 : c > 0;
	}
	if (op >= 11)
		return files(op, a, b);
	x = number(t, a);
	y = number(t, b);
	switch (op) {
	case 5:
		return x == y;
	case 6:
		return x != y;
	case 7:
		return x < y;
	case 8:
		return x <= y;
	case 9:
		return x > y;
	}
	return x >= y;
}

static bool primary(struct test *t, int depth)
{
	const char *s, *next;
	bool yes;

	if (t->at >= t->n || depth > 200) {
		fail(t, "", "argument expected");
		return false;
	}
	s = t->v[t->at];
	next = t->at + 1 < t->n ? t->v[t->at + 1] : NULL;
	/* An operator in the middle wins over what the operand looks like. */
	if (next && t->at + 2 < t->n && binary_op(next) >= 0) {
		t->at += 3;
		return binary(t, binary_op(next), s, t->v[t->at - 1]);
	}
	if (strcmp(s, "!") == 0 && next) {
		t->at++;
		return !primary(t, depth + 1);
	}
	if (strcmp(s, "(") == 0 && next) {
		t->at++;
		yes = or_expr(t, depth + 1);
		if (t->at >= t->n || strcmp(t->v[t->at], ")") != 0)
			fail(t, "", "closing paren expected");
		t->at++;
		return yes;
	}
	if (is_unary(s) && next) {
		t->at += 2;
		return unary(t, s[1], next);
	}
	t->at++;
	return *s;
}

static bool and_expr(struct test *t, int depth)
{
	bool yes = primary(t, depth);

	while (!t->error && t->at < t->n && strcmp(t->v[t->at], "-a") == 0) {
		t->at++;
		yes = primary(t, depth) && yes;
	}
	return yes;
}

static bool or_expr(struct test *t, int depth)
{
	bool yes = and_expr(t, depth);

	while (!t->error && t->at < t->n && strcmp(t->v[t->at], "-o") == 0) {
		t->at++;
		yes = and_expr(t, depth) || yes;
	}
	return yes;
}

static bool evaluate(struct test *t)
{
	char **v = t->v;
	bool yes;

	switch (t->n) {
	case 0:
		return false;
	case 1:
		return *v[0];
	case 2:
		if (strcmp(v[0], "!") == 0)
			return !*v[1];
		if (is_unary(v[0]))
			return unary(t, v[0][1], v[1]);
		break;
	case 3:
		if (binary_op(v[1]) >= 0)
			return binary(t, binary_op(v[1]), v[0], v[2]);
		if (strcmp(v[1], "-a") == 0)
			return *v[0] && *v[2];
		if (strcmp(v[1], "-o") == 0)
			return *v[0] || *v[2];
		if (strcmp(v[0], "(") == 0 && strcmp(v[2], ")") == 0)
			return *v[1];
		break;
	}
	if (t->n <= 4 && strcmp(v[0], "!") == 0) {
		t->v++;
		t->n--;
		return !evaluate(t);
	}
	yes = or_expr(t, 0);
	if (!t->error && t->at < t->n)
		fail(t, t->v[t->n == 2 ? 0 : t->at], "unexpected operator");
	return yes;
}

int bi_test(int argc, char **argv)
{
	struct test t = { argv + 1, argc - 1, 0, argv[0], false };
	bool yes;

	if (argv[0][0] == '[') {
		if (argc < 2 || strcmp(argv[argc - 1], "]") != 0) {
			err_print("[: missing ]");
			return 2;
		}
		t.n--;
	}
	yes = evaluate(&t);
	return t.error ? 2 : !yes;
}
