/*
 * uptime: the time, how long the system runs, and its load; -p: only how long,
 * -s: since when.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "login.h"
#include "plain.h"

static const char *put_part(const char *between, long n, const char *what)
{
	if (!n)
		return between;
	printf("%s%ld %s%s", between, n, what, n == 1 ? "" : "s");
	return ", ";
}

/* "up 2 days, 1 hour, 5 minutes" */
static void put_words(long up)
{
	const char *between = " ";

	printf("up");
	between = put_part(between, up / 86400, "day");
	between = put_part(between, up / 3600 % 24, "hour");
	put_part(between, up < 60 ? 0 : up / 60 % 60, "minute");
	if (up < 60)
		put_part(between, up ? up : 1, "second");
	putchar('\n');
}

static _Noreturn void usage(int status)
{
	fputs("usage: uptime [-p | -s]\n"
	      "-p: how long, in words; -s: since when\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "pretty", no_argument, NULL, 'p' },
		{ "since", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, words = 0, since = 0, users = 0, i;
	time_t now = time(NULL);
	struct sysinfo si;
	unsigned long l;
	struct tm tm;
	long up;

	while ((c = getopt_long(argc, argv, "ps", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			words = 1;
			break;
		case 's':
			since = 1;
			break;
		default:
			usage(c == 'h' ? 0 : 1);
		}
	}
	if (optind < argc)
		usage(1);
	if (sysinfo(&si) < 0)
		err(1, "sysinfo");
	up = (long)si.uptime;
	if (since)
		now -= up;
	localtime_r(&now, &tm);
	if (words) {
		put_words(up);
		return plain_end(0, 1);
	}
	if (since) {
		printf("%04d-%02d-%02d %02d:%02d:%02d\n", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		       tm.tm_sec);
		return plain_end(0, 1);
	}
	printf(" %02d:%02d:%02d up ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (up >= 86400)
		printf("%ld day%s, ", up / 86400, up >= 172800 ? "s" : "");
	if (up >= 3600)
		printf("%ld:%02ld", up / 3600 % 24, up / 60 % 60);
	else if (up >= 60)
		printf("%ld min", up / 60);
	else
		printf("%ld sec", up);
	setutxent();
	while (login_next(NULL))
		users++;
	printf(",  %d user%s,  %d process%s,  load average:", users,
	       users == 1 ? "" : "s", (int)si.procs, si.procs == 1 ? "" : "es");
	for (i = 0; i < 3; i++) {
		/* 16 bits stand behind the point; two decimals are shown. */
		l = (si.loads[i] * 100 + 32768) >> 16;
		printf("%s %lu.%02lu", i ? "," : "", l / 100, l % 100);
	}
	putchar('\n');
	return plain_end(0, 1);
}
