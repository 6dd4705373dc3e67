/* groups: the groups of this process, or those that the users named have. */
#define _GNU_SOURCE
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUPS_MAX 65536

static gid_t list[GROUPS_MAX + 1];

static void show(int n)
{
	struct group *g;
	int i;

	for (i = 0; i < n; i++) {
		g = getgrgid(list[i]);
		if (i)
			putchar(' ');
		if (g)
			fputs(g->gr_name, stdout);
		else
			printf("%u", list[i]);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	int i, k, n, failed = 0;
	struct passwd *pw;

	if (argc > 1 && *argv[1] == '-') {
		int help = !strcmp(argv[1], "--help");

		fprintf(help ? stdout : stderr, "usage: groups [user...]\n");
		return !help;
	}
	if (argc == 1) {
		list[0] = getegid();
		n = getgroups(GROUPS_MAX, list + 1);
		for (i = k = 1; i <= n; i++)
			if (list[i] != list[0])
				list[k++] = list[i];
		show(k);
	}
	for (i = 1; i < argc; i++) {
		pw = getpwnam(argv[i]);
		if (!pw) {
			warnx("%s: no such user", argv[i]);
			failed = 1;
			continue;
		}
		n = GROUPS_MAX;
		if (getgrouplist(argv[i], pw->pw_gid, list, &n) < 0)
			n = GROUPS_MAX;
		printf("%s : ", argv[i]);
		show(n);
	}
	return failed;
}
