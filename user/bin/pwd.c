/* pwd: the working directory.  -L: as $PWD has it, when that is right. */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* May $PWD be used: absolute, without dots, and the same place? */
static int usable(const char *pwd)
{
	struct stat a, b;

	return pwd && *pwd == '/' && !strstr(pwd, "/./") &&
	       !strstr(pwd, "/../") && stat(pwd, &a) == 0 &&
	       stat(".", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int usage(FILE *f)
{
	fputs("usage: pwd [-LP]\n", f);
	return f == stderr;
}

int main(int argc, char **argv)
{
	const char *pwd = getenv("PWD");
	char path[PATH_MAX];
	int c, logical = 0;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	while ((c = getopt(argc, argv, "LP")) != -1) {
		if (c == '?') {
			return usage(stderr);
		}
		logical = c == 'L';
	}
	if (!logical || !usable(pwd)) {
		pwd = getcwd(path, sizeof(path));
		if (!pwd)
			err(1, "cannot tell the working directory");
	}
	puts(pwd);
	return 0;
}
