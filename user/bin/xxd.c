/*
 * xxd: bytes in hexadecimal with the characters beside them; -p: the numbers
 * alone, -b: in binary, -i: as C; -r: such a text back into bytes, at the
 * places that it names.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_MAX 256

static int columns = -1, group = -1, plain, binary, reverse, as_c;
static const char *digits = "0123456789abcdef";
static intmax_t skip, shown_at, limit = -1;

static int usage(int status)
{
	fputs("usage: xxd [-bipu] [-c columns] [-g bytes] [-l length] "
	      "[-o offset] [-s skip]\n"
	      "           [file [output]]\n"
	      "       xxd -r [-p] [-c columns] [-s offset] [file [output]]\n",
	      status ? stderr : stdout);
	return status;
}

static intmax_t number(const char *s)
{
	intmax_t n;
	char *end;

	errno = 0;
	n = strtoimax(s, &end, 0);
	if (errno || end == s || *end)
		errx(1, "invalid number '%s'", s);
	return n;
}

/* So many bytes at most of what is asked for; 0 at the end. */
static size_t take(FILE *f, unsigned char *p, size_t n)
{
	if (limit >= 0 && (intmax_t)n > limit)
		n = (size_t)limit;
	n = fread(p, 1, n, f);
	if (limit >= 0)
		limit -= (intmax_t)n;
	return n;
}

static void put_byte(int c)
{
	int i;

	for (i = 7; binary && i >= 0; i--)
		putchar('0' + (c >> i & 1));
	if (!binary) {
		putchar(digits[c >> 4]);
		putchar(digits[c & 15]);
	}
}

static void dump(FILE *f)
{
	unsigned char buf[COLUMNS_MAX];
	int wide = binary ? 8 : 2, i, n, used, full;

	/* What a whole line of numbers takes; the last group has no blank. */
	full = columns * wide + (columns - 1) / group;
	for (; (n = (int)take(f, buf, (size_t)columns)); shown_at += n) {
		printf("%08jx:", (uintmax_t)(shown_at + skip));
		for (i = 0; i < n; i++) {
			if (i % group == 0)
				putchar(' ');
			put_byte(buf[i]);
		}
		used = n * wide + (n - 1) / group;
		printf("%*s", full - used + 2, "");
		for (i = 0; i < n; i++)
			putchar(buf[i] >= ' ' && buf[i] < 127 ? buf[i] : '.');
		putchar('\n');
	}
}

static void dump_plain(FILE *f)
{
	unsigned char c;
	int n = 0;

	while (take(f, &c, 1)) {
		put_byte(c);
		if (++n == columns) {
			putchar('\n');
			n = 0;
		}
	}
	if (n)
		putchar('\n');
}

static void dump_c(FILE *f, const char *name)
{
	unsigned char c;
	uintmax_t n = 0;
	const char *p;
	char *word;

	word = name ? strdup(name) : NULL;
	if (name && !word)
		err(1, NULL);
	for (p = name; word && *p; p++)
		if (!isalnum((unsigned char)*p))
			word[p - name] = '_';
	if (word)
		printf("unsigned char %s%s[] = {\n",
		       isdigit((unsigned char)*word) ? "__" : "", word);
	for (; take(f, &c, 1); n++)
		printf("%s0%c%c%c",
		       !n                       ? "  "
		       : n % (uintmax_t)columns ? ", "
						: ",\n  ",
		       digits[10] == 'A' ? 'X' : 'x', digits[c >> 4],
		       digits[c & 15]);
	if (n)
		putchar('\n');
	if (word)
		printf("};\nunsigned int %s%s_len = %ju;\n",
		       isdigit((unsigned char)*word) ? "__" : "", word, n);
	free(word);
}

static int hex(int c)
{
	return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Digits by twos, whatever else there is. */
static void undo_plain(FILE *f)
{
	int c, v, high = -1;

	while ((c = getc(f)) != EOF) {
		v = hex(c);
		if (v < 0)
			continue;
		if (high >= 0)
			putchar(high << 4 | v);
		high = high < 0 ? v : -1;
	}
}

/* Where the output goes on: zeros if one cannot go there otherwise. */
static void go_to(intmax_t from, intmax_t to)
{
	if (from == to)
		return;
	if (fflush(stdout) == 0 && lseek(1, to - from, SEEK_CUR) >= 0)
		return;
	if (to < from)
		errx(1, "the output cannot go back");
	for (; from < to && !ferror(stdout); from++)
		putchar(0);
}

/* Lines of the form "place: numbers  text"; two blanks end the numbers. */
static void undo(FILE *f)
{
	intmax_t at = 0, to;
	char *line = NULL, *p;
	size_t cap = 0;
	int n;

	while (getline(&line, &cap, f) > 0) {
		errno = 0;
		to = strtoimax(line, &p, 16);
		if (p == line || errno || *p != ':')
			continue;
		if (__builtin_add_overflow(to, skip, &to) || to < 0)
			errx(1, "no place in the output: %.20s", line);
		p += 1 + (p[1] == ' ');
		for (n = 0; n < columns; n++) {
			p += *p == ' ';
			if (hex((unsigned char)*p) < 0 ||
			    hex((unsigned char)p[1]) < 0)
				break;
			go_to(at, to);
			putchar(hex((unsigned char)*p) << 4 |
				hex((unsigned char)p[1]));
			at = ++to;
			p += 2;
		}
	}
	free(line);
}

/* Leaves out what -s says; of a pipe it is read. */
static void leave_out(FILE *f, const char *name)
{
	intmax_t n;

	if (skip < 0) {
		/* So many bytes before the end. */
		if (fseeko(f, skip, SEEK_END) < 0 || (skip = ftello(f)) < 0)
			err(2, "%s", name);
	} else if (skip && fseeko(f, skip, SEEK_SET) < 0) {
		for (n = 0; n < skip && getc(f) != EOF; n++)
			;
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = NULL;
	FILE *f = stdin;
	int c, fd;

	while ((c = getopt_long(argc, argv, "bc:g:il:o:prs:u", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'b':
			binary = 1;
			break;
		case 'c':
		case 'g': {
			intmax_t n = number(optarg);

			if (n < 0 || n > INT32_MAX)
				errx(1, "invalid number '%s'", optarg);
			*(c == 'c' ? &columns : &group) = (int)n;
			break;
		}
		case 'i':
			as_c = 1;
			break;
		case 'l':
			limit = number(optarg);
			break;
		case 'o':
			shown_at = number(optarg);
			break;
		case 'p':
			plain = 1;
			break;
		case 'r':
			reverse = 1;
			break;
		case 's':
			skip = number(optarg);
			break;
		case 'u':
			digits = "0123456789ABCDEF";
			break;
		default:
			return usage(c != 'h');
		}
	}
	if (argc - optind > 2)
		return usage(1);
	if (columns < 0 || (!columns && !plain))
		columns = plain ? 30 : as_c ? 12 : binary ? 6 : 16;
	if (columns > COLUMNS_MAX && !plain)
		errx(1, "no more than %d columns", COLUMNS_MAX);
	if (group < 0)
		group = binary ? 1 : 2;
	if (!group || group > columns)
		group = columns ? columns : 1;
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		name = argv[optind];
	if (name)
		f = fopen(name, "r");
	if (!f)
		err(2, "%s", name);
	if (optind + 1 < argc && strcmp(argv[optind + 1], "-") != 0) {
		/* Backwards it changes what is there already. */
		fd = open(argv[optind + 1],
			  O_WRONLY | O_CREAT | (reverse ? 0 : O_TRUNC), 0666);
		if (fd < 0 || dup2(fd, 1) < 0)
			err(3, "%s", argv[optind + 1]);
		if (fd != 1)
			close(fd);
	}
	if (!reverse)
		leave_out(f, name ? name : "standard input");
	if (reverse && plain)
		undo_plain(f);
	else if (reverse)
		undo(f);
	else if (as_c)
		dump_c(f, name);
	else if (plain)
		dump_plain(f);
	else
		dump(f);
	if (ferror(f))
		err(2, "%s", name ? name : "standard input");
	if (fflush(stdout) || ferror(stdout))
		err(3, "write error");
	return 0;
}
