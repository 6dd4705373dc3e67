/*
 * cpio: archives in the format "newc", the one of a kernel's initramfs: a
 * header of hexadecimal numbers, the name, the data.  Names to write come on
 * standard input, one a line.
 *
 * As with tar nothing is written outside of the directory of work: a leading
 * / is dropped, names with ".." are left out, and no link is followed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"
#include "shown.h"

#define HEADER   110
#define NAME_TOP 65536 /* bytes of a name, or of a link, that we take */

enum {
	INO,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	SIZE,
	MAJOR,
	MINOR,
	RMAJOR,
	RMINOR,
	NAMESIZE,
	CHECK,
	FIELDS
};

/* Files with several names, written or made already. */
struct known {
	struct known *next;
	uint64_t dev, ino; /* as the archive, or the source, has them */
	dev_t made_dev;
	ino_t made_ino;
	unsigned int left; /* -o: names that have not come yet */
	int count;
	char **name;
};
static struct known *known;

/* Directories get their rights and times at the end. */
struct later {
	struct later *next;
	char *name;
	struct stat st;
};
static struct later *laters;

static int mode, make_dirs, keep_times, unconditional, listing, verbose, quiet;
static int invert, numeric, link_them, zero_ends, to_stdout;
static const char *file;
static char **patterns;
static int pattern_count;
static FILE *archive;
static uint64_t moved; /* bytes of the archive */
static int work = AT_FDCWD;
static int status;

static void *need(void *p)
{
	if (!p)
		errx(2, "out of memory");
	return p;
}

static void fail(const char *name, const char *what)
{
	warn("%s: %s", name, what);
	status = 2;
}

static void put(const void *p, size_t n)
{
	if (fwrite(p, 1, n, archive) != n)
		err(2, "write error");
	moved += n;
}

static void put_zeros(size_t n)
{
	static const char zeros[512];

	put(zeros, n);
}

static size_t to_four(uint64_t n)
{
	return (size_t)(-n & 3);
}

static struct known *find_known(uint64_t dev, uint64_t ino)
{
	struct known *k;

	for (k = known; k; k = k->next)
		if (k->dev == dev && k->ino == ino)
			return k;
	return NULL;
}

static struct known *add_known(uint64_t dev, uint64_t ino, const char *name)
{
	struct known *k = find_known(dev, ino);

	if (!k) {
		k = need(calloc(1, sizeof(*k)));
		k->dev = dev;
		k->ino = ino;
		k->next = known;
		known = k;
	}
	k->name = need(
		reallocarray(k->name, (size_t)k->count + 1, sizeof(*k->name)));
	k->name[k->count++] = need(strdup(name));
	return k;
}

/* --- Writing ----------------------------------------------------------- */

static void put_header(const char *name, const struct stat *st, uint64_t size)
{
	size_t n = strlen(name) + 1;
	char text[HEADER + 1];

	snprintf(text, sizeof(text),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 (unsigned int)st->st_ino, st->st_mode, st->st_uid, st->st_gid,
		 (unsigned int)st->st_nlink, (unsigned int)st->st_mtime,
		 (unsigned int)size, (unsigned int)major(st->st_dev),
		 (unsigned int)minor(st->st_dev),
		 (unsigned int)major(st->st_rdev),
		 (unsigned int)minor(st->st_rdev), (unsigned int)n, 0u);
	put(text, HEADER);
	put(name, n);
	put_zeros(to_four(HEADER + n));
}

static void put_file(const char *name, const struct stat *st)
{
	uint64_t left = (uint64_t)st->st_size;
	static char buf[65536];
	ssize_t n;
	int fd;

	if (left > UINT32_MAX) {
		warnx("%s: too large for this format", name);
		status = 2;
		return;
	}
	fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		fail(name, "Cannot open");
		return;
	}
	put_header(name, st, left);
	while (left) {
		n = read(fd, buf, left < sizeof(buf) ? left : sizeof(buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail(name, "Cannot read");
		if (n <= 0)
			break;
		put(buf, (size_t)n);
		left -= (uint64_t)n;
	}
	if (left) {
		warnx("%s: shrank; padding with zeros", name);
		status = 2;
	}
	for (; left; left -= (uint64_t)n) {
		n = (ssize_t)(left < 512 ? left : 512);
		put_zeros((size_t)n);
	}
	put_zeros(to_four((uint64_t)st->st_size));
	close(fd);
}

/* All names but the last of a file stand without its data. */
static void put_names(struct known *k, const struct stat *st)
{
	int i;

	for (i = 0; i < k->count - 1; i++)
		put_header(k->name[i], st, 0);
	put_file(k->name[i], st);
	for (i = 0; i < k->count; i++)
		free(k->name[i]);
	free(k->name);
	k->name = NULL;
	k->count = 0;
}

static void write_one(const char *name)
{
	char target[PATH_MAX];
	struct known *k;
	struct stat st;
	ssize_t n;

	if (lstat(name, &st) < 0) {
		fail(name, "Cannot stat");
		return;
	}
	if (verbose) {
		shown_name(stderr, name);
		fputc('\n', stderr);
	}
	if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
		k = add_known(st.st_dev, st.st_ino, name);
		if ((unsigned int)k->count >= st.st_nlink)
			put_names(k, &st);
	} else if (S_ISREG(st.st_mode)) {
		put_file(name, &st);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(name, target, sizeof(target));
		if (n < 0) {
			fail(name, "Cannot readlink");
			return;
		}
		put_header(name, &st, (uint64_t)n);
		put(target, (size_t)n);
		put_zeros(to_four((uint64_t)n));
	} else {
		put_header(name, &st, 0);
	}
}

static void write_archive(void (*one)(const char *))
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getdelim(&line, &cap, zero_ends ? 0 : '\n', stdin)) > 0) {
		if (line[n - 1] == (zero_ends ? 0 : '\n'))
			line[--n] = 0;
		if (n)
			one(line);
	}
	if (ferror(stdin))
		fail("standard input", "Cannot read");
	free(line);
}

static void finish_archive(void)
{
	struct stat st;
	struct known *k;

	for (k = known; k; k = k->next) {
		if (!k->count)
			continue;
		if (lstat(k->name[0], &st) < 0)
			fail(k->name[0], "Cannot stat");
		else
			put_names(k, &st);
	}
	memset(&st, 0, sizeof(st));
	st.st_nlink = 1;
	put_header("TRAILER!!!", &st, 0);
	put_zeros((size_t)(-moved & 511));
	if (fflush(archive))
		err(2, "write error");
}

/* --- Making files ------------------------------------------------------ */

/* Of a file by its descriptor, since another may have its name by now; of what
 * has none (-1) by name. */
static void set_attributes(int fd, int dir, const char *base, const char *name,
			   const struct stat *st)
{
	struct timespec times[2] = { st->st_mtim, st->st_mtim };
	mode_t bits = st->st_mode & 07777;

	if (geteuid() == 0 &&
	    (fd >= 0 ? fchown(fd, st->st_uid, st->st_gid)
		     : fchownat(dir, base, st->st_uid, st->st_gid,
				AT_SYMLINK_NOFOLLOW)) < 0)
		fail(name, "Cannot change ownership");
	if (!S_ISLNK(st->st_mode) &&
	    (fd >= 0 ? fchmod(fd, bits)
		     : fchmodat(dir, base, bits, AT_SYMLINK_NOFOLLOW)) < 0)
		fail(name, "Cannot change mode");
	if (keep_times &&
	    (fd >= 0 ? futimens(fd, times)
		     : utimensat(dir, base, times, AT_SYMLINK_NOFOLLOW)) < 0)
		fail(name, "Cannot utime");
}

static void do_laters(void)
{
	const char *base;
	struct later *l;
	struct stat st;
	int dir;

	while ((l = laters)) {
		dir = inside_open_parent(work, l->name, &base, make_dirs);
		if (dir >= 0 && *base &&
		    fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode))
			set_attributes(-1, dir, base, l->name, &l->st);
		if (dir >= 0)
			close(dir);
		laters = l->next;
		free(l->name);
		free(l);
	}
}

/* Where the data of a file comes from: n bytes, or -1 when they end. */
typedef int (*source_fn)(void *p, size_t n);

static int copy_to(int fd, uint64_t size, source_fn take, const char *name)
{
	static char buf[65536];
	int bad = fd < 0;

	while (size) {
		size_t n = size < sizeof(buf) ? (size_t)size : sizeof(buf);
		size_t done = 0;
		ssize_t k;

		if (take(buf, n) < 0)
			return -1;
		size -= n;
		while (!bad && done < n) {
			k = write(fd, buf + done, n - done);
			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0) {
				fail(name, "Cannot write");
				bad = 1;
				break;
			}
			done += (size_t)k;
		}
	}
	return bad ? -1 : 0;
}

/* Is that the file that was made for the first of its names? */
static int is_made(int dir, const char *base, const struct known *k)
{
	struct stat st;

	return fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_ino == k->made_ino && st.st_dev == k->made_dev;
}

/* Open the file that was made for another name of the same. */
static int reopen(const struct known *k)
{
	const char *base;
	int dir = inside_open_parent(work, k->name[0], &base, make_dirs), fd;
	struct stat st;

	if (dir < 0)
		return -1;
	fd = openat(dir, base, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close(dir);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_ino != k->made_ino ||
	    st.st_dev != k->made_dev || ftruncate(fd, 0) < 0) {
		close(fd);
		errno = ENOENT;
		return -1;
	}
	return fd;
}

/*
 * Make a file below the directory of work.  `link` is what a symbolic link
 * says; the data of a regular file is taken from the source.
 */
static void make(const char *name, const struct stat *st, uint64_t dev,
		 const char *link, source_fn take)
{
	const char *shown = name, *base, *from_base;
	int dir, from, fd, ret = 0, set = 0, read_on = S_ISREG(st->st_mode);
	struct known *k = NULL;
	char *trimmed;
	struct stat now;
	size_t n;

	if (inside_climbs(name)) {
		warnx("%s: name contains '..'", name);
		status = 2;
		goto skip;
	}
	name += strspn(name, "/");
	trimmed = need(strdup(*name ? name : "."));
	name = trimmed;
	for (n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/';)
		trimmed[--n] = 0;
	dir = inside_open_parent(work, name, &base, make_dirs);
	if (dir < 0) {
		fail(shown, "Cannot open");
		goto out;
	}
	if (fstatat(dir, base, &now, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(st->st_mode) && S_ISDIR(now.st_mode))
			goto folder;
		if (!unconditional && now.st_mtime >= st->st_mtime) {
			warnx("%s not created: newer or same age version "
			      "exists",
			      shown);
			goto close;
		}
		if (unlinkat(dir, base,
			     S_ISDIR(now.st_mode) ? AT_REMOVEDIR : 0) < 0) {
			fail(shown, "Cannot remove what is there");
			goto close;
		}
	}
	if (S_ISREG(st->st_mode)) {
		if (st->st_nlink > 1)
			k = find_known(dev, st->st_ino);
		if (k) {
			from = inside_open_parent(work, k->name[0], &from_base,
						  make_dirs);
			ret = from < 0 ? -1
				       : linkat(from, from_base, dir, base, 0);
			if (from >= 0)
				close(from);
			/* Another member may have taken the first name. */
			if (!ret && !is_made(dir, base, k)) {
				unlinkat(dir, base, 0);
				errno = ENOENT;
				ret = -1;
			}
			if (ret < 0) {
				fail(shown, "Cannot link");
				goto close;
			}
			fd = st->st_size ? reopen(k) : -1;
			if (st->st_size && fd < 0)
				fail(shown, "Cannot open");
		} else {
			fd = openat(dir, base,
				    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
					    O_CLOEXEC,
				    0600);
			if (fd < 0)
				fail(shown, "Cannot open");
			if (fd >= 0 && st->st_nlink > 1 &&
			    fstat(fd, &now) == 0) {
				k = add_known(dev, st->st_ino, name);
				k->made_dev = now.st_dev;
				k->made_ino = now.st_ino;
			}
		}
		read_on = 0;
		if (mode == 'i' || (st->st_size && fd >= 0))
			ret = copy_to(fd, (uint64_t)st->st_size, take, shown);
		if (fd >= 0 && ret >= 0)
			set_attributes(fd, dir, base, shown, st);
		set = fd >= 0;
		if (fd >= 0 && close(fd) < 0) {
			fail(shown, "Cannot close");
			ret = -1;
		}
		/* Half a file is none. */
		if (fd >= 0 && ret < 0)
			unlinkat(dir, base, 0);
	} else if (S_ISDIR(st->st_mode)) {
		ret = mkdirat(dir, base, 0700);
	} else if (S_ISLNK(st->st_mode)) {
		ret = symlinkat(link, dir, base);
	} else {
		ret = mknodat(dir, base, (st->st_mode & S_IFMT) | 0600,
			      st->st_rdev);
	}
	if (ret < 0 && !S_ISREG(st->st_mode)) {
		fail(shown, "Cannot create");
		goto close;
	}
	if (S_ISDIR(st->st_mode)) {
		struct later *l;

	folder:
		l = need(malloc(sizeof(*l)));
		l->name = need(strdup(name));
		l->st = *st;
		l->next = laters;
		laters = l;
	} else if (!set && fstatat(dir, base, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		   ((now.st_mode ^ st->st_mode) & S_IFMT) == 0) {
		/* It is no link, unless one was asked for: none is followed. */
		set_attributes(-1, dir, base, shown, st);
	}
	if (verbose) {
		if (mode == 'p') {
			shown_name(stderr, patterns[0]);
			fputc('/', stderr);
		}
		shown_name(stderr, shown);
		fputc('\n', stderr);
	}
close:
	close(dir);
out:
	free(trimmed);
skip:
	if (read_on && mode == 'i')
		copy_to(-1, (uint64_t)st->st_size, take, shown);
}

/* --- Reading ----------------------------------------------------------- */

static int take_archive(void *p, size_t n)
{
	size_t got = fread(p, 1, n, archive);

	moved += got;
	if (got == n)
		return 0;
	if (ferror(archive))
		warn("read error");
	else
		warnx("premature end of file");
	do_laters();
	exit(2);
}

static void skip(uint64_t n)
{
	char buf[512];

	while (n) {
		size_t k = n < sizeof(buf) ? (size_t)n : sizeof(buf);

		take_archive(buf, k);
		n -= k;
	}
}

static int get_fields(const char *text, uint32_t *field)
{
	int i, k, c;

	for (i = 0; i < FIELDS; i++) {
		field[i] = 0;
		for (k = 0; k < 8; k++) {
			c = text[6 + i * 8 + k];
			if (c >= '0' && c <= '9')
				c -= '0';
			else if (c >= 'a' && c <= 'f')
				c -= 'a' - 10;
			else if (c >= 'A' && c <= 'F')
				c -= 'A' - 10;
			else
				return -1;
			field[i] = field[i] << 4 | (uint32_t)c;
		}
	}
	return 0;
}

/* The next header; junk before it is passed over. */
static void get_header(uint32_t *field)
{
	char text[HEADER];
	unsigned long junk = 0;

	take_archive(text, HEADER);
	while (memcmp(text, "07070", 5) || (text[5] != '1' && text[5] != '2') ||
	       get_fields(text, field) < 0) {
		memmove(text, text + 1, HEADER - 1);
		take_archive(text + HEADER - 1, 1);
		junk++;
	}
	if (junk)
		warnx("warning: skipped %lu bytes of junk", junk);
}

static void list(const char *name, const struct stat *st, const char *link)
{
	char text[12], when[32], user[32], group[32];
	struct passwd *pw;
	struct group *gr;
	time_t now = time(NULL);
	struct tm tm;
	int i;

	if (!verbose) {
		shown_name(stdout, name);
		putchar('\n');
		return;
	}
	text[0] = S_ISDIR(st->st_mode)    ? 'd'
		  : S_ISLNK(st->st_mode)  ? 'l'
		  : S_ISCHR(st->st_mode)  ? 'c'
		  : S_ISBLK(st->st_mode)  ? 'b'
		  : S_ISFIFO(st->st_mode) ? 'p'
		  : S_ISSOCK(st->st_mode) ? 's'
					  : '-';
	for (i = 0; i < 9; i++)
		text[1 + i] = (st->st_mode >> (8 - i)) & 1 ? "rwx"[i % 3] : '-';
	text[10] = 0;
	if (st->st_mode & S_ISUID)
		text[3] = st->st_mode & S_IXUSR ? 's' : 'S';
	if (st->st_mode & S_ISGID)
		text[6] = st->st_mode & S_IXGRP ? 's' : 'S';
	if (st->st_mode & S_ISVTX)
		text[9] = st->st_mode & S_IXOTH ? 't' : 'T';
	snprintf(user, sizeof(user), "%u", st->st_uid);
	snprintf(group, sizeof(group), "%u", st->st_gid);
	pw = numeric ? NULL : getpwuid(st->st_uid);
	if (pw)
		snprintf(user, sizeof(user), "%s", pw->pw_name);
	gr = numeric ? NULL : getgrgid(st->st_gid);
	if (gr)
		snprintf(group, sizeof(group), "%s", gr->gr_name);
	localtime_r(&st->st_mtime, &tm);
	strftime(when, sizeof(when),
		 st->st_mtime > now || st->st_mtime < now - 15778476
			 ? "%b %e  %Y"
			 : "%b %e %H:%M",
		 &tm);
	printf("%s %3u %-8s %-8s ", text, (unsigned int)st->st_nlink, user,
	       group);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		printf("%3u, %3u", (unsigned int)major(st->st_rdev),
		       (unsigned int)minor(st->st_rdev));
	else
		printf("%8lu", (unsigned long)st->st_size);
	printf(" %s ", when);
	shown_name(stdout, name);
	if (link) {
		fputs(" -> ", stdout);
		shown_name(stdout, link);
	}
	putchar('\n');
}

static int is_wanted(const char *name)
{
	int i, hit = !pattern_count;

	for (i = 0; i < pattern_count && !hit; i++)
		hit = !fnmatch(patterns[i], name, 0);
	return pattern_count && invert ? !hit : hit;
}

static void read_archive(void)
{
	uint32_t field[FIELDS];
	struct stat st;
	char *name, *link;

	for (;;) {
		get_header(field);
		if (!field[NAMESIZE] || field[NAMESIZE] > NAME_TOP) {
			warnx("bad name in a header");
			status = 2;
			continue;
		}
		name = need(malloc(field[NAMESIZE] + 1));
		take_archive(name, field[NAMESIZE]);
		name[field[NAMESIZE]] = 0;
		skip(to_four(HEADER + field[NAMESIZE]));
		if (!strcmp(name, "TRAILER!!!")) {
			free(name);
			break;
		}
		memset(&st, 0, sizeof(st));
		st.st_ino = field[INO];
		st.st_mode = field[MODE] & (S_IFMT | 07777);
		st.st_uid = field[UID];
		st.st_gid = field[GID];
		st.st_nlink = field[NLINK];
		st.st_mtime = (time_t)field[MTIME];
		st.st_size = (off_t)field[SIZE];
		st.st_rdev = makedev(field[RMAJOR], field[RMINOR]);
		link = NULL;
		if (S_ISLNK(st.st_mode)) {
			if (field[SIZE] > NAME_TOP) {
				warnx("%s: link too long", name);
				status = 2;
				skip(field[SIZE]);
			} else {
				link = need(malloc(field[SIZE] + 1));
				take_archive(link, field[SIZE]);
				link[field[SIZE]] = 0;
			}
		}
		if (!is_wanted(name) || listing || to_stdout ||
		    (S_ISLNK(st.st_mode) && !link)) {
			if (listing && is_wanted(name))
				list(name, &st, link);
			if (to_stdout && is_wanted(name) &&
			    S_ISREG(st.st_mode)) {
				fflush(stdout);
				copy_to(1, field[SIZE], take_archive, name);
			} else if (!S_ISLNK(st.st_mode)) {
				skip(field[SIZE]);
			}
		} else {
			make(name, &st,
			     (uint64_t)field[MAJOR] << 32 | field[MINOR], link,
			     take_archive);
			/* Data where there should be none is passed over. */
			if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
				skip(field[SIZE]);
		}
		skip(to_four(field[SIZE]));
		free(name);
		free(link);
	}
	/* A pipe's writer is to get rid of the padding. */
	while (getc(archive) != EOF)
		moved++;
	do_laters();
}

/* --- Passing ----------------------------------------------------------- */

static int pass_fd;

static int take_file(void *p, size_t n)
{
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = read(pass_fd, (char *)p + done, n - done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			warnx("a file shrank while it was read");
			status = 2;
			return -1;
		}
		done += (size_t)got;
	}
	moved += n;
	return 0;
}

static void pass_one(const char *name)
{
	char target[PATH_MAX];
	const char *base;
	struct stat st;
	ssize_t n = 0;
	int dir;

	if (lstat(name, &st) < 0) {
		fail(name, "Cannot stat");
		return;
	}
	if (link_them && S_ISREG(st.st_mode) && !inside_climbs(name)) {
		dir = inside_open_parent(work, name, &base, make_dirs);
		if (dir >= 0) {
			n = linkat(AT_FDCWD, name, dir, base, 0);
			close(dir);
			if (!n)
				return;
			n = 0;
		}
	}
	pass_fd = -1;
	if (S_ISREG(st.st_mode)) {
		pass_fd = open(name,
			       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (pass_fd < 0) {
			fail(name, "Cannot open");
			return;
		}
		/* A second name is only linked to the first. */
		if (st.st_nlink > 1 && find_known(st.st_dev, st.st_ino))
			st.st_size = 0;
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(name, target, sizeof(target) - 1);
		if (n < 0) {
			fail(name, "Cannot readlink");
			return;
		}
	}
	target[n] = 0;
	make(name, &st, st.st_dev, target, take_file);
	if (pass_fd >= 0)
		close(pass_fd);
}

static _Noreturn void usage(int to)
{
	fprintf(to ? stderr : stdout,
		"usage: cpio -o [-0v] [-H newc] [-F | -O archive] <names\n"
		"       cpio -i [-dfmntuv] [--to-stdout] [-F | -I archive] "
		"[pattern...]\n"
		"       cpio -p [-0dlmuv] directory <names\n");
	exit(to);
}

static void set_mode(int to)
{
	if (mode && mode != to)
		errx(2, "only one of -i, -o and -p");
	mode = to;
}

int main(int argc, char **argv)
{
	enum { HELP = 256, QUIET, STDOUT, IGNORED };
	static const struct option longs[] = {
		{ "extract", no_argument, NULL, 'i' },
		{ "create", no_argument, NULL, 'o' },
		{ "pass-through", no_argument, NULL, 'p' },
		{ "list", no_argument, NULL, 't' },
		{ "null", no_argument, NULL, '0' },
		{ "make-directories", no_argument, NULL, 'd' },
		{ "nonmatching", no_argument, NULL, 'f' },
		{ "file", required_argument, NULL, 'F' },
		{ "format", required_argument, NULL, 'H' },
		{ "link", no_argument, NULL, 'l' },
		{ "preserve-modification-time", no_argument, NULL, 'm' },
		{ "numeric-uid-gid", no_argument, NULL, 'n' },
		{ "unconditional", no_argument, NULL, 'u' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, QUIET },
		{ "to-stdout", no_argument, NULL, STDOUT },
		{ "no-absolute-filenames", no_argument, NULL, IGNORED },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "0dfF:H:I:ilmnoO:ptuv", longs,
				NULL)) != -1) {
		switch (c) {
		case '0':
			zero_ends = 1;
			break;
		case 'd':
			make_dirs = 1;
			break;
		case 'f':
			invert = 1;
			break;
		case 'F':
		case 'I':
		case 'O':
			file = optarg;
			break;
		case 'H':
			if (strcmp(optarg, "newc"))
				errx(2, "unknown format '%s'; there is newc",
				     optarg);
			break;
		case 'i':
		case 'o':
		case 'p':
			set_mode(c);
			break;
		case 'l':
			link_them = 1;
			break;
		case 'm':
			keep_times = 1;
			break;
		case 'n':
			numeric = 1;
			break;
		case 't':
			listing = 1;
			break;
		case 'u':
			unconditional = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case QUIET:
			quiet = 1;
			break;
		case STDOUT:
			to_stdout = 1;
			break;
		case IGNORED:
			break;
		case HELP:
			usage(0);
		default:
			usage(2);
		}
	}
	if (listing && !mode)
		mode = 'i';
	patterns = argv + optind;
	pattern_count = argc - optind;
	if (!mode || (mode == 'o' && pattern_count) ||
	    (mode == 'p' && pattern_count != 1))
		usage(2);
	archive = mode == 'o' ? stdout : stdin;
	if (file && mode != 'p')
		archive = fopen(file, mode == 'o' ? "we" : "re");
	if (!archive)
		err(2, "%s", file);
	if (mode == 'o') {
		write_archive(write_one);
		finish_archive();
	} else if (mode == 'i') {
		read_archive();
	} else {
		work = open(patterns[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (work < 0)
			err(2, "%s", patterns[0]);
		write_archive(pass_one);
		do_laters();
	}
	if (fflush(stdout))
		err(2, "write error");
	if (!quiet) {
		unsigned long blocks = (unsigned long)(moved + 511) / 512;

		fprintf(stderr, "%lu block%s\n", blocks,
			blocks == 1 ? "" : "s");
	}
	return status;
}
