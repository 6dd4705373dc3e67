/*
 * hexdump: show files in hexadecimal.  Without a letter: words of two bytes;
 * -C: bytes and characters; -b -c -d -o -x: other forms, several at once. As hd
 * it has -C from the beginning.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 16

static char forms[32];
static uint64_t skip, limit = UINT64_MAX, at;
static int every_line, failed, opened;
static char **names;

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: hexdump [-bcCdovx] [-n length] [-s skip] [file...]\n");
	exit(status);
}

static uint64_t number(const char *s)
{
	static const char units[] = "KMGTPE";
	const char *unit = NULL;
	uint64_t n;
	char *p;

	errno = 0;
	n = strtoull(s, &p, 0);
	if (p == s || *s == '-')
		errx(1, "invalid number '%s'", s);
	if (*p)
		unit = *p == 'k' ? units : strchr(units, *p);
	if (unit) {
		p++;
		if (!strcmp(p, "iB"))
			p += 2;
		for (; unit >= units; unit--)
			if (__builtin_mul_overflow(n, 1024, &n))
				errno = ERANGE;
	}
	if (*p)
		errx(1, "invalid number '%s'", s);
	if (errno)
		errx(1, "number too large: '%s'", s);
	return n;
}

static void put_char(int c)
{
	static const char from[] = "\a\b\f\n\r\t\v", to[] = "abfnrtv";
	const char *known = c ? strchr(from, c) : NULL;

	if (!c)
		fputs("  \\0", stdout);
	else if (known)
		printf("  \\%c", to[known - from]);
	else if (c >= 32 && c < 127)
		printf("   %c", c);
	else
		printf(" %03o", c);
}

static void put_canonical(const unsigned char *p, size_t n)
{
	size_t i;

	printf("%08lx", (unsigned long)at);
	for (i = 0; i < BLOCK; i++) {
		if (i % 8 == 0)
			putchar(' ');
		if (i < n)
			printf(" %02x", p[i]);
		else
			fputs("   ", stdout);
	}
	fputs("  |", stdout);
	for (i = 0; i < n; i++)
		putchar(p[i] >= 32 && p[i] < 127 ? p[i] : '.');
	puts("|");
}

static void put_words(int form, const unsigned char *p, size_t n)
{
	int width = form == 'p' ? 5 : 8;
	unsigned int v;
	size_t i;

	for (i = 0; i < BLOCK; i += 2) {
		v = p[i] | (unsigned int)p[i + 1] << 8;
		if (i >= n)
			printf("%*s", width, "");
		else if (form == 'p')
			printf(" %04x", v);
		else if (form == 'x')
			printf("    %04x", v);
		else if (form == 'd')
			printf("   %05u", v);
		else
			printf("  %06o", v);
	}
}

static void put_block(const unsigned char *p, size_t n)
{
	const char *form;
	size_t i;

	for (form = forms; *form; form++) {
		if (*form == 'C') {
			put_canonical(p, n);
			continue;
		}
		printf("%07lx", (unsigned long)at);
		if (*form == 'b' || *form == 'c') {
			for (i = 0; i < BLOCK; i++) {
				if (i >= n)
					fputs("    ", stdout);
				else if (*form == 'b')
					printf(" %03o", p[i]);
				else
					put_char(p[i]);
			}
		} else {
			put_words(*form, p, n);
		}
		putchar('\n');
	}
}

/* The next bytes of all files together; fewer at the end only. */
static size_t take(unsigned char *p, size_t n)
{
	static const char *name;
	static int fd = -1;
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		if (fd < 0) {
			if (!*names)
				break;
			name = *names++;
			fd = strcmp(name, "-") ? open(name, O_RDONLY) : 0;
			if (fd < 0) {
				warn("%s", name);
				failed = 1;
				continue;
			}
			opened = 1;
		}
		got = read(fd, p + have, n - have);
		if (got > 0) {
			have += (size_t)got;
			continue;
		}
		if (got < 0) {
			if (errno == EINTR)
				continue;
			warn("%s", name);
			failed = 1;
		}
		if (fd)
			close(fd);
		fd = -1;
	}
	return have;
}

static void skip_input(void)
{
	unsigned char buf[4096];
	size_t n;

	while (skip > at) {
		n = skip - at < sizeof(buf) ? (size_t)(skip - at) : sizeof(buf);
		n = take(buf, n);
		if (!n)
			break;
		at += n;
	}
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "one-byte-octal", no_argument, NULL, 'b' },
		{ "one-byte-char", no_argument, NULL, 'c' },
		{ "canonical", no_argument, NULL, 'C' },
		{ "two-bytes-decimal", no_argument, NULL, 'd' },
		{ "two-bytes-octal", no_argument, NULL, 'o' },
		{ "two-bytes-hex", no_argument, NULL, 'x' },
		{ "length", required_argument, NULL, 'n' },
		{ "skip", required_argument, NULL, 's' },
		{ "no-squeezing", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	static char dash[] = "-", *standard[] = { dash, NULL };
	static unsigned char buf[2][BLOCK];
	int c, which = 0, have_last = 0, starred = 0, nothing;
	const char *own = strrchr(argv[0], '/');
	size_t n, want, count = 0;

	if (!strcmp(own ? own + 1 : argv[0], "hd"))
		forms[count++] = 'C';
	while ((c = getopt_long(argc, argv, "bcCdn:os:vx", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'n':
			limit = number(optarg);
			break;
		case 's':
			skip = number(optarg);
			break;
		case 'v':
			every_line = 1;
			break;
		case HELP:
			usage(0);
		case '?':
			usage(1);
		default:
			if (count < sizeof(forms) - 1)
				forms[count++] = (char)c;
		}
	}
	if (!count)
		forms[0] = 'p';
	names = optind < argc ? argv + optind : standard;
	nothing = !limit;
	skip_input();
	do {
		unsigned char *p = buf[which];

		want = limit < BLOCK ? (size_t)limit : BLOCK;
		n = take(p, want);
		limit -= n;
		if (!n)
			break;
		memset(p + n, 0, BLOCK - n);
		if (n == BLOCK && have_last && !every_line &&
		    !memcmp(p, buf[!which], BLOCK)) {
			if (!starred)
				puts("*");
			starred = 1;
		} else {
			put_block(p, n);
			starred = 0;
			which = !which;
			have_last = 1;
		}
		at += n;
		if (ferror(stdout))
			err(1, "write error");
	} while (n == want);
	if (failed && !opened)
		errx(1, "all input file arguments failed");
	if (at && !nothing)
		printf(forms[strlen(forms) - 1] == 'C' ? "%08lx\n" : "%07lx\n",
		       (unsigned long)at);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
