/*
 * seq: numbers from first to last.  -s: what stands between, -w: of equal
 * width, -f: a printf format.  Whole numbers are counted as such while they
 * have 63 bits; others are doubles, and where these cannot tell a number from
 * the next one any more there is an error, no wrong number.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Up to here a double is a whole number that no other is rounded to. */
#define EXACT (0x1p53 - 1)

static const char *separator = "\n", *format;
static int equal;

static int get_whole(const char *s, long *n)
{
	const char *digits = s + (*s == '-' || *s == '+');

	errno = 0;
	*n = strtol(s, NULL, 10);
	return *digits && !digits[strspn(digits, "0123456789")] && !errno;
}

static int decimals(const char *s)
{
	const char *point = strchr(s, '.');

	return point ? (int)strspn(point + 1, "0123456789") : 0;
}

static double number(const char *s)
{
	char *end;
	double d = strtod(s, &end);

	if (*end || !*s || d != d)
		errx(1, "%s: not a number", s);
	return d;
}

static void count_whole(long from, long step, long to)
{
	int width = 0, a, b, first = 1;
	long i = from;

	if (!step)
		errx(1, "the step must not be 0");
	if (equal) {
		a = snprintf(NULL, 0, "%ld", from);
		b = snprintf(NULL, 0, "%ld", to);
		width = a > b ? a : b;
	}
	while (step > 0 ? i <= to : i >= to) {
		if (!first)
			fputs(separator, stdout);
		printf("%0*ld", width, i);
		first = 0;
		if (__builtin_add_overflow(i, step, &i))
			break;
	}
	if (!first)
		putchar('\n');
}

static void count_real(char **word, int n)
{
	double from = n > 1 ? number(word[0]) : 1;
	double step = n > 2 ? number(word[1]) : 1;
	double to = number(word[n - 1]), slack, x;
	int places = 0, width = 0, i, w;
	long k;

	if (step == 0)
		errx(1, "the step must not be 0");
	for (i = 0; i < n - 1; i++)
		if (decimals(word[i]) > places)
			places = decimals(word[i]);
	if (equal) {
		width = snprintf(NULL, 0, "%.*f", places, from);
		w = snprintf(NULL, 0, "%.*f", places, to);
		width = w > width ? w : width;
	}
	/* Forgive the sum what the fractions cannot express. */
	slack = step / 1e9;
	for (k = 0;; k++) {
		x = from + (double)k * step;
		if (step > 0 ? x > to + slack : x < to + slack)
			break;
		if (!(x >= -EXACT && x <= EXACT)) {
			if (k)
				putchar('\n');
			errx(1, "%.15g: too large to be counted", x);
		}
		if (k)
			fputs(separator, stdout);
		if (format)
			printf(format, x);
		else
			printf("%0*.*f", width, places, x);
	}
	if (k)
		putchar('\n');
}

/* The user's format: one conversion of a double and nothing else. */
static void check_format(const char *f)
{
	int conversions = 0;

	for (; *f; f++) {
		if (*f != '%')
			continue;
		if (*++f == '%')
			continue;
		f += strspn(f, "-+ #0");
		f += strspn(f, "0123456789");
		if (*f == '.')
			f += 1 + strspn(f + 1, "0123456789");
		if (!*f || !strchr("efgaEFGA", *f))
			errx(1, "format not understood");
		conversions++;
	}
	if (conversions != 1)
		errx(1, "the format needs one conversion");
}

static int usage(int status)
{
	fputs("usage: seq [-w] [-s text] [-f format] [first [step]] last\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "equal-width", no_argument, NULL, 'w' },
		{ "separator", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	long whole[3];
	char **word;
	int c, i, n;

	/* Operands may be negative numbers. */
	while (optind < argc &&
	       !(argv[optind][0] == '-' &&
		 (argv[optind][1] == '.' ||
		  isdigit((unsigned char)argv[optind][1]))) &&
	       (c = getopt_long(argc, argv, "+f:s:w", longs, NULL)) != -1) {
		switch (c) {
		case 'w':
			equal = 1;
			break;
		case 's':
			separator = optarg;
			break;
		case 'f':
			check_format(format = optarg);
			break;
		default:
			return usage(c != 'h');
		}
	}
	word = argv + optind;
	n = argc - optind;
	if (n < 1 || n > 3)
		return usage(1);
	for (i = 0; i < n; i++)
		if (!get_whole(word[i], &whole[i]))
			break;
	if (i == n && !format) {
		count_whole(n > 1 ? whole[0] : 1, n > 2 ? whole[1] : 1,
			    whole[n - 1]);
	} else {
		count_real(word, n);
	}
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
