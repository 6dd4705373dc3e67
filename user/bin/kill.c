/* kill: send a signal to processes, or list the signals. */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signum.h"

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: kill [-s signal | -signal] pid...\n"
		"       kill -l [status]\n");
	exit(status);
}

static int list(char **argv)
{
	int i, n;

	if (!*argv) {
		for (i = 1; i < SIGNAL_NAMES; i++)
			printf("%2d %-7s%s", i, signal_names[i],
			       i % 8 == 0 || i == SIGNAL_NAMES - 1 ? "\n" : " ");
		return 0;
	}
	for (; *argv; argv++) {
		n = signal_number(*argv);
		/* A shell's status of a killed program is 128 more. */
		if (n < 0 && isdigit((unsigned char)**argv))
			n = atoi(*argv) - 128;
		if (n < 0 || n >= SIGNAL_NAMES)
			errx(1, "%s: no such signal", *argv);
		if (isdigit((unsigned char)**argv))
			printf("%s\n", signal_names[n]);
		else
			printf("%d\n", n);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int sig = SIGTERM, failed = 0;
	char *end;
	long pid;

	if (argc < 2)
		usage(2);
	argv++;
	if (strcmp(*argv, "--help") == 0)
		usage(0);
	if (strcmp(*argv, "-l") == 0 || strcmp(*argv, "-L") == 0)
		return list(argv + 1);
	if (strcmp(*argv, "--") == 0) {
		argv++;
	} else if ((*argv)[0] == '-' && (*argv)[1]) {
		const char *name = *argv + 1;

		if (strncmp(name, "s", 2) == 0 || strncmp(name, "n", 2) == 0) {
			name = *++argv;
			if (!name)
				usage(2);
		}
		sig = signal_number(name);
		if (sig < 0)
			errx(1, "%s: no such signal", name);
		argv++;
		if (*argv && strcmp(*argv, "--") == 0)
			argv++;
	}
	if (!*argv)
		usage(2);
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
