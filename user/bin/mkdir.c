/* mkdir: make directories.  -p: with those above them, and none is no fault. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int parents, verbose;
static mode_t mode = 0777;
static int mode_given;

static int make(const char *path, mode_t m)
{
	struct stat st;
	int why;

	if (mkdir(path, m) == 0) {
		if (verbose)
			printf("mkdir: created directory '%s'\n", path);
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
	ret = make(path, mode);
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

int main(int argc, char **argv)
{
	int c, failed = 0;
	char *end;

	while ((c = getopt(argc, argv, "pm:v")) != -1) {
		switch (c) {
		case 'p':
			parents = 1;
			break;
		case 'm':
			mode = (mode_t)strtoul(optarg, &end, 8);
			if (*end || !*optarg || mode > 07777)
				errx(1, "%s: not an octal mode", optarg);
			mode_given = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			goto usage;
		}
	}
	if (optind == argc)
		goto usage;
	for (; optind < argc; optind++)
		failed |= make_all(argv[optind]);
	return failed;

usage:
	fprintf(stderr, "usage: mkdir [-pv] [-m mode] directory...\n");
	return 1;
}
