/*
 * Pseudo terminals: what a program writes to the master was typed at the
 * terminal (the slave), and what programs write there the master reads. See
 * pty.c.
 */
#pragma once

/* Makes /dev/ptmx. After tty_init. */
void pty_init(void);
