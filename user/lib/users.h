/*
 * How the files of users, groups and passwords are read: a line at a time, its
 * fields between colons.  What is no such line (a comment, too few fields, a
 * number that is none) is passed over: a broken number must never be taken
 * for 0.
 */
#pragma once

#include <stdio.h>

/* A line that lives until the next one is read, and its fields. */
struct users_line {
	char *text;
	size_t cap;
	char *fields[9];
};

/*
 * Read the next line that has exactly n fields, of which those in the bit
 * mask `numbers` are unsigned numbers of 32 bits; the last field keeps colons
 * that are too many.  1, or 0 at the end of the file, or -1 with errno when
 * memory ran out or the file cannot be read.
 */
int __users_next(FILE *f, struct users_line *line, int n, unsigned int numbers);

/* The number that __users_next has looked at. */
unsigned int __users_number(const char *field);

/* May this stand in a field that others follow? */
int __users_plain(const char *field);
