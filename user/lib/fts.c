/*
 * fts: walk trees of files.  A directory is read when it is entered, all of it
 * when its entries are to be sorted and otherwise some thousands at a time; so
 * a deep tree takes no descriptors, and a large directory no more memory than
 * one batch.  The path of the entry that was given last is in one buffer, that
 * of each directory above it is its beginning.
 *
 * Unless FTS_NOCHDIR is given, or all links are followed, the working directory
 * goes along: it is the directory of the entry, reached by the descriptor of
 * what was looked at, and on the way back by "..", if that is still the one
 * that it was.  So nobody can lead the caller out of the tree by putting a link
 * in the place of a directory, and paths may be longer than PATH_MAX.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH 4096

struct __fts {
	int options;
	int (*compare)(const FTSENT **, const FTSENT **);
	FTSENT *now; /* what was given last */
	char *path;
	size_t size; /* of path */
	int start;   /* the first working directory; -1: it stays that */
};

struct node {
	struct stat st;
	DIR *more;          /* a directory of which there is more to read */
	unsigned char type; /* DT_... as the directory has it */
	int shut;           /* errno: it could be read, but not entered */
	int back;           /* the one above, when a link led here; or -1 */
	FTSENT e;           /* the name lies behind it */
};

static struct node *node_of(FTSENT *e)
{
	return (struct node *)(void *)((char *)e - offsetof(struct node, e));
}

static void node_free(FTSENT *e)
{
	struct node *n = node_of(e);

	if (n->more)
		closedir(n->more);
	if (n->back >= 0)
		close(n->back);
	free(n);
}

static FTSENT *node_make(FTSENT *parent, const char *name)
{
	size_t len = strlen(name);
	struct node *n;

	if (len > 65000) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	n = calloc(1, sizeof(*n) + len + 1);
	if (!n)
		return NULL;
	memcpy(n->e.fts_name, name, len + 1);
	n->e.fts_namelen = (unsigned short)len;
	n->e.fts_parent = parent;
	n->e.fts_level = (short)(parent ? parent->fts_level + 1 : -1);
	n->e.fts_statp = &n->st;
	n->back = -1;
	return &n->e;
}

static void list_free(FTSENT *e)
{
	FTSENT *next;

	for (; e; e = next) {
		next = e->fts_link;
		node_free(e);
	}
}

/* Ask what it is; sets fts_info. */
static void look(FTS *f, FTSENT *e, int follow)
{
	struct stat *st = e->fts_statp;
	FTSENT *up;

	e->fts_errno = 0;
	e->fts_info = 0;
	if ((follow ? stat(e->fts_accpath, st) : lstat(e->fts_accpath, st)) <
	    0) {
		e->fts_errno = errno;
		e->fts_info = FTS_NS;
		if (follow && lstat(e->fts_accpath, st) == 0) {
			e->fts_info = FTS_SLNONE;
			e->fts_errno = 0;
		} else {
			memset(st, 0, sizeof(*st));
			return;
		}
	}
	e->fts_dev = st->st_dev;
	e->fts_ino = st->st_ino;
	e->fts_nlink = st->st_nlink;
	if (S_ISDIR(st->st_mode)) {
		e->fts_info = FTS_D;
		if (e->fts_level > 0 &&
		    (!strcmp(e->fts_name, ".") || !strcmp(e->fts_name, "..")))
			e->fts_info = FTS_DOT;
		for (up = e->fts_parent; up && up->fts_level >= 0;
		     up = up->fts_parent) {
			if (e->fts_info == FTS_D && up->fts_dev == e->fts_dev &&
			    up->fts_ino == e->fts_ino) {
				e->fts_info = FTS_DC;
				e->fts_cycle = up;
			}
		}
	} else if (e->fts_info != FTS_SLNONE) {
		e->fts_info = S_ISLNK(st->st_mode)   ? FTS_SL
			      : S_ISREG(st->st_mode) ? FTS_F
						     : FTS_DEFAULT;
	}
}

/* How the entry is reached from where the caller stands. */
static char *access_path(const FTS *f, FTSENT *e)
{
	return f->start >= 0 && e->fts_level > 0 ? e->fts_name : f->path;
}

/* Put the entry's name behind its directory's path.  -1 with errno. */
static int arrive(FTS *f, FTSENT *e)
{
	static char nothing[] = "";
	size_t at = e->fts_level > 0 ? e->fts_parent->fts_pathlen : 0;
	size_t need = at + e->fts_namelen + 2;
	unsigned char type;
	char *bigger;
	int shut;

	if (need > 65535) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (need > f->size) {
		bigger = realloc(f->path, need + 256);
		if (!bigger)
			return -1;
		f->path = bigger;
		f->size = need + 256;
	}
	if (at && f->path[at - 1] != '/')
		f->path[at++] = '/';
	memcpy(f->path + at, e->fts_name, e->fts_namelen + 1u);
	e->fts_pathlen = (unsigned short)(at + e->fts_namelen);
	e->fts_path = f->path;
	e->fts_accpath = access_path(f, e);
	f->now = e;
	shut = e->fts_level > 0 ? node_of(e->fts_parent)->shut : 0;
	/* From here there is no way to it. */
	if (shut)
		e->fts_accpath = nothing;
	type = node_of(e)->type;
	if ((f->options & FTS_NOSTAT) && type != DT_UNKNOWN && type != DT_DIR &&
	    (type != DT_LNK || !(f->options & FTS_LOGICAL))) {
		e->fts_info = FTS_NSOK;
		return 0;
	}
	if (shut) {
		e->fts_errno = shut;
		e->fts_info = FTS_NS;
		return 0;
	}
	look(f, e,
	     (f->options & FTS_LOGICAL) ||
		     ((f->options & FTS_COMFOLLOW) && e->fts_level == 0));
	return 0;
}

static void list_sort(FTS *f, FTSENT **list, size_t n)
{
	FTSENT **all, *e;
	size_t i;

	if (!f->compare || n < 2)
		return;
	all = malloc(n * sizeof(*all));
	if (!all)
		return; /* unsorted, then */
	for (i = 0, e = *list; e; e = e->fts_link)
		all[i++] = e;
	qsort(all, n, sizeof(*all),
	      (int (*)(const void *, const void *))f->compare);
	for (i = 0; i < n; i++)
		all[i]->fts_link = i + 1 < n ? all[i + 1] : NULL;
	*list = all[0];
	free(all);
}

/* The next entries of a directory; its fts_errno tells of a failure. */
static FTSENT *read_batch(FTS *f, FTSENT *dir)
{
	struct node *n = node_of(dir);
	FTSENT *list = NULL, **end = &list, *e;
	struct dirent *d;
	size_t count = 0;

	while (f->compare || count < BATCH) {
		errno = 0;
		d = readdir(n->more);
		if (!d)
			break;
		if (!(f->options & FTS_SEEDOT) &&
		    (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..")))
			continue;
		e = node_make(dir, d->d_name);
		if (!e) {
			d = NULL;
			break;
		}
		node_of(e)->type = d->d_type;
		*end = e;
		end = &e->fts_link;
		count++;
	}
	if (f->compare || count < BATCH) {
		dir->fts_errno = errno;
		closedir(n->more);
		n->more = NULL;
	}
	list_sort(f, &list, count);
	return list;
}

static int is_same(const FTSENT *e, const struct stat *st)
{
	return st->st_dev == e->fts_dev && st->st_ino == e->fts_ino;
}

/* Open a directory, make sure that it is still the same one, and go there. */
static int enter(const FTS *f, FTSENT *dir)
{
	struct node *n = node_of(dir);
	struct stat st;

	n->more = opendir(dir->fts_accpath);
	if (!n->more)
		return -1;
	if (fstat(dirfd(n->more), &st) < 0 || !is_same(dir, &st)) {
		closedir(n->more);
		n->more = NULL;
		errno = ENOENT;
		return -1;
	}
	n->shut = 0;
	if (f->start < 0)
		return 0;
	if ((dir->fts_flags & FTS_FOLLOW) && dir->fts_level > 0)
		n->back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fchdir(dirfd(n->more)) < 0)
		n->shut = errno;
	return 0;
}

/* Back to where the directory lies.  -1 with errno: it was moved meanwhile. */
static int leave(const FTS *f, FTSENT *dir)
{
	struct node *n = node_of(dir);
	struct stat st;

	if (f->start < 0 || n->shut)
		return 0;
	if (!dir->fts_level)
		return fchdir(f->start);
	if (n->back >= 0) {
		if (fchdir(n->back) < 0)
			return -1;
		close(n->back);
		n->back = -1;
		return 0;
	}
	if (chdir("..") < 0 || stat(".", &st) < 0)
		return -1;
	if (is_same(dir->fts_parent, &st))
		return 0;
	errno = ENOENT;
	return -1;
}

FTS *fts_open(char *const *paths, int options,
	      int (*compare)(const FTSENT **, const FTSENT **))
{
	FTSENT *root = NULL, *e, *list = NULL, **end = &list;
	size_t n = 0;
	FTS *f;

	if (!(options & (FTS_LOGICAL | FTS_PHYSICAL)) || options & ~0x7f ||
	    !*paths) {
		errno = EINVAL;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->options = options;
	f->compare = compare;
	f->start = options & (FTS_NOCHDIR | FTS_LOGICAL)
			   ? -1
			   : open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root = node_make(NULL, "");
	if (!root)
		goto fail;
	for (; *paths; paths++, n++) {
		e = node_make(root, *paths);
		if (!e)
			goto fail;
		*end = e;
		end = &e->fts_link;
	}
	list_sort(f, &list, n);
	/* The operands follow the one above them, as if it had been left. */
	root->fts_link = list;
	root->fts_info = FTS_NSOK;
	f->now = root;
	return f;

fail:
	list_free(list);
	if (root)
		node_free(root);
	if (f->start >= 0)
		close(f->start);
	free(f);
	return NULL;
}

FTSENT *fts_read(FTS *f)
{
	FTSENT *e = f->now, *next, *up;
	int what;

	if (!e) {
		errno = 0;
		return NULL;
	}
	what = e->fts_instr;
	e->fts_instr = 0;
	if (e->fts_level >= 0 && (what == FTS_AGAIN || what == FTS_FOLLOW)) {
		if (what == FTS_FOLLOW)
			e->fts_flags |= FTS_FOLLOW;
		look(f, e,
		     what == FTS_FOLLOW || (f->options & FTS_LOGICAL) ||
			     ((f->options & FTS_COMFOLLOW) && !e->fts_level));
		return e;
	}
	if (e->fts_info == FTS_D) {
		for (up = e; up->fts_level > 0; up = up->fts_parent)
			;
		e->fts_info = FTS_DP;
		if (what == FTS_SKIP ||
		    ((f->options & FTS_XDEV) && up->fts_dev != e->fts_dev))
			return e;
		if (enter(f, e) < 0) {
			e->fts_errno = errno;
			e->fts_info = FTS_DNR;
			return e;
		}
		next = read_batch(f, e);
		if (next)
			goto give;
		if (e->fts_errno)
			e->fts_info = FTS_ERR;
		if (leave(f, e) < 0)
			return NULL;
		return e;
	}
	up = e->fts_parent;
	next = e->fts_link;
	if (!next && up && node_of(up)->more)
		next = read_batch(f, up);
	if (e->fts_level < 0) {
		/* The first call. */
		e->fts_link = NULL;
	} else {
		f->now = up;
		node_free(e);
	}
	if (next)
		goto give;
	if (!up || up->fts_level < 0) {
		node_free(f->now);
		f->now = NULL;
		errno = 0;
		return NULL;
	}
	if (leave(f, up) < 0)
		return NULL;
	up->fts_path = f->path;
	up->fts_accpath = access_path(f, up);
	f->path[up->fts_pathlen] = 0;
	up->fts_info = up->fts_errno ? FTS_ERR : FTS_DP;
	f->now = up;
	return up;

give:
	if (arrive(f, next) < 0) {
		list_free(next);
		return NULL;
	}
	return next;
}

int fts_set(FTS *f, FTSENT *e, int instruction)
{
	if (instruction & ~(FTS_AGAIN | FTS_FOLLOW | FTS_SKIP)) {
		errno = EINVAL;
		return -1;
	}
	e->fts_instr = (unsigned short)instruction;
	return 0;
}

int fts_close(FTS *f)
{
	FTSENT *e = f->now, *up;

	while (e) {
		up = e->fts_parent;
		list_free(e->fts_link);
		node_free(e);
		e = up;
	}
	if (f->start >= 0) {
		fchdir(f->start);
		close(f->start);
	}
	free(f->path);
	free(f);
	return 0;
}
