/*
 * dd: copy blocks, and convert them on the way.  SIGUSR1 has it tell how far it
 * is, and so does the end.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "size.h"

enum {
	CONV_BLOCK = 1 << 0,
	CONV_UNBLOCK = 1 << 1,
	CONV_LCASE = 1 << 2,
	CONV_UCASE = 1 << 3,
	CONV_SWAB = 1 << 4,
	CONV_SYNC = 1 << 5,
	CONV_NOERROR = 1 << 6,
	CONV_NOTRUNC = 1 << 7,
	CONV_NOCREAT = 1 << 8,
	CONV_EXCL = 1 << 9,
	CONV_FSYNC = 1 << 10,
	CONV_FDATASYNC = 1 << 11,
	CONV_SPARSE = 1 << 12,
	CONV_ASCII = 1 << 13,
	CONV_EBCDIC = 1 << 14,
	CONV_IBM = 1 << 15,
	CONV_MAPPED =
		CONV_LCASE | CONV_UCASE | CONV_ASCII | CONV_EBCDIC | CONV_IBM,
	CONV_CHANGES = CONV_BLOCK | CONV_UNBLOCK | CONV_MAPPED | CONV_SWAB,
};

enum {
	FLAG_BYTES_COUNT = 1 << 0,
	FLAG_BYTES_SKIP = 1 << 1,
	FLAG_BYTES_SEEK = 1 << 2,
	FLAG_FULLBLOCK = 1 << 3,
};

struct name {
	const char *name;
	int value;
};

static const struct name conversions[] = {
	{ "block", CONV_BLOCK },
	{ "unblock", CONV_UNBLOCK },
	{ "lcase", CONV_LCASE },
	{ "ucase", CONV_UCASE },
	{ "swab", CONV_SWAB },
	{ "sync", CONV_SYNC },
	{ "noerror", CONV_NOERROR },
	{ "notrunc", CONV_NOTRUNC },
	{ "nocreat", CONV_NOCREAT },
	{ "excl", CONV_EXCL },
	{ "fsync", CONV_FSYNC },
	{ "fdatasync", CONV_FDATASYNC },
	{ "sparse", CONV_SPARSE },
	{ "ascii", CONV_ASCII | CONV_UNBLOCK },
	{ "ebcdic", CONV_EBCDIC | CONV_BLOCK },
	{ "ibm", CONV_IBM | CONV_BLOCK },
	{ NULL, 0 },
};
static const struct name our_flags[] = {
	{ "count_bytes", FLAG_BYTES_COUNT },
	{ "skip_bytes", FLAG_BYTES_SKIP },
	{ "seek_bytes", FLAG_BYTES_SEEK },
	{ "fullblock", FLAG_FULLBLOCK },
	{ NULL, 0 },
};
static const struct name open_flags[] = {
	{ "append", O_APPEND },
	{ "direct", 0 }, /* what O_DIRECT asks for is no promise here */
	{ "directory", O_DIRECTORY },
	{ "dsync", O_DSYNC },
	{ "sync", O_SYNC },
	{ "nonblock", O_NONBLOCK },
	{ "noatime", 0 },
	{ "nofollow", O_NOFOLLOW },
	{ "noctty", O_NOCTTY },
	{ NULL, 0 },
};

static const char *in_name, *out_name;
static off_t in_size = 512, out_size = 512, cbs, skip, seek, count = -1;
static int conv, flags_in, flags_out, open_in, open_out;
static int status_level = 2; /* 0 none, 1 no speed, 2, 3 progress */

static unsigned char *in_buf, *out_buf;
static size_t out_n;
static uintmax_t full_in, part_in, full_out, part_out, bytes_out, truncated;
static struct timespec begun;
static volatile sig_atomic_t asked;
static int hole_at_end;
static unsigned char map[256]; /* what a byte becomes */
static unsigned char newline = '\n', blank = ' ';
static int as_they_come; /* bs=: short blocks are not gathered */
static size_t column;    /* of conv=block and unblock */
static size_t blanks;    /* that unblock holds back */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)(t.tv_sec - begun.tv_sec) +
	       (double)(t.tv_nsec - begun.tv_nsec) / 1e9;
}

static void put_human(double n, double base, const char *const *units)
{
	int i = 0;

	for (; n >= base && units[i + 1]; i++)
		n /= base;
	if (n < 10 && i)
		fprintf(stderr, "%.1f %s", n, units[i]);
	else
		fprintf(stderr, "%.0f %s", n, units[i]);
}

static void put_speed(const char *end)
{
	static const char *const si[] = { "B",  "kB", "MB", "GB",
					  "TB", "PB", NULL };
	static const char *const binary[] = { "B",   "KiB", "MiB", "GiB",
					      "TiB", "PiB", NULL };
	double t = seconds(), n = (double)bytes_out;

	fprintf(stderr, "%ju byte%s", bytes_out, bytes_out == 1 ? "" : "s");
	if (bytes_out >= 1000) {
		fprintf(stderr, " (");
		put_human(n, 1000, si);
		if (bytes_out >= 1024) {
			fprintf(stderr, ", ");
			put_human(n, 1024, binary);
		}
		fprintf(stderr, ")");
	}
	fprintf(stderr, " copied, %g s, ", t);
	put_human(t > 0 ? n / t : 0, 1000, si);
	fprintf(stderr, "/s%s", end);
}

static void tell(void)
{
	if (status_level == 3)
		fputc('\n', stderr);
	if (!status_level)
		return;
	fprintf(stderr, "%ju+%ju records in\n%ju+%ju records out\n", full_in,
		part_in, full_out, part_out);
	if (truncated)
		fprintf(stderr, "%ju truncated record%s\n", truncated,
			truncated == 1 ? "" : "s");
	if (status_level > 1)
		put_speed("\n");
}

static void on_signal(int sig)
{
	asked = sig;
}

/* What a signal has asked for is done between two blocks. */
static void answer(void)
{
	int sig = asked;

	asked = 0;
	if (!sig)
		return;
	tell();
	if (sig == SIGINT) {
		signal(SIGINT, SIG_DFL);
		raise(SIGINT);
	}
}

_Noreturn static void give_up(const char *what, const char *name)
{
	warn("%s '%s'", what, name);
	tell();
	exit(1);
}

static const char *in_title(void)
{
	return in_name ? in_name : "standard input";
}

static const char *out_title(void)
{
	return out_name ? out_name : "standard output";
}

static int all_zero(const unsigned char *p, size_t n)
{
	return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

static void write_block(const unsigned char *p, size_t n)
{
	size_t done = 0;
	ssize_t put;

	hole_at_end = 0;
	if ((conv & CONV_SPARSE) && n && all_zero(p, n) &&
	    lseek(1, (off_t)n, SEEK_CUR) >= 0) {
		hole_at_end = 1;
		done = n;
	}
	while (done < n) {
		put = write(1, p + done, n - done);
		if (put < 0 && errno == EINTR) {
			answer();
			continue;
		}
		if (put <= 0) {
			if (!put)
				errno = ENOSPC;
			part_out += done != 0;
			bytes_out += done;
			give_up("error writing", out_title());
		}
		done += (size_t)put;
	}
	bytes_out += n;
	if ((off_t)n == out_size)
		full_out++;
	else
		part_out++;
}

static void flush(void)
{
	if (out_n)
		write_block(out_buf, out_n);
	out_n = 0;
}

static void put(const unsigned char *p, size_t n)
{
	size_t k;

	while (n) {
		k = (size_t)out_size - out_n;
		if (k > n)
			k = n;
		memcpy(out_buf + out_n, p, k);
		out_n += k;
		p += k;
		n -= k;
		if ((off_t)out_n == out_size)
			flush();
	}
}

static void put_byte(int c)
{
	unsigned char b = (unsigned char)c;

	put(&b, 1);
}

/* What POSIX says ASCII is in EBCDIC; conv=ascii is the other way round. */
static const unsigned char ebcdic[256] = {
	0x00, 0x01, 0x02, 0x03, 0x37, 0x2d, 0x2e, 0x2f, 0x16, 0x05, 0x25, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x3c, 0x3d, 0x32, 0x26,
	0x18, 0x19, 0x3f, 0x27, 0x1c, 0x1d, 0x1e, 0x1f, 0x40, 0x5a, 0x7f, 0x7b,
	0x5b, 0x6c, 0x50, 0x7d, 0x4d, 0x5d, 0x5c, 0x4e, 0x6b, 0x60, 0x4b, 0x61,
	0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0x7a, 0x5e,
	0x4c, 0x7e, 0x6e, 0x6f, 0x7c, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
	0xc8, 0xc9, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xe2,
	0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xad, 0xe0, 0xbd, 0x9a, 0x6d,
	0x79, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x91, 0x92,
	0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6,
	0xa7, 0xa8, 0xa9, 0xc0, 0x4f, 0xd0, 0x5f, 0x07, 0x20, 0x21, 0x22, 0x23,
	0x24, 0x15, 0x06, 0x17, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x09, 0x0a, 0x1b,
	0x30, 0x31, 0x1a, 0x33, 0x34, 0x35, 0x36, 0x08, 0x38, 0x39, 0x3a, 0x3b,
	0x04, 0x14, 0x3e, 0xe1, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
	0x49, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x62, 0x63,
	0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75,
	0x76, 0x77, 0x78, 0x80, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x6a,
	0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xaa, 0xab, 0xac, 0x4a, 0xae, 0xaf,
	0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb,
	0xbc, 0xa1, 0xbe, 0xbf, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xda, 0xdb,
	0xdc, 0xdd, 0xde, 0xdf, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xfa, 0xfb,
	0xfc, 0xfd, 0xfe, 0xff,
};
/* Where "ibm" is another. */
static const unsigned char ibm[][2] = {
	{ 0x5e, 0x5f }, { 0x7e, 0xa1 }, { 0xcb, 0x9a },
	{ 0xd5, 0xad }, { 0xe5, 0xbd },
};

/* As if by steps: from EBCDIC, small or capital letters, to EBCDIC. */
static void make_map(void)
{
	int i, c;
	size_t k;

	for (i = 0; i < 256; i++)
		map[conv & CONV_ASCII ? ebcdic[i] : i] = (unsigned char)i;
	for (i = 0; i < 256; i++) {
		c = map[i];
		if (conv & (CONV_LCASE | CONV_UCASE))
			c = conv & CONV_LCASE ? tolower(c) : toupper(c);
		map[i] = (unsigned char)(conv & (CONV_EBCDIC | CONV_IBM)
						 ? ebcdic[c]
						 : c);
		for (k = 0; conv & CONV_IBM && k < sizeof(ibm) / 2; k++)
			if (c == ibm[k][0])
				map[i] = ibm[k][1];
	}
	if (conv & (CONV_EBCDIC | CONV_IBM)) {
		newline = ebcdic['\n'];
		blank = ebcdic[' '];
	}
}

/* Lines to records of cbs bytes, filled with blanks. */
static void put_block(const unsigned char *p, size_t n)
{
	for (; n; p++, n--) {
		if (*p == newline) {
			for (; (off_t)column < cbs; column++)
				put_byte(blank);
			column = 0;
		} else {
			if ((off_t)column == cbs)
				truncated++;
			else if ((off_t)column < cbs)
				put_byte(*p);
			column++;
		}
	}
}

/* Records to lines, without the blanks at their ends. */
static void put_unblock(const unsigned char *p, size_t n)
{
	for (; n; p++, n--) {
		if ((off_t)column == cbs) {
			put_byte('\n');
			column = blanks = 0;
		}
		column++;
		if (*p == ' ') {
			blanks++;
			continue;
		}
		for (; blanks; blanks--)
			put_byte(' ');
		put_byte(*p);
	}
}

static void convert(unsigned char *p, size_t n)
{
	unsigned char t;
	size_t i;

	for (i = 0; conv & CONV_MAPPED && i < n; i++)
		p[i] = map[p[i]];
	/* An odd byte at a block's end has no partner and stays. */
	for (i = 0; conv & CONV_SWAB && i + 1 < n; i += 2) {
		t = p[i];
		p[i] = p[i + 1];
		p[i + 1] = t;
	}
	if (conv & CONV_BLOCK)
		put_block(p, n);
	else if (conv & CONV_UNBLOCK)
		put_unblock(p, n);
	else
		put(p, n);
}

/* One read, or as many as make a block; -1: an error. */
static ssize_t read_block(size_t want)
{
	size_t n = 0;
	ssize_t got;

	while (n < want) {
		got = read(0, in_buf + n, want - n);
		if (got < 0 && errno == EINTR) {
			answer();
			continue;
		}
		if (got < 0)
			return n ? (ssize_t)n : -1;
		n += (size_t)got;
		if (!got || !(flags_in & FLAG_FULLBLOCK))
			break;
	}
	return (ssize_t)n;
}

static void copy(void)
{
	off_t left = count;
	double last = 0;
	size_t want;
	ssize_t n;

	for (;;) {
		answer();
		if (status_level == 3 && seconds() - last >= 1) {
			last = seconds();
			fputc('\r', stderr);
			put_speed("");
		}
		if (!left)
			break;
		want = (size_t)in_size;
		if ((flags_in & FLAG_BYTES_COUNT) && count >= 0 &&
		    left < in_size)
			want = (size_t)left;
		n = read_block(want);
		if (!n)
			break;
		if (n < 0) {
			if (!(conv & CONV_NOERROR))
				give_up("error reading", in_title());
			warn("error reading '%s'", in_title());
			tell();
			/* Go on behind it, where that is possible. */
			if (lseek(0, (off_t)want, SEEK_CUR) < 0)
				break;
			n = 0;
			if (!(conv & CONV_SYNC)) {
				if (left > 0 && !(flags_in & FLAG_BYTES_COUNT))
					left--;
				continue;
			}
		}
		if (left > 0)
			left -= flags_in & FLAG_BYTES_COUNT ? n : 1;
		if (n == in_size)
			full_in++;
		else
			part_in++;
		if ((conv & CONV_SYNC) && n < in_size) {
			memset(in_buf + n,
			       conv & (CONV_BLOCK | CONV_UNBLOCK) ? ' ' : 0,
			       (size_t)(in_size - n));
			n = (ssize_t)in_size;
		}
		if (as_they_come)
			write_block(in_buf, (size_t)n);
		else
			convert(in_buf, (size_t)n);
	}
	if ((conv & CONV_BLOCK) && column)
		for (; (off_t)column < cbs; column++)
			put_byte(blank);
	if ((conv & CONV_UNBLOCK) && column)
		put_byte('\n');
	flush();
}

/* --- operands --- */

/* A product such as 2x1k. */
static off_t number(const char *name, const char *s)
{
	char part[64];
	off_t all = 1, n;
	size_t len;

	for (;; s += len + 1) {
		len = strcspn(s, "x");
		if (!len || len >= sizeof(part))
			break;
		memcpy(part, s, len);
		part[len] = 0;
		/* c is 1, w is 2. */
		if (len > 1 && (part[len - 1] == 'c' || part[len - 1] == 'w') &&
		    isdigit((unsigned char)part[len - 2])) {
			if (part[len - 1] == 'w' &&
			    __builtin_mul_overflow(all, 2, &all))
				break;
			part[len - 1] = 0;
		}
		if (size_parse(part, &n) < 0 ||
		    __builtin_mul_overflow(all, n, &all))
			break;
		if (!s[len])
			return all;
	}
	errx(1, "invalid number '%s' for %s", s, name);
}

static int lookup(const struct name *table, const char *s, size_t n)
{
	int i;

	for (i = 0; table[i].name; i++)
		if (strlen(table[i].name) == n && !memcmp(table[i].name, s, n))
			return i;
	return -1;
}

static void words(const char *name, const char *s, int which)
{
	size_t n;
	int i;

	for (;; s += n + 1) {
		n = strcspn(s, ",");
		if (which == 'c' && (i = lookup(conversions, s, n)) >= 0)
			conv |= conversions[i].value;
		else if (which != 'c' && (i = lookup(our_flags, s, n)) >= 0)
			*(which == 'i' ? &flags_in : &flags_out) |=
				our_flags[i].value;
		else if (which != 'c' && (i = lookup(open_flags, s, n)) >= 0)
			*(which == 'i' ? &open_in : &open_out) |=
				open_flags[i].value;
		else
			errx(1, "invalid %s '%.*s'", name, (int)n, s);
		if (!s[n])
			return;
	}
}

/* A number that ends in B counts bytes, not blocks. */
static off_t blocks(const char *name, const char *s, int *flags, int flag)
{
	size_t n = strlen(s);
	char copy[64];

	if (n > 1 && n < sizeof(copy) && s[n - 1] == 'B' &&
	    isdigit((unsigned char)s[n - 2])) {
		memcpy(copy, s, n - 1);
		copy[n - 1] = 0;
		*flags |= flag;
		return number(name, copy);
	}
	return number(name, s);
}

static off_t block_size(const char *name, const char *s)
{
	off_t n = number(name, s);

	if (!n || n > 1l << 40)
		errx(1, "invalid number '%s' for %s", s, name);
	return n;
}

static int usage(int status)
{
	fputs("usage: dd [if=file] [of=file] [bs=n] [ibs=n] [obs=n] [cbs=n] "
	      "[count=n]\n"
	      "          [skip=n] [seek=n] [conv=a,b] [iflag=a,b] "
	      "[oflag=a,b] [status=a]\n"
	      "n: 10, 2x4k, 1M, 1MB; with B behind count, skip, seek: bytes\n"
	      "conv: ascii ebcdic ibm block unblock lcase ucase swab sync "
	      "noerror notrunc\n"
	      "      nocreat excl fsync fdatasync sparse\n"
	      "iflag, oflag: fullblock count_bytes skip_bytes seek_bytes "
	      "append directory\n"
	      "      dsync sync nonblock nofollow noctty\n"
	      "status: none noxfer progress\n",
	      status ? stderr : stdout);
	return status;
}

static _Noreturn void wrong_operand(const char *word, const char *more)
{
	warnx("unrecognized operand '%s%s'", word, more);
	exit(usage(1));
}

static void operand(char *word)
{
	char *v = strchr(word, '=');

	if (!v)
		wrong_operand(word, "");
	*v++ = 0;
	if (!strcmp(word, "if")) {
		in_name = v;
	} else if (!strcmp(word, "of")) {
		out_name = v;
	} else if (!strcmp(word, "ibs")) {
		in_size = block_size(word, v);
	} else if (!strcmp(word, "obs")) {
		out_size = block_size(word, v);
	} else if (!strcmp(word, "cbs")) {
		cbs = block_size(word, v);
	} else if (!strcmp(word, "skip") || !strcmp(word, "iseek")) {
		skip = blocks(word, v, &flags_in, FLAG_BYTES_SKIP);
	} else if (!strcmp(word, "seek") || !strcmp(word, "oseek")) {
		seek = blocks(word, v, &flags_out, FLAG_BYTES_SEEK);
	} else if (!strcmp(word, "count")) {
		count = blocks(word, v, &flags_in, FLAG_BYTES_COUNT);
	} else if (!strcmp(word, "conv")) {
		words("conversion", v, 'c');
	} else if (!strcmp(word, "iflag")) {
		words("input flag", v, 'i');
	} else if (!strcmp(word, "oflag")) {
		words("output flag", v, 'o');
	} else if (!strcmp(word, "status")) {
		static const char *const levels[] = { "none", "noxfer",
						      "default", "progress" };

		for (status_level = 3; status_level >= 0; status_level--)
			if (!strcmp(v, levels[status_level]))
				return;
		errx(1, "invalid status level '%s'", v);
	} else if (strcmp(word, "bs") != 0) {
		wrong_operand(word, "=");
	}
}

static void open_as(int fd, const char *name, int flags)
{
	int got = open(name, flags, 0666);

	if (got < 0)
		err(1, "failed to open '%s'", name);
	if (got == fd)
		return;
	if (dup2(got, fd) < 0)
		err(1, "%s", name);
	close(got);
}

/* Pass over `n` bytes of the input, by reading where it cannot be sought. */
static void skip_input(off_t n)
{
	ssize_t got;

	if (lseek(0, n, SEEK_CUR) >= 0)
		return;
	while (n > 0) {
		got = read(0, in_buf, (size_t)(n < in_size ? n : in_size));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err(1, "error reading '%s'", in_title());
		if (!got) {
			warnx("'%s': cannot skip to specified offset",
			      in_title());
			return;
		}
		n -= got;
	}
}

static void seek_output(off_t n)
{
	struct stat st;

	if (fstat(1, &st) < 0)
		err(1, "%s", out_title());
	if (!(conv & CONV_NOTRUNC) && out_name && S_ISREG(st.st_mode) &&
	    ftruncate(1, n) < 0)
		err(1, "failed to truncate '%s'", out_title());
	if (!n || lseek(1, n, SEEK_CUR) >= 0)
		return;
	err(1, "'%s': cannot seek", out_title());
}

int main(int argc, char **argv)
{
	struct sigaction act;
	off_t bs = 0, n, at;
	int i, c, failed = 0;

	if (argc > 1 && !strcmp(argv[1], "--help"))
		return usage(0);
	i = 1;
	if (argc > 1 && !strcmp(argv[1], "--"))
		i++;
	for (; i < argc; i++) {
		/* bs= goes before the others wherever it stands. */
		if (!strncmp(argv[i], "bs=", 3))
			bs = block_size("bs", argv[i] + 3);
		else
			operand(argv[i]);
	}
	if (bs)
		in_size = out_size = bs;
	as_they_come = bs && !(conv & CONV_CHANGES);
	if ((conv & (CONV_BLOCK | CONV_UNBLOCK)) && !cbs)
		conv &= ~(CONV_BLOCK | CONV_UNBLOCK);
	c = conv & (CONV_ASCII | CONV_EBCDIC | CONV_IBM);
	if (((conv & CONV_LCASE) && (conv & CONV_UCASE)) || (c & (c - 1)) ||
	    ((conv & CONV_BLOCK) && (conv & CONV_UNBLOCK)) ||
	    ((conv & CONV_EXCL) && (conv & CONV_NOCREAT)))
		errx(1, "these conversions exclude each other");
	make_map();
	in_buf = malloc((size_t)in_size);
	out_buf = in_buf ? malloc((size_t)out_size) : NULL;
	if (!out_buf)
		err(1, "blocks of %jd and %jd bytes", (intmax_t)in_size,
		    (intmax_t)out_size);
	if (in_name)
		open_as(0, in_name, O_RDONLY | open_in);
	n = flags_out & FLAG_BYTES_SEEK ? seek : 0;
	if (!n && __builtin_mul_overflow(seek, out_size, &n))
		errx(1, "seek=%jd is too large", (intmax_t)seek);
	if (out_name)
		open_as(1, out_name,
			O_WRONLY | open_out |
				(conv & CONV_NOCREAT ? 0 : O_CREAT) |
				(conv & CONV_EXCL ? O_EXCL : 0) |
				(n || (conv & CONV_NOTRUNC) ? 0 : O_TRUNC));
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGINT, NULL, &act);
	if (act.sa_handler != SIG_IGN) {
		act.sa_handler = on_signal;
		sigaction(SIGINT, &act, NULL);
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	if (n)
		seek_output(n);
	n = flags_in & FLAG_BYTES_SKIP ? skip : 0;
	if (!n && __builtin_mul_overflow(skip, in_size, &n))
		errx(1, "skip=%jd is too large", (intmax_t)skip);
	if (n)
		skip_input(n);
	copy();
	/* A hole at the end is there only when the size says so. */
	if (hole_at_end) {
		struct stat st;

		at = lseek(1, 0, SEEK_CUR);
		if (fstat(1, &st) == 0 && at > st.st_size &&
		    ftruncate(1, at) < 0)
			give_up("error writing", out_title());
	}
	if ((conv & CONV_FDATASYNC && fdatasync(1) < 0) ||
	    (conv & CONV_FSYNC && fsync(1) < 0)) {
		warn("cannot sync '%s'", out_title());
		failed = 1;
	}
	if (close(1) < 0) {
		warn("error writing '%s'", out_title());
		failed = 1;
	}
	tell();
	return failed;
}
