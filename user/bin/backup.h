/*
 * What a file is called that has to make room for another: for -b, --backup and
 * -S of cp, mv and ln.
 */
#pragma once

#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKUP 1000 /* what getopt_long gives for --backup */

static int backup_kind; /* 0: none are kept; s e n */
static const char *backup_suffix = "~";

/* -b, --backup=word, and -S, which says no word. */
static inline void backup_option(const char *word, const char *suffix)
{
	static const char *const words[] = { "none",     "off",      "simple",
					     "never",    "existing", "nil",
					     "numbered", "t" };
	static const char kinds[] = "\0\0sseenn";
	const char *env = getenv("SIMPLE_BACKUP_SUFFIX");
	int i, hit = -1;

	if (suffix)
		backup_suffix = suffix;
	else if (env && *env && !strchr(env, '/') && backup_suffix[0] == '~')
		backup_suffix = env;
	/* One that would be another folder, or the file itself, is none. */
	if (!*backup_suffix || strchr(backup_suffix, '/'))
		backup_suffix = "~";
	if (!word && suffix && backup_kind)
		return;
	if (!word)
		word = getenv("VERSION_CONTROL");
	if (!word || !*word)
		word = "existing";
	for (i = 0; i < 8; i++) {
		if (strncmp(words[i], word, strlen(word)) != 0)
			continue;
		/* What may mean two kinds means none. */
		if (hit >= 0 && kinds[hit] != kinds[i])
			errx(1, "ambiguous kind of backup '%s'", word);
		hit = i;
	}
	if (hit < 0)
		errx(1, "invalid kind of backup '%s'", word);
	backup_kind = kinds[hit];
}

/* The highest n of a "name.~n~" in the folder of that name; 0: none. */
static inline unsigned long backup_number(int dir, const char *name)
{
	const char *slash = strrchr(name, '/'), *base;
	char *folder = NULL, *end;
	unsigned long best = 0, n;
	struct dirent *e;
	DIR *d = NULL;
	size_t len;
	int fd;

	base = slash ? slash + 1 : name;
	len = strlen(base);
	folder =
		slash ? strndup(name, (size_t)(slash - name) + 1) : strdup(".");
	if (!folder)
		err(1, NULL);
	fd = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd >= 0)
		d = fdopendir(fd);
	while (d && (e = readdir(d))) {
		if (strncmp(e->d_name, base, len) ||
		    strncmp(e->d_name + len, ".~", 2) ||
		    !isdigit((unsigned char)e->d_name[len + 2]))
			continue;
		n = strtoul(e->d_name + len + 2, &end, 10);
		if (!strcmp(end, "~") && n > best)
			best = n;
	}
	if (d)
		closedir(d);
	return best;
}

/* What `name` would be called; the caller frees it. */
static inline char *backup_name(int dir, const char *name)
{
	unsigned long n = backup_kind == 's' ? 0 : backup_number(dir, name);
	char *to;

	if ((backup_kind == 'n' || n
		     ? asprintf(&to, "%s.~%lu~", name, n + 1)
		     : asprintf(&to, "%s%s", name, backup_suffix)) < 0)
		err(1, NULL);
	return to;
}
