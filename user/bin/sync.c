/* sync: bring what was written to the disks.  With files: only those. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *f)
{
	fputs("usage: sync [-df] [file...]\n", f);
	return f == stderr;
}

int main(int argc, char **argv)
{
	int c, fd, ret, data = 0, whole = 0, failed = 0;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	while ((c = getopt(argc, argv, "df")) != -1) {
		if (c == '?') {
			return usage(stderr);
		}
		if (c == 'd')
			data = 1;
		else
			whole = 1;
	}
	if (optind == argc)
		sync();
	for (; optind < argc; optind++) {
		fd = open(argv[optind], O_RDONLY | O_NONBLOCK);
		if (fd < 0) {
			warn("%s", argv[optind]);
			failed = 1;
			continue;
		}
		ret = whole ? syncfs(fd) : data ? fdatasync(fd) : fsync(fd);
		if (ret < 0) {
			warn("%s", argv[optind]);
			failed = 1;
		}
		close(fd);
	}
	return failed;
}
