/* groupadd: a new group.  -g number; -r: for a service, below 1000. */
#define _GNU_SOURCE
#include <getopt.h>

#include "accounts.h"

static const char *name;
static gid_t gid;

static void change(char *line, FILE *out, void *arg)
{
	if (line)
		fputs(line, out);
	else
		fprintf(out, "%s:x:%u:\n", name, gid);
}

static int usage(FILE *f)
{
	fprintf(f, "usage: groupadd [-r] [-g number] name\n"
		   "-r: for a service, with a number below 1000\n");
	return f == stderr;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "gid", required_argument, NULL, 'g' },
		{ "system", no_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *number = NULL, *wrong = NULL;
	gid_t last = 59999;
	unsigned long n;
	char *end;
	int c;

	gid = 1000;
	while ((c = getopt_long(argc, argv, "g:rh", options, NULL)) != -1) {
		if (c == 'g') {
			number = optarg;
		} else if (c == 'r') {
			gid = 100;
			last = 999;
		} else {
			return usage(c == 'h' ? stdout : stderr);
		}
	}
	if (argc - optind != 1)
		return usage(stderr);
	if (geteuid())
		errx(1, "only root may do that");
	name = argv[optind];
	if (!name_is_good(name))
		errx(1,
		     "%s: a name has small letters, digits, _ and -, 32 at "
		     "most, and begins with a letter or _",
		     name);
	if (number) {
		n = strtoul(number, &end, 10);
		if (*number < '0' || *number > '9' || *end || n >= 0xffffffff)
			errx(1, "%s: no number of a group", number);
		gid = last = (gid_t)n;
	}
	accounts_lock();
	while (gid < last && getgrgid(gid))
		gid++;
	if (getgrnam(name))
		wrong = "there is such a group";
	else if (getgrgid(gid))
		wrong = number ? "the number is taken"
			       : "all numbers are taken";
	if (wrong) {
		ulckpwdf();
		errx(1, "%s", wrong);
	}
	accounts_edit(GROUP, 0644, change, NULL);
	accounts_replace();
	return 0;
}
