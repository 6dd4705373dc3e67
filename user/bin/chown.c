/* chown: change owner and group, owner[:group] or :group. */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive, no_follow, failed;
static uid_t uid = (uid_t)-1;
static gid_t gid = (gid_t)-1;

static int number(const char *s, unsigned int *n)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	if (*end || *s < '0' || *s > '9' || v >= 0xffffffff)
		return -1;
	*n = (unsigned int)v;
	return 0;
}

static void parse(char *s)
{
	char *group = strchr(s, ':');
	struct passwd *pw;
	struct group *gr;

	if (group)
		*group++ = 0;
	if (*s) {
		pw = getpwnam(s);
		if (pw)
			uid = pw->pw_uid;
		else if (number(s, &uid) < 0)
			errx(1, "%s: no such user", s);
	}
	if (group && *group) {
		gr = getgrnam(group);
		if (gr)
			gid = gr->gr_gid;
		else if (number(group, &gid) < 0)
			errx(1, "%s: no such group", group);
	}
}

static void change(const char *path)
{
	struct dirent *e;
	struct stat st;
	char *sub;
	DIR *d;

	if (fchownat(AT_FDCWD, path, uid, gid,
		     no_follow || recursive ? AT_SYMLINK_NOFOLLOW : 0) < 0) {
		warn("%s", path);
		failed = 1;
	}
	if (!recursive || lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	d = opendir(path);
	if (!d) {
		warn("%s", path);
		failed = 1;
		return;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (asprintf(&sub, "%s/%s", path, e->d_name) < 0)
			err(1, NULL);
		change(sub);
		free(sub);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "Rh")) != -1) {
		switch (c) {
		case 'R':
			recursive = 1;
			break;
		case 'h':
			no_follow = 1;
			break;
		default:
			goto usage;
		}
	}
	if (argc - optind < 2)
		goto usage;
	parse(argv[optind]);
	for (optind++; optind < argc; optind++)
		change(argv[optind]);
	return failed;

usage:
	fprintf(stderr, "usage: chown [-Rh] [owner][:group] file...\n");
	return 1;
}
