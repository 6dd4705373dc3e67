/*
 * Paths: the working directory, the real path behind links, the parts of a
 * path, and names that nobody uses yet.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/lib/syscall.h"

char *getcwd(char *buf, size_t size)
{
	char path[PATH_MAX];
	long n;

	if (buf && !size) {
		errno = EINVAL;
		return NULL;
	}
	n = CALL(getcwd, buf ? buf : path, buf ? size : sizeof(path));
	if (n < 0)
		return NULL;
	return buf ? buf : strdup(path);
}

char *get_current_dir_name(void)
{
	return getcwd(NULL, 0);
}

/*
 * Walk the path part by part.  `out` holds what is resolved, `rest` what is
 * still to do; a link puts its target in front of the rest.
 */
char *realpath(const char *restrict path, char *restrict result)
{
	char out[PATH_MAX], rest[PATH_MAX], link[PATH_MAX];
	size_t len = 0, part, n;
	int links = 0;
	ssize_t got;
	char *p;

	if (!path || !*path) {
		errno = path ? ENOENT : EINVAL;
		return NULL;
	}
	if (strlen(path) >= sizeof(rest))
		goto too_long;
	strcpy(rest, path);
	if (*rest != '/') {
		if (!getcwd(out, sizeof(out)))
			return NULL;
		len = strcmp(out, "/") ? strlen(out) : 0;
	}
	for (p = rest; *p;) {
		if (*p == '/') {
			p++;
			continue;
		}
		part = strcspn(p, "/");
		if (part == 1 && p[0] == '.') {
			p += part;
			continue;
		}
		if (part == 2 && p[0] == '.' && p[1] == '.') {
			while (len && out[--len] != '/')
				;
			p += part;
			continue;
		}
		if (len + part + 2 > sizeof(out))
			goto too_long;
		out[len] = '/';
		memcpy(out + len + 1, p, part);
		out[len + 1 + part] = 0;
		got = readlink(out, link, sizeof(link));
		if (got < 0) {
			struct stat st;

			if (errno != EINVAL)
				return NULL;
			/* Not a link: more may follow only a directory. */
			if (p[part] && stat(out, &st) == 0 &&
			    !S_ISDIR(st.st_mode)) {
				errno = ENOTDIR;
				return NULL;
			}
			len += 1 + part;
			p += part;
			continue;
		}
		if (++links > SYMLOOP_MAX) {
			errno = ELOOP;
			return NULL;
		}
		n = strlen(p + part);
		if ((size_t)got + n + 1 > sizeof(rest))
			goto too_long;
		memmove(rest + got, p + part, n + 1);
		memcpy(rest, link, (size_t)got);
		p = rest;
		if (*rest == '/')
			len = 0;
	}
	if (!len)
		out[len++] = '/';
	out[len] = 0;
	if (!result)
		return strdup(out);
	return strcpy(result, out);

too_long:
	errno = ENAMETOOLONG;
	return NULL;
}

static char dot[] = ".", slash[] = "/";

char *basename(char *path)
{
	size_t n;
	char *p;

	if (!path || !*path)
		return dot;
	for (n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = 0;
	p = strrchr(path, '/');
	return p && p[1] ? p + 1 : path;
}

char *dirname(char *path)
{
	size_t n;

	if (!path || !*path)
		return dot;
	n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (!n)
		return slash;
	while (n && path[n - 1] != '/')
		n--;
	if (!n)
		return dot;
	while (n && path[n - 1] == '/')
		n--;
	if (!n)
		return slash;
	path[n] = 0;
	return path;
}

/* Fill the six X at the end of a template; -1 when they are not there. */
static int template_fill(char *template)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789";
	size_t n = strlen(template), i;
	unsigned char random[6];

	if (n < 6)
		return -1;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	for (i = 0; i < 6; i++)
		template[n - 6 + i] = set[random[i] % 62];
	return 0;
}

static int template_check(const char *template)
{
	size_t n = strlen(template);

	if (n < 6 || strcmp(template + n - 6, "XXXXXX") != 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int mkostemp(char *template, int flags)
{
	int tries, fd;

	if (template_check(template) < 0)
		return -1;
	for (tries = 0; tries < 100; tries++) {
		if (template_fill(template) < 0)
			return -1;
		fd = open(template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int mkstemp(char *template)
{
	return mkostemp(template, 0);
}

char *mkdtemp(char *template)
{
	int tries;

	if (template_check(template) < 0)
		return NULL;
	for (tries = 0; tries < 100; tries++) {
		if (template_fill(template) < 0)
			return NULL;
		if (mkdir(template, 0700) == 0)
			return template;
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

char *mktemp(char *template)
{
	struct stat st;

	if (template_check(template) < 0 || template_fill(template) < 0 ||
	    lstat(template, &st) == 0)
		*template = 0;
	return template;
}

FILE *tmpfile(void)
{
	char path[] = "/tmp/tmpXXXXXX";
	int fd = mkstemp(path);
	FILE *f;

	if (fd < 0)
		return NULL;
	unlink(path);
	f = fdopen(fd, "w+");
	if (!f)
		close(fd);
	return f;
}
