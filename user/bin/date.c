/*
 * date: show the time, or set it.  +format as strftime has it; -s, or an
 * operand MMDDhhmm[[CC]YY][.ss], sets; -d shows another time, see
 * when.h; -r a file's.  The time zone is that of TZ, with -u UTC.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plain.h"
#include "when.h"

static int two(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

/* MMDDhhmm[[CC]YY][.ss] */
static int parse_digits(const char *s, time_t *t)
{
	size_t n = strspn(s, "0123456789");
	struct tm tm;

	if ((n != 8 && n != 10 && n != 12) ||
	    (s[n] &&
	     (s[n] != '.' || strspn(s + n + 1, "0123456789") != 2 || s[n + 3])))
		return -1;
	if (!localtime_r(t, &tm))
		return -1;
	tm.tm_mon = two(s) - 1;
	tm.tm_mday = two(s + 2);
	tm.tm_hour = two(s + 4);
	tm.tm_min = two(s + 6);
	tm.tm_sec = s[n] ? two(s + n + 1) : 0;
	if (n == 10)
		tm.tm_year = two(s + 8) + (two(s + 8) < 69 ? 100 : 0);
	if (n == 12)
		tm.tm_year = two(s + 8) * 100 + two(s + 10) - 1900;
	*t = mktime(&tm);
	return 0;
}

/*
 * A format of strftime's, in which the parts that it does not know are done: %N
 * nanoseconds, %3N the first digits of them, %:z the zone as +hh:mm, %q the
 * quarter.
 */
static void expand(char *out, size_t size, const char *format,
		   const struct timespec *ts, const struct tm *tm)
{
	const char *p, *q;
	char part[16];
	size_t n = 0, digits;

	for (p = format; *p; p = q) {
		q = p + 1;
		part[0] = *p;
		part[1] = 0;
		if (*p == '%') {
			digits = strspn(q, "123456789") == 1 ? *q - '0' : 0;
			if (q[digits != 0] == 'N') {
				snprintf(part, sizeof(part), "%09ld",
					 ts->tv_nsec);
				part[digits ? digits : 9] = 0;
				q += 1 + (digits != 0);
			} else if (q[0] == ':' && q[1] == 'z') {
				strftime(part, sizeof(part), "%z", tm);
				memmove(part + 4, part + 3, 3);
				part[3] = ':';
				q += 2;
			} else if (*q == 'q') {
				part[0] = (char)('1' + tm->tm_mon / 3);
				q++;
			} else if (*q) {
				part[1] = *q++;
				part[2] = 0;
			}
		}
		n += (size_t)snprintf(out + n, size - n, "%s", part);
		if (n >= size)
			errx(1, "format too long");
	}
	out[n] = 0;
}

static const char *iso_format(const char *what)
{
	static const char *const words[][2] = {
		{ "date", "%Y-%m-%d" },
		{ "hours", "%Y-%m-%dT%H%:z" },
		{ "minutes", "%Y-%m-%dT%H:%M%:z" },
		{ "seconds", "%Y-%m-%dT%H:%M:%S%:z" },
		{ "ns", "%Y-%m-%dT%H:%M:%S,%N%:z" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!what || !strcmp(what, words[i][0]))
			return words[i][1];
	errx(1, "%s: not one of date, hours, minutes, seconds, ns", what);
}

static const char *rfc_format(const char *what)
{
	if (!strcmp(what, "date"))
		return "%F";
	if (!strcmp(what, "seconds"))
		return "%F %T%:z";
	if (strcmp(what, "ns") != 0)
		errx(1, "%s: not one of date, seconds, ns", what);
	return "%F %T.%N%:z";
}

static int usage(int status)
{
	fputs("usage: date [-uR] [-I[what]] [--rfc-3339=what] [-d time | -r "
	      "file | -s time] "
	      "[+format | "
	      "MMDDhhmm[[CC]YY][.ss]]\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "date", required_argument, NULL, 'd' },
		{ "reference", required_argument, NULL, 'r' },
		{ "rfc-email", no_argument, NULL, 'R' },
		{ "iso-8601", optional_argument, NULL, 'I' },
		{ "set", required_argument, NULL, 's' },
		{ "utc", no_argument, NULL, 'u' },
		{ "universal", no_argument, NULL, 'u' },
		{ "rfc-3339", required_argument, NULL, '3' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *format = "%a %b %e %H:%M:%S %Z %Y", *when = NULL;
	struct timespec ts;
	struct stat st;
	struct tm tm;
	char text[1024], full[1024];
	int c, set = 0;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		err(1, "clock");
	while ((c = getopt_long(argc, argv, "uRd:s:r:I::", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'u':
			if (setenv("TZ", "UTC0", 1) < 0)
				err(1, NULL);
			break;
		case 'R':
			format = "%a, %d %b %Y %H:%M:%S %z";
			break;
		case 'I':
			format = iso_format(optarg);
			break;
		case '3':
			format = rfc_format(optarg);
			break;
		case 's':
			set = 1;
			/* fallthrough */
		case 'd':
			when = optarg;
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "%s", optarg);
			ts = st.st_mtim;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	/* Behind all options, as -u says in which zone. */
	if (when && when_parse(when, ts, &ts) < 0)
		errx(1, "invalid date '%s'", when);
	if (argc - optind > 1)
		errx(1, "extra operand '%s'", argv[optind + 1]);
	if (optind < argc && argv[optind][0] == '+') {
		format = argv[optind] + 1;
	} else if (optind < argc) {
		if (parse_digits(argv[optind], &ts.tv_sec) < 0)
			errx(1, "invalid date '%s'", argv[optind]);
		ts.tv_nsec = 0;
		set = 1;
	}
	if (set && clock_settime(CLOCK_REALTIME, &ts) < 0)
		err(1, "cannot set the time");
	if (!localtime_r(&ts.tv_sec, &tm))
		err(1, "the time %jd", (intmax_t)ts.tv_sec);
	expand(full, sizeof(full), format, &ts, &tm);
	if (!strftime(text, sizeof(text), full, &tm) && *full)
		errx(1, "format too long");
	puts(*format ? text : "");
	return plain_end(0, 1);
}
