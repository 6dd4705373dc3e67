/* tty: the name of the terminal that is the standard input. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *f)
{
	fputs("usage: tty [-s]\n", f);
	return f == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
	int silent = 0, c;
	const char *name;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	while ((c = getopt(argc, argv, "s")) != -1) {
		if (c != 's')
			return usage(stderr);
		silent = 1;
	}
	if (optind != argc)
		return usage(stderr);
	name = isatty(0) ? ttyname(0) : NULL;
	if (!silent)
		puts(name ? name : "not a tty");
	return name == NULL;
}
