/*
 * See tty.h. Here: input and output, and the files of terminals. The rules for
 * VMIN and VTIME are those of POSIX, chapter 11; sessions are in tty_session.c,
 * ioctls in tty_ioctl.c.
 *
 * Input that nobody reads yet is kept in a ring that grows, so that a ^C behind
 * a long paste is still seen; only when it is as large as it may be (or there
 * is no memory) is the driver held back. None is dropped but what does not fit
 * in a line.
 */
#include "kernel/dev/tty.h"

#include "fs/devfs.h"
#include "fs/poll.h"
#include "fs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/poll.h"
#include "kernel/abi/signal.h"
#include "kernel/bits.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/proc.h"
#include "kernel/string.h"
#include "kernel/time.h"

#define DEV_TTY     ABI_DEV(5, 0)
#define DEV_CONSOLE ABI_DEV(5, 1)

/* Input below this much room is held back; it flows again when half of the
 * ring is free. Echo of one chunk of input, mostly less, is held to fit. */
#define THROTTLE_ROOM 1024u
#define ECHO_ROOM     512u

/* Writers go on when this much fits, so that they do not wake for a byte. */
#define WRITE_ROOM 512u

static struct tty *console;

/* ---- the ring of input ---- */

static bool ring_alloc(struct ldisc_ring *r, uint32_t size)
{
	r->in = kmalloc(size, GFP_NOWAIT);
	r->end = kmalloc(size / 8, GFP_NOWAIT);
	r->size = size;
	if (r->in && r->end)
		return true;
	kfree(r->in);
	kfree(r->end);
	return false;
}

/* Another size for what is in the ring; t->lock is held. */
static bool ring_resize(struct tty *t, uint32_t size)
{
	struct ldisc_ring r;

	if (!ring_alloc(&r, size))
		return false;
	r = ldisc_use(&t->ld, r);
	kfree(r.in);
	kfree(r.end);
	return true;
}

unsigned tty_accepts(struct tty *t, bool echo)
{
	while ((ldisc_free(&t->ld) < THROTTLE_ROOM ||
		ldisc_room(&t->ld) < THROTTLE_ROOM) &&
	       t->ld.ring.size < t->ops->in_max)
		if (!ring_resize(t, 2 * t->ld.ring.size))
			break;
	/* What ^S holds up would hold up the ^Q too. */
	if (echo && t->ld.tio.c_lflag & ECHO && !t->ld.stopped &&
	    t->ops->echo_room(t) < ECHO_ROOM)
		return 0;
	return ldisc_room(&t->ld);
}

static void send_flow(struct tty *t, unsigned which)
{
	unsigned char c = t->ld.tio.c_cc[which];

	if (t->ops->line && t->ld.tio.c_iflag & IXOFF && c)
		t->ops->echo(t, &c, 1);
}

void tty_pace(struct tty *t)
{
	unsigned room = tty_accepts(t, true), size = t->ld.ring.size;

	if (!t->throttled && room < THROTTLE_ROOM) {
		t->throttled = true;
		send_flow(t, VSTOP);
		t->ops->throttle(t, true);
	} else if (t->throttled &&
		   room >= (size < t->ops->in_max ? THROTTLE_ROOM : size / 2)) {
		t->throttled = false;
		send_flow(t, VSTART);
		t->ops->throttle(t, false);
	}
	/* A large one is for a while. */
	if (t->ld.rd == t->ld.wr && t->ld.ring.size > LDISC_IN_MIN)
		ring_resize(t, LDISC_IN_MIN);
}

/* ---- what the line discipline asks for ---- */

static void echo_out(struct tty *t)
{
	if (t->n_echo)
		t->ops->echo(t, t->echo, t->n_echo);
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

/* What can be done under the lock. */
void tty_react(struct tty *t, unsigned what)
{
	if (what & LDISC_FLUSH)
		t->ops->flush(t);
	if (what & LDISC_START)
		t->ops->stop(t, false);
	if (what & LDISC_STOP)
		t->ops->stop(t, true);
	echo_out(t);
	if (what & LDISC_WAKE)
		wait_wake_all(&t->readers);
	if (what & (LDISC_FLUSH | LDISC_START))
		wait_wake_all(&t->writers);
	t->todo |= what & (LDISC_INTR | LDISC_QUIT | LDISC_SUSP | LDISC_DUMP);
}

void tty_input_locked(struct tty *t, const unsigned char *p, unsigned n)
{
	tty_react(t, ldisc_input(&t->ld, p, n));
	tty_pace(t);
}

void tty_input(struct tty *t, const unsigned char *p, unsigned n)
{
	spin_lock(&t->lock);
	tty_input_locked(t, p, n);
	spin_unlock(&t->lock);
}

void tty_input_break(struct tty *t)
{
	spin_lock(&t->lock);
	tty_react(t, ldisc_input_break(&t->ld));
	tty_pace(t);
	spin_unlock(&t->lock);
}

void tty_input_error(struct tty *t, unsigned char c)
{
	spin_lock(&t->lock);
	tty_react(t, ldisc_input_error(&t->ld, c));
	tty_pace(t);
	spin_unlock(&t->lock);
}

void tty_output_ready_locked(struct tty *t)
{
	wait_wake_all(&t->writers);
	if (t->throttled)
		tty_pace(t);
}

void tty_output_ready(struct tty *t)
{
	spin_lock(&t->lock);
	tty_output_ready_locked(t);
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

void tty_hangup(struct tty *t, bool flush)
{
	int sid, pgrp;

	spin_lock(&t->lock);
	if (!++t->hangups)
		t->hangups = 1; /* 0: those of the console */
	sid = t->session;
	pgrp = t->pgrp;
	t->session = t->pgrp = 0;
	t->opens = 0;
	t->exclusive = false;
	t->ld.stopped = false;
	if (flush)
		ldisc_flush_input(&t->ld);
	tty_react(t, LDISC_START | LDISC_WAKE | (flush ? LDISC_FLUSH : 0));
	tty_pace(t);
	if (t->ops->closed)
		t->ops->closed(t);
	spin_unlock(&t->lock);
	tty_session_hung_up(sid, pgrp);
}

bool tty_file_is_dead(const struct file *f)
{
	const struct tty *t = f->priv;

	return f->hangups && f->hangups != READ_ONCE(t->hangups);
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
		if (have && (nonblock || got + have >= least))
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
	if (err == -EINTR) /* fewer than are wanted, or none */
		return ldisc_readable(&t->ld) ? 1 : -EINTR;
	return 0;
}

static ssize_t tty_read(struct file *f, struct uio *u, off_t pos)
{
	struct tty *t = f->priv;
	unsigned char buf[TTY_CHUNK];
	bool nonblock = f->flags & O_NONBLOCK;
	size_t got = 0;
	uint64_t until = 0;
	bool done = false;
	int err;

	if (!u->resid)
		return 0;
	/* What cannot be delivered is not taken. */
	err = uio_fault_in(u, MIN(u->resid, (size_t)TTY_CHUNK), true);
	if (err)
		return err;
	if (tty_file_is_dead(f))
		return 0;
	err = tty_job_control(t, SIGTTIN);
	if (err)
		return err;
	while (!done && u->resid) {
		unsigned n, least;
		int ready = 0;

		spin_lock(&t->lock);
		while (!ready && !tty_file_is_dead(f)) {
			/* A line that has begun is there up to its end. */
			ready = tty_wait_input(t, nonblock, got, got + u->resid,
					       &until);
		}
		if (ready <= 0) {
			spin_unlock(&t->lock);
			if (got || !ready || (ready == -EAGAIN && !nonblock))
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
		tty_pace(t);
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

/* As much of p as there is room for, at least something: bytes, or an error
 * when there is none. */
static int write_some(struct file *f, const unsigned char *p, unsigned n)
{
	struct tty *t = f->priv;
	unsigned char out[2 * TTY_CHUNK];
	unsigned made, room;
	int err = 0;

	spin_lock(&t->lock);
	/* A whole chunk goes out at once, so that lines of two programs mix as
	 * little as may be. */
	while (!err && (room = t->ops->room(t)) < WRITE_ROOM &&
	       !tty_file_is_dead(f)) {
		err = f->flags & O_NONBLOCK
			      ? -EAGAIN
			      : wait_sleep(&t->writers, &t->lock,
					   WAIT_INTERRUPTIBLE, WAIT_FOREVER);
	}
	if (tty_file_is_dead(f))
		err = -EIO;
	if (!err) {
		n = ldisc_output(&t->ld, p, n, out,
				 MIN(room, (unsigned)sizeof(out)), &made);
		t->ops->write(t, out, made);
	}
	spin_unlock(&t->lock);
	return err ? err : (int)n;
}

ssize_t tty_write_all(struct file *f, struct uio *u,
		      int (*some)(struct file *f, const unsigned char *p,
				  unsigned n))
{
	unsigned char in[TTY_CHUNK];
	size_t written = 0;
	int err = 0;

	while (!err && u->resid) {
		size_t n = uio_copy_from(u, in, MIN(u->resid, sizeof(in)));
		size_t at = 0;

		if (!n)
			err = -EFAULT;
		while (at < n && !err) {
			int done = some(f, in + at, (unsigned)(n - at));

			if (done < 0)
				err = done;
			else
				at += (size_t)done;
		}
		written += at;
		if (u->resid)
			resched_point();
	}
	return written ? (ssize_t)written : err;
}

static ssize_t tty_write(struct file *f, struct uio *u, off_t *pos)
{
	struct tty *t = f->priv;
	int err = 0;

	if (READ_ONCE(t->ld.tio.c_lflag) & TOSTOP && !tty_file_is_dead(f))
		err = tty_job_control(t, SIGTTOU);
	return err ? err : tty_write_all(f, u, write_some);
}

static unsigned tty_poll(struct file *f, struct poll_table *pt)
{
	struct tty *t = f->priv;
	const cc_t *cc = t->ld.tio.c_cc;
	unsigned mask = 0, least = 1;

	poll_wait(pt, &t->readers);
	poll_wait(pt, &t->writers);
	spin_lock(&t->lock);
	/* A read would wait for that many. */
	if (!canonical(t) && !cc[VTIME] && cc[VMIN])
		least = cc[VMIN];
	if (ldisc_readable(&t->ld) >= least)
		mask |= POLLIN | POLLRDNORM;
	if (t->ops->room(t) >= WRITE_ROOM)
		mask |= POLLOUT | POLLWRNORM;
	if (tty_file_is_dead(f))
		mask = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLERR |
		       POLLHUP;
	spin_unlock(&t->lock);
	return mask;
}

/* ---- files ---- */

int tty_open_file(struct tty *t, struct file *f, unsigned flags)
{
	int err = 0;

	spin_lock(&t->lock);
	if (t->exclusive && host_cred()->euid)
		err = -EBUSY;
	else if (t->ops->open)
		err = t->ops->open(t);
	if (!err)
		t->opens++;
	f->hangups = t->hangups;
	spin_unlock(&t->lock);
	if (err)
		return err;
	tty_get(t);
	f->priv = t;
	/* A leader without a terminal gets this one. */
	if (!(flags & O_NOCTTY) && f->readable)
		tty_acquire(t, false);
	return 0;
}

static int tty_open(struct inode *ip, struct file *f)
{
	struct tty *t = f->priv;
	int err;

	if (ip->rdev == DEV_TTY) {
		t = tty_mine();
		if (!t)
			return -ENXIO;
		err = tty_open_file(t, f, O_NOCTTY);
		tty_put(t);
		return err;
	}
	if (ip->rdev != DEV_CONSOLE)
		return tty_open_file(t, f, f->flags);
	/* Daemons open it for messages, so it becomes nobody's terminal, and
	 * init keeps it from one session to the next. */
	if (!console)
		return -ENXIO;
	err = tty_open_file(console, f, O_NOCTTY);
	f->hangups = 0;
	return err;
}

static void tty_release(struct file *f)
{
	struct tty *t = f->priv;

	spin_lock(&t->lock);
	if (!tty_file_is_dead(f) && t->opens && !--t->opens) {
		t->exclusive = false;
		if (t->ops->closed)
			t->ops->closed(t);
	}
	spin_unlock(&t->lock);
	tty_put(t);
}

const struct file_ops tty_file_ops = {
	.open = tty_open,
	.release = tty_release,
	.read = tty_read,
	.write = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.stream = true,
};

struct tty *tty_create(const struct tty_ops *ops, void *driver, dev_t dev,
		       const char *name)
{
	struct tty *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	ldisc_init(&t->ld);
	if (!ring_alloc(&t->ld.ring, LDISC_IN_MIN)) {
		kfree(t);
		return NULL;
	}
	t->ld.echo = tty_echo;
	t->ld.echo_arg = t;
	t->ops = ops;
	t->driver = driver;
	t->dev = dev;
	t->refs = 1;
	t->hangups = 1;
	strlcpy(t->name, name, sizeof(t->name));
	spin_init(&t->lock, "tty", RANK_TTY);
	wait_queue_init(&t->readers);
	wait_queue_init(&t->writers);
	spin_lock(&tty_list_lock);
	list_add_tail(&t->link, &tty_list);
	spin_unlock(&tty_list_lock);
	return t;
}

void tty_put(struct tty *t)
{
	/* Under the lock under which others find it. */
	spin_lock(&tty_list_lock);
	if (__atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL)) {
		spin_unlock(&tty_list_lock);
		return;
	}
	list_del(&t->link);
	spin_unlock(&tty_list_lock);
	t->ops->free(t);
	kfree(t->ld.ring.in);
	kfree(t->ld.ring.end);
	kfree(t);
}

void tty_set_console(struct tty *t)
{
	console = t;
	t->ld.dump_key = true;
}

static void tty_register(unsigned major, unsigned minor, const char *name,
			 struct tty *t)
{
	int err = chrdev_register(major, minor, name, &tty_file_ops, t);

	if (err)
		pr_err("/dev/%s: error %d\n", name, -err);
}

void tty_init(void)
{
	struct tty *t;

	tty_register(5, 0, "tty", NULL);
	tty_register(5, 1, "console", NULL);
	/* At start-up: lines come and none goes. */
	list_for_each_entry (t, &tty_list, link)
		tty_register(ABI_DEV_MAJOR(t->dev), ABI_DEV_MINOR(t->dev),
			     t->name, t);
}
