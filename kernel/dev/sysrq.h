/*
 * A break on the console, and the key behind it: what one asks of a kernel
 * whose programs do not answer. See sysrq.c.
 */
#pragma once

/* Does what the key asks for, or says which keys there are. Called from an
 * interrupt handler, with no lock held. */
void sysrq_key(unsigned char key);
/* Starts the thread for what has to wait. */
void sysrq_init(void);
