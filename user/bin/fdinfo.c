/*
 * fdinfo: what a process has open.  Each descriptor with what may be done with
 * it and where it leads to; beside them the folder that it is in, its root and
 * its program.  Processes by number or by name; without one, all of them.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "utf8.h"

static int proc;

/* 0 when the link could be read. */
static int show_link(const struct process *p, const char *fd, const char *mode,
		     const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(proc, path, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = 0;
	printf("%6d ", p->pid);
	for (n = utf8_put(p->name, 15, stdout); n < 15; n++)
		putchar(' ');
	printf(" %4s %-2s ", fd, mode);
	utf8_put(target, INT_MAX, stdout);
	putchar('\n');
	return 0;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* 0; 1 when it may not be looked at. */
static int show(const struct process *p, int named)
{
	static const char *const places[] = { "cwd", "root", "exe" };
	int *fds = NULL, n = 0, cap = 0, i, fd;
	char path[64], number[16], mode[3];
	struct dirent *e;
	struct stat st;
	DIR *dir;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%d/%s", p->pid, places[i]);
		show_link(p, places[i], "", path);
	}
	snprintf(path, sizeof(path), "%d/fd", p->pid);
	fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		/* Others' are not shown, and are not asked for by name. */
		if (named && errno != ENOENT)
			warn("%d", p->pid);
		return named;
	}
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)*e->d_name))
			continue;
		if (n == cap) {
			cap = cap * 2 + 64;
			fds = reallocarray(fds, (size_t)cap, sizeof(*fds));
			if (!fds)
				err(1, NULL);
		}
		fds[n++] = atoi(e->d_name);
	}
	/* This one's own look at itself is no news. */
	fd = p->pid == getpid() ? dirfd(dir) : -1;
	if (n)
		qsort(fds, (size_t)n, sizeof(*fds), by_number);
	for (i = 0; i < n; i++) {
		if (fds[i] == fd)
			continue;
		snprintf(path, sizeof(path), "%d/fd/%d", p->pid, fds[i]);
		snprintf(number, sizeof(number), "%d", fds[i]);
		if (fstatat(proc, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* closed since */
		mode[0] = st.st_mode & 0400 ? 'r' : '-';
		mode[1] = st.st_mode & 0200 ? 'w' : '-';
		mode[2] = 0;
		show_link(p, number, mode, path);
	}
	closedir(dir);
	free(fds);
	return 0;
}

static _Noreturn void usage(int status)
{
	fputs("usage: fdinfo [pid | name]...\n", status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, status = 0, hit, number;
	struct process *list;
	size_t n, i;
	char *end;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		usage(c == 'h' ? 0 : 2);
	proc = proc_open();
	n = process_all(proc, &list);
	printf("%6s %-15s %4s    %s\n", "PID", "COMMAND", "FD", "NAME");
	for (i = 0; i < n && optind == argc; i++)
		show(&list[i], 0);
	for (; optind < argc; optind++) {
		number = (int)strtol(argv[optind], &end, 10);
		hit = 0;
		for (i = 0; i < n; i++) {
			if (*end ? strcmp(list[i].name, argv[optind]) != 0
				 : list[i].pid != number)
				continue;
			hit = 1;
			status |= show(&list[i], 1);
		}
		if (!hit) {
			warnx("%s: no such process", argv[optind]);
			status = 1;
		}
	}
	if (fflush(stdout))
		err(1, "write error");
	return status;
}
