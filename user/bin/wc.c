/* wc: count lines, words, bytes, characters; -L: the longest line. */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"

struct counts {
	unsigned long lines, words, chars, bytes, longest;
};

static int want_lines, want_words, want_chars, want_bytes, want_longest;
static int width = 1;

static int count(int fd, struct counts *n)
{
	static unsigned char buf[65536];
	int in_word = 0, c;
	unsigned long column = 0;
	ssize_t got, i;

	while ((got = read(fd, buf, sizeof(buf))) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		n->bytes += (unsigned long)got;
		if (!want_words && !want_chars && !want_longest) {
			const unsigned char *p = buf, *end = buf + got;

			while (want_lines &&
			       (p = memchr(p, '\n', (size_t)(end - p)))) {
				n->lines++;
				p++;
			}
			continue;
		}
		for (i = 0; i < got; i++) {
			c = buf[i];
			/* Bytes 10xxxxxx continue a character of UTF-8. */
			n->chars += (c & 0xc0) != 0x80;
			n->lines += c == '\n';
			if (c == '\n' || c == '\r' || c == '\f')
				column = 0;
			else if (c == '\t')
				column = (column | 7) + 1;
			else if (c >= 32 && c != 127)
				column += (c & 0xc0) != 0x80;
			if (column > n->longest)
				n->longest = column;
			if (isspace(c)) {
				in_word = 0;
			} else if (!in_word) {
				in_word = 1;
				n->words++;
			}
		}
	}
	return 0;
}

static void show(const struct counts *n, const char *name)
{
	const char *gap = "";

#define COLUMN(want, value)                                                    \
	do {                                                                   \
		if (want) {                                                    \
			printf("%s%*lu", gap, width, (value));                 \
			gap = " ";                                             \
		}                                                              \
	} while (0)
	COLUMN(want_lines, n->lines);
	COLUMN(want_words, n->words);
	COLUMN(want_chars, n->chars);
	COLUMN(want_bytes, n->bytes);
	COLUMN(want_longest, n->longest);
#undef COLUMN
	if (name) {
		putchar(' ');
		shown_name(stdout, name);
	}
	putchar('\n');
}

/* Columns as wide as the sum of all sizes, or 7 where one is unknown. */
static void set_width(int files, char **argv)
{
	unsigned long total = 0;
	int i, least = 1;
	struct stat st;

	if (files <= 1 &&
	    want_lines + want_words + want_chars + want_bytes + want_longest ==
		    1)
		return;
	for (i = 0; i < files || i == 0; i++) {
		int ret = i >= files || !strcmp(argv[i], "-")
				  ? fstat(0, &st)
				  : stat(argv[i], &st);

		if (ret < 0)
			continue;
		if (S_ISREG(st.st_mode))
			total += (unsigned long)st.st_size;
		else
			least = 7;
	}
	for (; total >= 10; total /= 10)
		width++;
	if (width < least)
		width = least;
}

static int usage(int status)
{
	fputs("usage: wc [-lwcmL] [file...]\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "bytes", no_argument, NULL, 'c' },
		{ "chars", no_argument, NULL, 'm' },
		{ "lines", no_argument, NULL, 'l' },
		{ "max-line-length", no_argument, NULL, 'L' },
		{ "words", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct counts total = { 0, 0, 0, 0, 0 }, n;
	int c, i, fd, failed = 0, files;

	while ((c = getopt_long(argc, argv, "lwcmL", longs, NULL)) != -1) {
		switch (c) {
		case 'l':
			want_lines = 1;
			break;
		case 'w':
			want_words = 1;
			break;
		case 'c':
			want_bytes = 1;
			break;
		case 'm':
			want_chars = 1;
			break;
		case 'L':
			want_longest = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (!(want_lines | want_words | want_bytes | want_chars | want_longest))
		want_lines = want_words = want_bytes = 1;
	files = argc - optind;
	set_width(files, argv + optind);
	for (i = 0; i < files || i == 0; i++) {
		const char *name = i < files ? argv[optind + i] : NULL;

		memset(&n, 0, sizeof(n));
		fd = !name || !strcmp(name, "-") ? 0 : open(name, O_RDONLY);
		if (fd < 0 || count(fd, &n) < 0) {
			warn("%s", name ? name : "-");
			failed = 1;
			if (fd < 0)
				continue;
		}
		show(&n, name);
		if (fd)
			close(fd);
		total.lines += n.lines;
		total.words += n.words;
		total.chars += n.chars;
		total.bytes += n.bytes;
		if (n.longest > total.longest)
			total.longest = n.longest;
	}
	if (files > 1)
		show(&total, "total");
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
