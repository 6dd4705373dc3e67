/*
 * The processes, as /proc has them: for ps, top, pgrep and their relatives.
 * Names and commands hold what their owners like; print them with utf8_put().
 */
#pragma once

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

struct process {
	int pid, ppid, pgrp, session, tty, front; /* tty's front group */
	int threads, priority, nice, hart;
	uid_t uid;
	char state;
	unsigned long long utime, stime, start; /* in ticks of a second */
	unsigned long long size;                /* bytes */
	long resident;                          /* pages */
	char name[64];
	char command[1024]; /* its arguments, or [name] */
	double cpu;         /* per cent; whoever wants it computes it */
};

/* A file of /proc as text; its length, or -1. */
static inline ssize_t proc_read(int dir, const char *name, char *buf,
				size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t n = 0;

	if (fd < 0)
		return -1;
	while (n < size - 1 && (got = read(fd, buf + n, size - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	buf[n] = 0;
	return got < 0 ? -1 : (ssize_t)n;
}

/* The same of a process's, which come as a whole, and whose it is: half of the
 * calls, for a thousand of them. */
static inline ssize_t proc_read_whole(int dir, const char *name, char *buf,
				      size_t size, struct process *owner)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	if (owner && fstat(fd, &st) == 0)
		owner->uid = st.st_uid;
	close(fd);
	buf[n > 0 ? n : 0] = 0;
	return n;
}

/* /proc itself; ends the program where there is none. */
static inline int proc_open(void)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		err(2, "/proc");
	return fd;
}

/* The name stands in parentheses and may hold anything, even a ')'. */
static inline int process_parse(char *text, struct process *p)
{
	char *from = strchr(text, '('), *to = strrchr(text, ')');
	size_t n;

	if (!from || !to || to < from)
		return -1;
	n = (size_t)(to - from - 1);
	if (n >= sizeof(p->name))
		n = sizeof(p->name) - 1;
	memcpy(p->name, from + 1, n);
	p->name[n] = 0;
	p->pid = atoi(text);
	n = (size_t)sscanf(
		to + 1,
		" %c %d %d %d %d %d %*u %*u %*u %*u %*u %llu %llu %*d %*d %d "
		"%d %d %*d %llu %llu %ld",
		&p->state, &p->ppid, &p->pgrp, &p->session, &p->tty, &p->front,
		&p->utime, &p->stime, &p->priority, &p->nice, &p->threads,
		&p->start, &p->size, &p->resident);
	if (n != 14)
		return -1;
	/* The last but many: the hart that it ran on. */
	for (n = 0; n < 37 && to; n++)
		to = strchr(to + 1, ' ');
	p->hart = to ? atoi(to + 1) : 0;
	return 0;
}

/* One that has ended in the meantime: -1. */
static inline int process_read(int proc, int pid, struct process *p)
{
	char text[1024], path[32];
	ssize_t n, i;

	memset(p, 0, sizeof(*p));
	snprintf(path, sizeof(path), "%d/stat", pid);
	if (proc_read_whole(proc, path, text, sizeof(text), p) < 0 ||
	    process_parse(text, p) < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/cmdline", pid);
	n = proc_read_whole(proc, path, p->command, sizeof(p->command), NULL);
	if (n <= 0) {
		/* A kernel thread, or a process that has ended. */
		snprintf(p->command, sizeof(p->command),
			 p->state == 'Z' ? "[%s] <defunct>" : "[%s]", p->name);
		return 0;
	}
	if (!p->command[n - 1])
		n--;
	for (i = 0; i < n; i++)
		if (!p->command[i])
			p->command[i] = ' ';
	return 0;
}

static inline int process_order(const void *a, const void *b)
{
	return ((const struct process *)a)->pid -
	       ((const struct process *)b)->pid;
}

/* All of them by number; the caller frees the list. */
static inline size_t process_all(int proc, struct process **list)
{
	size_t n = 0, cap = 0, i, found;
	int *pids = NULL, fd;
	struct dirent *e;
	DIR *dir;

	*list = NULL;
	fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		err(2, "/proc");
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (n == cap) {
			cap = cap * 2 + 32;
			pids = reallocarray(pids, cap, sizeof(*pids));
			if (!pids)
				err(2, NULL);
		}
		pids[n++] = atoi(e->d_name);
	}
	closedir(dir);
	/* Only now they are looked at: new ones, that come as quickly as this
	 * looks, would make it a list of all that ever ran meanwhile. */
	*list = reallocarray(NULL, n + 1, sizeof(**list));
	if (!*list)
		err(2, NULL);
	for (found = n, n = 0, i = 0; i < found; i++)
		n += process_read(proc, pids[i], &(*list)[n]) == 0;
	free(pids);
	if (n)
		qsort(*list, n, sizeof(**list), process_order);
	return n;
}

/* Seconds since the machine started, and what it was then. */
static inline double proc_uptime(int proc)
{
	char text[64];

	return proc_read(proc, "uptime", text, sizeof(text)) > 0 ? atof(text)
								 : 0;
}

/* "Name: 123 kB" of /proc/meminfo, in KiB. */
static inline unsigned long proc_memory(const char *meminfo, const char *name)
{
	size_t n = strlen(name);

	for (; meminfo; meminfo = strchr(meminfo, '\n')) {
		meminfo += *meminfo == '\n';
		if (!strncmp(meminfo, name, n) && meminfo[n] == ':')
			return strtoul(meminfo + n + 1, NULL, 10);
	}
	return 0;
}

static inline const char *tty_name(int tty)
{
	static char name[24];
	unsigned int big = major((unsigned int)tty);
	unsigned int small = minor((unsigned int)tty);

	if (!tty)
		return "?";
	if (big == 5)
		return "console";
	if (big == 4 && small >= 64)
		snprintf(name, sizeof(name), "ttyS%u", small - 64);
	else if (big == 4)
		snprintf(name, sizeof(name), "tty%u", small);
	else if (big == 136)
		snprintf(name, sizeof(name), "pts/%u", small);
	else
		snprintf(name, sizeof(name), "%u,%u", big, small);
	return name;
}

/* Its name, or the number where there is none; the last one is kept. */
static inline const char *user_name(uid_t uid)
{
	static char name[33];
	static uid_t whose;
	struct passwd *pw;

	if (*name && whose == uid)
		return name;
	whose = uid;
	pw = getpwuid(uid);
	if (pw)
		snprintf(name, sizeof(name), "%.32s", pw->pw_name);
	else
		snprintf(name, sizeof(name), "%u", (unsigned int)uid);
	return name;
}

/* A user's number from a name or a number; ends the program for none. */
static inline uid_t user_number(const char *s)
{
	struct passwd *pw = getpwnam(s);
	unsigned long n;
	char *end;

	if (pw)
		return pw->pw_uid;
	n = strtoul(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end || n > 0xfffffffful)
		errx(2, "there is no user '%s'", s);
	return (uid_t)n;
}
