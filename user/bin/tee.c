/* tee: standard input to standard output and to files; -a: behind them. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int write_all(int fd, const char *p, size_t n)
{
	ssize_t put;

	while (n) {
		put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

static int usage(int status)
{
	fputs("usage: tee [-aip] [file...]\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "append", no_argument, NULL, 'a' },
		{ "ignore-interrupts", no_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, n, failed = 0, flags = O_TRUNC, *fds;
	static char buf[65536];
	ssize_t got;

	while ((c = getopt_long(argc, argv, "aip", longs, NULL)) != -1) {
		switch (c) {
		case 'a':
			flags = O_APPEND;
			break;
		case 'i':
			signal(SIGINT, SIG_IGN);
			break;
		case 'p':
			/* Go on for the files when the pipe is closed. */
			signal(SIGPIPE, SIG_IGN);
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	argv += optind;
	n = argc - optind;
	fds = malloc(((size_t)n + 1) * sizeof(*fds));
	if (!fds)
		err(1, NULL);
	fds[0] = 1;
	for (i = 1; i <= n; i++) {
		fds[i] = open(argv[i - 1], O_WRONLY | O_CREAT | flags, 0666);
		if (fds[i] < 0) {
			warn("%s", argv[i - 1]);
			failed = 1;
		}
	}
	while ((got = read(0, buf, sizeof(buf))) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			err(1, "read error");
		}
		for (i = 0; i <= n; i++) {
			if (fds[i] < 0 ||
			    write_all(fds[i], buf, (size_t)got) == 0)
				continue;
			warn("%s", i ? argv[i - 1] : "standard output");
			fds[i] = -1;
			failed = 1;
		}
	}
	return failed;
}
