/*
 * reset: makes a terminal usable again, whatever a program that was killed or
 * a file that was printed have left: its modes as `stty sane` has them, its
 * letters, colours, margins and cursor as when it was switched on.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Other screen, mouse and paste marks off, cursor on; then all of it. */
#define TERMINAL                                                               \
	"\033[?1049l\033[?1000;1002;1003;1006l\033[?2004l\033[?25h\033[?7h"    \
	"\033[r\033(B\017\033[m\033c"

static void make_sane(struct termios *t)
{
	static const struct {
		int which;
		cc_t key;
	} keys[] = {
		{ VINTR, 3 },     { VQUIT, 28 },   { VERASE, 127 },
		{ VKILL, 21 },    { VEOF, 4 },     { VMIN, 1 },
		{ VTIME, 0 },     { VSTART, 17 },  { VSTOP, 19 },
		{ VSUSP, 26 },    { VEOL, 0 },     { VEOL2, 0 },
		{ VREPRINT, 18 }, { VWERASE, 23 }, { VLNEXT, 22 },
	};
	size_t i;

	t->c_iflag &= ~(tcflag_t)(IGNBRK | INLCR | IGNCR | ISTRIP | IXOFF |
				  INPCK | PARMRK | IUCLC);
	t->c_iflag |= BRKINT | ICRNL | IXON | IMAXBEL;
	t->c_oflag &= ~(tcflag_t)(OLCUC | OCRNL | ONOCR | ONLRET | OFILL);
	t->c_oflag |= OPOST | ONLCR;
	t->c_cflag |= CREAD;
	t->c_lflag &= ~(tcflag_t)(ECHONL | NOFLSH | TOSTOP);
	t->c_lflag |= ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL |
		      ECHOKE;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		t->c_cc[keys[i].which] = keys[i].key;
}

int main(int argc, char **argv)
{
	struct termios t;
	int fd = -1, i;

	if (argc > 1) {
		fputs("usage: reset\n",
		      strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") != 0;
	}
	for (i = 2; i >= 0 && fd < 0; i--)
		if (isatty(i))
			fd = i;
	if (fd < 0)
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0 || tcgetattr(fd, &t) < 0)
		err(1, "there is no terminal");
	make_sane(&t);
	if (tcsetattr(fd, TCSADRAIN, &t) < 0)
		err(1, "the terminal");
	if (write(fd, TERMINAL, sizeof(TERMINAL) - 1) < 0)
		err(1, "the terminal");
	return 0;
}
