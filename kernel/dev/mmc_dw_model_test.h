/*
 * The registers of the DesignWare mobile storage host, and an SDHC card behind
 * it, made from what manuals of chips that have it say (Cyclone V, Stratix 10
 * and Rockchip: "SD/MMC controller", "mobile storage host"). The model is
 * strict: what a manual forbids is noted as a broken rule, even where a real
 * controller might let it pass. Its time is the test's own: accesses cost a
 * little, what waits jumps ahead, and the card's clock moves commands and data
 * at the speed that was programmed.
 *
 * For mmc_dw_test.c alone.
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

/* ---- time ---- */

#define NEVER     UINT64_MAX
#define ACCESS_NS 100
#define LOOK_NS   50

/* ---- the model's registers ---- */

enum {
	M_CTRL = 0x00,
	M_PWREN = 0x04,
	M_CLKDIV = 0x08,
	M_CLKSRC = 0x0c,
	M_CLKENA = 0x10,
	M_TMOUT = 0x14,
	M_CTYPE = 0x18,
	M_BLKSIZ = 0x1c,
	M_BYTCNT = 0x20,
	M_INTMASK = 0x24,
	M_CMDARG = 0x28,
	M_CMD = 0x2c,
	M_RESP0 = 0x30,
	M_RESP1 = 0x34,
	M_MINTSTS = 0x40,
	M_RINTSTS = 0x44,
	M_STATUS = 0x48,
	M_FIFOTH = 0x4c,
	M_CDETECT = 0x50,
	M_WRTPRT = 0x54,
	M_TCBCNT = 0x5c,
	M_TBBCNT = 0x60,
	M_DEBNCE = 0x64,
	M_USRID = 0x68,
	M_VERID = 0x6c,
	M_HCON = 0x70,
	M_UHS = 0x74,
	M_RSTN = 0x78,
	M_BMOD = 0x80,
	M_IDSTS = 0x8c,
	M_IDINTEN = 0x90,
	M_END = 0x94, /* of what is not data */
};

/* CTRL */
#define M_RESETS     7u
#define M_RESET_CIU  1u
#define M_RESET_FIFO 2u
#define M_DMA        (1u << 5 | 1u << 25)

/* CMD */
#define M_RESPONSE (1u << 6)
#define M_LONG     (1u << 7)
#define M_CHECK    (1u << 8)
#define M_DATA     (1u << 9)
#define M_WRITE    (1u << 10)
#define M_STREAM   (1u << 11)
#define M_AUTOSTOP (1u << 12)
#define M_WAIT     (1u << 13)
#define M_STOP     (1u << 14)
#define M_INIT     (1u << 15)
#define M_CARD     (31u << 16)
#define M_CLOCKS   (1u << 21)
#define M_STRANGE  (0x5fc00000u & ~(1u << 29)) /* boot, CE-ATA, voltage */
#define M_HOLD     (1u << 29)
#define M_START    (1u << 31)

/* RINTSTS */
#define M_RE   (1u << 1)
#define M_CD   (1u << 2)
#define M_DTO  (1u << 3)
#define M_TXDR (1u << 4)
#define M_RXDR (1u << 5)
#define M_RCRC (1u << 6)
#define M_DCRC (1u << 7)
#define M_RTO  (1u << 8)
#define M_DRTO (1u << 9)
#define M_HTO  (1u << 10)
#define M_FRUN (1u << 11)
#define M_HLE  (1u << 12)
#define M_SBE  (1u << 13)
#define M_ACD  (1u << 14)
#define M_EBE  (1u << 15)

#define FIFO_MAX  1024u
#define CIU_HZ    50000000u

/* What goes wrong: at the nth, counted from 1; 0: never. */
static struct faults {
	unsigned mute;      /* command: no response */
	unsigned rcrc;      /* its checksum is wrong */
	unsigned re;        /* its frame is */
	unsigned stop_mute; /* automatic stop: no response */
	unsigned stop_rcrc; /* its checksum is wrong */
	unsigned dcrc;      /* block: wrong checksum; negative status */
	unsigned ebe;       /* no end bit; no status */
	unsigned sbe;       /* no start bit on all lines */
	unsigned late;      /* block that never comes */
	unsigned silent;    /* block at which the data path stands still */
	unsigned hang;      /* command that is taken, and no more is heard */
	unsigned held;      /* command that is never taken */
	unsigned fails;     /* block: its programming, as a status tells */
	unsigned busy;      /* write after which the card stays busy */
	bool sticky_resets; /* CTRL's never clear */
	bool ones, zeros;   /* no register answers */
	bool liar;          /* the FIFO is said to be neither full nor empty,
			       with 0 words in it */
	unsigned lies;      /* one register in so many reads as anything */
	bool pulled;        /* there is no card (any more) */
} fault;

static struct {
	uint32_t reg[M_END / 4];
	/* What the CIU got by the last update of its clocks. */
	uint32_t div, ena, src;
	/* The FIFO. */
	uint32_t fifo[FIFO_MAX];
	unsigned depth, count, head, data_at;
	/* Command path: taken at, over at. */
	uint64_t take_at, done_at;
	enum { PATH_IDLE, PATH_SENDS, PATH_LISTENS } path;
	uint32_t sent, sent_arg; /* CMD as it was taken */
	uint32_t result;         /* bits of RINTSTS that it ends with */
	uint32_t answer[4];      /* bits 127.. of a long one in [0] */
	/* Data path. */
	bool moving, writing;
	bool stalled;
	uint32_t give_up; /* bits that this transfer will end with */
	uint64_t word_at;
	uint32_t left, at; /* bytes of all; in the block */
	uint32_t block[512 / 4];
	bool bad; /* the block's checksum will be wrong */
	bool autostop;
	uint64_t stop_at;
	uint32_t stop_result, stop_answer;
	uint64_t reset_at, clocks_at, part_of_clock;
	/* For the tests. */
	unsigned commands, data_commands, updates, stops;
	uint32_t last_index;
	uint32_t max_hz, limit_hz; /* seen; and what is allowed */
	char broken[200];
	unsigned n_broken;
} m;

static void broken(const char *rule, uint32_t v)
{
	if (!m.n_broken++)
		snprintf(m.broken, sizeof(m.broken), "%s (0x%x)", rule, v);
}

#define REG(r) (m.reg[(r) / 4])

static uint32_t card_hz(void)
{
	if (!(m.ena & 1) || !(REG(M_PWREN) & 1))
		return 0;
	return m.div ? CIU_HZ / (2 * m.div) : CIU_HZ;
}

/* When n cycles of the card's clock have gone by. */
static uint64_t after(uint64_t start, uint64_t n)
{
	uint32_t hz = card_hz();

	return hz ? start + n * NSEC_PER_SEC / hz + 1 : NEVER;
}

static bool card_there(void)
{
	return !fault.pulled && (REG(M_PWREN) & 1);
}

static bool data_busy(void)
{
	return card_there() && now < card.busy_until;
}

/* ---- the FIFO ---- */

static void fifo_put(uint32_t v)
{
	m.fifo[(m.head + m.count++) % m.depth] = v;
}

static uint32_t fifo_get(void)
{
	uint32_t v = m.fifo[m.head];

	m.head = (m.head + 1) % m.depth;
	m.count--;
	return v;
}

static void raise_requests(void)
{
	if (!m.moving)
		return;
	if (!m.writing && m.count > (REG(M_FIFOTH) >> 16 & 0xfff))
		REG(M_RINTSTS) |= M_RXDR;
	if (m.writing && m.count <= (REG(M_FIFOTH) & 0xfff))
		REG(M_RINTSTS) |= M_TXDR;
}

/* ---- the data path ---- */

static unsigned lanes(void)
{
	return REG(M_CTYPE) & 1u << 16 ? 8 : REG(M_CTYPE) & 1 ? 4 : 1;
}

static void data_end(uint32_t bits, bool stop)
{
	m.moving = false;
	m.word_at = NEVER;
	REG(M_RINTSTS) |= bits | M_DTO;
	if (!stop || !m.autostop)
		return;
	m.stops++;
	m.stop_result = M_ACD;
	if (now_is(&fault.stop_mute)) {
		m.stop_result |= M_RTO;
		m.stop_at = after(now, 48 + (REG(M_TMOUT) & 0xff));
	} else {
		uint32_t status = card_status();

		if (!m.writing && card.sector >= SECTORS)
			status |= 1u << 31; /* it was about to go on */
		if (!card_stop()) {
			m.stop_result |= M_RTO;
		} else if (now_is(&fault.stop_rcrc)) {
			m.stop_result |= M_RCRC;
		}
		if (!(m.stop_result & M_RTO))
			m.stop_answer = status;
		m.stop_at = after(now, 110);
	}
}

/* Which part of a block is where: where it comes from, or goes to. */
static void block_load(void)
{
	static const uint8_t scr[8] = { 0x02, 0x35, 0x80, 0x00 };

	memset(m.block, 0xff, sizeof(m.block));
	if (m.last_index == 51)
		memcpy(m.block, scr, sizeof(scr));
	else if (card.sector < SECTORS)
		memcpy(m.block, content + 512 * card.sector, 512);
}

static void block_ended(void)
{
	uint32_t size = REG(M_BLKSIZ);
	bool last = !m.left;

	m.at = 0;
	if (m.writing) {
		if (!card_there() || card.state != C_RCV ||
		    (lanes() == 4) != card.wide || now_is(&fault.ebe)) {
			data_end(M_EBE, false);
			return;
		}
		if (now_is(&fault.dcrc))
			REG(M_RINTSTS) |= M_DCRC;
		else if (now_is(&fault.fails))
			card.errors |= 1u << 19;
		else if (card.sector < SECTORS)
			memcpy(content + 512 * card.sector, m.block, 512);
		card.sector++;
		card.busy_until = now + 3000;
		if (m.last_index == 24)
			card.state = C_PRG;
		if (last && now_is(&fault.busy))
			card.busy_until = NEVER;
	} else {
		if (now_is(&fault.ebe)) {
			data_end(M_EBE, false);
			return;
		}
		card.sector++;
		if (m.last_index != 18)
			card.state = C_TRAN;
	}
	if (last)
		data_end(0, true);
	else
		m.word_at = after(now, 20 + size / 64);
}

static void data_word(void)
{
	uint32_t size = REG(M_BLKSIZ);
	uint64_t timeout = REG(M_TMOUT) >> 8;

	if (m.give_up) {
		data_end(m.give_up, false);
		return;
	}
	/* The card's clock stands still while the FIFO has no room, no data. */
	if (m.writing ? !m.count : m.count == m.depth) {
		if (m.stalled)
			REG(M_RINTSTS) |= M_HTO;
		m.word_at = m.stalled ? NEVER : after(now, timeout);
		m.stalled = true;
		return;
	}
	m.stalled = false;
	if (!m.at) {
		if (m.writing && now < card.busy_until) {
			m.word_at = card.busy_until;
			return;
		}
		if (now_is(&fault.silent)) {
			m.word_at = NEVER;
			return;
		}
		if (!m.writing) {
			uint32_t bits = 0;

			if (!card_there() || card.state != C_DATA ||
			    now_is(&fault.late))
				bits = M_DRTO;
			if ((lanes() == 4) != card.wide || now_is(&fault.sbe))
				bits = M_DRTO | M_SBE;
			if (bits) {
				/* Once the time for it is over. */
				m.give_up = bits;
				m.word_at = after(now, timeout);
				return;
			}
			block_load();
			if (now_is(&fault.dcrc)) {
				m.block[7] ^= 0x400;
				m.bad = true;
			}
		}
	}
	if (m.writing)
		m.block[m.at / 4] = fifo_get();
	else
		fifo_put(m.block[m.at / 4]);
	m.at += 4;
	m.left -= 4;
	m.word_at = after(now, 32 / lanes());
	if (m.at == size) {
		if (!m.writing && m.bad)
			REG(M_RINTSTS) |= M_DCRC;
		m.bad = false;
		block_ended();
	}
}

/* ---- the command path ---- */

static bool path_may_take(uint32_t cmd)
{
	if (m.path != PATH_IDLE || m.stop_at != NEVER)
		return false;
	return !(cmd & M_WAIT) || (!m.moving && !data_busy());
}

static void clocks_update(void)
{
	if (m.moving)
		broken("clocks updated during a transfer", REG(M_CLKDIV));
	if (m.ena & REG(M_CLKENA) & 1 && m.div != REG(M_CLKDIV))
		broken("divider changed under a running clock", REG(M_CLKDIV));
	m.div = REG(M_CLKDIV) & 0xff;
	m.ena = REG(M_CLKENA);
	m.src = REG(M_CLKSRC);
	m.updates++;
	if (m.src)
		broken("not divider 0", m.src);
	if (card_hz() > m.max_hz)
		m.max_hz = card_hz();
}

static void command_check(uint32_t cmd)
{
	if (cmd & (M_STRANGE | M_CARD | M_STREAM))
		broken("strange bits in CMD", cmd);
	if (!(cmd & M_HOLD))
		broken("CMD without use_hold_reg", cmd);
	if (REG(M_CTRL) & M_DMA || REG(M_BMOD) & 1u << 7)
		broken("DMA is on", REG(M_CTRL));
	if (card_hz() > m.limit_hz ||
	    (card.state < C_STANDBY && card_hz() > MMC_HZ_IDENTIFY))
		broken("the card's clock is too fast", card_hz());
	if (REG(M_RINTSTS) & (M_CD | M_RTO | M_DTO))
		broken("an old end is still in RINTSTS", REG(M_RINTSTS));
	if (!(cmd & M_DATA))
		return;
	if (m.moving || data_busy())
		broken("data while busy", cmd);
	if (m.count && !(cmd & M_WRITE))
		broken("old words in the FIFO", m.count);
	if (!REG(M_BLKSIZ) || REG(M_BYTCNT) % REG(M_BLKSIZ))
		broken("BYTCNT is no multiple of BLKSIZ", REG(M_BYTCNT));
}

static void command_take(void)
{
	uint32_t cmd = REG(M_CMD);

	if (now_is(&fault.held)) {
		m.take_at = NEVER;
		return;
	}
	REG(M_CMD) &= ~M_START;
	m.take_at = NEVER;
	if (cmd & M_CLOCKS) {
		clocks_update();
		return;
	}
	command_check(cmd);
	m.sent = cmd;
	m.sent_arg = REG(M_CMDARG);
	m.path = PATH_SENDS;
	m.done_at = after(now, (cmd & M_INIT ? 80 : 0) + 48);
}

/* The command is out: what is heard, and when? */
static void command_sent(void)
{
	bool is_long, no_sum, heard;

	m.commands++;
	m.last_index = m.sent & 63;
	m.result = M_CD;
	m.path = PATH_LISTENS;
	heard = card_answer(m.last_index, m.sent_arg, m.answer, &is_long,
			    &no_sum);
	if (now_is(&fault.hang)) {
		m.done_at = NEVER;
		return;
	}
	if (!(m.sent & M_RESPONSE)) {
		m.done_at = after(now, 8);
		return;
	}
	if (now_is(&fault.mute) || !heard) {
		m.result |= M_RTO;
		m.done_at = after(now, REG(M_TMOUT) & 0xff);
		return;
	}
	if (is_long != !!(m.sent & M_LONG))
		m.result |= M_RE;
	if (now_is(&fault.rcrc) || (no_sum && m.sent & M_CHECK))
		m.result |= M_RCRC;
	if (now_is(&fault.re))
		m.result |= M_RE;
	m.done_at = after(now, 8 + (is_long ? 136 : 48));
}

static void command_done(void)
{
	m.path = PATH_IDLE;
	m.done_at = NEVER;
	REG(M_RINTSTS) |= m.result;
	if (m.result & M_RTO) {
		card_goes_on();
		return;
	}
	if (m.sent & M_LONG)
		for (unsigned i = 0; i < 4; i++)
			m.reg[M_RESP0 / 4 + i] = m.answer[3 - i];
	else if (m.sent & M_RESPONSE)
		REG(M_RESP0) = m.answer[0];
	if (m.sent & M_STOP && m.moving)
		data_end(0, false);
	if (!(m.sent & M_DATA))
		return;
	/* Data follow an answer also when its checksum is wrong. */
	m.data_commands++;
	m.moving = true;
	m.stalled = m.bad = false;
	m.give_up = 0;
	m.writing = m.sent & M_WRITE;
	m.autostop = m.sent & M_AUTOSTOP;
	m.left = REG(M_BYTCNT);
	m.at = 0;
	/* A card may take its time for the first block. */
	if (!m.writing && REG(M_TMOUT) >> 8 < 2500)
		m.give_up = M_DRTO;
	m.word_at = after(now, 100);
}

static void stop_done(void)
{
	m.stop_at = NEVER;
	REG(M_RINTSTS) |= m.stop_result;
	if (!(m.stop_result & M_RTO))
		REG(M_RESP1) = m.stop_answer;
}

static void reset_done(void)
{
	uint32_t which = REG(M_CTRL) & M_RESETS;

	m.reset_at = NEVER;
	if (fault.sticky_resets)
		return;
	REG(M_CTRL) &= ~M_RESETS;
	if (which & M_RESET_CIU) {
		REG(M_CMD) &= ~M_START;
		m.path = PATH_IDLE;
		m.moving = false;
		m.take_at = m.done_at = m.word_at = m.stop_at = NEVER;
		/* The registers stay, but the CIU has forgotten them. */
		m.ena = m.div = m.src = 0;
		card_goes_on();
	}
	if (which & M_RESET_FIFO) {
		if (m.moving)
			broken("FIFO reset during a transfer", which);
		m.count = m.head = 0;
	}
}

/* ---- time goes by ---- */

static void clock_runs(uint64_t until)
{
	uint64_t ns = until - m.clocks_at;
	bool idle = m.path == PATH_IDLE && !m.moving;

	m.clocks_at = until;
	if (!card_hz() || (m.ena & 1u << 16 && idle))
		return;
	m.part_of_clock += ns % NSEC_PER_SEC * card_hz();
	card.clocks +=
		ns / NSEC_PER_SEC * card_hz() + m.part_of_clock / NSEC_PER_SEC;
	m.part_of_clock %= NSEC_PER_SEC;
}

static void time_passes(uint64_t until)
{
	for (;;) {
		uint64_t next = MIN(MIN(MIN(m.done_at, m.word_at), m.stop_at),
				    m.reset_at);

		if (m.take_at != NEVER && path_may_take(REG(M_CMD)))
			next = MIN(next, MAX(m.take_at, now));
		if (next > until)
			break;
		now = MAX(now, next);
		clock_runs(now);
		if (next == m.reset_at)
			reset_done();
		else if (next == m.stop_at)
			stop_done();
		else if (next == m.done_at)
			m.path == PATH_SENDS ? command_sent() : command_done();
		else if (next == m.word_at)
			data_word();
		else
			command_take();
		raise_requests();
	}
	now = until;
	clock_runs(now);
}

/* ---- the registers ---- */

static void model_power_on(unsigned depth, uint32_t version)
{
	memset(&m, 0, sizeof(m));
	memset(&fault, 0, sizeof(fault));
	m.depth = depth;
	m.data_at = (version & 0xffff) < 0x240a ? 0x100 : 0x200;
	m.take_at = m.done_at = m.word_at = m.stop_at = m.reset_at = NEVER;
	m.clocks_at = now;
	m.limit_hz = MMC_HZ_DEFAULT;
	REG(M_TMOUT) = 0xffffff40;
	REG(M_BLKSIZ) = REG(M_BYTCNT) = 512;
	REG(M_FIFOTH) = (depth - 1) << 16;
	REG(M_VERID) = version;
	/* SD, 32 bits wide, no DMA of another's, FIFO inside, holds. */
	REG(M_HCON) = 1 | 1 << 7 | 31 << 10 | 1 << 22;
	REG(M_DEBNCE) = 0xffffff;
	card_power_on();
}

static uint32_t status_word(void)
{
	uint32_t v = m.last_index << 11;

	if (fault.liar)
		return v;
	if (m.count > (REG(M_FIFOTH) >> 16 & 0xfff))
		v |= 1;
	if (m.count <= (REG(M_FIFOTH) & 0xfff))
		v |= 2;
	v |= !m.count << 2 | (m.count == m.depth) << 3 | m.count << 17;
	v |= (m.path != PATH_IDLE) << 4 | card_there() << 8;
	return v | data_busy() << 9 | m.moving << 10;
}

static uint32_t fifo_read(void)
{
	uint32_t v = 0;

	if (m.count)
		v = fifo_get();
	else
		REG(M_RINTSTS) |= M_FRUN;
	if (m.stalled)
		m.word_at = now;
	m.stalled = false;
	return v;
}

static void fifo_write(uint32_t v)
{
	if (m.count < m.depth)
		fifo_put(v);
	else
		REG(M_RINTSTS) |= M_FRUN;
	if (m.stalled)
		m.word_at = now;
	m.stalled = false;
}

/* Where the driver thinks that the registers are. */
#define REGS ((volatile void *)0x5000000)

static unsigned offset_of(const volatile void *p)
{
	uintptr_t off = (uintptr_t)p - (uintptr_t)REGS;

	if (off >= 0x10000 || off % 4) {
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

uint32_t mmio_read32(const volatile void *p)
{
	unsigned off = offset_of(p);

	time_passes(now + ACCESS_NS);
	if (fault.lies && !rnd(fault.lies))
		return rnd(1 << 16) << 16 | rnd(1 << 16);
	if (fault.ones || fault.zeros)
		return fault.ones ? ~0u : 0;
	if (off >= m.data_at && off < 0x400)
		return fifo_read();
	switch (off) {
	case M_MINTSTS:
		return REG(M_RINTSTS) & REG(M_INTMASK);
	case M_STATUS:
		return status_word();
	case M_CDETECT:
		return fault.pulled;
	default:
		if (off < M_END)
			return REG(off);
		broken("read of no register", off);
		return 0;
	}
}

static void write_ctrl(uint32_t v)
{
	REG(M_CTRL) = v | (REG(M_CTRL) & M_RESETS);
	if (v & M_RESETS)
		m.reset_at = now + 1000;
}

static void write_cmd(uint32_t v)
{
	REG(M_CMD) = v;
	if (v & M_START)
		m.take_at = now + 300;
}

/* Registers that a command takes with it. */
static bool is_locked(unsigned off)
{
	return (off >= M_CLKDIV && off <= M_BYTCNT) || off == M_CMDARG ||
	       off == M_CMD;
}

void mmio_write32(volatile void *p, uint32_t v)
{
	unsigned off = offset_of(p);

	time_passes(now + ACCESS_NS);
	if (fault.ones || fault.zeros)
		return;
	if (off >= m.data_at && off < 0x400) {
		fifo_write(v);
		raise_requests();
		return;
	}
	if (off >= M_END) {
		broken("write to no register", off);
		return;
	}
	if (is_locked(off) && REG(M_CMD) & M_START) {
		REG(M_RINTSTS) |= M_HLE;
		broken("write to a locked register", off);
		return;
	}
	if (is_locked(off) && off != M_CMD && off != M_CMDARG && m.moving &&
	    REG(off) != v)
		broken("register changed during a transfer", off);
	switch (off) {
	case M_CTRL:
		write_ctrl(v);
		break;
	case M_PWREN:
		if (v & ~REG(off) & 1)
			card_power_on();
		REG(off) = v;
		break;
	case M_CMD:
		write_cmd(v);
		break;
	case M_RINTSTS:
		REG(off) &= ~v;
		raise_requests();
		break;
	case M_CLKDIV:
	case M_CLKSRC:
	case M_CLKENA:
	case M_TMOUT:
	case M_CTYPE:
	case M_BLKSIZ:
	case M_BYTCNT:
	case M_INTMASK:
	case M_CMDARG:
	case M_FIFOTH:
	case M_DEBNCE:
	case M_UHS:
	case M_RSTN:
	case M_BMOD:
	case M_IDINTEN:
		REG(off) = v;
		break;
	case M_IDSTS:
		REG(off) &= ~v;
		break;
	default:
		broken("write to a register that is only read", off);
	}
}
