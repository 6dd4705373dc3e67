/* Pseudo terminals. The node of the slave is there and the caller's as soon as
 * the master is open, so grantpt has nothing left to do. */
#include <pty.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "user/lib/syscall.h"

int posix_openpt(int flags)
{
	return open("/dev/ptmx", flags);
}

int grantpt(int fd)
{
	int n;

	return (int)CALL(ioctl, fd, TIOCGPTN, &n);
}

int unlockpt(int fd)
{
	int off = 0;

	return (int)CALL(ioctl, fd, TIOCSPTLCK, &off);
}

int ptsname_r(int fd, char *buf, size_t size)
{
	char name[24];
	int n;

	if (CALL(ioctl, fd, TIOCGPTN, &n) < 0)
		return errno;
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	if (strlen(name) >= size)
		return errno = ERANGE;
	strcpy(buf, name);
	return 0;
}

char *ptsname(int fd)
{
	static char name[24];

	return ptsname_r(fd, name, sizeof(name)) ? NULL : name;
}

int openpty(int *master, int *slave, char *name, const struct termios *t,
	    const struct winsize *ws)
{
	char path[24];
	int m, s = -1;

	m = posix_openpt(O_RDWR | O_NOCTTY);
	if (m < 0)
		return -1;
	if (!unlockpt(m) && !ptsname_r(m, path, sizeof(path)))
		s = open(path, O_RDWR | O_NOCTTY);
	if (s < 0) {
		close(m);
		return -1;
	}
	if (t)
		tcsetattr(s, TCSANOW, t);
	if (ws)
		ioctl(s, TIOCSWINSZ, ws);
	if (name)
		strcpy(name, path);
	*master = m;
	*slave = s;
	return 0;
}

int login_tty(int fd)
{
	setsid();
	if (CALL(ioctl, fd, TIOCSCTTY, 0) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			return -1;
	if (fd > 2)
		close(fd);
	return 0;
}

pid_t forkpty(int *master, char *name, const struct termios *t,
	      const struct winsize *ws)
{
	int m, s;
	pid_t pid;

	if (openpty(&m, &s, name, t, ws) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(m);
		if (login_tty(s) < 0)
			_exit(1);
		return 0;
	}
	close(s);
	if (pid < 0)
		close(m);
	else
		*master = m;
	return pid;
}
