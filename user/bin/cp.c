/*
 * cp: copy files; -r with folders and all in them; -p keeps owner, mode and
 * times; -a is -rp without following links.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive, keep, force, ask, no_clobber, verbose, follow = -1;
static int failed;
static mode_t mask;

/* The folders that this program made: -r must not walk into its own copy. */
static dev_t made_dev;
static ino_t made_ino;

static int complain(const char *path)
{
	warn("%s", path);
	failed = 1;
	return -1;
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

/* Copy the bytes; holes that the file system can name stay holes. */
static int copy_bytes(int in, int out, const char *from, const char *to)
{
	static char buf[65536];
	ssize_t n, put, k;

	while ((n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return complain(from);
		}
		for (k = 0; k < n; k += put) {
			put = write(out, buf + k, (size_t)(n - k));
			if (put < 0)
				return complain(to);
		}
	}
	return 0;
}

static int keep_attributes(const char *to, const struct stat *st, int fd)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	mode_t mode = st->st_mode & 07777;
	int link = S_ISLNK(st->st_mode);
	int ret;

	ret = fd >= 0 ? futimens(fd, times)
		      : utimensat(AT_FDCWD, to, times,
				  link ? AT_SYMLINK_NOFOLLOW : 0);
	if (ret < 0)
		return complain(to);
	/* Who may not give files away takes the special bits off instead. */
	if (fchownat(AT_FDCWD, to, st->st_uid, st->st_gid,
		     AT_SYMLINK_NOFOLLOW) < 0)
		mode &= ~(mode_t)(S_ISUID | S_ISGID);
	if (!link && chmod(to, mode) < 0)
		return complain(to);
	return 0;
}

static int copy_file(const char *from, const char *to, const struct stat *st,
		     int exists)
{
	int in, out, ret;

	in = open(from, O_RDONLY);
	if (in < 0)
		return complain(from);
	out = open(to,
		   exists ? O_WRONLY | O_TRUNC : O_WRONLY | O_CREAT | O_EXCL,
		   st->st_mode & 0777);
	if (out < 0 && exists && force && unlink(to) == 0)
		out = open(to, O_WRONLY | O_CREAT | O_EXCL, st->st_mode & 0777);
	if (out < 0) {
		close(in);
		return complain(to);
	}
	ret = copy_bytes(in, out, from, to);
	if (!ret && keep)
		ret = keep_attributes(to, st, out);
	close(in);
	if (close(out) < 0)
		ret = complain(to);
	return ret;
}

static void copy(const char *from, const char *to, int operand);

static int copy_folder(const char *from, const char *to, const struct stat *st,
		       int exists)
{
	struct stat now;
	struct dirent *e;
	char *a, *b;
	DIR *d;

	if (!recursive) {
		warnx("-r not given; leaving out directory '%s'", from);
		failed = 1;
		return -1;
	}
	if (!exists && mkdir(to, (st->st_mode & 07777 & ~mask) | 0700) < 0)
		return complain(to);
	if (!made_ino && stat(to, &now) == 0) {
		made_dev = now.st_dev;
		made_ino = now.st_ino;
	}
	d = opendir(from);
	if (!d)
		return complain(from);
	while (errno = 0, (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		a = join(from, e->d_name);
		b = join(to, e->d_name);
		copy(a, b, 0);
		free(a);
		free(b);
	}
	if (errno)
		complain(from);
	closedir(d);
	if (keep)
		return keep_attributes(to, st, -1);
	if (!exists && chmod(to, st->st_mode & 0777 & ~mask) < 0)
		return complain(to);
	return 0;
}

static int copy_special(const char *from, const char *to, const struct stat *st,
			int exists)
{
	char target[4096];
	ssize_t n;

	if (exists && unlink(to) < 0)
		return complain(to);
	if (S_ISLNK(st->st_mode)) {
		n = readlink(from, target, sizeof(target) - 1);
		if (n < 0)
			return complain(from);
		target[n] = 0;
		if (symlink(target, to) < 0)
			return complain(to);
	} else if (mknod(to, st->st_mode & ~mask, st->st_rdev) < 0) {
		return complain(to);
	}
	return keep ? keep_attributes(to, st, -1) : 0;
}

static int agreed(const char *path)
{
	char answer[80];

	fprintf(stderr, "cp: overwrite '%s'? ", path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static void copy(const char *from, const char *to, int operand)
{
	struct stat a, b;
	int exists, ret, deref;

	/* -L always, -P never, else only plain copies of named files. */
	deref = follow == 1 || (follow < 0 && !recursive);
	if ((deref ? stat(from, &a) : lstat(from, &a)) < 0) {
		complain(from);
		return;
	}
	if (!operand && a.st_dev == made_dev && a.st_ino == made_ino)
		return;
	exists = lstat(to, &b) == 0;
	if (exists) {
		if (S_ISLNK(b.st_mode) && !S_ISLNK(a.st_mode) &&
		    stat(to, &b) < 0) {
			warnx("'%s' is a link to nowhere", to);
			failed = 1;
			return;
		}
		if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
			warnx("'%s' and '%s' are the same file", from, to);
			failed = 1;
			return;
		}
		if (S_ISDIR(a.st_mode) != S_ISDIR(b.st_mode)) {
			errno = S_ISDIR(a.st_mode) ? ENOTDIR : EISDIR;
			complain(to);
			return;
		}
		if (!S_ISDIR(a.st_mode) && (no_clobber || (ask && !agreed(to))))
			return;
	}
	if (S_ISDIR(a.st_mode))
		ret = copy_folder(from, to, &a, exists);
	else if (S_ISREG(a.st_mode) || !recursive)
		ret = copy_file(from, to, &a, exists);
	else
		ret = copy_special(from, to, &a, exists);
	if (!ret && verbose)
		printf("'%s' -> '%s'\n", from, to);
}

int main(int argc, char **argv)
{
	struct stat st;
	char *to, *name;
	int c, n, i, flat = 0;

	while ((c = getopt(argc, argv, "rRpfianvLPdHT")) != -1) {
		switch (c) {
		case 'r':
		case 'R':
			recursive = 1;
			break;
		case 'p':
			keep = 1;
			break;
		case 'a':
			recursive = keep = 1;
			follow = 0;
			break;
		case 'f':
			force = 1;
			break;
		case 'i':
			ask = 1;
			break;
		case 'n':
			no_clobber = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'L':
			follow = 1;
			break;
		case 'P':
		case 'd':
			follow = 0;
			break;
		case 'H':
			break;
		case 'T':
			flat = 1;
			break;
		default:
			goto usage;
		}
	}
	argv += optind;
	n = argc - optind;
	if (n < 2)
		goto usage;
	mask = umask(0);
	umask(mask);
	if (!flat && stat(argv[n - 1], &st) == 0 && S_ISDIR(st.st_mode)) {
		for (i = 0; i < n - 1; i++) {
			name = strdup(argv[i]);
			if (!name)
				err(1, NULL);
			made_ino = 0;
			to = join(argv[n - 1], basename(name));
			copy(argv[i], to, 1);
			free(to);
			free(name);
		}
		return failed;
	}
	if (n > 2)
		errx(1, "%s: not a directory", argv[n - 1]);
	copy(argv[0], argv[1], 1);
	return failed;

usage:
	fprintf(stderr, "usage: cp [-afinprvLP] file target\n"
			"       cp [-afinprvLP] file... directory\n");
	return 1;
}
