/*
 * who: who is logged in, where, and since when. -b: when the machine started;
 * -m, "am i": only the own terminal; -q: names and how many; -d, -l, -p, -r,
 * -t: the other records that such files may have.
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

static int titles, messages, idle, pids, exits, mine;
static unsigned int kinds; /* of records: a bit each */
static const char *terminal;

static _Noreturn void usage(int status)
{
	fputs("usage: who [-abdHlpqrsTtuw] [-m | am i] [file]\n"
	      "-b: when the machine started; -H: titles; -m: only the own "
	      "terminal;\n"
	      "-q: names and how many; -T: who takes messages; -u: idle time "
	      "and "
	      "process;\n"
	      "-d -l -p -r -t: who has left, terminals that wait, what init "
	      "started,\n"
	      "run level, clock changes; -a: all but -m and -q\n",
	      status ? stderr : stdout);
	exit(status);
}

/* Blanks at the end of a row are left out. */
static void row(const char *user, const char *mesg, const char *line,
		const char *when, const char *rest, const char *pid,
		const char *comment, const char *left)
{
	char text[600];
	int n;

	n = snprintf(
		text, sizeof(text), "%-8s%s%s %-12s %-12s%s%s%s%s %-8s%s%s",
		user, messages ? " " : "", messages ? mesg : "", line, when,
		idle ? " " : "", idle ? rest : "", pids ? " " : "",
		pids ? pid : "", comment, exits ? " " : "", exits ? left : "");
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
	row(user, mesg, line, clock_text(u), path, pid, comment, "");
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

/* What is no user's: with its terminal, process and name. */
static void show_other(const struct utmpx *u, const char *user)
{
	char line[UT_LINESIZE + 1], id[sizeof(u->ut_id) + 1], comment[16];
	char pid[16], left[32] = "";

	field_text(line, u->ut_line, sizeof(u->ut_line));
	field_text(id, u->ut_id, sizeof(u->ut_id));
	snprintf(pid, sizeof(pid), "%10ld", (long)u->ut_pid);
	snprintf(comment, sizeof(comment), "id=%s", id);
	if (u->ut_type == DEAD_PROCESS)
		snprintf(left, sizeof(left), "term=%d exit=%d",
			 u->ut_exit.e_termination, u->ut_exit.e_exit);
	row(user, " ", line, clock_text(u), "      ", pid, comment, left);
}

/* Without a terminal: of the machine. */
static void show_event(const struct utmpx *u)
{
	char what[32], comment[8] = "";
	int before = u->ut_pid / 256;

	if (u->ut_type == BOOT_TIME)
		strcpy(what, "system boot");
	else if (u->ut_type == NEW_TIME)
		strcpy(what, "clock change");
	else
		snprintf(what, sizeof(what), "run-level %c",
			 u->ut_pid & 0x60 ? u->ut_pid & 0x7f : '?');
	if (u->ut_type == RUN_LVL && before > ' ' && before < 127)
		snprintf(comment, sizeof(comment), "last=%c",
			 before == 'N' ? 'S' : before);
	row("", " ", what, clock_text(u), "      ", "          ", comment, "");
}

static void show(const char *file)
{
	char user[UT_NAMESIZE + 1];
	struct utmpx *u;

	if (titles)
		row("NAME", " ", "LINE", "TIME", "IDLE  ", "       PID",
		    "COMMENT", "EXIT");
	while ((u = getutxent())) {
		if (mine && (!terminal || strncmp(u->ut_line, terminal,
						  sizeof(u->ut_line)) != 0))
			continue;
		if (u->ut_type < 0 || !(kinds >> u->ut_type & 1))
			continue;
		switch (u->ut_type) {
		case USER_PROCESS:
			if (login_is_there(u, file))
				show_user(u);
			break;
		case BOOT_TIME:
		case RUN_LVL:
		case NEW_TIME:
			show_event(u);
			break;
		default:
			field_text(user, u->ut_user, sizeof(u->ut_user));
			show_other(u, u->ut_type == LOGIN_PROCESS ? user : "");
		}
	}
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "boot", no_argument, NULL, 'b' },
		{ "dead", no_argument, NULL, 'd' },
		{ "login", no_argument, NULL, 'l' },
		{ "process", no_argument, NULL, 'p' },
		{ "runlevel", no_argument, NULL, 'r' },
		{ "time", no_argument, NULL, 't' },
		{ "heading", no_argument, NULL, 'H' },
		{ "count", no_argument, NULL, 'q' },
		{ "mesg", no_argument, NULL, 'T' },
		{ "users", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, quick = 0;
	const char *file = NULL;

	while ((c = getopt_long(argc, argv, "abdHlmpqrsTtuw", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'a':
			kinds |= 1 << BOOT_TIME | 1 << DEAD_PROCESS |
				 1 << LOGIN_PROCESS | 1 << INIT_PROCESS |
				 1 << RUN_LVL | 1 << NEW_TIME |
				 1 << USER_PROCESS;
			idle = exits = messages = 1;
			break;
		case 'b':
			kinds |= 1 << BOOT_TIME;
			break;
		case 'd':
			kinds |= 1 << DEAD_PROCESS;
			idle = exits = 1;
			break;
		case 'l':
			kinds |= 1 << LOGIN_PROCESS;
			idle = 1;
			break;
		case 'p':
			kinds |= 1 << INIT_PROCESS;
			break;
		case 'r':
			kinds |= 1 << RUN_LVL;
			idle = 1;
			break;
		case 't':
			kinds |= 1 << NEW_TIME;
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
			kinds |= 1 << USER_PROCESS;
			idle = 1;
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
	pids = kinds != 0;
	if (!kinds)
		kinds = 1 << USER_PROCESS;
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
		show(file);
	return plain_end(0, 1);
}
