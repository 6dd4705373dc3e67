/* Starting what the table says, collecting what has ended, and orders. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "init.h"
#include "user/bin/console.h"

/* A process that ends sooner has ended at once. */
#define QUICK_SECONDS 2
/* So many of them in a row, and there is a pause. */
#define QUICK_MAX   5
#define PAUSE_SHELL 5
#define PAUSE_OTHER 30
/* A shell that is killed, or not there, so often in a row cannot live. */
#define BROKEN_MAX 3

#define WORDS_MAX 32

static struct order waiting;

time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* Make a terminal descriptors 0, 1 and 2. */
static int open_terminal(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd < 0) {
		dprintf(2, "init: %s: %s\n", path, strerror(errno));
		return -1;
	}
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	return 0;
}

static void ask(const char *command)
{
	char c;

	dprintf(1, "\nPress Enter for %s. ", command);
	while (read(0, &c, 1) == 1 && c != '\n')
		;
}

static void execute(const char *command)
{
	char *rest = strdup(command), *argv[WORDS_MAX + 1], *path, *text;
	int n = 0;

	if (!rest)
		return;
	if (strpbrk(command, "~`!$^&*()=|\\{}[];\"'<>?")) {
		execl(SHELL, "sh", "-c", command, (char *)NULL);
		command = SHELL;
	} else {
		while (n < WORDS_MAX && (argv[n] = strsep(&rest, " \t")))
			if (*argv[n])
				n++;
		argv[n] = NULL;
		path = argv[0];
		if (*path == '-') {
			/* "-/bin/sh" is /bin/sh and called "-sh". */
			path++;
			text = strrchr(path, '/');
			if (asprintf(&argv[0], "-%s", text ? text + 1 : path) <
			    0)
				return;
		}
		execvp(path, argv);
	}
	dprintf(2, "init: %s: %s\n", command, strerror(errno));
}

void line_exec(struct line *l)
{
	sigset_t none, old;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &old);
	execute(l->command);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

static void default_orders(void)
{
	sigset_t set;
	int i;

	orders(&set);
	for (i = 1; i < NSIG; i++)
		if (sigismember(&set, i))
			signal(i, SIG_DFL);
}

pid_t line_start(struct line *l)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid < 0)
		dprintf(2, "init: fork: %s\n", strerror(errno));
	if (pid != 0)
		return pid;
	sigemptyset(&none);
	setsid();
	/* What asks it to end before it runs what it is for ends it. */
	default_orders();
	if (l->tty && open_terminal(l->tty) < 0)
		_exit(127);
	/* A service leaves the console to the shell. */
	if (l->tty || line_is_shell(l) || l->action == SYSINIT ||
	    l->action == WAIT || l->action == ASKFIRST) {
		ioctl(0, TIOCSCTTY, 1);
		tcsetpgrp(0, getpid());
		/* What those leave in the background may go on to print. */
		if (!l->tty && l->action != SYSINIT && l->action != WAIT)
			take_terminal();
	}
	if (chdir(getenv("HOME")) < 0 && chdir("/") < 0)
		dprintf(2, "init: /: %s\n", strerror(errno));
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (l->action == ASKFIRST)
		ask(l->command);
	execute(l->command);
	_exit(127);
}

/* Does the line want a name and a password? */
static int login_asks(const struct line *l)
{
	return !strcmp(line_name(l), "login") && !strstr(l->command, " -f ");
}

/* Does it let root in without asking? */
static int login_of_root(const struct line *l)
{
	const char *p = strstr(l->command, " -f root");

	return !strcmp(line_name(l), "login") && p && (!p[8] || p[8] == ' ');
}

/*
 * The console's shell cannot live.  Where login would have given root one
 * without a password, a plain one does.  Otherwise init ends: the kernel has
 * one more root, in RAM, with another init.
 */
static void shell_broken(struct line *l)
{
	char *plain;

	if (l->tty)
		return;
	if (login_of_root(l) && (plain = strdup("-" SHELL))) {
		dprintf(2, "init: %s does not run here: a plain shell\n",
			line_name(l));
		free(l->command);
		l->command = plain;
		l->broken = 0;
	} else if (!strcmp(line_name(l), "sh")) {
		dprintf(2, "init: no shell runs here, this ends\n");
		exit(1);
	}
}

int ending;

/* If somebody came in by this process, they are gone: then 1. */
static int logged_out(pid_t pid)
{
	struct utmpx *u;

	setutxent();
	while ((u = getutxent()))
		if (u->ut_pid == pid && u->ut_type == USER_PROCESS)
			break;
	if (u) {
		u->ut_type = DEAD_PROCESS;
		memset(u->ut_user, 0, sizeof(u->ut_user));
		u->ut_tv.tv_sec = (int)time(NULL);
		pututxline(u);
		updwtmpx(_PATH_WTMPX, u);
	}
	endutxent();
	return u != NULL;
}

/*
 * A line's process has ended: say so, and see when the next may start.  Of a
 * login that let nobody in the next one's question says enough.
 */
static void line_ended(struct line *l, int status, int was_in)
{
	int shell = line_is_shell(l);
	int killed = WIFSIGNALED(status);
	int code = killed ? WTERMSIG(status) : WEXITSTATUS(status);

	l->pid = 0;
	if (ending)
		return;
	/* At another terminal the next one is greeting enough. */
	if (shell && !l->tty && login_asks(l) && !was_in)
		dprintf(2, "\n");
	else if (shell && !l->tty)
		dprintf(2, "\ninit: the shell %s %d; here is another\n",
			killed ? "was killed by signal" : "ended with status",
			code);
	l->quick = now() - l->began < QUICK_SECONDS ? l->quick + 1 : 0;
	l->broken = l->quick && (killed || code == 127) ? l->broken + 1 : 0;
	if (shell && l->broken >= BROKEN_MAX)
		shell_broken(l);
	if (l->quick < QUICK_MAX)
		return;
	l->quick = 0;
	l->paused = now() + (shell ? PAUSE_SHELL : PAUSE_OTHER);
	dprintf(2,
		"init: %s ends at once, again and again (now %s %d): "
		"paused for %d seconds\n",
		line_name(l), killed ? "by signal" : "with status", code,
		shell ? PAUSE_SHELL : PAUSE_OTHER);
}

static void collected(pid_t pid, int status)
{
	struct line *l, **p;
	int was_in;

	for (p = &leaving; (l = *p); p = &l->next) {
		if (l->pid != pid)
			continue;
		if (line_is_shell(l))
			logged_out(pid);
		*p = l->next;
		line_free(l);
		return;
	}
	for (l = lines; l; l = l->next) {
		if (l->pid != pid)
			continue;
		was_in = line_is_shell(l) && logged_out(pid);
		line_ended(l, status, was_in);
	}
}

int reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		collected(pid, status);
	return pid == 0;
}

void orders(sigset_t *set)
{
	static const int known[] = { SIGCHLD, SIGHUP,  SIGINT, SIGQUIT,
				     SIGTERM, SIGUSR1, SIGUSR2 };
	size_t i;

	sigemptyset(set);
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		sigaddset(set, known[i]);
}

void wait_event(int seconds)
{
	struct timespec limit = { seconds, 0 };
	siginfo_t info;
	sigset_t set;
	int sig;

	orders(&set);
	if (seconds < 0)
		sig = sigwaitinfo(&set, &info);
	else
		sig = sigtimedwait(&set, &info, &limit);
	if (sig > 0 && sig != SIGCHLD &&
	    !(sig == SIGHUP && order_is_urgent())) {
		waiting.signal = sig;
		/* The value is 'w' for a warm restart. */
		waiting.warm = info.si_code == SI_QUEUE &&
			       info.si_value.sival_int == 'w';
	}
	reap();
}

int order_waits(void)
{
	return waiting.signal;
}

int order_is_urgent(void)
{
	return waiting.signal && waiting.signal != SIGHUP;
}

struct order order_next(void)
{
	struct order order = waiting;

	waiting.signal = 0;
	return order;
}

static int runs(pid_t pid)
{
	siginfo_t info = { 0 };

	/* A zombie is left for reap. */
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       info.si_pid == 0;
}

void line_wait(struct line *l, unsigned int seconds)
{
	time_t end = now() + (time_t)seconds;
	pid_t pid = line_start(l);

	while (pid > 0 && runs(pid)) {
		if (!seconds && order_is_urgent())
			return;
		if (seconds && now() >= end) {
			dprintf(2,
				"init: %s takes longer than %u seconds: "
				"killed\n",
				line_name(l), seconds);
			kill(-pid, SIGKILL);
			return;
		}
		wait_event(seconds ? 1 : -1);
	}
	reap();
}
