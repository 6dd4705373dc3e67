/* Bytes, strings, characters, numbers, sorting. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "user/lib/test/check.h"

/* Every alignment and length against the plain loop. */
static void test_copies(void)
{
	static unsigned char a[256], b[256], want[256];
	size_t from, to, n, i;

	for (from = 0; from < 10; from++)
		for (to = 0; to < 10; to++)
			for (n = 0; n < 150; n += n < 40 ? 1 : 7) {
				for (i = 0; i < sizeof(a); i++) {
					a[i] = (unsigned char)(i * 7 + n);
					b[i] = want[i] = (unsigned char)~i;
				}
				for (i = 0; i < n; i++)
					want[to + i] = a[from + i];
				memcpy(b + to, a + from, n);
				if (memcmp(b, want, sizeof(b)))
					CHECK(!"memcpy");
				for (i = 0; i < n; i++)
					want[to + i] = 0x5a;
				memset(b + to, 0x15a, n);
				if (memcmp(b, want, sizeof(b)))
					CHECK(!"memset");
				memcpy(b, a, sizeof(a));
				memcpy(want, a, sizeof(a));
				for (i = 0; i < n; i++)
					want[to + i] = a[from + i];
				memmove(b + to, b + from, n);
				if (memcmp(b, want, sizeof(b)))
					CHECK(!"memmove");
			}
}

static void test_lengths(void)
{
	static char a[64];
	size_t from, n;

	for (from = 0; from < 10; from++)
		for (n = 0; n < 50; n++) {
			memset(a, 0x81, sizeof(a));
			if (from)
				a[from - 1] = 0;
			a[from + n] = 0;
			if (strlen(a + from) != n ||
			    strnlen(a + from, 30) != (n < 30 ? n : 30))
				CHECK(!"strlen");
			if (memchr(a + from, 0, 60 - from) != a + from + n)
				CHECK(!"memchr");
		}
}

static int compare_ints(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

static void test_sort(void)
{
	int a[1000], i, key;

	srand(7);
	for (i = 0; i < 1000; i++)
		a[i] = rand() % 500;
	qsort(a, 1000, sizeof(*a), compare_ints);
	for (i = 1; i < 1000; i++)
		if (a[i - 1] > a[i])
			CHECK(!"sorted");
	for (i = 0; i < 1000; i += 13) {
		int *p = bsearch(&a[i], a, 1000, sizeof(*a), compare_ints);

		CHECK(p && *p == a[i]);
	}
	key = 1000;
	CHECK(!bsearch(&key, a, 1000, sizeof(*a), compare_ints));
}

static void test_numbers(void)
{
	char *end;

	CHECK(strtol("  -123xyz", &end, 10) == -123 && *end == 'x');
	CHECK(strtol("0x1fg", &end, 0) == 31 && *end == 'g');
	CHECK(strtol("0x", &end, 16) == 0 && *end == 'x');
	CHECK(strtol("0779", &end, 0) == 077 && *end == '9');
	CHECK(strtol("zz", &end, 36) == 35 * 36 + 35 && !*end);
	CHECK(strtol("", &end, 10) == 0);
	CHECK(strtol("+-5", &end, 10) == 0 && *end == '+');
	errno = 0;
	CHECK(strtol("9223372036854775807", NULL, 10) == LONG_MAX && !errno);
	CHECK(strtol("-9223372036854775808", NULL, 10) == LONG_MIN && !errno);
	CHECK(strtol("9223372036854775808", NULL, 10) == LONG_MAX &&
	      errno == ERANGE);
	errno = 0;
	CHECK(strtol("-9223372036854775809", NULL, 10) == LONG_MIN &&
	      errno == ERANGE);
	errno = 0;
	CHECK(strtoul("18446744073709551615", NULL, 10) == ULONG_MAX && !errno);
	CHECK(strtoul("18446744073709551616", &end, 10) == ULONG_MAX &&
	      errno == ERANGE && !*end);
	CHECK(strtoul("-1", NULL, 10) == ULONG_MAX);
	CHECK(strtoimax("-42", NULL, 0) == -42);
	CHECK(atoi("12ab") == 12);
	CHECK(div(-7, 2).quot == -3 && div(-7, 2).rem == -1);
	CHECK(labs(-5L) == 5);
}

static void test_strings(void)
{
	char buf[32], *save, *s, *t;
	char text[] = "a,b;;c";

	CHECK(strlen("") == 0 && strnlen("abc", 2) == 2);
	CHECK_STR(strcpy(buf, "hello"), "hello");
	CHECK(stpcpy(buf, "abc") == buf + 3);
	CHECK_STR(strcat(buf, "def"), "abcdef");
	CHECK_STR(strncat(buf, "ghi", 2), "abcdefgh");
	memset(buf, 'x', sizeof(buf));
	strncpy(buf, "ab", 4);
	CHECK(!memcmp(buf, "ab\0\0x", 5));
	CHECK(strcmp("a", "b") < 0 && strcmp("ab", "a") > 0 && !strcmp("", ""));
	CHECK(strcmp("\377", "a") > 0);
	CHECK(!strncmp("abc", "abd", 2) && strncmp("abc", "abd", 3) < 0);
	CHECK(!strcasecmp("HeLLo", "hEllO") && strncasecmp("ab", "AC", 2) < 0);
	s = buf;
	strcpy(buf, "a/b/c");
	CHECK(strchr(s, '/') == s + 1 && strrchr(s, '/') == s + 3);
	CHECK(strchr(s, 0) == s + 5 && strrchr(s, 0) == s + 5);
	CHECK(!strchr(s, 'x') && !strrchr(s, 'x'));
	CHECK(strchrnul(s, 'x') == s + 5);
	CHECK(strstr("hello world", "o w") && !strstr("hello", "lx"));
	CHECK(strstr(s, "") == s && strcasestr("Hello", "ELL"));
	CHECK(strspn("aabbc", "ab") == 4 && strcspn("abc,d", ",;") == 3);
	CHECK(strpbrk(s, "cb") == s + 2 && !strpbrk(s, "xy"));
	t = strtok_r(text, ",;", &save);
	CHECK_STR(t, "a");
	CHECK_STR(strtok_r(NULL, ",;", &save), "b");
	CHECK_STR(strtok_r(NULL, ",;", &save), "c");
	CHECK(!strtok_r(NULL, ",;", &save));
	strcpy(buf, "x::y");
	s = buf;
	CHECK_STR(strsep(&s, ":"), "x");
	CHECK_STR(strsep(&s, ":"), "");
	CHECK_STR(strsep(&s, ":"), "y");
	CHECK(!s && !strsep(&s, ":"));
	s = strndup("hello", 3);
	CHECK_STR(s, "hel");
	free(s);
	CHECK(memchr("abc", 'c', 2) == NULL);
	CHECK(memmem("abcabd", 6, "abd", 3) != NULL);
	CHECK(strverscmp("a9", "a10") < 0 && strverscmp("a1", "a01") > 0);
	CHECK_STR(strerror(ENOENT), "No such file or directory");
	CHECK_STR(strsignal(11), "Segmentation fault");
}

static void test_ctype(void)
{
	int c, n[12] = { 0 };

	for (c = -1; c < 256; c++) {
		n[0] += !!isalnum(c);
		n[1] += !!isalpha(c);
		n[2] += !!isblank(c);
		n[3] += !!iscntrl(c);
		n[4] += !!isdigit(c);
		n[5] += !!isgraph(c);
		n[6] += !!islower(c);
		n[7] += !!isprint(c);
		n[8] += !!ispunct(c);
		n[9] += !!isspace(c);
		n[10] += !!isupper(c);
		n[11] += !!isxdigit(c);
	}
	CHECK(n[0] == 62 && n[1] == 52 && n[2] == 2 && n[3] == 33);
	CHECK(n[4] == 10 && n[5] == 94 && n[6] == 26 && n[7] == 95);
	CHECK(n[8] == 32 && n[9] == 6 && n[10] == 26 && n[11] == 22);
	CHECK(toupper('a') == 'A' && tolower('Z') == 'z' &&
	      toupper('1') == '1');
}

int main(void)
{
	test_copies();
	test_lengths();
	test_sort();
	test_numbers();
	test_strings();
	test_ctype();
	puts(check_failed ? "string: failed" : "string: ok");
	return check_failed;
}
