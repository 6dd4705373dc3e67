/*
 * Names that match a pattern.  The pattern is taken apart at its slashes; each
 * part without wildcards is only appended, each other part reads the directory
 * that has been reached.
 */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct globbing {
	int flags;
	int (*on_error)(const char *path, int err);
	glob_t *g;
	char path[PATH_MAX];
};

static int has_wildcard(const char *s, size_t n, int flags)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\\' && !(flags & GLOB_NOESCAPE))
			i++;
		else if (strchr("*?[", s[i]) && s[i])
			return 1;
	}
	return 0;
}

static int glob_add(glob_t *g, const char *path, int mark)
{
	size_t n = g->gl_offs + g->gl_pathc, len = strlen(path);
	char **bigger = realloc(g->gl_pathv, (n + 2) * sizeof(*bigger));

	if (!bigger)
		return GLOB_NOSPACE;
	g->gl_pathv = bigger;
	bigger[n] = malloc(len + 2);
	if (!bigger[n])
		return GLOB_NOSPACE;
	memcpy(bigger[n], path, len + 1);
	if (mark)
		strcpy(bigger[n] + len, "/");
	bigger[n + 1] = NULL;
	g->gl_pathc++;
	return 0;
}

/* Match `pattern` below the path of `len` bytes gathered so far. */
static int glob_walk(struct globbing *w, const char *pattern, size_t len)
{
	char part[NAME_MAX + 1];
	struct dirent *e;
	struct stat st;
	size_t n, i, k;
	int ret = 0, dot;
	DIR *dir;

	while (*pattern == '/') {
		if (len + 1 >= PATH_MAX)
			return 0;
		w->path[len++] = *pattern++;
	}
	w->path[len] = 0;
	if (!*pattern) {
		if (lstat(w->path, &st) < 0)
			return 0;
		/* A link to a directory is marked as one. */
		return glob_add(w->g, w->path,
				(w->flags & GLOB_MARK) && len &&
					w->path[len - 1] != '/' &&
					stat(w->path, &st) == 0 &&
					S_ISDIR(st.st_mode));
	}
	n = strcspn(pattern, "/");
	if (!has_wildcard(pattern, n, w->flags)) {
		for (i = k = 0; i < n; i++) {
			if (pattern[i] == '\\' && i + 1 < n &&
			    !(w->flags & GLOB_NOESCAPE))
				i++;
			if (len + k + 1 >= PATH_MAX)
				return 0;
			w->path[len + k++] = pattern[i];
		}
		return glob_walk(w, pattern + n, len + k);
	}
	if (n > NAME_MAX)
		return 0;
	memcpy(part, pattern, n);
	part[n] = 0;
	dir = opendir(len ? w->path : ".");
	if (!dir) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		if ((w->on_error && w->on_error(w->path, errno)) ||
		    (w->flags & GLOB_ERR))
			return GLOB_ABORTED;
		return 0;
	}
	dot = part[0] == '.';
	while (!ret && (e = readdir(dir))) {
		if (e->d_name[0] == '.' && !dot)
			continue;
		if (fnmatch(part, e->d_name,
			    w->flags & GLOB_NOESCAPE ? FNM_NOESCAPE : 0))
			continue;
		if (pattern[n] && e->d_type != DT_DIR && e->d_type != DT_LNK &&
		    e->d_type != DT_UNKNOWN)
			continue;
		k = strlen(e->d_name);
		if (len + k + 1 >= PATH_MAX)
			continue;
		memcpy(w->path + len, e->d_name, k + 1);
		ret = glob_walk(w, pattern + n, len + k);
	}
	closedir(dir);
	return ret;
}

static int compare_paths(const void *a, const void *b)
{
	return strcoll(*(char *const *)a, *(char *const *)b);
}

int glob(const char *restrict pattern, int flags,
	 int (*on_error)(const char *path, int err), glob_t *restrict g)
{
	struct globbing *w;
	size_t before, i;
	int ret;

	if (!(flags & GLOB_DOOFFS))
		g->gl_offs = 0;
	if (!(flags & GLOB_APPEND)) {
		g->gl_pathc = 0;
		g->gl_pathv = malloc((g->gl_offs + 1) * sizeof(char *));
		if (!g->gl_pathv)
			return GLOB_NOSPACE;
		for (i = 0; i <= g->gl_offs; i++)
			g->gl_pathv[i] = NULL;
	}
	w = malloc(sizeof(*w));
	if (!w)
		return GLOB_NOSPACE;
	w->flags = flags;
	w->on_error = on_error;
	w->g = g;
	before = g->gl_pathc;
	ret = *pattern ? glob_walk(w, pattern, 0) : 0;
	free(w);
	if (ret)
		return ret;
	if (g->gl_pathc == before) {
		if (flags & GLOB_NOCHECK)
			return glob_add(g, pattern, 0);
		return GLOB_NOMATCH;
	}
	if (!(flags & GLOB_NOSORT))
		qsort(g->gl_pathv + g->gl_offs + before, g->gl_pathc - before,
		      sizeof(char *), compare_paths);
	return 0;
}

void globfree(glob_t *g)
{
	size_t i;

	for (i = 0; i < g->gl_pathc; i++)
		free(g->gl_pathv[g->gl_offs + i]);
	free(g->gl_pathv);
	g->gl_pathv = NULL;
	g->gl_pathc = 0;
}
