/*
 * blkid: which file systems are on the disks, or on those that are named, with
 * label and UUID. What has none that is known is left out.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "shown.h"
#include "volume.h"

static const char *only; /* -s: this tag alone, or NULL */
static int bare;         /* -o value: without names */

static void tag(const char *name, const char *value)
{
	if (!*value || (only && strcmp(only, name)))
		return;
	if (!bare)
		printf(" %s=\"", name);
	shown_name(stdout, value);
	fputs(bare ? "\n" : "\"", stdout);
}

/* 1 when there was something to say. */
static int show(const char *path)
{
	struct volume v;

	if (volume_read(path, &v) != 1)
		return 0;
	if (!bare)
		printf("%s:", path);
	tag("LABEL", v.label);
	tag("UUID", v.uuid);
	tag("TYPE", v.type);
	if (!bare)
		putchar('\n');
	return 1;
}

/* The name of the disk with that label or UUID. */
static int find(const char *what, const char *value)
{
	char spec[128], path[80];

	snprintf(spec, sizeof(spec), "%s=%s", what, value);
	if (volume_find(spec, path, sizeof(path)) != 1)
		return 2;
	puts(path);
	return 0;
}

static const char usage_text[] = "usage: blkid [-o value] [-s TAG] [disk...]\n"
				 "       blkid -L label | -U uuid\n";

int main(int argc, char **argv)
{
	char path[80];
	int c, any = 0;
	FILE *f;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "L:U:o:s:")) != -1) {
		switch (c) {
		case 'L':
			return find("LABEL", optarg);
		case 'U':
			return find("UUID", optarg);
		case 'o':
			bare = !strcmp(optarg, "value");
			if (!bare && strcmp(optarg, "full"))
				errx(4, "-o value or -o full");
			break;
		case 's':
			only = optarg;
			break;
		default:
			fputs(usage_text, stderr);
			return 4;
		}
	}
	if (optind < argc) {
		for (; optind < argc; optind++)
			any |= show(argv[optind]);
		return any ? 0 : 2;
	}
	f = fopen("/proc/partitions", "r");
	if (!f)
		err(4, "/proc/partitions");
	while (volume_next(f, path, sizeof(path)))
		any |= show(path);
	fclose(f);
	return any ? 0 : 2;
}
