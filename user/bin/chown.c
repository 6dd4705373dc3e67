/* chown: change owner and group, owner[:[group]] or :group. */
#define _GNU_SOURCE
#include "owner.h"

static void parse(struct owner *o, char *s)
{
	char *group = strchr(s, ':');
	struct passwd *pw;

	if (group)
		*group++ = 0;
	if (*s) {
		pw = getpwnam(s);
		if (pw)
			o->uid = pw->pw_uid;
		else if (owner_number(s + (*s == '+'), &o->uid) < 0)
			errx(1, "invalid user: '%s'", s);
		/* "ann:" is ann with the group that she logs in with. */
		if (group && !*group) {
			if (!pw)
				errx(1, "'%s:' needs a user's name", s);
			o->gid = pw->pw_gid;
		}
	}
	if (group && *group)
		owner_set_group(o, group);
}

static int usage(int status)
{
	fputs("usage: chown [-cfhv] [-R [-H | -L | -P]] [owner][:[group]] "
	      "file...\n"
	      "       chown [...] --reference=file file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	struct owner o;
	int ret = owner_options(&o, argc, argv);

	if (ret < 0)
		return usage(ret == -1);
	if (!o.reference)
		parse(&o, argv[optind++]);
	for (; optind < argc; optind++)
		owner_walk(&o, argv[optind]);
	return owner_finish(&o);
}
