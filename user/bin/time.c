/*
 * time: run a program, and tell on standard error how long it took, in the
 * form of POSIX: seconds that passed, and of processors for it and for the
 * kernel on its behalf.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Noreturn void usage(int status)
{
	fputs("usage: time [-p] command [argument...]\n",
	      status ? stderr : stdout);
	exit(status);
}

static void put(const char *what, long long us)
{
	fprintf(stderr, "%s %lld.%02lld\n", what, us / 1000000,
		us / 10000 % 100);
}

static long long microseconds(const struct timeval *tv)
{
	return tv->tv_sec * 1000000ll + tv->tv_usec;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "portability", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct timespec from, to;
	struct rusage used;
	int c, status, e;
	pid_t pid;

	while ((c = getopt_long(argc, argv, "+p", longs, NULL)) != -1)
		if (c != 'p')
			usage(c == 'h' ? 0 : 125);
	if (optind == argc)
		usage(125);
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (pid < 0)
		err(125, "fork");
	if (!pid) {
		execvp(argv[optind], argv + optind);
		e = errno;
		warn("%s", argv[optind]);
		_exit(e == ENOENT ? 127 : 126);
	}
	/* ^C is for the program; how long it took is told all the same. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (wait4(pid, &status, 0, &used) < 0)
		if (errno != EINTR)
			err(125, "wait");
	clock_gettime(CLOCK_MONOTONIC, &to);
	put("real", (to.tv_sec - from.tv_sec) * 1000000ll +
			    (to.tv_nsec - from.tv_nsec) / 1000);
	put("user", microseconds(&used.ru_utime));
	put("sys", microseconds(&used.ru_stime));
	if (WIFSIGNALED(status)) {
		/* As it ended, so that a script sees an interrupt. */
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
		return 128 + WTERMSIG(status);
	}
	return WEXITSTATUS(status);
}
