/*
 * See trap.h. trap[n] is the text for signal n, an empty one means that the
 * signal is ignored, NULL that nothing was said; number 0 is EXIT.
 */
#include "user/bin/sh/trap.h"

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/input.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"

#define SIGNALS 65
/* Those of real time as programs see them: the C library of others keeps two.
 * The names of the upper half count from the end. */
#define RT_MIN  34
#define RT_MAX  64
#define RT_HALF 50

static const struct {
	const char *name, *text;
} signals[] = {
	{ "EXIT", "" },
	{ "HUP", "Hangup" },
	{ "INT", "Interrupt" },
	{ "QUIT", "Quit" },
	{ "ILL", "Illegal instruction" },
	{ "TRAP", "Trace/breakpoint trap" },
	{ "ABRT", "Aborted" },
	{ "BUS", "Bus error" },
	{ "FPE", "Floating point exception" },
	{ "KILL", "Killed" },
	{ "USR1", "User defined signal 1" },
	{ "SEGV", "Segmentation fault" },
	{ "USR2", "User defined signal 2" },
	{ "PIPE", "Broken pipe" },
	{ "ALRM", "Alarm clock" },
	{ "TERM", "Terminated" },
	{ "STKFLT", "Stack fault" },
	{ "CHLD", "Child exited" },
	{ "CONT", "Continued" },
	{ "STOP", "Stopped (signal)" },
	{ "TSTP", "Stopped" },
	{ "TTIN", "Stopped (tty input)" },
	{ "TTOU", "Stopped (tty output)" },
	{ "URG", "Urgent I/O condition" },
	{ "XCPU", "CPU time limit exceeded" },
	{ "XFSZ", "File size limit exceeded" },
	{ "VTALRM", "Virtual timer expired" },
	{ "PROF", "Profiling timer expired" },
	{ "WINCH", "Window changed" },
	{ "IO", "I/O possible" },
	{ "PWR", "Power failure" },
	{ "SYS", "Bad system call" },
};

#define NAMED ((int)(sizeof(signals) / sizeof(*signals)))

volatile int trap_pending;
static volatile sig_atomic_t came[SIGNALS];
static volatile sig_atomic_t last_signal;
static char *trap[SIGNALS];
static int trap_count;        /* traps that are set */
static bool changed;          /* some signal is not as it was at the start */
static bool foreign[SIGNALS]; /* ignored when the shell began: stays so */
static bool known[SIGNALS];   /* foreign[] was looked up */
static bool interactive, job_control_on;
/* In a subshell that has not used trap: those of its parent, to be listed. */
static char *inherited[SIGNALS];
static bool inherit;

const char *signal_name(int sig)
{
	static char buf[10];
	char digits[24];
	bool low = sig < RT_HALF;
	int from = low ? sig - RT_MIN : RT_MAX - sig;

	if (sig >= 0 && sig < NAMED)
		return signals[sig].name;
	if (sig < RT_MIN || sig > RT_MAX)
		return NULL;
	strcpy(buf, low ? "RTMIN+" : "RTMAX-");
	strcpy(buf + (from ? 6 : 5), from ? num_text(digits, from) : "");
	return buf;
}

/* RTMIN, RTMIN+n, RTMAX or RTMAX-n; -1: it is none. */
static int real_time_number(const char *name)
{
	bool low = strncasecmp(name, "RTMIN", 5) == 0;
	int n = 0;

	if (!low && strncasecmp(name, "RTMAX", 5) != 0)
		return -1;
	name += 5;
	if (*name == (low ? '+' : '-') && is_digit(name[1]))
		for (name++; is_digit(*name) && n < SIGNALS; name++)
			n = n * 10 + *name - '0';
	if (*name || n > RT_MAX - RT_MIN)
		return -1;
	return low ? RT_MIN + n : RT_MAX - n;
}

const char *signal_text(int sig)
{
	static char buf[40];

	if (sig >= 0 && sig < NAMED)
		return signals[sig].text;
	strcpy(buf, "Signal ");
	strcat(buf, num_text(buf + 12, sig));
	return buf;
}

int signal_number(const char *name)
{
	int i, n;

	if (is_digit(*name)) {
		for (n = 0; is_digit(*name) && n < SIGNALS; name++)
			n = n * 10 + *name - '0';
		return *name || n >= SIGNALS ? -1 : n;
	}
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (i = 0; i < NAMED; i++)
		if (strcasecmp(signals[i].name, name) == 0)
			return i;
	return real_time_number(name);
}

static void on_signal(int sig)
{
	came[sig] = 1;
	last_signal = sig;
	trap_pending = 1;
}

/* Only ends a call that sleeps. */
static void on_other(int sig)
{
}

/* What the signal does when no trap says otherwise. */
static void set_default(struct sigaction *sa, int sig)
{
	sa->sa_handler = SIG_DFL;
	if (!interactive)
		return;
	if (sig == SIGINT)
		sa->sa_handler = on_signal;
	else if (sig == SIGQUIT || sig == SIGTERM)
		sa->sa_handler = SIG_IGN;
	else if (sig == SIGWINCH || sig == SIGCONT)
		sa->sa_handler = on_other;
	else if (job_control_on &&
		 (sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))
		sa->sa_handler = SIG_IGN;
}

static void install(int sig)
{
	struct sigaction sa, old;

	if (sig == 0 || sig == SIGKILL || sig == SIGSTOP)
		return;
	if (!known[sig]) {
		known[sig] = true;
		foreign[sig] = sigaction(sig, NULL, &old) == 0 &&
			       old.sa_handler == SIG_IGN;
	}
	if (foreign[sig] && !interactive)
		return;
	/* No SA_RESTART: read and wait are to notice. */
	memset(&sa, 0, sizeof(sa));
	if (!trap[sig])
		set_default(&sa, sig);
	else
		sa.sa_handler = trap[sig][0] ? on_signal : SIG_IGN;
	sigaction(sig, &sa, NULL);
	changed = true;
}

bool trap_any(void)
{
	return trap_count;
}

bool trap_interrupted(void)
{
	if (!came[SIGINT] || trap[SIGINT])
		return false;
	came[SIGINT] = 0;
	return true;
}

bool trap_came_interrupt(void)
{
	return came[SIGINT];
}

bool trap_poll(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	sigset_t all, old;
	int n = -1, err = EINTR;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if (!trap_pending) {
		n = ppoll(&p, 1, NULL, &old);
		err = errno;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	/* What was typed behind ^C is not for who is interrupted by it. */
	return !trap_pending && (n >= 0 || err != EINTR);
}

void trap_sleep(bool (*is_over)(void))
{
	struct sigaction sa = { 0 }, was;
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	sigaction(SIGCHLD, NULL, &was);
	if (was.sa_handler == SIG_DFL) {
		sa.sa_handler = on_other;
		sigaction(SIGCHLD, &sa, NULL);
	}
	if (!trap_pending && !is_over())
		sigsuspend(&old);
	if (was.sa_handler == SIG_DFL)
		sigaction(SIGCHLD, &was, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int trap_last_signal(void)
{
	return last_signal;
}

/* exit and return in a trap without a number mean what was before it. */
static void run_text(const char *text)
{
	int status = sh.trap_status, depth = sh.trap_depth;
	int tested = sh.tested;

	sh.trap_status = sh.status;
	sh.trap_depth = sh.func_depth;
	sh.tested = 0;
	sh_run_string(text, sh.line);
	sh.trap_status = status;
	sh.trap_depth = depth;
	sh.tested = tested;
}

void trap_run_pending(void)
{
	int sig, status;
	char *text;

	/* While control is on its way out of something, it would not run. */
	if (!trap_pending || sh.skip)
		return;
	trap_pending = 0;
	if (sh.at_prompt && trap_interrupted()) {
		sh.skip = SKIP_INTR;
		sh.status = 130;
		return;
	}
	for (sig = 1; sig < SIGNALS; sig++) {
		if (!came[sig])
			continue;
		came[sig] = 0;
		if (!trap[sig] || !trap[sig][0])
			continue;
		status = sh.status;
		text = mem_dup(trap[sig]);
		run_text(text);
		free(text);
		if (!sh.skip)
			sh.status = status;
	}
}

static void forget(int sig)
{
	if (!trap[sig])
		return;
	free(trap[sig]);
	trap[sig] = NULL;
	trap_count--;
}

static void restore_signals(bool own)
{
	static const unsigned char list[] = { SIGINT,  SIGQUIT, SIGTERM,
					      SIGTSTP, SIGTTIN, SIGTTOU };
	size_t i;

	if (!own)
		return;
	for (i = 0; i < sizeof(list); i++)
		if (!trap[list[i]])
			signal(list[i], foreign[list[i]] ? SIG_IGN : SIG_DFL);
}

void trap_before_exec(void)
{
	restore_signals(interactive);
}

void trap_child(bool list)
{
	bool own = interactive;
	int sig;

	interactive = false;
	job_control_on = false;
	trap_pending = 0;
	sh.trap_depth = -1;
	for (sig = 0; sig < SIGNALS && (trap_count || inherit); sig++) {
		free(inherited[sig]);
		inherited[sig] = trap[sig] ? mem_dup(trap[sig]) : NULL;
	}
	inherit = list && trap_count;
	for (sig = 0; trap_count && sig < SIGNALS; sig++) {
		came[sig] = 0;
		if (!trap[sig] || (sig && !trap[sig][0]))
			continue; /* what is ignored stays ignored */
		forget(sig);
		install(sig);
	}
	restore_signals(own);
	/* Ignored signals are no traps that would have to be run. */
	trap_count = 0;
	for (sig = 0; changed && sig < SIGNALS; sig++)
		trap_count += trap[sig] != NULL;
}

void trap_interactive(void)
{
	interactive = true;
	install(SIGINT);
	install(SIGQUIT);
	install(SIGTERM);
	install(SIGWINCH);
	install(SIGCONT);
}

void trap_job_control(bool on)
{
	job_control_on = on;
	install(SIGTSTP);
	install(SIGTTIN);
	install(SIGTTOU);
}

void trap_exit(void)
{
	char *text = trap[0];

	if (!text)
		return;
	trap[0] = NULL;
	trap_count--;
	if (*text)
		run_text(text);
}

static void print_traps(void)
{
	char **list = inherit ? inherited : trap;
	int sig;

	for (sig = 0; sig < SIGNALS; sig++) {
		if (!list[sig])
			continue;
		out_puts("trap -- ");
		out_quoted(list[sig]);
		if (signal_name(sig))
			out_printf(" %s\n", signal_name(sig));
		else
			out_printf(" %d\n", sig);
	}
}

int bi_trap(int argc, char **argv)
{
	const char *text = NULL;
	int i = 1, sig, status = 0;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		i = 2;
	if (i >= argc) {
		print_traps();
		return 0;
	}
	inherit = false;
	/* "trap INT" and "trap 2 3" take the traps away. */
	if (i + 1 < argc && !is_digit(argv[i][0])) {
		if (strcmp(argv[i], "-") != 0)
			text = argv[i];
		i++;
	}
	for (; i < argc; i++) {
		sig = signal_number(argv[i]);
		if (sig < 0) {
			err_plain("trap: %s: bad trap", argv[i]);
			status = 1;
			continue;
		}
		forget(sig);
		if (text) {
			trap[sig] = mem_dup(text);
			trap_count++;
		}
		install(sig);
	}
	return status;
}
