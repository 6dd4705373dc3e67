/*
 * primes: the primes up to a limit, by a row of processes.
 *
 * Each process takes the first number that comes down its pipe: a prime.  It
 * drops the multiples of that and passes the others on to the next process,
 * which it makes when there is something to pass on.  A classic of concurrent
 * programming, and a good load for pipes and the scheduler.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plain.h"

/* Numbers travel in handfuls: fewer system calls, and the pipe stays full. */
#define HANDFUL 64

struct stream {
	int fd;
	unsigned int at, count;
	int number[HANDFUL];
};

static int stream_get(struct stream *s)
{
	ssize_t n;

	if (s->at == s->count) {
		n = read(s->fd, s->number, sizeof(s->number));
		if (n < 0)
			err(1, "read");
		s->at = 0;
		s->count = (unsigned int)n / sizeof(int);
		if (!s->count)
			return 0;
	}
	return s->number[s->at++];
}

static void stream_flush(struct stream *s)
{
	const char *p = (const char *)s->number;
	size_t left = s->count * sizeof(int);
	ssize_t n;

	for (; left; left -= (size_t)n, p += n) {
		n = write(s->fd, p, left);
		if (n < 0)
			err(1, "write");
	}
	s->count = 0;
}

static void stream_put(struct stream *s, int number)
{
	s->number[s->count++] = number;
	if (s->count == HANDFUL)
		stream_flush(s);
}

/* One place in the row; `in` is where its numbers come from. */
static int sieve(int fd)
{
	struct stream in = { .fd = fd }, out = { .fd = -1 };
	int prime, n, fds[2], status;
	pid_t next = 0;

next_place:
	prime = stream_get(&in);
	if (!prime)
		return 0;
	if (dprintf(1, "%d\n", prime) < 0)
		err(1, "write error");
	while ((n = stream_get(&in))) {
		if (n % prime == 0)
			continue;
		if (out.fd < 0) {
			if (pipe(fds) < 0)
				err(1, "pipe");
			next = fork();
			if (next < 0)
				err(1, "fork");
			if (next == 0) {
				close(fds[1]);
				close(in.fd);
				in = (struct stream){ .fd = fds[0] };
				goto next_place;
			}
			close(fds[0]);
			out.fd = fds[1];
		}
		stream_put(&out, n);
	}
	if (!next)
		return 0;
	stream_flush(&out);
	close(out.fd);
	if (waitpid(next, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static const char usage_text[] = "usage: primes [limit]\n";

int main(int argc, char **argv)
{
	struct stream out;
	int fds[2], n, status;
	long limit = 100;
	char *end;
	pid_t pid;

	plain_help(argc, argv, usage_text);
	if (argc > 2)
		goto usage;
	if (argc == 2) {
		limit = strtol(argv[1], &end, 10);
		if (*end || !*argv[1] || limit < 0 || limit > 1000000000)
			goto usage;
	}
	if (pipe(fds) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(fds[1]);
		return sieve(fds[0]);
	}
	close(fds[0]);
	out = (struct stream){ .fd = fds[1] };
	for (n = 2; n <= limit; n++)
		stream_put(&out, n);
	stream_flush(&out);
	close(fds[1]);
	if (waitpid(pid, &status, 0) < 0)
		err(1, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;

usage:
	fputs(usage_text, stderr);
	return 2;
}
