/*
 * su: become another user, root without a name, who is asked for that user's
 * password unless root asks.  -, -l: as if that user had logged in; -c: run a
 * command; -s: another shell (root only).  Set-id root.
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "accounts.h"

/* Of the caller's environment only what a shell does not act upon. */
static void clean_environment(void)
{
	static const char *const bad[] = { "IFS", "ENV", "PS4", "CDPATH" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		unsetenv(bad[i]);
	for (i = 0; environ && environ[i];) {
		if (!strncmp(environ[i], "LD_", 3)) {
			char *name =
				strndup(environ[i], strcspn(environ[i], "="));

			if (!name || unsetenv(name) < 0)
				err(1, "LD_*");
			free(name);
			i = 0;
		} else {
			i++;
		}
	}
}

static void login_environment(const struct passwd *pw)
{
	char *term = getenv("TERM");

	term = term ? strdup(term) : NULL;
	clearenv();
	if (term)
		setenv("TERM", term, 1);
	set_environment(pw);
	if (chdir(pw->pw_dir) < 0) {
		warn("%s", pw->pw_dir);
		setenv("HOME", "/", 1);
		if (chdir("/") < 0)
			err(1, "/");
	}
}

static int usage(FILE *f)
{
	fprintf(f, "usage: su [-] [-c command] [-s shell] [user [word...]]\n"
		   "-, -l: as if that user had logged in; "
		   "-s: only root may choose a shell\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "login", no_argument, NULL, 'l' },
		{ "command", required_argument, NULL, 'c' },
		{ "shell", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = "root", *shell = NULL, *command = NULL, *base;
	struct passwd *pw;
	char **args;
	int c, login = 0, n = 0;

	fill_descriptors();
	while ((c = getopt_long(argc, argv, "+lc:s:h", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			login = 1;
			break;
		case 'c':
			command = optarg;
			break;
		case 's':
			shell = optarg;
			break;
		default:
			return usage(c == 'h' ? stdout : stderr);
		}
	}
	if (optind < argc && !strcmp(argv[optind], "-")) {
		login = 1;
		optind++;
		/* "su - -c x" is as common as "su -c x -". */
		while ((c = getopt_long(argc, argv, "+c:s:", options, NULL)) !=
		       -1) {
			if (c == 'c')
				command = optarg;
			else if (c == 's')
				shell = optarg;
			else
				return usage(stderr);
		}
	}
	if (optind < argc)
		name = argv[optind++];
	while ((c = getopt_long(argc, argv, "+lc:s:", options, NULL)) != -1) {
		if (c == 'l')
			login = 1;
		else if (c == 'c')
			command = optarg;
		else if (c == 's')
			shell = optarg;
		else
			return usage(stderr);
	}
	if (geteuid())
		errx(1, "this program has to be set-id root");
	if (shell && getuid())
		errx(1, "only root may choose a shell");
	pw = getpwnam(name);
	if (getuid()) {
		if (!(pw && needs_no_password(pw)) && !ask_password(pw))
			errx(1, "wrong password, or no such user");
		/* The line in memory is the other file's by now. */
		pw = getpwnam(name);
	}
	if (!pw)
		errx(1, "%s: no such user", name);
	become(pw);
	if (!shell)
		shell = shell_of(pw);
	if (login) {
		login_environment(pw);
	} else {
		clean_environment();
		set_environment(pw);
	}
	setenv("SHELL", shell, 1);
	setenv("PATH", pw->pw_uid ? "/bin:/usr/bin" : "/bin:/sbin", 1);
	args = calloc((size_t)argc + 4, sizeof(*args));
	if (!args)
		err(1, NULL);
	base = strrchr(shell, '/');
	if (asprintf(&args[n++], "%s%s", login ? "-" : "",
		     base ? base + 1 : shell) < 0)
		err(1, NULL);
	if (command) {
		args[n++] = (char *)(size_t) "-c";
		args[n++] = (char *)(size_t)command;
	}
	while (optind < argc)
		args[n++] = argv[optind++];
	execv(shell, args);
	err(errno == ENOENT ? 127 : 126, "%s", shell);
}
