/*
 * id: who one is, or a user who is named.  -u user, -g group, -G groups; -n
 * names; -r the real one.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plain.h"

#define GROUPS_MAX 65536

static struct {
	uid_t uid, euid;
	gid_t gid, egid;
	gid_t list[GROUPS_MAX];
	int n;
} who;

static void put(const char *label, unsigned int id, const char *name)
{
	printf("%s%u", label, id);
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

static void look_at_self(void)
{
	who.uid = getuid();
	who.euid = geteuid();
	who.gid = getgid();
	who.egid = getegid();
	who.n = getgroups(GROUPS_MAX, who.list);
	if (who.n < 0)
		who.n = 0;
}

static void look_at(const char *name)
{
	struct passwd *pw = getpwnam(name);
	unsigned long n;
	char *end;

	if (!pw && isdigit((unsigned char)*name)) {
		n = strtoul(name, &end, 10);
		if (!*end && n < UINT_MAX)
			pw = getpwuid((uid_t)n);
	}
	if (!pw)
		errx(1, "%s: no such user", name);
	who.uid = who.euid = pw->pw_uid;
	who.gid = who.egid = pw->pw_gid;
	who.n = GROUPS_MAX;
	if (getgrouplist(pw->pw_name, pw->pw_gid, who.list, &who.n) < 0)
		who.n = GROUPS_MAX;
}

static void put_all(void)
{
	int i;

	put("uid=", who.uid, user(who.uid));
	put(" gid=", who.gid, group(who.gid));
	if (who.euid != who.uid)
		put(" euid=", who.euid, user(who.euid));
	if (who.egid != who.gid)
		put(" egid=", who.egid, group(who.egid));
	put(" groups=", who.egid, group(who.egid));
	for (i = 0; i < who.n; i++)
		if (who.list[i] != who.egid)
			put(",", who.list[i], group(who.list[i]));
}

static int usage(FILE *f)
{
	fprintf(f, "usage: id [-u | -g | -G] [-nr] [user]\n"
		   "-u: user, -g: group, -G: all groups, -n: names, "
		   "-r: the real ones\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "user", no_argument, NULL, 'u' },
		{ "group", no_argument, NULL, 'g' },
		{ "groups", no_argument, NULL, 'G' },
		{ "name", no_argument, NULL, 'n' },
		{ "real", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, what = 0, names = 0, real = 0, i;

	while ((c = getopt_long(argc, argv, "ugGnrh", options, NULL)) != -1) {
		switch (c) {
		case 'u':
		case 'g':
		case 'G':
			if (what && what != c)
				return usage(stderr);
			what = c;
			break;
		case 'n':
			names = 1;
			break;
		case 'r':
			real = 1;
			break;
		default:
			return usage(c == 'h' ? stdout : stderr);
		}
	}
	if (argc - optind > 1 || (!what && (names || real)))
		return usage(stderr);
	if (optind < argc)
		look_at(argv[optind]);
	else
		look_at_self();
	if (what == 'u') {
		uid_t uid = real ? who.uid : who.euid;

		put_one(uid, user(uid), names);
	} else if (what == 'g') {
		gid_t gid = real ? who.gid : who.egid;

		put_one(gid, group(gid), names);
	} else if (what == 'G') {
		put_one(who.egid, group(who.egid), names);
		for (i = 0; i < who.n; i++) {
			if (who.list[i] == who.egid)
				continue;
			putchar(' ');
			put_one(who.list[i], group(who.list[i]), names);
		}
	} else {
		put_all();
	}
	putchar('\n');
	return plain_end(0, 1);
}
