/*
 * cksum: the check sum that POSIX defines, and the size, of files.  As sum: the
 * 16 bits of BSD, or of System V (-s), and the blocks.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "shown.h"

static uint32_t table[256];

static void table_make(void)
{
	uint32_t i, bit, c;

	for (i = 0; i < 256; i++) {
		for (c = i << 24, bit = 0; bit < 8; bit++)
			c = (c << 1) ^ (c >> 31 ? 0x04c11db7 : 0);
		table[i] = c;
	}
}

static uint32_t step(uint32_t crc, unsigned char byte)
{
	return (crc << 8) ^ table[(crc >> 24) ^ byte];
}

static unsigned char buf[65536];

/* The next bytes, into buf: how many, 0 at the end, -1. */
static ssize_t next(int fd)
{
	ssize_t n;

	do
		n = read(fd, buf, sizeof(buf));
	while (n < 0 && errno == EINTR);
	return n;
}

/* The size follows the bytes into the sum, its lowest byte first. */
static int sum(int fd, uint32_t *out, uint64_t *size)
{
	uint32_t crc = 0;
	uint64_t left;
	ssize_t n, i;

	*size = 0;
	while ((n = next(fd)) > 0) {
		for (i = 0; i < n; i++)
			crc = step(crc, buf[i]);
		*size += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	for (left = *size; left; left >>= 8)
		crc = step(crc, left & 255);
	*out = ~crc;
	return 0;
}

/* BSD's turns the sum to the right at each byte. */
static int old_sum(int fd, int sysv, uint32_t *out, uint64_t *size)
{
	uint32_t s = 0;
	ssize_t n, i;

	*size = 0;
	while ((n = next(fd)) > 0) {
		for (i = 0; i < n; i++)
			s = sysv ? s + buf[i]
				 : ((s >> 1 | (s & 1) << 15) + buf[i]) & 0xffff;
		*size += (uint64_t)n;
	}
	if (n < 0)
		return -1;
	s = (s & 0xffff) + (s >> 16);
	*out = (s & 0xffff) + (s >> 16);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "sysv", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, fd, failed = 0, old = plain_named(argv, "sum"), sysv = 0;
	uint64_t size, unit;
	uint32_t crc;

	while ((c = getopt_long(argc, argv, old ? "rs" : "", longs + !old,
				NULL)) != -1) {
		if (c != 'r' && c != 's') {
			fputs("usage: cksum [file...]\n"
			      "       sum [-rs] [file...]\n",
			      c == 'h' ? stdout : stderr);
			return c != 'h';
		}
		sysv = c == 's';
	}
	unit = sysv ? 512 : 1024;
	table_make();
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
		if (fd < 0 || (old ? old_sum(fd, sysv, &crc, &size)
				   : sum(fd, &crc, &size)) < 0) {
			warn("%s", name);
			failed = 1;
		} else {
			if (old)
				size = (size + unit - 1) / unit;
			printf(old && !sysv ? "%05u %5lu" : "%u %lu", crc,
			       (unsigned long)size);
			if (i < argc)
				putchar(' ');
			shown_name(stdout, i < argc ? name : "");
			putchar('\n');
		}
		if (fd > 0)
			close(fd);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
