/*
 * Passwords, from /etc/shadow, which root alone may read; and the lock that
 * keeps two programs from changing the files of users at the same time.  The
 * lock is a file that names its holder, by
 * number and start: one that has died holds nothing.  The
 * numbers about the age of a password are read and written, -1 where there is
 * none, and mean nothing here.
 */
#include <errno.h>
#include <fcntl.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/lib/users.h"

#define SHADOW "/etc/shadow"
#define LOCK   "/etc/.pwd.lock"
/* Seconds after which whoever holds the lock is waited for no longer. */
#define LOCK_SECONDS 15

static struct users_line line;
static struct spwd found;
static FILE *all;
static int locked;
static char mine[sizeof(LOCK) + 12];

static long number(const char *field)
{
	return *field ? strtol(field, NULL, 10) : -1;
}

static struct spwd *next(FILE *f)
{
	if (__users_next(f, &line, 9, 0) <= 0)
		return NULL;
	found.sp_namp = line.fields[0];
	found.sp_pwdp = line.fields[1];
	found.sp_lstchg = number(line.fields[2]);
	found.sp_min = number(line.fields[3]);
	found.sp_max = number(line.fields[4]);
	found.sp_warn = number(line.fields[5]);
	found.sp_inact = number(line.fields[6]);
	found.sp_expire = number(line.fields[7]);
	found.sp_flag = (unsigned long)number(line.fields[8]);
	return &found;
}

struct spwd *fgetspent(FILE *f)
{
	return next(f);
}

static void put(long n, const char *behind, FILE *f)
{
	if (n != -1)
		fprintf(f, "%ld", n);
	fputs(behind, f);
}

int putspent(const struct spwd *s, FILE *f)
{
	if (!*s->sp_namp || !__users_plain(s->sp_namp) ||
	    !__users_plain(s->sp_pwdp)) {
		errno = EINVAL;
		return -1;
	}
	fprintf(f, "%s:%s:", s->sp_namp, s->sp_pwdp ? s->sp_pwdp : "");
	put(s->sp_lstchg, ":", f);
	put(s->sp_min, ":", f);
	put(s->sp_max, ":", f);
	put(s->sp_warn, ":", f);
	put(s->sp_inact, ":", f);
	put(s->sp_expire, ":", f);
	put((long)s->sp_flag, "\n", f);
	return ferror(f) ? -1 : 0;
}

void setspent(void)
{
	if (all)
		rewind(all);
}

void endspent(void)
{
	if (all)
		fclose(all);
	all = NULL;
}

struct spwd *getspent(void)
{
	if (!all)
		all = fopen(SHADOW, "re");
	return all ? next(all) : NULL;
}

struct spwd *getspnam(const char *name)
{
	FILE *f = fopen(SHADOW, "re");
	struct spwd *s;

	if (!f)
		return NULL;
	while ((s = next(f)))
		if (!strcmp(s->sp_namp, name))
			break;
	fclose(f);
	return s;
}

/* When the process was started, in ticks since the boot; 0: it is not there. */
static unsigned long started(pid_t pid)
{
	unsigned long when = 0;
	char path[32], text[512], *p;
	ssize_t n = -1;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	/* The second field is a name in brackets, the 22nd the time. */
	p = strrchr(text, ')');
	for (i = 2; p && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (p)
		when = strtoul(p, NULL, 10);
	return when ? when : 1;
}

/* Who has the lock: 0 nobody, or nobody who lives; else the process. */
static pid_t holder(void)
{
	char text[64], *end;
	unsigned long when;
	ssize_t n;
	pid_t pid;
	int fd = open(LOCK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	pid = (pid_t)strtol(text, &end, 10);
	when = strtoul(end, NULL, 10);
	return pid > 0 && when && started(pid) == when ? pid : 0;
}

/* A file that says who this is, and becomes the lock at once or not at all. */
static int make_mine(void)
{
	int fd;

	snprintf(mine, sizeof(mine), LOCK ".%d", getpid());
	unlink(mine);
	fd = open(mine, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (dprintf(fd, "%d %lu\n", getpid(), started(getpid())) < 0) {
		close(fd);
		unlink(mine);
		return -1;
	}
	return close(fd);
}

int lckpwdf(void)
{
	struct timespec nap = { 0, 50000000 };
	int tries = LOCK_SECONDS * 20;

	if (locked) {
		errno = EBUSY;
		return -1;
	}
	if (make_mine() < 0)
		return -1;
	while (tries--) {
		if (link(mine, LOCK) == 0) {
			unlink(mine);
			locked = 1;
			return 0;
		}
		if (errno != EEXIST)
			break;
		/* Whoever had it died with it.  Of several that see this at
		 * once the last one to come has it; a nap shows which. */
		if (!holder() && rename(mine, LOCK) == 0) {
			nanosleep(&nap, NULL);
			if (holder() == getpid()) {
				locked = 1;
				return 0;
			}
			if (make_mine() < 0)
				return -1;
		}
		errno = EAGAIN;
		nanosleep(&nap, NULL);
	}
	tries = errno;
	unlink(mine);
	errno = tries;
	return -1;
}

int ulckpwdf(void)
{
	if (!locked)
		return -1;
	locked = 0;
	return unlink(LOCK);
}
