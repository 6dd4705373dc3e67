/*
 * who: who is logged in, where, and since when. -b: when the machine started;
 * -m, "am i": only the own terminal; -q: names and how many.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "login.h"
#include "plain.h"

static int titles, messages, idle, pids, mine;
static const char *terminal;

static _Noreturn void usage(int status)
{
	fputs("usage: who [-bHqsTuw] [-m | am i] [file]\n"
	      "-b: when the machine started; -H: titles; -m: only the own "
	      "terminal;\n"
	      "-q: names and how many; -T: who takes messages; -u: idle time and "
	      "process\n",
	      status ? stderr : stdout);
	exit(status);
}

/* Blanks at the end of a row are left out. */
static void row(const char *user, const char *mesg, const char *line,
		const char *when, const char *rest, const char *pid,
		const char *comment)
{
	char text[600];
	int n;

	n = snprintf(text, sizeof(text), "%-8s%s%s %-12s %-12s%s%s%s%s %-8s",
		     user, messages ? " " : "", messages ? mesg : "", line,
		     when, idle ? " " : "", idle ? rest : "", pids ? " " : "",
		     pids ? pid : "", comment);
	while (n > 0 && text[n - 1] == ' ')
		n--;
	printf("%.*s\n", n, text);
}

static const char *clock_text(const struct utmpx *u)
{
	static char text[32];
	time_t t = u->ut_tv.tv_sec;
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%b %e %H:%M", &tm))
		strcpy(text, "?");
	return text;
}

/* How long nothing was typed there. */
static const char *idle_text(const struct stat *st)
{
	static char text[16];
	time_t s = time(NULL) - st->st_atime;

	if (s < 60)
		return "  .  ";
	if (s >= 86400)
		return " old ";
	snprintf(text, sizeof(text), "%02ld:%02ld", (long)s / 3600,
		 (long)s / 60 % 60);
	return text;
}

static void show_user(const struct utmpx *u)
{
	char user[UT_NAMESIZE + 1], line[UT_LINESIZE + 1], path[64];
	char host[UT_HOSTSIZE + 1], comment[UT_HOSTSIZE + 3] = "";
	char pid[16], mesg[] = "?";
	const char *since = "  ?";
	struct stat st;

	field_text(line, u->ut_line, sizeof(u->ut_line));
	field_text(user, u->ut_user, sizeof(u->ut_user));
	field_text(host, u->ut_host, sizeof(u->ut_host));
	if (*host)
		snprintf(comment, sizeof(comment), "(%s)", host);
	snprintf(path, sizeof(path), "/dev/%s", line);
	if (stat(path, &st) == 0) {
		*mesg = st.st_mode & S_IWGRP ? '+' : '-';
		since = idle_text(&st);
	}
	snprintf(pid, sizeof(pid), "%10ld", (long)u->ut_pid);
	snprintf(path, sizeof(path), "%-6s", since);
	row(user, mesg, line, clock_text(u), path, pid, comment);
}

static void show_quick(const char *file)
{
	unsigned long n = 0;
	struct utmpx *u;
	char name[UT_NAMESIZE + 1];

	while ((u = login_next(file))) {
		field_text(name, u->ut_user, sizeof(u->ut_user));
		printf("%s%s", n++ ? " " : "", name);
	}
	printf("\n# users=%lu\n", n);
}

static void show(const char *file, int started, int users)
{
	struct utmpx *u;

	if (titles)
		row("NAME", " ", "LINE", "TIME", "IDLE  ", "       PID",
		    "COMMENT");
	while ((u = getutxent())) {
		if (mine && (!terminal || strncmp(u->ut_line, terminal,
						  sizeof(u->ut_line)) != 0))
			continue;
		if (started && u->ut_type == BOOT_TIME)
			row("", " ", "system boot", clock_text(u), "", "", "");
		else if (users && login_is_there(u, file))
			show_user(u);
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "boot", no_argument, NULL, 'b' },
		{ "heading", no_argument, NULL, 'H' },
		{ "count", no_argument, NULL, 'q' },
		{ "mesg", no_argument, NULL, 'T' },
		{ "users", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, started = 0, users = 0, quick = 0;
	const char *file = NULL;

	while ((c = getopt_long(argc, argv, "bHmqsTuw", longs, NULL)) != -1) {
		switch (c) {
		case 'b':
			started = 1;
			break;
		case 'H':
			titles = 1;
			break;
		case 'm':
			mine = 1;
			break;
		case 'q':
			quick = 1;
			break;
		case 's':
			break;
		case 'T':
		case 'w':
			messages = 1;
			break;
		case 'u':
			users = idle = 1;
			break;
		default:
			usage(c == 'h' ? 0 : 1);
		}
	}
	if (argc - optind == 2)
		mine = 1;
	else if (argc - optind == 1)
		file = argv[optind];
	else if (argc != optind)
		usage(1);
	/* Without a word about what, the users; otherwise with numbers. */
	if (started || users)
		pids = 1;
	else
		users = 1;
	if (mine) {
		terminal = ttyname(0);
		if (!terminal)
			return plain_end(0, 1);
		if (!strncmp(terminal, "/dev/", 5))
			terminal += 5;
	}
	login_open(file);
	if (quick)
		show_quick(file);
	else
		show(file, started, users);
	return plain_end(0, 1);
}
