/*
 * Aliases: a word in command position that is replaced by a text before the
 * command is parsed. An alias that is being read is kept until its text is
 * used up, also when unalias removes it meanwhile.
 */
#pragma once

#include <stdbool.h>

struct args;

struct alias {
	struct alias *next;
	char *name, *value;
	int busy;  /* sources that read it now */
	bool gone; /* removed: freed when no longer busy */
};

/* The alias of that name which may be expanded now, or NULL. */
struct alias *alias_find(const char *name);
void alias_put(struct alias *al);
/* Adds the names of all. */
void alias_names(struct args *out);

int bi_alias(int argc, char **argv);
int bi_unalias(int argc, char **argv);
