/* mknod: make a pipe with a name (p) or a device node (c, u or b). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plain.h"

static unsigned int number(const char *s)
{
	unsigned long n;
	char *end;

	n = strtoul(s, &end, 0);
	if (*end || *s < '0' || *s > '9' || n > 0xfffff)
		errx(1, "%s: not a device number", s);
	return (unsigned int)n;
}

static const char usage_text[] =
	"usage: mknod [-m mode] name p\n"
	"       mknod [-m mode] name b|c major minor\n";

int main(int argc, char **argv)
{
	mode_t mode = 0666, kind;
	int c, n, mode_given = 0;
	dev_t dev = 0;
	char *end;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "m:")) != -1) {
		if (c != 'm')
			goto usage;
		mode = (mode_t)strtoul(optarg, &end, 8);
		if (*end || !*optarg || mode > 07777)
			errx(1, "%s: not an octal mode", optarg);
		mode_given = 1;
	}
	argv += optind;
	n = argc - optind;
	if (n < 2 || strlen(argv[1]) != 1)
		goto usage;
	switch (*argv[1]) {
	case 'p':
		kind = S_IFIFO;
		break;
	case 'c':
	case 'u':
		kind = S_IFCHR;
		break;
	case 'b':
		kind = S_IFBLK;
		break;
	default:
		goto usage;
	}
	if (n != (kind == S_IFIFO ? 2 : 4))
		goto usage;
	if (kind != S_IFIFO)
		dev = makedev(number(argv[2]), number(argv[3]));
	if (mknod(argv[0], kind | mode, dev) < 0 ||
	    (mode_given && chmod(argv[0], mode) < 0))
		err(1, "%s", argv[0]);
	return 0;

usage:
	fputs(usage_text, stderr);
	return 1;
}
