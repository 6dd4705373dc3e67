/*
 * rm: remove files, and with -r directories with all that is in them.  The
 * walk goes by directory descriptors, so its depth is not bound by the length
 * of a path, and nobody can lead it away by putting a link in its way.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"
#include "spot.h"

static int recursive, force, ask, dirs, verbose, failed;

static void complain(const char *what)
{
	warn("cannot remove '%s'", what);
	failed = 1;
}

static int agreed(const char *name, const char *what)
{
	char answer[80];

	shown_print(stderr, "rm: %s '%s'? ", what, name);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/*
 * The path of what is looked at, for messages; that of each folder above is its
 * beginning.
 */
static char *path;
static size_t path_len, path_cap;

static void path_set(size_t keep, const char *name)
{
	size_t n = strlen(name);

	if (keep + n + 2 > path_cap) {
		path_cap = (keep + n + 2) * 2;
		path = realloc(path, path_cap);
		if (!path)
			err(1, NULL);
	}
	if (keep)
		path[keep++] = '/';
	memcpy(path + keep, name, n + 1);
	path_len = keep + n;
}

/* A folder that is being emptied. */
struct folder {
	struct spot spot;
	struct folder *up;
	size_t path_len;
	size_t name; /* where in the path its own name begins */
	DIR *more;   /* there is more to read */
	char *names; /* those that were read, each with its final zero */
	size_t at, n, cap;
};

/* As many names are read at a time. */
#define BATCH 65536

static void folder_free(struct folder *f)
{
	if (f->more)
		closedir(f->more);
	free(f->names);
	free(f);
}

/* The next name in a folder, or NULL. */
static const char *folder_next(struct folder *f)
{
	struct dirent *e;
	const char *name;
	size_t n;

	if (f->at == f->n && f->more) {
		f->at = f->n = 0;
		while (f->n < BATCH) {
			errno = 0;
			e = readdir(f->more);
			if (!e) {
				if (errno)
					complain(path);
				closedir(f->more);
				f->more = NULL;
				break;
			}
			if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
				continue;
			n = strlen(e->d_name) + 1;
			if (f->n + n > f->cap) {
				f->cap = (f->n + n) * 2;
				f->names = realloc(f->names, f->cap);
				if (!f->names)
					err(1, "%s", path);
			}
			memcpy(f->names + f->n, e->d_name, n);
			f->n += n;
		}
	}
	if (f->at == f->n)
		return NULL;
	name = f->names + f->at;
	f->at += strlen(name) + 1;
	return name;
}

/* Remove one; a folder that was entered (`emptied`) is left with it. */
static void finish(int dir, const char *name, const struct stat *st,
		   int emptied)
{
	int is_dir = S_ISDIR(st->st_mode);

	if (ask) {
		if (!agreed(path, is_dir ? "remove directory" : "remove"))
			return;
	} else if (!force && !S_ISLNK(st->st_mode) && isatty(0) &&
		   faccessat(dir, name, W_OK, 0) < 0 && errno == EACCES) {
		if (!agreed(path, "remove write-protected"))
			return;
	}
	if (unlinkat(dir, name, is_dir ? AT_REMOVEDIR : 0) < 0) {
		/* What was in it has not gone, and has been named. */
		if (is_dir && recursive && failed &&
		    (errno == ENOTEMPTY || errno == EEXIST))
			return;
		if (errno != ENOENT || (!force && !emptied))
			complain(path);
		if (errno != ENOENT || !emptied)
			return;
	}
	if (verbose)
		shown_print(stdout, "removed %s'%s'\n",
			    is_dir ? "directory " : "", path);
}

/* `name` in the folder up, or of the user: removed, or entered and returned. */
static struct folder *visit(struct folder *up, const char *name)
{
	int dir = up ? up->spot.fd : AT_FDCWD, fd, why;
	struct folder *f;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (!force || (errno != ENOENT && errno != ENOTDIR))
			complain(path);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		finish(dir, name, &st, 0);
		return NULL;
	}
	if (!recursive) {
		errno = EISDIR;
		if (!dirs)
			complain(path);
		else
			finish(dir, name, &st, 0);
		return NULL;
	}
	if (ask && !agreed(path, "descend into directory"))
		return NULL;
	f = calloc(1, sizeof(*f));
	if (!f)
		err(1, "%s", path);
	if (spot_enter(&f->spot, up ? &up->spot : NULL, name, 0) < 0)
		goto shut;
	f->up = up;
	f->path_len = path_len;
	f->name = up ? up->path_len + 1 : 0;
	fd = openat(f->spot.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->more = fd < 0 ? NULL : fdopendir(fd);
	if (f->more)
		return f;
	why = errno;
	if (fd >= 0)
		close(fd);
	close(f->spot.fd);
	errno = why;
shut:
	/* An empty one need not be read to be removed. */
	why = errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0) {
		if (verbose)
			shown_print(stdout, "removed directory '%s'\n", path);
	} else {
		if (errno == ENOTEMPTY)
			errno = why;
		complain(path);
	}
	free(f);
	return NULL;
}

/* Out of an emptied folder, which goes; to the one above. */
static struct folder *leave(struct folder *f)
{
	struct folder *up = f->up, *next;
	struct stat st;

	if (spot_leave(&f->spot) < 0) {
		complain(path);
		for (; f; f = next) {
			next = f->up;
			if (f != up && next && next->spot.fd >= 0)
				close(next->spot.fd);
			folder_free(f);
		}
		return NULL;
	}
	st.st_mode = S_IFDIR;
	finish(up ? up->spot.fd : AT_FDCWD, path + f->name, &st, 1);
	folder_free(f);
	return up;
}

/*
 * Not by recursion: a tree may be deeper than a stack.
 */
static void remove_operand(const char *operand)
{
	struct folder *f, *below;
	const char *name;

	path_set(0, operand);
	f = visit(NULL, operand);
	while (f) {
		name = folder_next(f);
		if (!name) {
			f = leave(f);
		} else {
			path_set(f->path_len, name);
			below = visit(f, name);
			if (below)
				f = below;
		}
		if (f) {
			path_len = f->path_len;
			path[path_len] = 0;
		}
	}
}

/* What ends in . or .. would take the ground from under our feet. */
static int is_dots(const char *operand)
{
	char *copy = strdup(operand), *base;
	int ret;

	if (!copy)
		err(1, "%s", operand);
	base = basename(copy);
	ret = !strcmp(base, ".") || !strcmp(base, "..") || !strcmp(base, "/");
	free(copy);
	return ret;
}

static int usage(int status)
{
	fputs("usage: rm [-dfiIrRv] file...\n", status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "dir", no_argument, NULL, 'd' },
		{ "force", no_argument, NULL, 'f' },
		{ "interactive", optional_argument, NULL, 'i' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "preserve-root", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, once = 0;

	while ((c = getopt_long(argc, argv, "rRfiIdv", longs, NULL)) != -1) {
		switch (c) {
		case 'r':
		case 'R':
			recursive = 1;
			break;
		case 'f':
			force = 1;
			ask = once = 0;
			break;
		case 'i':
			force = 0;
			ask = !optarg || !strcmp(optarg, "always");
			once = optarg && !strcmp(optarg, "once");
			break;
		case 'I':
			once = 1;
			ask = force = 0;
			break;
		case 'p':
			break;
		case 'd':
			dirs = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (optind == argc && !force) {
		warnx("missing operand");
		return usage(1);
	}
	/* -I: one question for many files, or for trees. */
	if (once && (argc - optind > 3 || (recursive && optind < argc))) {
		char text[64];

		fprintf(stderr, "rm: remove %d argument%s%s? ", argc - optind,
			argc - optind == 1 ? "" : "s",
			recursive ? " recursively" : "");
		if (!fgets(text, sizeof(text), stdin) ||
		    (*text != 'y' && *text != 'Y'))
			return 0;
	}
	for (; optind < argc; optind++) {
		if (!*argv[optind] && force) {
			; /* like any that is not there */
		} else if (is_dots(argv[optind])) {
			warnx("refusing to remove '%s'", argv[optind]);
			failed = 1;
		} else {
			remove_operand(argv[optind]);
		}
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
