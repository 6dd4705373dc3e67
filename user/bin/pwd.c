/* pwd: the working directory.  -L: as $PWD has it, when that is right. */
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plain.h"

/* May $PWD be used: absolute, without dots, and the same place? */
static int usable(const char *pwd)
{
	struct stat a, b;

	return pwd && *pwd == '/' && !strstr(pwd, "/./") &&
	       !strstr(pwd, "/../") && stat(pwd, &a) == 0 &&
	       stat(".", &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static const char usage_text[] = "usage: pwd [-LP]\n";

int main(int argc, char **argv)
{
	const char *pwd = getenv("PWD");
	char path[PATH_MAX];
	int c, logical = 0;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "LP")) != -1) {
		if (c == '?') {
			fputs(usage_text, stderr);
			return 1;
		}
		logical = c == 'L';
	}
	if (!logical || !usable(pwd)) {
		pwd = getcwd(path, sizeof(path));
		if (!pwd)
			err(1, "cannot tell the working directory");
	}
	puts(pwd);
	return plain_end(0, 1);
}
