/*
 * split: cut a file into pieces xaa, xab, ... of -l lines (1000) or -b bytes;
 * -a: letters in the name, -d: digits instead.
 */
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
#include <unistd.h>

static const char *prefix = "x";
static size_t letters = 2;
static int digits, out = -1;
static char *name;

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: split [-d] [-a length] [-l lines | -b bytes[KMG]] "
		   "[file [prefix]]\n");
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

/* The next piece: count the letters of its name up. */
static void open_next(void)
{
	size_t n = strlen(prefix), i;
	char first = digits ? '0' : 'a', last = digits ? '9' : 'z';

	if (out >= 0 && close(out) < 0)
		err(1, "%s", name);
	if (!name) {
		name = malloc(n + letters + 1);
		if (!name)
			err(1, NULL);
		memcpy(name, prefix, n);
		memset(name + n, first, letters);
		name[n + letters] = 0;
	} else {
		for (i = n + letters; i > n && name[i - 1] == last; i--)
			name[i - 1] = first;
		if (i == n)
			errx(1, "the names are used up");
		name[i - 1]++;
	}
	out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (out < 0)
		err(1, "%s", name);
}

static void put(const char *s, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(out, s, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			err(1, "%s", name);
		s += done;
		n -= (size_t)done;
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "lines", required_argument, NULL, 'l' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "suffix-length", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	uintmax_t lines = 1000, bytes = 0, left = 0;
	const char *file = "-";
	static char buf[65536];
	int c, in, given = 0;
	ssize_t n;

	while ((c = getopt_long(argc, argv, "a:b:dl:0123456789", longs,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			letters = number(optarg, 0);
			if (letters > 200)
				errx(1, "%s: too long", optarg);
			break;
		case 'b':
		case 'l':
			if (given && given != c)
				errx(1, "either -b or -l");
			given = c;
			if (c == 'b')
				bytes = number(optarg, 1);
			else
				lines = number(optarg, 1);
			break;
		case 'd':
			digits = 1;
			break;
		case '0' ... '9':
			/* split -100 */
			if (given != '0')
				lines = 0;
			if (given && given != '0')
				errx(1, "either -b or -l");
			given = '0';
			lines = lines * 10 + (uintmax_t)(c - '0');
			break;
		default:
			usage(c == 'h' ? stdout : stderr, c != 'h');
		}
	}
	if (argc - optind > 2)
		usage(stderr, 1);
	if (!lines)
		errx(1, "no lines a piece");
	if (optind < argc)
		file = argv[optind];
	if (argc - optind == 2)
		prefix = argv[optind + 1];
	in = strcmp(file, "-") ? open(file, O_RDONLY) : 0;
	if (in < 0)
		err(1, "%s", file);
	while ((n = read(in, buf, sizeof(buf))) != 0) {
		const char *p = buf, *end = buf + n, *stop;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err(1, "%s", file);
		while (p < end) {
			if (!left) {
				open_next();
				left = bytes ? bytes : lines;
			}
			if (bytes) {
				stop = left < (uintmax_t)(end - p) ? p + left
								   : end;
				left -= (uintmax_t)(stop - p);
			} else {
				/* As many lines as are left of this piece. */
				for (stop = p; left && stop < end;) {
					stop = memchr(stop, '\n',
						      (size_t)(end - stop));
					if (!stop) {
						stop = end;
						break;
					}
					stop++;
					left--;
				}
			}
			put(p, (size_t)(stop - p));
			p = stop;
		}
	}
	if (out >= 0 && close(out) < 0)
		err(1, "%s", name);
	return 0;
}
