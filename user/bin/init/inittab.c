/*
 * The table: /etc/inittab.  Its form is in the file itself.
 *
 * It is read into a list of its own, which takes the place of the old one when
 * all of it is there; the lines that are in both hand their process over.  What
 * the others keep running is asked to end, and killed when it does not: until
 * it is gone nothing new is started, as the two may want the same terminal.
 */
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

/* How long a process of a line that is gone may take to end after TERM, and to
 * vanish after KILL. */
#define LEAVE_SECONDS 5
#define KILL_SECONDS  2

struct line *lines;
struct line *leaving;

static const char *const actions[] = {
	[SYSINIT] = "sysinit",   [WAIT] = "wait",
	[ONCE] = "once",         [RESPAWN] = "respawn",
	[ASKFIRST] = "askfirst", [CTRLALTDEL] = "ctrlaltdel",
	[SHUTDOWN] = "shutdown", [RESTART] = "restart",
	[OFF] = "off",
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
	const char *p = l->command + strcspn(l->command, " \t");

	if (strcmp(name, "sh") != 0)
		return !strcmp(name, "login");
	/* A script is a program as others are. */
	while (*(p += strspn(p, " \t")) == '-')
		p += strcspn(p, " \t");
	return !*p;
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

void line_free(struct line *l)
{
	free(l->tty);
	free(l->command);
	free(l);
}

static void free_all(struct line *l)
{
	struct line *next;

	for (; l; l = next) {
		next = l->next;
		line_free(l);
	}
}

/* Add a line behind the others; the command is copied, tty is taken.  0, or -1
 * without memory. */
static int add(struct line **table, enum action action, char *tty,
	       const char *command)
{
	struct line *l = calloc(1, sizeof(*l));

	if (!l || !(l->command = strdup(command))) {
		free(l);
		free(tty);
		return -1;
	}
	l->action = action;
	l->tty = tty;
	while (*table)
		table = &(*table)->next;
	*table = l;
	return 0;
}

/* 0 also for a line that is left out; -1 without memory. */
static int parse(struct line **table, char *text, int number)
{
	char *field[3], *p = text, *tty;
	size_t i;

	text[strcspn(text, "\r\n")] = 0;
	p += strspn(p, " \t");
	if (!*p || *p == '#')
		return 0;
	for (i = 0; i < 3; i++) {
		field[i] = strsep(&p, ":");
		if (!p) {
			bad(number,
			    "four fields are wanted, with a ':' "
			    "between them",
			    "");
			return 0;
		}
	}
	for (i = 0; i < N_ACTIONS; i++)
		if (!strcmp(field[2], actions[i]))
			break;
	p += strspn(p, " \t");
	if (i == N_ACTIONS) {
		bad(number, "there is no such action", field[2]);
	} else if (i == OFF) {
		return 0;
	} else if (!*p) {
		bad(number, "there is no command", "");
	} else if (!can_run(p)) {
		bad(number, strerror(errno), p);
	} else {
		tty = terminal(field[0]);
		if (!tty)
			tty = terminal(field[1]);
		/* In tables of another kind the first is a mere name; they have
		 * a second.  Two who read the console would be no use. */
		if (!tty && *field[0] && !*field[1]) {
			bad(number, "there is no such terminal", field[0]);
			return 0;
		}
		return add(table, (enum action)i, tty, p);
	}
	return 0;
}

static int starts_something(const struct line *l)
{
	for (; l; l = l->next)
		if (l->action <= ASKFIRST)
			return 1;
	return 0;
}

/* What the file has, as far as it can be read; NULL, or what is wrong with all
 * of it. */
static const char *read_file(struct line **table)
{
	FILE *f = fopen(INITTAB, "re");
	const char *wrong = NULL;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;
	int number = 0, ended = 1;

	if (!f)
		return strerror(errno);
	while ((errno = 0, n = getline(&text, &cap, f)) >= 0) {
		ended = text[n - 1] == '\n';
		if (parse(table, text, ++number) < 0)
			wrong = strerror(ENOMEM);
	}
	if (ferror(f) || !feof(f))
		wrong = strerror(errno);
	free(text);
	fclose(f);
	if (!wrong && !starts_something(*table))
		wrong = "no line starts anything";
	/* Somebody is about to write the rest. */
	if (!wrong && !ended)
		wrong = "the last line is not ended";
	return wrong;
}

static int same(const struct line *a, const struct line *b)
{
	return a->action == b->action && !strcmp(a->command, b->command) &&
	       !strcmp(a->tty ? a->tty : "", b->tty ? b->tty : "");
}

static void leave_signal(const struct line *l, int sig)
{
	/* It may not have come to its session yet. */
	if (kill(-l->pid, sig) < 0)
		kill(l->pid, sig);
}

/* From now on the table is that one. */
static void take(struct line *table)
{
	struct line *l, *old, **p;

	for (l = table; l; l = l->next) {
		for (p = &lines; (old = *p) && !same(old, l); p = &old->next)
			;
		if (!old)
			continue;
		*p = old->next;
		l->pid = old->pid;
		l->began = old->began;
		l->paused = old->paused;
		l->quick = old->quick;
		l->broken = old->broken;
		line_free(old);
	}
	while ((old = lines)) {
		lines = old->next;
		if (old->pid <= 0) {
			line_free(old);
			continue;
		}
		leave_signal(old, SIGTERM);
		leave_signal(old, SIGHUP);
		leave_signal(old, SIGCONT);
		old->killed = 0;
		old->until = now() + LEAVE_SECONDS;
		old->next = leaving;
		leaving = old;
	}
	lines = table;
}

int inittab_leave(void)
{
	time_t soon = -1, left;
	struct line *l, **p = &leaving;

	while ((l = *p)) {
		left = l->until - now();
		if (left <= 0 && l->killed) {
			dprintf(2, "init: %s cannot be killed\n", line_name(l));
			*p = l->next;
			line_free(l);
			continue;
		}
		if (left <= 0) {
			dprintf(2, "init: %s does not end: killed\n",
				line_name(l));
			leave_signal(l, SIGKILL);
			l->killed = 1;
			left = KILL_SECONDS;
			l->until = now() + left;
		}
		if (soon < 0 || left < soon)
			soon = left;
		p = &l->next;
	}
	return (int)soon;
}

void inittab_read(void)
{
	struct line *table = NULL;
	const char *wrong = single ? NULL : read_file(&table);
	int nothing = !starts_something(table);

	if (wrong && access(INITTAB, F_OK) == 0)
		dprintf(2, "init: " INITTAB ": %s%s\n", wrong,
			nothing ? ": here is a shell" : "");
	if (nothing) {
		if (!single && access("/etc/rc", R_OK) == 0)
			add(&table, SYSINIT, NULL, SHELL " /etc/rc");
		add(&table, RESPAWN, NULL, "-" SHELL);
	}
	take(table);
}

void inittab_read_again(void)
{
	struct line *table = NULL;
	const char *wrong;

	if (single)
		return;
	wrong = read_file(&table);
	if (wrong) {
		dprintf(2, "init: " INITTAB ": %s: nothing changes\n", wrong);
		free_all(table);
	} else {
		take(table);
	}
}
