/* What chown and chgrp share: the options, and the walk. */
#pragma once

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shown.h"

struct owner {
	uid_t uid; /* -1: stays as it is */
	gid_t gid;
	int recursive, walk, no_follow, quiet, verbose, changes;
	const char *reference;
	int failed;
};

static inline int owner_number(const char *s, unsigned int *n)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(s, &end, 10);
	if (*end || *s < '0' || *s > '9' || errno || v >= 0xffffffff)
		return -1;
	*n = (unsigned int)v;
	return 0;
}

static inline void owner_set_group(struct owner *o, const char *s)
{
	struct group *gr = getgrnam(s);

	if (gr)
		o->gid = gr->gr_gid;
	else if (owner_number(s + (*s == '+'), &o->gid) < 0)
		errx(1, "invalid group: '%s'", s);
}

/* -1: the caller shows its usage with status 1; -2: with status 0. */
static inline int owner_options(struct owner *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "changes", no_argument, NULL, 'c' },
		{ "silent", no_argument, NULL, 'f' },
		{ "quiet", no_argument, NULL, 'f' },
		{ "no-dereference", no_argument, NULL, 'h' },
		{ "recursive", no_argument, NULL, 'R' },
		{ "reference", required_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, '?' + 256 },
		{ NULL, 0, NULL, 0 },
	};
	struct stat st;
	int c;

	memset(o, 0, sizeof(*o));
	o->uid = (uid_t)-1;
	o->gid = (gid_t)-1;
	o->walk = 'P';
	while ((c = getopt_long(argc, argv, "cfhvRHLP", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->changes = 1;
			break;
		case 'f':
			o->quiet = 1;
			break;
		case 'h':
			o->no_follow = 1;
			break;
		case 'v':
			o->verbose = 1;
			break;
		case 'R':
			o->recursive = 1;
			break;
		case 'H':
		case 'L':
		case 'P':
			o->walk = c;
			break;
		case 'r':
			if (stat(optarg, &st) < 0)
				err(1, "%s", optarg);
			o->reference = optarg;
			o->uid = st.st_uid;
			o->gid = st.st_gid;
			break;
		case '?' + 256:
			return -2;
		default:
			return -1;
		}
	}
	return argc - optind < 2 - (o->reference != NULL) ? -1 : 0;
}

static inline void owner_complain(struct owner *o, const char *path, int why)
{
	errno = why;
	if (!o->quiet)
		warn("%s", path);
	o->failed = 1;
}

/* path is for messages; name is how it is reached. */
static inline void owner_change(struct owner *o, const char *path,
				const char *name, int follow)
{
	struct stat st;

	if (fstatat(AT_FDCWD, name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) <
		    0 ||
	    fchownat(AT_FDCWD, name, o->uid, o->gid,
		     follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) {
		owner_complain(o, path, errno);
		return;
	}
	if ((o->uid != (uid_t)-1 && o->uid != st.st_uid) ||
	    (o->gid != (gid_t)-1 && o->gid != st.st_gid)) {
		if (o->verbose || o->changes) {
			shown_print(stdout, "changed '%s' from ", path);
			printf("%u:%u\n", st.st_uid, st.st_gid);
		}
	} else if (o->verbose) {
		shown_print(stdout, "'%s' is retained\n", path);
	}
}

static inline void owner_walk(struct owner *o, char *path)
{
	char *paths[2] = { path, NULL };
	int options = (o->walk == 'L' ? FTS_LOGICAL : FTS_PHYSICAL) |
		      (o->walk == 'H' ? FTS_COMFOLLOW : 0);
	FTS *walk;
	FTSENT *e;

	if (!o->recursive) {
		owner_change(o, path, path, !o->no_follow);
		return;
	}
	walk = fts_open(paths, options, NULL);
	if (!walk)
		err(1, "%s", path);
	while ((e = fts_read(walk))) {
		switch (e->fts_info) {
		case FTS_D:
			/* Behind what is in it: it may be closed then. */
			continue;
		case FTS_DC:
			continue;
		case FTS_NS:
			owner_complain(o, e->fts_path, e->fts_errno);
			continue;
		case FTS_DNR:
		case FTS_ERR:
			owner_complain(o, e->fts_path, e->fts_errno);
			break;
		}
		owner_change(o, e->fts_path, e->fts_accpath,
			     o->walk == 'L' && !o->no_follow);
	}
	if (errno)
		err(1, "%s", path);
	fts_close(walk);
}

static inline int owner_finish(struct owner *o)
{
	if (fflush(stdout))
		err(1, "write error");
	return o->failed;
}
