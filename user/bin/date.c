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

static int usage(int status)
{
	fputs("usage: date [-uRI] [-d time | -r file | -s time] [+format | "
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
		{ "set", required_argument, NULL, 's' },
		{ "utc", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *format = "%a %b %e %H:%M:%S %Z %Y", *when = NULL;
	struct timespec ts;
	struct stat st;
	struct tm tm;
	char text[1024];
	int c, set = 0;

	if (clock_gettime(CLOCK_REALTIME, &ts) < 0)
		err(1, "clock");
	while ((c = getopt_long(argc, argv, "uRd:s:r:I", longs, NULL)) != -1) {
		switch (c) {
		case 'u':
			if (setenv("TZ", "UTC0", 1) < 0)
				err(1, NULL);
			break;
		case 'R':
			format = "%a, %d %b %Y %H:%M:%S %z";
			break;
		case 'I':
			format = "%Y-%m-%d";
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
	if (!strftime(text, sizeof(text), format, &tm) && *format)
		errx(1, "format too long");
	puts(*format ? text : "");
	return plain_end(0, 1);
}
