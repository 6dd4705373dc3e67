/* cksum: the check sum that POSIX defines, and the size, of files. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The size follows the bytes into the sum, its lowest byte first. */
static int sum(int fd, uint32_t *out, uint64_t *size)
{
	static unsigned char buf[65536];
	uint32_t crc = 0;
	uint64_t left;
	ssize_t n, i;

	*size = 0;
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		for (i = 0; i < n; i++)
			crc = step(crc, buf[i]);
		*size += (uint64_t)n;
	}
	for (left = *size; left; left >>= 8)
		crc = step(crc, left & 255);
	*out = ~crc;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, fd, failed = 0;
	uint64_t size;
	uint32_t crc;

	c = getopt_long(argc, argv, "", longs, NULL);
	if (c != -1) {
		fprintf(c == 'h' ? stdout : stderr, "usage: cksum [file...]\n");
		return c == 'h' ? 0 : 1;
	}
	table_make();
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
		if (fd < 0 || sum(fd, &crc, &size) < 0) {
			warn("%s", name);
			failed = 1;
		} else {
			printf("%u %lu%s%s\n", crc, (unsigned long)size,
			       i < argc ? " " : "", i < argc ? name : "");
		}
		if (fd > 0)
			close(fd);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
