/*
 * init's parts: the table (inittab.c), the processes that it starts (run.c),
 * and the end of everything (shutdown.c).
 */
#pragma once

#include <signal.h>
#include <sys/types.h>
#include <time.h>

#define CONSOLE "/dev/console"
#define SHELL   "/bin/sh"

/* When a line's command runs; in the order in which init looks at them. */
enum action {
	SYSINIT,    /* first, and it is waited for */
	WAIT,       /* then these, each waited for */
	ONCE,       /* then these, not waited for */
	RESPAWN,    /* again whenever it has ended */
	ASKFIRST,   /* the same, but Enter is asked for before */
	CTRLALTDEL, /* when init gets an INT */
	SHUTDOWN,   /* when all others are dead */
	RESTART,    /* instead of init, when it gets a QUIT */
	OFF,        /* never: as if the line were not there */
};

struct line {
	struct line *next;
	enum action action;
	char *tty; /* a path; NULL: the console */
	char *command;
	/* of RESPAWN and ASKFIRST */
	pid_t pid;     /* 0: does not run */
	time_t began;  /* seconds of the monotonic clock, as all here */
	time_t paused; /* until when it is not started */
	int quick;     /* how often in a row it ended at once */
	int broken;    /* as above, and killed or not there at all */
	/* of those that leave */
	time_t until; /* when what was done about it ought to have helped */
	int killed;
};

extern struct line *lines;
extern struct line *leaving; /* not in the table any more, but still running */
extern int single;           /* nothing but a shell on the console */
extern int ending;           /* of what ends now nothing is told */

/*
 * Read /etc/inittab.  Bad lines are named and passed over; without any line
 * that starts something the table is: /etc/rc, then a shell on the console.
 */
void inittab_read(void);

/*
 * The same later on.  Lines that were there before keep their process; those of
 * lines that are gone are asked to end, and are leaving.  A file that is not
 * there, starts nothing or is written just now changes nothing.
 */
void inittab_read_again(void);

/*
 * Kill what was asked to end and has not, when its time is over.  The seconds
 * until there is more to do, -1 when nobody leaves: then new lines may start.
 */
int inittab_leave(void);

void line_free(struct line *l);

/* Does the command end as one that people type at: a shell, or the way to it?
 */
int line_is_shell(const struct line *l);
/* What it is called in messages. */
const char *line_name(const struct line *l);

time_t now(void);

/* Start the line's command in a session of its own; its pid, or -1. */
pid_t line_start(struct line *l);

/* Become the line's command; comes back, with a message, when that fails. */
void line_exec(struct line *l);

/*
 * Start it and collect children until it has ended; seconds is the time that
 * it may take, 0 for as much as it likes.  An order that comes meanwhile stays
 * for order_next.
 */
void line_wait(struct line *l, unsigned int seconds);

/* The signals that are orders, and CHLD. */
void orders(sigset_t *set);

/* What init was told to do: a signal, and with TERM what kind of restart. */
struct order {
	int signal; /* 0: none */
	int warm;
};

/*
 * Collect what has ended and wait until something happens, at most for the
 * seconds given (-1: no limit).
 */
void wait_event(int seconds);
struct order order_next(void);
int order_waits(void);
/* The same without HUP: the table is read again when the start-up is over. */
int order_is_urgent(void);
/* Collect what has ended; 0 when there is no child any more. */
int reap(void);

/* End all processes, bring all to the disks, and do what the order says.
 * Comes back only if the machine cannot be ended. */
void shut_down(struct order order);
