/* sleep: wait.  Seconds, with a fraction, and s, m, h or d behind. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plain.h"

/*
 * Whole and decimal parts are read as integers: that keeps the floating-point
 * unit off in a program that everybody starts.
 */
static int add_time(const char *s, struct timespec *sum)
{
	unsigned long sec = 0, nsec = 0, unit = 1, scale = 100000000;
	const char *start = s;

	for (; *s >= '0' && *s <= '9'; s++)
		if (sec < 10000000000)
			sec = sec * 10 + (unsigned long)(*s - '0');
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, scale /= 10)
			nsec += (unsigned long)(*s - '0') * scale;
	if (s == start || (s == start + 1 && *start == '.'))
		return -1;
	switch (*s) {
	case 'd':
		unit *= 24;
		/* fallthrough */
	case 'h':
		unit *= 60;
		/* fallthrough */
	case 'm':
		unit *= 60;
		/* fallthrough */
	case 's':
		s++;
	}
	if (*s)
		return -1;
	nsec *= unit;
	sum->tv_sec += (time_t)(sec * unit + nsec / 1000000000);
	sum->tv_nsec += (long)(nsec % 1000000000);
	if (sum->tv_nsec >= 1000000000) {
		sum->tv_sec++;
		sum->tv_nsec -= 1000000000;
	}
	return 0;
}

static const char usage_text[] = "usage: sleep number[smhd]...\n";

int main(int argc, char **argv)
{
	struct timespec ts = { 0, 0 };
	int i;

	plain_help(argc, argv, usage_text);
	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc < 2) {
		fputs(usage_text, stderr);
		return 1;
	}
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "infinity") == 0 ||
		    strcmp(argv[i], "inf") == 0)
			for (;;)
				pause();
		if (add_time(argv[i], &ts) < 0)
			errx(1, "invalid time interval '%s'", argv[i]);
	}
	while (nanosleep(&ts, &ts) < 0)
		if (errno != EINTR)
			err(1, "nanosleep");
	return 0;
}
