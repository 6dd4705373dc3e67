/* cat: write files one behind the other. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int number, number_full, squeeze, ends, tabs, visible;
static int failed;
static char buf[65536];

static int write_all(const char *p, size_t n)
{
	ssize_t put;

	while (n) {
		put = write(1, p, n);
		if (put < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

static void copy_plain(int fd, const char *name)
{
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			warn("%s", name);
			failed = 1;
			return;
		}
		if (write_all(buf, (size_t)n) < 0)
			err(1, "write error");
	}
}

static void put_visible(int c)
{
	if (c == '\t' && !tabs) {
		putchar(c);
		return;
	}
	if (c >= 128) {
		fputs("M-", stdout);
		c -= 128;
	}
	if (c < 32 || c == 127) {
		putchar('^');
		c ^= 64;
	}
	putchar(c);
}

static void copy_changed(int fd, const char *name, int is_last)
{
	static int at_start = 1, blanks, held;
	static long line;
	ssize_t n, i;
	int c;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i++) {
			c = (unsigned char)buf[i];
			if (at_start && c == '\n' && ++blanks > 1 && squeeze)
				continue;
			if (c != '\n')
				blanks = 0;
			if (at_start && number && (c != '\n' || !number_full))
				printf("%6ld\t", ++line);
			at_start = c == '\n';
			/* Before a visible end of line, so is a return. */
			if (held) {
				fputs(c == '\n' ? "^M" : "\r", stdout);
				held = 0;
			}
			if (c == '\r' && ends && !visible) {
				held = 1;
			} else if (c == '\n') {
				if (ends)
					putchar('$');
				putchar(c);
			} else if (visible || (tabs && c == '\t')) {
				put_visible(c);
			} else {
				putchar(c);
			}
		}
		if (fflush(stdout))
			err(1, "write error");
	}
	if (held && is_last)
		putchar('\r');
	if (fflush(stdout))
		err(1, "write error");
	if (n < 0) {
		warn("%s", name);
		failed = 1;
	}
}

/* What is read must not be what is written, or it would never end. */
static int is_output(int fd)
{
	struct stat in, out;

	return fstat(1, &out) == 0 && S_ISREG(out.st_mode) &&
	       fstat(fd, &in) == 0 && in.st_dev == out.st_dev &&
	       in.st_ino == out.st_ino && lseek(fd, 0, SEEK_CUR) < in.st_size;
}

static int usage(int status)
{
	fputs("usage: cat [-AbeEnstTuv] [file...]\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "show-all", no_argument, NULL, 'A' },
		{ "number-nonblank", no_argument, NULL, 'b' },
		{ "show-ends", no_argument, NULL, 'E' },
		{ "number", no_argument, NULL, 'n' },
		{ "squeeze-blank", no_argument, NULL, 's' },
		{ "show-tabs", no_argument, NULL, 'T' },
		{ "show-nonprinting", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, fd;

	while ((c = getopt_long(argc, argv, "AbeEnstTuv", longs, NULL)) != -1) {
		switch (c) {
		case 'A':
			visible = ends = tabs = 1;
			break;
		case 'b':
			number = number_full = 1;
			break;
		case 'e':
			visible = ends = 1;
			break;
		case 'E':
			ends = 1;
			break;
		case 'n':
			number = 1;
			break;
		case 's':
			squeeze = 1;
			break;
		case 't':
			visible = tabs = 1;
			break;
		case 'T':
			tabs = 1;
			break;
		case 'u':
			break;
		case 'v':
			visible = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") == 0 ? 0 : open(name, O_RDONLY);
		if (fd < 0) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		if (is_output(fd)) {
			warnx("%s: input file is output file", name);
			failed = 1;
		} else if (number || squeeze || ends || tabs || visible)
			copy_changed(fd, name, i + 1 >= argc);
		else
			copy_plain(fd, name);
		if (fd)
			close(fd);
	}
	return failed;
}
