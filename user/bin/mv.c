/*
 * mv: give files another name.  To another file system it copies, by cp -a,
 * and removes the original when that went well.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int force, ask, no_clobber, verbose;

static int run(const char *program, const char *option, const char *a,
	       const char *b)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		execlp(program, program, option, "--", a, b, (char *)NULL);
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

	fprintf(stderr, "mv: %s '%s'? ", question, path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

static int move(const char *from, const char *to)
{
	struct stat a, b;

	if (lstat(from, &a) < 0) {
		warn("%s", from);
		return 1;
	}
	if (lstat(to, &b) == 0) {
		if (no_clobber)
			return 0;
		if (a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
			warnx("'%s' and '%s' are the same file", from, to);
			return 1;
		}
		if (ask && !agreed("overwrite", to))
			return 0;
		if (!ask && !force && !S_ISLNK(b.st_mode) && isatty(0) &&
		    access(to, W_OK) < 0 && errno == EACCES &&
		    !agreed("replace write-protected", to))
			return 0;
	}
	if (rename(from, to) == 0)
		goto done;
	if (errno != EXDEV) {
		warn("cannot move '%s' to '%s'", from, to);
		return 1;
	}
	/* As rename would: a folder replaces only an empty one. */
	if (lstat(to, &b) == 0) {
		if (S_ISDIR(a.st_mode) != S_ISDIR(b.st_mode)) {
			errno = S_ISDIR(a.st_mode) ? ENOTDIR : EISDIR;
			warn("%s", to);
			return 1;
		}
		if ((S_ISDIR(b.st_mode) ? rmdir(to) : unlink(to)) < 0) {
			warn("%s", to);
			return 1;
		}
	}
	if (run("cp", "-aT", from, to) < 0) {
		warnx("cannot move '%s' to '%s'", from, to);
		return 1;
	}
	if (run("rm", "-rf", from, NULL) < 0)
		return 1;
done:
	if (verbose)
		printf("'%s' -> '%s'\n", from, to);
	return 0;
}

int main(int argc, char **argv)
{
	char path[4096], *name;
	int c, n, i, failed = 0;
	struct stat st;
	size_t len;

	while ((c = getopt(argc, argv, "finv")) != -1) {
		switch (c) {
		case 'f':
			force = 1;
			ask = no_clobber = 0;
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
		default:
			goto usage;
		}
	}
	argv += optind;
	n = argc - optind;
	if (n < 2)
		goto usage;
	if (stat(argv[n - 1], &st) < 0 || !S_ISDIR(st.st_mode)) {
		if (n > 2)
			errx(1, "%s: not a directory", argv[n - 1]);
		return move(argv[0], argv[1]);
	}
	len = strlen(argv[n - 1]);
	for (i = 0; i < n - 1; i++) {
		name = strdup(argv[i]);
		if (!name)
			err(1, NULL);
		if (snprintf(path, sizeof(path), "%s%s%s", argv[n - 1],
			     argv[n - 1][len - 1] == '/' ? "" : "/",
			     basename(name)) >= (int)sizeof(path)) {
			errno = ENAMETOOLONG;
			warn("%s", argv[i]);
			failed = 1;
		} else {
			failed |= move(argv[i], path);
		}
		free(name);
	}
	return failed;

usage:
	fprintf(stderr, "usage: mv [-finv] file target\n"
			"       mv [-finv] file... directory\n");
	return 1;
}
