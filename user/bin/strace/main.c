/*
 * strace: show the system calls that a program makes, and the signals that it
 * gets.
 *
 *	strace [-cfrtT] [-e CALLS] [-o FILE] [-s N] COMMAND [ARGUMENT...]
 *	strace [-cfrtT] [-e CALLS] [-o FILE] [-s N] -p PID...
 *
 * The program is seized, not attached: so it can be stopped and continued as if
 * nobody watched. One that is started here stops itself before it runs the
 * command, and is seized then; what it does before is not shown. If this
 *program ends, whatever it started ends too, and what it only watched goes on.
 */
#include "strace.h"

#include <dirent.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

struct options opt = { .string = 32 };

static struct tracee *tracees;
static pid_t command; /* what is started here, or 0 */
static int command_status;
static volatile sig_atomic_t leaving; /* all are to be let go */

long trace(long request, pid_t pid, unsigned long addr, void *data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

size_t tracee_read(const struct tracee *t, unsigned long from, void *to,
		   size_t n)
{
	unsigned long word;
	size_t done = 0, skip, part;

	while (done < n) {
		skip = (from + done) % 8;
		part = 8 - skip < n - done ? 8 - skip : n - done;
		if (trace(PTRACE_PEEKDATA, t->pid, from + done - skip, &word))
			break;
		memcpy((char *)to + done, (char *)&word + skip, part);
		done += part;
	}
	return done;
}

/* ---- who is traced ---- */

static struct tracee *tracee_find(pid_t pid)
{
	struct tracee *t = tracees;

	while (t && t->pid != pid)
		t = t->next;
	return t;
}

static struct tracee *tracee_add(pid_t pid)
{
	struct tracee *t = calloc(1, sizeof(*t));

	if (!t)
		err(1, NULL);
	t->pid = pid;
	t->next = tracees;
	tracees = t;
	return t;
}

static void tracee_drop(struct tracee *t)
{
	struct tracee **link = &tracees;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	free(t);
}

static long wishes(void)
{
	long o = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (opt.follow)
		o |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		     PTRACE_O_TRACECLONE;
	if (command)
		o |= PTRACE_O_EXITKILL;
	return o;
}

static int seize(pid_t pid)
{
	return trace(PTRACE_SEIZE, pid, 0, (void *)wishes()) ? -1 : 0;
}

/* Where the shell would find it. */
static char *find_command(const char *name)
{
	static char path[PATH_MAX];
	const char *dirs = getenv("PATH"), *end;
	struct stat st;

	if (strchr(name, '/')) {
		snprintf(path, sizeof(path), "%s", name);
		return path;
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - dirs),
			 dirs, end == dirs ? "" : "/", name);
		if (!stat(path, &st) && S_ISREG(st.st_mode) &&
		    !access(path, X_OK))
			return path;
		if (!*end)
			errx(1, "%s: not found", name);
	}
}

static void start(char **argv)
{
	char *path = find_command(argv[0]);
	int status;

	if (access(path, X_OK))
		err(1, "%s", path);
	command = fork();
	if (command < 0)
		err(1, "fork");
	if (!command) {
		raise(SIGSTOP);
		execv(path, argv);
		err(1, "%s", path);
	}
	while (waitpid(command, &status, WUNTRACED) < 0)
		if (errno != EINTR)
			err(1, "waitpid");
	if (!WIFSTOPPED(status))
		errx(1, "%s was ended before it began", path);
	if (seize(command)) {
		int why = errno;

		kill(command, SIGKILL);
		errno = why;
		err(1, "%s", path);
	}
	tracee_add(command)->hidden = 1;
	kill(command, SIGCONT);
}

static void watch(pid_t pid)
{
	if (tracee_find(pid))
		return;
	if (seize(pid) || trace(PTRACE_INTERRUPT, pid, 0, NULL))
		err(1, "%d", (int)pid);
	tracee_add(pid);
	warnx("process %d attached", (int)pid);
}

/* ... and its other threads, where /proc tells of them. */
static void attach(const char *word)
{
	char path[64], *end;
	long pid = strtol(word, &end, 10);
	struct dirent *e;
	DIR *dir;

	if (end == word || *end || pid <= 0 || pid > INT_MAX)
		errx(1, "%s: no process id", word);
	watch((pid_t)pid);
	if (!opt.follow)
		return;
	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		if (atoi(e->d_name) > 0)
			watch((pid_t)atoi(e->d_name));
	if (dir)
		closedir(dir);
}

/* ---- signals to this program ---- */

/* Each is stopped, so that it can be let go; wait tells the rest. */
static void leave(int sig)
{
	struct tracee *t;
	int why = errno;

	leaving = sig;
	for (t = tracees; t; t = t->next)
		trace(PTRACE_INTERRUPT, t->pid, 0, NULL);
	errno = why;
}

static void pass_on(int sig)
{
	int why = errno;

	kill(command, sig);
	errno = why;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction act;

	memset(&act, 0, sizeof(act));
	act.sa_handler = handler;
	sigaction(sig, &act, NULL);
}

/* A key at the terminal reaches the command by itself. */
static void prepare_signals(void)
{
	if (command) {
		handle(SIGINT, SIG_IGN);
		handle(SIGQUIT, SIG_IGN);
		handle(SIGTERM, pass_on);
		handle(SIGHUP, pass_on);
	} else {
		handle(SIGINT, leave);
		handle(SIGQUIT, leave);
		handle(SIGTERM, leave);
		handle(SIGHUP, leave);
	}
}

/* The tracees change while a signal could come that looks at them. */
static void block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(how, &set, NULL);
}

/* ---- what happens to a tracee ---- */

static void at_call(struct tracee *t)
{
	struct ptrace_syscall_info info;

	if (trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) < 0)
		return; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		t->nr = info.entry.nr;
		memcpy(t->args, info.entry.args, sizeof(t->args));
		t->in_call = 1;
		if (t->nr == SYS_execve)
			t->hidden = 0;
		clock_gettime(CLOCK_MONOTONIC, &t->since);
		show_entry(t);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->in_call) {
		t->in_call = 0;
		if (opt.counts && !t->hidden)
			count_call(t, info.exit.rval);
		show_exit(t, info.exit.rval);
	}
}

/* A thread that is not the first has become the program, and has its name. */
static struct tracee *at_exec(struct tracee *t)
{
	unsigned long old = 0;
	struct tracee *from;

	if (trace(PTRACE_GETEVENTMSG, t->pid, 0, &old) || (pid_t)old == t->pid)
		return t;
	from = tracee_find((pid_t)old);
	if (!from)
		return t;
	show_note(t, "+++ superseded by execve in pid %d +++", (int)old);
	from->pid = t->pid;
	tracee_drop(t);
	return from;
}

static int is_stop(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
	       sig == SIGTTOU;
}

static void let_go(struct tracee *t, int sig)
{
	trace(PTRACE_DETACH, t->pid, 0, (void *)(long)sig);
	warnx("process %d detached", (int)t->pid);
	tracee_drop(t);
}

/* status: what stands above 0x7f. */
static void at_stop(struct tracee *t, int status)
{
	int sig = status & 0xff, event = status >> 8;
	long request = PTRACE_SYSCALL, give = 0;
	siginfo_t info;

	if (event == PTRACE_EVENT_STOP) {
		if (is_stop(sig)) {
			const char *name = sigabbrev_np(sig);

			show_note(t, "--- stopped by SIG%s ---", name);
			request = PTRACE_LISTEN;
		}
	} else if (event == PTRACE_EVENT_EXEC) {
		t = at_exec(t);
	} else if (event) {
		/* forks and the like: the child comes by itself */
	} else if (sig == (SIGTRAP | 0x80)) {
		at_call(t);
	} else {
		give = sig;
		if (!trace(PTRACE_GETSIGINFO, t->pid, 0, &info))
			show_signal(t, &info);
	}
	if (leaving)
		let_go(t, (int)give);
	else
		trace(request, t->pid, 0, (void *)give);
}

static void at_end(struct tracee *t, int status)
{
	const char *name;

	if (WIFEXITED(status)) {
		show_note(t, "+++ exited with %d +++", WEXITSTATUS(status));
	} else {
		name = sigabbrev_np(WTERMSIG(status));
		show_note(t, "+++ killed by %s%s +++", name ? "SIG" : "signal ",
			  name ? name : "?");
	}
	if (t->pid == command)
		command_status = status;
	tracee_drop(t);
}

static void follow(void)
{
	while (tracees) {
		struct tracee *t;
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		block(SIG_BLOCK);
		t = tracee_find(pid);
		if (!t && WIFSTOPPED(status))
			t = tracee_add(pid); /* a fork's, before it is told */
		if (t && WIFSTOPPED(status))
			at_stop(t, status >> 8);
		else if (t)
			at_end(t, status);
		block(SIG_UNBLOCK);
	}
}

/* ---- the beginning and the end ---- */

static int usage(int status)
{
	fputs("usage: strace [-cfrtT] [-e calls] [-o file] [-s n] "
	      "command [argument...]\n"
	      "       strace [-cfrtT] [-e calls] [-o file] [-s n] -p pid...\n"
	      "  -c  only count: calls, failures, time by the clock\n"
	      "  -e  trace=a,b: these calls; !a,b: all others; in place of a "
	      "name\n"
	      "      %file, %desc, %process, %signal, %memory, all, none\n"
	      "  -f  also what it forks, and its threads\n"
	      "  -o  write to the file, not to standard error\n"
	      "  -p  a process that runs; ^C lets it go\n"
	      "  -r  the time since the line before; -t of day, -tt finer\n"
	      "  -s  show n bytes of a string, 32 without it\n"
	      "  -T  how long each call took\n",
	      status ? stderr : stdout);
	return status;
}

/* As the command ended, so that a shell sees no difference. */
static int end(void)
{
	sigset_t set;
	int sig;

	if (leaving)
		return 128 + leaving;
	if (!command || WIFEXITED(command_status))
		return command ? WEXITSTATUS(command_status) : 0;
	sig = WTERMSIG(command_status);
	handle(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return 128 + sig;
}

static void choose(char *words)
{
	const char *bad;

	if (!strncmp(words, "trace=", 6))
		words += 6;
	bad = choose_calls(words);
	if (bad)
		errx(1, "%s: no such system call", bad);
}

static void open_output(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	opt.out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!opt.out)
		err(1, "%s", name);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *pids[64];
	char *rest;
	unsigned n_pids = 0;
	int c;

	opt.out = stderr;
	memset(opt.wanted, 1, sizeof(opt.wanted));
	while ((c = getopt_long(argc, argv, "+ce:fho:p:rs:tT", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			opt.counts = 1;
			break;
		case 'e':
			choose(optarg);
			break;
		case 'f':
			opt.follow = 1;
			break;
		case 'h':
			return usage(0);
		case 'o':
			open_output(optarg);
			break;
		case 'p':
			if (n_pids == sizeof(pids) / sizeof(*pids))
				errx(1, "too many processes");
			pids[n_pids++] = optarg;
			break;
		case 'r':
			opt.clock = 3;
			break;
		case 's':
			opt.string = strtoul(optarg, &rest, 10);
			if (rest == optarg || *rest || opt.string > 1 << 20)
				errx(1, "%s: no such length", optarg);
			break;
		case 't':
			opt.clock = opt.clock == 1 ? 2 : 1;
			break;
		case 'T':
			opt.took = 1;
			break;
		default:
			return usage(1);
		}
	}
	if (!argv[optind] == !n_pids)
		return usage(1);
	/* An ignored SIGCHLD would leave nothing to wait for. */
	handle(SIGCHLD, SIG_DFL);
	if (n_pids) {
		prepare_signals();
		block(SIG_BLOCK);
		for (unsigned i = 0; i < n_pids; i++)
			attach(pids[i]);
		block(SIG_UNBLOCK);
	} else {
		start(argv + optind);
		prepare_signals();
	}
	follow();
	if (opt.counts)
		count_show();
	if (fflush(opt.out) || ferror(opt.out))
		err(1, "write error");
	return end();
}
