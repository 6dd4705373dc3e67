/* --help, for programs whose options are single letters. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When it is the only argument: the text to standard output, and the end. */
static inline void help(int argc, char **argv, const char *text)
{
	if (argc != 2 || strcmp(argv[1], "--help"))
		return;
	fputs(text, stdout);
	exit(fflush(stdout) ? 1 : 0);
}
