/*
 * Terminals: a serial line and a line discipline (ldisc.h) as a character
 * device, with the session and the foreground process group that signals go
 * to.
 *
 * tty.lock guards all of it. It is let go while a reader sleeps, so a reader
 * never keeps a writer waiting, nor the other way round. Input is treated in
 * the interrupt handler; what it asks for that needs other locks (signals, the
 * process dump) is remembered and done afterwards, by tty_act.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct serial_port;
struct tty;

/* For serial.c. A terminal for a new port: ttyS0, ttyS1 ... 0 or -ENOMEM. */
int tty_add(struct serial_port *port, struct tty **out);
struct serial_port *tty_find_port(int node);
void tty_set_console(struct tty *t);
/* Bytes came in. Throttles the port when there is no more room. */
void tty_input(struct tty *t, const unsigned char *p, unsigned n);
/* There is room for output again. */
void tty_output_ready(struct tty *t);
/* Does what input asked for; no lock is held. */
void tty_act(struct tty *t);

/* Makes /dev/tty, /dev/console and /dev/ttyS*. After dev_probe_all and when
 * devices can be registered. */
void tty_init(void);

/*
 * For the process code: the leader of session sid is gone. The terminal is
 * given up, its foreground group gets SIGHUP and SIGCONT.
 */
void tty_session_end(int sid);
/* The controlling terminal of a session as a device number, 0: none. pgrp
 * gets its foreground group. For /proc. */
uint64_t tty_of_session(int sid, int *pgrp);
