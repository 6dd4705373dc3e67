/*
 * A break on the console, and the key behind it: what one asks of a kernel
 * whose programs do not answer. See sysrq.c.
 */
#pragma once

#include <stdbool.h>

/* Does what the key asks for, or says which keys there are. Called from an
 * interrupt handler, with no lock held. */
void sysrq_key(unsigned char key);
/* What ctrl-alt-del, and Del behind a break, do: restart the machine, or (as
 * long as nobody has said yes) send INT to init. For reboot(2). */
void sysrq_restart_at_once(bool yes);
/* Starts the thread for what has to wait. */
void sysrq_init(void);
