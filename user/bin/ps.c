/*
 * ps: the processes, from /proc.
 *
 * Without options: those of this terminal's user, as on a system of one person
 * all of them.  Columns are fixed: PID PPID STAT TTY TIME RSS CMD; -o chooses.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct process {
	int pid, ppid, pgrp, session, tty, threads, nice, cpu;
	char state;
	unsigned long long utime, stime, start, vsize;
	long rss; /* pages */
	char name[64];
	char command[512];
};

static long ticks, page_kib;

static ssize_t read_text(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	buf[n] = 0;
	return got < 0 ? -1 : (ssize_t)n;
}

/* The name stands in parentheses and may hold anything, even a ')'. */
static int parse_stat(char *text, struct process *p)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	size_t n;

	if (!open || !close || close < open)
		return -1;
	n = (size_t)(close - open - 1);
	if (n >= sizeof(p->name))
		n = sizeof(p->name) - 1;
	memcpy(p->name, open + 1, n);
	p->name[n] = 0;
	p->pid = atoi(text);
	return sscanf(close + 1,
		      " %c %d %d %d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d "
		      "%*d %*d %d %d %*d %llu %llu %ld",
		      &p->state, &p->ppid, &p->pgrp, &p->session, &p->tty,
		      &p->utime, &p->stime, &p->nice, &p->threads, &p->start,
		      &p->vsize, &p->rss) >= 7
		       ? 0
		       : -1;
}

static int read_process(int proc, const char *pid, struct process *p)
{
	char text[1024], path[300];
	ssize_t n, i;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%s/stat", pid);
	if (read_text(proc, path, text, sizeof(text)) < 0 ||
	    parse_stat(text, p) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/cmdline", pid);
	n = read_text(proc, path, p->command, sizeof(p->command));
	if (n <= 0) {
		/* A kernel thread, or a process that has ended. */
		snprintf(p->command, sizeof(p->command),
			 p->state == 'Z' ? "[%s] <defunct>" : "[%s]", p->name);
		return 0;
	}
	if (!p->command[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if ((unsigned char)p->command[i] < ' ')
			p->command[i] = ' ';
	return 0;
}

static const char *tty_name(int tty)
{
	static char name[16];

	if (!tty)
		return "?";
	switch (major((unsigned int)tty)) {
	case 5:
		return "console";
	case 4:
		if (minor((unsigned int)tty) >= 64)
			snprintf(name, sizeof(name), "ttyS%u",
				 minor((unsigned int)tty) - 64);
		else
			snprintf(name, sizeof(name), "tty%u",
				 minor((unsigned int)tty));
		return name;
	case 136:
		snprintf(name, sizeof(name), "pts/%u",
			 minor((unsigned int)tty));
		return name;
	}
	snprintf(name, sizeof(name), "%u,%u", major((unsigned int)tty),
		 minor((unsigned int)tty));
	return name;
}

static const char *time_text(const struct process *p)
{
	static char text[32];
	unsigned long long s = (p->utime + p->stime) / (unsigned long)ticks;

	if (s >= 360000)
		snprintf(text, sizeof(text), "%llu:%02llu", s / 3600,
			 s / 60 % 60);
	else
		snprintf(text, sizeof(text), "%llu:%02llu", s / 60, s % 60);
	return text;
}

static const char *stat_text(const struct process *p)
{
	static char text[8];

	snprintf(text, sizeof(text), "%c%s%s%s", p->state,
		 p->nice < 0   ? "<"
		 : p->nice > 0 ? "N"
			       : "",
		 p->session == p->pid ? "s" : "", p->threads > 1 ? "l" : "");
	return text;
}

static const struct column {
	const char *name, *title;
	int width; /* negative: to the left */
} known[] = {
	{ "pid", "PID", 5 },        { "ppid", "PPID", 5 },
	{ "pgid", "PGID", 5 },      { "sid", "SID", 5 },
	{ "stat", "STAT", -4 },     { "tty", "TTY", -8 },
	{ "time", "TIME", 6 },      { "rss", "RSS", 6 },
	{ "vsz", "VSZ", 7 },        { "nlwp", "NLWP", 4 },
	{ "comm", "COMMAND", -15 }, { "args", "CMD", -27 },
};

static int chosen[20], count;
static int titles = 1;

static void choose(char *list)
{
	static char args[] = "args";
	char *word;
	size_t i;

	while ((word = strsep(&list, ", "))) {
		size_t n = strcspn(word, "=");

		if (!*word)
			continue;
		if (word[n])
			titles = 0; /* "pid=": no title */
		word[n] = 0;
		if (!strcmp(word, "cmd") || !strcmp(word, "command"))
			word = args;
		for (i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(word, known[i].name))
				break;
		if (i == sizeof(known) / sizeof(*known))
			errx(1, "%s: unknown column", word);
		if (count < 20)
			chosen[count++] = (int)i;
	}
}

static const char *cell(const struct process *p, const char *name)
{
	static char text[32];
	long n = 0;

	if (!strcmp(name, "stat"))
		return stat_text(p);
	if (!strcmp(name, "tty"))
		return tty_name(p->tty);
	if (!strcmp(name, "time"))
		return time_text(p);
	if (!strcmp(name, "args"))
		return p->command;
	if (!strcmp(name, "comm"))
		return p->name;
	if (!strcmp(name, "pid"))
		n = p->pid;
	else if (!strcmp(name, "ppid"))
		n = p->ppid;
	else if (!strcmp(name, "pgid"))
		n = p->pgrp;
	else if (!strcmp(name, "sid"))
		n = p->session;
	else if (!strcmp(name, "rss"))
		n = p->rss * page_kib;
	else if (!strcmp(name, "vsz"))
		n = (long)(p->vsize / 1024);
	else
		n = p->threads;
	snprintf(text, sizeof(text), "%ld", n);
	return text;
}

/* A row of the table; without a process: the titles. */
static void print_row(const struct process *p)
{
	int i;

	for (i = 0; i < count; i++) {
		const struct column *c = &known[chosen[i]];
		const char *text = p ? cell(p, c->name) : c->title;

		if (i)
			putchar(' ');
		if (i == count - 1 && c->width < 0)
			fputs(text, stdout);
		else
			printf("%*s", c->width, text);
	}
	putchar('\n');
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int main(int argc, char **argv)
{
	char usual[] = "pid,ppid,stat,tty,time,rss,args";
	int *pids = NULL, n = 0, cap = 0, i, c, only = 0, proc;
	struct process p;
	struct dirent *e;
	char name[16];
	DIR *dir;

	while ((c = getopt(argc, argv, "aAefldjo:p:uwx")) != -1) {
		switch (c) {
		case 'o':
			choose(optarg);
			break;
		case 'p':
			only = atoi(optarg);
			if (only <= 0)
				errx(1, "%s: not a process number", optarg);
			break;
		case '?':
			fprintf(stderr, "usage: ps [-aefl] [-p pid] "
					"[-o column,...]\n");
			return 1;
		}
	}
	if (!count)
		choose(usual);
	ticks = sysconf(_SC_CLK_TCK);
	page_kib = sysconf(_SC_PAGESIZE) / 1024;
	proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		err(1, "/proc");
	dir = fdopendir(proc);
	if (!dir)
		err(1, "/proc");
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 256;
			pids = realloc(pids, (size_t)cap * sizeof(*pids));
			if (!pids)
				err(1, NULL);
		}
		pids[n++] = atoi(e->d_name);
	}
	qsort(pids, (size_t)n, sizeof(*pids), compare);
	if (titles)
		print_row(NULL);
	for (i = 0, c = 1; i < n; i++) {
		if (only && pids[i] != only)
			continue;
		snprintf(name, sizeof(name), "%d", pids[i]);
		/* One that ended in the meantime is no error. */
		if (read_process(proc, name, &p) < 0)
			continue;
		print_row(&p);
		c = 0;
	}
	if (fflush(stdout))
		err(1, "write error");
	return c;
}
