/* printf: arguments in a format, which is used again while there are any. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **arg;
static int failed;

static const char *next(void)
{
	return *arg ? *arg++ : NULL;
}

/* One escape behind a backslash; gives what follows it. */
static const char *escape(const char *s, int in_argument)
{
	static const char from[] = "abefnrtv\\\"'";
	static const char to[] = "\a\b\033\f\n\r\t\v\\\"'";
	const char *p;
	int i, v;

	if (*s == 'x' && isxdigit((unsigned char)s[1])) {
		s++;
		for (i = v = 0; i < 2 && isxdigit((unsigned char)*s); i++, s++)
			v = v * 16 + (isdigit((unsigned char)*s)
					      ? *s - '0'
					      : (*s | 32) - 'a' + 10);
		putchar(v);
		return s;
	}
	if (*s >= '0' && *s <= '7') {
		/* In %b an octal number begins with another 0. */
		int most = in_argument && *s == '0' ? 4 : 3;

		for (i = v = 0; i < most && *s >= '0' && *s <= '7'; i++, s++)
			v = v * 8 + *s - '0';
		putchar(v & 255);
		return s;
	}
	if (*s == 'c') {
		fflush(stdout);
		exit(failed);
	}
	if (*s && (p = strchr(from, *s))) {
		putchar(to[p - from]);
		return s + 1;
	}
	putchar('\\');
	return s;
}

static void check_number(const char *s, const char *end)
{
	if (errno) {
		warn("%s", s);
		failed = 1;
	} else if (*end || (end == s && *s)) {
		/* Nothing at all is 0. */
		warnx("%s: not a number", s);
		failed = 1;
	}
}

static intmax_t whole(int is_signed)
{
	const char *s = next();
	intmax_t v;
	char *end;

	if (!s)
		return 0;
	/* 'A stands for the code of A. */
	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	errno = 0;
	v = is_signed ? strtoimax(s, &end, 0) : (intmax_t)strtoumax(s, &end, 0);
	check_number(s, end);
	return v;
}

static double real(void)
{
	const char *s = next();
	char *end;
	double d;

	if (!s)
		return 0;
	if (*s == '\'' || *s == '"')
		return (unsigned char)s[1];
	errno = 0;
	d = strtod(s, &end);
	check_number(s, end);
	return d;
}

/* One conversion; `f` stands behind the %.  Gives what follows it. */
static const char *conversion(const char *f)
{
	char spec[64] = "%";
	int n = 1, width = 0, prec = 0;
	const char *s;
	size_t k;

	k = strspn(f, "-+ #0");
	if (k > 10)
		errx(1, "format not understood");
	memcpy(spec + n, f, k);
	n += (int)k;
	f += k;
	if (*f == '*') {
		width = (int)whole(1);
		n += sprintf(spec + n, "%d", width);
		f++;
	} else {
		for (k = 0; isdigit((unsigned char)*f) && k < 9; k++)
			spec[n++] = *f++;
	}
	if (*f == '.') {
		spec[n++] = *f++;
		if (*f == '*') {
			prec = (int)whole(1);
			if (prec < 0)
				n--;
			else
				n += sprintf(spec + n, "%d", prec);
			f++;
		} else {
			for (k = 0; isdigit((unsigned char)*f) && k < 9; k++)
				spec[n++] = *f++;
		}
	}
	f += strspn(f, "hlLqjzt");
	switch (*f) {
	case 'd':
	case 'i':
		strcpy(spec + n, "jd");
		printf(spec, whole(1));
		break;
	case 'o':
	case 'u':
	case 'x':
	case 'X':
		spec[n++] = 'j';
		spec[n++] = *f;
		spec[n] = 0;
		printf(spec, whole(0));
		break;
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		spec[n++] = *f;
		spec[n] = 0;
		printf(spec, real());
		break;
	case 'c':
		s = next();
		strcpy(spec + n, s && *s ? "c" : "s");
		if (s && *s)
			printf(spec, *s);
		else
			printf(spec, "");
		break;
	case 's':
		s = next();
		strcpy(spec + n, "s");
		printf(spec, s ? s : "");
		break;
	case 'b':
		for (s = next(); s && *s;) {
			if (*s == '\\')
				s = escape(s + 1, 1);
			else
				putchar(*s++);
		}
		break;
	default:
		errx(1, "%%%c: not a conversion", *f);
	}
	return f + 1;
}

int main(int argc, char **argv)
{
	const char *f;
	char **before;

	if (argc > 1 && !strcmp(argv[1], "--"))
		argv++;
	if (!argv[1]) {
		fprintf(stderr, "usage: printf format [argument...]\n");
		return 1;
	}
	arg = argv + 2;
	do {
		before = arg;
		for (f = argv[1]; *f;) {
			if (*f == '\\') {
				f = escape(f + 1, 0);
			} else if (*f == '%' && f[1] == '%') {
				putchar('%');
				f += 2;
			} else if (*f == '%') {
				f = conversion(f + 1);
			} else {
				putchar(*f++);
			}
		}
		/* A format that takes none is used once. */
	} while (*arg && arg != before);
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
