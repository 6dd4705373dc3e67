/*
 * See keys.h.
 *
 * Signals are blocked but while a key is waited for. So nothing that they
 * bring about, the saving of a half-changed text above all, comes in between.
 */
#define _GNU_SOURCE
#include "user/bin/edit/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/bin/utf8.h"

const char *key_text;
unsigned int key_text_len;
int key_signal;

static volatile sig_atomic_t caught, window;
static sigset_t outside; /* the mask while a key is waited for */

static char buf[4096];
static unsigned int from, to; /* what is read and not yet used */
static char text[4096];
static int pasting;

static void on_death(int sig)
{
	caught = sig;
}

static void on_window(int sig)
{
	window = 1;
}

void key_begin(void)
{
	static const int deaths[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sigaction sa = { .sa_handler = on_death };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(deaths) / sizeof(*deaths); i++) {
		sigaddset(&set, deaths[i]);
		sigaction(deaths[i], &sa, NULL);
	}
	sa.sa_handler = on_window;
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	sigaction(SIGWINCH, &sa, NULL);
	sigaction(SIGCONT, &sa, NULL);
	sigprocmask(SIG_BLOCK, &set, &outside);
	for (i = 0; i < sizeof(deaths) / sizeof(*deaths); i++)
		sigdelset(&outside, deaths[i]);
	sigdelset(&outside, SIGWINCH);
	sigdelset(&outside, SIGCONT);
	/* Stopped by a key we would leave the terminal as it is now. */
	signal(SIGTSTP, SIG_IGN);
}

/* A byte; -1 when none came in time (ms < 0: no limit), or a signal did. */
static int next_byte(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };
	struct pollfd p = { .fd = 0, .events = POLLIN };
	ssize_t n;

	if (from < to)
		return (unsigned char)buf[from++];
	if (ppoll(&p, 1, ms < 0 ? NULL : &ts, &outside) <= 0)
		return -1;
	n = read(0, buf, sizeof(buf));
	if (n <= 0) {
		/* The terminal is gone. */
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			caught = SIGHUP;
		return -1;
	}
	from = 0;
	to = (unsigned int)n;
	return (unsigned char)buf[from++];
}

int key_waits(void)
{
	struct pollfd p = { .fd = 0, .events = POLLIN };

	return from < to || poll(&p, 1, 0) > 0;
}

/* What stands between the marks of a paste, a piece at a time. */
static int get_paste(void)
{
	static const char stop[] = "\033[201~";
	unsigned int n = 0, same = 0;
	int c = 0;

	/* A piece does not end within what may become the mark. */
	while (n < sizeof(text) - sizeof(stop) || same) {
		c = next_byte(!n ? -1 : same ? 1000 : 20);
		if (c < 0)
			break;
		text[n++] = (char)(c == '\r' ? '\n' : c);
		same = c == stop[same] ? same + 1 : c == stop[0];
		if (same == sizeof(stop) - 1) {
			n -= same;
			pasting = 0;
			break;
		}
	}
	key_text = text;
	key_text_len = n;
	return n ? KEY_TEXT : KEY_UNKNOWN;
}

/* ESC [ numbers letter. */
static int get_sequence(void)
{
	int c, number[2] = { 0, 0 }, i = 0, ctrl;

	while ((c = next_byte(50)) >= 0 && (c == ';' || (c >= '0' && c <= '9')))
		if (c == ';')
			i = 1;
		else if (number[i] < 1000)
			number[i] = number[i] * 10 + c - '0';
	/* 5: with ctrl; 3: with alt. */
	ctrl = number[1] == 5 || number[1] == 3;
	switch (c) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return ctrl ? KEY_WORD_RIGHT : KEY_RIGHT;
	case 'D':
		return ctrl ? KEY_WORD_LEFT : KEY_LEFT;
	case 'H':
		return ctrl ? KEY_TOP : KEY_HOME;
	case 'F':
		return ctrl ? KEY_BOTTOM : KEY_END;
	case 'P':
		return KEY_HELP;
	case 'R':
		/* With numbers it says where the cursor is. */
		return number[0] ? KEY_UNKNOWN : KEY_NEXT;
	case '[': /* a console's F1 to F5 */
		c = next_byte(50);
		return c == 'A' ? KEY_HELP : c == 'C' ? KEY_NEXT : KEY_UNKNOWN;
	case '~':
		break;
	default:
		return KEY_UNKNOWN;
	}
	switch (number[0]) {
	case 1:
	case 7:
		return ctrl ? KEY_TOP : KEY_HOME;
	case 3:
		return KEY_DELETE;
	case 4:
	case 8:
		return ctrl ? KEY_BOTTOM : KEY_END;
	case 5:
		return KEY_PAGE_UP;
	case 6:
		return KEY_PAGE_DOWN;
	case 11:
		return KEY_HELP;
	case 13:
		return KEY_NEXT;
	case 200:
		pasting = 1;
		return get_paste();
	}
	return KEY_UNKNOWN;
}

static int get_escape(void)
{
	int c = next_byte(50);

	switch (c) {
	case 27:
		from--; /* the beginning of another key */
			/* fallthrough */
	case -1:
		return KEY_ESCAPE;
	case '[':
	case 'O':
		return get_sequence();
	case 'b':
		return KEY_WORD_LEFT;
	case 'f':
		return KEY_WORD_RIGHT;
	case '<':
		return KEY_TOP;
	case '>':
		return KEY_BOTTOM;
	}
	return KEY_UNKNOWN;
}

int key_get(void)
{
	size_t want;
	int c = -1;

	for (;;) {
		if (!caught && !window) {
			if (pasting)
				return get_paste();
			c = next_byte(-1);
		}
		if (caught) {
			key_signal = caught;
			return KEY_DEATH;
		}
		if (c >= 0)
			break;
		if (window) {
			window = 0;
			return KEY_WINDOW;
		}
	}
	if (c == 27)
		return get_escape();
	if (c < 32 || c == 127)
		return c ? c : KEY_UNKNOWN;
	/* All bytes of a character at once. */
	text[0] = (char)c;
	key_text_len = 1;
	for (want = utf8_expect(c); key_text_len < want; key_text_len++) {
		c = next_byte(50);
		if (c < 0)
			break;
		if ((c & 0xc0) != 0x80) {
			from--;
			break;
		}
		text[key_text_len] = (char)c;
	}
	key_text = text;
	return KEY_TEXT;
}
