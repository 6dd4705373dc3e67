/* See ftw.h. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <ftw.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kind of a file that fts came by; -1 when it is nothing to tell. */
static int kind(const FTSENT *e, int flags)
{
	switch (e->fts_info) {
	case FTS_D:
		/* One that cannot be read is told as that alone. */
		return flags & FTW_DEPTH || faccessat(AT_FDCWD, e->fts_accpath,
						      R_OK, AT_EACCESS) < 0
			       ? -1
			       : FTW_D;
	case FTS_DP:
		return flags & FTW_DEPTH ? FTW_DP : -1;
	case FTS_DNR:
		return FTW_DNR;
	case FTS_DC: /* it was, or will be, seen above */
	case FTS_DOT:
		return -1;
	case FTS_NS:
		return FTW_NS;
	case FTS_SL:
		return FTW_SL;
	case FTS_SLNONE:
		return FTW_SLN;
	}
	return FTW_F;
}

struct seen {
	dev_t dev;
	ino_t ino;
};

static int by_file(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* Notes a directory: 1 when it was there already, -1 without memory. */
static int again(void **all, const struct stat *st)
{
	struct seen *s = malloc(sizeof(*s)), **found;

	if (!s)
		return -1;
	*s = (struct seen){ st->st_dev, st->st_ino };
	found = tsearch(s, all, by_file);
	if (found && *found == s)
		return 0;
	free(s);
	return found ? 1 : -1;
}

static void forget(void **all)
{
	struct seen *s;

	while (*all) {
		s = *(struct seen **)*all;
		tdelete(s, all, by_file);
		free(s);
	}
}

static int
walk(const char *path, int (*old)(const char *, const struct stat *, int),
     int (*visit)(const char *, const struct stat *, int, struct FTW *),
     int flags)
{
	char *paths[] = { (char *)path, NULL };
	int options = flags & FTW_PHYS ? FTS_PHYSICAL : FTS_LOGICAL;
	int what, saved, ret = 0;
	void *all = NULL; /* which directories were told */
	struct FTW place;
	struct stat none;
	FTSENT *e;
	FTS *f;

	if (!(flags & FTW_CHDIR))
		options |= FTS_NOCHDIR;
	if (flags & FTW_MOUNT)
		options |= FTS_XDEV;
	memset(&none, 0, sizeof(none));
	f = fts_open(paths, options, NULL);
	if (!f)
		return -1;
	while (!ret && (e = fts_read(f))) {
		const struct stat *st = e->fts_statp;

		/* What was asked for has to be there. */
		if (e->fts_level == 0 && e->fts_info == FTS_NS) {
			errno = e->fts_errno;
			ret = -1;
			break;
		}
		if (e->fts_info == FTS_ERR) {
			errno = e->fts_errno;
			ret = -1;
			break;
		}
		/* Where links are followed no directory is told twice. */
		if (e->fts_info == FTS_D && !(flags & FTW_PHYS)) {
			e->fts_number = again(&all, st);
			if (e->fts_number < 0) {
				ret = -1;
				break;
			}
			if (e->fts_number)
				fts_set(f, e, FTS_SKIP);
		}
		what = kind(e, flags);
		if (what < 0 ||
		    ((what == FTW_D || what == FTW_DP) && e->fts_number))
			continue;
		if (what == FTW_NS)
			st = &none;
		place.level = e->fts_level;
		place.base = (int)(e->fts_pathlen - e->fts_namelen);
		/* Of an operand the name may be all of it. */
		if (e->fts_level == 0) {
			const char *slash = strrchr(path, '/');

			place.base =
				slash && slash[1] ? (int)(slash + 1 - path) : 0;
		}
		if (old)
			ret = old(e->fts_path, st,
				  what == FTW_SLN ? FTW_NS : what);
		else
			ret = visit(e->fts_path, st, what, &place);
	}
	if (!ret && errno)
		ret = -1;
	saved = errno;
	forget(&all);
	fts_close(f);
	errno = saved;
	return ret;
}

int ftw(const char *path, int (*visit)(const char *, const struct stat *, int),
	int fds)
{
	errno = 0;
	return walk(path, visit, NULL, 0);
}

int nftw(const char *path,
	 int (*visit)(const char *, const struct stat *, int, struct FTW *),
	 int fds, int flags)
{
	errno = 0;
	return walk(path, NULL, visit, flags);
}
