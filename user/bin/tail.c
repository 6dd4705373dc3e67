/*
 * tail: the last lines (-n) or bytes (-c) of files; +N: from the Nth on; -f:
 * go on as the file grows.  What may be needed is kept in a ring of blocks.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct block {
	struct block *next;
	size_t n;
	long lines;
	char data[8192];
};

static int bytes, from_start, follow;
static long count = 10;

static void put(const char *p, size_t n)
{
	if (n && fwrite(p, 1, n, stdout) != n)
		err(1, "write error");
}

static ssize_t get(int fd, char *p, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size) {
		got = read(fd, p + n, size - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static long count_lines(const char *p, size_t n)
{
	const char *end = p + n;
	long lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		lines++;
		p++;
	}
	return lines;
}

/* From the Nth line or byte to the end. */
static int copy_from(int fd)
{
	long skip = count > 0 ? count - 1 : 0;
	char buf[8192], *p;
	ssize_t n;

	while ((n = get(fd, buf, sizeof(buf))) > 0) {
		p = buf;
		while (skip && p < buf + n) {
			if (bytes || *p == '\n')
				skip--;
			p++;
		}
		put(p, (size_t)(buf + n - p));
	}
	return n < 0 ? -1 : 0;
}

static int copy_last(int fd)
{
	struct block *first = NULL, *last = NULL, *b, *spare = NULL;
	long lines = 0, total = 0, skip;
	const char *p;
	ssize_t n;

	for (;;) {
		b = spare ? spare : malloc(sizeof(*b));
		if (!b)
			err(1, NULL);
		spare = NULL;
		n = get(fd, b->data, sizeof(b->data));
		if (n <= 0) {
			free(b);
			break;
		}
		b->next = NULL;
		b->n = (size_t)n;
		b->lines = count_lines(b->data, b->n);
		if (last)
			last->next = b;
		else
			first = b;
		last = b;
		lines += b->lines;
		total += (long)n;
		/* Blocks that cannot be needed any more. */
		while (first != last &&
		       (bytes ? total - (long)first->n >= count
			      : lines - first->lines > count)) {
			lines -= first->lines;
			total -= (long)first->n;
			b = first->next;
			free(spare);
			spare = first;
			first = b;
		}
	}
	free(spare);
	if (n < 0)
		return -1;
	/* A last line without its end counts too. */
	if (last && last->data[last->n - 1] != '\n')
		lines++;
	skip = bytes ? total - count : lines - count;
	for (b = first; b; b = last) {
		p = b->data;
		while (skip > 0 && p < b->data + b->n) {
			if (bytes || *p == '\n')
				skip--;
			p++;
		}
		put(p, (size_t)(b->data + b->n - p));
		last = b->next;
		free(b);
	}
	return 0;
}

_Noreturn static void copy_growth(int fd)
{
	struct timespec ts = { 0, 250000000 };
	char buf[8192];
	ssize_t n;

	for (;;) {
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			put(buf, (size_t)n);
		fflush(stdout);
		nanosleep(&ts, NULL);
	}
}

static void set_count(const char *s, int is_bytes)
{
	char *end;

	bytes = is_bytes;
	from_start = *s == '+';
	if (*s == '+' || *s == '-')
		s++;
	count = strtol(s, &end, 10);
	if (*end == 'k' || *end == 'K') {
		count *= 1024;
		end++;
	}
	if (*end || !*s)
		errx(1, "%s: not a number", s);
}

int main(int argc, char **argv)
{
	int c, i, fd, quiet = 0, titles = 0, failed = 0, last = -1;

	/* tail -5 is tail -n 5 */
	if (argc > 1 && (argv[1][0] == '-' || argv[1][0] == '+') &&
	    argv[1][1] >= '0' && argv[1][1] <= '9') {
		set_count(argv[1], 0);
		argv++;
		argc--;
	}
	while ((c = getopt(argc, argv, "n:c:fqv")) != -1) {
		switch (c) {
		case 'n':
		case 'c':
			set_count(optarg, c == 'c');
			break;
		case 'f':
			follow = 1;
			break;
		case 'q':
			quiet = 1;
			break;
		case 'v':
			titles = 1;
			break;
		default:
			fprintf(stderr, "usage: tail [-fqv] [-n lines | "
					"-c bytes] [file...]\n");
			return 1;
		}
	}
	if (argc - optind > 1 && !quiet)
		titles = 1;
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
		if (fd < 0) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		if (titles)
			printf("%s==> %s <==\n", i > optind ? "\n" : "",
			       fd ? name : "standard input");
		if ((from_start ? copy_from(fd) : copy_last(fd)) < 0) {
			warn("%s", name);
			failed = 1;
		}
		if (last > 0)
			close(last);
		last = fd;
	}
	if (fflush(stdout))
		err(1, "write error");
	if (follow && last >= 0)
		copy_growth(last);
	return failed;
}
