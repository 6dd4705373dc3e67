/*
 * A serial line: what all UART drivers and the firmware's console have in
 * common. A driver moves bytes to and from its chip without waiting; the ring
 * of bytes that wait for the chip, throttling, polling and the way for kernel
 * messages are here. A terminal (tty.h) sits on top of each line.
 *
 * Bytes go to the chip at once as long as it takes them; only when it is full
 * does the transmit interrupt do the rest. Kernel messages are written by
 * polling, behind what the ring holds, so they neither overtake nor cut what
 * a program wrote.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/lock.h"

struct device;
struct serial_port;
struct tty;

#define SERIAL_OUT_SIZE 8192u /* a power of two */
/* Kept free by programs, for echo. */
#define SERIAL_ECHO_ROOM 2048u
/* Bytes of input that wait for a reader; more wait in the chip and before. */
#define SERIAL_IN_MAX (512u * 1024)
#define SERIAL_MAX    8 /* ports, /dev/ttyS0 ... */

struct serial_ops {
	/* Hands up to n bytes to the chip without waiting; how many it took.
	 * port->lock is held. */
	unsigned (*send)(struct serial_port *port, const unsigned char *p,
			 unsigned n);
	/* Takes up to n bytes that came in, those before what it tells by
	 * port->rx_what. port->rx_lock is held. */
	unsigned (*receive)(struct serial_port *port, unsigned char *p,
			    unsigned n);
	/* Which interrupts are wanted; port->lock is held. NULL: it has none.
	 */
	void (*interrupts)(struct serial_port *port, bool rx, bool tx);
	/* Is an interrupt pending? Also quiets what needs no more. NULL: ask
	 * `receive`. */
	bool (*pending)(struct serial_port *port);
};

/* What is no byte of input; SERIAL_BAD: port->rx_bad came damaged. */
enum serial_what { SERIAL_NOTHING, SERIAL_BREAK, SERIAL_BAD };

struct serial_port {
	const struct serial_ops *ops; /* [I] */
	void *priv;                   /* [I] the driver's */
	int node;                     /* [I] of the tree, -1: none */
	bool has_irq;                 /* [I] interrupts are delivered */
	const char *kind;             /* [I] "ns16550", for messages */
	struct tty *tty;              /* [I] */
	struct spinlock lock;         /* the ring, the chip's transmit side */
	unsigned char *out;           /* [lock] SERIAL_OUT_SIZE bytes */
	uint32_t out_rd, out_wr;      /* [lock] */
	bool stopped;                 /* [lock] by ^S */
	bool stuck, lock_lost;        /* waited for in vain: the chip, lock */
	bool throttled;               /* [lock] receives nothing for now */
	bool tx_on;                   /* [lock] transmit interrupt is on */
	bool behind;                  /* [lock] one may wait for room, or the end */
	struct spinlock rx_lock;      /* one receiver at a time */
	enum serial_what rx_what;     /* [rx_lock] */
	unsigned char rx_bad;         /* [rx_lock] */
	uint64_t sysrq_until;         /* [rx_lock] a key is for sysrq; or 0 */
	uint32_t sysrq_key;           /* atomic: to be done, or 0 */
	uint64_t n_rx, n_tx;          /* bytes, for /proc */
};

/* Fills in a port; the driver has set ops, priv, node, kind, has_irq. Makes
 * its terminal. From then on it is written to. 0 or -ENOMEM. */
int serial_add(struct serial_port *port);
/* The handler of the port's interrupt, and what polls it. arg: the port. */
bool serial_interrupt(void *arg);

/* The user asked for the firmware's console (boot argument console=sbi, or
 * hvc0): no driver may touch the chip that the firmware prints through. */
bool serial_left_to_firmware(void);

/*
 * The port that talks to the user: the one that the boot argument console=
 * names, else that of tree node `node`, else the first one, else a new one on
 * the firmware's console. Kernel messages go there from now on.
 */
void serial_choose_console(int node);
/* NULL before it was chosen. */
struct serial_port *serial_console(void);
/* Bytes that wait for the chip. */
unsigned serial_queued(struct serial_port *port);
