/*
 * fdinfo: what a process has open.  Each descriptor with what may be done with
 * it and where it leads to; beside them the folder that it is in, its root and
 * its program.  Processes by number or by name; without one, all of them.
 * lsof: the same by process, user or file; fuser: which processes have a file.
 */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "process.h"
#include "shown.h"
#include "utf8.h"

static int proc;

static enum { FDINFO, LSOF, FUSER } who;

/* What lsof and fuser look for: files, or (volume) all that is on their file
 * systems; what was found in one process is told once. */
static struct stat *files;
static int file_count, volume, brief, told;

static int is_wanted(const char *path)
{
	struct stat st;
	int i;

	if (!file_count)
		return 1;
	if (fstatat(proc, path, &st, 0) < 0)
		return 0;
	for (i = 0; i < file_count; i++) {
		const struct stat *f = &files[i];

		/* A device, whatever names it has; of its file system lsof
		 * tells always, and fuser, which may kill, when asked to. */
		if (S_ISBLK(f->st_mode)) {
			if ((S_ISBLK(st.st_mode) && st.st_rdev == f->st_rdev) ||
			    (st.st_dev == f->st_rdev &&
			     (volume || who == LSOF)))
				return 1;
		} else if (st.st_dev == f->st_dev &&
			   (volume || st.st_ino == f->st_ino)) {
			return 1;
		}
	}
	return 0;
}

static const char *kind(const char *path)
{
	struct stat st;

	if (fstatat(proc, path, &st, 0) < 0)
		return "?";
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return "REG";
	case S_IFDIR:
		return "DIR";
	case S_IFCHR:
		return "CHR";
	case S_IFBLK:
		return "BLK";
	case S_IFIFO:
		return "FIFO";
	case S_IFSOCK:
		return "sock";
	}
	return "a_in";
}

static void show_link(const struct process *p, const char *fd, const char *mode,
		      const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(proc, path, target, sizeof(target) - 1);

	if (n < 0 || !is_wanted(path) || (brief && told))
		return;
	told = 1;
	target[n] = 0;
	if (brief) {
		printf(who == FUSER ? " %5d" : "%d\n", p->pid);
		return;
	}
	if (who == LSOF) {
		for (n = utf8_put(p->name, 15, stdout); n < 15; n++)
			putchar(' ');
		printf(" %6d %-8s %4s%-2s %-4s ", p->pid, user_name(p->uid), fd,
		       mode, kind(path));
		utf8_put(target, INT_MAX, stdout);
		putchar('\n');
		return;
	}
	printf("%6d ", p->pid);
	for (n = utf8_put(p->name, 15, stdout); n < 15; n++)
		putchar(' ');
	printf(" %4s %-2s ", fd, mode);
	utf8_put(target, INT_MAX, stdout);
	putchar('\n');
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

	told = 0;
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
		if (who == LSOF) {
			mode[0] = mode[0] == '-'   ? 'w'
				  : mode[1] == '-' ? 'r'
						   : 'u';
			mode[1] = 0;
		}
		mode[2] = 0;
		show_link(p, number, mode, path);
	}
	closedir(dir);
	free(fds);
	return 0;
}

static _Noreturn void usage(int status)
{
	fputs("usage: fdinfo [pid | name]...\n"
	      "       lsof [-t] [-p pid,...] [-c name] [-u user] [file...]\n"
	      "       fuser [-kms] file...\n",
	      status ? stderr : stdout);
	exit(status);
}

static void add_files(char **argv, int n)
{
	files = calloc((size_t)n + 1, sizeof(*files));
	if (!files)
		err(1, NULL);
	for (; file_count < n; file_count++)
		if (stat(argv[file_count], &files[file_count]) < 0)
			err(1, "%s", argv[file_count]);
}

/* Is it in the list, "1,22,333"? */
static int in_list(const char *list, int pid)
{
	char *end;

	for (; *list; list = end) {
		if (strtol(list, &end, 10) == pid && end != list)
			return 1;
		if (end == list || (*end && *end != ','))
			errx(1, "'%s' is no number", list);
		end += *end == ',';
	}
	return 0;
}

static int lsof(int argc, char **argv)
{
	const char *pids = NULL, *name = NULL, *user = NULL;
	struct process *list;
	int c, found = 0;
	uid_t uid = 0;
	size_t n, i;

	while ((c = getopt(argc, argv, "c:p:tu:")) != -1) {
		switch (c) {
		case 'c':
			name = optarg;
			break;
		case 'p':
			pids = optarg;
			break;
		case 't':
			brief = 1;
			break;
		case 'u':
			user = optarg;
			uid = user_number(user);
			break;
		default:
			usage(1);
		}
	}
	add_files(argv + optind, argc - optind);
	n = process_all(proc = proc_open(), &list);
	if (!brief)
		printf("%-15s %6s %-8s %4s   %-4s NAME\n", "COMMAND", "PID",
		       "USER", "FD", "TYPE");
	for (i = 0; i < n; i++) {
		if ((pids && !in_list(pids, list[i].pid)) ||
		    (name && strncmp(list[i].name, name, strlen(name)) != 0) ||
		    (user && list[i].uid != uid))
			continue;
		show(&list[i], 0);
		found |= told;
	}
	return !found;
}

static int fuser(int argc, char **argv)
{
	int c, end = 0, silent = 0, found, missed = 0;
	struct process *list;
	size_t n, i;

	while ((c = getopt(argc, argv, "kms")) != -1) {
		end |= c == 'k';
		volume |= c == 'm';
		silent |= c == 's';
		if (c == '?')
			usage(1);
	}
	if (optind == argc)
		usage(1);
	if (silent && !freopen("/dev/null", "w", stdout))
		err(1, "/dev/null");
	brief = 1;
	proc = proc_open();
	for (; optind < argc; optind++) {
		file_count = found = 0;
		add_files(argv + optind, 1);
		/* $(fuser file) is numbers alone. */
		if (!silent) {
			shown_name(stderr, argv[optind]);
			fputc(':', stderr);
		}
		n = process_all(proc, &list);
		for (i = 0; i < n; i++) {
			if (list[i].pid == getpid())
				continue;
			show(&list[i], 0);
			found |= told;
			if (told && end && kill(list[i].pid, SIGKILL) < 0)
				warn("%d", list[i].pid);
		}
		if (fflush(stdout) == 0 && !silent)
			fputc('\n', stderr);
		missed |= !found;
		free(list);
	}
	return missed;
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

	if (argc == 2 && !strcmp(argv[1], "--help"))
		usage(0);
	if (plain_named(argv, "lsof") || plain_named(argv, "fuser")) {
		who = plain_named(argv, "lsof") ? LSOF : FUSER;
		c = who == LSOF ? lsof(argc, argv) : fuser(argc, argv);
		return plain_end(c, 1);
	}
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
