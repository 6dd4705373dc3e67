/*
 * The absolute path behind dots and links, for realpath and readlink; the
 * library's realpath() knows only the strictest of these.
 */
#pragma once

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * `how`: 'e' all parts must be there, 'f' the last may be missing, 'm' any may.
 * `links`: follow them.
 * The caller frees the result; NULL and errno when it failed.
 */
static inline char *canonical(const char *path, int how, int links)
{
	char out[PATH_MAX], rest[PATH_MAX], target[PATH_MAX], *p;
	size_t len = 0, part, more;
	int count = 0;
	struct stat st;
	ssize_t got;

	if (!*path) {
		errno = ENOENT;
		return NULL;
	}
	if (strlen(path) >= sizeof(rest)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(rest, path);
	if (*rest != '/') {
		if (!getcwd(out, sizeof(out)))
			return NULL;
		len = strcmp(out, "/") ? strlen(out) : 0;
	}
	for (p = rest; *p;) {
		part = strcspn(p, "/");
		if (!part || (part == 1 && *p == '.')) {
			p += part + !part;
			continue;
		}
		if (part == 2 && p[0] == '.' && p[1] == '.') {
			while (len && out[--len] != '/')
				;
			p += part;
			continue;
		}
		if (len + part + 2 > sizeof(out)) {
			errno = ENAMETOOLONG;
			return NULL;
		}
		out[len] = '/';
		memcpy(out + len + 1, p, part);
		out[len + 1 + part] = 0;
		more = strspn(p + part, "/");
		if (lstat(out, &st) < 0) {
			/* Of 'f' only the last part may be missing. */
			if (how != 'm' &&
			    (how == 'e' || errno != ENOENT || p[part + more]))
				return NULL;
		} else if (S_ISLNK(st.st_mode) && links) {
			got = readlink(out, target, sizeof(target));
			if (got < 0)
				return NULL;
			if (++count > 40) {
				errno = ELOOP;
				if (how != 'm')
					return NULL;
			} else {
				if ((size_t)got + strlen(p + part) + 1 >
				    sizeof(rest)) {
					errno = ENAMETOOLONG;
					return NULL;
				}
				memmove(rest + got, p + part,
					strlen(p + part) + 1);
				memcpy(rest, target, (size_t)got);
				p = rest;
				if (*rest == '/')
					len = 0;
				continue;
			}
		} else if (more && how != 'm' &&
			   (stat(out, &st) < 0 || !S_ISDIR(st.st_mode))) {
			errno = ENOTDIR;
			return NULL;
		}
		len += 1 + part;
		p += part;
	}
	if (!len)
		out[len++] = '/';
	out[len] = 0;
	return strdup(out);
}
