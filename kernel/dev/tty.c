/*
 * See tty.h. The rules for sessions, foreground groups and VMIN/VTIME are
 * those of POSIX, chapter 11. tty_job_control is the one place where programs
 * of a background group are stopped.
 */
#include "kernel/dev/tty.h"

#include "fs/devfs.h"
#include "fs/poll.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/dev/ldisc.h"
#include "kernel/dev/serial.h"
#include "kernel/lock.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/signal.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "kernel/wait.h"

#define TTY_MAX 8

#define MAJOR_TTYS    4
#define MINOR_TTYS    64
#define MAJOR_TTY     5
#define MINOR_TTY     0
#define MINOR_CONSOLE 1

/* Input below this much room is held back; above that it flows again. */
#define THROTTLE_ROOM   512u
#define UNTHROTTLE_ROOM (LDISC_IN_SIZE / 2)

/* Writers go on when this much fits, so that they do not wake for a byte. */
#define WRITE_ROOM 512u
#define CHUNK      256u

struct tty {
	struct spinlock lock;
	struct ldisc ld;          /* [lock] */
	struct serial_port *port; /* [I] */
	char name[12];            /* [I] */
	unsigned index;           /* [I] */
	struct wait_queue readers;
	struct wait_queue writers;
	int session;               /* [lock] that it controls, 0: none */
	int pgrp;                  /* [lock] foreground group, 0: none */
	struct winsize winsize;    /* [lock] */
	bool throttled;            /* [lock] */
	unsigned todo;             /* [lock] LDISC_* for tty_act */
	unsigned n_echo;           /* [lock] */
	unsigned char echo[CHUNK]; /* [lock] on its way to the port */
};

static struct tty *ttys[TTY_MAX];
static struct tty *console;

/* ---- what the line discipline asks for ---- */

static void echo_out(struct tty *t)
{
	if (t->n_echo)
		serial_echo(t->port, t->echo, t->n_echo);
	t->n_echo = 0;
}

/* The line discipline's way to the screen; t->lock is held. */
static void tty_echo(void *arg, const unsigned char *p, unsigned n)
{
	struct tty *t = arg;

	while (n) {
		unsigned part = MIN(n, (unsigned)sizeof(t->echo) - t->n_echo);

		memcpy(t->echo + t->n_echo, p, part);
		t->n_echo += part;
		p += part;
		n -= part;
		if (t->n_echo == sizeof(t->echo))
			echo_out(t);
	}
}

/* t->lock is held: what can be done under it. */
static void tty_react(struct tty *t, unsigned what)
{
	if (what & LDISC_FLUSH)
		serial_flush(t->port);
	if (what & LDISC_START)
		serial_stop(t->port, false);
	if (what & LDISC_STOP)
		serial_stop(t->port, true);
	echo_out(t);
	if (what & LDISC_WAKE)
		wait_wake_all(&t->readers);
	if (what & (LDISC_FLUSH | LDISC_START))
		wait_wake_all(&t->writers);
	t->todo |= what & (LDISC_INTR | LDISC_QUIT | LDISC_SUSP | LDISC_DUMP);
}

void tty_input(struct tty *t, const unsigned char *p, unsigned n)
{
	spin_lock(&t->lock);
	tty_react(t, ldisc_input(&t->ld, p, n));
	if (!t->throttled && ldisc_room(&t->ld) < THROTTLE_ROOM) {
		t->throttled = true;
		serial_throttle(t->port, true);
	}
	spin_unlock(&t->lock);
}

void tty_output_ready(struct tty *t)
{
	spin_lock(&t->lock);
	wait_wake_all(&t->writers);
	spin_unlock(&t->lock);
}

void tty_act(struct tty *t)
{
	unsigned todo;
	int pgrp;

	if (!READ_ONCE(t->todo))
		return;
	spin_lock(&t->lock);
	todo = t->todo;
	t->todo = 0;
	pgrp = t->pgrp;
	spin_unlock(&t->lock);
	if (pgrp) {
		if (todo & LDISC_INTR)
			proc_signal_group(pgrp, SIGINT);
		if (todo & LDISC_QUIT)
			proc_signal_group(pgrp, SIGQUIT);
		if (todo & LDISC_SUSP)
			proc_signal_group(pgrp, SIGTSTP);
	}
	if (todo & LDISC_DUMP)
		proc_dump();
}

/* Somebody took input: t->lock is held. */
static void tty_unthrottle(struct tty *t)
{
	if (t->throttled && ldisc_room(&t->ld) >= UNTHROTTLE_ROOM) {
		t->throttled = false;
		serial_throttle(t->port, false);
	}
}

/* ---- sessions ---- */

/* The terminal of the caller's session, or NULL. */
static struct tty *tty_mine(void)
{
	struct proc *p = current_proc();

	if (!p)
		return NULL;
	for (unsigned i = 0; i < TTY_MAX; i++) {
		struct tty *t = READ_ONCE(ttys[i]);

		if (t && READ_ONCE(t->session) == p->sid)
			return t;
	}
	return NULL;
}

/* The leader remembers that there is a terminal to be given up at its end. */
static void leader_set_tty(int sid, struct tty *t)
{
	struct proc *p;

	spin_lock(&proc_tree.lock);
	p = proc_find_locked(sid);
	if (p && p->sid == sid)
		p->tty = t;
	spin_unlock(&proc_tree.lock);
}

/* Makes t the terminal of the caller's session; 0 or -EPERM. */
static int tty_acquire(struct tty *t, bool steal)
{
	struct proc *p = current_proc();
	struct tty *mine;
	int err = 0;

	if (!p || p->pid != p->sid)
		return -EPERM;
	mine = tty_mine();
	if (mine)
		return mine == t ? 0 : -EPERM;
	spin_lock(&t->lock);
	if (t->session && !steal) {
		err = -EPERM;
	} else {
		t->session = p->sid;
		t->pgrp = p->pgid;
	}
	spin_unlock(&t->lock);
	if (!err)
		leader_set_tty(p->sid, t);
	return err;
}

/* Takes the terminal from its session; the group that had the foreground. */
static int tty_release_session(struct tty *t, int sid)
{
	int pgrp = 0;

	spin_lock(&t->lock);
	if (t->session == sid) {
		pgrp = t->pgrp;
		t->session = 0;
		t->pgrp = 0;
	}
	spin_unlock(&t->lock);
	return pgrp;
}

void tty_session_end(int sid)
{
	for (unsigned i = 0; i < TTY_MAX; i++) {
		struct tty *t = READ_ONCE(ttys[i]);
		int pgrp;

		if (!t || READ_ONCE(t->session) != sid)
			continue;
		pgrp = tty_release_session(t, sid);
		leader_set_tty(sid, NULL);
		if (pgrp) {
			proc_signal_group(pgrp, SIGHUP);
			proc_signal_group(pgrp, SIGCONT);
		}
	}
}

uint64_t tty_of_session(int sid, int *pgrp)
{
	for (unsigned i = 0; i < TTY_MAX; i++) {
		struct tty *t = READ_ONCE(ttys[i]);

		if (t && sid && READ_ONCE(t->session) == sid) {
			*pgrp = READ_ONCE(t->pgrp);
			return ABI_DEV(MAJOR_TTYS, MINOR_TTYS + t->index);
		}
	}
	*pgrp = -1;
	return 0;
}

/* Is there a group pgid, and is it in session sid? 0, -ESRCH, -EPERM. */
static int tty_check_group(int pgid, int sid)
{
	struct proc *p;
	int err = -ESRCH;

	spin_lock(&proc_tree.lock);
	list_for_each_entry (p, &proc_tree.all, all_link) {
		if (p->pgid == pgid) {
			err = p->sid == sid ? 0 : -EPERM;
			break;
		}
	}
	spin_unlock(&proc_tree.lock);
	return err;
}

/*
 * May the caller do this now? Always at a terminal that is not its own, and in
 * the foreground. A background group is stopped by sig (-EINTR: the call is
 * made again once it goes on), or -EIO where nobody could let it go on.
 */
static int tty_job_control(struct tty *t, int sig)
{
	struct proc *p = current_proc();
	int err, pgrp;

	do {
		pgrp = READ_ONCE(t->pgrp);
		if (!p || !pgrp || READ_ONCE(t->session) != p->sid ||
		    READ_ONCE(p->pgid) == pgrp)
			return 0;
		err = proc_stop_background(sig);
		/* Continued before it stopped: is it still behind? */
	} while (err == -EINTR && !signal_pending(current_thread()));
	return err;
}

/* ---- reading ---- */

static bool canonical(const struct tty *t)
{
	return t->ld.tio.c_lflag & ICANON;
}

/*
 * Sleeps until there may be something to read; t->lock held. got: bytes that
 * this read has so far, want: what it could take at most. *until: deadline
 * that VTIME set, 0 if none yet. 1: take what there is, 0: look again,
 * -EAGAIN: return what there is, -EINTR.
 */
static int tty_wait_input(struct tty *t, bool nonblock, size_t got, size_t want,
			  uint64_t *until)
{
	const cc_t *cc = t->ld.tio.c_cc;
	uint64_t tenths = cc[VTIME] * (NSEC_PER_SEC / 10);
	uint64_t deadline = WAIT_FOREVER;
	unsigned have = ldisc_readable(&t->ld);
	size_t least;
	int err;

	if (canonical(t)) {
		if (have)
			return 1;
		if (got) /* another reader took the rest of the line */
			return -EAGAIN;
	} else if (cc[VMIN] == 0) {
		if (have || !tenths)
			return have ? 1 : -EAGAIN;
		if (!*until)
			*until = time_now() + tenths;
		deadline = *until;
	} else {
		least = MIN((size_t)cc[VMIN], want);
		if (have && (got + have >= least || have >= 1024))
			return 1;
		if (have && nonblock)
			return 1;
		/* The clock between bytes starts with the first one. */
		if (tenths && got + have) {
			if (!*until)
				*until = time_now() + tenths;
			deadline = *until;
		}
	}
	if (nonblock)
		return -EAGAIN;
	if (deadline != WAIT_FOREVER && time_now() >= deadline)
		return have ? 1 : -EAGAIN;
	err = wait_sleep(&t->readers, &t->lock, WAIT_INTERRUPTIBLE, deadline);
	if (ldisc_readable(&t->ld) != have && tenths && cc[VMIN])
		*until = 0; /* a byte came: the clock starts anew */
	if (err == -EINTR && !ldisc_readable(&t->ld))
		return -EINTR;
	return 0;
}

static ssize_t tty_read(struct file *f, struct uio *u, off_t pos)
{
	struct tty *t = f->priv;
	unsigned char buf[CHUNK];
	bool nonblock = f->flags & O_NONBLOCK;
	size_t got = 0;
	uint64_t until = 0;
	bool done = false;
	int err;

	if (!u->resid)
		return 0;
	/* What cannot be delivered is not taken. */
	err = uio_fault_in(u, MIN(u->resid, (size_t)CHUNK), true);
	if (err)
		return err;
	err = tty_job_control(t, SIGTTIN);
	if (err)
		return err;
	while (!done && u->resid) {
		unsigned n, least;
		int ready;

		spin_lock(&t->lock);
		do {
			/* A line that has begun is there up to its end. */
			ready = tty_wait_input(t, nonblock, got, got + u->resid,
					       &until);
		} while (!ready);
		if (ready < 0) {
			spin_unlock(&t->lock);
			if (got || (ready == -EAGAIN && !nonblock))
				break;
			if (ready == -EAGAIN && !canonical(t) &&
			    !t->ld.tio.c_cc[VMIN])
				break; /* VMIN 0: nothing is an answer */
			return ready;
		}
		n = ldisc_read(&t->ld, buf,
			       (unsigned)MIN(u->resid, sizeof(buf)), &done);
		least = t->ld.tio.c_cc[VMIN];
		if (!canonical(t) && got + n >= least &&
		    !ldisc_readable(&t->ld))
			done = true;
		if (!canonical(t) && until && !ldisc_readable(&t->ld) &&
		    time_now() >= until)
			done = true;
		tty_unthrottle(t);
		/* Another reader may take the next line; all, for a poll()
		 * that is first on the queue would keep the wake-up. */
		if (ldisc_readable(&t->ld))
			wait_wake_all(&t->readers);
		spin_unlock(&t->lock);
		if (n && uio_copy_to(u, buf, n) != n)
			return got ? (ssize_t)got : -EFAULT;
		got += n;
	}
	return (ssize_t)got;
}

/* ---- writing ---- */

static ssize_t tty_write(struct file *f, struct uio *u, off_t *pos)
{
	struct tty *t = f->priv;
	unsigned char in[CHUNK], out[2 * CHUNK];
	bool nonblock = f->flags & O_NONBLOCK;
	size_t written = 0;
	int err;

	if (READ_ONCE(t->ld.tio.c_lflag) & TOSTOP) {
		err = tty_job_control(t, SIGTTOU);
		if (err)
			return err;
	}
	while (u->resid) {
		size_t n = MIN(u->resid, sizeof(in)), at = 0;

		n = uio_copy_from(u, in, n);
		if (!n)
			return written ? (ssize_t)written : -EFAULT;
		while (at < n) {
			unsigned made, room;

			spin_lock(&t->lock);
			room = serial_room(t->port);
			/* A whole chunk goes out at once, so that lines of two
			 * programs mix as little as may be. */
			if (room < WRITE_ROOM) {
				err = nonblock ? -EAGAIN
					       : wait_sleep(&t->writers,
							    &t->lock,
							    WAIT_INTERRUPTIBLE,
							    WAIT_FOREVER);
				spin_unlock(&t->lock);
				if (err)
					return written ? (ssize_t)written : err;
				continue;
			}
			at += ldisc_output(
				&t->ld, in + at, (unsigned)(n - at), out,
				MIN(room, (unsigned)sizeof(out)), &made);
			serial_write(t->port, out, made);
			spin_unlock(&t->lock);
		}
		written += n;
		if (u->resid)
			resched_point();
	}
	return (ssize_t)written;
}

/* Waits until the chip has all that was written; 0 or -EINTR. */
static int tty_drain(struct tty *t)
{
	int err = 0;

	spin_lock(&t->lock);
	while (!err && serial_queued(t->port)) {
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

static unsigned tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = f->priv;
	unsigned mask = 0;

	poll_wait(pt, &t->readers);
	poll_wait(pt, &t->writers);
	spin_lock(&t->lock);
	if (ldisc_readable(&t->ld))
		mask |= POLLIN | POLLRDNORM;
	if (serial_room(t->port) >= WRITE_ROOM)
		mask |= POLLOUT | POLLWRNORM;
	spin_unlock(&t->lock);
	return mask;
}

/* ---- ioctl ---- */

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

/* wait: what was written goes out first. flush: what was typed is dropped. */
static int tty_set_termios(struct tty *t, uint64_t arg, size_t size, bool wait,
			   bool flush)
{
	struct termios2 t2;
	struct termios tio;
	int err;

	if (copy_from_user(&t2, arg, size))
		return -EFAULT;
	memcpy(&tio, &t2, sizeof(tio));
	err = wait ? tty_drain(t) : 0;
	if (err)
		return err;
	spin_lock(&t->lock);
	if (flush)
		ldisc_flush_input(&t->ld);
	if (size == sizeof(t2)) {
		t->ld.ispeed = t2.c_ispeed;
		t->ld.ospeed = t2.c_ospeed;
	}
	tty_react(t, ldisc_set_termios(&t->ld, &tio));
	tty_unthrottle(t);
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

static int tty_set_pgrp(struct tty *t, uint64_t arg)
{
	int32_t pgid;
	int err, sid = current_proc()->sid;

	if (tty_mine() != t)
		return -ENOTTY;
	if (copy_from_user(&pgid, arg, sizeof(pgid)))
		return -EFAULT;
	if (pgid <= 0)
		return -EINVAL;
	err = tty_check_group(pgid, sid);
	if (err)
		return err;
	spin_lock(&t->lock);
	if (t->session == sid)
		t->pgrp = pgid;
	else
		err = -ENOTTY;
	spin_unlock(&t->lock);
	return err;
}

static int tty_flush(struct tty *t, uint64_t which)
{
	if (which > TCIOFLUSH)
		return -EINVAL;
	spin_lock(&t->lock);
	if (which != TCOFLUSH) {
		ldisc_flush_input(&t->ld);
		tty_unthrottle(t);
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
		serial_echo(t->port, &c, 1);
		break;
	default:
		spin_unlock(&t->lock);
		return -EINVAL;
	}
	spin_unlock(&t->lock);
	return 0;
}

static int tty_no_ctty(struct tty *t)
{
	struct proc *p = current_proc();

	if (tty_mine() != t)
		return -ENOTTY;
	/* A session keeps its terminal until the leader gives it up. */
	if (p->pid == p->sid)
		tty_session_end(p->sid);
	return 0;
}

static int put_int(uint64_t arg, unsigned value)
{
	int32_t v = (int32_t)value;

	return copy_to_user(arg, &v, sizeof(v));
}

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

static long tty_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct tty *t = f->priv;
	struct winsize ws;
	unsigned n;
	int err, id;

	if (changes_terminal(cmd)) {
		err = tty_job_control(t, SIGTTOU);
		if (err)
			return err;
	}
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
	case TIOCGPGRP:
		if (tty_mine() != t)
			return -ENOTTY;
		id = READ_ONCE(t->pgrp);
		return put_int(arg, (unsigned)id);
	case TIOCSPGRP:
		return tty_set_pgrp(t, arg);
	case TIOCGSID:
		if (tty_mine() != t)
			return -ENOTTY;
		id = READ_ONCE(t->session);
		return put_int(arg, (unsigned)id);
	case TIOCSCTTY:
		return tty_acquire(t, arg == 1 && host_cred()->euid == 0);
	case TIOCNOTTY:
		return tty_no_ctty(t);
	case FIONREAD:
		spin_lock(&t->lock);
		n = ldisc_count(&t->ld);
		spin_unlock(&t->lock);
		return put_int(arg, n);
	case TIOCOUTQ:
		return put_int(arg, serial_queued(t->port));
	case TCFLSH:
		return tty_flush(t, arg);
	case TCXONC:
		return tty_flow(t, arg);
	case TCSBRK: /* a break is not sent: few lines here know one */
	case TCSBRKP:
		return tty_drain(t);
	default:
		return -ENOTTY;
	}
}

/* ---- files ---- */

static int tty_open(struct inode *ip, struct file *f)
{
	unsigned major = ABI_DEV_MAJOR(ip->rdev);
	unsigned minor = ABI_DEV_MINOR(ip->rdev);
	struct tty *t = NULL;

	if (major == MAJOR_TTY && minor == MINOR_TTY) {
		t = tty_mine();
		if (!t)
			return -ENXIO;
	} else if (major == MAJOR_TTY && minor == MINOR_CONSOLE) {
		t = console;
	} else if (major == MAJOR_TTYS && minor >= MINOR_TTYS &&
		   minor < MINOR_TTYS + TTY_MAX) {
		t = ttys[minor - MINOR_TTYS];
		/* A leader without a terminal gets this one; not so for the
		 * console, which daemons open for messages. */
		if (t && !(f->flags & O_NOCTTY) && f->readable)
			tty_acquire(t, false);
	}
	if (!t)
		return -ENXIO;
	f->priv = t;
	return 0;
}

static const struct file_ops tty_file_ops = {
	.open = tty_open,
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.stream = true,
};

int tty_add(struct serial_port *port, struct tty **out)
{
	struct tty *t;
	unsigned i = 0;

	while (i < TTY_MAX && ttys[i])
		i++;
	if (i == TTY_MAX)
		return -ENOMEM;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	ldisc_init(&t->ld);
	t->ld.in = kmalloc(LDISC_IN_SIZE, GFP_KERNEL);
	if (!t->ld.in) {
		kfree(t);
		return -ENOMEM;
	}
	t->ld.echo = tty_echo;
	t->ld.echo_arg = t;
	t->port = port;
	t->index = i;
	snprintf(t->name, sizeof(t->name), "ttyS%u", i);
	spin_init(&t->lock, "tty", RANK_TTY);
	wait_queue_init(&t->readers);
	wait_queue_init(&t->writers);
	ttys[i] = t;
	*out = t;
	return 0;
}

struct serial_port *tty_find_port(int node)
{
	for (unsigned i = 0; i < TTY_MAX; i++)
		if (ttys[i] && ttys[i]->port->node == node)
			return ttys[i]->port;
	return NULL;
}

void tty_set_console(struct tty *t)
{
	console = t;
	pr_info("console: %s (%s)\n", t->name, t->port->kind);
}

static void tty_register(unsigned major, unsigned minor, const char *name)
{
	int err = chrdev_register(major, minor, name, &tty_file_ops, NULL);

	if (err)
		pr_err("/dev/%s: error %d\n", name, -err);
}

void tty_init(void)
{
	tty_register(MAJOR_TTY, MINOR_TTY, "tty");
	tty_register(MAJOR_TTY, MINOR_CONSOLE, "console");
	for (unsigned i = 0; i < TTY_MAX; i++)
		if (ttys[i])
			tty_register(MAJOR_TTYS, MINOR_TTYS + i, ttys[i]->name);
}
