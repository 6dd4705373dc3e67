/*
 * od: show files as numbers or characters.  Each -t TYPE[SIZE][z] (and the
 * letters -a -b -c -d -f -i -l -o -s -x for the usual ones) adds a line for
 * every block of 16 bytes.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT_MAX 64
#define WIDTH_MAX  4096

struct format {
	char type; /* one of a c d o u x f */
	char text; /* the characters too, at the end of the line */
	int size;  /* bytes of one field */
	int width; /* columns of one field, without the blank before it */
};

static struct format formats[FORMAT_MAX];
static int format_count, line_width; /* columns of the widest format */
static int address = 'o', address_width = 7;
static size_t block = 16;
static uint64_t skip, limit = UINT64_MAX, at;
static int every_line, failed, opened;
static char **names;

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: od [-abcdfhilosvx] [-A d|n|o|x] [-j skip] [-N count] "
		"[-t type] [-w[bytes]] [file...]\n"
		"       od [-abcdfilosx] [file] [[+]offset[.][b]]\n");
	exit(status);
}

static uint64_t number(const char *s)
{
	static const char units[] = "KMGTPE";
	uint64_t n, base = 1024;
	const char *unit;
	char *p;

	errno = 0;
	n = strtoull(s, &p, 0);
	if (p == s || *s == '-')
		errx(1, "invalid number '%s'", s);
	if (*p == 'b') {
		p++;
		if (__builtin_mul_overflow(n, 512, &n))
			errno = ERANGE;
	} else if (*p) {
		unit = *p == 'k' || *p == 'm' ? units + (*p == 'm')
					      : strchr(units, *p);
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
	}
	if (*p)
		errx(1, "invalid number '%s'", s);
	if (errno)
		errx(1, "number too large: '%s'", s);
	return n;
}

static int column_width(int type, int size)
{
	static const char octal[9] = { 0, 3, 6, 0, 11, 0, 0, 0, 22 };
	static const char sign[9] = { 0, 4, 6, 0, 11, 0, 0, 0, 20 };
	static const char plain[9] = { 0, 3, 5, 0, 10, 0, 0, 0, 20 };

	switch (type) {
	case 'd':
		return sign[size];
	case 'o':
		return octal[size];
	case 'u':
		return plain[size];
	case 'x':
		return size * 2;
	case 'f':
		return size == 4 ? 15 : 24;
	}
	return 3;
}

/* One format of a -t string; ends behind it. */
static const char *add_format(const char *s, const char *all)
{
	struct format *f = &formats[format_count];
	static const char letters[] = "CSIL";
	static const char sizes[] = { 1, 2, 4, 8 };
	const char *letter;
	char *end;
	long n;

	if (format_count == FORMAT_MAX)
		errx(1, "too many formats");
	f->type = *s++;
	if (!strchr("acdfoux", f->type))
		errx(1, "invalid character '%c' in type string '%s'", f->type,
		     all);
	if (f->type == 'a' || f->type == 'c') {
		f->size = 1;
	} else {
		f->size = f->type == 'f' ? 8 : 4;
		letter =
			*s ? strchr(f->type == 'f' ? "FD" : letters, *s) : NULL;
		if (isdigit((unsigned char)*s)) {
			n = strtol(s, &end, 10);
			if ((n != 1 && n != 2 && n != 4 && n != 8) ||
			    (f->type == 'f' && n < 4))
				errx(1, "invalid type string '%s'", all);
			f->size = (int)n;
			s = end;
		} else if (letter) {
			f->size = f->type == 'f' ? (*s == 'F' ? 4 : 8)
						 : sizes[letter - letters];
			s++;
		}
	}
	f->text = *s == 'z';
	s += f->text;
	f->width = column_width(f->type, f->size);
	format_count++;
	return s;
}

static void add_formats(const char *s)
{
	const char *all = s;

	while (*s)
		s = add_format(s, all);
}

/* The fewest digits that give the same number when they are read again. */
static void float_text(const unsigned char *p, int size, char *out, size_t n)
{
	int digits;
	double d;
	float f;

	if (size == 4) {
		memcpy(&f, p, sizeof(f));
		d = (double)f;
	} else {
		memcpy(&d, p, sizeof(d));
	}
	for (digits = 1; digits <= 17; digits++) {
		snprintf(out, n, "%.*g", digits, d);
		if (size == 4 ? strtof(out, NULL) == (float)d
			      : strtod(out, NULL) == d)
			return;
	}
}

static const char *char_text(int type, int c, char *out)
{
	static const char names_a[][4] = {
		"nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs",
		"ht",  "nl",  "vt",  "ff",  "cr",  "so",  "si",  "dle", "dc1",
		"dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em",  "sub",
		"esc", "fs",  "gs",  "rs",  "us",  "sp",
	};
	static const char from[] = "\a\b\f\n\r\t\v", to[] = "abfnrtv";
	const char *known;

	if (type == 'a') {
		c &= 127;
		if (c <= 32)
			return names_a[c];
		if (c == 127)
			return "del";
		snprintf(out, 5, "%c", c);
		return out;
	}
	known = c ? strchr(from, c) : NULL;
	if (!c)
		return "\\0";
	if (known)
		snprintf(out, 5, "\\%c", to[known - from]);
	else if (c >= 32 && c < 127)
		snprintf(out, 5, "%c", c);
	else
		snprintf(out, 5, "%03o", c);
	return out;
}

static uint64_t unsigned_value(const unsigned char *p, int size)
{
	uint64_t v = 0;

	while (size--)
		v = v << 8 | p[size];
	return v;
}

static void put_field(const struct format *f, const unsigned char *p, int width)
{
	unsigned long u = unsigned_value(p, f->size);
	int shift = 64 - 8 * f->size;
	char text[40];

	switch (f->type) {
	case 'd':
		printf("%*ld", width, (long)(u << shift) >> shift);
		break;
	case 'u':
		printf("%*lu", width, u);
		break;
	case 'o':
		printf("%*s%0*lo", width - f->width, "", f->width, u);
		break;
	case 'x':
		printf("%*s%0*lx", width - f->width, "", f->width, u);
		break;
	case 'f':
		float_text(p, f->size, text, sizeof(text));
		printf("%*s", width, text);
		break;
	default:
		printf("%*s", width, char_text(f->type, *p, text));
	}
}

static void put_address(void)
{
	if (address == 'd')
		printf("%07lu", (unsigned long)at);
	else if (address == 'o')
		printf("%07lo", (unsigned long)at);
	else if (address == 'x')
		printf("%06lx", (unsigned long)at);
}

/* A block in every format; what is narrower is spread to the widest. */
static void put_block(const unsigned char *p, size_t n)
{
	int i, k, fields, used, spare, left, next;
	size_t j;

	for (i = 0; i < format_count; i++) {
		const struct format *f = &formats[i];

		if (i == 0)
			put_address();
		else
			printf("%*s", address_width, "");
		fields = (int)(block / (size_t)f->size);
		used = (int)((n + (size_t)f->size - 1) / (size_t)f->size);
		spare = left = line_width - fields * (f->width + 1);
		for (k = 0; k < used; k++) {
			next = spare * (fields - k - 1) / fields;
			putchar(' ');
			put_field(f, p + k * f->size, f->width + left - next);
			left = next;
		}
		if (f->text) {
			printf("%*s  >",
			       (fields - used) * (f->width + 1) + left, "");
			for (j = 0; j < n; j++)
				putchar(p[j] >= 32 && p[j] < 127 ? p[j] : '.');
			putchar('<');
		}
		putchar('\n');
	}
}

/* The next bytes of all files together; fewer at the end only. */
static size_t take(unsigned char *p, size_t n)
{
	static int fd = -1;
	static const char *name;
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

static void dump(void)
{
	static unsigned char buf[2][WIDTH_MAX + 8];
	int which = 0, have_last = 0, starred = 0;
	size_t n, want;

	for (;;) {
		unsigned char *p = buf[which];

		want = limit < block ? (size_t)limit : block;
		n = take(p, want);
		limit -= n;
		if (!n)
			break;
		memset(p + n, 0, sizeof(buf[0]) - n);
		if (n == block && have_last && !every_line &&
		    !memcmp(p, buf[!which], block)) {
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
		if (n < want)
			break;
	}
	/* Of nothing there is not even an end to tell. */
	if (!opened && failed)
		return;
	put_address();
	if (address != 'n')
		putchar('\n');
}

static void skip_input(void)
{
	unsigned char buf[4096];
	uint64_t left = skip;
	size_t n;

	while (left) {
		n = left < sizeof(buf) ? (size_t)left : sizeof(buf);
		n = take(buf, n);
		if (!n)
			errx(1, "cannot skip past end of combined input");
		left -= n;
	}
	at = skip;
}

/* The old form of an offset: octal, decimal with a point, b for 512. */
static int old_offset(const char *s)
{
	const char *p = s + (*s == '+');
	size_t n = strspn(p, "0123456789");
	char *end;

	if (!n)
		return 0;
	skip = strtoull(p, &end, p[n] == '.' ? 10 : 8);
	if (end != p + n)
		return 0;
	end += *end == '.';
	if (*end == 'b') {
		skip *= 512;
		end++;
	}
	return !*end;
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "address-radix", required_argument, NULL, 'A' },
		{ "skip-bytes", required_argument, NULL, 'j' },
		{ "read-bytes", required_argument, NULL, 'N' },
		{ "format", required_argument, NULL, 't' },
		{ "output-duplicates", no_argument, NULL, 'v' },
		{ "width", optional_argument, NULL, 'w' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	static const char letters[] = "abcdfhilosx";
	static const char *const meant[] = { "a",  "o1", "c",  "u2", "fF", "x2",
					     "dI", "dL", "o2", "d2", "x2" };
	static char dash[] = "-", *standard[] = { dash, NULL };
	int c, i, modern = 0;
	size_t unit = 1;
	uint64_t n;

	while ((c = getopt_long(argc, argv, "A:abcdfhij:lN:ost:vw::x", longs,
				NULL)) != -1) {
		switch (c) {
		case 'A':
			if (strlen(optarg) != 1 || !strchr("dnox", *optarg))
				errx(1,
				     "invalid output address radix '%s'; "
				     "it must be one of d, n, o, x",
				     optarg);
			address = *optarg;
			address_width = address == 'n'   ? 0
					: address == 'x' ? 6
							 : 7;
			modern = 1;
			break;
		case 'j':
			skip = number(optarg);
			modern = 1;
			break;
		case 'N':
			limit = number(optarg);
			modern = 1;
			break;
		case 't':
			add_formats(optarg);
			modern = 1;
			break;
		case 'v':
			every_line = modern = 1;
			break;
		case 'w':
			n = optarg ? number(optarg) : 32;
			if (!n || n > WIDTH_MAX)
				errx(1, "invalid width '%s'", optarg);
			block = (size_t)n;
			modern = 1;
			break;
		case HELP:
			usage(0);
		case '?':
			usage(1);
		default:
			add_formats(meant[strchr(letters, c) - letters]);
		}
	}
	names = argv + optind;
	i = argc - optind;
	if (!modern && (i == 1 || i == 2) &&
	    (names[i - 1][0] == '+' || i == 2) && old_offset(names[i - 1]))
		names[--i] = NULL;
	if (!i)
		names = standard;
	if (!format_count)
		add_formats("o2");
	for (i = 0; i < format_count; i++)
		if ((size_t)formats[i].size > unit)
			unit = (size_t)formats[i].size;
	if (block % unit) {
		warnx("warning: invalid width %zu; using %zu instead", block,
		      unit);
		block = unit;
	}
	for (i = 0; i < format_count; i++) {
		c = (int)(block / (size_t)formats[i].size) *
		    (formats[i].width + 1);
		if (c > line_width)
			line_width = c;
	}
	skip_input();
	dump();
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
