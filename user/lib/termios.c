/* Terminals.  The kernel's struct termios is the program's. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "user/lib/syscall.h"

int tcgetattr(int fd, struct termios *t)
{
	return (int)CALL(ioctl, fd, TCGETS, t);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	if (when < TCSANOW || when > TCSAFLUSH)
		return (int)__syscall_fail(-EINVAL);
	return (int)CALL(ioctl, fd, TCSETS + when, t);
}

int isatty(int fd)
{
	struct winsize ws;

	return CALL(ioctl, fd, TIOCGWINSZ, &ws) == 0;
}

pid_t tcgetpgrp(int fd)
{
	pid_t pgid;

	return CALL(ioctl, fd, TIOCGPGRP, &pgid) < 0 ? -1 : pgid;
}

int tcsetpgrp(int fd, pid_t pgid)
{
	return (int)CALL(ioctl, fd, TIOCSPGRP, &pgid);
}

int vhangup(void)
{
	return (int)CALL(vhangup);
}

pid_t tcgetsid(int fd)
{
	pid_t sid;

	return CALL(ioctl, fd, TIOCGSID, &sid) < 0 ? -1 : sid;
}

int tcdrain(int fd)
{
	return (int)CALL(ioctl, fd, TCSBRK, 1);
}

int tcflow(int fd, int action)
{
	return (int)CALL(ioctl, fd, TCXONC, action);
}

int tcflush(int fd, int queue)
{
	return (int)CALL(ioctl, fd, TCFLSH, queue);
}

int tcsendbreak(int fd, int duration)
{
	return (int)CALL(ioctl, fd, TCSBRK, 0);
}

void cfmakeraw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
				  IGNCR | ICRNL | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	t->c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	t->c_cflag |= CS8;
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

speed_t cfgetospeed(const struct termios *t)
{
	return t->c_cflag & CBAUD;
}

speed_t cfgetispeed(const struct termios *t)
{
	return cfgetospeed(t);
}

int cfsetospeed(struct termios *t, speed_t speed)
{
	if (speed & ~(speed_t)CBAUD)
		return (int)__syscall_fail(-EINVAL);
	t->c_cflag = (t->c_cflag & ~(tcflag_t)CBAUD) | speed;
	return 0;
}

int cfsetispeed(struct termios *t, speed_t speed)
{
	return speed ? cfsetospeed(t, speed) : 0;
}

int ttyname_r(int fd, char *buf, size_t size)
{
	char link[32];
	ssize_t n;

	if (!isatty(fd))
		return errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, size);
	if (n < 0)
		return errno;
	if ((size_t)n >= size)
		return ERANGE;
	buf[n] = 0;
	return 0;
}

char *ttyname(int fd)
{
	static char buf[TTY_NAME_MAX];
	int err = ttyname_r(fd, buf, sizeof(buf));

	if (err) {
		errno = err;
		return NULL;
	}
	return buf;
}
