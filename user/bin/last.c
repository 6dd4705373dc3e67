/*
 * last: who was logged in, from when to when, and when the machine ran; the
 * newest first.
 *
 * The file has a record for each coming and going. Read from its end, a going
 * is noted until the coming to that terminal turns up; what a start of the
 * machine finds open was ended by the shutdown before it, or by a crash.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "login.h"
#include "plain.h"

#define AT_ONCE 64 /* records */

/* A terminal whose next user has left, or has come, at that time. */
struct going {
	struct going *next;
	char line[UT_LINESIZE];
	time_t when;
};

static struct going *goings;
static time_t down; /* when the machine stopped behind this record */
static int crashed; /* it did so unasked; down is its next start */
static int full, names, no_host, system_too;
static long left = -1; /* lines that may still be printed; -1: all */
static char **wanted;

static _Noreturn void usage(int status)
{
	fputs("usage: last [-FRwx] [-n lines | -lines] [-f file] "
	      "[user | terminal]...\n"
	      "-F: times with seconds and year; -R: no hosts; -w: whole "
	      "names;\n"
	      "-x: shutdowns too\n",
	      status ? stderr : stdout);
	exit(status);
}

static int is_wanted(const char *user, const char *line)
{
	char **w;

	for (w = wanted; *w; w++)
		if (!strcmp(*w, user) || !strcmp(*w, line) ||
		    (strspn(*w, "0123456789") == strlen(*w) &&
		     !strncmp(line, "tty", 3) && !strcmp(*w, line + 3)))
			return 1;
	return w == wanted;
}

static void time_text(char *text, size_t size, const char *form, time_t t)
{
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(text, size, form, &tm))
		snprintf(text, size, "?");
}

static void row(const struct utmpx *u, const char *line, time_t until,
		const char *end, const char *length)
{
	char user[UT_NAMESIZE + 1], host[UT_HOSTSIZE + 1];
	char from[40], to[40], took[40];
	int width = 7;
	long s = (long)(until - u->ut_tv.tv_sec);

	field_text(user, u->ut_user, sizeof(u->ut_user));
	field_text(host, u->ut_host, sizeof(u->ut_host));
	if (!is_wanted(user, line) || !left)
		return;
	if (left > 0)
		left--;
	time_text(from, sizeof(from),
		  full ? "%a %b %e %H:%M:%S %Y" : "%a %b %e %H:%M",
		  u->ut_tv.tv_sec);
	if (!end) {
		time_text(to, sizeof(to),
			  full ? "- %a %b %e %H:%M:%S %Y" : "- %H:%M", until);
		end = to;
	}
	if (full)
		width = length ? 0 : 26;
	if (!length) {
		const char *sign = s < 0 ? "-" : "";

		s = s < 0 ? -s : s;
		if (s >= 86400)
			snprintf(took, sizeof(took), "(%s%ld+%02ld:%02ld)",
				 sign, s / 86400, s / 3600 % 24, s / 60 % 60);
		else
			snprintf(took, sizeof(took), " (%s%02ld:%02ld)", sign,
				 s / 3600, s / 60 % 60);
		length = took;
	}
	printf(names ? "%-8s %-12.12s " : "%-8.8s %-12.12s ", user, line);
	if (!no_host)
		printf(names ? "%-16s " : "%-16.16s ", host);
	printf("%s %-*s %s\n", from, width, end, length);
}

static struct going *find_going(const char *line)
{
	struct going *g;

	for (g = goings; g; g = g->next)
		if (!strncmp(g->line, line, sizeof(g->line)))
			return g;
	return NULL;
}

/* Somebody else had the terminal until then. */
static void note(const char *line, time_t when)
{
	struct going *g = find_going(line);

	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g)
			err(1, NULL);
		memcpy(g->line, line, sizeof(g->line));
		g->next = goings;
		goings = g;
	}
	g->when = when;
}

static void forget_all(void)
{
	struct going *g;

	while ((g = goings)) {
		goings = g->next;
		free(g);
	}
}

static void show_user(const struct utmpx *u)
{
	char line[UT_LINESIZE + 1];
	const struct going *g = find_going(u->ut_line);

	field_text(line, u->ut_line, sizeof(u->ut_line));
	if (g)
		row(u, line, g->when, NULL, NULL);
	else if (down)
		row(u, line, down, crashed ? "- crash" : "- down", NULL);
	else if (u->ut_pid > 0 && kill(u->ut_pid, 0) < 0 && errno == ESRCH)
		row(u, line, 0, full ? "  gone" : "   gone", "- no logout");
	else
		row(u, line, 0, "  still", "logged in");
	note(u->ut_line, u->ut_tv.tv_sec);
}

/* One record; those behind it in the file have been shown. */
static void show(const struct utmpx *u)
{
	static time_t started; /* the start that was met last */

	if (u->ut_type == USER_PROCESS && *u->ut_line) {
		show_user(u);
	} else if (u->ut_type == DEAD_PROCESS && *u->ut_line) {
		note(u->ut_line, u->ut_tv.tv_sec);
	} else if (u->ut_type == BOOT_TIME) {
		if (!down)
			row(u, "system boot", 0, "  still", "running");
		else
			row(u, "system boot", down, crashed ? "- crash" : NULL,
			    NULL);
		forget_all();
		down = started = u->ut_tv.tv_sec;
		crashed = 1;
	} else if (u->ut_type == RUN_LVL &&
		   !strncmp(u->ut_user, "shutdown", sizeof(u->ut_user))) {
		if (system_too)
			row(u, "system down", started ? started : time(NULL),
			    NULL, NULL);
		forget_all();
		down = u->ut_tv.tv_sec;
		crashed = 0;
	}
}

static void show_all(int fd, const char *file)
{
	static struct utmpx u[AT_ONCE];
	char begin[40];
	struct stat st;
	off_t n, first;
	ssize_t got;

	if (fstat(fd, &st) < 0)
		err(1, "%s", file);
	if (S_ISDIR(st.st_mode))
		errx(1, "%s: %s", file, strerror(EISDIR));
	for (n = st.st_size / (off_t)sizeof(*u); n && left; n = first) {
		first = n > AT_ONCE ? n - AT_ONCE : 0;
		got = pread(fd, u, (size_t)(n - first) * sizeof(*u),
			    first * (off_t)sizeof(*u));
		if (got < 0)
			err(1, "%s", file);
		for (got /= (ssize_t)sizeof(*u); got-- && left;)
			show(&u[got]);
	}
	/* The first record's time, or of an empty file its own. */
	*u = (struct utmpx){ .ut_tv = { .tv_sec = (int)st.st_ctime } };
	got = pread(fd, u, sizeof(*u), 0);
	time_text(begin, sizeof(begin), "%a %b %e %H:%M:%S %Y",
		  got == (ssize_t)sizeof(*u) ? u->ut_tv.tv_sec : st.st_ctime);
	file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	printf("\n%s begins %s\n", file, begin);
}

static long count(const char *s)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (end == s || *end || n < 0 || errno)
		errx(1, "%s: no number of lines", s);
	return n ? n : -1;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "fulltimes", no_argument, NULL, 'F' },
		{ "limit", required_argument, NULL, 'n' },
		{ "nohostname", no_argument, NULL, 'R' },
		{ "fullnames", no_argument, NULL, 'w' },
		{ "system", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = _PATH_WTMPX;
	long n = 0;
	int c, fd;

	while ((c = getopt_long(argc, argv, "0123456789f:Fn:Rwx", longs,
				NULL)) != -1) {
		switch (c) {
		case 'f':
			file = optarg;
			break;
		case 'F':
			full = 1;
			break;
		case 'n':
			left = count(optarg);
			break;
		case 'R':
			no_host = 1;
			break;
		case 'w':
			names = 1;
			break;
		case 'x':
			system_too = 1;
			break;
		case 'h':
			usage(0);
		default:
			if (c < '0' || c > '9')
				usage(1);
			if (n < 100000000)
				n = n * 10 + (c - '0');
			left = n ? n : -1;
		}
	}
	wanted = argv + optind;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		err(1, "%s", file);
	show_all(fd, file);
	return plain_end(0, 1);
}
