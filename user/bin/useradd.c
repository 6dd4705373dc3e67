/*
 * useradd: a new user, who cannot log in before passwd has given a password.
 * -m: make the home folder; -r: for a service, with a number below 1000;
 * -u number, -g group (else one of the user's own is made), -G more,groups,
 * -s shell, -d home, -c what is said about the user.
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "accounts.h"

#define FIRST_USER    1000
#define LAST_USER     59999
#define FIRST_SERVICE 100

static struct passwd user;
static const char *groups = "";
static int own_group;

static void die(const char *what)
{
	ulckpwdf();
	errx(1, "%s", what);
}

static unsigned int number(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || n >= 0xffffffff)
		errx(1, "%s: no number of a user", s);
	return (unsigned int)n;
}

/* The first number that neither a user nor, if asked for, a group has. */
static uid_t free_number(int service)
{
	uid_t first = service ? FIRST_SERVICE : FIRST_USER;
	uid_t last = service ? FIRST_USER - 1 : LAST_USER, n;

	for (n = first; n <= last; n++)
		if (!getpwuid(n) && (!own_group || !getgrgid(n)))
			return n;
	die("all numbers are taken");
	return 0;
}

/* Does the list of names, with commas, have this one? */
static int listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list; list += *list == ',') {
		if (!strncmp(list, name, n) && (!list[n] || list[n] == ','))
			return 1;
		list += strcspn(list, ",");
	}
	return 0;
}

static void check_groups(void)
{
	char *copy = strdup(groups), *p = copy, *name;

	while (p && (name = strsep(&p, ",")))
		if (*name && !getgrnam(name)) {
			ulckpwdf();
			errx(1, "%s: no such group", name);
		}
	free(copy);
}

static void change_group(char *line, FILE *out, void *arg)
{
	char name[64];
	size_t n;

	if (!line) {
		if (own_group)
			fprintf(out, "%s:x:%u:\n", user.pw_name, user.pw_gid);
		return;
	}
	n = strcspn(line, ":");
	snprintf(name, sizeof(name), "%.*s", (int)n, line);
	if (!line[n] || !listed(groups, name)) {
		fputs(line, out);
		return;
	}
	line[strcspn(line, "\n")] = 0;
	fprintf(out, "%s%s%s\n", line, line[strlen(line) - 1] == ':' ? "" : ",",
		user.pw_name);
}

/* A line of that name may be left over from somebody who is gone. */
static void change_shadow(char *line, FILE *out, void *arg)
{
	if (!line)
		fprintf(out, "%s:!:::::::\n", user.pw_name);
	else if (!line_is_of(line, user.pw_name))
		fputs(line, out);
}

static void change_passwd(char *line, FILE *out, void *arg)
{
	if (line)
		fputs(line, out);
	else if (putpwent(&user, out) < 0)
		accounts_fail(PASSWD);
}

static void make_home(void)
{
	if (mkdir(user.pw_dir, 0700) < 0) {
		if (errno != EEXIST)
			err(1, "%s", user.pw_dir);
		warnx("%s is there already, and stays as it is", user.pw_dir);
		return;
	}
	if (chown(user.pw_dir, user.pw_uid, user.pw_gid) < 0)
		err(1, "%s", user.pw_dir);
}

static int usage(FILE *f)
{
	fprintf(f, "usage: useradd [-mr] [-u number] [-g group] [-G groups] "
		   "[-s shell] [-d home] [-c text] name\n"
		   "-m: make the home folder; -r: for a service, with a "
		   "number below 1000\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "create-home", no_argument, NULL, 'm' },
		{ "system", no_argument, NULL, 'r' },
		{ "uid", required_argument, NULL, 'u' },
		{ "gid", required_argument, NULL, 'g' },
		{ "groups", required_argument, NULL, 'G' },
		{ "shell", required_argument, NULL, 's' },
		{ "home-dir", required_argument, NULL, 'd' },
		{ "comment", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *uid = NULL, *group = NULL, *home = NULL, *text = "";
	const char *shell = "/bin/sh";
	int c, make = 0, service = 0;
	struct group *g = NULL;
	char *path;

	while ((c = getopt_long(argc, argv, "mru:g:G:s:d:c:h", options,
				NULL)) != -1) {
		switch (c) {
		case 'm':
			make = 1;
			break;
		case 'r':
			service = 1;
			break;
		case 'u':
			uid = optarg;
			break;
		case 'g':
			group = optarg;
			break;
		case 'G':
			groups = optarg;
			break;
		case 's':
			shell = optarg;
			break;
		case 'd':
			home = optarg;
			break;
		case 'c':
			text = optarg;
			break;
		default:
			return usage(c == 'h' ? stdout : stderr);
		}
	}
	if (argc - optind != 1)
		return usage(stderr);
	if (geteuid())
		errx(1, "only root may do that");
	user.pw_name = argv[optind];
	if (!name_is_good(user.pw_name))
		errx(1,
		     "%s: a name has small letters, digits, _ and -, 32 at "
		     "most, and begins with a letter or _",
		     user.pw_name);
	if (asprintf(&path, "/home/%s", user.pw_name) < 0)
		err(1, NULL);
	user.pw_dir = home ? (char *)(size_t)home : path;
	if (*user.pw_dir != '/' || *shell != '/' ||
	    user.pw_dir[strcspn(user.pw_dir, ":\n")] ||
	    shell[strcspn(shell, ":\n")] || text[strcspn(text, ":\n")])
		errx(1, "home and shell are whole paths, and nothing has a "
			"colon");
	if (uid)
		user.pw_uid = number(uid);
	accounts_lock();
	if (getpwnam(user.pw_name))
		die("there is such a user");
	check_groups();
	if (group) {
		g = getgrnam(group);
		if (!g && *group >= '0' && *group <= '9')
			g = getgrgid(number(group));
		if (!g)
			die("there is no such group");
		user.pw_gid = g->gr_gid;
	} else if (getgrnam(user.pw_name)) {
		die("there is a group of that name; say -g");
	}
	own_group = !g;
	if (!uid)
		user.pw_uid = free_number(service);
	else if (getpwuid(user.pw_uid))
		die("the number is taken");
	if (own_group) {
		user.pw_gid = user.pw_uid;
		if (getgrgid(user.pw_gid))
			die("a group has that number; say -g");
	}
	user.pw_passwd = (char *)(size_t) "x";
	user.pw_gecos = (char *)(size_t)text;
	user.pw_shell = (char *)(size_t)shell;
	/* The user is there when the last file says so. */
	if (own_group || *groups)
		accounts_edit(GROUP, 0644, change_group, NULL);
	accounts_edit(SHADOW, 0600, change_shadow, NULL);
	accounts_edit(PASSWD, 0644, change_passwd, NULL);
	accounts_replace();
	if (make)
		make_home();
	return 0;
}
