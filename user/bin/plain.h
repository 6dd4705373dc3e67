/*
 * For programs that know no long option but --help: how they show what they are
 * for, and how they end; and for those that have several names.
 */
#pragma once

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Was it called by this name? */
static inline int plain_named(char **argv, const char *name)
{
	const char *slash = strrchr(argv[0], '/');

	return strcmp(slash ? slash + 1 : argv[0], name) == 0;
}

/* Ends with this status, if what was printed could be written; otherwise with
 * `bad` and a message. */
static inline int plain_end(int status, int bad)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	warn("write error");
	return bad;
}

/* --help alone: prints the text, and that is all. */
static inline void plain_help(int argc, char **argv, const char *text)
{
	if (argc != 2 || strcmp(argv[1], "--help") != 0)
		return;
	fputs(text, stdout);
	exit(plain_end(0, 1));
}
