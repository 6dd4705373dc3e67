/*
 * useradd, usermod: what a user is.  useradd makes a new one, who cannot log in
 * before passwd has given a password.
 * -m: make the home folder; -r: for a service, with a number below 1000;
 * -u number, -g group (else one of the user's own is made), -G more,groups,
 * -s shell, -d home, -c what is said about the user.  usermod changes one who
 * is there: the same, and -a: the groups of -G in addition, -l: another name,
 * -L, -U: no more password, and the password again.
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
static int old_user; /* this is usermod */

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

static void check_name(const char *name)
{
	if (!name_is_good(name))
		errx(1,
		     "%s: a name has small letters, digits, _ and -, 32 at "
		     "most, and begins with a letter or _",
		     name);
}

/* What is given as home, shell and text; NULL for what is not. */
static void check_texts(const char *home, const char *shell, const char *text)
{
	if ((home && (*home != '/' || home[strcspn(home, ":\n")])) ||
	    (shell && (*shell != '/' || shell[strcspn(shell, ":\n")])) ||
	    (text && text[strcspn(text, ":\n")]))
		errx(1, "home and shell are whole paths, and nothing has a "
			"colon");
}

/* The group of that name or number. */
static struct group *find_group(const char *group)
{
	struct group *g = getgrnam(group);

	if (!g && *group >= '0' && *group <= '9')
		g = getgrgid(number(group));
	if (!g)
		die("there is no such group");
	return g;
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
	static const char add[] =
		"useradd [-mr] [-u number] [-g group] [-G groups] [-s shell] "
		"[-d home] [-c text] name\n";
	static const char change[] =
		"usermod [-LU] [-u number] [-g group] [[-a] -G groups] "
		"[-s shell] [-d home] [-c text] [-l new] name\n";

	fprintf(f,
		"usage: %s       %s"
		"-m: make the home folder; -r: for a service, with a "
		"number below 1000\n"
		"-a: the groups of -G in addition; -L: lock the password; "
		"-U: unlock it\n",
		old_user ? change : add, old_user ? add : change);
	return f == stderr;
}

/* --- usermod ----------------------------------------------------------- */

static const char *old; /* the name that the user has; user: what is to be */
static int append, set_groups, lock;

static void modify_passwd(char *line, FILE *out, void *arg)
{
	if (!line)
		return;
	if (!line_is_of(line, old))
		fputs(line, out);
	else if (putpwent(&user, out) < 0)
		accounts_fail(PASSWD);
}

static void modify_shadow(char *line, FILE *out, void *arg)
{
	char *hash;

	if (!line)
		return;
	if (!line_is_of(line, old)) {
		fputs(line, out);
		return;
	}
	hash = accounts_field(line, 1);
	if (lock == 'U' && *hash == '!')
		hash++;
	fprintf(out, "%s:%s%s", user.pw_name,
		lock == 'L' && *hash != '!' ? "!" : "", hash);
}

static void modify_group(char *line, FILE *out, void *arg)
{
	char *p = line ? accounts_field(line, 3) : NULL, *member, name[64];
	int in, is, n = 0;

	if (!p) {
		if (line)
			fputs(line, out);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, ":"), line);
	in = set_groups && listed(groups, name);
	p[strcspn(p, "\n")] = 0;
	fprintf(out, "%.*s", (int)(p - line), line);
	while ((member = strsep(&p, ","))) {
		is = !strcmp(member, old);
		if (!*member || (is && set_groups && !append && !in))
			continue;
		fprintf(out, "%s%s", n++ ? "," : "",
			is ? user.pw_name : member);
		in &= !is;
	}
	if (in)
		fprintf(out, "%s%s", n ? "," : "", user.pw_name);
	putc('\n', out);
}

/* The field as it is, or as it is to be. */
static char *field(const char *is, const char *given)
{
	char *s = strdup(given ? given : is);

	if (!s)
		accounts_fail(PASSWD);
	return s;
}

static void check_lock(void)
{
	struct spwd *s = strcmp(user.pw_passwd, "x") ? NULL : getspnam(old);

	if (!s)
		die("the password is not in " SHADOW);
	if (lock == 'U' && !strcmp(s->sp_pwdp, "!"))
		die("there is no password: passwd gives one");
}

static int usermod(int argc, char **argv)
{
	static const struct option options[] = {
		{ "append", no_argument, NULL, 'a' },
		{ "uid", required_argument, NULL, 'u' },
		{ "gid", required_argument, NULL, 'g' },
		{ "groups", required_argument, NULL, 'G' },
		{ "shell", required_argument, NULL, 's' },
		{ "home", required_argument, NULL, 'd' },
		{ "comment", required_argument, NULL, 'c' },
		{ "login", required_argument, NULL, 'l' },
		{ "lock", no_argument, NULL, 'L' },
		{ "unlock", no_argument, NULL, 'U' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const char *given[128]; /* what each option says */
	struct passwd *pw;
	int c, pid, some = 0;

	while ((c = getopt_long(argc, argv, "aLUu:g:G:s:d:c:l:h", options,
				NULL)) != -1) {
		if (c == '?' || c == 'h')
			return usage(c == 'h' ? stdout : stderr);
		if (c == 'L' || c == 'U') {
			if (lock && lock != c)
				return usage(stderr);
			lock = c;
		}
		given[c] = optarg ? optarg : "";
		some = 1;
	}
	append = given['a'] != NULL;
	set_groups = given['G'] != NULL;
	if (argc - optind != 1 || !some || (append && !set_groups))
		return usage(stderr);
	if (geteuid())
		errx(1, "only root may do that");
	old = argv[optind];
	if (given['l'])
		check_name(given['l']);
	check_texts(given['d'], given['s'], given['c']);
	if (given['u'])
		number(given['u']);
	accounts_lock();
	pw = getpwnam(old);
	if (!pw)
		die("there is no such user");
	user = *pw;
	user.pw_name = field(pw->pw_name, given['l']);
	user.pw_passwd = field(pw->pw_passwd, NULL);
	user.pw_gecos = field(pw->pw_gecos, given['c']);
	user.pw_dir = field(pw->pw_dir, given['d']);
	user.pw_shell = field(pw->pw_shell, given['s']);
	if (given['l'] && strcmp(old, user.pw_name) && getpwnam(user.pw_name))
		die("there is a user of that name");
	if (given['u'] || given['l']) {
		pid = accounts_runs(user.pw_uid);
		if (pid) {
			ulckpwdf();
			errx(8, "%s still has process %d", old, pid);
		}
	}
	if (given['u']) {
		pw = getpwuid(number(given['u']));
		if (pw && strcmp(pw->pw_name, old) != 0)
			die("the number is taken");
		user.pw_uid = number(given['u']);
	}
	if (given['g'])
		user.pw_gid = find_group(given['g'])->gr_gid;
	if (set_groups) {
		groups = given['G'];
		check_groups();
	}
	if (lock)
		check_lock();
	if (set_groups || given['l'])
		accounts_edit(GROUP, 0644, modify_group, NULL);
	if (lock || given['l'])
		accounts_edit(SHADOW, 0600, modify_shadow, NULL);
	accounts_edit(PASSWD, 0644, modify_passwd, NULL);
	accounts_replace();
	return 0;
}

/* --- useradd ----------------------------------------------------------- */

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
	const char *me = argc ? strrchr(argv[0], '/') : NULL;
	int c, make = 0, service = 0;
	struct group *g = NULL;
	char *path;

	me = me ? me + 1 : argc ? argv[0] : "";
	old_user = !strcmp(me, "usermod");
	if (old_user)
		return usermod(argc, argv);
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
	check_name(user.pw_name);
	if (asprintf(&path, "/home/%s", user.pw_name) < 0)
		err(1, NULL);
	user.pw_dir = home ? (char *)(size_t)home : path;
	check_texts(user.pw_dir, shell, text);
	if (uid)
		user.pw_uid = number(uid);
	accounts_lock();
	if (getpwnam(user.pw_name))
		die("there is such a user");
	check_groups();
	if (group) {
		g = find_group(group);
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
