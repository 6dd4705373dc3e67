/*
 * ps: the processes, from /proc.
 *
 * Without options all of them, as on a machine of one person.  The letters of
 * both families are taken: ps -ef, ps aux.  -o chooses columns, --sort orders.
 * As w: who is logged in, and what runs there.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include "login.h"
#include "plain.h"
#include "process.h"
#include "utf8.h"

static long ticks, page_kib;
static double up;
static time_t boot;
static unsigned long memory; /* KiB */

static unsigned long long cpu_ticks(const struct process *p)
{
	return p->utime + p->stime;
}

/* Seconds since it started. */
static double age(const struct process *p)
{
	double t = up - (double)p->start / (double)ticks;

	return t > 0.01 ? t : 0.01;
}

/* [[days-]hours:]minutes:seconds */
static void put_time(char *out, size_t size, unsigned long long s, int full)
{
	if (s >= 86400)
		snprintf(out, size, "%llu-%02llu:%02llu:%02llu", s / 86400,
			 s / 3600 % 24, s / 60 % 60, s % 60);
	else if (s >= 3600 || full)
		snprintf(out, size, "%02llu:%02llu:%02llu", s / 3600,
			 s / 60 % 60, s % 60);
	else
		snprintf(out, size, "%02llu:%02llu", s / 60, s % 60);
}

/* Minutes and seconds, of the day or the year when that is more. */
static void put_minutes(char *out, size_t size, unsigned long long s)
{
	if (s >= 360000)
		snprintf(out, size, "%llu:%02lluh", s / 3600, s / 60 % 60);
	else
		snprintf(out, size, "%llu:%02llu", s / 60, s % 60);
}

static void put_start(char *out, size_t size, const struct process *p)
{
	time_t when = boot + (time_t)(p->start / (unsigned long)ticks);
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&when, &tm);
	strftime(out, size, now - when < 86400 ? "%H:%M" : "%b%d", &tm);
}

static void put_state(char *out, size_t size, const struct process *p)
{
	snprintf(out, size, "%c%s%s%s%s", p->state,
		 p->nice < 0   ? "<"
		 : p->nice > 0 ? "N"
			       : "",
		 p->session == p->pid ? "s" : "", p->threads > 1 ? "l" : "",
		 p->front == p->pgrp && p->tty ? "+" : "");
}

enum what {
	PID,
	PPID,
	PGID,
	SID,
	TPGID,
	UID,
	USER,
	RUSER,
	GROUP,
	RGROUP,
	PCPU,
	PMEM,
	C,
	VSZ,
	RSS,
	TTY,
	STAT,
	STATE,
	PRI,
	NI,
	PSR,
	NLWP,
	START,
	ELAPSED,
	TIME,
	BSDTIME,
	COMM,
	ARGS
};

static const struct column {
	const char *name, *title;
	enum what what;
	int width; /* negative: to the left */
} known[] = {
	{ "pid", "PID", PID, 5 },
	{ "ppid", "PPID", PPID, 5 },
	{ "pgid", "PGID", PGID, 5 },
	{ "pgrp", "PGRP", PGID, 5 },
	{ "sid", "SID", SID, 5 },
	{ "sess", "SESS", SID, 5 },
	{ "tpgid", "TPGID", TPGID, 5 },
	{ "uid", "UID", UID, 5 },
	{ "user", "USER", USER, -8 },
	{ "ruser", "RUSER", RUSER, -8 },
	{ "group", "GROUP", GROUP, -8 },
	{ "rgroup", "RGROUP", RGROUP, -8 },
	{ "%cpu", "%CPU", PCPU, 4 },
	{ "pcpu", "%CPU", PCPU, 4 },
	{ "%mem", "%MEM", PMEM, 4 },
	{ "pmem", "%MEM", PMEM, 4 },
	{ "c", "C", C, 2 },
	{ "vsz", "VSZ", VSZ, 7 },
	{ "rss", "RSS", RSS, 6 },
	{ "tty", "TTY", TTY, -8 },
	{ "tt", "TT", TTY, -8 },
	{ "stat", "STAT", STAT, -4 },
	{ "s", "S", STATE, -1 },
	{ "state", "S", STATE, -1 },
	{ "pri", "PRI", PRI, 3 },
	{ "ni", "NI", NI, 3 },
	{ "nice", "NI", NI, 3 },
	{ "psr", "PSR", PSR, 3 },
	{ "nlwp", "NLWP", NLWP, 4 },
	{ "thcount", "THCNT", NLWP, 5 },
	{ "stime", "STIME", START, 5 },
	{ "start", "START", START, 5 },
	{ "etime", "ELAPSED", ELAPSED, 11 },
	{ "time", "TIME", BSDTIME, 6 },
	{ "cputime", "TIME", TIME, 8 },
	{ "comm", "COMMAND", COMM, -15 },
	{ "ucmd", "CMD", COMM, -15 },
	{ "args", "CMD", ARGS, -27 },
	{ "cmd", "CMD", ARGS, -27 },
	{ "command", "COMMAND", ARGS, -27 },
};

#define KNOWN (sizeof(known) / sizeof(*known))

static struct chosen {
	const struct column *column;
	const char *title;
} chosen[40];
static int count;

static const struct column *find_column(const char *name)
{
	size_t i;

	for (i = 0; i < KNOWN; i++)
		if (!strcasecmp(name, known[i].name))
			return &known[i];
	errx(1, "%s: unknown column", name);
}

/* "pid,user" and "pid=NUMBER"; behind a = the title goes to the end. */
static void choose(char *list)
{
	char *title, *word;

	while (list && *list) {
		list += strspn(list, ", ");
		word = list;
		list += strcspn(list, ", =");
		title = NULL;
		if (*list == '=') {
			*list++ = 0;
			title = list;
			list += strlen(list);
			/* Several with = and nothing behind may share one. */
			if (*title == ',') {
				list = title + 1;
				title = list - 1;
				*title = 0;
			}
		} else if (*list) {
			*list++ = 0;
		}
		if (!*word)
			continue;
		if (count == sizeof(chosen) / sizeof(*chosen))
			errx(1, "too many columns");
		chosen[count].column = find_column(word);
		chosen[count].title =
			title ? title : chosen[count].column->title;
		count++;
	}
}

static void choose_these(const char *list)
{
	char *copy = strdup(list);

	if (!copy)
		err(1, NULL);
	choose(copy); /* the titles stay in it */
}

static int proc; /* the folder */

/* Ids that are asked for so seldom that they are read when it is so: behind the
 * title first the real, then the effective one. */
static long id_of(const struct process *p, const char *title, int effective)
{
	char path[32], text[2048], *at;
	long id;

	snprintf(path, sizeof(path), "%d/status", p->pid);
	if (proc_read(proc, path, text, sizeof(text)) <= 0)
		return -1;
	at = strstr(text, title);
	if (!at)
		return -1;
	id = strtol(at + strlen(title), &at, 10);
	return effective ? strtol(at, NULL, 10) : id;
}

static double number(const struct process *p, enum what what)
{
	switch (what) {
	case RUSER:
		return (double)id_of(p, "\nUid:", 0);
	case RGROUP:
		return (double)id_of(p, "\nGid:", 0);
	case PID:
		return p->pid;
	case PPID:
		return p->ppid;
	case PGID:
		return p->pgrp;
	case SID:
		return p->session;
	case TPGID:
		return p->front;
	case UID:
	case USER:
		return p->uid;
	case GROUP:
		return (double)id_of(p, "\nGid:", 1);
	case PCPU:
	case C:
		return (double)cpu_ticks(p) * 100 / (double)ticks / age(p);
	case PMEM:
		return memory ? (double)(p->resident * page_kib) * 100 /
					(double)memory
			      : 0;
	case VSZ:
		return (double)(p->size / 1024);
	case RSS:
		return (double)(p->resident * page_kib);
	case PRI:
		return p->priority;
	case NI:
		return p->nice;
	case PSR:
		return p->hart;
	case NLWP:
		return p->threads;
	case ELAPSED:
		return age(p);
	case START:
		return (double)p->start;
	case TIME:
	case BSDTIME:
		return (double)cpu_ticks(p);
	default:
		return 0;
	}
}

static const char *cell(const struct process *p, enum what what)
{
	static char text[64];
	unsigned long long seconds = cpu_ticks(p) / (unsigned long)ticks;
	const struct group *gr;

	switch (what) {
	case USER:
	case RUSER:
		return user_name((uid_t)number(p, what));
	case GROUP:
	case RGROUP:
		gr = getgrgid((gid_t)number(p, what));
		if (gr)
			return gr->gr_name;
		snprintf(text, sizeof(text), "%.0f", number(p, what));
		break;
	case TTY:
		return tty_name(p->tty);
	case COMM:
		return p->name;
	case ARGS:
		return p->command;
	case STAT:
		put_state(text, sizeof(text), p);
		break;
	case STATE:
		snprintf(text, sizeof(text), "%c", p->state);
		break;
	case START:
		put_start(text, sizeof(text), p);
		break;
	case ELAPSED:
		put_time(text, sizeof(text), (unsigned long long)age(p), 0);
		break;
	case TIME:
		put_time(text, sizeof(text), seconds, 1);
		break;
	case BSDTIME:
		put_minutes(text, sizeof(text), seconds);
		break;
	case PCPU:
	case PMEM:
		snprintf(text, sizeof(text), "%.1f", number(p, what));
		break;
	default:
		snprintf(text, sizeof(text), "%.0f", number(p, what));
	}
	return text;
}

/* A row of the table; without a process: the titles. */
static void print_row(const struct process *p, int columns)
{
	int i, used = 0, width, wide;

	for (i = 0; i < count; i++) {
		const struct column *c = chosen[i].column;
		const char *text = p ? cell(p, c->what) : chosen[i].title;

		width = abs(c->width);
		if (i) {
			putchar(' ');
			used++;
		}
		if (c->width > 0) {
			used += printf("%*s", width, text);
			continue;
		}
		/* Names hold anything: nothing of it reaches the terminal. */
		wide = utf8_put(text, columns - used, stdout);
		for (; wide < width && i + 1 < count; wide++)
			putchar(' ');
		used += wide;
	}
	putchar('\n');
}

/* --- Which, and in what order ------------------------------------------ */

static struct wanted {
	enum what what;
	long number;
	const char *name;
} wanted[100];
static size_t wants;
/* Of those on terminals, and of all, what leads no session. */
static int on_terminals, no_leaders;

static long group_number(const char *s)
{
	struct group *gr = getgrnam(s);
	char *end;
	long n = strtol(s, &end, 10);

	if (!gr && (end == s || *end || n < 0))
		errx(2, "there is no group '%s'", s);
	return gr ? (long)gr->gr_gid : n;
}

static void want(enum what what, const char *list)
{
	char *copy = strdup(list), *word, *end;
	long n;

	if (!copy)
		err(1, NULL);
	while ((word = strsep(&copy, ", "))) {
		if (!*word)
			continue;
		if (wants == sizeof(wanted) / sizeof(*wanted))
			errx(1, "that is too many to look for");
		if (what == USER || what == RUSER) {
			n = (long)user_number(word);
		} else if (what == RGROUP) {
			n = group_number(word);
		} else if (what == COMM || what == TTY) {
			n = 0;
		} else {
			n = strtol(word, &end, 10);
			if (*end || n <= 0)
				errx(1, "%s: not a process number", word);
		}
		wanted[wants++] = (struct wanted){ what, n, word };
	}
}

/* Whether it is on that terminal: "ttyS0", "/dev/ttyS0" or "S0". */
static int is_terminal(const struct process *p, const char *name)
{
	const char *own = tty_name(p->tty);

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	return p->tty ? !strcmp(own, name) || (!strncmp(own, "tty", 3) &&
					       !strcmp(own + 3, name))
		      : !strcmp(name, "-") || !strcmp(name, "?");
}

static int is_wanted(const struct process *p)
{
	size_t i;

	for (i = 0; i < wants; i++) {
		const struct wanted *w = &wanted[i];

		if (w->what == COMM  ? !strcmp(p->name, w->name)
		    : w->what == TTY ? is_terminal(p, w->name)
				     : (long)number(p, w->what) == w->number)
			return 1;
	}
	if (p->session != p->pid && (no_leaders || (on_terminals && p->tty)))
		return 1;
	return !wants && !no_leaders && !on_terminals;
}

static const struct column *key;
static int backwards;

static int compare(const void *a, const void *b)
{
	const struct process *p = a, *q = b;
	double x = number(p, key->what), y = number(q, key->what);
	int way = x < y ? -1 : x > y;

	if (key->what == COMM || key->what == ARGS || key->what == USER)
		way = strcmp(key->what == COMM ? p->name : p->command,
			     key->what == COMM ? q->name : q->command);
	if (key->what == USER)
		way = x < y ? -1 : x > y;
	if (backwards)
		way = -way;
	return way ? way : p->pid - q->pid;
}

static void order(const char *by)
{
	backwards = *by == '-';
	key = find_column(by + (*by == '-' || *by == '+'));
}

static _Noreturn void usage(int status)
{
	fputs("usage: ps [-Aadefl] [-p pid,...] [-u user,...] [-U user,...] "
	      "[-G group,...]\n"
	      "          [-g session,...] [-t terminal,...] [-C name,...] [-o "
	      "column,...]\n"
	      "          [--sort [-]column] [--no-headers] [-w]\n"
	      "       ps aux\n"
	      "       w [-hs] [user]\n"
	      "-a: on terminals, but no leaders of sessions, -d: all but "
	      "those\n"
	      "-f: more, -l: other columns, -w: cut no lines\n"
	      "columns: pid ppid pgid sid tpgid uid user ruser group rgroup "
	      "%cpu %mem vsz\n"
	      "         rss tty stat s pri ni psr nlwp start etime time "
	      "cputime "
	      "comm args\n",
	      status ? stderr : stdout);
	exit(status);
}

/* --- w ------------------------------------------------------------------- */

/* "3days", "4:05m" hours, "2:07" minutes, "5.00s" */
static void put_idle(char *out, size_t size, time_t s)
{
	if (s < 0)
		s = 0;
	if (s >= 172800)
		snprintf(out, size, "%lddays", (long)s / 86400);
	else if (s >= 3600)
		snprintf(out, size, "%ld:%02ldm", (long)s / 3600,
			 (long)s / 60 % 60);
	else if (s >= 60)
		snprintf(out, size, "%ld:%02ld", (long)s / 60, (long)s % 60);
	else
		snprintf(out, size, "%lds", (long)s);
}

static void put_login(const struct utmpx *u, const struct process *list,
		      size_t n, time_t now, int brief, int width)
{
	char user[UT_NAMESIZE + 1], line[UT_LINESIZE + 1], path[64];
	char since[16] = "?", idle[32] = "?", from[UT_HOSTSIZE + 1];
	const struct process *front = NULL;
	time_t t = u->ut_tv.tv_sec;
	struct stat st;
	struct tm tm;
	int used;

	field_text(user, u->ut_user, sizeof(u->ut_user));
	field_text(line, u->ut_line, sizeof(u->ut_line));
	field_text(from, u->ut_host, sizeof(u->ut_host));
	snprintf(path, sizeof(path), "/dev/%s", line);
	if (localtime_r(&t, &tm))
		strftime(since, sizeof(since),
			 now - t < 43200 ? "%H:%M" : "%d%b%y", &tm);
	if (stat(path, &st) == 0) {
		put_idle(idle, sizeof(idle), now - st.st_atime);
		/* What is in front; of a pipe that which came last. */
		for (; n; n--, list++)
			if (list->tty == (int)st.st_rdev &&
			    list->pgrp == list->front && list->state != 'Z')
				front = list;
	}
	used = printf("%-8.8s %-8.8s ", user, line);
	if (!brief)
		used += printf("%-16.16s %7s ", *from ? from : "-", since);
	used += printf("%7s ", idle);
	utf8_put(front ? front->command : "-", width - used, stdout);
	putchar('\n');
}

static int w_main(int argc, char **argv, int width)
{
	unsigned long l, users = 0;
	int c, brief = 0, head = 1;
	time_t now = time(NULL);
	struct process *list;
	struct sysinfo si;
	struct utmpx *u;
	struct tm tm;
	char text[32];
	size_t n;

	while ((c = getopt(argc, argv, "hs")) != -1) {
		if (c == '?')
			usage(1);
		brief |= c == 's';
		head &= c != 'h';
	}
	if (argc - optind > 1)
		usage(1);
	n = process_all(proc_open(), &list);
	if (head) {
		for (login_open(NULL); login_next(NULL);)
			users++;
		if (sysinfo(&si) < 0 || !localtime_r(&now, &tm))
			err(1, "the time");
		l = (unsigned long)si.uptime;
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
		printf(" %s up ", text);
		if (l >= 86400)
			printf("%lu day%s, ", l / 86400,
			       l >= 172800 ? "s" : "");
		printf("%lu:%02lu,  %lu user%s,  load average:", l / 3600 % 24,
		       l / 60 % 60, users, users == 1 ? "" : "s");
		for (c = 0; c < 3; c++) {
			l = (si.loads[c] * 100 + 32768) >> 16;
			printf("%s %lu.%02lu", c ? "," : "", l / 100, l % 100);
		}
		printf("\n%-8s %-8s ", "USER", "TTY");
		if (!brief)
			printf("%-16s %7s ", "FROM", "LOGIN@");
		printf("%7s WHAT\n", "IDLE");
	}
	for (login_open(NULL); (u = login_next(NULL));)
		if (optind == argc ||
		    !strncmp(u->ut_user, argv[optind], sizeof(u->ut_user)))
			put_login(u, list, n, now, brief, width);
	return plain_end(0, 1);
}

int main(int argc, char **argv)
{
	enum { SORT = 256, NO_HEADERS, HELP, PARENT };
	static const struct option longs[] = {
		{ "sort", required_argument, NULL, SORT },
		{ "no-headers", no_argument, NULL, NO_HEADERS },
		{ "no-heading", no_argument, NULL, NO_HEADERS },
		{ "pid", required_argument, NULL, 'p' },
		{ "ppid", required_argument, NULL, PARENT },
		{ "user", required_argument, NULL, 'u' },
		{ "format", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	static const char usual[] = "pid,ppid,stat,tty,time,rss,args";
	static const char full[] = "user,pid,ppid,c,stime,tty,cputime,args";
	static const char lengthy[] =
		"s,uid,pid,ppid,c,pri,ni,rss,vsz,tty,cputime,comm";
	static const char by_user[] =
		"user,pid,%cpu,%mem,vsz,rss,tty,stat,start,time,command";
	const char *columns = usual;
	int c, i, titles = 0, headers = 1, everything = 0, width = 1 << 30,
		  status = 1;
	struct process *list;
	struct winsize w;
	char text[2048];
	size_t n, k;

	if (isatty(1) && ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col)
		width = w.ws_col;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		usage(0);
	if (plain_named(argv, "w"))
		return w_main(argc, argv, width);
	/* ps aux: letters without a dash, which no number begins. */
	if (argc > 1 && isalpha((unsigned char)*argv[1])) {
		const char *s = argv[1];

		for (; *s && strchr("aguxw", *s); s++)
			if (*s == 'u')
				columns = by_user;
		if (*s)
			usage(1);
		argc--;
		argv++;
	}
	while ((c = getopt_long(argc, argv, "AaC:defFg:G:jlo:p:t:u:U:wx", longs,
				NULL)) != -1) {
		switch (c) {
		case 'C':
			want(COMM, optarg);
			break;
		case 'f':
		case 'F':
			columns = full;
			break;
		case 'l':
			columns = lengthy;
			break;
		case 'j':
			columns = "pid,pgid,sid,tty,cputime,comm";
			break;
		case 'g':
			want(SID, optarg);
			break;
		case 'G':
			want(RGROUP, optarg);
			break;
		case 't':
			want(TTY, optarg);
			break;
		case 'o':
			choose_these(optarg);
			break;
		case 'p':
			want(PID, optarg);
			break;
		case PARENT:
			want(PPID, optarg);
			break;
		case 'u':
		case 'U':
			/* "ps -aux" is not what one user x is asked for. */
			if (!strcmp(optarg, "x")) {
				columns = by_user;
				everything = 1;
				break;
			}
			want(c == 'u' ? USER : RUSER, optarg);
			break;
		case 'w':
			width = 1 << 30;
			break;
		case SORT:
			order(optarg);
			break;
		case NO_HEADERS:
			headers = 0;
			break;
		case 'a':
			on_terminals = 1;
			break;
		case 'd':
			no_leaders = 1;
			break;
		case 'A':
		case 'e':
		case 'x':
			everything = 1;
			break;
		case HELP:
			usage(0);
		default:
			usage(1);
		}
	}
	for (; optind < argc; optind++)
		want(PID, argv[optind]);
	if (!count)
		choose_these(columns);
	ticks = sysconf(_SC_CLK_TCK);
	page_kib = sysconf(_SC_PAGESIZE) / 1024;
	proc = proc_open();
	up = proc_uptime(proc);
	boot = time(NULL) - (time_t)up;
	if (proc_read(proc, "meminfo", text, sizeof(text)) > 0)
		memory = proc_memory(text, "MemTotal");
	n = process_all(proc, &list);
	if (key)
		qsort(list, n, sizeof(*list), compare);
	/* As POSIX says: where all titles are empty there is no line. */
	for (i = 0; i < count; i++)
		titles |= *chosen[i].title != 0;
	if (headers && titles)
		print_row(NULL, width);
	for (k = 0; k < n; k++) {
		if (!everything && !is_wanted(&list[k]))
			continue;
		print_row(&list[k], width);
		status = 0;
	}
	if (fflush(stdout))
		err(1, "write error");
	return status;
}
