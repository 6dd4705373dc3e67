/*
 * Names that come from an archive or a diff, which must not lead out of the
 * folder in which they are used: for tar, cpio and patch.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is one of the name's parts ".."? */
static inline int inside_climbs(const char *name)
{
	while (*name) {
		size_t n = strcspn(name, "/");

		if (n == 2 && name[0] == '.' && name[1] == '.')
			return 1;
		name += n;
		name += strspn(name, "/");
	}
	return 0;
}

/*
 * Opens the directory that holds `path`, which is below the directory `at`
 * (an absolute one, too), step by step without following any link; make: makes
 * what is missing. *base is the last part of path. -1 with errno.
 */
static inline int inside_open_parent(int at, const char *path,
				     const char **base, int make)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	char name[NAME_MAX + 1];
	int fd, next, saved;
	size_t n;

	fd = openat(at, ".", flags);
	while (fd >= 0) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (!path[n + strspn(path + n, "/")])
			break;
		if (n > NAME_MAX) {
			close(fd);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, n);
		name[n] = 0;
		next = openat(fd, name, flags | O_NOFOLLOW);
		if (next < 0 && errno == ENOENT && make &&
		    (mkdirat(fd, name, 0777) == 0 || errno == EEXIST))
			next = openat(fd, name, flags | O_NOFOLLOW);
		saved = errno;
		close(fd);
		errno = saved;
		fd = next;
		path += n;
	}
	*base = path;
	return fd;
}
