/* touch: set the times of files, and make those that are not there. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "when.h"

static int two(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

/* [[CC]YY]MMDDhhmm[.ss] */
static int parse(const char *s, struct timespec *ts)
{
	size_t n = strspn(s, "0123456789");
	time_t now = time(NULL);
	struct tm tm;

	if ((n != 8 && n != 10 && n != 12) ||
	    (s[n] &&
	     (s[n] != '.' || strspn(s + n + 1, "0123456789") != 2 || s[n + 3])))
		return -1;
	localtime_r(&now, &tm);
	tm.tm_sec = s[n] ? two(s + n + 1) : 0;
	if (n == 12)
		tm.tm_year = two(s) * 100 + two(s + 2) - 1900;
	else if (n == 10)
		tm.tm_year = two(s) + (two(s) < 69 ? 100 : 0);
	s += n - 8;
	tm.tm_mon = two(s) - 1;
	tm.tm_mday = two(s + 2);
	tm.tm_hour = two(s + 4);
	tm.tm_min = two(s + 6);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
	    tm.tm_sec > 60)
		return -1;
	ts->tv_sec = mktime(&tm);
	ts->tv_nsec = 0;
	return 0;
}

static int usage(int status)
{
	fputs("usage: touch [-acfhm] [-r file | -t [[CC]YY]MMDDhhmm[.ss] | "
	      "-d time] file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "no-create", no_argument, NULL, 'c' },
		{ "date", required_argument, NULL, 'd' },
		{ "no-dereference", no_argument, NULL, 'h' },
		{ "reference", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	struct timespec ts[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };
	int c, fd, create = 1, which = 0, failed = 0, nofollow = 0;
	struct timespec now;
	struct stat st;

	while ((c = getopt_long(argc, argv, "acmfhr:t:d:", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'a':
			which |= 1;
			break;
		case 'm':
			which |= 2;
			break;
		case 'c':
			create = 0;
			break;
		case 'f':
			break;
		case 'h':
			nofollow = AT_SYMLINK_NOFOLLOW;
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "%s", optarg);
			ts[0] = st.st_atim;
			ts[1] = st.st_mtim;
			break;
		case 't':
			if (parse(optarg, &ts[0]) < 0)
				errx(1, "invalid time '%s'", optarg);
			ts[1] = ts[0];
			break;
		case 'd':
			clock_gettime(CLOCK_REALTIME, &now);
			if (when_parse(optarg, now, &ts[0]) < 0)
				errx(1, "invalid time '%s'", optarg);
			ts[1] = ts[0];
			break;
		case 'H':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc) {
		warnx("missing operand");
		return usage(1);
	}
	if (which == 1)
		ts[1].tv_nsec = UTIME_OMIT;
	if (which == 2)
		ts[0].tv_nsec = UTIME_OMIT;
	for (; optind < argc; optind++) {
		if (!strcmp(argv[optind], "-")) {
			if (futimens(1, ts) == 0)
				continue;
		} else if (utimensat(AT_FDCWD, argv[optind], ts, nofollow) ==
			   0) {
			continue;
		}
		if (errno == ENOENT && !create)
			continue;
		if (errno == ENOENT && !nofollow) {
			fd = open(argv[optind], O_WRONLY | O_CREAT | O_NOCTTY,
				  0666);
			if (fd >= 0) {
				c = futimens(fd, ts);
				close(fd);
				if (c == 0)
					continue;
			}
		}
		warn("cannot touch '%s'", argv[optind]);
		failed = 1;
	}
	return failed;
}
