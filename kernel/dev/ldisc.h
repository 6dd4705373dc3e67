/*
 * The line discipline: what a terminal does to the bytes between a keyboard
 * and a program. Pure data in, data out: no locks, no sleeping, no device, so
 * it is tested on the build machine (ldisc_test.c). tty.c puts the lock, the
 * wait queues and the serial line around it.
 *
 * One ring holds all input. [rd, ready) may be read; [ready, wr) is the line
 * that is still being edited (empty when ICANON is off). Positions count up
 * for ever and are masked at use. A bit map beside the ring says after which
 * bytes a read of a line ends; where that byte is 0 it stands for a ^D, which
 * ends a read but is not part of it. The ring is the caller's, who may hand
 * over a larger one at any time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/termios.h"

#define LDISC_IN_MIN   4096u /* the smallest ring: a line with its end */
#define LDISC_LINE_MAX 4095u /* bytes of a line, its end not counted */

/* What ldisc_input asks its caller for, a set of bits. */
#define LDISC_INTR  (1u << 0) /* SIGINT to the foreground */
#define LDISC_QUIT  (1u << 1)
#define LDISC_SUSP  (1u << 2)
#define LDISC_DUMP  (1u << 3) /* print the table of processes */
#define LDISC_FLUSH (1u << 4) /* throw away output that is not yet out */
#define LDISC_STOP  (1u << 5) /* hold output back */
#define LDISC_START (1u << 6) /* let it go on */
#define LDISC_WAKE  (1u << 7) /* there may be something to read now */

struct ldisc_ring {
	unsigned char *in; /* size bytes */
	uint64_t *end;     /* a bit for each of them */
	uint32_t size;     /* a power of two, LDISC_IN_MIN or more */
};

struct ldisc {
	struct termios tio;
	uint32_t ispeed, ospeed; /* for struct termios2; told, not obeyed */
	struct ldisc_ring ring;
	uint32_t rd, ready, wr;
	uint32_t ends, eofs;  /* ends of lines in [rd, ready); those by ^D */
	unsigned column;      /* of the cursor, for tabs */
	unsigned line_column; /* where the line that is edited begins */
	bool literal;         /* the last byte was ^V */
	bool stopped;         /* by ^S */
	bool erasing;         /* ECHOPRT: the "\\" before what goes is shown */
	bool dump_key;        /* ^P is LDISC_DUMP, when it edits lines */
	/* Takes echo, already post-processed. */
	void (*echo)(void *arg, const unsigned char *p, unsigned n);
	void *echo_arg;
};

/* The settings of a fresh terminal; `ring` and `echo` are the caller's. */
void ldisc_init(struct ldisc *l);

/* From now on that ring, which has room for what is there. The old one. */
struct ldisc_ring ldisc_use(struct ldisc *l, struct ldisc_ring ring);

/* New settings; what was typed stays readable. A flag that nothing here heeds
 * is not kept, so that who reads them back sees it. LDISC_* bits to act on. */
unsigned ldisc_set_termios(struct ldisc *l, const struct termios *t);

/* n bytes arrived. Returns LDISC_* bits to act on. */
unsigned ldisc_input(struct ldisc *l, const unsigned char *p, unsigned n);

/* The line broke (BREAK) or a byte came damaged. */
unsigned ldisc_input_break(struct ldisc *l);
unsigned ldisc_input_error(struct ldisc *l, unsigned char c);

/* Bytes that the ring has room for. When it is small, the ring should grow. */
unsigned ldisc_free(const struct ldisc *l);
/* Bytes that ldisc_input may be given. When it is small, the device should
 * hold its bytes back: somebody can make room by reading. */
unsigned ldisc_room(const struct ldisc *l);

/*
 * Takes up to n bytes that are readable. *line_done: (ICANON) the end of a
 * line was taken, a read returns now even if the result is 0 (a ^D).
 */
unsigned ldisc_read(struct ldisc *l, unsigned char *p, unsigned n,
		    bool *line_done);
/* Bytes that a read could get (raw), or whether a line waits (ICANON). */
unsigned ldisc_readable(const struct ldisc *l);
/* For FIONREAD. */
unsigned ldisc_count(const struct ldisc *l);

/* Forgets all input. */
void ldisc_flush_input(struct ldisc *l);

/*
 * Output of a program: as much of src as fits into dst when treated as
 * c_oflag says. Returns the bytes of src that were used, *made those in dst.
 */
unsigned ldisc_output(struct ldisc *l, const unsigned char *src, unsigned n,
		      unsigned char *dst, unsigned room, unsigned *made);
