/*
 * Terminals: a driver, which carries bytes to and from somewhere, and a line
 * discipline (ldisc.h) as a character device, with the session and the
 * foreground process group that signals go to. Driver and line discipline know
 * nothing of each other: serial.c and pty.c are the drivers.
 *
 * tty.lock guards all of a terminal. It is let go while a reader sleeps, so a
 * reader never keeps a writer waiting, nor the other way round. Input is
 * treated where it arrives, for a serial line in the interrupt handler; what
 * it asks for that needs other locks (signals, the process dump) is remembered
 * and done afterwards, by tty_act.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/ioctl.h"
#include "kernel/abi/types.h"
#include "kernel/dev/ldisc.h"
#include "kernel/list.h"
#include "kernel/lock.h"
#include "kernel/wait.h"

struct file;
struct uio;
struct file_ops;
struct termios;
struct tty;

/*
 * What a driver does; tty.lock is held in all but `free`. A NULL is allowed
 * where it says so.
 */
struct tty_ops {
	/* Takes up to n bytes of output, as many as `room` says. */
	unsigned (*write)(struct tty *t, const unsigned char *p, unsigned n);
	/* The same of echo, for which some room is kept. */
	unsigned (*echo)(struct tty *t, const unsigned char *p, unsigned n);
	/* Bytes that write takes; that echo takes. */
	unsigned (*room)(struct tty *t);
	unsigned (*echo_room)(struct tty *t);
	/* Bytes that are on their way and will not wait for a reader. */
	unsigned (*queued)(struct tty *t);
	void (*flush)(struct tty *t);           /* drops them */
	void (*stop)(struct tty *t, bool stop); /* ^S and ^Q */
	/* Input is wanted, or is to be held back. */
	void (*throttle)(struct tty *t, bool throttle);
	/* Somebody opens it: 0 or an error. NULL: always well. */
	int (*open)(struct tty *t);
	/* Nobody has it open any more. NULL. */
	void (*closed)(struct tty *t);
	/* TIOCPKT_* that happened. NULL. */
	void (*event)(struct tty *t, unsigned what);
	/* The last reference is gone. NULL: there is always one. */
	void (*free)(struct tty *t);
	/* A real line: its speed and format are not programs' to set, and
	 * IXOFF sends characters. */
	bool line;
	uint32_t in_max; /* bytes of input that wait for a reader, at most */
};

#define TTY_CHUNK 256u

struct tty {
	const struct tty_ops *ops; /* [I] */
	void *driver;              /* [I] the driver's */
	dev_t dev;                 /* [I] */
	char name[12];             /* [I] "ttyS0" */
	struct list_head link;     /* [tty_list_lock] */
	int32_t refs;              /* atomic: open files, the driver */
	struct spinlock lock;
	struct ldisc ld; /* [lock] */
	struct wait_queue readers;
	struct wait_queue writers;
	int session;                   /* [lock] that it controls, 0: none */
	int pgrp;                      /* [lock] foreground group, 0: none */
	struct winsize winsize;        /* [lock] */
	uint32_t hangups;              /* [lock] files opened before are dead */
	unsigned opens;                /* [lock] files that are not */
	bool exclusive;                /* [lock] TIOCEXCL */
	bool throttled;                /* [lock] */
	unsigned todo;                 /* [lock] LDISC_* for tty_act */
	unsigned n_echo;               /* [lock] */
	unsigned char echo[TTY_CHUNK]; /* [lock] on its way to the driver */
};

/* ---- for drivers ---- */

/* A new terminal with one reference, the driver's. NULL: no memory. */
struct tty *tty_create(const struct tty_ops *ops, void *driver, dev_t dev,
		       const char *name);
static inline void tty_get(struct tty *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
}
/* No lock is held; the last one frees it. */
void tty_put(struct tty *t);

/*
 * n bytes came in, at most TTY_CHUNK; tty_accepts said that there is room, or
 * they may get lost. Holds the driver back when there is none for more. No lock
 * is held, and tty_act is called afterwards.
 */
void tty_input(struct tty *t, const unsigned char *p, unsigned n);
/* The line broke; a byte came damaged. As tty_input. */
void tty_input_break(struct tty *t);
void tty_input_error(struct tty *t, unsigned char c);
/* The same with t->lock held. */
void tty_input_locked(struct tty *t, const unsigned char *p, unsigned n);
/* Bytes that it takes now, t->lock held. echo: and shows. */
unsigned tty_accepts(struct tty *t, bool echo);
/* There is room for output again. */
void tty_output_ready(struct tty *t);
void tty_output_ready_locked(struct tty *t);
/* Does what input asked for; no lock is held. */
void tty_act(struct tty *t);
/* Who has it open now has it no longer: reads give 0, all else -EIO, and its
 * session loses it (SIGHUP and SIGCONT to the leader). flush: what is on its
 * way goes too, in both directions. No lock is held. */
void tty_hangup(struct tty *t, bool flush);

/* /dev/console is t from now on. */
void tty_set_console(struct tty *t);
/* A file of t, from an open of a device node; f->ops are set. */
int tty_open_file(struct tty *t, struct file *f, unsigned flags);
extern const struct file_ops tty_file_ops;
/* What TIOC* on either end of a pty does to the terminal. */
long tty_common_ioctl(struct tty *t, unsigned cmd, uint64_t arg);
int tty_flush(struct tty *t, uint64_t which);
int tty_put_int(uint64_t arg, int value);
/*
 * A write, in pieces of at most TTY_CHUNK: some() takes what it can of one,
 * waits while that is nothing, and gives how much it was, or its error. Bytes,
 * or the error if there were none; -EFAULT. Sleeps.
 */
ssize_t tty_write_all(struct file *f, struct uio *u,
		      int (*some)(struct file *f, const unsigned char *p,
				  unsigned n));

/* Makes /dev/tty, /dev/console and /dev/ttyS*. After dev_probe_all and when
 * devices can be registered. */
void tty_init(void);

/* ---- for the process code ---- */

/*
 * The leader of session sid is gone. The terminal is given up, its foreground
 * group gets SIGHUP and SIGCONT. pgrp: the one that had the foreground when the
 * terminal hung up earlier, or 0.
 */
void tty_session_end(int sid, int pgrp);
/* The controlling terminal of a session as a device number, 0: none. pgrp
 * gets its foreground group. For /proc. */
uint64_t tty_of_session(int sid, int *pgrp);

/* ---- tty_session.c, for tty*.c ---- */

extern struct spinlock tty_list_lock; /* of the list of all terminals */
extern struct list_head tty_list;
/* The terminal of the caller's session, referenced, or NULL. */
struct tty *tty_mine(void);
/* Is it t? */
bool tty_is_mine(struct tty *t);
/* Makes t the terminal of the caller's session; 0 or -EPERM. */
int tty_acquire(struct tty *t, bool steal);
/* TIOCNOTTY, TIOCSPGRP. */
int tty_give_up(struct tty *t);
int tty_set_pgrp(struct tty *t, uint64_t arg);
/*
 * May the caller do this now? Always at a terminal that is not its own, and in
 * the foreground. A background group is stopped by sig (-EINTR: the call is
 * made again once it goes on), or -EIO where nobody could let it go on.
 */
int tty_job_control(struct tty *t, int sig);
/* The session sid lost its terminal, in which pgrp had the foreground. */
void tty_session_hung_up(int sid, int pgrp);

/* tty_ioctl.c */
long tty_ioctl(struct file *f, unsigned cmd, uint64_t arg);
bool tty_file_is_dead(const struct file *f);
/* What a change of settings or a flush asks for; t->lock is held. */
void tty_react(struct tty *t, unsigned what);
/* Is input to be held back, or wanted again? t->lock is held. */
void tty_pace(struct tty *t);
