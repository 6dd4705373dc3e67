/*
 * nl: number lines.  A line \:\:\: begins a page's header, \:\: its body, \:
 * its footer; which lines of each get numbers say -h, -b and -f.
 */
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* a all, t those with text, n none, p those that match */
struct style {
	char kind;
	regex_t re;
};

static struct style header = { .kind = 'n' }, body = { .kind = 't' },
		    footer = { .kind = 'n' };
static long first = 1, step = 1, blank_group = 1, width = 6;
static int keep_counting;
static const char *format = "rn", *separator = "\t";
static char mark[3] = "\\:";

static void usage(FILE *f, int status)
{
	fprintf(f, "usage: nl [-p] [-b style] [-h style] [-f style] [-d xx] "
		   "[-i n] [-l n]\n          [-n ln|rn|rz] [-s text] [-v n] "
		   "[-w n] [file...]\n"
		   "style: a all lines, t those with text, n none, pEXPRESSION "
		   "those that match\n");
	exit(status);
}

static void set_style(struct style *s, const char *text)
{
	char why[100];
	int ret;

	if (*text == 'p') {
		ret = regcomp(&s->re, text + 1, 0);
		if (ret) {
			regerror(ret, &s->re, why, sizeof(why));
			errx(1, "%s: %s", text + 1, why);
		}
	} else if (!*text || !strchr("atn", *text) || text[1]) {
		errx(1, "%s: not a style", text);
	}
	s->kind = *text;
}

static long number(const char *s, long least)
{
	char *end;
	long n;

	n = strtol(s, &end, 10);
	if (end == s || *end || n < least)
		errx(1, "%s: not a number that fits", s);
	return n;
}

static const struct style *section(const char *line, size_t n)
{
	size_t i, m = strlen(mark);

	if (!m || n % m || n / m > 3 || !n)
		return NULL;
	for (i = 0; i < n; i += m)
		if (memcmp(line + i, mark, m))
			return NULL;
	return n / m == 3 ? &header : n / m == 2 ? &body : &footer;
}

static int wants_number(const struct style *s, const char *line, size_t n)
{
	static long blanks;
	regmatch_t pm;

	switch (s->kind) {
	case 'a':
		if (n || blank_group == 1) {
			blanks = 0;
			return 1;
		}
		if (++blanks < blank_group)
			return 0;
		blanks = 0;
		return 1;
	case 't':
		return n > 0;
	case 'p':
		pm.rm_so = 0;
		pm.rm_eo = (regoff_t)n;
		return !regexec(&s->re, line, 0, &pm, REG_STARTEND);
	}
	return 0;
}

static int number_file(FILE *f, const char *name)
{
	static const struct style *now = &body, *next;
	static char *line;
	static size_t cap;
	static long count, begun;
	ssize_t n;

	if (!begun) {
		begun = 1;
		count = first;
	}
	while ((n = getline(&line, &cap, f)) > 0) {
		n -= line[n - 1] == '\n';
		next = section(line, (size_t)n);
		if (next) {
			now = next;
			if (!keep_counting)
				count = first;
			putchar('\n');
			continue;
		}
		if (wants_number(now, line, (size_t)n)) {
			printf(*format == 'l'     ? "%-*ld%s"
			       : format[1] == 'z' ? "%0*ld%s"
						  : "%*ld%s",
			       (int)width, count, separator);
			if (__builtin_add_overflow(count, step, &count))
				errx(1, "numbers became too large");
		} else {
			printf("%*s", (int)(width + (long)strlen(separator)),
			       "");
		}
		fwrite(line, 1, (size_t)n, stdout);
		putchar('\n');
		if (ferror(stdout))
			err(1, "write error");
	}
	if (!ferror(f))
		return 0;
	warn("%s", name);
	clearerr(f);
	return 1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'H' },
		{ "body-numbering", required_argument, NULL, 'b' },
		{ "section-delimiter", required_argument, NULL, 'd' },
		{ "footer-numbering", required_argument, NULL, 'f' },
		{ "header-numbering", required_argument, NULL, 'h' },
		{ "line-increment", required_argument, NULL, 'i' },
		{ "join-blank-lines", required_argument, NULL, 'l' },
		{ "number-format", required_argument, NULL, 'n' },
		{ "no-renumber", no_argument, NULL, 'p' },
		{ "number-separator", required_argument, NULL, 's' },
		{ "starting-line-number", required_argument, NULL, 'v' },
		{ "number-width", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, failed = 0;
	FILE *f;

	while ((c = getopt_long(argc, argv, "b:d:f:h:i:l:n:ps:v:w:", longs,
				NULL)) != -1) {
		switch (c) {
		case 'b':
			set_style(&body, optarg);
			break;
		case 'd':
			if (strlen(optarg) > 2)
				errx(1, "-d takes two characters");
			/* One alone is followed by a colon. */
			snprintf(mark, sizeof(mark), "%s%s", optarg,
				 strlen(optarg) == 1 ? ":" : "");
			break;
		case 'f':
			set_style(&footer, optarg);
			break;
		case 'h':
			set_style(&header, optarg);
			break;
		case 'i':
			step = number(optarg, LONG_MIN);
			break;
		case 'l':
			blank_group = number(optarg, 1);
			break;
		case 'n':
			if (strcmp(optarg, "ln") && strcmp(optarg, "rn") &&
			    strcmp(optarg, "rz"))
				errx(1, "%s: not ln, rn or rz", optarg);
			format = optarg;
			break;
		case 'p':
			keep_counting = 1;
			break;
		case 's':
			separator = optarg;
			break;
		case 'v':
			first = number(optarg, LONG_MIN);
			break;
		case 'w':
			width = number(optarg, 1);
			if (width > 10000)
				errx(1, "%s: too wide", optarg);
			break;
		default:
			usage(c == 'H' ? stdout : stderr, c != 'H');
		}
	}
	for (i = optind; i < argc || i == optind; i++) {
		const char *name = i < argc ? argv[i] : "-";

		f = strcmp(name, "-") ? fopen(name, "r") : stdin;
		if (!f) {
			warn("%s", name);
			failed = 1;
			continue;
		}
		failed |= number_file(f, name);
		if (f != stdin)
			fclose(f);
	}
	if (fflush(stdout) || ferror(stdout))
		err(1, "write error");
	return failed;
}
