/*
 * nohup: run a program that outlives the terminal: it ignores SIGHUP, and what
 * would go to the terminal goes to nohup.out, or to $HOME/nohup.out.  As
 * setsid: one that is in a session of its own, without a terminal.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int usage(int status)
{
	fputs("usage: nohup command [argument...]\n"
	      "       setsid [-cfw] command [argument...]\n",
	      status ? stderr : stdout);
	return status;
}

static int open_output(void)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND, fd;
	const char *name = "nohup.out", *home;
	char *path = NULL;

	fd = open(name, flags, 0600);
	if (fd < 0) {
		home = getenv("HOME");
		if (!home || asprintf(&path, "%s/nohup.out", home) < 0)
			err(125, "%s", name);
		fd = open(path, flags, 0600);
		if (fd < 0) {
			warn("%s", name);
			err(125, "%s", path);
		}
	}
	warnx("output goes to '%s'", path ? path : name);
	return fd;
}

/* The leader of a group can have no session, its child can. */
static int new_session(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "ctty", no_argument, NULL, 'c' },
		{ "fork", no_argument, NULL, 'f' },
		{ "wait", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, terminal = 0, always = 0, waits = 0, status;
	pid_t child;

	while ((c = getopt_long(argc, argv, "+cfw", longs, NULL)) != -1) {
		terminal |= c == 'c';
		always |= c == 'f';
		waits |= c == 'w';
		if (!strchr("cfw", c)) {
			return usage(c != 'h');
		}
	}
	if (optind == argc) {
		warnx("missing operand");
		return usage(1);
	}
	if (always || getpgrp() == getpid()) {
		child = fork();
		if (child < 0)
			err(1, "fork");
		if (child && !waits)
			return 0;
		while (child) {
			if (waitpid(child, &status, 0) == child)
				return WIFEXITED(status)
					       ? WEXITSTATUS(status)
					       : 128 + WTERMSIG(status);
			if (errno != EINTR)
				err(1, "wait");
		}
	}
	if (setsid() < 0)
		err(1, "setsid");
	if (terminal && ioctl(0, TIOCSCTTY, 1) < 0)
		err(1, "the terminal");
	execvp(argv[optind], argv + optind);
	c = errno == ENOENT ? 127 : 126;
	err(c, "%s", argv[optind]);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, fd, kept = -1, in = isatty(0), out = isatty(1);

	const char *own = strrchr(argv[0], '/');

	if (!strcmp(own ? own + 1 : argv[0], "setsid"))
		return new_session(argc, argv);
	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		return usage(c == 'h' ? 0 : 125);
	if (optind == argc) {
		warnx("missing operand");
		return usage(125);
	}
	if (in) {
		/* For writing only: a program that reads is told so. */
		fd = open("/dev/null", O_WRONLY);
		if (fd < 0 || dup2(fd, 0) < 0)
			err(125, "standard input");
		if (fd)
			close(fd);
	}
	if (isatty(2)) {
		kept = fcntl(2, F_DUPFD_CLOEXEC, 3);
		if (!out && kept >= 0 && dup2(1, 2) < 0)
			err(125, "standard error");
	}
	if (out) {
		fd = open_output();
		if (dup2(fd, 1) < 0 || (kept >= 0 && dup2(fd, 2) < 0))
			err(125, "standard output");
		if (fd > 2)
			close(fd);
	}
	signal(SIGHUP, SIG_IGN);
	execvp(argv[optind], argv + optind);
	c = errno;
	if (kept >= 0)
		dup2(kept, 2);
	errno = c;
	err(c == ENOENT ? 127 : 126, "%s", argv[optind]);
}
