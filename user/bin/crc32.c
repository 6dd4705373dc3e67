/* crc32: the CRC-32 of files, as gzip and zip have it, in hexadecimal. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shown.h"

static uint32_t table[256];

/* The polynomial of IEEE 802.3, the lowest bit first. */
static void table_make(void)
{
	uint32_t i, bit, c;

	for (i = 0; i < 256; i++) {
		for (c = i, bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ (c & 1 ? 0xedb88320 : 0);
		table[i] = c;
	}
}

static int sum(int fd, uint32_t *out)
{
	static unsigned char buf[65536];
	uint32_t crc = 0xffffffff;
	ssize_t n, i;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		for (i = 0; i < n; i++)
			crc = (crc >> 8) ^ table[(crc ^ buf[i]) & 255];
	}
	*out = ~crc;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, fd, failed = 0, n;
	uint32_t crc;

	c = getopt_long(argc, argv, "", longs, NULL);
	if (c != -1) {
		fprintf(c == 'h' ? stdout : stderr, "usage: crc32 [file...]\n");
		return c == 'h' ? 0 : 2;
	}
	table_make();
	n = argc - optind;
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
		if (fd < 0 || sum(fd, &crc) < 0) {
			warn("%s", name);
			failed = 1;
		} else if (n > 1) {
			printf("%08x\t", crc);
			shown_name(stdout, name);
			putchar('\n');
		} else {
			printf("%08x\n", crc);
		}
		if (fd > 0)
			close(fd);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
