/*
 * The kernel's memory and string functions and its formatter against the C
 * library of this machine: all small alignments and lengths, with a margin
 * that must stay as it was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define memcpy    k_memcpy
#define memmove   k_memmove
#define memset    k_memset
#define memcmp    k_memcmp
#define memchr    k_memchr
#define strlen    k_strlen
#define strnlen   k_strnlen
#define strcmp    k_strcmp
#define strncmp   k_strncmp
#define strchr    k_strchr
#define strrchr   k_strrchr
#define strstr    k_strstr
#define strlcpy   k_strlcpy
#define strlcat   k_strlcat
#define vsnprintf k_vsnprintf
#define snprintf  k_snprintf
#include "kernel/string.c"
#include "kernel/strl.c"
#include "kernel/vsnprintf.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strlcpy
#undef strlcat
#undef vsnprintf
#undef snprintf

#include "kernel/bits.h"

static int failures;

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			failures++;                                            \
		}                                                              \
	} while (0)

#define AREA 2048

static unsigned char have[AREA] __attribute__((aligned(64)));
static unsigned char want[AREA] __attribute__((aligned(64)));
static unsigned char from[AREA] __attribute__((aligned(64)));

static void fill(void)
{
	for (int i = 0; i < AREA; i++) {
		have[i] = want[i] = (unsigned char)rand();
		from[i] = (unsigned char)rand();
	}
}

static const size_t lengths[] = { 0,   1,   2,   3,   7,   8,    9,
				  15,  16,  17,  23,  24,  31,   33,
				  63,  64,  65,  127, 255, 256,  257,
				  300, 511, 512, 513, 800, 1024, 1031 };

static void test_memory(void)
{
	for (size_t d = 0; d < 9; d++) {
		for (size_t s = 0; s < 9; s++) {
			for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
				size_t n = lengths[i];

				fill();
				CHECK(k_memcpy(have + 64 + d, from + 64 + s,
					       n) == have + 64 + d);
				memcpy(want + 64 + d, from + 64 + s, n);
				CHECK(!memcmp(have, want, AREA));
				CHECK(!k_memcmp(have + d, want + d, n));
				if (n) {
					want[d + n - 1] ^= 1;
					CHECK((k_memcmp(have + d, want + d, n) <
					       0) == (memcmp(have + d, want + d,
							     n) < 0));
				}
			}
		}
		for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
			fill();
			k_memset(have + 64 + d, 0x1a5, lengths[i]);
			memset(want + 64 + d, 0x1a5, lengths[i]);
			CHECK(!memcmp(have, want, AREA));
		}
	}
}

static void test_memmove(void)
{
	for (int shift = -40; shift <= 40; shift++) {
		for (size_t d = 0; d < 8; d++) {
			for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
				unsigned char *to = have + 100 + d;
				size_t n = lengths[i];

				fill();
				CHECK(k_memmove(to, to + shift, n) == to);
				memmove(want + 100 + d, want + 100 + d + shift,
					n);
				CHECK(!memcmp(have, want, AREA));
			}
		}
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_strings(void)
{
	static const char *const s[] = { "",       "a",    "b",     "ab", "abc",
					 "abcabc", "\xff", "x/y/z", "cab" };
	char one[8], two[8];

	for (unsigned int i = 0; i < ARRAY_SIZE(s); i++) {
		CHECK(k_strlen(s[i]) == strlen(s[i]));
		for (int c = 0; c < 256; c++) {
			CHECK(k_strchr(s[i], c) == strchr(s[i], c));
			CHECK(k_strrchr(s[i], c) == strrchr(s[i], c));
			CHECK(k_memchr(s[i], c, strlen(s[i])) ==
			      memchr(s[i], c, strlen(s[i])));
		}
		for (unsigned int j = 0; j < ARRAY_SIZE(s); j++) {
			CHECK(sign(k_strcmp(s[i], s[j])) ==
			      sign(strcmp(s[i], s[j])));
			CHECK(k_strstr(s[i], s[j]) == strstr(s[i], s[j]));
			for (size_t n = 0; n < 5; n++)
				CHECK(sign(k_strncmp(s[i], s[j], n)) ==
				      sign(strncmp(s[i], s[j], n)));
		}
		for (size_t n = 0; n < 8; n++) {
			CHECK(k_strnlen(s[i], n) == strnlen(s[i], n));
			memset(one, '#', sizeof(one));
			CHECK(k_strlcpy(one, s[i], n) == strlen(s[i]));
			if (n)
				CHECK(!strncmp(one, s[i], n - 1) &&
				      strlen(one) < n);
			CHECK(one[n] == '#' || n == 8);
			strcpy(two, "xy");
			CHECK(k_strlcat(two, s[i], n) ==
			      (n < 2 ? n : 2) + strlen(s[i]));
			CHECK(strlen(two) < (n > 3 ? n : 3));
		}
	}
}

#define FORMAT(size, ...)                                                      \
	do {                                                                   \
		char mine[200], theirs[200];                                   \
		int a, b;                                                      \
                                                                               \
		memset(mine, '#', sizeof(mine));                               \
		memset(theirs, '#', sizeof(theirs));                           \
		a = k_snprintf(mine, size, __VA_ARGS__);                       \
		b = snprintf(theirs, size, __VA_ARGS__);                       \
		if (a != b || memcmp(mine, theirs, sizeof(mine))) {            \
			printf("FAIL line %d: '%.99s' for '%.99s'\n",          \
			       __LINE__, mine, theirs);                        \
			failures++;                                            \
		}                                                              \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

static void test_format(void)
{
	static const char *const flags[] = { "",  "-",  "+",  " ",  "0",
					     "#", "-+", "0+", "#0", "-0#" };
	static const char *const widths[] = { "",   "1",  "5",   "20",
					      ".0", ".3", "8.3", "3.8" };
	static const char *const types[] = { "d",   "i",  "u",  "x",  "X",
					     "o",   "ld", "lu", "lx", "llo",
					     "zu",  "zx", "td", "hd", "hhu",
					     "hhd", "hx", "jd" };
	static const long values[] = { 0,          1,          -1,
				       9,          10,         255,
				       -128,       32768,      123456789,
				       -123456789, 4294967295, 4294967296,
				       INT64_MAX,  INT64_MIN };
	char fmt[40];

	for (unsigned int f = 0; f < ARRAY_SIZE(flags); f++)
		for (unsigned int w = 0; w < ARRAY_SIZE(widths); w++)
			for (unsigned int t = 0; t < ARRAY_SIZE(types); t++)
				for (unsigned int v = 0; v < ARRAY_SIZE(values);
				     v++) {
					sprintf(fmt, "<%%%s%s%s>", flags[f],
						widths[w], types[t]);
					FORMAT(100, fmt, values[v]);
				}
	FORMAT(100, "%s %10s|%-10s|%.2s|%-5.1s|%5s", "a", "bc", "de", "fghi",
	       "jk", "longer than that");
	FORMAT(100, "%c%5c%-5c|%%", 'x', 'y', 'z');
	FORMAT(100, "%p %20p %-20p|", (void *)0x1234, (void *)1, (void *)2);
	FORMAT(100, "%*d|%-*d|%.*d|%*.*s", 5, 1, 5, 2, 3, 3, -8, 2, "abc");
	FORMAT(5, "cut %s", "here");
	FORMAT(1, "cut");
	FORMAT(0, "not even this %d", 1);
	FORMAT(8, "exactly");
	FORMAT(7, "exactly");
	{
		char s[16];

		CHECK(k_snprintf(s, 16, "%s", (char *)NULL) == 6);
		CHECK(!strcmp(s, "(null)"));
		CHECK(k_snprintf(s, 16, "end%") == 3 && !strcmp(s, "end"));
		CHECK(k_snprintf(s, 16, "%y") == 2 && !strcmp(s, "%y"));
	}
}

static void test_bits(void)
{
	for (int i = 0; i < 200000; i++) {
		uint64_t x = ((uint64_t)rand() << 33 ^ (uint64_t)rand()) >>
			     rand() % 64;

		CHECK(popcount64(x) == (unsigned)__builtin_popcountl(x));
		if (!x)
			continue;
		CHECK(ctz64(x) == (unsigned)__builtin_ctzl(x));
		CHECK(ctz64(x << 40 | 1ul << 63) ==
		      (unsigned)__builtin_ctzl(x << 40 | 1ul << 63));
		CHECK(clz64(x) == (unsigned)__builtin_clzl(x));
		CHECK(fls64(x) == 64 - (unsigned)__builtin_clzl(x));
		CHECK(bswap64(x) == __builtin_bswap64(x));
		CHECK(bswap32((uint32_t)x) == __builtin_bswap32((uint32_t)x));
		CHECK(get_be64(&x) == bswap64(x) && get_le64(&x) == x);
	}
	CHECK(ctz64(0) == 64 && clz64(0) == 64 && fls64(0) == 0 &&
	      ctz32(0) == 32 && clz32(0) == 32 && clz32(1) == 31);
	CHECK(ilog2(1) == 0 && ilog2(4095) == 11 && ilog2_up(4095) == 12 &&
	      ilog2_up(4096) == 12 && ilog2_up(1) == 0);
	CHECK(round_up(1, 8) == 8 && round_up(8, 8) == 8 &&
	      round_down(15, 8) == 8 && div_round_up(9, 4) == 3 &&
	      div_round_up(UINT64_MAX, 2) == 1ul << 63);
	CHECK(is_power_of_2(64) && !is_power_of_2(0) && !is_power_of_2(3));
}

int main(void)
{
	test_memory();
	test_memmove();
	test_strings();
	test_format();
	test_bits();
	printf("%s\n", failures ? "FAIL" : "strings: all well");
	return failures != 0;
}
