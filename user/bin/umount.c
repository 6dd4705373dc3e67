/* umount: take file systems out of the tree. */
#include <err.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "plain.h"

static const char usage_text[] = "usage: umount [-fl] directory...\n";

int main(int argc, char **argv)
{
	int c, flags = 0, failed = 0;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "fl")) != -1) {
		switch (c) {
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
	if (optind == argc)
		goto usage;
	for (; optind < argc; optind++) {
		if (umount2(argv[optind], flags) < 0) {
			warn("%s", argv[optind]);
			failed = 1;
		}
	}
	return failed;

usage:
	fputs(usage_text, stderr);
	return 1;
}
