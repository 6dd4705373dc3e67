/* hostname: show or set the name of this machine. */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: hostname [name]\n";

int main(int argc, char **argv)
{
	char name[65];

	plain_help(argc, argv, usage_text);
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs(usage_text, stderr);
		return 1;
	}
	if (argc == 2 && !*argv[1])
		errx(1, "a name has letters");
	if (argc == 2) {
		if (sethostname(argv[1], strlen(argv[1])) < 0)
			err(1, "%s", argv[1]);
		return 0;
	}
	if (gethostname(name, sizeof(name)) < 0)
		err(1, "gethostname");
	puts(name);
	return plain_end(0, 1);
}
