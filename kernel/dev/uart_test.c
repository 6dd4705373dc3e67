/*
 * The driver of the 16550 family, and what serial lines share, against a model
 * of the chip: the plain one, the DesignWare one with 32-bit registers, the
 * PXA's. Bytes go both ways by interrupts and by polling, and what is known to
 * go wrong does: a busy-detect interrupt, a timeout over an empty FIFO,
 * overrun, breaks, a chip that stands still, that vanishes, or reads as
 * anything.
 */
// host-test: -iquotetools/board -iquotekernel -DCONFIG_DEBUG=0 kernel/strl.c

#include "kernel/dev/serial.c"
#include "kernel/dev/uart16550.c"

#include "kernel/smp.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/uart_model_test.h"

static int failures;
static const char *doing = "";

#define CHECK(cond)                                                            \
	do {                                                                   \
		if (!(cond)) {                                                 \
			printf("FAIL %s:%d: %s (%s)\n", __FILE__, __LINE__,    \
			       #cond, doing);                                  \
			failures++;                                            \
		}                                                              \
	} while (0)

/* ---- the rest of the kernel: one thread, and the test's time ---- */

static struct hart first_hart;
static struct thread this_thread = { .hart = &first_hart };
struct thread *current_thread_register = &this_thread;
struct fdt machine_tree;

/* What the terminal got. */
static struct {
	uint8_t in[1u << 16];
	unsigned n, breaks, errors, ready;
	uint8_t bad;
} got;

static void (*console_put)(const char *text, size_t n);
static irq_handler handler;
static void *handler_arg;
static int irq_answer; /* of irq_request */
static bool polled;

uint64_t time_now(void)
{
	model_runs(now + 1000);
	return now;
}

void spin_init(struct spinlock *l, const char *name, enum lock_rank rank)
{
	l->locked = 0;
}

void spin_lock_contended(struct spinlock *l)
{
	abort();
}

void *kmalloc(size_t size, unsigned gfp)
{
	return calloc(1, size);
}

void kfree(void *p)
{
	free(p);
}

void printk(enum printk_level level, const char *fmt, ...)
{
}

void printk_set_console(void (*write)(const char *text, size_t n))
{
	console_put = write;
}

bool bootarg(const char *name, char *buf, size_t size)
{
	return false;
}

void sbi_console_write(const char *text, uint64_t pa, size_t n)
{
}

size_t sbi_console_read(char *buf, uint64_t pa, size_t n)
{
	return 0;
}

void sysrq_key(unsigned char key)
{
}

static struct tty the_tty;

struct tty *tty_create(const struct tty_ops *ops, void *driver, dev_t dev,
		       const char *name)
{
	the_tty.ops = ops;
	the_tty.driver = driver;
	return &the_tty;
}

void tty_set_console(struct tty *t)
{
}

void tty_input(struct tty *t, const unsigned char *p, unsigned n)
{
	if (n > sizeof(got.in) - got.n)
		n = sizeof(got.in) - got.n;
	memcpy(got.in + got.n, p, n);
	got.n += n;
}

void tty_input_break(struct tty *t)
{
	got.breaks++;
}

void tty_input_error(struct tty *t, unsigned char c)
{
	got.errors++;
	got.bad = c;
}

void tty_output_ready(struct tty *t)
{
	got.ready++;
}

void tty_act(struct tty *t)
{
}

int irq_request(struct device *dev, unsigned n, irq_handler fn, void *arg,
		const char *name)
{
	handler = fn;
	handler_arg = arg;
	return irq_answer;
}

int irq_poll_add(irq_handler fn, void *arg, const char *name)
{
	handler = fn;
	handler_arg = arg;
	polled = true;
	return 0;
}

/* The device tree's node, as far as the driver asks. */
static struct {
	const char *compatible;
	uint32_t shift, width, offset, size;
	bool has_shift;
} node;

volatile void *device_reg(struct device *dev, unsigned n, size_t want)
{
	return n || want > node.size ? NULL : REGS;
}

uint32_t device_u32(const struct device *dev, const char *property,
		    uint32_t otherwise)
{
	if (!strcmp(property, "reg-shift"))
		return node.has_shift ? node.shift : otherwise;
	if (!strcmp(property, "reg-io-width"))
		return node.width ? node.width : otherwise;
	if (!strcmp(property, "reg-offset"))
		return node.offset ? node.offset : otherwise;
	return otherwise;
}

bool fdt_has_prop(const struct fdt *t, const struct fdt_node *n,
		  const char *name)
{
	return node.has_shift && !strcmp(name, "reg-shift");
}

bool fdt_is_compatible(const struct fdt *t, const struct fdt_node *n,
		       const char *c)
{
	return !strcmp(node.compatible, c);
}

/* ---- the tests ---- */

static struct device device;
static struct serial_port *port;

/* Nothing that a manual forbids was done. */
static void rules_kept(void)
{
	if (m.n_broken)
		printf("FAIL %s: broken rule: %s, %u in all\n", doing, m.broken,
		       m.n_broken);
	failures += m.n_broken != 0;
	m.n_broken = 0;
}

static int probe(void)
{
	int err;

	if (port) {
		free(port->out);
		free(container_of(port, struct uart16550, port));
	}
	port = NULL;
	memset(&device, 0, sizeof(device));
	memset(&got, 0, sizeof(got));
	memset(ports, 0, sizeof(ports));
	console = NULL;
	polled = false;
	handler = NULL;
	device.name = "serial";
	device.n_regs = 1;
	device.regs[0].size = node.size;
	err = uart16550_driver.probe(&device);
	port = ports[0];
	console = port;
	return err;
}

static const struct chip {
	const char *compatible;
	enum kind kind;
	unsigned shift, width, fifo;
} chips[] = {
	{ "ns16550a", K_16550, 0, 1, 16 },
	{ "ns16550a", K_16550, 2, 4, 16 }, /* PolarFire */
	{ "ns16550", K_16550, 2, 1, 16 },
	{ "ns16550a", K_16550, 1, 2, 16 },
	{ "ns8250", K_8250, 0, 1, 1 },
	{ "snps,dw-apb-uart", K_DW, 2, 4, 16 }, /* JH7110 */
	{ "snps,dw-apb-uart", K_DW, 2, 4, 32 },
	{ "snps,dw-apb-uart", K_DW, 2, 1, 64 },
	{ "intel,xscale-uart", K_PXA, 2, 4, 64 }, /* K1 */
};

static void begin(const struct chip *c, const char *what)
{
	static char text[100];

	snprintf(text, sizeof(text), "%s, %s, stride %u, width %u", what,
		 c->compatible, 1u << c->shift, c->width);
	doing = text;
	model_power_on(c->kind, c->shift, c->width, c->fifo);
	memset(&node, 0, sizeof(node));
	node.compatible = c->compatible;
	node.shift = c->shift;
	node.has_shift = true;
	node.width = c->width;
	node.size = 0x100;
	irq_answer = 0;
	CHECK(!probe() && port);
	rules_kept();
}

static const struct chip *const dw = &chips[5], *const pxa = &chips[8];

/* The controller asks as long as the wire is up: how often? At 20,000 times
 * in vain it calls it a storm. */
static unsigned interrupts_until_quiet(void)
{
	unsigned n = 0, vain = 0;

	while (line_asserted() && n < 50000) {
		vain = handler(handler_arg) ? 0 : vain + 1;
		n++;
		CHECK(vain < 10);
		if (vain >= 10)
			break;
	}
	return n;
}

/* Time in which the line works, and interrupts are taken. */
static unsigned live(uint64_t ns)
{
	uint64_t until = now + ns;
	unsigned n = 0;

	while (now < until) {
		model_runs(now + BYTE_NS / 3);
		if (polled)
			handler(handler_arg);
		else
			n += interrupts_until_quiet();
	}
	return n;
}

static void says(const char *text, unsigned n, unsigned at)
{
	CHECK(m.n_out >= at + n && !memcmp(m.out + at, text, n));
}

static void works(void)
{
	unsigned out = m.n_out, in = got.n;
	char text[3000];
	unsigned sent = 0, calls;

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 23);
	while (sent < sizeof(text)) {
		sent += the_tty.ops->write(&the_tty,
					   (const unsigned char *)text + sent,
					   (unsigned)sizeof(text) - sent);
		live(NSEC_PER_MSEC);
	}
	calls = live(3100 * BYTE_NS);
	CHECK(m.n_out == out + sizeof(text));
	says(text, sizeof(text), out);
	CHECK(calls < 3100);
	/* And nothing more is wanted of it. */
	CHECK(!live(100 * NSEC_PER_MSEC));
	for (unsigned i = 0; i < 500; i++) {
		line_sends((uint8_t)(i * 3), 0);
		live(1);
	}
	live(20 * BYTE_NS);
	CHECK(got.n == in + 500);
	for (unsigned i = 0; i < 500; i++)
		CHECK(got.in[in + i] == (uint8_t)(i * 3));
	CHECK(!m.lost);
	rules_kept();
}

static void test_both_ways(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(chips); i++) {
		begin(&chips[i], "both ways");
		CHECK(port->has_irq && !polled);
		works();
		got.ready = 0;
		while (the_tty.ops->room(&the_tty))
			the_tty.ops->write(&the_tty,
					   (const unsigned char *)"full", 4);
		m.stuck = true;
		live(10 * BYTE_NS);
		CHECK(!got.ready);
		m.stuck = false;
		live(2300 * BYTE_NS); /* more than half of it is out */
		CHECK(got.ready);
		/* A message takes what is left; whoever waits for the end hears
		 * of it. */
		serial_choose_console(-1);
		got.ready = 0;
		console_write("x", 1);
		CHECK(!serial_queued(port));
		live(100 * BYTE_NS);
		CHECK(got.ready && got.ready < 20);
		m.n_out = 0;
		CHECK(!strcmp(port->kind,
			      chips[i].kind == K_DW ? "dw-apb" : "ns16550"));

		begin(&chips[i], "by polling");
		irq_answer = -ENOENT;
		CHECK(!probe() && polled && !port->has_irq);
		works();
		CHECK(!(m.ier & 0x0f));
		/* Nobody is woken for nothing. */
		got.ready = 0;
		for (unsigned k = 0; k < 100; k++)
			handler(handler_arg);
		CHECK(!got.ready);
	}
}

/* A single key is heard without seven more. */
static void test_one_key(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(chips); i++) {
		begin(&chips[i], "one key");
		line_sends('x', 0);
		live(6 * BYTE_NS);
		CHECK(got.n == 1 && got.in[0] == 'x');
		rules_kept();
	}
}

/* What the firmware wrote last is not lost, and it may use the chip again. */
static void test_firmware(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(chips); i++) {
		begin(&chips[i], "left by firmware");
		model_power_on(chips[i].kind, chips[i].shift, chips[i].width,
			       chips[i].fifo);
		memcpy(m.tx, "bye", m.n_tx = MIN(chips[i].fifo, 3u));
		m.ier |= 0x0f;
		m.fcr = chips[i].fifo > 1;
		CHECK(!probe());
		rules_kept();
		live(5 * BYTE_NS);
		says("bye", MIN(chips[i].fifo, 3u), 0);
		m.n_out = 0;
		works();
		CHECK(m.lcr == 3);
	}
}

/* Messages wait for the chip, behind what programs wrote. */
static void test_messages(void)
{
	begin(dw, "messages");
	serial_choose_console(-1);
	CHECK(console == port && console_put);
	the_tty.ops->write(&the_tty, (const unsigned char *)"program ", 8);
	console_write("kernel\n", 7);
	live(20 * BYTE_NS);
	says("program kernel\r\n", 16, 0);
	rules_kept();

	/* The line stands still: that is waited for once. */
	m.stuck = true;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t began = now;

		console_write("not heard by anybody\n", 21);
		CHECK(now - began < (i ? NSEC_PER_SEC : 3 * NSEC_PER_SEC));
	}
	m.stuck = false;
	live(100 * BYTE_NS);
	m.n_out = 0;
	works();
}

/* LCR is written while the chip is busy: an interrupt that only a read of the
 * status ends. */
static void test_busy_detect(void)
{
	unsigned reads;

	begin(dw, "busy detect");
	the_tty.ops->write(&the_tty, (const unsigned char *)"0123456789", 10);
	firmware_sets_line(0x1b);
	CHECK(m.busy_detect && line_asserted());
	live(20 * BYTE_NS);
	CHECK(!m.busy_detect && m.usr_reads == 1);
	CHECK(!line_asserted());
	works();

	/* With bytes coming in and going out, again and again. */
	for (unsigned i = 0; i < 100; i++) {
		the_tty.ops->write(&the_tty, (const unsigned char *)"abc", 3);
		firmware_sets_line(0x13);
		line_sends((uint8_t)i, 0);
		live(i * BYTE_NS / 7);
	}
	live(10 * BYTE_NS);
	CHECK(got.n == 600 && !m.busy_detect);

	/* It does not end: what the controller needs to see a storm. */
	m.busy_detect = m.busy_stays = true;
	reads = m.reads;
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!handler(handler_arg));
	CHECK(m.reads - reads < 20000);
	m.busy_stays = false;
	handler(handler_arg);
	CHECK(!m.busy_detect);
	works();

	/* Too few registers for it: the status is not touched. */
	begin(dw, "no status register");
	node.size = 0x20;
	CHECK(!probe());
	CHECK(!strcmp(port->kind, "ns16550"));
	works();
	CHECK(!m.usr_reads);
}

static void test_empty_timeout(void)
{
	begin(dw, "timeout over an empty FIFO");
	m.timeout_empty = true;
	CHECK(line_asserted());
	CHECK(interrupts_until_quiet() == 1);
	CHECK(!got.n && m.empty_reads == 1);
	works();
	/* It is not taken for one while a byte is there. */
	m.empty_reads = 0;
	m.timeout_empty = true;
	line_sends('k', 0);
	live(BYTE_NS);
	CHECK(got.in[got.n - 1] == 'k' && !m.empty_reads);
}

static void test_overrun(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(chips); i++) {
		struct uart16550 *u;

		begin(&chips[i], "overrun");
		u = device.priv;
		for (unsigned k = 0; k < chips[i].fifo + 5; k++)
			line_sends((uint8_t)('A' + k), 0);
		CHECK(m.lost == 5);
		live(6 * BYTE_NS);
		CHECK(got.n == chips[i].fifo && u->n_overruns == 1);
		for (unsigned k = 0; k < got.n; k++)
			CHECK(got.in[k] == (uint8_t)('A' + k));
		m.lost = 0;
		works();
	}
}

static void test_marks(void)
{
	begin(dw, "damaged bytes");
	line_sends('a', 0);
	line_sends('?', 0x08);
	line_sends('b', 0);
	line_sends('!', 0x04);
	live(6 * BYTE_NS);
	CHECK(got.n == 2 && !memcmp(got.in, "ab", 2));
	CHECK(got.errors == 2 && got.bad == '!');
	/* The first break is for the kernel, a second for programs. */
	line_sends(0, 0x18);
	live(6 * BYTE_NS);
	CHECK(!got.breaks && port->sysrq_until);
	line_sends(0, 0x18);
	live(6 * BYTE_NS);
	CHECK(got.breaks == 1 && got.n == 2);
	works();
}

/* Nobody reads: bytes wait in the chip, without an interrupt for each. */
static void test_throttled(void)
{
	begin(dw, "throttled");
	the_tty.ops->throttle(&the_tty, true);
	for (unsigned i = 0; i < 10; i++)
		line_sends((uint8_t)('0' + i), 0);
	CHECK(!line_asserted() && !live(10 * BYTE_NS) && !got.n);
	the_tty.ops->throttle(&the_tty, false);
	live(6 * BYTE_NS);
	CHECK(got.n == 10 && !memcmp(got.in, "0123456789", 10));
	/* Output goes on meanwhile. */
	the_tty.ops->throttle(&the_tty, true);
	the_tty.ops->write(&the_tty, (const unsigned char *)"going on", 8);
	live(20 * BYTE_NS);
	says("going on", 8, 0);
	the_tty.ops->throttle(&the_tty, false);
	m.n_out = 0;
	works();
}

/* The unit of the PXA's is never switched off, whatever is wanted of it. */
static void test_pxa(void)
{
	begin(pxa, "unit enable");
	CHECK(m.ier == 0x51);
	the_tty.ops->throttle(&the_tty, true);
	CHECK(m.ier == 0x40);
	the_tty.ops->throttle(&the_tty, false);
	CHECK(m.ier == 0x51);
}

static void test_dead(void)
{
	uint64_t began;

	begin(dw, "vanished");
	m.ones = true;
	began = now;
	the_tty.ops->write(&the_tty, (const unsigned char *)"lost", 4);
	console_write("lost\n", 5);
	for (unsigned i = 0; i < 100; i++)
		handler(handler_arg);
	CHECK(!got.n && now - began < 3 * NSEC_PER_SEC);
	m.ones = false;
	handler(handler_arg);
	live(20 * BYTE_NS);
	m.n_out = 0;
	works();

	doing = "nothing there";
	m.ones = true;
	CHECK(probe() == -ENODEV && !port);

	for (uint32_t seed = 0; seed < 300; seed++) {
		begin(&chips[seed % ARRAY_SIZE(chips)], "lies");
		rand_state = seed;
		m.lies = 2 + seed / 4;
		began = now;
		for (unsigned i = 0; i < 50; i++) {
			the_tty.ops->write(&the_tty,
					   (const unsigned char *)"text", 4);
			line_sends((uint8_t)i, 0);
			if (handler)
				handler(handler_arg);
			console_write("x\n", 2);
		}
		CHECK(now - began < 60 * NSEC_PER_SEC);
	}
}

/* Trees that say what cannot be. */
static void test_layout(void)
{
	static const struct {
		uint32_t shift, width, offset, size;
		bool has_shift, taken;
	} t[] = {
		{ 0, 4, 0, 0x100, false, true }, /* 4 bytes apart, then */
		{ 0, 4, 0, 0x100, true, false }, /* they would overlap */
		{ 0, 2, 0, 0x100, true, false },
		{ 5, 4, 0, 0x1000, true, false },
		{ 2, 3, 0, 0x100, true, false },
		{ 2, 8, 0, 0x100, true, false },
		{ 2, 4, 0x1004, 0x2000, true, false },
		{ 2, 4, 2, 0x100, true, false },
		{ 2, 4, 0x100, 0x200, true, true },
		{ 2, 4, 0, 0x1c, true, false },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		begin(dw, "layout");
		model_power_on(K_DW, 2, 4, 16);
		node.shift = t[i].shift;
		node.width = t[i].width;
		node.offset = m.offset = t[i].offset;
		node.size = t[i].size;
		node.has_shift = t[i].has_shift;
		CHECK(!probe() == t[i].taken);
		if (port)
			works();
		else
			CHECK(!m.reads && !m.writes);
	}
}

int main(void)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} tests[] = {
		{ "both ways", test_both_ways },
		{ "one key", test_one_key },
		{ "left by firmware", test_firmware },
		{ "messages", test_messages },
		{ "busy detect", test_busy_detect },
		{ "timeout over an empty FIFO", test_empty_timeout },
		{ "overrun", test_overrun },
		{ "marks", test_marks },
		{ "throttled", test_throttled },
		{ "PXA", test_pxa },
		{ "dead", test_dead },
		{ "layout", test_layout },
	};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(tests); i++) {
		int before = failures;

		tests[i].fn();
		printf("%s %s\n", failures == before ? "ok" : "FAIL",
		       tests[i].name);
	}
	if (port) {
		free(port->out);
		free(container_of(port, struct uart16550, port));
	}
	return failures ? 1 : 0;
}
