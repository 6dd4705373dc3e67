/*
 * timeout: run a program, and end it when it takes too long.
 *
 * The status is the program's, or 124 when the time was over (not with
 * --preserve-status), 125 for a fault here, 126 and 127 as from the shell.  As
 * flock: run it while a file is locked.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "plain.h"

static volatile sig_atomic_t over;
static pid_t child;
static int end_signal = SIGTERM, foreground, verbose;
static struct timespec kill_after;
static const char *command;
static int fault = 125; /* the status for one here */

/* "1.5m" and the like; 0 is no limit. */
static struct timespec duration(const char *s)
{
	struct timespec ts = { 0, 0 };
	long unit = 1, digit = 100000000;
	const char *p = s;
	long whole = 0;

	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *p - '0', &whole))
			whole = 1l << 40;
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++, digit /= 10)
			ts.tv_nsec += (*p - '0') * digit;
	}
	if (!strpbrk(s, "0123456789"))
		errx(fault, "invalid time '%s'", s);
	if (*p) {
		unit = *p == 's'   ? 1
		       : *p == 'm' ? 60
		       : *p == 'h' ? 3600
		       : *p == 'd' ? 86400
				   : 0;
		if (!unit || p[1])
			errx(fault, "invalid time '%s'", s);
	}
	/* Nobody waits for more than a thousand years. */
	if (whole > 1l << 35 || unit * whole > 1l << 35)
		whole = (1l << 35) / unit;
	ts.tv_sec = whole * unit + ts.tv_nsec * unit / 1000000000;
	ts.tv_nsec = ts.tv_nsec * unit % 1000000000;
	return ts;
}

static int signal_number(const char *s)
{
	const char *name;
	char *end;
	long n = strtol(s, &end, 10);
	int i;

	if (*s && !*end && n >= 0 && n < NSIG)
		return (int)n;
	if (!strncasecmp(s, "SIG", 3))
		s += 3;
	for (i = 1; i < NSIG; i++) {
		name = sigabbrev_np(i);
		if (name && !strcasecmp(name, s))
			return i;
	}
	errx(125, "invalid signal '%s'", s);
}

static timer_t timer;

static void arm_repeated(const struct timespec *ts, const struct timespec *then)
{
	struct itimerspec it = { *then, *ts };
	static int made;

	if (!ts->tv_sec && !ts->tv_nsec)
		return;
	if (!made && timer_create(CLOCK_REALTIME, NULL, &timer) < 0)
		err(125, "timer_create");
	made = 1;
	if (timer_settime(timer, 0, &it, NULL) < 0)
		err(125, "timer_settime");
}

static void arm(const struct timespec *ts)
{
	static const struct timespec never;

	arm_repeated(ts, &never);
}

static void send(int sig)
{
	static const struct timespec at_once;
	sigset_t own;

	if (verbose)
		warnx("sending signal %s to command '%s'",
		      sigabbrev_np(sig) ? sigabbrev_np(sig) : "?", command);
	kill(child, sig);
	/* Those that it has started, and one that is stopped. */
	if (!foreground) {
		signal(sig, SIG_IGN);
		kill(0, sig);
		/* Our own waits all the same where it is blocked. */
		sigemptyset(&own);
		sigaddset(&own, sig);
		sigtimedwait(&own, NULL, &at_once);
	}
	if (sig != SIGKILL && sig != SIGCONT) {
		kill(child, SIGCONT);
		if (!foreground)
			kill(0, SIGCONT);
	}
}

static void nothing(int sig)
{
}

static int usage(int status)
{
	fputs("usage: timeout [-fpv] [-k time] [-s signal] time command "
	      "[argument...]\n"
	      "       flock [-senoF] [-w time] [-E status] file command "
	      "[argument...]\n"
	      "       flock [-senoF] [-w time] [-E status] file -c line\n"
	      "       flock [-senu] [-w time] descriptor\n"
	      "time: a number, with s, m, h or d behind it; 0 is none\n",
	      status ? stderr : stdout);
	return status;
}

static int run(char **argv, const struct timespec *limit)
{
	static const struct rlimit none;
	int sig, status, killed = 0;
	sigset_t watched, old;
	struct sigaction act;
	pid_t got;

	if (!foreground)
		setpgid(0, 0);
	sigemptyset(&watched);
	sigaddset(&watched, SIGCHLD);
	sigaddset(&watched, SIGALRM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGQUIT);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGTERM);
	if (end_signal && end_signal != SIGKILL && end_signal != SIGSTOP)
		sigaddset(&watched, end_signal);
	sigprocmask(SIG_BLOCK, &watched, &old);
	/* An ignored SIGCHLD would never be seen. */
	memset(&act, 0, sizeof(act));
	act.sa_handler = nothing;
	sigaction(SIGCHLD, &act, NULL);
	/* A program in the background may use the terminal all the same. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	child = fork();
	if (child < 0)
		err(125, "fork");
	if (!child) {
		signal(SIGTTIN, SIG_DFL);
		signal(SIGTTOU, SIG_DFL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(argv[0], argv);
		warn("%s", argv[0]);
		_exit(errno == ENOENT ? 127 : 126);
	}
	arm(limit);
	for (;;) {
		got = waitpid(child, &status, WNOHANG);
		if (got == child)
			break;
		if (got < 0 && errno != EINTR)
			err(125, "waitpid");
		if (sigwait(&watched, &sig) || sig == SIGCHLD)
			continue;
		if (sig == SIGALRM) {
			over = 1;
			sig = killed ? SIGKILL : end_signal;
		}
		if (sig == SIGKILL)
			killed = 2;
		send(sig);
		if (!killed && (kill_after.tv_sec || kill_after.tv_nsec)) {
			killed = 1;
			arm(&kill_after);
		}
	}
	if (WIFSIGNALED(status)) {
		if ((killed == 2 && over) ||
		    (over && WTERMSIG(status) == SIGKILL))
			return 137;
		/* Who waits for us learns what happened. */
		sig = WTERMSIG(status);
		if (!over) {
			setrlimit(RLIMIT_CORE, &none);
			signal(sig, SIG_DFL);
			sigemptyset(&watched);
			sigaddset(&watched, sig);
			sigprocmask(SIG_UNBLOCK, &watched, NULL);
			raise(sig);
		}
		return 128 + sig;
	}
	return WEXITSTATUS(status);
}

/* Wait for the lock no longer than that; 0: it was not to be had. */
static int lock(int fd, int how, const struct timespec *limit)
{
	static const struct timespec again = { 0, 100000000 };
	struct sigaction act = { .sa_handler = nothing };
	sigset_t alarms;

	/* The call is interrupted, and not begun again; and once more, lest the
	 * first time came before it. */
	if (limit) {
		sigaction(SIGALRM, &act, NULL);
		sigemptyset(&alarms);
		sigaddset(&alarms, SIGALRM);
		sigprocmask(SIG_UNBLOCK, &alarms, NULL);
		if (limit->tv_sec || limit->tv_nsec)
			arm_repeated(limit, &again);
		else
			how |= LOCK_NB;
	}
	while (flock(fd, how) < 0) {
		if (errno == EWOULDBLOCK || (errno == EINTR && limit))
			return 0;
		if (errno != EINTR)
			err(errno == EBADF ? 65 : 71, "cannot lock");
	}
	if (limit) {
		static const struct itimerspec off;

		timer_settime(timer, 0, &off, NULL);
		signal(SIGALRM, SIG_DFL);
	}
	return 1;
}

static int flock_main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "shared", no_argument, NULL, 's' },
		{ "exclusive", no_argument, NULL, 'x' },
		{ "unlock", no_argument, NULL, 'u' },
		{ "nonblock", no_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "close", no_argument, NULL, 'o' },
		{ "no-fork", no_argument, NULL, 'F' },
		{ "conflict-exit-code", required_argument, NULL, 'E' },
		{ "command", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char sh[] = "/bin/sh", dash_c[] = "-c";
	static struct timespec limit;
	int c, fd, how = LOCK_EX, limited = 0, lost = 1, close_it = 0;
	char *line[] = { sh, dash_c, NULL, NULL }, **command_line, *end;
	int status, stay = 0;
	pid_t pid;

	fault = 64;
	while ((c = getopt_long(argc, argv, "+sexunw:oFE:", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 's':
			how = LOCK_SH;
			break;
		case 'e':
		case 'x':
			how = LOCK_EX;
			break;
		case 'u':
			how = LOCK_UN;
			break;
		case 'n':
			limit.tv_sec = limit.tv_nsec = 0;
			limited = 1;
			break;
		case 'w':
			limit = duration(optarg);
			limited = 1;
			break;
		case 'o':
			close_it = 1;
			break;
		case 'F':
			stay = 1;
			break;
		case 'E':
			lost = (int)strtol(optarg, &end, 10);
			if (!*optarg || *end || lost < 0 || lost > 255)
				errx(64, "invalid status '%s'", optarg);
			break;
		default:
			return usage(c == 'h' ? 0 : 64);
		}
	}
	argv += optind;
	argc -= optind;
	if (!argc)
		return usage(64);
	fd = (int)strtol(argv[0], &end, 10);
	if (argc == 1) {
		if (!isdigit((unsigned char)*argv[0]) || *end)
			errx(64, "'%s' is no descriptor", argv[0]);
		return lock(fd, how, limited ? &limit : NULL) ? 0 : lost;
	}
	command_line = argv + 1;
	if (!strcmp(argv[1], "-c") || !strcmp(argv[1], "--command")) {
		if (argc != 3)
			return usage(64);
		line[2] = argv[2];
		command_line = line;
	}
	/* A folder can be locked, a file that may not be written too. */
	fd = open(argv[0], O_RDONLY | O_CREAT | O_NOCTTY, 0666);
	if (fd < 0 && errno == EISDIR)
		fd = open(argv[0], O_RDONLY | O_NOCTTY);
	if (fd < 0)
		err(66, "cannot open '%s'", argv[0]);
	if (!lock(fd, how, limited ? &limit : NULL))
		return lost;
	pid = stay ? 0 : fork();
	if (pid < 0)
		err(71, "fork");
	if (!pid) {
		if (close_it)
			close(fd);
		execvp(command_line[0], command_line);
		err(69, "%s", command_line[0]);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			err(71, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "kill-after", required_argument, NULL, 'k' },
		{ "preserve-status", no_argument, NULL, 'p' },
		{ "signal", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct timespec limit;
	int c, preserve = 0;

	if (plain_named(argv, "flock"))
		return flock_main(argc, argv);
	while ((c = getopt_long(argc, argv, "+fk:ps:v", longs, NULL)) != -1) {
		switch (c) {
		case 'f':
			foreground = 1;
			break;
		case 'k':
			kill_after = duration(optarg);
			break;
		case 'p':
			preserve = 1;
			break;
		case 's':
			end_signal = signal_number(optarg);
			break;
		case 'v':
			verbose = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(125);
		}
	}
	if (argc - optind < 2)
		return usage(125);
	limit = duration(argv[optind]);
	command = argv[optind + 1];
	c = run(argv + optind + 1, &limit);
	if (over && c != 137 && !preserve)
		return 124;
	return c;
}
