/*
 * mount: put a file system into the tree; without arguments, show those that
 * are there.  Options that the kernel knows as flags become flags, all others
 * go to the file system as text.  A disk may be named by LABEL= or UUID=.
 * What is not said /etc/fstab says.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fstab.h"
#include "plain.h"
#include "shown.h"
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

/* Those for whoever reads fstab. */
static const char ours[] = "auto,noauto,nofail,user,users,nouser,owner,group,"
			   "_netdev";

static unsigned long flags;
static char data[1024];
static int failed;

static void add_options(char *list)
{
	char *word;
	size_t i;

	while ((word = strsep(&list, ","))) {
		if (!*word || word_in(ours, word) || !strncmp(word, "x-", 2))
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

/* -o may be given several times. */
static void add_given(char **list, const char *more)
{
	char *both;

	if (asprintf(&both, "%s%s%s", *list ? *list : "", *list ? "," : "",
		     more) < 0)
		err(1, NULL);
	free(*list);
	*list = both;
}

static int show(const char *type)
{
	struct mounting *m = mounting_all(MOUNTS, &failed);

	if (!m)
		err(1, MOUNTS);
	for (; m->folder; m++)
		if (!type || !strcmp(type, m->type))
			printf("%s on %s type %s (%s)\n", m->source, m->folder,
			       m->type, m->options);
	return plain_end(0, 1);
}

/* What is wrong, as far as one can tell. */
static void complain(const char *source, const char *target, const char *type)
{
	int code = errno;
	struct stat st;

	if (code == ENODEV && *type) {
		warnx("%s on %s: there is no type %s here: see "
		      "/proc/filesystems",
		      source, target, type);
	} else if (code == ENOENT && stat(target, &st) < 0) {
		warnx("%s on %s: there is no such folder", source, target);
	} else {
		errno = code;
		warn("%s on %s", source, target);
	}
	failed = 1;
}

/* optional: a disk that is not there is no error. */
static void put(const char *source, const char *target, const char *type,
		int optional)
{
	char found[80];
	struct stat st;

	switch (volume_find(source, found, sizeof(found))) {
	case 0:
		if (optional)
			return;
		warnx("%s: no disk has that", source);
		failed = 1;
		return;
	case 1:
		source = found;
	}
	if (optional && !strncmp(source, "/dev/", 5) && stat(source, &st) < 0)
		return;
	if (!type)
		type = flags & (MS_BIND | MS_REMOUNT) ? "" : "ext4";
	if (mount(source, target, type, flags, data) < 0)
		complain(source, target, type);
}

/* As a line of fstab says, and then the options of the command. */
static void put_line(const struct mounting *m, char *more, int optional)
{
	const char *type = m->type;

	flags = 0;
	*data = 0;
	add_options(strdup(m->options));
	add_options(more ? strdup(more) : NULL);
	if (!strcmp(type, "auto") || !strcmp(type, "none"))
		type = NULL;
	put(m->source, m->folder, type, optional);
}

static int is_swap(const struct mounting *m)
{
	return !strcmp(m->type, "swap") || *m->folder != '/';
}

/* All of fstab but what is there already. */
static void put_all(const char *type, char *more)
{
	struct mounting *m = mounting_all(FSTAB, &failed), *there;

	if (!m)
		err(1, FSTAB);
	for (; m->folder; m++) {
		/* What the lines before have mounted counts. */
		there = mounting_all(MOUNTS, &failed);
		if (!is_swap(m) && !word_in(m->options, "noauto") &&
		    !mounting_is_there(there, m->folder) &&
		    (!type || word_in(type, m->type)))
			put_line(m, more, word_in(m->options, "nofail"));
		free(there);
	}
}

/* By folder or by source. */
static void put_named(const char *name, char *more)
{
	struct mounting *m = mounting_all(FSTAB, &failed);
	size_t n = strlen(name);

	if (!m)
		err(1, FSTAB);
	while (n > 1 && name[n - 1] == '/')
		n--;
	for (; m->folder; m++)
		if (!is_swap(m) && (!strcmp(m->source, name) ||
				    (strlen(m->folder) == n &&
				     !strncmp(m->folder, name, n)))) {
			if (mounting_is_there(mounting_all(MOUNTS, &failed),
					      m->folder))
				errx(1,
				     "%s: something is mounted there "
				     "already",
				     m->folder);
			put_line(m, more, 0);
			return;
		}
	errx(1, "%s is not in " FSTAB "; what is to be mounted there?", name);
}

/* As mountpoint: is one there?  -d, -x: the device's numbers. */
static int mount_point(int argc, char **argv, const char *text)
{
	int c, quiet = 0, number = 0, device = 0;
	const char *path, *full;
	struct stat st;

	while ((c = getopt(argc, argv, "dqx")) != -1) {
		quiet |= c == 'q';
		number |= c == 'd';
		device |= c == 'x';
		if (c == '?')
			goto usage;
	}
	if (argc - optind != 1)
		goto usage;
	path = argv[optind];
	if (stat(path, &st) < 0) {
		if (!quiet)
			warn("%s", path);
		return 1;
	}
	if (device) {
		if (!S_ISBLK(st.st_mode))
			errx(32, "%s: not a block device", path);
		printf("%u:%u\n", major(st.st_rdev), minor(st.st_rdev));
		return plain_end(0, 1);
	}
	full = realpath(path, NULL);
	if (!full)
		err(1, "%s", path);
	c = mounting_is_there(mounting_all(MOUNTS, &failed), full);
	if (number && c) {
		printf("%u:%u\n", major(st.st_dev), minor(st.st_dev));
	} else if (!quiet) {
		shown_name(stdout, path);
		puts(c ? " is a mountpoint" : " is not a mountpoint");
	}
	return plain_end(c ? 0 : 32, 1);
usage:
	fputs(text, stderr);
	return 1;
}

static const char usage_text[] =
	"usage: mount [-t type] [-o options] source directory\n"
	"       mount [-o options] directory | source\n"
	"       mount -a [-t type,...] [-o options]\n"
	"       mount -o remount,options directory\n"
	"       mount [-t type]\n"
	"       mountpoint [-dqx] path\n"
	"-a: all of " FSTAB
	", where one of source and directory is looked for\n";

int main(int argc, char **argv)
{
	const char *type = NULL;
	char *given = NULL;
	int c, all = 0;

	plain_help(argc, argv, usage_text);
	if (plain_named(argv, "mountpoint"))
		return mount_point(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "t:o:rwa")) != -1) {
		switch (c) {
		case 't':
			type = optarg;
			break;
		case 'o':
			add_given(&given, optarg);
			break;
		case 'r':
			add_given(&given, "ro");
			break;
		case 'w':
			add_given(&given, "rw");
			break;
		case 'a':
			all = 1;
			break;
		default:
			goto usage;
		}
	}
	argv += optind;
	if (argc - optind > (all ? 0 : 2))
		goto usage;
	if (all) {
		put_all(type, given);
		return failed;
	}
	if (!*argv)
		return show(type);
	if (!argv[1] && !(given && word_in(given, "remount"))) {
		put_named(*argv, given);
		return failed;
	}
	add_options(given);
	put(argv[0], argv[1] ? argv[1] : argv[0], type, 0);
	return failed;

usage:
	fputs(usage_text, stderr);
	return 1;
}
