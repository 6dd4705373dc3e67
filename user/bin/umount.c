/* umount: take file systems out of the tree. */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fstab.h"
#include "plain.h"

static const char usage_text[] =
	"usage: umount [-fl] directory...\n"
	"       umount -a [-fl] [-t type,...]\n"
	"-a: all of " FSTAB " but the root\n";

static int failed;

static void take(const char *folder, int flags)
{
	if (umount2(folder, flags) == 0)
		return;
	if (errno == EBUSY)
		warnx("%s: somebody is in it, has a file of it open, or another "
		      "is mounted there",
		      folder);
	else if (errno == EINVAL)
		warnx("%s: nothing is mounted there", folder);
	else
		warn("%s", folder);
	failed = 1;
}

/* What was mounted last goes first. */
static void take_all(const char *type, int flags)
{
	struct mounting *table = mounting_all(FSTAB, &failed), *there, *m;

	if (!table)
		err(1, FSTAB);
	there = mounting_all(MOUNTS, &failed);
	if (!there)
		err(1, MOUNTS);
	for (m = there; m->folder; m++)
		;
	while (m-- > there)
		if (strcmp(m->folder, "/") != 0 &&
		    mounting_is_there(table, m->folder) &&
		    (!type || word_in(type, m->type)))
			take(m->folder, flags);
}

int main(int argc, char **argv)
{
	const char *type = NULL;
	int c, flags = 0, all = 0;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "aflt:")) != -1) {
		switch (c) {
		case 'a':
			all = 1;
			break;
		case 't':
			type = optarg;
			break;
		case 'f':
			flags |= MNT_FORCE;
			break;
		case 'l':
			flags |= MNT_DETACH;
			break;
		default:
			goto usage;
		}
	}
	if ((optind == argc) != all || (type && !all))
		goto usage;
	if (all)
		take_all(type, flags);
	for (; optind < argc; optind++)
		take(argv[optind], flags);
	return failed;

usage:
	fputs(usage_text, stderr);
	return 1;
}
