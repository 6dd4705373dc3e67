/*
 * split: cut a file into pieces xaa, xab, ... of -l lines (1000), -b bytes, or
 * -C bytes of whole lines; or -n pieces, of the same size, or of whole lines
 * (l/), or with every nth line (r/).
 *
 * Where nobody says how long names are they grow: those that begin with z are
 * kept for longer ones, so that all of them stay in order.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"

#define ALPHABET "abcdefghijklmnopqrstuvwxyz"

static const char *prefix = "x", *suffix = "", *kinds = ALPHABET;
static size_t letters;
static uintmax_t from; /* the number of the first piece */
static int grows = 1, verbose, skip_empty, out = -1, sep = '\n';
static char *name;

static void usage(FILE *f, int status)
{
	fprintf(f,
		"usage: split [-deux] [-a length] [-t separator] [-l lines | "
		"-b bytes[KMG] |\n"
		"             -C bytes[KMG] | -n [l/|r/][k/]n] [file "
		"[prefix]]\n");
	exit(status);
}

static uintmax_t number(const char *s, int units)
{
	static const char names[] = "KMGTPE";
	const char *unit;
	uintmax_t n;
	char *end;
	int i;

	errno = 0;
	n = strtoumax(s, &end, 10);
	if (!isdigit((unsigned char)*s) || errno || !n)
		errx(1, "%s: not a number", s);
	if (units && *end == 'b') {
		if (__builtin_mul_overflow(n, 512, &n))
			errx(1, "%s: too large", s);
		end++;
	} else if (units && *end) {
		unit = strchr(names, toupper((unsigned char)*end));
		for (i = unit ? (int)(unit - names) : -1; i >= 0; i--)
			if (__builtin_mul_overflow(n, 1024, &n))
				errx(1, "%s: too large", s);
		end += !!unit;
	}
	if (*end)
		errx(1, "%s: not a number", s);
	return n;
}

static void make_name(uintmax_t n)
{
	size_t start = strlen(prefix), i, base = strlen(kinds);

	if (asprintf(&name, "%s%*s%s", prefix, (int)letters, "", suffix) < 0)
		err(1, NULL);
	for (i = start + letters; i > start; n /= base)
		name[--i] = kinds[n % base];
	if (n)
		errx(1, "the first number is too large for the names");
}

/* The name after this one. */
static void count_up(void)
{
	size_t start = strlen(name) - strlen(suffix) - letters;
	char last = kinds[strlen(kinds) - 1], *longer, *p;

	for (p = name + start + letters; p > name + start && p[-1] == last; p--)
		p[-1] = *kinds;
	if (p == name + start)
		errx(1, "the names are used up");
	p[-1] = *(strchr(kinds, p[-1]) + 1);
	if (!grows || name[start] != last)
		return;
	/* From now on behind this z there is one letter more. */
	if (asprintf(&longer, "%.*s%c%c%s", (int)(start + letters), name,
		     *kinds, *kinds, suffix) < 0)
		err(1, NULL);
	letters++;
	free(name);
	name = longer;
}

static void close_piece(void)
{
	if (out >= 0 && close(out) < 0)
		err(1, "%s", name ? name : "standard output");
	out = -1;
}

/* The next piece. */
static void open_next(void)
{
	close_piece();
	if (name)
		count_up();
	else
		make_name(from);
	out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (out < 0)
		err(1, "%s", name);
	if (verbose)
		shown_print(stdout, "creating file '%s'\n", name);
}

static void put(const char *s, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(out, s, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			err(1, "%s", name ? name : "standard output");
		s += done;
		n -= (size_t)done;
	}
}

/* Pieces of so many bytes, or of so many lines. */
static void cut(int in, const char *file, uintmax_t size, int by_lines)
{
	static char buf[65536];
	const char *p, *end, *stop;
	uintmax_t left = 0;
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(1, "%s", file);
		for (p = buf, end = buf + n; p < end; p = stop) {
			if (!left) {
				open_next();
				left = size;
			}
			if (!by_lines) {
				stop = left < (uintmax_t)(end - p) ? p + left
								   : end;
				left -= (uintmax_t)(stop - p);
				put(p, (size_t)(stop - p));
				continue;
			}
			/* As many lines as are left of this piece. */
			for (stop = p; left && stop < end;) {
				stop = memchr(stop, sep, (size_t)(end - stop));
				if (!stop) {
					stop = end;
					break;
				}
				stop++;
				left--;
			}
			put(p, (size_t)(stop - p));
		}
	}
}

/* Lines in pieces of so many bytes; only a line that is longer is cut. */
static void cut_between_lines(FILE *f, uintmax_t size)
{
	uintmax_t left = 0;
	char *line = NULL, *p;
	size_t cap = 0, n;
	ssize_t got;

	while ((got = getdelim(&line, &cap, sep, f)) > 0) {
		n = (size_t)got;
		p = line;
		if (n > left && left < size)
			left = 0;
		for (; n; p += got, n -= (size_t)got) {
			if (!left) {
				open_next();
				left = size;
			}
			got = (ssize_t)(n < left ? n : left);
			put(p, (size_t)got);
			left -= (uintmax_t)got;
		}
	}
	free(line);
}

struct chunks {
	char kind;      /* l, r, or 0: bytes */
	uintmax_t n;    /* how many */
	uintmax_t only; /* this alone, to standard output; 0: all, as files */
};

static void read_chunks(const char *s, struct chunks *c)
{
	char *slash, *first;

	c->kind = 0;
	c->only = 0;
	if ((*s == 'l' || *s == 'r') && s[1] == '/') {
		c->kind = *s;
		s += 2;
	}
	slash = strchr(s, '/');
	if (slash) {
		first = strndup(s, (size_t)(slash - s));
		if (!first)
			err(1, NULL);
		c->only = number(first, 0);
		free(first);
		s = slash + 1;
	}
	c->n = number(s, 0);
	if (c->only > c->n)
		errx(1, "%s: there is no such piece", s);
}

/* Goes on to this piece; those before it that nothing went into are empty. */
static void go_on(const struct chunks *c, uintmax_t *at, uintmax_t to)
{
	if (c->only)
		return;
	for (; *at < to; ++*at)
		if (!skip_empty || *at + 1 == to)
			open_next();
}

/*
 * The nth part of what is left of a file: all parts are as long but for the
 * last, which has the rest. Whole lines belong to the part they begin in.
 */
static void cut_in_parts(FILE *f, const char *file, const struct chunks *c)
{
	uintmax_t size, part, pos = 0, at = 0, k;
	char *line = NULL, buf[4096];
	size_t cap = 0;
	struct stat st;
	off_t start;
	ssize_t n;

	start = lseek(fileno(f), 0, SEEK_CUR);
	if (fstat(fileno(f), &st) < 0)
		err(1, "%s", file);
	if (start < 0 || !S_ISREG(st.st_mode))
		errx(1, "%s: cannot know how large it is", file);
	size = st.st_size > start ? (uintmax_t)(st.st_size - start) : 0;
	part = size / c->n ? size / c->n : 1;
	for (;; pos += (uintmax_t)n) {
		k = pos / part < c->n ? pos / part : c->n - 1;
		if (c->kind) {
			n = getdelim(&line, &cap, sep, f);
		} else {
			/* Not beyond the part's end. */
			cap = k + 1 < c->n && (k + 1) * part - pos < sizeof(buf)
				      ? (size_t)((k + 1) * part - pos)
				      : sizeof(buf);
			n = (ssize_t)fread(buf, 1, cap, f);
		}
		if (n <= 0)
			break;
		if (c->only ? c->only == k + 1 : 1) {
			go_on(c, &at, k + 1);
			put(c->kind ? line : buf, (size_t)n);
		}
	}
	if (!skip_empty)
		go_on(c, &at, c->n);
	free(line);
}

/* One line to each piece in turn; all pieces are open at once. */
static void deal_lines(FILE *f, const struct chunks *c)
{
	char **names = calloc(c->n, sizeof(*names)), *line = NULL;
	int *fds = calloc(c->n, sizeof(*fds));
	uintmax_t k, opened = 0;
	size_t cap = 0;
	ssize_t n;

	if (!names || !fds)
		err(1, NULL);
	for (k = 0; (n = getdelim(&line, &cap, sep, f)) > 0;
	     k = (k + 1) % c->n) {
		if (c->only) {
			if (c->only == k + 1)
				put(line, (size_t)n);
			continue;
		}
		if (k == opened) {
			open_next();
			fds[k] = out;
			names[k] = strdup(name);
			if (!names[k])
				err(1, NULL);
			opened++;
		}
		/* When names are used again no more of them are made. */
		if (opened == c->n)
			name = names[k];
		out = fds[k];
		put(line, (size_t)n);
		out = -1;
	}
	for (k = 0; k < opened; k++)
		if (close(fds[k]) < 0)
			err(1, "%s", names[k]);
	while (!c->only && !skip_empty && opened++ < c->n)
		open_next();
	free(line);
}

/* So many letters as the pieces want, at least two. */
static size_t letters_for(uintmax_t pieces)
{
	size_t n = 1;

	for (pieces--; pieces >= strlen(kinds); pieces /= strlen(kinds))
		n++;
	return n < 2 ? 2 : n;
}

static void start_number(const char *s, int base)
{
	char *end;

	if (!s)
		return;
	errno = 0;
	from = strtoumax(s, &end, base);
	if (errno || *end || !isxdigit((unsigned char)*s))
		errx(1, "%s: not a number", s);
	grows = 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "lines", required_argument, NULL, 'l' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "line-bytes", required_argument, NULL, 'C' },
		{ "number", required_argument, NULL, 'n' },
		{ "suffix-length", required_argument, NULL, 'a' },
		{ "additional-suffix", required_argument, NULL, 'S' },
		{ "numeric-suffixes", optional_argument, NULL, 'd' },
		{ "hex-suffixes", optional_argument, NULL, 'x' },
		{ "elide-empty-files", no_argument, NULL, 'e' },
		{ "separator", required_argument, NULL, 't' },
		{ "unbuffered", no_argument, NULL, 'u' },
		{ "verbose", no_argument, &verbose, 1 },
		{ NULL, 0, NULL, 0 },
	};
	struct chunks chunks = { 0, 0, 0 };
	uintmax_t size = 1000;
	const char *file = "-";
	int c, given = 0;
	FILE *f = stdin;

	while ((c = getopt_long(argc, argv, "a:b:C:del:n:t:ux0123456789", longs,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			letters = number(optarg, 0);
			if (letters > 200)
				errx(1, "%s: too long", optarg);
			grows = 0;
			break;
		case 'b':
		case 'C':
		case 'l':
		case 'n':
			if (given && given != c)
				errx(1, "only one of -b, -C, -l and -n");
			given = c;
			if (c == 'n')
				read_chunks(optarg, &chunks);
			else
				size = number(optarg, 1);
			break;
		case 'd':
			kinds = "0123456789";
			start_number(optarg, 10);
			break;
		case 'e':
			skip_empty = 1;
			break;
		case 'S':
			if (strchr(optarg, '/'))
				errx(1, "%s: a suffix has no slash", optarg);
			suffix = optarg;
			break;
		case 't':
			sep = strcmp(optarg, "\\0") ? *optarg : 0;
			if (sep && optarg[1])
				errx(1, "%s: more than one character", optarg);
			break;
		case 'x':
			kinds = "0123456789abcdef";
			start_number(optarg, 16);
			break;
		case 'u':
			/* What is read is written at once. */
		case 0:
			break;
		case '0' ... '9':
			/* split -100 */
			if (given && given != '0')
				errx(1, "only one of -b, -C, -l and -n");
			if (!given)
				size = 0;
			given = '0';
			size = size * 10 + (uintmax_t)(c - '0');
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (argc - optind > 2)
		usage(stderr, 1);
	if (!size)
		errx(1, "no lines a piece");
	if (optind < argc)
		file = argv[optind];
	if (argc - optind == 2)
		prefix = argv[optind + 1];
	if (given == 'n') {
		uintmax_t last = chunks.n + (from < chunks.n ? from : 0);

		grows = 0;
		if (letters && letters < letters_for(last) &&
		    (letters > 1 || last > strlen(kinds)))
			errx(1, "names of %zu letters are too few", letters);
		if (!letters)
			letters = letters_for(last);
	}
	if (!letters)
		letters = 2;
	if (strcmp(file, "-") != 0)
		f = fopen(file, "r");
	if (!f)
		err(1, "%s", file);
	if (chunks.only)
		out = 1;
	if (given == 'C')
		cut_between_lines(f, size);
	else if (given == 'n' && chunks.kind == 'r')
		deal_lines(f, &chunks);
	else if (given == 'n')
		cut_in_parts(f, file, &chunks);
	else
		cut(fileno(f), file, size, given != 'b');
	if (ferror(f))
		err(1, "%s", file);
	close_piece();
	if (fflush(stdout))
		err(1, "write error");
	return 0;
}
