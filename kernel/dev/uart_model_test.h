/*
 * The registers of an UART of the 16550 family, made from what the manuals of
 * chips that have one say: the National 16550, the DesignWare APB UART (its
 * 32-bit registers, the busy-detect interrupt and the status that ends it), and
 * the one of the PXA (the two bits more in IER). The model is strict: an access
 * of another width, a byte written into a full FIFO or a reserved bit set is a
 * broken rule. Its time is the test's own: a byte takes as long as ten bits at
 * 115200.
 *
 * For uart_test.c alone.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/time.h"

#define NEVER   UINT64_MAX
#define BYTE_NS UINT64_C(86805)

static uint64_t now;

enum kind { K_16550, K_8250, K_DW, K_PXA };

#define M_FIFO_MAX 64u

/* A byte that was received, with the marks it has in LSR. */
struct received {
	uint8_t c, marks;
};

static struct {
	/* What it is. */
	enum kind kind;
	unsigned shift, width, depth;
	unsigned offset; /* of the first register */
	/* Registers. */
	uint8_t ier, fcr, lcr, mcr, scr;
	bool overrun;
	bool busy_detect; /* LCR was written while it was busy */
	bool thre_told;   /* the THRE interrupt was seen in IIR */
	/* FIFOs: to the line, from it. */
	uint8_t tx[M_FIFO_MAX];
	unsigned n_tx, tx_head;
	uint64_t tx_done; /* when the byte in the shifter is out */
	bool shifting;
	uint8_t shifter;
	struct received rx[M_FIFO_MAX];
	unsigned n_rx;
	uint64_t rx_last; /* when a byte came or was taken */
	/* What goes wrong. */
	bool ones;          /* nothing answers */
	bool stuck;         /* nothing goes out any more */
	bool timeout_empty; /* a timeout without a byte, until a read */
	bool busy_stays;    /* reading the status does not end it */
	unsigned lies;      /* one read in so many is anything */
	/* For the tests. */
	uint8_t out[1u << 16];
	unsigned n_out;
	unsigned reads, writes, usr_reads, empty_reads, lost;
	char broken[100];
	unsigned n_broken;
} m;

static void broken(const char *rule, uint32_t v)
{
	if (!m.n_broken++)
		snprintf(m.broken, sizeof(m.broken), "%s (0x%x)", rule, v);
}

static uint32_t rand_state;

static uint32_t rnd(uint32_t below)
{
	rand_state = rand_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(rand_state >> 8) * below >> 24);
}

static bool fifos_on(void)
{
	return m.fcr & 1 && m.kind != K_8250;
}

static unsigned depth(void)
{
	return fifos_on() ? m.depth : 1;
}

/* Bytes that raise the interrupt, by the two bits of FCR. */
static unsigned trigger(void)
{
	static const unsigned plain[] = { 1, 4, 8, 14 };
	static const unsigned pxa[] = { 1, 8, 16, 32 };

	if (!fifos_on())
		return 1;
	if (m.kind == K_DW) /* one, a quarter, a half, two less than full */
		return m.fcr >> 6 == 0   ? 1
		       : m.fcr >> 6 == 3 ? m.depth - 2
					 : m.depth >> (3 - (m.fcr >> 6));
	return (m.kind == K_PXA ? pxa : plain)[m.fcr >> 6];
}

static bool unit_on(void)
{
	return m.kind != K_PXA || m.ier & 0x40;
}

/* The line goes on until then. */
static void model_runs(uint64_t until)
{
	for (;;) {
		if (!m.shifting) {
			if (!m.n_tx || m.stuck || !unit_on())
				break;
			m.shifter = m.tx[m.tx_head];
			m.tx_head = (m.tx_head + 1) % M_FIFO_MAX;
			m.n_tx--;
			m.shifting = true;
			m.tx_done = MAX(m.tx_done, now) + BYTE_NS;
			if (!m.n_tx)
				m.thre_told = false;
		}
		if (m.tx_done > until)
			break;
		now = MAX(now, m.tx_done);
		m.shifting = false;
		if (m.n_out < sizeof(m.out))
			m.out[m.n_out++] = m.shifter;
	}
	now = MAX(now, until);
}

/* A byte comes in: 0x10 a break, 0x08 framing, 0x04 parity. */
static void line_sends(uint8_t c, uint8_t marks)
{
	model_runs(now + BYTE_NS);
	if (!unit_on())
		return;
	if (m.n_rx == depth()) {
		m.overrun = true;
		m.lost++;
		return;
	}
	m.rx[m.n_rx++] = (struct received){ c, marks };
	m.rx_last = now;
}

static bool chip_is_busy(void)
{
	return m.shifting || m.n_tx;
}

/* What firmware might do: other settings for the line, at a bad moment. */
static void firmware_sets_line(uint8_t lcr)
{
	if (m.kind == K_DW && chip_is_busy())
		m.busy_detect = true; /* and the write is lost */
	else
		m.lcr = lcr;
}

static bool timed_out(void)
{
	if (m.timeout_empty)
		return true;
	if (m.kind == K_PXA && !(m.ier & 0x10))
		return false;
	return fifos_on() && m.n_rx && now - m.rx_last >= 4 * BYTE_NS;
}

/* Why there is an interrupt: the four bits of IIR, most urgent first. */
static uint8_t reason(void)
{
	uint8_t marks = m.n_rx ? m.rx[0].marks : 0;

	if (m.ier & 4 && (m.overrun || marks))
		return 0x06;
	if (m.ier & 1 && m.n_rx >= trigger())
		return 0x04;
	if (m.ier & 1 && timed_out())
		return 0x0c;
	if (m.ier & 2 && !m.n_tx && !m.thre_told)
		return 0x02;
	if (m.busy_detect)
		return 0x07;
	return 0x01;
}

/* The wire to the controller; MCR's OUT2 is a gate on boards of the old kind,
 * and the PXA's own. */
static bool line_asserted(void)
{
	model_runs(now);
	if (m.ones)
		return false;
	if ((m.kind == K_16550 || m.kind == K_PXA) && !(m.mcr & 8))
		return false;
	return reason() != 0x01;
}

static void model_power_on(enum kind kind, unsigned shift, unsigned width,
			   unsigned fifo)
{
	memset(&m, 0, sizeof(m));
	m.kind = kind;
	m.shift = shift;
	m.width = width;
	m.depth = fifo;
	m.lcr = 3;
	if (kind == K_PXA)
		m.ier = 0x40; /* as firmware that printed has left it */
}

/* ---- the registers ---- */

/* Where the driver thinks that they are. */
#define REGS ((volatile void *)0x5000000)

static unsigned register_at(const volatile void *p, unsigned width)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)REGS - m.offset;

	model_runs(now + 100);
	if (width != m.width)
		broken("access of another width", width);
	if (off % (1u << m.shift) || off >> m.shift > 63) {
		printf("FAIL access at %#lx: no register\n", (long)off);
		abort();
	}
	return (unsigned)(off >> m.shift);
}

static uint8_t take_byte(void)
{
	uint8_t c = 0;

	m.timeout_empty = false;
	if (!m.n_rx) {
		m.empty_reads++;
		return 0;
	}
	c = m.rx[0].c;
	memmove(m.rx, m.rx + 1, --m.n_rx * sizeof(m.rx[0]));
	m.rx_last = now;
	return c;
}

static uint8_t line_status(void)
{
	uint8_t v = !!m.n_rx;

	if (m.n_rx) {
		v |= m.rx[0].marks;
		m.rx[0].marks = 0; /* told once */
	}
	v |= m.overrun << 1;
	m.overrun = false;
	v |= (!m.n_tx) << 5 | (!m.n_tx && !m.shifting) << 6;
	return v;
}

static uint32_t model_read(const volatile void *p, unsigned width)
{
	unsigned r = register_at(p, width);
	uint32_t garbage = width == 4 ? 0xabcd00u : 0;
	uint8_t v;

	m.reads++;
	if (m.ones)
		return width == 4 ? ~0u : (1u << 8 * width) - 1;
	if (m.lies && !rnd(m.lies))
		return rnd(256);
	switch (r) {
	case 0:
		if (m.lcr & 0x80)
			broken("the divisor is read", r);
		return take_byte() | garbage;
	case 1:
		return m.ier | garbage;
	case 2:
		v = reason();
		if (v == 0x02)
			m.thre_told = true;
		return v | (fifos_on() ? 0xc0 : 0) | garbage;
	case 3:
		return m.lcr | garbage;
	case 4:
		return m.mcr | garbage;
	case 5:
		return line_status() | garbage;
	case 6:
		return 0xb0 | garbage;
	case 7:
		return m.scr | garbage;
	case 31:
		if (m.kind == K_DW) {
			m.usr_reads++;
			if (!m.busy_stays)
				m.busy_detect = false;
			return (uint32_t)chip_is_busy() | 0x6;
		}
		/* fall through */
	default:
		broken("read of no register", r);
		return 0;
	}
}

static void model_write(volatile void *p, uint32_t v, unsigned width)
{
	unsigned r = register_at(p, width);

	m.writes++;
	if (m.ones || (m.lies && !rnd(m.lies)))
		return;
	if (v > 0xff)
		broken("more than eight bits", v);
	switch (r) {
	case 0:
		if (m.n_tx == depth()) {
			broken("a byte for a full FIFO", v);
			return;
		}
		m.tx[(m.tx_head + m.n_tx++) % M_FIFO_MAX] = (uint8_t)v;
		m.thre_told = true; /* it is not pending now */
		break;
	case 1:
		if (v & (m.kind == K_PXA ? 0x80 : m.kind == K_DW ? 0x70 : 0xf0))
			broken("a reserved bit in IER", v);
		if (v & ~m.ier & 2)
			m.thre_told = false;
		m.ier = (uint8_t)v;
		break;
	case 2:
		if (m.kind == K_8250)
			break;
		/* What the FIFOs hold is lost when they are switched. */
		if ((v ^ m.fcr) & 1) {
			if (m.n_tx || m.shifting)
				broken("bytes on their way are dropped", v);
			m.n_rx = m.n_tx = 0;
		}
		if (v & 2)
			m.n_rx = 0;
		if (v & 4)
			m.n_tx = 0;
		m.fcr = (uint8_t)v & 0xc9;
		break;
	case 3:
		firmware_sets_line((uint8_t)v);
		break;
	case 4:
		if (v & 0xe0)
			broken("a reserved bit in MCR", v);
		m.mcr = (uint8_t)v;
		break;
	case 7:
		m.scr = (uint8_t)v;
		break;
	default:
		broken("write to no register", r);
	}
}

uint8_t mmio_read8(const volatile void *p)
{
	return (uint8_t)model_read(p, 1);
}

uint16_t mmio_read16(const volatile void *p)
{
	return (uint16_t)model_read(p, 2);
}

uint32_t mmio_read32(const volatile void *p)
{
	return model_read(p, 4);
}

void mmio_write8(volatile void *p, uint8_t v)
{
	model_write(p, v, 1);
}

void mmio_write16(volatile void *p, uint16_t v)
{
	model_write(p, v, 2);
}

void mmio_write32(volatile void *p, uint32_t v)
{
	model_write(p, v, 4);
}
