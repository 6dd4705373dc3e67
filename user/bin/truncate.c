/*
 * truncate: make files shorter or longer; what is new in them is zeros.  As
 * fallocate: have blocks for a part of a file, or give them back.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"
#include "size.h"

static int no_create, blocks;
static int change; /* + - < > / % before the size */
static off_t size;
static off_t reference = -1;

/* What the size is to be, where it is `now`; -1: too large. */
static off_t wanted(off_t now, off_t unit)
{
	off_t n, rest;

	if (__builtin_mul_overflow(size, unit, &n))
		return -1;
	switch (change) {
	case '+':
		return __builtin_add_overflow(now, n, &n) ? -1 : n;
	case '-':
		return now > n ? now - n : 0;
	case '<':
		return now < n ? now : n;
	case '>':
		return now > n ? now : n;
	case '/':
		return now - now % n;
	case '%':
		rest = now % n;
		return !rest                                       ? now
		       : __builtin_add_overflow(now, n - rest, &n) ? -1
								   : n;
	}
	return n;
}

static int set(const char *path)
{
	int fd = open(path,
		      O_WRONLY | O_NONBLOCK | O_CLOEXEC |
			      (no_create ? 0 : O_CREAT),
		      0666);
	struct stat st;
	off_t n;

	if (fd < 0) {
		if (no_create && errno == ENOENT)
			return 0;
		warn("cannot open '%s'", path);
		return 1;
	}
	if (fstat(fd, &st) < 0)
		goto fail;
	n = size;
	if (change || blocks || reference < 0)
		n = wanted(reference < 0 ? st.st_size : reference,
			   blocks ? st.st_blksize : 1);
	else
		n = reference;
	if (n < 0) {
		errno = EFBIG;
		goto fail;
	}
	if (ftruncate(fd, n) < 0)
		goto fail;
	if (close(fd) < 0) {
		warn("%s", path);
		return 1;
	}
	return 0;

fail:
	warn("cannot truncate '%s'", path);
	close(fd);
	return 1;
}

static int usage(int status)
{
	fputs("usage: truncate [-co] [-r file] [-s [+-<>/%]size] file...\n"
	      "       fallocate [-npz] [-o offset] -l size file\n",
	      status ? stderr : stdout);
	return status;
}

static int fallocate_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "length", required_argument, NULL, 'l' },
		{ "keep-size", no_argument, NULL, 'n' },
		{ "offset", required_argument, NULL, 'o' },
		{ "punch-hole", no_argument, NULL, 'p' },
		{ "zero-range", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	off_t length = 0, offset = 0;
	int c, fd, mode = 0;

	while ((c = getopt_long(argc, argv, "l:no:pz", longs, NULL)) != -1) {
		switch (c) {
		case 'l':
		case 'o':
			if (size_parse(optarg, c == 'l' ? &length : &offset) <
			    0)
				errx(1, "invalid number '%s'", optarg);
			break;
		case 'n':
			mode |= FALLOC_FL_KEEP_SIZE;
			break;
		case 'p':
			mode |= FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
			break;
		case 'z':
			mode |= FALLOC_FL_ZERO_RANGE;
			break;
		default:
			return usage(c != 'h');
		}
	}
	if (argc - optind != 1 || length <= 0)
		return usage(1);
	/* Only what makes a file longer makes one. */
	fd = open(argv[optind], O_RDWR | O_CLOEXEC | (mode ? 0 : O_CREAT), 0666);
	if (fd < 0)
		err(1, "cannot open '%s'", argv[optind]);
	if (fallocate(fd, mode, offset, length) < 0)
		err(1, "cannot allocate for '%s'", argv[optind]);
	if (close(fd) < 0)
		err(1, "%s", argv[optind]);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "no-create", no_argument, NULL, 'c' },
		{ "io-blocks", no_argument, NULL, 'o' },
		{ "reference", required_argument, NULL, 'r' },
		{ "size", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, given = 0, failed = 0;
	struct stat st;
	const char *s;

	if (plain_named(argv, "fallocate"))
		return fallocate_main(argc, argv);
	while ((c = getopt_long(argc, argv, "cor:s:", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			no_create = 1;
			break;
		case 'o':
			blocks = 1;
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "cannot stat '%s'", optarg);
			reference = st.st_size;
			break;
		case 's':
			s = optarg;
			change = *s && strchr("+-<>/%", *s) ? *s++ : 0;
			if (size_parse(s, &size) < 0)
				errx(1, "invalid number '%s'", optarg);
			if ((change == '/' || change == '%') && !size)
				errx(1, "division by zero");
			given = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc || (!given && reference < 0))
		return usage(1);
	if (given && reference >= 0 && !change)
		errx(1, "with -r, -s must be relative");
	if (blocks && !given)
		errx(1, "-o wants -s");
	for (; optind < argc; optind++)
		failed |= set(argv[optind]);
	return failed;
}
