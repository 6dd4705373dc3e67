/* umount: take file systems out of the tree. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static int usage(FILE *f)
{
	fputs("usage: umount [-fl] directory...\n", f);
	return f == stderr;
}

int main(int argc, char **argv)
{
	int c, flags = 0, failed = 0;

	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout);
	while ((c = getopt(argc, argv, "fl")) != -1) {
		switch (c) {
		case 'f':
			flags |= MNT_FORCE;
			break;
		case 'l':
			flags |= MNT_DETACH;
			break;
		default:
			return usage(stderr);
		}
	}
	if (optind == argc)
		return usage(stderr);
	for (; optind < argc; optind++) {
		if (umount2(argv[optind], flags) < 0) {
			warn("%s", argv[optind]);
			failed = 1;
		}
	}
	return failed;
}
