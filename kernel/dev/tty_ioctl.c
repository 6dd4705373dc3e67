/*
 * What ioctl asks of a terminal: settings, size, sessions, flow. The other end
 * of a pty (pty.c) asks for some of it too: tty_common_ioctl.
 */
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/usercopy.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/time.h"

/* ---- settings ---- */

/* Bits a second by the code in c_cflag; those behind the first 16 have
 * CBAUDEX in their code, of which the first means "see c_ospeed". */
static const uint32_t speeds[] = {
	0,       50,      75,      110,     134,     150,     200,     300,
	600,     1200,    1800,    2400,    4800,    9600,    19200,   38400,
	0,       57600,   115200,  230400,  460800,  500000,  576000,  921600,
	1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

static uint32_t speed_of(tcflag_t code, uint32_t other)
{
	code &= CBAUD;
	if (code == BOTHER)
		return other;
	return speeds[code & CBAUDEX ? 16 + (code & 15) : code];
}

/* The speeds that t2 asks for, as numbers. An input speed of 0 is that of the
 * output. */
static void speeds_fill(struct termios2 *t2)
{
	tcflag_t in = t2->c_cflag >> IBSHIFT & CBAUD;

	t2->c_ospeed = speed_of(t2->c_cflag, t2->c_ospeed);
	t2->c_ispeed = in ? speed_of(in, t2->c_ispeed) : t2->c_ospeed;
}

static int tty_get_termios(struct tty *t, uint64_t arg, size_t size)
{
	struct termios2 t2 = { 0 };

	spin_lock(&t->lock);
	memcpy(&t2, &t->ld.tio, sizeof(struct termios));
	t2.c_ispeed = t->ld.ispeed;
	t2.c_ospeed = t->ld.ospeed;
	spin_unlock(&t->lock);
	return copy_to_user(arg, &t2, size);
}

/* Waits until the line has all that was written; 0 or -EINTR. */
static int tty_drain(struct tty *t)
{
	int err = 0;

	spin_lock(&t->lock);
	while (!err && t->ops->queued(t)) {
		/* Wake-ups come when the ring is half empty, so look again
		 * after a while. */
		err = wait_sleep(&t->writers, &t->lock, WAIT_INTERRUPTIBLE,
				 time_now() + 10 * NSEC_PER_MSEC);
		if (err == -ETIMEDOUT)
			err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

static void packet_flow(struct tty *t, const struct termios *was)
{
	bool old = was->c_iflag & IXON, now = t->ld.tio.c_iflag & IXON;

	if (old != now && t->ops->event)
		t->ops->event(t, now ? TIOCPKT_DOSTOP : TIOCPKT_NOSTOP);
}

/* wait: what was written goes out first. flush: what was typed is dropped. */
static int tty_set_termios(struct tty *t, uint64_t arg, size_t size, bool wait,
			   bool flush)
{
	const tcflag_t soft = HUPCL | CREAD | CLOCAL;
	struct termios2 t2 = { 0 };
	struct termios tio, was;
	int err;

	if (copy_from_user(&t2, arg, size))
		return -EFAULT;
	speeds_fill(&t2);
	memcpy(&tio, &t2, sizeof(tio));
	err = wait ? tty_drain(t) : 0;
	if (err)
		return err;
	spin_lock(&t->lock);
	if (flush)
		ldisc_flush_input(&t->ld);
	was = t->ld.tio;
	if (t->ops->line) {
		/* The firmware has set these. */
		tio.c_cflag = (tio.c_cflag & soft) | (was.c_cflag & ~soft);
	} else {
		tio.c_cflag = (tio.c_cflag & ~(CSIZE | PARENB)) | CS8 | CREAD;
		t->ld.ispeed = t2.c_ispeed;
		t->ld.ospeed = t2.c_ospeed;
	}
	tty_react(t, ldisc_set_termios(&t->ld, &tio));
	packet_flow(t, &was);
	tty_pace(t);
	spin_unlock(&t->lock);
	return 0;
}

static int tty_set_winsize(struct tty *t, uint64_t arg)
{
	struct winsize ws;
	bool changed;
	int pgrp;

	if (copy_from_user(&ws, arg, sizeof(ws)))
		return -EFAULT;
	spin_lock(&t->lock);
	changed = memcmp(&ws, &t->winsize, sizeof(ws));
	t->winsize = ws;
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	if (changed && pgrp)
		proc_signal_group(pgrp, SIGWINCH);
	return 0;
}

/* ---- flow ---- */

int tty_flush(struct tty *t, uint64_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	spin_lock(&t->lock);
	if (which != TCOFLUSH) {
		ldisc_flush_input(&t->ld);
		if (t->ops->event)
			t->ops->event(t, TIOCPKT_FLUSHREAD);
		tty_pace(t);
	}
	if (which != TCIFLUSH)
		tty_react(t, LDISC_FLUSH);
	spin_unlock(&t->lock);
	return 0;
}

static int tty_flow(struct tty *t, uint64_t which)
{
	unsigned char c;

	spin_lock(&t->lock);
	switch (which) {
	case TCOOFF:
	case TCOON:
		t->ld.stopped = which == TCOOFF;
		tty_react(t, which == TCOOFF ? LDISC_STOP : LDISC_START);
		break;
	case TCIOFF:
	case TCION:
		c = t->ld.tio.c_cc[which == TCIOFF ? VSTOP : VSTART];
		if (c)
			t->ops->echo(t, &c, 1);
		break;
	default:
		spin_unlock(&t->lock);
		return -EINVAL;
	}
	spin_unlock(&t->lock);
	return 0;
}

/* Did the caller's user begin the session that the caller is in? */
static bool session_is_mine(void)
{
	const struct proc *me = current_proc(), *leader;
	bool mine;

	spin_lock(&proc_tree.lock);
	leader = proc_find_locked(me->sid);
	mine = leader && leader->cred.uid == me->cred.uid;
	spin_unlock(&proc_tree.lock);
	return mine;
}

/*
 * As if it had been typed. By the session's own user alone: whoever root has
 * become with su would type for root's shell.
 */
static int tty_type(struct tty *t, uint64_t arg)
{
	unsigned char c;
	int err = 0;

	if (host_cred()->euid && (!tty_is_mine(t) || !session_is_mine()))
		return -EPERM;
	if (copy_from_user(&c, arg, 1))
		return -EFAULT;
	spin_lock(&t->lock);
	if (tty_accepts(t, false))
		tty_input_locked(t, &c, 1);
	else
		err = -EAGAIN;
	spin_unlock(&t->lock);
	tty_act(t);
	return err;
}

int tty_put_int(uint64_t arg, int value)
{
	int32_t v = value;

	return copy_to_user(arg, &v, sizeof(v));
}

/* ---- the calls ---- */

/* What a program in the background may not do to the others' terminal. */
static bool changes_terminal(unsigned cmd)
{
	switch (cmd) {
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
	case TCFLSH:
	case TCXONC:
	case TCSBRK:
	case TCSBRKP:
	case TIOCSPGRP:
		return true;
	default:
		return false;
	}
}

long tty_common_ioctl(struct tty *t, unsigned cmd, uint64_t arg)
{
	struct winsize ws;

	switch (cmd) {
	case TCGETS:
		return tty_get_termios(t, arg, sizeof(struct termios));
	case TCGETS2:
		return tty_get_termios(t, arg, sizeof(struct termios2));
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return tty_set_termios(t, arg, sizeof(struct termios),
				       cmd != TCSETS, cmd == TCSETSF);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		return tty_set_termios(t, arg, sizeof(struct termios2),
				       cmd != TCSETS2, cmd == TCSETSF2);
	case TIOCGWINSZ:
		spin_lock(&t->lock);
		ws = t->winsize;
		spin_unlock(&t->lock);
		return copy_to_user(arg, &ws, sizeof(ws));
	case TIOCSWINSZ:
		return tty_set_winsize(t, arg);
	case TIOCSPGRP:
		return tty_set_pgrp(t, arg);
	case TIOCGETD: /* there is one line discipline, number 0 */
		return tty_put_int(arg, 0);
	default:
		return -ENOTTY;
	}
}

/* tty_is_mine is wanted, and the caller's session has it. */
static long tty_ask_session(struct tty *t, unsigned cmd, uint64_t arg)
{
	if (!tty_is_mine(t))
		return -ENOTTY;
	return tty_put_int(
		arg, READ_ONCE(*(cmd == TIOCGSID ? &t->session : &t->pgrp)));
}

long tty_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct tty *t = f->priv;
	unsigned n;
	int err;

	if (tty_file_is_dead(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	if (changes_terminal(cmd)) {
		err = tty_job_control(t, SIGTTOU);
		if (err)
			return cmd == TIOCSPGRP && err == -EIO ? -ENOTTY : err;
	}
	switch (cmd) {
	case TIOCGPGRP:
	case TIOCGSID:
		return tty_ask_session(t, cmd, arg);
	case TIOCSCTTY:
		if (!f->readable && host_cred()->euid)
			return -EPERM;
		return tty_acquire(t, arg == 1 && host_cred()->euid == 0);
	case TIOCNOTTY:
		return tty_give_up(t);
	case TIOCVHANGUP:
		if (host_cred()->euid)
			return -EPERM;
		tty_hangup(t, true);
		return 0;
	case TIOCSTI:
		return tty_type(t, arg);
	case FIONREAD:
		spin_lock(&t->lock);
		n = ldisc_count(&t->ld);
		spin_unlock(&t->lock);
		return tty_put_int(arg, (int)n);
	case TIOCOUTQ:
		spin_lock(&t->lock);
		n = t->ops->queued(t);
		spin_unlock(&t->lock);
		return tty_put_int(arg, (int)n);
	case TCFLSH:
		return tty_flush(t, arg);
	case TCXONC:
		return tty_flow(t, arg);
	case TIOCEXCL:
	case TIOCNXCL:
		spin_lock(&t->lock);
		t->exclusive = cmd == TIOCEXCL;
		spin_unlock(&t->lock);
		return 0;
	case TIOCGEXCL:
		return tty_put_int(arg, READ_ONCE(t->exclusive));
	case TCSBRK: /* a break is not sent: few lines here know one */
	case TCSBRKP:
		return tty_drain(t);
	default:
		return tty_common_ioctl(t, cmd, arg);
	}
}
