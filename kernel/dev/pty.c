/*
 * See pty.h. The slave is a terminal like every other (tty.h) with a driver
 * whose line is a ring: output goes into it, and the file of the master takes
 * it out; what is written to that file is input. An open of /dev/ptmx makes
 * the pair; the slave's node in /dev/pts goes when the master is closed, the
 * pair when the last file of both is.
 *
 * tty.lock of the slave guards both ends. When the master is closed the slave
 * hangs up; when the slave is closed reads of the master give -EIO once the
 * ring is empty, until somebody opens the slave again.
 *
 * A master that is written to without O_NONBLOCK is not held back for echo
 * that finds no room, because the same thread might be the reader: then the
 * echo is lost, as on Linux. With O_NONBLOCK none is.
 */
#include "kernel/dev/pty.h"

#include "fs/devfs.h"
#include "fs/devpts.h"
#include "fs/fdtable.h"
#include "fs/namei.h"
#include "fs/poll.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/usercopy.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/string.h"

#define MAJOR_PTS 136

#define PTY_OUT_SIZE  16384u /* a power of two */
#define PTY_ECHO_ROOM 2048u  /* kept free by programs */
#define MASK          (PTY_OUT_SIZE - 1)
#define PTY_IN_MAX    (128u * 1024)
/* As many as there may be: all of them full take a quarter of the memory. */
#define PTY_MAX   4096u
#define PTY_PAGES ((PTY_IN_MAX + PTY_OUT_SIZE) * 4 / PAGE_SIZE)
/* Input at a time, so that its echo finds the room that was looked for. */
#define CHUNK_IN 64u

struct pty {
	struct tty *tty;           /* [I] the slave; freed together */
	unsigned index;            /* [I] */
	struct inode *node;        /* [tty_list_lock] in /dev/pts, or NULL */
	struct wait_queue readers; /* of the master */
	struct wait_queue writers;
	uint32_t rd, wr;              /* [tty->lock] */
	unsigned events;              /* [tty->lock] TIOCPKT_* to be told */
	bool packet;                  /* [tty->lock] events are wanted */
	bool locked;                  /* [tty->lock] until TIOCSPTLCK */
	bool stopped;                 /* [tty->lock] by ^S */
	bool slave_gone, master_gone; /* [tty->lock] was open, is closed */
	unsigned char *out;           /* PTY_OUT_SIZE bytes */
};

static struct pty **ptys; /* [tty_list_lock] by number; NULL: free */
static unsigned n_ptys;   /* [I] */

/* ---- the slave's driver; tty.lock is held ---- */

static unsigned used(const struct pty *p)
{
	return p->wr - p->rd;
}

static unsigned put(struct pty *p, const unsigned char *s, unsigned n)
{
	n = MIN(n, PTY_OUT_SIZE - used(p));
	for (unsigned i = 0; i < n; i++)
		p->out[p->wr++ & MASK] = s[i];
	if (n)
		wait_wake_all(&p->readers);
	return n;
}

static unsigned pty_echo(struct tty *t, const unsigned char *s, unsigned n)
{
	return put(t->driver, s, n);
}

static unsigned pty_echo_room(struct tty *t)
{
	return PTY_OUT_SIZE - used(t->driver);
}

static unsigned pty_room(struct tty *t)
{
	const struct pty *p = t->driver;
	unsigned n = PTY_OUT_SIZE - used(p);

	return p->stopped || n < PTY_ECHO_ROOM ? 0 : n - PTY_ECHO_ROOM;
}

static unsigned pty_write(struct tty *t, const unsigned char *s, unsigned n)
{
	return put(t->driver, s, MIN(n, pty_room(t)));
}

/* What the master has not read waits for it, and nobody for that. */
static unsigned pty_queued(struct tty *t)
{
	return 0;
}

static void pty_event(struct tty *t, unsigned what)
{
	struct pty *p = t->driver;

	if (!p->packet)
		return;
	if (what & (TIOCPKT_STOP | TIOCPKT_START))
		p->events &= ~(unsigned)(TIOCPKT_STOP | TIOCPKT_START);
	if (what & (TIOCPKT_DOSTOP | TIOCPKT_NOSTOP))
		p->events &= ~(unsigned)(TIOCPKT_DOSTOP | TIOCPKT_NOSTOP);
	p->events |= what;
	wait_wake_all(&p->readers);
}

static void pty_flush(struct tty *t)
{
	struct pty *p = t->driver;

	p->rd = p->wr;
	pty_event(t, TIOCPKT_FLUSHWRITE);
}

static void pty_stop(struct tty *t, bool stop)
{
	struct pty *p = t->driver;

	if (p->stopped == stop)
		return;
	p->stopped = stop;
	pty_event(t, stop ? TIOCPKT_STOP : TIOCPKT_START);
}

static void pty_throttle(struct tty *t, bool throttle)
{
	struct pty *p = t->driver;

	if (!throttle)
		wait_wake_all(&p->writers);
}

static int pty_slave_open(struct tty *t)
{
	struct pty *p = t->driver;

	if (p->locked || p->master_gone)
		return -EIO;
	p->slave_gone = false;
	return 0;
}

static void pty_slave_closed(struct tty *t)
{
	struct pty *p = t->driver;

	p->slave_gone = true;
	wait_wake_all(&p->readers);
	wait_wake_all(&p->writers);
}

static void pty_free(struct pty *p)
{
	spin_lock(&tty_list_lock);
	ptys[p->index] = NULL;
	spin_unlock(&tty_list_lock);
	kfree(p->out);
	kfree(p);
}

static void pty_slave_free(struct tty *t)
{
	pty_free(t->driver);
}

static const struct tty_ops pty_tty_ops = {
	.write = pty_write,
	.echo = pty_echo,
	.room = pty_room,
	.echo_room = pty_echo_room,
	.queued = pty_queued,
	.flush = pty_flush,
	.stop = pty_stop,
	.throttle = pty_throttle,
	.open = pty_slave_open,
	.closed = pty_slave_closed,
	.event = pty_event,
	.free = pty_slave_free,
	.in_max = PTY_IN_MAX,
};

static int pts_open(struct inode *ip, struct file *f)
{
	struct tty *t = NULL;
	struct pty *p;
	int err;

	spin_lock(&tty_list_lock);
	p = ptys[ABI_DEV_MINOR(ip->rdev)];
	/* The number may be another's by now. */
	if (p && p->node == ip) {
		t = p->tty;
		tty_get(t);
	}
	spin_unlock(&tty_list_lock);
	if (!t)
		return -EIO;
	err = tty_open_file(t, f, f->flags);
	tty_put(t);
	return err;
}

static struct file_ops pts_file_ops; /* tty_file_ops with that open */

/* ---- the master ---- */

static struct pty *pty_alloc(void)
{
	struct pty *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->out = kmalloc(PTY_OUT_SIZE, GFP_KERNEL);
	if (!p->out) {
		kfree(p);
		return NULL;
	}
	wait_queue_init(&p->readers);
	wait_queue_init(&p->writers);
	p->locked = true;
	return p;
}

/* Gives p the first free number: 0 or -ENOSPC. */
static int number_take(struct pty *p)
{
	unsigned i = 0;

	spin_lock(&tty_list_lock);
	while (i < n_ptys && ptys[i])
		i++;
	if (i < n_ptys) {
		ptys[i] = p;
		p->index = i;
	}
	spin_unlock(&tty_list_lock);
	return i < n_ptys ? 0 : -ENOSPC;
}

/* The slave and its node: 0, or an error with nothing made, nor p left. */
static int pty_make_slave(struct pty *p)
{
	dev_t dev = ABI_DEV(MAJOR_PTS, p->index);
	struct inode *node;
	char name[12];
	int err;

	snprintf(name, sizeof(name), "pts/%u", p->index);
	p->tty = tty_create(&pty_tty_ops, p, dev, name);
	if (!p->tty) {
		pty_free(p);
		return -ENOMEM;
	}
	err = devpts_add(dev, &pts_file_ops, &node);
	if (err) {
		tty_put(p->tty);
		return err;
	}
	spin_lock(&tty_list_lock);
	p->node = node;
	spin_unlock(&tty_list_lock);
	return 0;
}

static int master_open(struct inode *ip, struct file *f)
{
	struct pty *p = pty_alloc();
	int err;

	if (!p)
		return -ENOMEM;
	err = number_take(p);
	if (err) {
		kfree(p->out);
		kfree(p);
		return err;
	}
	f->priv = p;
	return pty_make_slave(p);
}

static void master_release(struct file *f)
{
	struct pty *p = f->priv;
	struct inode *node = p->node;
	struct tty *t = p->tty;

	spin_lock(&tty_list_lock);
	p->node = NULL;
	spin_unlock(&tty_list_lock);
	devpts_remove(node);
	spin_lock(&t->lock);
	p->master_gone = true;
	spin_unlock(&t->lock);
	tty_hangup(t, true);
	tty_put(t);
}

/* A packet of what happened, or data: bytes put into buf, -EAGAIN when there
 * is nothing, -EIO when nothing will come. */
static int take(struct pty *p, unsigned char *buf, unsigned n)
{
	unsigned got = 0;

	if (p->events) {
		buf[0] = (unsigned char)p->events;
		p->events = 0;
		return 1;
	}
	if (p->rd == p->wr)
		return p->slave_gone ? -EIO : -EAGAIN;
	if (p->packet)
		buf[got++] = TIOCPKT_DATA;
	while (got < n && p->rd != p->wr)
		buf[got++] = p->out[p->rd++ & MASK];
	tty_output_ready_locked(p->tty);
	return (int)got;
}

static ssize_t master_read(struct file *f, struct uio *u, off_t pos)
{
	struct pty *p = f->priv;
	unsigned char buf[TTY_CHUNK];
	size_t done = 0;
	int n, err;

	if (!u->resid)
		return 0;
	do {
		bool wait = !done && !(f->flags & O_NONBLOCK);

		/* What cannot be delivered is not taken. */
		err = uio_fault_in(u, MIN(u->resid, sizeof(buf)), true);
		if (err)
			break;
		spin_lock(&p->tty->lock);
		do {
			n = take(p, buf, (unsigned)MIN(u->resid, sizeof(buf)));
			if (n != -EAGAIN || !wait)
				break;
			err = wait_sleep(&p->readers, &p->tty->lock,
					 WAIT_INTERRUPTIBLE, WAIT_FOREVER);
		} while (!err);
		spin_unlock(&p->tty->lock);
		if (!err && n < 0)
			err = n;
		if (err)
			break;
		if (uio_copy_to(u, buf, (size_t)n) != (size_t)n)
			err = -EFAULT;
		else
			done += (size_t)n;
	} while (!err && u->resid && !p->packet);
	return done ? (ssize_t)done : err;
}

/* Types at most n bytes of s: how many, or an error. */
static int type_some(struct file *f, const unsigned char *s, unsigned n)
{
	struct pty *p = f->priv;
	struct tty *t = p->tty;
	bool nonblock = f->flags & O_NONBLOCK;
	unsigned room;
	int err = 0;

	spin_lock(&t->lock);
	while (!err && !(room = tty_accepts(t, nonblock))) {
		/* Whoever makes room looks at this. */
		tty_pace(t);
		err = nonblock ? -EAGAIN
			       : wait_sleep(&p->writers, &t->lock,
					    WAIT_INTERRUPTIBLE, WAIT_FOREVER);
	}
	if (!err) {
		n = MIN(n, room);
		n = MIN(n, CHUNK_IN);
		tty_input_locked(t, s, n);
	}
	spin_unlock(&t->lock);
	tty_act(t);
	return err ? err : (int)n;
}

static ssize_t master_write(struct file *f, struct uio *u, off_t *pos)
{
	return tty_write_all(f, u, type_some);
}

static unsigned master_poll(struct file *f, struct poll_table *pt)
{
	struct pty *p = f->priv;
	unsigned mask = 0;

	poll_wait(pt, &p->readers);
	poll_wait(pt, &p->writers);
	spin_lock(&p->tty->lock);
	if (p->rd != p->wr)
		mask |= POLLIN | POLLRDNORM;
	if (p->events)
		mask |= POLLIN | POLLRDNORM | POLLPRI;
	if (!p->tty->throttled)
		mask |= POLLOUT | POLLWRNORM;
	if (p->slave_gone)
		mask |= POLLHUP;
	spin_unlock(&p->tty->lock);
	return mask;
}

static int pty_set_flag(struct pty *p, unsigned cmd, uint64_t arg)
{
	int32_t on;

	if (copy_from_user(&on, arg, sizeof(on)))
		return -EFAULT;
	spin_lock(&p->tty->lock);
	if (cmd == TIOCSPTLCK) {
		p->locked = on;
	} else {
		p->packet = on;
		p->events = 0;
	}
	spin_unlock(&p->tty->lock);
	return 0;
}

/* A descriptor of the slave; arg: flags of open. */
static int pty_open_peer(struct pty *p, uint64_t arg)
{
	struct fdtable *files = host_files();
	unsigned flags = arg & (O_ACCMODE | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct file *f;
	char path[24];
	int fd, err;

	snprintf(path, sizeof(path), "/dev/pts/%u", p->index);
	fd = fd_alloc(files, 0, flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	err = vfs_open(AT_FDCWD, path, flags, 0, &f);
	if (!err && (f->ops != &pts_file_ops || f->priv != p->tty)) {
		/* Something else is mounted there. */
		file_put(f);
		err = -EIO;
	}
	if (err) {
		fd_release(files, fd);
		return err;
	}
	fd_install(files, fd, f);
	return fd;
}

static int pty_signal(struct tty *t, uint64_t sig)
{
	int pgrp = READ_ONCE(t->pgrp);

	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	if (pgrp)
		proc_signal_group(pgrp, (int)sig);
	return 0;
}

/* From this end "input" is what the slave puts out. */
static int master_flush(struct pty *p, uint64_t which)
{
	int err = which == TCIOFLUSH  ? tty_flush(p->tty, which)
		  : which == TCIFLUSH ? tty_flush(p->tty, TCOFLUSH)
		  : which == TCOFLUSH ? tty_flush(p->tty, TCIFLUSH)
				      : -EINVAL;
	return err;
}

static long master_ioctl(struct file *f, unsigned cmd, uint64_t arg)
{
	struct pty *p = f->priv;
	struct tty *t = p->tty;

	switch (cmd) {
	case TIOCGPTN:
		return tty_put_int(arg, (int)p->index);
	case TIOCSPTLCK:
	case TIOCPKT:
		return pty_set_flag(p, cmd, arg);
	case TIOCGPTLCK:
		return tty_put_int(arg, READ_ONCE(p->locked));
	case TIOCGPKT:
		return tty_put_int(arg, READ_ONCE(p->packet));
	case TIOCGPTPEER:
		return pty_open_peer(p, arg);
	case TIOCSIG:
		return pty_signal(t, arg);
	case TIOCGPGRP:
		return tty_put_int(arg, READ_ONCE(t->pgrp));
	case TIOCGSID:
		if (!READ_ONCE(t->session))
			return -ENOTTY;
		return tty_put_int(arg, READ_ONCE(t->session));
	case FIONREAD:
		return tty_put_int(arg, (int)(READ_ONCE(p->wr) - p->rd));
	case TIOCOUTQ:
		return tty_put_int(arg, 0);
	case TCFLSH:
		return master_flush(p, arg);
	case TCSBRK: /* nothing is on its way */
	case TCSBRKP:
		return 0;
	default:
		return tty_common_ioctl(t, cmd, arg);
	}
}

static const struct file_ops master_ops = {
	.open = master_open,
	.release = master_release,
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.ioctl = master_ioctl,
	.stream = true,
};

void pty_init(void)
{
	uint64_t most = host_total_pages() / PTY_PAGES;

	devpts_init();
	pts_file_ops = tty_file_ops;
	pts_file_ops.open = pts_open;
	n_ptys = (unsigned)MIN(MAX(most, UINT64_C(16)), (uint64_t)PTY_MAX);
	ptys = kzalloc(n_ptys * sizeof(*ptys), GFP_KERNEL);
	if (!ptys || chrdev_register(5, 2, "ptmx", &master_ops, NULL))
		pr_err("no memory for pseudo terminals\n");
}
