/* mkdir: make directories.  -p: with those above them, and none is no fault. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"

static int parents, verbose;
static mode_t mode = 0777;
static int mode_given;

/* 0: made, 1: was there, -1: failed. */
static int make(const char *path, mode_t m)
{
	struct stat st;
	int why;

	if (mkdir(path, m) == 0) {
		if (verbose)
			shown_print(stdout, "mkdir: created directory '%s'\n",
				    path);
		return 0;
	}
	why = errno;
	if (parents && (why == EEXIST || why == EROFS || why == EACCES) &&
	    stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 1;
	errno = why;
	return -1;
}

static int make_all(char *path)
{
	mode_t mask = umask(0);
	char *p = path;
	int ret = 0;

	umask(mask);
	while (parents && *p) {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		if (!*p || !p[strspn(p, "/")])
			break;
		*p = 0;
		/* Those above must let their maker in. */
		umask(mask & ~(mode_t)0300);
		ret = make(path, 0777);
		umask(mask);
		if (ret < 0)
			goto failed;
		*p = '/';
	}
	ret = make(path, mode & 0777);
	if (ret < 0)
		goto failed;
	/* An explicit mode is not for the mask to change. */
	if (ret == 0 && mode_given && chmod(path, mode) < 0)
		goto failed;
	return 0;

failed:
	warn("cannot create directory '%s'", path);
	return 1;
}

static int usage(int status)
{
	fputs("usage: mkdir [-pv] [-m mode] directory...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "parents", no_argument, NULL, 'p' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	mode_t mask = umask(0);
	int c, failed = 0;

	umask(mask);
	while ((c = getopt_long(argc, argv, "pm:v", longs, NULL)) != -1) {
		switch (c) {
		case 'p':
			parents = 1;
			break;
		case 'm':
			if (mode_change(optarg, 0777 & ~mask, 1, mask, &mode) <
			    0)
				errx(1, "invalid mode '%s'", optarg);
			mode_given = 1;
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
	if (optind == argc) {
		warnx("missing operand");
		return usage(1);
	}
	for (; optind < argc; optind++)
		failed |= make_all(argv[optind]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
