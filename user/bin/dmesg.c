/*
 * dmesg: the kernel's messages.  -c: forget them afterwards; -C: only forget;
 * -n level: what the console shows of them.
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "plain.h"

#ifndef SYSLOG_ACTION_CLEAR
#define SYSLOG_ACTION_READ_ALL      3
#define SYSLOG_ACTION_READ_CLEAR    4
#define SYSLOG_ACTION_CLEAR         5
#define SYSLOG_ACTION_CONSOLE_LEVEL 8
#define SYSLOG_ACTION_SIZE_BUFFER   10
#endif

/* A line may begin with its level, <6>, which is not shown. */
static const char *skip_level(const char *line, const char *end)
{
	const char *p = line;

	if (p < end && *p == '<') {
		do
			p++;
		while (p < end && *p >= '0' && *p <= '9');
		if (p < end && *p == '>' && p > line + 1)
			return p + 1;
	}
	return line;
}

static const char usage_text[] = "usage: dmesg [-cCr] [-n level]\n";

int main(int argc, char **argv)
{
	int c, size, n, level, action = SYSLOG_ACTION_READ_ALL, raw = 0;
	char *buf, *p, *nl, *end;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "cCn:r")) != -1) {
		switch (c) {
		case 'c':
			action = SYSLOG_ACTION_READ_CLEAR;
			break;
		case 'C':
			if (klogctl(SYSLOG_ACTION_CLEAR, NULL, 0) < 0)
				err(1, "clear");
			return 0;
		case 'n':
			level = (int)strtol(optarg, &end, 10);
			if (*end || level < 1 || level > 8)
				errx(1, "%s: not a level from 1 to 8", optarg);
			if (klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, level) <
			    0)
				err(1, "set the console's level");
			return 0;
		case 'r':
			raw = 1;
			break;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0);
	if (size <= 0)
		size = 65536;
	buf = malloc((size_t)size);
	if (!buf)
		err(1, NULL);
	n = klogctl(action, buf, size);
	if (n < 0)
		err(1, "read the kernel's messages");
	end = buf + n;
	for (p = buf; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		if (!raw)
			p = (char *)skip_level(p, nl);
		/* The kernel writes what others chose, as a program's name. */
		for (; p < nl; p++)
			if (raw || !iscntrl((unsigned char)*p) || *p == '\t')
				putchar(*p);
			else
				printf("\\x%02x", (unsigned int)*p);
		putchar('\n');
	}
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
