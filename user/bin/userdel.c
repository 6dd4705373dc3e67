/*
 * userdel: take a user away, from all groups too, and the group of the same
 * name when it is nobody else's.  -r: the home folder as well.  -f: also while
 * processes of that user run.
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "accounts.h"

struct gone {
	char *name;
	char *home;
	uid_t uid;
	int group_too;
};

/* Everybody's files but this one's. */
static void change(char *line, FILE *out, void *arg)
{
	const struct gone *gone = arg;

	if (line && !line_is_of(line, gone->name))
		fputs(line, out);
}

static void change_group(char *line, FILE *out, void *arg)
{
	const struct gone *gone = arg;
	char *p, *member;
	int n = 0;

	if (!line || (gone->group_too && line_is_of(line, gone->name)))
		return;
	p = accounts_field(line, 3);
	if (!p) {
		fputs(line, out);
		return;
	}
	p[strcspn(p, "\n")] = 0;
	fprintf(out, "%.*s", (int)(p - line), line);
	while ((member = strsep(&p, ",")))
		if (*member && strcmp(member, gone->name) != 0)
			fprintf(out, "%s%s", n++ ? "," : "", member);
	putc('\n', out);
}

/* Remove a tree without ever following a link: its owner may still be at it. */
static int remove_tree(int at, const char *name, dev_t dev)
{
	int fd = openat(at, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *e;
	struct stat st;
	int failed = 0;
	DIR *d;

	if (fd < 0)
		return unlinkat(at, name, 0);
	if (fstat(fd, &st) < 0 || st.st_dev != dev || !(d = fdopendir(fd))) {
		close(fd);
		return -1;
	}
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			failed |= remove_tree(fd, e->d_name, dev);
	closedir(d);
	return unlinkat(at, name, AT_REMOVEDIR) < 0 || failed ? -1 : 0;
}

/* Only a folder that is the user's own: / and /root are not. */
static int remove_home(const struct gone *gone)
{
	struct stat st;

	if (lstat(gone->home, &st) < 0) {
		warn("%s", gone->home);
		return 1;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != gone->uid) {
		warnx("%s is not the user's: it stays", gone->home);
		return 1;
	}
	if (remove_tree(AT_FDCWD, gone->home, st.st_dev) < 0) {
		warn("%s", gone->home);
		return 1;
	}
	return 0;
}

static int usage(FILE *f)
{
	fprintf(f, "usage: userdel [-fr] name\n"
		   "-r: the home folder too; -f: also while the user's "
		   "processes run\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "remove", no_argument, NULL, 'r' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, home = 0, force = 0, pid;
	struct gone gone = { 0 };
	struct passwd *pw;
	struct group *g;
	gid_t gid;

	while ((c = getopt_long(argc, argv, "frh", options, NULL)) != -1) {
		if (c != 'r' && c != 'f')
			return usage(c == 'h' ? stdout : stderr);
		home |= c == 'r';
		force |= c == 'f';
	}
	if (argc - optind != 1)
		return usage(stderr);
	if (geteuid())
		errx(1, "only root may do that");
	accounts_lock();
	pw = getpwnam(argv[optind]);
	if (!pw || !pw->pw_uid) {
		ulckpwdf();
		errx(1, "%s: %s", argv[optind],
		     pw ? "root stays" : "no such user");
	}
	gone.uid = pw->pw_uid;
	gone.name = strdup(pw->pw_name);
	gone.home = strdup(pw->pw_dir);
	if (!gone.name || !gone.home)
		accounts_fail(PASSWD);
	pid = force ? 0 : accounts_runs(gone.uid);
	if (pid) {
		ulckpwdf();
		errx(8, "%s still has process %d", gone.name, pid);
	}
	g = getgrnam(gone.name);
	gid = g ? g->gr_gid : 0;
	gone.group_too = g && gid;
	setpwent();
	while (gone.group_too && (pw = getpwent()))
		if (pw->pw_gid == gid && strcmp(pw->pw_name, gone.name) != 0)
			gone.group_too = 0;
	endpwent();
	accounts_edit(PASSWD, 0644, change, &gone);
	accounts_edit(SHADOW, 0600, change, &gone);
	accounts_edit(GROUP, 0644, change_group, &gone);
	accounts_replace();
	return home ? remove_home(&gone) : 0;
}
