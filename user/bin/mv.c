/*
 * mv: give files another name.
 *
 * To another file system it copies, by cp -a, and removes the original when
 * that went well.  The copy is made under a name of its own beside the target
 * and renamed at the end: what was there is replaced by a whole file or not at
 * all, and a copy that failed or was interrupted leaves nothing behind.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup.h"
#include "shown.h"

static int force, ask, no_clobber, verbose, update;
static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static int run(const char *program, const char *option, const char *a,
	       const char *b)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		/* Its messages are ours. */
		execlp(program, "mv", option, "--", a, b, (char *)NULL);
		warn("%s", program);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

static int agreed(const char *question, const char *path)
{
	char answer[80];

	fflush(stdout);
	shown_print(stderr, "mv: %s '%s'? ", question, path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int is_empty(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int ret = 1;

	if (!d)
		return 0;
	while (ret && (e = readdir(d)))
		ret = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	closedir(d);
	return ret;
}

/* A name in the target's directory that nobody uses. */
static char *spare_name(const char *to)
{
	char *copy = strdup(to), *path = NULL;
	unsigned int r;
	struct stat st;

	if (!copy)
		return NULL;
	do {
		free(path);
		path = NULL;
		if (getrandom(&r, sizeof(r), 0) != sizeof(r) ||
		    asprintf(&path, "%s/.mv%08x", dirname(copy), r) < 0) {
			path = NULL;
			break;
		}
		strcpy(copy, to);
	} while (lstat(path, &st) == 0);
	free(copy);
	return path;
}

static int move_by_copy(const char *from, const char *to, const struct stat *a)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction act, old[3];
	struct stat b;
	char *spare;
	int i, ret;

	/* As rename would: a folder replaces only an empty one. */
	if (lstat(to, &b) == 0) {
		errno = S_ISDIR(a->st_mode) && !S_ISDIR(b.st_mode)   ? ENOTDIR
			: !S_ISDIR(a->st_mode) && S_ISDIR(b.st_mode) ? EISDIR
			: S_ISDIR(b.st_mode) && !is_empty(to)        ? ENOTEMPTY
								     : 0;
		if (errno) {
			warn("cannot move '%s' to '%s'", from, to);
			return 1;
		}
	}
	spare = spare_name(to);
	if (!spare) {
		warn("cannot move '%s' to '%s'", from, to);
		return 1;
	}
	memset(&act, 0, sizeof(act));
	act.sa_handler = on_signal;
	for (i = 0; i < 3; i++) {
		sigaction(signals[i], NULL, &old[i]);
		if (old[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	}
	ret = run("cp", "-aT", from, spare);
	if (ret < 0 || caught) {
		warnx("cannot move '%s' to '%s'", from, to);
		ret = 1;
	} else if (rename(spare, to) < 0) {
		warn("cannot move '%s' to '%s'", from, to);
		ret = 1;
	}
	if (ret)
		run("rm", "-rf", spare, NULL);
	free(spare);
	for (i = 0; i < 3; i++)
		sigaction(signals[i], &old[i], NULL);
	if (caught)
		raise(caught);
	if (ret)
		return 1;
	return run("rm", "-rf", from, NULL) < 0;
}

static int is_newer(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec != b->st_mtim.tv_sec
		       ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
		       : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

/* One file, by two names or by a link to what it would replace. */
static int same(const char *from, const struct stat *a, const struct stat *b)
{
	struct stat to;

	if (a->st_dev == b->st_dev && a->st_ino == b->st_ino)
		return 1;
	return S_ISLNK(a->st_mode) && stat(from, &to) == 0 &&
	       to.st_dev == b->st_dev && to.st_ino == b->st_ino;
}

static int move(const char *from, const char *to)
{
	char *backup = NULL;
	struct stat a, b;
	int code;

	if (lstat(from, &a) < 0) {
		warn("cannot stat '%s'", from);
		return 1;
	}
	if (lstat(to, &b) == 0) {
		if (no_clobber)
			return 0;
		if (update && !S_ISDIR(a.st_mode) && !is_newer(&a, &b))
			return 0;
		if (same(from, &a, &b)) {
			warnx("'%s' and '%s' are the same file", from, to);
			return 1;
		}
		if (!backup_kind && S_ISDIR(a.st_mode) && !S_ISDIR(b.st_mode)) {
			warnx("cannot overwrite non-directory '%s' with "
			      "directory '%s'",
			      to, from);
			return 1;
		}
		if (!backup_kind && !S_ISDIR(a.st_mode) && S_ISDIR(b.st_mode)) {
			warnx("cannot overwrite directory '%s' with "
			      "non-directory",
			      to);
			return 1;
		}
		if (ask && !agreed("overwrite", to))
			return 0;
		if (!ask && !force && !S_ISLNK(b.st_mode) && isatty(0) &&
		    access(to, W_OK) < 0 && errno == EACCES &&
		    !agreed("replace write-protected", to))
			return 0;
		if (backup_kind) {
			backup = backup_name(AT_FDCWD, to);
			if (lstat(backup, &b) == 0 && b.st_ino == a.st_ino &&
			    b.st_dev == a.st_dev) {
				warnx("backing up '%s' might destroy source; "
				      "'%s' not moved",
				      to, from);
				free(backup);
				return 1;
			}
			if (rename(to, backup) < 0) {
				warn("cannot backup '%s'", to);
				free(backup);
				return 1;
			}
		}
	}
	if (rename(from, to) < 0) {
		code = errno;
		if (code == EXDEV && !move_by_copy(from, to, &a))
			goto moved;
		/* What was there is there again. */
		if (backup && rename(backup, to) < 0)
			warn("cannot un-backup '%s'", to);
		free(backup);
		errno = code;
		if (code == EINVAL)
			warnx("cannot move '%s' to a subdirectory of itself, "
			      "'%s'",
			      from, to);
		else if (code != EXDEV)
			warn("cannot move '%s' to '%s'", from, to);
		return 1;
	}
moved:
	if (verbose) {
		shown_print(stdout, "renamed '%s' -> '%s'", from, to);
		if (backup)
			shown_print(stdout, " (backup: '%s')", backup);
		putchar('\n');
	}
	free(backup);
	return 0;
}

static int move_into(const char *from, const char *folder)
{
	char *name = strdup(from), *path;
	size_t len = strlen(folder);
	int ret;

	if (!name || asprintf(&path, "%s%s%s", folder,
			      len && folder[len - 1] == '/' ? "" : "/",
			      basename(name)) < 0)
		err(1, NULL);
	ret = move(from, path);
	free(path);
	free(name);
	return ret;
}

static int usage(int status)
{
	fputs("usage: mv [-bfinuvT] [-S suffix] file target\n"
	      "       mv [-bfinuv] file... directory\n"
	      "       mv [-bfinuv] -t directory file...\n",
	      status ? stderr : stdout);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "interactive", no_argument, NULL, 'i' },
		{ "no-clobber", no_argument, NULL, 'n' },
		{ "target-directory", required_argument, NULL, 't' },
		{ "no-target-directory", no_argument, NULL, 'T' },
		{ "update", no_argument, NULL, 'u' },
		{ "backup", optional_argument, NULL, BACKUP },
		{ "suffix", required_argument, NULL, 'S' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c, n, i, failed = 0, flat = 0, is_folder;
	const char *into = NULL;
	struct stat st;

	while ((c = getopt_long(argc, argv, "bfinS:uvt:T", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 'f':
			force = 1;
			ask = no_clobber = 0;
			break;
		case 'i':
			ask = 1;
			force = no_clobber = 0;
			break;
		case 'n':
			no_clobber = 1;
			ask = force = 0;
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
		case 't':
			into = optarg;
			break;
		case 'T':
			flat = 1;
			break;
		case 'h':
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
	for (i = 0; into && i < n; i++)
		failed |= move_into(argv[i], into);
	if (!into)
		failed |= move(argv[0], argv[1]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
