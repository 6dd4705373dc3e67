/* uptime: the time, how long the system runs, and its load. */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct sysinfo si;
	time_t now = time(NULL);
	struct tm tm;
	unsigned long l;
	long up;
	int i;

	if (argc > 1) {
		fprintf(stderr, "usage: uptime\n");
		return 1;
	}
	if (sysinfo(&si) < 0)
		err(1, "sysinfo");
	gmtime_r(&now, &tm);
	up = (long)si.uptime;
	printf(" %02d:%02d:%02d up ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (up >= 86400)
		printf("%ld day%s, ", up / 86400, up >= 172800 ? "s" : "");
	if (up >= 3600)
		printf("%ld:%02ld", up / 3600 % 24, up / 60 % 60);
	else if (up >= 60)
		printf("%ld min", up / 60);
	else
		printf("%ld sec", up);
	printf(",  %d process%s,  load average:", (int)si.procs,
	       si.procs == 1 ? "" : "es");
	for (i = 0; i < 3; i++) {
		/* 16 bits stand behind the point; two decimals are shown. */
		l = (si.loads[i] * 100 + 32768) >> 16;
		printf("%s %lu.%02lu", i ? "," : "", l / 100, l % 100);
	}
	putchar('\n');
	return 0;
}
