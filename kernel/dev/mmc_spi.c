/*
 * The SPI mode of SD cards (SD 7): commands, answers and data as bytes of one
 * line, to which the host listens by sending ones. All is done by the thread
 * of the slot: eight bytes take a microsecond or three, no interrupt is worth
 * that. Checksums go both ways; the card is told to heed them by mmc.c.
 *
 * What the write-protect switch and the contact for "a card is there" say
 * comes over pins of the board, which are not read: the card itself is asked.
 */
#include "kernel/dev/mmc_spi.h"

#include "kernel/abi/errno.h"
#include "kernel/bits.h"
#include "kernel/dev/mmc.h"

#define TOKEN_BLOCK 0xfe /* in front of a block, but for: */
#define TOKEN_MULTI 0xfc /* a block of CMD25 */
#define TOKEN_STOP  0xfd /* the end of CMD25 */

#define R1_NONE       0x80 /* no answer (yet) */
#define R1_PARAMETER  0x40
#define R1_ADDRESS    0x20
#define R1_ERASE      0x10
#define R1_CHECKSUM   0x08
#define R1_ILLEGAL    0x04
#define ACCEPTED(r)   (((r) & 0x1f) == 0x05)
#define BAD_SUM(r)    (((r) & 0x1f) == 0x0b)

#define CMD_STOP 12

/* An answer comes within eight bytes (SD 7.5.4). */
#define ANSWER_BYTES 10
/* This long the bytes are looked at without a pause. */
#define PATIENCE_NS (1 * NSEC_PER_MSEC)

struct mmc_spi {
	struct mmc_host host;
	struct spi_port *port;
};

/* x^7 + x^3 + 1, with the bit that ends a command. */
static uint8_t crc7(const uint8_t *p, unsigned n)
{
	uint8_t crc = 0;

	while (n--) {
		crc ^= *p++;
		for (unsigned i = 0; i < 8; i++)
			crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x12
						   : crc << 1);
	}
	return crc | 1;
}

/* x^16 + x^12 + x^5 + 1, a byte at a time. */
static uint16_t crc16_block(const uint8_t *p, unsigned n)
{
	unsigned crc = 0;

	while (n--) {
		crc = (crc >> 8 | crc << 8) & 0xffff;
		crc ^= *p++;
		crc ^= (crc & 0xff) >> 4;
		crc ^= crc << 12 & 0xffff;
		crc ^= (crc & 0xff) << 5;
	}
	return (uint16_t)crc;
}

static int take(struct mmc_spi *s, uint8_t *in, size_t n)
{
	return s->port->exchange(s->port, NULL, in, n);
}

static int give(struct mmc_spi *s, const uint8_t *out, size_t n)
{
	return s->port->exchange(s->port, out, NULL, n);
}

/* Listens until the line is idle (all ones), or until it is not. */
static int wait_line(struct mmc_spi *s, bool idle, uint64_t ns, uint8_t *got)
{
	uint64_t start = time_now(), now;
	int err;

	do {
		now = time_now();
		err = take(s, got, 1);
		if (err || (*got == 0xff) == idle)
			return err;
		if (now - start > PATIENCE_NS)
			mmc_nap(PATIENCE_NS / 4);
	} while (now - start < ns);
	return -ETIMEDOUT;
}

static int answer_error(unsigned r1)
{
	if (r1 & R1_NONE)
		return -ETIMEDOUT;
	if (r1 & R1_ILLEGAL)
		return -EOPNOTSUPP;
	if (r1 & R1_CHECKSUM)
		return -EILSEQ;
	return r1 & (R1_PARAMETER | R1_ADDRESS | R1_ERASE) ? -EIO : 0;
}

/* Sends a command and takes its answer. */
static int send_command(struct mmc_spi *s, struct mmc_cmd *c)
{
	uint8_t frame[6], r1 = R1_NONE, more[4] = { 0 };
	int err;

	frame[0] = 0x40 | c->index;
	for (unsigned i = 0; i < 4; i++)
		frame[1 + i] = (uint8_t)(c->arg >> (24 - 8 * i));
	frame[5] = crc7(frame, 5);
	err = give(s, frame, sizeof(frame));
	/* The byte behind this one is in the middle of a block. */
	if (!err && c->index == CMD_STOP)
		err = take(s, &r1, 1);
	r1 = R1_NONE;
	for (unsigned i = 0; !err && i < ANSWER_BYTES && r1 & R1_NONE; i++)
		err = take(s, &r1, 1);
	if (!err)
		err = answer_error(r1);
	c->resp[0] = r1;
	if (err)
		return err;
	switch (c->answer) {
	case MMC_R3:
	case MMC_R7:
		err = take(s, more, 4);
		c->resp[0] = get_be32(more);
		return err;
	case MMC_STATUS:
		err = take(s, more, 1);
		c->resp[0] = (uint32_t)r1 << 8 | more[0];
		return err;
	case MMC_R1B:
		return wait_line(s, true, MMC_WRITE_NS, more);
	default:
		return 0;
	}
}

static int read_block(struct mmc_spi *s, uint8_t *p, unsigned n)
{
	uint8_t token, sum[2];
	int err = wait_line(s, false, MMC_READ_NS, &token);

	if (err)
		return err;
	if (token != TOKEN_BLOCK)
		return -EIO; /* the card says why it cannot (SD 7.3.3.3) */
	err = take(s, p, n);
	if (!err)
		err = take(s, sum, 2);
	if (!err && get_be16(sum) != crc16_block(p, n))
		err = -EILSEQ;
	return err;
}

static int write_block(struct mmc_spi *s, const uint8_t *p, unsigned n,
		       uint8_t token)
{
	uint16_t crc = crc16_block(p, n);
	uint8_t sum[2] = { (uint8_t)(crc >> 8), (uint8_t)crc };
	uint8_t head[2] = { 0xff, token }, r;
	int err = give(s, head, 2);

	if (!err)
		err = give(s, p, n);
	if (!err)
		err = give(s, sum, 2);
	if (!err)
		err = take(s, &r, 1);
	if (err)
		return err;
	if (!ACCEPTED(r))
		err = BAD_SUM(r) ? -EILSEQ : r == 0xff ? -ETIMEDOUT : -EIO;
	else
		err = wait_line(s, true, MMC_WRITE_NS, &r);
	return err;
}

static int move_blocks(struct mmc_spi *s, struct mmc_data *d)
{
	bool many = d->blocks > 1;
	uint8_t stop[2] = { TOKEN_STOP, 0xff }, r;
	struct mmc_cmd end = { .index = CMD_STOP, .answer = MMC_R1B };
	int err = 0, end_err = 0;

	for (unsigned i = 0; i < d->blocks && !err; i++) {
		uint8_t *p = (uint8_t *)mmc_block(d, i);

		err = d->write ? write_block(s, p, d->block_size,
					     many ? TOKEN_MULTI : TOKEN_BLOCK)
			       : read_block(s, p, d->block_size);
		resched_point();
	}
	/* Also after an error: the card waits for it. */
	if (many && d->write) {
		end_err = give(s, stop, 2);
		if (!end_err)
			end_err = wait_line(s, true, MMC_WRITE_NS, &r);
	} else if (many) {
		end_err = send_command(s, &end);
	}
	return err ? err : end_err;
}

static int spi_request(struct mmc_host *h, struct mmc_cmd *c,
		       struct mmc_data *d)
{
	struct mmc_spi *s = container_of(h, struct mmc_spi, host);
	uint8_t r;
	int err;

	s->port->select(s->port, true);
	/* It may still be busy with what was given up; what it says then is
	 * no answer. Where no card is the line is idle, or as good as dead. */
	err = wait_line(s, true, MMC_COMMAND_NS, &r);
	if (!err || err == -ETIMEDOUT)
		err = send_command(s, c);
	if (!err && d)
		err = move_blocks(s, d);
	/* It lets go of the line with the next clock. */
	s->port->select(s->port, false);
	if (take(s, &r, 1) && !err)
		err = -EIO;
	return err;
}

static int spi_reset(struct mmc_host *h)
{
	struct mmc_spi *s = container_of(h, struct mmc_spi, host);
	uint8_t none[10];

	s->port->set_clock(s->port, MMC_HZ_IDENTIFY);
	s->port->select(s->port, false);
	mmc_nap(NSEC_PER_MSEC);
	/* 80 clocks without select: it wakes up (SD 6.4.1). */
	return take(s, none, sizeof(none));
}

static int spi_set_clock(struct mmc_host *h, uint32_t hz)
{
	struct mmc_spi *s = container_of(h, struct mmc_spi, host);

	s->port->set_clock(s->port, hz);
	return 0;
}

static const struct mmc_host_ops spi_ops = {
	.request = spi_request,
	.reset = spi_reset,
	.set_clock = spi_set_clock,
};

int mmc_spi_add(struct spi_port *p, const char *device, uint32_t max_hz)
{
	struct mmc_spi *s = kzalloc(sizeof(*s), GFP_KERNEL);
	int err;

	if (!s)
		return -ENOMEM;
	s->port = p;
	s->host.ops = &spi_ops;
	s->host.device = device;
	s->host.spi = true;
	s->host.max_hz = max_hz;
	err = mmc_host_add(&s->host);
	if (err)
		kfree(s);
	return err;
}
