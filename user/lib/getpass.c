/*
 * A password, typed where it is not shown.  Only /dev/tty will do: what is
 * piped into a program is no typing.  Keys that send signals send none here,
 * so that nothing ends with the terminal left silent; ^C is sent on when the
 * terminal is as it was, and who ignores it has no password.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Longer lines are cut, as they are everywhere else. */
#define PASS_MAX 127

char *getpass(const char *prompt)
{
	static char buf[PASS_MAX + 1];
	struct termios old, silent;
	size_t n = 0;
	ssize_t got;
	char c;
	int stop = 0;
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (tcgetattr(fd, &old) < 0) {
		close(fd);
		return NULL;
	}
	silent = old;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
	silent.c_lflag |= ICANON;
	silent.c_iflag |= ICRNL;
	silent.c_cc[VEOL] = old.c_cc[VINTR];
	/* What was typed before the question was no answer to it. */
	tcsetattr(fd, TCSAFLUSH, &silent);
	(void)!write(fd, prompt, strlen(prompt));
	while ((got = read(fd, &c, 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || c == '\n')
			break;
		stop = c == old.c_cc[VINTR] && c != _POSIX_VDISABLE;
		if (stop)
			break;
		if (n < PASS_MAX)
			buf[n++] = c;
	}
	(void)!write(fd, "\n", 1);
	tcsetattr(fd, TCSADRAIN, &old);
	close(fd);
	if (stop)
		kill(0, SIGINT);
	if (stop || (got <= 0 && !n)) {
		errno = stop ? EINTR : got ? errno : 0;
		return NULL;
	}
	buf[n] = 0;
	return buf;
}
