/* rmdir: remove empty directories.  -p: then those above them too. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int remove_all(char *path, int parents)
{
	char *slash;

	for (;;) {
		if (rmdir(path) < 0) {
			warn("failed to remove '%s'", path);
			return 1;
		}
		if (!parents)
			return 0;
		for (slash = path + strlen(path);
		     slash > path && slash[-1] == '/';)
			*--slash = 0;
		slash = strrchr(path, '/');
		if (!slash || slash == path)
			return 0;
		*slash = 0;
	}
}

int main(int argc, char **argv)
{
	int c, parents = 0, failed = 0;

	while ((c = getopt(argc, argv, "p")) != -1) {
		if (c != 'p')
			goto usage;
		parents = 1;
	}
	if (optind == argc)
		goto usage;
	for (; optind < argc; optind++)
		failed |= remove_all(argv[optind], parents);
	return failed;

usage:
	fprintf(stderr, "usage: rmdir [-p] directory...\n");
	return 1;
}
