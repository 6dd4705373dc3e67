/* ln: another name for a file, or with -s a symbolic link to it. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int symbolic, force, no_follow, verbose;

static int make_link(const char *target, const char *path)
{
	struct stat a, b;
	int ret, tries;

	for (tries = 0;; tries++) {
		if (symbolic)
			ret = symlink(target, path);
		else
			ret = linkat(AT_FDCWD, target, AT_FDCWD, path, 0);
		if (ret == 0) {
			if (verbose)
				printf("'%s' -> '%s'\n", path, target);
			return 0;
		}
		if (!force || errno != EEXIST || tries)
			break;
		if (!symbolic && stat(target, &a) == 0 &&
		    lstat(path, &b) == 0 && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino) {
			warnx("'%s' and '%s' are the same file", target, path);
			return 1;
		}
		if (unlink(path) < 0)
			break;
	}
	warn("%s", path);
	return 1;
}

static int is_folder(const char *path)
{
	struct stat st;

	return (no_follow ? lstat(path, &st) : stat(path, &st)) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int link_into(char *target, const char *folder)
{
	char path[PATH_MAX], copy[PATH_MAX];

	if (strlen(target) >= sizeof(copy)) {
		warnx("%s: name too long", target);
		return 1;
	}
	strcpy(copy, target);
	if (snprintf(path, sizeof(path), "%s/%s", folder, basename(copy)) >=
	    (int)sizeof(path)) {
		warnx("%s: name too long", folder);
		return 1;
	}
	return make_link(target, path);
}

int main(int argc, char **argv)
{
	int c, n, failed = 0;

	while ((c = getopt(argc, argv, "sfnvLPT")) != -1) {
		switch (c) {
		case 's':
			symbolic = 1;
			break;
		case 'f':
			force = 1;
			break;
		case 'n':
			no_follow = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'L':
		case 'P':
			break;
		case 'T':
			no_follow = 1;
			break;
		default:
			goto usage;
		}
	}
	argv += optind;
	n = argc - optind;
	if (n < 1)
		goto usage;
	if (n == 1)
		return link_into(argv[0], ".");
	if (is_folder(argv[n - 1])) {
		for (c = 0; c < n - 1; c++)
			failed |= link_into(argv[c], argv[n - 1]);
		return failed;
	}
	if (n == 2)
		return make_link(argv[0], argv[1]);
	errx(1, "%s: not a directory", argv[n - 1]);

usage:
	fprintf(stderr, "usage: ln [-sfnv] target [link]\n"
			"       ln [-sfnv] target... directory\n");
	return 1;
}
