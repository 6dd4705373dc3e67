/*
 * xargs: run a program with arguments that standard input names.
 *
 * Status: 123 when a run ended with 1 to 125, 124 when one ended with 255, 125
 * when one was killed, 126 when the program cannot be run, 127 when it is not
 * there; the last four end xargs as well.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shown.h"

/* What every system allows, with the environment. */
#define ARGS_MAX (128 * 1024)

extern char **environ;

static int delimiter = -1; /* -1: blanks, with quotes */
static int no_run_if_empty, trace, ask, exit_if_long, status;
static long max_args, max_lines, max_procs = 1, running;
static const char *replace, *end_text;
static size_t max_bytes;
static FILE *in;
static long line_ends; /* lines that have been read to their end */

/* The arguments of the run that is being gathered. */
static char **args;
static size_t count, cap, bytes;
static size_t fixed, fixed_bytes; /* those of the command itself */

static void *grow(void *p, size_t n)
{
	p = realloc(p, n);
	if (!p)
		err(1, NULL);
	return p;
}

static char *copy_of(const char *s)
{
	char *p = strdup(s);

	if (!p)
		err(1, NULL);
	return p;
}

/* --- running --- */

static void wait_for_all(void);

static void ended(int s)
{
	running--;
	if (WIFSIGNALED(s)) {
		warnx("%s: terminated by signal %d", args[0], WTERMSIG(s));
		status = 125;
	} else if (WEXITSTATUS(s) == 255) {
		warnx("%s: exited with status 255; aborting", args[0]);
		status = 124;
	} else {
		if (WEXITSTATUS(s))
			status = 123;
		return;
	}
	wait_for_all();
	exit(status);
}

static void wait_for_one(void)
{
	int s, kept;
	pid_t pid;

	while ((pid = wait(&s)) < 0 && errno == EINTR)
		;
	if (pid < 0) {
		running = 0;
		return;
	}
	kept = status;
	ended(s);
	if (kept > 123)
		status = kept;
}

static void wait_for_all(void)
{
	static int inside;

	/* A second fault while the others are waited for ends nothing. */
	if (inside)
		return;
	inside = 1;
	while (running)
		wait_for_one();
	inside = 0;
}

static int agreed(void)
{
	int c, first = EOF, fd = open("/dev/tty", O_RDONLY | O_CLOEXEC);
	FILE *tty = fd < 0 ? NULL : fdopen(fd, "r");

	fputs("?...", stderr);
	if (!tty)
		return 0;
	while ((c = getc(tty)) != EOF && c != '\n')
		if (first == EOF)
			first = c;
	fclose(tty);
	return first == 'y' || first == 'Y';
}

/* Run argv, which ends with NULL.  The pipe tells why exec failed. */
static void run(char **argv)
{
	int pipes[2], why = 0, i, null;
	pid_t pid;

	if (trace) {
		for (i = 0; argv[i]; i++) {
			fputs(i ? " " : "", stderr);
			shown_name(stderr, argv[i]);
		}
		if (ask && !agreed())
			return;
		if (!ask)
			fputc('\n', stderr);
	}
	while (max_procs && running >= max_procs)
		wait_for_one();
	if (pipe2(pipes, O_CLOEXEC) < 0)
		err(1, "pipe");
	while ((pid = fork()) < 0) {
		if (errno != EAGAIN || !running)
			err(1, "fork");
		wait_for_one();
	}
	if (!pid) {
		/* What is read here is not for the program. */
		null = in == stdin ? open("/dev/null", O_RDONLY) : -1;
		if (null >= 0) {
			dup2(null, 0);
			if (null)
				close(null);
		}
		execvp(argv[0], argv);
		why = errno;
		if (write(pipes[1], &why, sizeof(why)) < 0)
			_exit(126);
		_exit(0);
	}
	running++;
	close(pipes[1]);
	while (read(pipes[0], &why, sizeof(why)) < 0 && errno == EINTR)
		;
	close(pipes[0]);
	if (why) {
		errno = why;
		warn("%s", argv[0]);
		wait_for_all();
		exit(why == ENOENT ? 127 : 126);
	}
	if (max_procs == 1)
		wait_for_one();
}

static void flush(void)
{
	/* push() always leaves room for it. */
	args[count] = NULL;
	run(args);
	while (count > fixed)
		free(args[--count]);
	bytes = fixed_bytes;
}

static void push(char *s)
{
	if (count + 1 >= cap) {
		cap = cap ? cap * 2 : 64;
		args = grow(args, cap * sizeof(*args));
	}
	args[count++] = s;
	bytes += strlen(s) + 1;
}

static void push_item(const char *s)
{
	size_t n = strlen(s) + 1;

	if (bytes + n > max_bytes) {
		if (count == fixed || (exit_if_long && (max_args || max_lines)))
			errx(1, "argument list too long");
		flush();
	}
	if (bytes + n > max_bytes)
		errx(1, "argument line too long");
	push(copy_of(s));
}

/* -I: one run for each line, with the line in place of the text. */
static void run_replaced(const char *item)
{
	char **argv = grow(NULL, (fixed + 1) * sizeof(*argv)), *out, *to;
	size_t i, n, total = 0, len = strlen(replace);
	const char *p, *word;

	for (i = 0; i < fixed; i++) {
		word = args[i];
		n = strlen(word) + 1;
		for (p = word; i && (p = strstr(p, replace)); p += len)
			n += strlen(item);
		out = to = grow(NULL, n);
		while (i && (p = strstr(word, replace))) {
			memcpy(to, word, (size_t)(p - word));
			to = stpcpy(to + (p - word), item);
			word = p + len;
		}
		strcpy(to, word);
		total += strlen(out) + 1;
		argv[i] = out;
	}
	argv[i] = NULL;
	if (total > max_bytes)
		errx(1, "argument list too long");
	run(argv);
	for (i = 0; i < fixed; i++)
		free(argv[i]);
	free(argv);
}

/* --- reading --- */

static char *item;
static size_t item_n, item_cap;

static void item_put(int c)
{
	if (item_n == item_cap) {
		item_cap = item_cap ? item_cap * 2 : 256;
		item = grow(item, item_cap);
	}
	item[item_n++] = (char)c;
}

static int read_delimited(void)
{
	int c;

	item_n = 0;
	while ((c = getc(in)) != EOF && c != delimiter)
		item_put(c);
	if (c == EOF && !item_n)
		return 0;
	line_ends++;
	item_put(0);
	return 1;
}

/*
 * Blanks end an item, unless they are quoted; with -I only newlines do.  A line
 * that ends in a blank goes on in the next one for -L.
 */
static int read_blank(void)
{
	int c, quote = 0, some = 0, last = '\n';

	item_n = 0;
	while ((c = getc(in)) != EOF) {
		if (quote) {
			if (c == '\n')
				errx(1,
				     "unmatched %s quote; -0 makes quotes "
				     "ordinary",
				     quote == '"' ? "double" : "single");
			if (c == quote)
				quote = 0;
			else
				item_put(c);
			continue;
		}
		if (c == '\\') {
			c = getc(in);
			if (c == EOF)
				break;
			item_put(c);
			some = 1;
		} else if (c == '\'' || c == '"') {
			quote = c;
			some = 1;
		} else if (c == '\n' || (isblank(c) && (!replace || !some))) {
			if (c == '\n' && !isblank(last) && (some || !replace))
				line_ends += some || last != '\n';
			last = c;
			if (some)
				break;
		} else {
			item_put(c);
			some = 1;
		}
	}
	if (quote)
		errx(1, "unmatched %s quote; -0 makes quotes ordinary",
		     quote == '"' ? "double" : "single");
	/* A blank ended it: is that the end of the line, too? */
	while (c != EOF && isblank(c) && !replace) {
		last = c;
		c = getc(in);
		if (c == '\n' && !isblank(last))
			line_ends++;
		else if (c != EOF && !isblank(c))
			ungetc(c, in);
	}
	item_put(0);
	if (some && end_text && !strcmp(item, end_text))
		return 0;
	return some;
}

static void read_all(void)
{
	int ran = 0;
	long lines;

	while (line_ends = 0,
	       delimiter >= 0 ? read_delimited() : read_blank()) {
		static long gathered;

		lines = line_ends;
		if (replace) {
			run_replaced(item);
			continue;
		}
		push_item(item);
		ran = 1;
		gathered += lines;
		if ((max_args && count - fixed >= (size_t)max_args) ||
		    (max_lines && gathered >= max_lines)) {
			flush();
			gathered = 0;
		}
	}
	if (ferror(in))
		err(1, "read error");
	if (!replace && (count > fixed || (!ran && !no_run_if_empty)))
		flush();
}

static int usage(int to)
{
	fputs("usage: xargs [-0oprtx] [-a file] [-d char] [-E text] "
	      "[-I text | -L lines | -n args]\n"
	      "             [-P runs] [-s bytes] [command [argument...]]\n",
	      to ? stderr : stdout);
	return to;
}

static long number(const char *s, long least, char option)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (*end || end == s || errno || v < least)
		errx(1, "-%c wants a number of at least %ld, not '%s'", option,
		     least, s);
	return v;
}

static int read_delimiter(const char *s)
{
	static const char from[] = "abfnrtv0\\", to[] = "\a\b\f\n\r\t\v\0\\";
	const char *p;
	char *end;
	long v;

	if (s[0] && !s[1])
		return (unsigned char)*s;
	if (*s == '\\' && s[1] && !s[2] && (p = strchr(from, s[1])))
		return (unsigned char)to[p - from];
	if (*s == '\\') {
		v = s[1] == 'x' ? strtol(s + 2, &end, 16)
				: strtol(s + 1, &end, 8);
		if (!*end && v >= 0 && v < 256)
			return (int)v;
	}
	errx(1, "the delimiter is one character, not '%s'", s);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "null", no_argument, NULL, '0' },
		{ "arg-file", required_argument, NULL, 'a' },
		{ "delimiter", required_argument, NULL, 'd' },
		{ "max-lines", required_argument, NULL, 'L' },
		{ "max-args", required_argument, NULL, 'n' },
		{ "max-procs", required_argument, NULL, 'P' },
		{ "max-chars", required_argument, NULL, 's' },
		{ "interactive", no_argument, NULL, 'p' },
		{ "no-run-if-empty", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 't' },
		{ "exit", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char echo[] = "echo";
	size_t limit = 2048;
	char **e;
	int c;

	in = stdin;
	/* As POSIX wants it: room for the environment and 2048 bytes more. */
	for (e = environ; e && *e; e++)
		limit += strlen(*e) + 1;
	limit = limit < ARGS_MAX / 2 ? ARGS_MAX - limit : ARGS_MAX / 2;
	max_bytes = limit;
	while ((c = getopt_long(argc, argv, "+0a:d:E:I:L:n:P:prs:tx", longs,
				NULL)) != -1) {
		switch (c) {
		case '0':
			delimiter = 0;
			break;
		case 'a':
			in = fopen(optarg, "re");
			if (!in)
				err(1, "%s", optarg);
			break;
		case 'd':
			delimiter = read_delimiter(optarg);
			break;
		case 'E':
			end_text = *optarg ? optarg : NULL;
			break;
		case 'I':
			replace = optarg;
			max_args = max_lines = 0;
			break;
		case 'L':
			max_lines = number(optarg, 1, 'L');
			max_args = 0;
			replace = NULL;
			break;
		case 'n':
			max_args = number(optarg, 1, 'n');
			/* -I with -n 1 is -I. */
			if (replace && max_args == 1) {
				max_args = 0;
				break;
			}
			max_lines = 0;
			replace = NULL;
			break;
		case 'P':
			max_procs = number(optarg, 0, 'P');
			break;
		case 'p':
			ask = trace = 1;
			break;
		case 'r':
			no_run_if_empty = 1;
			break;
		case 's':
			max_bytes = (size_t)number(optarg, 1, 's');
			if (max_bytes > limit)
				max_bytes = limit;
			break;
		case 't':
			trace = 1;
			break;
		case 'x':
			exit_if_long = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (replace && !*replace)
		errx(1, "-I wants a text that is not empty");
	if (optind == argc)
		push(echo);
	for (; optind < argc; optind++)
		push(argv[optind]);
	fixed = count;
	fixed_bytes = bytes;
	if (bytes > max_bytes)
		errx(1, "the command alone is longer than -s allows");
	read_all();
	wait_for_all();
	return status;
}
