/*
 * strings: the runs of printable characters in files.  Whole files are looked
 * at; what they are made of makes no difference.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shown.h"

static int show_name, all_blanks, base;
static unsigned long least = 4;

static int is_text(int c)
{
	return (c >= 32 && c < 127) || c == '\t' ||
	       (all_blanks && c >= '\n' && c <= '\r');
}

static void begin(const char *name, unsigned long at)
{
	if (show_name) {
		shown_name(stdout, name);
		fputs(": ", stdout);
	}
	if (base == 'o')
		printf("%7lo ", at);
	else if (base == 'd')
		printf("%7lu ", at);
	else if (base == 'x')
		printf("%7lx ", at);
}

/* The first `least` characters wait until there are so many. */
static int scan(FILE *f, const char *name)
{
	unsigned long at = 0, n = 0;
	char *wait = malloc(least);
	int c;

	if (!wait)
		err(1, NULL);
	do {
		c = getc(f);
		if (c != EOF && is_text(c)) {
			if (n < least)
				wait[n] = (char)c;
			if (++n == least) {
				begin(name, at + 1 - least);
				fwrite(wait, 1, least, stdout);
			} else if (n > least) {
				putchar(c);
			}
		} else {
			if (n >= least)
				putchar('\n');
			n = 0;
		}
		at++;
	} while (c != EOF);
	free(wait);
	if (!ferror(f))
		return 0;
	warn("%s", name);
	return 1;
}

static _Noreturn void usage(int status)
{
	fprintf(status ? stderr : stdout,
		"usage: strings [-afow] [-n length] [-t o|d|x] [file...]\n");
	exit(status);
}

int main(int argc, char **argv)
{
	enum { HELP = 256 };
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "print-file-name", no_argument, NULL, 'f' },
		{ "bytes", required_argument, NULL, 'n' },
		{ "radix", required_argument, NULL, 't' },
		{ "include-all-whitespace", no_argument, NULL, 'w' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c, failed = 0;
	char *end;
	FILE *f;

	while ((c = getopt_long(argc, argv, "afn:ot:w0123456789", longs,
				NULL)) != -1) {
		switch (c) {
		case 'a':
			break;
		case 'f':
			show_name = 1;
			break;
		case 'n':
			least = strtoul(optarg, &end, 0);
			if (*end || end == optarg || *optarg == '-' || !least ||
			    least > 1 << 24)
				errx(1, "invalid minimum length '%s'", optarg);
			break;
		case 'o':
			base = 'o';
			break;
		case 't':
			if (strlen(optarg) != 1 || !strchr("odx", *optarg))
				usage(1);
			base = *optarg;
			break;
		case 'w':
			all_blanks = 1;
			break;
		case HELP:
			usage(0);
		case '?':
			usage(1);
		default: {
			/* -8, the old form of -n 8 */
			static int digits;

			least = (digits++ ? least * 10 : 0) +
				(unsigned long)(c - '0');
			if (!least || least > 1 << 24)
				errx(1, "invalid minimum length");
		}
		}
	}
	if (optind == argc)
		failed = scan(stdin, "{standard input}");
	for (; optind < argc; optind++) {
		f = fopen(argv[optind], "r");
		if (!f) {
			warn("'%s'", argv[optind]);
			failed = 1;
			continue;
		}
		failed |= scan(f, argv[optind]);
		fclose(f);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
