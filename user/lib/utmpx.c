/*
 * The file of who is logged in. A terminal's record is written by whoever has
 * the terminal, at its own place, and new ones are appended by one write; so
 * two never meet, and there is no lock, which any reader could hold.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

static const char *file = _PATH_UTMPX;
static char *named;
static struct utmpx found;
static int fd = -1;
static off_t next; /* where the next record begins */

static int open_file(int flags)
{
	if (fd < 0)
		fd = open(file, flags | O_CLOEXEC);
	return fd;
}

struct utmpx *getutxent(void)
{
	ssize_t n;

	if (open_file(O_RDONLY) < 0)
		return NULL;
	n = pread(fd, &found, sizeof(found), next);
	if (n != sizeof(found)) {
		if (n >= 0)
			errno = ESRCH;
		return NULL;
	}
	next += (off_t)sizeof(found);
	return &found;
}

static int is_process(int type)
{
	return type >= INIT_PROCESS && type <= DEAD_PROCESS;
}

static int is_like(const struct utmpx *a, const struct utmpx *b)
{
	if (is_process(b->ut_type))
		return is_process(a->ut_type) &&
		       !strncmp(a->ut_id, b->ut_id, sizeof(a->ut_id));
	return a->ut_type == b->ut_type;
}

struct utmpx *getutxid(const struct utmpx *want)
{
	struct utmpx copy = *want, *u;

	if (copy.ut_type < RUN_LVL || copy.ut_type > DEAD_PROCESS) {
		errno = EINVAL;
		return NULL;
	}
	while ((u = getutxent()))
		if (is_like(u, &copy))
			return u;
	return NULL;
}

struct utmpx *getutxline(const struct utmpx *want)
{
	struct utmpx copy = *want, *u;

	while ((u = getutxent()))
		if ((u->ut_type == LOGIN_PROCESS || u->ut_type == USER_PROCESS) &&
		    !strncmp(u->ut_line, copy.ut_line, sizeof(copy.ut_line)))
			return u;
	return NULL;
}

static int append(int to, const struct utmpx *u)
{
	off_t end = lseek(to, 0, SEEK_END);
	ssize_t n;

	/* Part of a record counts for nothing. */
	if (end < 0 || (end % (off_t)sizeof(*u) &&
			ftruncate(to, end -= end % (off_t)sizeof(*u)) < 0))
		return -1;
	n = write(to, u, sizeof(*u));
	if (n == (ssize_t)sizeof(*u))
		return 0;
	if (n > 0) {
		ftruncate(to, end);
		errno = ENOSPC;
	}
	return -1;
}

struct utmpx *pututxline(const struct utmpx *u)
{
	struct utmpx copy = *u;
	int to, bad;

	/* What was opened for getutxent can only be read. */
	to = open(file, O_RDWR | O_APPEND | O_CLOEXEC);
	if (to < 0)
		return NULL;
	if (fd < 0)
		next = 0;
	/* The last one that was found may be it. */
	if ((next && is_like(&found, &copy)) || getutxid(&copy)) {
		/* With O_APPEND all goes to the end. */
		fcntl(to, F_SETFL, 0);
		bad = pwrite(to, &copy, sizeof(copy),
			     next - (off_t)sizeof(copy)) !=
		      (ssize_t)sizeof(copy);
	} else {
		bad = append(to, &copy);
	}
	close(to);
	if (bad)
		return NULL;
	found = copy;
	return &found;
}

void setutxent(void)
{
	next = 0;
}

void endutxent(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	next = 0;
}

int utmpxname(const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -1;
	endutxent();
	free(named);
	file = named = copy;
	return 0;
}

void updwtmpx(const char *path, const struct utmpx *u)
{
	int to = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (to < 0)
		return;
	append(to, u);
	close(to);
}
