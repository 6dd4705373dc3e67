/*
 * MPXY (SBI 3.0, chapter "Message Proxy Extension", EID 0x4D505859): messages
 * to the small processors beside the harts that mind clocks, power and
 * sensors. The firmware passes them on; what they say is the business of
 * another specification (RPMI).
 *
 * All data goes through memory that the calling hart shares with the
 * firmware, from the start of it. A channel is a 32-bit number; the device
 * tree or sbi_mpxy_get_channel_ids() says which there are.
 *
 * Only from specification 3.0 on: in OpenSBI 1.6 the functions have other
 * numbers. sbi_probe() says no there.
 */
#pragma once

#include "sbi/sbi.h"

/* Attributes of a channel, 32 bits each; from 0x80000000 its protocol's */
enum sbi_mpxy_attr {
	SBI_MPXY_PROTOCOL,         /* 0: RPMI */
	SBI_MPXY_PROTOCOL_VERSION, /* major << 16 | minor */
	SBI_MPXY_MAX_LEN,          /* of a message, in bytes */
	SBI_MPXY_SEND_TIMEOUT,     /* microseconds, this and the next */
	SBI_MPXY_COMPLETION_TIMEOUT,
	SBI_MPXY_CAPABILITY,
	SBI_MPXY_SSE_EVENT,
	SBI_MPXY_MSI_CONTROL, /* from here on: written too */
	SBI_MPXY_MSI_ADDR_LOW,
	SBI_MPXY_MSI_ADDR_HIGH,
	SBI_MPXY_MSI_DATA,
	SBI_MPXY_EVENTS_STATE,
	SBI_MPXY_ATTRS, /* how many there are */
};

/* SBI_MPXY_CAPABILITY */
#define SBI_MPXY_CAP_MSI           (1u << 0)
#define SBI_MPXY_CAP_SSE           (1u << 1)
#define SBI_MPXY_CAP_EVENTS_STATE  (1u << 2)
#define SBI_MPXY_CAP_WITH_RESPONSE (1u << 3)
#define SBI_MPXY_CAP_NO_RESPONSE   (1u << 4)
#define SBI_MPXY_CAP_NOTIFICATIONS (1u << 5)

/* What sbi_mpxy_get_channel_ids() writes. */
struct sbi_mpxy_channels {
	uint32_t remaining; /* behind these */
	uint32_t returned;
	uint32_t id[];
};

/* What sbi_mpxy_get_notifications() writes; the counts only when enabled. */
struct sbi_mpxy_notifications {
	uint32_t remaining;
	uint32_t returned;
	uint32_t lost;
	uint32_t reserved;
	uint8_t event[];
};

/* Bytes; a multiple of 4096. Cannot fail, and is 0 without the extension. */
unsigned long sbi_mpxy_get_shmem_size(void);

/*
 * 4096-byte aligned memory of that size; SBI_SHMEM_OFF takes it back. With
 * the flag, the low and high word of the address before are written to it.
 * Errors: INVALID_PARAM, INVALID_ADDRESS, FAILED.
 */
#define SBI_MPXY_RETURN_OLD (1UL << 0)
long sbi_mpxy_set_shmem(uint64_t pa, unsigned long flags);

/* From the `first` one on. Errors: INVALID_PARAM, NO_SHMEM, DENIED, FAILED. */
long sbi_mpxy_get_channel_ids(uint32_t first);
/*
 * `n` attributes from `first` on, as 32-bit words. Errors: INVALID_PARAM,
 * NOT_SUPPORTED (no such channel), BAD_RANGE, NO_SHMEM, FAILED; of the second
 * also DENIED.
 */
long sbi_mpxy_read_attrs(uint32_t channel, uint32_t first, uint32_t n);
long sbi_mpxy_write_attrs(uint32_t channel, uint32_t first, uint32_t n);
/*
 * `len` bytes. The first waits for the answer, `*answer` bytes of it in place
 * of the message. Errors: INVALID_PARAM (too long), NOT_SUPPORTED (channel,
 * message, or this call), NO_SHMEM, TIMEOUT, IO, FAILED.
 */
long sbi_mpxy_send_with_response(uint32_t channel, uint32_t message,
				 unsigned long len, unsigned long *answer);
long sbi_mpxy_send_without_response(uint32_t channel, uint32_t message,
				    unsigned long len);
/*
 * `*len` is the number of bytes from event[] on. Errors: NOT_SUPPORTED,
 * NO_SHMEM, IO, FAILED.
 */
long sbi_mpxy_get_notifications(uint32_t channel, unsigned long *len);

/* ---- what there is ---- */

struct sbi_mpxy_channel {
	uint32_t id;
	long error; /* of reading the attributes: these hold when it is 0 */
	uint32_t attrs[SBI_MPXY_ATTRS];
};

/*
 * The channels from the `first` one on, at most `max` of them, into `out`;
 * *n: how many these are; *left: how many the firmware has behind them.
 * `shmem` is where the memory that sbi_mpxy_set_shmem() named is to be read.
 * Errors: as sbi_mpxy_get_channel_ids(); then what stands in `out` holds all
 * the same.
 */
long sbi_mpxy_list(const void *shmem, uint32_t first, uint32_t max,
		   struct sbi_mpxy_channel *out, uint32_t *n, uint32_t *left);

/* "RPMI"; NULL for one that is reserved, or a vendor's (from 0x80000000 on). */
const char *sbi_mpxy_protocol_name(uint32_t protocol);

/*
 * SBI_MPXY_CAPABILITY as words: "with response, notifications"; "none", and
 * reserved bits in hex. `buf` of SBI_MPXY_CAP_TEXT always suffices. Returns
 * `buf`.
 */
#define SBI_MPXY_CAP_TEXT 96
char *sbi_mpxy_capability_text(uint32_t capability, char *buf, size_t size);
