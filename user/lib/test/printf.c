/* printf, scanf, strtod, and streams. */
#define _GNU_SOURCE
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "user/lib/test/check.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

#define IS(want, ...)                                                          \
	do {                                                                   \
		char out_[2000];                                               \
		int n_ = snprintf(out_, sizeof(out_), __VA_ARGS__);            \
		CHECK_STR(out_, want);                                         \
		CHECK(n_ == (int)strlen(want));                                \
	} while (0)

static void test_integers(void)
{
	IS("42|  42|42  |0042|+42| 42", "%d|%4d|%-4d|%04d|%+d|% d", 42, 42, 42,
	   42, 42, 42);
	IS("-42| -42|-042|-42", "%d|%4d|%04d|%.1d", -42, -42, -42, -42);
	IS("  042|||0", "%5.3d|%.0d|%.0x|%.1d", 42, 0, 0, 0);
	IS("ff FF 0xff 0XFF 377 0377 0", "%x %X %#x %#X %o %#o %#x", 255, 255,
	   255, 255, 255, 255, 0);
	IS("0x00ff    0xff 0xff  ", "%#06x %#7x %-#6x", 255, 255, 255);
	IS("-9223372036854775808 18446744073709551615", "%ld %lu", LONG_MIN,
	   ULONG_MAX);
	IS("-1 255 -1 65535", "%hhd %hhu %hd %hu", 255, 255, 65535, 65535);
	IS("4294967295 -1", "%u %d", -1, -1);
	IS("7 8 9", "%zu %jd %td", (size_t)7, (intmax_t)8, (ptrdiff_t)9);
	IS("    7|7    |   07", "%*d|%-*d|%*.*d", 5, 7, 5, 7, 5, 2, 7);
	IS("7    |7", "%*d|%.*d", -5, 7, -1, 7);
	IS("0x10", "%p", (void *)16);
}

static void test_text(void)
{
	int n = 0;

	IS("a|  a|a  |%", "%c|%3c|%-3c|%%", 'a', 'a', 'a');
	IS("abc|  abc|abc  |ab|   ab", "%s|%5s|%-5s|%.2s|%5.2s", "abc", "abc",
	   "abc", "abc", "abc");
	IS("b a b", "%2$s %1$s %2$s", "a", "b");
	IS("  7|2.5|x |-0.25", "%1$*3$d|%2$.*5$f|%4$-2c|%6$Lg", 7, 2.5, 3, 'x',
	   1, -0.25L);
	IS("10 9 8 7 6 5 4 3 2 1",
	   "%10$d %9$d %8$d %7$d %6$d %5$d %4$d %3$d %2$d %1$d", 1, 2, 3, 4, 5,
	   6, 7, 8, 9, 10);
	errno = ENOENT;
	IS("No such file or directory", "%m");
	IS("ab5", "ab%n%d", &n, 5);
	CHECK(n == 2);
	{
		char b[4];

		CHECK(snprintf(b, sizeof(b), "%s", "hello") == 5);
		CHECK_STR(b, "hel");
		CHECK(snprintf(NULL, 0, "%d", 1234) == 4);
	}
	{
		char *s;

		CHECK(asprintf(&s, "%s-%d", "x", 9) == 3);
		CHECK_STR(s, "x-9");
		free(s);
	}
}

static void test_floats(void)
{
	IS("3.141590 3.14 3 4 3.", "%f %.2f %.0f %.0f %#.0f", 3.14159, 3.14159,
	   3.14159, 3.5, 3.0);
	IS("0 2 2 4 0.0 1.0", "%.0f %.0f %.0f %.0f %.1f %.1f", 0.5, 1.5, 2.5,
	   3.5, 0.04, 0.96);
	IS("  1.50|1.50  |001.50|+1.50| 1.50",
	   "%6.2f|%-6.2f|%06.2f|%+.2f|% .2f", 1.5, 1.5, 1.5, 1.5, 1.5);
	IS("-0.000000 0.000000", "%f %f", -0.0, 0.0);
	IS("1.000000e+00 1.5e+10 9.99e-05 1E+100 0.000000e+00",
	   "%e %.1e %.2e %.0E %e", 1.0, 1.5e10, 9.99e-5, 1e100, 0.0);
	IS("1e+01 1.0e+02", "%.0e %.1e", 9.5, 99.99);
	IS("0.0001 1e-05 100000 1e+06 1.5 0 1.00000", "%g %g %g %g %g %g %#g",
	   0.0001, 0.00001, 100000.0, 1000000.0, 1.5, 0.0, 1.0);
	IS("3.1 3 1e+02 123 0.00012", "%.2g %.1g %.2g %.3g %.2g", 3.14159,
	   3.14159, 99.9, 123.0, 0.000123);
	IS("inf -inf nan INF   inf", "%f %f %f %F %5f", (double)INFINITY,
	   (double)-INFINITY, (double)NAN, (double)INFINITY, (double)INFINITY);
	IS("1.7976931348623157e+308 4.9406564584124654e-324 "
	   "2.2250738585072014e-308",
	   "%.17g %.17g %.17g", DBL_MAX, 4.9406564584124654e-324, DBL_MIN);
	IS("0.1000000000000000055511151231257827021181583404541015625", "%.55f",
	   0.1);
	IS("1234567890123456774144.000000", "%f", 1234567890123456789012.0);
	IS("0x1.8p+1 0x0.0000000000001p-1022 0x1.999999999999ap-4 0x1.9ap-4",
	   "%a %a %a %.2a", 3.0, 4.9406564584124654e-324, 0.1, 0.1);
	IS("1.50", "%.2Lf", 1.5L);
}

static double bits(uint64_t b)
{
	double d;

	memcpy(&d, &b, sizeof(d));
	return d;
}

/* Print with 17 digits, read again: the same number, whatever the bits. */
static void test_round_trip(void)
{
	uint64_t x = 88172645463325252ul;
	char s[64], *end;
	double d, e;
	int i;

	for (i = 0; i < 3000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		d = bits(i & 1 ? x
			       : (x & ~(0x7fful << 52)) |
					 ((x % 200 + 923) << 52));
		if (d != d)
			continue;
		snprintf(s, sizeof(s), i & 2 ? "%.17g" : "%.16e", d);
		e = strtod(s, &end);
		if (memcmp(&d, &e, sizeof(d)) || *end) {
			printf("%s read as %.17g\n", s, e);
			check_failed = 1;
		}
	}
	CHECK(strtod("1e400", NULL) == INFINITY && errno == ERANGE);
	CHECK(strtod("1e-400", NULL) == 0);
	CHECK(strtod("0x9p184467440737095516159", NULL) == INFINITY);
	CHECK(strtod("0x4503599627370497.5", NULL) == 0x1.140d66589cdc1p+62);
	CHECK(strtod("0x10000000000001.8", NULL) == 0x1.0000000000002p+52);
	CHECK(strtod(" -12.5e1x", &end) == -125 && *end == 'x');
	CHECK(strtod(".5", &end) == 0.5 && !*end);
	CHECK(strtod("5.e", &end) == 5 && *end == 'e');
	CHECK(strtod("0x1.8p1", &end) == 3 && !*end);
	CHECK(strtod("infinite", &end) == INFINITY && *end == 'i');
	CHECK(strtod("-", &end) == 0 && *end == '-');
	CHECK(strtod("9007199254740993", NULL) == 9007199254740992.0);
	CHECK(strtod("9007199254740993.0000000000000000000000001", NULL) ==
	      9007199254740994.0);
	CHECK(strtod("2.4703282292062328e-324", NULL) == bits(1));
	CHECK(strtod("2.4703282292062327e-324", NULL) == 0);
	CHECK(strtod("1.7976931348623158e308", NULL) == DBL_MAX);
	CHECK(strtod("1.7976931348623159e308", NULL) == INFINITY);
}

static void test_scanf(void)
{
	char word[20], *p;
	long double ld;
	double d;
	float f;
	int a, b, n;
	long l;

	CHECK(sscanf("12 -7 0x1f", "%d %d %i", &a, &b, &n) == 3 && a == 12 &&
	      b == -7 && n == 31);
	CHECK(sscanf("3.5 hello", "%lf %s", &d, word) == 2 && d == 3.5);
	CHECK_STR(word, "hello");
	CHECK(sscanf("1.25", "%f", &f) == 1 && f == 1.25f);
	CHECK(sscanf("abc", "%d", &a) == 0);
	CHECK(sscanf("", "%d", &a) == EOF);
	CHECK(sscanf("10:20", "%d:%d%n", &a, &b, &n) == 2 && n == 5);
	CHECK(sscanf("12345", "%2d%ld", &a, &l) == 2 && a == 12 && l == 345);
	CHECK(sscanf("key=value", "%[^=]=%19s", word, word + 10) == 2);
	CHECK_STR(word, "key");
	CHECK(sscanf("7 8", "%*d %d", &a) == 1 && a == 8);
	CHECK(sscanf("text", "%ms", &p) == 1);
	CHECK_STR(p, "text");
	free(p);
	CHECK(sscanf("50%", "%d%%", &a) == 1);
	CHECK(sscanf("ab", "%c%c", word, word + 1) == 2 && word[1] == 'b');
	CHECK(sscanf("1 2 x", "%3$d %1$ld %2$1s", &l, word, &a) == 3 &&
	      a == 1 && l == 2 && !strcmp(word, "x"));
	CHECK(sscanf("12345 6", "%2$3d%*d%1$d", &a, &b) == 2 && b == 123 &&
	      a == 6);
	CHECK(sscanf("12", "%1$d%2$n", &a, &n) == 1 && a == 12 && n == 2);
	CHECK(sscanf("7 -2.5", "%d%Lf", &a, &ld) == 2 && ld == -2.5L);
	CHECK(sscanf("ff 17", "%x %o", &a, &b) == 2 && a == 255 && b == 15);
}

static void test_streams(void)
{
	char path[] = "checkXXXXXX", buf[100], *line = NULL;
	size_t cap = 0, size;
	int fd = mkstemp(path), i, c;
	FILE *f;
	long pos;

	CHECK(fd >= 0);
	f = fdopen(fd, "w+");
	for (i = 0; i < 2000; i++)
		CHECK(fprintf(f, "line %d\n", i) > 0);
	CHECK(fflush(f) == 0);
	rewind(f);
	for (i = 0; i < 2000; i++) {
		snprintf(buf, sizeof(buf), "line %d\n", i);
		CHECK(getline(&line, &cap, f) == (ssize_t)strlen(buf));
		if (strcmp(line, buf))
			CHECK(!"line");
	}
	CHECK(getline(&line, &cap, f) == -1 && feof(f) && !ferror(f));
	fseek(f, 5, SEEK_SET);
	c = fgetc(f);
	CHECK(c == '0' && ungetc('Z', f) == 'Z' && ftell(f) == 5);
	CHECK(fgets(buf, 3, f) && !strcmp(buf, "Z\n"));
	CHECK(fread(buf, 1, 6, f) == 6 && !memcmp(buf, "line 1", 6));
	pos = ftell(f);
	CHECK(pos == 13);
	fseek(f, 0, SEEK_CUR);
	CHECK(fputs("!", f) >= 0 && fclose(f) == 0);
	f = fopen(path, "r");
	fseek(f, pos, SEEK_SET);
	CHECK(fgetc(f) == '!');
	fclose(f);
	f = fopen(path, "a");
	fputs("end", f);
	fclose(f);
	f = fopen(path, "r");
	fseek(f, -3, SEEK_END);
	CHECK(fread(buf, 1, 10, f) == 3 && feof(f) && !memcmp(buf, "end", 3));
	fclose(f);
	unlink(path);
	CHECK(!fopen("/nonexistent/x", "r") && errno == ENOENT);
	free(line);
	line = NULL;
	f = open_memstream(&line, &size);
	for (i = 0; i < 1000; i++)
		fprintf(f, "%d,", i);
	fclose(f);
	CHECK(size == strlen(line) && size == 3890);
	free(line);
	strcpy(buf, "one\ntwo\n");
	f = fmemopen(buf, 8, "r");
	CHECK(fgets(path, 10, f) && !strcmp(path, "one\n"));
	CHECK(fgets(path, 10, f) && !strcmp(path, "two\n"));
	CHECK(!fgets(path, 10, f));
	fclose(f);
}

static void test_wide(void)
{
	char out[40];
	wchar_t w[20], *made = NULL;

	IS("x|wide|wi|    ab|ab    |x|yy", "%lc|%ls|%.2ls|%6ls|%-6ls|%C|%S",
	   L'x', L"wide", L"wide", L"ab", L"ab", L'x', L"yy");
	IS("a", "%.1ls", L"a\x20ac");
	errno = 0;
	CHECK(snprintf(out, sizeof(out), "%ls", L"a\x20ac") == -1 &&
	      errno == EILSEQ);
	errno = 0;
	CHECK(snprintf(out, sizeof(out), "%lc", 0x20ac) == -1 &&
	      errno == EILSEQ);
	memset(w, 7, sizeof(w));
	CHECK(sscanf("wide text", "%ls", w) == 1 && w[0] == 'w' &&
	      w[3] == 'e' && !w[4] && w[5] == 0x07070707);
	CHECK(sscanf("wide", "%2lc", w) == 1 && w[1] == 'i' && w[2] == 'd');
	CHECK(sscanf("abz", "%l[ab]", w) == 1 && w[1] == 'b' && !w[2]);
	CHECK(sscanf("cs x", "%S %C", w, w + 5) == 2 && w[1] == 's' &&
	      w[5] == 'x');
	CHECK(sscanf("made", "%mls", &made) == 1 && made[3] == 'e' && !made[4]);
	free(made);
}

/* What must be refused, and numbers that fit nowhere. */
static void test_limits(void)
{
	static char digits[6000];
	char out[20], *line = NULL;
	size_t cap = 0;
	double d = 0;
	FILE *f;
	int n = 0;

	errno = 0;
	CHECK(snprintf(out, sizeof(out), "%2147483648d", 1) == -1 &&
	      errno == EOVERFLOW);
	errno = 0;
	CHECK(snprintf(out, sizeof(out), "%.99999999999d", 1) == -1 &&
	      errno == EOVERFLOW);
	memset(digits, '1', 600);
	strcpy(digits + 600, "e-590 tail");
	CHECK(sscanf(digits, "%lf%n", &d, &n) == 1 && n == 605 &&
	      d == 1111111111.1111112);
	memset(digits, '0', 5000);
	strcpy(digits + 5000, "7.25");
	CHECK(sscanf(digits, "%lf", &d) == 1 && d == 7.25);
	f = fopen("/dev/null", "r");
	errno = 0;
	CHECK(getline(NULL, &cap, f) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(getdelim(&line, NULL, 'x', f) == -1 && errno == EINVAL);
	errno = 0;
	CHECK(!fdopen(fileno(f), "w") && errno == EINVAL);
	fclose(f);
	errno = 0;
	CHECK(!fdopen(99, "r") && errno == EBADF);
	/* What is only written ends even where there is no room for it. */
	memset(digits, '#', 20);
	f = fmemopen(digits, 10, "w");
	CHECK(fputs("0123456789", f) >= 0);
	CHECK(fclose(f) == 0);
	CHECK_STR(digits, "012345678");
	CHECK(digits[10] == '#');
}

int main(void)
{
	test_integers();
	test_wide();
	test_limits();
	test_text();
	test_floats();
	test_round_trip();
	test_scanf();
	test_streams();
	puts(check_failed ? "printf: failed" : "printf: ok");
	return check_failed;
}
