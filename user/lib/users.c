/* See users.h. */
#include "user/lib/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

unsigned int __users_number(const char *field)
{
	return (unsigned int)strtoul(field, NULL, 10);
}

static int is_number(const char *s)
{
	char *end;

	if (*s < '0' || *s > '9')
		return 0;
	/* The largest one means "no user" to the kernel. */
	return strtoul(s, &end, 10) < 0xffffffff && !*end;
}

int __users_plain(const char *field)
{
	return !field || !field[strcspn(field, ":\n")];
}

static int split(struct users_line *line, int n, unsigned int numbers)
{
	char *p = line->text;
	int i;

	p[strcspn(p, "\n")] = 0;
	if (!*p || *p == '#' || *p == ':')
		return 0;
	for (i = 0; i < n; i++) {
		if (!p)
			return 0;
		if (i == n - 1)
			line->fields[i] = p;
		else
			line->fields[i] = strsep(&p, ":");
		if (numbers & 1u << i && !is_number(line->fields[i]))
			return 0;
	}
	return 1;
}

int __users_next(FILE *f, struct users_line *line, int n, unsigned int numbers)
{
	for (;;) {
		errno = 0;
		if (getline(&line->text, &line->cap, f) < 0)
			return errno ? -1 : 0;
		/* A line with a zero byte in it is no text. */
		if (split(line, n, numbers))
			return 1;
	}
}
