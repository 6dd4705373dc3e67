/*
 * An SDHC card on its native bus, as the SD Physical Layer Simplified
 * Specification has it: what it answers to each command in each of its states.
 * What no host may do to it is noted as a broken rule. For the models of
 * controllers (mmc_dw_test.c, sdhci_test.c), which have the time `now` and move
 * its data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "kernel/bits.h"
#include "kernel/time.h"

#define SECTORS   4096u
#define CSD_UNITS (SECTORS / 1024u)

static uint8_t content[SECTORS * 512];
static uint64_t now;

/* The controller's: is there a card with power, and a rule was broken. */
static bool card_there(void);
static void broken(const char *rule, uint32_t v);

/* A number comes down to 0 once. */
static bool now_is(unsigned *n)
{
	return *n && !--*n;
}

enum { C_IDLE, C_READY, C_IDENT, C_STANDBY, C_TRAN, C_DATA, C_RCV, C_PRG };

static struct {
	unsigned state, not_ready;
	bool app, wide, one;
	uint32_t rca, sector;
	uint64_t busy_until;
	uint64_t power_at; /* when that came */
	uint64_t clocks;   /* since then */
	unsigned fresh;    /* commands since then */
	unsigned errors;   /* bits for the next status */
} card;

static void card_power_on(void)
{
	memset(&card, 0, sizeof(card));
	card.not_ready = 3;
	card.power_at = now;
}

static uint32_t card_status(void)
{
	unsigned state = card.state;
	uint32_t s;

	if (card.state == C_PRG && now >= card.busy_until)
		state = card.state = C_TRAN;
	s = state << 9 | (now >= card.busy_until ? 0x100 : 0) |
	    (card.app ? 0x20 : 0) | card.errors;
	card.errors = 0;
	return s;
}

static unsigned crc7(const uint8_t *p, unsigned n)
{
	unsigned r = 0;

	for (unsigned i = 0; i < n * 8; i++) {
		unsigned in = p[i / 8] >> (7 - i % 8) & 1;

		r = (r << 1 & 0x7f) ^ ((r >> 6 & 1) ^ in ? 0x09 : 0);
	}
	return r;
}

/* CID or CSD, 128 bits with the checksum and the bit that ends it. */
static void card_long(uint32_t *out, bool csd)
{
	uint8_t b[16] = { 0x03, 'O', 'C', 'm', 'o', 'd', 'e', 'l', 0x10 };

	if (csd) {
		memset(b, 0, sizeof(b));
		b[0] = 0x40;
		b[1] = 0x0e;
		b[3] = 0x32;
		b[4] = 0x5b;
		b[5] = 0x59;
		b[8] = (CSD_UNITS - 1) >> 8;
		b[9] = (CSD_UNITS - 1) & 0xff;
		b[10] = 0x7f;
		b[11] = 0x80;
	}
	b[15] = (uint8_t)(crc7(b, 15) << 1 | 1);
	for (unsigned i = 0; i < 4; i++)
		out[i] = get_be32(b + 4 * i);
}

/* Nobody listens, but one block ends by itself. */
static void card_goes_on(void)
{
	if (card.state == C_DATA && card.one)
		card.state = C_TRAN;
}

static bool card_stop(void)
{
	if (!card_there() || (card.state != C_DATA && card.state != C_RCV))
		return false;
	if (card.state == C_RCV && card.busy_until < now + 5000)
		card.busy_until = now + 5000;
	card.state = card.state == C_RCV ? C_PRG : C_TRAN;
	return true;
}

static bool card_data_command(bool app, unsigned index, uint32_t arg,
			      uint32_t *r)
{
	if (card.state != C_TRAN)
		return false;
	r[0] = card_status();
	card.sector = arg;
	card.one = index != 18 && index != 25;
	if (!app && arg >= SECTORS) {
		r[0] |= 1u << 31;
		return true;
	}
	card.state = index == 24 || index == 25 ? C_RCV : C_DATA;
	return true;
}

/* What the card says to a command; false: nothing. */
static bool card_answer(unsigned index, uint32_t arg, uint32_t *r,
			bool *is_long, bool *no_sum)
{
	bool app = card.app, mine = card.rca && arg >> 16 == card.rca;

	*is_long = *no_sum = false;
	if (!card_there())
		return false;
	if (card.clocks < 74)
		broken("a command before 74 clocks", index);
	if (!card.fresh && now - card.power_at < NSEC_PER_MSEC)
		broken("a command before the power is up", index);
	if (!card.fresh++ && index)
		broken("the first command is not CMD0", index);
	card_status(); /* moves on from programming */
	card.app = false;
	r[0] = 0;
	/* What is no ACMD is the common command (SD 4.3.9.1). */
	app = app && (index == 6 || index == 41 || index == 51);
	switch (app ? index + 100 : index) {
	case 0:
		card.state = C_IDLE;
		card.rca = 0;
		card.wide = false;
		card.not_ready = 3;
		return false;
	case 8:
		r[0] = arg & 0xfff;
		return card.state == C_IDLE;
	case 55:
		if (card.state != C_IDLE && !mine)
			return false;
		card.app = true;
		r[0] = card_status();
		return true;
	case 141:
		*no_sum = true;
		r[0] = 0x40ff8000;
		if (card.state != C_IDLE)
			return false;
		if (!(arg & 1u << 30)) /* no host for high capacity */
			return true;
		if (card.not_ready) {
			card.not_ready--;
		} else {
			card.state = C_READY;
			r[0] |= 1u << 31;
		}
		return true;
	case 2:
		*is_long = true;
		card_long(r, false);
		if (card.state != C_READY)
			return false;
		card.state = C_IDENT;
		return true;
	case 3:
		if (card.state != C_IDENT && card.state != C_STANDBY)
			return false;
		card.state = C_STANDBY;
		card.rca = 0xb368;
		r[0] = card.rca << 16 | 0x500;
		return true;
	case 9:
		*is_long = true;
		card_long(r, true);
		return mine && card.state == C_STANDBY;
	case 7:
		if (!mine || card.state != C_STANDBY)
			return false;
		r[0] = card_status();
		card.state = C_TRAN;
		card.busy_until = now + 20000;
		return true;
	case 13:
		r[0] = card_status();
		return mine;
	case 12:
		r[0] = card_status();
		return card_stop();
	case 106:
		if (card.state != C_TRAN)
			return false;
		r[0] = card_status();
		card.wide = (arg & 3) == 2;
		return true;
	case 151:
	case 17:
	case 18:
	case 24:
	case 25:
		return card_data_command(app, index, arg, r);
	case 16:
		r[0] = card_status();
		return card.state == C_TRAN;
	default:
		card.errors |= 1u << 22;
		return false;
	}
}
