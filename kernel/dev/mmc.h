/*
 * SD cards. A host driver knows a controller and nothing about cards; mmc.c
 * knows cards and makes a disk of what it finds in the slot (SD Physical Layer
 * Simplified Specification 6.00, from here on "SD").
 *
 * A host driver fills in struct mmc_host with four functions and calls
 * mmc_host_add; that is all. The functions are called by one thread, the
 * slot's own, one at a time, with no lock held: they may sleep, and every wait
 * of theirs has a deadline.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fs/blk.h"

/* What a card answers to a command (SD 4.9, and 7.3.2 in SPI mode). */
enum mmc_answer {
	MMC_NONE,
	MMC_R1,     /* status of the card; SPI: 8 bits */
	MMC_R1B,    /* the same, and the card may be busy behind it */
	MMC_R2,     /* 128 bits, native mode only */
	MMC_R3,     /* OCR, without a checksum */
	MMC_R6,     /* address */
	MMC_R7,     /* what CMD8 asked for */
	MMC_STATUS, /* SPI mode only: CMD13, 16 bits */
};

struct mmc_cmd {
	uint8_t index;
	uint8_t answer; /* enum mmc_answer */
	uint32_t arg;
	/* Filled in by the host. MMC_R2: bits 127 to 96 are in [0] and so on,
	 * and the lowest byte may be anything. All others: [0]. */
	uint32_t resp[4];
};

/*
 * Data that go with a command: whole blocks, which do not cross from one piece
 * of memory into the next; pieces begin at a multiple of 4.
 */
struct mmc_data {
	const struct blk_seg *segs;
	unsigned nsegs;
	unsigned block_size; /* 512, or less where it is one block */
	unsigned blocks;     /* more than one: the host ends the transfer, by
			      * CMD12 or what stands for it */
	bool write;
};

struct mmc_host;

struct mmc_host_ops {
	/*
	 * Carries out a command with its data, or NULL, and waits for the end
	 * of it all. After an error the controller is ready for the next
	 * command. -ETIMEDOUT: no answer, or not in time; -EILSEQ: a checksum
	 * is wrong; -EOPNOTSUPP: the card does not know the command (SPI
	 * alone can tell); -EIO: all else.
	 */
	int (*request)(struct mmc_host *h, struct mmc_cmd *c,
		       struct mmc_data *d);
	/*
	 * Makes the slot as after power-on, for a card that is to be
	 * identified: power, one line, at most MMC_HZ_IDENTIFY, 74 clocks. A
	 * negative errno: nothing can be done with this controller.
	 */
	int (*reset)(struct mmc_host *h);
	/* At most hz; 0, -ETIMEDOUT, or -ERANGE: it cannot go so slowly. */
	int (*set_clock)(struct mmc_host *h, uint32_t hz);
	/* Four data lines from now on. NULL: there is one. */
	void (*set_wide)(struct mmc_host *h);
	/* Is there a card? NULL: that is learned by asking it. */
	bool (*present)(struct mmc_host *h);
	/* Is the slot's write-protect switch on? NULL: there is none. */
	bool (*locked)(struct mmc_host *h);
};

#define MMC_HZ_IDENTIFY 400000u
#define MMC_HZ_DEFAULT  25000000u /* what every card does (SD 4.3.10) */

/* Most of one request to a host. */
#define MMC_SEGS_MAX  16u
#define MMC_BYTES_MAX (128u << 10)

/* How long a card may take, rounded up from SD 4.6.2: an answer of the
 * controller itself, the first block of a read, the end of a write. */
#define MMC_COMMAND_NS (500 * NSEC_PER_MSEC)
#define MMC_READ_NS    (1 * NSEC_PER_SEC)
#define MMC_WRITE_NS   (2 * NSEC_PER_SEC)

struct mmc_host {
	/* The driver's, set before mmc_host_add. */
	const struct mmc_host_ops *ops;
	const char *device; /* of the tree, for messages */
	bool spi;           /* speaks the SPI mode */
	uint32_t max_hz;    /* of slot and wiring; 0: any */

	/* The card's, by mmc.c alone. */
	struct blkdev bd;
	struct spinlock lock;
	struct wait_queue wake;
	struct list_head waiting; /* [lock] requests */
	bool look;                /* [lock] a card is to be looked for */
	bool serving;             /* [lock] */
	bool dead;                /* the card is gone for ever */
	bool ready;               /* there is a card, bd is registered */
	bool by_block;            /* it is addressed in blocks, not in bytes */
	bool version2;
	int found;                /* by the last look: 0 or an error */
	unsigned number;          /* mmcblk0 */
	unsigned told;            /* messages about errors */
	uint32_t rca;             /* its address, in the upper half */
	uint32_t csd[4];          /* as in mmc_cmd.resp */
	uint8_t *small;           /* 64 bytes that a device can reach */
};

/* A slot was found; h stays for ever. 0 or -ENOMEM. From probe. */
int mmc_host_add(struct mmc_host *h);

/*
 * Waits until each slot has been looked at once (a few seconds when a card
 * does not behave). again: looks at those once more that were empty.
 */
void mmc_settle(bool again);

/* Sleeps, in a host's functions. */
void mmc_nap(uint64_t ns);

/* Where block i of d is. */
static inline char *mmc_block(const struct mmc_data *d, unsigned i)
{
	size_t off = (size_t)i * d->block_size;
	const struct blk_seg *s = d->segs;

	while (off >= s->len) {
		off -= s->len;
		s++;
	}
	return (char *)s->va + off;
}
