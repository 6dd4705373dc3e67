/*
 * cmp: compare two files byte by byte.  -l lists all that differ, -s only
 * tells by the status: 0 alike, 1 not, 2 trouble.
 */
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

#include "shown.h"

struct input {
	int fd;
	const char *name;
	uint64_t skip;
	unsigned char buf[65536];
};

static struct input in[2];
static int list, silent;

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: cmp [-l | -s] [-n bytes] [-i skip[:skip]] file1 "
		"[file2 [skip1 [skip2]]]\n");
	exit(status);
}

/* A number with a suffix as in 10K (1024) or 10kB (1000); ends at *end. */
static uint64_t number(const char *s, const char **end)
{
	static const char units[] = "KMGTPE";
	uint64_t n, base = 1024;
	const char *unit;
	char *p;

	if (*s < '0' || *s > '9')
		errx(2, "invalid number '%s'", s);
	errno = 0;
	n = strtoull(s, &p, 0);
	unit = *p == 'k' ? units : *p ? strchr(units, *p) : NULL;
	if (unit) {
		p++;
		if (*p == 'B') {
			base = 1000;
			p++;
		}
		for (; unit >= units; unit--)
			if (__builtin_mul_overflow(n, base, &n))
				errno = ERANGE;
	}
	if (errno || n > INT64_MAX)
		errx(2, "number too large: '%s'", s);
	*end = p;
	return n;
}

static uint64_t whole_number(const char *s)
{
	const char *end;
	uint64_t n = number(s, &end);

	if (*end)
		errx(2, "invalid number '%s'", s);
	return n;
}

static void set_skips(const char *s)
{
	const char *end;

	in[0].skip = in[1].skip = number(s, &end);
	if (*end == ':')
		in[1].skip = whole_number(end + 1);
	else if (*end)
		errx(2, "invalid number '%s'", s);
}

/* Fill the buffer, so that both files' blocks begin at the same place. */
static size_t fill(struct input *f, size_t want)
{
	size_t have = 0;
	ssize_t got;

	while (have < want) {
		got = read(f->fd, f->buf + have, want - have);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			err(2, "%s", f->name);
		}
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return have;
}

static void input_open(struct input *f, const char *name)
{
	uint64_t left = f->skip;
	size_t n;

	f->name = name;
	f->fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
	if (f->fd < 0) {
		if (!silent)
			warn("%s", name);
		exit(2);
	}
	if (!left || lseek(f->fd, (off_t)left, SEEK_CUR) >= 0)
		return;
	while (left) {
		n = left < sizeof(f->buf) ? (size_t)left : sizeof(f->buf);
		n = fill(f, n);
		if (!n)
			break;
		left -= n;
	}
}

/* The column that numbers of -l need: that of the shorter file's size. */
static int list_width(uint64_t limit)
{
	uint64_t most = limit;
	struct stat st;
	int i, width = 1;

	for (i = 0; i < 2; i++) {
		if (fstat(in[i].fd, &st) == 0 && S_ISREG(st.st_mode)) {
			uint64_t size = (uint64_t)st.st_size;

			size -= size < in[i].skip ? size : in[i].skip;
			if (size < most)
				most = size;
		}
	}
	for (; most >= 10; most /= 10)
		width++;
	return width;
}

static int compare(uint64_t limit)
{
	int width = list ? list_width(limit) : 0, differ = 0, in_line = 0;
	uint64_t at = 0, line = 1;
	const char *shorter;
	size_t n[2], i, both;

	for (;;) {
		size_t want = sizeof(in[0].buf);

		if (want > limit - at)
			want = (size_t)(limit - at);
		if (!want)
			return differ;
		n[0] = fill(&in[0], want);
		n[1] = fill(&in[1], want);
		both = n[0] < n[1] ? n[0] : n[1];
		for (i = 0; i < both; i++) {
			unsigned char a = in[0].buf[i], b = in[1].buf[i];

			if (a != b) {
				if (silent)
					return 1;
				differ = 1;
				if (!list) {
					shown_name(stdout, in[0].name);
					putchar(' ');
					shown_name(stdout, in[1].name);
					printf(" differ: char %lu, line %lu\n",
					       (unsigned long)(at + i + 1),
					       (unsigned long)line);
					return 1;
				}
				printf("%*lu %3o %3o\n", width,
				       (unsigned long)(at + i + 1), a, b);
			}
			in_line = a != '\n';
			line += a == '\n';
		}
		at += both;
		if (n[0] != n[1])
			break;
		if (both < want)
			return differ;
	}
	if (silent)
		return 1;
	shorter = in[n[0] > n[1]].name;
	fflush(stdout);
	if (!at)
		warnx("EOF on %s which is empty", shorter);
	else if (list)
		warnx("EOF on %s after byte %lu", shorter, (unsigned long)at);
	else
		warnx("EOF on %s after byte %lu, %sline %lu", shorter,
		      (unsigned long)at, in_line ? "in " : "",
		      (unsigned long)(in_line ? line : line - 1));
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "ignore-initial", required_argument, NULL, 'i' },
		{ "verbose", no_argument, NULL, 'l' },
		{ "bytes", required_argument, NULL, 'n' },
		{ "quiet", no_argument, NULL, 's' },
		{ "silent", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t limit = UINT64_MAX;
	int c, n, differ;

	while ((c = getopt_long(argc, argv, "i:ln:s", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			set_skips(optarg);
			break;
		case 'l':
			list = 1;
			break;
		case 'n':
			limit = whole_number(optarg);
			break;
		case 's':
			silent = 1;
			break;
		case 'h':
			usage(0);
		default:
			usage(2);
		}
	}
	argv += optind;
	n = argc - optind;
	if (n < 1 || n > 4 || (list && silent))
		usage(2);
	if (n > 2)
		in[0].skip = whole_number(argv[2]);
	if (n > 3)
		in[1].skip = whole_number(argv[3]);
	input_open(&in[0], argv[0]);
	input_open(&in[1], n > 1 ? argv[1] : "-");
	differ = compare(limit);
	if (fflush(stdout))
		err(2, "write error");
	return differ;
}
