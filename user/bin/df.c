/* df: room on file systems; -h in readable units, -i inodes instead, -T of
 * which kind, -t only that kind, -x not that, -P with the headings of POSIX,
 * --total: and all together. */
#define _GNU_SOURCE
#include <err.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fstab.h"
#include "plain.h"

static const char usage_text[] = "usage: df [-ahiklPT] [-t type] [-x type] "
				 "[--total] [file...]\n";

static int human, inodes, all, types, failed, shown;
static const char *only, *but; /* file systems of this type; not of it */
static uint64_t sums[3];       /* all, used, free */

static void put(uint64_t kib, int width)
{
	static const char units[] = "KMGTP";
	uint64_t tenths = kib * 10;
	char text[24];
	int i = 0;

	if (!human || inodes) {
		printf(" %*lu", width, (unsigned long)kib);
		return;
	}
	while (tenths >= 10235 && units[i + 1]) {
		tenths = (tenths + 1023) / 1024;
		i++;
	}
	if (!kib)
		snprintf(text, sizeof(text), "0");
	else if (tenths < 100)
		snprintf(text, sizeof(text), "%lu.%lu%c",
			 (unsigned long)tenths / 10, (unsigned long)tenths % 10,
			 units[i]);
	else
		snprintf(text, sizeof(text), "%lu%c",
			 (unsigned long)(tenths + 9) / 10, units[i]);
	printf(" %*s", width, text);
}

static void put_row(const char *source, const char *type, const char *target,
		    uint64_t total, uint64_t used, uint64_t avail)
{
	printf("%-14s", source);
	if (types)
		printf(" %-8s", type);
	put(total, 10);
	put(used, 9);
	put(avail, 9);
	if (used + avail)
		printf(" %3lu%%",
		       (unsigned long)((used * 100 + used + avail - 1) /
				       (used + avail)));
	else
		printf("    -");
	printf(" %s\n", target);
}

static void show(const char *source, const char *type, const char *target,
		 int asked)
{
	uint64_t total, used, avail;
	struct statvfs st;

	if ((only && strcmp(type, only) != 0) || (but && !strcmp(type, but)))
		return;
	if (statvfs(target, &st) < 0) {
		warn("%s", target);
		failed = 1;
		return;
	}
	if (!st.f_blocks && !all && !asked)
		return;
	shown = 1;
	if (inodes) {
		total = st.f_files;
		used = st.f_files - st.f_ffree;
		avail = st.f_ffree;
	} else {
		total = st.f_blocks * (st.f_frsize / 512) / 2;
		used = (st.f_blocks - st.f_bfree) * (st.f_frsize / 512) / 2;
		avail = st.f_bavail * (st.f_frsize / 512) / 2;
	}
	sums[0] += total;
	sums[1] += used;
	sums[2] += avail;
	put_row(source, type, target, total, used, avail);
}

/* The mount that holds a path: the one with its device, the last such. */
static int show_mounts(const char *path)
{
	struct mounting *m = mounting_all(MOUNTS, &failed), *holds = NULL;
	struct stat st, mst;

	if (!m)
		err(1, MOUNTS);
	if (path && stat(path, &st) < 0) {
		warn("%s", path);
		return 1;
	}
	for (; m->folder; m++) {
		if (!path)
			show(m->source, m->type, m->folder, 0);
		else if (stat(m->folder, &mst) == 0 && mst.st_dev == st.st_dev)
			holds = m;
	}
	if (holds)
		show(holds->source, holds->type, holds->folder, 1);
	else if (path)
		show("-", "-", path, 1);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "human-readable", no_argument, NULL, 'h' },
		{ "inodes", no_argument, NULL, 'i' },
		{ "local", no_argument, NULL, 'l' },
		{ "portability", no_argument, NULL, 'P' },
		{ "print-type", no_argument, NULL, 'T' },
		{ "type", required_argument, NULL, 't' },
		{ "exclude-type", required_argument, NULL, 'x' },
		{ "total", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c, portable = 0, sum = 0;

	while ((c = getopt_long(argc, argv, "ahiklPt:Tx:", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'S':
			sum = 1;
			break;
		case 'x':
			but = optarg;
			break;
		case 'H':
			fputs(usage_text, stdout);
			return plain_end(0, 1);
		case 'a':
			all = 1;
			break;
		case 'h':
			human = 1;
			break;
		case 'i':
			inodes = 1;
			break;
		case 'T':
			types = 1;
			break;
		case 't':
			only = optarg;
			break;
		case 'P':
			portable = 1;
			break;
		case 'k':
		case 'l':
			break;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	printf("%-14s%s %10s %9s %9s %4s %s\n", "Filesystem",
	       types ? " Type    " : "",
	       inodes     ? "Inodes"
	       : human    ? "Size"
	       : portable ? "1024-blocks"
			  : "1K-blocks",
	       inodes ? "IUsed" : "Used", inodes ? "IFree" : "Available",
	       portable && !inodes ? "Capacity" : "Use%", "Mounted on");
	if (optind == argc)
		failed |= show_mounts(NULL);
	for (; optind < argc; optind++)
		failed |= show_mounts(argv[optind]);
	if ((only || but) && !shown && !failed) {
		warnx("no file system of such a type");
		failed = 1;
	}
	if (sum && shown)
		put_row("total", "-", "-", sums[0], sums[1], sums[2]);
	return plain_end(failed, 1);
}
