/*
 * cp: copy files; -r with folders and all in them; -p keeps owner, mode and
 * times; -a is -rp, leaves links links, and keeps files of several names one.
 *
 * A file that cp itself has made and cannot write whole (the disk is full) is
 * removed again.  One that was there is written in place, so that its other
 * names and those who have it open see the new contents.
 *
 * What is found in a folder is reached by its name there, on both sides: who
 * puts a link in the place of a folder meanwhile leads nobody out of the tree.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "shown.h"
#include "spot.h"

static int recursive, force, ask, no_clobber, verbose, update, parents;
static int make_links, make_symlinks, remove_first, one_system, sparse;
static int keep_mode, keep_times, keep_owner, keep_links;
static int plain_mode;  /* --no-preserve=mode: that of any new file */
static int follow = -1; /* 1: -L, 0: -P, 2: -H, -1: as -r wants it */
static int failed;
static mode_t mask;

/* A file by its name in a directory, or in the user's; the path is to be told.
 */
struct place {
	struct spot *in;
	const char *name, *path;
};

/*
 * What was met or made: the path of the copy by device and inode, in a hash
 * table with open addressing.
 */
struct known {
	dev_t dev;
	ino_t ino;
	char *path;
};
struct table {
	struct known *k;
	size_t n, cap;
};
static struct table copied; /* files of several names, for -a */
static struct table made;   /* what this run has made */

static int complain(const char *path)
{
	warn("%s", path);
	failed = 1;
	return -1;
}

static void *need(void *p)
{
	if (!p)
		err(1, NULL);
	return p;
}

static char *join(const char *folder, const char *name)
{
	size_t n = strlen(folder);
	char *path;

	if (asprintf(&path, "%s%s%s", folder,
		     n && folder[n - 1] == '/' ? "" : "/", name) < 0)
		err(1, NULL);
	return path;
}

static struct known *place(struct known *k, size_t cap, dev_t dev, ino_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15u ^ dev) & (cap - 1);

	while (k[i].path && (k[i].ino != ino || k[i].dev != dev))
		i = (i + 1) & (cap - 1);
	return &k[i];
}

static const char *table_find(const struct table *t, const struct stat *st)
{
	return t->cap ? place(t->k, t->cap, st->st_dev, st->st_ino)->path
		      : NULL;
}

static void table_add(struct table *t, const struct stat *st, const char *path)
{
	struct known *bigger, *k;
	size_t i, cap;

	if (t->n * 2 >= t->cap) {
		cap = t->cap ? t->cap * 2 : 256;
		bigger = need(calloc(cap, sizeof(*bigger)));
		for (i = 0; i < t->cap; i++)
			if (t->k[i].path)
				*place(bigger, cap, t->k[i].dev, t->k[i].ino) =
					t->k[i];
		free(t->k);
		t->k = bigger;
		t->cap = cap;
	}
	k = place(t->k, t->cap, st->st_dev, st->st_ino);
	if (k->path)
		return;
	k->dev = st->st_dev;
	k->ino = st->st_ino;
	k->path = need(strdup(path));
	t->n++;
}

static int all_zero(const char *p, size_t n)
{
	return !*p && !memcmp(p, p + 1, n - 1);
}

/* Copy the bytes; what is all zero in a file with holes becomes one. */
static int copy_bytes(int in, int out, const struct stat *st, const char *from,
		      const char *to)
{
	int holes = sparse == 'a' || (sparse != 'n' && S_ISREG(st->st_mode) &&
				      st->st_blocks < st->st_size / 512);
	static char buf[65536];
	ssize_t n, put, k;
	int at_hole = 0;
	off_t end = 0;

	while ((n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			complain(from);
			return 1;
		}
		end += n;
		for (k = 0; k < n; k += put) {
			put = n - k;
			if (holes && put > 4096)
				put = 4096;
			at_hole = holes && all_zero(buf + k, (size_t)put) &&
				  lseek(out, put, SEEK_CUR) >= 0;
			if (at_hole)
				continue;
			put = write(out, buf + k, (size_t)put);
			if (put < 0 && errno == EINTR)
				put = 0;
			if (put < 0)
				return complain(to);
		}
	}
	if (at_hole && ftruncate(out, end) < 0)
		return complain(to);
	return 0;
}

/* Owner first: changing it may take the special bits of the mode away. */
static int keep_attributes(const struct place *to, const struct stat *st,
			   int fd)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;
	int dir = spot_fd(to->in), ret = 0;

	/* Who may not give files away takes the special bits off instead. */
	if (keep_owner &&
	    (fd >= 0 ? fchown(fd, st->st_uid, st->st_gid)
		     : fchownat(dir, to->name, st->st_uid, st->st_gid,
				AT_SYMLINK_NOFOLLOW)) < 0) {
		fchownat(fd >= 0 ? fd : dir, fd >= 0 ? "" : to->name, (uid_t)-1,
			 st->st_gid,
			 fd >= 0 ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW);
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	}
	if (keep_mode && !S_ISLNK(st->st_mode) &&
	    (fd >= 0 ? fchmod(fd, mode)
		     : fchmodat(dir, to->name, mode, AT_SYMLINK_NOFOLLOW)) < 0)
		ret = complain(to->path);
	if (keep_times && (fd >= 0 ? futimens(fd, times)
				   : utimensat(dir, to->name, times,
					       AT_SYMLINK_NOFOLLOW)) < 0)
		ret = complain(to->path);
	return ret;
}

static int copy_file(const struct place *from, const struct place *to,
		     const struct stat *st, int exists, int deref)
{
	/* Until it is whole and its owner is right, it is for us alone. */
	mode_t final = plain_mode ? 0666 : st->st_mode & 0777;
	mode_t mode = keep_owner ? final & 0700 : final;
	int in, out, ret, new = !exists, dir = spot_fd(to->in);
	struct stat now;

	in = openat(spot_fd(from->in), from->name,
		    O_RDONLY | (deref ? 0 : O_NOFOLLOW));
	if (in < 0)
		return complain(from->path);
	if (fstat(in, &now) < 0 || now.st_dev != st->st_dev ||
	    now.st_ino != st->st_ino) {
		close(in);
		warnx("'%s' was replaced meanwhile", from->path);
		failed = 1;
		return -1;
	}
	out = openat(dir, to->name,
		     exists ? O_WRONLY | O_TRUNC : O_WRONLY | O_CREAT | O_EXCL,
		     mode);
	if (out < 0 && exists && force && unlinkat(dir, to->name, 0) == 0) {
		new = 1;
		out = openat(dir, to->name, O_WRONLY | O_CREAT | O_EXCL, mode);
	}
	if (out < 0) {
		complain(to->path);
		close(in);
		return -1;
	}
	if (fstat(out, &now) == 0)
		table_add(&made, &now, to->path);
	ret = copy_bytes(in, out, st, from->path, to->path);
	if (ret >= 0 && (keep_mode || keep_times || keep_owner))
		keep_attributes(to, st, out);
	if (ret >= 0 && new && !keep_mode &&
	    keep_owner &&fchmod(out, final & ~mask) < 0)
		ret = complain(to->path);
	close(in);
	if (close(out) < 0)
		ret = complain(to->path);
	if (ret < 0 && new)
		unlinkat(dir, to->name, 0);
	return ret;
}

static int copy(const struct place *from, const struct place *to);

/* All names of a directory, so that none stays open on the way down, and what
 * is made there meanwhile is not met. */
static char **read_names(const struct spot *s, const char *path)
{
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char **names = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;

	if (!d) {
		complain(path);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	do {
		if (n + 1 >= cap) {
			cap = cap ? cap * 2 : 32;
			names = need(realloc(names, cap * sizeof(*names)));
		}
		errno = 0;
		e = readdir(d);
		if (e && strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			names[n++] = need(strdup(e->d_name));
	} while (e);
	if (errno)
		complain(path);
	names[n] = NULL;
	closedir(d);
	return names;
}

/*
 * What is in the folder `from`, which has been entered, to `to`.  exists: it
 * was there; a link, perhaps, that is followed.
 */
static int copy_entries(struct spot *inside, const struct place *from,
			const struct place *to, const struct stat *st,
			int exists)
{
	char **names = read_names(inside, from->path);
	struct place a = { inside, NULL, NULL }, b = { NULL, NULL, NULL };
	int dir = spot_fd(to->in), i, ret = names ? 0 : -1;
	struct spot target;
	char *x, *y;

	if (!exists) {
		if (mkdirat(dir, to->name,
			    (st->st_mode & 07777 & ~mask) | 0700) < 0) {
			ret = complain(to->path);
			goto out;
		}
		if (verbose)
			shown_print(stdout, "'%s' -> '%s'\n", from->path,
				    to->path);
	}
	if (spot_enter(&target, to->in, to->name, exists) < 0) {
		ret = complain(to->path);
		goto out;
	}
	b.in = &target;
	if (target.dev == st->st_dev && target.ino == st->st_ino) {
		warnx("'%s' and '%s' are the same file", from->path, to->path);
		failed = 1;
		ret = -1;
		goto leave;
	}
	table_add(&made,
		  &(struct stat){ .st_dev = target.dev, .st_ino = target.ino },
		  to->path);
	for (i = 0; names && names[i]; i++) {
		x = join(from->path, names[i]);
		y = join(to->path, names[i]);
		a.name = b.name = names[i];
		a.path = x;
		b.path = y;
		if (copy(&a, &b) < 0)
			ret = -1;
		free(x);
		free(y);
	}
	if (!exists && !keep_mode &&
	    fchmodat(target.fd, ".", st->st_mode & 0777 & ~mask, 0) < 0)
		ret = complain(to->path);
	if (keep_mode || keep_times || keep_owner)
		keep_attributes(&(struct place){ &target, ".", to->path }, st,
				fcntl(target.fd, F_GETFL) & O_PATH ? -1
								   : target.fd);
leave:
	if (spot_leave(&target) < 0)
		err(1, "%s", to->path);
out:
	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
	return ret;
}

static int copy_folder(const struct place *from, const struct place *to,
		       const struct stat *st, int exists, int deref)
{
	struct spot inside;
	const struct spot *up;
	int ret;

	if (!recursive) {
		warnx("-r not specified; omitting directory '%s'", from->path);
		failed = 1;
		return -1;
	}
	for (up = from->in; up; up = up->up) {
		if (up->dev == st->st_dev && up->ino == st->st_ino) {
			warnx("cannot copy cyclic symbolic link '%s'",
			      from->path);
			failed = 1;
			return -1;
		}
	}
	if (spot_enter(&inside, from->in, from->name, deref) < 0)
		return complain(from->path);
	ret = copy_entries(&inside, from, to, st, exists);
	if (spot_leave(&inside) < 0)
		err(1, "%s", from->path);
	return ret;
}

static int copy_special(const struct place *from, const struct place *to,
			const struct stat *st, int exists)
{
	static char target[PATH_MAX];
	int dir = spot_fd(to->in);
	ssize_t n;

	if (exists && unlinkat(dir, to->name, 0) < 0)
		return complain(to->path);
	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(spot_fd(from->in), from->name, target,
			       sizeof(target) - 1);
		if (n < 0)
			return complain(from->path);
		target[n] = 0;
		if (symlinkat(target, dir, to->name) < 0)
			return complain(to->path);
	} else if (mknodat(dir, to->name, st->st_mode & (S_IFMT | 0777),
			   st->st_rdev) < 0) {
		return complain(to->path);
	}
	return keep_mode || keep_times || keep_owner
		       ? keep_attributes(to, st, -1)
		       : 0;
}

/* -l, -s, and the further names of a file with -a. */
static int link_file(const struct place *from, const struct place *to,
		     int exists, int symbolic)
{
	int dir = spot_fd(to->in);

	if (symbolic && *from->path != '/' && strchr(to->path, '/')) {
		warnx("'%s': can make relative symbolic links only in current "
		      "directory",
		      to->path);
		failed = 1;
		return -1;
	}
	if (exists && unlinkat(dir, to->name, 0) < 0)
		return complain(to->path);
	if ((symbolic ? symlinkat(from->path, dir, to->name)
		      : linkat(spot_fd(from->in), from->name, dir, to->name,
			       follow == 1 ? AT_SYMLINK_FOLLOW : 0)) < 0)
		return complain(to->path);
	return 0;
}

static int agreed(const char *path)
{
	char answer[80];

	fflush(stdout);
	shown_print(stderr, "cp: overwrite '%s'? ", path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec
		       ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
		       : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static int refuse(const char *format, const char *a, const char *b)
{
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	warnx(format, a, b);
#pragma GCC diagnostic warning "-Wformat-nonliteral"
	failed = 1;
	return -1;
}

/* What may stand in the way at `to`.  1: nothing to do, -1: refused. */
static int check_target(const struct place *from, const struct place *to,
			const struct stat *a, int *exists, char **backup)
{
	int dir = spot_fd(to->in);
	struct stat b, l;

	*exists = fstatat(dir, to->name, &l, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*exists)
		return 0;
	b = l;
	/* One writes through a link, but does not replace a link so. */
	if (S_ISLNK(l.st_mode) && !S_ISLNK(a->st_mode) && !remove_first &&
	    !make_symlinks && !make_links && fstatat(dir, to->name, &b, 0) < 0)
		return refuse("not writing through dangling symlink '%s'%s",
			      to->path, "");
	if (!S_ISDIR(a->st_mode) && no_clobber)
		return 1;
	if (a->st_dev == b.st_dev && a->st_ino == b.st_ino) {
		/* -l: it is linked already. */
		if (make_links && !S_ISLNK(l.st_mode))
			return 1;
		if (!(backup_kind && S_ISLNK(l.st_mode)) &&
		    (!remove_first || a->st_nlink == 1))
			return refuse("'%s' and '%s' are the same file",
				      from->path, to->path);
	}
	if (S_ISDIR(a->st_mode) && !S_ISDIR(b.st_mode))
		return refuse("cannot overwrite non-directory '%s' with "
			      "directory '%s'",
			      to->path, from->path);
	if (!S_ISDIR(a->st_mode) && S_ISDIR(b.st_mode))
		return refuse("cannot overwrite directory '%s' with "
			      "non-directory%s",
			      to->path, "");
	if (S_ISDIR(a->st_mode) || (update && !is_newer(a, &b)))
		return !S_ISDIR(a->st_mode);
	if (!keep_links && table_find(&made, &b))
		return refuse("will not overwrite just-created '%s' with '%s'",
			      to->path, from->path);
	if (ask && !agreed(to->path))
		return 1;
	if (backup_kind) {
		*backup = backup_name(dir, to->name);
		if (fstatat(dir, *backup, &l, 0) == 0 &&
		    l.st_dev == a->st_dev && l.st_ino == a->st_ino)
			return refuse("backing up '%s' might destroy source; "
				      "'%s' not copied",
				      to->path, from->path);
		if (renameat(dir, to->name, dir, *backup) < 0)
			return complain(to->path);
		*exists = 0;
		return 0;
	}
	/* What is no file is not written into, with -r, but replaced. */
	if (remove_first) {
		if (unlinkat(dir, to->name, 0) < 0)
			return complain(to->path);
		*exists = 0;
	}
	return 0;
}

/* Whether the target of a directory would lie in that directory. */
static int is_into_itself(const char *to, const struct stat *a)
{
	char *copy_of = need(strdup(to)),
	     *path = need(strdup(dirname(copy_of)));
	struct stat st, last = { .st_ino = 0 };
	char *longer;
	int ret = 0;

	while (!ret && strlen(path) < PATH_MAX && stat(path, &st) == 0 &&
	       (st.st_ino != last.st_ino || st.st_dev != last.st_dev)) {
		ret = st.st_dev == a->st_dev && st.st_ino == a->st_ino;
		last = st;
		longer = join(path, "..");
		free(path);
		path = longer;
	}
	free(path);
	free(copy_of);
	return ret;
}

/*
 * A further name of a file that has been copied, as `other`.  That it still is
 * what was made there must be seen of what has been linked.
 */
static int link_copy(const char *other, const struct place *to, int exists)
{
	const struct place from = { NULL, other, other };
	struct stat st;

	if (link_file(&from, to, exists, 0) < 0)
		return -1;
	if (fstatat(spot_fd(to->in), to->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (!S_ISREG(st.st_mode) || table_find(&made, &st)))
		return 0;
	unlinkat(spot_fd(to->in), to->name, 0);
	return refuse("'%s' was replaced meanwhile%s", other, "");
}

static int copy(const struct place *from, const struct place *to)
{
	struct spot *up = from->in;
	const char *other;
	struct stat a;
	char *backup = NULL, *whole;
	int exists, ret, deref;

	/* -L always, -H operands, -P never, else only without -r. */
	deref = follow == 1 || (follow == 2 && !up) ||
		(follow < 0 && !recursive);
	if (make_links && follow != 1)
		deref = 0;
	if (fstatat(spot_fd(up), from->name, &a,
		    deref ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return complain(from->path);
	/* What it has made itself is not what there was to copy. */
	if (S_ISDIR(a.st_mode) && up && table_find(&made, &a))
		return refuse("cannot copy a directory into itself: '%s' "
			      "is '%s'",
			      from->path, table_find(&made, &a));
	if (one_system && up && S_ISDIR(a.st_mode) && up->dev != a.st_dev)
		return 0;
	if (S_ISDIR(a.st_mode) && !up && recursive &&
	    is_into_itself(to->path, &a))
		return refuse("cannot copy a directory, '%s', into itself, "
			      "'%s'",
			      from->path, to->path);
	ret = check_target(from, to, &a, &exists, &backup);
	if (ret) {
		free(backup);
		return ret < 0 ? -1 : 0;
	}
	if (S_ISDIR(a.st_mode))
		return copy_folder(from, to, &a, exists, deref);
	other = keep_links && a.st_nlink > 1 ? table_find(&copied, &a) : NULL;
	if (other)
		ret = link_copy(other, to, exists);
	else if (make_links || make_symlinks)
		ret = link_file(from, to, exists, make_symlinks);
	else if (S_ISREG(a.st_mode) || (!recursive && !S_ISLNK(a.st_mode)))
		ret = copy_file(from, to, &a, exists, deref);
	else
		ret = copy_special(from, to, &a, exists);
	if (!ret && keep_links && a.st_nlink > 1)
		table_add(&copied, &a, to->path);
	/* What was there is there again. */
	if (ret < 0 && backup &&
	    renameat(spot_fd(to->in), backup, spot_fd(to->in), to->name) < 0)
		complain(to->path);
	if (!ret && verbose) {
		shown_print(stdout, "'%s' -> '%s'", from->path, to->path);
		if (backup) {
			if (asprintf(&whole, "%s%s", to->path,
				     backup + strlen(to->name)) < 0)
				err(1, NULL);
			shown_print(stdout, " (backup: '%s')", whole);
			free(whole);
		}
		putchar('\n');
	}
	free(backup);
	return ret;
}

/* An operand. */
static int copy_paths(const char *from, const char *to)
{
	return copy(&(struct place){ NULL, from, from },
		    &(struct place){ NULL, to, to });
}

/* Directories of --parents, whose attributes come when all is in them. */
static struct later {
	struct later *next;
	char *path;
	struct stat st;
} * later;

static void later_add(const char *path, const struct stat *st)
{
	struct later *l = need(malloc(sizeof(*l)));

	l->path = need(strdup(path));
	l->st = *st;
	l->next = later;
	later = l;
}

static void later_all(void)
{
	struct later *l;

	while ((l = later)) {
		later = l->next;
		if (keep_mode || keep_times || keep_owner)
			keep_attributes(
				&(struct place){ NULL, l->path, l->path },
				&l->st, -1);
		else
			chmod(l->path, l->st.st_mode & 0777 & ~mask);
		free(l->path);
		free(l);
	}
}

static void tell_made(const char *from, const char *to)
{
	shown_name(stdout, from);
	fputs(" -> ", stdout);
	shown_name(stdout, to);
	putchar('\n');
}

/* --parents: the directories of the operand's path below the target. */
static int make_parents(const char *from, const char *folder)
{
	char *part = need(strdup(from)), *p = part, *to;
	struct stat st, now;
	int ret = 0;

	while (!ret && (p = strchr(p + strspn(p, "/"), '/'))) {
		*p = 0;
		to = join(folder, part);
		if (stat(to, &now) < 0) {
			if (stat(part, &st) < 0)
				ret = complain(part);
			else if (mkdir(to, (st.st_mode & 0777 & ~mask) | 0700) <
				 0)
				ret = complain(to);
			else if (verbose)
				tell_made(part, to);
			if (!ret)
				later_add(to, &st);
		} else if (!S_ISDIR(now.st_mode)) {
			ret = refuse("'%s' exists but is not a directory%s", to,
				     "");
		}
		free(to);
		*p = '/';
	}
	free(part);
	return ret;
}

static void copy_into(const char *from, const char *folder)
{
	char *name = need(strdup(from)), *to;
	size_t n;

	if (parents) {
		for (n = strlen(name); n > 1 && name[n - 1] == '/'; n--)
			name[n - 1] = 0;
		to = join(folder, name);
		if (make_parents(name, folder) == 0)
			copy_paths(from, to);
		later_all();
	} else {
		to = join(folder, basename(name));
		copy_paths(from, to);
	}
	free(to);
	free(name);
}

static void preserve(const char *list, int value)
{
	static const char *const names[] = { "mode",  "ownership", "timestamps",
					     "links", "all",       "context",
					     "xattr", NULL };
	size_t n;
	int i;

	for (;; list += n + 1) {
		n = strcspn(list, ",");
		for (i = 0; names[i]; i++)
			if (strlen(names[i]) == n && !memcmp(names[i], list, n))
				break;
		if (!names[i])
			errx(1, "invalid attribute '%.*s'", (int)n, list);
		if (i == 0 || i == 4)
			keep_mode = value;
		if (i == 1 || i == 4)
			keep_owner = value;
		if (i == 2 || i == 4)
			keep_times = value;
		if (i == 3 || i == 4)
			keep_links = value;
		if (!list[n])
			return;
	}
}

static int usage(int status)
{
	fputs("usage: cp [-abfilnprRsuvxHLPT] [-S suffix] file target\n"
	      "       cp [-abfilnprRsuvxHLP] file... directory\n"
	      "       cp [-abfilnprRsuvxHLP] -t directory file...\n"
	      "more: -d (-P, and links stay links), --parents, "
	      "--preserve[=mode,ownership,\n"
	      "      timestamps,links,all], --no-preserve=list, "
	      "--remove-destination,\n"
	      "      --sparse=auto|always|never\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "archive", no_argument, NULL, 'a' },
		{ "force", no_argument, NULL, 'f' },
		{ "interactive", no_argument, NULL, 'i' },
		{ "link", no_argument, NULL, 'l' },
		{ "dereference", no_argument, NULL, 'L' },
		{ "no-clobber", no_argument, NULL, 'n' },
		{ "no-dereference", no_argument, NULL, 'P' },
		{ "preserve", optional_argument, NULL, 256 + 'p' },
		{ "no-preserve", required_argument, NULL, 256 + 'n' },
		{ "parents", no_argument, NULL, 256 + 'P' },
		{ "recursive", no_argument, NULL, 'r' },
		{ "remove-destination", no_argument, NULL, 256 + 'r' },
		{ "sparse", required_argument, NULL, 256 + 's' },
		{ "symbolic-link", no_argument, NULL, 's' },
		{ "target-directory", required_argument, NULL, 't' },
		{ "no-target-directory", no_argument, NULL, 'T' },
		{ "update", no_argument, NULL, 'u' },
		{ "backup", optional_argument, NULL, BACKUP },
		{ "suffix", required_argument, NULL, 'S' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "one-file-system", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 256 + 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, n, i, flat = 0, is_folder;
	const char *into = NULL;
	struct stat st;

	while ((c = getopt_long(argc, argv, "abdfiHlLnPpRrsS:t:Tuvx", longs,
				NULL)) != -1) {
		switch (c) {
		case 'r':
		case 'R':
			recursive = 1;
			break;
		case 'p':
			keep_mode = keep_times = keep_owner = 1;
			break;
		case 256 + 'p':
			preserve(optarg ? optarg : "mode,ownership,timestamps",
				 1);
			break;
		case 256 + 'n':
			preserve(optarg, 0);
			plain_mode = !keep_mode;
			break;
		case 'a':
			recursive = 1;
			keep_mode = keep_times = keep_owner = keep_links = 1;
			follow = 0;
			break;
		case 'd':
			follow = 0;
			keep_links = 1;
			break;
		case 'f':
			force = 1;
			break;
		case 'i':
			ask = 1;
			no_clobber = 0;
			break;
		case 'n':
			no_clobber = 1;
			ask = 0;
			break;
		case 'u':
			update = 1;
			break;
		case 'b':
		case BACKUP:
			backup_option(c == 'b' ? NULL : optarg, NULL);
			break;
		case 'S':
			backup_option(NULL, optarg);
			break;
		case 'v':
			verbose = 1;
			break;
		case 'l':
			make_links = 1;
			break;
		case 's':
			make_symlinks = 1;
			break;
		case 'x':
			one_system = 1;
			break;
		case 'L':
			follow = 1;
			break;
		case 'P':
			follow = 0;
			break;
		case 'H':
			follow = 2;
			break;
		case 't':
			into = optarg;
			break;
		case 'T':
			flat = 1;
			break;
		case 256 + 'P':
			parents = 1;
			break;
		case 256 + 'r':
			remove_first = 1;
			break;
		case 256 + 's':
			sparse = !strcmp(optarg, "always")  ? 'a'
				 : !strcmp(optarg, "never") ? 'n'
				 : !strcmp(optarg, "auto")  ? 0
							    : -1;
			if (sparse < 0)
				errx(1, "invalid argument '%s' for --sparse",
				     optarg);
			break;
		case 256 + 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	if (backup_kind && no_clobber) {
		warnx("-b and -n exclude each other");
		return usage(1);
	}
	argv += optind;
	n = argc - optind;
	if (n < (into ? 1 : 2)) {
		warnx("missing file operand");
		return usage(1);
	}
	if (make_links && make_symlinks)
		errx(1, "-l and -s exclude each other");
	/* What grows too large is an error as a full disk is. */
	signal(SIGXFSZ, SIG_IGN);
	mask = umask(0);
	umask(mask);
	if (!into && !flat) {
		is_folder = stat(argv[n - 1], &st) == 0 && S_ISDIR(st.st_mode);
		if (is_folder || n > 2)
			into = argv[--n];
		if (into && !is_folder)
			errx(1, "target '%s' is not a directory", into);
	} else if (into && (stat(into, &st) < 0 || !S_ISDIR(st.st_mode))) {
		errx(1, "target '%s' is not a directory", into);
	}
	if (!into && n > 2)
		errx(1, "extra operand '%s'", argv[2]);
	if (!into && parents)
		errx(1, "with --parents, the destination must be a directory");
	for (i = 0; into && i < n; i++)
		copy_into(argv[i], into);
	if (!into) {
		size_t len = strlen(argv[1]);

		/* "x/" must be there, unless a directory is copied to it. */
		if (len && argv[1][len - 1] == '/' && stat(argv[0], &st) == 0 &&
		    !S_ISDIR(st.st_mode)) {
			errno = stat(argv[1], &st) < 0 ? errno : ENOTDIR;
			err(1, "%s", argv[1]);
		}
		copy_paths(argv[0], argv[1]);
	}
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
