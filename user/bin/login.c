/*
 * login: let somebody in: ask for name and password, become that user, and
 * become the shell.  -f name: without a password; -p: keep the environment.
 * It is started by init, as root, with a terminal as its standard input.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <utmpx.h>

#include "accounts.h"
#include "console.h"

#define TRIES   3
#define SECONDS 60 /* for all tries together */
#define TTY     5  /* the group of terminals */

static void too_late(int sig)
{
	static const char text[] = "\nlogin: nobody came\n";

	(void)!write(1, text, sizeof(text) - 1);
	_exit(1);
}

/* The name of who wants in, into buf. */
static void ask_name(char *buf, size_t size)
{
	char host[65] = "octopos";
	size_t n;

	gethostname(host, sizeof(host) - 1);
	do {
		printf("%s login: ", host);
		fflush(stdout);
		if (!fgets(buf, (int)size, stdin))
			exit(1);
		n = strcspn(buf, "\n");
		if (!buf[n])
			for (int c = 0; c != '\n' && c != EOF;)
				c = getchar();
		buf[n] = 0;
	} while (!*buf);
}

static struct passwd *ask_user(const char *given)
{
	char name[64];
	struct passwd *pw;
	int i;

	signal(SIGALRM, too_late);
	alarm(SECONDS);
	for (i = 0; i < TRIES; i++) {
		if (given && !i)
			snprintf(name, sizeof(name), "%s", given);
		else
			ask_name(name, sizeof(name));
		pw = getpwnam(name);
		if ((pw && needs_no_password(pw)) || ask_password(pw)) {
			alarm(0);
			signal(SIGALRM, SIG_DFL);
			return getpwnam(name);
		}
		printf("Login incorrect\n");
	}
	exit(1);
}

/* Anew, but for the kind of the terminal. */
static void fresh_environment(void)
{
	char *term = getenv("TERM");

	term = term ? strdup(term) : NULL;
	clearenv();
	if (term)
		setenv("TERM", term, 1);
}

static void show_motd(void)
{
	char buf[1024];
	int fd = open("/etc/motd", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (access(".hushlogin", F_OK) == 0)
		n = 0;
	else
		n = 1;
	while (fd >= 0 && n > 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		if (write(1, buf, (size_t)n) != n)
			break;
	if (fd >= 0)
		close(fd);
}

/* Into the list of who is here. This process becomes the shell, and init takes
 * it off the list. Without a list, or room in it, all goes on. */
static void record(const struct passwd *pw)
{
	struct utmpx u = { .ut_type = USER_PROCESS, .ut_pid = getpid() };
	const char *tty = ttyname(0);
	size_t n;

	if (!tty)
		return;
	if (!strncmp(tty, "/dev/", 5))
		tty += 5;
	n = strlen(tty);
	strncpy(u.ut_line, tty, sizeof(u.ut_line));
	strncpy(u.ut_id, n > sizeof(u.ut_id) ? tty + n - sizeof(u.ut_id) : tty,
		sizeof(u.ut_id));
	strncpy(u.ut_user, pw->pw_name, sizeof(u.ut_user));
	u.ut_session = (int)getsid(0);
	u.ut_tv.tv_sec = (int)time(NULL);
	setutxent();
	pututxline(&u);
	endutxent();
	updwtmpx(_PATH_WTMPX, &u);
}

static int usage(FILE *f)
{
	fprintf(f, "usage: login [-p] [name]\n"
		   "       login [-p] -f name\n"
		   "-f: without a password; -p: keep the environment\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *trusted = NULL, *shell, *base;
	int c, keep = 0;
	struct passwd *pw;
	char *name;

	while ((c = getopt_long(argc, argv, "f:ph", options, NULL)) != -1) {
		if (c == 'f')
			trusted = optarg;
		else if (c == 'p')
			keep = 1;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (argc - optind > (trusted ? 0 : 1))
		return usage(stderr);
	if (geteuid() || getuid())
		errx(1, "only root may start it");
	fill_descriptors();
	if (!isatty(0))
		errx(1, "the standard input is no terminal");
	for (c = 3; c < 256; c++)
		close(c);
	take_terminal();
	if (trusted) {
		pw = getpwnam(trusted);
		if (!pw)
			errx(1, "%s: no such user", trusted);
	} else {
		/* While a password is typed nobody else reads along. */
		if (fchown(0, 0, TTY) < 0 || fchmod(0, 0600) < 0)
			warn("terminal");
		pw = ask_user(argv[optind]);
	}
	if (fchown(0, pw->pw_uid, TTY) < 0 || fchmod(0, 0620) < 0)
		warn("terminal");
	if (!keep)
		fresh_environment();
	set_environment(pw);
	setenv("PATH", pw->pw_uid ? "/bin:/usr/bin" : "/bin:/sbin", 1);
	umask(022);
	record(pw);
	become(pw);
	if (chdir(pw->pw_dir) < 0) {
		warn("%s", pw->pw_dir);
		setenv("HOME", "/", 1);
		if (chdir("/") < 0)
			err(1, "/");
	}
	show_motd();
	shell = shell_of(pw);
	base = strrchr(shell, '/');
	if (asprintf(&name, "-%s", base ? base + 1 : shell) < 0)
		err(1, NULL);
	execl(shell, name, (char *)NULL);
	err(errno == ENOENT ? 127 : 126, "%s", shell);
}
