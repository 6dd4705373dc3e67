/*
 * test, also called [: is an expression true?  0 yes, 1 no, 2 not understood.
 *
 * POSIX decides by the number of arguments for up to four of them, which keeps
 * operands that look like operators from being taken for such; longer ones are
 * parsed with -o below -a below !.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char **arg;
static int left;

static _Noreturn void wrong(const char *what)
{
	errx(2, "%s: not understood", what ? what : "missing argument");
}

static long number(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	while (*end == ' ')
		end++;
	if (*end || end == s || errno)
		errx(2, "%s: not a whole number", s);
	return n;
}

static int is_unary(const char *s)
{
	return s[0] == '-' && s[1] && !s[2] &&
	       strchr("bcdefghkLnOGprsStuwxzN", s[1]);
}

static const char *const binary[] = { "=",   "==",  "!=",  "<",   ">",
				      "-eq", "-ne", "-lt", "-le", "-gt",
				      "-ge", "-nt", "-ot", "-ef" };

static int is_binary(const char *s)
{
	size_t i;

	for (i = 0; i < sizeof(binary) / sizeof(*binary); i++)
		if (!strcmp(s, binary[i]))
			return 1;
	return 0;
}

static int unary(char op, const char *s)
{
	struct stat st;

	switch (op) {
	case 'n':
		return *s != 0;
	case 'z':
		return *s == 0;
	case 't':
		return isatty((int)number(s));
	case 'r':
		return faccessat(AT_FDCWD, s, R_OK, AT_EACCESS) == 0;
	case 'w':
		return faccessat(AT_FDCWD, s, W_OK, AT_EACCESS) == 0;
	case 'x':
		return faccessat(AT_FDCWD, s, X_OK, AT_EACCESS) == 0;
	case 'h':
	case 'L':
		return lstat(s, &st) == 0 && S_ISLNK(st.st_mode);
	}
	if (stat(s, &st) < 0)
		return 0;
	switch (op) {
	case 'b':
		return S_ISBLK(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode);
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'f':
		return S_ISREG(st.st_mode);
	case 'g':
		return !!(st.st_mode & S_ISGID);
	case 'k':
		return !!(st.st_mode & S_ISVTX);
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 's':
		return st.st_size > 0;
	case 'S':
		return S_ISSOCK(st.st_mode);
	case 'u':
		return !!(st.st_mode & S_ISUID);
	case 'O':
		return st.st_uid == geteuid();
	case 'G':
		return st.st_gid == getegid();
	case 'N':
		return st.st_mtim.tv_sec > st.st_atim.tv_sec;
	}
	return 1; /* -e */
}

static int compare_files(const char *a, const char *op, const char *b)
{
	struct stat s, t;
	int sa = stat(a, &s) == 0, sb = stat(b, &t) == 0;
	long d;

	if (!strcmp(op, "-ef"))
		return sa && sb && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
	if (op[1] == 'o') { /* -ot is -nt the other way round */
		struct stat swap = s;
		int k = sa;

		s = t;
		t = swap;
		sa = sb;
		sb = k;
	}
	if (!sa || !sb)
		return sa;
	d = s.st_mtim.tv_sec - t.st_mtim.tv_sec;
	if (!d)
		d = s.st_mtim.tv_nsec - t.st_mtim.tv_nsec;
	return d > 0;
}

static int compare(const char *a, const char *op, const char *b)
{
	long x, y;

	if (op[0] != '-') {
		int order = strcmp(a, b);

		return op[0] == '!'   ? order != 0
		       : op[0] == '<' ? order < 0
		       : op[0] == '>' ? order > 0
				      : order == 0;
	}
	if (!strcmp(op, "-nt") || !strcmp(op, "-ot") || !strcmp(op, "-ef"))
		return compare_files(a, op, b);
	x = number(a);
	y = number(b);
	if (!strcmp(op, "-eq"))
		return x == y;
	if (!strcmp(op, "-ne"))
		return x != y;
	if (!strcmp(op, "-lt"))
		return x < y;
	if (!strcmp(op, "-le"))
		return x <= y;
	if (!strcmp(op, "-gt"))
		return x > y;
	return x >= y;
}

static int expr_or(void);

static char *take(void)
{
	if (!left)
		wrong(NULL);
	left--;
	return *arg++;
}

static int primary(void)
{
	char *a, *op;
	int value;

	if (left >= 3 && is_binary(arg[1])) {
		a = take();
		op = take();
		return compare(a, op, take());
	}
	a = take();
	if (!strcmp(a, "!"))
		return !primary();
	if (!strcmp(a, "(") && left) {
		value = expr_or();
		if (strcmp(take(), ")"))
			wrong("(");
		return value;
	}
	if (is_unary(a) && left)
		return unary(a[1], take());
	return *a != 0;
}

static int expr_and(void)
{
	int value = primary();

	while (left && !strcmp(*arg, "-a")) {
		take();
		value &= primary();
	}
	return value;
}

static int expr_or(void)
{
	int value = expr_and();

	while (left && !strcmp(*arg, "-o")) {
		take();
		value |= expr_and();
	}
	return value;
}

static int test(int n, char **a)
{
	if (n == 0)
		return 0;
	if (n == 1)
		return *a[0] != 0;
	if (n == 2 && !strcmp(a[0], "!"))
		return !*a[1];
	if (n == 2 && is_unary(a[0]))
		return unary(a[0][1], a[1]);
	if (n == 3 && is_binary(a[1]))
		return compare(a[0], a[1], a[2]);
	if (n == 3 && !strcmp(a[1], "-a"))
		return *a[0] && *a[2];
	if (n == 3 && !strcmp(a[1], "-o"))
		return *a[0] || *a[2];
	if (n == 3 && !strcmp(a[0], "!"))
		return !test(2, a + 1);
	if (n == 3 && !strcmp(a[0], "(") && !strcmp(a[2], ")"))
		return *a[1] != 0;
	if (n == 4 && !strcmp(a[0], "!"))
		return !test(3, a + 1);
	if (n == 4 && !strcmp(a[0], "(") && !strcmp(a[3], ")"))
		return test(2, a + 1);
	arg = a;
	left = n;
	n = expr_or();
	if (left)
		wrong(*arg);
	return n;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "[")) {
		if (argc < 2 || strcmp(argv[argc - 1], "]"))
			errx(2, "missing ]");
		argc--;
	}
	return !test(argc - 1, argv + 1);
}
