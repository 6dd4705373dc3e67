/* id: who one is.  -u user, -g group, -G groups; -n names; -r the real one. */
#define _GNU_SOURCE
#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "plain.h"

static void put(const char *label, unsigned int id, const char *name)
{
	printf("%s=%u", label, id);
	if (name)
		printf("(%s)", name);
}

static const char *user(uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	return pw ? pw->pw_name : NULL;
}

static const char *group(gid_t gid)
{
	struct group *gr = getgrgid(gid);

	return gr ? gr->gr_name : NULL;
}

static void put_one(unsigned int id, const char *name, int names)
{
	if (names && name)
		fputs(name, stdout);
	else
		printf("%u", id);
}

int main(int argc, char **argv)
{
	int c, what = 0, names = 0, real = 0, n, i;
	static gid_t list[65536];

	plain_help(argc, argv, "usage: id [-ugG] [-nr]\n");
	while ((c = getopt(argc, argv, "ugGnr")) != -1) {
		switch (c) {
		case 'u':
		case 'g':
		case 'G':
			what = c;
			break;
		case 'n':
			names = 1;
			break;
		case 'r':
			real = 1;
			break;
		default:
			fprintf(stderr, "usage: id [-ugG] [-nr]\n");
			return 1;
		}
	}
	n = getgroups(65536, list);
	if (n < 0)
		n = 0;
	if (what == 'u') {
		uid_t uid = real ? getuid() : geteuid();

		put_one(uid, user(uid), names);
	} else if (what == 'g') {
		gid_t gid = real ? getgid() : getegid();

		put_one(gid, group(gid), names);
	} else if (what == 'G') {
		put_one(getegid(), group(getegid()), names);
		for (i = 0; i < n; i++) {
			if (list[i] == getegid())
				continue;
			putchar(' ');
			put_one(list[i], group(list[i]), names);
		}
	} else {
		put("uid", getuid(), user(getuid()));
		put(" gid", getgid(), group(getgid()));
		if (geteuid() != getuid())
			put(" euid", geteuid(), user(geteuid()));
		if (getegid() != getgid())
			put(" egid", getegid(), group(getegid()));
		put(" groups", getegid(), group(getegid()));
		for (i = 0; i < n; i++) {
			if (list[i] == getegid())
				continue;
			printf(",%u", list[i]);
			if (group(list[i]))
				printf("(%s)", group(list[i]));
		}
	}
	putchar('\n');
	return 0;
}
