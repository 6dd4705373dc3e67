/* which: the files that would be run for the names of programs. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int can_run(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

/* 0 when it was found; all: wherever it is. */
static int find(const char *name, int all, int silent)
{
	const char *path = getenv("PATH"), *from, *end;
	char file[PATH_MAX];
	int found = 0;

	if (strchr(name, '/')) {
		found = can_run(name);
		if (found && !silent)
			puts(name);
		return !found;
	}
	for (from = path ? path : "/bin"; from; from = *end ? end + 1 : NULL) {
		end = strchrnul(from, ':');
		/* An empty one is the folder that one is in. */
		if (snprintf(file, sizeof(file), "%.*s%s/%s", (int)(end - from),
			     from, end == from ? "." : "",
			     name) >= (int)sizeof(file) ||
		    !can_run(file))
			continue;
		found = 1;
		if (!silent)
			puts(file);
		if (!all)
			break;
	}
	return !found;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, all = 0, silent = 0, status = 0;

	while ((c = getopt_long(argc, argv, "+as", longs, NULL)) != -1) {
		if (c == 'a') {
			all = 1;
		} else if (c == 's') {
			silent = 1;
		} else {
			fputs("usage: which [-as] name...\n"
			      "-a: all that there are, -s: only the status\n",
			      c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (optind == argc)
		return 1;
	for (; optind < argc; optind++)
		status |= !*argv[optind] || find(argv[optind], all, silent);
	if (fflush(stdout))
		err(2, "write error");
	return status;
}
