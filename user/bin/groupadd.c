/*
 * groupadd: a new group.  -g number; -r: for a service, below 1000.  groupmod
 * gives one another name (-n) or number, which those have then who log in with
 * it; groupdel takes one away that nobody logs in with.
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "accounts.h"

enum { ADD, MOD, DEL };

static int mode;
static const char *name, *new_name;
static gid_t gid, old_gid;

static void change(char *line, FILE *out, void *arg)
{
	char *p;

	if (!line) {
		if (mode == ADD)
			fprintf(out, "%s:x:%u:\n", name, gid);
	} else if (mode == ADD || !line_is_of(line, name)) {
		fputs(line, out);
	} else if (mode == MOD && (p = accounts_field(line, 3))) {
		fprintf(out, "%s:x:%u:%s", new_name, gid, p);
	}
}

/* The group that a user logs in with goes along. */
static void change_user(char *line, FILE *out, void *arg)
{
	char *p = line ? accounts_field(line, 3) : NULL, *end;

	if (p && strtoul(p, &end, 10) == old_gid && end > p && *end == ':')
		fprintf(out, "%.*s%u%s", (int)(p - line), line, gid, end);
	else if (line)
		fputs(line, out);
}

static int usage(FILE *f)
{
	static const char *const texts[] = {
		[ADD] = "groupadd [-r] [-g number] name",
		[MOD] = "groupmod [-g number] [-n new] name",
		[DEL] = "groupdel name",
	};
	int i;

	fprintf(f, "usage: %s\n", texts[mode]);
	for (i = 0; i < 3; i++)
		if (i != mode)
			fprintf(f, "       %s\n", texts[i]);
	fputs("-r: for a service, with a number below 1000\n", f);
	return f == stderr;
}

static void check_name(const char *s)
{
	if (!name_is_good(s))
		errx(1,
		     "%s: a name has small letters, digits, _ and -, 32 at "
		     "most, and begins with a letter or _",
		     s);
}

static _Noreturn void die(int status, const char *wrong)
{
	ulckpwdf();
	errx(status, "%s", wrong);
}

/* The group of that name, which is to be there. */
static void find_old(void)
{
	struct group *g = getgrnam(name);

	if (!g)
		die(1, "there is no such group");
	old_gid = g->gr_gid;
}

static void check_nobody_has_it(void)
{
	struct passwd *pw;

	setpwent();
	while ((pw = getpwent()))
		if (pw->pw_gid == old_gid) {
			ulckpwdf();
			errx(8, "%s logs in with that group", pw->pw_name);
		}
	endpwent();
}

static const struct option longs[] = {
	{ "gid", required_argument, NULL, 'g' },
	{ "new-name", required_argument, NULL, 'n' },
	{ "system", no_argument, NULL, 'r' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int main(int argc, char **argv)
{
	static const char *const shorts[] = { "g:rh", "g:n:h", "h" };
	const char *me = argc ? strrchr(argv[0], '/') : NULL;
	const char *number = NULL;
	gid_t last = 59999;
	unsigned long n;
	char *end;
	int c;

	me = me ? me + 1 : argc ? argv[0] : "";
	mode = !strcmp(me, "groupmod")   ? MOD
	       : !strcmp(me, "groupdel") ? DEL
					 : ADD;
	gid = 1000;
	while ((c = getopt_long(argc, argv, shorts[mode], longs, NULL)) != -1) {
		if (!strchr(shorts[mode], c) || c == 'h')
			return usage(c == 'h' ? stdout : stderr);
		if (c == 'g') {
			number = optarg;
		} else if (c == 'n') {
			new_name = optarg;
		} else {
			gid = 100;
			last = 999;
		}
	}
	if (argc - optind != 1 || (mode == MOD && !number && !new_name))
		return usage(stderr);
	if (geteuid())
		errx(1, "only root may do that");
	name = argv[optind];
	if (mode == ADD)
		check_name(name);
	if (new_name)
		check_name(new_name);
	else
		new_name = name;
	if (number) {
		n = strtoul(number, &end, 10);
		if (*number < '0' || *number > '9' || *end || n >= 0xffffffff)
			errx(1, "%s: no number of a group", number);
		gid = last = (gid_t)n;
	}
	accounts_lock();
	if (mode != ADD)
		find_old();
	if (mode == MOD && !number)
		gid = old_gid;
	else if (mode == ADD)
		while (gid < last && getgrgid(gid))
			gid++;
	if (mode == DEL)
		check_nobody_has_it();
	else if ((mode == ADD || strcmp(name, new_name)) && getgrnam(new_name))
		die(1, "there is such a group");
	else if ((mode == ADD || gid != old_gid) && getgrgid(gid))
		die(1,
		    number ? "the number is taken" : "all numbers are taken");
	accounts_edit(GROUP, 0644, change, NULL);
	if (mode == MOD && gid != old_gid)
		accounts_edit(PASSWD, 0644, change_user, NULL);
	accounts_replace();
	return 0;
}
