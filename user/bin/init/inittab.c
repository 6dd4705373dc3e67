/* The table: /etc/inittab.  Its form is in the file itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#define INITTAB "/etc/inittab"

struct line *lines;

static const char *const actions[] = {
	[SYSINIT] = "sysinit",   [WAIT] = "wait",
	[ONCE] = "once",         [RESPAWN] = "respawn",
	[ASKFIRST] = "askfirst", [CTRLALTDEL] = "ctrlaltdel",
	[SHUTDOWN] = "shutdown", [RESTART] = "restart",
};
#define N_ACTIONS (sizeof(actions) / sizeof(*actions))

static void bad(int number, const char *what, const char *word)
{
	dprintf(2, "init: " INITTAB ":%d: %s%s%s; the line is left out\n",
		number, what, *word ? ": " : "", word);
}

/* The path of a terminal of that name, or NULL. */
static char *terminal(const char *name)
{
	struct stat st;
	char *path;

	if (!strncmp(name, "/dev/", 5))
		name += 5;
	if (!*name || strstr(name, "..") ||
	    asprintf(&path, "/dev/%s", name) < 0)
		return NULL;
	if (stat(path, &st) == 0 && S_ISCHR(st.st_mode))
		return path;
	free(path);
	return NULL;
}

const char *line_name(const struct line *l)
{
	static char name[64];
	const char *p = l->command + (*l->command == '-');
	size_t n = strcspn(p, " \t"), i;

	for (i = n; i && p[i - 1] != '/'; i--)
		;
	snprintf(name, sizeof(name), "%.*s", (int)(n - i), p + i);
	return name;
}

int line_is_shell(const struct line *l)
{
	const char *name = line_name(l);

	return !strcmp(name, "sh") || !strcmp(name, "login");
}

/* Is the program there?  What a shell takes apart is its matter. */
static int can_run(const char *command)
{
	char path[256];

	command += *command == '-';
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(command, " \t"),
		 command);
	return *path != '/' || access(path, X_OK) == 0;
}

/* Add a line behind the others; the strings are copied, tty is taken. */
static void add(int number, enum action action, char *tty, const char *command)
{
	struct line *l, **end = &lines;

	for (; (l = *end); end = &l->next) {
		if (l->stays || l->action != action ||
		    strcmp(l->command, command) != 0 ||
		    strcmp(l->tty ? l->tty : "", tty ? tty : "") != 0)
			continue;
		l->stays = 1;
		l->number = number;
		free(tty);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (!l || !(l->command = strdup(command))) {
		free(l);
		free(tty);
		bad(number, strerror(ENOMEM), "");
		return;
	}
	l->number = number;
	l->action = action;
	l->tty = tty;
	l->stays = 1;
	*end = l;
}

static void parse(char *text, int number)
{
	char *field[3], *p = text, *tty;
	size_t i;

	text[strcspn(text, "\r\n")] = 0;
	p += strspn(p, " \t");
	if (!*p || *p == '#')
		return;
	for (i = 0; i < 3; i++) {
		field[i] = strsep(&p, ":");
		if (!p) {
			bad(number,
			    "four fields are wanted, with a ':' "
			    "between them",
			    "");
			return;
		}
	}
	for (i = 0; i < N_ACTIONS; i++)
		if (!strcmp(field[2], actions[i]))
			break;
	p += strspn(p, " \t");
	if (i == N_ACTIONS) {
		bad(number, "there is no such action", field[2]);
	} else if (!*p) {
		bad(number, "there is no command", "");
	} else if (!can_run(p)) {
		bad(number, strerror(errno), p);
	} else {
		tty = terminal(field[0]);
		if (!tty)
			tty = terminal(field[1]);
		add(number, (enum action)i, tty, p);
	}
}

/* Lines that are not in the file any more: what they keep running ends. */
static void drop_old(void)
{
	struct line *l, **p = &lines;

	while ((l = *p)) {
		if (l->stays) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		if (l->pid > 0) {
			kill(l->pid, SIGTERM);
			kill(l->pid, SIGHUP);
		}
		free(l->tty);
		free(l->command);
		free(l);
	}
}

static int starts_something(void)
{
	const struct line *l;

	for (l = lines; l; l = l->next)
		if (l->stays && l->action <= ASKFIRST)
			return 1;
	return 0;
}

void inittab_read(void)
{
	FILE *f = single ? NULL : fopen(INITTAB, "re");
	char *text = NULL;
	size_t cap = 0;
	struct line *l;
	int number = 0;

	for (l = lines; l; l = l->next)
		l->stays = 0;
	while (f && getline(&text, &cap, f) >= 0)
		parse(text, ++number);
	free(text);
	if (f) {
		fclose(f);
		if (!starts_something())
			dprintf(2, "init: " INITTAB
				   ": no line starts anything: here is a "
				   "shell\n");
	}
	if (!starts_something()) {
		if (!single && access("/etc/rc", R_OK) == 0)
			add(0, SYSINIT, NULL, SHELL " /etc/rc");
		add(0, RESPAWN, NULL, "-" SHELL);
	}
	drop_old();
}
