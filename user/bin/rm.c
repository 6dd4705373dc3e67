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

static int recursive, force, ask, dirs, verbose, failed;

static void complain(const char *path)
{
	warn("cannot remove '%s'", path);
	failed = 1;
}

static int agreed(const char *path, const char *what)
{
	char answer[80];

	fprintf(stderr, "rm: %s '%s'? ", what, path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static char *join(const char *path, const char *name)
{
	char *full;

	if (asprintf(&full, "%s/%s", path, name) < 0)
		err(1, "%s", path);
	return full;
}

static void remove_at(int dir, const char *name, const char *path);

static void empty_folder(int dir, const char *name, const char *path)
{
	int fd = openat(dir, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *e;
	char *full;
	DIR *d;

	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		/* An empty one need not be read to be removed. */
		if (unlinkat(dir, name, AT_REMOVEDIR) < 0)
			complain(path);
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		full = join(path, e->d_name);
		remove_at(fd, e->d_name, full);
		free(full);
	}
	closedir(d);
}

static void remove_at(int dir, const char *name, const char *path)
{
	struct stat st;
	int flags = 0, emptied = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (!force || (errno != ENOENT && errno != ENOTDIR))
			complain(path);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		flags = AT_REMOVEDIR;
		if (!recursive && !dirs) {
			errno = EISDIR;
			complain(path);
			return;
		}
		if (recursive) {
			if (ask && !agreed(path, "descend into directory"))
				return;
			empty_folder(dir, name, path);
			emptied = 1;
		}
	}
	if (ask) {
		if (!agreed(path, S_ISDIR(st.st_mode) ? "remove directory"
						      : "remove"))
			return;
	} else if (!force && !S_ISLNK(st.st_mode) && isatty(0) &&
		   faccessat(dir, name, W_OK, 0) < 0 && errno == EACCES) {
		if (!agreed(path, "remove write-protected"))
			return;
	}
	if (unlinkat(dir, name, flags) < 0) {
		/* What was in it has not gone, and has been named. */
		if (S_ISDIR(st.st_mode) && recursive && failed &&
		    (errno == ENOTEMPTY || errno == EEXIST))
			return;
		if (errno != ENOENT || (!force && !emptied))
			complain(path);
		if (errno != ENOENT || !emptied)
			return;
	}
	if (verbose)
		printf("removed %s'%s'\n",
		       S_ISDIR(st.st_mode) ? "directory " : "", path);
}

/* What ends in . or .. would take the ground from under our feet. */
static int is_dots(const char *path)
{
	char *copy = strdup(path), *base;
	int ret;

	if (!copy)
		err(1, "%s", path);
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
		if (is_dots(argv[optind])) {
			warnx("refusing to remove '%s'", argv[optind]);
			failed = 1;
		} else {
			remove_at(AT_FDCWD, argv[optind], argv[optind]);
		}
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
