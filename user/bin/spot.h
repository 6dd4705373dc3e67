/*
 * Directories on the way down into a tree, as descriptors, for rm and cp: what
 * is in one is reached by its name there and never by a path, so nobody can
 * lead the walk away by putting a link in its way, and a path may have any
 * length.
 *
 * Only the last SPOTS_OPEN of them are open.  One that was closed is opened
 * again on the way back, through ".." of the one below, which must still lie in
 * it.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPOTS_OPEN 64

struct spot {
	struct spot *up; /* NULL: the working directory */
	int fd;          /* -1: closed for now */
	int followed;    /* perhaps by a link: ".." is not the way back */
	dev_t dev;
	ino_t ino;
};

/* What the *at calls want: a spot's descriptor, or the working directory. */
static inline int spot_fd(const struct spot *s)
{
	return s ? s->fd : AT_FDCWD;
}

/*
 * Enter the directory `name` of `up`; follow: also when it is a link.  -1 with
 * errno, and then there is nothing to leave.
 */
static inline int spot_enter(struct spot *s, struct spot *up, const char *name,
			     int follow)
{
	const int flags = O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
	const struct spot *below = s;
	struct stat st;
	int i, saved;

	s->up = up;
	s->followed = follow;
	s->fd = openat(spot_fd(up), name, O_RDONLY | flags);
	/* What cannot be read may still be gone through, or written to. */
	if (s->fd < 0 && errno == EACCES)
		s->fd = openat(spot_fd(up), name, O_PATH | flags);
	if (s->fd < 0)
		return -1;
	if (fstat(s->fd, &st) < 0) {
		saved = errno;
		close(s->fd);
		errno = saved;
		return -1;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	for (i = 0; up && i < SPOTS_OPEN; i++) {
		below = up;
		up = up->up;
	}
	if (up && up->fd >= 0 && !below->followed) {
		close(up->fd);
		up->fd = -1;
	}
	return 0;
}

/*
 * Back to the spot above, which is open again then.  -1 with errno: somebody
 * has moved the one below away from it; there is no way back.
 */
static inline int spot_leave(struct spot *s)
{
	struct spot *up = s->up;
	struct stat st;

	if (up && up->fd < 0) {
		up->fd = openat(s->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up->fd >= 0 &&
		    (fstat(up->fd, &st) < 0 || st.st_dev != up->dev ||
		     st.st_ino != up->ino)) {
			close(up->fd);
			up->fd = -1;
			errno = ENOENT;
		}
		if (up->fd < 0) {
			int saved = errno;

			close(s->fd);
			errno = saved;
			return -1;
		}
	}
	close(s->fd);
	return 0;
}
