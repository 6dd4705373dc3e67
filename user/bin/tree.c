/*
 * tree: what is in a folder and below it, drawn as a tree.  Links are shown,
 * not followed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mode.h"
#include "plain.h"
#include "shown.h"

static int hidden, folders_only, whole_path, flat, sizes, modes, slash;
static int folders_first, report = 1, failed;
static long deepest;
static const char *only, *without;
static unsigned long folders, files;

struct entry {
	char *name;
	struct stat st;
};

static void *need(void *p)
{
	if (!p)
		err(1, NULL);
	return p;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (folders_first && S_ISDIR(x->st.st_mode) != S_ISDIR(y->st.st_mode))
		return S_ISDIR(x->st.st_mode) ? -1 : 1;
	return strcmp(x->name, y->name);
}

static char *join(const char *path, const char *name)
{
	size_t n = strlen(path);
	char *out;

	if (asprintf(&out, "%s%s%s", path, n && path[n - 1] == '/' ? "" : "/",
		     name) < 0)
		err(1, NULL);
	return out;
}

static void show(const char *name, const char *path, const struct stat *st)
{
	char mode[12], *target;
	ssize_t n;

	if (modes)
		mode_letters(st->st_mode, mode);
	if (modes && sizes)
		printf("[%s %11lld]  ", mode, (long long)st->st_size);
	else if (modes)
		printf("[%s]  ", mode);
	else if (sizes)
		printf("[%11lld]  ", (long long)st->st_size);
	shown_name(stdout, whole_path ? path : name);
	if (slash && S_ISDIR(st->st_mode))
		putchar('/');
	if (S_ISLNK(st->st_mode)) {
		target = need(malloc(4097));
		n = readlink(path, target, 4096);
		target[n < 0 ? 0 : n] = 0;
		fputs(" -> ", stdout);
		shown_name(stdout, target);
		free(target);
	}
}

/* The entries that are to be shown; -1 when the folder could not be read. */
static ssize_t read_folder(const char *path, struct entry **list)
{
	size_t n = 0, cap = 0;
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(path);
	char *full;

	*list = NULL;
	if (!d)
		return -1;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    (*e->d_name == '.' && !hidden) ||
		    (without && !fnmatch(without, e->d_name, 0)))
			continue;
		full = join(path, e->d_name);
		if (lstat(full, &st) < 0) {
			/* It may have gone meanwhile. */
			if (errno != ENOENT) {
				warn("%s", full);
				failed = 1;
			}
			free(full);
			continue;
		}
		free(full);
		if (!S_ISDIR(st.st_mode) &&
		    (folders_only || (only && fnmatch(only, e->d_name, 0))))
			continue;
		if (n == cap) {
			cap = cap * 2 + 32;
			*list = need(reallocarray(*list, cap, sizeof(**list)));
		}
		(*list)[n].name = need(strdup(e->d_name));
		(*list)[n++].st = st;
	}
	closedir(d);
	if (n)
		qsort(*list, n, sizeof(**list), by_name);
	return (ssize_t)n;
}

/* before: what stands at the left of all that is in the folder. */
static void walk(const char *path, const char *before, long depth)
{
	struct entry *list;
	ssize_t n, i;
	char *full, *more;

	n = read_folder(path, &list);
	if (n < 0) {
		fflush(stdout);
		warn("%s", path);
		failed = 1;
		return;
	}
	for (i = 0; i < n; i++) {
		const struct entry *e = &list[i];

		full = join(path, e->name);
		if (!flat)
			printf("%s%s-- ", before, i + 1 < n ? "|" : "`");
		show(e->name, full, &e->st);
		putchar('\n');
		if (!S_ISDIR(e->st.st_mode)) {
			files++;
		} else {
			folders++;
			if (asprintf(&more, "%s%s   ", before,
				     i + 1 < n ? "|" : " ") < 0)
				err(1, NULL);
			if (!deepest || depth < deepest)
				walk(full, more, depth + 1);
			free(more);
		}
		free(full);
		free(e->name);
	}
	free(list);
	if (ferror(stdout))
		err(1, "write error");
}

static _Noreturn void usage(int status)
{
	fputs("usage: tree [-adfFips] [-L depth] [-P pattern] [-I pattern] "
	      "[folder...]\n"
	      "-a: hidden ones too; -d: only folders; -f: whole paths; -F: a / "
	      "behind folders;\n"
	      "-i: no lines; -p, -s: permissions, sizes; -P, -I: only, not "
	      "these files;\n"
	      "--dirsfirst, --noreport: folders first; without the last line\n",
	      status ? stderr : stdout);
	exit(status);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dirsfirst", no_argument, &folders_first, 1 },
		{ "noreport", no_argument, &report, 0 },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct stat st;
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "adfFiI:L:pP:s", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 0:
			break;
		case 'a':
			hidden = 1;
			break;
		case 'd':
			folders_only = 1;
			break;
		case 'f':
			whole_path = 1;
			break;
		case 'F':
			slash = 1;
			break;
		case 'i':
			flat = 1;
			break;
		case 'I':
			without = optarg;
			break;
		case 'L':
			deepest = strtol(optarg, &end, 10);
			if (*end || deepest < 1)
				errx(1, "invalid depth '%s'", optarg);
			break;
		case 'p':
			modes = 1;
			break;
		case 'P':
			only = optarg;
			break;
		case 's':
			sizes = 1;
			break;
		default:
			usage(c == 'h' ? 0 : 1);
		}
	}
	argv += optind;
	argc -= optind;
	do {
		const char *path = argc > 0 ? *argv++ : ".";

		if (stat(path, &st) < 0) {
			warn("%s", path);
			failed = 1;
			continue;
		}
		show(path, path, &st);
		putchar('\n');
		if (S_ISDIR(st.st_mode))
			walk(path, "", 1);
	} while (--argc > 0);
	if (report) {
		printf("\n%lu director%s", folders, folders == 1 ? "y" : "ies");
		if (!folders_only)
			printf(", %lu file%s", files, files == 1 ? "" : "s");
		putchar('\n');
	}
	return plain_end(failed, 1);
}
