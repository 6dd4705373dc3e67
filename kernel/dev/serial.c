/*
 * See serial.h. port->lock has the rank of the console because printk, which
 * may be called with any lock held, writes through it: nothing is locked,
 * woken or printed under it. Writers that wait for room are woken afterwards,
 * under the terminal's lock, from the interrupt handler.
 */
#include "kernel/dev/serial.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/cpu.h"
#include "kernel/dev/irq.h"
#include "kernel/dev/sysrq.h"
#include "kernel/dev/tty.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/riscv.h"
#include "kernel/string.h"
#include "kernel/time.h"
#include "sbi/dbcn.h"

#define MASK (SERIAL_OUT_SIZE - 1)
/* A chip that takes no byte for so long is given up, and not waited for again
 * until it takes one. So long a terminal behind an emulator may make it wait. */
#define STUCK_NS (2 * NSEC_PER_SEC)
/* Bytes taken from the chip by one interrupt; then others may run. */
#define RX_LIMIT 4096u
/* A key comes so soon after a break, or it is a program's. */
#define SYSRQ_TIME (5 * NSEC_PER_SEC)

_Static_assert((SERIAL_OUT_SIZE & MASK) == 0, "a power of two");

static struct serial_port *console;
static struct serial_port *ports[SERIAL_MAX];

static unsigned queued(const struct serial_port *port)
{
	return port->out_wr - port->out_rd;
}

static void set_tx(struct serial_port *port, bool on)
{
	if (!port->has_irq || port->tx_on == on)
		return;
	port->tx_on = on;
	port->ops->interrupts(port, !port->throttled, on);
}

/*
 * The interrupt is switched off by its handler alone: it is what wakes the
 * writers, whoever else made the room.
 */
static void want_tx(struct serial_port *port)
{
	if (queued(port) && !port->stopped)
		set_tx(port, true);
}

/* Gives the chip what it takes. */
static void push(struct serial_port *port)
{
	while (queued(port) && !port->stopped) {
		uint32_t at = port->out_rd & MASK;
		unsigned n, sent;

		n = MIN(queued(port), SERIAL_OUT_SIZE - at);
		sent = port->ops->send(port, port->out + at, n);
		port->out_rd += sent;
		port->n_tx += sent;
		if (!sent)
			break;
	}
}

/* Waits a moment for the chip, which took `sent` bytes; false: it is stuck.
 * last: when it took one. */
static bool may_wait(struct serial_port *port, unsigned sent, uint64_t *last)
{
	if (sent) {
		*last = time_now();
		port->stuck = false;
	} else if (time_now() - *last > STUCK_NS) {
		port->stuck = true;
	}
	cpu_relax();
	return !port->stuck;
}

/* The same by waiting for the chip. */
static void push_all(struct serial_port *port)
{
	uint64_t last = time_now();

	while (queued(port) && !port->stopped) {
		uint32_t before = port->out_rd;

		push(port);
		if (!may_wait(port, port->out_rd - before, &last))
			return;
	}
}

static unsigned put(struct serial_port *port, const unsigned char *p,
		    unsigned n, unsigned keep)
{
	unsigned room, done = 0;

	spin_lock(&port->lock);
	if (!queued(port))
		port->out_rd = port->out_wr = 0; /* one run, no wrap */
	room = SERIAL_OUT_SIZE - queued(port);
	room = room > keep ? room - keep : 0;
	n = MIN(n, room);
	while (done < n) {
		uint32_t at = port->out_wr & MASK;
		unsigned part = MIN(n - done, SERIAL_OUT_SIZE - at);

		memcpy(port->out + at, p + done, part);
		port->out_wr += part;
		done += part;
	}
	if (port->has_irq)
		push(port);
	else
		push_all(port);
	want_tx(port);
	port->behind |= queued(port) != 0;
	spin_unlock(&port->lock);
	return done;
}

/* ---- what the terminal asks for: struct tty_ops ---- */

static unsigned serial_write(struct tty *t, const unsigned char *p, unsigned n)
{
	return put(t->driver, p, n, SERIAL_ECHO_ROOM);
}

static unsigned serial_echo(struct tty *t, const unsigned char *p, unsigned n)
{
	return put(t->driver, p, n, 0);
}

unsigned serial_queued(struct serial_port *port)
{
	unsigned n;

	spin_lock(&port->lock);
	n = queued(port);
	spin_unlock(&port->lock);
	return n;
}

static unsigned line_queued(struct tty *t)
{
	return serial_queued(t->driver);
}

static unsigned serial_echo_room(struct tty *t)
{
	return SERIAL_OUT_SIZE - line_queued(t);
}

static unsigned serial_room(struct tty *t)
{
	unsigned n = serial_echo_room(t);

	return n > SERIAL_ECHO_ROOM ? n - SERIAL_ECHO_ROOM : 0;
}

static void serial_flush(struct tty *t)
{
	struct serial_port *port = t->driver;

	spin_lock(&port->lock);
	port->out_rd = port->out_wr;
	spin_unlock(&port->lock);
}

static void serial_stop(struct tty *t, bool stop)
{
	struct serial_port *port = t->driver;

	spin_lock(&port->lock);
	port->stopped = stop;
	if (!stop)
		push(port);
	want_tx(port);
	spin_unlock(&port->lock);
}

static void serial_throttle(struct tty *t, bool throttle)
{
	struct serial_port *port = t->driver;

	spin_lock(&port->lock);
	port->throttled = throttle;
	if (port->has_irq)
		port->ops->interrupts(port, !throttle, port->tx_on);
	spin_unlock(&port->lock);
}

static const struct tty_ops serial_tty_ops = {
	.write = serial_write,
	.echo = serial_echo,
	.room = serial_room,
	.echo_room = serial_echo_room,
	.queued = line_queued,
	.flush = serial_flush,
	.stop = serial_stop,
	.throttle = serial_throttle,
	.line = true,
	.in_max = SERIAL_IN_MAX,
};

/* ---- interrupts ---- */

/* The first byte after a break on the console is not for programs. */
static void feed(struct serial_port *port, const unsigned char *p, unsigned n)
{
	if (port->sysrq_until && n) {
		if (time_now() < port->sysrq_until) {
			WRITE_ONCE(port->sysrq_key, *p);
			p++;
			n--;
		}
		port->sysrq_until = 0;
	}
	if (n)
		tty_input(port->tty, p, n);
}

/* Two of them in a row are one for programs. */
static void got_break(struct serial_port *port)
{
	if (port == console && !port->sysrq_until) {
		port->sysrq_until = time_now() + SYSRQ_TIME;
		return;
	}
	port->sysrq_until = 0;
	tty_input_break(port->tty);
}

static bool take_input(struct serial_port *port)
{
	unsigned char buf[64];
	unsigned n, all = 0;

	/* Where polling and interrupts meet, the order of bytes must stay. */
	if (!spin_trylock(&port->rx_lock))
		return false;
	while (all < RX_LIMIT && !READ_ONCE(port->throttled)) {
		port->rx_what = SERIAL_NOTHING;
		n = port->ops->receive(port, buf, sizeof(buf));
		if (!n && port->rx_what == SERIAL_NOTHING)
			break;
		all += n + (port->rx_what != SERIAL_NOTHING);
		feed(port, buf, n);
		if (port->rx_what == SERIAL_BREAK)
			got_break(port);
		else if (port->rx_what == SERIAL_BAD)
			tty_input_error(port->tty, port->rx_bad);
	}
	port->n_rx += all;
	spin_unlock(&port->rx_lock);
	return all;
}

bool serial_interrupt(void *arg)
{
	struct serial_port *port = arg;
	unsigned before, after;
	bool useful, wake;

	useful = port->ops->pending && port->ops->pending(port);
	useful |= take_input(port);
	spin_lock(&port->lock);
	before = queued(port);
	push(port);
	after = queued(port);
	set_tx(port, after && !port->stopped);
	/* Not each time: who is woken by every poll keeps the harts awake. */
	wake = port->behind && after < SERIAL_OUT_SIZE / 2;
	port->behind &= after != 0;
	spin_unlock(&port->lock);
	if (wake)
		tty_output_ready(port->tty);
	tty_act(port->tty);
	if (READ_ONCE(port->sysrq_key))
		sysrq_key(__atomic_exchange_n(&port->sysrq_key, 0,
					      __ATOMIC_RELAXED));
	return useful || before != after;
}

/* ---- kernel messages ---- */

static void emit(struct serial_port *port, const unsigned char *p, unsigned n)
{
	uint64_t last = time_now();

	while (n) {
		unsigned sent = port->ops->send(port, p, n);

		p += sent;
		n -= sent;
		if (!may_wait(port, sent, &last))
			return;
	}
}

static void console_write(const char *text, size_t n)
{
	struct serial_port *port = console;
	const unsigned char *p = (const unsigned char *)text;
	uint64_t start = time_now();
	bool locked;

	/*
	 * Should the lock never come free (its holder crashed), a garbled
	 * message is better than none; then it is waited for no more.
	 */
	while (!(locked = spin_trylock(&port->lock)) && !port->lock_lost) {
		port->lock_lost = time_now() - start > 2 * STUCK_NS;
		cpu_relax();
	}
	port->lock_lost = !locked;
	if (locked)
		push_all(port);
	while (n) {
		const unsigned char *nl = memchr(p, '\n', n);
		unsigned part = (unsigned)(nl ? (size_t)(nl - p) : n);

		emit(port, p, part);
		p += part;
		n -= part;
		if (nl) {
			emit(port, (const unsigned char *)"\r\n", 2);
			p++;
			n--;
		}
	}
	if (locked)
		spin_unlock(&port->lock);
}

/* ---- the firmware's console as a line ---- */

struct firmware_port {
	struct serial_port port;
	char in[64]; /* the firmware needs a physical address */
};

static unsigned firmware_send(struct serial_port *port, const unsigned char *p,
			      unsigned n)
{
	sbi_console_write((const char *)p, va_to_pa(p), n);
	return n;
}

static unsigned firmware_receive(struct serial_port *port, unsigned char *p,
				 unsigned n)
{
	struct firmware_port *fp = port->priv;

	n = MIN(n, (unsigned)sizeof(fp->in));
	n = (unsigned)sbi_console_read(fp->in, va_to_pa(fp->in), n);
	memcpy(p, fp->in, n);
	return n;
}

static const struct serial_ops firmware_ops = {
	.send = firmware_send,
	.receive = firmware_receive,
};

static struct serial_port *firmware_port_make(void)
{
	struct firmware_port *fp = kzalloc(sizeof(*fp), GFP_KERNEL);

	if (!fp)
		return NULL;
	fp->port.ops = &firmware_ops;
	fp->port.priv = fp;
	fp->port.node = -1;
	fp->port.kind = "firmware";
	if (serial_add(&fp->port) ||
	    irq_poll_add(serial_interrupt, &fp->port, "firmware console")) {
		pr_err("no memory for a console\n");
		return NULL;
	}
	return &fp->port;
}

/* ---- ports ---- */

struct serial_port *serial_console(void)
{
	return console;
}

int serial_add(struct serial_port *port)
{
	char name[12];
	unsigned i = 0;

	while (i < SERIAL_MAX && ports[i])
		i++;
	if (i == SERIAL_MAX)
		return -ENOMEM;
	spin_init(&port->lock, "serial", RANK_CONSOLE);
	spin_init(&port->rx_lock, "serial_rx", RANK_DEVICE);
	port->out = kmalloc(SERIAL_OUT_SIZE, GFP_KERNEL);
	if (!port->out)
		return -ENOMEM;
	port->out_rd = port->out_wr = 0;
	snprintf(name, sizeof(name), "ttyS%u", i);
	port->tty = tty_create(&serial_tty_ops, port, ABI_DEV(4, 64 + i), name);
	if (!port->tty) {
		kfree(port->out);
		return -ENOMEM;
	}
	ports[i] = port;
	return 0;
}

/* The word behind console=, without the speed that may follow; "" if none. */
static void console_wanted(char *name, size_t size)
{
	if (!bootarg("console", name, size))
		*name = '\0';
	for (; *name; name++)
		if (*name == ',')
			*name = '\0';
}

bool serial_left_to_firmware(void)
{
	char name[16];

	console_wanted(name, sizeof(name));
	return !strcmp(name, "sbi") || !strcmp(name, "hvc0");
}

static struct serial_port *console_find(int node)
{
	struct serial_port *port = NULL;
	char name[16];

	if (serial_left_to_firmware())
		return NULL;
	console_wanted(name, sizeof(name));
	for (unsigned i = 0; i < SERIAL_MAX; i++)
		if (ports[i] && *name && !strcmp(ports[i]->tty->name, name))
			return ports[i];
		else if (ports[i] && node >= 0 && ports[i]->node == node)
			port = ports[i];
	if (*name)
		pr_warn("console=%s: there is no such port\n", name);
	if (!port)
		port = ports[0];
	if (!port)
		pr_warn("no serial port that is known: the firmware's console "
			"is used\n");
	return port;
}

void serial_choose_console(int node)
{
	struct serial_port *port = console_find(node);

	if (!port)
		port = firmware_port_make();
	if (!port)
		return;
	console = port;
	tty_set_console(port->tty);
	pr_info("console: %s (%s)\n", port->tty->name, port->kind);
	/* The firmware port: printk talks to the firmware by itself. */
	if (port->ops != &firmware_ops)
		printk_set_console(console_write);
}
