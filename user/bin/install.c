/*
 * install: copy programs to where they belong, with mode and owner.  The copy
 * is whole and has its mode before it gets its name, so that a program that
 * runs, or is started meanwhile, is the old or the new one.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"
#include "temp.h"

static int verbose, keep_times, leading;
static const char *mode_text = "755";
static uid_t uid = (uid_t)-1;
static gid_t gid = (gid_t)-1;
static char *volatile unfinished; /* what a signal takes away */

static char *need(char *p)
{
	if (!p)
		err(1, NULL);
	return p;
}

static void drop_unfinished(void)
{
	if (unfinished)
		unlink(unfinished);
}

static mode_t mode_for(int dir)
{
	mode_t m = 0;

	mode_change(mode_text, 0, dir, 0, &m);
	return m;
}

/* Make the directories of a path; the last gets the mode. */
static int make_folders(const char *path, mode_t mode)
{
	char *copy = need(strdup(path)), *p = copy;
	struct stat st;
	int last, ret = 0;
	char c;

	do {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		c = *p;
		*p = 0;
		last = !c || !p[1 + strspn(p + 1, "/")];
		if (!*copy) {
			*p = c;
			continue;
		}
		if (mkdir(copy, 0755) < 0) {
			if (errno != EEXIST || stat(copy, &st) < 0 ||
			    !S_ISDIR(st.st_mode)) {
				if (errno == EEXIST)
					errno = ENOTDIR;
				warn("cannot create directory '%s'", copy);
				ret = 1;
			}
		} else if (verbose) {
			shown_print(stdout,
				    "install: creating directory '%s'\n", copy);
		}
		if (last && !ret && mode != (mode_t)-1 &&
		    (((uid != (uid_t)-1 || gid != (gid_t)-1) &&
		      chown(copy, uid, gid) < 0) ||
		     chmod(copy, mode) < 0)) {
			warn("%s", copy);
			ret = 1;
		}
		*p = c;
	} while (!ret && !last);
	free(copy);
	return ret;
}

static int copy_bytes(int in, int out, const char *from, const char *to)
{
	static char buf[65536];
	ssize_t n, put, k;

	while ((n = read(in, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			warn("%s", from);
			return 1;
		}
		for (k = 0; k < n; k += put) {
			put = write(out, buf + k, (size_t)(n - k));
			if (put < 0 && errno == EINTR)
				put = 0;
			if (put < 0) {
				warn("%s", to);
				return 1;
			}
		}
	}
	return 0;
}

static int install(const char *from, const char *to)
{
	char *copy = need(strdup(to)), *spare;
	int in, out, ret = 1;
	struct stat a, b;

	in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0 || fstat(in, &a) < 0) {
		warn("cannot stat '%s'", from);
		goto close_in;
	}
	if (S_ISDIR(a.st_mode)) {
		warnx("omitting directory '%s'", from);
		goto close_in;
	}
	if (lstat(to, &b) == 0) {
		if (S_ISDIR(b.st_mode)) {
			warnx("cannot overwrite directory '%s' with "
			      "non-directory",
			      to);
			goto close_in;
		}
		/* Another name of it is replaced like any other file. */
		if (a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
		    (b.st_nlink == 1 || !strcmp(from, to))) {
			warnx("'%s' and '%s' are the same file", from, to);
			goto close_in;
		}
	}
	if (asprintf(&spare, "%s/.install%08x", dirname(copy),
		     (unsigned int)getpid()) < 0)
		err(1, NULL);
	out = open(spare, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0) {
		warn("cannot create '%s'", to);
		goto free_spare;
	}
	unfinished = spare;
	ret = copy_bytes(in, out, from, to);
	if (!ret && (uid != (uid_t)-1 || gid != (gid_t)-1) &&
	    fchown(out, uid, gid) < 0) {
		warn("%s", to);
		ret = 1;
	}
	if (!ret && fchmod(out, mode_for(0)) < 0) {
		warn("%s", to);
		ret = 1;
	}
	if (!ret && keep_times) {
		struct timespec times[2] = { a.st_atim, a.st_mtim };

		if (futimens(out, times) < 0) {
			warn("%s", to);
			ret = 1;
		}
	}
	if (close(out) < 0 || (!ret && rename(spare, to) < 0)) {
		warn("%s", to);
		ret = 1;
	}
	if (ret)
		unlink(spare);
	else if (verbose)
		shown_print(stdout, "'%s' -> '%s'\n", from, to);
	unfinished = NULL;
free_spare:
	free(spare);
close_in:
	if (in >= 0)
		close(in);
	free(copy);
	return ret;
}

static int install_into(const char *from, const char *folder)
{
	char *copy = need(strdup(from)), *to;
	size_t n = strlen(folder);
	int ret;

	if (asprintf(&to, "%s%s%s", folder,
		     n && folder[n - 1] == '/' ? "" : "/", basename(copy)) < 0)
		err(1, NULL);
	ret = install(from, to);
	free(to);
	free(copy);
	return ret;
}

static unsigned int number(const char *s, const char *what)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*end || *s < '0' || *s > '9' || n >= 0xffffffff)
		errx(1, "invalid %s '%s'", what, s);
	return (unsigned int)n;
}

static int usage(int status)
{
	fputs("usage: install [-cDpvT] [-m mode] [-o owner] [-g group] file "
	      "target\n"
	      "       install [-Dpv] [...] file... directory\n"
	      "       install [-Dpv] [...] -t directory file...\n"
	      "       install -d [-v] [...] directory...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "directory", no_argument, NULL, 'd' },
		{ "group", required_argument, NULL, 'g' },
		{ "mode", required_argument, NULL, 'm' },
		{ "owner", required_argument, NULL, 'o' },
		{ "preserve-timestamps", no_argument, NULL, 'p' },
		{ "target-directory", required_argument, NULL, 't' },
		{ "no-target-directory", no_argument, NULL, 'T' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, n, i, flat = 0, folders = 0, failed = 0, is_folder;
	const char *into = NULL;
	struct passwd *pw;
	struct group *gr;
	struct stat st;
	mode_t m;

	while ((c = getopt_long(argc, argv, "cdDg:m:o:pt:Tv", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'c':
			break;
		case 'd':
			folders = 1;
			break;
		case 'D':
			leading = 1;
			break;
		case 'g':
			gr = getgrnam(optarg);
			gid = gr ? gr->gr_gid : number(optarg, "group");
			break;
		case 'm':
			mode_text = optarg;
			if (mode_change(optarg, 0, 0, 0, &m) < 0)
				errx(1, "invalid mode '%s'", optarg);
			break;
		case 'o':
			pw = getpwnam(optarg);
			uid = pw ? pw->pw_uid : number(optarg, "user");
			break;
		case 'p':
			keep_times = 1;
			break;
		case 't':
			into = optarg;
			break;
		case 'T':
			flat = 1;
			break;
		case 'v':
			verbose = 1;
			break;
		case 'h':
			return usage(0);
		default:
			return usage(1);
		}
	}
	/* The modes are meant as they are given. */
	umask(0);
	argv += optind;
	n = argc - optind;
	if (n < (folders || into ? 1 : 2)) {
		warnx("missing file operand");
		return usage(1);
	}
	temp_guard(drop_unfinished);
	for (i = 0; folders && i < n; i++)
		failed |= make_folders(argv[i], mode_for(1));
	if (folders)
		goto out;
	if (into && leading && make_folders(into, (mode_t)-1))
		return 1;
	if (!into && !flat) {
		is_folder = stat(argv[n - 1], &st) == 0 && S_ISDIR(st.st_mode);
		if (is_folder || n > 2)
			into = argv[--n];
	}
	if (into && (stat(into, &st) < 0 || !S_ISDIR(st.st_mode)))
		errx(1, "target '%s' is not a directory", into);
	if (!into && n > 2)
		errx(1, "extra operand '%s'", argv[2]);
	for (i = 0; into && i < n; i++)
		failed |= install_into(argv[i], into);
	if (!into) {
		char *copy = need(strdup(argv[1]));

		if (leading && make_folders(dirname(copy), (mode_t)-1))
			return 1;
		free(copy);
		failed = install(argv[0], argv[1]);
	}
out:
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
