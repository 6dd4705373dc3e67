/* sync: bring what was written to the disks.  With files: only those. */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: sync [-df] [file...]\n";

int main(int argc, char **argv)
{
	int c, fd, ret, data = 0, whole = 0, failed = 0;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "df")) != -1) {
		if (c == '?') {
			fputs(usage_text, stderr);
			return 1;
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
