/* tty: the name of the terminal that is the standard input. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: tty [-s]\n";

int main(int argc, char **argv)
{
	int silent = 0, c;
	const char *name;

	plain_help(argc, argv, usage_text);
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
	return plain_end(name == NULL, 3);
usage:
	fputs(usage_text, stderr);
	return 2;
}
