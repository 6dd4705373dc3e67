/*
 * tail: the last lines (-n) or bytes (-c) of files; +N: from the Nth on; -f:
 * go on as the files grow; -F: whatever file has the name.  What may be needed
 * is kept in a ring of blocks.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shown.h"
#include "size.h"

struct block {
	struct block *next;
	size_t n;
	long lines;
	char data[8192];
};

static int bytes, from_start, follow, retry, line_end = '\n';
static pid_t watched; /* --pid: follow as long as it lives */
static off_t count = 10;

/* What stands above a file when there are several. */
static void put_title(int empty_line, const char *name)
{
	fputs(empty_line ? "\n==> " : "==> ", stdout);
	shown_name(stdout, name);
	puts(" <==");
}

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

	while ((p = memchr(p, line_end, (size_t)(end - p)))) {
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
			if (bytes || *p == line_end)
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
	if (last && last->data[last->n - 1] != line_end)
		lines++;
	skip = bytes ? total - count : lines - count;
	for (b = first; b; b = last) {
		p = b->data;
		while (skip > 0 && p < b->data + b->n) {
			if (bytes || *p == line_end)
				skip--;
			p++;
		}
		put(p, (size_t)(b->data + b->n - p));
		last = b->next;
		free(b);
	}
	return 0;
}

struct followed {
	const char *name;
	int fd; /* -1: not there now */
	dev_t dev;
	ino_t ino;
};

static void remember(struct followed *f)
{
	struct stat st;

	if (fstat(f->fd, &st) == 0) {
		f->dev = st.st_dev;
		f->ino = st.st_ino;
	}
}

/* -F: the name may have come to mean another file. */
static void look_again(struct followed *f)
{
	struct stat st;
	int fd;

	if (!f->name || stat(f->name, &st) < 0 ||
	    (f->fd >= 0 && st.st_dev == f->dev && st.st_ino == f->ino))
		return;
	fd = open(f->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	warnx("'%s' is another file now; following it", f->name);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	remember(f);
}

static void follow_all(struct followed *files, int n, int titles)
{
	struct timespec ts = { 0, 250000000 };
	struct followed *f;
	static char buf[8192];
	struct stat st;
	int i, last = n - 1, live;
	ssize_t got;
	off_t at;

	for (live = 1; live;) {
		/* Once more after the end of the one that is waited for. */
		live = !watched || kill(watched, 0) == 0 || errno == EPERM;
		for (i = 0; i < n; i++) {
			f = &files[i];
			if (f->fd >= 0) {
				at = lseek(f->fd, 0, SEEK_CUR);
				if (at > 0 && fstat(f->fd, &st) == 0 &&
				    S_ISREG(st.st_mode) && st.st_size < at) {
					warnx("%s: file truncated", f->name);
					lseek(f->fd, 0, SEEK_SET);
				}
			}
			while (f->fd >= 0 &&
			       (got = read(f->fd, buf, sizeof(buf))) > 0) {
				if (titles && last != i)
					put_title(1, f->name);
				last = i;
				put(buf, (size_t)got);
			}
			if (retry)
				look_again(f);
		}
		if (fflush(stdout))
			err(1, "write error");
		if (live)
			nanosleep(&ts, NULL);
	}
}

static void set_count(const char *s, int is_bytes)
{
	const char *p = s;

	bytes = is_bytes;
	from_start = *p == '+';
	p += *p == '+' || *p == '-';
	if (size_parse(p, &count) < 0)
		errx(1, "invalid number of %s: '%s'",
		     is_bytes ? "bytes" : "lines", s);
}

static int usage(int status)
{
	fputs("usage: tail [-fFqvz] [-n [+]lines | -c [+]bytes] [-s seconds] "
	      "[--pid=pid]\n"
	      "            [file...]\n",
	      status ? stderr : stdout);
	return status;
}

/* tail -5, +5, -5c, -5f: as it was before -n.  Takes the word away. */
static int old_form(char *word)
{
	size_t n = strspn(word + 1, "0123456789");
	char text[32], *p = word + 1 + n;

	if ((*word != '-' && *word != '+') || !n || n + 2 > sizeof(text))
		return 0;
	memcpy(text, word, n + 1);
	text[n + 1] = 0;
	if (*p && !strchr("lcf", *p))
		return 0;
	set_count(text, *p == 'c');
	if (*p && *p != 'f')
		p++;
	if (*p == 'f')
		follow = 1;
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "bytes", required_argument, NULL, 'c' },
		{ "follow", optional_argument, NULL, 'f' },
		{ "lines", required_argument, NULL, 'n' },
		{ "pid", required_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "silent", no_argument, NULL, 'q' },
		{ "retry", no_argument, NULL, 'r' },
		{ "sleep-interval", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "zero-terminated", no_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, fd, titles = 0, failed = 0, shown = 0, n = 0;
	struct followed *files;
	struct stat st;

	if (argc > 1 && old_form(argv[1])) {
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	while ((c = getopt_long(argc, argv, "n:c:fFqs:vz", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'n':
		case 'c':
			set_count(optarg, c == 'c');
			break;
		case 'F':
			retry = 1;
			/* fallthrough */
		case 'f':
			follow = 1;
			if (optarg && !strcmp(optarg, "name"))
				retry = 1;
			break;
		case 'p':
			watched = (pid_t)strtol(optarg, NULL, 10);
			if (watched <= 0)
				errx(1, "invalid process '%s'", optarg);
			break;
		case 'q':
			titles = -1;
			break;
		case 'r':
		case 's':
			break;
		case 'v':
			titles = 1;
			break;
		case 'z':
			line_end = 0;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (argc - optind > 1 && !titles)
		titles = 1;
	files = calloc((size_t)(argc - optind + 1), sizeof(*files));
	if (!files)
		err(1, NULL);
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : 0;
		if (fd < 0) {
			warn("cannot open '%s'", name);
			failed = 1;
			if (retry) {
				files[n].name = name;
				files[n++].fd = -1;
			}
			continue;
		}
		if (titles > 0)
			put_title(shown, fd ? name : "standard input");
		shown = 1;
		if ((from_start ? copy_from(fd) : copy_last(fd)) < 0) {
			warn("%s", name);
			failed = 1;
		} else if (follow && fstat(fd, &st) == 0 &&
			   (fd || !S_ISFIFO(st.st_mode))) {
			/* A pipe on standard input has ended. */
			files[n].name = fd ? name : NULL;
			files[n].fd = fd;
			remember(&files[n++]);
			continue;
		}
		if (fd)
			close(fd);
	}
	if (fflush(stdout))
		err(1, "write error");
	if (follow && n)
		follow_all(files, n, titles > 0);
	free(files);
	return failed;
}
