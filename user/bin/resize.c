/*
 * resize: asks the terminal how large it is, and tells the kernel.
 *
 * A serial line carries no size, so a terminal is asked with characters: the
 * cursor goes to a corner that is too far away, and the terminal says where it
 * got to. Not every terminal answers, so the time is limited; and what somebody
 * types meanwhile is no answer, so it is typed once more afterwards.
 *
 * Prints commands for a shell, as the program of this name elsewhere does.
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "plain.h"

/* Keep the cursor's place, no margins, far corner, where is it? And back. */
#define QUESTION "\0337\033[r\033[999;999H\033[6n\0338"
#define PATIENCE 1000 /* ms */

static char typed[4096]; /* what was no answer */
static size_t n_typed;

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/*
 * Takes the answer "ESC [ rows ; columns R" out of what was typed, if it is
 * there. 1 and *ws filled in, or 0.
 */
static int find_answer(struct winsize *ws)
{
	for (size_t i = 0; i + 1 < n_typed; i++) {
		unsigned long value[2] = { 0, 0 };
		size_t at = i + 2;
		int which = 0;

		if (typed[i] != '\033' || typed[i + 1] != '[')
			continue;
		for (; at < n_typed; at++) {
			if (isdigit((unsigned char)typed[at]))
				value[which] = value[which] * 10 +
					       (unsigned long)(typed[at] - '0');
			else if (typed[at] == ';' && which == 0)
				which = 1;
			else
				break;
			if (value[which] > 9999)
				break;
		}
		/* In the first line it would be a key: shift and F3. */
		if (at >= n_typed || typed[at] != 'R' || value[0] < 2 ||
		    !value[1])
			continue;
		ws->ws_row = (unsigned short)value[0];
		ws->ws_col = (unsigned short)value[1];
		memmove(typed + i, typed + at + 1, n_typed - at - 1);
		n_typed -= at + 1 - i;
		return 1;
	}
	return 0;
}

static int ask(int fd, struct winsize *ws)
{
	long until = now_ms() + PATIENCE, left;

	if (write(fd, QUESTION, sizeof(QUESTION) - 1) < 0)
		err(1, "terminal");
	while ((left = until - now_ms()) > 0 && n_typed < sizeof(typed)) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = read(fd, typed + n_typed, sizeof(typed) - n_typed);
		if (n <= 0)
			break;
		n_typed += (size_t)n;
		if (find_answer(ws))
			return 1;
	}
	return 0;
}

static const char usage_text[] = "usage: resize [-q]\n";

int main(int argc, char **argv)
{
	struct termios was, raw;
	struct winsize ws = { 0 };
	int quiet = 0, answered, c, fd;

	plain_help(argc, argv, usage_text);
	while ((c = getopt(argc, argv, "q")) != -1) {
		if (c != 'q')
			goto usage;
		quiet = 1;
	}
	if (optind != argc)
		goto usage;
	fd = open("/dev/tty", O_RDWR);
	if (fd < 0 || tcgetattr(fd, &was) < 0)
		err(1, "/dev/tty");
	ioctl(fd, TIOCGWINSZ, &ws);
	raw = was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP | PARMRK);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		err(1, "/dev/tty");
	answered = ask(fd, &ws);
	tcsetattr(fd, TCSADRAIN, &was);
	for (size_t i = 0; i < n_typed; i++)
		if (ioctl(fd, TIOCSTI, &typed[i]) < 0)
			err(1, "what was typed meanwhile is lost");
	if (!answered) {
		if (!quiet)
			warnx("the terminal does not answer");
		return 1;
	}
	if (ioctl(fd, TIOCSWINSZ, &ws) < 0)
		err(1, "/dev/tty");
	if (!quiet)
		printf("COLUMNS=%d;\nLINES=%d;\nexport COLUMNS LINES;\n",
		       ws.ws_col, ws.ws_row);
	return 0;
usage:
	fputs(usage_text, stderr);
	return 2;
}
