/*
 * See term.h. Modes are changed without waiting and without dropping what was
 * typed ahead: it belongs to whoever reads next.
 */
#include "user/bin/sh/term.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios own, ours;
static bool have;    /* own is what the user wants */
static bool editing; /* the terminal has our modes now */

const struct termios *term_own(void)
{
	return &own;
}

/* As a terminal is when it is switched on. */
static void make_sane(struct termios *t)
{
	t->c_iflag |= ICRNL | IXON;
	t->c_iflag &= ~(tcflag_t)(INLCR | IGNCR | ISTRIP);
	t->c_oflag |= OPOST | ONLCR;
	t->c_lflag |= ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN;
	t->c_lflag &= ~(tcflag_t)(ECHONL | NOFLSH);
	/* VMIN and VTIME share their places with these on some systems. */
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

void term_begin(void)
{
	have = tcgetattr(0, &own) == 0;
	if (!have || (own.c_lflag & ICANON))
		return;
	/* Whoever had it before was killed: perhaps a shell, as it edited. */
	make_sane(&own);
	tcsetattr(0, TCSANOW, &own);
}

void term_after_job(bool well)
{
	if (well)
		have = tcgetattr(0, &own) == 0;
	else if (have)
		tcsetattr(0, TCSADRAIN, &own);
}

bool term_edit(void)
{
	struct termios t;

	if (!editing) {
		if (tcgetattr(0, &t) < 0)
			return false;
		own = t;
		have = true;
	}
	t = own;
	t.c_iflag &= ~(tcflag_t)(INLCR | IGNCR | ISTRIP);
	t.c_iflag |= ICRNL;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	t.c_lflag |= ISIG;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	/* The shell does not obey them: then they shall not drop its input. */
	t.c_cc[VQUIT] = t.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (tcsetattr(0, TCSANOW, &t) < 0)
		return false;
	ours = t;
	editing = true;
	return true;
}

void term_literal(bool on)
{
	struct termios t = ours;

	if (!editing)
		return;
	if (on) {
		t.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
		t.c_lflag &= ~(tcflag_t)ISIG;
	}
	tcsetattr(0, TCSANOW, &t);
}

void term_restore(void)
{
	if (editing)
		tcsetattr(0, TCSANOW, &own);
	editing = false;
}
