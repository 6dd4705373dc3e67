/* hostname: show or set the name of this machine. */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *f)
{
	fputs("usage: hostname [name]\n", f);
	return f == stderr;
}

int main(int argc, char **argv)
{
	char name[65];

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return usage(stderr);
	if (argc == 2) {
		if (sethostname(argv[1], strlen(argv[1])) < 0)
			err(1, "%s", argv[1]);
		return 0;
	}
	if (gethostname(name, sizeof(name)) < 0)
		err(1, "gethostname");
	puts(name);
	return 0;
}
