/* chmod: change permissions, given in octal or as in u+rwx,go-w. */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mode.h"
#include "shown.h"

static int recursive, verbose, changes, quiet, failed;
static mode_t mask;
static const char *text; /* NULL: the mode is that of a file */
static mode_t given;

static void complain(const char *path, int why)
{
	errno = why;
	if (!quiet)
		warn("%s", path);
	failed = 1;
}

/* found: on a walk, so that it is not to be followed when it became a link. */
static void change(const char *path, const char *name, int found)
{
	int flags = found ? AT_SYMLINK_NOFOLLOW : 0;
	char before[12], after[12];
	struct stat st;
	mode_t mode = given;

	if (fstatat(AT_FDCWD, name, &st, flags) < 0) {
		complain(path, errno);
		return;
	}
	if (text)
		mode_change(text, st.st_mode, S_ISDIR(st.st_mode), mask, &mode);
	if (fchmodat(AT_FDCWD, name, mode, flags) < 0) {
		complain(path, errno);
		return;
	}
	mode_letters(st.st_mode, before);
	mode_letters((st.st_mode & S_IFMT) | mode, after);
	if (mode != (st.st_mode & MODE_ALL) && (verbose || changes)) {
		shown_print(stdout, "mode of '%s' changed", path);
		printf(" from %04o (%s) to %04o (%s)\n", st.st_mode & MODE_ALL,
		       before + 1, mode, after + 1);
	} else if (verbose) {
		shown_print(stdout, "mode of '%s' retained", path);
		printf(" as %04o (%s)\n", mode, after + 1);
	}
}

static void change_all(char *path)
{
	char *paths[2] = { path, NULL };
	FTS *walk;
	FTSENT *e;

	if (!recursive) {
		change(path, path, 0);
		return;
	}
	walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW, NULL);
	if (!walk)
		err(1, "%s", path);
	while ((e = fts_read(walk))) {
		switch (e->fts_info) {
		case FTS_DP:
			/* Done before what is in it: it may be opened so. */
		case FTS_SL:
			/* Links that are found on the way are left alone. */
			continue;
		case FTS_NS:
		case FTS_DNR:
		case FTS_ERR:
			complain(e->fts_path, e->fts_errno);
			continue;
		}
		change(e->fts_path, e->fts_accpath, e->fts_level > 0);
	}
	if (errno)
		err(1, "%s", path);
	fts_close(walk);
}

static int usage(int status)
{
	fputs("usage: chmod [-cfRv] mode file...\n"
	      "       chmod [-cfRv] --reference=file file...\n"
	      "mode: 755, or [ugoa][+-=][rwxXst] or [ugoa][+-=][ugo], "
	      "with commas between\n",
	      status ? stderr : stdout);
	return status;
}

/* A mode such as -w looks like an option. */
static int is_mode(const char *s)
{
	mode_t m;

	return s[1] &&
	       strspn(s + 1, "rwxXstugoa+-=,01234567") == strlen(s + 1) &&
	       mode_change(s, 0, 0, 0, &m) == 0;
}

int main(int argc, char **argv)
{
	struct stat st;
	int i, n = 1, only_files = 0, by_file = 0;
	const char *s;
	mode_t m;

	/* By hand, for the sake of -w; options may follow operands. */
	for (i = 1; i < argc; i++) {
		s = argv[i];
		if (only_files || *s != '-' || !s[1]) {
			argv[n++] = argv[i];
		} else if (!strcmp(s, "--")) {
			only_files = 1;
		} else if (!strncmp(s, "--reference=", 12)) {
			if (stat(s + 12, &st) < 0)
				err(1, "%s", s + 12);
			given = st.st_mode & MODE_ALL;
			by_file = 1;
		} else if (!strcmp(s, "--help")) {
			return usage(0);
		} else if (!strcmp(s, "--recursive")) {
			recursive = 1;
		} else if (!strcmp(s, "--verbose")) {
			verbose = 1;
		} else if (!strcmp(s, "--changes")) {
			changes = 1;
		} else if (!strcmp(s, "--quiet") || !strcmp(s, "--silent")) {
			quiet = 1;
		} else if (is_mode(s) && !text) {
			text = s;
		} else {
			for (s++; *s; s++) {
				if (*s == 'R')
					recursive = 1;
				else if (*s == 'v')
					verbose = 1;
				else if (*s == 'c')
					changes = 1;
				else if (*s == 'f')
					quiet = 1;
				else
					break;
			}
			if (*s) {
				warnx("invalid option -- '%c'", *s);
				return usage(1);
			}
		}
	}
	i = 1;
	if (!text && !by_file && n > 1)
		text = argv[i++];
	if (i == n)
		return usage(1);
	mask = umask(0);
	umask(mask);
	if (text && mode_change(text, 0, 0, mask, &m) < 0)
		errx(1, "invalid mode: '%s'", text);
	for (; i < n; i++)
		change_all(argv[i]);
	if (fflush(stdout))
		err(1, "write error");
	return failed;
}
