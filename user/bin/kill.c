/* kill: send a signal to processes, or list the signals. */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plain.h"

static const char *const names[] = {
	"EXIT",   "HUP",  "INT",    "QUIT", "ILL",   "TRAP", "ABRT", "BUS",
	"FPE",    "KILL", "USR1",   "SEGV", "USR2",  "PIPE", "ALRM", "TERM",
	"STKFLT", "CHLD", "CONT",   "STOP", "TSTP",  "TTIN", "TTOU", "URG",
	"XCPU",   "XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
};

#define COUNT ((int)(sizeof(names) / sizeof(*names)))

static const char usage_text[] = "usage: kill [-s signal | -signal] pid...\n"
				 "       kill -l [status]\n";

static void usage(void)
{
	fputs(usage_text, stderr);
	exit(2);
}

static int signal_number(const char *s)
{
	char *end;
	long n;
	int i;

	if (isdigit((unsigned char)*s)) {
		n = strtol(s, &end, 10);
		return *end || n > 64 ? -1 : (int)n;
	}
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (i = 0; i < COUNT; i++)
		if (strcasecmp(s, names[i]) == 0)
			return i;
	return -1;
}

static int list(char **argv)
{
	int i, n;

	if (!*argv) {
		for (i = 1; i < COUNT; i++)
			printf("%2d %-7s%s", i, names[i],
			       i % 8 == 0 || i == COUNT - 1 ? "\n" : " ");
		return plain_end(0, 1);
	}
	for (; *argv; argv++) {
		n = signal_number(*argv);
		/* A shell's status of a killed program is 128 more. */
		if (n < 0 && isdigit((unsigned char)**argv))
			n = atoi(*argv) - 128;
		if (n < 0 || n >= COUNT)
			errx(1, "%s: no such signal", *argv);
		if (isdigit((unsigned char)**argv))
			printf("%s\n", names[n]);
		else
			printf("%d\n", n);
	}
	return plain_end(0, 1);
}

int main(int argc, char **argv)
{
	int sig = SIGTERM, failed = 0;
	char *end;
	long pid;

	plain_help(argc, argv, usage_text);
	if (argc < 2)
		usage();
	argv++;
	if (strcmp(*argv, "-l") == 0 || strcmp(*argv, "-L") == 0)
		return list(argv + 1);
	if (strcmp(*argv, "--") == 0) {
		argv++;
	} else if ((*argv)[0] == '-' && (*argv)[1]) {
		const char *name = *argv + 1;

		if (strncmp(name, "s", 2) == 0 || strncmp(name, "n", 2) == 0) {
			name = *++argv;
			if (!name)
				usage();
		}
		sig = signal_number(name);
		if (sig < 0)
			errx(1, "%s: no such signal", name);
		argv++;
		if (*argv && strcmp(*argv, "--") == 0)
			argv++;
	}
	if (!*argv)
		usage();
	for (; *argv; argv++) {
		errno = 0;
		pid = strtol(*argv, &end, 10);
		if (*end || !**argv || errno || pid != (pid_t)pid) {
			warnx("%s: not a process number", *argv);
			failed = 1;
		} else if (kill((pid_t)pid, sig) < 0) {
			warn("%s", *argv);
			failed = 1;
		}
	}
	return failed;
}
