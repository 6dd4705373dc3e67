/* mktemp: make an empty file, or with -d a directory, of a name that is new. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static void fill(char *x, size_t n)
{
	static const char set[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789";
	unsigned char r;

	for (; n; x++, n--) {
		/* 248 is the last multiple of 62: each letter is as likely. */
		do {
			if (getrandom(&r, 1, 0) != 1)
				err(1, "getrandom");
		} while (r >= 248);
		*x = set[r % 62];
	}
}

static int make(char *path, char *x, size_t n, int folder, int dry)
{
	struct stat st;
	int tries, fd;

	for (tries = 0; tries < 1000; tries++) {
		fill(x, n);
		if (dry) {
			if (lstat(path, &st) < 0)
				return errno == ENOENT ? 0 : -1;
			continue;
		}
		if (folder) {
			if (mkdir(path, 0700) == 0)
				return 0;
		} else {
			fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
				  0600);
			if (fd >= 0)
				return close(fd);
		}
		if (errno != EEXIST)
			return -1;
	}
	errno = EEXIST;
	return -1;
}

static int usage(int status)
{
	fputs("usage: mktemp [-dqtu] [-p dir] [--suffix=text] [template]\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "directory", no_argument, NULL, 'd' },
		{ "dry-run", no_argument, NULL, 'u' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "suffix", required_argument, NULL, 'S' },
		{ "tmpdir", optional_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *template = "tmp.XXXXXXXXXX", *dir = NULL, *env;
	const char *suffix = NULL;
	int c, folder = 0, dry = 0, quiet = 0, old = 0, use_dir = 0;
	char *path, *x;
	size_t n;

	while ((c = getopt_long(argc, argv, "dp:qtu", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			folder = 1;
			break;
		case 'u':
			dry = 1;
			break;
		case 'q':
			quiet = 1;
			break;
		case 'p':
			use_dir = 1;
			dir = optarg;
			break;
		case 't':
			old = use_dir = 1;
			break;
		case 'S':
			suffix = optarg;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (argc - optind > 1)
		return usage(1);
	if (optind < argc)
		template = argv[optind];
	else
		use_dir = 1;
	/* TMPDIR goes before -p for -t. */
	env = getenv("TMPDIR");
	if (env && !*env)
		env = NULL;
	if (old)
		dir = env ? env : dir;
	else if (!dir || !*dir)
		dir = env;
	if (!dir || !*dir)
		dir = "/tmp";
	if (use_dir && *template == '/')
		errx(1, "'%s' must not be absolute here", template);
	if (old && strchr(template, '/'))
		errx(1, "'%s' must not have a slash", template);
	if (asprintf(&path, "%s%s%s%s", use_dir ? dir : "",
		     use_dir && dir[strlen(dir) - 1] != '/' ? "/" : "",
		     template, suffix ? suffix : "") < 0)
		err(1, NULL);
	/* The last run of X; with --suffix it must end the template. */
	x = path + strlen(path) - (suffix ? strlen(suffix) : 0);
	if (suffix ? x[-1] != 'X' || strchr(suffix, '/') != NULL : 0)
		errx(1, "with --suffix, the template '%s' must end in X",
		     template);
	while (x > path && x[-1] != 'X' && x[-1] != '/')
		x--;
	for (n = 0; x > path && x[-1] == 'X'; n++)
		x--;
	if (n < 3)
		errx(1, "too few X in template '%s'", template);
	if (make(path, x, n, folder, dry) < 0) {
		if (!quiet)
			warn("cannot make '%s'", path);
		return 1;
	}
	if (puts(path) == EOF || fflush(stdout)) {
		/* Who does not learn the name cannot remove it. */
		warn("write error");
		if (!dry)
			remove(path);
		return 1;
	}
	return 0;
}
