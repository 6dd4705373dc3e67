/*
 * The registers of a standard SD host controller and an SDHC card behind it,
 * made from the SD Host Controller Simplified Specification ("SDHC", versions
 * 2.00 and 3.00) by someone who did not know the driver. In front of them lie
 * the registers of its own that the Cadence controller has (0 to 0x1ff).
 *
 * The model is strict: what the specification forbids is noted as a broken
 * rule, even where a real controller might let it pass. After an error the
 * line concerned is dead until it is reset. Its time is the test's own.
 *
 * For sdhci_test.c alone.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/bits.h"
#include "kernel/dev/driver.h"
#include "kernel/dev/mmc.h"
#include "kernel/dev/sd_card_model_test.h"
#include "kernel/time.h"

#define NEVER     UINT64_MAX
#define ACCESS_NS 100
#define CLOCK_NS  50
#define BLOCK_MAX 512u

/* Offsets (SDHC 2.2). */
enum {
	S_SDMA = 0x00,
	S_BLOCK_SIZE = 0x04,
	S_BLOCK_COUNT = 0x06,
	S_ARGUMENT = 0x08,
	S_MODE = 0x0c,
	S_COMMAND = 0x0e,
	S_RESPONSE = 0x10,
	S_BUFFER = 0x20,
	S_PRESENT = 0x24,
	S_HOST = 0x28,
	S_POWER = 0x29,
	S_GAP = 0x2a,
	S_WAKE = 0x2b,
	S_CLOCK = 0x2c,
	S_TIMEOUT = 0x2e,
	S_RESET = 0x2f,
	S_STATUS = 0x30,
	S_ERRORS = 0x32,
	S_ENABLE = 0x34,
	S_ERRORS_ENABLE = 0x36,
	S_SIGNAL = 0x38,
	S_ERRORS_SIGNAL = 0x3a,
	S_AUTO_ERROR = 0x3c,
	S_HOST2 = 0x3e,
	S_CAPS = 0x40,
	S_CAPS_HI = 0x44,
	S_CURRENT = 0x48,
	S_ADMA_ERROR = 0x54,
	S_ADMA = 0x58,
	S_SLOT = 0xfc,
	S_VERSION = 0xfe,
	S_END = 0x100,
};

/* Normal interrupts. */
#define N_COMMAND  0x0001u
#define N_TRANSFER 0x0002u
#define N_DMA      0x0008u
#define N_WRITE    0x0010u
#define N_READ     0x0020u
#define N_INSERT   0x0040u
#define N_REMOVE   0x0080u
#define N_ERROR    0x8000u
/* Errors. */
#define E_TIMEOUT      0x0001u
#define E_CRC          0x0002u
#define E_END          0x0004u
#define E_INDEX        0x0008u
#define E_COMMAND      0x000fu
#define E_DATA_TIMEOUT 0x0010u
#define E_DATA_CRC     0x0020u
#define E_DATA_END     0x0040u
#define E_DATA         0x0070u
#define E_AUTO         0x0100u
#define E_ADMA         0x0200u

/* What goes wrong: at the nth, counted from 1; 0: never. */
static struct faults {
	unsigned mute;      /* command: no response */
	unsigned crc;       /* its checksum is wrong */
	unsigned end;       /* its end bit is */
	unsigned index;     /* it is another's response */
	unsigned hang;      /* command of which nothing is heard */
	unsigned dcrc;      /* block: wrong checksum; negative status */
	unsigned dend;      /* block: no end bit; no status */
	unsigned late;      /* block that never comes */
	unsigned silent;    /* block at which the data path stands still */
	unsigned fails;     /* block: its programming, as a status tells */
	unsigned stays;     /* write after which the card stays busy */
	unsigned auto_mute; /* automatic stop: no response */
	unsigned auto_crc;  /* its checksum is wrong */
	unsigned auto_none; /* it is not sent at all */
	unsigned adma;      /* descriptor: it reads as not valid */
	unsigned lost;      /* interrupt that nobody hears of */
	unsigned pull;      /* block at which the card is pulled out */
	bool both;          /* errors come with the end that they prevent */
	bool sticky_resets; /* they never clear */
	bool unstable;      /* the clock never is */
	bool ones, zeros;   /* no register answers */
	unsigned lies;      /* one register in so many reads as anything */
	bool pulled;        /* there is no card (any more) */
} fault;

static struct {
	uint8_t reg[S_END];
	uint8_t hrs[0x200];
	unsigned version; /* of the specification: 1 is 2.00, 2 is 3.00 */
	uint32_t base_hz, timeout_hz;
	/* Times at which something ends. */
	uint64_t stable_at, reset_at, command_at, block_at, auto_at, busy_at;
	/* The command on its way. */
	bool cmd_busy, cmd_dead;
	uint16_t cmd, mode;
	uint32_t arg;
	uint32_t answer[4];
	uint16_t errors; /* that it ends with */
	bool heard;
	/* Data. */
	bool moving, writing, dat_dead, dat_waits; /* for the end of busy */
	bool stalled;
	bool block_in_buffer, buffer_offered;
	unsigned at; /* of the buffer, by the host */
	uint8_t buffer[BLOCK_MAX];
	unsigned blocks_left;
	/* DMA: where the next byte is. */
	uint64_t dma_at, desc_at;
	uint32_t dma_left; /* of the descriptor */
	bool desc_end, dma_stopped;
	uint64_t clocks_at, part_of_clock;
	bool in_handler, was_asserted, deaf;
	/* For the tests. */
	unsigned commands, data_commands, dma_commands, pio_bytes, autos,
		resets, interrupts, boundaries;
	uint32_t last_index, max_hz;
	char broken[200];
	unsigned n_broken;
} m;

static void broken(const char *rule, uint32_t v)
{
	if (!m.n_broken++)
		snprintf(m.broken, sizeof(m.broken), "%s (0x%x)", rule, v);
}

static uint32_t get(unsigned off, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)m.reg[off + i] << 8 * i;
	return v;
}

static void set(unsigned off, unsigned bytes, uint32_t v)
{
	for (unsigned i = 0; i < bytes; i++)
		m.reg[off + i] = (uint8_t)(v >> 8 * i);
}

/* Where the test lets a device reach memory. */
static bool dma_allowed(uint64_t at, unsigned n);
/* No handler runs under a spinlock. */
static bool interrupts_wait(void);
/* The test's interrupt handler, or nothing. */
static bool (*model_handler)(void *arg);
static void *model_handler_arg;

/* ---- power, clock, card ---- */

static bool card_there(void)
{
	return !fault.pulled && (m.reg[S_POWER] & 0x0f) == 0x0f;
}

static uint32_t card_hz(void)
{
	unsigned n = m.reg[S_CLOCK + 1];
	unsigned clock = m.reg[S_CLOCK];

	if ((clock & 5) != 5 || !(m.reg[S_POWER] & 1))
		return 0;
	if (m.version >= 2)
		n |= (clock & 0xc0u) << 2;
	return n ? m.base_hz / (2 * n) : m.base_hz;
}

static uint64_t after(uint64_t start, uint64_t cycles)
{
	uint32_t hz = card_hz();

	return hz ? start + cycles * NSEC_PER_SEC / hz + 1 : NEVER;
}

static unsigned lanes(void)
{
	return m.reg[S_HOST] & 0x20 ? 8 : m.reg[S_HOST] & 2 ? 4 : 1;
}

static uint64_t data_timeout_ns(void)
{
	unsigned n = m.reg[S_TIMEOUT] & 15;

	return (NSEC_PER_SEC << (13 + MIN(n, 14u))) / m.timeout_hz;
}

static bool dat_is_busy(void)
{
	return card_there() && now < card.busy_until;
}

/* ---- interrupts ---- */

static void raise(uint32_t normal, uint32_t errors)
{
	set(S_STATUS, 2, get(S_STATUS, 2) | (normal & get(S_ENABLE, 2)));
	set(S_ERRORS, 2, get(S_ERRORS, 2) | (errors & get(S_ERRORS_ENABLE, 2)));
}

static bool asserted(void)
{
	return (get(S_STATUS, 2) & get(S_SIGNAL, 2)) ||
	       (get(S_ERRORS, 2) & get(S_ERRORS_SIGNAL, 2));
}

/* The wire goes up, and the kernel comes as long as it is. */
static void deliver(void)
{
	unsigned vain = 0;

	if (m.in_handler || interrupts_wait())
		return;
	if (!asserted() || fault.ones || fault.zeros) {
		m.was_asserted = m.deaf = false;
		return;
	}
	if (!m.was_asserted)
		m.deaf = now_is(&fault.lost);
	m.was_asserted = true;
	m.in_handler = true;
	while (!m.deaf && model_handler && asserted()) {
		m.interrupts++;
		vain = model_handler(model_handler_arg) ? 0 : vain + 1;
		if (vain > 100) {
			broken("a storm of interrupts", get(S_STATUS, 4));
			break;
		}
	}
	m.was_asserted = asserted();
	m.in_handler = false;
}

/* ---- DMA ---- */

static void data_error(uint32_t errors)
{
	m.moving = false;
	m.dat_dead = true;
	m.block_at = m.auto_at = m.busy_at = NEVER;
	m.block_in_buffer = m.buffer_offered = false;
	raise(fault.both ? N_TRANSFER : 0, errors);
}

static bool by_dma(void)
{
	return m.mode & 1;
}

static bool adma(void)
{
	return (m.reg[S_HOST] >> 3 & 3) == 2;
}

/* The next line of the table that moves something; false: an error. */
static bool next_descriptor(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t d[8];
		uint32_t attr, len, address;

		if (m.desc_end)
			break;
		if (!dma_allowed(m.desc_at, 8) || m.desc_at % 4) {
			broken("a descriptor where none can be",
			       (uint32_t)m.desc_at);
			break;
		}
		memcpy(d, (void *)(uintptr_t)m.desc_at, 8);
		attr = d[0];
		len = d[2] | (uint32_t)d[3] << 8;
		address = d[4] | (uint32_t)d[5] << 8 | (uint32_t)d[6] << 16 |
			  (uint32_t)d[7] << 24;
		if (!(attr & 1) || now_is(&fault.adma))
			break;
		if (attr & 0xc8)
			broken("reserved bits in a descriptor", attr);
		m.desc_end = attr & 2;
		m.desc_at += 8;
		switch (attr >> 4 & 3) {
		case 2:
			if (address % 4)
				broken("data of a descriptor are not aligned",
				       address);
			m.dma_at = address;
			m.dma_left = len ? len : 0x10000;
			return true;
		case 3:
			m.desc_at = address;
			m.desc_end = false;
			break;
		case 1:
			broken("a reserved kind of descriptor", attr);
		}
	}
	set(S_ADMA_ERROR, 1, 1);
	return false;
}

/* Moves n bytes of the buffer; false: the transfer is over, by an error. */
static bool dma_move(unsigned n, bool from_memory)
{
	unsigned i = 0;

	while (i < n) {
		unsigned part = n - i;

		if (adma()) {
			if (!m.dma_left && !next_descriptor()) {
				data_error(E_ADMA);
				return false;
			}
			part = MIN(part, m.dma_left);
			m.dma_left -= part;
		}
		if (!dma_allowed(m.dma_at, part)) {
			broken("DMA where no buffer is", (uint32_t)m.dma_at);
			data_error(E_ADMA);
			return false;
		}
		if (from_memory)
			memcpy(m.buffer + i, (void *)(uintptr_t)m.dma_at, part);
		else
			memcpy((void *)(uintptr_t)m.dma_at, m.buffer + i, part);
		m.dma_at += part;
		i += part;
	}
	/* SDMA stops at a boundary, until it gets an address again. */
	if (!adma()) {
		uint32_t step = 4096u << (get(S_BLOCK_SIZE, 2) >> 12 & 7);

		set(S_SDMA, 4, (uint32_t)m.dma_at);
		if (m.dma_at % step == 0 && m.blocks_left) {
			m.boundaries++;
			m.dma_stopped = true;
			raise(N_DMA, 0);
		}
	}
	return true;
}

/* ---- the data path ---- */

static unsigned block_bytes(void)
{
	return get(S_BLOCK_SIZE, 2) & 0xfff;
}

static uint64_t block_cycles(void)
{
	return block_bytes() * 8 / lanes() + 20;
}

static void transfer_ends(void)
{
	m.moving = false;
	m.block_at = m.busy_at = NEVER;
	if (adma() && by_dma() && (m.dma_left || !m.desc_end)) {
		/* The table says that there is more. */
		set(S_ADMA_ERROR, 1, 4 | 3);
		data_error(E_ADMA);
		return;
	}
	raise(N_TRANSFER, 0);
}

/* CMD12 that the controller sends by itself. */
static void auto_stop(void)
{
	uint32_t status;

	m.autos++;
	m.auto_at = NEVER;
	status = card_status();
	if (!m.writing && card.sector >= SECTORS)
		status |= 1u << 31; /* it was about to go on */
	if (now_is(&fault.auto_none)) {
		set(S_AUTO_ERROR, 2, 1);
	} else if (now_is(&fault.auto_mute) || !card_stop()) {
		set(S_AUTO_ERROR, 2, 2);
	} else if (now_is(&fault.auto_crc)) {
		set(S_AUTO_ERROR, 2, 4);
	} else {
		set(S_RESPONSE + 12, 4, status);
		if (dat_is_busy())
			m.busy_at = card.busy_until;
		else
			transfer_ends();
		return;
	}
	m.moving = false;
	m.dat_dead = m.cmd_dead = true;
	raise(fault.both ? N_TRANSFER : 0, E_AUTO);
}

/* All blocks are where they belong. */
static void blocks_done(void)
{
	m.block_at = NEVER;
	if ((m.mode >> 2 & 3) == 1)
		m.auto_at = after(now, 100);
	else if (m.writing && dat_is_busy())
		m.busy_at = card.busy_until;
	else
		transfer_ends();
}

static void block_load(void)
{
	static const uint8_t scr[8] = { 0x02, 0x35, 0x80, 0x00 };

	memset(m.buffer, 0xff, sizeof(m.buffer));
	if (m.last_index == 51)
		memcpy(m.buffer, scr, sizeof(scr));
	else if (card.sector < SECTORS)
		memcpy(m.buffer, content + 512 * card.sector, 512);
}

/* The card is not in its slot any more. */
static void pull(void)
{
	fault.pulled = true;
	/* "No card" takes power and clock (SDHC 2.2.12, 2.2.15). */
	m.reg[S_POWER] &= ~1u;
	m.reg[S_CLOCK] &= ~4u;
	raise(N_REMOVE, 0);
}

/* One block has come from the card. */
static void block_read(void)
{
	uint32_t errors = 0;

	if (now_is(&fault.pull))
		pull();
	if (now_is(&fault.silent)) {
		m.stalled = true;
		m.block_at = NEVER;
		return;
	}
	if (!card_there() || card.state != C_DATA || now_is(&fault.late) ||
	    (lanes() == 4) != card.wide) {
		/* Once the time for it is over. */
		m.errors = E_DATA_TIMEOUT;
		m.block_at = now + data_timeout_ns();
		return;
	}
	block_load();
	if (now_is(&fault.dcrc)) {
		m.buffer[77 % block_bytes()] ^= 0x10;
		errors = E_DATA_CRC;
	}
	if (now_is(&fault.dend))
		errors |= E_DATA_END;
	card.sector++;
	if (card.one)
		card.state = C_TRAN;
	if (errors) {
		data_error(errors);
		return;
	}
	m.blocks_left--;
	m.block_at = NEVER;
	if (by_dma()) {
		if (!dma_move(block_bytes(), false))
			return;
		if (!m.blocks_left)
			blocks_done();
		else if (!m.dma_stopped)
			m.block_at = after(now, block_cycles());
		return;
	}
	m.block_in_buffer = true;
	m.at = 0;
	raise(N_READ, 0);
}

/* One block has gone to the card. */
static void block_written(void)
{
	if (now_is(&fault.pull))
		pull();
	if (now_is(&fault.silent)) {
		m.stalled = true;
		m.block_at = NEVER;
		return;
	}
	if (!card_there() || card.state != C_RCV || now_is(&fault.dend) ||
	    (lanes() == 4) != card.wide) {
		data_error(E_DATA_END);
		return;
	}
	if (now_is(&fault.dcrc)) {
		data_error(E_DATA_CRC);
		return;
	}
	if (now_is(&fault.late)) {
		/* Busy for a little longer than the controller waits. */
		m.errors = E_DATA_TIMEOUT;
		m.block_at = now + data_timeout_ns();
		card.busy_until = m.block_at + 300 * NSEC_PER_MSEC;
		return;
	}
	if (now_is(&fault.fails))
		card.errors |= 1u << 19;
	else if (card.sector < SECTORS)
		memcpy(content + 512 * card.sector, m.buffer, 512);
	card.sector++;
	card.busy_until = now + 30000;
	if (card.one)
		card.state = C_PRG;
	m.blocks_left--;
	m.block_at = NEVER;
	if (!m.blocks_left) {
		if (now_is(&fault.stays))
			card.busy_until = NEVER;
		blocks_done();
	}
}

/* What the data path waits for, it gets. */
static void data_goes_on(void)
{
	if (!m.moving || m.stalled || m.block_at != NEVER || !m.blocks_left ||
	    m.errors)
		return;
	if (!m.writing)
		return; /* the card goes on by itself */
	if (by_dma()) {
		if (m.dma_stopped || !dma_move(block_bytes(), true))
			return;
		m.block_at =
			MAX(after(now, block_cycles()),
			    card.busy_until == NEVER ? 0 : card.busy_until);
		return;
	}
	if (!m.buffer_offered) {
		m.buffer_offered = true;
		m.at = 0;
		raise(N_WRITE, 0);
	}
}

/* ---- commands ---- */

/* How the flags must be (SDHC 2.2.6, table 2-8). */
static unsigned flags_wanted(unsigned index, bool app)
{
	if (app)
		return index == 41 ? 2 : 0x1a;
	switch (index) {
	case 0:
		return 0;
	case 2:
	case 9:
	case 10:
		return 0x09;
	case 7:
	case 12:
	case 28:
	case 38:
		return 0x1b;
	default:
		return 0x1a;
	}
}

static void command_check(bool app)
{
	unsigned index = m.cmd >> 8 & 63, flags = m.cmd & 0x1b;
	bool data = m.cmd & 0x20;
	bool many = index == 18 || index == 25;

	app = app && (index == 6 || index == 41 || index == 51);
	if (flags != flags_wanted(index, app) &&
	    !(index == 7 && !(m.arg >> 16)))
		broken("flags of a command", m.cmd);
	if (m.cmd & 0xc004)
		broken("reserved bits in a command", m.cmd);
	if ((m.cmd >> 6 & 3) != (index == 12 ? 3 : 0))
		broken("the type of a command", m.cmd);
	if (!card_hz())
		broken("a command without a clock", m.cmd);
	if (card_hz() > MMC_HZ_DEFAULT ||
	    (card.state < C_STANDBY && card_hz() > MMC_HZ_IDENTIFY))
		broken("the card's clock is too fast", card_hz());
	if (get(S_STATUS, 2) & (N_COMMAND | N_TRANSFER) || get(S_ERRORS, 2))
		broken("an old end is still told", get(S_STATUS, 4));
	if (m.cmd_dead)
		broken("a command on a line with an error", m.cmd);
	if (!data)
		return;
	if (m.dat_dead)
		broken("data on lines with an error", m.cmd);
	if (m.reg[S_TIMEOUT] > 14)
		broken("reserved timeout", m.reg[S_TIMEOUT]);
	if (!block_bytes() || block_bytes() > BLOCK_MAX)
		broken("block size", block_bytes());
	if (!!(m.mode & 0x20) != many)
		broken("multi block", m.mode);
	if (many && (!(m.mode & 2) || !get(S_BLOCK_COUNT, 2)))
		broken("no block count", m.mode);
	if (m.mode & 0xffc0 || (m.mode >> 2 & 3) > 1)
		broken("reserved bits in the transfer mode", m.mode);
	if (!many && m.mode & 0x0c)
		broken("a stop behind one block", m.mode);
	if (!!(m.mode & 0x10) != !(index == 24 || index == 25))
		broken("direction", m.mode);
	if (by_dma() && (m.reg[S_HOST] >> 3 & 3) != 0 && !adma())
		broken("a DMA that is not there", m.reg[S_HOST]);
	if (by_dma() && !adma() && get(S_SDMA, 4) % 4)
		broken("address of DMA", get(S_SDMA, 4));
}

static void command_write(uint16_t v)
{
	bool data = v & 0x20, abort_ = (v >> 6 & 3) == 3;
	bool dat_busy = m.moving || m.dat_dead || m.dat_waits || dat_is_busy();

	if (m.cmd_busy) {
		broken("a command while one is on its way", v);
		return;
	}
	if ((data || ((v & 3) == 3 && !abort_)) && dat_busy)
		broken("DAT is busy", v);
	m.cmd = v;
	m.mode = (uint16_t)get(S_MODE, 2);
	m.arg = get(S_ARGUMENT, 4);
	command_check(card.app);
	m.cmd_busy = true;
	m.command_at = after(now, 48);
	m.heard = false;
}

/* The command is out: what is heard? */
static void command_sent(void)
{
	bool is_long, no_sum, answers;
	unsigned index = m.cmd >> 8 & 63;

	m.commands++;
	m.last_index = index;
	m.errors = 0;
	m.heard = true;
	answers = card_answer(index, m.arg, m.answer, &is_long, &no_sum);
	if (now_is(&fault.hang)) {
		m.command_at = NEVER;
		return;
	}
	if (!(m.cmd & 3)) {
		m.command_at = after(now, 8);
		return;
	}
	if (now_is(&fault.mute) || !answers) {
		m.errors = E_TIMEOUT;
		m.command_at = after(now, 64);
		if (m.command_at == NEVER) /* it has no clock any more */
			m.command_at = now + NSEC_PER_MSEC;
		return;
	}
	if (is_long != ((m.cmd & 3) == 1))
		m.errors |= E_END;
	if (now_is(&fault.crc) || (no_sum && m.cmd & 8))
		m.errors |= E_CRC;
	if (now_is(&fault.end))
		m.errors |= E_END;
	if (now_is(&fault.index) || (m.cmd & 0x10 && (is_long || no_sum)))
		m.errors |= E_INDEX;
	m.command_at = after(now, is_long ? 140 : 52);
}

static void data_begins(void)
{
	m.data_commands++;
	m.moving = true;
	m.writing = !(m.mode & 0x10);
	m.blocks_left = m.mode & 0x20 ? get(S_BLOCK_COUNT, 2) : 1;
	m.block_in_buffer = m.buffer_offered = m.dma_stopped = false;
	m.stalled = false;
	m.desc_end = false;
	m.dma_left = 0;
	if (by_dma()) {
		m.dma_commands++;
		m.dma_at = get(S_SDMA, 4);
		m.desc_at = get(S_ADMA, 4);
	}
	m.block_at = m.writing ? NEVER : after(now, 200 + block_cycles());
}

static void command_done(void)
{
	unsigned kind = m.cmd & 3;

	m.command_at = NEVER;
	m.cmd_busy = false;
	if (m.errors) {
		m.cmd_dead = true;
		if (m.cmd & 0x20)
			m.dat_dead = true;
		if (m.errors & E_TIMEOUT)
			card_goes_on();
		raise(m.errors & E_TIMEOUT && !fault.both ? 0 : N_COMMAND,
		      m.errors);
		m.errors = 0;
		return;
	}
	if (kind == 1) {
		/* Bits 127 to 8, in bits 119 to 0 of the registers. */
		const uint32_t *a = m.answer;

		set(S_RESPONSE, 4, a[3] >> 8 | a[2] << 24);
		set(S_RESPONSE + 4, 4, a[2] >> 8 | a[1] << 24);
		set(S_RESPONSE + 8, 4, a[1] >> 8 | a[0] << 24);
		set(S_RESPONSE + 12, 4, a[0] >> 8);
	} else if (kind) {
		set(S_RESPONSE, 4, m.answer[0]);
	}
	raise(N_COMMAND, 0);
	if (m.cmd & 0x20) {
		data_begins();
	} else if (kind == 3) {
		/* The end of busy is an end of transfer, too. */
		m.moving = false;
		m.dat_waits = true;
		m.busy_at =
			MAX(dat_is_busy() ? card.busy_until : 0, now + 1000);
	}
}

/* ---- resets ---- */

static void reset_dat(void)
{
	m.moving = m.dat_dead = m.dat_waits = false;
	m.block_at = m.auto_at = m.busy_at = NEVER;
	m.block_in_buffer = m.buffer_offered = m.dma_stopped = false;
	m.errors = m.heard ? m.errors : 0;
	set(S_STATUS, 2,
	    get(S_STATUS, 2) & ~(N_TRANSFER | N_DMA | N_WRITE | N_READ | 4));
	card_goes_on();
}

static void reset_cmd(void)
{
	m.cmd_busy = m.cmd_dead = false;
	m.command_at = NEVER;
	set(S_STATUS, 2, get(S_STATUS, 2) & ~N_COMMAND);
}

static void reset_done(void)
{
	unsigned which = m.reg[S_RESET];

	m.reset_at = NEVER;
	m.resets++;
	if (fault.sticky_resets)
		return;
	m.reg[S_RESET] = 0;
	if (which & 4)
		reset_dat();
	if (which & 2)
		reset_cmd();
	if (which & 1) {
		uint32_t caps = get(S_CAPS, 4);
		uint32_t version = get(S_VERSION, 2);

		reset_dat();
		reset_cmd();
		memset(m.reg, 0, sizeof(m.reg));
		set(S_CAPS, 4, caps);
		set(S_VERSION, 2, version);
		m.stable_at = NEVER;
	}
}

/* ---- time goes by ---- */

static void clock_runs(uint64_t until)
{
	uint64_t ns = until - m.clocks_at;

	m.clocks_at = until;
	m.part_of_clock += ns % NSEC_PER_SEC * card_hz();
	card.clocks +=
		ns / NSEC_PER_SEC * card_hz() + m.part_of_clock / NSEC_PER_SEC;
	m.part_of_clock %= NSEC_PER_SEC;
}

static uint64_t next_event(void)
{
	return MIN(MIN(MIN(m.stable_at, m.reset_at),
		       MIN(m.command_at, m.block_at)),
		   MIN(m.auto_at, m.busy_at));
}

static void one_event(void)
{
	if (now >= m.stable_at) {
		m.stable_at = NEVER;
		m.reg[S_CLOCK] |= 2;
	} else if (now >= m.reset_at) {
		reset_done();
	} else if (now >= m.command_at) {
		m.heard ? command_done() : command_sent();
	} else if (now >= m.block_at) {
		if (m.errors) {
			uint32_t e = m.errors;

			m.errors = 0;
			data_error(e);
		} else if (m.writing) {
			block_written();
		} else {
			block_read();
		}
	} else if (now >= m.auto_at) {
		auto_stop();
	} else if (now >= m.busy_at) {
		m.busy_at = NEVER;
		if (m.dat_waits) {
			m.dat_waits = false;
			raise(N_TRANSFER, 0);
		} else {
			transfer_ends();
		}
	}
}

static void time_passes(uint64_t until)
{
	deliver();
	while (next_event() <= until) {
		now = MAX(now, next_event());
		clock_runs(now);
		one_event();
		data_goes_on();
		deliver();
		until = MAX(until, now); /* a handler takes time as well */
	}
	now = until;
	clock_runs(now);
}

/* ---- the registers ---- */

#define CAPS 0x057834b4u /* as QEMU's model of the Icicle Kit has it */

static void model_power_on(unsigned version, uint32_t caps)
{
	memset(&m, 0, sizeof(m));
	memset(&fault, 0, sizeof(fault));
	m.version = version;
	m.base_hz = (caps >> 8 & (version >= 2 ? 0xff : 0x3f)) * 1000000;
	m.timeout_hz = (caps & 0x3f) * (caps & 0x80 ? 1000000 : 1000);
	m.stable_at = m.reset_at = m.command_at = m.block_at = m.auto_at =
		m.busy_at = NEVER;
	m.clocks_at = now;
	set(S_CAPS, 4, caps);
	set(S_VERSION, 2, 0x2400 | version);
	m.hrs[2] = 1;
	card_power_on();
}

static uint32_t present_state(void)
{
	uint32_t v = 0x01f80000; /* lines are high, not protected */

	v |= m.cmd_busy;
	v |= (m.moving || m.dat_dead || m.dat_waits ||
	      (m.cmd_busy && m.cmd & 0x20))
	     << 1;
	v |= (m.moving || m.dat_waits) << 2;
	v |= (m.moving && m.writing) << 8 | (m.moving && !m.writing) << 9;
	v |= m.buffer_offered << 10 | m.block_in_buffer << 11;
	if (!fault.pulled)
		v |= 1u << 16 | 1u << 18;
	v |= 1u << 17;
	if (dat_is_busy())
		v &= ~(1u << 20);
	return v;
}

static uint32_t buffer_read(unsigned bytes)
{
	uint32_t v = 0;

	if (!m.block_in_buffer) {
		broken("a read from an empty buffer", m.at);
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)m.buffer[(m.at + i) % BLOCK_MAX] << 8 * i;
	m.at += bytes;
	m.pio_bytes += bytes;
	if (m.at < block_bytes())
		return v;
	m.block_in_buffer = false;
	if (m.blocks_left)
		m.block_at = after(now, block_cycles());
	else
		blocks_done();
	return v;
}

static void buffer_write(uint32_t v, unsigned bytes)
{
	if (!m.buffer_offered) {
		broken("a write to a full buffer", m.at);
		return;
	}
	for (unsigned i = 0; i < bytes; i++)
		m.buffer[(m.at + i) % BLOCK_MAX] = (uint8_t)(v >> 8 * i);
	m.at += bytes;
	m.pio_bytes += bytes;
	if (m.at < block_bytes())
		return;
	m.buffer_offered = false;
	m.block_at = MAX(after(now, block_cycles()),
			 card.busy_until == NEVER ? 0 : card.busy_until);
}

/* Where the driver thinks that the registers are. */
#define REGS ((volatile void *)0x5000000)

static unsigned offset_of(const volatile void *p, unsigned bytes)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)REGS;

	if (off >= 0x300 || off % bytes) {
		printf("FAIL access at %#lx: no register\n", (long)off);
		abort();
	}
	return (unsigned)off;
}

static uint32_t rand_state;

static uint32_t rnd(uint32_t below)
{
	rand_state = rand_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(rand_state >> 8) * below >> 24);
}

static uint32_t model_load(const volatile void *p, unsigned bytes)
{
	unsigned off = offset_of(p, bytes);
	uint32_t all = bytes == 4 ? ~0u : (1u << 8 * bytes) - 1, v = 0;

	time_passes(now + ACCESS_NS);
	if (fault.lies && !rnd(fault.lies))
		return (rnd(1 << 16) << 16 | rnd(1 << 16)) & all;
	if (fault.ones || fault.zeros)
		return fault.ones ? all : 0;
	if (off < 0x200) {
		for (unsigned i = 0; i < bytes; i++)
			v |= (uint32_t)m.hrs[off + i] << 8 * i;
		return v;
	}
	off -= 0x200;
	if (off == S_BUFFER)
		return buffer_read(bytes);
	if (off > S_BUFFER && off < S_PRESENT)
		broken("part of the buffer's port", off);
	set(S_PRESENT, 4, present_state());
	if (get(S_ERRORS, 2))
		m.reg[S_STATUS + 1] |= 0x80;
	else
		m.reg[S_STATUS + 1] &= 0x7f;
	return get(off, bytes);
}

/* HRS: a reset of all, and the port of the PHY with its handshake. */
static void hrs_write(unsigned off, uint8_t v)
{
	if (off == 0 && v & 1) {
		m.reg[S_RESET] |= 1;
		m.reset_at = now + 1000;
		v &= ~1u;
	}
	if (off == 0x13) /* write and read wait for the acknowledge */
		v = (uint8_t)((v & 3) | (v & 3 ? 4 : 0));
	m.hrs[off] = v;
}

static void clock_write(unsigned off, uint8_t v)
{
	uint8_t old = m.reg[off];

	if (off == S_CLOCK + 1) {
		if (v != old && m.reg[S_CLOCK] & 4)
			broken("divider changed under a running clock", v);
		if (m.version < 2 && v & (v - 1))
			broken("a divider that 2.00 does not have", v);
		m.reg[off] = v;
		return;
	}
	if (v & ~old & 1 && !fault.unstable)
		m.stable_at = now + 50000;
	if (!(v & 1))
		m.stable_at = NEVER;
	if (v & 4 && !(old & 4) && !(old & 2))
		broken("the card gets a clock that is not stable", v);
	if ((v ^ old) & 0xc0 && old & v & 4)
		broken("divider changed under a running clock", v);
	m.reg[off] = (uint8_t)((v & ~2u) | (v & 1 ? old & 2 : 0));
}

static void clock_seen(void)
{
	if (card_hz() > m.max_hz)
		m.max_hz = card_hz();
}

static void byte_write(unsigned off, uint8_t v)
{
	bool busy = m.moving;

	switch (off) {
	case S_SDMA ... S_SDMA + 3:
		m.reg[off] = v;
		if (off == S_SDMA + 3 && m.dma_stopped) {
			m.dma_stopped = false;
			m.dma_at = get(S_SDMA, 4);
			if (!m.writing && m.moving && m.blocks_left)
				m.block_at = after(now, block_cycles());
		}
		return;
	case S_BLOCK_SIZE ... S_BLOCK_COUNT + 1:
	case S_MODE ... S_MODE + 1:
		if (busy && m.reg[off] != v)
			broken("changed during a transfer", off);
		m.reg[off] = v;
		return;
	case S_COMMAND:
		m.reg[off] = v;
		return;
	case S_COMMAND + 1:
		m.reg[off] = v;
		command_write((uint16_t)get(S_COMMAND, 2));
		return;
	case S_HOST:
		if (busy && m.reg[off] != v)
			broken("changed during a transfer", off);
		m.reg[off] = v;
		return;
	case S_POWER:
		if (v & 1 && (v >> 1 & 7) != 7)
			broken("a voltage that the slot does not have", v);
		if (v & ~m.reg[off] & 1 && !fault.pulled)
			card_power_on();
		m.reg[off] = fault.pulled ? v & ~1u : v;
		return;
	case S_CLOCK:
	case S_CLOCK + 1:
		clock_write(off, v);
		clock_seen();
		return;
	case S_RESET:
		m.reg[off] |= v;
		if (v)
			m.reset_at = now + 10000;
		if (v & 0xf8)
			broken("reserved resets", v);
		return;
	case S_STATUS ... S_ERRORS + 1: /* a one clears */
		m.reg[off] &= ~v;
		return;
	case S_ARGUMENT ... S_ARGUMENT + 3:
	case S_GAP:
	case S_WAKE:
	case S_TIMEOUT:
	case S_ENABLE ... S_ERRORS_SIGNAL + 1:
	case S_HOST2 ... S_HOST2 + 1:
	case S_ADMA ... S_ADMA + 7:
		m.reg[off] = v;
		return;
	default:
		broken("write to a register that is only read", off);
	}
}

static void model_store(volatile void *p, uint32_t v, unsigned bytes)
{
	unsigned off = offset_of(p, bytes);

	time_passes(now + ACCESS_NS);
	if (fault.ones || fault.zeros)
		return;
	if (off < 0x200) {
		for (unsigned i = 0; i < bytes; i++)
			hrs_write(off + i, (uint8_t)(v >> 8 * i));
		return;
	}
	off -= 0x200;
	if (m.reg[S_RESET] && off != S_RESET && !fault.sticky_resets)
		broken("a write during a reset", off);
	if (off == S_BUFFER) {
		buffer_write(v, bytes);
	} else {
		for (unsigned i = 0; i < bytes; i++)
			byte_write(off + i, (uint8_t)(v >> 8 * i));
	}
	data_goes_on();
	deliver();
}

uint8_t mmio_read8(const volatile void *p)
{
	return (uint8_t)model_load(p, 1);
}

uint16_t mmio_read16(const volatile void *p)
{
	return (uint16_t)model_load(p, 2);
}

uint32_t mmio_read32(const volatile void *p)
{
	return model_load(p, 4);
}

void mmio_write8(volatile void *p, uint8_t v)
{
	model_store(p, v, 1);
}

void mmio_write16(volatile void *p, uint16_t v)
{
	model_store(p, v, 2);
}

void mmio_write32(volatile void *p, uint32_t v)
{
	model_store(p, v, 4);
}
