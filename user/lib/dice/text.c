/* getopt_long, times as text and back, sorting, and pieces of strings. */
#define _GNU_SOURCE
#include <ctype.h>
#include <getopt.h>
#include <libgen.h>
#include <strings.h>
#include <time.h>

#include "user/lib/dice/dice.h"

static void options(void)
{
	static const char *const words[] = {
		"-a",      "-b",    "-ab",     "-c",      "-cX",      "-acX",
		"-d",      "-dY",   "--",      "-",       "op",       "operand",
		"--all",   "--al",  "--alter", "--size",  "--size=3", "--siz",
		"--all=1", "--opt", "--opt=",  "--opt=x", "--flag",   "--none",
		"--a",     "-x",    "-ax",     "--s",     ""
	};
	static const char *const shorts[] = { "abc:d::", "+abc:d::", ":abc:d::",
					      "abc:" };
	static int flag;
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "alter", no_argument, NULL, 'A' },
		{ "alternative", no_argument, NULL, 'A' },
		{ "size", required_argument, NULL, 's' },
		{ "opt", optional_argument, NULL, 'o' },
		{ "flag", no_argument, &flag, 7 },
		{ NULL, 0, NULL, 0 },
	};
	const char *letters = PICK(shorts);
	char *argv[12], copies[12][20];
	int argc = 1 + (int)dice(7), i, c, index, use_long = (int)dice(3);

	strcpy(copies[0], "prog");
	printf("getopt %s%s", letters, use_long ? " long" : "");
	for (i = 0; i < argc; i++) {
		if (i) {
			strcpy(copies[i], PICK(words));
			printf(" '%s'", copies[i]);
		}
		argv[i] = copies[i];
	}
	argv[argc] = NULL;
	printf(":");
	flag = 0;
	opterr = 0;
	optind = 0;
	for (i = 0; i < 20; i++) {
		index = -1;
		optopt = 0;
		c = use_long ? getopt_long(argc, argv, letters, longs, &index)
			     : getopt(argc, argv, letters);
		if (c == -1)
			break;
		printf(" %d", c);
		if (c != '?' && c != ':')
			printf("=%s/%d",
			       c == 'c' || c == 'd' || c == 's' || c == 'o'
				       ? optarg
				       : "",
			       index);
		else
			printf("!%d", optopt);
		printf("@%d", optind);
	}
	printf(" %d end %d:", flag, optind);
	for (i = 0; i < argc; i++)
		printf(" '%s'", argv[i]);
}

static void times(void)
{
	static const char letters[] =
		"aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%";
	time_t t = dice(2) ? (time_t)(dice_bits() >> 31)
			   : (time_t)(dice_bits() >> 28) - 30000000000;
	char fmt[40], out[100];
	static const char *const zones[] = { "UTC0", "CET-1", "XXX3:30",
					     "<+0530>-5:30", "ABC+12:34:56" };
	const char *zone = PICK(zones);
	struct tm tm, odd;
	size_t n;
	int i;

	setenv("TZ", zone, 1);
	tzset();
	localtime_r(&t, &tm);
	printf("time %s %ld: %d-%d-%d %d:%d:%d %d %d", zone, (long)t,
	       tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min,
	       tm.tm_sec, tm.tm_wday, tm.tm_yday);
	for (i = 0; i < 3; i++) {
		char *p = fmt;

		*p++ = '%';
		if (dice(4) == 0)
			*p++ = "-_0^#"[dice(5)];
		/* Without padding none is added, but with glibc. */
		if (dice(4) == 0 && p[-1] != '-')
			p += sprintf(p, "%u", 1 + dice(dice(4) ? 9 : 30));
		*p = letters[dice(COUNT(letters) - 1)];
		/* To the zone's offset glibc's flags do something else; of a
		 * date, by POSIX, the year takes the width, and seconds are a
		 * number like the others. */
		if (strchr("zFs", *p)) {
			fmt[1] = *p;
			p = fmt + 1;
		}
		p++;
		*p = 0;
		n = strftime(out, 1 + dice(40), fmt, &tm);
		printf(" %s ", fmt);
		if (n)
			dice_show(out, strlen(out));
	}
	printf(" %.24s", asctime(&tm));
	odd = tm;
	odd.tm_mon += (int)dice(100) - 50;
	odd.tm_mday += (int)dice(2000) - 1000;
	odd.tm_hour += (int)dice(200) - 100;
	odd.tm_min += (int)dice(2000) - 1000;
	odd.tm_sec += (int)dice(200000) - 100000;
	t = mktime(&odd);
	printf(" %ld %d-%d-%d %d %d", (long)t, odd.tm_year, odd.tm_mon,
	       odd.tm_mday, odd.tm_wday, odd.tm_yday);
}

/* What strftime writes, or nearly, and what strptime makes of it. */
static void parsed(void)
{
	static const char *const pieces[] = {
		"%Y", "%m", "%d", "%H", "%M", "%S", "%b",    "%B", "%e", "%a",
		"%A", "%y", "%C", "%j", "%I", "%p", "%T",    "%R", "%D", "%F",
		"%n", "%t", "%%", " ",  "-",  ":",  "%Y-%m", "%r", "%c", "%h"
	};
	time_t t = (time_t)(dice_bits() >> 31);
	char fmt[60] = "", in[200];
	struct tm tm, got;
	size_t n;
	int i;
	char *end;

	gmtime_r(&t, &tm);
	tm.tm_year = (int)dice(200);
	for (i = 1 + (int)dice(6); i; i--)
		strcat(fmt, PICK(pieces));
	n = strftime(in, sizeof(in), fmt, &tm);
	in[n] = 0;
	for (i = dice(3) ? 0 : (int)dice(3); i && n; i--)
		in[dice(n)] = "0159 a:Z"[dice(8)];
	memset(&got, 0, sizeof(got));
	end = strptime(in, fmt, &got);
	printf("strptime %s ", fmt);
	dice_show(in, strlen(in));
	if (!end) {
		printf(" no");
		return;
	}
	printf(" %d: %d:%d:%d", (int)(end - in), got.tm_hour, got.tm_min,
	       got.tm_sec);
	/* POSIX says nothing of a century beside a whole year, and of a day of
	 * the year beside a month. */
	if (!strstr(fmt, "%C") && !strstr(fmt, "%j"))
		printf(" %d-%d-%d", got.tm_year, got.tm_mon, got.tm_mday);
	/* From parts of a date glibc reckons as well. */
	if (!strcmp(fmt, "%F") || !strcmp(fmt, "%D") || !strcmp(fmt, "%c"))
		printf(" %d %d", got.tm_wday, got.tm_yday);
}

static int by_value(const void *a, const void *b)
{
	const unsigned char *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Items of odd sizes whose first byte orders them, and the same byte behind. */
static void sorted(void)
{
	static unsigned char items[400 * 13];
	size_t size = 1 + dice(13), n = dice(dice(5) ? 20 : 400), i, k;
	unsigned char key, *found;

	for (i = 0; i < n; i++)
		memset(items + i * size, (int)dice(200), size);
	qsort(items, n, size, by_value);
	for (i = k = 0; i < n * size; i++)
		k = k * 31 + items[i];
	for (i = 1; i < n; i++)
		if (items[(i - 1) * size] > items[i * size])
			printf("unsorted ");
	key = (unsigned char)dice(200);
	found = bsearch(&key, items, n, size, by_value);
	printf("qsort %zu %zu: %zx %d %d", size, n, k, found != NULL,
	       found ? *found : -1);
}

static int sign(int n)
{
	return n < 0 ? -1 : n > 0;
}

static long at(const char *found, const char *s)
{
	return found ? found - s : -1;
}

static void strings(void)
{
	char a[40], b[12], c[12], copy[60], *save = NULL, *p;
	size_t n = dice(12);

	dice_text(a, "aabbcAB/.\200", 30);
	dice_text(b, "abA/\200", dice(2) ? 3 : 10);
	dice_text(c, "ab/.", 3);
	printf("str ");
	dice_show(a, strlen(a));
	dice_show(b, strlen(b));
	dice_show(c, strlen(c));
	printf(" %zu: %d %d %d %d %d", n, sign(strcmp(a, b)),
	       sign(strncmp(a, b, n)), sign(strcasecmp(a, b)),
	       sign(strncasecmp(a, b, n)),
	       sign(memcmp(a, b,
			   strlen(a) < strlen(b) ? strlen(a) : strlen(b))));
	printf(" %zu %zu %ld %ld %ld", strspn(a, c), strcspn(a, c),
	       at(strpbrk(a, c), a), at(strstr(a, b), a),
	       at(strcasestr(a, b), a));
	printf(" %ld %ld %ld %ld", at(strchr(a, b[0]), a),
	       at(strrchr(a, b[0]), a), at(memchr(a, 'b', strlen(a)), a),
	       at(memrchr(a, 'b', strlen(a)), a));
	printf(" %ld %d", at(memmem(a, strlen(a), b, strlen(b)), a),
	       sign(strverscmp(a, b)));
	strcpy(copy, a);
	for (p = strtok_r(copy, *c ? c : "a", &save); p;
	     p = strtok_r(NULL, *c ? c : "a", &save))
		printf(" %zu", strlen(p));
	strcpy(copy, a);
	for (save = copy; (p = strsep(&save, c));)
		printf(",%zu", strlen(p));
	/* What // means is the system's own matter. */
	if (strncmp(a, "//", 2)) {
		p = dirname(strcpy(copy, a));
		dice_show(p, strlen(p));
		p = basename(strcpy(copy, a));
		dice_show(p, strlen(p));
	}
	memset(copy, 'x', sizeof(copy));
	copy[0] = 0;
	strncat(copy, a, n);
	p = stpncpy(copy + 20, b, n);
	printf(" %d ", (int)(p - copy));
	dice_show(copy, strlen(copy));
	dice_show(copy + 20, 14);
}

int main(int argc, char **argv)
{
	unsigned long cases = dice_begin(argc, argv);

	while (cases--) {
		switch (dice(5)) {
		case 4:
			parsed();
			break;
		case 0:
			options();
			break;
		case 1:
			times();
			break;
		case 2:
			sorted();
			break;
		default:
			strings();
		}
		putchar('\n');
	}
	return 0;
}
