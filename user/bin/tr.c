/*
 * tr: exchange, delete (-d) or squeeze (-s) characters; -c: the complement of
 * the first set.  Sets: ranges a-z, escapes, classes [:name:], repeats [x*n].
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

#define SET_MAX 1024

struct set {
	int n;
	int filler; /* where [x*] stands, or -1 */
	int other;  /* it has classes that are not upper or lower */
	unsigned char c[SET_MAX];
};

static void set_add(struct set *s, int c)
{
	if (s->n == SET_MAX)
		errx(1, "set too large");
	s->c[s->n++] = (unsigned char)c;
}

static int take_char(const char **p)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	const char *at;
	int i, v;

	if (**p != '\\' || !(*p)[1])
		return (unsigned char)*(*p)++;
	++*p;
	if (**p >= '0' && **p <= '7') {
		for (i = v = 0; i < 3 && **p >= '0' && **p <= '7'; i++)
			v = v * 8 + *(*p)++ - '0';
		return v & 255;
	}
	at = strchr(from, **p);
	v = at ? to[at - from] : **p;
	++*p;
	return (unsigned char)v;
}

static int add_class(struct set *s, const char *name, size_t n)
{
	static const struct {
		char name[8];
		int (*test)(int);
	} classes[] = {
		{ "alnum", isalnum }, { "alpha", isalpha },
		{ "blank", isblank }, { "cntrl", iscntrl },
		{ "digit", isdigit }, { "graph", isgraph },
		{ "lower", islower }, { "print", isprint },
		{ "punct", ispunct }, { "space", isspace },
		{ "upper", isupper }, { "xdigit", isxdigit },
	};
	size_t i;
	int c;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		if (strlen(classes[i].name) != n ||
		    memcmp(classes[i].name, name, n))
			continue;
		for (c = 0; c < 256; c++)
			if (classes[i].test(c))
				set_add(s, c);
		s->other |= classes[i].test != isupper &&
			    classes[i].test != islower;
		return 0;
	}
	return -1;
}

static void parse(const char *p, struct set *s)
{
	const char *end;
	int a, b;
	long n;

	s->n = 0;
	s->filler = -1;
	while (*p) {
		if (p[0] == '[' && p[1] == ':' && (end = strstr(p + 2, ":]"))) {
			if (add_class(s, p + 2, (size_t)(end - p - 2)) < 0)
				errx(1, "unknown class in '%s'", p);
			p = end + 2;
			continue;
		}
		/* Each letter is equivalent to itself alone. */
		if (p[0] == '[' && p[1] == '=' && p[2]) {
			end = p + 2;
			a = take_char(&end);
			if (end[0] == '=' && end[1] == ']') {
				set_add(s, a);
				s->other = 1;
				p = end + 2;
				continue;
			}
		}
		if (p[0] == '[' && p[1]) {
			char *stop;

			end = p + 1;
			b = take_char(&end);
			n = *end == '*' ? strtol(end + 1, &stop,
						 end[1] == '0' ? 8 : 10)
					: 0;
			if (*end == '*' && *stop == ']') {
				if (n == 0)
					s->filler = s->n;
				for (a = 0; a < (n ? n : 1); a++)
					set_add(s, b);
				p = stop + 1;
				continue;
			}
		}
		a = take_char(&p);
		if (p[0] == '-' && p[1]) {
			p++;
			b = take_char(&p);
			if (b < a)
				errx(1, "range out of order");
			for (; a <= b; a++)
				set_add(s, a);
		} else {
			set_add(s, a);
		}
	}
}

static void complement(struct set *s)
{
	unsigned char in[256] = { 0 };
	int i;

	for (i = 0; i < s->n; i++)
		in[s->c[i]] = 1;
	s->n = 0;
	for (i = 0; i < 256; i++)
		if (!in[i])
			set_add(s, i);
}

static const char usage_text[] = "usage: tr [-cst] set set\n"
				 "       tr [-c] -d set\n"
				 "       tr [-c] -s set\n"
				 "       tr [-c] -ds set set\n";

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "complement", no_argument, NULL, 'c' },
		{ "delete", no_argument, NULL, 'd' },
		{ "squeeze-repeats", no_argument, NULL, 's' },
		{ "truncate-set1", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, i, comp = 0, delete = 0, squeeze = 0, trunc = 0, n, last = -1;
	static unsigned char map[256], drop[256], pack[256];
	static struct set one, two;
	static unsigned char in[65536], out[65536];
	ssize_t got, k, put;

	while ((c = getopt_long(argc, argv, "+cCdst", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
		case 'C':
			comp = 1;
			break;
		case 'd':
			delete = 1;
			break;
		case 's':
			squeeze = 1;
			break;
		case 't':
			trunc = 1;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return plain_end(0, 1);
		default:
			goto usage;
		}
	}
	n = argc - optind;
	if (n < 1 || n > 2 || (n == 1 && !delete &&!squeeze) ||
	    (n == 2 && delete &&!squeeze))
		goto usage;
	parse(argv[optind], &one);
	if (comp)
		complement(&one);
	if (n == 2)
		parse(argv[optind + 1], &two);
	for (i = 0; i < 256; i++)
		map[i] = (unsigned char)i;
	if (delete) {
		for (i = 0; i < one.n; i++)
			drop[one.c[i]] = 1;
	} else if (n == 2) {
		if (!two.n)
			errx(1, "the second set is empty");
		if (two.other)
			errx(1, "of classes only upper and lower can be made");
		/* The last of the second set, or [x*], fills it up. */
		while (two.n < one.n && !trunc) {
			if (two.filler >= 0) {
				set_add(&two, 0);
				memmove(two.c + two.filler + 1,
					two.c + two.filler,
					(size_t)(two.n - two.filler - 1));
			} else {
				set_add(&two, two.c[two.n - 1]);
			}
		}
		for (i = 0; i < one.n && i < two.n; i++)
			map[one.c[i]] = two.c[i];
	}
	if (squeeze) {
		const struct set *s = n == 2 ? &two : &one;

		for (i = 0; i < s->n; i++)
			pack[s->c[i]] = 1;
	}
	while ((got = read(0, in, sizeof(in))) != 0) {
		if (got < 0) {
			if (errno == EINTR)
				continue;
			err(1, "read error");
		}
		for (k = n = 0; k < got; k++) {
			if (drop[in[k]])
				continue;
			c = map[in[k]];
			if (pack[c] && c == last)
				continue;
			last = c;
			out[n++] = (unsigned char)c;
		}
		for (k = 0; k < n; k += put) {
			put = write(1, out + k, (size_t)(n - k));
			if (put < 0)
				err(1, "write error");
		}
	}
	return 0;

usage:
	fputs(usage_text, stderr);
	return 1;
}
