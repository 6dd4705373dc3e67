/*
 * du: the space that files take, for each directory with all that is in it.  A
 * file of several names counts once, which a hash table of those that were seen
 * makes sure of.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"
#include "size.h"

static int all, apparent, human, separate, summary, total, inodes, failed;
static int si, count_links, end = '\n', max_depth = INT_MAX;
static off_t unit = 1024, threshold;
static const char **excluded;
static int excluded_n;

/* Open addressing; a free place has inode 0, which no file has. */
static struct seen {
	dev_t dev;
	ino_t ino;
} * seen;
static size_t seen_n, seen_cap;

static void *grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		err(1, NULL);
	return p;
}

static struct seen *place(struct seen *table, size_t cap, dev_t dev, ino_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15u ^ dev) & (cap - 1);

	while (table[i].ino && (table[i].ino != ino || table[i].dev != dev))
		i = (i + 1) & (cap - 1);
	return &table[i];
}

/* Whether it is new. */
static int see(const struct stat *st)
{
	struct seen *bigger, *s;
	size_t i;

	if (seen_n * 2 >= seen_cap) {
		bigger = calloc(seen_cap ? seen_cap * 2 : 1024, sizeof(*seen));
		if (!bigger)
			err(1, NULL);
		for (i = 0; i < seen_cap; i++)
			if (seen[i].ino)
				*place(bigger, seen_cap * 2, seen[i].dev,
				       seen[i].ino) = seen[i];
		free(seen);
		seen = bigger;
		seen_cap = seen_cap ? seen_cap * 2 : 1024;
	}
	s = place(seen, seen_cap, st->st_dev, st->st_ino);
	if (s->ino)
		return 0;
	s->dev = st->st_dev;
	s->ino = st->st_ino;
	seen_n++;
	return 1;
}

static uintmax_t space(const struct stat *st)
{
	if (inodes)
		return 1;
	if (!apparent)
		return (uintmax_t)st->st_blocks * 512;
	return S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)
		       ? (uintmax_t)st->st_size
		       : 0;
}

static void show(uintmax_t n, const char *path)
{
	static const char units[] = "KMGTPE";
	uintmax_t base = si ? 1000 : 1024, scale = 1, tenths;
	int i = -1;

	if (threshold > 0 ? n < (uintmax_t)threshold
			  : threshold < 0 && n > (uintmax_t)-threshold)
		return;
	if (inodes || (!human && unit == 1)) {
		printf("%ju", n);
	} else if (!human) {
		printf("%ju", n / (uintmax_t)unit + (n % (uintmax_t)unit != 0));
	} else if (n < base) {
		printf("%ju", n);
	} else {
		/* One decimal below ten; always rounded up. */
		do {
			scale *= base;
			i++;
			tenths = n / scale * 10 +
				 (n % scale * 10 + scale - 1) / scale;
		} while (tenths > (base - 1) * 10 && units[i + 1]);
		if (tenths < 100)
			printf("%ju.%ju%c", tenths / 10, tenths % 10,
			       si && !i ? 'k' : units[i]);
		else
			printf("%ju%c", (tenths + 9) / 10,
			       si && !i ? 'k' : units[i]);
	}
	putchar('\t');
	if (end)
		shown_name(stdout, path);
	else
		fputs(path, stdout);
	putchar(end);
}

static int leave_out(const FTSENT *e)
{
	const char *path = e->fts_path;
	int i;

	for (i = 0; i < excluded_n; i++) {
		/* The end of a path from any of its parts on. */
		for (path = e->fts_path;; path++) {
			if (!fnmatch(excluded[i], path, 0))
				return 1;
			path = strchr(path, '/');
			if (!path)
				break;
		}
	}
	return 0;
}

static void complain(const FTSENT *e, const char *what)
{
	errno = e->fts_errno;
	warn("%s '%s'", what, e->fts_path);
	failed = 1;
}

/* What is below: sums by level; those above get theirs at the end. */
static uintmax_t *sums;
static size_t sums_n;

static uintmax_t *sum_at(int level)
{
	size_t i = (size_t)level + 1, n = sums_n;

	if (i >= sums_n) {
		sums_n = i * 2 + 8;
		sums = grow(sums, sums_n * sizeof(*sums));
		memset(sums + n, 0, (sums_n - n) * sizeof(*sums));
	}
	return &sums[i];
}

static void finish_folder(const FTSENT *e)
{
	uintmax_t below = *sum_at(e->fts_level + 1);
	uintmax_t own = (uintmax_t)e->fts_number;

	*sum_at(e->fts_level + 1) = 0;
	/* Above a separate one only itself and its files count. */
	if (e->fts_level <= max_depth)
		show(below + own, e->fts_path);
	*sum_at(e->fts_level) += separate && e->fts_level > 0 ? 0 : below + own;
}

static uintmax_t measure(char *path, int options)
{
	char *paths[2] = { path, NULL };
	FTS *walk = fts_open(paths, options, NULL);
	uintmax_t n, sum = 0;
	FTSENT *e;

	if (!walk)
		err(1, "%s", path);
	*sum_at(0) = 0;
	while ((e = fts_read(walk))) {
		switch (e->fts_info) {
		case FTS_D:
			if (leave_out(e) || !see(e->fts_statp)) {
				/* Not shown again, behind. */
				fts_set(walk, e, FTS_SKIP);
				e->fts_pointer = e;
				continue;
			}
			e->fts_number = (long)space(e->fts_statp);
			continue;
		case FTS_DC:
			continue;
		case FTS_DNR:
		case FTS_ERR:
			complain(e, "cannot read directory");
			finish_folder(e);
			continue;
		case FTS_DP:
			if (!e->fts_pointer)
				finish_folder(e);
			continue;
		case FTS_NS:
			complain(e, "cannot access");
			continue;
		}
		if (leave_out(e))
			continue;
		if ((e->fts_statp->st_nlink > 1 || e->fts_level == 0 ||
		     (options & FTS_LOGICAL)) &&
		    !count_links && !see(e->fts_statp))
			continue;
		n = space(e->fts_statp);
		*sum_at(e->fts_level) += n;
		if ((all && e->fts_level <= max_depth) || !e->fts_level)
			show(n, e->fts_path);
	}
	if (errno)
		err(1, NULL);
	fts_close(walk);
	sum = *sum_at(0);
	return sum;
}

static int usage(int status)
{
	fputs("usage: du [-abchklmsSx0DHLP] [-d depth] [-B size] [-t size] "
	      "[--apparent-size]\n"
	      "          [--inodes] [--exclude=pattern] [file...]\n",
	      status ? stderr : stdout);
	return status;
}

static long number(const char *s)
{
	char *p;
	long n = strtol(s, &p, 10);

	if (*p || p == s || n < 0 || n > INT_MAX)
		errx(1, "invalid depth '%s'", s);
	return n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "apparent-size", no_argument, NULL, 'A' },
		{ "block-size", required_argument, NULL, 'B' },
		{ "bytes", no_argument, NULL, 'b' },
		{ "total", no_argument, NULL, 'c' },
		{ "dereference-args", no_argument, NULL, 'D' },
		{ "max-depth", required_argument, NULL, 'd' },
		{ "human-readable", no_argument, NULL, 'h' },
		{ "si", no_argument, NULL, 'i' },
		{ "inodes", no_argument, NULL, 'I' },
		{ "count-links", no_argument, NULL, 'l' },
		{ "dereference", no_argument, NULL, 'L' },
		{ "no-dereference", no_argument, NULL, 'P' },
		{ "separate-dirs", no_argument, NULL, 'S' },
		{ "summarize", no_argument, NULL, 's' },
		{ "threshold", required_argument, NULL, 't' },
		{ "one-file-system", no_argument, NULL, 'x' },
		{ "exclude", required_argument, NULL, 'X' },
		{ "null", no_argument, NULL, '0' },
		{ "help", no_argument, NULL, '?' + 256 },
		{ NULL, 0, NULL, 0 },
	};
	static char dot[] = ".";
	int c, options = 0, links = FTS_PHYSICAL, depth_given = 0;
	uintmax_t sum = 0;
	const char *s;

	while ((c = getopt_long(argc, argv, "abB:cDd:HhklLmPSst:x0", longs,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			all = 1;
			break;
		case 'A':
			apparent = 1;
			break;
		case 'b':
			apparent = 1;
			unit = 1;
			human = 0;
			break;
		case 'B':
			human = 0;
			unit = 1;
			s = optarg;
			if ((*s >= '0' && *s <= '9'
				     ? size_parse(s, &unit)
				     : size_suffix(s, &unit)) < 0 ||
			    !unit || !*s)
				errx(1, "invalid size '%s'", s);
			break;
		case 'c':
			total = 1;
			break;
		case 'D':
		case 'H':
			links = FTS_PHYSICAL | FTS_COMFOLLOW;
			break;
		case 'd':
			max_depth = (int)number(optarg);
			depth_given = 1;
			break;
		case 'h':
		case 'i':
			human = 1;
			si = c == 'i';
			break;
		case 'I':
			inodes = 1;
			break;
		case 'k':
		case 'm':
			human = 0;
			unit = c == 'k' ? 1024 : 1024 * 1024;
			break;
		case 'l':
			count_links = 1;
			break;
		case 'L':
			links = FTS_LOGICAL;
			break;
		case 'P':
			links = FTS_PHYSICAL;
			break;
		case 'S':
			separate = 1;
			break;
		case 's':
			summary = 1;
			break;
		case 't':
			s = optarg;
			if (size_parse(s + (*s == '-'), &threshold) < 0 ||
			    (*s == '-' && !threshold))
				errx(1, "invalid size '%s'", s);
			if (*s == '-')
				threshold = -threshold;
			break;
		case 'x':
			options |= FTS_XDEV;
			break;
		case 'X':
			excluded = grow(excluded, (size_t)(excluded_n + 1) *
							  sizeof(*excluded));
			excluded[excluded_n++] = optarg;
			break;
		case '0':
			end = 0;
			break;
		case '?' + 256:
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (summary && all) {
		warnx("-s and -a exclude each other");
		return usage(1);
	}
	if (summary && depth_given && max_depth) {
		warnx("-s and -d %d exclude each other", max_depth);
		return usage(1);
	}
	if (summary)
		max_depth = 0;
	options |= links;
	for (c = optind; c < argc || c == optind; c++)
		sum += measure(c < argc ? argv[c] : dot, options);
	if (total)
		show(sum, "total");
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
