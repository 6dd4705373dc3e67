/*
 * The MPXY extension.
 */
#include "sbi/mpxy.h"
#include "sbi/text.h"

enum mpxy_fid {
	MPXY_GET_SHMEM_SIZE,
	MPXY_SET_SHMEM,
	MPXY_GET_CHANNEL_IDS,
	MPXY_READ_ATTRS,
	MPXY_WRITE_ATTRS,
	MPXY_SEND_WITH_RESPONSE,
	MPXY_SEND_WITHOUT_RESPONSE,
	MPXY_GET_NOTIFICATIONS,
};

unsigned long sbi_mpxy_get_shmem_size(void)
{
	struct sbiret ret = sbi_ecall0(SBI_EXT_MPXY, MPXY_GET_SHMEM_SIZE);

	return ret.error ? 0 : ret.value;
}

long sbi_mpxy_set_shmem(uint64_t pa, unsigned long flags)
{
	return sbi_ecall_shmem(SBI_EXT_MPXY, MPXY_SET_SHMEM, pa, flags);
}

long sbi_mpxy_get_channel_ids(uint32_t first)
{
	return sbi_ecall1(SBI_EXT_MPXY, MPXY_GET_CHANNEL_IDS, first).error;
}

long sbi_mpxy_read_attrs(uint32_t channel, uint32_t first, uint32_t n)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_READ_ATTRS, channel, first, n)
		.error;
}

long sbi_mpxy_write_attrs(uint32_t channel, uint32_t first, uint32_t n)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_WRITE_ATTRS, channel, first, n)
		.error;
}

long sbi_mpxy_send_with_response(uint32_t channel, uint32_t message,
				 unsigned long len, unsigned long *answer)
{
	struct sbiret ret = sbi_ecall3(SBI_EXT_MPXY, MPXY_SEND_WITH_RESPONSE,
				       channel, message, len);

	if (!ret.error)
		*answer = ret.value;
	return ret.error;
}

long sbi_mpxy_send_without_response(uint32_t channel, uint32_t message,
				    unsigned long len)
{
	return sbi_ecall3(SBI_EXT_MPXY, MPXY_SEND_WITHOUT_RESPONSE, channel,
			  message, len)
		.error;
}

long sbi_mpxy_get_notifications(uint32_t channel, unsigned long *len)
{
	struct sbiret ret =
		sbi_ecall1(SBI_EXT_MPXY, MPXY_GET_NOTIFICATIONS, channel);

	if (!ret.error)
		*len = ret.value;
	return ret.error;
}

/*
 * One at a time, as the attributes of a channel come to lie where the ids
 * were. The firmware's numbers are believed for no more than the first id.
 */
long sbi_mpxy_list(const void *shmem, uint32_t first, uint32_t max,
		   struct sbi_mpxy_channel *out, uint32_t *n, uint32_t *left)
{
	const volatile struct sbi_mpxy_channels *channels = shmem;
	const volatile uint32_t *attrs = shmem;
	struct sbi_mpxy_channel *c;
	long err;

	*n = *left = 0;
	do {
		err = sbi_mpxy_get_channel_ids(first + *n);
		if (err)
			return err;
		*left = channels->returned
				? channels->returned + channels->remaining
				: 0;
		if (!*left || *n == max)
			return 0;
		c = &out[(*n)++];
		c->id = channels->id[0];
		c->error = sbi_mpxy_read_attrs(c->id, 0, SBI_MPXY_ATTRS);
		for (unsigned int i = 0; i < SBI_MPXY_ATTRS; i++)
			c->attrs[i] = attrs[i];
	} while (--*left);
	return 0;
}

const char *sbi_mpxy_protocol_name(uint32_t protocol)
{
	return protocol ? NULL : "RPMI";
}

char *sbi_mpxy_capability_text(uint32_t capability, char *buf, size_t size)
{
	static const char *const words[] = {
		"MSI",           "SSE",         "events state",
		"with response", "no response", "notifications",
	};
	const unsigned int n = sizeof(words) / sizeof(words[0]);
	struct sbi_text t = { buf, size, 0 };

	for (unsigned int i = 0; i < n; i++) {
		if (!(capability >> i & 1))
			continue;
		sbi_text_string(&t, t.len ? ", " : "");
		sbi_text_string(&t, words[i]);
	}
	if (capability >> n) {
		sbi_text_string(&t, t.len ? ", 0x" : "0x");
		sbi_text_number(&t, capability >> n << n, 16);
	}
	if (!t.len)
		sbi_text_string(&t, "none");
	return buf;
}
