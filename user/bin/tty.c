/* tty: the name of the terminal that is the standard input. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int silent = 0, c;
	const char *name;

	while ((c = getopt(argc, argv, "s")) != -1) {
		if (c != 's')
			goto usage;
		silent = 1;
	}
	if (optind != argc)
		goto usage;
	name = isatty(0) ? ttyname(0) : NULL;
	if (!silent)
		puts(name ? name : "not a tty");
	return name == NULL;
usage:
	fprintf(stderr, "usage: tty [-s]\n");
	return 2;
}
