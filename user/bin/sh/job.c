/*
 * The table of jobs, forking and waiting. Children are collected wherever
 * the shell waits for one, by waitpid(-1); each status is kept in its job
 * until somebody asks. See job.h.
 */
#include "user/bin/sh/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/bin/sh/chars.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/redir.h"
#include "user/bin/sh/sh.h"
#include "user/bin/sh/term.h"
#include "user/bin/sh/text.h"
#include "user/bin/sh/trap.h"

/* Finished background jobs that a script never waits for. */
#define KEEP_DONE 64

enum proc_state {
	PROC_NONE,
	PROC_RUNS,
	PROC_STOPPED,
	PROC_DONE,
};

struct proc {
	pid_t pid;
	int status; /* as waitpid gave it */
	enum proc_state state;
};

struct job {
	struct job *next;
	int id;       /* %id, 0 while it is in the foreground */
	pid_t pgid;   /* 0: it is in the shell's group */
	bool changed; /* to be told at the next prompt */
	bool wanted;  /* one of those that `wait -n` waits for */
	char *text;
	int nproc, used;
	struct proc proc[];
};

static struct job *jobs; /* the newest first */
/* In a subshell that has none of its own: its parent's, to be listed. */
static struct job *inherited;
static int tty_fd = -1; /* with job control: the terminal */
static pid_t shell_pgid;

struct job *job_new(int procs, const struct node *n)
{
	struct job *j;

	j = mem_heap(NULL, sizeof(*j) + (size_t)procs * sizeof(j->proc[0]));
	memset(j, 0, sizeof(*j) + (size_t)procs * sizeof(j->proc[0]));
	j->nproc = procs;
	/* Only somebody at a terminal asks what a job was. */
	if (n && sh.at_prompt)
		j->text = text_of_node(n);
	j->next = jobs;
	jobs = j;
	return j;
}

static void job_free(struct job *j)
{
	struct job **at = &jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	free(j->text);
	free(j);
}

static enum proc_state job_state(const struct job *j)
{
	enum proc_state state = PROC_DONE;
	int i;

	for (i = 0; i < j->used; i++) {
		if (j->proc[i].state == PROC_RUNS)
			return PROC_RUNS;
		if (j->proc[i].state == PROC_STOPPED)
			state = PROC_STOPPED;
	}
	return state;
}

static int exit_status(int st)
{
	if (WIFEXITED(st))
		return WEXITSTATUS(st);
	if (WIFSTOPPED(st))
		return 128 + WSTOPSIG(st);
	return 128 + WTERMSIG(st);
}

static int job_status(const struct job *j)
{
	int i, status = 0;

	if (!j->used)
		return 2;
	if (!sh.opt[OPT_PIPEFAIL])
		return exit_status(j->proc[j->used - 1].status);
	for (i = 0; i < j->used; i++)
		if (exit_status(j->proc[i].status))
			status = exit_status(j->proc[i].status);
	return status;
}

/*
 * Takes one change of a child's state. Returns its pid, 0 if there is none
 * now (WNOHANG), -1 if there are no children, -2 if a signal came.
 */
static pid_t reap(int flags)
{
	struct job *j;
	pid_t pid;
	int i, st;

	if (tty_fd >= 0)
		flags |= WUNTRACED | WCONTINUED;
	pid = waitpid(-1, &st, flags);
	if (pid < 0)
		return errno == EINTR ? -2 : -1;
	if (pid == 0)
		return 0;
	for (j = jobs; j; j = j->next)
		for (i = 0; i < j->used; i++)
			if (j->proc[i].pid == pid &&
			    j->proc[i].state != PROC_DONE) {
				if (WIFCONTINUED(st)) {
					j->proc[i].state = PROC_RUNS;
					return pid;
				}
				j->proc[i].status = st;
				j->proc[i].state = WIFSTOPPED(st) ? PROC_STOPPED
								  : PROC_DONE;
				if (job_state(j) != PROC_RUNS)
					j->changed = true;
				return pid;
			}
	return pid;
}

/* Is there one with a number? */
static bool jobs_known(void)
{
	const struct job *j;

	for (j = jobs; j && !j->id; j = j->next)
		;
	return j;
}

static void jobs_free(struct job **list)
{
	struct job *j;

	while ((j = *list)) {
		*list = j->next;
		free(j->text);
		free(j);
	}
}

void job_become_child(bool substitute)
{
	sh.subshell = true;
	sh.at_prompt = false;
	sh.opt[OPT_INTERACTIVE] = 0;
	sh.opt[OPT_MONITOR] = 0;
	sh.skip = SKIP_NONE;
	out_drop();
	trap_child(substitute);
	/* The parent's children are not ours to wait for. */
	if (jobs_known()) {
		jobs_free(&inherited);
		inherited = jobs;
		jobs = NULL;
	}
	jobs_free(&jobs);
	if (tty_fd >= 0)
		close(tty_fd);
	tty_fd = -1;
}

static void own_group(pid_t pid, struct job *j, enum fork_mode mode)
{
	if (!j->pgid)
		j->pgid = pid;
	setpgid(pid, j->pgid);
	if (mode == FORK_FOREGROUND)
		tcsetpgrp(tty_fd, j->pgid);
}

pid_t job_fork(struct job *j, enum fork_mode mode)
{
	bool group = tty_fd >= 0 && mode != FORK_SUBSTITUTE;
	pid_t pid;
	int fd;

	pid = fork();
	if (pid < 0) {
		err_print("Cannot fork");
		if (!j->used)
			job_free(j);
		err_raise(2);
		return -1;
	}
	if (pid == 0) {
		if (group)
			own_group(getpid(), j, mode);
		job_become_child(mode == FORK_SUBSTITUTE);
		if (mode == FORK_BACKGROUND && !group) {
			/* ^C is meant for the foreground. */
			signal(SIGINT, SIG_IGN);
			signal(SIGQUIT, SIG_IGN);
			fd = open("/dev/null", O_RDONLY);
			if (fd > 0) {
				dup2(fd, 0);
				close(fd);
			}
		}
		return 0;
	}
	j->proc[j->used].pid = pid;
	j->proc[j->used].state = PROC_RUNS;
	j->used++;
	if (group)
		own_group(pid, j, FORK_BACKGROUND);
	return pid;
}

pid_t job_fork_writer(void)
{
	pid_t pid = fork();

	if (pid == 0)
		signal(SIGPIPE, SIG_DFL);
	return pid;
}

static int next_id(void)
{
	struct job *j;
	int id = 1;

	for (j = jobs; j; j = j->next)
		if (j->id >= id)
			id = j->id + 1;
	return id;
}

static void report_signal(const struct job *j)
{
	int st = j->proc[j->used - 1].status;
	int sig;

	if (!WIFSIGNALED(st))
		return;
	sig = WTERMSIG(st);
	if (sig == SIGINT) {
		if (sh.at_prompt) {
			sh.skip = SKIP_INTR;
			sh.status = 130;
		}
		return;
	}
	if (sig != SIGPIPE)
		err_plain("%s%s", signal_text(sig),
			  WCOREDUMP(st) ? " (core dumped)" : "");
}

static const char *state_text(const struct job *j)
{
	static char buf[24];
	int st = j->proc[j->used - 1].status;

	switch (job_state(j)) {
	case PROC_RUNS:
		return "Running";
	case PROC_STOPPED:
		return "Stopped";
	default:
		break;
	}
	if (WIFSIGNALED(st))
		return signal_text(WTERMSIG(st));
	if (!WEXITSTATUS(st))
		return "Done";
	memcpy(buf, "Done(", 5);
	strcpy(buf + 5, num_text(buf, WEXITSTATUS(st)));
	strcat(buf, ")");
	return buf;
}

/* The newest job is %+, the one before it %-. */
static struct job *job_rank(int rank)
{
	struct job *j, *best = NULL;

	/* A stopped job comes before one that runs. */
	for (j = jobs; j; j = j->next)
		if (j->id && job_state(j) == PROC_STOPPED && rank-- == 0)
			return j;
	for (j = jobs; j; j = j->next)
		if (j->id && job_state(j) != PROC_STOPPED && rank-- == 0)
			return j;
	return best;
}

static void print_job(const struct job *j, bool pids, void (*put)(const char *))
{
	const char *state = state_text(j);
	char buf[24];
	size_t n;

	put("[");
	put(num_text(buf, j->id));
	put(j == job_rank(0) ? "] + " : j == job_rank(1) ? "] - " : "]   ");
	if (pids) {
		put(num_text(buf, j->proc[0].pid));
		put(" ");
	}
	put(state);
	for (n = strlen(state); n < 24; n++)
		put(" ");
	put(j->text ? j->text : "");
	put("\n");
}

static void put_err(const char *s)
{
	ssize_t n = write(2, s, strlen(s));

	(void)n;
}

/* After a foreground job: what it did to the terminal stays, or goes. */
static void mend_terminal(const struct job *j)
{
	bool well = true;
	int i;

	if (!sh.at_prompt || !sh.opt[OPT_STDIN])
		return;
	for (i = 0; i < j->used; i++)
		well &= WIFEXITED(j->proc[i].status) ||
			(WIFSIGNALED(j->proc[i].status) &&
			 WTERMSIG(j->proc[i].status) == SIGPIPE);
	term_after_job(well);
}

int job_wait(struct job *j)
{
	int status;

	while (job_state(j) == PROC_RUNS)
		if (reap(0) == -1)
			break;
	mend_terminal(j);
	if (tty_fd >= 0 && j->pgid)
		tcsetpgrp(tty_fd, shell_pgid);
	if (job_state(j) == PROC_STOPPED) {
		if (!j->id)
			j->id = next_id();
		status = job_status(j);
		put_err("\n");
		print_job(j, false, put_err);
		j->changed = false;
		return status;
	}
	status = job_status(j);
	report_signal(j);
	job_free(j);
	return status;
}

void job_background(struct job *j)
{
	struct job *k, *old = NULL;
	int done = 0;

	j->id = next_id();
	while (reap(WNOHANG) > 0)
		;
	for (k = jobs; k; k = k->next)
		if (k->id && k != j && job_state(k) == PROC_DONE) {
			done++;
			old = k;
		}
	if (done > KEEP_DONE)
		job_free(old);
	if (sh.at_prompt)
		err_plain("[%d] %d", j->id, j->proc[j->used - 1].pid);
}

void jobs_notify(void)
{
	struct job *j, *next;

	if (!jobs)
		return;
	while (reap(WNOHANG) > 0)
		;
	for (j = jobs; j; j = next) {
		next = j->next;
		if (!j->id || !j->changed)
			continue;
		j->changed = false;
		print_job(j, false, put_err);
		if (job_state(j) == PROC_DONE)
			job_free(j);
	}
}

/* Commands, this one included, for which the warning still counts. */
static int warned;

bool jobs_may_exit(void)
{
	const struct job *j;

	if (warned || !sh.at_prompt)
		return true;
	for (j = jobs; j; j = j->next)
		if (j->id && job_state(j) == PROC_STOPPED)
			break;
	if (!j)
		return true;
	err_plain("You have stopped jobs.");
	warned = 2;
	return false;
}

void jobs_next(void)
{
	if (warned)
		warned--;
}

/*
 * The group in the foreground. A shell that was started behind stops until
 * somebody brings it to the front; where nobody can, SIGTTIN does nothing.
 */
static pid_t wait_for_front(int fd)
{
	pid_t pg = tcgetpgrp(fd);
	int i;

	for (i = 0; i < 3 && pg > 0 && pg != getpgrp() && !sh.subshell; i++) {
		kill(0, SIGTTIN);
		pg = tcgetpgrp(fd);
	}
	return pg;
}

void job_control(bool on)
{
	if (on && tty_fd < 0) {
		int fd = fcntl(2, F_DUPFD_CLOEXEC, SHELL_FD);
		pid_t pg;

		if (fd < 0)
			return;
		pg = sh.at_prompt ? wait_for_front(fd) : tcgetpgrp(fd);
		if (pg < 0 || pg != getpgrp()) {
			/* No process groups here, or in the background. */
			close(fd);
			sh.opt[OPT_MONITOR] = 0;
			return;
		}
		tty_fd = fd;
		trap_job_control(true);
		if (pg != getpid())
			setpgid(0, 0);
		shell_pgid = getpgrp();
		if (tcsetpgrp(fd, shell_pgid) < 0) {
			trap_job_control(false);
			close(fd);
			tty_fd = -1;
		}
	} else if (!on && tty_fd >= 0) {
		trap_job_control(false);
		close(tty_fd);
		tty_fd = -1;
	}
	sh.opt[OPT_MONITOR] = tty_fd >= 0;
}

/* Is j what %text or %?text means? */
static bool job_matches(const struct job *j, const char *text)
{
	if (!j->id || !j->text)
		return false;
	return *text == '?' ? strstr(j->text, text + 1) != NULL
			    : strncmp(j->text, text, strlen(text)) == 0;
}

/* %n, %%, %+, %-, %text, %?text, or nothing for the current job. */
static struct job *job_named(const char *name, const char *who)
{
	struct job *j, *found = NULL;
	int id;

	if (!name || strcmp(name, "%") == 0 || strcmp(name, "%%") == 0 ||
	    strcmp(name, "%+") == 0) {
		found = job_rank(0);
	} else if (strcmp(name, "%-") == 0) {
		found = job_rank(1);
	} else if (name[0] == '%' &&
		   strspn(name + 1, "0123456789") == strlen(name + 1)) {
		id = atoi(name + 1);
		for (j = jobs; j; j = j->next)
			if (j->id && j->id == id)
				found = j;
	} else if (name[0] == '%') {
		for (j = jobs; j; j = j->next) {
			if (!job_matches(j, name + 1))
				continue;
			if (found) {
				err_print("%s: %s: ambiguous", who, name);
				return NULL;
			}
			found = j;
		}
	}
	if (!found && !name)
		err_print("%s: No current job", who);
	else if (!found)
		err_print("%s: No such job: %s", who, name);
	return found;
}

static int list_jobs(int argc, char **argv)
{
	bool pids = false, only = false;
	struct job *j, *next, *first = NULL;
	int i, id;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *c = argv[i] + 1;

		if (strcmp(c, "-") == 0) {
			i++;
			break;
		}
		for (; *c; c++) {
			if (*c != 'l' && *c != 'p') {
				err_print("jobs: Illegal option -%c", *c);
				return 2;
			}
			pids |= *c == 'l';
			only |= *c == 'p';
		}
	}
	while (reap(WNOHANG) > 0)
		;
	for (; i < argc; i++) {
		first = job_named(argv[i], "jobs");
		if (!first)
			return 2;
		if (only)
			out_printf("%d\n", first->proc[0].pid);
		else
			print_job(first, pids, out_puts);
	}
	if (first)
		return 0;
	for (id = 1; id < next_id(); id++)
		for (j = jobs; j; j = j->next)
			if (j->id == id) {
				if (only)
					out_printf("%d\n", j->proc[0].pid);
				else
					print_job(j, pids, out_puts);
				j->changed = false;
			}
	for (j = jobs; j; j = next) {
		next = j->next;
		if (j->id && job_state(j) == PROC_DONE && sh.at_prompt)
			job_free(j);
	}
	return 0;
}

int bi_jobs(int argc, char **argv)
{
	struct job *own = jobs;
	int status;

	if (jobs_known())
		return list_jobs(argc, argv);
	jobs = inherited;
	status = list_jobs(argc, argv);
	jobs = own;
	return status;
}

/* Its processes run again, for all that is known. */
static void job_resumed(struct job *j)
{
	int i;

	for (i = 0; i < j->used; i++)
		if (j->proc[i].state == PROC_STOPPED)
			j->proc[i].state = PROC_RUNS;
	j->changed = false;
}

/* fg and bg. */
int bi_fg(int argc, char **argv)
{
	bool fg = argv[0][0] == 'f';
	struct job *j;
	int i = 1, status = 0;

	do {
		j = job_named(i < argc ? argv[i] : NULL, argv[0]);
		if (!j)
			return 2;
		if (tty_fd < 0 || !j->pgid) {
			err_print("%s: job %s not created under job control",
				  argv[0], i < argc ? argv[i] : "%+");
			return 2;
		}
		if (fg) {
			out_printf("%s\n", j->text ? j->text : "");
			out_flush();
			tcsetpgrp(tty_fd, j->pgid);
			job_resumed(j);
			kill(-j->pgid, SIGCONT);
			status = job_wait(j);
		} else {
			out_printf("[%d] %s\n", j->id, j->text ? j->text : "");
			job_resumed(j);
			kill(-j->pgid, SIGCONT);
		}
	} while (++i < argc);
	return status;
}

static pid_t reaped;

static bool reap_now(void)
{
	reaped = reap(WNOHANG);
	return reaped != 0;
}

/* As reap(0); with traps, no signal is missed before it goes to sleep. */
static pid_t reap_or_signal(void)
{
	if (!sh.at_prompt && !trap_any())
		return reap(0);
	reaped = 0;
	trap_sleep(reap_now);
	return reaped;
}

/* Waits until a job is done; -1: a signal with a trap came. keep: its end is
 * still to be told. */
static int wait_for(struct job *j, bool keep)
{
	int status;

	while (job_state(j) == PROC_RUNS) {
		if (trap_pending || sh.skip)
			return -1;
		if (reap_or_signal() == -1)
			break;
	}
	status = job_status(j);
	if (job_state(j) == PROC_DONE && !sh.at_prompt)
		report_signal(j);
	if (job_state(j) == PROC_DONE && j->id && !keep)
		job_free(j);
	return status;
}

/* The job that a word names, %n or the id of one of its processes; NULL: none,
 * or, with *bad set and a message, no such word. */
static struct job *job_of_word(const char *word, bool *bad)
{
	struct job *j = NULL;
	pid_t pid;
	int k;

	if (word[0] == '%') {
		j = job_named(word, "wait");
		*bad = !j;
		return j;
	}
	*bad = !is_digit(word[0]);
	if (*bad) {
		err_print("wait: Illegal number: %s", word);
		return NULL;
	}
	pid = atoi(word);
	for (j = jobs; j; j = j->next)
		for (k = 0; j->id && k < j->used; k++)
			if (j->proc[k].pid == pid)
				return j;
	return NULL;
}

/* All that run behind, and what they said is forgotten. */
static int wait_for_all(void)
{
	struct job *j;

	for (;;) {
		for (j = jobs; j; j = j->next)
			if (j->id && job_state(j) == PROC_RUNS)
				break;
		if (!j)
			break;
		if (wait_for(j, sh.at_prompt) < 0 || trap_pending)
			return 128 + trap_last_signal();
	}
	while (!sh.at_prompt) {
		for (j = jobs; j && !j->id; j = j->next)
			;
		if (!j)
			break;
		job_free(j);
	}
	return 0;
}

/* wait -n: the next one to end of those that are named, or of all; of several
 * that have ended already the oldest. */
static int wait_for_next(int n, char **words)
{
	struct job *j, *done;
	bool runs, bad;
	int i;

	for (j = jobs; j; j = j->next)
		j->wanted = j->id && !n;
	for (i = 0; i < n; i++) {
		j = job_of_word(words[i], &bad);
		if (bad)
			return 2;
		if (j)
			j->wanted = true;
	}
	for (;;) {
		done = NULL;
		runs = false;
		for (j = jobs; j; j = j->next) {
			if (j->wanted && job_state(j) == PROC_DONE)
				done = j;
			runs |= j->wanted && job_state(j) == PROC_RUNS;
		}
		if (done)
			return wait_for(done, false);
		if (!runs)
			return 127;
		if (trap_pending || sh.skip)
			return 128 + trap_last_signal();
		if (reap_or_signal() == -1)
			return 127;
	}
}

int bi_wait(int argc, char **argv)
{
	int i = 1, status = 0;
	bool next = false, bad;
	struct job *j;

	if (i < argc && strcmp(argv[i], "-n") == 0) {
		next = true;
		i++;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (next)
		return wait_for_next(argc - i, argv + i);
	if (i == argc)
		return wait_for_all();
	for (; i < argc; i++) {
		j = job_of_word(argv[i], &bad);
		if (bad)
			return 2;
		if (!j) {
			status = 127;
			continue;
		}
		status = wait_for(j, false);
		if (status < 0)
			return 128 + trap_last_signal();
	}
	return status;
}

static int kill_list(int argc, char **argv)
{
	int i;

	if (argc) {
		for (; argc; argc--, argv++) {
			if (!is_digit(**argv) && signal_number(*argv) > 0) {
				out_printf("%d\n", signal_number(*argv));
				continue;
			}
			i = atoi(*argv);
			if (i > 128)
				i -= 128;
			if (!is_digit(**argv) || !signal_name(i)) {
				err_print("kill: invalid signal number or "
					  "exit status: %s",
					  *argv);
				return 2;
			}
			out_printf("%s\n", signal_name(i));
		}
		return 0;
	}
	for (i = 1; i < 65; i++)
		if (signal_name(i))
			out_printf("%s\n", signal_name(i));
	return 0;
}

int bi_kill(int argc, char **argv)
{
	int sig = SIGTERM, i = 1, status = 0;
	struct job *j;
	pid_t pid;

	if (argc > 1 && argv[1][0] == '-' && argv[1][1]) {
		const char *name = argv[1] + 1;

		i = 2;
		if (strcmp(name, "l") == 0)
			return kill_list(argc - 2, argv + 2);
		if (strcmp(name, "s") == 0 && argc > 2) {
			name = argv[2];
			i = 3;
		}
		if (strcmp(name, "-") != 0) {
			sig = signal_number(name);
			if (sig < 0) {
				err_print("kill: Illegal option -%s", name);
				return 2;
			}
			if (i < argc && strcmp(argv[i], "--") == 0)
				i++;
		}
	}
	/* A child that is gone is not to be found alive. */
	while (reap(WNOHANG) > 0)
		;
	if (i >= argc) {
		err_print("Usage: kill [-s sigspec | -signum | -sigspec] "
			  "[pid | job]... or");
		err_print("kill -l [exitstatus]");
		return 2;
	}
	for (; i < argc; i++) {
		if (argv[i][0] == '%') {
			j = job_named(argv[i], "kill");
			if (!j) {
				status = 2;
				continue;
			}
			pid = j->pgid ? -j->pgid : j->proc[0].pid;
			if (kill(pid, sig) == 0) {
				/* A stopped job would notice only later. */
				if (sig == SIGTERM || sig == SIGHUP)
					kill(pid, SIGCONT);
				if (sig == SIGTERM || sig == SIGHUP ||
				    sig == SIGCONT || sig == SIGKILL)
					job_resumed(j);
				continue;
			}
		} else {
			const char *s = argv[i] + (argv[i][0] == '-');

			if (!is_digit(*s)) {
				err_print("kill: Illegal number: %s", argv[i]);
				status = 2;
				continue;
			}
			pid = atoi(argv[i]);
			if (kill(pid, sig) == 0)
				continue;
		}
		err_print("kill: %s", strerror(errno));
		status = 1;
	}
	return status;
}
