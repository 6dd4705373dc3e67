/*
 * env: run a program in a changed environment, or show the environment.
 *
 * -S splits one argument into several: the kernel gives all of what stands
 * behind "#!/usr/bin/env" as one.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a letter behind a backslash stands for; -1: nothing. */
static int escaped(char c, int quoted)
{
	static const char from[] = "fnrtv#$\"'\\_", to[] = "\f\n\r\t\v#$\"'\\ ";
	const char *p = c ? strchr(from, c) : NULL;

	return !p || (c == '_' && !quoted) ? -1 : to[p - from];
}

/* The value of ${NAME} at *s, which goes behind it. */
static const char *variable(const char **s)
{
	const char *end = strchr(*s, '}');
	char name[256];
	size_t n;

	if ((*s)[0] != '{' || !end)
		errx(125, "-S: only ${NAME} is known of variables");
	n = (size_t)(end - *s) - 1;
	if (n >= sizeof(name))
		errx(125, "-S: the name is too long");
	memcpy(name, *s + 1, n);
	name[n] = 0;
	*s = end + 1;
	return getenv(name) ? getenv(name) : "";
}

/* The words of s, then the arguments that follow. */
static char **split(const char *s, char **rest, int count, int *argc)
{
	size_t room = strlen(s) + 1, n = 0, len;
	char **words = calloc(strlen(s) + (size_t)count + 2, sizeof(*words));
	char *out = malloc(room), quote = 0;
	const char *value;
	int in_word = 0, c, w = 1;
	size_t *at = calloc(strlen(s) + 2, sizeof(*at));

	if (!words || !out || !at)
		err(125, NULL);
	while (*s) {
		if (!quote && isspace((unsigned char)*s)) {
			if (in_word)
				out[n++] = 0;
			in_word = 0;
			s++;
			continue;
		}
		if (!in_word && *s == '#')
			break;
		if (!in_word)
			at[w++] = n;
		in_word = 1;
		if (*s == quote || (!quote && (*s == '"' || *s == '\''))) {
			quote = quote ? 0 : *s;
			s++;
		} else if (*s == '$' && quote != '\'') {
			s++;
			value = variable(&s);
			len = strlen(value);
			room += len;
			out = realloc(out, room);
			if (!out)
				err(125, NULL);
			memcpy(out + n, value, len);
			n += len;
		} else if (*s == '\\' && s[1] == 'c' && !quote) {
			break;
		} else if (*s == '\\' && s[1] == '_' && !quote) {
			out[n++] = 0;
			in_word = 0;
			s += 2;
		} else if (*s == '\\' &&
			   (quote != '\'' || s[1] == '\\' || s[1] == '\'')) {
			c = escaped(s[1], quote);
			if (c < 0)
				errx(125, "-S: invalid \\%c", s[1]);
			out[n++] = (char)c;
			s += 2;
		} else {
			out[n++] = *s++;
		}
	}
	if (quote)
		errx(125, "-S: a quote has no end");
	out[n] = 0;
	for (c = 1; c < w; c++)
		words[c] = out + at[c];
	memcpy(words + w, rest, (size_t)count * sizeof(*rest));
	*argc = w + count;
	free(at);
	return words;
}

static _Noreturn void usage(int status)
{
	fputs("usage: env [-i0] [-u name] [-C folder] [-S words] "
	      "[name=value]... [command ...]\n",
	      status ? stderr : stdout);
	exit(status);
}

/* printenv: some variables, or all; 1 if one of them is not there. */
static int print(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "null", no_argument, NULL, '0' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, end = '\n', missing = 0;
	char **e;

	while ((c = getopt_long(argc, argv, "+0", longs, NULL)) != -1) {
		if (c != '0') {
			fputs("usage: printenv [-0] [name...]\n",
			      c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
		end = 0;
	}
	for (e = environ; optind == argc && e && *e; e++)
		printf("%s%c", *e, end);
	for (; optind < argc; optind++) {
		const char *value = getenv(argv[optind]);

		if (value)
			printf("%s%c", value, end);
		missing |= !value;
	}
	if (fflush(stdout))
		err(2, "write error");
	return missing;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "ignore-environment", no_argument, NULL, 'i' },
		{ "null", no_argument, NULL, '0' },
		{ "unset", required_argument, NULL, 'u' },
		{ "chdir", required_argument, NULL, 'C' },
		{ "split-string", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *own = strrchr(argv[0], '/');
	int c, end = '\n';
	char **e;

	if (!strcmp(own ? own + 1 : argv[0], "printenv"))
		return print(argc, argv);
	while ((c = getopt_long(argc, argv, "+i0u:C:S:", longs, NULL)) != -1) {
		switch (c) {
		case 'i':
			clearenv();
			break;
		case '0':
			end = 0;
			break;
		case 'u':
			if (unsetenv(optarg) < 0)
				err(125, "%s", optarg);
			break;
		case 'C':
			if (chdir(optarg) < 0)
				err(125, "%s", optarg);
			break;
		case 'S':
			/* Its words take its place, options among them. */
			e = split(optarg, argv + optind, argc - optind, &argc);
			e[0] = argv[0];
			argv = e;
			optind = 1;
			break;
		default:
			usage(c == 'h' ? 0 : 125);
		}
	}
	if (optind < argc && !strcmp(argv[optind], "-")) {
		clearenv();
		optind++;
	}
	for (; optind < argc && strchr(argv[optind], '='); optind++)
		if (putenv(argv[optind]))
			err(125, "%s", argv[optind]);
	if (optind == argc) {
		for (e = environ; e && *e; e++)
			printf("%s%c", *e, end);
		if (fflush(stdout))
			err(125, "write error");
		return 0;
	}
	if (!end)
		errx(125, "-0 is for the environment, not with a command");
	execvp(argv[optind], argv + optind);
	c = errno == ENOENT ? 127 : 126;
	err(c, "%s", argv[optind]);
}
