/*
 * tac: the lines of files, the last one first; -s: what ends a line, -b: what
 * begins it.  A file is read whole.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *sep = "\n";
static size_t sep_len = 1;
static int in_front;

static char *read_all(int fd, size_t *len)
{
	size_t cap = 0, n = 0;
	char *buf = NULL;
	ssize_t got;

	for (;;) {
		if (cap - n < 65536) {
			cap = cap * 2 + 65536;
			buf = realloc(buf, cap);
			if (!buf)
				err(1, NULL);
		}
		got = read(fd, buf + n, cap - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			free(buf);
			return NULL;
		}
		if (!got)
			break;
		n += (size_t)got;
	}
	*len = n;
	return buf;
}

static int tac_file(const char *name)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
	size_t n, end, at, cut;
	char *buf;

	if (fd < 0) {
		warn("%s", name);
		return 1;
	}
	buf = read_all(fd, &n);
	if (!buf)
		warn("%s", name);
	if (fd)
		close(fd);
	if (!buf)
		return 1;
	/* Separators may not overlap, so they are looked for backwards. */
	for (end = at = n; at >= sep_len;) {
		if (memcmp(buf + at - sep_len, sep, sep_len)) {
			at--;
			continue;
		}
		cut = in_front ? at - sep_len : at;
		fwrite(buf + cut, 1, end - cut, stdout);
		end = cut;
		at -= sep_len;
	}
	fwrite(buf, 1, end, stdout);
	free(buf);
	if (ferror(stdout))
		err(1, "write error");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "before", no_argument, NULL, 'b' },
		{ "separator", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c, failed = 0;

	while ((c = getopt_long(argc, argv, "bs:", longs, NULL)) != -1) {
		switch (c) {
		case 'b':
			in_front = 1;
			break;
		case 's':
			sep = optarg;
			sep_len = *sep ? strlen(sep) : 1;
			break;
		default:
			fprintf(c == 'h' ? stdout : stderr,
				"usage: tac [-b] [-s separator] [file...]\n");
			return c != 'h';
		}
	}
	if (optind == argc)
		failed = tac_file("-");
	for (; optind < argc; optind++)
		failed |= tac_file(argv[optind]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
