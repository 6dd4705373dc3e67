/*
 * base64: bytes as 64 letters that every mail and terminal lets through, three
 * bytes in four of them (RFC 4648); -d: back again.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uintmax_t width = 76, column;

static void put(char c)
{
	if (width && column == width) {
		putchar('\n');
		column = 0;
	}
	putchar(c);
	column++;
}

/* Three bytes, or what is left of them at the end. */
static void encode(const unsigned char *p, size_t n)
{
	unsigned int bits = (unsigned int)p[0] << 16 |
			    (n > 1 ? (unsigned int)p[1] << 8 : 0) |
			    (n > 2 ? p[2] : 0);

	put(letters[bits >> 18]);
	put(letters[bits >> 12 & 63]);
	put(n > 1 ? letters[bits >> 6 & 63] : '=');
	put(n > 2 ? letters[bits & 63] : '=');
}

static void encode_file(FILE *f)
{
	unsigned char buf[3 * 4096];
	size_t n, i;

	while ((n = fread(buf, 1, sizeof(buf), f)))
		for (i = 0; i < n; i += 3)
			encode(buf + i, n - i < 3 ? n - i : 3);
	if (width && column)
		putchar('\n');
}

/*
 * Four letters are three bytes, and what ends with one or two = is two or one;
 * after that another piece may follow. Ends of line do not count. Returns
 * whether all of it was right.
 */
static int decode_file(FILE *f, int ignore)
{
	unsigned char value[4];
	int c, n = 0, pads = 0;
	const char *at;

	while ((c = getc(f)) != EOF) {
		at = c ? strchr(letters, c) : NULL;
		if (c == '\n' || (ignore && !at && c != '='))
			continue;
		if (c == '=' ? n < 2 : !at || pads)
			break;
		pads += c == '=';
		value[n++] = at ? (unsigned char)(at - letters) : 0;
		if (n < 4)
			continue;
		putchar(value[0] << 2 | value[1] >> 4);
		if (pads < 2)
			putchar((value[1] << 4 | value[2] >> 2) & 255);
		if (!pads)
			putchar((value[2] << 6 | value[3]) & 255);
		n = pads = 0;
	}
	if (c == EOF && !n)
		return 1;
	/* What is begun is written as far as it is known. */
	if (n > 1)
		putchar(value[0] << 2 | value[1] >> 4);
	if (n - pads > 2)
		putchar((value[1] << 4 | value[2] >> 2) & 255);
	return 0;
}

static int usage(int status)
{
	fputs("usage: base64 [-di] [-w columns] [file]\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "decode", no_argument, NULL, 'd' },
		{ "ignore-garbage", no_argument, NULL, 'i' },
		{ "wrap", required_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, decode = 0, ignore = 0, right = 1;
	const char *name = "-";
	FILE *f = stdin;
	char *end;

	while ((c = getopt_long(argc, argv, "diw:", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			decode = 1;
			break;
		case 'i':
			ignore = 1;
			break;
		case 'w':
			errno = 0;
			width = strtoumax(optarg, &end, 10);
			if (errno || *end || *optarg < '0' || *optarg > '9')
				errx(1, "invalid width '%s'", optarg);
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (argc - optind > 1)
		return usage(1);
	if (optind < argc)
		name = argv[optind];
	if (strcmp(name, "-") != 0)
		f = fopen(name, "r");
	if (!f)
		err(1, "%s", name);
	if (decode)
		right = decode_file(f, ignore);
	else
		encode_file(f);
	if (ferror(f))
		err(1, "%s", name);
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	if (!right)
		errx(1, "invalid input");
	return 0;
}
