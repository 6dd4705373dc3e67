/*
 * mount: put a file system into the tree; without arguments, show those that
 * are there.  Options that the kernel knows as flags become flags, all others
 * go to the file system as text.  A disk may be named by LABEL= or UUID=.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "plain.h"
#include "volume.h"

static const struct {
	char name[12];
	unsigned long set, clear;
} options[] = {
	{ "defaults", 0, 0 },           { "ro", MS_RDONLY, 0 },
	{ "rw", 0, MS_RDONLY },         { "nosuid", MS_NOSUID, 0 },
	{ "suid", 0, MS_NOSUID },       { "nodev", MS_NODEV, 0 },
	{ "dev", 0, MS_NODEV },         { "noexec", MS_NOEXEC, 0 },
	{ "exec", 0, MS_NOEXEC },       { "sync", MS_SYNCHRONOUS, 0 },
	{ "async", 0, MS_SYNCHRONOUS }, { "remount", MS_REMOUNT, 0 },
	{ "bind", MS_BIND, 0 },         { "noatime", MS_NOATIME, 0 },
	{ "relatime", MS_RELATIME, 0 },
};

static unsigned long flags;
static char data[1024];

static void add_options(char *list)
{
	char *word;
	size_t i;

	while ((word = strsep(&list, ","))) {
		if (!*word)
			continue;
		for (i = 0; i < sizeof(options) / sizeof(*options); i++)
			if (!strcmp(word, options[i].name))
				break;
		if (i < sizeof(options) / sizeof(*options)) {
			flags |= options[i].set;
			flags &= ~options[i].clear;
			continue;
		}
		if (strlen(data) + strlen(word) + 2 > sizeof(data))
			errx(1, "too many options");
		if (*data)
			strcat(data, ",");
		strcat(data, word);
	}
}

/* In /proc/mounts blanks in names are written as \040. */
static void unescape(char *s)
{
	char *out = s;
	int i, v;

	while (*s) {
		if (*s == '\\' && s[1] >= '0' && s[1] <= '3') {
			for (i = 1, v = 0; i < 4 && s[i] >= '0' && s[i] <= '7';
			     i++)
				v = v * 8 + s[i] - '0';
			if (i == 4) {
				*out++ = (char)v;
				s += 4;
				continue;
			}
		}
		*out++ = *s++;
	}
	*out = 0;
}

static int show(const char *type)
{
	static const char blank[] = " \n";
	char line[2048], *word[4], *save;
	FILE *f = fopen("/proc/mounts", "r");
	int i;

	if (!f)
		err(1, "/proc/mounts");
	while (fgets(line, sizeof(line), f)) {
		word[0] = strtok_r(line, blank, &save);
		for (i = 1; i < 4 && word[i - 1]; i++)
			word[i] = strtok_r(NULL, blank, &save);
		if (i < 4 || !word[3] || (type && strcmp(type, word[2])))
			continue;
		unescape(word[0]);
		unescape(word[1]);
		printf("%s on %s type %s (%s)\n", word[0], word[1], word[2],
		       word[3]);
	}
	fclose(f);
	return plain_end(0, 1);
}

static const char usage_text[] =
	"usage: mount [-t type] [-o options] source directory\n"
	"       mount -o remount,options directory\n"
	"       mount [-t type]\n";

int main(int argc, char **argv)
{
	const char *type = NULL, *source, *target;
	char found[80];
	int c;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "t:o:rwa")) != -1) {
		switch (c) {
		case 't':
			type = optarg;
			break;
		case 'o':
			add_options(optarg);
			break;
		case 'r':
			flags |= MS_RDONLY;
			break;
		case 'w':
			flags &= ~(unsigned long)MS_RDONLY;
			break;
		default:
			goto usage;
		}
	}
	if (argc - optind == 0)
		return show(type);
	if (argc - optind > 2)
		goto usage;
	source = target = argv[optind];
	if (argc - optind == 2)
		target = argv[optind + 1];
	else if (!(flags & MS_REMOUNT))
		goto usage;
	switch (volume_find(source, found, sizeof(found))) {
	case 0:
		errx(1, "%s: no disk has that", source);
	case 1:
		source = found;
	}
	if (!type)
		type = flags & (MS_BIND | MS_REMOUNT) ? "" : "ext4";
	if (mount(source, target, type, flags, data) < 0)
		err(1, "%s on %s", source, target);
	return 0;

usage:
	fputs(usage_text, stderr);
	return 1;
}
