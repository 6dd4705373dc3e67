/* ln: another name for a file, or with -s a symbolic link to it. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "canonical.h"
#include "plain.h"
#include "shown.h"

static int symbolic, force, no_follow, verbose, ask, logical, relative;

static char *need(char *p)
{
	if (!p)
		err(1, NULL);
	return p;
}

/* The target as it is reached from the directory that the link will be in. */
static char *make_relative(const char *target, const char *path)
{
	char *copy = need(strdup(path)), *from, *to, *out, *p;
	size_t i, same = 0, n = 1;

	from = canonical(dirname(copy), 'm', 1);
	free(copy);
	to = canonical(target, 'm', 1);
	if (!from || !to) {
		free(from);
		free(to);
		return NULL;
	}
	for (i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			same = i;
	if ((!from[i] || from[i] == '/') && (!to[i] || to[i] == '/'))
		same = i;
	out = need(malloc(strlen(from) * 2 + strlen(to) + 8));
	*out = 0;
	for (p = from + same; *p; p++)
		if (*p == '/' && p[1])
			strcat(out, n++ == 1 ? ".." : "/..");
	p = to + same;
	p += *p == '/';
	if (*p) {
		if (*out)
			strcat(out, "/");
		strcat(out, p);
	} else if (!*out) {
		strcpy(out, ".");
	}
	free(from);
	free(to);
	return out;
}

static int agreed(const char *path)
{
	char answer[80];

	fflush(stdout);
	shown_print(stderr, "ln: replace '%s'? ", path);
	return fgets(answer, sizeof(answer), stdin) &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/*
 * With -f the new link is made under another name and renamed over the old one,
 * so that the name is never missing.
 */
static int replace(const char *target, const char *path)
{
	char *copy = need(strdup(path)), *spare;
	int ret, why;

	if (asprintf(&spare, "%s/.ln%08x", dirname(copy),
		     (unsigned int)getpid()) < 0)
		err(1, NULL);
	ret = symbolic ? symlink(target, spare)
		       : linkat(AT_FDCWD, target, AT_FDCWD, spare,
				logical ? AT_SYMLINK_FOLLOW : 0);
	if (ret == 0) {
		ret = rename(spare, path);
		why = errno;
		/* Two names of one file: rename has left both. */
		unlink(spare);
		errno = why;
	}
	free(spare);
	free(copy);
	return ret;
}

static int make_link(const char *target, const char *path)
{
	char *made = NULL, *backup = NULL;
	struct stat a, b;
	int ret;

	if (lstat(path, &b) == 0) {
		if ((force || ask || backup_kind) && S_ISDIR(b.st_mode)) {
			warnx("%s: cannot overwrite directory", path);
			return 1;
		}
		/* The very same entry must not be replaced by itself. */
		if ((force || backup_kind) &&
		    (symbolic
			     ? !strcmp(target, path)
			     : lstat(target, &a) == 0 && a.st_ino == b.st_ino &&
				       a.st_dev == b.st_dev &&
				       !strcmp(target, path))) {
			warnx("'%s' and '%s' are the same file", target, path);
			return 1;
		}
		if (ask && !agreed(path))
			return 0;
		if (backup_kind) {
			backup = backup_name(AT_FDCWD, path);
			if (rename(path, backup) < 0) {
				warn("cannot backup '%s'", path);
				free(backup);
				return 1;
			}
		}
	}
	if (symbolic && relative) {
		made = make_relative(target, path);
		if (!made) {
			warn("%s", target);
			return 1;
		}
	}
	if (symbolic)
		ret = symlink(made ? made : target, path);
	else
		ret = linkat(AT_FDCWD, target, AT_FDCWD, path,
			     logical ? AT_SYMLINK_FOLLOW : 0);
	if (ret < 0 && errno == EEXIST && (force || ask))
		ret = replace(made ? made : target, path);
	if (ret < 0 && backup) {
		/* What was there is there again. */
		ret = errno;
		if (rename(backup, path) < 0)
			warn("cannot un-backup '%s'", path);
		errno = ret;
		ret = -1;
	}
	if (ret < 0) {
		/* Which of the two it was, link itself does not tell. */
		if (!symbolic &&
		    (logical ? stat(target, &a) : lstat(target, &a)) < 0)
			warn("failed to access '%s'", target);
		else if (!symbolic && S_ISDIR(a.st_mode))
			warnx("%s: hard link not allowed for directory",
			      target);
		else
			warn("failed to create %slink '%s'",
			     symbolic ? "symbolic " : "hard ", path);
	} else if (verbose) {
		if (backup)
			shown_print(stdout, "'%s' ~ ", backup);
		shown_print(stdout, "'%s' %s '%s'\n", path,
			    symbolic ? "->" : "=>", made ? made : target);
	}
	free(backup);
	free(made);
	return ret < 0;
}

static int is_folder(const char *path)
{
	struct stat st;

	return (no_follow ? lstat(path, &st) : stat(path, &st)) == 0 &&
	       S_ISDIR(st.st_mode);
}

static int link_into(const char *target, const char *folder)
{
	char *copy = need(strdup(target)), *path;
	size_t n = strlen(folder);
	int ret;

	if (asprintf(&path, "%s%s%s", folder,
		     n && folder[n - 1] == '/' ? "" : "/", basename(copy)) < 0)
		err(1, NULL);
	/* "ln x" makes x, not ./x. */
	ret = make_link(target, !strcmp(folder, ".") ? path + 2 : path);
	free(path);
	free(copy);
	return ret;
}

static int usage(int status)
{
	fputs("usage: ln [-bsfinrvLPT] [-S suffix] target [link]\n"
	      "       ln [-bsfinrvLP] target... directory\n"
	      "       ln [-bsfinrvLP] -t directory target...\n"
	      "       link target link\n"
	      "       unlink file\n",
	      status ? stderr : stdout);
	return status;
}

/* link and unlink: that system call, and nothing else. */
static int call(int argc, char **argv, int operands)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c = getopt_long(argc, argv, "", longs, NULL);

	if (c != -1)
		return usage(c != 'h');
	argv += optind;
	if (argc - optind != operands) {
		warnx("wrong number of operands");
		return usage(1);
	}
	if (operands == 2 && link(argv[0], argv[1]) < 0)
		err(1, "cannot create link '%s' to '%s'", argv[1], argv[0]);
	if (operands == 1 && unlink(argv[0]) < 0)
		err(1, "cannot unlink '%s'", argv[0]);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "force", no_argument, NULL, 'f' },
		{ "interactive", no_argument, NULL, 'i' },
		{ "logical", no_argument, NULL, 'L' },
		{ "no-dereference", no_argument, NULL, 'n' },
		{ "physical", no_argument, NULL, 'P' },
		{ "relative", no_argument, NULL, 'r' },
		{ "symbolic", no_argument, NULL, 's' },
		{ "target-directory", required_argument, NULL, 't' },
		{ "no-target-directory", no_argument, NULL, 'T' },
		{ "backup", optional_argument, NULL, BACKUP },
		{ "suffix", required_argument, NULL, 'S' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *into = NULL;
	int c, n, i, flat = 0, failed = 0;

	if (plain_named(argv, "link") || plain_named(argv, "unlink"))
		return call(argc, argv, plain_named(argv, "link") ? 2 : 1);
	while ((c = getopt_long(argc, argv, "bsfinrS:t:vLPT", longs, NULL)) !=
	       -1) {
		switch (c) {
		case 's':
			symbolic = 1;
			break;
		case 'f':
			force = 1;
			ask = 0;
			break;
		case 'i':
			ask = 1;
			force = 0;
			break;
		case 'n':
			no_follow = 1;
			break;
		case 'r':
			relative = 1;
			break;
		case 't':
			into = optarg;
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
		case 'L':
		case 'P':
			logical = c == 'L';
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
	argv += optind;
	n = argc - optind;
	if (n < 1 || (flat && n < 2)) {
		warnx("missing file operand");
		return usage(1);
	}
	if (relative && !symbolic)
		errx(1, "-r goes with -s only");
	if (into && !is_folder(into))
		errx(1, "target '%s' is not a directory", into);
	if (!into && !flat && n == 1)
		into = ".";
	else if (!into && !flat && (n > 2 || is_folder(argv[n - 1]))) {
		into = argv[--n];
		if (!is_folder(into))
			errx(1, "target '%s' is not a directory", into);
	}
	if (!into && n > 2)
		errx(1, "extra operand '%s'", argv[2]);
	for (i = 0; into && i < n; i++)
		failed |= link_into(argv[i], into);
	if (!into)
		failed = make_link(argv[0], argv[1]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
