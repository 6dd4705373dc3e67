/*
 * pgrep, pkill, pidof, killall: processes by name.  Which of them it is says
 * the name that it is called by.
 *
 * pgrep and pkill take an extended regular expression, which the name or, with
 * -f, the arguments have to match somewhere; pidof and killall whole names.
 * The kernel keeps 15 bytes of a name, so a longer one is looked for in the
 * arguments. None of them finds itself.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "signum.h"
#include "utf8.h"

static enum { PGREP, PKILL, PIDOF, KILLALL } who;
static int full, exact, negate, ignore_case, newest, oldest, quiet, say;
static int sig = SIGTERM;
static long parent = -1, owner = -1, terminal = -1;
static regex_t expression;
static int have_expression;

static _Noreturn void usage(int status)
{
	static const char *const text[] = {
		[PGREP] = "pgrep [-acfilnovx] [-d separator] [-P parent] "
			  "[-u user] [-t tty] pattern",
		[PKILL] = "pkill [-signal] [-efinovx] [-P parent] [-u user] "
			  "[-t tty] pattern",
		[PIDOF] = "pidof [-s] [-o pid,...] name...",
		[KILLALL] = "killall [-signal] [-qv] [-u user] name...",
	};

	fprintf(status ? stderr : stdout, "usage: %s\n", text[who]);
	exit(status);
}

/* The last part of the first argument. */
static void base_name(const struct process *p, char *out, size_t size)
{
	const char *end = strchrnul(p->command, ' '), *from = end;

	while (from > p->command && from[-1] != '/')
		from--;
	snprintf(out, size, "%.*s", (int)(end - from), from);
}

static int is_named(const struct process *p, const char *name)
{
	char base[sizeof(p->command)];

	if (!strcmp(p->name, name))
		return 1;
	base_name(p, base, sizeof(base));
	/* A script's name, or one of which the kernel has the beginning. */
	return !strcmp(base, name) &&
	       (who == PIDOF || !strncmp(p->name, name, 15));
}

static int matches(const struct process *p)
{
	regmatch_t m;
	const char *text = full ? p->command : p->name;
	int hit = 1;

	if (have_expression) {
		hit = regexec(&expression, text, 1, &m, 0) == 0;
		if (hit && exact)
			hit = m.rm_so == 0 && !text[m.rm_eo];
	}
	if (parent >= 0)
		hit = hit && p->ppid == parent;
	if (owner >= 0)
		hit = hit && (long)p->uid == owner;
	if (terminal >= 0)
		hit = hit && p->tty == terminal;
	return hit != negate;
}

static int number_of_tty(const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (stat(path, &st) < 0 || !S_ISCHR(st.st_mode))
		errx(2, "%s: no such terminal", name);
	return (int)st.st_rdev;
}

/* pkill -9, -KILL, -SIGKILL, killall -s KILL; the argument is taken out. */
static void take_signal(int *argc, char **argv)
{
	const char *name;
	int i, n;

	for (i = 1; i < *argc && argv[i][0] == '-' && argv[i][1]; i++) {
		name = argv[i] + 1;
		n = 1;
		if (!strcmp(name, "-"))
			return;
		if (!strcmp(name, "s") && i + 1 < *argc) {
			name = argv[i + 1];
			n = 2;
			if (signal_number(name) < 0)
				errx(2, "%s: no such signal", name);
		}
		if (signal_number(name) < 0)
			continue;
		sig = signal_number(name);
		memmove(argv + i, argv + i + n,
			(size_t)(*argc - i - n + 1) * sizeof(*argv));
		*argc -= n;
		return;
	}
}

/* 1 when it could not be done. */
static int send(const struct process *p)
{
	if (kill(p->pid, sig) == 0) {
		if (!say)
			return 0;
		utf8_put(p->name, 1000, stdout);
		printf(" killed (pid %d)\n", p->pid);
		return 0;
	}
	if (errno == ESRCH) /* it has ended by itself */
		return 0;
	warn("%d", p->pid);
	return 1;
}

static int by_pattern(int argc, char **argv)
{
	const char *separator = "\n";
	int c, counted = 0, names = 0, lines = 0, found = 0, failed = 0, e;
	struct process *list;
	size_t n, i, best;
	char text[200];

	if (who == PKILL)
		take_signal(&argc, argv);
	while ((c = getopt(argc, argv,
			   who == PGREP ? "acd:filnoP:t:u:U:vx"
					: "efinoP:t:u:U:vx")) != -1) {
		switch (c) {
		case 'a':
			lines = 1;
			break;
		case 'c':
			counted = 1;
			break;
		case 'd':
			separator = optarg;
			break;
		case 'e':
			say = 1;
			break;
		case 'f':
			full = 1;
			break;
		case 'i':
			ignore_case = 1;
			break;
		case 'l':
			names = 1;
			break;
		case 'n':
			newest = 1;
			break;
		case 'o':
			oldest = 1;
			break;
		case 'P':
			parent = strtol(optarg, NULL, 10);
			break;
		case 't':
			terminal = number_of_tty(optarg);
			break;
		case 'u':
		case 'U':
			owner = (long)user_number(optarg);
			break;
		case 'v':
			negate = 1;
			break;
		case 'x':
			exact = 1;
			break;
		default:
			usage(2);
		}
	}
	if (argc - optind > 1 || (newest && oldest) ||
	    (optind == argc && parent < 0 && owner < 0 && terminal < 0))
		usage(2);
	if (optind < argc) {
		e = regcomp(&expression, argv[optind],
			    REG_EXTENDED | (ignore_case ? REG_ICASE : 0));
		if (e) {
			regerror(e, &expression, text, sizeof(text));
			errx(2, "%s: %s", argv[optind], text);
		}
		have_expression = 1;
	}
	n = process_all(proc_open(), &list);
	best = n;
	for (i = 0; i < n; i++) {
		if (list[i].pid == getpid() || !matches(&list[i]))
			continue;
		if (newest || oldest) {
			if (best == n ||
			    (newest ? list[i].start >= list[best].start
				    : list[i].start < list[best].start))
				best = i;
			continue;
		}
		list[found++] = list[i];
	}
	if (best < n)
		list[found++] = list[best];
	for (i = 0; i < (size_t)found && !counted; i++) {
		if (who == PKILL) {
			failed |= send(&list[i]);
			continue;
		}
		printf("%s%d", i ? separator : "", list[i].pid);
		if (names || lines) {
			putchar(' ');
			utf8_put(lines ? list[i].command : list[i].name,
				 1 << 30, stdout);
		}
	}
	if (counted)
		printf("%d\n", found);
	else if (found && who == PGREP)
		putchar('\n');
	return failed ? 1 : !found;
}

/* A number among those behind -o; %PPID is the shell that asks. */
static int left_out(const char *list, int pid)
{
	char word[16];
	size_t n;

	for (; list && *list; list += n + (list[n] != 0)) {
		n = strcspn(list, ",");
		snprintf(word, sizeof(word), "%.*s", (int)n, list);
		if (atoi(word) == pid ||
		    (!strcmp(word, "%PPID") && getppid() == pid))
			return 1;
	}
	return 0;
}

static int by_name(int argc, char **argv)
{
	int c, found = 0, single = 0, failed = 0, hit;
	const char *without = NULL;
	struct process *list;
	size_t n, i;

	if (who == KILLALL)
		take_signal(&argc, argv);
	while ((c = getopt(argc, argv, who == PIDOF ? "o:s" : "qu:v")) != -1) {
		switch (c) {
		case 'o':
			without = optarg;
			break;
		case 'q':
			quiet = 1;
			break;
		case 's':
			single = 1;
			break;
		case 'u':
			owner = (long)user_number(optarg);
			break;
		case 'v':
			say = 1;
			break;
		default:
			usage(2);
		}
	}
	if (optind == argc)
		usage(2);
	n = process_all(proc_open(), &list);
	for (; argv[optind]; optind++) {
		hit = 0;
		/* The youngest first, as pidof does. */
		for (i = n; i-- > 0 && !(single && hit);) {
			if (list[i].pid == getpid() || list[i].state == 'Z' ||
			    left_out(without, list[i].pid) ||
			    (owner >= 0 && (long)list[i].uid != owner) ||
			    !is_named(&list[i], argv[optind]))
				continue;
			hit = 1;
			if (who == KILLALL)
				failed |= send(&list[i]);
			else
				printf("%s%d", found++ ? " " : "", list[i].pid);
		}
		if (hit)
			continue;
		failed |= who == KILLALL;
		if (who == KILLALL && !quiet)
			warnx("%s: no such process", argv[optind]);
	}
	if (found)
		putchar('\n');
	return who == PIDOF ? !found : failed;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int status;

	name = name ? name + 1 : argv[0];
	if (!strcmp(name, "pkill"))
		who = PKILL;
	else if (!strcmp(name, "pidof"))
		who = PIDOF;
	else if (!strcmp(name, "killall"))
		who = KILLALL;
	if (argc == 2 && !strcmp(argv[1], "--help"))
		usage(0);
	status = who == PIDOF || who == KILLALL ? by_name(argc, argv)
						: by_pattern(argc, argv);
	if (fflush(stdout))
		err(3, "write error");
	return status;
}
