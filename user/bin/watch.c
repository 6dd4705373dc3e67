/*
 * watch: run a command again and again, and show the first screenful of what it
 * says, until ^C.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "utf8.h"

static int rows = 24, cols = 80, title = 1, on_error, on_change, direct;
static double interval = 2;

static void measure(void)
{
	struct winsize ws;

	if (ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_row && ws.ws_col) {
		rows = ws.ws_row;
		cols = ws.ws_col;
	}
}

static void head(const char *command)
{
	char when[40], left[80];
	time_t now = time(NULL);
	struct tm tm;
	int n, room;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", &tm);
	n = snprintf(left, sizeof(left), "Every %.1fs: ", interval);
	room = cols - n - (int)strlen(when) - 1;
	fputs(left, stdout);
	for (n = utf8_put(command, room, stdout); n < room; n++)
		putchar(' ');
	printf(" %s\033[K\r\n\033[K\r\n", when);
}

/* All bytes of the character that begins with c. */
static void get_character(FILE *f, int c, char *bytes, unsigned long *sum)
{
	size_t n = 0, want = utf8_expect(c);

	bytes[n++] = (char)c;
	while (n < want && (c = getc(f)) != EOF) {
		if ((c & 0xc0) != 0x80) {
			ungetc(c, f);
			break;
		}
		*sum = *sum * 33 + (unsigned long)c;
		bytes[n++] = (char)c;
	}
	bytes[n] = 0;
}

/* The command's output, cut to the window; the sum tells of changes. */
static int show(FILE *f, int left, unsigned long *sum)
{
	int c, column = 0, escape = 0, width;
	char bytes[5], shown[16];

	*sum = 5381;
	while ((c = getc(f)) != EOF) {
		*sum = *sum * 33 + (unsigned long)c;
		if (left <= 0)
			continue;
		/* Colours would need a terminal of its own; they are left out.
		 */
		if (escape) {
			escape = escape == 1 ? (c == '[' ? 2 : 0)
					     : !(c >= '@' && c <= '~') * 2;
			continue;
		}
		if (c == 27) {
			escape = 1;
		} else if (c == '\n') {
			fputs("\033[K", stdout);
			if (--left > 0)
				fputs("\r\n", stdout);
			column = 0;
		} else if (c == '\t') {
			do {
				if (column++ < cols)
					putchar(' ');
			} while (column % 8);
		} else if (c >= 32 && c != 127) {
			get_character(f, c, bytes, sum);
			utf8_shown(bytes, strlen(bytes), shown, &width);
			column += width;
			if (column <= cols)
				fputs(shown, stdout);
		}
	}
	fputs("\033[J", stdout);
	return fflush(stdout);
}

static int run(char **argv, const char *command, unsigned long *sum)
{
	int pipes[2], status;
	pid_t pid;
	FILE *f;

	if (pipe(pipes) < 0)
		err(1, "pipe");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(pipes[0]);
		dup2(pipes[1], 1);
		dup2(pipes[1], 2);
		if (pipes[1] > 2)
			close(pipes[1]);
		if (direct)
			execvp(argv[0], argv);
		else
			execlp("sh", "sh", "-c", command, (char *)NULL);
		warn("%s", direct ? argv[0] : "sh");
		_exit(127);
	}
	close(pipes[1]);
	f = fdopen(pipes[0], "r");
	if (!f)
		err(1, NULL);
	if (show(f, rows - (title ? 2 : 0), sum))
		err(1, "write error");
	fclose(f);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

static int usage(int status)
{
	fputs("usage: watch [-egtx] [-n seconds] command [argument...]\n"
	      "-e: until it fails, -g: until its output changes, -t: no title, "
	      "-x: not by the shell\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "errexit", no_argument, NULL, 'e' },
		{ "chgexit", no_argument, NULL, 'g' },
		{ "interval", required_argument, NULL, 'n' },
		{ "no-title", no_argument, NULL, 't' },
		{ "exec", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned long sum, last = 0;
	int c, first = 1, status;
	char *command, *end;
	struct timespec ts;
	size_t n = 1;

	while ((c = getopt_long(argc, argv, "+egn:tx", longs, NULL)) != -1) {
		switch (c) {
		case 'e':
			on_error = 1;
			break;
		case 'g':
			on_change = 1;
			break;
		case 'n':
			interval = strtod(optarg, &end);
			if (*end || end == optarg || !(interval >= 0) ||
			    interval > 1e6)
				errx(1, "invalid interval '%s'", optarg);
			if (interval < 0.1)
				interval = 0.1;
			break;
		case 't':
			title = 0;
			break;
		case 'x':
			direct = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc)
		return usage(1);
	for (c = optind; c < argc; c++)
		n += strlen(argv[c]) + 1;
	command = malloc(n);
	if (!command)
		err(1, NULL);
	*command = 0;
	for (c = optind; c < argc; c++) {
		strcat(command, argv[c]);
		if (c + 1 < argc)
			strcat(command, " ");
	}
	ts.tv_sec = (time_t)interval;
	ts.tv_nsec = (long)((interval - (double)ts.tv_sec) * 1e9);
	for (;; first = 0) {
		measure();
		fputs(first ? "\033[H\033[2J" : "\033[H", stdout);
		if (title)
			head(command);
		status = run(argv + optind, command, &sum);
		if (on_error && status) {
			printf("\r\nwatch: the command failed\r\n");
			return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
		}
		if (on_change && !first && sum != last) {
			printf("\r\n");
			return fflush(stdout) ? 1 : 0;
		}
		last = sum;
		nanosleep(&ts, NULL);
	}
}
