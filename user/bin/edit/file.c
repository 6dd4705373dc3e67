/*
 * See file.h.
 *
 * The new text is written to a file of its own in the same folder, which then
 * takes the old one's name, mode and owner: a full disk or a power cut leaves
 * the old text. Where that would lose something (other names of the same file,
 * an owner that cannot be given) or is forbidden (a folder that cannot be
 * written to) the text goes into the file as it is; then the old text is kept
 * in memory, and put back when the new one does not fit.
 */
#define _GNU_SOURCE
#include "user/bin/edit/file.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/canonical.h"
#include "user/bin/edit/text.h"

char *file_name;
int file_new, file_locked;

static struct stat was; /* the file as it was read or saved last */

void file_open(const char *name)
{
	struct stat st;
	int fd;

	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno != ENOENT)
		err(1, "%s", name);
	file_new = fd < 0;
	if (fd >= 0) {
		if (fstat(fd, &st) < 0)
			err(1, "%s", name);
		if (!S_ISREG(st.st_mode))
			errx(1, "%s: %s", name,
			     S_ISDIR(st.st_mode) ? "it is a folder"
						 : "it is no usual file");
		was = st;
	}
	if (text_read(fd) < 0)
		err(1, "%s", name);
	if (fd >= 0)
		close(fd);
	file_locked = fd >= 0 && access(name, W_OK) < 0;
	file_name = strdup(name);
	if (!file_name)
		err(1, NULL);
}

const char *file_question(const char *name)
{
	struct stat st;

	if (stat(name, &st) < 0)
		return NULL;
	if (st.st_ino == was.st_ino && st.st_dev == was.st_dev)
		return st.st_mtim.tv_sec == was.st_mtim.tv_sec &&
				       st.st_mtim.tv_nsec ==
					       was.st_mtim.tv_nsec &&
				       st.st_size == was.st_size
			       ? NULL
			       : "It has changed on the disk";
	return file_name && !file_new && !strcmp(name, file_name)
		       ? "It is another file now"
		       : "There is such a file";
}

/* What makes another file than the old one necessary, and is not to be had. */
static int may_not(int e)
{
	return e == EACCES || e == EPERM || e == EROFS || e == ENAMETOOLONG;
}

/* The folder's entry on the disk too; not every file system knows how. */
static int sync_folder(const char *path)
{
	char folder[PATH_MAX];
	int fd, bad;

	snprintf(folder, sizeof(folder), "%s", path);
	strrchr(folder, '/')[1] = 0;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bad = fd >= 0 && fsync(fd) < 0 && errno != EINVAL;
	if (fd >= 0)
		close(fd);
	return bad ? -1 : 0;
}

static int finish(int fd)
{
	return fsync(fd) < 0 && errno != EINVAL ? -1 : 0;
}

/* 0, -1 and errno, or 1 where it has to be written in place. */
static int replace(const char *path, const struct stat *old)
{
	static const char form[] = ".editXXXXXX";
	char temporary[PATH_MAX + sizeof(form)];
	mode_t mask = umask(077), mode = 0666 & ~mask;
	int fd, e;

	umask(mask);
	strcpy(temporary, path);
	strcpy(strrchr(temporary, '/') + 1, form);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return may_not(errno) ? 1 : -1;
	if (old) {
		mode = old->st_mode & 07777;
		if (fchown(fd, old->st_uid, old->st_gid) < 0) {
			e = 0;
			goto fail;
		}
	}
	if (text_write(fd) < 0 || fchmod(fd, mode) < 0 || finish(fd) < 0) {
		e = errno;
		goto fail;
	}
	if (rename(temporary, path) < 0) {
		/* In a folder like /tmp, another's file. */
		e = may_not(errno) ? 0 : errno;
		goto fail;
	}
	close(fd);
	return sync_folder(path);

fail:
	close(fd);
	unlink(temporary);
	errno = e;
	return e ? -1 : 1;
}

/* All of fd from its beginning, n bytes. */
static char *keep(int fd, size_t n)
{
	char *copy = malloc(n + 1);
	size_t have = 0;
	ssize_t some = 1;

	for (; copy && have < n && some; have += (size_t)some) {
		some = pread(fd, copy + have, n - have, (off_t)have);
		if (some < 0) {
			free(copy);
			return NULL;
		}
	}
	return copy;
}

/* *harm: the old text could not be put back. */
static int write_in_place(const char *path, const struct stat *old, int *harm)
{
	size_t n = old ? (size_t)old->st_size : 0, back = 0;
	int fd, e, flags = old ? O_RDWR : O_RDWR | O_CREAT | O_EXCL;
	char *copy = NULL;
	ssize_t some;

	fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if (n && !(copy = keep(fd, n))) {
		e = errno;
		close(fd);
		errno = e;
		return -1;
	}
	if (text_write(fd) == 0 && ftruncate(fd, lseek(fd, 0, SEEK_CUR)) == 0 &&
	    finish(fd) == 0) {
		free(copy);
		close(fd);
		return 0;
	}
	e = errno;
	for (; back < n; back += (size_t)some) {
		some = pwrite(fd, copy + back, n - back, (off_t)back);
		if (some <= 0)
			break;
	}
	*harm = back < n || ftruncate(fd, (off_t)n) < 0 || finish(fd) < 0;
	if (!old)
		unlink(path);
	free(copy);
	close(fd);
	errno = e;
	return -1;
}

int file_save(const char *name, char *message, size_t size)
{
	char *path = canonical(name, 'f', 1);
	struct stat st, *old = NULL;
	int bad = -1, harm = 0;
	char *copy;

	if (!path)
		goto fail;
	if (stat(path, &st) == 0)
		old = &st;
	else if (errno != ENOENT)
		goto fail;
	if (old && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		goto fail;
	}
	/* A folder of one's own does not make one the master of its files. */
	if (old && access(path, W_OK) < 0)
		goto fail;
	bad = old && st.st_nlink > 1 ? 1 : replace(path, old);
	if (bad == 1)
		bad = write_in_place(path, old, &harm);
	if (bad)
		goto fail;
	copy = strdup(name);
	if (copy) {
		free(file_name);
		file_name = copy;
	}
	stat(path, &was);
	file_new = file_locked = 0;
	text_saved();
	free(path);
	return 0;

fail:
	snprintf(message, size, "NOT saved: %s%s", strerror(errno),
		 harm ? "; the file on the disk is damaged!" : "");
	free(path);
	return -1;
}

/* --- When the end comes from outside ----------------------------------- */

static const char *rescue_to(const char *stem)
{
	static char name[PATH_MAX];
	int fd = -1, i, n;

	for (i = 0; i < 100 && fd < 0; i++) {
		n = i ? snprintf(name, sizeof(name), "%s.save.%d", stem, i)
		      : snprintf(name, sizeof(name), "%s.save", stem);
		if (n >= (int)sizeof(name))
			return NULL;
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return NULL;
	}
	if (fd < 0)
		return NULL;
	if (text_write(fd) < 0 || finish(fd) < 0) {
		n = errno;
		close(fd);
		unlink(name);
		errno = n;
		return NULL;
	}
	close(fd);
	return name;
}

const char *file_rescue(void)
{
	const char *home = getenv("HOME"), *last, *done;
	char stem[PATH_MAX];

	done = rescue_to(file_name ? file_name : "edit");
	last = file_name ? strrchr(file_name, '/') : NULL;
	last = last ? last + 1 : file_name ? file_name : "edit";
	if (!done && home && *home) {
		snprintf(stem, sizeof(stem), "%s/%s", home, last);
		done = rescue_to(stem);
	}
	if (!done) {
		snprintf(stem, sizeof(stem), "/tmp/%s", last);
		done = rescue_to(stem);
	}
	return done;
}

const char *file_rescued(void)
{
	static char name[PATH_MAX];
	struct stat st;

	if (!file_name || snprintf(name, sizeof(name), "%s.save", file_name) >=
				  (int)sizeof(name))
		return NULL;
	if (stat(name, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	return file_new || st.st_mtim.tv_sec > was.st_mtim.tv_sec ||
			       (st.st_mtim.tv_sec == was.st_mtim.tv_sec &&
				st.st_mtim.tv_nsec > was.st_mtim.tv_nsec)
		       ? name
		       : NULL;
}
