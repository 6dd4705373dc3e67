/*
 * Opening, duplicating and here-documents. See redir.h.
 */
#include "user/bin/sh/redir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/bin/sh/ast.h"
#include "user/bin/sh/chars.h"
#include "user/bin/sh/expand.h"
#include "user/bin/sh/job.h"
#include "user/bin/sh/mem.h"
#include "user/bin/sh/out.h"
#include "user/bin/sh/sh.h"

/* So much fits into a pipe that nobody reads yet. */
#define PIPE_ROOM 4096

int redir_move_up(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, SHELL_FD);

	if (up >= 0)
		close(fd);
	return up;
}

static const char *open_error(int err, bool create)
{
	if (err == ENOENT)
		return create ? "Directory nonexistent" : "No such file";
	return strerror(err);
}

/* > with set -C: an existing regular file is not to be overwritten. */
static int open_noclobber(const char *name)
{
	struct stat st;
	int fd;

	if (stat(name, &st) < 0)
		return open(name, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (S_ISREG(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	fd = open(name, O_WRONLY);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		close(fd);
		errno = EEXIST;
		return -1;
	}
	return fd;
}

static int open_file(int type, const char *name)
{
	switch (type) {
	case REDIR_IN:
		return open(name, O_RDONLY);
	case REDIR_RDWR:
		return open(name, O_RDWR | O_CREAT, 0666);
	case REDIR_APPEND:
		return open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
	case REDIR_OUT:
		if (sh.opt[OPT_NOCLOBBER])
			return open_noclobber(name);
		break;
	}
	return open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
}

static int open_here(const char *text)
{
	size_t len = strlen(text);
	int fds[2];
	ssize_t n;

	if (pipe(fds) < 0) {
		err_print("Pipe call failed");
		return -1;
	}
	if (len <= PIPE_ROOM) {
		n = write(fds[1], text, len);
		(void)n;
	} else if (job_fork_writer() == 0) {
		close(fds[0]);
		while (len && (n = write(fds[1], text, len)) > 0) {
			text += n;
			len -= (size_t)n;
		}
		_exit(0);
	}
	close(fds[1]);
	return fds[0];
}

/* The descriptor that n>&target names; -1 closes, -2 after an error. */
static int dup_source(const char *s)
{
	int i, fd = 0;

	if (strcmp(s, "-") == 0)
		return -1;
	for (i = 0; is_digit(s[i]) && i < 6; i++)
		fd = fd * 10 + s[i] - '0';
	if (!i || s[i]) {
		err_print("Syntax error: Bad fd number");
		return -2;
	}
	return fd;
}

static void save(int fd, struct redir_saved **saved)
{
	struct redir_saved *s;

	for (s = *saved; s; s = s->next)
		if (s->fd == fd)
			return;
	s = arena_alloc(&cmd_arena, sizeof(*s));
	s->fd = fd;
	s->copy = fcntl(fd, F_DUPFD_CLOEXEC, SHELL_FD);
	s->next = *saved;
	*saved = s;
}

static int apply_one(struct redir *r, struct redir_saved **saved)
{
	const char *target = r->value;
	int fd;

	if (r->type == REDIR_DUP) {
		fd = dup_source(target);
		if (fd == -2)
			return -1;
		if (saved)
			save(r->fd, saved);
		if (fd < 0) {
			close(r->fd);
			return 0;
		}
		if (fd == r->fd) {
			if (fcntl(fd, F_GETFD) >= 0)
				return 0;
		} else if (dup2(fd, r->fd) >= 0) {
			return 0;
		}
		err_print("%d: %s", fd, strerror(errno));
		return -1;
	}
	if (r->type == REDIR_HERE) {
		fd = open_here(target);
		if (fd < 0)
			return -1;
	} else {
		bool create = r->type != REDIR_IN;

		fd = open_file(r->type, target);
		if (fd < 0) {
			err_print("cannot %s %s: %s",
				  create ? "create" : "open", target,
				  open_error(errno, create));
			return -1;
		}
	}
	if (fd == r->fd) {
		/* It was closed: that is what has to come back. */
		if (saved) {
			struct redir_saved *s =
				arena_alloc(&cmd_arena, sizeof(*s));

			s->fd = fd;
			s->copy = -1;
			s->next = *saved;
			*saved = s;
		}
		return 0;
	}
	if (saved)
		save(r->fd, saved);
	if (dup2(fd, r->fd) < 0) {
		err_print("%d: %s", r->fd, strerror(errno));
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

int redir_expand(struct redir *r)
{
	for (; r && !sh.skip; r = r->next)
		r->value = r->target ? expand_string(r->target) : "";
	return sh.skip ? -1 : 0;
}

int redir_apply(struct redir *r, struct redir_saved **saved)
{
	for (; r; r = r->next)
		if (apply_one(r, saved) < 0)
			return -1;
	return 0;
}

void redir_restore(struct redir_saved *s)
{
	for (; s; s = s->next) {
		if (s->copy < 0) {
			close(s->fd);
		} else {
			dup2(s->copy, s->fd);
			close(s->copy);
		}
	}
}
