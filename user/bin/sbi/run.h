/*
 * For programs that run a command and look at the machine meanwhile: perf
 * uses it too. What is switched on before must be switched off afterwards, so
 * ^C and the like end the command and not the one who runs it.
 */
#pragma once
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* All of a file, or NULL and errno. To be freed. */
static inline char *read_all(const char *path)
{
	size_t n = 0, cap = 4096;
	char *text = malloc(cap);
	ssize_t got = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (text && fd >= 0 && got > 0) {
		got = read(fd, text + n, cap - 1 - n);
		if (got > 0)
			n += (size_t)got;
		if (n == cap - 1)
			text = realloc(text, cap *= 2);
	}
	if (!text)
		errno = ENOMEM;
	if (fd < 0 || got < 0 || !text) {
		int e = errno;

		free(text);
		if (fd >= 0)
			close(fd);
		errno = e;
		return NULL;
	}
	close(fd);
	text[n] = '\0';
	return text;
}

/* One order to a file of /proc/sbi; 0, or -1 and errno. */
static inline int order(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), e;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	e = errno;
	close(fd);
	errno = e;
	return n < 0 ? -1 : 0;
}

/* "on", or the end with the reason. */
static inline void switch_on(const char *path, const char *text)
{
	if (!order(path, text))
		return;
	if (errno == EACCES || errno == EPERM)
		errx(1, "%s: only root may switch this on", path);
	if (errno == EBUSY)
		errx(1, "%s: somebody is using this; to end it: echo off >%s",
		     path, path);
	err(1, "%s", path);
}

static volatile sig_atomic_t run_child;

static inline void run_forward(int sig)
{
	if (run_child > 0)
		kill((pid_t)run_child, sig);
}

/* The next field of a line, which a tab or newline ends; "" at the end. */
static inline char *field(char **at)
{
	char *begin = *at, *end = begin + strcspn(begin, "\t\n");

	*at = *end == '\t' ? end + 1 : end;
	if (*end == '\t')
		*end = '\0';
	return begin;
}

/* The next line, or NULL; what is left of the text stands in *at. */
static inline char *line(char **at)
{
	char *begin = *at, *end = strchr(begin, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return begin;
}

/* Runs it; its exit status, as the shell has it. */
static inline int run(char **argv)
{
	int status;
	pid_t pid;

	/* The keyboard's signals reach the command by themselves. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTERM, run_forward);
	signal(SIGHUP, run_forward);
	pid = fork();
	if (pid < 0) {
		warn("fork");
		return 1;
	}
	if (!pid) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(errno == ENOENT ? 127 : 126);
	}
	run_child = (sig_atomic_t)pid;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	run_child = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}
