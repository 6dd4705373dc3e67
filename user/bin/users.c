/* users: the names of those who are logged in, each as often as it is. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "plain.h"

static const char text[] = "usage: users [file]\n";

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
	char name[UT_NAMESIZE + 1], **names = NULL;
	const char *file;
	struct utmpx *u;
	size_t n = 0;

	plain_help(argc, argv, text);
	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	} else if (argc > 1 && *argv[1] == '-' && argv[1][1]) {
		warnx("unknown option %s", argv[1]);
		argc = 3;
	}
	if (argc > 2) {
		fputs(text, stderr);
		return 1;
	}
	file = argv[1];
	login_open(file);
	while ((u = login_next(file))) {
		names = reallocarray(names, n + 1, sizeof(*names));
		field_text(name, u->ut_user, sizeof(u->ut_user));
		if (!names || !(names[n++] = strdup(name)))
			err(1, NULL);
	}
	if (n)
		qsort(names, n, sizeof(*names), compare);
	for (size_t i = 0; i < n; i++)
		printf("%s%c", names[i], i + 1 < n ? ' ' : '\n');
	return plain_end(0, 1);
}
