/* Walking a tree, with a function that is called for each file; made of fts. */
#pragma once

#include <sys/stat.h>

enum {
	FTW_F,   /* no directory */
	FTW_D,   /* a directory, before what is in it */
	FTW_DNR, /* a directory that cannot be read */
	FTW_NS,  /* stat failed */
	FTW_SL,  /* a symbolic link (FTW_PHYS) */
	FTW_DP,  /* a directory, behind what is in it (FTW_DEPTH) */
	FTW_SLN, /* a symbolic link that leads nowhere */
};

#define FTW_PHYS  1 /* follow no links */
#define FTW_MOUNT 2 /* stay on the file system */
#define FTW_CHDIR 4 /* the function is called in the file's directory */
#define FTW_DEPTH 8 /* directories behind what is in them */

struct FTW {
	int base; /* where in the path the name begins */
	int level;
};

/* What the function returned when that was not 0; -1 and errno; 0 at the end.
 * `fds` is how many descriptors may be open: no more than a few are. */
int ftw(const char *path, int (*visit)(const char *, const struct stat *, int),
	int fds);
int nftw(const char *path,
	 int (*visit)(const char *, const struct stat *, int, struct FTW *),
	 int fds, int flags);
