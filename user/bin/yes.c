/* yes: a line again and again, until nobody wants more. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(int status)
{
	fputs("usage: yes [word...]\n", status ? stderr : stdout);
	return status || !fflush(stdout) ? status : 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	size_t size = 8192, n = 0, line = 0, i;
	ssize_t put;
	char *buf;
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1)
		return usage(c != 'h');
	argv += optind;
	for (i = 0; argv[i]; i++)
		line += strlen(argv[i]) + 1;
	if (!i)
		line = 2;
	if (size < line)
		size = line;
	buf = malloc(size);
	if (!buf)
		err(1, NULL);
	if (!i)
		buf[n++] = 'y';
	for (i = 0; argv[i]; i++) {
		if (i)
			buf[n++] = ' ';
		memcpy(buf + n, argv[i], strlen(argv[i]));
		n += strlen(argv[i]);
	}
	buf[n++] = '\n';
	for (; n + line <= size; n += line)
		memcpy(buf + n, buf, line);
	for (;;) {
		/* What was left of a line is not forgotten. */
		for (i = 0; i < n; i += (size_t)put) {
			put = write(1, buf + i, n - i);
			if (put < 0 && errno == EINTR)
				put = 0;
			if (put < 0)
				err(1, "write error");
		}
	}
}
