/*
 * Walking trees of files, a file at a time: each directory comes before what is
 * in it (FTS_D) and again behind it (FTS_DP).  With FTS_NOCHDIR, or
 * FTS_LOGICAL, the working directory stays as it is.  Otherwise it is, while an
 * entry is looked at, the directory in which that lies, and fts_accpath its
 * bare name; the first one is back when an operand is done, and after
 * fts_close.
 */
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

/* For fts_open; one of FTS_LOGICAL and FTS_PHYSICAL is needed. */
#define FTS_COMFOLLOW 0x0001 /* follow links that are operands */
#define FTS_LOGICAL   0x0002 /* follow all links */
#define FTS_NOCHDIR   0x0004 /* stay in the working directory */
#define FTS_NOSTAT    0x0008 /* stat only what may be a directory */
#define FTS_PHYSICAL  0x0010 /* follow no links */
#define FTS_SEEDOT    0x0020 /* . and .. too, as FTS_DOT */
#define FTS_XDEV      0x0040 /* stay on the operand's file system */

/* fts_info */
#define FTS_D       1  /* a directory, before */
#define FTS_DC      2  /* a directory that is above itself; fts_cycle */
#define FTS_DEFAULT 3  /* something else */
#define FTS_DNR     4  /* a directory that cannot be read; fts_errno */
#define FTS_DOT     5  /* . or .. */
#define FTS_DP      6  /* a directory, behind */
#define FTS_ERR     7  /* the same, and reading it failed; fts_errno */
#define FTS_F       8  /* a regular file */
#define FTS_NS      10 /* stat failed; fts_errno */
#define FTS_NSOK    11 /* stat was not asked for */
#define FTS_SL      12 /* a symbolic link */
#define FTS_SLNONE  13 /* one that is to be followed and leads nowhere */

/* For fts_set. */
#define FTS_AGAIN  1 /* give this one once more */
#define FTS_FOLLOW 2 /* the same, and follow the link */
#define FTS_SKIP   4 /* not what is in this directory */

#define FTS_ROOTPARENTLEVEL (-1)
#define FTS_ROOTLEVEL       0

typedef struct _ftsent {
	struct _ftsent *fts_cycle;  /* FTS_DC: the one above */
	struct _ftsent *fts_parent; /* level -1 above the operands */
	struct _ftsent *fts_link;   /* the next one in its directory */
	long fts_number;            /* the caller's, 0 at first */
	void *fts_pointer;          /* the caller's, NULL at first */
	char *fts_accpath;
	char *fts_path; /* valid until the next call */
	int fts_errno;
	unsigned short fts_pathlen;
	unsigned short fts_namelen;
	ino_t fts_ino;
	dev_t fts_dev;
	nlink_t fts_nlink;
	short fts_level;
	unsigned short fts_info;
	unsigned short fts_flags;
	unsigned short fts_instr;
	struct stat *fts_statp;
	char fts_name[1]; /* of an operand: all of it */
} FTSENT;

typedef struct __fts FTS;

/* NULL and errno: EINVAL for options, ENOMEM, ENAMETOOLONG. */
FTS *fts_open(char *const *paths, int options,
	      int (*compare)(const FTSENT **, const FTSENT **));
/* NULL with errno 0 at the end, with another one when nothing goes any more. */
FTSENT *fts_read(FTS *f);
int fts_set(FTS *f, FTSENT *e, int instruction);
int fts_close(FTS *f);
