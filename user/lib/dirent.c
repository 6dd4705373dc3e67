/* Reading directories, a buffer of records at a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/lib/syscall.h"

struct __dir {
	int fd;
	int pos, len; /* in buf */
	off_t off;    /* of the next entry */
	_Alignas(8) char buf[4096 - 32];
};

/* struct dirent is linux_dirent64 with the longest name. */
_Static_assert(offsetof(struct dirent, d_name) ==
		       offsetof(struct linux_dirent64, d_name),
	       "dirent");

DIR *fdopendir(int fd)
{
	struct stat st;
	DIR *dir;

	if (fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return NULL;
	}
	dir = malloc(sizeof(*dir));
	if (!dir)
		return NULL;
	dir->fd = fd;
	dir->pos = dir->len = 0;
	dir->off = 0;
	return dir;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

struct dirent *readdir(DIR *dir)
{
	struct dirent *e;

	if (dir->pos >= dir->len) {
		long n = SYS(getdents64, dir->fd, dir->buf, sizeof(dir->buf));

		if (n <= 0) {
			/* A directory that was removed is at its end. */
			if (n < 0 && n != -ENOENT)
				errno = (int)-n;
			return NULL;
		}
		dir->pos = 0;
		dir->len = (int)n;
	}
	e = (struct dirent *)(dir->buf + dir->pos);
	dir->pos += e->d_reclen;
	dir->off = e->d_off;
	return e;
}

int closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir);
	return close(fd);
}

void seekdir(DIR *dir, long pos)
{
	dir->off = lseek(dir->fd, pos, SEEK_SET);
	dir->pos = dir->len = 0;
}

void rewinddir(DIR *dir)
{
	seekdir(dir, 0);
}

long telldir(DIR *dir)
{
	return dir->off;
}

int dirfd(DIR *dir)
{
	return dir->fd;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcoll((*a)->d_name, (*b)->d_name);
}

int scandir(const char *path, struct dirent ***list,
	    int (*want)(const struct dirent *),
	    int (*cmp)(const struct dirent **, const struct dirent **))
{
	struct dirent *e, **all = NULL, **bigger;
	size_t n = 0, cap = 0;
	DIR *dir = opendir(path);

	if (!dir)
		return -1;
	while (errno = 0, (e = readdir(dir))) {
		if (want && !want(e))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 32;
			bigger = realloc(all, cap * sizeof(*all));
			if (!bigger)
				goto fail;
			all = bigger;
		}
		all[n] = malloc(e->d_reclen);
		if (!all[n])
			goto fail;
		memcpy(all[n++], e, e->d_reclen);
	}
	if (errno)
		goto fail;
	closedir(dir);
	if (cmp && n)
		qsort(all, n, sizeof(*all),
		      (int (*)(const void *, const void *))cmp);
	*list = all;
	return (int)n;

fail:
	while (n)
		free(all[--n]);
	free(all);
	closedir(dir);
	return -1;
}
